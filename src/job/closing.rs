//! What the end of a run says: table, luck, notes.

use super::{Prepared, checks};
use crate::costs::CostModel;
use crate::data::SymbolSeries;
use crate::engine::EngineSettings;
use crate::metrics::MetricId;
use crate::metrics::{SharpeSample, expected_max_sharpe};
use crate::report::{HoldoutState, LuckCheck, Note, RankedRow, RankedTable, numbers};
use crate::search::objective::Aim;
use crate::search::{Axis, Coordinate, Objective, Space};
use crate::sweep::{Moments, TrialRow};
use crate::types::Trial;

/// Metrics shown beside the objective, as long as they are not the objective itself.
const SHOWN: [&str; 4] = ["profit_net", "total_trades", "profit_factor", "max_drawdown"];

/// Fewer trades than this are worth a note.
const FEW_TRADES: f64 = 30.0;

/// More exits than this share decided by the both-levels rule are worth a note.
const MANY_AMBIGUOUS: f64 = 0.02;

/// The best rows with their searched parameters.
pub(super) fn ranked_table(
    best: &[TrialRow],
    objective: &Objective,
    space: &Space,
    rows: usize,
) -> RankedTable {
    let name = objective_name(objective);
    let metrics: Vec<MetricId> =
        SHOWN.iter().filter(|key| **key != name).filter_map(|key| MetricId::from_key(key)).collect();
    let params: Vec<String> = searched(space).map(|axis| axis.name.to_string()).collect();
    let row = |row: &TrialRow| RankedRow {
        trial: row.trial.id,
        feasible: row.feasible,
        objective: row.objectives.first().copied().flatten(),
        metrics: metrics.iter().map(|id| row.metrics.get(id.index())).collect(),
        params: params.iter().filter_map(|name| row.trial.params.get(name).cloned()).collect(),
    };
    let rows = best.iter().take(rows).map(row).collect();
    RankedTable {
        objective: name,
        metrics: metrics.iter().map(|id| id.key().to_owned()).collect(),
        params,
        rows,
    }
}

/// The objective in a word or two.
pub(super) fn objective_name(objective: &Objective) -> String {
    match &objective.aim {
        Aim::Single(term) => term.metric.key().to_owned(),
        Aim::Weighted(_) => "weighted".to_owned(),
        Aim::Pareto { .. } => "pareto".to_owned(),
    }
}

fn searched(space: &Space) -> impl Iterator<Item = &Axis> {
    space.axes().iter().filter(|axis| axis.is_searched())
}

/// Deflated Sharpe ratio of the best trial among all that were evaluated (`metrics.md` section 4). `sharpes` are the
/// moments of the annual Sharpe ratio over the completed trials; `observations` the daily returns of the window.
pub(super) fn luck(
    best: Option<&TrialRow>,
    trials: u64,
    sharpes: &Moments,
    observations: usize,
    periods_per_year: f64,
) -> LuckCheck {
    let dsr = best.and_then(|row| {
        let value = |key: &str| row.metrics.get(MetricId::from_key(key)?.index());
        let sample = SharpeSample {
            sharpe: value("sharpe_equity_daily")? / periods_per_year.sqrt(),
            observations,
            skewness: value("skewness_daily")?,
            kurtosis: value("kurtosis_daily")?,
        };
        let variance = if trials <= 1 { 0.0 } else { sharpes.variance()? / periods_per_year };
        sample.psr(expected_max_sharpe(trials as f64, variance))
    });
    LuckCheck { trials, dsr, ..LuckCheck::default() }
}

/// What to know before believing the best row.
pub(super) fn notes(
    best: Option<&TrialRow>,
    space: &Space,
    settings: &EngineSettings,
    symbols: &[SymbolSeries],
    holdout: HoldoutState,
) -> Vec<Note> {
    let mut notes = Vec::new();
    if let Some(row) = best {
        notes.extend(searched(space).filter_map(|axis| edge(axis, row)));
        let value = |key: &str| row.metrics.get(MetricId::from_key(key)?.index());
        if let Some(share) = value("ambiguous_exits").filter(|share| *share > MANY_AMBIGUOUS) {
            notes.push(Note::AmbiguousExits { share });
        }
        if let Some(trades) = value("total_trades").filter(|trades| *trades < FEW_TRADES) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a count below thirty"
            )]
            notes.push(Note::FewTrades { trades: trades as u64 });
        }
    }
    let absent = absent_costs(settings, symbols);
    if !absent.is_empty() {
        notes.push(Note::CostsAbsent(absent.join(", ")));
    }
    notes.push(Note::Holdout(holdout));
    notes
        .push(Note::Profile { name: settings.profile.as_str().to_owned(), deviations: deviations(settings) });
    notes
}

/// Whether the best sets know the future, in one line.
pub(super) fn lookahead(trials: &[Trial], prepared: &Prepared) -> Note {
    let text = match prepared.find_lookahead(trials, &checks::SHORT) {
        Err(error) => error.to_string(),
        Ok(report) => match report.leaks.first() {
            None => format!(
                "no look-ahead: {} decisions of the best {} stand when later bars are noise",
                numbers::count(report.decisions as u64),
                trials.len()
            ),
            Some(leak) => format!("LOOK-AHEAD, do not believe the table: {leak}"),
        },
    };
    Note::Other { code: "lookahead".to_owned(), text }
}

/// What deviates from the profile, `key=value` each.
pub(super) fn deviations(settings: &EngineSettings) -> Vec<String> {
    settings.deviations().into_iter().map(|(key, value, _)| format!("{key}={value}")).collect()
}

/// The best value stands on the first or last of at least three ordered levels.
fn edge(axis: &Axis, row: &TrialRow) -> Option<Note> {
    let count = axis.levels.count().filter(|count| *count >= 3 && axis.levels.is_ordered())?;
    let value = row.trial.params.get(&axis.name)?;
    let at = |level| axis.levels.value(Coordinate::Level(level)) == *value;
    let at_end = at(count - 1);
    (at_end || at(0)).then(|| Note::EdgeOfRange {
        param: axis.name.to_string(),
        value: value.clone(),
        at_end,
    })
}

fn absent_costs(settings: &EngineSettings, symbols: &[SymbolSeries]) -> Vec<&'static str> {
    let mut absent = Vec::new();
    if settings.costs == CostModel::None || settings.fee_multiplier == 0.0 {
        absent.push("no commission");
    }
    if settings.slippage.is_none() || settings.slippage_multiplier == 0.0 {
        absent.push("no slippage");
    }
    if symbols.iter().any(|symbol| symbol.bars.is_one_sided()) {
        absent.push("no spread (bid = ask)");
    }
    absent
}
