//! The table of crates in docs/architecture.md, compared with what Cargo says.
//!
//! The document is the rule: an edge is allowed if the table names it. So the document cannot fall behind the code.

use super::documents::lost_paths;
use super::judge;
use super::modules;
use super::project::{Package, Project};
use super::step::Outcome;
use crate::console::say;
use anyhow::{Result, bail};
use std::path::Path;

/// What may lie at the top of the project, besides names with a dot in front.
const TOP_LEVEL: [&str; 8] =
    ["Cargo.toml", "Cargo.lock", "crates", "data", "xtask", "docs", "README.md", "target"];
/// The header of the table, by which it is found.
const HEADER: [&str; 6] = ["floor", "crate", "one responsibility", "may use", "Candle", "Parquet"];

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    crate_name: String,
    floor: u32,
    may_use: Vec<String>,
    knows_candle: bool,
    knows_parquet: bool,
}

/// Prints every violation, and every path in the documents that leads nowhere below `root`.
pub fn run(project: &Project, root: &Path) -> Result<Outcome> {
    let n_edges: usize = project.packages.iter().map(|package| inner(package, project).count()).sum();
    let mut violations = check(project)?;
    violations.extend(lost_paths(project, root));
    violations.extend(modules::check(project));
    say(format!("  {} crates, {n_edges} edges between them", project.packages.len()));
    Ok(judge(&violations))
}

/// Every way in which the project differs from its table.
pub fn check(project: &Project) -> Result<Vec<String>> {
    let rules = parse(&project.architecture)?;
    let mut violations: Vec<String> = project
        .top_level
        .iter()
        .filter(|name| !name.starts_with('.') && !TOP_LEVEL.contains(&name.as_str()))
        .map(|name| format!("{name} does not belong at the top level"))
        .collect();
    for package in &project.packages {
        match rules.iter().find(|rule| rule.crate_name == package.name) {
            Some(rule) => check_package(package, rule, &rules, project, &mut violations),
            None => violations.push(format!("{} is not in the table of docs/architecture.md", package.name)),
        }
    }
    for rule in &rules {
        if !project.packages.iter().any(|package| package.name == rule.crate_name) {
            violations.push(format!("{} is in the table but not in the workspace", rule.crate_name));
        }
    }
    violations.extend(lost_tests(project));
    Ok(violations)
}

/// The tests that the document names, as holding an invariant, but that are not in the code.
fn lost_tests(project: &Project) -> impl Iterator<Item = String> + '_ {
    // A sentence of a test name has many words; other names in backticks do not.
    let is_test = |name: &&str| name.matches('_').count() >= 3 && !name.contains([' ', '.', '/']);
    let is_lost = |name: &&str| {
        let definition = format!("fn {name}()");
        !project.sources.iter().any(|source| source.is_rust() && source.text.contains(&definition))
    };
    let names = project.architecture.split('`').skip(1).step_by(2).filter(is_test);
    names.filter(is_lost).map(|name| format!("docs/architecture.md names the test {name}, which is gone"))
}

fn check_package(
    package: &Package,
    rule: &Rule,
    rules: &[Rule],
    project: &Project,
    violations: &mut Vec<String>,
) {
    let name = &package.name;
    for used in inner(package, project) {
        if !rule.may_use.iter().any(|allowed| allowed == used) {
            violations.push(format!("{name} uses {used}, which the table does not allow"));
        }
        let above = rules.iter().any(|other| other.crate_name == used && other.floor >= rule.floor);
        if above {
            violations.push(format!("{name} uses {used}, which is not on a lower floor"));
        }
    }
    for dependency in &package.dependencies {
        let used = &dependency.name;
        if used.starts_with("candle") && !rule.knows_candle {
            violations.push(format!("{name} uses {used}, but must not know Candle"));
        }
        if (used == "parquet" || used.starts_with("arrow")) && !rule.knows_parquet {
            violations.push(format!("{name} uses {used}, but must not know Parquet"));
        }
    }
}

/// The crates of the workspace that `package` uses.
fn inner<'a>(package: &'a Package, project: &'a Project) -> impl Iterator<Item = &'a str> {
    let is_inner = |name: &str| project.packages.iter().any(|other| other.name == name);
    package.dependencies.iter().map(|it| it.name.as_str()).filter(move |name| is_inner(name))
}

