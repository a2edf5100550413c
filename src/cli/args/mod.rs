//! The complete grammar of the command line (`omega-sweep FILE` is `omega-sweep run FILE`).
//!
//! Commands that are specified and not part of this version are refused by name, see [`NOT_BUILT`].

mod bench;
mod data;
mod results;
mod run;

use std::ffi::OsString;
use std::path::Path;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use bench::BenchArgs;
pub(crate) use data::{
    Ambiguous, Crossed, DataCheckArgs, DataCommand, DataGenerateArgs, DataImportArgs, DataInfoArgs,
    DataResampleArgs, Duplicate, PolicyArgs, Stamp,
};
pub(crate) use results::{ShowArgs, TableFormat, TopArgs, TrialRef, VerifyArgs};
pub(crate) use run::{CheckArgs, Override, ProgressMode, RunArgs, WalkForwardArgs};

/// Commands of the specification that this version does not have, with what to use meanwhile.
pub(crate) const NOT_BUILT: [(&str, &str); 5] = [
    ("merge", "run the sweep without --shard, or on one machine with -j for more threads"),
    ("holdout", "the hold-out stays sealed; `omega-sweep show` reports what lies before it"),
    ("stress", "`omega-sweep walk-forward FILE` tests parameters out of sample"),
    ("null-test", "`omega-sweep walk-forward FILE` tests parameters out of sample"),
    ("report", "`omega-sweep top --format md` writes the ranked table as text"),
];

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "omega-sweep",
    bin_name = "omega-sweep",
    version,
    about = "Finds out which parameters of a trading strategy hold up.",
    long_about = "Finds out which parameters of a trading strategy hold up: runs it over shared market data many \
                  thousand times, each time with other parameters, and ranks what comes out. Same input, same bytes, \
                  whatever the number of threads.",
    max_term_width = 80,
    disable_help_subcommand = true,
    after_help = "`omega-sweep FILE` is `omega-sweep run FILE`. Exit codes: 0 found, 1 nothing meets the \
                  requirements, 2 wrong file or option, 3 data refused, 4 failed trials, 5 disk, 6 memory, 7 damaged \
                  results, 8 resume refused, 70 our fault, 130/143 stopped."
)]
pub(crate) struct Cli {
    /// Conversation options, valid for every command.
    #[command(flatten)]
    pub(crate) talk: TalkArgs,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How much and how colourful the program talks.
#[derive(Debug, Clone, Args)]
pub(crate) struct TalkArgs {
    /// Colour: `auto` = on a terminal without `NO_COLOR`
    #[arg(long, global = true, value_enum, default_value_t, env = "OMEGA_SWEEP_COLOR", hide_env = true)]
    pub(crate) color: ColorChoice,
    /// Only errors and data
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// More detail; twice for the cause of internal errors
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Every command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a sweep: check data, plan, search, rank. Continues an unfinished run
    Run(RunArgs),
    /// Validate a sweep file and its data, count the combinations, run nothing
    Check(CheckArgs),
    /// Show the ranked table of a run
    Top(TopArgs),
    /// Show one trial: parameters, metrics, trades; re-simulates and compares
    #[command(allow_missing_positional = true)]
    Show(ShowArgs),
    /// Re-run stored trials and compare their digests
    Verify(VerifyArgs),
    /// Run with a walk-forward validation added when the file has none
    WalkForward(WalkForwardArgs),
    /// Import, check, describe, generate or resample market data
    #[command(subcommand)]
    Data(DataCommand),
    /// Measure what sweeps cost on this machine, and compare with known results
    Bench(BenchArgs),
    /// List the strategies, or one with its parameters
    Strategies(StrategiesArgs),
    /// List the metrics with unit, goal and meaning
    Metrics(MetricsArgs),
    /// Print the JSON Schema of the sweep file
    Schema,
    /// Explain an error code
    Explain(ExplainArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
}

/// Arguments of `strategies`.
#[derive(Debug, Args)]
pub(crate) struct StrategiesArgs {
    /// A strategy; all are listed without it
    pub(crate) name: Option<String>,
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `metrics`.
#[derive(Debug, Args)]
pub(crate) struct MetricsArgs {
    /// As JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// E105, `ohlc_inconsistent`, ...; all are listed without it
    pub(crate) code: Option<String>,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// Inserts `run` where the first word that is not an option is a sweep file: exists as a file, ends in `.json`, or is
/// `-`. A command's name is always the command.
pub(crate) fn with_run_inserted(mut words: Vec<OsString>) -> Vec<OsString> {
    let commands = <Cli as clap::CommandFactory>::command();
    let is_command = |word: &OsString| {
        commands.get_subcommands().any(|command| word.as_os_str() == command.get_name())
            || not_built(word).is_some()
    };
    let first = words.iter().skip(1).find(|word| is_command(word) || is_sweep_file(word));
    if first.is_some_and(|word| !is_command(word)) {
        words.insert(1, OsString::from("run"));
    }
    words
}

/// The remedy for a specified command that this version does not have.
pub(crate) fn not_built(word: &OsString) -> Option<(&'static str, &'static str)> {
    NOT_BUILT.into_iter().find(|(name, _)| word.as_os_str() == *name)
}

fn is_sweep_file(word: &OsString) -> bool {
    let path = Path::new(word);
    word == "-" || path.extension().is_some_and(|extension| extension == "json") || path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn normalised(line: &str) -> String {
        let words = line.split(' ').map(OsString::from).collect();
        let words: Vec<_> =
            with_run_inserted(words).into_iter().map(|w| w.into_string().expect("ASCII")).collect();
        words.join(" ")
    }

    #[test]
    fn the_grammar_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_sweep_file_in_front_means_run() {
        assert_eq!(normalised("omega-sweep a.json -j 2"), "omega-sweep run a.json -j 2");
        assert_eq!(normalised("omega-sweep -j 2 a.json"), "omega-sweep run -j 2 a.json");
        assert_eq!(normalised("omega-sweep -"), "omega-sweep run -");
        assert_eq!(normalised("omega-sweep Cargo.toml"), "omega-sweep run Cargo.toml");
        assert_eq!(normalised("omega-sweep check a.json"), "omega-sweep check a.json");
        assert_eq!(normalised("omega-sweep merge a.json"), "omega-sweep merge a.json");
        assert_eq!(normalised("omega-sweep --version"), "omega-sweep --version");
        assert_eq!(normalised("omega-sweep rum"), "omega-sweep rum");
    }
}
