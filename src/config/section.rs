//! Reading one object: each key is asked for by name, wrong values are reported where they stand, every value that
//! counts (given or default) is written into the resolved form, and keys nobody asked for are unknown.

use serde_json::{Map, Value as Json};

use super::error::{ConfigProblem, Problems};
use super::source::{Entry, Node, Number, Place, Source, Value};

/// Keys and list positions from the root of the file to a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Path(Vec<String>);

impl Path {
    /// The whole file.
    pub(crate) fn root() -> Self {
        Self::default()
    }

    /// A key or list position below.
    pub(crate) fn child(&self, segment: impl Into<String>) -> Self {
        Self(self.0.iter().cloned().chain([segment.into()]).collect())
    }

    /// Reads a JSON pointer.
    pub(crate) fn from_pointer(pointer: &str) -> Self {
        let unescape = |segment: &str| segment.replace("~1", "/").replace("~0", "~");
        Self(pointer.split('/').skip(1).map(unescape).collect())
    }

    pub(crate) fn segments(&self) -> &[String] {
        &self.0
    }

    /// `/data/symbols/0`.
    pub(crate) fn pointer(&self) -> String {
        let escaped = self.0.iter().map(|segment| segment.replace('~', "~0").replace('/', "~1"));
        escaped.flat_map(|segment| ["/".to_owned(), segment]).collect()
    }

    /// `data.symbols.0`.
    pub(crate) fn dotted(&self) -> String {
        self.0.join(".")
    }

    /// The last key, for messages; `the file` at the root.
    pub(crate) fn name(&self) -> &str {
        self.0.last().map_or("the file", String::as_str)
    }
}

/// What all readers of a file share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) source: &'a Source,
    pub(crate) problems: &'a Problems,
}

/// Numbers a key takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    min: f64,
    max: f64,
    /// Whether `min` itself is excluded.
    open: bool,
    /// Whether `max` itself is excluded.
    open_end: bool,
}

impl Bounds {
    pub(crate) const ANY: Self = Self::from(f64::NEG_INFINITY);
    pub(crate) const NOT_NEGATIVE: Self = Self::from(0.0);
    pub(crate) const POSITIVE: Self = Self { open: true, ..Self::NOT_NEGATIVE };
    pub(crate) const SHARE: Self = Self { max: 1.0, ..Self::NOT_NEGATIVE };
    pub(crate) const POSITIVE_SHARE: Self = Self { open: true, ..Self::SHARE };
    pub(crate) const INNER_SHARE: Self = Self { open_end: true, ..Self::POSITIVE_SHARE };

    const fn from(min: f64) -> Self {
        Self { min, max: f64::INFINITY, open: false, open_end: false }
    }

    fn admit(self, value: f64) -> bool {
        let above = if self.open { value > self.min } else { value >= self.min };
        above && if self.open_end { value < self.max } else { value <= self.max }
    }

    fn words(self) -> String {
        let least = if self.open { ">" } else { ">=" };
        match (self.min.is_finite(), self.max.is_finite()) {
            (false, _) => "a number".to_owned(),
            (true, false) => format!("a number {least} {}", self.min),
            (true, true) => {
                let most = if self.open_end { "<" } else { "<=" };
                format!("a number {least} {} and {most} {}", self.min, self.max)
            }
        }
    }
}

/// A value at its path.
#[derive(Debug, Clone)]
pub(crate) struct Field<'a> {
    pub(crate) context: Context<'a>,
    pub(crate) node: &'a Node,
    pub(crate) path: Path,
}

impl<'a> Field<'a> {
    pub(crate) fn root(context: Context<'a>) -> Self {
        Self { context, node: &context.source.root, path: Path::root() }
    }

    /// A problem with this value.
    pub(crate) fn problem(&self, code: &'static str, message: impl Into<String>) -> ConfigProblem {
        ConfigProblem::new(code, self.context.source, self.node.place, &self.path, message)
            .found(self.node.shown())
    }

    pub(crate) fn report(&self, problem: ConfigProblem) {
        self.context.problems.push(problem);
    }

    /// Reports E102 with what is allowed.
    pub(crate) fn wrong(&self, allowed: &str) {
        self.wrong_with(allowed, None);
    }

    /// Reports E102 with what is allowed and a remedy.
    pub(crate) fn wrong_with(&self, allowed: &str, suggestion: Option<String>) {
        let message = format!("`{}` must be {allowed}, got {}", self.path.name(), self.node.shown());
        self.report(self.problem("E102", message).allowed(allowed).suggest(suggestion));
    }

