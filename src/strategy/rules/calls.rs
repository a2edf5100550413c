//! Function calls of rules: number and types of arguments, outputs, and the scopes `tf`, `symbol` and `ask`.

use std::sync::Arc;

use super::check::{Checked, Checker, Place, wanted};
use super::error::{Problem, RuleCode, Span};
use super::functions::{self, Fixed, INDICATORS, Indicator, IndicatorFunction};
use super::parser::{Ast, AstNode};
use super::program::{BinaryOp, Num, NumRef, Scope, Truth, Typed, UnaryOp, WindowOp};
use crate::types::{Direction, Timeframe, time};

/// A function call under examination.
pub(super) struct Call<'a> {
    pub(super) name: &'a str,
    pub(super) name_at: Span,
    pub(super) at: Span,
    pub(super) args: &'a [Ast],
    pub(super) field: Option<&'a (String, Span)>,
    pub(super) place: Place,
}

impl Call<'_> {
    pub(super) fn check(&self, checker: &mut Checker) -> Checked<Typed> {
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
