//! `top`, `show`, `verify`: what a run folder holds, and whether it is still true.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::print;
use crate::cli::args::{ShowArgs, TableFormat, TopArgs, TrialRef, VerifyArgs};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::Console;
use crate::cli::{memory, runs};
use crate::engine::registry::Registry;
use crate::job::{JobOptions, Opened, RankedRun, VerifySelection};
use crate::metrics::MetricId;
use crate::report::{RankedTrial, Table, TrialColumn, TrialPage, numbers, terminal, trial_table};
use crate::search::Constraint;
use crate::sweep::TrialRow;
use crate::sweep::verify::{ChunkDefect, VerifyReport};
use crate::types::{MasterSeed, ParamValue, TrialId};

/// Columns shown when none are asked for, the searched parameters behind them.
const SHOWN: [&str; 8] = [
    "rank",
    "trial_id",
    "objective",
    "profit_net",
    "total_trades",
    "profit_factor",
    "max_drawdown",
    "sharpe_equity_daily",
];

/// `top [RUN]`
pub(super) fn top(args: &TopArgs, registry: &Registry, console: Console) -> Result<Exit, Failure> {
    let (_, run) = open(&args.run, registry, console)?;
    let params = run.spec.space.names();
    let column = |name: &str| named(name, params);
    let filter = args.filter.as_deref().map(|text| filter(text, params)).transpose()?;
    let sort = args.sort.as_deref().map(column).transpose()?;
    let columns = match args.columns.as_slice() {
        [] => usual_columns(&run),
        [all] if all == "all" => TrialColumn::all(params),
        names => names.iter().map(|name| column(name)).collect::<Result<_, _>>()?,
    };

    let mut trials: Vec<RankedTrial<'_>> = run.rows.iter().enumerate().map(|(i, row)| (i + 1, row)).collect();
    if let Some((constraint, columns)) = &filter {
        trials.retain(|&trial| {
            let values: Vec<ParamValue> = columns.iter().map(|column| column.value(trial)).collect();
            constraint.holds(&values)
        });
    }
    if let Some(column) = &sort {
        sort_by(&mut trials, column);
    }
    let found = trials.len();
    trials.truncate(args.n);
    let table = trial_table(&columns, &trials);
    let text = match args.format {
        TableFormat::Json => table.to_json(),
        TableFormat::Csv => table.to_csv(),
        TableFormat::Md => table.to_markdown(),
        TableFormat::Table => fitting(&table, args.columns.is_empty(), console),
    };
    print(console, &text)?;
    if found > trials.len() {
        let (shown, found) = (numbers::count(trials.len() as u64), numbers::count(found as u64));
        console.say(&format!("{shown} of {found} trials; -n shows more"));
    }
    Ok(if found == 0 { Exit::NothingFound } else { Exit::Success })
}

/// The run a person means, with its trials in their order; damaged chunks are told.
fn open(name: &str, registry: &Registry, console: Console) -> Result<(Opened, RankedRun), Failure> {
    let folder = runs::find(Path::new(runs::RESULTS), name)?;
    let opened = Opened::open(&folder)?;
    let run = opened.ranked(registry)?;
    for (chunk, how) in &run.damaged {
        console.say(&format!(
            "warning[E304]: chunk {chunk} is left out: {how}\n  = run the sweep again: it repeats this chunk alone"
        ));
    }
    if opened.manifest.sweep_digest.is_none() {
        console.say("the run is not finished: the same `omega-sweep run` goes on");
    }
    Ok((opened, run))
}

fn usual_columns(run: &RankedRun) -> Vec<TrialColumn> {
    let objective = run.spec.objective.terms();
    let single = (objective.len() == 1).then(|| objective[0].metric.key());
    let mut columns: Vec<TrialColumn> = SHOWN
        .iter()
        .filter(|name| Some(**name) != single)
        .filter_map(|name| TrialColumn::named(name, &[]))
        .collect();
    let searched = run.spec.space.axes().iter().filter(|axis| axis.is_searched());
    columns.extend(searched.map(|axis| TrialColumn::Param(Arc::clone(&axis.name))));
    columns
}

/// A condition over columns, with the columns its slots stand for.
fn filter(text: &str, params: &[Arc<str>]) -> Result<(Constraint, Vec<TrialColumn>), Failure> {
    let names: std::cell::RefCell<Vec<TrialColumn>> = std::cell::RefCell::default();
    let slot = |name: &str| {
        let column = TrialColumn::named(name, params)?;
        let mut names = names.borrow_mut();
        Some(names.iter().position(|known| *known == column).unwrap_or_else(|| {
            names.push(column);
            names.len() - 1
        }))
    };
    match Constraint::parse(text, slot) {
        Ok(constraint) => Ok((constraint, names.into_inner())),
        Err(error) => {
            let remedy = match &error.unknown_name {
                Some(name) => suggestion(name, params),
                None => "for example: --where 'total_trades >= 100 && max_drawdown < 0.2'".to_owned(),
            };
            Err(Failure::coded(Exit::Usage, "E110", format_args!("--where {text:?}: {error}"), remedy))
        }
    }
}

