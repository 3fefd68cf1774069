//! The rating model by neighbours.

use crate::{row, seen, two_tastes};
use drr_core::{InteractionLog, ItemIdx, PartSet};
use drr_embed::{Arrays, EmbedError, Neighbourhood, NeighbourhoodConfig, Pmf};
use drr_store::{NamedArray, StoreError, Values};
use std::fs;

fn config() -> NeighbourhoodConfig {
    NeighbourhoodConfig { shrink: 1.0, ..NeighbourhoodConfig::default() }
}

#[test]
fn a_prediction_is_the_baseline_and_the_mean_of_the_neighbours_deviations() {
    // Dampings so great that all biases vanish: deviations are ratings less the mean of 3. Items 0 and 1 agree in all
    // their 4 users, items 0 and 2 disagree.
    let rows = [(0, 5.0), (1, 5.0), (2, 1.0), (3, 1.0)];
    let rows: Vec<_> = rows
        .into_iter()
        .flat_map(|(user, r)| [row(user, 0, r, 0), row(user, 1, r, 1), row(user, 2, 6.0 - r, 2)])
        .collect();
    let log = InteractionLog::new(4, 4, &rows).unwrap();
    let config = NeighbourhoodConfig { item_damping: 1e12, user_damping: 1e12, ..config() };
    let model = Neighbourhood::fit(&log, &config).unwrap();
    let predict = |history: &[_], item| model.predict(history, ItemIdx(item));
    assert!((predict(&[seen(0, 4.5)], 1) - 4.5).abs() < 1e-5);
    // Item 2 is no neighbour, item 3 has no rating, item 99 is in no catalogue.
    assert!((predict(&[seen(0, 4.5), seen(3, 1.0), seen(99, 1.0)], 2) - 3.0).abs() < 1e-5);
    assert!((predict(&[seen(0, 4.5)], 3) - 3.0).abs() < 1e-5);
    assert!((predict(&[], 0) - 3.0).abs() < 1e-5);
    // Beyond the range of the ratings.
    assert_eq!(predict(&[seen(0, 9.0)], 1), 5.0);
    assert_eq!((model.origin(), model.n_items()), (log.origin(), 4));
}

#[test]
fn two_tastes_are_told_apart_from_three_ratings() {
    let model = Neighbourhood::fit(&two_tastes(60, 20, 0.5), &config()).unwrap();
    let history = [seen(0, 5.0), seen(1, 1.0), seen(4, 5.0)];
    assert!(model.predict(&history, ItemIdx(6)) > 3.6);
    assert!(model.predict(&history, ItemIdx(7)) < 2.4);
}

#[test]
fn all_at_once_and_one_by_one_agree_for_any_number_of_threads() {
    let log = two_tastes(60, 20, 0.5);
    let config = NeighbourhoodConfig { n_neighbours: 3, n_kept: 8, ..config() };
    let with = |n_threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| Neighbourhood::fit(&log, &config).unwrap())
    };
    let model = with(1);
    assert_eq!(model, with(3));
    let history: Vec<_> = (0..9).map(|item| seen(item, f32::from(item % 2 == 0) * 4.0 + 1.0)).collect();
    let one_by_one: Vec<f32> = (0..20).map(|item| model.predict(&history, ItemIdx(item))).collect();
    assert_eq!(model.predict_all(&history), one_by_one);
}

#[test]
fn what_has_no_neighbourhood_is_refused() {
    let log = two_tastes(10, 6, 0.9);
    let empty = InteractionLog::new(3, 3, &[]).unwrap();
    assert!(matches!(Neighbourhood::fit(&empty, &config()), Err(EmbedError::NoRatings)));
    for (bad, named) in [
        (NeighbourhoodConfig { n_neighbours: 0, ..config() }, "n_neighbours"),
        (NeighbourhoodConfig { n_kept: 0, ..config() }, "n_kept"),
        (NeighbourhoodConfig { shrink: -1.0, ..config() }, "shrink"),
        (NeighbourhoodConfig { user_damping: f64::NAN, ..config() }, "user_damping"),
    ] {
        let refused = Neighbourhood::fit(&log, &bad);
        assert!(matches!(refused, Err(EmbedError::Config { field, .. }) if field == named));
    }
}

#[test]
fn of_a_repeated_item_all_ratings_count_as_far_as_neighbours_are_wanted() {
    let log = two_tastes(60, 20, 0.5);
    let model = |n_neighbours| {
        let config = NeighbourhoodConfig { n_neighbours, user_damping: 1e12, ..config() };
        Neighbourhood::fit(&log, &config).unwrap()
    };
    let repeated = [seen(0, 4.0), seen(0, 2.0)];
    // Of two ratings the mean counts, of one the greater.
    let mean = model(2).predict(&[seen(0, 3.0)], ItemIdx(2));
    assert!((model(2).predict(&repeated, ItemIdx(2)) - mean).abs() < 1e-5);
    let greater = model(1).predict(&[seen(0, 4.0)], ItemIdx(2));
    assert_eq!(model(1).predict(&repeated, ItemIdx(2)), greater);
    assert_eq!(model(1).predict_all(&repeated)[2], greater);
}

