//! Whoever asks to stop is obeyed while lists are read, wherever the reading stands.

use super::parquet;
use arrow_array::{ArrayRef, Int64Array};
use drr_data::{Progress, read_foreign_lists};
use parquet::basic::Compression;
use std::cell::Cell;
use std::fmt::Write as _;
use std::sync::Arc;

/// Asks to stop once it was asked so often.
struct Stopping {
    after: u64,
    n_asked: Cell<u64>,
}

impl Progress for Stopping {
    fn start(&mut self, _task: &str, _total: Option<u64>) {}

    fn advance(&mut self, _done: u64) {}

    fn finish(&mut self) {}

    fn is_interrupted(&self) -> bool {
        self.n_asked.set(self.n_asked.get() + 1);
        self.n_asked.get() > self.after
    }
}

/// How often a file's reading asks whether to stop, if nobody does.
fn n_asked(name: &str, data: &[u8]) -> u64 {
    let mut progress = Stopping { after: u64::MAX, n_asked: Cell::new(0) };
    read(name, data, &mut progress).unwrap_or_else(|error| panic!("{name}: {error}"));
    progress.n_asked.get()
}

fn read(name: &str, data: &[u8], progress: &mut Stopping) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, data).unwrap();
    read_foreign_lists(&path, "first_ratings", None, progress).map(|_| ()).map_err(|error| error.to_string())
}

#[test]
fn every_layout_asks_often_and_stops_when_it_is_asked_to() {
    const N: i64 = 40_000;
    let mut texts = [const { String::new() }; 5];
    texts[0].push_str("user,item,rank\n");
    texts[2].push_str("user,items\n");
    for at in 0..N {
        let (user, item, rank) = (at / 10, 7 + at * 31 % 997, 1 + at % 10);
        let _ = writeln!(texts[0], "{user},{item},{rank}");
        let _ = writeln!(texts[1], "u{user} k{item} {rank}");
        let _ = writeln!(texts[2], "{at},{item} 9{item}");
        let _ = writeln!(texts[3], "{{\"user\": {user}, \"item\": {item}, \"rank\": {rank}}}");
        let _ = writeln!(texts[4], "u{user} Q0 k{item} {rank} {} t", -rank);
    }
    let column = |of: fn(i64) -> i64| -> ArrayRef { Arc::new(Int64Array::from_iter_values((0..N).map(of))) };
    let columns = vec![
        ("user", column(|at| at / 10)),
        ("item", column(|at| 7 + at * 31 % 997)),
        ("rank", column(|at| 1 + at % 10)),
    ];
    let table = parquet(Compression::UNCOMPRESSED, columns);
    let names = ["head.csv", "bare.txt", "wide.csv", "lines.json", "run.trec"];
    let texts = names.into_iter().zip(texts.iter().map(String::as_bytes));
    for (name, data) in texts.chain([("table.parquet", table.as_slice())]) {
        let n_all = n_asked(name, data);
        assert!(n_all >= 2 * N as u64 / 1024, "{name} asks {n_all} times only");
        for after in [0, 1, n_all / 2, n_all - 1] {
            let mut progress = Stopping { after, n_asked: Cell::new(0) };
            let error = read(name, data, &mut progress).unwrap_err();
            assert!(error.contains("stopped while reading") && error.contains(name), "{name}: {error}");
            assert!(progress.n_asked.get() < after + 16, "{name} goes on after it was asked to stop");
        }
    }
}
