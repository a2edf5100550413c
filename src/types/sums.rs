//! Several sums at once, with the bits of [`crate::types::math::sum`].

/// `N` running sums over values that arrive one by one; compensated when more than 1,000 arrived (`metrics.md` rule 6).
///
/// The rounding error of an addition is itself a float, so Knuth's branch-free form finds the same one as Neumaier's
/// and the compiler can take several lanes at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sums<const N: usize> {
    total: [f64; N],
    lost: [f64; N],
}

impl<const N: usize> Sums<N> {
    pub(crate) const ZERO: Self = Self { total: [0.0; N], lost: [0.0; N] };

    #[inline]
    pub(crate) fn add(&mut self, values: [f64; N]) {
        for ((total, lost), value) in self.total.iter_mut().zip(&mut self.lost).zip(values) {
            let next = *total + value;
            let taken = next - *total;
            *lost += (*total - (next - taken)) + (value - taken);
            *total = next;
        }
    }

    /// Puts other sums in the place of some lanes.
    pub(crate) fn replace<const M: usize>(&mut self, lanes: [usize; M], by: Sums<M>) {
        for (at, lane) in lanes.into_iter().enumerate() {
            (self.total[lane], self.lost[lane]) = (by.total[at], by.lost[at]);
        }
    }

    /// The sum of one lane over `terms` values; lanes that saw a value only now and then (a zero otherwise) name the
    /// number of real ones.
    pub(crate) fn get(&self, lane: usize, terms: usize) -> f64 {
        if terms <= 1000 { self.total[lane] } else { self.total[lane] + self.lost[lane] }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::types::math;

    proptest! {
        #[test]
        fn a_running_sum_has_the_bits_of_the_sum_of_a_slice(
            values in prop::collection::vec(prop_oneof![-1e6..1e6_f64, -1e-9..1e-9_f64, Just(0.0)], 0..1500),
        ) {
            let mut sums = Sums::<1>::ZERO;
            for &value in &values {
                sums.add([value]);
            }
            prop_assert_eq!(sums.get(0, values.len()) + 0.0, math::sum(&values) + 0.0);
        }
    }
}
