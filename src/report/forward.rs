//! A walk-forward study as plain data: its windows, and the tests joined to one account.

use serde_json::{Value, json};

use crate::types::TrialId;

/// What a walk-forward study says besides its ranked table.
#[derive(Debug, Clone, PartialEq)]
pub struct Forward {
    /// Name of the objective.
    pub objective: String,
    /// Finished windows, in order.
    pub windows: Vec<ForwardWindow>,
    /// The joined tests, once every window is finished.
    pub joined: Option<OutOfSampleFigures>,
}

/// One window: what was chosen in training, and what became of it in the test.
#[derive(Debug, Clone, PartialEq)]
pub struct ForwardWindow {
    /// From 1.
    pub number: u32,
    /// First day of the test.
    pub from: String,
    /// Last day of the test.
    pub to: String,
    /// The trial chosen; `None` when none gave a result and the account stood still.
    pub chosen: Option<TrialId>,
    /// Its objective in training.
    pub in_sample: Option<f64>,
    /// Its objective in the test.
    pub out_of_sample: Option<f64>,
    /// Its profit in the test after all costs, account currency.
    pub net_profit: Option<f64>,
}

/// The joined tests: what a user would have lived through.
#[derive(Debug, Clone, PartialEq)]
pub struct OutOfSampleFigures {
    /// First day of the first test.
    pub from: String,
    /// Last day of the last test.
    pub to: String,
    /// Objective of the joined account.
    pub objective: Option<f64>,
    /// Profit after all costs, account currency.
    pub net_profit: Option<f64>,
    /// Closed positions.
    pub trades: u64,
    /// Largest drawdown, share of the peak.
    pub drawdown: Option<f64>,
    /// Profit per day in the tests over profit per day in training.
    pub efficiency: Option<f64>,
    /// Share of windows whose test made money.
    pub profitable_share: Option<f64>,
    /// Share of the testable steps that some test covers.
    pub coverage: f64,
    /// Rank correlation of the choices' objectives in training and test.
    pub rank_correlation: Option<f64>,
    /// Mean distance between consecutive choices.
    pub parameter_drift: Option<f64>,
}

impl Forward {
    /// The object under `walk_forward` of the summary.
    pub fn to_json(&self) -> Value {
        let window = |window: &ForwardWindow| {
            json!({
                "window": window.number,
                "test": [window.from, window.to],
                "chosen": window.chosen.map(|trial| trial.0),
                "in_sample": window.in_sample,
                "out_of_sample": window.out_of_sample,
                "net_profit": window.net_profit,
            })
        };
        let joined = |joined: &OutOfSampleFigures| {
            json!({
                "range": [joined.from, joined.to],
                "objective": joined.objective,
                "net_profit": joined.net_profit,
                "trades": joined.trades,
                "drawdown": joined.drawdown,
                "efficiency": joined.efficiency,
                "profitable_share": joined.profitable_share,
                "coverage": joined.coverage,
                "rank_correlation": joined.rank_correlation,
                "parameter_drift": joined.parameter_drift,
            })
        };
        json!({
            "objective": self.objective,
            "windows": self.windows.iter().map(window).collect::<Vec<_>>(),
            "out_of_sample": self.joined.as_ref().map(joined),
        })
    }
}
