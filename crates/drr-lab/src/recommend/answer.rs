//! The answer: who recommends what to whom, from what; as text for people.

use super::cold::Cold;
use super::scale::Scale;
use super::titles::Meant;
use crate::run::{Run, RunManifest};
use drr_core::{ItemIdx, Observed, Protocol};
use drr_data::Dataset;
use drr_intake::shown;
use std::fmt::{self, Write};

/// So many of the known ratings are printed, the latest.
const PRINTED: usize = 10;

/// Which run answers, and how its ratings are said.
#[derive(Debug, Clone)]
pub struct Source<'a> {
    /// The run's name.
    pub name: String,
    /// What the run says of itself.
    pub manifest: &'a RunManifest,
    /// The data.
    pub dataset: &'a Dataset,
    /// How ratings are said.
    pub scale: Scale,
}

impl<'a> Source<'a> {
    /// What a run is to those who are answered by it.
    #[must_use]
    pub fn of(run: &'a Run<'a>) -> Self {
        let dataset = &run.dataset;
        let entry = run.context.registry().load(&dataset.manifest().dataset).ok();
        // Every entry that is not of a log of one's own has a scale of ratings.
        let signal = entry.map(|it| it.layout.map_or(drr_intake::Signal::Rating, |layout| layout.signal));
        Self {
            name: run.work().name(),
            manifest: &run.manifest,
            dataset,
            scale: Scale::new(dataset.manifest().rating_scale, signal),
        }
    }
}

/// Who recommends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// The name, as in the run's report.
    pub name: String,
    /// What it is, in a few words; empty where there are none.
    pub meaning: &'static str,
    /// Whether it was fitted for this answer, since a run keeps nothing of it.
    pub fitted_anew: bool,
}

/// To whom.
#[derive(Debug, Clone, PartialEq)]
pub enum Whom {
    /// A user of the data set.
    User {
        /// The original id.
        id: String,
        /// The number of the user's ratings in the data set.
        n_ratings: usize,
    },
    /// A new user.
    New {
        /// The items that titles meant.
        meant: Vec<Meant>,
    },
}

/// One recommended item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Listed {
    /// The item.
    pub item: ItemIdx,
    /// The score that ranked it; none in a session, where each item is chosen after the one before.
    pub score: Option<f32>,
    /// In a session the expected rating, and the probability that the user is still there.
    pub answer: Option<(f32, f64)>,
}

/// How good a list was by what the user rated later.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Figures {
    /// The number of listed items, which all figures but the reward are over.
    pub n_listed: usize,
    /// The share of the listed items that the user liked later.
    pub precision: f64,
    /// The discounted cumulative gain.
    pub dcg: f64,
    /// The same of a list of liked items alone.
    pub idcg: f64,
    /// The former divided by the latter.
    pub ndcg: f64,
    /// The sum of the rewards of the listed items that the user rated later.
    pub reward: f64,
    /// Their number.
    pub n_rated: usize,
}

/// What a session gave.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Session {
    /// Whose answers they are, in words.
    pub answers: &'static str,
    /// The total reward in expectation over leaving.
    pub total_reward: f64,
    /// The probability that the user is there after the last item.
    pub there: f64,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer<'a> {
    /// Which run answers.
    pub source: Source<'a>,
    /// To whom.
    pub whom: Whom,
    /// Who recommends.
    pub who: Who,
    /// Under which protocol; none in a long session.
    pub protocol: Option<Protocol>,
    /// How long a list was asked for.
    pub k: usize,
    /// What is known of the user, oldest first.
    pub history: Vec<Observed>,
    /// Why so much is known and no more, in words.
    pub known: String,
    /// The recommended items, best or first first.
    pub items: Vec<Listed>,
    /// New items without ratings, best first; they are not in the list, and no figure is over them.
    pub cold: Vec<Cold>,
    /// How good the list was; none where nothing was rated later.
    pub figures: Option<Figures>,
    /// What the session gave, where it is one.
    pub session: Option<Session>,
    /// What is to be known before the list is used.
    pub warnings: Vec<String>,
}

