//! What is stored of a session in slates.

use crate::update::tests::{DIM, N_ITEMS, WINDOW, config, tables};
use crate::{AgentConfig, ReplayAction, SlateReward, Trainer};
use drr_core::TrainingHooks;
use drr_core::{
    EmbeddingSpace, EmbeddingTable, Environment, EnvironmentError, ItemIdx, ItemSet, Observation, Observed,
    RandomStream, RowOrigin, Seeds, Step,
};
use drr_learn::{TrainingSetup, TrainingTables};
use drr_store::Values;
use std::sync::Arc;

const HORIZON: usize = 5;

/// Five steps whose rewards are 1, .5, .25 and so on, whatever is recommended.
#[derive(Clone)]
struct Halving(ItemSet, Vec<ItemIdx>);

impl Environment for Halving {
    fn n_items(&self) -> usize {
        N_ITEMS
    }

    fn history_length(&self) -> usize {
        WINDOW
    }

    fn reset(&mut self, _random: &mut RandomStream) -> Result<Observation, EnvironmentError> {
        *self = Self(ItemSet::full(N_ITEMS), Vec::new());
        Ok(Observation::default())
    }

    fn step(&mut self, item: ItemIdx) -> Result<Step, EnvironmentError> {
        let reward = 0.5_f32.powi(self.1.len() as i32);
        self.0.remove(item);
        self.1.push(item);
        let observation =
            Observation { history: self.1[self.1.len() - 1..].to_vec(), ..Observation::default() };
        Ok(Step { observation, reward, terminated: false, truncated: self.1.len() == HORIZON })
    }

    fn candidates(&self) -> &ItemSet {
        &self.0
    }

    fn recommended(&self) -> &[ItemIdx] {
        &self.1
    }
}

/// A space for policies, of which there are none here.
struct Zeros(EmbeddingTable, RowOrigin);

impl EmbeddingSpace for Zeros {
    fn items(&self) -> &EmbeddingTable {
        &self.0
    }

    fn fold_in(&self, _history: &[Observed]) -> Vec<f32> {
        vec![0.0; DIM]
    }

    fn additions(&self) -> Option<&EmbeddingTable> {
        None
    }

    fn origin(&self) -> &RowOrigin {
        &self.1
    }
}

struct Quiet;

impl TrainingHooks for Quiet {}

fn trained(config: &AgentConfig) -> Trainer<Halving> {
    let tables: TrainingTables = tables();
    let items = EmbeddingTable::new(N_ITEMS, DIM, tables.item_values().to_vec()).unwrap();
    let space = Arc::new(Zeros(items, tables.origin().clone()));
    let environments = vec![Halving(ItemSet::full(N_ITEMS), Vec::new())];
    let setup = TrainingSetup {
        name: "drr".to_owned(),
        environments,
        horizon: HORIZON,
        world: tables,
        space,
        positive_rating: 4.0,
        seeds: Seeds(1),
    };
    let mut trainer = Trainer::new(config, setup).unwrap();
    trainer.run(1, None, &mut Quiet).unwrap();
    trainer
}

#[test]
fn a_slate_is_one_transition_with_its_mean_reward_and_the_last_one_is_short() {
    let second = 1.0 / 3.0_f32.log2();
    let dcg = |one: f32, two: f32| (one + second * two) / (1.0 + second);
    for (slate_reward, expected) in [
        (SlateReward::Mean, [0.75, 0.1875, 0.0625]),
        (SlateReward::Dcg, [dcg(1.0, 0.5), dcg(0.25, 0.125), 0.0625]),
    ] {
        let base = AgentConfig { warmup_transitions: 100, replay_action: ReplayAction::Item, ..config() };
        let trainer = trained(&AgentConfig { slate: 2, slate_reward, ..base });
        let state = trainer.trainee().replay.state();
        let array = |name: &str| &state.arrays.iter().find(|it| it.name == name).unwrap().values;
        let Values::F32(rewards) = array("rewards") else { panic!("rewards are numbers") };
        assert_eq!(rewards.len(), 3);
        for (reward, expected) in rewards.iter().zip(expected) {
            assert!((reward - expected).abs() < 1e-6, "{slate_reward:?}: {rewards:?}");
        }
        assert_eq!(array("truncated"), &Values::U8(vec![0, 0, 1]));
        let (Values::U32(items), Values::U32(next)) = (array("items"), array("next_histories")) else {
            panic!("items are ids")
        };
        assert_eq!(next.iter().step_by(WINDOW).collect::<Vec<_>>(), items.iter().collect::<Vec<_>>());
        assert_eq!(trainer.n_steps(), 5, "each item is a step of the environment");
    }
}
