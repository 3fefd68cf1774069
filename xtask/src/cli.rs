//! The command line.

use crate::logging::LogFormat;
use crate::stages::score::Unknown;
use clap::{Args, Parser, Subcommand, ValueEnum};
use drr_data::Protocol;
use std::path::PathBuf;

/// Does deep reinforcement learning recommend better? From a log of ratings to an honest answer.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    version,
    after_help = "\
Exit codes: 0 done, 1 failed, 2 bad command line, 3 a metric regressed, 4 too few users to train on or to judge by, 130 interrupted (run the same command to go on).

Examples:
  cargo xtask pipeline                                      everything, on MovieLens 1M (or what can be had)
  cargo xtask pipeline --config xtask/configs/ml-1m.toml --archive PATH/ml-1m.zip
  cargo xtask recommend --run ml-1m --user 4835 -k 3
  cargo xtask ci                                            all checks"
)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
    /// The folder for raw archives, ingested data and runs.
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
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
    /// A configuration file; without it, the shipped one of the data set.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A data set of the registry: ml-1m, ml-100k, synthetic. Nothing else is tried if it cannot be had.
    #[arg(long, value_name = "NAME")]
    pub dataset: Option<String>,
    /// The data set's archive, or a folder with its files, instead of a download.
    #[arg(long, value_name = "PATH")]
    pub archive: Option<PathBuf>,
    /// The name of the run's folder under data/runs; else the configuration's file name, else the data set's.
    #[arg(long, value_name = "NAME")]
    pub run: Option<String>,
    /// Another root seed than the configuration's.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Does the work again although nothing changed.
    #[arg(long)]
    pub force: bool,
}

/// Every command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Downloads a data set's archive, with checksum and resume.
    #[command(
        after_help = "Examples:\n  cargo xtask fetch ml-1m\n  cargo xtask fetch ml-1m --archive PATH/ml-1m.zip   checks an archive you have"
    )]
    Fetch {
        /// A data set of the registry.
        dataset: String,
        /// Checks this archive instead of downloading one.
        #[arg(long, value_name = "PATH")]
        archive: Option<PathBuf>,
    },
    /// Prints and writes what is in a data set: counts, histograms, genres, streaks of ratings.
    #[command(after_help = "Examples:\n  cargo xtask describe ml-1m\n  cargo xtask describe synthetic")]
    Describe {
        /// A data set of the registry.
        dataset: String,
        /// Its archive, instead of a download.
        #[arg(long, value_name = "PATH")]
        archive: Option<PathBuf>,
        /// Ingests again although nothing changed.
        #[arg(long)]
        force: bool,
    },
    /// Checks the raw rows, splits them and writes Parquet.
    #[command(after_help = "Example:\n  cargo xtask ingest --dataset ml-1m --archive PATH/ml-1m.zip")]
    Ingest(Selection),
    /// Fits the embeddings (after ingest).
    #[command(
        after_help = "Examples:\n  cargo xtask pretrain --dataset ml-100k\n  cargo xtask pretrain --dataset ml-100k --five-fold   also prints the 5-fold test RMSE"
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
    #[command(
        after_help = "Example:\n  cargo xtask train --config xtask/configs/ml-1m.toml --archive PATH/ml-1m.zip"
    )]
    Train(Selection),
    /// Judges every recommender on test rows; trains first what is not trained.
    #[command(
        after_help = "Example:\n  cargo xtask evaluate --config xtask/configs/ml-1m.toml --archive PATH/ml-1m.zip"
    )]
    Evaluate(Selection),
    /// Writes report.html and report.md of a run that was judged.
    #[command(
        after_help = "Example:\n  cargo xtask report --run ml-1m\n  cargo xtask report --run ml-1m --into README.md"
    )]
    Report {
        /// The run's name, or its folder: ml-1m or data/runs/ml-1m.
        #[arg(long, value_name = "NAME")]
        run: String,
        /// Also writes the table of results into this document, between the run's markers.
        #[arg(long, value_name = "FILE")]
        into: Option<PathBuf>,
    },
    /// Does everything: fetch, ingest, pretrain, train, evaluate, report. What is up to date is not done again.
    #[command(after_help = "\
Examples:
  cargo xtask pipeline                                  MovieLens 1M; else MovieLens 100K; else synthetic users
  cargo xtask pipeline --dataset ml-100k --run mine --seed 7
  cargo xtask pipeline --config xtask/configs/report.toml --archive PATH/ml-1m.zip
  cargo xtask pipeline --dataset ml-100k --seeds 5      five runs, and what differs between them")]
    Pipeline {
        /// Which experiment.
        #[command(flatten)]
        selection: Selection,
        /// Does it with so many root seeds, from the first on, and summarizes them by interquartile means.
        #[arg(long, value_name = "N", default_value_t = 1)]
        seeds: u64,
    },
    /// Recommends with a trained run: to a user of the data set, or to a new one.
    #[command(after_help = "\
