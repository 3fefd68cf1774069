//! Five-fold cross-validation of the rating model: the figure that the literature reports.

use crate::{EmbedError, Pmf, PmfConfig};
use drr_core::{Interaction, InteractionLog, ItemIdx, Seeds, UserIdx};
use rand::Rng;

/// The number of folds.
const FOLDS: usize = 5;

/// The errors of five fits, each judged on the fifth of the rows that it has not seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FiveFold {
    /// The root mean squared error of each fold, in rating units.
    pub folds: [f64; FOLDS],
}

impl FiveFold {
    /// The mean of the folds' errors.
    #[must_use]
    pub fn mean(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "five is small")]
        let n_folds = FOLDS as f64;
        self.folds.iter().sum::<f64>() / n_folds
    }
}

/// Predicts the ratings that a user gives to some items.
pub type Predictor = Box<dyn Fn(UserIdx, &[ItemIdx]) -> Vec<f32>>;

/// Fits the factorization five times, for exactly `config.epochs` epochs; see [`cross_validate`]. Users and items that a
/// fit has not seen are predicted by what is left: the mean and the other side's bias.
///
/// # Errors
///
/// Fails if a fit does.
pub fn five_fold_rmse(
    log: &InteractionLog,
    config: &PmfConfig,
    seeds: Seeds,
) -> Result<FiveFold, EmbedError> {
    cross_validate(log, seeds, |train, seeds| {
        let pmf = Pmf::fit(train, None, config, seeds)?.pmf;
        let predict = move |user: UserIdx, items: &[ItemIdx]| -> Vec<f32> {
            items.iter().map(|item| pmf.predict_user(user, *item)).collect()
        };
        Ok(Box::new(predict) as Predictor)
    })
}

/// Calls `fit` five times on four fifths of the rows of `log`, and measures the error of what it gives on the rest. Rows are
/// dealt to folds at random.
///
/// # Errors
///
/// Fails if a fit does, and on a log of fewer than five rows.
pub fn cross_validate<E: From<EmbedError>>(
    log: &InteractionLog,
    seeds: Seeds,
    mut fit: impl FnMut(&InteractionLog, Seeds) -> Result<Predictor, E>,
) -> Result<FiveFold, E> {
    let rows: Vec<Interaction> = log.iter().collect();
    if rows.len() < FOLDS {
        return Err(EmbedError::NoRatings.into());
    }
    let fold_of = deal(rows.len(), seeds);
    let mut folds = [0.0; FOLDS];
    for (fold, error) in folds.iter_mut().enumerate() {
        let (held_out, kept): (Vec<_>, Vec<_>) = rows.iter().zip(&fold_of).partition(|(_, of)| **of == fold);
        let kept: Vec<Interaction> = kept.into_iter().map(|(row, _)| *row).collect();
        let held_out: Vec<Interaction> = held_out.into_iter().map(|(row, _)| *row).collect();
        let train = InteractionLog::new(log.n_users(), log.n_items(), &kept).map_err(EmbedError::from)?;
        let predict = fit(&train, seeds.child(&format!("five-fold.{fold}")))?;
        // A log's rows come user by user.
        let of_users = held_out.chunk_by(|left, right| left.user == right.user);
        let sum: f64 = of_users.map(|rows| squared_errors(&predict, rows)).sum();
        #[expect(clippy::cast_precision_loss, reason = "no log has 2^53 rows")]
        let mean = sum / held_out.len() as f64;
        *error = mean.sqrt();
        tracing::info!(fold = fold + 1, rmse = *error, "five-fold cross-validation");
    }
    Ok(FiveFold { folds })
}

/// The sum over the rows of one user.
fn squared_errors(predict: &Predictor, rows: &[Interaction]) -> f64 {
    let items: Vec<ItemIdx> = rows.iter().map(|row| row.item).collect();
    let predicted = predict(rows[0].user, &items);
    rows.iter().zip(predicted).map(|(row, rating)| f64::from(rating - row.rating).powi(2)).sum()
}

/// The fold of each row: a shuffle of equal shares.
fn deal(n_rows: usize, seeds: Seeds) -> Vec<usize> {
    let mut fold_of: Vec<usize> = (0..n_rows).map(|row| row % FOLDS).collect();
    let mut random = seeds.stream("five-fold.rows");
    // Fisher-Yates, from the end.
    for last in (1..n_rows).rev() {
        fold_of.swap(last, random.random_range(0..=last));
    }
    fold_of
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fold_gets_its_share_and_another_seed_deals_otherwise() {
        let dealt = deal(103, Seeds(1));
        for fold in 0..FOLDS {
            let share = dealt.iter().filter(|of| **of == fold).count();
            assert!((20..=21).contains(&share));
        }
        assert_eq!(dealt, deal(103, Seeds(1)));
        assert_ne!(dealt, deal(103, Seeds(2)));
    }
}
