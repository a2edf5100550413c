//! Bid and ask become one series: aligned, uncrossed, or the missing side made from a spread (`data.md` 4 and 5).

use std::ops::Range;
use std::sync::Arc;

use super::align::common_runs;
use super::bars::{BarSeries, PriceColumns};
use super::error::{DataCode, DataError};
use super::raw::{RawSide, SideOf};
use super::report::{Crossed, QuoteSide, Warning, WarningCode};
use super::settings::{OnCrossed, ReadPolicy};
use super::symbol::{SymbolSpec, power_of_ten};
use crate::types::{Timeframe, Timestamp};

/// A series and what joining its sides did.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) bars: BarSeries,
    pub(crate) rows_before: [usize; 2],
    pub(crate) crossed: Crossed,
    pub(crate) crossed_range: Option<Warning>,
}

/// Inner join of checked sides; volume is the bid's.
///
/// # Errors
/// `no_common_timestamps`, `bid_ask_misaligned`, `crossed_quote`.
pub(crate) fn join(
    mut bid: RawSide,
    mut ask: RawSide,
    of: &SideOf,
    ask_of: &SideOf,
    policy: &ReadPolicy,
) -> Result<Joined, DataError> {
    let rows_before = [bid.len(), ask.len()];
    let runs = common_runs(&bid.times, &ask.times);
    let common: usize = runs.iter().map(|(rows, _)| rows.len()).sum();
    check_loss(common, rows_before, of, ask_of, policy)?;
    let left: Vec<Range<usize>> = runs.iter().map(|(rows, _)| rows.clone()).collect();
    let right: Vec<Range<usize>> = runs.iter().map(|(_, rows)| rows.clone()).collect();
    keep_runs(&mut bid, &left);
    keep_runs(&mut ask, &right);
    let crossed = uncross(&mut bid, &mut ask, of, policy)?;
    let crossed_range = crossed_ranges(&bid, &ask);
    let bars =
        BarSeries::new(of.timeframe, bid.times, Arc::new(bid.prices), Arc::new(ask.prices), bid.volume);
    Ok(Joined { bars, rows_before, crossed, crossed_range })
}

fn check_loss(
    common: usize,
    [bid, ask]: [usize; 2],
    of: &SideOf,
    ask_of: &SideOf,
    policy: &ReadPolicy,
) -> Result<(), DataError> {
    if common == 0 {
        return Err(DataError::new(DataCode::NoCommonTimestamps, "bid and ask share no time")
            .path(&of.path)
            .hint(format!("{} belongs to another period or timeframe", ask_of.path.display())));
    }
    let loss = 1.0 - common as f64 / bid.max(ask) as f64;
    if loss > policy.max_align_loss {
        return Err(DataError::new(
            DataCode::BidAskMisaligned,
            format!(
                "bid has {bid} bars, ask {ask}, common are {common}: loss {} > {}",
                shorter(loss),
                policy.max_align_loss
            ),
        )
        .path(&of.path)
        .hint("export both sides of the same period, or allow it: max_align_loss (--max-align-loss)"));
    }
    Ok(())
}

