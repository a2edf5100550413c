//! Windows are independent runs; the future changes no choice.

use std::sync::Arc;

use omega_sweep::config::{self, JobSpec, LoadOptions, Text, Validation};
use omega_sweep::data::assemble::{SymbolBars, in_memory};
use omega_sweep::data::{AlignmentSettings, BarSeries, MultiSymbolData, PriceColumns, synthetic};
use omega_sweep::engine::{Clock, EngineInputs, EngineSettings, Registry, WindowEnd};
use omega_sweep::portfolio::trade_list_digest;
use omega_sweep::search::{GridOrder, GridSampler, Sampler};
use omega_sweep::sweep::study::LatestCache;
use omega_sweep::sweep::{ChunkPlan, MemoryStore, RunSettings, Silent, StopFlag, Study, WindowEvaluator};
use omega_sweep::types::{Calendar, MasterSeed, StepRange, Timeframe, Timestamp};
use omega_sweep::walkforward::splits::{Development, Splits, splits};
use omega_sweep::walkforward::{WalkForward, WalkForwardReport, WalkForwardSettings};

const BARS: usize = 9_000;

fn spec() -> JobSpec {
    let text = r#"{"data": "unused/", "strategy": "ema_cross", "objective": {"metric": "profit_net"},
        "parameters": {"fast": [5, 10, 20], "slow": [40, 60], "stop_pips": [20, 40]},
        "validation": {"kind": "walk_forward", "mode": "rolling", "train": "6m", "test": "2m", "purge": "5d"}}"#;
    let file = Text { shown: "test.json", name: "test", text, folder: "".into() };
    config::parse(&file, &Registry::builtin(), &LoadOptions::default()).unwrap_or_else(|e| panic!("{e}"))
}

fn settings(spec: &JobSpec) -> &WalkForwardSettings {
    match &spec.validation {
        Validation::WalkForward(settings) => settings,
        other => panic!("{other:?}"),
    }
}

fn market() -> MultiSymbolData {
    synthetic::market(3, &["EURUSD"], Timeframe::H1, BARS)
}

/// The same market with every price in `range` replaced by another walk's.
fn noisy(data: &MultiSymbolData, range: StepRange) -> MultiSymbolData {
    let other = synthetic::market(99, &["EURUSD"], Timeframe::H1, BARS);
    let (series, noise) = (&data.symbols()[0], &other.symbols()[0]);
    let mixed = |own: &[f64], noise: &[f64]| -> Vec<f64> {
        let take = |i: usize| if (range.start..range.end).contains(&i) { noise[i] } else { own[i] };
        (0..own.len()).map(take).collect()
    };
    let columns = |own: &PriceColumns, noise: &PriceColumns| {
        Arc::new(PriceColumns {
            open: mixed(&own.open, &noise.open),
            high: mixed(&own.high, &noise.high),
            low: mixed(&own.low, &noise.low),
            close: mixed(&own.close, &noise.close),
        })
    };
    let bars = BarSeries::new(
        Timeframe::H1,
        series.bars.times().to_vec(),
        columns(series.bars.bid(), noise.bars.bid()),
        columns(series.bars.ask(), noise.bars.ask()),
        series.bars.volume().to_vec(),
    );
    let symbols = vec![SymbolBars::new(series.spec.clone(), bars)];
    in_memory(Timeframe::H1, symbols, AlignmentSettings::default()).expect("one symbol")
}

fn study(spec: &JobSpec, data: MultiSymbolData) -> Study {
    Study {
        runner: Registry::builtin().find("ema_cross").expect("a built-in"),
        inputs: EngineInputs::new(
            Arc::new(data),
            Arc::default(),
            Arc::new(EngineSettings::realistic()),
            MasterSeed(42),
        ),
        common_random: false,
        objective: spec.objective.clone(),
        requirements: Vec::new(),
        calendar: Calendar::Fx24x5,
        periods_per_year: 252,
        clock: Clock::default(),
        check_candidates: false,
        cache_budget: None,
        keep_returns: false,
        latest: LatestCache::default(),
    }
}

fn windows(data: &MultiSymbolData, spec: &JobSpec) -> Splits {
    let end = Timestamp(data.timeline()[data.steps() - 1] + 1);
    let development = Development { timeline: data.timeline(), start: data.time(500), end };
    splits(&development, settings(spec))
}

