//! JSON text to a tree that knows the place of every key and value, and the digits of every number.
//!
//! Strict JSON (RFC 8259): no comments, no trailing commas, no second value under one key, at most 64 levels and
//! 16 MiB. A text may also be the value of a `--set` option; places know which text they belong to.

use std::borrow::Cow;
use std::collections::HashSet;

use jsonc_parser::ast;
use jsonc_parser::common::{Range, Ranged};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::error::ConfigProblem;
use super::section::Path;
use crate::types::ParamValue;

/// Deepest nesting of objects and lists.
pub const MAX_DEPTH: usize = 64;
/// Longest text, bytes.
pub const MAX_BYTES: usize = 16 << 20;

/// Where something stands: which text, and the byte it starts at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    text: usize,
    byte: usize,
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it starts.
    pub place: Place,
}

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// An object, keys distinct and in document order.
    Object(Vec<Entry>),
}

/// A number as written and as read, correctly rounded and finite.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// The characters in the file.
    pub digits: String,
    /// The nearest float.
    pub value: f64,
}

impl Number {
    /// The whole number, if it was written without fraction and exponent and fits. Minus zero is none: as a whole number it
    /// would lose its sign.
    pub fn whole(&self) -> Option<i64> {
        self.digits.parse().ok().filter(|_| self.digits != "-0")
    }
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_place: Place,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The entries of an object.
    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Object(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value under a key of an object.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries()?.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// What kind of value this is, in words.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Object(_) => "an object",
        }
    }

    /// The value as parameters carry it: whole numbers whole, `$comment` left out.
    pub fn to_param(&self) -> ParamValue {
        match &self.value {
            Value::Null => ParamValue::Null,
            Value::Bool(value) => ParamValue::Bool(*value),
            Value::Number(number) => number.whole().map_or(ParamValue::Float(number.value), ParamValue::Int),
            Value::Text(text) => ParamValue::text(text),
            Value::List(items) => ParamValue::List(items.iter().map(Self::to_param).collect()),
            Value::Object(entries) => {
                let said = entries.iter().filter(|entry| entry.key != "$comment");
                ParamValue::Object(said.map(|e| (e.key.as_str().into(), e.value.to_param())).collect())
            }
        }
    }

    /// The value for a message, cut to a readable length.
    pub fn shown(&self) -> String {
        let text = self.to_param().to_json().to_string();
        if text.chars().count() <= 40 { text } else { text.chars().take(37).chain("...".chars()).collect() }
    }
}

/// An object without keys, which stands for a section that is absent.
pub(super) fn empty_object() -> Node {
    Node { value: Value::Object(Vec::new()), place: Place::default() }
}

/// The texts of a sweep file and its overrides, with the tree they give.
#[derive(Debug, Clone)]
pub struct Source {
    texts: Vec<(String, String)>,
    /// The merged tree.
    pub root: Node,
}

impl Source {
    /// Reads a text; `name` is shown in messages.
    ///
    /// # Errors
    /// One problem, E100: the text is not JSON as this program reads it.
    pub fn parse(name: &str, text: &str) -> Result<Self, Box<ConfigProblem>> {
        let root = Node { value: Value::Null, place: Place::default() };
        let mut source = Self { texts: Vec::new(), root };
        source.root = source.add(name, text)?;
        Ok(source)
    }

