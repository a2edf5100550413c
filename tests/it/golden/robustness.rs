//! Overfitting tests, stress ratings, final choice.

use omega_sweep::robustness::composite::{Weighted, composite, rank_percentiles};
use omega_sweep::robustness::data_jitter::{Ohlc, alternating_shifts, apply, average_true_range};
use omega_sweep::robustness::neighbourhood::{Axis, neighbours, plateau};
use omega_sweep::robustness::pbo::overfitting;
use omega_sweep::robustness::spa::{consistent_threshold, kernel, long_run_variance, superior_ability_of};
use omega_sweep::robustness::stability::{YearProfit, stability};
use omega_sweep::robustness::stress::{
    COST_SHOCK, Formula, PARAMETER_JITTER, StressRating, omega_v1, omega_v1_cost_shock,
    omega_v1_parameter_jitter, strict,
};
use omega_sweep::robustness::timing_shift::shifts;
use omega_sweep::robustness::tp_sl_stress::{HighLow, TargetTrade, score, trade_score};
use omega_sweep::robustness::trade_dropout::{DropTrade, drop_count, without};
use omega_sweep::types::{Direction, Timestamp, math};
use omega_sweep::walkforward::matrix::Matrix;
use serde_json::{Value, json};

use super::{assert_close, floats, load, number};

/// Calls `check` with the name, input, expected values and tolerance of every case (of one kind).
fn each_case(file: &str, kind: Option<&str>, check: impl Fn(&str, &Value, &Value, &Value)) {
    let file = load("metrics", file);
    let mut checked = 0;
    for case in file["cases"].as_array().expect("cases") {
        if kind.is_none_or(|kind| case["kind"] == kind) {
            check(
                case["name"].as_str().expect("a name"),
                &case["input"],
                &case["expected"],
                &file["tolerance"],
            );
            checked += 1;
        }
    }
    assert!(checked > 0, "no case of kind {kind:?}");
}

fn assert_all_close(found: &[f64], expected: &Value, tolerance: &Value, what: &str) {
    let expected = floats(expected);
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert_close(Some(*found), Some(expected), tolerance, what);
    }
}

fn count(value: &Value) -> usize {
    value.as_u64().and_then(|n| usize::try_from(n).ok()).expect("a count")
}

/// Rows of a table as columns.
fn columns(rows: &Value) -> Vec<Vec<f64>> {
    let rows: Vec<Vec<f64>> = rows.as_array().expect("rows").iter().map(floats).collect();
    (0..rows[0].len()).map(|k| rows.iter().map(|row| row[k]).collect()).collect()
}

#[test]
fn the_probability_of_overfitting_agrees_with_direct_evaluation() {
    each_case("pbo_cscv.json", None, |name, input, expected, tolerance| {
        let found = overfitting(&columns(&input["returns_by_row"]), count(&input["n_blocks"])).expect(name);
        assert_eq!(json!(found.best), expected["best_index"], "{name}");
        assert_eq!(json!(found.best.len()), expected["n_combinations"], "{name}");
        assert_all_close(&found.logits, &expected["logits"], tolerance, name);
        let values = [
            ("pbo", Some(found.pbo)),
            ("prob_oos_loss", Some(found.loss_probability)),
            ("degradation_slope", found.degradation_slope),
            ("degradation_intercept", found.degradation_intercept),
        ];
        for (key, value) in values {
            assert_close(value, expected[key].as_f64(), tolerance, &format!("{name} {key}"));
        }
    });
}

#[test]
fn the_test_of_superior_ability_agrees_on_given_resamples() {
    each_case("spa.json", None, |name, input, expected, tolerance| {
        let excess = columns(&input["excess_by_row"]);
        let block = number(&input["mean_block_length"]);
        let resamples: Vec<Vec<usize>> =
            serde_json::from_value(input["bootstrap_indices"].clone()).expect("indices");
        let days = excess[0].len();
        let weights = kernel(days, block);
        let means: Vec<f64> = excess.iter().map(|column| math::sum(column) / days as f64).collect();
        let variances: Vec<f64> = excess
            .iter()
            .zip(&means)
            .map(|(column, mean)| long_run_variance(column, *mean, &weights))
            .collect();
        let thresholds: Vec<f64> = variances.iter().map(|v| consistent_threshold(*v, days)).collect();
        assert_all_close(&means, &expected["means"], tolerance, name);
        assert_all_close(&variances, &expected["omega_sq"], tolerance, name);
        assert_all_close(&thresholds, &expected["consistent_threshold"], tolerance, name);

        let draws = u32::try_from(resamples.len()).expect("few");
        let found = superior_ability_of(&excess, draws, block, |draw, indices| {
            indices.clone_from(&resamples[draw as usize]);
        })
        .expect(name);
        assert_close(Some(found.statistic), expected["statistic_studentised"].as_f64(), tolerance, name);
        for (key, p) in [("lower", found.lower), ("consistent", found.consistent), ("upper", found.upper)] {
            assert_close(Some(p), expected["studentised"][key]["p_value"].as_f64(), tolerance, name);
        }
        for key in ["lower", "consistent", "upper"] {
            let found = unstudentised(&excess, &means, &thresholds, &resamples, key);
            assert_close(Some(found), expected["unstudentised_p"][key].as_f64(), tolerance, name);
        }
    });
}

