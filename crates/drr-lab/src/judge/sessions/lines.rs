//! Who is judged beside the agent.

use super::SessionJudge;
use super::rules::{in_words, rule_scores};
use crate::fit::sessions::{Items, SessionBench, Tastes};
use anyhow::{Context as _, Result};
use drr_baselines::{
    BiasedMf, Informed, Mmr, NamedScores, Popularity, Random, ScoresBy, SessionRule, SessionScores,
    Similarity, SumOfScores, TuneError, score_spread, tune,
};
use drr_core::{Categories, Knowledge, Part, Query, SessionRecommender};
use drr_env::worlds::Mind;
use drr_eval::EvalError;
use std::sync::Arc;

/// A line without reinforcement learning.
pub struct Line {
    /// The rule.
    pub rule: SessionRule,
    /// What was chosen for it, in words.
    pub settings: Option<String>,
}

/// Scores, and what was chosen for them, in words.
struct Scored {
    scores: Arc<dyn SessionScores>,
    settings: Option<String>,
}

impl Scored {
    fn new(scores: impl SessionScores + 'static) -> Self {
        Self { scores: Arc::new(scores), settings: None }
    }

    fn greedy(&self) -> Line {
        Line { rule: SessionRule::greedy(Arc::clone(&self.scores)), settings: self.settings.clone() }
    }
}

/// What the lines are made of.
pub struct Lines<'a> {
    judge: &'a SessionJudge<'a>,
    categories: Arc<Categories>,
    /// Scores that are worth an MMR: the item mean, the factorizations, and the best of the others.
    rated: Vec<Scored>,
    /// Other scores, greedy alone.
    others: Vec<Scored>,
    /// Validation users in the simulator that agents are trained in, and in the judge.
    validation: [SessionBench; 2],
}

/// The weight of staleness in the judge's own rules, in units of ratings.
const JUDGES_WEIGHT: f64 = 0.5;

impl<'a> Lines<'a> {
    /// Fits what has no file of its own.
    ///
    /// # Errors
    ///
    /// Fails if the models are not fitted, and if a fit does.
    pub fn new(judge: &'a SessionJudge<'a>, items: &Items) -> Result<Self> {
        let models = &judge.models;
        let log = models.cut.rows(&[Part::Train])?;
        let of_r: Arc<dyn SessionScores> = Arc::new(BiasedMf::new(Arc::new(models.known()?)));
        let of_a: Arc<dyn SessionScores> = Arc::new(BiasedMf::new(Arc::new(models.tastes(Tastes::A)?)));
        let both = SumOfScores::new("mf_r_and_a", Arc::clone(&of_r), Arc::clone(&of_a))?;
        let mut rules = Vec::new();
        for config in models.config.all_rules() {
            let scores = rule_scores(models, &config)?;
            rules.push(Scored { scores, settings: in_words(&config) });
        }
        let mut rated = vec![
            rules.remove(0),
            Scored::new(NamedScores::new("mf_r", of_r)),
            Scored::new(NamedScores::new("mf_a", of_a)),
            Scored::new(both),
        ];
        let mut others = vec![
            Scored::new(Random::new(log.n_items(), models.seeds)),
            Scored::new(Popularity::fit(&log, models.positive)),
        ];
        let dynamics = models.config.dynamics;
        let of = |tastes| SessionBench::new(models, items, Part::Validation, tastes, dynamics);
        let validation = [of(Tastes::A)?, of(Tastes::B)?];
        rated.push(rules.remove(best_at(&rules, &validation[0])?));
        others.extend(rules);
        Ok(Self { judge, categories: Arc::clone(&items.categories), rated, others, validation })
    }

    /// Every line, with what was chosen on validation users in A; `bench` gives the judge's own lines what it knows.
    ///
    /// # Errors
    ///
    /// Fails if a choice does.
    pub fn all(&self, bench: &SessionBench) -> Result<Vec<Line>> {
        let [in_a, in_b] = &self.validation;
        let mut lines: Vec<Line> = self.others.iter().chain(&self.rated).map(Scored::greedy).collect();
        let work = self.judge.work();
        let bar = work.bar("choosing weights of rules", 2 * self.rated.len() as u64);
        for (bench, ending) in [(in_a, ""), (in_b, "_tuned_in_b")] {
            for scored in &self.rated {
                work.stop_if_asked()?;
                lines.push(self.mmr(&scored.scores, bench, ending)?);
                bar.set((lines.len() - self.others.len() - self.rated.len()) as u64);
            }
        }
        bar.finish();
        lines.push(self.informed(&self.rated[0].scores, in_a)?);
        lines.push(self.informed(&self.rated[3].scores, in_a)?);
        let known = judges_scores(bench);
        lines.push(Line { rule: SessionRule::greedy(Arc::clone(&known)), settings: None });
        let own: Arc<dyn SessionScores> = judges_scores(in_b);
        let chosen = self.chosen_mmr(&own, in_b)?;
        let rule = SessionRule::mmr(known, Similarity::by_categories(Arc::clone(&self.categories)), chosen)?;
        lines.push(Line { rule, settings: Some(weight(&chosen)) });
        Ok(lines)
    }

    /// The MMR of greatest total reward of any scores.
    ///
    /// # Errors
    ///
    /// Fails if a choice does.
    pub fn best_mmr(&self, bench: &SessionBench) -> Result<Box<dyn SessionRecommender>> {
        let mut best: Option<(f64, SessionRule)> = None;
        for scored in &self.rated {
            let rule = self.mmr(&scored.scores, bench, "")?.rule;
            let value = bench.total_reward(&rule)?;
            if best.as_ref().is_none_or(|(so_far, _)| value > *so_far) {
                best = Some((value, rule));
            }
        }
        let (_, rule) = best.context("there is nothing to rank by")?;
        Ok(Box::new(rule))
    }

