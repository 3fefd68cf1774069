//! Finds the units of a workspace's code, and digests each.
//!
//! It runs when the crate is built, and in tests on made-up workspaces. Errors are sentences: a build script can only print
//! them.

mod c_text;
mod lock;
mod manifest;
mod modules;
mod tokens;

#[cfg(test)]
mod tests;

use lock::Lock;
use manifest::{Manifest, Workspace};
use modules::{Code, Module};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The stack of a thread that reads a crate.
const STACK_BYTES: usize = 64 << 20;

/// What is found in a workspace.
#[derive(Debug, Default)]
pub struct Scan {
    /// The units, by name.
    pub units: BTreeMap<String, Unit>,
    /// The crates that are no units.
    pub left_out: BTreeSet<String>,
    /// Every file that was read.
    pub files: BTreeSet<PathBuf>,
}

/// A crate without the modules carved out of it, or one of those.
#[derive(Debug, PartialEq, Eq)]
pub struct Unit {
    /// SHA-256 over the code and over the external crates behind it, in hexadecimal.
    pub digest: String,
    /// The crate that it is, or is carved out of.
    pub package: String,
    /// The crates of the workspace that this crate depends on, by `[dependencies]`.
    pub dependencies: BTreeSet<String>,
    /// The units that its code names.
    pub uses: BTreeSet<String>,
}

/// What of the workspace is no plain crate.
struct List {
    carved: BTreeSet<String>,
    left_out: BTreeSet<String>,
}

/// Finds the units of the workspace in `root`; the file `list` has the names of those that are no plain crates.
///
/// # Errors
///
/// Fails if a file is missing or cannot be parsed, and if the list names what is not there.
pub fn scan(root: &Path, list: &Path) -> Result<Scan, String> {
    let mut scan = Scan::default();
    scan.files.insert(list.to_owned());
    let names = List::read(list)?;
    let workspace = Workspace::read(root)?;
    let lock = Lock::read(root)?;
    scan.files.extend(workspace.files.iter().cloned());
    scan.files.insert(lock.file.clone());
    let all: BTreeSet<&str> = workspace.members.iter().map(|member| member.name.as_str()).collect();
    if let Some(gone) = names.left_out.iter().find(|name| !all.contains(name.as_str())) {
        return Err(format!("{} leaves {gone} out, which is no crate of the workspace", list.display()));
    }
    let counts = |member: &&Manifest| member.has_library() && !names.left_out.contains(&member.name);
    // A build script is not optimized, so all processors help, and nested expressions take much of a stack.
    let crates: Vec<Result<Scan, String>> = std::thread::scope(|scope| {
        let (lock, names) = (&lock, &names);
        let begin = |member| {
            let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
            thread.spawn_scoped(scope, move || scan_crate(root, member, lock, names))
        };
        let threads: Vec<_> = workspace.members.iter().filter(counts).map(begin).collect();
        let ended = threads.into_iter().map(|thread| match thread.map(|thread| thread.join()) {
            Ok(Ok(found)) => found,
            Ok(Err(_)) => Err("reading a crate panicked".to_owned()),
            Err(error) => Err(format!("cannot start a thread: {error}")),
        });
        ended.collect()
    });
    for found in crates {
        let found = found?;
        scan.units.extend(found.units);
        scan.files.extend(found.files);
    }
    if let Some(gone) = names.carved.iter().find(|name| !scan.units.contains_key(*name)) {
        return Err(format!("{} names {gone}, which is no module of a crate with a library", list.display()));
    }
    // A library without a unit has no code that counts: it is left out, and nobody misses it.
    let known: BTreeSet<String> = scan.units.keys().cloned().collect();
    scan.units.values_mut().for_each(|unit| unit.uses.retain(|name| known.contains(name)));
    scan.left_out = names.left_out;
    Ok(scan)
}

fn scan_crate(root: &Path, member: &Manifest, lock: &Lock, names: &List) -> Result<Scan, String> {
    let code = Code::read(root, member)?;
    let mut scan = Scan { files: code.files, ..Scan::default() };
    let external = lock.behind(member)?;
    let mut parts: BTreeMap<String, Vec<(&String, &Module)>> = BTreeMap::new();
    for (path, module) in &code.modules {
        parts.entry(names.unit_of(&member.name, path)).or_default().push((path, module));
    }
    for (name, modules) in parts {
        let mut text = format!("{}\n{external}", member.declarations);
        let mut uses = BTreeSet::new();
        for (path, module) in modules {
            // Writing to a string cannot fail.
            let _ = write!(text, "\nmodule {path}\n{}", module.text);
            uses.extend(module.names.iter().map(|(package, path)| names.unit_of(package, path)));
            // A name without `crate` or `super` may also be a local one: only a carved module is meant for sure.
            let nearby = module.nearby.iter().map(|path| names.unit_of(&member.name, path));
            uses.extend(nearby.filter(|unit| *unit != member.name));
        }
        uses.remove(&name);
        let unit = Unit {
            digest: digest(text.as_bytes()),
            package: member.name.clone(),
            dependencies: member.inner.clone(),
            uses,
        };
        scan.units.insert(name, unit);
    }
    Ok(scan)
}

impl List {
    fn read(file: &Path) -> Result<Self, String> {
        let table = manifest::read_table(file)?;
        let names = |key: &str| -> Result<BTreeSet<String>, String> {
            let wrong = || format!("{}: {key} is to be a list of names", file.display());
            let list = table.get(key).and_then(toml::Value::as_array).ok_or_else(wrong)?;
            list.iter().map(|name| name.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
        };
        Ok(Self { carved: names("carved")?, left_out: names("left_out")? })
    }

    /// The unit that the module `path` of a crate belongs to; `path` may go on to items.
    fn unit_of(&self, package: &str, path: &str) -> String {
        let mut name = format!("{package}::{path}");
        while !self.carved.contains(&name) {
            match name.rfind("::") {
                Some(at) => name.truncate(at),
                None => break,
            }
        }
        name
    }
}

impl Scan {
    /// The constants `UNITS` and `LEFT_OUT`, as Rust.
    #[must_use]
    pub fn as_rust(&self) -> String {
        let list = |names: &BTreeSet<String>| format!("&{:?}", names.iter().collect::<Vec<_>>());
        let mut text = String::from("/// All units, by name.\npub const UNITS: &[Unit] = &[\n");
        for (name, unit) in &self.units {
            let Unit { digest, package, dependencies, uses } = unit;
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "    Unit {{ name: {name:?}, digest: {digest:?}, package: {package:?}, dependencies: {}, uses: {} }},",
                list(dependencies),
                list(uses)
            );
        }
        text.push_str(
            "];\n\n/// Crates with a library that are no units: no figure depends on their code.\n",
        );
        let _ = writeln!(text, "pub const LEFT_OUT: &[&str] = {};", list(&self.left_out));
        text
    }
}

/// SHA-256 in hexadecimal.
fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of a file.
fn read(file: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

/// The text of a file.
fn read_text(file: &Path) -> Result<String, String> {
    String::from_utf8(read(file)?).map_err(|_| format!("{} is no text in UTF-8", file.display()))
}
