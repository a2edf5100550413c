//! Properties on which money depends, on ten thousand random cases each.

use std::sync::Arc;

use omega_sweep::costs::{ExitSlippage, SlippageSettings};
use omega_sweep::data::{BarSeries, MultiSymbolData, Ohlc, PriceColumns, RowMap, SymbolSeries};
use omega_sweep::engine::settings::{EndOfRun, EquityMode, MarketFill, PipBufferPip, PnlMode};
use omega_sweep::engine::{Clock, EngineError, EngineSettings, EngineSnapshot, Outcome, WindowEnd};
use omega_sweep::execution::SizingMode;
use omega_sweep::portfolio::{FeeKind, PositionStatus};
use omega_sweep::strategy::Level;
use omega_sweep::types::{
    CloseReason, Digest, Direction, OrderType, PriceSide, StepRange, SymbolId, Timestamp, Trade,
};
use proptest::prelude::*;

use super::differential::bits;
use super::engine_cases::{Case, Line, Recorder, Scripted};

const CASES: u32 = 10_000;

fn config() -> ProptestConfig {
    ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() }
}

/// Bid or ask of the bar a trade event fell on: the symbol's newest at that time.
fn bar(data: &MultiSymbolData, symbol: SymbolId, time: Timestamp, side: PriceSide) -> Ohlc {
    let bars = &data.symbol(symbol).bars;
    let row = bars.times().partition_point(|&open| open <= time.0) - 1;
    bars.side(side).at(row)
}

fn entry_side(direction: Direction) -> PriceSide {
    if direction == Direction::Long { PriceSide::Ask } else { PriceSide::Bid }
}

fn exit_side(direction: Direction) -> PriceSide {
    entry_side(direction.opposite())
}

fn within(price: f64, bar: Ohlc) -> bool {
    bar.low <= price && price <= bar.high
}

fn net(trade: &Trade) -> f64 {
    trade.result - (trade.total_fee() + trade.swap)
}

/// Cash is what was there, plus all results, minus all fees; and every fee belongs to an order.
fn check_cash(outcome: &Outcome<Recorder>) -> Result<(), TestCaseError> {
    let run = &outcome.run;
    let results: f64 = run.trades.iter().map(|trade| trade.result).sum();
    let fees: f64 = outcome.observer.fees.iter().map(|fee| fee.amount).sum();
    let expected = run.initial_balance + results - fees;
    prop_assert!((run.final_cash - expected).abs() < 1e-6, "{} and {expected}", run.final_cash);
    let of_trades: f64 = run.trades.iter().map(|trade| trade.total_fee() + trade.swap).sum();
    let of_open: f64 = outcome.active.iter().map(|p| p.entry_fee + p.exit_fee + p.swap).sum();
    prop_assert!((outcome.total_fees - (of_trades + of_open)).abs() < 1e-6);
    Ok(())
}

/// Equity is cash plus what the open positions stand at.
fn check_equity(case: &Case, outcome: &Outcome<Recorder>) -> Result<(), TestCaseError> {
    let mut expected = outcome.run.final_cash;
    if case.settings.equity_mode == EquityMode::MarkToMarket {
        for position in outcome.active.iter().filter(|p| p.status == PositionStatus::Open) {
            let last = case.data.time(case.window.end - 1);
            let close = bar(&case.data, position.symbol, last, exit_side(position.direction)).close;
            let movement = position.direction.sign() * (close - position.entry_price);
            let spec = &case.data.symbol(position.symbol).spec;
            let rate = if spec.quote_currency == "JPY" { 150.0 } else { 1.0 };
            expected += match (case.settings.pnl_mode, position.initial_stop_loss) {
                (PnlMode::Volume, _) => movement * position.size * spec.contract_size / rate,
                (PnlMode::RiskMultiple, Some(stop)) if stop != position.entry_price => {
                    movement / (position.entry_price - stop).abs() * position.risk_per_trade
                }
                _ => 0.0,
            };
        }
    }
    let slack = 1e-9 * expected.abs().max(1e3);
    prop_assert!((outcome.equity - expected).abs() < slack, "{} and {expected}", outcome.equity);
    let last = outcome.run.curve.per_step().last();
    prop_assert_eq!(last.map(|point| point.equity.to_bits()), Some(outcome.equity.to_bits()));
    prop_assert_eq!(outcome.run.curve.steps(), case.window.len(), "one point per step of the window");
    Ok(())
}

