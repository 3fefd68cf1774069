//! Recommendations of a trained run, for a user of the data set or for a new one.

pub mod session;

use crate::run::Cut;
use anyhow::{Context as _, Result, bail};
use drr_agent::DrrPolicy;
use drr_core::{
    Candidates, Cut as HeldOut, InteractionLog, ItemIdx, ItemSet, Known, Observed, Query, Recommender,
    ScoredItem, UserIdx,
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
    /// A new user, by the original ids of liked items, oldest first.
    History(&'a str),
}

/// What recommending needs: a policy, and the users and items that it knows.
pub struct Bundle<'a> {
    /// The data, as the protocol sees them.
    pub cut: Cut<'a>,
    /// The rows that the policy was fitted on.
    pub fitted: InteractionLog,
    /// The trained policy.
    pub policy: DrrPolicy,
    /// The ratings of a held-out user that are known.
    pub n_observed: usize,
    /// What a rating is worth.
    pub reward: RewardConfig,
}

impl Bundle<'_> {
    /// The best `k` items for a user with a history.
    fn ask(&self, user: UserIdx, history: Vec<Observed>, k: usize) -> Result<Vec<ScoredItem>> {
        let mut allowed = self.candidates();
        for rating in &history {
            allowed.remove(rating.item);
        }
        let query = Query { user, history, allowed };
        let mut lists = self.policy.recommend(&[query], k)?;
        lists.pop().context("the policy gave no list")
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
}

/// The answer as text.
///
/// # Errors
///
/// Refuses users and items that the data set does not have, and an empty list.
pub fn run(bundle: &Bundle<'_>, request: &Request<'_>, k: usize) -> Result<String> {
    if k == 0 {
        bail!("-k must be at least 1");
    }
    match request {
        Request::User(id) => known(bundle, id, k),
        Request::History(ids) => new(bundle, ids, k),
    }
}

fn known(bundle: &Bundle<'_>, id: &str, k: usize) -> Result<String> {
    let dataset = bundle.cut.dataset;
    let user = user_of(dataset, id)?;
    let log = dataset.full_log()?;
    let fitted = &bundle.fitted;
    let n_known = match bundle.cut.protocol.facts().known {
        Known::BeforeTheCut | Known::TrainRows => fitted.of_user(user).len(),
        Known::FirstRatings => bundle.n_observed,
    };
    let (seen, later) = log.of_user(user).split_at(n_known);
    let history = seen.observed();
    let list = bundle.ask(user, history.clone(), k)?;
    let mut text = String::new();
    writeln!(text, "user_id: {id}, rated_items_length: {}", log.of_user(user).len())?;
    write_history(dataset, &mut text, &history)?;
    write_list(dataset, &mut text, &list, k)?;
    if later.is_empty() {
        writeln!(text, "the log has no later rating of this user: nothing to judge the list by")?;
        return Ok(text);
    }
    let positive = bundle.cut.positive_rating;
    let mut relevant: Vec<ItemIdx> = later.positives(positive).collect();
    relevant.sort_unstable();
    let hits = metrics::hits(list.iter().map(|it| it.item), &relevant);
    let reward = &bundle.reward;
    let scale = bundle.cut.scale()?;
    let rated = |item| later.items.iter().position(|other| *other == item).map(|at| later.ratings[at]);
    let logged = list.iter().filter_map(|it| rated(it.item));
    let (mut total, mut n_rated) = (0.0, 0);
    for rating in logged {
        total += reward.of_rating(rating, scale);
        n_rated += 1;
    }
    // An empty sum is -0.0, which nobody wants to read.
    let (precision, dcg) = (metrics::precision(&hits, k), metrics::dcg(&hits, k) + 0.0);
    let (idcg, ndcg) = (metrics::ideal_dcg(k), metrics::ndcg_constant_ideal(&hits, k) + 0.0);
    writeln!(
        text,
        "precision: {precision:.4}, dcg: {dcg:.4}, idcg: {idcg:.4}, ndcg: {ndcg:.4}, reward: {total:.4} (over the {n_rated} listed items that the user rated later)"
    )?;
    if !fitted.of_user(user).is_empty() && bundle.cut.protocol.facts().cut == HeldOut::LastUsers {
        writeln!(
            text,
            "note: this user's rows were fitted on, so these figures prove nothing; held-out users come last in id order"
        )?;
    }
    Ok(text)
}

