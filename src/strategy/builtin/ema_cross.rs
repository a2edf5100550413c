//! Two exponential averages of the bid close (`search.md` section 14): enter on a cross, leave on the opposite one.
//!
//! Up at bar `i`: `fast[i] > slow[i]` and `fast[i-1] <= slow[i-1]`; down mirrored. Crosses count from bar `i = slow` of
//! the loaded series on, one position per symbol. Stop and target are distances from the fill: `stop_pips` pips, else
//! `stop_atr` times ATR(14) of the decision bar; `target_pips` pips. A bar whose ATR is needed and absent enters nothing.

use std::sync::Arc;

use crate::cache::{CachePlan, Comparison, IndicatorCache, MaskKey, Operand, bitmap};
use crate::indicators::IndicatorKind;
use crate::strategy::builtin::one_way;
use crate::strategy::candidates::{either, mask, no_rows};
use crate::strategy::series::{dense, plan_primary};
use crate::strategy::{
    AccountView, BarView, BindContext, Candidates, Level, Signals, Strategy, StrategyDef, TradeSignal,
};
use crate::types::{Direction, OrderType, ParamError, ParamSet, ParamSpec, SymbolId};

const ATR_PERIOD: u32 = 14;

/// The definition.
#[derive(Debug, Clone)]
pub struct EmaCross {
    params: Vec<ParamSpec>,
}

impl Default for EmaCross {
    fn default() -> Self {
        let params = vec![
            ParamSpec::bars("fast", 1, 10).help("Period of the fast average.").swept("5", "50", "5"),
            ParamSpec::bars("slow", 1, 100)
                .help("Period of the slow average, above `fast`; no decision before this bar.")
                .swept("60", "200", "20"),
            ParamSpec::word("direction", &["long", "short", "both"], "both").help("Directions traded."),
            ParamSpec::switch("exit_on_cross", true).help("Whether the opposite cross closes a position."),
            ParamSpec::positive("stop_pips", 20.0)
                .or_null()
                .unit("pips")
                .help("Distance of the stop from the fill; wins over `stop_atr`."),
            ParamSpec::positive("stop_atr", 2.0)
                .nullable()
                .unit("ATR(14) multiples")
                .help("Distance of the stop from the fill when `stop_pips` is null; both null: no stop."),
            ParamSpec::positive("target_pips", 20.0)
                .or_null()
                .unit("pips")
                .help("Distance of the target from the fill; null: no target."),
        ];
        Self { params }
    }
}

/// One parameter set, read.
#[derive(Debug, Clone, Copy)]
struct Settings {
    fast: u32,
    slow: u32,
    only: Option<Direction>,
    exit_on_cross: bool,
    stop: StopRule,
    target_pips: Option<f64>,
}

#[derive(Debug, Clone, Copy)]
enum StopRule {
    None,
    Pips(f64),
    Atr(f64),
}

impl Settings {
    fn read(params: &ParamSet) -> Result<Self, ParamError> {
        let (fast, slow) = (params.period("fast")?, params.period("slow")?);
        if fast >= slow {
            let reason = format!("fast {fast} is not below slow {slow}");
            return Err(ParamError::Infeasible { reason });
        }
        let stop = match (params.optional_number("stop_pips")?, params.optional_number("stop_atr")?) {
            (Some(pips), _) => StopRule::Pips(pips),
            (None, Some(multiple)) => StopRule::Atr(multiple),
            (None, None) => StopRule::None,
        };
        Ok(Self {
            fast,
            slow,
            only: one_way(params, "direction")?,
            exit_on_cross: params.flag("exit_on_cross")?,
            stop,
            target_pips: params.optional_number("target_pips")?,
        })
    }
}

impl StrategyDef for EmaCross {
    type Bound = EmaCrossBound;

    fn name(&self) -> &'static str {
        "ema_cross"
    }

    fn help(&self) -> &'static str {
        "Enters when a fast EMA of the bid close crosses a slow one, and leaves on the opposite cross, at a stop or at a target."
    }

    fn params(&self) -> &[ParamSpec] {
        &self.params
    }

    fn plan(
        &self,
        params: &ParamSet,
        context: &BindContext<'_>,
        plan: &mut CachePlan,
    ) -> Result<(), ParamError> {
        let settings = Settings::read(params)?;
        for towards in [Direction::Long, Direction::Short] {
            plan.mask(cross(&settings, context, towards));
        }
        if let StopRule::Atr(_) = settings.stop {
            plan_primary(plan, context, &[IndicatorKind::Atr { period: ATR_PERIOD }]);
        }
        Ok(())
    }

    fn bind(
        &self,
        params: &ParamSet,
        context: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<Self::Bound, ParamError> {
        let settings = Settings::read(params)?;
        let series = |kind| dense(cache, &context.bid(kind));
        let atr = match settings.stop {
            StopRule::Atr(_) => Some(series(IndicatorKind::Atr { period: ATR_PERIOD })?),
            StopRule::Pips(_) | StopRule::None => None,
        };
        Ok(EmaCrossBound {
            symbol: context.symbol,
            pip: context.data.symbol(context.symbol).spec.pip_size,
            up: mask(cache, &cross(&settings, context, Direction::Long))?,
            down: mask(cache, &cross(&settings, context, Direction::Short))?,
            atr,
            settings,
        })
    }

    fn warmup_bars(&self, params: &ParamSet) -> usize {
        params.count("slow").unwrap_or(0)
    }
}

