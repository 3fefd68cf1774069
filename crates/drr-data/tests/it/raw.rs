//! Raw files of every layout give the same checked log, and every kind of damage is told with its place.

use drr_core::{ItemIdx, UserIdx};
use drr_data::{
    DataError, DatasetSpec, Entities, NoProgress, OnBadRow, RatingScale, RawFormat, RawLog, RawSource,
    Registry, RowPolicy, read_raw,
};
use proptest::prelude::*;
use std::path::{Path, PathBuf};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data")
}

fn spec(name: &str) -> DatasetSpec {
    let registry = Registry::new(data().join("registry"));
    if name != "recbole" {
        return registry.load(name).unwrap();
    }
    let scale = RatingScale { min: 1.0, max: 5.0, step: None };
    let spec = registry.load("ml-100k").unwrap();
    DatasetSpec { format: RawFormat::RecBole, python_package: None, rating_scale: Some(scale), ..spec }
}

fn read(name: &str, path: &Path, policy: &RowPolicy) -> Result<RawLog, DataError> {
    read_raw(&spec(name), &RawSource::Archive(path.to_owned()), policy, &mut NoProgress)
}

/// A copy of a fixture whose file `file` went through `change`.
fn changed(name: &str, file: &str, change: impl Fn(Vec<u8>) -> Vec<u8>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(data().join("fixtures").join(name)).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        if path.ends_with(file) {
            bytes = change(bytes);
        }
        std::fs::write(folder.path().join(path.file_name().unwrap()), bytes).unwrap();
    }
    folder
}

fn with_line(name: &str, file: &str, line: &[u8]) -> tempfile::TempDir {
    changed(name, file, |mut bytes| {
        bytes.extend_from_slice(line);
        bytes
    })
}

/// The message that refuses a fixture with one more line in `file`.
fn refusal(name: &str, file: &str, line: &[u8]) -> String {
    let folder = with_line(name, file, line);
    read(name, folder.path(), &RowPolicy::default()).unwrap_err().to_string()
}

fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}

const COUNT: RowPolicy = RowPolicy {
    duplicates: OnBadRow::Count,
    unknown_ids: OnBadRow::Count,
    out_of_range: OnBadRow::Count,
    encoding: OnBadRow::Count,
};

#[test]
fn the_three_layouts_of_the_same_ratings_give_the_same_rows() {
    let logs = ["ml-1m", "ml-100k", "recbole"]
        .map(|name| read(name, &data().join("fixtures").join(name), &RowPolicy::default()).unwrap());
    let [one, hundred, recbole] = &logs;
    assert_eq!(one.interactions, hundred.interactions);
    // Ids such as "u10" are sorted as text: the rows are the same up to the numbering.
    let named = |log: &RawLog| -> Vec<(String, String, f32, i64)> {
        let digits = |id: &str| id.trim_start_matches(['u', 'f']).to_owned();
        let row = |it: &drr_core::Interaction| {
            let (user, item) = (log.users.id(it.user.index()), log.items.id(it.item.index()));
            (digits(user), digits(item), it.rating, it.timestamp)
        };
        log.interactions.iter().map(row).collect()
    };
    assert_eq!(named(one), named(recbole));
    for log in &logs {
        assert_eq!((log.users.len(), log.items.len(), log.interactions.len()), (5, 6, 22));
        assert_eq!((log.counts.rows_read, log.counts.unrated_users, log.counts.unrated_items), (22, 1, 1));
        assert!(log.has_time);
    }
}

#[test]
fn tables_are_sorted_by_number_or_else_by_text_and_rows_stay_in_file_order() {
    let ids = |name: &str| -> Vec<String> {
        let log = read(name, &data().join("fixtures").join(name), &RowPolicy::default()).unwrap();
        log.users.ids().to_vec()
    };
    assert_eq!(ids("ml-1m"), ["1", "2", "4", "9", "10"]);
    assert_eq!(ids("recbole"), ["u1", "u10", "u2", "u4", "u9"]);
    let log = read("ml-1m", &data().join("fixtures/ml-1m"), &RowPolicy::default()).unwrap();
    let first = log.interactions[0];
    assert_eq!((first.user, first.rating, first.timestamp), (UserIdx(0), 1.0, 970_944_662));
    assert_eq!(log.items.id(first.item.index()), "8");
    assert_eq!(first.item, ItemIdx(2));
}

