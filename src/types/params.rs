//! Parameters: what a strategy declares, and one set of chosen values.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::DigestWriter;

/// One value of a sweep file: a parameter's or an engine setting's.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamValue {
    /// Absent on purpose (`null`).
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number written without fraction or exponent.
    Int(i64),
    /// Any other number; finite.
    Float(f64),
    /// A word.
    Text(Arc<str>),
    /// A list.
    List(Arc<[ParamValue]>),
    /// An object, keys in document order.
    Object(Arc<[(Arc<str>, ParamValue)]>),
}

impl ParamValue {
    /// A text value.
    pub fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    /// The number as a float, whole numbers included.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// The whole number; a float with a whole value counts.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
            Self::Float(value) if value.fract() == 0.0 && value.abs() < 9.0e15 => Some(*value as i64),
            _ => None,
        }
    }

    /// The truth value.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The word.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The list.
    pub fn as_list(&self) -> Option<&[ParamValue]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of an object, in document order.
    pub fn as_object(&self) -> Option<&[(Arc<str>, ParamValue)]> {
        match self {
            Self::Object(entries) => Some(entries),
            _ => None,
        }
    }

    /// What kind of value this is, in words for a message.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// Feeds the value into a digest: a tag and its bits. `-0.0` counts as `0.0`.
    pub fn digest(&self, writer: &mut DigestWriter) {
        match self {
            Self::Null => {
                writer.u64(0);
            }
            Self::Bool(value) => {
                writer.u64(1).u64(u64::from(*value));
            }
            Self::Int(value) => {
                writer.u64(2).i64(*value);
            }
            Self::Float(value) => {
                writer.u64(3).f64(*value + 0.0);
            }
            Self::Text(text) => {
                writer.u64(4).text(text);
            }
            Self::List(items) => {
                writer.u64(5).u64(items.len() as u64);
                items.iter().for_each(|item| item.digest(writer));
            }
            Self::Object(entries) => {
                writer.u64(6).u64(entries.len() as u64);
                for (key, value) in entries.iter() {
                    value.digest(writer.text(key));
                }
            }
        }
    }

    /// The value as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value;
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::from(*value),
            Self::Float(value) => Value::from(*value),
            Self::Text(text) => Value::from(text.as_ref()),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Object(entries) => entries.iter().map(|(k, v)| (k.to_string(), v.to_json())).collect(),
        }
    }

    /// The value of a JSON tree; numbers outside `i64` become floats.
    pub fn from_json(json: &serde_json::Value) -> Self {
        use serde_json::Value;
        match json {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => match number.as_i64() {
                Some(value) => Self::Int(value),
                None => Self::Float(number.as_f64().unwrap_or(f64::MAX)),
            },
            Value::String(text) => Self::text(text),
            Value::Array(items) => Self::List(items.iter().map(Self::from_json).collect()),
            Value::Object(map) => {
                Self::Object(map.iter().map(|(k, v)| (k.as_str().into(), Self::from_json(v))).collect())
            }
        }
    }
}

impl fmt::Display for ParamValue {
    /// As JSON, texts without quotes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            other => write!(f, "{}", other.to_json()),
        }
    }
}

