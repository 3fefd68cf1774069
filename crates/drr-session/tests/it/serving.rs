//! The frozen policy: the base before training, the same from a file, and refused where it does not belong.

use crate::world::{Bored, Kinds, Quiet, config, known, play, trainer};
use drr_core::{
    ItemIdx, ItemSet, Observed, Query, RecommendError, Recommender, Seeds, SessionRecommender, Shown, UserIdx,
};
use drr_session::{
    SessionAgentConfig, SessionError, SessionPolicy, SessionRanker, SessionSetup, SessionSpace,
    SessionTrainer,
};
use std::sync::Arc;

fn space(lean: f32) -> Arc<dyn SessionSpace> {
    Arc::new(Kinds::new(26, lean))
}

fn query(context: usize) -> Query {
    let history = known()[context].clone();
    Query { user: UserIdx(0), history, allowed: ItemSet::full(26) }
}

fn trained() -> SessionPolicy {
    let config = SessionAgentConfig { n_iterations: 5, ..config() };
    let mut training = trainer(&config, &Bored::new(26, 12, 1.0), 12, space(0.1), 1);
    training.run(5, None, &mut Quiet).unwrap();
    training.policy().unwrap()
}

#[test]
fn an_untrained_policy_is_the_base_exactly_whatever_was_shown() {
    let training = trainer(&config(), &Bored::new(26, 12, 1.0), 12, space(0.37), 1);
    let policy = training.policy().unwrap();
    assert_eq!(policy.header().n_updates, 0);
    let shown = [3, 8].map(|item| Shown { item: ItemIdx(item), reward: 0.25 });
    assert_eq!(policy.action(&query(1), &[]).unwrap(), [0.0, 0.37]);
    assert_eq!(policy.action(&query(0), &shown).unwrap(), [0.37, 0.0]);
    // Of equal scores the smaller item, and none that may not be shown.
    let mut session = policy.begin(&query(1)).unwrap();
    let candidates = ItemSet::from_items(26, [2, 7, 9, 11].map(ItemIdx));
    assert_eq!(session.next(&[], &candidates).unwrap(), ItemIdx(7));
}

#[test]
fn a_policy_comes_back_from_its_file_and_serves_the_same_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.safetensors");
    let policy = trained();
    policy.save(&path).unwrap();
    let again = SessionPolicy::load(&path, space(0.1)).unwrap();
    assert_eq!(again.header(), policy.header());
    let shown = [4, 6, 9].map(|item| Shown { item: ItemIdx(item), reward: 1.0 });
    for n_shown in 0..3 {
        let action = |policy: &SessionPolicy| policy.action(&query(0), &shown[..n_shown]).unwrap();
        assert_eq!(action(&again), action(&policy));
        assert_ne!(action(&again), [0.1, 0.0], "it has learnt something");
    }
    let rewards =
        [&policy, &again].map(|policy| play(policy, &mut Bored::new(26, 12, 1.0), &mut Seeds(1).stream("x")));
    assert_eq!(rewards[0], rewards[1]);
}

#[test]
fn the_state_grows_step_by_step_as_it_does_at_once() {
    let policy = trained();
    let shown = [5, 2, 3, 12].map(|item| Shown { item: ItemIdx(item), reward: 0.5 });
    let mut session = policy.begin(&query(0)).unwrap();
    let mut candidates = ItemSet::full(26);
    let mut last = ItemIdx(0);
    for n_shown in 0..=4 {
        last = session.next(&shown[..n_shown], &candidates).unwrap();
        if n_shown < 4 {
            candidates.remove(shown[n_shown].item);
        }
    }
    assert_eq!(policy.begin(&query(0)).unwrap().next(&shown, &candidates).unwrap(), last);
}

