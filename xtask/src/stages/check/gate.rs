//! The rule of the gate: a figure regressed, held, or cannot be told with so few users.
//!
//! The statistic of a line is the mean of a metric over users, or the mean of the paired differences to another
//! recommender of the same run. It regressed if its whole 95 % interval lies below the bound `value - tolerance`, and it
//! held if its mean reaches the bound and its interval does not reach further below it than `max_regression`. Anything else
//! needs more users: about `(1.96 sd / max_regression)^2` make the interval narrow enough.

use super::judged::{Judged, UserValues};
use anyhow::{Result, bail};
use drr_core::Seeds;
use drr_eval::Interval;
use drr_eval::statistics::{N_RESAMPLES, bootstrap_mean};
use serde::{Deserialize, Serialize};
use std::fmt::{Display, Formatter};

/// The version of the file's form.
pub const FORMAT: u32 = 1;
/// The seed of the gate's resamples, the same for every run, so that a verdict depends on the figures alone.
const BOOTSTRAP: Seeds = Seeds(2018);
/// How far an exact figure may be off: sums in another order round otherwise.
const EXACT: f64 = 1e-9;
/// The normal quantile of a 95 % interval.
const NORMAL_QUANTILE: f64 = 1.96;

/// A golden file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// The version of the form.
    pub format: u32,
    /// What is judged.
    pub lines: Vec<GoldenLine>,
}

/// One figure that must not get worse.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoldenLine {
    /// The protocol: `seed`.
    pub protocol: String,
    /// Whose figure.
    pub recommender: String,
    /// The metric: `precision`.
    pub metric: String,
    /// The length of the list.
    pub k: u32,
    /// The figure when it was last accepted.
    pub value: f64,
    /// The recommender of the same run whose figure is subtracted user by user; none for the figure itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
    /// What is no regression yet, at least 0.
    pub tolerance: f64,
    /// How much further below the bound the interval may reach, above 0.
    pub max_regression: f64,
    /// Whether the figure must be the very same.
    #[serde(default)]
    pub exact: bool,
}

impl GoldenLine {
    /// Refuses numbers that cannot judge.
    pub fn check(&self) -> Result<()> {
        let problem = if !self.value.is_finite() {
            "value must be a finite number"
        } else if !(self.tolerance >= 0.0 && self.tolerance.is_finite()) {
            "tolerance must be at least 0"
        } else if !(self.max_regression > 0.0 && self.max_regression.is_finite()) {
            "max_regression must be above 0"
        } else {
            return Ok(());
        };
        bail!("line {self}: {problem}")
    }
}

impl Display for GoldenLine {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{}.{}@{}", self.protocol, self.recommender, self.metric, self.k)?;
        self.against.as_ref().map_or(Ok(()), |other| write!(formatter, " - {other}"))
    }
}

/// How a line came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is no worse.
    Held,
    /// It is worse.
    Regressed,
    /// The users do not suffice to tell.
    NotEnough {
        /// The users that suffice.
        needed: usize,
    },
}

/// One line and how it came out.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedLine {
    /// The line.
    pub line: GoldenLine,
    /// The figure found.
    pub found: Interval,
    /// The number of users.
    pub n_users: usize,
    /// The verdict.
    pub verdict: Verdict,
}

/// All lines and how they came out.
#[derive(Debug, Clone, PartialEq)]
pub struct GateReport {
    /// The lines, in the order of the file.
    pub lines: Vec<JudgedLine>,
}

impl GateReport {
    /// The undecided line that needs most users, and their number; none if all is decided.
    pub fn neediest(&self) -> Option<(&JudgedLine, usize)> {
        let needed = self.lines.iter().filter_map(|line| match line.verdict {
            Verdict::NotEnough { needed } => Some((line, needed)),
            _ => None,
        });
        needed.max_by_key(|(_, needed)| *needed)
    }

