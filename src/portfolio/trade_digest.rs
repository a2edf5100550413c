//! Digest of a trade list: every field of every trade by its bits, in booking order. Lists that differ in any bit have
//! other digests, but for a chance too small to be met (see the fingerprint of a trade).

use super::trade_fingerprint::fingerprint;
use crate::types::intern::Name;
use crate::types::{Digest, DigestWriter, Trade};

/// BLAKE3 over the fingerprints of all trades in booking order, their number, and the names of their scenarios in the order
/// in which they first appear.
pub fn trade_list_digest(trades: &[Trade]) -> Digest {
    let mut digest = TradeListDigest::default();
    for trade in trades {
        digest.add(trade);
    }
    digest.complete()
}

/// [`trade_list_digest`] of trades that arrive one after the other.
#[derive(Debug, Clone)]
pub struct TradeListDigest {
    writer: DigestWriter,
    /// The distinct scenarios so far, in the order in which they first appeared.
    scenarios: Vec<Name>,
    trades: u64,
}

/// What kind of record this is.
const DOMAIN: &str = "omega-sweep trades 5";

impl Default for TradeListDigest {
    fn default() -> Self {
        Self { writer: DigestWriter::new(DOMAIN), scenarios: Vec::new(), trades: 0 }
    }
}

impl TradeListDigest {
    /// The next trade.
    #[expect(clippy::inline_always, reason = "a trade that is passed on in pieces is never written whole")]
    #[inline(always)]
    pub fn add(&mut self, trade: &Trade) {
        let scenario = trade.scenario.map_or(0, |name| self.number_of(name));
        self.writer.words(fingerprint(trade, scenario));
        self.trades += 1;
    }

    /// The number of a scenario, from 1 on; a new one is appended.
    #[inline]
    fn number_of(&mut self, name: Name) -> u64 {
        let same = |known: &Name| std::ptr::eq(*known, name);
        let place = self.scenarios.iter().position(same).unwrap_or_else(|| self.place_by_text(name));
        place as u64 + 1
    }

    #[cold]
    fn place_by_text(&mut self, name: Name) -> usize {
        let place = self.scenarios.iter().position(|known| *known == name);
        place.unwrap_or_else(|| {
            self.scenarios.push(name);
            self.scenarios.len() - 1
        })
    }

