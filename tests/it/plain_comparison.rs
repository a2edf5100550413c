//! The engine against the plain second implementation of the rules: every trade, fee, draw and equity to the last bit.
//!
//! `OMEGA_SWEEP_CASES` multiplies the number of random cases, for long runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use omega_sweep::cache::IndicatorCache;
use omega_sweep::costs::{DrawAddress, DrawError, DrawState, Draws, RngDraws, SlippageStream};
use omega_sweep::data::{
    BarSeries, MultiSymbolData, NO_ROW, Ohlc, PriceColumns, RowMap, SymbolSeries, SymbolSpec,
};
use omega_sweep::engine::settings::{ManagementSettings, RatesSource, Session};
use omega_sweep::engine::{
    Clock, EngineInputs, EngineSettings, EventEngine, Observer, Outcome, RunRequest, WindowEnd,
};
use omega_sweep::execution::{Refusal, SizingMode};
use omega_sweep::portfolio::{FeeEntry, Position, PositionStatus, equity_per_trade};
use omega_sweep::strategy::{
    AccountView, BarView, Candidates, Level, PositionAction, Signals, Strategy, TradeSignal,
};
use omega_sweep::types::time::MINUTE;
use omega_sweep::types::{
    CloseReason, Digest, Direction, MasterSeed, OrderType, ParamValue, StepRange, SymbolId, Timeframe,
    Timestamp, Trade, TrialId,
};
use serde_json::{Value, json};

use super::differential::multiplier;
use super::plain_engine::input::{
    self, Case, Costs, EngineKind, SignalKind, Sizing, Timeline, TimestampMode,
};
use super::plain_engine::outcome::Outcome as Plain;
use super::plain_engine::{generate, run};

const CASES: u64 = 3_000;

/// A random case without what a sweep file cannot ask for: orders that wait at most no bar at all.
fn sweepable(seed: u64) -> Case {
    let mut case = generate::case(seed);
    if case.switches.pending_ttl_bars == Some(0) {
        case.switches.pending_ttl_bars = None;
    }
    case
}

/// What one strategy instance says and does.
struct Scripted {
    /// Signals by step, in list order; `None` = an exit signal.
    lines: BTreeMap<usize, Vec<(SymbolId, Option<TradeSignal>)>>,
    updates: BTreeMap<(usize, u64), (Option<f64>, Option<f64>)>,
    only_if_flat: bool,
    rows: Option<Arc<[u64]>>,
}

impl Strategy for Scripted {
    fn evaluate(&mut self, bar: &BarView<'_>, account: &AccountView<'_>, out: &mut Signals) {
        for (symbol, signal) in self.lines.get(&bar.step()).into_iter().flatten() {
            let present = bar.slice().get(*symbol).is_some();
            let silent = !present || self.only_if_flat && !account.is_flat(*symbol);
            match signal {
                Some(signal) if !silent => out.enter(*signal),
                None if present => out.close(*symbol),
                _ => {}
            }
        }
    }

    fn manages_positions(&self) -> bool {
        !self.updates.is_empty()
    }

    fn manage_position(&mut self, position: &Position, bar: &BarView<'_>) -> PositionAction {
        let Some(&(stop_loss, take_profit)) = self.updates.get(&(bar.step(), number(position.scenario)))
        else {
            return PositionAction::Keep;
        };
        PositionAction::Move { stop_loss, take_profit }
    }

    fn candidates(&self) -> Candidates {
        self.rows.clone().map_or(Candidates::EveryBar, Candidates::Mask)
    }
}

fn number(scenario: Option<&'static str>) -> u64 {
    scenario.expect("numbered").parse().expect("a number")
}

#[derive(Default)]
struct Recorder {
    processed: Vec<(usize, bool)>,
    at_signal: Vec<usize>,
    ruin: Vec<usize>,
    waiting: Vec<usize>,
    accepted: BTreeMap<u32, usize>,
    at_fill: Vec<usize>,
    at_trigger: Vec<usize>,
    expired: Vec<usize>,
    fees: Vec<FeeEntry>,
}

