//! The learning test: the agent finds what the greedy twin cannot.

use super::{LongTermConfig, LongTermStudy, study};
use crate::config::ExperimentConfig;
use crate::context::Context;
use drr_core::Seeds;

fn config() -> LongTermConfig {
    let path = std::env::var("LT").map(std::path::PathBuf::from).unwrap_or(Context::configs_dir().join("ml-1m-lab.toml"));
    ExperimentConfig::load(&path).unwrap().lab.long_term.unwrap()
}

fn returns(study: &LongTermStudy, agent: &str) -> Vec<f64> {
    study.runs.iter().filter(|it| it.agent == agent).map(super::LongTermRun::last).collect()
}

#[test]
fn the_agent_comes_near_the_optimum_and_its_twin_with_discount_0_stays_greedy() {
    let begun = std::time::Instant::now();
    let study = study(&config(), Seeds(1), &|| false, &|| ()).unwrap();
    for run in &study.runs {
        eprintln!("{} {} {:?}", run.agent, run.seed, run.curve);
    }
    eprintln!("{:?} opt {} disc {} pat {} greedy {} rand {}", begun.elapsed(), study.optimum, study.discounted, study.patient, study.greedy, study.random);
    let (agents, twins) = (returns(&study, "drr_ave"), returns(&study, "drr_ave_gamma_0"));
    eprintln!("{agents:?} {twins:?}");
    assert_eq!((agents.len(), twins.len()), (3, 3));
    assert!(agents.iter().all(|it| *it > 0.9 * study.optimum), "{agents:?} of {}", study.optimum);
    assert!(study.random < 0.87 * study.optimum, "random sessions would pass for learned ones");
    let near_greedy = |it: &f64| (it - study.greedy).abs() < 0.05 * study.optimum;
    assert!(twins.iter().all(near_greedy), "{twins:?} beside {}", study.greedy);
}
