//! Files as users have them: formats, damages, ranges, hold-out.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use omega_sweep::data::parquet::{SideToWrite, write_bars};
use omega_sweep::data::settings::{DataSource, Holdout, SpreadSetting, TimelineMode};
use omega_sweep::data::synthetic::{GenerateSettings, GeneratedLength, generate};
use omega_sweep::data::{
    AlignmentSettings, BarSeries, DataCode, DataError, DataSettings, DayAnchor, NO_ROW, OpenedData,
    QuoteSide, open,
};
use omega_sweep::strategy::MultiSymbolSlice;
use omega_sweep::types::{PriceSide, StepRange, SymbolId, Timeframe, Timestamp};
use proptest::prelude::*;
use serde_json::Value;

use crate::fixture::random_cases;
use crate::golden;

pub(crate) fn generated(symbols: &[&str], timeframe: Timeframe, bars: usize) -> Vec<(String, BarSeries)> {
    let settings = GenerateSettings {
        seed: 5,
        symbols: symbols.iter().map(|name| (*name).to_owned()).collect(),
        timeframe,
        length: GeneratedLength::Bars(bars),
        ..GenerateSettings::default()
    };
    let made = generate(&settings).expect("generated");
    made.into_iter().map(|one| (one.spec.name, one.bars)).collect()
}

pub(crate) fn write(folder: &Path, symbol: &str, bars: &BarSeries, sides: &[QuoteSide]) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for &side in sides {
        let timeframe = bars.timeframe();
        let path = folder.join(symbol).join(format!("{symbol}_{timeframe}_{}.parquet", side.as_str()));
        let of = if side == QuoteSide::Ask { PriceSide::Ask } else { PriceSide::Bid };
        let columns = SideToWrite {
            symbol,
            timeframe,
            side,
            anchor: DayAnchor::Utc,
            times: bars.times(),
            prices: bars.side(of),
            volume: bars.volume(),
        };
        paths.push(write_bars(&path, &columns).expect("written").path);
    }
    paths
}

pub(crate) const PAIR: [QuoteSide; 2] = [QuoteSide::Bid, QuoteSide::Ask];

fn settings(source: &Path) -> DataSettings {
    DataSettings { source: DataSource::Path(source.to_owned()), ..DataSettings::default() }
}

fn opened(settings: &DataSettings) -> Result<OpenedData, DataError> {
    open(settings, Path::new("."), &AlignmentSettings::default(), None)
}

fn code(settings: &DataSettings) -> DataCode {
    opened(settings).map(|opened| opened.window).expect_err("refused").code()
}

fn first_bars(opened: &OpenedData) -> &BarSeries {
    &opened.data.symbol(SymbolId(0)).bars
}

#[test]
fn what_is_written_is_read_back_bit_by_bit() {
    let folder = tempfile::tempdir().expect("a folder");
    let (name, bars) = generated(&["EURUSD"], Timeframe::M15, 70_000).remove(0);
    write(folder.path(), &name, &bars, &PAIR);
    let settings = DataSettings { holdout: Holdout::None, ..settings(folder.path()) };
    let opened = opened(&settings).expect("opened");
    let read = first_bars(&opened);
    assert_eq!((read.times(), read.bid(), read.ask()), (bars.times(), bars.bid(), bars.ask()));
    assert_eq!(read.volume(), bars.volume());
    assert_eq!(opened.window, StepRange { start: 0, end: 70_000 });
    assert_eq!(opened.digests[0].blocks.len(), 2);
}

#[test]
fn a_flipped_byte_in_a_page_is_found_by_its_checksum() {
    let folder = tempfile::tempdir().expect("a folder");
    let (name, bars) = generated(&["EURUSD"], Timeframe::M15, 2000).remove(0);
    let path = write(folder.path(), &name, &bars, &PAIR).remove(0);
    let whole = std::fs::read(&path).expect("bytes");
    let settings = settings(folder.path());
    // Every page of the only row group lies before the footer.
    for at in (100..whole.len() - 2000).step_by(whole.len() / 40) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        std::fs::write(&path, damaged).expect("written");
        assert_eq!(code(&settings), DataCode::CorruptParquet, "byte {at}");
    }
}

