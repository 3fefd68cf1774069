//! How a configuration becomes of files that extend each other.
//!
//! The defaults lie at the bottom, above them the file that extends nobody, and at the top the file that was asked for. One
//! is merged over the other as tables, and the whole is read once, so that a misspelt key is found wherever it stands.

use super::explain::{self, Unreadable};
use super::merge::merge;
use super::places::{KeyPath, Places, line_at};
use super::{AgentVariant, ExperimentConfig, FORMAT, complete, old_names};
use crate::presets::Presets;
use anyhow::{Context as _, Result, anyhow, bail};
use drr_agent::AgentConfig;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// One file of a chain.
#[derive(Debug)]
struct Source {
    /// The path, or the name of a preset.
    name: String,
    /// Where the file is; a preset of a binary is nowhere.
    path: Option<PathBuf>,
    table: Table,
    places: Places,
}

/// The files of a configuration, the one that was asked for first.
#[derive(Debug)]
struct Chain(Vec<Source>);

/// A configuration that is about to be read.
#[derive(Debug)]
pub struct Text<'a> {
    /// What it says.
    pub text: &'a str,
    /// The path, or the name of a preset, for messages.
    pub name: &'a Path,
    /// Whether it is a preset's, which extends presets alone.
    pub is_preset: bool,
}

/// Reads a configuration.
pub fn load(of: &Text<'_>, presets: &dyn Presets) -> Result<ExperimentConfig> {
    let chain = Chain::read(of, presets)?;
    let mut table = Table::try_from(ExperimentConfig::default()).context("the defaults are no table")?;
    let mut positive = None;
    for source in chain.0.iter().rev() {
        let mut own = source.table.clone();
        positive = take_positive(&mut own).map(|value| (source, value)).or(positive);
        merge(&mut table, &own);
    }
    if let Some((source, value)) = positive {
        check_positive(source, &value, &table)?;
    }
    complete::complete(&mut table)?;
    let config: ExperimentConfig = explain::read(&table).map_err(|trouble| chain.explain(&trouble))?;
    chain.check_changes(&config)?;
    config.check().with_context(|| format!("in {}", of.name.display()))?;
    Ok(config)
}

/// The text of a configuration and whether it is a preset's: that of the file, or else of the preset of that name.
pub fn text_of(path: &Path, presets: &dyn Presets) -> Result<(String, bool)> {
    if !path.exists()
        && let Some(name) = bare_name(&path.to_string_lossy())
        && let Some(text) = presets.text(name)?
    {
        return Ok((text, true));
    }
    let text = std::fs::read_to_string(path).with_context(|| {
        format!("cannot read the configuration {}: check the path{}", path.display(), listed(presets))
    })?;
    Ok((text, false))
}

/// Whether the file itself, and not one that it extends, says something of `keys`, one inside the other.
pub fn says(text: &str, keys: &[&str]) -> bool {
    let path = keys.iter().fold(KeyPath::default(), |path, key| path.key(key));
    Places::of(text).line(&path).is_some()
}

impl Source {
    fn parse(text: &str, name: String, path: Option<PathBuf>) -> Result<Self> {
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| line_at(text, span.start));
            anyhow!("{name}:{line}: this is no TOML: {}", error.message())
        })?;
        let mut table = Value::Table(table);
        if old_names::rename(&mut table) {
            old_names::warn_of_old_name();
        }
        let Value::Table(table) = table else { bail!("{name} is no table") };
        let source = Self { name, path, table, places: Places::of(text) };
        source.check_format()?;
        Ok(source)
    }

    /// The file with the line of a key, as far as it stands there.
    fn place(&self, path: &KeyPath) -> String {
        self.places.line(path).map_or_else(|| self.name.clone(), |line| format!("{}:{line}", self.name))
    }

    /// Refuses a file of a format that this program does not know.
    fn check_format(&self) -> Result<()> {
        let Some(format) = self.table.get("format") else { return Ok(()) };
        if format.as_integer() == Some(i64::from(FORMAT)) {
            return Ok(());
        }
        let place = self.place(&KeyPath::default().key("format"));
        if format.as_integer().is_some_and(|it| it > i64::from(FORMAT)) {
            bail!(
                "{place}: format {format} is of a newer program than this one, which knows {FORMAT}: update the program"
            );
        }
        bail!(
            "{place}: there is no format {format} of configurations: write format = {FORMAT}, or leave the line out"
        );
    }

    /// What this file extends, taken out of its table.
    fn take_extends(&mut self) -> Result<Option<String>> {
        match self.table.remove("extends") {
            None => Ok(None),
            Some(Value::String(name)) => Ok(Some(name)),
            Some(other) => bail!(
                "{}: extends must be the path of a file, or the name of a preset, in quotes; it is {other}",
                self.place(&KeyPath::default().key("extends"))
            ),
        }
    }

    /// Where the file `name` is that this one extends, beside it.
    fn beside(&self, name: &str) -> Option<PathBuf> {
        let own = self.path.as_ref()?;
        let path = own.parent().unwrap_or(Path::new("")).join(name);
        // A file named like a preset may extend the preset.
        let is_own = own.canonicalize().is_ok_and(|own| path.canonicalize().is_ok_and(|it| it == own));
        let is_own_preset = is_own && bare_name(name).is_some();
        (path.is_file() && !is_own_preset).then_some(path)
    }
}

