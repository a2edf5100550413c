//! The right numbers: trades, wins and profit of every parameter set, as a plain bar-by-bar program gave them.

use serde::Deserialize;

use crate::metrics::MetricId;
use crate::sweep::TrialRow;
use crate::types::ParamValue;

/// Recorded results of a workload.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Expected {
    sets: Vec<ExpectedSet>,
}

/// One parameter set. Which parameters it names depends on the workload.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct ExpectedSet {
    fast: Option<i64>,
    slow: Option<i64>,
    sl_pips: Option<i64>,
    tp_pips: Option<i64>,
    window: Option<i64>,
    threshold: Option<f64>,
    trades: u64,
    wins: u64,
    /// Profit where it is a whole number of halves.
    pnl_half_points: Option<i64>,
    /// Profit in quote currency.
    net_pnl: f64,
}

/// How many sets have the recorded results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Numbers {
    /// Sets with the recorded trades, wins and profit.
    pub right: usize,
    /// Sets recorded.
    pub of: usize,
}

impl Numbers {
    /// Whether every set is right.
    pub fn all_right(self) -> bool {
        self.right == self.of
    }
}

impl Expected {
    /// From the JSON of a record.
    ///
    /// # Errors
    /// When the text is none.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Number of sets recorded.
    pub fn sets(&self) -> usize {
        self.sets.len()
    }

    /// Compares rows with the record; a set without a row is not right.
    pub fn compare(&self, rows: &[TrialRow]) -> Numbers {
        let right = self.sets.iter().filter(|set| {
            let row = rows.iter().find(|row| set.is_of(row));
            row.is_some_and(|row| set.holds(row))
        });
        Numbers { right: right.count(), of: self.sets.len() }
    }
}

impl ExpectedSet {
    /// Whether this is the parameter set of a row.
    fn is_of(&self, row: &TrialRow) -> bool {
        let whole = |name: &str, wanted: Option<i64>| {
            wanted.is_none_or(|wanted| parameter(row, name) == Some(wanted as f64))
        };
        whole("fast", self.fast)
            && whole("slow", self.slow)
            && whole("stop_pips", self.sl_pips)
            && whole("target_pips", self.tp_pips)
            && whole("window", self.window)
            && self.threshold.is_none_or(|wanted| parameter(row, "threshold") == Some(wanted))
    }

    /// Counts must be equal. Profit in halves must be that number of halves to 1e-4; other profit lies within 1e-6
    /// of the record, relative.
    fn holds(&self, row: &TrialRow) -> bool {
        let metric = |key: &str| MetricId::from_key(key).and_then(|id| row.metrics.get(id.index()));
        let Some(profit) = metric("profit_net") else { return false };
        let close = match self.pnl_half_points {
            Some(halves) => (2.0 * profit - halves as f64).abs() <= 1e-4,
            None => (profit - self.net_pnl).abs() <= 1e-6 * self.net_pnl.abs(),
        };
        let counts = (metric("total_trades"), metric("wins"));
        close && counts == (Some(self.trades as f64), Some(self.wins as f64))
    }
}

fn parameter(row: &TrialRow, name: &str) -> Option<f64> {
    row.trial.params.get(name).and_then(ParamValue::as_f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::METRIC_COUNT;
    use crate::sweep::outcome::{MetricValues, RowShape};
    use crate::types::{ParamSet, Trial, TrialError, TrialId};

    const RECORD: &str = r#"{"sets": [
        {"fast": 5, "slow": 60, "sl_pips": 10, "tp_pips": 20, "trades": 7, "wins": 3, "pnl_half_points": -5, "net_pnl": -2.5}
    ]}"#;

    fn row(stop: i64, trades: f64, wins: f64, profit: f64) -> TrialRow {
        let given = [("fast", 5), ("slow", 60), ("stop_pips", stop), ("target_pips", 20)];
        let given = given.map(|(name, value)| (name, ParamValue::from_json(&value.into())));
        let params = ParamSet::from_pairs(given);
        let trial = Trial { id: TrialId(0), params };
        let shape = RowShape { metrics: METRIC_COUNT, objectives: 1 };
        let mut row = TrialRow::new(0, trial, &Err(TrialError::Engine("not run".to_owned())), shape);
        let mut metrics = vec![None; METRIC_COUNT];
        for (key, value) in [("total_trades", trades), ("wins", wins), ("profit_net", profit)] {
            metrics[MetricId::from_key(key).expect(key).index()] = Some(value);
        }
        row.metrics = MetricValues::new(metrics);
        row
    }

    #[test]
    fn one_wrong_number_or_another_set_is_not_right() {
        let expected = Expected::parse(RECORD).expect("a record");
        let right = |row: TrialRow| expected.compare(&[row]);
        assert_eq!(right(row(10, 7.0, 3.0, -2.5)), Numbers { right: 1, of: 1 });
        assert!(right(row(10, 7.0, 3.0, -2.500_02)).all_right(), "rounding of a sum of floats");
        assert!(!expected.compare(&[]).all_right());
        for wrong in [
            row(10, 8.0, 3.0, -2.5),
            row(10, 7.0, 2.0, -2.5),
            row(10, 7.0, 3.0, -2.4999),
            row(10, 7.0, 3.0, -2.0),
            row(20, 7.0, 3.0, -2.5),
        ] {
            assert_eq!(right(wrong), Numbers { right: 0, of: 1 });
        }
    }
}
