//! Embeddings on disk.

use crate::two_tastes;
use drr_core::{POSITIVE_RATING, PartSet, Seeds};
use drr_embed::{Arrays, CoOccurrence, CoOccurrenceConfig, EmbedError, Pmf, PmfConfig};
use drr_store::{NamedArray, StoreError, Values};
use std::fs;

fn pmf() -> Pmf {
    let log = two_tastes(20, 10, 0.7).with_split("abc", PartSet::train());
    let config = PmfConfig { dim: 3, epochs: 2, ..PmfConfig::default() };
    Pmf::fit(&log, None, &config, Seeds(1)).unwrap().pmf
}

fn co_occurrence() -> CoOccurrence {
    let config = CoOccurrenceConfig { dim: 2, ..CoOccurrenceConfig::default() };
    CoOccurrence::fit(&two_tastes(20, 10, 0.7), &config, POSITIVE_RATING, Seeds(1)).unwrap()
}

#[test]
fn what_is_saved_is_loaded_bit_by_bit_and_saved_again_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("pmf.safetensors"), folder.path().join("again"));
    let pmf = pmf();
    pmf.save(&first).unwrap();
    let loaded = Pmf::load(&first).unwrap();
    assert_eq!(loaded, pmf);
    loaded.save(&second).unwrap();
    assert_eq!(fs::read(&first).unwrap(), fs::read(&second).unwrap());
    let space = co_occurrence();
    space.save(&first).unwrap();
    assert_eq!(CoOccurrence::load(&first).unwrap(), space);
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "no partial file is left: {names:?}");
}

#[test]
fn a_damaged_file_is_named_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pmf.safetensors");
    pmf().save(&path).unwrap();
    let whole = fs::read(&path).unwrap();
    let mut wrong_header = whole.clone();
    wrong_header[0] ^= 0x55;
    for damaged in [&whole[..whole.len() - 5], &whole[..4], &wrong_header, b""] {
        fs::write(&path, damaged).unwrap();
        let error = Pmf::load(&path).unwrap_err();
        assert!(matches!(error, EmbedError::Store(StoreError::Damaged { .. })));
        let text = error.to_string();
        assert!(text.contains("pmf.safetensors") && text.contains("run the pipeline again"), "{text}");
    }
}

#[test]
fn the_file_of_another_embedding_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("space");
    co_occurrence().save(&path).unwrap();
    assert!(matches!(Pmf::load(&path), Err(EmbedError::Corrupt { .. })));
}

#[test]
fn a_missing_file_and_a_missing_folder_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("file").join("below");
    fs::write(folder.path().join("file"), "").unwrap();
    assert!(matches!(Pmf::load(&nowhere), Err(EmbedError::Store(StoreError::Io { action: "read", .. }))));
    assert!(matches!(pmf().save(&nowhere), Err(EmbedError::Store(StoreError::Io { action: "write", .. }))));
}

#[test]
fn arrays_that_disagree_or_are_not_finite_are_refused() {
    let change = |with: fn(&mut Arrays)| {
        let mut arrays = pmf().to_arrays().unwrap();
        with(&mut arrays);
        Pmf::from_arrays(arrays).unwrap_err().to_string()
    };
    fn array<'a>(arrays: &'a mut Arrays, name: &str) -> &'a mut NamedArray {
        arrays.arrays.iter_mut().find(|it| it.name == name).unwrap()
    }
    let missing = change(|it| it.arrays.retain(|array| array.name != "items"));
    assert!(missing.contains("items is missing"), "{missing}");
    let nan = change(|it| array(it, "users").values = Values::F32(vec![f32::NAN; 60]));
    assert!(nan.contains("not finite"), "{nan}");
    let other = change(|it| array(it, "users").values = Values::F64(vec![0.0; 60]));
    assert!(other.contains("32-bit"), "{other}");
    let shape = change(|it| array(it, "items").shape = vec![15, 2]);
    assert!(shape.contains("disagree"), "{shape}");
    let header = change(|it| it.header = it.header.replace("\"dim\":3", "\"dim\":3,\"more\":1"));
    assert!(header.contains("more"), "{header}");
}
