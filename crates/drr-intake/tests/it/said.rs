//! What somebody says of a log: which rows count, and what words are worth.

use drr_intake::{Asked, Guess, IntakeError, Quiet, Signal, Source, guess, read};
use std::path::{Path, PathBuf};

const SHOP: &str = "time,visitor,event,item\n\
    2024-03-01T10:00:00,ann,view,k1\n2024-03-01T10:01:00,ann,purchase,k1\n2024-03-02T09:00:00,bob,view,k2\n\
    2024-03-03T09:00:00,bob,cart,k2\n2024-03-04T11:00:00,cy,view,k1\n";
const VOTES: &str = "user,song,vote\nann,s1,up\nann,s2,down\nbob,s1,up\nbob,s3, down\ncy,s3,up\n";

fn written(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("log.csv");
    std::fs::write(&path, text).expect("a file");
    path
}

fn rows(path: &Path, found: &Guess) -> (Vec<(String, Option<f64>)>, u64) {
    let mut rows = Vec::new();
    let source = Source::open(path).expect("a log");
    let n_others = read(&source, &found.layout, &mut Quiet, |row| {
        rows.push((format!("{} {}", row.user, row.item), row.value));
        Ok::<(), IntakeError>(())
    });
    (rows, n_others.expect("a readable log"))
}

#[test]
fn only_rows_with_the_words_that_were_asked_for_count_and_the_others_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), SHOP);
    let all = guess(&path, &Asked::default()).unwrap();
    let said: Vec<&str> =
        all.findings.iter().filter(|it| it.role == "kind").map(|it| it.why.as_str()).collect();
    assert_eq!(
        said,
        ["view (60 %), cart (20 %), purchase (20 %): all count alike; --only event=WORD keeps some"]
    );
    assert_eq!(rows(&path, &all).0.len(), 5);
    let only = [("Event".to_owned(), vec!["purchase".to_owned(), "cart".to_owned()])].into();
    let found = guess(&path, &Asked { only, ..Asked::default() }).unwrap();
    assert!(found.layout.only.contains_key("event"), "by the file's own name");
    assert!(!found.layout.columns.unused.contains(&"event".to_owned()));
    let (kept, n_others) = rows(&path, &found);
    assert_eq!((kept.len(), n_others), (2, 3));
    assert_eq!(kept[0].0, "ann k1");
    let only = [("colour".to_owned(), vec!["red".to_owned()])].into();
    let error = guess(&path, &Asked { only, ..Asked::default() }).unwrap_err().to_string();
    assert!(error.contains("no column \"colour\"") || error.contains("no column colour"), "{error}");
    assert!(error.contains("--only") && error.contains("event"), "{error}");
}

#[test]
fn words_are_worth_what_was_said_and_each_must_be_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), VOTES);
    let asked = |words: &[(&str, f64)]| Asked {
        value: Some("vote".to_owned()),
        words: words.iter().map(|(word, worth)| ((*word).to_owned(), *worth)).collect(),
        ..Asked::default()
    };
    let found = guess(&path, &asked(&[("up", 1.0), ("down", -1.0)])).unwrap();
    assert_eq!(found.layout.signal, Signal::Rating);
    let values: Vec<Option<f64>> = rows(&path, &found).0.into_iter().map(|it| it.1).collect();
    assert_eq!(values, [1.0, -1.0, 1.0, -1.0, 1.0].map(Some));
    let error = guess(&path, &asked(&[("up", 1.0)])).unwrap_err().to_string();
    assert!(error.contains("down") && error.contains("add down=NUMBER to --words"), "{error}");
}
