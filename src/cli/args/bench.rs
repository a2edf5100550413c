//! Arguments of `bench`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::run::Override;
use crate::bench::{MARKET_BARS, Source};
use crate::engine::Clock;

/// Arguments of `bench`.
#[derive(Debug, Clone, Args)]
pub(crate) struct BenchArgs {
    /// w1, w2, w3, w4 or a sweep file [default: w1 to w4, one after the other]
    #[arg(short, long, value_name = "W|FILE", value_parser = parse_source)]
    pub(crate) workload: Option<Source>,
    /// Folder with the workloads' bars (SYN01, MS01 to MS10), or with those of FILE [default: generated bars]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Threads for trials
    #[arg(short = 'j', long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: u16,
    /// Repetitions; the one with the least CPU time counts
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) repeat: u16,
    /// The engine's clock: skipping, or every-bar for comparison
    #[arg(long, value_enum, default_value_t)]
    pub(crate) clock: ClockChoice,
    /// Bars of the generated market of w1 to w3
    #[arg(long, value_name = "N", default_value_t = MARKET_BARS, conflicts_with = "data", value_parser = parse_bars)]
    pub(crate) bars: usize,
    /// Replace one value of the sweep file, repeatable; recorded results are then not compared
    #[arg(long = "set", value_name = "PATH=JSON")]
    pub(crate) set: Vec<Override>,
    /// One JSON object per workload
    #[arg(long)]
    pub(crate) json: bool,
}

/// The engine's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ClockChoice {
    /// Only steps on which anything can happen.
    #[default]
    Skipping,
    /// Every step.
    EveryBar,
}

impl From<ClockChoice> for Clock {
    fn from(choice: ClockChoice) -> Self {
        match choice {
            ClockChoice::Skipping => Self::Skipping,
            ClockChoice::EveryBar => Self::EveryBar,
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of a value parser")]
fn parse_source(text: &str) -> Result<Source, String> {
    Ok(Source::parse(text))
}

/// W3 needs 200 bars before its first decision.
fn parse_bars(text: &str) -> Result<usize, String> {
    let wrong = || format!("{text:?} is not a number of bars from 1,000 to 100,000,000, such as 500000");
    let bars = text.parse().map_err(|_| wrong())?;
    if (1_000..=100_000_000).contains(&bars) { Ok(bars) } else { Err(wrong()) }
}
