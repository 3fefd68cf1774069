//! What is done again after a change, and what is not.

use crate::harness::{House, PIPELINE, paths_below, set, small};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::SystemTime;
use toml::{Table, Value};

/// The command whose run has the configuration's name, and so follows it when it is edited.
const FOLLOWS: &str = "pipeline --config small.toml";

/// When each stage of the run "small" has last written its note.
fn stages(house: &House) -> BTreeMap<String, SystemTime> {
    written(&house.path("data/runs/small/stages"))
}

/// The files below a folder, by the stems of their names, with the times when they were written.
fn written(folder: &Path) -> BTreeMap<String, SystemTime> {
    let files = paths_below(folder).into_iter().filter(|path| path.is_file());
    let stem = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    files.map(|path| (stem(&path), fs::metadata(&path).unwrap().modified().unwrap())).collect()
}

/// Makes the run "small", changes its configuration, and returns the stages that are done again and those that are not;
/// the latter have said so.
fn after(change: impl FnOnce(&mut Table) -> String) -> (House, [BTreeSet<String>; 2]) {
    let house = House::new();
    house.drr(FOLLOWS).succeeded();
    let before = stages(&house);
    let mut config = small();
    let head = change(&mut config);
    house.write("small.toml", &format!("{head}{config}"));
    let done = house.drr(FOLLOWS).succeeded();
    let now = stages(&house);
    let (mut again, mut kept) = (BTreeSet::new(), BTreeSet::new());
    for (name, time) in now {
        if before.get(&name) == Some(&time) {
            assert!(done.stderr.contains(&format!("{name} is up to date")), "{name} does not say so: {done}");
            kept.insert(name);
        } else {
            again.insert(name);
        }
    }
    (house, [again, kept])
}

fn are(names: &BTreeSet<String>, kind: &str) -> bool {
    names.iter().any(|name| name.starts_with(kind))
}

#[test]
fn a_comment_in_the_configuration_does_nothing_again() {
    let (_, [again, kept]) = after(|_| "# A comment.\n".to_owned());
    assert_eq!(again, BTreeSet::new());
    assert!(are(&kept, "pretrain") && are(&kept, "train-") && are(&kept, "evaluate"), "{kept:?}");
}

#[test]
fn another_length_of_lists_is_judged_and_nothing_is_trained() {
    let (house, [again, kept]) = after(|config| {
        set(config, "evaluation.list_lengths", vec![3, 5, 10]);
        String::new()
    });
    assert_eq!(again, BTreeSet::from(["evaluate".to_owned()]));
    assert!(are(&kept, "pretrain") && are(&kept, "train-"), "{kept:?}");
    let metrics = fs::read_to_string(house.path("data/runs/small/metrics.json")).unwrap();
    assert!(metrics.contains("precision@3\""), "the new length is not judged");
}

#[test]
fn another_learning_rate_trains_and_judges_anew_and_fits_no_space_again() {
    let (_, [again, kept]) = after(|config| {
        set(config, "agent.actor_optimizer.learning_rate", 2e-4);
        String::new()
    });
    assert!(are(&again, "train-") && are(&again, "evaluate") && !are(&again, "pretrain"), "{again:?}");
    // The agent for long sessions is another one.
    let of_logs = |name: &String| name.starts_with("train-") && !name.starts_with("train-sessions");
    assert!(are(&kept, "pretrain") && are(&kept, "train-sessions"), "{kept:?}");
    assert!(!kept.iter().any(of_logs), "{kept:?}");
}

#[test]
fn another_discount_of_the_agent_for_long_sessions_trains_and_judges_it_anew_and_nobody_else() {
    let (_, [again, kept]) = after(|config| {
        set(config, "sessions.agent.discount", 0.9);
        String::new()
    });
    let again: Vec<&str> = again.iter().map(String::as_str).collect();
    assert_eq!(again, ["evaluate", "sessions", "train-sessions-session_agent-seed-42"]);
    assert!(are(&kept, "train-sessions-session_agent_gamma_0") && are(&kept, "session-models"), "{kept:?}");
}

#[test]
fn another_seed_of_the_generator_does_everything_again() {
    let (_, [again, kept]) = after(|config| {
        set(config, "data.synthetic.seed", 21);
        String::new()
    });
    assert_eq!(kept, BTreeSet::new());
    assert!(are(&again, "pretrain") && are(&again, "train-") && are(&again, "evaluate"), "{again:?}");
}

#[test]
fn spaces_fitted_again_to_the_same_numbers_train_nobody_again() {
    let house = House::with_run();
    let (embeddings, policies) = (written(&house.run("embeddings")), written(&house.run("policies")));
    house.drr("pretrain --config small.toml --run same --force").succeeded();
    assert_ne!(written(&house.run("embeddings")), embeddings, "they were to be fitted again");
    let done = house.drr(PIPELINE).succeeded();
    assert_eq!(written(&house.run("policies")), policies, "{done}");
    assert!(done.stderr.contains("evaluate is up to date"), "{done}");
    house.check_metrics(42).unwrap();
}

/// A made-up data set in RecBole's form, with two columns of ratings that say the contrary of each other.
fn write_data_set(house: &House) {
    let mut text = "user_id:token\titem_id:token\tstars:float\tdislike:float\ttimestamp:float\n".to_owned();
    for user in 0..40 {
        for nth in 0..16 {
            let (item, stars) = ((user * 7 + nth * 5) % 31, 1 + (user + nth * nth) % 5);
            let time = 970_000_000 + user * 1000 + nth * 37_000;
            text += &format!("u{user}\ti{item}\t{stars}\t{}\t{time}\n", 6 - stars);
        }
    }
    fs::create_dir(house.path("raw")).unwrap();
    house.write("raw/made-up.inter", &text);
    let mut config = small();
    set(&mut config, "data.dataset", "made-up");
    house.write("made-up.toml", &config.to_string());
}

/// Describes the data set, whose ratings stand in a column.
pub fn write_registry(house: &House, column: &str) {
    let mut entry = Table::new();
    for (key, value) in [
        ("name", "made-up"),
        ("domain", "made up"),
        ("title", "Made up"),
        ("format", "recbole"),
        ("archive", "made-up.zip"),
        ("licence", "none"),
        ("citation", "none"),
        ("columns.rating", column),
    ] {
        set(&mut entry, key, value);
    }
    set(&mut entry, "addresses", Vec::<Value>::new());
    for (key, value) in [("rating_scale.min", 1.0), ("rating_scale.max", 5.0), ("rating_scale.step", 1.0)] {
        set(&mut entry, key, value);
    }
    fs::create_dir_all(house.path("registry")).unwrap();
    house.write("registry/made-up.toml", &entry.to_string());
}

#[test]
fn other_columns_in_the_registry_are_read_anew() {
    let house = House::new();
    write_data_set(&house);
    let ingest = |run: &str| {
        let command = format!("ingest --registry registry --config made-up.toml --archive raw --run {run}");
        let done = house.drr(&command).succeeded();
        let line = done.stdout.lines().find(|line| line.starts_with("ingested: ")).map(str::to_owned);
        (line.unwrap(), done.stderr.contains("already ingested"))
    };
    write_registry(&house, "stars");
    let (stars, _) = ingest("first");
    assert_eq!(ingest("again"), (stars.clone(), true), "nothing was changed");
    write_registry(&house, "dislike");
    let (dislike, is_old) = ingest("second");
    assert!(!is_old && dislike != stars, "the old ratings are taken for the new ones: {dislike}");
    write_registry(&house, "stars");
    assert_eq!(ingest("third"), (stars, true), "the first is still there");
}
