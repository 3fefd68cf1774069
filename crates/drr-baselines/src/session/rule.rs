//! Rules that recommend item after item.

use super::familiarity::Familiarity;
use super::similarity::Memory;
use super::{Informed, Mmr, SessionScores, Similarity};
use crate::BaselineError;
use drr_core::{
    Categories, ItemIdx, ItemSet, Knowledge, NextItem, Observed, Query, RecommendError, RowOrigin,
    SessionRecommender, Shown,
};
use std::sync::Arc;

/// The familiarity with each category, `[G]`, that somebody knows of a query's user.
type KnownTaste = Arc<dyn Fn(&Query) -> Vec<f32> + Send + Sync>;

/// A rule of one step: the candidate of greatest score, less a penalty, plus a bonus; of equals, the smaller item.
#[derive(Clone)]
pub struct SessionRule {
    name: String,
    scores: Arc<dyn SessionScores>,
    knowledge: Knowledge,
    staleness: Option<(Mmr, Similarity)>,
    taste: Option<Taste>,
    answers: Option<Answers>,
}

/// What the informed rule is told.
#[derive(Clone)]
struct Taste {
    config: Informed,
    categories: Arc<Categories>,
    known: Option<KnownTaste>,
}

/// How a reward reads as a rating.
#[derive(Debug, Clone, Copy)]
struct Answers {
    middle: f32,
    half_range: f32,
}

impl std::fmt::Debug for SessionRule {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SessionRule").field("name", &self.name).finish_non_exhaustive()
    }
}

impl SessionRule {
    /// The item of greatest score, whatever was shown: `greedy_SCORES`.
    #[must_use]
    pub fn greedy(scores: Arc<dyn SessionScores>) -> Self {
        let (name, knowledge) = (format!("greedy_{}", scores.name()), scores.knowledge());
        Self { name, scores, knowledge, staleness: None, taste: None, answers: None }
    }

    /// Less what is like the items shown lately: `mmr_SCORES`, or `mmr_vectors_SCORES` by the cosine of vectors.
    ///
    /// # Errors
    ///
    /// Refuses values out of their ranges.
    pub fn mmr(
        scores: Arc<dyn SessionScores>,
        similarity: Similarity,
        config: Mmr,
    ) -> Result<Self, BaselineError> {
        config.check()?;
        let kind = match similarity {
            Similarity::Categories(_) => "mmr",
            Similarity::Vectors(_) => "mmr_vectors",
        };
        let name = format!("{kind}_{}", scores.name());
        Ok(Self { name, staleness: Some((config, similarity)), ..Self::greedy(scores) })
    }

    /// The rule that is told how tastes grow: `informed_SCORES`.
    ///
    /// # Errors
    ///
    /// Refuses values out of their ranges.
    pub fn informed(
        scores: Arc<dyn SessionScores>,
        categories: Arc<Categories>,
        config: Informed,
    ) -> Result<Self, BaselineError> {
        config.check()?;
        let (name, knowledge) =
            (format!("informed_{}", scores.name()), scores.knowledge().max(Knowledge::Dynamics));
        let similarity = Similarity::by_categories(Arc::clone(&categories));
        let staleness = Some((config.mmr(), similarity));
        let taste = Some(Taste { config, categories, known: None });
        Ok(Self { name, knowledge, staleness, taste, ..Self::greedy(scores) })
    }

    /// The informed rule with the judge's own familiarity at the beginning, `[G]`, in the place of an estimate; without effect on
    /// other rules.
    #[must_use]
    pub fn knowing_taste(mut self, taste: impl Fn(&Query) -> Vec<f32> + Send + Sync + 'static) -> Self {
        if let Some(told) = &mut self.taste {
            told.known = Some(Arc::new(taste));
            self.knowledge = Knowledge::Judge;
        }
        self
    }

    /// The same rule with scores that follow the session: after each answer the items shown count as rated
    /// `middle + half_range reward`, and all items are scored anew. Its name ends in `_answers`.
    #[must_use]
    pub fn with_answers(mut self, middle: f32, half_range: f32) -> Self {
        self.name.push_str("_answers");
        self.answers = Some(Answers { middle, half_range });
        self
    }

    /// The same rule under another name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// What the rule was told.
    #[must_use]
    pub const fn knowledge(&self) -> Knowledge {
        self.knowledge
    }

    fn failed(&self, source: BaselineError) -> RecommendError {
        RecommendError::Failed { recommender: self.name.clone(), source: Box::new(source) }
    }

    /// The scores of all items, `[I]`.
    fn scores(&self, query: &Query) -> Result<Vec<f32>, RecommendError> {
        let scores = self.scores.scores(query)?;
        self.check_size(query, scores.len())?;
        Ok(scores)
    }

