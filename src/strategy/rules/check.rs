//! From the tree as written to a typed program: names, functions, argument counts and types.

use std::sync::Arc;

use super::error::{Problem, RuleCode, Span};
use super::functions::{self, Fixed, INDICATORS, Indicator, IndicatorFunction};
use super::parser::{Ast, AstNode, Operator};
use super::program::{
    BinaryOp, CompareOp, Field, Named, Num, NumRef, Param, Scope, Truth, TruthRef, Typed, UnaryOp, Usage,
    Weight, WindowOp,
};
use crate::types::{Direction, PriceSide, Timeframe, time};

/// Most pieces of one rule, truths of `let` written out.
const MOST_PIECES: usize = 5_000;
/// Deepest rule, truths of `let` written out.
const DEEPEST: usize = 400;

const SERIES: [(&str, Field, Option<PriceSide>); 9] = [
    ("open", Field::Open, None),
    ("high", Field::High, None),
    ("low", Field::Low, None),
    ("close", Field::Close, None),
    ("volume", Field::Volume, None),
    ("ask_open", Field::Open, Some(PriceSide::Ask)),
    ("ask_high", Field::High, Some(PriceSide::Ask)),
    ("ask_low", Field::Low, Some(PriceSide::Ask)),
    ("ask_close", Field::Close, Some(PriceSide::Ask)),
];

/// Names that cannot be taken by `let` or by a parameter.
pub(super) fn is_reserved(name: &str) -> bool {
    ["and", "or", "not", "true", "false", "entry", "side", "stop"].contains(&name)
        || SERIES.iter().any(|(series, ..)| *series == name)
}

/// Which of the names of a level are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A condition or a named expression: none.
    Rule,
    /// A distance: `side`.
    Distance,
    /// A stop: `entry` and `side`.
    Stop,
    /// A target: those and `stop`.
    Target,
}

/// Reads expressions one after the other; collects the parameters they use.
#[derive(Debug, Default)]
pub(super) struct Checker {
    pub(super) params: Vec<Param>,
    pub(super) named: Vec<Named>,
    /// Scopes entered, innermost last.
    scopes: Vec<Scope>,
}

type Checked<T> = Result<T, Problem>;

impl Checker {
    /// An expression of either type; a bare parameter is a number.
    pub(super) fn expression(&mut self, tree: &Ast, place: Place) -> Checked<Typed> {
        self.scopes.clear();
        let typed = self.typed(tree, place)?;
        if let Typed::Num(number) = &typed {
            self.use_as(number, Usage::Number, tree.at)?;
            check_weight(number.weight(), tree.at)?;
        } else if let Typed::Truth(truth) = &typed {
            check_weight(truth.weight(), tree.at)?;
        }
        Ok(typed)
    }

    /// A condition.
    pub(super) fn condition(&mut self, tree: &Ast) -> Checked<TruthRef> {
        self.scopes.clear();
        let truth = self.truth(tree, Place::Rule)?;
        check_weight(truth.weight(), tree.at)?;
        Ok(truth)
    }

    /// A price or a distance.
    pub(super) fn level(&mut self, tree: &Ast, place: Place) -> Checked<NumRef> {
        self.scopes.clear();
        let number = self.number(tree, place)?;
        check_weight(number.weight(), tree.at)?;
        Ok(number)
    }

    fn typed(&mut self, tree: &Ast, place: Place) -> Checked<Typed> {
        let number = |number| Ok(Typed::Num(Arc::new(number)));
        match &tree.node {
            AstNode::Number(value) => number(Num::Number(*value)),
            AstNode::Text(text) => {
                let message = format!("the text '{text}' stands where a number or a truth is needed");
                Err(Problem::new(RuleCode::Type, tree.at, message))
            }
            AstNode::Name(name) => self.name(name, tree.at, place),
            AstNode::Call { name, name_at, args, field } => {
                Call { name, name_at: *name_at, at: tree.at, args, field: field.as_ref(), place }.check(self)
            }
            AstNode::Minus(inner) => {
                let inner = self.number(inner, place)?;
                number(match *inner {
                    Num::Number(value) => Num::Number(-value),
                    _ => Num::Unary(UnaryOp::Minus, inner),
                })
            }
            AstNode::Not(inner) => Ok(Typed::Truth(Arc::new(Truth::Not(self.truth(inner, place)?)))),
            AstNode::Binary(operator, left, right) => self.binary(*operator, left, right, place),
        }
    }

