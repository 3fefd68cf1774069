//! How a file is written: compression is looked through already; here are encoding, format, separator, quotation marks and header.

use crate::IntakeError;
use crate::error::{Choice, shown};
use crate::layout::{Dialect, Format};
use crate::names;
use crate::source::told_encoding;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use csv_nose::{SampleSize, Sniffer};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Separators of several characters that logs have, before those of one.
const LONG: [&str; 5] = ["::", "||", "|:|", ";;", "\t|\t"];
/// Separators of one character, in the order in which ties are broken.
const SHORT: [char; 5] = ['\t', ',', ';', '|', ' '];
/// A line is looked at up to here.
const MAX_LINES: usize = 200;

/// The encoding of a text's front, and whether anything in it tells.
pub(super) fn encoding(front: &[u8]) -> &'static Encoding {
    if let Some(encoding) = told_encoding(front) {
        return encoding;
    }
    // A character that the front's end cuts through is no fault of the text.
    match std::str::from_utf8(front) {
        Ok(_) => return UTF_8,
        Err(error) if error.error_len().is_none() && error.valid_up_to() + 4 > front.len() => return UTF_8,
        Err(_) => {}
    }
    // A text of UTF-8 in which a few lines are something else is refused by the first of them, and not read as what it is not.
    let (mut n_wide, mut n_other) = (0_u32, 0_u32);
    for line in front.split(|byte| *byte == b'\n').filter(|line| !line.is_ascii()) {
        match std::str::from_utf8(line) {
            Ok(_) => n_wide += 1,
            Err(_) => n_other += 1,
        }
    }
    if n_wide > 2 * n_other {
        return UTF_8;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(front, true);
    detector.guess(None, Utf8Detection::Deny)
}

/// Whether the bytes are those of a picture, a program or another thing without rows.
pub(super) fn is_binary(front: &[u8], encoding: &'static Encoding) -> bool {
    let is_wide = encoding == UTF_16LE || encoding == UTF_16BE;
    !is_wide
        && front
            .iter()
            .take(4096)
            .any(|byte| *byte == 0 || (*byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b)))
}

/// The dialect of a text, of which `sample` is the front up to the end of a line.
pub(super) fn dialect(sample: &str, header: Option<bool>, place: &str) -> Result<Dialect, IntakeError> {
    let begun = sample.trim_start();
    if begun.starts_with('{')
        || begun.starts_with("[{")
        || begun.starts_with("[\n")
        || begun.starts_with("[ ")
        || begun.starts_with("[\r")
    {
        let format = if begun.starts_with('{') { Format::JsonLines } else { Format::JsonArray };
        return Ok(Dialect { format, ..Dialect::default() });
    }
    let lines: Vec<&str> = sample.lines().take(MAX_LINES).collect();
    let n_before = before_rows(&lines);
    let rows: Vec<&str> = lines[n_before..].iter().copied().filter(|line| !line.trim().is_empty()).collect();
    if rows.is_empty() {
        return Err(IntakeError::refused(place, "there is no row in it", "name the file with the log"));
    }
    let told = lines[..n_before].iter().find_map(|line| told_separator(line));
    let (separator, quote) = match told {
        Some(sign) => (sign.to_string(), Some(quotation_mark(&rows))),
        None => separator(&rows, sample, n_before),
    };
    let mut dialect =
        Dialect { separator: Some(separator), quote, skip_lines: n_before as u64, ..Dialect::default() };
    let fields: Vec<Vec<String>> = rows.iter().map(|row| fields(row, &dialect)).collect();
    // A title above the header has far fewer fields than the rows.
    let usual = usual_length(&fields);
    let n_titles = fields.iter().take(3).take_while(|row| row.len() * 2 <= usual).count();
    if n_titles > 0 {
        let title_lines = lines.iter().position(|line| std::ptr::eq(*line, rows[n_titles])).unwrap_or(0);
        dialect.skip_lines = title_lines as u64;
    }
    dialect.header = header.map_or_else(|| has_header(&fields[n_titles..], place), Ok)?;
    Ok(dialect)
}

