//! Whether a bar ends a position, at which level, and which level counts when it reaches both (`execution.md` 4, 9, 9a, 9b).

use serde::{Deserialize, Serialize};

use crate::data::Ohlc;
use crate::types::words::words;
use crate::types::{CloseReason, Direction, OrderType};

words! {
    /// Which level counts when one bar reaches both and neither was decided at its open.
    BothHit {
        /// The stop.
        Pessimistic = "pessimistic",
        /// The target.
        Optimistic = "optimistic",
        /// The one nearer to the open of the exit side; the stop when both are equally near.
        OpenDistance = "open_distance",
    }
}

/// Switches of the exit test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExitRules {
    /// A level gapped over is paid at the open.
    pub gap_fills: bool,
    /// The open decides before the range does.
    pub open_first: bool,
    /// On the trigger bar stop orders, too, take their target only when the close lies beyond it.
    pub same_bar_tp_needs_close: bool,
    /// Both levels in one bar.
    pub both_hit: BothHit,
}

/// How a position was held during the bar that is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holding {
    /// From the bar's open on.
    FromOpen,
    /// Pending order that filled inside this bar.
    Triggered,
    /// Pending order that filled at this bar's open.
    TriggeredAtOpen,
}

/// What the exit test must know of a position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Held {
    /// Long or short.
    pub direction: Direction,
    /// The order that opened it.
    pub order_type: OrderType,
    /// Stop; `None` = never hit.
    pub stop: Option<f64>,
    /// Target; `None` = never hit.
    pub target: Option<f64>,
    /// Whether the stop is no longer the initial one.
    pub stop_moved: bool,
    /// How it was held during the bar.
    pub holding: Holding,
}

/// Which of the two levels ends a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExitLevel {
    /// The stop.
    Stop,
    /// The target.
    Target,
}

/// A bar that ends a position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExitChoice {
    /// The level that counts.
    pub level: ExitLevel,
    /// Price before slippage.
    pub price: f64,
    /// Reason of the trade record.
    pub reason: CloseReason,
    /// The other level and its price, when the bar reached both and its open decided neither.
    pub other: Option<(ExitLevel, f64)>,
}

/// Whether a bar can end a position at all; a cheap test that is never wrong with "no".
///
/// `low` and `high` are those of the exit side. The open lies between them, so levels decided at the open are covered.
#[inline]
pub fn reaches(
    direction: Direction,
    stop: Option<f64>,
    target: Option<f64>,
    low: f64,
    high: f64,
    buffer: f64,
) -> bool {
    match direction {
        Direction::Long => {
            stop.is_some_and(|stop| low <= stop + buffer)
                || target.is_some_and(|target| high >= target - buffer)
        }
        Direction::Short => {
            stop.is_some_and(|stop| high >= stop - buffer)
                || target.is_some_and(|target| low <= target + buffer)
        }
    }
}

/// The exit of a position on a bar, if there is one. `buffer` is the pip buffer as a price difference.
#[expect(clippy::inline_always, reason = "calls on the way from trade to trade are measurable")]
#[inline(always)]
pub fn exit_on_bar(held: &Held, bar: &Ohlc, rules: ExitRules, buffer: f64) -> Option<ExitChoice> {
    let at_open = rules.open_first && held.holding != Holding::Triggered;
    if let Some(choice) = exit_at_open(held, bar.open).filter(|_| at_open) {
        return Some(choice);
    }
    let stop = held.stop.filter(|stop| stop_hit(held.direction, *stop, bar, buffer));
    let target = held.target.filter(|target| target_hit(held.direction, *target, bar, buffer));
    let admitted = target.is_some_and(|target| target_admitted(held, target, bar.close, rules));
    match (stop, target) {
        (Some(stop), Some(target)) => {
            let (first, second) = match order_of(rules.both_hit, stop, target, bar.open) {
                (ExitLevel::Target, ExitLevel::Stop) if !admitted => (ExitLevel::Stop, ExitLevel::Target),
                order => order,
            };
            let other = level_price(held, second, bar, rules);
            Some(at_level(held, first, bar, rules, Some((second, other))))
        }
        (Some(_), None) => Some(at_level(held, ExitLevel::Stop, bar, rules, None)),
        (None, Some(_)) if admitted => Some(at_level(held, ExitLevel::Target, bar, rules, None)),
        (None, _) => None,
    }
}

