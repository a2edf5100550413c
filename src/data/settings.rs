//! What a study says about its data: `data` of the sweep file (`search.md` 13.1) and the alignment of higher timeframes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::calendar::TradingWeek;
use super::resample::DayAnchor;
use super::symbol::SymbolTable;
use crate::types::Calendar;
use crate::types::time::{DAY, Timeframe, Timestamp};
use crate::types::words::words;

/// Every key of section `data`, with its default. Paths are relative to the folder handed to [`super::open()`].
#[derive(Debug, Clone, PartialEq)]
pub struct DataSettings {
    /// A file, a folder in the canonical layout, or a catalog.
    pub source: DataSource,
    /// Symbols in processing order; empty = all that have the primary timeframe, by name.
    pub symbols: Vec<String>,
    /// Timeframe of the steps; `None` = the only one present.
    pub primary: Option<Timeframe>,
    /// Higher timeframes to load or resample.
    pub additional: Vec<Timeframe>,
    /// Finer timeframe to load beside the steps, for the engine's `detail_timeframe`; must divide the primary one.
    pub detail: Option<Timeframe>,
    /// First tradeable instant; `None` = first instant plus the warm-up span.
    pub from: Option<Timestamp>,
    /// End of the range, exclusive; `None` = all.
    pub to: Option<Timestamp>,
    /// Bars of the longest timeframe that are loaded before `from`, in calendar time.
    pub warmup_bars: u32,
    /// What is kept back from the search.
    pub holdout: Holdout,
    /// Spread of one-sided series.
    pub spread: SpreadSetting,
    /// Which instants become steps; `None` = union.
    pub timeline: Option<TimelineMode>,
    /// Where resampled H4 and D1 bins begin.
    pub day_anchor: DayAnchor,
    /// Which hours of the week count.
    pub trading_week: TradingWeek,
    /// News calendar; absent = no gate.
    pub news: Option<PathBuf>,
    /// Symbol entries that overlay the built-in table.
    pub symbol_table: SymbolTable,
    /// Calendar of returns; `None` = continuous if a Saturday has bars.
    pub calendar: Option<Calendar>,
    /// Periods of daily returns per year; `None` = by calendar.
    pub periods_per_year: Option<u32>,
    /// What to do with data that breaks a rule.
    pub policy: ReadPolicy,
    /// Whether series of trades or mids without a configured spread get the typical one (profile `realistic`) or
    /// none (profile `reference`).
    pub typical_spread: bool,
}

impl Default for DataSettings {
    fn default() -> Self {
        Self {
            source: DataSource::Path(PathBuf::from("data")),
            symbols: Vec::new(),
            primary: None,
            additional: Vec::new(),
            detail: None,
            from: None,
            to: None,
            warmup_bars: 0,
            holdout: Holdout::default(),
            spread: SpreadSetting::None,
            timeline: None,
            day_anchor: DayAnchor::Utc,
            trading_week: TradingWeek::None,
            news: None,
            symbol_table: SymbolTable::default(),
            calendar: None,
            periods_per_year: None,
            policy: ReadPolicy::default(),
            typical_spread: true,
        }
    }
}

/// Where the bars lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataSource {
    /// A file, or a folder in the layout of `data.md` section 3.
    Path(PathBuf),
    /// A `dataset.json`: only its files are used, their digests are checked.
    Catalog(PathBuf),
}

/// The end of the range that no search may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holdout {
    /// Nothing is kept back.
    None,
    /// Share of the primary instants in `[from, to)`, rounded down: `percent / 10^scale` per cent.
    Percent {
        /// Digits without the point.
        digits: u64,
        /// Digits behind the point.
        scale: u32,
    },
    /// Primary instants.
    Bars(u64),
    /// Days before the end, UTC.
    Days(i64),
    /// Calendar months before the end, UTC.
    Months(i64),
}

impl Default for Holdout {
    /// The last fifth.
    fn default() -> Self {
        Self::Percent { digits: 20, scale: 0 }
    }
}

impl Holdout {
    /// Reads the text of `holdout.last`: `20%`, `12.5%`, `500bars`, `180d`, `26w`, `12m`, `1y`; `None` for anything
    /// else, for more than 100 % and for a fraction of anything but per cent.
    pub fn parse(text: &str) -> Option<Self> {
        let split = text.find(|c: char| c != '.' && !c.is_ascii_digit())?;
        let (number, unit) = text.split_at(split);
        if unit == "%" {
            return Self::percent(number);
        }
        let count: u32 = number.parse().ok()?;
        match unit {
            "bars" => Some(Self::Bars(u64::from(count))),
            "d" => Some(Self::Days(i64::from(count))),
            "w" => Some(Self::Days(i64::from(count) * 7)),
            "m" => Some(Self::Months(i64::from(count))),
            "y" => Some(Self::Months(i64::from(count) * 12)),
            _ => None,
        }
    }

