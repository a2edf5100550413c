//! `sampler`, `budget`, `pruning`, `output`: how a study runs and what it leaves behind.

use serde_json::{Map, Value as Json};

use super::section::{Bounds, Field, Section, number_json};
use super::source::Value;
use super::spec::{Budget, DailyReturnsOf, Output, Pruning, ReportForm, Resource, SamplerSpec};
use super::unbuilt;
use crate::search::GridOrder;

/// What the defaults of a sampler depend on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Searched parameters.
    pub(super) dimensions: u64,
    /// Whether every parameter has levels.
    pub(super) finite: bool,
}

#[derive(Clone, Copy)]
enum SamplerKind {
    Grid,
    Random,
    Sobol,
    Lhs,
    Tpe,
    CmaEs,
    Nsga2,
    Local,
}

const SAMPLERS: [(&str, SamplerKind); 8] = [
    ("grid", SamplerKind::Grid),
    ("random", SamplerKind::Random),
    ("sobol", SamplerKind::Sobol),
    ("lhs", SamplerKind::Lhs),
    ("tpe", SamplerKind::Tpe),
    ("cma_es", SamplerKind::CmaEs),
    ("nsga2", SamplerKind::Nsga2),
    ("local", SamplerKind::Local),
];

/// Reads `sampler`; the default is a lexicographic grid.
pub(super) fn read_sampler(field: Option<&Field<'_>>, shape: Shape) -> Option<(SamplerSpec, Json)> {
    let Some(field) = field else {
        let pairs = [("kind", "grid"), ("order", "lexicographic")];
        let json = pairs.into_iter().map(|(k, v)| (k.to_owned(), Json::from(v))).collect::<Map<_, _>>();
        return Some((SamplerSpec::Grid { order: GridOrder::Lexicographic }, json.into()));
    };
    let mut section = field.section()?;
    let kind = read_kind(&mut section, &SAMPLERS)?;
    let sampler = read_sampler_of(kind, &mut section, shape);
    let json = section.finish();
    Some((sampler?, json.into()))
}

fn read_kind<T: Copy>(section: &mut Section<'_>, kinds: &[(&'static str, T)]) -> Option<T> {
    let names: Vec<&str> = kinds.iter().map(|(name, _)| *name).collect();
    let field = section.needed("kind", &format!("one of {}", names.join(", ")))?;
    let kind = field.word(kinds)?;
    section.record("kind", field.node.to_param().to_json());
    Some(kind)
}

fn read_sampler_of(kind: SamplerKind, section: &mut Section<'_>, shape: Shape) -> Option<SamplerSpec> {
    Some(match kind {
        SamplerKind::Grid => SamplerSpec::Grid {
            order: section.word_or_first(
                "order",
                &[
                    ("lexicographic", GridOrder::Lexicographic),
                    ("shuffled", GridOrder::Shuffled),
                    ("coarse_to_fine", GridOrder::CoarseToFine),
                ],
            ),
        },
        SamplerKind::Random => {
            let trials = needed_trials(section);
            let distinct = section.flag_or("distinct", shape.finite);
            SamplerSpec::Random { trials: trials?, distinct }
        }
        SamplerKind::Sobol => {
            let trials = needed_trials(section);
            let shift = section.flag_or("shift", true);
            SamplerSpec::Sobol { trials: trials?, shift }
        }
        SamplerKind::Lhs => SamplerSpec::Lhs { trials: needed_trials(section)? },
        SamplerKind::Tpe => {
            let trials = needed_trials(section);
            let batch = section.count_or("batch", 16, 1);
            let startup = section.count_or("startup", 20.max(2 * shape.dimensions), 1);
            let gamma = section.number_or("gamma", 0.15, Bounds::INNER_SHARE);
            let candidates = section.count_or("candidates", 24, 1);
            let multivariate = section.flag_or("multivariate", true);
            SamplerSpec::Tpe { trials: trials?, batch, startup, gamma, candidates, multivariate }
        }
        SamplerKind::CmaEs => cma_es(section, shape)?,
        SamplerKind::Nsga2 => nsga2(section, shape)?,
        SamplerKind::Local => local(section)?,
    })
}

fn needed_trials(section: &mut Section<'_>) -> Option<u64> {
    let trials =
        section.needed("trials", "how many parameter sets to try, such as \"trials\": 1000")?.count(1)?;
    section.record("trials", trials);
    Some(trials)
}

