//! Figures as a person reads them, and as one JSON object for programs.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{BenchOptions, Market, Numbers, Repetitions, Source, SweepFigures, WalkFigures};
use crate::engine::Clock;
use crate::report::numbers;

/// What was measured of one workload or file.
#[derive(Debug, Clone)]
pub struct Report {
    name: String,
    market: &'static str,
    threads: usize,
    clock: Clock,
    peak_memory: Option<u64>,
    figures: Figures,
}

/// A sweep or the walk.
#[derive(Debug, Clone)]
enum Figures {
    Sweep(SweepFigures, Duration),
    Walk(WalkFigures),
}

impl Report {
    /// Of a sweep. `begun` is the time of the process at which its measurement began, zero for the first one;
    /// `peak_memory` in bytes is that of the process so far.
    pub fn of_sweep(
        source: &Source,
        market: Option<&Market>,
        options: &BenchOptions,
        figures: SweepFigures,
        begun: Duration,
        peak_memory: Option<u64>,
    ) -> Self {
        let market = match market {
            _ if figures.reference => "reference",
            Some(Market::Generated(_)) => "generated",
            Some(Market::Folder(_)) => "folder",
            None => "file",
        };
        let first = figures.first_result.saturating_sub(begun);
        Self {
            name: source.name(),
            market,
            threads: options.threads,
            clock: options.clock,
            peak_memory,
            figures: Figures::Sweep(figures, first),
        }
    }

    /// Of the walk.
    pub fn of_walk(options: &BenchOptions, figures: WalkFigures, peak_memory: Option<u64>) -> Self {
        let market = match figures.numbers {
            Some(numbers) if numbers.all_right() => "reference",
            Some(_) => "folder",
            None => "generated",
        };
        let figures = Figures::Walk(figures);
        Self { name: "w4".to_owned(), market, threads: 1, clock: options.clock, peak_memory, figures }
    }

    /// Whether nothing recorded was missed.
    pub fn all_right(&self) -> bool {
        self.numbers().is_none_or(Numbers::all_right)
    }

    fn numbers(&self) -> Option<Numbers> {
        match &self.figures {
            Figures::Sweep(figures, _) => figures.numbers,
            Figures::Walk(figures) => figures.numbers,
        }
    }

    fn used(&self) -> &Repetitions {
        match &self.figures {
            Figures::Sweep(figures, _) => &figures.used,
            Figures::Walk(figures) => &figures.used,
        }
    }

    fn clock_name(&self) -> &'static str {
        match self.clock {
            Clock::EveryBar => "every-bar",
            Clock::Skipping => "skipping",
        }
    }

    /// One object with every figure; times in seconds and nanoseconds, sizes in bytes.
    pub fn to_json(&self) -> Value {
        let (used, least) = (self.used(), self.used().least());
        let all = |of: fn(&super::Usage) -> Duration| -> Vec<f64> {
            used.all().iter().map(|usage| of(usage).as_secs_f64()).collect()
        };
        let right = self.numbers().map(|numbers| json!({"right": numbers.right, "of": numbers.of}));
        let mut out = Map::new();
        let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
        put("tool", "omega-sweep".into());
        put("version", env!("CARGO_PKG_VERSION").into());
        put("workload", self.name.as_str().into());
        put("market", self.market.into());
        put("threads", self.threads.into());
        put("repeat", used.all().len().into());
        put("wall_s", least.wall.as_secs_f64().into());
        put("user_s", least.user.as_secs_f64().into());
        put("sys_s", least.system.as_secs_f64().into());
        put("cpu_s_all", all(|usage| usage.cpu()).into());
        put("wall_s_all", all(|usage| usage.wall).into());
        put("spread", used.spread().into());
        put("numbers", right.into());
        put("peak_rss", self.peak_memory.into());
        match &self.figures {
            Figures::Sweep(figures, first) => self.put_sweep(&mut out, figures, *first),
            Figures::Walk(figures) => put_walk(&mut out, figures),
        }
        out.into()
    }

    fn put_sweep(&self, out: &mut Map<String, Value>, figures: &SweepFigures, first: Duration) {
        let (least, bar_sets) = (figures.used.least(), figures.bar_sets());
        let wall = least.wall.as_secs_f64();
        let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
        put("clock", self.clock_name().into());
        put("bars", figures.bars.into());
        put("sets", figures.sets.into());
        put("cpu_ns_per_bar_set", nanoseconds(least.cpu(), bar_sets).into());
        put("wall_ns_per_bar_set", nanoseconds(least.wall, bar_sets).into());
        put("cpu_ns_per_trade", nanoseconds(least.cpu(), figures.trades as f64).into());
        put("trials_per_s", (figures.sets as f64 / wall).into());
        put("bars_per_s", (bar_sets / wall).into());
        put("bars_stepped_share", figures.stepped_share().into());
        let cache = figures.cache;
        put("cache", json!({"requests": cache.requests, "hits": cache.hits, "bytes": cache.bytes}));
        put("trades", figures.trades.into());
        put("profit_net", figures.profit.into());
        put("digest", figures.digest.to_string().into());
        put("load_wall_s", figures.load.wall.as_secs_f64().into());
        put("load_cpu_s", figures.load.cpu().as_secs_f64().into());
        put("first_result_s", first.as_secs_f64().into());
    }

    /// A block of lines.
    pub fn lines(&self) -> String {
        let (used, least) = (self.used(), self.used().least());
        let spread = match used.all().len() {
            1 => "one run".to_owned(),
            n => format!("least of {n} runs, dearest +{}", numbers::percent(used.spread())),
        };
        let text = match &self.figures {
            Figures::Sweep(figures, first) => self.sweep_lines(figures, *first, &spread),
            Figures::Walk(figures) => format!(
                "{}: {} steps, {} bars of 10 symbols\n  cpu      {:.2} ns per step, {:.2} ns per bar ({spread})\n",
                self.name,
                numbers::count(figures.steps),
                numbers::count(figures.symbol_bars),
                nanoseconds(least.cpu(), figures.steps as f64),
                nanoseconds(least.cpu(), figures.symbol_bars as f64),
            ),
        };
        let memory = self
            .peak_memory
            .map_or_else(String::new, |peak| format!(", peak memory {}", numbers::bytes(peak)));
        format!("{text}  numbers  {}{memory}\n", self.verdict())
    }

    fn sweep_lines(&self, figures: &SweepFigures, first: Duration, spread: &str) -> String {
        let (least, bar_sets) = (figures.used.least(), figures.bar_sets());
        let (wall, cache) = (least.wall.as_secs_f64(), figures.cache);
        let hits = if cache.requests == 0 { 0.0 } else { cache.hits as f64 / cache.requests as f64 };
        format!(
            "{}: {} sets of {} bars, {} trades, {} clock, {} thread{}\n\
             \x20 cpu      {:.3} ns per bar and set, {:.0} ns per trade, {} ({spread})\n\
             \x20 wall     {}, {} trials/s, {} bars/s; first result after {}, of it {} for the bars\n\
             \x20 work     {} of the bars stepped on, {} of the series shared, {}\n",
            self.name,
            numbers::count(figures.sets),
            numbers::count(figures.bars),
            numbers::count(figures.trades),
            self.clock_name(),
            self.threads,
            if self.threads == 1 { "" } else { "s" },
            nanoseconds(least.cpu(), bar_sets),
            nanoseconds(least.cpu(), figures.trades as f64),
            numbers::seconds(least.cpu().as_secs_f64()),
            numbers::seconds(wall),
            numbers::rate(figures.sets as f64 / wall),
            numbers::rate(bar_sets / wall),
            numbers::seconds(first.as_secs_f64()),
            numbers::seconds(figures.load.wall.as_secs_f64()),
            numbers::percent(figures.stepped_share()),
            numbers::percent(hits),
            numbers::bytes(cache.bytes),
        )
    }

    /// Whether the answers are the recorded ones, in words.
    fn verdict(&self) -> String {
        match (self.numbers(), &self.figures) {
            (Some(numbers), Figures::Sweep(..)) if numbers.all_right() => {
                format!("right: {} of {} sets as recorded", numbers.right, numbers.of)
            }
            (Some(numbers), Figures::Sweep(..)) => {
                format!("WRONG: only {} of {} sets as recorded", numbers.right, numbers.of)
            }
            (Some(numbers), Figures::Walk(_)) if numbers.all_right() => {
                "right: steps, bars and checksum".to_owned()
            }
            (Some(_), Figures::Walk(figures)) => {
                format!("WRONG: checksum {} is not the recorded one", figures.checksum)
            }
            (None, _) => {
                format!("not compared: results are recorded for another market ({} here)", self.market)
            }
        }
    }
}