    fn binary(&mut self, operator: Operator, left: &Ast, right: &Ast, place: Place) -> Checked<Typed> {
        if let Some(operator) = arithmetic(operator) {
            let (left, right) = (self.number(left, place)?, self.number(right, place)?);
            return Ok(Typed::Num(Arc::new(Num::Binary(operator, left, right))));
        }
        let truth = match comparison(operator) {
            Some(operator) => Truth::Compare(operator, self.number(left, place)?, self.number(right, place)?),
            None if operator == Operator::And => {
                Truth::And(self.truth(left, place)?, self.truth(right, place)?)
            }
            None => Truth::Or(self.truth(left, place)?, self.truth(right, place)?),
        };
        Ok(Typed::Truth(Arc::new(truth)))
    }

    fn number(&mut self, tree: &Ast, place: Place) -> Checked<NumRef> {
        match self.typed(tree, place)? {
            Typed::Num(number) => {
                self.use_as(&number, Usage::Number, tree.at)?;
                Ok(number)
            }
            Typed::Truth(_) => Err(wanted("a number", "a truth", tree.at)),
        }
    }

    fn truth(&mut self, tree: &Ast, place: Place) -> Checked<TruthRef> {
        match self.typed(tree, place)? {
            Typed::Truth(truth) => Ok(truth),
            Typed::Num(number) => self.as_flag(&number, tree.at),
        }
    }

    /// A bare parameter where a truth is needed is a flag.
    fn as_flag(&mut self, number: &Num, at: Span) -> Checked<TruthRef> {
        let Num::Param(index) = *number else {
            return Err(wanted("a truth", "a number", at).suggest("compare it with something"));
        };
        self.use_as(number, Usage::Truth, at)?;
        Ok(Arc::new(Truth::Param(index)))
    }

    /// Notes what a bare parameter is used for; a number of bars is a number too.
    fn use_as(&mut self, number: &Num, usage: Usage, at: Span) -> Checked<()> {
        let Num::Param(index) = *number else { return Ok(()) };
        let param = &mut self.params[index];
        if param.usage != Usage::Unused && (param.usage == Usage::Truth) != (usage == Usage::Truth) {
            let message = format!("`{}` is used as a number and as a truth", param.name);
            return Err(Problem::new(RuleCode::Type, at, message));
        }
        if param.usage != Usage::Bars {
            param.usage = usage;
        }
        Ok(())
    }

    fn name(&mut self, name: &str, at: Span, place: Place) -> Checked<Typed> {
        let number = |number| Ok(Typed::Num(Arc::new(number)));
        if let Some((_, field, side)) = SERIES.iter().find(|(series, ..)| *series == name) {
            return number(Num::Price(*field, *side));
        }
        if let Some(index) = self.named.iter().position(|named| named.name == name) {
            return match &self.named[index].value {
                Typed::Num(_) => number(Num::Named(index)),
                Typed::Truth(truth) => Ok(Typed::Truth(Arc::clone(truth))),
            };
        }
        match name {
            "true" | "false" => Ok(Typed::Truth(Arc::new(Truth::Constant(name == "true")))),
            "side" if place != Place::Rule => number(Num::Side),
            "entry" if matches!(place, Place::Stop | Place::Target) => number(Num::Entry),
            "stop" if place == Place::Target => number(Num::Stop),
            "side" | "entry" | "stop" => {
                let message = format!("`{name}` is not known here");
                Err(Problem::new(RuleCode::Name, at, message)
                    .suggest("`entry` and `side` belong to `stop` and `target`, `stop` to `target`"))
            }
            _ if functions::names().any(|function| function == name) => {
                let usage = functions::usage(name).unwrap_or(name);
                Err(Problem::new(RuleCode::Name, at, format!("`{name}` is a function"))
                    .suggest(format!("write {usage}")))
            }
            _ => number(Num::Param(self.param(name))),
        }
    }

    fn param(&mut self, name: &str) -> usize {
        let known = self.params.iter().position(|param| param.name == name);
        known.unwrap_or_else(|| {
            self.params.push(Param { name: name.to_owned(), usage: Usage::Unused });
            self.params.len() - 1
        })
    }

