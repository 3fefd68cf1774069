//! Files that are whole or not there, and are what their writer wrote.
//!
//! A run can be killed, a disk can be full, a byte can flip, and two processes can want one folder, all at any moment.
//! So every file and folder appears under its name only when it is complete ([`write_atomically`], [`NewFolder`]), tells
//! whoever reads it whether it is still what was written ([`read_arrays`], [`read_sealed`], [`FolderNote`]), and has one
//! writer at a time ([`Lock`]).
//!
//! ```
//! use drr_store::{FolderNote, Lock, NamedArray, Values, read_arrays, read_sealed, write_arrays, write_sealed};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let home = tempfile::tempdir()?;
//! let run = home.path().join("run");
//! // One writer at a time: a second one is told who holds the folder, and since when.
//! let lock = Lock::acquire(&run, "train")?;
//! assert!(Lock::acquire(&run, "evaluate").is_err());
//!
//! // Arrays and texts in a safetensors file with a digest of all that it holds.
//! let weights = NamedArray::new("weights", vec![2, 1], Values::F32(vec![0.5, -1.0]));
//! let written = write_arrays(&run.join("policy.safetensors"), &[weights], &[("kind", "linear".to_owned())])?;
//! let (arrays, texts) = read_arrays(&run.join("policy.safetensors"))?;
//! assert_eq!(NamedArray::f32(&arrays, "weights", 2)?, [0.5, -1.0]);
//! assert_eq!(texts["kind"], "linear");
//!
//! // A note on the files of the folder, itself sealed, by which a reader checks them.
//! let mut note = FolderNote::default();
//! note.add("policy.safetensors", &written);
//! write_sealed(&run.join("files.json"), &note)?;
//! let note: FolderNote = read_sealed(&run.join("files.json"), "train again")?;
//! note.check(&run, "policy.safetensors", "train again")?;
//! drop(lock);
//! # Ok(())
//! # }
//! ```

mod arrays;
mod atomic;
mod checkpoint;
mod digest;
mod error;
mod json;
mod lock;
mod named_array;
mod note;
mod partial;

pub use arrays::{read_arrays, write_arrays};
pub use atomic::{NewFolder, Written, write_atomically, write_bytes};
pub use checkpoint::{
    Checkpoint, DamagedCheckpoint, FoundCheckpoint, LatestCheckpoint, checkpoint_digest, checkpoints,
    latest_checkpoint, load_checkpoint, load_latest, save_checkpoint,
};
pub use digest::{HashingWriter, bytes_digest, digest_of, file_digest};
pub use error::StoreError;
pub use json::{read_json, read_sealed, write_sealed};
pub use lock::{Held, Holder, Lock};
pub use named_array::{NamedArray, Values};
pub use note::FolderNote;
pub use partial::remove_leftovers;
