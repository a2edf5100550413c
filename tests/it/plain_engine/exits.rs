//! The exit phase of one symbol and bar: section 4, with 9, 9a and 9b; and the booking of a close (section 10).

use super::account::{Position, Reason, Status};
use super::costs::{FeeSide, fee};
use super::input::{Direction, SignalKind};
use super::market::Bar;
use super::run::Run;
use super::switches::{BothHit, ExitSlippage, PipBufferPip};

/// An exit the rules have decided, before slippage.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Exit {
    level: f64,
    reason: Reason,
    ambiguous: bool,
}

impl Run<'_> {
    pub(crate) fn exit_phase(&mut self, symbol: usize, index: usize) -> Result<(), String> {
        let Some(bar) = self.market.bar(symbol, index) else { return Ok(()) };
        let first_open_pip = self.first_open_pip();
        for id in self.account.active.clone() {
            let position = self.account.positions[id].clone();
            if position.symbol != symbol || position.status == Status::Closed {
                continue;
            }
            let too_early = if position.filled_at_open {
                bar.ts < position.entry_time
            } else {
                bar.ts <= position.entry_time
            };
            if too_early {
                continue;
            }
            if position.status == Status::Pending {
                self.try_trigger(id, &bar, index)?;
            }
            if self.account.positions[id].status != Status::Open {
                continue;
            }
            let pip = if self.buffer_is_per_position() { self.case.pip(symbol) } else { first_open_pip };
            let pip_buffer = pip * self.case.pip_buffer_factor;
            if let Some(exit) = self.decide(&self.account.positions[id], &bar, pip_buffer) {
                self.take_exit(id, exit, &bar, index)?;
            }
        }
        self.account.drop_inactive();
        Ok(())
    }

    fn buffer_is_per_position(&self) -> bool {
        self.case.is_cross() || self.case.switches.pip_buffer_pip == PipBufferPip::PerPosition
    }

    /// Pip of the oldest open position's symbol, 0.0001 when none is open.
    fn first_open_pip(&self) -> f64 {
        match self.account.open.first() {
            Some(id) => self.case.pip(self.account.positions[*id].symbol),
            None => 0.0001,
        }
    }

    fn decide(&self, position: &Position, bar: &Bar, pip_buffer: f64) -> Option<Exit> {
        let same_bar = !position.filled_at_open && position.trigger_time == Some(bar.ts);
        if self.case.switches.open_first && (!same_bar || position.triggered_at_open) {
            let at_open = at_the_open(position, bar);
            if at_open.is_some() {
                return at_open;
            }
        }
        let (stop_hit, target_hit) = hits(position, bar, pip_buffer);
        let target_counts = target_hit && (!same_bar || self.same_bar_target(position, bar));
        let both = stop_hit && target_hit;
        let exit = if stop_hit && target_counts && self.prefers_target(position, bar) {
            self.target_exit(position, bar, same_bar)
        } else if stop_hit {
            self.stop_exit(position, bar, same_bar)
        } else if target_counts {
            self.target_exit(position, bar, same_bar)
        } else {
            return None;
        };
        Some(Exit { ambiguous: both, ..exit })
    }

    /// Rule 5 for a target on the trigger bar: with the close rule only a close strictly beyond it counts.
    fn same_bar_target(&self, position: &Position, bar: &Bar) -> bool {
        let needs_close = match position.order_type {
            SignalKind::Limit => true,
            _ => self.case.switches.same_bar_tp_needs_close,
        };
        let target = position.take_profit.expect("a target that was hit");
        let close = bar.exit_side(position.direction).close;
        let beyond = match position.direction {
            Direction::Long => close > target,
            Direction::Short => close < target,
        };
        !needs_close || beyond
    }

    fn prefers_target(&self, position: &Position, bar: &Bar) -> bool {
        match self.case.switches.both_hit {
            BothHit::Pessimistic => false,
            BothHit::Optimistic => true,
            BothHit::OpenDistance => {
                let open = bar.exit_side(position.direction).open;
                let stop = position.stop_loss.expect("a stop that was hit");
                let target = position.take_profit.expect("a target that was hit");
                (open - target).abs() < (open - stop).abs()
            }
        }
    }

    fn stop_exit(&self, position: &Position, bar: &Bar, same_bar: bool) -> Exit {
        let stop = position.stop_loss.expect("a stop that was hit");
        if same_bar {
            return Exit { level: stop, reason: Reason::StopLoss, ambiguous: false };
        }
        let reason = if position.stop_loss == position.initial_stop_loss {
            Reason::StopLoss
        } else {
            Reason::BreakEvenStopLoss
        };
        let mut level = stop;
        if self.case.switches.gap_fills {
            let open = bar.exit_side(position.direction).open;
            level = match position.direction {
                Direction::Long => stop.min(open),
                Direction::Short => stop.max(open),
            };
        }
        Exit { level, reason, ambiguous: false }
    }

    fn target_exit(&self, position: &Position, bar: &Bar, same_bar: bool) -> Exit {
        let target = position.take_profit.expect("a target that was hit");
        let mut level = target;
        if self.case.switches.gap_fills && !same_bar {
            let open = bar.exit_side(position.direction).open;
            level = match position.direction {
                Direction::Long => target.max(open),
                Direction::Short => target.min(open),
            };
        }
        Exit { level, reason: Reason::TakeProfit, ambiguous: false }
    }

    fn take_exit(&mut self, id: usize, exit: Exit, bar: &Bar, index: usize) -> Result<(), String> {
        let price = if exit.reason == Reason::TakeProfit {
            self.slip_target(id, exit.level, index)?
        } else {
            self.slip_exit(id, exit.level, index)?
        };
        self.account.positions[id].ambiguous = exit.ambiguous;
        self.close(id, price, bar.ts, exit.reason, true)
    }

    /// Slippage of a stop or of an exit signal: the position's direction, or against it.
    pub(crate) fn slip_exit(&mut self, id: usize, level: f64, index: usize) -> Result<f64, String> {
        match self.case.switches.exit_slippage {
            ExitSlippage::Reference => self.slip_along(id, level, index),
            ExitSlippage::Adverse => self.slip_against(id, level, index),
        }
    }

    fn slip_target(&mut self, id: usize, level: f64, index: usize) -> Result<f64, String> {
        match self.case.switches.exit_slippage {
            ExitSlippage::Reference => self.slip_along(id, level, index),
            ExitSlippage::Adverse => Ok(level),
        }
    }

    fn slip_along(&mut self, id: usize, level: f64, index: usize) -> Result<f64, String> {
        let (symbol, direction) = (self.account.positions[id].symbol, self.account.positions[id].direction);
        self.slip(level, direction, symbol, index)
    }

    /// One application of section 6 on the symbol's newest bar.
    pub(crate) fn slip(
        &mut self,
        price: f64,
        direction: Direction,
        symbol: usize,
        index: usize,
    ) -> Result<f64, String> {
        let bar_index = self.market.ordinal(symbol, index);
        self.draws.apply(price, direction, self.case.pip(symbol), symbol, bar_index)
    }

    pub(crate) fn slip_against(&mut self, id: usize, level: f64, index: usize) -> Result<f64, String> {
        let (symbol, direction) = (self.account.positions[id].symbol, self.account.positions[id].direction);
        self.slip(level, direction.opposite(), symbol, index)
    }

    /// Section 10 from the close on: position, exit fee, result, lists, cooldown.
    pub(crate) fn close(
        &mut self,
        id: usize,
        price: f64,
        time: i64,
        reason: Reason,
        with_fee: bool,
    ) -> Result<(), String> {
        let (r_multiple, result) = self.account.positions[id].value_at(self.case, price)?;
        let position = &mut self.account.positions[id];
        position.status = Status::Closed;
        position.exit_time = Some(time);
        position.exit_price = Some(price);
        position.reason = Some(reason);
        position.r_multiple = r_multiple;
        position.result = Some(result);
        let (symbol, lots) = (position.symbol, position.size);
        if with_fee {
            let fee = fee(self.case, symbol, FeeSide::Exit, lots, price)?;
            self.account.book_exit_fee(id, time, &self.case.symbols[symbol], fee);
        }
        self.account.book_close(id);
        self.note_exit(symbol, time);
        Ok(())
    }
}