#[test]
fn a_policy_is_refused_in_another_space_and_a_damaged_file_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.safetensors");
    trained().save(&path).unwrap();
    let smaller = Kinds::new(26, 0.1).with_candidates(ItemSet::from_items(26, (3..26).map(ItemIdx)));
    let refused = SessionPolicy::load(&path, Arc::new(smaller)).err().unwrap().to_string();
    assert!(refused.contains("another space") && refused.contains("train anew"), "{refused}");
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(SessionPolicy::load(&path, space(0.1)), Err(SessionError::Store(_))));
}

#[test]
fn a_session_without_a_candidate_of_the_agents_is_an_error_and_no_panic() {
    let training = trainer(&config(), &Bored::new(26, 12, 1.0), 12, space(0.1), 1);
    let policy = training.policy().unwrap();
    let nothing = policy.begin(&query(0)).unwrap().next(&[], &ItemSet::empty(26));
    assert!(matches!(nothing, Err(RecommendError::Failed { .. })));
    let beyond = [Shown { item: ItemIdx(99), reward: 0.0 }];
    let refused = policy.begin(&query(0)).unwrap().next(&beyond, &ItemSet::full(26)).unwrap_err();
    assert!(refused.to_string().contains("agent failed"), "{refused}");
}

#[test]
fn only_candidates_are_chosen_and_parts_that_do_not_fit_are_refused() {
    let config = SessionAgentConfig { n_iterations: 2, ..config() };
    let few = ItemSet::from_items(26, (4..24).map(ItemIdx));
    let space: Arc<dyn SessionSpace> = Arc::new(Kinds::new(26, 0.1).with_candidates(few.clone()));
    let mut training = trainer(&config, &Bored::new(26, 12, 1.0), 12, Arc::clone(&space), 1);
    training.run(2, None, &mut Quiet).unwrap();
    let policy = training.policy().unwrap();
    let first = policy.begin(&query(0)).unwrap().next(&[], &ItemSet::full(26)).unwrap();
    assert!(few.contains(first), "{first:?}");
    let setup = |n_environments: usize, n_items: usize, known| SessionSetup {
        name: "agent".to_owned(),
        environments: vec![Bored::new(n_items, 12, 1.0); n_environments],
        horizon: 12,
        space: Arc::clone(&space),
        known,
        seeds: Seeds(0),
    };
    for (setup, reason) in [
        (setup(3, 26, known()), "3 environments for n_sessions = 32"),
        (setup(32, 28, known()), "28 items, the space 26"),
        (setup(32, 26, Vec::new()), "no context"),
        (setup(32, 26, known()[..1].to_vec()), "beyond the 1 known"),
    ] {
        let refused = SessionTrainer::new(&config, setup).err().unwrap().to_string();
        assert!(refused.contains(reason), "{refused}");
    }
}

#[test]
fn behind_a_recommender_the_first_ratings_are_known_and_the_later_ones_were_shown() {
    let (policy, same) = (trained(), trained());
    let ranker = SessionRanker::new(same, 1, (3.0, 2.0));
    assert_eq!((ranker.name(), ranker.n_parameters()), (policy.name(), policy.n_parameters()));
    let mut query = query(0);
    for (item, rating) in [(4, 5.0), (6, 1.0), (9, 4.0)] {
        let rated = Observed { item: ItemIdx(item), rating, timestamp: 0 };
        query.history.push(rated);
        query.allowed.remove(ItemIdx(item));
    }
    let shown = [(4, 1.0), (6, -1.0), (9, 0.5)].map(|(item, reward)| Shown { item: ItemIdx(item), reward });
    let begun = Query { history: known()[0].clone(), ..query.clone() };
    let list = ranker.recommend(&[query.clone()], 5).unwrap().remove(0);
    assert_eq!(list, policy.ranked(&begun, &shown, 5).unwrap());
    assert_eq!(
        (list.len(), list[0].item),
        (5, policy.begin(&begun).unwrap().next(&shown, &query.allowed).unwrap())
    );
    assert!(list.windows(2).all(|pair| pair[0].score >= pair[1].score));
    // Before anything was shown the ratings alone say another thing than after it.
    assert_ne!(policy.ranked(&begun, &[], 1).unwrap()[0].score, list[0].score);
}
