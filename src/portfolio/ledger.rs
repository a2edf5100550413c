//! Cash, fees and the list of trades (`execution.md` 8.2, 8.3).

use crate::types::{SymbolId, Timestamp, Trade};

/// What a fee was charged for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeeKind {
    /// A fill that opened.
    Entry,
    /// A fill that closed.
    Exit,
    /// A night.
    Swap,
}

impl FeeKind {
    /// The name in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Exit => "exit",
            Self::Swap => "swap",
        }
    }
}

/// One booked fee.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FeeEntry {
    /// When.
    pub time: Timestamp,
    /// What for.
    pub kind: FeeKind,
    /// The symbol.
    pub symbol: SymbolId,
    /// Lots.
    pub size: f64,
    /// Account money; negative is a credit.
    pub amount: f64,
}

/// The cash account of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Ledger {
    initial_balance: f64,
    cash: f64,
    total_fees: f64,
    trades: Vec<Trade>,
    /// Whether trades are only counted.
    forgets: bool,
}

impl Ledger {
    /// An account with its opening balance, account currency.
    pub fn new(initial_balance: f64) -> Self {
        Self::resume(initial_balance, initial_balance, 0.0, Vec::new())
    }

    /// An account taken up again.
    pub fn resume(initial_balance: f64, cash: f64, total_fees: f64, trades: Vec<Trade>) -> Self {
        Self { initial_balance, cash, total_fees, trades, forgets: false }
    }

    /// Keeps no list of the trades from now on.
    pub fn forget_trades(&mut self) {
        self.forgets = true;
    }

    /// Opening balance.
    pub fn initial_balance(&self) -> f64 {
        self.initial_balance
    }

    /// Realised cash.
    #[inline]
    pub fn cash(&self) -> f64 {
        self.cash
    }

    /// Sum of all booked fees, swap included.
    pub fn total_fees(&self) -> f64 {
        self.total_fees
    }

    /// Closed trades in booking order, partial exits included; those that are kept.
    pub fn trades(&self) -> &[Trade] {
        &self.trades
    }

    /// Takes the trades out.
    pub fn into_trades(self) -> Vec<Trade> {
        self.trades
    }

    /// Charges a fee; a fee of exactly 0 is not booked. Returns whether it was.
    #[inline]
    pub fn book_fee(&mut self, amount: f64) -> bool {
        if amount == 0.0 {
            return false;
        }
        self.cash -= amount;
        self.total_fees += amount;
        true
    }

    /// Books a closed trade: its result before fees goes to cash.
    #[inline]
    pub fn book_trade(&mut self, trade: &Trade) {
        self.cash += trade.result;
        if !self.forgets {
            self.trades.push(trade.clone());
        }
    }
}

/// Multiples of the initial risk; 0 when stop and entry coincide (`execution.md` 8.2).
#[inline]
pub fn r_multiple(movement: f64, entry_price: f64, initial_stop: f64) -> f64 {
    let risk = (entry_price - initial_stop).abs();
    if risk == 0.0 { 0.0 } else { movement / risk }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fee_of_zero_is_not_booked_and_a_credit_is() {
        let mut ledger = Ledger::new(100.0);
        assert!(!ledger.book_fee(0.0));
        assert!(ledger.book_fee(2.5));
        assert!(ledger.book_fee(-1.0));
        assert_eq!((ledger.cash(), ledger.total_fees()), (98.5, 1.5));
    }

    #[test]
    fn r_counts_from_the_initial_stop_and_is_zero_without_risk() {
        assert_eq!(r_multiple(3.0, 10.0, 8.0), 1.5);
        assert_eq!(r_multiple(3.0, 10.0, 10.0), 0.0);
    }
}
