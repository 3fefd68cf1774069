//! One path of the update against the other.

use super::*;
use crate::{ActionBase, ActionConfig, SlateReward, StateKind};
use drr_core::{
    ContextIdx, EmbeddingTable, ItemIdx, ItemSet, Observation, PartSet, RandomStream, RowDigest, RowOrigin,
    UserIdx,
};
use drr_learn::ExplorationConfig;
use drr_nn::AdamConfig;
use drr_replay::{Replay, ReplayConfig, Sizes, Transition};
use drr_store::Values;
use rand::Rng;

pub(crate) const DIM: usize = 6;
pub(crate) const WINDOW: usize = 4;
pub(crate) const N_ITEMS: usize = 50;
const BATCH: usize = 21;

pub(crate) fn config() -> AgentConfig {
    let optimizer =
        |learning_rate, max_gradient_norm| AdamConfig { learning_rate, l2: 1e-3, max_gradient_norm };
    AgentConfig {
        state: StateKind::DrrAve,
        features: false,
        actor_hidden: [12, 10],
        critic_hidden: [11, 9],
        action: ActionConfig { base: ActionBase::User, scale: 0.7, first_bound: 0.5 },
        replay_action: ReplayAction::Proto,
        slate: 1,
        slate_reward: SlateReward::Mean,
        discount: 0.9,
        tau: 0.1,
        batch_size: BATCH,
        actor_optimizer: optimizer(1e-3, 0.0),
        critic_optimizer: optimizer(2e-3, 0.5),
        actor_optimizer_schedule: None,
        critic_optimizer_schedule: None,
        served: Served::Online,
        actor_moves_state: false,
        fine_tune_items: false,
        replay: ReplayConfig::prioritized(200, 100),
        exploration: ExplorationConfig::gaussian(0.0, 0.0, 1, 0.0),
        n_environments: 1,
        n_episodes: 1,
        updates_per_step: 1,
        warmup_transitions: 1,
        checkpoint_every: 1,
        validate_every: 1,
        path: UpdatePath::Fused,
        critic_layer_norm: false,
        saturation_penalty: None,
        td3: None,
        anchor: None,
        refinement: None,
        conservative: None,
    }
}

pub(crate) fn tables() -> TrainingTables {
    let mut random = Seeds(9).stream("tables");
    let mut table = |n_rows: usize| {
        let values = (0..n_rows * DIM).map(|_| random.random_range(-1.0..1.0)).collect();
        EmbeddingTable::new(n_rows, DIM, values).unwrap()
    };
    let origin = RowOrigin { split: "s".into(), parts: PartSet::train(), digest: RowDigest::default() };
    let (items, contexts) = (table(N_ITEMS), table(7));
    TrainingTables::new(&items, &contexts, Some(&items), origin).unwrap()
}

/// Sessions with short and full histories, true ends and items already recommended.
fn replay(config: &AgentConfig) -> Replay {
    let sizes = Sizes { history_length: WINDOW, action_dim: DIM, max_recommended: 3 };
    let mut replay = Replay::new(&config.replay, sizes).unwrap();
    let mut random = Seeds(11).stream("transitions");
    for _ in 0..150 {
        replay.push(&transition(&mut random)).unwrap();
    }
    replay
}

fn transition(random: &mut RandomStream) -> Transition {
    let context = ContextIdx(random.random_range(0..7));
    let mut items = |n: usize| -> Vec<ItemIdx> {
        (0..n).map(|_| ItemIdx::from(random.random_range(0..N_ITEMS))).collect()
    };
    let histories = [0, 1].map(|_| items(WINDOW));
    let recommended = items(3);
    let mut observation = |history: &[ItemIdx]| {
        let length = random.random_range(0..=WINDOW);
        let n_accepted = random.random_range(0..=length) as u32;
        Observation { context, history: history[..length].to_vec(), n_accepted, ..Observation::default() }
    };
    Transition {
        observation: observation(&histories[0]),
        next_observation: observation(&histories[1]),
        item: recommended[2],
        action: (0..DIM).map(|_| random.random_range(-1.0..1.0)).collect(),
        reward: random.random_range(-1.0..1.0),
        terminated: random.random_bool(0.2),
        truncated: false,
        recommended,
    }
}

struct Run {
    learner: Learner,
    replay: Replay,
    random: RandomStream,
}

impl Run {
    fn new(config: &AgentConfig) -> Self {
        let learner = Learner::new(config, &tables(), WINDOW, Seeds(3)).unwrap();
        Self { learner, replay: replay(config), random: Seeds(4).stream("replay") }
    }

    fn update(&mut self, tables: &TrainingTables) -> UpdateReport {
        let batch = self.replay.sample(BATCH, &mut self.random).unwrap();
        let report = self.learner.update(&batch, tables, 0).unwrap();
        self.replay.update_priorities(&batch.slots, &report.td_errors).unwrap();
        report.clone()
    }
}

