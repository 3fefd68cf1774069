//! Processor time: what a search may spend, whatever else the machine does.

use std::time::Instant;

/// Ticks of a second in `/proc/self/stat`, which Linux has fixed for programs.
const TICKS: f64 = 100.0;

/// A budget of processor time, and since when it is spent.
pub struct Budget {
    seconds: f64,
    begun: Instant,
    before: Option<f64>,
}

impl Budget {
    /// So many minutes from now on.
    pub fn minutes(minutes: f64) -> Self {
        Self { seconds: minutes * 60.0, begun: Instant::now(), before: processor_seconds() }
    }

    /// Seconds of processor time used so far, all threads together; of the clock where the system does not tell.
    pub fn used(&self) -> f64 {
        match (self.before, processor_seconds()) {
            (Some(before), Some(now)) => now - before,
            _ => self.begun.elapsed().as_secs_f64(),
        }
    }

    /// Whether all of it is used.
    pub fn is_spent(&self) -> bool {
        self.used() >= self.seconds
    }
}

/// User and system time of this process.
fn processor_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    parse(&stat)
}

/// Fields 14 and 15 of the line; the name in field 2 may hold blanks, and ends with the last bracket.
fn parse(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<f64>().ok();
    Some((next()? + next()?) / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_are_found_behind_a_name_with_blanks_and_brackets() {
        let stat = "17 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20";
        assert_eq!(parse(stat), Some(3.0));
        assert_eq!(parse("nonsense"), None);
    }

    #[test]
    fn a_budget_of_nothing_is_spent_at_once() {
        assert!(Budget::minutes(0.0).is_spent());
        assert!(!Budget::minutes(60.0).is_spent());
    }
}
