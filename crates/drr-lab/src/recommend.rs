//! Recommendations of a run, for a user of the data set or for a new one, by any recommender that the run has judged.

mod answer;
mod cold;
mod json;
mod scale;
pub mod session;
mod titles;
mod told;

pub use answer::{Answer, Figures, Listed, Session, Source, Who, Whom};
pub use cold::Cold;
pub use scale::Scale;
pub use titles::{Meant, Titles};
pub use told::{NewUser, Told};

use crate::run::Cut;
use answer::{layout_of, line};
use anyhow::{Context as _, Result, bail};
use drr_core::{
    Candidates, Cut as HeldOut, InteractionLog, ItemIdx, ItemSet, Known, Observed, Part, Query, Recommender,
    ScoredItem, UserIdx, UserRatings,
};
use drr_data::Dataset;
use drr_env::RewardConfig;
use drr_eval::metrics;
use drr_intake::shown;
use std::fmt::Write as _;

/// What is asked.
pub enum Request<'a> {
    /// A user of the data set, by original id.
    User(&'a str),
    /// A new user.
    New(&'a Told),
}

/// What recommending needs: a recommender, and the users and items that it knows.
pub struct Bundle<'a> {
    /// The data, as the protocol sees them.
    pub cut: Cut<'a>,
    /// The rows that the recommender was fitted on.
    pub fitted: InteractionLog,
    /// What recommends.
    pub recommender: Box<dyn Recommender>,
    /// Who that is.
    pub who: Who,
    /// Which run answers.
    pub source: Source<'a>,
    /// The ratings of a held-out user that are known.
    pub n_observed: usize,
    /// What a rating is worth.
    pub reward: RewardConfig,
}

/// A list, and what there was to choose from.
struct List {
    items: Vec<ScoredItem>,
    cold: Vec<Cold>,
    n_candidates: usize,
}

impl<'a> Bundle<'a> {
    /// The best `k` items for a user with a history.
    fn ask(&self, user: UserIdx, history: &[Observed], k: usize) -> Result<List> {
        let mut allowed = self.candidates();
        for rating in history {
            allowed.remove(rating.item);
        }
        let n_candidates = allowed.len();
        let query = Query { user, history: history.to_vec(), allowed };
        let mut lists =
            self.recommender.recommend(std::slice::from_ref(&query), k.min(n_candidates.max(1)))?;
        let items = lists.pop().context("the recommender gave no list")?;
        let cold = if self.cut.dataset.cold_items().is_empty() {
            Vec::new()
        } else {
            let mut all = self.recommender.recommend(&[query], n_candidates.max(1))?;
            cold::best(self.cut.dataset, &all.pop().unwrap_or_default())
        };
        Ok(List { items, cold, n_candidates })
    }

    /// What may be recommended, as the protocol's judgement has it: the whole catalogue, or what had a rating before the
    /// cut. Under "rerank" every judged user has candidates of their own, so here it is what had a rating.
    fn candidates(&self) -> ItemSet {
        let fitted = &self.fitted;
        match self.cut.protocol.facts().candidates {
            Candidates::Catalogue | Candidates::CatalogueWithoutSession => ItemSet::full(fitted.n_items()),
            Candidates::RatedBeforeTheCut | Candidates::OwnTestItems => {
                ItemSet::from_items(fitted.n_items(), fitted.iter().map(|row| row.item))
            }
        }
    }

    /// The answer to a request.
    ///
    /// # Errors
    ///
    /// Refuses users and items that the data set does not have, and an empty list.
    pub fn answer(&self, request: &Request<'_>, k: usize) -> Result<Answer<'a>> {
        if k == 0 {
            bail!("-k must be at least 1");
        }
        match request {
            Request::User(id) => self.known(id, k),
            Request::New(told) => self.new_user(told, k),
        }
    }

    fn known(&self, id: &str, k: usize) -> Result<Answer<'a>> {
        let dataset = self.cut.dataset;
        let user = user_of(dataset, id)?;
        let log = dataset.full_log()?;
        let n_ratings = log.of_user(user).len();
        let fitted_on = !self.fitted.of_user(user).is_empty();
        // Rows that were drawn for the test lie anywhere in the user's log.
        let drawn = self.cut.protocol.facts().known == Known::TrainRows;
        let test = if drawn { Some(self.cut.part(Part::Test)?) } else { None };
        let (seen, later) = match &test {
            Some(test) => (self.fitted.of_user(user), test.of_user(user)),
            None => log.of_user(user).split_at(self.n_known(user)),
        };
        let history = seen.observed();
        let list = self.ask(user, &history, k)?;
        let figures = self.figures(&list.items, &later)?;
        let mut warnings: Vec<String> = self.too_few(&list, k).into_iter().collect();
        if let Some(figures) = figures.filter(|it| it.n_listed < k) {
            warnings.push(format!("figures are over the {} listed items, not over -k {k}", figures.n_listed));
        }
        if figures.is_none() {
            warnings
                .push("the log has no later rating of this user: nothing to judge the list by".to_owned());
        }
        if fitted_on && self.cut.protocol.facts().cut == HeldOut::LastUsers {
            warnings.push(
                "this user's rows were fitted on, so these figures prove nothing; held-out users come last in id order".to_owned(),
            );
        }
        if history.is_empty() {
            warnings.push("nothing is known of this user, so the list is that of anybody".to_owned());
        }
        let whom = Whom::User { id: id.to_owned(), n_ratings };
        let known = self.why_known(history.len(), n_ratings);
        Ok(Answer { figures, warnings, ..self.plain(whom, history, known, list, k) })
    }

