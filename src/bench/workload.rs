//! The four workloads with known answers, and files of the user's own.

use std::path::{Path, PathBuf};

use super::expected::Expected;

/// A fixed piece of work on which tools are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workload {
    /// EMA cross, 80 sets, no levels.
    W1,
    /// EMA cross with stop and target, 720 sets.
    W2,
    /// Mean reversion on a z-score as a rule strategy, 16 sets.
    W3,
    /// Ten symbols walked step by step; no sweep.
    W4,
}

impl Workload {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::W1, Self::W2, Self::W3, Self::W4];

    /// `w1` ... `w4`.
    pub fn name(self) -> &'static str {
        match self {
            Self::W1 => "w1",
            Self::W2 => "w2",
            Self::W3 => "w3",
            Self::W4 => "w4",
        }
    }

    /// What it is, in a few words.
    pub fn title(self) -> &'static str {
        match self {
            Self::W1 => "EMA cross",
            Self::W2 => "EMA cross with stop and target",
            Self::W3 => "z-score reversion as rules",
            Self::W4 => "ten symbols step by step",
        }
    }

    /// The sweep file as it was published; `None` for the walk.
    pub fn sweep_file(self) -> Option<&'static str> {
        match self {
            Self::W1 => Some(include_str!("workloads/w1.json")),
            Self::W2 => Some(include_str!("workloads/w2.json")),
            Self::W3 => Some(include_str!("workloads/w3.json")),
            Self::W4 => None,
        }
    }

    /// Values of the file that must change before it gives the recorded numbers.
    ///
    /// W3 decides from bar 200 on and knows the bars before; its file begins there with no warm-up at all.
    pub fn corrections(self) -> &'static [&'static str] {
        match self {
            Self::W3 => &["data.warmup_bars=200"],
            Self::W1 | Self::W2 | Self::W4 => &[],
        }
    }

    /// The recorded results of every set; `None` for the walk.
    pub fn expected(self) -> Option<Expected> {
        let text = match self {
            Self::W1 => include_str!("workloads/expected_w1.json"),
            Self::W2 => include_str!("workloads/expected_w2.json"),
            Self::W3 => include_str!("workloads/expected_w3.json"),
            Self::W4 => return None,
        };
        Some(Expected::parse(text).expect("the recorded results are part of the program"))
    }
}

/// What to measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A workload with known answers.
    Workload(Workload),
    /// A sweep file.
    File(PathBuf),
}

impl Source {
    /// The workload of a name, else a path.
    pub fn parse(text: &str) -> Self {
        let named = Workload::ALL.into_iter().find(|workload| workload.name() == text);
        named.map_or_else(|| Self::File(Path::new(text).to_owned()), Self::Workload)
    }

    /// What reports call it.
    pub fn name(&self) -> String {
        match self {
            Self::Workload(workload) => workload.name().to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sweep_among_the_workloads_has_its_recorded_results() {
        for workload in Workload::ALL {
            assert_eq!(Source::parse(workload.name()), Source::Workload(workload));
            assert_eq!(workload.sweep_file().is_some(), workload.expected().is_some());
        }
        let sets = |workload: Workload| workload.expected().expect("a sweep").sets();
        assert_eq!([Workload::W1, Workload::W2, Workload::W3].map(sets), [80, 720, 16]);
        assert_eq!(Source::parse("w5").name(), "w5");
    }
}
