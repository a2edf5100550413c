//! A program with one parameter set bound to one symbol: which series and comparisons it needs, and its rules over them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::definition::Definition;
use super::expr::{Cond, Expr};
use super::functions::{Indicator, bars_of, whole};
use super::masks::{Rows, rows_of};
use super::program::{
    CompareOp, Field, LevelRule, Num, Param, Program, Scope, Truth, TruthRef, Typed, Usage, WindowOp,
};
use crate::cache::CachePlan;
use crate::indicators::{IndicatorKind, SeriesKey};
use crate::strategy::BindContext;
use crate::types::{Direction, ParamError, ParamSet, PriceSide, SymbolId, Timeframe};

/// Most parts of one calculation after `let` numbers on higher timeframes are written out.
const MOST_PIECES: usize = 20_000;

/// The rules of one parameter set.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) long: Rows,
    pub(super) short: Rows,
    pub(super) exit_long: Rows,
    pub(super) exit_short: Rows,
    pub(super) stop: Level,
    pub(super) target: Level,
    definitions: Vec<(SeriesKey, Arc<Definition>)>,
}

/// How a level is found.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Level {
    Absent,
    Price(Expr),
    Distance(Expr),
}

impl Compiled {
    /// # Errors
    /// [`ParamError::Infeasible`] when the values make a rule impossible, [`ParamError::MissingData`] when it names a
    /// symbol or timeframe that is not there.
    pub(super) fn new(
        program: &Program,
        params: &ParamSet,
        context: &BindContext<'_>,
    ) -> Result<Self, ParamError> {
        let values = program.params.iter().map(|param| Value::read(param, params));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        let mut compiler =
            Compiler { program, values, context, named: BTreeMap::new(), definitions: Vec::new() };
        Ok(Self {
            long: compiler.rule(program.long.as_ref())?,
            short: compiler.rule(program.short.as_ref())?,
            exit_long: compiler.rule(program.exit_long.as_ref())?,
            exit_short: compiler.rule(program.exit_short.as_ref())?,
            stop: compiler.level(&program.stop)?,
            target: compiler.level(&program.target)?,
            definitions: compiler.definitions,
        })
    }

    /// Asks for everything the rules read.
    pub(super) fn plan(&self, plan: &mut CachePlan) {
        for (key, definition) in &self.definitions {
            plan.define(*key, Arc::<Definition>::clone(definition));
        }
        for rows in [&self.long, &self.short, &self.exit_long, &self.exit_short] {
            rows.for_each_key(&mut |key| plan.mask(key));
        }
        for level in [&self.stop, &self.target] {
            if let Level::Price(expr) | Level::Distance(expr) = level {
                expr.for_each_series(&mut |key| plan.series(key));
            }
        }
    }
}

/// A parameter's value.
#[derive(Debug, Clone, Copy)]
enum Value {
    Number(f64),
    Truth(bool),
}

impl Value {
    fn read(param: &Param, params: &ParamSet) -> Result<Self, ParamError> {
        Ok(match param.usage {
            Usage::Truth => Self::Truth(params.flag(&param.name)?),
            Usage::Number | Usage::Bars | Usage::Unused => Self::Number(params.number(&param.name)?),
        })
    }

    fn number(self) -> f64 {
        match self {
            Self::Number(number) => number,
            Self::Truth(truth) => f64::from(u8::from(truth)),
        }
    }
}

/// The bars a piece of a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    symbol: SymbolId,
    timeframe: Timeframe,
    side: PriceSide,
}

struct Compiler<'a> {
    program: &'a Program,
    context: &'a BindContext<'a>,
    values: Vec<Value>,
    /// Numbers of `let` by their place there and the bars they are about.
    named: BTreeMap<(usize, Place), Expr>,
    definitions: Vec<(SeriesKey, Arc<Definition>)>,
}

