//! A walk-forward study as part of a job: run, files, closing.

use std::path::Path;

use serde_json::{Value, json};

use super::folder::RunTarget;
use super::{Finished, Job, JobError, Prepared, closing};
use crate::config::Validation;
use crate::engine::{TrialRun, WindowEnd};
use crate::metrics::{MetricId, Metrics};
use crate::report::{CacheUse, Forward, ForwardWindow, Note, OutOfSampleFigures};
use crate::store::{artifacts, disk};
use crate::sweep::reducer::ChunkFigures;
use crate::sweep::{SweepEnd, SweepSummary, WindowEvaluator, digest::sweep_digest};
use crate::types::StepRange;
use crate::walkforward::splits::Splits;
use crate::walkforward::{OutOfSample, WalkForward, WalkForwardReport, WindowOutcome};

/// Name of the file with windows, choices and figures.
pub(super) const WALK_FORWARD: &str = "walk_forward.json";
/// Folder of the joined trades and equity.
pub(super) const STITCHED: &str = "walk_forward";

/// What a walk-forward study leaves in its run folder.
pub(super) struct WindowFiles {
    report: WalkForwardReport,
}

impl Job<'_> {
    pub(super) fn walk_forward(&self, splits: &Splits, target: &mut RunTarget) -> Result<Finished, JobError> {
        let prepared = self.prepared;
        let Validation::WalkForward(settings) = &prepared.spec.validation else {
            unreachable!("windows are cut from walk-forward settings only")
        };
        let study = WalkForward {
            study: &prepared.study,
            samplers: &prepared.samplers,
            space: &prepared.spec.space,
            splits,
            settings,
            plan: &prepared.plan,
            run: &self.settings(),
            progress: self.progress,
            stop: self.stop,
        };
        let report = study.run(&mut target.chunks)?;
        let notes: Vec<Note> = report
            .damaged
            .iter()
            .map(|(chunk, how)| Note::Other {
                code: "damaged_chunk".to_owned(),
                text: format!("chunk {chunk} was damaged ({how}) and was run again"),
            })
            .collect();
        let observations = prepared.study_days();
        Ok(Finished {
            end: report.end,
            summary: summary(&report),
            observations,
            cache: CacheUse {
                series: report.cache.computed,
                requests: report.cache.requests,
                bytes: report.cache.bytes,
            },
            run: report.run,
            bars: report.bars,
            notes,
            windows: Some(WindowFiles { report }),
        })
    }
}

/// The best of the last finished window lead the table: they are what one would trade next.
fn summary(report: &WalkForwardReport) -> SweepSummary {
    SweepSummary {
        counts: report.counts,
        best: report.windows.last().map(|window| window.best.clone()).unwrap_or_default(),
        moments: report.moments,
        digest: sweep_digest(report.chunks.values().map(|figures: &ChunkFigures| figures.content)),
        chunks: report.chunks.clone(),
    }
}

/// First and last day of a range.
fn days(prepared: &Prepared, range: StepRange) -> (String, String) {
    let data = &prepared.study.inputs.data;
    let day = |step: usize| data.time(step).to_string()[..10].to_owned();
    (day(range.start), day(range.end - 1))
}

fn metric(metrics: &Metrics, key: &str) -> Option<f64> {
    metrics.get(MetricId::from_key(key)?)
}

fn window_of(prepared: &Prepared, outcome: &WindowOutcome) -> ForwardWindow {
    let (from, to) = days(prepared, outcome.window.test);
    let chosen = outcome.chosen();
    ForwardWindow {
        number: outcome.window.index + 1,
        from,
        to,
        chosen: chosen.map(|row| row.trial.id),
        in_sample: chosen.and_then(|row| row.objectives.first().copied().flatten()),
        out_of_sample: outcome.test.as_ref().and_then(|test| test.objective),
        net_profit: outcome.test.as_ref().and_then(|test| metric(&test.metrics, "profit_net")),
    }
}

