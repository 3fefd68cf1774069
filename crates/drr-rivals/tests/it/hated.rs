//! A world in which only what was disliked tells what to recommend next.

use crate::world::{Quiet, SIZES, Vectors};
use drr_core::Outcome;
use drr_core::{
    Environment, EnvironmentError, ItemIdx, ItemSet, Observation, Observed, Query, RandomStream, Recommender,
    Seeds, Step, UserIdx,
};
use drr_env::long_term::LongTermEnvironment;
use drr_learn::TrainingSetup;
use drr_rivals::{RivalConfig, RivalTrainer};
use rand::Rng;
use std::sync::Arc;

const HORIZON: usize = 10;

/// Each session's user hates the odd or the even items, which is drawn: reward -1, and 1 for the others. What pleases
/// leaves no trace in the history: the positive state is always the same.
#[derive(Debug, Clone)]
struct Hated {
    hates_odd: bool,
    candidates: ItemSet,
    recommended: Vec<ItemIdx>,
}

impl Hated {
    fn new() -> Self {
        let candidates = ItemSet::full(2 * SIZES.items_per_kind);
        Self { hates_odd: false, candidates, recommended: Vec::new() }
    }

    fn reward(&self, item: ItemIdx) -> f32 {
        if LongTermEnvironment::is_vegetable(item) == self.hates_odd { -1.0 } else { 1.0 }
    }
}

impl Environment for Hated {
    fn n_items(&self) -> usize {
        2 * SIZES.items_per_kind
    }

    fn history_length(&self) -> usize {
        SIZES.history_length
    }

    fn reset(&mut self, random: &mut RandomStream) -> Result<Observation, EnvironmentError> {
        *self = Self { hates_odd: random.random(), ..Self::new() };
        Ok(Observation::default())
    }

    fn step(&mut self, item: ItemIdx) -> Result<Step, EnvironmentError> {
        self.candidates.remove(item);
        self.recommended.push(item);
        Ok(Step {
            observation: Observation::default(),
            reward: self.reward(item),
            terminated: false,
            truncated: self.recommended.len() == HORIZON,
        })
    }

    fn candidates(&self) -> &ItemSet {
        &self.candidates
    }

    fn recommended(&self) -> &[ItemIdx] {
        &self.recommended
    }
}

/// The mean return over both users; `sees` is whether the policy is told what was disliked.
fn mean_return(policy: &dyn Recommender, sees: bool) -> f32 {
    let of = |hates_odd| {
        let mut world = Hated { hates_odd, ..Hated::new() };
        let (mut history, mut total) = (Vec::new(), 0.0);
        for timestamp in 0..HORIZON as i64 {
            let allowed = world.candidates.clone();
            let query = Query { user: UserIdx(0), history: history.clone(), allowed };
            let item = policy.recommend(&[query], 1).unwrap()[0][0].item;
            let rating = world.step(item).unwrap().reward;
            total += rating;
            if sees && rating < 0.0 {
                history.push(Observed { item, rating, timestamp });
            }
        }
        total
    };
    f32::midpoint(of(false), of(true))
}

/// The greatest mean return, by hand. The history is empty before the first answer, so the first item is the same for both
/// users, right for the one and wrong for the other. One answer tells all (a wrong item is seen, a right one is not), and
/// every item behind it can please: `((1 + 9) + (-1 + 9)) / 2 = 9`. So the point that is lacking to 10 is inherent.
fn optimum() -> f32 {
    let rest = (HORIZON - 1) as f32;
    f32::midpoint(1.0 + rest, -1.0 + rest)
}

/// An item of the wrong kind costs 2 with one of the two users, 1 on average: two such items beside the inherent one are
/// allowed. Without the negative state every list pleases the one as much as it displeases the other: 0.
pub fn finds_it_by_what_was_disliked(config: &RivalConfig) {
    assert!((optimum() - 9.0).abs() < f32::EPSILON);
    for seed in [1, 2] {
        let vectors = Arc::new(Vectors::new(Seeds(seed)));
        let environments = vec![Hated::new(); config.schedule.n_environments];
        let world = vectors.world();
        let mut trainer = RivalTrainer::new(
            config,
            TrainingSetup {
                name: "rival".to_owned(),
                environments,
                horizon: SIZES.horizon,
                world,
                space: vectors,
                positive_rating: 0.0,
                seeds: Seeds(seed),
            },
        )
        .unwrap();
        assert_eq!(trainer.run(config.n_rounds(), None, &mut Quiet).unwrap(), Outcome::Finished);
        let policy = trainer.policy().unwrap();
        let (seeing, blind) = (mean_return(&policy, true), mean_return(&policy, false));
        assert!(seeing >= optimum() - 2.0 && seeing <= optimum(), "seed {seed}: {seeing} of {}", optimum());
        assert!(blind.abs() < f32::EPSILON, "seed {seed}: {blind} without what was disliked");
    }
}
