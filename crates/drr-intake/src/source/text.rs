//! Bytes of any encoding as UTF-8, and a bound on what one row may hold.

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use std::cell::Cell;
use std::io::{BufRead, Error, Read, Result};
use std::rc::Rc;

/// A row has at most so many bytes.
const MAX_ROW_BYTES: u64 = 16 << 20;

/// What is wrong with a text, and what helps.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Reason(pub(crate) String, pub(crate) &'static str);

/// The reason that a reader of this module gave.
pub(super) fn reason(error: &Error) -> Option<&Reason> {
    error.get_ref()?.downcast_ref()
}

/// The encoding that a text's front tells: by its byte order mark, or UTF-16 by a zero in every second byte.
pub(crate) fn told_encoding(front: &[u8]) -> Option<&'static Encoding> {
    if let Some((encoding, _)) = Encoding::for_bom(front) {
        return Some(encoding);
    }
    let zeros = |from: usize| front.iter().skip(from).step_by(2).take(200).filter(|byte| **byte == 0).count();
    let n_pairs = (front.len() / 2).min(200);
    match n_pairs {
        0..5 => None,
        _ if zeros(1) > n_pairs / 2 => Some(UTF_16LE),
        _ if zeros(0) > n_pairs / 2 => Some(UTF_16BE),
        _ => None,
    }
}

/// Reads another encoding as UTF-8; UTF-8 itself goes through as it is, without its mark at the front.
pub(crate) struct Utf8Reader<'a> {
    inner: &'a mut dyn BufRead,
    decoder: Option<Decoder>,
    decoded: Vec<u8>,
    at: usize,
    line: u64,
    is_begun: bool,
    is_ended: bool,
}

impl<'a> Utf8Reader<'a> {
    pub(crate) fn new(inner: &'a mut dyn BufRead, encoding: &'static Encoding) -> Self {
        let decoder = (encoding != UTF_8).then(|| encoding.new_decoder_with_bom_removal());
        Self { inner, decoder, decoded: Vec::new(), at: 0, line: 1, is_begun: false, is_ended: false }
    }

    /// The line at which the decoding of another encoding stands.
    pub(crate) const fn line(&self) -> u64 {
        self.line
    }

    /// Decodes the next piece.
    fn fill(&mut self) -> Result<()> {
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        self.decoded.clear();
        self.at = 0;
        while self.decoded.is_empty() && !self.is_ended {
            let bytes = self.inner.fill_buf()?;
            let is_last = bytes.is_empty();
            let needed =
                decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(bytes.len());
            self.decoded.resize(needed.max(16), 0);
            let (result, n_read, n_written) =
                decoder.decode_to_utf8_without_replacement(bytes, &mut self.decoded, is_last);
            self.decoded.truncate(n_written);
            self.line += self.decoded.iter().filter(|byte| **byte == b'\n').count() as u64;
            if matches!(result, DecoderResult::Malformed(..)) {
                let problem = format!("line {} is not in {}", self.line, decoder.encoding().name());
                return Err(Error::other(Reason(problem, "name the encoding with --encoding")));
            }
            self.inner.consume(n_read);
            self.is_ended = is_last;
        }
        Ok(())
    }
}

impl Read for Utf8Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.decoder.is_none() {
            if !self.is_begun {
                self.is_begun = true;
                if self.inner.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
                    self.inner.consume(3);
                }
            }
            return self.inner.read(buffer);
        }
        if self.at == self.decoded.len() {
            self.fill()?;
        }
        let n_bytes = buffer.len().min(self.decoded.len() - self.at);
        buffer[..n_bytes].copy_from_slice(&self.decoded[self.at..self.at + n_bytes]);
        self.at += n_bytes;
        Ok(n_bytes)
    }
}

/// Refuses rows beyond a bound: whoever reads says when a row begins.
pub(crate) struct Guard<R> {
    inner: R,
    since: Rc<Cell<u64>>,
}

impl<R> Guard<R> {
    /// The guarded reader, and the count to set to 0 at the beginning of each row.
    pub(crate) fn new(inner: R) -> (Self, Rc<Cell<u64>>) {
        let since = Rc::new(Cell::new(0));
        (Self { inner, since: Rc::clone(&since) }, since)
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let n_bytes = self.inner.read(buffer)?;
        self.since.set(self.since.get() + n_bytes as u64);
        if self.since.get() > MAX_ROW_BYTES {
            let problem = format!("a row has more than {} MiB", MAX_ROW_BYTES >> 20);
            let remedy = "close the quotation mark that runs on, or name what stands between rows and fields with --separator";
            return Err(Error::other(Reason(problem, remedy)));
        }
        Ok(n_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufReader, repeat};

    fn decoded(bytes: &[u8], encoding: &str) -> Result<String> {
        let mut inner = BufReader::with_capacity(3, bytes);
        let mut text = String::new();
        let encoding = Encoding::for_label(encoding.as_bytes()).unwrap();
        Utf8Reader::new(&mut inner, encoding).read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn encodings_become_utf_8_whatever_the_pieces() {
        assert_eq!(decoded(b"\xef\xbb\xbfa\xc3\xa9", "utf-8").unwrap(), "aé");
        assert_eq!(decoded(b"caf\xe9\n", "windows-1252").unwrap(), "café\n");
        assert_eq!(decoded(b"\xff\xfea\0\xe9\0", "utf-16le").unwrap(), "aé");
        assert_eq!(decoded("日本\n".as_bytes(), "utf-8").unwrap(), "日本\n");
        let error = decoded(b"ok\n\x81\xff\n", "shift_jis").unwrap_err();
        assert!(reason(&error).unwrap().0.contains("line 2 is not in Shift_JIS"));
    }

    #[test]
    fn a_row_without_an_end_is_refused() {
        let (mut guarded, since) = Guard::new(repeat(b'x'));
        let mut piece = vec![0; 1 << 20];
        for _ in 0..16 {
            guarded.read_exact(&mut piece).unwrap();
        }
        since.set(0);
        for _ in 0..16 {
            guarded.read_exact(&mut piece).unwrap();
        }
        let error = guarded.read(&mut piece).unwrap_err();
        assert!(reason(&error).unwrap().0.contains("16 MiB"));
    }
}
