//! Continuation factors: which items are liked in the rest of a log, told from its beginning.
//!
//! The other ranking spaces ask who is liked together. A recommender is asked something narrower: a user has rated a few
//! items, which ones will be liked next? So a ridge regression is fitted from the beginnings of the train users' logs
//! (`x`: 1 for a positive item, `other_weight` for one rated lower) to the positive items of the rest (`y`):
//! `B = (X'WX + lambda 1)^-1 X'WY` on centred columns, with the means kept as an intercept. Some of the weight lies on the
//! true order of each log (`ordered_share`), the rest on the mean over all its orders, which has a closed form and makes
//! many examples out of one user; what the true order adds is that beginnings and rests hold other items.
//!
//! Of all matrices of rank `D`, `B V V'` has the least error, with the leading eigenvectors `V` of the sum of squares of
//! the predictions, `Y'WX B` and the intercept's (reduced-rank regression; Izenman 1975, with a ridge). An item of the
//! history adds its row of `B V`, an item is recommended by its row of `V`, and a user begins at the intercept, so that
//! without any history the ranking is the popularity.
//!
//! Some of the cosines `C` of the co-occurrence factors may be mixed in: `B` is then `(1 - share) B / |B| + share C / |C|`,
//! with Frobenius norms, and the intercept is scaled as `B` is. With `cosine_exponent` above one half they are no cosines
//! any more: `C_ij = G_ij / (G_ii^exponent G_jj^(1 - exponent) + shrink)`, with `i` of the history, nears the share of those
//! who like `i` that like `j` too (Deshpande and Karypis 2004).

mod config;
mod moments;

pub use config::ContinuationFactorsConfig;

use crate::EmbedError;
use crate::arrays::{Arrays, in_file, table, table_array, vector_array};
use crate::co_occurrence::eigen::{leading, transposed_product};
use crate::co_occurrence::similarity::{self, mix};
use drr_core::{EmbeddingSpace, EmbeddingTable, InteractionLog, Observed, RowOrigin, Seeds};
use drr_store::Written;
use faer::linalg::solvers::DenseSolveCore;
use faer::{Mat, Side};
use moments::Moments;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::path::Path;

/// The kind of the artifact, and what its header says.
const KIND: &str = "continuation_factors";
/// What is added to an item's share of users before its power is taken, so that rare items do not explode.
const SHARE_FLOOR: f64 = 1e-3;

/// Item vectors by regression of the rest of a log on its beginning.
#[derive(Debug, Clone, PartialEq)]
pub struct ContinuationFactors {
    items: EmbeddingTable,
    additions: EmbeddingTable,
    /// The vector of a user without history, `[D]`.
    start: Vec<f32>,
    header: Header,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    kind: String,
    config: ContinuationFactorsConfig,
    positive: f32,
    origin: RowOrigin,
}

