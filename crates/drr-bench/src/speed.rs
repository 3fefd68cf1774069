//! The table of `cargo xtask bench`: every piece of work, timed by Criterion, beside the machine's rooflines.

use super::peer::{self, Against};
use super::work::{ALL, Work};
use anyhow::{Context as _, Result, bail};
use criterion::Criterion;
use drr_lab::config::ExperimentConfig;
use drr_lab::document;
use drr_lab::run::Context;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What to measure.
#[derive(Debug, Clone)]
pub struct Request {
    /// Only work whose name has one of these; all if there is none.
    pub only: Vec<String>,
    /// An interpreter with the peer's packages; without it, no peer is measured.
    pub python: Option<PathBuf>,
    /// How often both sides take turns.
    pub rounds: usize,
    /// The archive of MovieLens 1M, to time whole trainings.
    pub whole: Option<PathBuf>,
    /// The program whose commands are timed.
    pub program: PathBuf,
    /// A document whose block `<!-- results:speed -->` is to hold the table.
    pub into: Option<PathBuf>,
}

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The work's name.
    pub name: String,
    /// What was done.
    pub what: String,
    /// Seconds of one call, the median.
    pub seconds: f64,
    /// The 95 % interval of the median.
    pub interval: [f64; 2],
    /// Units done in a second, and what they are.
    pub rate: f64,
    /// See `rate`.
    pub unit: String,
    /// The share of the roofline, where one is known.
    pub roofline: Option<f64>,
}

/// What `data/bench/speed.json` holds.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    machine: Vec<(String, String)>,
    figures: Vec<Figure>,
    /// The share of the exact top 10 that the approximate index finds.
    index_recall: Option<f64>,
    whole: Vec<(String, f64)>,
    against: Vec<Against>,
}

/// Measures, prints, and writes what was found.
pub fn run(context: &Context, request: &Request) -> Result<String> {
    let folder = context.data_dir.join("bench");
    let wanted =
        |work: &&Work| request.only.is_empty() || request.only.iter().any(|it| work.name.contains(&**it));
    let chosen: Vec<&Work> = ALL.iter().filter(wanted).collect();
    if chosen.is_empty() && request.whole.is_none() && request.python.is_none() {
        let names: Vec<&str> = ALL.iter().map(|it| it.name).collect();
        bail!("nothing is called that: --only takes a part of one of {}", names.join(", "));
    }
    if let Some(path) = &request.into {
        document::check_block(path, "speed")?;
    }
    let mut figures = Vec::new();
    for work in chosen {
        context.stop_if_asked()?;
        // Within the pool, as work is in the commands: a thread outside it waits for every part.
        figures.push(rayon::scope(|_| measured(work, &folder))?);
    }
    add_rooflines(&mut figures);
    let has_index = figures.iter().any(|it| it.name == "index");
    let index_recall = has_index.then(super::work::index_recall).transpose()?;
    let against = match &request.python {
        Some(python) => peer::pytorch(&*context.watch, python, request.rounds)?,
        None => Vec::new(),
    };
    let whole = match &request.whole {
        Some(archive) => trainings(context, &request.program, archive)?,
        None => earlier_trainings(&folder)?,
    };
    let record = Record { machine: drr::machine_facts(), figures, index_recall, whole, against };
    drr_store::write_bytes(&folder.join("speed.json"), &serde_json::to_vec_pretty(&record)?)?;
    let text = table(&record)?;
    if let Some(path) = &request.into {
        document::write_block(path, "speed", &text)?;
    }
    Ok(format!("{text}\nwritten: {}", folder.join("speed.json").display()))
}

/// Criterion's median of one work.
fn measured(work: &Work, folder: &Path) -> Result<Figure> {
    let mut call = (work.make)().with_context(|| format!("cannot prepare {}", work.name))?;
    let mut failure = None;
    let folder = folder.join("criterion");
    let mut criterion = Criterion::default()
        .output_directory(&folder)
        .without_plots()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3));
    criterion.bench_function(work.name, |bencher| {
        bencher.iter(|| {
            if let Err(error) = call() {
                failure.get_or_insert(error);
            }
        });
    });
    if let Some(error) = failure {
        return Err(error.context(format!("{} failed", work.name)));
    }
    let path = folder.join(work.name).join("new/estimates.json");
    let estimates: Estimates = drr_store::read_json(&path, "cargo xtask bench")?;
    let Estimate { point_estimate, confidence_interval } = estimates.median;
    let seconds = point_estimate * 1e-9;
    Ok(Figure {
        name: work.name.to_owned(),
        what: work.what.to_owned(),
        seconds,
        interval: [confidence_interval.lower_bound * 1e-9, confidence_interval.upper_bound * 1e-9],
        rate: work.per_call / seconds,
        unit: work.unit.to_owned(),
        roofline: None,
    })
}

/// What Criterion writes; times are in nanoseconds.
#[derive(Debug, Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Debug, Deserialize)]
struct Estimate {
    point_estimate: f64,
    confidence_interval: Interval,
}

#[derive(Debug, Deserialize)]
struct Interval {
    lower_bound: f64,
    upper_bound: f64,
}

/// The share of what the machine's best rate, measured in the same run, would take: Candle's product of matrices for
/// arithmetic, a plain copy for memory.
fn add_rooflines(figures: &mut [Figure]) {
    let rate = |name: &str, of: fn(&Work) -> f64| {
        let figure = figures.iter().find(|it| it.name == name)?;
        Some(of(super::work::named(name)?) / figure.seconds)
    };
    let (flops, bytes) = (rate("product", |it| it.flops), rate("roofline_copy", |it| it.bytes));
    for figure in figures {
        let Some(work) = super::work::named(&figure.name) else { continue };
        let least = |amount: f64, rate: Option<f64>| rate.filter(|_| amount > 0.0).map(|rate| amount / rate);
        let least = least(work.flops, flops).or(least(work.bytes, bytes));
        figure.roofline = least.map(|least| least / figure.seconds);
    }
}

