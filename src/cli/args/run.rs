//! Arguments of `run`, `check` and `walk-forward`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};

use crate::cli::units::{MemoryBudget, Share, Span};

/// Arguments of `run`. Order of precedence: command line, environment, file, default.
#[derive(Debug, Clone, Args)]
pub(crate) struct RunArgs {
    /// Sweep file, `-` for standard input
    pub(crate) file: PathBuf,
    /// Run folder [default: results/<name>-<study id>]; results/latest points to it
    #[arg(short, long, value_name = "DIR", env = "OMEGA_SWEEP_OUT", hide_env = true)]
    pub(crate) out: Option<PathBuf>,
    /// Threads [default: all cores]; the result does not depend on it
    #[arg(short = 'j', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    #[arg(env = "OMEGA_SWEEP_THREADS", hide_env = true)]
    pub(crate) threads: Option<u16>,
    /// Seed instead of the file's
    #[arg(short, long, value_name = "N", env = "OMEGA_SWEEP_SEED", hide_env = true)]
    pub(crate) seed: Option<u64>,
    /// Replace one value of the file, repeatable: --set parameters.fast='[5,10]'
    #[arg(long = "set", value_name = "PATH=JSON")]
    pub(crate) set: Vec<Override>,
    /// Run part K of N (1-based)
    #[arg(long, value_name = "K/N", env = "OMEGA_SWEEP_SHARD", hide_env = true)]
    pub(crate) shard: Option<Shard>,
    /// Start again; an unfinished run is moved aside, never deleted
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Finish early after this time (90s, 30m, 2h), cleanly, marked truncated
    #[arg(long, value_name = "TIME", env = "OMEGA_SWEEP_MAX_WALL", hide_env = true)]
    pub(crate) max_wall: Option<Span>,
    /// Memory for market data and series, 4GiB or 50% of what is available
    #[arg(long, value_name = "SIZE", default_value = "75%", env = "OMEGA_SWEEP_MEMORY", hide_env = true)]
    #[arg(value_parser = MemoryBudget::from_str)]
    pub(crate) memory: MemoryBudget,
    /// Share of failed trials that stops the run with exit code 4
    #[arg(long, value_name = "SHARE", default_value = "1%", value_parser = Share::from_str)]
    #[arg(env = "OMEGA_SWEEP_MAX_FAILURES", hide_env = true)]
    pub(crate) max_failures: Share,
    /// Continue a run of another engine version; marks it
    #[arg(long)]
    pub(crate) accept_version: bool,
    /// Run every trial with and without bar skipping and compare the bits
    #[arg(long)]
    pub(crate) check_candidates: bool,
    /// How progress is shown; `auto` = bar on a terminal, else lines
    #[arg(long, value_enum, default_value_t, env = "OMEGA_SWEEP_PROGRESS", hide_env = true)]
    pub(crate) progress: ProgressMode,
    /// The summary as one JSON object on standard output, text on standard error
    #[arg(long)]
    pub(crate) json: bool,
    /// No report.html (this version writes none in any case)
    #[arg(long)]
    pub(crate) no_report: bool,
}

/// Arguments of `walk-forward`.
#[derive(Debug, Clone, Args)]
pub(crate) struct WalkForwardArgs {
    /// All options of `run`.
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// Arguments of `check`.
#[derive(Debug, Clone, Args)]
pub(crate) struct CheckArgs {
    /// Sweep file, `-` for standard input
    pub(crate) file: PathBuf,
    /// Replace one value of the file, repeatable
    #[arg(long = "set", value_name = "PATH=JSON")]
    pub(crate) set: Vec<Override>,
    /// Seed instead of the file's
    #[arg(short, long, value_name = "N", env = "OMEGA_SWEEP_SEED", hide_env = true)]
    pub(crate) seed: Option<u64>,
    /// Only the sweep file, do not open the data
    #[arg(long, conflicts_with_all = ["lookahead", "warmup"])]
    pub(crate) no_data: bool,
    /// Test the strategy for knowledge of the future: noise after an instant
    /// may change nothing before it
    #[arg(long)]
    pub(crate) lookahead: bool,
    /// Test whether the warm-up is long enough: more history may change no
    /// trade
    #[arg(long)]
    pub(crate) warmup: bool,
    /// The resolved sweep file and the counts as one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ProgressMode {
    /// A bar on a terminal, else lines.
    #[default]
    Auto,
    /// A bar.
    Bar,
    /// Now and then a line.
    Lines,
    /// One JSON object per line.
    Json,
    /// Nothing.
    None,
}

/// One value of the sweep file, replaced: dotted path and JSON.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Override {
    /// `parameters.window_length`
    pub(crate) path: String,
    /// The new value.
    pub(crate) value: serde_json::Value,
}

impl fmt::Display for Override {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.path, self.value)
    }
}

impl FromStr for Override {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (path, json) = text
            .split_once('=')
            .ok_or_else(|| "write PATH=JSON, for example --set parameters.fast='[5,10]'".to_owned())?;
        let path = path.trim();
        if path.is_empty() || path.split('.').any(str::is_empty) {
            return Err(format!("{path:?} is not a dotted path such as strategy.engine.profile"));
        }
        let value = serde_json::from_str(json).map_err(|error| {
            format!("{json:?} is not JSON ({error}); a text needs quotes: --set {path}='\"text\"'")
        })?;
        Ok(Self { path: path.to_owned(), value })
    }
}

/// Part `part` of `of` parts, 1-based.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shard {
    /// Which part, `1..=of`.
    pub(crate) part: u32,
    /// Number of parts.
    pub(crate) of: u32,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a part: write K/N with 1 <= K <= N, for example 2/8");
        let (part, of) = text.split_once('/').ok_or_else(wrong)?;
        let part = part.parse().map_err(|_| wrong())?;
        let of = of.parse().map_err(|_| wrong())?;
        if (1..=of).contains(&part) { Ok(Self { part, of }) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides_are_a_path_and_json() {
        let set: Override = "parameters.fast=[5,10]".parse().expect("valid");
        assert_eq!(set.path, "parameters.fast");
        assert_eq!(set.value, serde_json::json!([5, 10]));
        let unquoted = "name=grid".parse::<Override>().expect_err("a bare word is no JSON");
        assert!(unquoted.contains("a text needs quotes: --set name='\"text\"'"), "{unquoted}");
        assert!("fast".parse::<Override>().is_err());
        assert!("a..b=1".parse::<Override>().is_err());
    }

    #[test]
    fn shards_count_from_one() {
        assert_eq!("2/8".parse(), Ok(Shard { part: 2, of: 8 }));
        for bad in ["0/8", "9/8", "2", "a/b", "-1/2"] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
    }
}
