//! All bytes of a folder, to compare and to restore.

use crate::harness::paths_below;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The files of a folder without locks and without pages, which only people read.
#[derive(Debug)]
pub struct Snapshot {
    root: PathBuf,
    /// By their paths in the folder.
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Snapshot {
    /// The folder as it is.
    pub fn take(root: &Path) -> Self {
        Self { root: root.to_owned(), files: files(root) }
    }

    /// The paths of the files in the folder.
    pub fn names(&self) -> impl Iterator<Item = &Path> {
        self.files.keys().map(PathBuf::as_path)
    }

    /// The bytes of a file.
    pub fn bytes(&self, name: &Path) -> &[u8] {
        &self.files[name]
    }

    /// The files that are not as they were, are new, or are gone.
    pub fn differences(&self) -> Vec<PathBuf> {
        let now = files(&self.root);
        let mut names: Vec<PathBuf> = self.files.keys().chain(now.keys()).cloned().collect();
        names.retain(|name| self.files.get(name) != now.get(name));
        names.sort();
        names.dedup();
        names
    }

    /// Makes the folder what it was.
    pub fn restore(&self) {
        if self.differences().is_empty() {
            return;
        }
        fs::remove_dir_all(&self.root).unwrap();
        for (name, bytes) in &self.files {
            let path = self.root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }

    /// Writes the files below `from` also below `to`, both paths in the folder.
    pub fn copy(&self, from: &str, to: &str) {
        for (name, bytes) in &self.files {
            let Ok(name) = name.strip_prefix(from) else { continue };
            let path = self.root.join(to).join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }
}

fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let paths = paths_below(root).into_iter().filter(|path| path.is_file() && !is_left_out(path));
    paths.map(|path| (path.strip_prefix(root).unwrap().to_owned(), fs::read(&path).unwrap())).collect()
}

fn is_left_out(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy();
    let is_page = name.starts_with("report.") || name.starts_with("compare-");
    is_page || (name.starts_with('.') && name.ends_with(".lock"))
}
