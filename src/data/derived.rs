//! Files made from other data: resampled bars, synthetic markets.

use std::path::{Path, PathBuf};

use super::bars::BarSeries;
use serde_json::{Map, Value};

use super::catalog::{record, record_with};
use super::error::{DataCode, DataError};
use super::import::{ImportSettings, read};
use super::parquet::{SideToWrite, WrittenFile, write_bars};
use super::quality::{Group, groups};
use super::report::QuoteSide;
use super::resample::{DayAnchor, ResampleRule, divides, resample};
use super::synthetic::{GenerateSettings, generate};
use crate::types::{PriceSide, Timeframe};

/// How `data resample` works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResampleSettings {
    /// Timeframe to make.
    pub target: Timeframe,
    /// Where days begin and what becomes of Sundays.
    pub rule: ResampleRule,
    /// Leaves out the last bar when its bin has not ended.
    pub drop_partial: bool,
}

/// Resamples every series under some paths and writes it beside a `dataset.json` in `out`. Of several timeframes of a
/// symbol in a folder the longest that can make the target is taken, unless `reading` names one.
///
/// # Errors
/// `E102` when a series cannot make the target, `no_rows` when no bin has ended, the first broken rule of a source,
/// and when the system refuses to write.
pub fn resample_files(
    paths: &[PathBuf],
    settings: &ResampleSettings,
    reading: &ImportSettings,
    out: &Path,
) -> Result<Vec<WrittenFile>, DataError> {
    let mut written = Vec::new();
    for (group, reading) in sources(groups(paths, reading)?, settings.target) {
        for one in read(&reading, &group)?.0 {
            let source = one.timeframe;
            if !divides(source, settings.target) {
                return Err(DataError::new(
                    DataCode::Selection,
                    format!("{} cannot be made from {source}", settings.target),
                )
                .path(&one.report.path)
                .hint("only upwards, to a multiple: M1 M5 M15 M30 H1 H4 D1"));
            }
            let made = resample(&one.bars, settings.target, settings.rule);
            let made = if settings.drop_partial { made.drop_partial() } else { made };
            for side in one.sides {
                written.push(write(out, &one.symbol, side.side, settings.rule.anchor, &made.bars)?);
            }
        }
    }
    record(out, &written)?;
    Ok(written)
}

/// Of every symbol the longest timeframe that divides the target; all of them when none does.
fn sources(groups: Vec<Group>, target: Timeframe) -> Vec<Group> {
    let fits = |of: &ImportSettings| of.timeframe.filter(|&source| divides(source, target));
    let best = |symbol: &Option<String>| {
        groups.iter().filter(|(_, of)| of.symbol == *symbol).filter_map(|(_, of)| fits(of)).max()
    };
    let chosen: Vec<bool> = groups
        .iter()
        .map(|(_, of)| best(&of.symbol).is_none_or(|best| of.timeframe.is_none_or(|source| source == best)))
        .collect();
    groups.into_iter().zip(chosen).filter(|(_, chosen)| *chosen).map(|(group, _)| group).collect()
}

/// Generates a synthetic market and writes bid and ask of every symbol beside a `dataset.json` in `out`.
///
/// # Errors
/// As [`generate`], and when the system refuses to write.
pub fn generate_files(settings: &GenerateSettings, out: &Path) -> Result<Vec<WrittenFile>, DataError> {
    let mut written = Vec::new();
    for one in generate(settings)? {
        for side in [QuoteSide::Bid, QuoteSide::Ask] {
            written.push(write(out, &one.spec.name, side, DayAnchor::Utc, &one.bars)?);
        }
    }
    let seed = Map::from_iter([("synthetic_seed".to_owned(), Value::from(settings.seed))]);
    record_with(out, &written, &seed)?;
    Ok(written)
}

fn write(
    out: &Path,
    symbol: &str,
    side: QuoteSide,
    anchor: DayAnchor,
    bars: &BarSeries,
) -> Result<WrittenFile, DataError> {
    let timeframe = bars.timeframe();
    let path = out.join(symbol).join(format!("{symbol}_{timeframe}_{}.parquet", side.as_str()));
    let of = if side == QuoteSide::Ask { PriceSide::Ask } else { PriceSide::Bid };
    let columns = SideToWrite {
        symbol,
        timeframe,
        side,
        anchor,
        times: bars.times(),
        prices: bars.side(of),
        volume: bars.volume(),
    };
    write_bars(&path, &columns)
}
