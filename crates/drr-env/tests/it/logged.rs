//! The logged environment, step by step.

use crate::{items, log, random};
use drr_core::{ContextIdx, Environment, EnvironmentError, ItemIdx, ItemSet};
use drr_env::{
    EnvError, LoggedConfig, LoggedEnvironment, RatingModel, RatingScale, RewardConfig, RewardScale,
    SessionStart, Sessions, Unrated,
};
use std::sync::Arc;

fn config() -> LoggedConfig {
    LoggedConfig {
        horizon: 10,
        history_length: 2,
        reward: RewardConfig::default(),
        rating_scale: RatingScale::STARS,
    }
}

/// One user who rated 0 to 3 before the session, then 4 with five stars, 5 with two, 6 with four; 7 and 8 never.
fn sessions() -> Arc<Sessions> {
    let rows = [(0, 0, 5.0), (0, 1, 4.0), (0, 2, 3.0), (0, 3, 5.0), (0, 4, 5.0), (0, 5, 2.0), (0, 6, 4.0)];
    let log = log(1, 9, &rows);
    Arc::new(
        Sessions::new(&log, &SessionStart::First { count: 4 }, 4.0, &mut random())
            .expect("the log has a user"),
    )
}

fn environment(config: LoggedConfig) -> LoggedEnvironment {
    LoggedEnvironment::new(sessions(), config, ItemSet::full(9), None).expect("the config has a meaning")
}

#[test]
fn a_session_begins_with_the_latest_positive_items_and_without_the_observed_candidates() {
    let mut environment = environment(config());
    let first = environment.reset(&mut random()).unwrap();
    assert_eq!(first.history, items(&[1, 3]));
    assert_eq!((first.context, first.n_accepted), (ContextIdx(0), 0));
    assert_eq!(environment.candidates().iter().collect::<Vec<_>>(), items(&[4, 5, 6, 7, 8]));
}

#[test]
fn a_positive_reward_shifts_the_history_and_any_other_leaves_it() {
    let mut environment = environment(config());
    environment.reset(&mut random()).unwrap();
    let played: Vec<(f32, Vec<ItemIdx>, u32)> = items(&[4, 5, 7, 6])
        .into_iter()
        .map(|item| environment.step(item).unwrap())
        .map(|step| (step.reward, step.observation.history, step.observation.n_accepted))
        .collect();
    let expected = [
        (1.0, items(&[3, 4]), 1),
        (-0.5, items(&[3, 4]), 1),
        (-0.5, items(&[3, 4]), 1),
        (0.5, items(&[4, 6]), 2),
    ];
    assert_eq!(played, expected);
    assert_eq!(environment.recommended(), items(&[4, 5, 7, 6]));
}

#[test]
fn the_number_of_accepted_items_stops_at_the_window() {
    let config = LoggedConfig { history_length: 1, ..config() };
    let mut environment = environment(config);
    environment.reset(&mut random()).unwrap();
    environment.step(ItemIdx(4)).unwrap();
    let step = environment.step(ItemIdx(6)).unwrap();
    assert_eq!((step.observation.history, step.observation.n_accepted), (items(&[6]), 1));
}

#[test]
fn the_time_limit_truncates_and_the_last_candidate_terminates() {
    let flags = |horizon| {
        let mut environment = environment(LoggedConfig { horizon, ..config() });
        environment.reset(&mut random()).unwrap();
        items(&[4, 5, 6, 7, 8])
            .into_iter()
            .map_while(|item| environment.step(item).ok())
            .map(|step| (step.terminated, step.truncated))
            .collect::<Vec<_>>()
    };
    let (on, end, cut) = ((false, false), (true, false), (false, true));
    assert_eq!(flags(3), [on, on, cut]);
    assert_eq!(flags(9), [on, on, on, on, end]);
    assert_eq!(flags(5), [on, on, on, on, end], "a true end wins over a cut");
}

#[test]
fn observed_repeated_and_unknown_items_are_refused_without_a_trace() {
    let mut environment = environment(config());
    assert_eq!(environment.step(ItemIdx(4)), Err(EnvironmentError::SessionOver));
    environment.reset(&mut random()).unwrap();
    environment.step(ItemIdx(5)).unwrap();
    for item in items(&[0, 5, 9, u32::MAX]) {
        assert_eq!(environment.step(item), Err(EnvironmentError::NotACandidate(item)));
    }
    assert_eq!(environment.recommended(), items(&[5]));
}

struct Always(f32);

impl RatingModel for Always {
    fn predict(&self, _context: ContextIdx, _item: ItemIdx) -> f32 {
        self.0
    }
}

#[test]
fn an_unrated_item_can_get_the_predicted_rating_clamped_to_the_scale() {
    let reward = RewardConfig { scale: RewardScale::Raw, unrated: Unrated::Predicted {} };
    let config = LoggedConfig { reward, ..config() };
    let model = Some(Arc::new(Always(7.5)) as Arc<dyn RatingModel>);
    let mut environment = LoggedEnvironment::new(sessions(), config, ItemSet::full(9), model).unwrap();
    environment.reset(&mut random()).unwrap();
    assert_eq!(environment.step(ItemIdx(7)).unwrap().reward, 2.0);
    assert_eq!(environment.step(ItemIdx(5)).unwrap().reward, -1.0, "a logged rating comes first");
}

#[test]
fn what_cannot_be_simulated_is_refused() {
    let refused = |config, catalogue| LoggedEnvironment::new(sessions(), config, catalogue, None).err();
    let predicted = RewardConfig { unrated: Unrated::Predicted {}, ..RewardConfig::default() };
    let no_model = LoggedConfig { reward: predicted, ..config() };
    assert_eq!(refused(no_model, ItemSet::full(9)), Some(EnvError::NoRatingModel));
    let other = Some(EnvError::Catalogue { n_catalogue: 8, n_log: 9 });
    assert_eq!(refused(config(), ItemSet::full(8)), other);
    for config in [LoggedConfig { horizon: 0, ..config() }, LoggedConfig { history_length: 0, ..config() }] {
        assert!(matches!(refused(config, ItemSet::full(9)), Some(EnvError::Setting { .. })));
    }
}
