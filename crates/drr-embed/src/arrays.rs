//! Named arrays of 32-bit numbers with a JSON header: how an embedding goes to disk.
//!
//! The file is a safetensors file, which any tool of the field opens; the header stands in its metadata. A file is
//! written beside its place and renamed into it, so that a reader never meets half of one.

use crate::EmbedError;
use drr_core::EmbeddingTable;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The key of the header in the file's metadata.
const HEADER: &str = "header";

/// Numbers with a shape.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Array {
    /// The lengths of the axes.
    pub shape: Vec<usize>,
    /// The values, the last axis fastest; as many as the product of `shape`.
    pub values: Vec<f32>,
}

impl Array {
    /// A vector, `[n]`.
    #[must_use]
    pub fn vector(values: &[f32]) -> Self {
        Self { shape: vec![values.len()], values: values.to_vec() }
    }

    /// A table, `[rows, D]`.
    #[must_use]
    pub fn table(table: &EmbeddingTable) -> Self {
        Self { shape: vec![table.n_rows(), table.dim()], values: table.values().to_vec() }
    }
}

/// A header and named arrays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Arrays {
    /// What the arrays are, as JSON: the kind, the configuration, the origin of the fitted rows.
    pub header: String,
    /// The arrays, by name.
    pub arrays: BTreeMap<String, Array>,
}

impl Arrays {
    /// Packs a header that serde can write.
    pub(crate) fn pack<const N: usize>(
        kind: &'static str,
        header: &impl Serialize,
        arrays: [(&str, Array); N],
    ) -> Result<Self, EmbedError> {
        let header = serde_json::to_string(header)
            .map_err(|error| EmbedError::Arrays { kind, reason: error.to_string() })?;
        let arrays = arrays.into_iter().map(|(name, array)| (name.to_owned(), array)).collect();
        Ok(Self { header, arrays })
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

    /// The values of the array `name`, which must have `n_axes` axes and finite values.
    pub(crate) fn take(
        &mut self,
        kind: &'static str,
        name: &str,
        n_axes: usize,
    ) -> Result<Array, EmbedError> {
        let fail = |reason| EmbedError::Arrays { kind, reason };
        let array = self.arrays.remove(name).ok_or_else(|| fail(format!("the array {name} is missing")))?;
        if array.shape.len() != n_axes || array.shape.iter().product::<usize>() != array.values.len() {
            return Err(fail(format!("the array {name} has the shape {:?}", array.shape)));
        }
        if array.values.iter().any(|value| !value.is_finite()) {
            return Err(fail(format!("the array {name} has values that are not finite")));
        }
        Ok(array)
    }

    /// Writes the file `path`, whole or not at all.
    ///
    /// # Errors
    ///
    /// Fails if the disk does; what was at `path` is then as it was.
    pub fn save(&self, path: &Path) -> Result<(), EmbedError> {
        let partial = partial_path(path);
        let written = self.to_bytes(path).and_then(|bytes| {
            write_and_rename(&partial, path, &bytes).map_err(|source| EmbedError::Io {
                action: "write",
                path: path.to_owned(),
                source,
            })
        });
        if written.is_err() {
            // Nobody misses it if it was never made.
            let _ = fs::remove_file(&partial);
        }
        written
    }

    /// Reads the file `path`.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read, or is not one that [`Arrays::save`] has written.
    pub fn load(path: &Path) -> Result<Self, EmbedError> {
        let bytes = fs::read(path).map_err(|source| EmbedError::Io {
            action: "read",
            path: path.to_owned(),
            source,
        })?;
        Self::from_bytes(&bytes).map_err(|reason| EmbedError::Corrupt { path: path.to_owned(), reason })
    }

    fn to_bytes(&self, path: &Path) -> Result<Vec<u8>, EmbedError> {
        let corrupt = |error: safetensors::SafeTensorError| EmbedError::Corrupt {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let raw: Vec<(&String, &Array, Vec<u8>)> = self
            .arrays
            .iter()
            .map(|(name, array)| (name, array, array.values.iter().flat_map(|it| it.to_le_bytes()).collect()))
            .collect();
        let views = raw
            .iter()
            .map(|(name, array, bytes)| {
                Ok((name.as_str(), TensorView::new(Dtype::F32, array.shape.clone(), bytes)?))
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(corrupt)?;
        let metadata = HashMap::from([(HEADER.to_owned(), self.header.clone())]);
        safetensors::serialize(views, Some(metadata)).map_err(corrupt)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| error.to_string())?;
        let header = metadata.metadata().as_ref().and_then(|map| map.get(HEADER)).cloned();
        let header = header.ok_or("the metadata has no header")?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
        let mut arrays = BTreeMap::new();
        for (name, view) in tensors.tensors() {
            if view.dtype() != Dtype::F32 {
                return Err(format!("the array {name} is not of 32-bit floating point numbers"));
            }
            let (words, _) = view.data().as_chunks::<4>();
            let values = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
            arrays.insert(name, Array { shape: view.shape().to_vec(), values });
        }
        Ok(Self { header, arrays })
    }
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

/// Where the file stands until it is whole.
fn partial_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    path.with_file_name(name)
}

fn write_and_rename(partial: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(partial, path)?;
    // The new name is safe only once the folder is.
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
