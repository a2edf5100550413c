//! What a list of trades comes to under other rules: both levels of ambiguous exits, other costs (`execution.md` 9b,
//! `metrics.md` rule 3), in one pass over the trades.

use super::finish::Alternative;
use crate::execution::exits::ExitLevel;
use crate::types::sums::Sums;
use crate::types::{SymbolId, Timestamp, Trade};

const WORST: usize = 0;
const BEST: usize = 1;
const GROSS: usize = 2;
const ITEMS: usize = 3;

/// Sums over the trades of a run.
#[derive(Debug)]
pub(super) struct Tally {
    trades: usize,
    ambiguous: usize,
    sums: Sums<4>,
}

impl Tally {
    /// Adds up trades in booking order; `alternatives` stand in that order too, at most one per trade. Profits are summed
    /// in the order of `metrics.md` rule 6.
    pub(super) fn of(trades: &[Trade], alternatives: &[Alternative]) -> Self {
        let mut tally = Self { trades: trades.len(), ambiguous: 0, sums: Sums::ZERO };
        let mut others = alternatives.iter().peekable();
        let (mut sorted, mut last) = (true, None);
        for (at, trade) in trades.iter().enumerate() {
            tally.ambiguous += usize::from(trade.ambiguous);
            let items = trade.costs.spread + trade.costs.slippage + trade.costs.commission + trade.costs.swap;
            let net = net(trade);
            let [worst, best] = both_levels(net, others.next_if(|other| other.trade == at));
            tally.sums.add([worst, best, net + items, items]);
            sorted &= last <= Some(order(trade));
            last = Some(order(trade));
        }
        if !sorted {
            tally.sum_in_order(trades, alternatives);
        }
        tally
    }

    /// Sums the profits once more, of trades that were not booked in the order of their exits.
    #[cold]
    fn sum_in_order(&mut self, trades: &[Trade], alternatives: &[Alternative]) {
        let mut others = alternatives.iter().peekable();
        let nets = trades.iter().enumerate();
        let nets = nets.map(|(at, trade)| both_levels(net(trade), others.next_if(|other| other.trade == at)));
        let nets: Vec<[f64; 2]> = nets.collect();
        let mut places: Vec<usize> = (0..trades.len()).collect();
        places.sort_by_key(|&at| order(&trades[at]));
        let mut sums = Sums::<2>::ZERO;
        for at in places {
            sums.add(nets[at]);
        }
        self.sums.replace([WORST, BEST], sums);
    }

    /// Share of trades closed on a bar that left the level open; `None` without trades.
    pub(super) fn ambiguous_share(&self) -> Option<f64> {
        (self.trades > 0).then(|| self.ambiguous as f64 / self.trades as f64)
    }

    /// Net profit with every ambiguous exit taken at the stop.
    pub(super) fn worst(&self) -> f64 {
        self.sums.get(WORST, self.trades)
    }

    /// Net profit with every ambiguous exit taken at the target.
    pub(super) fn best(&self) -> f64 {
        self.sums.get(BEST, self.trades)
    }

    /// `ratio(sum gross, sum of items)`, with gross = net result plus all items.
    pub(super) fn cost_multiplier(&self) -> Option<f64> {
        const CAP: f64 = 100.0;
        let (gross, items) = (self.sums.get(GROSS, self.trades), self.sums.get(ITEMS, self.trades));
        if items > 0.0 {
            Some((gross / items).clamp(-CAP, CAP))
        } else if items == 0.0 && gross != 0.0 {
            Some(CAP.copysign(gross))
        } else {
            None
        }
    }
}

/// Net profit at the stop and at the target.
#[inline]
fn both_levels(net: f64, other: Option<&Alternative>) -> [f64; 2] {
    let mut nets = [net; 2];
    if let Some(other) = other {
        nets[usize::from(other.level == ExitLevel::Target)] = other.net;
    }
    nets
}

/// Result after fees and swap.
#[inline]
fn net(trade: &Trade) -> f64 {
    trade.result - (trade.total_fee() + trade.swap)
}

#[inline]
fn order(trade: &Trade) -> (Timestamp, Timestamp, SymbolId, u32) {
    (trade.exit_time, trade.entry_time, trade.symbol, trade.number)
}
