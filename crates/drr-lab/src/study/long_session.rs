//! The study of long sessions: several seeds, the discount, other dynamics than those trained in, another judge, and a bound.

use crate::config::LongSessionStudyConfig;
use crate::document::write_block;
use crate::fit::sessions::{Items, SessionBench, SessionTraining, Tastes};
use crate::judge::sessions::{
    SessionComparison, SessionJudge, SessionTable, judges_rules, table_as_markdown,
};
use anyhow::{Context as _, Result};
use drr_core::{Part, SessionRecommender};
use drr_env::worlds::Dynamics;
use drr_eval::{
    LongSessionEvaluation, SessionMeasure, compare_sessions, mean_of_seeds, over_seeds, rollout_bounds,
};
use drr_session::SessionPolicy;
use std::fmt::Write as _;
use std::path::Path;

/// What is studied.
pub struct LongSessionStudy<'a> {
    /// Who is judged, and where; the agent from several seeds is the last.
    pub judge: SessionJudge<'a>,
    /// The same of agents that are trained in other worlds.
    pub others: Vec<SessionJudge<'a>>,
    /// The settings.
    pub config: &'a LongSessionStudyConfig,
}

/// Makes the study's tables, of trainings that are done, and writes them into a document where one is given.
///
/// # Errors
///
/// Fails if something is not trained, and if a judgement or the disk does.
pub fn run(study: &LongSessionStudy<'_>, into: Option<&Path>) -> Result<String> {
    let judge = &study.judge;
    let work = judge.models.work;
    let items = judge.models.items()?;
    let (figures, _) = judge.judge()?;
    let mut text = String::new();
    for table in &figures.tables {
        text.push_str(&table_as_markdown(table, figures.n_users, figures.n_candidates));
        text.push_str(&of_seeds(table)?);
    }
    let agents = judge.learners.last().context("nobody was trained for long sessions")?;
    let policies: Vec<SessionPolicy> =
        agents.iter().map(|training| training.policy(true, &items)).collect::<Result<_>>()?;
    text.push_str(&changed(study, &items, &policies)?);
    text.push_str(&bound(study, &items, &policies)?);
    for other in &study.others {
        text.push_str(&trained_there(other)?);
    }
    text.push_str(&provenance(study));
    drr_store::write_bytes(&work.path("study-long-session.md"), text.as_bytes())?;
    if let Some(path) = into {
        write_block(path, &format!("{}-long-session", work.name()), &text)?;
    }
    Ok(text)
}

/// The agent's seeds, each for itself.
fn of_seeds(table: &SessionTable) -> Result<String> {
    let agent = table.agent().context("nobody was judged")?;
    let seeds: Vec<String> = agent.total_reward.of_seeds.iter().map(|it| format!("{it:.2}")).collect();
    let over = agent.total_reward.over_seeds;
    let interval = over.map_or_else(String::new, |it| {
        format!(", mean {:.2} [{:.2}, {:.2}] over seeds", it.mean, it.low, it.high)
    });
    Ok(format!("\n{} from each seed: {}{interval}.\n", agent.recommender, seeds.join(", ")))
}

/// Everybody in another world, where the agent is trained too.
fn trained_there(judge: &SessionJudge<'_>) -> Result<String> {
    let (figures, _) = judge.judge()?;
    let mut text = String::new();
    for table in &figures.tables {
        text.push_str(&table_as_markdown(table, figures.n_users, figures.n_candidates));
        text.push_str(&of_seeds(table)?);
    }
    Ok(text)
}

