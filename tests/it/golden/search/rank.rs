//! The total order of the reducer.

use omega_sweep::sweep::rank::{RankKey, TrialStatus};
use omega_sweep::types::{MasterSeed, Purpose, TrialId};
use serde_json::Value;

use crate::golden;

/// Rows are given as measured; directions orient them.
fn key(row: &Value, directions: &[f64]) -> RankKey {
    let ties = row["tie_break"].as_array().expect("a list").iter().zip(directions);
    RankKey {
        status: if row["status"] == "ok" { TrialStatus::Ok } else { TrialStatus::Failed },
        violation: row["violation"].as_f64().expect("a number"),
        pruned_at: None,
        front: None,
        objective: row["objective"].as_f64(),
        tie_breaks: ties.map(|(value, sign)| value.as_f64().map(|v| v * sign)).collect(),
        trial_id: TrialId(row["trial_id"].as_u64().expect("an id")),
    }
}

fn ids(keys: &[RankKey]) -> Vec<u64> {
    keys.iter().map(|key| key.trial_id.0).collect()
}

#[test]
fn every_arrival_order_gives_the_same_ranking() {
    let file = golden::load("metrics", "reducer_order.json");
    for case in file["cases"].as_array().expect("cases") {
        let input = &case["input"];
        assert_eq!(input["objective"], "maximise");
        let directions: Vec<f64> = input["tie_break_directions"]
            .as_array()
            .expect("directions")
            .iter()
            .map(|d| if d == "minimise" { -1.0 } else { 1.0 })
            .collect();
        let rows = input["rows_in_arrival_order"].as_array().expect("rows");
        let mut keys: Vec<RankKey> = rows.iter().map(|row| key(row, &directions)).collect();
        let expected: Vec<u64> = serde_json::from_value(case["expected"]["order"].clone()).expect("ids");
        let top: Vec<u64> = serde_json::from_value(case["expected"]["top_5"].clone()).expect("ids");
        for permutation in 0..1000 {
            MasterSeed(1).rng(Purpose::User, 0, 0, permutation).shuffle(&mut keys);
            let mut ranked = keys.clone();
            ranked.sort_unstable();
            assert_eq!(ids(&ranked), expected, "{}", case["name"]);
            assert_eq!(ids(&ranked[..5]), top, "{}", case["name"]);
        }
    }
}
