//! `leaderboard.parquet`: the best trials, the columns of the trial table with the rank in front.

use std::path::Path;

use super::disk::Disk;
use super::parquet_file::{self, Notes, note};
use super::table::decode;
use super::{StoreError, TableSchema};
use crate::sweep::TrialRow;
use crate::types::Digest;

/// Name of the file.
pub const LEADERBOARD: &str = "leaderboard.parquet";

/// Writes the ranked rows, best first.
///
/// # Errors
/// When a row does not fit the columns or the disk refuses.
pub fn write(root: &Path, study: Digest, schema: &TableSchema, rows: &[TrialRow]) -> Result<(), StoreError> {
    let json = serde_json::to_string(&schema.json_params()).unwrap_or_default();
    let notes: Notes = [
        ("omega-sweep.table", "leaderboard".to_owned()),
        ("omega-sweep.study", study.to_hex()),
        ("omega-sweep.json-params", json),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into();
    let bytes = parquet_file::to_bytes(&schema.encode(rows, true)?, &notes)?;
    Disk::default().write_whole(root, LEADERBOARD, &bytes)
}

/// Reads the ranked rows back, best first, with the keys of their metric columns.
///
/// # Errors
/// When the file is missing, damaged or of a later program.
pub fn read(root: &Path) -> Result<(Vec<TrialRow>, Vec<String>), StoreError> {
    let path = root.join(LEADERBOARD);
    let (batches, notes) = parquet_file::read(&path)?;
    let damaged = |how: String| StoreError::damaged(&path, how);
    let json: Vec<String> = note(&notes, "omega-sweep.json-params")
        .and_then(|text| serde_json::from_str(text).ok())
        .ok_or_else(|| damaged("its list of parameters is unreadable".to_owned()))?;
    let (mut rows, mut metrics) = (Vec::new(), Vec::new());
    for batch in &batches {
        metrics = metric_names(batch);
        rows.extend(decode(batch, &json).map_err(damaged)?);
    }
    Ok((rows, metrics))
}

/// Keys of the metric columns of a trial table, in order.
fn metric_names(batch: &arrow_array::RecordBatch) -> Vec<String> {
    let schema = batch.schema();
    let names = schema.fields().iter().map(|field| field.name().clone());
    let after = names.skip_while(|name| name != "duplicate_of").skip(1);
    after.filter(|name| !name.starts_with("param.") && name != "trial_digest").collect()
}

#[cfg(test)]
mod tests {
    use super::super::{MetricColumn, ParamColumn, ParamKind};
    use super::*;
    use crate::sweep::fakes::row;

    #[test]
    fn the_order_of_the_file_is_the_rank() {
        let temp = tempfile::tempdir().unwrap();
        let schema = TableSchema {
            params: vec![
                ParamColumn { name: "period".into(), kind: ParamKind::Int },
                ParamColumn { name: "factor".into(), kind: ParamKind::Float },
                ParamColumn { name: "mode".into(), kind: ParamKind::Text },
            ],
            metrics: ["a", "b", "c"].map(|key| MetricColumn { key: key.into(), integer: false }).into(),
            objectives: 1,
        };
        let rows = vec![row(9, Some(2.0)), row(1, Some(1.5)), row(4, None)];
        write(temp.path(), Digest::of(b"study"), &schema, &rows).unwrap();
        let (read, metrics) = read(temp.path()).unwrap();
        assert_eq!((read, metrics), (rows, vec!["a".to_owned(), "b".to_owned(), "c".to_owned()]));
    }
}
