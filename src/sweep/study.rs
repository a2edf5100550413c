//! What all windows of a study share, and how one trial of it runs on one window.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Ranker;
use super::accounts::joined;
use super::outcome::{DailyReturns, MetricValues, RowShape, TrialResult, TrialRow};
use super::rank::RankKey;
use super::run::{TrialEvaluator, TrialSource};
use super::side_by_side;
use crate::cache::{self, CacheError, CachePlan, CacheReport, IndicatorCache};
use crate::engine::{self, Clock, EngineInputs, RunRequest, StrategyRunner, TrialRun, WindowEnd};
use crate::metrics::{self, METRIC_COUNT, MetricCalendar, MetricId, MetricScratch, Metrics};
use crate::search::objective::total_violation;
use crate::search::{Objective, Requirement, Sampler};
use crate::types::{Calendar, ParamError, StepRange, Trial, TrialError, TrialId};

/// Strategy, market, settings and aim of a study.
#[derive(Clone)]
pub struct Study {
    /// The strategy.
    pub runner: Arc<dyn StrategyRunner>,
    /// Market, engine settings and seed; its cache is replaced batch by batch.
    pub inputs: EngineInputs,
    /// Whether all trials meet the same random numbers (`engine_seed: common`).
    pub common_random: bool,
    /// What is sought.
    pub objective: Objective,
    /// What a trial must meet.
    pub requirements: Vec<Requirement>,
    /// Calendar of the daily returns.
    pub calendar: Calendar,
    /// Trading days in a year.
    pub periods_per_year: u32,
    /// The engine's clock.
    pub clock: Clock,
    /// Whether every trial runs under both clocks and must give the same bits.
    pub check_candidates: bool,
    /// Bytes that shared series may take; `None` = no limit.
    pub cache_budget: Option<u64>,
    /// Whether rows come with their daily returns.
    pub keep_returns: bool,
    /// The series of the latest batch, for the next one and for the next window.
    pub latest: LatestCache,
}

/// The cache of the latest batch, shared by all windows of a study.
#[derive(Debug, Clone, Default)]
pub struct LatestCache(Arc<Mutex<Option<Arc<IndicatorCache>>>>);

impl LatestCache {
    fn get(&self) -> Option<Arc<IndicatorCache>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, cache: &Arc<IndicatorCache>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(cache));
    }
}

impl std::fmt::Debug for Study {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Study").field("strategy", &self.runner.name()).finish_non_exhaustive()
    }
}

impl Study {
    /// Whether a parameter set can trade at all; the reason when it cannot.
    pub fn infeasible(&self, trial: &Trial) -> Option<String> {
        match self.runner.plan(trial, &self.inputs.data, &mut CachePlan::default()) {
            Err(ParamError::Infeasible { reason }) => Some(reason),
            _ => None,
        }
    }

    /// The series some trials need, computed.
    ///
    /// # Errors
    /// When they do not fit the memory budget.
    pub fn cache_for(&self, trials: &[Trial]) -> Result<Arc<IndicatorCache>, CacheError> {
        self.build(&self.plan(trials))
    }

    /// A finished cache; what the latest one holds is taken over.
    fn build(&self, plan: &CachePlan) -> Result<Arc<IndicatorCache>, CacheError> {
        let latest = self.latest.get();
        let cache = Arc::new(cache::build(plan, &self.inputs.data, latest.as_deref(), self.cache_budget)?);
        self.latest.set(&cache);
        Ok(cache)
    }

    fn plan(&self, trials: &[Trial]) -> CachePlan {
        let mut plan = CachePlan::default();
        for trial in trials {
            // A set that cannot be planned says so again, as a failed trial, when it runs.
            let _ = self.runner.plan(trial, &self.inputs.data, &mut plan);
        }
        plan
    }
}

/// The points of a sampler without those the strategy declares infeasible: they are excluded like those a constraint
/// excludes, keeping their ids.
#[derive(Debug)]
pub struct FeasibleTrials<'a, S: ?Sized> {
    /// The points.
    pub sampler: &'a S,
    /// Who knows what is feasible.
    pub study: &'a Study,
}

