//! Exact grids, log grids, the cartesian product and mixed-radix ids.

use std::sync::Arc;

use omega_sweep::search::{
    Axis, Constraint, Coordinate, Decimal, GridOrder, GridSampler, Levels, Sampler, Space,
};
use omega_sweep::types::{MasterSeed, ParamValue};
use serde_json::Value;

use crate::golden;

fn number(json: &Value) -> f64 {
    json.as_f64().expect("a number")
}

fn cases(kind: &str) -> Vec<Value> {
    let file = golden::load("metrics", "grid.json");
    let found: Vec<Value> = file["cases"]
        .as_array()
        .expect("cases")
        .iter()
        .filter(|case| case["kind"] == kind)
        .cloned()
        .collect();
    assert!(!found.is_empty(), "no case of kind {kind}");
    found
}

fn values(levels: &Levels) -> Vec<f64> {
    let count = levels.count().expect("finite");
    (0..count).map(|k| levels.value(Coordinate::Level(k)).as_f64().expect("a number")).collect()
}

fn listed(name: &str, values: &[ParamValue]) -> Axis {
    let levels = Levels::Choice { values: values.into(), ordered: false };
    Axis { name: name.into(), levels, condition: None }
}

#[test]
fn stepped_floats_are_exact_decimals() {
    for case in cases("float_grid") {
        let input = |key: &str| Decimal::from_f64(number(&case["input"][key])).expect("finite");
        let (from, step) = (input("low"), input("step"));
        let (steps, _) = from.steps_to(input("high"), step).expect("a range");
        assert_eq!(steps + 1, case["expected"]["count"].as_u64().expect("a count"), "{}", case["name"]);
        let levels = Levels::Stepped { from, step, count: steps + 1, whole: false };
        let expected: Vec<f64> =
            case["expected"]["values"].as_array().expect("values").iter().map(number).collect();
        assert_eq!(values(&levels), expected, "{}", case["name"]);
    }
}

#[test]
fn log_points_match_to_1e_13() {
    for case in cases("log_grid") {
        let input = &case["input"];
        let points = input["points"].as_u64().expect("a count");
        let levels = Levels::LogPoints { from: number(&input["low"]), to: number(&input["high"]), points };
        let expected = case["expected"]["values"].as_array().expect("values");
        for (value, expected) in values(&levels).into_iter().zip(expected) {
            let expected = number(expected);
            assert!(
                (value - expected).abs() <= 1e-13 * expected.abs(),
                "{}: {value} {expected}",
                case["name"]
            );
        }
    }
}

#[test]
fn the_product_is_enumerated_first_parameter_slowest_and_ids_survive_constraints() {
    for case in cases("cartesian") {
        let declared = case["input"]["space_in_declared_order"].as_array().expect("axes");
        let axes = declared.iter().map(|axis| {
            let values: Vec<ParamValue> =
                axis[1].as_array().expect("values").iter().map(ParamValue::from_json).collect();
            listed(axis[0].as_str().expect("a name"), &values)
        });
        let space = Space::new(axes.collect(), vec![]);
        assert_eq!(space.size().ok(), case["expected"]["total"].as_u64());
        let combinations = case["expected"]["combinations"].as_array().expect("combinations");
        for (id, expected) in (0..).zip(combinations) {
            let trial = space.trial(id).expect("nothing is excluded yet");
            let values =
                trial.params.iter().map(|(name, value)| (name.to_owned(), value.to_json())).collect();
            assert_eq!(&Value::Object(values), expected, "id {id}");
        }
        let text = case["input"]["constraint"].as_str().expect("a constraint");
        let constraint = Constraint::parse(text, |name| space.slot_of(name)).expect("parses");
        let space = Arc::new(space.with_constraints(vec![constraint]));
        let grid = GridSampler::new(space, GridOrder::Lexicographic, MasterSeed(1), 0).expect("finite");
        let run: Vec<u64> =
            (0..grid.positions()).filter_map(|p| grid.trial_at(p)).map(|trial| trial.id.0).collect();
        let expected: Vec<u64> =
            serde_json::from_value(case["expected"]["feasible_trial_ids"].clone()).expect("ids");
        assert_eq!(run, expected);
        assert_eq!(grid.count(0..grid.positions()).run, expected.len() as u64);
    }
}

#[test]
fn ids_are_mixed_radix_numbers() {
    for case in cases("mixed_radix") {
        let dims: Vec<u64> = serde_json::from_value(case["input"]["dims"].clone()).expect("dims");
        let axes = dims.iter().enumerate().map(|(i, count)| {
            let values: Vec<ParamValue> =
                (0..*count).map(|k| ParamValue::Int(i64::try_from(k).expect("small"))).collect();
            listed(&format!("p{i}"), &values)
        });
        let space = Space::new(axes.collect(), vec![]);
        assert_eq!(space.size().ok(), case["expected"]["total"].as_u64());
        let ids: Vec<u64> = serde_json::from_value(case["input"]["trial_ids"].clone()).expect("ids");
        let digits: Vec<Vec<u64>> =
            serde_json::from_value(case["expected"]["digits"].clone()).expect("digits");
        for (id, digits) in ids.into_iter().zip(digits) {
            let point: Vec<Coordinate> = digits.into_iter().map(Coordinate::Level).collect();
            assert_eq!(space.levels_of(id), point);
            assert_eq!(space.id_of(&point), Some(id));
        }
    }
}
