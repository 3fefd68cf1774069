//! The training: rollouts of sessions side by side, advantages, minibatches; iteration after iteration.
//!
//! An iteration is `n_steps` steps of every session. A session that is not over at the end of one goes on in the next, so
//! that sessions longer than an iteration are seen to their end. A checkpoint therefore holds where the draws of each session
//! under way began and what was shown in it; a resumed training plays these again and goes on bit by bit.

mod curves;
mod saved;

use crate::acting::{Acting, ActingSums, Choice, values};
use crate::networks::Shapes;
use crate::policy::{SessionHeader, SessionPolicy};
use crate::rollout::{End, Rollout};
use crate::slots::{FinishedSession, Slot};
use crate::space::{SessionSpace, SessionTables, space_digest};
use crate::state::StateShape;
use crate::update::{Minibatch, UpdatePath, UpdateSums, new_path};
use crate::watch::{Warning, warnings};
use crate::{SessionAgentConfig, SessionError};
use drr_core::{Environment, Metrics, Observed, Outcome, RandomStream, Seeds, TrainingHooks, Validation};
use drr_learn::{Rounds, Schedule};
use drr_store::Written;
use rand::Rng;
use rand::seq::SliceRandom;
use std::path::Path;
use std::sync::Arc;

/// What a training is made of, beside the settings.
pub struct SessionSetup<E> {
    /// The learner's name in files and reports.
    pub name: String,
    /// The environments, one for each of the `n_sessions` sessions side by side.
    pub environments: Vec<E>,
    /// The greatest length of a session, T, which the state's time is a share of.
    pub horizon: usize,
    /// The fit that the agent acts in, in training and later.
    pub space: Arc<dyn SessionSpace>,
    /// For each context of the environments, what is known of its user, oldest first.
    pub known: Vec<Vec<Observed>>,
    /// The root of all draws.
    pub seeds: Seeds,
}

/// A training under way.
pub struct SessionTrainer<E> {
    name: String,
    config: SessionAgentConfig,
    space: Arc<dyn SessionSpace>,
    space_digest: String,
    horizon: usize,
    tables: SessionTables,
    shape: StateShape,
    shapes: Shapes,
    path: Box<dyn UpdatePath>,
    slots: Vec<Slot<E>>,
    acting: Acting,
    rollout: Rollout,
    streams: Streams,
    metrics: Metrics,
    validations: Vec<Validation>,
    warnings: Vec<Warning>,
    iteration: u64,
    step: u64,
    n_updates: u64,
}

/// The random streams: of the sessions' beginnings, of the draws of items, and of the order of the minibatches.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Streams {
    environments: RandomStream,
    actions: RandomStream,
    minibatches: RandomStream,
}