/// What a well-known Python package computes: the share of draws whose largest centred mean exceeds the largest mean.
fn unstudentised(
    excess: &[Vec<f64>],
    means: &[f64],
    thresholds: &[f64],
    resamples: &[Vec<usize>],
    kind: &str,
) -> f64 {
    let largest = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::NEG_INFINITY, f64::max);
    let statistic = largest(&mut means.iter().copied());
    let exceeding = resamples.iter().filter(|indices| {
        let centred = excess.iter().zip(means).zip(thresholds).map(|((column, &mean), &threshold)| {
            let centre = match kind {
                "lower" => mean.max(0.0),
                "consistent" if mean < threshold => 0.0,
                _ => mean,
            };
            indices.iter().map(|&i| column[i]).sum::<f64>() / indices.len() as f64 - centre
        });
        largest(&mut { centred }) > statistic
    });
    exceeding.count() as f64 / resamples.len() as f64
}

fn measures<const N: usize>(value: &Value, keys: [&str; N]) -> [f64; N] {
    keys.map(|key| number(&value[key]))
}

fn assert_strict(found: Option<StressRating>, expected: &Value, tolerance: &Value, name: &str) {
    assert_close(found.map(|r| r.score), expected["score"].as_f64(), tolerance, name);
    assert_close(found.map(|r| r.worst), expected["worst_run_score"].as_f64(), tolerance, name);
}

#[test]
fn stress_penalties_agree_in_both_formulas() {
    each_case("ratings.json", Some("stress_penalty"), |name, input, expected, tolerance| {
        let read = |value: &Value| measures(value, ["profit", "drawdown", "sharpe"]);
        let base = read(&input["base"]);
        let runs: Vec<[f64; 3]> = input["runs"].as_array().expect("runs").iter().map(read).collect();
        let some: Vec<[Option<f64>; 3]> = runs.iter().map(|run| run.map(Some)).collect();
        assert_strict(strict(COST_SHOCK, base.map(Some), &some), &expected["strict"], tolerance, name);
        let cap = number(&input["penalty_cap"]);
        let reference = &expected["omega_v1"];
        let score = omega_v1(base, &runs, cap);
        assert_close(Some(score), reference["score"].as_f64(), tolerance, name);
        assert_close(Some(1.0 - score), reference["penalty"].as_f64(), tolerance, name);
        assert_close(Some(score), reference["timing_jitter"].as_f64(), tolerance, name);
        let shock = omega_v1_cost_shock(base, &runs, cap);
        assert_close(Some(shock), reference["cost_shock_mean_of_runs"].as_f64(), tolerance, name);
    });
}

#[test]
fn parameter_jitter_agrees_in_both_formulas() {
    each_case("ratings.json", Some("parameter_jitter"), |name, input, expected, tolerance| {
        let read = |value: &Value| measures(value, ["profit", "avg_r", "winrate", "drawdown"]);
        let base = read(&input["base"]);
        let runs: Vec<[f64; 4]> = input["runs"].as_array().expect("runs").iter().map(read).collect();
        let some: Vec<[Option<f64>; 4]> = runs.iter().map(|run| run.map(Some)).collect();
        assert_strict(strict(PARAMETER_JITTER, base.map(Some), &some), &expected["strict"], tolerance, name);
        let score = omega_v1_parameter_jitter(base, &runs, number(&input["penalty_cap"]));
        assert_close(Some(score), expected["omega_v1"]["score"].as_f64(), tolerance, name);
    });
}

