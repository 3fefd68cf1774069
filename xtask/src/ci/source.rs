//! A written file, and which of its lines are tests.

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The path from the top, with `/`.
    pub path: String,
    /// The content.
    pub text: String,
}

/// One line of a Rust file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Counted from 1.
    pub number: usize,
    /// The line without its end.
    pub text: &'a str,
    /// Whether it belongs to a test.
    pub is_test: bool,
}

impl Source {
    /// A file of this content.
    pub fn new(path: &str, text: impl Into<String>) -> Self {
        Self { path: path.to_owned(), text: text.into() }
    }

    /// Whether it is Rust.
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The last part of the path.
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The lines, each with whether it belongs to a test: all of `tests/`, `tests.rs` and `test_*.rs`, elsewhere the
    /// items under `#[cfg(test)]`.
    pub fn lines(&self) -> Vec<Line<'_>> {
        let all = self.path.contains("/tests/") || self.file_name() == "tests.rs";
        let mut lines = Vec::new();
        // The indentation of the test item that the lines are in: rustfmt closes it at the same one.
        let mut inside: Option<usize> = None;
        let mut item_begun = false;
        for (at, text) in self.text.lines().enumerate() {
            let indentation = text.len() - text.trim_start().len();
            if inside.is_none() && text.trim_start().starts_with("#[cfg(test)]") {
                inside = Some(indentation);
                item_begun = false;
            }
            lines.push(Line { number: at + 1, text, is_test: all || inside.is_some() });
            if let Some(start) = inside
                && indentation == start
                && !text.trim().is_empty()
            {
                let attribute = text.trim_start().starts_with('#');
                let one_line = !item_begun && !attribute && (text.ends_with(';') || text.ends_with('}'));
                let closed = item_begun && text.trim_start().starts_with('}');
                item_begun |= !attribute;
                if one_line || closed {
                    inside = None;
                }
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test_lines(path: &str, text: &str) -> Vec<usize> {
        let source = Source::new(path, text);
        source.lines().iter().filter(|line| line.is_test).map(|line| line.number).collect()
    }

    #[test]
    fn a_test_module_goes_to_its_brace_and_no_further() {
        let text = "fn a() {\n}\n#[cfg(test)]\nmod tests {\n    fn b() {\n    }\n}\nfn c() {}\n";
        assert_eq!(test_lines("src/a.rs", text), [3, 4, 5, 6, 7]);
    }

    #[test]
    fn a_declared_test_module_is_one_line_and_its_attribute() {
        assert_eq!(test_lines("src/a.rs", "#[cfg(test)]\nmod tests;\nfn c() {\n}\n"), [1, 2]);
    }

    #[test]
    fn further_attributes_belong_to_the_test_item() {
        let text = "#[cfg(test)]\n#[path = \"x.rs\"]\nfn b() {\n    1;\n}\nfn c() {}\n";
        assert_eq!(test_lines("src/a.rs", text), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn files_of_tests_are_tests_throughout() {
        assert_eq!(test_lines("crates/x/tests/it/main.rs", "fn a() {}\n"), [1]);
        assert_eq!(test_lines("src/a/tests.rs", "fn a() {}\n"), [1]);
    }
}
