//! The simulator by similarity, by hand.

use crate::{items, log, random};
use drr_core::{ContextIdx, EmbeddingTable, Environment, ItemIdx, ItemSet, Seeds};
use drr_env::{
    Answer, EnvError, LoggedConfig, RatingScale, RewardConfig, SessionStart, Sessions, SimilarityConfig,
    SimilarityEnvironment, check_environment,
};
use proptest::prelude::*;
use std::sync::Arc;

const CONFIG: SimilarityConfig = SimilarityConfig {
    logged: LoggedConfig {
        horizon: 3,
        history_length: 2,
        reward: RewardConfig {
            scale: drr_env::RewardScale::Centred,
            unrated: drr_env::Unrated::Constant { reward: -0.5 },
        },
        rating_scale: RatingScale::STARS,
    },
    alpha: 0.5,
    answer: Answer::Expected,
};

/// Items 0 to 3 with (2, 0), (0, 3), (1, 0) and (0, 1). One user gave five stars to 0, then one star to 1.
fn environment(config: SimilarityConfig) -> SimilarityEnvironment {
    let log = log(1, 4, &[(0, 0, 5.0), (0, 1, 1.0)]);
    let start = SessionStart::First { count: 1 };
    let sessions = Sessions::new(&log, &start, 4.0, &mut random()).expect("the log has a user");
    let vectors = EmbeddingTable::new(4, 2, vec![2.0, 0.0, 0.0, 3.0, 1.0, 0.0, 0.0, 1.0]).expect("it fits");
    SimilarityEnvironment::new(Arc::new(sessions), Arc::new(vectors), config, ItemSet::full(4))
        .expect("it fits")
}

fn begun(config: SimilarityConfig) -> SimilarityEnvironment {
    let mut environment = environment(config);
    environment.reset_to(ContextIdx(0), random());
    environment
}

// The memory has (s, a, r) = (0 0 0 0, 1 0, 1) and (0 0 1 0, 0 1, -1), lengths 1. The session's state is 0 0 1 0.
#[test]
fn the_probabilities_are_the_similarities_to_each_group_divided_by_their_sum() {
    let environment = begun(CONFIG);
    // Item 2: reward -1 by the state, .5 * 1 + .5 * 0; reward 1 by the action, .5 * 0 + .5 * 1.
    assert_eq!(environment.probabilities(ItemIdx(2)), [(-1.0, 0.5), (1.0, 0.5)]);
    // Item 3: reward -1 by both, 1; reward 1 by none, 0.
    assert_eq!(environment.probabilities(ItemIdx(3)), [(-1.0, 1.0), (1.0, 0.0)]);
    let states = begun(SimilarityConfig { alpha: 0.75, ..CONFIG });
    assert_eq!(states.probabilities(ItemIdx(2)), [(-1.0, 0.75), (1.0, 0.25)]);
}

#[test]
fn a_group_below_zero_counts_as_zero_and_without_any_the_shares_of_the_log_decide() {
    let log = log(2, 3, &[(0, 0, 5.0), (1, 1, 1.0), (1, 2, 1.0)]);
    let start = SessionStart::First { count: 0 };
    let sessions = Arc::new(Sessions::new(&log, &start, 4.0, &mut random()).unwrap());
    let vectors = Arc::new(EmbeddingTable::new(3, 2, vec![1.0, 0.0, -1.0, 0.0, 0.0, 0.0]).unwrap());
    let mut environment = SimilarityEnvironment::new(sessions, vectors, CONFIG, ItemSet::full(3)).unwrap();
    environment.reset_to(ContextIdx(0), random());
    assert_eq!(environment.probabilities(ItemIdx(0)), [(-1.0, 0.0), (1.0, 1.0)]);
    let shares = environment.probabilities(ItemIdx(2));
    assert!((shares[0].1 - 2.0 / 3.0).abs() < 1e-12 && (shares[1].1 - 1.0 / 3.0).abs() < 1e-12);
}

