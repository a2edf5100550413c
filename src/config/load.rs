//! The way in: text, overrides, sections, rules across sections.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::aims;
use super::check::{self, Studied};
use super::error::{ConfigError, ConfigProblem, Problems, Severity};
use super::overrides;
use super::parameters::{self, ReadAxis};
use super::section::{Context, Field, Section};
use super::source::{Source, empty_object};
use super::spec::{EngineSeed, JobSpec, Pruning, StrategySpec, Validation};
use super::strategy;
use super::study::{self, Shape};
use super::validation;
use crate::engine::Registry;
use crate::engine::settings::Profile;
use crate::search::{Axis, Constraint, Space};
use crate::types::MasterSeed;

/// The format this program reads.
pub const SCHEMA: &str = "omega-sweep/grid/1";
/// Seed of a file that names none.
const DEFAULT_SEED: u64 = 42;

/// What the command line changes.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// `--seed`.
    pub seed: Option<u64>,
    /// `--set PATH=JSON`, in order.
    pub set: Vec<String>,
}

/// Reads and checks a sweep file; `registry` knows the strategies.
///
/// # Errors
/// The file cannot be read, or has problems: all of them.
pub fn load(path: &Path, registry: &Registry, options: &LoadOptions) -> Result<JobSpec, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let shown = path.to_string_lossy();
    let stem = path.file_stem().map_or_else(|| shown.clone(), |stem| stem.to_string_lossy());
    parse(&Text { shown: &shown, name: &stem, text: &text, folder }, registry, options)
}

/// A sweep file in memory.
#[derive(Debug, Clone)]
pub struct Text<'a> {
    /// What messages call it.
    pub shown: &'a str,
    /// Name of the run when the file has none.
    pub name: &'a str,
    /// JSON.
    pub text: &'a str,
    /// Folder that relative paths count from.
    pub folder: PathBuf,
}

/// Checks a sweep file in memory.
///
/// # Errors
/// All problems of the text.
pub fn parse(file: &Text<'_>, registry: &Registry, options: &LoadOptions) -> Result<JobSpec, ConfigError> {
    let refuse = |problem: Box<ConfigProblem>| ConfigError::Invalid(vec![*problem]);
    let mut source = Source::parse(file.shown, file.text).map_err(refuse)?;
    for assignment in &options.set {
        overrides::apply(&mut source, assignment).map_err(refuse)?;
    }
    if let Some(seed) = options.seed {
        overrides::apply(&mut source, &format!("seed={seed}")).map_err(refuse)?;
    }
    let source = Arc::new(source);
    let problems = Problems::default();
    let context = Context { source: &source, problems: &problems };
    let spec = read(context, file, registry);
    let refused = problems.any_error();
    let found = problems.into_sorted();
    match spec {
        Some(spec) if !refused => {
            let warnings =
                found.into_iter().filter(|problem| problem.severity == Severity::Warning).collect();
            Ok(JobSpec { warnings, source, ..spec })
        }
        _ => Err(ConfigError::Invalid(found)),
    }
}

