//! The revision of a checkout, read from git's files: no process is started.

use std::path::{Path, PathBuf};

/// References to references that are followed: git makes chains of one.
const MAX_DEPTH: usize = 5;

/// The commit that is checked out in the folder `checkout`, in hexadecimal, where git's files are there and say so.
///
/// It looks at no parent of the folder and at no work tree: whether the code is that of the commit, the digests of units tell.
#[must_use]
pub fn revision(checkout: &Path) -> Option<String> {
    let git = git_folder(checkout)?;
    // A further work tree has its own HEAD, and shares the branches.
    let shared = match text(&git.join("commondir")) {
        Some(path) => git.join(path),
        None => git.clone(),
    };
    let mut content = text(&git.join("HEAD"))?;
    for _ in 0..MAX_DEPTH {
        let Some(name) = content.strip_prefix("ref:") else {
            return is_commit(&content).then_some(content);
        };
        let name = name.trim();
        if name.split('/').any(|part| part == "..") {
            return None;
        }
        content =
            text(&git.join(name)).or_else(|| text(&shared.join(name))).or_else(|| packed(&shared, name))?;
    }
    None
}

/// `.git` is a folder, or a file that names it.
fn git_folder(checkout: &Path) -> Option<PathBuf> {
    let git = checkout.join(".git");
    if git.is_dir() {
        return Some(git);
    }
    let content = text(&git)?;
    Some(checkout.join(content.strip_prefix("gitdir:")?.trim()))
}

/// The commit of a reference among the packed ones, each a line `COMMIT NAME`.
fn packed(git: &Path, name: &str) -> Option<String> {
    let all = text(&git.join("packed-refs"))?;
    let mut lines = all.lines().filter_map(|line| line.split_once(' '));
    lines.find(|(_, packed)| *packed == name).map(|(commit, _)| commit.to_owned())
}

fn text(file: &Path) -> Option<String> {
    std::fs::read_to_string(file).ok().map(|text| text.trim().to_owned())
}

/// SHA-1 or SHA-256 in hexadecimal.
fn is_commit(text: &str) -> bool {
    [40, 64].contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
    const OTHER: &str = "89abcdef0123456789abcdef0123456789abcdef";

    /// A folder with these files.
    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let file = folder.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, content).unwrap();
        }
        folder
    }

    #[test]
    fn a_branch_leads_to_its_commit() {
        let head = (".git/HEAD", "ref: refs/heads/main\n");
        let loose = folder(&[head, (".git/refs/heads/main", &format!("{COMMIT}\n"))]);
        assert_eq!(revision(loose.path()).as_deref(), Some(COMMIT));
        let lines = format!(
            "# pack-refs with: peeled\n{OTHER} refs/heads/mainly\n{COMMIT} refs/heads/main\n^{OTHER}\n"
        );
        let packed = folder(&[head, (".git/packed-refs", &lines)]);
        assert_eq!(revision(packed.path()).as_deref(), Some(COMMIT));
    }

    #[test]
    fn a_loose_reference_is_newer_than_a_packed_one() {
        let packed = format!("{OTHER} refs/heads/main\n");
        let files = [
            (".git/HEAD", "ref: refs/heads/main\n"),
            (".git/refs/heads/main", COMMIT),
            (".git/packed-refs", packed.as_str()),
        ];
        assert_eq!(revision(folder(&files).path()).as_deref(), Some(COMMIT));
    }

    #[test]
    fn a_detached_head_is_the_commit() {
        let folder = folder(&[(".git/HEAD", &format!("{COMMIT}\n"))]);
        assert_eq!(revision(folder.path()).as_deref(), Some(COMMIT));
    }

    #[test]
    fn a_further_work_tree_has_its_own_head_and_shares_the_branches() {
        let folder = folder(&[
            ("own/.git/HEAD", OTHER),
            ("own/.git/refs/heads/topic", COMMIT),
            ("own/.git/worktrees/further/HEAD", "ref: refs/heads/topic\n"),
            ("own/.git/worktrees/further/commondir", "../..\n"),
            ("further/.git", "gitdir: ../own/.git/worktrees/further\n"),
        ]);
        assert_eq!(revision(&folder.path().join("further")).as_deref(), Some(COMMIT));
        assert_eq!(revision(&folder.path().join("own")).as_deref(), Some(OTHER));
    }

    #[test]
    fn where_git_says_nothing_there_is_no_revision() {
        let circle =
            [(".git/HEAD", "ref: refs/a"), (".git/refs/a", "ref: refs/b"), (".git/refs/b", "ref: refs/a")];
        let outside = [(".git/HEAD", "ref: ../secret"), ("secret", COMMIT)];
        let not_born = [(".git/HEAD", "ref: refs/heads/main")];
        let no_commit = [(".git/HEAD", "main")];
        for files in [&circle[..], &outside, &not_born, &no_commit, &[]] {
            assert_eq!(revision(folder(files).path()), None, "{files:?}");
        }
    }
}
