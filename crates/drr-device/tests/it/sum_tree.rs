//! The sum tree on the device against that of the replay.

use crate::executors::{assert_close, floats, ids, on_each};
use drr_device::{Counters, Kind, Memory, Priorities, Values, philox, uniform};
use drr_replay::{ReplayConfig, ReplayKind, SumTree};

const CAPACITY: usize = 300;
const BATCH: usize = 70;
const SEED: u64 = 0x1234_5678_9abc_def0;

fn kind() -> ReplayKind {
    ReplayConfig::prioritized(CAPACITY, 4).sampling
}

#[test]
fn entering_sampling_and_updating_equal_the_cpus() {
    let mut memory = Memory::default();
    // The ring is full but for its last slots, so that entering goes round its end.
    let counters = Counters { position: 290, length: 300, ..Counters::default() }.place(&mut memory);
    let priorities = Priorities::new(&kind(), CAPACITY, counters, &mut memory).expect("the tree takes it");
    let slots = memory.zeros(Kind::U32, BATCH);
    let weights = memory.zeros(Kind::F32, BATCH);
    let given = memory.add(Values::U32((0..CAPACITY as u32).collect()));
    let errors: Vec<f32> = (0..CAPACITY).map(|at| (at % 7) as f32 - 2.5).collect();
    let of_all = memory.add(Values::F32(errors.clone()));
    // Slot 5 is there three times: its last error counts.
    let again: Vec<u32> = (0..BATCH as u32).map(|at| if at % 30 == 0 { 5 } else { at }).collect();
    let repeated = memory.add(Values::U32(again.clone()));
    let of_repeated = memory.add(Values::F32(errors[..BATCH].iter().map(|error| 2.0 * error).collect()));
    on_each("sum tree", &memory, |executor| {
        let mut tree = SumTree::new(CAPACITY);
        let priority = |error: f32| (f64::from(error).abs() + 1e-6).powf(0.6);
        executor.run(&[priorities.update(given, of_all)], 1).expect("the tree takes it");
        (0..CAPACITY).for_each(|slot| tree.set(slot, priority(errors[slot])).expect("the tree takes it"));
        executor.run(&[priorities.update(repeated, of_repeated)], 1).expect("the tree takes it");
        for (slot, error) in again.iter().zip(&errors) {
            tree.set(*slot as usize, priority(2.0 * error)).expect("the tree takes it");
        }
        executor.run(&[priorities.enter(20)], 1).expect("the tree takes it");
        let greatest = executor
            .read(priorities.greatest)
            .expect("the tree takes it")
            .into_f64()
            .expect("the tree takes it")[0];
        assert_eq!(greatest, 7.0 + 1e-6);
        (290..310).for_each(|slot| tree.set(slot % CAPACITY, greatest.powf(0.6)).expect("the tree takes it"));
        let nodes = executor
            .read(priorities.nodes)
            .expect("the tree takes it")
            .into_f64()
            .expect("the tree takes it");
        for leaf in 0..CAPACITY {
            let (found, expected) = (nodes[512 + leaf], tree.priority(leaf));
            assert!((found - expected).abs() < 1e-12 * expected.max(1.0), "{leaf}: {found} {expected}");
        }
        assert!((nodes[1] - tree.total()).abs() < 1e-9);
        for sample in 0..6_u64 {
            executor.run(&[priorities.sample(SEED, slots, weights)], 1).expect("the tree takes it");
            let segment = tree.total() / BATCH as f64;
            let draw = |nth: usize| philox(SEED, sample, nth as u32, 0);
            let mass = |nth: usize| (nth as f64 + uniform(draw(nth)[0], draw(nth)[1])) * segment;
            let expected: Vec<usize> = (0..BATCH).map(|nth| tree.find(mass(nth))).collect();
            let found: Vec<usize> = ids(executor, slots).iter().map(|slot| *slot as usize).collect();
            assert_eq!(found, expected);
            let beta = 0.4 + 0.6 * (sample as f64 / 4.0).min(1.0);
            let weight = |slot: &usize| (300.0 * tree.priority(*slot) / tree.total()).powf(-beta);
            let greatest = expected.iter().map(weight).fold(0.0, f64::max);
            let expected: Vec<f32> = expected.iter().map(|slot| (weight(slot) / greatest) as f32).collect();
            assert_close("weights", &floats(executor, weights), &expected, 1e-6);
        }
        assert_eq!(Counters::read(executor, counters).expect("the tree takes it").samples, 6);
    });
}

#[test]
fn an_error_that_is_not_finite_changes_no_priority_and_is_said() {
    let mut memory = Memory::default();
    let counters = Counters::default().place(&mut memory);
    let priorities = Priorities::new(&kind(), CAPACITY, counters, &mut memory).expect("the tree takes it");
    let slots = memory.add(Values::U32(vec![0, 1]));
    let errors = memory.add(Values::F32(vec![1.0, f32::INFINITY]));
    on_each("sum tree, not finite", &memory, |executor| {
        executor.run(&[priorities.update(slots, errors)], 1).expect("the tree takes it");
        let nodes = executor
            .read(priorities.nodes)
            .expect("the tree takes it")
            .into_f64()
            .expect("the tree takes it");
        assert!(nodes.iter().all(|node| *node == 0.0));
        let error = Counters::read(executor, counters).expect_err("an error is infinite").to_string();
        assert!(error.contains("a TD error is not finite"), "{error}");
    });
}

#[test]
fn a_uniform_replay_is_refused() {
    let mut memory = Memory::default();
    let counters = Counters::default().place(&mut memory);
    let refused = Priorities::new(&ReplayKind::Uniform {}, 10, counters, &mut memory);
    let error = refused.expect_err("a uniform replay has no priorities").to_string();
    assert!(error.contains("uniform replay") && error.contains("an alpha of 0"), "{error}");
}
