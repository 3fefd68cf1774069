//! Made-up workspaces: what changes a digest, and what does not.

use super::*;

/// A workspace in a folder of its own: `below`, and `above` with its modules `report` and `report::table` carved out.
struct Project {
    folder: tempfile::TempDir,
}

const LOCK: &str = r#"
version = 4
[[package]]
name = "above"
version = "0.1.0"
dependencies = ["below", "matrix 2.0.0", "only-tests"]
[[package]]
name = "below"
version = "0.1.0"
[[package]]
name = "matrix"
version = "1.0.0"
source = "registry"
checksum = "11"
[[package]]
name = "matrix"
version = "2.0.0"
source = "registry"
checksum = "22"
dependencies = ["simd"]
[[package]]
name = "simd"
version = "3.0.0"
source = "registry"
checksum = "33"
[[package]]
name = "only-tests"
version = "4.0.0"
source = "registry"
checksum = "44"
"#;

const ABOVE: &str = "//! Above.
pub mod fit;
pub mod report;

/// A sum.
#[must_use]
pub fn sum(a: f64, b: f64) -> f64 {
    a + b // no product
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_sums() {}
}
#[cfg(test)]
mod more_tests;
";

impl Project {
    fn new() -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap() };
        for (path, text) in [
            (
                "Cargo.toml",
                "[workspace]\nmembers = [\"crates/*\", \"app\"]\n[workspace.dependencies]\nbelow = { path = \"crates/below\" }\nmatrix = { version = \"2\", features = [\"std\"] }\n",
            ),
            ("Cargo.lock", LOCK),
            ("units.toml", "carved = [\"above::report\", \"above::report::table\"]\nleft_out = []\n"),
            ("app/Cargo.toml", "[package]\nname = \"app\"\n"),
            ("app/src/main.rs", "fn main() { this is not even Rust"),
            ("crates/below/Cargo.toml", "[package]\nname = \"below\"\n"),
            ("crates/below/src/lib.rs", "pub const HALF: f64 = 0.5;\n"),
            (
                "crates/above/Cargo.toml",
                "[package]\nname = \"above\"\n[dependencies]\nbelow.workspace = true\nmatrix.workspace = true\n[dev-dependencies]\nonly-tests = \"4\"\n",
            ),
            ("crates/above/src/lib.rs", ABOVE),
            ("crates/above/src/more_tests.rs", "#[test]\nfn more() {}\n"),
            ("crates/above/src/fit.rs", "mod step;\npub fn fit() -> f64 { step::step(below::HALF) }\n"),
            (
                "crates/above/src/fit/step.rs",
                "use super::super::sum;\npub fn step(x: f64) -> f64 { sum(x, 1.0) }\n",
            ),
            (
                "crates/above/src/report.rs",
                "mod table;\nconst STYLE: &str = include_str!(\"style.css\");\nuse crate::{fit::fit, sum};\n",
            ),
            ("crates/above/src/report/table.rs", "pub fn row() -> String { format!(\"{}\", 1) }\n"),
            ("crates/above/src/style.css", "body {}\n"),
        ] {
            project.write(path, text);
        }
        project
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    /// Puts `after` in the place of `before`, which must be there.
    fn change(&self, path: &str, before: &str, after: &str) {
        let text = std::fs::read_to_string(self.folder.path().join(path)).unwrap();
        assert!(text.contains(before), "{path} has no {before}");
        self.write(path, &text.replacen(before, after, 1));
    }

    fn scan(&self) -> Result<Scan, String> {
        scan(self.folder.path(), &self.folder.path().join("units.toml"))
    }

    fn digests(&self) -> BTreeMap<String, String> {
        self.scan().unwrap().units.into_iter().map(|(name, unit)| (name, unit.digest)).collect()
    }

    /// The units whose digests another state of the project changed.
    fn changed_since(&self, before: &BTreeMap<String, String>) -> Vec<String> {
        let now = self.digests();
        assert_eq!(now.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
        now.into_iter().filter(|(name, digest)| before[name] != *digest).map(|(name, _)| name).collect()
    }

    /// The units that one change of a fresh project changes.
    fn changed_by(path: &str, before: &str, after: &str) -> Vec<String> {
        let project = Self::new();
        let digests = project.digests();
        project.change(path, before, after);
        project.changed_since(&digests)
    }

    fn refusal(&self) -> String {
        let refusal = self.scan().map(|scan| scan.as_rust()).unwrap_err();
        refusal.replace(&format!("{}/", self.folder.path().display()), "")
    }
}

