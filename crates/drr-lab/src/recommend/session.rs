//! The next items of a session, by the agent for long sessions: every item that is shown counts for the next one.
//!
//! Whoever asks here cannot answer, so the answers are simulated: for a held-out user by the judge's simulator, as in the
//! judgement, and for anybody else by the simulator that the agent was trained in, from what is known of them.

use super::{Request, liked, line, nothing_left, user_of, write_history, write_liked};
use crate::fit::sessions::{Items, SessionBench, SessionModels, Tastes};
use anyhow::{Context as _, Result, bail};
use drr_core::{ExpectedSession as _, ItemIdx, Observed, Part, Query, SessionRecommender as _, UserIdx};
use drr_env::RatingScale;
use drr_env::worlds::{JudgedSession, Known, Population};
use drr_session::SessionPolicy;
use std::fmt::Write as _;
use std::sync::Arc;

/// What recommending in a session needs: the trained policy, and the simulators that answer.
pub struct SessionBundle<'a> {
    /// The models of tastes, and who is held out.
    pub models: SessionModels<'a>,
    /// What may be shown.
    pub items: Items,
    /// The trained policy.
    pub policy: SessionPolicy,
}

/// A session that begins: what the policy is told, and who answers.
struct Begun {
    query: Query,
    session: JudgedSession,
    /// Whose answers they are, in words.
    answers: &'static str,
}

/// The next `k` items as text.
///
/// # Errors
///
/// Refuses users and items that the data set does not have, and more steps than a session has.
pub fn run(bundle: &SessionBundle<'_>, request: &Request<'_>, k: usize) -> Result<String> {
    let (dataset, horizon) = (bundle.models.dataset, bundle.models.config.dynamics.horizon);
    if k == 0 || k > horizon {
        bail!(
            "-k {k} is no number of steps: give 1 to {horizon}, which is sessions.dynamics.horizon of this run"
        );
    }
    let mut text = String::new();
    let begun = match request {
        Request::User(id) => {
            let user = user_of(dataset, id)?;
            let begun = bundle.of_user(user)?;
            let n_ratings = dataset.full_log()?.of_user(user).len();
            writeln!(text, "user_id: {id}, rated_items_length: {n_ratings}")?;
            write_history(dataset, &mut text, &begun.query.history)?;
            begun
        }
        Request::History(ids) => {
            let history = liked(dataset, ids)?;
            write_liked(dataset, &mut text, &history)?;
            bundle.by_a(UserIdx(u32::MAX), history)?
        }
    };
    writeln!(text, "policy: {}; every item shown counts for the next one", bundle.policy.name())?;
    writeln!(text, "answers: {}", begun.answers)?;
    bundle.play(begun, k, &mut text)?;
    Ok(text)
}

impl SessionBundle<'_> {
    /// A user of the data set, known by their first ratings. Who is held out answers as in the judgement; whose rows were
    /// fitted on is taken for a new user.
    fn of_user(&self, user: UserIdx) -> Result<Begun> {
        for part in [Part::Test, Part::Validation] {
            if self.models.cut.rows(&[part])?.of_user(user).is_empty() {
                continue;
            }
            let dynamics = self.models.config.dynamics;
            let bench = SessionBench::new(&self.models, &self.items, part, Tastes::B, dynamics)?;
            let case = bench.set.cases.iter().find(|case| case.query.user == user);
            let case = case.context("nothing is left to be shown to this user: take another one")?;
            let answers =
                "by the judge's simulator (B), which no agent was trained in; this user is held out";
            return Ok(Begun { query: case.query.clone(), session: bench.begin(case)?, answers });
        }
        let log = self.models.dataset.full_log()?;
        let (known, _) = log.of_user(user).split_at(self.models.config.n_known);
        self.by_a(user, known.observed())
    }

    /// Anybody with a history, whose tastes are what simulator A makes of it.
    fn by_a(&self, user: UserIdx, history: Vec<Observed>) -> Result<Begun> {
        let Items { candidates, categories, .. } = &self.items;
        let model = self.models.tastes(Tastes::A)?;
        let folded = model.fold_in_user(&history);
        let predict = |item: ItemIdx| model.predict(&folded.vector, folded.bias, item);
        let rated: Vec<ItemIdx> = history.iter().map(|it| it.item).collect();
        let met = Known {
            user,
            known: history.clone(),
            ratings: candidates.iter().map(predict).collect(),
            category_shares: Population::category_shares(categories, &rated),
        };
        let (candidates, categories) = (candidates.clone(), Arc::clone(categories));
        let mut population = Population::new(candidates, categories, self.scale()?, self.models.positive)?;
        let context = population.push(met)?;
        let session = JudgedSession::new(&Arc::new(population), self.models.config.dynamics, context);
        let query = Query { user, history, allowed: session.candidates().clone() };
        let answers =
            "expected from this history by simulator A, in which the agent was trained; nobody gave them";
        Ok(Begun { query, session, answers })
    }

    fn scale(&self) -> Result<RatingScale> {
        let (lowest, highest) = self.models.dataset.manifest().rating_scale;
        Ok(RatingScale::new(lowest, highest)?)
    }

    /// Shows item after item and writes them with their answers.
    fn play(&self, begun: Begun, k: usize, text: &mut String) -> Result<()> {
        let Begun { query, mut session, .. } = begun;
        let (dataset, scale) = (self.models.dataset, self.scale()?);
        let mut next = self.policy.begin(&query)?;
        let (mut ids, mut lines) = (Vec::new(), String::new());
        let (mut survival, mut total) = (1.0_f64, 0.0);
        while ids.len() < k && !session.candidates().is_empty() {
            let item = next.next(session.shown(), session.candidates())?;
            let response = session.show(item)?;
            ids.push(dataset.item_id(item));
            let answer = response.reward.mul_add(scale.half_range(), scale.middle());
            let (rank, there) = (ids.len(), 100.0 * survival);
            let shown = line(dataset, item);
            writeln!(lines, "  {rank:>2}. {answer:.1} stars, there with {there:>3.0} %  {shown}")?;
            total += survival * f64::from(response.reward);
            survival *= 1.0 - response.leaving;
        }
        writeln!(text, "recommended_items_ids: {}", ids.join(", "))?;
        text.push_str(&lines);
        if ids.len() < k {
            writeln!(text, "{}", nothing_left(ids.len()))?;
        }
        writeln!(
            text,
            "total reward of these {} steps in expectation over leaving: {total:.2}; the user is there after them with {:.0} %",
            ids.len(),
            100.0 * survival
        )?;
        Ok(())
    }
}
