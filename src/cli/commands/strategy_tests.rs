//! `check --lookahead --warmup`: what was tested, in a line each, and every finding as a message.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::cli::failure::Failure;
use crate::cli::output::Console;
use crate::engine::{Leak, Leaked};
use crate::job::checks::THOROUGH;
use crate::job::{Prepared, ShortWarmup};
use crate::report::numbers;

/// Parameter sets that are tested.
const SETS: u64 = 8;

/// Tests for knowledge of the future; says what it finds. The findings as JSON, and whether there are any.
pub(super) fn lookahead(prepared: &Prepared, console: Console) -> Result<(Value, bool), Failure> {
    let trials = prepared.sample(SETS);
    let report = prepared.find_lookahead(&trials, &THOROUGH)?;
    for leak in &report.leaks {
        console.complain(&format!("error[E204]: {}", leak_message(leak)));
    }
    let verdict = if report.leaks.is_empty() { "no look-ahead" } else { "LOOK-AHEAD" };
    console.say(&format!(
        "lookahead  {verdict}: {} series and {} decisions of {} sets, noise after {} instants",
        numbers::count(report.series as u64),
        numbers::count(report.decisions as u64),
        trials.len(),
        report.instants,
    ));
    let found = json!({
        "sets": trials.len(),
        "instants": report.instants,
        "series": report.series,
        "decisions": report.decisions,
        "leaks": report.leaks.iter().map(leak_json).collect::<Vec<_>>(),
    });
    Ok((found, !report.leaks.is_empty()))
}

fn leak_message(leak: &Leak) -> String {
    let what = match &leak.what {
        Leaked::Series { .. } => "a series knows the future",
        Leaked::Decision { .. } => "a decision knows the future",
        Leaked::Account { .. } => "a run knows the future",
    };
    let remedy =
        "read the current bar, earlier ones and completed higher bars only: omega-sweep explain E204";
    format!("{what}\n  --> {leak}\n  = {remedy}")
}

fn leak_json(leak: &Leak) -> Value {
    let known = leak.known_until.to_string();
    match &leak.what {
        Leaked::Series { series, bar, truth, noise } => json!({
            "kind": "series", "series": series, "bar": bar.to_string(), "known_until": known,
            "truth": truth, "noise": noise,
        }),
        Leaked::Decision { trial, bar, truth, noise } => json!({
            "kind": "decision", "trial": trial.0, "bar": bar.to_string(), "known_until": known,
            "truth": truth, "noise": noise,
        }),
        Leaked::Account { trial } => json!({"kind": "account", "trial": trial.0, "known_until": known}),
    }
}

/// Tests the warm-up; says what it finds. The findings as JSON, and whether there are any.
pub(super) fn warmup(prepared: &Prepared, console: Console) -> Result<(Value, bool), Failure> {
    let trials = prepared.sample_with_longest_memory(SETS);
    let report = prepared.find_short_warmup(&trials)?;
    for short in &report.short {
        console.complain(&format!("error[E205]: {}", short_message(short, report.given)));
    }
    let verdict = if report.short.is_empty() { "long enough" } else { "TOO SHORT" };
    console.say(&format!(
        "warmup     {verdict}: {} bars in front of the study, {} sets compared with {} bars of history",
        numbers::count(report.given as u64),
        report.trials,
        numbers::count(report.longest as u64),
    ));
    let found = json!({
        "sets": report.trials,
        "bars": report.given,
        "compared_with": report.longest,
        "short": report.short.iter().map(short_json).collect::<Vec<_>>(),
    });
    Ok((found, !report.short.is_empty()))
}

fn short_message(short: &ShortWarmup, given: usize) -> String {
    let difference = &short.difference;
    let entered = |time: Option<crate::types::Timestamp>| match time {
        Some(time) => format!("entered at {time}"),
        None => "absent".to_owned(),
    };
    let mut place = format!(
        "trade {} is {} with the whole history, {} with {given} bars",
        difference.trade + 1,
        entered(difference.long),
        entered(difference.short)
    );
    if let Some(series) = &difference.series {
        let _ =
            write!(place, "; {} at {} is {} and {}", series.series, series.bar, series.long, series.short);
    }
    let remedy = match short.enough {
        Some((bars, setting)) => format!("{bars} bars are enough: \"warmup_bars\": {setting} under `data`"),
        None => "raise `data.warmup_bars`; no length that the data hold was enough".to_owned(),
    };
    format!(
        "the trades of set {} depend on bars before the warm-up\n  --> {place}\n  = {remedy}",
        short.trial
    )
}

fn short_json(short: &ShortWarmup) -> Value {
    let difference = &short.difference;
    let time = |time: Option<crate::types::Timestamp>| time.map(|time| time.to_string());
    json!({
        "trial": short.trial.0,
        "trade": difference.trade + 1,
        "entered": time(difference.long),
        "entered_with_warmup_only": time(difference.short),
        "series": difference.series.as_ref().map(|s| json!({
            "series": s.series, "bar": s.bar.to_string(), "whole_history": s.long, "warmup_only": s.short,
        })),
        "enough_bars": short.enough.map(|(bars, _)| bars),
        "enough_warmup_bars": short.enough.map(|(_, setting)| setting),
    })
}
