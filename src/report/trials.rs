//! The columns of the trial table, as `top` shows, sorts and filters them. Names are those of the stored tables.

use std::sync::Arc;

use super::tables::{Cell, Column, Rounding, Table};
use crate::metrics::{Goal, MetricId};
use crate::sweep::TrialRow;
use crate::types::ParamValue;

/// One column of the trial table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrialColumn {
    /// Place in the ranking of the whole run, from 1.
    Rank,
    /// Trial id.
    Id,
    /// Walk-forward window or fold, 0 when unused.
    Fold,
    /// `ok` or `failed`.
    Status,
    /// Why it failed or was pruned.
    Error,
    /// Whether every requirement is met.
    Feasible,
    /// Total violation of the requirements.
    Violation,
    /// The objective.
    Objective,
    /// Rung at which it was stopped.
    PrunedAt,
    /// The earlier trial with the same parameters.
    DuplicateOf,
    /// A metric.
    Metric(MetricId),
    /// A parameter.
    Param(Arc<str>),
    /// Digest of the trial.
    Digest,
}

/// A trial and its place in the ranking of the whole run, from 1.
pub type RankedTrial<'a> = (usize, &'a TrialRow);

impl TrialColumn {
    /// Every column of a run with these parameters, in the order of the stored tables, the rank in front.
    pub fn all(params: &[Arc<str>]) -> Vec<Self> {
        let mut all = vec![
            Self::Rank,
            Self::Fold,
            Self::Id,
            Self::Status,
            Self::Error,
            Self::Feasible,
            Self::Violation,
            Self::Objective,
            Self::PrunedAt,
            Self::DuplicateOf,
        ];
        all.extend(params.iter().cloned().map(Self::Param));
        all.extend(MetricId::all().map(Self::Metric));
        all.push(Self::Digest);
        all
    }

    /// The column of a name: `total_trades`, `param.fast`, or `fast` where no other column is called so.
    pub fn named(name: &str, params: &[Arc<str>]) -> Option<Self> {
        let all = Self::all(params);
        let bare = |column: &Self| matches!(column, Self::Param(param) if param.as_ref() == name);
        all.iter().find(|column| column.name() == name).or_else(|| all.iter().find(|c| bare(c))).cloned()
    }

    /// The name in the stored tables.
    pub fn name(&self) -> String {
        match self {
            Self::Rank => "rank".to_owned(),
            Self::Id => "trial_id".to_owned(),
            Self::Fold => "fold".to_owned(),
            Self::Status => "status".to_owned(),
            Self::Error => "error".to_owned(),
            Self::Feasible => "feasible".to_owned(),
            Self::Violation => "violation".to_owned(),
            Self::Objective => "objective".to_owned(),
            Self::PrunedAt => "pruned_at".to_owned(),
            Self::DuplicateOf => "duplicate_of".to_owned(),
            Self::Metric(id) => id.key().to_owned(),
            Self::Param(name) => format!("param.{name}"),
            Self::Digest => "trial_digest".to_owned(),
        }
    }

    /// Whether large values come first when the table is sorted by this column.
    pub fn largest_first(&self) -> bool {
        match self {
            Self::Metric(id) => id.def().goal != Goal::Min,
            Self::Objective | Self::Feasible => true,
            _ => false,
        }
    }

    /// The value as constraints see it; undefined is null.
    pub fn value(&self, (rank, row): RankedTrial<'_>) -> ParamValue {
        let count = |value: u64| i64::try_from(value).map_or(ParamValue::Null, ParamValue::Int);
        let number = |value: Option<f64>| value.map_or(ParamValue::Null, ParamValue::Float);
        match self {
            Self::Rank => count(rank as u64),
            Self::Id => count(row.trial.id.0),
            Self::Fold => count(u64::from(row.fold)),
            Self::Status => ParamValue::text(row.status.as_str()),
            Self::Error => row.error.as_deref().map_or(ParamValue::Null, ParamValue::text),
            Self::Feasible => ParamValue::Bool(row.feasible),
            Self::Violation => number(row.violation),
            Self::Objective => number(row.objectives.first().copied().flatten()),
            Self::PrunedAt => row.pruned_at.map_or(ParamValue::Null, |rung| count(u64::from(rung))),
            Self::DuplicateOf => row.duplicate_of.map_or(ParamValue::Null, |trial| count(trial.0)),
            Self::Metric(id) => match row.metrics.get(id.index()) {
                #[expect(clippy::cast_possible_truncation, reason = "counts below 2^53")]
                Some(value) if id.def().integer && value.fract() == 0.0 => ParamValue::Int(value as i64),
                value => number(value),
            },
            Self::Param(name) => row.trial.params.get(name).cloned().unwrap_or(ParamValue::Null),
            Self::Digest => ParamValue::text(&row.digest.to_hex()),
        }
    }

