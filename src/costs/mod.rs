//! What trading costs: slippage and its random draws, fees, currency conversion, swap, spread.
//!
//! Prices are quote currency per unit of base, money is account currency, sizes are lots. Nothing here knows a bar or an
//! account; rates that move with the market come through [`LiveRates`].

pub mod commission;
pub mod conversion;
pub mod draws;
pub mod fee;
pub mod slippage;
pub mod spread;
pub mod swap;

pub use commission::{CommissionFields, CommissionSettings, FeeSchema, FeeSides};
pub use conversion::{Conversion, LiveRates, MissingRate, NoLiveRates, Rate};
pub use draws::{DrawAddress, DrawError, DrawState, Draws, RngDraws, SlippageStream};
pub use fee::{CostModel, FeeCall, FeeRule, LegacyFee};
pub use slippage::{ExitSlippage, SlippageSettings, slip};
pub use swap::{SwapRates, SwapSettings, SwapUnit, Weekday};
