//! The two profiles (`execution.md` 13, `search.md` 13.3).

use super::{
    Accounts, Alignment, EndOfRun, EngineSettings, EquityMode, HoldingClock, ManagementSettings, MarketFill,
    PipBufferPip, PnlMode, Profile, RatesAsOf, RatesSource, StepOrder,
};
use crate::costs::{
    CommissionFields, CommissionSettings, CostModel, ExitSlippage, FeeSchema, FeeSides, SlippageSettings,
    SlippageStream,
};
use crate::execution::{BothHit, MinLotPolicy, SizingMode};

impl EngineSettings {
    /// The settings of a profile.
    pub fn of_profile(profile: Profile) -> Self {
        match profile {
            Profile::Reference => Self::reference(),
            Profile::Realistic => Self::realistic(),
        }
    }

    /// As the Omega reference behaves; for comparison with it, never for ranking.
    pub fn reference() -> Self {
        Self {
            profile: Profile::Reference,
            initial_balance: 100_000.0,
            accounts: Accounts::Shared,
            account_currency: None,
            risk_per_trade: 100.0,
            sizing: SizingMode::LotSizer,
            rates: RatesSource::Data,
            rates_asof: RatesAsOf::Completed,
            costs: CostModel::None,
            fee_multiplier: 1.0,
            slippage: None,
            slippage_multiplier: 1.0,
            slippage_stream: SlippageStream::Sequential,
            exit_slippage: ExitSlippage::Reference,
            pending_slippage: false,
            market_fill: MarketFill::SignalPrice,
            step_order: StepOrder::StrategyFirst,
            gap_fills: false,
            open_first: false,
            pip_buffer_factor: 0.5,
            pip_buffer_pip: PipBufferPip::FirstOpen,
            same_bar_tp_needs_close: false,
            timeout_costs: false,
            holding_clock: HoldingClock::Signal,
            min_lot_policy: MinLotPolicy::ClampUp,
            pnl_mode: PnlMode::RiskMultiple,
            equity_mode: EquityMode::Cash,
            end_of_run: EndOfRun::LeaveOpen,
            min_sl_distance_pips: None,
            halt_on_ruin: false,
            pending_ttl_bars: None,
            cooldown_candles: 0,
            cooldown_minutes: 0,
            cooldown_minutes_trade: 0,
            session: None,
            alignment: Alignment::default(),
            allow_lookahead: false,
            management: ManagementSettings::default(),
            both_hit: BothHit::Pessimistic,
            order_delay_bars: 0,
            detail_timeframe: None,
            swap: None,
            margin: None,
            magic_number: 0,
        }
    }

    /// The default of a sweep: nothing is flattered.
    pub fn realistic() -> Self {
        Self {
            profile: Profile::Realistic,
            costs: CostModel::Commission(CommissionSettings {
                defaults: CommissionFields {
                    schema: Some(FeeSchema::PerMillionNotional),
                    rate_per_million: Some(35.0),
                    side: Some(FeeSides::Both),
                    ..CommissionFields::default()
                },
                per_symbol: Vec::new(),
            }),
            slippage: Some(SlippageSettings { fixed_pips: 0.2, random_pips: 0.3 }),
            slippage_stream: SlippageStream::Keyed,
            exit_slippage: ExitSlippage::Adverse,
            pending_slippage: true,
            market_fill: MarketFill::NextOpen,
            step_order: StepOrder::ExitsFirst,
            gap_fills: true,
            open_first: true,
            pip_buffer_factor: 0.0,
            pip_buffer_pip: PipBufferPip::PerPosition,
            same_bar_tp_needs_close: true,
            timeout_costs: true,
            holding_clock: HoldingClock::Fill,
            min_lot_policy: MinLotPolicy::Reject,
            pnl_mode: PnlMode::Volume,
            equity_mode: EquityMode::MarkToMarket,
            end_of_run: EndOfRun::CloseAtLast,
            min_sl_distance_pips: Some(0.1),
            halt_on_ruin: true,
            ..Self::reference()
        }
    }
}
