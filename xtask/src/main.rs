//! The pipeline runner: every command of the project.
fn main() {}
