//! The rules for a log of one's own: repeats, rare users and items, and what a number is worth.

use crate::{AttributeKind, DataError};
use drr_intake::{Layout, Signal, TimeUnit};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Test users are a fifth of all; a log keeps its rare users and items where fewer than this many could be judged without them.
const LEAST_JUDGED: usize = 100;
/// The share of users who are judged.
const JUDGED: usize = 5;
/// A catalogue beyond this is thinned out where nothing else is said: every run fits a dense items x items matrix.
const LARGE_CATALOGUE: usize = 20_000;
/// A scale up to less than this needs its 0.
const LEAST_GREATEST: f64 = 5.0;
/// A log with fewer rows a user or item on average is very sparse.
const SPARSE: usize = 8;

/// One row of a log of one's own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) user: u32,
    pub(super) item: u32,
    pub(super) value: f64,
    pub(super) nanos: i64,
    /// The row's place in the log.
    pub(super) at: u32,
}

/// What several rows of one user and item become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeats {
    /// An error.
    Refuse,
    /// The first row.
    First,
    /// The last row.
    Last,
    /// Their mean, at the time of the last one.
    Mean,
    /// Their sum, at the time of the first one.
    Sum,
}

impl Repeats {
    /// What fits a signal: the latest rating, the first event, and the sum of counts and durations.
    #[must_use]
    pub const fn of(signal: Signal) -> Self {
        match signal {
            Signal::Rating => Self::Last,
            Signal::Event => Self::First,
            Signal::Count | Signal::Duration => Self::Sum,
        }
    }

    /// Leaves one row for each user and item, sorted by them.
    pub(super) fn merge(self, pairs: &mut Vec<Pair>, dataset: &str) -> Result<(), DataError> {
        pairs.sort_by_key(|it| (it.user, it.item, it.nanos, it.at));
        let mut merged: Vec<Pair> = Vec::with_capacity(pairs.len());
        let mut n_same = 1.0;
        for pair in pairs.iter() {
            let Some(last) =
                merged.last_mut().filter(|last| (last.user, last.item) == (pair.user, pair.item))
            else {
                n_same = 1.0;
                merged.push(*pair);
                continue;
            };
            n_same += 1.0;
            match self {
                Self::Refuse => {
                    return Err(DataError::Repeated {
                        dataset: dataset.to_owned(),
                        row: u64::from(pair.at) + 1,
                    });
                }
                Self::First => {}
                Self::Last => *last = *pair,
                Self::Mean => {
                    *last = Pair { value: last.value + (pair.value - last.value) / n_same, ..*pair }
                }
                Self::Sum => last.value += pair.value,
            }
        }
        *pairs = merged;
        Ok(())
    }
}

/// How counts and durations become ratings.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grades {
    /// 1 to 5 by fifths of all values; equal values have the same grade.
    #[default]
    Quantile,
    /// 1 to 5 by the logarithm, where 5 is the value that one in twenty exceeds.
    Log,
    /// 1 from this value on, else 0.
    Threshold(f64),
}

/// How rare users and items may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Core {
    /// Of a very sparse log, or one with a large catalogue, as [`Core::Least`] with 5, with 3 or 2 where else fewer than 100 users
    /// could be judged, or with none where even these leave too few.
    #[default]
    Auto,
    /// Every user and item has at least so many rows, each counted among those that are left.
    Least(u32),
    /// The same with another number for users than for items.
    Each {
        /// The rows of a user.
        users: u32,
        /// The rows of an item.
        items: u32,
    },
    /// All stay.
    All,
}

impl Core {
    /// Drops the rows of users and items that are too rare.
    pub(super) fn apply(self, pairs: &mut Vec<Pair>) {
        match self {
            Self::All => {}
            Self::Least(least) => *pairs = kept(pairs, least, least),
            Self::Each { users, items } => *pairs = kept(pairs, users, items),
            Self::Auto => {
                let (n_users, n_items) = (distinct(pairs, |it| it.user), distinct(pairs, |it| it.item));
                let is_sparse = pairs.len() < SPARSE * n_users.max(n_items);
                if !is_sparse && n_items <= LARGE_CATALOGUE {
                    return;
                }
                for least in [5, 3, 2] {
                    let left = kept(pairs, least, least);
                    if distinct(&left, |it| it.user) / JUDGED >= LEAST_JUDGED {
                        *pairs = left;
                        return;
                    }
                }
            }
        }
    }
}

