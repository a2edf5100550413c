//! Arguments of the commands that read a run folder.

use std::fmt;
use std::str::FromStr;

use clap::{Args, ValueEnum};

use crate::cli::units::Share;

/// Arguments of `top`.
#[derive(Debug, Clone, Args)]
pub(crate) struct TopArgs {
    /// Run folder, a unique prefix of a run id, or `latest`
    #[arg(default_value = "latest")]
    pub(crate) run: String,
    /// Rows
    #[arg(short, long, default_value_t = 20, value_name = "N")]
    pub(crate) n: usize,
    /// Order by this column, best first by the metric's own goal
    #[arg(long, value_name = "METRIC")]
    pub(crate) sort: Option<String>,
    /// Condition on the columns.
    #[arg(long = "where", value_name = "EXPR")]
    #[arg(help = "Only rows for which this holds: 'total_trades >= 100 && max_drawdown < 0.2'")]
    pub(crate) filter: Option<String>,
    /// Columns, comma separated; `all` for every stored one
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) columns: Vec<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: TableFormat,
}

/// Format of a table on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum TableFormat {
    /// Columns for people; numbers rounded.
    #[default]
    Table,
    /// A list of objects; full precision.
    Json,
    /// Comma separated with a header; full precision.
    Csv,
    /// A Markdown table; numbers rounded.
    Md,
}

/// Arguments of `show`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ShowArgs {
    /// Run folder, a unique prefix of a run id, or `latest`
    #[arg(default_value = "latest")]
    pub(crate) run: String,
    /// Rank (1) or trial id ('#81234')
    #[arg(required = true)]
    pub(crate) trial: TrialRef,
    /// Trades to list, newest last
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub(crate) trades: usize,
    /// As JSON, with every trade
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `verify`.
#[derive(Debug, Clone, Args)]
pub(crate) struct VerifyArgs {
    /// Run folder, a unique prefix of a run id, or `latest`
    #[arg(default_value = "latest")]
    pub(crate) run: String,
    /// Re-run every trial
    #[arg(long, conflicts_with_all = ["sample", "trial"])]
    pub(crate) all: bool,
    /// Re-run this share of the trials, at least one
    #[arg(long, default_value = "1%", value_name = "SHARE", value_parser = Share::from_str)]
    pub(crate) sample: Share,
    /// Re-run this trial: rank (1) or trial id ('#81234'); repeatable
    #[arg(long, value_name = "TRIAL")]
    pub(crate) trial: Vec<TrialRef>,
    /// Threads [default: all cores]
    #[arg(short = 'j', long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    #[arg(env = "OMEGA_SWEEP_THREADS", hide_env = true)]
    pub(crate) threads: Option<u16>,
    /// The findings as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// A trial as a person names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TrialRef {
    /// Place in the leaderboard, 1 is best.
    Rank(u32),
    /// Trial id.
    Id(u64),
}

impl FromStr for TrialRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is no trial: write a rank such as 1, or a trial id such as '#81234' (quote the #)"
            )
        };
        match text.strip_prefix('#') {
            Some(id) => id.parse().map(Self::Id).map_err(|_| wrong()),
            None => match text.parse() {
                Ok(rank) if rank > 0 => Ok(Self::Rank(rank)),
                _ => Err(wrong()),
            },
        }
    }
}

impl fmt::Display for TrialRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rank(rank) => write!(f, "rank {rank}"),
            Self::Id(id) => write!(f, "#{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::{Cli, Command};
    use clap::Parser;

    #[test]
    fn a_trial_is_a_rank_or_an_id() {
        assert_eq!("1".parse(), Ok(TrialRef::Rank(1)));
        assert_eq!("#0".parse(), Ok(TrialRef::Id(0)));
        for bad in ["0", "#", "best", "-1", "1.5"] {
            assert!(bad.parse::<TrialRef>().is_err(), "{bad}");
        }
    }

    #[test]
    fn show_takes_the_run_in_front_of_the_trial_or_leaves_it_out() {
        for (line, run) in [("omega-sweep show 3", "latest"), ("omega-sweep show results/a 3", "results/a")] {
            let cli = Cli::try_parse_from(line.split(' ')).expect("valid");
            let Command::Show(args) = cli.command else { panic!("show") };
            assert_eq!((args.run.as_str(), args.trial), (run, TrialRef::Rank(3)), "{line}");
        }
    }
}
