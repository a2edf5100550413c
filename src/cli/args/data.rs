//! Arguments of the `data` family. Policy switches are those of `data.md` section 4.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::units::{Share, Span};
use crate::data::QuoteSide;
use crate::data::import::Format;
use crate::types::{Timeframe, Timestamp};

/// Commands on market data.
#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// Turn foreign files into canonical Parquet files
    Import(DataImportArgs),
    /// Check files and folders; prints a quality report, exit code 1 on a defect
    Check(DataCheckArgs),
    /// Show symbols, timeframes, coverage and fingerprint of a folder or file
    Info(DataInfoArgs),
    /// Make a seeded synthetic market
    Generate(DataGenerateArgs),
    /// Make a longer timeframe from a shorter one
    Resample(DataResampleArgs),
}

/// What to do with bars that break a rule; without a switch they are refused.
#[derive(Debug, Clone, Args)]
pub(crate) struct PolicyArgs {
    /// Time zone of times without one: UTC, Europe/Athens, ...
    #[arg(long, value_name = "ZONE")]
    pub(crate) tz: Option<String>,
    /// Bid above ask: refuse, drop the bar, or take the middle
    #[arg(long, value_enum, default_value_t)]
    pub(crate) on_crossed: Crossed,
    /// A bar twice: refuse, or keep the first of identical ones
    #[arg(long, value_enum, default_value_t)]
    pub(crate) on_duplicate: Duplicate,
    /// Longest hole allowed
    #[arg(long, value_name = "TIME", default_value = "14d")]
    pub(crate) max_gap: Span,
    /// Bars that aligning bid and ask may lose
    #[arg(long, value_name = "SHARE", default_value = "1%", value_parser = Share::from_str)]
    pub(crate) max_align_loss: Share,
    /// Allow prices of zero and below
    #[arg(long)]
    pub(crate) allow_negative_prices: bool,
    /// Believe file name and options rather than the file's metadata
    #[arg(long)]
    pub(crate) ignore_metadata: bool,
}

/// Bars with bid above ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Crossed {
    /// Refused.
    #[default]
    Error,
    /// Left out.
    Drop,
    /// Set to their middle.
    Mid,
}

/// Bars that stand twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Duplicate {
    /// Refused.
    #[default]
    Error,
    /// The later one of identical bars is left out.
    KeepFirst,
}

/// A local time that exists twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Ambiguous {
    /// Refused.
    #[default]
    Error,
    /// The earlier instant.
    First,
    /// The later instant.
    Second,
    /// Left out.
    Drop,
}

/// What a row's time denotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Stamp {
    /// The open of the bar.
    #[default]
    Open,
    /// Its close.
    Close,
}

/// Arguments of `data import`.
#[derive(Debug, Clone, Args)]
pub(crate) struct DataImportArgs {
    /// Files to read
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Folder to write into
    #[arg(short, long, default_value = "data", value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Format; without it the first lines decide, and the report says what was chosen
    #[arg(long, default_value = "auto", value_parser = format)]
    pub(crate) format: ChosenFormat,
    /// Symbol, when neither file nor name tells
    #[arg(long)]
    pub(crate) symbol: Option<String>,
    /// Timeframe (M1 M5 M15 M30 H1 H4 D1), when neither file nor name tells
    #[arg(long, value_name = "TF", value_parser = timeframe)]
    pub(crate) timeframe: Option<Timeframe>,
    /// Side of the prices: bid, ask, last or mid
    #[arg(long, value_parser = side)]
    pub(crate) side: Option<QuoteSide>,
    /// Whether a bar is stamped with its open or its close
    #[arg(long, value_enum, default_value_t)]
    pub(crate) label: Stamp,
    /// A local time that exists twice
    #[arg(long, value_enum, default_value_t)]
    pub(crate) on_ambiguous: Ambiguous,
    /// Sort rows that are out of order
    #[arg(long)]
    pub(crate) sort: bool,
    /// Move times down to the grid of the timeframe
    #[arg(long)]
    pub(crate) floor: bool,
    /// Leave out bad rows; each is listed
    #[arg(long)]
    pub(crate) drop_bad_rows: bool,
    /// Leave out flat bars without volume
    #[arg(long)]
    pub(crate) drop_flat: bool,
    /// Spread in pips of the symbol that makes the missing side
    #[arg(long, value_name = "PIPS", requires = "symbol")]
    pub(crate) spread: Option<f64>,
    /// Refuse a series of which only bid or ask is there
    #[arg(long)]
    pub(crate) both_sides: bool,
    /// Decimals of a point, when prices are whole points or the symbol is unknown
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=10))]
    pub(crate) digits: Option<u32>,
    /// generic-csv: separator of the fields
    #[arg(long, value_name = "CHAR")]
    pub(crate) delimiter: Option<char>,
    /// generic-csv: decimal sign
    #[arg(long, value_name = "CHAR", default_value = ".")]
    pub(crate) decimal: char,
    /// generic-csv: column names in the order time,open,high,low,close,volume
    #[arg(long, value_name = "NAMES")]
    pub(crate) columns: Option<String>,
    /// generic-csv: pattern of the times, such as '%d.%m.%Y %H:%M'
    #[arg(long, value_name = "PATTERN")]
    pub(crate) time_format: Option<String>,
    /// What to do with bars that break a rule.
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
    /// The report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `auto` or a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChosenFormat(pub(crate) Option<Format>);

