//! Constraints between parameters: `"slow >= 2*fast"` as a small stack program.
//!
//! Arithmetic is `f64`. A division by zero, and arithmetic on something that is not a number (a parameter that is
//! `null`), makes the whole constraint false; `&&` and `||` do not evaluate a right side that cannot matter.

mod lex;
mod parse;

use std::fmt;
use std::sync::Arc;

use crate::types::ParamValue;

/// Longest text of a constraint, bytes.
pub const MAX_LENGTH: usize = 2000;
/// Deepest nesting of a constraint.
pub const MAX_DEPTH: usize = 60;

/// A constraint that cannot be read; `offset` counts characters from the start of its text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} at character {}", offset + 1)]
pub struct ConstraintError {
    /// Characters before the fault.
    pub offset: usize,
    /// What is wrong, and what is allowed.
    pub message: String,
    /// The name nobody knows, when that is the fault.
    pub unknown_name: Option<String>,
}

/// One instruction; operands lie on a stack.
#[derive(Debug, Clone, PartialEq)]
enum Op {
    Number(f64),
    Text(Arc<str>),
    Parameter(usize),
    Negate,
    Not,
    Absolute,
    Arithmetic(Arithmetic),
    Compare(Comparison),
    /// Jumps when the top is false, else drops it.
    UnlessTrue(usize),
    /// Jumps when the top is true, else drops it.
    UnlessFalse(usize),
    /// Fails unless the top is a truth value.
    Truth,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Least,
    Greatest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
}

/// A value on the stack.
#[derive(Debug, Clone, Copy)]
enum Operand<'a> {
    Number(f64),
    Text(&'a str),
    Truth(bool),
    /// Null, a list or an object: equal to nothing.
    Other,
}

impl<'a> Operand<'a> {
    fn of(value: &'a ParamValue) -> Self {
        match value {
            ParamValue::Bool(truth) => Self::Truth(*truth),
            ParamValue::Text(text) => Self::Text(text),
            other => other.as_f64().map_or(Self::Other, Self::Number),
        }
    }

    fn number(self) -> Option<f64> {
        match self {
            Self::Number(value) => Some(value),
            _ => None,
        }
    }

    fn truth(self) -> Option<bool> {
        match self {
            Self::Truth(value) => Some(value),
            _ => None,
        }
    }
}

/// A condition every run parameter set meets.
#[derive(Debug, Clone, PartialEq)]
pub struct Constraint {
    text: Arc<str>,
    program: Vec<Op>,
    /// Parameters it reads, by slot, ascending and distinct.
    reads: Vec<usize>,
}

impl Constraint {
    /// Reads the text; `slot` finds a parameter's place in the values handed to [`Constraint::holds`].
    ///
    /// # Errors
    /// When the text does not parse, is too long or too deep, or names an unknown parameter.
    pub fn parse(text: &str, slot: impl Fn(&str) -> Option<usize>) -> Result<Self, ConstraintError> {
        let program = parse::compile(text, &slot)?;
        let mut reads: Vec<usize> = program
            .iter()
            .filter_map(|op| match op {
                Op::Parameter(slot) => Some(*slot),
                _ => None,
            })
            .collect();
        reads.sort_unstable();
        reads.dedup();
        Ok(Self { text: text.into(), program, reads })
    }

    /// The text in the file.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Slots of the parameters it reads, ascending.
    pub fn reads(&self) -> &[usize] {
        &self.reads
    }

    /// Whether the values meet the constraint; undefined arithmetic counts as no.
    pub fn holds(&self, values: &[ParamValue]) -> bool {
        self.evaluate(values).unwrap_or(false)
    }

    fn evaluate(&self, values: &[ParamValue]) -> Option<bool> {
        let mut stack: Vec<Operand<'_>> = Vec::with_capacity(8);
        let mut at = 0;
        while let Some(op) = self.program.get(at) {
            at += 1;
            match op {
                Op::Number(value) => stack.push(Operand::Number(*value)),
                Op::Text(text) => stack.push(Operand::Text(text)),
                Op::Parameter(slot) => stack.push(Operand::of(values.get(*slot)?)),
                Op::Negate => {
                    let value = stack.pop()?.number()?;
                    stack.push(Operand::Number(-value));
                }
                Op::Absolute => {
                    let value = stack.pop()?.number()?;
                    stack.push(Operand::Number(value.abs()));
                }
                Op::Not => {
                    let value = stack.pop()?.truth()?;
                    stack.push(Operand::Truth(!value));
                }
                Op::Arithmetic(kind) => {
                    let (right, left) = (stack.pop()?.number()?, stack.pop()?.number()?);
                    stack.push(Operand::Number(kind.apply(left, right)?));
                }
                Op::Compare(kind) => {
                    let (right, left) = (stack.pop()?, stack.pop()?);
                    stack.push(Operand::Truth(kind.apply(left, right)?));
                }
                Op::UnlessTrue(target) => {
                    if stack.last()?.truth()? {
                        stack.pop();
                    } else {
                        at = *target;
                    }
                }
                Op::UnlessFalse(target) => {
                    if stack.last()?.truth()? {
                        at = *target;
                    } else {
                        stack.pop();
                    }
                }
                Op::Truth => {
                    stack.last()?.truth()?;
                }
            }
        }
        stack.pop()?.truth()
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Arithmetic {
    fn apply(self, left: f64, right: f64) -> Option<f64> {
        Some(match self {
            Self::Add => left + right,
            Self::Subtract => left - right,
            Self::Multiply => left * right,
            Self::Divide if right == 0.0 => return None,
            Self::Divide => left / right,
            Self::Least => left.min(right),
            Self::Greatest => left.max(right),
        })
    }
}

impl Comparison {
    fn apply(self, left: Operand<'_>, right: Operand<'_>) -> Option<bool> {
        let equal = match (left, right) {
            (Operand::Number(a), Operand::Number(b)) => return Some(self.numbers(a, b)),
            (Operand::Text(a), Operand::Text(b)) => a == b,
            (Operand::Truth(a), Operand::Truth(b)) => a == b,
            _ => false,
        };
        match self {
            Self::Equal => Some(equal),
            Self::NotEqual => Some(!equal),
            _ => None,
        }
    }

    fn numbers(self, a: f64, b: f64) -> bool {
        match self {
            Self::Less => a < b,
            Self::LessOrEqual => a <= b,
            Self::Greater => a > b,
            Self::GreaterOrEqual => a >= b,
            Self::Equal => a == b,
            Self::NotEqual => a != b,
        }
    }
}

#[cfg(test)]
mod tests;
