//! Parquet files as other programs write them: types, names, units, nulls.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float32Array, Float64Array, Int64Array,
    LargeStringArray, ListArray, RecordBatch, StringArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, UInt16Array, types::Int32Type,
};
use omega_sweep::data::import::{Format, ImportSettings, ImportedSeries, read};
use omega_sweep::data::report::WarningCode;
use omega_sweep::data::settings::{DataSource, Holdout};
use omega_sweep::data::{AlignmentSettings, DataCode, DataError, DataSettings, SymbolTable, open};
use omega_sweep::types::Timeframe;
use parquet::arrow::ArrowWriter;

/// 2024-01-02 10:00 UTC, a Tuesday.
const START: i64 = 1_704_189_600_000_000;
const MINUTE: i64 = 60_000_000;
const ROWS: usize = 6;

type Column = (&'static str, ArrayRef);

fn micros() -> Vec<i64> {
    (0_i64..).take(ROWS).map(|row| START + row * MINUTE).collect()
}

fn utc(values: Vec<i64>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from(values).with_timezone("UTC"))
}

fn price(value: f64) -> ArrayRef {
    Arc::new(Float64Array::from(vec![value; ROWS]))
}

fn canonical() -> Vec<Column> {
    vec![
        ("timestamp", utc(micros())),
        ("open", price(1.1)),
        ("high", price(1.2)),
        ("low", price(1.0)),
        ("close", price(1.15)),
        ("volume", price(3.0)),
    ]
}

fn with(changes: Vec<Column>) -> Vec<Column> {
    let mut columns = canonical();
    for (name, values) in changes {
        match columns.iter_mut().find(|(known, _)| *known == name) {
            Some(column) => column.1 = values,
            None => columns.push((name, values)),
        }
    }
    columns
}

fn renamed(names: [&'static str; 6]) -> Vec<Column> {
    canonical().into_iter().zip(names).map(|((_, values), name)| (name, values)).collect()
}

fn write(folder: &Path, columns: Vec<Column>) -> PathBuf {
    let path = folder.join("EURUSD_M1_BID.parquet");
    let fields: Vec<(&str, ArrayRef, bool)> =
        columns.into_iter().map(|(name, values)| (name, values, true)).collect();
    let batch = RecordBatch::try_from_iter_with_nullable(fields).expect("a batch");
    let file = std::fs::File::create(&path).expect("a file");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
    path
}

fn loaded(
    columns: Vec<Column>,
    change: impl Fn(&mut ImportSettings),
) -> Result<Vec<ImportedSeries>, DataError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = write(folder.path(), columns);
    let mut settings = ImportSettings { format: Some(Format::Parquet), ..ImportSettings::default() };
    change(&mut settings);
    read(&settings, &[path]).map(|(series, _)| series)
}

fn times(columns: Vec<Column>) -> Result<Vec<i64>, DataCode> {
    let series = loaded(columns, |_| {}).map_err(|error| error.code())?;
    Ok(series[0].bars.times().to_vec())
}

fn refused(columns: Vec<Column>) -> (DataCode, Option<u64>, Option<String>) {
    let error = loaded(columns, |_| {}).map(|series| series.len()).expect_err("refused");
    let problem = error.problem();
    (problem.code, problem.row, problem.column.clone())
}

#[test]
fn every_unit_of_time_gives_the_same_instants() {
    let scaled = |divisor: i64| micros().into_iter().map(|time| time / divisor).collect::<Vec<i64>>();
    let nanos: Vec<i64> = micros().into_iter().map(|time| time * 1000).collect();
    let zoned = TimestampNanosecondArray::from(nanos.clone()).with_timezone("Europe/Athens");
    let columns: [ArrayRef; 6] = [
        utc(micros()),
        Arc::new(TimestampMillisecondArray::from(scaled(1000)).with_timezone("UTC")),
        Arc::new(zoned),
        Arc::new(Int64Array::from(scaled(1_000_000))),
        Arc::new(Int64Array::from(scaled(1000))),
        Arc::new(Int64Array::from(nanos)),
    ];
    for column in columns {
        let what = format!("{:?}", column.data_type());
        assert_eq!(times(with(vec![("timestamp", column)])), Ok(micros()), "{what}");
    }
}

#[test]
fn names_of_other_programs_are_understood() {
    for names in [
        ["UTC time", "Open", "High", "Low", "Close", "Volume"],
        ["__index_level_0__", "o", "h", "l", "c", "v"],
        ["datetime", "OPEN", "HIGH", "LOW", "CLOSE", "tick_volume"],
        ["ts", "open", "high", "low", "close", "something_else"],
    ] {
        assert_eq!(times(renamed(names)), Ok(micros()), "{names:?}");
    }
    let without = loaded(renamed(["time", "open", "high", "low", "close", "trades"]), |_| {}).expect("read");
    assert_eq!(without[0].bars.volume(), [0.0; ROWS]);
}

