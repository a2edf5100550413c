//! Sizes, shares and spans of time as a person writes them on the command line: `4GiB`, `1%`, `30m`.

use std::str::FromStr;
use std::time::Duration;

/// A number of bytes, or a share of the memory that is available.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum MemoryBudget {
    /// So many bytes.
    Bytes(u64),
    /// This share of available memory, above 0 and at most 1.
    Share(f64),
}

/// A share of a whole, `0..=1`; written `1%` or `0.01`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Share(pub(crate) f64);

/// A span of time; written `90s`, `30m` (minutes), `2h` or `1d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

/// A text that is no such quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not {expected}")]
pub(crate) struct UnitError {
    found: String,
    expected: &'static str,
}

const BYTE_UNITS: [(&str, u64); 10] = [
    ("b", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("", 1),
];

const TIME_UNITS: [(&str, f64); 5] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86_400.0)];

impl FromStr for MemoryBudget {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let wrong = || UnitError {
            found: text.to_owned(),
            expected: "a size: write 4GiB, 800MB or a share of available memory such as 50%",
        };
        if text.trim_end().ends_with('%') {
            let share = text.parse::<Share>().map_err(|_| wrong())?;
            return if share.0 > 0.0 { Ok(Self::Share(share.0)) } else { Err(wrong()) };
        }
        let (number, unit) = split_unit(text);
        let factor = unit_factor(&BYTE_UNITS, &unit.to_lowercase()).ok_or_else(wrong)?;
        let bytes = positive(number).ok_or_else(wrong)? * factor as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive; saturates")]
        Ok(Self::Bytes(bytes as u64))
    }
}

impl FromStr for Share {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let wrong =
            || UnitError { found: text.to_owned(), expected: "a share: write 1% or 0.01, at most 100%" };
        let share = match text.trim().strip_suffix('%') {
            Some(percent) => percent.trim().parse::<f64>().map_err(|_| wrong())? / 100.0,
            None => text.trim().parse::<f64>().map_err(|_| wrong())?,
        };
        if (0.0..=1.0).contains(&share) { Ok(Self(share)) } else { Err(wrong()) }
    }
}

impl FromStr for Span {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let wrong = || UnitError {
            found: text.to_owned(),
            expected: "a span of time: write 90s, 30m (minutes), 2h or 1d",
        };
        let (number, unit) = split_unit(text);
        let factor = unit_factor(&TIME_UNITS, unit).ok_or_else(wrong)?;
        let seconds = positive(number).ok_or_else(wrong)? * factor;
        Duration::try_from_secs_f64(seconds).map(Self).map_err(|_| wrong())
    }
}

/// The number in front and the unit behind it, both trimmed.
fn split_unit(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim())
}

fn unit_factor<T: Copy>(units: &[(&str, T)], unit: &str) -> Option<T> {
    units.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor)
}

fn positive(number: &str) -> Option<f64> {
    number.parse::<f64>().ok().filter(|value| value.is_finite() && *value > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_know_binary_and_decimal_units_and_shares() {
        assert_eq!("4GiB".parse(), Ok(MemoryBudget::Bytes(4 << 30)));
        assert_eq!("1.5 MB".parse(), Ok(MemoryBudget::Bytes(1_500_000)));
        assert_eq!("65536".parse(), Ok(MemoryBudget::Bytes(65_536)));
        assert_eq!("75%".parse(), Ok(MemoryBudget::Share(0.75)));
        for bad in ["", "0", "-1GB", "4 floppies", "0%", "101%", "GiB", "1e9", "nan"] {
            assert!(bad.parse::<MemoryBudget>().is_err(), "{bad}");
        }
    }

    #[test]
    fn spans_say_minutes_with_m_and_need_a_unit() {
        assert_eq!("30m".parse(), Ok(Span(Duration::from_mins(30))));
        assert_eq!("1.5h".parse(), Ok(Span(Duration::from_mins(90))));
        assert_eq!("250ms".parse(), Ok(Span(Duration::from_millis(250))));
        for bad in ["30", "m", "-5s", "0s", "soon"] {
            assert!(bad.parse::<Span>().is_err(), "{bad}");
        }
    }

    #[test]
    fn shares_are_percent_or_fraction() {
        assert_eq!("1%".parse(), Ok(Share(0.01)));
        assert_eq!("0.25".parse(), Ok(Share(0.25)));
        assert!("101%".parse::<Share>().is_err());
        let message = "much".parse::<Share>().map_err(|e| e.to_string());
        assert_eq!(message, Err("\"much\" is not a share: write 1% or 0.01, at most 100%".to_owned()));
    }
}
