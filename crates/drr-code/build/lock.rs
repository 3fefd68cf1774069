//! Cargo.lock: which versions of which external crates stand behind a crate of the workspace.

use super::manifest::{Manifest, read_table};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The resolved packages.
pub struct Lock {
    /// The file.
    pub file: PathBuf,
    /// By name; several versions of one crate may be in use.
    packages: BTreeMap<String, Vec<Package>>,
}

struct Package {
    /// Name, version and checksum, in a line.
    line: String,
    version: String,
    source: Option<String>,
    /// As in the file: `NAME`, `NAME VERSION` or `NAME VERSION (SOURCE)`.
    dependencies: Vec<String>,
}

impl Lock {
    /// Reads the lock file of the workspace in `root`.
    pub fn read(root: &Path) -> Result<Self, String> {
        let file = root.join("Cargo.lock");
        if !file.exists() {
            return Err(format!(
                "{} is missing, and with it the versions of external crates: `cargo generate-lockfile` makes it",
                file.display()
            ));
        }
        let table = read_table(&file)?;
        let entries = table.get("package").and_then(toml::Value::as_array);
        let entries = entries.ok_or_else(|| format!("{} has no packages", file.display()))?;
        let mut packages: BTreeMap<String, Vec<Package>> = BTreeMap::new();
        for entry in entries {
            let text = |key: &str| entry.get(key).and_then(toml::Value::as_str);
            let (Some(name), Some(version)) = (text("name"), text("version")) else {
                return Err(format!("{} has a package without name or version", file.display()));
            };
            let dependencies = entry.get("dependencies").and_then(toml::Value::as_array);
            let dependencies = dependencies.into_iter().flatten().filter_map(toml::Value::as_str);
            packages.entry(name.to_owned()).or_default().push(Package {
                line: format!("{name} {version} {}\n", text("checksum").or(text("source")).unwrap_or("here")),
                version: version.to_owned(),
                source: text("source").map(str::to_owned),
                dependencies: dependencies.map(str::to_owned).collect(),
            });
        }
        Ok(Self { file, packages })
    }

    /// A line for each external crate that `member` reaches, in order.
    ///
    /// The lock file does not tell what a crate needs for its tests alone, but the manifest does; external crates have no such
    /// entries.
    pub fn behind(&self, member: &Manifest) -> Result<String, String> {
        let outdated =
            |name: &str| format!("{} lacks {name}: `cargo update --workspace` mends it", self.file.display());
        let own = self.packages.get(&member.name).and_then(|versions| versions.first());
        let own = own.ok_or_else(|| outdated(&member.name))?;
        let mut waiting = Vec::new();
        for name in &member.external {
            let before = waiting.len();
            let is_meant = |entry: &&String| entry.split(' ').next() == Some(name.as_str());
            waiting.extend(own.dependencies.iter().filter(is_meant).map(String::as_str));
            if waiting.len() == before {
                return Err(outdated(name));
            }
        }
        let mut seen = BTreeSet::new();
        let mut lines = BTreeSet::new();
        while let Some(entry) = waiting.pop() {
            if seen.insert(entry) {
                for package in self.resolve(entry) {
                    lines.insert(package.line.as_str());
                    waiting.extend(package.dependencies.iter().map(String::as_str));
                }
            }
        }
        Ok(lines.into_iter().collect())
    }

    /// The package that an entry among dependencies means.
    fn resolve<'a>(&'a self, entry: &'a str) -> impl Iterator<Item = &'a Package> {
        let mut parts = entry.split(' ');
        let versions = parts.next().and_then(|name| self.packages.get(name));
        let version = parts.next();
        let source = parts.next().map(|source| source.trim_matches(['(', ')']));
        versions.into_iter().flatten().filter(move |package| {
            version.is_none_or(|version| package.version == version)
                && source.is_none_or(|source| package.source.as_deref() == Some(source))
        })
    }
}
