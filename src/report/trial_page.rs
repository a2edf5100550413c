//! One trial in full: parameters, metrics, itemised costs, equity and trades, as text and as an object.

use serde_json::{Map, Value, json};

use super::numbers;
use super::screen::Note;
use super::style::Tone;
use super::tables::{Cell, Column, Rounding, Table};
use super::terminal::{WIDTH, table, wrap};
use crate::data::MultiSymbolData;
use crate::engine::TrialRun;
use crate::metrics::MetricId;
use crate::sweep::TrialRow;
use crate::types::{CurvePoint, ParamValue, StepRange, Trade};

/// Points of the equity curve that the text shows.
const POINTS: usize = 12;

/// Everything about one stored trial that was simulated again.
#[derive(Debug, Clone, Copy)]
pub struct TrialPage<'a> {
    /// The run folder as it was named.
    pub run: &'a str,
    /// Place in the ranking, from 1, and number of ranked trials.
    pub rank: Option<(usize, usize)>,
    /// The row as stored.
    pub stored: &'a TrialRow,
    /// The row as the new simulation gives it.
    pub again: &'a TrialRow,
    /// What the new simulation did; `None` when the trial fails.
    pub simulated: Option<&'a TrialRun>,
    /// Execution profile of the run.
    pub profile: &'a str,
    /// What deviates from the profile, `key=value` each.
    pub deviations: &'a [String],
    /// The market.
    pub data: &'a MultiSymbolData,
    /// Steps it ran on.
    pub window: StepRange,
    /// Number of its walk-forward window, from 1; `None` without windows.
    pub window_number: Option<u32>,
}

