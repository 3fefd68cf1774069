//! The bandits, with and without a session.

use crate::rating::two_tastes;
use crate::{items, query};
use drr_baselines::{BaselineError, HLinUcb, HLinUcbConfig, LinUcb, LinUcbConfig};
use drr_core::{EmbeddingTable, Feedback, ItemIdx, Recommender, Seeds, UserIdx};

/// The kind of each of ten items as one-hot vectors.
fn kinds() -> EmbeddingTable {
    EmbeddingTable::new(10, 2, [1.0, 0.0, 0.0, 1.0].repeat(5)).unwrap()
}

fn bandit(alpha: f64) -> LinUcb {
    let config = LinUcbConfig { alpha, prior_ratings: 1.0, intercept: false, ..LinUcbConfig::default() };
    LinUcb::fit(&two_tastes(), &kinds(), &config).unwrap()
}

fn feedback(item: u32, reward: f32) -> Feedback {
    Feedback { user: UserIdx(7), item: ItemIdx(item), reward }
}

#[test]
fn a_history_is_learned_from_like_feedback() {
    let plain = bandit(0.0);
    assert_eq!(plain.name(), "lin_ucb");
    assert_eq!(plain.n_parameters(), 6);
    assert!(items(&plain, &query(7, &[(1, 5.0), (0, 1.0)], 10), 3).iter().all(|item| item % 2 == 1));
    assert!(items(&plain, &query(7, &[(1, 1.0), (0, 5.0)], 10), 3).iter().all(|item| item % 2 == 0));
}

#[test]
fn a_fork_learns_from_feedback_and_the_original_does_not() {
    let original = bandit(0.0);
    let mut fork = original.fork().unwrap();
    let asked = query(7, &[], 10);
    let before = items(&original, &asked, 10);
    assert_eq!(items(fork.as_ref(), &asked, 10), before);
    fork.observe(feedback(0, -1.0));
    fork.observe(feedback(1, 1.0));
    assert!(items(fork.as_ref(), &asked, 3).iter().all(|item| item % 2 == 1));
    assert_eq!(items(&original, &asked, 10), before);
    // What the history gains within the session is already known.
    assert!(items(fork.as_ref(), &query(7, &[(1, 1.0), (3, 1.0)], 10), 3).iter().all(|item| item % 2 == 1));
    // Another user is told from the history alone, and says nothing of this one.
    assert!(items(fork.as_ref(), &query(8, &[(2, 5.0), (3, 1.0)], 10), 3).iter().all(|item| item % 2 == 0));
    fork.observe(Feedback { user: UserIdx(8), ..feedback(1, -1.0) });
    assert!(items(fork.as_ref(), &asked, 3).iter().all(|item| item % 2 == 1));
    fork.start_session(UserIdx(7));
    assert_eq!(items(fork.as_ref(), &asked, 10), before);
}

#[test]
fn feedback_before_the_first_question_counts_after_the_history() {
    let original = bandit(0.3);
    let asked = query(7, &[(2, 4.0)], 10);
    let mut early = original.fork().unwrap();
    early.observe(feedback(1, 0.5));
    let mut late = original.fork().unwrap();
    late.recommend(std::slice::from_ref(&asked), 1).unwrap();
    late.observe(feedback(1, 0.5));
    let list = |of: &dyn Recommender| of.recommend(std::slice::from_ref(&asked), 10).unwrap();
    assert_eq!(list(early.as_ref()), list(late.as_ref()));
}

#[test]
fn what_is_uncertain_is_tried_if_alpha_says_so() {
    let asked = query(7, &[(0, 4.0), (2, 4.0), (4, 4.0), (6, 4.0)], 10);
    assert_eq!(items(&bandit(0.0), &asked, 1), [8]);
    assert_eq!(items(&bandit(5.0), &asked, 1), [1]);
}

#[test]
fn what_is_out_of_range_is_refused() {
    let good = LinUcbConfig::default();
    let fit = |config: &LinUcbConfig| LinUcb::fit(&two_tastes(), &kinds(), config);
    assert!(fit(&good).is_ok());
    for (bad, named) in [
        (LinUcbConfig { alpha: -1.0, ..good }, "alpha"),
        (LinUcbConfig { l2: 0.0, ..good }, "l2"),
        (LinUcbConfig { prior_ratings: f64::NAN, ..good }, "prior_ratings"),
        (LinUcbConfig { highest: 1.0, ..good }, "highest"),
    ] {
        assert!(matches!(fit(&bad), Err(BaselineError::Config { field, .. }) if field == named));
    }
    let other = EmbeddingTable::new(3, 1, vec![0.0; 3]).unwrap();
    let refused = LinUcb::fit(&two_tastes(), &other, &good);
    assert!(matches!(refused, Err(BaselineError::CatalogueMismatch { query: 10, fitted: 3 })));
}

#[test]
fn hidden_features_tell_kinds_apart_that_the_vectors_do_not_show() {
    // Every item has the same vector: only what the log's users liked together separates the kinds.
    let same = EmbeddingTable::new(10, 1, vec![1.0; 10]).unwrap();
    let linear = LinUcbConfig { alpha: 0.0, prior_ratings: 1.0, intercept: false, ..LinUcbConfig::default() };
    let config = HLinUcbConfig { linear, n_hidden: 2, hidden_alpha: 0.0, rounds: 10, ..Default::default() };
    let fit = |config: &HLinUcbConfig| HLinUcb::fit(&two_tastes(), &same, config, Seeds(1));
    let original = fit(&config).unwrap();
    assert_eq!((original.name(), original.n_parameters()), ("hlin_ucb", 12 + 20 + 40));
    let odd = items(&original, &query(7, &[(1, 5.0), (0, 1.0), (3, 5.0)], 10), 3);
    assert!(odd.iter().all(|item| item % 2 == 1), "{odd:?}");
    let mut fork = original.fork().unwrap();
    for (item, reward) in [(0, 1.0), (1, -1.0), (2, 1.0)] {
        fork.observe(feedback(item, reward));
    }
    let even = items(fork.as_ref(), &query(7, &[], 10), 3);
    assert!(even.iter().all(|item| item % 2 == 0), "{even:?}");
    // Item 9 was never rated, so its hidden features are the least certain.
    let bold = fit(&HLinUcbConfig { hidden_alpha: 50.0, ..config }).unwrap();
    assert_eq!(items(&bold, &query(7, &[(0, 5.0), (1, 1.0)], 10), 1), [9]);
    let none = fit(&HLinUcbConfig { n_hidden: 0, ..config });
    assert!(matches!(none, Err(BaselineError::Config { field: "n_hidden", .. })));
}