fn distinct(pairs: &[Pair], id: impl Fn(&Pair) -> u32) -> usize {
    let mut ids: Vec<u32> = pairs.iter().map(id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.len()
}

/// The rows of the largest part in which every user has at least `of_user` rows, and every item `of_item` (a k-core).
fn kept(pairs: &[Pair], of_user: u32, of_item: u32) -> Vec<Pair> {
    let mut kept = pairs.to_vec();
    loop {
        let (mut users, mut items): (FxHashMap<u32, u32>, FxHashMap<u32, u32>) = Default::default();
        for pair in &kept {
            *users.entry(pair.user).or_default() += 1;
            *items.entry(pair.item).or_default() += 1;
        }
        let n_before = kept.len();
        kept.retain(|it| users[&it.user] >= of_user && items[&it.item] >= of_item);
        if kept.len() == n_before {
            return kept;
        }
    }
}

/// What a 0 among ratings says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Zeros {
    /// That nothing was rated where more than half of the rows have it and no rating lies between it and 1, as in
    /// Book-Crossing; else the least rating.
    #[default]
    Auto,
    /// The least rating.
    Rating,
    /// That nothing was rated: the row is left out.
    Missing,
}

impl Zeros {
    /// Drops the rows that say that nothing was rated, and gives their number.
    pub(super) fn apply(self, pairs: &mut Vec<Pair>) -> usize {
        let are_missing = match self {
            Self::Missing => true,
            Self::Rating => false,
            Self::Auto => {
                let n_zeros = pairs.iter().filter(|it| it.value == 0.0).count();
                let greatest = pairs.iter().map(|it| it.value).fold(0.0, f64::max);
                2 * n_zeros > pairs.len()
                    && greatest >= LEAST_GREATEST
                    && pairs.iter().all(|it| it.value == 0.0 || it.value >= 1.0)
            }
        };
        let n_before = pairs.len();
        if are_missing {
            pairs.retain(|it| it.value != 0.0);
        }
        n_before - pairs.len()
    }
}

/// The rules for a log of one's own.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OwnRules {
    /// What several rows of one user and item become; without it what fits the signal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<Repeats>,
    /// How counts and durations become ratings.
    pub grades: Grades,
    /// How rare users and items may be.
    pub core: Core,
    /// What a 0 among ratings says.
    #[serde(skip_serializing_if = "is_default")]
    pub zeros: Zeros,
    /// The moment before which rows do not count, by ISO 8601.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// The moment from which on rows do not count, by ISO 8601.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The kinds of attributes, by their names, where they are not what their words look like.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, AttributeKind>,
}

/// Whether nothing else was said.
fn is_default(zeros: &Zeros) -> bool {
    *zeros == Zeros::default()
}

/// The moments between which rows count, in nanoseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    since: i128,
    until: i128,
}

impl Window {
    pub(super) const fn holds(self, nanos: i64) -> bool {
        self.since <= nanos as i128 && (nanos as i128) < self.until
    }
}

impl OwnRules {
    /// The moments between which rows count.
    ///
    /// # Errors
    ///
    /// Refuses what is no moment, a window without times, and one that ends before it begins.
    pub(super) fn window(&self, layout: &Layout) -> Result<Window, String> {
        let moment = |key: &str, text: &Option<String>, else_: i128| match text {
            None => Ok(else_),
            Some(_) if layout.time.is_none() => Err(format!("rules.{key} needs times, and the log has none")),
            Some(text) => TimeUnit::Iso8601.nanos(text).ok_or_else(|| {
                format!("rules.{key} is no moment such as 2024-01-31: {}", drr_intake::shown(text))
            }),
        };
        let window = Window {
            since: moment("since", &self.since, i128::MIN)?,
            until: moment("until", &self.until, i128::MAX)?,
        };
        if window.since < window.until {
            Ok(window)
        } else {
            Err("rules.until must be after rules.since".into())
        }
    }

