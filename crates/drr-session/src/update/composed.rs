//! The update on tensors: every gradient is Candle's own.

use super::{ACTOR_OPTIMIZER, CRITIC_OPTIMIZER, Minibatch, UpdatePath, UpdateSums, adam};
use crate::networks::{FlatNetworks, Shapes, TensorNetworks};
use crate::pass::bits;
use crate::{SessionAgentConfig, SessionError};
use candle_core::{D, Device, Tensor};
use drr_core::Seeds;
use drr_nn::Adam;
use drr_store::NamedArray;

/// What stands for an excluded candidate's logit: its exponential is 0, and its product with 0 is a number.
const NEVER: f32 = -1e9;

#[derive(Debug)]
pub(crate) struct ComposedPath {
    config: SessionAgentConfig,
    shapes: Shapes,
    tensors: TensorNetworks,
    /// The same parameters on flat arrays, for acting.
    networks: FlatNetworks,
    actor_optimizer: Adam,
    critic_optimizer: Adam,
}

/// The tensors of a minibatch.
struct Inputs {
    /// `[B, S]`.
    states: Tensor,
    /// `[B, D]`.
    bases: Tensor,
    /// `[D, C]`.
    candidates: Tensor,
    /// 0, or [`NEVER`] for the excluded, `[B, C]`.
    excluded: Tensor,
    /// `[B, 1]`.
    chosen: Tensor,
    /// `[B]` each.
    log_probabilities: Tensor,
    advantages: Tensor,
    targets: Tensor,
}

impl ComposedPath {
    /// Fresh networks.
    pub(crate) fn new(
        config: &SessionAgentConfig,
        shapes: &Shapes,
        seeds: Seeds,
    ) -> Result<Self, SessionError> {
        let tensors = TensorNetworks::new(config, shapes.n_state, shapes.dim, seeds)?;
        let (actor, critic) = (tensors.actor_parameters.clone(), tensors.critic_parameters.clone());
        Ok(Self {
            networks: FlatNetworks::from_arrays(shapes, "", &tensors.to_arrays("")?)?,
            tensors,
            actor_optimizer: Adam::new(ACTOR_OPTIMIZER, actor, adam(config)),
            critic_optimizer: Adam::new(CRITIC_OPTIMIZER, critic, adam(config)),
            shapes: shapes.clone(),
            config: config.clone(),
        })
    }

    /// The mean over the batch of the clipped objective less the weighted entropy, and the sums of the steps.
    fn actor_loss(&self, inputs: &Inputs) -> Result<(Tensor, UpdateSums), SessionError> {
        let SessionAgentConfig { bound, multiplier, temperature, clip, entropy_weight, .. } = self.config;
        let z = self.tensors.actor(&inputs.states)?;
        let corrections = ((z * f64::from(multiplier))?.tanh()? * f64::from(bound))?;
        let actions = (&inputs.bases + corrections)?; // [B, D]
        let logits = ((actions.matmul(&inputs.candidates)? / f64::from(temperature))? + &inputs.excluded)?; // [B, C]
        let shifted = logits.broadcast_sub(&logits.max_keepdim(D::Minus1)?.detach())?;
        let log_sums = shifted.exp()?.sum_keepdim(D::Minus1)?.log()?;
        let logarithms = shifted.broadcast_sub(&log_sums)?;
        let entropies = (logarithms.exp()? * &logarithms)?.sum(D::Minus1)?.neg()?; // [B]
        let of_chosen = logarithms.gather(&inputs.chosen, 1)?.squeeze(1)?;
        let log_ratios = (of_chosen - &inputs.log_probabilities)?;
        let ratios = log_ratios.exp()?;
        let free = (&ratios * &inputs.advantages)?;
        let held = (ratios.clamp(1.0 - clip, 1.0 + clip)? * &inputs.advantages)?;
        let objectives = free.minimum(&held)?.neg()?; // [B]
        let loss = (objectives.mean_all()? - (entropies.mean_all()? * entropy_weight)?)?;
        let mut sums = UpdateSums { policy_loss: total(&objectives)?, ..UpdateSums::default() };
        sums.entropy = total(&entropies)?;
        log_ratios.to_vec1::<f32>()?.iter().for_each(|it| sums.add_ratio(f64::from(*it), clip));
        sums.n_rows = ratios.elem_count() as f64;
        Ok((loss, sums))
    }
}

