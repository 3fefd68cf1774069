//! The machine that a run was made on.

use std::fs::read_to_string;

/// The machine's facts, each with its name.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stands_after_its_name_and_a_colon() {
        assert_eq!(after("a : 1\nmodel name\t: X Y\n", "model name").as_deref(), Some("X Y"));
        assert_eq!(after("a : 1", "b"), None);
    }
}
