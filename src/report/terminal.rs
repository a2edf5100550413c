//! The closing screen and ranked tables as text of at most 80 columns.

use comfy_table::{CellAlignment, ContentArrangement, Table as Grid, presets};

use super::forward::Forward;
use super::numbers;
use super::screen::{ClosingScreen, LuckCheck, Note, RankedTable};
use super::style::Tone;
use super::tables::{Cell, Column, Rounding, Table};
use super::verdict::Verdict;

/// Columns everything fits into.
pub const WIDTH: usize = 80;

/// The screen, one line break at the end.
pub fn closing_screen(screen: &ClosingScreen, color: bool) -> String {
    let strong = |text: &str| Tone::Strong.paint(color, text);
    let mut lines = vec![
        format!("{}  study {}  {}", strong(&screen.name), screen.study.short(8), screen.strategy),
        format!("objective {}", screen.table.objective),
        String::new(),
    ];
    lines.extend(ranked(&screen.table));
    lines.push(String::new());
    lines.extend(luck(&screen.luck, color));
    if let Some(forward) = &screen.forward {
        lines.push(String::new());
        lines.extend(walk_forward(forward, color));
    }
    if !screen.notes.is_empty() {
        lines.push(String::new());
        lines.push(strong("notes"));
        lines.extend(screen.notes.iter().flat_map(note));
    }
    lines.push(String::new());
    if let Some(reason) = &screen.truncated {
        lines.push(Tone::Look.paint(color, &format!("truncated: {reason}; the same command goes on")));
    }
    lines.extend(figures(screen));
    lines.push(String::new());
    lines.push(format!("digest  {}", screen.digest));
    lines.push(format!("folder  {}", screen.folder.display()));
    lines.push(format!("next    {}", next_steps(screen)));
    lines.join("\n") + "\n"
}

/// A table with its columns aligned; as wide as its content.
pub fn table(table: &Table) -> String {
    let mut grid = Grid::new();
    grid.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).force_no_tty();
    grid.set_header(table.columns.iter().map(|column| column.heading.clone()));
    for row in 0..table.rows.len() {
        grid.add_row((0..table.columns.len()).map(|column| table.shown(row, column)));
    }
    for (i, column) in grid.column_iter_mut().enumerate() {
        let right = table.is_numeric(i) || table.columns[i].heading == "trial";
        column.set_cell_alignment(if right { CellAlignment::Right } else { CellAlignment::Left });
        column.set_padding((0, 2));
    }
    let lines: Vec<_> = grid.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

/// Breaks words into lines of at most `width` columns, following lines indented by `indent`.
pub fn wrap(text: &str, width: usize, indent: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = text[..text.len() - text.trim_start().len()].to_owned();
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::replace(&mut line, " ".repeat(indent)));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    lines.push(line);
    lines
}

/// The ranked table with as many parameters as fit, then the best set in full.
fn ranked(ranked: &RankedTable) -> Vec<String> {
    let Some(best) = ranked.rows.first() else {
        return vec!["no trial finished".to_owned()];
    };
    let full = as_table(ranked);
    let fixed = full.columns.len() - ranked.params.len();
    let mut columns: Vec<usize> = (0..full.columns.len()).collect();
    let mut text = table(&full);
    while text.lines().any(|line| line.chars().count() > WIDTH) && columns.len() > fixed {
        columns.pop();
        text = table(&full.select(&columns));
    }
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if ranked.rows.iter().any(|row| !row.feasible) {
        lines.push("! does not meet the requirements".to_owned());
    }
    lines.push(String::new());
    let pairs = ranked.params.iter().zip(&best.params).map(|(name, value)| format!("{name}={value}"));
    let best = format!("best {} {}", best.trial, pairs.collect::<Vec<_>>().join(" "));
    lines.extend(wrap(&best, WIDTH, 5));
    lines
}