Examples:
  cargo xtask recommend --run ml-1m --user 4835 -k 3
  cargo xtask recommend --run ml-1m --history \"260,1196,2571\" -k 10")]
    #[command(group = clap::ArgGroup::new("whom").args(["user", "history"]).required(true))]
    Recommend {
        /// The run's name, or its folder: ml-1m or data/runs/ml-1m.
        #[arg(long, value_name = "NAME")]
        run: String,
        /// A user of the data set, by original id.
        #[arg(long, value_name = "ID")]
        user: Option<String>,
        /// A new user: original ids of liked items, oldest first, separated by commas.
        #[arg(long, value_name = "IDS")]
        history: Option<String>,
        /// The length of the list.
        #[arg(short, default_value_t = 10)]
        k: usize,
        /// Whose policy and whose view of the user: seed (the first ratings are known) or temporal (all before the cut).
        #[arg(long, default_value = "seed", value_parser = protocol)]
        protocol: Protocol,
    },
    /// Judges a run by golden figures: exit code 0 if it held, 3 if it regressed, 4 if its users are too few to tell.
    #[command(after_help = "\
Examples:
  cargo xtask check --run ml-1m --against data/golden/ml-1m.toml --bless   accepts the figures as they are
  cargo xtask check --run ml-1m --against data/golden/ml-1m.toml")]
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
  cargo xtask compare ml-1m ml-1m-seed-7
  cargo xtask compare data/runs/ml-1m data/runs/mine --out /tmp/comparison.html")]
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
  cargo xtask score --lists mine.csv --protocol seed --dataset ml-1m     a header with user, item, and rank or score
  cargo xtask score --lists data/runs/ml-1m/lists.parquet --name popularity --protocol temporal --run ml-1m")]
    Score {
        /// The lists: csv, tsv or Parquet of any make, or a run's lists.parquet.
        #[arg(long, value_name = "FILE")]
        lists: PathBuf,
        /// By what they are judged: seed, temporal, holdout or leave_one_out.
        #[arg(long, value_parser = ranking_protocol)]
        protocol: Protocol,
        /// The lists' name in the report; of a file with several recommenders, which one.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// What to do about rows of users and items that the data set does not have.
        #[arg(long, value_enum, default_value = "refuse")]
        unknown: Unknown,
        /// Which data set; a --run that exists brings its own.
        #[command(flatten)]
        selection: Selection,
    },
    /// Searches a recommender's settings on validation rows, with a budget of processor time, and keeps a ledger of all trials.
    #[command(
        after_help = "Examples:\n  cargo xtask sweep --recommender ease --protocol temporal --dataset ml-100k\n  cargo xtask sweep --recommender drr_ave --trials 10 --dataset ml-100k\n  cargo xtask sweep --recommender ease --config xtask/configs/ml-1m-lab.toml --archive PATH/ml-1m.zip --write xtask/configs/ml-1m-lab.toml"
    )]
    Sweep {
        /// Which experiment.
        #[command(flatten)]
        selection: Selection,
        /// A kind of recommender, or the agent: drr_ave.
        #[arg(long, value_name = "NAME")]
        recommender: String,
        /// The protocol on whose validation rows is chosen.
        #[arg(long, value_parser = protocol, default_value = "seed")]
        protocol: Protocol,
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
        after_help = "Examples:\n  cargo xtask study ablation --config xtask/configs/ml-100k-ablation.toml\n  cargo xtask study length --dataset ml-100k --lengths 5,10,20\n  cargo xtask study case --run ml-1m-lab --user 11"
    )]
    Study {
        /// Which study.
        #[command(subcommand)]
        study: Study,
    },
    /// Measures how fast everything is, beside the machine's own limits, and beside Python peers where an interpreter is given.
    #[command(
        after_help = "Examples:\n  cargo xtask bench --only update\n  cargo xtask bench --peer pytorch --python PATH/bin/python --whole PATH/ml-1m.zip --into docs/performance.md\n  cargo xtask bench eval --dataset ml-100k --python PATH/bin/python --rounds 5"
    )]
    Bench(Box<BenchArgs>),
    /// Runs all checks: format, lints, structure, style, tests, docs, and a small pipeline against its golden metrics.
    #[command(
        after_help = "Examples:\n  cargo xtask ci\n  cargo xtask ci --skip docs\n  cargo xtask ci --bless   rewrites the golden metrics"
    )]
    Ci(crate::ci::CiArgs),
}

