//! How the training of the agents went.

use crate::stages::Experiment;
use crate::stages::jobs::{self, Job};
use crate::stages::pretrain;
use crate::stages::train::{JobNote, note};
use anyhow::Result;
use drr_data::{Protocol, TrainingRow};
use drr_eval::report::{Plot, Section, Series, thin};

/// The learning curves that are plotted, and the names of their axes.
const CURVES: [(&str, &str); 8] = [
    ("precision", "share of recommendations with a positive reward"),
    ("total_reward", "total reward of a session"),
    ("epsilon", "probability of noise"),
    ("critic_loss", "critic's loss"),
    ("mean_action", "mean of the actor's outputs"),
    ("td_error", "mean |TD error|"),
    ("validation", "score on validation rows"),
    ("saturated_share", "share of outputs beyond .99"),
];
/// Points of a plotted curve.
const N_POINTS: usize = 200;

/// The section of one cut.
pub fn section(experiment: &Experiment<'_>, split: Protocol, rows: &[TrainingRow]) -> Result<Section> {
    let mut prose = Vec::new();
    let pretrained = pretrain::note(experiment, split)?;
    let best = pretrained.validation_rmse.iter().copied().fold(f64::INFINITY, f64::min);
    prose.push(format!(
        "The rating factorization took {} epochs; its best validation RMSE is {best:.4}.",
        pretrained.epochs
    ));
    for job in jobs::of_split(experiment, split)? {
        let reference = experiment.config.training.reference_duration.as_deref();
        prose.push(job_prose(&job, &note(experiment, &job)?, reference));
    }
    let plots = CURVES.iter().filter_map(|(name, label)| curve(split, rows, name, label)).collect();
    let heading = format!("Cut \"{split}\": training");
    Ok(Section { heading, prose, plots, details: true, ..Section::default() })
}

fn job_prose(job: &Job, note: &JobNote, reference: Option<&str>) -> String {
    let reference = reference.map(|it| format!(" ({it})")).unwrap_or_default();
    let (name, [choose, fit]) = (job.name(), note.seconds);
    let chosen = match note.validations.iter().find(|it| it.round == note.rounds) {
        Some(it) => format!(
            "{} of {} validated rounds did best on validation rows ({:.4}; untrained {:.4})",
            note.rounds,
            note.validations.last().map_or(0, |last| last.round),
            it.score,
            note.validations.first().map_or(f64::NAN, |first| first.score)
        ),
        None => format!("{} rounds were set by the configuration", note.rounds),
    };
    format!(
        "{name}: {chosen}; the final fit took {} sessions and {} updates. Choosing took {choose:.0} s, the final fit {fit:.0} s{reference}. Final checkpoint {}.",
        note.episodes, note.updates, note.checkpoint
    )
}

fn curve(split: Protocol, rows: &[TrainingRow], name: &str, label: &str) -> Option<Plot> {
    let prefix = format!("{split}/");
    let mut series: Vec<Series> = Vec::new();
    for row in rows.iter().filter(|row| row.name == name && row.series.starts_with(&prefix)) {
        let point = (row.step as f64, row.value);
        let short = &row.series[prefix.len()..];
        match series.iter_mut().find(|it| it.name == short) {
            Some(found) => found.points.push(point),
            None => series.push(Series { name: short.to_owned(), points: vec![point] }),
        }
    }
    for it in &mut series {
        it.points = thin(&it.points, N_POINTS);
    }
    (!series.is_empty()).then(|| Plot::Lines {
        title: format!("{label} (\"{split}\")"),
        x_label: "environment steps".to_owned(),
        y_label: name.replace('_', " "),
        series,
    })
}
