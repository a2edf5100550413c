//! The words of a trade, as they are hashed.
//!
//! A trade is a head, the fields every trade has, and those of the others that differ from what is usual (a trigger at the
//! entry, a stop that was not moved, no fee, size and number after the trade before): as their difference in bits, and the
//! head says which. Most trades take a third of the room, and hashing is a good part of what a trade costs. Nothing
//! is lost: the fields can be told from the words, one trade after the other.

use crate::types::{CloseReason, Direction, OrderType, Trade, TradeCosts};

/// Room for the words of a trade: more than the longest has, and a power of two, so that no place needs a check.
pub(super) const LONGEST: usize = 32;

/// From this one on the number of a scenario does not fit the head and is a word of its own.
const MANY: u64 = 15;

/// What the trades so far let expect of the next one, as bits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Terms {
    /// Symbol and number.
    order: u64,
    size: u64,
    risk: u64,
    magic: u64,
}

/// Words of one trade, the lowest byte first: the head, the fields that are always there, those that differ.
pub(super) struct Record<'a> {
    words: &'a mut [[u8; 8]; LONGEST],
    len: usize,
    head: u64,
    next_bit: u32,
}

impl<'a> Record<'a> {
    #[inline]
    pub(super) fn new(words: &'a mut [[u8; 8]; LONGEST]) -> Self {
        Self { words, len: 1, head: 0, next_bit: 0 }
    }

    #[inline]
    fn always(&mut self, word: u64) {
        self.words[self.len % LONGEST] = word.to_le_bytes();
        self.len += 1;
    }

    /// Some bits of the head.
    #[inline]
    fn bits(&mut self, bits: u64, count: u32) {
        self.head |= bits << self.next_bit;
        self.next_bit += count;
    }

    /// A word that is 0 as a rule, and then only a bit of the head. Which words are is the same for most trades of a run, so
    /// that the branch is foreseen.
    #[inline]
    fn unless_zero(&mut self, word: u64) {
        if word != 0 {
            self.always(word);
            self.head |= 1 << self.next_bit;
        }
        self.next_bit += 1;
    }

    /// A word where another one is usual.
    #[inline]
    fn unless(&mut self, usual: u64, word: u64) {
        self.unless_zero(word ^ usual);
    }

    /// A level at the fill, and at the close.
    #[inline]
    fn level(&mut self, initial: Option<f64>, now: Option<f64>) {
        self.bits(u64::from(initial.is_some()) | u64::from(now.is_some()) << 1, 2);
        let (initial, now) = (bits_of(initial), bits_of(now));
        self.unless_zero(initial);
        self.unless(initial, now);
    }

    /// `scenario` is the number of the trade's scenario, 0 without one. Returns the number of words.
    pub(super) fn write(mut self, trade: &Trade, scenario: u64, terms: &mut Terms) -> usize {
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
            costs,
        } = trade;
        let code = direction_code(*direction) | order_code(*order_type) << 1 | reason_code(*reason) << 3;
        self.bits(code | u64::from(*ambiguous) << 7 | scenario.min(MANY) << 8, 12);
        for word in [entry_time.0, exit_time.0].map(i64::cast_unsigned) {
            self.always(word);
        }
        for amount in [entry_price, exit_price, result] {
            self.always(amount.to_bits());
        }
        self.unless(entry_time.0.cast_unsigned(), trigger_time.0.cast_unsigned());
        self.level(*initial_stop_loss, *stop_loss);
        self.level(*initial_take_profit, *take_profit);
        self.bits(u64::from(r_multiple.is_some()), 1);
        self.unless_zero(bits_of(*r_multiple));
        let now = Terms {
            order: u64::from(symbol.0) << 32 | u64::from(*number),
            size: size.to_bits(),
            risk: risk_per_trade.to_bits(),
            magic: *magic_number,
        };
        self.unless(terms.order, now.order);
        self.unless(terms.size, now.size);
        self.unless(terms.risk, now.risk);
        self.unless(terms.magic, now.magic);
        *terms = Terms { order: now.order.wrapping_add(1), ..now };
        let TradeCosts { spread, slippage, commission, swap: financing } = costs;
        for amount in [entry_fee, exit_fee, swap, spread, slippage] {
            self.unless_zero(amount.to_bits());
        }
        self.unless((entry_fee + exit_fee).to_bits(), commission.to_bits());
        self.unless(swap.to_bits(), financing.to_bits());
        self.unless_zero(if scenario < MANY { 0 } else { scenario });
        self.words[0] = self.head.to_le_bytes();
        self.len
    }
}

/// The bits of a number; 0 where there is none.
fn bits_of(number: Option<f64>) -> u64 {
    number.map_or(0, f64::to_bits)
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