/// The lines at the front that are comments, empty, or tell a spreadsheet the separator.
fn before_rows(lines: &[&str]) -> usize {
    let is_before = |at: usize| {
        let next = lines[at + 1..].iter().find(|line| !line.trim().is_empty());
        lines[at].trim().is_empty()
            || is_comment(lines[at], next.copied().unwrap_or_default())
            || told_separator(lines[at]).is_some()
    };
    (0..lines.len()).take_while(|at| is_before(*at)).count()
}

/// The separator that a line `sep=;` tells spreadsheets.
fn told_separator(line: &str) -> Option<char> {
    let mut told = line.trim_end_matches(['\r', '\n']).strip_prefix("sep=")?.chars();
    told.next().filter(|_| told.next().is_none())
}

/// Whether a line is a comment: `#` may begin a header too, as in `#user,item`, unless a better one follows.
fn is_comment(line: &str, next: &str) -> bool {
    let Some(rest) = line.trim_start().strip_prefix('#') else { return line.trim_start().starts_with("//") };
    let n_known = |line: &str| {
        line.split([',', ';', '\t', '|']).filter(|piece| !names::roles(piece.trim()).is_empty()).count()
    };
    n_known(rest) < 2 || next.trim_start().starts_with('#') || n_known(next) >= 2
}

fn usual_length(rows: &[Vec<String>]) -> usize {
    let mut lengths: Vec<usize> = rows.iter().map(Vec::len).collect();
    lengths.sort_unstable();
    lengths.get(lengths.len() / 2).copied().unwrap_or(0)
}

/// What is between the fields, and what they may stand in.
fn separator(rows: &[&str], sample: &str, n_before: usize) -> (String, Option<char>) {
    for long in LONG {
        let first = rows[0].matches(long).count();
        let n_alike = rows.iter().filter(|row| row.matches(long).count() == first).count();
        if first > 0 && n_alike * 10 >= rows.len() * 9 {
            return (long.to_owned(), None);
        }
    }
    let quote = quotation_mark(rows);
    let sniffed = sniffed(sample, n_before);
    let best = SHORT
        .iter()
        .map(|separator| (*separator, evenness(rows, *separator, quote)))
        .filter(|(_, (share, n_fields))| *n_fields > 1 && *share > 0.0)
        .max_by(|(left, a), (right, b)| {
            let by_sniffer = |it: &char| sniffed == Some(*it);
            let rank = |it: &char| std::cmp::Reverse(SHORT.iter().position(|known| known == it));
            let even = |it: &(f64, usize)| (it.0 * 20.0) as u32;
            even(a)
                .cmp(&even(b))
                .then(by_sniffer(left).cmp(&by_sniffer(right)))
                .then(rank(left).cmp(&rank(right)))
        });
    match best {
        Some((' ', _)) => ("whitespace".to_owned(), None),
        Some((separator, _)) => (separator.to_string(), Some(quote)),
        None => (",".to_owned(), Some(quote)),
    }
}

/// What the sniffer takes for the separator.
fn sniffed(sample: &str, n_before: usize) -> Option<char> {
    let rest: usize = sample.split_inclusive('\n').take(n_before).map(str::len).sum();
    let sniffer = Sniffer::new().sample_size(SampleSize::Records(60)).clone();
    let found = sniffer.sniff_bytes(&sample.as_bytes()[rest..]).ok()?;
    Some(char::from(found.dialect.delimiter))
}

/// `'` where fields begin and end with it and none with `"`, else `"`.
fn quotation_mark(rows: &[&str]) -> char {
    const BETWEEN: [char; 4] = [',', ';', '\t', '|'];
    let n_quoted = |mark: char| {
        let begins = |row: &str| {
            row.starts_with(mark) || BETWEEN.iter().any(|it| row.contains(&format!("{it}{mark}")))
        };
        let ends =
            |row: &str| row.ends_with(mark) || BETWEEN.iter().any(|it| row.contains(&format!("{mark}{it}")));
        rows.iter().filter(|row| begins(row.trim()) && ends(row.trim())).count()
    };
    if n_quoted('\'') > rows.len() / 2 && n_quoted('"') == 0 { '\'' } else { '"' }
}

