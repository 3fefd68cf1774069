//! Cargo.toml: the crates of a workspace, and what each depends on.

use super::read_text;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The crates of a workspace.
pub struct Workspace {
    /// In the order of their folders.
    pub members: Vec<Manifest>,
    /// The manifests.
    pub files: Vec<PathBuf>,
}

/// One crate.
pub struct Manifest {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The crates of the workspace that it depends on, not for tests alone.
    pub inner: BTreeSet<String>,
    /// The external crates that it or its build script depends on, not for tests alone.
    pub external: BTreeSet<String>,
    /// The names by which its code calls crates of the workspace, itself too, and which those are.
    pub called: BTreeMap<String, String>,
    /// What the manifest says of features, its own and those of dependencies; versions are in the lock file.
    pub declarations: String,
    root_file: PathBuf,
}

impl Workspace {
    /// Reads the manifests of the workspace in `root`.
    pub fn read(root: &Path) -> Result<Self, String> {
        let file = root.join("Cargo.toml");
        let table = read_table(&file)?;
        let workspace = table.get("workspace").and_then(Value::as_table);
        let workspace = workspace.ok_or_else(|| format!("{} is no workspace's", file.display()))?;
        let shared = workspace.get("dependencies").and_then(Value::as_table).cloned().unwrap_or_default();
        let mut files = vec![file];
        let mut tables = Vec::new();
        for folder in folders(root, workspace)? {
            let file = folder.join("Cargo.toml");
            let table = read_table(&file)?;
            let name = table.get("package").and_then(|package| package.get("name")).and_then(Value::as_str);
            let name = name.ok_or_else(|| format!("{} has no name of a package", file.display()))?.to_owned();
            files.push(file);
            tables.push((name, folder, table));
        }
        let all: BTreeSet<String> = tables.iter().map(|(name, ..)| name.clone()).collect();
        let members = tables
            .into_iter()
            .map(|(name, folder, table)| Manifest::new(name, folder, &table, &shared, &all));
        Ok(Self { members: members.collect(), files })
    }
}

/// The folders of the members; a name that ends with `/*` stands for all folders in there that have a manifest.
fn folders(root: &Path, workspace: &Table) -> Result<Vec<PathBuf>, String> {
    let mut folders = Vec::new();
    let names = workspace.get("members").and_then(Value::as_array);
    for name in names.into_iter().flatten().filter_map(Value::as_str) {
        let Some(parent) = name.strip_suffix("/*") else {
            folders.push(root.join(name));
            continue;
        };
        let parent = root.join(parent);
        let wrong = |error| format!("cannot list {}: {error}", parent.display());
        for entry in std::fs::read_dir(&parent).map_err(wrong)? {
            let folder = entry.map_err(wrong)?.path();
            if folder.join("Cargo.toml").exists() {
                folders.push(folder);
            }
        }
    }
    folders.sort();
    Ok(folders)
}

impl Manifest {
    fn new(name: String, folder: PathBuf, table: &Table, shared: &Table, all: &BTreeSet<String>) -> Self {
        let library = table.get("lib").and_then(|lib| lib.get("path")).and_then(Value::as_str);
        let mut manifest = Self {
            root_file: folder.join(library.unwrap_or("src/lib.rs")),
            inner: BTreeSet::new(),
            external: BTreeSet::new(),
            called: BTreeMap::from([(as_ident(&name), name.clone())]),
            declarations: format!("features = {}\n", table.get("features").unwrap_or(&Value::Boolean(false))),
            name,
            folder,
        };
        let targets = table.get("target").and_then(Value::as_table);
        let targets = targets.into_iter().flatten().filter_map(|(_, target)| target.as_table());
        for table in targets.chain([table]) {
            for kind in ["dependencies", "build-dependencies"] {
                for (key, entry) in table.get(kind).and_then(Value::as_table).into_iter().flatten() {
                    manifest.add(kind, key, entry, shared, all);
                }
            }
        }
        manifest
    }

    fn add(&mut self, kind: &str, key: &str, entry: &Value, shared: &Table, all: &BTreeSet<String>) {
        let inherited = entry.get("workspace").and(shared.get(key));
        let package = [Some(entry), inherited].into_iter().flatten().find_map(|entry| entry.get("package"));
        let package = package.and_then(Value::as_str).unwrap_or(key);
        for part in [Some(entry), inherited].into_iter().flatten() {
            // Of a plain version nothing remains.
            let mut part = part.as_table().cloned().unwrap_or_default();
            part.retain(|word, _| !["version", "path", "workspace"].contains(&word));
            self.declarations.push_str(&format!("{kind} {key} {}\n", Value::Table(part)));
        }
        if !all.contains(package) {
            self.external.insert(package.to_owned());
        } else if kind == "dependencies" {
            self.called.insert(as_ident(key), package.to_owned());
            self.inner.insert(package.to_owned());
        }
    }

    /// Whether other crates can use it.
    #[must_use]
    pub fn has_library(&self) -> bool {
        self.root_file.exists()
    }

    /// The files at which its code begins: the library's, and the build script's where there is one.
    #[must_use]
    pub fn roots(&self) -> Vec<PathBuf> {
        let script = self.folder.join("build.rs");
        [self.root_file.clone()].into_iter().chain(script.exists().then_some(script)).collect()
    }
}

fn as_ident(name: &str) -> String {
    name.replace('-', "_")
}

/// Reads a TOML file.
pub fn read_table(file: &Path) -> Result<Table, String> {
    read_text(file)?.parse().map_err(|error| format!("{}: {error}", file.display()))
}
