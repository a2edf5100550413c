//! `validation`: folds, walk-forward windows, cross-validation; and `robustness` and `selection`, which follow it.

use serde_json::{Map, Value as Json};

use super::aims;
use super::section::{Bounds, Field, Section, number_json};
use super::source::Value;
use super::spec::Validation;
use crate::search::objective::Requirement;
use crate::types::Span;
use crate::walkforward::settings::{
    AtWindowEnd, Choose, FinalWindow, MatrixSettings, Stitch, WalkForwardSettings, WindowMode,
};

const SPAN_FORM: &str = "a length of time such as 500bars, 10d, 2w, 18m or 5y";

/// Reads `validation`; the default is none.
pub(super) fn read(field: Option<&Field<'_>>) -> Option<(Validation, Json)> {
    let Some(field) = field else {
        return Some((Validation::None, Map::from_iter([("kind".to_owned(), Json::from("none"))]).into()));
    };
    let mut section = field.section()?;
    let Some(kind) = section.get("kind") else {
        section.missing("kind", "one of none, folds, walk_forward, cpcv");
        return None;
    };
    let word = kind.word(&[("none", 0), ("folds", 1), ("walk_forward", 2), ("cpcv", 3)])?;
    section.record("kind", kind.node.to_param().to_json());
    let validation = match word {
        0 => Some(Validation::None),
        1 => {
            if !section.has("folds") {
                section.missing("folds", "how many folds, at least 2");
            }
            let folds = section.optional("folds", |field| field.count(2), |folds| (*folds).into());
            let purge_bars = section.count_or("purge_bars", 0, 0);
            folds.map(|folds| Validation::Folds { folds, purge_bars })
        }
        2 => walk_forward(&mut section).map(Validation::WalkForward),
        _ => cpcv(&mut section),
    };
    let json = section.finish();
    Some((validation?, json.into()))
}

fn cpcv(section: &mut Section<'_>) -> Option<Validation> {
    let groups = section.count_or("groups", 8, 3);
    let test_groups = section.count_or("test_groups", 2, 1);
    if test_groups >= groups {
        let field = &section.field;
        let message = format!("`test_groups` must be below `groups`, got {test_groups} of {groups}");
        field.report(field.problem("E102", message));
        return None;
    }
    let purge_bars = section.count_or("purge_bars", 0, 0);
    let embargo_bars = section.count_or("embargo_bars", 0, 0);
    let min_range_bars = section.optional("min_range_bars", |field| field.count(1), |bars| (*bars).into());
    Some(Validation::Cpcv { groups, test_groups, purge_bars, embargo_bars, min_range_bars })
}

fn span(field: &Field<'_>) -> Option<Span> {
    field.parsed(SPAN_FORM, |text| text.parse().ok())
}

fn span_or(
    section: &mut Section<'_>,
    key: &'static str,
    default: Span,
    read: fn(&Field<'_>) -> Option<Span>,
) -> Span {
    let value = section.get(key).and_then(|field| read(&field)).unwrap_or(default);
    section.record(key, value.to_string());
    value
}

/// Words of an enumeration, the default first.
fn words<T: Copy>(all: &'static [T], word: fn(T) -> &'static str) -> Vec<(&'static str, T)> {
    all.iter().map(|value| (word(*value), *value)).collect()
}

fn walk_forward(section: &mut Section<'_>) -> Option<WalkForwardSettings> {
    let mode = section.word_or_first("mode", &words(WindowMode::ALL, WindowMode::as_str));
    let mut needed = |key: &'static str| {
        if !section.has(key) {
            section.missing(key, "a length of time such as 18m");
        }
        section.optional(key, |field| positive_span(field), |span| span.to_string().into())
    };
    let (train, test) = (needed("train"), needed("test"));
    let step = span_or(section, "step", test.unwrap_or(Span::Bars(1)), positive_span);
    let purge = span_or(section, "purge", Span::Bars(0), span);
    let final_window = section.word_or_first("final", &words(FinalWindow::ALL, FinalWindow::as_str));
    let inner_folds = section.get("inner_folds").map_or(Some(1), |field| field.small_count(1)).unwrap_or(1);
    section.record("inner_folds", inner_folds);
    let settings = WalkForwardSettings {
        mode,
        train: train?,
        test: test?,
        step,
        purge,
        final_window,
        inner_folds,
        choose: section.word_or_first("choose", &words(Choose::ALL, Choose::as_str)),
        stitch: section.word_or_first("stitch", &words(Stitch::ALL, Stitch::as_str)),
        at_window_end: section.word_or_first("at_window_end", &words(AtWindowEnd::ALL, AtWindowEnd::as_str)),
        matrix: section.get("matrix").and_then(|field| matrix(section, &field)),
    };
    Some(settings)
}

fn positive_span(field: &Field<'_>) -> Option<Span> {
    let span = span(field)?;
    if span.is_zero() {
        field.report(field.problem("E103", format!("`{}` is {span}: nothing lies in it", field.path.name())));
        return None;
    }
    Some(span)
}

