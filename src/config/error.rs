//! What is wrong with a sweep file, and where.

use std::cell::RefCell;
use std::fmt;
use std::path::PathBuf;

use super::section::Path;
use super::source::{Place, Source};

/// Whether a problem stops the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Nothing can run.
    Error,
    /// Worth knowing; the run goes on.
    Warning,
}

/// One problem of a sweep file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigProblem {
    /// Code with a long text in [`super::explain::text`], such as `E105`.
    pub code: &'static str,
    /// Whether it stops the run.
    pub severity: Severity,
    /// What is wrong, a lower-case fragment.
    pub message: String,
    /// Place as a JSON pointer: `/data/symbol`.
    pub pointer: String,
    /// The same place dotted: `data.symbol`.
    pub dotted: String,
    /// File, or the option, that holds the text.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The value found, as JSON.
    pub found: Option<String>,
    /// What is allowed, in words.
    pub allowed: Option<String>,
    /// One remedy.
    pub suggestion: Option<String>,
}

impl ConfigProblem {
    /// An error at a place of a text.
    pub(crate) fn new(
        code: &'static str,
        source: &Source,
        place: Place,
        path: &Path,
        message: impl Into<String>,
    ) -> Self {
        let (file, line, column) = source.position(place);
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            pointer: path.pointer(),
            dotted: path.dotted(),
            file,
            line,
            column,
            found: None,
            allowed: None,
            suggestion: None,
        }
    }

    /// With the value found.
    pub(crate) fn found(self, found: impl Into<String>) -> Self {
        Self { found: Some(found.into()), ..self }
    }

    /// With what is allowed.
    pub(crate) fn allowed(self, allowed: impl Into<String>) -> Self {
        Self { allowed: Some(allowed.into()), ..self }
    }

    /// With a remedy, if there is one.
    pub(crate) fn suggest(self, suggestion: impl Into<Option<String>>) -> Self {
        Self { suggestion: suggestion.into().or(self.suggestion), ..self }
    }

    /// As a warning.
    pub(crate) fn warning(self) -> Self {
        Self { severity: Severity::Warning, ..self }
    }
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        writeln!(f, "{severity}[{}]: {}", self.code, self.message)?;
        write!(f, "  --> {}:{}:{}", self.file, self.line, self.column)?;
        if !self.dotted.is_empty() {
            write!(f, "  {}", self.dotted)?;
        }
        match &self.suggestion {
            Some(suggestion) => write!(f, "\n  = {suggestion}"),
            None => Ok(()),
        }
    }
}

/// Problems in the order they were met; shared by all readers of one file.
#[derive(Debug, Default)]
pub struct Problems(RefCell<Vec<ConfigProblem>>);

impl Problems {
    /// Adds one.
    pub(crate) fn push(&self, problem: ConfigProblem) {
        self.0.borrow_mut().push(problem);
    }

    /// Whether an error (not a warning) was met.
    pub(crate) fn any_error(&self) -> bool {
        self.0.borrow().iter().any(|problem| problem.severity == Severity::Error)
    }

    /// All of them, errors first, by place in the text; of one place in the order they were met.
    pub(crate) fn into_sorted(self) -> Vec<ConfigProblem> {
        let mut problems = self.0.into_inner();
        let rank =
            |problem: &ConfigProblem| (problem.severity == Severity::Warning, problem.line, problem.column);
        problems.sort_by(|a, b| a.file.cmp(&b.file).then_with(|| rank(a).cmp(&rank(b))));
        problems
    }
}

/// A sweep file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The text has problems: at least one error, and possibly warnings.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n"))]
    Invalid(Vec<ConfigProblem>),
}

impl ConfigError {
    /// The problems of the text, empty when it could not be read.
    pub fn problems(&self) -> &[ConfigProblem] {
        match self {
            Self::Read { .. } => &[],
            Self::Invalid(problems) => problems,
        }
    }
}