    fn new_user(&self, told: &Told, k: usize) -> Result<Answer<'a>> {
        let NewUser { history, meant, mut warnings } = told.of(self.cut.dataset)?;
        let list = self.ask(UserIdx(u32::MAX), &history, k)?;
        warnings.extend(self.too_few(&list, k));
        let known = given(history.len());
        Ok(Answer { warnings, ..self.plain(Whom::New { meant }, history, known, list, k) })
    }

    fn plain(&self, whom: Whom, history: Vec<Observed>, known: String, list: List, k: usize) -> Answer<'a> {
        let listed = |it: ScoredItem| Listed { item: it.item, score: Some(it.score), answer: None };
        Answer {
            source: self.source.clone(),
            whom,
            who: self.who.clone(),
            protocol: Some(self.cut.protocol),
            k,
            history,
            known,
            items: list.items.into_iter().map(listed).collect(),
            cold: list.cold,
            figures: None,
            session: None,
            warnings: Vec::new(),
        }
    }

    fn n_known(&self, user: UserIdx) -> usize {
        match self.cut.protocol.facts().known {
            Known::BeforeTheCut | Known::TrainRows => self.fitted.of_user(user).len(),
            Known::FirstRatings => self.n_observed,
        }
    }

    /// From how many of a user's ratings is recommended, and why.
    fn why_known(&self, n_known: usize, n_ratings: usize) -> String {
        let (protocol, noun) = (self.cut.protocol, self.source.scale.noun());
        match protocol.facts().known {
            Known::FirstRatings if n_known == n_ratings => format!("all {n_ratings} {noun} of the user"),
            Known::FirstRatings => format!(
                "the first {n_known} of the user's {n_ratings} {noun}; under \"{protocol}\" no more are known, as of somebody who is new"
            ),
            Known::BeforeTheCut => {
                format!("{n_known} of the user's {n_ratings} {noun}: those before the cut")
            }
            Known::TrainRows => {
                format!("{n_known} of the user's {n_ratings} {noun}: those that were not drawn for the test")
            }
        }
    }

    /// How good a list is by what the user rated later; `None` where that is nothing, or nothing is listed.
    fn figures(&self, list: &[ScoredItem], later: &UserRatings<'_>) -> Result<Option<Figures>> {
        let n_listed = list.len();
        if later.is_empty() || n_listed == 0 {
            return Ok(None);
        }
        let mut relevant: Vec<ItemIdx> = later.positives(self.cut.positive()).collect();
        relevant.sort_unstable();
        let hits = metrics::hits(list.iter().map(|it| it.item), &relevant);
        let scale = self.cut.scale()?;
        let rated = |item| later.items.iter().position(|other| *other == item).map(|at| later.ratings[at]);
        let (mut reward, mut n_rated) = (0.0, 0);
        for rating in list.iter().filter_map(|it| rated(it.item)) {
            reward += self.reward.of_rating(rating, scale);
            n_rated += 1;
        }
        Ok(Some(Figures {
            n_listed,
            precision: metrics::precision(&hits, n_listed),
            // An empty sum is -0.0, which nobody wants to read.
            dcg: metrics::dcg(&hits, n_listed) + 0.0,
            idcg: metrics::ideal_dcg(n_listed),
            ndcg: metrics::ndcg_constant_ideal(&hits, n_listed) + 0.0,
            reward: f64::from(reward),
            n_rated,
        }))
    }

    /// What to say of a list that is shorter than was asked for.
    fn too_few(&self, list: &List, k: usize) -> Option<String> {
        let (n, n_candidates) = (list.items.len(), list.n_candidates);
        let said = || {
            if n == n_candidates {
                return nothing_left(n);
            }
            format!("{} lists {n} of the {n_candidates} items that may be recommended", self.who.name)
        };
        (n < k).then(said)
    }
}

/// From what is recommended to a new user.
fn given(n: usize) -> String {
    if n == 1 { "the one item that was named".to_owned() } else { format!("the {n} items that were named") }
}

/// The items that a text finds, with ids and numbers of ratings: as text, or as a document for programs.
///
/// # Errors
///
/// Refuses a text that finds nothing, with the nearest titles.
pub fn find(source: &Source<'_>, text: &str, n: usize, as_json: bool) -> Result<String> {
    if n == 0 {
        bail!("-k must be at least 1");
    }
    let (dataset, titles) = (source.dataset, Titles::new(source.dataset));
    let items = titles.find(text, n)?;
    if as_json {
        return json::found(source, text, &titles, &items);
    }
    let mut lines = format!("the best matches ({}, number of ratings):", layout_of(dataset));
    for item in items {
        write!(lines, "\n  {}  {}", line(dataset, item), titles.n_ratings(item))?;
    }
    Ok(lines)
}

/// The user of an original id.
fn user_of(dataset: &Dataset, id: &str) -> Result<UserIdx> {
    dataset.user(id).with_context(|| {
        let users = dataset.users();
        let (first, last) = (shown(users.id(0)), shown(users.id(users.len() - 1)));
        let id = shown(id);
        format!("there is no user {id} in the data set: ids go from {first} to {last}; for a new user give --history or --like")
    })
}

/// Why a list is shorter than was asked for.
fn nothing_left(n: usize) -> String {
    let left = match n {
        0 => "nothing is left to recommend".to_owned(),
        1 => "only 1 item was left to recommend".to_owned(),
        n => format!("only {n} items were left to recommend"),
    };
    format!("{left}: the history holds all others that may be recommended")
}

#[cfg(test)]
mod tests;
