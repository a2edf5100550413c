//! Stable keys of metrics and what is known about each.

use std::fmt;

use super::definitions::{METRIC_COUNT, METRICS};

/// Which direction of a metric is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Goal {
    /// Larger is better.
    Max,
    /// Smaller is better.
    Min,
    /// Neither; an objective on it must say.
    None,
}

impl Goal {
    /// `"max"`, `"min"` or `"-"`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Max => "max",
            Self::Min => "min",
            Self::None => "-",
        }
    }
}

/// The definition record of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricDef {
    /// Name in sweep files, tables and result files; never changes its meaning.
    pub key: &'static str,
    /// Unit of the number.
    pub unit: &'static str,
    /// Values it can take; empty when any number is possible.
    pub domain: &'static str,
    /// What is better unless the sweep file says otherwise.
    pub goal: Goal,
    /// Whether it counts something and is stored as an integer.
    pub integer: bool,
    /// What it tells.
    pub description: &'static str,
    /// How it is computed, with its edge cases.
    pub formula: &'static str,
}

/// A metric, as its place in [`METRICS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricId(u8);

impl MetricId {
    /// All metrics, in the order of the tables.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "fewer than 256 metrics, checked where they are listed"
        )]
        (0..METRIC_COUNT as u8).map(Self)
    }

    /// The metric of a key, if there is one.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::all().find(|id| id.key() == key)
    }

    /// The metric of a key that the source code names; a wrong key does not compile.
    pub(crate) const fn of(key: &str) -> Self {
        let mut i: u8 = 0;
        while (i as usize) < METRIC_COUNT {
            if equal(METRICS[i as usize].key.as_bytes(), key.as_bytes()) {
                return Self(i);
            }
            i += 1;
        }
        panic!("no such metric")
    }

    /// The known key that reads most like `key`; `None` when nothing comes near.
    pub fn closest(key: &str) -> Option<&'static str> {
        let score = |def: &MetricDef| strsim::jaro_winkler(key, def.key);
        let best = METRICS.iter().max_by(|a, b| score(a).total_cmp(&score(b)).then(b.key.cmp(a.key)))?;
        (score(best) >= 0.7).then_some(best.key)
    }

    /// The definition record.
    pub fn def(self) -> &'static MetricDef {
        &METRICS[self.index()]
    }

    /// The key.
    pub fn key(self) -> &'static str {
        self.def().key
    }

    /// Place in [`METRICS`].
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl fmt::Display for MetricId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

const fn equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_finds_its_own_metric_and_no_other() {
        for (place, id) in MetricId::all().enumerate() {
            assert_eq!(id.index(), place);
            assert_eq!(MetricId::from_key(id.key()), Some(id), "{id} is listed twice");
        }
        assert_eq!(MetricId::from_key("profit"), None);
        assert_eq!(MetricId::of("profit_net").key(), "profit_net");
    }

    #[test]
    fn a_misspelt_key_leads_to_the_nearest_one() {
        assert_eq!(MetricId::closest("profit_factr"), Some("profit_factor"));
        assert_eq!(MetricId::closest("sharpe_equity"), Some("sharpe_equity_daily"));
        assert_eq!(MetricId::closest("qqqq"), None);
    }
}
