//! What a replay refuses.

/// A reason why a replay refuses a call.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ReplayError {
    /// A setting has no meaning.
    #[error("the setting {setting} = {value} is unusable: {remedy}")]
    Setting {
        /// The setting's name.
        setting: &'static str,
        /// Its value.
        value: f64,
        /// What would be usable.
        remedy: &'static str,
    },
    /// There is nothing to sample.
    #[error("cannot sample from an empty replay: take some steps first")]
    Empty,
    /// A part of a transition does not fit into the replay.
    #[error("the transition's {part} has the length {length}, where the replay takes {expected}")]
    Length {
        /// The part.
        part: &'static str,
        /// Its length.
        length: usize,
        /// What the replay takes.
        expected: usize,
    },
    /// A transition leads from one session into another.
    #[error("a transition leads from context {before} to context {after}: both must be of one session")]
    OtherContext {
        /// The context of the observation.
        before: u32,
        /// The context of the next observation.
        after: u32,
    },
    /// A number is infinite or NaN.
    #[error("the {what} {value} is not finite")]
    NotFinite {
        /// What the number is.
        what: &'static str,
        /// The number.
        value: f64,
    },
    /// The priority is negative, infinite, or NaN.
    #[error("priority {0} is not a finite number of at least zero")]
    InvalidPriority(f64),
    /// There are more or fewer errors than slots.
    #[error("{n_slots} slots were given {n_errors} TD errors")]
    CountOfErrors {
        /// The slots given.
        n_slots: usize,
        /// The errors given.
        n_errors: usize,
    },
    /// A slot holds no transition.
    #[error("slot {slot} holds no transition: the replay has {len}")]
    NoSuchSlot {
        /// The slot.
        slot: usize,
        /// The number of transitions.
        len: usize,
    },
    /// A saved array is absent, or does not fit the others or the config.
    #[error("the saved replay's array \"{name}\" {problem}")]
    State {
        /// The array's name.
        name: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}
