//! The kernels' text: compiled where they run, so that nothing of CUDA is needed to build.

/// A file of kernels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Its name.
    pub file: &'static str,
    /// Its text, which includes `device.cuh`.
    pub text: &'static str,
}

/// What all files include.
const SHARED: &str = include_str!("../cuda/device.cuh");

/// The line that stands for it.
const INCLUDE: &str = "#include \"device.cuh\"";

/// All files of kernels.
pub const SOURCES: [Source; 7] = [
    Source { file: "adam.cu", text: include_str!("../cuda/adam.cu") },
    Source { file: "environment.cu", text: include_str!("../cuda/environment.cu") },
    Source { file: "mlp.cu", text: include_str!("../cuda/mlp.cu") },
    Source { file: "state.cu", text: include_str!("../cuda/state.cu") },
    Source { file: "sum_tree.cu", text: include_str!("../cuda/sum_tree.cu") },
    Source { file: "top_k.cu", text: include_str!("../cuda/top_k.cu") },
    Source { file: "train.cu", text: include_str!("../cuda/train.cu") },
];

impl Source {
    /// The text with what it includes, complete for a compiler that has no files.
    #[must_use]
    pub fn whole(&self) -> String {
        let shared = SHARED.replace("#pragma once", "");
        self.text.replacen(INCLUDE, &shared, 1)
    }

    /// The names of its kernels, in order.
    #[must_use]
    pub fn kernels(&self) -> Vec<&'static str> {
        let begins = self.text.split("extern \"C\" __global__ void").skip(1);
        begins.filter_map(|rest| name_before_parenthesis(rest)).collect()
    }
}

/// The last word before the parameters; launch bounds have parentheses of their own.
fn name_before_parenthesis(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let text = match text.strip_prefix("__launch_bounds__") {
        Some(bounds) => bounds.split_once(')')?.1,
        None => text,
    };
    Some(text.split_once('(')?.0.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_whole_and_names_its_kernels() {
        let mut names: Vec<&str> = SOURCES.iter().flat_map(Source::kernels).collect();
        assert!(names.contains(&"mlp_forward") && names.contains(&"state_sum"), "{names:?}");
        assert!(names.iter().all(|name| name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_')));
        let n = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), n, "two kernels have one name");
        for source in SOURCES {
            let whole = source.whole();
            assert!(!whole.contains("#include") && whole.contains("philox"), "{}", source.file);
        }
    }
}
