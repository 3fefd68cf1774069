//! Long sessions by hand: a world of three items.

use super::*;
use drr_core::{Interaction, ItemIdx, NextItem, PartSet, RecommendError, Response, RowDigest, Shown};
use proptest::prelude::*;

/// What three items pay, and how likely the user leaves after each.
type Answers = [(f32, f64); 3];

/// Item 0 pays most and drives away; item 1 pays little; item 2 pays nothing now, and 1 more for each item after it.
const SMALL: Answers = [(1.0, 0.5), (0.5, 0.25), (0.0, 0.0)];

/// A session of [`Answers`], in which every item after item 2 pays 1 more.
#[derive(Clone)]
struct Small {
    answers: Answers,
    horizon: usize,
    shown: Vec<Shown>,
    candidates: ItemSet,
}

impl Small {
    fn new(answers: Answers, horizon: usize) -> Self {
        Self { answers, horizon, shown: Vec::new(), candidates: ItemSet::full(3) }
    }
}

impl ExpectedSession for Small {
    fn candidates(&self) -> &ItemSet {
        &self.candidates
    }

    fn shown(&self) -> &[Shown] {
        &self.shown
    }

    fn horizon(&self) -> usize {
        self.horizon
    }

    fn show(&mut self, item: ItemIdx) -> Result<Response, EnvironmentError> {
        if !self.candidates.contains(item) {
            return Err(EnvironmentError::NotACandidate(item));
        }
        if self.shown.len() == self.horizon {
            return Err(EnvironmentError::SessionOver);
        }
        let (pay, leaving) = self.answers[item.index()];
        let grown = self.shown.iter().any(|it| it.item == ItemIdx(2));
        let reward = pay + if grown { 1.0 } else { 0.0 };
        self.candidates.remove(item);
        self.shown.push(Shown { item, reward });
        Ok(Response { reward, leaving })
    }
}

/// Shows the first candidate of a fixed order, or the order itself without looking.
struct Order {
    name: &'static str,
    items: Vec<u32>,
    blind: bool,
    origin: Option<RowOrigin>,
}

fn order(items: &[u32]) -> Order {
    Order { name: "order", items: items.to_vec(), blind: false, origin: None }
}

struct OrderInSession<'order>(&'order Order);

impl SessionRecommender for Order {
    fn name(&self) -> &str {
        self.name
    }

    fn origin(&self) -> Option<&RowOrigin> {
        self.origin.as_ref()
    }

    fn begin(&self, _query: &Query) -> Result<Box<dyn NextItem + '_>, RecommendError> {
        Ok(Box::new(OrderInSession(self)))
    }
}

impl NextItem for OrderInSession<'_> {
    fn next(&mut self, shown: &[Shown], candidates: &ItemSet) -> Result<ItemIdx, RecommendError> {
        let mut items = self.0.items.iter().copied().map(ItemIdx);
        Ok(match self.0.blind {
            true => items.nth(shown.len()).unwrap(),
            false => items.find(|item| candidates.contains(*item)).unwrap(),
        })
    }
}

fn set(n_users: usize, part: Part, permitted: Vec<RowOrigin>) -> SessionSet {
    let query = |user| Query { user: UserIdx::from(user), history: Vec::new(), allowed: ItemSet::full(3) };
    let cases = (0..n_users).map(|user| SessionCase { query: query(user) }).collect();
    SessionSet { part, cases, catalogue: ItemSet::full(3), permitted }
}

fn small(
    horizon: usize,
) -> impl Fn(&SessionCase) -> Result<Box<dyn ExpectedSession>, EnvironmentError> + Sync {
    move |_| Ok(Box::new(Small::new(SMALL, horizon)))
}

fn judged(recommender: &Order, horizon: usize) -> LongSessionEvaluation {
    evaluate_sessions(recommender, &set(2, Part::Test, vec![]), small(horizon)).unwrap()
}