/// A model with an item that nobody rated and that has no neighbour.
fn fitted() -> Neighbourhood {
    let log = two_tastes(60, 20, 0.5).with_split("abc", PartSet::train());
    Neighbourhood::fit(&log, &NeighbourhoodConfig { n_neighbours: 3, n_kept: 8, ..config() }).unwrap()
}

#[test]
fn what_is_saved_is_loaded_and_predicts_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("neighbours.safetensors"), folder.path().join("again"));
    let model = fitted();
    model.save(&first).unwrap();
    let loaded = Neighbourhood::load(&first).unwrap();
    assert_eq!(loaded, model);
    loaded.save(&second).unwrap();
    assert_eq!(fs::read(&first).unwrap(), fs::read(&second).unwrap());
    let bits = |model: &Neighbourhood, history: &[_]| -> Vec<u32> {
        model.predict_all(history).into_iter().map(f32::to_bits).collect()
    };
    let mut told_apart = false;
    for n_rated in 0..9 {
        let rated = (0..n_rated).map(|item| seen(item, f32::from(item % 3 == 0) * 3.0 + 1.5));
        let history: Vec<_> = rated.collect();
        assert_eq!(bits(&loaded, &history), bits(&model, &history), "{n_rated} ratings");
        told_apart |= bits(&loaded, &history) != bits(&loaded, &[]);
    }
    assert!(told_apart, "no history changed a prediction");
}

#[test]
fn a_damaged_file_of_neighbours_is_named_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("neighbours.safetensors");
    fitted().save(&path).unwrap();
    let whole = fs::read(&path).unwrap();
    let mut other_number = whole.clone();
    *other_number.last_mut().unwrap() ^= 1;
    for damaged in [&whole[..whole.len() - 5], &whole[..4], &other_number, b""] {
        fs::write(&path, damaged).unwrap();
        let error = Neighbourhood::load(&path).unwrap_err();
        assert!(matches!(error, EmbedError::Store(StoreError::Damaged { .. })));
        let text = error.to_string();
        assert!(text.contains("neighbours.safetensors") && text.contains("run the pipeline again"), "{text}");
    }
    fs::write(&path, &whole).unwrap();
    assert!(matches!(Pmf::load(&path), Err(EmbedError::Corrupt { .. })), "it is of another kind");
}

#[test]
fn neighbours_that_cannot_be_or_disagree_are_refused() {
    fn array<'a>(arrays: &'a mut Arrays, name: &str) -> &'a mut NamedArray {
        arrays.arrays.iter_mut().find(|it| it.name == name).unwrap()
    }
    fn indices<'a>(arrays: &'a mut Arrays, name: &str) -> &'a mut Vec<u32> {
        let Values::U32(values) = &mut array(arrays, name).values else { panic!("{name} is of indices") };
        values
    }
    let change = |with: fn(&mut Arrays)| {
        let mut arrays = fitted().to_arrays().unwrap();
        with(&mut arrays);
        Neighbourhood::from_arrays(arrays).unwrap_err().to_string()
    };
    let missing = change(|it| it.arrays.retain(|array| array.name != "neighbours"));
    assert!(missing.contains("neighbours is missing"), "{missing}");
    let floats = change(|it| array(it, "neighbours").values = Values::F32(vec![1.0; 20]));
    assert!(floats.contains("unsigned"), "{floats}");
    let counts = change(|it| indices(it, "n_neighbours")[0] += 1);
    assert!(counts.contains("disagree"), "{counts}");
    let items = change(|it| {
        indices(it, "n_neighbours").push(0);
        array(it, "n_neighbours").shape = vec![21];
    });
    assert!(items.contains("number of items"), "{items}");
    let beyond = change(|it| indices(it, "neighbours")[0] = 20);
    let own = change(|it| indices(it, "neighbours")[0] = 0);
    for text in [beyond, own] {
        assert!(text.contains("cannot be one: item 0"), "{text}");
    }
    let order = change(|it| {
        let Values::F32(values) = &mut array(it, "similarities").values else { panic!("they are floats") };
        values[1] = 2.0 * values[0];
    });
    assert!(order.contains("order"), "{order}");
    let empty = change(|it| it.header = it.header.replace("\"lowest\":1.0", "\"lowest\":9.0"));
    assert!(empty.contains("empty"), "{empty}");
}