fn put_walk(out: &mut Map<String, Value>, figures: &WalkFigures) {
    let least = figures.used.least();
    let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
    put("steps", figures.steps.into());
    put("symbol_bars", figures.symbol_bars.into());
    put("cpu_ns_per_step", nanoseconds(least.cpu(), figures.steps as f64).into());
    put("cpu_ns_per_symbol_bar", nanoseconds(least.cpu(), figures.symbol_bars as f64).into());
    put("checksum", figures.checksum.into());
    put("load_wall_s", figures.load.wall.as_secs_f64().into());
    put("load_cpu_s", figures.load.cpu().as_secs_f64().into());
}

/// Nanoseconds per piece of work; 0 without any.
fn nanoseconds(span: Duration, pieces: f64) -> f64 {
    if pieces > 0.0 { span.as_secs_f64() * 1e9 / pieces } else { 0.0 }
}

/// The figures that matter of several reports, one row each.
pub fn table(reports: &[Report]) -> String {
    let head =
        row(["workload", "bars", "sets", "cpu ns", "trials/s", "spread", "numbers"].map(ToOwned::to_owned));
    let rows: String = reports.iter().map(|report| row(report.cells())).collect();
    format!("{head}{rows}cpu ns: CPU nanoseconds per bar and parameter set, of w4 per step\n")
}

fn row([name, bars, sets, cost, rate, spread, answer]: [String; 7]) -> String {
    format!("{name:<8}  {bars:>9}  {sets:>9}  {cost:>8}  {rate:>8}  {spread:>7}  {answer}\n")
}

impl Report {
    /// One row of the table.
    fn cells(&self) -> [String; 7] {
        let least = self.used().least();
        let (bars, sets, cost, rate) = match &self.figures {
            Figures::Sweep(figures, _) => (
                numbers::count(figures.bars),
                numbers::count(figures.sets),
                format!("{:.3}", nanoseconds(least.cpu(), figures.bar_sets())),
                numbers::rate(figures.sets as f64 / least.wall.as_secs_f64()),
            ),
            Figures::Walk(figures) => (
                numbers::count(figures.steps),
                "-".to_owned(),
                format!("{:.2}", nanoseconds(least.cpu(), figures.steps as f64)),
                "-".to_owned(),
            ),
        };
        let answer = match self.numbers() {
            Some(numbers) => format!("{}/{} right", numbers.right, numbers.of),
            None => "not compared".to_owned(),
        };
        [self.name.clone(), bars, sets, cost, rate, numbers::percent(self.used().spread()), answer]
    }
}
