//! What a user waits for before the first trial, and what a step costs. A slowdown of `load` delays every command; a
//! slowdown of `iterate` is paid once per step and symbol of every trial.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use omega_sweep::data::derived::generate_files;
use omega_sweep::data::resample::{ResampleRule, resample};
use omega_sweep::data::settings::{DataSource, Holdout};
use omega_sweep::data::synthetic::{GenerateSettings, GeneratedLength, market};
use omega_sweep::data::{AlignmentSettings, DataSettings, open};
use omega_sweep::types::{SymbolId, Timeframe};

const BARS: usize = 1_000_000;

/// One million M1 bars with bid and ask: files to validated, fingerprinted data.
fn load(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = GenerateSettings {
        symbols: vec!["EURUSD".to_owned()],
        timeframe: Timeframe::M1,
        length: GeneratedLength::Bars(BARS),
        ..GenerateSettings::default()
    };
    generate_files(&settings, folder.path()).expect("generated");
    let settings = DataSettings {
        source: DataSource::Path(folder.path().to_owned()),
        holdout: Holdout::None,
        ..DataSettings::default()
    };
    let mut group = criterion.benchmark_group("load");
    group.throughput(Throughput::Elements(BARS as u64)).sample_size(10);
    group.bench_function("m1_bid_ask_1m_bars", |bencher| {
        bencher
            .iter(|| open(&settings, Path::new("."), &AlignmentSettings::default(), None).expect("opened"));
    });
    group.finish();
}

/// Closes of fifty symbols at every step.
fn iterate(criterion: &mut Criterion) {
    let names: Vec<String> = (0..50).map(|k| format!("SYM{k:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let data = market(1, &names, Timeframe::M15, 10_000);
    let ids: Vec<SymbolId> = data.ids().collect();
    let mut group = criterion.benchmark_group("iterate");
    group.throughput(Throughput::Elements((data.steps() * ids.len()) as u64));
    group.bench_function("50_symbols", |bencher| {
        bencher.iter(|| {
            let mut sum = 0.0;
            for step in 0..data.steps() {
                for &id in &ids {
                    let series = data.symbol(id);
                    if let Some(row) = series.row(step) {
                        sum += series.bars.bid().close[row];
                    }
                }
            }
            black_box(sum)
        });
    });
    group.finish();
}

/// M1 to H1, both sides.
fn to_hours(criterion: &mut Criterion) {
    let data = market(1, &["EURUSD"], Timeframe::M1, 200_000);
    let bars = &data.symbol(SymbolId(0)).bars;
    let mut group = criterion.benchmark_group("resample");
    group.throughput(Throughput::Elements(bars.len() as u64));
    group.bench_function("m1_to_h1", |bencher| {
        bencher.iter(|| resample(bars, Timeframe::H1, ResampleRule::default()));
    });
    group.finish();
}

criterion_group!(benches, load, iterate, to_hours);
criterion_main!(benches);
