//! `data`: where the bars lie, what of them is used, what is kept back.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value as Json};

use super::section::{Bounds, Field, Section, listed};
use super::source::{Entry, Node, Source, Value, empty_object};
use crate::data::TradingWeek;
use crate::data::resample::DayAnchor;
use crate::data::settings::{
    DataSettings, DataSource, Holdout, OnCrossed, OnDuplicate, ReadPolicy, SpreadSetting, TimelineMode,
};
use crate::data::symbol::SymbolTable;
use crate::types::Calendar;
use crate::types::{Span, Timeframe, Timestamp};

/// Reads the section. Paths stay as written, relative to `base_dir`, the folder of the file.
pub(super) fn read(field: &Field<'_>, base_dir: &Path) -> Option<(DataSettings, Json)> {
    match &field.node.value {
        Value::Text(_) => {
            field.text()?;
            let path =
                Entry { key: "path".to_owned(), key_place: field.node.place, value: field.node.clone() };
            let node = Node { value: Value::Object(vec![path]), place: field.node.place };
            read_object(&Field { node: &node, ..field.clone() }, base_dir)
        }
        Value::Object(_) => read_object(field, base_dir),
        _ => {
            field.wrong("a path, or an object with `path` or `catalog`");
            None
        }
    }
}

fn read_object(field: &Field<'_>, base_dir: &Path) -> Option<(DataSettings, Json)> {
    let mut section = field.section()?;
    let settings = read_section(&mut section, base_dir);
    let json = section.finish();
    Some((settings?, json.into()))
}

fn read_section(section: &mut Section<'_>, base_dir: &Path) -> Option<DataSettings> {
    let source = read_source(section);
    let symbols =
        section.optional("symbols", read_symbols, |symbols| symbols.clone().into()).unwrap_or_default();
    let (primary, additional) = match section.get("timeframes") {
        Some(field) => read_timeframes(section, &field),
        None => (None, Vec::new()),
    };
    let (from, to) = read_range(section);
    let warmup_bars = section.get("warmup_bars").map_or(Some(0), |field| field.small_count(0)).unwrap_or(0);
    section.record("warmup_bars", warmup_bars);
    let holdout = read_holdout(section);
    let spread = section.get("spread_pips").map(|field| (read_spread(&field), field));
    if let Some((_, field)) = &spread {
        section.record("spread_pips", field.node.to_param().to_json());
    }
    let timeline = section.optional(
        "timeline",
        |field| field.parsed("union, intersection or anchor:<SYMBOL>", TimelineMode::parse).zip(field.text()),
        |(_, text)| (*text).into(),
    );
    let day_anchor =
        section.word_or_first("day_anchor", &[("utc", DayAnchor::Utc), ("ny17", DayAnchor::Ny17)]);
    let weeks = [
        ("none", TradingWeek::None),
        ("fx_week", TradingWeek::FxWeek),
        ("fx_week_ny", TradingWeek::FxWeekNy),
    ];
    let trading_week = section.word_or_first("trading_week", &weeks);
    let news = section.optional("news", |field| field.text().map(str::to_owned), |path| path.as_str().into());
    let symbol_table = section.optional(
        "symbol_table",
        |field| read_symbol_table(field, base_dir),
        |(_, written): &(SymbolTable, Json)| written.clone(),
    );
    let calendars = [("fx_24x5", Calendar::Fx24x5), ("continuous_24x7", Calendar::Continuous24x7)];
    let calendar =
        section.optional("calendar", |field| field.word(&calendars), |calendar| calendar.as_str().into());
    let periods_per_year =
        section.optional("periods_per_year", |field| field.small_count(1), |periods| (*periods).into());
    let policy = read_policy(section);
    Some(DataSettings {
        source: source?,
        symbols,
        primary,
        additional,
        // Named by `strategy.engine`, and taken from there when the study is prepared.
        detail: None,
        from,
        to,
        warmup_bars,
        holdout,
        spread: spread.and_then(|(spread, _)| spread).unwrap_or_default(),
        timeline: timeline.map(|(mode, _)| mode),
        day_anchor,
        trading_week,
        news: news.map(Into::into),
        symbol_table: symbol_table.map(|(table, _)| table).unwrap_or_default(),
        calendar,
        periods_per_year,
        policy,
        typical_spread: true,
    })
}

