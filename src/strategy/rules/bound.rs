//! Rules bound to one parameter set and one symbol: bitmaps for entries and exits, small calculations for levels.

use std::sync::Arc;

use super::compile::{self, Compiled};
use super::expr::{Expr, binary, present, round, unary};
use super::program::{BinaryOp, UnaryOp};
use crate::cache::{Column, IndicatorCache, bitmap};
use crate::strategy::candidates::{either, without};
use crate::strategy::series::column;
use crate::strategy::{AccountView, BarView, BindContext, Candidates, Level, Signals, Strategy, TradeSignal};
use crate::types::{Direction, OrderType, ParamError, SymbolId};

/// One parameter set on one symbol.
#[derive(Debug)]
pub struct RuleBound {
    symbol: SymbolId,
    long: Arc<[u64]>,
    short: Arc<[u64]>,
    exit_long: Arc<[u64]>,
    exit_short: Arc<[u64]>,
    stop: LevelRule,
    target: LevelRule,
    lots: Option<f64>,
}

/// How a level is found, its series at hand.
#[derive(Debug)]
enum LevelRule {
    Absent,
    Price(Calculation),
    Distance(Calculation),
}

/// A calculation for a single row.
#[derive(Debug)]
enum Calculation {
    Const(f64),
    Series(Column, usize),
    Unary(UnaryOp, Box<Calculation>),
    Binary(BinaryOp, Box<Calculation>, Box<Calculation>),
    Round(usize, Box<Calculation>),
    Entry,
    Side,
    Stop,
}

/// What a level is calculated from besides series.
#[derive(Debug, Clone, Copy)]
struct Fill {
    row: usize,
    direction: Direction,
    price: f64,
    /// The stop's price, absent while the stop itself is calculated.
    stop: f64,
}

impl RuleBound {
    pub(super) fn bind(
        compiled: &Compiled,
        lots: Option<f64>,
        context: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<Self, ParamError> {
        let rows = context.data.symbol(context.symbol).bars.len();
        let (long, short) = (compiled.long.bits(cache, rows)?, compiled.short.bits(cache, rows)?);
        Ok(Self {
            symbol: context.symbol,
            // A bar on which both hold enters nothing.
            long: without(&long, &short),
            short: without(&short, &long),
            exit_long: compiled.exit_long.bits(cache, rows)?,
            exit_short: compiled.exit_short.bits(cache, rows)?,
            stop: LevelRule::bind(&compiled.stop, cache)?,
            target: LevelRule::bind(&compiled.target, cache)?,
            lots,
        })
    }

    fn enter(&self, direction: Direction, bar: &BarView<'_>, out: &mut Signals) {
        let price = bar.market_price(direction);
        let fill = Fill { row: bar.row(), direction, price, stop: f64::NAN };
        // Levels that need the fill are tried on the price of the decision: without numbers there is no entry.
        let Some((stop_loss, take_profit)) = self.levels(fill) else { return };
        let at_fill = |level: Level| if let Level::Price(_) = level { Level::AtFill } else { level };
        out.enter(TradeSignal {
            symbol: self.symbol,
            direction,
            order_type: OrderType::Market,
            entry_price: price,
            stop_loss: at_fill(stop_loss),
            take_profit: at_fill(take_profit),
            lots: self.lots,
            scenario: None,
            tag: bar.row() as u64,
        });
    }

    /// Stop and target of a fill; `None` when one of them is no number, or a distance is not above zero.
    fn levels(&self, fill: Fill) -> Option<(Level, Level)> {
        let stop = self.stop.at(&fill)?;
        let price = match stop {
            Level::Price(price) => price,
            Level::Distance(distance) => fill.price - fill.direction.signed(distance),
            Level::Absent | Level::AtFill => f64::NAN,
        };
        Some((stop, self.target.at(&Fill { stop: price, ..fill })?))
    }
}

impl Strategy for RuleBound {
    fn evaluate(&mut self, bar: &BarView<'_>, account: &AccountView<'_>, out: &mut Signals) {
        let row = bar.row();
        match account.direction(self.symbol) {
            Some(Direction::Long) if bitmap::is_set(&self.exit_long, row) => out.close(self.symbol),
            Some(Direction::Short) if bitmap::is_set(&self.exit_short, row) => out.close(self.symbol),
            None if account.is_flat(self.symbol) => {
                let [long, short] = [&self.long, &self.short].map(|rows| bitmap::is_set(rows, row));
                if long | short {
                    self.enter(if short { Direction::Short } else { Direction::Long }, bar, out);
                }
            }
            Some(_) | None => {}
        }
    }

