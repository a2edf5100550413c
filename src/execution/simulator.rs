//! Orders against prices: fill, size and fee of an entry, price and fee of an exit, in the order of the specification.

use super::exits::{self, ExitChoice, ExitLevel, ExitRules, Held};
use super::fills::{self, EntryFill};
use super::orders::{DistanceRule, Refusal};
use super::sizing::{self, LotLimits, MinLotPolicy, SizingMode};
use crate::costs::{
    Conversion, DrawAddress, DrawError, Draws, ExitSlippage, FeeCall, FeeRule, LiveRates, MissingRate,
    SlippageSettings, slip,
};
use crate::data::Ohlc;
use crate::types::{Direction, OrderType};

/// Why the simulator cannot go on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SimulatorError {
    /// A currency has no rate.
    #[error(transparent)]
    Rate(#[from] MissingRate),
    /// Too many draws on one bar.
    #[error(transparent)]
    Draw(#[from] DrawError),
    /// A size from risk needs a stop.
    #[error(
        "a signal without a stop cannot be sized by risk: set strategy.engine.sizing to {{\"fixed_lots\": ...}} and \
         pnl_mode to \"volume\", or give it a stop"
    )]
    NoStop,
}

/// Switches of fills, sizes and exits; the multipliers are applied already.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatorRules {
    /// Slippage; `None` = none.
    pub slippage: Option<SlippageSettings>,
    /// Direction of exit slippage.
    pub exit_slippage: ExitSlippage,
    /// Whether triggered stop orders slip.
    pub pending_slippage: bool,
    /// Whether triggered orders fill at a gapped open.
    pub gap_fills: bool,
    /// Distance of the stop.
    pub distance: DistanceRule,
    /// Sizes below the least lots.
    pub min_lot_policy: MinLotPolicy,
    /// How lots are found.
    pub sizing: SizingMode,
    /// Money at risk per trade, account currency.
    pub risk_per_trade: f64,
    /// Exit test.
    pub exits: ExitRules,
}

/// What the simulator knows of a symbol.
#[derive(Debug, Clone, PartialEq)]
pub struct SymbolExecution {
    /// One pip as a price difference.
    pub pip_size: f64,
    /// Units per lot.
    pub contract_size: f64,
    /// Lots; `None` without a specification.
    pub limits: Option<LotLimits>,
    /// Value and size of a tick; a value of `None` follows from contract and tick by conversion. `None` without a
    /// specification.
    pub tick: Option<(Option<f64>, f64)>,
    /// Quote to account currency.
    pub to_account: Conversion,
    /// Entry and exit fees.
    pub fee: FeeRule,
}

impl SymbolExecution {
    /// Account money per price unit and lot: by the tick value in mode `tick_value`, else by the contract.
    ///
    /// # Errors
    /// When the quote currency has no rate at this instant.
    #[inline]
    pub fn unit_value(&self, sizing: SizingMode, live: &impl LiveRates) -> Result<f64, MissingRate> {
        match (sizing, self.tick) {
            (SizingMode::TickValue, None) => Ok(sizing::tick_unit_value(None)),
            (SizingMode::TickValue, Some((value, size))) => {
                let value = match value {
                    Some(value) => value,
                    None => self.to_account.convert(self.contract_size * size, live)?,
                };
                Ok(sizing::tick_unit_value(Some((value, size))))
            }
            _ => self.to_account.convert(self.contract_size, live),
        }
    }

    /// Value of an order in account currency.
    ///
    /// # Errors
    /// When the quote currency has no rate at this instant.
    pub fn notional(&self, price: f64, lots: f64, live: &impl LiveRates) -> Result<f64, MissingRate> {
        self.to_account.convert((price * self.contract_size) * lots, live)
    }
}

/// An order that is about to fill.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Order {
    /// Long or short.
    pub direction: Direction,
    /// Market, limit or stop.
    pub order_type: OrderType,
    /// Signal price, next open, or level.
    pub price: f64,
    /// Lots instead of the configured sizing.
    pub lots: Option<f64>,
}

