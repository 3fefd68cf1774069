//! Recommendations of a trained run, for a user of the data set or for a new one.

use crate::fit::jobs::{Job, World};
use crate::fit::pretrain;
use crate::run::experiment::Phase;
use crate::run::experiment::Run;
use anyhow::{Context as _, Result, bail};
use drr_agent::DrrPolicy;
use drr_core::{
    Cut, InteractionLog, ItemIdx, ItemSet, Known, Observed, Query, Recommender, ScoredItem, UserIdx,
};
use drr_data::Protocol;
use drr_env::RatingScale;
use drr_eval::metrics;
use std::fmt::Write as _;

/// What is asked.
pub enum Request<'a> {
    /// A user of the data set, by original id.
    User(&'a str),
    /// A new user, by the original ids of liked items, oldest first.
    History(&'a str),
}

/// The answer as text.
pub fn run(experiment: &Run<'_>, protocol: Protocol, request: &Request<'_>, k: usize) -> Result<String> {
    if k == 0 {
        bail!("-k must be at least 1");
    }
    let of_run = experiment.protocols();
    if !of_run.iter().any(|it| it.split() == protocol.split()) {
        let names: Vec<&str> = of_run.iter().map(|it| it.name()).collect();
        bail!("the run has no agent for {protocol}: give --protocol one of {}", names.join(", "));
    }
    let space = pretrain::own_space(experiment, protocol, Phase::Final)?;
    let split = protocol.split();
    let job = Job::main(experiment, split, World::of(split)[0]);
    let policy = DrrPolicy::load(&experiment.path(job.policy(true)), space)
        .context("the run has no usable policy: run `drr pipeline` with the run's configuration again")?;
    match request {
        Request::User(id) => known(experiment, protocol, &policy, id, k),
        Request::History(ids) => new(experiment, protocol, &policy, ids, k),
    }
}

fn known(experiment: &Run<'_>, protocol: Protocol, policy: &DrrPolicy, id: &str, k: usize) -> Result<String> {
    let dataset = &experiment.dataset;
    let user = dataset.user(id).with_context(|| {
        let (first, last) = (&dataset.users()[0].id, &dataset.users()[dataset.users().len() - 1].id);
        format!("there is no user {id} in the data set: ids go from {first} to {last}; for a new user give --history")
    })?;
    let log = dataset.full_log()?;
    let fitted = experiment.log(protocol, Phase::Final)?;
    let n_known = match protocol.facts().known {
        Known::BeforeTheCut | Known::TrainRows => fitted.of_user(user).len(),
        Known::FirstRatings => experiment.config.evaluation.n_observed,
    };
    let (seen, later) = log.of_user(user).split_at(n_known);
    let history = seen.observed();
    let list = ask(policy, user, history, candidates(protocol, &fitted), k)?;
    let mut text = String::new();
    writeln!(text, "user_id: {id}, rated_items_length: {}", log.of_user(user).len())?;
    writeln!(text, "history ({} ratings):", seen.len())?;
    for (item, rating) in seen.items.iter().zip(seen.ratings) {
        writeln!(text, "  {rating} stars  {}", line(experiment, *item))?;
    }
    write_list(experiment, &mut text, &list)?;
    if later.is_empty() {
        writeln!(text, "the log has no later rating of this user: nothing to judge the list by")?;
        return Ok(text);
    }
    let positive = experiment.config.data.positive_rating;
    let mut relevant: Vec<ItemIdx> = later.positives(positive).collect();
    relevant.sort_unstable();
    let hits = metrics::hits(list.iter().map(|it| it.item), &relevant);
    let reward = &experiment.config.environment.reward;
    let (lowest, highest) = dataset.manifest().rating_scale;
    let scale = RatingScale::new(lowest, highest)?;
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
    if !fitted.of_user(user).is_empty() && protocol.facts().cut == Cut::LastUsers {
        writeln!(
            text,
            "note: this user's rows were fitted on, so these figures prove nothing; held-out users come last in id order"
        )?;
    }
    Ok(text)
}

fn new(experiment: &Run<'_>, protocol: Protocol, policy: &DrrPolicy, ids: &str, k: usize) -> Result<String> {
    let dataset = &experiment.dataset;
    let mut history = Vec::new();
    for id in ids.split(',').map(str::trim).filter(|id| !id.is_empty()) {
        let item = dataset.item(id).with_context(|| {
            format!("there is no item {id} in the catalogue: give the data set's own ids, separated by commas, for example --history \"{}\"", dataset.items()[0].id)
        })?;
        let rating = dataset.manifest().rating_scale.1;
        history.push(Observed { item, rating, timestamp: history.len() as i64 });
    }
    if history.is_empty() {
        bail!(
            "--history names no item: give at least one id, for example --history \"{}\"",
            dataset.items()[0].id
        );
    }
    let mut text = String::from("a new user who liked:\n");
    for it in &history {
        writeln!(text, "  {}", line(experiment, it.item))?;
    }
    let list = ask(
        policy,
        UserIdx(u32::MAX),
        history,
        candidates(protocol, &experiment.log(protocol, Phase::Final)?),
        k,
    )?;
    write_list(experiment, &mut text, &list)?;
    Ok(text)
}

/// What the protocol allows to recommend: the whole catalogue, or what had a rating before the cut.
fn candidates(protocol: Protocol, fitted: &InteractionLog) -> ItemSet {
    match protocol.facts().cut {
        Cut::LastUsers => ItemSet::full(fitted.n_items()),
        _ => ItemSet::from_items(fitted.n_items(), fitted.iter().map(|row| row.item)),
    }
}

fn ask(
    policy: &DrrPolicy,
    user: UserIdx,
    history: Vec<Observed>,
    mut allowed: ItemSet,
    k: usize,
) -> Result<Vec<ScoredItem>> {
    for it in &history {
        allowed.remove(it.item);
    }
    let mut lists = policy.recommend(&[Query { user, history, allowed }], k)?;
    lists.pop().context("the policy gave no list")
}

fn write_list(experiment: &Run<'_>, text: &mut String, list: &[ScoredItem]) -> Result<()> {
    let ids: Vec<&str> = list.iter().map(|it| experiment.dataset.item_record(it.item).id.as_str()).collect();
    writeln!(text, "recommended_items_ids: {}", ids.join(", "))?;
    for (rank, it) in (1..).zip(list) {
        writeln!(text, "  {rank:>2}. {}", line(experiment, it.item))?;
    }
    Ok(())
}

/// `2571  Matrix, The (1999)  [Action, Sci-Fi, Thriller]`.
fn line(experiment: &Run<'_>, item: ItemIdx) -> String {
    let record = experiment.dataset.item_record(item);
    let year = record.year.map(|year| format!(" ({year})")).unwrap_or_default();
    format!("{:>6}  {}{year}  [{}]", record.id, record.title, record.genres.join(", "))
}
