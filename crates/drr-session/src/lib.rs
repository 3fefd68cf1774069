//! An agent for long sessions, in which what is shown changes the user: tastes that go stale, tastes that grow, users who
//! leave.
//!
//! It keeps DRR's form (Liu et al. 2018): the action is a vector, and an item's score is its inner product with that vector.
//! Three things are other than there, each because the paper's way does not learn in such sessions (`docs/method.md`, "The
//! session agent"): the actor learns by a policy gradient through the items' own scores ([PPO]), not by climbing a critic at a
//! vector that is no item; the state counts everything that was shown, not only what was liked; and the action is a bounded
//! correction of a greedy base, so that the untrained agent is that base exactly.
//!
//! Where to look:
//!
//! - [`SessionSpace`] is what a fit says of items and users, [`SessionTables`] what training reads of it; [`EmbeddedSpace`]
//!   makes one of any embedding space;
//! - [`SessionState`] is what the networks see of a session, in training and at serving alike;
//! - [`SessionTrainer`] plays sessions and learns from them, by the settings of [`SessionAgentConfig`];
//! - [`SessionPolicy`] is what remains, and serves by `drr_core::SessionRecommender`; behind [`SessionRanker`] it serves by
//!   `drr_core::Recommender` too;
//! - [`warnings`] says early of a training that it freezes.
//!
//! A whole training, in a world of sweets, which please now and spoil the mood, and vegetables, which lift it:
//!
//! ```
//! use drr_core::{EmbeddingTable, ItemSet, Observed, PartSet, Query, RowDigest, RowOrigin, Seeds};
//! use drr_core::{NextItem, SessionRecommender, Shown, TrainingHooks, UserIdx};
//! use drr_env::long_term::{LongTermConfig, LongTermEnvironment};
//! use drr_session::{SessionAgentConfig, SessionPolicy, SessionSetup, SessionSpace, SessionTrainer, SessionUser};
//! use std::sync::Arc;
//!
//! /// Two coordinates, sweet and vegetable, and nothing to know of the one user.
//! struct Kinds {
//!     items: EmbeddingTable,
//!     candidates: ItemSet,
//!     origin: RowOrigin,
//! }
//!
//! impl SessionSpace for Kinds {
//!     fn items(&self) -> &EmbeddingTable { &self.items }
//!     fn candidates(&self) -> &ItemSet { &self.candidates }
//!     fn n_features(&self) -> usize { 0 }
//!     fn user(&self, _known: &[Observed]) -> SessionUser {
//!         SessionUser { features: vec![], base: vec![0.1, 0.0] }
//!     }
//!     fn origin(&self) -> &RowOrigin { &self.origin }
//! }
//!
//! struct Quiet;
//! impl TrainingHooks for Quiet {}
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let world = LongTermEnvironment::new(LongTermConfig { items_per_kind: 12, horizon: 12, history_length: 5 })?;
//! let origin = RowOrigin { split: String::new(), parts: PartSet::default(), digest: RowDigest::of(&[]) };
//! let space = Arc::new(Kinds { items: world.item_vectors(), candidates: ItemSet::full(24), origin });
//!
//! let config = SessionAgentConfig {
//!     hidden: vec![32, 32],
//!     multiplier: 0.5,
//!     n_sessions: 32,
//!     n_steps: 24,
//!     minibatch_size: 192,
//!     learning_rate: 5e-3,
//!     n_iterations: 40,
//!     ..SessionAgentConfig::default()
//! };
//! let mut trainer = SessionTrainer::new(&config, SessionSetup {
//!     name: "agent".to_owned(),
//!     environments: vec![world.clone(); config.n_sessions],
//!     horizon: 12,
//!     space: Arc::clone(&space) as Arc<dyn SessionSpace>,
//!     known: vec![vec![]], // one context, of whom nothing is known
//!     seeds: Seeds(1),
//! })?;
//! trainer.run(config.n_iterations, None, &mut Quiet)?;
//!
//! // The frozen policy goes to a file and comes back with its space.
//! let folder = tempfile::tempdir()?;
//! let file = folder.path().join("agent.safetensors");
//! trainer.policy()?.save(&file)?;
//! let policy = SessionPolicy::load(&file, space)?;
//!
//! // Item after item: the environment answers, the policy sees the answers.
//! let query = Query { user: UserIdx(0), history: vec![], allowed: ItemSet::full(24) };
//! let mut session = policy.begin(&query)?;
//! let (mut world, mut shown, mut total) = (world, vec![], 0.0);
//! # use drr_core::Environment;
//! world.reset(&mut Seeds(2).stream("user"))?;
//! for _ in 0..12 {
//!     let item = session.next(&shown, world.candidates())?;
//!     let reward = world.step(item)?.reward;
//!     shown.push(Shown { item, reward });
//!     total += reward;
//! }
//! assert!(total > 1.3 * world.greedy_return() && total <= world.optimal_return());
//! # Ok(())
//! # }
//! ```
//!
//! [PPO]: https://arxiv.org/abs/1707.06347

mod acting;
mod config;
mod embedded;
mod error;
mod networks;
mod pass;
mod policy;
mod ranking;
mod rollout;
mod slots;
mod space;
mod state;
mod train;
mod update;
mod watch;

pub use config::{SessionAgentConfig, SessionPath};
pub use embedded::{EmbeddedSpace, known_means, standard_deviation};
pub use error::SessionError;
pub use policy::{SessionHeader, SessionPolicy};
pub use ranking::SessionRanker;
pub use space::{SessionSpace, SessionTables, SessionUser, space_digest};
pub use state::{SessionState, StateShape};
pub use train::{SessionSetup, SessionTrainer};
pub use watch::{LEAST_COVERAGE, LEAST_ENTROPY, MOST_SATURATED, N_WATCHED, Warning, warnings};
