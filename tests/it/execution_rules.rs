//! Rules the recorded runs do not show, each on a market small enough to compute by hand.

mod costs;
mod entries;
mod exits;
mod management;
mod symbols;
mod trials;

use std::sync::Arc;

use omega_sweep::data::{BarSeries, MultiSymbolData, Ohlc, PriceColumns, RowMap, SymbolSeries, SymbolSpec};
use omega_sweep::engine::{Clock, EngineSettings, Outcome, WindowEnd};
use omega_sweep::strategy::{Level, TradeSignal};
use omega_sweep::types::time::MINUTE;
use omega_sweep::types::{
    Digest, Direction, OrderType, ParamValue, StepRange, SymbolId, Timeframe, Timestamp, Trade,
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
