//! Daily returns as a table: `fold`, `trial_id`, `date`, `return`.

use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float64Type, UInt32Type, UInt64Type};
use arrow_array::{Date32Array, Float64Array, RecordBatch, UInt32Array, UInt64Array};
use arrow_schema::{DataType, Field, Schema};

use super::{StoreError, parquet_file};
use crate::sweep::DailyReturns;
use crate::types::TrialId;

/// Returns of several trials, in the order given.
pub(crate) fn encode(trials: &[(u32, TrialId, DailyReturns)]) -> Result<RecordBatch, StoreError> {
    let rows =
        || trials.iter().flat_map(|(fold, id, daily)| daily.days.iter().map(move |day| (*fold, id.0, *day)));
    let fold: UInt32Array = rows().map(|(fold, _, _)| fold).collect();
    let id: UInt64Array = rows().map(|(_, id, _)| id).collect();
    let date: Date32Array = rows().map(|(_, _, day)| Some(day)).collect();
    let values: Float64Array =
        trials.iter().flat_map(|(_, _, daily)| daily.returns.iter().copied()).map(Some).collect();
    let schema = Schema::new(vec![
        Field::new("fold", DataType::UInt32, false),
        Field::new("trial_id", DataType::UInt64, false),
        Field::new("date", DataType::Date32, false),
        Field::new("return", DataType::Float64, false),
    ]);
    RecordBatch::try_new(
        Arc::new(schema),
        vec![Arc::new(fold), Arc::new(id), Arc::new(date), Arc::new(values)],
    )
    .map_err(|error| StoreError::Encode { what: "daily returns".to_owned(), reason: error.to_string() })
}

/// Reads a file of daily returns.
///
/// # Errors
/// When it cannot be read or is damaged.
pub fn read(path: &Path) -> Result<Vec<(u32, TrialId, DailyReturns)>, StoreError> {
    let (batches, _) = parquet_file::read(path)?;
    let mut trials: Vec<(u32, TrialId, Vec<i32>, Vec<f64>)> = Vec::new();
    for batch in &batches {
        let columns = (
            batch.column_by_name("fold").and_then(|c| c.as_primitive_opt::<UInt32Type>()),
            batch.column_by_name("trial_id").and_then(|c| c.as_primitive_opt::<UInt64Type>()),
            batch.column_by_name("date").and_then(|c| c.as_primitive_opt::<Date32Type>()),
            batch.column_by_name("return").and_then(|c| c.as_primitive_opt::<Float64Type>()),
        );
        let (Some(fold), Some(id), Some(date), Some(value)) = columns else {
            return Err(StoreError::damaged(path, "it lacks a column of daily returns"));
        };
        for row in 0..batch.num_rows() {
            let key = (fold.value(row), TrialId(id.value(row)));
            if trials.last().is_none_or(|last| (last.0, last.1) != key) {
                trials.push((key.0, key.1, Vec::new(), Vec::new()));
            }
            if let Some(last) = trials.last_mut() {
                last.2.push(date.value(row));
                last.3.push(value.value(row));
            }
        }
    }
    let whole = |(fold, id, days, returns): (u32, TrialId, Vec<i32>, Vec<f64>)| {
        (fold, id, DailyReturns { days: days.into(), returns: returns.into() })
    };
    Ok(trials.into_iter().map(whole).collect())
}
