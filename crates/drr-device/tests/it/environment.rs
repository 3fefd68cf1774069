//! Environments on the device against `drr-env`'s, step by step.

use crate::executors::{floats, ids, on_each};
use drr_core::{
    ContextIdx, Environment, Interaction, InteractionLog, ItemIdx, ItemSet, Observation, Seeds, UserIdx,
};
use drr_device::{
    Buffer, Counters, EnvironmentConfig, EnvironmentTables, Environments, Executor, FactorModel, Kind,
    Memory, Ring, Search, SessionSource, Values, philox,
};
use drr_env::{
    LoggedConfig, LoggedEnvironment, RatingModel, RatingScale, RewardConfig, RewardScale, SessionStart,
    Sessions, Unrated,
};
use std::sync::Arc;

const N_USERS: u32 = 9;
const N_ITEMS: usize = 45;
const N_ENVIRONMENTS: usize = 6;
const WINDOW: usize = 3;
const DIM: usize = 2;
const CAPACITY: usize = 32;
const N_FACTORS: usize = 40;
const SEED: u64 = 99;

/// Users with different numbers of ratings; some rated an item twice.
pub fn log() -> InteractionLog {
    let mut rows = Vec::new();
    for user in 0..N_USERS {
        for nth in 0..8 + user {
            let draw = philox(5, u64::from(nth), user, 0);
            let (item, rating) = (ItemIdx(draw[0] % N_ITEMS as u32), 1.0 + (draw[1] % 5) as f32);
            rows.push(Interaction { user: UserIdx(user), item, rating, timestamp: i64::from(nth) });
        }
        let again = Interaction { user: UserIdx(user), item: ItemIdx(user), rating: 5.0, timestamp: -1 };
        rows.push(again);
        rows.push(Interaction { rating: 2.0, timestamp: 100, ..again });
    }
    InteractionLog::new(N_USERS as usize, N_ITEMS, &rows).expect("the device does as the CPU")
}

pub fn sessions(log: &InteractionLog) -> Sessions {
    let start = SessionStart::RandomCut { per_user: 3, min_observed: 2, min_remaining: 2 };
    Sessions::new(log, &start, 4.0, &mut Seeds(1).stream("cuts")).expect("the device does as the CPU")
}

struct Factors(FactorModel);

impl RatingModel for Factors {
    fn predict(&self, context: ContextIdx, item: ItemIdx) -> f32 {
        let left = &self.0.contexts[context.index() * N_FACTORS..][..N_FACTORS];
        let right = &self.0.items[item.index() * N_FACTORS..][..N_FACTORS];
        self.0.offset + left.iter().zip(right).map(|(left, right)| left * right).sum::<f32>()
    }
}

/// What is simulated, on the device and beside it.
struct Case {
    horizon: usize,
    reward: RewardConfig,
    catalogue: ItemSet,
}

fn cases() -> Vec<Case> {
    let all = ItemSet::full(N_ITEMS);
    let few = ItemSet::from_items(N_ITEMS, (0..12).chain(43..45).map(ItemIdx));
    let predicted = RewardConfig { scale: RewardScale::Raw, unrated: Unrated::Predicted {} };
    vec![
        Case { horizon: 5, reward: RewardConfig::default(), catalogue: all.clone() },
        Case { horizon: 40, reward: RewardConfig::default(), catalogue: few },
        Case { horizon: 7, reward: predicted, catalogue: all },
    ]
}

/// The buffers of a case.
struct Held {
    environments: Environments,
    ring: Ring,
    counters: Buffer,
    chosen: Buffer,
    outputs: Buffer,
}

/// One environment of the CPU, and what it sees.
struct Twin {
    environment: LoggedEnvironment,
    seen: Observation,
}

fn padded(history: &[ItemIdx]) -> Vec<u32> {
    let mut row: Vec<u32> = history.iter().map(|item| item.0).collect();
    row.resize(WINDOW, u32::MAX);
    row
}

impl Twin {
    /// Begins the session of the context that the device drew at `step`.
    fn begin(&mut self, nth: usize, step: u64, n_contexts: usize) {
        let draw = philox(SEED, step, nth as u32, 0)[0];
        let context = (u64::from(draw) * n_contexts as u64) >> 32;
        self.seen = self.environment.reset_to(ContextIdx(context as u32));
    }

