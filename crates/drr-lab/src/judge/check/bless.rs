//! Accepting a run: its figures become the golden ones.
//!
//! The file says which data set they are of. A file that exists keeps its lines and tolerances. A new one has the precision
//! at 10 of every recommender, and of every agent also the difference to popularity and to `item_knn`. What depends on counts
//! alone must be the very same; an agent has a wider tolerance than a baseline, since training on another processor rounds
//! otherwise. Of long sessions it has the agent's total reward less that of the item mean, greedy and
//! with variety, session by session.

use super::judged::TOTAL_REWARD;
use super::{Judged, explained, load, lookup, not_enough};
use crate::judge::figures::Origin;
use crate::judge::sessions::AGENT as SESSION_AGENT;
use anyhow::{Result, bail};
use drr_core::{HEADLINE_LENGTH, Seeds};
use drr_eval::LONG_SESSION;
use drr_eval::gate::{GOLDEN_FORMAT, Golden, GoldenLine, bless, judge};
use std::fmt::Write as _;
use std::path::Path;

/// The tolerance of a baseline: a rank may flip where sums round otherwise.
const BASELINE_TOLERANCE: f64 = 0.005;
/// The tolerance of an agent, whose training magnifies rounding.
const AGENT_TOLERANCE: f64 = 0.01;
/// How much further below the bound the interval may reach.
const MAX_REGRESSION: f64 = 0.02;
/// Recommenders that depend on counts and on the truth alone.
const EXACT: [&str; 2] = ["popularity", "oracle"];
/// The tolerance of the agent of long sessions, in total reward, and how much further down its interval may reach.
const SESSION_TOLERANCE: (f64, f64) = (0.3, 0.6);
/// Whom the agent of long sessions is compared with.
const SESSION_RULES: [&str; 2] = ["greedy_item_mean", "mmr_item_mean"];
/// Whom an agent is also compared with.
const BASELINES: [&str; 2] = ["popularity", "item_knn"];

/// The explanation at the head of the file.
const HEAD: &str = "\
# Figures that a run must keep: `drr check --run NAME --against THIS_FILE`; --bless rewrites the values.
# A line regressed if its 95 % interval lies below value - tolerance, and held if the mean is not below that and the
# interval reaches at most max_regression further down; else more users are needed. With `against` the figure is the
# difference to that recommender, user by user. `exact` lines must be the very same.
# Defaults: tolerance 0.005, of agents 0.01; max_regression 0.02; popularity and oracle exact. Of long sessions 0.3 and 0.6.

";

/// Writes the run's figures into the golden file, and says what was done.
pub fn run(judged: &Judged, origin: Option<&Origin>, path: &Path) -> Result<String> {
    let exists = path.exists();
    let mut before = if exists { load(path)? } else { fresh(judged, origin)? };
    let was_of = before.dataset_hash.take();
    before.dataset_hash = origin.map(|it| it.dataset_hash.clone()).or_else(|| was_of.clone());
    judged.check_pairs(&before)?;
    let golden = bless(&before, &lookup(judged)).map_err(|error| explained(judged, error))?;
    let pairs = before.lines.iter().zip(&golden.lines);
    let n_changed = pairs.filter(|(old, new)| (old.value - new.value).abs() > 1e-12).count();
    drr_store::write_bytes(path, (HEAD.to_owned() + &toml::to_string(&golden)?).as_bytes())?;
    let n = golden.lines.len();
    let mut text = if exists {
        format!("blessed: {n_changed} of {n} values of {} changed", path.display())
    } else {
        format!("blessed: {} made, with {n} lines and default tolerances", path.display())
    };
    if let (Some(then), Some(now)) = (&was_of, &golden.dataset_hash)
        && then != now
    {
        write!(text, "\nThey were of the data set with hash {then}, and are now of that with hash {now}.")?;
    }
    let report = judge(&golden, &lookup(judged), Seeds(0))?;
    if let Some(short) = not_enough(&report, path) {
        write!(text, "\nBut even a run like this one cannot be told from a worse one by them: {short}")?;
    }
    Ok(text)
}

/// The lines of a new file, values still 0.
fn fresh(judged: &Judged, origin: Option<&Origin>) -> Result<Golden> {
    let (mut lines, k) = (Vec::new(), HEADLINE_LENGTH as u32);
    for (protocol, recommender) in judged.recommenders() {
        let has = |name: &str| judged.get(&protocol, name, "precision", k).is_some();
        if !has(&recommender) {
            continue;
        }
        let is_agent = origin.is_some_and(|origin| origin.is_learner(&protocol, &recommender));
        let own = GoldenLine {
            protocol: protocol.clone(),
            metric: "precision".to_owned(),
            k: HEADLINE_LENGTH,
            value: 0.0,
            against: None,
            tolerance: if is_agent { AGENT_TOLERANCE } else { BASELINE_TOLERANCE },
            max_regression: Some(MAX_REGRESSION),
            exact: EXACT.contains(&recommender.as_str()),
            lower_is_better: false,
            recommender,
        };
        let others = BASELINES.into_iter().filter(|name| is_agent && has(name));
        let differences = others.map(|name| GoldenLine { against: Some(name.to_owned()), ..own.clone() });
        let differences: Vec<GoldenLine> = differences.collect();
        lines.push(own);
        lines.extend(differences);
    }
    lines.extend(of_sessions(judged));
    if lines.is_empty() {
        bail!("the run has no precision@{k}: add {k} to evaluation.list_lengths and evaluate again");
    }
    Ok(Golden { format: GOLDEN_FORMAT, dataset_hash: None, lines })
}

/// The agent of long sessions beside rules: single totals vary too much between users to tell anything.
fn of_sessions(judged: &Judged) -> Vec<GoldenLine> {
    let Some(k) = judged.longest_session() else { return Vec::new() };
    let has = |name: &str| judged.get(LONG_SESSION, name, TOTAL_REWARD, k).is_some();
    let rules = SESSION_RULES.into_iter().filter(|rule| has(SESSION_AGENT) && has(rule));
    let line = |rule: &str| GoldenLine {
        protocol: LONG_SESSION.to_owned(),
        recommender: SESSION_AGENT.to_owned(),
        metric: TOTAL_REWARD.to_owned(),
        k: k as usize,
        value: 0.0,
        against: Some(rule.to_owned()),
        tolerance: SESSION_TOLERANCE.0,
        max_regression: Some(SESSION_TOLERANCE.1),
        exact: false,
        lower_is_better: false,
    };
    rules.map(line).collect()
}
