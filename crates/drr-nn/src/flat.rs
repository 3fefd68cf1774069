//! Named parameters in one flat slice, and an optimizer that passes over it once.
//!
//! Names, shapes and files are those of `Parameters` and `Adam`: a checkpoint of one kind loads in the other.

mod adam;

pub use adam::FlatAdam;

use crate::NnError;
use drr_store::{NamedArray, Values};
use std::ops::Range;

/// Where each parameter lies in a flat slice, in the order of the names.
#[derive(Debug, Clone, Default)]
pub struct FlatLayout {
    entries: Vec<Entry>,
    n_values: usize,
}

#[derive(Debug, Clone)]
struct Entry {
    name: String,
    shape: Vec<usize>,
    range: Range<usize>,
}

impl FlatLayout {
    /// No parameter yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a parameter that lies in `range`. Panics if its size is not the range's, which is a bug.
    pub fn add(&mut self, name: impl Into<String>, shape: &[usize], range: Range<usize>) {
        assert_eq!(shape.iter().product::<usize>(), range.len());
        self.n_values = self.n_values.max(range.end);
        self.entries.push(Entry { name: name.into(), shape: shape.to_vec(), range });
        self.entries.sort_by(|left, right| left.name.cmp(&right.name));
    }

    /// The number of values in all parameters.
    #[must_use]
    pub const fn n_values(&self) -> usize {
        self.n_values
    }

    /// All parameters in `values` as arrays, their names behind `prefix`.
    #[must_use]
    pub fn to_arrays(&self, prefix: &str, values: &[f32]) -> Vec<NamedArray> {
        let array = |entry: &Entry| {
            let values = Values::F32(values[entry.range.clone()].to_vec());
            NamedArray::new(format!("{prefix}{}", entry.name), entry.shape.clone(), values)
        };
        self.entries.iter().map(array).collect()
    }

    /// Sets every parameter in `values` from the array of its name behind `prefix`.
    ///
    /// # Errors
    ///
    /// Fails if an array is missing or has another shape.
    pub fn load_arrays(
        &self,
        prefix: &str,
        arrays: &[NamedArray],
        values: &mut [f32],
    ) -> Result<(), NnError> {
        for Entry { name, shape, range } in &self.entries {
            let full = format!("{prefix}{name}");
            let found = arrays.iter().find(|array| array.name == full);
            match found.map(|array| (&array.shape, &array.values)) {
                Some((found, Values::F32(loaded))) if found == shape => {
                    values[range.clone()].copy_from_slice(loaded);
                }
                other => {
                    let found = other.map_or("nothing of that kind".to_owned(), |it| format!("{:?}", it.0));
                    return Err(NnError::Array { name: full, expected: shape.clone(), found });
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
