//! What the reader makes of made-up logs, and of hostile ones.

mod combinations;
mod fixtures;
mod hostile;
mod said;