    /// Compares what the device holds of environment `nth`.
    fn compare(&self, nth: usize, held: &Held, executor: &mut dyn Executor) {
        let row = |buffer, width: usize, executor: &mut dyn Executor| {
            ids(executor, buffer)[nth * width..][..width].to_vec()
        };
        let environments = &held.environments;
        assert_eq!(row(environments.contexts, 1, executor), [self.seen.context.0]);
        assert_eq!(row(environments.histories, WINDOW, executor), padded(&self.seen.history));
        assert_eq!(row(environments.n_accepted, 1, executor), [self.seen.n_accepted]);
        let words = row(environments.barred, Search::n_words(N_ITEMS), executor);
        for item in 0..N_ITEMS {
            let is_barred = words[item / 32] >> (item % 32) & 1 == 1;
            assert_eq!(is_barred, !self.environment.candidates().contains(ItemIdx::from(item)), "{item}");
        }
    }

    /// Some candidate, a rated one as often as not.
    fn choose(&self, step: u64, nth: usize) -> ItemIdx {
        let draw = philox(77, step, nth as u32, 0);
        let candidates: Vec<ItemIdx> = self.environment.candidates().iter().collect();
        let context = self.seen.context;
        let sessions = self.environment.sessions();
        let rated: Vec<ItemIdx> = candidates
            .iter()
            .copied()
            .filter(|it| sessions.rating_after_cut(context, *it).is_some())
            .collect();
        let from = if draw[1].is_multiple_of(2) && !rated.is_empty() { rated } else { candidates };
        from[draw[0] as usize % from.len()]
    }
}

/// One step of all twins, held against the ring's slots from `position` on. Returns the sum of the rewards.
fn step(
    twins: &mut [Twin],
    chosen: &[ItemIdx],
    position: usize,
    held: &Held,
    executor: &mut dyn Executor,
) -> Vec<bool> {
    let (ring, horizon) = (&held.ring, held.ring.recommended.len / CAPACITY);
    let read = |buffer, executor: &mut dyn Executor| ids(executor, buffer);
    let (before, after) = (read(ring.before, executor), read(ring.after, executor));
    let counts = [ring.contexts, ring.n_before, ring.n_after, ring.items, ring.terminated]
        .map(|buffer| read(buffer, executor));
    let (taken, rewards) = (read(ring.recommended, executor), floats(executor, ring.rewards));
    let (actions, outputs) = (floats(executor, ring.actions), floats(executor, held.outputs));
    let mut ended = Vec::new();
    for (nth, (twin, item)) in twins.iter_mut().zip(chosen).enumerate() {
        let slot = (position + nth) % CAPACITY;
        assert_eq!(before[slot * WINDOW..][..WINDOW], padded(&twin.seen.history));
        let accepted = twin.seen.n_accepted;
        let next = twin.environment.step(*item).expect("the device does as the CPU");
        assert!((rewards[slot] - next.reward).abs() < 1e-5, "{} {}", rewards[slot], next.reward);
        twin.seen = next.observation;
        assert_eq!(after[slot * WINDOW..][..WINDOW], padded(&twin.seen.history));
        let expected =
            [twin.seen.context.0, accepted, twin.seen.n_accepted, item.0, u32::from(next.terminated)];
        assert_eq!(counts.each_ref().map(|values| values[slot]), expected);
        let mut recommended: Vec<u32> = twin.environment.recommended().iter().map(|it| it.0).collect();
        recommended.resize(horizon, u32::MAX);
        assert_eq!(taken[slot * horizon..][..horizon], recommended);
        assert_eq!(actions[slot * DIM..][..DIM], outputs[nth * DIM..][..DIM]);
        ended.push(next.terminated || next.truncated);
    }
    ended
}

