use super::*;
use proptest::prelude::*;

/// The lists of all rows, or the items refused.
type Lists = Vec<Result<Vec<Ranked>, u32>>;

fn lists(search: &TopK, n_rows: usize) -> Lists {
    (0..n_rows).map(|row| search.best(row).map(Iterator::collect).map_err(|bad| bad.item)).collect()
}

fn searched(
    k: usize,
    items: &[f32],
    actions: &[f32],
    dim: usize,
    allowed: impl Fn(usize, u32) -> bool + Sync,
) -> Lists {
    let mut search = TopK::new(k);
    let actions = Panels::from_rows(actions, dim);
    search.search(items, &actions, allowed);
    lists(&search, actions.n_rows())
}

/// All scores of a row, sorted.
fn sorted(
    k: usize,
    items: &[f32],
    actions: &[f32],
    dim: usize,
    allowed: impl Fn(usize, u32) -> bool,
) -> Lists {
    let of_row = |(row, action): (usize, &[f32])| {
        let score = |item: &[f32]| item.iter().zip(action).fold(0.0_f32, |sum, (x, y)| x.mul_add(*y, sum));
        let ranked = (0_u32..).zip(items.chunks_exact(dim)).map(|(item, v)| Ranked { item, score: score(v) });
        let mut ranked: Vec<Ranked> = ranked.filter(|it| allowed(row, it.item)).collect();
        if let Some(bad) = ranked.iter().find(|it| !it.score.is_finite()) {
            return Err(bad.item);
        }
        ranked.sort_by(|a, b| b.score.partial_cmp(&a.score).unwrap().then(a.item.cmp(&b.item)));
        ranked.truncate(k);
        Ok(ranked)
    };
    actions.chunks_exact(dim).enumerate().map(of_row).collect()
}

/// Numbers without a pattern, few enough different ones for ties.
fn numbers(n: usize, salt: u64) -> Vec<f32> {
    let mut state = salt;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % 9) as f32 - 4.0
    };
    (0..n).map(|_| next()).collect()
}

fn on_threads<T: Send>(n_threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap().install(work)
}

#[test]
fn the_best_allowed_item_wins_and_ties_go_to_the_smaller_one() {
    let items = [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, -1.0, -1.0];
    let actions = [2.0, 1.0, 2.0, 1.0, -1.0, -1.0, 0.0, 0.0, f32::NAN, 0.0];
    let found = searched(1, &items, &actions, 2, |row, item| row != 3 && (row, item) != (1, 0));
    let best = |item, score| Ok(vec![Ranked { item, score }]);
    assert_eq!(found, [best(0, 2.0), best(2, 2.0), best(3, 2.0), Ok(vec![]), Err(0)]);
}

#[test]
fn the_first_allowed_score_that_is_not_finite_is_refused() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let items = [5.0, 4.0, bad, 6.0, bad, 1.0];
        let found =
            searched(2, &items, &[1.0, 1.0], 1, |row, item| row == 0 || items[item as usize].is_finite());
        let both = vec![Ranked { item: 3, score: 6.0 }, Ranked { item: 0, score: 5.0 }];
        assert_eq!(found, [Err(2), Ok(both)]);
    }
}

#[test]
fn minus_zero_is_zero_for_the_tie_rule() {
    let found = searched(3, &[-0.0, 0.0, -1.0], &[1.0], 1, |_, _| true);
    let items: Vec<u32> = found[0].as_ref().unwrap().iter().map(|it| it.item).collect();
    assert_eq!(items, [0, 1, 2]);
}

#[test]
fn an_empty_catalogue_or_batch_gives_empty_lists() {
    assert_eq!(searched(4, &[], &[1.0, 2.0], 2, |_, _| true), [Ok(vec![])]);
    assert_eq!(searched(4, &[1.0, 2.0], &[], 2, |_, _| true), Lists::new());
}

#[test]
fn lists_are_the_same_for_any_number_of_threads_and_from_call_to_call() {
    let (dim, n_items, n_rows) = (3, 2 * LEAST_ITEMS + 77, 37);
    let (items, actions) = (numbers(n_items * dim, 1), Panels::from_rows(&numbers(n_rows * dim, 2), dim));
    let allowed = |row: usize, item: u32| !(row as u32 + item).is_multiple_of(3);
    let expected = sorted(10, &items, &actions.to_rows(), dim, allowed);
    for n_threads in [1, 2, 3, 8] {
        let mut search = TopK::new(10);
        for _ in 0..2 {
            on_threads(n_threads, || search.search(&items, &actions, allowed));
            assert_eq!(lists(&search, n_rows), expected, "{n_threads} threads");
        }
    }
}

#[test]
fn a_bad_score_in_any_range_of_items_is_refused() {
    let mut items = numbers(3 * LEAST_ITEMS, 3).repeat(8);
    let n_items = items.len() / 8;
    items[(n_items - 5) * 8] = f32::NAN;
    items[(n_items / 2) * 8] = f32::NAN;
    let first = (n_items / 2) as u32;
    let found = on_threads(4, || searched(2, &items, &[1.0; 16], 8, |row, item| row == 0 || item != first));
    assert_eq!(found, [Err(first), Err(n_items as u32 - 5)]);
}

proptest! {
    #[test]
    fn a_search_equals_a_full_sort(
        (n_items, n_rows, dim) in (1_usize..200, 1_usize..40, 1_usize..9),
        (k, salt, share) in (1_usize..30, 0_u64..1000, 1_u32..7),
    ) {
        let (items, actions) = (numbers(n_items * dim, salt), numbers(n_rows * dim, salt + 1));
        let allowed = |row: usize, item: u32| (row as u32 * 7 + item * 5 + salt as u32) % 7 < share;
        let found = searched(k, &items, &actions, dim, allowed);
        prop_assert_eq!(found, sorted(k, &items, &actions, dim, allowed));
    }

    #[test]
    fn a_key_leads_back_to_item_and_score(item: u32, score in -1e30_f32..1e30) {
        let ranked = Ranked { item, score };
        prop_assert_eq!(Ranked::from_key(ranked.key()), ranked);
        prop_assert!(ranked.key() > 0);
    }
}
