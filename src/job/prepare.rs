//! From a checked sweep file to a study that is ready to run: data, strategy, settings, sampler, identity.

use std::sync::Arc;

use super::{JobError, JobOptions};
use crate::cache::IndicatorCache;
use crate::config::{DailyReturnsOf, EngineSeed, JobSpec, StrategyKind, Validation};
use crate::data::{self, AlignmentSettings, DataReport, DataSettings, HoldoutInfo};
use crate::engine::registry::Registry;
use crate::engine::settings::Accounts;
use crate::engine::{EngineInputs, EngineSettings, StrategyRunner};
use crate::metrics::METRICS;
use crate::search::Sampler;
use crate::store::{DataFingerprint, MetricColumn, ParamColumn, ParamKind, StudyIdentity, TableSchema};
use crate::sweep::plan::default_chunk_trials;
use crate::sweep::study::LatestCache;
use crate::sweep::{ChunkPlan, Study};
use crate::types::StepRange;
use crate::walkforward::splits::{Development, Splits, splits};

/// A study with everything it needs, before the first trial.
#[derive(Debug)]
pub struct Prepared {
    /// The sweep file.
    pub spec: JobSpec,
    /// Strategy, market and aim.
    pub study: Study,
    /// The points, one sampler per walk-forward window (one without windows).
    pub samplers: Vec<Box<dyn Sampler>>,
    /// Walk-forward windows, when the file asks for them.
    pub splits: Option<Splits>,
    /// Steps of the development range.
    pub window: StepRange,
    /// What is kept back.
    pub holdout: Option<HoldoutInfo>,
    /// What was read and what was odd about it.
    pub data_report: DataReport,
    /// What makes this study this study.
    pub identity: StudyIdentity,
    /// Columns of its tables.
    pub schema: TableSchema,
    /// How positions are cut (the whole study; without windows).
    pub plan: ChunkPlan,
}

/// Loads the data and puts the study together. Runs nothing and writes nothing.
///
/// # Errors
/// When the data are refused, a setting does not fit them, or the sampler cannot draw.
pub fn prepare(spec: JobSpec, registry: &Registry, options: &JobOptions) -> Result<Prepared, JobError> {
    let settings = Arc::new(spec.strategy.engine.clone());
    let alignment = alignment(&settings);
    let wanted = DataSettings { detail: settings.detail_timeframe, ..spec.data.clone() };
    let opened = data::open(&wanted, &spec.base_dir, &alignment, options.memory)?;
    crate::engine::check_rates(&settings, &opened.data)?;
    let runner = runner(&spec, registry)?;
    let detail_bytes: u64 = opened.finer.iter().map(|finer| finer.bars.bytes()).sum();
    let data_bytes = opened.data.bytes() + detail_bytes;
    let inputs = EngineInputs::new(opened.data, Arc::new(IndicatorCache::default()), settings, spec.seed);
    let inputs = match &opened.news {
        Some(news) => {
            let blocked = news.blocked_rows(&inputs.data);
            inputs.with_news(blocked)
        }
        None => inputs,
    };
    let inputs = match &opened.finer[..] {
        [] => inputs,
        finer => inputs.with_detail(finer.iter().map(|finer| Some(Arc::clone(&finer.bars))).collect()),
    };
    let study = Study {
        runner,
        common_random: spec.engine_seed == EngineSeed::Common,
        objective: spec.objective.clone(),
        requirements: spec.requirements.clone(),
        calendar: opened.calendar,
        periods_per_year: opened.periods_per_year,
        clock: options.clock,
        check_candidates: options.check_candidates,
        cache_budget: options.memory.map(|limit| limit.saturating_sub(data_bytes)),
        keep_returns: spec.output.daily_returns == DailyReturnsOf::All,
        latest: LatestCache::default(),
        inputs,
    };
    let splits = walk_forward_splits(&spec, &study, opened.window)?;
    let folds: Vec<u32> =
        splits.as_ref().map_or_else(|| vec![0], |s| s.windows.iter().map(|w| w.index).collect());
    let samplers = folds.iter().map(|&fold| sampler(&spec, fold)).collect::<Result<Vec<_>, _>>()?;
    let positions = within_budget(samplers[0].positions(), samplers.len(), spec.budget.max_trials);
    let chunk_trials = spec.output.chunk_trials.unwrap_or_else(|| default_chunk_trials(positions));
    let identity = StudyIdentity {
        engine_version: crate::store::identity::ENGINE_VERSION.to_owned(),
        spec: spec.to_resolved_json(),
        data_fingerprint: study.inputs.data.fingerprint(),
        data: DataFingerprint::of_market(&study.inputs.data, &opened.finer),
    };
    Ok(Prepared {
        schema: table_schema(&spec, study.runner.as_ref()),
        plan: ChunkPlan { shard: options.shard, ..ChunkPlan::new(positions).with_chunk_trials(chunk_trials) },
        spec,
        study,
        samplers,
        splits,
        window: opened.window,
        holdout: opened.holdout,
        data_report: opened.report,
        identity,
    })
}

