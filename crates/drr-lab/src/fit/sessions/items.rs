//! What may be shown, and the categories of items: an attribute of the data set, or else clusters of their vectors.

use anyhow::{Result, bail};
use drr_core::{Categories, EmbeddingTable, InteractionLog, ItemSet, RandomStream};
use drr_data::Dataset;
use rand::Rng;
use std::collections::BTreeMap;

/// Where the categories come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CategorySource {
    /// They are an attribute of the data set's items.
    DataSet,
    /// They are clusters of the items' fitted vectors.
    Clusters,
}

/// The rounds of k-means.
const N_ROUNDS: usize = 25;

/// The categories of all items, with their names where they have some; an item of the data set without any has one of its own
/// kind, `none`.
///
/// # Errors
///
/// Fails if there are more categories than can be counted.
pub fn categories_of(
    dataset: &Dataset,
    vectors: &EmbeddingTable,
    n_clusters: usize,
    random: &mut RandomStream,
) -> Result<(Categories, CategorySource)> {
    let Some(attribute) = dataset.categories() else {
        let clusters =
            clusters(vectors, n_clusters, random).into_iter().map(|it| vec![it]).collect::<Vec<_>>();
        return Ok((all(n_clusters, &clusters)?, CategorySource::Clusters));
    };
    let words = attribute.vocabulary();
    let none = u16::try_from(words.len())?;
    let numbers: BTreeMap<&str, u16> = words.into_iter().zip(0..).collect();
    let of = |item: usize| -> Vec<u16> {
        let its: Vec<u16> = attribute.words(item).map(|word| numbers[word]).collect();
        if its.is_empty() { vec![none] } else { its }
    };
    let of_items: Vec<Vec<u16>> = (0..dataset.items().len()).map(of).collect();
    let n = numbers.len() + usize::from(of_items.iter().any(|it| it == &[none]));
    Ok((all(n, &of_items)?, CategorySource::DataSet))
}

fn all(n_categories: usize, of_items: &[Vec<u16>]) -> Result<Categories> {
    match Categories::new(n_categories, of_items) {
        Ok(categories) => Ok(categories),
        Err(item) => bail!("item {} has a category beyond the {n_categories}", item.0),
    }
}

/// Lloyd's k-means on directions, from distinct random items.
fn clusters(vectors: &EmbeddingTable, n_clusters: usize, random: &mut RandomStream) -> Vec<u16> {
    let (n, dim) = (vectors.n_rows(), vectors.dim());
    let unit = |row: &[f32]| -> Vec<f32> {
        let length = row.iter().map(|it| it * it).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        row.iter().map(|it| it / length).collect()
    };
    let rows: Vec<Vec<f32>> = (0..n).map(|at| unit(vectors.row(at))).collect();
    let mut centres: Vec<Vec<f32>> =
        (0..n_clusters).map(|_| rows[random.random_range(0..n)].clone()).collect();
    let mut of = vec![0_u16; n];
    for _ in 0..N_ROUNDS {
        for (row, cluster) in rows.iter().zip(&mut of) {
            let nearness = |centre: &Vec<f32>| centre.iter().zip(row).map(|(a, b)| a * b).sum::<f32>();
            let best =
                (0_u16..).zip(&centres).max_by(|left, right| nearness(left.1).total_cmp(&nearness(right.1)));
            *cluster = best.map_or(0, |it| it.0);
        }
        let mut sums = vec![vec![0.0_f32; dim]; n_clusters];
        for (row, cluster) in rows.iter().zip(&of) {
            sums[usize::from(*cluster)].iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        for (centre, sum) in centres.iter_mut().zip(&sums) {
            // A cluster that has lost all its items keeps its centre.
            if sum.iter().any(|it| *it != 0.0) {
                *centre = unit(sum);
            }
        }
    }
    of
}

/// The items with at least `least` ratings in `log`, or without that the greater of 5 and 1 % of its users.
#[must_use]
pub fn candidates(log: &InteractionLog, least: Option<usize>) -> ItemSet {
    let least = least.unwrap_or_else(|| (log.active_users().count() / 100).max(5));
    log.items_rated(least)
}

#[cfg(test)]
mod tests {
    use super::*;
    use drr_core::{ItemIdx, Seeds};
    use drr_data::{
        AttributeKind, AttributeValue, AttributesBuilder, Entities, RawLog, SourceNote, SplitConfig,
        SyntheticConfig, generate_synthetic,
    };

    /// Items of three cities in turn, of which the first is said to be nowhere.
    fn dataset() -> Dataset {
        let raw = generate_synthetic("synthetic", &SyntheticConfig::small()).unwrap();
        let mut cities = AttributesBuilder::new([("city", AttributeKind::Category)]).unwrap();
        for at in 0..raw.items.len() {
            let city = if at == 0 { "" } else { ["York", "Bath", "Leeds"][at % 3] };
            cities.push(&[AttributeValue::category(city)]).unwrap();
        }
        let items = Entities::untitled(raw.items.ids().to_vec(), cities.finish());
        let raw = RawLog { items, ..raw };
        Dataset::from_raw(&raw, &SplitConfig::default(), SourceNote::default()).unwrap()
    }

    fn found(dataset: &Dataset) -> (Categories, CategorySource) {
        let n = dataset.items().len();
        let values = (0..n).flat_map(|at| [at as f32, 1.0]).collect();
        let vectors = EmbeddingTable::new(n, 2, values).unwrap();
        categories_of(dataset, &vectors, 5, &mut Seeds(1).stream("test")).unwrap()
    }

    #[test]
    fn the_words_of_an_attribute_are_categories_and_an_item_without_one_has_its_own() {
        let mut dataset = dataset();
        // One item has no city, so the attribute is taken only where it is named.
        let (clusters, source) = found(&dataset);
        assert_eq!((clusters.n_categories(), source), (5, CategorySource::Clusters));
        dataset.choose_categories(Some("city")).unwrap();
        let (cities, source) = found(&dataset);
        assert_eq!((cities.n_categories(), source), (4, CategorySource::DataSet));
        // In the order of the words: Bath, Leeds, York; and nowhere.
        let of: Vec<&[u16]> = (0..4).map(|at| cities.of(ItemIdx(at))).collect();
        assert_eq!(of, [&[3][..], &[0], &[1], &[2]]);
    }
}
