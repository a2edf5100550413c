//! The event loop: section 2, with the step orders of 9a.

use super::account::{Account, Reason, Status};
use super::costs::Draws;
use super::input::{Case, SignalKind, TimestampMode};
use super::market::Market;
use super::orders::{WaitingEntry, WaitingExit};
use super::outcome::Outcome;
use super::switches::{EndOfRun, EquityMode, MarketFill, PnlMode, StepOrder};

/// What a wrapper remembers (2.4): decision times of the last exit and entry, and the bar of the last entry.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct WrapperState {
    exit: Option<i64>,
    entry: Option<i64>,
    entry_bar: Option<usize>,
}

/// What happened to signals, by number and in the order in which it happened.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes {
    pub(crate) signals_processed: Vec<(usize, bool)>,
    pub(crate) rejected_at_signal: Vec<usize>,
    pub(crate) rejected_ruin: Vec<usize>,
    pub(crate) rejected_waiting: Vec<usize>,
    pub(crate) rejected_at_fill: Vec<usize>,
    pub(crate) rejected_at_trigger: Vec<usize>,
    pub(crate) unfilled_at_end: Vec<usize>,
}

/// One run in progress.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub(crate) case: &'a Case,
    pub(crate) market: Market,
    pub(crate) draws: Draws,
    pub(crate) account: Account,
    pub(crate) waiting: Vec<WaitingEntry>,
    pub(crate) closing: Vec<WaitingExit>,
    pub(crate) notes: Notes,
    wrappers: Vec<WrapperState>,
    timeframe_us: i64,
}

/// Runs the case; an error aborts it as a whole and names the reason.
pub(crate) fn run(case: &Case) -> Result<Outcome, String> {
    check(case)?;
    let mut run = Run::new(case)?;
    let start = run.market.start_index(case)?;
    for index in start..run.market.axis.len() {
        run.step(index)?;
    }
    run.end()?;
    Ok(Outcome::new(case, &run, start))
}

/// Settings that contradict each other are errors at load.
fn check(case: &Case) -> Result<(), String> {
    let switches = &case.switches;
    if switches.open_first && !switches.gap_fills {
        return Err("open_first needs gap_fills".to_owned());
    }
    if switches.order_delay_bars > 0 && switches.market_fill != MarketFill::NextOpen {
        return Err("order_delay_bars needs next_open".to_owned());
    }
    let stopless = case.signals.iter().any(|s| s.kind != SignalKind::Close && !s.has_stop());
    let by_lots = matches!(case.sizing, super::input::Sizing::FixedLots { .. });
    if stopless && !(by_lots && switches.pnl_mode == PnlMode::Volume) {
        return Err("a signal without a stop needs fixed lots and pnl_mode volume".to_owned());
    }
    Ok(())
}

impl<'a> Run<'a> {
    /// Before the first bar.
    pub(crate) fn new(case: &'a Case) -> Result<Self, String> {
        let wrappers = if case.bound_per_symbol { case.symbols.len() } else { 1 };
        Ok(Self {
            case,
            market: Market::new(case)?,
            draws: Draws::new(case),
            account: Account::new(case.initial_balance),
            waiting: Vec::new(),
            closing: Vec::new(),
            notes: Notes::default(),
            wrappers: vec![WrapperState::default(); wrappers],
            timeframe_us: case.timeframe_us()?,
        })
    }

    fn step(&mut self, index: usize) -> Result<(), String> {
        let symbols = 0..self.case.symbols.len();
        for symbol in symbols.clone() {
            self.fill_waiting(symbol, index)?;
        }
        for symbol in symbols.clone() {
            self.fill_exit_signals(symbol, index)?;
        }
        self.account.drop_inactive();
        if self.case.switches.step_order == StepOrder::StrategyFirst {
            self.entry_phase(index)?;
        }
        for symbol in symbols.clone() {
            self.exit_phase(symbol, index)?;
        }
        for symbol in symbols {
            self.management_phase(symbol, index)?;
        }
        if self.case.switches.step_order == StepOrder::ExitsFirst {
            self.entry_phase(index)?;
        }
        self.expire_pending(index);
        self.update(index)
    }

    /// Session gate, cooldowns, strategy call, and its signals in list order.
    fn entry_phase(&mut self, index: usize) -> Result<(), String> {
        if !self.session_is_open(index) {
            return Ok(());
        }
        let all: Vec<usize> = (0..self.case.symbols.len()).collect();
        if self.case.bound_per_symbol {
            for symbol in all {
                if self.market.bar(symbol, index).is_some() {
                    self.call_strategy(symbol, &[symbol], index)?;
                }
            }
            return Ok(());
        }
        self.call_strategy(0, &all, index)
    }

