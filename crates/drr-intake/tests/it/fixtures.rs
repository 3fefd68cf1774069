//! Every made-up log of `data/fixtures/logs` is read as its expectation says, or refused with the words that help.

use drr_intake::{Asked, Guess, IntakeError, Quiet, Signal, Source, TimeUnit, guess, read};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

fn folders() -> Vec<PathBuf> {
    let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/fixtures/logs");
    let entries =
        std::fs::read_dir(logs).expect("made for this test").map(|it| it.expect("made for this test").path());
    let mut folders: Vec<PathBuf> = entries.filter(|it| it.is_dir()).collect();
    folders.sort();
    folders
}

/// A folder without what is expected of it, as a person would have it.
fn as_given(folder: &Path, into: &Path) -> PathBuf {
    let mut files = Vec::new();
    copy(folder, into, &mut files);
    match &files[..] {
        [single] => single.clone(),
        _ => into.to_owned(),
    }
}

fn copy(from: &Path, into: &Path, files: &mut Vec<PathBuf>) {
    std::fs::create_dir_all(into).expect("made for this test");
    for entry in std::fs::read_dir(from).expect("made for this test") {
        let path = entry.expect("made for this test").path();
        let name = path.file_name().expect("made for this test");
        if path.is_dir() {
            copy(&path, &into.join(name), files);
        } else if name != "expected.toml" && name != "expected.csv" {
            std::fs::copy(&path, into.join(name)).expect("made for this test");
            files.push(into.join(name));
        }
    }
}

fn expected(folder: &Path) -> Table {
    toml::from_str(&std::fs::read_to_string(folder.join("expected.toml")).expect("made for this test"))
        .expect("made for this test")
}

/// The flags of a command line as what they ask for.
fn asked(flags: &[&str]) -> Asked {
    let mut asked = Asked::default();
    for pair in flags.chunks(2) {
        let value = Some(pair[1].to_owned());
        match pair[0] {
            "--user" => asked.user = value,
            "--item" => asked.item = value,
            "--header" => asked.header = Some(pair[1] == "yes"),
            "--value" => asked.value = value,
            "--time-format" => asked.time_unit = Some(TimeUnit::Pattern(pair[1].to_owned())),
            "--decimal" => asked.decimal = pair[1].chars().next(),
            "--log" => asked.log = value,
            "--signal" => {
                asked.signal = Some(Value::String(pair[1].to_owned()).try_into().expect("a signal"));
            }
            other => panic!("{other}"),
        }
    }
    asked
}

/// A number of `10^-9` as an exact decimal.
fn decimal(nanos: i128) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let (whole, rest) = (nanos.unsigned_abs() / 1_000_000_000, nanos.unsigned_abs() % 1_000_000_000);
    if rest == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{}", format!("{rest:09}").trim_end_matches('0'))
    }
}

fn rows(path: &Path, found: &Guess) -> Result<Vec<[String; 4]>, IntakeError> {
    let mut rows = Vec::new();
    read(&Source::open(path)?, &found.layout, &mut Quiet, |row| {
        let value = row.value.map(|it| it.to_string()).unwrap_or_default();
        let time = row.nanos.map(decimal).unwrap_or_default();
        rows.push([row.user.to_owned(), row.item.to_owned(), value, time]);
        Ok::<(), IntakeError>(())
    })?;
    Ok(rows)
}

fn expected_rows(folder: &Path) -> Vec<[String; 4]> {
    let mut reader = csv::Reader::from_path(folder.join("expected.csv")).expect("made for this test");
    reader
        .records()
        .map(|it| std::array::from_fn(|at| it.as_ref().expect("made for this test")[at].to_owned()))
        .collect()
}

