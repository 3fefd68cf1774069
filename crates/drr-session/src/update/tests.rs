//! Both paths against each other, and the fast one against finite differences of the losses written out in double precision.

use super::*;
use crate::rollout::End;
use crate::space::{SessionSpace, SessionUser};
use drr_core::{EmbeddingTable, ItemIdx, ItemSet, Observed, PartSet, RowDigest, RowOrigin};
use drr_store::Values;

const DIM: usize = 3;
const N_STATE: usize = 5;
const N_ITEMS: usize = 71;

/// Numbers without a pattern in `[-1, 1]`.
fn some(n: usize, salt: usize) -> Vec<f32> {
    (0..n).map(|at| ((at * 7919 + salt * 104_729) % 2003) as f32 / 1001.0 - 1.0).collect()
}

struct Space {
    items: EmbeddingTable,
    candidates: ItemSet,
    origin: RowOrigin,
}

impl SessionSpace for Space {
    fn items(&self) -> &EmbeddingTable {
        &self.items
    }

    fn candidates(&self) -> &ItemSet {
        &self.candidates
    }

    fn n_features(&self) -> usize {
        1
    }

    fn user(&self, known: &[Observed]) -> SessionUser {
        let salt = known.len();
        SessionUser { features: vec![salt as f32], base: some(DIM, 40 + salt) }
    }

    fn origin(&self) -> &RowOrigin {
        &self.origin
    }
}

fn tables() -> SessionTables {
    let odd = (0..N_ITEMS).filter(|item| item % 9 != 4).map(ItemIdx::from);
    let space = Space {
        items: EmbeddingTable::new(N_ITEMS, DIM, some(N_ITEMS * DIM, 1)).unwrap(),
        candidates: ItemSet::from_items(N_ITEMS, odd),
        origin: RowOrigin { split: String::new(), parts: PartSet::train(), digest: RowDigest::of(&[]) },
    };
    let known = Observed { item: ItemIdx(0), rating: 4.0, timestamp: 0 };
    SessionTables::new(&space, [&[][..], &[known][..]]).unwrap()
}

fn config() -> SessionAgentConfig {
    SessionAgentConfig {
        hidden: vec![6, 4],
        temperature: 4.0,
        multiplier: 0.4,
        entropy_weight: 0.05,
        minibatch_size: 150,
        max_gradient_norm: 0.0,
        ..SessionAgentConfig::default()
    }
}

fn shapes() -> Shapes {
    Shapes::new(&config(), N_STATE, DIM)
}

/// Steps with states, exclusions and choices without a pattern; their old probabilities lie on both sides of the clip.
fn rollout(tables: &SessionTables, n_rows: usize) -> Rollout {
    let n_candidates = tables.candidates().len();
    let mut rollout = Rollout::new(n_rows, N_STATE, n_candidates);
    rollout.states = some(n_rows * N_STATE, 2);
    rollout.advantages = some(n_rows, 3);
    rollout.targets = some(n_rows, 4);
    for row in 0..n_rows {
        rollout.contexts[row] = (row % 2) as u32;
        rollout.chosen[row] = (row * 13 % n_candidates) as u32;
        let mut words = vec![0; n_candidates.div_ceil(64)];
        for candidate in (row % 4..n_candidates).step_by(5) {
            if candidate as u32 != rollout.chosen[row] {
                words[candidate / 64] |= 1 << (candidate % 64);
            }
        }
        rollout.exclude(row, &words);
        rollout.log_probabilities[row] = -4.0 + some(n_rows, 5)[row] * 0.6;
    }
    assert!(rollout.ends.iter().all(|end| *end == End::GoesOn));
    rollout
}

fn rows(n_rows: usize) -> Vec<u32> {
    (0..n_rows as u32).rev().collect()
}

/// A fast path with parameters that are nowhere zero.
fn fast(tables: &SessionTables) -> FastPath {
    let mut path = FastPath::new(&config(), &shapes(), tables.candidates().len(), Seeds(5)).unwrap();
    let FlatNetworks { actor, critic } = path.networks_mut();
    *actor = some(actor.len(), 6).iter().map(|value| value * 0.7).collect();
    *critic = some(critic.len(), 7);
    path
}