/// The place of an id, whatever letter stands before its number.
fn place(entities: &Entities, id: &str) -> usize {
    entities.ids().iter().position(|it| it.trim_start_matches(['u', 'f']) == id).unwrap()
}

fn words<'a>(entities: &'a Entities, name: &str, at: usize) -> Vec<&'a str> {
    entities.attribute(name).unwrap().words(at).collect()
}

#[test]
fn records_are_decoded_into_words() {
    for name in ["ml-1m", "ml-100k", "recbole"] {
        let log = read(name, &data().join("fixtures").join(name), &RowPolicy::default()).unwrap();
        let film = |id: &str| place(&log.items, id);
        let year = |id: &str| log.items.attribute("year").unwrap().number(film(id));
        assert_eq!((log.items.title(film("3")), year("3")), (Some("Caf\u{e9} Nord"), Some(1988.0)));
        assert_eq!(log.items.title(film("2")), Some("Seven Kites (And One)"));
        assert_eq!(log.items.title(film("100")), Some("Paper Moths"));
        assert_eq!(year("100"), (name == "ml-100k").then_some(1977.0));
        assert_eq!(words(&log.items, "genres", film("100")), ["Sci-Fi"]);
        assert_eq!(words(&log.items, "genres", film("8")).len(), 2);
        let user = place(&log.users, "9");
        assert_eq!(words(&log.users, "gender", user), ["F"]);
        assert_eq!(log.users.attribute("age").unwrap().number(user), Some(35.0));
        assert_eq!(words(&log.users, "occupation", user), ["programmer"]);
        assert_eq!(log.users.attribute("zip").unwrap().text(user), Some("44444"));
        assert_eq!(log.users.title(user), None);
        let names = |of: &Entities| -> Vec<String> {
            of.attributes().iter().map(|it| it.name().to_owned()).collect()
        };
        assert_eq!(names(&log.users), ["gender", "age", "occupation", "zip"]);
        assert_eq!(names(&log.items), ["year", "genres"]);
    }
}

#[test]
fn a_missing_genre_is_no_genre() {
    let log = read("ml-100k", &data().join("fixtures/ml-100k"), &RowPolicy::default()).unwrap();
    assert!(words(&log.items, "genres", 0).is_empty());
    let log = read("recbole", &data().join("fixtures/recbole"), &RowPolicy::default()).unwrap();
    assert!(words(&log.items, "genres", place(&log.items, "20")).is_empty());
}

#[test]
fn a_malformed_row_is_refused_under_every_policy_with_file_and_line() {
    for (line, parts) in [
        (&b"1\t2\t3\t4\n"[..], &["ratings.dat, line 23", "1 fields", "instead of 4", "separator"][..]),
        (b"1::20::x::5\n", &["line 23", "rating \"x\"", "not a number"]),
        (b"1::20::NaN::5\n", &["line 23", "rating \"NaN\"", "not finite"]),
        (b"1::20::inf::5\n", &["line 23", "not finite"]),
        (b"1::20::5::noon\n", &["line 23", "timestamp \"noon\""]),
        (b"1::20::\xE9::5\n", &["line 23", "rating"]),
    ] {
        let folder = with_line("ml-1m", "ratings.dat", line);
        for policy in [RowPolicy::default(), COUNT] {
            assert_says(&read("ml-1m", folder.path(), &policy).unwrap_err().to_string(), parts);
        }
    }
}

#[test]
fn a_wrong_row_is_refused_with_its_remedy() {
    let says = |line: &[u8], parts: &[&str]| assert_says(&refusal("ml-1m", "ratings.dat", line), parts);
    says(b"1::20::9::5\n", &["line 23", "rating \"9\"", "from 1 to 5", "out_of_range = \"count\""]);
    says(b"1::20::4.5::5\n", &["rating \"4.5\"", "in steps of 1"]);
    says(b"77::20::4::5\n", &["line 23", "user id \"77\"", "unknown_ids"]);
    says(b"1::77::4::5\n", &["line 23", "item id \"77\"", "unknown_ids"]);
    says(b"1::8::4::5\n", &["line 23", "repeats", "duplicates = \"count\""]);
}