/// The values a declared parameter may take.
#[derive(Debug, Clone, PartialEq)]
pub enum ParamDomain {
    /// Whole numbers `min..=max`.
    Int {
        /// Least value.
        min: i64,
        /// Greatest value.
        max: i64,
    },
    /// Floats `min..=max`, or above `min` with `open`.
    Float {
        /// Least value.
        min: f64,
        /// Greatest value.
        max: f64,
        /// Whether `min` itself is excluded.
        open: bool,
    },
    /// `true` or `false`.
    Bool,
    /// One of these words.
    Choice(Vec<Cow<'static, str>>),
    /// A list of distinct members of these whole numbers.
    IntList {
        /// Least member.
        min: i64,
        /// Greatest member.
        max: i64,
    },
    /// A list of these words; case and surrounding blanks do not matter.
    TextList(Vec<Cow<'static, str>>),
    /// An object the strategy reads itself.
    Object,
}

/// How a parameter is searched when the sweep file gives no `parameters` at all; decimal texts are exact.
#[derive(Debug, Clone, PartialEq)]
pub enum SweepHint {
    /// `from..=to` by `step`, decimal digits.
    Range {
        /// First value.
        from: &'static str,
        /// Last value.
        to: &'static str,
        /// Distance of values.
        step: &'static str,
    },
    /// These values.
    Choice(Vec<ParamValue>),
}

/// A declared parameter of a strategy.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamSpec {
    /// Name, as in the sweep file.
    pub name: Cow<'static, str>,
    /// Values it may take.
    pub domain: ParamDomain,
    /// Whether `null` is a value too.
    pub nullable: bool,
    /// Value when the file says nothing; `None` = the file must give one.
    pub default: Option<ParamValue>,
    /// Unit in words (`bars`, `pips`, `ATR multiples`), may be empty.
    pub unit: &'static str,
    /// One sentence.
    pub help: Cow<'static, str>,
    /// The range searched by default, if it is searched by default.
    pub sweep: Option<SweepHint>,
}

/// A parameter set a strategy cannot run with.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParamError {
    /// The value's kind or range is wrong.
    #[error("`{name}` must be {allowed}, got {found}")]
    Invalid {
        /// Parameter.
        name: String,
        /// Value found.
        found: String,
        /// What is allowed.
        allowed: String,
    },
    /// The set cannot trade or contradicts itself; it is pruned with this reason, not an error of the file.
    #[error("infeasible: {reason}")]
    Infeasible {
        /// Why.
        reason: String,
    },
    /// A series or timeframe the strategy needs is not in the data.
    #[error("{what} is not in the data: {remedy}")]
    MissingData {
        /// What is missing.
        what: String,
        /// What to do.
        remedy: String,
    },
}

impl ParamSpec {
    /// Checks one value against domain and range.
    ///
    /// # Errors
    /// [`ParamError::Invalid`] naming what is allowed.
    pub fn check(&self, value: &ParamValue) -> Result<(), ParamError> {
        if self.admits(value) {
            return Ok(());
        }
        Err(ParamError::Invalid {
            name: self.name.to_string(),
            found: value.to_string(),
            allowed: self.allowed(),
        })
    }

    fn admits(&self, value: &ParamValue) -> bool {
        if *value == ParamValue::Null {
            return self.nullable;
        }
        let word_in = |words: &[Cow<'static, str>], value: &ParamValue| {
            value.as_str().is_some_and(|word| words.iter().any(|allowed| allowed == word))
        };
        match &self.domain {
            ParamDomain::Int { min, max } => value.as_i64().is_some_and(|v| (*min..=*max).contains(&v)),
            ParamDomain::Float { min, max, open } => {
                value.as_f64().is_some_and(|v| v <= *max && if *open { v > *min } else { v >= *min })
            }
            ParamDomain::Bool => value.as_bool().is_some(),
            ParamDomain::Choice(words) => word_in(words, value),
            ParamDomain::IntList { min, max } => value.as_list().is_some_and(|items| {
                items.iter().all(|item| item.as_i64().is_some_and(|v| (*min..=*max).contains(&v)))
            }),
            ParamDomain::TextList(words) => {
                let named = |word: &str| words.iter().any(|known| known.eq_ignore_ascii_case(word.trim()));
                value.as_list().is_some_and(|items| items.iter().all(|item| item.as_str().is_some_and(named)))
            }
            ParamDomain::Object => value.as_object().is_some(),
        }
    }

    /// The allowed values in words.
    pub fn allowed(&self) -> String {
        let words = match &self.domain {
            ParamDomain::Int { min, max: i64::MAX } => format!("a whole number >= {min}"),
            ParamDomain::Int { min, max } => format!("a whole number {min}..{max}"),
            ParamDomain::Float { min, max, open } => match (min.is_finite(), max.is_finite()) {
                (true, true) => format!("a number {min}..{max}"),
                (true, false) => format!("a number {} {min}", if *open { ">" } else { ">=" }),
                (false, true) => format!("a number <= {max}"),
                (false, false) => "a number".to_owned(),
            },
            ParamDomain::Bool => "true or false".to_owned(),
            ParamDomain::Choice(words) => format!("one of {}", words.join(", ")),
            ParamDomain::IntList { min, max } => format!("a list of whole numbers {min}..{max}"),
            ParamDomain::TextList(words) => format!("a list of {}", words.join(", ")),
            ParamDomain::Object => "an object".to_owned(),
        };
        if self.nullable { format!("{words}, or null") } else { words }
    }
}

