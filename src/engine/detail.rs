//! Bars that leave the order of events open, walked in finer bars (`execution.md` 9b, `detail_timeframe`).

use super::event_engine::EventEngine;
use super::observer::Observer;
use crate::costs::Draws;
use crate::data::{BarSeries, Ohlc};
use crate::execution::exits::{ExitChoice, Held, Holding, reaches};
use crate::execution::fills::{Quote, triggers};
use crate::strategy::Strategy;
use crate::types::{Direction, SymbolId};

impl<S: Strategy, D: Draws, O: Observer> EventEngine<'_, S, D, O> {
    /// The exit of a position on a bar. A bar that reaches both levels, or on which a pending order (of this level)
    /// triggers and a level is reached, is walked in finer bars when there are any; what they leave open, `both_hit`
    /// decides.
    #[inline]
    pub(super) fn choose_exit(
        &self,
        (symbol, row): (SymbolId, usize),
        held: &Held,
        level: f64,
        buffer: f64,
    ) -> Option<ExitChoice> {
        let bars = &*self.data.symbol(symbol).bars;
        let bar = exit_bar(bars, row, held.direction);
        let plain = self.simulator.evaluate_exits(held, &bar, buffer);
        let Some(finer) = self.finer_bars(symbol) else { return plain };
        let open = match held.holding {
            Holding::FromOpen => plain.is_some_and(|choice| choice.other.is_some()),
            Holding::Triggered | Holding::TriggeredAtOpen => {
                reaches(held.direction, held.stop, held.target, bar.low, bar.high, buffer)
            }
        };
        if !open {
            return plain;
        }
        let start = bars.time(row).0;
        let end = start + bars.timeframe().micros();
        let at = |time: i64| finer.times().partition_point(|&open| open < time);
        let walked = match held.holding {
            Holding::FromOpen => self.walk(finer, at(start), at(end), held, buffer).or(plain),
            Holding::TriggeredAtOpen => self.walk(finer, at(start), at(end), held, buffer),
            Holding::Triggered => {
                let filled =
                    |&row: &usize| triggers(held.direction, held.order_type, level, &quote_at(finer, row));
                match (at(start)..at(end)).find(filled) {
                    Some(first) => self.walk(finer, first, at(end), held, buffer),
                    None => return plain,
                }
            }
        };
        if at(start) == at(end) { plain } else { walked }
    }

    /// The first exit in finer bars: the first of them with the holding of the bar, the others held from their open.
    fn walk(
        &self,
        finer: &BarSeries,
        first: usize,
        end: usize,
        held: &Held,
        buffer: f64,
    ) -> Option<ExitChoice> {
        (first..end).find_map(|row| {
            let holding = if row == first { held.holding } else { Holding::FromOpen };
            let bar = exit_bar(finer, row, held.direction);
            self.simulator.evaluate_exits(&Held { holding, ..*held }, &bar, buffer)
        })
    }

    fn finer_bars(&self, symbol: SymbolId) -> Option<&BarSeries> {
        let timeframe = self.settings.detail_timeframe?;
        self.context.detail(symbol).filter(|bars| bars.timeframe() == timeframe)
    }
}

/// Both sides of a bar.
#[inline]
pub(super) fn quote_at(bars: &BarSeries, row: usize) -> Quote {
    Quote { bid: bars.bid().at(row), ask: Some(bars.ask().at(row)) }
}

/// The side of a bar on which a position of this direction closes.
#[expect(clippy::inline_always, reason = "calls on the way from trade to trade are measurable")]
#[inline(always)]
fn exit_bar(bars: &BarSeries, row: usize, direction: Direction) -> Ohlc {
    bars.side(direction.exit_side()).at(row)
}
