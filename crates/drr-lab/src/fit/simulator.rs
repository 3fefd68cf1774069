//! Two simulators of users, for sessions in which every item gets a rating (Liu et al. 2018, sec. V, online evaluation).
//!
//! They are of different families (factors, neighbours), are fitted on different users, none of whom anything else is
//! fitted on, and know every other user by different halves of that user's ratings. An agent that is good only in the
//! simulator it was trained in has learned the simulator.

use crate::run::Cut;
use anyhow::{Result, bail};
use drr_core::{ContextIdx, InteractionLog, ItemIdx, Observed, Part, Seeds, UserIdx, World};
use drr_embed::{Neighbourhood, NeighbourhoodConfig, Pmf, PmfConfig};
use drr_env::{RatingModel, RatingScale, Sessions};
use drr_eval::UserSimulator;
use drr_store::digest_of;
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

/// A simulator with the ratings that its users give to all items.
pub struct Simulator {
    name: &'static str,
    scale: RatingScale,
    /// `[I]` for each user: the logged rating where there is one, the prediction otherwise.
    ratings: HashMap<UserIdx, Vec<f32>>,
}

enum Model {
    Factors(Box<Pmf>),
    Neighbours(Box<Neighbourhood>),
}

/// What the simulators of a run are fitted with.
#[derive(Debug, Clone, Copy)]
pub struct Simulators<'a> {
    /// The data, as protocol "online" sees them, with the run's own root seed: whatever seed a training has, everybody
    /// meets the same users.
    pub cut: Cut<'a>,
    /// How the factors are fitted.
    pub factors: &'a PmfConfig,
}

impl Simulators<'_> {
    /// The simulator of one world, with the users of `log` folded in by one half of their ratings: the first, third and so
    /// on for A, the others for B.
    ///
    /// # Errors
    ///
    /// Fails if a fit does, and for a world that is no simulator's.
    pub fn of(&self, world: World, log: &InteractionLog) -> Result<Simulator> {
        let model = self.fit(world)?;
        Simulator::new(&model, world, log, self.cut.scale()?)
    }

    /// What decides about both simulators, as an input of a stage.
    ///
    /// # Errors
    ///
    /// Fails if the data set does not allow the protocol.
    pub fn digests(&self) -> Result<Vec<String>> {
        Ok(vec![digest_of(&(self.cut.hash()?, self.factors, self.cut.seed))?])
    }

    fn fit(&self, world: World) -> Result<Model> {
        let seeds = Seeds(self.cut.seed).child("simulator");
        Ok(match world {
            World::A => {
                let rows = self.cut.part(Part::SimulatorA)?;
                Model::Factors(Box::new(Pmf::fit(&rows, None, self.factors, seeds)?.pmf))
            }
            World::B => {
                let rows = self.cut.part(Part::SimulatorB)?;
                Model::Neighbours(Box::new(Neighbourhood::fit(&rows, &NeighbourhoodConfig::default())?))
            }
            World::Logged => bail!("the log itself is no simulator"),
        })
    }
}

impl Model {
    /// The predicted ratings of all items, `[I]`.
    fn predict(&self, history: &[Observed], n_items: usize) -> Vec<f32> {
        match self {
            Self::Factors(pmf) => {
                let user = pmf.fold_in_user(history);
                (0..n_items).map(|item| pmf.predict(&user.vector, user.bias, ItemIdx::from(item))).collect()
            }
            Self::Neighbours(model) => model.predict_all(history),
        }
    }
}

impl Simulator {
    fn new(model: &Model, world: World, log: &InteractionLog, scale: RatingScale) -> Result<Self> {
        let (name, parity) = if world == World::A { ("factors_a", 0) } else { ("neighbours_b", 1) };
        let users: Vec<UserIdx> = log.active_users().collect();
        let ratings = users.par_iter().map(|user| {
            let all = log.of_user(*user).observed();
            let half: Vec<Observed> = all.iter().copied().skip(parity).step_by(2).collect();
            let mut ratings = model.predict(&half, log.n_items());
            for rating in &mut ratings {
                *rating = scale.clamp(*rating);
            }
            // Of several ratings of an item the first counts.
            for logged in all.iter().rev() {
                ratings[logged.item.index()] = logged.rating;
            }
            (*user, ratings)
        });
        Ok(Self { name, scale, ratings: ratings.collect() })
    }
}

impl UserSimulator for Simulator {
    fn name(&self) -> &str {
        self.name
    }

    fn rating(&self, user: UserIdx, item: ItemIdx) -> f32 {
        self.ratings.get(&user).map_or_else(|| self.scale.middle(), |ratings| ratings[item.index()])
    }
}

/// The simulator as the environment asks it.
pub struct SimulatedRatings {
    simulator: Simulator,
    sessions: Arc<Sessions>,
}

impl SimulatedRatings {
    /// The users of `sessions`, who must be among the simulator's.
    pub const fn new(simulator: Simulator, sessions: Arc<Sessions>) -> Self {
        Self { simulator, sessions }
    }
}

impl RatingModel for SimulatedRatings {
    fn predict(&self, context: ContextIdx, item: ItemIdx) -> f32 {
        self.simulator.rating(self.sessions.user(context), item)
    }
}
