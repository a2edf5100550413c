//! Generated candles: walks on a whole-point grid with flat stretches, shocks, opening gaps, weekends and holes.
//!
//! Prices are whole points divided by the points per unit, so they are the doubles nearest to their decimal form, and a level copied from
//! a bar meets it exactly.

use super::dice::Dice;
use super::input::{Row, Spec};

/// An instrument in points: start price, points per price unit, points per pip.
#[derive(Debug, Clone)]
pub(crate) struct Instrument {
    pub(crate) name: &'static str,
    pub(crate) scale: f64,
    pub(crate) start: i64,
    pub(crate) pip: i64,
    /// Points of one "usual" move; gold's pip is far smaller than its moves.
    pub(crate) unit: i64,
    pub(crate) spec: Spec,
}

pub(crate) fn instruments() -> Vec<Instrument> {
    let spec =
        |contract_size: f64, tick_size: f64, tick_value: f64, pip_size: f64, base: &str, quote: &str| Spec {
            contract_size,
            tick_size,
            tick_value,
            pip_size,
            volume_min: 0.01,
            volume_step: 0.01,
            volume_max: 200.0,
            base_currency: base.to_owned(),
            quote_currency: quote.to_owned(),
        };
    vec![
        Instrument {
            name: "EURUSD",
            scale: 100_000.0,
            start: 110_000,
            pip: 10,
            unit: 10,
            spec: spec(100_000.0, 0.00001, 1.0, 0.0001, "EUR", "USD"),
        },
        Instrument {
            name: "USDJPY",
            scale: 1_000.0,
            start: 149_500,
            pip: 10,
            unit: 10,
            spec: spec(100_000.0, 0.001, 0.67, 0.01, "USD", "JPY"),
        },
        Instrument {
            name: "XAUUSD",
            scale: 100.0,
            start: 203_000,
            pip: 1,
            unit: 15,
            spec: spec(100.0, 0.01, 1.0, 0.01, "XAU", "USD"),
        },
    ]
}

/// Bar open times: every timeframe from a start, weekends left out when asked.
pub(crate) fn instants(dice: &mut Dice, bars: usize, timeframe_us: i64) -> Vec<i64> {
    const HOUR: i64 = 3_600_000_000;
    const WEEK: i64 = 168 * HOUR;
    let weekends = dice.percent(60);
    // 2024-01-01 is a Monday; so many hours into one of its weeks.
    let first = 1_704_067_200_000_000 + dice.between(0, 160) * HOUR;
    let trades = |ts: &i64| {
        let hours = (ts - 1_704_067_200_000_000).rem_euclid(WEEK) / HOUR;
        !weekends || !(117..165).contains(&hours)
    };
    (0..).map(|i| first + i * timeframe_us).filter(trades).take(bars).collect()
}

/// One symbol's rows on some of the instants.
pub(crate) fn candles(dice: &mut Dice, instrument: &Instrument, instants: &[i64]) -> Vec<Row> {
    let holes = dice.pick(&[0, 0, 4, 15]);
    let late = if dice.percent(15) { dice.below(instants.len() / 4) } else { 0 };
    let early = if dice.percent(15) { dice.below(instants.len() / 4) } else { 0 };
    let grid = dice.pick(&[1, 1, 5, 10]);
    let liveliness = dice.pick(&[1, 3, 6, 12]);
    let spread = dice.between(0, 3);
    let mut price = instrument.start;
    let mut flat_left = 0;
    let mut rows = Vec::new();
    for (i, ts) in instants.iter().enumerate() {
        if flat_left == 0 && dice.percent(2) {
            flat_left = dice.below(6);
        }
        let still = flat_left > 0;
        flat_left = flat_left.saturating_sub(1);
        let swing = if still { 0 } else { liveliness * instrument.unit };
        let points = bid(dice, price, swing, instrument.unit, grid);
        price = points[3];
        if i < late || i + early >= instants.len() || dice.percent(holes) {
            continue;
        }
        rows.push(row(
            *ts,
            points,
            ask_over(dice, points, spread * instrument.unit / 2, grid),
            instrument.scale,
        ));
    }
    rows
}

/// Open, high, low, close of the bid.
fn bid(dice: &mut Dice, last: i64, swing: i64, unit: i64, grid: i64) -> [i64; 4] {
    let on_grid = |points: i64| points - points.rem_euclid(grid);
    let mut open = last;
    if dice.percent(8) {
        open += dice.between(-8 * unit, 8 * unit);
    }
    let reach = if dice.percent(3) { 10 * swing } else { swing };
    let open = on_grid(open);
    let close = on_grid(open + dice.between(-reach, reach));
    let high = on_grid(open.max(close) + dice.between(0, reach / 2));
    let low = on_grid(open.min(close) - dice.between(0, reach / 2));
    [open, high.max(open).max(close), low, close]
}

/// The ask: a spread above, sometimes a wide one, sometimes with a high of its own.
fn ask_over(dice: &mut Dice, bid: [i64; 4], spread: i64, grid: i64) -> [i64; 4] {
    let spread = if dice.percent(3) { spread * 8 + grid } else { spread };
    let mut ask = bid.map(|points| points + spread);
    if dice.percent(5) {
        ask[1] += grid;
    }
    ask
}

fn row(ts: i64, bid: [i64; 4], ask: [i64; 4], scale: f64) -> Row {
    let [open, high, low, close] = bid.map(|points| points as f64 / scale);
    let [ask_open, ask_high, ask_low, ask_close] = ask.map(|points| points as f64 / scale);
    (ts, open, high, low, close, Some(ask_open), Some(ask_high), Some(ask_low), Some(ask_close))
}
