//! EASE's weights in factors: a ranking space in which what an item says of a user and what it is recommended by differ.
//!
//! With `G` the common users of each pair of items and `P = (G + lambda 1)^-1`, EASE scores item `j` by the sum of
//! `B_ij = -P_ij / P_jj` over the history's items `i`, with `B_jj = 0` (Steck 2019, eq. 8). Of `B = U S V'` the leading `D`
//! singular values are kept: an item of the history adds its row of `U S^(1/2)`, an item is recommended by its row of
//! `V S^(1/2)`. The product of both is the best approximation of `B` of that rank, and the root on either side keeps the
//! coordinates of users and items in proportion.
//!
//! Some of the cosines `C` of the co-occurrence factors may be mixed in: what is factorized is then
//! `(1 - share) B / |B| + share C / |C|`, with Frobenius norms.

use crate::EmbedError;
use crate::arrays::{Arrays, in_file, table, table_array};
use crate::co_occurrence::eigen::{leading, transposed_product};
use crate::co_occurrence::similarity::{self, mix};
use crate::co_occurrence::sum_of_positives;
use drr_core::{EmbeddingSpace, EmbeddingTable, InteractionLog, Observed, RowOrigin, Seeds};
use drr_store::Written;
use faer::linalg::solvers::DenseSolveCore;
use faer::{Mat, Side};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The kind of the artifact, and what its header says.
const KIND: &str = "ease_factors";

/// The configuration of the factors of EASE.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EaseFactorsConfig {
    /// The dimension `D` of the vectors, less than the number of items.
    pub dim: usize,
    /// What is added to the diagonal of the items' common users; above 0.
    pub lambda: f64,
    /// The share of the cosines, in `[0, 1)`.
    pub cosine_share: f64,
    /// What is added to the cosines' divisor, in users; at least 0.
    pub shrink: f64,
}

impl EaseFactorsConfig {
    /// Refuses values out of their ranges.
    ///
    /// # Errors
    ///
    /// Names the first field that is out of its range.
    pub fn check(&self) -> Result<(), EmbedError> {
        if self.dim == 0 {
            return Err(EmbedError::Config { field: "dim", value: 0.0, wanted: "at least 1" });
        }
        if !self.lambda.is_finite() || self.lambda <= 0.0 {
            let wanted = "a finite number above 0";
            return Err(EmbedError::Config { field: "lambda", value: self.lambda, wanted });
        }
        if !(0.0..1.0).contains(&self.cosine_share) {
            let wanted = "at least 0 and below 1";
            return Err(EmbedError::Config { field: "cosine_share", value: self.cosine_share, wanted });
        }
        if !self.shrink.is_finite() || self.shrink < 0.0 {
            let wanted = "a finite number of at least 0";
            return Err(EmbedError::Config { field: "shrink", value: self.shrink, wanted });
        }
        Ok(())
    }
}

impl Default for EaseFactorsConfig {
    /// A hundred factors of EASE alone.
    fn default() -> Self {
        Self { dim: 100, lambda: 5000.0, cosine_share: 0.0, shrink: 20.0 }
    }
}

/// Item vectors by EASE, with a fold-in that sums what the history's items say.
#[derive(Debug, Clone, PartialEq)]
pub struct EaseFactors {
    items: EmbeddingTable,
    additions: EmbeddingTable,
    header: Header,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    kind: String,
    config: EaseFactorsConfig,
    positive: f32,
    origin: RowOrigin,
}

impl EaseFactors {
    /// Fits on the rows of `log` rated at least `positive`. The seed only starts the eigenvalue solver.
    ///
    /// # Errors
    ///
    /// Fails on a configuration out of range, on a log without positive rows, and on a dimension that is not below the
    /// number of items or beyond the rank of the weights.
    pub fn fit(
        log: &InteractionLog,
        config: &EaseFactorsConfig,
        positive: f32,
        seeds: Seeds,
    ) -> Result<Self, EmbedError> {
        check(config, log.n_items())?;
        let common = similarity::common_users(log, positive).ok_or(EmbedError::NoPositives { positive })?;
        let mut weights = weights(common, config.lambda).ok_or(EmbedError::Eigen)?;
        if config.cosine_share > 0.0 {
            let cosines = similarity::shrunk_cosines(log, positive, config.shrink)
                .ok_or(EmbedError::NoPositives { positive })?;
            mix(&mut weights, &cosines, config.cosine_share);
        }
        let mut random = seeds.stream("ease_factors.start");
        let gram = transposed_product(weights.as_ref(), weights.as_ref());
        let found = leading(&gram, config.dim, &mut random).ok_or(EmbedError::Eigen)?;
        drop(gram);
        let zero = found.values[0].abs() * 1e-12;
        let n_positive = found.values.iter().take_while(|value| **value > zero).count();
        if n_positive < config.dim {
            return Err(EmbedError::TooFewFactors { dim: config.dim, n_positive });
        }
        // Singular values are the roots of the eigenvalues; U S = B V.
        let roots: Vec<f64> = found.values.iter().map(|value| value.sqrt().sqrt()).collect();
        let of_history = transposed_product(weights.transpose().to_owned().as_ref(), found.vectors.as_ref());
        let items = table(log.n_items(), config.dim, |item, at| found.vectors[(item, at)] * roots[at])?;
        let additions = table(log.n_items(), config.dim, |item, at| of_history[(item, at)] / roots[at])?;
        let header =
            Header { kind: KIND.to_owned(), config: *config, positive, origin: log.origin().clone() };
        Ok(Self { items, additions, header })
    }

