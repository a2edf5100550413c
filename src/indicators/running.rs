//! Exponential averages on their way through a series, a tile of rows at a time: for whoever looks at each row once and
//! needs no column.

use super::ema::factor;
use super::lanes::{Exponential, recur};
use crate::types::registers;

/// Averages side by side in the lanes of one recurrence.
const LANES: usize = 24;

/// Averages of several periods over closes without holes, with the bits of [`super::ema::ema`].
#[derive(Debug, Clone)]
pub(crate) struct RunningAverages {
    groups: Vec<Group>,
    started: bool,
}

#[derive(Debug, Clone)]
struct Group {
    rule: Exponential<LANES>,
    means: [f64; LANES],
    used: usize,
}

impl RunningAverages {
    /// Before the first close.
    pub(crate) fn new(periods: &[u32]) -> Self {
        let group = |periods: &[u32]| {
            let period = |lane: usize| periods.get(lane).copied().unwrap_or(1);
            let gain: [f64; LANES] = std::array::from_fn(|lane| factor(period(lane) as usize));
            let rule = Exponential { gain, keep: gain.map(|gain| 1.0 - gain) };
            Group { rule, means: [f64::NAN; LANES], used: periods.len() }
        };
        Self { groups: periods.chunks(LANES).map(group).collect(), started: false }
    }

    /// Takes in the next closes and looks at none of the averages on the way.
    pub(crate) fn skip(&mut self, closes: &[f64]) {
        let Some(closes) = self.start(closes) else { return };
        for Group { rule, means, .. } in &mut self.groups {
            *means = recur(registers::arch(), closes, *means, *rule, &mut []);
        }
    }

    /// Takes in the next closes; `tiles[k]`, as long as they, gets the average of period `k` after each of them.
    pub(crate) fn advance(&mut self, closes: &[f64], tiles: &mut [&mut [f64]]) {
        let given = closes.len();
        let Some(closes) = self.start(closes) else { return };
        let seeds = given - closes.len();
        for (Group { rule, means, used }, tiles) in self.groups.iter_mut().zip(tiles.chunks_mut(LANES)) {
            let mut columns: Vec<&mut [f64]> = Vec::with_capacity(*used);
            for (tile, mean) in tiles.iter_mut().zip(&*means) {
                let (first, later) = tile.split_at_mut(seeds);
                first.fill(*mean);
                columns.push(later);
            }
            *means = recur(registers::arch(), closes, *means, *rule, &mut columns);
        }
    }

    /// The closes behind the very first one, which every average begins at.
    fn start<'a>(&mut self, closes: &'a [f64]) -> Option<&'a [f64]> {
        if self.started {
            return Some(closes);
        }
        let (&first, later) = closes.split_first()?;
        self.groups.iter_mut().for_each(|group| group.means = [first; LANES]);
        self.started = true;
        Some(later)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::indicators::ema::ema;
    use crate::indicators::lanes::tests::bits;

    proptest! {
        #[test]
        fn tile_by_tile_they_are_the_averages_of_the_whole(
            points in prop::collection::vec(0..40_i32, 1..300),
            periods in prop::collection::vec(1..60_u32, 1..40),
            skipped in 0..300_usize,
            tile in 1..130_usize,
        ) {
            let closes: Vec<f64> = points.iter().map(|p| 1.09 + f64::from(*p) * 1e-5).collect();
            let skipped = skipped.min(closes.len());
            let mut averages = RunningAverages::new(&periods);
            averages.skip(&closes[..skipped]);
            let mut together = vec![Vec::new(); periods.len()];
            for closes in closes[skipped..].chunks(tile) {
                let mut tiles = vec![vec![0.0; closes.len()]; periods.len()];
                averages.advance(closes, &mut tiles.iter_mut().map(Vec::as_mut_slice).collect::<Vec<_>>());
                together.iter_mut().zip(&tiles).for_each(|(all, tile)| all.extend(tile));
            }
            for (tiles, period) in together.iter().zip(&periods) {
                let whole = ema(&closes, *period as usize);
                prop_assert_eq!(bits(tiles), bits(&whole[skipped..]));
            }
        }
    }
}
