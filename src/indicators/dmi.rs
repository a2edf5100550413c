//! Directional movement: plus and minus indicator and their index (`indicators.md` 2.7; Wilder 1978).
//!
//! `up = h[i]-h[i-1]`, `dn = l[i-1]-l[i]`; the greater of the two counts if positive, the other is 0. With
//! `A = ewm(tr, 1/period)`: `plus = 100*ewm(pdm)/A`, `minus = 100*ewm(mdm)/A`, `adx = ewm(100*|plus-minus|/(plus+minus))`.

use super::ewm::ewm;
use super::true_range::true_range;

/// The three lines, each 0..100.
#[derive(Debug, Clone, PartialEq)]
pub struct Dmi {
    /// Upward movement in percent of the range.
    pub plus: Vec<f64>,
    /// Downward movement in percent of the range.
    pub minus: Vec<f64>,
    /// Strength of the direction, whichever it is.
    pub adx: Vec<f64>,
}

/// Directional movement over `period` (>= 1) bars; holes count as no movement and carry the averages. `O(n)`.
pub fn dmi(high: &[f64], low: &[f64], close: &[f64], period: usize) -> Dmi {
    let a = 1.0 / period as f64;
    let (mut plus, mut minus) = movements(high, low);
    let range = ewm(&true_range(high, low, close), a);
    for line in [&mut plus, &mut minus] {
        *line = ewm(line, a).iter().zip(&range).map(|(moved, range)| 100.0 * moved / range).collect();
    }
    let spread = |(p, m): (&f64, &f64)| 100.0 * (p - m).abs() / (p + m);
    let adx = ewm(&plus.iter().zip(&minus).map(spread).collect::<Vec<_>>(), a);
    Dmi { plus, minus, adx }
}

/// Upward and downward movement per bar; 0 at the first bar and next to holes.
fn movements(high: &[f64], low: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (mut plus, mut minus) = (vec![0.0; high.len()], vec![0.0; high.len()]);
    for i in 1..high.len() {
        let up = high[i] - high[i - 1];
        let down = low[i - 1] - low[i];
        if up > down && up > 0.0 {
            plus[i] = up;
        }
        if down > up && down > 0.0 {
            minus[i] = down;
        }
    }
    (plus, minus)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_rise_is_all_plus() {
        let high: Vec<f64> = (0..30).map(|i| f64::from(i) + 1.0).collect();
        let low: Vec<f64> = (0..30).map(f64::from).collect();
        let lines = dmi(&high, &low, &low, 5);
        assert!(lines.plus[29] > 49.0 && lines.minus[29] == 0.0);
        assert_eq!(lines.adx[29], 100.0);
        assert!(lines.adx[0].is_nan());
    }

    #[test]
    fn an_inside_bar_does_not_move() {
        assert_eq!(movements(&[3.0, 2.5], &[1.0, 1.5]), (vec![0.0; 2], vec![0.0; 2]));
    }
}
