//! `data`: import, check, describe, generate and resample markets.

use std::path::Path;

use serde::Serialize;

use super::print;
use crate::cli::args::{
    Ambiguous, Crossed, DataCheckArgs, DataCommand, DataGenerateArgs, DataImportArgs, DataInfoArgs,
    DataResampleArgs, Duplicate, PolicyArgs, Stamp,
};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::memory;
use crate::cli::output::Console;
use crate::data::derived::{ResampleSettings, generate_files, resample_files};
use crate::data::import::{self, FileRead, ImportSettings, Label, OnAmbiguous};
use crate::data::parquet::WrittenFile;
use crate::data::quality;
use crate::data::resample::{ResampleRule, SundayBars};
use crate::data::settings::{OnCrossed, OnDuplicate, ReadPolicy};
use crate::data::synthetic::{GenerateSettings, GeneratedLength};
use crate::data::{DayAnchor, SymbolTable};
use crate::report::numbers;

/// `data ...`
pub(super) fn data(command: &DataCommand, console: Console) -> Result<Exit, Failure> {
    match command {
        DataCommand::Import(args) => import(args, console),
        DataCommand::Check(args) => check(args, console),
        DataCommand::Info(args) => info(args, console),
        DataCommand::Generate(args) => generate(args, console),
        DataCommand::Resample(args) => resample(args, console),
    }
}

fn generate(args: &DataGenerateArgs, console: Console) -> Result<Exit, Failure> {
    let settings = GenerateSettings {
        seed: args.seed,
        symbols: args.symbols.clone(),
        timeframe: args.timeframe,
        from: args.from,
        length: args.bars.map_or(GeneratedLength::Until(args.to), GeneratedLength::Bars),
    };
    let written = generate_files(&settings, &args.out)?;
    console.say("a synthetic market: nothing found on it says anything about a real one");
    print(console, &list(&written))
}

fn import(args: &DataImportArgs, console: Console) -> Result<Exit, Failure> {
    let report = import::import(&import_settings(args)?, &args.files, &args.out)?;
    if args.json {
        return print(console, &json(&report));
    }
    for file in &report.read {
        console.say(&read_line(file));
        for row in &file.bad_rows {
            console.say(&format!("  left out: {row}"));
        }
    }
    let quality: Vec<String> = report.quality.iter().map(ToString::to_string).collect();
    print(console, &format!("{}\n{}\n", quality.join("\n\n"), list(&report.written).trim_end()))
}

fn check(args: &DataCheckArgs, console: Console) -> Result<Exit, Failure> {
    let report = quality::check(&args.paths, &reading(&args.policy))?;
    let text = if args.json { json(&report) } else { format!("{report}\n") };
    print(console, &text)?;
    Ok(if report.defects.is_empty() { Exit::Success } else { Exit::NothingFound })
}

fn info(args: &DataInfoArgs, console: Console) -> Result<Exit, Failure> {
    let infos = quality::info(&args.paths, &reading(&args.policy))?;
    if args.json {
        return print(console, &json(&infos));
    }
    let texts: Vec<String> = infos
        .iter()
        .map(|info| {
            let blocks = if info.blocks == 1 { "block" } else { "blocks" };
            format!("{}\n  digest    {} ({} {blocks})", info.quality, info.fingerprint, info.blocks)
        })
        .collect();
    print(console, &(texts.join("\n\n") + "\n"))
}

fn resample(args: &DataResampleArgs, console: Console) -> Result<Exit, Failure> {
    let settings = ResampleSettings {
        target: args.to,
        rule: ResampleRule {
            anchor: if args.anchor == "ny17" { DayAnchor::Ny17 } else { DayAnchor::Utc },
            sunday: match args.sunday.as_str() {
                "drop" => SundayBars::Drop,
                "merge" => SundayBars::Merge,
                _ => SundayBars::Keep,
            },
        },
        drop_partial: !args.keep_partial,
    };
    let out = args.out.as_deref().or_else(|| args.paths.first().map(AsRef::as_ref)).unwrap_or(Path::new("."));
    let base = ImportSettings { timeframe: args.from, ..reading(&args.policy) };
    let mut written = Vec::new();
    if args.symbols.is_empty() {
        written = resample_files(&args.paths, &settings, &base, out)?;
    }
    for symbol in &args.symbols {
        let one = ImportSettings { symbol: Some(symbol.clone()), ..base.clone() };
        written.extend(resample_files(&args.paths, &settings, &one, out)?);
    }
    print(console, &list(&written))
}

