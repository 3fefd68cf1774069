//! One recommender, judged.

use crate::{Fixed, Stubborn, items, log};
use drr_core::{ItemSet, Part, UserIdx};
use drr_eval::{EvalError, Evaluation, EvaluationSet, EvaluationSummary, Metric, Oracle, Protocol, evaluate};
use proptest::prelude::*;

/// User 0 saw item 0 and likes 1 and 3; user 1 saw item 1 and likes 0.
fn set() -> EvaluationSet {
    let rows = [(0, 0, 5.0), (0, 1, 4.0), (0, 2, 1.0), (0, 3, 5.0), (1, 1, 3.0), (1, 0, 4.0)];
    EvaluationSet::first_ratings(&log(2, 5, &rows), ItemSet::full(5), 4.0, 1, Part::Test, vec![])
        .expect("there are users")
}

#[test]
fn the_figures_are_those_computed_by_hand() {
    // Lists of 2: user 0 gets 4, 3 (a hit at rank 2 of 2 relevant), user 1 gets 4, 3 (no hit).
    let evaluation = evaluate(&Fixed::new(&[0.0, 1.0, 2.0, 3.0, 4.0]), &set(), &[1, 2]).unwrap();
    assert_eq!(evaluation.users, [UserIdx(0), UserIdx(1)]);
    assert_eq!(evaluation.lists[0].iter().map(|it| it.item).collect::<Vec<_>>(), items(&[4, 3]));
    assert_eq!(evaluation.values(Metric::Precision, 2), Some(&[0.5, 0.0][..]));
    assert_eq!(evaluation.values(Metric::Recall, 2), Some(&[0.5, 0.0][..]));
    assert_eq!(evaluation.values(Metric::HitRate, 1), Some(&[0.0, 0.0][..]));
    let ndcg = evaluation.summary.metric(Metric::Ndcg, 2).unwrap();
    assert!((ndcg.mean - 0.5 * 0.630_93 / 1.630_93).abs() < 1e-5);
    assert!(ndcg.low <= ndcg.mean && ndcg.mean <= ndcg.high);
    assert_eq!(evaluation.summary.diversity(2).unwrap().coverage, 0.4);
    assert_eq!(evaluation.summary.diversity(1).unwrap().coverage, 0.2);
    assert_eq!((evaluation.summary.n_users, evaluation.summary.protocol), (2, Protocol::FirstRatings));
    assert_eq!(evaluation.summary.metric(Metric::Ndcg, 7), None);
}

#[test]
fn the_oracle_is_as_good_as_the_cases_allow() {
    let evaluation = evaluate(&Oracle::new(&set()), &set(), &[2]).unwrap();
    assert_eq!(evaluation.values(Metric::Precision, 2), Some(&[1.0, 0.5][..]));
    assert_eq!(evaluation.values(Metric::Ndcg, 2), Some(&[1.0, 1.0][..]));
}

#[test]
fn rerank_leaves_users_without_relevant_items_out_of_ndcg_alone() {
    // Lists of 2: user 0 gets 2 (rated 1), 1 (rated 4, a hit); user 1, who likes nothing, gets 2 (unrated), 0 (rated 2).
    let rows = [(0, 0, 5.0), (0, 1, 4.0), (0, 2, 1.0), (1, 1, 3.0), (1, 0, 2.0)];
    let mut set =
        EvaluationSet::first_ratings(&log(2, 3, &rows), ItemSet::full(3), 4.0, 1, Part::Test, vec![])
            .unwrap();
    set.protocol = Protocol::Rerank;
    let evaluation = evaluate(&Fixed::new(&[0.0, 1.0, 2.0]), &set, &[2]).unwrap();
    assert_eq!(evaluation.per_user.iter().map(|it| it.metric).collect::<Vec<_>>(), Metric::RERANK);
    assert_eq!(evaluation.values(Metric::Precision, 2), Some(&[0.5, 0.0][..]));
    assert!(evaluation.values(Metric::Ndcg, 2).unwrap()[1].is_nan());
    let mean = |metric| evaluation.summary.metric(metric, 2).unwrap().mean;
    assert!((mean(Metric::Ndcg) - 0.630_93).abs() < 1e-5);
    assert!((mean(Metric::NdcgRetrievedIdeal) - (10.463_95 / 15.630_93 + 0.630_93) / 2.0).abs() < 1e-5);
    set.cases.remove(0);
    let summary = evaluate(&Fixed::new(&[0.0, 1.0, 2.0]), &set, &[2]).unwrap().summary;
    assert_eq!(summary.metric(Metric::Ndcg, 2), None, "defined for nobody");
}

