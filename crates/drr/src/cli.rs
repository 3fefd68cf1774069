//! The command line.

mod study;

pub use study::Study;

use crate::logging::LogFormat;
use crate::named::{ground, ranking_protocol, unknown};
use crate::own::OwnArgs;
use crate::recommend::{self, RecommendArgs};
use clap::{ArgMatches, Args, Parser, Subcommand, ValueEnum};
use drr_data::Protocol;
use drr_lab::config::is_old_name;
use drr_lab::judge::score::Unknown;
use drr_lab::run::context::OtherCode;
use drr_lab::study::sweep::Ground;
use std::ffi::OsStr;
use std::path::PathBuf;

/// Does deep reinforcement learning recommend better? From a log of ratings to an honest answer.
#[derive(Debug, Parser)]
#[command(
    name = "drr",
    version,
    after_help = "\
Exit codes: 0 done, 1 failed, 2 bad command line, 3 a metric regressed, 4 too few users to train on or to judge by, 130 interrupted (run the same command to go on).

Examples:
  drr pipeline                                      everything, on MovieLens 1M (or what can be had)
  drr pipeline --config ml-1m --archive PATH/ml-1m.zip
  drr recommend --run ml-1m --user 4835 -k 3
  drr recommend --run ml-1m --like \"star wars\"
  drr sweep --recommender ease --dataset ml-100k    settings chosen on validation rows"
)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
    /// The folder for raw archives, ingested data and runs; else ./data.
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// A folder of configurations that come before the built-in presets.
    #[arg(long, global = true, value_name = "DIR")]
    pub presets: Option<PathBuf>,
    /// A folder of descriptions of data sets that come before the built-in ones.
    #[arg(long, global = true, value_name = "DIR")]
    pub registry: Option<PathBuf>,
    /// How the log on stderr looks.
    #[arg(long, global = true, value_enum, default_value = "text")]
    pub log_format: LogFormat,
    /// Shows debugging messages too.
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// Which experiment.
#[derive(Debug, Clone, Args)]
pub struct Selection {
    /// A configuration file, or the name of a preset; without it, the preset of the data set.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A data set of the registry, such as ml-1m, yelp or synthetic. Nothing else is tried if it cannot be had.
    #[arg(long, value_name = "NAME")]
    pub dataset: Option<String>,
    /// The data set's archive, or a folder with its files, instead of a download.
    #[arg(long, value_name = "PATH")]
    pub archive: Option<PathBuf>,
    /// The name of the run's folder under data/runs; else the configuration's file name, else the data set's. A run that
    /// exists is worked on with its own configuration and data set, unless others are given.
    #[arg(long, value_name = "NAME")]
    pub run: Option<String>,
    /// Another root seed than the configuration's.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Does the work again although nothing changed, also in the folder of a run with other data or settings.
    #[arg(long)]
    pub force: bool,
    /// What to do with an unfinished training that another version of the program began.
    #[arg(long, value_enum, default_value = "refuse")]
    pub checkpoints: Checkpoints,
}

/// What to do with the checkpoints of another version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Checkpoints {
    /// Stop, and ask.
    Refuse,
    /// Go on from them: no single version can repeat the result.
    GoOn,
    /// Drop them.
    BeginAnew,
}

impl From<Checkpoints> for OtherCode {
    fn from(choice: Checkpoints) -> Self {
        match choice {
            Checkpoints::Refuse => Self::Refuse,
            Checkpoints::GoOn => Self::GoOn,
            Checkpoints::BeginAnew => Self::BeginAnew,
        }
    }
}

/// Every command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Downloads a data set's archive, with checksum and resume.
    #[command(
        after_help = "Examples:\n  drr fetch ml-1m\n  drr fetch ml-1m --archive PATH/ml-1m.zip   checks an archive you have"
    )]
    Fetch {
        /// A data set of the registry.
        dataset: String,
        /// Checks this archive instead of downloading one.
        #[arg(long, value_name = "PATH")]
        archive: Option<PathBuf>,
    },
    /// Prints and writes what is in a data set: counts, histograms, genres, streaks of ratings.
    #[command(after_help = "Examples:\n  drr describe ml-1m\n  drr describe synthetic")]
    Describe {
        /// A data set of the registry.
        dataset: String,
        /// A configuration file, or the name of a preset, with the rules for rows; without it, the preset of the data set.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Its archive, instead of a download.
        #[arg(long, value_name = "PATH")]
        archive: Option<PathBuf>,
        /// Ingests again although nothing changed.
        #[arg(long)]
        force: bool,
    },
    /// Checks the raw rows, splits them and writes Parquet.
    #[command(after_help = "\
