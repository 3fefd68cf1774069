//! What differs between the settings of two runs, and whether their figures can be compared at all.

use super::Side;
use drr_eval::report::{Cell, Section, Table};
use std::collections::{BTreeMap, BTreeSet};

/// The section on settings and data.
pub fn section(before: &Side, after: &Side) -> Section {
    let mut prose = Vec::new();
    if before.manifest.dataset_hash == after.manifest.dataset_hash {
        prose.push("Both runs use the same data set with the same splits.".to_owned());
    } else {
        prose.push(
            "WARNING: the data sets differ. Metrics are comparable only if data set, splits and protocols agree; \
             the differences below mix the change of the data with that of the methods."
                .to_owned(),
        );
    }
    if before.manifest.version != after.manifest.version {
        prose.push(format!(
            "WARNING: A was made by version {}, B by version {}: the protocols may be defined otherwise.",
            before.manifest.version, after.manifest.version
        ));
    }
    let (left, right) = (flat(&before.config), flat(&after.config));
    let rows = differences(&left, &right);
    if rows.is_empty() {
        prose.push("The configurations are the same.".to_owned());
    }
    let rows: Vec<Vec<Cell>> = rows.into_iter().map(|row| row.map(Cell::text).to_vec()).collect();
    let table = Table {
        caption: "What differs between the configurations.".to_owned(),
        columns: ["key", "A", "B"].map(str::to_owned).to_vec(),
        rows,
        ..Table::default()
    };
    let tables = if table.rows.is_empty() { Vec::new() } else { vec![table] };
    Section {
        heading: "Settings and data".to_owned(),
        prose,
        tables,
        plots: Vec::new(),
        ..Section::default()
    }
}

/// Keys with different values: key, value of A, value of B, a dash where there is none.
pub fn differences(left: &BTreeMap<String, String>, right: &BTreeMap<String, String>) -> Vec<[String; 3]> {
    let keys: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    let value =
        |of: &BTreeMap<String, String>, key: &String| of.get(key).map_or("–".to_owned(), String::clone);
    let differing = keys.into_iter().filter(|key| left.get(*key) != right.get(*key));
    differing.map(|key| [key.clone(), value(left, key), value(right, key)]).collect()
}

/// A table with keys such as `agent.actor.hidden`.
pub fn flat(table: &toml::Table) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (key, value) in table {
        match value {
            toml::Value::Table(inner) => {
                all.extend(flat(inner).into_iter().map(|(rest, value)| (format!("{key}.{rest}"), value)));
            }
            other => {
                all.insert(key.clone(), other.to_string());
            }
        }
    }
    all
}
