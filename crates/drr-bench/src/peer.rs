//! The same update in PyTorch, both sides taking turns in one session.

use super::{median, peer_file, work};
use anyhow::{Context as _, Result, bail};
use drr_lab::failure::Interrupted;
use drr_lab::watch::Watch;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

/// The ratio at one batch size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Against {
    /// B.
    pub batch_size: usize,
    /// Updates per second of ours, without the replay, as the peer is.
    pub ours: f64,
    /// Updates per second of ours with sample and new priorities.
    pub ours_with_replay: f64,
    /// Updates per second of the best peer.
    pub peer: f64,
    /// Which one that is.
    pub best: String,
    /// The median of the rounds' ratios, ours over the peer's.
    pub ratio: f64,
}

/// The peers, of which the quickest counts: threads and mode.
const CANDIDATES: [(usize, &str); 4] = [(1, "eager"), (2, "eager"), (1, "compiled"), (2, "compiled")];

/// A Python process that updates when it is told to.
struct Peer {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Peer {
    fn start(python: &Path, batch_size: usize, threads: usize, mode: &str) -> Result<Self> {
        let mut child = Command::new(python)
            .arg(peer_file("update_peer.py"))
            .arg(peer_file("update.toml"))
            .args([batch_size.to_string(), threads.to_string(), mode.to_owned()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {}: give --python an interpreter", python.display()))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("the peer has no streams");
        };
        let mut peer = Self { child, input, output: BufReader::new(output) };
        if peer.line()? != "ready" {
            bail!("the peer did not start; install it with `pip install torch` (Python 3.11 or later)");
        }
        Ok(peer)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    /// The seconds of `n` updates.
    fn seconds(&mut self, n: usize) -> Result<f64> {
        writeln!(self.input, "{n}")?;
        let line = self.line()?;
        line.parse().with_context(|| format!("the peer answered {line:?}; its errors stand above"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Measures the update at each batch size.
pub fn pytorch(watch: &dyn Watch, python: &Path, rounds: usize) -> Result<Vec<Against>> {
    if rounds == 0 {
        bail!("--rounds must be at least 1");
    }
    [(32, 400), (64, 300), (256, 100)]
        .into_iter()
        .map(|(batch_size, n)| {
            if watch.interrupted() {
                return Err(Interrupted.into());
            }
            against(python, batch_size, n, rounds)
        })
        .collect()
}

fn against(python: &Path, batch_size: usize, n: usize, rounds: usize) -> Result<Against> {
    let (mut peer, best) = strongest(python, batch_size, n)?;
    let mut ours = work::update_bench(batch_size)?;
    let (mut learn, mut step, mut theirs, mut ratios) = (vec![], vec![], vec![], vec![]);
    for round in 0..=rounds {
        let begun = Instant::now();
        // Within the pool, as trainings are: a thread outside it waits for every part.
        rayon::scope(|_| (0..n).try_for_each(|_| ours.learn()))?;
        let learned = begun.elapsed().as_secs_f64();
        let peers = peer.seconds(n)?;
        let begun = Instant::now();
        rayon::scope(|_| (0..n).try_for_each(|_| ours.step()))?;
        // The first round warms both up.
        if round > 0 {
            step.push(begun.elapsed().as_secs_f64() / n as f64);
            learn.push(learned / n as f64);
            theirs.push(peers / n as f64);
            ratios.push(peers / learned);
        }
    }
    let found = Against {
        batch_size,
        ours: 1.0 / median(&mut learn),
        ours_with_replay: 1.0 / median(&mut step),
        peer: 1.0 / median(&mut theirs),
        best,
        ratio: median(&mut ratios),
    };
    tracing::info!(batch_size, ours = found.ours, peer = found.peer, ratio = found.ratio, "against PyTorch");
    Ok(found)
}

/// The quickest of the candidates, still running.
fn strongest(python: &Path, batch_size: usize, n: usize) -> Result<(Peer, String)> {
    let mut best: Option<(f64, Peer, String)> = None;
    for (threads, mode) in CANDIDATES {
        let mut peer = Peer::start(python, batch_size, threads, mode)?;
        peer.seconds(n / 2)?;
        let seconds = peer.seconds(n)?;
        let name = format!("{mode}, {threads} thread{}", if threads == 1 { "" } else { "s" });
        tracing::info!(batch_size, peer = name, updates_per_second = n as f64 / seconds, "a peer");
        if best.as_ref().is_none_or(|(least, ..)| seconds < *least) {
            best = Some((seconds, peer, name));
        }
    }
    best.map(|(_, peer, name)| (peer, name)).context("there is no peer")
}

/// The ratios as a table; nothing if there is none.
pub fn table(against: &[Against]) -> Result<String> {
    let mut text = String::new();
    if against.is_empty() {
        return Ok(text);
    }
    text.push_str(
        "\n| update against PyTorch | ours/s | ours with replay/s | PyTorch/s | its best form | ratio |\n|---|---:|---:|---:|---|---:|\n",
    );
    for it in against {
        writeln!(
            text,
            "| batch {} | {:.0} | {:.0} | {:.0} | {} | {:.2} |",
            it.batch_size, it.ours, it.ours_with_replay, it.peer, it.best, it.ratio
        )?;
    }
    Ok(text)
}
