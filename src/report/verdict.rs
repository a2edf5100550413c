//! Four fixed words for how far the best trial's result is from luck.

use std::fmt;

/// Verdict of the luck check.
///
/// The limits are those of [`Verdict::of`]; they are printed by no other name and change only with a line in the
/// change log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// A search of this size finds such a result in noise more often than not, or nothing can be computed.
    NoEvidence,
    /// Better than noise, but a search of this size finds as much by luck too often.
    Weak,
    /// Unlikely to be luck by the statistics that were computed.
    Moderate,
    /// Unlikely to be luck by all three statistics.
    Strong,
}

impl Verdict {
    /// The verdict from the deflated Sharpe ratio, the probability of backtest overfitting and the p-value of the
    /// test for superior predictive ability; absent ones are `None`.
    ///
    /// - `no evidence`: no deflated Sharpe ratio, or below 0.5; or PBO above 0.5; or SPA p above 0.5
    /// - `strong`: deflated Sharpe ratio at least 0.95, PBO at most 0.2 and SPA p at most 0.05, all three computed
    /// - `moderate`: deflated Sharpe ratio at least 0.9, and PBO at most 0.3 and SPA p at most 0.1 where computed
    /// - `weak`: everything else
    pub fn of(dsr: Option<f64>, pbo: Option<f64>, spa_p: Option<f64>) -> Self {
        let Some(dsr) = dsr.filter(|dsr| *dsr >= 0.5) else { return Self::NoEvidence };
        let above = |value: Option<f64>, limit: f64| value.is_some_and(|value| value > limit);
        let within = |value: Option<f64>, limit: f64| value.is_some_and(|value| value <= limit);
        if above(pbo, 0.5) || above(spa_p, 0.5) {
            Self::NoEvidence
        } else if dsr >= 0.95 && within(pbo, 0.2) && within(spa_p, 0.05) {
            Self::Strong
        } else if dsr >= 0.9 && !above(pbo, 0.3) && !above(spa_p, 0.1) {
            Self::Moderate
        } else {
            Self::Weak
        }
    }

    /// The fixed words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoEvidence => "no evidence",
            Self::Weak => "weak",
            Self::Moderate => "moderate",
            Self::Strong => "strong",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict::{self, Moderate, NoEvidence, Strong, Weak};

    #[test]
    fn strong_needs_all_three_statistics() {
        assert_eq!(Verdict::of(Some(0.99), Some(0.1), Some(0.01)), Strong);
        assert_eq!(Verdict::of(Some(0.99), None, Some(0.01)), Moderate);
        assert_eq!(Verdict::of(Some(0.99), None, None), Moderate);
    }

    #[test]
    fn one_bad_statistic_is_enough_to_lower_the_verdict() {
        assert_eq!(Verdict::of(None, Some(0.1), Some(0.01)), NoEvidence);
        assert_eq!(Verdict::of(Some(0.49), None, None), NoEvidence);
        assert_eq!(Verdict::of(Some(0.99), Some(0.6), Some(0.01)), NoEvidence);
        assert_eq!(Verdict::of(Some(0.99), Some(0.4), Some(0.01)), Weak);
        assert_eq!(Verdict::of(Some(0.7), None, None), Weak);
    }
}
