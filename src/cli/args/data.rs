//! Arguments of the `data` family. Policy switches are those of `data.md` section 4.

use std::path::PathBuf;

use clap::{Args, Subcommand};

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

/// Arguments of `data import`.
#[derive(Debug, Clone, Args)]
pub(crate) struct DataImportArgs {
    /// Files to read
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Folder to write into
    #[arg(short, long, default_value = "data", value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Format; `auto` decides by the first lines and says what it chose
    #[arg(long, default_value = "auto")]
    pub(crate) format: String,
    /// Symbol, when neither file nor name tells
    #[arg(long)]
    pub(crate) symbol: Option<String>,
    /// Timeframe (M1 M5 M15 M30 H1 H4 D1), when neither file nor name tells
    #[arg(long, value_name = "TF")]
    pub(crate) timeframe: Option<String>,
    /// Side of the prices: bid, ask, last or mid
    #[arg(long)]
    pub(crate) side: Option<String>,
    /// Time zone of times without one: UTC, Europe/Athens, ...
    #[arg(long, value_name = "ZONE")]
    pub(crate) tz: Option<String>,
    /// Whether a bar is stamped with its open or its close
    #[arg(long, default_value = "open", value_parser = ["open", "close"])]
    pub(crate) label: String,
    /// A local time that exists twice: first, second or drop
    #[arg(long, value_parser = ["first", "second", "drop"])]
    pub(crate) on_ambiguous: Option<String>,
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
    /// Spread in points for the missing side
    #[arg(long, value_name = "POINTS")]
    pub(crate) spread: Option<u32>,
}

/// Arguments of `data check`.
#[derive(Debug, Clone, Args)]
pub(crate) struct DataCheckArgs {
    /// File or folder
    #[arg(default_value = "data")]
    pub(crate) path: PathBuf,
    /// Report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `data info`.
#[derive(Debug, Clone, Args)]
pub(crate) struct DataInfoArgs {
    /// File or folder
    #[arg(default_value = "data")]
    pub(crate) path: PathBuf,
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
    #[arg(long, value_delimiter = ',', default_value = "EURUSD")]
    pub(crate) symbols: Vec<String>,
    /// Timeframe of the bars
    #[arg(long, default_value = "M15", value_name = "TF")]
    pub(crate) timeframe: String,
    /// Bars per symbol
    #[arg(long, default_value_t = 50_000)]
    pub(crate) bars: usize,
    /// Seed: the same seed makes the same market
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
    /// First day
    #[arg(long, default_value = "2020-01-01", value_name = "DATE")]
    pub(crate) from: String,
}

/// Arguments of `data resample`.
#[derive(Debug, Clone, Args)]
pub(crate) struct DataResampleArgs {
    /// Folder with canonical files
    pub(crate) path: PathBuf,
    /// Timeframe to make
    #[arg(long, value_name = "TF")]
    pub(crate) to: String,
    /// Symbols, comma separated; all without it
    #[arg(long, value_delimiter = ',')]
    pub(crate) symbols: Vec<String>,
    /// Folder to write into [default: PATH]
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
}
