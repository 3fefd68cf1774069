//! Agents that are written down as what they change of another one.

use super::SpaceKind;
use super::merge::merge;
use anyhow::{Context as _, Result, bail};
use drr_agent::AgentConfig;
use drr_core::Protocol;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

/// One more agent: the one of the section `agent`, changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentVariant {
    /// Its name in files and reports.
    pub name: String,
    /// Under which protocols; all of the run where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub protocols: Vec<Protocol>,
    /// The space of its actions; else the run's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<SpaceKind>,
    /// Whether the twins that the agent has are trained of this one too.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub twins: bool,
    /// What differs: the same keys as in `agent`. A table is changed key by key, unless its `kind` changes; `false` takes
    /// an optional table away.
    #[serde(default)]
    pub changes: Table,
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_yes(value: &bool) -> bool {
    *value
}

impl AgentVariant {
    /// The changed agent as a table that nobody has read yet.
    pub(super) fn table(&self, agent: &AgentConfig) -> Result<Table> {
        changed_table(agent, &self.changes)
    }

    /// The changed agent, checked.
    pub fn of(&self, agent: &AgentConfig) -> Result<AgentConfig> {
        changed(agent, &self.changes).with_context(|| format!("in the agent named {}", self.name))
    }
}

/// The agent with `changes`, checked.
pub fn changed(agent: &AgentConfig, changes: &Table) -> Result<AgentConfig> {
    let changed: AgentConfig = changed_table(agent, changes)?.try_into()?;
    changed.check()?;
    Ok(changed)
}

fn changed_table(agent: &AgentConfig, changes: &Table) -> Result<Table> {
    let mut table = Table::try_from(agent).context("the agent cannot be written as a table")?;
    merge(&mut table, changes);
    Ok(table)
}

/// The keys of the supervised part of the actor's loss, of the weight of the critic's part beside it, and of the part
/// by which the critic chooses what is recommended.
const ANCHOR: (&str, &str, &str) = ("anchor", "value_weight", "refinement");

/// The agent without TD learning: the actor follows its supervised anchor alone, and the critic has no say in what is
/// recommended. None if it has no anchor, without which there would be nothing to learn from.
pub fn supervised(agent: &AgentConfig) -> Result<Option<AgentConfig>> {
    let table = Table::try_from(agent).context("the agent cannot be written as a table")?;
    without_td(&table).map(|changes| changed(agent, &changes)).transpose()
}

/// What the twin without TD learning changes of the agent in `table`.
fn without_td(table: &Table) -> Option<Table> {
    let (anchor, weight, refinement) = ANCHOR;
    table.get(anchor)?;
    let without = Table::from_iter([(weight.to_owned(), Value::Float(0.0))]);
    let mut changes = Table::from_iter([(anchor.to_owned(), Value::Table(without))]);
    if table.contains_key(refinement) {
        changes.insert(refinement.to_owned(), Value::Boolean(false));
    }
    Some(changes)
}

/// Refuses a name that is no file name, or that belongs to somebody else.
pub fn check_name(name: &str) -> Result<()> {
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    if name.is_empty() || name.starts_with('_') || !name.chars().all(is_plain) {
        bail!("\"{name}\" is no name of an agent: use small letters, digits and _");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ExperimentConfig;

    fn agent() -> AgentConfig {
        ExperimentConfig::preset("ml-1m").unwrap().agent
    }

    fn changes(text: &str) -> Table {
        text.parse().unwrap()
    }

    #[test]
    fn tables_are_merged_key_by_key_and_nothing_else_changes() {
        let changed = changed(&agent(), &changes("discount = 0.5\naction = { scale = 0.1 }")).unwrap();
        let mut expected = agent();
        expected.discount = 0.5;
        expected.action.scale = 0.1;
        assert_eq!(changed, expected);
        assert_eq!(super::changed(&agent(), &Table::new()).unwrap(), agent());
    }

    #[test]
    fn another_kind_takes_the_place_of_the_whole_table() {
        let text = "replay = { sampling = { kind = \"uniform\" } }";
        let changed = changed(&agent(), &changes(text)).unwrap();
        assert_eq!(changed.replay.sampling, drr_replay::ReplayKind::Uniform {});
        assert_eq!(changed.replay.capacity, agent().replay.capacity);
    }

    #[test]
    fn unknown_fields_and_values_out_of_range_are_refused_by_name() {
        let of = |text: &str| {
            let variant = AgentVariant {
                name: "strong".to_owned(),
                protocols: Vec::new(),
                space: None,
                twins: true,
                changes: changes(text),
            };
            format!("{:#}", variant.of(&agent()).unwrap_err())
        };
        for (text, field) in [
            ("discuont = 0.5", "discuont"),
            ("action = { skale = 1.0 }", "skale"),
            ("discount = 2.0", "discount"),
        ] {
            let error = of(text);
            assert!(error.contains(field) && error.contains("strong"), "{error}");
        }
    }

    #[test]
    fn the_supervised_twin_keeps_all_but_the_critics_parts_and_needs_an_anchor() {
        assert_eq!(supervised(&agent()).unwrap(), None);
        let mut strong = changes("tau = 0.1\n[anchor]\nweight = 2.0\n[refinement]\nneighbours = 0.05");
        let changed = without_td(&strong).unwrap();
        merge(&mut strong, &changed);
        assert_eq!(strong, changes("tau = 0.1\n[anchor]\nweight = 2.0\nvalue_weight = 0.0"));
    }

    #[test]
    fn names_are_plain() {
        assert!(check_name("strong_2").is_ok());
        for name in ["", "_x", "a b", "Strong", "a/b"] {
            let error = check_name(name).unwrap_err().to_string();
            assert!(error.contains(&format!("{name:?}")) && error.contains("small letters"), "{error}");
        }
    }
}