impl TrialPage<'_> {
    /// As text with the last `trades` trades.
    pub fn text(&self, trades: usize, color: bool) -> String {
        let strong = |text: &str| Tone::Strong.paint(color, text);
        let mut lines =
            vec![format!("{}  {}", strong(&format!("trial {}", self.stored.trial.id)), self.place())];
        lines.push(self.range());
        lines.extend(self.state());
        lines.push(self.confirmation(color));
        lines.extend(wrap(&self.execution().text(), WIDTH, 2));
        lines.extend([String::new(), strong("parameters")]);
        lines.extend(
            self.stored
                .trial
                .params
                .iter()
                .flat_map(|(name, value)| wrap(&format!("  {name} = {value}"), WIDTH, 6)),
        );
        lines.extend([String::new(), strong("metrics")]);
        lines.extend(indented(&self.metrics()));
        if let Some(run) = self.simulated {
            lines.extend([String::new(), strong("costs")]);
            lines.extend(costs(&run.trades));
            lines.extend([String::new(), strong("equity")]);
            lines.extend(indented(&self.equity(run)));
            let shown = trades.min(run.trades.len());
            let heading = format!("trades ({} of {})", numbers::count(shown as u64), run.trades.len());
            lines.extend([String::new(), strong(&heading)]);
            if shown > 0 {
                lines.extend(indented(&self.trades(&run.trades[run.trades.len() - shown..])));
            }
        }
        lines.join("\n") + "\n"
    }

    /// As an object, with every trade and every point of the equity curve.
    pub fn to_json(&self) -> Value {
        let row = self.stored;
        let params = row.trial.params.iter().map(|(name, value)| (name.to_owned(), value.to_json()));
        let metrics = MetricId::all().map(|id| (id.key().to_owned(), json!(row.metrics.get(id.index()))));
        let point = |point: CurvePoint| {
            json!({"time": self.data.time(point.step as usize).to_string(), "cash": point.cash,
                   "equity": point.equity})
        };
        json!({
            "schema": "omega-sweep/trial/1",
            "run": self.run,
            "trial": row.trial.id.0,
            "fold": row.fold,
            "rank": self.rank.map(|(rank, _)| rank),
            "status": row.status.as_str(),
            "error": row.error,
            "feasible": row.feasible,
            "violation": row.violation,
            "objective": row.objectives.first().copied().flatten(),
            "digest": row.digest.to_hex(),
            "digest_again": self.again.digest.to_hex(),
            "confirmed": row.digest == self.again.digest,
            "profile": self.profile,
            "deviations": self.deviations,
            "params": params.collect::<Map<_, _>>(),
            "metrics": metrics.collect::<Map<_, _>>(),
            "costs": self.simulated.map(|run| costs_json(&run.trades)),
            "trades": self.simulated.map(|run| run.trades.iter().map(|t| self.trade_json(t)).collect::<Vec<_>>()),
            "equity": self.simulated.map(|run| run.curve.points().map(point).collect::<Vec<_>>()),
        })
    }

    fn place(&self) -> String {
        match self.rank {
            Some((rank, of)) => {
                format!("rank {} of {}  {}", numbers::count(rank as u64), numbers::count(of as u64), self.run)
            }
            None => self.run.to_owned(),
        }
    }

    fn range(&self) -> String {
        let (first, last) = (self.data.time(self.window.start), self.data.time(self.window.end - 1));
        let fold = self.window_number.map_or_else(String::new, |number| format!(" (window {number})"));
        format!("{first} .. {last}, {} bars{fold}", numbers::count(self.window.len() as u64))
    }

    fn state(&self) -> Vec<String> {
        let row = self.stored;
        let mut lines = vec![match (row.status.as_str(), row.feasible) {
            ("ok", true) => "meets the requirements".to_owned(),
            ("ok", false) => {
                format!("does not meet the requirements (violation {})", row.violation.unwrap_or(0.0))
            }
            (status, _) => status.to_owned(),
        }];
        lines.extend(row.error.iter().flat_map(|error| wrap(error, WIDTH, 2)));
        lines
    }

    /// The profile line of the closing screen.
    fn execution(&self) -> Note {
        Note::Profile { name: self.profile.to_owned(), deviations: self.deviations.to_vec() }
    }

    fn confirmation(&self, color: bool) -> String {
        let (stored, again) = (self.stored.digest.short(16), self.again.digest.short(16));
        if self.stored.digest == self.again.digest {
            Tone::Good.paint(color, &format!("confirmed: simulated again, digest {again} as stored"))
        } else {
            Tone::Bad.paint(color, &format!("differs: stored digest {stored}, simulated again {again}"))
        }
    }

    fn metrics(&self) -> Table {
        let columns = ["metric", "value", "unit"].map(|name| Column::new(name, Rounding::Decimals(4)));
        let word = |text: &str| Cell::Value(ParamValue::text(text));
        let row = |id: MetricId| {
            let value = match (self.stored.metrics.get(id.index()), id.def()) {
                (None, _) => "-".to_owned(),
                (Some(value), def) if def.integer && value.fract() == 0.0 => numbers::ratio(value, 0),
                (Some(value), def) if def.unit == "money" => numbers::money(value),
                (Some(value), _) => numbers::ratio(value, 4),
            };
            vec![word(id.key()), word(&value), word(id.def().unit)]
        };
        Table { columns: columns.into(), rows: MetricId::all().map(row).collect() }
    }

    /// The curve at evenly spaced steps, with the distance from the highest equity before.
    fn equity(&self, run: &TrialRun) -> Table {
        let columns = vec![
            Column::new("time", Rounding::Exact),
            Column::new("cash", Rounding::Money),
            Column::new("equity", Rounding::Money),
            Column::new("drawdown", Rounding::Decimals(4)),
        ];
        let steps = self.window.len();
        let wanted: Vec<usize> =
            (1..=POINTS).map(|k| self.window.start + (steps * k).div_ceil(POINTS) - 1).collect();
        let mut rows = Vec::new();
        let mut peak = run.initial_balance;
        for (step, point) in (self.window.start..self.window.end).zip(run.curve.per_step()) {
            peak = peak.max(point.equity);
            if wanted.binary_search(&step).is_ok() {
                rows.push(vec![
                    Cell::Value(ParamValue::text(&self.data.time(step).to_string())),
                    Cell::Number(point.cash),
                    Cell::Number(point.equity),
                    Cell::optional((peak > 0.0).then(|| 1.0 - point.equity / peak)),
                ]);
            }
        }
        rows.dedup();
        Table { columns, rows }
    }

    fn symbol(&self, trade: &Trade) -> &str {
        self.data.symbols().get(trade.symbol.index()).map_or("?", |symbol| symbol.spec.name.as_str())
    }

    fn trades(&self, trades: &[Trade]) -> Table {
        let columns = vec![
            Column::new("entered", Rounding::Exact),
            Column::new("symbol", Rounding::Exact),
            Column::new("side", Rounding::Exact),
            Column::new("lots", Rounding::Exact),
            Column::new("entry", Rounding::Exact),
            Column::new("exit", Rounding::Exact),
            Column::new("net", Rounding::Money),
            Column::new("R", Rounding::Decimals(2)),
            Column::new("closed by", Rounding::Exact),
        ];
        let word = |text: &str| Cell::Value(ParamValue::text(text));
        let minute = |text: String| text.get(..16).map_or(text.clone(), |head| head.replace('T', " "));
        let row = |trade: &Trade| {
            vec![
                word(&minute(trade.trigger_time.to_string())),
                word(self.symbol(trade)),
                word(trade.direction.as_str()),
                word(&lots(trade.size)),
                word(&format!("{:.5}", trade.entry_price)),
                word(&format!("{:.5}", trade.exit_price)),
                Cell::Number(trade.result - trade.total_fee() - trade.swap),
                Cell::optional(trade.r_multiple),
                word(trade.reason.as_str()),
            ]
        };
        Table { columns, rows: trades.iter().map(row).collect() }
    }

    fn trade_json(&self, trade: &Trade) -> Value {
        json!({
            "symbol": self.symbol(trade),
            "direction": trade.direction.as_str(),
            "order_type": trade.order_type.as_str(),
            "entry_time": trade.entry_time.to_string(),
            "trigger_time": trade.trigger_time.to_string(),
            "exit_time": trade.exit_time.to_string(),
            "entry_price": trade.entry_price,
            "exit_price": trade.exit_price,
            "initial_stop_loss": trade.initial_stop_loss,
            "initial_take_profit": trade.initial_take_profit,
            "stop_loss": trade.stop_loss,
            "take_profit": trade.take_profit,
            "size": trade.size,
            "result": trade.result,
            "r_multiple": trade.r_multiple,
            "entry_fee": trade.entry_fee,
            "exit_fee": trade.exit_fee,
            "swap": trade.swap,
            "costs": costs_json(std::slice::from_ref(trade)),
            "ambiguous": trade.ambiguous,
            "reason": trade.reason.as_str(),
            "scenario": trade.scenario,
        })
    }
}