/// The cross towards a direction, as a shared comparison.
fn cross(settings: &Settings, context: &BindContext<'_>, towards: Direction) -> MaskKey {
    let average = |period| Operand::Series(context.bid(IndicatorKind::Ema { period }));
    let comparison = match towards {
        Direction::Long => Comparison::CrossAbove,
        Direction::Short => Comparison::CrossBelow,
    };
    MaskKey { left: average(settings.fast), comparison, right: average(settings.slow) }
}

/// One parameter set on one symbol.
#[derive(Debug)]
pub struct EmaCrossBound {
    settings: Settings,
    symbol: SymbolId,
    pip: f64,
    /// Rows on which the fast average crosses above the slow one, and below it.
    up: Arc<[u64]>,
    down: Arc<[u64]>,
    atr: Option<Arc<[f64]>>,
}

impl EmaCrossBound {
    /// The cross at a row, as the direction it speaks for.
    #[inline]
    fn cross(&self, row: usize) -> Option<Direction> {
        if row < self.settings.slow as usize {
            return None;
        }
        if bitmap::is_set(&self.up, row) {
            Some(Direction::Long)
        } else {
            bitmap::is_set(&self.down, row).then_some(Direction::Short)
        }
    }

    /// The stop of an entry decided at a row; `None` when its ATR is absent, `Some(Absent)` without a stop.
    fn stop(&self, row: usize) -> Option<Level> {
        match (self.settings.stop, &self.atr) {
            (StopRule::Pips(pips), _) => Some(Level::Distance(pips * self.pip)),
            (StopRule::Atr(multiple), Some(atr)) => {
                atr[row].is_finite().then(|| Level::Distance(multiple * atr[row]))
            }
            (StopRule::Atr(_) | StopRule::None, _) => Some(Level::Absent),
        }
    }

    /// What a cross means for the account: the end of a position against it, or an entry.
    fn on_cross(
        &self,
        direction: Direction,
        bar: &BarView<'_>,
        account: &AccountView<'_>,
        out: &mut Signals,
    ) {
        if !account.is_flat(self.symbol) {
            let against = account.direction(self.symbol) == Some(direction.opposite());
            if self.settings.exit_on_cross && against {
                out.close(self.symbol);
            }
            return;
        }
        if self.settings.only.is_some_and(|only| only != direction) {
            return;
        }
        let Some(stop_loss) = self.stop(bar.row()) else { return };
        let target = self.settings.target_pips;
        out.enter(TradeSignal {
            symbol: self.symbol,
            direction,
            order_type: OrderType::Market,
            entry_price: bar.market_price(direction),
            stop_loss,
            take_profit: target.map_or(Level::Absent, |pips| Level::Distance(pips * self.pip)),
            lots: None,
            scenario: None,
            tag: 0,
        });
    }
}

impl Strategy for EmaCrossBound {
    #[inline]
    fn evaluate(&mut self, bar: &BarView<'_>, account: &AccountView<'_>, out: &mut Signals) {
        if let Some(direction) = self.cross(bar.row()) {
            self.on_cross(direction, bar, account, out);
        }
    }

    /// Entries while flat; while in a position the opposite cross, if it closes.
    fn candidates(&self) -> Candidates {
        let flat = match self.settings.only {
            Some(Direction::Long) => Arc::clone(&self.up),
            Some(Direction::Short) => Arc::clone(&self.down),
            None => either(&self.up, &self.down),
        };
        let exits = |rows| if self.settings.exit_on_cross { Arc::clone(rows) } else { no_rows() };
        Candidates::ByPosition { flat, long: exits(&self.down), short: exits(&self.up) }
    }

