//! Pairs: the spread of the first two symbols, `ln(A) - hedge_ratio * ln(B)`, reverts to its mean.
//!
//! z is the spread's distance from its mean over `window` bars of A in population deviations, B taken at its newest bar
//! at or before A's. z at or below `-entry_z` buys A and sells B, at or above `entry_z` the other way round; back within
//! `exit_z` of the mean both legs are closed, and a leg left alone by a stop is closed too. Decisions need a bar of both
//! symbols at the same instant. Each leg has its own stop, `stop_atr` times its own ATR(14).

use std::sync::Arc;

use super::levels::ATR_PERIOD;
use crate::cache::{CachePlan, Expression, ExpressionSource, IndicatorCache};
use crate::indicators::rolling::{self, Deviation};
use crate::indicators::{ExpressionId, IndicatorKind, SeriesKey};
use crate::strategy::series::dense;
use crate::strategy::{
    AccountView, BarView, BindContext, Level, Scope, Signals, Strategy, StrategyDef, TradeSignal,
};
use crate::types::math::ln;
use crate::types::{Direction, OrderType, ParamError, ParamSet, ParamSpec, SymbolId};

/// The definition.
#[derive(Debug, Clone)]
pub struct PairsZScore {
    params: Vec<ParamSpec>,
}

impl Default for PairsZScore {
    fn default() -> Self {
        let params = vec![
            ParamSpec::bars("window", 2, 200)
                .help("Window of mean and deviation of the spread.")
                .swept("100", "500", "100"),
            ParamSpec::at_least("hedge_ratio", 0.0, 1.0)
                .help("How much of the second symbol's logarithm is taken off the first one's."),
            ParamSpec::positive("entry_z", 2.0)
                .unit("z")
                .help("Distance from the mean that opens both legs.")
                .swept("1.5", "3.0", "0.5"),
            ParamSpec::at_least("exit_z", 0.0, 0.0)
                .unit("z")
                .help("Distance from the mean within which both legs are closed; below `entry_z`."),
            ParamSpec::positive("stop_atr", 4.0)
                .nullable()
                .unit("ATR(14) multiples")
                .help("Stop of each leg by its own ATR; null: no stops."),
        ];
        Self { params }
    }
}

/// One parameter set, read, with the two symbols.
#[derive(Debug, Clone, Copy)]
struct Settings {
    legs: [SymbolId; 2],
    window: u32,
    hedge_ratio: f64,
    entry_z: f64,
    exit_z: f64,
    stop_atr: Option<f64>,
}

impl Settings {
    fn read(params: &ParamSet, context: &BindContext<'_>) -> Result<Self, ParamError> {
        let mut ids = context.data.ids();
        let (Some(first), Some(second)) = (ids.next(), ids.next()) else {
            return Err(ParamError::MissingData {
                what: "a second symbol".to_owned(),
                remedy: "give data.symbols two names".to_owned(),
            });
        };
        let (entry_z, exit_z) = (params.number("entry_z")?, params.number("exit_z")?);
        if exit_z >= entry_z {
            let reason = format!("exit_z {exit_z} is not below entry_z {entry_z}");
            return Err(ParamError::Infeasible { reason });
        }
        Ok(Self {
            legs: [first, second],
            window: params.period("window")?,
            hedge_ratio: params.number("hedge_ratio")?,
            entry_z,
            exit_z,
            stop_atr: params.optional_number("stop_atr")?,
        })
    }

    fn z(&self, context: &BindContext<'_>) -> (SeriesKey, SpreadZ) {
        let close = |leg| leg_key(leg, IndicatorKind::Close, context);
        let spread = SpreadZ {
            closes: self.legs.map(close),
            window: self.window as usize,
            hedge_ratio: self.hedge_ratio,
        };
        let id = ExpressionId::of(&format!("{spread:?}"));
        (leg_key(self.legs[0], IndicatorKind::Expression(id), context), spread)
    }
}

/// Key of a bid series of one leg.
fn leg_key(leg: SymbolId, kind: IndicatorKind, context: &BindContext<'_>) -> SeriesKey {
    BindContext { symbol: leg, ..*context }.bid(kind)
}

fn atr_key(leg: SymbolId, context: &BindContext<'_>) -> SeriesKey {
    leg_key(leg, IndicatorKind::Atr { period: ATR_PERIOD }, context)
}

/// The z-score of the spread on the bars of the first symbol.
#[derive(Debug)]
struct SpreadZ {
    closes: [SeriesKey; 2],
    window: usize,
    hedge_ratio: f64,
}

impl Expression for SpreadZ {
    fn inputs(&self) -> Vec<SeriesKey> {
        self.closes.to_vec()
    }

