//! Protocols in which one recommendation follows the other, by hand.

use crate::log;
use drr_core::{
    Feedback, ItemIdx, ItemSet, Part, Protocol, Query, RecommendError, Recommender, RowOrigin, ScoredItem,
    Seeds, UserIdx, rank,
};
use drr_eval::{
    EpisodeConfig, EvalError, EvaluationSet, Metric, Oracle, SimulatedConfig, SimulatorOracle, UserSimulator,
    evaluate, evaluate_adaptive, evaluate_episodes, evaluate_online,
};

/// Recommends the item after the latest one of the history, then the one after that, around the catalogue.
struct Follower;

impl Recommender for Follower {
    fn name(&self) -> &str {
        "follower"
    }

    fn origin(&self) -> Option<&RowOrigin> {
        None
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        let list = |query: &Query| {
            let n = query.allowed.n_items();
            let last = query.history.last().map_or(n - 1, |it| it.item.index());
            let scores: Vec<f32> = (0..n).map(|item| -(((item + n - last - 1) % n) as f32)).collect();
            rank(&scores, &query.allowed, k).expect("scores are finite")
        };
        Ok(queries.iter().map(list).collect())
    }
}

fn items(list: &[ScoredItem]) -> Vec<u32> {
    list.iter().map(|it| it.item.0).collect()
}

#[test]
fn rerank_counts_candidates_alone_and_the_adaptive_form_follows_the_ratings() {
    // The user rated item 1 before; of the candidates 0, 3, 5 only 3 is liked.
    let past = log(1, 6, &[(0, 1, 4.0)]);
    let future = log(1, 6, &[(0, 5, 2.0), (0, 0, 1.0), (0, 3, 5.0)]);
    let set = EvaluationSet::rerank(&past, &future, 4.0, Part::Test, vec![]).unwrap();
    assert_eq!(set.cases[0].query.allowed.len(), 3);
    let fixed = evaluate(&Follower, &set, &[2]).unwrap();
    assert_eq!(items(&fixed.lists[0]), [3, 5]);
    assert_eq!(fixed.values(Metric::Precision, 2).unwrap(), [0.5]);
    // Gains 31 and 3, in the best order already: DCG* is its own ideal.
    assert_eq!(fixed.values(Metric::NdcgRetrievedIdeal, 2).unwrap(), [1.0]);
    let adaptive = evaluate_adaptive(&Follower, &set, &[3]).unwrap();
    assert_eq!(items(&adaptive.lists[0]), [3, 5, 0]);
    let oracle = evaluate(&Oracle::new(&set), &set, &[3]).unwrap();
    assert_eq!(items(&oracle.lists[0]), [3, 5, 0]);
    assert_eq!(oracle.values(Metric::NdcgRetrievedIdeal, 3).unwrap(), [1.0]);
}

#[test]
fn the_adaptive_form_differs_where_the_rated_item_changes_the_mind() {
    let past = log(1, 6, &[(0, 2, 4.0)]);
    let future = log(1, 6, &[(0, 5, 4.0), (0, 0, 4.0), (0, 4, 1.0)]);
    let set = EvaluationSet::rerank(&past, &future, 4.0, Part::Test, vec![]).unwrap();
    // From 2 on: 4, then from 4 on: 5, then from 5 on: 0. The static order is 4, 5, 0 as well; from another start not.
    let adaptive = evaluate_adaptive(&Follower, &set, &[2]).unwrap();
    assert_eq!(items(&adaptive.lists[0]), [4, 5]);
    assert_eq!(adaptive.values(Metric::Precision, 2).unwrap(), [0.5]);
    let no_positive = log(1, 6, &[(0, 5, 1.0)]);
    let set = EvaluationSet::rerank(&past, &no_positive, 4.0, Part::Test, vec![]).unwrap();
    let judged = evaluate(&Follower, &set, &[1]).unwrap();
    assert!(judged.values(Metric::Ndcg, 1).unwrap()[0].is_nan(), "undefined without a positive");
    assert_eq!(judged.summary.metric(Metric::Precision, 1).unwrap().mean, 0.0);
}

#[test]
fn leave_one_out_counts_the_left_out_item_whatever_its_rating() {
    let past = log(2, 5, &[(0, 1, 4.0), (1, 0, 4.0)]);
    let future = log(2, 5, &[(0, 2, 1.0)]);
    let set = EvaluationSet::leave_one_out(&past, &future, ItemSet::full(5), Part::Test, vec![]).unwrap();
    assert_eq!((set.cases.len(), set.cases[0].query.allowed.len()), (1, 4));
    let judged = evaluate(&Follower, &set, &[1, 3]).unwrap();
    assert_eq!(judged.values(Metric::Recall, 1).unwrap(), [1.0]);
}

