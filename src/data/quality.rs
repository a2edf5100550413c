//! How good bars are: coverage, holes, flat and crossed bars, and which rules they break.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::bars::BarSeries;
use super::calendar::{WeekClock, weekday};
use super::error::{DataCode, DataError};
use super::fingerprint::SeriesDigest;
use super::import::{ImportSettings, ImportedSeries, read};
use super::layout::scan;
use super::report::{FileReport, Warning, as_text};
use super::symbol::SymbolTable;
use crate::types::time::{DAY, HOUR};
use crate::types::{Digest, DigestWriter, Timeframe, Timestamp};

/// Quality of one series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FileQuality {
    /// The (first) file.
    pub path: PathBuf,
    /// Its symbol.
    pub symbol: String,
    /// Its timeframe.
    #[serde(serialize_with = "as_text")]
    pub timeframe: Timeframe,
    /// `BID+ASK`, or the one side.
    pub sides: String,
    /// Bars.
    pub rows: usize,
    /// First open time.
    #[serde(serialize_with = "as_text")]
    pub first: Timestamp,
    /// Last open time.
    #[serde(serialize_with = "as_text")]
    pub last: Timestamp,
    /// Holes inside the trading week.
    pub holes: usize,
    /// Open market in the longest of them, hours.
    pub longest_hole_hours: f64,
    /// Bars present of those the calendar expects, 0 to 1; `None` when the calendar is unknown.
    pub coverage: Option<f64>,
    /// Bars whose highs or lows of bid and ask cross.
    pub crossed_range: usize,
    /// Bars whose bid and ask close are equal; `None` for one side.
    pub zero_spread: Option<usize>,
    /// Bars with one price only.
    pub flat: usize,
    /// What is odd but legal.
    pub warnings: Vec<Warning>,
}

/// Quality of everything under some paths.
#[derive(Debug, Clone, Default, Serialize)]
pub struct QualityReport {
    /// Series that can be used.
    pub series: Vec<FileQuality>,
    /// Series that cannot: the first broken rule of each.
    pub defects: Vec<DataError>,
}

/// Checks files and folders as a study would; every series is looked at, whatever is wrong with the others.
///
/// # Errors
/// Only when a folder cannot be listed, or holds no bars.
pub fn check(paths: &[PathBuf], settings: &ImportSettings) -> Result<QualityReport, DataError> {
    let mut report = QualityReport::default();
    for (group, settings) in groups(paths, settings)? {
        match read(&settings, &group) {
            Ok((series, _)) => report.series.extend(series.iter().map(quality)),
            Err(error) => report.defects.push(error),
        }
    }
    Ok(report)
}

/// One series of `data info`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeriesInfo {
    /// Coverage and oddities.
    pub quality: FileQuality,
    /// Digest over all blocks of the canonical columns, whatever the file format.
    #[serde(serialize_with = "as_text")]
    pub fingerprint: Digest,
    /// Blocks of 65,536 rows.
    pub blocks: usize,
}

/// Fingerprint and coverage of every series under some paths.
///
/// # Errors
/// The first broken rule of the first unusable series.
pub fn info(paths: &[PathBuf], settings: &ImportSettings) -> Result<Vec<SeriesInfo>, DataError> {
    let mut infos = Vec::new();
    for (group, settings) in groups(paths, settings)? {
        for one in read(&settings, &group)?.0 {
            let digest = SeriesDigest::of(&one.symbol, &one.bars);
            let mut writer = DigestWriter::new("omega-sweep series 1");
            digest.blocks.iter().for_each(|&block| {
                writer.digest(block);
            });
            infos.push(SeriesInfo {
                quality: quality(&one),
                fingerprint: writer.finish(),
                blocks: digest.blocks.len(),
            });
        }
    }
    Ok(infos)
}

type Group = (Vec<PathBuf>, ImportSettings);

/// Files that belong together: sides of one series of a folder, or files as they are named.
pub(super) fn groups(paths: &[PathBuf], settings: &ImportSettings) -> Result<Vec<Group>, DataError> {
    let mut groups: Vec<Group> = Vec::new();
    let mut single = Vec::new();
    for path in paths {
        if path.is_dir() {
            groups.extend(folder(path, settings)?);
        } else {
            single.push(path.clone());
        }
    }
    if !single.is_empty() {
        groups.push((single, settings.clone()));
    }
    Ok(groups)
}

fn folder(path: &Path, settings: &ImportSettings) -> Result<Vec<Group>, DataError> {
    let files = scan(path)?;
    let mut groups: Vec<Group> = Vec::new();
    for (symbol, timeframe, _, file) in files.iter() {
        let wanted = settings.symbol.as_deref().is_none_or(|asked| asked == symbol)
            && settings.timeframe.is_none_or(|asked| asked == timeframe);
        if !wanted {
            continue;
        }
        let own = ImportSettings {
            symbol: Some(symbol.to_owned()),
            timeframe: Some(timeframe),
            ..settings.clone()
        };
        match groups.last_mut() {
            Some((files, last)) if last.symbol == own.symbol && last.timeframe == own.timeframe => {
                files.push(file.to_owned());
            }
            _ => groups.push((vec![file.to_owned()], own)),
        }
    }
    if groups.is_empty() {
        return Err(DataError::new(DataCode::FileNotFound, "no bar file found")
            .path(path)
            .hint(format!("the folder holds: {}", files.describe())));
    }
    Ok(groups)
}

