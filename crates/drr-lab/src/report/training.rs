//! How the training of the agents went.

use crate::fit::learner::Job;
use crate::fit::sessions::{SessionNote, SessionTraining};
use crate::fit::spaces::Spaces;
use crate::fit::train::{JobNote, Training};
use anyhow::Result;
use drr_core::Validation;
use drr_data::{Protocol, TrainingRow};
use drr_eval::LONG_SESSION;
use drr_eval::report::{Cell, Plot, Section, Series, Table, thin};

/// The learning curves that are plotted where they were recorded, and the names of their axes.
const CURVES: [(&str, &str); 20] = [
    ("precision", "share of recommendations with a positive reward"),
    ("total_reward", "total reward of a session"),
    ("validation", "score on validation rows"),
    ("critic_loss", "critic's loss"),
    ("td_error", "mean |TD error|"),
    ("policy_value", "mean value of the actor's own actions"),
    ("mean_abs_q", "mean |Q| of the first actions of sessions"),
    ("q_bias", "predicted less realised return of a session"),
    ("mean_action", "mean of the actor's outputs"),
    ("saturated_share", "share of executed outputs beyond .99"),
    ("policy_saturated_share", "share of the actor's own outputs beyond .99"),
    ("distinct_items", "distinct items of a round"),
    ("distinct_top10", "distinct items in the top tens of validation users, as a share of the catalogue"),
    ("policy_entropy", "entropy of the items of a round, in nats"),
    ("policy_entropy_share", "the same as a share of the greatest possible"),
    ("epsilon", "probability of exploring"),
    ("noise", "standard deviation of the noise"),
    ("temperature", "temperature of the softmax"),
    ("actor_learning_rate", "learning rate of the actor"),
    ("critic_learning_rate", "learning rate of the critic"),
];
/// The same of the agents for long sessions.
const SESSION_CURVES: [(&str, &str); 11] = [
    ("validation", "total reward of validation users in A, without exploration"),
    ("session_reward", "total reward of the sessions that ended, while exploring"),
    ("session_length", "steps of the sessions that ended"),
    ("coverage", "share of the candidates that were shown in an iteration"),
    ("entropy", "entropy of the policy, in nats"),
    ("value_error", "mean square of the advantages, the critic's error"),
    ("policy_loss", "actor's loss"),
    ("value_loss", "critic's loss"),
    ("clip_share", "share of steps whose ratio was clipped"),
    ("divergence", "divergence of the policy from the one that played"),
    ("saturated_share", "share of the correction's coordinates at their bounds"),
];
/// The columns of the table of last values: name, heading, digits.
const LAST: [(&str, &str, u8); 8] = [
    ("policy_saturated_share", "saturated", 3),
    ("distinct_items", "items of a round", 0),
    ("distinct_top10", "items in top tens / catalogue", 4),
    ("policy_entropy", "entropy (nats)", 3),
    ("policy_entropy_share", "entropy / greatest", 3),
    ("mean_abs_q", "mean |Q|", 3),
    ("q_bias", "Q bias", 3),
    ("td_error", "mean |TD error|", 3),
];
/// The last rounds that are averaged in that table.
const N_LAST: usize = 10;
/// Points of a plotted curve.
const N_POINTS: usize = 200;

/// The section of one cut.
pub fn section(spaces: &Spaces<'_>, trainings: &[Training<'_>], rows: &[TrainingRow]) -> Result<Section> {
    let (mut prose, split) = (Vec::new(), spaces.cut.protocol);
    let pretrained = spaces.note()?;
    let best = pretrained.validation_rmse.iter().copied().fold(f64::INFINITY, f64::min);
    prose.push(format!(
        "The rating factorization took {} epochs; its best validation RMSE is {best:.4}.",
        pretrained.epochs
    ));
    for training in trainings {
        let job = &training.job;
        let mut line = job_prose(job, &training.note()?, training.rules.reference_duration);
        line.extend(collapse_warning(rows, &format!("{split}/{}/", job.name())));
        prose.push(line);
    }
    let tables = last_values(split, rows).into_iter().collect();
    let plots = curves(CURVES, split.name(), rows);
    let heading = format!("Cut \"{split}\": training");
    Ok(Section { heading, prose, tables, plots, details: true, ..Section::default() })
}

