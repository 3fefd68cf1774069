//! Baselines and similarities of the neighbourhood model.

use super::{Neighbourhood, NeighbourhoodConfig};
use crate::EmbedError;
use drr_core::InteractionLog;
use rayon::prelude::*;

/// Rounds of fitting users' and items' biases in turn.
const ROUNDS: usize = 10;

pub(super) fn fit(log: &InteractionLog, config: &NeighbourhoodConfig) -> Result<Neighbourhood, EmbedError> {
    if log.is_empty() {
        return Err(EmbedError::NoRatings);
    }
    let sum: f64 = log.iter().map(|row| f64::from(row.rating)).sum();
    #[expect(clippy::cast_precision_loss, reason = "no log has 2^53 rows")]
    let mean = sum / log.len() as f64;
    #[expect(clippy::cast_possible_truncation, reason = "a rating has few digits")]
    let mean = mean as f32;
    let (users, biases) = biases(log, mean, config);
    let neighbours = neighbours(log, mean, &users, &biases, config);
    Ok(Neighbourhood {
        config: *config,
        mean,
        lowest: log.iter().map(|row| row.rating).fold(f32::INFINITY, f32::min),
        highest: log.iter().map(|row| row.rating).fold(f32::NEG_INFINITY, f32::max),
        supported: supported(&neighbours),
        neighbours,
        biases,
        origin: log.origin().clone(),
    })
}

/// `sum / (count + damping)`, and 0 of nothing.
#[expect(clippy::cast_possible_truncation, reason = "a rating has few digits")]
#[expect(clippy::cast_precision_loss, reason = "no user has 2^53 ratings")]
pub(super) fn damped(sum: f64, count: usize, damping: f64) -> f32 {
    if count == 0 { 0.0 } else { (sum / (count as f64 + damping)) as f32 }
}

/// The damped mean deviations of users and items, each given the other, in turn (Koren 2010, sec. 2.1).
fn biases(log: &InteractionLog, mean: f32, config: &NeighbourhoodConfig) -> (Vec<f32>, Vec<f32>) {
    let (mut users, mut items) = (vec![0.0_f32; log.n_users()], vec![0.0_f32; log.n_items()]);
    for _ in 0..ROUNDS {
        let mut sums = vec![(0.0_f64, 0_usize); log.n_items()];
        for row in log.iter() {
            let (sum, count) = &mut sums[row.item.index()];
            *sum += f64::from(row.rating - mean - users[row.user.index()]);
            *count += 1;
        }
        items = sums.iter().map(|(sum, count)| damped(*sum, *count, config.item_damping)).collect();
        for user in log.users() {
            let of = log.of_user(user);
            let rated = of.items.iter().zip(of.ratings);
            let sum = rated.map(|(item, rating)| f64::from(rating - mean - items[item.index()])).sum();
            users[user.index()] = damped(sum, of.len(), config.user_damping);
        }
    }
    (users, items)
}

/// Sums over the common users of two items.
#[derive(Clone, Copy, Default)]
struct Shared {
    n_users: f32,
    product: f32,
    own: f32,
    other: f32,
}

/// For each item its neighbours, nearest first.
fn neighbours(
    log: &InteractionLog,
    mean: f32,
    users: &[f32],
    biases: &[f32],
    config: &NeighbourhoodConfig,
) -> Vec<Vec<(u32, f32)>> {
    let deviation = |user: usize, item: usize, rating: f32| rating - mean - users[user] - biases[item];
    let mut raters: Vec<Vec<(u32, f32)>> = vec![Vec::new(); log.n_items()];
    let mut rated: Vec<Vec<(u32, f32)>> = vec![Vec::new(); log.n_users()];
    for row in log.iter() {
        let (user, item) = (row.user.index(), row.item.index());
        let error = deviation(user, item, row.rating);
        raters[item].push((row.user.0, error));
        rated[user].push((row.item.0, error));
    }
    (0..log.n_items())
        .into_par_iter()
        .map_init(
            || vec![Shared::default(); log.n_items()],
            |shared, item| {
                shared.fill(Shared::default());
                for (user, own) in &raters[item] {
                    for (other, error) in &rated[*user as usize] {
                        let sums = &mut shared[*other as usize];
                        sums.n_users += 1.0;
                        sums.product += own * error;
                        sums.own += own * own;
                        sums.other += error * error;
                    }
                }
                nearest(item, shared, config)
            },
        )
        .collect()
}

/// For each item the items that it is a neighbour of, ascending, with its place among their neighbours.
pub(super) fn supported(neighbours: &[Vec<(u32, f32)>]) -> Vec<Vec<(u32, u32)>> {
    let mut supported = vec![Vec::new(); neighbours.len()];
    for (item, nearest) in (0_u32..).zip(neighbours) {
        for (place, (neighbour, _)) in (0_u32..).zip(nearest) {
            supported[*neighbour as usize].push((item, place));
        }
    }
    supported
}

/// The most similar of the items that share a user with `item`, similar ones only.
fn nearest(item: usize, shared: &[Shared], config: &NeighbourhoodConfig) -> Vec<(u32, f32)> {
    #[expect(clippy::cast_possible_truncation, reason = "a number of users needs few digits")]
    let shrink = config.shrink as f32;
    let mut nearest: Vec<(u32, f32)> = (0_u32..)
        .zip(shared)
        .filter(|(other, sums)| *other as usize != item && sums.product > 0.0)
        .map(|(other, sums)| {
            let correlation = sums.product / (sums.own * sums.other).sqrt();
            (other, correlation * sums.n_users / (sums.n_users + shrink))
        })
        .filter(|(_, similarity)| similarity.is_finite())
        .collect();
    nearest.sort_unstable_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
    nearest.truncate(config.n_kept);
    nearest.shrink_to_fit();
    nearest
}
