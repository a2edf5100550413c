//! The strategies that come with the program, one file or folder each.

pub mod bollinger_reversion;
pub mod donchian_breakout;
pub mod ema_cross;
mod levels;
pub mod mean_reversion_z_score;
pub mod pairs_z_score;
pub mod rsi_reversion;
mod signals;
#[cfg(test)]
mod small_tests;

pub use bollinger_reversion::BollingerReversion;
pub use donchian_breakout::DonchianBreakout;
pub use ema_cross::EmaCross;
pub use mean_reversion_z_score::MeanReversionZScore;
pub use pairs_z_score::PairsZScore;
pub use rsi_reversion::RsiReversion;
pub use signals::SignalBound;

use crate::types::{Direction, ParamError, ParamSet};

/// The only direction traded, by a parameter with the words `long`, `short`, `both`.
fn one_way(params: &ParamSet, name: &str) -> Result<Option<Direction>, ParamError> {
    Ok(match params.word(name)? {
        "long" => Some(Direction::Long),
        "short" => Some(Direction::Short),
        _ => None,
    })
}
