//! Small markets and whole evaluations for the unit tests of strategies.

use std::sync::Arc;

use super::{
    AccountView, BarView, BindContext, Candidates, Signal, Signals, Strategy, StrategyDef, complete,
};
use crate::cache::{CachePlan, IndicatorCache};
use crate::data::{BarSeries, MultiSymbolData, Ohlc, PriceColumns, RowMap, SymbolSeries, SymbolSpec};
use crate::portfolio::{Position, PositionStatus};
use crate::types::time::MINUTE;
use crate::types::{Digest, Direction, OrderType, ParamError, ParamValue, SymbolId, Timeframe, Timestamp};

pub(crate) const EURUSD: SymbolId = SymbolId(0);

/// One symbol on M1 whose bars open at the close before; the ask lies `spread` above the bid.
pub(crate) fn market(closes: &[f64], spread: f64) -> MultiSymbolData {
    let mut bid = PriceColumns::default();
    let mut ask = PriceColumns::default();
    for (row, &close) in closes.iter().enumerate() {
        let open = if row == 0 { close } else { closes[row - 1] };
        let bar = Ohlc { open, high: open.max(close), low: open.min(close), close };
        bid.push(bar);
        ask.push(Ohlc {
            open: bar.open + spread,
            high: bar.high + spread,
            low: bar.low + spread,
            close: bar.close + spread,
        });
    }
    let times: Vec<i64> = (0_i64..).take(closes.len()).map(|row| row * MINUTE).collect();
    let volume = vec![1.0; closes.len()];
    let bars = BarSeries::new(Timeframe::M1, times.clone(), Arc::new(bid), Arc::new(ask), volume);
    let symbol =
        SymbolSeries { spec: eurusd(), bars: Arc::new(bars), rows: RowMap::Identity, higher: Vec::new() };
    MultiSymbolData::new(Timeframe::M1, times, vec![symbol], Digest([0; 32]))
}

fn eurusd() -> SymbolSpec {
    SymbolSpec {
        name: "EURUSD".to_owned(),
        contract_size: 100_000.0,
        tick_size: 0.00001,
        tick_value: None,
        pip_size: 0.0001,
        volume_min: 0.01,
        volume_step: 0.01,
        volume_max: 100.0,
        base_currency: "EUR".to_owned(),
        quote_currency: "USD".to_owned(),
        typical_spread_pips: 1.0,
    }
}

/// Everything a definition plans.
pub(crate) fn cache_of(plan: &CachePlan, data: &MultiSymbolData) -> IndicatorCache {
    crate::cache::build(plan, data, None, None).expect("the plan fits the data")
}

/// Checks the promises of a strategy: on rows outside its candidates it says nothing, whatever it holds; where it always closes
/// on them it does.
pub(crate) fn keeps_its_promise(strategy: &mut impl Strategy, data: &MultiSymbolData) {
    let candidates = strategy.candidates();
    for row in 0..data.steps() {
        for position in [None, Some(Direction::Long), Some(Direction::Short)] {
            let mask = match (&candidates, position) {
                (Candidates::EveryBar, _) => return,
                (Candidates::Mask(rows), _) => rows,
                (Candidates::ByPosition { flat, .. }, None) => flat,
                (Candidates::ByPosition { long, .. }, Some(Direction::Long)) => long,
                (Candidates::ByPosition { short, .. }, Some(Direction::Short)) => short,
            };
            let promised = mask.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1);
            let said = say(strategy, data, row, position);
            assert!(promised || said.is_empty(), "row {row} holding {position:?}: {said:?}");
            let by_position = matches!(candidates, Candidates::ByPosition { .. });
            if promised && position.is_some() && by_position && row >= strategy.closes_on_candidates_from() {
                assert_eq!(said, [Signal::Close(EURUSD)], "row {row} holding {position:?}");
            }
        }
    }
}

/// The definition bound to the first symbol, other parameters at their defaults.
pub(crate) fn bound<D: StrategyDef>(
    def: &D,
    data: &MultiSymbolData,
    given: &[(&str, ParamValue)],
) -> Result<D::Bound, ParamError> {
    let params = complete(def, given)?;
    let context = BindContext { data, symbol: EURUSD };
    let mut plan = CachePlan::default();
    def.plan(&params, &context, &mut plan)?;
    def.bind(&params, &context, &cache_of(&plan, data))
}

/// What the strategy says at a row, the account holding `position` or nothing.
pub(crate) fn say(
    strategy: &mut impl Strategy,
    data: &MultiSymbolData,
    row: usize,
    position: Option<Direction>,
) -> Vec<Signal> {
    let held: Vec<Position> = position.map(open_position).into_iter().collect();
    let mut signals = Signals::default();
    let bar = BarView::at(data, EURUSD, row).expect("the row exists");
    strategy.evaluate(&bar, &AccountView::new(&held, 0.0, 0.0), &mut signals);
    signals.as_slice().to_vec()
}

/// What the strategy says at every row while flat.
pub(crate) fn say_all(strategy: &mut impl Strategy, data: &MultiSymbolData) -> Vec<(usize, Signal)> {
    (0..data.steps())
        .flat_map(|row| say(strategy, data, row, None).into_iter().map(move |signal| (row, signal)))
        .collect()
}

pub(crate) fn open_position(direction: Direction) -> Position {
    Position {
        number: 0,
        symbol: EURUSD,
        direction,
        order_type: OrderType::Market,
        status: PositionStatus::Open,
        entry_time: Timestamp(0),
        trigger_time: Timestamp(0),
        row: 0,
        entry_price: 1.0,
        stop_loss: None,
        take_profit: None,
        initial_stop_loss: None,
        initial_take_profit: None,
        size: 1.0,
        risk_per_trade: 100.0,
        entry_fee: 0.0,
        exit_fee: 0.0,
        swap: 0.0,
        break_even_done: false,
        scenario: None,
        magic_number: 0,
    }
}
