//! What holds within a crate: no circles among sibling modules, few functions that take a whole run, and no clock below the
//! command line.

use super::project::Project;
use super::source::Source;
use std::collections::{BTreeMap, BTreeSet};

/// The crates whose modules must form no circle.
const WITHOUT_CIRCLES: [&str; 3] = ["drr-lab", "drr", "drr-bench"];
/// What a whole run or a whole configuration is called.
const WHOLE: [&str; 3] = ["&Run<", " Run<", "ExperimentConfig"];
/// How many functions of the laboratory outside `run/` and `plan/` may take one.
const MAX_TAKERS: usize = 10;
/// What reads the clock, the process or its surroundings.
const SURROUNDINGS: [&str; 8] = [
    "Instant::",
    "SystemTime::",
    "Timestamp::now",
    "process::id",
    "env::var",
    "env::args",
    "available_parallelism",
    "gethostname",
];
/// Who may: the programs, and the lock, which says who holds it.
const MAY_LOOK_AROUND: [&str; 4] =
    ["crates/drr/", "crates/drr-bench/", "xtask/", "crates/drr-store/src/lock.rs"];
/// The lines of Rust that xtask may have: it checks and builds, and has no work of its own.
const MAX_XTASK_LINES: usize = 4000;

/// A module by its path from the crate's root.
type Path<'a> = Vec<&'a str>;

/// Every violation.
pub fn check(project: &Project) -> Vec<String> {
    let mut violations: Vec<String> =
        WITHOUT_CIRCLES.iter().flat_map(|name| circles(project, name)).collect();
    let takers = takers(project);
    if takers.len() > MAX_TAKERS {
        violations.push(format!(
            "{} functions of drr-lab outside run and plan take a whole run or configuration, and {MAX_TAKERS} may: {}",
            takers.len(),
            takers.join(", ")
        ));
    }
    for source in project.sources.iter().filter(|source| source.is_rust()) {
        let is_program =
            source.path.contains("/src/") && !MAY_LOOK_AROUND.iter().any(|it| source.path.starts_with(it));
        for line in source.lines().iter().filter(|line| is_program && !line.is_test && !is_comment(line.text))
        {
            if let Some(found) = SURROUNDINGS.iter().find(|it| line.text.contains(*it)) {
                violations.push(format!(
                    "{}:{} has {found}, which only programs and the lock may",
                    source.path, line.number
                ));
            }
        }
    }
    let is_xtask = |source: &&Source| source.is_rust() && source.path.starts_with("xtask/");
    let lines: usize =
        project.sources.iter().filter(is_xtask).map(|source| source.text.lines().count()).sum();
    if lines > MAX_XTASK_LINES {
        violations.push(format!("xtask has {lines} lines, and may have {MAX_XTASK_LINES}"));
    }
    let inner = |name: &str| project.packages.iter().any(|package| package.name == name);
    for xtask in project.packages.iter().filter(|package| package.name == "xtask") {
        let used = xtask.dependencies.iter().filter(|it| inner(&it.name));
        violations
            .extend(used.map(|it| format!("xtask uses {}, but builds what it checks as a program", it.name)));
    }
    violations
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

/// The code of a file without comments and tests.
fn code(source: &Source) -> String {
    let lines = source.lines();
    let kept = lines.iter().filter(|line| !line.is_test && !is_comment(line.text));
    kept.flat_map(|line| [line.text, "\n"]).collect()
}

/// The signatures of the laboratory's functions that take something whole, outside the modules that take it apart.
fn takers(project: &Project) -> Vec<String> {
    let above = |path: &str| {
        ["run", "plan", "config"].iter().any(|name| {
            path == format!("crates/drr-lab/src/{name}.rs")
                || path.starts_with(&format!("crates/drr-lab/src/{name}/"))
        })
    };
    let is_below = |source: &&Source| source.path.starts_with("crates/drr-lab/src/") && !above(&source.path);
    let mut takers = Vec::new();
    for source in project.sources.iter().filter(|source| source.is_rust()).filter(is_below) {
        let code = code(source);
        for signature in code.split("fn ").skip(1) {
            let parameters = signature.split(['{', ';']).next().unwrap_or_default();
            let parameters = parameters.split("->").next().unwrap_or_default();
            if parameters.contains('(') && WHOLE.iter().any(|it| parameters.contains(it)) {
                let name = parameters.split(['(', '<']).next().unwrap_or_default();
                takers.push(format!("{}: {name}", source.path));
            }
        }
    }
    takers
}

/// The circles among sibling modules of a crate, at every depth.
fn circles(project: &Project, name: &str) -> Vec<String> {
    let folder = format!("crates/{name}/src/");
    let mut modules: BTreeMap<Path<'_>, String> = BTreeMap::new();
    for source in project.sources.iter().filter(|source| source.is_rust()) {
        let Some(path) = source.path.strip_prefix(&folder).and_then(|path| path.strip_suffix(".rs")) else {
            continue;
        };
        let path: Path<'_> =
            if ["lib", "main"].contains(&path) { Vec::new() } else { path.split('/').collect() };
        modules.insert(path, code(source));
    }
    let mut edges: BTreeMap<Path<'_>, BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
    for (module, code) in &modules {
        for target in targets(module, code) {
            // The longest part of the path that is a module: the rest are its items.
            let known = (1..=target.len()).rev().find_map(|n| modules.get_key_value(&target[..n]));
            let Some((target, _)) = known else { continue };
            let common = module.iter().zip(target).take_while(|(a, b)| a == b).count();
            if let (Some(from), Some(to)) = (module.get(common), target.get(common)) {
                edges.entry(module[..common].to_vec()).or_default().entry(from).or_default().insert(to);
            }
        }
    }
    let mut found = Vec::new();
    for (parent, graph) in &edges {
        for (from, to) in graph.iter().flat_map(|(from, all)| all.iter().map(move |to| (*from, *to))) {
            if leads(graph, to, from, &mut BTreeSet::new()) {
                found.push(format!(
                    "{name}: in {} the module {from} uses {to}, which uses it in turn",
                    place(parent)
                ));
            }
        }
    }
    found
}

fn place(parent: &[&str]) -> String {
    if parent.is_empty() { "the crate's root".to_owned() } else { parent.join("::") }
}

fn leads<'a>(
    graph: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    from: &'a str,
    to: &str,
    seen: &mut BTreeSet<&'a str>,
) -> bool {
    from == to
        || (seen.insert(from)
            && graph.get(from).into_iter().flatten().any(|next| leads(graph, next, to, seen)))
}

