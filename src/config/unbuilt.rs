//! What a sweep file may ask for and this version cannot do yet: one list, so that a feature is switched on by
//! deleting its lines. Such files are checked like all others and refused by name before anything runs.

use serde_json::Value as Json;

use super::error::ConfigProblem;
use super::section::{Path, place_of};
use super::spec::JobSpec;

/// A feature that is missing.
struct Unbuilt {
    /// Where the resolved file asks for it; `*` stands for every item of a list.
    pointer: &'static str,
    /// Which values ask for it.
    when: When,
    /// What is missing, in words.
    what: &'static str,
    /// What to do instead.
    instead: &'static str,
}

#[derive(Clone, Copy)]
enum When {
    /// The word.
    Is(&'static str),
    /// Any value but null, false and an empty list.
    Given,
    /// A number above this one.
    Above(u64),
}

const fn missing(pointer: &'static str, when: When, what: &'static str, instead: &'static str) -> Unbuilt {
    Unbuilt { pointer, when, what, instead }
}

const OTHER_SAMPLER: &str = "use grid, random, sobol or lhs";
const NO_PRUNING: &str = "use \"pruning\": {\"kind\": \"none\"}";
const PLAIN_WALK_FORWARD: &str = "use \"kind\": \"walk_forward\"";

const ALL_OR_NONE: &str = "use \"all\" or \"none\"";
const NO_REPORT: &str = "leave `report` out: the closing screen says the same";

const UNBUILT: &[Unbuilt] = &[
    missing("/sampler/kind", When::Is("tpe"), "the sampler tpe", OTHER_SAMPLER),
    missing("/sampler/kind", When::Is("cma_es"), "the sampler cma_es", OTHER_SAMPLER),
    missing("/sampler/kind", When::Is("nsga2"), "the sampler nsga2", OTHER_SAMPLER),
    missing("/sampler/kind", When::Is("local"), "the sampler local", OTHER_SAMPLER),
    missing("/objective/pareto", When::Given, "several objectives at once", "use one metric, or `weighted`"),
    missing(
        "/objective/weighted/*/scale",
        When::Is("rank"),
        "the scale rank",
        "use \"squash\" or \"linear\"",
    ),
    missing("/pruning/kind", When::Is("guard"), "pruning by guard", NO_PRUNING),
    missing("/pruning/kind", When::Is("halving"), "pruning by halving", NO_PRUNING),
    missing("/pruning/kind", When::Is("hyperband"), "pruning by hyperband", NO_PRUNING),
    missing("/pruning/kind", When::Is("median"), "pruning by median", NO_PRUNING),
    missing("/validation/kind", When::Is("folds"), "validation by folds", PLAIN_WALK_FORWARD),
    missing("/validation/kind", When::Is("cpcv"), "combinatorial cross-validation", PLAIN_WALK_FORWARD),
    missing("/validation/choose", When::Is("plateau"), "the choice by plateau", "use \"choose\": \"best\""),
    missing(
        "/validation/choose",
        When::Is("median_of_top"),
        "the choice median_of_top",
        "use \"choose\": \"best\"",
    ),
    missing("/validation/inner_folds", When::Above(1), "inner folds", "leave `inner_folds` out"),
    missing("/validation/at_window_end", When::Is("carry"), "carrying over a window's end", "use \"close\""),
    missing("/validation/matrix", When::Given, "the walk-forward matrix", "leave `matrix` out"),
    missing("/robustness", When::Given, "the robustness battery", "leave `robustness` out"),
    missing("/selection", When::Given, "the final selection", "leave `selection` out"),
    missing("/output/daily_returns", When::Is("best"), "keeping the returns of the best", ALL_OR_NONE),
    missing("/output/daily_returns", When::Is("sample"), "keeping a sample of the returns", ALL_OR_NONE),
    missing("/output/report", When::Is("html"), "the HTML report", NO_REPORT),
    missing("/output/report", When::Is("text"), "the text report", NO_REPORT),
    missing("/budget/max_bars", When::Given, "a budget of bars", "use `max_trials`"),
    missing("/budget/target", When::Given, "a target of the objective", "use `max_trials`"),
];

/// Whether a word at a place of the resolved file names a missing feature.
pub(super) fn is_missing(pointer: &str, word: &str) -> bool {
    let asks = |feature: &Unbuilt| matches!(feature.when, When::Is(asked) if asked == word);
    UNBUILT.iter().any(|feature| feature.pointer == pointer && asks(feature))
}

impl When {
    fn holds(self, value: &Json) -> bool {
        match self {
            Self::Is(word) => value.as_str() == Some(word),
            Self::Given => match value {
                Json::Null | Json::Bool(false) => false,
                Json::Array(items) => !items.is_empty(),
                _ => true,
            },
            Self::Above(number) => value.as_u64().is_some_and(|value| value > number),
        }
    }
}

/// Every place that matches a pointer with `*`.
fn places(resolved: &Json, pointer: &str) -> Vec<String> {
    let Some((list, rest)) = pointer.split_once("/*") else { return vec![pointer.to_owned()] };
    let items = resolved.pointer(list).and_then(Json::as_array).map_or(0, Vec::len);
    (0..items).map(|i| format!("{list}/{i}{rest}")).collect()
}

impl JobSpec {
    /// What the file asks for and this version cannot do, one E140 each; empty = it can run.
    pub fn unbuilt(&self) -> Vec<ConfigProblem> {
        let found = UNBUILT.iter().flat_map(|feature| {
            let places = places(&self.resolved, feature.pointer).into_iter();
            let asking =
                places.filter(|place| self.resolved.pointer(place).is_some_and(|v| feature.when.holds(v)));
            asking.map(move |place| self.refuse(feature, &place))
        });
        found.collect()
    }

    fn refuse(&self, feature: &Unbuilt, pointer: &str) -> ConfigProblem {
        let path = Path::from_pointer(pointer);
        let message = format!("{} is not built yet", feature.what);
        ConfigProblem::new("E140", &self.source, place_of(&self.source, &path), &path, message)
            .suggest(feature.instead.to_owned())
    }
}