/// No exit before its fill; with the signal's price, none on the bar of the entry.
fn check_order_in_time(case: &Case, trade: &Trade) -> Result<(), TestCaseError> {
    prop_assert!(trade.entry_time <= trade.trigger_time && trade.trigger_time <= trade.exit_time);
    let ends_the_run = matches!(trade.reason, CloseReason::EndOfData | CloseReason::WindowEnd);
    let at_price =
        case.settings.market_fill == MarketFill::SignalPrice && trade.order_type == OrderType::Market;
    // Holding times and margin are looked at on the bar of the entry already.
    let by_level = matches!(
        trade.reason,
        CloseReason::StopLoss | CloseReason::TakeProfit | CloseReason::BreakEvenStopLoss
    );
    if at_price && by_level && !ends_the_run {
        prop_assert!(trade.exit_time > trade.entry_time, "{trade:?}");
    }
    Ok(())
}

/// What an itemised trade paid adds up: gross is the profit from mid to mid.
fn check_items(case: &Case, trade: &Trade) -> Result<(), TestCaseError> {
    if case.settings.pnl_mode != PnlMode::Volume {
        prop_assert_eq!(trade.costs, omega_sweep::types::TradeCosts::default());
        return Ok(());
    }
    prop_assert_eq!(trade.costs.commission.to_bits(), trade.total_fee().to_bits());
    prop_assert_eq!(trade.costs.swap.to_bits(), trade.swap.to_bits());
    prop_assert!(trade.costs.spread >= 0.0);
    if case.settings.exit_slippage == ExitSlippage::Adverse {
        let rounding = 1e-9 * trade.size * 1e5 * trade.entry_price;
        prop_assert!(trade.costs.slippage >= -rounding, "{trade:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn cash_fees_and_equity_add_up_and_time_runs_forward(seed in any::<u64>()) {
        let case = Case::new(seed);
        let Ok(outcome) = case.run(Clock::Skipping) else { return Ok(()) };
        check_cash(&outcome)?;
        check_equity(&case, &outcome)?;
        for trade in &outcome.run.trades {
            check_order_in_time(&case, trade)?;
            check_items(&case, trade)?;
        }
        let numbers: std::collections::BTreeSet<u32> = outcome.run.trades.iter().map(|t| t.number).collect();
        prop_assert_eq!(numbers.len(), outcome.run.trades.len(), "a number for every trade");
    }
}

/// Where the middle between bid and ask lay when a trade was filled at an open or at a close.
fn middle(case: &Case, symbol: SymbolId, time: Timestamp, price: fn(&Ohlc) -> f64) -> f64 {
    let of = |side| price(&bar(&case.data, symbol, time, side));
    f64::midpoint(of(PriceSide::Bid), of(PriceSide::Ask))
}

proptest! {
    // A dozen trades in every case.
    #![proptest_config(ProptestConfig { cases: CASES / 4, ..config() })]

    #[test]
    fn what_a_trade_paid_lies_between_its_result_and_its_profit_from_mid_to_mid(seed in any::<u64>()) {
        let case = Case::changed(seed, |settings| {
            settings.pnl_mode = PnlMode::Volume;
            settings.market_fill = MarketFill::NextOpen;
        });
        let Ok(outcome) = case.run(Clock::Skipping) else { return Ok(()) };
        for trade in outcome.run.trades.iter().filter(|trade| trade.order_type == OrderType::Market) {
            let symbol = trade.symbol;
            let left = match trade.reason {
                CloseReason::Signal => middle(&case, symbol, trade.exit_time, |bar| bar.open),
                CloseReason::Timeout
                | CloseReason::StopOut
                | CloseReason::EndOfData
                | CloseReason::WindowEnd => middle(&case, symbol, trade.exit_time, |bar| bar.close),
                _ => continue,
            };
            // The strategy's own hand may close at the close with the reason of an exit signal.
            if trade.reason == CloseReason::Signal && !case.strategies[symbol.index()].hands.is_empty() {
                continue;
            }
            let entered = middle(&case, symbol, trade.trigger_time, |bar| bar.open);
            let spec = &case.data.symbol(symbol).spec;
            let rate = if spec.quote_currency == "JPY" { 150.0 } else { 1.0 };
            let value = trade.size * spec.contract_size / rate;
            let gross = trade.direction.sign() * (left - entered) * value;
            let costs = trade.costs;
            let paid = costs.spread + costs.slippage + costs.commission + costs.swap;
            let slack = 1e-9 * (value * entered).max(1.0);
            prop_assert!((net(trade) + paid - gross).abs() < slack, "{} and {gross}: {trade:?}", net(trade) + paid);
        }
    }
}

/// The realistic profile without slippage, everything that does not move a fill as the case has it.
fn realistic_fills(settings: &mut EngineSettings) {
    let mut realistic = EngineSettings::realistic();
    realistic.slippage = None;
    realistic.account_currency.clone_from(&settings.account_currency);
    realistic.rates.clone_from(&settings.rates);
    realistic.costs.clone_from(&settings.costs);
    realistic.sizing = settings.sizing;
    realistic.management = settings.management;
    realistic.both_hit = settings.both_hit;
    realistic.swap.clone_from(&settings.swap);
    realistic.order_delay_bars = settings.order_delay_bars;
    realistic.initial_balance = 1e6;
    *settings = realistic;
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn realistic_fills_lie_within_the_bar_and_a_limit_is_never_worse_than_its_price(seed in any::<u64>()) {
        let case = Case::changed(seed, realistic_fills);
        let Ok(outcome) = case.run(Clock::Skipping) else { return Ok(()) };
        let signals = &outcome.observer.signals;
        for trade in &outcome.run.trades {
            let entry = bar(&case.data, trade.symbol, trade.trigger_time, entry_side(trade.direction));
            let exit = bar(&case.data, trade.symbol, trade.exit_time, exit_side(trade.direction));
            prop_assert!(within(trade.entry_price, entry), "entry {entry:?} {trade:?}");
            // On the trigger bar the levels themselves are paid, even when a wide spread puts them out of reach.
            let filled_inside = trade.order_type != OrderType::Market && trade.trigger_time == trade.exit_time;
            let at_level = [trade.stop_loss, trade.take_profit].contains(&Some(trade.exit_price));
            prop_assert!(within(trade.exit_price, exit) || filled_inside && at_level, "exit {exit:?} {trade:?}");
            let order = signals.iter().find(|(_, outcome)| *outcome == Ok(trade.number)).expect("a signal");
            let worse = trade.direction.sign() * (trade.entry_price - order.0.entry_price);
            match trade.order_type {
                OrderType::Limit => prop_assert!(worse <= 0.0, "{trade:?}"),
                OrderType::Stop => prop_assert!(worse >= 0.0, "{trade:?}"),
                OrderType::Market => prop_assert_eq!(trade.entry_price.to_bits(), entry.open.to_bits()),
            }
        }
        for fee in &outcome.observer.fees {
            prop_assert!(fee.amount > 0.0 || fee.kind == FeeKind::Swap, "{fee:?}");
        }
    }
}

/// The same run under two settings: trades by number.
fn both(
    case: &Case,
    change: impl FnOnce(&mut EngineSettings),
) -> Result<(Outcome<Recorder>, Outcome<Recorder>), EngineError> {
    let mut other = case.clone();
    change(&mut other.settings);
    Ok((case.run(Clock::Skipping)?, other.run(Clock::Skipping)?))
}

/// Nothing that looks at the account.
fn without_account_limits(settings: &mut EngineSettings) {
    settings.halt_on_ruin = false;
    settings.margin = None;
    settings.initial_balance = 1e6;
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn more_cost_never_means_more_profit_on_the_same_trades(seed in any::<u64>()) {
        let case = Case::changed(seed, |settings| {
            without_account_limits(settings);
            settings.slippage = Some(SlippageSettings { fixed_pips: 0.4, random_pips: 0.0 });
            settings.sizing = SizingMode::FixedLots(0.3);
        });
        let Ok((plain, dearer)) = both(&case, |settings| settings.fee_multiplier = 2.5) else { return Ok(()) };
        prop_assert_eq!(plain.run.trades.len(), dearer.run.trades.len());
        for (plain, dearer) in plain.run.trades.iter().zip(&dearer.run.trades) {
            prop_assert_eq!(plain.result.to_bits(), dearer.result.to_bits());
            prop_assert!(net(dearer) <= net(plain), "{plain:?} {dearer:?}");
        }
        let reference = |settings: &mut EngineSettings| settings.exit_slippage = ExitSlippage::Reference;
        let adverse = |settings: &mut EngineSettings| settings.exit_slippage = ExitSlippage::Adverse;
        let mut gift = case;
        reference(&mut gift.settings);
        let Ok((gift, honest)) = both(&gift, adverse) else { return Ok(()) };
        let total = |outcome: &Outcome<Recorder>| outcome.run.trades.iter().map(|t| t.result).sum::<f64>();
        let last = |outcome: &Outcome<Recorder>| outcome.run.trades.len();
        prop_assert_eq!(last(&gift), last(&honest));
        prop_assert!(total(&honest) <= total(&gift) + 1e-9 * total(&gift).abs());
    }
}

/// The case with its symbols in reverse order.
fn reversed(case: &Case) -> Case {
    let data = &case.data;
    let count = data.symbols().len();
    let symbols: Vec<SymbolSeries> = data.symbols().iter().rev().cloned().collect();
    let swapped = MultiSymbolData::new(data.timeframe(), data.timeline().to_vec(), symbols, Digest([0; 32]));
    let other = |symbol: SymbolId| SymbolId(u16::try_from(count - 1 - symbol.index()).expect("few symbols"));
    let strategies = case.strategies.iter().rev().map(|script| {
        let lines = script.lines.iter().map(|&(row, line)| match line {
            Line::Enter(signal) => {
                let symbol = other(signal.symbol);
                (row, Line::Enter(omega_sweep::strategy::TradeSignal { symbol, ..signal }))
            }
            other => (row, other),
        });
        Scripted { symbol: other(script.symbol), lines: lines.collect(), ..script.clone() }
    });
    Case {
        data: Arc::new(swapped),
        strategies: strategies.collect(),
        news: case.news.iter().rev().cloned().collect(),
        finer: case.finer.iter().rev().cloned().collect(),
        ..case.clone()
    }
}

/// The trades of a symbol, without what depends on its place among the others.
fn trades_of(case: &Case, outcome: &Outcome<Recorder>, name: &str) -> String {
    let trades = outcome.run.trades.iter().filter(|t| case.data.symbol(t.symbol).spec.name == name);
    let trades: Vec<Trade> = trades.map(|t| Trade { number: 0, symbol: SymbolId(0), ..t.clone() }).collect();
    format!("{trades:#?}")
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_order_of_symbols_changes_nothing_per_symbol(seed in any::<u64>()) {
        let case = Case::changed(seed, |settings| {
            without_account_limits(settings);
            settings.slippage = Some(SlippageSettings { fixed_pips: 0.3, random_pips: 0.0 });
        });
        let other = reversed(&case);
        let (one, two) = (case.run(Clock::Skipping), other.run(Clock::Skipping));
        let (Ok(one), Ok(two)) = (one, two) else { return Ok(()) };
        for symbol in case.data.symbols() {
            let name = &symbol.spec.name;
            prop_assert_eq!(trades_of(&case, &one, name), trades_of(&other, &two, name));
        }
    }
}

fn scaled_bars(bars: &BarSeries, factor: f64) -> Arc<BarSeries> {
    let scale = |columns: &PriceColumns| {
        let mut columns = columns.clone();
        columns.columns_mut().into_iter().flatten().for_each(|price| *price *= factor);
        Arc::new(columns)
    };
    let (times, volume) = (bars.times().to_vec(), bars.volume().to_vec());
    BarSeries::new(bars.timeframe(), times, scale(bars.bid()), scale(bars.ask()), volume).into()
}

/// The case with prices, pips and ticks times a power of two, and the value of a lot divided by it.
fn scaled(case: &Case, factor: f64) -> Case {
    let symbols = case.data.symbols().iter().map(|symbol| {
        let mut spec = symbol.spec.clone();
        spec.pip_size *= factor;
        spec.tick_size *= factor;
        spec.contract_size /= factor;
        let bars = scaled_bars(&symbol.bars, factor);
        SymbolSeries { spec, bars, rows: symbol.rows.clone(), higher: Vec::new() }
    });
    let data = MultiSymbolData::new(
        case.data.timeframe(),
        case.data.timeline().to_vec(),
        symbols.collect(),
        Digest([0; 32]),
    );
    let level = |level: Level| match level {
        Level::Price(price) => Level::Price(price * factor),
        Level::Distance(distance) => Level::Distance(distance * factor),
        other => other,
    };
    let strategies = case.strategies.iter().map(|script| {
        let lines = script.lines.iter().map(|&(row, line)| match line {
            Line::Enter(mut signal) => {
                signal.entry_price *= factor;
                signal.stop_loss = level(signal.stop_loss);
                signal.take_profit = level(signal.take_profit);
                (row, Line::Enter(signal))
            }
            other => (row, other),
        });
        Scripted { lines: lines.collect(), hands: Vec::new(), ..script.clone() }
    });
    let finer = case.finer.iter().map(|bars| bars.as_ref().map(|bars| scaled_bars(bars, factor))).collect();
    Case { data: Arc::new(data), strategies: strategies.collect(), finer, ..case.clone() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn scaling_prices_by_a_power_of_two_changes_no_trade(seed in any::<u64>(), power in 1..6) {
        let mut case = Case::changed(seed, |settings| {
            // Wider than the absolute least distance, which does not scale.
            settings.min_sl_distance_pips = Some(1.0);
            settings.pip_buffer_pip = PipBufferPip::PerPosition;
        });
        for script in &mut case.strategies {
            script.hands.clear();
        }
        let factor = f64::from(1 << power);
        let (plain, scaled) = (case.run(Clock::Skipping), scaled(&case, factor).run(Clock::Skipping));
        let (Ok(plain), Ok(scaled)) = (plain, scaled) else { return Ok(()) };
        prop_assert_eq!(plain.run.trades.len(), scaled.run.trades.len());
        prop_assert_eq!(plain.run.final_cash.to_bits(), scaled.run.final_cash.to_bits());
        for (plain, scaled) in plain.run.trades.iter().zip(&scaled.run.trades) {
            let levels = |price: Option<f64>| price.map(|price| price * factor);
            let expected = Trade {
                entry_price: plain.entry_price * factor,
                exit_price: plain.exit_price * factor,
                initial_stop_loss: levels(plain.initial_stop_loss),
                stop_loss: levels(plain.stop_loss),
                initial_take_profit: levels(plain.initial_take_profit),
                take_profit: levels(plain.take_profit),
                ..plain.clone()
            };
            prop_assert_eq!(format!("{:?}", expected), format!("{scaled:?}"));
        }
    }
}

/// The case without the steps from `end` on.
fn cut(case: &Case, end: usize) -> Case {
    let symbols = case.data.symbols().iter().map(|symbol| {
        let rows = symbol.last_row(end - 1).map_or(0, |row| row + 1);
        let bars = &symbol.bars;
        let shorten = |columns: &PriceColumns| {
            let mut columns = columns.clone();
            columns.truncate(rows);
            Arc::new(columns)
        };
        let (times, volume) = (bars.times()[..rows].to_vec(), bars.volume()[..rows].to_vec());
        let short = BarSeries::new(bars.timeframe(), times, shorten(bars.bid()), shorten(bars.ask()), volume);
        let rows = match &symbol.rows {
            RowMap::Identity => RowMap::Identity,
            RowMap::Sparse { row, last } => {
                RowMap::Sparse { row: row[..end].into(), last: last[..end].into() }
            }
        };
        SymbolSeries { spec: symbol.spec.clone(), bars: Arc::new(short), rows, higher: Vec::new() }
    });
    let timeline = case.data.timeline()[..end].to_vec();
    let data = MultiSymbolData::new(case.data.timeframe(), timeline, symbols.collect(), Digest([0; 32]));
    let window = StepRange { end: end.min(case.window.end), ..case.window };
    Case { data: Arc::new(data), window, ..case.clone() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn bars_of_the_future_change_no_past_decision(seed in any::<u64>(), share in 0..100_usize) {
        let mut case = Case::changed(seed, |settings| settings.end_of_run = EndOfRun::LeaveOpen);
        case.window_end = WindowEnd::EndOfRun;
        let last = case.window.end;
        let end = case.window.start + 1 + (last - case.window.start - 1) * share / 100;
        let past = cut(&case, end);
        let (Ok(past), Ok(whole)) = (past.run(Clock::Skipping), case.run(Clock::Skipping)) else { return Ok(()) };
        let known = &whole.run.trades[..past.run.trades.len().min(whole.run.trades.len())];
        prop_assert_eq!(format!("{:?}", past.run.trades), format!("{known:?}"));
        let next = whole.run.trades.get(past.run.trades.len());
        prop_assert!(next.is_none_or(|trade| trade.exit_time >= case.data.time(end.min(last - 1))));
        let curve = |outcome: &Outcome<Recorder>| -> Vec<_> {
            let points = outcome.run.curve.per_step().filter(|point| (point.step as usize) < end);
            points.map(|point| (point.step, point.cash.to_bits(), point.equity.to_bits())).collect()
        };
        prop_assert_eq!(curve(&past), curve(&whole));
        let signals = &whole.observer.signals[..past.observer.signals.len()];
        prop_assert_eq!(&past.observer.signals[..], signals);
    }
}

/// Stops the case at a step, writes the state to JSON, and goes on in a new engine.
fn interrupted(case: &Case, clock: Clock, at: usize) -> Result<Outcome<Recorder>, EngineError> {
    let inputs = case.inputs();
    let mut first = case.engine(&inputs, clock, case.draws(), Recorder::default())?;
    first.advance(at)?;
    let text = serde_json::to_string(&first.snapshot()).expect("a snapshot is plain data");
    let snapshot: EngineSnapshot = serde_json::from_str(&text).expect("what was written is read");
    let draws = case.draws().resumed(snapshot.draws.clone());
    let mut second = case.engine(&inputs, clock, draws, first.observer().clone())?;
    assert_eq!(second.restore(snapshot), []);
    second.run()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_run_taken_up_from_a_snapshot_ends_like_one_that_never_stopped(
        seed in any::<u64>(), share in 0..100_usize, skips in any::<bool>()
    ) {
        let mut case = Case::changed(seed, |settings| settings.magic_number = u64::MAX);
        for script in &mut case.strategies {
            script.promises |= skips;
        }
        let clock = if skips { Clock::Skipping } else { Clock::EveryBar };
        let at = case.window.start + case.window.len() * share / 100;
        match (case.run(clock), interrupted(&case, clock, at)) {
            (Ok(whole), Ok(resumed)) => {
                prop_assert_eq!(bits(&whole), bits(&resumed));
                prop_assert_eq!(whole.run.bars_stepped, resumed.run.bars_stepped);
            }
            (whole, resumed) => prop_assert_eq!(whole.map(|_| ()), resumed.map(|_| ())),
        }
    }
}

#[test]
fn restoring_keeps_own_magic_numbers_and_configured_symbols_and_names_the_dropped() {
    let (case, snapshot) = (0..)
        .find_map(|seed| {
            let case = Case::changed(seed, |settings| settings.magic_number = 7);
            let inputs = case.inputs();
            let mut engine = case.engine(&inputs, Clock::EveryBar, case.draws(), Recorder::default()).ok()?;
            engine.advance(case.window.start + case.window.len() / 2).ok()?;
            let snapshot = engine.snapshot();
            (snapshot.orders().count() >= 2 && case.strategies.len() == 1).then_some((case, snapshot))
        })
        .expect("some case holds two orders");
    let inputs = case.inputs();
    let restore = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut json = serde_json::to_value(&snapshot).expect("plain data");
        change(&mut json);
        let mut engine =
            case.engine(&inputs, Clock::EveryBar, case.draws(), Recorder::default()).expect("runs");
        let dropped = engine.restore(serde_json::from_value(json).expect("still a snapshot"));
        (dropped.len(), engine.snapshot().orders().count())
    };
    let all = snapshot.orders().count();
    assert_eq!(restore(&|_| ()), (0, all));
    assert_eq!(restore(&|json| json["orders"][0]["position"]["magic_number"] = 8.into()), (1, all - 1));
    assert_eq!(restore(&|json| json["orders"][0]["position"]["symbol"] = 9.into()), (1, all - 1));
    let twice = |json: &mut serde_json::Value| {
        let first = json["orders"][0].clone();
        json["orders"].as_array_mut().expect("a list").push(first);
    };
    assert_eq!(restore(&twice), (1, all));
}