impl Observer for Recorder {
    fn signal(&mut self, signal: &TradeSignal, outcome: Result<u32, Refusal>) {
        let number = usize::try_from(signal.tag).expect("small");
        self.processed.push((number, outcome.is_ok()));
        match outcome {
            Ok(order) => {
                self.accepted.insert(order, number);
            }
            Err(Refusal::Ruined) => self.ruin.push(number),
            Err(Refusal::AlreadyWaiting) => self.waiting.push(number),
            Err(_) => self.at_signal.push(number),
        }
    }

    fn refused_at_fill(&mut self, order: u32, _why: Refusal) {
        self.at_fill.push(self.accepted[&order]);
    }

    fn refused_at_trigger(&mut self, order: &Position, _why: Refusal) {
        self.at_trigger.push(self.accepted[&order.number]);
    }

    fn expired(&mut self, order: &Position) {
        self.expired.push(self.accepted[&order.number]);
    }

    fn fee(&mut self, entry: &FeeEntry) {
        self.fees.push(*entry);
    }
}

/// Recorded draws, 0 when they are used up, or the generator.
enum Source {
    Recorded(Vec<f64>, u64),
    Generator(Box<RngDraws>),
}

impl Draws for Source {
    fn draw(&mut self, at: DrawAddress) -> Result<f64, DrawError> {
        if let Self::Generator(draws) = self {
            return draws.draw(at);
        }
        let u = self.peek(at);
        if let Self::Recorded(_, taken) = self {
            *taken += 1;
        }
        Ok(u)
    }

    fn peek(&self, at: DrawAddress) -> f64 {
        match self {
            Self::Recorded(uniforms, taken) => {
                uniforms.get(usize::try_from(*taken).expect("small")).copied().unwrap_or(0.0)
            }
            Self::Generator(draws) => draws.peek(at),
        }
    }

    fn taken(&self) -> u64 {
        match self {
            Self::Recorded(_, taken) => *taken,
            Self::Generator(draws) => draws.taken(),
        }
    }

    fn state(&self) -> DrawState {
        unreachable!("no comparison stops a run")
    }
}

fn direction(direction: input::Direction) -> Direction {
    match direction {
        input::Direction::Long => Direction::Long,
        input::Direction::Short => Direction::Short,
    }
}

fn market(case: &Case) -> MultiSymbolData {
    let timeframe: Timeframe = case.timeframe.parse().expect("a timeframe");
    let has = |symbol: &str, time: i64| case.candles[symbol].iter().any(|row| row.0 == time);
    let mut timeline: Vec<i64> = case.candles.values().flatten().map(|row| row.0).collect();
    timeline.sort_unstable();
    timeline.dedup();
    if case.timeline == Timeline::Intersection {
        timeline.retain(|&time| case.symbols.iter().all(|symbol| has(symbol, time)));
    }
    let symbols = case.symbols.iter().map(|name| {
        let rows: Vec<_> =
            case.candles[name].iter().filter(|row| timeline.binary_search(&row.0).is_ok()).collect();
        let (mut bid, mut ask) = (PriceColumns::default(), PriceColumns::default());
        for row in &rows {
            bid.push(Ohlc { open: row.1, high: row.2, low: row.3, close: row.4 });
            let side = |price: Option<f64>| price.expect("both sides");
            ask.push(Ohlc { open: side(row.5), high: side(row.6), low: side(row.7), close: side(row.8) });
        }
        let times: Vec<i64> = rows.iter().map(|row| row.0).collect();
        let map = row_map(&timeline, &times);
        let volume = vec![1.0; times.len()];
        let bars = BarSeries::new(timeframe, times, Arc::new(bid), Arc::new(ask), volume);
        SymbolSeries { spec: spec(case, name), bars: Arc::new(bars), rows: map, higher: Vec::new() }
    });
    let symbols = symbols.collect();
    MultiSymbolData::new(timeframe, timeline, symbols, Digest([0; 32]))
}