/// The outputs of a network of the test's shape, written out.
fn network(values: &[f64], state: &[f64], n_out: usize) -> Vec<f64> {
    let (mut at, mut inputs) = (0, state.to_vec());
    for (nth, width) in [6, 4, n_out].into_iter().enumerate() {
        let (weights, biases) = (at, at + inputs.len() * width);
        let output = |to: usize| {
            let products = inputs.iter().enumerate();
            let sum: f64 = products.map(|(from, input)| input * values[weights + from * width + to]).sum();
            let sum = sum + values[biases + to];
            if nth < 2 { sum.max(0.0) } else { sum }
        };
        let outputs = (0..width).map(output).collect();
        at = biases + width;
        inputs = outputs;
    }
    inputs
}

/// The actor's loss of a batch, written out in double precision.
fn actor_loss(actor: &[f64], batch: Minibatch<'_>) -> f64 {
    let (config, Minibatch { rollout, rows, tables }) = (config(), batch);
    let skip = actor.len() - N_STATE * DIM;
    let mut loss = 0.0;
    for row in rows.iter().map(|row| *row as usize) {
        let state: Vec<f64> = rollout.state(row).iter().map(|value| f64::from(*value)).collect();
        let base = tables.base(rollout.contexts[row] as usize);
        let z = network(&actor[..skip], &state, DIM);
        let action = |at: usize| {
            let skipped: f64 =
                state.iter().enumerate().map(|(from, it)| it * actor[skip + from * DIM + at]).sum();
            f64::from(base[at])
                + f64::from(config.bound) * (f64::from(config.multiplier) * (z[at] + skipped)).tanh()
        };
        let action: Vec<f64> = (0..DIM).map(action).collect();
        let weight = |(candidate, vector): (usize, &[f32])| {
            if rollout.excluded(row)[candidate / 64] >> (candidate % 64) & 1 == 1 {
                return 0.0;
            }
            let score: f64 = vector.iter().zip(&action).map(|(item, action)| f64::from(*item) * action).sum();
            (score / f64::from(config.temperature)).exp()
        };
        let weights: Vec<f64> =
            tables.candidate_vectors().chunks_exact(DIM).enumerate().map(weight).collect();
        let sum: f64 = weights.iter().sum();
        let probabilities = weights.iter().map(|weight| weight / sum).filter(|it| *it > 0.0);
        let entropy = -probabilities.map(|it| it * it.ln()).sum::<f64>();
        let chosen = weights[rollout.chosen[row] as usize] / sum;
        let ratio = chosen / f64::from(rollout.log_probabilities[row]).exp();
        let advantage = f64::from(rollout.advantages[row]);
        let held = ratio.clamp(1.0 - config.clip, 1.0 + config.clip) * advantage;
        loss -= (ratio * advantage).min(held) + config.entropy_weight * entropy;
    }
    loss / rows.len() as f64
}

/// The critic's loss of a batch, written out.
fn critic_loss(critic: &[f64], batch: Minibatch<'_>) -> f64 {
    let loss = |row: &u32| {
        let state: Vec<f64> =
            batch.rollout.state(*row as usize).iter().map(|value| f64::from(*value)).collect();
        0.5 * (network(critic, &state, 1)[0] - f64::from(batch.rollout.targets[*row as usize])).powi(2)
    };
    batch.rows.iter().map(loss).sum::<f64>() / batch.rows.len() as f64
}

fn differences(values: &[f32], loss: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let exact: Vec<f64> = values.iter().map(|value| f64::from(*value)).collect();
    let moved = |at: usize, by: f64| {
        let mut values = exact.clone();
        values[at] += by;
        loss(&values)
    };
    (0..values.len()).map(|at| (moved(at, 1e-6) - moved(at, -1e-6)) / 2e-6).collect()
}