    /// An argument that is fixed once the parameters are.
    fn fixed(&mut self, tree: &Ast, kind: Fixed, place: Place) -> Checked<NumRef> {
        let number = self.number(tree, place)?;
        if !number.is_fixed() {
            let what = if kind == Fixed::Bars { "a fixed number of bars" } else { "a fixed number" };
            let problem = Problem::new(RuleCode::Type, tree.at, format!("{what} is needed, not a series"));
            return Err(problem.suggest("use a number, a parameter, or both in a calculation"));
        }
        if kind == Fixed::Bars {
            self.use_as(&number, Usage::Bars, tree.at)?;
        }
        if let (Num::Number(value), Fixed::Bars) = (&*number, kind)
            && functions::whole(*value).is_none()
        {
            return Err(wanted("a whole number of bars", &value.to_string(), tree.at));
        }
        Ok(number)
    }
}

fn arithmetic(operator: Operator) -> Option<BinaryOp> {
    Some(match operator {
        Operator::Add => BinaryOp::Add,
        Operator::Subtract => BinaryOp::Subtract,
        Operator::Multiply => BinaryOp::Multiply,
        Operator::Divide => BinaryOp::Divide,
        _ => return None,
    })
}

fn comparison(operator: Operator) -> Option<CompareOp> {
    Some(match operator {
        Operator::Less => CompareOp::Less,
        Operator::LessEqual => CompareOp::LessEqual,
        Operator::Greater => CompareOp::Greater,
        Operator::GreaterEqual => CompareOp::GreaterEqual,
        Operator::Equal => CompareOp::Equal,
        Operator::NotEqual => CompareOp::NotEqual,
        _ => return None,
    })
}

fn wanted(wanted: &str, found: &str, at: Span) -> Problem {
    Problem::new(RuleCode::Type, at, format!("{wanted} is needed, got {found}"))
}

fn check_weight(weight: Weight, at: Span) -> Checked<()> {
    if weight.pieces <= MOST_PIECES && weight.depth <= DEEPEST {
        return Ok(());
    }
    let message = format!("the rule has more than {MOST_PIECES} pieces or {DEEPEST} levels");
    Err(Problem::new(RuleCode::Syntax, at, message).suggest("name numbers in it under `let`"))
}

/// A function call under examination.
struct Call<'a> {
    name: &'a str,
    name_at: Span,
    at: Span,
    args: &'a [Ast],
    field: Option<&'a (String, Span)>,
    place: Place,
}