    /// Turns values into ratings, and gives their scale.
    pub(super) fn grade(&self, signal: Signal, pairs: &mut [Pair]) -> (f32, f32) {
        match (signal, self.grades) {
            (Signal::Rating, _) => scale(pairs),
            (Signal::Event, _) => {
                pairs.iter_mut().for_each(|it| it.value = 1.0);
                (0.0, 1.0)
            }
            (_, Grades::Threshold(least)) => {
                pairs.iter_mut().for_each(|it| it.value = f64::from(u8::from(it.value >= least)));
                (0.0, 1.0)
            }
            (_, grades) => {
                let mut values: Vec<f64> = pairs.iter().map(|it| it.value).collect();
                values.sort_by(f64::total_cmp);
                for pair in pairs {
                    pair.value = if grades == Grades::Log {
                        logarithm(&values, pair.value)
                    } else {
                        fifth(&values, pair.value)
                    };
                }
                (1.0, 5.0)
            }
        }
    }
}

/// 1 to 5 by how many values are smaller, in fifths: of equal ones the middle decides.
fn fifth(sorted: &[f64], value: f64) -> f64 {
    let below = sorted.partition_point(|it| *it < value);
    let up_to = sorted.partition_point(|it| *it <= value);
    let share = (below + up_to) as f64 / (2 * sorted.len()) as f64;
    1.0 + (share * 5.0).floor().min(4.0)
}

fn logarithm(sorted: &[f64], value: f64) -> f64 {
    let high = sorted[(sorted.len() * 19 / 20).min(sorted.len() - 1)];
    let share = value.ln_1p() / high.ln_1p().max(f64::MIN_POSITIVE);
    1.0 + 4.0 * share.min(1.0)
}

