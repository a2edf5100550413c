//! Every point of the product, in one of three visiting orders, none of which needs memory.

use std::sync::Arc;

use super::sampler::{Asked, Sampler, SamplerError};
use super::space::{Skip, Space};
use crate::types::{MasterSeed, Purpose, TrialId};

/// In which order a grid is visited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GridOrder {
    /// By id.
    #[default]
    Lexicographic,
    /// By a keyed permutation of the ids.
    Shuffled,
    /// At strides 2^k, then halving, so that an early stop has seen the whole range.
    CoarseToFine,
}

/// The grid sampler.
#[derive(Debug, Clone)]
pub struct GridSampler {
    space: Arc<Space>,
    size: u64,
    visit: Visit,
}

#[derive(Debug, Clone)]
enum Visit {
    ById,
    Shuffled(Permutation),
    Strides,
}

impl GridSampler {
    /// A grid over a finite space; `fold` is the walk-forward window, 0 when unused.
    ///
    /// # Errors
    /// When an axis is continuous or the product exceeds 64 bits.
    pub fn new(
        space: Arc<Space>,
        order: GridOrder,
        seed: MasterSeed,
        fold: u32,
    ) -> Result<Self, SamplerError> {
        let size = space.size()?;
        let visit = match order {
            GridOrder::Lexicographic => Visit::ById,
            GridOrder::Shuffled => Visit::Shuffled(Permutation::new(size, seed, fold)),
            GridOrder::CoarseToFine => Visit::Strides,
        };
        Ok(Self { space, size, visit })
    }
}

impl Sampler for GridSampler {
    fn positions(&self) -> u64 {
        self.size
    }

    fn id_at(&self, position: u64) -> TrialId {
        TrialId(match &self.visit {
            Visit::ById => position,
            Visit::Shuffled(permutation) => permutation.at(position),
            Visit::Strides => coarse_to_fine(position, self.size),
        })
    }

    fn ask(&self, position: u64) -> Asked {
        match self.space.trial(self.id_at(position).0) {
            Ok(trial) => Asked::Run(trial),
            Err(Skip::Excluded(constraint)) => Asked::Excluded(constraint),
            Err(Skip::Inactive) => Asked::Inactive,
        }
    }
}

/// The id at a place of the visiting order 0, then the odd multiples of each 2^k from the largest below `size` down.
fn coarse_to_fine(position: u64, size: u64) -> u64 {
    if position == 0 {
        return 0;
    }
    let mut first = 1;
    for k in (0..64 - size.leading_zeros()).rev() {
        // Odd multiples of 2^k below the size: 2^k, 3*2^k, 5*2^k, ...
        let multiples = (size - 1) >> k;
        let odd = multiples - multiples / 2;
        if position < first + odd {
            return (2 * (position - first) + 1) << k;
        }
        first += odd;
    }
    position
}

/// A Feistel network over the smallest even number of bits that holds the ids; a number outside is encrypted again.
#[derive(Debug, Clone)]
struct Permutation {
    size: u64,
    half_bits: u32,
    keys: [u64; ROUNDS],
}

const ROUNDS: usize = 8;

impl Permutation {
    /// The keys are the first draws of the sampler's stream 0 at trial id 0.
    fn new(size: u64, seed: MasterSeed, fold: u32) -> Self {
        let mut rng = seed.rng(Purpose::Sampler, fold, 0, 0);
        let bits = 64 - size.saturating_sub(1).leading_zeros();
        Self { size, half_bits: bits.div_ceil(2).max(1), keys: std::array::from_fn(|_| rng.bits()) }
    }

    fn at(&self, position: u64) -> u64 {
        let mut id = self.encrypt(position);
        while id >= self.size {
            id = self.encrypt(id);
        }
        id
    }

    fn encrypt(&self, number: u64) -> u64 {
        let mask = (1_u64 << self.half_bits) - 1;
        let (mut left, mut right) = (number >> self.half_bits, number & mask);
        for key in self.keys {
            (left, right) = (right, left ^ (mixed(right ^ key) & mask));
        }
        (left << self.half_bits) | right
    }
}

/// Finaliser of splitmix64 (Steele, Lea and Flood 2014): every input bit reaches every output bit.
fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn coarse_to_fine_halves_its_stride() {
        let order: Vec<u64> = (0..10).map(|p| coarse_to_fine(p, 10)).collect();
        assert_eq!(order, [0, 8, 4, 2, 6, 1, 3, 5, 7, 9]);
    }

    #[test]
    fn seeds_shuffle_differently() {
        let ids = |seed| (0..50).map(|p| Permutation::new(50, MasterSeed(seed), 0).at(p)).collect::<Vec<_>>();
        assert_ne!(ids(1), ids(2));
        assert_eq!(ids(1), ids(1));
    }

    proptest! {
        #[test]
        fn every_order_visits_every_id_once(size in 1_u64..700, seed in any::<u64>()) {
            let permutation = Permutation::new(size, MasterSeed(seed), 3);
            for visit in [&|p| permutation.at(p), &|p| coarse_to_fine(p, size)] as [&dyn Fn(u64) -> u64; 2] {
                let mut ids: Vec<u64> = (0..size).map(visit).collect();
                ids.sort_unstable();
                prop_assert_eq!(ids, (0..size).collect::<Vec<_>>());
            }
        }

        #[test]
        fn huge_grids_stay_in_range(size in (1_u64 << 60)..u64::MAX, position in any::<u64>()) {
            let position = position % size;
            prop_assert!(Permutation::new(size, MasterSeed(9), 0).at(position) < size);
            prop_assert!(coarse_to_fine(position, size) < size);
        }
    }
}
