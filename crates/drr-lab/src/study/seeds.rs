//! One configuration with several root seeds: how much of a figure is luck of the training.
//!
//! Across seeds stands the interquartile mean with a stratified bootstrap interval (Agarwal et al. 2021): the middle half
//! of the scores, resampled within each table.

use crate::judge::figures::{RunMetrics, headline};
use anyhow::Result;
use drr_core::Seeds;
use drr_eval::statistics::{N_RESAMPLES, interquartile_mean, stratified_bootstrap_iqm};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The table of all runs: each recommender's headline metric per seed, its interquartile mean, and the interval.
pub fn summary(runs: &[RunMetrics]) -> Result<String> {
    let mut scores: BTreeMap<(String, String), Vec<f64>> = BTreeMap::new();
    for run in runs {
        for judged in &run.judged {
            let key = (judged.table.clone(), judged.summary.recommender.clone());
            scores.entry(key).or_default().extend(headline(judged).map(|(_, _, interval)| interval.mean));
        }
    }
    let seeds: Vec<String> = runs.iter().map(|run| run.seed.to_string()).collect();
    let mut text = format!("Seeds {}: interquartile mean of the headline metric.\n\n", seeds.join(", "));
    writeln!(text, "| protocol | recommender | interquartile mean | least | greatest |")?;
    writeln!(text, "|---|---|---:|---:|---:|")?;
    let mut random = Seeds(runs.first().map_or(0, |run| run.seed)).stream("seeds");
    for ((table, recommender), values) in &scores {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let interval = stratified_bootstrap_iqm(std::slice::from_ref(values), N_RESAMPLES, &mut random)?;
        writeln!(
            text,
            "| {table} | {recommender} | {:.4} [{:.4}, {:.4}] | {least:.4} | {greatest:.4} |",
            interquartile_mean(values),
            interval.low,
            interval.high
        )?;
    }
    Ok(text)
}
