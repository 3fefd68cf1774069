//! Rules by hand, with four items of two categories.

use super::*;
use crate::{BaselineError, DampedItemMean, DampedItemMeanConfig, Popularity, Random};
use drr_core::{
    Categories, EmbeddingTable, Interaction, InteractionLog, ItemIdx, ItemSet, Knowledge, Observed, Part,
    Query, RecommendError, Recommender, RowOrigin, Seeds, SessionRecommender, Shown, UserIdx,
};
use proptest::prelude::*;
use std::sync::Arc;

/// Items 0 and 1 have category 0, item 2 has category 1, item 3 has both.
fn categories() -> Arc<Categories> {
    Arc::new(Categories::new(2, &[vec![0], vec![0], vec![1], vec![0, 1]]).unwrap())
}

fn scores(values: [f32; 4]) -> Arc<dyn SessionScores> {
    Arc::new(ScoresBy::new("given", Knowledge::Log, None, move |_| values.to_vec()))
}

fn query(user: u32, known: &[u32]) -> Query {
    let mut allowed = ItemSet::full(4);
    known.iter().for_each(|item| allowed.remove(ItemIdx(*item)));
    let history = known.iter().map(|item| Observed { item: ItemIdx(*item), rating: 4.0, timestamp: 0 });
    Query { user: UserIdx(user), history: history.collect(), allowed }
}

/// The items of a session whose every answer is `reward`.
fn session_with(rule: &dyn SessionRecommender, query: &Query, reward: f32) -> Vec<u32> {
    let (mut shown, mut candidates) = (Vec::new(), query.allowed.clone());
    let mut next = rule.begin(query).unwrap();
    while !candidates.is_empty() {
        let item = next.next(&shown, &candidates).unwrap();
        candidates.remove(item);
        shown.push(Shown { item, reward });
    }
    shown.iter().map(|it| it.item.0).collect()
}

fn session(rule: &dyn SessionRecommender, query: &Query) -> Vec<u32> {
    session_with(rule, query, 1.0)
}

const SCORES: [f32; 4] = [5.0, 4.5, 4.0, 3.0];

#[test]
fn greedy_follows_the_scores_and_ties_go_to_the_smaller_item() {
    let rule = SessionRule::greedy(scores([1.0, 2.0, 2.0, 3.0]));
    assert_eq!(session(&rule, &query(0, &[])), [3, 1, 2, 0]);
    assert_eq!((rule.name(), rule.knowledge()), ("greedy_given", Knowledge::Log));
}

#[test]
fn mmr_leaves_what_is_like_the_items_shown_as_computed_by_hand() {
    // weight 1, decay .5. First 0 (5); then m = (1, 0): item 1 has 4.5 - 1 = 3.5, item 2 4, item 3 3 - .71: 2.
    // Then m = (.5, 1): item 1 has 4.5 - .5 = 4, item 3 3 - 1.5 / sqrt(2) = 1.94: 1.
    let by_categories = Similarity::by_categories(categories());
    let rule =
        SessionRule::mmr(scores(SCORES), by_categories.clone(), Mmr { weight: 1.0, decay: 0.5 }).unwrap();
    assert_eq!(session(&rule, &query(0, &[])), [0, 2, 1, 3]);
    // weight 3, decay 1. First 0; m = (1, 0): item 1 has 1.5, item 2 4: 2. Then m = (1, 1): item 1 has 4.5 - 3 = 1.5, item 3
    // 3 - 3 sqrt(2) < 0: 1.
    let rule =
        SessionRule::mmr(scores(SCORES), by_categories.clone(), Mmr { weight: 3.0, decay: 1.0 }).unwrap();
    assert_eq!(session(&rule, &query(0, &[])), [0, 2, 1, 3]);
    // weight .4, decay 0: after 0, item 1 has 4.1 and stays before 2.
    let rule = SessionRule::mmr(scores(SCORES), by_categories, Mmr { weight: 0.4, decay: 0.0 }).unwrap();
    assert_eq!(session(&rule, &query(0, &[])), [0, 1, 2, 3]);
}

