//! Scores of all items for one query: what a rule ranks by.

use crate::{BaselineError, BiasedMf, DampedItemMean, Ease, ItemKnn, Popularity, Random};
use drr_core::{Knowledge, Part, Query, RecommendError, Recommender, RowDigest, RowOrigin};
use std::sync::Arc;

/// Scores every item of the catalogue for a user as the session begins.
pub trait SessionScores: Send + Sync {
    /// A short name: `biased_mf`.
    fn name(&self) -> &str;

    /// The rows that it was fitted on; `None` if it was fitted on none, or if nobody knows.
    fn origin(&self) -> Option<&RowOrigin>;

    /// What it was told beside the query.
    fn knowledge(&self) -> Knowledge {
        Knowledge::Log
    }

    /// The scores of all items, `[I]`, in any unit; only those of the allowed items count, and those must be finite.
    ///
    /// # Errors
    ///
    /// Fails where the implementation does.
    fn scores(&self, query: &Query) -> Result<Vec<f32>, RecommendError>;
}

/// Takes the scores by which a recommender of lists ranks.
macro_rules! scores_of_recommender {
    ($($recommender:ty => |$it:ident, $query:pat_param| $scores:expr;)+) => {
        $(
            impl SessionScores for $recommender {
                fn name(&self) -> &str {
                    Recommender::name(self)
                }

                fn origin(&self) -> Option<&RowOrigin> {
                    Recommender::origin(self)
                }

                fn scores(&self, $query: &Query) -> Result<Vec<f32>, RecommendError> {
                    let $it = self;
                    Ok($scores)
                }
            }
        )+
    };
}

scores_of_recommender! {
    BiasedMf => |it, query| it.scores(query);
    DampedItemMean => |it, _| DampedItemMean::scores(it).to_vec();
    Ease => |it, query| it.scores(query);
    ItemKnn => |it, query| it.scores(query);
    Popularity => |it, _| it.counts().to_vec();
    Random => |it, query| it.scores(query);
}

/// The scores of any recommender of lists, which is asked for one list of all allowed items; what it leaves out comes last.
#[derive(Clone)]
pub struct ListScores(pub Arc<dyn Recommender>);

impl SessionScores for ListScores {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn origin(&self) -> Option<&RowOrigin> {
        self.0.origin()
    }

    fn scores(&self, query: &Query) -> Result<Vec<f32>, RecommendError> {
        let lists = self.0.recommend(std::slice::from_ref(query), query.allowed.len())?;
        let mut scores = vec![f32::MIN; query.allowed.n_items()];
        for it in lists.into_iter().flatten() {
            scores[it.item.index()] = it.score;
        }
        Ok(scores)
    }
}

/// The same scores under another name: two of a kind stand in one report.
#[derive(Clone)]
pub struct NamedScores {
    name: String,
    scores: Arc<dyn SessionScores>,
}

impl NamedScores {
    /// Calls `scores` by `name`.
    pub fn new(name: impl Into<String>, scores: Arc<dyn SessionScores>) -> Self {
        Self { name: name.into(), scores }
    }
}

impl SessionScores for NamedScores {
    fn name(&self) -> &str {
        &self.name
    }

    fn origin(&self) -> Option<&RowOrigin> {
        self.scores.origin()
    }

    fn knowledge(&self) -> Knowledge {
        self.scores.knowledge()
    }

    fn scores(&self, query: &Query) -> Result<Vec<f32>, RecommendError> {
        self.scores.scores(query)
    }
}

/// Scores by a closure, such as the judge's own utilities.
pub struct ScoresBy<F> {
    name: String,
    knowledge: Knowledge,
    origin: Option<RowOrigin>,
    score: F,
}

impl<F: Fn(&Query) -> Vec<f32> + Send + Sync> ScoresBy<F> {
    /// Scores (`[I]`) by `score`, which was told `knowledge` and fitted on the rows of `origin`.
    pub fn new(name: impl Into<String>, knowledge: Knowledge, origin: Option<RowOrigin>, score: F) -> Self {
        Self { name: name.into(), knowledge, origin, score }
    }
}

