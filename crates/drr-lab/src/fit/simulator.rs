//! Two simulators of users, for sessions in which every item gets a rating (Liu et al. 2018, sec. V, online evaluation).
//!
//! They are of different families (factors, neighbours), are fitted on different users, none of whom anything else is
//! fitted on, and know every other user by different halves of that user's ratings. An agent that is good only in the
//! simulator it was trained in has learned the simulator.
//!
//! A stage fits both, and keeps them as files: whoever asks for a simulator reads the file.

use crate::run::cache::Stage;
use crate::run::code::Kind;
use crate::run::{Cut, Work};
use anyhow::{Result, bail};
use drr_core::{ContextIdx, InteractionLog, ItemIdx, Observed, Part, Seeds, UserIdx, World};
use drr_embed::{Neighbourhood, NeighbourhoodConfig, Pmf, PmfConfig};
use drr_env::{RatingModel, RatingScale, Sessions};
use drr_eval::UserSimulator;
use drr_store::digest_of;
use rayon::prelude::*;
use std::collections::HashMap;
use std::path::PathBuf;
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

/// The files of both simulators, A and B.
const FILES: [&str; 2] = ["simulators/factors_a.safetensors", "simulators/neighbours_b.safetensors"];

/// The simulators of a run: where they are kept, and what they are fitted with.
#[derive(Debug, Clone, Copy)]
pub struct Simulators<'a> {
    /// Where they are kept.
    pub work: Work<'a>,
    /// The data, as protocol "online" sees them, with the run's own root seed: whatever seed a training has, everybody
    /// meets the same users.
    pub cut: Cut<'a>,
    /// How the factors are fitted.
    pub factors: &'a PmfConfig,
}

impl Simulators<'_> {
    /// Fits what is not yet fitted.
    ///
    /// # Errors
    ///
    /// Fails if a fit or the disk does, and if the data set does not allow the protocol.
    pub fn fit(&self) -> Result<()> {
        self.work.stop_if_asked()?;
        let inputs = digest_of(&(self.cut.hash()?, self.factors, self.cut.seed))?;
        let [factors, neighbours] = FILES.map(|file| self.work.path(file));
        self.stage().run(&inputs, &[factors.clone(), neighbours.clone()], |made| {
            let seeds = Seeds(self.cut.seed).child("simulator");
            let rows = self.cut.part(Part::SimulatorA)?;
            made.add(&factors, &Pmf::fit(&rows, None, self.factors, seeds)?.pmf.save(&factors)?);
            let rows = self.cut.part(Part::SimulatorB)?;
            let fitted = Neighbourhood::fit(&rows, &NeighbourhoodConfig::default())?;
            made.add(&neighbours, &fitted.save(&neighbours)?);
            tracing::info!("the simulators are fitted");
            Ok(())
        })
    }

    /// The simulator of one world, with the users of `log` folded in by one half of their ratings: the first, third and so
    /// on for A, the others for B.
    ///
    /// # Errors
    ///
    /// Refuses a file that is missing, damaged, or not what the stage wrote, and a world that is no simulator's.
    pub fn of(&self, world: World, log: &InteractionLog) -> Result<Simulator> {
        let [factors, neighbours] = FILES;
        let model = match world {
            World::A => Model::Factors(Box::new(Pmf::load(&self.checked(factors)?)?)),
            World::B => Model::Neighbours(Box::new(Neighbourhood::load(&self.checked(neighbours)?)?)),
            World::Logged => bail!("the log itself is no simulator"),
        };
        Simulator::new(&model, world, log, self.cut.scale()?)
    }

    /// The digests of both files, as inputs of a later stage.
    ///
    /// # Errors
    ///
    /// Refuses a file that is missing, damaged, or not what the stage wrote.
    pub fn digests(&self) -> Result<Vec<String>> {
        FILES.iter().map(|file| self.stage().check_output(&self.work.path(file))).collect()
    }

    fn stage(&self) -> Stage {
        self.work.stage("simulators", Kind::Simulators)
    }

    /// The path of a file that is as it was written.
    fn checked(&self, file: &str) -> Result<PathBuf> {
        let path = self.work.path(file);
        self.stage().check_output(&path)?;
        Ok(path)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ExperimentConfig;
    use crate::run::{Context, Name, Run, data};
    use drr_core::Protocol;

    /// Every rating that a simulator gives, by user, as bits.
    fn bits(simulator: &Simulator) -> Vec<(UserIdx, Vec<u32>)> {
        let of_user =
            |(user, all): (&UserIdx, &Vec<f32>)| (*user, all.iter().map(|it| it.to_bits()).collect());
        let mut bits: Vec<_> = simulator.ratings.iter().map(of_user).collect();
        bits.sort_unstable();
        bits
    }

    #[test]
    fn a_stored_simulator_rates_as_the_fitted_one_and_a_changed_file_is_refused_until_it_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let context = Context::unwatched(folder.path());
        let config = ExperimentConfig::preset("smoke-lab").unwrap();
        let source = data::named(&context, "synthetic", None).unwrap();
        let run = Run::begin(&context, config, &source, Name::Derived("lab")).unwrap();
        let (work, cut) = (run.work(), run.cut(Protocol::Online));
        let simulators = Simulators { work, cut, factors: &run.config.embedding.pmf };
        let log = cut.part(Part::Test).unwrap();
        assert!(simulators.of(World::A, &log).is_err(), "nothing is fitted yet");
        simulators.fit().unwrap();

        let rows = |part| cut.part(part).unwrap();
        let seeds = Seeds(run.config.seed).child("simulator");
        let factors = Pmf::fit(&rows(Part::SimulatorA), None, simulators.factors, seeds).unwrap().pmf;
        let neighbours =
            Neighbourhood::fit(&rows(Part::SimulatorB), &NeighbourhoodConfig::default()).unwrap();
        let models = [Model::Factors(Box::new(factors)), Model::Neighbours(Box::new(neighbours))];
        for (world, model) in World::SIMULATED.into_iter().zip(&models) {
            let fitted = Simulator::new(model, world, &log, cut.scale().unwrap()).unwrap();
            let stored = simulators.of(world, &log).unwrap();
            assert!(!fitted.ratings.is_empty());
            assert_eq!(bits(&stored), bits(&fitted), "{}", stored.name);
        }

        let digests = simulators.digests().unwrap();
        for (world, file) in World::SIMULATED.into_iter().zip(FILES) {
            let mut data = std::fs::read(work.path(file)).unwrap();
            *data.last_mut().unwrap() ^= 1;
            std::fs::write(work.path(file), data).unwrap();
            let error = simulators.of(world, &log).err().unwrap().to_string();
            assert!(error.contains(file) && error.contains("pipeline"), "{error}");
        }
        simulators.fit().unwrap();
        assert_eq!(simulators.digests().unwrap(), digests);
        assert!(simulators.of(World::Logged, &log).is_err());
    }
}
