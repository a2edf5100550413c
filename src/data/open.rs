//! Settings become the market of a study: loaded, checked, cut to its range, put on one timeline, fingerprinted.

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::align::nominal_ends;
use super::assemble::{HigherBars, SymbolBars, assemble, root_of, series_digests, steps};
use super::bars::BarSeries;
use super::error::{DataCode, DataError};
use super::finer::FinerBars;
use super::fingerprint::SeriesDigest;
use super::load::{LoadedSeries, SeriesPlan, load_all};
use super::multi::MultiSymbolData;
use super::news::NewsCalendar;
use super::report::{DataReport, DroppedInstants, SeriesReport};
use super::resample::{ResampleRule, SundayBars, resample};
use super::select::{Origin, Selection, SymbolPlan, select};
use super::settings::{AlignmentSettings, DataSettings, TimelineMode};
use super::window::{HoldoutInfo, development_end, first_step, load_start, window};
use crate::types::time::DAY;
use crate::types::{Calendar, StepRange, Timeframe, Timestamp};

/// Everything a study gets from its data.
#[derive(Debug)]
pub struct OpenedData {
    /// Warm-up and development; bars of the hold-out are not in it, in no column and no timeframe.
    pub data: Arc<MultiSymbolData>,
    /// Steps on which the study may trade.
    pub window: StepRange,
    /// What is kept back; `None` when nothing is.
    pub holdout: Option<HoldoutInfo>,
    /// What was read, resampled, changed and odd.
    pub report: DataReport,
    /// How days become returns.
    pub calendar: Calendar,
    /// Periods of daily returns per year.
    pub periods_per_year: u32,
    /// Finer bars per symbol, as [`DataSettings::detail`] asks; empty when it asks for none.
    pub finer: Vec<FinerBars>,
    /// Events that block entries.
    pub news: Option<Arc<NewsCalendar>>,
    /// Digests of every series, hold-out included, block by block; their root is the data's fingerprint.
    pub digests: Vec<SeriesDigest>,
}

/// Loads what `settings` describe; paths are relative to `base_dir`. `memory_limit` in bytes is compared with the
/// bars to be read before any is.
///
/// The fingerprint covers everything loaded in `[from - warm-up, to)`, hold-out included, so it is the same whether
/// the hold-out is sealed or open.
///
/// # Errors
/// The first broken rule of `data.md` section 4, `date_range_empty`, `memory_limit`, `E102` or `E201`.
pub fn open(
    settings: &DataSettings,
    base_dir: &Path,
    alignment: &AlignmentSettings,
    memory_limit: Option<u64>,
) -> Result<OpenedData, DataError> {
    let selection = select(settings, base_dir)?;
    let news = settings.news.as_ref().map(|path| read_news(&base_dir.join(path))).transpose()?;
    let mut report = DataReport::default();
    let longest = longest(&selection);
    let (mut symbols, mut finer) = series(&selection, settings, longest, memory_limit, &mut report)?;
    cut_to_range(&mut symbols, settings, longest)?;
    finer = within_primary(finer, &symbols);
    let mode = settings.timeline.clone().unwrap_or(TimelineMode::Union);
    let mut timeline = steps(&symbols, &mode)?;
    let start = first_step(&timeline, settings, longest)?;
    let end = development_end(&timeline, start, settings, selection.primary)?;
    let (window, holdout) = window(&timeline, start, end);
    report.dropped_instants = dropped(&symbols, &timeline);
    let mut digests: Vec<Vec<SeriesDigest>> = symbols.par_iter().map(series_digests).collect();
    for ((digests, symbol), finer) in digests.iter_mut().zip(&symbols).zip(&finer) {
        digests.push(SeriesDigest::of(&symbol.spec.name, &finer.bars));
    }
    let fingerprint = root_of(&symbols, &digests, news.as_ref().map(NewsCalendar::digest));
    let detected = Calendar::detect(symbols.iter().map(|symbol| symbol.primary.times()));
    let calendar = settings.calendar.unwrap_or(detected);
    if let Some(info) = &holdout {
        timeline.truncate(end);
        symbols = symbols.into_iter().map(|symbol| sealed(symbol, info.first)).collect();
        finer = within_primary(finer, &symbols);
    }
    let data = assemble(selection.primary, timeline, symbols, *alignment, fingerprint);
    Ok(OpenedData {
        data: Arc::new(data),
        window,
        holdout,
        report,
        calendar,
        periods_per_year: settings.periods_per_year.unwrap_or(calendar.periods_per_year()),
        finer,
        news: news.map(Arc::new),
        digests: digests.into_iter().flatten().collect(),
    })
}

