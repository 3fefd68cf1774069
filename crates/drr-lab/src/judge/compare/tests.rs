use super::lists::UserLists;
use super::{policy, run, settings};
use crate::judge::figures::STAGE;
use crate::run::cache::{Made, Stage};
use crate::run::code::Kind;
use crate::run::{Context, RunManifest};
use drr_data::{ListRow, PerUserRow, write_lists, write_per_user};
use std::path::Path;

fn lists(of: &[(&str, &[&str])]) -> UserLists {
    of.iter()
        .map(|(user, items)| ((*user).to_owned(), items.iter().map(|item| (*item).to_owned()).collect()))
        .collect()
}

#[test]
fn a_change_names_what_went_and_what_came_and_only_common_users_count() {
    let before = lists(&[("1", &["a", "b", "c"]), ("2", &["a", "b"]), ("3", &["a"])]);
    let after = lists(&[("1", &["b", "d", "c"]), ("2", &["b", "a"]), ("4", &["a"])]);
    let changes = policy::changes(&before, &after);
    assert_eq!(changes.len(), 2);
    assert_eq!((changes[0].gone.as_slice(), changes[0].new.as_slice()), (&["a"][..], &["d"][..]));
    assert_eq!((changes[0].jaccard, changes[1].jaccard), (0.5, 1.0));
    assert!(changes[1].changed, "the order is a change too");
}

#[test]
fn settings_are_compared_key_by_key_however_deep() {
    let flat = |text: &str| settings::flat(&text.parse().unwrap());
    let found =
        settings::differences(&flat("a = 1\n[b.c]\nd = 2\ne = 3"), &flat("a = 1\n[b.c]\nd = 4\nf = 5"));
    let expected = [["b.c.d", "2", "4"], ["b.c.e", "3", "–"], ["b.c.f", "–", "5"]];
    assert_eq!(found, expected.map(|row| row.map(str::to_owned)));
}

/// A run of 100 users, of whom the first 50 and `more` are served well, with lists of 10.
fn write_run(folder: &Path, name: &str, dataset_hash: &str, more: u32) {
    write_run_of(folder, name, dataset_hash, more, 10);
}

/// The same with lists of another length: the first place is as `more` says, the others are the same in every run.
fn write_run_of(folder: &Path, name: &str, dataset_hash: &str, more: u32, k: u32) {
    let run = folder.join("runs").join(name);
    std::fs::create_dir_all(&run).unwrap();
    let manifest = RunManifest {
        format: crate::run::manifest::FORMAT,
        config_file: drr_store::bytes_digest(format!("seed = {more}\n").as_bytes()),
        code: String::new(),
        revision: None,
        dataset_line: "made up".to_owned(),
        dataset_dir: "none".into(),
        dataset_hash: dataset_hash.to_owned(),
        config_hash: String::new(),
        warnings: Vec::new(),
        left_out: Vec::new(),
        seed: 1,
        version: "1".to_owned(),
        machine: Vec::new(),
    };
    manifest.write(&run).unwrap();
    std::fs::write(run.join("config.toml"), format!("seed = {more}\n")).unwrap();
    let (mut lists, mut values) = (Vec::new(), Vec::new());
    for recommender in ["popularity", "drr_ave"] {
        for user in 0..100 {
            let good = user < 50 + if recommender == "drr_ave" { more } else { 0 };
            let (protocol, recommender, user_id) =
                ("first_ratings".to_owned(), recommender.to_owned(), user.to_string());
            for rank in 1..=k {
                let first = if good { "good" } else { "bad" };
                let item_id = if rank == 1 { first.to_owned() } else { format!("other {rank}") };
                let (protocol, recommender, user_id) =
                    (protocol.clone(), recommender.clone(), user_id.clone());
                lists.push(ListRow { protocol, recommender, user_id, rank, item_id, score: 0.0 });
            }
            let (metric, value) = ("precision".to_owned(), f64::from(u8::from(good)) / 10.0);
            let judged = PerUserRow { protocol, recommender, user_id, metric, k, value };
            values.push(PerUserRow { metric: "hit_rate".to_owned(), value: 10.0 * value, ..judged.clone() });
            values.push(PerUserRow { metric: "hit_rate".to_owned(), k: 5, ..judged.clone() });
            values.push(judged);
        }
    }
    let outputs = ["lists.parquet", "per_user.parquet", "metrics.json"].map(|name| run.join(name));
    let mut made = Made::default();
    made.add(&outputs[0], &write_lists(&outputs[0], &lists).unwrap());
    made.add(&outputs[1], &write_per_user(&outputs[1], &values).unwrap());
    let origin = serde_json::json!({ "dataset_hash": dataset_hash, "config_hash": "", "judged": [] });
    made.write(&outputs[2], origin.to_string().as_bytes()).unwrap();
    Stage::new(&run, STAGE, Kind::Evaluate, false).vouch("", &outputs, &made).unwrap();
}

#[test]
fn a_comparison_says_what_is_better_what_is_the_same_and_whether_the_data_agree() {
    let folder = tempfile::tempdir().unwrap();
    let context = Context::unwatched(folder.path());
    write_run(folder.path(), "a", "x", 0);
    write_run(folder.path(), "b", "x", 20);
    write_run(folder.path(), "c", "y", 20);
    let text = run(&context, ("a", "b"), None, None).unwrap();
    for part in [
        "same data set",
        "B is better",
        "not distinguishable",
        "20 of 100 users (20.0 %)",
        "| seed | 0 | 20 |",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    let page = folder.path().join("runs/b/compare-a.html");
    assert!(page.exists() && page.with_extension("md").exists());
    assert!(run(&context, ("a", "c"), None, None).unwrap().contains("WARNING: the data sets differ"));
    assert!(run(&context, ("a", "none"), None, None).unwrap_err().to_string().contains("drr pipeline"));
    let row = |text: &str, start: &str| text.lines().any(|line| line.starts_with(start));
    assert!(row(&text, "| drr_ave | hit_rate@10 |") && text.contains("greater in B"), "{text}");
    let only = |metric: &str| run(&context, ("a", "b"), Some(metric), None);
    let rates = only("hit_rate").unwrap();
    assert!(row(&rates, "| drr_ave | hit_rate@5 |") && !row(&rates, "| drr_ave | precision@10 |"), "{rates}");
    assert!(!row(&only("hit_rate@10").unwrap(), "| drr_ave | hit_rate@5 |"));
    let unknown = only("hits").unwrap_err().to_string();
    assert!(unknown.contains("hit_rate@10, hit_rate@5, precision@10"), "{unknown}");
}

#[test]
fn a_comparison_speaks_of_lists_as_long_as_those_that_both_runs_judged() {
    let folder = tempfile::tempdir().unwrap();
    let context = Context::unwatched(folder.path());
    write_run_of(folder.path(), "a", "x", 0, 3);
    write_run_of(folder.path(), "b", "x", 20, 3);
    write_run_of(folder.path(), "c", "x", 20, 10);
    let text = run(&context, ("a", "b"), None, None).unwrap();
    for part in [
        "20 of 100 users (20.0 %) get another list of 3;",
        "| user | overlap | P@3 of A | P@3 of B |",
        "0.900",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    assert!(!text.contains("another list of 10") && !text.contains("P@10"), "{text}");
    // Of lists of 3 and of 10 nothing is of one length.
    let other = run(&context, ("a", "c"), None, None).unwrap();
    assert!(!other.contains("another list of"), "{other}");
}
