//! Co-occurrence factors: items are near when the same users like both.
//!
//! With `P` the users' positive items (binary, `[U, I]`) and `G = P'P`, the cosine of two items, shrunk toward zero where
//! few users support it, is `C_ij = G_ij / (sqrt(G_ii G_jj) + shrink)`, and zero on the diagonal. The leading eigenvectors
//! of `C`, each scaled by the root of its eigenvalue, give vectors whose inner products are the best approximation of `C`
//! of that rank: the sum of a history's vectors then ranks like the sum of its items' neighbours, in `D` numbers. Such a
//! space is additive, so an accepted item moves the user by its own vector.

pub(crate) mod eigen;
pub(crate) mod similarity;

use crate::EmbedError;
use crate::arrays::{Arrays, in_file, table_array, vector_array};
use drr_core::{EmbeddingSpace, EmbeddingTable, InteractionLog, ItemIdx, Observed, RowOrigin, Seeds};
use drr_store::Written;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The kind of the artifact, and what its header says.
const KIND: &str = "co_occurrence";

/// The configuration of the co-occurrence factors.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CoOccurrenceConfig {
    /// The dimension `D` of the vectors, less than the number of items.
    pub dim: usize,
    /// What is added to the cosine's divisor, in users; at least 0.
    pub shrink: f64,
    /// Whether `D` is smaller where fewer eigenvalues are positive, instead of an error: for logs that nobody has looked at.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub or_fewer: bool,
}

impl CoOccurrenceConfig {
    /// Refuses values out of their ranges.
    ///
    /// # Errors
    ///
    /// Names the first field that is out of its range.
    pub fn check(&self) -> Result<(), EmbedError> {
        if self.dim == 0 {
            return Err(EmbedError::Config { field: "dim", value: 0.0, wanted: "at least 1" });
        }
        if !self.shrink.is_finite() || self.shrink < 0.0 {
            let wanted = "a finite number of at least 0";
            return Err(EmbedError::Config { field: "shrink", value: self.shrink, wanted });
        }
        Ok(())
    }
}

impl Default for CoOccurrenceConfig {
    fn default() -> Self {
        Self { dim: 100, shrink: 20.0, or_fewer: false }
    }
}

/// Item vectors from co-occurrence, with a fold-in that sums them.
#[derive(Debug, Clone, PartialEq)]
pub struct CoOccurrence {
    items: EmbeddingTable,
    eigenvalues: Vec<f32>,
    header: Header,
}

/// What is fitted beside the arrays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    kind: String,
    config: CoOccurrenceConfig,
    positive: f32,
    origin: RowOrigin,
}

impl CoOccurrence {
    /// Fits on the rows of `log` rated at least `positive`. The seed only starts the eigenvalue solver: other seeds give the same vectors
    /// up to rounding, and each vector's sign makes its greatest coordinate positive.
    ///
    /// # Errors
    ///
    /// Fails on a configuration out of range, on a log without positive rows, and on a dimension that is not below the
    /// number of items or beyond the number of positive eigenvalues.
    pub fn fit(
        log: &InteractionLog,
        config: &CoOccurrenceConfig,
        positive: f32,
        seeds: Seeds,
    ) -> Result<Self, EmbedError> {
        check(config, log.n_items())?;
        let cosines = similarity::shrunk_cosines(log, positive, config.shrink)
            .ok_or(EmbedError::NoPositives { positive })?;
        let mut random = seeds.stream("co_occurrence.start");
        let leading = eigen::leading(&cosines, config.dim, &mut random).ok_or(EmbedError::Eigen)?;
        // Below this, an eigenvalue is zero but for rounding.
        let zero = leading.values[0].abs() * 1e-9;
        let n_positive = leading.values.iter().take_while(|value| **value > zero).count();
        let config = match config.or_fewer && n_positive > 0 {
            true => CoOccurrenceConfig { dim: config.dim.min(n_positive), ..*config },
            false => *config,
        };
        if n_positive < config.dim {
            return Err(EmbedError::TooFewFactors { dim: config.dim, n_positive });
        }
        let (n_items, dim) = (log.n_items(), config.dim);
        let has_positives = similarity::has_positives(log, positive);
        let mut vectors = vec![0.0_f32; n_items * dim];
        for (item, row) in vectors.chunks_exact_mut(dim).enumerate() {
            // A solver leaves rounding noise where the exact value is zero.
            if !has_positives[item] {
                continue;
            }
            for (at, value) in row.iter_mut().enumerate() {
                #[expect(clippy::cast_possible_truncation, reason = "vectors are stored in 32 bits")]
                let scaled = (leading.vectors[(item, at)] * leading.values[at].sqrt()) as f32;
                *value = scaled;
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "kept for information, in 32 bits")]
        let eigenvalues = leading.values.iter().take(dim).map(|value| *value as f32).collect();
        let header = Header { kind: KIND.to_owned(), config, positive, origin: log.origin().clone() };
        Ok(Self { items: EmbeddingTable::new(n_items, dim, vectors)?, eigenvalues, header })
    }

