//! The index against the exact search.

use drr_index::{Index, IndexConfig, IndexError};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const DIM: usize = 16;

/// Vectors around some centres, of very different lengths, as popular and rare items have them.
fn vectors(seed: u64, n: usize) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let centres: Vec<f32> = (0..40 * DIM).map(|_| random.random_range(-1.0..1.0)).collect();
    random = ChaCha8Rng::seed_from_u64(seed);
    (0..n)
        .flat_map(|at| {
            let length = random.random_range(0.2..3.0_f32);
            let centre = &centres[at % 40 * DIM..][..DIM];
            centre.iter().map(|it| length * (it + random.random_range(-0.4..0.4))).collect::<Vec<_>>()
        })
        .collect()
}

fn allowed(item: u32) -> bool {
    !item.is_multiple_of(5)
}

/// The ten allowed items of greatest inner product.
fn exact(items: &[f32], action: &[f32]) -> Vec<u32> {
    let score = |row: &[f32]| row.iter().zip(action).map(|(x, a)| x * a).sum::<f32>();
    let mut scored: Vec<(f32, u32)> = items.chunks_exact(DIM).map(score).zip(0..).collect();
    scored.retain(|(_, item)| allowed(*item));
    scored.sort_by(|left, right| right.0.total_cmp(&left.0));
    scored.truncate(10);
    scored.into_iter().map(|(_, item)| item).collect()
}

/// The share of the exact top 10 that the index finds.
fn recall(index: &Index, items: &[f32], actions: &[f32]) -> Result<f64, IndexError> {
    let mut n_found = 0;
    for action in actions.chunks_exact(DIM) {
        let found = index.search(action, 10, allowed)?;
        assert!(found.iter().all(|(item, _)| allowed(*item)));
        assert!(found.is_sorted_by(|left, right| left.1 >= right.1));
        let best = exact(items, action);
        n_found += found.iter().filter(|(item, _)| best.contains(item)).count();
    }
    Ok(n_found as f64 / (actions.len() / DIM * 10) as f64)
}

#[test]
fn nearly_all_of_the_exact_best_are_found_and_wider_searches_find_more() {
    let (items, actions) = (vectors(4, 5000), vectors(5, 100));
    let of = |n_search| {
        let config = IndexConfig { n_search, ..IndexConfig::default() };
        recall(&Index::build(&items, DIM, config).unwrap(), &items, &actions).unwrap()
    };
    let (narrow, wide) = (of(12), of(400));
    assert!(wide > 0.97 && wide > narrow, "{narrow} {wide}");
}

#[test]
fn the_same_items_make_the_same_index() {
    let (items, actions) = (vectors(4, 1000), vectors(5, 20));
    let lists = || -> Vec<_> {
        let index = Index::build(&items, DIM, IndexConfig::default()).unwrap();
        actions.chunks_exact(DIM).map(|action| index.search(action, 10, allowed).unwrap()).collect()
    };
    assert_eq!(lists(), lists());
}

#[test]
fn an_index_linked_on_all_threads_finds_as_much() {
    let (items, actions) = (vectors(4, 3000), vectors(5, 50));
    let config = IndexConfig { parallel: true, ..IndexConfig::default() };
    assert!(recall(&Index::build(&items, DIM, config).unwrap(), &items, &actions).unwrap() > 0.95);
}

#[test]
fn what_has_no_meaning_is_refused_and_nothing_is_found_in_nothing() {
    let build = |items: &[f32], dim, config| Index::build(items, dim, config).map(|it| it.len());
    let usual = IndexConfig::default();
    assert_eq!(build(&[1.0; 5], 2, usual), Err(IndexError::Shape { n_values: 5, dim: 2 }));
    assert_eq!(build(&[1.0, f32::NAN], 2, usual), Err(IndexError::NotFinite { at: 1 }));
    let bad = IndexConfig { n_links: 0, ..usual };
    assert_eq!(
        build(&[1.0; 2], 2, bad),
        Err(IndexError::Setting { setting: "n_links", value: 0, greatest: 256 })
    );
    let empty = Index::build(&[], 2, usual).unwrap();
    assert!(empty.is_empty());
    assert_eq!(empty.search(&[1.0, 1.0], 3, |_| true), Ok(vec![]));
    assert_eq!(empty.search(&[1.0], 3, |_| true), Err(IndexError::Shape { n_values: 1, dim: 2 }));
    let one = Index::build(&[1.0, 2.0], 2, usual).unwrap();
    assert_eq!(one.search(&[1.0, 1.0], 3, |_| true), Ok(vec![(0, 3.0)]));
}