    fn write(&self, source: &ExpressionSource<'_>, out: &mut [f64]) {
        let [first, second] = self.closes;
        let other = source.foreign(second.symbol);
        let (a, b) = (source.series(&first, source.rows(), 0), other.series(&second, other.rows(), 0));
        let newest = source.newest_rows(second.symbol);
        let spread = |(close, row): (&f64, &Option<usize>)| {
            row.map_or(f64::NAN, |row| ln(*close) - self.hedge_ratio * ln(b[row]))
        };
        let spread: Vec<f64> = a.iter().zip(&newest).map(spread).collect();
        rolling::deviations_into(&spread, self.window, Deviation::Population, [out], |mean, deviation, x| {
            let z = (x - mean) / deviation;
            [if z.is_finite() { z } else { f64::NAN }]
        });
    }
}

impl StrategyDef for PairsZScore {
    type Bound = PairsBound;

    fn name(&self) -> &'static str {
        "pairs_z_score"
    }

    fn help(&self) -> &'static str {
        "Trades the spread between the first two symbols back to its mean: one is bought, the other sold."
    }

    fn params(&self) -> &[ParamSpec] {
        &self.params
    }

    fn scope(&self) -> Scope {
        Scope::AllSymbols
    }

    fn plan(
        &self,
        params: &ParamSet,
        context: &BindContext<'_>,
        plan: &mut CachePlan,
    ) -> Result<(), ParamError> {
        let settings = Settings::read(params, context)?;
        let (key, spread) = settings.z(context);
        plan.define(key, Arc::new(spread));
        plan.series(key);
        if settings.stop_atr.is_some() {
            for leg in settings.legs {
                plan.series(atr_key(leg, context));
            }
        }
        Ok(())
    }

    fn bind(
        &self,
        params: &ParamSet,
        context: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<Self::Bound, ParamError> {
        let settings = Settings::read(params, context)?;
        let atr = |leg| dense(cache, &atr_key(leg, context));
        let [first, second] = settings.legs;
        let atr = match settings.stop_atr {
            Some(_) => Some([atr(first)?, atr(second)?]),
            None => None,
        };
        Ok(PairsBound { settings, z: dense(cache, &settings.z(context).0)?, atr })
    }

    fn warmup_bars(&self, params: &ParamSet) -> usize {
        params.count("window").unwrap_or(0).max(ATR_PERIOD as usize)
    }
}

/// One parameter set on the pair.
#[derive(Debug)]
pub struct PairsBound {
    settings: Settings,
    z: Arc<[f64]>,
    atr: Option<[Arc<[f64]>; 2]>,
}

impl PairsBound {
    /// The order of one leg; `None` while its ATR is needed and absent.
    fn leg(&self, index: usize, bar: &BarView<'_>, direction: Direction) -> Option<TradeSignal> {
        let stop_loss = match (self.settings.stop_atr, &self.atr) {
            (Some(multiple), Some(atr)) => {
                let distance = multiple * atr[index][bar.row()];
                (distance.is_finite() && distance > 0.0).then_some(Level::Distance(distance))?
            }
            _ => Level::Absent,
        };
        Some(TradeSignal {
            symbol: self.settings.legs[index],
            direction,
            order_type: OrderType::Market,
            entry_price: bar.market_price(direction),
            stop_loss,
            take_profit: Level::Absent,
            lots: None,
            scenario: Some(if index == 0 { "first_leg" } else { "second_leg" }),
            tag: 0,
        })
    }

