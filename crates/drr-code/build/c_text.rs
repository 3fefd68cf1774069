//! The text of C and CUDA sources without comments.

/// The text without comments, indentation, empty lines and repeated blanks.
///
/// Lines stay lines, since the preprocessor reads them as such. A text with raw strings, in which comments are none, is left
/// as it is.
pub fn without_comments(text: &str) -> String {
    if text.contains("R\"") {
        return text.to_owned();
    }
    let mut bare = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        // In `1'000` the sign only parts the digits.
        let is_quote =
            first == '"' || (first == '\'' && !bare.ends_with(|it: char| it.is_ascii_alphanumeric()));
        let length = if let Some(comment) = rest.strip_prefix("//") {
            2 + comment.find('\n').unwrap_or(comment.len())
        } else if let Some(comment) = rest.strip_prefix("/*") {
            add(" ", &mut bare);
            2 + comment.find("*/").map_or(comment.len(), |at| at + 2)
        } else {
            let length = if is_quote { quoted(rest, first) } else { first.len_utf8() };
            add(&rest[..length], &mut bare);
            length
        };
        rest = &rest[length..];
    }
    let lines = bare.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// Adds a piece of text; of several blanks the first is enough.
fn add(piece: &str, text: &mut String) {
    if ![" ", "\t"].contains(&piece) || !text.ends_with(char::is_whitespace) {
        text.push_str(piece);
    }
}

/// The length of the string or character at the start of `text`, which begins and ends with `quote`.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if letter == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}
