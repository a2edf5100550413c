//! Whether profit comes evenly over the years (`walk_forward_and_robustness.md` 5.3).

use super::stress::Formula;

/// Profit of one calendar year and how many of its days were covered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct YearProfit {
    /// Calendar year.
    pub year: i32,
    /// Net profit.
    pub profit: f64,
    /// Days covered; the whole year when missing or not above 0.
    pub days: Option<f64>,
}

impl YearProfit {
    fn length(&self) -> f64 {
        let leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        self.days.filter(|days| *days > 0.0).unwrap_or(if leap { 366.0 } else { 365.0 })
    }
}

/// How far the years lie from an even share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stability {
    /// `1 / (1 + wmape)`.
    pub score: f64,
    /// Weighted mean absolute percentage error against profit in proportion to days.
    pub wmape: f64,
}

/// The stability of profits. Strict: undefined with fewer than two years or without a profit in total. The reference
/// scores 1 for one year or none, takes losing totals, and has a fixed floor of 100 currency units.
pub fn stability(years: &[YearProfit], initial_equity: f64, formula: Formula) -> Option<Stability> {
    let sum = |of: fn(&YearProfit) -> f64| years.iter().map(of).fold(0.0, |sum, value| sum + value);
    let (profit, days) = (sum(|year| year.profit), sum(YearProfit::length));
    let least = match formula {
        Formula::Strict if years.len() < 2 || profit <= 0.0 => return None,
        Formula::OmegaV1 if years.len() < 2 => return Some(Stability { score: 1.0, wmape: 0.0 }),
        Formula::Strict => 0.01 * initial_equity,
        Formula::OmegaV1 => 100.0,
    };
    let floor = least.max(0.02 * profit.abs());
    let per_day = profit / days;
    let wmape = years.iter().fold(0.0, |sum, year| {
        let expected = per_day * year.length();
        sum + year.length() / days * (year.profit - expected).abs() / expected.abs().max(floor)
    });
    Some(Stability { score: 1.0 / (1.0 + wmape), wmape })
}
