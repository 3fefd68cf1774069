//! The mean rating after streaks of positive or negative ratings (Liu et al. 2018, fig. 1).
//!
//! If users rate higher after a streak of films they liked, the order of recommendations matters, and with it a method
//! that plans ahead. Note what the figure cannot tell: who gives many high ratings is more often at the end of a
//! streak, so the rise is in part one between users and not within them.

use drr_core::InteractionLog;
use serde::Serialize;

/// Of what a streak is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StreakKind {
    /// Ratings from the positive threshold on.
    Positive,
    /// Ratings up to the negative threshold.
    Negative,
}

/// What users rate right after a streak of a length.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Streak {
    /// Of what the streak is made.
    pub kind: StreakKind,
    /// Its length.
    pub k: usize,
    /// Ratings right after a streak of exactly `k`.
    pub n_exactly: usize,
    /// Their mean; `None` if there is none.
    pub mean_exactly: Option<f64>,
    /// Ratings right after a streak of `k` or more.
    pub n_at_least: usize,
    /// Their mean; `None` if there is none.
    pub mean_at_least: Option<f64>,
}

/// The number and the sum of ratings.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    count: usize,
    sum: f64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.sum += other.sum;
    }

    fn mean(self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

/// The streaks of up to `longest` ratings of each kind: ratings `>= positive`, then ratings `<= negative`.
pub(super) fn streaks(log: &InteractionLog, positive: f32, negative: f32, longest: usize) -> Vec<Streak> {
    let mut streaks = tallies(log, StreakKind::Positive, longest, |rating| rating >= positive);
    streaks.extend(tallies(log, StreakKind::Negative, longest, |rating| rating <= negative));
    streaks
}

fn tallies(
    log: &InteractionLog,
    kind: StreakKind,
    longest: usize,
    continues: impl Fn(f32) -> bool,
) -> Vec<Streak> {
    // The last place takes all streaks longer than `longest`.
    let mut after = vec![Tally::default(); longest + 2];
    for user in log.users() {
        let mut length = 0;
        for rating in log.of_user(user).ratings {
            after[length.min(longest + 1)].add(Tally { count: 1, sum: f64::from(*rating) });
            length = if continues(*rating) { length + 1 } else { 0 };
        }
    }
    let mut at_least = after[longest + 1];
    let mut streaks: Vec<Streak> = (1..=longest)
        .rev()
        .map(|k| {
            at_least.add(after[k]);
            Streak {
                kind,
                k,
                n_exactly: after[k].count,
                mean_exactly: after[k].mean(),
                n_at_least: at_least.count,
                mean_at_least: at_least.mean(),
            }
        })
        .collect();
    streaks.reverse();
    streaks
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::{Interaction, ItemIdx, UserIdx};

    #[test]
    fn ratings_after_streaks_are_counted_by_hand() {
        // One user, in time order: 5 4 3 1 2 5 5 5 1. A second one, whose streak must not join the first one's: 2.
        let ratings = [5.0, 4.0, 3.0, 1.0, 2.0, 5.0, 5.0, 5.0, 1.0];
        let mut rows: Vec<Interaction> = (0_u32..)
            .zip(ratings)
            .map(|(at, rating)| Interaction {
                user: UserIdx(0),
                item: ItemIdx(at),
                rating,
                timestamp: i64::from(at),
            })
            .collect();
        rows.push(Interaction { user: UserIdx(1), item: ItemIdx(0), rating: 2.0, timestamp: 0 });
        let log = InteractionLog::new(2, 9, &rows).unwrap();
        let found = streaks(&log, 4.0, 2.0, 2);
        let streak = |kind, k, n_exactly, mean_exactly, n_at_least, mean_at_least| Streak {
            kind,
            k,
            n_exactly,
            mean_exactly,
            n_at_least,
            mean_at_least,
        };
        let expected = [
            // After exactly one: 4 (after the first 5) and 5; after two: 3 and 5; after three: 1.
            streak(StreakKind::Positive, 1, 2, Some(4.5), 5, Some(3.6)),
            streak(StreakKind::Positive, 2, 2, Some(4.0), 3, Some(3.0)),
            // After exactly one: 2; after two: 5.
            streak(StreakKind::Negative, 1, 1, Some(2.0), 2, Some(3.5)),
            streak(StreakKind::Negative, 2, 1, Some(5.0), 1, Some(5.0)),
        ];
        assert_eq!(found, expected);
    }
}
