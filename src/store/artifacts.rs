//! `top/<trial>/`: trades and equity of the best trials.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, RecordBatch, TimestampMicrosecondArray, UInt32Array, UInt64Array,
};
use arrow_schema::{DataType, Field, Schema, TimeUnit};

use super::StoreError;
use super::disk::{self, Disk};
use super::parquet_file::{self, Notes};
use crate::data::MultiSymbolData;
use crate::engine::TrialRun;
use crate::types::{Trade, TrialId};

/// Folder of the best trials inside a run folder.
pub const TOP: &str = "top";

/// Where a trial's artifacts lie.
pub fn folder_of(root: &Path, trial: TrialId) -> PathBuf {
    root.join(TOP).join(trial.0.to_string())
}

/// Writes `trades.parquet` and `equity.parquet` of one trial.
///
/// # Errors
/// When the disk refuses.
pub fn write(root: &Path, trial: TrialId, run: &TrialRun, data: &MultiSymbolData) -> Result<(), StoreError> {
    write_to(&folder_of(root, trial), &trial.0.to_string(), run, data)
}

/// Writes the same two files into any folder; `trial` is what they say they belong to.
///
/// # Errors
/// When the disk refuses.
pub fn write_to(
    folder: &Path,
    trial: &str,
    run: &TrialRun,
    data: &MultiSymbolData,
) -> Result<(), StoreError> {
    disk::create_directory(folder)?;
    let notes = |table: &str| -> Notes {
        vec![
            ("omega-sweep.table".to_owned(), table.to_owned()),
            ("omega-sweep.trial".to_owned(), trial.to_owned()),
        ]
    };
    let names: Vec<&str> = data.symbols().iter().map(|series| series.spec.name.as_str()).collect();
    let trades = parquet_file::to_bytes(&trades(&run.trades, &names)?, &notes("trades"))?;
    Disk::default().write_whole(folder, "trades.parquet", &trades)?;
    let equity = parquet_file::to_bytes(&equity(run, data)?, &notes("equity"))?;
    Disk::default().write_whole(folder, "equity.parquet", &equity)
}

/// Named columns of equal length.
struct Columns(Vec<(Field, ArrayRef)>);

impl Columns {
    fn add(&mut self, name: &str, nullable: bool, array: ArrayRef) {
        self.0.push((Field::new(name, array.data_type().clone(), nullable), array));
    }

    fn floats(&mut self, name: &str, values: impl Iterator<Item = f64>) {
        self.add(name, false, Arc::new(Float64Array::from_iter_values(values)));
    }

    fn optional(&mut self, name: &str, values: impl Iterator<Item = Option<f64>>) {
        self.add(name, true, Arc::new(values.collect::<Float64Array>()));
    }

    fn times(&mut self, name: &str, values: impl Iterator<Item = i64>) {
        let times = TimestampMicrosecondArray::from_iter_values(values).with_timezone("UTC");
        debug_assert!(matches!(
            arrow_array::Array::data_type(&times),
            DataType::Timestamp(TimeUnit::Microsecond, Some(_))
        ));
        self.add(name, false, Arc::new(times));
    }

    fn words<'a>(&mut self, name: &str, nullable: bool, values: impl Iterator<Item = Option<&'a str>>) {
        let mut builder = StringBuilder::new();
        values.for_each(|value| builder.append_option(value));
        self.add(name, nullable, Arc::new(builder.finish()));
    }

    fn batch(self, what: &str) -> Result<RecordBatch, StoreError> {
        let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = self.0.into_iter().unzip();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
            .map_err(|error| StoreError::Encode { what: what.to_owned(), reason: error.to_string() })
    }
}

/// The record of `execution.md` 8.4, then what 9b adds, in booking order.
fn trades(trades: &[Trade], symbols: &[&str]) -> Result<RecordBatch, StoreError> {
    let each = || trades.iter();
    let mut columns = Columns(Vec::new());
    columns.times("entry_time_us", each().map(|t| t.entry_time.0));
    columns.times("trigger_time_us", each().map(|t| t.trigger_time.0));
    columns.times("exit_time_us", each().map(|t| t.exit_time.0));
    columns.words(
        "symbol",
        false,
        each().map(|t| Some(symbols.get(t.symbol.index()).copied().unwrap_or("?"))),
    );
    columns.words("direction", false, each().map(|t| Some(t.direction.as_str())));
    columns.words("order_type", false, each().map(|t| Some(t.order_type.as_str())));
    columns.floats("entry_price", each().map(|t| t.entry_price));
    columns.floats("exit_price", each().map(|t| t.exit_price));
    columns.optional("initial_stop_loss", each().map(|t| t.initial_stop_loss));
    columns.optional("stop_loss", each().map(|t| t.stop_loss));
    columns.optional("initial_take_profit", each().map(|t| t.initial_take_profit));
    columns.optional("take_profit", each().map(|t| t.take_profit));
    columns.floats("size", each().map(|t| t.size));
    columns.floats("risk_per_trade", each().map(|t| t.risk_per_trade));
    columns.floats("result", each().map(|t| t.result));
    columns.optional("r_multiple", each().map(|t| t.r_multiple));
    columns.floats("entry_fee", each().map(|t| t.entry_fee));
    columns.floats("exit_fee", each().map(|t| t.exit_fee));
    columns.floats("total_fee", each().map(Trade::total_fee));
    columns.words("reason", false, each().map(|t| Some(t.reason.as_str())));
    columns.words("scenario", true, each().map(|t| t.scenario));
    columns.add(
        "magic_number",
        false,
        Arc::new(each().map(|t| Some(t.magic_number)).collect::<UInt64Array>()),
    );
    columns.add("number", false, Arc::new(each().map(|t| Some(t.number)).collect::<UInt32Array>()));
    columns.floats("swap", each().map(|t| t.swap));
    columns.add("ambiguous", false, Arc::new(each().map(|t| Some(t.ambiguous)).collect::<BooleanArray>()));
    columns.floats("cost_spread", each().map(|t| t.costs.spread));
    columns.floats("cost_slippage", each().map(|t| t.costs.slippage));
    columns.floats("cost_commission", each().map(|t| t.costs.commission));
    columns.floats("cost_swap", each().map(|t| t.costs.swap));
    columns.batch("trades")
}

/// One row per step of the window.
fn equity(run: &TrialRun, data: &MultiSymbolData) -> Result<RecordBatch, StoreError> {
    let mut columns = Columns(Vec::new());
    columns.times("timestamp", run.curve.per_step().map(|point| data.timeline()[point.step as usize]));
    columns.floats("cash", run.curve.per_step().map(|point| point.cash));
    columns.floats("equity", run.curve.per_step().map(|point| point.equity));
    columns.batch("equity")
}