    fn call_strategy(&mut self, wrapper: usize, symbols: &[usize], index: usize) -> Result<(), String> {
        let decision = self.decision_time(self.market.axis[index]);
        let bar = if self.case.bound_per_symbol { self.market.ordinal(wrapper, index) } else { index };
        if self.is_blocked(wrapper, decision, bar) {
            return Ok(());
        }
        let said = self.say(symbols, index);
        if said.iter().any(|number| self.case.signals[*number].kind != SignalKind::Close) {
            self.wrappers[wrapper].entry = Some(decision);
            self.wrappers[wrapper].entry_bar = Some(bar);
        }
        for number in said {
            self.process_signal(number, index)?;
        }
        Ok(())
    }

    /// The scripted strategy's answer at this bar.
    fn say(&self, symbols: &[usize], index: usize) -> Vec<usize> {
        let mut said = Vec::new();
        for (number, signal) in self.case.signals.iter().enumerate() {
            if signal.index != index {
                continue;
            }
            let symbol = self.symbol_of(signal);
            let asked = symbols.contains(&symbol) && self.market.bar(symbol, index).is_some();
            let silent = self.case.only_if_flat && signal.kind != SignalKind::Close && self.is_active(symbol);
            if asked && !silent {
                said.push(number);
            }
        }
        said
    }

    fn is_active(&self, symbol: usize) -> bool {
        self.waiting.iter().any(|order| order.symbol == symbol)
            || self.account.active.iter().any(|id| {
                let position = &self.account.positions[*id];
                position.symbol == symbol && matches!(position.status, Status::Pending | Status::Open)
            })
    }

    fn decision_time(&self, bar_open: i64) -> i64 {
        match self.case.wrapper.entry_timestamp_mode {
            TimestampMode::Open => bar_open,
            TimestampMode::Close => bar_open + self.timeframe_us,
        }
    }

    fn is_blocked(&self, wrapper: usize, decision: i64, bar: usize) -> bool {
        const MINUTE: i64 = 60_000_000;
        let state = self.wrappers[wrapper];
        let settings = &self.case.wrapper;
        let within =
            |since: Option<i64>, minutes: i64| since.is_some_and(|t| decision - t < minutes * MINUTE);
        if settings.cooldown_minutes_trade > 0 && within(state.exit, settings.cooldown_minutes_trade) {
            return true;
        }
        if settings.cooldown_minutes > 0 && within(state.entry, settings.cooldown_minutes) {
            return true;
        }
        settings.cooldown_candles > 0
            && state.entry_bar.is_some_and(|last| bar - last < settings.cooldown_candles)
    }

    fn session_is_open(&self, index: usize) -> bool {
        const DAY: i64 = 86_400_000_000;
        const MINUTE: i64 = 60_000_000;
        let windows = &self.case.wrapper.session_windows;
        let gate = (self.market.axis[index] + self.timeframe_us).rem_euclid(DAY);
        let inside = |(start, end): &(i64, i64)| {
            let (start, end) = (start * MINUTE, end * MINUTE);
            if start <= end { start <= gate && gate <= end } else { gate >= start || gate <= end }
        };
        windows.is_empty() || windows.iter().any(inside)
    }

    /// Every booked close starts the trade cooldown of the wrapper that owns the symbol.
    pub(crate) fn note_exit(&mut self, symbol: usize, exit_time: i64) {
        let wrapper = if self.case.bound_per_symbol { symbol } else { 0 };
        self.wrappers[wrapper].exit = Some(self.decision_time(exit_time));
    }

    fn expire_pending(&mut self, index: usize) {
        let Some(ttl) = self.case.switches.pending_ttl_bars else { return };
        for id in self.account.active.clone() {
            let bar = self.market.ordinal(self.account.positions[id].symbol, index);
            let position = &mut self.account.positions[id];
            if position.status == Status::Pending && bar >= position.placed_bar + ttl {
                position.status = Status::Dropped;
                self.account.expired.push(id);
            }
        }
        self.account.drop_inactive();
    }

    fn update(&mut self, index: usize) -> Result<(), String> {
        let mut equity = self.account.cash;
        if self.case.switches.equity_mode == EquityMode::MarkToMarket {
            for id in &self.account.open {
                let position = &self.account.positions[*id];
                let bar = self.market.last(position.symbol, index).expect("an open position had a bar");
                let price = bar.exit_side(position.direction).close;
                equity += position.value_at(self.case, price)?.1;
            }
        }
        self.account.update(self.market.axis[index], equity);
        Ok(())
    }

    /// End of data: waiting market orders are dropped, open positions closed if the switch says so.
    fn end(&mut self) -> Result<(), String> {
        self.notes.unfilled_at_end = self.waiting.iter().map(|order| order.signal).collect();
        if self.case.switches.end_of_run == EndOfRun::LeaveOpen {
            return Ok(());
        }
        let index = self.market.axis.len() - 1;
        let time = self.market.axis[index];
        for id in self.account.open.clone() {
            let position = &self.account.positions[id];
            let bar = self.market.last(position.symbol, index).expect("an open position had a bar");
            let price = bar.exit_side(position.direction).close;
            self.close_without_level(id, price, time, Reason::EndOfData, index)?;
        }
        self.account.drop_inactive();
        self.update(index)
    }
}
