//! The reference strategy `mean_reversion_z_score`: six entry scenarios on stretched z-scores and Bollinger bands, with
//! stop and target fixed at the signal.
//!
//! On every bar without an open position the enabled scenarios are asked in the order 1 short, 1 long, 2 short, 2 long,
//! 3 short, 3 long, 4 short, 4 long, 5 long, 5 short, 6 long, 6 short; the first hit is the signal. Long: entry at the
//! ask close, stop `atr_mult` ATR below the bid low; short: entry at the bid close, stop as far above the bid high.
//! Stop and target are rounded to five decimals. Session, cooldowns and news belong to the engine.

mod chain_params;
mod declared;
mod filters;
mod look;
mod params;
mod rows;
mod scenario1;
mod scenario2;
mod scenario3;
mod scenario4;
mod scenario5;
mod scenario6;

pub use declared::CLUSTERS;
pub use scenario5::GuardReport;
pub use scenario6::ChainStatus;

use std::sync::Arc;

use look::{Hit, Look};
use params::Settings;
use scenario1::Scenario1;
use scenario2::Scenario2;
use scenario3::Scenario3;
use scenario4::Scenario4;
use scenario5::Scenario5;
use scenario6::Scenario6;

use crate::cache::{CachePlan, IndicatorCache};
use crate::indicators::IndicatorKind;
use crate::strategy::series::{dense, plan_primary};
use crate::strategy::{
    AccountView, BarView, BindContext, Candidates, Level, Signals, Strategy, StrategyDef, TradeSignal,
};
use crate::types::math::round_decimals;
use crate::types::{Direction, OrderType, ParamError, ParamSet, ParamSpec, PriceSide, SymbolId, Timeframe};

/// Scenario numbers and directions in the order they are asked.
const ORDER: [(usize, Direction); 12] = [
    (1, Direction::Short),
    (1, Direction::Long),
    (2, Direction::Short),
    (2, Direction::Long),
    (3, Direction::Short),
    (3, Direction::Long),
    (4, Direction::Short),
    (4, Direction::Long),
    (5, Direction::Long),
    (5, Direction::Short),
    (6, Direction::Long),
    (6, Direction::Short),
];

/// Decimals of stops and targets, for every symbol.
const DECIMALS: usize = 5;

/// The definition.
#[derive(Debug, Clone)]
pub struct MeanReversionZScore {
    params: Vec<ParamSpec>,
}

impl Default for MeanReversionZScore {
    fn default() -> Self {
        Self { params: declared::parameters() }
    }
}

impl StrategyDef for MeanReversionZScore {
    type Bound = MeanReversionBound;

    fn name(&self) -> &'static str {
        "mean_reversion_z_score"
    }

    fn help(&self) -> &'static str {
        "Trades back to the mean when a z-score (EMA, Kalman or Kalman-GARCH) and a Bollinger band are overrun: six scenarios, with higher-timeframe filters, a volatility guard and a chain of timeframes."
    }

    fn params(&self) -> &[ParamSpec] {
        &self.params
    }

    fn dynamic_param(&self, name: &str) -> Option<ParamSpec> {
        chain_params::flat_spec(name)
    }

    fn plan(
        &self,
        params: &ParamSet,
        context: &BindContext<'_>,
        plan: &mut CachePlan,
    ) -> Result<(), ParamError> {
        let settings = Settings::read(params, context)?;
        plan_primary(plan, context, &[atr(&settings)]);
        (1..=6)
            .filter(|&number| settings.enables(number))
            .try_for_each(|number| plan_scenario(number, &settings, context, plan))?;
        rows::plan(&settings, context, plan);
        Ok(())
    }

    fn bind(
        &self,
        params: &ParamSet,
        context: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<Self::Bound, ParamError> {
        MeanReversionBound::bind(&Settings::read(params, context)?, context, cache)
    }

    fn warmup_bars(&self, params: &ParamSet) -> usize {
        let read = |name| params.count(name).unwrap_or(0);
        let garch = read("garch_min_periods") + 2;
        let lookbacks = read("local_z_lookback").max(read("intraday_vol_garch_lookback"));
        (2 * read("window_length")).max(read("b_b_length")).max(read("atr_length")).max(garch).max(lookbacks)
    }
}

fn atr(settings: &Settings) -> IndicatorKind {
    IndicatorKind::Atr { period: settings.atr_length }
}

fn plan_scenario(
    number: usize,
    settings: &Settings,
    context: &BindContext<'_>,
    plan: &mut CachePlan,
) -> Result<(), ParamError> {
    match number {
        1 => {
            scenario1::plan(settings, context, plan);
            Ok(())
        }
        2 => scenario2::plan(settings, context, plan),
        3 => scenario3::plan(settings, context, plan),
        4 => scenario4::plan(settings, context, plan),
        5 => scenario5::plan(settings, context, plan),
        _ => scenario6::plan(settings, context, plan),
    }
}

/// One scenario with its series.
#[derive(Debug)]
enum Scenario {
    One(Scenario1),
    Two(Scenario2),
    Three(Scenario3),
    Four(Scenario4),
    Five(Scenario5),
    Six(Scenario6),
}