impl Chain {
    fn read(of: &Text<'_>, presets: &dyn Presets) -> Result<Self> {
        let mut chain = Self(Vec::new());
        let path = (!of.is_preset).then(|| of.name.to_owned());
        let mut next = Source::parse(of.text, of.name.display().to_string(), path)?;
        loop {
            let extends = next.take_extends()?;
            chain.0.push(next);
            let Some(name) = extends else { return Ok(chain) };
            next = chain.extended(&name, presets)?;
        }
    }

    /// The file that the last one of the chain extends.
    fn extended(&self, name: &str, presets: &dyn Presets) -> Result<Source> {
        let Some(last) = self.0.last() else { bail!("nothing extends {name}") };
        let place = last.place(&KeyPath::default().key("extends"));
        let (text, shown, path) = if let Some(path) = last.beside(name) {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("{place}: cannot read {}, which it extends", path.display()))?;
            (text, path.display().to_string(), Some(path))
        } else {
            let preset = bare_name(name).map_or(Ok(None), |name| presets.text(name))?;
            let Some(text) = preset else {
                bail!(
                    "{place}: there is no {name} to extend ({}): correct the path, which is seen from the file's own folder{}",
                    self.names(name),
                    listed(presets)
                );
            };
            (text, name.to_owned(), None)
        };
        let same = |it: &&Source| match (&it.path, &path) {
            (Some(one), Some(other)) => one.canonicalize().ok() == other.canonicalize().ok(),
            (None, None) => it.name == shown,
            _ => false,
        };
        if self.0.iter().find(same).is_some() {
            bail!(
                "{place}: a circle of files that extend each other ({}): take one extends out",
                self.names(&shown)
            );
        }
        Source::parse(&text, shown, path)
    }

    /// Who extends whom.
    fn names(&self, next: &str) -> String {
        let names = self.0.iter().map(|it| it.name.as_str()).chain([next]);
        names.collect::<Vec<_>>().join(" extends ")
    }

    /// What is wrong, with the file and the line: the topmost file that has the key is the one that counts.
    fn explain(&self, trouble: &Unreadable) -> anyhow::Error {
        let last = trouble.path.split_last().map(|(table, key)| (table, key.to_owned()));
        for source in &self.0 {
            let found = match (trouble.unknown_key(), &last) {
                // Serde may have noticed the key, or only the table around it.
                (Some(key), Some((table, last))) if last == key => {
                    source.places.line(&table.key(key)).map(|line| (table.key(key), line))
                }
                (Some(key), _) => {
                    source.places.find(&trouble.path, key).map(|(path, line)| (path.clone(), line))
                }
                (None, _) => source.places.line(&trouble.path).map(|line| (trouble.path.clone(), line)),
            };
            if let Some((path, line)) = found {
                return anyhow!("{}:{line}: {}", source.name, trouble.text(&path));
            }
        }
        let name = self.0.first().map_or("", |it| &it.name);
        let path = match trouble.unknown_key() {
            Some(key) if last.is_none_or(|(_, last)| last != key) => trouble.path.key(key),
            _ => trouble.path.clone(),
        };
        anyhow!("{name}: {}", trouble.text(&path))
    }

    /// Checks the changes of every variant, whose keys are those of the agent.
    fn check_changes(&self, config: &ExperimentConfig) -> Result<()> {
        let lab = KeyPath::default().key("lab");
        self.check_variants(&lab.key("agents"), &config.lab.agents, &config.agent)?;
        let Some(long_term) = &config.lab.long_term else { return Ok(()) };
        self.check_variants(&lab.key("long_term").key("agents"), &long_term.agents, &long_term.agent)
    }

    fn check_variants(&self, path: &KeyPath, variants: &[AgentVariant], agent: &AgentConfig) -> Result<()> {
        for (at, variant) in variants.iter().enumerate() {
            let path = path.element(at).key("changes");
            let table = variant.table(agent)?;
            explain::read::<AgentConfig>(&table).map_err(|trouble| self.explain(&trouble.inside(&path)))?;
        }
        Ok(())
    }
}

/// A name that is no path.
fn bare_name(name: &str) -> Option<&str> {
    let is_bare = !name.is_empty() && !name.contains(['/', '\\']) && name != "." && name != "..";
    is_bare.then_some(name)
}

/// The names of the presets, as the end of a message.
fn listed(presets: &dyn Presets) -> String {
    let names = presets.names();
    if names.is_empty() { String::new() } else { format!("; the presets are {}", names.join(", ")) }
}

/// Older configurations say once more which ratings are positive: taken out of `table`.
fn take_positive(table: &mut Table) -> Option<Value> {
    table.get_mut("embedding")?.get_mut("co_occurrence")?.as_table_mut()?.remove("positive")
}

/// Warns of the line that is of no use any more, and refuses it where it contradicts the data's.
fn check_positive(source: &Source, value: &Value, table: &Table) -> Result<()> {
    let path = KeyPath::default().key("embedding").key("co_occurrence").key("positive");
    let place = source.place(&path);
    let number = |value: &Value| value.as_float().or_else(|| value.as_integer().map(|it| it as f64));
    let data = table.get("data").and_then(|it| it.get("positive_rating"));
    if number(value).is_none() || number(value) != data.and_then(number) {
        let data = data.map_or_else(String::new, Value::to_string);
        bail!(
            "{place}: {path} = {value}, but data.positive_rating = {data}: it is said there alone; take the line out"
        );
    }
    tracing::warn!("{place}: {path} is said by data.positive_rating alone: take the line out");
    Ok(())
}
