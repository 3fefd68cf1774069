//! Worlds in which the long term matters: users who grow tired of sameness, come to like what they see, and leave.
//!
//! How much a user likes an item is any rating model's, fitted on a log. What happens in a session is posited, in the five
//! lines of [`Dynamics`]: no log of single ratings can tell it, and [`estimate`] says how little one tells. So a world
//! is an experiment, not a forecast.
//!
//! One [`Population`] serves any number of sessions. [`SessionWorld`] draws the leaving, to train in; [`JudgedSession`]
//! tells its probability, to judge by in expectation. Both step by the same rule.

mod dynamics;
pub mod estimate;
mod judged;
mod mind;
mod population;
mod world;

pub use dynamics::Dynamics;
pub use judged::JudgedSession;
pub use mind::Mind;
pub use population::{Known, Population};
pub use world::SessionWorld;
