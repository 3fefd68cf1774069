//! The agent learns where looking ahead pays, and its twin with discount 0 does not.

use crate::world::{Bored, Kinds, Quiet, config, play, trainer};
use drr_core::{Environment, Seeds};
use drr_env::long_term::{LongTermConfig, LongTermEnvironment};
use drr_session::{SessionAgentConfig, SessionPath, SessionSpace};
use std::sync::Arc;

/// The mean share of the optimum over ten sessions of the policy that was trained from `seed`.
fn share<E: Environment + Clone>(
    config: &SessionAgentConfig,
    (environment, horizon, optimum): (&E, usize, f32),
    seed: u64,
) -> f32 {
    let space: Arc<dyn SessionSpace> = Arc::new(Kinds::new(environment.n_items(), 0.1));
    let mut training = trainer(config, environment, horizon, space, seed);
    training.run(config.n_iterations, None, &mut Quiet).unwrap();
    let policy = training.policy().unwrap();
    let (mut environment, mut random) = (environment.clone(), Seeds(100).stream("users"));
    let total: f32 = (0..10).map(|_| play(&policy, &mut environment, &mut random)).sum();
    total / 10.0 / optimum
}

/// Whether the agent reaches 95 % of the optimum from each of five seeds, while its twin stays below 80 %.
fn learns<E: Environment + Clone>(environment: &E, horizon: usize, optimum: f32) {
    let twin = SessionAgentConfig { discount: 0.0, ..config() };
    let world = (environment, horizon, optimum);
    for seed in 0..5 {
        let (of_agent, of_twin) = (share(&config(), world, seed), share(&twin, world, seed));
        assert!(of_agent >= 0.95, "seed {seed}: the agent has {of_agent} of the optimum");
        assert!(of_twin < 0.8, "seed {seed}: the twin has {of_twin} of the optimum");
    }
}

#[test]
fn among_sweets_and_vegetables_the_agent_reaches_95_percent_of_the_optimum_and_its_twin_not_80() {
    let sizes = LongTermConfig { items_per_kind: 10, horizon: 10, history_length: 4 };
    let world = LongTermEnvironment::new(sizes).unwrap();
    assert!(world.greedy_return() < 0.5 * world.optimal_return());
    learns(&world, 10, world.optimal_return());
}

#[test]
fn with_users_who_leave_when_bored_the_agent_reaches_95_percent_of_the_optimum_and_its_twin_not_80() {
    let world = Bored::new(26, 12, 1.0);
    // Twice the favourite and once the other, three times; then the favourite, since the last step ends the session anyway.
    assert_eq!(world.optimal_return(), 9.0 + 3.0 * 0.5);
    learns(&world, 12, world.optimal_return());
}

#[test]
fn the_composed_path_learns_too() {
    let config = SessionAgentConfig { path: SessionPath::Composed, ..config() };
    let world = Bored::new(26, 12, 1.0);
    let share = share(&config, (&world, 12, world.optimal_return()), 0);
    assert!(share >= 0.95, "{share}");
}