#[test]
fn narrow_numbers_are_widened_and_narrow_prices_noted() {
    let float32 = || Arc::new(Float32Array::from(vec![1.1_f32; ROWS])) as ArrayRef;
    let columns = with(vec![
        ("open", float32()),
        ("close", float32()),
        ("volume", Arc::new(UInt16Array::from(vec![7_u16; ROWS]))),
    ]);
    let series = loaded(columns, |_| {}).expect("read");
    assert_eq!(series[0].bars.bid().open[0], f64::from(1.1_f32));
    assert_eq!(series[0].bars.volume()[0], 7.0);
    let codes: Vec<WarningCode> = series[0].report.warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(codes, [WarningCode::Float32Prices]);
}

#[test]
fn wrong_types_are_named_with_their_column() {
    let text = || Arc::new(StringArray::from(vec!["1.1"; ROWS])) as ArrayRef;
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1)]); ROWS]);
    let cases: [(&'static str, ArrayRef, &str); 5] = [
        ("timestamp", text(), "found string"),
        ("close", text(), "found string"),
        ("open", Arc::new(BooleanArray::from(vec![true; ROWS])), "found bool"),
        ("low", Arc::new(list), "found list"),
        ("high", Arc::new(Int64Array::from(vec![1; ROWS])), "found int64"),
    ];
    for (column, values, found) in cases {
        let error =
            loaded(with(vec![(column, values)]), |_| {}).map(|series| series.len()).expect_err("refused");
        assert_eq!(error.code(), DataCode::WrongColumnType);
        assert_eq!(error.problem().column.as_deref(), Some(column));
        assert!(error.to_string().contains(found), "{error}");
    }
}

#[test]
fn nulls_are_found_in_row_order_and_are_not_numbers() {
    let mut some = vec![Some(1.15); ROWS];
    some[4] = None;
    let late = Arc::new(Float64Array::from(some.clone())) as ArrayRef;
    some[2] = None;
    let early = Arc::new(Float64Array::from(some)) as ArrayRef;
    let place = |row, column: &str| (DataCode::NullValue, Some(row), Some(column.to_owned()));
    assert_eq!(refused(with(vec![("close", Arc::clone(&late))])), place(4, "close"));
    assert_eq!(refused(with(vec![("open", late), ("close", early)])), place(2, "close"));
}

#[test]
fn naive_times_need_a_zone_and_impossible_ones_are_refused() {
    let naive = || Arc::new(TimestampMicrosecondArray::from(micros())) as ArrayRef;
    assert_eq!(times(with(vec![("timestamp", naive())])), Err(DataCode::TimezoneMissing));
    let athens = loaded(with(vec![("timestamp", naive())]), |settings| {
        settings.policy.tz = Some("Europe/Athens".into());
    });
    let shifted: Vec<i64> = micros().into_iter().map(|time| time - 120 * MINUTE).collect();
    assert_eq!(athens.expect("read")[0].bars.times(), shifted);
    let split = Arc::new(TimestampNanosecondArray::from_iter_values(
        micros().into_iter().enumerate().map(|(row, time)| time * 1000 + i64::from(row == 3)),
    ));
    let split = Arc::new(split.as_ref().clone().with_timezone("UTC")) as ArrayRef;
    let (code, row, _) = refused(with(vec![("timestamp", split)]));
    assert_eq!((code, row), (DataCode::TimestampOffGrid, Some(3)));
    let seconds_as_micros = micros().into_iter().map(|time| time / 1_000_000).collect();
    let (code, row, _) = refused(with(vec![("timestamp", utc(seconds_as_micros))]));
    assert_eq!((code, row), (DataCode::TimestampOutOfRange, Some(0)));
    let few_digits = Arc::new(Int64Array::from(vec![12_345; ROWS]));
    assert_eq!(times(with(vec![("timestamp", few_digits)])), Err(DataCode::TimestampOutOfRange));
}

#[test]
fn dates_are_times_of_daily_bars_only() {
    let dates =
        || Arc::new(Date32Array::from(vec![19_723, 19_724, 19_725, 19_726, 19_727, 19_730])) as ArrayRef;
    assert_eq!(refused(with(vec![("timestamp", dates())])).0, DataCode::WrongColumnType);
    let days =
        loaded(with(vec![("timestamp", dates())]), |settings| settings.timeframe = Some(Timeframe::D1));
    assert_eq!(days.expect("read")[0].bars.times()[0], 19_723 * 1440 * MINUTE);
}

#[test]
fn missing_and_doubled_columns_are_named() {
    let without: Vec<Column> = canonical().into_iter().filter(|(name, _)| *name != "low").collect();
    assert_eq!(refused(without), (DataCode::MissingColumn, None, Some("low".to_owned())));
    let doubled = with(vec![("vol", price(1.0))]);
    assert_eq!(refused(doubled), (DataCode::DuplicateColumn, None, Some("vol".to_owned())));
}

