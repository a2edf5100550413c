//! Recorded alignment maps, signals and whole runs of the reference strategy (`mean_reversion_z_score.md` section 7).

#![expect(clippy::unwrap_used, reason = "a vector file that is not as recorded ends the test")]

mod runs;

use std::collections::BTreeMap;
use std::sync::Arc;

use omega_sweep::cache::bitmap::is_set;
use omega_sweep::cache::{CachePlan, IndicatorCache};
use omega_sweep::data::align::{HigherTimes, higher_map, nominal_ends};
use omega_sweep::data::assemble::{HigherBars, SymbolBars, in_memory};
use omega_sweep::data::settings::{AlignmentSettings, EntryTimestampMode};
use omega_sweep::data::symbol::SymbolTable;
use omega_sweep::data::{BarSeries, MultiSymbolData, NO_ROW, PriceColumns, SymbolSpec};
use omega_sweep::strategy::builtin::MeanReversionZScore;
use omega_sweep::strategy::builtin::mean_reversion_z_score::{ChainStatus, MeanReversionBound};
use omega_sweep::strategy::{
    AccountView, BarView, BindContext, Candidates, Level, Signal, Signals, Strategy, StrategyDef,
    TradeSignal, complete,
};
use omega_sweep::types::{Direction, ParamError, ParamSet, ParamValue, SymbolId, Timeframe};
use serde_json::Value;

use super::load;

const SYMBOL: SymbolId = SymbolId(0);

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn columns(side: &Value) -> Arc<PriceColumns> {
    let column = |name: &str| numbers(&side[name]);
    Arc::new(PriceColumns {
        open: column("open"),
        high: column("high"),
        low: column("low"),
        close: column("close"),
    })
}

/// The bars of one timeframe; the ask shares the bid's stamps.
fn bars(timeframe: Timeframe, candles: &Value) -> BarSeries {
    let times: Vec<i64> =
        candles["bid"]["t"].as_array().unwrap().iter().map(|t| t.as_i64().unwrap() * 1000).collect();
    let volume = vec![0.0; times.len()];
    BarSeries::new(timeframe, times, columns(&candles["bid"]), columns(&candles["ask"]), volume)
}

/// Every timeframe of a data file, the primary first.
fn timeframes(data: &Value) -> (BarSeries, Vec<BarSeries>) {
    let primary: Timeframe = data["primary"].as_str().unwrap().parse().unwrap();
    let of = |timeframe: Timeframe| bars(timeframe, &data["timeframes"][timeframe.as_str()]);
    let named = data["timeframes"].as_object().unwrap().keys().map(|name| name.parse().unwrap());
    (of(primary), named.filter(|&timeframe| timeframe != primary).map(of).collect())
}

fn alignment(config: &Value) -> AlignmentSettings {
    AlignmentSettings {
        entry_timestamp_mode: match config["entry_timestamp_mode"].as_str() {
            Some("close") => EntryTimestampMode::Close,
            _ => EntryTimestampMode::Open,
        },
        stale_bar_limit_bars: config["stale_bar_limit_bars"]
            .as_u64()
            .map_or(0, |bars| u32::try_from(bars).unwrap()),
        allow_lookahead: config["use_previous_completed_higher_tf"].as_bool() == Some(false),
    }
}

fn market(name: &str, settings: AlignmentSettings) -> MultiSymbolData {
    let file = load("strategy", &format!("data_{name}.json"));
    let (primary, higher) = timeframes(&file);
    let spec = SymbolTable::default().lookup(file["symbol"].as_str().unwrap(), false).unwrap();
    assembled(spec, primary, higher, settings)
}

fn assembled(
    spec: SymbolSpec,
    primary: BarSeries,
    higher: Vec<BarSeries>,
    settings: AlignmentSettings,
) -> MultiSymbolData {
    let timeframe = primary.timeframe();
    let higher = higher.into_iter().map(HigherBars::from_file).collect();
    in_memory(timeframe, vec![SymbolBars { spec, primary, higher }], settings).unwrap()
}

/// `[[index or -1, count], ...]` as one entry per primary bar.
fn run_lengths(runs: &Value) -> Vec<u32> {
    runs.as_array()
        .unwrap()
        .iter()
        .flat_map(|run| {
            let row = u32::try_from(run[0].as_i64().unwrap()).unwrap_or(NO_ROW);
            std::iter::repeat_n(row, usize::try_from(run[1].as_u64().unwrap()).unwrap())
        })
        .collect()
}