/// Arguments of `cargo xtask bench`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct BenchArgs {
    /// Another measurement than that of updates, acting, scoring, replay and environments.
    #[command(subcommand)]
    pub bench: Option<Bench>,
    /// Only work whose name has this; can be given several times.
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// Also the same update in this library, both sides taking turns.
    #[arg(long, value_enum, value_name = "LIBRARY")]
    pub peer: Option<Peer>,
    /// The interpreter that has the peer's packages.
    #[arg(long, value_name = "PATH", default_value = "python3", requires = "peer")]
    pub python: PathBuf,
    /// How often both sides are measured, in turn.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub rounds: usize,
    /// Also whole trainings on MovieLens 1M, from this archive.
    #[arg(long, value_name = "PATH")]
    pub whole: Option<PathBuf>,
    /// Also writes the table into this document, between the markers `results:speed`.
    #[arg(long, value_name = "FILE")]
    pub into: Option<PathBuf>,
}

/// The libraries that an update is compared with.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Peer {
    /// PyTorch with its fused Adam, the best of eager and compiled, one and two threads.
    Pytorch,
}

/// Other measurements.
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Fits and judgements.
    #[command(
        after_help = "Examples:\n  cargo xtask bench eval --config xtask/configs/ml-1m-lab.toml --archive PATH/ml-1m.zip\n  cargo xtask bench eval --dataset ml-100k --python PATH/bin/python"
    )]
    Eval {
        /// Which experiment.
        #[command(flatten)]
        selection: Box<Selection>,
        /// A Python interpreter with numpy, scipy and implicit, for the peers.
        #[arg(long, value_name = "PATH")]
        python: Option<PathBuf>,
        /// How often each side is measured, in turn.
        #[arg(long, value_name = "N", default_value_t = 3)]
        rounds: usize,
    },
    /// Does one piece of work and nothing else, to be profiled.
    #[command(
        after_help = "Example:\n  valgrind --tool=callgrind target/release/xtask bench work update_32 --times 100"
    )]
    Work {
        /// The work's name in the table.
        name: String,
        /// How often.
        #[arg(long, value_name = "N", default_value_t = 100)]
        times: u32,
    },
}

/// The studies.
#[derive(Debug, Subcommand)]
pub enum Study {
    /// The agent's validation score by the length of a session (Liu et al. 2018, fig. 7).
    #[command(after_help = "Example:\n  cargo xtask study length --dataset ml-100k --lengths 5,10,20")]
    Length {
        /// Which experiment.
        #[command(flatten)]
        selection: Box<Selection>,
        /// The protocol on whose validation rows is judged.
        #[arg(long, value_parser = protocol, default_value = "seed")]
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
  cargo xtask study ablation --config xtask/configs/ml-100k-ablation.toml
  cargo xtask study ablation --config xtask/configs/ml-100k-ablation.toml --protocol seed --protocol temporal
  cargo xtask study ablation --config xtask/configs/ml-100k-ablation.toml --cells-only --into docs/results/ml-100k-ablation.md")]
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
    /// How well ratings are predicted: the RMSE on five random folds of all rows.
    #[command(after_help = "Example:\n  cargo xtask study rmse --dataset ml-100k")]
    Rmse {
        /// Which experiment.
        #[command(flatten)]
        selection: Box<Selection>,
    },
    /// Two recommenders put one user's test items in order, step by step (Liu et al. 2018, table VII).
    #[command(
        after_help = "Example:\n  cargo xtask study case --run ml-1m-lab --user 11 --recommenders drr_ave,biased_mf"
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
}

fn protocol(name: &str) -> Result<Protocol, String> {
    let found = Protocol::ALL.into_iter().find(|protocol| protocol.name() == name);
    found.ok_or_else(|| format!("there is no protocol {name}: use seed, temporal, holdout, leave_one_out, rerank, episodes or online"))
}

/// A protocol that judges ranked lists.
fn ranking_protocol(name: &str) -> Result<Protocol, String> {
    let ranking = [Protocol::Seed, Protocol::Temporal, Protocol::Holdout, Protocol::LeaveOneOut];
    let found = ranking.into_iter().find(|protocol| protocol.name() == name);
    found.ok_or_else(|| {
        format!("lists are not judged by {name}: use seed, temporal, holdout or leave_one_out")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent_and_every_command_has_examples() {
        let command = Cli::command();
        command.clone().debug_assert();
        for sub in command.get_subcommands() {
            let help = sub.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("cargo xtask"), "{} has no example", sub.get_name());
        }
    }

    #[test]
    fn a_recommendation_needs_a_user_or_a_history_and_not_both() {
        let parse = |rest: &[&str]| Cli::try_parse_from(["x", "recommend", "--run", "r"].iter().chain(rest));
        assert!(parse(&["--user", "1"]).is_ok() && parse(&["--history", "1,2"]).is_ok());
        let refusal = |rest: &[&str]| parse(rest).err().unwrap().kind();
        assert_eq!(refusal(&[]), clap::error::ErrorKind::MissingRequiredArgument);
        assert_eq!(refusal(&["--user", "1", "--history", "2"]), clap::error::ErrorKind::ArgumentConflict);
    }
}
