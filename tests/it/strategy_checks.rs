//! The checks for look-ahead and warm-up find what they look for, and nothing in the built-ins.

use std::sync::Arc;

use omega_sweep::cache::IndicatorCache;
use omega_sweep::data::assemble::{HigherBars, SymbolBars, in_memory};
use omega_sweep::data::settings::AlignmentSettings;
use omega_sweep::data::{BarSeries, MultiSymbolData, Ohlc, PriceColumns, synthetic};
use omega_sweep::engine::{
    Clock, EngineInputs, EngineSettings, Leak, Leaked, LookaheadSearch, Registered, Registry, RunRequest,
    StrategyRunner, WindowEnd, find_lookahead, history_difference,
};
use omega_sweep::strategy::{
    AccountView, BarView, BindContext, Level, RuleStrategy, Signals, Strategy, StrategyDef, TradeSignal,
    complete,
};
use omega_sweep::types::{
    Direction, MasterSeed, ParamError, ParamSet, ParamValue, StepRange, SymbolId, Timeframe, Trial, TrialId,
};
use serde_json::json;

/// Two symbols on M15 with H1 and H4 bars made of them.
pub(crate) fn market() -> Arc<MultiSymbolData> {
    let plain = synthetic::market(21, &["EURUSD", "GBPUSD"], Timeframe::M15, 3_000);
    let with_higher = |symbol: &omega_sweep::data::SymbolSeries| SymbolBars {
        spec: symbol.spec.clone(),
        primary: BarSeries::clone(&symbol.bars),
        higher: [Timeframe::H1, Timeframe::H4]
            .map(|timeframe| HigherBars::from_file(joined(&symbol.bars, timeframe)))
            .into(),
    };
    let symbols = plain.symbols().iter().map(with_higher).collect();
    Arc::new(in_memory(Timeframe::M15, symbols, AlignmentSettings::default()).expect("bars"))
}

fn joined(bars: &BarSeries, timeframe: Timeframe) -> BarSeries {
    let length = timeframe.micros();
    let mut times: Vec<i64> = Vec::new();
    let (mut bid, mut ask) = (PriceColumns::default(), PriceColumns::default());
    for (row, &time) in bars.times().iter().enumerate() {
        let new = times.last() != Some(&(time - time.rem_euclid(length)));
        if new {
            times.push(time - time.rem_euclid(length));
        }
        for (columns, bar) in [(&mut bid, bars.bid().at(row)), (&mut ask, bars.ask().at(row))] {
            join(columns, bar, new);
        }
    }
    let volume = vec![1.0; times.len()];
    BarSeries::new(timeframe, times, Arc::new(bid), Arc::new(ask), volume)
}

fn join(columns: &mut PriceColumns, bar: Ohlc, new: bool) {
    if new {
        columns.push(bar);
        return;
    }
    let last = columns.len() - 1;
    columns.high[last] = columns.high[last].max(bar.high);
    columns.low[last] = columns.low[last].min(bar.low);
    columns.close[last] = bar.close;
}

fn inputs(data: &Arc<MultiSymbolData>) -> EngineInputs {
    let settings = Arc::new(EngineSettings::realistic());
    EngineInputs::new(Arc::clone(data), Arc::new(IndicatorCache::default()), settings, MasterSeed(9))
}

fn request(data: &MultiSymbolData, start: usize) -> RunRequest {
    RunRequest {
        window: StepRange { start, end: data.steps() },
        fold: 0,
        repeat: 0,
        random_id: TrialId(0),
        clock: Clock::Skipping,
        window_end: WindowEnd::EndOfRun,
    }
}

fn trial<D: StrategyDef>(def: &D, given: &[(&str, ParamValue)]) -> Trial {
    Trial { id: TrialId(0), params: complete(def, given).expect("complete") }
}

fn defaults(runner: &dyn StrategyRunner) -> Trial {
    let (names, values): (Vec<Arc<str>>, Vec<ParamValue>) = runner
        .params()
        .iter()
        .map(|spec| (Arc::from(spec.name.as_ref()), spec.default.clone().expect("built-ins have defaults")))
        .unzip();
    Trial { id: TrialId(0), params: ParamSet::new(names.into(), values) }
}

