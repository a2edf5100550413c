//! Every registered strategy with random parameters and settings on random markets with holes, all from one number.

use std::sync::Arc;

use omega_sweep::cache::{self, CachePlan};
use omega_sweep::data::synthetic::{GenerateSettings, GeneratedLength, GeneratedSymbol, generate};
use omega_sweep::data::{
    AlignmentSettings, BarSeries, HigherBars, MultiSymbolData, PriceColumns, SymbolBars, in_memory,
};
use omega_sweep::engine::settings::Accounts;
use omega_sweep::engine::{
    Clock, EngineInputs, EngineSettings, Outcome, RunRequest, StrategyRunner, TrialRun, WindowEnd,
};
use omega_sweep::metrics::MetricCalendar;
use omega_sweep::strategy::Scope;
use omega_sweep::types::{
    MasterSeed, ParamDomain, ParamError, ParamSet, ParamSpec, ParamValue, StepRange, Timeframe, Timestamp,
    Trial, TrialError, TrialId,
};

use super::engine_cases::{self, Dice, Recorder};
use super::watched::Watched;

/// One parameter set of one strategy with the windows it is run on.
pub(crate) struct StrategyCase<'a> {
    subject: &'a dyn Watched,
    inputs: EngineInputs,
    params: ParamSet,
    /// The whole range, then walk-forward windows.
    pub(crate) windows: Vec<StepRange>,
    window_end: WindowEnd,
    seed: u64,
}

impl<'a> StrategyCase<'a> {
    /// One, three or five symbols; parameters that cannot trade are drawn again.
    pub(crate) fn new(subject: &'a dyn Watched, seed: u64) -> Self {
        let mut drawn = (0..20).filter_map(|again| Self::drawn(subject, seed + 1_000_003 * again).ok());
        drawn.next().unwrap_or_else(|| panic!("{} finds no parameters that can trade", subject.label()))
    }

    fn drawn(subject: &'a dyn Watched, seed: u64) -> Result<Self, ParamError> {
        let mut dice = Dice::new(seed);
        let symbols = dice.pick(&[1, 3, 5]);
        let bars = 600 + dice.below(1200);
        let data = Arc::new(market(&mut dice, symbols, bars));
        let params = params(&mut dice, subject.declared());
        let mut plan = CachePlan::default();
        subject.series(&params, &data, &mut plan)?;
        let cache = cache::build(&plan, &data, None, None).unwrap_or_else(|error| panic!("{error}"));
        let settings = settings(&mut dice, subject.declared());
        let windows = windows(&mut dice, data.steps());
        let inputs = EngineInputs::new(data, Arc::new(cache), Arc::new(settings), MasterSeed(seed));
        let window_end = dice.pick(&[WindowEnd::EndOfRun, WindowEnd::Close]);
        Ok(Self { subject, inputs, params, windows, window_end, seed })
    }

    /// The market.
    pub(crate) fn data(&self) -> &MultiSymbolData {
        &self.inputs.data
    }

    /// Runs one window.
    pub(crate) fn run(&self, place: usize, clock: Clock) -> Result<Outcome<Recorder>, String> {
        let request = RunRequest {
            window: self.windows[place],
            fold: u32::try_from(place).expect("a few windows"),
            repeat: 0,
            random_id: TrialId(self.seed),
            clock,
            window_end: self.window_end,
        };
        self.subject.watch(&self.inputs, &request, &self.params)
    }

    /// What is run, for messages.
    pub(crate) fn describe(&self) -> String {
        format!("{} seed {} {:?} {:?}", self.subject.label(), self.seed, self.params, self.windows)
    }
}

/// Several parameter sets of one strategy on one market, for runs side by side.
pub(crate) struct GroupCase {
    runner: Arc<dyn StrategyRunner>,
    inputs: EngineInputs,
    requests: Vec<RunRequest>,
    trials: Vec<Trial>,
}

