//! One deterministic run: one event loop for one symbol or fifty.

pub mod registry;
pub mod run;
pub mod settings;

pub use registry::{Registered, Registry, UnknownStrategy};
pub use run::{Clock, EngineInputs, RunRequest, StrategyRunner, TrialRun, WindowEnd};
pub use settings::{EngineSettings, SettingError};
