//! Rows as columns and back (`search.md` section 15).

use std::sync::Arc;

use arrow_array::builder::{BooleanBuilder, FixedSizeBinaryBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt32Type, UInt64Type};
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, RecordBatch, UInt32Array, UInt64Array};
use arrow_schema::{DataType, Field, Schema};

use super::StoreError;
use crate::sweep::{MetricValues, TrialRow, TrialStatus};
use crate::types::{Digest, ParamDomain, ParamSet, ParamValue, Trial, TrialId};

/// How the values of a parameter are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParamKind {
    /// `int64`.
    Int,
    /// `f64`.
    Float,
    /// `bool`.
    Bool,
    /// A word as it is.
    Text,
    /// Lists and objects as JSON text.
    Json,
}

impl ParamKind {
    /// The kind that holds every value of a domain.
    pub fn of(domain: &ParamDomain) -> Self {
        match domain {
            ParamDomain::Int { .. } => Self::Int,
            ParamDomain::Float { .. } => Self::Float,
            ParamDomain::Bool => Self::Bool,
            ParamDomain::Choice(_) => Self::Text,
            ParamDomain::IntList { .. } | ParamDomain::TextList(_) | ParamDomain::Object => Self::Json,
        }
    }

    /// The narrowest kind that holds all of these values; nulls fit everywhere.
    pub fn of_values<'a>(values: impl IntoIterator<Item = &'a ParamValue>) -> Self {
        let kinds = values.into_iter().filter_map(|value| match value {
            ParamValue::Null => None,
            ParamValue::Bool(_) => Some(Self::Bool),
            ParamValue::Int(_) => Some(Self::Int),
            ParamValue::Float(_) => Some(Self::Float),
            ParamValue::Text(_) => Some(Self::Text),
            ParamValue::List(_) | ParamValue::Object(_) => Some(Self::Json),
        });
        let join = |a: Self, b: Self| match (a, b) {
            (a, b) if a == b => a,
            (Self::Int, Self::Float) | (Self::Float, Self::Int) => Self::Float,
            _ => Self::Json,
        };
        kinds.reduce(join).unwrap_or(Self::Json)
    }

    fn data_type(self) -> DataType {
        match self {
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Bool => DataType::Boolean,
            Self::Text | Self::Json => DataType::Utf8,
        }
    }
}

/// A parameter column; its name in the file is `param.<name>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParamColumn {
    /// Name of the parameter.
    pub name: Arc<str>,
    /// How its values are stored.
    pub kind: ParamKind,
}

/// A metric column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricColumn {
    /// Key of the metric.
    pub key: Arc<str>,
    /// Whether it counts something and is stored as `int64`.
    pub integer: bool,
}

/// The columns of a trial table that differ between studies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSchema {
    /// Parameters, in order.
    pub params: Vec<ParamColumn>,
    /// Metrics, in order.
    pub metrics: Vec<MetricColumn>,
    /// Number of objectives, at least 1.
    pub objectives: usize,
}

/// Prefix of parameter columns.
const PARAM: &str = "param.";

impl TableSchema {
    /// Name of an objective's column: `objective`, or `objective_<k>` from 0 when there are several.
    pub fn objective_name(&self, k: usize) -> String {
        if self.objectives == 1 { "objective".to_owned() } else { format!("objective_{k}") }
    }

    /// Names of the parameter columns that hold JSON text.
    pub(crate) fn json_params(&self) -> Vec<&str> {
        let json = self.params.iter().filter(|param| param.kind == ParamKind::Json);
        json.map(|param| param.name.as_ref()).collect()
    }

