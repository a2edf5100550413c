//! A study of a part of the data reads a part of the files, and gets what it would get from all of them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, TimestampMicrosecondArray};
use omega_sweep::data::settings::{DataSource, Holdout};
use omega_sweep::data::synthetic::{GenerateSettings, GeneratedLength, generate};
use omega_sweep::data::{
    AlignmentSettings, BarSeries, DataCode, DataError, DataSettings, DayAnchor, OpenedData, open,
};
use omega_sweep::types::{PriceSide, Timeframe, Timestamp};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;

use crate::fixture::random_cases;

const BARS: usize = 4000;

fn bars() -> BarSeries {
    let settings = GenerateSettings {
        symbols: vec!["EURUSD".to_owned()],
        timeframe: Timeframe::M15,
        length: GeneratedLength::Bars(BARS),
        ..GenerateSettings::default()
    };
    generate(&settings).expect("generated").remove(0).bars
}

/// Bid and ask with so many rows per group, the ask from a later bar on, so that groups of the two do not agree.
fn write(folder: &Path, bars: &BarSeries, group: usize) -> PathBuf {
    std::fs::create_dir_all(folder.join("EURUSD")).expect("a folder");
    for (name, side, first) in [("BID", PriceSide::Bid, 0), ("ASK", PriceSide::Ask, 7)] {
        let number = |column: &[f64]| Arc::new(Float64Array::from(column[first..].to_vec())) as ArrayRef;
        let prices = bars.side(side);
        let times = TimestampMicrosecondArray::from(bars.times()[first..].to_vec()).with_timezone("UTC");
        let batch = RecordBatch::try_from_iter([
            ("timestamp", Arc::new(times) as ArrayRef),
            ("open", number(&prices.open)),
            ("high", number(&prices.high)),
            ("low", number(&prices.low)),
            ("close", number(&prices.close)),
            ("volume", number(bars.volume())),
        ])
        .expect("columns");
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group)).build();
        let file = File::create(folder.join(format!("EURUSD/EURUSD_M15_{name}.parquet"))).expect("a file");
        let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).expect("a writer");
        writer.write(&batch).expect("written");
        writer.close().expect("closed");
    }
    folder.to_owned()
}

fn opened(settings: &DataSettings) -> Result<OpenedData, DataError> {
    open(settings, Path::new("."), &AlignmentSettings::default(), None)
}

/// Everything a study gets but the report.
fn digest(opened: &OpenedData) -> (String, Vec<Vec<u32>>, usize, usize) {
    let maps = opened.data.symbols()[0].higher.iter().map(|higher| higher.map.to_vec()).collect();
    (opened.data.fingerprint().to_hex(), maps, opened.window.start, opened.window.end)
}

proptest! {
    #![proptest_config(random_cases(10))]
    #[test]
    fn a_part_is_the_same_from_files_of_any_cut(
        from in 0_usize..BARS,
        length in 1_usize..BARS,
        group in 40_usize..900,
        warmup_bars in 0_u32..3,
        minutes in 0_i64..30,
        primary in prop::sample::select(vec![Timeframe::M15, Timeframe::H1, Timeframe::H4]),
        ny in any::<bool>(),
        open_ended in 0_u8..3,
    ) {
        let bars = bars();
        let instant = |bar: usize| Timestamp(bars.times()[bar.min(BARS - 1)] + minutes * 60_000_000);
        let parts = |group| {
            let folder = tempfile::tempdir().expect("a folder");
            let settings = DataSettings {
                source: DataSource::Path(write(folder.path(), &bars, group)),
                primary: Some(primary),
                additional: vec![Timeframe::D1],
                from: (open_ended != 1).then(|| instant(from)),
                to: (open_ended != 2).then(|| instant(from + length)),
                warmup_bars,
                day_anchor: if ny { DayAnchor::Ny17 } else { DayAnchor::Utc },
                holdout: Holdout::None,
                ..DataSettings::default()
            };
            opened(&settings).map(|opened| digest(&opened)).map_err(|error| error.code())
        };
        prop_assert_eq!(parts(group), parts(BARS));
    }
}

