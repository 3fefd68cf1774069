//! Masked scoring and top k against that of `drr-kernels`.

use crate::executors::{assert_close, floats, ids, numbers, on_each};
use drr_device::{Counters, Memory, Search, Values};
use drr_kernels::{Panels, TopK};

const DIM: usize = 45;
const N_ITEMS: usize = 700;
const N_ROWS: usize = 11;

/// Small whole numbers: sums are exact in any order, and many are equal.
fn whole(n: usize, seed: u64) -> Vec<f32> {
    numbers(n, seed).iter().map(|value| (value * 2.5).round()).collect()
}

/// Every third item is barred, and for the last row all but two are.
fn is_barred(row: usize, item: u32) -> bool {
    if row + 1 == N_ROWS { item != 130 && item != 699 } else { (item as usize + row).is_multiple_of(3) }
}

fn barred() -> Vec<u32> {
    let n_words = Search::n_words(N_ITEMS);
    let mut words = vec![0; N_ROWS * n_words];
    for row in 0..N_ROWS {
        for item in (0..N_ITEMS as u32).filter(|item| is_barred(row, *item)) {
            words[row * n_words + item as usize / 32] |= 1 << (item % 32);
        }
    }
    words
}

#[test]
fn lists_equal_those_of_the_cpu_ties_and_masks_included() {
    for k in [1, 5, 16] {
        let (items, actions) = (whole(N_ITEMS * DIM, 1), whole(N_ROWS * DIM, 2));
        let mut twin = TopK::new(k);
        twin.search(&items, &Panels::from_rows(&actions, DIM), |row, item| !is_barred(row, item));
        let mut memory = Memory::default();
        let counters = Counters::default().place(&mut memory);
        let search = Search::new(N_ROWS, N_ITEMS, DIM, k, &mut memory).expect("the list fits");
        let items = memory.add(Values::F32(items));
        let actions = memory.add(Values::F32(actions));
        let words = memory.add(Values::U32(barred()));
        on_each("top k", &memory, |executor| {
            executor.run(&search.launches(items, actions, words, counters), 1).expect("the list fits");
            Counters::read(executor, counters).expect("the list fits");
            let (found, scores) = (ids(executor, search.items), floats(executor, search.scores));
            for row in 0..N_ROWS {
                let expected: Vec<_> = twin.best(row).expect("the list fits").collect();
                let mut best: Vec<u32> = expected.iter().map(|it| it.item).collect();
                best.resize(k, u32::MAX);
                assert_eq!(found[row * k..][..k], best, "row {row}");
                let expected: Vec<f32> = expected.iter().map(|it| it.score).collect();
                assert_eq!(scores[row * k..][..expected.len()], expected, "row {row}");
            }
        });
    }
}

#[test]
fn scores_of_any_numbers_equal_those_of_the_cpu_to_rounding() {
    let (items, actions) = (numbers(N_ITEMS * DIM, 3), numbers(N_ROWS * DIM, 4));
    let mut twin = TopK::new(4);
    twin.search(&items, &Panels::from_rows(&actions, DIM), |row, item| !is_barred(row, item));
    let mut memory = Memory::default();
    let counters = Counters::default().place(&mut memory);
    let search = Search::new(N_ROWS, N_ITEMS, DIM, 4, &mut memory).expect("the list fits");
    let items = memory.add(Values::F32(items));
    let actions = memory.add(Values::F32(actions));
    let words = memory.add(Values::U32(barred()));
    on_each("top k, any numbers", &memory, |executor| {
        executor.run(&search.launches(items, actions, words, counters), 1).expect("the list fits");
        let scores = floats(executor, search.scores);
        for row in 0..N_ROWS {
            let expected: Vec<f32> = twin.best(row).expect("the list fits").map(|it| it.score).collect();
            assert_close("scores", &scores[row * 4..][..expected.len()], &expected, 1e-5);
        }
    });
}

#[test]
fn an_allowed_score_that_is_not_finite_is_said_and_a_barred_one_is_not() {
    for (item, is_said) in [(1_usize, true), (0, false)] {
        let mut items = whole(N_ITEMS * DIM, 1);
        items[item * DIM + 3] = f32::NAN;
        let mut memory = Memory::default();
        let counters = Counters::default().place(&mut memory);
        let search = Search::new(1, N_ITEMS, DIM, 1, &mut memory).expect("the list fits");
        let items = memory.add(Values::F32(items));
        let actions = memory.add(Values::F32(whole(DIM, 2)));
        let words = memory.add(Values::U32(barred()[..Search::n_words(N_ITEMS)].to_vec()));
        on_each("top k, not finite", &memory, |executor| {
            executor.run(&search.launches(items, actions, words, counters), 1).expect("the list fits");
            let error = Counters::read(executor, counters).err().map(|error| error.to_string());
            let said = error.as_ref().map(|text| text.contains("a score that is not finite"));
            assert_eq!(said, is_said.then_some(true), "{error:?}");
        });
    }
}

#[test]
fn lists_beyond_the_kernels_are_refused() {
    for k in [0, 17] {
        let refused = Search::new(1, 10, 4, k, &mut Memory::default());
        let error = refused.expect_err("no list of this length").to_string();
        assert!(error.contains(&format!("list of {k}")) && error.contains("1 to 16"), "{error}");
    }
}
