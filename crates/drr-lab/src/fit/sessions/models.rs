//! The three factorizations, as a stage, and the users that they make.

use super::cut::SessionCut;
use super::items::{CategorySource, candidates, categories_of};
use crate::config::SessionsConfig;
use crate::run::Work;
use crate::run::cache::Stage;
use crate::run::code::Kind;
use anyhow::{Result, bail};
use drr_core::{Categories, ItemIdx, ItemSet, Observed, Part, Seeds, UserIdx};
use drr_data::Dataset;
use drr_embed::{Neighbourhood, NeighbourhoodConfig, Pmf};
use drr_env::RatingScale;
use drr_env::worlds::{Known, Population};
use drr_store::digest_of;
use rayon::prelude::*;
use std::path::PathBuf;
use std::sync::Arc;

/// The models with the rows that they are fitted on and their files.
const MODELS: [(Part, &str); 3] = [
    (Part::Train, "sessions/model_r.safetensors"),
    (Part::SimulatorA, "sessions/model_a.safetensors"),
    (Part::SimulatorB, "sessions/model_b.safetensors"),
];

/// Which users are in which part, by their original ids.
const PARTS: &str = "sessions/parts.json";

/// The fitted models of a run's long sessions: where they are kept, and what they are fitted with.
#[derive(Debug, Clone)]
pub struct SessionModels<'a> {
    /// Where they are kept.
    pub work: Work<'a>,
    /// The data set.
    pub dataset: &'a Dataset,
    /// Who is in which part.
    pub cut: Arc<SessionCut>,
    /// How they are fitted.
    pub config: &'a SessionsConfig,
    /// The least rating that counts as positive.
    pub positive: f32,
    /// The root of the fits' draws.
    pub seeds: Seeds,
}

/// A simulator of tastes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tastes {
    /// Those that agents are trained in.
    A,
    /// Those that everybody is judged in.
    B,
    /// Those of B's users by a model of another family, item neighbours.
    Neighbours,
}

/// What predicts the ratings of whoever is met.
enum Model {
    Factors(Box<Pmf>),
    Neighbours(Box<Neighbourhood>),
}

impl Model {
    /// The ratings that a user with these rows would give, `[C]`.
    fn ratings(&self, rows: &[Observed], candidates: &ItemSet, scale: RatingScale) -> Vec<f32> {
        match self {
            Self::Factors(pmf) => {
                let folded = pmf.fold_in_user(rows);
                candidates.iter().map(|item| pmf.predict(&folded.vector, folded.bias, item)).collect()
            }
            Self::Neighbours(model) => {
                let all = model.predict_all(rows);
                candidates.iter().map(|item| scale.clamp(all[item.index()])).collect()
            }
        }
    }
}

/// What everybody is told of the items.
#[derive(Debug, Clone)]
pub struct Items {
    /// What may be shown.
    pub candidates: ItemSet,
    /// The categories.
    pub categories: Arc<Categories>,
    /// Where the categories come from.
    pub source: CategorySource,
}

