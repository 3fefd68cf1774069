//! Ingested data sets: round trips, damage, and what is said about it.

use drr_core::{Interaction, ItemIdx, Part, PartSet, UserIdx};
use drr_data::{
    AttributeKind, AttributeValue, AttributesBuilder, DataError, Dataset, DatasetDir, Entities, Manifest,
    Protocol, RawLog, RowCounts, SourceNote, SplitConfig, describe, find_ingested, ingest,
};
use proptest::prelude::*;
use std::fs;
use std::path::Path;

/// Ten users with ids 101 .. 110 who rate six items, one item a minute, each with two ratings in one second.
fn toy() -> RawLog {
    let mut users = AttributesBuilder::new([("gender", AttributeKind::Category)]).unwrap();
    (0..10).for_each(|_| users.push(&[AttributeValue::Category("F")]).unwrap());
    let users = Entities::untitled((101..=110).map(|id: u32| id.to_string()).collect(), users.finish());
    let items = films(["genres", "year"], |at| format!("Film {at}"), 1990.0);
    let mut interactions = Vec::new();
    for user in 0..10_u32 {
        for (item, time) in [(0_u32, 0_i64), (1, 60), (2, 60), ((user % 3) + 3, 180)] {
            interactions.push(Interaction {
                user: UserIdx(user),
                item: ItemIdx(item),
                rating: ((user + item) % 5 + 1) as f32,
                timestamp: i64::from(user) * 1_000 + time,
            });
        }
    }
    RawLog {
        dataset: "toy".to_owned(),
        users,
        items,
        cold_items: Entities::default(),
        interactions,
        counts: RowCounts { rows_read: 40, ..RowCounts::default() },
        rating_scale: (1.0, 5.0),
        has_time: true,
    }
}

/// Six films with ids 0, 10 .. 50, the first two of one genre, a year apart, with attributes of these names.
fn films(names: [&str; 2], title: impl Fn(usize) -> String, first_year: f64) -> Entities {
    let [genres, year] = names;
    let kinds = [(genres, AttributeKind::Categories), (year, AttributeKind::Number)];
    let mut films = AttributesBuilder::new(kinds).unwrap();
    for at in 0..6 {
        let genres = if at < 2 { vec!["Drama"] } else { vec!["Drama", "War"] };
        let year = AttributeValue::Number(first_year + f64::from(at));
        films.push(&[AttributeValue::Categories(genres), year]).unwrap();
    }
    let ids = (0..6).map(|at| (at * 10).to_string()).collect();
    Entities::new(ids, (0..6).map(|at| Some(title(at).into())).collect(), films.finish())
}

fn source() -> SourceNote {
    SourceNote {
        archive: "toy.zip".to_owned(),
        reason: "a toy for tests".to_owned(),
        ..SourceNote::default()
    }
}

fn ingested(raw: &RawLog, folder: &Path) -> DatasetDir {
    ingest(raw, &SplitConfig::default(), folder, source()).unwrap()
}

fn refusal_of(dir: &Path) -> String {
    Dataset::open(dir).unwrap_err().to_string()
}

#[test]
fn a_data_set_comes_back_as_it_was_ingested() {
    let folder = tempfile::tempdir().unwrap();
    let raw = toy();
    let dir = ingested(&raw, folder.path());
    assert_eq!(dir.path, folder.path().join("toy").join(&dir.hash[..16]));
    let dataset = Dataset::open(&dir.path).unwrap();
    assert_eq!(dataset.users(), &raw.users);
    assert_eq!(dataset.items(), &raw.items);
    assert_eq!(dataset.interactions(), raw.interactions);
    assert_eq!(dataset.manifest().counts, raw.counts);
    assert_eq!(dataset.manifest().source, source());
    let fresh = Dataset::from_raw(&raw, &SplitConfig::default(), source()).unwrap();
    for protocol in [Protocol::FirstRatings, Protocol::Temporal] {
        assert_eq!(dataset.parts(protocol).unwrap(), fresh.parts(protocol).unwrap());
        assert_eq!(dataset.split_hash(protocol).unwrap(), fresh.split_hash(protocol).unwrap());
    }
}

