//! The categories that a configuration names.

use super::{config, context, source};
use crate::config::SessionsConfig;
use crate::run::{Name, Run};

#[test]
fn a_run_has_the_categories_that_its_configuration_names_and_a_name_that_is_not_there_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path());
    let begun = |categories: Option<&str>| {
        let mut config = config(1);
        let categories = categories.map(str::to_owned);
        config.sessions = Some(SessionsConfig { categories, ..SessionsConfig::default() });
        let name = config.categories().unwrap_or("none").to_owned();
        let run = Run::begin(&context, config, &source(&context), Name::Derived(&name));
        run.map(|run| run.dataset.categories().map(|it| it.name().to_owned()))
    };
    assert_eq!(begun(None).unwrap().as_deref(), Some("genres"));
    assert_eq!(begun(Some("genres")).unwrap().as_deref(), Some("genres"));
    let error = format!("{:#}", begun(Some("mood")).unwrap_err());
    assert!(error.contains("\"mood\" is none of the items'"), "{error}");
    assert!(error.contains("set sessions.categories to \"genres\""), "{error}");
    assert!(begun(Some("year")).is_err(), "numbers are no categories");
}
