//! The MD5 of a file: no protection against an attacker, but the sum that publishers of data sets hand out.

use crate::DataError;
use md5::{Digest, Md5};
use std::io::Read;
use std::path::Path;

/// The MD5 of a file in lower-case hexadecimal digits.
pub(super) fn of_file(path: &Path) -> Result<String, DataError> {
    let mut file = std::fs::File::open(path).map_err(DataError::io("open", path))?;
    let mut hasher = Md5::new();
    let mut buffer = vec![0_u8; 1 << 18];
    loop {
        match file.read(&mut buffer).map_err(DataError::io("read", path))? {
            0 => return Ok(format!("{:x}", hasher.finalize())),
            n_bytes => hasher.update(&buffer[..n_bytes]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_that_of_rfc_1321() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        std::fs::write(&path, "abc").unwrap();
        assert_eq!(of_file(&path).unwrap(), "900150983cd24fb0d6963f7d28e17f72");
    }
}
