//! Series that rules define: computed once per parameter set by the cache, shared by equal canonical text.

use std::fmt;
use std::ops::Range;

use super::columns::Columns;
use super::expr::{Cond, Expr, compare};
use super::program::WindowOp;
use crate::cache::{Expression, ExpressionSource};
use crate::indicators::compute::compute;
use crate::indicators::rolling::{self, Deviation};
use crate::indicators::{Bars, ExpressionId, IndicatorKind, SeriesKey};
use crate::types::time::DAY;
use crate::types::{Direction, SymbolId, Timestamp};

/// How the values of a series follow from others.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Definition {
    /// A calculation row by row.
    Values(Expr),
    /// So many rows ago, on the rows of a higher timeframe.
    Shift(u32, Expr),
    /// Over the last rows.
    Window(WindowOp, u32, Expr),
    /// An indicator that reads one series, over another one than the closes.
    Indicator(IndicatorKind, Expr),
    /// Rows since a condition last held.
    Since(Cond),
    /// 1 on rows decided between two times of day, else 0.
    Between(i64, i64),
    /// A calculation on another symbol's bars, at its newest one.
    Foreign(SymbolId, Expr),
}

impl Definition {
    /// Digest of the canonical text.
    pub(super) fn id(&self) -> ExpressionId {
        ExpressionId::of(&self.to_string())
    }
}

impl fmt::Display for Definition {
    /// The canonical text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Values(x) => write!(f, "values({x})"),
            Self::Shift(rows, x) => write!(f, "shift({rows},{x})"),
            Self::Window(operation, rows, x) => write!(f, "{operation:?}({rows},{x})"),
            Self::Indicator(kind, x) => write!(f, "over({kind},{x})"),
            Self::Since(condition) => write!(f, "since({condition})"),
            Self::Between(from, to) => write!(f, "between({from},{to})"),
            Self::Foreign(symbol, x) => write!(f, "foreign({},{x})", symbol.0),
        }
    }
}

impl Expression for Definition {
    fn inputs(&self) -> Vec<SeriesKey> {
        let mut keys = Vec::new();
        match self {
            Self::Values(x)
            | Self::Shift(_, x)
            | Self::Window(_, _, x)
            | Self::Indicator(_, x)
            | Self::Foreign(_, x) => x.for_each_series(&mut |key| keys.push(key)),
            Self::Since(condition) => condition.for_each_series(&mut |key| keys.push(key)),
            Self::Between(..) => {}
        }
        keys
    }

    fn reach(&self) -> Option<usize> {
        match self {
            Self::Values(x) => Some(x.reach()),
            Self::Window(_, bars, x) => Some(before(*bars).saturating_add(x.reach())),
            Self::Between(..) => Some(0),
            Self::Shift(..) | Self::Indicator(..) | Self::Since(_) | Self::Foreign(..) => None,
        }
    }

    fn write(&self, source: &ExpressionSource<'_>, out: &mut [f64]) {
        let (columns, rows) = (Columns::new(source), source.rows());
        match self {
            Self::Values(x) => columns.write(x, rows, out),
            Self::Shift(by, x) => shift(&columns.column(x, rows), *by, out),
            Self::Window(operation, bars, x) => {
                let first = rows.start.saturating_sub(before(*bars));
                let values = columns.column(x, first..rows.end);
                window(*operation, *bars, &values, rows.start - first..values.len(), out);
            }
            Self::Indicator(kind, x) => over(*kind, &columns.column(x, rows), &source.times(), out),
            Self::Since(condition) => since(&holds(&columns, condition, rows), out),
            Self::Between(from, to) => between(*from, *to, source, out),
            Self::Foreign(symbol, x) => {
                let there = source.foreign(*symbol);
                foreign(source, *symbol, &Columns::new(&there).column(x, there.rows()), out);
            }
        }
        columns.keep_present(out);
    }
}

/// Rows before the newest one of a window.
fn before(bars: u32) -> usize {
    bars as usize - 1
}

