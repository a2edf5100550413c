//! Rules of the small strategies on hand-made markets.

use crate::data::MultiSymbolData;
use crate::strategy::builtin::{BollingerReversion, DonchianBreakout, RsiReversion};
use crate::strategy::fixture::{EURUSD, bound, keeps_its_promise, market, say, say_all};
use crate::strategy::{Level, Signal, TradeSignal};
use crate::types::{Direction, ParamValue};

fn points(points: impl Iterator<Item = i32>) -> MultiSymbolData {
    market(&points.map(|point| 1.1 + f64::from(point) * 0.0001).collect::<Vec<_>>(), 0.0001)
}

/// Quiet, then a rise to a new high at bar 40, a fall to a new low at bar 60.
fn breakout() -> MultiSymbolData {
    points((0..90).map(|row| match row {
        40..=50 => 10 + row - 40,
        51..=59 => 5,
        60.. => -10 - (row - 60),
        _ => row % 2,
    }))
}

fn entries(said: Vec<(usize, Signal)>) -> Vec<(usize, TradeSignal)> {
    let enter = |(row, signal)| match signal {
        Signal::Enter(trade) => Some((row, trade)),
        Signal::Close(_) => None,
    };
    said.into_iter().filter_map(enter).collect()
}

#[test]
fn a_breakout_speaks_once_when_the_range_is_left() {
    let data = breakout();
    let mut strategy = bound(&DonchianBreakout::default(), &data, &[]).expect("feasible");
    let said = entries(say_all(&mut strategy, &data));
    let rows: Vec<(usize, Direction)> = said.iter().map(|(row, trade)| (*row, trade.direction)).collect();
    assert_eq!(rows, [(40, Direction::Long), (60, Direction::Short)]);
    assert_eq!(say(&mut strategy, &data, 60, Some(Direction::Long)), [Signal::Close(EURUSD)]);
    assert_eq!(say(&mut strategy, &data, 45, Some(Direction::Long)), []);
    keeps_its_promise(&mut strategy, &data);
    let longs = [("direction", ParamValue::text("long"))];
    let mut longs = bound(&DonchianBreakout::default(), &data, &longs).expect("feasible");
    assert_eq!(entries(say_all(&mut longs, &data)).len(), 1);
}

#[test]
fn levels_are_multiples_of_the_atr_and_null_is_none() {
    let data = breakout();
    let with = |stop: ParamValue, target: ParamValue| {
        let given = [("stop_atr", stop), ("target_atr", target)];
        let mut strategy = bound(&DonchianBreakout::default(), &data, &given).expect("feasible");
        let (_, trade) = entries(say_all(&mut strategy, &data))[0];
        (trade.stop_loss, trade.take_profit)
    };
    let (stop, target) = with(ParamValue::Float(1.0), ParamValue::Float(3.0));
    let (Level::Distance(stop), Level::Distance(target)) = (stop, target) else { panic!("distances") };
    assert!((target - 3.0 * stop).abs() < 1e-12 && stop > 0.0);
    assert_eq!(with(ParamValue::Null, ParamValue::Null), (Level::Absent, Level::Absent));
}

#[test]
fn the_rsi_is_traded_when_it_comes_back() {
    // Down for twenty bars, up for twenty, down again.
    let data = points((0..80).map(|row| match row {
        0..20 => -row,
        20..50 => row - 40,
        _ => 60 - row,
    }));
    let given = [("rsi_length", ParamValue::Int(5))];
    let mut strategy = bound(&RsiReversion::default(), &data, &given).expect("feasible");
    let said = entries(say_all(&mut strategy, &data));
    assert_eq!(
        said.iter().map(|(_, trade)| trade.direction).collect::<Vec<_>>(),
        [Direction::Long, Direction::Short]
    );
    assert!((20..25).contains(&said[0].0) && (50..55).contains(&said[1].0), "{said:?}");
    keeps_its_promise(&mut strategy, &data);
    let flat = [("lower", ParamValue::Int(60))];
    let error = bound(&RsiReversion::default(), &data, &flat).expect_err("infeasible");
    assert!(error.to_string().contains("lower 60, exit_level 50 and upper 70 do not rise"));
}

#[test]
fn a_band_is_bought_at_its_edge_and_left_at_its_middle() {
    let data = points((0..60).map(|row| if row == 40 { -30 } else { row % 2 }));
    let mut strategy = bound(&BollingerReversion::default(), &data, &[]).expect("feasible");
    let said = entries(say_all(&mut strategy, &data));
    assert_eq!(
        said.iter().map(|(row, trade)| (*row, trade.direction)).collect::<Vec<_>>(),
        [(40, Direction::Long)]
    );
    assert_eq!(say(&mut strategy, &data, 41, Some(Direction::Long)), [Signal::Close(EURUSD)]);
    assert_eq!(say(&mut strategy, &data, 40, Some(Direction::Long)), []);
    keeps_its_promise(&mut strategy, &data);
}