#[test]
fn the_holdout_is_in_no_column_of_no_timeframe() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bars) in generated(&["EURUSD", "USDJPY"], Timeframe::M15, 4000) {
        write(folder.path(), &name, &bars, &PAIR);
    }
    let sealed_settings =
        DataSettings { additional: vec![Timeframe::H4, Timeframe::D1], ..settings(folder.path()) };
    let open_settings = DataSettings { holdout: Holdout::None, ..sealed_settings.clone() };
    let (sealed, whole) =
        (opened(&sealed_settings).expect("opened"), opened(&open_settings).expect("opened"));
    let info = sealed.holdout.expect("a hold-out");
    assert_eq!((info.steps, sealed.data.steps(), sealed.window.end), (800, 3200, 3200));
    assert_eq!(whole.data.time(3200), info.first);
    assert_eq!(sealed.data.fingerprint(), whole.data.fingerprint());
    for (sealed, whole) in sealed.data.symbols().iter().zip(whole.data.symbols()) {
        assert!(sealed.bars.times().iter().all(|&time| time < info.first.0));
        assert_eq!(sealed.bars.bid().close[..], whole.bars.bid().close[..3200]);
        for (short, long) in sealed.higher.iter().zip(&whole.higher) {
            let length = short.timeframe().micros();
            assert!(short.bars.times().iter().all(|time| time + length <= info.first.0));
            assert_eq!(short.map[..], long.map[..3200], "{}", short.timeframe());
            assert!(short.map.iter().any(|&row| row != NO_ROW));
        }
    }
}

#[test]
fn from_to_and_warm_up_cut_the_range() {
    let folder = tempfile::tempdir().expect("a folder");
    let (name, bars) = generated(&["EURUSD"], Timeframe::H1, 1000).remove(0);
    write(folder.path(), &name, &bars, &PAIR);
    let from = Timestamp::parse_iso("2023-01-20").expect("a date");
    let to = Timestamp::parse_iso("2023-02-03").expect("a date");
    let settings = DataSettings {
        from: Some(from),
        to: Some(to),
        warmup_bars: 3,
        additional: vec![Timeframe::D1],
        holdout: Holdout::None,
        ..settings(folder.path())
    };
    let opened = opened(&settings).expect("opened");
    let times = first_bars(&opened).times();
    assert!(times[0] >= from.0 - 3 * 86_400_000_000 && times[times.len() - 1] < to.0);
    assert_eq!(opened.data.time(opened.window.start), from);
    assert_eq!(opened.window.end, opened.data.steps());
    let without_start = DataSettings { from: None, ..settings.clone() };
    let late = self::opened(&without_start).expect("opened");
    assert_eq!(late.data.time(late.window.start).0, bars.times()[0] + 3 * 86_400_000_000);
    let future = DataSettings { from: Timestamp::parse_iso("2030-01-01"), to: None, ..settings };
    assert_eq!(code(&future), DataCode::DateRangeEmpty);
}

#[test]
fn a_missing_timeframe_is_resampled_from_the_largest_finer_one() {
    let folder = tempfile::tempdir().expect("a folder");
    for timeframe in [Timeframe::M1, Timeframe::M15] {
        let (name, bars) = generated(&["EURUSD"], timeframe, 5000).remove(0);
        write(folder.path(), &name, &bars, &PAIR);
    }
    let ambiguous = settings(folder.path());
    let error = opened(&ambiguous).expect_err("two timeframes");
    assert!(error.code() == DataCode::Selection && error.to_string().contains("M1, M15"), "{error}");
    let hours = DataSettings { primary: Some(Timeframe::H1), additional: vec![Timeframe::H4], ..ambiguous };
    let opened = opened(&hours).expect("opened");
    let from: Vec<Option<Timeframe>> = opened.report.series.iter().map(|one| one.resampled_from).collect();
    assert_eq!(from, [Some(Timeframe::M15), Some(Timeframe::M15)]);
    assert!(!opened.data.symbols()[0].higher[0].from_file);
    let minutes = DataSettings { primary: Some(Timeframe::M5), symbols: vec!["EURUSD".into()], ..hours };
    assert_eq!(self::opened(&minutes).expect("opened").report.series[0].resampled_from, Some(Timeframe::M1));
}

