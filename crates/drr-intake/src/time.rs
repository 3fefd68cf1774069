//! Times as people write them, to the nanosecond.

use crate::layout::TimeUnit;
use crate::number::Decimal;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime;
use jiff::tz::Offset;

/// Nanoseconds in a second.
pub const NANOS: i128 = 1_000_000_000;
/// Days from 1899-12-30, the day 0 of spreadsheets, to 1970-01-01.
const EXCEL_EPOCH: i128 = 25_569;

/// Patterns of times that are no ISO 8601, the day before the month first.
pub(crate) const PATTERNS: [&str; 12] = [
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%m %d, %Y",
];
/// What may follow a date.
pub(crate) const CLOCKS: [&str; 6] = ["", " %H:%M:%S", " %H:%M", " %H:%M:%S%.f", " %I:%M:%S %p", " %I:%M %p"];
/// Whole patterns that do not begin with a date.
pub(crate) const WHOLE: [&str; 4] =
    ["%a %b %d %H:%M:%S %z %Y", "%a, %d %b %Y %H:%M:%S %z", "%d/%b/%Y:%H:%M:%S %z", "%Y年%m月%d日"];

impl TimeUnit {
    /// Nanoseconds since 1970; of [`TimeUnit::Order`] the number in billionths. None if the text is no such time.
    #[must_use]
    pub fn nanos(&self, text: &str) -> Option<i128> {
        let number = |factor: i128| Decimal::parse(text.as_bytes())?.times(factor);
        match self {
            Self::S | Self::Order => number(NANOS),
            Self::Ms => number(NANOS / 1000),
            Self::Us => number(1000),
            Self::Ns => number(1),
            Self::ExcelDays => Some(number(86_400 * NANOS)? - EXCEL_EPOCH * 86_400 * NANOS),
            Self::Iso8601 => iso8601(text),
            Self::Pattern(pattern) => by_pattern(pattern, text),
        }
    }

    /// The unit in words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::S => "seconds since 1970".into(),
            Self::Ms => "milliseconds since 1970".into(),
            Self::Us => "microseconds since 1970".into(),
            Self::Ns => "nanoseconds since 1970".into(),
            Self::ExcelDays => "days as spreadsheets count them".into(),
            Self::Order => "numbers that only tell what came first".into(),
            Self::Iso8601 => "ISO 8601".into(),
            Self::Pattern(pattern) => format!("the pattern {pattern}"),
        }
    }
}

fn iso8601(text: &str) -> Option<i128> {
    let text = text.strip_suffix(" UTC").or_else(|| text.strip_suffix(" GMT")).unwrap_or(text);
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time.as_nanosecond());
    }
    // Without a zone, it is UTC; a date alone is its midnight.
    if text.len() < 8 {
        return None;
    }
    let time = text.parse::<DateTime>().ok()?;
    utc(time)
}

fn utc(time: DateTime) -> Option<i128> {
    Some(Offset::UTC.to_timestamp(time).ok()?.as_nanosecond())
}

fn by_pattern(pattern: &str, text: &str) -> Option<i128> {
    let parsed = strtime::parse(pattern, text).ok()?;
    if let Ok(time) = parsed.to_timestamp() {
        return Some(time.as_nanosecond());
    }
    if let Ok(time) = parsed.to_datetime() {
        return utc(time);
    }
    let date: Date = parsed.to_date().ok()?;
    utc(date.to_datetime(jiff::civil::Time::midnight()))
}

/// The unit of a column of numbers, by their size; none if they are too small for any.
pub(crate) fn unit_of_numbers(values: &[Decimal]) -> Option<TimeUnit> {
    let all = |low: f64, high: f64| {
        values.iter().all(|it| {
            let value = it.mantissa as f64 / 10_f64.powi(it.scale.cast_signed());
            (low..high).contains(&value)
        })
    };
    let is_whole = values.iter().all(|it| it.is_whole());
    // From 1980 to 2100, and of seconds from 1973, where nine digits begin to be enough.
    if values.is_empty() {
        None
    } else if all(1e8, 4.2e9) {
        Some(TimeUnit::S)
    } else if all(2e11, 4.2e12) {
        Some(TimeUnit::Ms)
    } else if all(2e14, 4.2e15) {
        Some(TimeUnit::Us)
    } else if all(2e17, 4.2e18) {
        Some(TimeUnit::Ns)
    } else if all(19_700_101.0, 21_000_000.0) && is_whole {
        Some(TimeUnit::Pattern("%Y%m%d".into()))
    } else if all(19_700_101_000_000.0, 21_000_000_000_000.0) && is_whole {
        Some(TimeUnit::Pattern("%Y%m%d%H%M%S".into()))
    } else if all(29_000.0, 73_000.0) {
        Some(TimeUnit::ExcelDays)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_patterns_give_the_same_moment() {
        let seconds = |unit: TimeUnit, text: &str| unit.nanos(text);
        let moment = Some(1_700_000_000 * NANOS);
        assert_eq!(seconds(TimeUnit::S, "1700000000"), moment);
        assert_eq!(seconds(TimeUnit::S, "1700000000.0"), moment);
        assert_eq!(seconds(TimeUnit::Ms, "1700000000000"), moment);
        assert_eq!(seconds(TimeUnit::Us, "1700000000000000"), moment);
        assert_eq!(seconds(TimeUnit::Ns, "1700000000000000000"), moment);
        for text in [
            "2023-11-14T22:13:20Z",
            "2023-11-14 22:13:20",
            "2023-11-14T23:13:20+01:00",
            "2023-11-14T22:13:20.000",
        ] {
            assert_eq!(seconds(TimeUnit::Iso8601, text), moment, "{text}");
        }
        let pattern = |it: &str| TimeUnit::Pattern(it.into());
        assert_eq!(seconds(pattern("%d.%m.%Y %H:%M:%S"), "14.11.2023 22:13:20"), moment);
        assert_eq!(seconds(pattern("%m/%d/%Y"), "11/14/2023"), Some(1_699_920_000 * NANOS));
        assert_eq!(seconds(pattern("%Y%m%d"), "20231114"), Some(1_699_920_000 * NANOS));
        assert_eq!(seconds(TimeUnit::ExcelDays, "45000.5"), Some(1_678_881_600 * NANOS));
        assert_eq!(seconds(TimeUnit::S, "1700000000.25"), moment.map(|it| it + NANOS / 4));
        assert_eq!((seconds(TimeUnit::Iso8601, "14.11.2023"), seconds(TimeUnit::S, "soon")), (None, None));
    }

    #[test]
    fn the_size_of_numbers_tells_their_unit() {
        let unit = |texts: &[&str]| {
            unit_of_numbers(
                &texts.iter().map(|it| Decimal::parse(it.as_bytes()).unwrap()).collect::<Vec<_>>(),
            )
        };
        assert_eq!(unit(&["964982703", "1537799250"]), Some(TimeUnit::S));
        assert_eq!(unit(&["964982703000"]), Some(TimeUnit::Ms));
        assert_eq!(unit(&["1537799250123456"]), Some(TimeUnit::Us));
        assert_eq!(unit(&["1537799250123456789"]), Some(TimeUnit::Ns));
        assert_eq!(unit(&["20240131", "19991201"]), Some(TimeUnit::Pattern("%Y%m%d".into())));
        assert_eq!(unit(&["20240131120000"]), Some(TimeUnit::Pattern("%Y%m%d%H%M%S".into())));
        assert_eq!(unit(&["45000.5", "44999"]), Some(TimeUnit::ExcelDays));
        assert_eq!((unit(&["1", "2", "3"]), unit(&[])), (None, None));
    }
}
