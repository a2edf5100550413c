//! Tokens to a tree. Precedence, loosest first: `or`, `and`, `not`, comparison, `+ -`, `* /`, unary minus, `.field`.

use super::error::{Problem, RuleCode, Span};
use super::lexer::{Piece, Token, tokens};

/// Longest text of one rule, bytes.
pub(super) const LONGEST: usize = 4_000;
/// Deepest nesting of one rule.
pub(super) const DEEPEST: usize = 64;

/// A piece of a rule as written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ast {
    pub(super) node: AstNode,
    pub(super) at: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum AstNode {
    Number(f64),
    Text(String),
    Name(String),
    /// A function with its arguments, and the output asked for by `.field`.
    Call { name: String, name_at: Span, args: Vec<Ast>, field: Option<(String, Span)> },
    Minus(Box<Ast>),
    Not(Box<Ast>),
    Binary(Operator, Box<Ast>, Box<Ast>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// The tree of one rule.
pub(super) fn parse(text: &str) -> Result<Ast, Problem> {
    if text.len() > LONGEST {
        let at = Span { start: LONGEST, end: LONGEST };
        let message = format!("the rule has {} bytes, {LONGEST} are allowed", text.len());
        // The text is cut at the limit, which may lie inside a character.
        return Err(Problem::new(RuleCode::Syntax, at, message).suggest("name parts of it under `let`"));
    }
    let mut parser = Parser { pieces: tokens(text)?, next: 0, depth: 0 };
    let tree = parser.expression()?;
    match parser.peek() {
        Token::End => Ok(tree),
        _ => Err(parser.unexpected("an operator or the end of the rule")),
    }
}

struct Parser {
    pieces: Vec<Piece>,
    next: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.pieces[self.next].token
    }

    fn at(&self) -> Span {
        self.pieces[self.next].at
    }

    /// Goes past the next token, never past the end.
    fn take(&mut self) -> Piece {
        let piece = self.pieces[self.next].clone();
        self.next = (self.next + 1).min(self.pieces.len() - 1);
        piece
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(next) if *next == sign);
        if found {
            self.take();
        }
        found
    }

    fn take_word(&mut self, word: &str) -> Option<Span> {
        let found = matches!(self.peek(), Token::Name(name) if name == word);
        found.then(|| self.take().at)
    }

    fn unexpected(&self, expected: &str) -> Problem {
        let found = match self.peek() {
            Token::End => "the rule ends here".to_owned(),
            Token::Number(number) => format!("found `{number}`"),
            Token::Text(text) => format!("found '{text}'"),
            Token::Name(name) => format!("found `{name}`"),
            Token::Sign(sign) => format!("found `{sign}`"),
        };
        Problem::new(RuleCode::Syntax, self.at(), format!("{found}, expected {expected}"))
    }

    fn expect(&mut self, sign: &str) -> Result<Span, Problem> {
        let at = self.at();
        if self.take_sign(sign) { Ok(at) } else { Err(self.unexpected(&format!("`{sign}`"))) }
    }

    /// One level deeper; an error when the rule is nested too deeply to be meant.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Problem>) -> Result<T, Problem> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let message = format!("the rule is nested more than {DEEPEST} levels deep");
            return Err(Problem::new(RuleCode::Syntax, self.at(), message)
                .suggest("name parts of it under `let`"));
        }
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn expression(&mut self) -> Result<Ast, Problem> {
        self.nested(Self::disjunction)
    }

    fn disjunction(&mut self) -> Result<Ast, Problem> {
        let mut left = self.conjunction()?;
        while self.take_word("or").is_some() {
            left = binary(Operator::Or, left, self.conjunction()?);
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Result<Ast, Problem> {
        let mut left = self.negation()?;
        while self.take_word("and").is_some() {
            left = binary(Operator::And, left, self.negation()?);
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Ast, Problem> {
        let Some(at) = self.take_word("not") else { return self.comparison() };
        let inner = self.nested(Self::negation)?;
        Ok(Ast { at: at.to(inner.at), node: AstNode::Not(Box::new(inner)) })
    }

    fn comparison(&mut self) -> Result<Ast, Problem> {
        let left = self.sum()?;
        let Some(operator) = self.comparison_sign() else { return Ok(left) };
        let both = binary(operator, left, self.sum()?);
        if self.comparison_sign().is_some() {
            let problem = Problem::new(RuleCode::Syntax, both.at, "comparisons cannot be chained");
            return Err(problem.suggest("join two of them with `and`"));
        }
        Ok(both)
    }

    fn comparison_sign(&mut self) -> Option<Operator> {
        let operator = match self.peek() {
            Token::Sign("<") => Operator::Less,
            Token::Sign("<=") => Operator::LessEqual,
            Token::Sign(">") => Operator::Greater,
            Token::Sign(">=") => Operator::GreaterEqual,
            Token::Sign("==") => Operator::Equal,
            Token::Sign("!=") => Operator::NotEqual,
            _ => return None,
        };
        self.take();
        Some(operator)
    }

    fn sum(&mut self) -> Result<Ast, Problem> {
        let mut left = self.product()?;
        loop {
            let operator = if self.take_sign("+") {
                Operator::Add
            } else if self.take_sign("-") {
                Operator::Subtract
            } else {
                return Ok(left);
            };
            left = binary(operator, left, self.product()?);
        }
    }

    fn product(&mut self) -> Result<Ast, Problem> {
        let mut left = self.unary()?;
        loop {
            let operator = if self.take_sign("*") {
                Operator::Multiply
            } else if self.take_sign("/") {
                Operator::Divide
            } else {
                return Ok(left);
            };
            left = binary(operator, left, self.unary()?);
        }
    }

    fn unary(&mut self) -> Result<Ast, Problem> {
        let at = self.at();
        if !self.take_sign("-") {
            return self.primary();
        }
        let inner = self.nested(Self::unary)?;
        Ok(Ast { at: at.to(inner.at), node: AstNode::Minus(Box::new(inner)) })
    }

    fn primary(&mut self) -> Result<Ast, Problem> {
        if self.take_sign("(") {
            let inner = self.expression()?;
            self.expect(")")?;
            return Ok(inner);
        }
        let at = self.at();
        let node = match self.peek().clone() {
            Token::Number(number) => AstNode::Number(number),
            Token::Text(text) => AstNode::Text(text),
            Token::Name(word) if ["and", "or", "not"].contains(&word.as_str()) => {
                return Err(self.unexpected("a number, a name or a function"));
            }
            Token::Name(name) => {
                self.take();
                return self.named(name, at);
            }
            Token::Sign(_) | Token::End => return Err(self.unexpected("a number, a name or a function")),
        };
        self.take();
        Ok(Ast { node, at })
    }

    /// A plain name, or a function with arguments and perhaps a field.
    fn named(&mut self, name: String, name_at: Span) -> Result<Ast, Problem> {
        if !self.take_sign("(") {
            return Ok(Ast { node: AstNode::Name(name), at: name_at });
        }
        let mut args = Vec::new();
        let mut end = self.at();
        if !self.take_sign(")") {
            args.push(self.expression()?);
            while self.take_sign(",") {
                args.push(self.expression()?);
            }
            end = self.expect(")")?;
        }
        let mut field = None;
        if self.take_sign(".") {
            end = self.at();
            match self.take().token {
                Token::Name(word) => field = Some((word, end)),
                _ => return Err(Problem::new(RuleCode::Syntax, end, "expected the name of an output after `.`")),
            }
        }
        Ok(Ast { at: name_at.to(end), node: AstNode::Call { name, name_at, args, field } })
    }
}

fn binary(operator: Operator, left: Ast, right: Ast) -> Ast {
    Ast { at: left.at.to(right.at), node: AstNode::Binary(operator, Box::new(left), Box::new(right)) }
}
