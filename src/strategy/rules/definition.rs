//! Series that rules define: computed once per parameter set by the cache, shared by equal canonical text.

use std::borrow::Cow;
use std::fmt;

use super::expr::{Cond, Expr, binary, compare, may_be_infinite, present, round, unary};
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

    fn values(&self, source: &ExpressionSource<'_>) -> Vec<f64> {
        let rows = Rows::Own(source);
        let mut values = match self {
            Self::Values(x) => rows.column(x).into_owned(),
            Self::Shift(by, x) => shifted(&rows.column(x), *by),
            Self::Window(operation, bars, x) => window(*operation, *bars, &rows.column(x)),
            Self::Indicator(kind, x) => over(*kind, &rows.column(x), &source.times()),
            Self::Since(condition) => since(&rows.condition(condition)),
            Self::Between(from, to) => between(*from, *to, source),
            Self::Foreign(symbol, x) => foreign(source, *symbol, &Rows::Foreign(source, *symbol).column(x)),
        };
        for value in &mut values {
            *value = present(*value);
        }
        values
    }
}

/// The rows an expression is evaluated on.
enum Rows<'a> {
    Own(&'a ExpressionSource<'a>),
    Foreign(&'a ExpressionSource<'a>, SymbolId),
}

impl<'a> Rows<'a> {
    fn count(&self) -> usize {
        match self {
            Self::Own(source) => source.rows(),
            Self::Foreign(source, symbol) => source.data().symbol(*symbol).bars.len(),
        }
    }

    fn series(&self, key: &SeriesKey) -> Cow<'a, [f64]> {
        let values = match self {
            Self::Own(source) => source.series(key),
            Self::Foreign(source, _) => source.foreign(key),
        };
        if may_be_infinite(key.kind) {
            return values.iter().map(|&value| present(value)).collect();
        }
        values
    }

    /// One value per row. Whole columns: this runs once per series, not per trial.
    fn column(&self, expr: &Expr) -> Cow<'a, [f64]> {
        match expr {
            Expr::Const(number) => vec![*number; self.count()].into(),
            Expr::Series(key, 0) => self.series(key),
            Expr::Series(key, lag) => shifted(&self.series(key), *lag).into(),
            Expr::Unary(operation, x) => self.column(x).iter().map(|&x| unary(*operation, x)).collect(),
            Expr::Round(digits, x) => self.column(x).iter().map(|&x| round(*digits, x)).collect(),
            Expr::Binary(operation, a, b) => {
                let (a, b) = (self.column(a), self.column(b));
                a.iter().zip(b.iter()).map(|(&a, &b)| binary(*operation, a, b)).collect()
            }
            // Only levels read these, and levels are no series.
            Expr::Entry | Expr::Side | Expr::Stop => vec![f64::NAN; self.count()].into(),
        }
    }

    /// Whether a condition holds, row by row; `None` where an input is absent.
    fn condition(&self, condition: &Cond) -> Vec<Option<bool>> {
        let both = |a: &Cond, b: &Cond, join: fn(bool, bool) -> bool| {
            let (a, b) = (self.condition(a), self.condition(b));
            a.into_iter().zip(b).map(|(a, b)| Some(join(a?, b?))).collect()
        };
        match condition {
            Cond::Constant(value) => vec![Some(*value); self.count()],
            Cond::Compare(operation, a, b) => {
                let (a, b) = (self.column(a), self.column(b));
                let test = |a: f64, b: f64| (!a.is_nan() && !b.is_nan()).then(|| compare(*operation, a, b));
                a.iter().zip(b.iter()).map(|(&a, &b)| test(a, b)).collect()
            }
            Cond::Cross(direction, a, b) => {
                let (a, b) = (self.column(a), self.column(b));
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
            Cond::Not(a) => self.condition(a).into_iter().map(|a| a.map(|a| !a)).collect(),
        }
    }
}

fn shifted(values: &[f64], by: u32) -> Vec<f64> {
    let by = (by as usize).min(values.len());
    let mut out = vec![f64::NAN; by];
    out.extend_from_slice(&values[..values.len() - by]);
    out
}

fn window(operation: WindowOp, bars: u32, values: &[f64]) -> Vec<f64> {
    match operation {
        WindowOp::Sum => rolling::sum(values, bars as usize),
        WindowOp::StdevPop => rolling::deviation(values, bars as usize, Deviation::Population),
    }
}

/// An indicator of closes over other values.
fn over(kind: IndicatorKind, values: &[f64], times: &[i64]) -> Vec<f64> {
    let bars =
        Bars { times, open: values, high: values, low: values, close: values, volume: values, other: &[] };
    compute(kind, &bars)
}

fn since(holds: &[Option<bool>]) -> Vec<f64> {
    let mut last = None;
    let count = |(row, holds): (usize, &Option<bool>)| {
        if *holds == Some(true) {
            last = Some(row);
        }
        last.map_or(f64::NAN, |last| (row - last) as f64)
    };
    holds.iter().enumerate().map(count).collect()
}

/// The time of decision is the end of the bar; windows include both ends and may wrap midnight.
fn between(from: i64, to: i64, source: &ExpressionSource<'_>) -> Vec<f64> {
    let length = source.timeframe().micros();
    let inside = |open: &i64| {
        let time = Timestamp(open + length).time_of_day();
        let inside = if from <= to { from <= time && time <= to } else { from <= time || time <= to };
        f64::from(u8::from(inside))
    };
    debug_assert!((0..DAY).contains(&from) && (0..DAY).contains(&to), "times of day");
    source.times().iter().map(inside).collect()
}

/// Another symbol's values at its newest bar at or before each own bar.
fn foreign(source: &ExpressionSource<'_>, symbol: SymbolId, values: &[f64]) -> Vec<f64> {
    let value = |row: Option<usize>| row.map_or(f64::NAN, |row| values[row]);
    source.newest_rows(symbol).into_iter().map(value).collect()
}
