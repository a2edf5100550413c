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

/// Fields that hardly any trade of most runs has, see [`Record::write`].
const SELDOM: usize = 9;

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

    /// `scenario` is the number of the trade's scenario, 0 without one. Returns the number of words.
    #[inline(always)]
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
        let TradeCosts { spread, slippage, commission, swap: financing } = costs;
        let code = direction_code(*direction) | order_code(*order_type) << 1 | reason_code(*reason) << 3;
        self.bits(code | u64::from(*ambiguous) << 7 | scenario.min(MANY) << 8, 12);
        let given = [initial_stop_loss, stop_loss, initial_take_profit, take_profit, r_multiple];
        let given = given.map(|number| u64::from(number.is_some()));
        self.bits(given[0] | given[1] << 1 | given[2] << 2 | given[3] << 3 | given[4] << 4, 5);
        for word in [entry_time.0, exit_time.0].map(i64::cast_unsigned) {
            self.always(word);
        }
        for amount in [entry_price, exit_price, result] {
            self.always(amount.to_bits());
        }
        let now = Terms {
            order: u64::from(symbol.0) << 32 | u64::from(*number),
            size: size.to_bits(),
            risk: risk_per_trade.to_bits(),
            magic: *magic_number,
        };
        let before = std::mem::replace(terms, Terms { order: now.order.wrapping_add(1), ..now });
        let (stop, target) = (bits_of(*initial_stop_loss), bits_of(*initial_take_profit));
        for word in [stop, target, bits_of(*r_multiple), now.order ^ before.order, now.size ^ before.size] {
            self.unless_zero(word);
        }
        for amount in [entry_fee, exit_fee, spread, slippage] {
            self.unless_zero(amount.to_bits());
        }
        let seldom: [u64; SELDOM] = [
            entry_time.0.cast_unsigned() ^ trigger_time.0.cast_unsigned(),
            stop ^ bits_of(*stop_loss),
            target ^ bits_of(*take_profit),
            now.risk ^ before.risk,
            now.magic ^ before.magic,
            swap.to_bits(),
            (entry_fee + exit_fee).to_bits() ^ commission.to_bits(),
            swap.to_bits() ^ financing.to_bits(),
            if scenario < MANY { 0 } else { scenario },
        ];
        // One branch for all of them.
        if seldom.iter().fold(0, |all, word| all | word) != 0 {
            self = self.with_seldom(seldom);
        }
        self.words[0] = self.head.to_le_bytes();
        self.len
    }

    #[cold]
    fn with_seldom(mut self, words: [u64; SELDOM]) -> Self {
        for word in words {
            self.unless_zero(word);
        }
        self
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
