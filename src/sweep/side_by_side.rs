//! How many trials run side by side. It shows in no result.

use crate::engine::STRETCH;

/// Trials that walk side by side at most: more of them do not share the bars of a stretch any better.
const MOST: usize = 128;

/// Steps times symbols that they may walk: a wish to stop waits for them.
const STEPS: usize = 64_000_000;

/// What a run is taken to need before one is known: some thousand trades.
const EXPECTED_BYTES: usize = 256 << 10;

/// Memory that their trades and equities may take on a thread: about what a shared cache holds.
const BYTES: usize = 48 << 20;

/// Memory that they may fill on a stretch: about a second-level cache, so that what one of them writes is not sent away by
/// the others before it has a few lines more.
const WRITTEN: usize = 1 << 20;

/// Trials of a group that walk so many steps times symbols, at least one; `bytes` is what a run takes, if one is known.
pub(super) fn group(steps: usize, bytes: Option<usize>) -> usize {
    let bytes = bytes.unwrap_or(EXPECTED_BYTES).max(1);
    let written = (bytes * STRETCH.min(steps) / steps).max(1);
    (STEPS / steps).min(BYTES / bytes).min(WRITTEN / written).clamp(1, MOST)
}

/// Trials among which neighbours are looked for: some groups. It depends on nothing learned, so that waves are cut the same.
pub(super) fn neighbourhood(steps: usize) -> usize {
    const GROUPS: usize = 8;
    GROUPS * (STEPS / steps).clamp(1, MOST / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_windows_and_many_trades_make_small_groups() {
        assert_eq!(group(500_000, Some(100 << 10)), 128);
        assert_eq!(group(2_000_000, Some(100 << 10)), 32);
        assert_eq!(group(500_000, Some(4 << 20)), 12);
        // What is written on a stretch: a fifteenth of 300 kB.
        assert_eq!(group(60_000, Some(300 << 10)), 50);
        assert_eq!(group(usize::MAX, None), 1);
    }

    #[test]
    fn a_run_shorter_than_a_stretch_writes_no_more_than_it_takes() {
        assert_eq!(group(500, Some(8 << 10)), 128);
        assert_eq!(group(1, None), 4);
    }

    #[test]
    fn neighbours_are_looked_for_among_some_groups() {
        assert_eq!([1, 2_000_000, usize::MAX].map(neighbourhood), [512, 256, 8]);
    }
}
