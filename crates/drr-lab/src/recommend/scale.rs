//! How a rating is said: stars only where it is a rating from 1 to 5.

use drr_intake::Signal;

/// What the values of a data set are, and between which ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    low: f32,
    high: f32,
    value: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    /// A rating that users gave from 1 to 5.
    Stars,
    /// A rating on another scale, or a value of which nobody knows what it is.
    Number,
    /// A count or a duration, graded.
    Grade,
    /// Something happened; there is no value.
    Event,
}

impl Scale {
    /// The scale between two ends. `signal` is what a value says; `None` where that is not known.
    #[must_use]
    pub fn new((low, high): (f32, f32), signal: Option<Signal>) -> Self {
        let value = match signal {
            Some(Signal::Rating) if (low, high) == (1.0, 5.0) => Value::Stars,
            Some(Signal::Rating) | None => Value::Number,
            Some(Signal::Count | Signal::Duration) => Value::Grade,
            Some(Signal::Event) => Value::Event,
        };
        Self { low, high, value }
    }

    /// A rating in words: `4 stars`, `37 of 1 to 40`, `grade 3 of 1 to 5`; nothing where there is no value.
    #[must_use]
    pub fn words(&self, rating: f32) -> String {
        let ends = format!("of {} to {}", self.low, self.high);
        match self.value {
            Value::Stars if rating == 1.0 => "1 star".to_owned(),
            Value::Stars => format!("{rating} stars"),
            Value::Number => format!("{rating} {ends}"),
            Value::Grade => format!("grade {rating} {ends}"),
            Value::Event => String::new(),
        }
    }

    /// An expected value in words, to one digit behind the point.
    #[must_use]
    pub fn expected(&self, rating: f32) -> String {
        let ends = format!("of {} to {}", self.low, self.high);
        match self.value {
            Value::Stars => format!("{rating:.1} stars"),
            Value::Number | Value::Event => format!("{rating:.1} {ends}"),
            Value::Grade => format!("grade {rating:.1} {ends}"),
        }
    }

    /// So many ratings, in words: `1 rating`, `3 events`.
    #[must_use]
    pub fn counted(&self, n: usize) -> String {
        let noun = self.noun();
        format!("{n} {}", if n == 1 { noun.trim_end_matches('s') } else { noun })
    }

    /// What the ratings are called: `ratings`, `events`.
    #[must_use]
    pub const fn noun(&self) -> &'static str {
        match self.value {
            Value::Stars | Value::Number => "ratings",
            Value::Grade => "graded values",
            Value::Event => "events",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratings_are_said_by_their_own_scale_and_stars_are_ratings_from_1_to_5() {
        let of = |low, high, signal, rating| Scale::new((low, high), signal).words(rating);
        assert_eq!(of(1.0, 5.0, Some(Signal::Rating), 4.0), "4 stars");
        assert_eq!(of(1.0, 5.0, Some(Signal::Rating), 1.0), "1 star");
        assert_eq!(of(0.5, 5.0, Some(Signal::Rating), 3.5), "3.5 of 0.5 to 5");
        assert_eq!(of(-10.0, 10.0, Some(Signal::Rating), -2.25), "-2.25 of -10 to 10");
        assert_eq!(of(1.0, 5.0, Some(Signal::Count), 2.0), "grade 2 of 1 to 5");
        assert_eq!(of(0.0, 1.0, Some(Signal::Event), 1.0), "", "an event has no value");
        assert_eq!(of(1.0, 5.0, None, 4.0), "4 of 1 to 5", "nobody knows whether these are ratings");
        assert_eq!(Scale::new((1.0, 5.0), Some(Signal::Rating)).expected(3.26), "3.3 stars");
        assert_eq!(Scale::new((0.0, 1.0), Some(Signal::Event)).expected(0.5), "0.5 of 0 to 1");
        assert_eq!(Scale::new((0.0, 1.0), Some(Signal::Event)).noun(), "events");
        let counted = |n| Scale::new((1.0, 5.0), Some(Signal::Count)).counted(n);
        assert_eq!([counted(1), counted(2)], ["1 graded value", "2 graded values"]);
    }
}