#[test]
fn a_stored_data_set_names_its_splits_by_keys_which_outlive_the_names_of_protocols() {
    let folder = tempfile::tempdir().unwrap();
    let dir = ingested(&toy(), folder.path());
    let text = fs::read_to_string(dir.path.join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    let splits = manifest["splits"].as_object().unwrap();
    assert!(splits.contains_key("seed") && !splits.contains_key("first_ratings"), "{text}");
    assert_eq!(splits["seed"]["train_rows"], 24);
    // Six users of four ratings each, read by the name that the protocol has now.
    let read = Manifest::read(&dir.path).unwrap();
    assert_eq!(read.splits[&Protocol::FirstRatings].train_rows, 24);
}

#[test]
fn original_ids_lead_to_indices_and_back() {
    let dataset = Dataset::from_raw(&toy(), &SplitConfig::default(), source()).unwrap();
    assert_eq!(dataset.user("103"), Some(UserIdx(2)));
    assert_eq!(dataset.user_id(UserIdx(2)), "103");
    assert_eq!(dataset.item("50"), Some(ItemIdx(5)));
    assert_eq!(dataset.item_id(ItemIdx(5)), "50");
    assert_eq!(dataset.item_title(ItemIdx(5)), Some("Film 5"));
    assert_eq!(dataset.item_name(ItemIdx(5)), "Film 5 (1995)");
    assert_eq!((dataset.user("3"), dataset.item("x")), (None, None));
}

#[test]
fn a_log_holds_its_parts_alone_and_knows_them() {
    let dataset = Dataset::from_raw(&toy(), &SplitConfig::default(), source()).unwrap();
    let train = dataset.log(Protocol::FirstRatings, &PartSet::train()).unwrap();
    // floor(.64 * 10) = 6 users of four ratings each.
    assert_eq!(train.len(), 24);
    assert_eq!(train.active_users().count(), 6);
    assert_eq!(train.origin().split, dataset.split_hash(Protocol::FirstRatings).unwrap());
    assert_eq!(train.origin().parts, PartSet::train());
    let test = dataset.log(Protocol::Temporal, &[Part::Test].into_iter().collect()).unwrap();
    assert_eq!(test.len(), 8);
    assert_ne!(test.origin().split, train.origin().split);
    // Items 1 and 2 share a second: the order of the file decides.
    assert_eq!(train.of_user(UserIdx(0)).items[..3], [ItemIdx(0), ItemIdx(1), ItemIdx(2)]);
    assert_eq!(dataset.full_log().unwrap().len(), 40);
}

#[test]
fn a_data_set_without_times_has_no_temporal_split_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let dir = ingested(&RawLog { has_time: false, ..toy() }, folder.path());
    let dataset = Dataset::open(&dir.path).unwrap();
    assert!(dataset.parts(Protocol::FirstRatings).is_ok());
    let error = dataset.log(Protocol::Temporal, &PartSet::train()).unwrap_err();
    assert!(matches!(error, DataError::NoTime { .. }), "{error}");
    assert!(describe(&dataset).unwrap().time_span.is_none());
}

#[test]
fn the_folder_depends_on_content_and_split_and_a_second_ingest_replaces_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let first = ingested(&toy(), folder.path());
    fs::write(first.path.join("users.parquet"), "damaged").unwrap();
    assert_eq!(ingested(&toy(), folder.path()), first);
    assert!(Dataset::open(&first.path).is_ok());
    let wider = SplitConfig { test_fraction_users: 0.4, ..SplitConfig::default() };
    assert_ne!(ingest(&toy(), &wider, folder.path(), source()).unwrap().hash, first.hash);
    let others = [
        films(["genres", "year"], |at| format!("Film {at}!"), 1990.0),
        films(["genres", "year"], |at| format!("Film {at}"), 1990.5),
        films(["genres", "released"], |at| format!("Film {at}"), 1990.0),
    ];
    for items in others {
        assert_ne!(ingested(&RawLog { items, ..toy() }, folder.path()).hash, first.hash);
    }
    let names = fs::read_dir(folder.path().join("toy")).unwrap();
    assert_eq!(names.count(), 5, "nothing partial stays");
}

