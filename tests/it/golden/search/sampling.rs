//! Sobol points, digital shift, Latin hypercube, units to levels.

use omega_sweep::search::SobolPoints;
use omega_sweep::search::axis::level_of_unit;
use omega_sweep::search::lhs::in_stratum;
use omega_sweep::search::quasi::UnitPoints;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::golden;

fn read<T: DeserializeOwned>(json: &Value) -> T {
    serde_json::from_value(json.clone()).expect("the expected shape")
}

fn dimensions(input: &Value) -> usize {
    read(&input["dim"])
}

fn check_sobol(input: &Value, expected: &Value) {
    let points = SobolPoints::new(dimensions(input)).expect("few dimensions");
    let expected: Vec<Vec<u32>> = read(&expected["points_u30"]);
    assert_eq!(expected.len(), read::<usize>(&input["n"]));
    for (number, point) in (0..).zip(expected) {
        let words: Vec<u32> = points.words(number).into_iter().map(|word| word >> 2).collect();
        assert_eq!(words, point, "point {number}");
    }
}

fn check_shift(input: &Value, expected: &Value) {
    let points =
        SobolPoints::new(dimensions(input)).expect("few dimensions").with_shift(read(&input["shift_u32"]));
    let (words, values): (Vec<Vec<u32>>, Vec<Vec<f64>>) =
        (read(&expected["points_u32"]), read(&expected["values"]));
    for (number, (words, values)) in (0..).zip(words.into_iter().zip(values)) {
        assert_eq!(points.words(number), words);
        for (unit, value) in points.units(u64::from(number)).into_iter().zip(values) {
            assert!((unit - value).abs() <= 1e-15);
        }
    }
}

fn check_lhs(input: &Value, expected: &Value) {
    let n: usize = read(&input["n"]);
    let (permutations, jitter): (Vec<Vec<u32>>, Vec<Vec<f64>>) =
        (read(&input["permutations"]), read(&input["jitter"]));
    for (point, expected) in read::<Vec<Vec<f64>>>(&expected["points"]).into_iter().enumerate() {
        for (dimension, expected) in expected.into_iter().enumerate() {
            let unit = in_stratum(permutations[dimension][point], jitter[dimension][point], n);
            assert!((unit - expected).abs() <= 1e-15, "point {point}, dimension {dimension}");
        }
    }
}

#[test]
fn sobol_shift_strata_and_levels_match() {
    let file = golden::load("metrics", "sampling.json");
    let cases = file["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 7);
    for case in cases {
        let (input, expected) = (&case["input"], &case["expected"]);
        match case["kind"].as_str().expect("a kind") {
            "sobol" => check_sobol(input, expected),
            "sobol_digital_shift" => check_shift(input, expected),
            "lhs" => check_lhs(input, expected),
            "unit_to_level" => {
                let units: Vec<f64> = read(&input["u"]);
                let levels: Vec<u64> =
                    units.iter().map(|u| level_of_unit(*u, read(&input["levels"]))).collect();
                assert_eq!(levels, read::<Vec<u64>>(&expected["level"]));
            }
            other => panic!("unknown kind {other}"),
        }
    }
}