fn joined(prepared: &Prepared, out: &OutOfSample) -> OutOfSampleFigures {
    let (from, to) = days(prepared, out.steps);
    OutOfSampleFigures {
        from,
        to,
        objective: out.objective,
        net_profit: metric(&out.metrics, "profit_net"),
        trades: out.trades.len() as u64,
        drawdown: metric(&out.metrics, "max_drawdown"),
        efficiency: out.efficiency,
        profitable_share: out.profitable_share,
        coverage: out.coverage,
        rank_correlation: out.rank_correlation,
        parameter_drift: out.parameter_drift,
    }
}

impl WindowFiles {
    /// The figures for the closing screen.
    pub(super) fn forward(&self, prepared: &Prepared) -> Forward {
        Forward {
            objective: closing::objective_name(&prepared.study.objective),
            windows: self.report.windows.iter().map(|window| window_of(prepared, window)).collect(),
            joined: self.report.out_of_sample.as_ref().map(|out| joined(prepared, out)),
        }
    }

    /// `walk_forward.json` with every window, and trades and equity of the joined tests.
    pub(super) fn write(&self, root: &Path, prepared: &Prepared) -> Result<(), JobError> {
        let report = &self.report;
        let json = json!({
            "schema": "omega-sweep/walk-forward/1",
            "complete": report.end == SweepEnd::Complete,
            "windows": report.windows.iter().map(|w| window_json(prepared, w)).collect::<Vec<_>>(),
            "out_of_sample": report.out_of_sample.as_ref().map(|out| out_of_sample_json(prepared, out)),
        });
        let mut text = format!("{json:#}");
        text.push('\n');
        disk::Disk::default().write_whole(root, WALK_FORWARD, text.as_bytes())?;
        if let Some(out) = &report.out_of_sample {
            let run =
                TrialRun { trades: out.trades.clone(), curve: out.curve.clone(), ..TrialRun::default() };
            artifacts::write_to(&root.join(STITCHED), "walk_forward", &run, &prepared.study.inputs.data)?;
        }
        Ok(())
    }
}

fn range_json(prepared: &Prepared, range: StepRange) -> Value {
    let data = &prepared.study.inputs.data;
    json!({
        "first": data.time(range.start).to_string(),
        "last": data.time(range.end - 1).to_string(),
        "bars": range.len(),
    })
}

fn metrics_json(metrics: &Metrics) -> Value {
    metrics
        .iter()
        .map(|(id, value)| (id.key().to_owned(), json!(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn window_json(prepared: &Prepared, outcome: &WindowOutcome) -> Value {
    let chosen = outcome.chosen();
    let params = |row: &crate::sweep::TrialRow| -> Value {
        let entries = row.trial.params.iter().map(|(name, value)| (name.to_owned(), value.to_json()));
        entries.collect::<serde_json::Map<_, _>>().into()
    };
    json!({
        "window": outcome.window.index,
        "train": range_json(prepared, outcome.window.train),
        "test": range_json(prepared, outcome.window.test),
        "trials": outcome.counts.trials,
        "feasible_trials": outcome.counts.feasible,
        "chosen": chosen.map(|row| json!({
            "trial": row.trial.id.0,
            "feasible": row.feasible,
            "objective": row.objectives.first().copied().flatten(),
            "params": params(row),
        })),
        "test_objective": outcome.test.as_ref().and_then(|test| test.objective),
        "test_metrics": outcome.test.as_ref().map(|test| metrics_json(&test.metrics)),
    })
}

fn out_of_sample_json(prepared: &Prepared, out: &OutOfSample) -> Value {
    json!({
        "range": range_json(prepared, out.steps),
        "objective": out.objective,
        "metrics": metrics_json(&out.metrics),
        "efficiency": out.efficiency,
        "window_efficiency": out.window_efficiency,
        "profitable_share": out.profitable_share,
        "coverage": out.coverage,
        "rank_correlation": out.rank_correlation,
        "parameter_drift": out.parameter_drift,
    })
}

impl Prepared {
    /// Daily returns in the training range that the last choice was made on.
    fn study_days(&self) -> usize {
        let range = self.splits.as_ref().and_then(|s| s.windows.last()).map_or(self.window, |w| w.train);
        WindowEvaluator::new(&self.study, range, 0, WindowEnd::EndOfRun).calendar().days().len()
    }
}