fn new(bundle: &Bundle<'_>, ids: &str, k: usize) -> Result<String> {
    let dataset = bundle.cut.dataset;
    let history = liked(dataset, ids)?;
    let mut text = String::new();
    write_liked(dataset, &mut text, &history)?;
    let list = bundle.ask(UserIdx(u32::MAX), history, k)?;
    write_list(dataset, &mut text, &list, k)?;
    Ok(text)
}

/// The user of an original id.
fn user_of(dataset: &Dataset, id: &str) -> Result<UserIdx> {
    dataset.user(id).with_context(|| {
        let (first, last) = (dataset.users().id(0), dataset.users().id(dataset.users().len() - 1));
        format!("there is no user {id} in the data set: ids go from {first} to {last}; for a new user give --history")
    })
}

/// The history of a new user who liked the items of these ids, oldest first: each has the best rating.
fn liked(dataset: &Dataset, ids: &str) -> Result<Vec<Observed>> {
    let mut history = Vec::new();
    for id in ids.split(',').map(str::trim).filter(|id| !id.is_empty()) {
        let item = dataset.item(id).with_context(|| {
            format!("there is no item {id} in the catalogue: give the data set's own ids, separated by commas, for example --history \"{}\"", dataset.items().id(0))
        })?;
        if history.iter().any(|known: &Observed| known.item == item) {
            bail!("--history names item {id} twice: leave one of them out");
        }
        let rating = dataset.manifest().rating_scale.1;
        history.push(Observed { item, rating, timestamp: history.len() as i64 });
    }
    if history.is_empty() {
        bail!(
            "--history names no item: give at least one id, for example --history \"{}\"",
            dataset.items().id(0)
        );
    }
    Ok(history)
}

fn write_history(dataset: &Dataset, text: &mut String, history: &[Observed]) -> Result<()> {
    writeln!(text, "history ({} ratings):", history.len())?;
    for it in history {
        writeln!(text, "  {} stars  {}", it.rating, line(dataset, it.item))?;
    }
    Ok(())
}

fn write_liked(dataset: &Dataset, text: &mut String, history: &[Observed]) -> Result<()> {
    writeln!(text, "a new user who liked:")?;
    for it in history {
        writeln!(text, "  {}", line(dataset, it.item))?;
    }
    Ok(())
}

fn write_list(dataset: &Dataset, text: &mut String, list: &[ScoredItem], k: usize) -> Result<()> {
    let ids: Vec<&str> = list.iter().map(|it| dataset.item_id(it.item)).collect();
    writeln!(text, "recommended_items_ids: {}", ids.join(", "))?;
    for (rank, it) in (1..).zip(list) {
        writeln!(text, "  {rank:>2}. {}", line(dataset, it.item))?;
    }
    if list.len() < k {
        writeln!(text, "{}", nothing_left(list.len()))?;
    }
    Ok(())
}

/// Why a list is shorter than was asked for.
fn nothing_left(n: usize) -> String {
    let left = match n {
        0 => "nothing is left to recommend".to_owned(),
        1 => "only 1 item was left to recommend".to_owned(),
        n => format!("only {n} items were left to recommend"),
    };
    format!("note: {left}: the history holds all others that may be recommended")
}

/// `2571  Matrix, The (1999)  [Action, Sci-Fi, Thriller]`, as far as there is a title and there are categories.
fn line(dataset: &Dataset, item: ItemIdx) -> String {
    let mut line = format!("{:>6}", shown(dataset.item_id(item)));
    if dataset.item_title(item).is_some() {
        line.push_str("  ");
        line.push_str(&shown(&dataset.item_name(item)));
    }
    let categories: Vec<String> = dataset.item_categories(item).map(shown).collect();
    if !categories.is_empty() {
        line.push_str(&format!("  [{}]", categories.join(", ")));
    }
    line
}