fn as_table(ranked: &RankedTable) -> Table {
    let mut columns = vec![
        Column::new("rank", Rounding::Exact),
        Column::new("trial_id", Rounding::Exact).headed("trial"),
        Column::new("objective", Rounding::Decimals(4)),
    ];
    columns.extend(ranked.metrics.iter().map(|key| Column::new(key, rounding(key)).headed(heading(key))));
    columns.extend(ranked.params.iter().map(|name| Column::new(format!("param.{name}"), Rounding::Exact)));
    let rows = ranked.rows.iter().enumerate().map(|(i, row)| {
        let rank = format!("{}{}", i + 1, if row.feasible { "" } else { "!" });
        let mut cells = vec![word(&rank), word(&row.trial.to_string()), Cell::optional(row.objective)];
        cells.extend(row.metrics.iter().map(|value| Cell::optional(*value)));
        cells.extend(row.params.iter().map(|value| Cell::Value(value.clone())));
        cells
    });
    let rows = rows.collect();
    Table { columns, rows }
}

fn word(text: &str) -> Cell {
    Cell::Value(crate::types::ParamValue::text(text))
}

/// Short headings for the metrics of the closing screen; `top` uses the keys themselves.
fn heading(key: &str) -> &str {
    match key {
        "total_trades" => "trades",
        "profit_net" => "net profit",
        "profit_factor" => "factor",
        "max_drawdown" => "drawdown",
        "sharpe_equity_daily" => "sharpe",
        "annual_return" => "annual",
        other => other,
    }
}

/// Counts have no decimals, money two, ratios four: what fits the screen.
fn rounding(key: &str) -> Rounding {
    match crate::metrics::MetricId::from_key(key).map(crate::metrics::MetricId::def) {
        Some(def) if def.integer => Rounding::Decimals(0),
        Some(def) if def.unit == "money" => Rounding::Money,
        _ => Rounding::Decimals(4),
    }
}

fn luck(luck: &LuckCheck, color: bool) -> Vec<String> {
    let verdict = luck.verdict();
    let tone = match verdict {
        Verdict::NoEvidence => Tone::Bad,
        Verdict::Weak => Tone::Look,
        Verdict::Moderate | Verdict::Strong => Tone::Good,
    };
    let head = Tone::Strong.paint(color, "luck check");
    let not_computed = || "not computed".to_owned();
    let trials = numbers::count(luck.trials);
    let dsr = match (luck.dsr, luck.dsr_effective, luck.n_effective) {
        (Some(dsr), Some(effective), Some(n)) => {
            format!("{dsr:.4} with {trials} trials ({effective:.4} with {n:.1} independent)")
        }
        (Some(dsr), _, _) => format!("{dsr:.4} with {trials} trials"),
        (None, ..) => format!("undefined ({trials} trials)"),
    };
    let pbo = luck.pbo.map_or_else(not_computed, |(pbo, low, high)| {
        format!("{} ({} to {})", numbers::percent(pbo), numbers::percent(low), numbers::percent(high))
    });
    let spa = luck.spa_p.map_or_else(not_computed, |p| format!("{p:.4}"));
    vec![
        format!("{head}: {}", tone.paint(color, verdict.as_str())),
        format!("  deflated Sharpe ratio  {dsr}"),
        format!("  overfitting (PBO)      {pbo}"),
        format!("  superior ability (p)   {spa}"),
    ]
}

