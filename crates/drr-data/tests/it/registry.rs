//! Every data set of the registry is read from a made-up archive in its layout, and the documents list them all.

mod films;
mod others;
mod sample;

use drr_data::{
    DataError, Dataset, DatasetSpec, Fetched, NoProgress, RawFormat, RawSource, Registry, RowPolicy,
    SourceNote, SplitConfig, fetch, ingest, read_raw, supplied,
};
use sample::{N_ITEMS, N_USERS, Said, Sample};
use std::path::{Path, PathBuf};

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn registry() -> Registry {
    Registry::new(project().join("data/registry"))
}

/// The made-up log of a data set in any layout.
fn sample(name: &str) -> Option<Sample> {
    Some(match name {
        "ml-10m" => films::movielens_10m(),
        "ml-20m" => films::movielens_csv("ml-20m/"),
        "ml-25m" => films::movielens_csv("ml-25m/"),
        "ml-32m" => films::movielens_csv("ml-32m/"),
        "ml-latest" => films::movielens_csv("ml-latest/"),
        "ml-latest-small" => films::movielens_csv("ml-latest-small/"),
        "movietweetings" => films::tweets(&["latest/ratings.dat"], true),
        "movietweetings-100k" => films::tweets(&["snapshots/100K/ratings.dat"], false),
        "book-crossing" => films::book_crossing(),
        "goodbooks-10k" => films::goodbooks(),
        "lastfm-hetrec2011" => films::lastfm(),
        "yahoo-r3" => films::yahoo(),
        "jester-1" => films::jester_1(),
        "jester-2" => films::jester_2(),
        "amazon-2014-musical-instruments" => others::amazon_2014_reviews(),
        "amazon-2014-musical-instruments-ratings" => others::amazon_2014_ratings(),
        "amazon-2018-musical-instruments" => others::amazon_2018(),
        "amazon-2023-musical-instruments" | "amazon-2023-musical-instruments-0core" => others::amazon_2023(),
        "restaurant-consumer" => others::restaurants(),
        "yelp" => others::yelp(),
        "job-views" => others::job_views(),
        "jth" => others::jth(),
        "xing-2016" => others::xing(false),
        "xing-2017" => others::xing(true),
        "kuairec" => others::kuairec(),
        "kuairand-pure" => others::kuairand(),
        "coat" => others::coat(),
        _ => return None,
    })
}

/// The data set as it stands after ingestion, and how many rows were read.
fn ingested(spec: &DatasetSpec, fetched: &Fetched, folder: &Path) -> Dataset {
    let raw = read_raw(spec, &fetched.source, &RowPolicy::default(), &mut NoProgress)
        .unwrap_or_else(|error| panic!("{}: {error}", spec.name));
    let note = SourceNote { checksum: fetched.checksum.clone(), ..SourceNote::default() };
    let dir = ingest(&raw, &SplitConfig::default(), folder, note).unwrap();
    Dataset::open(&dir.path).unwrap()
}

/// What a data set says of an item.
fn said(dataset: &Dataset, id: &str) -> Said {
    let item = dataset.item(id).unwrap();
    Said {
        title: dataset.item_title(item).map(str::to_owned),
        year: dataset.items().attribute("year").and_then(|it| it.number(item.index())),
        categories: dataset.item_categories(item).map(str::to_owned).collect(),
    }
}

fn assert_as_made_up(name: &str, sample: &Sample, dataset: &Dataset) {
    let manifest = dataset.manifest();
    let expected = sample.expected();
    let is_all = |n: u64, wanted: usize| n == wanted as u64;
    assert!(is_all(manifest.counts.rows_read, Sample::n_rows()), "{name}: {:?}", manifest.counts);
    assert!(is_all(manifest.n_users, N_USERS) && is_all(manifest.n_items, N_ITEMS), "{name}: {manifest:?}");
    assert!(is_all(manifest.n_ratings, expected.len()), "{name}: {}", manifest.n_ratings);
    assert_eq!((manifest.rating_scale, manifest.has_time), (sample.scale, sample.time.is_some()), "{name}");
    for (row, wanted) in dataset.interactions().iter().zip(&expected) {
        let ids = (dataset.user_id(row.user).to_owned(), dataset.item_id(row.item).to_owned());
        let (rating, time) = (row.rating, if name == "jth" { wanted.3 } else { row.timestamp });
        assert_eq!(&(ids.0, ids.1, rating, time), wanted, "{name}");
        // Of days alone the second is midnight.
        assert!(name != "jth" || row.timestamp == wanted.3 - wanted.3.rem_euclid(86_400), "{name}: {row:?}");
    }
    for at in 0..N_ITEMS {
        let id = (sample.item)(at);
        assert_eq!(said(dataset, &id), (sample.said)(at), "{name}, item {id}");
    }
}