fn walk(spec: &JobSpec, study: &Study, splits: &Splits) -> (WalkForwardReport, MemoryStore) {
    let sampler = |fold| -> Box<dyn Sampler> {
        let space = Arc::clone(&spec.space);
        Box::new(GridSampler::new(space, GridOrder::Shuffled, spec.seed, fold).expect("a finite grid"))
    };
    let samplers: Vec<_> = splits.windows.iter().map(|window| sampler(window.index)).collect();
    let mut store = MemoryStore::default();
    let study = WalkForward {
        study,
        samplers: &samplers,
        space: &spec.space,
        splits,
        settings: settings(spec),
        plan: &ChunkPlan::new(samplers[0].positions()).with_chunk_trials(5),
        run: &RunSettings { threads: 2, ..RunSettings::default() },
        progress: &Silent,
        stop: &StopFlag::default(),
    };
    let report = study.run(&mut store).unwrap_or_else(|error| panic!("{error}"));
    (report, store)
}

#[test]
fn a_window_equals_an_independent_run_of_that_window() {
    let spec = spec();
    let shared = study(&spec, market());
    let splits = windows(&shared.inputs.data, &spec);
    let (report, store) = walk(&spec, &shared, &splits);
    assert!(report.windows.len() >= 3, "{} windows", report.windows.len());
    let rows: Vec<_> = store.chunks().flat_map(|chunk| chunk.rows.clone()).collect();
    assert_eq!(rows.len(), 12 * report.windows.len());
    for outcome in &report.windows {
        // Bars outside this window are another market for the independent run, those of its warm-up are not.
        let window = outcome.window;
        let after = StepRange { start: window.test.end, end: BARS };
        let alone = study(&spec, noisy(&shared.inputs.data, after));
        let train = WindowEvaluator::new(&alone, window.train, window.index, WindowEnd::EndOfRun);
        for row in rows.iter().filter(|row| row.fold == window.index) {
            let cache = alone.cache_for(std::slice::from_ref(&row.trial)).expect("no budget");
            let run = train.simulate(&cache, &row.trial).expect("a feasible set");
            let again: Vec<_> = train.result(&run).metrics.iter().map(|v| v.map(f64::to_bits)).collect();
            let stored: Vec<_> = row.metrics.iter().map(|v| v.map(f64::to_bits)).collect();
            assert_eq!(again, stored, "{:?}", row.trial.params);
        }
        let row = outcome.chosen().expect("every set gives a result");
        let test = WindowEvaluator::new(&alone, window.test, window.index, WindowEnd::Close);
        let cache = alone.cache_for(std::slice::from_ref(&row.trial)).expect("no budget");
        let run = test.simulate(&cache, &row.trial).expect("a feasible set");
        let stored = &outcome.test.as_ref().expect("a chosen set").run;
        assert_eq!(trade_list_digest(&run.trades), trade_list_digest(&stored.trades));
        assert_eq!(run.curve, stored.curve);
    }
}

#[test]
fn noise_in_a_test_changes_no_choice_made_before_it() {
    let spec = spec();
    let base = study(&spec, market());
    let splits = windows(&base.inputs.data, &spec);
    let (report, _) = walk(&spec, &base, &splits);
    let choice = |report: &WalkForwardReport, place: usize| {
        report.windows[place].chosen().map(|row| (row.trial.id, row.digest))
    };
    for place in 0..report.windows.len() {
        let test = report.windows[place].window.test;
        let other = study(&spec, noisy(&base.inputs.data, test));
        let (again, _) = walk(&spec, &other, &splits);
        for before in 0..=place {
            assert_eq!(choice(&again, before), choice(&report, before), "window {before} of {place}");
        }
        let digest = |report: &WalkForwardReport| {
            trade_list_digest(&report.windows[place].test.as_ref().expect("a test").run.trades)
        };
        assert_ne!(digest(&again), digest(&report), "the noise did reach the test");
    }
}

#[test]
fn the_stitched_account_is_the_sum_of_its_tests() {
    let spec = spec();
    let study = study(&spec, market());
    let splits = windows(&study.inputs.data, &spec);
    let (report, _) = walk(&spec, &study, &splits);
    let out = report.out_of_sample.expect("finished");
    let balance = study.inputs.settings.initial_balance;
    let ends = |run: &omega_sweep::engine::TrialRun| run.curve.last().map_or(0.0, |p| p.equity - balance);
    let sum: f64 = report.windows.iter().filter_map(|w| w.test.as_ref()).map(|t| ends(&t.run)).sum();
    let end = out.curve.last().expect("a curve").equity;
    assert!((end - balance - sum).abs() < 1e-6, "{end} {sum}");
    let trades: usize =
        report.windows.iter().filter_map(|w| w.test.as_ref()).map(|t| t.run.trades.len()).sum();
    assert_eq!(out.trades.len(), trades);
    assert!(out.coverage > 0.5 && out.coverage <= 1.0);
}
