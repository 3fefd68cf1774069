//! One archive from one HTTP address, resumed where an earlier attempt broke off.
//!
//! The bytes go to `<archive>.part` and only a checked, synced file gets the archive's name. A note beside it keeps the
//! server's validator, so that a file that changed in between is not glued together from two versions
//! (RFC 9110, sections 13.1.5 and 14). Where a server gives none, length and checksum decide.

use super::checksum::{self, Sums, Wanted};
use crate::{DataError, Progress};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use ureq::http::{Response, header};

/// The bytes of one read.
const BUFFER_BYTES: usize = 1 << 16;

/// How long and how often to try.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// The time for finding the host, and again for connecting: a machine without a network fails fast.
    pub(super) connect: Duration,
    /// The longest silence of a server.
    pub(super) silence: Duration,
    /// How often one address is tried as long as each attempt brings bytes.
    pub(super) n_attempts: usize,
    /// Whether an address, or one that it leads on to, may be of HTTPS alone.
    pub(super) https_only: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            silence: Duration::from_secs(30),
            n_attempts: 5,
            https_only: true,
        }
    }
}

/// Why an attempt failed, in words; the next attempt or address may do better.
type Failure = String;

/// Downloads to one place.
pub(super) struct Downloader<'a> {
    agent: ureq::Agent,
    place: &'a Path,
    part: PathBuf,
    /// `<archive>.part.from`: the address and the validator of the part, one a line.
    note: PathBuf,
    wanted: Wanted<'a>,
    limits: Limits,
}

/// What is left of an earlier attempt.
#[derive(Debug, Default)]
struct Leftover {
    n_bytes: u64,
    /// The server's validator, if the earlier attempt was at the same address.
    validator: Option<String>,
}

impl<'a> Downloader<'a> {
    pub(super) fn new(place: &'a Path, wanted: Wanted<'a>, limits: Limits) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .https_only(limits.https_only)
            .timeout_resolve(Some(limits.connect))
            .timeout_connect(Some(limits.connect))
            .timeout_recv_response(Some(limits.silence))
            .timeout_per_read(Some(limits.silence))
            .build();
        let beside = |suffix: &str| {
            let mut name = place.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        let (part, note) = (beside(".part"), beside(".part.from"));
        Self { agent: config.into(), place, part, note, wanted, limits }
    }

    /// Downloads from one address and returns the archive's checksums, or the reason why the address is of no use.
    ///
    /// # Errors
    ///
    /// Fails if files cannot be written here, which no other address would mend.
    pub(super) fn download(
        &self,
        address: &str,
        progress: &mut dyn Progress,
    ) -> Result<Result<Sums, Failure>, DataError> {
        let mut failure = String::new();
        for _ in 0..self.limits.n_attempts {
            let leftover = self.leftover(address);
            let had = leftover.n_bytes;
            match self.attempt(address, &leftover, progress)? {
                Ok(()) => match self.accept()? {
                    Ok(sums) => return Ok(Ok(sums)),
                    // The leftover may have been at fault: once more from the first byte.
                    Err(reason) if had > 0 => failure = reason,
                    Err(reason) => return Ok(Err(reason)),
                },
                Err(reason) => {
                    failure = reason;
                    if self.leftover(address).n_bytes == had {
                        break;
                    }
                }
            }
        }
        Ok(Err(failure))
    }

    fn leftover(&self, address: &str) -> Leftover {
        let n_bytes = std::fs::metadata(&self.part).map_or(0, |it| it.len());
        let note = std::fs::read_to_string(&self.note).unwrap_or_default();
        let validator =
            note.split_once('\n').filter(|(from, _)| *from == address).map(|(_, it)| it.to_owned());
        Leftover { n_bytes, validator: validator.filter(|it| !it.is_empty()) }
    }