/// Whether a condition holds, row by row; `None` where an input is absent.
fn holds(columns: &Columns<'_>, condition: &Cond, rows: Range<usize>) -> Vec<Option<bool>> {
    let both = |a: &Cond, b: &Cond, join: fn(bool, bool) -> bool| {
        let (a, b) = (holds(columns, a, rows.clone()), holds(columns, b, rows.clone()));
        a.into_iter().zip(b).map(|(a, b)| Some(join(a?, b?))).collect()
    };
    match condition {
        Cond::Constant(value) => vec![Some(*value); rows.len()],
        Cond::Compare(operation, a, b) => {
            let (a, b) = (columns.column(a, rows.clone()), columns.column(b, rows));
            let test = |a: f64, b: f64| (!a.is_nan() && !b.is_nan()).then(|| compare(*operation, a, b));
            a.iter().zip(b.iter()).map(|(&a, &b)| test(a, b)).collect()
        }
        Cond::Cross(direction, a, b) => {
            let (a, b) = (columns.column(a, rows.clone()), columns.column(b, rows));
            let (a, b) = if *direction == Direction::Long { (a, b) } else { (b, a) };
            let test = |row: usize| {
                let [now, then] = [row, row.checked_sub(1)?];
                let values = [a[now], b[now], a[then], b[then]];
                values.iter().all(|value| !value.is_nan()).then(|| a[now] > b[now] && a[then] <= b[then])
            };
            (0..a.len()).map(test).collect()
        }
        Cond::And(a, b) => both(a, b, |a, b| a && b),
        Cond::Or(a, b) => both(a, b, |a, b| a || b),
        Cond::Not(a) => holds(columns, a, rows).into_iter().map(|a| a.map(|a| !a)).collect(),
    }
}

fn shift(values: &[f64], by: u32, out: &mut [f64]) {
    let (absent, rest) = out.split_at_mut((by as usize).min(values.len()));
    absent.fill(f64::NAN);
    rest.copy_from_slice(&values[..rest.len()]);
}

fn window(operation: WindowOp, bars: u32, values: &[f64], rows: Range<usize>, out: &mut [f64]) {
    let bars = bars as usize;
    match operation {
        WindowOp::Sum => rolling::sum_rows(values, bars, rows, out),
        WindowOp::StdevPop => rolling::deviation_rows(values, bars, Deviation::Population, rows, out),
    }
}

/// An indicator of closes over other values.
fn over(kind: IndicatorKind, values: &[f64], times: &[i64], out: &mut [f64]) {
    let bars =
        Bars { times, open: values, high: values, low: values, close: values, volume: values, other: &[] };
    out.copy_from_slice(&compute(kind, &bars));
}

fn since(holds: &[Option<bool>], out: &mut [f64]) {
    let mut last = None;
    for (row, (out, holds)) in out.iter_mut().zip(holds).enumerate() {
        if *holds == Some(true) {
            last = Some(row);
        }
        *out = last.map_or(f64::NAN, |last| (row - last) as f64);
    }
}

/// The time of decision is the end of the bar; windows include both ends and may wrap midnight.
fn between(from: i64, to: i64, source: &ExpressionSource<'_>, out: &mut [f64]) {
    debug_assert!((0..DAY).contains(&from) && (0..DAY).contains(&to), "times of day");
    let length = source.timeframe().micros();
    for (out, open) in out.iter_mut().zip(source.times().iter()) {
        let time = Timestamp(open + length).time_of_day();
        let inside = if from <= to { from <= time && time <= to } else { from <= time || time <= to };
        *out = f64::from(u8::from(inside));
    }
}

/// Another symbol's values at its newest bar at or before each own bar.
fn foreign(source: &ExpressionSource<'_>, symbol: SymbolId, values: &[f64], out: &mut [f64]) {
    for (out, row) in out.iter_mut().zip(source.newest_rows(symbol)) {
        *out = row.map_or(f64::NAN, |row| values[row]);
    }
}
