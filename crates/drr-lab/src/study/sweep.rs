//! The search for settings, on validation rows or validation users alone and with the same budget for everyone, the agent included.
//!
//! Trial 0 has the default settings, all others are drawn from the declared space. The ledger keeps every trial; the best
//! one is fitted anew on train and validation rows and judged once on test rows, which the ledger notes too.

mod budget;
mod ground;
mod trials;
mod write;

use crate::run::Work;
use crate::run::cache::Made;
use crate::run::code::Kind;
use anyhow::{Context as _, Result, bail};
use budget::Budget;
use drr_agent::AgentConfig;
use drr_baselines::BaselineConfig;
use drr_core::{Part, RandomStream};
use drr_data::{LedgerRow, read_ledger, write_ledger};
pub use ground::Ground;
use rand::Rng;
use std::fmt::Write as _;
use std::path::Path;
pub use trials::{RowTrials, SessionTrials, Trials};

/// The file of all trials of a run.
pub const LEDGER: &str = "ledger.parquet";
const STAGE: &str = "sweep";

/// What is searched for.
pub struct Request<'a> {
    /// A kind of recommender, or the agent's name.
    pub recommender: &'a str,
    /// By what is chosen.
    pub ground: Ground,
    /// The greatest number of trials.
    pub trials: u32,
    /// Minutes of processor time.
    pub budget: f64,
    /// The configuration that the choice is written into.
    pub write: Option<&'a Path>,
}

/// Settings of a baseline or of the agent.
#[derive(Debug, Clone)]
pub enum Settings {
    /// Of a recommender without RL.
    Baseline(BaselineConfig),
    /// Of the run's agent.
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
pub fn run(search: &mut dyn Trials, request: &Request<'_>) -> Result<String> {
    check(search, request)?;
    search.prepare()?;
    let search = &*search;
    let (ground, work) = (search.ground(), search.work());
    let mut ledger = read(work)?.unwrap_or_default();
    ledger.retain(|row| row.part == "test" || !is_of(row, request));
    let budget = Budget::minutes(request.budget, &**work.watch);
    let mut random = search.seeds().stream(&format!("sweep.{}", request.recommender));
    let bar = work.bar(&format!("sweep {} {ground}", request.recommender), u64::from(request.trials));
    let mut best: Option<(f64, Settings)> = None;
    let mut n_trials = 0;
    for trial in 0..request.trials {
        work.stop_if_asked()?;
        let Some(settings) = draw(search, request, trial, &mut random)? else { break };
        let begun = budget.used();
        let value = search.value(&settings, Part::Validation)?;
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
    let (metric, [chosen_on, judged_on]) = (ground.metric().name(), ground.words());
    writeln!(
        text,
        "{} under {ground}: {n_trials} trials, {:.1} minutes of processor time; best {metric} {chosen_on} {score:.4} with",
        request.recommender,
        budget.used() / 60.0
    )?;
    writeln!(text, "{}", chosen.to_json()?)?;
    if let Settings::Baseline(config) = &chosen {
        let begun = budget.used();
        let value = search.value(&chosen, Part::Test)?;
        let n_looks = 1 + ledger.iter().filter(|it| it.part == "test" && is_of(it, request)).count();
        ledger.push(row(request, n_trials, Part::Test, &chosen, value, budget.used() - begun)?);
        keep(work, &ledger)?;
        writeln!(text, "{judged_on}: {metric} {value:.4} (look number {n_looks} at them)")?;
        let block = write::block(ground, config)?;
        if let Some(path) = request.write {
            write::into(path, ground, config)?;
            writeln!(text, "written into {}", path.display())?;
        }
        write!(text, "{block}")?;
    }
    Ok(text)
}

/// Refuses what would be in vain, before anything is fitted.
fn check(search: &dyn Trials, request: &Request<'_>) -> Result<()> {
    let agent = search.agent().map(|(name, _)| name);
    let is_agent = agent == Some(request.recommender);
    let default = BaselineConfig::default_of(request.recommender);
    if !is_agent && default.is_none() {
        let names: Vec<&str> = BaselineConfig::KINDS.iter().copied().chain(agent).collect();
        bail!(
            "there is no recommender {} to be searched for under {}: use one of {}",
            request.recommender,
            request.ground,
            names.join(", ")
        )
    }
    if request.ground == Ground::LongSessions && default.is_some_and(|it| it.needs_item_vectors()) {
        bail!("{} needs item vectors, which no rule of long sessions has", request.recommender)
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
    row.recommender == request.recommender && row.protocol == request.ground.name()
}

fn row(
    request: &Request<'_>,
    trial: u32,
    part: Part,
    settings: &Settings,
    value: f64,
    seconds: f64,
) -> Result<LedgerRow> {
    Ok(LedgerRow {
        protocol: request.ground.to_string(),
        recommender: request.recommender.to_owned(),
        trial,
        part: if part == Part::Test { "test" } else { "validation" }.to_owned(),
        settings: settings.to_json()?,
        metric: request.ground.metric().name().to_owned(),
        value,
        seconds,
    })
}

/// The settings of a trial; none if there is nothing more to choose.
fn draw(
    search: &dyn Trials,
    request: &Request<'_>,
    trial: u32,
    random: &mut RandomStream,
) -> Result<Option<Settings>> {
    if let Some((_, agent)) = search.agent().filter(|(name, _)| *name == request.recommender) {
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