#[test]
fn what_was_shown_lately_is_a_decaying_sum() {
    let by_categories = Similarity::by_categories(categories());
    let mut memory = similarity::Memory::new(&by_categories, 0.8);
    // After 0, 3 and 1: category 0 has .64 + .8 / sqrt(2) + 1, category 1 .8 / sqrt(2).
    for item in [0, 3, 1] {
        memory.take(ItemIdx(item));
    }
    let both = 0.8 / 2.0_f32.sqrt();
    assert!((memory.likeness(ItemIdx(0)) - (1.64 + both)).abs() < 1e-6);
    assert!((memory.likeness(ItemIdx(2)) - both).abs() < 1e-6);
    assert!((memory.likeness(ItemIdx(3)) - (1.64 + 2.0 * both) / 2.0_f32.sqrt()).abs() < 1e-6);
}

#[test]
fn vectors_are_alike_by_their_cosine() {
    // The items' categories as vectors, of any length.
    let vectors = EmbeddingTable::new(4, 2, vec![2.0, 0.0, 0.5, 0.0, 0.0, 7.0, 3.0, 3.0]).unwrap();
    let by_vectors = Similarity::by_vectors(&vectors);
    let config = Mmr { weight: 1.0, decay: 0.5 };
    let rule = SessionRule::mmr(scores(SCORES), by_vectors, config).unwrap();
    assert_eq!((rule.name(), session(&rule, &query(0, &[]))), ("mmr_vectors_given", vec![0, 2, 1, 3]));
    let zeros = Similarity::by_vectors(&EmbeddingTable::new(4, 1, vec![0.0; 4]).unwrap());
    let rule = SessionRule::mmr(scores(SCORES), zeros, config).unwrap();
    assert_eq!(session(&rule, &query(0, &[])), [0, 1, 2, 3], "vectors of nothing are like nothing");
}

/// No penalty; 4 for full familiarity, which grows by half.
const INFORMED: Informed =
    Informed { weight: 0.0, familiarity_weight: 4.0, decay: 0.8, growth: 0.5, taste_scale: 0.5 };

#[test]
fn the_informed_rule_prefers_what_is_familiar_as_computed_by_hand() {
    // Known is item 1: shares (1, 0), so f = (1 - e^-2, 0) = (.8647, 0). Item 0 has 5 + 3.46, item 2 4, item 3
    // 3 + 4 (.5 * .8647) = 4.73. After 0, f = (.9323, 0): item 3 has 4.86, item 2 4.
    let rule = SessionRule::informed(scores(SCORES), categories(), INFORMED).unwrap();
    assert_eq!(session(&rule, &query(0, &[1])), [0, 3, 2]);
    assert_eq!((rule.name(), rule.knowledge()), ("informed_given", Knowledge::Dynamics));
    // A user of whom nothing is known: after 0, f = (.5, 0): item 1 has 6.5. After 1, f = (.75, 0): item 3 has 4.5, item 2 4.
    assert_eq!(session(&rule, &query(0, &[])), [0, 1, 3, 2]);
    // A user of whom the judge knows that category 1 is familiar: item 2 has 8, item 0 5.
    let rule = rule.knowing_taste(|_| vec![0.0, 1.0]);
    assert_eq!((session(&rule, &query(0, &[1])), rule.knowledge()), (vec![2, 0, 3], Knowledge::Judge));
}

#[test]
fn familiarity_begins_with_shares_and_grows_by_exposure() {
    let categories = categories();
    // Known are 0, 0 again, 3 and an item beyond the catalogue: of two items both have category 0, one has category 1.
    let query = Query { history: query(0, &[0, 0, 3, 9]).history, ..query(0, &[0, 3]) };
    let mut familiarity = familiarity::Familiarity::estimated(&categories, 0.3, 0.2, &query);
    let begins = [1.0 - (-5.0_f32).exp(), 1.0 - (-2.5_f32).exp()];
    assert!((familiarity.of(ItemIdx(0)) - begins[0]).abs() < 1e-6);
    assert!((familiarity.of(ItemIdx(3)) - (begins[0] + begins[1]) / 2.0).abs() < 1e-6);
    familiarity.take(ItemIdx(2));
    let grown = begins[1] + 0.3 * (1.0 - begins[1]);
    assert!((familiarity.of(ItemIdx(2)) - grown).abs() < 1e-6);
    assert!((familiarity.of(ItemIdx(1)) - begins[0]).abs() < 1e-6, "the other category stays");
}

