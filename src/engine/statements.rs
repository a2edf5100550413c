//! A strategy that is listened to: everything it says during a run, in order.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use crate::cache::{CachePlan, IndicatorCache};
use crate::data::MultiSymbolData;
use crate::portfolio::Position;
use crate::strategy::{
    AccountView, BarView, BindContext, Candidates, Level, PositionAction, Scope, Signal, Signals, Strategy,
    StrategyDef, TradeSignal,
};
use crate::types::{Direction, OrderType, ParamError, ParamSet, ParamSpec, Timestamp};

/// What a strategy said, and the bar on which it said it.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// Step of the market.
    pub step: usize,
    /// Open time of the bar.
    pub time: Timestamp,
    /// What it said.
    pub said: Said,
}

/// One statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// An order or an exit.
    Signal(Signal),
    /// Anything but `Keep` for an open position of this direction.
    Managed(Direction, PositionAction),
    /// Stop and target, asked for at a fill.
    Levels(Level, Level),
}

impl Said {
    /// The statement in words, symbols by name.
    pub fn text(&self, data: &MultiSymbolData) -> String {
        let name = |symbol| &data.symbol(symbol).spec.name;
        match self {
            Self::Signal(Signal::Enter(order)) => {
                let mut text = format!("{} {}", side(order.direction), name(order.symbol));
                let _ = match order.order_type {
                    OrderType::Market => write!(text, " at market"),
                    other => write!(text, ", {other:?} at {}", order.entry_price),
                };
                let _ =
                    write!(text, ", stop {}, target {}", level(order.stop_loss), level(order.take_profit));
                if let Some(lots) = order.lots {
                    let _ = write!(text, ", {lots} lots");
                }
                text
            }
            Self::Signal(Signal::Close(symbol)) => format!("close {}", name(*symbol)),
            Self::Managed(direction, PositionAction::Move { stop_loss, take_profit }) => {
                let price =
                    |price: &Option<f64>| price.map_or_else(|| "as it is".to_owned(), |p| p.to_string());
                let (stop, target) = (price(stop_loss), price(take_profit));
                format!("{} position: stop {stop}, target {target}", side(*direction))
            }
            Self::Managed(direction, _) => format!("{} position: close", side(*direction)),
            Self::Levels(stop, target) => {
                format!("at the fill: stop {}, target {}", level(*stop), level(*target))
            }
        }
    }
}

fn side(direction: Direction) -> &'static str {
    match direction {
        Direction::Long => "long",
        Direction::Short => "short",
    }
}

fn level(level: Level) -> String {
    match level {
        Level::Absent => "none".to_owned(),
        Level::Price(price) => price.to_string(),
        Level::Distance(distance) => format!("{distance} away"),
        Level::AtFill => "at the fill".to_owned(),
    }
}

/// Statements in order, shared by the instances of one run.
pub(super) type Log = Arc<Mutex<Vec<Statement>>>;

/// A definition whose instances are listened to.
pub(super) struct Listened<'a, D> {
    pub(super) def: &'a D,
    pub(super) log: Log,
}

impl<D: StrategyDef> StrategyDef for Listened<'_, D> {
    type Bound = ListenedTo<D::Bound>;

    fn name(&self) -> &str {
        self.def.name()
    }

    fn help(&self) -> &str {
        self.def.help()
    }

    fn params(&self) -> &[ParamSpec] {
        self.def.params()
    }

    fn scope(&self) -> Scope {
        self.def.scope()
    }

    fn plan(&self, params: &ParamSet, at: &BindContext<'_>, plan: &mut CachePlan) -> Result<(), ParamError> {
        self.def.plan(params, at, plan)
    }

    fn bind(
        &self,
        params: &ParamSet,
        at: &BindContext<'_>,
        cache: &IndicatorCache,
    ) -> Result<Self::Bound, ParamError> {
        let inner = self.def.bind(params, at, cache)?;
        Ok(ListenedTo { inner, log: Arc::clone(&self.log), step: 0, time: Timestamp(0) })
    }

    fn warmup_bars(&self, params: &ParamSet) -> usize {
        self.def.warmup_bars(params)
    }
}

/// An instance that is listened to.
pub(super) struct ListenedTo<S> {
    inner: S,
    log: Log,
    /// The bar it saw last.
    step: usize,
    time: Timestamp,
}

impl<S> ListenedTo<S> {
    fn at(&mut self, bar: &BarView<'_>) {
        (self.step, self.time) = (bar.step(), bar.time());
    }

    fn note(&self, said: Said) {
        let statement = Statement { step: self.step, time: self.time, said };
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push(statement);
    }
}

impl<S: Strategy> Strategy for ListenedTo<S> {
    fn evaluate(&mut self, bar: &BarView<'_>, account: &AccountView<'_>, out: &mut Signals) {
        self.at(bar);
        self.inner.evaluate(bar, account, out);
        for signal in out.as_slice() {
            self.note(Said::Signal(*signal));
        }
    }

    fn manage_position(&mut self, position: &Position, bar: &BarView<'_>) -> PositionAction {
        self.at(bar);
        let action = self.inner.manage_position(position, bar);
        if action != PositionAction::Keep {
            self.note(Said::Managed(position.direction, action));
        }
        action
    }

    fn manages_positions(&self) -> bool {
        self.inner.manages_positions()
    }

    fn levels_at_fill(&mut self, signal: &TradeSignal, fill: f64) -> (Level, Level) {
        let (stop, target) = self.inner.levels_at_fill(signal, fill);
        self.note(Said::Levels(stop, target));
        (stop, target)
    }

    fn max_holding_minutes(&self) -> Option<i64> {
        self.inner.max_holding_minutes()
    }

    fn candidates(&self) -> Candidates {
        self.inner.candidates()
    }
}
