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
//! with Frobenius norms, and the intercept is scaled as `B` is.

mod moments;

use crate::EmbedError;
use crate::arrays::{Array, Arrays, in_file, table};
use crate::co_occurrence::eigen::{leading, transposed_product};
use crate::co_occurrence::similarity::{self, mix};
use drr_core::{EmbeddingSpace, EmbeddingTable, InteractionLog, Observed, RowOrigin, Seeds};
use faer::linalg::solvers::DenseSolveCore;
use faer::{Mat, Side};
use moments::Moments;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The kind of the artifact, and what its header says.
const KIND: &str = "continuation_factors";
/// What is added to an item's share of users before its power is taken, so that rare items do not explode.
const SHARE_FLOOR: f64 = 1e-3;

/// The configuration of the continuation factors.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContinuationFactorsConfig {
    /// The dimension `D` of the vectors, less than the number of items.
    pub dim: usize,
    /// The ridge penalty, in users; above 0.
    pub lambda: f64,
    /// The number of ratings with which a log begins; 0 for `first_share` of the log.
    #[serde(default)]
    pub n_first: usize,
    /// The share of a log that is its beginning, in `(0, 1)`; read where `n_first` is 0.
    #[serde(default = "half")]
    pub first_share: f64,
    /// The weight of the true order of the logs, in `[0, 1]`; the rest is on the mean over all orders.
    #[serde(default)]
    pub ordered_share: f64,
    /// What an item rated below the positives counts in a history, where a positive one counts 1.
    #[serde(default)]
    pub other_weight: f32,
    /// A user with `n` ratings weighs `n^-length_exponent`; weights are scaled to a mean of 1. At least 0.
    #[serde(default)]
    pub length_exponent: f64,
    /// The score of an item liked by the share `p` of the users is divided by about `p^popularity_exponent`; at least 0.
    #[serde(default)]
    pub popularity_exponent: f64,
    /// The share of the items' cosines in what is factorized, in `[0, 1)`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cosine_share: f64,
    /// What is added to the cosines' divisor, in users; at least 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub shrink: f64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

const fn half() -> f64 {
    0.5
}

impl Default for ContinuationFactorsConfig {
    fn default() -> Self {
        Self {
            dim: 100,
            lambda: 10.0,
            n_first: 10,
            first_share: half(),
            ordered_share: 0.25,
            other_weight: 0.3,
            length_exponent: 0.0,
            popularity_exponent: 0.0,
            cosine_share: 0.0,
            shrink: 0.0,
        }
    }
}

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
        check(config, log.n_items())?;
        let mut moments = Moments::of(log, config, positive).ok_or(EmbedError::NoPositives { positive })?;
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
            let cosines = similarity::shrunk_cosines(log, positive, config.shrink)
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
    pub fn save(&self, path: &Path) -> Result<(), EmbedError> {
        let arrays = [
            ("items", Array::table(&self.items)),
            ("additions", Array::table(&self.additions)),
            ("start", Array::vector(&self.start)),
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
    /// with weight 1, another with `other_weight`.
    fn fold_in(&self, history: &[Observed]) -> Vec<f32> {
        let known = history.iter().rev().filter(|it| it.item.index() < self.additions.n_rows());
        let mut rated: Vec<(u32, bool)> =
            known.map(|it| (it.item.0, it.rating >= self.header.positive)).collect();
        rated.sort_by_key(|(item, _)| *item);
        rated.dedup_by_key(|(item, _)| *item);
        let mut user = self.start.clone();
        for (item, is_positive) in rated {
            let weight = if is_positive { 1.0 } else { self.header.config.other_weight };
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

/// Refuses a configuration that no log of `n_items` items can satisfy.
fn check(config: &ContinuationFactorsConfig, n_items: usize) -> Result<(), EmbedError> {
    let refuse = |field, value, wanted| Err(EmbedError::Config { field, value, wanted });
    if config.dim == 0 {
        return refuse("dim", 0.0, "at least 1");
    }
    if !config.lambda.is_finite() || config.lambda <= 0.0 {
        return refuse("lambda", config.lambda, "a finite number above 0");
    }
    if config.n_first == 0 && !(config.first_share > 0.0 && config.first_share < 1.0) {
        return refuse("first_share", config.first_share, "above 0 and below 1");
    }
    if !(0.0..=1.0).contains(&config.ordered_share) {
        return refuse("ordered_share", config.ordered_share, "in [0, 1]");
    }
    if !config.other_weight.is_finite() {
        return refuse("other_weight", f64::from(config.other_weight), "a finite number");
    }
    for (field, value) in
        [("length_exponent", config.length_exponent), ("popularity_exponent", config.popularity_exponent)]
    {
        if !value.is_finite() || value < 0.0 {
            return refuse(field, value, "a finite number of at least 0");
        }
    }
    if !(0.0..1.0).contains(&config.cosine_share) {
        return refuse("cosine_share", config.cosine_share, "at least 0 and below 1");
    }
    if !config.shrink.is_finite() || config.shrink < 0.0 {
        return refuse("shrink", config.shrink, "a finite number of at least 0");
    }
    if config.dim >= n_items {
        return Err(EmbedError::DimTooLarge { dim: config.dim, n_items });
    }
    Ok(())
}