impl<S: Sampler + ?Sized> TrialSource for FeasibleTrials<'_, S> {
    fn positions(&self) -> u64 {
        self.sampler.positions()
    }

    fn trial_at(&self, position: u64) -> Option<Trial> {
        self.sampler.trial_at(position).filter(|trial| self.study.infeasible(trial).is_none())
    }
}

/// Use of the shared series and of the clock by one process.
#[derive(Debug, Default)]
struct CacheUse {
    requests: AtomicU64,
    computed: AtomicU64,
    peak_bytes: AtomicU64,
    stepped: AtomicU64,
}

/// A study on one window: runs trials for the sweep, and single ones for whoever wants all their trades.
#[derive(Debug)]
pub struct WindowEvaluator<'a> {
    study: &'a Study,
    window: StepRange,
    fold: u32,
    window_end: WindowEnd,
    calendar: Arc<MetricCalendar>,
    days: Mutex<Option<Arc<[i32]>>>,
    used: CacheUse,
    /// Runs so far and the bytes of all of them. They decide how many run side by side, which shows in no result.
    runs: AtomicUsize,
    run_bytes: AtomicUsize,
}

impl<'a> WindowEvaluator<'a> {
    /// On the steps of `window`; `fold` is part of every random address.
    pub fn new(study: &'a Study, window: StepRange, fold: u32, window_end: WindowEnd) -> Self {
        let timeline = study.inputs.data.timeline();
        let calendar = MetricCalendar::new(timeline, window, study.calendar, study.periods_per_year);
        let calendar = Arc::new(calendar);
        Self {
            study,
            window,
            fold,
            window_end,
            calendar,
            days: Mutex::new(None),
            used: CacheUse::default(),
            runs: AtomicUsize::new(0),
            run_bytes: AtomicUsize::new(0),
        }
    }

    /// Days and weeks of the window.
    pub fn calendar(&self) -> &MetricCalendar {
        &self.calendar
    }

    /// Use of the shared series so far; `bytes` is the peak.
    pub fn cache_report(&self) -> CacheReport {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (requests, computed) = (read(&self.used.requests), read(&self.used.computed));
        CacheReport {
            requests,
            computed,
            hits: requests.saturating_sub(computed),
            bytes: read(&self.used.peak_bytes),
            ..CacheReport::default()
        }
    }

    /// Steps the clock stopped on, of all trials evaluated so far.
    pub fn bars_stepped(&self) -> u64 {
        self.used.stepped.load(Ordering::Relaxed)
    }

    /// Runs one trial and returns everything it did.
    ///
    /// # Errors
    /// When the parameters cannot run or the engine refuses to go on.
    pub fn simulate(&self, cache: &Arc<IndicatorCache>, trial: &Trial) -> Result<TrialRun, TrialError> {
        let run = self.simulate_with(cache, trial, self.study.clock)?;
        if self.study.check_candidates {
            let other = match self.study.clock {
                Clock::EveryBar => Clock::Skipping,
                Clock::Skipping => Clock::EveryBar,
            };
            if let Some(what) = first_difference(&run, &self.simulate_with(cache, trial, other)?) {
                return Err(TrialError::Engine(format!(
                    "{what} differ when bars outside the candidates of {} are skipped: its `candidates` must hold \
                     every bar it can speak on",
                    self.study.runner.name()
                )));
            }
        }
        Ok(run)
    }

    fn simulate_with(
        &self,
        cache: &Arc<IndicatorCache>,
        trial: &Trial,
        clock: Clock,
    ) -> Result<TrialRun, TrialError> {
        self.study.runner.run(&self.inputs(cache), &self.request(trial, clock), trial)
    }

    fn inputs(&self, cache: &Arc<IndicatorCache>) -> EngineInputs {
        EngineInputs { cache: Arc::clone(cache), ..self.study.inputs.clone() }
    }

    fn inputs_for_figures(&self, cache: &Arc<IndicatorCache>) -> EngineInputs {
        self.inputs(cache).for_figures(Arc::clone(&self.calendar))
    }

    fn request(&self, trial: &Trial, clock: Clock) -> RunRequest {
        RunRequest {
            window: self.window,
            fold: self.fold,
            repeat: 0,
            random_id: if self.study.common_random { TrialId(0) } else { trial.id },
            clock,
            window_end: self.window_end,
        }
    }