#[test]
fn a_wrong_row_is_counted_and_dropped_if_the_policy_says_so() {
    let lines = b"1::8::9::5\n77::20::4::5\n1::77::4::5\n1::8::4::5\n2::8::0::5\n";
    let folder = with_line("ml-1m", "ratings.dat", lines);
    let log = read("ml-1m", folder.path(), &COUNT).unwrap();
    let whole = read("ml-1m", &data().join("fixtures/ml-1m"), &RowPolicy::default()).unwrap();
    assert_eq!(log.interactions, whole.interactions);
    let counts = log.counts;
    assert_eq!((counts.rows_read, counts.duplicates_dropped), (27, 1));
    assert_eq!((counts.unknown_dropped, counts.out_of_range_dropped), (2, 2));
}

#[test]
fn utf_8_in_a_latin_1_file_is_refused_or_counted() {
    let line = "6::Pr\u{e9}lude (1990)::Drama\n".as_bytes();
    assert_says(&refusal("ml-1m", "movies.dat", line), &["movies.dat, line 8", "UTF-8", "latin-1"]);
    let folder = with_line("ml-1m", "movies.dat", line);
    assert_eq!(read("ml-1m", folder.path(), &COUNT).unwrap().counts.reencoded, 1);
    let accented = "9::M::25::0::\u{e9}\n".as_bytes();
    assert_says(&refusal("ml-1m", "users.dat", accented), &["users.dat, line 7", "UTF-8"]);
    assert_says(
        &refusal("recbole", "tiny.item", b"f6\tPr\xE9lude\t1990\tDrama\n"),
        &["line 9", "not valid UTF-8"],
    );
}

#[test]
fn a_bad_record_of_a_user_or_an_item_is_refused_with_its_line() {
    let user = |line: &[u8]| refusal("ml-1m", "users.dat", line);
    assert_says(&user(b"8::X::25::0::1\n"), &["users.dat, line 7", "gender \"X\""]);
    assert_says(&user(b"8::F::25::21::1\n"), &["line 7", "occupation \"21\"", "0 to 20"]);
    assert_says(&user(b"8::F::old::2::1\n"), &["line 7", "age \"old\""]);
    assert_says(&user(b"1::F::25::2::1\n"), &["line 7", "id \"1\"", "earlier line"]);
    assert_says(&user(b"8|F|25|2|1\n"), &["line 7", "separator"]);
    assert_says(&refusal("ml-1m", "movies.dat", b"x::A (1990)::War\n"), &["line 8", "movie id \"x\""]);
    let item = |line: &[u8]| refusal("ml-100k", "u.item", line);
    assert_says(&item(b"6|A|||x|0|0|0|0\n"), &["u.item, line 8", "9 fields", "instead of 10"]);
    assert_says(&item(b"6|A|||x|0|0|0|0|2\n"), &["line 8", "genre flag \"2\""]);
    assert_says(&refusal("ml-100k", "u.genre", b"War|9\n"), &["u.genre, line 7", "genre number \"9\""]);
}

#[test]
fn a_missing_member_names_what_was_looked_for_and_what_is_there() {
    let folder = changed("ml-1m", "none", |bytes| bytes);
    std::fs::remove_file(folder.path().join("movies.dat")).unwrap();
    let message = read("ml-1m", folder.path(), &RowPolicy::default()).unwrap_err().to_string();
    assert_says(&message, &["movies.dat", "ratings.dat, users.dat"]);
    let message = read("recbole", folder.path(), &RowPolicy::default()).unwrap_err().to_string();
    assert_says(&message, &["*.inter", "users.dat"]);
}

