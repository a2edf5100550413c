//! The engine as a library: a built-in strategy, five parameter sets, one synthetic market, nothing on disk.
//!
//! `cargo run --example in_memory_sweep`

#![expect(clippy::print_stdout, reason = "the example shows its results")]

use std::sync::Arc;

use omega_sweep::cache::{self, CachePlan};
use omega_sweep::data::synthetic;
use omega_sweep::engine::{Clock, EngineInputs, EngineSettings, Registry, RunRequest, WindowEnd};
use omega_sweep::strategy::builtin::EmaCross;
use omega_sweep::strategy::complete;
use omega_sweep::types::{MasterSeed, ParamValue, StepRange, Timeframe, Trial, TrialId};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runner = Registry::builtin().find("ema_cross")?;
    let data = Arc::new(synthetic::market(1, &["EURUSD"], Timeframe::M15, 20_000));
    let settings = Arc::new(EngineSettings::realistic());
    let mut trials = Vec::new();
    for (id, fast) in (0..).zip([5, 10, 20, 30, 40]) {
        let params = complete(&EmaCross::default(), &[("fast", ParamValue::Int(fast))])?;
        trials.push(Trial { id: TrialId(id), params });
    }
    // Every series any trial needs is planned first, then computed once and shared.
    let mut plan = CachePlan::default();
    for trial in &trials {
        runner.plan(trial, &data, &mut plan)?;
    }
    let cache = Arc::new(cache::build(&plan, &data, None, None)?);
    let inputs = EngineInputs::new(Arc::clone(&data), cache, settings, MasterSeed(42));
    for trial in &trials {
        let request = RunRequest {
            window: StepRange { start: 200, end: data.steps() },
            fold: 0,
            repeat: 0,
            random_id: trial.id,
            clock: Clock::Skipping,
            window_end: WindowEnd::EndOfRun,
        };
        let run = runner.run(&inputs, &request, trial)?;
        println!("{:?}: {} trades, cash {:.2}", trial.params.get("fast"), run.trades.len(), run.final_cash);
    }
    Ok(())
}