/// The usual scale that holds all ratings, else the range of them.
fn scale(pairs: &[Pair]) -> (f32, f32) {
    let (least, greatest) =
        pairs.iter().fold((f64::MAX, f64::MIN), |(low, high), it| (low.min(it.value), high.max(it.value)));
    let usual = [
        (0.0, 1.0),
        (0.0, 2.0),
        (-1.0, 1.0),
        (1.0, 3.0),
        (0.5, 5.0),
        (1.0, 5.0),
        (0.0, 5.0),
        (1.0, 6.0),
        (1.0, 7.0),
        (1.0, 10.0),
        (0.0, 10.0),
        (-10.0, 10.0),
        (0.0, 100.0),
        (1.0, 100.0),
    ];
    // Of the scales that hold the ratings the narrowest, of equal ones the first.
    let holds = usual
        .iter()
        .filter(|(low, high)| *low <= least && *high >= greatest && (high - low) <= 2.5 * (greatest - least));
    let narrowest = holds.min_by(|left, right| (left.1 - left.0).total_cmp(&(right.1 - right.0)));
    let (low, high) = narrowest.copied().unwrap_or((least, greatest));
    // Ratings that are all the same still need a scale that rises.
    if low < high { (low as f32, high as f32) } else { (low as f32 - 1.0, low as f32) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(rows: &[(u32, u32, f64)]) -> Vec<Pair> {
        let pair = |(at, (user, item, value)): (usize, &(u32, u32, f64))| Pair {
            user: *user,
            item: *item,
            value: *value,
            nanos: at as i64,
            at: at as u32,
        };
        rows.iter().enumerate().map(pair).collect()
    }

    fn values(pairs: &[Pair]) -> Vec<f64> {
        pairs.iter().map(|it| it.value).collect()
    }

    #[test]
    fn several_rows_of_a_pair_become_what_the_rule_says() {
        let rows = [(0, 0, 1.0), (0, 1, 5.0), (0, 0, 2.0), (0, 0, 6.0)];
        for (repeats, wanted) in
            [(Repeats::First, 1.0), (Repeats::Last, 6.0), (Repeats::Mean, 3.0), (Repeats::Sum, 9.0)]
        {
            let mut pairs = pairs(&rows);
            repeats.merge(&mut pairs, "x").unwrap();
            assert_eq!(values(&pairs), [wanted, 5.0], "{repeats:?}");
        }
        let refused = Repeats::Refuse.merge(&mut pairs(&rows), "x").unwrap_err().to_string();
        assert!(refused.contains("row 3") && refused.contains("repeats"), "{refused}");
    }

    #[test]
    fn a_core_has_no_rare_user_or_item_and_a_dense_log_stays() {
        // User 3 has one row; without it item 9 has one, and so on.
        let rows =
            [(0, 0, 1.0), (0, 1, 1.0), (1, 0, 1.0), (1, 1, 1.0), (2, 9, 1.0), (2, 8, 1.0), (3, 9, 1.0)];
        let mut core = pairs(&rows);
        Core::Least(2).apply(&mut core);
        assert_eq!(core.len(), 4);
        let mut few = pairs(&rows);
        Core::Auto.apply(&mut few);
        assert_eq!(few.len(), 7, "too few users for any core");
        let dense: Vec<(u32, u32, f64)> =
            (0..20).flat_map(|user| (0..20).map(move |item| (user, item, 1.0))).collect();
        let mut all = pairs(&dense);
        Core::Auto.apply(&mut all);
        assert_eq!(all.len(), 400);
        let sparse: Vec<(u32, u32, f64)> = (0..4000)
            .flat_map(|user| {
                (0..if user < 3000 { 6 } else { 1 }).map(move |at| (user, (user + at) % 3000, 1.0))
            })
            .collect();
        let mut thinned = pairs(&sparse);
        Core::Auto.apply(&mut thinned);
        assert_eq!(distinct(&thinned, |it| it.user), 3000);
    }

    #[test]
    fn a_core_may_ask_more_of_items_than_of_users() {
        let rows = [(0, 0, 1.0), (1, 0, 1.0), (2, 0, 1.0), (2, 1, 1.0)];
        let mut core = pairs(&rows);
        Core::Each { users: 1, items: 3 }.apply(&mut core);
        assert_eq!(core.len(), 3);
    }

    #[test]
    fn zeros_that_say_nothing_are_left_out_and_zeros_of_a_scale_stay() {
        let mut books = pairs(&[(0, 0, 0.0), (0, 1, 0.0), (0, 2, 0.0), (1, 0, 8.0), (1, 1, 10.0)]);
        assert_eq!(Zeros::Auto.apply(&mut books), 3);
        let mut likes = pairs(&[(0, 0, 0.0), (0, 1, 0.0), (1, 0, 1.0)]);
        assert_eq!(Zeros::Auto.apply(&mut likes), 0);
        let mut films = pairs(&[(0, 0, 0.0), (0, 1, 7.0), (1, 0, 9.0)]);
        assert_eq!(Zeros::Auto.apply(&mut films), 0);
        assert_eq!(Zeros::Missing.apply(&mut films), 1);
        let mut jokes = pairs(&[(0, 0, 0.0), (0, 1, 0.0), (0, 2, 0.0), (1, 0, -9.5), (1, 1, 9.5)]);
        assert_eq!(Zeros::Auto.apply(&mut jokes), 0);
    }

    #[test]
    fn counts_are_graded_so_that_more_is_never_less() {
        let rows: Vec<(u32, u32, f64)> = (0..100).map(|at| (at, at, f64::from(at + 1).powi(2))).collect();
        for grades in [Grades::Quantile, Grades::Log, Grades::Threshold(2500.0)] {
            let mut graded = pairs(&rows);
            let (low, high) = OwnRules { grades, ..OwnRules::default() }.grade(Signal::Count, &mut graded);
            let values = values(&graded);
            assert!(values.windows(2).all(|pair| pair[0] <= pair[1]), "{grades:?}: {values:?}");
            assert!(values.iter().all(|it| (f64::from(low)..=f64::from(high)).contains(it)));
            assert!(values[0] < values[99]);
        }
        let mut events = pairs(&[(0, 0, 1.0), (1, 1, 1.0)]);
        assert_eq!(OwnRules::default().grade(Signal::Event, &mut events), (0.0, 1.0));
    }

    #[test]
    fn ratings_have_the_narrowest_usual_scale() {
        let of = |values: &[f64]| scale(&pairs(&values.iter().map(|it| (0, 0, *it)).collect::<Vec<_>>()));
        assert_eq!(of(&[1.0, 5.0]), (1.0, 5.0));
        assert_eq!(of(&[0.5, 5.0]), (0.5, 5.0));
        assert_eq!(of(&[0.0, 10.0]), (0.0, 10.0));
        assert_eq!(of(&[-9.95, 9.9]), (-10.0, 10.0));
        assert_eq!(of(&[0.0, 2.0]), (0.0, 2.0));
        assert_eq!(of(&[2.0, 5.0]), (1.0, 5.0));
        assert_eq!(of(&[0.0, 1.0]), (0.0, 1.0));
        assert_eq!(of(&[3.0, 3.0]), (2.0, 3.0));
        assert_eq!(of(&[20.0, 400.0]), (20.0, 400.0));
    }
}
