//! What an entry of the registry must fulfil, beyond having its keys.

use super::{DatasetSpec, RawFormat};
use std::path::Path;

/// Beginning of every address: what comes by it cannot be changed on its way.
const SECURE: &str = "https://";

/// The first contradiction between the fields of an entry in the file `stem`.toml.
pub(super) fn contradiction(spec: &DatasetSpec, stem: &str) -> Option<String> {
    if spec.name != stem {
        return Some(format!("its name is \"{}\", so the file must be {}.toml", spec.name, spec.name));
    }
    of_scale(spec).or_else(|| of_tables(spec)).or_else(|| of_source(spec)).or_else(|| of_checksums(spec))
}

fn of_scale(spec: &DatasetSpec) -> Option<String> {
    let scale = spec.scale();
    if !(scale.min < scale.max && scale.max.is_finite() && scale.min.is_finite()) {
        return Some(format!("the rating scale must rise, but goes from {} to {}", scale.min, scale.max));
    }
    let is_step = scale.step.is_none_or(|step| step > 0.0);
    (!is_step).then(|| "the step of the rating scale must be above 0".to_owned())
}

fn of_tables(spec: &DatasetSpec) -> Option<String> {
    let (is_layout, is_synthetic) = (spec.format == RawFormat::Layout, spec.format == RawFormat::Synthetic);
    let layout = spec.layout.as_ref();
    let listed = |it: &&drr_intake::Layout| it.values.values().any(|value| !value.is_finite());
    if is_synthetic != spec.synthetic.is_some() {
        Some("the table [synthetic] and format = \"synthetic\" belong together".to_owned())
    } else if is_layout != layout.is_some() {
        Some("the table [layout] and format = \"layout\" belong together".to_owned())
    } else if is_layout == spec.rating_scale.is_some() {
        Some("every format but \"layout\" needs the table [rating_scale], and \"layout\" has none".to_owned())
    } else if layout.is_some_and(|it| it.files.is_empty()) {
        Some("layout.files must name at least one file".to_owned())
    } else if layout.filter(listed).is_some() {
        Some("every number in layout.values must be finite".to_owned())
    } else {
        None
    }
}

fn of_source(spec: &DatasetSpec) -> Option<String> {
    let is_file_name = |it: &String| Path::new(it).file_name().is_some_and(|name| *name == **it);
    let insecure = spec.addresses.iter().find(|it| !it.starts_with(SECURE));
    let said = |text: &Option<String>| text.as_ref().is_some_and(|it| !it.trim().is_empty());
    if let Some(address) = insecure {
        return Some(format!(
            "the address {} does not begin with {SECURE}: what comes by it could be changed on its way; give one that does, or say \
             under bring where a person gets the file",
            drr_intake::shown(address)
        ));
    }
    if spec.bring.is_some() && !said(&spec.bring) {
        return Some("bring is empty: say where a person gets which file".to_owned());
    }
    if spec.bring.is_some() && !spec.addresses.is_empty() {
        return Some("bring says that nothing is fetched, so addresses must be empty".to_owned());
    }
    if spec.format == RawFormat::Synthetic {
        return None;
    }
    if spec.archive.is_none() && spec.format == RawFormat::Layout {
        let is_fetched = !spec.addresses.is_empty() || spec.bring.is_some();
        return is_fetched
            .then(|| "archive must be the name of the archive, or of the folder with its files".to_owned());
    }
    if spec.file.is_some() {
        return Some(
            "file is for a log of one's own, which has no archive: leave one of them out".to_owned(),
        );
    }
    let is_named = spec.archive.as_ref().is_some_and(is_file_name);
    (!is_named).then(|| "archive must be the plain file name of the archive".to_owned())
}

fn of_checksums(spec: &DatasetSpec) -> Option<String> {
    let is_sum = |it: &String, n_digits: usize| {
        it.len() == n_digits && it.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let has_sum = spec.md5.is_some() || spec.sha256.is_some();
    if spec.md5.as_ref().is_some_and(|it| !is_sum(it, 32)) {
        Some("md5 must be 32 lower-case hexadecimal digits".to_owned())
    } else if spec.sha256.as_ref().is_some_and(|it| !is_sum(it, 64)) {
        Some("sha256 must be 64 lower-case hexadecimal digits".to_owned())
    } else if has_sum && spec.checksum_from.as_ref().is_none_or(|it| it.trim().is_empty()) {
        Some(
            "checksum_from must say who states the checksum: the publisher, or at least two others"
                .to_owned(),
        )
    } else if !has_sum && spec.checksum_from.is_some() {
        Some("checksum_from needs md5 or sha256 beside it".to_owned())
    } else {
        None
    }
}
