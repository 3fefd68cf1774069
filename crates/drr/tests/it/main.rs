//! The product as its users have it: the real program on a small experiment, with everything that can go wrong around it.
//!
//! `DRR_TESTS=full` takes the long forms.

#[cfg(test)]
mod damage;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod own;
#[cfg(test)]
mod process;
#[cfg(test)]
mod processes;
#[cfg(test)]
mod recommend;
#[cfg(test)]
mod runs;
#[cfg(test)]
mod snapshot;
#[cfg(test)]
mod stages;
#[cfg(test)]
mod told;
