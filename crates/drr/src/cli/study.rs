//! The studies on the command line.

use super::Selection;
use crate::named::protocol;
use clap::Subcommand;
use drr_data::Protocol;
use std::path::PathBuf;

/// The studies.
#[derive(Debug, Subcommand)]
pub enum Study {
    /// The agent's validation score by the length of a session (Liu et al. 2018, fig. 7).
    #[command(after_help = "Example:\n  drr study length --dataset ml-100k --lengths 5,10,20")]
    Length {
        /// Which experiment.
        #[command(flatten)]
        selection: Box<Selection>,
        /// The protocol on whose validation rows is judged.
        #[arg(long, value_parser = protocol, default_value = "first_ratings")]
        protocol: Protocol,
        /// The lengths T.
        #[arg(long, value_delimiter = ',', default_value = "5,10,15,20")]
        lengths: Vec<usize>,
    },
    /// Every agent of the configuration with its twins, and the other systems, from several seeds, in one table.
    #[command(after_help = "\
The variants are [agent], [[lab.agents]] and [[lab.rivals]]; [study.ablation] names the seeds. What is done is not done again: a study that
was killed goes on with the same command. Trainings with more than study.ablation.max_updates updates are refused.

Examples:
  drr study ablation --config ml-100k-ablation
  drr study ablation --config ml-100k-ablation --protocol first_ratings --protocol temporal
  drr study ablation --config ml-100k-ablation --cells-only --into docs/results/ml-100k-ablation.md")]
    Ablation {
        /// Which experiment.
        #[command(flatten)]
        selection: Box<Selection>,
        /// Only under this protocol; can be given several times.
        #[arg(long, value_name = "PROTOCOL", value_parser = protocol)]
        protocol: Vec<Protocol>,
        /// Makes the table of the cells that are there, and trains nothing.
        #[arg(long)]
        cells_only: bool,
        /// Also writes the table into this document, between the markers results:NAME-ablation; a missing one is made.
        #[arg(long, value_name = "FILE")]
        into: Option<PathBuf>,
    },
    /// The agent in long sessions from several seeds, beside rules and its variants, in other worlds, and a bound.
    #[command(
        name = "long_session",
        after_help = "Example:\n  drr study long_session --config ml-1m --archive PATH/ml-1m.zip --into docs/results/ml-1m-sessions.md"
    )]
    LongSession {
        /// Which experiment.
        #[command(flatten)]
        selection: Box<Selection>,
        /// Also writes the tables into this document, between the markers results:NAME-long-session.
        #[arg(long, value_name = "FILE")]
        into: Option<PathBuf>,
    },
    /// How well ratings are predicted: the RMSE on five random folds of all rows.
    #[command(after_help = "Example:\n  drr study rmse --dataset ml-100k")]
    Rmse {
        /// Which experiment.
        #[command(flatten)]
        selection: Box<Selection>,
    },
    /// Two recommenders put one user's test items in order, step by step (Liu et al. 2018, table VII).
    #[command(
        after_help = "Example:\n  drr study case --run ml-1m-lab --user 11 --recommenders drr_ave,biased_mf"
    )]
    Case {
        /// The run's name, or its folder; it must have been trained under protocol "rerank".
        #[arg(long, value_name = "NAME")]
        run: String,
        /// The user's original id.
        #[arg(long, value_name = "ID")]
        user: String,
        /// Whom to compare.
        #[arg(long, value_delimiter = ',', default_value = "drr_ave,biased_mf")]
        recommenders: Vec<String>,
        /// The number of steps.
        #[arg(long, value_name = "N", default_value_t = 10)]
        steps: usize,
    },
    /// The pipeline on every log of a folder, and one document: who wins, does order matter, does looking ahead pay.
    #[command(after_help = "\
Every file and folder in the folder is a log of its own, read as `drr pipeline --file` reads it; what cannot be judged stands in the
document with its reason. What is done is not done again.

Examples:
  drr study domains --folder logs --into docs/results/domains.md
  drr study domains --folder logs --only plays --only jobs")]
    Domains {
        /// The folder with the logs.
        #[arg(long, value_name = "DIR")]
        folder: PathBuf,
        /// Only the log of this name in the folder; can be given several times.
        #[arg(long, value_name = "NAME")]
        only: Vec<String>,
        /// Does the work again although nothing changed.
        #[arg(long)]
        force: bool,
        /// Also writes the tables into this document, between the markers results:domains; a missing one is made.
        #[arg(long, value_name = "FILE")]
        into: Option<PathBuf>,
    },
}