impl Scenario {
    fn bind(
        number: usize,
        settings: &Settings,
        context: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<Self, ParamError> {
        Ok(match number {
            1 => Self::One(Scenario1::bind(settings, context, cache)?),
            2 => Self::Two(Scenario2::bind(settings, context, cache)?),
            3 => Self::Three(Scenario3::bind(settings, context, cache)?),
            4 => Self::Four(Scenario4::bind(settings, context, cache)?),
            5 => Self::Five(Scenario5::bind(settings, context, cache)?),
            _ => Self::Six(Scenario6::bind(settings, context, cache)?),
        })
    }

    #[inline]
    fn hit(&mut self, look: &Look, direction: Direction) -> Option<Hit> {
        match self {
            Self::One(scenario) => scenario.hit(look, direction),
            Self::Two(scenario) => scenario.hit(look, direction),
            Self::Three(scenario) => scenario.hit(look, direction),
            Self::Four(scenario) => scenario.hit(look, direction),
            Self::Five(scenario) => scenario.hit(look, direction),
            Self::Six(scenario) => scenario.hit(look, direction),
        }
    }
}

/// One question of an evaluation: which scenario, which direction, under which label.
#[derive(Debug, Clone, Copy)]
struct Question {
    scenario: usize,
    direction: Direction,
    label: &'static str,
}

/// One parameter set on one symbol.
#[derive(Debug)]
pub struct MeanReversionBound {
    symbol: SymbolId,
    scenarios: Vec<Scenario>,
    questions: Vec<Question>,
    atr: Arc<[f64]>,
    ask_atr: Option<Arc<[f64]>>,
    atr_mult: f64,
    max_holding_minutes: Option<i64>,
    candidates: Candidates,
}

impl MeanReversionBound {
    fn bind(
        settings: &Settings,
        context: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<Self, ParamError> {
        let mut scenarios = Vec::new();
        let mut questions = Vec::new();
        for number in (1..=6).filter(|&number| settings.enables(number)) {
            scenarios.push(Scenario::bind(number, settings, context, cache)?);
            let asked = ORDER.iter().filter(|(asked, _)| *asked == number);
            let wanted = asked.filter(|(_, direction)| settings.only.is_none_or(|only| only == *direction));
            questions.extend(wanted.map(|&(_, direction)| Question {
                scenario: scenarios.len() - 1,
                direction,
                label: label(number, direction),
            }));
        }
        let atr = |side| dense(cache, &context.primary(side, atr(settings)));
        Ok(Self {
            symbol: context.symbol,
            scenarios,
            questions,
            atr: atr(PriceSide::Bid)?,
            ask_atr: if settings.enables(1) { Some(atr(PriceSide::Ask)?) } else { None },
            atr_mult: settings.atr_mult,
            max_holding_minutes: settings.max_holding_minutes,
            candidates: rows::bind(settings, context, cache)?,
        })
    }

    /// The volatility guard's judgement of a row; `None` unless scenario 5 is enabled.
    pub fn guard_at(&self, row: usize) -> Option<GuardReport> {
        self.scenarios.iter().find_map(|scenario| match scenario {
            Scenario::Five(five) => Some(five.guard().judge(row)),
            _ => None,
        })
    }

    /// The chain's judgement of a row, member by member, and whether it passes; `None` unless scenario 6 is enabled.
    pub fn chain_at(
        &self,
        row: usize,
        direction: Direction,
    ) -> Option<(Vec<(Timeframe, ChainStatus)>, bool)> {
        self.scenarios.iter().find_map(|scenario| match scenario {
            Scenario::Six(six) => {
                let chain = six.chain();
                Some((chain.judge(row, direction).collect(), chain.holds(row, direction)))
            }
            _ => None,
        })
    }

    /// Stop and target of a hit, rounded; `None` while the ATR is absent.
    fn levels(&self, look: &Look, direction: Direction, hit: Hit) -> Option<(f64, f64)> {
        let series = if hit.ask_atr { self.ask_atr.as_ref()? } else { &self.atr };
        let atr = series[look.row];
        if !atr.is_finite() {
            return None;
        }
        let stop = match direction {
            Direction::Long => look.bid.low - self.atr_mult * atr,
            Direction::Short => look.bid.high + self.atr_mult * atr,
        };
        Some((round_decimals(stop, DECIMALS), round_decimals(hit.target, DECIMALS)))
    }
}

impl Strategy for MeanReversionBound {
    fn evaluate(&mut self, bar: &BarView<'_>, account: &AccountView<'_>, out: &mut Signals) {
        if !account.is_flat(self.symbol) {
            return;
        }
        let look = Look { row: bar.row(), bid: bar.bid(), ask: bar.ask() };
        for index in 0..self.questions.len() {
            let Question { scenario, direction, label } = self.questions[index];
            let Some(hit) = self.scenarios[scenario].hit(&look, direction) else { continue };
            let Some((stop, target)) = self.levels(&look, direction, hit) else { continue };
            out.enter(TradeSignal {
                symbol: self.symbol,
                direction,
                order_type: OrderType::Market,
                entry_price: bar.market_price(direction),
                stop_loss: Level::Price(stop),
                take_profit: Level::Price(target),
                lots: None,
                scenario: Some(label),
                tag: 0,
            });
            return;
        }
    }

    fn max_holding_minutes(&self) -> Option<i64> {
        self.max_holding_minutes
    }

    fn candidates(&self) -> Candidates {
        self.candidates.clone()
    }
}

/// `long_1` ... `short_6`.
fn label(number: usize, direction: Direction) -> &'static str {
    const LONG: [&str; 6] = ["long_1", "long_2", "long_3", "long_4", "long_5", "long_6"];
    const SHORT: [&str; 6] = ["short_1", "short_2", "short_3", "short_4", "short_5", "short_6"];
    match direction {
        Direction::Long => LONG[number - 1],
        Direction::Short => SHORT[number - 1],
    }
}

#[cfg(test)]
mod tests;
