//! The machine that a run was made on.

use std::fs::read_to_string;

/// Ticks of a second in `/proc/self/stat`, which Linux has fixed for programs.
const TICKS: f64 = 100.0;

/// The machine's facts, each with its name.
#[must_use]
pub fn facts() -> Vec<(String, String)> {
    let cpu = read_to_string("/proc/cpuinfo").ok().and_then(|text| after(&text, "model name"));
    let memory = read_to_string("/proc/meminfo").ok().and_then(|text| after(&text, "MemTotal"));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let unknown = || "unknown".to_owned();
    [
        ("CPU", cpu.unwrap_or_else(unknown)),
        ("Threads", threads.to_string()),
        ("Memory", memory.unwrap_or_else(unknown)),
        ("System", format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

/// What follows `name` and a colon in the first line that begins with it.
fn after(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// User and system time of this process, in seconds; none where the system does not tell.
pub fn processor_seconds() -> Option<f64> {
    let stat = read_to_string("/proc/self/stat").ok()?;
    times(&stat)
}

/// Fields 14 and 15 of the line; the name in field 2 may hold blanks, and ends with the last bracket.
fn times(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<f64>().ok();
    Some((next()? + next()?) / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stands_after_its_name_and_a_colon() {
        assert_eq!(after("a : 1\nmodel name\t: X Y\n", "model name").as_deref(), Some("X Y"));
        assert_eq!(after("a : 1", "b"), None);
    }

    #[test]
    fn the_times_are_found_behind_a_name_with_blanks_and_brackets() {
        let stat = "17 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20";
        assert_eq!(times(stat), Some(3.0));
        assert_eq!(times("nonsense"), None);
    }
}
