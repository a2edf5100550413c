//! Text to tokens. Names are ASCII words; texts stand in single quotes; numbers are decimal.

use super::error::{Problem, RuleCode, Span};

/// One word, number or sign.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Text(String),
    Name(String),
    /// `+ - * / ( ) , . < <= > >= == !=`
    Sign(&'static str),
    End,
}

/// A token and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    pub(super) token: Token,
    pub(super) at: Span,
}

/// Longer signs first, so that `<=` is not read as `<`.
const SIGNS: [&str; 14] = ["<=", ">=", "==", "!=", "<", ">", "+", "-", "*", "/", "(", ")", ",", "."];

/// Signs other languages use, and what is written here.
const FOREIGN: [(&str, &str); 7] = [
    ("&&", "write `and`"),
    ("||", "write `or`"),
    ("&", "write `and`"),
    ("|", "write `or`"),
    ("!", "write `not`"),
    ("=", "compare with `==`"),
    ("\"", "put texts in single quotes"),
];

/// All tokens of a text, an [`Token::End`] last.
pub(super) fn tokens(text: &str) -> Result<Vec<Piece>, Problem> {
    let mut pieces = Vec::new();
    let mut from = 0;
    while let Some(first) = text[from..].chars().next() {
        if first.is_whitespace() {
            from += first.len_utf8();
            continue;
        }
        let piece = next(text, from)?;
        from = piece.at.end;
        pieces.push(piece);
    }
    pieces.push(Piece { token: Token::End, at: Span { start: text.len(), end: text.len() } });
    Ok(pieces)
}

/// The token that starts at a byte that is no blank.
fn next(text: &str, start: usize) -> Result<Piece, Problem> {
    let rest = &text[start..];
    let piece = |token, length| Piece { token, at: Span { start, end: start + length } };
    let first = rest.chars().next().unwrap_or(' ');
    if first.is_ascii_alphabetic() || first == '_' {
        let length = length_while(rest, |c| c.is_ascii_alphanumeric() || c == '_');
        return Ok(piece(Token::Name(rest[..length].to_owned()), length));
    }
    if first.is_ascii_digit() || first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit()) {
        return number(rest, start);
    }
    if first == '\'' {
        let Some(length) = rest[1..].find('\'') else {
            let at = Span { start, end: text.len() };
            return Err(Problem::new(RuleCode::Syntax, at, "the text has no closing quote"));
        };
        return Ok(piece(Token::Text(rest[1..=length].to_owned()), length + 2));
    }
    if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
        return Ok(piece(Token::Sign(sign), sign.len()));
    }
    let foreign = FOREIGN.into_iter().find(|(sign, _)| rest.starts_with(sign));
    let length = foreign.map_or(first.len_utf8(), |(sign, _)| sign.len());
    let at = Span { start, end: start + length };
    let problem = Problem::new(RuleCode::Syntax, at, format!("`{}` is not part of a rule", &rest[..length]));
    Err(match foreign {
        Some((_, remedy)) => problem.suggest(remedy),
        None => problem,
    })
}

/// Digits, a fraction, an exponent.
fn number(rest: &str, start: usize) -> Result<Piece, Problem> {
    let digits = |text: &str| length_while(text, |c| c.is_ascii_digit());
    let mut length = digits(rest);
    if rest[length..].starts_with('.') {
        length += 1 + digits(&rest[length + 1..]);
    }
    let exponent = &rest[length..];
    if exponent.starts_with(['e', 'E']) {
        let sign = usize::from(exponent[1..].starts_with(['+', '-']));
        let count = digits(&exponent[1 + sign..]);
        length += if count > 0 { 1 + sign + count } else { 0 };
    }
    let at = Span { start, end: start + length };
    match rest[..length].parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Piece { token: Token::Number(number), at }),
        _ => Err(Problem::new(RuleCode::Syntax, at, "the number is too large")),
    }
}

fn length_while(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Token> {
        tokens(text).expect("a rule").into_iter().map(|piece| piece.token).collect()
    }

    #[test]
    fn words_numbers_texts_and_signs_are_told_apart() {
        use Token::{End, Name, Number, Sign, Text};
        assert_eq!(
            kinds("tf('H4', z_1)<=-1.5e-1"),
            [
                Name("tf".into()),
                Sign("("),
                Text("H4".into()),
                Sign(","),
                Name("z_1".into()),
                Sign(")"),
                Sign("<="),
                Sign("-"),
                Number(0.15),
                End
            ]
        );
        assert_eq!(kinds("2.lower"), [Number(2.0), Name("lower".into()), End]);
        assert_eq!(kinds(".5"), [Number(0.5), End]);
        assert_eq!(kinds("3em"), [Number(3.0), Name("em".into()), End]);
    }

    #[test]
    fn signs_of_other_languages_get_a_remedy() {
        for (text, remedy) in
            [("a && b", "write `and`"), ("!a", "write `not`"), ("a = b", "compare with `==`")]
        {
            assert_eq!(tokens(text).expect_err("foreign").suggestion.as_deref(), Some(remedy));
        }
        assert_eq!(tokens("a ; b").expect_err("foreign").at, Span { start: 2, end: 3 });
        assert_eq!(tokens("'H4").expect_err("open").message, "the text has no closing quote");
    }
}
