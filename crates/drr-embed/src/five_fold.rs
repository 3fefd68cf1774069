//! Five-fold cross-validation of the rating model: the figure that the literature reports.

use crate::{EmbedError, Pmf, PmfConfig};
use drr_core::{Interaction, InteractionLog, Seeds};
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

/// Fits five times on four fifths of the rows of `log`, for exactly `config.epochs` epochs, and measures the error on the
/// rest. Rows are dealt to folds at random. Users and items that a fit has not seen are predicted by what is left: the
/// mean and the other side's bias.
///
/// # Errors
///
/// Fails if a fit does.
pub fn five_fold_rmse(
    log: &InteractionLog,
    config: &PmfConfig,
    seeds: Seeds,
) -> Result<FiveFold, EmbedError> {
    let rows: Vec<Interaction> = log.iter().collect();
    let fold_of = deal(rows.len(), seeds);
    let mut folds = [0.0; FOLDS];
    for (fold, error) in folds.iter_mut().enumerate() {
        let (held_out, kept): (Vec<_>, Vec<_>) = rows.iter().zip(&fold_of).partition(|(_, of)| **of == fold);
        let kept: Vec<Interaction> = kept.into_iter().map(|(row, _)| *row).collect();
        if kept.is_empty() || held_out.is_empty() {
            return Err(EmbedError::NoRatings);
        }
        let train = InteractionLog::new(log.n_users(), log.n_items(), &kept)?;
        let pmf = Pmf::fit(&train, None, config, seeds.child(&format!("five-fold.{fold}")))?.pmf;
        let sum: f64 = held_out
            .iter()
            .map(|(row, _)| f64::from(pmf.predict_user(row.user, row.item) - row.rating).powi(2))
            .sum();
        #[expect(clippy::cast_precision_loss, reason = "no log has 2^53 rows")]
        let mean = sum / held_out.len() as f64;
        *error = mean.sqrt();
        tracing::info!(fold = fold + 1, rmse = *error, "five-fold cross-validation");
    }
    Ok(FiveFold { folds })
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
