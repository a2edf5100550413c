//! `objective` and `require`.

use serde_json::{Map, Value as Json};

use super::section::{Bounds, Field, Section, number_json};
use super::source::Value;
use crate::metrics::{Goal, MetricId};
use crate::search::objective::{Across, Aim, Objective, Relation, Requirement, Scale, Term, Weighted};

/// The objective of a file that names none.
const DEFAULT_METRIC: &str = "sharpe_equity_daily";
/// Tie-breaks of a file that names none.
const DEFAULT_TIE_BREAK: [&str; 2] = ["max_drawdown", "total_trades"];
const METRIC_REMEDY: &str = "name a metric: `omega-sweep metrics`";
const GOALS: [(&str, Goal); 2] = [("max", Goal::Max), ("min", Goal::Min)];

/// Reads `objective`; `None` only after a report.
pub(super) fn read_objective(field: Option<&Field<'_>>) -> Option<(Objective, Json)> {
    let Some(field) = field else {
        let metric = MetricId::from_key(DEFAULT_METRIC)?;
        let mut map = Map::new();
        let term = Term { metric, goal: metric.def().goal, across: Across::Mean };
        record_term(&mut map, &term);
        let tie_break = default_tie_break();
        map.insert("tie_break".to_owned(), ties_json(&tie_break));
        return Some((Objective { aim: Aim::Single(term), tie_break }, map.into()));
    };
    let mut section = field.section()?;
    let given: Vec<&str> =
        ["metric", "weighted", "pareto"].into_iter().filter(|key| section.has(key)).collect();
    let aim = match given[..] {
        ["metric"] => {
            for key in ["weight", "scale"] {
                if let Some(field) = section.get(key) {
                    let message = format!("`{key}` has a meaning only inside `weighted`");
                    field.report(field.problem("E102", message).suggest(format!("remove `{key}`")));
                }
            }
            read_term(&mut section).map(Aim::Single)
        }
        ["weighted"] => read_weighted(&mut section).map(Aim::Weighted),
        ["pareto"] => read_pareto(&mut section),
        _ => {
            let message = "an objective needs exactly one of `metric`, `weighted` and `pareto`";
            field.report(
                field
                    .problem("E102", message)
                    .suggest(format!("such as {{\"metric\": \"{DEFAULT_METRIC}\"}}")),
            );
            for key in
                ["metric", "goal", "across", "lambda", "weighted", "pareto", "reference", "weight", "scale"]
            {
                section.get(key);
            }
            None
        }
    };
    let given = section.get("tie_break");
    let tie_break = given.map_or_else(default_tie_break, |field| read_tie_break(&field));
    section.record("tie_break", ties_json(&tie_break));
    Some((Objective { aim: aim?, tie_break }, section.finish().into()))
}

/// `metric`, `goal`, `across`, `lambda` of an object.
fn read_term(section: &mut Section<'_>) -> Option<Term> {
    let metric = section.needed("metric", METRIC_REMEDY).and_then(|field| read_metric(&field));
    let goal = section.get("goal").map(|field| field.word(&GOALS));
    let lambda = section.get("lambda");
    let words = [
        ("mean", Across::Mean),
        ("median", Across::Median),
        ("min", Across::Worst),
        ("mean_minus_sd", Across::MeanMinusSd { lambda: 1.0 }),
    ];
    let mut across = section.get("across").and_then(|field| field.word(&words)).unwrap_or_default();
    if let (Some(lambda), Across::MeanMinusSd { lambda: weight }) = (&lambda, &mut across) {
        *weight = lambda.number(Bounds::ANY).unwrap_or(1.0);
    } else if let Some(lambda) = lambda {
        let message = "`lambda` has a meaning only with \"across\": \"mean_minus_sd\"";
        lambda.report(lambda.problem("E102", message).suggest("remove `lambda`".to_owned()));
    }
    let metric = metric?;
    let goal = match goal {
        Some(goal) => goal?,
        None if metric.def().goal == Goal::None => {
            let suggestion =
                format!("`{metric}` is neither good nor bad by itself: write \"goal\": \"max\" or \"min\"");
            section.missing("goal", &suggestion);
            return None;
        }
        None => metric.def().goal,
    };
    let term = Term { metric, goal, across };
    let mut map = Map::new();
    record_term(&mut map, &term);
    for (key, value) in map {
        section.record(&key, value);
    }
    Some(term)
}

