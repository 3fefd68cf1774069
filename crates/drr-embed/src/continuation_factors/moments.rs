//! Second moments of the beginnings of logs, and of beginnings and rests.

use super::ContinuationFactorsConfig;
use drr_core::InteractionLog;
use faer::Mat;
use rayon::prelude::*;

/// Sums over users, each with its weight `w`, of the beginnings `x` and the rests `y`.
#[derive(Debug, Clone)]
pub(super) struct Moments {
    /// `sum w x x'`, `[I, I]`.
    pub inputs: Mat<f64>,
    /// `sum w x y'`, `[I, I]`, a column for each item of the rest.
    pub targets: Mat<f64>,
    /// The mean of `x`, `[I]`.
    pub mean_input: Vec<f64>,
    /// The mean of `y`, `[I]`.
    pub mean_target: Vec<f64>,
    /// `sum w`, the number of users who count.
    pub total_weight: f64,
}

/// A rated item of a user.
struct Rated {
    item: usize,
    is_positive: bool,
    /// What it counts in a history.
    input: f64,
}

/// What one user says: a log of `n` items, each once, of which the first `k` are the beginning.
struct Line {
    rated: Vec<Rated>,
    n_first: usize,
    weight: f64,
    /// Over all orders, the share in which an item is in the beginning: `k / n`.
    first: f64,
    /// In which two items are: `k (k - 1) / (n (n - 1))`.
    both_first: f64,
    /// In which one is and another is not: `k (n - k) / (n (n - 1))`.
    one_first: f64,
}

impl Moments {
    /// Sums over all users of `log` whose log goes on after its beginning. `None` if nothing positive follows.
    pub(super) fn of(
        log: &InteractionLog,
        config: &ContinuationFactorsConfig,
        positive: f32,
    ) -> Option<Self> {
        let lines = lines(log, config, positive);
        let n_items = log.n_items();
        // For each item the users who rated it and where it stands in their logs.
        let mut places: Vec<Vec<(u32, u32)>> = vec![Vec::new(); n_items];
        for (line, of) in (0_u32..).zip(&lines) {
            for (rank, rated) in (0_u32..).zip(&of.rated) {
                places[rated.item].push((line, rank));
            }
        }
        let ordered = config.ordered_share;
        let total_weight: f64 = lines.iter().map(|line| line.weight).sum();
        let mut inputs = Mat::zeros(n_items, n_items);
        let mut targets = Mat::zeros(n_items, n_items);
        let mut means = vec![(0.0, 0.0); n_items];
        let columns = inputs.par_col_iter_mut().zip(targets.par_col_iter_mut());
        columns.zip(&mut means).zip(&places).for_each(|(((inputs, targets), means), places)| {
            let columns = (inputs.try_as_col_major_mut(), targets.try_as_col_major_mut());
            let (Some(inputs), Some(targets)) = columns else { return };
            let (inputs, targets) = (inputs.as_slice_mut(), targets.as_slice_mut());
            for (line, rank) in places {
                let line = &lines[*line as usize];
                let (input, target) = line.add_to(*rank as usize, ordered, inputs, targets);
                means.0 += input / total_weight;
                means.1 += target / total_weight;
            }
        });
        let (mean_input, mean_target): (Vec<f64>, Vec<f64>) = means.into_iter().unzip();
        let any = mean_target.iter().any(|share| *share > 0.0);
        any.then_some(Self { inputs, targets, mean_input, mean_target, total_weight })
    }
}

impl Line {
    /// Adds the products of the item at `rank` to its columns of both moments, and returns its weighted `x` and `y`.
    fn add_to(&self, rank: usize, ordered: f64, inputs: &mut [f64], targets: &mut [f64]) -> (f64, f64) {
        let own = &self.rated[rank];
        let own_first = rank < self.n_first;
        let (true_order, any_order) = (self.weight * ordered, self.weight * (1.0 - ordered));
        for (other, rated) in self.rated.iter().enumerate() {
            let other_first = other < self.n_first;
            let same = other == rank;
            let both = any_order * if same { self.first } else { self.both_first };
            let both = both + if own_first && other_first { true_order } else { 0.0 };
            inputs[rated.item] += both * own.input * rated.input;
            if own.is_positive && !same {
                let after = any_order * self.one_first;
                let after = after + if other_first && !own_first { true_order } else { 0.0 };
                targets[rated.item] += after * rated.input;
            }
        }
        let first = any_order * self.first + if own_first { true_order } else { 0.0 };
        let target = if own.is_positive { self.weight - first } else { 0.0 };
        (first * own.input, target)
    }
}

