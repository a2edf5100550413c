//! What a run reads and what it returns.

use std::sync::Arc;

use super::booked::BookedTrades;
use super::context::RunContext;
use super::settings::EngineSettings;
use super::statements::Statement;
use crate::cache::{CachePlan, IndicatorCache};
use crate::data::{BarSeries, MultiSymbolData};
use crate::metrics::{EquityFacts, EquityWatch, MetricCalendar, RunFacts};
use crate::strategy::Scope;
use crate::types::{
    EquityCurve, MasterSeed, ParamError, ParamSpec, StepRange, Trade, Trial, TrialError, TrialId,
};

/// Everything a trial reads and none may change. Cloning copies pointers.
#[derive(Debug, Clone)]
pub struct EngineInputs {
    /// The market.
    pub data: Arc<MultiSymbolData>,
    /// Every series the batch needs.
    pub cache: Arc<IndicatorCache>,
    /// Costs, fills, sizing, account: the settings of the sweep file, before `engine.` parameters of a trial.
    pub settings: Arc<EngineSettings>,
    /// The study's seed.
    pub seed: MasterSeed,
    /// What is known of the market beside its bars.
    pub context: Arc<RunContext>,
    /// The calendar over whose window the trial is measured, if nothing but its metrics and digests is wanted: then neither a
    /// list of trades nor a curve is kept, unless several accounts have to be joined.
    pub figures: Option<Arc<MetricCalendar>>,
}

impl EngineInputs {
    /// Inputs without news.
    pub fn new(
        data: Arc<MultiSymbolData>,
        cache: Arc<IndicatorCache>,
        settings: Arc<EngineSettings>,
        seed: MasterSeed,
    ) -> Self {
        Self { data, cache, settings, seed, context: Arc::default(), figures: None }
    }

    /// With the rows on which each symbol's news gate is closed.
    pub fn with_news(mut self, blocked: Vec<Option<Arc<[u64]>>>) -> Self {
        self.context = Arc::new(RunContext::clone(&self.context).with_news(blocked));
        self
    }

    /// For metrics over the window of a calendar, and digests, alone.
    pub fn for_figures(mut self, calendar: Arc<MetricCalendar>) -> Self {
        self.figures = Some(calendar);
        self
    }

    /// With finer bars per symbol, for `detail_timeframe`.
    pub fn with_detail(mut self, finer: Vec<Option<Arc<BarSeries>>>) -> Self {
        self.context = Arc::new(RunContext::clone(&self.context).with_detail(finer));
        self
    }
}

/// Which steps a run walks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clock {
    /// Every step of the window.
    EveryBar,
    /// Only steps on which anything can happen; the same bits.
    #[default]
    Skipping,
}

/// What happens to positions at the end of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WindowEnd {
    /// As `end_of_run` of the settings says, reason `end_of_data`.
    #[default]
    EndOfRun,
    /// Closed at the last bar at market with costs, reason `window_end`.
    Close,
}

/// Where and under which random address a trial runs.
#[derive(Debug, Clone, Copy)]
pub struct RunRequest {
    /// Steps on which it may trade; earlier ones are warm-up.
    pub window: StepRange,
    /// Walk-forward window or fold, 0 when unused.
    pub fold: u32,
    /// Stress repeat, 0 when unused.
    pub repeat: u32,
    /// Trial id of the random address (0 with common random numbers).
    pub random_id: TrialId,
    /// The clock.
    pub clock: Clock,
    /// End of the window.
    pub window_end: WindowEnd,
}

