//! The event loop: one sequence of phases per step, for one symbol or fifty (`execution.md` 2, 9a).

use serde::{Deserialize, Serialize};

use super::agent::Agent;
use super::book::{Book, Ticket};
use super::clock;
use super::context::RunContext;
use super::equity_record::EquityRecord;
use super::money::Mark;
use super::observer::Observer;
use super::overnight;
use super::rates::RatesNow;
use super::run::{Clock, EngineInputs, RunRequest, TrialRun};
use super::scratch::{self, Spare};
use super::settings::{
    EngineSettings, EquityMode, HoldingClock, MarketFill, PipBufferPip, PnlMode, StepOrder,
};
use super::tally::Tally;
use super::tape::Tape;
use super::terms;
use super::waiting::{WaitingExit, WaitingList};
use super::walk::Walk;
use super::wrapper::Gates;
use crate::costs::swap::Rollover;
use crate::costs::{Draws, NoLiveRates, SwapRates};
use crate::data::MultiSymbolData;
use crate::data::passage::Passages;
use crate::execution::{ExecutionSimulator, SimulatorError, SymbolExecution, sizing};
use crate::portfolio::{EquityExtremes, Ledger, Position};
use crate::strategy::{AccountView, BarView, Signal, Signals, Strategy};
use crate::types::time::MINUTE;
use crate::types::{StepRange, SymbolId};

/// Why a run cannot go on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// A rate is missing, a bar has no room for a draw, or a size from risk has no stop.
    #[error(transparent)]
    Simulator(#[from] SimulatorError),
    /// Holding time is given twice.
    #[error(
        "max_holding_minutes is given by the strategy and by engine.management.max_holding_minutes: remove one of them"
    )]
    HoldingTimeTwice,
}

impl From<crate::costs::MissingRate> for EngineError {
    fn from(missing: crate::costs::MissingRate) -> Self {
        Self::Simulator(missing.into())
    }
}

/// What one run produced, with what a [`TrialRun`] leaves out.
#[derive(Debug)]
pub struct Outcome<O> {
    /// The result of the run.
    pub run: TrialRun,
    /// Extremes of the equity at updates; of a run that nobody watches ([`Observer::WATCHES`]) only whether it was ruined.
    pub extremes: EquityExtremes,
    /// The account at the end.
    pub total_fees: f64,
    /// Equity at the last update.
    pub equity: f64,
    /// Draws taken.
    pub draws: u64,
    /// Orders still open or pending, in signal order.
    pub active: Vec<Position>,
    /// Who watched.
    pub observer: O,
}

/// Counts of a run.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Counters {
    pub(super) bars_in_position: u64,
    pub(super) bars_stepped: u64,
    pub(super) rejected: u32,
    pub(super) rejected_at_trigger: u32,
    pub(super) expired: u32,
}

/// One run of one or more strategy instances over a window.
///
/// Each trial owns its engine; nothing it writes is shared. `D` gives the draws of slippage, `O` watches.
#[derive(Debug)]
pub struct EventEngine<'a, S, D, O = ()> {
    pub(super) data: &'a MultiSymbolData,
    /// The bars of every symbol.
    pub(super) tapes: Vec<Tape<'a>>,
    /// The same for the clock that skips, which asks them for the next bar that reaches a level: bid and ask.
    pub(super) passages: Vec<[Passages<'a>; 2]>,
    pub(super) context: &'a RunContext,
    pub(super) settings: &'a EngineSettings,
    pub(super) window: StepRange,
    pub(super) request: RunRequest,
    pub(super) gates: Gates,
    pub(super) agents: Vec<Agent<S>>,
    /// Next step on which each of them may speak, given what its symbol holds, when the clock has asked; at or before the
    /// current step when that has to be found again.
    pub(super) due: Vec<usize>,
    /// The earliest of them; a clock that skips asks nobody before it.
    pub(super) next_ask: usize,
    /// Next step on which something can happen to an active order, under the same terms.
    pub(super) next_touch: usize,
    pub(super) simulator: ExecutionSimulator<D>,
    /// Account money per price unit and lot where no rate moves it.
    pub(super) unit_values: Vec<Option<f64>>,
    /// Whether a lone position had a stop or a target.
    pub(super) has_levels: bool,
    /// Financing per symbol.
    pub(super) swaps: Vec<Option<SwapRates>>,
    /// Rollovers of the window, when anything is financed.
    pub(super) nights: Vec<Rollover>,
    /// Longest holding time of the settings, microseconds.
    pub(super) max_holding: Option<i64>,
    /// Whether the management phase can do anything.
    pub(super) manages: bool,
    /// What has a loop of its own.
    pub(super) walk: Walk,
    pub(super) book: Book,
    pub(super) waiting: WaitingList,
    pub(super) waiting_exits: Vec<WaitingExit>,
    pub(super) ledger: Ledger,
    /// What metrics and digests take of the trades.
    pub(super) tally: Tally,
    pub(super) equities: EquityRecord<'a>,
    /// Equity at the last update.
    pub(super) equity: f64,
    pub(super) next_step: usize,
    pub(super) counters: Counters,
    pub(super) observer: O,
    pub(super) signals: Signals,
    /// Room for the marks of the open positions.
    pub(super) marks: Vec<Mark<'a>>,
}

