//! Sweep file to typed settings: every problem at once, with path, line, column and a suggestion.
//!
//! `source` reads the text, `section` hands out the keys of an object and remembers every default, one file per
//! section of the sweep file checks it, `check` holds the rules across sections, `load` is the way in.

pub mod error;
pub mod explain;
pub mod source;

mod overrides;
mod section;

pub use error::{ConfigError, ConfigProblem, Problems, Severity};
