//! From the tree as written to a typed program: names, operators and types; function calls are in [`super::calls`].

use std::sync::Arc;

use super::calls::Call;
use super::error::{Problem, RuleCode, Span};
use super::functions::{self, Fixed};
use super::parser::{Ast, AstNode, Operator};
use super::program::{
    BinaryOp, CompareOp, Field, Named, Num, NumRef, Param, Scope, Truth, TruthRef, Typed, UnaryOp, Usage,
    Weight,
};
use crate::types::PriceSide;

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
    pub(super) scopes: Vec<Scope>,
}

pub(super) type Checked<T> = Result<T, Problem>;

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

    pub(super) fn typed(&mut self, tree: &Ast, place: Place) -> Checked<Typed> {
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

    pub(super) fn number(&mut self, tree: &Ast, place: Place) -> Checked<NumRef> {
        match self.typed(tree, place)? {
            Typed::Num(number) => {
                self.use_as(&number, Usage::Number, tree.at)?;
                Ok(number)
            }
            Typed::Truth(_) => Err(wanted("a number", "a truth", tree.at)),
        }
    }

    pub(super) fn truth(&mut self, tree: &Ast, place: Place) -> Checked<TruthRef> {
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
    pub(super) fn use_as(&mut self, number: &Num, usage: Usage, at: Span) -> Checked<()> {
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
    pub(super) fn fixed(&mut self, tree: &Ast, kind: Fixed, place: Place) -> Checked<NumRef> {
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

pub(super) fn wanted(wanted: &str, found: &str, at: Span) -> Problem {
    Problem::new(RuleCode::Type, at, format!("{wanted} is needed, got {found}"))
}

fn check_weight(weight: Weight, at: Span) -> Checked<()> {
    if weight.pieces <= MOST_PIECES && weight.depth <= DEEPEST {
        return Ok(());
    }
    let message = format!("the rule has more than {MOST_PIECES} pieces or {DEEPEST} levels");
    Err(Problem::new(RuleCode::Syntax, at, message).suggest("name numbers in it under `let`"))
}