#[test]
fn scores_follow_the_answers_only_where_that_is_asked_for() {
    // Scores by the latest rating: above 3 as given, else the other way round.
    let by_latest = |query: &Query| {
        let liked = query.history.last().is_none_or(|it| it.rating > 3.0);
        SCORES.map(|score| if liked { score } else { -score }).to_vec()
    };
    let scores = Arc::new(ScoresBy::new("latest", Knowledge::Log, None, by_latest));
    let rule = SessionRule::greedy(scores);
    assert_eq!(session_with(&rule, &query(0, &[]), -1.0), [0, 1, 2, 3]);
    let rule = rule.with_answers(3.0, 2.0);
    assert_eq!(session_with(&rule, &query(0, &[]), -1.0), [0, 3, 2, 1]);
    assert_eq!(session_with(&rule, &query(0, &[]), 1.0), [0, 1, 2, 3]);
    assert_eq!(rule.name(), "greedy_latest_answers");
}

#[test]
fn scores_that_are_no_numbers_or_of_another_catalogue_are_refused() {
    let rule = SessionRule::greedy(scores([1.0, f32::NAN, 0.0, 0.0]));
    let mut next = rule.begin(&query(7, &[])).unwrap();
    let refused = next.next(&[], &ItemSet::full(4));
    assert!(matches!(refused, Err(RecommendError::NotFinite { item: ItemIdx(1), user: UserIdx(7), .. })));
    assert_eq!(session(&rule, &query(7, &[1])), [0, 2, 3], "who is no candidate needs no score");
    let none = next.next(&[], &ItemSet::empty(4));
    assert!(matches!(none, Err(RecommendError::Failed { .. })));
    let other = Query { allowed: ItemSet::full(5), ..query(0, &[]) };
    assert!(matches!(rule.begin(&other), Err(RecommendError::Failed { .. })));
    let rule = SessionRule::informed(scores(SCORES), categories(), INFORMED).unwrap();
    assert!(matches!(
        rule.knowing_taste(|_| vec![0.0]).begin(&query(0, &[])),
        Err(RecommendError::Failed { .. })
    ));
}

#[test]
fn settings_out_of_their_ranges_are_refused() {
    let mmr = |weight, decay| {
        SessionRule::mmr(scores(SCORES), Similarity::by_categories(categories()), Mmr { weight, decay })
    };
    assert!(matches!(mmr(-1.0, 0.5), Err(BaselineError::Config { field: "weight", .. })));
    assert!(matches!(mmr(f64::INFINITY, 0.5), Err(BaselineError::Config { field: "weight", .. })));
    assert!(matches!(mmr(1.0, 1.1), Err(BaselineError::Config { field: "decay", .. })));
    for (config, wanted) in [
        (Informed { familiarity_weight: f64::NAN, ..INFORMED }, "familiarity_weight"),
        (Informed { growth: -0.1, ..INFORMED }, "growth"),
        (Informed { taste_scale: 0.0, ..INFORMED }, "taste_scale"),
    ] {
        let refused = SessionRule::informed(scores(SCORES), categories(), config);
        assert!(matches!(refused, Err(BaselineError::Config { field, .. }) if field == wanted));
    }
}

fn log(rows: &[(u32, u32, f32)]) -> InteractionLog {
    let rows: Vec<Interaction> = rows
        .iter()
        .map(|(user, item, rating)| Interaction {
            user: UserIdx(*user),
            item: ItemIdx(*item),
            rating: *rating,
            timestamp: 0,
        })
        .collect();
    InteractionLog::new(4, 4, &rows).unwrap()
}