    fn cell(&self, trial: RankedTrial<'_>) -> Cell {
        match self.value(trial) {
            ParamValue::Null => Cell::Undefined,
            ParamValue::Int(value) => Cell::Count(value),
            ParamValue::Float(value) if !matches!(self, Self::Param(_)) => Cell::Number(value),
            value => Cell::Value(value),
        }
    }

    fn heading(&self) -> Column {
        let rounding = match self {
            Self::Metric(id) if id.def().unit == "money" => Rounding::Money,
            Self::Metric(_) | Self::Objective | Self::Violation => Rounding::Decimals(4),
            _ => Rounding::Exact,
        };
        Column::new(self.name(), rounding)
    }
}

/// The table of some trials.
pub fn trial_table(columns: &[TrialColumn], trials: &[RankedTrial<'_>]) -> Table {
    Table {
        columns: columns.iter().map(TrialColumn::heading).collect(),
        rows: trials.iter().map(|&trial| columns.iter().map(|c| c.cell(trial)).collect()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::METRIC_COUNT;
    use crate::sweep::{MetricValues, TrialStatus};
    use crate::types::{Digest, ParamSet, Trial, TrialId};

    fn row() -> TrialRow {
        let trades = MetricId::from_key("total_trades").expect("a metric");
        let net = MetricId::from_key("profit_net").expect("a metric");
        let values = (0..METRIC_COUNT).map(|column| match column {
            c if c == trades.index() => Some(31.0),
            c if c == net.index() => Some(-12.5),
            _ => None,
        });
        TrialRow {
            fold: 0,
            trial: Trial { id: TrialId(7), params: ParamSet::from_pairs([("fast", ParamValue::Int(5))]) },
            status: TrialStatus::Ok,
            error: None,
            feasible: true,
            violation: Some(0.0),
            objectives: [Some(1.5)].into(),
            pruned_at: None,
            duplicate_of: None,
            metrics: MetricValues::new(values),
            digest: Digest([7; 32]),
        }
    }

    #[test]
    fn a_column_is_found_by_its_stored_name_or_by_a_bare_parameter() {
        let params = [Arc::from("fast"), Arc::from("rank")];
        assert_eq!(TrialColumn::named("param.fast", &params), Some(TrialColumn::Param("fast".into())));
        assert_eq!(TrialColumn::named("fast", &params), Some(TrialColumn::Param("fast".into())));
        assert_eq!(TrialColumn::named("rank", &params), Some(TrialColumn::Rank), "a stored name goes first");
        assert_eq!(TrialColumn::named("slow", &params), None);
    }

    #[test]
    fn counts_stay_whole_money_is_rounded_and_undefined_stays_undefined() {
        let params = [Arc::from("fast")];
        let columns: Vec<_> = ["rank", "trial_id", "total_trades", "profit_net", "win_rate", "fast"]
            .iter()
            .filter_map(|name| TrialColumn::named(name, &params))
            .collect();
        let row = row();
        let table = trial_table(&columns, &[(3, &row)]);
        let shown: Vec<_> = (0..columns.len()).map(|column| table.shown(0, column)).collect();
        assert_eq!(shown, ["3", "7", "31", "-12.50", "-", "5"]);
        assert_eq!(columns[4].value((3, &row)), ParamValue::Null);
    }

    #[test]
    fn every_column_has_a_name_of_its_own() {
        let params = [Arc::from("fast"), Arc::from("slow")];
        let mut names: Vec<_> = TrialColumn::all(&params).iter().map(TrialColumn::name).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
