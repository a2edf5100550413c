//! Every registered strategy with random parameters and settings on random markets with holes, all from one number.

use std::sync::Arc;

use omega_sweep::cache::{self, CachePlan};
use omega_sweep::data::synthetic::{GenerateSettings, GeneratedLength, GeneratedSymbol, generate};
use omega_sweep::data::{AlignmentSettings, BarSeries, HigherBars, MultiSymbolData, SymbolBars, in_memory};
use omega_sweep::engine::{
    Clock, EngineInputs, EngineSettings, Registry, RunRequest, StrategyRunner, TrialRun, WindowEnd,
};
use omega_sweep::strategy::RuleStrategy;
use omega_sweep::types::{
    MasterSeed, ParamDomain, ParamError, ParamSet, ParamSpec, ParamValue, StepRange, Timeframe, Timestamp,
    Trial, TrialError, TrialId,
};
use serde_json::json;

use super::engine_cases::{self, Dice};

/// Everything that comes with the program, and a strategy written as rules.
pub(crate) fn registry() -> Registry {
    let rules = json!({
        "let": {"r": "rsi(close, 9)"},
        "long": "crosses_above(r, 30)", "short": "r < 70 and prev(r, 1) >= 70",
        "exit_long": "crosses_above(r, 55)", "exit_short": "crosses_below(r, 45)",
        "stop_distance": "atr(14) * 2", "target_distance": "atr(14) * 3",
    });
    let rules = RuleStrategy::from_json("rules", &rules).unwrap_or_else(|errors| panic!("{}", errors[0]));
    Registry::builtin().with(rules)
}

/// One trial of one strategy with the windows it is run on.
pub(crate) struct StrategyCase {
    runner: Arc<dyn StrategyRunner>,
    inputs: EngineInputs,
    trial: Trial,
    /// The whole range, then walk-forward windows.
    pub(crate) windows: Vec<StepRange>,
    window_end: WindowEnd,
}

impl StrategyCase {
    /// One, three or five symbols; parameters that cannot trade are drawn again.
    pub(crate) fn new(runner: &Arc<dyn StrategyRunner>, seed: u64) -> Self {
        let mut drawn = (0..20).filter_map(|again| Self::drawn(runner, seed + 1_000_003 * again).ok());
        drawn.next().unwrap_or_else(|| panic!("{} finds no parameters that can trade", runner.name()))
    }

    fn drawn(runner: &Arc<dyn StrategyRunner>, seed: u64) -> Result<Self, ParamError> {
        let mut dice = Dice::new(seed);
        let symbols = dice.pick(&[1, 3, 5]);
        let bars = 600 + dice.below(1200);
        let data = Arc::new(market(&mut dice, symbols, bars));
        let trial = Trial { id: TrialId(seed), params: params(&mut dice, runner.params()) };
        let mut plan = CachePlan::default();
        runner.plan(&trial, &data, &mut plan)?;
        let cache = cache::build(&plan, &data, None, None).unwrap_or_else(|error| panic!("{error}"));
        let settings = settings(&mut dice, runner.params());
        let windows = windows(&mut dice, data.steps());
        let inputs = EngineInputs::new(data, Arc::new(cache), Arc::new(settings), MasterSeed(seed));
        let window_end = dice.pick(&[WindowEnd::EndOfRun, WindowEnd::Close]);
        Ok(Self { runner: Arc::clone(runner), inputs, trial, windows, window_end })
    }

    /// Runs one window.
    pub(crate) fn run(&self, place: usize, clock: Clock) -> Result<TrialRun, TrialError> {
        let request = RunRequest {
            window: self.windows[place],
            fold: u32::try_from(place).expect("a few windows"),
            repeat: 0,
            random_id: self.trial.id,
            clock,
            window_end: self.window_end,
        };
        self.runner.run(&self.inputs, &request, &self.trial)
    }

    /// What is run, for messages.
    pub(crate) fn describe(&self) -> String {
        format!("{} {:?} {:?}", self.runner.name(), self.trial, self.windows)
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
        .map(|one| SymbolBars::new(one.spec, if symbols == 1 { one.bars } else { holed(dice, &one.bars) }))
        .collect();
    for (timeframe, share) in [(Timeframe::H1, 4), (Timeframe::H4, 16), (Timeframe::D1, 96)] {
        for (symbol, higher) in all.iter_mut().zip(made(timeframe, bars / share + 1)) {
            symbol.higher.push(HigherBars::from_file(higher.bars));
        }
    }
    in_memory(Timeframe::M15, all, AlignmentSettings::default()).unwrap_or_else(|error| panic!("{error}"))
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