/// One line per window, then the figures of the joined tests.
fn walk_forward(forward: &Forward, color: bool) -> Vec<String> {
    let columns = vec![
        Column::new("window", Rounding::Exact),
        Column::new("test", Rounding::Exact),
        Column::new("chosen", Rounding::Exact),
        Column::new("in sample", Rounding::Decimals(4)),
        Column::new("out of sample", Rounding::Decimals(4)),
        Column::new("net profit", Rounding::Money),
    ];
    let rows = forward.windows.iter().map(|window| {
        vec![
            Cell::Count(i64::from(window.number)),
            word(&format!("{} .. {}", window.from, window.to)),
            window.chosen.map_or(Cell::Undefined, |trial| word(&trial.to_string())),
            Cell::optional(window.in_sample),
            Cell::optional(window.out_of_sample),
            Cell::optional(window.net_profit),
        ]
    });
    let windows = Table { columns, rows: rows.collect() };
    let mut lines = vec![Tone::Strong.paint(color, "walk-forward")];
    lines.extend(table(&windows).lines().map(|line| format!("  {line}")));
    let Some(joined) = &forward.joined else {
        lines.push("  the tests are joined when every window is finished".to_owned());
        return lines;
    };
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| numbers::ratio(v, 4));
    let money = joined.net_profit.map_or_else(|| "-".to_owned(), numbers::money);
    let share = joined.profitable_share.map_or_else(|| "-".to_owned(), numbers::percent);
    lines.push(format!("  out of sample {} .. {}", joined.from, joined.to));
    lines.push(format!(
        "    {} {}, net profit {money}, {} trades, drawdown {}",
        forward.objective,
        number(joined.objective),
        numbers::count(joined.trades),
        number(joined.drawdown)
    ));
    lines.push(format!(
        "    efficiency {}, profitable windows {share}, coverage {}",
        number(joined.efficiency),
        numbers::percent(joined.coverage)
    ));
    lines.push(format!(
        "    rank correlation {}, parameter drift {}",
        number(joined.rank_correlation),
        number(joined.parameter_drift)
    ));
    lines
}

fn note(note: &Note) -> Vec<String> {
    wrap(&format!("  - {}", note.text()), WIDTH, 4)
}

fn figures(screen: &ClosingScreen) -> Vec<String> {
    let counts = &screen.counts;
    let rate = |per_second: Option<f64>| per_second.map_or("-".to_owned(), numbers::rate);
    let threads =
        if screen.threads == 1 { "1 thread".to_owned() } else { format!("{} threads", screen.threads) };
    let there = counts.stored.saturating_sub(counts.run);
    let more =
        if there > 0 { format!(" ({} more were there)", numbers::count(there)) } else { String::new() };
    let run = format!(
        "{} trials{more} in {}, {threads}",
        numbers::count(counts.run),
        numbers::seconds(screen.seconds)
    );
    let mut speed =
        format!("{} trials/s, {} bars/s", rate(screen.trials_per_second()), rate(screen.bars_per_second()));
    if let Some(peak) = screen.peak_memory {
        speed = format!("{speed}; peak memory {}", numbers::bytes(peak));
    }
    let mut kinds = format!(
        "{} meet the requirements, {} failed, {} pruned",
        numbers::count(counts.feasible),
        numbers::count(counts.failed),
        numbers::count(counts.pruned)
    );
    if let Some(excluded) = counts.excluded {
        kinds = format!("{kinds}, {} excluded", numbers::count(excluded));
    }
    let cache = &screen.cache;
    let series = format!(
        "{} shared series for {} requests ({} hits), {}",
        numbers::count(cache.series),
        numbers::count(cache.requests),
        cache.hit_rate().map_or("-".to_owned(), numbers::percent),
        numbers::bytes(cache.bytes)
    );
    [run, speed, kinds, series].iter().flat_map(|line| wrap(line, WIDTH, 2)).collect()
}