#[test]
fn the_figures_of_three_items_are_those_computed_by_hand() {
    // 0, 1, 2: the user is there with 1, .5, .5 * .75 = .375; rewards 1, .5, 0.
    // Total 1 + .25 = 1.25, length 1.875.
    let greedy = judged(&order(&[0, 1, 2]), 3);
    assert_eq!(greedy.values(SessionMeasure::TotalReward), [1.25, 1.25]);
    assert_eq!(greedy.values(SessionMeasure::Length), [1.875, 1.875]);
    assert_eq!(greedy.summary.reward_per_step.mean, 1.25 / 1.875);
    assert_eq!(greedy.summary.total_reward, Interval { mean: 1.25, low: 1.25, high: 1.25 });
    // 2, 1, 0: nobody leaves after item 2, so there with 1, 1, .75; rewards 0, 1.5, 2. Total 1.5 + 1.5 = 3, length 2.75.
    let patient = judged(&order(&[2, 1, 0]), 3);
    assert_eq!(patient.values(SessionMeasure::TotalReward), [3.0, 3.0]);
    assert_eq!(patient.values(SessionMeasure::Length), [2.75, 2.75]);
    let last = patient.sessions[1][2];
    assert_eq!(last, SessionStep { item: ItemIdx(0), reward: 2.0, survival: 0.75, leaving: 0.5 });
    let curve = [(1.0, 0.0), (1.0, 1.5), (0.75, 1.5)];
    let curve = curve.map(|(survival, reward)| CurvePoint { survival, reward });
    assert_eq!(patient.curve(), curve);
    let difference = compare_sessions(&[&patient], &[&greedy], SessionMeasure::TotalReward).unwrap();
    assert_eq!((difference.difference.mean, difference.n), (1.75, 2));
}

#[test]
fn a_session_ends_at_the_horizon_or_without_candidates() {
    let short = judged(&order(&[0, 1, 2]), 2);
    assert_eq!(short.sessions[0].len(), 2);
    assert_eq!(short.summary.coverage, 2.0 / 3.0, "item 2 was never shown");
    assert_eq!((short.summary.horizon, short.summary.n_distinct_sessions), (2, 1));
    assert_eq!(judged(&order(&[0, 1, 2]), 30).sessions[0].len(), 3);
}

#[test]
fn the_total_reward_can_be_recomputed_from_the_rows_alone() {
    let evaluation = judged(&order(&[1, 2, 0]), 3);
    let rows: Vec<(u32, usize, u32, f32, f64)> = evaluation
        .steps()
        .map(|(user, step, it)| (user.0, step, it.item.0, it.reward, it.survival))
        .collect();
    assert_eq!(rows[..3], [(0, 1, 1, 0.5, 1.0), (0, 2, 2, 0.0, 0.75), (0, 3, 0, 2.0, 0.75)]);
    for (at, user) in evaluation.users.iter().enumerate() {
        let of_user = rows.iter().filter(|row| row.0 == user.0);
        let total: f64 = of_user.map(|row| row.4 * f64::from(row.3)).sum();
        assert_eq!(total, evaluation.values(SessionMeasure::TotalReward)[at]);
        assert_eq!(total, 0.5 + 0.75 * 2.0);
    }
}

#[test]
fn an_item_that_is_no_candidate_gets_no_figure() {
    let play = |items: &[u32]| {
        let recommender = Order { blind: true, ..order(items) };
        evaluate_sessions(&recommender, &set(1, Part::Test, vec![]), small(3))
    };
    assert!(matches!(play(&[7]), Err(EvalError::NotAllowed { item: ItemIdx(7), .. })));
    assert!(matches!(play(&[1, 1]), Err(EvalError::Repeated { item: ItemIdx(1), .. })));
    assert!(play(&[2, 0, 1]).is_ok());
}

#[test]
fn a_session_with_other_candidates_than_the_query_is_refused() {
    let mut fewer = set(1, Part::Test, vec![]);
    fewer.cases[0].query.allowed.remove(ItemIdx(1));
    let refused = evaluate_sessions(&order(&[0, 1, 2]), &fewer, small(3));
    assert!(matches!(refused, Err(EvalError::SessionCandidates { session: 3, query: 2, .. })));
    let none = evaluate_sessions(&order(&[0]), &set(1, Part::Test, vec![]), small(0));
    assert!(matches!(none, Err(EvalError::NoStep { user: UserIdx(0) })));
}

