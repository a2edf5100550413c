//! `strategy.engine` of the sweep file (`search.md` 13.3): account, costs, fills, switches.
//!
//! [`EngineSettings`] holds every key, typed; [`keys::KEYS`] is the table they are read, written and explained by.

mod costs;
pub mod keys;
mod management;
mod overnight;
mod profiles;
mod read;
mod session;

use std::sync::Arc;

pub use keys::{KEYS, SettingKey};
pub use management::{Alignment, ManagementSettings};
pub use overnight::MarginSettings;
pub use session::Session;

use crate::costs::{CostModel, ExitSlippage, SlippageSettings, SlippageStream, SwapSettings};
use crate::data::MultiSymbolData;
use crate::execution::{BothHit, MinLotPolicy, SizingMode};
use crate::types::words::words;
use crate::types::{ParamValue, Timeframe};

words! {
    /// The set of switches everything starts from (`execution.md` 13).
    Profile {
        /// As the Omega reference behaves, its gifts included.
        Reference = "reference",
        /// As a ranking should be made.
        Realistic = "realistic",
    }
}

words! {
    /// Whether symbols share an account.
    Accounts {
        /// One portfolio for all symbols.
        Shared = "shared",
        /// An engine and a balance per symbol.
        PerSymbol = "per_symbol",
    }
}

words! {
    /// Which bar of a quoted pair a conversion may know (`execution.md` Q-23).
    RatesAsOf {
        /// The last completed one.
        Completed = "completed",
        /// The last that has opened.
        Reference = "reference",
    }
}

words! {
    /// When a market order fills.
    MarketFill {
        /// At the signal's price, on the signal's bar.
        SignalPrice = "signal_price",
        /// At the open of the symbol's next bar.
        NextOpen = "next_open",
    }
}

words! {
    /// Whether the strategy speaks before or after the exits of a bar.
    StepOrder {
        /// Strategy, exits, management.
        StrategyFirst = "strategy_first",
        /// Exits, management, strategy.
        ExitsFirst = "exits_first",
    }
}

words! {
    /// Whose pip the pip buffer counts.
    PipBufferPip {
        /// The symbol of the oldest open position, else 0.0001; with several symbols as `per_position`.
        FirstOpen = "first_open",
        /// The position's own symbol.
        PerPosition = "per_position",
    }
}

words! {
    /// Where the holding time of a triggered order starts.
    HoldingClock {
        /// At the bar it was placed on.
        Signal = "signal",
        /// At the bar it was filled on.
        Fill = "fill",
    }
}

words! {
    /// How a close becomes money.
    PnlMode {
        /// R times the risk per trade, whatever the size.
        RiskMultiple = "risk_multiple",
        /// Movement times size times the value of a price unit.
        Volume = "volume",
    }
}

words! {
    /// What the curve shows while a position is open.
    EquityMode {
        /// Realised cash.
        Cash = "cash",
        /// Cash and the floating result of open positions.
        MarkToMarket = "mark_to_market",
    }
}

words! {
    /// What happens to open positions at the end of the data.
    EndOfRun {
        /// They stay open and count in no trade.
        LeaveOpen = "leave_open",
        /// They are closed at the last bar's close.
        CloseAtLast = "close_at_last",
    }
}

/// Where conversion rates come from.
#[derive(Debug, Clone, PartialEq)]
pub enum RatesSource {
    /// Mids of the loaded symbols.
    Data,
    /// A fixed table: pair in upper case, mid rate.
    Table(Vec<(Arc<str>, f64)>),
}

