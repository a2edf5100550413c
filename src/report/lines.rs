//! The lines a run says before the trials begin: data, plan, shared series.

use std::fmt;

use super::numbers;
use crate::types::{Timeframe, Timestamp};

/// A loaded symbol.
#[derive(Debug, Clone, PartialEq)]
pub struct DataNote {
    /// Name.
    pub symbol: String,
    /// Primary timeframe.
    pub timeframe: Timeframe,
    /// Primary bars.
    pub bars: usize,
    /// Open of the first and of the last bar.
    pub span: Option<(Timestamp, Timestamp)>,
    /// First hex digits of the fingerprint.
    pub fingerprint: String,
    /// Anything unusual, one phrase each (`2 gaps over 1 day`, `ask = bid + 1.0 pip`).
    pub notes: Vec<String>,
}

impl fmt::Display for DataNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}  {} bars", self.symbol, self.timeframe, numbers::count(self.bars as u64))?;
        if let Some((first, last)) = self.span {
            write!(f, "  {} .. {}", minute(first), minute(last))?;
        }
        write!(f, "  {}", self.fingerprint)?;
        self.notes.iter().try_for_each(|note| write!(f, "; {note}"))
    }
}

/// What will run.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanNote {
    /// Parameter sets of the full product; `None` for a continuous space.
    pub combinations: Option<u128>,
    /// Sets that constraints exclude, where it is cheap to know.
    pub excluded: Option<u128>,
    /// Sets that will be run.
    pub trials: u64,
    /// Sampler and its order (`grid, shuffled`).
    pub sampler: String,
    /// Master seed.
    pub seed: u64,
    /// Worker threads.
    pub threads: usize,
    /// Part of the data that is sealed (`last 20 %, from 2022-06-01`), or `none`.
    pub holdout: String,
}

impl fmt::Display for PlanNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.combinations {
            Some(all) => write!(f, "{} combinations", numbers::big_count(all))?,
            None => f.write_str("continuous space")?,
        }
        if let Some(excluded) = self.excluded.filter(|excluded| *excluded > 0) {
            write!(f, ", {} excluded", numbers::big_count(excluded))?;
        }
        let threads = if self.threads == 1 { "thread" } else { "threads" };
        write!(
            f,
            ", {} trials  {}  seed {}  {} {threads}  hold-out {}",
            numbers::count(self.trials),
            self.sampler,
            self.seed,
            self.threads,
            self.holdout
        )
    }
}

/// Series that were computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheNote {
    /// Distinct series.
    pub series: usize,
    /// Memory they take.
    pub bytes: u64,
}

impl fmt::Display for CacheNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} series, {}", numbers::count(self.series as u64), numbers::bytes(self.bytes))
    }
}

/// `2022-03-14 10:15`.
fn minute(instant: Timestamp) -> String {
    let text = instant.to_string();
    text.get(..16).map_or(text.clone(), |head| head.replace('T', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_a_plan_and_a_cache_are_one_line_each() {
        let data = DataNote {
            symbol: "EURUSD".to_owned(),
            timeframe: Timeframe::M15,
            bars: 100_000,
            span: Some((Timestamp(1_577_836_800_000_000), Timestamp(1_640_995_200_000_000))),
            fingerprint: "9f3a17c2".to_owned(),
            notes: vec!["ask = bid + 1.0 pip".to_owned()],
        };
        let expected =
            "EURUSD M15  100,000 bars  2020-01-01 00:00 .. 2022-01-01 00:00  9f3a17c2; ask = bid + 1.0 pip";
        assert_eq!(data.to_string(), expected);
        let plan = PlanNote {
            combinations: Some(14_256),
            excluded: Some(2_970),
            trials: 11_286,
            sampler: "grid, shuffled".to_owned(),
            seed: 42,
            threads: 2,
            holdout: "last 15 %".to_owned(),
        };
        let expected = "14,256 combinations, 2,970 excluded, 11,286 trials  grid, shuffled  seed 42  2 threads  hold-out last 15 %";
        assert_eq!(plan.to_string(), expected);
        assert_eq!(CacheNote { series: 1234, bytes: 1 << 20 }.to_string(), "1,234 series, 1.00 MiB");
    }
}