    fn expect<T>(&self, value: Option<T>, allowed: &str) -> Option<T> {
        if value.is_none() {
            self.wrong(allowed);
        }
        value
    }

    pub(crate) fn text(&self) -> Option<&'a str> {
        let text = match &self.node.value {
            Value::Text(text) if !text.is_empty() => Some(text.as_str()),
            _ => None,
        };
        self.expect(text, "a text that is not empty")
    }

    pub(crate) fn flag(&self) -> Option<bool> {
        let value = match self.node.value {
            Value::Bool(value) => Some(value),
            _ => None,
        };
        self.expect(value, "true or false")
    }

    /// The number as written; reports nothing.
    pub(crate) fn as_number(&self) -> Option<&'a Number> {
        match &self.node.value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    pub(crate) fn number(&self, bounds: Bounds) -> Option<f64> {
        let value = self.as_number().map(|number| number.value).filter(|value| bounds.admit(*value));
        self.expect(value, &bounds.words())
    }

    /// A whole number from `min` on.
    pub(crate) fn count(&self, min: u64) -> Option<u64> {
        let value = self.as_number().and_then(|number| number.digits.parse().ok());
        self.expect(value.filter(|value| *value >= min), &format!("a whole number >= {min}"))
    }

    /// A whole number from `min` on that fits 32 bits.
    pub(crate) fn small_count(&self, min: u32) -> Option<u32> {
        let value = self.as_number().and_then(|number| number.digits.parse().ok());
        let allowed = format!("a whole number >= {min} and below 2^32");
        self.expect(value.filter(|value| *value >= min), &allowed)
    }

    /// One of these words; the closest one is suggested.
    pub(crate) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let given = match &self.node.value {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        };
        let found = words.iter().find(|(word, _)| Some(*word) == given).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let names = words.iter().map(|(word, _)| *word);
            let closest = given.and_then(|given| closest(given, names.clone()));
            let allowed = format!("one of {}", listed(names));
            self.wrong_with(&allowed, closest.map(|word| format!("did you mean `{word}`?")));
        }
        found
    }

    /// A text that `read` understands.
    pub(crate) fn parsed<T>(&self, allowed: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let value = match &self.node.value {
            Value::Text(text) => read(text),
            _ => None,
        };
        self.expect(value, allowed)
    }

    /// The items of a list.
    pub(crate) fn list(&self) -> Option<Vec<Field<'a>>> {
        let items = match &self.node.value {
            Value::List(items) => Some(items),
            _ => None,
        };
        let item = |(i, node): (usize, &'a Node)| Field {
            context: self.context,
            node,
            path: self.path.child(i.to_string()),
        };
        Some(self.expect(items, "a list")?.iter().enumerate().map(item).collect())
    }

    /// The entries of an object whose keys are names, `$comment` left out.
    pub(crate) fn named(&self) -> Option<Vec<(&'a Entry, Field<'a>)>> {
        let entries = self.expect(self.node.entries(), "an object")?;
        let said = entries.iter().filter(|entry| entry.key != "$comment");
        let field = |entry: &'a Entry| Field {
            context: self.context,
            node: &entry.value,
            path: self.path.child(entry.key.as_str()),
        };
        Some(said.map(|entry| (entry, field(entry))).collect())
    }

    /// An object with fixed keys.
    pub(crate) fn section(&self) -> Option<Section<'a>> {
        self.expect(self.node.entries(), "an object")?;
        Some(Section { field: self.clone(), known: vec!["$comment"], resolved: Map::new() })
    }
}

/// An object with fixed keys, while it is read.
#[derive(Debug)]
pub(crate) struct Section<'a> {
    pub(crate) field: Field<'a>,
    known: Vec<&'static str>,
    resolved: Map<String, Json>,
}