fn record_term(map: &mut Map<String, Json>, term: &Term) {
    map.insert("metric".to_owned(), term.metric.key().into());
    map.insert("goal".to_owned(), term.goal.as_str().into());
    let (across, lambda) = match term.across {
        Across::Mean => ("mean", None),
        Across::Median => ("median", None),
        Across::Worst => ("min", None),
        Across::MeanMinusSd { lambda } => ("mean_minus_sd", Some(lambda)),
    };
    map.insert("across".to_owned(), across.into());
    if let Some(lambda) = lambda {
        map.insert("lambda".to_owned(), number_json(lambda));
    }
}

fn read_metric(field: &Field<'_>) -> Option<MetricId> {
    let name = field.text()?;
    find_metric(field, name)
}

fn find_metric(field: &Field<'_>, name: &str) -> Option<MetricId> {
    let metric = MetricId::from_key(name);
    if metric.is_none() {
        let suggestion = match MetricId::closest(name) {
            Some(key) => format!("did you mean `{key}`?   (all: omega-sweep metrics)"),
            None => "all metrics: omega-sweep metrics".to_owned(),
        };
        field.report(field.problem("E120", format!("unknown metric `{name}`")).suggest(suggestion));
    }
    metric
}

fn read_weighted(section: &mut Section<'_>) -> Option<Vec<Weighted>> {
    let field = section.get("weighted")?;
    let items = field.list()?;
    if items.is_empty() {
        field.wrong("a list of at least one term");
        return None;
    }
    let (terms, json): (Vec<Weighted>, Vec<Json>) = items.iter().filter_map(read_weighted_term).unzip();
    section.record("weighted", json);
    (terms.len() == items.len()).then_some(terms)
}

fn read_weighted_term(field: &Field<'_>) -> Option<(Weighted, Json)> {
    let mut section = field.section()?;
    let term = read_term(&mut section);
    let weight =
        section.needed("weight", "a number above zero").and_then(|field| field.number(Bounds::POSITIVE));
    let scale = section.get("scale").map_or(Some(Scale::Squash), |scale| read_scale(&scale));
    section.record("weight", weight.map_or(Json::Null, number_json));
    section.record("scale", scale.map_or(Json::Null, scale_json));
    let json = section.finish();
    Some((Weighted { term: term?, weight: weight?, scale: scale? }, json.into()))
}

fn read_scale(field: &Field<'_>) -> Option<Scale> {
    if !matches!(field.node.value, Value::Object(_)) {
        return field.word(&[("squash", Scale::Squash), ("rank", Scale::Rank)]);
    }
    let mut section = field.section()?;
    let linear = section.needed("linear", "such as \"linear\": [0, 1]")?;
    section.finish();
    let ends: Vec<f64> = linear.list()?.iter().map(|end| end.number(Bounds::ANY)).collect::<Option<_>>()?;
    match ends[..] {
        [low, high] if low < high => Some(Scale::Linear { low, high }),
        _ => {
            linear.wrong("two numbers, the first below the second");
            None
        }
    }
}

fn scale_json(scale: Scale) -> Json {
    match scale {
        Scale::Squash => "squash".into(),
        Scale::Rank => "rank".into(),
        Scale::Linear { low, high } => {
            let ends = Json::Array(vec![number_json(low), number_json(high)]);
            Map::from_iter([("linear".to_owned(), ends)]).into()
        }
    }
}

