//! Each line's verdict, and the outcome of all.

use super::golden::{GateError, Golden, GoldenLine};
use crate::statistics::{N_RESAMPLES, bootstrap_mean, sample_deviation, users_for};
use crate::{EvalError, Interval};
use drr_core::Seeds;
use serde::{Deserialize, Serialize};

/// How near an exact figure must be.
const EXACT: f64 = 1e-9;
/// The 97.5 % quantile of the standard normal distribution.
const Z_LEVEL: f64 = 1.959_963_984_540_054;

/// What a line comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As good as recorded, and precise enough to say so.
    Held,
    /// Worse than recorded by more than the tolerance; for an exact line, not the recorded figure.
    Regressed,
    /// The interval is too wide to say.
    NotEnough {
        /// The users with whom it would be narrow enough, if their values deviate as these do.
        needed_users: u64,
    },
}

/// What a gate comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every line held.
    Held,
    /// A line regressed.
    Regressed,
    /// No line regressed, but one cannot be told.
    NotEnough,
}

impl Outcome {
    /// The exit code of a program that ends with this outcome: 0, 3 or 4.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Held => 0,
            Self::Regressed => 3,
            Self::NotEnough => 4,
        }
    }
}

/// A line and what the run has for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LineReport {
    /// The recorded line.
    pub line: GoldenLine,
    /// The run's figure with its 95 % interval.
    pub found: Interval,
    /// The users behind it.
    pub n_users: usize,
    /// What it comes to.
    pub verdict: Verdict,
}

/// All lines and the outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GateReport {
    /// The lines, as recorded.
    pub lines: Vec<LineReport>,
    /// What they come to together.
    pub outcome: Outcome,
}

/// Judges a run; `run` gives the users' values of (protocol, recommender, metric, k), in the same order for all
/// recommenders of a protocol.
///
/// With `floor = value - tolerance`, `mean` the run's figure, `[low, high]` its 95 % bootstrap interval over users and
/// `margin` the greatest regression, a line
///
/// - **held** if `mean >= floor` and `low >= floor - margin`: a regression by more than the margin is excluded;
/// - **regressed** if `high < floor`, or if `mean < floor` and `(high - low) / 2 <= margin`: the interval is as narrow as
///   asked for, so its middle decides;
/// - cannot be told otherwise: the interval is too wide, and `n = (1.96 sd / margin)^2` users would make it narrow
///   enough.
///
/// Where lower is better, the signs turn. An exact line holds if `|mean - value| <= 1e-9`, and has regressed otherwise.
/// Each line's resamples come from a stream of its own, so lines do not depend on each other.
///
/// # Errors
///
/// Fails on golden figures that cannot be compared with ([`Golden::check`]), and where the run has no values for a line.
pub fn judge(
    golden: &Golden,
    run: &impl Fn(&str, &str, &str, usize) -> Option<Vec<f64>>,
    seeds: Seeds,
) -> Result<GateReport, GateError> {
    golden.check()?;
    let lines: Vec<LineReport> =
        golden.lines.iter().map(|line| judge_line(line, run, seeds)).collect::<Result<_, _>>()?;
    let any = |test: fn(&Verdict) -> bool| lines.iter().any(|line| test(&line.verdict));
    let outcome = if any(|verdict| *verdict == Verdict::Regressed) {
        Outcome::Regressed
    } else if any(|verdict| *verdict != Verdict::Held) {
        Outcome::NotEnough
    } else {
        Outcome::Held
    };
    Ok(GateReport { lines, outcome })
}

fn judge_line(
    line: &GoldenLine,
    run: &impl Fn(&str, &str, &str, usize) -> Option<Vec<f64>>,
    seeds: Seeds,
) -> Result<LineReport, GateError> {
    let values = line.values(run)?;
    let mut random = seeds.stream(&format!("gate {}", line.key()));
    let found =
        bootstrap_mean(&values, N_RESAMPLES, &mut random).map_err(|error| impossible(line, &error))?;
    Ok(LineReport {
        line: line.clone(),
        found,
        n_users: values.len(),
        verdict: verdict(line, found, &values),
    })
}

/// There are values and resamples, so nothing else is left than that there are none.
fn impossible(line: &GoldenLine, _error: &EvalError) -> GateError {
    GateError::Missing { line: line.label(), recommender: line.recommender.clone() }
}

fn verdict(line: &GoldenLine, found: Interval, values: &[f64]) -> Verdict {
    if line.exact {
        let same = (found.mean - line.value).abs() <= EXACT;
        return if same { Verdict::Held } else { Verdict::Regressed };
    }
    // Turned so that higher is better.
    let (value, mean, low, high) = if line.lower_is_better {
        (-line.value, -found.mean, -found.high, -found.low)
    } else {
        (line.value, found.mean, found.low, found.high)
    };
    // Without this room a run with tolerance 0 would fail against its own figure through rounding.
    let (floor, margin) = (value - line.tolerance - EXACT, line.margin());
    if mean >= floor && low >= floor - margin {
        Verdict::Held
    } else if high < floor || (mean < floor && (high - low) / 2.0 <= margin) {
        Verdict::Regressed
    } else {
        // The interval of the resamples can be a little wider than the normal one that the number is of.
        let needed = users_for(Z_LEVEL * sample_deviation(values), margin);
        Verdict::NotEnough { needed_users: needed.max(values.len() as u64 + 1) }
    }
}
