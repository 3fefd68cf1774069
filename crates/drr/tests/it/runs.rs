//! A name means the run that has it, and what is no run of this program's form is none.

use crate::harness::{House, PIPELINE, find, set, small, undisturbed};
use crate::process::Process;
use crate::snapshot::Snapshot;
use serde_json::{Map, Value};
use std::fs;
use std::path::PathBuf;

const NOTHING: Vec<PathBuf> = Vec::new();

#[test]
fn evaluating_a_run_that_exists_means_its_own_configuration_and_data() {
    let house = House::with_run();
    let snapshot = Snapshot::take(&house.path("data"));
    let done = house.drr("evaluate --run same").succeeded();
    assert!(done.stdout.contains("synthetic") && !done.stdout.contains("ml-1"), "{}", done.stdout);
    assert!(done.stderr.contains("evaluate is up to date"), "{done}");
    assert_eq!(snapshot.differences(), NOTHING);
    // What is said again is no other.
    let same = house.drr("evaluate --run same --config small.toml --dataset synthetic --seed 42");
    assert!(same.succeeded().stderr.contains("evaluate is up to date"));
    assert_eq!(snapshot.differences(), NOTHING);
}

#[test]
fn every_command_with_a_selection_takes_the_name_of_a_run_for_that_run() {
    let house = House::with_run();
    let snapshot = Snapshot::take(&house.path("data"));
    for command in ["ingest", "pretrain", "train", "evaluate", "pipeline"] {
        let done = house.drr(&format!("{command} --run same")).succeeded();
        assert!(!done.stdout.contains("ml-1"), "{command} chose another data set: {}", done.stdout);
        assert_eq!(snapshot.differences(), NOTHING, "{command}");
    }
}

#[test]
fn another_data_set_configuration_or_seed_under_a_runs_name_is_refused_and_both_are_named() {
    let house = House::with_run();
    let mut other = small();
    set(&mut other, "agent.discount", 0.75);
    house.write("other.toml", &other.to_string());
    let snapshot = Snapshot::take(&house.path("data"));
    let own = &undisturbed(42).config_hash[..8];
    // A configuration is named by its hash, or by what differs.
    let choices: [(&str, [&[&str]; 2]); 4] = [
        ("--dataset ml-100k", [&["synthetic", "ml-100k"], &["synthetic", "ml-100k"]]),
        ("--seed 7", [&["42", "7"], &[own]]),
        ("--config other.toml", [&["0.9", "0.75"], &[own]]),
        ("--config ml-100k", [&["synthetic", "ml-100k"], &[own]]),
    ];
    for command in ["evaluate", "pipeline", "train", "pretrain"] {
        for (choice, ways) in &choices {
            let done = house.drr(&format!("{command} --run same {choice}")).refused(&["same", "--force"]);
            let is_named = |words: &&[&str]| words.iter().all(|word| done.error().contains(word));
            assert!(ways.iter().any(is_named), "not both are named: {done}");
            assert_eq!(snapshot.differences(), NOTHING, "{command} {choice}");
        }
    }
}

#[test]
fn another_configuration_under_a_runs_name_is_taken_by_force() {
    let house = House::with_run();
    house.drr("evaluate --run same --seed 43 --force").succeeded();
    house.check_metrics(43).unwrap();
    let manifest: Value = serde_json::from_slice(&fs::read(house.run("manifest.json")).unwrap()).unwrap();
    assert_eq!(find(&manifest, "seed"), Some(&Value::from(43)));
    house.drr("report --run same").succeeded();
    house.drr(&format!("{PIPELINE} --seed 43")).succeeded();
    house.drr(PIPELINE).refused(&["42", "43", "--force"]);
    house.check_metrics(43).unwrap();
}

#[test]
fn a_policy_of_other_inputs_than_the_runs_is_not_recommended_by() {
    let house = House::with_run();
    let ask = || house.drr("recommend --run same --history 1,2");
    let before = ask().succeeded().stdout;
    for command in ["ingest", "pretrain"] {
        house.drr(&format!("{command} --run same --seed 43 --force")).succeeded();
        ask().refused(&["same", "`drr pipeline --run same`"]);
    }
    house.drr("pipeline --run same").succeeded();
    house.check_metrics(43).unwrap();
    assert_ne!(ask().succeeded().stdout, before);
}

#[test]
fn a_run_beside_another_data_folder_is_read_with_its_own_data() {
    let house = House::with_run();
    let elsewhere = House::new();
    let done = elsewhere.drr(&format!("recommend --run {} --history 1,2", house.run("").display()));
    done.succeeded();
    elsewhere.drr("recommend --run same --history 1,2").refused(&["no run", "--data-dir"]);
}

#[test]
fn a_folder_of_presets_or_data_sets_that_is_none_is_refused() {
    let house = House::new();
    for option in ["--presets", "--registry"] {
        let command = format!("{option} nowhere pipeline --config small.toml");
        house.drr(&command).refused(&[option, "nowhere", "no folder"]);
    }
}

#[test]
fn a_run_of_the_first_format_is_refused_with_the_command_that_makes_it_anew() {
    let house = House::with_run();
    let path = house.run("manifest.json");
    let manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    // The keys of the first format, which had no number.
    let keys = [
        "dataset_line",
        "dataset_dir",
        "dataset_hash",
        "config_hash",
        "warnings",
        "seed",
        "version",
        "machine",
    ];
    let pairs = keys.map(|key| (key.to_owned(), find(&manifest, key).cloned().unwrap()));
    let old = Value::Object(pairs.into_iter().collect::<Map<_, _>>());
    fs::write(&path, serde_json::to_vec_pretty(&old).unwrap()).unwrap();
    let snapshot = Snapshot::take(&house.path("data"));
    for command in ["report --run same", "recommend --run same --history 1,2", "compare same same"] {
        house.drr(command).refused(&["runs/same", "form", "`drr pipeline", "--run same"]);
    }
    assert_eq!(snapshot.differences(), NOTHING);
}

#[test]
fn a_folder_without_a_manifest_is_no_run() {
    let house = House::with_run();
    Snapshot::take(&house.path("data")).copy("runs/same", "runs/empty");
    fs::remove_file(house.path("data/runs/empty/manifest.json")).unwrap();
    for command in [
        "report --run empty",
        "recommend --run empty --history 1,2",
        "check --run empty --against golden.toml --bless",
        "compare empty same",
        "compare same empty",
    ] {
        house.drr(command).refused(&["empty", "no run"]);
    }
    assert!(!house.path("golden.toml").exists());
    // The default data set must not take the place of what lies there.
    for command in ["pipeline --run empty", "evaluate --run empty"] {
        house.drr(command).refused(&["no run", "--config", "empty/config.toml"]);
    }
    house.drr("pipeline --config small.toml --run empty").succeeded();
    let metrics = fs::read(house.path("data/runs/empty/metrics.json")).unwrap();
    assert!(metrics == undisturbed(42).metrics, "the figures that lay there are not its own");
}

#[test]
fn a_preset_runs_in_an_empty_folder_without_any_file_of_the_project() {
    let folder = tempfile::tempdir().unwrap();
    let done = Process::start(folder.path(), "pipeline --config smoke-lab").wait().succeeded();
    assert!(done.stdout.contains("Protocol \"first_ratings\""), "{}", done.stdout);
    let run = folder.path().join("data/runs/smoke-lab");
    for name in ["config.toml", "manifest.json", "metrics.json", "report.html"] {
        assert!(run.join(name).exists(), "{name}");
    }
    let beside: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(beside, ["data"]);
}
