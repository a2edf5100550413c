//! The only `exp`, `ln`, `pow` and long sums: portable, in a fixed order, without fused multiply-add.

/// Natural exponential, the same bits on every machine.
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// Natural logarithm, the same bits on every machine.
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// Decimal logarithm, the same bits on every machine.
pub fn log10(x: f64) -> f64 {
    libm::log10(x)
}

/// `x` to the power `y`, the same bits on every machine.
pub fn pow(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}

/// Sum in slice order; over more than 1,000 terms with Neumaier's compensation (`metrics.md` rule 6).
pub fn sum(values: &[f64]) -> f64 {
    if values.len() <= 1000 {
        return values.iter().fold(0.0, |total, value| total + value);
    }
    let mut total = 0.0_f64;
    let mut lost = 0.0_f64;
    for &value in values {
        let next = total + value;
        lost += if total.abs() >= value.abs() { (total - next) + value } else { (value - next) + total };
        total = next;
    }
    total + lost
}

/// Decimal rounding of the exact binary value to `digits`, ties to even (`round_n` of `execution.md` 1).
#[inline]
pub fn round_decimals(x: f64, digits: usize) -> f64 {
    match TENS.get(digits) {
        Some(&ten) if (x * ten).abs() < ROUNDS_BELOW => {
            round_far_from_tie(x, ten).unwrap_or_else(|| round_near_tie(x, ten))
        }
        _ => round_by_text(x, digits),
    }
}

/// Powers of ten that are exact.
const TENS: [f64; 10] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/// The same where scaling settles it: the scaled value lies further from a tie than its own rounding error, so the whole
/// number is the right one, and dividing it by an exact power of ten rounds once, as reading its decimal text does.
#[inline]
fn round_far_from_tie(x: f64, ten: f64) -> Option<f64> {
    let scaled = x * ten;
    let whole = nearest_whole(scaled);
    let from_tie = ((scaled - whole).abs() - 0.5).abs();
    (from_tie > scaled.abs() * f64::EPSILON).then_some(whole / ten)
}

/// The same next to a tie: the rounding error of the scaled value, which is a float too, says on which side it lies.
#[inline(never)]
fn round_near_tie(x: f64, ten: f64) -> f64 {
    let scaled = x * ten;
    let below = floor(scaled);
    // Exact, since the two are close to each other.
    let beyond = (scaled - (below + 0.5)) + product_error(x, ten, scaled);
    let up = beyond > 0.0 || (beyond == 0.0 && (0.5 * below).fract() != 0.0);
    (below + f64::from(u8::from(up))).copysign(x) / ten
}

/// What a product lost to rounding (Dekker, Numerische Mathematik 18, 1971), of factors whose halves overflow nowhere.
fn product_error(a: f64, b: f64, product: f64) -> f64 {
    let halves = |x: f64| {
        let spread = 134_217_729.0 * x;
        let high = spread - (spread - x);
        (high, x - high)
    };
    let ((a, a_low), (b, b_low)) = (halves(a), halves(b));
    ((a * b - product) + a * b_low + a_low * b) + a_low * b_low
}

/// Below this, 2^51, adding 1.5 * 2^52 gives a sum whose last bit is worth one.
const ROUNDS_BELOW: f64 = 2_251_799_813_685_248.0;

/// The whole number nearest to a value of less than 2^51, ties to even. Two additions, where the standard function is a
/// call unless the processor is known to round.
#[inline]
fn nearest_whole(x: f64) -> f64 {
    const LAST_BIT_IS_ONE: f64 = 3.0 * ROUNDS_BELOW;
    ((x + LAST_BIT_IS_ONE) - LAST_BIT_IS_ONE).copysign(x)
}

/// The largest whole number not above `x`, as [`f64::floor`].
#[inline]
pub fn floor(x: f64) -> f64 {
    if x.abs() < ROUNDS_BELOW {
        let nearest = nearest_whole(x);
        // Without a branch: which way a number was rounded cannot be foreseen.
        nearest - f64::from(u8::from(nearest > x))
    } else {
        x.floor()
    }
}

#[cold]
fn round_by_text(x: f64, digits: usize) -> f64 {
    if !x.is_finite() {
        return x;
    }
    format!("{x:.digits$}").parse().expect("a formatted float is a float")
}

/// Standard normal distribution function, relative error below 1e-13 also in the tails.
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

/// Inverse of the standard normal distribution function: Wichura's AS 241 (PPND16), Applied Statistics 37 (1988).
///
/// `p <= 0` gives minus infinity, `p >= 1` infinity, NaN gives NaN.
pub fn normal_quantile(p: f64) -> f64 {
    if p.is_nan() {
        return f64::NAN;
    }
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * horner(r, &CENTRAL_NUM) / horner(r, &CENTRAL_DEN);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = (-ln(tail)).sqrt();
    let x = if r <= 5.0 {
        horner(r - 1.6, &MIDDLE_NUM) / horner(r - 1.6, &MIDDLE_DEN)
    } else {
        horner(r - 5.0, &FAR_NUM) / horner(r - 5.0, &FAR_DEN)
    };
    if q < 0.0 { -x } else { x }
}