    fn enter(&self, z: f64, bars: &[BarView<'_>; 2], out: &mut Signals) {
        let direction = if z <= -self.settings.entry_z {
            Direction::Long
        } else if z >= self.settings.entry_z {
            Direction::Short
        } else {
            return;
        };
        let legs = (self.leg(0, &bars[0], direction), self.leg(1, &bars[1], direction.opposite()));
        // Both legs or none.
        if let (Some(first), Some(second)) = legs {
            out.enter(first);
            out.enter(second);
        }
    }
}

impl Strategy for PairsBound {
    fn evaluate(&mut self, bar: &BarView<'_>, account: &AccountView<'_>, out: &mut Signals) {
        let [first, second] = self.settings.legs;
        let slice = bar.slice();
        let (Some(a), Some(b)) = (slice.get(first), slice.get(second)) else { return };
        let z = self.z[a.row()];
        if account.is_flat(first) && account.is_flat(second) {
            if !z.is_nan() {
                self.enter(z, &[a, b], out);
            }
            return;
        }
        let reverted = match account.direction(first) {
            Some(Direction::Long) => z >= -self.settings.exit_z,
            Some(Direction::Short) => z <= self.settings.exit_z,
            None => true,
        };
        let alone = account.direction(first).is_none() != account.direction(second).is_none();
        if reverted || alone {
            for leg in self.settings.legs {
                if account.direction(leg).is_some() {
                    out.close(leg);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache;
    use crate::data::MultiSymbolData;
    use crate::data::synthetic;
    use crate::portfolio::Position;
    use crate::strategy::fixture::open_position;
    use crate::strategy::{Signal, complete};
    use crate::types::{ParamValue, Timeframe};

    const WINDOW: usize = 50;

    fn pair(given: &[(&str, ParamValue)]) -> (MultiSymbolData, PairsBound) {
        let data = synthetic::market(4, &["EURUSD", "GBPUSD"], Timeframe::M15, 1_500);
        let def = PairsZScore::default();
        let own = [("window", ParamValue::Int(50))];
        let params = complete(&def, &[&own[..], given].concat()).expect("complete");
        let context = BindContext { data: &data, symbol: SymbolId(0) };
        let mut plan = CachePlan::default();
        def.plan(&params, &context, &mut plan).expect("feasible");
        let cache = cache::build(&plan, &data, None, None).expect("planned");
        let bound = def.bind(&params, &context, &cache).expect("planned");
        (data, bound)
    }

    fn say(pair: &mut PairsBound, data: &MultiSymbolData, step: usize, held: &[Position]) -> Vec<Signal> {
        let mut out = Signals::default();
        let bar = data.ids().find_map(|symbol| BarView::at(data, symbol, step)).expect("a bar");
        pair.evaluate(&bar, &AccountView::new(held, 0.0, 0.0), &mut out);
        out.as_slice().to_vec()
    }

    fn legs(directions: [Option<Direction>; 2]) -> Vec<Position> {
        (0..)
            .zip(directions)
            .filter_map(|(symbol, direction)| {
                Some(Position { symbol: SymbolId(symbol), ..open_position(direction?) })
            })
            .collect()
    }

    #[test]
    fn z_is_the_distance_of_the_spread_from_its_mean() {
        let (data, pair) = pair(&[("hedge_ratio", ParamValue::Float(0.5))]);
        let close = |symbol, step| {
            let series = data.symbol(SymbolId(symbol));
            series.bars.bid().close[series.last_row(step).expect("it has begun")]
        };
        let own = data.symbol(SymbolId(0));
        let steps: Vec<usize> = (0..data.steps()).filter(|&step| own.row(step).is_some()).collect();
        let spread: Vec<f64> = steps[800 - WINDOW + 1..=800]
            .iter()
            .map(|&step| ln(close(0, step)) - 0.5 * ln(close(1, step)))
            .collect();
        let mean = spread.iter().sum::<f64>() / WINDOW as f64;
        let variance = spread.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / WINDOW as f64;
        let z = (spread[WINDOW - 1] - mean) / variance.sqrt();
        let row = own.row(steps[800]).expect("a bar");
        assert!((pair.z[row] - z).abs() < 1e-6, "{} instead of {z}", pair.z[row]);
        assert!(pair.z[..WINDOW - 1].iter().all(|z| z.is_nan()));
    }

    #[test]
    fn both_legs_are_opened_against_each_other_and_closed_together() {
        let (data, mut pair) = pair(&[]);
        let mut entries = 0;
        for step in 100..data.steps() {
            let said = say(&mut pair, &data, step, &[]);
            if said.is_empty() {
                continue;
            }
            let [Signal::Enter(first), Signal::Enter(second)] = said[..] else {
                panic!("two legs: {said:?}")
            };
            assert_eq!(first.direction, second.direction.opposite());
            assert_eq!((first.symbol, second.symbol), (SymbolId(0), SymbolId(1)));
            assert!(matches!((first.stop_loss, second.stop_loss), (Level::Distance(_), Level::Distance(_))));
            let z = pair.z[data.symbol(SymbolId(0)).row(step).expect("a bar")];
            assert_eq!(first.direction, if z < 0.0 { Direction::Long } else { Direction::Short });
            let held = legs([Some(first.direction), Some(second.direction)]);
            assert_eq!(say(&mut pair, &data, step, &held), [], "far from the mean both stay");
            let reverse = legs([Some(second.direction), Some(first.direction)]);
            let closed = [Signal::Close(SymbolId(0)), Signal::Close(SymbolId(1))];
            assert_eq!(say(&mut pair, &data, step, &reverse), closed, "beyond the mean both go");
            entries += 1;
        }
        assert!(entries > 20, "{entries}");
    }

    #[test]
    fn a_leg_left_alone_by_a_stop_is_closed() {
        let (data, mut pair) = pair(&[]);
        let step = (200..data.steps())
            .find(|&step| data.ids().all(|symbol| data.symbol(symbol).row(step).is_some()))
            .expect("a common bar");
        let alone = legs([None, Some(Direction::Long)]);
        assert_eq!(say(&mut pair, &data, step, &alone), [Signal::Close(SymbolId(1))]);
    }

    #[test]
    fn one_symbol_is_no_pair_and_an_exit_beyond_the_entry_is_pruned() {
        let one = synthetic::market(4, &["EURUSD"], Timeframe::M15, 10);
        let def = PairsZScore::default();
        let refusal = |data: &MultiSymbolData, given: &[(&str, ParamValue)]| {
            let params = complete(&def, given).expect("complete");
            let context = BindContext { data, symbol: SymbolId(0) };
            def.plan(&params, &context, &mut CachePlan::default()).expect_err("refused").to_string()
        };
        assert!(refusal(&one, &[]).contains("give data.symbols two names"));
        let two = synthetic::market(4, &["EURUSD", "GBPUSD"], Timeframe::M15, 10);
        let given = [("exit_z", ParamValue::Float(2.5))];
        assert!(refusal(&two, &given).contains("exit_z 2.5 is not below entry_z 2"));
    }
}
