//! Rules on other bars than the traded ones: a higher timeframe, another symbol.

use std::sync::Arc;

use super::*;
use crate::data::assemble::{HigherBars, SymbolBars, in_memory};
use crate::data::settings::AlignmentSettings;
use crate::data::{BarSeries, PriceColumns};
use crate::types::Timeframe;

/// One minute bars with five-minute bars made of them, and a second symbol that misses every third minute.
fn scoped_market() -> MultiSymbolData {
    let data = wave();
    let symbol = data.symbol(EURUSD);
    let close = &symbol.bars.bid().close;
    let ends: Vec<usize> = (4..close.len()).step_by(5).collect();
    let last = |column: &[f64]| ends.iter().map(|&row| column[row]).collect::<Vec<f64>>();
    let prices = last(close);
    let columns = Arc::new(PriceColumns {
        open: prices.clone(),
        high: prices.clone(),
        low: prices.clone(),
        close: prices,
    });
    let times: Vec<i64> = ends.iter().map(|&row| symbol.bars.times()[row - 4]).collect();
    let volume = vec![1.0; times.len()];
    let five = BarSeries::new(Timeframe::M5, times, Arc::clone(&columns), columns, volume);
    let first = SymbolBars {
        spec: symbol.spec.clone(),
        primary: BarSeries::clone(&symbol.bars),
        higher: vec![HigherBars::from_file(five)],
    };
    let kept: Vec<usize> = (0..close.len()).filter(|row| row % 3 != 2).collect();
    let mut spec = symbol.spec.clone();
    spec.name = "GBPUSD".to_owned();
    let second = SymbolBars::new(spec, symbol.bars.select(&kept));
    in_memory(Timeframe::M1, vec![first, second], AlignmentSettings::default()).expect("bars")
}

/// Close of the five-minute bar that is complete at the open of a row, so many of them ago.
fn five(close: &[f64], row: usize, ago: usize) -> Option<f64> {
    let index = (row / 5).checked_sub(1 + ago)?;
    Some(close[index * 5 + 4])
}

#[test]
fn a_higher_timeframe_counts_its_own_completed_bars() {
    let data = scoped_market();
    let test = |rule: &str, holds: &dyn Fn(usize, &[f64]) -> Option<bool>| {
        assert_eq!(rows_of(&data, rule), rows_where(&data, |row, c| holds(row, c) == Some(true)), "{rule}");
    };
    test("close > tf('M5', close)", &|row, c| Some(c[row] > five(c, row, 0)?));
    test("tf('M5', close > prev(close, 2))", &|row, c| Some(five(c, row, 0)? > five(c, row, 2)?));
    test("tf('M5', close) > prev(tf('M5', close), 2)", &|row, c| {
        Some(five(c, row, 0)? > five(c, row.checked_sub(2)?, 0)?)
    });
    test("tf('M5', sum(close + 0, 2)) > 2.2001", &|row, c| {
        Some(five(c, row, 1)? + five(c, row, 0)? > 2.2001)
    });
    test("tf('M5', crosses_above(close, 1.1))", &|row, c| {
        Some(five(c, row, 0)? > 1.1 && five(c, row, 1)? <= 1.1)
    });
    test("tf('M5', bars_since(close > 1.1003)) == 1", &|row, c| {
        Some(five(c, row, 1)? > 1.1003 && five(c, row, 0)? <= 1.1003)
    });
    test("tf('M5', between_times('00:10', '00:15'))", &|row, _| {
        // The visible bar ends at the last full five minutes.
        Some((10..=15).contains(&(row / 5 * 5)) && row / 5 > 0)
    });
}

#[test]
fn another_symbol_is_seen_at_its_newest_bar() {
    let data = scoped_market();
    let newest = |row: usize| if row % 3 == 2 { row - 1 } else { row };
    assert_eq!(
        rows_of(&data, "symbol('GBPUSD', close) < close"),
        rows_where(&data, |row, c| c[newest(row)] < c[row])
    );
    // One bar ago counts the other symbol's own bars.
    let before = |row: usize| newest(row).checked_sub(1).map(newest);
    assert_eq!(
        rows_of(&data, "symbol('GBPUSD', prev(close, 1)) < close"),
        rows_where(&data, |row, c| before(row).is_some_and(|before| c[before] < c[row]))
    );
}

#[test]
fn names_keep_their_meaning_inside_a_scope() {
    let data = scoped_market();
    let both = |rules_json: &Value| {
        let mut strategy = bound(&rules(rules_json), &data, &[]).expect("feasible");
        say_all(&mut strategy, &data).into_iter().map(|(row, _)| row).collect::<Vec<_>>()
    };
    let named = json!({"let": {"e": "ema(close, 3) - close"}, "long": "tf('M5', e) > e"});
    let written = json!({"long": "tf('M5', ema(close, 3) - close) > ema(close, 3) - close"});
    let rows = both(&named);
    assert_eq!(rows, both(&written));
    assert!(rows.len() > 20);
}
