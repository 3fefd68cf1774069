//! What the canary finds of recommenders that were fitted on judged rows and say that they were not, and what it misses.

use super::with_plan;
use crate::judge::Bench;
use crate::plan::Plan;
use crate::run::Phase;
use drr_baselines::{ItemKnn, ItemKnnConfig, Popularity};
use drr_core::{
    Interaction, InteractionLog, ItemIdx, Part, PartSet, Protocol, Query, RecommendError, Recommender,
    RowOrigin, ScoredItem,
};
use drr_eval::canary::{CANARY_LEVEL, Canaries, CanaryUser, CanaryVerdict};
use drr_eval::{EvaluationSet, Provenance, evaluate};

/// A recommender that claims another origin than its own.
struct Falsified {
    inner: Box<dyn Recommender>,
    claimed: RowOrigin,
}

impl Recommender for Falsified {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn origin(&self) -> Option<&RowOrigin> {
        Some(&self.claimed)
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        self.inner.recommend(queries, k)
    }
}

/// Lists what the judged rows say that the user rates positively, then what is popular: a leak at its plainest.
struct Memory(InteractionLog);

impl Recommender for Memory {
    fn name(&self) -> &str {
        "memory"
    }

    fn origin(&self) -> Option<&RowOrigin> {
        None
    }

    fn recommend(&self, queries: &[Query], k: usize) -> Result<Vec<Vec<ScoredItem>>, RecommendError> {
        let list = |query: &Query| {
            let mut scores = vec![0.0; self.0.n_items()];
            self.0.of_user(query.user).positives(4.0).for_each(|item| scores[item.index()] = 1.0);
            drr_core::rank(&scores, &query.allowed, k).expect("scores are finite")
        };
        Ok(queries.iter().map(list).collect())
    }
}

/// One protocol's cases with canaries.
struct Trial {
    positive: f32,
    set: EvaluationSet,
    permitted: InteractionLog,
    /// Everything, the judged part included.
    leaked: Vec<Interaction>,
    canaries: Canaries,
}

impl Trial {
    fn new(bench: &Bench<'_>) -> Self {
        let set = bench.cases(Part::Test).unwrap();
        let permitted = bench.cut.log(Phase::Final).unwrap();
        let parts: PartSet = [Part::Train, Part::Validation, Part::Test].into_iter().collect();
        let leaked = bench.cut.dataset.log(bench.cut.protocol, &parts).unwrap().iter().collect();
        let mut popularity = vec![0.0; permitted.n_items()];
        permitted.iter().for_each(|row| popularity[row.item.index()] += 1.0);
        let rated: Vec<Vec<ItemIdx>> =
            set.cases.iter().map(|case| case.rated.iter().map(|(item, _)| *item).collect()).collect();
        let users: Vec<CanaryUser<'_>> = set
            .cases
            .iter()
            .zip(&rated)
            .map(|(case, rated)| CanaryUser {
                user: case.query.user,
                candidates: &case.query.allowed,
                relevant: &case.relevant,
                rated,
            })
            .collect();
        let canaries = Canaries::plant(&users, &popularity, 5, &mut drr_core::Seeds(1).stream("canaries"));
        Self { positive: bench.cut.positive_rating, set, permitted, leaked, canaries }
    }

    /// All rows, with the planted ones if the leak reads them where they were planted.
    fn log(&self, is_planted: bool) -> InteractionLog {
        let mut rows = self.leaked.clone();
        rows.extend(self.canaries.rows(5.0, i64::MAX).into_iter().filter(|_| is_planted));
        InteractionLog::new(self.permitted.n_users(), self.permitted.n_items(), &rows).unwrap()
    }

    /// Precision and the verdict of a cheat, which the guard of origins lets pass.
    fn judge(&self, inner: Box<dyn Recommender>) -> (f64, CanaryVerdict) {
        let cheat = Falsified { inner, claimed: self.permitted.origin().clone() };
        let judged = evaluate(&cheat, &self.set, &[10]).unwrap();
        assert!(matches!(judged.summary.provenance, Provenance::Verified { .. }), "the claim is believed");
        let lists: Vec<Vec<ItemIdx>> =
            judged.lists.iter().map(|list| list.iter().map(|it| it.item).collect()).collect();
        let precision = judged.summary.metric(drr_eval::Metric::Precision, 10).unwrap().mean;
        (precision, self.canaries.test(&lists).unwrap())
    }

    fn cheats(&self, is_planted: bool) -> Vec<Box<dyn Recommender>> {
        let (log, positive) = (self.log(is_planted), self.positive);
        vec![
            Box::new(Popularity::fit(&log, positive)),
            Box::new(ItemKnn::fit(&log, &ItemKnnConfig::default()).unwrap()),
            Box::new(Memory(log)),
        ]
    }
}

/// Judges every cheat under every protocol with canaries: the name, precision at 10, and whether the canary refuses.
fn judged(plan: &Plan<'_>, is_planted: bool) -> Vec<(String, f64, bool)> {
    let mut all = Vec::new();
    for protocol in [Protocol::FirstRatings, Protocol::Temporal, Protocol::Holdout] {
        let trial = Trial::new(&plan.bench(protocol));
        for cheat in trial.cheats(is_planted) {
            let name = cheat.name().to_owned();
            let (precision, verdict) = trial.judge(cheat);
            let is_refused = verdict.refuse(&name, CANARY_LEVEL).is_err();
            all.push((name, precision, is_refused));
        }
    }
    all
}

#[test]
fn who_reads_the_rows_where_canaries_are_planted_and_ranks_by_user_is_refused() {
    with_plan(|plan| {
        for (name, _, is_refused) in judged(plan, true) {
            // Of popularity and neighbours a user's own few rows move too little: the canary does not find them.
            assert_eq!(is_refused, name == "memory", "{name}");
        }
    });
}

#[test]
fn who_reads_the_judged_rows_from_where_nothing_is_planted_is_not_found() {
    with_plan(|plan| {
        let all = judged(plan, false);
        assert!(all.iter().all(|(_, _, is_refused)| !is_refused), "{all:?}");
        let memory: Vec<f64> = all.iter().filter(|it| it.0 == "memory").map(|it| it.1).collect();
        assert_eq!(memory.len(), 3, "one under each protocol");
        assert!(memory.iter().all(|precision| *precision > 0.5), "the leak is as great as can be: {all:?}");
    });
}