/// The section of the agents for long sessions; nothing where there is none.
pub fn of_sessions(trainings: &[SessionTraining<'_>]) -> Result<Option<Section>> {
    let (mut prose, mut rows) = (Vec::new(), Vec::new());
    for training in trainings {
        prose.push(session_prose(&training.name, &training.note()?));
        rows.extend(training.curves()?);
    }
    let plots = curves(SESSION_CURVES, LONG_SESSION, &rows);
    let heading = "Long sessions: training".to_owned();
    Ok((!prose.is_empty()).then(|| Section { heading, prose, plots, details: true, ..Section::default() }))
}

fn session_prose(name: &str, note: &SessionNote) -> String {
    let at = |it: Option<&Validation>| it.map_or(f64::NAN, |it| it.score);
    let mut line = format!(
        "{name}: {} iterations, {} environment steps and {} updates in {:.0} s. The total reward of validation users in A went from {:.2} to {:.2}; nothing was chosen by it.",
        note.iterations,
        note.steps,
        note.updates,
        note.seconds,
        at(note.validations.first()),
        at(note.validations.last())
    );
    for warning in &note.warnings {
        line.push_str(" WARNING: ");
        line.push_str(warning);
    }
    line
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

/// A warning where a policy collapsed in one of the series behind `prefix`.
fn collapse_warning(rows: &[TrainingRow], prefix: &str) -> Option<String> {
    let collapsed = |row: &&TrainingRow| row.name == "collapsed" && row.value > 0.0;
    let first = rows.iter().filter(|row| row.series.starts_with(prefix)).find(collapsed)?;
    Some(format!(
        " WARNING: its policy collapsed at environment step {}: for ten rounds nearly all its outputs were at their bounds, or it recommended hardly any items.",
        first.step
    ))
}

/// The last values of the diagnostics, one row a series.
fn last_values(split: Protocol, rows: &[TrainingRow]) -> Option<Table> {
    let prefix = format!("{split}/");
    let mut series: Vec<&str> = Vec::new();
    for row in rows.iter().filter(|row| row.series.starts_with(&prefix)) {
        if !series.contains(&&*row.series) {
            series.push(&row.series);
        }
    }
    let last = |series: &str, name: &str| {
        let found = rows.iter().rev().filter(|row| row.series == series && row.name == name);
        let values: Vec<f64> = found.take(N_LAST).map(|row| row.value).collect();
        values.iter().sum::<f64>() / values.len() as f64 // A dash where nothing was recorded.
    };
    let line = |series: &&str| {
        let mut cells = vec![Cell::text(&series[prefix.len()..])];
        cells.extend(LAST.iter().map(|(name, _, digits)| Cell::value(last(series, name), *digits)));
        let warning = collapse_warning(rows, series);
        cells.push(Cell::text(if warning.is_some() { "WARNING: yes" } else { "no" }));
        cells
    };
    let headings = LAST.iter().map(|(_, heading, _)| (*heading).to_owned());
    let columns =
        std::iter::once("agent".to_owned()).chain(headings).chain(["collapsed".to_owned()]).collect();
    (!series.is_empty()).then(|| Table {
        caption: format!(
            "Diagnostics, the means of the last {N_LAST} records. The predicted return of the Q bias has no horizon, the realised one ends with the session."
        ),
        columns,
        rows: series.iter().map(line).collect(),
        ..Table::default()
    })
}

/// A plot of each curve that was recorded in the series of `cut`.
fn curves<const N: usize>(of: [(&str, &str); N], cut: &str, rows: &[TrainingRow]) -> Vec<Plot> {
    of.iter().filter_map(|(name, label)| curve(cut, rows, name, label)).collect()
}

fn curve(cut: &str, rows: &[TrainingRow], name: &str, label: &str) -> Option<Plot> {
    let prefix = format!("{cut}/");
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
        title: format!("{label} (\"{cut}\")"),
        x_label: "environment steps".to_owned(),
        y_label: name.replace('_', " "),
        series,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(series: &str, step: u64, name: &str, value: f64) -> TrainingRow {
        TrainingRow { series: series.to_owned(), step, name: name.to_owned(), value }
    }

    #[test]
    fn a_collapsed_policy_has_a_warning_beside_its_agent_alone() {
        let mut rows = vec![row("first_ratings/drr_ave/final", 5, "collapsed", 0.0)];
        rows.push(row("first_ratings/drr_ave_gamma_0/final", 7, "collapsed", 1.0));
        assert_eq!(collapse_warning(&rows, "first_ratings/drr_ave/"), None);
        let warning = collapse_warning(&rows, "first_ratings/drr_ave_gamma_0/").unwrap();
        assert!(warning.contains("collapsed at environment step 7"), "{warning}");
        let table = last_values(Protocol::FirstRatings, &rows).unwrap();
        assert_eq!(table.rows[0].last(), Some(&Cell::text("no")));
        assert_eq!(table.rows[1].last(), Some(&Cell::text("WARNING: yes")));
    }

    #[test]
    fn last_values_are_the_means_of_the_last_ten_records() {
        let rows: Vec<TrainingRow> =
            (0_u32..20).map(|at| row("first_ratings/drr_ave/final", 1, "q_bias", f64::from(at))).collect();
        let table = last_values(Protocol::FirstRatings, &rows).unwrap();
        let at = table.columns.iter().position(|it| it == "Q bias").unwrap();
        assert_eq!(table.rows[0][at], Cell::value(14.5, 3));
        assert_eq!(table.rows[0].len(), table.columns.len());
        assert!(last_values(Protocol::Temporal, &rows).is_none());
    }

    #[test]
    fn a_training_for_long_sessions_says_where_it_began_and_ended_and_what_warned() {
        let validation = |score| Validation { round: 0, n_updates: 0, score };
        let note = SessionNote {
            iterations: 9,
            steps: 288,
            updates: 18,
            validations: vec![validation(1.5), validation(4.25)],
            warnings: vec!["the entropy is low".to_owned()],
            seconds: 3.0,
        };
        let prose = session_prose("session_agent", &note);
        assert!(prose.contains("from 1.50 to 4.25"), "{prose}");
        assert!(prose.ends_with("WARNING: the entropy is low"), "{prose}");
        let rows = [row("long_session/session_agent", 32, "session_reward", 2.0)];
        let plots = curves(SESSION_CURVES, LONG_SESSION, &rows);
        let [Plot::Lines { series, .. }] = &plots[..] else { panic!("{plots:?}") };
        assert_eq!(series[0].name, "session_agent");
    }
}
