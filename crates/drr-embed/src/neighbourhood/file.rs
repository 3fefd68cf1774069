//! How a neighbourhood goes to disk: the neighbours of all items one after the other, and how many each item has.

use super::{Neighbourhood, NeighbourhoodConfig, fit};
use crate::EmbedError;
use crate::arrays::{Arrays, in_file, vector_array};
use drr_core::RowOrigin;
use drr_store::{NamedArray, Values, Written};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The kind of the artifact, and what its header says.
const KIND: &str = "neighbourhood";

/// What is fitted beside the arrays.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    kind: String,
    config: NeighbourhoodConfig,
    mean: f32,
    lowest: f32,
    highest: f32,
    origin: RowOrigin,
}

impl Neighbourhood {
    /// The header and the arrays `biases` `[I]`, `n_neighbours` `[I]`, and `neighbours` and `similarities`, both `[N]`: the
    /// neighbours of the first item, nearest first, then those of the second, and so on.
    ///
    /// # Errors
    ///
    /// Fails if the header cannot be written as JSON, and for more neighbours of an item than 32 bits count.
    pub fn to_arrays(&self) -> Result<Arrays, EmbedError> {
        let header = Header {
            kind: KIND.to_owned(),
            config: self.config,
            mean: self.mean,
            lowest: self.lowest,
            highest: self.highest,
            origin: self.origin.clone(),
        };
        let counts: Result<Vec<u32>, _> = self.neighbours.iter().map(|of| u32::try_from(of.len())).collect();
        let counts = counts.map_err(|error| fail(error.to_string()))?;
        let all = || self.neighbours.iter().flatten();
        let similarities: Vec<f32> = all().map(|(_, similarity)| *similarity).collect();
        let arrays = [
            vector_array("biases", &self.biases),
            index_array("n_neighbours", counts),
            index_array("neighbours", all().map(|(neighbour, _)| *neighbour).collect()),
            vector_array("similarities", &similarities),
        ];
        Arrays::pack(KIND, &header, arrays)
    }

    /// Reads what [`Neighbourhood::to_arrays`] has written.
    ///
    /// # Errors
    ///
    /// Names the part that is missing or disagrees with the others.
    pub fn from_arrays(mut arrays: Arrays) -> Result<Self, EmbedError> {
        let header: Header = arrays.header(KIND)?;
        if header.kind != KIND {
            return Err(fail(format!("they are of the kind {}", header.kind)));
        }
        if header.lowest > header.highest {
            return Err(fail("the header's range of ratings is empty".to_owned()));
        }
        header.config.check()?;
        let biases = arrays.take(KIND, "biases", 1)?.values;
        let counts = arrays.take_indices(KIND, "n_neighbours")?;
        let indices = arrays.take_indices(KIND, "neighbours")?;
        let similarities = arrays.take(KIND, "similarities", 1)?.values;
        let neighbours = lists(&counts, &indices, &similarities)?;
        if neighbours.len() != biases.len() {
            return Err(fail("n_neighbours and biases disagree on the number of items".to_owned()));
        }
        for (item, of) in neighbours.iter().enumerate() {
            check_list(item, of, biases.len())?;
        }
        Ok(Self {
            config: header.config,
            mean: header.mean,
            lowest: header.lowest,
            highest: header.highest,
            biases,
            supported: fit::supported(&neighbours),
            neighbours,
            origin: header.origin,
        })
    }

    /// Writes the file `path`, whole or not at all.
    ///
    /// # Errors
    ///
    /// Fails if the disk does.
    pub fn save(&self, path: &Path) -> Result<Written, EmbedError> {
        self.to_arrays()?.save(path)
    }

    /// Reads a file that [`Neighbourhood::save`] has written; it predicts the same bits.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read or is damaged.
    pub fn load(path: &Path) -> Result<Self, EmbedError> {
        Self::from_arrays(Arrays::load(path)?).map_err(in_file(path))
    }
}

const fn fail(reason: String) -> EmbedError {
    EmbedError::Arrays { kind: KIND, reason }
}

fn index_array(name: &str, indices: Vec<u32>) -> NamedArray {
    NamedArray::new(name, vec![indices.len()], Values::U32(indices))
}

/// Cuts the neighbours of all items into those of each.
fn lists(counts: &[u32], indices: &[u32], similarities: &[f32]) -> Result<Vec<Vec<(u32, f32)>>, EmbedError> {
    let total: u64 = counts.iter().map(|count| u64::from(*count)).sum();
    if indices.len() != similarities.len() || total != indices.len() as u64 {
        return Err(fail("n_neighbours, neighbours and similarities disagree".to_owned()));
    }
    let mut pairs = indices.iter().copied().zip(similarities.iter().copied());
    Ok(counts.iter().map(|count| pairs.by_ref().take(*count as usize).collect()).collect())
}

/// Refuses neighbours beyond the catalogue, an item that is its own, and another order than nearest first.
fn check_list(item: usize, neighbours: &[(u32, f32)], n_items: usize) -> Result<(), EmbedError> {
    if neighbours.iter().any(|(other, _)| *other as usize >= n_items || *other as usize == item) {
        return Err(fail(format!("an item has a neighbour that cannot be one: item {item}")));
    }
    if neighbours.iter().any(|(_, similarity)| *similarity < 0.0) || !neighbours.is_sorted_by(is_nearer) {
        return Err(fail(format!("the neighbours are not in the order of their similarity: item {item}")));
    }
    Ok(())
}

/// Whether the left one stands before the right one.
fn is_nearer(left: &(u32, f32), right: &(u32, f32)) -> bool {
    left.1 > right.1 || (left.1 == right.1 && left.0 < right.0)
}