#[test]
fn stability_agrees_in_both_formulas() {
    each_case("ratings.json", Some("stability"), |name, input, expected, tolerance| {
        let years: Vec<YearProfit> = input["profits_by_year"]
            .as_object()
            .expect("years")
            .iter()
            .map(|(year, profit)| YearProfit {
                year: year.parse().expect("a year"),
                profit: number(profit),
                days: input["durations_by_year"][year].as_f64(),
            })
            .collect();
        for (key, formula) in [("strict", Formula::Strict), ("omega_v1", Formula::OmegaV1)] {
            let found = stability(&years, number(&input["initial_equity"]), formula);
            assert_close(found.map(|s| s.score), expected[key]["score"].as_f64(), tolerance, name);
            assert_close(found.map(|s| s.wmape), expected[key]["wmape"].as_f64(), tolerance, name);
        }
    });
}

#[test]
fn time_shifts_are_those_of_the_reference() {
    each_case("ratings.json", Some("timing_shift"), |name, input, expected, _| {
        assert_eq!(input["min_months"], 1, "{name}");
        let day = |key: &str| input[key].as_str().and_then(Timestamp::parse_iso).expect("a date");
        let divisors: Vec<u32> = serde_json::from_value(input["divisors"].clone()).expect("divisors");
        let found = shifts(day("start"), day("end"), &divisors);
        let months: Vec<i64> = found.iter().map(|shift| shift.months).collect();
        assert_eq!(json!(months), expected["omega_v1"]["shift_months"], "{name}");
        let date = |instant: Timestamp| instant.to_string()[..10].to_owned();
        let windows: Vec<[String; 2]> = found.iter().map(|s| [date(s.start), date(s.end)]).collect();
        assert_eq!(json!(windows), expected["omega_v1"]["windows"], "{name}");
    });
}

#[test]
fn targets_a_spread_away_are_walked_bar_by_bar() {
    each_case("tp_sl_stress.json", None, |name, input, expected, tolerance| {
        let times: Vec<i64> = serde_json::from_value(input["times_us"].clone()).expect("times");
        let row = |value: &Value| {
            let time = value.as_i64().expect("a time");
            times.binary_search(&time).unwrap_or_else(|_| panic!("{name}: no bar at {time}"))
        };
        let trades: Vec<TargetTrade> = input["trades"]
            .as_array()
            .expect("trades")
            .iter()
            .filter(|trade| trade["reason"] == "take_profit")
            .map(|trade| TargetTrade {
                direction: if trade["direction"] == "long" { Direction::Long } else { Direction::Short },
                take_profit: number(&trade["take_profit"]),
                stop_loss: number(&trade["stop_loss"]),
                spread: number(&trade["spread"]),
                entry_row: row(&trade["entry_us"]),
                exit_row: row(&trade["exit_us"]),
            })
            .collect();
        let column = |key: &str| floats(&input[key]);
        let (bid_high, bid_low) = (column("bid_high"), column("bid_low"));
        let (ask_high, ask_low) = (column("ask_high"), column("ask_low"));
        let bars = HighLow { bid_high: &bid_high, bid_low: &bid_low, ask_high: &ask_high, ask_low: &ask_low };
        let each: Vec<f64> = trades.iter().filter_map(|t| trade_score(t, &bars, Formula::Strict)).collect();
        assert_all_close(&each, &expected["strict_per_trade"], tolerance, name);
        assert_close(score(&trades, &bars, Formula::Strict), expected["strict"].as_f64(), tolerance, name);
        assert_close(score(&trades, &bars, Formula::OmegaV1), expected["omega_v1"].as_f64(), tolerance, name);
    });
}

#[test]
fn dropped_trades_leave_the_figures_of_the_kept_ones() {
    each_case("trade_dropout.json", None, |name, input, expected, tolerance| {
        let (result, fee, r) =
            (floats(&input["result"]), floats(&input["fee"]), floats(&input["r_multiple"]));
        let trades: Vec<DropTrade> =
            (0..result.len()).map(|i| DropTrade { net: result[i] - fee[i], r: Some(r[i]) }).collect();
        let dropped: Vec<usize> = serde_json::from_value(input["dropped_indices"].clone()).expect("indices");
        let wanted = drop_count(trades.len(), number(&input["dropout_frac"]));
        assert_eq!(json!(wanted), expected["n_drop"], "{name}");
        assert_eq!(dropped.len(), wanted, "{name}");
        let kept = without(&trades, &dropped);
        assert_close(Some(kept.profit), expected["profit"].as_f64(), tolerance, name);
        assert_close(Some(kept.drawdown), expected["drawdown"].as_f64(), tolerance, name);
        assert_close(kept.sharpe, expected["sharpe_strict"].as_f64(), tolerance, name);
    });
}

