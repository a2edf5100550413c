//! Market data vectors.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::print_stdout,
    reason = "counts of small vectors; a skipped comparison says so"
)]

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use omega_sweep::data::align::{HigherTimes, common_runs, higher_map};
use omega_sweep::data::calendar::WeekClock;
use omega_sweep::data::resample::{ResampleRule, Resampled, SundayBars, clean_days, resample};
use omega_sweep::data::settings::{DataSource, Holdout, OnCrossed, TimelineMode};
use omega_sweep::data::timeline::{intersection, row_map, union};
use omega_sweep::data::{
    AlignmentSettings, BarSeries, DataCode, DataSettings, DayAnchor, EntryTimestampMode, MultiSymbolData,
    NO_ROW, OpenedData, PriceColumns, RowMap, SymbolBars, SymbolTable, TradingWeek, in_memory, open,
};
use omega_sweep::strategy::view::BarView;
use omega_sweep::types::{PriceSide, SymbolId, Timeframe};
use serde_json::Value;

use super::{load, shared};

fn integers(value: &Value) -> Vec<i64> {
    value.as_array().expect("a list").iter().map(|v| v.as_i64().expect("an integer")).collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
}

fn bars(timeframe: &str, columns: &Value) -> BarSeries {
    let prices = Arc::new(PriceColumns {
        open: numbers(&columns["open"]),
        high: numbers(&columns["high"]),
        low: numbers(&columns["low"]),
        close: numbers(&columns["close"]),
    });
    let timeframe = timeframe.parse().expect("a timeframe");
    let volume = numbers(&columns["volume"]);
    BarSeries::new(timeframe, integers(&columns["timestamp"]), Arc::clone(&prices), prices, volume)
}

fn cases(vectors: &Value) -> &Vec<Value> {
    vectors["cases"].as_array().expect("cases")
}

/// A vector that is cut from real bars and therefore not part of the project.
fn real_vector(file: &str) -> Option<Value> {
    let Some(root) = shared() else {
        println!("skipped: {file} is cut from real bars, which are not here");
        return None;
    };
    let text = std::fs::read_to_string(root.join("golden/data").join(file)).expect("a vector file");
    Some(serde_json::from_str(&text).expect("JSON"))
}

/// Folder of real bars, when it is there.
fn real_bars() -> Option<PathBuf> {
    let folder = shared().map(|root| root.join("data/real"));
    if folder.is_none() {
        println!("skipped: real bars are not here");
    }
    folder
}

fn as_rows(map: &[u32]) -> Vec<i64> {
    map.iter().map(|&row| if row == NO_ROW { -1 } else { i64::from(row) }).collect()
}

#[test]
fn higher_timeframes_show_what_the_reference_shows() {
    let vectors = load("data", "htf_map.json");
    for case in cases(&vectors) {
        let name = case["name"].as_str().expect("a name");
        let config = &case["config"];
        let settings = AlignmentSettings {
            entry_timestamp_mode: match config["entry_timestamp_mode"].as_str() {
                Some("close") => EntryTimestampMode::Close,
                _ => EntryTimestampMode::Open,
            },
            stale_bar_limit_bars: config["stale_bar_limit_bars"].as_u64().unwrap_or(0) as u32,
            allow_lookahead: config["use_previous_completed_higher_tf"] == false,
        };
        let primary: Timeframe = case["primary"].as_str().expect("text").parse().expect("a timeframe");
        let timeline = integers(&case["timeline"]);
        for (name_of_higher, sides) in case["expected"].as_object().expect("timeframes") {
            let timeframe: Timeframe = name_of_higher.parse().expect("a timeframe");
            // Close-labelled files are shifted at import; in the vector the stamp is the instant of completion.
            let by_close = config["higher_tf_timestamps_mode"][name_of_higher] == "close";
            for (side, expected) in sides.as_object().expect("sides") {
                let opens = integers(&case["htf_open"][name_of_higher][side]);
                let length = if by_close { 0 } else { timeframe.micros() };
                let ends: Vec<i64> = opens.iter().map(|open| open + length).collect();
                let higher = HigherTimes { timeframe, opens: &opens, ends: &ends };
                let map = higher_map(&timeline, primary, &higher, settings);
                assert_eq!(as_rows(&map), integers(expected), "{name} {name_of_higher} {side}");
            }
        }
    }
}

