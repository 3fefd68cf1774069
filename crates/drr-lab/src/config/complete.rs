//! What a configuration need not say of its lists and its optional tables.
//!
//! Serde fills a field from the default of the struct that it stands in. That is not enough where the default depends on
//! the place or on the kind: an optimizer of a reward model, the schedule of one system. Such tables are written over the
//! defaults of their place before anything is read.

use super::merge::merge;
use super::{LongTermConfig, SessionsConfig};
use anyhow::{Context as _, Result};
use drr_agent::RewardModelConfig;
use drr_baselines::BaselineConfig;
use drr_env::worlds::Dynamics;
use drr_rivals::RivalConfig;
use drr_sequential::{Architecture, SequentialConfig};
use serde::{Deserialize as _, Serialize};
use toml::{Table, Value};

/// Completes the optional tables of a merged configuration.
pub fn complete(config: &mut Table) -> Result<()> {
    over(config.get_mut("sessions"), || default(&SessionsConfig::default()))?;
    each(config.get_mut("sessions").and_then(|it| it.get_mut("rules")), baseline)?;
    named_dynamics(config.get_mut("sessions"), "sessions")?;
    let worlds = config.get_mut("study").and_then(|it| it.get_mut("long_session")?.get_mut("worlds"));
    for world in worlds.and_then(Value::as_array_mut).into_iter().flatten() {
        named_dynamics(Some(world), "study.long_session.worlds")?;
    }
    let Some(lab) = config.get_mut("lab").and_then(Value::as_table_mut) else { return Ok(()) };
    over(lab.get_mut("reward_model"), || default(&RewardModelConfig::default()))?;
    over(lab.get_mut("long_term"), || default(&LongTermConfig::default()))?;
    each(lab.get_mut("recommenders"), baseline)?;
    each(inner(lab, "online", "bandits"), baseline)?;
    each(inner(lab, "staleness", "recommenders"), baseline)?;
    for tuned in lab.get_mut("tuned").and_then(Value::as_table_mut).into_iter().flatten() {
        each(Some(tuned.1), baseline)?;
    }
    for agent in lab.get_mut("session_agents").and_then(Value::as_array_mut).into_iter().flatten() {
        over(agent.get_mut("model"), || default(&SessionsConfig::default().model))?;
    }
    each(lab.get_mut("sequential"), sequential)?;
    each(lab.get_mut("rivals"), rival)?;
    each(inner(lab, "long_term", "rivals"), rival)
}

/// Writes out dynamics that are given by their name.
fn named_dynamics(owner: Option<&mut Value>, place: &str) -> Result<()> {
    let Some(dynamics) = owner.and_then(|it| it.get_mut("dynamics")) else { return Ok(()) };
    let Some(name) = dynamics.as_str() else { return Ok(()) };
    let known = Dynamics::of_name(name).with_context(|| {
        let names = Dynamics::NAMES.join(", ");
        format!("{place}: there are no dynamics named {name}: use {names}, or a table of numbers")
    })?;
    *dynamics = Value::Table(default(&known)?);
    Ok(())
}

fn inner<'a>(lab: &'a mut Table, table: &str, key: &str) -> Option<&'a mut Value> {
    lab.get_mut(table)?.get_mut(key)
}

fn default(settings: &impl Serialize) -> Result<Table> {
    Table::try_from(settings).context("defaults are no table")
}

/// Writes `table`, if it is one, over its defaults.
fn over(value: Option<&mut Value>, default: impl FnOnce() -> Result<Table>) -> Result<()> {
    if let Some(table) = value.and_then(Value::as_table_mut) {
        let mut whole = default()?;
        merge(&mut whole, table);
        *table = whole;
    }
    Ok(())
}

/// Writes each table of a list over the defaults of its kind; one of an unknown kind stays, and is refused later.
fn each(list: Option<&mut Value>, default_of: fn(&Table) -> Result<Option<Table>>) -> Result<()> {
    for element in list.and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(table) = element.as_table() else { continue };
        if let Some(default) = default_of(table)? {
            over(Some(element), || Ok(default))?;
        }
    }
    Ok(())
}

fn baseline(table: &Table) -> Result<Option<Table>> {
    let kind = table.get("kind").and_then(Value::as_str);
    kind.and_then(BaselineConfig::default_of).map(|it| default(&it)).transpose()
}

fn sequential(table: &Table) -> Result<Option<Table>> {
    let Some(architecture) = table.get("architecture") else { return Ok(None) };
    let architecture = Architecture::deserialize(architecture.clone()).ok();
    architecture.map(|it| default(&SequentialConfig::new(it))).transpose()
}

fn rival(table: &Table) -> Result<Option<Table>> {
    let kind = table.get("system").and_then(|system| system.get("kind")).and_then(Value::as_str);
    kind.and_then(RivalConfig::default_of).map(|it| default(&it)).transpose()
}
