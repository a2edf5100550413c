//! The foreign formats: what each looks like (`data.md` section 10), and how one is told from its first lines.

use std::path::Path;

use super::stamp::TimeForm;
use crate::data::error::{DataCode, DataError, printable};
use crate::data::report::QuoteSide;

/// Where bars come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// `MetaTrader` 5, exported bars.
    Mt5Bars,
    /// `MetaTrader` 4, exported bars.
    Mt4Bars,
    /// Dukascopy's `JForex` and web export.
    DukascopyJforex,
    /// The dukascopy-node downloader.
    DukascopyNode,
    /// HistData, ASCII bars.
    HistdataM1,
    /// HistData, MetaTrader bars.
    HistdataMt,
    /// HistData, ASCII ticks.
    HistdataTick,
    /// TrueFX ticks.
    TruefxTick,
    /// Yahoo, daily shares.
    YahooDaily,
    /// Stooq, one symbol.
    StooqDaily,
    /// Stooq, bulk files.
    StooqBulk,
    /// Binance candles.
    BinanceKlines,
    /// TradingView chart export.
    Tradingview,
    /// The reference's own text form.
    OmegaCsv,
    /// Any table whose layout the options describe.
    GenericCsv,
    /// Parquet.
    Parquet,
}

impl Format {
    /// All formats, in the order of the documentation.
    pub const ALL: [Self; 16] = [
        Self::Mt5Bars,
        Self::Mt4Bars,
        Self::DukascopyJforex,
        Self::DukascopyNode,
        Self::HistdataM1,
        Self::HistdataMt,
        Self::HistdataTick,
        Self::TruefxTick,
        Self::YahooDaily,
        Self::StooqDaily,
        Self::StooqBulk,
        Self::BinanceKlines,
        Self::Tradingview,
        Self::OmegaCsv,
        Self::GenericCsv,
        Self::Parquet,
    ];

    /// The name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mt5Bars => "mt5-bars",
            Self::Mt4Bars => "mt4-bars",
            Self::DukascopyJforex => "dukascopy-jforex",
            Self::DukascopyNode => "dukascopy-node",
            Self::HistdataM1 => "histdata-m1",
            Self::HistdataMt => "histdata-mt",
            Self::HistdataTick => "histdata-tick",
            Self::TruefxTick => "truefx-tick",
            Self::YahooDaily => "yahoo-daily",
            Self::StooqDaily => "stooq-daily",
            Self::StooqBulk => "stooq-bulk",
            Self::BinanceKlines => "binance-klines",
            Self::Tradingview => "tradingview",
            Self::OmegaCsv => "omega-csv",
            Self::GenericCsv => "generic-csv",
            Self::Parquet => "parquet",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == text)
    }

    /// Side of the prices when neither options nor file name tell.
    pub(super) fn default_side(self) -> QuoteSide {
        match self {
            Self::YahooDaily
            | Self::StooqDaily
            | Self::StooqBulk
            | Self::BinanceKlines
            | Self::Tradingview => QuoteSide::Last,
            Self::Mt5Bars | Self::Mt4Bars | Self::HistdataM1 | Self::HistdataMt => QuoteSide::Bid,
            _ => QuoteSide::Mid,
        }
    }

    /// Whether the rows are single quotes.
    pub(super) fn is_tick(self) -> bool {
        matches!(self, Self::HistdataTick | Self::TruefxTick)
    }
}

/// What naive times of a format are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ZoneRule {
    /// UTC by definition (dates of exchanges are kept as 00:00 UTC).
    Utc,
    /// A fixed number of hours from UTC, all year.
    Fixed(i8),
    /// The user has to say.
    Named,
}