impl GroupCase {
    /// Two to six sets that can trade; one market in four is longer than any stretch a group walks at once.
    pub(crate) fn new(runner: &Arc<dyn StrategyRunner>, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let (symbols, bars) = if dice.one_in(4) { (1, 9_000) } else { (dice.pick(&[1, 3, 5]), 1_700) };
        let data = Arc::new(market(&mut dice, symbols, bars));
        let mut settings = settings(&mut dice, runner.params());
        if dice.one_in(4) && runner.scope() == Scope::PerSymbol {
            settings.accounts = Accounts::PerSymbol;
        }
        let start = dice.below(300);
        let (mut plan, mut trials, mut requests) = (CachePlan::default(), Vec::new(), Vec::new());
        let most = 2 + dice.below(5);
        for id in 0..20 {
            let trial = Trial { id: TrialId(id), params: params(&mut dice, runner.params()) };
            if trials.len() == most || runner.plan(&trial, &data, &mut plan).is_err() {
                continue;
            }
            requests.push(RunRequest {
                window: StepRange { start, end: data.steps() },
                fold: 0,
                repeat: 0,
                random_id: trial.id,
                clock: Clock::Skipping,
                window_end: WindowEnd::EndOfRun,
            });
            trials.push(trial);
        }
        let cache = cache::build(&plan, &data, None, None).unwrap_or_else(|error| panic!("{error}"));
        let inputs = EngineInputs::new(data, Arc::new(cache), Arc::new(settings), MasterSeed(seed));
        Self { runner: Arc::clone(runner), inputs, requests, trials }
    }

    /// The market.
    pub(crate) fn data(&self) -> &MultiSymbolData {
        &self.inputs.data
    }

    /// The steps of every set.
    pub(crate) fn window(&self) -> StepRange {
        self.requests.first().map_or(StepRange { start: 0, end: 0 }, |request| request.window)
    }

    /// All sets side by side; for their figures over a calendar's window alone, if there is one.
    pub(crate) fn together(
        &self,
        calendar: Option<&Arc<MetricCalendar>>,
    ) -> Vec<Result<TrialRun, TrialError>> {
        let inputs = EngineInputs { figures: calendar.cloned(), ..self.inputs.clone() };
        let mut runs = Vec::with_capacity(self.trials.len());
        self.runner.run_together(&inputs, &self.requests, &self.trials, &mut |run| runs.push(run));
        runs
    }

    /// Every set alone, on every bar.
    pub(crate) fn alone(&self) -> Vec<Result<TrialRun, TrialError>> {
        let every = |request: &RunRequest| RunRequest { clock: Clock::EveryBar, ..*request };
        let sets = self.requests.iter().zip(&self.trials);
        sets.map(|(request, trial)| self.runner.run(&self.inputs, &every(request), trial)).collect()
    }
}

/// Random settings of either profile; a holding time is left to strategies that bring one.
fn settings(dice: &mut Dice, params: &[ParamSpec]) -> EngineSettings {
    let mut settings = engine_cases::settings(dice);
    if params.iter().any(|spec| spec.name == "max_holding_minutes") {
        settings.management.max_holding_minutes = None;
    }
    settings
}

/// The whole range, and three windows that follow one another.
fn windows(dice: &mut Dice, steps: usize) -> Vec<StepRange> {
    let warmup = dice.below(300);
    let third = (steps - warmup) / 3;
    let window = |k: usize| StepRange { start: warmup + k * third, end: warmup + (k + 1) * third };
    [StepRange { start: dice.below(50), end: steps }].into_iter().chain((0..3).map(window)).collect()
}

/// M15 bars with H1, H4 and D1 beside them; several symbols lack bars here and there, and one stretch of them.
fn market(dice: &mut Dice, symbols: usize, bars: usize) -> MultiSymbolData {
    let names = ["EURUSD", "USDJPY", "XAUUSD", "GBPUSD", "AUDUSD"];
    let seed = dice.below(1 << 30) as u64;
    let made = |timeframe: Timeframe, bars: usize| -> Vec<GeneratedSymbol> {
        let settings = GenerateSettings {
            seed,
            symbols: names[..symbols].iter().map(|name| (*name).to_owned()).collect(),
            timeframe,
            from: Timestamp(1_672_531_200_000_000),
            length: GeneratedLength::Bars(bars),
        };
        generate(&settings).unwrap_or_else(|error| panic!("{error}"))
    };
    let mut all: Vec<SymbolBars> = made(Timeframe::M15, bars)
        .into_iter()
        .map(|GeneratedSymbol { spec, bars }| {
            let bars = if dice.one_in(3) { bars } else { roughened(dice, &bars, spec.tick_size) };
            SymbolBars::new(spec, if symbols == 1 { bars } else { holed(dice, &bars) })
        })
        .collect();
    for (timeframe, share) in [(Timeframe::H1, 4), (Timeframe::H4, 16), (Timeframe::D1, 96)] {
        for (symbol, higher) in all.iter_mut().zip(made(timeframe, bars / share + 1)) {
            symbol.higher.push(HigherBars::from_file(higher.bars));
        }
    }
    in_memory(Timeframe::M15, all, AlignmentSettings::default()).unwrap_or_else(|error| panic!("{error}"))
}

