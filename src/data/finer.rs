//! Bars finer than the primary ones, which the engine opens to look into a bar (`execution.md` 9b, `detail_timeframe`).

use std::ops::Range;
use std::sync::Arc;

use super::bars::BarSeries;
use super::error::{DataCode, DataError};
use super::resample::divides;
use crate::types::Timeframe;

/// The finer bars of one symbol, within the span of its primary bars.
#[derive(Debug, Clone)]
pub struct FinerBars {
    /// The bars. A primary bar may hold fewer of them than fit, or none.
    pub bars: Arc<BarSeries>,
    /// Whether they were read from a file; otherwise they are resampled from still finer ones.
    pub from_file: bool,
}

impl FinerBars {
    /// Those that lie inside the primary bars: none before the first, none after the last.
    pub(crate) fn within(self, primary: &BarSeries) -> Self {
        let rows = covered(&self.bars, primary);
        Self { bars: Arc::new(Arc::unwrap_or_clone(self.bars).cut(rows)), ..self }
    }
}

fn covered(finer: &BarSeries, primary: &BarSeries) -> Range<usize> {
    let (Some(first), Some(last)) = (primary.times().first(), primary.times().last()) else { return 0..0 };
    let end = last + primary.timeframe().micros();
    let before = |instant: i64| finer.times().partition_point(|&time| time < instant);
    before(*first)..before(end)
}

/// Whether bars of `finer` can be walked inside bars of `primary`.
///
/// # Errors
/// `E102` when they are not shorter or do not fit a whole number of times.
pub(crate) fn check_fits(finer: Timeframe, primary: Timeframe) -> Result<(), DataError> {
    if divides(finer, primary) {
        return Ok(());
    }
    let fitting: Vec<&str> =
        Timeframe::ALL.into_iter().filter(|&one| divides(one, primary)).map(Timeframe::as_str).collect();
    let hint = if fitting.is_empty() {
        "leave strategy.engine.detail_timeframe out".to_owned()
    } else {
        format!("strategy.engine.detail_timeframe: {}", fitting.join(", "))
    };
    Err(DataError::new(DataCode::Selection, format!("no whole number of {finer} bars makes a {primary} bar"))
        .hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::bars::PriceColumns;
    use crate::types::time::MINUTE;

    fn flat(timeframe: Timeframe, times: Vec<i64>) -> BarSeries {
        let column = vec![1.0; times.len()];
        let prices = Arc::new(PriceColumns {
            open: column.clone(),
            high: column.clone(),
            low: column.clone(),
            close: column.clone(),
        });
        BarSeries::new(timeframe, times, Arc::clone(&prices), prices, column)
    }

    #[test]
    fn finer_bars_are_cut_to_the_span_of_the_primary_ones() {
        let minutes =
            |from: i64, to: i64, step: usize| (from..to).step_by(step).map(|m| m * MINUTE).collect();
        let finer = FinerBars { bars: Arc::new(flat(Timeframe::M5, minutes(0, 90, 5))), from_file: true };
        let cut = finer.within(&flat(Timeframe::M15, minutes(15, 60, 15)));
        assert_eq!(cut.bars.times(), minutes(15, 60, 5) as Vec<i64>);
    }

    #[test]
    fn only_shorter_bars_that_fit_a_whole_number_of_times_can_be_walked() {
        assert_eq!(check_fits(Timeframe::M1, Timeframe::M15), Ok(()));
        for (finer, primary) in [(Timeframe::M15, Timeframe::M15), (Timeframe::H1, Timeframe::M15)] {
            assert!(check_fits(finer, primary).is_err(), "{finer} in {primary}");
        }
    }
}
