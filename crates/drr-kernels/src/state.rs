//! State representation modules: from a user's vector and the latest items to the rows of a panel.
//!
//! Each module is a file of its own with a `forward` that writes one example's features and a `backward` that adds the
//! gradient of its parameters.

mod drr_ave;

pub use drr_ave::DrrAve;
