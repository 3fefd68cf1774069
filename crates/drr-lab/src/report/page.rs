//! What a report is made from.

use crate::fit::sessions::SessionTraining;
use crate::fit::spaces::Spaces;
use crate::fit::train::Training;
use crate::run::{RunManifest, Work};
use drr_data::{Dataset, Protocol};

/// A run that was judged, as its report sees it.
#[derive(Debug)]
pub struct Page<'a> {
    /// Where the run's files lie.
    pub work: Work<'a>,
    /// What the run says of itself.
    pub manifest: &'a RunManifest,
    /// The data set.
    pub dataset: &'a Dataset,
    /// The protocols that it was judged under.
    pub protocols: Vec<Protocol>,
    /// The protocols that the data set does not allow, with the reason: a sentence each.
    pub left_out: Vec<String>,
    /// The cuts, with their spaces and their trainings, the run's own agent first.
    pub cuts: Vec<(Spaces<'a>, Vec<Training<'a>>)>,
    /// The trainings for long sessions, the agent first; none where the run has no long sessions.
    pub sessions: Vec<SessionTraining<'a>>,
    /// The MD5 of the data set's official archive.
    pub official_md5: Option<String>,
}
