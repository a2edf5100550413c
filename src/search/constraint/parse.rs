//! Tokens to a program, by recursive descent with a depth limit.
//!
//! Precedence, weakest first: `||`, `&&`, `!`, one comparison, `+ -`, `* /`, unary minus. What an expression yields
//! is checked while reading, as far as it does not depend on a parameter's value.

use std::sync::Arc;

use super::lex::{self, Token};
use super::{Arithmetic, Comparison, ConstraintError, MAX_DEPTH, MAX_LENGTH, Op};

/// What an expression yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Text,
    Truth,
    /// A parameter: decided by its value.
    Parameter,
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Truth => "a comparison",
            Self::Parameter => "a parameter",
        }
    }
}

struct Parser<'a> {
    tokens: Vec<(usize, Token)>,
    at: usize,
    depth: usize,
    program: Vec<Op>,
    slot: &'a dyn Fn(&str) -> Option<usize>,
}

type Parsed<T> = Result<T, ConstraintError>;

pub(super) fn compile(text: &str, slot: &dyn Fn(&str) -> Option<usize>) -> Parsed<Vec<Op>> {
    if text.len() > MAX_LENGTH {
        let message = format!("the constraint is longer than {MAX_LENGTH} characters");
        return Err(ConstraintError { offset: MAX_LENGTH, message, unknown_name: None });
    }
    let mut parser = Parser { tokens: lex::tokens(text)?, at: 0, depth: 0, program: Vec::new(), slot };
    let kind = parser.disjunction()?;
    if *parser.token() != Token::End {
        return Err(parser.error("an operator is missing"));
    }
    parser.at = 0;
    parser.demand_truth(kind)?;
    Ok(parser.program)
}

