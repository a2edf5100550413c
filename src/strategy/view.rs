//! What a strategy may see at one bar: the past and the present, never the future.

use crate::data::{BarSeries, MultiSymbolData, Ohlc, SymbolSeries};
use crate::portfolio::{Position, PositionStatus};
use crate::types::{Direction, PriceSide, SymbolId, Timestamp};

/// One bar of one symbol within the shared market.
#[derive(Debug, Clone, Copy)]
pub struct BarView<'a> {
    data: &'a MultiSymbolData,
    bars: &'a BarSeries,
    symbol: SymbolId,
    step: usize,
    row: usize,
}

impl<'a> BarView<'a> {
    /// The bar of `symbol` that opens at `step`; `None` when it has none.
    #[inline]
    pub fn at(data: &'a MultiSymbolData, symbol: SymbolId, step: usize) -> Option<Self> {
        let series = data.symbol(symbol);
        Some(Self { data, bars: &series.bars, symbol, step, row: series.row(step)? })
    }

    /// The bar of a symbol whose rows are the steps.
    #[inline]
    pub(crate) fn of_row(
        data: &'a MultiSymbolData,
        bars: &'a BarSeries,
        symbol: SymbolId,
        row: usize,
    ) -> Self {
        Self { data, bars, symbol, step: row, row }
    }

    /// The symbol.
    #[inline]
    pub fn symbol(&self) -> SymbolId {
        self.symbol
    }

    /// Step of the shared timeline.
    #[inline]
    pub fn step(&self) -> usize {
        self.step
    }

    /// Row of the symbol's own bars: the index into cached columns.
    #[inline]
    pub fn row(&self) -> usize {
        self.row
    }

    /// Open time.
    #[inline]
    pub fn time(&self) -> Timestamp {
        self.bars.time(self.row)
    }

    /// Bid prices of this bar.
    #[inline]
    pub fn bid(&self) -> Ohlc {
        self.bars.bid().at(self.row)
    }

    /// Ask prices of this bar.
    #[inline]
    pub fn ask(&self) -> Ohlc {
        self.bars.ask().at(self.row)
    }

    /// Close of one side of this bar; cheaper than all four prices of it.
    #[inline]
    pub fn close(&self, side: PriceSide) -> f64 {
        self.bars.side(side).close[self.row]
    }

    /// Close of this bar on the side a market order of this direction trades: ask for long, bid for short.
    #[inline]
    pub fn market_price(&self, direction: Direction) -> f64 {
        self.close(direction.entry_side())
    }

    /// One side of the bar `back` bars ago; `None` before the first bar.
    #[inline]
    pub fn back(&self, side: PriceSide, back: usize) -> Option<Ohlc> {
        Some(self.bars.side(side).at(self.row.checked_sub(back)?))
    }

    /// All symbols at this instant.
    #[inline]
    pub fn slice(&self) -> MultiSymbolSlice<'a> {
        MultiSymbolSlice { data: self.data, step: self.step }
    }
}

/// All symbols at one step of the timeline. Costs nothing to make or copy.
#[derive(Debug, Clone, Copy)]
pub struct MultiSymbolSlice<'a> {
    data: &'a MultiSymbolData,
    step: usize,
}

impl<'a> MultiSymbolSlice<'a> {
    /// The slice at a step.
    #[inline]
    pub fn new(data: &'a MultiSymbolData, step: usize) -> Self {
        Self { data, step }
    }

    /// Step of the timeline.
    #[inline]
    pub fn step(&self) -> usize {
        self.step
    }

    /// The instant.
    #[inline]
    pub fn time(&self) -> Timestamp {
        self.data.time(self.step)
    }

    /// The bar a symbol opens at this instant; `None` when it has none.
    #[inline]
    pub fn get(&self, symbol: SymbolId) -> Option<BarView<'a>> {
        BarView::at(self.data, symbol, self.step)
    }

    /// The symbol's newest close at or before this instant; `None` before its first bar.
    #[inline]
    pub fn last_close(&self, symbol: SymbolId, side: PriceSide) -> Option<f64> {
        let series: &SymbolSeries = self.data.symbol(symbol);
        series.last_row(self.step).map(|row| series.bars.side(side).close[row])
    }
}

/// What a strategy may know of its account.
#[derive(Debug, Clone, Copy)]
pub struct AccountView<'a> {
    active: &'a [Position],
    waiting: &'a [SymbolId],
    cash: f64,
    equity: f64,
}

impl<'a> AccountView<'a> {
    /// A view of the active list (pending and open, in signal order).
    #[inline]
    pub fn new(active: &'a [Position], cash: f64, equity: f64) -> Self {
        Self { active, waiting: &[], cash, equity }
    }

    /// The same with the symbols whose market orders wait for an open.
    #[inline]
    pub fn with_waiting(self, waiting: &'a [SymbolId]) -> Self {
        Self { waiting, ..self }
    }

    /// Pending and open orders, in signal order.
    #[inline]
    pub fn active(&self) -> &'a [Position] {
        self.active
    }

    /// The oldest open position of a symbol.
    #[inline]
    pub fn open_position(&self, symbol: SymbolId) -> Option<&'a Position> {
        self.active.iter().find(|p| p.symbol == symbol && p.status == PositionStatus::Open)
    }

    /// Direction of the oldest open position of a symbol.
    #[inline]
    pub fn direction(&self, symbol: SymbolId) -> Option<Direction> {
        self.open_position(symbol).map(|position| position.direction)
    }

    /// Whether the symbol has neither an open position nor a waiting order.
    #[inline]
    pub fn is_flat(&self, symbol: SymbolId) -> bool {
        !self.active.iter().any(|p| p.symbol == symbol) && !self.waiting.contains(&symbol)
    }

    /// Realised cash.
    #[inline]
    pub fn cash(&self) -> f64 {
        self.cash
    }

    /// Equity at the last update.
    #[inline]
    pub fn equity(&self) -> f64 {
        self.equity
    }
}
