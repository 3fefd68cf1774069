//! The supervised anchor of the actor: behaviour cloning by a softmax over all items, beside the critic's gradient (in the
//! manner of TD3+BC: Fujimoto and Gu 2021).

use super::ComposedLearner;
use crate::AnchorConfig;
use crate::flat::with_values;
use candle_core::{Device, Tensor};
use drr_core::{ContextIdx, ItemIdx};
use drr_kernels::matmul::{add_product, input_gradient};
use drr_kernels::{LANES, Panels, softmax};
use drr_learn::{LearnError, TrainingTables};
use drr_replay::Batch;

/// The anchor's loss and its gradient.
pub(super) struct Anchored {
    /// The mean over the rows with positives.
    pub loss: f64,
    /// With respect to the actions, `[B, D]`.
    pub gradients: Tensor,
    /// The share of the rows that have positives.
    pub share: f64,
}

/// What the anchor computes in, kept from update to update.
#[derive(Debug)]
pub(super) struct Buffers {
    actions: Panels,
    scores: Panels,
    gradients: Panels,
}

impl Buffers {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        let empty = || Panels::zeros(0, 1);
        Self { actions: empty(), scores: empty(), gradients: empty() }
    }

    /// Makes room, takes actions `[B, D]`, and sets the gradients to zero.
    fn resize(&mut self, actions: &[f32], n_rows: usize, n_items: usize, dim: usize) {
        self.actions.reshape(n_rows, dim);
        self.scores.reshape(n_rows, n_items);
        self.gradients.reshape(n_rows, dim);
        self.gradients.values_mut().fill(0.0);
        for (row, action) in actions.chunks_exact(dim).enumerate() {
            self.actions.write_row(row, 0, action);
        }
    }
}

/// Below this a batch's mean `|Q|` says that the critic knows nothing yet, and is not divided by.
const LEAST_SIZE: f64 = 1e-3;

/// What the value term is multiplied by: its weight, divided by the mean `|Q|` of the batch (Fujimoto and Gu 2021),
/// so that one weight of the anchor means the same for rewards of any size.
pub(super) fn value_factor(config: &AnchorConfig, values: &Tensor) -> Result<f64, LearnError> {
    let size = super::scalar(&values.detach().abs()?.mean_all()?)?;
    Ok(f64::from(config.value_weight) / size.max(LEAST_SIZE))
}

impl ComposedLearner {
    /// The anchor's loss for the actions `[B, D]` in the states of a batch.
    pub(super) fn anchor_term(
        &mut self,
        config: &AnchorConfig,
        batch: &Batch,
        tables: &TrainingTables,
        actions: &Tensor,
    ) -> Result<Anchored, LearnError> {
        let positives: Vec<Vec<ItemIdx>> = (0..batch.rewards.len())
            .map(|row| self.draws.some_of(open_positives(batch, tables, row), config.n_positives))
            .collect();
        cross_entropy(actions, &self.online.items, &positives, config.temperature, &mut self.anchoring)
    }
}

/// The positives of a row's user that are neither in the history nor recommended before this step.
fn open_positives(batch: &Batch, tables: &TrainingTables, row: usize) -> Vec<ItemIdx> {
    let window = batch.observations.history_length();
    let length = batch.observations.lengths[row] as usize;
    let history = &batch.observations.histories[row * window..][..length];
    // The last of what was recommended is the step's own item, which is still open.
    let own = ItemIdx(batch.items[row]);
    let is_open = |item: &&ItemIdx| {
        **item == own || !(history.contains(&item.0) || batch.recommended(row).contains(item))
    };
    tables.positives(ContextIdx(batch.observations.contexts[row])).iter().filter(is_open).copied().collect()
}

/// `mean_b mean_{i in positives_b} -log softmax_i(e_i . a_b / temperature)` over all items `[I, D]` for actions `[B, D]`;
/// rows without positives count nothing.
///
/// The gradient is written out, `(softmax - share of positives) e / temperature`: two products where the automatic one
/// takes three.
fn cross_entropy(
    actions: &Tensor,
    items: &Tensor,
    positives: &[Vec<ItemIdx>],
    temperature: f32,
    buffers: &mut Buffers,
) -> Result<Anchored, LearnError> {
    let (n_items, dim) = items.dims2()?;
    let n_rows = positives.len();
    with_values(actions, |actions| buffers.resize(actions, n_rows, n_items, dim))?;
    let Buffers { actions, scores, gradients } = buffers;
    with_values(items, |items| input_gradient(items, 0..n_items, actions, scores))?;
    let n_anchored = positives.iter().filter(|positives| !positives.is_empty()).count();
    #[expect(clippy::cast_precision_loss, reason = "a mean needs no exact count")]
    let (share_of_row, share) = (1.0 / n_anchored.max(1) as f64, n_anchored as f64 / n_rows.max(1) as f64);
    let mut loss = 0.0;
    for (at, positives) in positives.chunks(LANES).enumerate() {
        loss += share_of_row * panel_gradient(scores.panel_mut(at), positives, temperature, share_of_row);
    }
    with_values(items, |items| add_product(items, dim, scores, gradients, 0))?;
    let gradients = Tensor::from_vec(gradients.to_rows(), (n_rows, dim), &Device::Cpu)?;
    Ok(Anchored { loss, gradients, share })
}

