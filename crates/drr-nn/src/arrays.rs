//! Named arrays in a safetensors file, written whole or not at all.
//!
//! Each file carries a SHA-256 of all that it holds, names, types, shapes, numbers and texts, and is refused if that
//! is not what is read. It is the one rule by which any file of networks, policies as well as checkpoints, is trusted.

use crate::NnError;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::Path;

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
    pub fn f32<'a>(arrays: &'a [Self], name: &str, n_values: usize) -> Result<&'a [f32], NnError> {
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
    pub fn u64<'a>(arrays: &'a [Self], name: &str, n_values: usize) -> Result<&'a [u64], NnError> {
        match arrays.iter().find(|array| array.name == name).map(|array| &array.values) {
            Some(Values::U64(values)) if values.len() == n_values => Ok(values),
            other => Err(absent(name, n_values, other)),
        }
    }
}

fn absent(name: &str, n_values: usize, found: Option<&Values>) -> NnError {
    let found = if found.is_some() { "an array of another kind or size" } else { "no such array" };
    NnError::Array { name: name.to_owned(), expected: vec![n_values], found: found.to_owned() }
}

fn bytes(values: &Values) -> (Dtype, Vec<u8>) {
    match values {
        Values::F32(values) => (Dtype::F32, values.iter().flat_map(|value| value.to_le_bytes()).collect()),
        Values::F64(values) => (Dtype::F64, values.iter().flat_map(|value| value.to_le_bytes()).collect()),
        Values::U8(values) => (Dtype::U8, values.clone()),
        Values::U32(values) => (Dtype::U32, values.iter().flat_map(|value| value.to_le_bytes()).collect()),
        Values::U64(values) => (Dtype::U64, values.iter().flat_map(|value| value.to_le_bytes()).collect()),
    }
}

/// Reads little-endian numbers of `N` bytes.
fn numbers<const N: usize, T>(bytes: &[u8], read: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|chunk| read(*chunk)).collect()
}

/// The entry of the file's header that holds all else: a map of texts has no order, and equal runs must write equal bytes.
const HEADER: &str = "drr";

/// What stands in the header beside the arrays.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    /// The digest of the texts and of all arrays.
    sha256: String,
    texts: BTreeMap<String, String>,
}

