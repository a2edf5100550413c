//! A second implementation of the execution rules, written from their text alone and as plainly as possible.
//!
//! Rows instead of columns, lists scanned from the start on every bar, nothing cached and nothing skipped. It shares no code with the
//! engine except the keyed generator, so that an agreement of both to the last bit says something about the rules.
//!
//! # Readings
//!
//! Where the text allows more than one meaning, this is the one taken here. Section numbers are those of the execution rules.
//!
//! Time and numbering
//! - 2.2, 2.3: "bar" and its index mean a bar of the symbol, counted among its own bars on the axis from the beginning, warm-up included:
//!   the `placed_index` of `pending_ttl_bars` (3.2), the `bar_index` of keyed draws (6.1), "the symbol's next bar" and "the symbol's bar
//!   `i + 1 + n`" (9a, 9b), and `cooldown_candles` (2.4) of a wrapper bound to one symbol. So a symbol's results do not depend on when
//!   others trade. A wrapper for all symbols has no bars of its own and counts instants.
//! - 2.3, 9a: each phase runs over all symbols in configured order before the next phase begins: waiting entries, exit signals, then the
//!   steps of `step_order`. A symbol without a bar at the instant takes part in none of them.
//! - 2.2, 3.2: pending orders expire just before the update, in `exits_first` therefore after the strategy; an expiry is not a close and starts
//!   no cooldown. With `pending_ttl_bars = 0` an order expires on its placing bar.
//! - 2.4: a wrapper bound per symbol is asked only on instants with a bar of its symbol; one wrapper for all is asked on every instant, and
//!   signals of a symbol without a bar there are not said.
//! - 2.4, 9a: exit signals do not start the entry cooldown (it names entries), but cooldowns and the session gate silence them too, because
//!   the strategy is not called. Every booked close starts the trade cooldown, whatever its reason.
//! - 2.1: a single run without a start time is an error; a start between two bars begins at the later one.
//!
//! Entries
//! - 3.1, 9a: the ruin check comes before anything else of a signal (no draw is spent); waiting orders still fill at `cash <= 0`; exit signals
//!   are no entries and are never refused.
//! - 9a: a waiting market order joins the active list when it fills, so an order placed later but before that fill stands in front of it.
//! - 9a: waiting entries fill before the exit signals of the same bar ("before anything else of that bar").
//! - 9a: the one-waiting-order rule counts what waits at the moment of the signal, with `order_delay_bars` also orders of earlier bars.
//! - 9a: a waiting order refused at its open (distance, minimum lot) was accepted as a signal; it is listed apart. Its draw is spent.
//! - 9a: an order to fill on a bar without an ask row waits on, if it is a long.
//! - 9a: stop and target may each be a price or a distance. A pending order's distances are unknown (null) until its trigger.
//! - 9a: "absent stop or target ... sizing by risk then needs fixed lots" concerns the stop; a missing target alone changes nothing.
//! - 13.1: without `min_sl_distance_pips` triggers are checked when `gap_fills` or `pending_slippage` is on, limit orders included.
//! - 13.1: `min_lot_policy = reject` compares the configured lots when they are fixed.
//! - with fixed lots `unit_value` is that of `lot_sizer`. With `risk == 0` R is 0 and a volume result still follows its own formula.
//!
//! Exits
//! - 9a: an exit signal means every position of its symbol open at that moment, in opening order; pending and waiting orders stay. Under
//!   `next_open` those still open then close at the start of the bar, before the strategy. Without a further bar nothing happens or is counted.
//! - 9a: under `signal_price` it may close a position on its own entry bar; rule 1 of section 4 concerns the exit phase.
//! - 9a: `open_first` compares the open with the levels themselves, without the buffer. Its stop is labelled `stop_loss` even if it was moved.
//! - 9a: "held at the open" includes the entry bar of a `next_open` fill and the trigger bar of a pending order that `gap_fills` filled at the
//!   open ("an entry bar filled at its open included"), and leaves out the bar of an order that triggered inside it. What the open does not
//!   decide on a trigger bar follows rule 5, at the levels themselves (9).
//! - 9: "later bar than the fill" includes the entry bar of a `next_open` fill, since rule 5 treats it as one.
//! - 9b: `both_hit` decides between the hits of rule 3, buffer included; distances to the open are those of the bare levels. On a trigger bar a
//!   target that rule 5 refuses does not compete: the stop counts, under `optimistic` too.
//! - 9b: a trade is ambiguous when the bar hit both levels by rule 3 and the exit came from section 4, whatever `both_hit` says, and also when
//!   rule 5 refused the target.
//! - 9a, Q-21: an exit signal slips like a stop.
//! - 4: where an exit needs ask prices and the row has none, the bid's are used, for closes and opens as well as for levels.
//! - 4, `is_cross`: "cross-symbol" is the engine kind.
//!
//! Management and books
//! - 8.1: break-even is spent the first time its condition holds, even if its candidate was then refused. Without an initial stop R0 is undefined and
//!   neither break-even nor trailing acts. Trailing needs both of its numbers; a missing offset is 0. A candidate equal to `p` is not beyond it.
//! - 8.1: `updates` of the vectors come after the other rules.
//! - 8.3: floating results of a symbol without a bar at the instant use its last bar (data rules, section 9).
//! - 13.1: at the end of data each position closes at the close of its symbol's last bar, dated (and drawn for) the last instant of the axis.
//! - 6.1: a slot is counted for every application, also when nothing is drawn; a target without slippage is no application.
//! - 8.2, 8.5: R is null only for a closed position without an initial stop; such trades are left out of the average.

mod account;
mod costs;
mod dice;
mod exits;
pub(crate) mod generate;
mod generated;
pub(crate) mod input;
mod management;
mod market;
mod orders;
pub(crate) mod outcome;
mod pending;
mod rules;
pub(crate) mod run;
mod script;
mod sizing;
pub(crate) mod switches;
mod unit_vectors;
mod vectors;
mod walk;