    /// Asks for what is missing and appends it to the part.
    fn attempt(
        &self,
        address: &str,
        leftover: &Leftover,
        progress: &mut dyn Progress,
    ) -> Result<Result<(), Failure>, DataError> {
        let mut request = self.agent.get(address).header(header::ACCEPT_ENCODING, "identity");
        if leftover.n_bytes > 0 {
            request = request.header(header::RANGE, format!("bytes={}-", leftover.n_bytes));
            if let Some(validator) = &leftover.validator {
                request = request.header(header::IF_RANGE, validator);
            }
        }
        let response = match request.call() {
            Ok(response) => response,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let start = match (response.status().as_u16(), content_range(&response)) {
            (200, _) => 0,
            (206, Some((start, _))) if start == leftover.n_bytes => start,
            (status @ (206 | 416), _) => {
                // The part does not fit the server's file: it goes, and the next attempt begins anew.
                self.discard()?;
                return Ok(Err(format!("the server cannot resume the download (status {status})")));
            }
            (status, _) => return Ok(Err(format!("the server answers with status {status}"))),
        };
        self.write_note(address, validator(&response))?;
        self.receive(response, start, progress)
    }

    /// Writes the body from byte `start` of the part on.
    fn receive(
        &self,
        response: Response<ureq::Body>,
        start: u64,
        progress: &mut dyn Progress,
    ) -> Result<Result<(), Failure>, DataError> {
        let total = content_range(&response)
            .and_then(|(_, total)| total)
            .or_else(|| response.body().content_length().map(|n_bytes| start + n_bytes));
        let mut options = File::options();
        let options = options.create(true).write(true).append(start > 0).truncate(start == 0);
        let mut part = options.open(&self.part).map_err(DataError::io("open", &self.part))?;
        let mut body = response.into_body().into_reader();
        let mut buffer = vec![0_u8; BUFFER_BYTES];
        let mut done = start;
        progress.start(&self.place.display().to_string(), total);
        let outcome = loop {
            progress.advance(done);
            match body.read(&mut buffer) {
                Ok(0) => break Ok(()),
                Ok(n_bytes) => {
                    part.write_all(&buffer[..n_bytes]).map_err(DataError::io("write", &self.part))?;
                    done += n_bytes as u64;
                }
                Err(error) => break Err(format!("the connection broke after {done} bytes: {error}")),
            }
        };
        progress.finish();
        part.sync_all().map_err(DataError::io("sync", &self.part))?;
        Ok(outcome.and_then(|()| match total {
            Some(total) if total != done => {
                Err(format!("the connection ended after {done} of {total} bytes"))
            }
            _ => Ok(()),
        }))
    }

    /// Checks the part's checksums and gives the file its name, or throws it away.
    fn accept(&self) -> Result<Result<Sums, Failure>, DataError> {
        let sums = checksum::of_file(&self.part)?;
        if let Some((kind, found, wanted)) = self.wanted.differs(&sums) {
            self.discard()?;
            let by = self.wanted.by;
            return Ok(Err(format!("the file's {kind} is {found}, but the one {by} is {wanted}")));
        }
        std::fs::rename(&self.part, self.place).map_err(DataError::io("rename", &self.part))?;
        // On file systems where a folder cannot be synced, the rename is durable or the download is repeated.
        if let Some(Ok(folder)) = self.place.parent().map(File::open) {
            let _ = folder.sync_all();
        }
        remove(&self.note)?;
        Ok(Ok(sums))
    }

    fn write_note(&self, address: &str, validator: Option<&str>) -> Result<(), DataError> {
        let text = format!("{address}\n{}", validator.unwrap_or_default());
        std::fs::write(&self.note, text).map_err(DataError::io("write", &self.note))
    }

    fn discard(&self) -> Result<(), DataError> {
        remove(&self.part)?;
        remove(&self.note)
    }
}

fn remove(path: &Path) -> Result<(), DataError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(DataError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// The text of a header.
fn text_of<B>(response: &Response<B>, name: header::HeaderName) -> Option<&str> {
    response.headers().get(name)?.to_str().ok()
}

/// A validator that may stand in `If-Range`: a strong entity tag, else the time of the last change.
fn validator<B>(response: &Response<B>) -> Option<&str> {
    let tag = text_of(response, header::ETAG).filter(|tag| !tag.starts_with("W/"));
    tag.or_else(|| text_of(response, header::LAST_MODIFIED))
}

/// The first byte and the total of `Content-Range: bytes 5-9/10`.
fn content_range<B>(response: &Response<B>) -> Option<(u64, Option<u64>)> {
    let (range, total) = text_of(response, header::CONTENT_RANGE)?.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    Some((start.parse().ok()?, total.parse().ok()))
}
