//! The gradient descent of SVD++, with the implicit vectors updated once per user.
//!
//! Koren's descent changes the `y_j` of all items `j` in `N(u)` at every rating of `u`: `y_j += eta (e |N|^-1/2 q_i - l2 y_j)`.
//! All of a user's `y_j` get the same addition and the same decay, so their scaled sum `s` changes by
//! `eta (e q_i - l2 s)`, whatever the single vectors are. Hence `s` alone is followed through the user's ratings, and the
//! vectors get the whole change at the end, `y_j <- d y_j + |N|^-1/2 (s_end - d s_start)` with the decay `d = (1 - eta l2)^n`.
//! The numbers are those of the plain descent, save for rounding, at a cost of `O(D)` per rating.

use super::{Items, SvdPlusPlus, SvdPlusPlusConfig, root};
use crate::BaselineError;
use crate::dense::dot;
use drr_core::{InteractionLog, RandomStream, Seeds, UserIdx};
use rand::Rng;

/// The users' side, which is needed for the fit alone.
struct Users {
    vectors: Vec<f32>,
    biases: Vec<f32>,
}

/// The step and the decay of one gradient step.
#[derive(Clone, Copy)]
struct Descent {
    rate: f32,
    l2: f32,
}

pub(super) fn fit(
    log: &InteractionLog,
    config: &SvdPlusPlusConfig,
    seeds: Seeds,
) -> Result<SvdPlusPlus, BaselineError> {
    let mut random = seeds.stream("svd_plus_plus.vectors");
    let (n_users, n_items, dim) = (log.n_users(), log.n_items(), config.dim);
    let mut draw = |n_rows: usize| draw_normal(n_rows * dim, config.initial_scale, &mut random);
    let (vectors, implicit) = (draw(n_items), draw(n_items));
    let mut items = Items { vectors, implicit, biases: vec![0.0; n_items], dim };
    let mut users = Users { vectors: draw(n_users), biases: vec![0.0; n_users] };
    let mean = mean(log);
    let rated = distinct_items(log);
    #[expect(clippy::cast_possible_truncation, reason = "a step needs few digits")]
    let descent = Descent { rate: config.learning_rate as f32, l2: config.l2 as f32 };
    let mut order: Vec<UserIdx> = log.active_users().collect();
    let mut random = seeds.stream("svd_plus_plus.orders");
    for _ in 0..config.epochs {
        for last in (1..order.len()).rev() {
            order.swap(last, random.random_range(0..=last));
        }
        for user in &order {
            visit(log, *user, &rated[user.index()], mean, &mut items, &mut users, descent);
        }
        let is_finite = |values: &[f32]| values.iter().all(|value| value.is_finite());
        if !(is_finite(&items.vectors) && is_finite(&items.implicit) && is_finite(&items.biases)) {
            let (field, value) = ("learning_rate", config.learning_rate);
            let wanted = "smaller: the fit did not stay finite";
            return Err(BaselineError::Config { field, value, wanted });
        }
    }
    Ok(SvdPlusPlus {
        config: *config,
        mean,
        lowest: log.iter().map(|row| row.rating).reduce(f32::min).unwrap_or(0.0),
        highest: log.iter().map(|row| row.rating).reduce(f32::max).unwrap_or(0.0),
        items,
        origin: log.origin().clone(),
    })
}

/// One user's ratings, one after another (Koren 2008, the descent below eq. 15).
fn visit(
    log: &InteractionLog,
    user: UserIdx,
    rated: &[u32],
    mean: f32,
    items: &mut Items,
    users: &mut Users,
    descent: Descent,
) {
    let Descent { rate, l2 } = descent;
    let dim = items.dim;
    let ratings = log.of_user(user);
    let start = items.implicit_sum(rated);
    let mut sum = start.clone();
    let own = &mut users.vectors[user.index() * dim..(user.index() + 1) * dim];
    let own_bias = &mut users.biases[user.index()];
    let mut whole = vec![0.0_f32; dim];
    let mut decay = 1.0_f32;
    for (item, rating) in ratings.items.iter().zip(ratings.ratings) {
        let item = item.index();
        whole.iter_mut().zip(own.iter().zip(&sum)).for_each(|(whole, (own, sum))| *whole = own + sum);
        let vector = &mut items.vectors[item * dim..(item + 1) * dim];
        let error = rating - (mean + *own_bias + items.biases[item] + dot(vector, &whole));
        *own_bias += rate * (error - l2 * *own_bias);
        items.biases[item] += rate * (error - l2 * items.biases[item]);
        for at in 0..dim {
            let value = vector[at];
            vector[at] += rate * (error * whole[at] - l2 * value);
            own[at] += rate * (error * value - l2 * own[at]);
            sum[at] += rate * (error * value - l2 * sum[at]);
        }
        decay *= 1.0 - rate * l2;
    }
    let norm = root(rated.len().max(1)).recip();
    let change: Vec<f32> = sum.iter().zip(&start).map(|(end, start)| norm * (end - decay * start)).collect();
    for item in rated {
        let at = *item as usize * dim;
        let vector = &mut items.implicit[at..at + dim];
        vector.iter_mut().zip(&change).for_each(|(value, change)| *value = decay * *value + change);
    }
}

