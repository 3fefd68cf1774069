//! Recorded figures and how far a run may fall below them.

use drr_core::Protocol;
use serde::{Deserialize, Deserializer, Serialize};

/// The version of [`Golden`] that this code reads and writes.
pub const GOLDEN_FORMAT: u32 = 1;

/// Recorded figures of a run, as a file has them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// The version of this format, [`GOLDEN_FORMAT`].
    pub format: u32,
    /// The hash of the data set that the figures are of, if it is known. Whoever judges a run compares it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset_hash: Option<String>,
    /// The figures.
    pub lines: Vec<GoldenLine>,
}

/// One recorded figure: a mean over users, or a mean difference to another recommender on the same users.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoldenLine {
    /// The table: the protocol's name, which is also taken as it was once.
    #[serde(deserialize_with = "table")]
    pub protocol: String,
    /// The recommender's name.
    pub recommender: String,
    /// The metric's name, without its length.
    pub metric: String,
    /// The length of the list.
    pub k: usize,
    /// The recorded figure.
    pub value: f64,
    /// Another recommender of the same run: the figure is then the mean of the users' differences to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
    /// How far the figure may lie below `value` without being worse.
    #[serde(default)]
    pub tolerance: f64,
    /// The half width that the interval may have; twice the tolerance where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_regression: Option<f64>,
    /// For a figure that has no chance in it: it holds if it is `value` to within 1e-9, whatever the interval.
    #[serde(default, skip_serializing_if = "is_false")]
    pub exact: bool,
    /// Whether a lower figure is better; then it may not lie above `value`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub lower_is_better: bool,
}

fn table<'de, D: Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    String::deserialize(source).map(|name| Protocol::table_name(&name).into_owned())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// A reason why a run cannot be judged.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GateError {
    /// The figures are of another format.
    #[error(
        "the golden figures have format {found}, but this program reads {GOLDEN_FORMAT}: bless them anew"
    )]
    Format {
        /// The format found.
        found: u32,
    },
    /// There is nothing to compare with.
    #[error(
        "there are no golden figures: a gate without lines would let anything pass; add lines, then bless a run"
    )]
    NoLines,
    /// A line gives no room for chance.
    #[error(
        "the golden line {line} has the tolerance {tolerance} and the greatest regression {max_regression}: give a \
         tolerance of at least 0 and a greatest regression above 0, or set `exact = true` for a figure without chance"
    )]
    NoMargin {
        /// The line.
        line: String,
        /// Its tolerance.
        tolerance: f64,
        /// Its greatest regression.
        max_regression: f64,
    },
    /// The recorded figure is infinite or NaN.
    #[error("the golden line {line} has the value {value}, which is not finite: bless a run")]
    NotFinite {
        /// The line.
        line: String,
        /// Its value.
        value: f64,
    },
    /// The run has no such values.
    #[error(
        "the run has no values of {recommender} for the golden line {line}: evaluate this recommender with this protocol \
         and metric, or take the line out of the golden figures"
    )]
    Missing {
        /// The line.
        line: String,
        /// Whose values are missing.
        recommender: String,
    },
    /// The values of two recommenders are not of the same users.
    #[error(
        "the golden line {line} pairs {left} values with {right}: both recommenders must be judged on the same users"
    )]
    Unpaired {
        /// The line.
        line: String,
        /// The recommender's values.
        left: usize,
        /// The other's values.
        right: usize,
    },
}

impl GoldenLine {
    /// The line in words: `temporal/drr ndcg@10 against popularity`.
    #[must_use]
    pub fn label(&self) -> String {
        self.named(&self.protocol)
    }

    /// What the line's random stream is named by: as [`GoldenLine::label`], with the protocol's key for its name.
    pub(super) fn key(&self) -> String {
        self.named(&Protocol::table_key(&self.protocol))
    }

    fn named(&self, protocol: &str) -> String {
        let Self { recommender, metric, k, .. } = self;
        let against = self.against.as_ref().map(|other| format!(" against {other}")).unwrap_or_default();
        format!("{protocol}/{recommender} {metric}@{k}{against}")
    }

    /// The half width that the interval may have.
    #[must_use]
    pub fn margin(&self) -> f64 {
        self.max_regression.unwrap_or(2.0 * self.tolerance)
    }

    fn check(&self) -> Result<(), GateError> {
        if !self.value.is_finite() {
            return Err(GateError::NotFinite { line: self.label(), value: self.value });
        }
        let usable = self.tolerance >= 0.0 && self.tolerance.is_finite() && self.margin() > 0.0;
        if !self.exact && !usable {
            return Err(GateError::NoMargin {
                line: self.label(),
                tolerance: self.tolerance,
                max_regression: self.margin(),
            });
        }
        Ok(())
    }

    /// The users' values or differences; those without a value are left out.
    pub(super) fn values(
        &self,
        run: &impl Fn(&str, &str, &str, usize) -> Option<Vec<f64>>,
    ) -> Result<Vec<f64>, GateError> {
        let of = |recommender: &str| {
            run(&self.protocol, recommender, &self.metric, self.k).ok_or_else(|| self.missing(recommender))
        };
        let mut values = of(&self.recommender)?;
        if let Some(against) = &self.against {
            let others = of(against)?;
            if others.len() != values.len() {
                let (left, right) = (values.len(), others.len());
                return Err(GateError::Unpaired { line: self.label(), left, right });
            }
            values.iter_mut().zip(others).for_each(|(value, other)| *value -= other);
        }
        values.retain(|value| value.is_finite());
        if values.is_empty() { Err(self.missing(&self.recommender)) } else { Ok(values) }
    }

    fn missing(&self, recommender: &str) -> GateError {
        GateError::Missing { line: self.label(), recommender: recommender.to_owned() }
    }
}

impl Golden {
    /// Whether the figures can be compared with at all.
    ///
    /// # Errors
    ///
    /// Fails on another format, without lines, and on a line whose value is not finite or that has no margin.
    pub fn check(&self) -> Result<(), GateError> {
        if self.format != GOLDEN_FORMAT {
            return Err(GateError::Format { found: self.format });
        }
        if self.lines.is_empty() {
            return Err(GateError::NoLines);
        }
        self.lines.iter().try_for_each(GoldenLine::check)
    }
}

/// The same lines with the values of a run; tolerances and the rest stay.
///
/// `run` gives the users' values of (protocol, recommender, metric, k).
///
/// # Errors
///
/// Fails without lines, and where the run has no values for a line.
pub fn bless(
    golden: &Golden,
    run: &impl Fn(&str, &str, &str, usize) -> Option<Vec<f64>>,
) -> Result<Golden, GateError> {
    if golden.lines.is_empty() {
        return Err(GateError::NoLines);
    }
    let blessed = golden.lines.iter().map(|line| {
        let values = line.values(run)?;
        let value = values.iter().sum::<f64>() / values.len() as f64;
        Ok(GoldenLine { value, ..line.clone() })
    });
    Ok(Golden {
        format: GOLDEN_FORMAT,
        dataset_hash: golden.dataset_hash.clone(),
        lines: blessed.collect::<Result<_, _>>()?,
    })
}
