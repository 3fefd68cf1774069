//! The layout of activations: panels of sixteen examples, one feature per row.
//!
//! With the examples of a batch side by side, every operation of a small network is one of whole vector registers: a
//! weight is broadcast over sixteen examples, sums over features need no horizontal addition, and joining two arrays of
//! features is writing one behind the other. A batch that is no multiple of sixteen is filled up with zeros.

/// The examples in a panel.
pub const LANES: usize = 16;

/// Features of a batch: `[ceil(B / 16)][F][16]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Panels {
    values: Vec<f32>,
    n_features: usize,
    n_rows: usize,
}

impl Panels {
    /// Zeros for `n_rows` examples of `n_features`.
    #[must_use]
    pub fn zeros(n_rows: usize, n_features: usize) -> Self {
        let values = vec![0.0; n_rows.div_ceil(LANES) * n_features * LANES];
        Self { values, n_features, n_rows }
    }

    /// The rows of a row-major `[B, F]`.
    #[must_use]
    pub fn from_rows(rows: &[f32], n_features: usize) -> Self {
        let mut panels = Self::zeros(rows.len() / n_features, n_features);
        for (row, values) in rows.chunks_exact(n_features).enumerate() {
            panels.write_row(row, 0, values);
        }
        panels
    }

    /// Makes room for `n_rows` examples. All values are zero afterwards if their number changed, and as before if not.
    /// Memory is only taken when the batch outgrows every one before.
    pub fn resize(&mut self, n_rows: usize) {
        if n_rows != self.n_rows {
            self.values.clear();
            self.values.resize(n_rows.div_ceil(LANES) * self.n_features * LANES, 0.0);
            self.n_rows = n_rows;
        }
    }

    /// Makes room for `n_rows` examples of `n_features`; all values are zero afterwards if either changed.
    pub fn reshape(&mut self, n_rows: usize, n_features: usize) {
        if n_features != self.n_features {
            self.n_features = n_features;
            self.n_rows = 0;
        }
        self.resize(n_rows);
    }

    /// The number of features, `F`.
    #[must_use]
    pub const fn n_features(&self) -> usize {
        self.n_features
    }

    /// The number of examples, `B`.
    #[must_use]
    pub const fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The number of panels.
    #[must_use]
    pub const fn n_panels(&self) -> usize {
        self.n_rows.div_ceil(LANES)
    }

    /// All values, panel after panel.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// All values, to be written.
    #[must_use]
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// The features of all panels, one behind the other, `[ceil(B / 16) F][16]`.
    pub(crate) fn rows(&self) -> &[[f32; LANES]] {
        self.values.as_chunks().0
    }

    /// The same, to be written.
    pub(crate) fn rows_mut(&mut self) -> &mut [[f32; LANES]] {
        self.values.as_chunks_mut().0
    }

    /// One panel, `[F][16]`.
    #[must_use]
    #[inline]
    pub fn panel(&self, at: usize) -> &[[f32; LANES]] {
        let size = self.n_features * LANES;
        self.values[at * size..(at + 1) * size].as_chunks().0
    }

    /// One panel, `[F][16]`, to be written.
    #[must_use]
    #[inline]
    pub fn panel_mut(&mut self, at: usize) -> &mut [[f32; LANES]] {
        let size = self.n_features * LANES;
        self.values[at * size..(at + 1) * size].as_chunks_mut().0
    }

    /// Sets the features of example `row` from `first` on.
    pub fn write_row(&mut self, row: usize, first: usize, values: &[f32]) {
        let panel = &mut self.panel_mut(row / LANES)[first..first + values.len()];
        for (feature, value) in panel.iter_mut().zip(values) {
            feature[row % LANES] = *value;
        }
    }

    /// Reads the features of example `row` from `first` on.
    pub fn read_row(&self, row: usize, first: usize, into: &mut [f32]) {
        let panel = &self.panel(row / LANES)[first..first + into.len()];
        for (value, feature) in into.iter_mut().zip(panel) {
            *value = feature[row % LANES];
        }
    }

    /// The examples as a row-major `[B, F]`.
    #[must_use]
    pub fn to_rows(&self) -> Vec<f32> {
        let mut rows = vec![0.0; self.n_rows * self.n_features];
        for (at, rows) in rows.chunks_mut(LANES * self.n_features.max(1)).enumerate() {
            for (nth, block) in self.panel(at).chunks(LANES).enumerate() {
                for (lane, row) in rows.chunks_exact_mut(self.n_features).enumerate() {
                    let row = &mut row[nth * LANES..][..block.len()];
                    row.iter_mut().zip(block).for_each(|(value, feature)| *value = feature[lane]);
                }
            }
        }
        rows
    }
}

/// The sum of a row, in pairs: the order is fixed, and short.
#[inline(always)]
pub(crate) fn total(row: &[f32; LANES]) -> f32 {
    let mut lanes = *row;
    for width in [8, 4, 2, 1] {
        for at in 0..width {
            lanes[at] += lanes[at + width];
        }
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_as_they_were_put_and_the_rest_is_zero() {
        let rows: Vec<f32> = (0..17 * 3).map(|value| value as f32).collect();
        let panels = Panels::from_rows(&rows, 3);
        assert_eq!((panels.n_panels(), panels.n_rows(), panels.n_features()), (2, 17, 3));
        assert_eq!(panels.to_rows(), rows);
        assert_eq!(panels.panel(1)[2][0], 50.0);
        assert!(panels.panel(1).iter().all(|feature| feature[1..].iter().all(|value| *value == 0.0)));
    }
}