#[test]
fn the_fx_week_is_sydney_time() {
    let vectors = load("data", "market_hours_fx.json");
    let mut clock = WeekClock::sydney();
    let open: Vec<bool> = vectors["open"].as_array().expect("a list").iter().map(|v| v == true).collect();
    let times = integers(&vectors["timestamp"]);
    assert_eq!(times.len(), open.len());
    for (&time, expected) in times.iter().zip(open) {
        assert_eq!(clock.contains(time), expected, "{time}");
    }
}

#[test]
fn weekend_and_flat_days_are_cleaned_like_the_reference() {
    let vectors = load("data", "d1_cleanup.json");
    let days = bars("D1", &vectors["source"]);
    let kept: Vec<i64> = clean_days(&days).into_iter().map(|row| row as i64).collect();
    assert_eq!(kept, integers(&vectors["kept_rows"]));
}

fn check_small(case: &Value) {
    let name = case["name"].as_str().expect("a name");
    let symbols: Vec<&str> =
        case["symbols"].as_array().expect("a list").iter().map(|v| v.as_str().expect("text")).collect();
    let times = |symbol: &str, side: &str| integers(&case["input"][symbol][side]["timestamp"]);
    let joined: Vec<Vec<i64>> = symbols
        .iter()
        .map(|symbol| {
            let bid = times(symbol, "bid");
            let runs: Vec<Range<usize>> =
                common_runs(&bid, &times(symbol, "ask")).into_iter().map(|(rows, _)| rows).collect();
            runs.into_iter().flat_map(|rows| bid[rows].to_vec()).collect()
        })
        .collect();
    let joined: Vec<&[i64]> = joined.iter().map(Vec::as_slice).collect();
    assert_eq!(intersection(&joined), integers(&case["intersection"]["timeline"]), "{name}");
    // The vector's union is over all sides; ours is over aligned bars, so it is compared side by side.
    let sides: Vec<Vec<i64>> =
        symbols.iter().flat_map(|symbol| [times(symbol, "bid"), times(symbol, "ask")]).collect();
    let sides: Vec<&[i64]> = sides.iter().map(Vec::as_slice).collect();
    let timeline = union(&sides);
    assert_eq!(timeline, integers(&case["union"]["timeline"]), "{name}");
    for mode in ["intersection", "union"] {
        let timeline = integers(&case[mode]["timeline"]);
        for symbol in &symbols {
            for side in ["bid", "ask"] {
                check_rows(case, mode, symbol, side, &timeline, &times(symbol, side));
            }
        }
    }
}

fn check_rows(case: &Value, mode: &str, symbol: &str, side: &str, timeline: &[i64], times: &[i64]) {
    let what = format!("{} {mode} {symbol} {side}", case["name"]);
    let part = |key: &str| integers(&case[mode][key][symbol][side]);
    let (row, last): (Vec<i64>, Vec<i64>) = match row_map(timeline, times) {
        RowMap::Identity => (0..timeline.len() as i64).map(|row| (row, row)).unzip(),
        RowMap::Sparse { row, last } => (as_rows(&row), as_rows(&last)),
    };
    assert_eq!(row, part("index"), "{what}");
    assert_eq!(last, part("last_index"), "{what}");
    let age: Vec<i64> = last
        .iter()
        .zip(timeline)
        .map(|(&row, instant)| usize::try_from(row).map_or(-1, |row| instant - times[row]))
        .collect();
    assert_eq!(age, part("age_us"), "{what}");
}