/// Two weeks in the middle of files with groups of about a day.
fn middle(folder: &Path) -> DataSettings {
    DataSettings {
        source: DataSource::Path(folder.to_owned()),
        from: Timestamp::parse_iso("2023-01-20"),
        to: Timestamp::parse_iso("2023-01-27"),
        holdout: Holdout::None,
        ..DataSettings::default()
    }
}

#[test]
fn row_groups_far_from_the_range_are_not_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = write(folder.path(), &bars(), 100).join("EURUSD/EURUSD_M15_BID.parquet");
    let settings = middle(folder.path());
    let whole = opened(&settings).expect("opened");
    assert!(whole.report.files[0].rows < 1500, "{} rows read", whole.report.files[0].rows);
    // The first page of the file; nobody needs it.
    let mut bytes = std::fs::read(&path).expect("bytes");
    bytes[8..40].fill(0xff);
    std::fs::write(&path, bytes).expect("written");
    assert_eq!(opened(&settings).expect("opened").data.fingerprint(), whole.data.fingerprint());
    let all = DataSettings { from: None, to: None, ..settings };
    assert_eq!(opened(&all).expect_err("damaged").code(), DataCode::CorruptParquet);
}

#[test]
fn a_row_is_named_by_its_number_in_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = bars();
    let at =
        whole.times().partition_point(|&time| Timestamp(time) < middle(folder.path()).from.expect("a date"));
    let mut prices = whole.bid().clone();
    prices.low[at + 5] = -1.0;
    let (times, volume) = (whole.times().to_vec(), whole.volume().to_vec());
    let damaged =
        BarSeries::new(Timeframe::M15, times, Arc::new(prices), Arc::new(whole.ask().clone()), volume);
    write(folder.path(), &damaged, 100);
    let error = opened(&middle(folder.path())).expect_err("a negative price");
    assert_eq!((error.code(), error.problem().row), (DataCode::NonPositivePrice, Some(at as u64 + 5)));
}

#[test]
fn a_footer_that_lies_about_times_is_found_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let bars = bars();
    let path = write(folder.path(), &bars, 100).join("EURUSD/EURUSD_M15_BID.parquet");
    let settings = middle(folder.path());
    let whole = opened(&settings).expect("opened").data.fingerprint();
    let bytes = std::fs::read(&path).expect("bytes");
    let end = bytes.len() - 8;
    let footer = end - u32::from_le_bytes(bytes[end..end + 4].try_into().expect("four bytes")) as usize;
    let mut found_out = 0;
    let lie = |lying: &mut [u8], bar: usize, time: i64| {
        let needle = bars.times()[bar].to_le_bytes();
        let places = bytes[footer..].windows(8).enumerate().filter(|(_, window)| *window == needle);
        for at in places.map(|(at, _)| footer + at) {
            lying[at..at + 8].copy_from_slice(&time.to_le_bytes());
        }
    };
    // What is read begins two days before the range and ends two days behind it.
    let day = 86_400_000_000;
    let begin = settings.from.expect("a date").0 - 2 * day;
    let end = settings.to.expect("a date").0 + 2 * day;
    // The first and last times of groups stand in the footer: the group behind a boundary claims to begin before it.
    for group in (100..BARS).step_by(100) {
        let near = |boundary: &i64| (bars.times()[group] - boundary).abs() < 3 * day;
        for boundary in [begin, end].into_iter().filter(near) {
            let mut lying = bytes.clone();
            lie(&mut lying, group - 1, boundary - 2);
            lie(&mut lying, group, boundary - 1);
            let mut late = bytes.clone();
            lie(&mut late, group, boundary + 1);
            for lying in [lying, late] {
                std::fs::write(&path, lying).expect("written");
                match opened(&settings) {
                    Ok(opened) => assert_eq!(opened.data.fingerprint(), whole, "group at bar {group}"),
                    Err(error) => {
                        assert_eq!(error.code(), DataCode::CorruptParquet, "{error}");
                        found_out += 1;
                    }
                }
            }
        }
    }
    assert!(found_out >= 2, "{found_out} lies mattered");
}
