//! Times updates on random numbers of the sizes of MovieLens 1M, for agents with more and more optional parts: one line
//! of JSON per agent, in updates per second of this thread's processor time.
//!
//! `RAYON_NUM_THREADS=1 cargo run --release -p drr-agent --example switches`

use drr_agent::{
    ActionBase, ActionConfig, AgentConfig, AnchorConfig, BenchSizes, RefinementConfig, ReplayAction,
    SlateReward, StateKind, Td3Config, UpdateBench, UpdatePath,
};
use drr_learn::ExplorationConfig;
use drr_learn::Served;
use drr_nn::AdamConfig;
use drr_replay::{ReplayConfig, ReplayKind};
use std::error::Error;
use std::fs;
use std::io::{Write, stdout};

const N_UPDATES: u32 = 200;

fn config() -> AgentConfig {
    let optimizer = AdamConfig { learning_rate: 1e-4, l2: 0.0, max_gradient_norm: 1.0 };
    AgentConfig {
        state: StateKind::DrrAve,
        features: false,
        actor_hidden: [128, 128],
        critic_hidden: [128, 128],
        action: ActionConfig { base: ActionBase::User, scale: 1.0, first_bound: 3e-3 },
        replay_action: ReplayAction::Item,
        slate: 1,
        slate_reward: SlateReward::Mean,
        discount: 0.9,
        tau: 0.001,
        batch_size: 64,
        actor_optimizer: optimizer.clone(),
        critic_optimizer: optimizer,
        actor_optimizer_schedule: None,
        critic_optimizer_schedule: None,
        served: Served::Online,
        actor_moves_state: false,
        fine_tune_items: false,
        replay: ReplayConfig { capacity: 10_000, sampling: ReplayKind::Uniform {} },
        exploration: ExplorationConfig::gaussian(0.0, 0.0, 1, 0.0),
        n_environments: 1,
        n_episodes: 1,
        updates_per_step: 1,
        warmup_transitions: 1,
        checkpoint_every: 1,
        validate_every: 1,
        path: UpdatePath::Composed,
        critic_layer_norm: false,
        saturation_penalty: None,
        td3: None,
        anchor: None,
        refinement: None,
        conservative: None,
    }
}

/// The processor time of this thread, as Linux counts it: a busy machine does not disturb it much.
fn processor_seconds() -> Result<f64, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = text.split_whitespace().next().ok_or("no processor time")?.parse()?;
    Ok(nanoseconds / 1e9)
}

fn main() -> Result<(), Box<dyn Error>> {
    let plain = config();
    let fused = AgentConfig { path: UpdatePath::Fused, ..config() };
    let td3 = Some(Td3Config { policy_delay: 1, target_noise: 0.2, target_noise_clip: 0.5 });
    let twins = AgentConfig { td3, critic_layer_norm: true, ..config() };
    let anchor = Some(AnchorConfig { weight: 1.0, temperature: 10.0, n_positives: 10, value_weight: 1.0 });
    let anchored = AgentConfig { anchor, ..twins.clone() };
    let refinement = Some(RefinementConfig { neighbours: 0.01, serve: true, weight: 1.0 });
    let refined = AgentConfig { refinement, ..anchored.clone() };
    let agents = [
        ("fused", fused),
        ("composed", plain),
        ("td3 + layer norm", twins),
        ("td3 + layer norm + anchor", anchored),
        ("td3 + layer norm + anchor + refinement", refined),
    ];
    for dim in [100, 150] {
        let sizes =
            BenchSizes { n_items: 3706, n_contexts: 6040, dim, history_length: 10, n_transitions: 5000 };
        for (name, config) in &agents {
            let mut bench = UpdateBench::new(config, sizes, 1)?;
            (0..20).try_for_each(|_| bench.step())?;
            let start = processor_seconds()?;
            (0..N_UPDATES).try_for_each(|_| bench.step())?;
            let rate = f64::from(N_UPDATES) / (processor_seconds()? - start);
            writeln!(
                stdout(),
                "{{\"agent\": \"{name}\", \"dim\": {dim}, \"updates_per_second\": {rate:.1}}}"
            )?;
        }
    }
    Ok(())
}
