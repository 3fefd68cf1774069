//! The bytes of a file of lists, unpacked within a bound, and its text whatever the encoding.

use super::{ListPlace, refuse};
use crate::DataError;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

/// A text may have so many bytes as it lies there.
const MAX_PLAIN: u64 = 1 << 30;
/// A packed text may have so many bytes once it is unpacked.
const MAX_UNPACKED: u64 = 256 << 20;
/// The window that a Zstandard file may ask for, as a power of two: 128 MiB.
const MAX_ZSTD_WINDOW: u32 = 27;

const AS_TEXT: &str = "save it as csv, tsv or JSON in UTF-8, or as Parquet";

/// What a file holds.
pub(super) enum Content {
    /// A table.
    Parquet(File),
    /// Text, without a byte order mark.
    Text(String),
}

/// Opens a file, and looks at its first bytes, whatever its name.
///
/// # Errors
///
/// Refuses what is no regular file, what is packed in a way that is not read, and more bytes than the bound.
pub(super) fn open(path: &Path) -> Result<Content, DataError> {
    let facts = std::fs::metadata(path).map_err(DataError::io("read", path))?;
    if !facts.is_file() {
        let problem = if facts.is_dir() { "it is a folder" } else { "it is no regular file" };
        return Err(refuse(path, ListPlace::File, problem, "give the file with the lists"));
    }
    let mut file = File::open(path).map_err(DataError::io("open", path))?;
    let front = front(path, &mut file)?;
    let unpacked = match front.as_slice() {
        [b'P', b'A', b'R', b'1'] => return Ok(Content::Parquet(file)),
        [b'P', b'K', ..] => {
            let problem = "it is a zip archive or a spreadsheet";
            return Err(refuse(path, ListPlace::File, problem, "unpack it, or export it as csv"));
        }
        [0x1f, 0x8b, ..] => {
            let unpack = |file| Ok(flate2::bufread::MultiGzDecoder::new(BufReader::new(file)));
            bounded(path, &file, "gzip", unpack)?
        }
        [0x28, 0xb5, 0x2f, 0xfd] => {
            let unpack = |file| {
                let mut reader = zstd::stream::read::Decoder::new(file)?;
                reader.window_log_max(MAX_ZSTD_WINDOW)?;
                Ok(reader)
            };
            bounded(path, &file, "Zstandard", unpack)?
        }
        _ if facts.len() > MAX_PLAIN => {
            let problem = format!("it has more than {} MiB of text", MAX_PLAIN >> 20);
            return Err(refuse(
                path,
                ListPlace::File,
                problem,
                "write the lists as Parquet, or fewer of them",
            ));
        }
        _ => {
            let mut data = Vec::new();
            let read = file.take(MAX_PLAIN).read_to_end(&mut data);
            read.map_err(DataError::io("read", path))?;
            data
        }
    };
    if unpacked.starts_with(b"PAR1") {
        let problem = "it is a Parquet file inside another compression";
        return Err(refuse(path, ListPlace::File, problem, "unpack it"));
    }
    decode(path, unpacked).map(Content::Text)
}

/// The first four bytes; the file is then at its beginning again.
fn front(path: &Path, file: &mut File) -> Result<Vec<u8>, DataError> {
    let mut front = Vec::new();
    let read = file.take(4).read_to_end(&mut front).and_then(|_| file.rewind());
    read.map_err(DataError::io("read", path))?;
    Ok(front)
}

/// The unpacked bytes: never more than the bound, whatever the file says of itself. They are counted before any is kept.
fn bounded<'a, R: Read>(
    path: &Path,
    file: &'a File,
    kind: &str,
    unpack: impl Fn(&'a File) -> io::Result<R>,
) -> Result<Vec<u8>, DataError> {
    let broken = |error: io::Error| {
        let problem = format!("it is no whole {kind} file ({error})");
        refuse(path, ListPlace::File, problem, "make or copy it again, or unpack it yourself")
    };
    let count = |reader: R| io::copy(&mut reader.take(MAX_UNPACKED + 1), &mut io::sink());
    let n_bytes = unpack(file).and_then(count).map_err(broken)?;
    if n_bytes > MAX_UNPACKED {
        let problem = format!("it has more than {} MiB once unpacked", MAX_UNPACKED >> 20);
        return Err(refuse(path, ListPlace::File, problem, "unpack it yourself if it should be so large"));
    }
    let mut again = file;
    again.rewind().map_err(DataError::io("read", path))?;
    let mut data = Vec::new();
    let read = unpack(file).and_then(|reader| reader.take(n_bytes).read_to_end(&mut data));
    read.map_err(broken)?;
    Ok(data)
}

/// The text: UTF-8, or UTF-16 with a byte order mark or with a zero in every second byte at the front.
fn decode(path: &Path, data: Vec<u8>) -> Result<String, DataError> {
    let text = match data.as_slice() {
        [0xff, 0xfe, ..] => wide(path, &data[2..], u16::from_le_bytes)?,
        [0xfe, 0xff, ..] => wide(path, &data[2..], u16::from_be_bytes)?,
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => wide(path, &data, u16::from_le_bytes)?,
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => wide(path, &data, u16::from_be_bytes)?,
        _ => String::from_utf8(data).map_err(|error| {
            let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let place = ListPlace::Line(1 + breaks(before));
            refuse(path, place, "it is neither UTF-8 text, nor UTF-16 text, nor Parquet", AS_TEXT)
        })?,
    };
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    if let Some(at) = text.find('\0') {
        let place = ListPlace::Line(1 + breaks(&text.as_bytes()[..at]));
        return Err(refuse(path, place, "there is a zero byte, which no text has", AS_TEXT));
    }
    if text.trim().is_empty() {
        return Err(refuse(path, ListPlace::File, "it is empty", "write the lists into it, with a header"));
    }
    Ok(text)
}

fn breaks(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

fn wide(path: &Path, data: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, DataError> {
    let units = data.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let mut text = String::with_capacity(data.len() / 2);
    let mut is_whole = data.len().is_multiple_of(2);
    for letter in char::decode_utf16(units) {
        match letter {
            Ok(letter) => text.push(letter),
            Err(_) => {
                is_whole = false;
                break;
            }
        }
    }
    if is_whole {
        return Ok(text);
    }
    let place = ListPlace::Line(1 + breaks(text.as_bytes()));
    Err(refuse(path, place, "it begins as UTF-16 text and is not", AS_TEXT))
}