fn optional_count(section: &mut Section<'_>, key: &'static str, min: u64) -> Option<u64> {
    section.optional(key, |field| field.count(min), |count| (*count).into())
}

fn cma_es(section: &mut Section<'_>, shape: Shape) -> Option<SamplerSpec> {
    let trials = optional_count(section, "trials", 1);
    let generations = optional_count(section, "generations", 1);
    if !section.has("trials") && !section.has("generations") {
        section.missing("trials", "cma_es ends after `trials` or `generations`: give one of them");
    }
    // 4 + floor(3 ln d), Hansen 2016.
    let spread = (3.0 * crate::types::math::ln(shape.dimensions.max(1) as f64)).floor();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number from 0 on")]
    let population = section.count_or("population", 4 + spread as u64, 4);
    let sigma = section.number_or("sigma", 0.3, Bounds::POSITIVE);
    let restarts = section.get("restarts");
    let ipop = restarts.as_ref().and_then(|field| match field.as_number() {
        Some(number) if number.value == 0.0 => Some(false),
        Some(_) => {
            field.wrong("\"ipop\" or 0");
            None
        }
        None => field.word(&[("ipop", true)]),
    });
    let ipop = ipop.unwrap_or(false);
    section.record("restarts", if ipop { Json::from("ipop") } else { Json::from(0) });
    (trials.is_some() || generations.is_some()).then_some(SamplerSpec::CmaEs {
        trials,
        generations,
        population,
        sigma,
        ipop,
    })
}

fn nsga2(section: &mut Section<'_>, shape: Shape) -> Option<SamplerSpec> {
    let population = section.get("population").map_or(Some(64), |field| {
        let count = field.count(4).filter(|count| count % 4 == 0);
        if count.is_none() && field.as_number().is_some_and(|number| number.value >= 4.0) {
            field.wrong("a multiple of 4");
        }
        count
    });
    section.record("population", population.unwrap_or(64));
    let generations = optional_count(section, "generations", 1);
    if !section.has("generations") {
        section.missing("generations", "how many generations to run, such as \"generations\": 50");
    }
    let crossover = section.number_or("crossover", 0.9, Bounds::SHARE);
    let mutation = section.number_or("mutation", 1.0 / shape.dimensions.max(1) as f64, Bounds::SHARE);
    Some(SamplerSpec::Nsga2 { population: population?, generations: generations?, crossover, mutation })
}

fn local(section: &mut Section<'_>) -> Option<SamplerSpec> {
    let start = section.needed("start", "the parameters to start from, or \"best\" of the run `study`")?;
    let start_json = start.node.to_param().to_json();
    section.record("start", start_json.clone());
    let is_set = matches!(start.node.value, Value::Object(_));
    if !is_set {
        start.word(&[("best", ())])?;
    }
    let start = is_set.then_some(start_json);
    let study =
        section.optional("study", |field| field.text().map(str::to_owned), |study| study.as_str().into());
    if start.is_none() && study.is_none() {
        section.missing("study", "\"start\": \"best\" needs the run folder in `study`");
    }
    let radius = optional_count(section, "radius", 1);
    if !section.has("radius") {
        section.missing("radius", "most level steps away from the start");
    }
    let trials = optional_count(section, "trials", 1);
    Some(SamplerSpec::Local { start, study, radius: radius?, trials })
}

/// Reads `budget`.
pub(super) fn read_budget(field: Option<&Field<'_>>) -> (Budget, Json) {
    let Some(mut section) = field.and_then(Field::section) else {
        return (Budget::default(), Map::new().into());
    };
    let budget = Budget {
        max_trials: optional_count(&mut section, "max_trials", 1),
        max_wall_seconds: section.optional(
            "max_wall",
            |field| field.parsed("a time such as 90s, 30m, 2h or 1d", seconds),
            |seconds| format!("{seconds}s").into(),
        ),
        max_bars: optional_count(&mut section, "max_bars", 1),
        target: section.optional("target", |field| field.number(Bounds::ANY), |target| number_json(*target)),
    };
    (budget, section.finish().into())
}

