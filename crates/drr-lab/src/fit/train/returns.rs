//! When the users of a log come back, for systems that reward it.

use anyhow::{Result, bail};
use drr_core::{ContextIdx, ItemIdx};
use drr_env::Sessions;
use drr_rivals::ReturnTimes;
use std::sync::Arc;

/// The return times of logged sessions: a user comes back for an item when they rate it.
#[derive(Debug)]
struct LoggedReturns(Arc<Sessions>);

impl ReturnTimes for LoggedReturns {
    fn hours_until(&self, context: ContextIdx, item: ItemIdx) -> Option<f64> {
        self.0.hours_until_rating(context, item)
    }
}

/// The return times of `sessions`; `has_time` is whether the data set has times.
pub(super) fn of(sessions: Arc<Sessions>, has_time: bool) -> Result<Arc<dyn ReturnTimes>> {
    if !has_time {
        bail!(
            "drn's activeness needs times, and the data set has none: remove the table `activeness` from the system"
        );
    }
    Ok(Arc::new(LoggedReturns(sessions)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::{Interaction, InteractionLog, Seeds, UserIdx};
    use drr_env::SessionStart;

    fn sessions() -> Arc<Sessions> {
        let row =
            |item, timestamp| Interaction { user: UserIdx(0), item: ItemIdx(item), rating: 5.0, timestamp };
        let rows = [row(0, 0), row(1, 100), row(2, 7_300)];
        let log = InteractionLog::new(1, 3, &rows).unwrap();
        let start = SessionStart::First { count: 1 };
        Arc::new(Sessions::new(&log, &start, 4.0, &mut Seeds(0).stream("sessions")).unwrap())
    }

    #[test]
    fn users_come_back_when_they_rate() {
        let returns = of(sessions(), true).unwrap();
        let hours = |item| returns.hours_until(ContextIdx(0), ItemIdx(item));
        assert_eq!([hours(0), hours(1), hours(2)], [None, Some(0.0), Some(2.0)]);
    }

    #[test]
    fn a_data_set_without_times_is_refused_with_the_remedy() {
        let message = of(sessions(), false).unwrap_err().to_string();
        assert!(message.contains("remove the table `activeness`"), "{message}");
    }
}