/// Arguments of `data check`.
#[derive(Debug, Clone, Args)]
pub(crate) struct DataCheckArgs {
    /// Files and folders
    #[arg(default_value = "data")]
    pub(crate) paths: Vec<PathBuf>,
    /// What to do with bars that break a rule.
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
    /// Report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `data info`.
#[derive(Debug, Clone, Args)]
pub(crate) struct DataInfoArgs {
    /// Files and folders
    #[arg(default_value = "data")]
    pub(crate) paths: Vec<PathBuf>,
    /// What to do with bars that break a rule.
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `data generate`.
#[derive(Debug, Clone, Args)]
pub(crate) struct DataGenerateArgs {
    /// Folder to write into
    #[arg(short, long, default_value = "data", value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Symbols, comma separated
    #[arg(long, value_delimiter = ',', default_value = "EURUSD,GBPUSD,USDJPY")]
    pub(crate) symbols: Vec<String>,
    /// Timeframe of the bars
    #[arg(long, default_value = "M15", value_name = "TF", value_parser = timeframe)]
    pub(crate) timeframe: Timeframe,
    /// Seed: the same seed makes the same market
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// First day
    #[arg(long, default_value = "2023-01-01", value_name = "DATE", value_parser = instant)]
    pub(crate) from: Timestamp,
    /// Day before which it ends
    #[arg(long, default_value = "2025-01-01", value_name = "DATE", value_parser = instant)]
    pub(crate) to: Timestamp,
    /// Bars per symbol instead of an end
    #[arg(long, value_name = "N", conflicts_with = "to")]
    pub(crate) bars: Option<usize>,
}

/// Arguments of `data resample`.
#[derive(Debug, Clone, Args)]
pub(crate) struct DataResampleArgs {
    /// Folder with canonical files, or files
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Timeframe to make
    #[arg(long, value_name = "TF", value_parser = timeframe)]
    pub(crate) to: Timeframe,
    /// Timeframe to make it from; the longest that can without it
    #[arg(long, value_name = "TF", value_parser = timeframe)]
    pub(crate) from: Option<Timeframe>,
    /// Symbols, comma separated; all without it
    #[arg(long, value_delimiter = ',')]
    pub(crate) symbols: Vec<String>,
    /// Folder to write into [default: the first PATH]
    #[arg(short, long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Bins of H4 and D1: utc, or ny17 (the day ends 17:00 New York)
    #[arg(long, default_value = "utc", value_parser = ["utc", "ny17"])]
    pub(crate) anchor: String,
    /// Short Sunday bars of D1: keep, drop, or merge into Monday
    #[arg(long, default_value = "keep", value_parser = ["keep", "drop", "merge"])]
    pub(crate) sunday: String,
    /// Keep a last bar that is not complete
    #[arg(long)]
    pub(crate) keep_partial: bool,
    /// What to do with bars that break a rule.
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
}

fn timeframe(text: &str) -> Result<Timeframe, String> {
    let names = Timeframe::ALL.map(Timeframe::as_str).join(" ");
    text.to_uppercase().parse().map_err(|()| format!("{text:?} is no timeframe: write one of {names}"))
}

fn side(text: &str) -> Result<QuoteSide, String> {
    QuoteSide::parse(text).ok_or_else(|| format!("{text:?} is no side: write bid, ask, last or mid"))
}

fn instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_iso(text).ok_or_else(|| format!("{text:?} is no date: write 2023-01-01"))
}

fn format(text: &str) -> Result<ChosenFormat, String> {
    if text == "auto" {
        return Ok(ChosenFormat(None));
    }
    let names = Format::ALL.map(Format::as_str).join(", ");
    let known = Format::parse(text).ok_or_else(|| format!("{text:?} is no format: write auto, {names}"))?;
    Ok(ChosenFormat(Some(known)))
}