/// Seconds of `90s`, `30m` or `30min`, `2h`, `1d`; `None` for anything else.
pub fn seconds(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let unit = match unit {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

/// Reads `pruning`; without it a requirement on the drawdown switches `guard` on.
pub(super) fn read_pruning(field: Option<&Field<'_>>, guarded: bool) -> Option<(Pruning, Json)> {
    let Some(field) = field else {
        if guarded && !unbuilt::is_missing("/pruning/kind", "guard") {
            let json =
                Map::from_iter([("kind".to_owned(), Json::from("guard")), ("ruin".to_owned(), 0.into())]);
            return Some((Pruning::Guard { ruin: 0.0 }, json.into()));
        }
        return Some((Pruning::None, Map::from_iter([("kind".to_owned(), Json::from("none"))]).into()));
    };
    let mut section = field.section()?;
    let kinds = [("none", 0), ("guard", 1), ("halving", 2), ("hyperband", 3), ("median", 4)];
    let pruning = match read_kind(&mut section, &kinds)? {
        0 => Some(Pruning::None),
        1 => Some(Pruning::Guard { ruin: section.number_or("ruin", 0.0, Bounds::SHARE) }),
        2 => Some(Pruning::Halving {
            eta: section.count_or("eta", 3, 2),
            resource: read_resource(&mut section),
            min_resource: section.number_or("min_resource", 1.0, Bounds::POSITIVE),
        }),
        3 => Some(Pruning::Hyperband {
            eta: section.count_or("eta", 3, 2),
            resource: read_resource(&mut section),
            max_resource: section.count_or("max_resource", 81, 1),
        }),
        _ => {
            let rungs = section.get("rungs").map_or(Some(vec![0.25, 0.5, 0.75]), |field| read_rungs(&field));
            let rungs = rungs.unwrap_or_default();
            section.record("rungs", rungs.iter().copied().map(number_json).collect::<Vec<_>>());
            Some(Pruning::Median { rungs })
        }
    };
    let json = section.finish();
    Some((pruning?, json.into()))
}

fn read_resource(section: &mut Section<'_>) -> Resource {
    section.word_or_first("resource", &[("bars", Resource::Bars), ("folds", Resource::Folds)])
}

fn read_rungs(field: &Field<'_>) -> Option<Vec<f64>> {
    let rungs: Vec<f64> =
        field.list()?.iter().map(|rung| rung.number(Bounds::POSITIVE_SHARE)).collect::<Option<_>>()?;
    if rungs.windows(2).any(|pair| pair[0] >= pair[1]) {
        field.wrong("shares of the bars in ascending order");
        return None;
    }
    Some(rungs)
}

/// Reads `output`; an absent section takes every default.
pub(super) fn read_output(field: Option<&Field<'_>>, empty: &Field<'_>) -> Option<(Output, Json)> {
    let mut section = field.unwrap_or(empty).section()?;
    let dir = section.optional("dir", |field| field.text().map(str::to_owned), |dir| dir.as_str().into());
    let row_count = |section: &mut Section<'_>, key, default: u64, min| {
        usize::try_from(section.count_or(key, default, min)).unwrap_or(usize::MAX)
    };
    let output = Output {
        dir: dir.map(Into::into),
        keep_best: row_count(&mut section, "keep_best", 100, 1),
        keep_trades: row_count(&mut section, "keep_trades", 10, 0),
        daily_returns: section.word_or_first(
            "daily_returns",
            &[
                ("none", DailyReturnsOf::None),
                ("best", DailyReturnsOf::Best),
                ("sample", DailyReturnsOf::Sample),
                ("all", DailyReturnsOf::All),
            ],
        ),
        report: read_report(&mut section),
        chunk_trials: optional_count(&mut section, "chunk_trials", 1),
    };
    Some((output, section.finish().into()))
}

/// The default is the first form that is built.
fn read_report(section: &mut Section<'_>) -> ReportForm {
    let mut forms = [("html", ReportForm::Html), ("text", ReportForm::Text), ("none", ReportForm::None)];
    forms.sort_by_key(|(word, _)| unbuilt::is_missing("/output/report", word));
    section.word_or_first("report", &forms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_a_budget_are_read() {
        assert_eq!(
            ["90s", "30m", "30min", "2h", "1d"].map(seconds),
            [Some(90), Some(1800), Some(1800), Some(7200), Some(86_400)]
        );
        assert_eq!(["", "5", "h", "1.5h", "-1s", "99999999999999999999s"].map(seconds), [None; 6]);
    }
}
