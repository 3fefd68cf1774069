//! The search for settings, on validation rows alone and with the same budget for everyone, the agent included.
//!
//! Trial 0 has the default settings, all others are drawn from the declared space. The ledger keeps every trial; the best
//! one is fitted anew on train and validation rows and judged once on test rows, which the ledger notes too.

mod budget;
mod write;

use crate::fit::train::Training;
use crate::judge::Bench;
use crate::judge::comparisons::primary;
use crate::judge::contestants::fit_baseline;
use crate::run::cache::Made;
use crate::run::code::Kind;
use crate::run::{Phase, Work};
use anyhow::{Context as _, Result, bail};
use budget::Budget;
use drr_agent::AgentConfig;
use drr_baselines::BaselineConfig;
use drr_core::{HEADLINE_LENGTH, Part, RandomStream, Recommender, SessionKind, World};
use drr_data::{LedgerRow, Protocol, read_ledger, write_ledger};
use drr_eval::{evaluate, evaluate_episodes, evaluate_online};
use rand::Rng;
use std::fmt::Write as _;
use std::path::Path;

/// The file of all trials of a run.
pub const LEDGER: &str = "ledger.parquet";
const STAGE: &str = "sweep";

/// What is searched for.
pub struct Request<'a> {
    /// A kind of recommender, or the agent's name.
    pub recommender: &'a str,
    /// The protocol by whose validation rows is chosen.
    pub protocol: Protocol,
    /// The greatest number of trials.
    pub trials: u32,
    /// Minutes of processor time.
    pub budget: f64,
    /// The configuration that the choice is written into.
    pub write: Option<&'a Path>,
}

/// Settings of a baseline or of the agent.
#[derive(Debug, Clone)]
enum Settings {
    Baseline(BaselineConfig),
    Agent(Box<AgentConfig>),
}

impl Settings {
    fn to_json(&self) -> Result<String> {
        Ok(match self {
            Self::Baseline(config) => serde_json::to_string(config)?,
            Self::Agent(config) => serde_json::to_string(config)?,
        })
    }
}

/// What is searched in.
#[derive(Debug, Clone)]
pub struct Search<'a> {
    /// What judges under the request's protocol.
    pub bench: Bench<'a>,
    /// The training of the run's own agent: under "online" that of the first simulator.
    pub training: Training<'a>,
}

/// The trials of a run; none if there was no search.
///
/// # Errors
///
/// Refuses a ledger that is not as the last search left it.
pub fn read(work: Work<'_>) -> Result<Option<Vec<LedgerRow>>> {
    if !work.path(LEDGER).exists() {
        return Ok(None);
    }
    let path = work.checked(STAGE, LEDGER).context(
        "the trials cannot be trusted; move the ledger and its note away to begin a new one without them",
    )?;
    Ok(Some(read_ledger(&path)?))
}

fn keep(work: Work<'_>, ledger: &[LedgerRow]) -> Result<()> {
    let path = work.path(LEDGER);
    let mut made = Made::default();
    made.add(&path, &write_ledger(&path, ledger)?);
    work.stage(STAGE, Kind::Collect).vouch("", &[path], &made)
}

/// Searches, keeps the ledger, and returns what was found as text.
///
/// # Errors
///
/// Fails if a fit, a judgement or the disk does, and for a recommender that nobody knows.
pub fn run(search: &Search<'_>, request: &Request<'_>) -> Result<String> {
    let (protocol, work, cut) = (request.protocol, search.bench.work, search.bench.cut);
    check(search, request)?;
    cut.hash()?;
    search.bench.spaces.fit()?;
    if search.bench.is_simulated() {
        search.bench.simulators.fit()?;
    }
    let mut ledger = read(work)?.unwrap_or_default();
    ledger.retain(|row| row.part == "test" || !is_of(row, request));
    let budget = Budget::minutes(request.budget, &**work.watch);
    let mut random = cut.seeds().stream(&format!("sweep.{}", request.recommender));
    let bar = work.bar(&format!("sweep {} {protocol}", request.recommender), u64::from(request.trials));
    let mut best: Option<(f64, Settings)> = None;
    let mut n_trials = 0;
    for trial in 0..request.trials {
        work.stop_if_asked()?;
        let Some(settings) = draw(search, request, trial, &mut random)? else { break };
        let begun = budget.used();
        let value = validated(search, &settings)?;
        ledger.push(row(request, trial, Part::Validation, &settings, value, budget.used() - begun)?);
        keep(work, &ledger)?;
        if best.as_ref().is_none_or(|(score, _)| value > *score) {
            best = Some((value, settings));
        }
        n_trials += 1;
        bar.set(u64::from(n_trials));
        if budget.is_spent() {
            break;
        }
    }
    bar.finish();
    let (score, chosen) = best.context("no trial was made: give --trials at least 1")?;
    let mut text = String::new();
    let metric = primary(protocol).name();
    writeln!(
        text,
        "{} under {protocol}: {n_trials} trials, {:.1} minutes of processor time; best {metric} on validation rows {score:.4} with",
        request.recommender,
        budget.used() / 60.0
    )?;
    writeln!(text, "{}", chosen.to_json()?)?;
    if let Settings::Baseline(config) = &chosen {
        let begun = budget.used();
        let value = tested(search, config)?;
        let n_looks = 1 + ledger.iter().filter(|it| it.part == "test" && is_of(it, request)).count();
        ledger.push(row(request, n_trials, Part::Test, &chosen, value, budget.used() - begun)?);
        keep(work, &ledger)?;
        writeln!(
            text,
            "fitted anew and judged on test rows: {metric} {value:.4} (look number {n_looks} at them)"
        )?;
        let block = write::block(protocol, config)?;
        if let Some(path) = request.write {
            write::into(path, protocol, config)?;
            writeln!(text, "written into {}", path.display())?;
        }
        write!(text, "{block}")?;
    }
    Ok(text)
}

