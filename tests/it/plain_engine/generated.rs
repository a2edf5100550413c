//! Properties of the plain model over generated cases, and proof that the cases reach the rules they are made for.

use std::collections::BTreeMap;

use super::account::{Reason, Status};
use super::generate;
use super::input::{Case, SignalKind, Sizing};
use super::market::{Bar, Market};
use super::outcome::{Outcome, Record};
use super::run::run;
use super::switches::{BothHit, MarketFill, PnlMode};

/// Cases of the tests here; the comparison with the engine draws its own.
const CASES: u64 = 1_200;

fn outcomes() -> impl Iterator<Item = (Case, Outcome)> {
    (0..CASES).filter_map(|seed| {
        let case = generate::case(seed);
        match run(&case) {
            Ok(outcome) => Some((case, outcome)),
            Err(reason) => {
                assert!(reason.contains("more than 64 applications"), "seed {seed}: {reason}");
                None
            }
        }
    })
}

#[test]
fn the_books_balance_and_no_signal_is_lost() {
    for (case, outcome) in outcomes() {
        cash_is_the_sum_of_its_bookings(&case, &outcome);
        every_signal_is_accounted_for(&outcome);
        let bars = Market::new(&case).expect("a market").axis.split_off(outcome.start_index);
        let stamps: Vec<i64> = outcome.equity_per_bar.iter().map(|(ts, _)| *ts).collect();
        assert_eq!(stamps, bars);
    }
}

fn cash_is_the_sum_of_its_bookings(case: &Case, outcome: &Outcome) {
    let results: f64 = outcome.trades.iter().filter_map(|trade| trade.result).sum();
    let fees: f64 = outcome.fees_log.iter().map(|line| line.4).sum();
    let expected = case.initial_balance + results - fees;
    let scale = case.initial_balance + results.abs() + fees;
    assert!((outcome.final_balance - expected).abs() <= 1e-6 * scale.max(1.0), "{}", case.to_json());
}

fn every_signal_is_accounted_for(outcome: &Outcome) {
    let mut ended: Vec<usize> = [&outcome.trades, &outcome.still_open, &outcome.still_pending]
        .iter()
        .flat_map(|records| records.iter().map(|record| record.signal))
        .collect();
    for list in [
        &outcome.expired,
        &outcome.rejected_at_signal,
        &outcome.rejected_ruin,
        &outcome.rejected_waiting,
        &outcome.rejected_at_fill,
        &outcome.rejected_at_trigger,
        &outcome.unfilled_at_end,
    ] {
        ended.extend(list);
    }
    let mut processed: Vec<usize> = outcome.signals_processed.iter().map(|(number, _)| *number).collect();
    ended.sort_unstable();
    processed.sort_unstable();
    assert_eq!(ended, processed);
}

#[test]
fn no_order_fills_or_leaves_before_its_time() {
    for (case, outcome) in outcomes() {
        for trade in &outcome.trades {
            let (filled, left) =
                (trade.trigger_time_us.expect("filled"), trade.exit_time_us.expect("closed"));
            assert!(left >= filled);
            if trade.order_type != SignalKind::Market {
                assert!(filled > trade.entry_time_us);
            } else if case.switches.market_fill == MarketFill::SignalPrice && by_level(trade) {
                assert!(left > filled);
            }
        }
    }
}

fn by_level(trade: &Record) -> bool {
    matches!(trade.reason, Some(Reason::StopLoss | Reason::TakeProfit | Reason::BreakEvenStopLoss))
}

