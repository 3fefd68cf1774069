//! How fast a model grows stale: the score against the time since training, for a model that is left as it is, one that
//! sees the growing history of its users, and one that is trained anew.
//!
//! The log is cut at a moment; what follows is judged period by period. All three recommend the same items to the same
//! users: those with a rating before the cut and something relevant in the period, and items they have not rated yet.

use crate::config::StalenessConfig;
use crate::run::code::Kind;
use crate::run::{Cut, Work};
use anyhow::{Context as _, Result, bail};
use drr_baselines::{BaselineConfig, FitInputs};
use drr_core::{HEADLINE_LENGTH, Interaction, InteractionLog, Part, PartSet, Recommender};
use drr_data::Dataset;
use drr_eval::{EvaluationSet, Interval, Metric, evaluate};
use drr_store::digest_of;
use serde::{Deserialize, Serialize};

/// How a model is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Upkeep {
    /// Neither the model nor what it knows of its users changes after the cut.
    Frozen,
    /// The model stays, the users' histories grow.
    GrowingHistory,
    /// The model is trained anew on everything before each period.
    Retrained,
}

impl Upkeep {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Frozen, Self::GrowingHistory, Self::Retrained];

    /// The words in a legend.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Frozen => "frozen",
            Self::GrowingHistory => "growing history",
            Self::Retrained => "trained anew",
        }
    }
}

/// One point of the study.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StalenessPoint {
    /// The recommender.
    pub recommender: String,
    /// How it is kept.
    pub upkeep: Upkeep,
    /// Days from the cut to the middle of the period.
    pub days: f64,
    /// Users judged.
    pub n_users: usize,
    /// P@10.
    pub precision: Interval,
}

/// The study of one run.
#[derive(Debug, Clone, Copy)]
pub struct Staleness<'a> {
    /// Where it is kept.
    pub work: Work<'a>,
    /// The data, and the root of randomness.
    pub cut: Cut<'a>,
    /// The hash of the data set.
    pub dataset_hash: &'a str,
    /// What is studied.
    pub config: &'a StalenessConfig,
}

/// The rows of a time range, as a log that the evaluation may permit.
fn log_of(dataset: &Dataset, name: &str, keep: impl Fn(&Interaction) -> bool) -> Result<InteractionLog> {
    let rows: Vec<Interaction> = dataset.interactions().iter().copied().filter(|row| keep(row)).collect();
    let log = InteractionLog::new(dataset.users().len(), dataset.items().len(), &rows)?;
    Ok(log.with_split(&format!("staleness {name}"), PartSet::train()))
}

const FILE: &str = "staleness.json";
const STAGE: &str = "staleness";

/// Studies what the configuration asks for, unless that was done.
///
/// # Errors
///
/// Fails if a fit or the disk does, and where the data set has no times.
pub fn run(study: &Staleness<'_>) -> Result<()> {
    let inputs = digest_of(&(study.dataset_hash, study.config, study.cut.seed))?;
    let output = study.work.path(FILE);
    study.work.stage(STAGE, Kind::Staleness).run(&inputs, std::slice::from_ref(&output), |made| {
        made.write(&output, &serde_json::to_vec_pretty(&points(study)?)?)
    })
}

/// The points of a run that has them.
///
/// # Errors
///
/// Fails if the file is damaged.
pub fn load(work: Work<'_>) -> Result<Option<Vec<StalenessPoint>>> {
    if !work.path(FILE).exists() {
        return Ok(None);
    }
    Ok(Some(drr_store::read_json(&work.checked(STAGE, FILE)?, "run evaluate")?))
}

/// Every point, period by period.
fn points(study: &Staleness<'_>) -> Result<Vec<StalenessPoint>> {
    let Staleness { work, cut: Cut { dataset, .. }, config, .. } = *study;
    if !dataset.manifest().has_time {
        bail!("the data set has no times, so nothing can grow stale: leave the section lab.staleness out");
    }
    if !(0.0..1.0).contains(&config.trained_share) || config.period_days <= 0.0 {
        bail!("lab.staleness: trained_share must be in [0, 1), period_days above 0");
    }
    let mut times: Vec<i64> = dataset.interactions().iter().map(|row| row.timestamp).collect();
    times.sort_unstable();
    let at = (times.len() as f64 * config.trained_share) as usize;
    let (cut, last) = (times[at], *times.last().context("the data set is empty")?);
    let length = (config.period_days * 86_400.0) as i64;
    let begun = log_of(dataset, "cut", |row| row.timestamp < cut)?;
    let mut points = Vec::new();
    let n_periods = (((last - cut) / length + 1) as usize).min(config.n_periods);
    let bar = work.bar("staleness", n_periods as u64);
    for period in 0..n_periods {
        work.stop_if_asked()?;
        let from = cut + length * period as i64;
        points.extend(judge_period(study, &begun, cut, from, from + length)?);
        bar.set(period as u64 + 1);
    }
    bar.finish();
    Ok(points)
}

fn judge_period(
    study: &Staleness<'_>,
    begun: &InteractionLog,
    cut: i64,
    from: i64,
    to: i64,
) -> Result<Vec<StalenessPoint>> {
    let Staleness { cut: Cut { dataset, seed, positive_rating: positive, .. }, config, .. } = *study;
    let past = log_of(dataset, &format!("before {from}"), |row| row.timestamp < from)?;
    let period = log_of(dataset, "period", |row| (from..to).contains(&row.timestamp))?;
    let permitted = vec![begun.origin().clone(), past.origin().clone()];
    let Ok(mut set) = EvaluationSet::temporal(&past, &period, positive, Part::Test, permitted) else {
        return Ok(Vec::new());
    };
    set.cases.retain(|case| !begun.of_user(case.query.user).is_empty());
    if set.cases.len() < config.min_users.max(1) {
        return Ok(Vec::new());
    }
    let mut frozen = set.clone();
    for case in &mut frozen.cases {
        case.query.history.retain(|rating| rating.timestamp < cut);
    }
    let days = ((from + to) / 2 - cut) as f64 / 86_400.0;
    let seeds = drr_core::Seeds(seed).child("staleness");
    let fit = |recommender: &BaselineConfig, log: &InteractionLog| {
        let rating_scale = dataset.manifest().rating_scale;
        recommender.fit(&FitInputs { log, positive, rating_scale, item_vectors: None }, seeds)
    };
    let mut points = Vec::new();
    for recommender in &config.recommenders {
        let kept = fit(recommender, begun)?;
        let anew = fit(recommender, &past)?;
        for upkeep in Upkeep::ALL {
            let (who, set): (&dyn Recommender, _) = match upkeep {
                Upkeep::Frozen => (&*kept, &frozen),
                Upkeep::GrowingHistory => (&*kept, &set),
                Upkeep::Retrained => (&*anew, &set),
            };
            let summary = evaluate(who, set, &[HEADLINE_LENGTH])?.summary;
            let precision =
                summary.metric(Metric::Precision, HEADLINE_LENGTH).context("P@10 was not judged")?;
            points.push(StalenessPoint {
                recommender: summary.recommender,
                upkeep,
                days,
                n_users: set.cases.len(),
                precision,
            });
        }
    }
    Ok(points)
}