impl Answer<'_> {
    /// The answer as text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) -> fmt::Result {
        let dataset = self.source.dataset;
        self.write_who(text)?;
        self.write_history(text)?;
        let ids: Vec<String> = self.items.iter().map(|it| shown(dataset.item_id(it.item))).collect();
        writeln!(text, "recommended_items_ids: {}", ids.join(", "))?;
        for (rank, it) in (1..).zip(&self.items) {
            let answer = it.answer.map_or_else(String::new, |(rating, there)| {
                format!("{}, there with {:>3.0} %  ", self.source.scale.expected(rating), 100.0 * there)
            });
            writeln!(text, "  {rank:>2}. {answer}{}", line(dataset, it.item))?;
        }
        self.write_cold(text)?;
        self.write_figures(text)?;
        for warning in &self.warnings {
            writeln!(text, "note: {warning}")?;
        }
        Ok(())
    }

    /// Who recommends, to whom, and from what.
    fn write_who(&self, text: &mut String) -> fmt::Result {
        if let Whom::User { id, n_ratings } = &self.whom {
            writeln!(text, "user_id: {}, rated_items_length: {n_ratings}", shown(id))?;
        }
        let Who { name, meaning, fitted_anew } = &self.who;
        let meaning = if meaning.is_empty() { String::new() } else { format!(" ({meaning})") };
        let under = self.protocol.map_or_else(
            || "in a long session; every item shown counts for the next one".to_owned(),
            |protocol| format!("under protocol \"{protocol}\""),
        );
        writeln!(text, "recommender: {name}{meaning}, of the run {} {under}", shown(&self.source.name))?;
        if *fitted_anew {
            writeln!(
                text,
                "fitted anew: a run does not keep {name}, so it was fitted with the run's settings and rows"
            )?;
        }
        if let Some(session) = &self.session {
            writeln!(text, "answers: {}", session.answers)?;
        }
        writeln!(text, "known: {}", self.known)
    }

    fn write_history(&self, text: &mut String) -> fmt::Result {
        let (dataset, n) = (self.source.dataset, self.history.len());
        let layout = format!("oldest first: {}", layout_of(dataset));
        let highest = dataset.manifest().rating_scale.1;
        // Whoever gave no rating is taken to like the items as much as can be, which need not be said of each.
        let liked =
            matches!(self.whom, Whom::New { .. }) && self.history.iter().all(|it| it.rating == highest);
        let who = match &self.whom {
            Whom::New { .. } if liked => "a new user who liked",
            Whom::New { .. } => "a new user who rated",
            Whom::User { .. } => "history",
        };
        let count = match n {
            1 if liked => "1 item".to_owned(),
            n if liked => format!("{n} items"),
            n => self.source.scale.counted(n),
        };
        if n <= PRINTED {
            writeln!(text, "{who} ({count}; {layout}):")?;
        } else {
            writeln!(text, "{who} ({count}, of which these are the latest {PRINTED}; {layout}):")?;
        }
        for it in &self.history[n.saturating_sub(PRINTED)..] {
            let rating = if liked { String::new() } else { self.source.scale.words(it.rating) };
            let rating = if rating.is_empty() { rating } else { format!("{rating}  ") };
            writeln!(text, "  {rating}{}", line(dataset, it.item))?;
        }
        Ok(())
    }

    /// New items, each with the item that it is most like.
    fn write_cold(&self, text: &mut String) -> fmt::Result {
        let (dataset, new) = (self.source.dataset, self.source.dataset.cold_items());
        if !self.cold.is_empty() {
            writeln!(text, "new, without ratings (cold): by what the items most like them are worth")?;
        }
        for it in &self.cold {
            let title = new.title(it.at).map(|it| format!("  {}", shown(it))).unwrap_or_default();
            let like = shown(&dataset.item_name(it.like));
            writeln!(
                text,
                "      {:>6}{title}  like {like} and {} more",
                shown(new.id(it.at)),
                it.n_alike - 1
            )?;
        }
        Ok(())
    }

    fn write_figures(&self, text: &mut String) -> fmt::Result {
        if let Some(it) = &self.figures {
            let Figures { n_listed, precision, dcg, idcg, ndcg, reward, n_rated } = it;
            writeln!(
                text,
                "precision: {precision:.4}, dcg: {dcg:.4}, idcg: {idcg:.4}, ndcg: {ndcg:.4} (over the {n_listed} listed items)"
            )?;
            writeln!(text, "reward: {reward:.4} (over the {n_rated} of them that the user rated later)")?;
        }
        if let Some(session) = &self.session {
            writeln!(
                text,
                "total reward of these {} steps in expectation over leaving: {:.2}; the user is there after them with {:.0} %",
                self.items.len(),
                session.total_reward,
                100.0 * session.there
            )?;
        }
        Ok(())
    }
}

/// `2571  Matrix, The (1999)  [Action, Sci-Fi, Thriller]`, as far as there is a title and there are categories.
pub fn line(dataset: &Dataset, item: ItemIdx) -> String {
    let mut line = format!("{:>6}", shown(dataset.item_id(item)));
    if dataset.item_title(item).is_some() {
        line.push_str("  ");
        line.push_str(&shown(&dataset.item_name(item)));
    }
    let categories: Vec<String> = dataset.item_categories(item).map(shown).collect();
    if !categories.is_empty() {
        line.push_str(&format!("  [{}]", categories.join(", ")));
    }
    line
}

/// What stands in a line of an item: `id, title, [genres]`, as far as the data set has them.
pub fn layout_of(dataset: &Dataset) -> String {
    let has_titles = (0..dataset.items().len()).any(|at| dataset.items().title(at).is_some());
    let categories = dataset.categories().map(|it| format!(", [{}]", shown(it.name())));
    format!("id{}{}", if has_titles { ", title" } else { "" }, categories.unwrap_or_default())
}