/// The open at or beyond a level closes there, stop before target.
#[inline]
fn exit_at_open(held: &Held, open: f64) -> Option<ExitChoice> {
    let side = held.direction;
    let beyond = |level: Option<f64>, side: Direction| {
        level.is_some_and(|level| side.signed(open) <= side.signed(level))
    };
    let (level, reason) = if beyond(held.stop, side) {
        (ExitLevel::Stop, CloseReason::StopLoss)
    } else if beyond(held.target, side.opposite()) {
        (ExitLevel::Target, CloseReason::TakeProfit)
    } else {
        return None;
    };
    Some(ExitChoice { level, price: open, reason, other: None })
}

#[inline]
fn stop_hit(direction: Direction, stop: f64, bar: &Ohlc, buffer: f64) -> bool {
    match direction {
        Direction::Long => bar.low <= stop + buffer,
        Direction::Short => bar.high >= stop - buffer,
    }
}

#[inline]
fn target_hit(direction: Direction, target: f64, bar: &Ohlc, buffer: f64) -> bool {
    match direction {
        Direction::Long => bar.high >= target - buffer,
        Direction::Short => bar.low <= target + buffer,
    }
}

/// On the trigger bar the path inside the bar is unknown: a target counts only when the close lies strictly beyond it.
#[inline]
fn target_admitted(held: &Held, target: f64, close: f64, rules: ExitRules) -> bool {
    if held.holding == Holding::FromOpen {
        return true;
    }
    let needs_close = held.order_type == OrderType::Limit || rules.same_bar_tp_needs_close;
    let beyond = match held.direction {
        Direction::Long => close > target,
        Direction::Short => close < target,
    };
    !needs_close || beyond
}

fn order_of(both_hit: BothHit, stop: f64, target: f64, open: f64) -> (ExitLevel, ExitLevel) {
    let stop_first = match both_hit {
        BothHit::Pessimistic => true,
        BothHit::Optimistic => false,
        BothHit::OpenDistance => (open - stop).abs() <= (open - target).abs(),
    };
    if stop_first { (ExitLevel::Stop, ExitLevel::Target) } else { (ExitLevel::Target, ExitLevel::Stop) }
}

/// The level, or the open when the bar opened beyond it; on the trigger bar the level itself.
#[inline]
fn level_price(held: &Held, level: ExitLevel, bar: &Ohlc, rules: ExitRules) -> f64 {
    let price = match level {
        ExitLevel::Stop => held.stop,
        ExitLevel::Target => held.target,
    };
    let price = price.expect("a level that was hit exists");
    if !rules.gap_fills || held.holding != Holding::FromOpen {
        return price;
    }
    // The worse of the two at a stop, the better at a target.
    let least = match level {
        ExitLevel::Stop => held.direction,
        ExitLevel::Target => held.direction.opposite(),
    };
    least.signed(least.signed(price).min(least.signed(bar.open)))
}