#[test]
fn a_shuffled_set_has_the_same_ratings_in_another_order_at_the_same_times() {
    let rows: Vec<_> = (0..8).map(|at| (0, at, 1.0 + (at % 5) as f32)).collect();
    let past = log(1, 9, &rows);
    let future = log(1, 9, &[(0, 8, 5.0)]);
    let set = EvaluationSet::temporal(
        &log(1, 9, &[rows.clone(), vec![(0, 8, 1.0)]].concat()),
        &future,
        4.0,
        Part::Test,
        vec![],
    );
    assert!(matches!(set, Err(EvalError::NoCases { .. })), "an item that was rated before is no candidate");
    let set = EvaluationSet::rerank(&past, &future, 4.0, Part::Test, vec![]).unwrap();
    let shuffled = set.shuffled(&mut Seeds(1).stream("shuffle"));
    let (before, after) = (&set.cases[0].query.history, &shuffled.cases[0].query.history);
    assert_ne!(before, after);
    assert!(before.iter().zip(after).all(|(one, other)| one.timestamp == other.timestamp));
    let sorted = |history: &[drr_core::Observed]| {
        let mut pairs: Vec<(u32, i32)> = history.iter().map(|it| (it.item.0, it.rating as i32)).collect();
        pairs.sort_unstable();
        pairs
    };
    assert_eq!(sorted(before), sorted(after));
}

fn episodes() -> EvaluationSet {
    // Known: item 0. Later: 1 (liked), 2 (not), 4 (liked).
    let rows = [(0, 0, 5.0), (0, 1, 5.0), (0, 2, 1.0), (0, 4, 4.0)];
    let catalogue = ItemSet::full(6);
    EvaluationSet::held_out(Protocol::Episodes, &log(1, 6, &rows), catalogue, 4.0, 1, Part::Test, vec![])
        .expect("there is a user")
}

#[test]
fn an_episode_adds_up_hits_and_only_rated_items_join_the_history() {
    let config = EpisodeConfig { n_steps: 4, slate: 1, discount: 0.5 };
    let judged = evaluate_episodes(&Follower, &episodes(), &config).unwrap();
    // From 0: 1 (hit); 2 (rated, no hit); 3 (not rated, so the latest stays 2); 4 (hit).
    assert_eq!(items(&judged.evaluation.lists[0]), [1, 2, 3, 4]);
    assert_eq!(judged.evaluation.values(Metric::Hits, 4).unwrap(), [2.0]);
    assert_eq!(judged.evaluation.values(Metric::DiscountedReturn, 4).unwrap(), [1.0 + 0.125]);
    assert_eq!(judged.curve, [1.0, 1.0, 1.0, 2.0]);
    let slates = EpisodeConfig { n_steps: 2, slate: 2, discount: 0.5 };
    let judged = evaluate_episodes(&Follower, &episodes(), &slates).unwrap();
    assert_eq!(judged.evaluation.values(Metric::DiscountedReturn, 2).unwrap(), [0.5 + 0.25]);
}

/// Likes even items.
struct Parity;

impl UserSimulator for Parity {
    fn name(&self) -> &str {
        "parity"
    }

    fn rating(&self, _user: UserIdx, item: ItemIdx) -> f32 {
        if item.0.is_multiple_of(2) { 5.0 } else { 2.0 }
    }
}

/// Learns within a session: recommends the item whose number is that of the rewards it has seen.
#[derive(Default)]
struct Counter {
    n_seen: u32,
    in_session: bool,
}

impl Recommender for Counter {
    fn name(&self) -> &str {
        "counter"
    }

    fn origin(&self) -> Option<&RowOrigin> {
        None
    }

    fn recommend(&self, queries: &[Query], _k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        assert!(self.in_session, "only forks are asked");
        Ok(queries.iter().map(|_| vec![ScoredItem { item: ItemIdx(1 + self.n_seen), score: 0.0 }]).collect())
    }

    fn fork(&self) -> Option<Box<dyn Recommender>> {
        Some(Box::new(Self::default()))
    }

    fn start_session(&mut self, _user: UserIdx) {
        self.in_session = true;
    }

    fn observe(&mut self, feedback: Feedback) {
        assert_eq!(feedback.reward, if feedback.item.0.is_multiple_of(2) { 1.0 } else { -0.5 });
        self.n_seen += 1;
    }
}

#[test]
fn online_every_item_has_a_rating_and_every_session_a_fork_of_its_own() {
    let rows: Vec<_> = (0..3).map(|user| (user, 0, 5.0)).collect();
    let catalogue = ItemSet::full(6);
    let set =
        EvaluationSet::held_out(Protocol::Online, &log(3, 6, &rows), catalogue, 4.0, 1, Part::Test, vec![])
            .unwrap();
    let config = SimulatedConfig { n_steps: 3, middle: 3.0, half_range: 2.0 };
    for recommender in [&Follower as &dyn Recommender, &Counter::default()] {
        let judged = evaluate_online(recommender, &set, &Parity, &config).unwrap();
        // Items 1, 2, 3: rewards -.5, 1, -.5 in every session.
        assert_eq!(
            judged.evaluation.values(Metric::TotalReward, 3).unwrap(),
            [0.0; 3],
            "{}",
            recommender.name()
        );
        assert_eq!(judged.curve, [-0.5, 1.0, -0.5]);
    }
    // A step for which nothing is left has reward 0.
    let longer = SimulatedConfig { n_steps: 7, ..config };
    let judged = evaluate_online(&Follower, &set, &Parity, &longer).unwrap();
    assert_eq!(judged.curve, [-0.5, 1.0, -0.5, 1.0, -0.5, 0.0, 0.0]);
    let best = evaluate_online(&SimulatorOracle(&Parity), &set, &Parity, &config).unwrap();
    assert_eq!(best.evaluation.values(Metric::MeanReward, 3).unwrap(), [0.5; 3]);
}