    /// Reads another text, whose places then belong to this source.
    ///
    /// # Errors
    /// As [`Source::parse`].
    pub(super) fn add(&mut self, name: &str, text: &str) -> Result<Node, Box<ConfigProblem>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let index = self.texts.len();
        self.texts.push((name.to_owned(), text.to_owned()));
        read(text, index).map_err(|fault| {
            let place = Place { text: index, byte: fault.byte };
            let problem = ConfigProblem::new("E100", self, place, &Path::root(), fault.message);
            Box::new(problem.suggest(fault.remedy.map(str::to_owned)))
        })
    }

    /// File or option, line and column (characters, both from 1) of a place.
    pub fn position(&self, place: Place) -> (String, usize, usize) {
        let Some((name, text)) = self.texts.get(place.text) else { return (String::new(), 1, 1) };
        let before = text.get(..place.byte).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        (name.clone(), line, before[line_start..].chars().count() + 1)
    }

    /// The node at a path, or the deepest one on the way to it.
    pub(crate) fn nearest(&self, path: &Path) -> &Node {
        let mut node = &self.root;
        for segment in path.segments() {
            let next = match &node.value {
                Value::List(items) => segment.parse::<usize>().ok().and_then(|i| items.get(i)),
                _ => node.get(segment),
            };
            let Some(next) = next else { break };
            node = next;
        }
        node
    }
}

/// Why a text is refused.
struct Fault {
    byte: usize,
    message: String,
    remedy: Option<&'static str>,
}

const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

fn read(text: &str, index: usize) -> Result<Node, Fault> {
    if text.len() > MAX_BYTES {
        let message = format!("the text is longer than {} MiB", MAX_BYTES >> 20);
        return Err(Fault { byte: 0, message, remedy: None });
    }
    let parsed = parse_to_ast(text, &CollectOptions::default(), &STRICT).map_err(|error| {
        let kind = error.kind().to_string();
        let comments = matches!(error.kind(), jsonc_parser::errors::ParseErrorKind::CommentsNotAllowed);
        Fault {
            byte: error.range().start,
            message: format!("not JSON: {}", lower_first(&kind)),
            remedy: comments.then_some("a note is written \"$comment\": \"...\", allowed in every object"),
        }
    })?;
    let nothing = || Fault { byte: 0, message: "not JSON: the text is empty".to_owned(), remedy: None };
    Reader { text, index }.node(&parsed.value.ok_or_else(nothing)?, 0)
}

fn lower_first(text: &str) -> Cow<'_, str> {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) if first.is_uppercase() => Cow::Owned(first.to_lowercase().chain(chars).collect()),
        _ => Cow::Borrowed(text),
    }
}

/// One text while its tree is built.
struct Reader<'t> {
    text: &'t str,
    index: usize,
}

impl Reader<'_> {
    fn node(&self, json: &ast::Value<'_>, depth: usize) -> Result<Node, Fault> {
        let byte = json.start();
        if depth > MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            return Err(Fault { byte, message, remedy: None });
        }
        let value = match json {
            ast::Value::NullKeyword(_) => Value::Null,
            ast::Value::BooleanLit(literal) => Value::Bool(literal.value),
            ast::Value::NumberLit(literal) => Value::Number(number(literal.value, byte)?),
            ast::Value::StringLit(literal) => Value::Text(self.string(&literal.value, literal.range)?),
            ast::Value::Array(array) => Value::List(
                array.elements.iter().map(|item| self.node(item, depth + 1)).collect::<Result<_, _>>()?,
            ),
            ast::Value::Object(object) => Value::Object(self.entries(object, depth)?),
        };
        Ok(Node { value, place: self.place(byte) })
    }

    fn entries(&self, object: &ast::Object<'_>, depth: usize) -> Result<Vec<Entry>, Fault> {
        let mut entries: Vec<Entry> = Vec::with_capacity(object.properties.len());
        let mut keys = HashSet::new();
        for property in &object.properties {
            let byte = property.start();
            let key = self.string(property.name.as_str(), property.name.range())?;
            if !keys.insert(key.clone()) {
                let message = format!("the key `{key}` stands twice in one object");
                return Err(Fault { byte, message, remedy: Some("keep one of them") });
            }
            let value = self.node(&property.value, depth + 1)?;
            entries.push(Entry { key, key_place: self.place(byte), value });
        }
        Ok(entries)
    }

    /// The parser lets control characters in quotes pass; JSON does not.
    fn string(&self, value: &str, range: Range) -> Result<String, Fault> {
        let written = self.text.get(range.start..range.end).unwrap_or_default();
        match written.find(|c: char| c < ' ') {
            Some(at) => Err(Fault {
                byte: range.start + at,
                message: "not JSON: a text holds a line break, a tab or another control character".to_owned(),
                remedy: Some("write \\n for a line break, \\t for a tab"),
            }),
            None => Ok(value.to_owned()),
        }
    }

    fn place(&self, byte: usize) -> Place {
        Place { text: self.index, byte }
    }
}

