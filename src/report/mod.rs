//! What a person reads: the lines of a run, the closing screen, ranked tables in four formats.
//!
//! Nothing here prints or reads a clock; text is returned as `String` and written by `cli::output`.

#[cfg(feature = "cli")]
pub mod catalog;
pub mod forward;
pub mod lines;
pub mod numbers;
pub mod screen;
pub mod style;
pub mod tables;
#[cfg(feature = "cli")]
pub mod terminal;
#[cfg(feature = "cli")]
pub mod trial_page;
pub mod trials;
pub mod verdict;

pub use forward::{Forward, ForwardWindow, OutOfSampleFigures};
pub use lines::{CacheNote, DataNote, PlanNote};
pub use screen::{CacheUse, ClosingScreen, Counts, HoldoutState, LuckCheck, Note, RankedRow, RankedTable};
pub use style::Tone;
pub use tables::{Cell, Column, Rounding, Table};
#[cfg(feature = "cli")]
pub use trial_page::TrialPage;
pub use trials::{RankedTrial, TrialColumn, trial_table};
pub use verdict::Verdict;