#[test]
fn an_answer_that_is_no_probability_or_no_number_is_refused() {
    for answer in [(1.0, 1.5), (1.0, f64::NAN), (f32::NAN, 0.5)] {
        let begin = |_: &SessionCase| {
            let session: Box<dyn ExpectedSession> = Box::new(Small::new([answer; 3], 3));
            Ok(session)
        };
        let refused = evaluate_sessions(&order(&[0, 1, 2]), &set(1, Part::Test, vec![]), begin);
        assert!(matches!(refused, Err(EvalError::Answer { item: ItemIdx(0), .. })));
    }
}

fn origin(parts: PartSet, n_rows: u64) -> RowOrigin {
    RowOrigin { split: "abc".to_owned(), parts, digest: RowDigest { n_rows, sum: 1 } }
}

#[test]
fn who_was_fitted_on_judged_or_unknown_rows_gets_no_figure() {
    let train = origin(PartSet::train(), 5);
    let tested = origin([Part::Train, Part::Test].into_iter().collect(), 5);
    let judge = |fitted: &RowOrigin, permitted: &RowOrigin| {
        let recommender = Order { origin: Some(fitted.clone()), ..order(&[0, 1, 2]) };
        evaluate_sessions(&recommender, &set(1, Part::Test, vec![permitted.clone()]), small(3))
    };
    let verified = judge(&train, &train).unwrap().summary.provenance;
    assert_eq!(verified, Provenance::Verified { origin: train.clone() });
    for (fitted, permitted) in [(&tested, &tested), (&origin(PartSet::train(), 6), &train)] {
        let refused = judge(fitted, permitted);
        assert!(matches!(refused, Err(EvalError::Leakage { protocol: LONG_SESSION, .. })));
    }
}

#[test]
fn the_cases_are_the_first_ratings_of_users_and_the_other_candidates() {
    let row = |user, item, timestamp| Interaction {
        user: UserIdx(user),
        item: ItemIdx(item),
        rating: 2.0,
        timestamp,
    };
    // User 0 rated 3, then 1, then 0; user 1 nothing; user 2 all of the catalogue that there is.
    let rows = [row(0, 3, 0), row(0, 1, 1), row(0, 0, 2), row(2, 0, 0), row(2, 1, 1)];
    let log = InteractionLog::new(3, 4, &rows).unwrap();
    let catalogue = ItemSet::from_items(4, [0, 1].map(ItemIdx));
    let set = SessionSet::new(&log, catalogue.clone(), 2, Part::Test, vec![]).unwrap();
    let query = &set.cases[0].query;
    assert_eq!(set.cases.len(), 1);
    assert_eq!((query.user, query.history.len()), (UserIdx(0), 2));
    assert_eq!(query.allowed.iter().collect::<Vec<_>>(), [ItemIdx(0)]);
    assert_eq!(set.first_users(9).cases.len(), 1);
    let none = InteractionLog::new(3, 4, &[]).unwrap();
    let refused = SessionSet::new(&none, catalogue, 2, Part::Test, vec![]);
    assert!(matches!(refused, Err(EvalError::NoCases { protocol: LONG_SESSION })));
}

#[test]
fn seeds_are_averaged_user_by_user_and_their_spread_is_told() {
    let (greedy, patient) = (judged(&order(&[0, 1, 2]), 3), judged(&order(&[2, 1, 0]), 3));
    let both = [&greedy, &patient];
    // Totals 1.25 and 3: mean 2.125, deviation 1.75 / sqrt(2).
    let figures = over_seeds(&both, SessionMeasure::TotalReward).unwrap();
    assert_eq!(mean_of_seeds(&both, SessionMeasure::TotalReward).unwrap(), [2.125, 2.125]);
    assert_eq!((figures.over_users.mean, figures.of_seeds.as_slice()), (2.125, &[1.25, 3.0][..]));
    assert!((figures.deviation - 1.75 / 2.0_f64.sqrt()).abs() < 1e-12);
    assert!(figures.over_seeds.unwrap().low < 1.25, "two seeds say little");
    let difference = compare_sessions(&both, &[&greedy], SessionMeasure::TotalReward).unwrap();
    assert_eq!(difference.difference.mean, 0.875);
    let fewer = evaluate_sessions(&order(&[0, 1, 2]), &set(1, Part::Test, vec![]), small(3)).unwrap();
    let unpaired = compare_sessions(&[&fewer], &[&greedy], SessionMeasure::TotalReward);
    assert!(matches!(unpaired, Err(EvalError::OtherUsers { .. })));
    assert!(matches!(over_seeds(&[], SessionMeasure::Length), Err(EvalError::NoValues)));
}

