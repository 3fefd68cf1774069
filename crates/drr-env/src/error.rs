//! What can go wrong before a session begins.

use drr_core::EnvironmentError;

/// A reason why simulated users cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EnvError {
    /// A setting has no meaning.
    #[error("the setting {setting} = {value} is unusable: {remedy}")]
    Setting {
        /// The setting's name.
        setting: &'static str,
        /// Its value.
        value: String,
        /// What would be usable.
        remedy: &'static str,
    },
    /// Unrated items are to be answered by a rating model, and there is none.
    #[error("unrated items are to get the predicted rating, but no rating model was given")]
    NoRatingModel,
    /// The catalogue and the log count different items.
    #[error("the catalogue counts {n_catalogue} items and the log {n_log}: both must come from one data set")]
    Catalogue {
        /// The size that the catalogue was made for.
        n_catalogue: usize,
        /// The size that the log was made for.
        n_log: usize,
    },
    /// The environment itself refuses.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
}

impl EnvError {
    /// A refused setting.
    pub(crate) fn setting(setting: &'static str, value: &dyn ToString, remedy: &'static str) -> Self {
        Self::Setting { setting, value: value.to_string(), remedy }
    }
}