#[test]
fn small_timelines_match_the_reference() {
    let vectors = load("data", "multi_symbol_small.json");
    assert!(cases(&vectors).len() >= 9);
    cases(&vectors).iter().for_each(check_small);
}

#[test]
fn real_timelines_match_the_reference() {
    let Some(vectors) = real_vector("multi_symbol_real.json") else { return };
    cases(&vectors).iter().for_each(check_small);
}

fn check_resampled(
    found: &Resampled,
    expected: &Value,
    what: &str,
    label_is_end: Option<&dyn Fn(i64) -> i64>,
) {
    let labels = found.bars.times().to_vec();
    let labels = label_is_end.map_or_else(|| labels.clone(), |end| labels.iter().map(|&t| end(t)).collect());
    assert_eq!(labels, integers(&expected["timestamp"]), "{what}");
    for (name, column) in ["open", "high", "low", "close"].iter().zip(found.bars.bid().columns()) {
        assert_eq!(column, &numbers(&expected[*name]), "{what} {name}");
    }
    for (ours, theirs) in found.bars.volume().iter().zip(numbers(&expected["volume"])) {
        assert!((ours - theirs).abs() <= 1e-9 * theirs.abs(), "{what} volume {ours} {theirs}");
    }
    if let Some(counts) = expected.get("source_bars") {
        let ours: Vec<i64> = found.starts.windows(2).map(|pair| (pair[1] - pair[0]) as i64).collect();
        assert_eq!(ours, integers(counts), "{what}");
    }
}

#[test]
fn bins_from_the_epoch_match() {
    let Some(vectors) = real_vector("resample_epoch.json") else { return };
    for case in cases(&vectors) {
        let source = bars(case["source_timeframe"].as_str().expect("text"), &case["source"]);
        for (target, expected) in case["expected"].as_object().expect("timeframes") {
            let found = resample(&source, target.parse().expect("a timeframe"), ResampleRule::default());
            check_resampled(&found, expected, &format!("{} {target}", case["name"]), None);
        }
    }
}

#[test]
fn bins_of_the_new_york_day_match() {
    let Some(vectors) = real_vector("resample_ny17.json") else { return };
    let rule = ResampleRule { anchor: DayAnchor::Ny17, sunday: SundayBars::Keep };
    for case in cases(&vectors) {
        let source = bars("H1", &case["source"]);
        let what = case["name"].as_str().expect("a name");
        check_resampled(&resample(&source, Timeframe::H4, rule), &case["expected_h4"], what, None);
        // The reference labels a day by its end; Friday's session ends when Saturday's would begin.
        let mut clock = WeekClock::new_york();
        let mut session_end = |start: i64| -> i64 {
            let week = clock.week(start);
            let day = 24 * 3_600_000_000_i64;
            let nominal = start + day;
            [nominal, nominal - 3_600_000_000, nominal + 3_600_000_000]
                .into_iter()
                .find(|&end| end == week.close || new_york_hour(end) == 17)
                .expect("a session ends at 17:00")
        };
        let days = resample(&source, Timeframe::D1, rule);
        let ends: Vec<i64> = days.bars.times().iter().map(|&start| session_end(start)).collect();
        let by_start =
            |start: i64| ends[days.bars.times().iter().position(|&one| one == start).expect("a label")];
        check_resampled(&days, &case["expected_d1_label_close"], what, Some(&by_start));
    }
}

fn new_york_hour(instant: i64) -> i8 {
    let zone = jiff::tz::TimeZone::get("America/New_York").expect("a zone");
    zone.to_datetime(jiff::Timestamp::from_microsecond(instant).expect("an instant")).hour()
}

fn settings(folder: &Path, symbols: &[&str], primary: Timeframe) -> DataSettings {
    DataSettings {
        source: DataSource::Path(folder.to_owned()),
        symbols: symbols.iter().map(|name| (*name).to_owned()).collect(),
        primary: Some(primary),
        holdout: Holdout::None,
        ..DataSettings::default()
    }
}