    /// The averages cross before, too, and are not listened to.
    fn closes_on_candidates_from(&self) -> usize {
        self.settings.slow as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::MultiSymbolData;
    use crate::strategy::Signal;
    use crate::strategy::fixture::{EURUSD, bound, keeps_its_promise, market, say, say_all};
    use crate::types::ParamValue;

    /// Down for 30 bars, up for 30, down for 30.
    fn vee() -> MultiSymbolData {
        let path = |row: i32| {
            if row < 30 {
                -row
            } else if row < 60 {
                row - 60
            } else {
                60 - row
            }
        };
        let closes: Vec<f64> = (0..90).map(|row| 1.1 + f64::from(path(row)) * 0.0001).collect();
        market(&closes, 0.00015)
    }

    const PERIODS: [(&str, ParamValue); 2] = [("fast", ParamValue::Int(3)), ("slow", ParamValue::Int(8))];

    fn with(more: &[(&'static str, ParamValue)]) -> Vec<(&'static str, ParamValue)> {
        [&PERIODS[..], more].concat()
    }

    fn entries(said: &[(usize, Signal)]) -> Vec<(usize, TradeSignal)> {
        said.iter()
            .filter_map(|(row, signal)| match signal {
                Signal::Enter(trade) => Some((*row, *trade)),
                Signal::Close(_) => None,
            })
            .collect()
    }

    #[test]
    fn the_turn_up_buys_at_the_ask_and_the_turn_down_sells_at_the_bid() {
        let data = vee();
        let mut strategy = bound(&EmaCross::default(), &data, &PERIODS).expect("feasible");
        let said = entries(&say_all(&mut strategy, &data));
        assert_eq!(said.len(), 2);
        let [(up, long), (down, short)] = [said[0], said[1]];
        assert!((30..40).contains(&up) && (60..70).contains(&down), "{up} {down}");
        assert_eq!((long.direction, short.direction), (Direction::Long, Direction::Short));
        let bars = &data.symbol(EURUSD).bars;
        assert_eq!(long.entry_price, bars.ask().close[up]);
        assert_eq!(short.entry_price, bars.bid().close[down]);
        assert_eq!(long.take_profit, Level::Absent);
    }

    #[test]
    fn crosses_before_bar_slow_do_not_count() {
        // The fast average starts equal to the slow one and is above it from bar 1 on: a cross that is too early.
        let data = market(&(0..20).map(|row| 1.0 + f64::from(row) * 0.001).collect::<Vec<_>>(), 0.0);
        let mut strategy = bound(&EmaCross::default(), &data, &PERIODS).expect("feasible");
        assert_eq!(say_all(&mut strategy, &data), []);
    }

    #[test]
    fn the_opposite_cross_closes_and_does_not_reverse() {
        let data = vee();
        let mut strategy = bound(&EmaCross::default(), &data, &PERIODS).expect("feasible");
        let (down, _) = entries(&say_all(&mut strategy, &data))[1];
        assert_eq!(say(&mut strategy, &data, down, Some(Direction::Long)), [Signal::Close(EURUSD)]);
        assert_eq!(say(&mut strategy, &data, down, Some(Direction::Short)), []);
        let keep = with(&[("exit_on_cross", ParamValue::Bool(false))]);
        let mut strategy = bound(&EmaCross::default(), &data, &keep).expect("feasible");
        assert_eq!(say(&mut strategy, &data, down, Some(Direction::Long)), []);
    }

    #[test]
    fn stop_pips_win_over_the_atr_and_both_absent_mean_no_stop() {
        let data = vee();
        let stop_of = |more: &[(&'static str, ParamValue)]| {
            let mut strategy = bound(&EmaCross::default(), &data, &with(more)).expect("feasible");
            entries(&say_all(&mut strategy, &data))[1].1.stop_loss
        };
        // Every true range is one pip by the second cross, so ATR(14) is one pip and the default stop two.
        let Level::Distance(two_atr) = stop_of(&[]) else { panic!("a distance") };
        assert!((two_atr - 0.0002).abs() < 1e-6, "{two_atr}");
        assert_eq!(stop_of(&[("stop_pips", ParamValue::Int(15))]), Level::Distance(15.0 * 0.0001));
        assert_eq!(stop_of(&[("stop_atr", ParamValue::Null)]), Level::Absent);
    }

    #[test]
    fn one_direction_only_still_leaves_on_the_other_cross() {
        let data = vee();
        let longs = with(&[("direction", ParamValue::text("long"))]);
        let mut strategy = bound(&EmaCross::default(), &data, &longs).expect("feasible");
        let said = entries(&say_all(&mut strategy, &data));
        assert_eq!(said.len(), 1);
        let closes =
            (60..70).filter(|&row| !say(&mut strategy, &data, row, Some(Direction::Long)).is_empty());
        assert_eq!(closes.count(), 1);
    }

    #[test]
    fn outside_its_candidates_it_says_nothing() {
        let data = vee();
        for direction in ["long", "short", "both"] {
            for exit in [true, false] {
                let given =
                    [("direction", ParamValue::text(direction)), ("exit_on_cross", ParamValue::Bool(exit))];
                let mut strategy = bound(&EmaCross::default(), &data, &with(&given)).expect("feasible");
                keeps_its_promise(&mut strategy, &data);
            }
        }
    }

    #[test]
    fn fast_not_below_slow_is_pruned_with_the_reason() {
        let data = vee();
        let equal = [("fast", ParamValue::Int(8)), ("slow", ParamValue::Int(8))];
        let error = bound(&EmaCross::default(), &data, &equal).expect_err("infeasible");
        assert_eq!(error.to_string(), "infeasible: fast 8 is not below slow 8");
    }
}
