//! Exact decimal numbers, so that a grid of tenths holds 0.3 and never 0.30000000000000004.

use std::cmp::Ordering;

/// `mantissa * 10^-scale`, exact. Made from the shortest decimal digits that read back as the same float.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    mantissa: i128,
    scale: i32,
}

/// Largest float below which every whole number is exact, 2^53.
const EXACT_WHOLE: i128 = 1 << 53;

impl Decimal {
    /// Zero.
    pub const ZERO: Self = Self { mantissa: 0, scale: 0 };

    /// A whole number.
    pub fn from_i64(value: i64) -> Self {
        Self { mantissa: i128::from(value), scale: 0 }
    }

    /// The shortest decimal that reads back as `value`; `None` for NaN and infinities.
    pub fn from_f64(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e')?;
        let exponent: i32 = exponent.parse().ok()?;
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let mantissa = format!("{whole}{fraction}").parse().ok()?;
        Some(Self { mantissa, scale: i32::try_from(fraction.len()).ok()? - exponent })
    }

    /// The float nearest to the exact value.
    pub fn to_f64(self) -> f64 {
        // Both operands are exact here, so the division rounds once.
        if self.mantissa.abs() <= EXACT_WHOLE && (0..=22).contains(&self.scale) {
            return self.mantissa as f64 / POWERS_OF_TEN[self.scale.unsigned_abs() as usize];
        }
        format!("{}e{}", self.mantissa, -self.scale).parse().unwrap_or(f64::NAN)
    }

    /// The whole number, when the value is one and fits.
    pub fn to_i64(self) -> Option<i64> {
        let whole = match self.scale {
            0 => self.mantissa,
            scale if scale < 0 => self.mantissa.checked_mul(power(scale.unsigned_abs())?)?,
            scale => {
                let unit = power(scale.unsigned_abs());
                match unit {
                    Some(unit) if self.mantissa % unit == 0 => self.mantissa / unit,
                    _ if self.mantissa == 0 => 0,
                    _ => return None,
                }
            }
        };
        i64::try_from(whole).ok()
    }

    /// Whether the value is above zero.
    pub fn is_positive(self) -> bool {
        self.mantissa > 0
    }

    /// `self + count * step`; `None` when the digits no longer fit into 128 bits.
    pub fn plus_steps(self, step: Self, count: u64) -> Option<Self> {
        let (from, step, scale) = aligned(self, step)?;
        let mantissa = from.checked_add(step.checked_mul(i128::from(count))?)?;
        Some(Self { mantissa, scale })
    }

    /// Whole steps from `self` up to `to`, and whether the last one lands on `to`; `None` when `to` lies below, the
    /// step is not positive, or the digits do not fit.
    pub fn steps_to(self, to: Self, step: Self) -> Option<(u64, bool)> {
        if !step.is_positive() {
            return None;
        }
        let scale = self.scale.max(to.scale).max(step.scale);
        let at = |value: Self| value.mantissa.checked_mul(power(scale.abs_diff(value.scale))?);
        let distance = at(to)?.checked_sub(at(self)?)?;
        let step = at(step)?;
        if distance < 0 {
            return None;
        }
        Some((u64::try_from(distance / step).ok()?, distance % step == 0))
    }

    /// Order of the exact values.
    pub fn compare(self, other: Self) -> Ordering {
        match aligned(self, other) {
            Some((mine, theirs, _)) => mine.cmp(&theirs),
            None => self.to_f64().total_cmp(&other.to_f64()),
        }
    }
}

/// Both mantissas at the finer of the two scales.
fn aligned(a: Decimal, b: Decimal) -> Option<(i128, i128, i32)> {
    let scale = a.scale.max(b.scale);
    let at = |value: Decimal| value.mantissa.checked_mul(power(scale.abs_diff(value.scale))?);
    Some((at(a)?, at(b)?, scale))
}

fn power(exponent: u32) -> Option<i128> {
    10_i128.checked_pow(exponent)
}

/// Powers of ten that a float holds exactly.
const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(value: f64) -> Decimal {
        Decimal::from_f64(value).expect("finite")
    }

    #[test]
    fn tenths_are_the_decimals_a_person_wrote() {
        let values: Vec<f64> =
            (0..10).map(|k| decimal(0.1).plus_steps(decimal(0.1), k).expect("fits").to_f64()).collect();
        assert_eq!(values, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]);
    }

    #[test]
    fn an_end_off_the_steps_is_not_reached() {
        assert_eq!(decimal(0.0).steps_to(decimal(1.0), decimal(0.3)), Some((3, false)));
        assert_eq!(decimal(0.3).steps_to(decimal(0.9), decimal(0.1)), Some((6, true)));
        assert_eq!(decimal(1.0).steps_to(decimal(0.0), decimal(0.1)), None);
        assert_eq!(decimal(0.0).steps_to(decimal(1.0), Decimal::ZERO), None);
    }

    #[test]
    fn digits_too_far_apart_are_refused_not_wrapped() {
        assert_eq!(decimal(1e300).steps_to(decimal(2e300), decimal(1e-300)), None);
        assert_eq!(decimal(1e300).plus_steps(decimal(1e-300), 1), None);
    }

    proptest! {
        #[test]
        fn every_float_survives_the_round_trip(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            prop_assert_eq!(decimal(value).to_f64(), value);
        }

        #[test]
        fn whole_numbers_stay_whole(value in any::<i64>()) {
            prop_assert_eq!(Decimal::from_i64(value).to_i64(), Some(value));
        }
    }
}