/// The share of rows with the usual number of fields, and that number.
fn evenness(rows: &[&str], separator: char, quote: char) -> (f64, usize) {
    let dialect = Dialect {
        separator: Some(if separator == ' ' { "whitespace".into() } else { separator.to_string() }),
        quote: Some(quote),
        ..Dialect::default()
    };
    let text = rows.join("\n");
    let lengths: Vec<usize> = records(&text, &dialect).iter().map(Vec::len).collect();
    let mut sorted = lengths.clone();
    sorted.sort_unstable();
    let usual = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
    let n_usual = lengths.iter().filter(|it| **it == usual).count();
    (n_usual as f64 / lengths.len().max(1) as f64, usual)
}

/// The fields of one line.
fn fields(line: &str, dialect: &Dialect) -> Vec<String> {
    records(line, dialect).into_iter().next().unwrap_or_default()
}

/// The records of a text.
fn records(text: &str, dialect: &Dialect) -> Vec<Vec<String>> {
    let separator = dialect.separator.as_deref().unwrap_or(",");
    if separator == "whitespace" {
        return text.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect();
    }
    if separator.len() > 1 {
        return text.lines().map(|line| line.split(separator).map(str::to_owned).collect()).collect();
    }
    let quote = dialect.quote.and_then(|it| u8::try_from(it).ok());
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator.as_bytes()[0])
        .quoting(quote.is_some())
        .quote(quote.unwrap_or(b'"'))
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    reader.records().filter_map(Result::ok).map(|record| record.iter().map(str::to_owned).collect()).collect()
}

/// Whether the first row names columns: it has a known name, or is no number where nearly all others are one.
fn has_header(rows: &[Vec<String>], place: &str) -> Result<bool, IntakeError> {
    let Some((first, rest)) = rows.split_first().filter(|it| it.0.len() > 1) else { return Ok(false) };
    let is_number =
        |text: &str| crate::number::Decimal::parse(text.trim().replace(',', ".").as_bytes()).is_some();
    let typed = |field: &String| field.rsplit_once(':').is_some_and(|(_, kind)| super::is_type(kind));
    let below = |at: usize| {
        rest.iter()
            .filter_map(move |row| row.get(at))
            .map(|it| it.trim())
            .filter(|it| !it.is_empty())
            .collect::<Vec<_>>()
    };
    if first.iter().all(typed) {
        return Ok(true);
    }
    // A name that stands in the rows below too is a word of theirs.
    let is_name = |(at, field): (usize, &String)| {
        !names::roles(field).is_empty() && !below(at).contains(&field.trim()) && !is_number(field)
    };
    if first.iter().enumerate().filter(|it| is_name(*it)).count() >= 2.min(first.len()) {
        return Ok(true);
    }
    if first.iter().any(|field| is_number(field)) {
        return Ok(false);
    }
    let is_of_numbers = |at: usize| {
        let below = below(at);
        below.len() > 2 && below.iter().filter(|it| is_number(it)).count() * 10 >= below.len() * 9
    };
    if (0..first.len()).any(is_of_numbers) {
        return Ok(true);
    }
    // Words alone: a first one that comes again is none of a column's name; else nothing tells.
    if (0..first.len()).any(|at| below(at).contains(&first[at].trim())) {
        return Ok(false);
    }
    Err(IntakeError::Unclear {
        place: place.to_owned(),
        question: format!(
            "it cannot be told whether the first row names the columns ({})",
            shown(&first.join(" "))
        ),
        choices: ["yes", "no"].map(|it| Choice::new("--header", it)).into(),
    })
}
