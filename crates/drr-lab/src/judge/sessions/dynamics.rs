//! What the log itself says of the dynamics.

use crate::fit::sessions::{Items, SessionModels, Tastes};
use anyhow::Result;
use drr_core::{InteractionLog, ItemIdx, Observed, Part, UserIdx};
use drr_embed::Pmf;
use drr_env::worlds::estimate::{Estimates, SittingConfig, estimate};
use rayon::prelude::*;
use std::collections::HashMap;

/// The estimates from the sittings of the users of R and B; none where the log has no times or too few sittings.
///
/// What a rating lacks is measured beside A's model, which has seen none of these users, with each user folded in by that half
/// of the rows that the rating is not in.
///
/// # Errors
///
/// Fails if the models are not fitted.
pub fn estimates(models: &SessionModels<'_>, items: &Items) -> Result<Option<Estimates>> {
    if !models.dataset.manifest().has_time {
        return Ok(None);
    }
    let log = models.cut.rows(&[Part::Train, Part::SimulatorB])?;
    let predicted = predictions(&models.tastes(Tastes::A)?, &log);
    let dynamics = models.config.dynamics;
    let config = SittingConfig {
        staleness_decay: dynamics.staleness_decay,
        threshold: dynamics.threshold,
        ..SittingConfig::default()
    };
    let predict = |user: UserIdx, item: ItemIdx| predicted.get(&(user, item)).copied().unwrap_or(f32::NAN);
    // Too little to estimate from is no failure of the run: then the log says nothing.
    Ok(estimate(&log, &items.categories, predict, &config).ok())
}

/// The rating of every row, predicted from the rows of the other half.
fn predictions(model: &Pmf, log: &InteractionLog) -> HashMap<(UserIdx, ItemIdx), f32> {
    let of_user = |user: UserIdx| {
        let rows: Vec<Observed> = log.of_user(user).observed();
        let half =
            |parity: usize| -> Vec<Observed> { rows.iter().copied().skip(parity).step_by(2).collect() };
        let folded = [1, 0].map(|other| model.fold_in_user(&half(other)));
        let predict = |(at, row): (usize, &Observed)| {
            let user_vector = &folded[at % 2];
            ((user, row.item), model.predict(&user_vector.vector, user_vector.bias, row.item))
        };
        rows.iter().enumerate().map(predict).collect::<Vec<_>>()
    };
    let users: Vec<UserIdx> = log.active_users().collect();
    users.into_par_iter().flat_map_iter(of_user).collect()
}
