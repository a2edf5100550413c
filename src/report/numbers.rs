//! Numbers as a person reads them: grouped counts, rates, sizes, times, ratios.

/// A count with a thin grouping: `12,345,678`.
pub fn count(value: u64) -> String {
    group(&value.to_string())
}

/// A large count, possibly beyond 64 bits: grouped below 10^15, else as a power of ten.
pub fn big_count(value: u128) -> String {
    match u64::try_from(value) {
        Ok(small) if small < 1_000_000_000_000_000 => count(small),
        _ => format!("{:.3e}", value as f64),
    }
}

/// A rate with three significant digits and a unit prefix: `579`, `8.21 k`, `3.40 M`.
pub fn rate(per_second: f64) -> String {
    let (value, prefix) = scale(per_second, 1000.0, &["", " k", " M", " G", " T"]);
    format!("{}{prefix}", three_digits(value))
}

/// A size in binary units: `812 B`, `48.0 MiB`.
pub fn bytes(size: u64) -> String {
    if size < 1024 {
        return format!("{size} B");
    }
    let (value, unit) = scale(size as f64, 1024.0, &[" B", " KiB", " MiB", " GiB", " TiB"]);
    format!("{}{unit}", three_digits(value))
}

/// A span of time: `0.42 s`, `12.3 s`, `4 m 05 s`, `2 h 07 m`, `3 d 04 h`.
pub fn seconds(span: f64) -> String {
    if !span.is_finite() || span < 0.0 {
        return "-".to_owned();
    }
    if span < 9.995 {
        return format!("{span:.2} s");
    }
    if span < 59.95 {
        return format!("{span:.1} s");
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive and finite; saturates"
    )]
    let whole = span.round() as u64;
    match whole {
        0..3600 => format!("{} m {:02} s", whole / 60, whole % 60),
        3600..86_400 => format!("{} h {:02} m", whole / 3600, whole % 3600 / 60),
        _ => format!("{} d {:02} h", whole / 86_400, whole % 86_400 / 3600),
    }
}

/// A share in per cent: `12.5 %`.
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// Money with two decimals, grouped: `12,345.60`.
pub fn money(value: f64) -> String {
    let text = format!("{:.2}", value.abs());
    let (whole, cents) = text.split_once('.').unwrap_or((&text, "00"));
    let sign = if value < 0.0 && text.bytes().any(|b| (b'1'..=b'9').contains(&b)) { "-" } else { "" };
    format!("{sign}{}.{cents}", group(whole))
}

/// A ratio with `digits` decimals; no minus in front of a rounded zero.
pub fn ratio(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.bytes().all(|b| b == b'0' || b == b'.') => rest.to_owned(),
        _ => text,
    }
}

fn group(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn scale<'a>(value: f64, base: f64, units: &[&'a str]) -> (f64, &'a str) {
    let mut scaled = value;
    let mut unit = 0;
    while scaled >= 0.9995 * base && unit + 1 < units.len() {
        scaled /= base;
        unit += 1;
    }
    (scaled, units[unit])
}

fn three_digits(value: f64) -> String {
    match value {
        v if v < 9.995 => format!("{v:.2}"),
        v if v < 99.95 => format!("{v:.1}"),
        v => format!("{v:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_money_are_grouped() {
        assert_eq!([0, 999, 1000, 12_345_678].map(count), ["0", "999", "1,000", "12,345,678"]);
        assert_eq!(big_count(10_u128.pow(30)), "1.000e30");
        assert_eq!([1234.5, -0.001, -987_654.321].map(money), ["1,234.50", "0.00", "-987,654.32"]);
    }

    #[test]
    fn rates_and_sizes_have_three_digits() {
        assert_eq!([0.0, 579.466, 8_212.0, 999_900.0].map(rate), ["0.00", "579", "8.21 k", "1.00 M"]);
        assert_eq!([812, 1024, 50_331_648].map(bytes), ["812 B", "1.00 KiB", "48.0 MiB"]);
    }

    #[test]
    fn times_use_the_two_largest_units() {
        let all = [0.417, 12.34, 59.96, 245.0, 7620.0, 277_200.0].map(seconds);
        assert_eq!(all, ["0.42 s", "12.3 s", "1 m 00 s", "4 m 05 s", "2 h 07 m", "3 d 05 h"]);
        assert_eq!(seconds(f64::NAN), "-");
    }

    #[test]
    fn a_rounded_zero_has_no_sign() {
        assert_eq!(ratio(-0.000_4, 3), "0.000");
        assert_eq!(ratio(-0.5, 3), "-0.500");
    }
}