/// An order that filled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fill {
    /// Price after slippage.
    pub price: f64,
    /// Price before slippage, after a gap.
    pub unslipped: f64,
    /// Whether a triggered order filled at the bar's open.
    pub at_open: bool,
    /// Stop.
    pub stop: Option<f64>,
    /// Target.
    pub target: Option<f64>,
    /// Lots.
    pub size: f64,
}

/// How an exit slips.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitSlip {
    /// Not at all, without a draw.
    None,
    /// By the `exit_slippage` switch, as a stop or a signal does.
    Rule,
    /// By the `exit_slippage` switch, as a target does.
    Target,
    /// Against the position, whatever the switch says.
    Adverse,
}

impl From<ExitLevel> for ExitSlip {
    fn from(level: ExitLevel) -> Self {
        match level {
            ExitLevel::Stop => Self::Rule,
            ExitLevel::Target => Self::Target,
        }
    }
}

/// An exit price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExitFill {
    /// Price after slippage.
    pub price: f64,
    /// Pips applied; `None` when the exit did not slip.
    pub pips: Option<f64>,
}

/// Applies rules and draws to orders; one per engine instance.
#[derive(Debug, Clone)]
pub struct ExecutionSimulator<D> {
    rules: SimulatorRules,
    symbols: Vec<SymbolExecution>,
    /// The size of every order of a symbol, where neither price nor stop moves it.
    fixed: Vec<Option<Result<f64, Refusal>>>,
    draws: D,
}

impl<D: Draws> ExecutionSimulator<D> {
    /// A simulator for these symbols, in their configured order.
    pub fn new(rules: SimulatorRules, symbols: Vec<SymbolExecution>, draws: D) -> Self {
        let fixed = symbols.iter().map(|symbol| rules.fixed_size(symbol)).collect();
        Self { rules, symbols, fixed, draws }
    }

    /// The rules.
    pub fn rules(&self) -> &SimulatorRules {
        &self.rules
    }

    /// The source of draws.
    pub fn draws(&self) -> &D {
        &self.draws
    }

    /// What is known of a symbol.
    #[inline]
    pub fn symbol(&self, index: usize) -> &SymbolExecution {
        &self.symbols[index]
    }

    /// Replaces what is known of a symbol.
    pub fn set_symbol(&mut self, index: usize, execution: SymbolExecution) {
        self.fixed[index] = self.rules.fixed_size(&execution);
        self.symbols[index] = execution;
    }

    /// Fills a market order at its price: slippage, stop distance, size.
    ///
    /// `levels` gives stop and target once the fill is known. A refused order has spent its draw.
    ///
    /// # Errors
    /// When a rate is missing, the bar has no room for the draw, or a size from risk lacks its stop.
    #[inline]
    pub fn process_signal(
        &mut self,
        order: &Order,
        at: DrawAddress,
        levels: impl FnOnce(f64) -> (Option<f64>, Option<f64>),
        live: &impl LiveRates,
    ) -> Result<Result<Fill, Refusal>, SimulatorError> {
        let price = match self.slippage_pips(at)? {
            Some(pips) => slip(order.price, order.direction, pips, self.pip(at)),
            None => order.price,
        };
        let (stop, target) = levels(price);
        if !self.rules.distance.admits_market(order.direction, price, stop, self.pip(at)) {
            return Ok(Err(Refusal::StopDistance));
        }
        let size = self.size(order, at, price, stop, live)?;
        Ok(size.map(|size| Fill { price, unslipped: order.price, at_open: false, stop, target, size }))
    }

