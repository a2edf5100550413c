//! The switches of section 13, 9a and 9b, with the two profiles. A switch that is not named has its `reference` value.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Switches {
    pub(crate) exit_slippage: ExitSlippage,
    pub(crate) pending_slippage: bool,
    pub(crate) gap_fills: bool,
    pub(crate) open_first: bool,
    pub(crate) market_fill: MarketFill,
    pub(crate) step_order: StepOrder,
    pub(crate) pip_buffer_pip: PipBufferPip,
    pub(crate) same_bar_tp_needs_close: bool,
    pub(crate) timeout_costs: bool,
    pub(crate) holding_clock: HoldingClock,
    pub(crate) min_lot_policy: MinLotPolicy,
    pub(crate) pnl_mode: PnlMode,
    pub(crate) equity_mode: EquityMode,
    pub(crate) end_of_run: EndOfRun,
    pub(crate) min_sl_distance_pips: Option<f64>,
    pub(crate) halt_on_ruin: bool,
    pub(crate) pending_ttl_bars: Option<usize>,
    pub(crate) slippage_stream: SlippageStream,
    pub(crate) both_hit: BothHit,
    pub(crate) order_delay_bars: usize,
}

impl Default for Switches {
    fn default() -> Self {
        Self::reference()
    }
}

impl Switches {
    pub(crate) fn reference() -> Self {
        Self {
            exit_slippage: ExitSlippage::Reference,
            pending_slippage: false,
            gap_fills: false,
            open_first: false,
            market_fill: MarketFill::SignalPrice,
            step_order: StepOrder::StrategyFirst,
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
            slippage_stream: SlippageStream::Sequential,
            both_hit: BothHit::Pessimistic,
            order_delay_bars: 0,
        }
    }

    pub(crate) fn realistic() -> Self {
        Self {
            exit_slippage: ExitSlippage::Adverse,
            pending_slippage: true,
            gap_fills: true,
            open_first: true,
            market_fill: MarketFill::NextOpen,
            step_order: StepOrder::ExitsFirst,
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
            pending_ttl_bars: None,
            slippage_stream: SlippageStream::Keyed,
            both_hit: BothHit::Pessimistic,
            order_delay_bars: 0,
        }
    }
}

macro_rules! words {
    ($($name:ident { $($word:ident),+ })+) => {
        $(
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
            #[serde(rename_all = "snake_case")]
            pub(crate) enum $name { $($word),+ }
        )+
    };
}

words! {
    ExitSlippage { Reference, Adverse }
    MarketFill { SignalPrice, NextOpen }
    StepOrder { StrategyFirst, ExitsFirst }
    PipBufferPip { FirstOpen, PerPosition }
    HoldingClock { Signal, Fill }
    MinLotPolicy { ClampUp, Reject }
    PnlMode { RiskMultiple, Volume }
    EquityMode { Cash, MarkToMarket }
    EndOfRun { LeaveOpen, CloseAtLast }
    SlippageStream { Sequential, Keyed }
    BothHit { Pessimistic, Optimistic, OpenDistance }
}