/// The bars with jumps of the price, shocks inside a bar and stretches on which nothing moves; on a coarse grid of prices
/// now and then, so that many bars end at the same ones.
fn roughened(dice: &mut Dice, bars: &BarSeries, tick: f64) -> BarSeries {
    let (mut bid, mut ask) = (PriceColumns::clone(bars.bid()), PriceColumns::clone(bars.ask()));
    let grid = dice.pick(&[1.0, 1.0, 20.0]) * tick;
    let jump = |dice: &mut Dice| (dice.below(160) as f64 - 80.0) * tick;
    let (mut shift, mut still) = (0.0, 0);
    for row in 0..bars.len() {
        let before = row.checked_sub(1).map(|before| (bid.close[before], ask.close[before]));
        if still == 0 && dice.one_in(60) {
            still = 3 + dice.below(40);
        }
        shift += if dice.one_in(40) { jump(dice) } else { 0.0 };
        let shock = if dice.one_in(50) { jump(dice) } else { 0.0 };
        for (columns, flat) in [(&mut bid, before.map(|b| b.0)), (&mut ask, before.map(|b| b.1))] {
            for column in columns.columns_mut() {
                column[row] = ((column[row] + shift) / grid).round() * grid;
            }
            columns.high[row] = columns.high[row].max(columns.high[row] + shock);
            columns.low[row] = columns.low[row].min(columns.low[row] + shock);
            if let Some(price) = flat.filter(|_| still > 0) {
                columns.columns_mut().into_iter().for_each(|column| column[row] = price);
            }
        }
        still = still.saturating_sub(1);
    }
    let (times, volume) = (bars.times().to_vec(), bars.volume().to_vec());
    BarSeries::new(bars.timeframe(), times, Arc::new(bid), Arc::new(ask), volume)
}

fn holed(dice: &mut Dice, bars: &BarSeries) -> BarSeries {
    let gone = dice.below(bars.len());
    let stretch = gone..gone + dice.below(80);
    let kept: Vec<usize> = (0..bars.len()).filter(|row| !stretch.contains(row) && !dice.one_in(9)).collect();
    bars.select(&kept)
}

fn params(dice: &mut Dice, specs: &[ParamSpec]) -> ParamSet {
    let chosen: Vec<ParamValue> = specs.iter().map(|spec| value(dice, spec)).collect();
    ParamSet::new(specs.iter().map(|spec| Arc::from(&*spec.name)).collect(), chosen)
}

/// A value in the neighbourhood of the default, or any word or switch.
fn value(dice: &mut Dice, spec: &ParamSpec) -> ParamValue {
    let words = |dice: &mut Dice, words: &[&'static str]| ParamValue::text(dice.pick(words));
    let default = spec.default.clone().expect("built-ins have defaults");
    match &*spec.name {
        "htf_tf" => return words(dice, &["NONE", "H1", "D1"]),
        "extra_htf_tf" => return words(dice, &["NONE", "AUTO", "H1"]),
        "enabled_scenarios" => {
            return ParamValue::List([ParamValue::Int(1 + dice.below(5) as i64)].into());
        }
        _ => {}
    }
    if spec.nullable && dice.one_in(5) {
        return ParamValue::Null;
    }
    let factor = dice.pick(&[0.4, 0.7, 1.0, 1.0, 1.5]);
    let near = default.as_f64().unwrap_or(20.0) * factor;
    let chosen = match &spec.domain {
        #[expect(clippy::cast_possible_truncation, reason = "small numbers")]
        ParamDomain::Int { min, max } => ParamValue::Int((near as i64).clamp(*min, *max)),
        ParamDomain::Float { min, max, .. } => ParamValue::Float(near.clamp(*min, *max)),
        ParamDomain::Bool => ParamValue::Bool(dice.one_in(2)),
        ParamDomain::Choice(allowed) => ParamValue::text(&allowed[dice.below(allowed.len())]),
        ParamDomain::IntList { .. } | ParamDomain::TextList(_) | ParamDomain::Object => default.clone(),
    };
    if spec.check(&chosen).is_ok() { chosen } else { default }
}
