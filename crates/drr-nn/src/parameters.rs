//! Named parameters, drawn from streams keyed by their names, in a fixed order.

use crate::NnError;
use candle_core::{DType, Device, Shape, Tensor, Var};
use drr_core::Seeds;
use drr_store::{NamedArray, Values};
use rand::Rng;
use std::collections::BTreeMap;

/// The parameters of one network (or of several that one optimizer moves), by name.
///
/// Names end with `.weight` or `.bias`: only weights decay. Iteration is in the order of the names, so sums over all
/// parameters never depend on a hash map.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    variables: BTreeMap<String, Var>,
}

impl Parameters {
    /// No parameter yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a parameter drawn uniformly from `[-bound, bound]`, from the stream of its name.
    ///
    /// # Errors
    ///
    /// Fails if Candle cannot make the tensor.
    pub fn uniform(
        &mut self,
        name: &str,
        shape: impl Into<Shape>,
        bound: f32,
        seeds: Seeds,
    ) -> Result<Tensor, NnError> {
        let shape = shape.into();
        let mut stream = seeds.stream(name);
        let values: Vec<f32> =
            (0..shape.elem_count()).map(|_| (stream.random::<f32>() * 2.0 - 1.0) * bound).collect();
        self.add(name, Var::from_vec(values, shape, &Device::Cpu)?)
    }

    /// Adds a parameter with one value everywhere.
    ///
    /// # Errors
    ///
    /// Fails if Candle cannot make the tensor.
    pub fn filled(&mut self, name: &str, shape: impl Into<Shape>, value: f32) -> Result<Tensor, NnError> {
        let shape = shape.into();
        let values = vec![value; shape.elem_count()];
        self.add(name, Var::from_vec(values, shape, &Device::Cpu)?)
    }

    /// Adds a parameter with the given values.
    ///
    /// # Errors
    ///
    /// Fails if Candle cannot make the tensor.
    pub fn given(
        &mut self,
        name: &str,
        shape: impl Into<Shape>,
        values: Vec<f32>,
    ) -> Result<Tensor, NnError> {
        self.add(name, Var::from_vec(values, shape, &Device::Cpu)?)
    }

    fn add(&mut self, name: &str, variable: Var) -> Result<Tensor, NnError> {
        let tensor = variable.as_tensor().clone();
        let before = self.variables.insert(name.to_owned(), variable);
        assert!(before.is_none(), "parameter {name} was added twice");
        Ok(tensor)
    }

    /// All parameters, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Var)> {
        self.variables.iter().map(|(name, variable)| (name.as_str(), variable))
    }

    /// The number of numbers in all parameters.
    #[must_use]
    pub fn n_values(&self) -> usize {
        self.variables.values().map(|variable| variable.elem_count()).sum()
    }

    /// Sets every parameter to its namesake's values in `source`.
    ///
    /// # Errors
    ///
    /// Fails if a name is missing in `source` or has another shape.
    pub fn copy_from(&self, source: &Self) -> Result<(), NnError> {
        for (name, variable) in self.iter() {
            let other = source.variables.get(name).ok_or_else(|| missing(name, variable))?;
            variable.set(&other.as_tensor().detach().copy()?)?;
        }
        Ok(())
    }

    /// All parameters as arrays, their names behind `prefix`.
    ///
    /// # Errors
    ///
    /// Fails if Candle cannot read a tensor.
    pub fn to_arrays(&self, prefix: &str) -> Result<Vec<NamedArray>, NnError> {
        self.iter()
            .map(|(name, variable)| {
                let values = variable.flatten_all()?.to_vec1::<f32>()?;
                Ok(NamedArray::new(format!("{prefix}{name}"), variable.dims().to_vec(), Values::F32(values)))
            })
            .collect()
    }

    /// Sets every parameter from the array of its name behind `prefix`.
    ///
    /// # Errors
    ///
    /// Fails if an array is missing or has another shape.
    pub fn load_arrays(&self, prefix: &str, arrays: &[NamedArray]) -> Result<(), NnError> {
        for (name, variable) in self.iter() {
            let full = format!("{prefix}{name}");
            let array =
                arrays.iter().find(|array| array.name == full).ok_or_else(|| missing(&full, variable))?;
            let Values::F32(values) = &array.values else { return Err(missing(&full, variable)) };
            if array.shape != variable.dims() {
                let found = format!("{:?}", array.shape);
                return Err(NnError::Array { name: full, expected: variable.dims().to_vec(), found });
            }
            let loaded = Tensor::from_slice(values, variable.shape(), &Device::Cpu)?.to_dtype(DType::F32)?;
            variable.set(&loaded)?;
        }
        Ok(())
    }
}

fn missing(name: &str, variable: &Var) -> NnError {
    NnError::Array {
        name: name.to_owned(),
        expected: variable.dims().to_vec(),
        found: "nothing of that kind".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_depends_on_the_seed_and_its_name_and_stays_in_its_bound() -> Result<(), NnError> {
        let draw = |seed, name: &str| -> Result<Vec<f32>, NnError> {
            Ok(Parameters::new().uniform(name, 50, 0.5, Seeds(seed))?.to_vec1()?)
        };
        assert_eq!(draw(1, "a.weight")?, draw(1, "a.weight")?);
        assert_ne!(draw(1, "a.weight")?, draw(1, "b.weight")?);
        assert_ne!(draw(1, "a.weight")?, draw(2, "a.weight")?);
        assert!(draw(1, "a.weight")?.iter().all(|value| value.abs() <= 0.5));
        Ok(())
    }

    #[test]
    fn a_copy_does_not_follow_its_source() -> Result<(), NnError> {
        let (mut online, mut target) = (Parameters::new(), Parameters::new());
        let source = online.filled("a.weight", 2, 1.0)?;
        let copy = target.filled("a.weight", 2, 0.0)?;
        target.copy_from(&online)?;
        online.load_arrays("", &[NamedArray::new("a.weight", vec![2], Values::F32(vec![7.0, 8.0]))])?;
        assert_eq!(copy.to_vec1::<f32>()?, [1.0, 1.0]);
        assert_eq!(source.to_vec1::<f32>()?, [7.0, 8.0], "tensors handed out follow their variable");
        Ok(())
    }

    #[test]
    fn an_array_of_another_shape_is_refused_by_name() -> Result<(), NnError> {
        let mut parameters = Parameters::new();
        parameters.filled("a.weight", 2, 0.0)?;
        let wrong = [NamedArray::new("a.weight", vec![3], Values::F32(vec![0.0; 3]))];
        let message = parameters.load_arrays("", &wrong).unwrap_err().to_string();
        assert!(message.contains("a.weight") && message.contains("[3]"), "{message}");
        let missing = parameters.load_arrays("", &[]).unwrap_err().to_string();
        assert!(missing.contains("a.weight") && missing.contains("nothing of that kind"), "{missing}");
        Ok(())
    }
}