impl Call<'_> {
    fn check(&self, checker: &mut Checker) -> Checked<Typed> {
        if let Some(function) = INDICATORS.iter().find(|function| function.name == self.name) {
            return self.indicator(checker, function).map(|number| Typed::Num(Arc::new(number)));
        }
        if let Some((_, at)) = self.field {
            return Err(Problem::new(RuleCode::Name, *at, format!("`{}` has one output only", self.name)));
        }
        match self.name {
            "tf" | "symbol" | "ask" => self.scoped(checker),
            "crosses_above" | "crosses_below" | "between_times" => self.truth(checker),
            _ => self.number(checker).map(|number| Typed::Num(Arc::new(number))),
        }
    }

    /// Checks the number of arguments.
    fn arity(&self, least: usize, most: usize) -> Checked<()> {
        if (least..=most).contains(&self.args.len()) {
            return Ok(());
        }
        let wanted = match (least, most) {
            (least, most) if least == most => least.to_string(),
            (least, usize::MAX) => format!("at least {least}"),
            (least, most) => format!("{least} to {most}"),
        };
        let message = format!("`{}` takes {wanted} arguments, got {}", self.name, self.args.len());
        let usage = functions::usage(self.name).unwrap_or(self.name);
        Err(Problem::new(RuleCode::Type, self.at, message).suggest(format!("write {usage}")))
    }

    fn indicator(&self, checker: &mut Checker, function: &IndicatorFunction) -> Checked<Num> {
        let over = usize::from(function.over_series);
        let most = over + function.fixed.len();
        self.arity(most - function.optional, most)?;
        let output = self.output(function)?;
        let series = match self.args.first().filter(|_| function.over_series) {
            Some(series) => Some(checker.number(series, self.place)?),
            None => None,
        };
        let kinds = self.args[over..].iter().zip(function.fixed);
        let fixed: Vec<NumRef> =
            kinds.map(|(arg, kind)| checker.fixed(arg, *kind, self.place)).collect::<Checked<_>>()?;
        Ok(match (output, series) {
            (Indicator::BollingerUpper, Some(x)) => band(BinaryOp::Add, &x, &fixed),
            (Indicator::BollingerLower, Some(x)) => band(BinaryOp::Subtract, &x, &fixed),
            (Indicator::BollingerMiddle, series) => {
                Num::Indicator(Indicator::Sma, series, vec![fixed[0].clone()])
            }
            (output, series) => Num::Indicator(output, series, fixed),
        })
    }

    fn output(&self, function: &IndicatorFunction) -> Checked<Indicator> {
        let fields: Vec<&str> = function.outputs.iter().map(|(field, _)| *field).collect();
        let asked = self.field.map_or("", |(field, _)| field.as_str());
        if let Some((_, output)) = function.outputs.iter().find(|(field, _)| *field == asked) {
            return Ok(*output);
        }
        let at = self.field.map_or(self.at, |(_, at)| *at);
        let message = if fields == [""] {
            format!("`{}` has one output only", self.name)
        } else {
            format!("`{}` has the outputs .{}", self.name, fields.join(", ."))
        };
        Err(Problem::new(RuleCode::Name, at, message).suggest(format!("write {}", function.usage)))
    }

    fn text<'a>(&self, tree: &'a Ast, what: &str) -> Checked<&'a str> {
        match &tree.node {
            AstNode::Text(text) => Ok(text),
            _ => {
                Err(Problem::new(RuleCode::Type, tree.at, format!("`{}` needs {what} in quotes", self.name)))
            }
        }
    }

    fn scoped(&self, checker: &mut Checker) -> Checked<Typed> {
        let count = if self.name == "ask" { 1 } else { 2 };
        self.arity(count, count)?;
        let scope = match self.name {
            "tf" => Scope::Timeframe(self.timeframe()?),
            "symbol" => Scope::Symbol(self.text(&self.args[0], "the name of a symbol")?.into()),
            _ => Scope::Ask,
        };
        if let (Some(outer), false) =
            (checker.scopes.iter().find(|outer| blocks(outer, &scope)), scope == Scope::Ask)
        {
            let outer = if matches!(outer, Scope::Timeframe(_)) { "tf" } else { "symbol" };
            let message = format!("`{}` cannot stand inside `{outer}`", self.name);
            return Err(Problem::new(RuleCode::Type, self.at, message)
                .suggest("write symbol('NAME', tf('H4', x)) for another symbol's higher timeframe"));
        }
        checker.scopes.push(scope.clone());
        let inner = checker.typed(&self.args[count - 1], self.place);
        checker.scopes.pop();
        match inner? {
            Typed::Num(number) => Ok(Typed::Num(Arc::new(Num::Scoped(scope, number)))),
            Typed::Truth(_) if matches!(scope, Scope::Symbol(_)) => {
                Err(wanted("a number", "a truth", self.args[1].at)
                    .suggest("compare outside: symbol('NAME', close) > 1"))
            }
            Typed::Truth(truth) => Ok(Typed::Truth(Arc::new(Truth::Scoped(scope, truth)))),
        }
    }

    fn timeframe(&self) -> Checked<Timeframe> {
        let word = self.text(&self.args[0], "the name of a timeframe")?;
        word.parse().map_err(|()| {
            let names = Timeframe::ALL.map(Timeframe::as_str).join(", ");
            Problem::new(RuleCode::Name, self.args[0].at, format!("unknown timeframe '{word}'"))
                .suggest(format!("timeframes are {names}"))
        })
    }

    fn truth(&self, checker: &mut Checker) -> Checked<Typed> {
        self.arity(2, 2)?;
        let [first, second] = self.args else { return Err(self.unknown()) };
        let truth = if self.name == "between_times" {
            Truth::Between(self.time_of_day(first)?, self.time_of_day(second)?)
        } else {
            let towards = if self.name == "crosses_above" { Direction::Long } else { Direction::Short };
            let a = checker.number(first, self.place)?;
            Truth::Cross(towards, a, checker.number(second, self.place)?)
        };
        Ok(Typed::Truth(Arc::new(truth)))
    }

    /// `'HH:MM'`, microseconds after midnight.
    fn time_of_day(&self, tree: &Ast) -> Checked<i64> {
        let text = self.text(tree, "times of day")?;
        let read = |part: &str, below: i64| {
            let two = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse().ok().filter(|&number: &i64| two && number < below)
        };
        let parts = text.split_once(':').and_then(|(h, m)| Some((read(h, 24)?, read(m, 60)?)));
        let (hour, minute) = parts.ok_or_else(|| {
            Problem::new(RuleCode::Type, tree.at, format!("'{text}' is not a time of day"))
                .suggest("write '07:00'")
        })?;
        Ok(hour * time::HOUR + minute * time::MINUTE)
    }

    fn number(&self, checker: &mut Checker) -> Checked<Num> {
        let x = |checker: &mut Checker, place: usize| checker.number(&self.args[place], self.place);
        Ok(match self.name {
            "abs" | "sqrt" => {
                self.arity(1, 1)?;
                let operation = if self.name == "abs" { UnaryOp::Abs } else { UnaryOp::Sqrt };
                Num::Unary(operation, x(checker, 0)?)
            }
            "round" => {
                self.arity(1, 2)?;
                let digits = match self.args.get(1) {
                    Some(arg) => checker.fixed(arg, Fixed::Number, self.place)?,
                    None => Arc::new(Num::Number(0.0)),
                };
                Num::Round(x(checker, 0)?, digits)
            }
            "min" | "max" => {
                self.arity(2, usize::MAX)?;
                return self.folded(checker);
            }
            "prev" => {
                self.arity(2, 2)?;
                Num::Prev(x(checker, 0)?, checker.fixed(&self.args[1], Fixed::Bars, self.place)?)
            }
            "sum" | "stdev_pop" => {
                self.arity(2, 2)?;
                let operation = if self.name == "sum" { WindowOp::Sum } else { WindowOp::StdevPop };
                let bars = checker.fixed(&self.args[1], Fixed::Bars, self.place)?;
                Num::Window(operation, x(checker, 0)?, bars)
            }
            "bars_since" => {
                self.arity(1, 1)?;
                Num::Since(checker.truth(&self.args[0], self.place)?)
            }
            "correlation" => {
                self.arity(2, 2)?;
                let other = self.text(&self.args[0], "the name of a symbol")?;
                Num::Correlation(other.into(), checker.fixed(&self.args[1], Fixed::Bars, self.place)?)
            }
            _ => return Err(self.unknown()),
        })
    }

    /// `min(a, b, c)` as `min(min(a, b), c)`.
    fn folded(&self, checker: &mut Checker) -> Checked<Num> {
        let operation = if self.name == "min" { BinaryOp::Min } else { BinaryOp::Max };
        let mut all = checker.number(&self.args[0], self.place)?;
        for arg in &self.args[1..] {
            all = Arc::new(Num::Binary(operation, all, checker.number(arg, self.place)?));
        }
        Ok(Num::clone(&all))
    }

    fn unknown(&self) -> Problem {
        let problem = Problem::new(RuleCode::Name, self.name_at, format!("unknown function `{}`", self.name));
        match closest(self.name) {
            Some(name) => problem.suggest(format!("did you mean `{name}`?")),
            None => problem
                .suggest(format!("functions are {}", functions::names().collect::<Vec<_>>().join(", "))),
        }
    }
}

/// Whether `inner` may not stand inside `outer`: a symbol may be entered first, then a timeframe.
fn blocks(outer: &Scope, inner: &Scope) -> bool {
    match outer {
        Scope::Timeframe(_) => true,
        Scope::Symbol(_) => matches!(inner, Scope::Symbol(_)),
        Scope::Ask => false,
    }
}

/// `sma(x, n) +/- factor * stdev(x, n)`.
fn band(operation: BinaryOp, x: &NumRef, fixed: &[NumRef]) -> Num {
    let of = |indicator| Arc::new(Num::Indicator(indicator, Some(Arc::clone(x)), vec![fixed[0].clone()]));
    let width = Num::Binary(BinaryOp::Multiply, fixed[1].clone(), of(Indicator::Stdev));
    Num::Binary(operation, of(Indicator::Sma), Arc::new(width))
}

/// The most similar function name.
fn closest(name: &str) -> Option<&'static str> {
    let scored = functions::names().map(|known| (strsim::jaro_winkler(name, known), known));
    let best = scored.reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    (best.0 > 0.75).then_some(best.1)
}