    /// The arrow schema; `ranked` puts a rank in front.
    pub fn arrow(&self, ranked: bool) -> Schema {
        let mut fields = Vec::new();
        let mut add = |name: &str, data_type: DataType, nullable: bool| {
            fields.push(Field::new(name, data_type, nullable));
        };
        if ranked {
            add("rank", DataType::UInt32, false);
        }
        add("fold", DataType::UInt32, false);
        add("trial_id", DataType::UInt64, false);
        add("status", DataType::Utf8, false);
        add("error", DataType::Utf8, true);
        add("feasible", DataType::Boolean, false);
        add("violation", DataType::Float64, true);
        for k in 0..self.objectives {
            add(&self.objective_name(k), DataType::Float64, true);
        }
        add("pruned_at", DataType::UInt32, true);
        add("duplicate_of", DataType::UInt64, true);
        for param in &self.params {
            add(&format!("{PARAM}{}", param.name), param.kind.data_type(), true);
        }
        for metric in &self.metrics {
            add(&metric.key, if metric.integer { DataType::Int64 } else { DataType::Float64 }, true);
        }
        add("trial_digest", DataType::FixedSizeBinary(32), false);
        Schema::new(fields)
    }

    /// Rows as one batch; with `ranked` their place, from 1, goes in front.
    ///
    /// # Errors
    /// [`StoreError::Encode`] when a value does not fit its column.
    pub fn encode(&self, rows: &[TrialRow], ranked: bool) -> Result<RecordBatch, StoreError> {
        let mut columns: Vec<ArrayRef> = Vec::new();
        if ranked {
            let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
            columns.push(Arc::new(UInt32Array::from_iter_values(1..=count)));
        }
        columns.push(Arc::new(UInt32Array::from_iter_values(rows.iter().map(|row| row.fold))));
        columns.push(Arc::new(UInt64Array::from_iter_values(rows.iter().map(|row| row.trial.id.0))));
        columns.push(texts(rows.iter().map(|row| Some(row.status.as_str()))));
        columns.push(texts(rows.iter().map(|row| row.error.as_deref())));
        columns.push(booleans(rows.iter().map(|row| Some(row.feasible))));
        columns.push(floats(rows.iter().map(|row| row.violation)));
        for k in 0..self.objectives {
            columns.push(floats(rows.iter().map(|row| row.objectives.get(k).copied().flatten())));
        }
        columns.push(Arc::new(rows.iter().map(|row| row.pruned_at).collect::<UInt32Array>()));
        let copies = rows.iter().map(|row| row.duplicate_of.map(|id| id.0));
        columns.push(Arc::new(copies.collect::<UInt64Array>()));
        for param in &self.params {
            columns.push(encode_param(param, rows)?);
        }
        for (k, metric) in self.metrics.iter().enumerate() {
            columns.push(encode_metric(metric, k, rows)?);
        }
        columns.push(digests(rows)?);
        let schema = Arc::new(self.arrow(ranked));
        RecordBatch::try_new(schema, columns).map_err(|error| encode_error("trial table", &error))
    }
}

fn encode_error(what: &str, reason: &impl ToString) -> StoreError {
    StoreError::Encode { what: what.to_owned(), reason: reason.to_string() }
}

fn floats(values: impl Iterator<Item = Option<f64>>) -> ArrayRef {
    Arc::new(values.collect::<Float64Array>())
}

fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    let mut builder = StringBuilder::new();
    values.for_each(|value| builder.append_option(value));
    Arc::new(builder.finish())
}

fn booleans(values: impl Iterator<Item = Option<bool>>) -> ArrayRef {
    let mut builder = BooleanBuilder::new();
    values.for_each(|value| builder.append_option(value));
    Arc::new(builder.finish())
}

fn digests(rows: &[TrialRow]) -> Result<ArrayRef, StoreError> {
    let mut builder = FixedSizeBinaryBuilder::with_capacity(rows.len(), 32);
    for row in rows {
        builder.append_value(row.digest.0).map_err(|error| encode_error("trial_digest", &error))?;
    }
    Ok(Arc::new(builder.finish()))
}

fn encode_metric(metric: &MetricColumn, column: usize, rows: &[TrialRow]) -> Result<ArrayRef, StoreError> {
    let values = rows.iter().map(|row| row.metrics.get(column));
    if !metric.integer {
        return Ok(floats(values));
    }
    let whole = values.map(|value| value.map(|v| ParamValue::Float(v).as_i64().ok_or(v)).transpose());
    let whole: Result<Int64Array, f64> = whole.collect();
    Ok(Arc::new(whole.map_err(|value| encode_error(&metric.key, &format!("{value} is not a count")))?))
}