    fn percent(number: &str) -> Option<Self> {
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.len() > 9 || fraction.contains('.') {
            return None;
        }
        let digits: u64 = format!("{whole}{fraction}").parse().ok()?;
        let scale = u32::try_from(fraction.len()).ok()?;
        (digits <= 100 * 10_u64.pow(scale)).then_some(Self::Percent { digits, scale })
    }
}

/// Spread that makes the missing side, pips.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum SpreadSetting {
    /// None configured.
    #[default]
    None,
    /// The same for all symbols.
    All(f64),
    /// By symbol name.
    PerSymbol(BTreeMap<String, f64>),
}

impl SpreadSetting {
    /// Pips of one symbol, if configured.
    pub fn pips(&self, symbol: &str) -> Option<f64> {
        match self {
            Self::None => None,
            Self::All(pips) => Some(*pips),
            Self::PerSymbol(by_name) => by_name.get(symbol).copied(),
        }
    }
}

/// Which instants become steps (`data.md` section 9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimelineMode {
    /// Every instant at which any symbol has a bar.
    Union,
    /// Instants at which all symbols have a bar.
    Intersection,
    /// The instants of one symbol.
    Anchor(String),
}

impl TimelineMode {
    /// Reads `union`, `intersection` or `anchor:<SYMBOL>`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "union" => Some(Self::Union),
            "intersection" => Some(Self::Intersection),
            _ => text
                .strip_prefix("anchor:")
                .filter(|name| !name.is_empty())
                .map(|name| Self::Anchor(name.into())),
        }
    }
}

/// Reading switches of `data.policy`.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadPolicy {
    /// Bid above ask at open or close.
    pub on_crossed: OnCrossed,
    /// Equal times whose bars are identical.
    pub on_duplicate: OnDuplicate,
    /// Largest share of bars that alignment of bid and ask may lose.
    pub max_align_loss: f64,
    /// Longest step between bars, microseconds.
    pub max_gap: i64,
    /// Whether prices of zero and below are legal.
    pub allow_negative_prices: bool,
    /// Whether metadata that disagrees is ignored.
    pub ignore_metadata: bool,
    /// Zone of naive times, an IANA name.
    pub tz: Option<String>,
}

impl Default for ReadPolicy {
    fn default() -> Self {
        Self {
            on_crossed: OnCrossed::Error,
            on_duplicate: OnDuplicate::Error,
            max_align_loss: 0.01,
            max_gap: 14 * DAY,
            allow_negative_prices: false,
            ignore_metadata: false,
            tz: None,
        }
    }
}

/// What happens to a bar whose bid is above its ask at open or close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnCrossed {
    /// The file is refused.
    Error,
    /// The bar is left out.
    Drop,
    /// Crossed prices of the bar become their mid on both sides.
    Mid,
}

/// What happens to a bar that repeats its predecessor exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDuplicate {
    /// The file is refused.
    Error,
    /// The later one is left out.
    KeepFirst,
}

/// How higher timeframes are seen from primary bars (`strategy.engine.alignment`, `indicators.md` section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AlignmentSettings {
    /// When a primary bar decides.
    pub entry_timestamp_mode: EntryTimestampMode,
    /// Primary bars after which a higher bar is no longer shown; 0 = `max(1, 2 * ratio of lengths)`.
    pub stale_bar_limit_bars: u32,
    /// Shows a higher bar from its open on, before it is complete. Only to reproduce recorded maps.
    pub allow_lookahead: bool,
}

words! {
    /// Which instant of a bar a decision carries.
    #[derive(Default)]
    EntryTimestampMode {
        /// Its open.
        #[default]
        Open = "open",
        /// One bar length later.
        Close = "close",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holdout_texts_are_read_and_nonsense_is_not() {
        assert_eq!(Holdout::parse("20%"), Some(Holdout::default()));
        assert_eq!(Holdout::parse("12.5%"), Some(Holdout::Percent { digits: 125, scale: 1 }));
        assert_eq!(Holdout::parse("500bars"), Some(Holdout::Bars(500)));
        assert_eq!(Holdout::parse("2w"), Some(Holdout::Days(14)));
        assert_eq!(Holdout::parse("1y"), Some(Holdout::Months(12)));
        for text in ["", "20", "%", "1.5m", "120%", "1..5%", "-3d", "3h", "100.1%"] {
            assert_eq!(Holdout::parse(text), None, "{text}");
        }
    }

    #[test]
    fn timeline_modes_are_read() {
        assert_eq!(TimelineMode::parse("anchor:EURUSD"), Some(TimelineMode::Anchor("EURUSD".into())));
        assert_eq!(TimelineMode::parse("anchor:"), None);
        assert_eq!(TimelineMode::parse("all"), None);
    }
}
