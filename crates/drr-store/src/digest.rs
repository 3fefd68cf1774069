//! SHA-256 digests of files, of bytes, of values, and of what passes through a writer. All are 64 hexadecimal digits.

use crate::StoreError;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::io::{self, Write};
use std::path::Path;

/// The digest of some bytes.
#[must_use]
pub fn bytes_digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The digest of a file.
///
/// # Errors
///
/// Fails if the file cannot be read.
pub fn file_digest(path: &Path) -> Result<String, StoreError> {
    let mut file = std::fs::File::open(path).map_err(StoreError::io("read", path))?;
    let mut hasher = Sha256::new();
    io::copy(&mut file, &mut hasher).map_err(StoreError::io("read", path))?;
    Ok(hex(&hasher.finalize()))
}

/// The digest of the JSON of a value. It says nothing of the code that reads the value: a caller to whom that matters
/// makes a digest of the code a part of the value.
///
/// # Errors
///
/// Fails on a value without a form as JSON, such as a map whose keys are no texts.
pub fn digest_of(value: &impl Serialize) -> Result<String, StoreError> {
    let text = serde_json::to_vec(value).map_err(|error| StoreError::Value(error.to_string()))?;
    Ok(bytes_digest(&text))
}

/// A writer that computes the digest of what it hands on, so that a digest is of what was written, and not of what lies
/// on the disk later.
#[derive(Debug)]
pub struct HashingWriter<W> {
    inner: W,
    hasher: Sha256,
    n_bytes: u64,
}

impl<W: Write> HashingWriter<W> {
    /// A writer that hands everything on to `inner`.
    pub fn new(inner: W) -> Self {
        Self { inner, hasher: Sha256::new(), n_bytes: 0 }
    }

    /// The number of bytes written so far.
    pub const fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    /// The inner writer, and the digest of all bytes that it took.
    pub fn finish(self) -> (W, String) {
        (self.inner, hex(&self.hasher.finalize()))
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n_taken = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..n_taken]);
        self.n_bytes += n_taken as u64;
        Ok(n_taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4's first example, the digest of "abc".
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn the_digest_of_bytes_and_of_a_file_is_the_published_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        std::fs::write(&path, "abc").unwrap();
        assert_eq!(bytes_digest(b"abc"), ABC);
        assert_eq!(file_digest(&path).unwrap(), ABC);
        let error = file_digest(&folder.path().join("none")).unwrap_err().to_string();
        assert!(error.contains("none"), "{error}");
    }

    #[test]
    fn the_digest_of_a_value_is_that_of_its_json_and_tells_values_apart() {
        assert_eq!(digest_of(&(1, "a")).unwrap(), bytes_digest(b"[1,\"a\"]"));
        assert_ne!(digest_of(&(1, "a")).unwrap(), digest_of(&(1, "b")).unwrap());
    }

    #[test]
    fn a_value_without_a_form_as_json_is_refused() {
        let map = std::collections::BTreeMap::from([((1, 2), 3)]);
        assert!(matches!(digest_of(&map), Err(StoreError::Value(_))));
    }

    /// Takes one byte at a time, and then no more.
    struct Slow(Vec<u8>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0.len() == 3 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.0.push(bytes[0]);
            Ok(1)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_hashing_writer_counts_what_was_taken_and_not_what_was_offered() {
        let mut writer = HashingWriter::new(Slow(Vec::new()));
        assert!(writer.write_all(b"abcdef").is_err());
        assert_eq!(writer.n_bytes(), 3);
        let (inner, digest) = writer.finish();
        assert_eq!((inner.0.as_slice(), digest.as_str()), (b"abc".as_slice(), ABC));
    }
}