/// Refuses what would be in vain, before anything is fitted.
fn check(search: &Search<'_>, request: &Request<'_>) -> Result<()> {
    let agent = &search.training.job.learner.name;
    let is_agent = request.recommender == agent;
    if !is_agent && BaselineConfig::default_of(request.recommender).is_none() {
        let kinds = BaselineConfig::KINDS.join(", ");
        bail!("there is no recommender {}: use one of {kinds}, {agent}", request.recommender)
    }
    match request.write {
        Some(path) if is_agent => bail!(
            "the settings of the agent are not written into {}: leave --write out, and put what is printed into [agent]",
            path.display()
        ),
        Some(path) => write::check(path),
        None => Ok(()),
    }
}

fn is_of(row: &LedgerRow, request: &Request<'_>) -> bool {
    row.recommender == request.recommender && row.protocol == request.protocol.name()
}

fn row(
    request: &Request<'_>,
    trial: u32,
    part: Part,
    settings: &Settings,
    value: f64,
    seconds: f64,
) -> Result<LedgerRow> {
    let metric = primary(request.protocol);
    Ok(LedgerRow {
        protocol: request.protocol.to_string(),
        recommender: request.recommender.to_owned(),
        trial,
        part: if part == Part::Test { "test" } else { "validation" }.to_owned(),
        settings: settings.to_json()?,
        metric: metric.name().to_owned(),
        value,
        seconds,
    })
}

/// The settings of a trial; none if there is nothing more to choose.
fn draw(
    search: &Search<'_>,
    request: &Request<'_>,
    trial: u32,
    random: &mut RandomStream,
) -> Result<Option<Settings>> {
    let agent = search.bench.agent;
    if request.recommender == search.training.job.learner.name {
        let drawn = if trial == 0 { agent.clone() } else { sample_agent(agent, random) };
        return Ok(Some(Settings::Agent(Box::new(drawn))));
    }
    if trial == 0 {
        return Ok(BaselineConfig::default_of(request.recommender).map(Settings::Baseline));
    }
    Ok(BaselineConfig::sample(request.recommender, random).map(Settings::Baseline))
}

/// The agent's space: step sizes, the bound of the correction, the discount, the speed of the targets.
fn sample_agent(agent: &AgentConfig, random: &mut RandomStream) -> AgentConfig {
    let mut log_uniform = |low: f64, high: f64| low * (high / low).powf(random.random::<f64>());
    let mut drawn = agent.clone();
    drawn.actor_optimizer.learning_rate = log_uniform(3e-5, 1e-3);
    drawn.critic_optimizer.learning_rate = log_uniform(3e-4, 3e-3);
    #[expect(clippy::cast_possible_truncation, reason = "single precision settings")]
    {
        drawn.action.scale = log_uniform(0.05, 0.6) as f32;
        drawn.tau = log_uniform(0.0005, 0.01) as f32;
    }
    drawn.discount = 1.0 - log_uniform(0.05, 0.7);
    drawn
}

/// The headline metric on validation rows, fitted on train rows.
fn validated(search: &Search<'_>, settings: &Settings) -> Result<f64> {
    match settings {
        Settings::Baseline(config) => judged(&search.bench, config, Phase::Choose, Part::Validation),
        Settings::Agent(agent) => search.training.best_validation(agent),
    }
}

fn tested(search: &Search<'_>, config: &BaselineConfig) -> Result<f64> {
    judged(&search.bench, config, Phase::Final, Part::Test)
}

fn judged(bench: &Bench<'_>, config: &BaselineConfig, phase: Phase, part: Part) -> Result<f64> {
    let (cut, protocol) = (&bench.cut, bench.cut.protocol);
    let log = cut.log(phase)?;
    let recommender: Box<dyn Recommender> = fit_baseline(cut, &bench.spaces, &log, config, phase)?;
    let set = bench.cases(part)?;
    let summary = match protocol.facts().sessions {
        SessionKind::Simulated => {
            let simulator = bench.simulators.of(World::A, &cut.part(part)?)?;
            evaluate_online(&*recommender, &set, &simulator, &bench.simulated()?)?.evaluation.summary
        }
        SessionKind::Logged => evaluate_episodes(&*recommender, &set, &bench.episodes())?.evaluation.summary,
        SessionKind::None => evaluate(&*recommender, &set, &[HEADLINE_LENGTH])?.summary,
    };
    let metric = primary(protocol);
    let found = summary.metrics.iter().find(|it| it.metric == metric);
    found.map(|it| it.interval.mean).with_context(|| format!("{} was not judged", metric.name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::Seeds;

    #[test]
    fn a_drawn_agent_is_a_legal_one_and_differs_from_the_configured() {
        let agent = crate::config::ExperimentConfig::preset("ml-1m").unwrap().agent;
        let mut random = Seeds(1).stream("sweep");
        for _ in 0..50 {
            let drawn = sample_agent(&agent, &mut random);
            drawn.check().unwrap();
            assert_ne!(drawn, agent);
        }
    }
}
