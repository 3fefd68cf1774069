//! The project as the checks see it: its files, its crates and what they depend on.

use super::read;
use super::source::Source;
use super::step::cargo;
use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use std::path::Path;

/// The folders with files that people write.
const FOLDERS: [&str; 4] = ["crates", "xtask", "docs", "data"];
/// Made by programs, or taken over word for word.
const LEFT_OUT: [&str; 6] =
    ["data/raw", "data/processed", "data/runs", "data/golden", "data/fixtures", "docs/licenses"];

/// A package of the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// What it depends on, for tests and build scripts too.
    pub dependencies: Vec<Dependency>,
}

/// A dependency of a package.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Dependency {
    /// The other package.
    pub name: String,
}

/// The part of `cargo metadata` that is looked at.
#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// Everything that is checked.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// Files and folders at the top.
    pub top_level: Vec<String>,
    /// The workspace's packages.
    pub packages: Vec<Package>,
    /// docs/architecture.md.
    pub architecture: String,
    /// Written files, by their path from the top with `/`.
    pub sources: Vec<Source>,
}

impl Project {
    /// Reads the project in `root`.
    pub fn read(root: &Path) -> Result<Self> {
        let mut project = Self {
            top_level: names(root)?,
            packages: packages(root)?,
            architecture: read(&root.join("docs/architecture.md"), "the architecture")?,
            sources: Vec::new(),
        };
        if project.top_level.iter().any(|name| name == "README.md") {
            project.sources.push(Source::new("README.md", read(&root.join("README.md"), "the README")?));
        }
        for folder in FOLDERS {
            push_sources(root, folder, &mut project.sources)?;
        }
        Ok(project)
    }
}

fn packages(root: &Path) -> Result<Vec<Package>> {
    let output = cargo(root, &["metadata", "--no-deps", "--format-version", "1", "--offline"]).output()?;
    if !output.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let metadata: Metadata =
        serde_json::from_slice(&output.stdout).context("cargo metadata changed its format")?;
    Ok(metadata.packages)
}

fn push_sources(root: &Path, folder: &str, sources: &mut Vec<Source>) -> Result<()> {
    for name in names(&root.join(folder))? {
        let path = format!("{folder}/{name}");
        let place = root.join(&path);
        if LEFT_OUT.contains(&path.as_str()) {
            continue;
        }
        if place.is_dir() {
            push_sources(root, &path, sources)?;
        } else if ["rs", "cu", "toml", "md", "css"].iter().any(|end| name.ends_with(&format!(".{end}"))) {
            sources.push(Source::new(&path, read(&place, "the source")?));
        }
    }
    Ok(())
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut names = entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<Vec<String>>>()?;
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root;

    #[test]
    fn the_project_knows_its_own_packages_and_files() {
        let project = Project::read(&root()).unwrap();
        let xtask = project.packages.iter().find(|package| package.name == "xtask").unwrap();
        assert!(xtask.dependencies.iter().any(|dependency| dependency.name == "clap"));
        assert!(project.sources.iter().any(|source| source.path == "crates/drr-core/src/lib.rs"));
        assert!(!project.sources.iter().any(|source| source.path.starts_with("data/runs")));
    }
}