fn encode_param(column: &ParamColumn, rows: &[TrialRow]) -> Result<ArrayRef, StoreError> {
    let place = place_of(&column.name, rows);
    let values = rows.iter().map(|row| match place {
        Some(place) if row.trial.params.names()[place] == column.name => &row.trial.params.values()[place],
        _ => row.trial.params.get(&column.name).unwrap_or(&ParamValue::Null),
    });
    typed_values(column.kind, values)
        .map_err(|value| encode_error(&format!("{PARAM}{}", column.name), &format!("{value} does not fit")))
}

/// All rows of a study share their names, so the place found in the first one nearly always holds.
fn place_of(name: &str, rows: &[TrialRow]) -> Option<usize> {
    rows.first()?.trial.params.names().iter().position(|other| other.as_ref() == name)
}

fn typed_values<'a>(
    kind: ParamKind,
    values: impl Iterator<Item = &'a ParamValue>,
) -> Result<ArrayRef, &'a ParamValue> {
    fn optional<'a, T>(
        read: impl Fn(&'a ParamValue) -> Option<T>,
    ) -> impl Fn(&'a ParamValue) -> Result<Option<T>, &'a ParamValue> {
        move |value| match value {
            ParamValue::Null => Ok(None),
            other => read(other).map(Some).ok_or(other),
        }
    }
    Ok(match kind {
        ParamKind::Int => {
            Arc::new(values.map(optional(ParamValue::as_i64)).collect::<Result<Int64Array, _>>()?)
        }
        ParamKind::Float => {
            Arc::new(values.map(optional(ParamValue::as_f64)).collect::<Result<Float64Array, _>>()?)
        }
        ParamKind::Bool => {
            let values: Vec<_> = values.map(optional(ParamValue::as_bool)).collect::<Result<_, _>>()?;
            booleans(values.into_iter())
        }
        ParamKind::Text => {
            let values: Vec<_> = values.map(optional(ParamValue::as_str)).collect::<Result<_, _>>()?;
            texts(values.into_iter())
        }
        ParamKind::Json => {
            let json: Vec<Option<String>> = values
                .map(|value| (*value != ParamValue::Null).then(|| value.to_json().to_string()))
                .collect();
            texts(json.iter().map(Option::as_deref))
        }
    })
}

