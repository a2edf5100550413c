//! Bars as rows, and the axis on which a run walks.

use super::input::{Case, Direction, EngineKind, Row, Timeline};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Prices {
    pub(crate) open: f64,
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) close: f64,
}

/// One bar of one symbol; `ts` is its open time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bar {
    pub(crate) ts: i64,
    pub(crate) bid: Prices,
    pub(crate) ask: Option<Prices>,
}

impl Bar {
    pub(crate) fn from_row(row: &Row) -> Self {
        let (ts, open, high, low, close, ask_open, ask_high, ask_low, ask_close) = *row;
        let ask = match (ask_open, ask_high, ask_low, ask_close) {
            (Some(open), Some(high), Some(low), Some(close)) => Some(Prices { open, high, low, close }),
            _ => None,
        };
        Self { ts, bid: Prices { open, high, low, close }, ask }
    }

    /// The prices a position leaves at: bid for a long, ask for a short, bid when there is no ask row.
    pub(crate) fn exit_side(&self, direction: Direction) -> Prices {
        match direction {
            Direction::Long => self.bid,
            Direction::Short => self.ask.unwrap_or(self.bid),
        }
    }

    /// The prices a position enters at: ask for a long, bid for a short.
    pub(crate) fn entry_side(&self, direction: Direction) -> Option<Prices> {
        match direction {
            Direction::Long => self.ask,
            Direction::Short => Some(self.bid),
        }
    }
}

/// The axis and, per symbol and instant, the bar that opens there.
#[derive(Debug, Clone)]
pub(crate) struct Market {
    pub(crate) axis: Vec<i64>,
    rows: Vec<Vec<Option<Bar>>>,
}

impl Market {
    pub(crate) fn new(case: &Case) -> Result<Self, String> {
        let series: Vec<Vec<Bar>> =
            case.symbols.iter().map(|s| case.candles[s].iter().map(Bar::from_row).collect()).collect();
        let axis = axis(case, &series);
        if axis.is_empty() {
            return Err("no common timestamps".to_owned());
        }
        let rows = series
            .iter()
            .map(|bars| axis.iter().map(|ts| bars.iter().find(|bar| bar.ts == *ts).copied()).collect())
            .collect();
        Ok(Self { axis, rows })
    }

    pub(crate) fn bar(&self, symbol: usize, index: usize) -> Option<Bar> {
        self.rows[symbol][index]
    }

    /// The symbol's newest bar up to and including the instant.
    pub(crate) fn last(&self, symbol: usize, index: usize) -> Option<Bar> {
        (0..=index).rev().find_map(|i| self.rows[symbol][i])
    }

    /// The number, from 0, of the symbol's newest bar up to and including the instant, among its own bars on the axis.
    pub(crate) fn ordinal(&self, symbol: usize, index: usize) -> usize {
        let so_far = self.rows[symbol][..=index].iter().filter(|bar| bar.is_some()).count();
        so_far.checked_sub(1).expect("the symbol has had a bar")
    }

    /// Smallest index at or after the start time (2.1).
    pub(crate) fn start_index(&self, case: &Case) -> Result<usize, String> {
        match (case.start_time_us, case.engine) {
            (Some(start), _) => self
                .axis
                .iter()
                .position(|ts| *ts >= start)
                .ok_or_else(|| "no bar after the start".to_owned()),
            (None, EngineKind::Cross) => Ok(0),
            (None, EngineKind::Single) => Err("a single run needs a start time".to_owned()),
        }
    }
}

fn axis(case: &Case, series: &[Vec<Bar>]) -> Vec<i64> {
    if case.engine == EngineKind::Single {
        return series[0].iter().map(|bar| bar.ts).collect();
    }
    let mut axis: Vec<i64> = series.iter().flatten().map(|bar| bar.ts).collect();
    axis.sort_unstable();
    axis.dedup();
    if case.timeline == Timeline::Intersection {
        let both_sides = |bars: &Vec<Bar>, ts: i64| bars.iter().any(|bar| bar.ts == ts && bar.ask.is_some());
        axis.retain(|ts| series.iter().all(|bars| both_sides(bars, *ts)));
    }
    axis
}