    fn levels_at_fill(&mut self, signal: &TradeSignal, fill: f64) -> (Level, Level) {
        let row = usize::try_from(signal.tag).unwrap_or(0);
        let fill = Fill { row, direction: signal.direction, price: fill, stop: f64::NAN };
        // A level that stops being a number at the fill: a stop on the fill itself makes the executor refuse the order.
        self.levels(fill).unwrap_or((Level::Price(fill.price), Level::Absent))
    }

    fn candidates(&self) -> Candidates {
        Candidates::ByPosition {
            flat: either(&self.long, &self.short),
            long: Arc::clone(&self.exit_long),
            short: Arc::clone(&self.exit_short),
        }
    }

    fn closes_on_candidates_from(&self) -> usize {
        0
    }
}

impl LevelRule {
    fn bind(level: &compile::Level, cache: &IndicatorCache) -> Result<Self, ParamError> {
        Ok(match level {
            compile::Level::Absent => Self::Absent,
            compile::Level::Price(expr) => Self::Price(Calculation::bind(expr, cache)?),
            compile::Level::Distance(expr) => Self::Distance(Calculation::bind(expr, cache)?),
        })
    }

    #[inline]
    fn at(&self, fill: &Fill) -> Option<Level> {
        match self {
            Self::Absent => Some(Level::Absent),
            Self::Price(price) => Some(price.at(fill)).filter(|price| price.is_finite()).map(Level::Price),
            Self::Distance(distance) => {
                let distance = distance.at(fill);
                (distance.is_finite() && distance > 0.0).then_some(Level::Distance(distance))
            }
        }
    }
}

impl Calculation {
    fn bind(expr: &Expr, cache: &IndicatorCache) -> Result<Self, ParamError> {
        let part = |expr: &Expr| Ok::<_, ParamError>(Box::new(Self::bind(expr, cache)?));
        Ok(match expr {
            Expr::Const(number) => Self::Const(*number),
            Expr::Series(key, lag) => Self::Series(column(cache, key)?, *lag as usize),
            Expr::Unary(operation, x) => Self::Unary(*operation, part(x)?),
            Expr::Binary(operation, a, b) => Self::Binary(*operation, part(a)?, part(b)?),
            Expr::Round(digits, x) => Self::Round(*digits, part(x)?),
            Expr::Entry => Self::Entry,
            Expr::Side => Self::Side,
            Expr::Stop => Self::Stop,
        })
    }

    /// The value on a row. What has no parts is read in place, and most calculations are an operation on two such.
    #[expect(clippy::inline_always, reason = "calls on the way from trade to trade are measurable")]
    #[inline(always)]
    fn at(&self, fill: &Fill) -> f64 {
        match self {
            Self::Const(number) => *number,
            Self::Series(column, lag) => {
                fill.row.checked_sub(*lag).map_or(f64::NAN, |row| present(column.at(row)))
            }
            Self::Entry => fill.price,
            Self::Side => fill.direction.sign(),
            Self::Stop => fill.stop,
            joined => joined.of_parts(fill),
        }
    }

    #[inline(never)]
    fn of_parts(&self, fill: &Fill) -> f64 {
        match self {
            Self::Unary(operation, x) => unary(*operation, x.at(fill)),
            Self::Binary(operation, a, b) => binary(*operation, a.at(fill), b.at(fill)),
            Self::Round(digits, x) => round(*digits, x.at(fill)),
            whole => whole.at(fill),
        }
    }
}