/// Reads every section even after a problem, so that all problems are told at once.
fn read(context: Context<'_>, file: &Text<'_>, registry: &Registry) -> Option<JobSpec> {
    let root_field = Field::root(context);
    let mut root = root_field.section()?;
    read_schema(&mut root);
    let name = root.get("name").and_then(|field| field.text()).unwrap_or(file.name).to_owned();
    root.record("name", name.as_str());
    let seed = MasterSeed(root.count_or("seed", DEFAULT_SEED, 0));
    let seeds = [("per_trial", EngineSeed::PerTrial), ("common", EngineSeed::Common)];
    let engine_seed = root.word_or_first("engine_seed", &seeds);

    let data_field = root.needed("data", "such as \"data\": \"EURUSD_M15.parquet\"");
    let data = data_field.and_then(|field| super::data::read(&field, &file.folder));
    if let Some((_, json)) = &data {
        root.record("data", json.clone());
    }
    let strategy_field = root.needed("strategy", "such as \"strategy\": \"ema_cross\"");
    let strategy = strategy_field.as_ref().and_then(|field| strategy::read(field, registry));
    let read = strategy.as_ref().zip(strategy_field.as_ref());
    let read = read.map(|(strategy, field)| read_space(&mut root, strategy, field));
    let (axes, space) = read.unwrap_or_else(|| {
        root.get("parameters");
        (Vec::new(), Space::new(Vec::new(), Vec::new()))
    });
    let space = Arc::new(read_constraints(&mut root, space));

    let objective = aims::read_objective(root.get("objective").as_ref());
    if let Some((_, json)) = &objective {
        root.record("objective", json.clone());
    }
    let (requirements, json) = aims::read_requirements(root.get("require").as_ref());
    root.record("require", json);
    let shape = Shape {
        dimensions: space.dimensions() as u64,
        finite: space.axes().iter().all(|axis| axis.levels.count().is_some()),
    };
    let sampler = recorded(&mut root, "sampler", |field| study::read_sampler(field, shape));
    let (budget, json) = study::read_budget(root.get("budget").as_ref());
    root.record("budget", json);
    let guarded = requirements.iter().any(|rule| rule.metric.key() == "max_drawdown");
    let pruning = recorded(&mut root, "pruning", |field| study::read_pruning(field, guarded));
    let validation = recorded(&mut root, "validation", validation::read);
    for (key, read) in [
        ("robustness", validation::read_robustness as fn(&Field<'_>) -> Option<Json>),
        ("selection", validation::read_selection),
    ] {
        root.optional(key, read, Json::clone);
    }
    let empty = empty_object();
    let absent = Field { node: &empty, ..root_field.clone() };
    let output = recorded(&mut root, "output", |field| study::read_output(field, &absent));
    let resolved: Map<String, Json> = root.finish();

    // A section that could not be read stands as its default here, so that the others are still compared; the file
    // is refused anyway.
    let strategy = strategy?;
    let mut data = data.map(|(data, _)| data).unwrap_or_default();
    data.typical_spread = strategy.engine.profile == Profile::Realistic;
    let spec = JobSpec {
        name,
        seed,
        engine_seed,
        base_dir: file.folder.clone(),
        data,
        strategy: StrategySpec { kind: strategy.kind?, runner: strategy.runner?, engine: strategy.engine },
        space,
        objective: objective.or_else(|| aims::read_objective(None))?.0,
        requirements,
        sampler: sampler?,
        budget,
        pruning: pruning.unwrap_or(Pruning::None),
        validation: validation.unwrap_or(Validation::None),
        output: output?,
        warnings: Vec::new(),
        resolved: resolved.into(),
        source: Arc::new(context.source.clone()),
    };
    check::across_sections(context, &Studied { spec: &spec, axes: &axes });
    Some(spec)
}

fn read_schema(root: &mut Section<'_>) {
    if let Some(field) = root.get("schema") {
        let family = SCHEMA.rsplit_once('/').map_or(SCHEMA, |(family, _)| family);
        let text = field.text();
        if text.is_some_and(|text| text != SCHEMA) {
            let newer = text.is_some_and(|text| text.starts_with(family));
            let remedy = if newer {
                "a newer program reads this file"
            } else {
                "this is not a sweep file of this program"
            };
            field.wrong_with(&format!("\"{SCHEMA}\""), Some(remedy.to_owned()));
        }
    }
    root.record("schema", SCHEMA);
}

fn recorded<'a, T>(
    root: &mut Section<'a>,
    key: &'static str,
    read: impl FnOnce(Option<&Field<'a>>) -> Option<(T, Json)>,
) -> Option<T> {
    let (value, json) = read(root.get(key).as_ref())?;
    root.record(key, json);
    Some(value)
}

/// The axes with their entries, and the space without constraints.
fn read_space<'a>(
    root: &mut Section<'a>,
    strategy: &strategy::StrategyReading,
    field: &Field<'a>,
) -> (Vec<ReadAxis<'a>>, Space) {
    let (read, json) = parameters::read(root, strategy);
    let axes: Vec<Axis> = read.iter().map(|axis| axis.axis.clone()).collect();
    let searched: Vec<Arc<str>> = axes.iter().map(|axis| axis.name.clone()).collect();
    let base = strategy.complete_base(&searched, field);
    root.record("strategy", strategy.resolved(&base, &searched));
    root.record("parameters", json);
    (read, Space::new(axes, base))
}

fn read_constraints(root: &mut Section<'_>, space: Space) -> Space {
    let items = root.get("constraints").and_then(|field| field.list()).unwrap_or_default();
    let mut constraints = Vec::new();
    for item in &items {
        let Some(text) = item.text() else { continue };
        match Constraint::parse(text, |name| space.slot_of(name)) {
            Ok(constraint) => constraints.push(constraint),
            Err(error) => {
                let near = error
                    .unknown_name
                    .as_deref()
                    .and_then(|name| super::section::closest(name, space.names().iter().map(AsRef::as_ref)));
                let suggestion = near.map(|name| format!("did you mean `{name}`?"));
                item.report(item.problem("E110", error.to_string()).suggest(suggestion));
            }
        }
    }
    let texts: Vec<&str> = constraints.iter().map(Constraint::text).collect();
    root.record("constraints", texts);
    space.with_constraints(constraints)
}
