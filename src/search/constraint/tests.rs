use proptest::prelude::*;

use super::*;

const NAMES: [&str; 5] = ["fast", "slow", "mode", "flag", "engine.management.be_trigger_r"];

fn slot(name: &str) -> Option<usize> {
    NAMES.iter().position(|known| *known == name)
}

fn parse(text: &str) -> Result<Constraint, ConstraintError> {
    Constraint::parse(text, slot)
}

fn holds(text: &str) -> bool {
    let values = [
        ParamValue::Int(10),
        ParamValue::Float(40.0),
        ParamValue::text("kalman"),
        ParamValue::Bool(true),
        ParamValue::Null,
    ];
    parse(text).unwrap_or_else(|e| panic!("{text}: {e}")).holds(&values)
}

#[test]
fn operators_bind_as_in_arithmetic() {
    assert!(holds("fast < slow"));
    assert!(holds("slow >= 2*fast + 2*10"));
    assert!(holds("slow - fast - 10 == 20"));
    assert!(holds("2 + 3 * 4 == 14 && (2 + 3) * 4 == 20"));
    assert!(holds("-fast < 0 && --fast == 10"));
    assert!(holds("min(fast, slow, 3) == 3 && max(fast, slow) == 40 && abs(fast - slow) == 30"));
    assert!(holds("1 == 2 && 1 == 2 || fast == 10"));
    assert!(!holds("!(fast == 10)"));
    assert!(holds("!fast == 11"));
    assert!(holds("1e1 == fast && .5 * 20 == fast && 1.0E+1 == fast"));
}

#[test]
fn texts_compare_for_equality_only() {
    assert!(holds("mode == 'kalman'"));
    assert!(holds("mode != 'local' && flag"));
    assert!(!holds("mode == fast"));
    assert!(parse("'a' < 'b'").is_err());
    assert!(parse("'a' == 3").is_err());
}

#[test]
fn a_division_by_zero_makes_the_whole_constraint_false() {
    assert!(!holds("fast / (fast - 10) > 1"));
    assert!(!holds("!(fast / (fast - 10) > 1)"));
    assert!(holds("fast == 10 || fast / (fast - 10) > 1"));
}

#[test]
fn arithmetic_on_null_makes_the_constraint_false() {
    assert!(!holds("engine.management.be_trigger_r < 1"));
    assert!(!holds("!(engine.management.be_trigger_r < 1)"));
    assert!(holds("engine.management.be_trigger_r != 1"));
}

#[test]
fn faults_are_placed() {
    let fault = |text: &str| parse(text).map(|c| c.text().to_owned()).expect_err("a fault");
    assert_eq!((fault("fast <").offset, fault("fast <").message.as_str()), (6, "a value is missing"));
    assert_eq!(fault("fst < slow").unknown_name.as_deref(), Some("fst"));
    assert_eq!(fault("slow > fst").offset, 7);
    assert_eq!(fault("fast + slow").message, "a comparison is missing: a number is neither true nor false");
    assert_eq!(fault("1 < fast < 3").offset, 9);
    assert_eq!(fault("fast = 3").message, "`=` has no meaning in a constraint");
    assert_eq!(fault("mean(fast) > 3").message, "unknown function `mean`, known are abs, max and min");
    assert_eq!(fault("fast < 'x").message, "the text has no closing quote `'`");
    assert_eq!(fault("").message, "a value is missing");
    assert!(fault("é < 1").to_string().ends_with("at character 1"));
}

#[test]
fn length_and_depth_are_limited() {
    let deep = format!("{}1{} < 2", "(".repeat(500), ")".repeat(500));
    assert!(parse(&deep).expect_err("too deep").message.contains("nested deeper"));
    assert!(parse(&format!("{}1 < 2", "-".repeat(1000))).is_err());
    assert!(
        parse(&format!("1 < 2{}", " && 1 < 2".repeat(1000)))
            .expect_err("too long")
            .message
            .contains("longer")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_text_parses_or_is_refused(text in "[ -~é]{0,60}") {
        let _ = parse(&text);
    }

    #[test]
    fn any_mix_of_tokens_parses_or_is_refused(
        words in proptest::collection::vec(
            prop::sample::select(vec![
                "fast", "slow", "'x'", "1", "2.5", "+", "-", "*", "/", "(", ")", "<", "<=", "==", "!=", "&&", "||",
                "!", "min(", "abs(", ",", "mode", "flag",
            ]),
            0..30,
        )
    ) {
        if let Ok(constraint) = parse(&words.join(" ")) {
            constraint.holds(&vec![ParamValue::Int(1); NAMES.len()]);
        }
    }

    #[test]
    fn numbers_keep_their_value(value in 0.0..1e300_f64) {
        let text = format!("{value} == {value:e}");
        prop_assert!(parse(&text).expect("parses").holds(&[]));
    }
}
