//! What cannot be told is asked, where somebody is there.

use crate::run::Context;
use crate::run::own::{OwnLog, source};
use crate::watch::{Bar, Unwatched, Watch};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Somebody who takes the choice of this number, as often as asked.
#[derive(Debug, Default)]
struct Person {
    nobody: Unwatched,
    takes: usize,
    n_asked: AtomicUsize,
}

impl Watch for Person {
    fn bar(&self, label: &str, total: u64) -> Box<dyn Bar> {
        self.nobody.bar(label, total)
    }

    fn bytes(&self) -> Box<dyn drr_data::Progress + '_> {
        self.nobody.bytes()
    }

    fn interrupted(&self) -> bool {
        self.nobody.interrupted()
    }

    fn ask(&self, question: &str, choices: &[String]) -> Option<usize> {
        assert!(question.contains("it cannot be told"), "{question}");
        self.n_asked.fetch_add(1, Ordering::Relaxed);
        (self.takes < choices.len()).then_some(self.takes)
    }

    fn say(&self, line: &str) {
        self.nobody.say(line);
    }

    fn seconds(&self) -> f64 {
        self.nobody.seconds()
    }

    fn processor_seconds(&self) -> f64 {
        self.nobody.processor_seconds()
    }

    fn memory_in_use(&self) -> usize {
        self.nobody.memory_in_use()
    }

    fn n_threads(&self) -> usize {
        self.nobody.n_threads()
    }

    fn machine(&self) -> Vec<(String, String)> {
        self.nobody.machine()
    }
}

#[test]
fn a_question_is_asked_once_and_its_answer_is_written_into_the_layout() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sales.csv");
    let rows: String = (0..400)
        .map(|it| format!("{},{},{:02}/{:02}/2023\n", it % 40, it % 37, 1 + it % 12, 1 + it % 11))
        .collect();
    std::fs::write(&file, format!("customer,product,day\n{rows}")).unwrap();
    let with = |takes: usize| {
        let person = Arc::new(Person { takes, ..Person::default() });
        let watch: Arc<dyn Watch> = Arc::<Person>::clone(&person);
        let context = Context { watch, ..Context::unwatched(folder.path()) };
        (person, source(&context, &OwnLog::default(), &file))
    };
    let (person, refused) = with(7);
    assert!(format!("{:#}", refused.err().unwrap()).contains("--time-format"), "no choice ends the command");
    assert_eq!(person.n_asked.load(Ordering::Relaxed), 1);
    let (person, found) = with(1);
    assert_eq!(person.n_asked.load(Ordering::Relaxed), 1);
    let time = found.unwrap().spec.layout.unwrap().time;
    assert_eq!(time, Some(drr_intake::TimeUnit::Pattern("%m/%d/%Y".into())));
    // From now on the layout says it.
    let (person, again) = with(0);
    assert_eq!(person.n_asked.load(Ordering::Relaxed), 0);
    assert_eq!(again.unwrap().spec.layout.unwrap().time, time);
}
