//! The optional parts of the agent: each learns, all together resume and serve as they were trained.

use crate::clusters::{HORIZON, Quiet, Space, config, trainer};
use crate::training::{final_digest, first_and_last_reward, query};
use drr_agent::{
    AgentConfig, AnchorConfig, ConservativeConfig, DrrPolicy, RefinementConfig, ReplayAction, Td3Config,
};
use drr_core::Recommender;
use std::sync::Arc;

fn plain() -> AgentConfig {
    AgentConfig { replay_action: ReplayAction::Item, n_episodes: 1200, ..config() }
}

fn td3() -> Option<Td3Config> {
    Some(Td3Config { policy_delay: 2, target_noise: 0.1, target_noise_clip: 0.2 })
}

fn anchor(value_weight: f32) -> Option<AnchorConfig> {
    Some(AnchorConfig { weight: 1.0, temperature: 2.0, n_positives: 3, value_weight })
}

fn refinement(weight: f32) -> Option<RefinementConfig> {
    Some(RefinementConfig { neighbours: 0.5, serve: true, weight })
}

fn conservative() -> Option<ConservativeConfig> {
    Some(ConservativeConfig { weight: 0.1, n_items: 4 })
}

fn everything() -> AgentConfig {
    AgentConfig {
        critic_layer_norm: true,
        saturation_penalty: Some(0.1),
        td3: td3(),
        anchor: anchor(1.0),
        refinement: refinement(0.5),
        conservative: conservative(),
        ..plain()
    }
}

#[test]
fn an_agent_learns_with_each_of_the_parts_and_with_all() {
    let configs = [
        ("td3", AgentConfig { td3: td3(), n_episodes: 2400, ..plain() }),
        ("layer norm", AgentConfig { critic_layer_norm: true, ..plain() }),
        ("saturation", AgentConfig { saturation_penalty: Some(0.1), ..plain() }),
        ("anchor", AgentConfig { anchor: anchor(1.0), ..plain() }),
        ("no TD", AgentConfig { anchor: anchor(0.0), ..plain() }),
        ("refinement", AgentConfig { refinement: refinement(1.0), ..plain() }),
        ("conservative", AgentConfig { conservative: conservative(), ..plain() }),
        ("everything", everything()),
    ];
    for (name, config) in configs {
        let mut trainer = trainer(&config, 1);
        trainer.run(config.n_rounds(), None, &mut Quiet).unwrap();
        let (first, last) = first_and_last_reward(&trainer);
        assert!(last > 1.3 * first && last > 0.55 * HORIZON as f64, "{name}: {first} {last}");
    }
}

#[test]
fn a_run_with_all_parts_resumes_to_the_same_checkpoint() {
    let config = AgentConfig { n_episodes: 160, ..everything() };
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    trainer(&config, 7).run(20, Some(whole.path()), &mut Quiet).unwrap();
    trainer(&config, 7).run(10, Some(parts.path()), &mut Quiet).unwrap();
    let mut resumed = trainer(&config, 7);
    assert_eq!(resumed.resume(parts.path()).unwrap(), 10);
    resumed.run(20, Some(parts.path()), &mut Quiet).unwrap();
    assert_eq!(final_digest(whole.path()), final_digest(parts.path()));
}

#[test]
fn refined_lists_descend_and_a_loaded_policy_gives_the_same() {
    let mut lists = Vec::new();
    for serve in [true, false] {
        let refinement = Some(RefinementConfig { neighbours: 0.3, serve, weight: 1.0 });
        let config = AgentConfig { refinement, ..everything() };
        let mut trainer = trainer(&config, 1);
        trainer.run(20, None, &mut Quiet).unwrap();
        let policy = trainer.policy().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.safetensors");
        policy.save(&path).unwrap();
        let loaded = DrrPolicy::load(&path, Arc::new(Space::new("split"))).unwrap();
        let queries = [query(&[]), query(&[3]), query(&[0, 11])];
        let answers = policy.recommend(&queries, 18).unwrap();
        assert_eq!(answers, loaded.recommend(&queries, 18).unwrap());
        for list in &answers {
            assert_eq!(list.len(), 18);
            assert!(list.windows(2).all(|pair| pair[0].score >= pair[1].score), "{list:?}");
            assert!(list.iter().all(|it| it.score.is_finite()));
        }
        let short = policy.recommend(&queries, 2).unwrap();
        assert!(short.iter().zip(&answers).all(|(short, long)| short[..] == long[..2]), "{short:?}");
        lists.push(answers);
    }
    assert_ne!(lists[0], lists[1], "the critic has its say where it serves");
}
