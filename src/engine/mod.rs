//! One deterministic run: one event loop for one symbol or fifty.

mod accounts;
mod adopt;
mod agent;
mod book;
mod clock;
pub mod context;
mod detail;
mod entries;
pub mod event_engine;
mod exits;
mod finish;
pub mod history;
pub mod lookahead;
mod management;
mod money;
pub mod observer;
mod overnight;
pub mod rates;
pub mod registry;
pub mod run;
pub mod settings;
pub mod snapshot;
pub mod trial;
mod wrapper;

pub use context::RunContext;
pub use event_engine::{EngineError, EventEngine, Outcome};
pub use history::{HistoryDifference, history_difference};
pub use lookahead::{Leak, find_lookahead};
pub use observer::Observer;
pub use rates::check_rates;
pub use registry::{Registered, Registry, UnknownStrategy};
pub use run::{Clock, EngineInputs, RunRequest, StrategyRunner, TrialRun, WindowEnd};
pub use settings::{EngineSettings, SettingError};
pub use snapshot::EngineSnapshot;
pub use trial::run_trial;
