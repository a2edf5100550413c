//! Two sides side by side: blocks of their common times, however the blocks of each are cut.

use std::borrow::Cow;

use super::spool::Spool;
use crate::data::error::DataError;
use crate::data::pair::align;
use crate::data::raw::{Blocks, RawSide};

type BlockOf<'a> = Result<Cow<'a, RawSide>, DataError>;

/// Aligned blocks of bid and ask, in order of time; both sides must be sorted.
pub(super) struct Beside<'a> {
    bid: Half<'a>,
    ask: Half<'a>,
}

/// One side and the rows of it that wait for the other.
struct Half<'a> {
    blocks: Box<dyn Iterator<Item = BlockOf<'a>> + 'a>,
    waiting: RawSide,
}

impl<'a> Half<'a> {
    fn new(side: &'a Spool) -> Self {
        Self { blocks: Box::new(side.blocks()), waiting: RawSide::default() }
    }

    /// Last time that waits, after a new block when nothing did; `None` at the end.
    fn last(&mut self) -> Result<Option<i64>, DataError> {
        if self.waiting.len() == 0
            && let Some(block) = self.blocks.next()
        {
            self.waiting = block?.into_owned();
        }
        Ok(self.waiting.times.last().copied())
    }

    /// Rows up to and with an instant.
    fn take_until(&mut self, last: i64) -> RawSide {
        let count = self.waiting.times.partition_point(|&time| time <= last);
        self.waiting.take_front(count)
    }
}

impl<'a> Beside<'a> {
    pub(super) fn new(bid: &'a Spool, ask: &'a Spool) -> Self {
        Self { bid: Half::new(bid), ask: Half::new(ask) }
    }

    fn pair(&mut self) -> Result<Option<(RawSide, RawSide)>, DataError> {
        while let (Some(bid), Some(ask)) = (self.bid.last()?, self.ask.last()?) {
            let both = bid.min(ask);
            let (mut bid, mut ask) = (self.bid.take_until(both), self.ask.take_until(both));
            align(&mut bid, &mut ask);
            if bid.len() > 0 {
                return Ok(Some((bid, ask)));
            }
        }
        Ok(None)
    }
}

impl Iterator for Beside<'_> {
    type Item = Result<(RawSide, RawSide), DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.pair().transpose()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::spool::{BLOCK, Room};
    use super::*;
    use crate::data::align::common_runs;
    use crate::data::bars::Ohlc;
    use crate::data::raw::RawBar;

    fn side(times: &[i64]) -> Spool {
        let room = Room { folder: std::env::temp_dir(), limit: None };
        let mut spool = Spool::new(&RawSide::default(), &room);
        for (k, &time) in times.iter().enumerate() {
            let prices = Ohlc { open: 1.0, high: 1.0, low: 1.0, close: time as f64 };
            spool.push(&RawBar { time, prices, volume: 0.0 }, k, None).expect("pushed");
        }
        spool
    }

    fn check(bid: &[i64], ask: &[i64]) {
        let (below, above) = (side(bid), side(ask));
        let (mut times, mut rows) = (Vec::new(), Vec::new());
        for pair in Beside::new(&below, &above) {
            let (bid, ask) = pair.expect("read");
            assert_eq!(bid.times, ask.times);
            assert!(ask.prices.close.iter().zip(&ask.times).all(|(&close, &time)| close == time as f64));
            rows.extend((0..bid.len()).map(|k| bid.place.row(k)));
            times.extend(bid.times);
        }
        let runs = common_runs(bid, ask);
        let expected: Vec<usize> = runs.into_iter().flat_map(|(rows, _)| rows).collect();
        assert_eq!(times, expected.iter().map(|&row| bid[row]).collect::<Vec<_>>());
        assert_eq!(rows, expected);
    }

    #[test]
    fn blocks_of_different_cuts_meet() {
        let all: Vec<i64> = (0..).take(2 * BLOCK + 100).collect();
        let holes: Vec<i64> = all.iter().copied().filter(|time| time % 3 != 0).collect();
        check(&all, &holes);
        check(&holes, &all);
        check(&all, &all[BLOCK + 7..]);
        check(&all[..10], &all[20..]);
    }

    proptest! {
        #[test]
        fn common_times_are_those_of_the_plain_join(
            bid in proptest::collection::btree_set(0_i64..60, 0..40),
            ask in proptest::collection::btree_set(0_i64..60, 0..40),
        ) {
            check(&bid.into_iter().collect::<Vec<_>>(), &ask.into_iter().collect::<Vec<_>>());
        }
    }
}