#[test]
fn higher_bars_appear_and_go_stale_as_recorded() {
    let file = load("strategy", "alignment.json");
    let mut maps = 0;
    for case in file["cases"].as_array().unwrap() {
        let data = load("strategy", &format!("data_{}.json", case["data"].as_str().unwrap()));
        let (primary, higher) = timeframes(&data);
        let config = &case["alignment"];
        for (name, runs) in case["maps"].as_object().unwrap() {
            let bars = higher.iter().find(|bars| bars.timeframe().as_str() == name).unwrap();
            let close_stamped = config["higher_tf_timestamps_mode"][name].as_str() == Some("close");
            let ends = if close_stamped { bars.times().to_vec() } else { nominal_ends(bars) };
            let times = HigherTimes { timeframe: bars.timeframe(), opens: bars.times(), ends: &ends };
            let map = higher_map(primary.times(), primary.timeframe(), &times, alignment(config));
            assert_eq!(map, run_lengths(runs), "{name} of {config}");
            maps += 1;
        }
    }
    assert!(maps >= 48, "only {maps} maps");
}

fn params(json: &Value) -> Result<ParamSet, ParamError> {
    let given: Vec<(&str, ParamValue)> = json
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.as_str(), ParamValue::from_json(value)))
        .collect();
    complete(&MeanReversionZScore::default(), &given)
}

fn bind(data: &MultiSymbolData, params: &ParamSet) -> MeanReversionBound {
    let (def, context) = (MeanReversionZScore::default(), BindContext { data, symbol: SYMBOL });
    let mut plan = CachePlan::default();
    def.plan(params, &context, &mut plan).unwrap();
    let cache: IndicatorCache = omega_sweep::cache::build(&plan, data, None, None).unwrap();
    def.bind(params, &context, &cache).unwrap()
}

/// Every bar evaluated without a position.
fn evaluate(data: &MultiSymbolData, strategy: &mut MeanReversionBound) -> BTreeMap<usize, TradeSignal> {
    let mut said = BTreeMap::new();
    let mut signals = Signals::default();
    for step in 0..data.steps() {
        signals.clear();
        let bar = BarView::at(data, SYMBOL, step).unwrap();
        strategy.evaluate(&bar, &AccountView::new(&[], 0.0, 0.0), &mut signals);
        for signal in signals.as_slice() {
            let Signal::Enter(trade) = signal else { panic!("no exit signals here") };
            assert!(said.insert(step, *trade).is_none(), "two signals at {step}");
        }
    }
    said
}

fn price(level: Level) -> f64 {
    let Level::Price(price) = level else { panic!("not a price: {level:?}") };
    price
}

fn close_to(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance, "{what}: {found} instead of {expected}");
}

/// Checks one signals file; returns how many signals and probes it held.
fn check_signals(file: &str) -> (usize, usize) {
    let case = load("strategy", file);
    let data = market(case["data"].as_str().unwrap(), alignment(&case["alignment"]));
    let mut strategy = bind(&data, &params(&case["params"]).unwrap());
    let mut said = evaluate(&data, &mut strategy);
    let Candidates::ByPosition { flat, .. } = strategy.candidates() else { panic!("masks") };
    assert!(said.keys().all(|&step| is_set(&flat, step)), "{file}: a signal outside the candidates");
    said.retain(|&step, _| !news_blocks(&case, &data, step));
    let expected = case["signals"].as_array().unwrap();
    let labels: Vec<(usize, &str)> =
        said.iter().map(|(&step, trade)| (step, trade.scenario.unwrap())).collect();
    let recorded: Vec<(usize, &str)> =
        expected.iter().map(|signal| (row(signal), signal["label"].as_str().unwrap())).collect();
    assert_eq!(labels, recorded, "{file}");
    for signal in expected {
        let trade = said[&row(signal)];
        let what = format!("{file} at {}", row(signal));
        assert_eq!(trade.direction.as_str(), signal["direction"].as_str().unwrap(), "{what}");
        assert_eq!(trade.entry_price.to_bits(), signal["entry"].as_f64().unwrap().to_bits(), "{what}");
        close_to(price(trade.stop_loss), signal["sl"].as_f64().unwrap(), 1e-9, &what);
        let tie = signal["tp_tie"].as_bool() == Some(true);
        let tolerance = if tie { 1.01e-5 } else { 1e-9 };
        close_to(price(trade.take_profit), signal["tp"].as_f64().unwrap(), tolerance, &what);
    }
    (expected.len(), check_probes(file, &case, &strategy))
}

fn row(entry: &Value) -> usize {
    usize::try_from(entry["i"].as_u64().unwrap()).unwrap()
}

