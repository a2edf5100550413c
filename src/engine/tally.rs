//! What a list of trades comes to under other rules: both levels of ambiguous exits, other costs (`execution.md` 9b,
//! `metrics.md` rule 3), in one pass over the trades.

use serde::{Deserialize, Serialize};

use super::booked::BookedTrades;
use crate::execution::exits::ExitLevel;
use crate::metrics::TradeRows;
use crate::portfolio::TradeListDigest;
use crate::types::Trade;
use crate::types::sums::Sums;

const WORST: usize = 0;
const BEST: usize = 1;
const GROSS: usize = 2;
const ITEMS: usize = 3;

/// What the level that was not taken on an ambiguous bar would have given.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Alternative {
    /// Place of the trade in booking order.
    trade: usize,
    /// The level that was not taken.
    level: ExitLevel,
    /// Net profit at it.
    net: f64,
}

/// The trades of a run, taken in as they are booked, and sums over them.
#[derive(Debug)]
pub(super) struct Tally {
    rows: TradeRows,
    digest: Box<TradeListDigest>,
    /// Of the ambiguous exits.
    alternatives: Vec<Alternative>,
    ambiguous: usize,
    sums: Sums<4>,
}

impl Tally {
    /// Before the first trade, in the memory of earlier runs.
    pub(super) fn in_room_of(mut rows: TradeRows, digest: Box<TradeListDigest>) -> Self {
        rows.clear();
        Self { rows, digest, alternatives: Vec::new(), ambiguous: 0, sums: Sums::ZERO }
    }

    /// After some trades, with what the other levels of ambiguous exits among them would have given.
    pub(super) fn of(trades: &[Trade], alternatives: &[Alternative]) -> Self {
        let mut tally = Self::in_room_of(TradeRows::default(), Box::default());
        let mut others = alternatives.iter().peekable();
        for (at, trade) in trades.iter().enumerate() {
            let other = others.next_if(|other| other.trade == at);
            tally.add(trade, other.map(|other| (other.level, other.net)));
        }
        tally
    }

    /// What the other levels of ambiguous exits would have given, in booking order.
    pub(super) fn alternatives(&self) -> &[Alternative] {
        &self.alternatives
    }

    /// Trades so far.
    #[inline]
    pub(super) fn trades(&self) -> usize {
        self.rows.len()
    }

    /// Takes in the next trade in booking order; `other` is the level that was not taken, where its exit was ambiguous, and
    /// the net profit at it.
    #[expect(clippy::inline_always, reason = "a trade that is passed on in pieces is never written whole")]
    #[inline(always)]
    pub(super) fn add(&mut self, trade: &Trade, other: Option<(ExitLevel, f64)>) {
        if let Some((level, net)) = other {
            self.alternatives.push(Alternative { trade: self.trades(), level, net });
        }
        self.rows.add(trade);
        self.digest.add(trade);
        self.ambiguous += usize::from(trade.ambiguous);
        let items = trade.costs.spread + trade.costs.slippage + trade.costs.commission + trade.costs.swap;
        let net = trade.result - (trade.total_fee() + trade.swap);
        let [worst, best] = both_levels(net, other);
        self.sums.add([worst, best, net + items, items]);
    }

    /// No trade follows. Profits are summed in the order of `metrics.md` rule 6.
    pub(super) fn complete(&mut self) {
        if !self.rows.is_ordered() {
            self.sum_in_order();
        }
    }

    /// Sums the profits once more, of trades that were not booked in the order of their exits.
    #[cold]
    fn sum_in_order(&mut self) {
        let rows = &self.rows;
        let mut others = self.alternatives.iter().peekable();
        let nets = rows.nets().enumerate().map(|(at, net)| {
            let other = others.next_if(|other| other.trade == at);
            both_levels(net, other.map(|other| (other.level, other.net)))
        });
        let nets: Vec<[f64; 2]> = nets.collect();
        let mut sums = Sums::<2>::ZERO;
        for at in rows.places_in_order() {
            sums.add(nets[at]);
        }
        self.sums.replace([WORST, BEST], sums);
    }

    /// The trades themselves, as far as they are kept, and memory for the digest of a later run.
    pub(super) fn into_booked(mut self) -> (BookedTrades, Box<TradeListDigest>) {
        (BookedTrades::new(self.rows, self.digest.complete()), self.digest)
    }

    /// Share of trades closed on a bar that left the level open; `None` without trades.
    pub(super) fn ambiguous_share(&self) -> Option<f64> {
        (self.trades() > 0).then(|| self.ambiguous as f64 / self.trades() as f64)
    }

    /// Net profit with every ambiguous exit taken at the stop.
    pub(super) fn worst(&self) -> f64 {
        self.sums.get(WORST, self.trades())
    }

    /// Net profit with every ambiguous exit taken at the target.
    pub(super) fn best(&self) -> f64 {
        self.sums.get(BEST, self.trades())
    }

    /// `ratio(sum gross, sum of items)`, with gross = net result plus all items.
    pub(super) fn cost_multiplier(&self) -> Option<f64> {
        const CAP: f64 = 100.0;
        let (gross, items) = (self.sums.get(GROSS, self.trades()), self.sums.get(ITEMS, self.trades()));
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
fn both_levels(net: f64, other: Option<(ExitLevel, f64)>) -> [f64; 2] {
    let mut nets = [net; 2];
    if let Some((level, other)) = other {
        nets[usize::from(level == ExitLevel::Target)] = other;
    }
    nets
}