impl<F: Fn(&Query) -> Vec<f32> + Send + Sync> SessionScores for ScoresBy<F> {
    fn name(&self) -> &str {
        &self.name
    }

    fn origin(&self) -> Option<&RowOrigin> {
        self.origin.as_ref()
    }

    fn knowledge(&self) -> Knowledge {
        self.knowledge
    }

    fn scores(&self, query: &Query) -> Result<Vec<f32>, RecommendError> {
        Ok((self.score)(query))
    }
}

/// The sum of two scores in the same unit, such as the predictions of two factorizations of different rows: where both err by
/// themselves, the sum errs less.
#[derive(Clone)]
pub struct SumOfScores {
    name: String,
    parts: [Arc<dyn SessionScores>; 2],
    origin: Option<RowOrigin>,
}

impl SumOfScores {
    /// Sums `left` and `right`. Its origin is that of all rows of both, as if they had been one log.
    ///
    /// # Errors
    ///
    /// Refuses two that were fitted on rows of different splits.
    pub fn new(
        name: impl Into<String>,
        left: Arc<dyn SessionScores>,
        right: Arc<dyn SessionScores>,
    ) -> Result<Self, BaselineError> {
        let origin = match (left.origin(), right.origin()) {
            (Some(left), Some(right)) => Some(together(left, right)?),
            (left, right) => left.or(right).cloned(),
        };
        Ok(Self { name: name.into(), parts: [left, right], origin })
    }
}

impl SessionScores for SumOfScores {
    fn name(&self) -> &str {
        &self.name
    }

    fn origin(&self) -> Option<&RowOrigin> {
        self.origin.as_ref()
    }

    fn knowledge(&self) -> Knowledge {
        self.parts[0].knowledge().max(self.parts[1].knowledge())
    }

    fn scores(&self, query: &Query) -> Result<Vec<f32>, RecommendError> {
        let mut scores = self.parts[0].scores(query)?;
        let others = self.parts[1].scores(query)?;
        if scores.len() != others.len() {
            let source =
                Box::new(BaselineError::CatalogueMismatch { query: scores.len(), fitted: others.len() });
            return Err(RecommendError::Failed { recommender: self.name.clone(), source });
        }
        scores.iter_mut().zip(others).for_each(|(score, other)| *score += other);
        Ok(scores)
    }
}

/// The origin of the rows of both, which are the same rows or have none in common: a digest of rows is a sum over them.
fn together(left: &RowOrigin, right: &RowOrigin) -> Result<RowOrigin, BaselineError> {
    if left == right {
        return Ok(left.clone());
    }
    if left.split != right.split {
        return Err(BaselineError::SplitMismatch);
    }
    let all = [Part::Train, Part::Validation, Part::Test, Part::SimulatorA, Part::SimulatorB];
    let parts = all.into_iter().filter(|part| left.parts.contains(*part) || right.parts.contains(*part));
    let digest = RowDigest {
        n_rows: left.digest.n_rows + right.digest.n_rows,
        sum: left.digest.sum.wrapping_add(right.digest.sum),
    };
    Ok(RowOrigin { split: left.split.clone(), parts: parts.collect(), digest })
}

/// How far a user's scores are apart: the standard deviation over the allowed items, averaged over the queries. Weights of
/// penalties are tuned in this unit, since scores are in any.
///
/// # Errors
///
/// Fails where the scores do.
pub fn score_spread(scores: &dyn SessionScores, queries: &[Query]) -> Result<f64, RecommendError> {
    let mut sum = 0.0;
    for query in queries {
        let all = scores.scores(query)?;
        let of_allowed = || query.allowed.iter().map(|item| f64::from(all[item.index()]));
        let n = query.allowed.len().max(1) as f64;
        let mean = of_allowed().sum::<f64>() / n;
        sum += (of_allowed().map(|score| (score - mean).powi(2)).sum::<f64>() / n).sqrt();
    }
    Ok(sum / queries.len().max(1) as f64)
}