fn total(values: &Tensor) -> Result<f64, SessionError> {
    Ok(f64::from(values.sum_all()?.to_scalar::<f32>()?))
}

impl Inputs {
    fn new(batch: Minibatch<'_>) -> Result<Self, SessionError> {
        let Minibatch { rollout, rows, tables } = batch;
        let (n_rows, n_candidates, dim) = (rows.len(), tables.candidates().len(), tables.items().dim());
        let each = |row: &u32| *row as usize;
        let (mut states, mut bases) = (Vec::new(), Vec::new());
        let mut excluded = vec![0.0_f32; n_rows * n_candidates];
        for (row, excluded) in rows.iter().map(each).zip(excluded.chunks_exact_mut(n_candidates)) {
            states.extend_from_slice(rollout.state(row));
            bases.extend_from_slice(tables.base(rollout.contexts[row] as usize));
            bits(rollout.excluded(row)).for_each(|candidate| excluded[candidate] = NEVER);
        }
        let n_state = states.len() / n_rows;
        let column = |values: &[f32]| -> Result<Tensor, SessionError> {
            let values: Vec<f32> = rows.iter().map(|row| values[each(row)]).collect();
            Ok(Tensor::from_vec(values, n_rows, &Device::Cpu)?)
        };
        let chosen: Vec<u32> = rows.iter().map(|row| rollout.chosen[each(row)]).collect();
        let candidates = Tensor::from_slice(tables.candidate_vectors(), (n_candidates, dim), &Device::Cpu)?;
        Ok(Self {
            states: Tensor::from_vec(states, (n_rows, n_state), &Device::Cpu)?,
            bases: Tensor::from_vec(bases, (n_rows, dim), &Device::Cpu)?,
            candidates: candidates.t()?.contiguous()?,
            excluded: Tensor::from_vec(excluded, (n_rows, n_candidates), &Device::Cpu)?,
            chosen: Tensor::from_vec(chosen, (n_rows, 1), &Device::Cpu)?,
            log_probabilities: column(&rollout.log_probabilities)?,
            advantages: column(&rollout.advantages)?,
            targets: column(&rollout.targets)?,
        })
    }
}

impl UpdatePath for ComposedPath {
    fn name(&self) -> &'static str {
        "composed"
    }

    fn networks(&self) -> &FlatNetworks {
        &self.networks
    }

    fn set_rate_factor(&mut self, factor: f64) {
        self.actor_optimizer.set_rate_factor(factor);
        self.critic_optimizer.set_rate_factor(factor);
    }

    fn update(&mut self, batch: Minibatch<'_>, update: u64, step: u64) -> Result<UpdateSums, SessionError> {
        let inputs = Inputs::new(batch)?;
        let (actor_loss, mut sums) = self.actor_loss(&inputs)?;
        let errors = (self.tensors.critic(&inputs.states)? - &inputs.targets)?;
        let value_losses = (errors.sqr()? * 0.5)?;
        sums.value_loss = total(&value_losses)?;
        sums.check(update, step)?;
        self.actor_optimizer.step(&actor_loss.backward()?)?;
        self.critic_optimizer.step(&value_losses.mean_all()?.backward()?)?;
        self.networks = FlatNetworks::from_arrays(&self.shapes, "", &self.tensors.to_arrays("")?)?;
        Ok(sums)
    }

    fn to_arrays(&self) -> Result<Vec<NamedArray>, SessionError> {
        let mut arrays = self.tensors.to_arrays("")?;
        arrays.extend(self.actor_optimizer.to_arrays());
        arrays.extend(self.critic_optimizer.to_arrays());
        Ok(arrays)
    }

    fn load_arrays(&mut self, arrays: &[NamedArray]) -> Result<(), SessionError> {
        self.tensors.load_arrays("", arrays)?;
        self.networks = FlatNetworks::from_arrays(&self.shapes, "", arrays)?;
        self.actor_optimizer.load_arrays(arrays)?;
        Ok(self.critic_optimizer.load_arrays(arrays)?)
    }
}