impl ContinuationFactors {
    /// Fits on `log`, whose rows rated at least `positive` are the positive ones. Users whose log is no longer than its
    /// beginning say nothing. The seed only starts the eigenvalue solver.
    ///
    /// # Errors
    ///
    /// Fails on a configuration out of range, on a log in which nothing positive follows a beginning, and on a dimension
    /// that is not below the number of items or beyond the rank of the predictions.
    pub fn fit(
        log: &InteractionLog,
        config: &ContinuationFactorsConfig,
        positive: f32,
        seeds: Seeds,
    ) -> Result<Self, EmbedError> {
        config.check()?;
        let (dim, n_items) = (config.dim, log.n_items());
        if dim >= n_items {
            return Err(EmbedError::DimTooLarge { dim, n_items });
        }
        let mut moments =
            Moments::of(log, config, positive).ok_or(EmbedError::NoContinuations { positive })?;
        let mut weights = ridge(&mut moments, config.lambda).ok_or(EmbedError::Eigen)?;
        let scales: Vec<f64> = moments
            .mean_target
            .iter()
            .map(|share| (share + SHARE_FLOOR).powf(-config.popularity_exponent))
            .collect();
        let mut intercept: Vec<f64> = (0..log.n_items())
            .map(|item| moments.mean_target[item] - dot(&moments.mean_input, weights.col_as_slice(item)))
            .collect();
        let mut squares = if config.cosine_share > 0.0 {
            let cosines =
                similarity::shrunk_similarities(log, positive, config.shrink, config.cosine_exponent)
                    .ok_or(EmbedError::NoPositives { positive })?;
            let kept = mix(&mut weights, &cosines, config.cosine_share);
            intercept.iter_mut().for_each(|value| *value *= kept);
            // The history's part of the predictions, now that the weights are no longer those of the regression.
            let of_inputs = transposed_product(moments.inputs.as_ref(), weights.as_ref());
            transposed_product(weights.as_ref(), of_inputs.as_ref())
        } else {
            transposed_product(moments.targets.as_ref(), weights.as_ref())
        };
        let mean_prediction: Vec<f64> = (0..log.n_items())
            .map(|item| intercept[item] + dot(&moments.mean_input, weights.col_as_slice(item)))
            .collect();
        add_means(&mut squares, &mean_prediction, moments.total_weight, &scales);
        drop((moments.inputs, moments.targets));
        let mut random = seeds.stream("continuation_factors.start");
        let found = leading(&squares, config.dim, &mut random).ok_or(EmbedError::Eigen)?;
        drop(squares);
        let zero = found.values[0].abs() * 1e-12;
        let n_positive = found.values.iter().take_while(|value| **value > zero).count();
        if n_positive < config.dim {
            return Err(EmbedError::TooFewFactors { dim: config.dim, n_positive });
        }
        // A user's coordinate is then as large as the items': each side takes half of its power.
        let roots: Vec<f64> =
            found.values.iter().map(|value| (value / moments.total_weight).sqrt().sqrt()).collect();
        let mut scaled = found.vectors.clone();
        scaled.par_col_iter_mut().for_each(|column| {
            column.iter_mut().zip(&scales).for_each(|(value, scale)| *value *= scale);
        });
        let added = transposed_product(weights.transpose().to_owned().as_ref(), scaled.as_ref());
        let items = table(log.n_items(), config.dim, |item, at| {
            // A solver leaves rounding noise where the exact value is zero.
            if moments.mean_target[item] > 0.0 { found.vectors[(item, at)] * roots[at] } else { 0.0 }
        })?;
        let additions = table(log.n_items(), config.dim, |item, at| added[(item, at)] / roots[at])?;
        let start = (0..config.dim).map(|at| {
            #[expect(clippy::cast_possible_truncation, reason = "vectors are stored in 32 bits")]
            let value = (dot(&intercept, scaled.col_as_slice(at)) / roots[at]) as f32;
            value
        });
        let start = start.collect();
        let header =
            Header { kind: KIND.to_owned(), config: *config, positive, origin: log.origin().clone() };
        Ok(Self { items, additions, start, header })
    }

    /// How it was fitted.
    #[must_use]
    pub const fn config(&self) -> &ContinuationFactorsConfig {
        &self.header.config
    }

    /// Writes the file `path`, whole or not at all: the header and the arrays `items` and `additions`, both `[I, D]`, and
    /// `start`, `[D]`.
    ///
    /// # Errors
    ///
    /// Fails if the disk does.
    pub fn save(&self, path: &Path) -> Result<Written, EmbedError> {
        let arrays = [
            table_array("items", &self.items),
            table_array("additions", &self.additions),
            vector_array("start", &self.start),
        ];
        Arrays::pack(KIND, &self.header, arrays)?.save(path)
    }

    /// Reads a file that [`ContinuationFactors::save`] has written.
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
        let start = arrays.take(KIND, "start", 1)?.values;
        if start.len() != header.config.dim {
            return Err(fail("the start and the header's dim disagree".to_owned()));
        }
        Ok(Self { items, additions, start, header })
    }
}

impl EmbeddingSpace for ContinuationFactors {
    fn items(&self) -> &EmbeddingTable {
        &self.items
    }

