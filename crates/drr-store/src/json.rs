//! JSON files: plain ones, and sealed ones that tell whether they are what was written.
//!
//! A sealed file is a JSON object whose last entry, `digest`, is the SHA-256 of the text that the object has without it.
//! Any tool can read it; whoever changes a number in it is found out.

use crate::{StoreError, Written, bytes_digest, write_bytes};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io;
use std::path::Path;

/// What stands before the digest.
const KEY: &str = "\n  \"digest\": \"";
/// What stands behind it.
const END: &str = "\"\n}";

/// Writes `value`, which must be an object without an entry `digest`, as a sealed file: whole or not at all.
///
/// # Errors
///
/// Refuses other values, and fails if the system refuses; whatever was at `path` is then unchanged.
pub fn write_sealed(path: &Path, value: &impl Serialize) -> Result<Written, StoreError> {
    let body = serde_json::to_string_pretty(value).map_err(|error| StoreError::Value(error.to_string()))?;
    write_bytes(path, seal(&body)?.as_bytes())
}

/// Reads a file that [`write_sealed`] has written; `remedy` says how to make it anew.
///
/// # Errors
///
/// Fails if the file cannot be read, if it has no digest or another content than its digest is of, and if it is no `T`.
/// The message names the file and the remedy.
pub fn read_sealed<T: DeserializeOwned>(path: &Path, remedy: &str) -> Result<T, StoreError> {
    let text = String::from_utf8(read(path, remedy)?)
        .map_err(|error| StoreError::damaged(path, error.utf8_error(), remedy))?;
    let body = unseal(&text).map_err(|reason| StoreError::damaged(path, reason, remedy))?;
    serde_json::from_str(&body).map_err(|error| StoreError::OtherForm {
        path: path.to_owned(),
        reason: error.to_string(),
        remedy: remedy.to_owned(),
    })
}

/// Reads a plain JSON file; `remedy` says how to make it anew.
///
/// # Errors
///
/// Fails if the file cannot be read or is no `T`. The message names the file and the remedy.
pub fn read_json<T: DeserializeOwned>(path: &Path, remedy: &str) -> Result<T, StoreError> {
    serde_json::from_slice(&read(path, remedy)?).map_err(|error| StoreError::damaged(path, error, remedy))
}

/// Reads a whole file.
fn read(path: &Path, remedy: &str) -> Result<Vec<u8>, StoreError> {
    match std::fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(StoreError::Missing { path: path.to_owned(), remedy: remedy.to_owned() })
        }
        read => read.map_err(StoreError::io("read", path)),
    }
}

/// The object `body`, as [`serde_json::to_string_pretty`] writes it, with its digest.
fn seal(body: &str) -> Result<String, StoreError> {
    // Only entries of the object itself stand behind a line break and two spaces: texts hold no line breaks.
    if body.contains(KEY.trim_end_matches(" \"")) {
        return Err(StoreError::Value("it already has an entry \"digest\"".to_owned()));
    }
    let open = match body.strip_suffix("\n}") {
        Some(open) if body.starts_with('{') => format!("{open},"),
        None if body == "{}" => "{".to_owned(),
        _ => return Err(StoreError::Value("only an object can be sealed".to_owned())),
    };
    Ok(format!("{open}{KEY}{}{END}\n", bytes_digest(body.as_bytes())))
}