impl<E: Environment> SessionTrainer<E> {
    /// A training at its beginning; it logs the path that carries out its updates.
    ///
    /// # Errors
    ///
    /// Refuses settings out of their range, and spaces, users and environments that do not fit together.
    pub fn new(config: &SessionAgentConfig, setup: SessionSetup<E>) -> Result<Self, SessionError> {
        config.check()?;
        let SessionSetup { name, environments, horizon, space, known, seeds } = setup;
        check_parts(config, &*space, &environments, horizon)?;
        let tables = SessionTables::new(&*space, known.iter().map(Vec::as_slice))?;
        let dim = tables.items().dim();
        let shape = StateShape::new(config, tables.n_features(), dim, horizon);
        let shapes = Shapes::new(config, shape.n_values(), dim);
        let n_candidates = tables.candidates().len();
        let path = new_path(config, &shapes, n_candidates, seeds.child("networks"))?;
        tracing::info!(learner = name, path = path.name(), "updates run on this path");
        let mut streams = Streams {
            environments: seeds.stream("environments"),
            actions: seeds.stream("actions"),
            minibatches: seeds.stream("minibatches"),
        };
        let slot = |environment| Slot::new(environment, &shape, &tables, &mut streams.environments);
        let slots = environments.into_iter().map(slot).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            acting: Acting::new(&shapes, n_candidates, config.n_sessions),
            rollout: Rollout::new(config.n_sessions * config.n_steps, shape.n_values(), n_candidates),
            space_digest: space_digest(&*space),
            config: config.clone(),
            metrics: Metrics::default(),
            validations: Vec::new(),
            warnings: Vec::new(),
            iteration: 0,
            step: 0,
            n_updates: 0,
            name,
            space,
            horizon,
            tables,
            shape,
            shapes,
            path,
            slots,
            streams,
        })
    }

    /// Goes on from the latest checkpoint in `folder`, if there is one. Returns the iterations done.
    ///
    /// # Errors
    ///
    /// Fails on a damaged checkpoint and on one of another configuration or space.
    pub fn resume(&mut self, folder: &Path) -> Result<u64, SessionError> {
        drr_learn::resume(self, folder)
    }

    /// Trains until iteration `n_iterations`, with checkpoints in `checkpoints` if a folder is given.
    ///
    /// # Errors
    ///
    /// Stops at the first value that is not finite, naming the step; and on failures of files and of validation.
    pub fn run(
        &mut self,
        n_iterations: u64,
        checkpoints: Option<&Path>,
        hooks: &mut dyn TrainingHooks,
    ) -> Result<Outcome, SessionError> {
        drr_learn::run(self, n_iterations, checkpoints, hooks)
    }

    /// The current policy, frozen.
    ///
    /// # Errors
    ///
    /// Fails if the space has changed.
    pub fn policy(&self) -> Result<SessionPolicy, SessionError> {
        let header = SessionHeader {
            name: self.name.clone(),
            config: self.config.clone(),
            horizon: self.horizon,
            n_features: self.tables.n_features(),
            dim: self.tables.items().dim(),
            origin: self.tables.origin().clone(),
            space: self.space_digest.clone(),
            n_updates: self.n_updates,
        };
        SessionPolicy::new(header, self.path.networks().clone(), Arc::clone(&self.space))
    }

    /// The learning curves so far.
    #[must_use]
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The validations so far; the first is of the untrained policy.
    #[must_use]
    pub fn validations(&self) -> &[Validation] {
        &self.validations
    }

    /// The early signs of a collapse so far, one of each kind.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Updates done so far.
    #[must_use]
    pub const fn n_updates(&self) -> u64 {
        self.n_updates
    }

    /// Environment steps done so far.
    #[must_use]
    pub const fn n_steps(&self) -> u64 {
        self.step
    }

    /// Which path carries out the updates.
    #[must_use]
    pub fn path_name(&self) -> &'static str {
        self.path.name()
    }

    /// One iteration.
    fn iterate(&mut self) -> Result<(), SessionError> {
        let SessionAgentConfig { last_rate, n_iterations, n_sessions, .. } = self.config;
        let schedule = Schedule::Linear { start: 1.0, end: last_rate, steps: n_iterations };
        self.path.set_rate_factor(schedule.at(self.iteration));
        let finished = self.roll_out()?;
        let acting = self.acting.take_sums();
        let value_error = self.rollout.advantages(&self.config, n_sessions);
        let updates = self.learn()?;
        self.iteration += 1;
        self.record(&finished, acting, value_error, updates);
        self.warn();
        Ok(())
    }

    /// Plays `n_steps` steps of every session, values their states, and returns the sessions that ended.
    fn roll_out(&mut self) -> Result<Vec<FinishedSession>, SessionError> {
        let (mut finished, mut cuts) = (Vec::new(), Cuts::default());
        for time in 0..self.config.n_steps {
            let choices = self.choose(time)?;
            let is_last = time + 1 == self.config.n_steps;
            for (slot, choice) in choices.into_iter().enumerate() {
                let row = time * self.config.n_sessions + slot;
                finished.extend(self.show(row, choice, is_last, &mut cuts)?);
            }
        }
        let networks = self.path.networks();
        let Rollout { states, values: of_states, beyond, .. } = &mut self.rollout;
        values(&self.shapes, networks, states, of_states);
        let mut of_cuts = vec![0.0; cuts.rows.len()];
        values(&self.shapes, networks, &cuts.states, &mut of_cuts);
        beyond.fill(0.0);
        cuts.rows.iter().zip(of_cuts).for_each(|(row, value)| beyond[*row] = value);
        Ok(finished)
    }

    /// Draws an item for every session.
    fn choose(&mut self, time: usize) -> Result<Vec<Choice>, SessionError> {
        let Self { config, shapes, path, tables, slots, acting, rollout, streams, .. } = self;
        let first = time * config.n_sessions;
        let states = rollout.states_mut(first, slots.len()).chunks_exact_mut(shapes.n_state);
        slots.iter().zip(states).for_each(|(slot, state)| state.copy_from_slice(slot.state()));
        for (at, slot) in slots.iter().enumerate() {
            rollout.contexts[first + at] = slot.context();
            rollout.exclude(first + at, slot.excluded());
        }
        let uniforms: Vec<f32> = slots.iter().map(|_| streams.actions.random()).collect();
        let choices: Vec<Choice> =
            acting.act((config, shapes, path.networks()), tables, rollout, first, &uniforms).collect();
        match choices.iter().find(|choice| !choice.log_probability.is_finite()) {
            None => Ok(choices),
            Some(choice) => Err(SessionError::NotFinite {
                what: "the logarithm of a choice's probability",
                value: f64::from(choice.log_probability),
                update: self.n_updates,
                step: self.step,
            }),
        }
    }

    /// Shows the choice of row `row` to its session, and returns the session if it is over.
    fn show(
        &mut self,
        row: usize,
        choice: Choice,
        is_last: bool,
        cuts: &mut Cuts,
    ) -> Result<Option<FinishedSession>, SessionError> {
        let Self { config, tables, shape, slots, rollout, streams, .. } = self;
        let slot = &mut slots[row % config.n_sessions];
        let step = slot.step(shape, tables, choice.chosen as usize)?;
        self.step += 1;
        rollout.chosen[row] = choice.chosen;
        rollout.log_probabilities[row] = choice.log_probability;
        rollout.rewards[row] = step.reward;
        let is_over = step.terminated || (step.truncated && config.time_limit_is_an_end);
        rollout.ends[row] = if is_over {
            End::Over
        } else if step.truncated || is_last {
            cuts.rows.push(row);
            cuts.states.extend_from_slice(slot.state());
            End::Cut
        } else {
            End::GoesOn
        };
        if !step.terminated && !step.truncated {
            return Ok(None);
        }
        let finished = slot.finished();
        slot.begin(shape, tables, &mut streams.environments)?;
        Ok(Some(finished))
    }

    /// The updates of an iteration: `n_epochs` passes over its steps, in minibatches in an order drawn anew for each.
    fn learn(&mut self) -> Result<UpdateSums, SessionError> {
        let Self { config, path, rollout, tables, streams, .. } = self;
        let mut sums = UpdateSums::default();
        let mut rows: Vec<u32> = (0..rollout.len() as u32).collect();
        for _ in 0..config.n_epochs {
            rows.shuffle(&mut streams.minibatches);
            for rows in rows.chunks(config.minibatch_size) {
                sums.add(&path.update(Minibatch { rollout, rows, tables }, self.n_updates, self.step)?);
                self.n_updates += 1;
            }
        }
        Ok(sums)
    }

    fn record(
        &mut self,
        finished: &[FinishedSession],
        acting: ActingSums,
        value_error: f64,
        updates: UpdateSums,
    ) {
        let n_coordinates = acting.n_rows * self.tables.items().dim() as f64;
        let coverage = curves::coverage(&self.rollout.chosen, self.tables.candidates().len());
        let mut record = curves::recorder(&mut self.metrics, self.step);
        curves::sessions(finished, &mut record);
        record("entropy", acting.entropy / acting.n_rows);
        record("saturated_share", acting.n_saturated / n_coordinates);
        record("coverage", coverage);
        record("value_error", value_error);
        curves::updates(&updates, &mut record);
    }

    /// Says each kind of warning once.
    fn warn(&mut self) {
        for warning in warnings(&self.metrics, self.iteration) {
            let kind = std::mem::discriminant(&warning);
            if self.warnings.iter().all(|told| std::mem::discriminant(told) != kind) {
                tracing::warn!(learner = self.name, iteration = self.iteration, "{warning}");
                self.warnings.push(warning);
            }
        }
    }
}

