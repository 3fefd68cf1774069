//! Every environment keeps the contract, and the check sees those that do not.

use crate::{log, random};
use drr_core::{Environment, EnvironmentError, ItemIdx, ItemSet, Observation, RandomStream, Step};
use drr_env::toy::{ToyConfig, ToyEnvironment};
use drr_env::{
    LoggedConfig, LoggedEnvironment, RatingScale, RewardConfig, SessionStart, Sessions, Violation,
    check_environment,
};
use proptest::prelude::*;
use std::sync::Arc;

const TOY: ToyConfig = ToyConfig { n_clusters: 4, items_per_cluster: 6, horizon: 5, history_length: 3 };

#[test]
fn the_toy_environment_keeps_the_contract() {
    let mut environment = ToyEnvironment::new(TOY).unwrap();
    assert_eq!(check_environment(&mut environment, &mut random()).unwrap(), []);
}

#[test]
fn the_toy_optimum_is_reached_by_the_user_vector_and_random_is_where_it_was_computed() {
    let mut environment = ToyEnvironment::new(TOY).unwrap();
    let (users, vectors) = (environment.context_vectors(), environment.item_vectors());
    let mut random = random();
    let mut total_random = 0.0;
    for _ in 0..4_000 {
        let context = environment.reset(&mut random).unwrap().context;
        let mut total = 0.0;
        loop {
            let score = |item: &ItemIdx| {
                users.row(context.index())[item.index() % 4] * vectors.row(item.index())[item.index() % 4]
            };
            let best =
                environment.candidates().iter().max_by(|left, right| score(left).total_cmp(&score(right)));
            let step = environment.step(best.unwrap()).unwrap();
            total += step.reward;
            if step.terminated || step.truncated {
                break;
            }
        }
        assert_eq!(total, environment.optimal_return());
        environment.reset(&mut random).unwrap();
        loop {
            let nth = rand::Rng::random_range(&mut random, 0..environment.candidates().len());
            let item = environment.candidates().iter().nth(nth).unwrap();
            let step = environment.step(item).unwrap();
            total_random += step.reward;
            if step.terminated || step.truncated {
                break;
            }
        }
    }
    assert!((total_random / 4_000.0 - environment.random_return()).abs() < 0.1);
}

proptest! {
    #[test]
    fn the_logged_environment_keeps_the_contract(
        rows in prop::collection::vec((0_u32..5, 0_u32..12, 1_u8..=5), 20..80),
        horizon in 1_usize..15,
        history_length in 1_usize..6,
        count in 0_usize..3,
        hidden in 0_u32..12,
    ) {
        let rows: Vec<(u32, u32, f32)> =
            rows.into_iter().map(|(user, item, rating)| (user, item, f32::from(rating))).collect();
        let start = SessionStart::First { count };
        let Ok(sessions) = Sessions::new(&log(5, 12, &rows), &start, 4.0, &mut random()) else {
            return Ok(());
        };
        let reward = RewardConfig::default();
        let config = LoggedConfig { horizon, history_length, reward, rating_scale: RatingScale::STARS };
        let mut catalogue = ItemSet::full(12);
        catalogue.remove(ItemIdx(hidden));
        let mut environment = LoggedEnvironment::new(Arc::new(sessions), config, catalogue, None).unwrap();
        prop_assert_eq!(check_environment(&mut environment, &mut random()).unwrap(), []);
    }
}

/// How a faulty environment misbehaves.
#[derive(Clone, Copy)]
enum Fault {
    EndsAsTerminated,
    ForgetsToShift,
    RewardsNothingFinite,
    DrawsWithoutTheStream,
}

/// The toy environment with one fault.
struct Faulty {
    inner: ToyEnvironment,
    fault: Fault,
    n_resets: usize,
}

impl Environment for Faulty {
    fn n_items(&self) -> usize {
        self.inner.n_items()
    }

    fn history_length(&self) -> usize {
        self.inner.history_length()
    }

    fn reset(&mut self, random: &mut RandomStream) -> Result<Observation, EnvironmentError> {
        let mut first = self.inner.reset(random)?;
        self.n_resets += 1;
        if matches!(self.fault, Fault::DrawsWithoutTheStream) && self.n_resets.is_multiple_of(2) {
            first.history.clear();
        }
        Ok(first)
    }

    fn step(&mut self, item: ItemIdx) -> Result<Step, EnvironmentError> {
        let mut step = self.inner.step(item)?;
        match self.fault {
            Fault::EndsAsTerminated => step.terminated |= step.truncated,
            Fault::ForgetsToShift => step.observation.history.clear(),
            Fault::RewardsNothingFinite => step.reward = f32::NAN,
            Fault::DrawsWithoutTheStream => {}
        }
        Ok(step)
    }

    fn candidates(&self) -> &ItemSet {
        self.inner.candidates()
    }

    fn recommended(&self) -> &[ItemIdx] {
        self.inner.recommended()
    }
}

#[test]
fn the_check_names_each_fault() {
    for (fault, rule) in [
        (Fault::EndsAsTerminated, "a true end is not also a cut"),
        (Fault::ForgetsToShift, "a positive reward shifts the history, and nothing else does"),
        (Fault::RewardsNothingFinite, "a reward is finite"),
        (Fault::DrawsWithoutTheStream, "the same draws begin the same session"),
    ] {
        let mut faulty = Faulty { inner: ToyEnvironment::new(TOY).unwrap(), fault, n_resets: 0 };
        let found: Vec<Violation> = check_environment(&mut faulty, &mut random()).unwrap();
        assert!(found.iter().any(|violation| violation.rule == rule), "{rule}");
    }
}
