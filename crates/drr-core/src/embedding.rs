//! A table of vectors, one row per user, item or context.

/// A reason why numbers are no embedding table.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EmbeddingError {
    /// The number of values is not rows times dimension.
    #[error("{n_values} values do not fill {n_rows} rows of dimension {dim}")]
    Shape {
        /// The values given.
        n_values: usize,
        /// The rows wanted.
        n_rows: usize,
        /// The dimension wanted.
        dim: usize,
    },
    /// A value is infinite or NaN.
    #[error("row {row} of the embedding has the value {value}, which is not finite")]
    NotFinite {
        /// The first bad row.
        row: usize,
        /// Its value.
        value: f32,
    },
}

/// Vectors in rows, `[rows, D]`, all finite.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddingTable {
    values: Vec<f32>,
    dim: usize,
}

impl EmbeddingTable {
    /// Takes `values`, row after row.
    ///
    /// # Errors
    ///
    /// Refuses a wrong number of values and values that are not finite.
    pub fn new(n_rows: usize, dim: usize, values: Vec<f32>) -> Result<Self, EmbeddingError> {
        if values.len() != n_rows * dim || dim == 0 {
            return Err(EmbeddingError::Shape { n_values: values.len(), n_rows, dim });
        }
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            return Err(EmbeddingError::NotFinite { row: at / dim, value: values[at] });
        }
        Ok(Self { values, dim })
    }

    /// The number of rows.
    #[must_use]
    pub const fn n_rows(&self) -> usize {
        self.values.len() / self.dim
    }

    /// The dimension `D`.
    #[must_use]
    pub const fn dim(&self) -> usize {
        self.dim
    }

    /// One row, `[D]`. Panics beyond the table, which is a bug.
    #[must_use]
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.dim..(index + 1) * self.dim]
    }

    /// All values, row after row.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_where_they_were_put() {
        let table = EmbeddingTable::new(2, 3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        assert_eq!(table.row(1), [4.0, 5.0, 6.0]);
        assert_eq!((table.n_rows(), table.dim()), (2, 3));
    }

    #[test]
    fn a_wrong_shape_and_a_nan_are_refused() {
        assert!(matches!(
            EmbeddingTable::new(2, 2, vec![0.0; 3]),
            Err(EmbeddingError::Shape { n_values: 3, .. })
        ));
        let nan = EmbeddingTable::new(2, 1, vec![0.0, f32::NAN]);
        assert!(matches!(nan, Err(EmbeddingError::NotFinite { row: 1, .. })));
    }
}
