//! Arrays with names: how the numbers of anything that is saved are handed about.

use crate::StoreError;

/// The numbers of an array.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Single precision.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
    /// Bytes.
    U8(Vec<u8>),
    /// Ids.
    U32(Vec<u32>),
    /// Counts.
    U64(Vec<u64>),
}

impl Values {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::U8(values) => values.len(),
            Self::U32(values) => values.len(),
            Self::U64(values) => values.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An array with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedArray {
    /// The name, unique in a file.
    pub name: String,
    /// The dimensions.
    pub shape: Vec<usize>,
    /// The numbers, row after row.
    pub values: Values,
}

impl NamedArray {
    /// An array.
    pub fn new(name: impl Into<String>, shape: Vec<usize>, values: Values) -> Self {
        Self { name: name.into(), shape, values }
    }

    /// The single precision values of the array `name`, of which there must be `n_values`.
    ///
    /// # Errors
    ///
    /// Fails if there is no such array.
    pub fn f32<'a>(arrays: &'a [Self], name: &str, n_values: usize) -> Result<&'a [f32], StoreError> {
        match arrays.iter().find(|array| array.name == name).map(|array| &array.values) {
            Some(Values::F32(values)) if values.len() == n_values => Ok(values),
            other => Err(absent(name, n_values, other)),
        }
    }

    /// The counts of the array `name`, of which there must be `n_values`.
    ///
    /// # Errors
    ///
    /// Fails if there is no such array.
    pub fn u64<'a>(arrays: &'a [Self], name: &str, n_values: usize) -> Result<&'a [u64], StoreError> {
        match arrays.iter().find(|array| array.name == name).map(|array| &array.values) {
            Some(Values::U64(values)) if values.len() == n_values => Ok(values),
            other => Err(absent(name, n_values, other)),
        }
    }
}

fn absent(name: &str, n_values: usize, found: Option<&Values>) -> StoreError {
    let found = if found.is_some() { "an array of another kind or size" } else { "no such array" };
    StoreError::Array { name: name.to_owned(), expected: vec![n_values], found: found.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_is_found_by_name_type_and_size() {
        let arrays = [
            NamedArray::new("a", vec![2], Values::F32(vec![1.0, 2.0])),
            NamedArray::new("b", vec![1], Values::U64(vec![7])),
        ];
        assert_eq!(NamedArray::f32(&arrays, "a", 2).unwrap(), [1.0, 2.0]);
        assert_eq!(NamedArray::u64(&arrays, "b", 1).unwrap(), [7]);
        let message = |error: StoreError| error.to_string();
        assert!(message(NamedArray::f32(&arrays, "c", 2).unwrap_err()).contains("no such array"));
        for (name, n_values) in [("a", 3), ("b", 1)] {
            let error = message(NamedArray::f32(&arrays, name, n_values).unwrap_err());
            assert!(error.contains(name) && error.contains("another kind or size"), "{error}");
        }
        assert!(NamedArray::u64(&arrays, "a", 2).is_err());
        assert_eq!((arrays[0].values.len(), arrays[0].values.is_empty()), (2, false));
    }
}
