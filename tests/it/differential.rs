//! One loop, two clocks: skipping changes no bit.

use omega_sweep::engine::{Clock, Outcome};
use omega_sweep::types::Trade;
use proptest::prelude::*;

use super::engine_cases::{Case, Recorder};

/// The bits of everything a run leaves behind, but for the number of steps the clock stopped on.
pub(crate) fn bits(outcome: &Outcome<Recorder>) -> String {
    let mut run = outcome.run.clone();
    run.bars_stepped = 0;
    let signals = &outcome.observer.signals;
    let curve: Vec<_> =
        run.curve.points().iter().map(|p| (p.step, p.cash.to_bits(), p.equity.to_bits())).collect();
    format!(
        "{run:?} {curve:?} end {} {signals:?} {:?} {:?} draws {} fees {:?} equity {:?} {:?} active {:?}",
        run.curve.end(),
        outcome.observer.gone,
        outcome.observer.fees,
        outcome.draws,
        outcome.total_fees,
        outcome.equity,
        outcome.extremes,
        outcome.active,
    )
}

fn show(trades: &[Trade]) -> String {
    format!("{trades:#?}")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn skipping_and_walking_every_bar_give_the_same_bits(seed in any::<u64>()) {
        let case = Case::new(seed);
        let (every, skipping) = (case.run(Clock::EveryBar), case.run(Clock::Skipping));
        if let (Ok(every), Ok(skipping)) = (&every, &skipping) {
            prop_assert_eq!(
                bits(every), bits(skipping),
                "trades\n{}\n{}", show(&every.run.trades), show(&skipping.run.trades)
            );
            prop_assert!(skipping.run.bars_stepped <= every.run.bars_stepped);
        }
        prop_assert_eq!(every.err(), skipping.err());
    }
}

#[test]
fn the_random_cases_trade_in_every_way_and_the_clock_does_skip() {
    let mut reasons = std::collections::BTreeMap::new();
    let (mut stepped, mut all, mut failed, mut ambiguous, mut pending) = (0, 0, 0, 0, 0);
    for seed in 0..400 {
        let case = Case::new(seed);
        let Ok(outcome) = case.run(Clock::Skipping) else {
            failed += 1;
            continue;
        };
        for trade in &outcome.run.trades {
            *reasons.entry(trade.reason.as_str()).or_insert(0) += 1;
            ambiguous += usize::from(trade.ambiguous);
            pending += usize::from(trade.order_type != omega_sweep::types::OrderType::Market);
        }
        stepped += outcome.run.bars_stepped;
        all += outcome.run.bars;
    }
    for reason in [
        "stop_loss",
        "take_profit",
        "break_even_stop_loss",
        "timeout",
        "signal",
        "end_of_data",
        "window_end",
        "stop_out",
    ] {
        assert!(reasons.get(reason).is_some_and(|count| *count >= 5), "{reason}: {reasons:?}");
    }
    assert!(ambiguous > 20 && pending > 100, "{ambiguous} ambiguous, {pending} pending");
    assert!(failed < 20, "{failed} of 400 cases cannot run");
    assert!(stepped * 10 < all * 9, "{stepped} of {all} steps were walked");
}