/// The agent in worlds with other dynamics than it was trained in, beside rules that are tuned there.
fn changed(study: &LongSessionStudy<'_>, items: &Items, policies: &[SessionPolicy]) -> Result<String> {
    let (judge, models) = (&study.judge, &study.judge.models);
    let dynamics = models.config.dynamics;
    let bench = |part, tastes, dynamics| SessionBench::new(models, items, part, tastes, dynamics);
    let mut worlds: Vec<(String, Dynamics, Tastes)> = vec![("as trained".to_owned(), dynamics, Tastes::B)];
    worlds.extend(dynamics.changed().into_iter().map(|(name, dynamics)| (name, dynamics, Tastes::B)));
    worlds.push(("boredom alone".to_owned(), Dynamics::boredom(), Tastes::B));
    worlds.push(("a judge of item neighbours".to_owned(), dynamics, Tastes::Neighbours));
    let bar = models.work.bar("other worlds", worlds.len() as u64);
    let mut text = String::from(
        "\nThe agent in other worlds than it was trained in, beside the best MMR whose weight was chosen on validation users in that very world:\n\n| world | agent | best MMR tuned there | agent minus it | length |\n|---|---:|---:|---:|---:|\n",
    );
    for (at, (name, dynamics, tastes)) in (1..).zip(worlds) {
        models.work.stop_if_asked()?;
        let test = bench(Part::Test, tastes, dynamics)?;
        let validation = bench(Part::Validation, tastes, dynamics)?;
        let judged: Vec<LongSessionEvaluation> =
            policies.iter().map(|policy| test.evaluate(policy)).collect::<Result<_, _>>()?;
        let judged: Vec<&LongSessionEvaluation> = judged.iter().collect();
        let rule = judge.best_mmr(items, &validation)?;
        let against = test.evaluate(&*rule)?;
        let difference = compare_sessions(&judged, &[&against], SessionMeasure::TotalReward)?;
        let difference = SessionComparison::of(difference);
        let (total, length) = (
            over_seeds(&judged, SessionMeasure::TotalReward)?.over_users,
            over_seeds(&judged, SessionMeasure::Length)?.over_users,
        );
        writeln!(
            text,
            "| {name} | {:.2} [{:.2}, {:.2}] | {:.2} ({}) | {:+.2} [{:+.2}, {:+.2}] | {:.1} |",
            total.mean,
            total.low,
            total.high,
            against.summary.total_reward.mean,
            rule.name(),
            difference.mean,
            difference.low,
            difference.high,
            length.mean
        )?;
        bar.set(at);
    }
    bar.finish();
    Ok(text)
}

/// How much knowing the judge and looking ahead could gain, for a few users.
fn bound(study: &LongSessionStudy<'_>, items: &Items, policies: &[SessionPolicy]) -> Result<String> {
    let models = &study.judge.models;
    let bench = SessionBench::new(models, items, Part::Test, Tastes::B, models.config.dynamics)?;
    let sampled = bench.first_users(study.config.rollout_users);
    let sample = &sampled.set;
    let rules = judges_rules(&study.judge, items, &bench)?;
    let rules: Vec<&dyn SessionRecommender> =
        rules.iter().map(|rule| rule as &dyn SessionRecommender).collect();
    let begin =
        |case: &drr_eval::SessionCase| Ok(Box::new(bench.begin(case)?) as Box<dyn drr_eval::Replayable>);
    let bound = rollout_bounds(sample, begin, &rules, study.config.rollout_candidates)?;
    let judged: Vec<LongSessionEvaluation> =
        policies.iter().map(|policy| sampled.evaluate(policy)).collect::<Result<_, _>>()?;
    let judged: Vec<&LongSessionEvaluation> = judged.iter().collect();
    let agent = mean_of_seeds(&judged, SessionMeasure::TotalReward)?;
    let agent = agent.iter().sum::<f64>() / agent.len() as f64;
    let mut text = format!(
        "\nFor the first {} test users, looking ahead with all that the judge knows reaches at least ",
        sample.cases.len()
    );
    write!(
        text,
        "{:.2} (rollouts of {} candidates over {} rules); the agent has {agent:.2}",
        bound.summary.total_reward.mean,
        study.config.rollout_candidates,
        rules.len()
    )?;
    for rule in rules {
        write!(text, ", {} {:.2}", rule.name(), sampled.total_reward(rule)?)?;
    }
    text.push_str(".\n");
    Ok(text)
}

/// What the figures are of.
fn provenance(study: &LongSessionStudy<'_>) -> String {
    let (run, dataset) = (study.judge.manifest, &study.judge.models.dataset.manifest().dataset);
    let seeds =
        format!("root seed of the users' parts {}, seeds of the agents {:?}", run.seed, study.config.seeds);
    format!("\nIntervals are 95 % bootstrap intervals over users. {}\n", run.provenance(dataset, &seeds))
}

/// A training under another name, with other settings.
#[must_use]
pub fn variant<'a>(
    training: &SessionTraining<'a>,
    name: &str,
    change: impl FnOnce(&mut SessionTraining<'a>),
) -> SessionTraining<'a> {
    let mut other = training.clone();
    name.clone_into(&mut other.name);
    change(&mut other);
    other
}
