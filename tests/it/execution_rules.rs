//! Rules the recorded runs do not show, each on a market small enough to compute by hand.

use std::sync::Arc;

use omega_sweep::cache::{CachePlan, IndicatorCache};
use omega_sweep::data::{
    BarSeries, MultiSymbolData, NO_ROW, Ohlc, PriceColumns, RowMap, SymbolSeries, SymbolSpec,
};
use omega_sweep::engine::{
    Clock, EngineInputs, EngineSettings, Outcome, RunRequest, WindowEnd, check_rates, run_trial,
};
use omega_sweep::execution::Refusal;
use omega_sweep::strategy::{
    AccountView, BarView, BindContext, Level, PositionAction, Scope, Signals, Strategy, StrategyDef,
    TradeSignal,
};
use omega_sweep::types::time::MINUTE;
use omega_sweep::types::{
    CloseReason, Digest, Direction, MasterSeed, OrderType, ParamError, ParamSet, ParamSpec, ParamValue,
    StepRange, SymbolId, Timeframe, Timestamp, Trade, Trial, TrialError, TrialId,
};

use super::engine_cases::{Case, Line, Recorder, Scripted};

const FIRST: SymbolId = SymbolId(0);
/// Tuesday, 2024-01-02 20:00 UTC: two hours before the day rolls in New York.
const START: i64 = 1_704_225_600_000_000;
const QUARTER: i64 = 15 * MINUTE;

fn spec(name: &str, quote: &str) -> SymbolSpec {
    SymbolSpec {
        name: name.to_owned(),
        contract_size: 1.0,
        tick_size: 0.25,
        tick_value: None,
        pip_size: 1.0,
        volume_min: 0.5,
        volume_step: 0.5,
        volume_max: 1000.0,
        base_currency: "AAA".to_owned(),
        quote_currency: quote.to_owned(),
        typical_spread_pips: 1.0,
    }
}

/// Bars of bid open, high, low, close; the ask lies `spread` above.
fn columns(bars: &[[f64; 4]], spread: f64) -> (Arc<PriceColumns>, Arc<PriceColumns>) {
    let (mut bid, mut ask) = (PriceColumns::default(), PriceColumns::default());
    for &[open, high, low, close] in bars {
        bid.push(Ohlc { open, high, low, close });
        ask.push(Ohlc { open: open + spread, high: high + spread, low: low + spread, close: close + spread });
    }
    (Arc::new(bid), Arc::new(ask))
}

fn series(timeframe: Timeframe, bars: &[[f64; 4]], spread: f64) -> BarSeries {
    let times = (0_i64..).take(bars.len()).map(|i| START + i * timeframe.micros()).collect();
    let (bid, ask) = columns(bars, spread);
    BarSeries::new(timeframe, times, bid, ask, vec![1.0; bars.len()])
}

fn market(bars: &[[f64; 4]], spread: f64) -> MultiSymbolData {
    let bars = series(Timeframe::M15, bars, spread);
    let timeline = bars.times().to_vec();
    let symbol = SymbolSeries {
        spec: spec("AAAUSD", "USD"),
        bars: Arc::new(bars),
        rows: RowMap::Identity,
        higher: Vec::new(),
    };
    MultiSymbolData::new(Timeframe::M15, timeline, vec![symbol], Digest([0; 32]))
}

fn buy(stop: Level, target: Level) -> Line {
    order(Direction::Long, OrderType::Market, 0.0, stop, target)
}

fn order(direction: Direction, order_type: OrderType, price: f64, stop: Level, target: Level) -> Line {
    Line::Enter(TradeSignal {
        symbol: FIRST,
        direction,
        order_type,
        entry_price: price,
        stop_loss: stop,
        take_profit: target,
        lots: None,
        scenario: None,
        tag: 0,
    })
}

fn script(lines: Vec<(usize, Line)>) -> Scripted {
    Scripted {
        symbol: FIRST,
        lines,
        hands: Vec::new(),
        by_position: false,
        promises: true,
        max_holding: None,
        rows: 64,
        hidden: None,
    }
}