Examples:
  drr ingest --dataset ml-1m --archive PATH/ml-1m.zip
  drr ingest --file plays.csv                     a log of one's own; what it holds is guessed, shown and written down
  drr ingest --file export.zip --name shop --user client --time-format \"%d/%m/%Y\"")]
    Ingest {
        /// Which experiment.
        #[command(flatten)]
        selection: Selection,
        /// A log of one's own.
        #[command(flatten)]
        own: Box<OwnArgs>,
    },
    /// Fits the embeddings (after ingest).
    #[command(
        after_help = "Examples:\n  drr pretrain --dataset ml-100k\n  drr pretrain --dataset ml-100k --five-fold   also prints the 5-fold test RMSE"
    )]
    Pretrain {
        /// Which experiment.
        #[command(flatten)]
        selection: Selection,
        /// Also fits and judges the rating factorization on five random folds.
        #[arg(long)]
        five_fold: bool,
    },
    /// Trains the agents; fits the embeddings first. A killed or interrupted training goes on from its last checkpoint.
    #[command(after_help = "Example:\n  drr train --config ml-1m --archive PATH/ml-1m.zip")]
    Train(Selection),
    /// Judges every recommender on test rows; trains first what is not trained.
    #[command(after_help = "Example:\n  drr evaluate --config ml-1m --archive PATH/ml-1m.zip")]
    Evaluate(Selection),
    /// Writes report.html and report.md of a run that was judged.
    #[command(
        after_help = "Example:\n  drr report --run ml-1m\n  drr report --run ml-1m --into docs/results/ml-1m.md"
    )]
    Report {
        /// The run's name, or its folder: ml-1m or data/runs/ml-1m.
        #[arg(long, value_name = "NAME")]
        run: String,
        /// Also writes the table of results into this document, between the run's markers, and the picture of long sessions
        /// beside it: NAME-sessions.svg for NAME.md.
        #[arg(long, value_name = "FILE")]
        into: Option<PathBuf>,
    },
    /// Does everything: fetch, ingest, pretrain, train, evaluate, report. What is up to date is not done again.
    #[command(after_help = "\
Examples:
  drr pipeline                                  MovieLens 1M; else MovieLens 100K; else synthetic users
  drr pipeline --dataset ml-100k --run mine --seed 7
  drr pipeline --file plays.csv                 a log of one's own, from the file to the report
  drr pipeline --config report --archive PATH/ml-1m.zip
  drr pipeline --dataset ml-100k --seeds 5      five runs, and what differs between them")]
    Pipeline {
        /// Which experiment.
        #[command(flatten)]
        selection: Selection,
        /// A log of one's own.
        #[command(flatten)]
        own: Box<OwnArgs>,
        /// Does it with so many root seeds, from the first on, and summarizes them by interquartile means.
        #[arg(long, value_name = "N", default_value_t = 1)]
        seeds: u64,
    },
    /// Recommends with a trained run: to a user of the data set, or to a new one. Finds items by their titles.
    #[command(after_help = recommend::EXAMPLES)]
    Recommend(Box<RecommendArgs>),
    /// Judges a run by golden figures: exit code 0 if it held, 3 if it regressed, 4 if its users are too few to tell.
    #[command(after_help = "\
Examples:
  drr check --run ml-1m --against data/golden/ml-1m.toml --bless   accepts the figures as they are
  drr check --run ml-1m --against data/golden/ml-1m.toml")]
    Check {
        /// The run's name, or its folder: ml-1m or data/runs/ml-1m.
        #[arg(long, value_name = "NAME")]
        run: String,
        /// The golden figures.
        #[arg(long, value_name = "FILE")]
        against: PathBuf,
        /// Rewrites the golden values and keeps the tolerances; makes the file if there is none.
        #[arg(long)]
        bless: bool,
    },
    /// Compares two runs: settings, metrics user by user, and which lists changed.
    #[command(after_help = "\