fn opened(settings: &DataSettings) -> OpenedData {
    open(settings, Path::new("."), &AlignmentSettings::default(), None)
        .unwrap_or_else(|error| panic!("{error}"))
}

fn fnv(values: impl IntoIterator<Item = i64>) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for value in values {
        for byte in value.to_le_bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("{hash:016x}")
}

#[test]
fn whole_real_files_give_the_expected_timelines() {
    let (Some(vectors), Some(folder)) = (real_vector("timeline_hashes.json"), real_bars()) else { return };
    for case in cases(&vectors) {
        let names: Vec<&str> =
            case["symbols"].as_array().expect("a list").iter().map(|v| v.as_str().expect("text")).collect();
        let timeframe: Timeframe = case["timeframe"].as_str().expect("text").parse().expect("a timeframe");
        let mut settings = settings(&folder, &names, timeframe);
        settings.spread = omega_sweep::data::settings::SpreadSetting::All(1.0);
        settings.timeline = Some(TimelineMode::Union);
        let union = opened(&settings);
        settings.timeline = Some(TimelineMode::Intersection);
        let common = opened(&settings);
        let lengths = (union.data.steps() as i64, common.data.steps() as i64);
        assert_eq!(
            (Some(lengths.0), Some(lengths.1)),
            (case["union_len"].as_i64(), case["intersection_len"].as_i64()),
            "{names:?}"
        );
        assert_eq!(fnv(union.data.timeline().iter().copied()), case["union_fnv1a64"], "{names:?}");
        assert_eq!(fnv(common.data.timeline().iter().copied()), case["intersection_fnv1a64"], "{names:?}");
        for (k, name) in names.iter().enumerate() {
            check_symbol(&union.data, &common.data, SymbolId(k as u16), &case["per_symbol"][*name]);
        }
    }
}

fn check_symbol(union: &MultiSymbolData, common: &MultiSymbolData, id: SymbolId, expected: &Value) {
    let rows = |data: &MultiSymbolData| -> Vec<i64> {
        (0..data.steps()).map(|step| data.symbol(id).row(step).map_or(-1, |row| row as i64)).collect()
    };
    assert_eq!(Some(union.symbol(id).bars.len() as i64), expected["rows"].as_i64());
    let missing = rows(union).iter().filter(|&&row| row < 0).count();
    assert_eq!(Some(missing as i64), expected["missing_on_union"].as_i64());
    assert_eq!(fnv(rows(union)), expected["index_on_union_fnv1a64"]);
    assert_eq!(fnv(rows(common)), expected["index_on_intersection_fnv1a64"]);
    let closes = &common.symbol(id).bars.bid().close;
    let sum: f64 = rows(common).iter().map(|&row| closes[row as usize]).sum();
    let theirs = expected["close_bid_sum_on_intersection"].as_f64().expect("a number");
    assert!((sum - theirs).abs() <= 1e-9 * theirs, "{sum} {theirs}");
}

#[test]
fn days_resampled_from_real_hours_are_the_providers_days() {
    let Some(folder) = real_bars() else { return };
    for (symbol, days) in [("EURUSD", 3120), ("NZDUSD", 3120), ("XAUUSD", 3289)] {
        let hours = opened(&settings(&folder, &[symbol], Timeframe::H1));
        let provider = opened(&settings(&folder, &[symbol], Timeframe::D1));
        let made = resample(&hours.data.symbol(SymbolId(0)).bars, Timeframe::D1, ResampleRule::default());
        let theirs = &provider.data.symbol(SymbolId(0)).bars;
        assert_eq!(made.bars.len(), days);
        assert_eq!(made.bars.times(), theirs.times(), "{symbol}");
        assert_eq!(made.bars.bid(), theirs.bid(), "{symbol}");
    }
}