/// What one run produced. Money in account currency.
#[derive(Debug, Clone, Default)]
pub struct TrialRun {
    /// Closed trades in booking order; none of a run for its figures alone ([`EngineInputs::figures`]), of which `booked` tells.
    pub trades: Vec<Trade>,
    /// The same trades as metrics and digests see them.
    pub booked: BookedTrades,
    /// Equity per step; empty for a run for its figures alone.
    pub curve: EquityCurve,
    /// The equity of a run for its figures alone, else `None`.
    pub watch: Option<EquityWatch>,
    /// Balance at the start.
    pub initial_balance: f64,
    /// Realised cash at the end.
    pub final_cash: f64,
    /// Steps of the window.
    pub bars: u64,
    /// Steps with at least one open position.
    pub bars_in_position: u64,
    /// Steps the clock stopped on.
    pub bars_stepped: u64,
    /// Positions left open at the end.
    pub still_open: u32,
    /// Orders still pending at the end.
    pub still_pending: u32,
    /// Market orders that found no next bar.
    pub unfilled_at_end: u32,
    /// Signals refused at the executor.
    pub rejected: u32,
    /// Pending orders refused when they triggered.
    pub rejected_at_trigger: u32,
    /// Pending orders that ran out of time.
    pub expired: u32,
    /// Equity was at or below zero at an update.
    pub ruined: bool,
    /// Share of trades closed on a bar that reached both levels; `None` without trades.
    pub ambiguous_exits: Option<f64>,
    /// Net profit with every such exit taken at the stop.
    pub profit_net_worst: Option<f64>,
    /// Net profit with every such exit taken at the target.
    pub profit_net_best: Option<f64>,
    /// Factor on all costs at which net profit reaches zero; `None` where undefined.
    pub break_even_cost_multiplier: Option<f64>,
    /// With an account per symbol: the run of each, in symbol order; the figures above then join them. Else empty.
    pub parts: Vec<TrialRun>,
}

impl TrialRun {
    /// What metrics look at.
    pub fn facts(&self) -> RunFacts<'_> {
        RunFacts {
            trades: self.booked.rows(),
            equity: self.watch.as_ref().map_or(EquityFacts::Curve(&self.curve), EquityFacts::Watched),
            initial_equity: self.initial_balance,
            bars: self.bars,
            bars_in_position: self.bars_in_position,
            ambiguous_exits: self.ambiguous_exits,
            profit_net_worst: self.profit_net_worst,
            profit_net_best: self.profit_net_best,
            break_even_cost_multiplier: self.break_even_cost_multiplier,
        }
    }

    /// Memory of its trades and equity, at least 1.
    pub fn bytes(&self) -> usize {
        let trades = self.trades.len() * size_of::<Trade>() + self.booked.rows().bytes();
        let equity = self.curve.bytes() + self.watch.as_ref().map_or(0, EquityWatch::bytes);
        (trades + equity).max(1)
    }
}

/// What the registry stores: one virtual call per trial, static calls per step.
pub trait StrategyRunner: Send + Sync {
    /// Name in the sweep file.
    fn name(&self) -> &str;

    /// What it does.
    fn help(&self) -> &str;

    /// Declared parameters.
    fn params(&self) -> &[ParamSpec];

    /// One instance per symbol, or one for all.
    fn scope(&self) -> Scope;

    /// See [`crate::strategy::StrategyDef::dynamic_param`].
    fn dynamic_param(&self, _name: &str) -> Option<ParamSpec> {
        None
    }

    /// Adds the series of a trial, for every symbol.
    ///
    /// # Errors
    /// See [`crate::strategy::StrategyDef::plan`].
    fn plan(&self, trial: &Trial, data: &MultiSymbolData, plan: &mut CachePlan) -> Result<(), ParamError>;

    /// Primary bars of warm-up a trial needs.
    fn warmup_bars(&self, trial: &Trial) -> usize;

    /// Runs one trial.
    ///
    /// # Errors
    /// When the parameters cannot run, the engine refuses to go on, or the strategy panics.
    fn run(&self, inputs: &EngineInputs, request: &RunRequest, trial: &Trial)
    -> Result<TrialRun, TrialError>;

    /// Runs one trial per request side by side and hands over, one after the other in this order, what
    /// [`StrategyRunner::run`] gives for each.
    fn run_together(
        &self,
        inputs: &EngineInputs,
        requests: &[RunRequest],
        trials: &[Trial],
        done: &mut dyn FnMut(Result<TrialRun, TrialError>),
    ) {
        requests.iter().zip(trials).for_each(|(request, trial)| done(self.run(inputs, request, trial)));
    }

    /// Runs one trial and also returns everything its strategy said, in order.
    ///
    /// # Errors
    /// As [`StrategyRunner::run`].
    fn listen(
        &self,
        inputs: &EngineInputs,
        request: &RunRequest,
        trial: &Trial,
    ) -> Result<(TrialRun, Vec<Statement>), TrialError>;
}
