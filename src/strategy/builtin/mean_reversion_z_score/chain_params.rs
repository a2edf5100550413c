//! Parameters of scenario 6's chain (section 4.6): which timeframes, with which values other than the strategy's own.

use super::params::Core;
use crate::types::{Direction, ParamDomain, ParamError, ParamSet, ParamSpec, ParamValue, Timeframe};

/// Keys an override may hold. `z_score` replaces both thresholds as given, sign included.
const KEYS: [&str; 8] = [
    "window_length",
    "b_b_length",
    "std_factor",
    "kalman_r",
    "kalman_q",
    "z_score_long",
    "z_score_short",
    "z_score",
];

/// The chain of one parameter set.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ChainSettings {
    pub(super) any: bool,
    pub(super) members: Vec<Member>,
}

/// One timeframe of the chain and its values per direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Member {
    pub(super) timeframe: Timeframe,
    pub(super) long: Core,
    pub(super) short: Core,
}

impl Member {
    pub(super) fn values(&self, direction: Direction) -> &Core {
        match direction {
            Direction::Long => &self.long,
            Direction::Short => &self.short,
        }
    }
}

/// Reads mode, timeframes and overrides; `core` are the strategy's own values.
pub(super) fn read(params: &ParamSet, core: Core, primary: Timeframe) -> Result<ChainSettings, ParamError> {
    let nested = params.get("scenario6_params").and_then(ParamValue::as_object).unwrap_or(&[]);
    check_names(nested)?;
    let mut members: Vec<Member> = Vec::new();
    for word in params.list("scenario6_timeframes")?.iter().filter_map(ParamValue::as_str) {
        let timeframe = timeframe(word, primary).ok_or_else(|| unknown("scenario6_timeframes", word))?;
        if members.iter().any(|member| member.timeframe == timeframe) {
            continue;
        }
        let values = |direction| overridden(params, nested, core, (timeframe, primary), direction);
        members.push(Member { timeframe, long: values(Direction::Long)?, short: values(Direction::Short)? });
    }
    Ok(ChainSettings { any: params.word("scenario6_mode")? == "any", members })
}

/// The declaration of a flat key `scenario6_<timeframe>_<long|short>_<key>`, any case; `None` for other names.
pub(super) fn flat_spec(name: &str) -> Option<ParamSpec> {
    let flat = FlatKey::parse(name)?;
    let (min, max) = (f64::NEG_INFINITY, f64::INFINITY);
    let domain = match flat.key {
        "window_length" | "b_b_length" => {
            ParamDomain::Int { min: 2, max: crate::strategy::declare::MOST_BARS }
        }
        "kalman_r" | "kalman_q" => ParamDomain::Float { min: 0.0, max, open: true },
        "std_factor" => ParamDomain::Float { min: 0.0, max, open: false },
        _ => ParamDomain::Float { min, max, open: false },
    };
    let mut spec = ParamSpec::new("", domain).help("Value of scenario 6 for one timeframe and direction.");
    spec.name = name.to_owned().into();
    Some(spec)
}

/// A flat key taken apart.
struct FlatKey<'a> {
    timeframe: &'a str,
    direction: Direction,
    key: &'static str,
}

impl<'a> FlatKey<'a> {
    fn parse(name: &'a str) -> Option<Self> {
        const PREFIX: &str = "scenario6_";
        let rest = name.get(PREFIX.len()..)?;
        if !name[..PREFIX.len()].eq_ignore_ascii_case(PREFIX) {
            return None;
        }
        let mut parts = rest.splitn(3, '_');
        let (timeframe_word, direction, key) = (parts.next()?, parts.next()?, parts.next()?);
        timeframe(timeframe_word, Timeframe::M1)?;
        let direction = [Direction::Long, Direction::Short]
            .into_iter()
            .find(|known| known.as_str().eq_ignore_ascii_case(direction))?;
        let key = KEYS.into_iter().find(|known| known.eq_ignore_ascii_case(key))?;
        Some(Self { timeframe: timeframe_word, direction, key })
    }
}

/// A timeframe name in any case; PRIMARY is the one traded.
fn timeframe(word: &str, primary: Timeframe) -> Option<Timeframe> {
    let word = word.trim();
    if word.eq_ignore_ascii_case("PRIMARY") {
        return Some(primary);
    }
    Timeframe::ALL.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(word))
}