/// Lots without the noise of binary fractions.
fn lots(size: f64) -> String {
    let text = format!("{size:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What all trades paid, item by item, and what is left.
fn cost_items(trades: &[Trade]) -> [(&'static str, f64); 4] {
    let sum = |item: fn(&Trade) -> f64| trades.iter().map(item).sum();
    [
        ("spread", sum(|t| t.costs.spread)),
        ("slippage", sum(|t| t.costs.slippage)),
        ("commission", sum(|t| t.costs.commission)),
        ("swap", sum(|t| t.costs.swap)),
    ]
}

fn costs(trades: &[Trade]) -> Vec<String> {
    let items = cost_items(trades);
    let total: f64 = items.iter().map(|(_, amount)| amount).sum();
    let line = |name: &str, amount: f64| format!("  {name:<12}{:>14}", numbers::money(amount));
    let mut lines: Vec<String> = items.iter().map(|(name, amount)| line(name, *amount)).collect();
    lines.push(line("total", total));
    lines
}

fn costs_json(trades: &[Trade]) -> Value {
    cost_items(trades)
        .iter()
        .map(|(name, amount)| ((*name).to_owned(), json!(amount)))
        .collect::<Map<_, _>>()
        .into()
}

fn indented(content: &Table) -> Vec<String> {
    table(content).lines().map(|line| format!("  {line}")).collect()
}