#[test]
fn nothing_and_an_empty_word_are_two_data_sets_and_so_are_two_kinds() {
    let with = |kind, value: AttributeValue<'_>| {
        let mut users = AttributesBuilder::new([("town", kind)]).unwrap();
        (0..10).for_each(|_| users.push(std::slice::from_ref(&value)).unwrap());
        let users = Entities::untitled(toy().users.ids().to_vec(), users.finish());
        let raw = RawLog { users, ..toy() };
        Dataset::from_raw(&raw, &SplitConfig::default(), source()).unwrap().manifest().hash.clone()
    };
    let hashes: std::collections::BTreeSet<String> = [
        with(AttributeKind::Category, AttributeValue::Missing),
        with(AttributeKind::Category, AttributeValue::Category("")),
        with(AttributeKind::Text, AttributeValue::Text("")),
        with(AttributeKind::Categories, AttributeValue::Missing),
        with(AttributeKind::Number, AttributeValue::Missing),
        with(AttributeKind::Number, AttributeValue::Number(0.0)),
        with(AttributeKind::Number, AttributeValue::Number(-0.0)),
    ]
    .into();
    assert_eq!(hashes.len(), 7);
}

#[test]
fn another_attribute_is_chosen_for_categories_by_its_name() {
    let mut dataset = Dataset::from_raw(&toy(), &SplitConfig::default(), source()).unwrap();
    let named = |dataset: &Dataset| dataset.categories().map(|it| it.name().to_owned());
    assert_eq!(named(&dataset).as_deref(), Some("genres"));
    assert_eq!(dataset.item_categories(ItemIdx(2)).collect::<Vec<_>>(), ["Drama", "War"]);
    let error = dataset.choose_categories(Some("mood")).unwrap_err().to_string();
    assert!(error.contains("\"mood\"") && error.contains("to \"genres\""), "{error}");
    assert_eq!(named(&dataset).as_deref(), Some("genres"), "a refused name changes nothing");
    dataset.choose_categories(None).unwrap();
    assert_eq!(named(&dataset).as_deref(), Some("genres"));
}

#[test]
fn an_ingested_data_set_is_found_by_its_manifest() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(find_ingested(folder.path(), "toy", |_| true).unwrap(), None);
    let dir = ingested(&toy(), folder.path());
    let found = find_ingested(folder.path(), "toy", |it| it.source.archive == "toy.zip").unwrap();
    assert_eq!(found, Some(dir));
    assert_eq!(find_ingested(folder.path(), "toy", |it| it.source.archive == "other.zip").unwrap(), None);
}

#[test]
fn a_row_beyond_the_tables_is_not_ingested() {
    let mut raw = toy();
    raw.interactions[7].item = ItemIdx(6);
    let error = Dataset::from_raw(&raw, &SplitConfig::default(), source()).unwrap_err().to_string();
    assert!(error.contains("row 7"), "{error}");
}

#[test]
fn a_missing_a_changed_and_a_truncated_file_are_refused_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let dir = ingested(&toy(), folder.path()).path;
    let file = dir.join("interactions.parquet");
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    let truncated = refusal_of(&dir);
    assert!(truncated.contains("interactions.parquet") && truncated.contains("--force"), "{truncated}");
    fs::remove_file(&file).unwrap();
    assert!(refusal_of(&dir).contains("interactions.parquet"));
    fs::remove_file(dir.join("manifest.json")).unwrap();
    assert!(matches!(Dataset::open(&dir), Err(DataError::NotIngested { .. })));
}

