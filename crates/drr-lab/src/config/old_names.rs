//! The names that configurations had once and that are still taken, with a line.

use drr_core::Protocol;
use std::sync::Once;
use toml::Value;

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

/// Whether a configuration names a protocol as it was called once: in a list, or as the head of tables. The key "seed" of
/// a number is the root of all randomness, which keeps its name.
pub(super) fn uses_old_names(value: &Value) -> bool {
    match value {
        Value::String(name) => is_old_name(name),
        Value::Array(values) => values.iter().any(uses_old_names),
        Value::Table(table) => table.iter().any(|(key, value)| {
            key == "start_seed" || (is_old_name(key) && !value.is_integer()) || uses_old_names(value)
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ExperimentConfig;

    fn old(text: &str) -> bool {
        uses_old_names(&Value::Table(toml::from_str(text).unwrap()))
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
        let read = |text: &str| toml::from_str::<ExperimentConfig>(text).unwrap();
        assert!(old(&then) && !old(&now));
        assert!(then.contains("start_seed") && then.contains("lab.tuned.seed"), "the preset has both");
        assert_eq!(read(&then), read(&now));
    }
}
