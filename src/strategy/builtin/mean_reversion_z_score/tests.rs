//! Rules of the scenarios on small hand-made markets; the recorded vectors cover the rest.

use super::*;
use crate::data::MultiSymbolData;
use crate::strategy::Signal;
use crate::strategy::fixture::{EURUSD, bound, keeps_its_promise, market, say, say_all};
use crate::types::{ParamDomain, ParamValue};

type Given = (&'static str, ParamValue);

/// A quiet zigzag with one deep fall at bar 80 and one high rise at bar 120.
fn shocked() -> MultiSymbolData {
    let close = |row: i32| {
        let calm = if row % 2 == 0 { 1.1000 } else { 1.1002 };
        match row {
            80 => calm - 0.0060,
            120 => calm + 0.0060,
            _ => calm,
        }
    };
    market(&(0..160).map(close).collect::<Vec<_>>(), 0.0001)
}

fn scenarios(numbers: &[i64]) -> ParamValue {
    ParamValue::List(numbers.iter().map(|&number| ParamValue::Int(number)).collect())
}

fn strategy(data: &MultiSymbolData, given: &[Given]) -> Result<MeanReversionBound, ParamError> {
    let short_windows: [Given; 3] = [
        ("window_length", ParamValue::Int(20)),
        ("ema_length", ParamValue::Int(20)),
        ("kalman_q", ParamValue::Float(0.0001)),
    ];
    bound(&MeanReversionZScore::default(), data, &[&short_windows[..], given].concat())
}

fn entries(data: &MultiSymbolData, given: &[Given]) -> Vec<(usize, TradeSignal)> {
    let mut strategy = strategy(data, given).expect("feasible");
    let said = say_all(&mut strategy, data);
    let enter = |(row, signal)| match signal {
        Signal::Enter(trade) => (row, trade),
        Signal::Close(_) => panic!("the strategy has no exit signals"),
    };
    said.into_iter().map(enter).collect()
}

#[test]
fn a_fall_below_mean_and_band_buys_with_levels_from_the_bid_bar_and_the_target_at_the_middle() {
    let data = shocked();
    let said = entries(&data, &[("enabled_scenarios", scenarios(&[2]))]);
    assert_eq!(said.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [80, 120]);
    let (row, long) = said[0];
    let bars = &data.symbol(EURUSD).bars;
    assert_eq!((long.direction, long.scenario), (Direction::Long, Some("long_2")));
    assert_eq!(long.entry_price, bars.ask().close[row]);
    let closes = &bars.bid().close[row - 19..=row];
    let middle = closes.iter().sum::<f64>() / 20.0;
    assert_eq!(long.take_profit, Level::Price(round_decimals(middle, 5)));
    let Level::Price(stop) = long.stop_loss else { panic!("a price") };
    assert!(stop < bars.bid().low[row]);
    assert_eq!(stop, round_decimals(stop, 5));
}

#[test]
fn scenario_1_targets_the_average_and_measures_shorts_with_the_ask() {
    let data = shocked();
    let said = entries(
        &data,
        &[("enabled_scenarios", scenarios(&[1])), ("direction_filter", ParamValue::text("short"))],
    );
    let (row, short) = said[0];
    assert_eq!((row, short.scenario), (120, Some("short_1")));
    let mut plan = CachePlan::default();
    let params =
        crate::strategy::complete(&MeanReversionZScore::default(), &[("enabled_scenarios", scenarios(&[1]))]);
    let context = BindContext { data: &data, symbol: EURUSD };
    MeanReversionZScore::default().plan(&params.expect("complete"), &context, &mut plan).expect("feasible");
    assert!(
        plan.keys().any(|key| key.side == PriceSide::Ask && key.kind == IndicatorKind::Atr { period: 14 })
    );
}

#[test]
fn the_first_enabled_scenario_speaks_and_short_comes_before_long() {
    let data = shocked();
    let labels = |numbers: &[i64]| {
        let said = entries(&data, &[("enabled_scenarios", scenarios(numbers))]);
        said.iter().filter_map(|(_, trade)| trade.scenario).collect::<Vec<_>>()
    };
    assert_eq!(labels(&[1, 2]), ["long_1", "short_1"]);
    assert_eq!(labels(&[2, 3]), ["long_2", "short_2"]);
    assert!(ORDER[..8].iter().step_by(2).all(|(_, direction)| *direction == Direction::Short));
}

#[test]
fn thresholds_are_inclusive_and_nothing_is_said_with_a_position() {
    let data = shocked();
    let mut loose = strategy(&data, &[("enabled_scenarios", scenarios(&[2]))]).expect("feasible");
    assert!(!say(&mut loose, &data, 80, None).is_empty());
    assert!(say(&mut loose, &data, 80, Some(Direction::Short)).is_empty());
    let Scenario::Two(_) = &loose.scenarios[0] else { panic!("scenario 2") };
    let z = look::Thresholds::of(&params::Core {
        window_length: 2,
        b_b_length: 2,
        std_factor: 1.0,
        kalman_r: 1.0,
        kalman_q: 1.0,
        z_score_long: -1.5,
        z_score_short: 1.5,
    });
    assert!(z.reached(-1.5, Direction::Long) && !z.reached(-1.499, Direction::Long));
    assert!(z.reached(1.5, Direction::Short) && !z.reached(f64::INFINITY, Direction::Short));
    assert!(!z.reached(f64::NAN, Direction::Long));
}

#[test]
fn scenario_3_needs_room_to_its_target() {
    let data = shocked();
    let three = |distance: f64| {
        entries(
            &data,
            &[("enabled_scenarios", scenarios(&[3])), ("tp_min_distance", ParamValue::Float(distance))],
        )
        .len()
    };
    assert_eq!((three(0.0003), three(1.0)), (2, 0));
}

#[test]
fn a_flat_market_lies_on_both_bands_at_once() {
    let data = market(&[1.1; 60], 0.0001);
    let band = look::Look {
        row: 40,
        bid: data.symbol(EURUSD).bars.bid().at(40),
        ask: data.symbol(EURUSD).bars.ask().at(40),
    };
    let two = strategy(&data, &[("enabled_scenarios", scenarios(&[2]))]).expect("feasible");
    let Scenario::Two(_) = &two.scenarios[0] else { panic!("scenario 2") };
    let (core, context) = (core(), BindContext { data: &data, symbol: EURUSD });
    let mut plan = CachePlan::default();
    look::Bands::plan(&core, &context, &mut plan);
    let cache = crate::strategy::fixture::cache_of(&plan, &data);
    let bands = look::Bands::bind(&core, &context, &cache).expect("planned");
    assert_eq!(bands.reverting(&band, Direction::Long), Some(1.1));
    assert_eq!(bands.reverting(&band, Direction::Short), Some(1.1));
}

fn core() -> params::Core {
    params::Core {
        window_length: 20,
        b_b_length: 20,
        std_factor: 2.0,
        kalman_r: 1.0,
        kalman_q: 1.0,
        z_score_long: -1.5,
        z_score_short: 1.5,
    }
}

#[test]
fn sets_that_cannot_trade_are_pruned_with_a_reason() {
    let data = shocked();
    let refused = |given: &[Given], words: &str| {
        let error = strategy(&data, given).expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    };
    refused(&[("z_score_long", ParamValue::Float(3.0))], "z_score_long 3 is not below z_score_short 2.5");
    refused(&[("garch_alpha", ParamValue::Float(0.2))], "is not below 1");
    refused(&[("local_z_lookback", ParamValue::Int(51))], "below garch_min_periods + 2 = 52");
    refused(&[("intraday_vol_garch_lookback", ParamValue::Int(110))], "scenario 5 can never fire");
    refused(&[("enabled_scenarios", scenarios(&[6]))], "empty scenario6_timeframes");
    refused(&[("htf_filter", ParamValue::text("above"))], "add \"D1\" to data.timeframes.additional");
    refused(
        &[("htf_filter", ParamValue::text("above")), ("htf_tf", ParamValue::text("NONE"))],
        "blocks every signal",
    );
    refused(&[("enabled_scenarios", scenarios(&[7]))], "must be a list of whole numbers 1..6");
    refused(&[("colour", ParamValue::Int(1))], "does not declare");
    let unread = [("enabled_scenarios", scenarios(&[2])), ("garch_alpha", ParamValue::Float(0.2))];
    assert!(strategy(&data, &unread).is_ok(), "a scenario that is off reads no GARCH");
}

#[test]
fn a_volatility_name_may_be_written_loosely_but_must_exist() {
    let data = shocked();
    let allowed = |name: &str| {
        let list = ParamValue::List([ParamValue::text(name)].into());
        strategy(&data, &[("intraday_vol_allowed", list)]).is_ok()
    };
    assert!(allowed(" High ") && allowed("cluster_7") && !allowed("medium"));
}

#[test]
fn the_position_manager_switches_the_holding_time() {
    let data = shocked();
    let holding = |given: &[Given]| strategy(&data, given).expect("feasible").max_holding_minutes();
    assert_eq!(holding(&[]), Some(30));
    assert_eq!(holding(&[("max_holding_minutes", ParamValue::Null)]), None);
    assert_eq!(holding(&[("use_position_manager", ParamValue::Bool(false))]), None);
}

#[test]
fn flat_keys_are_declared_in_any_case_and_nothing_else_is() {
    let def = MeanReversionZScore::default();
    let spec = def.dynamic_param("scenario6_h1_LONG_b_b_length").expect("a flat key");
    assert!(matches!(spec.domain, ParamDomain::Int { min: 2, .. }));
    for name in
        ["scenario6_H1_long", "scenario6_H9_long_z_score", "scenario6_H1_up_z_score", "ema", "scenario6_ä"]
    {
        assert!(def.dynamic_param(name).is_none(), "{name}");
    }
}

#[test]
fn a_flat_key_hides_the_timeframes_own_values_for_its_direction_only() {
    let json = serde_json::json!({"M1": {"z_score": -0.2, "b_b_length": 10}});
    let given: [Given; 3] = [
        (
            "scenario6_timeframes",
            ParamValue::List([ParamValue::text("primary"), ParamValue::text("M1")].into()),
        ),
        ("scenario6_params", ParamValue::from_json(&json)),
        ("scenario6_PRIMARY_short_b_b_length", ParamValue::Int(7)),
    ];
    let params = crate::strategy::complete(&MeanReversionZScore::default(), &given).expect("complete");
    let chain = chain_params::read(&params, core(), Timeframe::M1).expect("valid");
    assert_eq!(chain.members.len(), 1, "PRIMARY is M1 here");
    let member = chain.members[0];
    assert_eq!((member.long.b_b_length, member.long.z_score_short), (10, -0.2));
    assert_eq!((member.short.b_b_length, member.short.z_score_short), (7, 1.5));
}

#[test]
fn outside_its_candidates_it_says_nothing() {
    let data = shocked();
    for numbers in [&[1][..], &[2], &[3], &[4], &[5], &[1, 2, 4], &[]] {
        for direction in ["long", "short", "both"] {
            let given = [
                ("enabled_scenarios", scenarios(numbers)),
                ("direction_filter", ParamValue::text(direction)),
                ("tp_min_distance", ParamValue::Float(0.0003)),
            ];
            keeps_its_promise(&mut strategy(&data, &given).expect("feasible"), &data);
        }
    }
}