#[inline]
fn at_level(
    held: &Held,
    level: ExitLevel,
    bar: &Ohlc,
    rules: ExitRules,
    other: Option<(ExitLevel, f64)>,
) -> ExitChoice {
    let reason = match level {
        ExitLevel::Target => CloseReason::TakeProfit,
        ExitLevel::Stop if held.stop_moved && held.holding == Holding::FromOpen => {
            CloseReason::BreakEvenStopLoss
        }
        ExitLevel::Stop => CloseReason::StopLoss,
    };
    ExitChoice { level, price: level_price(held, level, bar, rules), reason, other }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: ExitRules = ExitRules {
        gap_fills: true,
        open_first: true,
        same_bar_tp_needs_close: true,
        both_hit: BothHit::Pessimistic,
    };
    const LONG: Held = Held {
        direction: Direction::Long,
        order_type: OrderType::Market,
        stop: Some(9.0),
        target: Some(12.0),
        stop_moved: false,
        holding: Holding::FromOpen,
    };

    fn bar(open: f64, high: f64, low: f64, close: f64) -> Ohlc {
        Ohlc { open, high, low, close }
    }

    fn price(held: &Held, bar: &Ohlc, rules: ExitRules) -> Option<(f64, CloseReason)> {
        exit_on_bar(held, bar, rules, 0.0).map(|choice| (choice.price, choice.reason))
    }

    #[test]
    fn stop_gapped_over_fills_at_the_open() {
        let gap = bar(8.5, 12.5, 8.0, 10.0);
        assert_eq!(price(&LONG, &gap, RULES), Some((8.5, CloseReason::StopLoss)));
        let without = ExitRules { gap_fills: false, open_first: false, ..RULES };
        assert_eq!(price(&LONG, &gap, without), Some((9.0, CloseReason::StopLoss)));
    }

    #[test]
    fn target_gapped_over_fills_at_the_open_before_the_stop_inside_the_bar() {
        let gap = bar(12.5, 12.5, 8.0, 10.0);
        assert_eq!(price(&LONG, &gap, RULES), Some((12.5, CloseReason::TakeProfit)));
        let stop_first = ExitRules { open_first: false, ..RULES };
        assert_eq!(price(&LONG, &gap, stop_first), Some((9.0, CloseReason::StopLoss)));
    }

    #[test]
    fn both_levels_inside_one_bar_follow_both_hit_and_show_the_other() {
        let both = bar(11.0, 12.0, 9.0, 10.0);
        for (both_hit, level) in [
            (BothHit::Pessimistic, ExitLevel::Stop),
            (BothHit::Optimistic, ExitLevel::Target),
            (BothHit::OpenDistance, ExitLevel::Target),
        ] {
            let choice = exit_on_bar(&LONG, &both, ExitRules { both_hit, ..RULES }, 0.0).expect("hit");
            assert_eq!(choice.level, level);
            assert!(choice.other.is_some_and(|(other, _)| other != level));
        }
        let middle = bar(10.5, 12.0, 9.0, 10.0);
        let tie = ExitRules { both_hit: BothHit::OpenDistance, ..RULES };
        assert_eq!(exit_on_bar(&LONG, &middle, tie, 0.0).map(|c| c.level), Some(ExitLevel::Stop));
    }

    #[test]
    fn on_the_trigger_bar_a_target_needs_the_close_beyond_it() {
        let limit = Held { order_type: OrderType::Limit, holding: Holding::Triggered, ..LONG };
        assert_eq!(price(&limit, &bar(10.0, 12.5, 9.5, 12.0), RULES), None);
        let beyond = bar(10.0, 12.5, 9.5, 12.25);
        assert_eq!(price(&limit, &beyond, RULES), Some((12.0, CloseReason::TakeProfit)));
        let stop = Held { order_type: OrderType::Stop, ..limit };
        let reference = ExitRules { same_bar_tp_needs_close: false, ..RULES };
        assert_eq!(
            price(&stop, &bar(10.0, 12.5, 9.5, 11.0), reference),
            Some((12.0, CloseReason::TakeProfit))
        );
    }

    #[test]
    fn a_moved_stop_is_named_so_except_on_the_trigger_bar() {
        let moved = Held { stop_moved: true, ..LONG };
        let bar = bar(10.0, 10.5, 8.5, 9.0);
        assert_eq!(price(&moved, &bar, RULES), Some((9.0, CloseReason::BreakEvenStopLoss)));
        let same_bar = Held { order_type: OrderType::Stop, holding: Holding::Triggered, ..moved };
        assert_eq!(price(&same_bar, &bar, RULES), Some((9.0, CloseReason::StopLoss)));
    }

    #[test]
    fn an_absent_level_is_never_hit() {
        let bare = Held { stop: None, target: None, ..LONG };
        assert_eq!(price(&bare, &bar(10.0, 99.0, 0.5, 10.0), RULES), None);
    }
}
