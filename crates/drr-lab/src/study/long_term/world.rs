//! The vectors of the world of sweets and vegetables, and sessions in it without exploration.

use crate::config::LongTermConfig;
use anyhow::{Context as _, Result};
use drr_core::{
    EmbeddingSpace, EmbeddingTable, Environment, ItemIdx, Observed, PartSet, Query, RandomStream,
    Recommender, RowDigest, RowOrigin,
};
use drr_env::long_term::LongTermEnvironment;
use drr_learn::TrainingTables;
use rand::Rng;
use rand_distr::{Distribution, Normal};

/// Item vectors `[I, D]`: a 1 in the coordinate of the kind, and noise in all coordinates, which tells items of a kind
/// apart. The user's vector favours neither kind, and stays as it is: what was accepted is in the history alone.
pub(super) struct Vectors {
    items: EmbeddingTable,
    user: Vec<f32>,
    origin: RowOrigin,
}

impl Vectors {
    /// Draws the noise.
    pub(super) fn new(config: &LongTermConfig, random: &mut RandomStream) -> Result<Self> {
        let (dim, n_items) = (config.dim, 2 * config.items_per_kind);
        let noise =
            Normal::new(0.0, config.item_noise).context("lab.long_term.item_noise is no deviation")?;
        let mut values = Vec::with_capacity(n_items * dim);
        for item in (0..n_items).map(ItemIdx::from) {
            let kind = usize::from(LongTermEnvironment::is_vegetable(item));
            values.extend((0..dim).map(|at| f32::from(u8::from(at == kind)) + noise.sample(random)));
        }
        let user = (0..dim).map(|at| f32::from(u8::from(at < 2))).collect();
        // Nothing is fitted here: the note of the rows is a name alone.
        let origin = RowOrigin {
            split: "long_term".to_owned(),
            parts: PartSet::train(),
            digest: RowDigest::default(),
        };
        Ok(Self { items: EmbeddingTable::new(n_items, dim, values)?, user, origin })
    }

    /// The vectors as the training reads them.
    pub(super) fn tables(&self) -> Result<TrainingTables> {
        let contexts = EmbeddingTable::new(1, self.user.len(), self.user.clone())?;
        Ok(TrainingTables::new(&self.items, &contexts, self.additions(), self.origin.clone())?)
    }
}

impl EmbeddingSpace for Vectors {
    fn items(&self) -> &EmbeddingTable {
        &self.items
    }

    fn fold_in(&self, _history: &[Observed]) -> Vec<f32> {
        self.user.clone()
    }

    fn additions(&self) -> Option<&EmbeddingTable> {
        None
    }

    fn origin(&self) -> &RowOrigin {
        &self.origin
    }
}

/// The return of one session in which `recommender` chooses every item, undiscounted. The world draws nothing, so one
/// session tells all.
pub(super) fn return_of(recommender: &dyn Recommender, world: &mut LongTermEnvironment) -> Result<f64> {
    play(world, &mut drr_core::Seeds(0).stream("unused"), |world, history, _| {
        let query = Query {
            user: drr_core::UserIdx(0),
            history: history.to_vec(),
            allowed: world.candidates().clone(),
        };
        let lists = recommender.recommend(&[query], 1)?;
        let first = lists.first().and_then(|list| list.first());
        Ok(first.context("nothing was recommended")?.item)
    })
}

/// The mean return of sessions of random candidates, undiscounted.
pub(super) fn random_return(
    world: &mut LongTermEnvironment,
    n_sessions: usize,
    random: &mut RandomStream,
) -> Result<f64> {
    let mut total = 0.0;
    for _ in 0..n_sessions {
        total += play(world, random, |world, _, random| {
            let candidates: Vec<ItemIdx> = world.candidates().iter().collect();
            Ok(candidates[random.random_range(0..candidates.len())])
        })?;
    }
    Ok(total / n_sessions as f64)
}

/// Plays one session; `choose` is told the accepted items so far, oldest first.
fn play(
    world: &mut LongTermEnvironment,
    random: &mut RandomStream,
    mut choose: impl FnMut(&LongTermEnvironment, &[Observed], &mut RandomStream) -> Result<ItemIdx>,
) -> Result<f64> {
    world.reset(random)?;
    let (mut history, mut total) = (Vec::new(), 0.0);
    loop {
        let item = choose(world, &history, random)?;
        let step = world.step(item)?;
        total += f64::from(step.reward);
        history.push(Observed { item, rating: step.reward, timestamp: history.len() as i64 });
        if step.terminated || step.truncated {
            return Ok(total);
        }
    }
}