/// The cluster guard and the chain on the probed bars.
fn check_probes(file: &str, case: &Value, strategy: &MeanReversionBound) -> usize {
    let probes = case["probes"].as_array().map_or(&[][..], Vec::as_slice);
    for probe in probes {
        let what = format!("{file}, probe at {}", row(probe));
        if probe["chain"].is_array() {
            check_chain(probe, strategy, &what);
        } else {
            check_guard(probe, strategy, &what);
        }
    }
    probes.len()
}

fn check_chain(probe: &Value, strategy: &MeanReversionBound, what: &str) {
    let direction = if probe["direction"] == "long" { Direction::Long } else { Direction::Short };
    let (links, passes) = strategy.chain_at(row(probe), direction).unwrap();
    let found: Vec<(&str, &str)> =
        links.iter().map(|(timeframe, status)| (timeframe.as_str(), ChainStatus::as_str(*status))).collect();
    let recorded: Vec<(&str, &str)> = probe["chain"]
        .as_array()
        .unwrap()
        .iter()
        .map(|link| (link["tf"].as_str().unwrap(), link["status"].as_str().unwrap()))
        .collect();
    assert_eq!(found, recorded, "{what}");
    assert_eq!(passes, probe["ok"].as_bool().unwrap(), "{what}");
}

fn check_guard(probe: &Value, strategy: &MeanReversionBound, what: &str) {
    let report = strategy.guard_at(row(probe)).unwrap();
    assert_eq!(report.status, probe["status"].as_str().unwrap(), "{what}");
    assert_eq!(report.passes(), probe["ok"].as_bool().unwrap(), "{what}");
    assert_eq!(report.sample_size as u64, probe["sample_size"].as_u64().unwrap(), "{what}");
    assert_eq!(report.label().as_deref(), probe["label"].as_str(), "{what}");
    let recorded = probe["centers"].as_array().map_or_else(Vec::new, |_| numbers(&probe["centers"]));
    let centers = report.centers();
    assert_eq!(centers.len(), recorded.len(), "{what}");
    for (found, expected) in centers.iter().zip(recorded) {
        close_to(*found, expected, 1e-9 * expected.abs(), what);
    }
}

/// Section 2, rule 6, as written there: windows of an hour before and half an hour after an event.
fn news_blocks(case: &Value, data: &MultiSymbolData, step: usize) -> bool {
    const MINUTE: i64 = 60_000_000;
    let symbol = case["symbol"].as_str().unwrap();
    let gate = data.time(step).0 + data.timeframe().micros();
    case["news"].as_array().unwrap().iter().any(|event| {
        let time = omega_sweep::types::Timestamp::parse_iso(event["time"].as_str().unwrap()).unwrap().0;
        let concerns = match event["currency"].as_str().unwrap() {
            "USD" => true,
            currency @ ("EUR" | "GBP" | "JPY" | "CHF" | "CAD") => {
                symbol.starts_with(currency) || symbol.ends_with(currency)
            }
            "AUD" | "NZD" => symbol.contains("AUD") || symbol.contains("NZD"),
            _ => false,
        };
        concerns && (time - 60 * MINUTE..=time + 30 * MINUTE).contains(&gate)
    })
}

#[test]
fn every_recorded_signal_and_no_other_is_given() {
    let files = [
        "eurusd_m30__s5_atr",
        "eurusd_m30__s6_all",
        "eurusd_m30__s6_any",
        "eurusd_m30__s6_flat_keys",
        "eurusd_m5__all",
        "eurusd_m5__s1",
        "eurusd_m5__s1_news",
        "eurusd_m5__s2",
        "eurusd_m5__s2_even_period",
        "eurusd_m5__s2_flat_equality",
        "eurusd_m5__s2_htf_above_below",
        "eurusd_m5__s3",
        "eurusd_m5__s3_htf_below_long",
        "eurusd_m5__s4",
        "eurusd_m5__s4_local",
        "eurusd_m5__s5",
        "eurusd_m5__s5_hyst",
        "usdjpy_h1__s1",
        "usdjpy_h1__s3_short",
        "usdjpy_h1__s4_local_above",
        "usdjpy_h1__s5",
    ];
    let mut totals = (0, 0);
    for file in files {
        let (signals, probes) = check_signals(&format!("signals_{file}.json"));
        totals = (totals.0 + signals, totals.1 + probes);
    }
    assert!(totals.0 > 2000 && totals.1 > 300, "too few vectors: {totals:?}");
}

#[test]
fn a_filter_on_a_timeframe_that_cannot_exist_is_refused_instead_of_blocking_everything() {
    let case = load("strategy", "signals_eurusd_m5__missing_htf.json");
    assert!(case["signals"].as_array().unwrap().is_empty(), "the reference blocks every signal");
    let error = params(&case["params"]).unwrap_err().to_string();
    assert!(error.contains("`htf_tf` must be one of M1, M5"), "{error}");
}
