//! What an import is told.

use super::format::Format;
use crate::data::report::QuoteSide;
use crate::data::settings::ReadPolicy;
use crate::data::zones::OnAmbiguous;
use crate::types::Timeframe;

/// Options of `data import`; everything but the files has a default.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportSettings {
    /// Format of the files; `None` = recognised by the first lines.
    pub format: Option<Format>,
    /// Symbol of the rows; `None` = named in the rows, metadata or file name.
    pub symbol: Option<String>,
    /// Timeframe of the rows, or of the bars made from ticks; `None` = from metadata or file name.
    pub timeframe: Option<Timeframe>,
    /// Side of the prices; `None` = from metadata, file name or format.
    pub side: Option<QuoteSide>,
    /// Whether times are opens or closes of bars.
    pub label: Label,
    /// Local times that happen twice.
    pub on_ambiguous: OnAmbiguous,
    /// Decimals of a point; `None` = those of the symbol's tick, else of the longest price in the file.
    pub digits: Option<u32>,
    /// Separator of text fields; `None` = by format.
    pub delimiter: Option<u8>,
    /// Decimal sign.
    pub decimal: char,
    /// Column names of `generic-csv`: `time,open,high,low,close,volume` or `datetime,bid_*,ask_*,volume`.
    pub columns: Option<String>,
    /// `strptime` pattern of `generic-csv`.
    pub time_format: Option<String>,
    /// Spread in price units that makes the missing side.
    pub spread: Option<f64>,
    /// Sorts rows by time.
    pub sort: bool,
    /// Moves times down to the grid of the timeframe.
    pub floor: bool,
    /// Leaves out flat bars without volume.
    pub drop_flat: bool,
    /// Leaves out rows with impossible prices; each is listed in the report.
    pub drop_bad_rows: bool,
    /// Refuses a series of which only one of bid and ask is there, or can be made.
    pub both_sides: bool,
    /// What to do with data that breaks a rule; holds the zone of naive times.
    pub policy: ReadPolicy,
    /// Most bytes of bars in memory; `None` = no limit.
    pub memory_limit: Option<u64>,
}

impl Default for ImportSettings {
    fn default() -> Self {
        Self {
            format: None,
            symbol: None,
            timeframe: None,
            side: None,
            label: Label::Open,
            on_ambiguous: OnAmbiguous::Error,
            digits: None,
            delimiter: None,
            decimal: '.',
            columns: None,
            time_format: None,
            spread: None,
            sort: false,
            floor: false,
            drop_flat: false,
            drop_bad_rows: false,
            both_sides: false,
            policy: ReadPolicy::default(),
            memory_limit: None,
        }
    }
}

/// What a row's time denotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Label {
    /// The open of the bar.
    #[default]
    Open,
    /// The close of the bar: times move back by one length.
    Close,
}
