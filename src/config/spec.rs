//! A sweep file, checked: every section as typed values, every default filled in.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value as Json;

use super::error::ConfigProblem;
use super::source::Source;
use crate::data::DataSettings;
use crate::engine::{EngineSettings, StrategyRunner};
use crate::search::objective::{Objective, Requirement};
use crate::search::{GridOrder, Space};
use crate::types::MasterSeed;
use crate::walkforward::WalkForwardSettings;

/// A whole study.
#[derive(Debug, Clone)]
pub struct JobSpec {
    /// Name of the run.
    pub name: String,
    /// Seed of everything random.
    pub seed: MasterSeed,
    /// Whether trials share the engine's random draws.
    pub engine_seed: EngineSeed,
    /// Folder that relative paths count from.
    pub base_dir: PathBuf,
    /// The market.
    pub data: DataSettings,
    /// The strategy and its engine settings.
    pub strategy: StrategySpec,
    /// All parameter sets.
    pub space: Arc<Space>,
    /// What is sought.
    pub objective: Objective,
    /// What every trial must meet.
    pub requirements: Vec<Requirement>,
    /// How sets are chosen.
    pub sampler: SamplerSpec,
    /// When to stop.
    pub budget: Budget,
    /// Which trials end early.
    pub pruning: Pruning,
    /// How results are validated.
    pub validation: Validation,
    /// What is written.
    pub output: Output,
    /// Things worth knowing that stop nothing.
    pub warnings: Vec<ConfigProblem>,
    pub(super) resolved: Json,
    pub(super) source: Arc<Source>,
}

/// Whether trials share the engine's random draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineSeed {
    /// Each trial has its own.
    PerTrial,
    /// All trials meet the same ones.
    Common,
}

/// The section `strategy`.
#[derive(Clone)]
pub struct StrategySpec {
    /// Where the strategy comes from.
    pub kind: StrategyKind,
    /// The strategy itself.
    pub runner: Arc<dyn StrategyRunner>,
    /// Account, costs, fills, switches.
    pub engine: EngineSettings,
}

impl fmt::Debug for StrategySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut spec = f.debug_struct("StrategySpec");
        spec.field("kind", &self.kind).field("engine", &self.engine).finish_non_exhaustive()
    }
}

/// A registered strategy or one written in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StrategyKind {
    /// By name.
    Named(String),
    /// As expressions in the file.
    Rules,
}

/// The section `sampler`.
#[derive(Debug, Clone, PartialEq)]
pub enum SamplerSpec {
    /// Every combination.
    Grid {
        /// Visiting order.
        order: GridOrder,
    },
    /// Independent random points.
    Random {
        /// Number of points.
        trials: u64,
        /// No set twice.
        distinct: bool,
    },
    /// Sobol points.
    Sobol {
        /// Number of points.
        trials: u64,
        /// Digital shift.
        shift: bool,
    },
    /// Latin hypercube.
    Lhs {
        /// Number of points.
        trials: u64,
    },
    /// Tree-structured Parzen estimator.
    Tpe {
        /// Number of points.
        trials: u64,
        /// Points asked at once.
        batch: u64,
        /// Sobol points before the first model.
        startup: u64,
        /// Share of good points.
        gamma: f64,
        /// Draws per point.
        candidates: u64,
        /// One component for all dimensions.
        multivariate: bool,
    },
    /// Covariance matrix adaptation.
    CmaEs {
        /// Number of points, if that ends it.
        trials: Option<u64>,
        /// Number of generations, if that ends it.
        generations: Option<u64>,
        /// Points per generation.
        population: u64,
        /// First step size.
        sigma: f64,
        /// Restarts with doubled population.
        ipop: bool,
    },
    /// Non-dominated sorting genetic algorithm.
    Nsga2 {
        /// Points per generation, a multiple of 4.
        population: u64,
        /// Number of generations.
        generations: u64,
        /// Probability of crossover.
        crossover: f64,
        /// Probability of mutation per dimension.
        mutation: f64,
    },
    /// All neighbours of a point, nearest first.
    Local {
        /// The parameters to start from; `None` = the best of the run `study`.
        start: Option<Json>,
        /// Run folder.
        study: Option<String>,
        /// Most level steps.
        radius: u64,
        /// Number of points.
        trials: Option<u64>,
    },
}

