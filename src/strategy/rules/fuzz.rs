//! A hundred thousand texts that nobody would write: each is a strategy or has its mistake inside the text, and none
//! panics or takes long. `OMEGA_SWEEP_CASES` multiplies them.

use serde_json::{Value, json};

use super::RuleStrategy;
use crate::types::{KeyedRng, MasterSeed, Purpose};

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

fn cases(usual: u64) -> u64 {
    let times = std::env::var("OMEGA_SWEEP_CASES").ok().and_then(|text| text.parse().ok());
    usual * times.unwrap_or(1)
}

fn below(rng: &mut KeyedRng, limit: usize) -> usize {
    usize::try_from(rng.below(limit as u64)).expect("small")
}

/// Reads a text as a condition; whether it is one.
fn read(text: &str) -> bool {
    match RuleStrategy::from_json("rules", &json!({"long": text})) {
        Ok(_) => true,
        Err(errors) => {
            assert!(!errors.is_empty());
            for error in errors {
                assert!(error.at.start <= error.at.end && error.at.end <= text.len(), "{text:?}: {error}");
                assert!(
                    text.is_char_boundary(error.at.start) && text.is_char_boundary(error.at.end),
                    "{text:?}"
                );
                assert!(!error.to_string().is_empty(), "{text:?}");
            }
            false
        }
    }
}

#[test]
fn words_in_any_order_give_a_strategy_or_a_place_inside_the_text() {
    let mut rng = MasterSeed(7).rng(Purpose::User, 0, 0, 0);
    for _ in 0..cases(40_000) {
        let glue = if rng.below(2) == 0 { "" } else { " " };
        let words: Vec<&str> = (0..rng.below(14)).map(|_| WORDS[below(&mut rng, WORDS.len())]).collect();
        read(&words.join(glue));
    }
}

#[test]
fn characters_in_any_order_give_a_strategy_or_a_place_inside_the_text() {
    let mut rng = MasterSeed(9).rng(Purpose::User, 0, 0, 0);
    for _ in 0..cases(20_000) {
        let text: String = (0..rng.below(40))
            .filter_map(|_| {
                let plane = if rng.below(4) == 0 { 0x2_0000 } else { 128 };
                char::from_u32(u32::try_from(rng.below(plane)).expect("small"))
            })
            .collect();
        read(&text);
    }
}

#[test]
fn damaged_examples_give_a_strategy_or_a_place_inside_the_text() {
    let texts = documented();
    assert!(texts.len() > 50 && texts.iter().filter(|text| read(text)).count() > 20);
    let mut rng = MasterSeed(8).rng(Purpose::User, 0, 0, 0);
    let mut accepted = 0;
    for _ in 0..cases(40_000) {
        let mut text = texts[below(&mut rng, texts.len())].clone();
        for _ in 0..=rng.below(4) {
            damage(&mut text, &texts, &mut rng);
        }
        accepted += u64::from(read(&text));
    }
    // Damage that leaves a condition is part of the test: both ends of the reader are met.
    assert!(accepted > cases(40_000) / 100, "{accepted}");
}

#[test]
fn texts_that_grow_end_at_the_limits() {
    for seed in
        ["(close > 1)", "close > 1 and ", "not ", "prev(", "1 + ", "min(close, ", "tf('H4', ", "'", "-"]
    {
        let mut text = seed.to_owned();
        while text.len() < 100_000 {
            read(&text);
            text = text.repeat(2);
        }
        assert!(!read(&text), "{seed}");
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

/// Removes, repeats or replaces a piece, by a word or a piece of another text.
fn damage(text: &mut String, texts: &[String], rng: &mut KeyedRng) {
    let (start, end) = piece(text, rng);
    let other = &texts[below(rng, texts.len())];
    let (from, to) = piece(other, rng);
    match rng.below(4) {
        0 => text.replace_range(start..end, ""),
        1 => text.insert_str(start, &text[start..end].to_owned()),
        2 => text.replace_range(start..end, WORDS[below(rng, WORDS.len())]),
        _ => text.replace_range(start..end, &other[from..to]),
    }
}

/// A random piece between characters.
fn piece(text: &str, rng: &mut KeyedRng) -> (usize, usize) {
    let places: Vec<usize> = text.char_indices().map(|(place, _)| place).chain([text.len()]).collect();
    let (a, b) = (places[below(rng, places.len())], places[below(rng, places.len())]);
    (a.min(b), a.max(b))
}