#[test]
fn every_registered_data_set_is_read_from_a_made_up_archive_in_its_layout() {
    for name in registry().names().unwrap() {
        let spec = registry().load(&name).unwrap();
        let folder = tempfile::tempdir().unwrap();
        if spec.format != RawFormat::Layout {
            // The other formats have samples in `data/fixtures`, and a generator.
            let is_made_up =
                spec.format == RawFormat::Synthetic || project().join("data/fixtures").join(&name).is_dir();
            assert!(is_made_up, "{name} has no sample in data/fixtures");
            continue;
        }
        let sample = sample(&name).unwrap_or_else(|| panic!("{name} has no made-up sample here"));
        let archive = spec.archive.clone().unwrap();
        let path = sample.write(folder.path(), &archive);
        let kept = fetch(&spec, folder.path(), &mut NoProgress).unwrap();
        assert_eq!(kept.source, RawSource::Archive(path.clone()), "{name}");
        let dataset = ingested(&spec, &kept, &folder.path().join("kept"));
        assert_as_made_up(&name, &sample, &dataset);
        let given = supplied(&spec, &path).unwrap();
        assert_eq!(
            ingested(&spec, &given, &folder.path().join("given")).manifest().hash,
            dataset.manifest().hash
        );
    }
}

#[test]
fn every_registered_data_set_says_what_a_person_must_know() {
    for name in registry().names().unwrap() {
        let spec = registry().load(&name).unwrap();
        let is_had =
            !spec.addresses.is_empty() || spec.bring.is_some() || spec.format == RawFormat::Synthetic;
        assert!(is_had, "{name} has neither an address nor a word on where to get it");
        assert!(!spec.licence.is_empty() && !spec.citation.is_empty() && !spec.domain.is_empty(), "{name}");
        assert!(spec.homepage.as_ref().is_none_or(|it| it.starts_with("https://")), "{name}");
    }
}

#[test]
fn only_data_sets_of_one_address_share_an_archive() {
    let mut known: Vec<(String, Vec<String>)> = Vec::new();
    for name in registry().names().unwrap() {
        let spec = registry().load(&name).unwrap();
        let Some(archive) = spec.archive else { continue };
        for (_, addresses) in known.iter().filter(|it| it.0 == archive) {
            assert!(!addresses.is_empty() && *addresses == spec.addresses, "{name}: {archive}");
        }
        known.push((archive, spec.addresses));
    }
    assert!(known.len() > N_USERS);
}

