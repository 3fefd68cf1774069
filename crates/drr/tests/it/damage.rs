//! What is read is what was written: a changed byte is refused or mended, and never answers otherwise.

use crate::harness::{Draws, House, PIPELINE, find, length, paths_below, set, small, undisturbed, until};
use crate::process::Done;
use crate::snapshot::Snapshot;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The questions to the run "same"; the last one may mend it.
const QUESTIONS: [&str; 6] = [
    "report --run same",
    "compare before same",
    "check --run same --against golden.toml",
    "recommend --run same --history 1,2,3 -k 5",
    "recommend --run same --policy session --history 1,2,3 -k 5",
    PIPELINE,
];

/// What a command says, for good or ill.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    code: Option<i32>,
    stdout: String,
    /// What it leaves: the page, or the figures.
    file: Vec<u8>,
}

impl Answer {
    fn of(house: &House, question: &str, done: &Done) -> Self {
        let is_pipeline = question == PIPELINE;
        // How long a training took is no answer: one that is done anew takes another time.
        let is_answer = |line: &&str| !(is_pipeline && line.starts_with("The final fit of "));
        let stdout = done.stdout.lines().filter(is_answer).collect::<Vec<_>>().join("\n");
        let file = match question {
            "report --run same" => fs::read(house.run("report.md")).unwrap_or_default(),
            PIPELINE => house.metrics(),
            _ => Vec::new(),
        };
        Self { code: done.code, stdout, file }
    }
}

/// A house with the finished run "same", its copy "before", and figures to check it by, which it holds.
fn house() -> (House, Snapshot) {
    let house = House::with_run();
    let data = house.path("data");
    Snapshot::take(&data).copy("runs/same", "runs/before");
    house.drr("check --run same --against golden.toml --bless").succeeded();
    let golden = fs::read_to_string(house.path("golden.toml")).unwrap();
    // So few users cannot tell a small regression.
    house.write("golden.toml", &golden.replace("max_regression = 0.02", "max_regression = 1.0"));
    (house, Snapshot::take(&data))
}

/// The files that are damaged, by the folder that they lie in.
fn targets(snapshot: &Snapshot) -> Vec<Vec<PathBuf>> {
    let mut groups: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for name in snapshot.names().filter(|name| !name.starts_with("runs/before")) {
        let folder: PathBuf = name.parent().unwrap().components().take(3).collect();
        groups.entry(folder).or_default().push(name.to_owned());
    }
    groups.into_values().collect()
}

/// Changes one byte, by one bit or to any other value, and tells how.
fn damage(path: &Path, draws: &mut Draws) -> String {
    let mut bytes = fs::read(path).unwrap();
    let at = draws.below(bytes.len());
    let before = bytes[at];
    bytes[at] = if draws.below(2) == 0 { before ^ (1 << draws.below(8)) } else { draws.below(256) as u8 };
    if bytes[at] == before {
        bytes[at] ^= 1;
    }
    fs::write(path, &bytes).unwrap();
    format!("byte {at} from {before:#04x} to {:#04x}", bytes[at])
}

/// Whether a refusal says where the fault is. What vouches for other files may be refused by the name of one of those.
fn is_named(name: &Path, message: &str) -> bool {
    let file = name.file_name().unwrap().to_string_lossy();
    let vouches =
        name.parent().unwrap().ends_with("stages") || file == "manifest.json" || file == "files.json";
    let n_parts = if name.starts_with("runs") { 2 } else { 3 };
    let whole: PathBuf = name.components().take(n_parts).collect();
    message.contains(&*file) || (vouches && message.contains(&*whole.to_string_lossy()))
}

