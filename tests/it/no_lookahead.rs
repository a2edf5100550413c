//! Nothing computed at or before an instant depends on what comes after it: files, alignment, timeline, resampled and
//! higher timeframes, and every indicator on each of them, with the files cut at the instant.

use std::path::Path;

use omega_sweep::cache::{CachePlan, IndicatorCache, build};
use omega_sweep::data::settings::{DataSource, Holdout, TimelineMode};
use omega_sweep::data::{
    AlignmentSettings, BarSeries, DataSettings, DayAnchor, EntryTimestampMode, MultiSymbolData, NO_ROW, open,
};
use omega_sweep::indicators::{FloatBits, GarchKey, GarchParams, IndicatorKind, SeriesKey};
use omega_sweep::types::{PriceSide, SymbolId, Timeframe};
use proptest::prelude::*;

use crate::data_files::{PAIR, generated, write};
use crate::fixture::random_cases;

const BARS: usize = 900;
const HIGHER: [Timeframe; 3] = [Timeframe::H1, Timeframe::H4, Timeframe::D1];

/// Every kind but expressions, which follow from others.
fn kinds(other: SymbolId) -> Vec<IndicatorKind> {
    use IndicatorKind as K;
    let number = FloatBits::new;
    let (r, q, factor) = (number(0.01), number(1.0), number(2.0));
    let garch = GarchKey::from(&GarchParams { min_periods: 10, ..GarchParams::default() });
    let period = 7;
    vec![
        K::Close,
        K::Open,
        K::High,
        K::Low,
        K::Volume,
        K::Ema { period },
        K::Sma { period },
        K::Std { period },
        K::TrueRange,
        K::Atr { period },
        K::Rsi { period },
        K::Macd { fast: 5, slow: 12 },
        K::MacdSignal { fast: 5, slow: 12, signal: 4 },
        K::Roc { period },
        K::DmiPlus { period },
        K::DmiMinus { period },
        K::Adx { period },
        K::Choppiness { period },
        K::ZScore { window: period },
        K::ZScoreEma { window: period, ema_period: 9 },
        K::KalmanMean { r, q },
        K::KalmanZScore { window: period, r, q },
        K::GarchVolatility { garch },
        K::KalmanGarchZScore { r, q, garch },
        K::Wma { period },
        K::Hma { period },
        K::Highest { period },
        K::Lowest { period },
        K::DonchianUpper { period },
        K::DonchianLower { period },
        K::Percentile { period, percent: number(80.0) },
        K::StochasticK { period, smooth: 3 },
        K::StochasticD { period, smooth: 3, signal: 3 },
        K::Cci { period },
        K::Obv,
        K::Vwap { session_start: 420 },
        K::Supertrend { period, factor },
        K::SupertrendDirection { period, factor },
        K::Correlation { other, period },
    ]
}

fn keys(data: &MultiSymbolData) -> Vec<SeriesKey> {
    let mut keys = Vec::new();
    for symbol in data.ids() {
        let other = data.ids().find(|&id| id != symbol).expect("two symbols");
        for timeframe in [data.timeframe()].into_iter().chain(HIGHER) {
            for kind in kinds(other) {
                keys.push(SeriesKey { symbol, timeframe, side: PriceSide::Bid, kind });
            }
        }
    }
    keys
}

fn computed(data: &MultiSymbolData) -> IndicatorCache {
    let mut plan = CachePlan::default();
    for key in keys(data) {
        plan.series(key);
    }
    build(&plan, data, None, None).expect("every series")
}

/// Bits of a value; one pattern for all that are no number.
fn bits(value: f64) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() }
}

/// What a strategy can see of a symbol at a step, indicators apart.
fn seen(data: &MultiSymbolData, id: SymbolId, step: usize) -> Vec<u64> {
    let series = data.symbol(id);
    let row = series.row(step);
    let mut all = vec![series.last_row(step).map_or(u64::MAX, |row| row as u64)];
    let bar = |bars: &BarSeries, row: usize| {
        let (bid, ask) = (bars.bid().at(row), bars.ask().at(row));
        [bid.open, bid.high, bid.low, bid.close, ask.open, ask.high, ask.low, ask.close, bars.volume()[row]]
            .map(bits)
    };
    if let Some(row) = row {
        all.extend(bar(&series.bars, row));
        for higher in &series.higher {
            match higher.map[row] {
                NO_ROW => all.push(u64::MAX),
                shown => all.extend(bar(&higher.bars, shown as usize)),
            }
        }
    }
    all
}

/// Two markets with holes; the second begins later and ends earlier. Whole days may be missing.
fn market(folder: &Path, holes: &[usize]) {
    for (k, (name, bars)) in generated(&["EURUSD", "USDJPY"], Timeframe::M15, BARS).into_iter().enumerate() {
        let rows = if k == 0 { 0..BARS } else { 100..BARS - 100 };
        let is_hole = |row: usize| holes.iter().any(|hole| (row * (k + 1)).abs_diff(*hole) < 1 + hole % 40);
        let kept: Vec<usize> = rows.filter(|&row| !is_hole(row)).collect();
        write(folder, &name, &bars.select(&kept), &PAIR);
    }
}

proptest! {
    #![proptest_config(random_cases(6))]
    #[test]
    fn cutting_the_future_changes_nothing_known(
        holes in proptest::collection::vec(0..BARS, 0..6),
        cut in 250..BARS - 110,
        ny in any::<bool>(),
        at_close in any::<bool>(),
        common in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        market(folder.path(), &holes);
        let settings = DataSettings {
            source: DataSource::Path(folder.path().to_owned()),
            additional: HIGHER.to_vec(),
            day_anchor: if ny { DayAnchor::Ny17 } else { DayAnchor::Utc },
            timeline: common.then_some(TimelineMode::Intersection),
            holdout: Holdout::None,
            ..DataSettings::default()
        };
        let entry_timestamp_mode =
            if at_close { EntryTimestampMode::Close } else { EntryTimestampMode::Open };
        let alignment = AlignmentSettings { entry_timestamp_mode, ..AlignmentSettings::default() };
        let market = |settings: &DataSettings| open(settings, Path::new("."), &alignment, None).expect("opened").data;
        let whole = market(&settings);
        let last = cut.min(whole.steps() - 2);
        let known = market(&DataSettings { to: Some(whole.time(last + 1)), ..settings });
        prop_assert_eq!(known.steps(), last + 1);
        for step in 0..=last {
            for id in whole.ids() {
                prop_assert_eq!(seen(&known, id, step), seen(&whole, id, step), "step {} of {:?}", step, id);
            }
        }
        let (before, after) = (computed(&known), computed(&whole));
        for key in keys(&known) {
            let (known, whole) = (before.get(&key).expect("computed"), after.get(&key).expect("computed"));
            for row in 0..known.rows() {
                prop_assert_eq!(bits(known.at(row)), bits(whole.at(row)), "{} at row {}", key, row);
            }
        }
    }
}
