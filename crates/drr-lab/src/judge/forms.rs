//! How a recommender is judged under each protocol, and in which forms.

use super::bench::Bench;
use super::comparisons;
use crate::fit::simulator::Simulator;
use anyhow::Result;
use drr_core::{Candidates, Form, LearnerId, Mode, Recommender, SessionKind};
use drr_data::Protocol;
use drr_eval::{
    EvaluationSet, EvaluationSummary, Interval, Metric, SessionEvaluation, UserSimulator, evaluate,
    evaluate_adaptive, evaluate_episodes, evaluate_online,
};

/// A table's name: the protocol, and the simulator where it has one.
pub fn table_name(protocol: Protocol, simulator: Option<&Simulator>) -> String {
    simulator.map_or_else(|| protocol.to_string(), |it| format!("{protocol} {}", it.name()))
}

/// One judgement of a recommender, and whose it is where it is a learner's.
pub struct Judgement {
    /// The learner; none for a recommender without RL.
    pub id: Option<LearnerId>,
    /// The figures.
    pub evaluation: SessionEvaluation,
}

/// The forms in which one recommender is judged: under "rerank" also with a history that grows along the list.
pub fn forms(
    bench: &Bench<'_>,
    set: &EvaluationSet,
    (recommender, id): (&dyn Recommender, Option<&LearnerId>),
    simulator: Option<&Simulator>,
) -> Result<Vec<Judgement>> {
    let evaluation = one_form(bench, set, recommender, simulator)?;
    let mut forms = vec![Judgement { id: id.cloned(), evaluation }];
    let name = recommender.name();
    let is_trained = id.is_some_and(|id| id.form != Form::Untrained);
    let adapts = bench.lab.rerank.adaptive.iter().any(|it| it == name);
    if bench.cut.protocol.facts().candidates == Candidates::OwnTestItems && (is_trained || adapts) {
        let mut evaluation = evaluate_adaptive(recommender, set, &bench.evaluation.list_lengths)?;
        evaluation.summary.recommender = format!("{name}{}", Mode::Adaptive.suffix());
        let evaluation = SessionEvaluation { evaluation, curve: Vec::new() };
        forms.push(Judgement { id: id.map(|id| id.serving(Mode::Adaptive)), evaluation });
    }
    Ok(forms)
}

/// The form in which everybody is judged.
pub fn one_form(
    bench: &Bench<'_>,
    set: &EvaluationSet,
    recommender: &dyn Recommender,
    simulator: Option<&Simulator>,
) -> Result<SessionEvaluation> {
    Ok(match (bench.cut.protocol.facts().sessions, simulator) {
        (SessionKind::Simulated, Some(simulator)) => {
            evaluate_online(recommender, set, simulator, &bench.simulated()?)?
        }
        (SessionKind::Logged, _) => evaluate_episodes(recommender, set, &bench.episodes())?,
        _ => {
            let evaluation = evaluate(recommender, set, &bench.evaluation.list_lengths)?;
            SessionEvaluation { evaluation, curve: Vec::new() }
        }
    })
}

/// The mean of the metric that a protocol's recommenders are compared by, at the length that they are compared at.
pub fn headline_of(summary: &EvaluationSummary) -> Option<(Metric, usize, Interval)> {
    let metric = comparisons::primary(summary.protocol);
    let found = || summary.metrics.iter().filter(|it| it.metric == metric);
    let k = comparisons::length(found().map(|it| it.k))?;
    found().find(|it| it.k == k).map(|it| (metric, k, it.interval))
}
