//! What neither the formatter nor clippy looks at: lengths of files, forbidden words, names.

use super::judge;
use super::project::Project;
use super::source::{Line, Source};
use super::step::Outcome;
use crate::console::say;
use anyhow::Result;

/// The greatest length of a Rust file.
const MAX_LINES: usize = 500;
/// Names that say nothing of what is in the file.
const VAGUE_NAMES: [&str; 5] = ["utils.rs", "util.rs", "common.rs", "base.rs", "helpers.rs"];
/// Words for work that is not done. In halves, so that this file may be checked too.
const UNFINISHED: [&str; 5] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
];
/// What only tests may call.
const FOR_TESTS: [&str; 2] = [concat!(".unwrap", "()"), concat!(".unwrap", "_err()")];
/// Exceptions from lints that would stay when their reason is gone.
const ALLOW: [&str; 2] = [concat!("#[al", "low("), concat!("#![al", "low(")];
/// A prefix that adds nothing to a name.
const GETTER: &str = concat!("fn g", "et_");

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The violations, each with its place.
    pub violations: Vec<String>,
    /// Lines of Rust.
    pub n_lines: usize,
    /// Those of them that are tests.
    pub n_test_lines: usize,
}

/// Prints every violation, and the share of tests.
pub fn run(project: &Project) -> Result<Outcome> {
    let findings = check(project);
    let share = 100.0 * findings.n_test_lines as f64 / findings.n_lines.max(1) as f64;
    say(format!("  {} lines of Rust, {share:.0} % of them tests", findings.n_lines));
    Ok(judge(&findings.violations))
}

/// Looks at every file.
pub fn check(project: &Project) -> Findings {
    let mut findings = Findings::default();
    for source in &project.sources {
        check_words(source, &mut findings.violations);
        if source.is_rust() {
            check_rust(source, &mut findings);
        }
    }
    findings
}

fn check_words(source: &Source, violations: &mut Vec<String>) {
    for (at, line) in source.text.lines().enumerate() {
        for word in UNFINISHED.iter().filter(|word| has_word(line, word)) {
            violations.push(format!("{}:{}: {word} stands for work that is not done", source.path, at + 1));
        }
    }
}

/// Whether `word` stands in `line` other than as a part of a longer word.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let is_letter =
            |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
        !is_letter(before) && (word.ends_with('(') || !is_letter(after))
    })
}

fn check_rust(source: &Source, findings: &mut Findings) {
    let lines = source.lines();
    findings.n_lines += lines.len();
    findings.n_test_lines += lines.iter().filter(|line| line.is_test).count();
    let path = &source.path;
    if lines.len() > MAX_LINES {
        findings.violations.push(format!("{path} has {} lines, more than {MAX_LINES}", lines.len()));
    }
    if VAGUE_NAMES.contains(&source.file_name()) {
        findings.violations.push(format!("{path}: name it by what is in it"));
    }
    if source.file_name() == "mod.rs" && !path.contains("/tests/") {
        findings.violations.push(format!("{path}: put it beside its folder, as foo.rs beside foo/"));
    }
    for line in &lines {
        if let Some(problem) = problem_of(line) {
            findings.violations.push(format!("{path}:{}: {problem}", line.number));
        }
    }
}

fn problem_of(line: &Line<'_>) -> Option<&'static str> {
    let code = line.text.trim_start();
    if code.starts_with("//") {
        return None;
    }
    let has = |words: &[&str]| words.iter().any(|word| code.contains(word));
    if !line.is_test && has(&FOR_TESTS) {
        return Some("only tests may unwrap");
    }
    if has(&ALLOW) {
        return Some("use #[expect(.., reason = \"..\")]");
    }
    code.contains(GETTER).then_some("a getter is named by what it gives")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violations(path: &str, text: &str) -> Vec<String> {
        let project = Project { sources: vec![Source::new(path, text)], ..Project::default() };
        check(&project).violations
    }

    #[test]
    fn a_long_file_is_found_and_one_at_the_limit_is_not() {
        assert!(violations("a.rs", &"//\n".repeat(MAX_LINES)).is_empty());
        assert_eq!(violations("a.rs", &"//\n".repeat(MAX_LINES + 1)), ["a.rs has 501 lines, more than 500"]);
    }

    #[test]
    fn unfinished_work_is_found_with_its_place_in_any_file() {
        let text = format!("one\n// {}: later\n", UNFINISHED[0]);
        assert_eq!(
            violations("docs/a.md", &text),
            [format!("docs/a.md:2: {} stands for work that is not done", UNFINISHED[0])]
        );
        assert_eq!(violations("a.rs", &format!("    {})\n", UNFINISHED[3])).len(), 1);
        assert!(violations("docs/a.md", "TODOS and MY_TODO_LIST are words\n").is_empty());
    }

    #[test]
    fn tests_may_unwrap_and_other_code_may_not() {
        let call = format!("fn a() {{\n    b(){};\n}}\n", FOR_TESTS[0]);
        assert_eq!(violations("a.rs", &call), ["a.rs:2: only tests may unwrap"]);
        assert!(violations("crates/x/tests/it/a.rs", &call).is_empty());
        assert!(violations("a.rs", &format!("#[cfg(test)]\nmod tests {{\n{call}}}\n")).is_empty());
        assert!(violations("a.rs", &format!("/// Never calls `x{}`.\n", FOR_TESTS[0])).is_empty());
    }

    #[test]
    fn allowed_lints_getters_and_vague_names_are_found() {
        assert_eq!(violations("a.rs", &format!("{}dead_code)]\n", ALLOW[0])).len(), 1);
        assert_eq!(violations("a.rs", &format!("{GETTER}name() {{}}\n")).len(), 1);
        assert_eq!(violations("crates/x/src/utils.rs", "").len(), 1);
        assert_eq!(violations("crates/x/src/y/mod.rs", "").len(), 1);
    }

    #[test]
    fn lines_of_tests_are_counted() {
        let source = Source::new("a.rs", "fn a() {}\n#[cfg(test)]\nmod tests {\n}\n");
        let findings = check(&Project { sources: vec![source], ..Project::default() });
        assert_eq!((findings.n_lines, findings.n_test_lines), (4, 3));
    }
}
