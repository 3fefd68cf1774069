//! Cuts that draw users or ratings at random, and the cut of every user's last rating.

use super::{SplitConfig, share_of};
use drr_core::{Interaction, Part, RandomStream, Seeds};
use rand::Rng;

/// `0 .. n` in random order.
fn shuffled(n: usize, random: &mut RandomStream) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for at in (1..n).rev() {
        order.swap(at, random.random_range(0..=at));
    }
    order
}

/// All users in random order: the first `floor(share * U)` are the held-out ones of "holdout" and of "online".
fn users_in_random_order(n_users: usize, config: &SplitConfig) -> (Vec<usize>, usize) {
    let order = shuffled(n_users, &mut Seeds(config.seed).stream("split.holdout"));
    (order, share_of(n_users, config.holdout_fraction_users))
}

/// The part of each row by the part of its user.
fn by_user(rows: &[Interaction], part_of: &[Part]) -> Vec<Part> {
    rows.iter().map(|row| part_of[row.user.index()]).collect()
}

pub(super) fn holdout(n_users: usize, rows: &[Interaction], config: &SplitConfig) -> Vec<Part> {
    let (order, n_test) = users_in_random_order(n_users, config);
    let mut part_of = vec![Part::Train; n_users];
    for (position, user) in order.iter().enumerate().take(2 * n_test) {
        part_of[*user] = if position < n_test { Part::Test } else { Part::Validation };
    }
    by_user(rows, &part_of)
}

pub(super) fn online(n_users: usize, rows: &[Interaction], config: &SplitConfig) -> Vec<Part> {
    let (mut order, n_test) = users_in_random_order(n_users, config);
    // The held-out users are holdout's; the order of the others is drawn anew.
    let rest = order.split_off(n_test);
    let again = shuffled(rest.len(), &mut Seeds(config.seed).stream("split.online"));
    let n_fitted = rest.len() - 2 * (rest.len() / 3);
    let n_train = share_of(n_fitted, 1.0 - config.validation_fraction);
    let mut part_of = vec![Part::Test; n_users];
    for (position, at) in again.into_iter().enumerate() {
        part_of[rest[at]] = if position < n_train {
            Part::Train
        } else if position < n_fitted {
            Part::Validation
        } else if position < n_fitted + rest.len() / 3 {
            Part::SimulatorA
        } else {
            Part::SimulatorB
        };
    }
    by_user(rows, &part_of)
}

pub(super) fn rerank(rows: &[Interaction], config: &SplitConfig) -> Vec<Part> {
    let order = shuffled(rows.len(), &mut Seeds(config.seed).stream("split.rerank"));
    let n_test = share_of(rows.len(), config.test_fraction_rows);
    let n_validation = share_of(rows.len() - n_test, config.validation_fraction);
    let mut parts = vec![Part::Train; rows.len()];
    for (position, at) in order.into_iter().enumerate().take(n_test + n_validation) {
        parts[at] = if position < n_test { Part::Test } else { Part::Validation };
    }
    parts
}

pub(super) fn leave_one_out(n_users: usize, rows: &[Interaction]) -> Vec<Part> {
    let mut rows_of: Vec<Vec<(i64, usize)>> = vec![Vec::new(); n_users];
    for (at, row) in rows.iter().enumerate() {
        rows_of[row.user.index()].push((row.timestamp, at));
    }
    let mut parts = vec![Part::Train; rows.len()];
    for mut of_user in rows_of {
        of_user.sort_unstable();
        if let [.., (_, before), (_, last)] = of_user[..]
            && of_user.len() > 2
        {
            parts[before] = Part::Validation;
            parts[last] = Part::Test;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::{ItemIdx, UserIdx};

    fn row(user: usize, timestamp: i64) -> Interaction {
        Interaction { user: UserIdx::from(user), item: ItemIdx(0), rating: 3.0, timestamp }
    }

    fn one_row_each(n_users: usize) -> Vec<Interaction> {
        (0..n_users).map(|user| row(user, 0)).collect()
    }

    fn count(parts: &[Part], part: Part) -> usize {
        parts.iter().filter(|it| **it == part).count()
    }

    #[test]
    fn a_tenth_of_movielens_users_is_held_out_and_as_many_are_validated_on() {
        let parts = holdout(6040, &one_row_each(6040), &SplitConfig::default());
        assert_eq!((count(&parts, Part::Test), count(&parts, Part::Validation)), (604, 604));
        let other = holdout(6040, &one_row_each(6040), &SplitConfig { seed: 1, ..SplitConfig::default() });
        assert_ne!(parts, other);
    }

    #[test]
    fn the_simulators_share_no_user_with_anybody_and_the_judged_users_are_those_of_holdout() {
        let rows = one_row_each(100);
        let config = SplitConfig::default();
        let (online, holdout) = (online(100, &rows, &config), holdout(100, &rows, &config));
        let sizes = [Part::Test, Part::SimulatorA, Part::SimulatorB, Part::Train, Part::Validation]
            .map(|part| count(&online, part));
        assert_eq!(sizes, [10, 30, 30, 24, 6]);
        for (one, other) in online.iter().zip(&holdout) {
            assert_eq!(*one == Part::Test, *other == Part::Test);
        }
    }

    #[test]
    fn a_fifth_of_the_ratings_is_reranked() {
        let parts = rerank(&one_row_each(100), &SplitConfig::default());
        assert_eq!((count(&parts, Part::Test), count(&parts, Part::Validation)), (20, 16));
    }

    #[test]
    fn the_last_rating_is_left_out_with_ties_in_the_order_of_the_file() {
        let rows = [row(0, 5), row(0, 9), row(0, 9), row(1, 1), row(1, 2)];
        use Part::{Test, Train, Validation};
        assert_eq!(leave_one_out(2, &rows), [Train, Validation, Test, Train, Train]);
    }
}
