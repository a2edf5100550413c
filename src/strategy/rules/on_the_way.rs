//! Random calculations over windows, lags and holes: on their way and as whole columns they have the bits of one row at a
//! time.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::definition::Definition;
use super::expr::{Expr, binary, present, round, unary};
use super::program::{BinaryOp, UnaryOp, WindowOp};
use crate::cache::sample::{ROWS, key, market};
use crate::cache::{CachePlan, build, on_the_way};
use crate::indicators::{IndicatorKind, SeriesKey};
use crate::types::Timeframe::{H1, M5};

/// A calculation whose series are numbered: prices and averages first, then the definitions before it.
#[derive(Debug, Clone)]
enum Recipe {
    Series(usize, u32),
    Constant(f64),
    Unary(UnaryOp, Box<Recipe>),
    Round(usize, Box<Recipe>),
    Binary(BinaryOp, Box<Recipe>, Box<Recipe>),
}

impl Recipe {
    fn expr(&self, keys: &[SeriesKey]) -> Expr {
        let part = |part: &Self| Box::new(part.expr(keys));
        match self {
            Self::Series(number, lag) => Expr::Series(keys[number % keys.len()], *lag),
            Self::Constant(number) => Expr::Const(*number),
            Self::Unary(operation, x) => Expr::Unary(*operation, part(x)),
            Self::Round(digits, x) => Expr::Round(*digits, part(x)),
            Self::Binary(operation, a, b) => Expr::Binary(*operation, part(a), part(b)),
        }
    }
}

/// Differences of prices are 0 in flat stretches, so quotients have holes.
fn recipe() -> impl Strategy<Value = Recipe> {
    let points = Recipe::Round(
        0,
        Box::new(Recipe::Binary(
            BinaryOp::Multiply,
            Box::new(Recipe::Series(0, 0)),
            Box::new(Recipe::Constant(100_000.0)),
        )),
    );
    let leaf = prop_oneof![
        6 => (0..40_usize, 0..70_u32).prop_map(|(number, lag)| Recipe::Series(number, lag % 11 * (lag % 7))),
        1 => (-3..3_i8).prop_map(|number| Recipe::Constant(f64::from(number))),
        3 => Just(points),
    ];
    leaf.prop_recursive(4, 12, 2, |part| {
        use BinaryOp::{Add, Divide, Max, Min, Multiply, Subtract};
        let two = prop::sample::select(vec![Add, Subtract, Multiply, Divide, Min, Max]);
        let one = prop::sample::select(vec![UnaryOp::Minus, UnaryOp::Abs, UnaryOp::Sqrt]);
        let boxed = part.prop_map(Box::new);
        prop_oneof![
            4 => (two, boxed.clone(), boxed.clone()).prop_map(|(operation, a, b)| Recipe::Binary(operation, a, b)),
            1 => (one, boxed.clone()).prop_map(|(operation, x)| Recipe::Unary(operation, x)),
            1 => (0..3_usize, boxed).prop_map(|(digits, x)| Recipe::Round(digits, x)),
        ]
    })
}

/// How a recipe becomes a definition.
#[derive(Debug, Clone, Copy)]
enum Form {
    Values,
    Window(WindowOp, u32),
}

fn form() -> impl Strategy<Value = Form> {
    let operation = prop::sample::select(vec![WindowOp::Sum, WindowOp::Sum, WindowOp::StdevPop]);
    prop_oneof![
        Just(Form::Values),
        (operation, 1..150_u32).prop_map(|(operation, bars)| Form::Window(operation, bars)),
    ]
}

type Columns = BTreeMap<SeriesKey, Vec<f64>>;

