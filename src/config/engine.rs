//! `strategy.engine`: the profile, then every key over it; and engine settings that are searched.

use serde_json::Value as Json;

use super::error::ConfigProblem;
use super::section::{Field, Path, at_key, place_of};
use super::source::Entry;
use crate::engine::settings::KEYS;
use crate::engine::{EngineSettings, SettingError};
use crate::search::{Coordinate, Levels};
use crate::types::ParamValue;

/// Prefix of engine settings among the parameters.
pub(super) const PREFIX: &str = "engine.";
/// Most levels of a searched setting that are tried one by one.
const TRIED_LEVELS: u64 = 1000;

/// Reads the section: every key is tried, each problem told at its place.
pub(super) fn read(field: &Field<'_>) -> Option<EngineSettings> {
    let entries = field.named()?;
    let mut settings = EngineSettings::realistic();
    // The profile resets all others, wherever it stands in the file.
    let (profile, keys): (Vec<_>, Vec<_>) = entries.iter().partition(|(entry, _)| entry.key == "profile");
    for (entry, value) in profile.into_iter().chain(keys) {
        if let Err(error) = settings.apply(&entry.key, &exact(value)) {
            value.report(problem(field, entry, &error));
        }
    }
    if let Err(error) = settings.validate() {
        let key = conflicting(&error);
        let path = key.split('.').fold(field.path.clone(), |path, key| path.child(key));
        let place = place_of(field.context.source, &path);
        field.report(ConfigProblem::new("E102", field.context.source, place, &path, error.to_string()));
    }
    Some(settings)
}

/// The value; a whole number that only an unsigned one can hold stays exact as its digits.
fn exact(field: &Field<'_>) -> ParamValue {
    match field.as_number() {
        Some(number) if number.whole().is_none() && number.digits.parse::<u64>().is_ok() => {
            ParamValue::text(&number.digits)
        }
        _ => field.node.to_param(),
    }
}

fn conflicting(error: &SettingError) -> &str {
    match error {
        SettingError::Unknown { key, .. }
        | SettingError::Invalid { key, .. }
        | SettingError::Conflict { key, .. } => key,
        SettingError::MissingRate { .. } => "rates",
    }
}

/// A refused key, at the deepest part of its path that the file has.
fn problem(section: &Field<'_>, entry: &Entry, error: &SettingError) -> ConfigProblem {
    let source = section.context.source;
    let dotted = conflicting(error).to_owned();
    let inner = dotted.strip_prefix(entry.key.as_str()).unwrap_or_default();
    let path = inner.split('.').filter(|part| !part.is_empty());
    let path = path.fold(section.path.child(entry.key.as_str()), |path, part| path.child(part));
    match error {
        SettingError::Unknown { closest, .. } => {
            let place = key_place(section, entry, &path);
            let suggestion = closest.as_ref().map(|key| format!("did you mean `{key}`?"));
            let all =
                || format!("known keys: {}", KEYS.iter().map(|key| key.name).collect::<Vec<_>>().join(", "));
            ConfigProblem::new("E101", source, place, &path, error.to_string())
                .suggest(suggestion.unwrap_or_else(all))
        }
        SettingError::Invalid { found, allowed, .. } => {
            ConfigProblem::new("E102", source, place_of(source, &path), &path, error.to_string())
                .found(found.clone())
                .allowed(allowed.clone())
        }
        _ => ConfigProblem::new("E102", source, place_of(source, &path), &path, error.to_string()),
    }
}

/// Where the last key of a path stands: an unknown key is shown at the key, not at its value.
fn key_place(section: &Field<'_>, entry: &Entry, path: &Path) -> super::source::Place {
    let mut found = entry;
    for segment in &path.segments()[section.path.segments().len() + 1..] {
        let entries = found.value.entries().unwrap_or_default();
        match entries.iter().find(|entry| entry.key == *segment) {
            Some(entry) => found = entry,
            None => break,
        }
    }
    found.key_place
}

/// All keys with their values; a currency that the data decide is left out.
pub(super) fn json(settings: &EngineSettings) -> Json {
    let mut json = settings.to_json();
    if let Some(map) = json.as_object_mut()
        && map.get("account_currency").is_some_and(Json::is_null)
    {
        map.shift_remove("account_currency");
    }
    json
}

/// Tries the values of a searched setting; `settings` are those of the file.
pub(super) fn check_axis(field: &Field<'_>, entry: &Entry, levels: &Levels, settings: &EngineSettings) {
    let key = entry.key.strip_prefix(PREFIX).unwrap_or(&entry.key);
    if key == "profile" {
        let message = "a profile is the start of all settings and cannot be searched";
        let problem = at_key(field.context, entry, &field.path, "E105", message.to_owned());
        field.report(
            problem.suggest("search the switches that matter, such as `engine.market_fill`".to_owned()),
        );
        return;
    }
    let whole_study = match key {
        "detail_timeframe" => Some("the finer timeframe decides which bars are loaded"),
        "accounts" => Some("the accounts decide what the metrics of the table mean"),
        _ => None,
    };
    if let Some(reason) = whole_study {
        let message = format!("{reason}, so `{}` cannot be searched", entry.key);
        let problem = at_key(field.context, entry, &field.path, "E105", message);
        field.report(problem.suggest(format!("set `{key}` under `strategy.engine`")));
        return;
    }
    let refused = tried(levels).into_iter().find_map(|value| settings.clone().apply(key, &value).err());
    match refused {
        None => {}
        Some(SettingError::Unknown { closest, .. }) => {
            let message = format!("unknown parameter `{}` of the engine settings", entry.key);
            let problem = at_key(field.context, entry, &field.path, "E105", message);
            field.report(problem.suggest(closest.map(|key| format!("did you mean `{PREFIX}{key}`?"))));
        }
        Some(error) => field.report(field.problem("E102", error.to_string())),
    }
}

/// All levels, or the ends of a range with very many.
fn tried(levels: &Levels) -> Vec<ParamValue> {
    let at = |level| levels.value(Coordinate::Level(level));
    match (levels, levels.count()) {
        (Levels::Continuous { from, to, .. }, _) => vec![ParamValue::Float(*from), ParamValue::Float(*to)],
        (_, Some(count)) if count > TRIED_LEVELS => vec![at(0), at(1), at(count - 1)],
        (_, count) => (0..count.unwrap_or(1)).map(at).collect(),
    }
}