/// The paths that begin with `crate::` or `super::` in the code of a module, from the root.
fn targets<'a>(module: &[&'a str], code: &'a str) -> Vec<Path<'a>> {
    let mut found = Vec::new();
    let places = code.match_indices("crate::").chain(code.match_indices("super::"));
    for (at, word) in places {
        let before = code[..at].chars().next_back();
        // A further `super::` of the same path was read with the first.
        if before.is_some_and(|letter| letter.is_alphanumeric() || "_:".contains(letter)) {
            continue;
        }
        let mut base = module.to_vec();
        let mut rest = &code[at + word.len()..];
        if word == "crate::" {
            base.clear();
        } else {
            base.pop();
            while let Some(next) = rest.strip_prefix("super::") {
                base.pop();
                rest = next;
            }
        }
        loop {
            let end =
                rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
            if end == 0 {
                break;
            }
            base.push(&rest[..end]);
            match rest[end..].strip_prefix("::") {
                Some(next) => rest = next,
                None => break,
            }
        }
        match rest.strip_prefix('{') {
            Some(group) => {
                let group = group.split('}').next().unwrap_or_default();
                let names = group.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
                found.extend(names.filter(|name| !name.is_empty()).map(|name| [&base[..], &[name]].concat()));
            }
            None => found.push(base),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[(&str, &str)]) -> Project {
        let sources = files.iter().map(|(path, text)| Source::new(path, *text)).collect();
        Project { sources, ..Project::default() }
    }

    #[test]
    fn modules_of_the_laboratory_and_of_the_command_line_form_no_circle() {
        let project = Project::read(&crate::root()).unwrap();
        assert_eq!(check(&project), Vec::<String>::new());
    }

    #[test]
    fn a_circle_is_found_at_every_depth_whatever_way_it_is_written() {
        let found = |files: &[(&str, &str)]| check(&project(files)).len();
        let a = "crates/drr-lab/src/a.rs";
        let b = "crates/drr-lab/src/b.rs";
        let c = "crates/drr-lab/src/c.rs";
        assert_eq!(found(&[(a, "use crate::b::X;"), (b, "fn f() {}")]), 0);
        assert_eq!(found(&[(a, "use crate::b::X;"), (b, "use crate::{c::Y, a};")]), 2);
        assert_eq!(found(&[(a, "use crate::b::X;"), (b, "use super::c;"), (c, "type A = crate::a::A;")]), 3);
        let tested = "#[cfg(test)]\nmod tests {\n    use crate::a::X;\n}\n";
        assert_eq!(found(&[(a, "use crate::b::X;"), (b, tested)]), 0, "tests may use what they test with");
        let inner = ["crates/drr-lab/src/a/x.rs", "crates/drr-lab/src/a/y.rs"];
        assert_eq!(found(&[(inner[0], "use super::y::Y;"), (inner[1], "use super::super::a::x;")]), 2);
    }

    #[test]
    fn functions_that_take_a_whole_run_are_counted_outside_run_and_plan() {
        let text: String = (0..11)
            .map(|n| format!("fn f{n}(\n    run: &Run<'_>,\n) {{}}\nfn g{n}() -> Run<'_> {{}}\n"))
            .collect();
        let violations = check(&project(&[("crates/drr-lab/src/judge.rs", &text)]));
        assert!(violations.len() == 1 && violations[0].contains("11 functions"), "{violations:?}");
        assert_eq!(check(&project(&[("crates/drr-lab/src/plan/x.rs", &text)])), Vec::<String>::new());
    }

    #[test]
    fn clocks_and_the_environment_are_for_programs_and_the_lock() {
        let text = "fn f() {\n    let now = std::time::Instant::now();\n}\n";
        let violations =
            check(&project(&[("crates/drr-env/src/lib.rs", text), ("crates/drr/src/terminal.rs", text)]));
        assert_eq!(
            violations,
            ["crates/drr-env/src/lib.rs:2 has Instant::, which only programs and the lock may"]
        );
    }
}
