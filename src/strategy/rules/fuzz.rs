//! A hundred thousand texts that nobody would write: each is a strategy or has its mistake inside the text, and none
//! panics or takes long. `OMEGA_SWEEP_CASES` multiplies them; a text that fails is made as short as it can be.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{TestCaseError, TestRunner};
use serde_json::{Value, json};

use super::RuleStrategy;

/// Words and signs of the language, and some that are not.
const WORDS: [&str; 40] = [
    "and",
    "or",
    "not",
    "(",
    ")",
    ",",
    ".",
    "<",
    "<=",
    "==",
    "!=",
    ">",
    "+",
    "-",
    "*",
    "/",
    "close",
    "ema",
    "tf",
    "'H4'",
    "2",
    "1.5e3",
    "x",
    "ema(close, 3)",
    "bollinger(close,20,2).lower",
    "prev(",
    "\u{e9}",
    "'",
    "true",
    "symbol('A',",
    "crosses_above(x, y)",
    "bars_since(close > 1)",
    "1e999",
    "=",
    "\u{1f600}",
    "\0",
    "entry",
    "between_times(",
    "0",
    "_",
];

/// Reads so many texts as conditions; how many of them are one.
fn read_all(usual: u32, texts: impl Strategy<Value = String>) -> u32 {
    let times = std::env::var("OMEGA_SWEEP_CASES").ok().and_then(|text| text.parse().ok());
    let config = ProptestConfig::with_cases(usual * times.unwrap_or(1));
    let accepted = Cell::new(0);
    let read = |text: String| {
        accepted.set(accepted.get() + u32::from(read(&text)?));
        Ok(())
    };
    TestRunner::new(config).run(&texts, read).unwrap_or_else(|failure| panic!("{failure}"));
    accepted.get()
}

/// Reads a text as a condition; whether it is one. Every mistake has a place between characters and something to say.
fn read(text: &str) -> Result<bool, TestCaseError> {
    let Err(errors) = RuleStrategy::from_json("rules", &json!({"long": text})) else { return Ok(true) };
    prop_assert!(!errors.is_empty());
    for error in errors {
        prop_assert!(text.get(error.at.start..error.at.end).is_some(), "{}", error);
        prop_assert!(!error.to_string().is_empty());
    }
    Ok(false)
}

#[test]
fn words_in_any_order_give_a_strategy_or_a_place_inside_the_text() {
    let words = prop::collection::vec(select(&WORDS[..]), 0..14);
    read_all(40_000, (words, select(vec!["", " "])).prop_map(|(words, glue)| words.join(glue)));
}

#[test]
fn characters_in_any_order_give_a_strategy_or_a_place_inside_the_text() {
    let character = prop_oneof![3 => prop::char::range('\0', '\u{7f}'), 1 => any::<char>()];
    let characters = prop::collection::vec(character, 0..40);
    read_all(20_000, characters.prop_map(String::from_iter));
}

#[test]
fn damaged_examples_give_a_strategy_or_a_place_inside_the_text() {
    let texts = documented();
    let whole = texts.iter().filter(|text| read(text).expect("a strategy or a mistake"));
    assert!(texts.len() > 50 && whole.count() > 20);
    let damages = prop::collection::vec(damage(&texts), 1..5);
    let damaged = (select(texts), damages).prop_map(|(mut text, damages)| {
        for damage in &damages {
            damage.apply(&mut text);
        }
        text
    });
    let accepted = read_all(40_000, damaged);
    // Damage that leaves a condition is part of the test: both ends of the reader are met.
    assert!(accepted > 400, "{accepted}");
}

/// What the reader says of a text that is no condition.
fn refused(text: &str) -> String {
    read(text).expect("a place inside the text");
    let errors = RuleStrategy::from_json("rules", &json!({"long": text})).expect_err("no condition");
    errors[0].to_string()
}

#[test]
fn a_text_that_grows_ends_at_the_limit_of_its_length() {
    for piece in ["(close > 1)", "close > 1 and ", "not ", "prev(", "1 + ", "tf('H4', ", "'", "-", "\u{e9} "]
    {
        let mut text = piece.to_owned();
        while text.len() <= 4_000 {
            text += piece;
            read(&text).expect("a strategy or a mistake");
        }
        for text in [text.clone(), text.repeat(20)] {
            let said = refused(&text);
            let limit = format!("the rule has {} bytes, 4000 are allowed", text.len());
            assert!(
                said.contains(&limit) && said.contains("name parts of it under `let`"),
                "{piece}: {said}"
            );
        }
    }
}

#[test]
fn a_text_that_nests_ends_at_the_limit_of_its_depth() {
    for piece in ["(", "not ", "-", "prev(", "min(close, ", "tf('H4', ", "(not (", "abs(-("] {
        let said = refused(&piece.repeat(100));
        assert!(said.contains("the rule is nested more than 64 levels deep"), "{piece}: {said}");
    }
}

/// Every expression among the examples of the document.
fn documented() -> Vec<String> {
    let text = include_str!("../../../docs/strategies.md");
    let blocks = text.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut texts = Vec::new();
    for block in blocks {
        let example: Value = serde_json::from_str(block).expect("JSON");
        collect(&example["rules"], &mut texts);
    }
    texts
}

fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Object(entries) => entries.values().for_each(|value| collect(value, texts)),
        _ => {}
    }
}

/// A change of a text between two of its characters.
#[derive(Debug, Clone)]
struct Damage {
    from: Index,
    to: Index,
    /// `None` repeats the piece.
    by: Option<String>,
}

/// Removes, repeats or replaces a piece, by a word or a piece of another text.
fn damage(texts: &[String]) -> impl Strategy<Value = Damage> + use<> {
    let piece = (select(texts.to_vec()), any::<[Index; 2]>()).prop_map(|(text, [from, to])| {
        let (from, to) = places(&text, from, to);
        text[from..to].to_owned()
    });
    let by = prop_oneof![
        Just(Some(String::new())),
        Just(None),
        select(&WORDS[..]).prop_map(|word| Some(word.to_owned())),
        piece.prop_map(Some),
    ];
    (any::<[Index; 2]>(), by).prop_map(|([from, to], by)| Damage { from, to, by })
}

impl Damage {
    fn apply(&self, text: &mut String) {
        let (from, to) = places(text, self.from, self.to);
        match &self.by {
            None => {
                let again = text[from..to].to_owned();
                text.insert_str(from, &again);
            }
            Some(by) => text.replace_range(from..to, by),
        }
    }
}

/// Two places between characters, in order.
fn places(text: &str, from: Index, to: Index) -> (usize, usize) {
    let places: Vec<usize> = text.char_indices().map(|(place, _)| place).chain([text.len()]).collect();
    let (a, b) = (*from.get(&places), *to.get(&places));
    (a.min(b), a.max(b))
}