/// Polynomial with the coefficients of falling powers last to first.
fn horner(x: f64, coefficients: &[f64; 8]) -> f64 {
    coefficients.iter().rev().fold(0.0, |value, c| value * x + c)
}

const CENTRAL_NUM: [f64; 8] = [
    3.387_132_872_796_366_5,
    133.141_667_891_784_38,
    1_971.590_950_306_551_3,
    13_731.693_765_509_46,
    45_921.953_931_549_87,
    67_265.770_927_008_7,
    33_430.575_583_588_13,
    2_509.080_928_730_122_7,
];
const CENTRAL_DEN: [f64; 8] = [
    1.0,
    42.313_330_701_600_91,
    687.187_007_492_057_9,
    5_394.196_021_424_751,
    21_213.794_301_586_597,
    39_307.895_800_092_71,
    28_729.085_735_721_943,
    5_226.495_278_852_854,
];
const MIDDLE_NUM: [f64; 8] = [
    1.423_437_110_749_683_5,
    4.630_337_846_156_546,
    5.769_497_221_460_691,
    3.647_848_324_763_204_5,
    1.270_458_252_452_368_4,
    0.241_780_725_177_450_6,
    0.022_723_844_989_269_184,
    7.745_450_142_783_414e-4,
];
const MIDDLE_DEN: [f64; 8] = [
    1.0,
    2.053_191_626_637_759,
    1.676_384_830_183_803_8,
    0.689_767_334_985_1,
    0.148_103_976_427_480_08,
    0.015_198_666_563_616_457,
    5.475_938_084_995_345e-4,
    1.050_750_071_644_416_9e-9,
];
const FAR_NUM: [f64; 8] = [
    6.657_904_643_501_103,
    5.463_784_911_164_114,
    1.784_826_539_917_291_3,
    0.296_560_571_828_504_87,
    0.026_532_189_526_576_124,
    1.242_660_947_388_078_4e-3,
    2.711_555_568_743_487_6e-5,
    2.010_334_399_292_288_1e-7,
];
const FAR_DEN: [f64; 8] = [
    1.0,
    0.599_832_206_555_888,
    0.136_929_880_922_735_8,
    0.014_875_361_290_850_615,
    7.868_691_311_456_133e-4,
    1.846_318_317_510_054_8e-5,
    1.421_511_758_316_446e-7,
    2.044_263_103_389_939_8e-15,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_decimal_with_exact_ties_to_even() {
        assert_eq!(round_decimals(0.125, 2), 0.12);
        assert_eq!(round_decimals(0.375, 2), 0.38);
        assert_eq!(round_decimals(2.675, 2), 2.67);
        assert_eq!(round_decimals(-0.004, 2).to_bits(), (-0.0_f64).to_bits());
    }

    #[test]
    fn rounding_by_scaling_is_rounding_by_text() {
        let mut rng = crate::types::MasterSeed(1).rng(crate::types::Purpose::User, 0, 0, 0);
        for i in 0..200_000_u64 {
            let digits = [0, 2, 3, 5, 8][(i % 5) as usize];
            let magnitude = [1e-9, 1e-3, 1.0, 1e4, 1e12][(i / 5 % 5) as usize];
            let near_tie =
                (rng.below(2000) as f64 - 1000.0) / 2.0 / [1.0, 1e2, 1e3, 1e5, 1e8][(i % 5) as usize];
            for x in [(rng.unit() - 0.5) * magnitude, near_tie, near_tie.next_up(), near_tie.next_down()] {
                let (fast, text) = (round_decimals(x, digits), round_by_text(x, digits));
                assert_eq!(fast.to_bits(), text.to_bits(), "{x:?} to {digits} digits");
            }
        }
    }

    #[test]
    fn floor_is_the_standard_one_to_the_last_bit() {
        let mut rng = crate::types::MasterSeed(1).rng(crate::types::Purpose::User, 0, 0, 0);
        let near = |x: f64| [x, -x, x.next_up(), x.next_down(), -x.next_up(), -x.next_down()];
        let whole_and_half =
            [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 1e9, 1e15 + 0.5, ROUNDS_BELOW, 2.0 * ROUNDS_BELOW, 1e300];
        let mut values: Vec<f64> = whole_and_half.into_iter().flat_map(near).collect();
        values.extend((0..50_000).map(|i| (rng.unit() - 0.5) * [1.0, 1e3, 1e6, 1e16][i % 4]));
        values.extend([f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0]);
        for x in values {
            assert_eq!(floor(x).to_bits(), x.floor().to_bits(), "{x:?}");
        }
    }

    #[test]
    fn quantile_inverts_the_distribution_function() {
        for p in [1e-12, 1e-4, 0.02, 0.3, 0.5, 0.8, 0.999, 1.0 - 1e-9] {
            assert!((normal_cdf(normal_quantile(p)) - p).abs() < 1e-14, "{p}");
        }
    }

    #[test]
    fn long_sums_are_compensated() {
        let mut values = vec![1e16];
        values.extend(std::iter::repeat_n(1.0, 2000));
        values.push(-1e16);
        assert_eq!(sum(&values), 2000.0);
    }
}
