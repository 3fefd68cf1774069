//! What happens to a user in a session, as nine numbers.

use crate::EnvError;
use serde::{Deserialize, Serialize};

/// The dynamics of a session.
///
/// With `c_i` an item's categories as a vector of length 1 and `g_i` the same summing to 1
/// ([`drr_core::Categories`]), and `u(i)` the rating that the user would give to item `i` outside of any session:
///
/// ```text
/// staleness  m_t+1   = staleness_decay m_t + c_i            rho_t(i) = c_i . m_t        m_0 = 0
/// taste      f_t+1,g = f_t,g + growth (1 - f_t,g)           for the categories g of the item shown
///            f_0,g   = 1 - exp(-share_g / taste_scale)      share_g: the share of the user's rated items with category g
/// answer     x_t(i)  = u(i) - unfamiliarity (1 - g_i . f_t) - fatigue rho_t(i), within the rating scale
/// leaves     after the step with probability hazard + impatience max(0, rho_t(i) - threshold), at the latest after T steps
/// ```
///
/// Staleness as a decaying sum is that of rebounding bandits (Leqi et al. 2021, arXiv 2011.06741); leaving because of
/// sameness is that of KuaiEnv (Gao et al. 2022, arXiv 2204.01266) in a smooth form; taste that grows with exposure is the
/// mere-exposure effect (Curmei et al. 2022, arXiv 2208.01534).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Dynamics {
    /// T, the greatest number of steps of a session.
    pub horizon: usize,
    /// lambda, the share of the staleness that is left after a step, in `[0, 1)`.
    pub staleness_decay: f64,
    /// theta, the staleness from which on a user loses patience, at least 0.
    pub threshold: f64,
    /// kappa, how much the probability of leaving rises with a unit of staleness above the threshold, at least 0.
    pub impatience: f64,
    /// h0, the probability of leaving after any step, in `[0, 1]`.
    pub hazard: f64,
    /// nu, what an item of wholly unfamiliar categories loses, in units of ratings, at least 0.
    pub unfamiliarity: f64,
    /// eta, the share of the way to full familiarity that one exposure takes, in `[0, 1]`.
    pub growth: f64,
    /// f0, the share of a user's rated items at which a category is familiar to `1 - 1/e` when the session begins, above 0.
    pub taste_scale: f64,
    /// What a unit of staleness takes from the answer, in units of ratings, at least 0.
    pub fatigue: f64,
}

/// The greatest number of steps that a session may have.
const LONGEST_SESSION: usize = 10_000;

impl Default for Dynamics {
    fn default() -> Self {
        Self::growing_taste()
    }
}

