//! Several processes at once on one run or one data set, and processes that are killed.

use crate::harness::{Draws, House, PIPELINE, rounds, undisturbed, until};
use crate::process::{Done, Process, names_holder};
use anyhow::{Result, ensure};

/// About so many files and folders come to be in a pipeline.
const MOST_PATHS: usize = 90;

/// Starts all the commands: in half of the cases at once, else each when the one before is somewhere in its work.
fn start_all<const N: usize>(house: &House, commands: [&str; N], draws: &mut Draws) -> [Process; N] {
    let is_at_once = draws.below(2) == 0;
    let mut before: Option<Process> = None;
    let mut started = Vec::new();
    for command in commands {
        if let Some(mut process) = before.take() {
            let n_paths = house.n_paths() + 1 + draws.below(MOST_PATHS / N);
            until("the one before is at work", || {
                is_at_once || house.n_paths() >= n_paths || process.has_ended()
            });
            started.push(process);
        }
        before = Some(house.start(command));
    }
    started.extend(before);
    started.try_into().unwrap()
}

/// Whether a message names both configurations, by their seeds or by their hashes, and the way out.
fn names_both(done: &Done) -> bool {
    let message = done.error();
    let is_word = |word: &str| message.split(|it: char| !it.is_alphanumeric()).any(|it| it == word);
    let short = |seed| &undisturbed(seed).config_hash[..8];
    let seeds = is_word("42") && is_word("43");
    let hashes = message.contains(short(42)) && message.contains(short(43));
    (seeds || hashes) && message.contains("--force")
}

/// Whether it went on only because everything is up to date.
fn check_up_to_date(done: &Done) -> Result<()> {
    ensure!(done.code == Some(0) && done.stderr.contains("evaluate is up to date"), "{done}");
    Ok(())
}

#[test]
fn work_whose_log_nobody_reads_is_done() {
    let house = House::new();
    let done = Process::unheard(&house.path(""), PIPELINE).wait().succeeded();
    assert!(done.stdout.contains("Protocol"), "{}", done.stdout);
    house.check_metrics(42).unwrap();
    let refused = Process::unheard(&house.path(""), "report --run nothing").wait();
    assert_eq!(refused.code, Some(1), "{refused}");
}

#[test]
fn torture_of_two_configurations_on_one_run_one_wins_and_the_other_is_refused() {
    rounds(1, |draws| {
        let house = House::new();
        let command = |seed: u64| format!("{PIPELINE} --seed {seed}");
        let commands = [42, 43].map(command);
        let done = start_all(&house, [&commands[0], &commands[1]], draws).map(Process::wait);
        let winner = match [done[0].code, done[1].code] {
            [Some(0), Some(1)] => 0,
            [Some(1), Some(0)] => 1,
            _ => anyhow::bail!("not one succeeded and one was refused: {}\n{}", done[0], done[1]),
        };
        let (seed, loser) = (42 + winner as u64, &done[1 - winner]);
        house.check_metrics(seed)?;
        ensure!(names_holder(loser.error(), &[done[winner].id]) || names_both(loser), "{loser}");
        check_up_to_date(&house.drr(&command(seed)))?;
        house.check_metrics(seed)?;
        house.check_leftovers()
    });
}

#[test]
fn torture_of_three_processes_with_one_command_two_wait_or_say_for_whom_they_do_not() {
    rounds(2, |draws| {
        let house = House::new();
        let done = start_all(&house, [PIPELINE; 3], draws).map(Process::wait);
        let mut n_told = 0;
        for it in &done {
            let others: Vec<u32> = done.iter().map(|other| other.id).filter(|id| *id != it.id).collect();
            n_told += usize::from(names_holder(&it.stderr, &others));
            let is_refused = it.code == Some(1) && names_holder(it.error(), &others);
            ensure!(it.code == Some(0) || is_refused, "{it}");
        }
        ensure!(done.iter().any(|it| it.code == Some(0)), "nobody succeeded");
        ensure!(n_told >= 2, "only {n_told} of 3 name the holder: {}\n{}\n{}", done[0], done[1], done[2]);
        house.check_metrics(42)?;
        check_up_to_date(&house.drr(PIPELINE))?;
        house.check_metrics(42)?;
        house.check_leftovers()
    });
}

#[test]
fn torture_after_a_kill_the_same_command_goes_on_and_leaves_nothing_behind() {
    let mut n_killed = 0;
    rounds(3, |draws| {
        let house = House::new();
        for _ in 0..2 {
            let n_paths = house.n_paths() + 1 + draws.below(MOST_PATHS);
            let mut process = house.start(PIPELINE);
            until("it is at work", || house.n_paths() >= n_paths || process.has_ended());
            let killed = process.kill();
            n_killed += usize::from(killed.code.is_none());
            ensure!(matches!(killed.code, None | Some(0)), "{killed}");
        }
        let done = house.drr(PIPELINE);
        ensure!(done.code == Some(0) && !done.stderr.contains("in use"), "{done}");
        house.check_metrics(42)?;
        house.check_leftovers()
    });
    assert!(n_killed > 0, "nobody was killed in the middle");
}

#[test]
fn torture_of_three_ingests_of_one_data_set_all_succeed() {
    rounds(4, |draws| {
        let house = House::new();
        let force = if draws.below(2) == 0 { "" } else { " --force" };
        let command = format!("ingest --config small.toml{force}");
        let done = start_all(&house, [&*command; 3], draws).map(Process::wait);
        for it in &done {
            ensure!(it.code == Some(0) && it.stdout.contains("ingested: "), "{it}");
            ensure!(it.stdout == done[0].stdout, "two folders: {} and {}", it.stdout, done[0].stdout);
        }
        house.check_leftovers()?;
        let used = house.drr(PIPELINE);
        ensure!(used.code == Some(0), "{used}");
        house.check_metrics(42)
    });
}

#[test]
fn torture_of_two_processes_on_two_runs_neither_disturbs_the_other() {
    rounds(5, |draws| {
        let house = House::new();
        let commands = [PIPELINE, "pipeline --config small.toml --run other --seed 43"];
        for it in start_all(&house, commands, draws).map(Process::wait) {
            ensure!(it.code == Some(0), "{it}");
        }
        house.check_metrics(42)?;
        let other = std::fs::read(house.path("data/runs/other/metrics.json"))?;
        ensure!(other == undisturbed(43).metrics, "the figures of the other run are not those of seed 43");
        house.check_leftovers()
    });
}
