//! Numbers as people write them, without loss.

/// A decimal number, digit by digit: `mantissa / 10^scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub(crate) mantissa: i128,
    pub(crate) scale: u32,
}

/// Digits beyond these are no number of a log.
const MAX_DIGITS: u32 = 30;

impl Decimal {
    /// Reads `-12.50`, `.5`, `1e3`; none for anything else, and for numbers of more than 30 digits.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let (is_negative, digits) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, text),
        };
        let (mut mantissa, mut scale, mut n_digits, mut is_fraction) = (0_i128, 0_u32, 0_u32, false);
        let mut at = 0;
        while let Some(byte) = digits.get(at) {
            match byte {
                b'0'..=b'9' => {
                    mantissa = mantissa * 10 + i128::from(byte - b'0');
                    n_digits += 1;
                    scale += u32::from(is_fraction);
                }
                b'.' if !is_fraction => is_fraction = true,
                b'e' | b'E' if n_digits > 0 => break,
                _ => return None,
            }
            if n_digits > MAX_DIGITS {
                return None;
            }
            at += 1;
        }
        if n_digits == 0 {
            return None;
        }
        let mut number = Self { mantissa: if is_negative { -mantissa } else { mantissa }, scale };
        if at < digits.len() {
            number = number.shifted(std::str::from_utf8(&digits[at + 1..]).ok()?.parse().ok()?)?;
        }
        Some(number)
    }

    /// Times a power of ten.
    fn shifted(self, exponent: i32) -> Option<Self> {
        let scale = i64::from(self.scale) - i64::from(exponent);
        if scale >= 0 {
            return Some(Self { scale: u32::try_from(scale).ok().filter(|it| *it <= MAX_DIGITS)?, ..self });
        }
        let factor = 10_i128.checked_pow(u32::try_from(-scale).ok().filter(|it| *it <= MAX_DIGITS)?)?;
        Some(Self { mantissa: self.mantissa.checked_mul(factor)?, scale: 0 })
    }

    /// `self * factor`, to the nearest integer.
    pub(crate) fn times(self, factor: i128) -> Option<i128> {
        let divisor = 10_i128.checked_pow(self.scale)?;
        let product = self.mantissa.checked_mul(factor)?;
        let half = if product < 0 { -divisor / 2 } else { divisor / 2 };
        Some((product + half) / divisor)
    }

    pub(crate) fn is_whole(self) -> bool {
        10_i128.checked_pow(self.scale).is_some_and(|divisor| self.mantissa % divisor == 0)
    }
}

/// The signs in the numbers of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Signs {
    pub(crate) decimal: char,
    pub(crate) thousands: Option<char>,
}

impl Signs {
    pub(crate) const PLAIN: Self = Self { decimal: '.', thousands: None };

    /// The number as computers write it: without signs between groups, and with a point.
    pub(crate) fn plain(self, text: &str) -> Option<String> {
        if self == Self::PLAIN {
            return Some(text.to_owned());
        }
        if let Some(sign) = self.thousands
            && text.contains(sign)
            && !is_grouped(text, sign, self.decimal)
        {
            return None;
        }
        if self.decimal != '.' && self.thousands != Some('.') && text.contains('.') {
            return None;
        }
        let kept = text.chars().filter(|it| Some(*it) != self.thousands);
        Some(kept.map(|it| if it == self.decimal { '.' } else { it }).collect())
    }

    /// The value of a number; none if it is none, or not finite.
    pub(crate) fn value(self, text: &[u8]) -> Option<f64> {
        // Nearly every value is one digit.
        if let [digit @ b'0'..=b'9'] = text {
            return Some(f64::from(digit - b'0'));
        }
        let text = std::str::from_utf8(text).ok()?;
        let plain = if self == Self::PLAIN { text.to_owned() } else { self.plain(text)? };
        if !plain.bytes().all(|it| matches!(it, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E')) {
            return None;
        }
        plain.parse().ok().filter(|it: &f64| it.is_finite())
    }
}

/// Whether the sign stands between groups of three digits before the fraction, and only there.
pub(crate) fn is_grouped(text: &str, sign: char, decimal: char) -> bool {
    let whole = text.split(decimal).next().unwrap_or_default().trim_start_matches(['-', '+']);
    let mut groups = whole.split(sign);
    let is_digits = |group: &str| !group.is_empty() && group.bytes().all(|it| it.is_ascii_digit());
    groups.next().is_some_and(|first| first.len() <= 3 && is_digits(first))
        && groups.all(|group| group.len() == 3 && is_digits(group))
        && !text.split(decimal).skip(1).any(|fraction| fraction.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_digit_by_digit() {
        let read = |text: &str| Decimal::parse(text.as_bytes()).map(|it| (it.mantissa, it.scale));
        assert_eq!(read("-12.50"), Some((-1250, 2)));
        assert_eq!(read(".5"), Some((5, 1)));
        assert_eq!(read("1234567890123456789012"), Some((1_234_567_890_123_456_789_012, 0)));
        assert_eq!(read("1.5e9"), Some((1_500_000_000, 0)));
        assert_eq!(read("25e-1"), Some((25, 1)));
        for text in
            ["", "-", ".", "1.2.3", "12a", "e5", "1e", "NaN", "inf", "1e99", "0x10", " 1", &"9".repeat(40)]
        {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(Decimal::parse(b"0.0000000005").unwrap().times(1_000_000_000), Some(1));
        assert_eq!(Decimal::parse(b"-1.5").unwrap().times(1), Some(-2));
    }

    #[test]
    fn signs_between_digits_mean_what_is_said() {
        let german = Signs { decimal: ',', thousands: Some('.') };
        assert_eq!(german.value(b"1.234,5"), Some(1234.5));
        assert_eq!(german.value(b"12.34"), None);
        let english = Signs { decimal: '.', thousands: Some(',') };
        assert_eq!(english.value(b"1,234"), Some(1234.0));
        assert_eq!(english.value(b"1,23"), None);
        let comma = Signs { decimal: ',', thousands: None };
        assert_eq!(
            (comma.value(b"3,5"), comma.value(b"3.5"), comma.value(b"4")),
            (Some(3.5), None, Some(4.0))
        );
        assert_eq!(
            (Signs::PLAIN.value(b"3,5"), Signs::PLAIN.value(b"nan"), Signs::PLAIN.value(b"")),
            (None, None, None)
        );
    }
}
