//! Sequential recommenders through their public border.

#[cfg(test)]
mod toy;