/// The object that was sealed, or why it is not what is there.
fn unseal(text: &str) -> Result<String, &'static str> {
    let no_digest = "it has no digest of its contents";
    let (open, digest) = text.rsplit_once(KEY).ok_or(no_digest)?;
    let digest = digest.trim_end().strip_suffix(END).ok_or(no_digest)?;
    let body = match open.strip_suffix(',') {
        Some(open) => format!("{open}\n}}"),
        None => format!("{open}}}"),
    };
    if bytes_digest(body.as_bytes()) != digest {
        return Err("its contents have another digest than it was written with");
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Note {
        name: String,
        values: Vec<f64>,
        inner: BTreeMap<String, Option<u64>>,
    }

    fn sample() -> Note {
        let inner = BTreeMap::from([("digest".to_owned(), Some(u64::MAX)), ("b".to_owned(), None)]);
        Note { name: "a \"digest\"\n  \"digest\": ü".to_owned(), values: vec![0.1, -1e-300], inner }
    }

    #[test]
    fn a_sealed_file_is_an_object_whose_last_entry_is_its_digest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("note.json");
        write_sealed(&path, &BTreeMap::from([("a", 1)])).unwrap();
        let digest = bytes_digest(b"{\n  \"a\": 1\n}");
        let expected = format!("{{\n  \"a\": 1,\n  \"digest\": \"{digest}\"\n}}\n");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), expected);
        let empty: BTreeMap<String, u8> = BTreeMap::new();
        write_sealed(&path, &empty).unwrap();
        let plain: BTreeMap<String, String> = read_json(&path, "x").unwrap();
        assert_eq!(plain["digest"], bytes_digest(b"{}"));
        assert_eq!(read_sealed::<BTreeMap<String, u8>>(&path, "x").unwrap(), empty);
    }

    #[test]
    fn no_flipped_bit_changes_what_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("note.json");
        write_sealed(&path, &sample()).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let mut n_refused = 0;
        for bit in 0..8 * whole.len() {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(&path, &flipped).unwrap();
            match read_sealed::<Note>(&path, "run again") {
                Ok(read) => assert_eq!(read, sample(), "bit {bit}"),
                Err(error) => {
                    n_refused += 1;
                    let message = error.to_string();
                    assert!(message.contains("note.json") && message.contains("run again"), "{message}");
                }
            }
        }
        // What is left is the line break at the end, which can become another white space.
        assert!(n_refused >= 8 * whole.len() - 8, "{n_refused} of {}", 8 * whole.len());
    }

    #[test]
    fn a_file_cut_short_unsealed_or_absent_is_refused_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("note.json");
        write_sealed(&path, &sample()).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let plain = serde_json::to_vec_pretty(&sample()).unwrap();
        for text in [&whole[..whole.len() / 2], &whole[..whole.len() - 2], b"", &plain] {
            std::fs::write(&path, text).unwrap();
            let error = read_sealed::<Note>(&path, "run again").unwrap_err();
            assert!(matches!(&error, StoreError::Damaged { .. }), "{error}");
            assert!(error.to_string().contains("run again"), "{error}");
        }
        let none = read_sealed::<Note>(&folder.path().join("none"), "run again").unwrap_err();
        assert!(matches!(&none, StoreError::Missing { .. }), "{none}");
        assert!(none.to_string().contains("run again"), "{none}");
    }

    #[test]
    fn a_whole_file_of_another_form_is_not_called_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("note.json");
        write_sealed(&path, &BTreeMap::from([("name", "a")])).unwrap();
        let error = read_sealed::<Note>(&path, "run again").unwrap_err();
        assert!(
            matches!(&error, StoreError::OtherForm { reason, .. } if reason.contains("values")),
            "{error}"
        );
    }

    #[test]
    fn what_is_no_object_or_has_a_digest_is_not_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("note.json");
        assert!(matches!(write_sealed(&path, &[1, 2]), Err(StoreError::Value(_))));
        assert!(matches!(write_sealed(&path, &"a"), Err(StoreError::Value(_))));
        let with = BTreeMap::from([("digest", 1)]);
        assert!(matches!(write_sealed(&path, &with), Err(StoreError::Value(_))));
        assert!(!path.exists());
    }

    #[test]
    fn plain_json_that_is_absent_or_bad_is_refused_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plain.json");
        let message = |path: &Path| read_json::<Vec<u8>>(path, "run it again").unwrap_err().to_string();
        assert!(message(&path).contains("plain.json") && message(&path).contains("run it again"));
        std::fs::write(&path, "[1, 2").unwrap();
        assert!(message(&path).contains("damaged") && message(&path).contains("run it again"));
        std::fs::write(&path, "[1, 2]").unwrap();
        assert_eq!(read_json::<Vec<u8>>(&path, "x").unwrap(), [1, 2]);
    }

    proptest! {
        #[test]
        fn every_finite_number_comes_back_bit_by_bit(bits in proptest::collection::vec(any::<u64>(), 1..20)) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("numbers.json");
            let values: Vec<f64> = bits.into_iter().map(f64::from_bits).filter(|it| it.is_finite()).collect();
            let note = Note { values, ..sample() };
            write_sealed(&path, &note).unwrap();
            let read: Note = read_sealed(&path, "x").unwrap();
            let bits = |note: &Note| note.values.iter().map(|it| it.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&read), bits(&note));
        }
    }
}
