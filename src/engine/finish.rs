//! The end of a run: what stays open, what is closed, and the figures of the whole (`execution.md` 2.2, 9b, 13.1).

use super::event_engine::{EngineError, EventEngine, Outcome};
use super::observer::Observer;
use super::run::{TrialRun, WindowEnd};
use super::scratch;
use super::settings::{EndOfRun, EquityMode};
use crate::costs::Draws;
use crate::execution::simulator::ExitSlip;
use crate::portfolio::{EquityExtremes, PositionStatus};
use crate::strategy::Strategy;
use crate::types::CloseReason;

impl<S: Strategy, D: Draws, O: Observer> EventEngine<'_, S, D, O> {
    /// Closes what the end of the window closes and counts the rest.
    ///
    /// # Errors
    /// When a rate is missing or a bar has no room for a draw.
    pub fn finish(mut self) -> Result<Outcome<O>, EngineError> {
        let mut extremes = EquityExtremes::new(self.settings.initial_balance);
        match self.equities.curve() {
            Some(curve) if O::WATCHES => {
                curve.equities().iter().for_each(|&equity| extremes.update(equity));
            }
            _ => extremes.ruined = self.equities.was_ruined(),
        }
        self.extend_curve();
        if !self.window.is_empty() && self.close_remaining(self.window.end - 1)? {
            extremes.update(self.equity);
        }
        let open = |status| self.book.active().iter().filter(|p| p.status == status).count();
        let (still_open, still_pending) = (open(PositionStatus::Open), open(PositionStatus::Pending));
        let by_volume = self.by_volume();
        self.tally.complete();
        let tally = &self.tally;
        let (ambiguous, worst, best) = (tally.ambiguous_share(), tally.worst(), tally.best());
        let cost_multiplier = if by_volume { tally.cost_multiplier() } else { None };
        let (booked, digest) = self.tally.into_booked();
        scratch::leave_digest(digest);
        let (curve, watch) = self.equities.finish();
        let total_fees = self.ledger.total_fees();
        let run = TrialRun {
            initial_balance: self.settings.initial_balance,
            final_cash: self.ledger.cash(),
            bars: self.window.len() as u64,
            bars_in_position: self.counters.bars_in_position,
            bars_stepped: self.counters.bars_stepped,
            still_open: count(still_open),
            still_pending: count(still_pending),
            unfilled_at_end: count(self.waiting.orders().len()),
            rejected: self.counters.rejected,
            rejected_at_trigger: self.counters.rejected_at_trigger,
            expired: self.counters.expired,
            ruined: extremes.ruined,
            ambiguous_exits: ambiguous,
            profit_net_worst: Some(worst),
            profit_net_best: Some(best),
            break_even_cost_multiplier: cost_multiplier,
            curve,
            watch,
            trades: self.ledger.into_trades(),
            booked,
            parts: Vec::new(),
        };
        Ok(Outcome {
            run,
            extremes,
            total_fees,
            equity: self.equity,
            draws: self.simulator.draws().taken(),
            active: self.book.active().to_vec(),
            observer: self.observer,
        })
    }

    /// Closes the open list in order and updates the last step again. Returns whether there was anything to do.
    fn close_remaining(&mut self, last: usize) -> Result<bool, EngineError> {
        let (reason, slips) = match (self.request.window_end, self.settings.end_of_run) {
            (WindowEnd::Close, _) => (CloseReason::WindowEnd, ExitSlip::Adverse),
            (WindowEnd::EndOfRun, EndOfRun::LeaveOpen) => return Ok(false),
            (WindowEnd::EndOfRun, EndOfRun::CloseAtLast) => {
                let costs = self.settings.timeout_costs;
                (CloseReason::EndOfData, if costs { ExitSlip::Adverse } else { ExitSlip::None })
            }
        };
        if self.book.open().is_empty() {
            return Ok(false);
        }
        self.close_all(last, slips, reason)?;
        self.equity = match self.settings.equity_mode {
            EquityMode::Cash => self.ledger.cash(),
            EquityMode::MarkToMarket => self.marked_equity(last)?,
        };
        self.record(last);
        Ok(true)
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