fn read_pareto(section: &mut Section<'_>) -> Option<Aim> {
    let field = section.get("pareto")?;
    let items = field.list()?;
    if !(2..=6).contains(&items.len()) {
        field.wrong("a list of 2 to 6 terms");
        return None;
    }
    let read = |item: &Field<'_>| {
        let mut section = item.section()?;
        let term = read_term(&mut section);
        for key in ["weight", "scale"] {
            if let Some(field) = section.get(key) {
                let message = format!("`{key}` has a meaning only inside `weighted`");
                field.report(field.problem("E102", message).suggest(format!("remove `{key}`")));
            }
        }
        Some((term?, Json::from(section.finish())))
    };
    let (terms, json): (Vec<Term>, Vec<Json>) = items.iter().filter_map(read).unzip();
    section.record("pareto", json);
    let reference = section.get("reference").and_then(|reference| {
        let point: Vec<f64> =
            reference.list()?.iter().map(|n| n.number(Bounds::ANY)).collect::<Option<_>>()?;
        if point.len() != items.len() {
            reference.wrong(&format!("a list of {} numbers, one per objective", items.len()));
            return None;
        }
        Some(point)
    });
    if let Some(point) = &reference {
        section.record("reference", point.iter().copied().map(number_json).collect::<Vec<_>>());
    }
    (terms.len() == items.len()).then_some(Aim::Pareto { terms, reference })
}

fn default_tie_break() -> Vec<Term> {
    let known = DEFAULT_TIE_BREAK.into_iter().filter_map(MetricId::from_key);
    known.map(|metric| Term { metric, goal: metric.def().goal, across: Across::Mean }).collect()
}

fn ties_json(terms: &[Term]) -> Json {
    terms.iter().map(tie_json).collect()
}

fn tie_json(term: &Term) -> Json {
    let pairs = [("metric", term.metric.key()), ("goal", term.goal.as_str())];
    pairs.into_iter().map(|(key, word)| (key.to_owned(), Json::from(word))).collect::<Map<_, _>>().into()
}

fn read_tie_break(field: &Field<'_>) -> Vec<Term> {
    field.list().unwrap_or_default().iter().filter_map(read_tie).collect()
}

fn read_tie(field: &Field<'_>) -> Option<Term> {
    let Value::Object(_) = field.node.value else { return tie_term(field, read_metric(field)?, None) };
    let mut section = field.section()?;
    let metric = section.needed("metric", METRIC_REMEDY).and_then(|field| read_metric(&field));
    let goal = section.get("goal").and_then(|field| field.word(&GOALS));
    section.finish();
    tie_term(field, metric?, goal)
}

fn tie_term(field: &Field<'_>, metric: MetricId, goal: Option<Goal>) -> Option<Term> {
    let goal = goal.unwrap_or(metric.def().goal);
    if goal == Goal::None {
        let message = format!("`{metric}` is neither good nor bad by itself: a goal is missing");
        let suggestion = format!("write {{\"metric\": \"{metric}\", \"goal\": \"max\"}} or \"min\"");
        field.report(field.problem("E102", message).suggest(suggestion));
        return None;
    }
    Some(Term { metric, goal, across: Across::Mean })
}

/// Reads `require`.
pub(super) fn read_requirements(field: Option<&Field<'_>>) -> (Vec<Requirement>, Json) {
    let items = field.and_then(Field::list).unwrap_or_default();
    let rules: Vec<Requirement> = items.iter().filter_map(read_requirement).collect();
    let json = rules.iter().map(requirement_json).collect::<Vec<_>>().into();
    (rules, json)
}

fn read_requirement(field: &Field<'_>) -> Option<Requirement> {
    let (rule, each) = if let Value::Object(_) = field.node.value {
        let mut section = field.section()?;
        let rule = section.needed("rule", "such as \"rule\": \"total_trades >= 10\"");
        let each = section.flag_or("each", false);
        section.finish();
        (rule?, each)
    } else {
        (field.clone(), false)
    };
    let (metric, relation, bound) = read_rule(&rule)?;
    Some(Requirement { metric, relation, bound, each })
}

/// `metric op number`.
pub(super) fn read_rule(field: &Field<'_>) -> Option<(MetricId, Relation, f64)> {
    let (name, relation, bound) = field
        .parsed("`metric op number`, such as \"total_trades >= 100\"", |text| {
            Requirement::split(text).map(|(name, relation, bound)| (name.to_owned(), relation, bound))
        })?;
    Some((find_metric(field, &name)?, relation, bound))
}

fn requirement_json(rule: &Requirement) -> Json {
    if !rule.each {
        return rule.to_string().into();
    }
    Map::from_iter([("rule".to_owned(), Json::from(rule.to_string())), ("each".to_owned(), true.into())])
        .into()
}