/// Columns by number, or by name in the header.
#[derive(Debug, Clone)]
pub(super) enum Layout {
    /// No header: fields in a fixed order. A first line that begins with this word is skipped as a header.
    Fixed { fields: usize, at: Places, header_word: Option<&'static str> },
    /// A header with these names.
    Named(Names),
    /// A header with names of the user's choice, or the usual aliases.
    Free,
}

/// Positions of fields.
#[derive(Debug, Clone)]
pub(super) struct Places {
    pub(super) time: [Option<usize>; 2],
    pub(super) prices: [usize; 4],
    pub(super) volume: Option<usize>,
}

/// Names of columns; `?` in front marks one that may be absent.
#[derive(Debug, Clone)]
pub(super) struct Names {
    pub(super) time: [Option<&'static str>; 2],
    pub(super) prices: [&'static str; 4],
    pub(super) volume: &'static [&'static str],
    pub(super) spread: Option<&'static str>,
    pub(super) symbol: Option<&'static str>,
}

/// How a text format is read.
#[derive(Debug, Clone)]
pub(super) struct Dialect {
    /// Separators seen in the wild, the documented one first.
    pub(super) delimiters: &'static [u8],
    pub(super) layout: Layout,
    pub(super) time: TimeForm,
    pub(super) zone: ZoneRule,
}

const OHLC: [&str; 4] = ["open", "high", "low", "close"];
const BRACKETS: [&str; 4] = ["<open>", "<high>", "<low>", "<close>"];

impl Dialect {
    /// The dialect of a text format of bars; ticks and Parquet have none.
    pub(super) fn of(format: Format) -> Option<Self> {
        let fixed = |fields, time, prices, volume, header_word| Layout::Fixed {
            fields,
            at: Places { time, prices, volume },
            header_word,
        };
        let named = |time: &'static str, volume| {
            Layout::Named(Names {
                time: [Some(time), None],
                prices: OHLC,
                volume,
                spread: None,
                symbol: None,
            })
        };
        let (delimiters, layout, time, zone): (&'static [u8], _, _, _) = match format {
            Format::Mt5Bars => {
                let names = Names {
                    time: [Some("<date>"), Some("?<time>")],
                    prices: BRACKETS,
                    volume: &["?<vol>", "?<tickvol>"],
                    spread: Some("?<spread>"),
                    symbol: None,
                };
                (b"\t,", Layout::Named(names), TimeForm::MetaTrader, ZoneRule::Named)
            }
            Format::Mt4Bars | Format::HistdataMt => {
                let layout = fixed(7, [Some(0), Some(1)], [2, 3, 4, 5], Some(6), None);
                let zone = if format == Format::Mt4Bars { ZoneRule::Named } else { ZoneRule::Fixed(-5) };
                (b",", layout, TimeForm::MetaTrader, zone)
            }
            Format::DukascopyJforex => (
                b",",
                named("gmt time|local time|eet time", &["?volume"]),
                TimeForm::DayFirst,
                ZoneRule::Named,
            ),
            Format::DukascopyNode => (b",", named("timestamp", &["?volume"]), TimeForm::Epoch, ZoneRule::Utc),
            Format::HistdataM1 => {
                let layout = fixed(6, [Some(0), None], [1, 2, 3, 4], Some(5), None);
                (b";", layout, TimeForm::Compact, ZoneRule::Fixed(-5))
            }
            Format::YahooDaily | Format::StooqDaily => {
                (b",", named("date", &["?volume"]), TimeForm::Iso, ZoneRule::Utc)
            }
            Format::StooqBulk => {
                let names = Names {
                    time: [Some("<date>"), Some("<time>")],
                    prices: BRACKETS,
                    volume: &["<vol>"],
                    spread: None,
                    symbol: Some("<ticker>"),
                };
                (b",", Layout::Named(names), TimeForm::CompactPair, ZoneRule::Utc)
            }
            Format::BinanceKlines => {
                let layout = fixed(12, [Some(0), None], [1, 2, 3, 4], Some(5), Some("open_time"));
                (b",", layout, TimeForm::Epoch, ZoneRule::Utc)
            }
            Format::Tradingview => (b",", named("time", &["?volume"]), TimeForm::EpochOrIso, ZoneRule::Named),
            Format::OmegaCsv => (b",", named("utc time", &["volume"]), TimeForm::Iso, ZoneRule::Named),
            Format::GenericCsv => (b",;\t", Layout::Free, TimeForm::EpochOrIso, ZoneRule::Named),
            Format::HistdataTick | Format::TruefxTick | Format::Parquet => return None,
        };
        Some(Self { delimiters, layout, time, zone })
    }
}

/// Recognises a text format by its first lines and its name.
///
/// # Errors
/// `unknown_format` with the first line and the formats there are.
pub(super) fn detect(path: &Path, lines: &[String]) -> Result<Format, DataError> {
    let first = lines.first().map(|line| line.trim().to_lowercase()).unwrap_or_default();
    by_header(&first).or_else(|| by_row(&first, path)).ok_or_else(|| {
        let names: Vec<&str> = Format::ALL.iter().map(|format| format.as_str()).collect();
        DataError::new(DataCode::UnknownFormat, "no importer recognises the first line")
            .path(path)
            .value(printable(lines.first().map_or("", String::as_str)))
            .hint(format!("name the format: --format {}", names.join(", ")))
    })
}

fn by_header(first: &str) -> Option<Format> {
    const HEADERS: [(&str, Format); 11] = [
        ("<ticker>,<per>,<date>", Format::StooqBulk),
        ("<date>", Format::Mt5Bars),
        ("gmt time,", Format::DukascopyJforex),
        ("local time,", Format::DukascopyJforex),
        ("eet time,", Format::DukascopyJforex),
        ("utc time,", Format::OmegaCsv),
        ("date,open,high,low,close,adj close", Format::YahooDaily),
        ("date,open,high,low,close", Format::StooqDaily),
        ("open_time,open,high,low,close", Format::BinanceKlines),
        ("timestamp,open,high,low,close", Format::DukascopyNode),
        ("time,open,high,low,close", Format::Tradingview),
    ];
    HEADERS.into_iter().find(|(start, _)| first.starts_with(start)).map(|(_, format)| format)
}

fn by_row(first: &str, path: &Path) -> Option<Format> {
    let fields: Vec<&str> = first.split([',', ';']).collect();
    let digits = |text: &str, lengths: &[usize]| {
        lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let stamp = |text: &str, lengths: &[usize]| {
        text.split_once(' ').is_some_and(|(day, time)| digits(day, &[8]) && digits(time, lengths))
    };
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_uppercase();
    match fields[..] {
        [time, ..] if fields.len() == 6 && first.contains(';') && stamp(time, &[6]) => {
            Some(Format::HistdataM1)
        }
        [time, _, _, _] if stamp(time, &[9]) => Some(Format::HistdataTick),
        [pair, _, _, _] if pair.len() == 7 && pair.contains('/') => Some(Format::TruefxTick),
        [day, time, ..] if fields.len() == 7 && day.split('.').count() == 3 && time.contains(':') => {
            Some(if name.starts_with("DAT_MT_") { Format::HistdataMt } else { Format::Mt4Bars })
        }
        [time, ..] if fields.len() == 12 && digits(time, &[13, 16]) => Some(Format::BinanceKlines),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_there_and_back() {
        for format in Format::ALL {
            assert_eq!(Format::parse(format.as_str()), Some(format));
        }
        assert_eq!(Format::parse("mt6"), None);
    }

    #[test]
    fn two_formats_of_one_look_are_told_apart_by_name() {
        let lines = ["2014.05.02,23:35,1.3,1.3,1.3,1.3,5".to_owned()];
        let of = |name: &str| detect(Path::new(name), &lines).expect("known");
        assert_eq!((of("EURUSD1.csv"), of("DAT_MT_EURUSD.csv")), (Format::Mt4Bars, Format::HistdataMt));
        let error = detect(Path::new("x.csv"), &["hello".to_owned()]).expect_err("unknown");
        assert!(error.to_string().contains("mt5-bars"), "{error}");
    }
}