#[test]
fn the_fast_gradients_equal_finite_differences_of_the_losses_written_out() {
    let tables = tables();
    let rollout = rollout(&tables, 150);
    let rows = rows(150);
    let batch = Minibatch { rollout: &rollout, rows: &rows, tables: &tables };
    let mut path = fast(&tables);
    let FlatNetworks { actor, critic } = path.networks().clone();
    let sums = path.gradients(batch);
    assert!(sums.n_clipped > 30.0 && sums.n_clipped < 120.0, "both sides of the clip: {sums:?}");
    let loss = (sums.policy_loss - config().entropy_weight * sums.entropy) / sums.n_rows;
    let exact: Vec<f64> = actor.iter().map(|value| f64::from(*value)).collect();
    assert!((loss - actor_loss(&exact, batch)).abs() < 1e-5, "{loss}");
    let (of_actor, of_critic) = path.optimizers_gradients();
    for (name, found, expected) in [
        ("actor", of_actor, differences(&actor, |values| actor_loss(values, batch))),
        ("critic", of_critic, differences(&critic, |values| critic_loss(values, batch))),
    ] {
        let norm = expected.iter().map(|value| value * value).sum::<f64>().sqrt();
        assert!(norm > 0.01, "{name}: {norm}");
        for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
            assert!((f64::from(*found) - expected).abs() < 1e-4 * norm, "{name} {at}: {found} {expected}");
        }
    }
}

fn updates(path: &mut dyn UpdatePath, tables: &SessionTables, n_updates: u64) -> UpdateSums {
    let rollout = rollout(tables, 150);
    let mut last = UpdateSums::default();
    for update in 0..n_updates {
        let rows = rows(if update % 2 == 0 { 150 } else { 20 });
        last = path.update(Minibatch { rollout: &rollout, rows: &rows, tables }, update, 0).unwrap();
    }
    last
}

fn near(left: &[NamedArray], right: &[NamedArray], tolerance: f32) {
    for array in left {
        let other = right.iter().find(|other| other.name == array.name).expect("the same arrays");
        match (&array.values, &other.values) {
            (Values::F32(left), Values::F32(right)) => {
                for (left, right) in left.iter().zip(right) {
                    assert!((left - right).abs() <= tolerance, "{}: {left} {right}", array.name);
                }
            }
            (left, right) => assert_eq!(left, right),
        }
    }
}

#[test]
fn both_paths_make_the_same_updates_and_say_the_same_of_them() {
    let tables = tables();
    let mut one = fast(&tables);
    let mut two = ComposedPath::new(&config(), &shapes(), Seeds(6)).unwrap();
    two.load_arrays(&one.to_arrays().unwrap()).unwrap();
    let (left, right) = (updates(&mut one, &tables, 6), updates(&mut two, &tables, 6));
    let figures = |sums: UpdateSums| {
        [sums.n_rows, sums.policy_loss, sums.value_loss, sums.entropy, sums.n_clipped, sums.divergence]
    };
    for (left, right) in figures(left).into_iter().zip(figures(right)) {
        assert!((left - right).abs() < 1e-3 * left.abs().max(1.0), "{left} {right}");
    }
    near(&one.to_arrays().unwrap(), &two.to_arrays().unwrap(), 2e-4);
    near(&two.to_arrays().unwrap(), &one.to_arrays().unwrap(), 2e-4);
}

#[test]
fn fresh_networks_are_the_same_on_both_paths() {
    let tables = tables();
    let one = FastPath::new(&config(), &shapes(), tables.candidates().len(), Seeds(5)).unwrap();
    let two = ComposedPath::new(&config(), &shapes(), Seeds(5)).unwrap();
    assert_eq!(one.networks(), two.networks());
}

#[test]
fn an_update_is_the_same_bit_for_bit_on_one_thread_and_on_three() {
    let tables = tables();
    let all = |n_threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| {
            let mut path = fast(&tables);
            updates(&mut path, &tables, 3);
            path.to_arrays().unwrap()
        })
    };
    assert_eq!(all(1), all(3));
}

#[test]
fn a_value_that_is_not_finite_stops_the_update_and_moves_nothing() {
    let tables = tables();
    let mut rollout = rollout(&tables, 20);
    rollout.advantages[3] = f32::NAN;
    let mut path = fast(&tables);
    let before = path.to_arrays().unwrap();
    let rows = rows(20);
    let batch = Minibatch { rollout: &rollout, rows: &rows, tables: &tables };
    let refused = path.update(batch, 7, 9).unwrap_err().to_string();
    assert!(refused.contains("update 7, environment step 9"), "{refused}");
    assert_eq!(path.to_arrays().unwrap(), before);
}
