//! Long sessions, judged in B: the agent, its twin, and everybody without reinforcement learning, all with the same candidates.

mod dynamics;
mod figures;
mod lines;
mod rules;

pub use figures::{SessionComparison, SessionFigures, SessionLine, SessionTable, table_as_markdown};

use crate::fit::sessions::{Items, SessionBench, SessionModels, SessionTraining, Tastes};
use crate::run::code::Kind;
use crate::run::{RunManifest, Work};
use anyhow::{Context as _, Result};
use drr_core::{Knowledge, Part, SessionRecommender};
use drr_data::{SessionRow, read_sessions, write_sessions};
use drr_env::worlds::Dynamics;
use drr_eval::{LongSessionEvaluation, SessionMeasure, compare_sessions};
use drr_store::{digest_of, read_json};
use lines::Lines;
pub use lines::judges_rules;
pub use rules::rule_scores;

/// The stage that makes them.
pub const STAGE: &str = "sessions";
/// The figures.
pub const FILE: &str = "sessions.json";
/// The name of the agent for long sessions.
pub const AGENT: &str = "session_agent";
/// Every step of every session.
pub const ROWS: &str = "sessions.parquet";

/// What is judged.
pub struct SessionJudge<'a> {
    /// The models.
    pub models: SessionModels<'a>,
    /// Who was trained, each from one or more seeds: the twin with a discount of 0 and others, the agent last.
    pub learners: Vec<Vec<SessionTraining<'a>>>,
    /// What the run is.
    pub manifest: &'a RunManifest,
}

/// A line that was judged, from each of its seeds.
struct Judged {
    knowledge: Knowledge,
    /// What was chosen for it on validation users, in words.
    settings: Option<String>,
    is_learnt: bool,
    seeds: Vec<(u64, LongSessionEvaluation)>,
}

impl Judged {
    fn evaluations(&self) -> Vec<&LongSessionEvaluation> {
        self.seeds.iter().map(|(_, evaluation)| evaluation).collect()
    }

    fn name(&self) -> &str {
        self.seeds.first().map_or("", |(_, evaluation)| &evaluation.summary.recommender)
    }
}

