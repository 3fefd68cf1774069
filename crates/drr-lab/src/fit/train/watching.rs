//! How a training is judged along the way, and how it is watched.

use super::Training;
use crate::fit::simulator::Simulator;
use crate::run::Work;
use crate::watch::Bar;
use anyhow::Result;
use drr_core::{HEADLINE_LENGTH, Judgement, Part, Recommender, TrainingHooks, World};
use drr_eval::{EvaluationSet, Metric, SimulatedConfig, evaluate, evaluate_online};

/// What the number of rounds is chosen by: P@10 on validation rows, or the reward in the world that the agent is trained
/// in, of validation users.
pub struct ValidationSet {
    cases: EvaluationSet,
    simulator: Option<(Simulator, SimulatedConfig)>,
}

impl ValidationSet {
    /// The validation users of a training's cut.
    ///
    /// # Errors
    ///
    /// Fails if there are none, and in a simulated world if the simulators are not fitted.
    pub fn new(training: &Training<'_>) -> Result<Self> {
        let Training { cut, rules, .. } = training;
        let cases = cut.cases(Part::Validation, rules.n_observed)?;
        let simulator = match training.job.world {
            World::Logged => None,
            world => {
                let simulator = training.simulators.of(world, &cut.part(Part::Validation)?)?;
                Some((simulator, cut.simulated(rules.n_online_steps)?))
            }
        };
        Ok(Self { cases, simulator })
    }
}

/// What a training is told from outside.
pub struct Hooks<'a> {
    /// Whether to stop.
    pub work: Work<'a>,
    /// The progress.
    pub bar: &'a dyn Bar,
    /// What judges it along the way.
    pub validation: Option<&'a ValidationSet>,
}

impl TrainingHooks for Hooks<'_> {
    fn progress(&mut self, round: u64, _n_rounds: u64) {
        self.bar.set(round);
    }

    fn validate(
        &mut self,
        policy: &dyn Recommender,
    ) -> Result<Option<Judgement>, Box<dyn std::error::Error + Send + Sync>> {
        let Some(set) = self.validation else { return Ok(None) };
        let (summary, metric, k) = match &set.simulator {
            None => (
                evaluate(policy, &set.cases, &[HEADLINE_LENGTH])?.summary,
                Metric::Precision,
                HEADLINE_LENGTH,
            ),
            Some((simulator, config)) => {
                let judged = evaluate_online(policy, &set.cases, simulator, config)?;
                (judged.evaluation.summary, Metric::MeanReward, config.n_steps)
            }
        };
        let distinct_top10 = summary.diversity(HEADLINE_LENGTH).map(|diversity| diversity.coverage);
        let judged = |score| Judgement { score, distinct_top10 };
        Ok(summary.metric(metric, k).map(|interval| judged(interval.mean)))
    }

    fn should_stop(&self) -> bool {
        self.work.interrupted()
    }
}