#[test]
fn static_recommenders_score_as_they_rank() {
    let log = log(&[(0, 2, 5.0), (1, 2, 5.0), (0, 1, 4.0), (1, 0, 1.0)]);
    let popularity = Popularity::fit(&log, 4.0);
    assert_eq!(SessionScores::scores(&popularity, &query(0, &[])).unwrap(), [0.0, 1.0, 2.0, 0.0]);
    // The mean of all is 15 / 4; item 2 has (10 + 3.75) / 3.
    let mean = DampedItemMean::fit(&log, &DampedItemMeanConfig { damping: 1.0 }).unwrap();
    let of_mean = SessionScores::scores(&mean, &query(0, &[])).unwrap();
    assert!((of_mean[2] - 13.75 / 3.0).abs() < 1e-6 && of_mean[3] == 3.75);
    let by_lists = ListScores(Arc::new(mean.clone()));
    assert_eq!(by_lists.scores(&query(0, &[1])).unwrap(), [of_mean[0], f32::MIN, of_mean[2], of_mean[3]]);
    assert_eq!(by_lists.origin(), Some(log.origin()));
    let spread = score_spread(&popularity, &[query(0, &[3]), query(1, &[0, 3])]).unwrap();
    // Of 0, 1, 2 the deviation is sqrt(2/3), of 1, 2 it is 1/2.
    assert!((spread - ((2.0_f64 / 3.0).sqrt() + 0.5) / 2.0).abs() < 1e-12);
}

#[test]
fn random_scores_are_keyed_by_the_user() {
    let random = Random::new(4, Seeds(1));
    let of = |user| SessionScores::scores(&random, &query(user, &[])).unwrap();
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
    assert_eq!(Recommender::origin(&random), None);
}

#[test]
fn a_sum_has_the_origin_of_all_rows_of_both() {
    let (left, right) = ([(0, 0, 5.0), (0, 1, 4.0)], [(1, 0, 3.0)]);
    let fitted = |rows: &[(u32, u32, f32)], split: &str, parts: &[Part]| {
        let log = log(rows).with_split(split, parts.iter().copied().collect());
        Arc::new(Popularity::fit(&log, 3.0))
    };
    let (train, simulator) =
        (fitted(&left, "abc", &[Part::Train]), fitted(&right, "abc", &[Part::SimulatorA]));
    let sum = SumOfScores::new("both", train.clone(), simulator).unwrap();
    assert_eq!(sum.scores(&query(0, &[])).unwrap(), [2.0, 1.0, 0.0, 0.0]);
    let both: RowOrigin = log(&[left[0], left[1], right[0]])
        .with_split("abc", [Part::Train, Part::SimulatorA].into_iter().collect())
        .origin()
        .clone();
    assert_eq!((sum.origin(), sum.name()), (Some(&both), "both"));
    let twice = SumOfScores::new("twice", train.clone(), train.clone()).unwrap();
    assert_eq!(twice.origin(), Some(train.fitted_on()));
    let other = SumOfScores::new("other", train, fitted(&right, "xyz", &[Part::Train]));
    assert!(matches!(other, Err(BaselineError::SplitMismatch)));
}

#[test]
fn what_the_judge_knows_stays_marked() {
    let judge: Arc<dyn SessionScores> =
        Arc::new(ScoresBy::new("judge", Knowledge::Judge, None, |_| SCORES.to_vec()));
    let named: Arc<dyn SessionScores> = Arc::new(NamedScores::new("b", Arc::clone(&judge)));
    assert_eq!(SessionRule::greedy(Arc::clone(&named)).name(), "greedy_b");
    let sum = SumOfScores::new("sum", scores(SCORES), Arc::clone(&named)).unwrap();
    assert_eq!(sum.knowledge(), Knowledge::Judge);
    let informed = SessionRule::informed(named, categories(), INFORMED).unwrap();
    assert_eq!(informed.knowledge(), Knowledge::Judge);
}

/// An objective that prefers the weight 3.
fn near_3(rule: &dyn SessionRecommender) -> Result<f64, RecommendError> {
    let weight: f64 = rule.name().parse().unwrap();
    Ok(-(weight - 3.0).powi(2))
}