/// The SHA-256 over texts and arrays, in the order of their names; each field goes with its length.
fn digest(texts: &BTreeMap<String, String>, arrays: &[(String, TensorView<'_>)]) -> String {
    let mut sorted: Vec<&(String, TensorView<'_>)> = arrays.iter().collect();
    sorted.sort_by(|left, right| left.0.cmp(&right.0));
    let mut hasher = Sha256::new();
    let mut add = |field: &[u8]| {
        hasher.update((field.len() as u64).to_le_bytes());
        hasher.update(field);
    };
    add(&(texts.len() as u64).to_le_bytes());
    for (key, text) in texts {
        add(key.as_bytes());
        add(text.as_bytes());
    }
    for (name, view) in sorted {
        add(name.as_bytes());
        add(format!("{:?} {:?}", view.dtype(), view.shape()).as_bytes());
        add(view.data());
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes arrays and text entries to a safetensors file: a temporary file, synced, then renamed over `path`.
///
/// # Errors
///
/// Fails if the file cannot be written; what was at `path` before is still there.
pub fn write_arrays(path: &Path, arrays: &[NamedArray], texts: &[(&str, String)]) -> Result<(), NnError> {
    write_with_digest(path, arrays, texts).map(drop)
}

/// As [`write_arrays`], and returns the digest in the file.
pub(crate) fn write_with_digest(
    path: &Path,
    arrays: &[NamedArray],
    texts: &[(&str, String)],
) -> Result<String, NnError> {
    let stored: Vec<(Dtype, Vec<u8>)> = arrays.iter().map(|array| bytes(&array.values)).collect();
    let mut views = Vec::new();
    for (array, (dtype, data)) in arrays.iter().zip(&stored) {
        let view = TensorView::new(*dtype, array.shape.clone(), data)
            .map_err(|error| NnError::corrupt(path, error))?;
        views.push((array.name.clone(), view));
    }
    let texts: BTreeMap<String, String> =
        texts.iter().map(|(key, text)| ((*key).to_owned(), text.clone())).collect();
    let sha256 = digest(&texts, &views);
    let header = serde_json::to_string(&Header { sha256: sha256.clone(), texts })
        .map_err(|error| NnError::corrupt(path, error))?;
    let data = safetensors::serialize(views, Some(HashMap::from([(HEADER.to_owned(), header)])))
        .map_err(|error| NnError::corrupt(path, error))?;
    write_bytes(path, &data)?;
    Ok(sha256)
}

/// Writes a whole file or nothing: temporary file, sync, rename.
pub(crate) fn write_bytes(path: &Path, data: &[u8]) -> Result<(), NnError> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(NnError::io(folder))?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(NnError::io(path))?;
    file.write_all(data).map_err(NnError::io(path))?;
    file.as_file().sync_all().map_err(NnError::io(path))?;
    file.persist(path).map_err(|error| NnError::Io { path: path.to_owned(), source: error.error })?;
    Ok(())
}

/// The arrays and texts of a file.
type Contents = (Vec<NamedArray>, HashMap<String, String>);

/// Reads all arrays and texts of a safetensors file, in the order of their names.
///
/// # Errors
///
/// Fails if the file cannot be read, is cut short, is no such file, or holds other contents than its digest vouches for.
pub fn read_arrays(path: &Path) -> Result<Contents, NnError> {
    read_with_digest(path).map(|(contents, _)| contents)
}

/// As [`read_arrays`], with the digest in the file.
pub(crate) fn read_with_digest(path: &Path) -> Result<(Contents, String), NnError> {
    let data = std::fs::read(path).map_err(NnError::io(path))?;
    let corrupt = |error: safetensors::SafeTensorError| NnError::corrupt(path, error);
    let (_, header) = SafeTensors::read_metadata(&data).map_err(corrupt)?;
    let header = header.metadata().as_ref().and_then(|entries| entries.get(HEADER));
    let header = header.ok_or_else(|| NnError::corrupt(path, "it has no digest"))?;
    let Header { sha256, texts } =
        serde_json::from_str(header).map_err(|error| NnError::corrupt(path, error))?;
    let views = SafeTensors::deserialize(&data).map_err(corrupt)?.tensors();
    if digest(&texts, &views) != sha256 {
        return Err(NnError::corrupt(path, "its contents have another digest than it was written with"));
    }
    Ok(((to_arrays(path, views)?, texts.into_iter().collect()), sha256))
}

/// The arrays, in the order of their names.
fn to_arrays(path: &Path, views: Vec<(String, TensorView<'_>)>) -> Result<Vec<NamedArray>, NnError> {
    let mut arrays = Vec::new();
    for (name, view) in views {
        let values = match view.dtype() {
            Dtype::F32 => Values::F32(numbers(view.data(), f32::from_le_bytes)),
            Dtype::F64 => Values::F64(numbers(view.data(), f64::from_le_bytes)),
            Dtype::U8 => Values::U8(view.data().to_vec()),
            Dtype::U32 => Values::U32(numbers(view.data(), u32::from_le_bytes)),
            Dtype::U64 => Values::U64(numbers(view.data(), u64::from_le_bytes)),
            other => {
                return Err(NnError::corrupt(
                    path,
                    format!("array {name} has the unsupported type {other:?}"),
                ));
            }
        };
        arrays.push(NamedArray::new(name, view.shape().to_vec(), values));
    }
    arrays.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(arrays)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<NamedArray> {
        vec![
            NamedArray::new("a", vec![2, 1], Values::F32(vec![1.5, f32::MIN_POSITIVE])),
            NamedArray::new("b", vec![1], Values::F64(vec![0.1])),
            NamedArray::new("c", vec![3], Values::U32(vec![1, 2, u32::MAX])),
            NamedArray::new("d", vec![0], Values::U8(vec![])),
            NamedArray::new("e", vec![1], Values::U64(vec![u64::MAX])),
        ]
    }

    #[test]
    fn what_is_written_is_read_and_equal_contents_are_equal_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        let texts = [("x", "1".to_owned()), ("y", "2".to_owned())];
        write_arrays(&one, &sample(), &texts).unwrap();
        write_arrays(&two, &sample(), &texts).unwrap();
        let (arrays, read) = read_arrays(&one).unwrap();
        assert_eq!(arrays, sample());
        assert_eq!(read["y"], "2");
        assert_eq!(std::fs::read(one).unwrap(), std::fs::read(two).unwrap());
    }

    #[test]
    fn a_file_cut_short_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.safetensors");
        write_arrays(&path, &sample(), &[]).unwrap();
        let data = std::fs::read(&path).unwrap();
        for length in [0, 4, data.len() / 2, data.len() - 1] {
            std::fs::write(&path, &data[..length]).unwrap();
            let message = read_arrays(&path).unwrap_err().to_string();
            assert!(message.contains("state.safetensors") && message.contains("run again"), "{message}");
        }
    }

    #[test]
    fn no_flipped_bit_changes_what_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.safetensors");
        write_arrays(&path, &sample(), &[("x", "1".to_owned())]).unwrap();
        let (data, whole) = (std::fs::read(&path).unwrap(), read_arrays(&path).unwrap());
        let mut n_refused = 0;
        for bit in 0..8 * data.len() {
            let mut flipped = data.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, &flipped).unwrap();
            match read_arrays(&path) {
                Ok(read) => assert_eq!(read, whole, "bit {bit}"),
                Err(error) => {
                    n_refused += 1;
                    let message = error.to_string();
                    assert!(
                        message.contains("policy.safetensors") && message.contains("run again"),
                        "{message}"
                    );
                }
            }
        }
        // What is left is white space between the header and the numbers.
        assert!(n_refused > 8 * data.len() - 64, "{n_refused} of {}", 8 * data.len());
    }

    #[test]
    fn a_failed_write_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::create_dir(&path).unwrap();
        let error = write_bytes(&path, b"new").unwrap_err();
        assert!(matches!(&error, NnError::Io { path: named, .. } if *named == path), "{error}");
        assert!(path.is_dir());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays behind");
    }
}
