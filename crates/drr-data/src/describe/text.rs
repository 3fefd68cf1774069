//! A description as text for a terminal.

use super::{Description, NEGATIVE_RATING, StreakKind, Summary};
use drr_core::POSITIVE_RATING;
use std::fmt::{self, Display, Formatter};

/// The width of the longest bar in a histogram.
const BAR: usize = 40;

impl Description {
    /// The description as plain text, a few dozen lines.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.to_string()
    }
}

impl Display for Description {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "{}: {} users, {} items, {} ratings (density {:.2} %, mean {:.3})",
            self.dataset,
            self.n_users,
            self.n_items,
            self.n_ratings,
            100.0 * self.density,
            self.mean_rating
        )?;
        if let Some(span) = &self.time_span {
            writeln!(out, "rated from {} to {}", span.first_date, span.last_date)?;
        }
        if let Some(share) = self.shared_second {
            writeln!(out, "{:.2} % of the ratings share user and second with another one", 100.0 * share)?;
        }
        histogram(self, out)?;
        distributions(self, out)?;
        genres(self, out)?;
        streaks(self, out)
    }
}

fn histogram(it: &Description, out: &mut Formatter<'_>) -> fmt::Result {
    writeln!(out, "\nratings")?;
    let most = it.rating_histogram.iter().map(|bin| bin.count).max().unwrap_or(1);
    for bin in &it.rating_histogram {
        let share = 100.0 * bin.count as f64 / it.n_ratings as f64;
        let bar = "#".repeat((BAR * bin.count).div_ceil(most));
        writeln!(out, "{:>6}  {:>9}  {share:>5.1} %  {bar}", bin.rating, bin.count)?;
    }
    Ok(())
}

fn distributions(it: &Description, out: &mut Formatter<'_>) -> fmt::Result {
    writeln!(
        out,
        "\n{:<16} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "", "min", "25 %", "median", "mean", "75 %", "max"
    )?;
    let mut line = |name: &str, of: &Summary| {
        let Summary { min, lower_quartile, median, mean, upper_quartile, max } = of;
        writeln!(
            out,
            "{name:<16} {min:>8} {lower_quartile:>8.1} {median:>8.1} {mean:>8.1} {upper_quartile:>8.1} {max:>8}"
        )
    };
    line("ratings per user", &it.ratings_per_user)?;
    line("ratings per item", &it.ratings_per_item)
}

fn genres(it: &Description, out: &mut Formatter<'_>) -> fmt::Result {
    if it.genres.is_empty() {
        return Ok(());
    }
    let width = it.genres.iter().map(|genre| genre.genre.chars().count()).max().unwrap_or(0).max(5);
    writeln!(out, "\n{:<width$} {:>8} {:>9} {:>6}", "genre", "items", "ratings", "mean")?;
    for genre in &it.genres {
        writeln!(
            out,
            "{:<width$} {:>8} {:>9} {:>6.3}",
            genre.genre, genre.n_items, genre.n_ratings, genre.mean_rating
        )?;
    }
    Ok(())
}

fn streaks(it: &Description, out: &mut Formatter<'_>) -> fmt::Result {
    for (kind, title) in [
        (StreakKind::Positive, format!("positive ratings (at least {POSITIVE_RATING})")),
        (StreakKind::Negative, format!("negative ratings (at most {NEGATIVE_RATING})")),
    ] {
        let streaks: Vec<_> = it.streaks.iter().filter(|streak| streak.kind == kind).collect();
        if streaks.is_empty() {
            continue;
        }
        writeln!(out, "\nmean rating after k consecutive {title}")?;
        writeln!(out, "{:>4}  {:>9} {:>9}  {:>9} {:>9}", "k", "exactly", "count", "at least", "count")?;
        let mean = |mean: Option<f64>| mean.map_or_else(|| "-".to_owned(), |mean| format!("{mean:.3}"));
        for it in streaks {
            let (exactly, at_least) = (mean(it.mean_exactly), mean(it.mean_at_least));
            writeln!(
                out,
                "{:>4}  {exactly:>9} {:>9}  {at_least:>9} {:>9}",
                it.k, it.n_exactly, it.n_at_least
            )?;
        }
    }
    Ok(())
}
