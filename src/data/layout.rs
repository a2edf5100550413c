//! Which files a study reads: folder, single file or catalog (`data.md` 3, `search.md` 13.1).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::DataError;
use super::report::QuoteSide;
use crate::types::Timeframe;

/// Files by symbol, timeframe and side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Files {
    found: BTreeMap<(String, Timeframe), BTreeMap<QuoteSide, PathBuf>>,
}

/// The files of one series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SeriesFiles {
    /// Bid and ask.
    Pair { bid: PathBuf, ask: PathBuf },
    /// One side only.
    One { side: QuoteSide, path: PathBuf },
}

impl Files {
    /// Adds a file.
    pub(crate) fn insert(&mut self, symbol: &str, timeframe: Timeframe, side: QuoteSide, path: PathBuf) {
        self.found.entry((symbol.to_owned(), timeframe)).or_default().insert(side, path);
    }

    /// Whether nothing was found.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All symbols, by name.
    pub(crate) fn symbols(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.found.keys().map(|(symbol, _)| symbol.as_str()).collect();
        names.dedup();
        names
    }

    /// Timeframes of a symbol, shortest first.
    pub(crate) fn timeframes(&self, symbol: &str) -> Vec<Timeframe> {
        self.found.keys().filter(|(name, _)| name == symbol).map(|(_, timeframe)| *timeframe).collect()
    }

    /// The files of a series: bid with ask, else trades, else mids, else the one side there is.
    pub(crate) fn series(&self, symbol: &str, timeframe: Timeframe) -> Option<SeriesFiles> {
        let sides = self.found.get(&(symbol.to_owned(), timeframe))?;
        if let (Some(bid), Some(ask)) = (sides.get(&QuoteSide::Bid), sides.get(&QuoteSide::Ask)) {
            return Some(SeriesFiles::Pair { bid: bid.clone(), ask: ask.clone() });
        }
        [QuoteSide::Last, QuoteSide::Mid, QuoteSide::Bid, QuoteSide::Ask]
            .into_iter()
            .find_map(|side| Some(SeriesFiles::One { side, path: sides.get(&side)?.clone() }))
    }

    /// What there is, for a message: `EURUSD M15 H1, GBPUSD M15`.
    pub(crate) fn describe(&self) -> String {
        let of = |symbol: &&str| {
            let timeframes: Vec<&str> = self.timeframes(symbol).iter().map(|t| t.as_str()).collect();
            format!("{symbol} {}", timeframes.join(" "))
        };
        let all: Vec<String> = self.symbols().iter().map(of).collect();
        if all.is_empty() { "no bar files".to_owned() } else { super::error::printable(&all.join(", ")) }
    }

    /// Every file, by symbol, timeframe and side.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Timeframe, QuoteSide, &Path)> {
        self.found.iter().flat_map(|((symbol, timeframe), sides)| {
            sides.iter().map(move |(side, path)| (symbol.as_str(), *timeframe, *side, path.as_path()))
        })
    }
}

/// Symbol, timeframe and side in a file's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileName {
    pub(crate) symbol: String,
    pub(crate) timeframe: Timeframe,
    pub(crate) side: Option<QuoteSide>,
}

impl FileName {
    /// Reads `<SYMBOL>_<TF>[_<SIDE>].parquet` from the right: a symbol may contain `_`.
    pub(crate) fn parse(path: &Path) -> Option<Self> {
        let stem = path.file_name()?.to_str()?.strip_suffix(".parquet")?;
        let (rest, last) = stem.rsplit_once('_')?;
        let (rest, timeframe, side) = match QuoteSide::parse(last) {
            Some(side) => {
                let (symbol, timeframe) = rest.rsplit_once('_')?;
                (symbol, timeframe, Some(side))
            }
            None => (rest, last, None),
        };
        let timeframe = timeframe.parse().ok()?;
        is_symbol(rest).then(|| Self { symbol: rest.to_owned(), timeframe, side })
    }
}

/// `[A-Z0-9._-]{1,32}`, other letters' case kept; no path separators or control characters.
fn is_symbol(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=32).contains(&name.len()) && name.chars().all(legal) && !name.starts_with('.')
}

/// The file of the other side beside this one, if it is there.
pub(crate) fn sibling(path: &Path, side: QuoteSide) -> Option<PathBuf> {
    let stem = path.file_name()?.to_str()?.strip_suffix(".parquet")?;
    let (rest, own) = stem.rsplit_once('_')?;
    if QuoteSide::parse(own) != Some(side) {
        return None;
    }
    let other = match side {
        QuoteSide::Bid => "ASK",
        QuoteSide::Ask => "BID",
        QuoteSide::Last | QuoteSide::Mid => return None,
    };
    [other.to_owned(), other.to_lowercase()]
        .into_iter()
        .map(|name| path.with_file_name(format!("{rest}_{name}.parquet")))
        .find(|candidate| candidate.is_file())
}

/// Files of a folder: in it, and one level below in a folder named after the symbol.
///
/// # Errors
/// `file_not_found` or `file_unreadable`.
pub(crate) fn scan(folder: &Path) -> Result<Files, DataError> {
    let mut files = Files::default();
    for path in entries(folder)? {
        if path.is_dir() {
            let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
            for inner in entries(&path)? {
                add(&mut files, inner, |file| name.as_deref() == Some(file.symbol.as_str()));
            }
        } else {
            add(&mut files, path, |_| true);
        }
    }
    Ok(files)
}

fn add(files: &mut Files, path: PathBuf, belongs: impl Fn(&FileName) -> bool) {
    if let Some(name) = FileName::parse(&path).filter(|name| belongs(name)) {
        files.insert(&name.symbol, name.timeframe, name.side.unwrap_or(QuoteSide::Mid), path);
    }
}

/// Entries of a folder, sorted.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let refused = |error: std::io::Error| DataError::from_io(&error, folder);
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(refused)? {
        paths.push(entry.map_err(refused)?.path());
    }
    paths.sort_unstable();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_the_right() {
        let parse = |name: &str| FileName::parse(Path::new(name));
        let name = parse("x/MY_SYM_M15_ask.parquet").expect("a name");
        assert_eq!(
            (name.symbol.as_str(), name.timeframe, name.side),
            ("MY_SYM", Timeframe::M15, Some(QuoteSide::Ask))
        );
        assert_eq!(parse("BTC_H1.parquet").expect("a name").side, None);
        for wrong in ["EURUSD.parquet", "EURUSD_M7_BID.parquet", "EURUSD_M1_BID.csv", "_M1_BID.parquet"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn bid_with_ask_comes_before_trades_and_trades_before_one_side() {
        let mut files = Files::default();
        let path = |name: &str| PathBuf::from(name);
        files.insert("A", Timeframe::M1, QuoteSide::Bid, path("bid"));
        assert!(matches!(
            files.series("A", Timeframe::M1),
            Some(SeriesFiles::One { side: QuoteSide::Bid, .. })
        ));
        files.insert("A", Timeframe::M1, QuoteSide::Last, path("last"));
        assert!(matches!(
            files.series("A", Timeframe::M1),
            Some(SeriesFiles::One { side: QuoteSide::Last, .. })
        ));
        files.insert("A", Timeframe::M1, QuoteSide::Ask, path("ask"));
        assert!(matches!(files.series("A", Timeframe::M1), Some(SeriesFiles::Pair { .. })));
        assert_eq!(files.describe(), "A M1");
    }
}