    fn mmr(&self, scores: &Arc<dyn SessionScores>, bench: &SessionBench, ending: &str) -> Result<Line> {
        let chosen = self.chosen_mmr(scores, bench)?;
        let similarity = Similarity::by_categories(Arc::clone(&self.categories));
        let rule = SessionRule::mmr(Arc::clone(scores), similarity, chosen)?;
        let name = format!("{}{ending}", SessionRecommender::name(&rule));
        Ok(Line { rule: rule.named(name), settings: Some(weight(&chosen)) })
    }

    /// The weight of greatest total reward of validation users.
    fn chosen_mmr(&self, scores: &Arc<dyn SessionScores>, bench: &SessionBench) -> Result<Mmr> {
        let spread = spread(scores, bench)?;
        let decay = bench.dynamics.staleness_decay;
        let build = |config: &Mmr| {
            let similarity = Similarity::by_categories(Arc::clone(&self.categories));
            Ok(Box::new(SessionRule::mmr(Arc::clone(scores), similarity, *config)?)
                as Box<dyn SessionRecommender>)
        };
        let objective = |rule: &dyn SessionRecommender| bench.total_reward(rule);
        let tuned: Result<_, TuneError<EvalError>> =
            tune(&Mmr::grid(spread, decay), |best| best.finer(spread), build, objective);
        Ok(tuned?.best)
    }

    fn informed(&self, scores: &Arc<dyn SessionScores>, bench: &SessionBench) -> Result<Line> {
        let spread = spread(scores, bench)?;
        let dynamics = self.judge.models.config.dynamics;
        let told = Informed {
            weight: 0.0,
            familiarity_weight: 0.0,
            decay: dynamics.staleness_decay,
            growth: dynamics.growth,
            taste_scale: dynamics.taste_scale,
        };
        let rule = |config: &Informed| {
            SessionRule::informed(Arc::clone(scores), Arc::clone(&self.categories), *config)
        };
        let build = |config: &Informed| Ok(Box::new(rule(config)?) as Box<dyn SessionRecommender>);
        let objective = |rule: &dyn SessionRecommender| bench.total_reward(rule);
        let tuned: Result<_, TuneError<EvalError>> =
            tune(&told.grid(spread), Informed::finer, build, objective);
        let best = tuned?.best;
        let settings = format!("weights {:.3} and {:.3}", best.weight, best.familiarity_weight);
        Ok(Line { rule: rule(&best)?, settings: Some(settings) })
    }
}

/// Which of the scores have the greatest total reward, each item the one of greatest score; of equals the first.
fn best_at(scored: &[Scored], bench: &SessionBench) -> Result<usize> {
    let mut best = (f64::NEG_INFINITY, 0);
    for (at, it) in scored.iter().enumerate() {
        let value = bench.total_reward(&it.greedy().rule)?;
        if value > best.0 {
            best = (value, at);
        }
    }
    Ok(best.1)
}

fn weight(config: &Mmr) -> String {
    format!("weight {:.3}", config.weight)
}

fn spread(scores: &Arc<dyn SessionScores>, bench: &SessionBench) -> Result<f64> {
    let queries: Vec<Query> = bench.set.cases.iter().map(|case| case.query.clone()).collect();
    Ok(score_spread(&**scores, &queries)?)
}

/// Rules that know the judge's utilities and hidden states: what looks ahead by rollouts is made of them.
///
/// # Errors
///
/// Refuses weights out of their range.
pub fn judges_rules(
    judge: &SessionJudge<'_>,
    items: &Items,
    bench: &SessionBench,
) -> Result<Vec<SessionRule>> {
    let dynamics = judge.models.config.dynamics;
    let known = judges_scores(bench);
    let similarity = Similarity::by_categories(Arc::clone(&items.categories));
    let mmr = Mmr { weight: JUDGES_WEIGHT, decay: dynamics.staleness_decay };
    let informed = Informed {
        weight: JUDGES_WEIGHT,
        familiarity_weight: dynamics.unfamiliarity,
        decay: dynamics.staleness_decay,
        growth: dynamics.growth,
        taste_scale: dynamics.taste_scale,
    };
    let bench = bench.clone();
    let taste = move |query: &Query| {
        let mut mind = Mind::default();
        if let Ok(context) = bench.context(query.user) {
            mind.begin(bench.population.shares(context), &bench.dynamics);
        }
        mind.taste().to_vec()
    };
    Ok(vec![
        SessionRule::greedy(Arc::clone(&known)),
        SessionRule::mmr(Arc::clone(&known), similarity, mmr)?,
        SessionRule::informed(known, Arc::clone(&items.categories), informed)?
            .knowing_taste(taste)
            .named("knowing_judge"),
    ])
}

/// What the users of `bench` would answer at the beginning: nobody can know that.
fn judges_scores(bench: &SessionBench) -> Arc<dyn SessionScores> {
    let bench = bench.clone();
    let scores = move |query: &Query| {
        let mut scores = vec![f32::MIN; query.allowed.n_items()];
        let Ok(context) = bench.context(query.user) else { return scores };
        for item in query.allowed.iter() {
            scores[item.index()] = bench.population.rating(context, item).unwrap_or(f32::MIN);
        }
        scores
    };
    Arc::new(ScoresBy::new("judge", Knowledge::Judge, None, scores))
}
