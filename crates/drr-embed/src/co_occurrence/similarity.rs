//! Who is liked together: counts of common users, and the cosines made of them.

use drr_core::{InteractionLog, UserIdx};
use faer::Mat;
use rayon::prelude::*;

/// The positive rows of a log, both ways. A user who rated an item twice counts once.
struct Positives {
    /// The items of each user, ascending.
    items_of: Vec<Vec<u32>>,
    /// The users of each item, ascending.
    users_of: Vec<Vec<u32>>,
}

impl Positives {
    fn of(log: &InteractionLog, positive: f32) -> Self {
        let mut users_of = vec![Vec::new(); log.n_items()];
        let mut items_of = Vec::with_capacity(log.n_users());
        for user in log.users() {
            let mut items: Vec<u32> = log.of_user(user).positives(positive).map(|item| item.0).collect();
            items.sort_unstable();
            items.dedup();
            for item in &items {
                users_of[*item as usize].push(user.0);
            }
            items_of.push(items);
        }
        Self { items_of, users_of }
    }
}

/// For each item whether anyone likes it.
pub(crate) fn has_positives(log: &InteractionLog, positive: f32) -> Vec<bool> {
    let mut liked = vec![false; log.n_items()];
    for user in (0..log.n_users()).map(UserIdx::from) {
        for item in log.of_user(user).positives(positive) {
            liked[item.index()] = true;
        }
    }
    liked
}

/// The number of users who like both items of each pair, `[I, I]`; on the diagonal, who like the item. `None` if nothing
/// is positive.
pub(crate) fn common_users(log: &InteractionLog, positive: f32) -> Option<Mat<f64>> {
    let positives = Positives::of(log, positive);
    let n_items = log.n_items();
    if positives.users_of.iter().all(Vec::is_empty) {
        return None;
    }
    let mut common = Mat::zeros(n_items, n_items);
    common.par_col_iter_mut().enumerate().for_each_init(
        || vec![0_u32; n_items],
        |counts, (item, column)| {
            counts.fill(0);
            for user in &positives.users_of[item] {
                for other in &positives.items_of[*user as usize] {
                    counts[*other as usize] += 1;
                }
            }
            column.iter_mut().zip(&*counts).for_each(|(value, count)| *value = f64::from(*count));
        },
    );
    Some(common)
}

/// The matrix `C`, `[I, I]`: symmetric, zero on the diagonal. `None` if nothing is positive.
pub(crate) fn shrunk_cosines(log: &InteractionLog, positive: f32, shrink: f64) -> Option<Mat<f64>> {
    shrunk_similarities(log, positive, shrink, 0.5)
}

/// The counts of common users, `G_ij / (G_ii^exponent G_jj^(1 - exponent) + shrink)` with zeros on the diagonal, `[I, I]`:
/// the cosines where `exponent` is one half. The greater it is, the less is a popular row's item worth and the more a popular
/// column's. `None` if nothing is positive.
pub(crate) fn shrunk_similarities(
    log: &InteractionLog,
    positive: f32,
    shrink: f64,
    exponent: f64,
) -> Option<Mat<f64>> {
    let mut similarities = common_users(log, positive)?;
    let counts: Vec<f64> = (0..log.n_items()).map(|item| similarities[(item, item)]).collect();
    let powers = |exponent: f64| -> Vec<f64> {
        // Equal in both directions to the last bit where the exponents are.
        let power = |count: &f64| if exponent == 0.5 { count.sqrt() } else { count.powf(exponent) };
        counts.iter().map(power).collect()
    };
    let (of_rows, of_columns) = (powers(exponent), powers(1.0 - exponent));
    similarities.par_col_iter_mut().enumerate().for_each(|(item, column)| {
        for (other, value) in column.iter_mut().enumerate() {
            let counts = *value > 0.0 && other != item;
            *value = if counts { *value / (of_columns[item] * of_rows[other] + shrink) } else { 0.0 };
        }
    });
    Some(similarities)
}

/// Sets `weights` to `(1 - share) weights / |weights| + share cosines / |cosines|`, and returns the first factor.
pub(crate) fn mix(weights: &mut Mat<f64>, cosines: &Mat<f64>, share: f64) -> f64 {
    let norm = |matrix: &Mat<f64>| {
        // Column by column, so that the order of the sum is fixed.
        let columns = (0..matrix.ncols()).map(|column| matrix.col_as_slice(column));
        columns.map(|column| column.iter().map(|value| value * value).sum::<f64>()).sum::<f64>().sqrt()
    };
    let of = |norm: f64, share: f64| if norm > 0.0 { share / norm } else { 0.0 };
    let (keep, add) = (of(norm(weights), 1.0 - share), of(norm(cosines), share));
    for column in 0..weights.ncols() {
        let pairs = weights.col_as_slice_mut(column).iter_mut().zip(cosines.col_as_slice(column));
        pairs.for_each(|(weight, cosine)| *weight = keep * *weight + add * cosine);
    }
    keep
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::{Interaction, ItemIdx};

    #[test]
    fn the_cosines_of_three_users_are_those_computed_by_hand() {
        let row = |user, item, rating| Interaction {
            user: UserIdx(user),
            item: ItemIdx(item),
            rating,
            timestamp: 0,
        };
        // Users 0 and 1 like items 0 and 1, user 2 likes 0 only and dislikes 2; user 1 rated item 0 twice.
        let rows = [
            row(0, 0, 5.0),
            row(0, 1, 4.0),
            row(1, 0, 4.0),
            row(1, 0, 5.0),
            row(1, 1, 4.0),
            row(2, 0, 4.0),
            row(2, 2, 3.0),
        ];
        let log = InteractionLog::new(3, 3, &rows).unwrap();
        let cosines = shrunk_cosines(&log, 4.0, 20.0).unwrap();
        let expected = 2.0 / (6.0_f64.sqrt() + 20.0);
        assert!((cosines[(0, 1)] - expected).abs() < 1e-15);
        assert_eq!(cosines[(1, 0)].to_bits(), cosines[(0, 1)].to_bits());
        assert_eq!((cosines[(0, 0)], cosines[(2, 0)]), (0.0, 0.0));
        assert_eq!(has_positives(&log, 4.0), [true, true, false]);
        assert!(shrunk_cosines(&log, 6.0, 20.0).is_none());
        // Item 0 has 3 users and item 1 has 2: by the row's alone the one is worth less in a history.
        let by_row = shrunk_similarities(&log, 4.0, 20.0, 1.0).unwrap();
        assert_eq!((by_row[(0, 1)], by_row[(1, 0)]), (2.0 / 23.0, 2.0 / 22.0));
    }
}