impl Compiler<'_> {
    fn primary(&self) -> Timeframe {
        self.context.data.timeframe()
    }

    fn home(&self) -> Place {
        Place { symbol: self.context.symbol, timeframe: self.primary(), side: PriceSide::Bid }
    }

    fn rule(&mut self, truth: Option<&TruthRef>) -> Result<Rows, ParamError> {
        let Some(truth) = truth else { return Ok(Rows::None) };
        let home = self.home();
        let condition = self.condition(truth, home)?;
        let primary = self.primary();
        let mut made = Vec::new();
        let rows = rows_of(&condition, primary, &mut |expr| {
            let (key, definition) = defined(home, Definition::Values(expr));
            made.push((key, definition));
            key
        });
        for (key, definition) in made {
            self.add(key, definition);
        }
        Ok(rows)
    }

    fn level(&mut self, rule: &LevelRule) -> Result<Level, ParamError> {
        let home = self.home();
        Ok(match rule {
            LevelRule::Absent => Level::Absent,
            LevelRule::Price(number) => Level::Price(self.number(number, home)?),
            LevelRule::Distance(number) => Level::Distance(self.number(number, home)?),
        })
    }

    fn condition(&mut self, truth: &Truth, at: Place) -> Result<Cond, ParamError> {
        Ok(match truth {
            Truth::Constant(value) => Cond::Constant(*value),
            Truth::Param(index) => Cond::Constant(matches!(self.values[*index], Value::Truth(true))),
            Truth::Compare(operation, a, b) => {
                Cond::compare(*operation, self.finite(a, at)?, self.finite(b, at)?)
            }
            Truth::Cross(direction, a, b) => self.cross(*direction, (a, b), at)?,
            Truth::Between(from, to) => {
                let inside = self.define(at, Definition::Between(*from, *to));
                Cond::compare(CompareOp::Greater, inside, Expr::Const(0.5))
            }
            Truth::And(a, b) => Cond::and(self.condition(a, at)?, self.condition(b, at)?),
            Truth::Or(a, b) => Cond::or(self.condition(a, at)?, self.condition(b, at)?),
            Truth::Not(a) => Cond::negated(self.condition(a, at)?),
            Truth::Scoped(scope, a) => {
                let inside = self.entered(scope, at)?;
                self.condition(a, inside)?
            }
        })
    }

    /// `a > b and prev(a, 1) <= prev(b, 1)` on the bars of the place.
    fn cross(&mut self, direction: Direction, (a, b): (&Num, &Num), at: Place) -> Result<Cond, ParamError> {
        let (a, b) = (self.finite(a, at)?, self.finite(b, at)?);
        if at.timeframe == self.primary() {
            return Ok(match (&a, &b) {
                (Expr::Const(_), Expr::Const(_)) => Cond::Constant(false),
                _ => Cond::Cross(direction, a, b),
            });
        }
        let (now, then) = match direction {
            Direction::Long => (CompareOp::Greater, CompareOp::LessEqual),
            Direction::Short => (CompareOp::Less, CompareOp::GreaterEqual),
        };
        let before = Cond::compare(then, self.ago(a.clone(), 1, at), self.ago(b.clone(), 1, at));
        Ok(Cond::and(Cond::compare(now, a, b), before))
    }

    /// A number that, when fixed, is one.
    fn finite(&mut self, number: &Num, at: Place) -> Result<Expr, ParamError> {
        let expr = self.number(number, at)?;
        match expr {
            Expr::Const(value) if !value.is_finite() => Err(infeasible(format!(
                "a calculation with the parameters gives {value}, which is no number"
            ))),
            expr => Ok(expr),
        }
    }

    fn number(&mut self, number: &Num, at: Place) -> Result<Expr, ParamError> {
        Ok(match number {
            Num::Number(value) => Expr::Const(*value),
            Num::Param(index) => Expr::Const(self.values[*index].number()),
            Num::Price(field, side) => Expr::Series(price(*field, *side, at), 0),
            Num::Unary(operation, x) => Expr::unary(*operation, self.number(x, at)?),
            Num::Binary(operation, a, b) => {
                Expr::binary(*operation, self.number(a, at)?, self.number(b, at)?)
            }
            Num::Round(x, digits) => {
                let digits = self.fixed(digits, at)?;
                let places = whole(digits).filter(|&places| places <= 15);
                let places = places
                    .ok_or_else(|| infeasible(format!("round takes 0 to 15 whole digits, got {digits}")))?;
                Expr::round(places as usize, self.number(x, at)?)
            }
            Num::Prev(x, bars) => {
                let bars = self.fixed(bars, at)?;
                let rows = whole(bars)
                    .ok_or_else(|| infeasible(format!("prev takes whole bars >= 0, got {bars}")))?;
                let x = self.number(x, at)?;
                self.ago(x, rows, at)
            }
            Num::Window(operation, x, bars) => {
                let bars = bars_of(&[self.fixed(bars, at)?], 0).map_err(infeasible)?;
                self.window(*operation, bars, x, at)?
            }
            Num::Indicator(indicator, over, fixed) => {
                let fixed: Vec<f64> =
                    fixed.iter().map(|x| self.fixed(x, at)).collect::<Result<_, ParamError>>()?;
                let kind = indicator.kind(&fixed).map_err(infeasible)?;
                match over {
                    None => Expr::Series(key(at, kind), 0),
                    Some(x) => {
                        let x = self.number(x, at)?;
                        self.over(*indicator, kind, x, at)
                    }
                }
            }
            Num::Correlation(other, bars) => {
                let period = bars_of(&[self.fixed(bars, at)?], 0).map_err(infeasible)?;
                let other = self.symbol(other)?;
                Expr::Series(key(at, IndicatorKind::Correlation { other, period }), 0)
            }
            Num::Since(truth) => {
                let condition = self.condition(truth, at)?;
                self.define(at, Definition::Since(condition))
            }
            Num::Scoped(scope, x) => self.scoped(scope, x, at)?,
            Num::Named(index) => self.named(*index, at)?,
            Num::Entry => Expr::Entry,
            Num::Side => Expr::Side,
            Num::Stop => Expr::Stop,
        })
    }

    /// A number that the checker knows to be fixed.
    fn fixed(&mut self, number: &Num, at: Place) -> Result<f64, ParamError> {
        match self.finite(number, at)? {
            Expr::Const(value) => Ok(value),
            other => Err(infeasible(format!("`{other}` is not fixed"))),
        }
    }

    /// So many bars ago, counted on the bars of the place.
    fn ago(&mut self, x: Expr, bars: u32, at: Place) -> Expr {
        if bars == 0 || matches!(x, Expr::Const(_)) {
            x
        } else if at.timeframe == self.primary() {
            x.shifted(bars)
        } else {
            self.define(at, Definition::Shift(bars, x))
        }
    }

    fn window(&mut self, operation: WindowOp, bars: u32, x: &Num, at: Place) -> Result<Expr, ParamError> {
        let mut x = self.number(x, at)?;
        let is_plain = matches!(x, Expr::Const(_) | Expr::Series(..));
        // What is added up is a series of its own, shared by all windows over it.
        if operation == WindowOp::Sum && !is_plain && at.timeframe == self.primary() {
            x = self.define(at, Definition::Values(x));
        }
        Ok(self.define(at, Definition::Window(operation, bars, x)))
    }

    /// An indicator over closes is the one every strategy shares; over anything else it is a series of its own.
    fn over(&mut self, indicator: Indicator, kind: IndicatorKind, x: Expr, at: Place) -> Expr {
        if let Expr::Series(input, 0) = x
            && (input.symbol, input.timeframe) == (at.symbol, at.timeframe)
        {
            let shared = match (indicator, input.kind, kind) {
                (_, IndicatorKind::Close, kind) => Some(kind),
                (Indicator::Highest, IndicatorKind::High, IndicatorKind::Highest { period }) => {
                    Some(IndicatorKind::DonchianUpper { period })
                }
                (Indicator::Lowest, IndicatorKind::Low, IndicatorKind::Lowest { period }) => {
                    Some(IndicatorKind::DonchianLower { period })
                }
                _ => None,
            };
            if let Some(kind) = shared {
                return Expr::Series(SeriesKey { kind, ..input }, 0);
            }
        }
        self.define(at, Definition::Indicator(kind, x))
    }

    fn scoped(&mut self, scope: &Scope, x: &Num, at: Place) -> Result<Expr, ParamError> {
        let inside = self.entered(scope, at)?;
        let x = self.number(x, inside)?;
        if inside.symbol == at.symbol || matches!(x, Expr::Const(_)) {
            return Ok(x);
        }
        Ok(self.define(at, Definition::Foreign(inside.symbol, x)))
    }

    /// The place inside a scope.
    fn entered(&self, scope: &Scope, at: Place) -> Result<Place, ParamError> {
        Ok(match scope {
            Scope::Ask => Place { side: PriceSide::Ask, ..at },
            Scope::Symbol(name) => Place { symbol: self.symbol(name)?, ..at },
            Scope::Timeframe(timeframe) => {
                let there = BindContext { data: self.context.data, symbol: at.symbol };
                there.require_timeframe("tf", *timeframe)?;
                Place { timeframe: *timeframe, ..at }
            }
        })
    }

    fn symbol(&self, name: &str) -> Result<SymbolId, ParamError> {
        let data = self.context.data;
        let found = data.ids().find(|&id| data.symbol(id).spec.name == name);
        found.ok_or_else(|| ParamError::MissingData {
            what: format!("symbol {name}, which a rule reads,"),
            remedy: format!("add \"{name}\" to data.symbols"),
        })
    }

    /// A number of `let`. On primary bars it becomes a series of its own, computed once however often it is used.
    fn named(&mut self, index: usize, at: Place) -> Result<Expr, ParamError> {
        if let Some(known) = self.named.get(&(index, at)) {
            return Ok(known.clone());
        }
        let Typed::Num(number) = &self.program.named[index].value else {
            return Err(infeasible("a truth stands where a number is needed".to_owned()));
        };
        let mut expr = self.number(number, at)?;
        if expr.pieces() > MOST_PIECES {
            let name = &self.program.named[index].name;
            return Err(infeasible(format!("`{name}` has more than {MOST_PIECES} parts when written out")));
        }
        let is_plain = matches!(expr, Expr::Const(_) | Expr::Series(..));
        if !is_plain && at.timeframe == self.primary() {
            expr = self.define(at, Definition::Values(expr));
        }
        self.named.insert((index, at), expr.clone());
        Ok(expr)
    }

    fn define(&mut self, at: Place, definition: Definition) -> Expr {
        let (key, definition) = defined(at, definition);
        self.add(key, definition);
        Expr::Series(key, 0)
    }

    fn add(&mut self, key: SeriesKey, definition: Arc<Definition>) {
        if !self.definitions.iter().any(|(known, _)| *known == key) {
            self.definitions.push((key, definition));
        }
    }
}

fn infeasible(reason: String) -> ParamError {
    ParamError::Infeasible { reason }
}

fn key(at: Place, kind: IndicatorKind) -> SeriesKey {
    SeriesKey { symbol: at.symbol, timeframe: at.timeframe, side: at.side, kind }
}

/// A definition with the key it is cached under; its side says nothing, so it is always the same.
fn defined(at: Place, definition: Definition) -> (SeriesKey, Arc<Definition>) {
    let kind = IndicatorKind::Expression(definition.id());
    (key(Place { side: PriceSide::Bid, ..at }, kind), Arc::new(definition))
}

fn price(field: Field, side: Option<PriceSide>, at: Place) -> SeriesKey {
    let side = side.unwrap_or(at.side);
    match field {
        Field::Open => key(Place { side, ..at }, IndicatorKind::Open),
        Field::High => key(Place { side, ..at }, IndicatorKind::High),
        Field::Low => key(Place { side, ..at }, IndicatorKind::Low),
        Field::Close => key(Place { side, ..at }, IndicatorKind::Close),
        Field::Volume => key(Place { side: PriceSide::Bid, ..at }, IndicatorKind::Volume),
    }
}