#[test]
fn real_crossed_quotes_are_refused_and_dropped_when_asked() {
    let Some(folder) = real_bars() else { return };
    let mut settings = settings(&folder.join("_raw"), &["GBPUSD"], Timeframe::M1);
    let error = open(&settings, Path::new("."), &AlignmentSettings::default(), None).expect_err("crossed");
    assert_eq!(error.code(), DataCode::CrossedQuote);
    let text = error.to_string();
    assert!(text.contains("676 of 30117 bars (2.2 %)") && text.contains("--on-crossed"), "{text}");
    settings.policy.on_crossed = OnCrossed::Drop;
    assert_eq!(opened(&settings).data.steps(), 29_441);
    settings.policy.on_crossed = OnCrossed::Mid;
    let mid = opened(&settings);
    assert_eq!((mid.data.steps(), mid.report.series[0].crossed.bars), (30_117, 676));
}

#[test]
fn trading_weeks_leave_out_the_hours_they_are_known_to() {
    let Some(folder) = real_bars() else { return };
    for (symbol, timeframe, lost) in [("EURUSD", Timeframe::H1, 428), ("GBPUSD", Timeframe::M1, 471)] {
        let mut settings = settings(&folder, &[symbol], timeframe);
        settings.trading_week = TradingWeek::FxWeek;
        assert_eq!(opened(&settings).report.series[0].outside_week, lost, "{symbol}");
    }
    let mut settings = settings(&folder, &["EURUSD"], Timeframe::H1);
    settings.trading_week = TradingWeek::FxWeekNy;
    let outside = opened(&settings).report.series[0].outside_week;
    assert!(outside < 20, "the New York week is the market's own: {outside}");
}

#[test]
fn every_real_series_loads() {
    let Some(folder) = real_bars() else { return };
    let mut series = 0;
    for timeframe in [Timeframe::M1, Timeframe::H1, Timeframe::D1] {
        let mut settings = settings(&folder, &[], timeframe);
        settings.spread = omega_sweep::data::settings::SpreadSetting::All(1.0);
        let opened = opened(&settings);
        series += opened.report.files.len();
    }
    assert_eq!(series, 40, "all files but the crossed pair");
}

#[test]
fn a_view_sees_the_window_that_ends_at_its_bar() {
    let vectors = load("data", "window.json");
    let rows = vectors["rows"].as_u64().expect("a number") as usize;
    let column: Vec<f64> = (0..rows).map(|row| 1.0 + row as f64).collect();
    let prices = Arc::new(PriceColumns {
        open: column.clone(),
        high: column.clone(),
        low: column.clone(),
        close: column,
    });
    let times = (0..rows as i64).map(|row| row * 60_000_000).collect();
    let series = BarSeries::new(Timeframe::M1, times, Arc::clone(&prices), prices, vec![0.0; rows]);
    let spec = SymbolTable::default().lookup("EURUSD", false).expect("built in");
    let symbols = vec![SymbolBars::new(spec, series)];
    let data = in_memory(Timeframe::M1, symbols, AlignmentSettings::default()).expect("bars");
    let mut checked = 0;
    for step in vectors["steps"].as_array().expect("steps") {
        let index = step["set_index"].as_u64().expect("a number") as usize;
        if index >= rows {
            continue; // The vector's notes call these steps informative only.
        }
        let view = BarView::at(&data, SymbolId(0), index).expect("a bar");
        assert_eq!(step["latest"], view.row());
        for (length, expected) in step["history"].as_object().expect("lengths") {
            let length: usize = length.parse().expect("a number");
            let seen = (0..length).rev().filter_map(|back| view.back(PriceSide::Bid, back));
            let ours: Vec<i64> = seen.map(|bar| bar.close as i64 - 1).collect();
            assert_eq!(ours, integers(expected), "step {index}, {length} bars");
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked}");
}
