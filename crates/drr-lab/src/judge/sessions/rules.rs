//! The scores that rules rank by, fitted on what recommenders know, with the settings of the configuration.

use crate::fit::sessions::SessionModels;
use anyhow::{Context as _, Result};
use drr_baselines::{BaselineConfig, FitInputs, ListScores, NamedScores, SessionScores};
use drr_core::Part;
use std::sync::Arc;

/// What a kind is called in the tables of long sessions.
pub fn rule_name(kind: &str) -> &str {
    if kind == "damped_item_mean" { "item_mean" } else { kind }
}

/// The scores of one recommender of lists, fitted on R.
///
/// # Errors
///
/// Fails if the fit does, and for a recommender that needs item vectors.
pub fn rule_scores(models: &SessionModels<'_>, config: &BaselineConfig) -> Result<Arc<dyn SessionScores>> {
    let log = models.cut.rows(&[Part::Train])?;
    let rating_scale = models.dataset.manifest().rating_scale;
    let inputs = FitInputs { log: &log, positive: models.positive, rating_scale, item_vectors: None };
    let kind = config.kind_name();
    let fitted = config.fit(&inputs, models.seeds.child(kind));
    let fitted = fitted.with_context(|| {
        format!("failed to fit {kind} for long sessions: look at its settings in [[sessions.rules]]")
    })?;
    Ok(Arc::new(NamedScores::new(rule_name(kind), Arc::new(ListScores(Arc::from(fitted))))))
}

/// The settings in words: `lambda 3000`.
pub fn in_words(config: &BaselineConfig) -> Option<String> {
    let value = serde_json::to_value(config).ok()?;
    let settings = value.as_object()?.iter().filter(|(key, _)| *key != "kind");
    let words: Vec<String> = settings.map(|(key, value)| format!("{key} {value}")).collect();
    (!words.is_empty()).then(|| words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_told_in_words_without_the_kind() {
        let of = |kind: &str| in_words(&BaselineConfig::default_of(kind).unwrap());
        assert_eq!(of("ease").unwrap(), "lambda 3000.0");
        assert_eq!(of("popularity"), None);
    }
}