fn read_news(path: &Path) -> Result<NewsCalendar, DataError> {
    let bytes = fs::read(path).map_err(|error| DataError::from_io(&error, path))?;
    NewsCalendar::parse(&bytes, path)
}

fn longest(selection: &Selection) -> Timeframe {
    let timeframes =
        selection.symbols.iter().flat_map(|symbol| symbol.series.iter().map(|one| one.timeframe));
    timeframes.max().unwrap_or(selection.primary)
}

/// Reads every source once and makes all series of every symbol.
fn series(
    selection: &Selection,
    settings: &DataSettings,
    longest: Timeframe,
    memory_limit: Option<u64>,
    report: &mut DataReport,
) -> Result<(Vec<SymbolBars>, Vec<FinerBars>), DataError> {
    let plans: Vec<Vec<SeriesPlan>> = selection.symbols.iter().map(sources).collect();
    let flat: Vec<SeriesPlan> = plans.iter().flatten().cloned().collect();
    let mut loaded = load_all(&flat, settings, &reach(settings, longest), memory_limit)?.into_iter();
    let (mut symbols, mut finer) = (Vec::new(), Vec::new());
    for (symbol, plans) in selection.symbols.iter().zip(&plans) {
        let mut own: Vec<LoadedSeries> = loaded.by_ref().take(plans.len()).collect();
        for series in &mut own {
            filter_week(series, settings);
            report.files.append(&mut series.files);
        }
        if symbol.assumed {
            report.assumed_symbols.push(symbol.spec.name.clone());
        }
        let (bars, detail) = make(symbol, &own, settings, &mut report.series)?;
        symbols.push(bars);
        finer.extend(detail);
    }
    Ok((symbols, finer))
}

/// Finer bars cut to the spans of their symbols' primary bars.
fn within_primary(finer: Vec<FinerBars>, symbols: &[SymbolBars]) -> Vec<FinerBars> {
    finer.into_iter().zip(symbols).map(|(finer, symbol)| finer.within(&symbol.primary)).collect()
}

/// What has to be read for the range of the settings: a bar that is resampled may need sources around it, a day of 25
/// hours at most.
fn reach(settings: &DataSettings, longest: Timeframe) -> Range<i64> {
    let (start, end) = range(settings, longest);
    start.saturating_sub(2 * DAY)..end.saturating_add(2 * DAY)
}

/// `[from - warm-up, to)`.
fn range(settings: &DataSettings, longest: Timeframe) -> (i64, i64) {
    let start = load_start(settings, longest).map_or(i64::MIN, |start| start.0);
    (start, settings.to.map_or(i64::MAX, |end| end.0))
}

/// Distinct series to read for one symbol.
fn sources(symbol: &SymbolPlan) -> Vec<SeriesPlan> {
    let mut plans: Vec<SeriesPlan> = Vec::new();
    for origin in symbol.origins() {
        if plans.iter().all(|plan| plan.timeframe != origin.plan.timeframe) {
            plans.push(origin.plan.clone());
        }
    }
    plans
}

fn filter_week(series: &mut LoadedSeries, settings: &DataSettings) {
    let Some(mut clock) = settings.trading_week.clock() else { return };
    if series.bars.timeframe() >= Timeframe::D1 {
        return;
    }
    let inside: Vec<usize> =
        (0..series.bars.len()).filter(|&row| clock.contains(series.bars.times()[row])).collect();
    series.report.outside_week = series.bars.len() - inside.len();
    if series.report.outside_week > 0 {
        series.bars = series.bars.select(&inside);
        series.report.rows = series.bars.len();
    }
}

/// A series that is in memory under its own timeframe.
struct Made {
    bars: BarSeries,
    ends: Vec<i64>,
    from_file: bool,
}