#[test]
fn bars_are_jittered_as_in_the_reference() {
    each_case("data_jitter.json", None, |name, input, expected, tolerance| {
        let column = |key: &str| floats(&input[key]);
        let mut bars =
            Ohlc { open: column("open"), high: column("high"), low: column("low"), close: column("close") };
        let atr = average_true_range(&bars, count(&input["atr_period"]));
        assert_all_close(&atr, &expected["atr"], tolerance, name);
        let shifts = alternating_shifts(&atr, number(&input["sigma_atr"]), number(&input["start_sign"]));
        apply(&mut [&mut bars], &shifts, number(&input["min_price"]));
        let found = [("open", &bars.open), ("high", &bars.high), ("low", &bars.low), ("close", &bars.close)];
        for (key, found) in found {
            assert_all_close(found, &expected[key], tolerance, &format!("{name} {key}"));
        }
    });
}

#[test]
fn plateaus_agree_on_whole_grids() {
    each_case("selection.json", Some("plateau"), |name, input, expected, tolerance| {
        let levels: Vec<usize> = serde_json::from_value(input["levels"].clone()).expect("levels");
        let axes: Vec<Axis> = levels.iter().map(|&levels| Axis { levels, ordered: true }).collect();
        let objective = input["objective_row_major"].as_array().expect("objectives");
        let infeasible = input["infeasible_row_major"].as_array().expect("flags");
        let index = |point: &[usize]| point.iter().zip(&levels).fold(0, |index, (at, of)| index * of + at);
        let value = |point: &[usize]| {
            let i = index(point);
            objective[i].as_f64().filter(|_| infeasible[i] == false)
        };
        for (i, expected) in expected["per_trial"].as_array().expect("plateaus").iter().enumerate() {
            let mut rest = i;
            let mut point: Vec<usize> = levels.iter().rev().map(|of| (rest % of, rest /= of).0).collect();
            point.reverse();
            let around = neighbours(&axes, &point, count(&input["radius"]));
            let found = value(&point).and_then(|f| plateau(f, around.iter().map(|point| value(point))));
            let what = format!("{name} {i}");
            assert_close(found.map(|p| p.score), expected["plateau_score"].as_f64(), tolerance, &what);
            assert_close(found.map(|p| p.worst), expected["plateau_worst"].as_f64(), tolerance, &what);
            assert_eq!(json!(found.map(|p| p.neighbours)), expected["neighbours"], "{what}");
        }
    });
}

#[test]
fn composites_are_geometric_and_name_the_weakest() {
    each_case("selection.json", Some("composite"), |name, input, expected, tolerance| {
        assert_eq!(input["floor"], 0.001, "{name}");
        let ratings: Vec<Weighted<'_>> = input["scores"]
            .as_object()
            .expect("scores")
            .iter()
            .map(|(name, score)| Weighted {
                name,
                score: number(score),
                weight: number(&input["weights"][name]),
            })
            .collect();
        let found = composite(&ratings).expect("ratings");
        assert_close(Some(found.score), expected["score"].as_f64(), tolerance, name);
        assert_eq!(found.weakest, expected["weakest"], "{name}");
    });
}

#[test]
fn rank_percentiles_share_ties() {
    each_case("selection.json", Some("rank_pct"), |name, input, expected, tolerance| {
        assert_eq!(input["direction"], "maximise", "{name}");
        assert_all_close(
            &rank_percentiles(&floats(&input["values"])),
            &expected["rank_pct"],
            tolerance,
            name,
        );
    });
}

#[test]
fn a_matrix_cell_is_judged_with_its_neighbours() {
    each_case("selection.json", Some("walk_forward_matrix"), |name, input, expected, tolerance| {
        let rows = input["oos_value_rows"].as_array().expect("rows");
        let values: Vec<Vec<Option<f64>>> =
            rows.iter().map(|row| floats(row).into_iter().map(Some).collect()).collect();
        let matrix = Matrix::new(&values, number(&input["threshold"]));
        assert_eq!(json!(matrix.pass), expected["cell_pass"], "{name}");
        let shares = expected["neighbourhood_pass_share"].as_array().expect("shares");
        assert_eq!(matrix.neighbourhood.len(), shares.len());
        for (row, expected) in matrix.neighbourhood.iter().zip(shares) {
            assert_all_close(row, expected, tolerance, name);
        }
        assert_close(Some(matrix.pass_share), expected["pass_share"].as_f64(), tolerance, name);
        assert!(matrix.stable());
    });
}