/// The sessions of the paper's published codes, where the student report has 1,000.
const MANY_EPISODES: u64 = 5000;

/// The seconds of whole commands, each in a process of its own; a folder of their own begins empty.
fn trainings(context: &Context, program: &Path, archive: &Path) -> Result<Vec<(String, f64)>> {
    let folder = context.data_dir.join("bench/whole");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let mut longer = ExperimentConfig::preset("report")?;
    longer.agent.n_episodes = MANY_EPISODES;
    let longer_file = folder.join("report-5000.toml");
    drr_store::write_bytes(&longer_file, longer.to_toml()?.as_bytes())?;
    let mut timed = Vec::new();
    for (command, config) in [
        ("ingest", PathBuf::from("ml-1m")),
        ("pretrain", PathBuf::from("ml-1m")),
        ("train", PathBuf::from("ml-1m")),
        ("evaluate", PathBuf::from("ml-1m")),
        ("pretrain", PathBuf::from("report")),
        ("train", PathBuf::from("report")),
        ("pretrain", longer_file.clone()),
        ("train", longer_file),
    ] {
        context.stop_if_asked()?;
        let seconds = seconds_of(program, command, &config, archive, &folder)?;
        let config = config.file_name().unwrap_or_default().to_string_lossy().into_owned();
        tracing::info!(command, config, seconds, "timed");
        timed.push((format!("{command}, {config}"), seconds));
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(timed)
}

/// The whole commands of the last record, if it is of this machine: they take a quarter of an hour, so the rest can be
/// measured again without them.
fn earlier_trainings(folder: &Path) -> Result<Vec<(String, f64)>> {
    let path = folder.join("speed.json");
    if !path.exists() {
        return Ok(Vec::new());
    }
    let earlier: Record = drr_store::read_json(&path, "cargo xtask bench")?;
    Ok(if earlier.machine == drr::machine_facts() { earlier.whole } else { Vec::new() })
}

fn seconds_of(program: &Path, command: &str, config: &Path, archive: &Path, folder: &Path) -> Result<f64> {
    let begun = Instant::now();
    let output = std::process::Command::new(program)
        .arg(command)
        .args([Path::new("--config"), config, Path::new("--archive"), archive])
        .args([Path::new("--data-dir"), folder])
        .output()
        .with_context(|| format!("cannot start {command}"))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        bail!("{command} {} failed: {}", config.display(), errors.trim());
    }
    Ok(begun.elapsed().as_secs_f64())
}

fn table(record: &Record) -> Result<String> {
    let mut text = String::new();
    if !record.figures.is_empty() {
        text.push_str(
            "| work | name | time of a call | rate | share of the roofline |\n|---|---|---:|---:|---:|\n",
        );
        for it in &record.figures {
            let roofline =
                it.roofline.map_or_else(|| "-".to_owned(), |share| format!("{:.0} %", 100.0 * share));
            let (time, rate) = (in_units(it.seconds), grouped(it.rate));
            writeln!(text, "| {} | `{}` | {time} | {rate} {}/s | {roofline} |", it.what, it.name, it.unit)?;
        }
    }
    if let Some(recall) = record.index_recall {
        writeln!(text, "\nThe approximate index finds {:.1} % of the exact top 10.", 100.0 * recall)?;
    }
    text.push_str(&peer::table(&record.against)?);
    if !record.whole.is_empty() {
        text.push_str("\n| whole command, MovieLens 1M, one after the other | seconds |\n|---|---:|\n");
        for (name, seconds) in &record.whole {
            writeln!(text, "| {name} | {seconds:.1} |")?;
        }
    }
    let machine: Vec<String> = record.machine.iter().map(|(name, value)| format!("{name} {value}")).collect();
    writeln!(text, "\n{}.", machine.join(", "))?;
    Ok(text)
}

/// Seconds in a unit that leaves few zeros.
fn in_units(seconds: f64) -> String {
    match seconds {
        it if it < 1e-6 => format!("{:.0} ns", it * 1e9),
        it if it < 1e-3 => format!("{:.2} us", it * 1e6),
        it if it < 1.0 => format!("{:.2} ms", it * 1e3),
        it => format!("{it:.2} s"),
    }
}

/// A whole number with commas.
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_rates_are_written_for_people() {
        assert_eq!([2.5e-8, 4.2e-6, 0.0125, 3.0].map(in_units), ["25 ns", "4.20 us", "12.50 ms", "3.00 s"]);
        assert_eq!([5.0, 1234.0, 1_234_567.0].map(grouped), ["5", "1,234", "1,234,567"]);
    }

    #[test]
    fn the_roofline_is_the_least_time_over_the_time() {
        let figure = |name: &str, seconds| Figure {
            name: name.to_owned(),
            what: String::new(),
            seconds,
            interval: [seconds; 2],
            rate: 1.0,
            unit: String::new(),
            roofline: None,
        };
        let mut figures = [figure("product", 0.01), figure("top_10", 0.02), figure("replay_push", 1.0)];
        add_rooflines(&mut figures);
        assert_eq!(figures.map(|it| it.roofline), [Some(1.0), Some(0.5), None]);
    }
}
