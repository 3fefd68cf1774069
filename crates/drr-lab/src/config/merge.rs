//! How one table of settings is written over another.

use toml::{Table, Value};

/// Writes `changes` over `table`, key by key.
///
/// A table is changed key by key, unless its `kind` changes: then the new table takes its place. `false` takes a table away.
/// Everything else, arrays included, is replaced.
pub fn merge(table: &mut Table, changes: &Table) {
    for (key, change) in changes {
        match (table.get_mut(key), change) {
            (Some(Value::Table(_)), Value::Boolean(false)) => {
                table.remove(key);
            }
            (Some(Value::Table(old)), Value::Table(new)) if keeps_kind(old, new) => merge(old, new),
            _ => {
                table.insert(key.clone(), change.clone());
            }
        }
    }
}

/// Another kind has other fields: nothing of the old table is of use for it. A key `kind` that is a table itself, as that of
/// the exploration, is a key like any other.
fn keeps_kind(old: &Table, new: &Table) -> bool {
    let kind = |table: &Table| table.get("kind").and_then(Value::as_str).map(str::to_owned);
    kind(new).is_none_or(|new| kind(old) == Some(new))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        text.parse().unwrap()
    }

    #[test]
    fn false_takes_a_table_away() {
        let mut merged = table("a = 1\n[anchor]\nweight = 1.0");
        merge(&mut merged, &table("anchor = false\na = false"));
        assert_eq!(merged, table("a = false"));
    }

    #[test]
    fn arrays_and_tables_of_another_kind_are_replaced() {
        let mut merged = table("list = [1, 2]\n[same]\nkind = \"a\"\nx = 1\n[other]\nkind = \"a\"\nx = 1");
        merge(&mut merged, &table("list = [3]\n[same]\nkind = \"a\"\ny = 2\n[other]\nkind = \"b\"\ny = 2"));
        let expected = "list = [3]\n[same]\nkind = \"a\"\nx = 1\ny = 2\n[other]\nkind = \"b\"\ny = 2";
        assert_eq!(merged, table(expected));
    }

    #[test]
    fn a_table_named_kind_is_changed_like_any_other() {
        let mut merged = table("noise = 0.5\n[kind]\nkind = \"gaussian\"");
        merge(&mut merged, &table("kind = { kind = \"softmax\", n_best = 5 }"));
        assert_eq!(merged, table("noise = 0.5\n[kind]\nkind = \"softmax\"\nn_best = 5"));
    }
}