/// The strategy's values with the overrides of one timeframe and direction laid over them.
fn overridden(
    params: &ParamSet,
    nested: &[(std::sync::Arc<str>, ParamValue)],
    core: Core,
    (wanted, primary): (Timeframe, Timeframe),
    direction: Direction,
) -> Result<Core, ParamError> {
    let own = nested.iter().find(|(name, _)| timeframe(name, primary) == Some(wanted));
    let own = own.and_then(|(_, value)| value.as_object()).unwrap_or(&[]);
    let directional = own.iter().find(|(name, _)| name.eq_ignore_ascii_case(direction.as_str()));
    let directional = directional.and_then(|(_, value)| value.as_object());
    let flat: Vec<(&str, &ParamValue)> = params
        .iter()
        .filter_map(|(name, value)| Some((FlatKey::parse(name)?, value)))
        .filter(|(flat, _)| timeframe(flat.timeframe, primary) == Some(wanted) && flat.direction == direction)
        .map(|(flat, value)| (flat.key, value))
        .collect();
    // A flat key makes a directional object, which hides the timeframe's own values for this direction.
    let base = match directional {
        Some(entries) => entries,
        None if flat.is_empty() => own,
        None => &[],
    };
    let entries = base.iter().map(|(name, value)| (name.as_ref(), value)).chain(flat);
    laid_over(core, entries)
}

/// Applies entries in order; a value that is no number leaves the strategy's own.
fn laid_over<'a>(
    mut core: Core,
    entries: impl Iterator<Item = (&'a str, &'a ParamValue)>,
) -> Result<Core, ParamError> {
    let mut both = None;
    for (key, value) in entries {
        let bars = value.as_i64().and_then(|bars| u32::try_from(bars).ok());
        let number = value.as_f64();
        match key {
            "window_length" => core.window_length = bars.unwrap_or(core.window_length),
            "b_b_length" => core.b_b_length = bars.unwrap_or(core.b_b_length),
            "std_factor" => core.std_factor = number.unwrap_or(core.std_factor),
            "kalman_r" => core.kalman_r = number.unwrap_or(core.kalman_r),
            "kalman_q" => core.kalman_q = number.unwrap_or(core.kalman_q),
            "z_score_long" => core.z_score_long = number.unwrap_or(core.z_score_long),
            "z_score_short" => core.z_score_short = number.unwrap_or(core.z_score_short),
            "z_score" => both = number.or(both),
            _ => {}
        }
    }
    if let Some(both) = both {
        (core.z_score_long, core.z_score_short) = (both, both);
    }
    check_ranges(&core)?;
    Ok(core)
}

fn check_ranges(core: &Core) -> Result<(), ParamError> {
    let invalid = |key: &str, found: String, allowed: &str| ParamError::Invalid {
        name: format!("scenario6_params: {key}"),
        found,
        allowed: allowed.to_owned(),
    };
    for (key, bars) in [("window_length", core.window_length), ("b_b_length", core.b_b_length)] {
        if bars < 2 {
            return Err(invalid(key, bars.to_string(), "a whole number of bars >= 2"));
        }
    }
    for (key, value) in [("kalman_r", core.kalman_r), ("kalman_q", core.kalman_q)] {
        if value <= 0.0 {
            return Err(invalid(key, value.to_string(), "a number > 0"));
        }
    }
    Ok(())
}

/// Every name inside `scenario6_params` is a timeframe, a direction or a known key.
fn check_names(nested: &[(std::sync::Arc<str>, ParamValue)]) -> Result<(), ParamError> {
    for (name, value) in nested {
        timeframe(name, Timeframe::M1).ok_or_else(|| unknown("scenario6_params", name))?;
        for (key, inner) in value.as_object().ok_or_else(|| unknown(name, &value.to_string()))? {
            if ["long", "short"].iter().any(|direction| key.eq_ignore_ascii_case(direction)) {
                let entries = inner.as_object().ok_or_else(|| unknown(key, &inner.to_string()))?;
                entries.iter().try_for_each(|(key, _)| known_key(key))?;
            } else {
                known_key(key)?;
            }
        }
    }
    Ok(())
}

fn known_key(key: &str) -> Result<(), ParamError> {
    if KEYS.contains(&key) { Ok(()) } else { Err(unknown("scenario6_params", key)) }
}

fn unknown(place: &str, found: &str) -> ParamError {
    ParamError::Invalid {
        name: place.to_owned(),
        found: found.to_owned(),
        allowed: format!(
            "made of timeframes (PRIMARY, M1..D1), `long`, `short` and the keys {}",
            KEYS.join(", ")
        ),
    }
}
