//! Closed trades as far as metrics look at them, taken in as they are booked: a quarter of the room of whole records.

use crate::types::time::DAY;
use crate::types::{CloseReason, Timestamp, Trade};

/// One trade as the metrics see it: a leg as it was booked, or a position once its legs are joined.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) exit: Timestamp,
    pub(super) entry: Timestamp,
    pub(super) symbol: u16,
    pub(super) number: u32,
    /// Result before explicit fees.
    pub(super) gross: f64,
    /// Commissions and swap.
    pub(super) fee: f64,
    /// Multiple of the initial risk; `NaN` without a stop.
    pub(super) r: f64,
    pub(super) size: f64,
}

/// Exit, entry, symbol and number.
type Order = (Timestamp, Timestamp, u16, u32);

impl Row {
    fn of(trade: &Trade) -> Self {
        Self {
            exit: trade.exit_time,
            entry: trade.entry_time,
            symbol: trade.symbol.0,
            number: trade.number,
            gross: trade.result,
            fee: trade.total_fee() + trade.swap,
            r: trade.r_multiple.unwrap_or(f64::NAN),
            size: trade.size,
        }
    }

    pub(super) fn position(&self) -> (u16, u32, Timestamp) {
        (self.symbol, self.number, self.entry)
    }

    pub(super) fn order(&self) -> Order {
        (self.exit, self.entry, self.symbol, self.number)
    }
}

/// The trades of a run, in booking order.
#[derive(Debug, Clone)]
pub struct TradeRows {
    rows: Vec<Row>,
    /// UTC dates of entries, without immediate repetitions.
    days: Vec<i64>,
    /// When the last of them begins.
    day: Timestamp,
    /// The order of the last trade, remembered apart from the rows, whose end is far away when trials take turns.
    last: Order,
    /// Whether some trade follows one that closed later.
    disordered: bool,
    /// Whether a position was closed in parts.
    legs: bool,
}

impl Default for TradeRows {
    fn default() -> Self {
        Self::in_room_of(Vec::new(), Vec::new())
    }
}

impl TradeRows {
    /// None, in empty lists.
    fn in_room_of(rows: Vec<Row>, days: Vec<i64>) -> Self {
        // A day that no trade was entered on, and an order before every trade's.
        let (day, last) = (Timestamp(i64::MIN), (Timestamp(i64::MIN), Timestamp(i64::MIN), 0, 0));
        Self { rows, days, day, last, disordered: false, legs: false }
    }

    /// Those of a list.
    pub fn of(trades: &[Trade]) -> Self {
        let mut rows = Self::default();
        for trade in trades {
            rows.add(trade);
        }
        rows
    }

    /// The next trade.
    #[expect(clippy::inline_always, reason = "a trade that is passed on in pieces is never written whole")]
    #[inline(always)]
    pub fn add(&mut self, trade: &Trade) {
        let row = Row::of(trade);
        let order = row.order();
        self.disordered |= row.exit <= self.last.0 && order < self.last;
        self.last = order;
        self.legs |= trade.reason == CloseReason::PartialExit;
        if row.entry.0.wrapping_sub(self.day.0).cast_unsigned() >= DAY.cast_unsigned() {
            self.begin_day(row.entry);
        }
        self.rows.push(row);
    }

    #[cold]
    fn begin_day(&mut self, entry: Timestamp) {
        let day = entry.utc_day();
        self.day = Timestamp(day * DAY);
        self.days.push(day);
    }

    /// Forgets the trades and keeps the memory.
    pub fn clear(&mut self) {
        let Self { mut rows, mut days, .. } = std::mem::take(self);
        rows.clear();
        days.clear();
        *self = Self::in_room_of(rows, days);
    }

    /// Number of trades, legs counted apart.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether they were booked in the order of (exit, entry, symbol, number).
    pub fn is_ordered(&self) -> bool {
        !self.disordered
    }

    /// Memory they have room for.
    pub fn bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Row>() + self.days.capacity() * size_of::<i64>()
    }

    /// Result after fees and swap of every trade, in booking order.
    pub fn nets(&self) -> impl Iterator<Item = f64> + '_ {
        self.rows.iter().map(|row| row.gross - row.fee)
    }

    /// Places in booking order, by (exit, entry, symbol, number).
    pub fn places_in_order(&self) -> Vec<usize> {
        let mut places: Vec<usize> = (0..self.rows.len()).collect();
        places.sort_by_key(|&place| self.rows[place].order());
        places
    }

    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub(super) fn has_legs(&self) -> bool {
        self.legs
    }

    /// Number of distinct UTC dates of entries.
    pub(super) fn active_days(&self, room: &mut Vec<i64>) -> usize {
        room.clear();
        room.extend_from_slice(&self.days);
        room.sort_unstable();
        room.dedup();
        room.len()
    }
}