/// The realistic profile without costs and slippage, one lot a trade, one unit of money per price unit and lot.
fn plain() -> EngineSettings {
    with(
        EngineSettings::realistic(),
        &[
            ("sizing", r#"{"fixed_lots": 1}"#),
            ("costs", r#"{"kind": "none"}"#),
            ("slippage", "null"),
            ("min_sl_distance_pips", "null"),
            ("initial_balance", "1000"),
        ],
    )
}

fn with(mut settings: EngineSettings, changes: &[(&str, &str)]) -> EngineSettings {
    for (key, value) in changes {
        let value = ParamValue::from_json(&serde_json::from_str(value).expect("json"));
        settings.apply(key, &value).unwrap_or_else(|error| panic!("{error}"));
    }
    settings
}

fn case(data: MultiSymbolData, settings: EngineSettings, lines: Vec<(usize, Line)>) -> Case {
    let window = StepRange { start: 0, end: data.steps() };
    Case {
        data: Arc::new(data),
        settings,
        strategies: vec![script(lines)],
        window,
        window_end: WindowEnd::EndOfRun,
        news: Vec::new(),
        finer: Vec::new(),
        seed: 1,
    }
}

fn run(data: MultiSymbolData, settings: EngineSettings, lines: Vec<(usize, Line)>) -> Outcome<Recorder> {
    case(data, settings, lines).run(Clock::Skipping).expect("runs")
}

fn only(outcome: &Outcome<Recorder>) -> &Trade {
    assert_eq!(outcome.run.trades.len(), 1, "{:?}", outcome.run.trades);
    &outcome.run.trades[0]
}

fn at(row: i64) -> Timestamp {
    Timestamp(START + row * QUARTER)
}

const CALM: [f64; 4] = [100.0, 101.0, 99.0, 100.0];

#[test]
fn a_market_order_fills_at_the_next_open_and_its_levels_hold_from_that_bar_on() {
    let bars = [CALM, [102.0, 103.0, 90.0, 95.0], CALM];
    let lines = vec![(0, buy(Level::Distance(5.0), Level::Distance(9.0)))];
    let outcome = run(market(&bars, 0.5), plain(), lines);
    let trade = only(&outcome);
    assert_eq!((trade.entry_time, trade.trigger_time, trade.exit_time), (at(1), at(1), at(1)));
    assert_eq!((trade.entry_price, trade.exit_price), (102.5, 97.5));
    assert_eq!(trade.reason, CloseReason::StopLoss);
}

#[test]
fn a_market_order_of_the_last_bar_finds_no_open() {
    let outcome = run(market(&[CALM; 3], 0.5), plain(), vec![(2, buy(Level::Absent, Level::Absent))]);
    assert_eq!((outcome.run.unfilled_at_end, outcome.run.trades.len()), (1, 0));
}

#[test]
fn a_second_market_order_of_a_bar_is_refused_while_the_first_waits() {
    let one = buy(Level::Absent, Level::Absent);
    let outcome = run(market(&[CALM; 3], 0.5), plain(), vec![(0, one), (0, one), (1, one)]);
    let outcomes: Vec<_> = outcome.observer.signals.iter().map(|(_, outcome)| *outcome).collect();
    assert_eq!(outcomes, [Ok(0), Err(Refusal::AlreadyWaiting), Ok(1)]);
    assert_eq!((outcome.run.rejected, outcome.run.trades.len()), (1, 2));
}

#[test]
fn with_exits_first_a_bar_that_closes_a_position_may_open_the_next() {
    let bars = [CALM, CALM, [100.0, 101.0, 90.0, 95.0], [95.0, 96.0, 94.0, 95.0], CALM];
    let stop = Level::Distance(5.0);
    let lines = vec![(0, buy(stop, Level::Absent)), (2, buy(stop, Level::Absent))];
    for (step_order, trades) in [("\"exits_first\"", 2), ("\"strategy_first\"", 1)] {
        let settings = with(plain(), &[("step_order", step_order)]);
        let mut case = case(market(&bars, 0.5), settings, lines.clone());
        // Speaks only while flat.
        case.strategies[0].by_position = true;
        let outcome = case.run(Clock::EveryBar).expect("runs");
        assert_eq!(outcome.run.trades.len(), trades, "{step_order}");
    }
}

#[test]
fn a_spread_wider_than_the_stop_closes_at_once_at_the_open() {
    let outcome = run(market(&[CALM; 3], 4.0), plain(), vec![(0, buy(Level::Distance(3.0), Level::Absent))]);
    let trade = only(&outcome);
    assert_eq!((trade.entry_price, trade.exit_price), (104.0, 100.0));
    assert_eq!((trade.reason, trade.exit_time), (CloseReason::StopLoss, at(1)));
    // Without the rule the level itself is tested against the range.
    let settings = with(plain(), &[("open_first", "false"), ("gap_fills", "false")]);
    let level = run(market(&[CALM; 3], 4.0), settings, vec![(0, buy(Level::Distance(3.0), Level::Absent))]);
    assert_eq!(only(&level).exit_price, 101.0);
}

#[test]
fn an_order_gapped_over_is_held_from_the_open_of_its_bar() {
    let bars = [CALM, [110.0, 111.0, 109.0, 110.0], CALM];
    let stop = order(Direction::Long, OrderType::Stop, 105.0, Level::Distance(2.0), Level::Absent);
    let outcome = run(market(&bars, 4.0), plain(), vec![(0, stop)]);
    let trade = only(&outcome);
    assert_eq!(
        (trade.entry_price, trade.exit_price),
        (114.0, 110.0),
        "the open, and the open of the other side"
    );
}

#[test]
fn an_exit_signal_closes_at_the_next_open_or_at_the_close_of_its_bar() {
    let bars = [CALM, CALM, [100.0, 101.0, 99.0, 98.5], [97.0, 98.0, 96.0, 97.0]];
    let lines = vec![(0, buy(Level::Absent, Level::Absent)), (2, Line::Close)];
    let next = run(market(&bars, 0.5), plain(), lines.clone());
    let trade = only(&next);
    assert_eq!((trade.exit_price, trade.exit_time, trade.reason), (97.0, at(3), CloseReason::Signal));
    let settings = with(plain(), &[("market_fill", "\"signal_price\"")]);
    let now = run(market(&bars, 0.5), settings, lines);
    assert_eq!((only(&now).exit_price, only(&now).exit_time), (98.5, at(2)));
}

#[test]
fn an_exit_signal_for_a_position_that_is_gone_is_ignored() {
    let bars = [CALM, CALM, [100.0, 101.0, 90.0, 92.0], CALM];
    let lines = vec![(0, buy(Level::Distance(5.0), Level::Absent)), (1, Line::Close), (2, Line::Close)];
    let settings = with(plain(), &[("order_delay_bars", "1")]);
    let outcome = run(market(&bars, 0.5), settings, lines);
    assert_eq!((only(&outcome).reason, only(&outcome).exit_time), (CloseReason::StopLoss, at(2)));
}

#[test]
fn distances_are_counted_from_the_fill_after_slippage() {
    let settings = with(plain(), &[("slippage", r#"{"fixed_pips": 2, "random_pips": 0}"#)]);
    let bars = [CALM, [100.0, 100.5, 99.0, 100.0], [100.0, 101.0, 97.0, 98.0]];
    let outcome =
        run(market(&bars, 0.5), settings, vec![(0, buy(Level::Distance(4.0), Level::Distance(6.0)))]);
    let trade = only(&outcome);
    assert_eq!(
        (trade.entry_price, trade.initial_stop_loss, trade.initial_take_profit),
        (102.5, Some(98.5), Some(108.5))
    );
    assert_eq!(trade.exit_price, 96.5, "the stop slips against the position");
    assert_eq!((trade.costs.slippage, trade.costs.spread), (4.0, 0.5));
}

#[test]
fn a_size_from_risk_needs_a_stop_and_says_what_to_set() {
    let lines = vec![(0, buy(Level::Absent, Level::Absent))];
    for settings in
        [with(plain(), &[("sizing", "\"lot_sizer\"")]), with(plain(), &[("pnl_mode", "\"risk_multiple\"")])]
    {
        let error =
            case(market(&[CALM; 3], 0.5), settings, lines.clone()).run(Clock::Skipping).expect_err("no stop");
        assert!(error.to_string().contains("\"fixed_lots\""), "{error}");
    }
}

#[test]
fn without_a_stop_r_is_undefined() {
    let outcome = run(market(&[CALM; 3], 0.5), plain(), vec![(0, buy(Level::Absent, Level::Absent))]);
    assert_eq!((only(&outcome).r_multiple, only(&outcome).reason), (None, CloseReason::EndOfData));
}

#[test]
fn delayed_orders_and_exits_fill_that_many_bars_later() {
    let bars: Vec<[f64; 4]> = (0..8).map(|i| [100.0 + f64::from(i), 108.0, 90.0, 100.0]).collect();
    let settings = with(plain(), &[("order_delay_bars", "2")]);
    let lines = vec![(0, buy(Level::Absent, Level::Absent)), (3, Line::Close)];
    let outcome = run(market(&bars, 0.5), settings.clone(), lines);
    let trade = only(&outcome);
    assert_eq!((trade.entry_time, trade.exit_time), (at(3), at(6)));
    let limit = order(Direction::Long, OrderType::Limit, 99.0, Level::Absent, Level::Absent);
    let pending = run(market(&bars, 0.5), settings, vec![(0, limit)]);
    assert_eq!(only(&pending).trigger_time, at(3));
}

#[test]
fn a_bar_with_both_levels_is_reported_with_its_worst_and_best_end() {
    let bars = [CALM, CALM, [100.0, 110.0, 90.0, 100.0], CALM];
    let lines = vec![(0, buy(Level::Distance(5.0), Level::Distance(6.0)))];
    for (both_hit, net) in [("\"pessimistic\"", -5.0), ("\"optimistic\"", 6.0), ("\"open_distance\"", -5.0)] {
        let settings = with(plain(), &[("both_hit", both_hit)]);
        let outcome = run(market(&bars, 0.5), settings, lines.clone());
        assert!(only(&outcome).ambiguous);
        assert_eq!(only(&outcome).result, net, "{both_hit}");
        let run = &outcome.run;
        assert_eq!(
            (run.ambiguous_exits, run.profit_net_worst, run.profit_net_best),
            (Some(1.0), Some(-5.0), Some(6.0))
        );
    }
}

#[test]
fn the_end_that_was_not_taken_pays_its_own_slippage_and_fee() {
    let bars = [CALM, CALM, [100.0, 110.0, 90.0, 100.0], CALM];
    let settings = with(
        plain(),
        &[
            ("slippage", r#"{"fixed_pips": 1, "random_pips": 0}"#),
            ("costs", r#"{"kind": "legacy_fee", "per_million": 10000}"#),
        ],
    );
    let outcome =
        run(market(&bars, 0.5), settings, vec![(0, buy(Level::Distance(5.0), Level::Distance(6.0)))]);
    // Entry 101.5; stop 96.5 slips to 95.5, target 107.5 does not slip; fees are one per cent of the price.
    let fee = |price: f64| price / 1e6 * 10_000.0;
    let worst = (95.5 - 101.5) - (fee(101.5) + fee(95.5));
    let best = (107.5 - 101.5) - (fee(101.5) + fee(107.5));
    assert_eq!((outcome.run.profit_net_worst, outcome.run.profit_net_best), (Some(worst), Some(best)));
}

/// The case of both levels in one quarter of an hour, with its minutes.
fn with_minutes(minutes: &[[f64; 4]], lines: Vec<(usize, Line)>) -> Outcome<Recorder> {
    let bars = [CALM, CALM, [100.0, 110.0, 90.0, 100.0], CALM];
    let settings = with(plain(), &[("detail_timeframe", "\"M1\"")]);
    let case = case(market(&bars, 0.5), settings, lines);
    let mut finer = vec![CALM; 30];
    finer.extend_from_slice(minutes);
    let inputs = case.inputs().with_detail(vec![Some(Arc::new(series(Timeframe::M1, &finer, 0.5)))]);
    case.engine(&inputs, Clock::Skipping, case.draws(), Recorder::default())
        .expect("runs")
        .run()
        .expect("runs")
}

#[test]
fn finer_bars_decide_which_level_came_first() {
    let lines = || vec![(0, buy(Level::Distance(5.0), Level::Distance(6.0)))];
    let up = [CALM, [101.0, 110.0, 101.0, 108.0], [108.0, 108.0, 90.0, 100.0]];
    let outcome = with_minutes(&up, lines());
    assert_eq!((only(&outcome).exit_price, only(&outcome).ambiguous), (106.5, false));
    let down = [CALM, [101.0, 101.0, 90.0, 91.0], [91.0, 110.0, 91.0, 100.0]];
    assert_eq!(only(&with_minutes(&down, lines())).exit_price, 95.5);
    let jump = [CALM, [94.0, 96.0, 90.0, 91.0]];
    assert_eq!(
        only(&with_minutes(&jump, lines())).exit_price,
        94.0,
        "a finer bar that opens beyond the stop"
    );
    for undecided in [&[][..], &[CALM, [100.0, 110.0, 90.0, 100.0]][..]] {
        let outcome = with_minutes(undecided, lines());
        assert_eq!((only(&outcome).exit_price, only(&outcome).ambiguous), (95.5, true));
    }
}

#[test]
fn finer_bars_show_whether_a_level_was_reached_before_the_fill() {
    let limit = order(Direction::Long, OrderType::Limit, 95.0, Level::Distance(20.0), Level::Price(108.0));
    // The high comes before the fill: no exit on this bar, the position is open at the end.
    let before = [[100.0, 110.0, 100.0, 100.0], [100.0, 100.0, 90.0, 100.0]];
    let outcome = with_minutes(&before, vec![(1, limit)]);
    assert_eq!(only(&outcome).reason, CloseReason::EndOfData);
    let after = [[100.0, 100.0, 90.0, 100.0], [100.0, 110.0, 100.0, 100.0]];
    let outcome = with_minutes(&after, vec![(1, limit)]);
    assert_eq!((only(&outcome).reason, only(&outcome).exit_price), (CloseReason::TakeProfit, 108.0));
}

#[test]
fn swap_is_charged_at_the_first_bar_from_17_new_york_on_and_three_times_on_its_day() {
    // 20:00 UTC on Tuesday to 22:30 on Wednesday; the day rolls at 22:00 UTC in winter.
    let bars = vec![CALM; 4 * 26 + 3];
    let settings = with(plain(), &[("swap", r#"{"AAAUSD": {"long": 2, "short": -1, "unit": "pips"}}"#)]);
    for (direction, nightly) in [(Direction::Long, 2.0), (Direction::Short, -1.0)] {
        let line = order(direction, OrderType::Market, 0.0, Level::Absent, Level::Absent);
        let outcome = run(market(&bars, 0.5), settings.clone(), vec![(0, line)]);
        let fees: Vec<_> =
            outcome.observer.fees.iter().map(|fee| (fee.kind.as_str(), fee.time, fee.amount)).collect();
        let tuesday = ("swap", at(8), nightly);
        let wednesday = ("swap", at(8 + 96), 3.0 * nightly);
        assert_eq!(fees, [tuesday, wednesday]);
        assert_eq!(only(&outcome).swap, 4.0 * nightly);
        assert_eq!(outcome.run.final_cash, 1000.0 + only(&outcome).result - 4.0 * nightly);
    }
}

#[test]
fn a_position_opened_at_the_rollover_is_not_charged_for_it() {
    let settings = with(
        plain(),
        &[(
            "swap",
            r#"{"AAAUSD": {"long": 5, "short": 5, "unit": "money_per_lot"}, "triple_day": "monday"}"#,
        )],
    );
    let line = buy(Level::Absent, Level::Absent);
    let late = run(market(&[CALM; 12], 0.5), settings.clone(), vec![(7, line)]);
    assert_eq!(only(&late).swap, 0.0);
    let held = run(market(&[CALM; 12], 0.5), settings, vec![(6, line)]);
    assert_eq!(only(&held).swap, 5.0);
}

#[test]
fn margin_refuses_what_the_account_cannot_carry() {
    // A lot costs about 100 of margin at leverage 1; the account has 250.
    let settings =
        with(plain(), &[("initial_balance", "250"), ("margin", r#"{"leverage": 1, "stop_out": 0}"#)]);
    let line = buy(Level::Absent, Level::Absent);
    let outcome = run(market(&[CALM; 6], 0.5), settings, vec![(0, line), (1, line), (2, line)]);
    assert_eq!(outcome.observer.gone, [(2, Some(Refusal::Margin))]);
    assert_eq!((outcome.run.trades.len(), outcome.run.rejected), (2, 1));
}

#[test]
fn a_stop_out_closes_everything_in_the_order_of_opening() {
    let fall = [40.0, 41.0, 39.0, 40.0];
    let bars = [CALM, CALM, CALM, fall, fall];
    let settings =
        with(plain(), &[("initial_balance", "250"), ("margin", r#"{"leverage": 1, "stop_out": 0.9}"#)]);
    let line = buy(Level::Absent, Level::Absent);
    let outcome = run(market(&bars, 0.5), settings, vec![(0, line), (1, line)]);
    let ends: Vec<_> =
        outcome.run.trades.iter().map(|t| (t.number, t.reason, t.exit_time, t.exit_price)).collect();
    assert_eq!(ends, [(0, CloseReason::StopOut, at(3), 40.0), (1, CloseReason::StopOut, at(3), 40.0)]);
    let last = outcome.run.curve.points().last().expect("a curve");
    assert_eq!((last.step, last.equity), (3, 250.0 - 2.0 * 60.5));
}

#[test]
fn the_cost_multiplier_is_the_factor_on_all_costs_that_leaves_nothing() {
    let bars = [CALM, CALM, [108.0, 109.0, 107.0, 108.0]];
    let settings = with(
        plain(),
        &[("costs", r#"{"kind": "commission", "defaults": {"schema": "per_lot", "per_lot": 0.75}}"#)],
    );
    let outcome = run(market(&bars, 0.5), settings, vec![(0, buy(Level::Absent, Level::Absent))]);
    let trade = only(&outcome);
    // Mid to mid 8; half a point of spread and 1.5 of commission.
    assert_eq!((trade.costs.spread, trade.costs.commission, trade.result), (0.5, 1.5, 7.5));
    assert_eq!(outcome.run.break_even_cost_multiplier, Some(8.0 / 2.0));
}

#[test]
fn break_even_moves_the_stop_once_and_from_the_next_bar_on() {
    let settings = with(plain(), &[("management", r#"{"be_trigger_r": 1, "be_offset_pips": 0.5}"#)]);
    // Entry 100.5, stop 95.5: at a close of 105.5 the stop goes to 101; the low of that very bar does not count.
    let bars = [CALM, [100.0, 106.0, 99.0, 105.5], [105.5, 106.0, 104.0, 105.5], [105.5, 106.0, 99.0, 100.0]];
    let outcome = run(market(&bars, 0.5), settings, vec![(0, buy(Level::Distance(5.0), Level::Absent))]);
    let trade = only(&outcome);
    assert_eq!(
        (trade.exit_price, trade.reason, trade.exit_time),
        (101.0, CloseReason::BreakEvenStopLoss, at(3))
    );
    assert_eq!(
        (trade.initial_stop_loss, trade.r_multiple),
        (Some(95.5), Some(0.1)),
        "R keeps the initial stop"
    );
}

#[test]
fn a_trailing_stop_follows_only_upwards_and_never_beyond_the_price() {
    let settings = with(plain(), &[("management", r#"{"trail_start_r": 1, "trail_distance_r": 0.5}"#)]);
    let bars =
        [CALM, [100.0, 110.0, 99.0, 110.0], [110.0, 112.0, 109.0, 109.0], [109.0, 109.0, 100.0, 101.0]];
    let outcome = run(market(&bars, 0.5), settings, vec![(0, buy(Level::Distance(5.0), Level::Absent))]);
    // 110 - 0.5 * 5; the close of 109 would loosen it.
    assert_eq!((only(&outcome).exit_price, only(&outcome).exit_time), (107.5, at(3)));
}

#[test]
fn a_short_trails_downwards() {
    let settings = with(plain(), &[("management", r#"{"trail_distance_r": 1}"#)]);
    let bars = [CALM, [100.0, 100.0, 80.0, 80.0], [80.0, 95.0, 80.0, 90.0], CALM];
    let line = order(Direction::Short, OrderType::Market, 0.0, Level::Distance(5.0), Level::Absent);
    let outcome = run(market(&bars, 0.5), settings, vec![(0, line)]);
    assert_eq!((only(&outcome).exit_price, only(&outcome).reason), (85.5, CloseReason::BreakEvenStopLoss));
}

#[test]
fn a_timeout_is_counted_from_the_fill_and_pays_its_costs() {
    let settings = with(
        plain(),
        &[
            ("management.max_holding_minutes", "30"),
            ("slippage", r#"{"fixed_pips": 1, "random_pips": 0}"#),
            ("costs", r#"{"kind": "commission", "defaults": {"schema": "per_lot", "per_lot": 2}}"#),
        ],
    );
    let outcome = run(market(&[CALM; 6], 0.5), settings, vec![(0, buy(Level::Absent, Level::Absent))]);
    let trade = only(&outcome);
    assert_eq!((trade.exit_time, trade.exit_price, trade.reason), (at(3), 99.0, CloseReason::Timeout));
    assert_eq!((trade.entry_fee, trade.exit_fee), (2.0, 2.0));
}

#[test]
fn the_strategys_own_hand_moves_and_closes() {
    let mut case =
        case(market(&[CALM; 6], 0.5), plain(), vec![(0, buy(Level::Distance(50.0), Level::Absent))]);
    case.strategies[0].hands = vec![
        (2, PositionAction::Move { stop_loss: Some(60.0), take_profit: Some(140.0) }),
        (3, PositionAction::Close),
    ];
    let outcome = case.run(Clock::Skipping).expect("runs");
    let trade = only(&outcome);
    assert_eq!(
        (trade.stop_loss, trade.take_profit, trade.reason),
        (Some(60.0), Some(140.0), CloseReason::Signal)
    );
    assert_eq!((trade.exit_time, trade.exit_price), (at(3), 100.0));
}

#[test]
fn news_and_session_keep_the_strategy_silent() {
    let line = buy(Level::Absent, Level::Absent);
    let lines = vec![(0, line), (1, line), (2, line)];
    let mut blocked = case(market(&[CALM; 5], 0.5), plain(), lines.clone());
    blocked.news = vec![Some(Arc::from([0b011_u64]))];
    let outcome = blocked.run(Clock::EveryBar).expect("runs");
    assert_eq!(outcome.observer.signals.len(), 1, "only the third row is free");
    // The gate of a bar is its close: 20:15, 20:30, 20:45.
    let settings = with(plain(), &[("session", r#"{"fixed_times": [["20:30", "20:44"]]}"#)]);
    assert_eq!(run(market(&[CALM; 5], 0.5), settings, lines).observer.signals.len(), 1);
}

#[test]
fn pending_orders_expire_at_the_end_of_their_last_bar() {
    let limit = order(Direction::Long, OrderType::Limit, 50.0, Level::Absent, Level::Absent);
    let settings = with(plain(), &[("pending_ttl_bars", "2")]);
    let dip = [100.0, 101.0, 49.0, 100.0];
    let filled = run(market(&[CALM, CALM, dip, CALM], 0.5), settings.clone(), vec![(0, limit)]);
    assert_eq!((filled.run.expired, filled.run.trades.len()), (0, 1));
    let expired = run(market(&[CALM, CALM, CALM, dip], 0.5), settings, vec![(0, limit)]);
    assert_eq!((expired.run.expired, expired.run.trades.len()), (1, 0));
}

#[test]
fn steps_in_position_are_those_that_end_with_an_open_position() {
    let lines = vec![(0, buy(Level::Absent, Level::Absent)), (3, Line::Close)];
    for clock in [Clock::EveryBar, Clock::Skipping] {
        let outcome = case(market(&[CALM; 8], 0.5), plain(), lines.clone()).run(clock).expect("runs");
        assert_eq!((outcome.run.bars, outcome.run.bars_in_position), (8, 3));
    }
}

/// Two symbols; the second, quoted in JPY, has no bar on the last two steps.
fn two_symbols() -> MultiSymbolData {
    let first = series(Timeframe::M15, &[CALM; 6], 0.5);
    let timeline = first.times().to_vec();
    let (bid, ask) = columns(&[CALM; 4], 0.5);
    let second = BarSeries::new(Timeframe::M15, timeline[..4].to_vec(), bid, ask, vec![1.0; 4]);
    let sparse = RowMap::Sparse { row: [0, 1, 2, 3, NO_ROW, NO_ROW].into(), last: [0, 1, 2, 3, 3, 3].into() };
    let symbol = |name, quote, bars, rows| SymbolSeries {
        spec: spec(name, quote),
        bars: Arc::new(bars),
        rows,
        higher: Vec::new(),
    };
    let symbols =
        vec![symbol("AAAUSD", "USD", first, RowMap::Identity), symbol("USDJPY", "JPY", second, sparse)];
    MultiSymbolData::new(Timeframe::M15, timeline, symbols, Digest([0; 32]))
}

#[test]
fn a_position_whose_symbol_has_ended_is_closed_at_its_last_bar() {
    let mut case = case(two_symbols(), with(plain(), &[("rates", r#"{"USDJPY": 100}"#)]), Vec::new());
    let Line::Enter(signal) = buy(Level::Absent, Level::Absent) else { unreachable!() };
    let line = Line::Enter(TradeSignal { symbol: SymbolId(1), ..signal });
    case.strategies = vec![script(Vec::new()), Scripted { symbol: SymbolId(1), ..script(vec![(0, line)]) }];
    let outcome = case.run(Clock::Skipping).expect("runs");
    let trade = only(&outcome);
    assert_eq!((trade.exit_time, trade.exit_price, trade.reason), (at(5), 100.0, CloseReason::EndOfData));
    assert_eq!(trade.result, -0.5 * (1.0 / 100.0));
}

/// Calm bars of two symbols; the first has a bar on every step, the second on every other one.
fn every_other_step(steps: usize) -> MultiSymbolData {
    let first = series(Timeframe::M15, &vec![CALM; steps], 0.5);
    let timeline = first.times().to_vec();
    let present: Vec<usize> = (0..steps).step_by(2).collect();
    let second = first.select(&present);
    let small = |n: usize| u32::try_from(n).expect("few bars");
    let row = (0..steps).map(|step| if step % 2 == 0 { small(step / 2) } else { NO_ROW }).collect();
    let last = (0..steps).map(|step| small(step / 2)).collect();
    let symbol = |name, bars, rows| SymbolSeries {
        spec: spec(name, "USD"),
        bars: Arc::new(bars),
        rows,
        higher: Vec::new(),
    };
    let sparse = RowMap::Sparse { row, last };
    let symbols = vec![symbol("AAAUSD", first, RowMap::Identity), symbol("BBBUSD", second, sparse)];
    MultiSymbolData::new(Timeframe::M15, timeline, symbols, Digest([0; 32]))
}

#[test]
fn cooldowns_lives_of_orders_and_keyed_draws_count_the_symbols_own_bars() {
    let keys = [("slippage", r#"{"fixed_pips": 0, "random_pips": 1}"#), ("slippage_stream", "\"keyed\"")];
    let limits = [("cooldown_candles", "3"), ("pending_ttl_bars", "2")];
    let settings = with(with(plain(), &keys), &limits);
    let limit = order(Direction::Long, OrderType::Limit, 50.0, Level::Absent, Level::Absent);
    let Line::Enter(buy) = buy(Level::Absent, Level::Absent) else { unreachable!() };
    // Every row speaks: a market order, and on the first row one that waits for a price never reached.
    let script_of = |symbol: SymbolId, rows: usize| {
        let mut lines: Vec<_> =
            (0..rows).map(|row| (row, Line::Enter(TradeSignal { symbol, ..buy }))).collect();
        let Line::Enter(limit) = limit else { unreachable!() };
        lines.push((0, Line::Enter(TradeSignal { symbol, ..limit })));
        Scripted { symbol, ..script(lines) }
    };
    let mut among = case(every_other_step(16), settings.clone(), Vec::new());
    among.strategies = vec![script(Vec::new()), script_of(SymbolId(1), 8)];
    // The second symbol alone: its own bars are all there are. Its draws stand under its number.
    let alone_bars = among.data.symbol(SymbolId(1)).bars.clone();
    let mut other = among.data.symbol(SymbolId(0)).clone();
    (other.bars, other.rows) = (Arc::clone(&alone_bars), RowMap::Identity);
    let mut symbol = among.data.symbol(SymbolId(1)).clone();
    symbol.rows = RowMap::Identity;
    let times = alone_bars.times().to_vec();
    let data = MultiSymbolData::new(Timeframe::M15, times, vec![other, symbol], Digest([0; 32]));
    let alone = Case { strategies: among.strategies.clone(), ..case(data, settings, Vec::new()) };
    for clock in [Clock::EveryBar, Clock::Skipping] {
        let (among, alone) = (among.run(clock).expect("runs"), alone.run(clock).expect("runs"));
        let closed = |outcome: &Outcome<Recorder>| -> Vec<Trade> {
            // The last instant of the axis is that of the run's end.
            let trades = outcome.run.trades.iter().cloned();
            trades.map(|trade| Trade { exit_time: at(0), ..trade }).collect()
        };
        assert_eq!(closed(&among), closed(&alone), "{clock:?}");
        assert_eq!(among.observer.signals.len(), 4, "rows 0, 3 and 6 speak, the first of them twice");
        assert_eq!((among.run.expired, alone.run.expired), (1, 1));
        assert_eq!(among.run.trades.len(), 3);
    }
}

#[test]
fn an_account_without_cash_takes_no_new_signals() {
    let bars = [CALM, CALM, [100.0, 100.0, 40.0, 50.0], CALM, CALM];
    let lines =
        vec![(0, buy(Level::Distance(20.0), Level::Absent)), (3, buy(Level::Distance(20.0), Level::Absent))];
    for (halt, trades) in [("true", 1), ("false", 2)] {
        let settings = with(plain(), &[("initial_balance", "10"), ("halt_on_ruin", halt)]);
        let outcome = run(market(&bars, 0.5), settings, lines.clone());
        assert_eq!((outcome.run.trades.len(), outcome.run.ruined), (trades, true), "{halt}");
        let refused = outcome.observer.signals.iter().filter(|(_, o)| *o == Err(Refusal::Ruined)).count();
        assert_eq!(refused, 2 - trades);
    }
}

#[test]
fn rates_come_from_the_mid_of_the_last_completed_bar_of_a_loaded_symbol() {
    let mut case = case(two_symbols(), with(plain(), &[("account_currency", "\"USD\"")]), Vec::new());
    let Line::Enter(signal) = buy(Level::Absent, Level::Absent) else { unreachable!() };
    let line = Line::Enter(TradeSignal { symbol: SymbolId(1), ..signal });
    case.strategies = vec![script(Vec::new()), Scripted { symbol: SymbolId(1), ..script(vec![(0, line)]) }];
    check_rates(&case.settings, &case.data).expect("USDJPY is loaded");
    let outcome = case.run(Clock::Skipping).expect("runs");
    assert_eq!(only(&outcome).result, -0.5 * (1.0 / 100.25));
    // With the reference's rule the bar that has just opened counts, so even the first bar has a rate.
    let first = |settings: EngineSettings| {
        let mut case = case.clone();
        case.settings = with(settings, &[("market_fill", "\"signal_price\""), ("sizing", "\"lot_sizer\"")]);
        let Line::Enter(signal) = buy(Level::Distance(5.0), Level::Absent) else { unreachable!() };
        let line = Line::Enter(TradeSignal { symbol: SymbolId(1), entry_price: 100.5, ..signal });
        case.strategies[1].lines = vec![(0, line)];
        case.run(Clock::Skipping).map(|outcome| outcome.run.trades.len())
    };
    assert_eq!(first(with(case.settings.clone(), &[("rates_asof", "\"reference\"")])), Ok(1));
    let error = first(case.settings.clone()).expect_err("no bar has completed");
    assert!(error.to_string().contains("no rate from JPY to USD"), "{error}");
}

#[test]
fn a_missing_rate_is_found_at_load_and_the_line_to_add_is_shown() {
    let settings = with(plain(), &[("rates", "{}"), ("account_currency", "\"EUR\"")]);
    let error = check_rates(&settings, &market(&[CALM; 2], 0.5)).expect_err("no rate").to_string();
    assert_eq!(
        error,
        "AAAUSD: no rate from USD to EUR: add \"rates\": {\"USDEUR\": <mid rate>} to strategy.engine"
    );
}

/// Buys on the first row; `mood` makes it panic.
struct Buys {
    params: Vec<ParamSpec>,
    scope: Scope,
}

struct Bought {
    symbol: SymbolId,
    panics: bool,
}

impl Strategy for Bought {
    fn evaluate(&mut self, bar: &BarView<'_>, _account: &AccountView<'_>, out: &mut Signals) {
        assert!(!self.panics, "in a bad mood");
        if bar.row() == 0 {
            let Line::Enter(signal) = buy(Level::Absent, Level::Absent) else { unreachable!() };
            out.enter(TradeSignal { symbol: self.symbol, ..signal });
        }
    }
}

impl StrategyDef for Buys {
    type Bound = Bought;

    fn name(&self) -> &'static str {
        "buys"
    }

    fn help(&self) -> &'static str {
        "Buys once."
    }

    fn params(&self) -> &[ParamSpec] {
        &self.params
    }

    fn scope(&self) -> Scope {
        self.scope
    }

    fn plan(&self, _: &ParamSet, _: &BindContext<'_>, _: &mut CachePlan) -> Result<(), ParamError> {
        Ok(())
    }

    fn bind(
        &self,
        params: &ParamSet,
        context: &BindContext<'_>,
        _cache: &IndicatorCache,
    ) -> Result<Bought, ParamError> {
        Ok(Bought { symbol: context.symbol, panics: params.flag("mood")? })
    }

    fn warmup_bars(&self, _params: &ParamSet) -> usize {
        0
    }
}

fn trial(pairs: &[(&str, &str)]) -> Trial {
    let values = pairs
        .iter()
        .map(|(name, json)| (*name, ParamValue::from_json(&serde_json::from_str(json).expect("json"))));
    Trial { id: TrialId(1), params: ParamSet::from_pairs(values) }
}

fn try_trial(scope: Scope, pairs: &[(&str, &str)]) -> Result<omega_sweep::engine::TrialRun, TrialError> {
    let settings = with(plain(), &[("rates", r#"{"USDJPY": 100}"#)]);
    let data = Arc::new(two_symbols());
    let window = StepRange { start: 0, end: data.steps() };
    let inputs =
        EngineInputs::new(data, Arc::new(IndicatorCache::default()), Arc::new(settings), MasterSeed(1));
    let request = RunRequest {
        window,
        fold: 0,
        repeat: 0,
        random_id: TrialId(0),
        clock: Clock::Skipping,
        window_end: WindowEnd::EndOfRun,
    };
    run_trial(&Buys { params: Vec::new(), scope }, &inputs, &request, &trial(pairs))
}

#[test]
fn a_trial_lays_its_engine_parameters_over_the_settings() {
    let plain = try_trial(Scope::PerSymbol, &[("mood", "false")]).expect("runs");
    let lots = ("engine.sizing", r#"{"fixed_lots": 2}"#);
    let double = try_trial(Scope::PerSymbol, &[("mood", "false"), lots]).expect("runs");
    assert_eq!((plain.trades.len(), plain.trades[0].size, double.trades[0].size), (2, 1.0, 2.0));
    let wrong =
        try_trial(Scope::PerSymbol, &[("mood", "false"), ("engine.gap_fills", "3")]).expect_err("not a flag");
    assert_eq!(wrong.to_string(), "`engine.gap_fills` must be true or false, got 3");
    let pruned = try_trial(Scope::PerSymbol, &[("mood", "false"), ("engine.gap_fills", "false")]);
    assert!(matches!(pruned, Err(TrialError::Param(ParamError::Infeasible { .. }))), "{pruned:?}");
}

#[test]
fn a_panic_fails_its_trial_and_no_more() {
    let error = try_trial(Scope::PerSymbol, &[("mood", "true")]).expect_err("panics");
    assert_eq!(error, TrialError::Panic("in a bad mood".to_owned()));
}

#[test]
fn an_account_per_symbol_has_its_own_balance_and_curve() {
    let own = ("engine.accounts", "\"per_symbol\"");
    let run = try_trial(Scope::PerSymbol, &[("mood", "false"), own]).expect("runs");
    assert_eq!((run.parts.len(), run.trades.len(), run.initial_balance), (2, 2, 2000.0));
    for part in &run.parts {
        assert_eq!((part.trades.len(), part.initial_balance), (1, 1000.0));
        assert_eq!(part.final_cash, 1000.0 + part.trades[0].result);
    }
    let last = run.curve.per_step().last().expect("a curve");
    assert_eq!(last.cash, run.parts[0].final_cash + run.parts[1].final_cash);
    let pairs = try_trial(Scope::AllSymbols, &[("mood", "false"), own]);
    assert!(matches!(pairs, Err(TrialError::Param(ParamError::Infeasible { .. }))), "{pairs:?}");
}
