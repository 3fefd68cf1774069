//! What is named on the command line, with the names that there are where one is unknown.

use drr_core::ProtocolFacts;
use drr_data::Protocol;
use drr_lab::judge::score::Unknown;
use drr_lab::study::sweep::Ground;

/// What to do about unknown ids, by its name.
pub fn unknown(name: &str) -> Result<Unknown, String> {
    match name {
        "refuse" => Ok(Unknown::Refuse),
        "drop" => Ok(Unknown::Drop),
        _ => Err("use refuse or drop".to_owned()),
    }
}

/// A protocol by its name.
pub fn protocol(name: &str) -> Result<Protocol, String> {
    Protocol::of_name(name).ok_or_else(|| format!("there is no protocol {name}: use {}", names(|_| true)))
}

/// A protocol, or long sessions.
pub fn ground(name: &str) -> Result<Ground, String> {
    Ground::of_name(name)
        .ok_or_else(|| format!("there is no protocol {name}: use long_session, {}", names(|_| true)))
}

/// A protocol that judges ranked lists.
pub fn ranking_protocol(name: &str) -> Result<Protocol, String> {
    let judges = |facts: &ProtocolFacts| facts.judges_lists;
    let found = Protocol::of_name(name).filter(|protocol| judges(protocol.facts()));
    found.ok_or_else(|| format!("lists are not judged by {name}: use {}", names(judges)))
}

/// The names of the protocols of which this is true, in a sentence.
fn names(wanted: impl Fn(&ProtocolFacts) -> bool) -> String {
    let mut names: Vec<&str> =
        Protocol::ALL.iter().map(|it| it.facts()).filter(|it| wanted(it)).map(|it| it.name).collect();
    let last = names.pop().unwrap_or_default();
    format!("{} or {last}", names.join(", "))
}
