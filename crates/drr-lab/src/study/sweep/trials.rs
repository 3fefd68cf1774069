//! Who judges a trial: the bench of a protocol, or long sessions.

use super::{Ground, Settings};
use crate::fit::sessions::{Items, SessionBench, SessionModels, Tastes};
use crate::fit::train::Training;
use crate::judge::Bench;
use crate::judge::comparisons::primary;
use crate::judge::contestants::fit_baseline;
use crate::judge::sessions::rule_scores;
use crate::run::{Phase, Work};
use anyhow::{Context as _, Result, bail};
use drr_agent::AgentConfig;
use drr_baselines::{BaselineConfig, SessionRule};
use drr_core::{HEADLINE_LENGTH, Part, Recommender, Seeds, SessionKind, World};
use drr_eval::{evaluate, evaluate_episodes, evaluate_online};

/// What judges trials.
pub trait Trials {
    /// By what is chosen.
    fn ground(&self) -> Ground;

    /// Where the ledger is kept.
    fn work(&self) -> Work<'_>;

    /// The root of the draws.
    fn seeds(&self) -> Seeds;

    /// The agent whose settings can be searched too, with its name.
    fn agent(&self) -> Option<(&str, &AgentConfig)>;

    /// Fits what all trials share.
    ///
    /// # Errors
    ///
    /// Fails if a fit or the disk does.
    fn prepare(&mut self) -> Result<()>;

    /// The value of settings on a part: validation to choose by, test for the choice.
    ///
    /// # Errors
    ///
    /// Fails if the fit or the judgement does.
    fn value(&self, settings: &Settings, part: Part) -> Result<f64>;
}

/// Trials by the validation rows of a protocol.
#[derive(Debug, Clone)]
pub struct RowTrials<'a> {
    /// What judges under the protocol.
    pub bench: Bench<'a>,
    /// The training of the run's own agent: under "online" that of the first simulator.
    pub training: Training<'a>,
}

impl Trials for RowTrials<'_> {
    fn ground(&self) -> Ground {
        Ground::Rows(self.bench.cut.protocol)
    }

    fn work(&self) -> Work<'_> {
        self.bench.work
    }

    fn seeds(&self) -> Seeds {
        self.bench.cut.seeds()
    }

    fn agent(&self) -> Option<(&str, &AgentConfig)> {
        Some((&self.training.job.learner.name, self.bench.agent))
    }

    fn prepare(&mut self) -> Result<()> {
        self.bench.cut.hash()?;
        self.bench.spaces.fit()?;
        if self.bench.is_simulated() { self.bench.simulators.fit() } else { Ok(()) }
    }

    fn value(&self, settings: &Settings, part: Part) -> Result<f64> {
        match settings {
            Settings::Baseline(config) if part == Part::Test => self.judged(config, Phase::Final, part),
            Settings::Baseline(config) => self.judged(config, Phase::Choose, part),
            Settings::Agent(agent) => self.training.best_validation(agent),
        }
    }
}

impl RowTrials<'_> {
    fn judged(&self, config: &BaselineConfig, phase: Phase, part: Part) -> Result<f64> {
        let (bench, cut, protocol) = (&self.bench, &self.bench.cut, self.bench.cut.protocol);
        let log = cut.log(phase)?;
        let recommender: Box<dyn Recommender> = fit_baseline(cut, &bench.spaces, &log, config, phase)?;
        let set = bench.cases(part)?;
        let summary = match protocol.facts().sessions {
            SessionKind::Simulated => {
                let simulator = bench.simulators.of(World::A, &cut.part(part)?)?;
                evaluate_online(&*recommender, &set, &simulator, &bench.simulated()?)?.evaluation.summary
            }
            SessionKind::Logged => {
                evaluate_episodes(&*recommender, &set, &bench.episodes())?.evaluation.summary
            }
            SessionKind::None => evaluate(&*recommender, &set, &[HEADLINE_LENGTH])?.summary,
        };
        let metric = primary(protocol);
        let found = summary.metrics.iter().find(|it| it.metric == metric);
        found.map(|it| it.interval.mean).with_context(|| format!("{} was not judged", metric.name()))
    }
}

/// Trials by the total reward of long sessions, each item the one of greatest score: of validation users in simulator A to
/// choose by, and of test users in B for the choice.
pub struct SessionTrials<'a> {
    models: SessionModels<'a>,
    prepared: Option<(Items, SessionBench)>,
}

impl<'a> SessionTrials<'a> {
    /// Trials in a run's long sessions.
    #[must_use]
    pub const fn new(models: SessionModels<'a>) -> Self {
        Self { models, prepared: None }
    }

    fn bench(&self, items: &Items, part: Part, tastes: Tastes) -> Result<SessionBench> {
        SessionBench::new(&self.models, items, part, tastes, self.models.config.dynamics)
    }
}

impl Trials for SessionTrials<'_> {
    fn ground(&self) -> Ground {
        Ground::LongSessions
    }

    fn work(&self) -> Work<'_> {
        self.models.work
    }

    fn seeds(&self) -> Seeds {
        self.models.seeds
    }

    fn agent(&self) -> Option<(&str, &AgentConfig)> {
        None
    }

    fn prepare(&mut self) -> Result<()> {
        self.models.fit()?;
        let items = self.models.items()?;
        let bench = self.bench(&items, Part::Validation, Tastes::A)?;
        self.prepared = Some((items, bench));
        Ok(())
    }

    fn value(&self, settings: &Settings, part: Part) -> Result<f64> {
        let Settings::Baseline(config) = settings else { bail!("no agent is searched for in long sessions") };
        let (items, bench) = self.prepared.as_ref().context("nothing was prepared")?;
        let rule = SessionRule::greedy(rule_scores(&self.models, config)?);
        if part == Part::Test {
            return Ok(self.bench(items, part, Tastes::B)?.total_reward(&rule)?);
        }
        Ok(bench.total_reward(&rule)?)
    }
}
