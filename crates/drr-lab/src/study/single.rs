//! Studies as commands: the length of a session (Liu et al. 2018, fig. 7), one user step by step (table VII), and how well
//! ratings are predicted.

use crate::config::EnvironmentConfig;
use crate::fit::train::{Rules, Training};
use crate::judge::Bench;
use crate::judge::contestants::{configured, fit_baseline};
use crate::run::{Cut, Phase, Work};
use anyhow::{Context as _, Result, bail};
use drr_agent::AgentConfig;
use drr_baselines::{BaselineConfig, BiasedMf, SvdPlusPlus, SvdPlusPlusConfig};
use drr_core::{Observed, Part, Query, Recommender, Seeds, World};
use drr_data::{Attribute, Dataset};
use drr_embed::{FiveFold, PmfConfig, Predictor, cross_validate, five_fold_rmse};
use drr_eval::Case;
use drr_intake::shown;
use std::fmt::Write as _;

/// The agent's best validation score for each length T of a session, every other setting left alone (Liu et al. 2018,
/// fig. 7). Chooses nothing and looks at no test row.
///
/// # Errors
///
/// Fails if a training does, and for a length of 0.
pub fn length(training: &Training<'_>, agent: &AgentConfig, lengths: &[usize]) -> Result<String> {
    if lengths.is_empty() || lengths.contains(&0) {
        bail!("--lengths needs at least one number, each at least 1");
    }
    training.spaces.fit()?;
    if training.job.world != World::Logged {
        training.simulators.fit()?;
    }
    let work = training.work;
    let bar = work.bar("study length", lengths.len() as u64);
    let mut text = format!(
        "The agent's best score on validation rows of \"{}\" by the length T of a session:\n\n",
        training.cut.protocol
    );
    writeln!(text, "| T | score |\n|---:|---:|")?;
    for (at, horizon) in lengths.iter().enumerate() {
        let environment = EnvironmentConfig { horizon: *horizon, ..training.rules.environment.clone() };
        // As many environment steps for every length, so that no length learns longer than another.
        let sessions = agent.n_episodes * training.rules.environment.horizon as u64 / *horizon as u64;
        let n_episodes = sessions.max(agent.n_environments as u64);
        let agent = AgentConfig { n_episodes, ..agent.clone() };
        let rules = Rules { environment: &environment, ..training.rules };
        let score = Training { rules, ..training.clone() }.best_validation(&agent)?;
        writeln!(text, "| {horizon} | {score:.4} |")?;
        bar.set(at as u64 + 1);
    }
    bar.finish();
    drr_store::write_bytes(&work.path("study-length.md"), text.as_bytes())?;
    Ok(text)
}

/// The test RMSE of the rating models on five random folds of all rows: the figure that the literature reports. Nothing of
/// it enters the run.
pub fn rmse(work: Work<'_>, cut: &Cut<'_>, pmf: &PmfConfig) -> Result<String> {
    let log = cut.dataset.full_log()?;
    let seeds = Seeds(cut.seed);
    let mut text = String::from("| model | RMSE, mean of 5 folds | folds |\n|---|---:|---|\n");
    let bar = work.bar("study rmse", 3);
    let mut row = |name: &str, folds: FiveFold| -> Result<()> {
        let each: Vec<String> = folds.folds.iter().map(|rmse| format!("{rmse:.4}")).collect();
        writeln!(text, "| {name} | {:.4} | {} |", folds.mean(), each.join(", "))?;
        Ok(())
    };
    row("the factorization of `embedding.pmf`", five_fold_rmse(&log, pmf, seeds)?)?;
    bar.set(1);
    row("biased MF, default settings", five_fold_rmse(&log, &BiasedMf::default_config(), seeds)?)?;
    bar.set(2);
    let config = SvdPlusPlusConfig::default();
    let folds = cross_validate(&log, seeds, |train, seeds| -> Result<Predictor> {
        let (model, train) = (SvdPlusPlus::fit(train, &config, seeds)?, train.clone());
        Ok(Box::new(move |user, items| {
            let ratings = model.predict_all(&train.of_user(user).observed());
            items.iter().map(|item| ratings[item.index()]).collect()
        }))
    })?;
    row("SVD++, default settings", folds)?;
    bar.finish();
    Ok(text)
}

