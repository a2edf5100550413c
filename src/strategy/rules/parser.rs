//! Tokens to a tree. Precedence, loosest first: `or`, `and`, `not`, comparison, `+ -`, `* /`, unary minus, `.field`.

use super::error::{Problem, RuleCode, Span};
use super::lexer::{Piece, Token, tokens};

/// Longest text of one rule, bytes.
pub(super) const LONGEST: usize = 4_000;
/// Deepest nesting of parentheses, signs and calls in one rule.
pub(super) const DEEPEST: usize = 64;
/// Longest chain of operators; keeps the tree shallow enough to walk.
const LONGEST_CHAIN: usize = 200;

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
    Call {
        name: String,
        name_at: Span,
        args: Vec<Ast>,
        field: Option<(String, Span)>,
    },
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
        let end = text.floor_char_boundary(LONGEST);
        let at = Span { start: end, end };
        let message = format!("the rule has {} bytes, {LONGEST} are allowed", text.len());
        return Err(Problem::new(RuleCode::Syntax, at, message).suggest("name parts of it under `let`"));
    }
    let mut parser = Parser { pieces: tokens(text)?, next: 0, depth: 0, chain: 0 };
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
    /// Operators joined so far.
    chain: usize,
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
            return Err(
                Problem::new(RuleCode::Syntax, self.at(), message).suggest("name parts of it under `let`")
            );
        }
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Reads the right side of an operator and joins both.
    fn join(
        &mut self,
        operator: Operator,
        left: Ast,
        read: impl FnOnce(&mut Self) -> Result<Ast, Problem>,
    ) -> Result<Ast, Problem> {
        self.chain += 1;
        if self.chain > LONGEST_CHAIN {
            let message = format!("the rule joins more than {LONGEST_CHAIN} parts");
            return Err(
                Problem::new(RuleCode::Syntax, self.at(), message).suggest("name parts of it under `let`")
            );
        }
        let right = read(self)?;
        let at = left.at.to(right.at);
        Ok(Ast { at, node: AstNode::Binary(operator, Box::new(left), Box::new(right)) })
    }

    fn expression(&mut self) -> Result<Ast, Problem> {
        self.nested(Self::disjunction)
    }

    fn disjunction(&mut self) -> Result<Ast, Problem> {
        let mut left = self.conjunction()?;
        while self.take_word("or").is_some() {
            left = self.join(Operator::Or, left, Self::conjunction)?;
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Result<Ast, Problem> {
        let mut left = self.negation()?;
        while self.take_word("and").is_some() {
            left = self.join(Operator::And, left, Self::negation)?;
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
        let both = self.join(operator, left, Self::sum)?;
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
            left = self.join(operator, left, Self::product)?;
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
            left = self.join(operator, left, Self::unary)?;
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
                _ => {
                    return Err(Problem::new(
                        RuleCode::Syntax,
                        end,
                        "expected the name of an output after `.`",
                    ));
                }
            }
        }
        Ok(Ast { at: name_at.to(end), node: AstNode::Call { name, name_at, args, field } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree in prefix form.
    fn shape(tree: &Ast) -> String {
        match &tree.node {
            AstNode::Number(number) => number.to_string(),
            AstNode::Text(text) => format!("'{text}'"),
            AstNode::Name(name) => name.clone(),
            AstNode::Call { name, args, field, .. } => {
                let args: Vec<String> = args.iter().map(shape).collect();
                let field = field.as_ref().map_or_else(String::new, |(word, _)| format!(".{word}"));
                format!("{name}[{}]{field}", args.join(" "))
            }
            AstNode::Minus(inner) => format!("(neg {})", shape(inner)),
            AstNode::Not(inner) => format!("(not {})", shape(inner)),
            AstNode::Binary(operator, left, right) => {
                format!("({operator:?} {} {})", shape(left), shape(right))
            }
        }
    }

    fn parsed(text: &str) -> String {
        shape(&parse(text).expect("a rule"))
    }

    #[test]
    fn operators_bind_in_the_stated_order() {
        assert_eq!(
            parsed("a or b and not c < d + e * -f"),
            "(Or a (And b (not (Less c (Add d (Multiply e (neg f)))))))"
        );
        assert_eq!(parsed("a - b - c"), "(Subtract (Subtract a b) c)");
        assert_eq!(parsed("a / b * c"), "(Multiply (Divide a b) c)");
        assert_eq!(parsed("not a and b"), "(And (not a) b)");
        assert_eq!(parsed("-a * b"), "(Multiply (neg a) b)");
        assert_eq!(parsed("(a or b) and c"), "(And (Or a b) c)");
        assert_eq!(
            parsed("bollinger(close, 20, 2).lower > f()"),
            "(Greater bollinger[close 20 2].lower f[])"
        );
    }

    #[test]
    fn mistakes_are_placed_and_named() {
        let wrong = |text: &str| {
            let problem = parse(text).expect_err(text);
            (problem.at.start, problem.message)
        };
        assert_eq!(
            wrong("z <="),
            (4, "the rule ends here, expected a number, a name or a function".to_owned())
        );
        assert_eq!(wrong("ema(close 20)"), (10, "found `20`, expected `)`".to_owned()));
        assert_eq!(wrong("a b"), (2, "found `b`, expected an operator or the end of the rule".to_owned()));
        assert_eq!(wrong("1 < x < 3").1, "comparisons cannot be chained");
        assert_eq!(wrong("and b").0, 0);
        assert_eq!(wrong("f(x).").1, "expected the name of an output after `.`");
        assert_eq!(wrong(""), (0, "the rule ends here, expected a number, a name or a function".to_owned()));
    }

    #[test]
    fn endless_rules_are_refused() {
        let refused = |text: String| parse(&text).expect_err("too large").message;
        assert!(refused("(".repeat(2000)).contains("nested more than 64 levels"));
        assert!(refused("-".repeat(2000)).contains("nested more than 64 levels"));
        assert!(refused("not ".repeat(900)).contains("nested more than 64 levels"));
        assert!(refused("1+".repeat(900)).contains("joins more than 200 parts"));
        assert!(refused("a".repeat(5000)).contains("5000 bytes"));
    }
}