    /// The intercept's vector and what the history's items add to it, each item once, by its latest rating: a positive one
    /// with weight 1, another with `other_weight`, both times `recency` to the power of its place among the items.
    fn fold_in(&self, history: &[Observed]) -> Vec<f32> {
        let config = &self.header.config;
        let mut seen = HashSet::new();
        // From the latest on, so that an item's latest rating is met first.
        let known = history.iter().rev().filter(|it| it.item.index() < self.additions.n_rows());
        let latest: Vec<&Observed> = known.filter(|it| seen.insert(it.item)).collect();
        // Relative to the heaviest item, so that no power overflows.
        let heaviest = if config.recency < 1.0 { latest.len().saturating_sub(1) } else { 0 };
        let by_age = (0..latest.len()).map(|age| config.recency.powf(heaviest as f64 - age as f64));
        let mean = by_age.clone().sum::<f64>() / latest.len().max(1) as f64;
        let mut rated: Vec<(u32, f32)> = latest
            .iter()
            .zip(by_age)
            .map(|(it, of_age)| {
                #[expect(clippy::cast_possible_truncation, reason = "vectors are stored in 32 bits")]
                let of_age = (of_age / mean) as f32;
                let of_rating = if it.rating >= self.header.positive { 1.0 } else { config.other_weight };
                (it.item.0, of_rating * of_age)
            })
            .collect();
        rated.sort_by_key(|(item, _)| *item);
        let mut user = self.start.clone();
        for (item, weight) in rated {
            let added = self.additions.row(item as usize);
            user.iter_mut().zip(added).for_each(|(value, add)| *value += weight * add);
        }
        user
    }

    /// What a positive item adds. In a session an item rated lower adds nothing, though it would in [`Self::fold_in`].
    fn additions(&self) -> Option<&EmbeddingTable> {
        Some(&self.additions)
    }

    fn origin(&self) -> &RowOrigin {
        &self.header.origin
    }
}

/// `B`, `[I, I]`, a row for each item of the history; leaves the centred moments in `moments`. `None` if the inverse does
/// not exist.
fn ridge(moments: &mut Moments, lambda: f64) -> Option<Mat<f64>> {
    let Moments { inputs, targets, mean_input, mean_target, total_weight } = moments;
    centre(inputs, mean_input, mean_input, *total_weight);
    centre(targets, mean_input, mean_target, *total_weight);
    let mut penalized = std::mem::replace(inputs, Mat::zeros(0, 0));
    for item in 0..penalized.nrows() {
        penalized[(item, item)] += lambda;
    }
    let inverse = penalized.llt(Side::Lower).ok()?.inverse();
    for item in 0..penalized.nrows() {
        penalized[(item, item)] -= lambda;
    }
    *inputs = penalized;
    // The inverse is symmetric.
    Some(transposed_product(inverse.as_ref(), targets.as_ref()))
}

/// Takes `weight * rows columns'` out of `products`, which makes moments about zero moments about the means.
fn centre(products: &mut Mat<f64>, rows: &[f64], columns: &[f64], weight: f64) {
    products.par_col_iter_mut().enumerate().for_each(|(column, values)| {
        let factor = weight * columns[column];
        values.iter_mut().zip(rows).for_each(|(value, mean)| *value -= factor * mean);
    });
}

/// Adds the part of the mean prediction to the sums of squares and products of the history's part, `[I, I]`, and scales
/// both.
fn add_means(squares: &mut Mat<f64>, means: &[f64], total_weight: f64, scales: &[f64]) {
    squares.par_col_iter_mut().enumerate().for_each(|(column, values)| {
        let factor = total_weight * means[column];
        for ((value, mean), scale) in values.iter_mut().zip(means).zip(scales) {
            *value = (*value + factor * mean) * scale * scales[column];
        }
    });
    // Equal but for rounding.
    for column in 0..squares.ncols() {
        for row in 0..column {
            let mean = f64::midpoint(squares[(row, column)], squares[(column, row)]);
            squares[(row, column)] = mean;
            squares[(column, row)] = mean;
        }
    }
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}
