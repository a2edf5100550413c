//! How good bars are: coverage, holes, flat and crossed bars, and which rules they break.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::calendar::{WeekClock, weekday};
use super::error::{DataCode, DataError};
use super::fingerprint::SeriesDigest;
use super::import::{ImportSettings, examine, examine_in_memory};
use super::layout::scan;
use super::pair::CrossedRanges;
use super::raw::RawSide;
use super::report::{Crossed, FileReport, Warning, as_text, changes};
use super::settings::OnCrossed;
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
    /// Rows of bid and ask before they were aligned; equal for one side.
    pub rows_before: [usize; 2],
    /// Identical repeated rows left out.
    pub duplicates_dropped: usize,
    /// Bars with bid above ask at open or close, and what was done with them.
    pub crossed: Crossed,
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
        match examine(&settings, &group) {
            Ok(series) => report.series.extend(series),
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
        for (quality, one) in examine_in_memory(&settings, &group)? {
            let digest = SeriesDigest::of(&one.symbol, &one.bars);
            let mut writer = DigestWriter::new("omega-sweep series 1");
            digest.blocks.iter().for_each(|&block| {
                writer.digest(block);
            });
            infos.push(SeriesInfo { quality, fingerprint: writer.finish(), blocks: digest.blocks.len() });
        }
    }
    Ok(infos)
}

/// Files and how they are read.
pub(super) type Group = (Vec<PathBuf>, ImportSettings);

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

/// Counts what a series is like, block by block.
pub(super) struct QualityCount {
    report: FileReport,
    /// The calendar if there are weekend bars, and the one if there are none: which holds shows at the end.
    always: Presence,
    weekly: Presence,
    weekend: bool,
    rows: usize,
    first: i64,
    last: i64,
    flat: usize,
    /// Bars without spread; `None` for one side.
    zero_spread: Option<usize>,
    ranges: CrossedRanges,
}

/// Bars and holes by one calendar.
struct Presence {
    calendar: Expected,
    inside: usize,
    holes: usize,
    longest: i64,
}

impl Presence {
    fn new(calendar: Expected) -> Self {
        Self { calendar, inside: 0, holes: 0, longest: 0 }
    }

    fn look(&mut self, time: i64, previous: Option<i64>, length: i64) {
        self.inside += usize::from(self.calendar.expects(time));
        let Some(previous) = previous.filter(|previous| time - previous > length) else { return };
        let missing = self.calendar.open_between(previous + length, time);
        if missing >= length {
            self.holes += 1;
            self.longest = self.longest.max(missing);
        }
    }
}

impl QualityCount {
    pub(super) fn new(report: &FileReport) -> Self {
        Self {
            report: report.clone(),
            always: Presence::new(Expected::Always),
            weekly: Presence::new(Expected::weekly(report)),
            weekend: false,
            rows: 0,
            first: 0,
            last: 0,
            flat: 0,
            zero_spread: None,
            ranges: CrossedRanges::default(),
        }
    }

    /// The next block: bid and ask, or the one side.
    pub(super) fn look(&mut self, sides: &[RawSide]) {
        let [one, ask @ ..] = sides else { return };
        let length = self.report.timeframe.micros();
        for &time in &one.times {
            let previous = (self.rows > 0).then_some(self.last);
            self.first = if self.rows == 0 { time } else { self.first };
            self.weekend |= weekday(time) == 5;
            self.always.look(time, previous, length);
            self.weekly.look(time, previous, length);
            self.rows += 1;
            self.last = time;
        }
        self.flat += one.prices.high.iter().zip(&one.prices.low).filter(|(high, low)| high == low).count();
        if let [ask] = ask {
            let equal = one.prices.close.iter().zip(&ask.prices.close).filter(|(bid, ask)| bid == ask);
            *self.zero_spread.get_or_insert(0) += equal.count();
            self.ranges.look(one, ask);
        }
    }

    pub(super) fn finish(self, rows_before: [usize; 2], crossed: Crossed) -> FileQuality {
        let mut presence = if self.weekend { self.always } else { self.weekly };
        let length = self.report.timeframe.micros();
        let sides = if self.zero_spread.is_some() { "BID+ASK" } else { self.report.side.as_str() };
        let crossed_range = self.ranges.warning.as_ref().map_or(0, |warning| warning.count);
        let mut warnings = self.report.warnings;
        warnings.extend(self.ranges.warning);
        FileQuality {
            path: self.report.path,
            symbol: self.report.symbol,
            timeframe: self.report.timeframe,
            sides: sides.to_owned(),
            rows: self.rows,
            first: Timestamp(self.first),
            last: Timestamp(self.last),
            holes: presence.holes,
            longest_hole_hours: presence.longest as f64 / HOUR as f64,
            coverage: presence.calendar.coverage(presence.inside, self.first, self.last + length, length),
            rows_before,
            duplicates_dropped: self.report.duplicates_dropped,
            crossed,
            crossed_range,
            zero_spread: self.zero_spread,
            flat: self.flat,
            warnings,
        }
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
    /// Of bars of which none lies on a Saturday.
    fn weekly(report: &FileReport) -> Self {
        if report.timeframe == Timeframe::D1 {
            return Self::Weekdays;
        }
        let known = SymbolTable::default().lookup(&report.symbol, true).is_ok_and(|spec| spec.is_fx());
        Self::FxWeek { clock: WeekClock::new_york(), known }
    }

    fn expects(&mut self, time: i64) -> bool {
        match self {
            Self::Always => true,
            Self::Weekdays => weekday(time) < 5,
            Self::FxWeek { clock, .. } => clock.contains(time),
        }
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

    /// Share of the bars expected in `[from, to)` that are there.
    fn coverage(&mut self, inside: usize, from: i64, to: i64, length: i64) -> Option<f64> {
        if let Self::FxWeek { known: false, .. } = self {
            return None;
        }
        let expected = self.open_between(from, to) / length;
        (expected > 0).then(|| (inside as f64 / expected as f64).min(1.0))
    }
}

impl FileQuality {
    /// What is not as the files have it, a phrase each.
    fn changes(&self) -> Vec<String> {
        let dropped = self.crossed.policy == Some(OnCrossed::Drop);
        let aligned = self.rows + if dropped { self.crossed.bars } else { 0 };
        changes(self.duplicates_dropped, self.rows_before, aligned, self.crossed)
    }
}

/// `, longest 12 min` or `, longest 48.0 h`; nothing without a hole.
fn longest(hours: f64) -> String {
    match hours {
        0.0 => String::new(),
        hours if hours < 1.0 => format!(", longest {:.0} min", 60.0 * hours),
        hours => format!(", longest {hours:.1} h"),
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
        writeln!(f, "  holes     {} inside the week{}", self.holes, longest(self.longest_hole_hours))?;
        if let Some(zero) = self.zero_spread {
            writeln!(
                f,
                "  spread    {zero} bars without, {} with crossed highs or lows",
                self.crossed_range
            )?;
        }
        write!(f, "  flat      {} bars", self.flat)?;
        for change in self.changes() {
            write!(f, "\n  changed   {change}")?;
        }
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