    /// How it was fitted.
    #[must_use]
    pub const fn config(&self) -> &EaseFactorsConfig {
        &self.header.config
    }

    /// Writes the file `path`, whole or not at all: the header and the arrays `items` and `additions`, both `[I, D]`.
    ///
    /// # Errors
    ///
    /// Fails if the disk does.
    pub fn save(&self, path: &Path) -> Result<Written, EmbedError> {
        let arrays = [table_array("items", &self.items), table_array("additions", &self.additions)];
        Arrays::pack(KIND, &self.header, arrays)?.save(path)
    }

    /// Reads a file that [`EaseFactors::save`] has written.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read or is damaged.
    pub fn load(path: &Path) -> Result<Self, EmbedError> {
        Self::from_arrays(Arrays::load(path)?).map_err(in_file(path))
    }

    fn from_arrays(mut arrays: Arrays) -> Result<Self, EmbedError> {
        let header: Header = arrays.header(KIND)?;
        let fail = |reason: String| EmbedError::Arrays { kind: KIND, reason };
        if header.kind != KIND {
            return Err(fail(format!("they are a {} embedding", header.kind)));
        }
        let (items, additions) = arrays.take_pair(KIND, header.config.dim)?;
        Ok(Self { items, additions, header })
    }
}

impl EmbeddingSpace for EaseFactors {
    fn items(&self) -> &EmbeddingTable {
        &self.items
    }

    /// The sum of what the history's positive items say, each item once.
    fn fold_in(&self, history: &[Observed]) -> Vec<f32> {
        sum_of_positives(&self.additions, history, self.header.positive)
    }

    fn additions(&self) -> Option<&EmbeddingTable> {
        Some(&self.additions)
    }

    fn origin(&self) -> &RowOrigin {
        &self.header.origin
    }
}

/// `B`, `[I, I]`, a row for each item of the history. Items that nobody likes say nothing and are worth nothing: their
/// rows and columns are zero. `None` if the inverse does not exist, which takes an overflow.
fn weights(mut common: Mat<f64>, lambda: f64) -> Option<Mat<f64>> {
    let n_items = common.nrows();
    for item in 0..n_items {
        common[(item, item)] += lambda;
    }
    let inverse = common.llt(Side::Lower).ok()?.inverse();
    drop(common);
    let mut weights = Mat::zeros(n_items, n_items);
    weights.par_col_iter_mut().enumerate().for_each(|(column, weights)| {
        let scale = -1.0 / inverse[(column, column)];
        for (row, weight) in weights.iter_mut().enumerate().filter(|(row, _)| *row != column) {
            *weight = inverse[(row, column)] * scale;
        }
    });
    Some(weights)
}

/// Refuses a configuration that no log of `n_items` items can satisfy.
fn check(config: &EaseFactorsConfig, n_items: usize) -> Result<(), EmbedError> {
    config.check()?;
    if config.dim >= n_items {
        return Err(EmbedError::DimTooLarge { dim: config.dim, n_items });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mixture_has_its_parts_in_proportion_to_their_norms() {
        let of = |left: f64, right: f64| {
            Mat::from_fn(2, 2, |row, column| [[0.0, left], [right, 0.0]][row][column])
        };
        let mut weights = of(3.0, 4.0);
        mix(&mut weights, &of(8.0, 6.0), 0.25);
        assert!((weights[(0, 1)] - (0.75 * 0.6 + 0.25 * 0.8)).abs() < 1e-12, "{weights:?}");
        assert!((weights[(1, 0)] - (0.75 * 0.8 + 0.25 * 0.6)).abs() < 1e-12, "{weights:?}");
    }

    #[test]
    fn the_weights_of_two_items_are_those_computed_by_hand() {
        // G = [2 1; 1 1], lambda 1: [3 1; 1 2], inverse [2 -1; -1 3] / 5: B_01 = 1/3, B_10 = 1/2.
        let common = Mat::from_fn(2, 2, |row, column| if row + column == 0 { 2.0 } else { 1.0 });
        let weights = weights(common, 1.0).unwrap();
        assert!((weights[(0, 1)] - 1.0 / 3.0).abs() < 1e-12 && (weights[(1, 0)] - 0.5).abs() < 1e-12);
        assert_eq!((weights[(0, 0)], weights[(1, 1)]), (0.0, 0.0));
    }
}
