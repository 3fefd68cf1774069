//! The next items of a session, by the agent for long sessions: every item that is shown counts for the next one.
//!
//! Whoever asks here cannot answer, so the answers are simulated: for a held-out user by the judge's simulator, as in the
//! judgement, and for anybody else by the simulator that the agent was trained in, from what is known of them.

use super::answer::{Answer, Listed, Session, Source, Who, Whom};
use super::{NewUser, Request, given, nothing_left, user_of};
use crate::fit::sessions::{Items, SessionBench, SessionModels, Tastes};
use anyhow::{Context as _, Result, bail};
use drr_core::{ExpectedSession as _, ItemIdx, Observed, Part, Query, SessionRecommender as _, UserIdx};
use drr_env::RatingScale;
use drr_env::worlds::{JudgedSession, Known, Population};
use drr_session::SessionPolicy;
use std::sync::Arc;

/// What recommending in a session needs: the trained policy, and the simulators that answer.
pub struct SessionBundle<'a> {
    /// The models of tastes, and who is held out.
    pub models: SessionModels<'a>,
    /// What may be shown.
    pub items: Items,
    /// The trained policy.
    pub policy: SessionPolicy,
    /// Who that is.
    pub who: Who,
    /// Which run answers.
    pub source: Source<'a>,
}

/// A session that begins: what the policy is told, and who answers.
struct Begun {
    query: Query,
    session: JudgedSession,
    /// Whose answers they are, in words.
    answers: &'static str,
}

impl<'a> SessionBundle<'a> {
    /// The next `k` items.
    ///
    /// # Errors
    ///
    /// Refuses users and items that the data set does not have, and more steps than a session has.
    pub fn answer(&self, request: &Request<'_>, k: usize) -> Result<Answer<'a>> {
        let (dataset, horizon) = (self.models.dataset, self.models.config.dynamics.horizon);
        if k == 0 || k > horizon {
            bail!(
                "-k {k} is no number of steps: give 1 to {horizon}, which is sessions.dynamics.horizon of this run"
            );
        }
        let scale = &self.source.scale;
        let (whom, begun, known, mut warnings) = match request {
            Request::User(id) => {
                let user = user_of(dataset, id)?;
                let begun = self.of_user(user)?;
                let n_ratings = dataset.full_log()?.of_user(user).len();
                let (n_known, noun) = (begun.query.history.len(), scale.noun());
                let known = format!(
                    "the first {n_known} of the user's {n_ratings} {noun}; a session begins with no more"
                );
                (Whom::User { id: (*id).to_owned(), n_ratings }, begun, known, Vec::new())
            }
            Request::New(told) => {
                let NewUser { history, meant, warnings } = told.of(dataset)?;
                let known = given(history.len());
                (Whom::New { meant }, self.by_a(UserIdx(u32::MAX), history)?, known, warnings)
            }
        };
        let history = begun.query.history.clone();
        let (items, session) = self.play(begun, k)?;
        if items.len() < k {
            warnings.push(nothing_left(items.len()));
        }
        Ok(Answer {
            source: self.source.clone(),
            whom,
            who: self.who.clone(),
            protocol: None,
            k,
            history,
            known,
            items,
            cold: Vec::new(),
            figures: None,
            session: Some(session),
            warnings,
        })
    }

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

    /// Shows item after item, each with the answer to it.
    fn play(&self, begun: Begun, k: usize) -> Result<(Vec<Listed>, Session)> {
        let Begun { query, mut session, answers } = begun;
        let scale = self.scale()?;
        let mut next = self.policy.begin(&query)?;
        let (mut items, mut survival, mut total) = (Vec::new(), 1.0_f64, 0.0);
        while items.len() < k && !session.candidates().is_empty() {
            let item = next.next(session.shown(), session.candidates())?;
            let response = session.show(item)?;
            let rating = response.reward.mul_add(scale.half_range(), scale.middle());
            items.push(Listed { item, score: None, answer: Some((rating, survival)) });
            total += survival * f64::from(response.reward);
            survival *= 1.0 - response.leaving;
        }
        Ok((items, Session { answers, total_reward: total, there: survival }))
    }
}
