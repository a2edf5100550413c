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
    pub(crate) aligned: usize,
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
    align(&mut bid, &mut ask);
    let aligned = bid.len();
    check_loss(aligned, rows_before, of, ask_of, policy)?;
    let mut crossed = CrossedBars::default();
    crossed.look(&bid, &ask, of);
    let crossed = crossed.judged(of, policy)?;
    uncross(&mut bid, &mut ask, policy.on_crossed);
    let mut ranges = CrossedRanges::default();
    ranges.look(&bid, &ask);
    let bars =
        BarSeries::new(of.timeframe, bid.times, Arc::new(bid.prices), Arc::new(ask.prices), bid.volume);
    Ok(Joined { bars, rows_before, aligned, crossed, crossed_range: ranges.warning })
}

/// Keeps the rows of equal times.
pub(crate) fn align(bid: &mut RawSide, ask: &mut RawSide) {
    let runs = common_runs(&bid.times, &ask.times);
    let left: Vec<Range<usize>> = runs.iter().map(|(rows, _)| rows.clone()).collect();
    let right: Vec<Range<usize>> = runs.iter().map(|(_, rows)| rows.clone()).collect();
    keep_runs(bid, &left);
    keep_runs(ask, &right);
}

/// Judges how many rows aligning lost.
///
/// # Errors
/// `no_common_timestamps`, `bid_ask_misaligned`.
pub(crate) fn check_loss(
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

/// Bars of aligned sides with bid above ask at open or close.
#[derive(Debug, Default)]
pub(crate) struct CrossedBars {
    rows: usize,
    count: usize,
    first: Option<DataError>,
}

impl CrossedBars {
    /// The next aligned block.
    pub(crate) fn look(&mut self, bid: &RawSide, ask: &RawSide, of: &SideOf) {
        for k in (0..bid.len()).filter(|&k| is_crossed(&bid.prices, &ask.prices, k)) {
            self.count += 1;
            if self.first.is_none() {
                self.first = Some(first_crossed(bid, ask, k, of));
            }
        }
        self.rows += bid.len();
    }

    /// What the policy says of them.
    ///
    /// # Errors
    /// `crossed_quote` when they are refused, `no_rows` when dropping them leaves nothing.
    pub(crate) fn judged(self, of: &SideOf, policy: &ReadPolicy) -> Result<Crossed, DataError> {
        let Self { rows, count, first } = self;
        match (first, policy.on_crossed) {
            (None, _) => Ok(Crossed::default()),
            (Some(error), OnCrossed::Error) => {
                let share = 100.0 * count as f64 / rows as f64;
                let hint = if 2 * count > rows {
                    "bid and ask look exchanged"
                } else {
                    "on_crossed drop or mid (--on-crossed) leaves such bars out or moves both prices to their mid"
                };
                Err(error.what(format!("bid above ask in {count} of {rows} bars ({share:.1} %)")).hint(hint))
            }
            (Some(_), OnCrossed::Drop) if count == rows => {
                Err(DataError::new(DataCode::NoRows, "every bar is crossed and was dropped")
                    .path(&of.path)
                    .hint("bid and ask look exchanged"))
            }
            (Some(_), policy) => Ok(Crossed { bars: count, policy: Some(policy) }),
        }
    }
}

fn first_crossed(bid: &RawSide, ask: &RawSide, k: usize, of: &SideOf) -> DataError {
    let (below, above) = (bid.prices.at(k), ask.prices.at(k));
    let at_open = below.open > above.open;
    let (price, low, high) =
        if at_open { (0, below.open, above.open) } else { (3, below.close, above.close) };
    let error = DataError::new(DataCode::CrossedQuote, "bid above ask")
        .column(bid.names.prices[price].clone())
        .value(format!("bid {low} > ask {high}"));
    bid.at(error, k, of)
}

/// Applies the policy to the crossed bars of an aligned block; those that are refused have been already.
pub(crate) fn uncross(bid: &mut RawSide, ask: &mut RawSide, policy: OnCrossed) {
    if policy == OnCrossed::Error {
        return;
    }
    let crossed: Vec<bool> = (0..bid.len()).map(|k| is_crossed(&bid.prices, &ask.prices, k)).collect();
    if !crossed.contains(&true) {
        return;
    }
    if policy == OnCrossed::Drop {
        let keep: Vec<bool> = crossed.iter().map(|crossed| !crossed).collect();
        bid.retain(&keep);
        ask.retain(&keep);
        return;
    }
    for (k, _) in crossed.iter().enumerate().filter(|(_, crossed)| **crossed) {
        meet(&mut bid.prices, &mut ask.prices, k);
    }
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

/// Counts bars of aligned sides of which only highs or lows cross.
#[derive(Debug, Default)]
pub(crate) struct CrossedRanges {
    /// What was found so far.
    pub(crate) warning: Option<Warning>,
}

impl CrossedRanges {
    /// The next aligned block.
    pub(crate) fn look(&mut self, bid: &RawSide, ask: &RawSide) {
        let (below, above) = (&bid.prices, &ask.prices);
        for k in (0..bid.len()).filter(|&k| below.high[k] > above.high[k] || below.low[k] > above.low[k]) {
            let warning = self.warning.get_or_insert_with(|| Warning {
                code: WarningCode::CrossedRange,
                count: 0,
                row: bid.place.row(k),
                time: Timestamp(bid.times[k]),
                column: None,
                detail: "only highs or lows of bid and ask cross".to_owned(),
            });
            warning.count += 1;
        }
    }
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

/// All prices moved by a distance; see [`Shift`].
fn shifted(prices: &PriceColumns, by: f64, digits: u32) -> PriceColumns {
    let mut shift = Shift::new(by, digits);
    shift.look(prices);
    let mut moved = prices.clone();
    shift.apply(&mut moved);
    moved
}

/// Moves prices by a distance: in whole decimal units where prices and distance have some, so that the results are
/// the doubles nearest to decimal numbers, else by plain addition. Has to see all prices before it moves one.
#[derive(Debug, Clone)]
pub(crate) struct Shift {
    by: f64,
    /// Powers of ten, at least that of the symbol's digits, of which distance and prices so far are whole multiples.
    units: Vec<f64>,
}

impl Shift {
    pub(crate) fn new(by: f64, digits: u32) -> Self {
        let whole = |unit: &f64| (by * unit - (by * unit).round()).abs() < 1e-6;
        Self { by, units: (digits..=10).map(power_of_ten).filter(whole).collect() }
    }

    /// Looks at prices that are to be moved.
    pub(crate) fn look(&mut self, prices: &PriceColumns) {
        let on_grid = |unit: f64| move |price: &f64| (price * unit).round() / unit == *price;
        self.units.retain(|&unit| prices.columns().iter().all(|column| column.iter().all(on_grid(unit))));
    }

    /// Moves prices.
    pub(crate) fn apply(&self, prices: &mut PriceColumns) {
        for price in prices.columns_mut().into_iter().flatten() {
            *price = match self.units.first() {
                Some(unit) => ((*price * unit).round() + (self.by * unit).round()) / unit,
                None => *price + self.by,
            };
        }
    }
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