    /// The digest of the trades so far; the next one begins another list, in the same memory.
    pub fn complete(&mut self) -> Digest {
        // Their number comes last: before them nobody knows it.
        self.writer.u64(self.trades);
        for name in self.scenarios.drain(..) {
            self.writer.text(name);
        }
        let digest = self.writer.complete();
        self.writer.text(DOMAIN);
        self.trades = 0;
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{CloseReason, Direction, OrderType, SymbolId, Timestamp, TradeCosts};

    fn trade() -> Trade {
        Trade {
            number: 1,
            symbol: SymbolId(0),
            direction: Direction::Long,
            order_type: OrderType::Market,
            entry_time: Timestamp(1),
            trigger_time: Timestamp(2),
            exit_time: Timestamp(3),
            entry_price: 1.1,
            exit_price: 1.2,
            initial_stop_loss: Some(1.0),
            stop_loss: Some(1.0),
            initial_take_profit: None,
            take_profit: None,
            size: 1.0,
            risk_per_trade: 100.0,
            result: 50.0,
            r_multiple: Some(0.5),
            entry_fee: 1.0,
            exit_fee: 1.0,
            swap: 0.0,
            reason: CloseReason::Signal,
            scenario: None,
            magic_number: 0,
            ambiguous: false,
            costs: TradeCosts::default(),
        }
    }

    type Change = fn(&mut Trade);
    const CHANGES: [Change; 36] = [
        |t| t.number = 2,
        |t| t.symbol = SymbolId(1),
        |t| t.direction = Direction::Short,
        |t| t.order_type = OrderType::Limit,
        |t| t.order_type = OrderType::Stop,
        |t| t.entry_time = Timestamp(0),
        |t| t.trigger_time = Timestamp(0),
        |t| t.trigger_time = Timestamp(1),
        |t| t.exit_time = Timestamp(0),
        |t| t.entry_price = t.entry_price.next_up(),
        |t| t.exit_price = t.exit_price.next_up(),
        |t| t.initial_stop_loss = None,
        |t| t.stop_loss = None,
        |t| (t.initial_stop_loss, t.stop_loss) = (None, None),
        |t| t.stop_loss = Some(0.0),
        |t| t.initial_take_profit = Some(0.0),
        |t| t.take_profit = Some(0.0),
        |t| (t.initial_take_profit, t.take_profit) = (Some(0.0), Some(0.0)),
        |t| t.size = 2.0,
        |t| t.risk_per_trade = 2.0,
        |t| t.result = -0.0,
        |t| t.r_multiple = None,
        |t| t.r_multiple = Some(0.0),
        |t| t.entry_fee = 2.0,
        |t| t.exit_fee = 2.0,
        |t| t.swap = 2.0,
        |t| t.swap = -0.0,
        |t| t.reason = CloseReason::StopLoss,
        |t| t.scenario = Some("long_2"),
        |t| t.scenario = Some(""),
        |t| t.magic_number = 7,
        |t| t.ambiguous = true,
        |t| t.costs.spread = 1.0,
        |t| t.costs.slippage = 1.0,
        |t| t.costs.commission = 1.0,
        |t| t.costs.swap = 1.0,
    ];

    fn changed(change: Change) -> Trade {
        let mut trade = trade();
        change(&mut trade);
        trade
    }

    #[test]
    fn every_field_of_a_trade_moves_the_digest_of_the_list() {
        let mut digests: std::collections::BTreeSet<_> = [trade_list_digest(&[trade()])].into();
        digests.extend(CHANGES.map(|change| trade_list_digest(&[changed(change)])));
        assert_eq!(digests.len(), 1 + CHANGES.len());
    }

    #[test]
    fn a_field_moves_the_digest_of_the_list_after_any_other_trade_too() {
        for first in CHANGES {
            let mut digests = std::collections::BTreeSet::new();
            digests.extend(CHANGES.map(|second| trade_list_digest(&[changed(first), changed(second)])));
            assert_eq!(digests.len(), CHANGES.len());
        }
    }

    #[test]
    fn the_digest_is_that_of_fingerprints_their_number_and_the_names() {
        let names: [Name; 3] = ["", "long_2", "short_4"];
        // More than a batch of the writer.
        let trades: Vec<Trade> = (0..2000_u32)
            .map(|number| Trade { number, scenario: names.get(number as usize % 4).copied(), ..trade() })
            .collect();
        let mut writer = DigestWriter::new(DOMAIN);
        for trade in &trades {
            let scenario = trade.scenario.map_or(0, |name| {
                1 + names.iter().position(|known| *known == name).expect("one of them") as u64
            });
            writer.words(fingerprint(trade, scenario));
        }
        writer.u64(2000).text("").text("long_2").text("short_4");
        assert_eq!(trade_list_digest(&trades), writer.finish());
    }

    #[test]
    fn scenarios_are_told_apart_by_their_text_alone() {
        let of = |scenarios: &[Option<Name>]| {
            let with = |&scenario: &Option<Name>| Trade { scenario, ..trade() };
            trade_list_digest(&scenarios.iter().map(with).collect::<Vec<_>>())
        };
        let copy: Name = Box::leak(String::from("long_2").into_boxed_str());
        assert_eq!(of(&[Some("long_2"), Some(copy)]), of(&[Some("long_2"), Some("long_2")]));
        let lists =
            [[Some("a"), Some("b")], [Some("b"), Some("a")], [Some("a"), Some("a")], [Some("a"), None]];
        let digests: std::collections::BTreeSet<_> = lists.iter().map(|list| of(list)).collect();
        assert_eq!(digests.len(), lists.len());
    }

    #[test]
    fn a_list_after_another_is_as_if_it_were_the_first() {
        let of = |numbers: std::ops::Range<u32>| {
            let named = |number| Trade { number, scenario: Some("long_2"), ..changed(|t| t.swap = -0.5) };
            numbers.map(named).collect::<Vec<_>>()
        };
        let mut digest = TradeListDigest::default();
        for trades in [of(0..900), of(3..7), of(0..0), of(0..400), of(0..0)] {
            for trade in &trades {
                digest.add(trade);
            }
            assert_eq!(digest.complete(), trade_list_digest(&trades));
        }
    }

    #[test]
    fn order_and_number_of_trades_count() {
        let (a, b) = (trade(), changed(|t| t.result = 1.0));
        let lists: [&[&Trade]; 5] = [&[], &[&a], &[&a, &b], &[&b, &a], &[&a, &a]];
        let of =
            |list: &[&Trade]| trade_list_digest(&list.iter().map(|&trade| trade.clone()).collect::<Vec<_>>());
        let digests: std::collections::BTreeSet<_> = lists.into_iter().map(of).collect();
        assert_eq!(digests.len(), lists.len());
    }
}
