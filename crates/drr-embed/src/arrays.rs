//! Named arrays of 32-bit numbers with a JSON header: how an embedding goes to disk.
//!
//! The file is one of [`drr_store::write_arrays`], which any tool of the field opens; the header is one of its texts.

use crate::EmbedError;
use drr_core::EmbeddingTable;
use drr_store::{NamedArray, Values, Written, read_arrays, write_arrays};
use serde::{Serialize, de::DeserializeOwned};
use std::path::Path;

/// The name of the header among the file's texts.
const HEADER: &str = "embedding";

/// A header and named arrays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Arrays {
    /// What the arrays are, as JSON: the kind, the configuration, the origin of the fitted rows.
    pub header: String,
    /// The arrays, in any order.
    pub arrays: Vec<NamedArray>,
}

impl Arrays {
    /// Packs a header that serde can write.
    pub(crate) fn pack<const N: usize>(
        kind: &'static str,
        header: &impl Serialize,
        arrays: [NamedArray; N],
    ) -> Result<Self, EmbedError> {
        let header = serde_json::to_string(header)
            .map_err(|error| EmbedError::Arrays { kind, reason: error.to_string() })?;
        Ok(Self { header, arrays: arrays.into() })
    }

    /// Reads the header back.
    pub(crate) fn header<T: DeserializeOwned>(&self, kind: &'static str) -> Result<T, EmbedError> {
        serde_json::from_str(&self.header).map_err(|error| EmbedError::Arrays {
            kind,
            reason: format!("its header is unreadable: {error}"),
        })
    }

    /// Takes the arrays `items` and `additions`, both `[I, dim]`: what items are recommended by, and what they add to users.
    pub(crate) fn take_pair(
        &mut self,
        kind: &'static str,
        dim: usize,
    ) -> Result<(EmbeddingTable, EmbeddingTable), EmbedError> {
        let (items, additions) = (self.take(kind, "items", 2)?, self.take(kind, "additions", 2)?);
        if items.shape != additions.shape || items.shape[1] != dim {
            let reason = "the items, the additions and the header's dim disagree".to_owned();
            return Err(EmbedError::Arrays { kind, reason });
        }
        let n_rows = items.shape[0];
        Ok((
            EmbeddingTable::new(n_rows, dim, items.values)?,
            EmbeddingTable::new(n_rows, dim, additions.values)?,
        ))
    }

    /// The values of the array `name`, which must have `n_axes` axes and finite values of 32 bits.
    pub(crate) fn take(
        &mut self,
        kind: &'static str,
        name: &str,
        n_axes: usize,
    ) -> Result<Taken, EmbedError> {
        let fail = |reason| EmbedError::Arrays { kind, reason };
        let array = self.remove(kind, name)?;
        let Values::F32(values) = array.values else {
            return Err(fail(format!("the array {name} is not of 32-bit floating point numbers")));
        };
        if array.shape.len() != n_axes || array.shape.iter().product::<usize>() != values.len() {
            return Err(fail(format!("the array {name} has the shape {:?}", array.shape)));
        }
        if values.iter().any(|value| !value.is_finite()) {
            return Err(fail(format!("the array {name} has values that are not finite")));
        }
        Ok(Taken { shape: array.shape, values })
    }

    /// The numbers of the vector `name`, which must be of unsigned 32-bit integers.
    pub(crate) fn take_indices(&mut self, kind: &'static str, name: &str) -> Result<Vec<u32>, EmbedError> {
        let array = self.remove(kind, name)?;
        match array.values {
            Values::U32(values) if array.shape == [values.len()] => Ok(values),
            _ => {
                let reason = format!("the array {name} is no vector of 32-bit unsigned integers");
                Err(EmbedError::Arrays { kind, reason })
            }
        }
    }

    /// Takes the array `name` out.
    fn remove(&mut self, kind: &'static str, name: &str) -> Result<NamedArray, EmbedError> {
        let at = self.arrays.iter().position(|array| array.name == name);
        let at =
            at.ok_or_else(|| EmbedError::Arrays { kind, reason: format!("the array {name} is missing") })?;
        Ok(self.arrays.swap_remove(at))
    }

    /// Writes the file `path`, whole or not at all.
    ///
    /// # Errors
    ///
    /// Fails if the disk does; what was at `path` is then as it was.
    pub fn save(&self, path: &Path) -> Result<Written, EmbedError> {
        Ok(write_arrays(path, &self.arrays, &[(HEADER, self.header.clone())])?)
    }

    /// Reads the file `path`.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read, or is not one that [`Arrays::save`] has written.
    pub fn load(path: &Path) -> Result<Self, EmbedError> {
        let (arrays, mut texts) = read_arrays(path)?;
        let header = texts.remove(HEADER).ok_or_else(|| EmbedError::Corrupt {
            path: path.to_owned(),
            reason: "it has no header of an embedding".to_owned(),
        })?;
        Ok(Self { header, arrays })
    }
}

/// The numbers of an array, and their shape.
pub(crate) struct Taken {
    /// The lengths of the axes.
    pub shape: Vec<usize>,
    /// The values, the last axis fastest; as many as the product of `shape`.
    pub values: Vec<f32>,
}

/// The array of a vector, `[n]`.
pub(crate) fn vector_array(name: &str, values: &[f32]) -> NamedArray {
    NamedArray::new(name, vec![values.len()], Values::F32(values.to_vec()))
}

/// The array of a table, `[rows, D]`.
pub(crate) fn table_array(name: &str, table: &EmbeddingTable) -> NamedArray {
    let shape = vec![table.n_rows(), table.dim()];
    NamedArray::new(name, shape, Values::F32(table.values().to_vec()))
}

/// A table of `n_rows` vectors with the numbers that `value` gives for row and coordinate.
pub(crate) fn table(
    n_rows: usize,
    dim: usize,
    value: impl Fn(usize, usize) -> f64,
) -> Result<EmbeddingTable, EmbedError> {
    #[expect(clippy::cast_possible_truncation, reason = "vectors are stored in 32 bits")]
    let values = (0..n_rows * dim).map(|at| value(at / dim, at % dim) as f32).collect();
    Ok(EmbeddingTable::new(n_rows, dim, values)?)
}

/// Names the file in an error about its contents.
pub(crate) fn in_file(path: &Path) -> impl Fn(EmbedError) -> EmbedError + '_ {
    |error| match error {
        EmbedError::Arrays { .. } | EmbedError::Table(_) => {
            EmbedError::Corrupt { path: path.to_owned(), reason: error.to_string() }
        }
        other => other,
    }
}
