//! The options that name a log of one's own, and say what cannot be told from its content.

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use drr_data::OwnRules;
use drr_intake::{Asked, Signal, TimeUnit, shown};
use drr_lab::run::own::OwnLog;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A log of one's own.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "A log of one's own")]
pub struct OwnArgs {
    /// A log: csv, tsv, JSON, Parquet or RecBole's files, plain or packed; or a folder or zip with it. What it holds is guessed,
    /// shown, and written to DATA/own/NAME.toml, which can be edited.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["dataset", "archive"])]
    pub file: Option<PathBuf>,
    /// The name for the data set, its layout and its run; else the file's name.
    #[arg(long, value_name = "NAME", requires = "file")]
    pub name: Option<String>,
    /// Adds the rows of --file to the log --name, which was ingested before; then `drr pipeline --dataset NAME` goes on.
    #[arg(long, requires = "file", requires = "name")]
    pub append: bool,
    /// The column of users, by name or number from 1.
    #[arg(long, value_name = "COLUMN", requires = "file")]
    pub user: Option<String>,
    /// The column of items.
    #[arg(long, value_name = "COLUMN", requires = "file")]
    pub item: Option<String>,
    /// The column of ratings, counts or durations, or "none".
    #[arg(long, value_name = "COLUMN", requires = "file")]
    pub value: Option<String>,
    /// What the value says.
    #[arg(long, value_enum, requires = "file")]
    pub signal: Option<SignalArg>,
    /// The column of times, or "none".
    #[arg(long, value_name = "COLUMN", requires = "file")]
    pub time: Option<String>,
    /// The unit of times that are numbers.
    #[arg(long, value_enum, requires = "file", conflicts_with = "time_format")]
    pub time_unit: Option<UnitArg>,
    /// The pattern of times, as in strftime.
    #[arg(long, value_name = "PATTERN", requires = "file")]
    pub time_format: Option<String>,
    /// What is between fields: "," or "\t" or "::" or "whitespace".
    #[arg(long, value_name = "TEXT", requires = "file")]
    pub separator: Option<String>,
    /// The encoding of the text: utf-8, windows-1252, shift_jis ..
    #[arg(long, value_name = "NAME", requires = "file")]
    pub encoding: Option<String>,
    /// Whether the first row names the columns.
    #[arg(long, value_enum, requires = "file")]
    pub header: Option<YesNo>,
    /// The sign before the fraction of a number.
    #[arg(long, value_name = "SIGN", requires = "file")]
    pub decimal: Option<char>,
    /// Which file of a folder or archive is the log.
    #[arg(long, value_name = "FILE", requires = "file")]
    pub log: Option<String>,
    /// The rows that count: those with one of the words in the column. May be given for several columns.
    #[arg(long, value_name = "COLUMN=WORD,..", requires = "file")]
    pub only: Vec<String>,
    /// What the words in the column of values are worth: like=1,dislike=0.
    #[arg(long, value_name = "WORD=NUMBER,..", requires = "file", value_delimiter = ',')]
    pub words: Vec<String>,
    /// The day or moment before which rows do not count: 2024-01-31, or ISO 8601.
    #[arg(long, value_name = "MOMENT", requires = "file")]
    pub since: Option<String>,
    /// The day or moment from which on rows do not count.
    #[arg(long, value_name = "MOMENT", requires = "file")]
    pub until: Option<String>,
}

/// What a value says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SignalArg {
    /// A rating on a scale.
    Rating,
    /// That something happened.
    Event,
    /// How often.
    Count,
    /// How long.
    Duration,
}

/// The unit of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum UnitArg {
    /// Seconds since 1970.
    S,
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
    /// Nanoseconds.
    Ns,
    /// Days as spreadsheets count them.
    Days,
    /// Numbers that only tell what came first.
    Order,
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum YesNo {
    /// Yes.
    Yes,
    /// No.
    No,
}

impl OwnArgs {
    /// The log with what was said of it.
    ///
    /// # Errors
    ///
    /// Refuses signs that stand for nothing.
    pub fn log(&self) -> Result<OwnLog<'_>> {
        if self.decimal.is_some_and(|sign| !matches!(sign, '.' | ',')) {
            bail!("--decimal is \".\" or \",\"");
        }
        let asked = Asked {
            user: self.user.clone(),
            item: self.item.clone(),
            value: self.value.clone(),
            signal: self.signal.map(|it| match it {
                SignalArg::Rating => Signal::Rating,
                SignalArg::Event => Signal::Event,
                SignalArg::Count => Signal::Count,
                SignalArg::Duration => Signal::Duration,
            }),
            time: self.time.clone(),
            time_unit: self.time_format.clone().map(TimeUnit::Pattern).or_else(|| self.time_unit.map(unit)),
            separator: self.separator.clone(),
            encoding: self.encoding.clone(),
            header: self.header.map(|it| it == YesNo::Yes),
            decimal: self.decimal,
            log: self.log.clone(),
            only: self.only()?,
            words: self.words()?,
        };
        let rules = OwnRules { since: self.since.clone(), until: self.until.clone(), ..OwnRules::default() };
        Ok(OwnLog {
            file: self.file.as_deref(),
            name: self.name.as_deref(),
            asked,
            rules,
            appends: self.append,
        })
    }

    fn only(&self) -> Result<BTreeMap<String, Vec<String>>> {
        let pair = |text: &String| match text.split_once('=') {
            Some((column, words)) if !column.is_empty() && !words.is_empty() => {
                Ok((column.to_owned(), words.split(',').map(|it| it.trim().to_owned()).collect()))
            }
            _ => bail!(
                "--only is a column and words, such as --only event=purchase,cart, but it is {}",
                shown(text)
            ),
        };
        self.only.iter().map(pair).collect()
    }

    fn words(&self) -> Result<BTreeMap<String, f64>> {
        let pair = |text: &String| {
            let pair =
                text.rsplit_once('=').and_then(|(word, number)| Some((word, number.trim().parse().ok()?)));
            match pair {
                Some((word, number)) if !word.trim().is_empty() && f64::is_finite(number) => {
                    Ok((word.trim().to_owned(), number))
                }
                _ => bail!(
                    "--words is words and numbers, such as --words like=1,dislike=0, but one is {}",
                    shown(text)
                ),
            }
        };
        self.words.iter().map(pair).collect()
    }
}

const fn unit(unit: UnitArg) -> TimeUnit {
    match unit {
        UnitArg::S => TimeUnit::S,
        UnitArg::Ms => TimeUnit::Ms,
        UnitArg::Us => TimeUnit::Us,
        UnitArg::Ns => TimeUnit::Ns,
        UnitArg::Days => TimeUnit::ExcelDays,
        UnitArg::Order => TimeUnit::Order,
    }
}