/// Puts the gradients, times `factor`, in place of a panel of scores `[I][16]`, and returns the sum of its rows' losses.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "single precision gradients"
)]
fn panel_gradient(
    scores: &mut [[f32; LANES]],
    positives: &[Vec<ItemIdx>],
    temperature: f32,
    factor: f64,
) -> f64 {
    let scale = factor / f64::from(temperature);
    let mut factors = [0.0; LANES];
    let mut loss = 0.0;
    for ((lane, positives), factor) in positives.iter().enumerate().zip(&mut factors) {
        if !positives.is_empty() {
            let sum: f64 = positives.iter().map(|item| f64::from(scores[item.index()][lane])).sum();
            loss -= sum / positives.len() as f64 / f64::from(temperature);
            *factor = scale as f32;
        }
    }
    let logarithms = softmax(scores, temperature, &factors);
    for ((lane, positives), logarithm) in positives.iter().enumerate().zip(logarithms) {
        if !positives.is_empty() {
            loss += logarithm;
        }
        let each = (scale / positives.len() as f64) as f32;
        positives.iter().for_each(|item| scores[item.index()][lane] -= each);
    }
    loss
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items() -> Tensor {
        Tensor::new(&[[1.0_f32, 0.0], [0.0, 1.0], [1.0, 1.0]], &Device::Cpu).unwrap()
    }

    fn loss(action: [f32; 2], positives: &[Vec<ItemIdx>], temperature: f32) -> Anchored {
        let rows: Vec<f32> = positives.iter().flat_map(|_| action).collect();
        let actions = Tensor::from_vec(rows, (positives.len(), 2), &Device::Cpu).unwrap();
        cross_entropy(&actions, &items(), positives, temperature, &mut Buffers::new()).unwrap()
    }

    #[test]
    fn the_loss_is_the_softmax_over_all_items_and_rows_without_positives_count_nothing() {
        // The products of (1, 0) are 1, 0 and 1.
        let term = loss([1.0, 0.0], &[vec![ItemIdx(0)], vec![]], 1.0);
        let expected = (2.0 * 1.0_f64.exp() + 1.0).ln() - 1.0;
        assert!((term.loss - expected).abs() < 1e-6, "{}", term.loss);
        assert!((term.share - 0.5).abs() < 1e-12);
        assert_eq!(term.gradients.to_vec2::<f32>().unwrap()[1], [0.0, 0.0]);
        assert_eq!(loss([1.0, 0.0], &[vec![]], 1.0).loss.to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        let positives = [vec![ItemIdx(0), ItemIdx(1)], vec![], vec![ItemIdx(2)]];
        let action = [0.4_f32, -0.7];
        let gradients = loss(action, &positives, 0.7).gradients.to_vec2::<f32>().unwrap();
        for at in 0..2 {
            let moved = |shift: f32| {
                let mut action = action;
                action[at] += shift;
                loss(action, &positives, 0.7).loss
            };
            let difference = (moved(1e-2) - moved(-1e-2)) / 2e-2;
            let ours: f32 = gradients.iter().map(|row| row[at]).sum();
            assert!((f64::from(ours) - difference).abs() < 1e-3, "{ours} {difference}");
        }
    }

    #[test]
    fn a_value_is_divided_by_the_size_of_all() {
        let config = AnchorConfig { weight: 1.0, temperature: 1.0, n_positives: 1, value_weight: 3.0 };
        let factor =
            |values: &[f32]| value_factor(&config, &Tensor::new(values, &Device::Cpu).unwrap()).unwrap();
        assert!((factor(&[2.0, -4.0]) - 1.0).abs() < 1e-6);
        assert!((factor(&[0.0, 0.0]) - 3000.0).abs() < 1e-6, "nothing is divided by zero");
    }
}