fn row_map(timeline: &[i64], times: &[i64]) -> RowMap {
    if timeline == times {
        return RowMap::Identity;
    }
    let small = |n: usize| u32::try_from(n).expect("few bars");
    let row = timeline.iter().map(|time| times.binary_search(time).map_or(NO_ROW, small));
    let last = timeline.iter().map(|time| match times.partition_point(|open| open <= time) {
        0 => NO_ROW,
        n => small(n - 1),
    });
    RowMap::Sparse { row: row.collect(), last: last.collect() }
}

fn spec(case: &Case, name: &str) -> SymbolSpec {
    let spec = &case.symbol_specs[name];
    SymbolSpec {
        name: name.to_owned(),
        contract_size: spec.contract_size,
        tick_size: spec.tick_size,
        tick_value: Some(spec.tick_value),
        pip_size: spec.pip_size,
        volume_min: spec.volume_min,
        volume_step: spec.volume_step,
        volume_max: spec.volume_max,
        base_currency: spec.base_currency.clone(),
        quote_currency: spec.quote_currency.clone(),
        typical_spread_pips: 1.0,
    }
}

fn settings(case: &Case) -> EngineSettings {
    let mut settings = EngineSettings::reference();
    let mut set = |key: &str, value: &Value| {
        settings.apply(key, &ParamValue::from_json(value)).unwrap_or_else(|error| panic!("{error}"));
    };
    let switches = serde_json::to_value(&case.switches).expect("plain data");
    for (key, value) in switches.as_object().expect("an object") {
        set(key, value);
    }
    let account = match (&case.sizing, &case.costs) {
        (Sizing::LotSizer { account_currency } | Sizing::FixedLots { account_currency, .. }, _)
        | (_, Costs::Commission { account_currency, .. }) => account_currency.as_str(),
        _ => "USD",
    };
    set("account_currency", &json!(account));
    match &case.costs {
        Costs::None => set("costs", &json!({"kind": "none"})),
        Costs::LegacyFee { per_million, lot_size, min_fee } => set(
            "costs",
            &json!({"kind": "legacy_fee", "per_million": per_million, "lot_size": lot_size, "min_fee": min_fee}),
        ),
        Costs::Commission { config, multiplier, .. } => {
            let mut costs = serde_json::to_value(config).expect("plain data");
            costs["kind"] = json!("commission");
            set("costs", &costs);
            set("fee_multiplier", &json!(multiplier));
        }
    }
    let mode = match case.wrapper.entry_timestamp_mode {
        TimestampMode::Open => "open",
        TimestampMode::Close => "close",
    };
    set("alignment.entry_timestamp_mode", &json!(mode));
    set("cooldown_candles", &json!(case.wrapper.cooldown_candles));
    set("cooldown_minutes", &json!(case.wrapper.cooldown_minutes));
    set("cooldown_minutes_trade", &json!(case.wrapper.cooldown_minutes_trade));
    if let Some(slippage) = &case.slippage {
        set("slippage", &json!({"fixed_pips": slippage.fixed_pips, "random_pips": slippage.random_pips}));
    }
    settings.initial_balance = case.initial_balance;
    settings.risk_per_trade = case.risk_per_trade;
    settings.pip_buffer_factor = case.pip_buffer_factor;
    settings.sizing = match &case.sizing {
        Sizing::LotSizer { .. } => SizingMode::LotSizer,
        Sizing::TickValue => SizingMode::TickValue,
        Sizing::FixedLots { lots, .. } => SizingMode::FixedLots(*lots),
    };
    settings.rates =
        RatesSource::Table(case.rates.iter().map(|(pair, rate)| (pair.as_str().into(), *rate)).collect());
    let windows = &case.wrapper.session_windows;
    if !windows.is_empty() {
        let micros = windows.iter().map(|&(start, end)| (start * MINUTE, end * MINUTE));
        settings.session = Some(Session::new(micros.collect()));
    }
    if let Some(manager) = &case.position_manager {
        settings.management = ManagementSettings {
            max_holding_minutes: manager.max_holding_minutes.map(|minutes| minutes as f64),
            be_trigger_r: manager.be_trigger_r,
            be_offset_pips: manager.be_offset_pips,
            trail_start_r: manager.trail_start_r,
            trail_distance_r: manager.trail_distance_r,
        };
    }
    settings
}