#[test]
fn a_missing_side_is_made_from_a_spread_or_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (name, bars) = generated(&["EURUSD"], Timeframe::M15, 500).remove(0);
    let path = write(folder.path(), &name, &bars, &[QuoteSide::Bid]).remove(0);
    assert_eq!(code(&settings(folder.path())), DataCode::MissingSide);
    assert_eq!(code(&settings(&path)), DataCode::MissingSide);
    let with_spread = DataSettings { spread: SpreadSetting::All(2.0), ..settings(&path) };
    let opened = opened(&with_spread).expect("opened");
    let series = first_bars(&opened);
    assert_eq!(((series.ask().open[0] - series.bid().open[0]) * 1e5).round(), 20.0);
    assert_eq!(opened.report.series[0].spread_pips, Some(2.0));
}

#[test]
fn trades_take_the_typical_spread_unless_told_otherwise() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_, bars) = generated(&["EURUSD"], Timeframe::D1, 300).remove(0);
    write(folder.path(), "SPY", &bars, &[QuoteSide::Last]);
    let realistic = opened(&settings(folder.path())).expect("opened");
    assert_eq!(realistic.report.assumed_symbols, ["SPY"]);
    assert!(realistic.report.series[0].spread_is_typical);
    assert!(!first_bars(&realistic).is_one_sided());
    let reference = DataSettings { typical_spread: false, ..settings(folder.path()) };
    assert!(first_bars(&opened(&reference).expect("opened")).is_one_sided());
}

#[test]
fn a_file_finds_its_sibling_and_a_catalog_checks_its_digests() {
    let folder = tempfile::tempdir().expect("a folder");
    let (name, bars) = generated(&["EURUSD"], Timeframe::M15, 500).remove(0);
    let paths = write(folder.path(), &name, &bars, &PAIR);
    assert_eq!(opened(&settings(&paths[1])).expect("opened").report.files.len(), 2);
    let catalog = folder.path().join("dataset.json");
    let entry = |path: &PathBuf, sha256: &str| serde_json::json!({"file": path.strip_prefix(folder.path()).expect("inside"), "sha256": sha256});
    let wrong = serde_json::json!({"schema": 1, "files": [entry(&paths[0], "00"), entry(&paths[1], "00")]});
    std::fs::write(&catalog, wrong.to_string()).expect("written");
    let settings = DataSettings { source: DataSource::Catalog(catalog), ..DataSettings::default() };
    assert_eq!(code(&settings), DataCode::DigestMismatch);
}

#[test]
fn unknown_names_are_answered_with_what_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let (name, bars) = generated(&["EURUSD"], Timeframe::M15, 500).remove(0);
    write(folder.path(), &name, &bars, &PAIR);
    let wrong = DataSettings { symbols: vec!["EURUDS".into()], ..settings(folder.path()) };
    let text = opened(&wrong).expect_err("unknown").to_string();
    assert!(text.contains("did you mean EURUSD?") && text.contains("EURUSD M15"), "{text}");
    let finer = DataSettings { primary: Some(Timeframe::M1), ..settings(folder.path()) };
    assert_eq!(code(&finer), DataCode::FileNotFound);
    assert_eq!(code(&settings(&folder.path().join("nothing"))), DataCode::FileNotFound);
}

#[test]
fn too_much_for_the_memory_budget_is_refused_before_reading() {
    let folder = tempfile::tempdir().expect("a folder");
    let (name, bars) = generated(&["EURUSD"], Timeframe::M15, 1000).remove(0);
    write(folder.path(), &name, &bars, &PAIR);
    let limited = |limit| {
        open(&settings(folder.path()), Path::new("."), &AlignmentSettings::default(), Some(limit)).map(|_| ())
    };
    assert_eq!(limited(79_999).expect_err("too little").code(), DataCode::MemoryLimit);
    assert_eq!(limited(80_000), Ok(()));
}

