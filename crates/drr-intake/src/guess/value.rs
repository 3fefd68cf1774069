//! What the numbers of a column say, by their size.

use super::column::Column;
use crate::layout::Signal;
use crate::number::Signs;

/// What numbers without a name say: few different small ones are ratings, others counts.
pub(super) fn signal_of(column: &Column) -> Signal {
    let values: Vec<f64> = column.filled().filter_map(|it| Signs::PLAIN.value(it.as_bytes())).collect();
    let (least, greatest) =
        values.iter().fold((f64::MAX, f64::MIN), |(low, high), it| (low.min(*it), high.max(*it)));
    let is_whole = values.iter().all(|it| it.fract() == 0.0);
    if greatest <= 10.0
        || least < 0.0
        || !is_whole
        || (greatest <= 100.0 && column.n_distinct <= 21 && values.iter().all(|it| it % 5.0 == 0.0))
    {
        Signal::Rating
    } else {
        Signal::Count
    }
}

/// Whether numbers are whole, and some are many times what is usual, beyond every scale.
pub(super) fn is_long_tailed(column: &Column, signs: Signs) -> bool {
    let mut values: Vec<f64> = column.filled().filter_map(|it| signs.value(it.as_bytes())).collect();
    values.sort_by(f64::total_cmp);
    let (Some(least), Some(greatest)) = (values.first(), values.last()) else { return false };
    let usual = values[values.len() / 2];
    *least >= 0.0
        && *greatest > 100.0
        && *greatest > 10.0 * usual.max(1.0)
        && values.iter().all(|it| it.fract() == 0.0)
}

/// The signal in words.
pub(super) const fn words(signal: Signal) -> &'static str {
    match signal {
        Signal::Rating => "a rating",
        Signal::Event => "an event",
        Signal::Count => "a count",
        Signal::Duration => "a duration",
    }
}