fn read_source(section: &mut Section<'_>) -> Option<DataSource> {
    let (path, catalog) = (section.get("path"), section.get("catalog"));
    match (path, catalog) {
        (Some(path), None) => {
            let text = path.text()?;
            section.record("path", text);
            Some(DataSource::Path(text.into()))
        }
        (None, Some(catalog)) => {
            let text = catalog.text()?;
            section.record("catalog", text);
            Some(DataSource::Catalog(text.into()))
        }
        (Some(_), Some(catalog)) => {
            let problem = catalog.problem("E102", "`path` and `catalog` exclude each other");
            catalog.report(problem.suggest("remove one of them".to_owned()));
            None
        }
        (None, None) => {
            section.missing("path", "a file or folder of bars, such as \"path\": \"data/\"");
            None
        }
    }
}

fn read_symbols(field: &Field<'_>) -> Option<Vec<String>> {
    let items = field.list()?;
    if items.is_empty() {
        field.wrong("a list of at least one symbol");
    }
    let mut symbols: Vec<String> = Vec::new();
    for item in &items {
        let symbol = item.text()?;
        if symbols.iter().any(|known| known == symbol) {
            item.report(item.problem("E102", format!("the symbol {symbol} stands twice in the list")));
        }
        symbols.push(symbol.to_owned());
    }
    Some(symbols)
}

fn read_timeframes(parent: &mut Section<'_>, field: &Field<'_>) -> (Option<Timeframe>, Vec<Timeframe>) {
    let Some(mut section) = field.section() else { return (None, Vec::new()) };
    if !section.has("primary") {
        section.missing("primary", "the timeframe of a bar, such as \"primary\": \"H1\"");
    }
    let primary = section.optional("primary", timeframe, |timeframe| timeframe.as_str().into());
    let items = section.get("additional").and_then(|field| field.list()).unwrap_or_default();
    let mut additional: Vec<Timeframe> = Vec::new();
    for item in &items {
        let Some(higher) = timeframe(item) else { continue };
        if primary.is_some_and(|primary| higher <= primary) {
            let message = format!("additional timeframes are longer than the primary one, got {higher}");
            item.report(item.problem("E102", message));
        } else if !additional.contains(&higher) {
            additional.push(higher);
        }
    }
    section.record("additional", additional.iter().map(|timeframe| timeframe.as_str()).collect::<Vec<_>>());
    parent.record("timeframes", section.finish());
    (primary, additional)
}

fn timeframe(field: &Field<'_>) -> Option<Timeframe> {
    let names = listed(Timeframe::ALL.iter().map(|timeframe| timeframe.as_str()));
    field.parsed(&format!("one of {names}"), |text| text.parse().ok())
}

fn read_range(section: &mut Section<'_>) -> (Option<Timestamp>, Option<Timestamp>) {
    let mut instant = |key| {
        let field = section.get(key)?;
        let form = "a date or time such as 2021-01-01 or 2021-01-01T10:00:00Z";
        let instant = field.parsed(form, Timestamp::parse_iso)?;
        section.record(key, instant.to_string());
        Some((instant, field))
    };
    let (from, to) = (instant("from"), instant("to"));
    if let (Some((from, field)), Some((to, _))) = (&from, &to)
        && from >= to
    {
        let message = format!("the range of data is empty: from {from} is not before to {to}");
        field.report(field.problem("E103", message).suggest("swap `from` and `to`".to_owned()));
    }
    (from.map(|(from, _)| from), to.map(|(to, _)| to))
}

fn holdout_json(last: &str) -> Json {
    Map::from_iter([("last".to_owned(), Json::from(last))]).into()
}

fn read_holdout(section: &mut Section<'_>) -> Holdout {
    let Some(field) = section.get("holdout") else {
        section.record("holdout", holdout_json("20%"));
        return Holdout::default();
    };
    if let Value::Object(_) = field.node.value {
        return read_holdout_length(section, &field).unwrap_or_default();
    }
    section.record("holdout", "none");
    field
        .parsed("\"none\" or {\"last\": \"20%\"}", |text| (text == "none").then_some(Holdout::None))
        .unwrap_or_default()
}