    /// The metrics of a run of this window; of several accounts, joined as the objective asks.
    pub fn measure(&self, run: &TrialRun) -> Metrics {
        self.joined(run, &self.measure_accounts(run))
    }

    /// The metrics of every account of a run that has several, else none.
    fn measure_accounts(&self, run: &TrialRun) -> Vec<Metrics> {
        run.parts.iter().map(|part| self.measure_one(part)).collect()
    }

    fn joined(&self, run: &TrialRun, accounts: &[Metrics]) -> Metrics {
        if accounts.is_empty() { self.measure_one(run) } else { joined(accounts, &self.study.objective) }
    }

    fn measure_one(&self, run: &TrialRun) -> Metrics {
        thread_local! {
            static SCRATCH: RefCell<MetricScratch> = RefCell::default();
        }
        SCRATCH.with_borrow_mut(|scratch| metrics::compute(&run.facts(), &self.calendar, scratch))
    }

    /// What a run comes to under the study's objective and requirements.
    pub fn result(&self, run: &TrialRun) -> TrialResult {
        let accounts = self.measure_accounts(run);
        let metrics = self.joined(run, &accounts);
        let value = |id: MetricId| metrics.get(id);
        let values: Vec<_> = accounts.iter().map(|account| |id: MetricId| account.get(id)).collect();
        let parts: Vec<&dyn Fn(MetricId) -> Option<f64>> = values.iter().map(|value| value as _).collect();
        let violation = total_violation(&self.study.requirements, value, &parts);
        TrialResult {
            metrics: MetricValues::new(metrics.iter().map(|(_, value)| value)),
            trades_digest: run.booked.digest(),
            objectives: [self.study.objective.score(value)].into(),
            feasible: violation == 0.0,
            violation,
            pruned_at: None,
            reason: None,
            duplicate_of: None,
            daily_returns: self.study.keep_returns.then(|| self.daily_returns(run)),
            bars: run.bars,
            folds: Vec::new(),
        }
    }

    /// Steps of a run, times symbols.
    fn steps(&self) -> usize {
        self.window.len().max(1) * self.study.inputs.data.symbols().len().max(1)
    }

    /// The result of a run that nobody needs any more.
    fn used_up(&self, run: TrialRun) -> TrialResult {
        self.used.stepped.fetch_add(run.bars_stepped, Ordering::Relaxed);
        self.run_bytes.fetch_add(run.bytes(), Ordering::Relaxed);
        self.runs.fetch_add(1, Ordering::Relaxed);
        let result = self.result(&run);
        engine::recycle(run);
        result
    }

    fn daily_returns(&self, run: &TrialRun) -> DailyReturns {
        let (days, returns) =
            metrics::dated_returns(&run.facts(), &self.calendar, &mut MetricScratch::default());
        let days: Vec<i32> =
            days.into_iter().map(|day| i32::try_from(day).expect("a day of this age")).collect();
        let mut shared = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        let days = match &*shared {
            Some(known) if **known == *days => Arc::clone(known),
            _ => Arc::clone(shared.insert(days.into())),
        };
        DailyReturns { days, returns: returns.into() }
    }
}

/// What differs in any bit between two runs of one trial; `None` when nothing does.
fn first_difference(a: &TrialRun, b: &TrialRun) -> Option<&'static str> {
    let bits = |run: &TrialRun| -> Vec<(u32, u64, u64)> {
        run.curve.points().map(|p| (p.step, p.cash.to_bits(), p.equity.to_bits())).collect()
    };
    let profits = |run: &TrialRun| {
        let figures = [run.profit_net_worst, run.profit_net_best, run.break_even_cost_multiplier];
        figures.map(|figure| figure.map(f64::to_bits))
    };
    let checks = [
        (a.booked.digest() == b.booked.digest(), "trades"),
        (bits(a) == bits(b) && a.curve.end() == b.curve.end(), "equity curves"),
        (a.final_cash.to_bits() == b.final_cash.to_bits(), "final balances"),
        (a.bars_in_position == b.bars_in_position, "bars in position"),
        ((a.still_open, a.still_pending) == (b.still_open, b.still_pending), "orders left at the end"),
        ((a.rejected, a.rejected_at_trigger) == (b.rejected, b.rejected_at_trigger), "rejections"),
        ((a.expired, a.unfilled_at_end) == (b.expired, b.unfilled_at_end), "unfilled orders"),
        (a.ruined == b.ruined, "ruin flags"),
        (a.ambiguous_exits == b.ambiguous_exits, "shares of ambiguous exits"),
        (profits(a) == profits(b), "profits by the rule for both levels"),
        (a.parts.len() == b.parts.len(), "accounts"),
    ];
    let own = checks.into_iter().find(|(same, _)| !same).map(|(_, what)| what);
    own.or_else(|| a.parts.iter().zip(&b.parts).find_map(|(a, b)| first_difference(a, b)))
}

