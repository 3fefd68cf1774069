//! The world of sweets and vegetables, where the greatest reward now is the wrong choice: what every system must find.

use drr_core::{
    EmbeddingSpace, EmbeddingTable, Environment, ItemIdx, Observed, PartSet, Query, Recommender, RowDigest,
    RowOrigin, Seeds, UserIdx,
};
use drr_core::{Outcome, TrainingHooks};
use drr_env::long_term::{LongTermConfig, LongTermEnvironment};
use drr_learn::{TrainingSetup, TrainingTables};
use drr_rivals::{RivalConfig, RivalTrainer, RivalWorld};
use rand_distr::{Distribution, Normal};
use std::sync::Arc;

const DIM: usize = 4;

pub const SIZES: LongTermConfig = LongTermConfig { items_per_kind: 40, horizon: 30, history_length: 4 };

/// Item vectors with a 1 in the coordinate of their kind and a little noise; the user's vector favours neither.
pub struct Vectors {
    items: EmbeddingTable,
    origin: RowOrigin,
}

impl Vectors {
    pub fn new(seeds: Seeds) -> Self {
        let mut random = seeds.stream("vectors");
        let noise = Normal::new(0.0_f32, 0.05).unwrap();
        let mut values = Vec::new();
        for item in (0..2 * SIZES.items_per_kind).map(ItemIdx::from) {
            let kind = usize::from(LongTermEnvironment::is_vegetable(item));
            values.extend((0..DIM).map(|at| f32::from(u8::from(at == kind)) + noise.sample(&mut random)));
        }
        let origin =
            RowOrigin { split: "long_term".into(), parts: PartSet::train(), digest: RowDigest::default() };
        Self { items: EmbeddingTable::new(2 * SIZES.items_per_kind, DIM, values).unwrap(), origin }
    }

    pub fn world(&self) -> RivalWorld {
        let contexts = EmbeddingTable::new(1, DIM, self.fold_in(&[])).unwrap();
        let tables = TrainingTables::new(&self.items, &contexts, None, self.origin.clone()).unwrap();
        RivalWorld::new(tables, vec![Vec::new()]).unwrap()
    }
}

impl EmbeddingSpace for Vectors {
    fn items(&self) -> &EmbeddingTable {
        &self.items
    }

    fn fold_in(&self, _history: &[Observed]) -> Vec<f32> {
        (0..DIM).map(|at| f32::from(u8::from(at < 2))).collect()
    }

    fn additions(&self) -> Option<&EmbeddingTable> {
        None
    }

    fn origin(&self) -> &RowOrigin {
        &self.origin
    }
}

pub struct Quiet;

impl TrainingHooks for Quiet {}

/// A training in that world.
pub fn trainer(config: &RivalConfig, seed: u64) -> RivalTrainer<LongTermEnvironment> {
    let vectors = Arc::new(Vectors::new(Seeds(seed)));
    let environment = LongTermEnvironment::new(SIZES).unwrap();
    let environments = vec![environment; config.schedule.n_environments];
    RivalTrainer::new(
        config,
        TrainingSetup {
            name: "rival".to_owned(),
            environments,
            horizon: SIZES.horizon,
            world: vectors.world(),
            space: vectors,
            positive_rating: 0.0,
            seeds: Seeds(seed),
        },
    )
    .unwrap()
}

/// The return of one session of a recommender's best items, undiscounted; nothing in the world is drawn at random.
pub fn return_of(recommender: &dyn Recommender) -> f64 {
    let mut world = LongTermEnvironment::new(SIZES).unwrap();
    world.reset(&mut Seeds(0).stream("unused")).unwrap();
    let (mut history, mut total) = (Vec::new(), 0.0);
    loop {
        let allowed = world.candidates().clone();
        let query = Query { user: UserIdx(0), history: history.clone(), allowed };
        let item = recommender.recommend(&[query], 1).unwrap()[0][0].item;
        let step = world.step(item).unwrap();
        total += f64::from(step.reward);
        history.push(Observed { item, rating: step.reward, timestamp: history.len() as i64 });
        if step.terminated || step.truncated {
            return total;
        }
    }
}

/// Trains a system and its twin with a discount of 0: the first must come near the optimum, the second must stay with
/// the greatest reward now.
pub fn finds_what_its_greedy_twin_cannot(config: &RivalConfig) {
    let world = LongTermEnvironment::new(SIZES).unwrap();
    let (optimum, greedy) = (f64::from(world.optimal_return()), f64::from(world.greedy_return()));
    let trained = |config: &RivalConfig, seed| {
        let mut trainer = trainer(config, seed);
        assert_eq!(trainer.run(config.n_rounds(), None, &mut Quiet).unwrap(), Outcome::Finished);
        return_of(&trainer.policy().unwrap())
    };
    let twin = RivalConfig { discount: 0.0, ..config.clone() };
    for seed in [1, 2] {
        let (far, near) = (trained(config, seed), trained(&twin, seed));
        assert!(far > 0.9 * optimum, "seed {seed}: {far} of {optimum}, greedy {greedy}");
        assert!((near - greedy).abs() < 0.05 * optimum, "seed {seed}: the twin has {near}, greedy {greedy}");
    }
}