impl Dynamics {
    /// The names of dynamics.
    pub const NAMES: [&'static str; 3] = ["boredom", "growing_taste", "plain"];

    /// Users who leave when they are bored; what they like does not change.
    ///
    /// The hazard, 1.43 %, has the size of what logs show: with MovieLens 1M a sitting ends after one to four of a hundred ratings,
    /// by how it is counted ([`super::estimate`]).
    #[must_use]
    pub const fn boredom() -> Self {
        Self {
            horizon: 30,
            staleness_decay: 0.8,
            threshold: 1.0,
            impatience: 0.2,
            hazard: 0.0143,
            unfamiliarity: 0.0,
            growth: 0.3,
            taste_scale: 0.2,
            fatigue: 0.0,
        }
    }

    /// Users who leave when they are bored, dislike what they do not know, and come to like it by seeing it.
    #[must_use]
    pub const fn growing_taste() -> Self {
        Self { unfamiliarity: 2.0, ..Self::boredom() }
    }

    /// Users without a memory, who stay for `horizon` steps: nothing to plan for.
    #[must_use]
    pub const fn plain(horizon: usize) -> Self {
        Self { horizon, impatience: 0.0, hazard: 0.0, ..Self::boredom() }
    }

    /// The dynamics by their name in a configuration: `boredom`, `growing_taste`, `plain`.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "boredom" => Some(Self::boredom()),
            "growing_taste" => Some(Self::growing_taste()),
            "plain" => Some(Self::plain(10)),
            _ => None,
        }
    }

    /// The name of these dynamics, if they have one.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        Self::NAMES.into_iter().find(|name| Self::of_name(name).as_ref() == Some(self))
    }

    /// Ten worlds in each of which one number is another than here (fewer where a number is that already), each with what was changed: whether a policy depends on
    /// the very dynamics that it was trained with.
    #[must_use]
    pub fn changed(&self) -> Vec<(String, Self)> {
        let base = *self;
        let with = |name: &str, value: f64, change: fn(&mut Self, f64)| {
            let mut other = base;
            change(&mut other, value);
            (format!("{name} = {value}"), other)
        };
        [
            with("unfamiliarity", 1.0, |it, value| it.unfamiliarity = value),
            with("unfamiliarity", 3.0, |it, value| it.unfamiliarity = value),
            with("impatience", 0.1, |it, value| it.impatience = value),
            with("impatience", 0.4, |it, value| it.impatience = value),
            with("growth", 0.15, |it, value| it.growth = value),
            with("growth", 0.5, |it, value| it.growth = value),
            with("taste_scale", 0.1, |it, value| it.taste_scale = value),
            with("threshold", 0.7, |it, value| it.threshold = value),
            with("staleness_decay", 0.6, |it, value| it.staleness_decay = value),
            with("staleness_decay", 0.9, |it, value| it.staleness_decay = value),
        ]
        .into_iter()
        .filter(|(_, other)| *other != base)
        .collect()
    }

    /// Refuses numbers without a meaning.
    ///
    /// # Errors
    ///
    /// Names the number, its value and what would be usable.
    pub fn check(&self) -> Result<(), EnvError> {
        if self.horizon == 0 || self.horizon > LONGEST_SESSION {
            let remedy = "a session has from 1 to 10000 steps";
            return Err(EnvError::setting("horizon", &self.horizon, remedy));
        }
        let shares = [("hazard", self.hazard), ("growth", self.growth)];
        for (name, value) in shares {
            if !(0.0..=1.0).contains(&value) {
                return Err(EnvError::setting(name, &value, "give a number from 0 to 1"));
            }
        }
        if !(0.0..1.0).contains(&self.staleness_decay) {
            return Err(EnvError::setting(
                "staleness_decay",
                &self.staleness_decay,
                "give a number from 0 to below 1",
            ));
        }
        if !(self.taste_scale.is_finite() && self.taste_scale > 0.0) {
            return Err(EnvError::setting("taste_scale", &self.taste_scale, "give a finite number above 0"));
        }
        let amounts = [
            ("threshold", self.threshold),
            ("impatience", self.impatience),
            ("unfamiliarity", self.unfamiliarity),
            ("fatigue", self.fatigue),
        ];
        for (name, value) in amounts {
            if !(value.is_finite() && value >= 0.0) {
                return Err(EnvError::setting(name, &value, "give a finite number of at least 0"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_dynamics_and_the_changed_ones_are_usable_and_all_differ() {
        let base = Dynamics::growing_taste();
        let mut all: Vec<Dynamics> = base.changed().into_iter().map(|(_, dynamics)| dynamics).collect();
        assert_eq!(all.len(), 10);
        all.extend(["boredom", "growing_taste", "plain"].map(|name| Dynamics::of_name(name).unwrap()));
        for (at, dynamics) in all.iter().enumerate() {
            dynamics.check().unwrap();
            assert!(!all[..at].contains(dynamics), "{dynamics:?}");
        }
        assert_eq!(Dynamics::of_name("nothing"), None);
    }

    #[test]
    fn numbers_without_a_meaning_are_refused_by_name() {
        let refused = |change: fn(&mut Dynamics)| {
            let mut dynamics = Dynamics::default();
            change(&mut dynamics);
            dynamics.check().unwrap_err().to_string()
        };
        assert!(refused(|it| it.horizon = 0).contains("horizon = 0"));
        assert!(refused(|it| it.staleness_decay = 1.0).contains("staleness_decay = 1"));
        assert!(refused(|it| it.hazard = -0.1).contains("hazard = -0.1"));
        assert!(refused(|it| it.growth = 1.5).contains("growth = 1.5"));
        assert!(refused(|it| it.taste_scale = 0.0).contains("taste_scale = 0"));
        assert!(refused(|it| it.fatigue = f64::NAN).contains("fatigue = NaN"));
    }
}