/// As many positions of each enumeration as `budget.max_trials` allows in all.
fn within_budget(positions: u64, enumerations: usize, max_trials: Option<u64>) -> u64 {
    max_trials.map_or(positions, |most| positions.min((most / enumerations.max(1) as u64).max(1)))
}

/// How higher timeframes are shown, as the engine settings say.
fn alignment(settings: &EngineSettings) -> AlignmentSettings {
    AlignmentSettings {
        entry_timestamp_mode: settings.alignment.entry_timestamp_mode,
        stale_bar_limit_bars: settings.alignment.stale_bar_limit_bars,
        allow_lookahead: settings.allow_lookahead,
    }
}

/// The strategy a file names, or the rules it writes.
pub(super) fn runner(spec: &JobSpec, registry: &Registry) -> Result<Arc<dyn StrategyRunner>, JobError> {
    match &spec.strategy.kind {
        StrategyKind::Named(name) => registry.find(name).map_err(|unknown| JobError::NotFound {
            what: unknown.to_string(),
            remedy: "list them with: omega-sweep strategies".to_owned(),
        }),
        StrategyKind::Rules => Ok(Arc::clone(&spec.strategy.runner)),
    }
}

fn sampler(spec: &JobSpec, fold: u32) -> Result<Box<dyn Sampler>, JobError> {
    spec.sampler(fold)?.ok_or_else(|| JobError::NotFound {
        what: format!("sampler {} is not part of this version", spec.sampler.kind()),
        remedy: "use grid, random, sobol or lhs".to_owned(),
    })
}

fn walk_forward_splits(spec: &JobSpec, study: &Study, window: StepRange) -> Result<Option<Splits>, JobError> {
    let Validation::WalkForward(settings) = &spec.validation else { return Ok(None) };
    let data = &study.inputs.data;
    if window.is_empty() {
        return Err(JobError::NoWindow("no bar lies in the development range".to_owned()));
    }
    let development = Development {
        timeline: data.timeline(),
        start: data.time(window.start),
        end: crate::types::Timestamp(data.time(window.end - 1).0 + 1),
    };
    let found = splits(&development, settings);
    if found.windows.is_empty() {
        let days = (data.time(window.end - 1).0 - data.time(window.start).0) / crate::types::time::DAY;
        return Err(JobError::NoWindow(format!(
            "train {} and test {} do not fit into {days} days; shorten them or take more data",
            settings.train, settings.test
        )));
    }
    if found.test_overlap {
        return Err(JobError::WalkForward(format!(
            "tests of {} every {} overlap and cannot be joined; make `step` at least as long as `test`",
            settings.test, settings.step
        )));
    }
    Ok(Some(found))
}

/// Every parameter of a trial is a column; a declared one has the type of its domain.
pub(super) fn table_schema(spec: &JobSpec, runner: &dyn StrategyRunner) -> TableSchema {
    let declared = |name: &str| {
        let spec = runner.params().iter().find(|spec| spec.name == name);
        spec.map(|spec| ParamKind::of(&spec.domain))
    };
    let column = |(slot, name): (usize, &Arc<str>)| ParamColumn {
        name: Arc::clone(name),
        kind: declared(name).unwrap_or_else(|| ParamKind::of_values(&spec.space.values_at(slot))),
    };
    // Joined over accounts, a count may come out broken.
    let counted = spec.strategy.engine.accounts == Accounts::Shared;
    let metric = |def: &crate::metrics::MetricDef| MetricColumn {
        key: def.key.into(),
        integer: def.integer && counted,
    };
    TableSchema {
        params: spec.space.names().iter().enumerate().map(column).collect(),
        metrics: METRICS.iter().map(metric).collect(),
        objectives: 1,
    }
}