/// Relative to the greatest value of each array.
fn near(ours: &[f32], theirs: &[f32], tolerance: f32, what: &str) {
    assert_eq!(ours.len(), theirs.len());
    let greatest = theirs.iter().fold(1e-7_f32, |most, value| most.max(value.abs()));
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert!((ours - theirs).abs() <= tolerance * greatest, "{what}: {ours} {theirs} of {greatest}");
    }
}

fn same_arrays(ours: &[NamedArray], theirs: &[NamedArray], tolerance: f32) {
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert_eq!((&ours.name, &ours.shape), (&theirs.name, &theirs.shape));
        match (&ours.values, &theirs.values) {
            (Values::F32(values), Values::F32(expected)) => near(values, expected, tolerance, &ours.name),
            (values, expected) => assert_eq!(values, expected, "{}", ours.name),
        }
    }
}

/// Every kind of update that the fused path covers.
fn configs() -> Vec<AgentConfig> {
    let mut configs = Vec::new();
    for replay_action in [ReplayAction::Proto, ReplayAction::Item] {
        for (discount, actor_moves_state) in [(0.9, false), (0.0, false), (0.9, true)] {
            configs.push(AgentConfig { replay_action, discount, actor_moves_state, ..config() });
        }
    }
    configs
        .push(AgentConfig { action: ActionConfig { base: ActionBase::None, ..config().action }, ..config() });
    configs.push(AgentConfig {
        actor_optimizer_schedule: Some(Schedule::Cosine { start: 1.0, end: 0.1, steps: 20 }),
        critic_optimizer_schedule: Some(Schedule::Exponential { start: 2.0, end: 0.5, steps: 10 }),
        ..config()
    });
    configs
}

#[test]
fn the_fused_updates_are_the_composed_ones_to_rounding() {
    let tables = tables();
    for fused in configs() {
        let composed = AgentConfig { path: UpdatePath::Composed, ..fused.clone() };
        let (mut ours, mut theirs) = (Run::new(&fused), Run::new(&composed));
        assert_eq!((ours.learner.path_name(), theirs.learner.path_name()), ("fused", "composed"));
        assert_eq!(ours.learner.to_arrays().unwrap(), theirs.learner.to_arrays().unwrap());
        for _ in 0..20 {
            let (our_report, their_report) = (ours.update(&tables), theirs.update(&tables));
            near(&our_report.td_errors, &their_report.td_errors, 2e-4, "TD errors");
            let (loss, expected) = (our_report.critic_loss, their_report.critic_loss);
            assert!((loss - expected).abs() < 1e-4 * expected, "{loss} {expected}");
            assert!((our_report.mean_value - their_report.mean_value).abs() < 1e-5);
        }
        same_arrays(&ours.learner.to_arrays().unwrap(), &theirs.learner.to_arrays().unwrap(), 1e-3);
        assert_eq!((ours.learner.n_updates(), theirs.learner.n_updates()), (20, 20));
    }
}

#[test]
fn actors_and_lists_are_the_same_on_both_paths() {
    let tables = tables();
    let [mut ours, mut theirs] = [UpdatePath::Fused, UpdatePath::Composed]
        .map(|path| Learner::new(&AgentConfig { path, ..config() }, &tables, WINDOW, Seeds(3)).unwrap());
    let mut random = Seeds(5).stream("observations");
    let mut rows = Rows::new(WINDOW);
    (0..18).for_each(|_| rows.push_observation(&transition(&mut random).observation, &tables));
    for which in [Served::Online, Served::Target] {
        let outputs = ours.outputs(which, &rows, &tables).unwrap();
        near(&outputs, &theirs.outputs(which, &rows, &tables).unwrap(), 1e-5, "outputs");
        let n_items = tables.n_items();
        let allowed = ItemSet::from_items(n_items, (1..n_items).map(ItemIdx::from));
        let asked = vec![(UserIdx(0), &allowed); rows.len()];
        let request = ListRequest { name: "drr", rows: &asked, k: n_items };
        let lists = ours.ranked(which, &rows, &outputs, &tables, request).unwrap();
        let expected = theirs.ranked(which, &rows, &outputs, &tables, request).unwrap();
        for (list, expected) in lists.iter().zip(&expected) {
            assert_eq!((list.len(), expected.len()), (n_items - 1, n_items - 1));
            let [ours, theirs] = [list, expected].map(|it| it.iter().map(|it| it.score).collect::<Vec<_>>());
            near(&ours, &theirs, 1e-5, "scores");
        }
    }
}

#[test]
fn the_critics_values_are_the_same_on_both_paths() {
    let tables = tables();
    let mut random = Seeds(5).stream("observations");
    let mut rows = Rows::new(WINDOW);
    (0..9).for_each(|_| rows.push_observation(&transition(&mut random).observation, &tables));
    let outputs: Vec<f32> = (0..9 * DIM).map(|_| random.random_range(-1.0..1.0)).collect();
    let items: Vec<Vec<ItemIdx>> = (0..9).map(|at| vec![ItemIdx(at), ItemIdx(at + 1)]).collect();
    for replay_action in [ReplayAction::Proto, ReplayAction::Item] {
        let [ours, theirs] = [UpdatePath::Fused, UpdatePath::Composed].map(|path| {
            let config = AgentConfig { path, replay_action, ..config() };
            let mut run = Run::new(&config);
            (0..3).for_each(|_| drop(run.update(&tables)));
            run.learner.values(&rows, &outputs, &items, &tables).unwrap()
        });
        near(&ours, &theirs, 1e-4, "values");
        assert_ne!(ours[0], ours[1]);
    }
}