#[test]
fn any_number_of_threads_gives_the_same_figures() {
    let with = |n_threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        let begin = |case: &SessionCase| {
            let pay = 0.1 * case.query.user.0 as f32;
            let session: Box<dyn ExpectedSession> =
                Box::new(Small::new([(pay, 0.1), (0.3, 0.2), (0.7, 0.3)], 3));
            Ok(session)
        };
        pool.install(|| evaluate_sessions(&order(&[2, 0, 1]), &set(40, Part::Test, vec![]), begin).unwrap())
    };
    let (one, four) = (with(1), with(4));
    assert_eq!(one, four);
    assert!(one.summary.total_reward.low < one.summary.total_reward.high);
}

#[test]
fn rollouts_find_an_order_that_no_rule_has() {
    // The rules show 0, 1, 2 (1.25) and 1, 0, 2: .5 + .75 * 1 = 1.25. Best of all six orders is 2, 1, 0 with 3.
    let (one, other) = (order(&[0, 1, 2]), order(&[1, 0, 2]));
    let rules: [&dyn SessionRecommender; 2] = [&one, &other];
    let replayable = |_: &SessionCase| {
        let session: Box<dyn Replayable> = Box::new(Small::new(SMALL, 3));
        Ok(session)
    };
    let set = set(2, Part::Test, vec![]);
    let found = rollout_bounds(&set, replayable, &rules, 3).unwrap();
    assert_eq!(found.values(SessionMeasure::TotalReward), [3.0, 3.0]);
    let items: Vec<u32> = found.sessions[0].iter().map(|step| step.item.0).collect();
    assert_eq!(items, [2, 1, 0]);
    let lines = [found.summary.knowledge, judged(&one, 3).summary.knowledge];
    assert_eq!(lines, [Knowledge::Judge, Knowledge::Log]);
    let refused = rollout_bounds(&set, replayable, &[], 3);
    assert!(matches!(refused, Err(EvalError::NoRollouts { n_rules: 0, n_candidates: 3 })));
}

/// The best total of all orders of three items.
fn optimum(answers: Answers) -> f64 {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let total = |items: &[u32]| {
        let begin = |_: &SessionCase| {
            let session: Box<dyn ExpectedSession> = Box::new(Small::new(answers, 3));
            Ok(session)
        };
        let judged = evaluate_sessions(&order(items), &set(1, Part::Test, vec![]), begin).unwrap();
        judged.summary.total_reward.mean
    };
    orders.iter().map(|items| total(items)).fold(f64::NEG_INFINITY, f64::max)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn rollouts_lie_between_the_best_rule_and_the_optimum(
        answers in prop::array::uniform3((-1.0_f32..1.0, 0.0_f64..1.0)), n_candidates in 1_usize..4,
    ) {
        let rules = [order(&[0, 1, 2]), order(&[2, 0, 1])];
        let begin = || Small::new(answers, 3);
        let query = set(1, Part::Test, vec![]).cases.remove(0).query;
        let by_rule = |rule: &Order| {
            let steps = play(rule, &query, &mut begin()).unwrap();
            SessionMeasure::TotalReward.value(&steps)
        };
        let best = by_rule(&rules[0]).max(by_rule(&rules[1]));
        let steps = rollout_bound(&query, &mut begin(), &[&rules[0], &rules[1]], n_candidates).unwrap();
        let total = SessionMeasure::TotalReward.value(&steps);
        prop_assert!(total >= best - 1e-9, "{} below the rules' {}", total, best);
        prop_assert!(total <= optimum(answers) + 1e-9);
        prop_assert!(steps.windows(2).all(|pair| pair[1].survival <= pair[0].survival));
    }
}