const NONE: [&str; 0] = [];
const LIB: &str = "crates/above/src/lib.rs";
const ALL_OF_ABOVE: [&str; 3] = ["above", "above::report", "above::report::table"];

#[test]
fn crates_with_a_library_and_carved_modules_are_units() {
    let scan = Project::new().scan().unwrap();
    let names: Vec<&String> = scan.units.keys().collect();
    assert_eq!(names, ["above", "above::report", "above::report::table", "below"]);
    let used = |name: &str| scan.units[name].uses.iter().cloned().collect::<Vec<_>>();
    assert_eq!(used("above"), ["below"]);
    assert_eq!(used("above::report"), ["above"]);
    assert_eq!(used("below"), NONE);
    assert!(scan.units.values().all(|unit| unit.digest.len() == 64));
    assert_eq!(scan.units["above::report"].dependencies, BTreeSet::from(["below".to_owned()]));
}

#[test]
fn comments_tests_attributes_for_lints_and_white_space_do_not_count() {
    for (before, after) in [
        ("// no product", "/* nor a /* nested */ product */"),
        ("//! Above.", "//! Above all.\n//! Twice."),
        ("/// A sum.\n#[must_use]\n", ""),
        ("/// A sum.", "#[doc = \"The sum.\"]\n#[expect(dead_code, reason = \"so\")]"),
        ("a + b", "a\n\n        +b"),
        ("fn it_sums() {}", "fn it_sums() { assert_eq!(super::sum(1.0, 2.0), 3.0) }"),
        ("#[cfg(test)]\nmod tests", "#[cfg(all(test, unix))]\nmod tests"),
        ("#[cfg(test)]\nmod more_tests;", "#[test]\nfn alone() {}"),
    ] {
        assert_eq!(Project::changed_by(LIB, before, after), NONE, "{after}");
    }
    assert_eq!(Project::changed_by("crates/above/src/more_tests.rs", "more", "less"), NONE);
}

