//! Where bytes come from: a file, a folder, or a zip, each file plain or compressed with gzip or Zstandard.
//!
//! Files are streamed, and sizes that an archive declares are never trusted; only [`Whole`] holds a text, within bounds.

mod text;
mod watched;
mod whole;

use crate::IntakeError;
use crate::error::shown;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
pub(crate) use text::{Guard, Utf8Reader, told_encoding};
use watched::Watched;
pub use watched::{Quiet, Watch};
pub use whole::{Bounds, Whole};

/// How deep a folder is searched.
const MAX_DEPTH: usize = 5;
/// A folder or archive of a log has at most so many files.
const MAX_MEMBERS: usize = 10_000;
/// Files are read in pieces of this size.
const BUFFER_BYTES: usize = 1 << 18;
/// A file inside a file inside a file is no log.
const MAX_LAYERS: usize = 3;
/// What stands at the end of the names of packed files.
const PACKED: [&str; 2] = [".gz", ".zst"];
/// The window that a Zstandard file may ask for, as a power of two: 128 MiB.
const MAX_ZSTD_WINDOW: u32 = 27;

/// The files of one log.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    members: Vec<Member>,
}

/// One file of a log.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its path in the folder or archive; of a single file its name.
    pub name: String,
    /// Its size in bytes as it lies there.
    pub size: u64,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    File(PathBuf),
    Zipped { archive: PathBuf, index: usize },
}

impl Source {
    /// Opens a file, a folder, or a zip.
    ///
    /// # Errors
    ///
    /// Refuses what is no regular file or folder (a device, a pipe), an archive that is damaged, and folders without a file.
    pub fn open(path: &Path) -> Result<Self, IntakeError> {
        let facts = std::fs::metadata(path).map_err(IntakeError::io("open", path))?;
        let place = shown(&path.display().to_string());
        let mut members = if facts.is_dir() {
            let mut members = Vec::new();
            list(path, "", 0, &mut members)?;
            members
        } else if !facts.is_file() {
            let remedy = "write what it gives into a file, and name that";
            return Err(IntakeError::refused(place, "it is neither a file nor a folder", remedy));
        } else if is_zip(path)? {
            zipped(path)?
        } else {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            vec![Member { name, size: facts.len(), place: Place::File(path.to_owned()) }]
        };
        if members.is_empty() {
            return Err(IntakeError::refused(place, "there is no file in it", "name the file with the log"));
        }
        members.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(Self { path: path.to_owned(), members })
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its files, by name.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The file of that name, or of that name at the end of its path, packed or not. Where no path ends in it, the one
    /// file with the last part of the name.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Member> {
        let mut names = vec![name.to_owned()];
        names.extend(PACKED.iter().map(|end| format!("{name}{end}")));
        names.extend(PACKED.iter().filter_map(|end| name.strip_suffix(end)).map(str::to_owned));
        let ends = |member: &Member, name: &str| {
            member.name.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
        };
        let by = |name: &String| {
            let exact = self.members.iter().find(|member| member.name == *name);
            exact.or_else(|| self.members.iter().find(|member| ends(member, name)))
        };
        if let Some(found) = names.iter().find_map(by) {
            return Some(found);
        }
        let last = |name: &String| name.rsplit('/').next().unwrap_or_default().to_owned();
        let names: Vec<String> = names.iter().map(last).collect();
        let mut alike = self.members.iter().filter(|member| names.iter().any(|name| ends(member, name)));
        alike.next().filter(|_| alike.next().is_none())
    }

    /// The file itself, where the source is one file that is no archive.
    #[must_use]
    pub fn only(&self) -> Option<&Member> {
        let is_it = |member: &&Member| matches!(&member.place, Place::File(path) if *path == self.path);
        self.members.first().filter(is_it)
    }

    /// A file's path, as messages show it.
    #[must_use]
    pub fn place(&self, member: &Member) -> String {
        let is_single = matches!(&member.place, Place::File(path) if *path == self.path);
        let path = if is_single { self.path.clone() } else { self.path.join(&member.name) };
        shown_path(&path)
    }

    /// Hands the unpacked bytes of a file to `with`.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be opened or unpacked, if `watch` wants to stop, and where `with` does.
    pub(crate) fn read<T>(
        &self,
        member: &Member,
        watch: &mut dyn Watch,
        with: impl FnOnce(&mut dyn BufRead) -> Result<T, IntakeError>,
    ) -> Result<T, IntakeError> {
        watch.start(&self.place(member), member.size);
        let outcome = match &member.place {
            Place::File(path) => {
                let file = File::open(path).map_err(IntakeError::io("open", path))?;
                unpacked(Box::new(Watched::new(file, watch)), 0, with)
            }
            Place::Zipped { archive, index } => {
                let damaged = |error: zip::result::ZipError| damaged(archive, &error);
                let mut zip = open_zip(archive)?;
                let entry = zip.by_index(*index).map_err(damaged)?;
                unpacked(Box::new(Watched::new(entry, watch)), 0, with)
            }
        };
        watch.finish();
        outcome
    }

    /// The bytes at the front of a file, unpacked: at most `limit` of them.
    pub(crate) fn front(&self, member: &Member, limit: usize) -> Result<Vec<u8>, IntakeError> {
        let place = self.place(member);
        self.read(member, &mut Quiet, |reader| {
            let mut front = Vec::new();
            let read = reader.take(limit as u64).read_to_end(&mut front);
            read.map_err(|error| unreadable(&place, &error))?;
            Ok(front)
        })
    }

