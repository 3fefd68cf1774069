//! The learning test: the agent finds what its greedy twin cannot.

use super::{LongTermConfig, LongTermRun, LongTermStudy, study};
use crate::config::ExperimentConfig;
use crate::context::Context;
use drr_core::Seeds;

fn config() -> LongTermConfig {
    let path = Context::configs_dir().join("ml-1m-lab.toml");
    ExperimentConfig::load(&path).unwrap().lab.long_term.unwrap()
}

fn studied(config: &LongTermConfig, seed: u64) -> LongTermStudy {
    study(config, Seeds(seed), &|| false, &|| ()).unwrap()
}

fn returns(study: &LongTermStudy, agent: &str) -> Vec<f64> {
    study.runs.iter().filter(|it| it.agent == agent).map(LongTermRun::last).collect()
}

#[test]
fn the_agent_comes_near_the_optimum_and_its_twin_with_discount_0_stays_greedy() {
    let study = studied(&config(), 1);
    let (agents, twins) = (returns(&study, "drr_ave"), returns(&study, "drr_ave_gamma_0"));
    assert_eq!((agents.len(), twins.len()), (3, 3));
    // Neither random items nor vegetables alone would pass.
    assert!(study.random.max(study.patient) < 0.85 * study.optimum, "{study:?}");
    assert!(agents.iter().all(|it| *it > 0.9 * study.optimum), "{agents:?} of {}", study.optimum);
    let is_greedy = |it: &f64| (it - study.greedy).abs() < 0.05 * study.optimum;
    assert!(twins.iter().all(is_greedy), "{twins:?} beside {}", study.greedy);
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
    assert!(error.is::<crate::exit::Interrupted>(), "{error:#}");
}

#[test]
fn sizes_without_a_meaning_are_refused() {
    for change in [
        |it: &mut LongTermConfig| it.dim = 1,
        |it: &mut LongTermConfig| it.n_seeds = 0,
        |it: &mut LongTermConfig| it.item_noise = f32::NAN,
        |it: &mut LongTermConfig| it.horizon = 1000,
    ] {
        let mut config = config();
        change(&mut config);
        assert!(config.check().is_err(), "{config:?}");
    }
}
