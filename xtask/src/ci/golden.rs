//! Golden metrics: what the smoke run gave when it was last looked at, each with its tolerance.

use super::step::Outcome;
use super::{judge, read};
use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The tolerance of a value that had none before: another processor rounds sums otherwise, and a rank may flip.
const DEFAULT_TOLERANCE: f64 = 0.005;

/// What a value should be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// The value.
    pub value: f64,
    /// The greatest difference that passes.
    pub tolerance: f64,
}

/// The part of a run's files of figures that is compared.
#[derive(Debug, Deserialize)]
struct Metrics {
    values: BTreeMap<String, f64>,
}

/// Compares the values in a run's files with the golden file, or rewrites that file if `bless`.
pub fn check(files: &[PathBuf], golden: &Path, bless: bool) -> Result<Outcome> {
    let mut found = Metrics { values: BTreeMap::new() };
    for file in files {
        let text = read(file, "the metrics")?;
        let of_file: Metrics =
            serde_json::from_str(&text).with_context(|| format!("in {}", file.display()))?;
        found.values.extend(of_file.values);
    }
    if bless {
        let before = if golden.exists() { load(golden)? } else { BTreeMap::new() };
        std::fs::write(golden, render(&blessed(&found.values, &before)))
            .with_context(|| format!("cannot write {}", golden.display()))?;
        return Ok(Outcome::Passed);
    }
    let violations = differences(&found.values, &load(golden)?);
    Ok(match judge(&violations) {
        Outcome::Failed(n) => Outcome::Regressed(n),
        other => other,
    })
}

fn load(path: &Path) -> Result<BTreeMap<String, Golden>> {
    let text = read(path, "the golden metrics (`cargo xtask ci --only smoke --bless` writes them)")?;
    toml::from_str(&text).with_context(|| format!("in {}", path.display()))
}

/// Every golden value that is missing or too far away, and every value that nobody has looked at.
fn differences(found: &BTreeMap<String, f64>, golden: &BTreeMap<String, Golden>) -> Vec<String> {
    let mut violations = Vec::new();
    for (name, Golden { value, tolerance }) in golden {
        match found.get(name) {
            // Not "greater than": a NaN must fail too.
            Some(now) if (now - value).abs() <= *tolerance => {}
            Some(now) => violations.push(format!("{name} is {now:.4}, not {value:.4} within {tolerance}")),
            None => violations.push(format!("{name} is missing from the run")),
        }
    }
    let unknown = found.keys().filter(|name| !golden.contains_key(*name));
    violations.extend(unknown.map(|name| format!("{name} has no golden value")));
    violations
}

/// The values found, with the tolerances they had.
fn blessed(found: &BTreeMap<String, f64>, before: &BTreeMap<String, Golden>) -> BTreeMap<String, Golden> {
    let tolerance = |name: &String| before.get(name).map_or(DEFAULT_TOLERANCE, |golden| golden.tolerance);
    found
        .iter()
        .map(|(name, value)| (name.clone(), Golden { value: *value, tolerance: tolerance(name) }))
        .collect()
}

fn render(golden: &BTreeMap<String, Golden>) -> String {
    let mut text = String::from(
        "# What `cargo xtask pipeline --config xtask/configs/smoke.toml` gives. `cargo xtask ci --only smoke --bless` writes it.\n",
    );
    for (name, Golden { value, tolerance }) in golden {
        text += &format!("\"{name}\" = {{ value = {value:.6}, tolerance = {tolerance} }}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pairs: &[(&str, f64)]) -> BTreeMap<String, f64> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
    }

    fn golden(name: &str, value: f64, tolerance: f64) -> BTreeMap<String, Golden> {
        BTreeMap::from([(name.to_owned(), Golden { value, tolerance })])
    }

    #[test]
    fn a_value_within_its_tolerance_passes_and_any_other_does_not() {
        let golden = golden("first_ratings.popularity.precision@10", 0.3, 0.01);
        let differ =
            |value| differences(&found(&[("first_ratings.popularity.precision@10", value)]), &golden).len();
        assert_eq!([0.3, 0.3099, 0.311, 0.2, f64::NAN].map(differ), [0, 0, 1, 1, 1]);
    }

    #[test]
    fn a_missing_and_a_new_value_are_found() {
        let violations = differences(&found(&[("new", 1.0)]), &golden("old", 1.0, 0.1));
        assert_eq!(violations, ["old is missing from the run", "new has no golden value"]);
    }

    #[test]
    fn blessing_keeps_tolerances_and_forgets_what_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let (metrics, file) = (folder.path().join("metrics.json"), folder.path().join("golden.toml"));
        std::fs::write(&metrics, r#"{"seed": 1, "values": {"a.b@1": 0.5, "new": 0.25}}"#).unwrap();
        let mut before = golden("a.b@1", 0.1, 0.02);
        before.extend(golden("gone", 0.1, 0.02));
        std::fs::write(&file, render(&before)).unwrap();
        let files = [metrics];
        assert_eq!(check(&files, &file, false).unwrap(), Outcome::Regressed(3));
        assert_eq!(check(&files, &file, true).unwrap(), Outcome::Passed);
        assert_eq!(check(&files, &file, false).unwrap(), Outcome::Passed);
        let golden = load(&file).unwrap();
        assert_eq!(golden["a.b@1"], Golden { value: 0.5, tolerance: 0.02 });
        assert_eq!((golden.len(), golden["new"].tolerance), (2, DEFAULT_TOLERANCE));
    }

    #[test]
    fn no_golden_file_is_an_error_that_says_how_to_make_one() {
        let folder = tempfile::tempdir().unwrap();
        let error = load(&folder.path().join("none.toml")).unwrap_err().to_string();
        assert!(error.contains("--bless"), "{error}");
    }

    /// The lines of the agent that one of its twins would not pass in its place.
    fn told_apart(golden: &BTreeMap<String, Golden>, twin: &str) -> Vec<String> {
        let agent = golden.iter().filter(|(name, _)| name.contains(".drr_ave."));
        let apart = agent.filter(|(name, line)| {
            let of_twin = golden[&name.replace(".drr_ave.", &format!(".drr_ave_{twin}."))];
            (line.value - of_twin.value).abs() > line.tolerance
        });
        apart.map(|(name, _)| name.clone()).collect()
    }

    #[test]
    fn the_golden_lines_tell_the_agent_from_one_that_never_learned_and_from_one_that_does_not_look_ahead() {
        let golden = load(&crate::root().join("data/golden/smoke.toml")).unwrap();
        for twin in ["untrained", "gamma_0"] {
            assert_ne!(told_apart(&golden, twin), Vec::<String>::new(), "{twin} passes as the agent");
        }
        let same = golden.into_iter().map(|(name, line)| (name, Golden { value: 0.5, ..line })).collect();
        assert_eq!(told_apart(&same, "untrained"), Vec::<String>::new());
    }
}