impl<'a, S: Strategy, D: Draws, O: Observer> EventEngine<'a, S, D, O> {
    /// An engine for strategy instances (each with its symbol, or `None` for all), in symbol order.
    ///
    /// # Errors
    /// When a currency has no rate, or strategy and settings both give a holding time.
    pub fn new(
        inputs: &'a EngineInputs,
        request: &RunRequest,
        strategies: Vec<(Option<SymbolId>, S)>,
        draws: D,
        observer: O,
    ) -> Result<Self, EngineError> {
        let (data, settings): (&MultiSymbolData, &EngineSettings) = (&inputs.data, &inputs.settings);
        let simulator =
            ExecutionSimulator::new(terms::simulator_rules(settings), terms::symbols(settings, data)?, draws);
        let unit_values = (0..data.symbols().len())
            .map(|symbol| simulator.symbol(symbol).unit_value(settings.sizing, &NoLiveRates).ok())
            .collect();
        #[expect(clippy::cast_possible_truncation, reason = "minutes of holding fit into i64 microseconds")]
        let max_holding =
            settings.management.max_holding_minutes.map(|minutes| (minutes * MINUTE as f64).round() as i64);
        let agents: Vec<_> =
            strategies.into_iter().map(|(symbol, strategy)| Agent::new(strategy, symbol)).collect();
        if max_holding.is_some() && agents.iter().any(|agent| agent.max_holding.is_some()) {
            return Err(EngineError::HoldingTimeTwice);
        }
        let rules = &settings.management;
        let manages = max_holding.is_some()
            || rules.be_trigger_r.is_some()
            || rules.trail_distance_r.is_some()
            || agents.iter().any(|agent| agent.manages || agent.max_holding.is_some());
        let Spare { trades, rows, curve, mut watch } = scratch::take();
        let mut ledger = Ledger::resume(settings.initial_balance, settings.initial_balance, 0.0, trades);
        let equities = match inputs.figures.as_deref() {
            None => EquityRecord::Curve(curve),
            Some(calendar) => {
                ledger.forget_trades();
                watch.begin(settings.initial_balance);
                EquityRecord::Watch(calendar, watch)
            }
        };
        let window = StepRange { start: request.window.start, end: request.window.end.min(data.steps()) };
        let mut engine = Self {
            data,
            tapes: data.symbols().iter().map(Tape::of).collect(),
            passages: match request.clock {
                Clock::EveryBar => Vec::new(),
                Clock::Skipping => clock::passages(data, window),
            },
            context: &inputs.context,
            settings,
            window,
            request: *request,
            gates: Gates::new(settings, data.timeframe()),
            due: vec![0; agents.len()],
            next_ask: 0,
            next_touch: 0,
            agents,
            simulator,
            unit_values,
            nights: overnight::nights(settings, data, window),
            swaps: overnight::swaps(settings, data),
            max_holding,
            manages,
            has_levels: false,
            walk: Walk::Together,
            book: Book::default(),
            waiting: WaitingList::default(),
            waiting_exits: Vec::new(),
            ledger,
            tally: Tally::in_room_of(rows, scratch::take_digest()),
            equities,
            equity: settings.initial_balance,
            next_step: window.start,
            counters: Counters::default(),
            observer,
            signals: Signals::default(),
            marks: Vec::new(),
        };
        engine.walk = engine.own_loop();
        Ok(engine)
    }

