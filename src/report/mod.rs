//! What a person reads: the lines of a run, the closing screen, ranked tables in four formats.
//!
//! Nothing here prints or reads a clock; text is returned as `String` and written by `cli::output`.

#[cfg(feature = "cli")]
pub mod catalog;
pub mod lines;
pub mod numbers;
pub mod screen;
pub mod style;
pub mod tables;
#[cfg(feature = "cli")]
pub mod terminal;
pub mod verdict;

pub use lines::{CacheNote, DataNote, PlanNote};
pub use screen::{CacheUse, ClosingScreen, Counts, HoldoutState, LuckCheck, Note, RankedRow, RankedTable};
pub use style::Tone;
pub use tables::{Cell, Column, Rounding, Table};
pub use verdict::Verdict;
