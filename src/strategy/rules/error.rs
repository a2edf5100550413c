//! What is wrong with a rule, and where: code, place, a caret under the text, one suggestion.

use std::fmt;

/// A piece of a rule's text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// From the start of one piece to the end of another.
    pub(super) fn to(self, last: Self) -> Self {
        Self { start: self.start, end: last.end }
    }
}

/// The three ways a rule can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleCode {
    /// The text is not an expression.
    Syntax,
    /// An expression of another type, number of arguments or kind of argument is needed.
    Type,
    /// No such name or function, or not here.
    Name,
}

impl RuleCode {
    /// `"E160"`, `"E161"`, `"E162"`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "E160",
            Self::Type => "E161",
            Self::Name => "E162",
        }
    }
}

/// A problem inside one expression, before it is known which rule the text belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) code: RuleCode,
    pub(super) at: Span,
    pub(super) message: String,
    pub(super) suggestion: Option<String>,
}

impl Problem {
    pub(super) fn new(code: RuleCode, at: Span, message: impl Into<String>) -> Self {
        Self { code, at, message: message.into(), suggestion: None }
    }

    pub(super) fn suggest(mut self, suggestion: impl Into<String>) -> Self {
        self.suggestion = Some(suggestion.into());
        self
    }

    /// With the rule it stands in.
    pub(super) fn inside(self, path: &str, text: &str) -> RuleError {
        let Self { code, at, message, suggestion } = self;
        let text = if text.len() > super::parser::LONGEST { "" } else { text };
        RuleError { code, path: path.to_owned(), text: text.to_owned(), at, message, suggestion }
    }
}

/// A rule that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct RuleError {
    /// Which kind of problem.
    pub code: RuleCode,
    /// Place below `strategy.rules`: `long`, `let.z`.
    pub path: String,
    /// Text of the expression; empty when the problem is not inside one.
    pub text: String,
    /// Where in the text.
    pub at: Span,
    /// What was found and what is allowed.
    pub message: String,
    /// One remedy.
    pub suggestion: Option<String>,
}

impl RuleError {
    /// A problem with a rule as a whole.
    pub(super) fn whole(code: RuleCode, path: &str, message: impl Into<String>) -> Self {
        let at = Span { start: 0, end: 0 };
        Self {
            code,
            path: path.to_owned(),
            text: String::new(),
            at,
            message: message.into(),
            suggestion: None,
        }
    }
}

impl fmt::Display for RuleError {
    /// Message, then the text with carets under the place, then the suggestion, a line each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)?;
        if !self.text.is_empty() {
            let columns = |bytes: &str| bytes.chars().count();
            let before = columns(self.text.get(..self.at.start).unwrap_or(&self.text));
            let marked = columns(self.text.get(self.at.start..self.at.end).unwrap_or_default()).max(1);
            let line: String = self.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            write!(f, "\n  {line}\n  {}{}", " ".repeat(before), "^".repeat(marked))?;
        }
        match &self.suggestion {
            Some(suggestion) => write!(f, "\n  {suggestion}"),
            None => Ok(()),
        }
    }
}
