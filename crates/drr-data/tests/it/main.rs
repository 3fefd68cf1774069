//! The integration tests of the crate, in one binary.
//!
//! The modules say `cfg(test)`, by which clippy knows their helpers as test code, too.

#[cfg(test)]
mod attributes;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod own;
#[cfg(test)]
mod raw;
#[cfg(test)]
mod registry;
#[cfg(test)]
mod store;
#[cfg(test)]
mod tables;