impl TrialEvaluator for WindowEvaluator<'_> {
    type Plan = CachePlan;
    type Batch = Arc<IndicatorCache>;
    type Error = CacheError;

    fn shape(&self) -> RowShape {
        RowShape { metrics: METRIC_COUNT, objectives: 1 }
    }

    fn plan(&self, trials: &[Trial]) -> Result<CachePlan, CacheError> {
        Ok(self.study.plan(trials))
    }

    fn build(
        &self,
        plan: CachePlan,
        _previous: Option<&Arc<IndicatorCache>>,
    ) -> Result<Arc<IndicatorCache>, CacheError> {
        // The study itself keeps the latest cache, so that the next window has it too.
        let cache = self.study.build(&plan)?;
        let report = cache.report();
        self.used.requests.fetch_add(report.requests, Ordering::Relaxed);
        self.used.computed.fetch_add(report.computed, Ordering::Relaxed);
        self.used.peak_bytes.fetch_max(report.bytes, Ordering::Relaxed);
        Ok(cache)
    }

    fn evaluate(&self, cache: &Arc<IndicatorCache>, trial: &Trial) -> Result<TrialResult, TrialError> {
        if self.study.check_candidates {
            return Ok(self.used_up(self.simulate(cache, trial)?));
        }
        let request = self.request(trial, self.study.clock);
        Ok(self.used_up(self.study.runner.run(&self.inputs_for_figures(cache), &request, trial)?))
    }

    fn side_by_side(&self) -> usize {
        if self.study.check_candidates {
            return 1;
        }
        let runs = self.runs.load(Ordering::Relaxed);
        let bytes = (runs > 0).then(|| self.run_bytes.load(Ordering::Relaxed) / runs);
        side_by_side::group(self.steps(), bytes)
    }

    fn neighbourhood(&self) -> usize {
        side_by_side::neighbourhood(self.steps())
    }

    fn neighbours(&self, trials: &[Trial]) -> Vec<usize> {
        let mut places: Vec<usize> = (0..trials.len()).collect();
        // What all run side by side is read by all of them in any order.
        if trials.len() > self.side_by_side() {
            let plan = |place: usize| self.study.plan(std::slice::from_ref(&trials[place]));
            places.sort_by_cached_key(|&place| plan(place).reading_list());
        }
        places
    }

    fn evaluate_together(
        &self,
        cache: &Arc<IndicatorCache>,
        trials: &[Trial],
    ) -> Vec<Result<TrialResult, TrialError>> {
        let requests: Vec<_> = trials.iter().map(|trial| self.request(trial, self.study.clock)).collect();
        let mut results = Vec::with_capacity(trials.len());
        let mut done = |run: Result<TrialRun, TrialError>| results.push(run.map(|run| self.used_up(run)));
        let inputs = self.inputs_for_figures(cache);
        self.study.runner.run_together(&inputs, &requests, trials, &mut done);
        results
    }
}

/// Ranks rows by a study's objective (`search.md` section 5).
#[derive(Debug, Clone)]
pub struct ObjectiveRanker(pub Objective);

impl Ranker for ObjectiveRanker {
    type Key = RankKey;

    fn key(&self, row: &TrialRow) -> RankKey {
        let value = |id: MetricId| row.metrics.get(id.index());
        RankKey {
            status: row.status,
            violation: row.violation.unwrap_or(0.0),
            pruned_at: row.pruned_at,
            front: None,
            objective: self.0.oriented(row.objectives.first().copied().flatten()),
            tie_breaks: self.0.tie_breaks(value),
            trial_id: row.trial.id,
        }
    }
}