#[test]
fn a_summary_survives_json() {
    let summary = evaluate(&Oracle::new(&set()), &set(), &[2]).unwrap().summary;
    let text = serde_json::to_string(&summary).unwrap();
    assert_eq!(serde_json::from_str::<EvaluationSummary>(&text).unwrap(), summary);
}

#[test]
fn lists_that_break_the_rules_get_no_figure() {
    let judged = |list: &[u32]| evaluate(&Stubborn(list.to_vec()), &set(), &[3]);
    assert!(judged(&[2, 3]).is_ok(), "a short list is legal");
    assert!(matches!(judged(&[2, 0]), Err(EvalError::NotAllowed { user: UserIdx(0), .. })));
    assert!(matches!(judged(&[2, 99]), Err(EvalError::NotAllowed { .. })));
    assert!(matches!(judged(&[2, 3, 2]), Err(EvalError::Repeated { .. })));
    assert!(matches!(judged(&[2, 3, 4, 0]), Err(EvalError::TooLong { length: 4, k: 3, .. })));
    for ks in [&[][..], &[5, 0]] {
        let refused = evaluate(&Fixed::new(&[0.0; 5]), &set(), ks);
        assert!(matches!(refused, Err(EvalError::ListLengths(_))));
    }
}

#[test]
fn a_score_that_is_not_finite_is_an_error() {
    let refused = evaluate(&Fixed::new(&[f32::NAN; 5]), &set(), &[3]);
    assert!(matches!(refused, Err(EvalError::Recommend(_))));
}

#[test]
fn many_queries_keep_their_order() {
    let rows: Vec<(u32, u32, f32)> =
        (0..500).flat_map(|user| [(user, user % 7, 5.0), (user, (user + 1) % 7, 5.0)]).collect();
    let set = EvaluationSet::first_ratings(&log(500, 7, &rows), ItemSet::full(7), 4.0, 1, Part::Test, vec![])
        .unwrap();
    let evaluation = evaluate(&Oracle::new(&set), &set, &[1]).unwrap();
    assert!(
        evaluation.users.iter().zip(&evaluation.lists).all(|(user, list)| list[0].item.0 == (user.0 + 1) % 7)
    );
}

proptest! {
    #[test]
    fn nobody_beats_the_oracle(
        rows in prop::collection::vec((0_u32..6, 0_u32..15, 1_u8..=5), 10..80),
        scores in prop::collection::vec(-1.0_f32..1.0, 15),
    ) {
        let rows: Vec<(u32, u32, f32)> =
            rows.into_iter().map(|(user, item, rating)| (user, item, f32::from(rating))).collect();
        let set = EvaluationSet::first_ratings(&log(6, 15, &rows), ItemSet::full(15), 4.0, 2, Part::Test, vec![]);
        // Where nobody likes anything later, there is nobody to judge on.
        prop_assume!(set.is_ok());
        let set = set.unwrap();
        let judged = |recommender: &dyn drr_core::Recommender| -> Evaluation {
            evaluate(recommender, &set, &[3, 5]).unwrap()
        };
        let (best, other) = (judged(&Oracle::new(&set)), judged(&Fixed::new(&scores)));
        for (best, other) in best.per_user.iter().zip(&other.per_user) {
            prop_assert!(best.values.iter().zip(&other.values).all(|(best, other)| *best >= other - 1e-12));
            prop_assert!(other.values.iter().all(|value| (0.0..=1.0 + 1e-12).contains(value)));
        }
    }
}
