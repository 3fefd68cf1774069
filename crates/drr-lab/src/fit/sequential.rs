//! The networks that read histories as sequences: fitted once, kept as files, since they take minutes.

use crate::run::cache::digest_of;
use crate::run::context::Context;
use crate::run::experiment::Phase;
use crate::run::experiment::Run;
use crate::run::files::read_json;
use crate::watch::Bar;
use anyhow::{Context as _, Result};
use drr_core::Known;
use drr_data::Protocol;
use drr_sequential::{SequentialConfig, SequentialHooks, SequentialRecommender};
use std::path::PathBuf;

fn file(protocol: Protocol, config: &SequentialConfig, ending: &str) -> PathBuf {
    PathBuf::from(format!("policies/{protocol}-{}{ending}", config.architecture.name()))
}

fn jobs<'a>(experiment: &'a Run<'_>) -> Vec<(Protocol, &'a SequentialConfig)> {
    let protocols = experiment.protocols();
    // They are judged where whole histories are known, up to a moment.
    let known = Protocol::ALL.into_iter().filter(|it| it.facts().known == Known::BeforeTheCut);
    let wanted = known.filter(|protocol| protocols.contains(protocol));
    wanted
        .flat_map(|protocol| experiment.config.lab.sequential.iter().map(move |it| (protocol, it)))
        .collect()
}

/// Fits what is not yet fitted.
pub fn run(experiment: &Run<'_>) -> Result<()> {
    for (protocol, config) in jobs(experiment) {
        experiment.context.stop_if_asked()?;
        let name = config.architecture.name();
        let stage = experiment.stage(&format!("sequential-{protocol}-{name}"));
        let settings = (config, experiment.config.seed, experiment.positive(protocol));
        let inputs = digest_of(&(experiment.split_hash(protocol)?, settings))?;
        let (model, note) = (file(protocol, config, ".safetensors"), file(protocol, config, ".json"));
        let outputs = [experiment.path(&model), experiment.path(&note)];
        stage.run(&inputs, &outputs, || {
            let log = experiment.log(protocol, Phase::Final)?;
            let seeds = experiment.seeds(protocol).child(name);
            let bar = experiment.context.bar(&format!("train {protocol} {name}"), 1);
            let mut hooks = Hooks { context: experiment.context, bar, total: 1 };
            let begun = experiment.context.watch.seconds();
            let positive = experiment.positive(protocol);
            let fitted = SequentialRecommender::fit(&log, positive, config, seeds, &mut hooks)
                .with_context(|| format!("failed to train {name} under {protocol}"))?;
            hooks.bar.finish();
            experiment.context.stop_if_asked()?;
            fitted.save(&outputs[0])?;
            crate::run::files::write(
                &outputs[1],
                &serde_json::to_vec_pretty(&(experiment.context.watch.seconds() - begun))?,
            )
        })?;
    }
    Ok(())
}

/// The fitted ones of a protocol, with the seconds that each took.
pub fn load(experiment: &Run<'_>, protocol: Protocol) -> Result<Vec<(SequentialRecommender, f64)>> {
    let of_protocol = jobs(experiment).into_iter().filter(|(it, _)| *it == protocol);
    of_protocol
        .map(|(_, config)| {
            let model =
                SequentialRecommender::load(&experiment.path(file(protocol, config, ".safetensors")))?;
            let note = experiment.path(file(protocol, config, ".json"));
            Ok((model, read_json(&note, "run train")?))
        })
        .collect()
}

/// The digests of the files, as inputs of the evaluation.
pub fn digests(experiment: &Run<'_>) -> Result<Vec<String>> {
    jobs(experiment)
        .into_iter()
        .map(|(protocol, config)| experiment.digest(file(protocol, config, ".safetensors")))
        .collect()
}

struct Hooks<'a> {
    context: &'a Context,
    bar: Box<dyn Bar>,
    total: usize,
}

impl SequentialHooks for Hooks<'_> {
    fn should_stop(&mut self, _epoch: usize) -> bool {
        self.context.interrupted()
    }

    fn progress(&mut self, done: usize, total: usize) {
        if total != self.total {
            self.total = total;
            self.bar.set_total(total as u64);
        }
        self.bar.set(done as u64);
    }
}