/// The users whose log goes on after its beginning, with weights of mean 1.
fn lines(log: &InteractionLog, config: &ContinuationFactorsConfig, positive: f32) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut seen = vec![false; log.n_items()];
    for user in log.users() {
        let ratings = log.of_user(user);
        let mut rated: Vec<Rated> = Vec::with_capacity(ratings.len());
        for (item, rating) in ratings.items.iter().zip(ratings.ratings) {
            if !std::mem::replace(&mut seen[item.index()], true) {
                let is_positive = *rating >= positive;
                let input = if is_positive { 1.0 } else { f64::from(config.other_weight) };
                rated.push(Rated { item: item.index(), is_positive, input });
            }
        }
        rated.iter().for_each(|it| seen[it.item] = false);
        let length = rated.len();
        let n_first = if config.n_first > 0 { config.n_first } else { share_of(length, config.first_share) };
        if length > n_first {
            #[expect(clippy::cast_precision_loss, reason = "a log's length is far below 2^53")]
            let (all, first) = (length as f64, n_first as f64);
            lines.push(Line {
                rated,
                n_first,
                weight: all.powf(-config.length_exponent),
                first: first / all,
                both_first: first * (first - 1.0) / (all * (all - 1.0)),
                one_first: first * (all - first) / (all * (all - 1.0)),
            });
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "the number of users is far below 2^53")]
    let mean = lines.iter().map(|line| line.weight).sum::<f64>() / lines.len().max(1) as f64;
    lines.iter_mut().for_each(|line| line.weight /= mean);
    lines
}

/// The beginning of a log of `length` items, at least one.
fn share_of(length: usize, share: f64) -> usize {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share in (0, 1) of a log's length"
    )]
    let first = (share * length as f64).floor() as usize;
    first.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::{Interaction, ItemIdx, UserIdx};

    /// One user: items 0, 1, 2, of which 1 is rated low; the beginning is one item.
    fn moments(ordered_share: f64) -> Moments {
        let row = |item, rating, timestamp| Interaction {
            user: UserIdx(0),
            item: ItemIdx(item),
            rating,
            timestamp,
        };
        let rows = [row(0, 5.0, 0), row(1, 2.0, 1), row(2, 4.0, 2), row(0, 1.0, 3)];
        let log = InteractionLog::new(1, 3, &rows).unwrap();
        let config = ContinuationFactorsConfig {
            n_first: 1,
            ordered_share,
            other_weight: 0.5,
            ..ContinuationFactorsConfig::default()
        };
        Moments::of(&log, &config, 4.0).unwrap()
    }

    #[test]
    fn the_true_order_has_the_first_item_before_the_positive_rest() {
        let found = moments(1.0);
        let expected = |row, column| if (row, column) == (0, 0) { 1.0 } else { 0.0 };
        assert_eq!(found.inputs, Mat::from_fn(3, 3, expected));
        // Of the rest only item 2 is positive.
        assert_eq!(
            found.targets,
            Mat::from_fn(3, 3, |row, column| if (row, column) == (0, 2) { 1.0 } else { 0.0 })
        );
        assert_eq!((found.mean_input, found.mean_target), (vec![1.0, 0.0, 0.0], vec![0.0, 0.0, 1.0]));
    }

    #[test]
    fn over_all_orders_each_item_comes_first_equally_often() {
        let found = moments(0.0);
        let near = |value: f64, wanted: f64| (value - wanted).abs() < 1e-12;
        // Each item is the beginning in a third of the orders; two are never in a beginning of one.
        assert!(near(found.inputs[(0, 0)], 1.0 / 3.0) && near(found.inputs[(1, 1)], 0.25 / 3.0));
        assert!(near(found.inputs[(0, 2)], 0.0) && near(found.inputs[(2, 2)], 1.0 / 3.0));
        // One is first and a given other follows: 1 * 2 / (3 * 2).
        assert!(near(found.targets[(0, 2)], 1.0 / 3.0) && near(found.targets[(1, 2)], 0.5 / 3.0));
        assert!(near(found.targets[(0, 1)], 0.0) && near(found.targets[(2, 2)], 0.0));
        assert!(near(found.mean_input[1], 0.5 / 3.0) && near(found.mean_target[2], 2.0 / 3.0));
    }
}