/// Rules that read everything a rule can read.
fn wide_rules() -> RuleStrategy {
    let rules = json!({
        "let": {"hour": "tf('H1', ema(close, 5) - prev(close, 1))", "other": "symbol('GBPUSD', roc(close, 4))"},
        "long": "hour > 0 and other > 0 and crosses_above(close, tf('H1', sum(close, 3)) / 3)",
        "short": "hour < 0 and not other > 0 and bars_since(close > prev(highest(high, 20), 1)) > 5 and close < sma(open, 9)",
        "exit_long": "tf('H1', close < prev(close, 1))", "exit_short": "between_times('12:00', '13:00')",
        "stop": "entry - side * 3 * atr(14)", "target": "entry + 2 * (entry - stop)",
    });
    RuleStrategy::from_json("rules", &rules).unwrap_or_else(|errors| panic!("{}", errors[0]))
}

const SEARCH: LookaheadSearch = LookaheadSearch { instants: 25, before: 1_500, after: 500 };

/// Buys when the next bar will rise: what the check is for.
#[derive(Debug, Clone, Copy)]
struct Clairvoyant;

#[derive(Debug)]
struct Foresight {
    symbol: SymbolId,
    rises: Vec<bool>,
}

impl StrategyDef for Clairvoyant {
    type Bound = Foresight;

    fn name(&self) -> &'static str {
        "clairvoyant"
    }

    fn help(&self) -> &'static str {
        "Knows the next bar."
    }

    fn bind(
        &self,
        _: &ParamSet,
        context: &BindContext<'_>,
        _: &IndicatorCache,
    ) -> Result<Foresight, ParamError> {
        let close = &context.data.symbol(context.symbol).bars.bid().close;
        let rises = close.windows(2).map(|pair| pair[1] > pair[0] + 0.0002).chain([false]).collect();
        Ok(Foresight { symbol: context.symbol, rises })
    }
}

impl Strategy for Foresight {
    fn evaluate(&mut self, bar: &BarView<'_>, account: &AccountView<'_>, out: &mut Signals) {
        if self.rises[bar.row()] && account.is_flat(self.symbol) {
            let (stop, target) = (Level::Distance(0.002), Level::Distance(0.0005));
            out.enter(TradeSignal::market(bar, Direction::Long, stop, target));
        }
    }
}

#[test]
fn no_built_in_and_no_rule_knows_the_future() {
    let data = market();
    let registry = Registry::builtin().with(wide_rules());
    for runner in registry.iter() {
        let trials = [defaults(runner.as_ref())];
        let report = find_lookahead(runner.as_ref(), &trials, &inputs(&data), &request(&data, 300), &SEARCH);
        let report = report.expect("runs");
        assert_eq!(report.leaks, [], "{}", runner.name());
        assert!(report.decisions > 0 && report.instants > 20, "{}: {report:?}", runner.name());
    }
}

#[test]
fn a_strategy_that_reads_the_next_bar_is_caught() {
    let data = market();
    let runner = Registered(Clairvoyant);
    let trials = [trial(&Clairvoyant, &[])];
    let report = find_lookahead(&runner, &trials, &inputs(&data), &request(&data, 300), &SEARCH);
    let leaks = report.expect("runs").leaks;
    let [Leak { known_until, what: Leaked::Decision { bar, .. } }] = leaks.as_slice() else {
        panic!("one finding per trial: {leaks:?}");
    };
    assert!(*bar <= *known_until && *known_until >= data.time(300));
}

#[test]
fn a_long_enough_warm_up_changes_no_trade_and_a_short_one_is_named() {
    let data = market();
    let (inputs, request) = (inputs(&data), request(&data, 1_500));
    for runner in Registry::builtin().with(wide_rules()).iter() {
        let difference =
            history_difference(runner.as_ref(), &defaults(runner.as_ref()), &inputs, &request, 1_300);
        assert_eq!(difference.expect("runs"), None, "{}", runner.name());
    }
    let ema_cross = Registry::builtin().find("ema_cross").expect("built in");
    let slow = defaults(ema_cross.as_ref());
    let difference = history_difference(ema_cross.as_ref(), &slow, &inputs, &request, 20).expect("runs");
    assert!(difference.is_some(), "20 bars cannot fill an average over 100");
}