    /// The eigenvalues, `[D]`, greatest first.
    #[must_use]
    pub fn eigenvalues(&self) -> &[f32] {
        &self.eigenvalues
    }

    /// How it was fitted.
    #[must_use]
    pub const fn config(&self) -> &CoOccurrenceConfig {
        &self.header.config
    }

    /// The header and the arrays `items` `[I, D]` and `eigenvalues` `[D]`.
    ///
    /// # Errors
    ///
    /// Fails if the header cannot be written as JSON.
    pub fn to_arrays(&self) -> Result<Arrays, EmbedError> {
        let arrays = [table_array("items", &self.items), vector_array("eigenvalues", &self.eigenvalues)];
        Arrays::pack(KIND, &self.header, arrays)
    }

    /// Reads what [`CoOccurrence::to_arrays`] has written.
    ///
    /// # Errors
    ///
    /// Names the part that is missing or disagrees with the others.
    pub fn from_arrays(mut arrays: Arrays) -> Result<Self, EmbedError> {
        let header: Header = arrays.header(KIND)?;
        let fail = |reason: String| EmbedError::Arrays { kind: KIND, reason };
        if header.kind != KIND {
            return Err(fail(format!("they are a {} embedding", header.kind)));
        }
        let items = arrays.take(KIND, "items", 2)?;
        let eigenvalues = arrays.take(KIND, "eigenvalues", 1)?.values;
        if items.shape[1] != header.config.dim || eigenvalues.len() != header.config.dim {
            return Err(fail("the items, the eigenvalues and the header's dim disagree".to_owned()));
        }
        let items = EmbeddingTable::new(items.shape[0], header.config.dim, items.values)?;
        Ok(Self { items, eigenvalues, header })
    }

    /// Writes the file `path`, whole or not at all.
    ///
    /// # Errors
    ///
    /// Fails if the disk does.
    pub fn save(&self, path: &Path) -> Result<Written, EmbedError> {
        self.to_arrays()?.save(path)
    }

    /// Reads a file that [`CoOccurrence::save`] has written.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read or is damaged.
    pub fn load(path: &Path) -> Result<Self, EmbedError> {
        Self::from_arrays(Arrays::load(path)?).map_err(in_file(path))
    }
}

impl EmbeddingSpace for CoOccurrence {
    fn items(&self) -> &EmbeddingTable {
        &self.items
    }

    /// The sum of the vectors of the history's positive items, each item once.
    fn fold_in(&self, history: &[Observed]) -> Vec<f32> {
        sum_of_positives(&self.items, history, self.header.positive)
    }

    fn additions(&self) -> Option<&EmbeddingTable> {
        Some(&self.items)
    }

    fn origin(&self) -> &RowOrigin {
        &self.header.origin
    }
}

/// The sum of the rows of `table` (`[I, D]`) of the history's items rated at least `positive`, each item once.
pub(crate) fn sum_of_positives(table: &EmbeddingTable, history: &[Observed], positive: f32) -> Vec<f32> {
    let of_table = |it: &&Observed| it.rating >= positive && it.item.index() < table.n_rows();
    let mut items: Vec<ItemIdx> = history.iter().filter(of_table).map(|it| it.item).collect();
    items.sort_unstable();
    items.dedup();
    let mut sum = vec![0.0; table.dim()];
    for item in items {
        sum.iter_mut().zip(table.row(item.index())).for_each(|(sum, value)| *sum += value);
    }
    sum
}

/// Refuses a configuration that no log of `n_items` items can satisfy.
fn check(config: &CoOccurrenceConfig, n_items: usize) -> Result<(), EmbedError> {
    config.check()?;
    if config.dim >= n_items {
        return Err(EmbedError::DimTooLarge { dim: config.dim, n_items });
    }
    Ok(())
}
