//! One file held whole, within bounds: for readers that see all of a text before they understand it.

use super::{BUFFER_BYTES, Utf8Reader, Watch, Watched, is_zip, shown_path, text, unpacked, watched};
use crate::IntakeError;
use crate::rows::at_line;
use std::fs::File;
use std::io::{BufRead, Error, Read, Seek};
use std::path::Path;

const AS_TEXT: &str = "save it as csv, tsv or JSON in UTF-8, or as Parquet";

/// How many bytes of a text are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Of one that lies there as it is.
    pub plain: u64,
    /// Of a packed one, once it is unpacked.
    pub unpacked: u64,
}

/// What one file holds.
#[derive(Debug)]
pub enum Whole {
    /// A Parquet file, from its beginning.
    Parquet(File),
    /// A text without a byte order mark and without a zero byte; it may be empty.
    Text(String),
}

impl Whole {
    /// Opens one file and looks at its first bytes, whatever its name; unpacks gzip and Zstandard, and reads UTF-8 and UTF-16.
    ///
    /// # Errors
    ///
    /// Refuses what is no regular file, what is packed in another way, more bytes than the bounds, and another encoding, with the
    /// line. Fails where `watch` wants to stop.
    pub fn open(path: &Path, bounds: Bounds, watch: &mut dyn Watch) -> Result<Self, IntakeError> {
        let place = shown_path(path);
        let facts = std::fs::metadata(path).map_err(IntakeError::io("read", path))?;
        if !facts.is_file() {
            let problem = if facts.is_dir() { "it is a folder" } else { "it is no regular file" };
            return Err(IntakeError::refused(place, problem, "give the file itself"));
        }
        if is_zip(path)? {
            let problem = "it is a zip archive or a spreadsheet";
            return Err(IntakeError::refused(place, problem, "unpack it, or export it as csv"));
        }
        let mut file = File::open(path).map_err(IntakeError::io("open", path))?;
        let kind = Kind::of(&front(path, &mut file)?);
        if kind == Kind::Parquet {
            return Ok(Self::Parquet(file));
        }
        if kind == Kind::Plain && facts.len() > bounds.plain {
            let problem = format!("it has more than {} MiB of text", bounds.plain >> 20);
            return Err(IntakeError::refused(place, problem, "write it as Parquet, or less of it"));
        }
        watch.start(&place, facts.len());
        let text = Packed { path, place, file, kind }.text(bounds, watch);
        watch.finish();
        text.map(Self::Text)
    }
}

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Parquet,
    Gzip,
    Zstandard,
    Plain,
}

impl Kind {
    fn of(front: &[u8]) -> Self {
        match front {
            [b'P', b'A', b'R', b'1'] => Self::Parquet,
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd] => Self::Zstandard,
            _ => Self::Plain,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstandard => "Zstandard",
            Self::Parquet => "Parquet",
            Self::Plain => "text",
        }
    }
}

/// The first four bytes; the file is then at its beginning again.
fn front(path: &Path, file: &mut File) -> Result<Vec<u8>, IntakeError> {
    let mut front = Vec::new();
    let read = file.take(4).read_to_end(&mut front).and_then(|_| file.rewind());
    read.map_err(IntakeError::io("read", path))?;
    Ok(front)
}

/// A text as it lies there.
struct Packed<'a> {
    path: &'a Path,
    place: String,
    file: File,
    kind: Kind,
}