    fn check_size(&self, query: &Query, fitted: usize) -> Result<(), RecommendError> {
        let query = query.allowed.n_items();
        match query == fitted {
            true => Ok(()),
            false => Err(self.failed(BaselineError::CatalogueMismatch { query, fitted })),
        }
    }
}

impl Taste {
    #[expect(clippy::cast_possible_truncation, reason = "settings have few digits")]
    fn of(&self, rule: &SessionRule, query: &Query) -> Result<Familiarity<'_>, RecommendError> {
        let growth = self.config.growth as f32;
        let Some(known) = &self.known else {
            return Ok(Familiarity::estimated(
                &self.categories,
                growth,
                self.config.taste_scale as f32,
                query,
            ));
        };
        let (taste, wanted) = (known(query), self.categories.n_categories());
        if taste.len() != wanted {
            return Err(rule.failed(BaselineError::TasteSize { given: taste.len(), wanted }));
        }
        Ok(Familiarity::given(&self.categories, growth, taste))
    }
}

impl SessionRecommender for SessionRule {
    fn name(&self) -> &str {
        &self.name
    }

    fn origin(&self) -> Option<&RowOrigin> {
        self.scores.origin()
    }

    #[expect(clippy::cast_possible_truncation, reason = "settings have few digits")]
    fn begin(&self, query: &Query) -> Result<Box<dyn NextItem + '_>, RecommendError> {
        if let Some((_, similarity)) = &self.staleness {
            self.check_size(query, similarity.n_items())?;
        }
        let staleness = self
            .staleness
            .as_ref()
            .map(|(config, similarity)| (config.weight as f32, Memory::new(similarity, config.decay as f32)));
        let familiarity = match &self.taste {
            Some(taste) => Some((taste.config.familiarity_weight as f32, taste.of(self, query)?)),
            None => None,
        };
        let scores = self.scores(query)?;
        Ok(Box::new(InSession {
            rule: self,
            query: query.clone(),
            scores,
            staleness,
            familiarity,
            n_taken: 0,
        }))
    }
}

/// A rule in one session.
struct InSession<'rule> {
    rule: &'rule SessionRule,
    /// What is known; it grows where scores follow the session.
    query: Query,
    scores: Vec<f32>,
    /// The weight of likeness, and what was shown lately.
    staleness: Option<(f32, Memory<'rule>)>,
    /// The weight of familiarity, and what the user is familiar with.
    familiarity: Option<(f32, Familiarity<'rule>)>,
    /// How many of the items shown were taken note of.
    n_taken: usize,
}

impl InSession<'_> {
    /// Takes note of what was shown since the last call.
    fn take(&mut self, shown: &[Shown]) -> Result<(), RecommendError> {
        let new = shown.get(self.n_taken..).unwrap_or_default();
        for it in new {
            if let Some((_, memory)) = &mut self.staleness {
                memory.take(it.item);
            }
            if let Some((_, familiarity)) = &mut self.familiarity {
                familiarity.take(it.item);
            }
        }
        self.n_taken = shown.len().max(self.n_taken);
        let Some(answers) = self.rule.answers.filter(|_| !new.is_empty()) else { return Ok(()) };
        let timestamp = self.query.history.last().map_or(0, |it| it.timestamp);
        for it in new {
            let rating = answers.middle + answers.half_range * it.reward;
            self.query.allowed.remove(it.item);
            self.query.history.push(Observed { item: it.item, rating, timestamp });
        }
        self.scores = self.rule.scores(&self.query)?;
        Ok(())
    }

    /// The item's score with penalty and bonus.
    fn value(&self, item: ItemIdx) -> f32 {
        let penalty = self.staleness.as_ref().map_or(0.0, |(weight, memory)| weight * memory.likeness(item));
        let bonus = self.familiarity.as_ref().map_or(0.0, |(weight, taste)| weight * taste.of(item));
        self.scores[item.index()] - penalty + bonus
    }
}

impl NextItem for InSession<'_> {
    fn next(&mut self, shown: &[Shown], candidates: &ItemSet) -> Result<ItemIdx, RecommendError> {
        self.take(shown)?;
        let mut best: Option<(f32, ItemIdx)> = None;
        for item in candidates.iter() {
            let score = self.value(item);
            if !score.is_finite() {
                let (recommender, user) = (self.rule.name.clone(), self.query.user);
                return Err(RecommendError::NotFinite { recommender, user, item, score });
            }
            // Items come in ascending order, so a later one that only equals the best is not better.
            if best.is_none_or(|(so_far, _)| score > so_far) {
                best = Some((score, item));
            }
        }
        best.map(|(_, item)| item).ok_or_else(|| self.rule.failed(BaselineError::NoCandidates))
    }
}
