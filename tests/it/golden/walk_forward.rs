//! Windows, efficiency, stitching, cross-validation.

use omega_sweep::types::{EquityCurve, Span, StepRange, Timestamp};
use omega_sweep::walkforward::WalkForwardSettings;
use omega_sweep::walkforward::cpcv::{CpcvSettings, cpcv};
use omega_sweep::walkforward::efficiency::{WindowProfit, profitable_share, walk_forward_efficiency};
use omega_sweep::walkforward::settings::{FinalWindow, Stitch, WindowMode};
use omega_sweep::walkforward::splits::{Development, splits};
use omega_sweep::walkforward::stitch::stitch;
use serde_json::{Value, json};

use super::{assert_close, floats, load, number};

fn each_case(kind: &str, check: impl Fn(&str, &Value, &Value, &Value)) {
    let file = load("metrics", "walk_forward.json");
    let mut checked = 0;
    for case in file["cases"].as_array().expect("cases").iter().filter(|case| case["kind"] == kind) {
        check(case["name"].as_str().expect("a name"), &case["input"], &case["expected"], &file["tolerance"]);
        checked += 1;
    }
    assert!(checked > 0, "no case of kind {kind}");
}

fn count(value: &Value) -> usize {
    value.as_u64().and_then(|n| usize::try_from(n).ok()).expect("a count")
}

fn bars(value: &Value) -> Span {
    Span::Bars(u32::try_from(count(value)).expect("few bars"))
}

fn pair(range: StepRange) -> Value {
    json!([range.start, range.end])
}

#[test]
fn windows_lie_where_the_rules_put_them() {
    each_case("windows", |name, input, expected, tolerance| {
        assert_eq!(input["embargo"], 0, "{name}: walk-forward has no embargo");
        let (start, end) = (count(&input["start"]), count(&input["end"]));
        let timeline: Vec<i64> = (0..).take(end).collect();
        let at = |step: usize| Timestamp(i64::try_from(step).expect("few steps"));
        let development = Development { timeline: &timeline, start: at(start), end: at(end) };
        let settings = WalkForwardSettings {
            mode: input["mode"].as_str().and_then(|w| w.parse::<WindowMode>().ok()).expect("a mode"),
            step: bars(&input["step"]),
            purge: bars(&input["purge"]),
            final_window: input["final"]
                .as_str()
                .and_then(|w| w.parse::<FinalWindow>().ok())
                .expect("a word"),
            ..WalkForwardSettings::new(bars(&input["train"]), bars(&input["test"]))
        };
        let splits = splits(&development, &settings);
        let windows: Vec<Value> = splits
            .windows
            .iter()
            .map(|w| json!({"window": w.index, "train": pair(w.train), "test": pair(w.test)}))
            .collect();
        assert_eq!(json!(windows), expected["windows"], "{name}");
        assert_eq!(json!(splits.test_overlap), expected["test_overlap"], "{name}");
        assert_close(Some(splits.oos_coverage), expected["oos_coverage"].as_f64(), tolerance, name);
    });
}

#[test]
fn efficiency_is_the_ratio_of_sums() {
    each_case("wfe", |name, input, expected, tolerance| {
        let column = |key: &str| floats(&input[key]);
        let columns = [column("is_profit"), column("is_days"), column("oos_profit"), column("oos_days")];
        let windows: Vec<WindowProfit> = (0..columns[0].len())
            .map(|i| WindowProfit {
                is_profit: columns[0][i],
                is_days: columns[1][i],
                oos_profit: columns[2][i],
                oos_days: columns[3][i],
            })
            .collect();
        assert_close(walk_forward_efficiency(&windows), expected["wfe"].as_f64(), tolerance, name);
        assert_close(profitable_share(&windows), expected["profitable_share"].as_f64(), tolerance, name);
        let per_window = expected["per_window"].as_array().expect("ratios");
        assert_eq!(per_window.len(), windows.len());
        for (window, expected) in windows.iter().zip(per_window) {
            assert_close(window.efficiency(), expected.as_f64(), tolerance, name);
        }
    });
}

#[test]
fn tests_are_stitched_by_sum_or_by_growth() {
    each_case("stitch", |name, input, expected, tolerance| {
        let step = |value: &Value| u32::try_from(count(value)).expect("few steps");
        let tests: Vec<EquityCurve> = input["segments"]
            .as_array()
            .expect("segments")
            .iter()
            .map(|points| {
                let mut curve = EquityCurve::default();
                for point in points.as_array().expect("points") {
                    curve.record(step(&point[0]), number(&point[1]), number(&point[1]));
                }
                curve
            })
            .collect();
        for kind in Stitch::ALL {
            let stitched = stitch(*kind, number(&input["initial_equity"]), &tests).expect("no overlap");
            let expected = expected[kind.as_str()].as_array().expect("points");
            assert_eq!(stitched.curve.points().count(), expected.len(), "{name}");
            for (point, expected) in stitched.curve.points().zip(expected) {
                assert_eq!(point.step, step(&expected[0]), "{name}");
                assert_close(Some(point.equity), expected[1].as_f64(), tolerance, name);
                assert_eq!(point.cash, point.equity, "{name}");
            }
        }
    });
}

#[test]
fn cross_validation_purges_and_makes_paths() {
    each_case("cpcv", |name, input, expected, _| {
        let settings = CpcvSettings {
            groups: count(&input["groups"]),
            test_groups: count(&input["test_groups"]),
            purge: count(&input["purge"]),
            embargo: count(&input["embargo"]),
            min_range: 1,
        };
        let cpcv = cpcv(StepRange { start: 0, end: count(&input["n"]) }, &settings);
        let mut bounds = vec![0];
        bounds.extend(cpcv.groups.iter().map(|group| group.end));
        assert_eq!(json!(bounds), expected["bounds"], "{name}");
        let splits: Vec<Value> = cpcv
            .splits
            .iter()
            .map(|split| {
                let train: Vec<Value> = split.train.iter().copied().map(pair).collect();
                json!({"test_groups": split.test_groups, "train_ranges": train})
            })
            .collect();
        assert_eq!(json!(splits), expected["splits"], "{name}");
        assert_eq!(json!(splits.len()), expected["n_splits"], "{name}");
        assert_eq!(json!(cpcv.paths), expected["paths_split_of_group"], "{name}");
        assert_eq!(json!(cpcv.paths.len()), expected["n_paths"], "{name}");
    });
}