#[test]
fn comments_inside_macros_and_tests_inside_implementations_do_not_count() {
    let lib = "crates/below/src/lib.rs";
    let project = Project::new();
    let all = "macro_rules! ids { ($name:ident) => { /// An id.\n pub struct $name(u32); } }
        pub struct A;
        impl A { pub fn new() -> Self { A } #[cfg(test)] fn bad() -> Self { A } }
        pub trait T { #[cfg(test)] fn t(&self) {} fn u(&self); }\n";
    project.write(lib, all);
    let digests = project.digests();
    project
        .write(lib, &all.replace("/// An id.", "").replace("fn bad", "fn worse").replace("fn t", "fn test"));
    assert_eq!(project.changed_since(&digests), NONE);
    project.write(lib, &all.replace("u32", "u64"));
    assert_eq!(project.changed_since(&digests), ["below"]);
    project.write(lib, &all.replace("#[cfg(test)] fn t", "fn t"));
    assert_eq!(project.changed_since(&digests), ["below"]);
}

#[test]
fn operators_literals_names_and_attributes_of_code_count() {
    for (before, after) in [
        ("a + b", "a - b"),
        ("a + b", "a + 1.0 * b"),
        ("a + b", "b + a"),
        ("pub fn sum", "#[inline(never)]\npub fn sum"),
        ("#[cfg(test)]\nmod tests", "#[cfg(not(test))]\nmod tests"),
        ("#[cfg(test)]\nmod tests", "#[cfg(any(test, unix))]\nmod tests"),
    ] {
        assert_eq!(Project::changed_by(LIB, before, after), ["above"], "{after}");
    }
    assert_eq!(Project::changed_by("crates/above/src/fit/step.rs", "1.0", "1.5"), ["above"]);
    assert_eq!(Project::changed_by("crates/below/src/lib.rs", "0.5", "0.25"), ["below"]);
}

#[test]
fn a_carved_module_changes_its_own_digest_alone() {
    assert_eq!(
        Project::changed_by("crates/above/src/report.rs", "crate::{", "crate::{self, "),
        ["above::report"]
    );
    assert_eq!(Project::changed_by("crates/above/src/report/table.rs", "1", "2"), ["above::report::table"]);
    assert_eq!(
        Project::changed_by("crates/above/src/style.css", "{}", "{ color: black }"),
        ["above::report"]
    );
    assert_eq!(Project::changed_by(LIB, "pub mod report", "mod report"), ["above::report"]);
}

#[test]
fn neither_the_order_of_modules_counts_nor_the_file_that_each_is_in() {
    let swapped = Project::changed_by(LIB, "pub mod fit;\npub mod report;", "pub mod report;\npub mod fit;");
    assert_eq!(swapped, NONE);
    let fit = "mod step;\npub fn fit() -> f64 { step::step(below::HALF) }\n";
    assert_eq!(Project::changed_by(LIB, "pub mod fit;", &format!("pub mod fit {{ {fit} }}")), NONE);
    let project = Project::new();
    let digests = project.digests();
    let source = project.folder.path().join("crates/above/src");
    std::fs::rename(source.join("fit.rs"), source.join("fit/mod.rs")).unwrap();
    assert_eq!(project.changed_since(&digests), NONE);
    std::fs::rename(source.join("fit/step.rs"), source.join("stride.rs")).unwrap();
    project.change("crates/above/src/fit/mod.rs", "mod step;", "#[path = \"../stride.rs\"] mod step;");
    let moved = project.digests();
    project.change("crates/above/src/stride.rs", "1.0", "2.0");
    assert_eq!(project.changed_since(&moved), ["above"]);
}

#[test]
fn versions_and_features_behind_a_crate_count_and_those_of_its_tests_do_not() {
    let lock = "Cargo.lock";
    assert_eq!(Project::changed_by(lock, "version = \"3.0.0\"", "version = \"3.0.1\""), ALL_OF_ABOVE);
    assert_eq!(Project::changed_by(lock, "checksum = \"22\"", "checksum = \"23\""), ALL_OF_ABOVE);
    assert_eq!(Project::changed_by(lock, "version = \"1.0.0\"", "version = \"1.0.1\""), NONE);
    assert_eq!(Project::changed_by(lock, "version = \"4.0.0\"", "version = \"4.0.1\""), NONE);
    assert_eq!(Project::changed_by("Cargo.toml", "\"std\"", "\"std\", \"fast\""), ALL_OF_ABOVE);
    assert_eq!(Project::changed_by("Cargo.toml", "version = \"2\"", "version = \"2.0\""), NONE);
    assert_eq!(Project::changed_by("crates/above/Cargo.toml", "\"4\"", "\"4.0\""), NONE);
}

#[test]
fn of_c_sources_comments_do_not_count() {
    let project = Project::new();
    project.write(
        "crates/below/cuda/a.cu",
        "// Adds.\nint f() { return 1 + 1; /* two */ }\nchar c = '\"'; // \"\n",
    );
    project.write("crates/below/src/lib.rs", "pub const A: &str = include_str!(\"../cuda/a.cu\");\n");
    let digests = project.digests();
    assert!(project.scan().unwrap().files.iter().any(|file| file.ends_with("cuda/a.cu")));
    project.write("crates/below/cuda/a.cu", "int f() { return 1 + 1; }\n\n  char c = '\"';\n");
    assert_eq!(project.changed_since(&digests), NONE);
    project.change("crates/below/cuda/a.cu", "1 + 1", "1 - 1");
    assert_eq!(project.changed_since(&digests), ["below"]);
}

#[test]
fn strings_of_c_keep_what_looks_like_a_comment() {
    let text = "s = \"a // b\\\" /* c */\"; n = 1'000; // '\n#define A \\\n  2";
    let bare = "s = \"a // b\\\" /* c */\"; n = 1'000;\n#define A \\\n2";
    assert_eq!(c_text::without_comments(text), bare);
    assert_eq!(c_text::without_comments("a/**/b /* open"), "a b");
}

#[test]
fn the_files_that_are_read_are_told_and_those_of_tests_are_not() {
    let project = Project::new();
    let files = project.scan().unwrap().files;
    let root = project.folder.path();
    let files: Vec<_> = files.iter().map(|file| file.strip_prefix(root).unwrap().to_str().unwrap()).collect();
    let expected = [
        "Cargo.lock",
        "Cargo.toml",
        "app/Cargo.toml",
        "crates/above/Cargo.toml",
        "crates/above/src/fit/step.rs",
        "crates/above/src/fit.rs",
        "crates/above/src/lib.rs",
        "crates/above/src/report/table.rs",
        "crates/above/src/report.rs",
        "crates/above/src/style.css",
        "crates/below/Cargo.toml",
        "crates/below/src/lib.rs",
        "units.toml",
    ];
    assert_eq!(files, expected);
}

#[test]
fn what_cannot_be_read_is_refused_with_its_place() {
    let project = Project::new();
    project.write("crates/above/src/fit/step.rs", "pub fn step() {}\n\npub fn {}\n");
    assert_eq!(project.refusal(), "crates/above/src/fit/step.rs:3: expected identifier");
    project.write("crates/above/src/fit/step.rs", "fn a() {}\nfn b() { (]\n");
    assert!(project.refusal().starts_with("crates/above/src/fit/step.rs:2: "), "{}", project.refusal());
    std::fs::remove_file(project.folder.path().join("crates/above/src/fit/step.rs")).unwrap();
    assert_eq!(project.refusal(), "crates/above/src/fit.rs:1: the module step has no file");
}

#[test]
fn a_list_that_names_what_is_not_there_is_refused() {
    let project = Project::new();
    for name in ["above::reports", "beside::report", "app::main"] {
        project.write("units.toml", &format!("carved = [\"{name}\"]\nleft_out = []\n"));
        let expected = format!("units.toml names {name}, which is no module of a crate with a library");
        assert_eq!(project.refusal(), expected);
    }
    project.write("units.toml", "carved = []\nleft_out = [\"beside\"]\n");
    assert_eq!(project.refusal(), "units.toml leaves beside out, which is no crate of the workspace");
    project.write("units.toml", "carved = [1]\nleft_out = []\n");
    assert_eq!(project.refusal(), "units.toml: carved is to be a list of names");
}

#[test]
fn a_lock_file_that_is_gone_or_outdated_is_refused_with_the_remedy() {
    let project = Project::new();
    project.change("Cargo.lock", "\"matrix 2.0.0\", ", "");
    assert_eq!(project.refusal(), "Cargo.lock lacks matrix: `cargo update --workspace` mends it");
    std::fs::remove_file(project.folder.path().join("Cargo.lock")).unwrap();
    let refusal = project.refusal();
    assert!(refusal.starts_with("Cargo.lock is missing, and"), "{refusal}");
}

#[test]
fn a_crate_that_is_left_out_is_no_unit_and_nobody_misses_it() {
    let project = Project::new();
    project.write("units.toml", "carved = [\"above::report\"]\nleft_out = [\"below\"]\n");
    let scan = project.scan().unwrap();
    assert_eq!(scan.units.keys().collect::<Vec<_>>(), ["above", "above::report"]);
    assert!(scan.units["above"].uses.is_empty());
    let constants = scan.as_rust();
    assert!(constants.contains("pub const LEFT_OUT: &[&str] = &[\"below\"];"), "{constants}");
    let edges = "package: \"above\", dependencies: &[\"below\"], uses: &[\"above\"] }";
    assert!(constants.contains(edges), "{constants}");
}

#[test]
fn a_crate_is_used_however_its_path_begins() {
    for code in
        ["fn f() -> f64 { ::below::HALF }", "pub use below as under;", "use below::*;", "m!(below::HALF);"]
    {
        let project = Project::new();
        project.change("crates/above/src/report.rs", "mod table;", &format!("mod table;\n{code}"));
        let uses = &project.scan().unwrap().units["above::report"].uses;
        assert_eq!(uses.iter().collect::<Vec<_>>(), ["above", "below"], "{code}");
    }
}

#[test]
fn a_parent_that_names_its_carved_module_uses_it() {
    let project = Project::new();
    project.change(LIB, "pub mod report;", "pub mod report;\npub use report::STYLE;");
    assert!(project.scan().unwrap().units["above"].uses.contains("above::report"));
    let project = Project::new();
    project.change(
        "crates/above/src/fit.rs",
        "mod step;",
        "mod step;\nuse crate::{report::{table, STYLE}, sum};",
    );
    let uses = &project.scan().unwrap().units["above"].uses;
    assert_eq!(uses.iter().collect::<Vec<_>>(), ["above::report", "above::report::table", "below"]);
}