/// The rows of the table of crates.
fn parse(document: &str) -> Result<Vec<Rule>> {
    let mut lines = document.lines().skip_while(|line| cells(line) != HEADER).skip(2);
    let rows: Vec<Vec<&str>> = lines.by_ref().take_while(|line| line.starts_with('|')).map(cells).collect();
    if rows.is_empty() {
        bail!("docs/architecture.md has no table with the header {}", HEADER.join(" | "));
    }
    rows.iter().map(|row| rule(row)).collect()
}

fn rule(row: &[&str]) -> Result<Rule> {
    let [floor, crate_name, _, may_use, candle, parquet] = row else {
        bail!("docs/architecture.md: the row {row:?} does not have {} cells", HEADER.len());
    };
    let Ok(floor) = floor.parse() else {
        bail!("docs/architecture.md: the floor {floor:?} is no number");
    };
    let may_use = may_use.split(',').map(|name| name.trim().trim_matches('`').to_owned());
    Ok(Rule {
        crate_name: crate_name.trim_matches('`').to_owned(),
        floor,
        may_use: may_use.filter(|name| !name.is_empty()).collect(),
        knows_candle: *candle == "yes",
        knows_parquet: *parquet == "yes",
    })
}

fn cells(line: &str) -> Vec<&str> {
    line.trim().trim_matches('|').split('|').map(str::trim).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ci::project::Dependency;

    const TABLE: &str = "
# Architecture

| floor | crate | one responsibility | may use | Candle | Parquet |
|---:|---|---|---|:---:|:---:|
| 0 | `core` | words | | | |
| 1 | `data` | files | `core` | | yes |
| 1 | `nn` | networks | `core` | yes | |
| 2 | `app` | all | `core`, `data`, `nn` | | |

| another | table |
|---|---|
";

    fn package(name: &str, uses: &[&str]) -> Package {
        let dependencies = uses.iter().map(|name| Dependency { name: (*name).to_owned() }).collect();
        Package { name: name.to_owned(), dependencies }
    }

    fn project() -> Project {
        Project {
            top_level: ["Cargo.toml", "crates", ".git"].map(str::to_owned).to_vec(),
            packages: vec![
                package("core", &["serde"]),
                package("data", &["core", "parquet", "arrow-array"]),
                package("nn", &["core", "candle-core"]),
                package("app", &["core", "data", "nn", "clap"]),
            ],
            architecture: TABLE.to_owned(),
            sources: vec![],
        }
    }

    #[test]
    fn a_project_as_in_its_table_has_no_violation() {
        assert_eq!(check(&project()).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn an_edge_that_the_table_lacks_is_found_even_upwards() {
        let mut project = project();
        project.packages[0] = package("core", &["nn"]);
        let expected =
            ["core uses nn, which the table does not allow", "core uses nn, which is not on a lower floor"];
        assert_eq!(check(&project).unwrap(), expected);
    }

    #[test]
    fn candle_and_parquet_stay_where_they_belong() {
        let mut project = project();
        project.packages[0] = package("core", &["candle-nn", "arrow-schema"]);
        let expected = [
            "core uses candle-nn, but must not know Candle",
            "core uses arrow-schema, but must not know Parquet",
        ];
        assert_eq!(check(&project).unwrap(), expected);
    }

    #[test]
    fn unknown_and_missing_crates_and_stray_files_are_found() {
        let mut project = project();
        project.packages[2] = package("networks", &[]);
        project.top_level.push("notes.txt".to_owned());
        let violations = check(&project).unwrap();
        for part in
            ["notes.txt does not belong", "networks is not in the table", "nn is in the table but not"]
        {
            assert!(violations.iter().any(|it| it.contains(part)), "{violations:?}");
        }
    }

    #[test]
    fn a_test_that_the_document_names_must_be_there() {
        let mut project = project();
        project.architecture += "| rule | `a: b`, `the_rule_is_kept_by_all` |\n";
        assert!(check(&project).unwrap()[0].contains("the_rule_is_kept_by_all, which is gone"));
        project.sources.push(crate::ci::source::Source::new("a.rs", "fn the_rule_is_kept_by_all() {}"));
        assert_eq!(check(&project).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_document_without_its_table_is_an_error() {
        let project = Project { architecture: "# Architecture".into(), ..project() };
        assert!(check(&project).unwrap_err().to_string().contains("no table"));
    }
}