    /// Trades a symbol under other terms than its specification gives, for symbols outside every table.
    pub fn set_execution(&mut self, symbol: SymbolId, execution: SymbolExecution) {
        let unit_value = execution.unit_value(self.settings.sizing, &NoLiveRates).ok();
        self.unit_values[symbol.index()] = unit_value;
        self.simulator.set_symbol(symbol.index(), execution);
    }

    /// Who watches.
    pub fn observer(&self) -> &O {
        &self.observer
    }

    /// Walks the window to its end.
    ///
    /// # Errors
    /// When a rate is missing, a bar has no room for a draw, or a size from risk has no stop.
    pub fn run(mut self) -> Result<Outcome<O>, EngineError> {
        self.advance(self.window.end)?;
        self.finish()
    }

    /// From a step that is done to the next event.
    #[inline]
    pub(super) fn turn<const SINGLE: bool>(&mut self, step: usize) -> Result<(), EngineError> {
        self.next_step = self.next_event::<SINGLE>(step);
        if self.next_step > step + 1 && !self.book.open().is_empty() {
            self.pass_over(step + 1, self.next_step)?;
        }
        Ok(())
    }

    /// One step: always this sequence.
    #[inline]
    pub(super) fn step<const SINGLE: bool>(&mut self, step: usize) -> Result<(), EngineError> {
        if !self.nights.is_empty() && !self.book.open().is_empty() {
            self.charge_nights(step)?;
        }
        if !self.waiting.orders().is_empty() {
            self.fill_waiting(step)?;
        }
        if !self.waiting_exits.is_empty() {
            self.fill_waiting_exits(step)?;
        }
        match self.settings.step_order {
            StepOrder::StrategyFirst => {
                self.strategy_phase::<SINGLE>(step)?;
                self.look_after::<SINGLE>(step)?;
            }
            StepOrder::ExitsFirst => {
                self.look_after::<SINGLE>(step)?;
                self.strategy_phase::<SINGLE>(step)?;
            }
        }
        self.settle(step)
    }

    /// The end of a step: orders expire, the account goes on the curve.
    #[inline]
    pub(super) fn settle(&mut self, step: usize) -> Result<(), EngineError> {
        if self.settings.pending_ttl_bars.is_some() {
            self.expire(step);
        }
        self.update(step)
    }

    /// Exits and management of whatever is active.
    #[inline]
    pub(super) fn look_after<const SINGLE: bool>(&mut self, step: usize) -> Result<(), EngineError> {
        if self.next_touch > step || self.book.active().is_empty() {
            return Ok(());
        }
        self.exit_phase::<SINGLE>(step)?;
        self.management_phase(step)
    }

    /// Calls every strategy instance that has a bar and whose gates are open.
    #[inline]
    fn strategy_phase<const SINGLE: bool>(&mut self, step: usize) -> Result<(), EngineError> {
        if self.next_ask > step {
            return Ok(());
        }
        let agents = if SINGLE { 1 } else { self.agents.len() };
        for index in 0..agents {
            if self.may_speak::<SINGLE>(index, step) {
                self.ask(index, step)?;
            }
        }
        Ok(())
    }

    /// Asks a strategy, unless a gate is closed, and does what it says. Apart from the loop, most of whose steps ask nobody.
    #[inline(never)]
    fn ask(&mut self, index: usize, step: usize) -> Result<(), EngineError> {
        let agent = &self.agents[index];
        let Some(bar) = agent.bar(self.data, step) else { return Ok(()) };
        if self.is_gated(agent, &bar) {
            return Ok(());
        }
        let agent = &mut self.agents[index];
        let account = AccountView::new(self.book.active(), self.ledger.cash(), self.equity)
            .with_waiting(self.waiting.symbols());
        agent.strategy.evaluate(&bar, &account, &mut self.signals);
        if self.signals.is_empty() { Ok(()) } else { self.process_signals(step, index, &bar) }
    }