#[test]
fn the_expected_reward_is_the_mean_over_the_groups() {
    let mut environment = begun(SimilarityConfig { alpha: 0.25, ..CONFIG });
    let step = environment.step(ItemIdx(2)).unwrap();
    assert_eq!((step.reward, step.observation.history), (0.5, items(&[0, 2])));
    // The state is now 2 0 1 0 of length sqrt(5), its cosine with 0 0 1 0 is 1 / sqrt(5).
    let (state, action) = (0.25 / 5.0_f64.sqrt(), 0.75);
    let shares = environment.probabilities(ItemIdx(1));
    assert!((shares[0].1 - 1.0).abs() < 1e-12 && state + action > 0.0);
    let shares = environment.probabilities(ItemIdx(2));
    assert!((shares[0].1 - state / (state + action)).abs() < 1e-12, "{shares:?}");
}

#[test]
fn the_drawn_rewards_have_their_probabilities() {
    let mut environment = environment(SimilarityConfig { alpha: 0.25, answer: Answer::Drawn, ..CONFIG });
    let mut n_best = 0;
    for seed in 0..4_000 {
        environment.reset_to(ContextIdx(0), Seeds(seed).stream("answers"));
        let reward = environment.step(ItemIdx(2)).unwrap().reward;
        assert!(reward == 1.0 || reward == -1.0);
        n_best += u32::from(reward == 1.0);
    }
    // 3,000 expected, with a standard deviation of 27.
    assert!((2_890..3_110).contains(&n_best), "{n_best}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let log = log(1, 4, &[(0, 0, 5.0), (0, 1, 1.0)]);
    let start = SessionStart::First { count: 1 };
    let sessions = Arc::new(Sessions::new(&log, &start, 4.0, &mut random()).unwrap());
    let refused = |n_vectors: usize, config, n_items| {
        let vectors = Arc::new(EmbeddingTable::new(n_vectors, 1, vec![1.0; n_vectors]).unwrap());
        SimilarityEnvironment::new(Arc::clone(&sessions), vectors, config, ItemSet::full(n_items)).err()
    };
    assert_eq!(refused(4, CONFIG, 4), None);
    let other = Some(EnvError::Catalogue { n_catalogue: 3, n_log: 4 });
    assert_eq!(refused(3, CONFIG, 4), other);
    assert_eq!(refused(4, CONFIG, 3), other);
    for alpha in [-0.1, 1.1, f64::NAN] {
        let config = SimilarityConfig { alpha, ..CONFIG };
        assert!(matches!(refused(4, config, 4), Some(EnvError::Setting { setting: "alpha", .. })));
    }
}

proptest! {
    #[test]
    fn it_keeps_the_contract(
        rows in prop::collection::vec((0_u32..5, 0_u32..12, 1_u8..=5), 20..80),
        values in prop::collection::vec(-2_i8..=2, 36),
        horizon in 1_usize..15,
        history_length in 1_usize..6,
        count in 0_usize..3,
        draws in any::<bool>(),
    ) {
        let rows: Vec<(u32, u32, f32)> =
            rows.into_iter().map(|(user, item, rating)| (user, item, f32::from(rating))).collect();
        let start = SessionStart::First { count };
        let Ok(sessions) = Sessions::new(&log(5, 12, &rows), &start, 4.0, &mut random()) else {
            return Ok(());
        };
        let values = values.into_iter().map(f32::from).collect();
        let vectors = Arc::new(EmbeddingTable::new(12, 3, values).unwrap());
        let logged = LoggedConfig { horizon, history_length, ..CONFIG.logged };
        let answer = if draws { Answer::Drawn } else { Answer::Expected };
        let config = SimilarityConfig { logged, answer, ..CONFIG };
        let mut environment =
            SimilarityEnvironment::new(Arc::new(sessions), vectors, config, ItemSet::full(12)).unwrap();
        prop_assert_eq!(check_environment(&mut environment, &mut random()).unwrap(), []);
    }
}
