//! Logs of any layout: what a file holds is guessed, said, and read row by row.
//!
//! [`guess`] looks at a file, a folder or a zip, and finds compression, encoding, how rows and fields are written, and which column is
//! what, each with its reason. What cannot be told is asked back with the words to add, and never guessed. The outcome is a
//! [`Layout`], which can be written down and edited. [`read`] hands over every row by it: ids as text, numbers and times without loss.

mod error;
mod guess;
mod layout;
mod names;
mod number;
mod read;
mod rows;
mod source;
mod time;

pub use error::{Choice, IntakeError, shown, shown_within};
pub use guess::{Asked, Finding, Guess, guess};
pub use layout::{Columns, Dialect, Format, Layout, SideTable, Signal, TimeUnit};
pub use read::{LogRow, read, read_table};
pub use rows::{Header, Row};
pub use source::{Bounds, Member, Quiet, Source, Watch, Whole};
pub use time::NANOS;