/// What differs from the expectation.
fn differences(expected: &Table, found: &Guess) -> Vec<String> {
    let layout = &found.layout;
    let text = |it: Option<&str>| it.map_or(Value::String("none".into()), |it| Value::String(it.into()));
    let signal = match layout.signal {
        Signal::Rating => "rating",
        Signal::Event => "event",
        Signal::Count => "count",
        Signal::Duration => "duration",
    };
    let time = match &layout.time {
        None => "none".to_owned(),
        Some(TimeUnit::Pattern(pattern)) => pattern.clone(),
        Some(unit) => Value::try_from(unit)
            .expect("made for this test")
            .as_str()
            .expect("made for this test")
            .to_owned(),
    };
    let mut columns = Table::new();
    for (key, column) in [
        ("user", Some(&layout.columns.user)),
        ("item", Some(&layout.columns.item)),
        ("value", layout.columns.value.as_ref()),
        ("time", layout.columns.time.as_ref()),
    ] {
        columns.extend(column.map(|it| (key.to_owned(), Value::String(it.clone()))));
    }
    let list = |names: &[String]| Value::Array(names.iter().map(|it| Value::String(it.clone())).collect());
    let format = Value::try_from(layout.dialect.format).expect("made for this test");
    let got = [
        ("file", text(layout.files.first().map(String::as_str))),
        ("encoding", text(Some(layout.dialect.encoding.as_deref().unwrap_or("utf-8")))),
        ("separator", text(layout.dialect.separator.as_deref())),
        ("header", Value::Boolean(layout.dialect.header)),
        ("skip_lines", Value::Integer(layout.dialect.skip_lines.cast_signed())),
        ("decimal", text(Some(&layout.decimal.to_string()))),
        ("format", format),
        ("signal", text(Some(signal))),
        ("time", text(Some(&time))),
        ("columns", Value::Table(columns)),
        ("of_item", list(&layout.columns.of_item)),
        ("unused", list(&layout.columns.unused)),
        ("users", text(layout.users.as_ref().map(|it| it.file.as_str()))),
        ("items", text(layout.items.as_ref().map(|it| it.file.as_str()))),
    ];
    let differs = |(key, got): &(&str, Value)| expected.get(*key).is_some_and(|wanted| wanted != got);
    got.iter()
        .filter(|it| differs(it))
        .map(|(key, got)| format!("{key} is {got}, not {}", expected[*key]))
        .collect()
}

#[test]
fn every_made_up_log_is_read_as_it_should_be_or_refused_with_the_words_that_help() {
    let (mut wrong, mut n_read) = (Vec::new(), 0);
    for folder in folders() {
        let name = folder.file_name().expect("made for this test").to_string_lossy().into_owned();
        let expected = expected(&folder);
        let copied = tempfile::tempdir().expect("made for this test");
        let path = as_given(&folder, copied.path());
        let outcome = guess(&path, &Asked::default()).and_then(|found| Ok((rows(&path, &found)?, found)));
        if let Some(words) = expected.get("refused").and_then(Value::as_array) {
            match outcome {
                Ok((_, found)) => {
                    wrong.push(format!("{name}: not refused, but read by {:?}", found.layout.columns));
                }
                Err(error) => {
                    let error = error.to_string();
                    assert!(error.len() < 2000 && !error.contains(char::is_control), "{name}: {error}");
                    let missing = words.iter().filter_map(Value::as_str).find(|word| !error.contains(word));
                    wrong.extend(missing.map(|word| format!("{name}: {word} is not in: {error}")));
                }
            }
        } else {
            n_read += 1;
            match outcome {
                Err(error) => wrong.push(format!("{name}: {error}")),
                Ok((rows, found)) => {
                    wrong
                        .extend(differences(&expected, &found).into_iter().map(|it| format!("{name}: {it}")));
                    let wanted = expected_rows(&folder);
                    let differs = rows.iter().zip(&wanted).position(|(got, wanted)| got != wanted);
                    if let Some(at) = differs {
                        wrong.push(format!("{name}: row {at} is {:?}, not {:?}", rows[at], wanted[at]));
                    } else if rows.len() != wanted.len() {
                        wrong.push(format!("{name}: {} rows, not {}", rows.len(), wanted.len()));
                    }
                }
            }
        }
        if let Some(flags) = expected.get("with").and_then(Value::as_array) {
            let flags: Vec<&str> = flags.iter().filter_map(Value::as_str).collect();
            match guess(&path, &asked(&flags)).and_then(|found| rows(&path, &found)) {
                Ok(rows) if rows == expected_rows(&folder) => {}
                other => wrong.push(format!("{name} with {flags:?}: {other:?}")),
            }
        }
    }
    assert!(n_read >= 240, "{n_read} logs");
    assert!(wrong.is_empty(), "{} of it is wrong:\n{}", wrong.len(), wrong.join("\n"));
}