impl Parser<'_> {
    fn token(&self) -> &Token {
        &self.tokens[self.at].1
    }

    fn error(&self, message: impl Into<String>) -> ConstraintError {
        ConstraintError { offset: self.tokens[self.at].0, message: message.into(), unknown_name: None }
    }

    fn advance(&mut self) -> Token {
        let token = self.token().clone();
        if token != Token::End {
            self.at += 1;
        }
        token
    }

    fn take(&mut self, symbol: &str) -> bool {
        let found = matches!(self.token(), Token::Symbol(s) if *s == symbol);
        if found {
            self.at += 1;
        }
        found
    }

    fn take_any<T: Copy>(&mut self, symbols: &[(&str, T)]) -> Option<T> {
        symbols.iter().find(|(symbol, _)| self.take(symbol)).map(|(_, meaning)| *meaning)
    }

    fn demand(&mut self, symbol: &str) -> Parsed<()> {
        if self.take(symbol) { Ok(()) } else { Err(self.error(format!("`{symbol}` is missing"))) }
    }

    fn demand_number(&self, kind: Kind, operator: &str) -> Parsed<()> {
        match kind {
            Kind::Number | Kind::Parameter => Ok(()),
            other => Err(self.error(format!("`{operator}` needs numbers, got {}", other.words()))),
        }
    }

    fn demand_truth(&mut self, kind: Kind) -> Parsed<()> {
        match kind {
            Kind::Truth => Ok(()),
            Kind::Parameter => {
                self.program.push(Op::Truth);
                Ok(())
            }
            other => {
                Err(self
                    .error(format!("a comparison is missing: {} is neither true nor false", other.words())))
            }
        }
    }

    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error(format!("the constraint is nested deeper than {MAX_DEPTH} levels")));
        }
        let parsed = parse(self)?;
        self.depth -= 1;
        Ok(parsed)
    }

    fn disjunction(&mut self) -> Parsed<Kind> {
        self.logical("||", Self::conjunction, Op::UnlessFalse)
    }

    fn conjunction(&mut self) -> Parsed<Kind> {
        self.logical("&&", Self::negation, Op::UnlessTrue)
    }

    fn logical(
        &mut self,
        symbol: &str,
        operand: fn(&mut Self) -> Parsed<Kind>,
        jump: fn(usize) -> Op,
    ) -> Parsed<Kind> {
        let mut kind = operand(self)?;
        while self.take(symbol) {
            self.demand_truth(kind)?;
            let jump_at = self.program.len();
            self.program.push(jump(0));
            let right = operand(self)?;
            self.demand_truth(right)?;
            self.program[jump_at] = jump(self.program.len());
            kind = Kind::Truth;
        }
        Ok(kind)
    }

    fn negation(&mut self) -> Parsed<Kind> {
        if !self.take("!") {
            return self.comparison();
        }
        let kind = self.nested(Self::negation)?;
        self.demand_truth(kind)?;
        self.program.push(Op::Not);
        Ok(Kind::Truth)
    }

    fn comparison(&mut self) -> Parsed<Kind> {
        let left = self.sum()?;
        let Some((symbol, comparison)) = self.take_any(&COMPARISONS) else { return Ok(left) };
        let right = self.sum()?;
        self.program.push(Op::Compare(comparison));
        if self.take_any(&COMPARISONS).is_some() {
            self.at -= 1;
            return Err(self.error("comparisons do not chain: write `a < b && b < c`"));
        }
        let ordering = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        if ordering {
            self.demand_number(left, symbol)?;
            self.demand_number(right, symbol)?;
        } else if left != right && left != Kind::Parameter && right != Kind::Parameter {
            return Err(self.error(format!("`{symbol}` compares {} with {}", left.words(), right.words())));
        }
        Ok(Kind::Truth)
    }

    fn sum(&mut self) -> Parsed<Kind> {
        self.arithmetic(&[("+", Arithmetic::Add), ("-", Arithmetic::Subtract)], Self::product)
    }

    fn product(&mut self) -> Parsed<Kind> {
        self.arithmetic(&[("*", Arithmetic::Multiply), ("/", Arithmetic::Divide)], Self::unary)
    }

    fn arithmetic(
        &mut self,
        symbols: &[(&str, Arithmetic)],
        operand: fn(&mut Self) -> Parsed<Kind>,
    ) -> Parsed<Kind> {
        let mut kind = operand(self)?;
        while let Some(operation) = self.take_any(symbols) {
            let right = operand(self)?;
            self.demand_number(kind, symbols[0].0)?;
            self.demand_number(right, symbols[0].0)?;
            self.program.push(Op::Arithmetic(operation));
            kind = Kind::Number;
        }
        Ok(kind)
    }

    fn unary(&mut self) -> Parsed<Kind> {
        if !self.take("-") {
            return self.primary();
        }
        let kind = self.nested(Self::unary)?;
        self.demand_number(kind, "-")?;
        self.program.push(Op::Negate);
        Ok(Kind::Number)
    }

    fn primary(&mut self) -> Parsed<Kind> {
        let start = self.at;
        match self.advance() {
            Token::Number(value) => {
                self.program.push(Op::Number(value));
                Ok(Kind::Number)
            }
            Token::Text(text) => {
                self.program.push(Op::Text(Arc::from(text)));
                Ok(Kind::Text)
            }
            Token::Name(name) if self.take("(") => self.function(start, &name),
            Token::Name(name) => self.parameter(start, name),
            Token::Symbol("(") => {
                let kind = self.nested(Self::disjunction)?;
                self.demand(")")?;
                Ok(kind)
            }
            Token::End => Err(self.error("a value is missing")),
            Token::Symbol(symbol) => {
                self.at = start;
                Err(self.error(format!("a value is missing before `{symbol}`")))
            }
        }
    }

    fn parameter(&mut self, start: usize, name: String) -> Parsed<Kind> {
        let Some(slot) = (self.slot)(&name) else {
            let message = format!("unknown parameter `{name}`");
            return Err(ConstraintError { offset: self.tokens[start].0, message, unknown_name: Some(name) });
        };
        self.program.push(Op::Parameter(slot));
        Ok(Kind::Parameter)
    }

    /// `abs(x)`, `min(x, y, ...)`, `max(x, y, ...)`; the opening parenthesis is taken.
    fn function(&mut self, start: usize, name: &str) -> Parsed<Kind> {
        let fold = match name {
            "min" => Some(Arithmetic::Least),
            "max" => Some(Arithmetic::Greatest),
            "abs" => None,
            _ => {
                self.at = start;
                return Err(self.error(format!("unknown function `{name}`, known are abs, max and min")));
            }
        };
        let mut arguments = 0;
        loop {
            let kind = self.nested(Self::sum)?;
            self.demand_number(kind, name)?;
            arguments += 1;
            match fold {
                Some(operation) if arguments > 1 => self.program.push(Op::Arithmetic(operation)),
                Some(_) => {}
                None => self.program.push(Op::Absolute),
            }
            if fold.is_none() || !self.take(",") {
                break;
            }
        }
        if fold.is_some() && arguments < 2 {
            return Err(self.error(format!("`{name}` needs at least two values")));
        }
        self.demand(")")?;
        Ok(Kind::Number)
    }
}

type Named<T> = (&'static str, T);

/// Longer symbols first, so that `<=` is not read as `<`; the symbol itself comes along for the message.
const COMPARISONS: [Named<Named<Comparison>>; 6] = [
    ("<=", ("<=", Comparison::LessOrEqual)),
    (">=", (">=", Comparison::GreaterOrEqual)),
    ("==", ("==", Comparison::Equal)),
    ("!=", ("!=", Comparison::NotEqual)),
    ("<", ("<", Comparison::Less)),
    (">", (">", Comparison::Greater)),
];