impl SessionModels<'_> {
    fn stage(&self) -> Stage {
        self.work.stage("session-models", Kind::SessionModels)
    }

    /// Fits what is not yet fitted.
    ///
    /// # Errors
    ///
    /// Fails if a fit or the disk does.
    pub fn fit(&self) -> Result<()> {
        self.work.stop_if_asked()?;
        let inputs = digest_of(&(self.cut.hash(), &self.config.model, self.seeds.0))?;
        let outputs: Vec<PathBuf> =
            MODELS.iter().map(|(_, file)| *file).chain([PARTS]).map(|file| self.work.path(file)).collect();
        self.stage().run(&inputs, &outputs, |made| {
            let bar = self.work.bar("models of long sessions", MODELS.len() as u64);
            for (at, ((part, file), path)) in (1..).zip(MODELS.iter().zip(&outputs)) {
                let seeds = self.seeds.child(file);
                let fitted = Pmf::fit(&self.cut.rows(&[*part])?, None, &self.config.model, seeds)?;
                made.add(path, &fitted.pmf.save(path)?);
                bar.set(at);
            }
            bar.finish();
            let parts = self.cut.users_by_part(self.dataset);
            made.write(&self.work.path(PARTS), &serde_json::to_vec_pretty(&parts)?)
        })
    }

    /// The model of what recommenders know.
    ///
    /// # Errors
    ///
    /// Refuses a file that is missing, damaged, or not what the stage wrote.
    pub fn known(&self) -> Result<Pmf> {
        self.load(Part::Train)
    }

    /// The model of one simulator.
    ///
    /// # Errors
    ///
    /// As [`SessionModels::known`].
    pub fn tastes(&self, tastes: Tastes) -> Result<Pmf> {
        self.load(tastes.part())
    }

    fn load(&self, part: Part) -> Result<Pmf> {
        let file = MODELS.iter().find(|it| it.0 == part).map_or(MODELS[0].1, |it| it.1);
        let path = self.work.path(file);
        self.stage().check_output(&path)?;
        Ok(Pmf::load(&path)?)
    }

    /// The digests of the models, as inputs of later stages.
    ///
    /// # Errors
    ///
    /// Refuses a file that is missing, damaged, or not what the stage wrote.
    pub fn digests(&self) -> Result<Vec<String>> {
        MODELS.iter().map(|(_, file)| self.stage().check_output(&self.work.path(file))).collect()
    }

    /// What may be shown, with its categories. Clusters are of R's vectors: no recommender is told more.
    ///
    /// # Errors
    ///
    /// As [`SessionModels::known`].
    pub fn items(&self) -> Result<Items> {
        let known = self.known()?;
        let least = self.config.min_item_ratings;
        let candidates = candidates(&self.cut.rows(&[Part::Train])?, least);
        if candidates.is_empty() {
            bail!(
                "no item has {} ratings or more among the users of R, so nothing may be shown: lower sessions.min_item_ratings",
                least.map_or_else(|| "enough".to_owned(), |it| it.to_string())
            );
        }
        let random = &mut self.seeds.stream("sessions.clusters");
        let vectors = drr_core::EmbeddingSpace::items(&known);
        let (categories, source) = categories_of(self.dataset, vectors, self.config.n_clusters, random)?;
        Ok(Items { candidates, categories: Arc::new(categories), source })
    }

    /// The users of some parts with their tastes by one simulator. Known of each are the first ratings.
    ///
    /// # Errors
    ///
    /// As [`SessionModels::known`].
    pub fn population(&self, parts: &[Part], tastes: Tastes, items: &Items) -> Result<Population> {
        let (model, rows) = (self.model(tastes)?, self.cut.rows(parts)?);
        let (lowest, highest) = self.dataset.manifest().rating_scale;
        let scale = RatingScale::new(lowest, highest)?;
        let users: Vec<UserIdx> = rows.active_users().collect();
        let meet = |user: &UserIdx| {
            let all: Vec<Observed> = rows.of_user(*user).observed();
            let half: Vec<Observed> = all.iter().copied().skip(tastes.parity()).step_by(2).collect();
            let rated: Vec<ItemIdx> = half.iter().map(|it| it.item).collect();
            Known {
                user: *user,
                known: all.into_iter().take(self.config.n_known).collect(),
                ratings: model.ratings(&half, &items.candidates, scale),
                category_shares: Population::category_shares(&items.categories, &rated),
            }
        };
        let met: Vec<Known> = users.par_iter().map(meet).collect();
        let mut population =
            Population::new(items.candidates.clone(), Arc::clone(&items.categories), scale, self.positive)?;
        for user in met {
            population.push(user)?;
        }
        Ok(population)
    }

    fn model(&self, tastes: Tastes) -> Result<Model> {
        Ok(match tastes {
            Tastes::A | Tastes::B => Model::Factors(Box::new(self.tastes(tastes)?)),
            Tastes::Neighbours => {
                let rows = self.cut.rows(&[Part::SimulatorB])?;
                Model::Neighbours(Box::new(Neighbourhood::fit(&rows, &NeighbourhoodConfig::default())?))
            }
        })
    }
}

impl Tastes {
    const fn part(self) -> Part {
        match self {
            Self::A => Part::SimulatorA,
            Self::B | Self::Neighbours => Part::SimulatorB,
        }
    }

    /// Which half of a user's rows it knows: A the first, third and so on, B the others.
    const fn parity(self) -> usize {
        match self {
            Self::A => 0,
            Self::B | Self::Neighbours => 1,
        }
    }
}
