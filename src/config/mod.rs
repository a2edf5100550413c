//! Sweep file to typed settings: every problem at once, with path, line, column and a suggestion.
//!
//! `source` reads the text, `section` hands out the keys of an object and remembers every default, one file per
//! section of the sweep file checks it, `check` holds the rules across sections, `load` is the way in.

pub mod error;
pub mod explain;
pub mod source;

mod aims;
mod assemble;
mod check;
mod data;
mod engine;
mod load;
mod overrides;
mod parameters;
mod rules;
mod section;
mod spec;
mod strategy;
mod study;
mod study_id;
#[cfg(test)]
mod tests;
mod unbuilt;
mod validation;

pub use error::{ConfigError, ConfigProblem, Problems, Severity};
pub use load::{LoadOptions, SCHEMA, Text, load, parse};
pub use spec::{
    Budget, DailyReturnsOf, EngineSeed, JobSpec, Output, Pruning, ReportForm, Resource, SamplerSpec,
    StrategyKind, StrategySpec, Validation,
};
pub use study::seconds;
