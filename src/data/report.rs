//! What loading found and changed: counted, never silent.

use std::path::PathBuf;

use serde::{Serialize, Serializer};

use super::settings::OnCrossed;
use crate::types::{Timeframe, Timestamp};

/// Everything a run should say about its data besides the bars.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct DataReport {
    /// Every file read.
    pub files: Vec<FileReport>,
    /// Every series in memory, symbols in order, primary first.
    pub series: Vec<SeriesReport>,
    /// Bars of the primary timeframe that have no step, per symbol (intersection and anchor only).
    pub dropped_instants: Vec<DroppedInstants>,
    /// Symbols without an entry in the table, taken for shares.
    pub assumed_symbols: Vec<String>,
}

impl DataReport {
    /// All warnings with their file, in reading order.
    pub fn warnings(&self) -> impl Iterator<Item = (&FileReport, &Warning)> {
        self.files.iter().flat_map(|file| file.warnings.iter().map(move |warning| (file, warning)))
    }
}

/// Bars of one symbol that no step visits: a stop touched there is never seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DroppedInstants {
    /// The symbol.
    pub symbol: String,
    /// Its bars without a step.
    pub bars: usize,
}

/// One file, or one symbol of a file that holds several.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FileReport {
    /// The file.
    pub path: PathBuf,
    /// Symbol of the rows.
    pub symbol: String,
    /// Timeframe of the rows.
    #[serde(serialize_with = "as_text")]
    pub timeframe: Timeframe,
    /// Side of the rows.
    pub side: QuoteSide,
    /// Rows read that remain after policies; of a study of a part of the data, those around the part.
    pub rows: usize,
    /// First open time.
    #[serde(serialize_with = "as_text")]
    pub first: Timestamp,
    /// Last open time.
    #[serde(serialize_with = "as_text")]
    pub last: Timestamp,
    /// Identical repeated rows left out.
    pub duplicates_dropped: usize,
    /// What is odd but legal.
    pub warnings: Vec<Warning>,
}

/// One kind of oddity in one file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Warning {
    /// Stable identifier.
    pub code: WarningCode,
    /// How often.
    pub count: usize,
    /// Row of the first occurrence.
    pub row: usize,
    /// Open time of the first occurrence.
    #[serde(serialize_with = "as_text")]
    pub time: Timestamp,
    /// Column, where one is to blame.
    pub column: Option<String>,
    /// The first occurrence in words.
    pub detail: String,
}

/// Kinds of warnings (`data.md` section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningCode {
    /// A step of more than four days, or a hole of more than a day of open market.
    GapLong,
    /// Prices stored with 24 bits.
    Float32Prices,
    /// Only highs or lows of bid and ask cross.
    CrossedRange,
    /// The close moved by more than a tenth (currencies) or a half.
    PriceJump,
}

impl WarningCode {
    /// The identifier shown to people and machines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GapLong => "gap_long",
            Self::Float32Prices => "float32_prices",
            Self::CrossedRange => "crossed_range",
            Self::PriceJump => "price_jump",
        }
    }
}

/// What the prices of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum QuoteSide {
    /// What a seller gets.
    Bid,
    /// What a buyer pays.
    Ask,
    /// Trades.
    Last,
    /// Middle of bid and ask.
    Mid,
}

impl QuoteSide {
    /// All sides, in the order of preference of a folder.
    pub const ALL: [Self; 4] = [Self::Bid, Self::Ask, Self::Last, Self::Mid];

    /// `"BID"`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bid => "BID",
            Self::Ask => "ASK",
            Self::Last => "LAST",
            Self::Mid => "MID",
        }
    }

    /// Reads the name, also in lower case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|side| side.as_str().eq_ignore_ascii_case(text))
    }
}

/// One series in memory.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeriesReport {
    /// The symbol.
    pub symbol: String,
    /// Its timeframe.
    #[serde(serialize_with = "as_text")]
    pub timeframe: Timeframe,
    /// Timeframe it was resampled from; `None` = read from files.
    #[serde(serialize_with = "as_optional_text")]
    pub resampled_from: Option<Timeframe>,
    /// What the source holds.
    pub sides: SidesFound,
    /// Rows of bid and ask before alignment; equal for one-sided series.
    pub rows_before: [usize; 2],
    /// Rows that bid and ask have in common.
    pub aligned: usize,
    /// Identical repeated rows left out, of both sides.
    pub duplicates_dropped: usize,
    /// Rows in memory, hold-out included.
    pub rows: usize,
    /// Bars with bid above ask at open or close, and what was done.
    pub crossed: Crossed,
    /// Bars of which only highs or lows cross.
    pub crossed_range: usize,
    /// Bars outside the trading week, left out.
    pub outside_week: usize,
    /// Unfinished last bar left out.
    pub partial_dropped: bool,
    /// Spread that made the missing side, pips; `None` = none was made.
    pub spread_pips: Option<f64>,
    /// Whether that spread is the typical one of the symbol table.
    pub spread_is_typical: bool,
}

impl SeriesReport {
    /// What is not as the files have it, a phrase each.
    pub fn changes(&self) -> Vec<String> {
        let mut phrases = changes(self.duplicates_dropped, self.rows_before, self.aligned, self.crossed);
        if self.outside_week > 0 {
            phrases.push(format!("{} bars outside the trading week left out", self.outside_week));
        }
        phrases
    }
}

/// The same of what checking and joining two sides can change.
pub(crate) fn changes(
    duplicates_dropped: usize,
    [bid, ask]: [usize; 2],
    aligned: usize,
    crossed: Crossed,
) -> Vec<String> {
    let mut phrases = Vec::new();
    if duplicates_dropped > 0 {
        phrases.push(format!("{duplicates_dropped} repeated rows left out"));
    }
    if bid.max(ask) > aligned {
        phrases.push(format!("bid has {bid} rows, ask {ask}, common are {aligned}"));
    }
    match crossed.policy {
        Some(OnCrossed::Drop) => phrases.push(format!("{} crossed bars left out", crossed.bars)),
        Some(OnCrossed::Mid) => phrases.push(format!("{} crossed bars moved to their mid", crossed.bars)),
        Some(OnCrossed::Error) | None => {}
    }
    phrases
}

/// Sides a series was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SidesFound {
    /// Bid and ask.
    BidAsk,
    /// One of them; the other was made.
    One(QuoteSide),
}

/// Crossed bars of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
pub struct Crossed {
    /// How many.
    pub bars: usize,
    /// What was done with them; `None` when there are none.
    pub policy: Option<OnCrossed>,
}

pub(crate) fn as_text<T: std::fmt::Display, S: Serializer>(value: &T, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(value)
}

#[expect(clippy::ref_option, reason = "serde hands out a reference to the field")]
pub(crate) fn as_optional_text<T: std::fmt::Display, S: Serializer>(
    value: &Option<T>,
    out: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => out.collect_str(value),
        None => out.serialize_none(),
    }
}