    /// Fills a pending order its bar has reached: gap, slippage, stop distance, size.
    ///
    /// # Errors
    /// As [`ExecutionSimulator::process_signal`].
    pub fn process_trigger(
        &mut self,
        order: &Order,
        at: DrawAddress,
        open: f64,
        levels: impl FnOnce(f64) -> (Option<f64>, Option<f64>),
        live: &impl LiveRates,
    ) -> Result<Result<Fill, Refusal>, SimulatorError> {
        let unslipped = if self.rules.gap_fills {
            fills::gap_entry(order.direction, order.order_type, order.price, open)
        } else {
            EntryFill { price: order.price, at_open: false }
        };
        let slips = self.rules.pending_slippage && order.order_type == OrderType::Stop;
        let pips = if slips { self.slippage_pips(at)? } else { None };
        let price = match pips {
            Some(pips) => slip(unslipped.price, order.direction, pips, self.pip(at)),
            None => unslipped.price,
        };
        let (stop, target) = levels(price);
        if !self.rules.distance.admits_trigger(order.direction, price, stop, self.pip(at)) {
            return Ok(Err(Refusal::StopDistance));
        }
        let EntryFill { price: unslipped, at_open } = unslipped;
        let size = self.size(order, at, price, stop, live)?;
        Ok(size.map(|size| Fill { price, unslipped, at_open, stop, target, size }))
    }

    /// The exit of a position on a bar of its exit side, before slippage.
    #[expect(clippy::inline_always, reason = "calls on the way from trade to trade are measurable")]
    #[inline(always)]
    pub fn evaluate_exits(&self, held: &Held, bar: &Ohlc, buffer: f64) -> Option<ExitChoice> {
        exits::exit_on_bar(held, bar, self.rules.exits, buffer)
    }

    /// Says on which bar an order is likely to fill after the next exit, so that draws can be made together.
    #[inline]
    pub fn foresee(&mut self, at: DrawAddress) {
        if self.rules.slippage.is_some_and(SlippageSettings::draws) {
            self.draws.foresee(at);
        }
    }

    /// The price of an exit after slippage, taking its draw.
    ///
    /// # Errors
    /// When the bar has no room for the draw.
    #[inline]
    pub fn exit_price(
        &mut self,
        direction: Direction,
        price: f64,
        slips: ExitSlip,
        at: DrawAddress,
    ) -> Result<ExitFill, SimulatorError> {
        let slipped = self.rules.slippage.and_then(|_| self.exit_direction(direction, slips));
        let Some(towards) = slipped else { return Ok(ExitFill { price, pips: None }) };
        let pips = self.slippage_pips(at)?;
        let price = pips.map_or(price, |pips| slip(price, towards, pips, self.pip(at)));
        Ok(ExitFill { price, pips })
    }

    /// The price the other level of an ambiguous bar would have given: with the draw of the exit that was taken, or with
    /// the next draw, unspent.
    pub fn alternative_exit(
        &self,
        direction: Direction,
        price: f64,
        slips: ExitSlip,
        taken: Option<f64>,
        at: DrawAddress,
    ) -> f64 {
        let Some(towards) = self.exit_direction(direction, slips) else { return price };
        let Some(slippage) = self.rules.slippage else { return price };
        let pips =
            taken.unwrap_or_else(|| slippage.pips(if slippage.draws() { self.draws.peek(at) } else { 0.0 }));
        slip(price, towards, pips, self.pip(at))
    }

    /// The fee of one side of a position.
    ///
    /// # Errors
    /// When a currency has no rate at this instant.
    #[inline]
    pub fn fee(
        &self,
        symbol: usize,
        call: FeeCall,
        price: f64,
        lots: f64,
        live: &impl LiveRates,
    ) -> Result<f64, MissingRate> {
        self.symbols[symbol].fee.fee(call, price, lots, live)
    }

    #[inline]
    fn pip(&self, at: DrawAddress) -> f64 {
        self.symbols[at.symbol.index()].pip_size
    }

