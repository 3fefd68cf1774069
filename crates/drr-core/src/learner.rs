//! Who a learner is: an identity in files, and a name for eyes.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The forms of a learner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// As configured.
    Agent,
    /// The same with a discount of 0: a greedy one-step model.
    Greedy,
    /// The same without TD learning: the supervised part of its loss alone.
    Supervised,
    /// Before its first update.
    Untrained,
}

impl Form {
    /// What stands behind the learner's own name.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Agent => "",
            Self::Greedy => "_gamma_0",
            Self::Supervised => "_no_td",
            Self::Untrained => "_untrained",
        }
    }
}

/// The users among whom a learner is trained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum World {
    /// They answer as the configuration says.
    Logged,
    /// What the log does not tell is predicted by the first simulator.
    A,
    /// The same by the second simulator.
    B,
}

impl World {
    /// Both simulators.
    pub const SIMULATED: [Self; 2] = [Self::A, Self::B];

    /// What stands behind the names of learners trained in it.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Logged => "",
            Self::A => "_in_a",
            Self::B => "_in_b",
        }
    }
}

/// How a learner serves while it is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// As everybody: frozen, one list for one history.
    Frozen,
    /// It learns within the sessions that it serves.
    Online,
    /// Its history grows along the list that it puts in order.
    Adaptive,
}

impl Mode {
    /// What stands behind the names of learners that serve so.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Frozen => "",
            Self::Online => "_online",
            Self::Adaptive => "_adaptive",
        }
    }
}

/// Who a learner is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearnerId {
    /// The learner's own name.
    pub name: String,
    /// Its form.
    pub form: Form,
    /// Where it was trained.
    pub world: World,
    /// How it serves.
    pub mode: Mode,
}

impl LearnerId {
    /// A learner as configured, trained on the log alone.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), form: Form::Agent, world: World::Logged, mode: Mode::Frozen }
    }

    /// The same in another form. Before the first update it is the same wherever it will be trained, and it is judged in
    /// one way only.
    #[must_use]
    pub fn with(&self, form: Form) -> Self {
        match form {
            Form::Untrained => Self { form, ..Self::new(&self.name) },
            _ => Self { form, ..self.clone() },
        }
    }

    /// The same, serving in another mode.
    #[must_use]
    pub fn serving(&self, mode: Mode) -> Self {
        Self { mode, ..self.clone() }
    }

    /// Whether it speaks for its learner: trained, as configured, and judged like everybody.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.form == Form::Agent && self.mode == Mode::Frozen
    }
}

impl fmt::Display for LearnerId {
    /// `strong_gamma_0_in_a`: each part but the first is left out where there is nothing to say.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, form, world, mode } = self;
        formatter.pad(&format!("{name}{}{}{}", form.suffix(), world.suffix(), mode.suffix()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_form_world_and_mode_and_nothing_where_there_is_nothing_to_say() {
        let id = LearnerId { world: World::B, ..LearnerId::new("drr_att") };
        assert_eq!(LearnerId::new("strong").to_string(), "strong");
        assert_eq!(id.with(Form::Greedy).to_string(), "drr_att_gamma_0_in_b");
        assert_eq!(id.serving(Mode::Online).to_string(), "drr_att_in_b_online");
        assert_eq!(
            id.with(Form::Supervised).serving(Mode::Adaptive).to_string(),
            "drr_att_no_td_in_b_adaptive"
        );
        assert_eq!(format!("{:>8}", LearnerId::new("drn")), "     drn");
    }

    #[test]
    fn before_its_first_update_a_learner_is_the_same_in_every_world_and_mode() {
        let id = LearnerId { world: World::A, mode: Mode::Online, ..LearnerId::new("drr_p") };
        assert_eq!(id.with(Form::Untrained), LearnerId::new("drr_p").with(Form::Untrained));
        assert_eq!(id.with(Form::Untrained).to_string(), "drr_p_untrained");
        assert!(!id.is_plain() && id.serving(Mode::Frozen).is_plain());
    }

    #[test]
    fn an_identity_is_the_same_after_it_was_written_and_read() {
        let id = LearnerId { world: World::A, ..LearnerId::new("strong") }.with(Form::Supervised);
        let text = serde_json::to_string(&id).unwrap();
        assert_eq!(text, r#"{"name":"strong","form":"supervised","world":"a","mode":"frozen"}"#);
        assert_eq!(serde_json::from_str::<LearnerId>(&text).unwrap(), id);
    }
}