#[test]
fn a_long_file_holds_several_symbols_in_any_encoding() {
    let names = ["EURUSD", "NZDUSD", "EURUSD", "NZDUSD", "EURUSD", "NZDUSD"];
    let dictionary: DictionaryArray<Int32Type> = names.into_iter().collect();
    let encodings: [ArrayRef; 3] = [
        Arc::new(StringArray::from(names.to_vec())),
        Arc::new(LargeStringArray::from(names.to_vec())),
        Arc::new(dictionary),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    for symbols in encodings {
        let close = Arc::new(Float64Array::from(vec![1.1, 1.01, 1.12, 1.02, 1.13, 1.03])) as ArrayRef;
        let path = write(folder.path(), with(vec![("symbol", symbols), ("close", close)]));
        let settings = DataSettings {
            source: DataSource::Path(path),
            spread: omega_sweep::data::settings::SpreadSetting::All(1.0),
            holdout: Holdout::None,
            ..DataSettings::default()
        };
        let opened = open(&settings, Path::new("."), &AlignmentSettings::default(), None).expect("opened");
        let closes: Vec<&[f64]> =
            opened.data.symbols().iter().map(|series| series.bars.bid().close.as_slice()).collect();
        assert_eq!(closes, [&[1.1, 1.12, 1.13][..], &[1.01, 1.02, 1.03][..]]);
        assert_eq!(opened.data.steps(), 6);
    }
}

#[test]
fn a_footer_cannot_claim_more_than_the_pages_hold() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = write(folder.path(), canonical());
    let mut bytes = std::fs::read(&path).expect("bytes");
    let footer = bytes.len() - 8;
    // A footer length beyond the file must neither be allocated nor believed.
    bytes[footer..footer + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    std::fs::write(&path, &bytes).expect("written");
    let error = read(&ImportSettings::default(), &[path]).expect_err("refused");
    assert_eq!(error.code(), DataCode::CorruptParquet);
}

#[test]
fn a_claim_of_a_trillion_rows_is_not_believed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = write(folder.path(), canonical());
    let mut bytes = std::fs::read(&path).expect("bytes");
    let end = bytes.len() - 8;
    let length = u32::from_le_bytes(bytes[end..end + 4].try_into().expect("four bytes"));
    let footer = end - length as usize;
    // Field 3 of the footer, 64-bit zigzag: six rows; field 4, the row groups, follows.
    let at =
        bytes[footer..end].windows(3).position(|three| three == [0x16, 0x0c, 0x19]).expect("the row count");
    let claim = [0x80, 0x80, 0x80, 0x80, 0x80, 0x40]; // 2^40 rows
    bytes.splice(footer + at + 1..footer + at + 2, claim);
    let end = bytes.len() - 8;
    bytes[end..end + 4].copy_from_slice(&(length + 5).to_le_bytes());
    std::fs::write(&path, &bytes).expect("written");
    let settings = DataSettings {
        source: DataSource::Path(path.clone()),
        spread: omega_sweep::data::settings::SpreadSetting::All(1.0),
        ..DataSettings::default()
    };
    let limited = open(&settings, Path::new("."), &AlignmentSettings::default(), Some(1 << 30));
    assert_eq!(limited.expect_err("too much").code(), DataCode::MemoryLimit);
    let grown = allocation_counter::measure(|| {
        let error = read(&ImportSettings::default(), &[path]).expect_err("refused");
        assert!(
            error.code() == DataCode::CorruptParquet && error.to_string().contains("1099511627776"),
            "{error}"
        );
    });
    assert!(grown.bytes_max < 64 << 20, "{} bytes", grown.bytes_max);
}

#[test]
fn the_table_of_a_study_knows_made_up_symbols() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = write(folder.path(), canonical());
    let renamed = folder.path().join("SYN01_M1_BID.parquet");
    std::fs::rename(path, &renamed).expect("renamed");
    let settings = DataSettings {
        source: DataSource::Path(renamed),
        spread: omega_sweep::data::settings::SpreadSetting::All(1.0),
        holdout: Holdout::None,
        ..DataSettings::default()
    };
    let opened = |settings: &DataSettings| {
        open(settings, Path::new("."), &AlignmentSettings::default(), None).map(|opened| opened.data.steps())
    };
    assert_eq!(opened(&settings).expect_err("unknown").code(), DataCode::UnknownSymbol);
    let entry = serde_json::json!({"SYN01": {"contract_size": 1e5, "tick_size": 1e-5, "pip_size": 1e-4,
        "base_currency": "EUR", "quote_currency": "USD"}});
    let symbol_table = SymbolTable::from_json(&entry).expect("a table");
    assert_eq!(opened(&DataSettings { symbol_table, ..settings }), Ok(ROWS));
}
