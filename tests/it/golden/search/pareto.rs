//! Fronts, crowding, order and hypervolume.

use omega_sweep::search::pareto::{Crowding, ParetoPoint, crowding, fronts, hypervolume};
use omega_sweep::sweep::rank::{FrontPlace, RankKey, TrialStatus};
use omega_sweep::types::TrialId;
use serde_json::Value;

use crate::golden;

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12
}

fn check(case: &Value) {
    let rows: Vec<Vec<f64>> = serde_json::from_value(case["input"]["minimise"].clone()).expect("rows");
    let expected = &case["expected"];
    let points: Vec<ParetoPoint> = rows
        .iter()
        .map(|row| ParetoPoint { violation: 0.0, targets: row.iter().copied().map(Some).collect() })
        .collect();
    let fronts = fronts(&points);
    assert_eq!(fronts, serde_json::from_value::<Vec<u32>>(expected["rank"].clone()).expect("ranks"));

    let mut distances = vec![Crowding::default(); points.len()];
    for front in 0..=fronts.iter().copied().max().unwrap_or(0) {
        let members: Vec<usize> = (0..points.len()).filter(|i| fronts[*i] == front).collect();
        let of_front = crowding(&members.iter().map(|i| &points[*i]).collect::<Vec<_>>());
        members.iter().zip(of_front).for_each(|(i, distance)| distances[*i] = distance);
    }
    for (i, distance) in expected["crowding"].as_array().expect("distances").iter().enumerate() {
        assert_eq!(distances[i].is_boundary, distance.is_null(), "{}: trial {i}", case["name"]);
        if let Some(distance) = distance.as_f64() {
            assert!(close(distances[i].distance, distance), "{}: trial {i}", case["name"]);
        }
    }

    let key = |(i, front): (usize, &u32)| RankKey {
        status: TrialStatus::Ok,
        violation: 0.0,
        pruned_at: None,
        front: Some(FrontPlace {
            front: *front,
            is_boundary: distances[i].is_boundary,
            crowding: distances[i].distance,
        }),
        objective: None,
        tie_breaks: vec![],
        trial_id: TrialId(i as u64),
    };
    let mut keys: Vec<RankKey> = fronts.iter().enumerate().map(key).collect();
    keys.sort();
    let order: Vec<u64> = keys.iter().map(|key| key.trial_id.0).collect();
    assert_eq!(order, serde_json::from_value::<Vec<u64>>(expected["order"].clone()).expect("an order"));
    if let Some(volume) = expected["hypervolume_ref_1.1"].as_f64() {
        let ours = hypervolume(&rows, &vec![1.1; rows[0].len()]).expect("2 or 3 objectives");
        assert!(close(ours, volume), "{}: {ours} {volume}", case["name"]);
    }
}

#[test]
fn fronts_crowding_order_and_hypervolume_match() {
    let file = golden::load("metrics", "pareto.json");
    let cases = file["cases"].as_array().expect("cases");
    assert!(!cases.is_empty());
    cases.iter().for_each(check);
}