impl SamplerSpec {
    /// The word in the file.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Grid { .. } => "grid",
            Self::Random { .. } => "random",
            Self::Sobol { .. } => "sobol",
            Self::Lhs { .. } => "lhs",
            Self::Tpe { .. } => "tpe",
            Self::CmaEs { .. } => "cma_es",
            Self::Nsga2 { .. } => "nsga2",
            Self::Local { .. } => "local",
        }
    }

    /// Whether later points depend on earlier results.
    pub fn is_adaptive(&self) -> bool {
        matches!(self, Self::Tpe { .. } | Self::CmaEs { .. } | Self::Nsga2 { .. })
    }

    /// The number of trials asked for, when the sampler says one.
    pub fn trials(&self) -> Option<u64> {
        match self {
            Self::Grid { .. } => None,
            Self::Random { trials, .. }
            | Self::Sobol { trials, .. }
            | Self::Lhs { trials }
            | Self::Tpe { trials, .. } => Some(*trials),
            Self::CmaEs { trials, .. } | Self::Local { trials, .. } => *trials,
            Self::Nsga2 { population, generations, .. } => population.checked_mul(*generations),
        }
    }
}

/// The section `budget`: whatever is reached first stops the study.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Budget {
    /// Trials run.
    pub max_trials: Option<u64>,
    /// Seconds on the clock.
    pub max_wall_seconds: Option<u64>,
    /// Simulated bars.
    pub max_bars: Option<u64>,
    /// Objective of a feasible trial.
    pub target: Option<f64>,
}

/// What halving counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// Bars of the data.
    Bars,
    /// Folds in order.
    Folds,
}

/// The section `pruning`.
#[derive(Debug, Clone, PartialEq)]
pub enum Pruning {
    /// Every trial runs to its end.
    None,
    /// A trial ends when a requirement on the drawdown, or the account, is lost.
    Guard {
        /// Equity at or below this share of the initial one ends the trial.
        ruin: f64,
    },
    /// Successive halving.
    Halving {
        /// Share kept: one in eta.
        eta: u64,
        /// What is counted.
        resource: Resource,
        /// First rung.
        min_resource: f64,
    },
    /// Hyperband.
    Hyperband {
        /// Share kept: one in eta.
        eta: u64,
        /// What is counted.
        resource: Resource,
        /// Last rung.
        max_resource: u64,
    },
    /// Worse than the median of earlier batches.
    Median {
        /// Shares of the bars.
        rungs: Vec<f64>,
    },
}

/// The section `validation`.
#[derive(Debug, Clone, PartialEq)]
pub enum Validation {
    /// One range.
    None,
    /// Consecutive folds.
    Folds {
        /// How many.
        folds: u64,
        /// Bars left out between them.
        purge_bars: u64,
    },
    /// Walk-forward windows.
    WalkForward(WalkForwardSettings),
    /// Combinatorial purged cross-validation.
    Cpcv {
        /// Groups of bars.
        groups: u64,
        /// Groups per test.
        test_groups: u64,
        /// Bars left out before and after a test group.
        purge_bars: u64,
        /// More bars left out after it.
        embargo_bars: u64,
        /// Shortest training range; `None` = warm-up + 1.
        min_range_bars: Option<u64>,
    },
}

/// Whose daily returns are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DailyReturnsOf {
    /// Nobody's.
    None,
    /// Those of the leaderboard.
    Best,
    /// At most 1,000 trials, the best 100 among them.
    Sample,
    /// Every trial's.
    All,
}

/// Form of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportForm {
    /// One file for a browser.
    Html,
    /// Text.
    Text,
    /// None.
    None,
}

/// The section `output`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Run folder; `None` = named by the study.
    pub dir: Option<PathBuf>,
    /// Rows of the leaderboard.
    pub keep_best: usize,
    /// Trials whose trades and equity are written.
    pub keep_trades: usize,
    /// Whose daily returns are kept.
    pub daily_returns: DailyReturnsOf,
    /// Form of the report.
    pub report: ReportForm,
    /// Positions per chunk; `None` = by the number of positions.
    pub chunk_trials: Option<u64>,
}

impl JobSpec {
    /// The file with every default written out, keys in the order of the schema.
    pub fn to_resolved_json(&self) -> Json {
        self.resolved.clone()
    }
}