fn make(
    symbol: &SymbolPlan,
    loaded: &[LoadedSeries],
    settings: &DataSettings,
    reports: &mut Vec<SeriesReport>,
) -> Result<(SymbolBars, Option<FinerBars>), DataError> {
    let rule = ResampleRule { anchor: settings.day_anchor, sunday: SundayBars::Keep };
    let mut made = symbol.origins().enumerate().map(|(k, origin)| {
        let source = loaded
            .iter()
            .find(|one| one.bars.timeframe() == origin.plan.timeframe)
            .expect("every origin was loaded");
        let (made, report) = one_series(origin, source, rule, k == 0);
        reports.push(report);
        made
    });
    let primary = made.next().expect("the primary series comes first").bars;
    let others = made.by_ref().take(symbol.series.len() - 1);
    let higher =
        others.map(|one| HigherBars { bars: one.bars, ends: one.ends, from_file: one.from_file }).collect();
    let finer = made.next().map(|one| FinerBars { bars: Arc::new(one.bars), from_file: one.from_file });
    if primary.is_empty() {
        return Err(DataError::new(
            DataCode::DateRangeEmpty,
            format!("no {} bar of {} remains", primary.timeframe(), symbol.spec.name),
        ));
    }
    Ok((SymbolBars { spec: symbol.spec.clone(), primary, higher }, finer))
}

fn one_series(
    origin: &Origin,
    source: &LoadedSeries,
    rule: ResampleRule,
    is_primary: bool,
) -> (Made, SeriesReport) {
    let mut report = SeriesReport { timeframe: origin.timeframe, ..source.report.clone() };
    if origin.timeframe == origin.plan.timeframe {
        let ends = nominal_ends(&source.bars);
        return (Made { bars: source.bars.clone(), ends, from_file: true }, report);
    }
    let mut longer = resample(&source.bars, origin.timeframe, rule);
    // A primary bar is traded on, so it has to be finished; a higher one is seen only once it is.
    if is_primary && longer.last_is_partial && !source.more_follow {
        longer = longer.drop_partial();
        report.partial_dropped = true;
    }
    report.resampled_from = Some(origin.plan.timeframe);
    report.rows = longer.bars.len();
    (Made { bars: longer.bars, ends: longer.ends, from_file: false }, report)
}

/// Cuts every series to `[from - warm-up, to)`; a higher bar stays only when it is complete by `to`.
fn cut_to_range(
    symbols: &mut Vec<SymbolBars>,
    settings: &DataSettings,
    longest: Timeframe,
) -> Result<(), DataError> {
    let (start, end) = range(settings, longest);
    let mut cut = Vec::with_capacity(symbols.len());
    for symbol in symbols.drain(..) {
        let (first, last) = ends_of(&symbol.primary);
        let name = symbol.spec.name.clone();
        let symbol = within(symbol, start, end);
        if symbol.primary.is_empty() {
            return Err(DataError::new(DataCode::DateRangeEmpty, format!("{name} has no bar in the range"))
                .hint(format!("there are bars from {first} to {last}; see data.from and data.to")));
        }
        cut.push(symbol);
    }
    *symbols = cut;
    Ok(())
}

fn ends_of(bars: &BarSeries) -> (Timestamp, Timestamp) {
    (bars.time(0), bars.time(bars.len() - 1))
}

/// Bars that open in `[start, end)`; of higher timeframes those that are complete by `end`.
fn within(symbol: SymbolBars, start: i64, end: i64) -> SymbolBars {
    let rows = |times: &[i64], last: usize| -> Range<usize> {
        let first = times.partition_point(|&time| time < start).min(last);
        first..last
    };
    let opened = rows(symbol.primary.times(), symbol.primary.times().partition_point(|&time| time < end));
    let higher = symbol
        .higher
        .into_iter()
        .map(|mut one| {
            let kept = rows(one.bars.times(), one.ends.partition_point(|&complete| complete <= end));
            one.ends = one.ends[kept.clone()].to_vec();
            one.bars = one.bars.cut(kept);
            one
        })
        .collect();
    SymbolBars { spec: symbol.spec, primary: symbol.primary.cut(opened), higher }
}

/// A symbol without anything that happens at or after an instant.
fn sealed(symbol: SymbolBars, first_unseen: Timestamp) -> SymbolBars {
    within(symbol, i64::MIN, first_unseen.0)
}

fn dropped(symbols: &[SymbolBars], timeline: &[i64]) -> Vec<DroppedInstants> {
    let lost = |symbol: &SymbolBars| {
        let times = symbol.primary.times();
        let kept: usize = super::align::common_runs(times, timeline).iter().map(|(rows, _)| rows.len()).sum();
        DroppedInstants { symbol: symbol.spec.name.clone(), bars: times.len() - kept }
    };
    symbols.iter().map(lost).filter(|one| one.bars > 0).collect()
}
