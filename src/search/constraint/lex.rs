//! Text to tokens, each with the number of characters before it.

use super::ConstraintError;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Text(String),
    Name(String),
    Symbol(&'static str),
    End,
}

/// Longer symbols first.
const SYMBOLS: [&str; 16] =
    ["<=", ">=", "==", "!=", "&&", "||", "<", ">", "!", "+", "-", "*", "/", "(", ")", ","];

pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, ConstraintError> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut offset = 0;
    loop {
        let trimmed = rest.trim_start();
        offset += rest.chars().count() - trimmed.chars().count();
        rest = trimmed;
        if rest.is_empty() {
            found.push((offset, Token::End));
            return Ok(found);
        }
        let (token, length) =
            token(rest).map_err(|message| ConstraintError { offset, message, unknown_name: None })?;
        found.push((offset, token));
        offset += rest[..length].chars().count();
        rest = &rest[length..];
    }
}

/// The token at the start of a text that is not empty, and its length in bytes.
fn token(text: &str) -> Result<(Token, usize), String> {
    let first = text.chars().next().unwrap_or(' ');
    if first.is_ascii_digit() || first == '.' {
        let length = number_length(text);
        let value: f64 =
            text[..length].parse().map_err(|_| format!("`{}` is not a number", &text[..length]))?;
        if !value.is_finite() {
            return Err(format!("`{}` is too large for a number", &text[..length]));
        }
        return Ok((Token::Number(value), length));
    }
    if first == '\'' {
        let end = text[1..].find('\'').ok_or("the text has no closing quote `'`")?;
        return Ok((Token::Text(text[1..=end].to_owned()), end + 2));
    }
    if first.is_ascii_alphabetic() || first == '_' {
        let length = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'));
        let length = length.unwrap_or(text.len());
        return Ok((Token::Name(text[..length].to_owned()), length));
    }
    match SYMBOLS.into_iter().find(|symbol| text.starts_with(symbol)) {
        Some(symbol) => Ok((Token::Symbol(symbol), symbol.len())),
        None => Err(format!("`{first}` has no meaning in a constraint")),
    }
}

/// Bytes of the digits, fraction and exponent a text starts with.
fn number_length(text: &str) -> usize {
    let digits = |from: usize| text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut length = digits(0);
    if text[length..].starts_with('.') {
        length += 1 + digits(length + 1);
    }
    if text[length..].starts_with(['e', 'E']) {
        let sign = usize::from(text[length + 1..].starts_with(['+', '-']));
        let exponent = digits(length + 1 + sign);
        if exponent > 0 {
            length += 1 + sign + exponent;
        }
    }
    length
}
