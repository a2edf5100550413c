//! What ends a command early: an exit code and the text a person reads.

use std::fmt::Display;

use super::exit::Exit;

/// A command that could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    /// How the program ends.
    pub(crate) exit: Exit,
    /// Complete text without a trailing line break, `error: ` or `error[E...]: ` included.
    pub(crate) text: String,
    /// The cause as the program sees it, shown with `-vv`.
    pub(crate) detail: Option<String>,
}

impl Failure {
    /// A failure with one message and one remedy: `error: <message>` and `  = <remedy>`.
    pub(crate) fn new(exit: Exit, message: impl Display, remedy: impl Display) -> Self {
        Self::rendered(exit, format!("error: {message}\n  = {remedy}"))
    }

    /// The same with a code that `omega-sweep explain` knows.
    pub(crate) fn coded(exit: Exit, code: &str, message: impl Display, remedy: impl Display) -> Self {
        Self::rendered(exit, format!("error[{code}]: {message}\n  = {remedy}"))
    }

    /// A failure whose text is already complete (all problems of a sweep file, for example).
    pub(crate) fn rendered(exit: Exit, text: impl Into<String>) -> Self {
        Self { exit, text: text.into(), detail: None }
    }

    /// With the cause as the program sees it.
    pub(crate) fn with_detail(self, detail: String) -> Self {
        Self { detail: Some(detail), ..self }
    }
}
