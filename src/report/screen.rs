//! The closing screen of a run as plain data; [`terminal`](super::terminal) makes text of it, `--json` an object.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::forward::Forward;
use super::verdict::Verdict;
use crate::types::{Digest, ParamValue, TrialId};

/// Everything the end of a run says.
#[derive(Debug, Clone, PartialEq)]
pub struct ClosingScreen {
    /// Name of the study.
    pub name: String,
    /// Its id.
    pub study: Digest,
    /// Name of the strategy.
    pub strategy: String,
    /// Best trials.
    pub table: RankedTable,
    /// How far the best result is from luck.
    pub luck: LuckCheck,
    /// Windows and out-of-sample figures of a walk-forward study.
    pub forward: Option<Forward>,
    /// What to know before believing the table.
    pub notes: Vec<Note>,
    /// How many trials of which kind.
    pub counts: Counts,
    /// Simulated bars of this process: steps of the windows of all trials run.
    pub bars: u64,
    /// Use of the shared series.
    pub cache: CacheUse,
    /// Wall time of this process, seconds.
    pub seconds: f64,
    /// Worker threads.
    pub threads: usize,
    /// Greatest resident memory of the process, where the system tells.
    pub peak_memory: Option<u64>,
    /// Digest over all chunks in order; equal for any number of threads, shards and interruptions.
    pub digest: Digest,
    /// Run folder.
    pub folder: PathBuf,
    /// Why the run ended early; `None` when it finished.
    pub truncated: Option<String>,
}

/// The best trials with their parameters.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RankedTable {
    /// Name of the objective.
    pub objective: String,
    /// Keys of the metrics shown beside it.
    pub metrics: Vec<String>,
    /// Names of the searched parameters, in file order.
    pub params: Vec<String>,
    /// Best first.
    pub rows: Vec<RankedRow>,
}

/// One trial of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct RankedRow {
    /// Trial.
    pub trial: TrialId,
    /// Whether it meets the requirements.
    pub feasible: bool,
    /// Objective.
    pub objective: Option<f64>,
    /// One value per metric of the table.
    pub metrics: Vec<Option<f64>>,
    /// One value per parameter of the table.
    pub params: Vec<ParamValue>,
}

/// The luck check (`metrics.md` section 4). Absent values could not be computed, or are not computed by this version.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LuckCheck {
    /// Distinct parameter sets ever evaluated on the data by this study.
    pub trials: u64,
    /// Deflated Sharpe ratio of the best trial with that number of trials, `0..=1`.
    pub dsr: Option<f64>,
    /// Effective number of trials.
    pub n_effective: Option<f64>,
    /// Deflated Sharpe ratio with the effective number.
    pub dsr_effective: Option<f64>,
    /// Probability of backtest overfitting with its interval.
    pub pbo: Option<(f64, f64, f64)>,
    /// p-value of the test for superior predictive ability.
    pub spa_p: Option<f64>,
}

impl LuckCheck {
    /// The verdict; its limits are those of [`Verdict::of`].
    pub fn verdict(&self) -> Verdict {
        Verdict::of(self.dsr, self.pbo.map(|(pbo, _, _)| pbo), self.spa_p)
    }
}

/// Numbers of trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Stored in the run folder now.
    pub stored: u64,
    /// Run by this process.
    pub run: u64,
    /// Trials that meet the requirements.
    pub feasible: u64,
    /// Trials that failed.
    pub failed: u64,
    /// Trials stopped early.
    pub pruned: u64,
    /// Parameter sets excluded by constraints, where known.
    pub excluded: Option<u64>,
}

/// How often a shared series was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CacheUse {
    /// Distinct series computed.
    pub series: u64,
    /// Requests of all trials.
    pub requests: u64,
    /// Most memory the series took at a time.
    pub bytes: u64,
}

impl CacheUse {
    /// Share of requests answered without computing; `None` without requests.
    pub fn hit_rate(&self) -> Option<f64> {
        (self.requests > 0).then(|| 1.0 - self.series.min(self.requests) as f64 / self.requests as f64)
    }
}

/// State of the sealed part of the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldoutState {
    /// No part was held out.
    Off,
    /// Sealed; the text says which part.
    Sealed(String),
    /// Opened so many times.
    Opened(u32),
}

/// One thing to know before believing the table.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Note {
    /// The best value of a parameter lies on the edge of its range.
    EdgeOfRange {
        /// Parameter.
        param: String,
        /// Its best value.
        value: ParamValue,
        /// Whether it is the last value of the range (else the first).
        at_end: bool,
    },
    /// Share of the best trial's trades closed on a bar that reached stop and target.
    AmbiguousExits {
        /// `0..=1`.
        share: f64,
    },
    /// The best trial made few trades.
    FewTrades {
        /// How many.
        trades: u64,
    },
    /// Costs are absent: the words say which.
    CostsAbsent(String),
    /// State of the hold-out.
    Holdout(HoldoutState),
    /// Execution profile and the switches that deviate from it.
    Profile {
        /// `realistic` or `reference`.
        name: String,
        /// `key=value` each.
        deviations: Vec<String>,
    },
    /// Anything else worth a line, by a stable code.
    Other {
        /// Stable code.
        code: String,
        /// Words.
        text: String,
    },
}

