//! On-balance volume (J. Granville 1963): volume of rising bars less volume of falling ones, running.

/// Running balance in units of the volume, 0 at the first bar; a bar next to a hole changes nothing. `O(n)`.
pub fn obv(close: &[f64], volume: &[f64]) -> Vec<f64> {
    let before = std::iter::once(f64::NAN).chain(close.iter().copied());
    let mut balance = 0.0;
    let step = |((&c, &v), b): ((&f64, &f64), f64)| {
        if c > b {
            balance += v;
        } else if c < b {
            balance -= v;
        }
        balance
    };
    close.iter().zip(volume).zip(before).map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volume_counts_with_the_sign_of_the_change() {
        let close = [1.0, 2.0, 2.0, 1.5, f64::NAN, 3.0, 4.0];
        let volume = [5.0, 7.0, 11.0, 13.0, f64::NAN, 17.0, 19.0];
        assert_eq!(obv(&close, &volume), [0.0, 7.0, 7.0, -6.0, -6.0, -6.0, 13.0]);
    }
}
