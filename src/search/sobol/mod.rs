//! Sobol points: Gray-code order, 32 bits, first point zero, with a digital shift.

mod joe_kuo;

use super::quasi::UnitPoints;
use super::sampler::SamplerError;
use crate::types::{MasterSeed, Purpose};
use joe_kuo::DIRECTIONS;

/// Most dimensions.
pub const MAX_DIMENSIONS: usize = DIRECTIONS.len() + 1;
const BITS: usize = 32;

/// A Sobol sequence of some dimensions.
#[derive(Debug, Clone)]
pub struct SobolPoints {
    /// Direction numbers of every dimension, most significant bit first.
    directions: Vec<[u32; BITS]>,
    /// Word that is added without carry in every dimension.
    shift: Vec<u32>,
}

impl SobolPoints {
    /// A sequence without shift.
    ///
    /// # Errors
    /// More than 64 dimensions.
    pub fn new(dimensions: usize) -> Result<Self, SamplerError> {
        if dimensions > MAX_DIMENSIONS {
            return Err(SamplerError::Dimensions { found: dimensions, allowed: MAX_DIMENSIONS });
        }
        let directions = (0..dimensions).map(directions).collect();
        Ok(Self { directions, shift: vec![0; dimensions] })
    }

    /// With this shift, one word per dimension.
    pub fn with_shift(self, shift: Vec<u32>) -> Self {
        Self { shift, ..self }
    }

    /// With the shift of a study: the high halves of the first draws at trial 0; `fold` is the walk-forward window.
    pub fn shifted(self, seed: MasterSeed, fold: u32) -> Self {
        let mut rng = seed.rng(Purpose::Sampler, fold, 0, 0);
        let shift = self.shift.iter().map(|_| u32::try_from(rng.bits() >> 32).expect("32 bits")).collect();
        self.with_shift(shift)
    }

    /// The point of a number as 32-bit fractions, one per dimension.
    pub fn words(&self, number: u32) -> Vec<u32> {
        let gray = number ^ (number >> 1);
        let word = |(directions, shift): (&[u32; BITS], &u32)| {
            let set = directions.iter().enumerate().filter(|(bit, _)| gray >> bit & 1 == 1);
            set.fold(*shift, |word, (_, direction)| word ^ direction)
        };
        self.directions.iter().zip(&self.shift).map(word).collect()
    }
}

impl UnitPoints for SobolPoints {
    fn units(&self, position: u64) -> Vec<f64> {
        // Positions are limited to 2^32, see `QuasiRandom`.
        let number = u32::try_from(position).unwrap_or(u32::MAX);
        self.words(number).into_iter().map(|word| f64::from(word) / 4_294_967_296.0).collect()
    }
}

/// Direction numbers of one dimension: van der Corput's in the first, else by the recurrence of the polynomial.
fn directions(dimension: usize) -> [u32; BITS] {
    let mut v: [u32; BITS] = std::array::from_fn(|bit| 1 << (BITS - 1 - bit));
    let Some((a, m)) = dimension.checked_sub(1).map(|row| DIRECTIONS[row]) else { return v };
    let degree = m.len();
    for (bit, odd) in m.iter().enumerate() {
        v[bit] = odd << (BITS - 1 - bit);
    }
    for bit in degree..BITS {
        v[bit] = v[bit - degree] ^ (v[bit - degree] >> degree);
        for k in 1..degree {
            if a >> (degree - 1 - k) & 1 == 1 {
                v[bit] ^= v[bit - k];
            }
        }
    }
    v
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every dimension alone is a (0,1)-sequence: 2^k points fall into 2^k equal cells, one each. A wrong direction
    /// number breaks this.
    #[test]
    fn every_dimension_fills_its_cells_one_point_each() {
        let points = SobolPoints::new(MAX_DIMENSIONS).expect("64 dimensions");
        let words: Vec<Vec<u32>> = (0..1024).map(|number| points.words(number)).collect();
        for dimension in 0..MAX_DIMENSIONS {
            let mut cells: Vec<u32> = words.iter().map(|word| word[dimension] >> 22).collect();
            cells.sort_unstable();
            assert_eq!(cells, (0..1024).collect::<Vec<_>>(), "dimension {dimension}");
        }
    }

    #[test]
    fn no_two_dimensions_are_the_same() {
        let points = SobolPoints::new(MAX_DIMENSIONS).expect("64 dimensions");
        for i in 0..MAX_DIMENSIONS {
            for j in 0..i {
                assert_ne!(points.directions[i], points.directions[j], "{j} and {i}");
            }
        }
        assert!(SobolPoints::new(65).is_err());
    }
}
