//! The checks every side of a series passes before it is used (`data.md` section 4): times, then prices.
//!
//! The first failing check is reported, once. Within a group rows are scanned in order.

use super::calendar::weekday;
use super::error::DataError;
use super::prices::{PriceJumps, check_prices};
use super::raw::{Blocks, RawBar, RawSide, SideOf};
use super::report::FileReport;
use super::settings::{OnDuplicate, ReadPolicy};
use super::times::TimeCheck;
use crate::types::Timestamp;

/// Checks one side block by block; what the checks may leave out, [`Repeats`] has left out before.
///
/// # Errors
/// The first broken rule, with file, row, column, value and remedy.
pub(crate) fn check_side(
    side: &impl Blocks,
    of: &SideOf,
    policy: &ReadPolicy,
) -> Result<FileReport, DataError> {
    let mut saturday = false;
    for block in side.blocks() {
        saturday |= block?.times.iter().any(|&time| weekday(time) == 5);
    }
    let mut times = TimeCheck::new(of, policy, saturday);
    for block in side.blocks() {
        times.look(block?.as_ref())?;
    }
    let seen = times.finish()?;
    let mut jumps = PriceJumps::new(of);
    for block in side.blocks() {
        let block = block?;
        check_prices(&block, of, policy)?;
        jumps.look(&block);
    }
    let mut warnings = Vec::new();
    warnings.extend(seen.float32);
    warnings.extend(seen.gaps);
    warnings.extend(jumps.warning);
    Ok(FileReport {
        path: of.path.clone(),
        symbol: of.symbol.clone(),
        timeframe: of.timeframe,
        side: of.side,
        rows: seen.rows,
        first: Timestamp(seen.first),
        last: Timestamp(seen.last),
        duplicates_dropped: 0,
        warnings,
    })
}

/// Leaves out rows that equal the row before, when the policy says so.
#[derive(Debug)]
pub(crate) struct Repeats {
    leave_out: bool,
    previous: Option<RawBar>,
    /// Rows left out so far.
    pub(crate) dropped: usize,
}

impl Repeats {
    pub(crate) fn new(policy: &ReadPolicy) -> Self {
        Self { leave_out: policy.on_duplicate == OnDuplicate::KeepFirst, previous: None, dropped: 0 }
    }

    /// Whether blocks have to be looked at.
    pub(crate) fn are_left_out(&self) -> bool {
        self.leave_out
    }

