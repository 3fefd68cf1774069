//! Fields, text and numbers out of the bytes of a line.

use super::rows::{OnBadRow, RowPolicy};
use crate::DataError;
use crate::archive::Line;

/// The encoding that a format declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// ISO 8859-1: every byte is the code point of the same number.
    Latin1,
    /// UTF-8.
    Utf8,
}

/// Splits a line into exactly `N` fields; otherwise says how many there are.
pub(super) fn split_exactly<'a, const N: usize>(
    bytes: &'a [u8],
    separator: &[u8],
) -> Result<[&'a [u8]; N], usize> {
    let mut fields = [&bytes[..0]; N];
    let mut n_fields = 0;
    for field in split(bytes, separator) {
        if let Some(place) = fields.get_mut(n_fields) {
            *place = field;
        }
        n_fields += 1;
    }
    if n_fields == N { Ok(fields) } else { Err(n_fields) }
}

/// The fields between separators, from left to right.
pub(super) fn split<'a>(bytes: &'a [u8], separator: &[u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest?;
        let end = match *separator {
            [one] => bytes.iter().position(|byte| *byte == one),
            [first, second] => bytes.windows(2).position(|it| it[0] == first && it[1] == second),
            _ => bytes.windows(separator.len()).position(|window| window == separator),
        };
        rest = end.map(|end| &bytes[end + separator.len()..]);
        Some(&bytes[..end.unwrap_or(bytes.len())])
    })
}

/// Splits a line into exactly `N` fields.
///
/// # Errors
///
/// Refuses another number of fields, with the line.
pub(super) fn fields<'a, const N: usize>(
    line: &Line<'a>,
    separator: &str,
) -> Result<[&'a [u8]; N], DataError> {
    split_exactly(line.bytes, separator.as_bytes()).map_err(|n_fields| {
        let problem = format!("has {n_fields} fields between {separator:?} instead of {N}");
        line.refuse("row", line.bytes, problem, "check the separator and whether the file is complete")
    })
}

/// Decodes lines of a declared encoding, and counts those that are in another one.
#[derive(Debug)]
pub(super) struct Decoder {
    declared: Encoding,
    policy: OnBadRow,
    /// The lines that were decoded as what they are and not as declared.
    pub(super) n_reencoded: u64,
}

impl Decoder {
    pub(super) const fn new(declared: Encoding, policy: &RowPolicy) -> Self {
        Self { declared, policy: policy.encoding, n_reencoded: 0 }
    }

    /// The whole line as text.
    ///
    /// Latin-1 text with accents is hardly ever valid UTF-8, so a line beyond ASCII that is valid UTF-8 is not
    /// latin-1, whatever was declared.
    ///
    /// # Errors
    ///
    /// Refuses a line in another encoding unless the policy counts it.
    pub(super) fn decode(&mut self, line: &Line<'_>) -> Result<String, DataError> {
        let as_utf8 = std::str::from_utf8(line.bytes);
        let (is_declared, problem, remedy) = match self.declared {
            Encoding::Latin1 => (
                line.bytes.is_ascii() || as_utf8.is_err(),
                "is UTF-8, but the file is declared as latin-1",
                "convert the file to latin-1, or set encoding = \"count\" in the row policy to read it as UTF-8",
            ),
            Encoding::Utf8 => (
                as_utf8.is_ok(),
                "is not valid UTF-8",
                "convert the file to UTF-8, or set encoding = \"count\" in the row policy to read it as latin-1",
            ),
        };
        if !is_declared {
            if self.policy == OnBadRow::Refuse {
                return Err(line.refuse("row", line.bytes, problem, remedy));
            }
            self.n_reencoded += 1;
        }
        let is_latin1 = (self.declared == Encoding::Latin1) == is_declared;
        Ok(match as_utf8 {
            Ok(text) if !is_latin1 || line.bytes.is_ascii() => text.to_owned(),
            _ => line.bytes.iter().map(|byte| char::from(*byte)).collect(),
        })
    }
}

/// A number in decimal digits, with nothing around it.
pub(super) fn number<T: std::str::FromStr>(bytes: &[u8]) -> Option<T> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

/// Checks that a field is an integer of type `T`.
///
/// # Errors
///
/// Refuses everything else, with the line.
pub(super) fn integer<T: std::str::FromStr>(
    line: &Line<'_>,
    field: &'static str,
    text: &str,
) -> Result<T, DataError> {
    text.parse().map_err(|_| {
        line.refuse(field, text.as_bytes(), "is not a whole number in range", "correct or remove the row")
    })
}

/// Splits `Heat (1995)` into the title and the year; a title without a year in brackets at its end stays whole.
pub(super) fn title_and_year(text: &str) -> (&str, Option<u16>) {
    let split = || {
        let (title, year) = text.trim_end().strip_suffix(')')?.rsplit_once(" (")?;
        let is_year = year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
        is_year.then(|| (title.trim_end(), year.parse().ok()))
    };
    split().unwrap_or_else(|| (text.trim(), None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(bytes: &[u8]) -> Line<'_> {
        Line { file: "movies.dat", number: 7, bytes }
    }

    fn decoder(declared: Encoding, encoding: OnBadRow) -> Decoder {
        Decoder::new(declared, &RowPolicy { encoding, ..RowPolicy::default() })
    }

    #[test]
    fn latin_1_is_decoded_and_utf_8_in_its_place_is_refused_with_the_line() {
        let mut strict = decoder(Encoding::Latin1, OnBadRow::Refuse);
        assert_eq!(strict.decode(&line(b"Caf\xE9")).unwrap(), "Caf\u{e9}");
        let message = strict.decode(&line("Caf\u{e9}".as_bytes())).unwrap_err().to_string();
        assert!(message.contains("line 7") && message.contains("latin-1"), "{message}");
    }

    #[test]
    fn a_counted_line_is_decoded_by_what_it_is() {
        let mut latin = decoder(Encoding::Latin1, OnBadRow::Count);
        assert_eq!(latin.decode(&line("Caf\u{e9}".as_bytes())).unwrap(), "Caf\u{e9}");
        let mut utf8 = decoder(Encoding::Utf8, OnBadRow::Count);
        assert_eq!(utf8.decode(&line(b"Caf\xE9")).unwrap(), "Caf\u{e9}");
        assert_eq!((latin.n_reencoded, utf8.n_reencoded), (1, 1));
        let error = decoder(Encoding::Utf8, OnBadRow::Refuse).decode(&line(b"\xE9")).unwrap_err().to_string();
        assert!(error.contains("line 7") && error.contains("convert the file to UTF-8"), "{error}");
    }

    #[test]
    fn the_year_leaves_the_title_only_when_it_ends_it() {
        assert_eq!(title_and_year("Old Days (1931)"), ("Old Days", Some(1931)));
        assert_eq!(title_and_year("Lost (And Found) (1999) "), ("Lost (And Found)", Some(1999)));
        assert_eq!(title_and_year("Sequel (1995) (V)"), ("Sequel (1995) (V)", None));
        assert_eq!(title_and_year("(1995)"), ("(1995)", None));
    }

    proptest! {
        #[test]
        fn joined_fields_are_split_again(parts in prop::collection::vec("([a-z |]:?[a-z |]){0,3}", 4)) {
            let joined = parts.join("::");
            let again = split_exactly::<4>(joined.as_bytes(), b"::").unwrap();
            prop_assert_eq!(again.map(|it| String::from_utf8_lossy(it).into_owned()).to_vec(), parts);
        }
    }
}
