//! Columns that no registry names become attributes.

use drr_data::{AttributeKind, DataError, NoProgress, RawLog, RawSource, Registry, RowPolicy, read_raw};
use drr_data::{DatasetSpec, RawFormat};
use std::path::Path;

/// Atomic files of jobs, whose columns the registry does not name.
fn jobs(items: &str) -> Result<RawLog, DataError> {
    let folder = tempfile::tempdir().unwrap();
    let rows = "user_id:token\titem_id:token\trating:float\nann\tj2\t4\nbob\tj1\t2\n";
    std::fs::write(folder.path().join("x.inter"), rows).unwrap();
    std::fs::write(folder.path().join("x.item"), items).unwrap();
    let registry = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/registry");
    let spec = Registry::new(registry).load("ml-100k").unwrap();
    let spec = DatasetSpec { format: RawFormat::RecBole, python_package: None, ..spec };
    let source = RawSource::Archive(folder.path().to_owned());
    read_raw(&spec, &source, &RowPolicy::default(), &mut NoProgress)
}

const JOBS: &str = "city:token\titem_id:token\tskills:token_seq\tpay:float\tvector:float_seq\tindex:token\n\
    New York\tj1\tsql  rust sql\t12.5\t0.5 -1\ta\n\tj2\t\tnan\t\t\nLeeds\tj3\tgo\t1\t\tb\n";

fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}

#[test]
fn every_further_column_is_an_attribute_of_its_type_and_no_title_is_made_up() {
    let log = jobs(JOBS).unwrap();
    let kinds: Vec<_> = log.items.attributes().iter().map(|it| (it.name(), it.kind())).collect();
    let expected = [
        ("city", AttributeKind::Category),
        ("skills", AttributeKind::Categories),
        ("pay", AttributeKind::Number),
        ("vector", AttributeKind::Text),
        ("index", AttributeKind::Category),
    ];
    assert_eq!(kinds, expected);
    assert_eq!((log.items.ids(), log.items.title(0)), (&["j1".to_owned(), "j2".to_owned()][..], None));
    let of = |name: &str| log.items.attribute(name).unwrap();
    assert_eq!(of("city").words(0).collect::<Vec<_>>(), ["New York"]);
    assert_eq!(of("skills").words(0).collect::<Vec<_>>(), ["sql", "rust"]);
    assert_eq!((of("pay").number(0), of("vector").text(0)), (Some(12.5), Some("0.5 -1")));
    assert!(log.items.attributes().iter().all(|it| !it.is_known(1)));
    assert_eq!(log.users.attributes().iter().count(), 0);
}

#[test]
fn a_column_that_cannot_be_an_attribute_is_refused_with_its_line() {
    let message = |from: &str, to: &str| jobs(&JOBS.replacen(from, to, 1)).unwrap_err().to_string();
    assert_says(&message("12.5", "much"), &["x.item, line 2", "\"much\"", "\"pay\"", "type token"]);
    assert_says(&message("12.5", "inf"), &["line 2", "no finite number"]);
    assert_says(&message("pay:float", "city:float"), &["line 1", "city:float", "stands twice", "rename"]);
    assert_says(&message("pay:float", ":float"), &["line 1", "not of the form name:type"]);
    let twice = JOBS.replacen("city:token", "class:token_seq", 1).replacen("index:token", "genres:token", 1);
    let twice = jobs(&twice).unwrap_err().to_string();
    assert_says(&twice, &["line 1", "\"genres\"", "the column \"class\"", "rename"]);
}

#[test]
fn a_year_leaves_the_title_only_where_the_file_has_a_column_of_years() {
    let with = |header: &str, row: &str| {
        jobs(&format!("item_id:token\tmovie_title:token_seq{header}\nj1\tFoo (1999){row}\nj2\t{row}\n"))
    };
    let plain = with("", "").unwrap();
    assert_eq!((plain.items.title(0), plain.items.title(1)), (Some("Foo (1999)"), None));
    assert!(plain.items.attribute("year").is_none());
    let split = with("\trelease_year:token", "\t").unwrap();
    assert_eq!(split.items.title(0), Some("Foo"));
    assert_eq!(split.items.attribute("year").unwrap().number(0), Some(1999.0));
}
