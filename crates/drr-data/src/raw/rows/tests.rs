//! Ids are told apart, and tables are compacted as sorted records would be.

use super::*;
use proptest::prelude::*;

const LINE: Line<'static> = Line { file: "users.dat", number: 1, bytes: b"" };

const COLUMNS: [(&str, AttributeKind); 4] = [
    ("branch", AttributeKind::Category),
    ("tags", AttributeKind::Categories),
    ("salary", AttributeKind::Number),
    ("address", AttributeKind::Text),
];

#[test]
fn ids_that_look_alike_are_told_apart() {
    let ids = ["1", "01", "0", "00", "", "10", "999999", "1000000", "a1", "-1"];
    let mut table = Table::open();
    let positions: Vec<Option<u32>> = ids.iter().map(|id| table.position(id.as_bytes())).collect();
    let again: Vec<Option<u32>> = ids.iter().map(|id| table.position(id.as_bytes())).collect();
    assert_eq!(positions, again);
    assert_eq!(positions[4], None);
    assert_eq!(table.ids, ["1", "01", "0", "00", "10", "999999", "1000000", "a1", "-1"]);
    let mut closed = Table::closed(COLUMNS[..0].iter().copied()).unwrap();
    let seven = Record { id: "7", title: None, values: Vec::new() };
    closed.insert(&LINE, &seven).unwrap();
    assert_eq!((closed.position(b"7"), closed.position(b"07"), closed.position(b"6")), (Some(0), None, None));
    let error = closed.insert(&LINE, &seven).unwrap_err().to_string();
    assert!(error.contains("stands in an earlier line") && error.contains("remove one"), "{error}");
}

#[test]
fn an_open_table_has_neither_titles_nor_attributes() {
    let mut table = Table::open();
    assert_eq!((table.position(b"b"), table.position(b"a")), (Some(0), Some(1)));
    let Compacted { used: entities, moved, .. } = table.compact(&[true, true]);
    assert_eq!((entities.ids(), moved), (&["a".to_owned(), "b".to_owned()][..], vec![1, 0]));
    assert_eq!((entities.title(0), entities.attributes().iter().count()), (None, 0));
}

/// A row as it is easily compared: id, title, branch, tags, salary, address, whether it is used.
type Row = (String, Option<String>, Option<String>, Vec<String>, Option<i32>, Option<String>, bool);

fn row(ids: &'static str) -> impl Strategy<Value = Row> {
    let text = || prop::option::of("[a-c]{1,2}");
    let tags = prop::collection::vec("[a-c]", 0..3);
    (ids, text(), text(), tags, prop::option::of(any::<i32>()), text(), any::<bool>())
}

fn inserted(rows: &[Row]) -> Table {
    let mut table = Table::closed(COLUMNS).unwrap();
    for (id, title, branch, tags, salary, address, _) in rows {
        let values = vec![
            AttributeValue::category(branch.as_deref().unwrap_or("")),
            AttributeValue::Categories(tags.iter().map(String::as_str).collect()),
            AttributeValue::number(salary.map(f64::from)),
            AttributeValue::text(address.as_deref().unwrap_or("")),
        ];
        table.insert(&LINE, &Record { id, title: title.as_deref(), values }).unwrap();
    }
    table
}

fn compaction_is_sorting(mut rows: Vec<Row>, are_numbers: bool) {
    let mut ids = std::collections::BTreeSet::new();
    rows.retain(|row| ids.insert(row.0.clone()));
    let is_used: Vec<bool> = rows.iter().map(|row| row.6).collect();
    let Compacted { used: entities, others, moved } = inserted(&rows).compact(&is_used);
    let mut sorted: Vec<(usize, &Row)> = rows.iter().enumerate().filter(|(_, row)| row.6).collect();
    sorted.sort_by(|(_, left), (_, right)| {
        let number = |row: &Row| if are_numbers { row.0.parse::<i64>().unwrap() } else { 0 };
        number(left).cmp(&number(right)).then_with(|| left.0.cmp(&right.0))
    });
    assert_eq!(entities.len(), sorted.len());
    let is_said = |row: &&Row| {
        row.1.is_some() || row.2.is_some() || !row.3.is_empty() || row.4.is_some() || row.5.is_some()
    };
    let mut unused: Vec<&str> =
        rows.iter().filter(|row| !row.6).filter(is_said).map(|row| row.0.as_str()).collect();
    let mut found: Vec<&str> = others.ids().iter().map(String::as_str).collect();
    unused.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, unused, "whoever is not used, but described");
    for (to, (from, (id, title, branch, tags, salary, address, _))) in sorted.into_iter().enumerate() {
        assert_eq!((entities.id(to), entities.title(to)), (id.as_str(), title.as_deref()));
        assert_eq!(moved[from] as usize, to);
        let of = |name: &str| entities.attribute(name).unwrap();
        assert_eq!(of("branch").words(to).next(), branch.as_deref());
        let mut set: Vec<&str> = Vec::new();
        for tag in tags {
            if !set.contains(&tag.as_str()) {
                set.push(tag);
            }
        }
        assert_eq!(of("tags").words(to).collect::<Vec<_>>(), set);
        assert_eq!(of("salary").number(to), salary.map(f64::from));
        assert_eq!(of("address").text(to), address.as_deref());
    }
}

proptest! {
    #[test]
    fn compaction_equals_sorting_records_by_text(
        rows in prop::collection::vec(row("[a-c0-2]{1,3}x"), 0..20),
    ) {
        compaction_is_sorting(rows, false);
    }

    #[test]
    fn compaction_equals_sorting_records_by_number(
        rows in prop::collection::vec(row("-?[0-9]{1,8}"), 0..20),
    ) {
        compaction_is_sorting(rows, true);
    }
}
