//! How a recommender is judged under each protocol, and in which forms.

use super::comparisons;
use super::sets::{episodes, simulated};
use crate::fit::names::ADAPTIVE;
use crate::fit::names::{Form, Names};
use crate::fit::simulator::Simulator;
use crate::run::experiment::Run;
use anyhow::Result;
use drr_core::{Candidates, Recommender, SessionKind};
use drr_data::Protocol;
use drr_eval::{
    EvaluationSet, EvaluationSummary, Interval, Metric, SessionEvaluation, UserSimulator, evaluate,
    evaluate_adaptive, evaluate_episodes, evaluate_online,
};

/// A table's name: the protocol, and the simulator where it has one.
pub fn table_name(protocol: Protocol, simulator: Option<&Simulator>) -> String {
    simulator.map_or_else(|| protocol.to_string(), |it| format!("{protocol} {}", it.name()))
}

/// The forms in which one recommender is judged: under "rerank" also with a history that grows along the list.
pub fn forms(
    experiment: &Run<'_>,
    protocol: Protocol,
    set: &EvaluationSet,
    recommender: &dyn Recommender,
    simulator: Option<&Simulator>,
) -> Result<Vec<SessionEvaluation>> {
    let mut forms = vec![one_form(experiment, protocol, set, recommender, simulator)?];
    let name = recommender.name();
    let learner = Names::of(&experiment.config).parse(name).map(|it| it.form);
    let is_trained = learner.is_some_and(|form| form != Form::Untrained);
    let adapts = experiment.config.lab.rerank.adaptive.iter().any(|it| it == name);
    if protocol.facts().candidates == Candidates::OwnTestItems && (is_trained || adapts) {
        let mut evaluation = evaluate_adaptive(recommender, set, &experiment.config.evaluation.list_lengths)?;
        evaluation.summary.recommender = format!("{name}{ADAPTIVE}");
        forms.push(SessionEvaluation { evaluation, curve: Vec::new() });
    }
    Ok(forms)
}

/// The form in which everybody is judged.
pub fn one_form(
    experiment: &Run<'_>,
    protocol: Protocol,
    set: &EvaluationSet,
    recommender: &dyn Recommender,
    simulator: Option<&Simulator>,
) -> Result<SessionEvaluation> {
    Ok(match (protocol.facts().sessions, simulator) {
        (SessionKind::Simulated, Some(simulator)) => {
            evaluate_online(recommender, set, simulator, &simulated(experiment)?)?
        }
        (SessionKind::Logged, _) => evaluate_episodes(recommender, set, &episodes(experiment))?,
        _ => {
            let evaluation = evaluate(recommender, set, &experiment.config.evaluation.list_lengths)?;
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