fn quality(one: &ImportedSeries) -> FileQuality {
    if one.sides.len() == 1 {
        side_quality(&one.report, &one.bars)
    } else {
        pair_quality(&one.report, &one.bars)
    }
}

/// Quality of a series with bid and ask.
pub(super) fn pair_quality(report: &FileReport, bars: &BarSeries) -> FileQuality {
    let (bid, ask) = (bars.bid(), bars.ask());
    let zero = (0..bars.len()).filter(|&row| bid.close[row] == ask.close[row]).count();
    let crossed =
        (0..bars.len()).filter(|&row| bid.high[row] > ask.high[row] || bid.low[row] > ask.low[row]).count();
    FileQuality {
        sides: "BID+ASK".to_owned(),
        zero_spread: Some(zero),
        crossed_range: crossed,
        ..side_quality(report, bars)
    }
}

/// Quality of a series with one side.
pub(super) fn side_quality(report: &FileReport, bars: &BarSeries) -> FileQuality {
    let times = bars.times();
    let mut calendar = Expected::of(report, times);
    let (mut holes, mut longest) = (0, 0);
    let length = report.timeframe.micros();
    for pair in times.windows(2).filter(|pair| pair[1] - pair[0] > length) {
        let missing = calendar.open_between(pair[0] + length, pair[1]);
        if missing >= length {
            holes += 1;
            longest = longest.max(missing);
        }
    }
    let bid = bars.bid();
    let flat = (0..bars.len()).filter(|&row| bid.high[row] == bid.low[row]).count();
    FileQuality {
        path: report.path.clone(),
        symbol: report.symbol.clone(),
        timeframe: report.timeframe,
        sides: report.side.as_str().to_owned(),
        rows: bars.len(),
        first: bars.time(0),
        last: bars.time(bars.len() - 1),
        holes,
        longest_hole_hours: longest as f64 / HOUR as f64,
        coverage: calendar.coverage(times, length),
        crossed_range: 0,
        zero_spread: None,
        flat,
        warnings: report.warnings.clone(),
    }
}

/// When bars are expected.
enum Expected {
    /// Always: there are weekend bars.
    Always,
    /// Monday to Friday: daily bars.
    Weekdays,
    /// The FX week; `known` when the symbol is a currency pair.
    FxWeek { clock: WeekClock, known: bool },
}

impl Expected {
    fn of(report: &FileReport, times: &[i64]) -> Self {
        let is_fx = SymbolTable::default().lookup(&report.symbol, true).is_ok_and(|spec| spec.is_fx());
        if times.iter().any(|&time| weekday(time) == 5) {
            return Self::Always;
        }
        if report.timeframe == Timeframe::D1 {
            return Self::Weekdays;
        }
        Self::FxWeek { clock: WeekClock::new_york(), known: is_fx }
    }

    fn open_between(&mut self, from: i64, to: i64) -> i64 {
        match self {
            Self::Always => to - from,
            Self::Weekdays => {
                let days = from.div_euclid(DAY)..to.div_euclid(DAY);
                i64::try_from(days.filter(|day| weekday(day * DAY) < 5).count()).unwrap_or(0) * DAY
            }
            Self::FxWeek { clock, .. } => clock.open_between(from, to),
        }
    }

    fn coverage(&mut self, times: &[i64], length: i64) -> Option<f64> {
        if let Self::FxWeek { known: false, .. } = self {
            return None;
        }
        let (first, last) = (times.first()?, times.last()?);
        let expected = self.open_between(*first, last + length) / length;
        let inside = match self {
            Self::Always => times.len(),
            Self::Weekdays => times.iter().filter(|&&time| weekday(time) < 5).count(),
            Self::FxWeek { clock, .. } => times.iter().filter(|&&time| clock.contains(time)).count(),
        };
        (expected > 0).then(|| (inside as f64 / expected as f64).min(1.0))
    }
}

impl fmt::Display for FileQuality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {} {}  {} bars", self.symbol, self.timeframe, self.sides, self.rows)?;
        writeln!(f, "  period    {} to {}", self.first, self.last)?;
        match self.coverage {
            Some(share) => writeln!(f, "  coverage  {:.2} % of the expected bars", 100.0 * share)?,
            None => writeln!(f, "  coverage  unknown: no calendar for this symbol")?,
        }
        writeln!(f, "  holes     {} inside the week, longest {:.1} h", self.holes, self.longest_hole_hours)?;
        if let Some(zero) = self.zero_spread {
            writeln!(
                f,
                "  spread    {zero} bars without, {} with crossed highs or lows",
                self.crossed_range
            )?;
        }
        write!(f, "  flat      {} bars", self.flat)?;
        for warning in &self.warnings {
            let Warning { code, count, row, time, detail, .. } = warning;
            write!(f, "\n  warning   {}: {count} times, first row {row} {time}: {detail}", code.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Display for QualityReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self
            .series
            .iter()
            .map(ToString::to_string)
            .chain(self.defects.iter().map(ToString::to_string))
            .collect();
        f.write_str(&texts.join("\n\n"))
    }
}
