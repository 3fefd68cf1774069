//! The agent as its users see it: it learns a known optimum, resumes bit by bit, and recommends after loading.

#[cfg(test)]
mod clusters;
#[cfg(test)]
mod exploring;
mod online;
#[cfg(test)]
mod switches;
#[cfg(test)]
mod training;
