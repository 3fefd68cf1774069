//! Says what a file, folder or zip holds, and prints its first rows: `cargo run -p drr-intake --example look -- PATH`.

#![expect(clippy::print_stdout, reason = "it prints what it finds")]

use drr_intake::{Asked, IntakeError, Quiet, Source, guess, read};
use std::path::PathBuf;

fn main() -> Result<(), IntakeError> {
    let path = PathBuf::from(std::env::args().nth(1).unwrap_or_default());
    let found = guess(&path, &Asked::default())?;
    println!("{:#?}", found.layout);
    for it in &found.findings {
        println!(
            "{}: {} ({}){}",
            it.role,
            it.column,
            it.why,
            it.runner_up.as_deref().map(|it| format!(", not {it}")).unwrap_or_default()
        );
    }
    for note in &found.notes {
        println!("{note}");
    }
    let mut n_rows = 0;
    read(&Source::open(&path)?, &found.layout, &mut Quiet, |row| {
        n_rows += 1;
        if n_rows <= 3 {
            println!("{} {} {:?} {:?}", row.user, row.item, row.value, row.nanos);
        }
        Ok::<(), IntakeError>(())
    })?;
    println!("{n_rows} rows");
    Ok(())
}
