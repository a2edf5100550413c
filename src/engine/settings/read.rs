//! Reading typed values out of sweep-file values, with errors that name the place.

use std::sync::Arc;

use crate::types::ParamValue;

/// What is wrong, at a path relative to the key being read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Misfit {
    /// The value at the path does not fit.
    Value { path: String, found: String, allowed: String },
    /// There is no such entry.
    Unknown { path: String, known: Vec<String> },
}

impl Misfit {
    /// The same problem one level further out.
    pub(super) fn under(self, name: &str) -> Self {
        let join = |path: String| if path.is_empty() { name.to_owned() } else { format!("{name}.{path}") };
        match self {
            Self::Value { path, found, allowed } => Self::Value { path: join(path), found, allowed },
            Self::Unknown { path, known } => Self::Unknown {
                path: join(path),
                known: known.into_iter().map(|entry| format!("{name}.{entry}")).collect(),
            },
        }
    }
}

/// The value itself does not fit.
pub(super) fn misfit(value: &ParamValue, allowed: impl Into<String>) -> Misfit {
    let found = match value {
        ParamValue::Text(text) => format!("\"{text}\""),
        other => other.to_string(),
    };
    Misfit::Value { path: String::new(), found, allowed: allowed.into() }
}

/// The entries of an object, all of them known.
#[derive(Debug)]
pub(super) struct Fields<'a>(&'a [(Arc<str>, ParamValue)]);

impl<'a> Fields<'a> {
    /// An object with nothing but `known` names.
    pub(super) fn of(value: &'a ParamValue, known: &[&str]) -> Result<Self, Misfit> {
        let fields = Self::any(value, &known.join(", "))?;
        match fields.0.iter().find(|(name, _)| !known.contains(&name.as_ref())) {
            None => Ok(fields),
            Some((name, _)) => Err(Misfit::Unknown {
                path: name.to_string(),
                known: known.iter().map(ToString::to_string).collect(),
            }),
        }
    }

    /// An object with any names.
    pub(super) fn any(value: &'a ParamValue, entries: &str) -> Result<Self, Misfit> {
        value.as_object().map(Self).ok_or_else(|| misfit(value, format!("an object with {entries}")))
    }

    /// The entry, if given.
    pub(super) fn get(&self, name: &str) -> Option<&'a ParamValue> {
        self.0.iter().find(|(known, _)| known.as_ref() == name).map(|(_, value)| value)
    }

    /// All entries, in document order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a Arc<str>, &'a ParamValue)> + use<'a> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// Reads an entry that must be there.
    pub(super) fn required<T>(
        &self,
        name: &str,
        read: impl FnOnce(&ParamValue) -> Result<T, Misfit>,
    ) -> Result<T, Misfit> {
        let value = self.get(name).unwrap_or(&ParamValue::Null);
        read(value).map_err(|misfit| misfit.under(name))
    }

    /// Reads an entry that may be absent.
    pub(super) fn optional<T>(
        &self,
        name: &str,
        read: impl FnOnce(&ParamValue) -> Result<T, Misfit>,
    ) -> Result<Option<T>, Misfit> {
        let Some(value) = self.get(name) else { return Ok(None) };
        read(value).map(Some).map_err(|misfit| misfit.under(name))
    }
}

/// Any finite number.
pub(super) fn number(value: &ParamValue) -> Result<f64, Misfit> {
    value.as_f64().filter(|number| number.is_finite()).ok_or_else(|| misfit(value, "a number"))
}

/// A number of at least 0.
pub(super) fn not_negative(value: &ParamValue) -> Result<f64, Misfit> {
    number(value).ok().filter(|number| *number >= 0.0).ok_or_else(|| misfit(value, "a number >= 0"))
}

/// A number above 0.
pub(super) fn positive(value: &ParamValue) -> Result<f64, Misfit> {
    number(value).ok().filter(|number| *number > 0.0).ok_or_else(|| misfit(value, "a number > 0"))
}

/// A whole number of at least `least`.
pub(super) fn count(value: &ParamValue, least: u32) -> Result<u32, Misfit> {
    let read = value.as_i64().and_then(|number| u32::try_from(number).ok()).filter(|n| *n >= least);
    read.ok_or_else(|| misfit(value, format!("a whole number >= {least}")))
}

/// `true` or `false`.
pub(super) fn flag(value: &ParamValue) -> Result<bool, Misfit> {
    value.as_bool().ok_or_else(|| misfit(value, "true or false"))
}

/// A text that is not empty.
pub(super) fn text(value: &ParamValue) -> Result<Arc<str>, Misfit> {
    match value {
        ParamValue::Text(text) if !text.is_empty() => Ok(text.clone()),
        other => Err(misfit(other, "a text")),
    }
}

/// One of some words.
pub(super) fn word<T: Copy>(
    value: &ParamValue,
    all: &[T],
    as_str: impl Fn(T) -> &'static str,
) -> Result<T, Misfit> {
    let found = value.as_str().and_then(|word| all.iter().copied().find(|known| as_str(*known) == word));
    found.ok_or_else(|| {
        let words: Vec<_> = all.iter().map(|known| format!("\"{}\"", as_str(*known))).collect();
        misfit(value, words.join(" or "))
    })
}

/// `null` or what `read` takes.
pub(super) fn nullable<T>(
    value: &ParamValue,
    read: impl FnOnce(&ParamValue) -> Result<T, Misfit>,
) -> Result<Option<T>, Misfit> {
    match value {
        ParamValue::Null => Ok(None),
        other => read(other).map(Some).map_err(|misfit| match misfit {
            Misfit::Value { path, found, allowed } if path.is_empty() => {
                Misfit::Value { path, found, allowed: format!("null or {allowed}") }
            }
            other => other,
        }),
    }
}

/// An object value from its entries.
pub(super) fn object<'a>(entries: impl IntoIterator<Item = (&'a str, ParamValue)>) -> ParamValue {
    ParamValue::Object(entries.into_iter().map(|(name, value)| (Arc::from(name), value)).collect())
}

/// A number or null.
pub(super) fn or_null(number: Option<f64>) -> ParamValue {
    number.map_or(ParamValue::Null, float)
}

/// A number: whole ones without a fraction, so that a file shows `35` and not `35.0`.
pub(super) fn float(number: f64) -> ParamValue {
    let value = ParamValue::Float(number);
    match value.as_i64() {
        Some(whole) if number != 0.0 || number.is_sign_positive() => ParamValue::Int(whole),
        _ => value,
    }
}
