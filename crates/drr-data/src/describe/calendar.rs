//! Days of the calendar out of seconds, without a clock or a time zone.

const SECONDS_PER_DAY: i64 = 86_400;
/// Days in the 400 years after which the Gregorian calendar repeats.
const DAYS_PER_ERA: i64 = 146_097;

/// The day of a time in seconds since 1970, in UTC, as `2000-04-25`.
///
/// Years begin in March here, so that the leap day is the last of its year (Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", `civil_from_days`).
pub(super) fn date_of(timestamp: i64) -> String {
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    let days = timestamp.div_euclid(SECONDS_PER_DAY) + 719_468;
    let era = days.div_euclid(DAYS_PER_ERA);
    let day_of_era = days.rem_euclid(DAYS_PER_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / (DAYS_PER_ERA - 1)) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days_have_their_dates() {
        let days = [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (956_703_932, "2000-04-25"),
            (1_046_454_590, "2003-02-28"),
            (4_107_542_400, "2100-03-01"),
        ];
        for (timestamp, date) in days {
            assert_eq!(date_of(timestamp), date, "{timestamp}");
        }
    }
}