/// `open_first`: what the open of the exit side decides, on the levels without the buffer.
fn at_the_open(position: &Position, bar: &Bar) -> Option<Exit> {
    let open = bar.exit_side(position.direction).open;
    let beyond_stop = position.stop_loss.is_some_and(|stop| match position.direction {
        Direction::Long => open <= stop,
        Direction::Short => open >= stop,
    });
    let beyond_target = position.take_profit.is_some_and(|target| match position.direction {
        Direction::Long => open >= target,
        Direction::Short => open <= target,
    });
    if beyond_stop {
        Some(Exit { level: open, reason: Reason::StopLoss, ambiguous: false })
    } else if beyond_target {
        Some(Exit { level: open, reason: Reason::TakeProfit, ambiguous: false })
    } else {
        None
    }
}

/// Rule 3.
fn hits(position: &Position, bar: &Bar, pip_buffer: f64) -> (bool, bool) {
    let side = bar.exit_side(position.direction);
    match position.direction {
        Direction::Long => (
            position.stop_loss.is_some_and(|stop| side.low <= stop + pip_buffer),
            position.take_profit.is_some_and(|target| side.high >= target - pip_buffer),
        ),
        Direction::Short => (
            position.stop_loss.is_some_and(|stop| side.high >= stop - pip_buffer),
            position.take_profit.is_some_and(|target| side.low <= target + pip_buffer),
        ),
    }
}