fn level(price: Option<f64>, distance: Option<f64>) -> Level {
    match (price, distance) {
        (Some(price), _) => Level::Price(price),
        (None, Some(distance)) => Level::Distance(distance),
        (None, None) => Level::Absent,
    }
}

/// The instances of the script, one for all symbols or one each.
fn strategies(case: &Case, data: &MultiSymbolData) -> Vec<(Option<SymbolId>, Scripted)> {
    let id = |name: &str| {
        let place = case.symbols.iter().position(|symbol| symbol == name).expect("a traded symbol");
        SymbolId(u16::try_from(place).expect("few"))
    };
    let mut updates = BTreeMap::new();
    for update in case.position_manager.iter().flat_map(|manager| &manager.updates) {
        // The last of several for one bar stands.
        let entry = updates.entry((update.index, update.signal as u64)).or_insert((None, None));
        *entry = (update.sl.or(entry.0), update.tp.or(entry.1));
    }
    let lines_of = |only: Option<SymbolId>| {
        let mut lines: BTreeMap<usize, Vec<_>> = BTreeMap::new();
        for (tag, signal) in case.signals.iter().enumerate() {
            let symbol = id(&signal.symbol);
            if only.is_some_and(|only| only != symbol) {
                continue;
            }
            let order_type = match signal.kind {
                SignalKind::Market => Some(OrderType::Market),
                SignalKind::Limit => Some(OrderType::Limit),
                SignalKind::Stop => Some(OrderType::Stop),
                SignalKind::Close => None,
            };
            let order = order_type.map(|order_type| TradeSignal {
                symbol,
                direction: direction(signal.direction.expect("a direction")),
                order_type,
                entry_price: signal.entry.expect("a price"),
                stop_loss: level(signal.sl, signal.sl_distance),
                take_profit: level(signal.tp, signal.tp_distance),
                lots: None,
                scenario: Some(omega_sweep::types::intern::intern(&tag.to_string())),
                tag: tag as u64,
            });
            lines.entry(signal.index).or_default().push((symbol, order));
        }
        lines
    };
    let scripted = |only: Option<SymbolId>| {
        let lines = lines_of(only);
        let rows = only.map(|symbol| {
            let series = data.symbol(symbol);
            let mut words = vec![0_u64; series.bars.len().div_ceil(64)];
            for row in lines.keys().filter_map(|&step| series.row(step)) {
                words[row / 64] |= 1 << (row % 64);
            }
            words.into()
        });
        Scripted { lines, updates: updates.clone(), only_if_flat: case.only_if_flat, rows }
    };
    if case.bound_per_symbol || case.engine == EngineKind::Single {
        data.ids().map(|symbol| (Some(symbol), scripted(Some(symbol)))).collect()
    } else {
        vec![(None, scripted(None))]
    }
}

fn source(case: &Case) -> Source {
    let stream = match case.switches.slippage_stream {
        super::plain_engine::switches::SlippageStream::Sequential => SlippageStream::Sequential,
        super::plain_engine::switches::SlippageStream::Keyed => SlippageStream::Keyed,
    };
    match case.slippage.as_ref().and_then(|slippage| slippage.key) {
        Some(key) => Source::Generator(Box::new(RngDraws::new(
            MasterSeed(key.seed),
            key.fold,
            key.repeat,
            key.trial,
            stream,
        ))),
        None => Source::Recorded(case.slippage.as_ref().map_or_else(Vec::new, |s| s.uniforms.clone()), 0),
    }
}