/// The states that would follow where a session is cut.
#[derive(Debug, Default)]
struct Cuts {
    rows: Vec<usize>,
    /// `[rows, S]`.
    states: Vec<f32>,
}

fn check_parts<E: Environment>(
    config: &SessionAgentConfig,
    space: &dyn SessionSpace,
    environments: &[E],
    horizon: usize,
) -> Result<(), SessionError> {
    let refuse = |message: String| Err(SessionError::Parts(message));
    if environments.len() != config.n_sessions {
        return refuse(format!("{} environments for n_sessions = {}", environments.len(), config.n_sessions));
    }
    if horizon == 0 {
        return refuse("the horizon is 0: a session needs at least one step".to_owned());
    }
    let (n_items, n_vectors) = (environments.first().map_or(0, Environment::n_items), space.items().n_rows());
    if n_items != n_vectors {
        return refuse(format!("the environment has {n_items} items, the space {n_vectors} vectors"));
    }
    Ok(())
}

impl<E: Environment> Rounds for SessionTrainer<E> {
    type Error = SessionError;

    fn round(&self) -> u64 {
        self.iteration
    }

    fn rhythm(&self) -> (u64, u64) {
        (self.config.checkpoint_every, self.config.validate_every)
    }

    fn validations(&self) -> &[Validation] {
        &self.validations
    }

    fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    fn n_updates(&self) -> u64 {
        self.n_updates
    }

    fn path_name(&self) -> &'static str {
        self.path.name()
    }

    fn save_policy(&self, path: &Path) -> Result<Written, SessionError> {
        self.policy()?.save(path)
    }

    fn play(&mut self) -> Result<(), SessionError> {
        self.iterate()
    }

    fn validate(&mut self, hooks: &mut dyn TrainingHooks) -> Result<(), SessionError> {
        let policy = self.policy()?;
        if let Some(judgement) = hooks.validate_session(&policy).map_err(SessionError::Validation)? {
            let when = (self.iteration, self.n_updates, self.step);
            judgement.keep(when, &mut self.validations, &mut self.metrics);
        }
        Ok(())
    }

    fn save(&self, folder: &Path) -> Result<(), SessionError> {
        self.write(folder)
    }

    fn load(&mut self, path: &Path) -> Result<(), SessionError> {
        self.read(path)
    }
}