impl Note {
    /// Stable code of the note.
    pub fn code(&self) -> &str {
        match self {
            Self::EdgeOfRange { .. } => "edge_of_range",
            Self::AmbiguousExits { .. } => "ambiguous_exits",
            Self::FewTrades { .. } => "few_trades",
            Self::CostsAbsent(_) => "costs_absent",
            Self::Holdout(_) => "holdout",
            Self::Profile { .. } => "profile",
            Self::Other { code, .. } => code,
        }
    }

    /// The note in words.
    pub fn text(&self) -> String {
        match self {
            Self::EdgeOfRange { param, value, at_end } => format!(
                "best {param} = {value} is the {} value searched: widen the range",
                if *at_end { "last" } else { "first" }
            ),
            Self::AmbiguousExits { share } => format!(
                "{} of the best trial's exits reached stop and target in one bar",
                super::numbers::percent(*share)
            ),
            Self::FewTrades { trades } => format!("the best trial made only {trades} trades"),
            Self::CostsAbsent(what) => format!("costs are absent: {what}"),
            Self::Holdout(HoldoutState::Off) => "no hold-out: every bar was searched on".to_owned(),
            Self::Holdout(HoldoutState::Sealed(what)) => format!("hold-out sealed: {what}"),
            Self::Holdout(HoldoutState::Opened(times)) => format!("hold-out opened {times} times"),
            Self::Profile { name, deviations } if deviations.is_empty() => {
                format!("execution profile {name}")
            }
            Self::Profile { name, deviations } => {
                format!("execution profile {name}, except {}", deviations.join(", "))
            }
            Self::Other { text, .. } => text.clone(),
        }
    }
}

impl ClosingScreen {
    /// Trials run per second by this process; `None` when no time passed.
    pub fn trials_per_second(&self) -> Option<f64> {
        (self.seconds > 0.0).then(|| self.counts.run as f64 / self.seconds)
    }

    /// Bars simulated per second by this process; `None` when no time passed.
    pub fn bars_per_second(&self) -> Option<f64> {
        (self.seconds > 0.0).then(|| self.bars as f64 / self.seconds)
    }

    /// The `--json` summary. Keys are part of the public interface.
    pub fn to_json(&self) -> Value {
        let table = &self.table;
        let row = |(i, row): (usize, &RankedRow)| {
            let metrics = table.metrics.iter().zip(&row.metrics);
            let params = table.params.iter().zip(&row.params);
            json!({
                "rank": i + 1,
                "trial": row.trial.0,
                "feasible": row.feasible,
                "objective": row.objective,
                "metrics": metrics.map(|(k, v)| (k.clone(), json!(v))).collect::<serde_json::Map<_, _>>(),
                "params": params.map(|(k, v)| (k.clone(), v.to_json())).collect::<serde_json::Map<_, _>>(),
            })
        };
        json!({
            "schema": "omega-sweep/summary/1",
            "name": self.name,
            "study": self.study.to_hex(),
            "strategy": self.strategy,
            "folder": self.folder.display().to_string(),
            "digest": self.digest.to_hex(),
            "truncated": self.truncated,
            "objective": table.objective,
            "best": table.rows.iter().enumerate().map(row).collect::<Vec<_>>(),
            "luck": {
                "verdict": self.luck.verdict().as_str(),
                "trials": self.luck.trials,
                "dsr": self.luck.dsr,
                "n_effective": self.luck.n_effective,
                "dsr_effective": self.luck.dsr_effective,
                "pbo": self.luck.pbo.map(|(pbo, low, high)| json!({"value": pbo, "low": low, "high": high})),
                "spa_p": self.luck.spa_p,
            },
            "walk_forward": self.forward.as_ref().map(Forward::to_json),
            "notes": self.notes.iter().map(|n| json!({"code": n.code(), "text": n.text()})).collect::<Vec<_>>(),
            "trials": {
                "stored": self.counts.stored, "run": self.counts.run, "feasible": self.counts.feasible,
                "failed": self.counts.failed, "pruned": self.counts.pruned, "excluded": self.counts.excluded,
            },
            "cache": {
                "series": self.cache.series, "requests": self.cache.requests, "bytes": self.cache.bytes,
                "hit_rate": self.cache.hit_rate(),
            },
            "bars": self.bars,
            "seconds": self.seconds,
            "trials_per_second": self.trials_per_second(),
            "bars_per_second": self.bars_per_second(),
            "threads": self.threads,
            "peak_memory": self.peak_memory,
        })
    }
}