/// Rows of a batch with whatever columns its file has; `json` names the parameters stored as JSON text.
///
/// # Errors
/// A text naming the column that is missing or of another type.
pub fn decode(batch: &RecordBatch, json: &[String]) -> Result<Vec<TrialRow>, String> {
    let schema = batch.schema();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let after = names.iter().position(|name| *name == "duplicate_of").ok_or("no column duplicate_of")? + 1;
    let end = names.iter().position(|name| *name == "trial_digest").ok_or("no column trial_digest")?;
    let params: Vec<usize> = (after..end).filter(|&i| names[i].starts_with(PARAM)).collect();
    let metrics: Vec<usize> = (after..end).filter(|&i| !names[i].starts_with(PARAM)).collect();
    let objectives: Vec<usize> =
        (0..after).filter(|&i| names[i] == "objective" || names[i].starts_with("objective_")).collect();
    let param_names: Arc<[Arc<str>]> = params.iter().map(|&i| Arc::from(&names[i][PARAM.len()..])).collect();

    let fold = column::<UInt32Type>(batch, "fold")?;
    let id = column::<UInt64Type>(batch, "trial_id")?;
    let pruned = column::<UInt32Type>(batch, "pruned_at")?;
    let copies = column::<UInt64Type>(batch, "duplicate_of")?;
    let violation = column::<Float64Type>(batch, "violation")?;
    let status = named(batch, "status")?.as_string_opt::<i32>().ok_or("status is no text")?;
    let error = named(batch, "error")?.as_string_opt::<i32>().ok_or("error is no text")?;
    let feasible = named(batch, "feasible")?.as_boolean_opt().ok_or("feasible is no boolean")?;
    let digest = batch
        .column(end)
        .as_fixed_size_binary_opt()
        .filter(|a| a.value_length() == 32)
        .ok_or("no digests")?;

    let mut values: Vec<Vec<ParamValue>> = Vec::with_capacity(params.len());
    for &i in &params {
        let is_json = json.iter().any(|name| *name == names[i][PARAM.len()..]);
        values.push(
            decode_param(batch.column(i), is_json).ok_or_else(|| format!("{} has a new type", names[i]))?,
        );
    }
    let numbers = |columns: &[usize]| -> Result<Vec<Numbers<'_>>, String> {
        let numbers = columns.iter().map(|&i| Numbers::of(batch.column(i)).ok_or(i));
        numbers.collect::<Result<_, usize>>().map_err(|i| format!("{} has a new type", names[i]))
    };
    let (metrics, objectives) = (numbers(&metrics)?, numbers(&objectives)?);
    let mut values: Vec<_> = values.into_iter().map(Vec::into_iter).collect();
    (0..batch.num_rows())
        .map(|row| {
            let set = values.iter_mut().filter_map(Iterator::next).collect();
            Ok(TrialRow {
                fold: fold.value(row),
                trial: Trial {
                    id: TrialId(id.value(row)),
                    params: ParamSet::new(Arc::clone(&param_names), set),
                },
                status: match status.value(row) {
                    "ok" => TrialStatus::Ok,
                    "failed" => TrialStatus::Failed,
                    other => return Err(format!("unknown status {other}")),
                },
                error: error.is_valid(row).then(|| error.value(row).to_owned()),
                feasible: feasible.value(row),
                violation: violation.is_valid(row).then(|| violation.value(row)),
                objectives: objectives.iter().map(|column| column.get(row)).collect(),
                pruned_at: pruned.is_valid(row).then(|| pruned.value(row)),
                duplicate_of: copies.is_valid(row).then(|| TrialId(copies.value(row))),
                metrics: MetricValues::new(metrics.iter().map(|column| column.get(row))),
                digest: Digest(digest.value(row).try_into().map_err(|_| "a short digest".to_owned())?),
            })
        })
        .collect()
}

fn named<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, String> {
    batch.column_by_name(name).ok_or_else(|| format!("no column {name}"))
}

fn column<'a, T: arrow_array::types::ArrowPrimitiveType>(
    batch: &'a RecordBatch,
    name: &str,
) -> Result<&'a arrow_array::PrimitiveArray<T>, String> {
    named(batch, name)?.as_primitive_opt::<T>().ok_or_else(|| format!("{name} has a new type"))
}

/// A numeric column, whole or not.
enum Numbers<'a> {
    Int(&'a Int64Array),
    Float(&'a Float64Array),
}

impl<'a> Numbers<'a> {
    fn of(array: &'a ArrayRef) -> Option<Self> {
        array
            .as_primitive_opt::<Int64Type>()
            .map(Self::Int)
            .or_else(|| array.as_primitive_opt::<Float64Type>().map(Self::Float))
    }

    fn get(&self, row: usize) -> Option<f64> {
        match self {
            Self::Int(array) => array.is_valid(row).then(|| array.value(row) as f64),
            Self::Float(array) => array.is_valid(row).then(|| array.value(row)),
        }
    }
}

fn decode_param(array: &ArrayRef, json: bool) -> Option<Vec<ParamValue>> {
    fn each<T>(values: impl Iterator<Item = Option<T>>, make: impl Fn(T) -> ParamValue) -> Vec<ParamValue> {
        values.map(|value| value.map_or(ParamValue::Null, &make)).collect()
    }
    Some(match array.data_type() {
        DataType::Int64 => each(array.as_primitive::<Int64Type>().iter(), ParamValue::Int),
        DataType::Float64 => each(array.as_primitive::<Float64Type>().iter(), ParamValue::Float),
        DataType::Boolean => each(array.as_boolean().iter(), ParamValue::Bool),
        DataType::Utf8 if json => each(array.as_string::<i32>().iter(), |text| {
            serde_json::from_str(text)
                .map_or_else(|_| ParamValue::text(text), |json| ParamValue::from_json(&json))
        }),
        DataType::Utf8 => each(array.as_string::<i32>().iter(), ParamValue::text),
        _ => return None,
    })
}
