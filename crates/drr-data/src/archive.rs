//! An archive of raw files: a zip, or a folder with the same files unpacked.
//!
//! Members are streamed line by line, so the size of a file never matters. A member is found by its name whatever
//! folder it lies under, since official archives put all files under one.

use crate::{DataError, Progress};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// How deep a folder is searched: a wheel unpacked keeps its data four levels down.
const MAX_DEPTH: usize = 5;
/// The bytes between two progress reports.
const REPORT_EVERY: u64 = 1 << 20;
/// A zip is read in pieces of this size.
const BUFFER_BYTES: usize = 1 << 18;

/// The files of one raw data set.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    /// The zip, or `None` for a folder.
    zip: Option<zip::ZipArchive<BufReader<File>>>,
    members: Vec<String>,
}

/// A line of a member, and where it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    /// The member with its archive, for messages.
    pub(crate) file: &'a str,
    /// The number of the line, from 1.
    pub(crate) number: u64,
    /// The line without its end.
    pub(crate) bytes: &'a [u8],
}

impl Line<'_> {
    /// The error that refuses this line for one of its fields.
    pub(crate) fn refuse(
        &self,
        field: &'static str,
        text: &[u8],
        problem: impl Into<String>,
        remedy: &'static str,
    ) -> DataError {
        let text = String::from_utf8_lossy(text).chars().take(200).collect();
        DataError::BadRow {
            file: self.file.to_owned(),
            line: self.number,
            field,
            text,
            problem: problem.into(),
            remedy,
        }
    }
}

