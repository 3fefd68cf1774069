//! The command `recommend`: who is asked, for whom, and in which form the answer is wanted.

use crate::console::say_as_it_is;
use crate::named::protocol;
use anyhow::{Result, bail};
use clap::{ArgGroup, Args, ValueEnum};
use drr_core::Protocol;
use drr_lab::plan::Plan;
use drr_lab::recommend::{self, Request, Source, Told};
use drr_lab::run::{Context, Run};
use std::path::PathBuf;

/// The examples of the command.
pub const EXAMPLES: &str = "\
Examples:
  drr recommend --run ml-1m --user 4835 -k 3
  drr recommend --run ml-1m --find \"star wars\"                   ids by titles, and nothing else
  drr recommend --run ml-1m --like \"star wars\" --like amelie     a new user, by titles
  drr recommend --run ml-1m --history \"260,1196,2571\" -k 10      the same by ids
  drr recommend --run shop --history \"a,b\" --history=-7          ids that have commas or begin with a dash: one each
  drr recommend --run ml-1m --history-file liked.txt             an id a line, or an id, a tab and a rating
  drr recommend --run ml-1m --user 4835 --recommender item_knn   another recommender than the agent
  drr recommend --run ml-1m --user 4835 --json                   one JSON document for programs
  drr recommend --run ml-1m --policy session --user 5958 -k 12   one session: every item counts for the next one";

/// Whom to recommend to, and by whom.
#[derive(Debug, Clone, Args)]
#[command(group = ArgGroup::new("whom").args(["user", "history", "history_file", "like", "find"]).required(true).multiple(true))]
pub struct RecommendArgs {
    /// The run's name, or its folder: ml-1m or data/runs/ml-1m.
    #[arg(long, value_name = "NAME")]
    pub run: String,
    /// A user of the data set, by original id.
    #[arg(long, value_name = "ID", allow_hyphen_values = true, conflicts_with_all = ["history", "history_file", "like"])]
    pub user: Option<String>,
    /// A new user: original ids of liked items, oldest first. Given once, it may be a list with commas; given several times,
    /// it takes one id each, with any characters.
    #[arg(long, value_name = "IDS", allow_hyphen_values = true)]
    pub history: Vec<String>,
    /// A new user, by a file with one id a line, oldest first; a tab and a rating may stand behind each.
    #[arg(long, value_name = "FILE")]
    pub history_file: Option<PathBuf>,
    /// A new user: the title of a liked item, or words of it; can be given several times. Case, accents and a wrong letter do not
    /// matter; of several titles that fit, the one with the most ratings is taken, and the others are named.
    #[arg(long, value_name = "TITLE", allow_hyphen_values = true)]
    pub like: Vec<String>,
    /// Prints the items whose titles fit best, with their ids, and does nothing else.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, conflicts_with_all = ["user", "history", "history_file", "like", "policy", "protocol", "recommender"])]
    pub find: Option<String>,
    /// The length of the list, or the steps of the session.
    #[arg(short, default_value_t = 10, allow_negative_numbers = true)]
    pub k: usize,
    /// The agents that make lists, or those for long sessions, who show item after item, each with a simulated answer.
    #[arg(long, value_enum, default_value = "list")]
    pub policy: Policy,
    /// Who recommends: anybody whom the run has judged under the protocol, by the name in its report; else the run's agent. What a
    /// run does not keep is fitted anew with its settings.
    #[arg(long, value_name = "NAME")]
    pub recommender: Option<String>,
    /// With the policy "list", whose view of the user: first_ratings (the first ratings are known; taken without this option,
    /// where the run has it) or temporal (all before the cut).
    #[arg(long, value_parser = protocol)]
    pub protocol: Option<Protocol>,
    /// Prints one JSON document for programs, and nothing else.
    #[arg(long)]
    pub json: bool,
}

/// Which agents recommend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Policy {
    /// Those that make lists.
    List,
    /// Those for long sessions.
    Session,
}

/// Recommends to a user of the data set, or to a new one.
pub fn run(context: &Context, args: &RecommendArgs) -> Result<()> {
    let run = Run::read(context, &args.run)?;
    if let Some(text) = &args.find {
        say_as_it_is(&recommend::find(&Source::of(&run), text, args.k, args.json)?);
        return Ok(());
    }
    let told =
        Told { file: args.history_file.clone(), history: args.history.clone(), like: args.like.clone() };
    let request = args.user.as_deref().map_or(Request::New(&told), Request::User);
    let (plan, recommender) = (Plan::new(&run)?, args.recommender.as_deref());
    let answer = match (args.policy, args.protocol) {
        (Policy::List, protocol) => {
            let protocol = protocol.unwrap_or_else(|| plan.usual_protocol());
            plan.bundle(protocol, recommender)?.answer(&request, args.k)?
        }
        (Policy::Session, None) => plan.session_bundle(recommender)?.answer(&request, args.k)?,
        (Policy::Session, Some(protocol)) => bail!(
            "--protocol {protocol} belongs to --policy list: leave it out, a session begins with the user's first ratings"
        ),
    };
    // A title may look like a command of this program, and is printed all the same.
    let text = if args.json { answer.json()? } else { answer.text() };
    say_as_it_is(text.trim_end_matches('\n'));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use clap::error::ErrorKind;

    #[derive(Debug, Parser)]
    struct Alone {
        #[command(flatten)]
        args: RecommendArgs,
    }

    fn parse(rest: &[&str]) -> Result<RecommendArgs, clap::Error> {
        Ok(Alone::try_parse_from(["x", "--run", "r"].iter().chain(rest))?.args)
    }

    #[test]
    fn a_recommendation_needs_somebody_and_not_two() {
        assert!(parse(&["--user", "1"]).is_ok() && parse(&["--history", "1,2"]).is_ok());
        assert!(parse(&["--policy", "session", "--user", "1"]).is_ok());
        assert!(parse(&["--policy", "other", "--user", "1"]).is_err());
        assert!(parse(&["--like", "a", "--like", "b", "--history", "1", "--history-file", "f"]).is_ok());
        let refusal = |rest: &[&str]| parse(rest).err().unwrap().kind();
        assert_eq!(refusal(&[]), ErrorKind::MissingRequiredArgument);
        for others in [["--history", "2"], ["--like", "2"], ["--history-file", "2"], ["--find", "2"]] {
            assert_eq!(refusal(&[&["--user", "1"][..], &others].concat()), ErrorKind::ArgumentConflict);
        }
        assert_eq!(refusal(&["--find", "a", "--recommender", "b"]), ErrorKind::ArgumentConflict);
        assert_eq!(refusal(&["--user", "1", "-k", "-1"]), ErrorKind::ValueValidation);
    }

    #[test]
    fn ids_may_have_any_characters_and_begin_with_dashes() {
        let ids = ["-7", "--x", "a, \"b\"", "ü\u{4e2d}"];
        let arguments: Vec<&str> = ids.iter().flat_map(|id| ["--history", *id]).collect();
        assert_eq!(parse(&arguments).unwrap().history, ids);
        assert_eq!(parse(&["--user", "-3"]).unwrap().user.as_deref(), Some("-3"));
    }
}