impl<'a> Section<'a> {
    /// The value under a key, which is known from now on.
    pub(crate) fn get(&mut self, key: &'static str) -> Option<Field<'a>> {
        self.known.push(key);
        let node = self.field.node.get(key)?;
        Some(Field { context: self.field.context, node, path: self.field.path.child(key) })
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.field.node.get(key).is_some()
    }

    /// Writes a value into the resolved form.
    pub(crate) fn record(&mut self, key: &str, value: impl Into<Json>) {
        self.resolved.insert(key.to_owned(), value.into());
    }

    /// Reports E102 for a key that must be there.
    pub(crate) fn missing(&self, key: &str, suggestion: &str) {
        let place = self.field.node.place;
        let source = self.field.context.source;
        let problem = ConfigProblem::new(
            "E102",
            source,
            place,
            &self.field.path.child(key),
            format!("`{key}` is missing"),
        );
        self.field.report(problem.suggest(suggestion.to_owned()));
    }

    /// The value under a key that must be there.
    pub(crate) fn needed(&mut self, key: &'static str, suggestion: &str) -> Option<Field<'a>> {
        let field = self.get(key);
        if field.is_none() {
            self.missing(key, suggestion);
        }
        field
    }

    /// A flag with a default.
    pub(crate) fn flag_or(&mut self, key: &'static str, default: bool) -> bool {
        let value = self.get(key).and_then(|field| field.flag()).unwrap_or(default);
        self.record(key, value);
        value
    }

    /// A number with a default.
    pub(crate) fn number_or(&mut self, key: &'static str, default: f64, bounds: Bounds) -> f64 {
        let value = self.get(key).and_then(|field| field.number(bounds)).unwrap_or(default);
        self.record(key, number_json(value));
        value
    }

    /// A whole number with a default.
    pub(crate) fn count_or(&mut self, key: &'static str, default: u64, min: u64) -> u64 {
        let value = self.get(key).and_then(|field| field.count(min)).unwrap_or(default);
        self.record(key, value);
        value
    }

    /// One of these words, the first one by default.
    pub(crate) fn word_or_first<T: Copy>(&mut self, key: &'static str, words: &[(&'static str, T)]) -> T {
        let indexed: Vec<(&str, usize)> = words.iter().enumerate().map(|(i, (word, _))| (*word, i)).collect();
        let chosen = self.get(key).and_then(|field| field.word(&indexed)).unwrap_or(0);
        self.record(key, words[chosen].0);
        words[chosen].1
    }

    /// A value that may be absent; recorded as `json` writes it.
    pub(crate) fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Field<'a>) -> Option<T>,
        json: impl FnOnce(&T) -> Json,
    ) -> Option<T> {
        let value = read(&self.get(key)?)?;
        self.record(key, json(&value));
        Some(value)
    }

    /// Reports the keys nobody asked for and returns the resolved form.
    pub(crate) fn finish(self) -> Map<String, Json> {
        for entry in self.field.node.entries().unwrap_or_default() {
            if !self.known.contains(&entry.key.as_str()) {
                self.report_unknown(entry);
            }
        }
        self.resolved
    }

    fn report_unknown(&self, entry: &Entry) {
        let path = self.field.path.child(entry.key.as_str());
        let owner = match self.field.path.segments() {
            [] => String::new(),
            _ => format!(" in `{}`", self.field.path.dotted()),
        };
        let known = self.known.iter().copied().filter(|key| *key != "$comment");
        let all = listed(known.clone());
        let suggestion = match closest(&entry.key, known) {
            Some(key) => format!("did you mean `{key}`?   (all: {all})"),
            None => format!("known keys: {all}"),
        };
        let message = format!("unknown key `{}`{owner}", entry.key);
        let problem = ConfigProblem::new("E101", self.field.context.source, entry.key_place, &path, message);
        self.field.report(problem.allowed(all).suggest(suggestion));
    }
}

/// Reports E101-like problems at a key rather than at its value.
pub(crate) fn at_key(
    context: Context<'_>,
    entry: &Entry,
    path: &Path,
    code: &'static str,
    message: String,
) -> ConfigProblem {
    ConfigProblem::new(code, context.source, entry.key_place, path, message)
}

/// The name that reads most like `given`; `None` when nothing comes near.
pub(crate) fn closest<'n>(given: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let scored = names.map(|name| (strsim::jaro_winkler(given, name), name));
    // Of equally close names the alphabetically first one.
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))?;
    (best.0 >= 0.75).then_some(best.1)
}

/// `a, b, c`.
pub(crate) fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// A float as JSON; whole numbers that a float holds exactly are written whole.
pub(crate) fn number_json(value: f64) -> Json {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and below 2^53")]
    if value.fract() == 0.0 && value.abs() < 9.0e15 { Json::from(value as i64) } else { Json::from(value) }
}

/// Where a path of the file stands, or the deepest part of it that exists.
pub(crate) fn place_of(source: &Source, path: &Path) -> Place {
    source.nearest(path).place
}