#[test]
fn the_intersection_says_how_many_bars_it_loses() {
    let folder = tempfile::tempdir().expect("a folder");
    let (name, bars) = generated(&["EURUSD"], Timeframe::M15, 1000).remove(0);
    write(folder.path(), &name, &bars, &PAIR);
    let (name, bars) = generated(&["USDJPY"], Timeframe::M15, 1000).remove(0);
    write(folder.path(), &name, &bars.cut(10..900), &PAIR);
    let common = DataSettings {
        timeline: Some(TimelineMode::Intersection),
        holdout: Holdout::None,
        ..settings(folder.path())
    };
    let common_data = opened(&common).expect("opened");
    assert_eq!(common_data.data.steps(), 890);
    let lost: Vec<(String, usize)> =
        common_data.report.dropped_instants.into_iter().map(|one| (one.symbol, one.bars)).collect();
    assert_eq!(lost, [("EURUSD".to_owned(), 110)]);
    let anchor = DataSettings { timeline: Some(TimelineMode::Anchor("USDJPY".into())), ..common.clone() };
    assert_eq!(opened(&anchor).expect("opened").data.steps(), 890);
    let nobody = DataSettings { timeline: Some(TimelineMode::Anchor("GBPUSD".into())), ..common };
    assert_eq!(code(&nobody), DataCode::Selection);
}

#[test]
fn a_step_allocates_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bars) in generated(&["EURUSD", "USDJPY"], Timeframe::M15, 20_000) {
        write(folder.path(), &name, &bars.cut(0..20_000), &PAIR);
    }
    let settings = DataSettings { holdout: Holdout::None, ..settings(folder.path()) };
    let data = Arc::clone(&opened(&settings).expect("opened").data);
    let mut sum = 0.0;
    let walk = allocation_counter::measure(|| {
        for step in 0..data.steps() {
            let slice = MultiSymbolSlice::new(&data, step);
            for id in data.ids() {
                sum += slice.get(id).map_or(0.0, |bar| bar.bid().close);
                sum += slice.last_close(id, PriceSide::Ask).unwrap_or(0.0);
            }
        }
    });
    assert!(sum > 0.0);
    assert_eq!(walk.bytes_total, 0);
}

#[test]
fn a_loaded_bar_takes_eighty_bytes() {
    const BARS: usize = 200_000;
    let folder = tempfile::tempdir().expect("a folder");
    let (name, bars) = generated(&["EURUSD"], Timeframe::M1, BARS).remove(0);
    write(folder.path(), &name, &bars, &PAIR);
    drop(bars);
    let settings = DataSettings { holdout: Holdout::None, ..settings(folder.path()) };
    // The counter sees one thread, so everything runs on this one.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build().expect("a pool");
    let mut result = None;
    let counted = allocation_counter::measure(|| result = Some(pool.install(|| opened(&settings))));
    let opened = result.expect("run").expect("opened");
    let per_bar = |bytes: i64| bytes as f64 / BARS as f64;
    let (kept, peak) = (per_bar(counted.bytes_current), per_bar(counted.bytes_max.cast_signed()));
    assert_eq!(opened.data.steps(), BARS);
    assert!((79.0..88.0).contains(&kept), "{kept} bytes a bar in memory");
    assert!(peak < 160.0, "{peak} bytes a bar while loading");
    println!("{kept:.1} bytes a bar kept, {peak:.1} at the peak");
}

#[test]
fn news_are_part_of_the_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let (name, bars) = generated(&["EURUSD"], Timeframe::M15, 500).remove(0);
    write(folder.path(), &name, &bars, &PAIR);
    let news = folder.path().join("news.csv");
    std::fs::write(&news, "time,currency,title\n2023-01-04T13:30:00Z,USD,Rates\n").expect("written");
    let quiet = settings(folder.path());
    let with_news = DataSettings { news: Some(news.clone()), ..quiet.clone() };
    let opened = opened(&with_news).expect("opened");
    let calendar = opened.news.as_ref().expect("a calendar");
    assert!(calendar.blocked("EURUSD", Timestamp::parse_iso("2023-01-04T14:00").expect("a time")));
    assert_ne!(opened.data.fingerprint(), self::opened(&quiet).expect("opened").data.fingerprint());
    std::fs::write(&news, "time,currency,title\nsoon,USD,Rates\n").expect("written");
    assert_eq!(code(&with_news), DataCode::CsvBadTimestamp);
}