    /// Pips of one application, with its draw if it takes one; `None` without slippage.
    #[inline]
    fn slippage_pips(&mut self, at: DrawAddress) -> Result<Option<f64>, DrawError> {
        let Some(slippage) = self.rules.slippage else { return Ok(None) };
        let u = if slippage.draws() { self.draws.draw(at)? } else { 0.0 };
        Ok(Some(slippage.pips(u)))
    }

    /// Where an exit slips to: up for long, down for short; `None` = not at all.
    #[inline]
    fn exit_direction(&self, position: Direction, slips: ExitSlip) -> Option<Direction> {
        match (slips, self.rules.exit_slippage) {
            (ExitSlip::None, _) | (ExitSlip::Target, ExitSlippage::Adverse) => None,
            (ExitSlip::Adverse, _) | (ExitSlip::Rule, ExitSlippage::Adverse) => Some(position.opposite()),
            (ExitSlip::Rule | ExitSlip::Target, ExitSlippage::Reference) => Some(position),
        }
    }

    /// The size of an order that fills at a price with a stop.
    #[inline]
    fn size(
        &self,
        order: &Order,
        at: DrawAddress,
        price: f64,
        stop: Option<f64>,
        live: &impl LiveRates,
    ) -> Result<Result<f64, Refusal>, SimulatorError> {
        // Taken apart: copied whole, the number is waited for until the copy is written.
        match (order.lots, &self.fixed[at.symbol.index()]) {
            (None, Some(Ok(size))) => Ok(Ok(*size)),
            (None, Some(Err(why))) => Ok(Err(*why)),
            _ => self.lots(order, at, price, stop, live),
        }
    }

    /// The same where price and stop, or the order itself, decide.
    fn lots(
        &self,
        order: &Order,
        at: DrawAddress,
        price: f64,
        stop: Option<f64>,
        live: &impl LiveRates,
    ) -> Result<Result<f64, Refusal>, SimulatorError> {
        let symbol = &self.symbols[at.symbol.index()];
        let mode = order.lots.map_or(self.rules.sizing, SizingMode::FixedLots);
        let raw = match mode {
            SizingMode::FixedLots(lots) => lots,
            SizingMode::LotSizer => {
                let distance = (price - stop.ok_or(SimulatorError::NoStop)?).abs();
                let pip_value = symbol.to_account.convert(symbol.contract_size * symbol.pip_size, live)?;
                sizing::raw_by_pips(self.rules.risk_per_trade, distance / symbol.pip_size, pip_value)
            }
            SizingMode::TickValue => {
                let distance = (price - stop.ok_or(SimulatorError::NoStop)?).abs();
                let unit_value = symbol.unit_value(mode, live)?;
                sizing::raw_by_ticks(self.rules.risk_per_trade, distance, unit_value)
            }
        };
        Ok(self.rules.admitted(symbol.limits, mode, raw))
    }
}

impl SimulatorRules {
    /// The size a raw lot count comes to.
    #[inline]
    fn admitted(&self, limits: Option<LotLimits>, mode: SizingMode, raw: f64) -> Result<f64, Refusal> {
        match (limits, mode) {
            (None, _) => Ok(sizing::unspecified_lots(raw)),
            (Some(limits), _) if raw < limits.min && self.min_lot_policy == MinLotPolicy::Reject => {
                Err(Refusal::BelowMinimumLot)
            }
            (Some(limits), SizingMode::LotSizer) => Ok(limits.lot_sizer(raw)),
            (Some(limits), SizingMode::TickValue) => Ok(limits.tick_value(raw)),
            (Some(limits), SizingMode::FixedLots(_)) => Ok(limits.fixed(raw)),
        }
    }

    /// The size of every order of a symbol that does not bring its own, where the settings fix it.
    fn fixed_size(&self, symbol: &SymbolExecution) -> Option<Result<f64, Refusal>> {
        let SizingMode::FixedLots(lots) = self.sizing else { return None };
        Some(self.admitted(symbol.limits, self.sizing, lots))
    }
}