impl Packed<'_> {
    fn text(mut self, bounds: Bounds, watch: &mut dyn Watch) -> Result<String, IntakeError> {
        let limit = if self.kind == Kind::Plain { bounds.plain } else { bounds.unpacked };
        if self.kind != Kind::Plain {
            // What a packed file says of itself is no bound: its bytes are counted before any is kept.
            let n_bytes = unpacked(Box::new(Watched::new(&self.file, watch)), 0, |reader| {
                std::io::copy(&mut reader.take(limit + 1), &mut std::io::sink())
                    .map_err(|error| self.broken(&error))
            })?;
            if n_bytes > limit {
                let problem = format!("it has more than {} MiB once unpacked", limit >> 20);
                let remedy = "unpack it yourself if it should be so large";
                return Err(IntakeError::refused(self.place, problem, remedy));
            }
            self.file.rewind().map_err(IntakeError::io("read", self.path))?;
        }
        unpacked(Box::new(Watched::new(&self.file, watch)), 0, |reader| self.decoded(reader, limit))
    }

    /// The text of unpacked bytes: of UTF-16 where its first bytes say so, else of UTF-8.
    fn decoded(&self, reader: &mut dyn BufRead, limit: u64) -> Result<String, IntakeError> {
        let mut bounded = std::io::BufReader::with_capacity(BUFFER_BYTES, reader.take(limit));
        let front = bounded.fill_buf().map_err(|error| self.broken(&error))?;
        if front.starts_with(b"PAR1") {
            let problem = "it is a Parquet file inside another compression";
            return Err(IntakeError::refused(&self.place, problem, "unpack it"));
        }
        let wide = text::told_encoding(front);
        let mut bytes = Vec::new();
        let mut decoder = Utf8Reader::new(&mut bounded, wide.unwrap_or(encoding_rs::UTF_8));
        if let Err(error) = decoder.read_to_end(&mut bytes) {
            if text::reason(&error).is_none() {
                return Err(self.broken(&error));
            }
            let problem =
                format!("it begins as {} text and is not", if wide.is_some() { "UTF-16" } else { "UTF-8" });
            return Err(self.at(decoder.line(), problem));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            self.at(1 + breaks(before), "it is neither UTF-8 text, nor UTF-16 text, nor Parquet".to_owned())
        })?;
        match text.find('\0') {
            Some(at) => Err(self.at(
                1 + breaks(&text.as_bytes()[..at]),
                "there is a zero byte, which no text has".to_owned(),
            )),
            None => Ok(text),
        }
    }

    fn at(&self, line: u64, problem: String) -> IntakeError {
        IntakeError::refused(at_line(&self.place, line), problem, AS_TEXT)
    }

    fn broken(&self, error: &Error) -> IntakeError {
        if watched::is_stop(error) {
            return IntakeError::Interrupted(self.place.clone());
        }
        if self.kind == Kind::Plain {
            return IntakeError::refused(
                &self.place,
                format!("it cannot be read ({error})"),
                "make or copy it again",
            );
        }
        let problem = format!("it is no whole {} file ({error})", self.kind.name());
        IntakeError::refused(&self.place, problem, "make or copy it again, or unpack it yourself")
    }
}

fn breaks(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Quiet;

    const BOUNDS: Bounds = Bounds { plain: 40, unpacked: 20 };

    fn opened(data: &[u8], watch: &mut dyn Watch) -> Result<Whole, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.csv");
        std::fs::write(&path, data).unwrap();
        Whole::open(&path, BOUNDS, watch).map_err(|error| error.to_string())
    }

    fn text(data: &[u8]) -> Result<String, String> {
        match opened(data, &mut Quiet)? {
            Whole::Text(text) => Ok(text),
            Whole::Parquet(_) => Err("Parquet".to_owned()),
        }
    }

    #[test]
    fn a_text_is_held_whole_up_to_its_bounds_and_a_parquet_file_is_not() {
        assert_eq!(text("\u{feff}ä7,k3\n".as_bytes()).unwrap(), "ä7,k3\n");
        assert_eq!(text(b"").unwrap(), "");
        assert_eq!(text(&[b'x'; 40]).unwrap().len(), 40);
        assert!(text(&[b'x'; 41]).unwrap_err().contains("more than 0 MiB of text; "));
        let packed = |n: usize| zstd::encode_all(&vec![b'x'; n][..], 1).unwrap();
        assert_eq!(text(&packed(20)).unwrap().len(), 20);
        assert!(text(&packed(21)).unwrap_err().contains("once unpacked; "));
        assert_eq!(text(b"PAR1xxxx").unwrap_err(), "Parquet");
    }

    #[test]
    fn another_encoding_and_a_zero_byte_are_refused_with_the_line() {
        for (data, words) in [
            (&b"a\nb\n\xe9"[..], "mine.csv, line 3: it is neither UTF-8"),
            (b"a\nb\0", "mine.csv, line 2: there is a zero byte"),
            (b"\xff\xfea\0\n\0\x00\xd8b\0", "mine.csv, line 2: it begins as UTF-16"),
        ] {
            let error = text(data).unwrap_err();
            assert!(error.contains(words) && error.contains("; save it as csv"), "{error}");
        }
    }

    #[test]
    fn whoever_watches_stops_it() {
        struct Stopping;
        impl Watch for Stopping {
            fn start(&mut self, _file: &str, _size: u64) {}
            fn advance(&mut self, _bytes: u64) {}
            fn finish(&mut self) {}
            fn is_interrupted(&self) -> bool {
                true
            }
        }
        let packed = zstd::encode_all(&b"user,item\n"[..], 1).unwrap();
        for data in [&b"user,item\n"[..], &packed] {
            let error = opened(data, &mut Stopping).unwrap_err();
            assert!(error.contains("stopped while reading"), "{error}");
        }
    }
}