/// A share with at most six decimals.
fn shorter(share: f64) -> String {
    let text = format!("{share:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn keep_runs(side: &mut RawSide, runs: &[Range<usize>]) {
    if let [all] = runs
        && all.len() == side.len()
    {
        return;
    }
    let mut keep = vec![false; side.len()];
    for run in runs {
        keep[run.clone()].fill(true);
    }
    side.retain(&keep);
}

fn is_crossed(bid: &PriceColumns, ask: &PriceColumns, k: usize) -> bool {
    bid.open[k] > ask.open[k] || bid.close[k] > ask.close[k]
}

fn uncross(
    bid: &mut RawSide,
    ask: &mut RawSide,
    of: &SideOf,
    policy: &ReadPolicy,
) -> Result<Crossed, DataError> {
    let rows: Vec<usize> = (0..bid.len()).filter(|&k| is_crossed(&bid.prices, &ask.prices, k)).collect();
    let Some(&first) = rows.first() else { return Ok(Crossed::default()) };
    match policy.on_crossed {
        OnCrossed::Error => return Err(crossed_error(bid, ask, first, rows.len(), of)),
        OnCrossed::Drop => {
            let mut keep = vec![true; bid.len()];
            for &k in &rows {
                keep[k] = false;
            }
            bid.retain(&keep);
            ask.retain(&keep);
            if bid.len() == 0 {
                return Err(DataError::new(DataCode::NoRows, "every bar is crossed and was dropped")
                    .path(&of.path)
                    .hint("bid and ask look exchanged"));
            }
        }
        OnCrossed::Mid => rows.iter().for_each(|&k| meet(&mut bid.prices, &mut ask.prices, k)),
    }
    Ok(Crossed { bars: rows.len(), policy: Some(policy.on_crossed) })
}

/// Crossed prices of one bar become their mid; highs and lows follow so that both bars stay consistent.
fn meet(bid: &mut PriceColumns, ask: &mut PriceColumns, k: usize) {
    for (below, above) in bid.columns_mut().into_iter().zip(ask.columns_mut()) {
        if below[k] > above[k] {
            let mid = f64::midpoint(below[k], above[k]);
            (below[k], above[k]) = (mid, mid);
        }
    }
    for side in [bid, ask] {
        side.high[k] = side.high[k].max(side.open[k]).max(side.close[k]);
        side.low[k] = side.low[k].min(side.open[k]).min(side.close[k]);
    }
}

fn crossed_error(bid: &RawSide, ask: &RawSide, k: usize, count: usize, of: &SideOf) -> DataError {
    let (below, above) = (bid.prices.at(k), ask.prices.at(k));
    let at_open = below.open > above.open;
    let (price, low, high) =
        if at_open { (0, below.open, above.open) } else { (3, below.close, above.close) };
    let share = 100.0 * count as f64 / bid.len() as f64;
    let error = DataError::new(
        DataCode::CrossedQuote,
        format!("bid above ask in {count} of {} bars ({share:.1} %)", bid.len()),
    )
    .column(bid.names.prices[price].clone())
    .value(format!("bid {low} > ask {high}"));
    let hint = if 2 * count > bid.len() {
        "bid and ask look exchanged"
    } else {
        "on_crossed drop or mid (--on-crossed) leaves such bars out or moves both prices to their mid"
    };
    bid.at(error, k, of).hint(hint)
}

fn crossed_ranges(bid: &RawSide, ask: &RawSide) -> Option<Warning> {
    let crossed =
        |k: &usize| bid.prices.high[*k] > ask.prices.high[*k] || bid.prices.low[*k] > ask.prices.low[*k];
    let first = (0..bid.len()).find(crossed)?;
    Some(Warning {
        code: WarningCode::CrossedRange,
        count: (first..bid.len()).filter(crossed).count(),
        row: bid.place.row(first),
        time: Timestamp(bid.times[first]),
        column: None,
        detail: "only highs or lows of bid and ask cross".to_owned(),
    })
}

/// A series from one side. `spread_pips` makes the other one; trades and mids without a spread are both sides.
pub(crate) fn one_sided(
    raw: RawSide,
    side: QuoteSide,
    timeframe: Timeframe,
    spread_pips: Option<f64>,
    spec: &SymbolSpec,
) -> BarSeries {
    let distance = spread_pips.unwrap_or(0.0) * spec.pip_size;
    let prices = Arc::new(raw.prices);
    if distance == 0.0 {
        return BarSeries::new(timeframe, raw.times, Arc::clone(&prices), prices, raw.volume);
    }
    let shift = |by: f64| Arc::new(shifted(&prices, by, spec.digits()));
    let (bid, ask) = match side {
        QuoteSide::Bid => (Arc::clone(&prices), shift(distance)),
        QuoteSide::Ask => (shift(-distance), Arc::clone(&prices)),
        QuoteSide::Last | QuoteSide::Mid => (shift(-distance / 2.0), shift(distance / 2.0)),
    };
    BarSeries::new(timeframe, raw.times, bid, ask, raw.volume)
}

/// All prices moved by a distance: in whole decimal units where prices and distance have some, so that the results
/// are the doubles nearest to decimal numbers, else by plain addition.
pub(crate) fn shifted(prices: &PriceColumns, by: f64, digits: u32) -> PriceColumns {
    let unit = common_unit(prices, by, digits);
    let moved = |column: &Vec<f64>| match unit {
        Some(unit) => {
            column.iter().map(|price| ((price * unit).round() + (by * unit).round()) / unit).collect()
        }
        None => column.iter().map(|price| price + by).collect(),
    };
    let [open, high, low, close] = prices.columns().map(moved);
    PriceColumns { open, high, low, close }
}

/// The smallest power of ten, at least that of `digits`, of which every price and the distance are whole multiples.
fn common_unit(prices: &PriceColumns, by: f64, digits: u32) -> Option<f64> {
    let whole = |unit: f64| {
        let on_grid = |price: &f64| (price * unit).round() / unit == *price;
        (by * unit - (by * unit).round()).abs() < 1e-6
            && prices.columns().iter().all(|c| c.iter().all(on_grid))
    };
    (digits..=10).map(power_of_ten).find(|&unit| whole(unit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::symbol::SymbolTable;

    fn raw(price: f64) -> RawSide {
        let column = || vec![price];
        let prices = PriceColumns { open: column(), high: column(), low: column(), close: column() };
        RawSide { times: vec![0], prices, volume: vec![0.0], ..RawSide::default() }
    }

    #[test]
    fn a_made_side_is_the_nearest_decimal() {
        let spec = SymbolTable::default().lookup("EURUSD", false).expect("built in");
        let made = |side| one_sided(raw(1.38684), side, Timeframe::M1, Some(1.2), &spec);
        let bid = made(QuoteSide::Bid);
        assert_eq!((bid.bid().open[0], bid.ask().open[0]), (1.38684, 1.38696));
        let mid = made(QuoteSide::Mid);
        assert_eq!((mid.bid().open[0], mid.ask().open[0]), (1.38678, 1.3869));
        assert!(one_sided(raw(1.0), QuoteSide::Last, Timeframe::M1, None, &spec).is_one_sided());
        let odd = one_sided(raw(f64::from(1.386_84_f32)), QuoteSide::Bid, Timeframe::M1, Some(1.0), &spec);
        assert_eq!(odd.ask().open[0], f64::from(1.386_84_f32) + 0.0001);
    }
}
