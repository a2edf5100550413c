//! The signals and scripted updates of a generated case: levels near the bars, many of them exactly on a later bar's price.

use super::dice::Dice;
use super::input::{Case, Direction, Manager, Signal, SignalKind, Update};
use super::market::{Bar, Market};
use super::walk::Instrument;

/// How a case's script is drawn.
struct Style {
    stopless: bool,
    distances: bool,
    exits: u64,
    density: u64,
}

pub(crate) fn write(dice: &mut Dice, case: &mut Case, traded: &[Instrument], stopless: bool) {
    let market = Market::new(case).expect("generated symbols share instants");
    let style = Style {
        stopless,
        distances: dice.percent(35),
        exits: dice.pick(&[0, 0, 5, 12]),
        density: dice.pick(&[3, 10, 25, 50]),
    };
    for index in 0..market.axis.len() {
        for (symbol, instrument) in traded.iter().enumerate() {
            let Some(bar) = market.bar(symbol, index) else { continue };
            if dice.percent(style.exits) {
                case.signals.push(exit_signal(index, instrument));
            }
            let mut chance = style.density;
            while dice.percent(chance) {
                let later = later_bar(dice, &market, symbol, index).unwrap_or(bar);
                case.signals.push(signal(dice, &style, instrument, index, &bar, &later));
                chance = 12;
            }
        }
    }
    if case.position_manager.is_none() && dice.percent(15) {
        let updates =
            case.signals.iter().enumerate().map(|(n, s)| update(dice, &market, case, n, s)).collect();
        case.position_manager = Some(Manager { updates, ..Manager::default() });
    }
    case.start_time_us = case.start_time_us.filter(|start| market.axis.iter().any(|ts| ts >= start));
    if case.start_time_us.is_none() {
        case.start_time_us = Some(market.axis[0]);
    }
}

fn later_bar(dice: &mut Dice, market: &Market, symbol: usize, index: usize) -> Option<Bar> {
    let later = index + 1 + dice.below(6);
    (later < market.axis.len()).then(|| market.bar(symbol, later)).flatten()
}

fn exit_signal(index: usize, instrument: &Instrument) -> Signal {
    Signal {
        index,
        symbol: instrument.name.to_owned(),
        kind: SignalKind::Close,
        direction: None,
        entry: None,
        sl: None,
        tp: None,
        sl_distance: None,
        tp_distance: None,
    }
}

fn signal(
    dice: &mut Dice,
    style: &Style,
    instrument: &Instrument,
    index: usize,
    bar: &Bar,
    later: &Bar,
) -> Signal {
    let direction = dice.pick(&[Direction::Long, Direction::Short]);
    let kind = dice.pick(&[SignalKind::Market, SignalKind::Market, SignalKind::Limit, SignalKind::Stop]);
    let d = direction.sign();
    let close = bar.entry_side(direction).expect("generated bars have both sides").close;
    let entry = match kind {
        SignalKind::Limit => pending_entry(dice, instrument, close, -d, later, direction),
        SignalKind::Stop => pending_entry(dice, instrument, close, d, later, direction),
        _ => close,
    };
    let mut signal =
        Signal { kind, direction: Some(direction), entry: Some(entry), ..exit_signal(index, instrument) };
    let (stop, target) = (distance(dice, instrument), distance(dice, instrument));
    let wrong_sided = |dice: &mut Dice| if dice.percent(6) { -1.0 } else { 1.0 };
    if style.distances && dice.percent(60) {
        signal.sl_distance = Some(stop);
        signal.tp_distance = Some(target);
    } else {
        let side = later.exit_side(direction);
        let (adverse, favourable) = match direction {
            Direction::Long => (side.low, side.high),
            Direction::Short => (side.high, side.low),
        };
        let stop = on_points(entry - d * wrong_sided(dice) * stop, instrument);
        let target = on_points(entry + d * wrong_sided(dice) * target, instrument);
        signal.sl = Some(if dice.percent(20) { adverse } else { stop });
        signal.tp = Some(if dice.percent(20) { favourable } else { target });
    }
    if style.stopless && dice.percent(40) {
        (signal.sl, signal.sl_distance) = (None, None);
    }
    if dice.percent(if style.stopless { 40 } else { 5 }) {
        (signal.tp, signal.tp_distance) = (None, None);
    }
    signal
}

/// A price `towards` the given side of the close, now and then on the wrong one or exactly on a later bar's price.
fn pending_entry(
    dice: &mut Dice,
    instrument: &Instrument,
    close: f64,
    towards: f64,
    later: &Bar,
    direction: Direction,
) -> f64 {
    let side = later.entry_side(direction).expect("generated bars have both sides");
    match dice.below(10) {
        0 => close,
        1 => on_points(close - towards * distance(dice, instrument), instrument),
        2 => side.open,
        3 => side.low,
        4 => side.high,
        _ => on_points(close + towards * distance(dice, instrument), instrument),
    }
}

/// A distance in price: nothing, a fraction of a pip, or up to some usual moves.
fn distance(dice: &mut Dice, instrument: &Instrument) -> f64 {
    let points = match dice.below(20) {
        0 => 0,
        1 => 1,
        2 => instrument.pip,
        3..=7 => dice.between(1, 3 * instrument.unit),
        8..=16 => dice.between(2, 15) * instrument.unit,
        _ => dice.between(10, 60) * instrument.unit,
    };
    points as f64 / instrument.scale
}

/// The nearest price of whole points.
fn on_points(price: f64, instrument: &Instrument) -> f64 {
    (price * instrument.scale).round() / instrument.scale
}

/// Levels for the position of one signal, some bars after it.
fn update(dice: &mut Dice, market: &Market, case: &Case, number: usize, signal: &Signal) -> Update {
    let index = (signal.index + 1 + dice.below(10)).min(market.axis.len() - 1);
    let symbol = case.symbols.iter().position(|s| *s == signal.symbol).expect("a traded symbol");
    let bar = market.last(symbol, index).expect("the signal had a bar");
    let sl = dice.percent(70).then_some(if dice.percent(50) { bar.bid.low } else { bar.bid.open });
    let tp = dice.percent(30).then_some(bar.bid.high);
    Update { index, signal: number, sl, tp }
}
