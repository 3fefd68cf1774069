//! A training that was interrupted, or changed its path or its number of threads, is the same training.

use crate::world::{Bored, Kinds, Quiet, config, trainer};
use drr_core::{Judgement, Outcome, SessionRecommender, TrainingHooks};
use drr_session::{SessionAgentConfig, SessionPath, SessionSpace, SessionTrainer};
use drr_store::{NamedArray, Values, read_arrays};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;

fn small(path: SessionPath) -> SessionAgentConfig {
    // 7 steps an iteration: sessions of 12 go over the border of iterations.
    SessionAgentConfig { n_steps: 7, n_iterations: 6, minibatch_size: 100, path, ..config() }
}

/// Sessions that are left by chance, so that a resumed one must go on with the same draws.
fn training(config: &SessionAgentConfig) -> SessionTrainer<Bored> {
    let space: Arc<dyn SessionSpace> = Arc::new(Kinds::new(26, 0.1));
    trainer(config, &Bored::new(26, 12, 0.3), 12, space, 3)
}

fn arrays(training: &SessionTrainer<Bored>, folder: &Path) -> Vec<NamedArray> {
    let path = folder.join("policy.safetensors");
    training.policy().unwrap().save(&path).unwrap();
    read_arrays(&path).unwrap().0
}

/// Stops after some rounds.
struct Stop(u64, u64);

impl TrainingHooks for Stop {
    fn progress(&mut self, round: u64, _n_rounds: u64) {
        self.1 = round;
    }

    fn should_stop(&self) -> bool {
        self.1 == self.0
    }
}

#[test]
fn an_interrupted_training_ends_as_an_uninterrupted_one_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let config = small(SessionPath::Fast);
    let mut whole = training(&config);
    assert_eq!(whole.run(6, None, &mut Quiet).unwrap(), Outcome::Finished);
    let checkpoints = folder.path().join("checkpoints");
    let mut first = training(&config);
    assert_eq!(first.run(6, Some(&checkpoints), &mut Stop(2, 0)).unwrap(), Outcome::Interrupted);
    let mut second = training(&config);
    assert_eq!(second.resume(&checkpoints).unwrap(), 2);
    assert_eq!(second.run(6, Some(&checkpoints), &mut Quiet).unwrap(), Outcome::Finished);
    assert_eq!(arrays(&second, folder.path()), arrays(&whole, folder.path()));
    assert_eq!(second.metrics(), whole.metrics());
    assert_eq!((second.n_updates(), second.n_steps()), (whole.n_updates(), whole.n_steps()));
    assert_eq!(whole.n_steps(), 6 * 7 * 32);
}

#[test]
fn a_training_is_the_same_bit_for_bit_on_one_thread_and_on_three() {
    let folder = tempfile::tempdir().unwrap();
    let all = |n_threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| {
            let mut training = training(&small(SessionPath::Fast));
            training.run(3, None, &mut Quiet).unwrap();
            (arrays(&training, folder.path()), training.metrics().clone())
        })
    };
    assert_eq!(all(1), all(3));
}

#[test]
fn a_training_goes_on_on_the_other_path_and_stays_near() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = training(&small(SessionPath::Fast));
    first.run(2, Some(folder.path()), &mut Quiet).unwrap();
    let (mut fast, mut composed) =
        (training(&small(SessionPath::Fast)), training(&small(SessionPath::Composed)));
    for training in [&mut fast, &mut composed] {
        assert_eq!(training.resume(folder.path()).unwrap(), 2);
        training.run(3, None, &mut Quiet).unwrap();
    }
    assert_eq!((fast.path_name(), composed.path_name()), ("fast", "composed"));
    for (left, right) in arrays(&fast, folder.path()).iter().zip(arrays(&composed, folder.path())) {
        let (Values::F32(left), Values::F32(right)) = (&left.values, &right.values) else { panic!() };
        assert!(left.iter().zip(right).all(|(left, right)| (left - right).abs() < 2e-3), "{left:?}");
    }
}

#[test]
fn a_checkpoint_of_other_settings_or_of_another_space_is_refused_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let config = small(SessionPath::Fast);
    training(&config).run(1, Some(folder.path()), &mut Quiet).unwrap();
    let other = SessionAgentConfig { discount: 0.5, ..config.clone() };
    let refused = training(&other).resume(folder.path()).unwrap_err().to_string();
    assert!(refused.contains("another configuration") && refused.contains("--force"), "{refused}");
    let space: Arc<dyn SessionSpace> = Arc::new(
        Kinds::new(26, 0.1)
            .with_candidates(drr_core::ItemSet::from_items(26, (1..26).map(drr_core::ItemIdx))),
    );
    let mut elsewhere = trainer(&config, &Bored::new(26, 12, 0.3), 12, space, 3);
    let refused = elsewhere.resume(folder.path()).unwrap_err().to_string();
    assert!(refused.contains("another space"), "{refused}");
}

/// Judges every policy by a count.
#[derive(Default)]
struct Judge(Vec<String>);

impl TrainingHooks for Judge {
    fn validate_session(
        &mut self,
        policy: &dyn SessionRecommender,
    ) -> Result<Option<Judgement>, Box<dyn Error + Send + Sync>> {
        self.0.push(policy.name().to_owned());
        Ok(Some(Judgement::from(self.0.len() as f64)))
    }
}

#[test]
fn validations_come_before_the_first_iteration_and_every_n_and_the_curves_have_their_names() {
    let config = SessionAgentConfig { validate_every: 2, ..small(SessionPath::Fast) };
    let (mut training, mut judge) = (training(&config), Judge::default());
    training.run(5, None, &mut judge).unwrap();
    assert_eq!(judge.0, ["agent"; 4]);
    let rounds: Vec<u64> = training.validations().iter().map(|validation| validation.round).collect();
    assert_eq!(rounds, [0, 2, 4, 5]);
    for name in [
        "session_reward",
        "session_length",
        "entropy",
        "saturated_share",
        "coverage",
        "value_error",
        "policy_loss",
        "value_loss",
        "clip_share",
        "divergence",
    ] {
        let n_points = training.metrics().records.iter().filter(|record| record.1 == name).count();
        assert!(n_points >= 4, "{name}: {n_points}");
    }
}

#[test]
fn a_first_step_that_saturates_the_tangent_is_told_at_once() {
    let config = SessionAgentConfig { multiplier: 50.0, learning_rate: 0.5, ..small(SessionPath::Fast) };
    let mut training = training(&config);
    training.run(3, None, &mut Quiet).unwrap();
    let told: String = training.warnings().iter().map(ToString::to_string).collect();
    assert!(told.contains("saturated") && told.contains("lower multiplier"), "{told}");
}