fn read_holdout_length(parent: &mut Section<'_>, field: &Field<'_>) -> Option<Holdout> {
    let mut section = field.section()?;
    let last = section.get("last");
    section.finish();
    let Some(last) = last else {
        parent
            .field
            .report(field.problem("E102", "`last` is missing").suggest("{\"last\": \"20%\"}".to_owned()));
        return None;
    };
    let holdout = last.parsed("a share or length such as 20%, 500bars, 180d or 12m", Holdout::parse)?;
    let is_nothing = match &holdout {
        Holdout::None => false,
        Holdout::Percent { digits, .. } => *digits == 0,
        Holdout::Bars(bars) => *bars == 0,
        Holdout::Days(count) | Holdout::Months(count) => *count == 0,
    };
    if is_nothing {
        let problem = last.problem("E103", "the hold-out has no length");
        last.report(problem.suggest("\"holdout\": \"none\" keeps nothing back".to_owned()));
    }
    parent.record("holdout", holdout_json(last.text()?));
    Some(holdout)
}

fn read_spread(field: &Field<'_>) -> Option<SpreadSetting> {
    if field.as_number().is_some() {
        return field.number(Bounds::NOT_NEGATIVE).map(SpreadSetting::All);
    }
    if field.node.entries().is_none() {
        field.wrong("pips, or an object of pips by symbol");
        return None;
    }
    let mut by_symbol = BTreeMap::new();
    for (entry, pips) in field.named()? {
        by_symbol.insert(entry.key.clone(), pips.number(Bounds::NOT_NEGATIVE)?);
    }
    Some(SpreadSetting::PerSymbol(by_symbol))
}

/// The table and its content; a table in a file of its own is written out in the resolved form.
fn read_symbol_table(field: &Field<'_>, base_dir: &Path) -> Option<(SymbolTable, Json)> {
    let written = match field.node.value {
        Value::Text(_) => read_table_file(field, &base_dir.join(field.text()?))?,
        _ => field.node.to_param().to_json(),
    };
    match SymbolTable::from_json(&written) {
        Ok(table) => Some((table, written)),
        Err(error) => {
            field.report(field.problem("E102", error.to_string()));
            None
        }
    }
}

fn read_table_file(field: &Field<'_>, path: &Path) -> Option<Json> {
    let refuse = |message: String| {
        field.report(field.problem("E102", format!("the symbol table {}: {message}", path.display())));
    };
    let text = std::fs::read_to_string(path).map_err(|error| refuse(error.to_string())).ok()?;
    let parsed = Source::parse(&path.to_string_lossy(), &text);
    let source =
        parsed.map_err(|problem| refuse(format!("{} in line {}", problem.message, problem.line))).ok()?;
    Some(source.root.to_param().to_json())
}

fn read_policy(parent: &mut Section<'_>) -> ReadPolicy {
    let default = ReadPolicy::default();
    let empty = empty_object();
    let field = parent.get("policy");
    let absent = Field { node: &empty, ..parent.field.clone() };
    let Some(mut section) = field.as_ref().unwrap_or(&absent).section() else { return default };
    let crossed = [("error", OnCrossed::Error), ("drop", OnCrossed::Drop), ("mid", OnCrossed::Mid)];
    let duplicate = [("error", OnDuplicate::Error), ("keep_first", OnDuplicate::KeepFirst)];
    let on_crossed = section.word_or_first("on_crossed", &crossed);
    let on_duplicate = section.word_or_first("on_duplicate", &duplicate);
    let max_align_loss = section.number_or("max_align_loss", default.max_align_loss, Bounds::SHARE);
    let max_gap = section.get("max_gap").and_then(|field| {
        let span: Span = field.parsed("a length of time such as 14d, 2w or 1m", |text| text.parse().ok())?;
        let length = span.shift(Timestamp(0), 1).filter(|end| end.0 > 0);
        if length.is_none() {
            field.wrong("a length of time above zero such as 14d, 2w or 1m");
        }
        Some((length?.0, span.to_string()))
    });
    let (max_gap, text) = max_gap.unwrap_or((default.max_gap, "14d".to_owned()));
    section.record("max_gap", text);
    let policy = ReadPolicy {
        on_crossed,
        on_duplicate,
        max_align_loss,
        max_gap,
        allow_negative_prices: section.flag_or("allow_negative_prices", false),
        ignore_metadata: section.flag_or("ignore_metadata", false),
        tz: section.optional("tz", |field| field.text().map(str::to_owned), |tz| tz.as_str().into()),
    };
    parent.record("policy", section.finish());
    policy
}
