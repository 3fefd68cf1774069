//! Digests of the workspace's code: what was computed by other code is known as such.
//!
//! A *unit* is the library of a crate, or a module carved out of it with all modules beneath (`units.toml` lists those). Its
//! digest is over the tokens of the code, without comments, tests and attributes for lints, over the files that the code
//! includes (of C and CUDA sources without comments), and over the features and resolved versions of the external crates behind it.
//! So a comment leaves every digest as it was, and an operator, a constant or an updated dependency does not. Between two signs
//! inside a macro's arguments white space counts, since there it can mean something. The compiler's version does not count.
//!
//! The build script finds all that, so the constants here are of the code that the program was built from. Which units a
//! result is made from is the caller's table; [`missing`] says what such a table forgot.
//!
//! ```
//! let made_from = ["drr-core", "drr-eval"];
//! assert!(drr_code::missing(&made_from)?.is_empty());
//! assert_eq!(drr_code::missing(&["drr-eval"])?, ["drr-core"]);
//!
//! // Stored beside a result, it tells later whether the same code would make it.
//! let digest = drr_code::digest(&made_from)?;
//! assert_eq!(digest.len(), 64);
//! assert_ne!(digest, drr_code::digest(&["drr-core"])?);
//!
//! // A report is a unit of its own: nothing that does not name it changes with it.
//! let report = drr_code::unit("drr-eval::report").ok_or("the report is no unit")?;
//! assert_eq!(report.package, "drr-eval");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod revision;
#[cfg(test)]
#[path = "../build/scan.rs"]
mod scan;

pub use revision::revision;

use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;

include!(concat!(env!("OUT_DIR"), "/units.rs"));

/// Code with a digest of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// The crate, or `CRATE::MODULE` of a module that is carved out of it.
    pub name: &'static str,
    /// SHA-256 in hexadecimal, of this unit alone: not of the units that it uses.
    pub digest: &'static str,
    /// The crate that the code belongs to.
    pub package: &'static str,
    /// The crates of the workspace that this crate depends on, not for tests alone, by name.
    pub dependencies: &'static [&'static str],
    /// The other units that the code names in its paths, by name. What it reaches through one of them stands there.
    pub uses: &'static [&'static str],
}

/// A reason why a question about code has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// No unit has this name.
    #[error(
        "{0} is no unit of the workspace's code: crates with a library are, and the modules that units.toml lists"
    )]
    UnknownUnit(String),
}

/// The unit of this name.
#[must_use]
pub fn unit(name: &str) -> Option<&'static Unit> {
    UNITS.iter().find(|unit| unit.name == name)
}

/// SHA-256 in hexadecimal over the digests of exactly these units, whatever their order.
///
/// # Errors
///
/// Refuses a name that is no unit's.
pub fn digest(units: &[&str]) -> Result<String, CodeError> {
    let mut hasher = Sha256::new();
    for name in units.iter().collect::<BTreeSet<_>>() {
        let unit = known(name)?;
        hasher.update(format!("{} {}\n", unit.name, unit.digest));
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The units that these use but that are not among them, by name: none for a set that is closed.
///
/// Finer than the edges between crates: a module carved out of a crate misses only what it names itself.
///
/// # Errors
///
/// Refuses a name that is no unit's.
pub fn missing(units: &[&str]) -> Result<Vec<String>, CodeError> {
    let mut missing: BTreeSet<&str> = BTreeSet::new();
    for name in units {
        missing.extend(known(name)?.uses.iter().filter(|used| !units.contains(used)));
    }
    Ok(missing.into_iter().map(str::to_owned).collect())
}

fn known(name: &str) -> Result<&'static Unit, CodeError> {
    unit(name).ok_or_else(|| CodeError::UnknownUnit(name.to_owned()))
}
