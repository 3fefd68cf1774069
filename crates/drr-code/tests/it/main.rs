//! The units of this workspace, held against what Cargo says of it.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as tests do")]

use drr_code::{CodeError, LEFT_OUT, UNITS, digest, missing, unit};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// The libraries of the workspace, each with the members that it depends on by `[dependencies]`.
fn libraries() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]);
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let members: BTreeSet<String> = packages.iter().map(|package| text(&package["name"])).collect();
    let is_library = |package: &&serde_json::Value| {
        let targets = package["targets"].as_array().unwrap();
        targets.iter().any(|target| target["kind"].as_array().unwrap().contains(&"lib".into()))
    };
    let edges = |package: &serde_json::Value| {
        let all = package["dependencies"].as_array().unwrap().iter();
        // The kind of a normal dependency is null.
        let normal = all.filter(|dependency| dependency["kind"].is_null());
        normal.map(|dependency| text(&dependency["name"])).filter(|name| members.contains(name)).collect()
    };
    packages.iter().filter(is_library).map(|package| (text(&package["name"]), edges(package))).collect()
}

#[test]
fn every_library_is_a_unit_or_left_out_and_has_the_edges_that_cargo_knows() {
    let libraries = libraries();
    let crates: BTreeSet<&str> =
        UNITS.iter().map(|unit| unit.package).chain(LEFT_OUT.iter().copied()).collect();
    assert_eq!(crates, libraries.keys().map(String::as_str).collect());
    for unit in UNITS {
        let edges: Vec<&str> = libraries[unit.package].iter().map(String::as_str).collect();
        assert_eq!(unit.dependencies, edges, "{}", unit.name);
    }
    assert!(libraries["drr-agent"].contains("drr-nn"));
}

#[test]
fn a_unit_uses_only_what_its_crate_depends_on_and_the_crate_uses_all_of_it() {
    let mut used: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for it in UNITS {
        let packages = it.uses.iter().map(|name| unit(name).unwrap().package);
        used.entry(it.package).or_default().extend(packages.filter(|name| *name != it.package));
    }
    for it in UNITS {
        let edges: BTreeSet<&str> =
            it.dependencies.iter().filter(|name| !LEFT_OUT.contains(name)).copied().collect();
        assert_eq!(used[it.package], edges, "{}", it.name);
    }
}

#[test]
fn a_digest_is_over_the_named_units_alone_whatever_their_order() {
    let both = digest(&["drr-core", "drr-nn"]).unwrap();
    assert_eq!(digest(&["drr-nn", "drr-core", "drr-nn"]).unwrap(), both);
    assert_ne!(digest(&["drr-nn"]).unwrap(), both);
    assert_ne!(digest(&["drr-core", "drr-env"]).unwrap(), both);
    let digests: BTreeSet<&str> = UNITS.iter().map(|unit| unit.digest).collect();
    assert_eq!(digests.len(), UNITS.len());
}

#[test]
fn a_unit_that_is_not_there_is_refused() {
    let refusal = CodeError::UnknownUnit("drr-cor".to_owned());
    assert_eq!(digest(&["drr-core", "drr-cor"]), Err(refusal.clone()));
    assert_eq!(missing(&["drr-cor"]), Err(refusal));
    assert_eq!(unit("drr-cor"), None);
}

#[test]
fn what_a_set_of_units_lacks_is_named() {
    assert_eq!(missing(&["drr-replay", "drr-core", "drr-store"]).unwrap(), Vec::<String>::new());
    assert_eq!(
        missing(&["drr-agent", "drr-core"]).unwrap(),
        ["drr-kernels", "drr-learn", "drr-nn", "drr-replay", "drr-store"]
    );
    assert_eq!(missing(&[]).unwrap(), Vec::<String>::new());
}