    /// The lines as text, one each.
    pub fn to_table(&self) -> String {
        let wide = self.lines.iter().map(|line| line.line.to_string().len()).max().unwrap_or(0);
        let mut text = format!("{:<wide$}  golden  found [95 % interval]        verdict", "line");
        for it in &self.lines {
            let verdict = match it.verdict {
                Verdict::Held => "held".to_owned(),
                Verdict::Regressed => "REGRESSED".to_owned(),
                Verdict::NotEnough { needed } => format!("not enough users: {} of {needed}", it.n_users),
            };
            text += &format!(
                "\n{:<wide$}  {:>6.4}  {:>6.4} [{:>7.4}, {:>7.4}]  {verdict}",
                it.line.to_string(),
                it.line.value,
                it.found.mean,
                it.found.low,
                it.found.high
            );
        }
        text
    }
}

/// The statistic of a line for each user.
///
/// # Errors
///
/// Fails if the run has not the line's figures, and says which it has.
pub fn statistic(line: &GoldenLine, judged: &Judged) -> Result<Vec<f64>> {
    let own = find(line, &line.recommender, judged)?;
    let Some(other) = &line.against else { return Ok(own.values().copied().collect()) };
    let other = find(line, other, judged)?;
    if !own.keys().eq(other.keys()) {
        bail!(
            "line {line}: both were not judged on the same users: run `cargo xtask evaluate --force` again"
        );
    }
    Ok(own.values().zip(other.values()).map(|(own, other)| own - other).collect())
}

fn find<'a>(line: &GoldenLine, recommender: &str, judged: &'a Judged) -> Result<&'a UserValues> {
    if let Some(found) = judged.get(&line.protocol, recommender, &line.metric, line.k) {
        return Ok(found);
    }
    let metrics = judged.metrics(&line.protocol, recommender);
    let remedy = "correct the golden file, or delete it and --bless";
    if metrics.is_empty() {
        let all: Vec<String> =
            judged.recommenders().into_iter().map(|(protocol, name)| format!("{protocol}.{name}")).collect();
        bail!(
            "line {line}: the run has no {}.{recommender}, only {}: {remedy}",
            line.protocol,
            all.join(", ")
        );
    }
    bail!(
        "line {line}: the run has no {}@{} of {recommender}, only {}: {remedy}",
        line.metric,
        line.k,
        metrics.join(", ")
    )
}

/// Judges every line.
///
/// # Errors
///
/// Fails if the run has not a line's figures.
pub fn judge(golden: &Golden, judged: &Judged) -> Result<GateReport> {
    let lines = golden.lines.iter().map(|line| {
        let values = statistic(line, judged)?;
        let found = bootstrap_mean(&values, N_RESAMPLES, &mut BOOTSTRAP.stream("gate"))?;
        let verdict = verdict(line, &values, found);
        Ok(JudgedLine { line: line.clone(), found, n_users: values.len(), verdict })
    });
    Ok(GateReport { lines: lines.collect::<Result<_>>()? })
}

fn verdict(line: &GoldenLine, values: &[f64], found: Interval) -> Verdict {
    if line.exact {
        let same = (found.mean - line.value).abs() <= EXACT;
        return if same { Verdict::Held } else { Verdict::Regressed };
    }
    // The same run must hold against its own figures, whatever the order of the sum.
    let bound = line.value - line.tolerance - EXACT;
    if found.high < bound {
        Verdict::Regressed
    } else if found.mean >= bound && found.low >= bound - line.max_regression {
        Verdict::Held
    } else {
        let enough = (NORMAL_QUANTILE * deviation(values, found.mean) / line.max_regression).powi(2).ceil();
        Verdict::NotEnough { needed: (enough as usize).max(values.len() + 1) }
    }
}

/// The sample standard deviation; 0 for a single value.
fn deviation(values: &[f64], mean: f64) -> f64 {
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len().max(2) - 1) as f64).sqrt()
}