/// Every engine setting of one run, fully resolved. Money in account currency, distances in pips where the name says so.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct EngineSettings {
    /// Profile the switches started from.
    pub profile: Profile,
    /// Balance at the start.
    pub initial_balance: f64,
    /// One account or one per symbol.
    pub accounts: Accounts,
    /// Account currency; `None` = the quote currency common to all symbols, else USD.
    pub account_currency: Option<Arc<str>>,
    /// Money at risk per trade.
    pub risk_per_trade: f64,
    /// How lots are found.
    pub sizing: SizingMode,
    /// Conversion rates.
    pub rates: RatesSource,
    /// Which bar of a quoted pair counts.
    pub rates_asof: RatesAsOf,
    /// Explicit fees.
    pub costs: CostModel,
    /// Factor on the fees.
    pub fee_multiplier: f64,
    /// Slippage before its multiplier; `None` = none.
    pub slippage: Option<SlippageSettings>,
    /// Factor on the slippage.
    pub slippage_multiplier: f64,
    /// How draws are addressed.
    pub slippage_stream: SlippageStream,
    /// Direction of exit slippage.
    pub exit_slippage: ExitSlippage,
    /// Whether triggered stop orders slip.
    pub pending_slippage: bool,
    /// When market orders fill.
    pub market_fill: MarketFill,
    /// Order of work within a step.
    pub step_order: StepOrder,
    /// Whether gapped levels are paid at the open.
    pub gap_fills: bool,
    /// Whether the open decides before the range.
    pub open_first: bool,
    /// Pip buffer of the hit tests, pips.
    pub pip_buffer_factor: f64,
    /// Whose pip the buffer counts.
    pub pip_buffer_pip: PipBufferPip,
    /// Whether stop orders, too, need the close beyond a same-bar target.
    pub same_bar_tp_needs_close: bool,
    /// Whether timeouts and `end_of_data` pay slippage and fee.
    pub timeout_costs: bool,
    /// Where the holding time starts.
    pub holding_clock: HoldingClock,
    /// Sizes below the least lots.
    pub min_lot_policy: MinLotPolicy,
    /// How a close becomes money.
    pub pnl_mode: PnlMode,
    /// What the curve shows.
    pub equity_mode: EquityMode,
    /// Open positions at the end.
    pub end_of_run: EndOfRun,
    /// Least signed distance of the stop, pips; `None` = 1e-5 absolute, market orders only.
    pub min_sl_distance_pips: Option<f64>,
    /// Whether a ruined account refuses signals.
    pub halt_on_ruin: bool,
    /// Bars after which a pending order expires.
    pub pending_ttl_bars: Option<u32>,
    /// Bars without a strategy call after an entry.
    pub cooldown_candles: u32,
    /// Minutes without a strategy call after an entry.
    pub cooldown_minutes: u32,
    /// Minutes without a strategy call after an exit.
    pub cooldown_minutes_trade: u32,
    /// Hours in which the strategy may speak.
    pub session: Option<Session>,
    /// Decision time and staleness of higher timeframes.
    pub alignment: Alignment,
    /// Whether a plain look-ahead mapping is tolerated (`indicators.md` 3.2).
    pub allow_lookahead: bool,
    /// Holding time, break-even, trailing.
    pub management: ManagementSettings,
    /// Which level counts when a bar reaches both.
    pub both_hit: BothHit,
    /// Bars market orders and exit signals wait beyond the next open.
    pub order_delay_bars: u32,
    /// Finer timeframe that decides ambiguous bars.
    pub detail_timeframe: Option<Timeframe>,
    /// Financing over night.
    pub swap: Option<SwapSettings>,
    /// Leverage and stop-out.
    pub margin: Option<MarginSettings>,
    /// Stamp on positions and trades.
    pub magic_number: u64,
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
    /// Two settings contradict each other.
    #[error("`{key}` {problem}")]
    Conflict {
        /// Dotted key.
        key: String,
        /// What it contradicts and what to do.
        problem: String,
    },
    /// A currency the run needs has no rate.
    #[error("{symbol}: {missing}")]
    MissingRate {
        /// Symbol that needs it.
        symbol: String,
        /// The pair and the line to add.
        missing: crate::costs::MissingRate,
    },
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self::realistic()
    }
}

impl EngineSettings {
    /// Applies one key of the table (`market_fill`, `management.be_trigger_r`, `slippage`, ...).
    ///
    /// `profile` resets everything to that profile, so it comes first. A dotted key changes one entry of an object.
    ///
    /// # Errors
    /// Names the key, what was found and what is allowed, or the closest known key.
    pub fn apply(&mut self, key: &str, value: &ParamValue) -> Result<(), SettingError> {
        keys::apply(self, key, value)
    }

    /// Every key with its value, in the order of the table. Applying each in turn gives the same settings.
    pub fn to_json(&self) -> serde_json::Value {
        KEYS.iter().map(|key| (key.name.to_owned(), key.value(self).to_json())).collect()
    }

    /// What differs from the profile: key, value, the profile's value.
    pub fn deviations(&self) -> Vec<(&'static str, ParamValue, ParamValue)> {
        let profile = Self::of_profile(self.profile);
        KEYS.iter()
            .map(|key| (key.name, key.value(self), key.value(&profile)))
            .filter(|(_, value, expected)| value != expected)
            .collect()
    }

    /// Checks what one key alone cannot show.
    ///
    /// # Errors
    /// [`SettingError::Conflict`] naming both keys and what to do.
    pub fn validate(&self) -> Result<(), SettingError> {
        let conflict = |key: &str, problem: &str| {
            Err(SettingError::Conflict { key: key.to_owned(), problem: problem.to_owned() })
        };
        if self.open_first && !self.gap_fills {
            return conflict("open_first", "needs \"gap_fills\": true");
        }
        if self.order_delay_bars > 0 && self.market_fill == MarketFill::SignalPrice {
            return conflict("order_delay_bars", "needs \"market_fill\": \"next_open\"");
        }
        let management = &self.management;
        if management.be_offset_pips.is_some() && management.be_trigger_r.is_none() {
            return conflict("management.be_offset_pips", "needs management.be_trigger_r");
        }
        if management.trail_start_r.is_some() && management.trail_distance_r.is_none() {
            return conflict("management.trail_start_r", "needs management.trail_distance_r");
        }
        Ok(())
    }

    /// The account currency on this data: as set, else the quote currency common to all symbols, else USD.
    pub fn account_currency(&self, data: &MultiSymbolData) -> Arc<str> {
        if let Some(currency) = &self.account_currency {
            return currency.clone();
        }
        let mut quotes = data.symbols().iter().map(|symbol| symbol.spec.quote_currency.as_str());
        let first = quotes.next().unwrap_or("USD");
        if quotes.all(|quote| quote == first) { first.into() } else { "USD".into() }
    }
}
