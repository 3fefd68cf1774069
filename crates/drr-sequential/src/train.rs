//! The training loop.

use crate::dropout::Dropout;
use crate::network::Network;
use crate::sequences::{Sequences, Shard, shards};
use crate::{SequentialConfig, SequentialError, SequentialRecommender};
use candle_core::backprop::GradStore;
use drr_core::{ItemIdx, Recommender, Seeds};
use drr_nn::{Adam, AdamConfig};
use rand::Rng;
use rayon::prelude::*;

/// Longer gradients are scaled down to this norm.
const MAX_GRADIENT_NORM: f64 = 5.0;
/// The last epoch's share of the learning rate.
const LAST_RATE: f64 = 0.1;

/// What the caller of a fit may watch and decide. Everything has a default, and `()` is no hook at all.
pub trait SequentialHooks {
    /// Asked before each update, with its epoch counted from 0: whether to stop now.
    fn should_stop(&mut self, _epoch: usize) -> bool {
        false
    }

    /// Told after each update: how many of all updates are done.
    fn progress(&mut self, _done: usize, _total: usize) {}

    /// Judges the recommender after each epoch, larger is better; the parameters of the best epoch are kept. `None`
    /// keeps the last ones.
    fn validate(&mut self, _recommender: &dyn Recommender) -> Option<f64> {
        None
    }
}

impl SequentialHooks for () {}

/// One fit.
pub(crate) struct Trainer<'a> {
    pub(crate) sequences: &'a Sequences,
    pub(crate) config: &'a SequentialConfig,
    pub(crate) seeds: Seeds,
}

impl Trainer<'_> {
    /// Trains `recommender` in place.
    pub(crate) fn run(
        &self,
        recommender: &SequentialRecommender,
        hooks: &mut dyn SequentialHooks,
    ) -> Result<(), SequentialError> {
        let network = recommender.network();
        let mut adam = self.optimizer(network, 0);
        let total = self.config.n_epochs * self.sequences.len().div_ceil(self.config.batch_size);
        let mut done = 0;
        let mut best: Option<(f64, Vec<_>)> = None;
        for epoch in 0..self.config.n_epochs {
            let moments = adam.to_arrays();
            adam = self.optimizer(network, epoch);
            adam.load_arrays(&moments)?;
            let mut order = self.seeds.stream(&format!("windows.{epoch}"));
            let windows = self.sequences.windows(self.config.max_length + 1, &mut order);
            for (at, batch) in windows.chunks(self.config.batch_size).enumerate() {
                if hooks.should_stop(epoch) {
                    return restore(network, best);
                }
                self.update(network, &mut adam, batch, epoch, at)?;
                done += 1;
                hooks.progress(done, total);
            }
            if let Some(score) = hooks.validate(recommender)
                && best.as_ref().is_none_or(|(best, _)| score > *best)
            {
                best = Some((score, network.parameters.to_arrays("")?));
            }
        }
        restore(network, best)
    }

    /// An optimizer with the epoch's learning rate.
    #[expect(clippy::cast_precision_loss, reason = "epochs are far below 2^53")]
    fn optimizer(&self, network: &Network, epoch: usize) -> Adam {
        let passed = epoch as f64 / self.config.n_epochs.saturating_sub(1).max(1) as f64;
        let cosine = 0.5 * (1.0 + (passed * std::f64::consts::PI).cos());
        let config = AdamConfig {
            learning_rate: self.config.learning_rate * (LAST_RATE + (1.0 - LAST_RATE) * cosine),
            l2: self.config.l2,
            max_gradient_norm: MAX_GRADIENT_NORM,
        };
        Adam::new("sequential", network.parameters.clone(), config)
    }

    /// One step along the gradient of a batch: the shards' gradients, added in the shards' order.
    fn update(
        &self,
        network: &Network,
        adam: &mut Adam,
        batch: &[&[ItemIdx]],
        epoch: usize,
        at: usize,
    ) -> Result<(), SequentialError> {
        let n_positions: usize = batch.iter().map(|window| window.len() - 1).sum();
        #[expect(clippy::cast_precision_loss, reason = "a batch has far fewer than 2^24 positions")]
        let scale = 1.0 / n_positions as f32;
        let shards = shards(batch);
        let parts: Vec<Result<(f64, GradStore), SequentialError>> = shards
            .par_iter()
            .enumerate()
            .map(|(number, shard)| self.gradients(network, shard, scale, &format!("{epoch}.{at}.{number}")))
            .collect();
        let (mut loss, mut sum) = (0.0, None);
        for part in parts {
            let (part_loss, part) = part?;
            loss += part_loss;
            sum = Some(match sum {
                None => part,
                Some(sum) => add(network, sum, &part)?,
            });
        }
        if !loss.is_finite() {
            return Err(SequentialError::NotFinite { loss, epoch });
        }
        if let Some(gradients) = sum {
            adam.step(&gradients)?;
        }
        Ok(())
    }

    /// The loss of one shard and its gradients.
    fn gradients(
        &self,
        network: &Network,
        shard: &Shard<'_>,
        scale: f32,
        name: &str,
    ) -> Result<(f64, GradStore), SequentialError> {
        let mut dropout = Dropout::new(self.config.dropout, self.seeds.stream(&format!("dropout.{name}")));
        let loss = network.loss(shard, self.negatives(network, name), scale, &mut dropout)?;
        Ok((f64::from(loss.to_scalar::<f32>()?), loss.backward()?))
    }

    /// Items drawn uniformly, with repeats.
    fn negatives(&self, network: &Network, name: &str) -> Vec<u32> {
        let n_items = ItemIdx::from(network.n_items()).0;
        let mut stream = self.seeds.stream(&format!("negatives.{name}"));
        (0..self.config.n_negatives).map(|_| stream.random_range(0..n_items)).collect()
    }
}

/// Adds `more` to the gradients of all parameters.
fn add(network: &Network, mut sum: GradStore, more: &GradStore) -> Result<GradStore, SequentialError> {
    for (_, variable) in network.parameters.iter() {
        let parameter = variable.as_tensor();
        if let Some(more) = more.get(parameter) {
            let both = match sum.get(parameter) {
                Some(sum) => (sum + more)?,
                None => more.clone(),
            };
            sum.insert(parameter, both);
        }
    }
    Ok(sum)
}

/// Sets the best epoch's parameters, if any was judged.
fn restore(
    network: &Network,
    best: Option<(f64, Vec<drr_store::NamedArray>)>,
) -> Result<(), SequentialError> {
    if let Some((_, arrays)) = best {
        network.parameters.load_arrays("", &arrays)?;
    }
    Ok(())
}
