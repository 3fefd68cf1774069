//! Named arrays in a safetensors file, written whole or not at all.
//!
//! Each file carries a SHA-256 of all that it holds, names, types, shapes, numbers and texts, and is refused if that
//! is not what is read. It is the one rule by which any file of networks, policies as well as checkpoints, is trusted.

use crate::{NamedArray, StoreError, Values, Written, write_bytes};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

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

/// What to do about a damaged file.
const REMEDY: &str = "delete it and run the pipeline again, which makes it anew";

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

/// Writes arrays and text entries to a safetensors file, whole or not at all.
///
/// # Errors
///
/// Fails if the file cannot be written; what was at `path` before is still there.
pub fn write_arrays(
    path: &Path,
    arrays: &[NamedArray],
    texts: &[(&str, String)],
) -> Result<Written, StoreError> {
    write_with_digest(path, arrays, texts).map(|(written, _)| written)
}

/// As [`write_arrays`], and returns the digest in the file.
pub(crate) fn write_with_digest(
    path: &Path,
    arrays: &[NamedArray],
    texts: &[(&str, String)],
) -> Result<(Written, String), StoreError> {
    let refused = |error: safetensors::SafeTensorError| StoreError::Value(error.to_string());
    let stored: Vec<(Dtype, Vec<u8>)> = arrays.iter().map(|array| bytes(&array.values)).collect();
    let mut views = Vec::new();
    for (array, (dtype, data)) in arrays.iter().zip(&stored) {
        let view = TensorView::new(*dtype, array.shape.clone(), data).map_err(refused)?;
        views.push((array.name.clone(), view));
    }
    let texts: BTreeMap<String, String> =
        texts.iter().map(|(key, text)| ((*key).to_owned(), text.clone())).collect();
    let sha256 = digest(&texts, &views);
    let header = serde_json::to_string(&Header { sha256: sha256.clone(), texts })
        .map_err(|error| StoreError::Value(error.to_string()))?;
    let data =
        safetensors::serialize(views, Some(HashMap::from([(HEADER.to_owned(), header)]))).map_err(refused)?;
    Ok((write_bytes(path, &data)?, sha256))
}

/// The arrays and texts of a file.
type Contents = (Vec<NamedArray>, HashMap<String, String>);

/// Reads all arrays and texts of a safetensors file, in the order of their names.
///
/// # Errors
///
/// Fails if the file cannot be read, is cut short, is no such file, or holds other contents than its digest vouches for.
pub fn read_arrays(path: &Path) -> Result<Contents, StoreError> {
    read_with_digest(path, REMEDY).map(|(contents, _)| contents)
}

/// As [`read_arrays`], with the digest in the file; `remedy` says what to do about a damaged file.
pub(crate) fn read_with_digest(path: &Path, remedy: &str) -> Result<(Contents, String), StoreError> {
    let data = std::fs::read(path).map_err(StoreError::io("read", path))?;
    from_bytes(&data).map_err(|reason| StoreError::damaged(path, reason, remedy))
}

/// The contents of a file's bytes, or what is wrong with them.
fn from_bytes(data: &[u8]) -> Result<(Contents, String), String> {
    let told = |error: safetensors::SafeTensorError| error.to_string();
    let (_, header) = SafeTensors::read_metadata(data).map_err(told)?;
    let header = header.metadata().as_ref().and_then(|entries| entries.get(HEADER));
    let header = header.ok_or("it has no digest of its contents, as files of earlier versions have none")?;
    let Header { sha256, texts } = serde_json::from_str(header).map_err(|error| error.to_string())?;
    let views = SafeTensors::deserialize(data).map_err(told)?.tensors();
    if digest(&texts, &views) != sha256 {
        return Err("its contents have another digest than it was written with".to_owned());
    }
    Ok(((to_arrays(views)?, texts.into_iter().collect()), sha256))
}

/// The arrays, in the order of their names.
fn to_arrays(views: Vec<(String, TensorView<'_>)>) -> Result<Vec<NamedArray>, String> {
    let mut arrays = Vec::new();
    for (name, view) in views {
        let values = match view.dtype() {
            Dtype::F32 => Values::F32(numbers(view.data(), f32::from_le_bytes)),
            Dtype::F64 => Values::F64(numbers(view.data(), f64::from_le_bytes)),
            Dtype::U8 => Values::U8(view.data().to_vec()),
            Dtype::U32 => Values::U32(numbers(view.data(), u32::from_le_bytes)),
            Dtype::U64 => Values::U64(numbers(view.data(), u64::from_le_bytes)),
            other => return Err(format!("array {name} has the unsupported type {other:?}")),
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
            assert!(
                message.contains("state.safetensors") && message.contains("run the pipeline again"),
                "{message}"
            );
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
                        message.contains("policy.safetensors") && message.contains("run the pipeline again"),
                        "{message}"
                    );
                }
            }
        }
        // What is left is white space between the header and the numbers.
        assert!(n_refused > 8 * data.len() - 64, "{n_refused} of {}", 8 * data.len());
    }

    #[test]
    fn a_file_without_a_digest_is_refused_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("space.safetensors");
        let data = 1.5_f32.to_le_bytes();
        let view = TensorView::new(Dtype::F32, vec![1], &data).unwrap();
        let texts = HashMap::from([("header".to_owned(), "{}".to_owned())]);
        std::fs::write(&path, safetensors::serialize([("items", view)], Some(texts)).unwrap()).unwrap();
        let message = read_arrays(&path).unwrap_err().to_string();
        for part in ["space.safetensors", "no digest", "run the pipeline again, which makes it anew"] {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn an_array_whose_shape_is_not_that_of_its_values_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let array = NamedArray::new("a", vec![3], Values::F32(vec![1.0]));
        assert!(matches!(write_arrays(&path, &[array], &[]), Err(StoreError::Value(_))));
        assert!(!path.exists());
    }
}