fn number(digits: &str, byte: usize) -> Result<Number, Fault> {
    match digits.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Number { digits: digits.to_owned(), value }),
        _ => Err(Fault { byte, message: format!("{digits} is not a number a float can hold"), remedy: None }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(text: &str) -> (usize, usize, String) {
        let problem = Source::parse("grid.json", text).expect_err(text);
        assert_eq!(problem.code, "E100");
        (problem.line, problem.column, problem.message)
    }

    #[test]
    fn every_value_knows_its_line_and_column() {
        let source = Source::parse("grid.json", "{\n  \"é\": {\"b\": [1, 2.50]}\n}").expect("JSON");
        let entry = &source.root.entries().expect("an object")[0];
        assert_eq!(source.position(entry.key_place), ("grid.json".to_owned(), 2, 3));
        let Value::List(items) = &entry.value.get("b").expect("a list").value else { panic!("a list") };
        assert_eq!(source.position(items[1].place), ("grid.json".to_owned(), 2, 18));
        let Value::Number(number) = &items[1].value else { panic!("a number") };
        assert_eq!((number.digits.as_str(), number.value, number.whole()), ("2.50", 2.5, None));
    }

    #[test]
    fn only_strict_json_is_read() {
        for text in [
            "",
            "{",
            "{\"a\": 1,}",
            "[1 2]",
            "{a: 1}",
            "['a']",
            "[1] // note",
            "[0x10]",
            "[+1]",
            "[.5]",
            "[NaN]",
            "[1e999]",
            "[01]",
            "[1.]",
            "[\"\u{1}\"]",
            "[\"\\x41\"]",
            "1 2",
            "[-]",
            "[1e]",
        ] {
            assert!(Source::parse("f", text).is_err(), "{text} was read");
            assert!(serde_json::from_str::<serde_json::Value>(text).is_err(), "{text} is JSON");
        }
        assert_eq!(refused("{\n  // note\n}"), (2, 3, "not JSON: comments are not allowed".to_owned()));
        assert_eq!(
            refused("{\"a\": 1,\n \"a\": 2}"),
            (2, 2, "the key `a` stands twice in one object".to_owned())
        );
    }

    #[test]
    fn minus_zero_keeps_its_sign() {
        let value = Source::parse("f", "-0").expect("JSON").root.to_param();
        assert!(
            matches!(value, ParamValue::Float(zero) if zero == 0.0 && zero.is_sign_negative()),
            "{value:?}"
        );
    }

    #[test]
    fn nesting_is_limited() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(Source::parse("f", &nested(MAX_DEPTH)).is_ok());
        assert!(refused(&nested(MAX_DEPTH + 2)).2.contains("deeper than 64"));
        refused(&nested(100_000));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn the_same_texts_are_json_as_for_serde(text in r#"[\[\]{}:,"\\/ \n\t\x01ntruefals0-9.eE+\-]{0,12}"#) {
            let ours = Source::parse("f", &text).map(|source| source.root.to_param().to_json());
            match (ours, serde_json::from_str::<serde_json::Value>(&text)) {
                (Ok(ours), Ok(theirs)) => prop_assert_eq!(ParamValue::from_json(&ours), ParamValue::from_json(&theirs)),
                (Err(problem), Ok(_)) => {
                    prop_assert!(problem.message.contains("stands twice"), "{}: {}", text, problem);
                }
                (Ok(_), Err(error)) => prop_assert!(false, "{} is not JSON: {}", text, error),
                (Err(_), Err(_)) => {}
            }
        }
    }
}