impl SessionJudge<'_> {
    fn work(&self) -> Work<'_> {
        self.models.work
    }

    /// Judges everybody, unless that was done.
    ///
    /// # Errors
    ///
    /// Fails if something is not fitted, and if a judgement or the disk does.
    pub fn run(&self) -> Result<()> {
        let trainings = self.learners.iter().flatten();
        let trained: Vec<String> = trainings.map(SessionTraining::inputs).collect::<Result<_>>()?;
        let inputs = digest_of(&(trained, self.models.config, self.models.cut.hash(), self.models.positive))?;
        let outputs = [self.work().path(FILE), self.work().path(ROWS)];
        self.work().stage(STAGE, Kind::Sessions).run(&inputs, &outputs, |made| {
            let (figures, rows) = self.judge()?;
            made.write(&outputs[0], &serde_json::to_vec_pretty(&figures)?)?;
            made.add(&outputs[1], &write_sessions(&outputs[1], &rows)?);
            Ok(())
        })
    }

    /// The best MMR of any scores, its weight chosen on the users of `bench`.
    ///
    /// # Errors
    ///
    /// Fails if a choice does.
    pub fn best_mmr(&self, items: &Items, bench: &SessionBench) -> Result<Box<dyn SessionRecommender>> {
        Lines::new(self, items)?.best_mmr(bench)
    }

    /// Everybody's figures, and every step of every session.
    ///
    /// # Errors
    ///
    /// As [`SessionJudge::run`].
    pub fn judge(&self) -> Result<(SessionFigures, Vec<SessionRow>)> {
        let items = self.models.items()?;
        let dynamics = self.models.config.dynamics;
        let bench = SessionBench::new(&self.models, &items, Part::Test, Tastes::B, dynamics)?;
        let lines = Lines::new(self, &items)?;
        let all = lines.all(&bench)?;
        let bar = self.work().bar("long sessions", all.len() as u64);
        let mut judged = Vec::new();
        for line in all {
            self.work().stop_if_asked()?;
            judged.push(Judged {
                knowledge: line.rule.knowledge(),
                settings: line.settings,
                is_learnt: false,
                seeds: vec![(self.models.seeds.0, bench.evaluate(&line.rule)?)],
            });
            bar.set(judged.len() as u64);
        }
        judged.extend(self.learners(&bench, &items)?);
        bar.finish();
        let name = dynamics.name().unwrap_or("its own dynamics");
        let table = self.table(name, dynamics, &judged)?;
        let figures = SessionFigures {
            dataset_hash: self.manifest.dataset_hash.clone(),
            config_hash: self.manifest.config_hash.clone(),
            n_users: bench.set.cases.len(),
            n_candidates: items.candidates.len(),
            categories: items.source,
            category_attribute: self.models.dataset.categories().map(|it| it.name().to_owned()),
            n_categories: items.categories.n_categories(),
            estimates: dynamics::estimates(&self.models, &items)?,
            values: table.values(),
            tables: vec![table],
        };
        Ok((figures, self.rows(&judged)))
    }

    /// The base before training, then everybody who was trained.
    fn learners(&self, bench: &SessionBench, items: &Items) -> Result<Vec<Judged>> {
        let of = |trainings: &[SessionTraining<'_>], trained: bool| -> Result<Judged> {
            let mut seeds = Vec::new();
            for training in trainings {
                seeds.push((training.seed, bench.evaluate(&training.policy(trained, items)?)?));
            }
            let settings = trained.then(|| format!("discount {}", trainings[0].config.discount));
            Ok(Judged { knowledge: Knowledge::Log, settings, is_learnt: true, seeds })
        };
        let agents = self.learners.last().context("nobody was trained for long sessions")?;
        let mut untrained = of(&agents[..1], false)?;
        for (_, evaluation) in &mut untrained.seeds {
            evaluation.summary.recommender.push_str("_untrained");
        }
        let trained = self.learners.iter().map(|trainings| of(trainings, true));
        std::iter::once(Ok(untrained)).chain(trained).collect()
    }

    /// The agent beside everybody, user by user.
    fn table(&self, name: &str, dynamics: Dynamics, judged: &[Judged]) -> Result<SessionTable> {
        let agent = judged.last().context("nobody was judged")?;
        let total = SessionMeasure::TotalReward;
        let mut lines = Vec::new();
        for line in judged {
            let evaluations = line.evaluations();
            let measures = SessionMeasure::ALL.map(|measure| drr_eval::over_seeds(&evaluations, measure));
            let [total_reward, length, reward_per_step] = measures;
            let comparison = match std::ptr::eq(line, agent) {
                true => None,
                false => {
                    Some(SessionComparison::of(compare_sessions(&agent.evaluations(), &evaluations, total)?))
                }
            };
            let coverage = evaluations.iter().map(|it| it.summary.coverage).sum::<f64>();
            lines.push(SessionLine {
                recommender: line.name().to_owned(),
                knowledge: line.knowledge,
                settings: line.settings.clone(),
                is_learnt: line.is_learnt,
                total_reward: total_reward?,
                length: length?,
                reward_per_step: reward_per_step?,
                coverage: coverage / evaluations.len() as f64,
                agent_minus_this: comparison,
            });
        }
        Ok(SessionTable { world: name.to_owned(), dynamics, lines })
    }

    fn rows(&self, judged: &[Judged]) -> Vec<SessionRow> {
        let (users, items) = (self.models.dataset.users(), self.models.dataset.items());
        let all = judged.iter().flat_map(|line| line.seeds.iter());
        all.flat_map(|(seed, evaluation)| {
            evaluation.steps().map(move |(user, step, it)| SessionRow {
                protocol: drr_eval::LONG_SESSION.to_owned(),
                recommender: evaluation.summary.recommender.clone(),
                seed: *seed,
                user_id: users.id(user.index()).to_owned(),
                step: step as u32,
                item_id: items.id(it.item.index()).to_owned(),
                reward: it.reward,
                survival: it.survival,
            })
        })
        .collect()
    }
}

/// The figures of a run; none where it has no long sessions.
///
/// # Errors
///
/// Refuses figures that are not as the stage left them.
pub fn read(work: Work<'_>) -> Result<Option<SessionFigures>> {
    // Either of the two that is there vouches that there were figures.
    if !work.path(FILE).exists() && !work.path(ROWS).exists() {
        return Ok(None);
    }
    Ok(Some(read_json(&work.checked(STAGE, FILE)?, "run the pipeline")?))
}

/// Every step of every session of a run.
///
/// # Errors
///
/// Refuses a file that is missing or not as the stage left it.
pub fn rows(work: Work<'_>) -> Result<Vec<SessionRow>> {
    Ok(read_sessions(&work.checked(STAGE, ROWS)?)?)
}
