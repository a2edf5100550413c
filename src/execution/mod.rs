//! What the market does with an order: triggers, fills, gaps, exits, lots. Knows prices, not accounts.

pub mod exits;
pub mod fills;
pub mod orders;
pub mod simulator;
pub mod sizing;

pub use exits::{BothHit, ExitChoice, ExitLevel, ExitRules, Held, Holding};
pub use fills::{EntryFill, Quote};
pub use orders::{DistanceRule, Refusal};
pub use simulator::{ExecutionSimulator, Fill, Order, SimulatorError, SimulatorRules, SymbolExecution};
pub use sizing::{LotLimits, MinLotPolicy, SizingMode};
