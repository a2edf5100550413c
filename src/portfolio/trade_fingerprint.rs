//! A trade in 128 bits.
//!
//! Universal hashing by the scheme NH (Black, Halevi, Krawczyk, Krovetz and Rogaway, "UMAC: fast and secure message
//! authentication", 1999): to each word a constant is added, neighbours are multiplied, and the products summed. Whichever
//! fields differ, at most one choice of constants in 2^64 gives two trades the same sum. It takes one branch and writes
//! nothing, where hashing all the bytes of its trades was a seventh of what a run of many trades took.

use crate::types::{CloseReason, Direction, OrderType, Trade, TradeCosts};

/// Words that most trades need, and those that are 0 for most: a trigger at the entry, levels that were not moved, a commission
/// that is the fees, no swap. Even numbers.
const USUAL: usize = 16;
const SELDOM: usize = 8;

/// Constants that nobody chose: the first numbers of the generator `SplitMix64` seeded with 0.
const CONSTANTS: [u64; USUAL + SELDOM] = {
    let mut constants = [0; USUAL + SELDOM];
    let (mut state, mut place) = (0_u64, 0);
    while place < USUAL + SELDOM {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        constants[place] = mixed ^ mixed >> 31;
        place += 1;
    }
    constants
};

/// The fingerprint of a trade over the bits of all its fields; `scenario` is the number of its scenario, 0 without one.
#[expect(clippy::inline_always, reason = "a trade that is passed on in pieces is never written whole")]
#[inline(always)]
pub(super) fn fingerprint(trade: &Trade, scenario: u64) -> [u64; 2] {
    let (usual, seldom) = words(trade, scenario);
    let (first, behind) = CONSTANTS.split_at(USUAL);
    let mut sum = products(&usual, first);
    if seldom.iter().fold(0, |all, word| all | word) != 0 {
        sum = sum.wrapping_add(products(&seldom, behind));
    }
    #[expect(clippy::cast_possible_truncation, reason = "its lower half, and then the upper one")]
    [sum as u64, (sum >> 64) as u64]
}

#[inline]
fn products(words: &[u64], constants: &[u64]) -> u128 {
    let pairs = words.as_chunks::<2>().0.iter().zip(constants.as_chunks::<2>().0);
    let product = |([a, b], [c, d]): (&[u64; 2], &[u64; 2])| {
        u128::from(a.wrapping_add(*c)) * u128::from(b.wrapping_add(*d))
    };
    pairs.map(product).fold(0, u128::wrapping_add)
}

#[inline]
fn words(trade: &Trade, scenario: u64) -> ([u64; USUAL], [u64; SELDOM]) {
    // Taken apart without `..`, so that a new field cannot be forgotten here.
    let Trade {
        number,
        symbol,
        direction,
        order_type,
        entry_time,
        trigger_time,
        exit_time,
        entry_price,
        exit_price,
        initial_stop_loss,
        stop_loss,
        initial_take_profit,
        take_profit,
        size,
        risk_per_trade,
        result,
        r_multiple,
        entry_fee,
        exit_fee,
        swap,
        reason,
        scenario: _,
        magic_number,
        ambiguous,
        costs: TradeCosts { spread, slippage, commission, swap: financing },
    } = trade;
    let optional = [initial_stop_loss, stop_loss, initial_take_profit, take_profit, r_multiple];
    let given = optional.iter().fold(0, |bits, number| bits << 1 | u64::from(number.is_some()));
    let [first_stop, stop, first_target, target, r] = optional.map(|number| number.map_or(0, f64::to_bits));
    let kind = direction_code(*direction)
        | order_code(*order_type) << 1
        | reason_code(*reason) << 3
        | u64::from(*ambiguous) << 7
        | given << 8;
    let usual = [
        kind << 48 | u64::from(symbol.0) << 32 | u64::from(*number),
        scenario,
        entry_time.0.cast_unsigned(),
        exit_time.0.cast_unsigned(),
        entry_price.to_bits(),
        exit_price.to_bits(),
        result.to_bits(),
        first_stop,
        first_target,
        r,
        size.to_bits(),
        risk_per_trade.to_bits(),
        entry_fee.to_bits(),
        exit_fee.to_bits(),
        spread.to_bits(),
        slippage.to_bits(),
    ];
    let seldom = [
        trigger_time.0.cast_unsigned() ^ entry_time.0.cast_unsigned(),
        stop ^ first_stop,
        target ^ first_target,
        commission.to_bits() ^ (entry_fee + exit_fee).to_bits(),
        swap.to_bits(),
        financing.to_bits() ^ swap.to_bits(),
        *magic_number,
        0,
    ];
    (usual, seldom)
}

fn direction_code(direction: Direction) -> u64 {
    match direction {
        Direction::Long => 0,
        Direction::Short => 1,
    }
}

fn order_code(order: OrderType) -> u64 {
    match order {
        OrderType::Market => 0,
        OrderType::Limit => 1,
        OrderType::Stop => 2,
    }
}

fn reason_code(reason: CloseReason) -> u64 {
    match reason {
        CloseReason::StopLoss => 0,
        CloseReason::TakeProfit => 1,
        CloseReason::BreakEvenStopLoss => 2,
        CloseReason::Timeout => 3,
        CloseReason::PartialExit => 4,
        CloseReason::LimitExpired => 5,
        CloseReason::EndOfData => 6,
        CloseReason::Signal => 7,
        CloseReason::WindowEnd => 8,
        CloseReason::StopOut => 9,
    }
}
