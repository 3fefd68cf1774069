//! Sequential recommenders through their public border.

mod toy;