#[test]
fn a_limit_fills_at_its_price_or_better_and_inside_the_bar() {
    for (case, outcome) in outcomes() {
        for trade in outcome.trades.iter().filter(|trade| trade.order_type == SignalKind::Limit) {
            let asked = case.signals[trade.signal].entry.expect("a limit");
            let worse = trade.direction.sign() * (trade.entry_price - asked);
            assert!(worse <= 0.0);
            if case.switches.gap_fills {
                let row = case.candles[&trade.symbol].iter().find(|row| Some(row.0) == trade.trigger_time_us);
                let side =
                    Bar::from_row(row.expect("a bar")).entry_side(trade.direction).expect("both sides");
                assert!(side.low <= trade.entry_price && trade.entry_price <= side.high);
            }
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_case_and_the_same_outcome() {
    for seed in 0..50 {
        let case = generate::case(seed);
        assert_eq!(case, generate::case(seed));
        assert_eq!(run(&case), run(&case));
    }
}

/// Every kind of thing the cases are made for, with how often it has to happen among `CASES` at least.
#[test]
fn generated_cases_reach_every_rule() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (case, outcome) in outcomes() {
        for name in sights(&case, &outcome) {
            *seen.entry(name).or_default() += 1;
        }
    }
    for (name, least) in WANTED {
        let found = seen.get(*name).copied().unwrap_or(0);
        assert!(found >= *least, "{name}: {found} cases, wanted {least}; all: {seen:#?}");
    }
}

const WANTED: &[(&str, usize)] = &[
    ("StopLoss", 600),
    ("TakeProfit", 600),
    ("BreakEvenStopLoss", 100),
    ("Timeout", 80),
    ("Signal", 150),
    ("EndOfData", 60),
    ("ambiguous to the stop", 300),
    ("ambiguous to the target", 40),
    ("draws", 300),
    ("expired", 80),
    ("fixed lots by volume", 100),
    ("left at the edge of the bar", 150),
    ("left at the open", 80),
    ("limit leaves on its trigger bar", 300),
    ("market leaves on its entry bar", 200),
    ("stop leaves on its trigger bar", 300),
    ("most signals silenced", 150),
    ("no R", 50),
    ("no target", 200),
    ("rejected at fill", 100),
    ("rejected at signal", 80),
    ("rejected at trigger", 150),
    ("rejected by ruin", 40),
    ("rejected waiting", 100),
    ("ruined", 80),
    ("still open", 80),
    ("still pending", 200),
    ("unfilled at end", 20),
];

/// Names of what can be seen in one outcome.
fn sights(case: &Case, outcome: &Outcome) -> Vec<String> {
    let mut sights: Vec<String> = Vec::new();
    let mut see = |name: &str, there: bool| {
        if there {
            sights.push(name.to_owned());
        }
    };
    see("rejected at signal", !outcome.rejected_at_signal.is_empty());
    see("rejected by ruin", !outcome.rejected_ruin.is_empty());
    see("rejected waiting", !outcome.rejected_waiting.is_empty());
    see("rejected at fill", !outcome.rejected_at_fill.is_empty());
    see("rejected at trigger", !outcome.rejected_at_trigger.is_empty());
    see("expired", !outcome.expired.is_empty());
    see("unfilled at end", !outcome.unfilled_at_end.is_empty());
    see("still open", !outcome.still_open.is_empty());
    see("still pending", !outcome.still_pending.is_empty());
    see("ruined", outcome.ruined);
    see("draws", outcome.uniforms_consumed > 0);
    see("fixed lots by volume", matches!(case.sizing, Sizing::FixedLots { .. }) && by_volume(case));
    let silent = outcome.start_index > 0 && outcome.signals_processed.len() * 2 < case.signals.len();
    see("most signals silenced", silent);
    for trade in &outcome.trades {
        see(&format!("{:?}", trade.reason.expect("closed")), true);
        see("no R", trade.r_multiple.is_none());
        see("no target", trade.take_profit.is_none());
        let filled_now = trade.trigger_time_us == trade.exit_time_us;
        let level = by_level(trade);
        see("market leaves on its entry bar", trade.order_type == SignalKind::Market && filled_now && level);
        see("limit leaves on its trigger bar", trade.order_type == SignalKind::Limit && filled_now && level);
        see("stop leaves on its trigger bar", trade.order_type == SignalKind::Stop && filled_now && level);
        let target = trade.reason == Some(Reason::TakeProfit);
        see("ambiguous to the stop", trade.ambiguous && !target);
        see(
            "ambiguous to the target",
            trade.ambiguous && target && case.switches.both_hit != BothHit::Pessimistic,
        );
        let row = case.candles[&trade.symbol].iter().find(|row| Some(row.0) == trade.exit_time_us);
        if let (Some(row), Some(exit)) = (row, trade.exit_price) {
            let side = Bar::from_row(row).exit_side(trade.direction);
            see("left at the open", level && exit == side.open && !filled_now);
            see("left at the edge of the bar", level && (exit == side.low || exit == side.high));
        }
        assert_eq!(trade.status, Status::Closed);
    }
    sights.sort();
    sights.dedup();
    sights
}

fn by_volume(case: &Case) -> bool {
    case.switches.pnl_mode == PnlMode::Volume
}