#[test]
fn what_a_person_must_bring_is_said_and_taken_from_any_place() {
    let folder = tempfile::tempdir().unwrap();
    let spec = registry().load("yelp").unwrap();
    let message = fetch(&spec, folder.path(), &mut NoProgress).unwrap_err().to_string();
    let place = folder.path().join("yelp_dataset").display().to_string();
    for part in ["\"yelp\" is not fetched", "business.yelp.com", "--dataset yelp --archive PATH", &place] {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
    let sample = others::yelp();
    let path = sample.write(folder.path(), "elsewhere");
    let dataset = ingested(&spec, &supplied(&spec, &path).unwrap(), &folder.path().join("out"));
    assert_as_made_up("yelp", &sample, &dataset);
}

#[test]
fn a_log_that_lacks_a_table_or_has_an_unlisted_value_is_refused_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str, path: &Path| -> Result<(), DataError> {
        let spec = registry().load(name).unwrap();
        let source = RawSource::Archive(path.to_owned());
        read_raw(&spec, &source, &RowPolicy::default(), &mut NoProgress).map(|_| ())
    };
    let ratings = folder.path().join("ratings.csv");
    std::fs::write(&ratings, "userId,movieId,rating,timestamp\n1,2,3.5,1500000000\n").unwrap();
    let message = read("ml-25m", &ratings).unwrap_err().to_string();
    assert!(message.contains("movies.csv") && message.contains("name the folder"), "{message}");
    let xing = folder.path().join("xing");
    std::fs::create_dir(&xing).unwrap();
    let log = "user_id\titem_id\tinteraction_type\tcreated_at\n1\t2\t7\t1500000000\n";
    std::fs::write(xing.join("interactions.csv"), log).unwrap();
    std::fs::write(xing.join("items.csv"), "id\tindustry_id\n2\t5\n").unwrap();
    let message = read("xing-2016", &xing).unwrap_err().to_string();
    for part in ["interactions.csv", "line 2", "7", "none of 1, 2, 3, 4", "no_value"] {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
}

#[test]
fn packed_files_and_files_without_their_folder_are_found_by_the_names_of_an_entry() {
    let folder = tempfile::tempdir().unwrap();
    let sample = films::tweets(&["snapshots/100K/ratings.dat"], false);
    let whole = sample.write(folder.path(), "whole.zip");
    let spec = registry().load("movietweetings-100k").unwrap();
    let dataset = ingested(&spec, &supplied(&spec, &whole).unwrap(), &folder.path().join("out"));
    let mut zip = zip::ZipArchive::new(std::fs::File::open(&whole).unwrap()).unwrap();
    let loose = folder.path().join("loose");
    std::fs::create_dir(&loose).unwrap();
    for name in ["ratings.dat", "movies.dat"] {
        let mut member = zip.by_name(&format!("MovieTweetings-master/snapshots/100K/{name}")).unwrap();
        let file = std::fs::File::create(loose.join(format!("{name}.gz"))).unwrap();
        let mut packer = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        std::io::copy(&mut member, &mut packer).unwrap();
        packer.finish().unwrap();
    }
    let again = ingested(&spec, &supplied(&spec, &loose).unwrap(), &folder.path().join("out"));
    assert_eq!(again.manifest().hash, dataset.manifest().hash);
}

#[test]
fn a_video_that_was_watched_again_counts_by_the_mean_of_its_shares() {
    let folder = tempfile::tempdir().unwrap();
    let rows = "user_id,video_id,timestamp,watch_ratio\n1,2,1500000000.5,1.0\n1,3,1500000001,1.9\n1,2,1500000002.5,3.0\n";
    std::fs::write(folder.path().join("big_matrix.csv"), rows).unwrap();
    std::fs::write(folder.path().join("item_categories.csv"), "video_id,feat\n2,[7]\n3,[8]\n").unwrap();
    let spec = registry().load("kuairec").unwrap();
    let source = RawSource::Archive(folder.path().to_owned());
    let log = read_raw(&spec, &source, &RowPolicy::default(), &mut NoProgress).unwrap();
    let rows: Vec<_> = log.interactions.iter().map(|it| (log.items.id(it.item.index()), it.rating)).collect();
    assert_eq!((rows, log.counts.duplicates_dropped), (vec![("3", 0.0), ("2", 1.0)], 1));
}

#[test]
fn what_is_said_of_unrated_items_alone_makes_no_attribute() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("user_artists.dat"), "userID\tartistID\tweight\n1\t2\t9\n").unwrap();
    let artists = "id\tname\turl\tpictureURL\n2\tThe Made-Up\t\t\n3\tOdd (1984)\t\t\n";
    std::fs::write(folder.path().join("artists.dat"), artists).unwrap();
    let spec = registry().load("lastfm-hetrec2011").unwrap();
    let source = RawSource::Archive(folder.path().to_owned());
    let log = read_raw(&spec, &source, &RowPolicy::default(), &mut NoProgress).unwrap();
    assert_eq!((log.items.title(0), log.items.attributes().iter().count()), (Some("The Made-Up"), 0));
}

/// The row of a data set in the documents.
fn documented(spec: &DatasetSpec) -> String {
    let had = match (spec.format, &spec.bring) {
        (RawFormat::Synthetic, _) => "made",
        (_, Some(_)) => "brought",
        (_, None) => "fetched",
    };
    let checksum = match (&spec.sha256, &spec.md5) {
        _ if had == "made" => "-",
        (Some(_), Some(_)) => "SHA-256 and MD5",
        (Some(_), None) => "SHA-256",
        (None, Some(_)) => "MD5",
        (None, None) => "pinned",
    };
    let format = toml::Value::try_from(spec.format).unwrap();
    let licence = spec.licence.split(" (").next().unwrap_or_default();
    let (name, domain, format) = (&spec.name, &spec.domain, format.as_str().unwrap());
    format!("| `{name}` | {domain} | `{format}` | {licence} | {had} | {checksum} |")
}

#[test]
fn the_documents_list_exactly_the_registered_data_sets() {
    let page = std::fs::read_to_string(project().join("docs/data.md")).unwrap();
    let begun = page.split("| data set | domain | format |").nth(1).unwrap();
    let listed: Vec<&str> = begun.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    let rows: Vec<String> =
        registry().names().unwrap().iter().map(|name| documented(&registry().load(name).unwrap())).collect();
    assert_eq!(listed, rows);
}