    /// A file of which any part can be read: the file itself, or what an archive has of it.
    pub(crate) fn bytes(&self, member: &Member, limit: u64) -> Result<Vec<u8>, IntakeError> {
        let place = self.place(member);
        self.read(member, &mut Quiet, |reader| {
            let mut bytes = Vec::new();
            let read = reader.take(limit + 1).read_to_end(&mut bytes);
            read.map_err(|error| unreadable(&place, &error))?;
            if bytes.len() as u64 > limit {
                let problem = format!("it is larger than {} MiB inside its archive", limit >> 20);
                return Err(IntakeError::refused(place, problem, "unpack it, and name the file"));
            }
            Ok(bytes)
        })
    }

    /// The file on the disk, where the member is one.
    pub(crate) const fn file<'a>(&self, member: &'a Member) -> Option<&'a PathBuf> {
        match &member.place {
            Place::File(path) => Some(path),
            Place::Zipped { .. } => None,
        }
    }
}

/// A path as a message shows it: whole, but without control characters.
fn shown_path(path: &Path) -> String {
    path.display().to_string().chars().map(|it| if it.is_control() { '?' } else { it }).collect()
}

/// The error of a stream that ended in the middle or is no stream of its kind.
pub(crate) fn unreadable(place: &str, error: &std::io::Error) -> IntakeError {
    if watched::is_stop(error) {
        return IntakeError::Interrupted(place.to_owned());
    }
    if let Some(reason) = text::reason(error) {
        return IntakeError::refused(place, reason.0.clone(), reason.1);
    }
    IntakeError::refused(place, format!("it is damaged ({error})"), "make or fetch it again")
}

/// Looks through compressions, as deep as a log may lie.
fn unpacked<T>(
    reader: Box<dyn Read + '_>,
    layer: usize,
    with: impl FnOnce(&mut dyn BufRead) -> Result<T, IntakeError>,
) -> Result<T, IntakeError> {
    let mut buffered = BufReader::with_capacity(BUFFER_BYTES, reader);
    let front = buffered.fill_buf().unwrap_or_default();
    if layer < MAX_LAYERS {
        if front.starts_with(&[0x1f, 0x8b]) {
            return unpacked(Box::new(flate2::bufread::MultiGzDecoder::new(buffered)), layer + 1, with);
        }
        if front.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
            return match zstd_decoder(buffered) {
                Ok(decoder) => unpacked(Box::new(decoder), layer + 1, with),
                Err(error) => Err(unreadable("the Zstandard file", &error)),
            };
        }
    }
    with(&mut buffered)
}

fn zstd_decoder<R: BufRead>(reader: R) -> std::io::Result<zstd::stream::read::Decoder<'static, R>> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(reader)?;
    decoder.window_log_max(MAX_ZSTD_WINDOW)?;
    Ok(decoder)
}

fn is_zip(path: &Path) -> Result<bool, IntakeError> {
    let mut front = [0; 4];
    let mut file = File::open(path).map_err(IntakeError::io("open", path))?;
    let n_bytes = file.read(&mut front).map_err(IntakeError::io("read", path))?;
    Ok(front[..n_bytes].starts_with(b"PK\x03\x04") || front[..n_bytes].starts_with(b"PK\x05\x06"))
}

fn open_zip(path: &Path) -> Result<zip::ZipArchive<BufReader<File>>, IntakeError> {
    let file = File::open(path).map_err(IntakeError::io("open", path))?;
    zip::ZipArchive::new(BufReader::with_capacity(BUFFER_BYTES, file)).map_err(|error| damaged(path, &error))
}

fn damaged(path: &Path, error: &zip::result::ZipError) -> IntakeError {
    let problem = format!("the zip cannot be read ({error})");
    IntakeError::refused(shown_path(path), problem, "make or fetch it again, or unpack it yourself")
}

fn zipped(path: &Path) -> Result<Vec<Member>, IntakeError> {
    let mut zip = open_zip(path)?;
    let mut members = Vec::new();
    for index in 0..zip.len() {
        let entry = zip.by_index_raw(index).map_err(|error| damaged(path, &error))?;
        let name = entry.name().to_owned();
        if entry.is_file() && name.split('/').all(is_seen) {
            let place = Place::Zipped { archive: path.to_owned(), index };
            members.push(Member { name, size: entry.compressed_size(), place });
            check_number(path, &members)?;
        }
    }
    Ok(members)
}

/// Collects the files below `folder`, by paths with slashes.
fn list(folder: &Path, prefix: &str, depth: usize, members: &mut Vec<Member>) -> Result<(), IntakeError> {
    for entry in std::fs::read_dir(folder).map_err(IntakeError::io("list", folder))? {
        let entry = entry.map_err(IntakeError::io("list", folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !is_seen(&name) {
            continue;
        }
        let (path, name) = (entry.path(), format!("{prefix}{name}"));
        let Ok(facts) = std::fs::metadata(&path) else { continue };
        if facts.is_dir() && depth < MAX_DEPTH {
            list(&path, &format!("{name}/"), depth + 1, members)?;
        } else if facts.is_file() && is_zip(&path)? {
            let within = zipped(&path)?.into_iter();
            members.extend(within.map(|it| Member { name: format!("{name}/{}", it.name), ..it }));
            check_number(folder, members)?;
        } else if facts.is_file() {
            members.push(Member { name, size: facts.len(), place: Place::File(path) });
            check_number(folder, members)?;
        }
    }
    Ok(())
}

fn check_number(path: &Path, members: &[Member]) -> Result<(), IntakeError> {
    if members.len() <= MAX_MEMBERS {
        return Ok(());
    }
    let problem = format!("there are more than {MAX_MEMBERS} files in it");
    Err(IntakeError::refused(shown_path(path), problem, "name the file with the log"))
}

/// Whether a part of a path may lead to data: hidden files and those that systems leave behind do not.
fn is_seen(name: &str) -> bool {
    !name.starts_with('.') && name != "__MACOSX" && name != "_SUCCESS" && name != "Thumbs.db"
}