impl Archive {
    /// Opens a zip file, or a folder with the unpacked files.
    ///
    /// # Errors
    ///
    /// Fails if `path` cannot be read, and if it is a file but no intact zip.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        if path.is_dir() {
            let mut members = Vec::new();
            list_folder(path, "", 0, &mut members)?;
            members.sort();
            return Ok(Self { path: path.to_owned(), zip: None, members });
        }
        let file = File::open(path).map_err(DataError::io("open", path))?;
        let zip = zip::ZipArchive::new(BufReader::with_capacity(BUFFER_BYTES, file))
            .map_err(|error| corrupt(path, &error))?;
        let members = zip.file_names().filter(|name| !name.ends_with('/')).map(str::to_owned).collect();
        Ok(Self { path: path.to_owned(), zip: Some(zip), members })
    }

    /// Where the archive lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The paths of all files in the archive.
    #[must_use]
    pub fn members(&self) -> &[String] {
        &self.members
    }

    /// The one member that `is_wanted`, or `None` if none is.
    ///
    /// # Errors
    ///
    /// Fails with the members' names if several are.
    pub(crate) fn find(
        &self,
        wanted: &str,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Result<Option<String>, DataError> {
        let mut found = self.members.iter().filter(|member| is_wanted(member));
        match (found.next(), found.next()) {
            (first, None) => Ok(first.cloned()),
            _ => Err(self.missing(wanted)),
        }
    }

    /// The one member with this file name, whatever folder it lies in.
    ///
    /// # Errors
    ///
    /// Fails with the members' names if there is none or several.
    pub(crate) fn named(&self, file_name: &str) -> Result<String, DataError> {
        self.find(file_name, |member| has_name(member, file_name))?.ok_or_else(|| self.missing(file_name))
    }

    /// The error that names what was looked for and what is there.
    pub(crate) fn missing(&self, wanted: &str) -> DataError {
        let shown: Vec<&str> = self.members.iter().map(String::as_str).take(30).collect();
        let rest = self.members.len() - shown.len();
        let mut found = if shown.is_empty() { "no file".to_owned() } else { shown.join(", ") };
        if rest > 0 {
            found.push_str(&format!(" and {rest} more"));
        }
        DataError::MissingMember { archive: self.path.clone(), wanted: wanted.to_owned(), found }
    }

    /// Hands every line of `member` that is not empty to `each`, in order.
    ///
    /// # Errors
    ///
    /// Fails if the member cannot be unpacked or read, and with the first error of `each`.
    pub(crate) fn for_each_line(
        &mut self,
        member: &str,
        progress: &mut dyn Progress,
        each: impl FnMut(Line<'_>) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let path = self.path.clone();
        let file = path.join(member).display().to_string();
        let Some(zip) = &mut self.zip else {
            let full = path.join(member);
            let opened = File::open(&full).map_err(DataError::io("open", &full))?;
            let total = opened.metadata().map_err(DataError::io("read", &full))?.len();
            let into_error = |error| DataError::Io { action: "read", path: full.clone(), source: error };
            return stream_lines(opened, total, &file, progress, &into_error, each);
        };
        let entry = zip.by_name(member).map_err(|error| corrupt(&path, &format!("{member}: {error}")))?;
        let total = entry.size();
        let into_error = |error: std::io::Error| corrupt(&path, &format!("{member}: {error}"));
        stream_lines(entry, total, &file, progress, &into_error, each)
    }
}

/// Whether the last part of a member's path is `file_name`.
pub(crate) fn has_name(member: &str, file_name: &str) -> bool {
    member.rsplit('/').next() == Some(file_name)
}

fn corrupt(path: &Path, reason: &dyn std::fmt::Display) -> DataError {
    DataError::CorruptArchive { path: path.to_owned(), reason: reason.to_string() }
}

/// Collects the files below `folder` as paths with slashes.
fn list_folder(
    folder: &Path,
    prefix: &str,
    depth: usize,
    members: &mut Vec<String>,
) -> Result<(), DataError> {
    for entry in std::fs::read_dir(folder).map_err(DataError::io("read", folder))? {
        let entry = entry.map_err(DataError::io("read", folder))?;
        let member = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let path = entry.path();
        if !path.is_dir() {
            members.push(member);
        } else if depth < MAX_DEPTH {
            list_folder(&path, &format!("{member}/"), depth + 1, members)?;
        }
    }
    Ok(())
}

/// Reads lines that end in LF or CR LF; one buffer serves them all.
fn stream_lines(
    source: impl Read,
    total: u64,
    file: &str,
    progress: &mut dyn Progress,
    into_error: &dyn Fn(std::io::Error) -> DataError,
    mut each: impl FnMut(Line<'_>) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let mut reader = BufReader::with_capacity(BUFFER_BYTES, source);
    let mut buffer = Vec::with_capacity(256);
    let (mut number, mut done, mut reported) = (0_u64, 0_u64, 0_u64);
    progress.start(file, Some(total));
    let outcome = loop {
        buffer.clear();
        match reader.read_until(b'\n', &mut buffer) {
            Ok(0) => break Ok(()),
            Ok(n_bytes) => done += n_bytes as u64,
            Err(error) => break Err(into_error(error)),
        }
        number += 1;
        let bytes = buffer.strip_suffix(b"\n").unwrap_or(&buffer);
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        if !bytes.is_empty()
            && let Err(error) = each(Line { file, number, bytes })
        {
            // A line that cannot be read may be one of a damaged file, which only its end, with the checksum, tells.
            break Err(std::io::copy(&mut reader, &mut std::io::sink()).map_or_else(into_error, |_| error));
        }
        if done - reported >= REPORT_EVERY {
            reported = done;
            progress.advance(done);
        }
    };
    progress.advance(done);
    progress.finish();
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NoProgress;
    use std::io::Write;

    fn zip_with(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, bytes) in members {
            writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn lines_of(archive: &mut Archive, member: &str) -> Result<Vec<(u64, String)>, DataError> {
        let mut lines = Vec::new();
        archive.for_each_line(member, &mut NoProgress, |line| {
            lines.push((line.number, String::from_utf8_lossy(line.bytes).into_owned()));
            Ok(())
        })?;
        Ok(lines)
    }

    #[test]
    fn a_zip_and_a_folder_give_the_same_lines_whatever_the_line_ends() {
        let folder = tempfile::tempdir().unwrap();
        let text = b"one\r\n\ntwo\nlast";
        std::fs::create_dir_all(folder.path().join("unpacked/deep")).unwrap();
        std::fs::write(folder.path().join("unpacked/deep/a.dat"), text).unwrap();
        std::fs::write(folder.path().join("a.zip"), zip_with(&[("deep/a.dat", text)])).unwrap();
        for name in ["unpacked", "a.zip"] {
            let mut archive = Archive::open(&folder.path().join(name)).unwrap();
            let member = archive.named("a.dat").unwrap();
            let lines = lines_of(&mut archive, &member).unwrap();
            assert_eq!(lines, [(1, "one".into()), (3, "two".into()), (4, "last".into())]);
        }
    }

    #[test]
    fn a_truncated_zip_and_a_damaged_member_name_the_file_and_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        let text: Vec<u8> = (0..20_000_u32).flat_map(|n| format!("{}\n", n * 7919).into_bytes()).collect();
        let whole = zip_with(&[("a.dat", &text)]);
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        let message = Archive::open(&path).unwrap_err().to_string();
        assert!(message.contains("a.zip") && message.contains("fetch it again"), "{message}");

        let mut damaged = whole;
        let middle = damaged.len() / 2;
        damaged[middle..middle + 8].fill(0xFF);
        std::fs::write(&path, &damaged).unwrap();
        let message = lines_of(&mut Archive::open(&path).unwrap(), "a.dat").unwrap_err().to_string();
        assert!(message.contains("a.zip") && message.contains("a.dat"), "{message}");
    }

    #[test]
    fn a_changed_byte_is_told_as_damage_and_not_as_a_bad_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let stored =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        writer.start_file("a.dat", stored).unwrap();
        writer.write_all(b"first\nsecond\nthird\n").unwrap();
        let mut bytes = writer.finish().unwrap().into_inner();
        let refuse_x = |path: &Path| {
            Archive::open(path).unwrap().for_each_line("a.dat", &mut NoProgress, |line| {
                let is_bad = line.bytes.contains(&b'x');
                if is_bad {
                    Err(line.refuse("word", line.bytes, "has an x", "spell it right"))
                } else {
                    Ok(())
                }
            })
        };
        std::fs::write(&path, &bytes).unwrap();
        refuse_x(&path).unwrap();
        let at = bytes.windows(6).position(|window| window == b"second").unwrap();
        bytes[at] = b'x';
        std::fs::write(&path, &bytes).unwrap();
        let message = refuse_x(&path).unwrap_err().to_string();
        assert!(message.contains("a.zip") && message.contains("fetch it again"), "{message}");
    }

    #[test]
    fn a_missing_and_an_ambiguous_member_name_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.zip");
        std::fs::write(&path, zip_with(&[("x/a.dat", b""), ("y/a.dat", b""), ("readme", b"")])).unwrap();
        let archive = Archive::open(&path).unwrap();
        for wanted in ["ratings.dat", "a.dat"] {
            let message = archive.named(wanted).unwrap_err().to_string();
            assert!(message.contains(wanted) && message.contains("x/a.dat, y/a.dat, readme"), "{message}");
        }
    }
}
