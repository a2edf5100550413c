//! The strategies that come with the program, one file or folder each.

pub mod ema_cross;
pub mod mean_reversion_z_score;

pub use ema_cross::EmaCross;
pub use mean_reversion_z_score::MeanReversionZScore;

use crate::types::{Direction, ParamError, ParamSet};

/// The only direction traded, by a parameter with the words `long`, `short`, `both`.
fn one_way(params: &ParamSet, name: &str) -> Result<Option<Direction>, ParamError> {
    Ok(match params.word(name)? {
        "long" => Some(Direction::Long),
        "short" => Some(Direction::Short),
        _ => None,
    })
}