fn built(weight: &f64) -> Result<Box<dyn SessionRecommender>, BaselineError> {
    Ok(Box::new(SessionRule::greedy(scores(SCORES)).named(weight.to_string())))
}

#[test]
fn the_best_of_two_rounds_is_taken_and_every_trial_is_told() {
    let finer = |best: &f64| vec![best - 0.5, *best, best + 0.5];
    let tuned = tune(&[0.0, 2.0, 4.0, 8.0], finer, built, near_3).unwrap();
    // 2 and 4 are equally near, so 2 it is; then 1.5 and 2.5, but not 2 again.
    let tried: Vec<f64> = tuned.trials.iter().map(|it| it.settings).collect();
    assert_eq!(tried, [0.0, 2.0, 4.0, 8.0, 1.5, 2.5]);
    assert_eq!((tuned.best, tuned.value), (2.5, -0.25));
    let many = |_: &f64| (0..40).map(|at| 2.0 + f64::from(at) / 100.0).collect();
    assert_eq!(tune(&[0.0, 2.0], many, built, near_3).unwrap().trials.len(), MAX_TRIALS);
}

#[test]
fn no_trial_too_many_trials_and_no_number_are_refused() {
    let none = |_: &f64| Vec::new();
    assert!(matches!(tune(&[], none, built, near_3), Err(TuneError::Trials(0))));
    assert!(matches!(tune(&[1.0; 21], none, built, near_3), Err(TuneError::Trials(21))));
    let nan = |_: &dyn SessionRecommender| Ok::<_, RecommendError>(f64::NAN);
    assert!(matches!(tune(&[1.0], none, built, nan), Err(TuneError::NotFinite { trial: 0, .. })));
}

#[test]
fn the_grids_of_both_rounds_fit_into_the_trials() {
    for best in [Mmr { weight: 0.0, decay: 0.8 }, Mmr { weight: 0.4, decay: 0.8 }] {
        assert!(Mmr::grid(0.6, 0.8).len() + best.finer(0.6).len() <= MAX_TRIALS);
        assert!(best.finer(0.6).iter().all(|it| it.check().is_ok() && *it != best));
    }
    assert_eq!(Mmr::grid(0.6, 0.8)[0].weight, 0.0, "greedy is tried too");
    let grid = INFORMED.grid(0.6);
    assert!(grid.len() + INFORMED.finer().len() <= MAX_TRIALS && grid.iter().all(|it| it.check().is_ok()));
    assert_eq!((grid[1].growth, grid[1].taste_scale), (INFORMED.growth, INFORMED.taste_scale));
}

proptest! {
    #[test]
    fn rules_without_weights_are_greedy_and_any_beginning_goes_on_alike(
        values in prop::array::uniform4(-2.0_f32..2.0), weight in 0.0_f64..3.0, bonus in 0.0_f64..3.0,
        decay in 0.0_f64..=1.0, n_shown in 0_usize..4,
    ) {
        let config = Informed { weight, familiarity_weight: bonus, decay, ..INFORMED };
        let rule = |config| SessionRule::informed(scores(values), categories(), config).unwrap();
        let greedy = session(&SessionRule::greedy(scores(values)), &query(0, &[]));
        let nothing = Informed { weight: 0.0, familiarity_weight: 0.0, ..config };
        prop_assert_eq!(session(&rule(nothing), &query(0, &[])), greedy);
        // A rule that begins in the middle of a session sees what one sees that was there from the start.
        let all = session(&rule(config), &query(0, &[]));
        let shown: Vec<Shown> = all[..n_shown].iter().map(|item| Shown { item: ItemIdx(*item), reward: 1.0 }).collect();
        let left = ItemSet::from_items(4, all[n_shown..].iter().map(|item| ItemIdx(*item)));
        let rule = rule(config);
        let next = rule.begin(&query(0, &[])).unwrap().next(&shown, &left).unwrap();
        prop_assert_eq!(next.0, all[n_shown]);
    }
}
