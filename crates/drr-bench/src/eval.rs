//! How fast fitting and judging are, and how that compares with Python peers in the same session.
//!
//! Times on shared machines mean little, so ours and the peer's runs alternate and the ratio of their medians is what is
//! printed.

use super::{median, peer_file};
use anyhow::{Context as _, Result, bail};
use drr_baselines::{BaselineConfig, Popularity};
use drr_core::{InteractionLog, Part};
use drr_data::Protocol;
use drr_eval::evaluate;
use drr_lab::judge::Bench;
use drr_lab::judge::contestants::{configured, fit_baseline};
use drr_lab::plan::Plan;
use drr_lab::run::Phase;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// Those that have a peer.
const PEERED: [&str; 4] = ["ease", "ials", "bpr", "item_knn"];
/// Those left out of the time of a whole protocol, besides all that need training of networks.
const SLOW: [&str; 1] = ["svd_plus_plus"];

/// Times fits, a full ranking, and a whole protocol; `python` is an interpreter that has the peers' packages.
pub fn eval(plan: &Plan<'_>, python: Option<&Path>, rounds: usize) -> Result<String> {
    if rounds == 0 {
        bail!("--rounds must be at least 1");
    }
    let protocol = Protocol::FirstRatings;
    let bench = plan.bench(protocol);
    let log = bench.cut.log(Phase::Final)?;
    let (mut ours, mut peers): (BTreeMap<String, Vec<f64>>, BTreeMap<String, Vec<f64>>) = Default::default();
    let bar = bench.work.bar("bench eval", rounds as u64);
    for round in 0..rounds {
        for name in PEERED {
            let config = BaselineConfig::default_of(name).context("a peered kind has default settings")?;
            let seconds =
                timed(|| fit_baseline(&bench.cut, &bench.spaces, &log, &config, Phase::Final).map(drop))?;
            ours.entry(name.to_owned()).or_default().push(seconds);
        }
        if let Some(python) = python {
            for (name, seconds) in run_peers(&bench, python, &log)? {
                peers.entry(name).or_default().push(seconds);
            }
        }
        bar.set(round as u64 + 1);
    }
    bar.finish();
    let mut text = String::from("| work | seconds | peer | ratio |\n|---|---:|---:|---:|\n");
    for name in PEERED {
        let mine = median(&mut ours[name].clone());
        let peer = peers.get(name).map(|times| median(&mut times.clone()));
        let shown = peer.map_or_else(|| "-".to_owned(), |it| format!("{it:.3}"));
        let ratio = peer.map_or_else(|| "-".to_owned(), |it| format!("{:.2}", mine / it));
        writeln!(text, "| fit {name} | {mine:.3} | {shown} | {ratio} |")?;
    }
    let all = full_ranking(plan)?;
    writeln!(text, "| rank {} users, top 10, all metrics | {:.3} | - | - |", all.0, all.1)?;
    let seconds = timed(|| whole_protocol(&bench, &log))?;
    writeln!(
        text,
        "| protocol \"{protocol}\", every classical recommender but SVD++ | {seconds:.2} | - | - |"
    )?;
    Ok(text)
}

fn timed(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let begun = Instant::now();
    work()?;
    Ok(begun.elapsed().as_secs_f64())
}

/// The users of "leave-one-out", or of the protocol "seed" where there is no time, ranked by popularity.
fn full_ranking(plan: &Plan<'_>) -> Result<(usize, f64)> {
    let has_time = plan.run().dataset.split_hash(Protocol::LeaveOneOut).is_ok();
    let protocol = if has_time { Protocol::LeaveOneOut } else { Protocol::FirstRatings };
    let bench = plan.bench(protocol);
    let set = bench.cases(Part::Test)?;
    let log = bench.cut.log(Phase::Final)?;
    let popularity = Popularity::fit(&log, bench.cut.positive());
    let seconds = timed(|| Ok(evaluate(&popularity, &set, &[10]).map(drop)?))?;
    Ok((set.cases.len(), seconds))
}

fn whole_protocol(bench: &Bench<'_>, log: &InteractionLog) -> Result<()> {
    let set = bench.cases(Part::Test)?;
    for config in configured(bench.lab, bench.cut.protocol) {
        if !SLOW.contains(&config.kind_name()) {
            let fitted = fit_baseline(&bench.cut, &bench.spaces, log, &config, Phase::Final)?;
            evaluate(&*fitted, &set, &bench.evaluation.list_lengths)?;
        }
    }
    Ok(())
}

/// One run of the Python peers on the same positive pairs.
fn run_peers(bench: &Bench<'_>, python: &Path, log: &InteractionLog) -> Result<Vec<(String, f64)>> {
    let positive = bench.cut.positive();
    let mut bytes = Vec::new();
    for row in log.iter().filter(|row| row.rating >= positive) {
        bytes.extend_from_slice(&row.user.0.to_le_bytes());
        bytes.extend_from_slice(&row.item.0.to_le_bytes());
    }
    let pairs = bench.work.path("bench-pairs.bin");
    drr_store::write_bytes(&pairs, &bytes)?;
    let output = Command::new(python)
        .arg(peer_file("eval_peers.py"))
        .arg(&pairs)
        .args([log.n_users().to_string(), log.n_items().to_string()])
        .output()
        .with_context(|| format!("cannot run {}: give --python an interpreter", python.display()))?;
    std::fs::remove_file(&pairs)?;
    if !output.status.success() {
        bail!(
            "the peers failed: {}; install them with `pip install numpy scipy implicit`",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = |line: &str| {
        let (name, seconds) = line.split_once(' ')?;
        Some((name.to_owned(), seconds.trim().parse().ok()?))
    };
    Ok(text.lines().filter_map(line).collect())
}
