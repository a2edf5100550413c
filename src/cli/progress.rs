//! Progress on standard error: a bar on a terminal, lines elsewhere, JSON for programs.
//!
//! At most ten updates a second on a terminal; remaining time from a moving rate, shown after two seconds. Together
//! with the manifest the only reader of a clock: nothing here reaches a result.

use std::collections::VecDeque;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use super::args::ProgressMode;
use super::output::Console;
use crate::report::numbers;
use crate::sweep::{Progress, ProgressEvent, TrialRow};

/// Seconds before a remaining time is believed.
const TRUST_AFTER: f64 = 2.0;
/// Seconds the rate looks back.
const LOOK_BACK: f64 = 10.0;

/// Shows one run.
#[derive(Debug)]
pub(crate) struct Display {
    console: Console,
    mode: ProgressMode,
    started: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    total: u64,
    done: u64,
    trials: u64,
    failed: u64,
    best: String,
    rate: MovingRate,
    begun: f64,
    drawn: Option<f64>,
    bar: Option<ProgressBar>,
}

impl Display {
    /// A display; `auto` becomes a bar on a terminal and lines elsewhere, `-q` nothing.
    pub(crate) fn new(console: Console, mode: ProgressMode) -> Self {
        let mode = match mode {
            _ if console.verbosity < 0 => ProgressMode::None,
            ProgressMode::Auto if std::io::stderr().is_terminal() => ProgressMode::Bar,
            ProgressMode::Auto => ProgressMode::Lines,
            chosen => chosen,
        };
        Self { console, mode, started: now(), state: Mutex::default() }
    }

    /// Seconds since the display was made.
    pub(crate) fn elapsed(&self) -> f64 {
        now().duration_since(self.started).as_secs_f64()
    }

    /// A line about the run: `kind` is `data`, `plan`, `cache`, `note`, ...
    pub(crate) fn line(&self, kind: &str, text: &str) {
        let text = if kind == "cache" {
            format!("{text}, {}", numbers::seconds(self.elapsed()))
        } else {
            text.into()
        };
        match self.mode {
            ProgressMode::None => {}
            ProgressMode::Json => self.json(kind, json!({"text": text})),
            _ => self.with_state(|state| match &state.bar {
                Some(bar) => bar.suspend(|| self.console.say(&labelled(kind, &text))),
                None => self.console.say(&labelled(kind, &text)),
            }),
        }
    }

    /// A phase of `total` trials begins, `stored` of them found finished.
    pub(crate) fn begin(&self, total: u64, stored: u64) {
        let seconds = self.elapsed();
        self.with_state(|state| {
            *state = State { total, done: stored, begun: seconds, ..State::default() };
            if self.mode == ProgressMode::Bar {
                state.bar = Some(bar(total, stored));
            }
        });
        if self.mode == ProgressMode::Json {
            self.json("begin", json!({"total": total, "stored": stored}));
        } else if stored > 0 {
            self.line("resume", &format!("{} trials are there already", numbers::count(stored)));
        }
    }

    /// So many trials of the phase are finished, stored ones included.
    ///
    /// `done` counts positions, excluded ones included; `trials` and `failed` count what was run.
    pub(crate) fn trials(&self, done: u64, trials: u64, failed: u64) {
        let seconds = self.elapsed();
        self.with_state(|state| {
            (state.done, state.trials, state.failed) = (done, trials, failed);
            let interval = if self.mode == ProgressMode::Bar { 0.1 } else { 1.0 };
            if state.drawn.is_some_and(|drawn| seconds - drawn < interval) && done < state.total {
                return;
            }
            state.drawn = Some(seconds);
            state.rate.sample(seconds, trials);
            self.draw(state, seconds);
        });
    }

    /// A new best trial, in words.
    pub(crate) fn best(&self, text: &str) {
        self.with_state(|state| text.clone_into(&mut state.best));
    }

    /// The phase is over; what was drawn over goes away.
    pub(crate) fn end(&self) {
        self.with_state(|state| {
            if let Some(bar) = state.bar.take() {
                bar.finish_and_clear();
            }
        });
    }

    fn draw(&self, state: &State, seconds: f64) {
        match self.mode {
            ProgressMode::None | ProgressMode::Auto => {}
            ProgressMode::Bar => {
                if let Some(bar) = &state.bar {
                    bar.set_position(state.done);
                    bar.set_message(state.words(seconds));
                    bar.set_prefix(cut(&state.best, 78));
                }
            }
            ProgressMode::Lines => {
                let best = if state.best.is_empty() { String::new() } else { format!("  {}", state.best) };
                self.console.say(&cut(&labelled("trials", &format!("{}{best}", state.words(seconds))), 80));
            }
            ProgressMode::Json => {
                let rate = state.rate.per_second();
                self.json(
                    "trials",
                    json!({"done": state.done, "total": state.total, "failed": state.failed, "rate": rate,
                           "left": state.left(seconds), "best": state.best}),
                );
            }
        }
    }

    fn json(&self, event: &str, mut fields: Value) {
        if let Some(map) = fields.as_object_mut() {
            map.insert("event".to_owned(), event.into());
            map.insert("seconds".to_owned(), self.elapsed().into());
        }
        self.console.complain(&fields.to_string());
    }

