//! Positions and the money they move: section 8.

use serde::Serialize;

use super::input::{Case, Direction, SignalKind};
use super::sizing::unit_value;
use super::switches::PnlMode;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Pending,
    Open,
    Closed,
    /// Refused at its trigger, or expired: no longer listed anywhere as active.
    Dropped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reason {
    StopLoss,
    TakeProfit,
    BreakEvenStopLoss,
    Timeout,
    Signal,
    EndOfData,
}

/// An order from its placing on, and the position it becomes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Position {
    /// Number of the signal it stems from.
    pub(crate) signal: usize,
    pub(crate) symbol: usize,
    pub(crate) direction: Direction,
    pub(crate) order_type: SignalKind,
    pub(crate) status: Status,
    pub(crate) entry_time: i64,
    pub(crate) trigger_time: Option<i64>,
    pub(crate) exit_time: Option<i64>,
    pub(crate) entry_price: f64,
    pub(crate) stop_loss: Option<f64>,
    pub(crate) take_profit: Option<f64>,
    pub(crate) initial_stop_loss: Option<f64>,
    pub(crate) initial_take_profit: Option<f64>,
    pub(crate) size: f64,
    pub(crate) risk_per_trade: f64,
    pub(crate) exit_price: Option<f64>,
    pub(crate) reason: Option<Reason>,
    pub(crate) result: Option<f64>,
    /// 0 until closed; null when closed without an initial stop.
    pub(crate) r_multiple: Option<f64>,
    pub(crate) entry_fee: f64,
    pub(crate) exit_fee: f64,
    /// Closed on a bar that reached both levels, neither decided at its open.
    pub(crate) ambiguous: bool,
    /// Number of the symbol's bar on which the order was placed.
    pub(crate) placed_bar: usize,
    /// Number of the first of the symbol's bars on which a pending order may trigger.
    pub(crate) triggers_from: usize,
    /// A market order filled at the open of its entry bar.
    pub(crate) filled_at_open: bool,
    /// A pending order filled at the open of its trigger bar by `gap_fills`.
    pub(crate) triggered_at_open: bool,
    pub(crate) break_even_done: bool,
}

impl Position {
    /// `(R, result)` of leaving at `exit` (8.2, Q-20); R is absent without an initial stop.
    pub(crate) fn value_at(&self, case: &Case, exit: f64) -> Result<(Option<f64>, f64), String> {
        let gain = match self.direction {
            Direction::Long => exit - self.entry_price,
            Direction::Short => self.entry_price - exit,
        };
        let r = self.initial_stop_loss.map(|stop| {
            let risk = (self.entry_price - stop).abs();
            if risk == 0.0 { 0.0 } else { gain / risk }
        });
        let result = match case.switches.pnl_mode {
            PnlMode::RiskMultiple => {
                r.ok_or_else(|| "risk_multiple needs a stop".to_owned())? * self.risk_per_trade
            }
            PnlMode::Volume => (gain * self.size) * unit_value(case, self.symbol)?,
        };
        Ok((r, result))
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct FeeLine(
    pub(crate) i64,
    pub(crate) &'static str,
    pub(crate) String,
    pub(crate) f64,
    pub(crate) f64,
);

/// The portfolio. Lists hold positions of `positions` by their place in it.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) initial_balance: f64,
    pub(crate) cash: f64,
    pub(crate) equity: f64,
    pub(crate) max_equity: f64,
    pub(crate) max_drawdown: f64,
    pub(crate) initial_max_drawdown: f64,
    pub(crate) total_fees: f64,
    /// Every order that was ever taken, in the order in which it entered the active list.
    pub(crate) positions: Vec<Position>,
    pub(crate) active: Vec<usize>,
    pub(crate) open: Vec<usize>,
    pub(crate) closed: Vec<usize>,
    pub(crate) expired: Vec<usize>,
    pub(crate) break_even: Vec<usize>,
    pub(crate) fees: Vec<FeeLine>,
    pub(crate) curve: Vec<(i64, f64)>,
    pub(crate) ruined: bool,
}

impl Account {
    pub(crate) fn new(initial_balance: f64) -> Self {
        Self {
            initial_balance,
            cash: initial_balance,
            equity: initial_balance,
            max_equity: initial_balance,
            max_drawdown: 0.0,
            initial_max_drawdown: 0.0,
            total_fees: 0.0,
            positions: Vec::new(),
            active: Vec::new(),
            open: Vec::new(),
            closed: Vec::new(),
            expired: Vec::new(),
            break_even: Vec::new(),
            fees: Vec::new(),
            curve: Vec::new(),
            ruined: false,
        }
    }

    pub(crate) fn book_entry_fee(&mut self, id: usize, time: i64, symbol: &str, fee: f64) {
        self.book_fee(id, time, "entry", symbol, fee);
        self.positions[id].entry_fee += fee;
    }

    pub(crate) fn book_exit_fee(&mut self, id: usize, time: i64, symbol: &str, fee: f64) {
        self.book_fee(id, time, "exit", symbol, fee);
        self.positions[id].exit_fee += fee;
    }

    fn book_fee(&mut self, id: usize, time: i64, kind: &'static str, symbol: &str, fee: f64) {
        if fee == 0.0 {
            return;
        }
        self.cash -= fee;
        self.total_fees += fee;
        self.equity = self.cash;
        self.fees.push(FeeLine(time, kind, symbol.to_owned(), self.positions[id].size, fee));
    }

    /// Books the result of a position that has just been closed.
    pub(crate) fn book_close(&mut self, id: usize) {
        self.closed.push(id);
        if self.positions[id].reason == Some(Reason::BreakEvenStopLoss) {
            self.break_even.push(id);
        }
        self.cash += self.positions[id].result.expect("a closed position has a result");
        self.equity = self.cash;
        self.open.retain(|open| *open != id);
    }

    /// One point of the per-bar curve.
    pub(crate) fn update(&mut self, ts: i64, equity: f64) {
        self.equity = equity;
        if self.curve.last().is_some_and(|(last, _)| *last == ts) {
            self.curve.pop();
        }
        self.curve.push((ts, equity));
        self.max_equity = self.max_equity.max(equity);
        self.max_drawdown = self.max_drawdown.max(self.max_equity - equity);
        self.initial_max_drawdown = self.initial_max_drawdown.max(self.initial_balance - equity);
        if equity <= 0.0 {
            self.ruined = true;
        }
    }

    /// Removes from the active list what is neither pending nor open.
    pub(crate) fn drop_inactive(&mut self) {
        let positions = &self.positions;
        self.active.retain(|id| matches!(positions[*id].status, Status::Pending | Status::Open));
    }

    /// Open positions of a symbol, in opening order.
    pub(crate) fn open_of(&self, symbol: usize) -> Vec<usize> {
        self.open.iter().copied().filter(|id| self.positions[*id].symbol == symbol).collect()
    }
}