/// One user's test items, put in order one by one by two recommenders, the logged rating of each joined to the history
/// before the next (Liu et al. 2018, table VII).
pub fn case(bench: &Bench<'_>, user: &str, names: &[String], n_steps: usize) -> Result<String> {
    let (dataset, protocol) = (bench.cut.dataset, bench.cut.protocol);
    let set = bench.cases(Part::Test)?;
    let index = dataset.user(user).with_context(|| {
        let users = dataset.users();
        format!(
            "there is no user {user} in the data set: ids go from {} to {}",
            users.id(0),
            users.id(users.len() - 1)
        )
    })?;
    let case = set.cases.iter().find(|case| case.query.user == index);
    let case =
        case.with_context(|| format!("user {user} has no test items under {protocol}: take another user"))?;
    let mut text = format!(
        "User {user}: {} ratings known, {} items to put in order, {} of them liked.\n",
        case.query.history.len(),
        case.query.allowed.len(),
        case.relevant.len()
    );
    for name in names {
        let recommender = named(bench, name)?;
        write!(text, "\n{}", step_by_step(dataset, &*recommender, case, n_steps)?)?;
    }
    drr_store::write_bytes(&bench.work.path(format!("study-case-{user}.md")), text.as_bytes())?;
    Ok(text)
}

/// A text of the data as a cell of a table.
fn in_cell(text: &str) -> String {
    shown(text).replace('|', "\\|")
}

fn step_by_step(
    dataset: &Dataset,
    recommender: &dyn Recommender,
    case: &Case,
    n_steps: usize,
) -> Result<String> {
    let mut query: Query = case.query.clone();
    let mut text = format!("{}:\n\n", recommender.name());
    let name = dataset.categories().map_or("categories", Attribute::name);
    let name = in_cell(name);
    writeln!(text, "| step | item | {name} | rating | mean so far |\n|---:|---|---|---:|---:|")?;
    let mut total = 0.0;
    for step in 1..=n_steps.min(query.allowed.len()) {
        let lists = recommender.recommend(std::slice::from_ref(&query), 1)?;
        let Some(best) = lists.first().and_then(|list| list.first()) else { break };
        let rating = case.rating(best.item).context("a candidate has no rating")?;
        total += f64::from(rating);
        let title = in_cell(dataset.item_title(best.item).unwrap_or(dataset.item_id(best.item)));
        let categories = in_cell(&dataset.item_categories(best.item).collect::<Vec<_>>().join(", "));
        let mean = total / step as f64;
        writeln!(text, "| {step} | {title} | {categories} | {rating} | {mean:.2} |")?;
        query.allowed.remove(best.item);
        let timestamp = query.history.last().map_or(0, |it| it.timestamp);
        query.history.push(Observed { item: best.item, rating, timestamp });
    }
    Ok(text)
}

/// A recommender of the run by its name: an agent's trained policy, or one without RL, fitted here.
fn named(bench: &Bench<'_>, name: &str) -> Result<Box<dyn Recommender>> {
    if let Some(training) = bench.trainings.iter().find(|training| training.job.name() == name) {
        return training.load_policy(true);
    }
    let configured = configured(bench.lab, bench.cut.protocol);
    let default = || BaselineConfig::default_of(name);
    let config = configured.into_iter().find(|it| it.kind_name() == name).or_else(default);
    let config = config.with_context(|| {
        let names: Vec<String> = bench.trainings.iter().map(|training| training.job.name()).collect();
        let kinds = BaselineConfig::KINDS.join(", ");
        format!("there is no recommender {name}: use {}, {kinds}", names.join(", "))
    })?;
    let log = bench.cut.log(Phase::Final)?;
    fit_baseline(&bench.cut, &bench.spaces, &log, &config, Phase::Final)
}