    fn with_state<T>(&self, action: impl FnOnce(&mut State) -> T) -> T {
        // A panic while drawing leaves numbers to show, nothing more.
        action(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Shows the events of a sweep.
#[derive(Debug)]
pub(crate) struct RunProgress<'a> {
    display: &'a Display,
    /// Names of the searched parameters: the only ones worth a place in the line of the best trial.
    searched: Vec<Arc<str>>,
}

impl<'a> RunProgress<'a> {
    /// Shows on a display.
    pub(crate) fn new(display: &'a Display, searched: Vec<Arc<str>>) -> Self {
        Self { display, searched }
    }

    /// `best 1.0213 #8123 fast=5 slow=80`
    fn best(&self, row: &TrialRow) -> String {
        let objective = row.objectives.first().copied().flatten();
        let mut words = format!("best {}", objective.map_or("-".to_owned(), |o| numbers::ratio(o, 4)));
        words = format!("{words} {}", row.trial.id);
        for name in &self.searched {
            if let Some(value) = row.trial.params.get(name) {
                words = format!("{words} {name}={value}");
            }
        }
        words
    }
}

impl Progress for RunProgress<'_> {
    fn event(&self, event: &ProgressEvent<'_>) {
        match event {
            ProgressEvent::Data(text) => self.display.line("data", text),
            ProgressEvent::Plan(text) => self.display.line("plan", text),
            ProgressEvent::Cache(text) => self.display.line("cache", text),
            ProgressEvent::Note(text) => self.display.line("note", text),
            ProgressEvent::Begin { total, resumed } => self.display.begin(*total, *resumed),
            ProgressEvent::Trials { done, counts } => {
                self.display.trials(*done, counts.trials, counts.failed);
            }
            ProgressEvent::Best(row) => self.display.best(&self.best(row)),
            ProgressEvent::Chunk(_) => {}
        }
    }
}

impl State {
    /// `12,345/48,000  25.7 %  8.21 k/s  4 m 05 s left  0 failed`
    fn words(&self, seconds: f64) -> String {
        let share = if self.total == 0 { 1.0 } else { self.done as f64 / self.total as f64 };
        let mut words = format!(
            "{}/{}  {}",
            numbers::count(self.done),
            numbers::count(self.total),
            numbers::percent(share.min(1.0))
        );
        if let Some(rate) = self.rate.per_second() {
            words = format!("{words}  {}/s", numbers::rate(rate));
        }
        if let Some(left) = self.left(seconds) {
            words = format!("{words}  {} left", numbers::seconds(left));
        }
        format!("{words}  {} failed", numbers::count(self.failed))
    }

    fn left(&self, seconds: f64) -> Option<f64> {
        if seconds - self.begun < TRUST_AFTER || self.done >= self.total {
            return None;
        }
        let rate = self.rate.per_second().filter(|rate| *rate > 0.0)?;
        // As many of the remaining positions are excluded as of those behind.
        let share = if self.done > 0 { self.trials as f64 / self.done as f64 } else { 1.0 };
        Some((self.total - self.done) as f64 * share / rate)
    }
}

/// Trials per second over the last ten seconds.
#[derive(Debug, Default)]
struct MovingRate(VecDeque<(f64, u64)>);

impl MovingRate {
    fn sample(&mut self, seconds: f64, done: u64) {
        self.0.push_back((seconds, done));
        // The newest sample before the look-back stays: the window never shrinks to nothing.
        while self.0.len() > 2 && self.0.get(1).is_some_and(|(old, _)| seconds - old > LOOK_BACK) {
            self.0.pop_front();
        }
    }

    fn per_second(&self) -> Option<f64> {
        let (first, last) = (self.0.front()?, self.0.back()?);
        let span = last.0 - first.0;
        (span > 0.0 && last.1 > first.1).then(|| last.1.saturating_sub(first.1) as f64 / span)
    }
}

fn bar(total: u64, stored: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(10));
    let style = ProgressStyle::with_template("{bar:16} {msg}\n{prefix}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_position(stored);
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

/// The label in a column of its own.
fn labelled(kind: &str, text: &str) -> String {
    format!("{kind:<7} {text}")
}

/// At most `width` characters, the last one an ellipsis when something was cut.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}

#[expect(clippy::disallowed_methods, reason = "progress is one of the two places that may read the clock")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_looks_back_ten_seconds_and_forgets_the_slow_start() {
        let mut rate = MovingRate::default();
        assert_eq!(rate.per_second(), None);
        rate.sample(0.0, 0);
        for second in 1..=60_u32 {
            let done = if second <= 30 { u64::from(second) } else { 30 + 100 * u64::from(second - 30) };
            rate.sample(f64::from(second), done);
        }
        assert_eq!(rate.per_second(), Some(100.0));
        assert!(rate.0.len() <= 13, "old samples are dropped");
    }

    #[test]
    fn remaining_time_waits_two_seconds() {
        let mut state = State { total: 1000, done: 100, trials: 100, ..State::default() };
        state.rate.sample(0.0, 0);
        state.rate.sample(1.0, 100);
        assert_eq!(state.words(1.0), "100/1,000  10.0 %  100/s  0 failed");
        (state.done, state.trials) = (300, 300);
        state.rate.sample(3.0, 300);
        assert_eq!(state.words(3.0), "300/1,000  30.0 %  100/s  7.00 s left  0 failed");
        state.done = 1000;
        assert_eq!(state.left(9.0), None);
    }

    #[test]
    fn long_lines_are_cut_with_an_ellipsis() {
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("abcd", 4), "abcd");
    }
}