    /// The next block of a side.
    pub(crate) fn leave_out(&mut self, block: &mut RawSide) {
        if !self.leave_out || block.len() == 0 {
            return;
        }
        let before = |k: usize| if k == 0 { self.previous } else { Some(block.bar(k - 1)) };
        let keep: Vec<bool> = (0..block.len()).map(|k| before(k) != Some(block.bar(k))).collect();
        self.previous = Some(block.bar(block.len() - 1));
        let count = keep.iter().filter(|keep| !**keep).count();
        if count > 0 {
            self.dropped += count;
            block.retain(&keep);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::data::bars::PriceColumns;
    use crate::data::error::DataCode;
    use crate::data::report::{QuoteSide, WarningCode};
    use crate::types::Timeframe;
    use crate::types::time::{DAY, HOUR, MINUTE};

    /// 2024-01-02 10:00 UTC, a Tuesday.
    const START: i64 = 1_704_189_600_000_000;

    fn side(times: Vec<i64>) -> RawSide {
        let rows = times.len();
        let column = |value: f64| vec![value; rows];
        let prices =
            PriceColumns { open: column(1.1), high: column(1.2), low: column(1.0), close: column(1.15) };
        RawSide { times, prices, volume: column(5.0), ..RawSide::default() }
    }

    fn minutes(offsets: &[i64]) -> RawSide {
        side(offsets.iter().map(|minute| START + minute * MINUTE).collect())
    }

    fn check(raw: &RawSide, timeframe: Timeframe) -> Result<FileReport, DataError> {
        let of = SideOf {
            path: PathBuf::from("EURUSD.parquet"),
            symbol: "EURUSD".to_owned(),
            is_fx: true,
            timeframe,
            side: QuoteSide::Bid,
        };
        check_side(raw, &of, &ReadPolicy::default())
    }

    fn place(raw: &RawSide, timeframe: Timeframe) -> (DataCode, Option<u64>) {
        let error = check(raw, timeframe).expect_err("refused");
        (error.code(), error.problem().row)
    }

    #[test]
    fn times_out_of_order_off_the_grid_or_far_apart_are_refused_at_their_row() {
        let m1 = |offsets: &[i64]| place(&minutes(offsets), Timeframe::M1);
        assert_eq!(m1(&[0, 2, 1, 3]), (DataCode::UnsortedTimestamps, Some(2)));
        assert_eq!(m1(&[0, 1, 1, 2]), (DataCode::DuplicateTimestamp, Some(2)));
        assert_eq!(m1(&[0, 1, 1 + 15 * 1440]), (DataCode::GapTooLarge, Some(2)));
        let half = side(vec![START, START + MINUTE / 2]);
        assert_eq!(place(&half, Timeframe::M1), (DataCode::TimestampOffGrid, Some(1)));
        assert_eq!(place(&side(vec![5]), Timeframe::M1), (DataCode::TimestampOutOfRange, Some(0)));
        assert_eq!(place(&side(Vec::new()), Timeframe::M1), (DataCode::NoRows, None));
    }

    #[test]
    fn bars_of_a_longer_timeframe_are_named() {
        let fives = minutes(&[0, 5, 10, 20]);
        let error = check(&fives, Timeframe::M1).expect_err("M5 rows");
        assert_eq!(error.code(), DataCode::TimeframeMismatch);
        assert!(error.to_string().contains("multiples of M5"), "{error}");
        assert!(check(&minutes(&[0, 5, 10]), Timeframe::M1).is_ok(), "three rows prove nothing");
        assert!(check(&minutes(&[0, 5, 10, 21]), Timeframe::M1).is_ok());
    }

    #[test]
    fn daily_bars_keep_one_time_of_day_or_two_an_hour_apart() {
        let days = |hours: &[i64]| {
            side((1_i64..).zip(hours).map(|(day, hour)| (START / DAY + day) * DAY + hour * HOUR).collect())
        };
        assert!(check(&days(&[22, 22, 21, 21, 22]), Timeframe::D1).is_ok());
        assert!(check(&days(&[0, 23, 0]), Timeframe::D1).is_ok());
        assert_eq!(place(&days(&[22, 20, 22]), Timeframe::D1), (DataCode::TimestampOffGrid, Some(1)));
        assert_eq!(place(&days(&[22, 21, 20]), Timeframe::D1), (DataCode::TimestampOffGrid, Some(2)));
    }

    #[test]
    fn the_weekend_is_no_hole_and_a_lost_day_is_one() {
        // Friday 20:00 UTC to Monday: 1 h of Friday and 2 h of Sunday were open.
        let friday = 3 * 1440 + 600;
        let weekend = check(&minutes(&[friday, friday + 1, friday + 2 + 2 * 1440 + 200]), Timeframe::M1);
        assert_eq!(weekend.expect("fine").warnings, []);
        let lost = check(&minutes(&[0, 1, 2 + 26 * 60]), Timeframe::M1).expect("legal");
        assert_eq!((lost.warnings[0].code, lost.warnings[0].row), (WarningCode::GapLong, 2));
    }

    #[test]
    fn impossible_prices_and_volumes_are_refused_at_their_row_and_column() {
        type Damage = fn(&mut RawSide);
        let cases: [(Damage, DataCode, &str); 9] = [
            (|raw| raw.prices.close[1] = f64::NAN, DataCode::NonFinitePrice, "close"),
            (|raw| raw.prices.high[1] = f64::INFINITY, DataCode::NonFinitePrice, "high"),
            (|raw| raw.volume[1] = f64::NAN, DataCode::NonFiniteVolume, "volume"),
            (|raw| raw.prices.low[1] = 0.0, DataCode::NonPositivePrice, "low"),
            (|raw| raw.prices.open[1] = -1.0, DataCode::NonPositivePrice, "open"),
            (|raw| raw.prices.high[1] = 0.9, DataCode::OhlcInconsistent, "high"),
            (|raw| raw.prices.open[1] = 1.3, DataCode::OhlcInconsistent, "open"),
            (|raw| raw.prices.close[1] = 0.95, DataCode::OhlcInconsistent, "close"),
            (|raw| raw.volume[1] = -1.0, DataCode::NegativeVolume, "volume"),
        ];
        for (damage, code, column) in cases {
            let mut raw = minutes(&[0, 1, 2]);
            damage(&mut raw);
            let error = check(&raw, Timeframe::M1).expect_err("refused");
            let problem = error.problem();
            assert_eq!((problem.code, problem.row, problem.column.as_deref()), (code, Some(1), Some(column)));
        }
    }

    #[test]
    fn times_are_checked_before_prices_and_a_jump_is_only_a_warning() {
        let mut raw = minutes(&[0, 1, 1]);
        raw.prices.close[0] = f64::NAN;
        assert_eq!(place(&raw, Timeframe::M1).0, DataCode::DuplicateTimestamp);
        let mut raw = minutes(&[0, 1, 2]);
        for column in raw.prices.columns_mut() {
            column[1] = 1.3;
        }
        let warnings = check(&raw, Timeframe::M1).expect("legal").warnings;
        assert_eq!((warnings[0].code, warnings[0].count, warnings[0].row), (WarningCode::PriceJump, 2, 1));
    }
}
