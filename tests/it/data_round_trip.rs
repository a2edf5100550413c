//! What an import writes is what the foreign file said, bit by bit: read back by another reader, and written as text and
//! imported again.

use std::fmt::Write;
use std::fs::File;
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMicrosecondType};
use omega_sweep::data::import::{ImportSettings, import};
use omega_sweep::types::Timestamp;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use crate::data_import::{files, manifest, settings};

/// One side in bits: times, then open, high, low, close, volume.
#[derive(Debug, PartialEq)]
struct Side {
    times: Vec<i64>,
    columns: [Vec<u64>; 5],
}

const COLUMNS: [&str; 5] = ["open", "high", "low", "close", "volume"];

fn expected(series: &Value) -> Side {
    let list = |name: &str| series[name].as_array().expect("a list");
    let bits = |name| list(name).iter().map(|value| value.as_f64().expect("a number").to_bits()).collect();
    let times = list("timestamp").iter().map(|value| value.as_i64().expect("a time")).collect();
    Side { times, columns: COLUMNS.map(bits) }
}

/// A written file as the parquet crate reads it, by none of our code.
fn stored(path: &Path) -> Side {
    let file = File::open(path).expect("a written file");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet").build().expect("a reader");
    let mut side = Side { times: Vec::new(), columns: Default::default() };
    for batch in reader {
        let batch = batch.expect("a batch");
        let times = batch.column_by_name("timestamp").expect("times");
        side.times.extend(times.as_primitive::<TimestampMicrosecondType>().values());
        for (column, name) in side.columns.iter_mut().zip(COLUMNS) {
            let values = batch.column_by_name(name).expect("a column").as_primitive::<Float64Type>();
            column.extend(values.values().iter().map(|value| value.to_bits()));
        }
    }
    side
}

/// The same rows as text.
fn text_of(side: &Side) -> String {
    let mut text = "UTC time,Open,High,Low,Close,Volume\n".to_owned();
    for (row, &time) in side.times.iter().enumerate() {
        write!(text, "{}", Timestamp(time)).expect("text");
        for column in &side.columns {
            write!(text, ",{}", f64::from_bits(column[row])).expect("text");
        }
        text.push('\n');
    }
    text
}

fn name_of(series: &Value, ending: &str) -> PathBuf {
    let part = |key: &str| series[key].as_str().expect("a name");
    let name = format!("{}_{}_{}.{ending}", part("symbol"), part("timeframe"), part("side"));
    Path::new(part("symbol")).join(name)
}

#[test]
fn every_foreign_sample_comes_back_bit_by_bit() {
    let Some((folder, samples)) = manifest("import", "samples") else { return };
    let mut sides = 0;
    for sample in &samples {
        let id = &sample["id"];
        let text = std::fs::read_to_string(folder.join(sample["expected"].as_str().expect("a file")));
        let answer: Value = serde_json::from_str(&text.expect("an answer")).expect("JSON");
        let out = tempfile::tempdir().expect("a folder");
        import(&settings(None, &sample["options"]), &files(&folder, sample), out.path())
            .unwrap_or_else(|error| panic!("{id}: {error}"));
        for series in answer["series"].as_array().expect("series") {
            let first = stored(&out.path().join(name_of(series, "parquet")));
            assert_eq!(first, expected(series), "{id} {}", series["side"]);
            let exported = tempfile::tempdir().expect("a folder");
            let path = exported.path().join(name_of(series, "csv").file_name().expect("a name"));
            std::fs::write(&path, text_of(&first)).expect("written");
            import(&ImportSettings::default(), &[path], exported.path()).expect("imported again");
            let again = stored(&exported.path().join(name_of(series, "parquet")));
            assert_eq!(again, first, "{id} {} through text", series["side"]);
            sides += 1;
        }
    }
    assert!(sides >= 45, "{sides}");
}