fn named(name: &str, params: &[Arc<str>]) -> Result<TrialColumn, Failure> {
    TrialColumn::named(name, params).ok_or_else(|| {
        Failure::coded(Exit::Usage, "E120", format_args!("unknown column `{name}`"), suggestion(name, params))
    })
}

fn suggestion(name: &str, params: &[Arc<str>]) -> String {
    let known: Vec<String> = TrialColumn::all(params).iter().map(TrialColumn::name).collect();
    let known = known.iter().map(String::as_str).chain(params.iter().map(AsRef::as_ref));
    let near = known
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .filter(|(distance, _)| *distance <= 2.max(name.len() / 4))
        .min();
    match near {
        Some((_, near)) => format!("did you mean `{near}`?"),
        None => "a column is a metric (omega-sweep metrics), a parameter, rank, trial_id, objective, ..."
            .to_owned(),
    }
}

/// Best first by the column's own goal; undefined last, ties keep their rank.
fn sort_by(trials: &mut [RankedTrial<'_>], column: &TrialColumn) {
    let key = |trial: &RankedTrial<'_>| column.value(*trial);
    trials.sort_by(|a, b| {
        let (a, b) = (key(a), key(b));
        match (a.as_f64(), b.as_f64()) {
            (Some(x), Some(y)) if column.largest_first() => y.total_cmp(&x),
            (Some(x), Some(y)) => x.total_cmp(&y),
            (None, None) => a.to_string().cmp(&b.to_string()),
            (a, b) => b.is_some().cmp(&a.is_some()),
        }
    });
}

/// As many columns as fit the screen, when nobody asked for certain ones.
fn fitting(table: &Table, cut: bool, console: Console) -> String {
    let mut count = table.columns.len();
    let mut text = terminal::table(table);
    while cut && count > 1 && text.lines().any(|line| line.chars().count() > terminal::WIDTH) {
        count -= 1;
        text = terminal::table(&table.select(&(0..count).collect::<Vec<_>>()));
    }
    let hidden: Vec<&str> = table.columns[count..].iter().map(|column| column.heading.as_str()).collect();
    if !hidden.is_empty() {
        console.say(
            &terminal::wrap(&format!("not shown: {}", hidden.join(", ")), terminal::WIDTH, 2).join("\n"),
        );
    }
    text + "\n"
}

/// `show [RUN] TRIAL`
pub(super) fn show(args: &ShowArgs, registry: &Registry, console: Console) -> Result<Exit, Failure> {
    let (opened, ranked) = open(&args.run, registry, console)?;
    let id = resolve(args.trial, &ranked)?;
    let prepared = opened.prepare(registry, &reading())?;
    let shown = opened.show(&prepared, id)?;
    let place = ranked.rows.iter().position(|row| row.trial.id == id && row.fold == shown.stored.fold);
    let run = opened.root.display().to_string();
    let page = TrialPage {
        run: &run,
        rank: place.map(|place| (place + 1, ranked.rows.len())),
        stored: &shown.stored,
        again: &shown.again,
        simulated: shown.run.as_ref(),
        profile: &opened.manifest.profile,
        deviations: &opened.manifest.deviations,
        data: &prepared.study.inputs.data,
        window: shown.window,
        window_number: prepared.splits.as_ref().map(|_| shown.stored.fold + 1),
    };
    let text = if args.json {
        format!("{:#}\n", page.to_json())
    } else {
        page.text(args.trades, console.colors_data())
    };
    print(console, &text)?;
    Ok(if shown.is_confirmed() { Exit::Success } else { Exit::NothingFound })
}

fn resolve(trial: TrialRef, run: &RankedRun) -> Result<TrialId, Failure> {
    let found: Option<&TrialRow> = match trial {
        TrialRef::Rank(rank) => run.rows.get(rank as usize - 1),
        TrialRef::Id(id) => run.rows.iter().find(|row| row.trial.id == TrialId(id)),
    };
    found.map(|row| row.trial.id).ok_or_else(|| {
        let message =
            format!("no trial {trial} among {} stored trials", numbers::count(run.rows.len() as u64));
        Failure::new(Exit::Usage, message, "list them with: omega-sweep top")
    })
}

/// Options of commands that only read a run.
fn reading() -> JobOptions {
    JobOptions { memory: memory::available(), ..JobOptions::default() }
}

/// `verify [RUN]`
pub(super) fn verify(args: &VerifyArgs, registry: &Registry, console: Console) -> Result<Exit, Failure> {
    let folder = runs::find(Path::new(runs::RESULTS), &args.run)?;
    let opened = Opened::open(&folder)?;
    let mut selections = Vec::new();
    if args.all {
        selections.push(VerifySelection::All);
    } else if args.trial.is_empty() {
        let seed = MasterSeed(opened.manifest.seed);
        selections.push(VerifySelection::Sample { share: args.sample.0, seed });
    } else {
        let ranked = opened.ranked(registry)?;
        for trial in &args.trial {
            selections.push(VerifySelection::Trial(resolve(*trial, &ranked)?));
        }
    }
    let prepared = opened.prepare(registry, &reading())?;
    let run = |selection| opened.verify(&prepared, selection, args.threads.map_or(0, usize::from));
    let mut total = VerifyReport::default();
    for selection in selections {
        total = and(total, run(selection)?);
    }
    if total.rerun == 0 && total.rows > 0 {
        // A small share of a small run may be no trial at all.
        let best = resolve(TrialRef::Rank(1), &opened.ranked(registry)?)?;
        total = and(total, run(VerifySelection::Trial(best))?);
    }
    let finished = opened.manifest.sweep_digest.is_some();
    findings(&total, finished, prepared.splits.is_some(), console);
    let text =
        if args.json { format!("{:#}\n", report_json(&total, finished)) } else { summary(&total, finished) };
    print(console, &text)?;
    Ok(match &total {
        report if !report.damaged.is_empty() || (finished && !report.missing.is_empty()) => {
            Exit::ResultsDamaged
        }
        report if !report.differences.is_empty() => Exit::NothingFound,
        _ => Exit::Success,
    })
}

/// Both reports; every one looks at the same chunks.
fn and(mut first: VerifyReport, second: VerifyReport) -> VerifyReport {
    first.differences.extend(second.differences);
    VerifyReport { rerun: first.rerun + second.rerun, differences: first.differences, ..second }
}

/// `trials #96 to #127` of a chunk.
fn trials_of(defect: &ChunkDefect) -> String {
    match defect.trials {
        Some((first, last)) => format!("trials {first} to {last}"),
        None => "no trials".to_owned(),
    }
}

/// Every defect and difference as a message of its own.
fn findings(report: &VerifyReport, finished: bool, windows: bool, console: Console) {
    for defect in &report.damaged {
        console.complain(&format!(
            "error[E402]: chunk {} is damaged: {}\n  --> {}\n  = run the sweep again: it repeats this chunk alone",
            defect.chunk,
            defect.how,
            trials_of(defect)
        ));
    }
    for defect in report.missing.iter().filter(|_| finished) {
        console.complain(&format!(
            "error[E403]: chunk {} is missing\n  --> {}\n  = run the sweep again: it makes this chunk alone",
            defect.chunk,
            trials_of(defect)
        ));
    }
    for found in &report.differences {
        let fold = if windows { format!(" of window {}", found.fold + 1) } else { String::new() };
        console.complain(&format!(
            "error[E401]: trial {}{fold} differs in {}\n  --> stored {}, simulated again {}\n  \
             = the file was changed, or program or data are not those of the run: omega-sweep explain E401",
            found.trial,
            column_name(&found.column),
            found.stored,
            found.rerun
        ));
    }
}

/// `metric 7` as its key.
fn column_name(column: &str) -> String {
    let number = column.strip_prefix("metric ").and_then(|number| number.parse::<usize>().ok());
    let metric = number.and_then(|number| MetricId::all().find(|id| id.index() == number));
    metric.map_or_else(|| column.to_owned(), |id| id.key().to_owned())
}

fn summary(report: &VerifyReport, finished: bool) -> String {
    let missing = if finished { "missing" } else { "not run yet" };
    let count = |number: usize| numbers::count(number as u64);
    let mut differing: Vec<_> = report.differences.iter().map(|found| (found.fold, found.trial)).collect();
    differing.dedup();
    let verdict = match differing.len() {
        0 if report.rerun == 0 => "none".to_owned(),
        0 => "no difference".to_owned(),
        1 => "1 trial differs".to_owned(),
        n => format!("{} trials differ", count(n)),
    };
    format!(
        "chunks  {} intact, {} damaged, {} {missing}\nrows    {}\nagain   {} trials simulated: {verdict}\n",
        numbers::count(report.chunks),
        count(report.damaged.len()),
        count(report.missing.len()),
        numbers::count(report.rows),
        numbers::count(report.rerun),
    )
}

fn report_json(report: &VerifyReport, finished: bool) -> serde_json::Value {
    let defect = |defect: &ChunkDefect| {
        json!({
            "chunk": defect.chunk,
            "trials": defect.trials.map(|(first, last)| [first.0, last.0]),
            "how": defect.how,
        })
    };
    json!({
        "schema": "omega-sweep/verify/1",
        "finished": finished,
        "chunks": report.chunks,
        "rows": report.rows,
        "simulated_again": report.rerun,
        "damaged": report.damaged.iter().map(defect).collect::<Vec<_>>(),
        "missing": report.missing.iter().map(defect).collect::<Vec<_>>(),
        "differences": report.differences.iter().map(|found| json!({
            "fold": found.fold,
            "trial": found.trial.0,
            "column": column_name(&found.column),
            "stored": found.stored,
            "again": found.rerun,
        })).collect::<Vec<_>>(),
    })
}