/// Damaged Parquet files, opened like any other data.
#[test]
fn damaged_parquet_files_are_refused_with_code_row_and_column() {
    let Some(root) = golden::shared().map(|root| root.join("golden/bad")) else {
        println!("skipped: damaged files are cut from real bars, which are not here");
        return;
    };
    let text = std::fs::read_to_string(root.join("manifest.json")).expect("a manifest");
    let manifest: Value = serde_json::from_str(&text).expect("JSON");
    let mut checked = 0;
    for case in manifest["cases"].as_array().expect("cases") {
        let first = case["files"][0].as_str().expect("a file");
        if Path::new(first).extension().is_some_and(|extension| extension == "csv") {
            continue;
        }
        checked += 1;
        let options = &case["options"];
        let one_sided = options.get("side").is_some();
        let settings = DataSettings {
            symbols: vec![options["symbol"].as_str().expect("a symbol").to_owned()],
            primary: options["timeframe"].as_str().and_then(|text| text.parse().ok()),
            spread: if one_sided { SpreadSetting::All(1.0) } else { SpreadSetting::None },
            holdout: Holdout::None,
            ..self::settings(&root.join(first))
        };
        check_case(case, opened(&settings));
    }
    assert!(checked >= 40, "{checked}");
}

fn check_case(case: &Value, result: Result<OpenedData, DataError>) {
    let (id, expect) = (&case["id"], &case["expect"]);
    let detail = expect["detail"].as_str().unwrap_or_default();
    if expect["severity"] == "warning" {
        let opened = result.unwrap_or_else(|error| panic!("{id}: {error}"));
        let warning = &opened.report.files[0].warnings[0];
        assert_eq!(warning.code.as_str(), expect["code"], "{id}");
        assert_eq!(Some(warning.row as u64), expect["row"].as_u64(), "{id}");
        assert_eq!(warning.column.as_deref(), expect["column"].as_str(), "{id}");
        return;
    }
    let error = result.map(|opened| opened.window).expect_err(&format!("{id} must be refused"));
    let problem = error.problem();
    let accepted =
        expect["also_accepted"].as_array().is_some_and(|list| list.contains(&error.code().as_str().into()));
    if accepted {
        return;
    }
    assert_eq!(error.code().as_str(), expect["code"], "{id}: {error}");
    assert_eq!(problem.row, expect["row"].as_u64(), "{id}: {error}");
    assert_eq!(problem.column.as_deref(), expect["column"].as_str(), "{id}: {error}");
    assert!(error.to_string().contains(detail), "{id}: {error}");
    assert!(problem.path.is_some(), "{id}: {error}");
}

proptest! {
    #![proptest_config(random_cases(150))]
    #[test]
    fn damage_never_panics_and_never_loads_other_bars(
        flips in proptest::collection::vec((any::<prop::sample::Index>(), 1_u8..=255), 0..4),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let (name, bars) = generated(&["EURUSD"], Timeframe::M15, 300).remove(0);
        let path = write(folder.path(), &name, &bars, &PAIR).remove(0);
        let mut bytes = std::fs::read(&path).expect("bytes");
        let whole = bytes.clone();
        for (at, mask) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= mask;
        }
        if let Some(cut) = cut {
            let keep = cut.index(bytes.len());
            bytes.truncate(keep);
        }
        std::fs::write(&path, &bytes).expect("written");
        let settings = DataSettings { holdout: Holdout::None, ..settings(&path) };
        // A flip in the footer may hit a statistic, the name of the writer or padding; the bars must be the same.
        let result = opened(&settings);
        prop_assert!(result.is_ok() || bytes != whole);
        if let Ok(opened) = result {
            let read = first_bars(&opened);
            prop_assert_eq!((read.times(), read.bid()), (bars.times(), bars.bid()));
        }
    }
}