/// The three commands most people want now.
fn next_steps(screen: &ClosingScreen) -> String {
    let run = screen.folder.display();
    if screen.table.rows.is_empty() {
        return format!("omega-sweep top {run}");
    }
    format!("omega-sweep show {run} 1\n        omega-sweep top {run} -n 20\n        omega-sweep verify {run}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{CacheUse, Counts, ForwardWindow, HoldoutState, OutOfSampleFigures, RankedRow};
    use crate::types::{Digest, ParamValue, TrialId};

    fn example() -> ClosingScreen {
        let row = |trial, feasible, sharpe: f64, trades: f64| RankedRow {
            trial: TrialId(trial),
            feasible,
            objective: Some(sharpe),
            metrics: vec![Some(trades), Some(1234.5 * sharpe), Some(1.31), Some(0.0842)],
            params: vec![
                ParamValue::Int(20),
                ParamValue::Float(1.5),
                ParamValue::Int(180),
                ParamValue::Float(-1.1),
                ParamValue::Float(1.4),
            ],
        };
        ClosingScreen {
            name: "mrz-eurusd-grid".to_owned(),
            study: Digest([0x1a; 32]),
            strategy: "mean_reversion_z_score".to_owned(),
            table: RankedTable {
                objective: "sharpe_equity_daily, largest first".to_owned(),
                metrics: ["total_trades", "profit_net", "profit_factor", "max_drawdown"]
                    .map(str::to_owned)
                    .into(),
                params: ["b_b_length", "std_factor", "window_length", "z_score_long", "atr_mult"]
                    .map(str::to_owned)
                    .into(),
                rows: vec![
                    row(8123, true, 1.0213, 412.0),
                    row(81, true, 0.98, 388.0),
                    row(7, false, 2.5, 11.0),
                ],
            },
            luck: LuckCheck { trials: 11_286, dsr: Some(0.8312), ..LuckCheck::default() },
            forward: None,
            notes: vec![
                Note::EdgeOfRange {
                    param: "b_b_length".to_owned(),
                    value: ParamValue::Int(20),
                    at_end: false,
                },
                Note::AmbiguousExits { share: 0.012 },
                Note::Holdout(HoldoutState::Sealed("last 20 %, from 2023-05-11".to_owned())),
                Note::Profile {
                    name: "realistic".to_owned(),
                    deviations: vec!["market_fill=signal_price".to_owned(), "gap_fills=false".to_owned()],
                },
            ],
            counts: Counts {
                stored: 11_286,
                run: 9_000,
                feasible: 523,
                excluded: Some(2_970),
                ..Counts::default()
            },
            bars: 900_000_000,
            cache: CacheUse { series: 1234, requests: 45_144, bytes: 50_331_648 },
            seconds: 12.34,
            threads: 2,
            peak_memory: Some(327_155_712),
            digest: Digest([0x9f; 32]),
            folder: "results/mrz-eurusd-grid-1a1a1a1a".into(),
            truncated: None,
        }
    }

    #[test]
    fn the_closing_screen_fits_eighty_columns() {
        let text = closing_screen(&example(), false);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_walk_forward_study_shows_its_windows_and_the_joined_tests() {
        let window = |number, chosen: Option<u64>| ForwardWindow {
            number,
            from: "2023-09-01".to_owned(),
            to: "2023-10-31".to_owned(),
            chosen: chosen.map(TrialId),
            in_sample: chosen.map(|_| 1.25),
            out_of_sample: chosen.map(|_| -0.31),
            net_profit: chosen.map(|_| -812.5),
        };
        let joined = OutOfSampleFigures {
            from: "2023-09-01".to_owned(),
            to: "2024-06-30".to_owned(),
            objective: Some(0.42),
            net_profit: Some(2310.75),
            trades: 211,
            drawdown: Some(0.0312),
            efficiency: Some(0.38),
            profitable_share: Some(0.6),
            coverage: 1.0,
            rank_correlation: None,
            parameter_drift: Some(0.12),
        };
        let mut screen = example();
        screen.forward = Some(Forward {
            objective: "sharpe_equity_daily".to_owned(),
            windows: vec![window(1, Some(8123)), window(2, None)],
            joined: Some(joined),
        });
        let text = closing_screen(&screen, false);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        let start = text.find("walk-forward").expect("shown");
        insta::assert_snapshot!(text[start..].split("\n\n").next().expect("a part"));
    }

    #[test]
    fn the_summary_object_is_a_contract() {
        insta::assert_json_snapshot!(example().to_json());
    }

    #[test]
    fn an_empty_run_says_so() {
        let mut screen = example();
        screen.table.rows.clear();
        screen.luck = LuckCheck::default();
        screen.truncated = Some("stopped by Ctrl-C".to_owned());
        let text = closing_screen(&screen, false);
        assert!(text.contains("no trial finished"), "{text}");
        assert!(text.contains("luck check: no evidence"), "{text}");
        assert!(text.contains("truncated: stopped by Ctrl-C; the same command goes on"), "{text}");
    }

    #[test]
    fn long_words_wrap_under_their_first_line() {
        assert_eq!(wrap("  - aaa bbb ccc", 9, 4), ["  - aaa", "    bbb", "    ccc"]);
        assert_eq!(wrap("best #1 a=1 b=2 c=3", 14, 5), ["best #1 a=1", "     b=2 c=3"]);
    }
}
