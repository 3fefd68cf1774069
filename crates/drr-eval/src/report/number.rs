//! Numbers as people read them.

/// A number with `digits` after the point; a dash if it is not finite.
#[must_use]
pub fn decimal(value: f64, digits: u8) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let text = format!("{value:.*}", usize::from(digits));
    // A tiny negative number would read as "-0.00".
    match text.strip_prefix('-') {
        Some(rest) if rest.bytes().all(|byte| matches!(byte, b'0' | b'.')) => rest.to_owned(),
        _ => text,
    }
}

/// A number with about four significant digits: whole where it is large, scientific where it is tiny.
pub(super) fn significant(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() || size == 0.0 {
        return decimal(value, 0);
    }
    if !(1e-4..1e9).contains(&size) {
        return format!("{value:.3e}");
    }
    let digits = match size {
        size if size >= 1000.0 => 0,
        size if size >= 100.0 => 1,
        size if size >= 10.0 => 2,
        size if size >= 1.0 => 3,
        _ => 4,
    };
    trimmed(&decimal(value, digits))
}

/// A label of an axis: short, with `k` and `M` for thousands and millions.
pub(super) fn tick(value: f64) -> String {
    match value.abs() {
        size if size >= 1e6 => format!("{}M", trimmed(&decimal(value / 1e6, 2))),
        size if size >= 1e4 => format!("{}k", trimmed(&decimal(value / 1e3, 2))),
        // Rounding leaves a zero of the axis at 1e-17.
        size if size < 1e-12 => "0".to_owned(),
        _ => significant(value),
    }
}

fn trimmed(text: &str) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_round_and_have_no_negative_zero() {
        assert_eq!(decimal(0.39364, 4), "0.3936");
        assert_eq!(decimal(-0.001, 2), "0.00");
        assert_eq!(decimal(-0.6, 0), "-1");
        assert_eq!(decimal(f64::NAN, 2), "–");
    }

    #[test]
    fn significant_numbers_keep_four_digits() {
        let texts = [0.0, 0.31904, 12.5, 123_456.0, 0.000_012_34, -2.0].map(significant);
        assert_eq!(texts, ["0", "0.319", "12.5", "123456", "1.234e-5", "-2"]);
    }

    #[test]
    fn ticks_are_short() {
        let texts = [0.0, 1e-17, 0.25, 1500.0, 20_000.0, 1_500_000.0, -50_000.0].map(tick);
        assert_eq!(texts, ["0", "0", "0.25", "1500", "20k", "1.5M", "-50k"]);
    }
}
