//! The names that configurations had once and that are still taken, with a line.

use drr_core::Protocol;
use std::sync::Once;
use toml::{Table, Value};

/// Says, once in a process, that a protocol was given by the name that it had.
pub fn warn_of_old_name() {
    static SAID: Once = Once::new();
    let facts = Protocol::FirstRatings.facts();
    SAID.call_once(|| tracing::warn!("the protocol \"{}\" is called \"{}\" now", facts.key, facts.name));
}

/// Whether this name of a protocol is not the one that it has now.
pub fn is_old_name(name: &str) -> bool {
    Protocol::of_name(name).is_some_and(|protocol| protocol.name() != name)
}

/// Gives protocols that a configuration names as they were called once the names that they have now: in lists, and as the
/// heads of tables. Says whether there was one. The key "seed" of a number is the root of all randomness, which keeps its
/// name.
pub(super) fn rename(value: &mut Value) -> bool {
    match value {
        Value::String(name) if is_old_name(name) => {
            *name = Protocol::table_name(name).into_owned();
            true
        }
        Value::Array(values) => values.iter_mut().map(rename).filter(|renamed| *renamed).count() > 0,
        Value::Table(table) => rename_keys(table),
        _ => false,
    }
}

fn rename_keys(table: &mut Table) -> bool {
    let (mut any, old) = (false, std::mem::take(table));
    for (key, mut value) in old {
        any |= rename(&mut value);
        let is_old = is_old_name(&key) && !value.is_integer();
        let name = match key.strip_prefix("start_") {
            _ if is_old => Protocol::table_name(&key).into_owned(),
            Some(rest) if is_old_name(rest) => format!("start_{}", Protocol::table_name(rest)),
            _ => key.clone(),
        };
        any |= name != key;
        table.insert(name, value);
    }
    any
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ExperimentConfig;
    use crate::presets::NoPresets;
    use std::path::Path;

    fn old(text: &str) -> bool {
        rename(&mut Value::Table(toml::from_str(text).unwrap()))
    }

    #[test]
    fn an_old_name_is_found_in_lists_and_tables_and_a_random_seed_is_none() {
        assert!(old("[evaluation]\nprotocols = [\"temporal\", \"seed\"]"));
        assert!(old("[[lab.tuned.seed]]\nkind = \"ease\""));
        assert!(old("[embedding.spaces]\nseed = \"co_occurrence\""));
        assert!(old("[environment.start_seed]\nkind = \"first\""));
        assert!(!old("seed = 42\n[data.synthetic]\nseed = 20\n[study.ablation]\nseeds = [42]"));
        assert!(!old("[evaluation]\nprotocols = [\"first_ratings\", \"temporal\"]"));
    }

    #[test]
    fn an_old_configuration_loads_as_the_same_one_with_the_new_names() {
        let now = ExperimentConfig::preset("ml-1m-lab").unwrap().to_toml().unwrap();
        let then = now.replace("first_ratings", "seed");
        let read = |text: &str| ExperimentConfig::parse(text, Path::new("old.toml"), &NoPresets).unwrap();
        assert!(old(&then) && !old(&now));
        assert!(then.contains("start_seed") && then.contains("lab.tuned.seed"), "the preset has both");
        assert_eq!(read(&then), read(&now));
    }
}