/// How files are read; the rules stand in the policy.
fn reading(policy: &PolicyArgs) -> ImportSettings {
    ImportSettings {
        policy: policy_of(policy),
        // As a sweep does without `--memory`.
        memory_limit: memory::available().map(|bytes| bytes / 4 * 3),
        ..ImportSettings::default()
    }
}

fn policy_of(args: &PolicyArgs) -> ReadPolicy {
    ReadPolicy {
        on_crossed: match args.on_crossed {
            Crossed::Error => OnCrossed::Error,
            Crossed::Drop => OnCrossed::Drop,
            Crossed::Mid => OnCrossed::Mid,
        },
        on_duplicate: match args.on_duplicate {
            Duplicate::Error => OnDuplicate::Error,
            Duplicate::KeepFirst => OnDuplicate::KeepFirst,
        },
        max_align_loss: args.max_align_loss.0,
        max_gap: i64::try_from(args.max_gap.0.as_micros()).unwrap_or(i64::MAX),
        allow_negative_prices: args.allow_negative_prices,
        ignore_metadata: args.ignore_metadata,
        tz: args.tz.clone(),
    }
}

fn import_settings(args: &DataImportArgs) -> Result<ImportSettings, Failure> {
    let delimiter = args.delimiter.map(|c| {
        u8::try_from(c).ok().filter(u8::is_ascii).ok_or_else(|| {
            Failure::new(Exit::Usage, format_args!("the separator {c:?} is not one byte"), "use , ; or a tab")
        })
    });
    let spread = match (args.spread, &args.symbol) {
        (Some(pips), Some(symbol)) => Some(pips * SymbolTable::default().lookup(symbol, true)?.pip_size),
        _ => None,
    };
    Ok(ImportSettings {
        format: args.format.0,
        symbol: args.symbol.clone(),
        timeframe: args.timeframe,
        side: args.side,
        label: match args.label {
            Stamp::Open => Label::Open,
            Stamp::Close => Label::Close,
        },
        on_ambiguous: match args.on_ambiguous {
            Ambiguous::Error => OnAmbiguous::Error,
            Ambiguous::First => OnAmbiguous::First,
            Ambiguous::Second => OnAmbiguous::Second,
            Ambiguous::Drop => OnAmbiguous::Drop,
        },
        digits: args.digits,
        delimiter: delimiter.transpose()?,
        decimal: args.decimal,
        columns: args.columns.clone(),
        time_format: args.time_format.clone(),
        spread,
        sort: args.sort,
        floor: args.floor,
        drop_flat: args.drop_flat,
        drop_bad_rows: args.drop_bad_rows,
        both_sides: args.both_sides,
        ..reading(&args.policy)
    })
}

/// `ticks.csv: read as truefx-tick, 1,234 bars; 3 flat bars left out`
fn read_line(file: &FileRead) -> String {
    let mut line = format!(
        "{}: read as {}, {} bars",
        file.path.display(),
        file.format.as_str(),
        numbers::count(file.rows as u64)
    );
    let changed = [
        (file.null_rows, "empty rows left out"),
        (file.ambiguous_dropped, "ambiguous times left out"),
        (file.relabelled, "closes became opens"),
        (file.floored, "times moved down to the grid"),
        (file.sorted, "rows sorted in"),
        (file.flat_dropped, "flat bars left out"),
        (file.bad_rows.len(), "bad rows left out"),
    ];
    for (count, what) in changed.into_iter().filter(|(count, _)| *count > 0) {
        line = format!("{line}; {} {what}", numbers::count(count as u64));
    }
    line
}

/// One line per file written.
fn list(written: &[WrittenFile]) -> String {
    let line = |file: &WrittenFile| {
        format!(
            "{}  {} bars  {} .. {}  sha256 {}\n",
            file.path.display(),
            numbers::count(file.rows as u64),
            file.first,
            file.last,
            &file.sha256[..16]
        )
    };
    written.iter().map(line).collect()
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}
