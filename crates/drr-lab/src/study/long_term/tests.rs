//! The learning test: the agent finds what its greedy twin cannot.

use super::{LongTermRun, LongTermStudy, check, learners, study};
use crate::config::{AgentVariant, ExperimentConfig, LongTermConfig};
use drr_agent::{RefinementConfig, ReplayAction, StateKind, Td3Config};
use drr_core::Form;
use drr_core::Seeds;

fn config() -> LongTermConfig {
    ExperimentConfig::preset("ml-1m-lab").unwrap().lab.long_term.unwrap()
}

fn studied(config: &LongTermConfig, seed: u64) -> LongTermStudy {
    study(config, Seeds(seed), &|| false, &|| ()).unwrap()
}

fn returns(study: &LongTermStudy, agent: &str) -> Vec<f64> {
    study.runs.iter().filter(|it| it.agent == agent).map(LongTermRun::last).collect()
}

/// Trains everybody of `config`: from every seed a learner must come near the best return that can be had without knowing
/// when the session ends, and its twin with a discount of 0 must stay with the greatest reward now.
fn finds_the_optimum(config: &LongTermConfig) {
    comes_near(config, config.n_seeds);
}

/// The same for learners that stay with vegetables alone from about one seed in seven: the best of three seeds.
fn finds_the_optimum_from_some_seed(mut config: LongTermConfig) {
    config.n_seeds = 3;
    comes_near(&config, 1);
}

/// Every learner comes near from `least` seeds or more, its twin from none.
fn comes_near(config: &LongTermConfig, least: u64) {
    let study = studied(config, 1);
    // Neither random items nor vegetables alone would pass.
    assert!(study.random.max(study.patient) < 0.86 * study.discounted, "{study:?}");
    for learner in learners(config).unwrap() {
        let all = returns(&study, &learner.name);
        assert_eq!(all.len() as u64, config.n_seeds);
        if learner.name.ends_with(Form::Greedy.suffix()) {
            let is_greedy = |it: &f64| (it - study.greedy).abs() < 0.05 * study.optimum;
            assert!(all.iter().all(is_greedy), "{}: {all:?} beside {}", learner.name, study.greedy);
        } else {
            let n_near = all.iter().filter(|it| **it > 0.9 * study.discounted).count() as u64;
            assert!(n_near >= least, "{}: {all:?} of {}", learner.name, study.discounted);
        }
    }
}

/// The agent of the laboratory with another state module, from two seeds.
fn with_state(state: StateKind) -> LongTermConfig {
    let mut config = config();
    config.agent.state = state;
    config.n_seeds = 2;
    config
}

#[test]
fn the_agent_comes_near_the_optimum_and_its_twin_with_discount_0_stays_greedy() {
    let config = config();
    assert_eq!(config.n_seeds, 3);
    let study = studied(&config, 1);
    assert!(returns(&study, "drr_ave").iter().all(|it| *it > 0.9 * study.optimum), "{study:?}");
    finds_the_optimum(&config);
}

/// DRR-n sees every item by itself, and more readily saturates on vegetables than the means and products of the others.
#[test]
fn drr_n_finds_the_optimum() {
    let mut config = with_state(StateKind::DrrN);
    config.agent.actor_optimizer.l2 = 3e-3;
    finds_the_optimum(&config);
}

#[test]
fn drr_p_finds_the_optimum() {
    finds_the_optimum(&with_state(StateKind::DrrP));
}

#[test]
fn drr_u_finds_the_optimum() {
    finds_the_optimum(&with_state(StateKind::DrrU));
}

#[test]
fn drr_att_finds_the_optimum() {
    finds_the_optimum(&with_state(StateKind::DrrAtt));
}

/// The parts of the strong agent that need no log: the supervised anchor has none here.
#[test]
fn the_strong_agent_finds_the_optimum() {
    let mut config = with_state(StateKind::DrrAve);
    config.agent.actor_optimizer.l2 = 1e-2;
    config.agent.critic_layer_norm = true;
    config.agent.saturation_penalty = Some(0.1);
    config.agent.td3 = Some(Td3Config { policy_delay: 2, target_noise: 0.2, target_noise_clip: 0.5 });
    finds_the_optimum_from_some_seed(config);
}

/// The critic picks among the tenth of the catalogue nearest to the action.
#[test]
fn wolpertinger_finds_the_optimum() {
    let mut config = with_state(StateKind::DrrAve);
    config.agent.replay_action = ReplayAction::Item;
    config.agent.actor_optimizer.l2 = 1e-2;
    config.agent.refinement = Some(RefinementConfig { neighbours: 0.1, serve: true, weight: 1.0 });
    finds_the_optimum_from_some_seed(config);
}

#[test]
fn more_agents_are_studied_beside_the_agent_each_with_its_twin() {
    let mut config = config();
    (config.n_seeds, config.agent.n_episodes) = (1, 80);
    let changes = "state = \"drr_n\"".parse().unwrap();
    let variant =
        AgentVariant { name: "items".to_owned(), protocols: Vec::new(), space: None, twins: true, changes };
    config.agents = vec![variant];
    checked(&config).unwrap();
    let study = studied(&config, 1);
    let names: Vec<&str> = study.runs.iter().map(|it| it.agent.as_str()).collect();
    assert_eq!(names, ["drr_ave", "drr_ave_gamma_0", "items", "items_gamma_0"]);
    config.agents[0].name = "drr_ave".to_owned();
    assert!(checked(&config).unwrap_err().to_string().contains("twice"));
}

#[test]
fn one_seed_gives_one_study_whatever_the_number_of_threads() {
    let mut config = config();
    config.agent.n_episodes = 80;
    let on = |n_threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| studied(&config, 1))
    };
    assert_eq!(on(1), on(3));
    assert_ne!(on(1).runs, studied(&config, 2).runs);
}

#[test]
fn a_wish_to_stop_ends_the_study_with_an_interruption() {
    let error = study(&config(), Seeds(1), &|| true, &|| ()).unwrap_err();
    assert!(error.is::<crate::failure::Interrupted>(), "{error:#}");
}

/// What a run checks before it begins.
fn checked(config: &LongTermConfig) -> anyhow::Result<()> {
    config.check()?;
    check(config)
}

#[test]
fn sizes_without_a_meaning_are_refused() {
    type Change = fn(&mut LongTermConfig);
    let changes: [(Change, &str); 4] = [
        (|it| it.dim = 1, "dim must be at least 2"),
        (|it| it.n_seeds = 0, "n_seeds at least 1"),
        (|it| it.item_noise = f32::NAN, "item_noise in [0, 1]"),
        (|it| it.horizon = 1000, "the setting items_per_kind"),
    ];
    checked(&config()).unwrap();
    for (change, reason) in changes {
        let mut config = config();
        change(&mut config);
        let error = format!("{:#}", checked(&config).unwrap_err());
        assert!(error.contains("lab.long_term") && error.contains(reason), "{error}");
    }
}
