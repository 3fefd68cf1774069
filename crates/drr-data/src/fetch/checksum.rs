//! The checksums of a file: SHA-256, and the MD5 that publishers of data sets hand out, which shows damage but no forgery.

use crate::{DataError, DatasetSpec};
use md5::{Digest, Md5};
use sha2::Sha256;
use std::io::Read;
use std::path::Path;

/// The checksums of one file, in lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) md5: String,
    pub(super) sha256: String,
}

/// The checksums that a file should have; none of one that nobody states.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted<'a> {
    pub(super) md5: Option<&'a str>,
    pub(super) sha256: Option<&'a str>,
    /// Who says so: `registered`, or `pinned in PATH`.
    pub(super) by: &'a str,
}

impl<'a> Wanted<'a> {
    /// The sums in the registry's entry, if there are any.
    pub(super) fn registered(spec: &'a DatasetSpec) -> Option<Self> {
        let (md5, sha256) = (spec.md5.as_deref(), spec.sha256.as_deref());
        (md5.is_some() || sha256.is_some()).then_some(Self { md5, sha256, by: "registered" })
    }

    /// The first sum that differs: its kind, the file's, and the wanted one.
    pub(super) fn differs(&self, sums: &Sums) -> Option<(&'static str, String, &'a str)> {
        let sha256 = self.sha256.filter(|wanted| **wanted != *sums.sha256);
        let md5 = || self.md5.filter(|wanted| **wanted != *sums.md5);
        sha256
            .map(|wanted| ("SHA-256", sums.sha256.clone(), wanted))
            .or_else(|| md5().map(|wanted| ("MD5", sums.md5.clone(), wanted)))
    }
}

/// The checksums of a file, read once.
pub(super) fn of_file(path: &Path) -> Result<Sums, DataError> {
    let mut file = std::fs::File::open(path).map_err(DataError::io("open", path))?;
    let (mut md5, mut sha256) = (Md5::new(), Sha256::new());
    let mut buffer = vec![0_u8; 1 << 18];
    loop {
        match file.read(&mut buffer).map_err(DataError::io("read", path))? {
            0 => {
                let (md5, sha256) = (format!("{:x}", md5.finalize()), format!("{:x}", sha256.finalize()));
                return Ok(Sums { md5, sha256 });
            }
            n_bytes => {
                md5.update(&buffer[..n_bytes]);
                sha256.update(&buffer[..n_bytes]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_are_those_of_rfc_1321_and_fips_180() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        std::fs::write(&path, "abc").unwrap();
        let sums = of_file(&path).unwrap();
        assert_eq!(sums.md5, "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(sums.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn the_stronger_sum_is_named_first() {
        let sums = Sums { md5: "a".into(), sha256: "b".into() };
        let wanted = |md5, sha256| Wanted { md5, sha256, by: "registered" };
        assert_eq!(wanted(Some("a"), Some("b")).differs(&sums), None);
        assert_eq!(wanted(Some("x"), Some("y")).differs(&sums).unwrap().0, "SHA-256");
        assert_eq!(wanted(Some("x"), None).differs(&sums), Some(("MD5", "a".to_owned(), "x")));
    }
}
