//! Money of one currency in another (`execution.md` 7.3): direct pair, inverse pair, or both legs over USD.
//!
//! The path is found once; converting is one or two multiplications or divisions, in the order of the path.

use std::sync::Arc;

/// Where the value of a pair comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    /// A mid rate of the static table.
    Fixed(f64),
    /// The mid of a loaded symbol at the instant of converting, by its index.
    Live(usize),
}

/// Mid rates of loaded symbols at one instant.
pub trait LiveRates {
    /// The mid of the symbol with this index; `None` when it has no usable bar yet.
    fn mid(&self, symbol: usize) -> Option<f64>;
}

/// No symbol is quoted: for static tables.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLiveRates;

impl LiveRates for NoLiveRates {
    fn mid(&self, _symbol: usize) -> Option<f64> {
        None
    }
}

/// A pair of currencies without a rate. As small as a pointer, because the results of every order carry it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no rate from {from} to {to}: add \"rates\": {{\"{from}{to}\": <mid rate>}} to strategy.engine",
    from = .0[0],
    to = .0[1]
)]
pub struct MissingRate(Box<[String; 2]>);

impl MissingRate {
    #[cold]
    fn new(from: &str, to: &str) -> Self {
        Self(Box::new([from.to_owned(), to.to_owned()]))
    }
}

/// One step of a path.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Leg {
    Multiply(Rate),
    Divide(Rate),
}

/// A path from one currency to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversion {
    from: Arc<str>,
    to: Arc<str>,
    legs: [Option<Leg>; 2],
}

impl Conversion {
    /// Finds the path: same currency; `FROM+TO`; `TO+FROM` when not zero; else over USD by the direct rules.
    ///
    /// `known` looks up a pair by its upper-case name.
    ///
    /// # Errors
    /// [`MissingRate`] when there is no path.
    pub fn resolve(from: &str, to: &str, known: impl Fn(&str) -> Option<Rate>) -> Result<Self, MissingRate> {
        let (from, to) = (from.to_uppercase(), to.to_uppercase());
        let direct = |a: &str, b: &str| -> Option<Option<Leg>> {
            if a == b {
                return Some(None);
            }
            if let Some(rate) = known(&format!("{a}{b}")) {
                return Some(Some(Leg::Multiply(rate)));
            }
            let inverse = known(&format!("{b}{a}")).filter(|rate| *rate != Rate::Fixed(0.0))?;
            Some(Some(Leg::Divide(inverse)))
        };
        let legs = match direct(&from, &to) {
            Some(leg) => Some([leg, None]),
            None => direct(&from, "USD").zip(direct("USD", &to)).map(|(first, second)| [first, second]),
        };
        match legs {
            Some(legs) => Ok(Self { from: from.into(), to: to.into(), legs }),
            None => Err(MissingRate::new(&from, &to)),
        }
    }

    /// The same currency on both ends.
    pub fn identity(currency: &str) -> Self {
        Self { from: currency.into(), to: currency.into(), legs: [None, None] }
    }

    /// Whether amounts come out as they go in.
    #[inline]
    pub fn is_identity(&self) -> bool {
        matches!(self.legs, [None, None])
    }

    /// The amount in the target currency.
    ///
    /// # Errors
    /// [`MissingRate`] when a quoted pair has no usable bar at this instant.
    #[inline]
    pub fn convert(&self, amount: f64, live: &impl LiveRates) -> Result<f64, MissingRate> {
        if self.is_identity() { Ok(amount) } else { self.along_path(amount, live) }
    }

    fn along_path(&self, mut amount: f64, live: &impl LiveRates) -> Result<f64, MissingRate> {
        for leg in self.legs.iter().flatten() {
            amount = match leg {
                Leg::Multiply(rate) => amount * self.value(*rate, live)?,
                Leg::Divide(rate) => amount / self.value(*rate, live)?,
            };
        }
        Ok(amount)
    }

    fn value(&self, rate: Rate, live: &impl LiveRates) -> Result<f64, MissingRate> {
        match rate {
            Rate::Fixed(value) => Ok(value),
            Rate::Live(symbol) => live.mid(symbol).ok_or_else(|| MissingRate::new(&self.from, &self.to)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(pair: &str) -> Option<Rate> {
        match pair {
            "EURUSD" => Some(Rate::Fixed(1.25)),
            "USDJPY" => Some(Rate::Fixed(100.0)),
            "USDXXX" => Some(Rate::Fixed(0.0)),
            "GBPUSD" => Some(Rate::Live(3)),
            _ => None,
        }
    }

    fn fixed(from: &str, to: &str) -> Result<f64, MissingRate> {
        Conversion::resolve(from, to, table)?.convert(8.0, &NoLiveRates)
    }

    #[test]
    fn direct_inverse_and_over_usd_in_this_order() {
        assert_eq!(fixed("EUR", "eur"), Ok(8.0));
        assert_eq!(fixed("EUR", "USD"), Ok(10.0));
        assert_eq!(fixed("USD", "EUR"), Ok(6.4));
        assert_eq!(fixed("EUR", "JPY"), Ok(1000.0));
        assert_eq!(fixed("JPY", "EUR"), Ok((8.0 / 100.0) / 1.25));
    }

    #[test]
    fn a_missing_pair_and_an_inverse_of_zero_are_errors_that_show_the_line_to_add() {
        let error = fixed("CHF", "USD").expect_err("no such pair");
        assert!(error.to_string().contains("\"rates\": {\"CHFUSD\""), "{error}");
        assert!(fixed("XXX", "USD").is_err());
    }

    #[test]
    fn a_quoted_pair_without_a_bar_is_missing() {
        let conversion = Conversion::resolve("GBP", "USD", table).expect("known");
        assert!(conversion.convert(1.0, &NoLiveRates).is_err());
    }
}