fn matrix(parent: &mut Section<'_>, field: &Field<'_>) -> Option<MatrixSettings> {
    let mut section = field.section()?;
    let mut spans = |key: &'static str| {
        if !section.has(key) {
            section.missing(key, "a list of lengths, such as [\"12m\", \"18m\"]");
        }
        let list = section.get(key)?;
        let spans: Vec<Span> = list.list()?.iter().map(positive_span).collect::<Option<_>>()?;
        if spans.is_empty() {
            list.wrong("a list of at least one length of time");
        }
        section.record(key, spans.iter().map(ToString::to_string).collect::<Vec<_>>());
        Some(spans)
    };
    let (train, test) = (spans("train"), spans("test"));
    let threshold = section.number_or("threshold", 0.0, Bounds::ANY);
    parent.record("matrix", section.finish());
    Some(MatrixSettings { train: train?, test: test?, threshold })
}

/// Checks `robustness` and returns it with its defaults.
pub(super) fn read_robustness(field: &Field<'_>) -> Option<Json> {
    let mut section = field.section()?;
    section.word_or_first("formula", &[("strict", ()), ("omega_v1", ())]);
    section.count_or("shortlist", 20, 1);
    part(&mut section, "parameter_jitter", |part| {
        part.count_or("repeats", 32, 1);
        part.count_or("steps", 1, 1);
        part.optional("fraction", |field| field.number(Bounds::NOT_NEGATIVE), |n| number_json(*n));
        part.optional("only", names, |names| names.clone().into());
    });
    part(&mut section, "data_jitter", |part| {
        part.count_or("repeats", 16, 1);
        part.number_or("sigma_atr", 0.1, Bounds::NOT_NEGATIVE);
        part.count_or("atr_period", 14, 1);
        part.word_or_first("mode", &[("gaussian", ()), ("alternating", ())]);
    });
    if let Some(field) = section.get("cost_shock") {
        if let Value::List(_) = field.node.value {
            let factors = positive_numbers(&field).unwrap_or_default();
            section.record("cost_shock", factors);
        } else {
            part(&mut section, "cost_shock", |part| {
                if !part.has("factors") {
                    part.missing("factors", "a list such as [1.25, 1.5, 2.0]");
                }
                part.optional("factors", positive_numbers, |factors| factors.clone().into());
                part.flag_or("spread", false);
            });
        }
    }
    section.optional("timing_shift", counts, |shifts| shifts.clone().into());
    part(&mut section, "trade_dropout", |part| {
        part.number_or("fraction", 0.1, Bounds::POSITIVE_SHARE);
        part.count_or("repeats", 200, 1);
    });
    section.flag_or("tp_sl_stress", false);
    section.flag_or("start_offset", false);
    Some(section.finish().into())
}

/// Reads an object below a section when it is there, and records it.
fn part(section: &mut Section<'_>, key: &'static str, read: impl FnOnce(&mut Section<'_>)) {
    let Some(mut part) = section.get(key).and_then(|field| field.section()) else { return };
    read(&mut part);
    section.record(key, part.finish());
}

fn positive_numbers(field: &Field<'_>) -> Option<Vec<Json>> {
    field.list()?.iter().map(|item| item.number(Bounds::POSITIVE).map(number_json)).collect()
}

fn counts(field: &Field<'_>) -> Option<Vec<Json>> {
    field.list()?.iter().map(|item| item.count(1).map(Json::from)).collect()
}

fn names(field: &Field<'_>) -> Option<Vec<Json>> {
    field.list()?.iter().map(|item| item.text().map(Json::from)).collect()
}

/// Checks `selection` and returns it with its defaults. Gates may name statistics of the study besides metrics.
pub(super) fn read_selection(field: &Field<'_>) -> Option<Json> {
    let mut section = field.section()?;
    let gates = section.get("gates").and_then(|field| field.list()).unwrap_or_default();
    let gates: Vec<Json> = gates.iter().filter_map(gate).collect();
    section.record("gates", gates);
    section.count_or("finalists", 3, 1);
    section.optional("weights", weights, |weights| weights.clone().into());
    section.flag_or("open_holdout", false);
    Some(section.finish().into())
}

/// Statistics of a study, a shortlist or a walk-forward that a gate may ask for besides metrics.
const GATE_NAMES: [&str; 14] = [
    "pbo",
    "dsr",
    "psr",
    "spa_p",
    "wfe",
    "oos_coverage",
    "plateau_score",
    "plateau_worst",
    "parameter_jitter",
    "data_jitter",
    "cost_shock",
    "timing_shift",
    "trade_dropout",
    "stability",
];

fn gate(field: &Field<'_>) -> Option<Json> {
    let text = field.text()?;
    let is_statistic = Requirement::split(text).is_some_and(|(name, _, _)| GATE_NAMES.contains(&name));
    if !is_statistic {
        aims::read_rule(field)?;
    }
    Some(text.into())
}

fn weights(field: &Field<'_>) -> Option<Map<String, Json>> {
    let weight = |(entry, field): (&super::source::Entry, Field<'_>)| {
        Some((entry.key.clone(), number_json(field.number(Bounds::NOT_NEGATIVE)?)))
    };
    field.named()?.into_iter().map(weight).collect()
}