    /// Whether a cooldown, the session or the news keep a strategy from being asked.
    #[inline]
    fn is_gated(&self, agent: &Agent<S>, bar: &BarView<'_>) -> bool {
        let closed = || self.gates.any() && !self.gates.admit(&agent.gate, bar.time(), agent.index(bar));
        agent.symbol.is_some_and(|symbol| self.context.is_blocked(symbol, bar.row())) || closed()
    }

    /// What a strategy has said on a bar, in its order.
    pub(super) fn process_signals(
        &mut self,
        step: usize,
        index: usize,
        bar: &BarView<'_>,
    ) -> Result<(), EngineError> {
        let mut signals = std::mem::take(&mut self.signals);
        let agent = &mut self.agents[index];
        if self.gates.any() && signals.as_slice().iter().any(|signal| matches!(signal, Signal::Enter(_))) {
            let place = agent.index(bar);
            self.gates.entered(&mut agent.gate, bar.time(), place);
        }
        for signal in signals.as_slice() {
            match signal {
                Signal::Enter(signal) => self.process_signal(step, index, signal)?,
                Signal::Close(symbol) => self.process_close(step, index, *symbol)?,
            }
        }
        signals.clear();
        self.signals = signals;
        Ok(())
    }

    /// Records cash and equity after the step.
    #[inline]
    fn update(&mut self, step: usize) -> Result<(), EngineError> {
        if self.book.open().is_empty() {
            self.equity = self.ledger.cash();
        } else {
            self.update_open(step)?;
        }
        self.record(step);
        Ok(())
    }

    /// The equity after a step with open positions, of which a lack of margin may leave none.
    fn update_open(&mut self, step: usize) -> Result<(), EngineError> {
        if self.settings.margin.is_some() {
            self.stop_out(step)?;
        }
        self.equity = self.ledger.cash();
        if !self.book.open().is_empty() {
            self.counters.bars_in_position += 1;
            if self.settings.equity_mode == EquityMode::MarkToMarket {
                self.equity = self.marked_equity(step)?;
            }
        }
        Ok(())
    }

    /// Puts the account on the curve.
    #[inline]
    pub(super) fn record(&mut self, step: usize) {
        self.equities.record(step, self.ledger.cash(), self.equity);
    }

    /// Lets the last values stand to the end of the window.
    pub(super) fn extend_curve(&mut self) {
        if !self.window.is_empty() {
            self.equities.extend_to(self.window.end);
        }
    }

    /// The rates a run may know at a step.
    #[inline]
    pub(super) fn rates(&self, step: usize) -> RatesNow<'a> {
        RatesNow { data: self.data, step, asof: self.settings.rates_asof }
    }

    /// The agent that trades a symbol, for the gates.
    pub(super) fn ticket(&self, index: usize) -> &Ticket {
        self.book.ticket(index)
    }

    /// Pip of the buffer when it is not the position's own.
    pub(super) fn shared_pip(&self) -> Option<f64> {
        let shared =
            self.settings.pip_buffer_pip == PipBufferPip::FirstOpen && self.data.symbols().len() == 1;
        shared.then(|| match self.book.open().first() {
            Some(&oldest) => self.simulator.symbol(self.book.position(oldest).symbol.index()).pip_size,
            None => sizing::DEFAULT_PIP,
        })
    }

    /// Whether market orders fill at the next open.
    #[inline]
    pub(super) fn next_open(&self) -> bool {
        self.settings.market_fill == MarketFill::NextOpen
    }

    /// Whether results come from the size.
    #[inline]
    pub(super) fn by_volume(&self) -> bool {
        self.settings.pnl_mode == PnlMode::Volume
    }

    /// Whether the holding time starts at the fill.
    pub(super) fn clock_at_fill(&self) -> bool {
        self.settings.holding_clock == HoldingClock::Fill
    }
}
