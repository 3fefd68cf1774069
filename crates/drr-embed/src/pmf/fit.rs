//! The epochs of a fit, and when they stop.

use super::als::{Side, draw_items, half_step};
use super::ridge::Factors;
use super::{Header, KIND, Pmf, PmfConfig};
use crate::EmbedError;
use drr_core::{InteractionLog, Seeds, UserIdx, UserRatings};
use rayon::prelude::*;

/// The error on the validation rows after one epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpochRmse {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The root of the mean squared error on the validation rows, in rating units.
    pub rmse: f64,
}

/// A fitted factorization and how the fit went.
#[derive(Debug, Clone, PartialEq)]
pub struct PmfFit {
    /// The factorization after `epochs` epochs.
    pub pmf: Pmf,
    /// The number of epochs to refit with: the best one, or all where there were no validation rows.
    pub epochs: usize,
    /// The validation error after each epoch that ran; empty where there were no validation rows.
    pub validation: Vec<EpochRmse>,
}

pub(super) fn fit(
    log: &InteractionLog,
    validation: Option<&InteractionLog>,
    config: &PmfConfig,
    seeds: Seeds,
) -> Result<PmfFit, EmbedError> {
    config.check()?;
    let header = header(log, config)?;
    let validation = validation.filter(|rows| !rows.is_empty());
    if let Some(rows) = validation.filter(|rows| rows.n_items() != log.n_items()) {
        return Err(EmbedError::CatalogueMismatch { train: log.n_items(), validation: rows.n_items() });
    }
    let by_user = Side::users(log, header.mean);
    let by_item = Side::items(log, header.mean);
    let mut items = draw_items(log.n_items(), config, &mut seeds.stream("pmf.items"));
    let mut users = Factors::zeros(log.n_users(), config.dim);
    let mut errors: Vec<EpochRmse> = Vec::new();
    let mut best: Option<(EpochRmse, Pmf)> = None;
    for epoch in 1..=config.epochs {
        users = half_step(&by_user, &items, config)?;
        items = half_step(&by_item, &users, config)?;
        let Some(rows) = validation else {
            tracing::debug!(epoch, "matrix factorization");
            continue;
        };
        let pmf = Pmf::new(users.clone(), items.clone(), header.clone())?;
        let error = EpochRmse { epoch, rmse: pmf.rmse_against(log, rows) };
        tracing::debug!(epoch, rmse = error.rmse, "matrix factorization");
        errors.push(error);
        if best.as_ref().is_none_or(|(least, _)| error.rmse < least.rmse) {
            best = Some((error, pmf));
        } else if best.as_ref().is_some_and(|(least, _)| epoch - least.epoch >= config.patience) {
            break;
        }
    }
    Ok(match best {
        Some((least, pmf)) => PmfFit { pmf, epochs: least.epoch, validation: errors },
        None => PmfFit { pmf: Pmf::new(users, items, header)?, epochs: config.epochs, validation: errors },
    })
}

/// What the fit needs to know of the ratings, and the artifact of the rows.
fn header(log: &InteractionLog, config: &PmfConfig) -> Result<Header, EmbedError> {
    if log.is_empty() {
        return Err(EmbedError::NoRatings);
    }
    let sum: f64 = log.iter().map(|row| f64::from(row.rating)).sum();
    #[expect(clippy::cast_precision_loss, reason = "no log has 2^53 rows")]
    let mean = sum / log.len() as f64;
    Ok(Header {
        kind: KIND.to_owned(),
        config: *config,
        mean,
        lowest: log.iter().map(|row| row.rating).fold(f32::INFINITY, f32::min),
        highest: log.iter().map(|row| row.rating).fold(f32::NEG_INFINITY, f32::max),
        origin: log.origin().clone(),
    })
}

impl Pmf {
    /// The root mean squared error on `rows`, in rating units. Users with rows in `fitted`, the log of the fit, are judged
    /// by their fitted vectors, the others by a fold-in of the first half of their rows, on the second half. NaN if there
    /// is no row to judge on.
    #[must_use]
    pub fn rmse_against(&self, fitted: &InteractionLog, rows: &InteractionLog) -> f64 {
        let sums: Vec<(f64, usize)> = (0..rows.n_users())
            .into_par_iter()
            .map(|user| {
                let user = UserIdx::from(user);
                let ratings = rows.of_user(user);
                let is_known = user.index() < fitted.n_users() && !fitted.of_user(user).is_empty();
                if is_known {
                    let (vector, bias) = (self.users.row(user.index()), self.user_biases[user.index()]);
                    return (self.squared_error(vector, bias, ratings), ratings.len());
                }
                let (observed, judged) = ratings.split_at(ratings.len() / 2);
                let folded = self.fold_in_user(&observed.observed());
                (self.squared_error(&folded.vector, folded.bias, judged), judged.len())
            })
            .collect();
        // In user order, whoever has computed them.
        let (sum, n_judged) = sums.iter().fold((0.0, 0), |(sum, n), (error, count)| (sum + error, n + count));
        #[expect(clippy::cast_precision_loss, reason = "no log has 2^53 rows")]
        let mean = sum / n_judged as f64;
        mean.sqrt()
    }

    fn squared_error(&self, vector: &[f32], bias: f32, ratings: UserRatings<'_>) -> f64 {
        let pairs = ratings.items.iter().zip(ratings.ratings);
        pairs.map(|(item, rating)| f64::from(self.predict(vector, bias, *item) - rating).powi(2)).sum()
    }
}