#[test]
fn the_mean_of_a_slate_is_that_of_its_vectors() {
    let vectors = [1.0, 2.0, 3.0, 6.0];
    let items = [vec![ItemIdx(0), ItemIdx(1)], vec![ItemIdx(1)], Vec::new()];
    assert_eq!(means(&vectors, 2, &items), [2.0, 4.0, 3.0, 6.0, 0.0, 0.0]);
}

#[test]
fn a_learning_rate_whose_schedule_is_at_zero_moves_nothing() {
    let tables = tables();
    for path in [UpdatePath::Fused, UpdatePath::Composed] {
        let schedule = Some(Schedule::Linear { start: 0.0, end: 1.0, steps: 1 });
        let mut run = Run::new(&AgentConfig { path, actor_optimizer_schedule: schedule, ..config() });
        let actor = |run: &Run| -> Vec<NamedArray> {
            let arrays = run.learner.to_arrays().unwrap();
            arrays.into_iter().filter(|it| it.name.starts_with("online.actor")).collect()
        };
        let before = actor(&run);
        run.update(&tables);
        assert_eq!(actor(&run), before, "{path:?}");
        run.update(&tables);
        assert_ne!(actor(&run), before, "{path:?}");
        let mut sink = drr_core::Metrics::default();
        run.learner.record_rates(5, &mut sink);
        assert_eq!(sink.records[0], (5, "actor_learning_rate".to_owned(), 1e-3));
    }
}

#[test]
fn a_fused_training_is_the_same_bit_for_bit_and_goes_on_from_the_other_path() {
    let tables = tables();
    let train = |path, n: usize| {
        let mut run = Run::new(&AgentConfig { path, ..config() });
        (0..n).for_each(|_| drop(run.update(&tables)));
        run
    };
    let fused = train(UpdatePath::Fused, 12);
    assert_eq!(fused.learner.to_arrays().unwrap(), train(UpdatePath::Fused, 12).learner.to_arrays().unwrap());
    for (first, second) in
        [(UpdatePath::Composed, UpdatePath::Fused), (UpdatePath::Fused, UpdatePath::Composed)]
    {
        let mut half = train(first, 6);
        let config = AgentConfig { path: second, ..config() };
        let mut resumed = Learner::new(&config, &tables, WINDOW, Seeds(77)).unwrap();
        let arrays = half.learner.to_arrays().unwrap();
        resumed.load_arrays(&arrays, half.learner.n_updates()).unwrap();
        assert_eq!(resumed.to_arrays().unwrap(), arrays);
        half.learner = resumed;
        (0..6).for_each(|_| drop(half.update(&tables)));
        same_arrays(&half.learner.to_arrays().unwrap(), &fused.learner.to_arrays().unwrap(), 1e-3);
    }
}

#[test]
fn a_value_that_is_not_finite_stops_either_path_with_the_step() {
    let tables = tables();
    for path in [UpdatePath::Fused, UpdatePath::Composed] {
        let mut run = Run::new(&AgentConfig { path, ..config() });
        let mut batch = run.replay.sample(BATCH, &mut run.random).unwrap();
        batch.rewards[0] = f32::INFINITY;
        let error = run.learner.update(&batch, &tables, 77).unwrap_err().to_string();
        assert!(error.contains("environment step 77") && error.contains("critic"), "{error}");
    }
}

#[test]
fn item_vectors_that_are_trained_take_the_composed_path() {
    let config = AgentConfig { fine_tune_items: true, ..config() };
    assert_eq!(Run::new(&config).learner.path_name(), "composed");
    let slates = AgentConfig { fine_tune_items: false, slate: 2, ..config };
    assert_eq!(Run::new(&slates).learner.path_name(), "composed", "and so do slates");
}

#[test]
fn a_path_that_the_caller_brings_goes_on_from_the_present_networks_and_optimizers() {
    let tables = tables();
    let mut run = Run::new(&config());
    (0..6).for_each(|_| drop(run.update(&tables)));
    let before = (run.learner.path_name(), run.learner.n_updates(), run.learner.to_arrays().unwrap());
    let other = ComposedLearner::new(&config(), &tables, WINDOW, Seeds(77)).unwrap();
    assert_ne!(other.to_arrays().unwrap(), before.2, "it begins with other networks");
    run.learner.change_path(Box::new(other)).unwrap();
    assert_eq!((before.0, before.1), ("fused", 6));
    assert_eq!((run.learner.path_name(), run.learner.n_updates()), ("composed", 6));
    assert_eq!(run.learner.to_arrays().unwrap(), before.2);
    run.update(&tables);
    assert_eq!(run.learner.n_updates(), 7);
}
