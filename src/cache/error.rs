//! Why a plan cannot be computed.

use thiserror::Error;

use crate::types::Timeframe;

/// A plan that does not fit the data or the memory.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The symbol is not in the data.
    #[error("series `{series}` names symbol {symbol}, but the data holds {symbols} (numbered from 0)")]
    UnknownSymbol {
        /// Series asked for.
        series: String,
        /// Number found.
        symbol: u16,
        /// Symbols loaded.
        symbols: usize,
    },
    /// The timeframe is not loaded.
    #[error(
        "timeframe {timeframe} of {symbol} is not loaded, only {loaded}: add it to `data.timeframes.additional`"
    )]
    UnknownTimeframe {
        /// Symbol.
        symbol: String,
        /// Timeframe found.
        timeframe: Timeframe,
        /// Timeframes there are.
        loaded: String,
    },
    /// A parameter names no series.
    #[error("series `{series}`: {problem}")]
    Parameter {
        /// Series asked for.
        series: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// A comparison of two symbols, or of two constants.
    #[error("comparison `{mask}` needs series of exactly one symbol")]
    MaskSymbols {
        /// Comparison asked for.
        mask: String,
    },
    /// One batch needs more than the budget.
    #[error(
        "the series of one batch need {needed} bytes, the budget leaves {limit}: raise `--memory`, or make \
         `output.chunk_trials` smaller"
    )]
    Budget {
        /// Bytes needed.
        needed: u64,
        /// Bytes allowed.
        limit: u64,
    },
}