/// A row of an expression, absent before the first.
fn at(expr: &Expr, row: usize, columns: &Columns) -> f64 {
    match expr {
        Expr::Const(number) => *number,
        Expr::Series(key, lag) => row.checked_sub(*lag as usize).map_or(f64::NAN, |row| columns[key][row]),
        Expr::Unary(operation, x) => unary(*operation, at(x, row, columns)),
        Expr::Round(digits, x) => round(*digits, at(x, row, columns)),
        Expr::Binary(operation, a, b) => binary(*operation, at(a, row, columns), at(b, row, columns)),
        Expr::Entry | Expr::Side | Expr::Stop => f64::NAN,
    }
}

fn over(operation: WindowOp, window: &[f64]) -> f64 {
    let sum = |term: &dyn Fn(f64) -> f64| window.iter().fold(0.0, |total, x| total + term(*x));
    let count = window.len() as f64;
    match operation {
        WindowOp::Sum => sum(&|x| x),
        WindowOp::StdevPop if window.iter().all(|x| *x == window[0]) => 0.0,
        WindowOp::StdevPop => {
            let mean = sum(&|x| x) / count;
            (sum(&|x| (x - mean) * (x - mean)) / count).sqrt()
        }
    }
}

/// A column, one row at a time.
fn plainly(form: Form, expr: &Expr, columns: &Columns) -> Vec<f64> {
    let values: Vec<f64> = (0..ROWS).map(|row| at(expr, row, columns)).collect();
    let window =
        |row: usize, bars: u32| (row + 1).checked_sub(bars as usize).map(|first| &values[first..=row]);
    let value = |row: usize| match form {
        Form::Values => values[row],
        Form::Window(operation, bars) => window(row, bars).map_or(f64::NAN, |window| over(operation, window)),
    };
    (0..ROWS).map(|row| present(value(row))).collect()
}

/// `NaN` has no sign and no payload here.
fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|x| if x.is_nan() { u64::MAX } else { x.to_bits() }).collect()
}

proptest! {
    #[test]
    fn tiles_and_columns_have_the_bits_of_one_row_at_a_time(
        recipes in prop::collection::vec((form(), recipe()), 1..8),
        start in 0..ROWS,
        most in prop_oneof![1..40_usize, 64..400_usize],
    ) {
        let data = market();
        let series = |timeframe, kind| key(timeframe, kind);
        let mut keys = vec![
            series(M5, IndicatorKind::Close),
            series(M5, IndicatorKind::High),
            series(M5, IndicatorKind::Ema { period: 9 }),
            series(M5, IndicatorKind::Sma { period: 20 }),
            series(H1, IndicatorKind::Close),
        ];
        let mut plan = CachePlan::default();
        for key in &keys {
            plan.series(*key);
        }
        let given = build(&plan, &data, None, None).expect("no budget");
        let column = |key: &SeriesKey| (0..ROWS).map(|row| given.get(key).expect("asked for").at(row)).collect();
        let mut columns: Columns = keys.iter().map(|key| (*key, column(key))).collect();
        let mut plan = CachePlan::default();
        for (form, recipe) in &recipes {
            let expr = recipe.expr(&keys);
            let definition = match *form {
                Form::Values => Definition::Values(expr.clone()),
                Form::Window(operation, bars) => Definition::Window(operation, bars, expr.clone()),
            };
            let name = series(M5, IndicatorKind::Expression(definition.id()));
            columns.insert(name, plainly(*form, &expr, &columns));
            plan.define(name, Arc::new(definition));
            keys.push(name);
        }
        let defined = &keys[5..];
        let tiles = on_the_way(&plan, &data, defined, start, most);
        plan.keep_all();
        let whole = build(&plan, &data, None, None).expect("no budget");
        for (key, tiles) in defined.iter().zip(&tiles) {
            let plain = bits(&columns[key]);
            let whole: Vec<f64> = (0..ROWS).map(|row| whole.get(key).expect("kept").at(row)).collect();
            prop_assert_eq!(bits(tiles), &plain[start..], "{} on its way", key);
            prop_assert_eq!(bits(&whole), plain, "{} as a column", key);
        }
    }
}