fn engine(case: &Case, clock: Clock) -> (EngineInputs, StepRange, Result<Outcome<Recorder>, String>) {
    let data = market(case);
    let start = data.step_at(Timestamp(case.start_time_us.expect("a start")));
    let window = StepRange { start, end: data.steps() };
    let inputs = EngineInputs::new(
        Arc::new(data),
        Arc::new(IndicatorCache::default()),
        Arc::new(settings(case)),
        MasterSeed(0),
    );
    let request = RunRequest {
        window,
        fold: 0,
        repeat: 0,
        random_id: TrialId(0),
        clock,
        window_end: WindowEnd::EndOfRun,
    };
    let strategies = strategies(case, &inputs.data);
    let outcome = EventEngine::new(&inputs, &request, strategies, source(case), Recorder::default())
        .and_then(EventEngine::run)
        .map_err(|error| error.to_string());
    (inputs, window, outcome)
}

/// A position in the form of the vectors.
fn record(case: &Case, position: &Position, ambiguous: bool) -> Value {
    let status = match position.status {
        PositionStatus::Pending => "pending",
        PositionStatus::Open => "open",
        PositionStatus::Closed => "closed",
    };
    let filled = position.status != PositionStatus::Pending;
    json!({
        "signal": number(position.scenario), "symbol": case.symbols[position.symbol.index()],
        "direction": position.direction.as_str(), "order_type": position.order_type.as_str(), "status": status,
        "entry_time_us": position.entry_time.0, "trigger_time_us": filled.then_some(position.trigger_time.0),
        "exit_time_us": null, "entry_price": position.entry_price,
        "stop_loss": position.stop_loss, "take_profit": position.take_profit,
        "initial_stop_loss": position.initial_stop_loss, "initial_take_profit": position.initial_take_profit,
        "size": position.size, "risk_per_trade": position.risk_per_trade,
        "exit_price": null, "reason": null, "result": null, "r_multiple": 0.0,
        "entry_fee": position.entry_fee, "exit_fee": position.exit_fee, "ambiguous": ambiguous,
    })
}

fn trade_record(case: &Case, trade: &Trade) -> Value {
    let position = Position {
        number: trade.number,
        symbol: trade.symbol,
        direction: trade.direction,
        order_type: trade.order_type,
        status: PositionStatus::Closed,
        entry_time: trade.entry_time,
        trigger_time: trade.trigger_time,
        row: 0,
        entry_price: trade.entry_price,
        stop_loss: trade.stop_loss,
        take_profit: trade.take_profit,
        initial_stop_loss: trade.initial_stop_loss,
        initial_take_profit: trade.initial_take_profit,
        size: trade.size,
        risk_per_trade: trade.risk_per_trade,
        entry_fee: trade.entry_fee,
        exit_fee: trade.exit_fee,
        swap: trade.swap,
        break_even_done: false,
        scenario: trade.scenario,
        magic_number: trade.magic_number,
    };
    let mut record = record(case, &position, trade.ambiguous);
    record["exit_time_us"] = json!(trade.exit_time.0);
    record["exit_price"] = json!(trade.exit_price);
    record["reason"] = json!(trade.reason.as_str());
    record["result"] = json!(trade.result);
    record["r_multiple"] = json!(trade.r_multiple);
    record
}