#[test]
fn a_manifest_of_another_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let dir = ingested(&toy(), folder.path()).path;
    let path = dir.join("manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace(&format!("\"format\": {}", drr_data::FORMAT), "\"format\": 999")).unwrap();
    assert!(refusal_of(&dir).contains("format 999"));
    fs::write(&path, text.replace(&format!("\"format\": {}", drr_data::FORMAT), "\"format\": 3")).unwrap();
    let older = refusal_of(&dir);
    assert!(
        older.contains("format 3") && older.contains("drr ingest") && older.contains("--force"),
        "{older}"
    );
    fs::write(&path, text.replace("\"has_time\": true", "\"has_time\": false")).unwrap();
    assert!(refusal_of(&dir).contains("digest"));
    fs::write(&path, text.replace("\"n_users\"", "\"users\"")).unwrap();
    assert!(refusal_of(&dir).contains("digest"));
    assert!(Manifest::read(&dir).is_err());
}

#[test]
fn a_description_is_counted_by_hand() {
    let dataset = Dataset::from_raw(&toy(), &SplitConfig::default(), source()).unwrap();
    let it = describe(&dataset).unwrap();
    assert_eq!((it.n_users, it.n_items, it.n_ratings), (10, 6, 40));
    assert!((it.density - 40.0 / 60.0).abs() < 1e-12);
    // Two of each user's four ratings share a second.
    assert_eq!(it.shared_second, Some(0.5));
    assert_eq!((it.ratings_per_user.min, it.ratings_per_user.max), (4.0, 4.0));
    // Items 0 to 2 have ten ratings; 3, 4 and 5 have four, three and three.
    assert_eq!((it.ratings_per_item.min, it.ratings_per_item.median), (3.0, 7.0));
    let [genres, year] = it.item_attributes.as_slice() else { panic!("two attributes") };
    let words: Vec<_> = genres.words.iter().map(|it| (it.word.as_str(), it.n, it.n_ratings)).collect();
    assert_eq!(words, [("Drama", 6, 40), ("War", 4, 20)]);
    assert_eq!((genres.n_known, genres.n_different, genres.numbers), (6, 2, None));
    let years = year.numbers.unwrap();
    let quantiles = (years.min, years.lower_quartile, years.median, years.max);
    assert_eq!(quantiles, (1990.0, 1991.25, 1992.5, 1995.0));
    assert_eq!((year.name.as_str(), year.n_different, year.words.len()), ("year", 6, 0));
    let gender = &it.user_attributes[0].words[0];
    assert_eq!((gender.word.as_str(), gender.n, gender.n_ratings), ("F", 10, 40));
    assert_eq!(it.rating_histogram.iter().map(|it| it.count).sum::<usize>(), 40);
    assert_eq!(it.time_span.as_ref().unwrap().last_date, "1970-01-01");
    assert_eq!(it.streaks.len(), 20);
    let text = it.to_text();
    assert!(text.starts_with("toy: 10 users, 6 items, 40 ratings (density 66.67 %"), "{text}");
    assert!(text.contains("50.00 % of the ratings share"), "{text}");
    assert!(text.contains("genres (categories): known of 6 of 6 items, 2 words"), "{text}");
    assert!(text.contains("min 1990, 25 % 1991.25, median 1992.5"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn one_flipped_bit_anywhere_in_a_table_is_noticed(
        name in prop::sample::select(vec!["users", "items", "interactions", "split"]),
        place in 0.0_f64..1.0,
        bit in 0_u32..8,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let dir = ingested(&toy(), folder.path()).path;
        let file = dir.join(format!("{name}.parquet"));
        let mut bytes = fs::read(&file).unwrap();
        let at = (place * bytes.len() as f64) as usize;
        bytes[at] ^= 1 << bit;
        fs::write(&file, bytes).unwrap();
        let refused = matches!(Dataset::open(&dir), Err(DataError::ChangedFile { .. }));
        prop_assert!(refused);
    }
}