fn play(case: &Case, executor: &mut dyn Executor, held: &Held, twins: &mut [Twin], n_contexts: usize) {
    executor.run(&[held.environments.begin()], 1).expect("the device does as the CPU");
    twins.iter_mut().enumerate().for_each(|(nth, twin)| twin.begin(nth, 0, n_contexts));
    let (mut n_ended, mut steps) = (0, 0_u64);
    for round in 0..20 {
        twins.iter().enumerate().for_each(|(nth, twin)| twin.compare(nth, held, executor));
        let chosen: Vec<ItemIdx> =
            twins.iter().enumerate().map(|(nth, twin)| twin.choose(round, nth)).collect();
        let values = chosen.iter().map(|item| item.0).collect();
        executor.write(held.chosen, &Values::U32(values)).expect("the device does as the CPU");
        let launch = held.environments.step(held.chosen, held.outputs.into(), &held.ring);
        executor.run(&[launch], 1).expect("the device does as the CPU");
        let ended = step(twins, &chosen, steps as usize % CAPACITY, held, executor);
        for (nth, _) in ended.iter().enumerate().filter(|(_, ended)| **ended) {
            twins[nth].begin(nth, steps + 1, n_contexts);
            n_ended += 1;
        }
        executor.run(&[held.environments.count(&held.ring)], 1).expect("the device does as the CPU");
        steps += N_ENVIRONMENTS as u64;
        let counters = Counters::read(executor, held.counters).expect("the device does as the CPU");
        assert_eq!((counters.steps, counters.position), (steps, steps % CAPACITY as u64));
        assert_eq!(counters.length, steps.min(CAPACITY as u64));
    }
    assert!(n_ended >= N_ENVIRONMENTS, "{n_ended} sessions of horizon {} ended", case.horizon);
}

#[test]
fn every_step_equals_that_of_the_cpu() {
    let log = log();
    let sessions = Arc::new(sessions(&log));
    let n_contexts = sessions.n_contexts();
    let model = FactorModel {
        contexts: crate::executors::numbers(n_contexts * N_FACTORS, 1),
        items: crate::executors::numbers(N_ITEMS * N_FACTORS, 2),
        offset: 3.2,
    };
    for case in cases() {
        let (horizon, reward) = (case.horizon, case.reward);
        let mut memory = Memory::default();
        let config = EnvironmentConfig { horizon, history_length: WINDOW, reward, ratings: [1.0, 5.0] };
        let source = SessionSource {
            log: &log,
            sessions: &sessions,
            positive: 4.0,
            catalogue: &case.catalogue,
            model: Some(&model),
        };
        let tables = EnvironmentTables::new(config, source, &mut memory).expect("the device does as the CPU");
        let counters = Counters::default().place(&mut memory);
        let held = Held {
            environments: Environments::new(N_ENVIRONMENTS, &tables, SEED, counters, &mut memory),
            ring: Ring::new(CAPACITY, WINDOW, horizon, DIM, &mut memory),
            counters,
            chosen: memory.zeros(Kind::U32, N_ENVIRONMENTS),
            outputs: memory.add(Values::F32(crate::executors::numbers(N_ENVIRONMENTS * DIM, 3))),
        };
        on_each("environment", &memory, |executor| {
            let config =
                LoggedConfig { horizon, history_length: WINDOW, reward, rating_scale: RatingScale::STARS };
            let twin = || {
                let model = Some(Arc::new(Factors(model.clone())) as Arc<dyn RatingModel>);
                let (sessions, catalogue) = (Arc::clone(&sessions), case.catalogue.clone());
                let environment = LoggedEnvironment::new(sessions, config, catalogue, model)
                    .expect("the device does as the CPU");
                Twin { environment, seen: Observation::default() }
            };
            let mut twins: Vec<Twin> = (0..N_ENVIRONMENTS).map(|_| twin()).collect();
            play(&case, executor, &held, &mut twins, n_contexts);
        });
    }
}

#[test]
fn an_item_that_is_no_candidate_is_said() {
    let log = log();
    let sessions = sessions(&log);
    let mut memory = Memory::default();
    let reward = RewardConfig::default();
    let config = EnvironmentConfig { horizon: 5, history_length: WINDOW, reward, ratings: [1.0, 5.0] };
    let catalogue = ItemSet::full(N_ITEMS);
    let source =
        SessionSource { log: &log, sessions: &sessions, positive: 4.0, catalogue: &catalogue, model: None };
    let tables = EnvironmentTables::new(config, source, &mut memory).expect("the device does as the CPU");
    let counters = Counters::default().place(&mut memory);
    let environments = Environments::new(1, &tables, SEED, counters, &mut memory);
    let ring = Ring::new(CAPACITY, WINDOW, 5, DIM, &mut memory);
    let outputs = memory.zeros(Kind::F32, DIM);
    for item in [N_ITEMS as u32, u32::MAX] {
        let chosen = memory.add(Values::U32(vec![item]));
        on_each("environment, no candidate", &memory, |executor| {
            let step = environments.step(chosen, outputs.into(), &ring);
            executor.run(&[environments.begin(), step], 1).expect("the device does as the CPU");
            let error = Counters::read(executor, counters).expect_err("the item is no candidate").to_string();
            assert!(error.contains("an item was recommended that is no candidate"), "{item}: {error}");
        });
    }
}