/// Each user's items, ascending, a repeated item once.
fn distinct_items(log: &InteractionLog) -> Vec<Vec<u32>> {
    log.users()
        .map(|user| {
            let mut items: Vec<u32> = log.of_user(user).items.iter().map(|item| item.0).collect();
            items.sort_unstable();
            items.dedup();
            items
        })
        .collect()
}

fn mean(log: &InteractionLog) -> f32 {
    let sum: f64 = log.iter().map(|row| f64::from(row.rating)).sum();
    #[expect(clippy::cast_precision_loss, reason = "no log has 2^53 rows")]
    let mean = sum / log.len().max(1) as f64;
    #[expect(clippy::cast_possible_truncation, reason = "a rating has few digits")]
    let mean = mean as f32;
    mean
}

/// Normal values of mean 0 (Box & Muller 1958).
fn draw_normal(n_values: usize, scale: f64, random: &mut RandomStream) -> Vec<f32> {
    let mut values = Vec::with_capacity(n_values + 1);
    while values.len() < n_values {
        let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
        let (sine, cosine) = (std::f64::consts::TAU * random.random::<f64>()).sin_cos();
        #[expect(clippy::cast_possible_truncation, reason = "a first value needs few digits")]
        values.extend([radius * cosine, radius * sine].map(|normal| (scale * normal) as f32));
    }
    values.truncate(n_values);
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::{Interaction, ItemIdx};

    /// The descent as it is written in the paper: every implicit vector at every rating.
    fn plain_visit(log: &InteractionLog, rated: &[u32], mean: f32, items: &mut Items, users: &mut Users) {
        let (rate, l2, dim) = (0.01, 0.1, items.dim);
        let ratings = log.of_user(UserIdx(0));
        let norm = root(rated.len()).recip();
        for (item, rating) in ratings.items.iter().zip(ratings.ratings) {
            let item = item.index();
            let sum = items.implicit_sum(rated);
            let score: f32 =
                (0..dim).map(|at| items.vectors[item * dim + at] * (users.vectors[at] + sum[at])).sum();
            let error = rating - (mean + users.biases[0] + items.biases[item] + score);
            users.biases[0] += rate * (error - l2 * users.biases[0]);
            items.biases[item] += rate * (error - l2 * items.biases[item]);
            for (at, sum) in sum.iter().enumerate() {
                let vector = items.vectors[item * dim + at];
                let whole = users.vectors[at] + sum;
                items.vectors[item * dim + at] += rate * (error * whole - l2 * vector);
                users.vectors[at] += rate * (error * vector - l2 * users.vectors[at]);
                for other in rated {
                    let value = &mut items.implicit[*other as usize * dim + at];
                    *value += rate * (error * norm * vector - l2 * *value);
                }
            }
        }
    }

    #[test]
    fn one_update_per_user_gives_the_numbers_of_one_update_per_rating() {
        let rows = [(0, 5.0), (2, 1.0), (3, 4.0), (2, 2.0)].map(|(item, rating)| Interaction {
            user: UserIdx(0),
            item: ItemIdx(item),
            rating,
            timestamp: 0,
        });
        let log = InteractionLog::new(1, 4, &rows).unwrap();
        let mut random = Seeds(1).stream("test");
        let mut draw = |n_rows: usize| draw_normal(n_rows * 3, 0.5, &mut random);
        let (vectors, implicit) = (draw(4), draw(4));
        let mut items = Items { vectors, implicit, biases: vec![0.1; 4], dim: 3 };
        let mut users = Users { vectors: draw(1), biases: vec![0.2] };
        let (mut plain, mut plain_users) =
            (items.clone(), Users { vectors: users.vectors.clone(), biases: users.biases.clone() });
        let rated = distinct_items(&log);
        let descent = Descent { rate: 0.01, l2: 0.1 };
        for _ in 0..5 {
            visit(&log, UserIdx(0), &rated[0], 3.0, &mut items, &mut users, descent);
            plain_visit(&log, &rated[0], 3.0, &mut plain, &mut plain_users);
        }
        let close = |one: &[f32], other: &[f32]| one.iter().zip(other).all(|(a, b)| (a - b).abs() < 1e-5);
        assert!(close(&items.vectors, &plain.vectors) && close(&items.implicit, &plain.implicit));
        assert!(close(&items.biases, &plain.biases) && close(&users.vectors, &plain_users.vectors));
    }

    #[test]
    fn first_values_have_the_scale_asked_for() {
        let values = draw_normal(10_001, 0.1, &mut Seeds(2).stream("test"));
        let square = values.iter().map(|value| f64::from(value * value)).sum::<f64>() / 10_001.0;
        assert!(values.len() == 10_001 && (square.sqrt() - 0.1).abs() < 0.003);
    }
}
