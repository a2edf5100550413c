//! Words every module shares: ids, time, sides, parameters, trades, curves, random numbers, arithmetic, digests.
//!
//! No input or output, no market, no account; imports nothing of ours.

pub mod calendar;
mod chacha;
pub mod curve;
pub mod fingerprint;
pub mod ids;
pub mod intern;
pub mod math;
pub mod params;
pub mod rng;
pub mod side;
pub mod span;
pub(crate) mod sums;
pub mod time;
pub mod trade;
pub mod trial;
pub(crate) mod words;

pub use calendar::Calendar;
pub use curve::{CurvePoint, EquityCurve};
pub use fingerprint::{Digest, DigestWriter};
pub use ids::{StepRange, SymbolId, TrialId};
pub use params::{ParamDomain, ParamError, ParamSet, ParamSpec, ParamValue, SweepHint};
pub use rng::{KeyedRng, MasterSeed, PlacedDraws, Purpose};
pub use side::{Direction, OrderType, PriceSide};
pub use span::{Span, SpanError};
pub use time::{Timeframe, Timestamp};
pub use trade::{CloseReason, Trade, TradeCosts};
pub use trial::{Trial, TrialError};
