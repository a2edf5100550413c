//! `strategy.engine` of the sweep file (`search.md` 13.3): account, costs, fills, switches.

use crate::types::ParamValue;

/// Every engine setting of one run, fully resolved.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct EngineSettings {
    /// Balance at the start, account currency.
    pub initial_balance: f64,
}

/// A setting that cannot be taken.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
    /// No such key; `closest` is a suggestion.
    #[error("unknown engine setting `{key}`")]
    Unknown {
        /// Dotted key.
        key: String,
        /// Closest known key.
        closest: Option<String>,
    },
    /// The value does not fit.
    #[error("`{key}` must be {allowed}, got {found}")]
    Invalid {
        /// Dotted key.
        key: String,
        /// Value found.
        found: String,
        /// What is allowed.
        allowed: String,
    },
}

impl EngineSettings {
    /// Applies one key of the table (`market_fill`, `management.be_trigger_r`, `slippage`, ...).
    ///
    /// # Errors
    /// Names the key, what was found and what is allowed.
    pub fn apply(&mut self, key: &str, value: &ParamValue) -> Result<(), SettingError> {
        let _ = value;
        Err(SettingError::Unknown { key: key.to_owned(), closest: None })
    }
}
