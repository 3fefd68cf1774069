//! A log of one's own becomes a checked log: its attributes, its rules, what is left out.

use drr_data::{
    AttributeKind, ColumnNames, Core, DataError, DatasetSpec, NoProgress, OwnRules, RawFormat, RawLog,
    RawSource, RowPolicy, Zeros, read_raw,
};
use drr_intake::{Asked, guess};
use std::path::Path;

/// Seven applications, and as many more by others as it takes to see what follows from the job.
fn jobs() -> String {
    let mut text = "applicant_id,job_id,title,city,salary,skills,applied_at\n".to_owned();
    let job = |job: &str| match job {
        "01" => "01,Cook,York,21000.5,grill|bake",
        "02" => "02,Nurse,Bath,30000,care",
        "03" => "03,Clerk,York,,type|file",
        _ => "04,Baker,Bath,19000,bake",
    };
    for (applicant, id, day) in [
        ("a1", "01", "2024-01-01"),
        ("a2", "01", "2024-01-02"),
        ("a1", "02", "2024-01-05"),
        ("a3", "02", "2024-02-01"),
        ("a2", "03", "2024-02-03"),
        ("a3", "03", "2024-02-04"),
        ("a1", "04", "2024-03-01"),
    ] {
        text += &format!("{applicant},{},{day}\n", job(id));
    }
    for at in 0..20 {
        text += &format!("b{at},{},2024-05-{:02}\n", job(["01", "02", "03", "04"][at % 4]), at + 1);
    }
    text
}

const PEOPLE: &str =
    "applicant_id,level,born\na1,senior,1980\na2,junior,1999\na3,junior,1985\na9,senior,1970\n";

fn spec(path: &Path, rules: OwnRules) -> DatasetSpec {
    // Only the jobs have a number that could be a value.
    let is_jobs = path.is_dir() || path.ends_with("jobs.csv");
    let asked = Asked { value: is_jobs.then(|| "none".to_owned()), ..Asked::default() };
    let found = guess(path, &asked).expect("a readable log");
    DatasetSpec {
        name: "jobs".to_owned(),
        domain: "jobs".to_owned(),
        title: "Jobs".to_owned(),
        homepage: None,
        format: RawFormat::Layout,
        addresses: Vec::new(),
        archive: None,
        md5: None,
        sha256: None,
        checksum_from: None,
        bring: None,
        licence: String::new(),
        citation: String::new(),
        rating_scale: None,
        columns: ColumnNames::default(),
        python_package: None,
        file: None,
        appended: Vec::new(),
        layout: Some(found.layout),
        rules,
        synthetic: None,
    }
}

fn read(files: &[(&str, &str)], rules: OwnRules) -> Result<RawLog, DataError> {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    let path = match files {
        [(name, _)] => folder.path().join(name),
        _ => folder.path().to_owned(),
    };
    read_raw(&spec(&path, rules), &RawSource::Archive(path), &RowPolicy::default(), &mut NoProgress)
}

#[test]
fn everything_that_a_log_says_of_items_and_users_is_an_attribute() {
    let log = read(&[("jobs.csv", &jobs()), ("people.csv", PEOPLE)], OwnRules::default()).unwrap();
    let kinds = |of: &drr_data::Attributes| -> Vec<(String, AttributeKind)> {
        of.iter().map(|it| (it.name().to_owned(), it.kind())).collect()
    };
    let items = log.items.attributes();
    assert_eq!(
        kinds(items),
        [
            ("city".to_owned(), AttributeKind::Category),
            ("salary".to_owned(), AttributeKind::Number),
            ("skills".to_owned(), AttributeKind::Categories)
        ]
    );
    assert_eq!(log.items.title(0), Some("Cook"));
    assert_eq!(items.get("skills").unwrap().words(2).collect::<Vec<_>>(), ["type", "file"]);
    assert_eq!(items.get("salary").unwrap().number(0), Some(21000.5));
    assert_eq!(items.get("salary").unwrap().number(2), None);
    assert_eq!(log.users.len(), 23, "the fourth person applied for nothing");
    assert_eq!(log.users.attributes().get("level").unwrap().words(0).collect::<Vec<_>>(), ["senior"]);
    assert_eq!(log.users.attributes().get("born").unwrap().number(1), Some(1999.0));
}

#[test]
fn a_kind_can_be_given_and_a_name_that_is_no_attribute_is_refused() {
    let rules = |name: &str| OwnRules {
        attributes: [(name.to_owned(), AttributeKind::Text)].into(),
        ..OwnRules::default()
    };
    let log = read(&[("jobs.csv", &jobs())], rules("city")).unwrap();
    assert_eq!(log.items.attributes().get("city").unwrap().text(1), Some("Bath"));
    let error = read(&[("jobs.csv", &jobs())], rules("town")).unwrap_err().to_string();
    assert!(error.contains("\"town\"") && error.contains("city, salary, skills"), "{error}");
}

#[test]
fn a_window_keeps_the_rows_within_it_and_counts_the_others() {
    let rules = OwnRules {
        since: Some("2024-01-02".to_owned()),
        until: Some("2024-02-04".to_owned()),
        ..OwnRules::default()
    };
    let log = read(&[("jobs.csv", &jobs())], rules.clone()).unwrap();
    assert_eq!((log.interactions.len(), log.counts.rows_read, log.counts.not_asked_for), (4, 27, 23));
    for (rules, wanted) in [
        (OwnRules { since: Some("last week".to_owned()), ..OwnRules::default() }, "no moment"),
        (OwnRules { until: Some("2024-01-01".to_owned()), ..rules }, "after rules.since"),
    ] {
        let error = read(&[("jobs.csv", &jobs())], rules).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
    let without = "user,item\na,x\nb,y\na,y\n";
    let rules = OwnRules { since: Some("2024-01-02".to_owned()), ..OwnRules::default() };
    let error = read(&[("log.csv", without)], rules).unwrap_err().to_string();
    assert!(error.contains("needs times"), "{error}");
}

#[test]
fn zeros_among_ratings_are_left_out_where_they_say_nothing_or_where_it_is_said() {
    let books = "user,book,rating\na,x,0\na,y,0\nb,x,0\nb,z,9\nc,y,7\n";
    let log = read(&[("books.csv", books)], OwnRules::default()).unwrap();
    assert_eq!((log.interactions.len(), log.counts.implicit_zeros), (2, 3));
    let rules = OwnRules { zeros: Zeros::Rating, core: Core::All, ..OwnRules::default() };
    let log = read(&[("books.csv", books)], rules).unwrap();
    assert_eq!((log.interactions.len(), log.rating_scale), (5, (0.0, 10.0)));
}