#[test]
fn torture_no_damaged_byte_gives_another_answer() {
    let (house, snapshot) = house();
    let ask = |question: &str| {
        let done = house.drr(question);
        (Answer::of(&house, question, &done), done)
    };
    let expected: Vec<Answer> = QUESTIONS
        .iter()
        .map(|question| {
            let (answer, done) = ask(question);
            assert_eq!(done.code, Some(0), "{done}");
            snapshot.restore();
            assert_eq!(ask(question).0, answer, "{question} answers otherwise the second time");
            answer
        })
        .collect();
    snapshot.restore();
    let groups = targets(&snapshot);
    assert!(groups.len() >= 5, "{groups:?}");
    let (n, mut draws, mut failures) = (length().damages, Draws(5), Vec::new());
    for _ in 0..n {
        let group = &groups[draws.below(groups.len())];
        let name = &group[draws.below(group.len())];
        if snapshot.bytes(name).is_empty() {
            continue;
        }
        let how = damage(&house.path("data").join(name), &mut draws);
        for (question, expected) in QUESTIONS.iter().zip(&expected) {
            let (answer, done) = ask(question);
            let is_refused = done.code == Some(1) && is_named(name, done.error());
            if !is_refused && answer != *expected {
                failures.push(format!("{}, {how}: {}", name.display(), outcome(&answer, expected, &done)));
            }
        }
        snapshot.restore();
    }
    assert!(
        failures.is_empty(),
        "{} wrong answers after {n} damages:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// What is wrong with an outcome, in a line.
fn outcome(answer: &Answer, expected: &Answer, done: &Done) -> String {
    if answer.code != Some(0) {
        return done.to_string();
    }
    let pairs = answer.stdout.lines().zip(expected.stdout.lines());
    let first =
        pairs.filter(|(now, then)| now != then).map(|(now, then)| format!("{now} (was: {then})")).next();
    let head = done.to_string();
    let head = head.lines().next().unwrap_or_default();
    let files = if answer.file == expected.file { "the same file" } else { "another file" };
    format!("{head} silently other, with {files}: {}", first.unwrap_or_default())
}

/// Changes the text of a file.
fn edit(path: &Path, change: impl FnOnce(&str) -> String) {
    let text = fs::read_to_string(path).unwrap();
    let edited = change(&text);
    assert_ne!(edited, text, "nothing was changed in {}", path.display());
    fs::write(path, edited).unwrap();
}

#[test]
fn edited_figures_are_not_reported_and_the_pipeline_mends_them() {
    let house = House::with_run();
    edit(&house.run("metrics.json"), |text| {
        let metrics: serde_json::Value = serde_json::from_str(text).unwrap();
        let value = find(&metrics, "first_ratings.drr_ave.precision@10").unwrap();
        text.replace(&value.to_string(), "0.9")
    });
    for command in ["report --run same", "check --run same --against golden.toml --bless"] {
        house.drr(command).refused(&["metrics.json"]);
    }
    house.drr(PIPELINE).succeeded();
    house.check_metrics(42).unwrap();
    house.drr("report --run same").succeeded();
}

#[test]
fn an_edited_configuration_of_a_run_is_not_recommended_by() {
    let house = House::with_run();
    edit(&house.run("config.toml"), |text| text.replace("n_observed = 10", "n_observed = 5"));
    for command in ["recommend --run same --history 1,2", "report --run same"] {
        house.drr(command).refused(&["config.toml"]);
    }
}

#[test]
fn an_edited_rating_scale_of_a_data_set_changes_no_new_run() {
    let house = House::with_run();
    let is_manifest = |path: &PathBuf| path.ends_with("manifest.json");
    let path = paths_below(&house.path("data/processed")).into_iter().find(is_manifest).unwrap();
    edit(&path, |text| {
        let (before, scale) = text.split_once("\"rating_scale\"").unwrap();
        format!("{before}\"rating_scale\"{}", scale.replacen("5.0", "8.0", 1))
    });
    let ask = || house.drr("recommend --run same --history 1,2");
    ask().refused(&["processed/synthetic"]);
    let done = house.drr("pipeline --config small.toml --run new");
    if done.code == Some(0) {
        let metrics = fs::read(house.path("data/runs/new/metrics.json")).unwrap();
        assert!(metrics == undisturbed(42).metrics, "other figures under the same hash");
        // The new run has ingested the data set anew.
        ask().succeeded();
    } else {
        done.refused(&["processed/synthetic"]);
    }
}

#[test]
fn a_damaged_data_set_of_a_run_is_made_anew_by_the_command_that_its_refusal_names() {
    let house = House::with_run();
    let is_table = |path: &PathBuf| path.ends_with("items.parquet");
    let tables = paths_below(&house.path("data/processed"));
    let table = tables.iter().find(|path| is_table(path)).unwrap();
    damage(table, &mut Draws(7));
    let remedy = "ingest --run same --force";
    house.drr("recommend --run same --history 1,2").refused(&["items.parquet", &format!("`drr {remedy}`")]);
    house.drr("pipeline --run same").refused(&["items.parquet", "--force"]);
    house.drr(remedy).succeeded();
    house.drr("recommend --run same --history 1,2").succeeded();
    house.drr("pipeline --run same").succeeded();
    house.check_metrics(42).unwrap();
}

/// Folders of checkpoints with at least two of them; each with these, the newest last.
fn checkpoints(house: &House) -> Vec<Vec<PathBuf>> {
    let mut folders: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for path in paths_below(&house.run("checkpoints")) {
        let name = path.file_name().unwrap().to_string_lossy();
        if name.starts_with("step-") && path.join("manifest.json").exists() {
            folders.entry(path.parent().unwrap().to_owned()).or_default().push(path);
        }
    }
    folders.into_values().filter(|steps| steps.len() >= 2).collect()
}

#[test]
fn a_training_goes_on_from_the_checkpoint_before_a_damaged_one_and_says_so() {
    let mut config = small();
    set(&mut config, "agent.n_episodes", 1600);
    set(&mut config, "agent.checkpoint_every", 1);
    let (whole, house) = (House::new(), House::new());
    for house in [&whole, &house] {
        house.write("small.toml", &config.to_string());
    }
    whole.drr(PIPELINE).succeeded();
    let mut process = house.start(PIPELINE);
    until("there are two checkpoints", || !checkpoints(&house).is_empty() || process.has_ended());
    let killed = process.kill();
    assert_eq!(killed.code, None, "it was to be killed in the middle: {killed}");
    let all = checkpoints(&house);
    let steps = all.first().expect("two checkpoints");
    let [.., before, newest] = &steps[..] else { panic!("{steps:?}") };
    damage(&newest.join("state.safetensors"), &mut Draws(6));
    let done = house.drr(PIPELINE).succeeded();
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    assert!(done.stderr.contains(&name(newest)), "nobody speaks of {}: {done}", newest.display());
    let step = name(before).trim_start_matches("step-").trim_start_matches('0').to_owned();
    let goes_on = [format!("rounds={step}"), name(before)];
    assert!(goes_on.iter().any(|words| done.stderr.contains(words)), "not on from {step}: {done}");
    assert!(house.metrics() == whole.metrics(), "other figures than without the damage");
    house.check_leftovers().unwrap();
}
