//! The networks that read histories as sequences: fitted once, kept as files, since they take minutes.

use super::Experiment;
use super::experiment::Phase;
use crate::cache::digest_of;
use crate::context::{Bar, Context};
use anyhow::{Context as _, Result};
use drr_data::Protocol;
use drr_sequential::{SequentialConfig, SequentialHooks, SequentialRecommender};
use std::path::PathBuf;
use std::time::Instant;

/// The protocols that they are judged under.
const PROTOCOLS: [Protocol; 2] = [Protocol::Temporal, Protocol::LeaveOneOut];

fn file(protocol: Protocol, config: &SequentialConfig, ending: &str) -> PathBuf {
    PathBuf::from(format!("policies/{protocol}-{}{ending}", config.architecture.name()))
}

fn jobs<'a>(experiment: &'a Experiment<'_>) -> Vec<(Protocol, &'a SequentialConfig)> {
    let protocols = experiment.protocols();
    let wanted = PROTOCOLS.into_iter().filter(|protocol| protocols.contains(protocol));
    wanted
        .flat_map(|protocol| experiment.config.lab.sequential.iter().map(move |it| (protocol, it)))
        .collect()
}

/// Fits what is not yet fitted.
pub fn run(experiment: &Experiment<'_>) -> Result<()> {
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
            let begun = Instant::now();
            let positive = experiment.positive(protocol);
            let fitted = SequentialRecommender::fit(&log, positive, config, seeds, &mut hooks)
                .with_context(|| format!("failed to train {name} under {protocol}"))?;
            hooks.bar.finish();
            experiment.context.stop_if_asked()?;
            fitted.save(&outputs[0])?;
            drr_store::write_bytes(&outputs[1], &serde_json::to_vec_pretty(&begun.elapsed().as_secs_f64())?)?;
            Ok(())
        })?;
    }
    Ok(())
}

/// The fitted ones of a protocol, with the seconds that each took.
pub fn load(experiment: &Experiment<'_>, protocol: Protocol) -> Result<Vec<(SequentialRecommender, f64)>> {
    let of_protocol = jobs(experiment).into_iter().filter(|(it, _)| *it == protocol);
    of_protocol
        .map(|(_, config)| {
            let model =
                SequentialRecommender::load(&experiment.path(file(protocol, config, ".safetensors")))?;
            let note = experiment.path(file(protocol, config, ".json"));
            Ok((model, drr_store::read_json(&note, "run train")?))
        })
        .collect()
}

/// The digests of the files, as inputs of the evaluation.
pub fn digests(experiment: &Experiment<'_>) -> Result<Vec<String>> {
    jobs(experiment)
        .into_iter()
        .map(|(protocol, config)| experiment.digest(file(protocol, config, ".safetensors")))
        .collect()
}

struct Hooks<'a> {
    context: &'a Context,
    bar: Bar,
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
