//! Everything the file of an own strategy needs: `use omega_sweep::strategy::prelude::*;`

pub use std::sync::Arc;

pub use super::candidates::{all_of, either, mask};
pub use super::series::{column, dense};
pub use super::{
    AccountView, BarView, BindContext, Candidates, Declared, Level, PositionAction, Scope, Signals, Strategy,
    StrategyDef, TradeSignal, declare,
};
pub use crate::cache::{CachePlan, Column, Comparison, IndicatorCache, MaskKey, Operand};
pub use crate::indicators::{FloatBits, IndicatorKind};
pub use crate::portfolio::Position;
pub use crate::types::{
    Direction, OrderType, ParamDomain, ParamError, ParamSet, ParamSpec, ParamValue, PriceSide, SymbolId,
    Timeframe,
};
