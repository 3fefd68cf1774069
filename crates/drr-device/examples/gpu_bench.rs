//! Times the training loop on a CUDA device, one JSON line per figure. Sizes are those of MovieLens 1M, the users made up.
//!
//! `cargo run --release -p drr-device --features cuda --example gpu_bench`

#[cfg(not(feature = "cuda"))]
fn main() -> Result<(), &'static str> {
    Err("build with --features cuda")
}

#[cfg(feature = "cuda")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    bench::run()
}

#[cfg(feature = "cuda")]
mod bench {
    use drr_core::{Interaction, InteractionLog, ItemIdx, ItemSet, Seeds, UserIdx};
    use drr_device::{
        Device, EnvironmentConfig, EnvironmentTables, Executor, Exploration, Launch, Memory, OptimizerConfig,
        SessionSource, Shapes, TrainConfig, TrainLoop, TrainTables, philox, uniform,
    };
    use drr_env::{RewardConfig, SessionStart, Sessions};
    use drr_replay::ReplayConfig;
    use std::error::Error;
    use std::time::Instant;

    const DIM: usize = 100;
    const N_USERS: u32 = 6040;
    const N_ITEMS: usize = 3706;
    const RATINGS_PER_USER: u32 = 165;
    const WINDOW: usize = 10;
    const HORIZON: usize = 10;
    /// Environment steps for one update, where both are timed together.
    const STEPS_PER_UPDATE: usize = 4;

    fn config(n_environments: usize, batch_size: usize) -> TrainConfig {
        let optimizer = |learning_rate, l2| OptimizerConfig { learning_rate, l2, max_gradient_norm: 1.0 };
        TrainConfig {
            actor_hidden: [128, 128],
            critic_hidden: [128, 128],
            base_is_user: true,
            scale: 0.2,
            tells_item: true,
            discount: 0.9,
            tau: 0.002,
            batch_size,
            actor_optimizer: optimizer(1e-4, 0.0),
            critic_optimizer: optimizer(1e-3, 1e-4),
            replay: ReplayConfig::prioritized(1_000_000, 30_000),
            exploration: Exploration {
                epsilon_start: 1.0,
                epsilon_end: 0.5,
                decay_steps: 40_000,
                noise: 0.5,
            },
            n_environments,
        }
    }

    fn log() -> Result<InteractionLog, Box<dyn Error>> {
        let mut rows = Vec::new();
        for user in 0..N_USERS {
            for nth in 0..RATINGS_PER_USER {
                let draw = philox(1, u64::from(nth), user, 0);
                let (item, rating) = (ItemIdx(draw[0] % N_ITEMS as u32), (1 + draw[1] % 5) as f32);
                rows.push(Interaction { user: UserIdx(user), item, rating, timestamp: i64::from(nth) });
            }
        }
        Ok(InteractionLog::new(N_USERS as usize, N_ITEMS, &rows)?)
    }

    fn numbers(n: usize, seed: u64, bound: f64) -> Vec<f32> {
        let draw = |at: usize| philox(seed, at as u64, 0, 0);
        (0..n).map(|at| (bound * (2.0 * uniform(draw(at)[0], draw(at)[1]) - 1.0)) as f32).collect()
    }

    /// A loop and the device that it is on, with enough transitions to draw from.
    fn open(n_environments: usize, batch_size: usize) -> Result<(TrainLoop, Device), Box<dyn Error>> {
        let log = log()?;
        let start = SessionStart::First { count: WINDOW };
        let sessions = Sessions::new(&log, &start, 4.0, &mut Seeds(1).stream("cuts"))?;
        let config = config(n_environments, batch_size);
        let (items, contexts) =
            (numbers(N_ITEMS * DIM, 2, 1.7), numbers(sessions.n_contexts() * DIM, 3, 1.7));
        let mut memory = Memory::default();
        let catalogue = ItemSet::full(N_ITEMS);
        let source = SessionSource {
            log: &log,
            sessions: &sessions,
            positive: 4.0,
            catalogue: &catalogue,
            model: None,
        };
        let environment = EnvironmentConfig {
            horizon: HORIZON,
            history_length: WINDOW,
            reward: RewardConfig::default(),
            ratings: [1.0, 5.0],
        };
        let environment = EnvironmentTables::new(environment, source, &mut memory)?;
        let tables =
            TrainTables { dim: DIM, items: &items, contexts: &contexts, additive: true, environment };
        let shapes = Shapes::new(&config, DIM, WINDOW);
        let mut critic = numbers(shapes.position_weights.end, 5, 0.05);
        critic[shapes.position_weights].fill(1.0);
        let parameters = [numbers(shapes.actor.end(), 4, 0.05), critic];
        let train = TrainLoop::new(&config, &tables, parameters, Seeds(1), &mut memory)?;
        let mut device = Device::open(0, &memory)?;
        device.run(&train.begin, 1)?;
        device.run(&train.collect, (20_000 / n_environments).max(1) as u32)?;
        // Every kernel has run once before it is recorded.
        device.run(&train.update, 1)?;
        Ok((train, device))
    }

    /// The median seconds of seven timings of `times` replays, after a warm-up.
    fn seconds(device: &mut Device, launches: &[Launch], times: u32) -> Result<f64, Box<dyn Error>> {
        let recording = device.record(launches)?;
        device.replay(recording, times / 10 + 1)?;
        let mut timings = Vec::new();
        for _ in 0..7 {
            let begin = Instant::now();
            device.replay(recording, times)?;
            timings.push(begin.elapsed().as_secs_f64());
        }
        timings.sort_by(f64::total_cmp);
        Ok(timings[timings.len() / 2])
    }

    #[expect(clippy::print_stdout, reason = "the figures are what the program is for")]
    fn say(device: &Device, what: &str, per_second: f64) -> Result<(), Box<dyn Error>> {
        let name = device.name()?;
        println!("{{\"device\": \"{name}\", \"figure\": \"{what}\", \"per_second\": {per_second:.0}}}");
        Ok(())
    }

    pub fn run() -> Result<(), Box<dyn Error>> {
        for batch in [32, 64, 256] {
            let (train, mut device) = open(1024, batch)?;
            let took = seconds(&mut device, &train.update, 1000)?;
            train.metrics(&mut device)?;
            say(&device, &format!("updates alone, batch {batch}"), 1000.0 / took)?;
        }
        let (train, mut device) = open(1024, 256)?;
        let took = seconds(&mut device, &train.collect, 1000)?;
        train.metrics(&mut device)?;
        say(&device, "acting and environment alone, 1024 users, steps", 1024.0 * 1000.0 / took)?;
        let took = seconds(&mut device, &train.round(1, 1024 / STEPS_PER_UPDATE), 10)?;
        let metrics = train.metrics(&mut device)?;
        let updates = (10 * 1024 / STEPS_PER_UPDATE) as f64;
        say(&device, "whole loop, 4 environment steps per update, batch 256, updates", updates / took)?;
        assert!(metrics.critic_loss.is_finite());
        Ok(())
    }
}