/// The engine's outcome in the form of the vectors, with the lists the vectors lack.
fn ours(case: &Case, data: &MultiSymbolData, window: StepRange, outcome: &Outcome<Recorder>) -> Value {
    let (run, seen) = (&outcome.run, &outcome.observer);
    let still = |status: PositionStatus| -> Vec<Value> {
        outcome.active.iter().filter(|p| p.status == status).map(|p| record(case, p, false)).collect()
    };
    let moved = run.trades.iter().filter(|trade| trade.reason == CloseReason::BreakEvenStopLoss);
    let fees = seen.fees.iter().map(|fee| {
        json!([fee.time.0, fee.kind.as_str(), case.symbols[fee.symbol.index()], fee.size, fee.amount])
    });
    let first = data.time(window.start);
    let per_trade = equity_per_trade(first, run.initial_balance, &run.trades);
    json!({
        "start_index": window.start,
        "signals_processed": seen.processed,
        "uniforms_consumed": outcome.draws,
        "trades": run.trades.iter().map(|trade| trade_record(case, trade)).collect::<Vec<_>>(),
        "still_open": still(PositionStatus::Open),
        "still_pending": still(PositionStatus::Pending),
        "break_even": moved.map(|trade| number(trade.scenario)).collect::<Vec<_>>(),
        "expired": seen.expired,
        "rejected_at_trigger": seen.at_trigger,
        "ruined": run.ruined,
        "fees_log": fees.collect::<Vec<_>>(),
        "final_balance": run.final_cash,
        "equity": outcome.equity,
        "total_fees": outcome.total_fees,
        "max_equity": outcome.extremes.max_equity,
        "max_drawdown": outcome.extremes.max_drawdown,
        "initial_max_drawdown": outcome.extremes.initial_max_drawdown,
        "equity_per_bar": run.curve.per_step().map(|point| point.equity).collect::<Vec<_>>(),
        "equity_per_trade": per_trade.iter().map(|point| json!([point.time.0, point.equity])).collect::<Vec<_>>(),
        "rejected_at_signal": seen.at_signal,
        "rejected_ruin": seen.ruin,
        "rejected_waiting": seen.waiting,
        "rejected_at_fill": seen.at_fill,
        "unfilled_at_end": run.unfilled_at_end,
    })
}

fn theirs(plain: &Plain) -> Value {
    let mut json = plain.to_json();
    let object = json.as_object_mut().expect("an object");
    object.remove("summary");
    for (key, numbers) in [
        ("rejected_at_signal", &plain.rejected_at_signal),
        ("rejected_ruin", &plain.rejected_ruin),
        ("rejected_waiting", &plain.rejected_waiting),
        ("rejected_at_fill", &plain.rejected_at_fill),
    ] {
        object.insert(key.to_owned(), json!(numbers));
    }
    object.insert("unfilled_at_end".to_owned(), json!(plain.unfilled_at_end.len()));
    json
}

/// The first place at which two values differ.
fn difference(path: &str, ours: &Value, theirs: &Value) -> Option<String> {
    match (ours, theirs) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            keys.into_iter().find_map(|key| {
                let null = Value::Null;
                let (a, b) = (a.get(key).unwrap_or(&null), b.get(key).unwrap_or(&null));
                difference(&format!("{path}.{key}"), a, b)
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(i, (a, b))| difference(&format!("{path}[{i}]"), a, b))
        }
        _ => {
            let same = match (ours.as_f64(), theirs.as_f64()) {
                (Some(a), Some(b)) => a == b,
                _ => ours == theirs,
            };
            (!same).then(|| format!("{path}: {ours} here, {theirs} in the plain model"))
        }
    }
}

#[test]
fn the_engine_and_a_plain_second_implementation_agree_to_the_last_bit() {
    let (mut compared, mut trades, mut refused) = (0, 0, 0);
    let cases = CASES * multiplier();
    for seed in 0..cases {
        let case = sweepable(seed);
        let plain = run::run(&case);
        for clock in [Clock::EveryBar, Clock::Skipping] {
            let (inputs, window, outcome) = engine(&case, clock);
            match (&plain, &outcome) {
                (Ok(plain), Ok(outcome)) => {
                    let place = difference("", &ours(&case, &inputs.data, window, outcome), &theirs(plain));
                    assert_eq!(place, None, "seed {seed}, {clock:?}: {}", case.to_json());
                    compared += 1;
                    trades += outcome.run.trades.len();
                }
                (Err(_), Err(_)) => refused += 1,
                (plain, outcome) => {
                    let errors = (plain.as_ref().err(), outcome.as_ref().err());
                    panic!("seed {seed}, {clock:?}: only one of both goes on: {errors:?}");
                }
            }
        }
    }
    println!("{cases} cases: {compared} runs with {trades} trades agree, {refused} refused by both");
    assert!(
        compared * 10 > cases * 19 && trades as u64 > 10 * cases,
        "{compared} of {cases}, {trades} trades"
    );
}