#[test]
fn a_missing_column_names_the_columns_that_are_there() {
    let replace = |from: &'static str, to: &'static str| {
        let folder = changed("recbole", "tiny.inter", |bytes| {
            String::from_utf8(bytes).unwrap().replacen(from, to, 1).into_bytes()
        });
        read("recbole", folder.path(), &RowPolicy::default())
    };
    let message = replace("rating:float", "stars:float").unwrap_err().to_string();
    assert_says(&message, &["tiny.inter", "rating:float", "stars:float", "timestamp:float"]);
    assert_says(
        &replace("rating:float", "rating:token").unwrap_err().to_string(),
        &["no column rating:float"],
    );
    assert_says(&replace("rating:float", "rating:word").unwrap_err().to_string(), &["line 1", "rating:word"]);
    assert_says(&refusal("recbole", "tiny.inter", b"1\t2\n"), &["line 24", "2 fields", "instead of 5"]);
}

#[test]
fn a_file_without_times_numbers_its_rows_and_needs_no_other_table() {
    let folder = tempfile::tempdir().unwrap();
    let text = "item_id:token\tuser_id:token\trating:float\nb\t2\t4.5\na\t1\t3\nb\t1\t1\n";
    std::fs::write(folder.path().join("x.inter"), text).unwrap();
    let log = read("recbole", folder.path(), &RowPolicy::default()).unwrap();
    assert!(!log.has_time);
    let rows: Vec<_> =
        log.interactions.iter().map(|it| (it.user.0, it.item.0, it.rating, it.timestamp)).collect();
    assert_eq!(rows, [(1, 1, 4.5, 0), (0, 0, 3.0, 1), (0, 1, 1.0, 2)]);
    assert_eq!((log.items.id(0), log.items.title(0)), ("a", None));
}

#[test]
fn an_archive_without_a_row_is_refused() {
    let folder = changed("ml-1m", "ratings.dat", |_| Vec::new());
    let message = read("ml-1m", folder.path(), &RowPolicy::default()).unwrap_err().to_string();
    assert_says(&message, &["ml-1m", "no usable rating"]);
}

#[test]
fn the_wheel_of_the_registered_package_stands_in_for_the_archive() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("recbole/dataset_example/ml-100k");
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(folder.path().join("recbole/other.inter"), "not read").unwrap();
    for kind in ["inter", "user", "item"] {
        let from = data().join(format!("fixtures/recbole/tiny.{kind}"));
        std::fs::copy(from, place.join(format!("ml-100k.{kind}"))).unwrap();
    }
    let log = read("ml-100k", folder.path(), &RowPolicy::default()).unwrap();
    assert_eq!(log.interactions.len(), 22);
}

#[test]
fn the_synthetic_set_comes_in_by_the_same_door() {
    let log =
        read_raw(&spec("synthetic"), &RawSource::Generator, &RowPolicy::default(), &mut NoProgress).unwrap();
    assert_eq!((log.dataset.as_str(), log.users.len()), ("synthetic", 600));
    let config = spec("synthetic").synthetic.unwrap();
    assert_eq!(config, drr_data::SyntheticConfig::standard());
    let refused = read_raw(&spec("ml-1m"), &RawSource::Generator, &RowPolicy::default(), &mut NoProgress);
    let error = refused.unwrap_err().to_string();
    assert!(error.contains("\"ml-1m\"") && error.contains("needs an archive"), "{error}");
}

proptest! {
    #[test]
    fn written_ratings_are_read_again(
        rows in prop::collection::btree_map((0_u32..40, 0_u32..40), (1_u8..6, 0_i64..2_000_000_000), 1..60),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let users: String = (0..40).map(|id| format!("{id}::F::25::0::1\n")).collect();
        let movies: String = (0..40).map(|id| format!("{id}::Film {id} (1990)::Drama\n")).collect();
        let ratings: String =
            rows.iter().map(|((user, item), (rating, time))| format!("{user}::{item}::{rating}::{time}\n")).collect();
        for (file, text) in [("users.dat", users), ("movies.dat", movies), ("ratings.dat", ratings)] {
            std::fs::write(folder.path().join(file), text).unwrap();
        }
        let log = read("ml-1m", folder.path(), &RowPolicy::default()).unwrap();
        let again: Vec<_> = log.interactions.iter().map(|it| {
            let id = |text: &str| text.parse::<u32>().unwrap();
            let pair = (id(log.users.id(it.user.index())), id(log.items.id(it.item.index())));
            (pair, (it.rating as u8, it.timestamp))
        }).collect();
        prop_assert_eq!(again, rows.into_iter().collect::<Vec<_>>());
    }
}
