//! Paths in the documents: what a page points to must be there.

use super::project::Project;
use super::source::Source;
use std::path::Path;

/// How a path of the project begins.
const FOLDERS: [&str; 4] = ["crates/", "xtask/", "docs/", "data/"];
/// Where programs write: there need not be anything.
const MADE: [&str; 4] = ["data/raw", "data/processed", "data/runs", "data/bench"];

/// Every path in backticks in the README or in `docs/` that leads nowhere below `root`.
pub fn lost_paths(project: &Project, root: &Path) -> Vec<String> {
    let is_page = |source: &&Source| {
        source.path == "README.md" || (source.path.starts_with("docs/") && source.path.ends_with(".md"))
    };
    let mut lost = Vec::new();
    for page in project.sources.iter().filter(is_page) {
        for (number, path) in paths(&page.text).filter(|(_, path)| !root.join(path).exists()) {
            lost.push(format!("{}:{number} names {path}, which is gone", page.path));
        }
    }
    lost
}

/// The paths in backticks with their lines, outside blocks of code; no placeholders, such as `NAME` and `*`, and nothing
/// that programs make.
fn paths(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut is_code = false;
    text.lines().zip(1..).flat_map(move |(line, number)| {
        is_code ^= line.trim_start().starts_with("```");
        let spans = line.split('`').skip(1).step_by(2).filter(move |_| !is_code);
        spans.filter(|span| is_path(span)).map(move |span| (number, span))
    })
}

fn is_path(text: &str) -> bool {
    let is_placeholder = |part: &str| {
        part.contains('*') || part.split('.').next().is_some_and(|name| name.len() > 2 && is_upper(name))
    };
    FOLDERS.iter().any(|folder| text.starts_with(folder))
        && !text.contains([' ', '{', '<', ':'])
        && !MADE.iter().any(|folder| text.starts_with(folder))
        && !text.split('/').any(is_placeholder)
}

fn is_upper(text: &str) -> bool {
    text.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stand_in_backticks_and_outside_blocks_of_code() {
        let text = "`crates/a/src/b.rs` and crates/c, `cargo test`, `data/runs/x`\n```\nsee `docs/no.md`\n```\n\
                    `docs/d.md`, `xtask/configs/*.toml`, `data/registry/NAME.toml`, `data/registry/x.toml`";
        let found: Vec<_> = paths(text).collect();
        assert_eq!(found, [(1, "crates/a/src/b.rs"), (5, "docs/d.md"), (5, "data/registry/x.toml")]);
    }

    #[test]
    fn a_path_that_leads_nowhere_is_named_with_its_line() {
        let page =
            Source::new("docs/x.md", "see `crates/drr-core/src/lib.rs`\nand `crates/drr-core/src/gone.rs`");
        let project = Project { sources: vec![page], ..Project::default() };
        let expected = ["docs/x.md:2 names crates/drr-core/src/gone.rs, which is gone"];
        assert_eq!(lost_paths(&project, &crate::root()), expected);
    }

    #[test]
    fn every_path_in_the_documents_of_this_project_is_there() {
        let root = crate::root();
        let project = Project::read(&root).unwrap();
        assert!(
            project.sources.iter().flat_map(|source| paths(&source.text)).count() > 20,
            "pages point to files"
        );
        assert_eq!(lost_paths(&project, &root), Vec::<String>::new());
    }
}
