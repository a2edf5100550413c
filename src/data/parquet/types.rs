//! Which Arrow types a column may have, and how their values are taken out.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, Schema, TimeUnit};

use super::super::columns::Roles;
use super::super::error::{DataCode, DataError};
use super::super::stamps::TimeUnitOf;
use crate::types::Timeframe;

/// Refuses columns of the wrong type.
///
/// # Errors
/// `wrong_column_type`, naming what was found.
pub(super) fn check_types(schema: &Schema, roles: &Roles) -> Result<(), DataError> {
    let needed = roles.needed.iter().zip([true, false, false, false, false]);
    for (&column, is_time) in needed.chain(roles.volume.iter().zip([false])) {
        let found = schema.field(column).data_type();
        let fits = if is_time { is_time_type(found) } else { is_number(found) };
        let prices = roles.needed[1..].contains(&column);
        if !fits || prices && !matches!(found, DataType::Float64 | DataType::Float32) {
            let wanted = match (is_time, prices) {
                (true, _) => "a timestamp",
                (_, true) => "float64 or float32",
                _ => "a number",
            };
            return Err(wrong_type(schema.field(column).name(), found, wanted));
        }
    }
    match roles.symbol.map(|column| schema.field(column)) {
        Some(field) if !is_text(field.data_type()) => {
            Err(wrong_type(field.name(), field.data_type(), "a string"))
        }
        _ => Ok(()),
    }
}

fn wrong_type(column: &str, found: &DataType, wanted: &str) -> DataError {
    DataError::new(DataCode::WrongColumnType, format!("found {}, expected {wanted}", type_name(found)))
        .column(column)
        .hint("convert the column, or export as text and use data import")
}

fn is_time_type(found: &DataType) -> bool {
    matches!(found, DataType::Timestamp(..) | DataType::Int64 | DataType::Date32)
}

fn is_number(found: &DataType) -> bool {
    found.is_integer() || matches!(found, DataType::Float64 | DataType::Float32)
}

fn is_text(found: &DataType) -> bool {
    matches!(found, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn type_name(found: &DataType) -> String {
    match found {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "string".to_owned(),
        DataType::Boolean => "bool".to_owned(),
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => "list".to_owned(),
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) => "decimal".to_owned(),
        DataType::Timestamp(..) => "timestamp".to_owned(),
        DataType::Date32 => "date".to_owned(),
        other => other.to_string().to_lowercase(),
    }
}

/// What the integers of the time column count.
///
/// # Errors
/// `wrong_column_type` for dates in files of intraday bars.
pub(super) fn time_unit(
    found: &DataType,
    timeframe: Timeframe,
    roles: &Roles,
) -> Result<TimeUnitOf, DataError> {
    match found {
        DataType::Timestamp(unit, zone) => {
            let naive = zone.is_none();
            Ok(match unit {
                TimeUnit::Second => TimeUnitOf::Seconds { naive },
                TimeUnit::Millisecond => TimeUnitOf::Millis { naive },
                TimeUnit::Microsecond => TimeUnitOf::Micros { naive },
                TimeUnit::Nanosecond => TimeUnitOf::Nanos { naive },
            })
        }
        DataType::Date32 if timeframe == Timeframe::D1 => Ok(TimeUnitOf::Days),
        DataType::Date32 => Err(wrong_type(&roles.names.time, found, "a timestamp (dates are for D1)")),
        _ => Ok(TimeUnitOf::Epoch),
    }
}

/// Text of a row.
pub(super) fn text_at(texts: &ArrayRef, row: usize) -> &str {
    match texts.data_type() {
        DataType::LargeUtf8 => texts.as_string::<i64>().value(row),
        DataType::Utf8View => texts.as_string_view().value(row),
        _ => texts.as_string::<i32>().value(row),
    }
}

/// Times as stored.
pub(super) fn integers(array: &ArrayRef) -> Vec<i64> {
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => {
            array.as_primitive::<TimestampSecondType>().values().to_vec()
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            array.as_primitive::<TimestampMillisecondType>().values().to_vec()
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            array.as_primitive::<TimestampMicrosecondType>().values().to_vec()
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            array.as_primitive::<TimestampNanosecondType>().values().to_vec()
        }
        DataType::Date32 => {
            array.as_primitive::<Date32Type>().values().iter().map(|&v| i64::from(v)).collect()
        }
        _ => array.as_primitive::<Int64Type>().values().to_vec(),
    }
}

/// Prices or volumes as doubles.
pub(super) fn numbers(array: &ArrayRef) -> Vec<f64> {
    fn widened<T: ArrowPrimitiveType>(array: &ArrayRef, widen: impl Fn(T::Native) -> f64) -> Vec<f64> {
        array.as_primitive::<T>().values().iter().map(|&value| widen(value)).collect()
    }
    match array.data_type() {
        DataType::Float32 => widened::<Float32Type>(array, f64::from),
        DataType::Int8 => widened::<Int8Type>(array, f64::from),
        DataType::Int16 => widened::<Int16Type>(array, f64::from),
        DataType::Int32 => widened::<Int32Type>(array, f64::from),
        DataType::Int64 => widened::<Int64Type>(array, |value| value as f64),
        DataType::UInt8 => widened::<UInt8Type>(array, f64::from),
        DataType::UInt16 => widened::<UInt16Type>(array, f64::from),
        DataType::UInt32 => widened::<UInt32Type>(array, f64::from),
        DataType::UInt64 => widened::<UInt64Type>(array, |value| value as f64),
        _ => array.as_primitive::<Float64Type>().values().to_vec(),
    }
}