Examples:
  drr compare ml-1m ml-1m-seed-7
  drr compare data/runs/ml-1m data/runs/mine --out /tmp/comparison.html")]
    Compare {
        /// The run before, by name or folder.
        #[arg(value_name = "RUN_A")]
        before: String,
        /// The run after, by name or folder.
        #[arg(value_name = "RUN_B")]
        after: String,
        /// Keeps the tables of all metrics to one: ndcg, or ndcg@10.
        #[arg(long, value_name = "METRIC")]
        metric: Option<String>,
        /// The page, with the Markdown beside it; else compare-A.html in the folder of the run after.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Judges ranked lists of any other system, beside popularity, random and the oracle.
    #[command(after_help = "\
Examples:
  drr score --lists mine.csv --protocol first_ratings --dataset ml-1m     user, item, and rank or score
  drr score --lists run.trec.gz --protocol temporal --dataset ml-1m
  drr score --lists data/runs/ml-1m/lists.parquet --name popularity --protocol temporal --run ml-1m")]
    Score {
        /// The lists: csv, tsv, JSON, a TREC run or Parquet of any make, also packed by gzip or zstd; or a run's lists.parquet.
        #[arg(long, value_name = "FILE")]
        lists: PathBuf,
        /// By what they are judged: first_ratings, temporal, holdout or leave_one_out.
        #[arg(long, value_parser = ranking_protocol)]
        protocol: Protocol,
        /// The lists' name in the report; of a file with several recommenders, which one.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// What to do about rows of users and items that the data set does not have.
        #[arg(long, value_parser = unknown, default_value = "refuse", value_name = "refuse|drop")]
        unknown: Unknown,
        /// Which data set; a --run that exists brings its own.
        #[command(flatten)]
        selection: Selection,
    },
    /// Searches a recommender's settings on validation rows, with a budget of processor time, and keeps a ledger of all trials.
    #[command(
        after_help = "Examples:\n  drr sweep --recommender ease --protocol temporal --dataset ml-100k\n  drr sweep --recommender drr_ave --trials 10 --dataset ml-100k\n  drr sweep --recommender ease --protocol long_session --dataset ml-100k\n  drr sweep --recommender ease --config mine.toml --archive PATH/ml-1m.zip --write mine.toml"
    )]
    Sweep {
        /// Which experiment.
        #[command(flatten)]
        selection: Selection,
        /// A kind of recommender, or the agent: drr_ave.
        #[arg(long, value_name = "NAME")]
        recommender: String,
        /// The protocol on whose validation rows is chosen, or long_session: by its validation users in simulator A.
        #[arg(long, value_parser = ground, default_value = "first_ratings")]
        protocol: Ground,
        /// The greatest number of trials.
        #[arg(long, value_name = "N", default_value_t = 30)]
        trials: u32,
        /// Minutes of processor time.
        #[arg(long, value_name = "MINUTES", default_value_t = 10.0)]
        budget: f64,
        /// Writes the chosen settings into this configuration.
        #[arg(long, value_name = "FILE")]
        write: Option<PathBuf>,
    },
    /// Studies: variants from several seeds, the length of a session, one user step by step, the error of predicted ratings.
    #[command(
        after_help = "Examples:\n  drr study ablation --config ml-100k-ablation\n  drr study length --dataset ml-100k --lengths 5,10,20\n  drr study case --run ml-1m-lab --user 11"
    )]
    Study {
        /// Which study.
        #[command(subcommand)]
        study: Study,
    },
}

/// Whether the command names a protocol as it was called once.
pub fn names_old_protocol(matches: &ArgMatches) -> bool {
    let given = matches.try_get_raw("protocol").ok().flatten();
    let is_old = |name: &OsStr| name.to_str().is_some_and(is_old_name);
    given.is_some_and(|mut names| names.any(is_old))
        || matches.subcommand().is_some_and(|(_, matches)| names_old_protocol(matches))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::named::protocol;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent_and_every_command_has_examples() {
        let command = Cli::command();
        command.clone().debug_assert();
        for sub in command.get_subcommands() {
            let help = sub.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("  drr "), "{} has no example", sub.get_name());
        }
    }

    #[test]
    fn a_protocol_is_taken_by_the_name_that_it_had_and_noticed() {
        assert_eq!(protocol("seed"), Ok(Protocol::FirstRatings));
        assert_eq!(ranking_protocol("seed"), Ok(Protocol::FirstRatings));
        let refused = ranking_protocol("rerank").unwrap_err();
        assert!(refused.ends_with("use first_ratings, temporal, holdout or leave_one_out"), "{refused}");
        let old = |protocol: &str| {
            let arguments = ["x", "study", "length", "--protocol", protocol];
            names_old_protocol(&Cli::command().try_get_matches_from(arguments).unwrap())
        };
        assert!(old("seed") && !old("first_ratings"));
        let default = Cli::command().try_get_matches_from(["x", "study", "length", "--seed", "7"]).unwrap();
        assert!(!names_old_protocol(&default));
    }
}