/// The values of one trial, in the order of the names. Cloning copies the values and shares the names.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamSet {
    names: Arc<[Arc<str>]>,
    values: Vec<ParamValue>,
}

impl ParamSet {
    /// Names and values of equal number.
    ///
    /// # Panics
    /// When their numbers differ.
    pub fn new(names: Arc<[Arc<str>]>, values: Vec<ParamValue>) -> Self {
        assert_eq!(names.len(), values.len(), "one value per name");
        Self { names, values }
    }

    /// A set from pairs, for tests and small programs.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, ParamValue)>) -> Self {
        let (names, values): (Vec<Arc<str>>, Vec<ParamValue>) =
            pairs.into_iter().map(|(name, value)| (Arc::from(name), value)).unzip();
        Self::new(names.into(), values)
    }

    /// The names, in order.
    pub fn names(&self) -> &Arc<[Arc<str>]> {
        &self.names
    }

    /// The values, in order.
    pub fn values(&self) -> &[ParamValue] {
        &self.values
    }

    /// Names with values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ParamValue)> {
        self.names.iter().map(AsRef::as_ref).zip(&self.values)
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&ParamValue> {
        self.names.iter().position(|n| n.as_ref() == name).map(|i| &self.values[i])
    }

    fn typed<'a, T>(
        &'a self,
        name: &str,
        allowed: &str,
        read: impl Fn(&'a ParamValue) -> Option<T>,
    ) -> Result<T, ParamError> {
        self.get(name).and_then(read).ok_or_else(|| ParamError::Invalid {
            name: name.to_owned(),
            found: self.get(name).map_or_else(|| "nothing".to_owned(), ToString::to_string),
            allowed: allowed.to_owned(),
        })
    }

    /// A whole number >= 0 as a count.
    ///
    /// # Errors
    /// When the name is absent or not such a number.
    pub fn count(&self, name: &str) -> Result<usize, ParamError> {
        self.typed(name, "a whole number >= 0", |v| v.as_i64().and_then(|v| usize::try_from(v).ok()))
    }

    /// A number.
    ///
    /// # Errors
    /// When the name is absent or not a number.
    pub fn number(&self, name: &str) -> Result<f64, ParamError> {
        self.typed(name, "a number", ParamValue::as_f64)
    }

    /// A number or null.
    ///
    /// # Errors
    /// When the name is absent or neither.
    pub fn optional_number(&self, name: &str) -> Result<Option<f64>, ParamError> {
        self.typed(name, "a number or null", |v| match v {
            ParamValue::Null => Some(None),
            other => other.as_f64().map(Some),
        })
    }

    /// A boolean.
    ///
    /// # Errors
    /// When the name is absent or not a boolean.
    pub fn flag(&self, name: &str) -> Result<bool, ParamError> {
        self.typed(name, "true or false", ParamValue::as_bool)
    }

    /// A word.
    ///
    /// # Errors
    /// When the name is absent or not a text.
    pub fn word(&self, name: &str) -> Result<&str, ParamError> {
        self.typed(name, "a text", ParamValue::as_str)
    }

    /// A list.
    ///
    /// # Errors
    /// When the name is absent or not a list.
    pub fn list(&self, name: &str) -> Result<&[ParamValue], ParamError> {
        self.typed(name, "a list", ParamValue::as_list)
    }

    /// Feeds names and values into a digest.
    pub fn digest(&self, writer: &mut DigestWriter) {
        writer.u64(self.values.len() as u64);
        for (name, value) in self.iter() {
            value.digest(writer.text(name));
        }
    }
}
