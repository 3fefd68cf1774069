//! Downloads against a server in the test, on the loopback device: no network is needed.

use super::*;
use crate::{NoProgress, RatingScale};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How the server treats one request.
#[derive(Clone, Copy)]
enum Manner {
    /// All bytes from the asked one on.
    Honest,
    /// All bytes, whatever range was asked for.
    IgnoresRange,
    /// Promises all bytes and hangs up after so many.
    BreaksAfter(usize),
    /// Only an error status.
    Status(u16),
}

/// Answers one request after the other, each in its manner, and keeps the requests' headers in lower case.
struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(body: &[u8], manners: &[Manner]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/ml.zip", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (body, manners, kept) = (body.to_vec(), manners.to_vec(), Arc::clone(&requests));
        std::thread::spawn(move || {
            for manner in manners {
                let (stream, _) = listener.accept().unwrap();
                kept.lock().unwrap().push(answer(stream, &body, manner));
            }
        });
        Self { address, requests }
    }

    fn request(&self, at: usize) -> String {
        self.requests.lock().unwrap()[at].clone()
    }

    fn n_requests(&self) -> usize {
        self.requests.lock().unwrap().len()
    }
}

fn answer(mut stream: TcpStream, body: &[u8], manner: Manner) -> String {
    let mut head = String::new();
    for line in BufReader::new(stream.try_clone().unwrap()).lines() {
        let line = line.unwrap().to_lowercase();
        if line.is_empty() {
            break;
        }
        head.push_str(&line);
        head.push('\n');
    }
    let asked = head.lines().find_map(|it| it.strip_prefix("range: bytes=")?.strip_suffix('-')?.parse().ok());
    let (status, from, upto) = match manner {
        Manner::Status(status) => (status, body.len(), body.len()),
        Manner::IgnoresRange => (200, 0, body.len()),
        Manner::Honest => (if asked.is_some() { 206 } else { 200 }, asked.unwrap_or(0), body.len()),
        Manner::BreaksAfter(n) => (if asked.is_some() { 206 } else { 200 }, asked.unwrap_or(0), n),
    };
    let range = if status == 206 {
        format!("Content-Range: bytes {from}-{}/{}\r\n", body.len() - 1, body.len())
    } else {
        String::new()
    };
    let length = body.len() - from;
    let text = format!(
        "HTTP/1.1 {status} Any\r\nETag: \"v1\"\r\nContent-Length: {length}\r\n{range}Connection: close\r\n\r\n"
    );
    stream.write_all(text.as_bytes()).unwrap();
    stream.write_all(&body[from..upto.max(from)]).unwrap();
    stream.flush().unwrap();
    head
}

const LIMITS: Limits = Limits {
    connect: Duration::from_secs(2),
    silence: Duration::from_secs(5),
    n_attempts: 5,
    https_only: false,
};

fn body() -> Vec<u8> {
    (0..50_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn md5_of(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x"), bytes).unwrap();
    checksum::of_file(&folder.path().join("x")).unwrap().md5
}

fn spec(addresses: &[&str], official: &[u8]) -> DatasetSpec {
    DatasetSpec {
        name: "ml".into(),
        domain: "films".into(),
        title: "Films".into(),
        homepage: None,
        format: RawFormat::MovieLens1m,
        addresses: addresses.iter().map(|it| (*it).to_owned()).collect(),
        archive: Some("ml.zip".into()),
        bring: None,
        md5: Some(md5_of(official)),
        sha256: None,
        checksum_from: Some("a test".into()),
        licence: String::new(),
        citation: String::new(),
        rating_scale: Some(RatingScale { min: 1.0, max: 5.0, step: None }),
        file: None,
        appended: Vec::new(),
        layout: None,
        rules: crate::OwnRules::default(),
        columns: crate::ColumnNames::default(),
        python_package: None,
        synthetic: None,
    }
}

fn run(spec: &DatasetSpec, raw_dir: &Path) -> Result<Fetched, DataError> {
    fetch_within(spec, raw_dir, &mut NoProgress, LIMITS)
}

fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|it| it.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_download_is_checked_and_nothing_else_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let raw = folder.path().join("raw");
    let server = Server::start(&body(), &[Manner::Honest]);
    let fetched = run(&spec(&[&server.address], &body()), &raw).unwrap();
    assert_eq!(fetched.origin, Origin::Downloaded { address: server.address.clone() });
    assert_eq!(std::fs::read(raw.join("ml.zip")).unwrap(), body());
    assert_eq!(names_in(&raw), ["ml.zip"]);
}

#[test]
fn a_broken_connection_is_resumed_where_it_broke_if_the_file_is_still_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&body(), &[Manner::BreaksAfter(20_000), Manner::Honest]);
    run(&spec(&[&server.address], &body()), folder.path()).unwrap();
    assert_eq!(std::fs::read(folder.path().join("ml.zip")).unwrap(), body());
    assert!(!server.request(0).contains("range:"));
    assert!(server.request(1).contains("range: bytes=20000-"), "{}", server.request(1));
    assert!(server.request(1).contains("if-range: \"v1\""), "{}", server.request(1));
}

#[test]
fn a_part_of_an_earlier_call_is_resumed_and_a_server_without_ranges_begins_anew() {
    for (manner, n_bytes) in [(Manner::Honest, 30_000), (Manner::IgnoresRange, 30_000)] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ml.zip.part"), &body()[..n_bytes]).unwrap();
        let server = Server::start(&body(), &[manner]);
        run(&spec(&[&server.address], &body()), folder.path()).unwrap();
        assert!(server.request(0).contains("range: bytes=30000-"));
        assert_eq!(std::fs::read(folder.path().join("ml.zip")).unwrap(), body());
    }
}

#[test]
fn a_spoilt_part_costs_one_more_download_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ml.zip.part"), [0_u8; 1000]).unwrap();
    let server = Server::start(&body(), &[Manner::Honest, Manner::Honest]);
    run(&spec(&[&server.address], &body()), folder.path()).unwrap();
    assert_eq!(std::fs::read(folder.path().join("ml.zip")).unwrap(), body());
    assert_eq!(server.n_requests(), 2);
}

#[test]
fn a_part_longer_than_the_file_is_thrown_away() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ml.zip.part"), vec![0_u8; 90_000]).unwrap();
    let server = Server::start(&body(), &[Manner::Status(416), Manner::Honest]);
    run(&spec(&[&server.address], &body()), folder.path()).unwrap();
    assert_eq!(std::fs::read(folder.path().join("ml.zip")).unwrap(), body());
}

#[test]
fn the_next_address_is_used_when_one_has_no_file_or_a_wrong_one() {
    let folder = tempfile::tempdir().unwrap();
    let absent = Server::start(b"", &[Manner::Status(404)]);
    let wrong = Server::start(b"another file", &[Manner::Honest]);
    let right = Server::start(&body(), &[Manner::Honest]);
    let spec = spec(&[&absent.address, &wrong.address, &right.address], &body());
    let fetched = run(&spec, folder.path()).unwrap();
    assert_eq!(fetched.origin, Origin::Downloaded { address: right.address });
    assert_eq!(fetched.md5, spec.md5);
}

#[test]
fn when_no_address_answers_the_message_lists_them_and_says_what_to_do_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = Server::start(b"another file", &[Manner::Honest]);
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/ml.zip", listener.local_addr().unwrap())
    };
    let spec = spec(&[&wrong.address, &closed], &body());
    let message = run(&spec, folder.path()).unwrap_err().to_string();
    let place = folder.path().join("ml.zip").display().to_string();
    let sums = [md5_of(b"another file"), md5_of(&body())];
    for part in [&wrong.address, &closed, &place, &sums[0], &sums[1], "--archive PATH"] {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
    assert!(names_in(folder.path()).is_empty(), "{:?}", names_in(folder.path()));
}

#[test]
fn an_archive_of_the_user_is_used_with_a_warning_that_names_both_sums() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ml.zip"), "repacked").unwrap();
    let spec = spec(&["http://127.0.0.1:9/never-asked"], &body());
    let kept = run(&spec, folder.path()).unwrap();
    let given = supplied(&spec, &folder.path().join("ml.zip")).unwrap();
    assert_eq!((kept.origin, given.origin), (Origin::Kept, Origin::Supplied));
    for warning in [kept.warning.unwrap(), given.warning.unwrap()] {
        assert!(warning.contains(&md5_of(b"repacked")) && warning.contains(&md5_of(&body())), "{warning}");
    }
    std::fs::write(folder.path().join("ml.zip"), body()).unwrap();
    assert_eq!(run(&spec, folder.path()).unwrap().warning, None);
}

/// An entry without a checksum.
fn unstated(addresses: &[&str]) -> DatasetSpec {
    DatasetSpec { md5: None, checksum_from: None, ..spec(addresses, b"") }
}

#[test]
fn an_archive_without_a_stated_checksum_is_pinned_and_another_one_is_refused_with_both_sums() {
    let folder = tempfile::tempdir().unwrap();
    let (archive, pin) = (folder.path().join("ml.zip"), folder.path().join("ml.zip.sha256"));
    let server = Server::start(&body(), &[Manner::Honest]);
    let fetched = run(&unstated(&[&server.address]), folder.path()).unwrap();
    let sum = fetched.sha256.clone().unwrap();
    assert_eq!(std::fs::read_to_string(&pin).unwrap(), format!("{sum}  ml.zip\n"));
    let line = fetched.checksum.unwrap();
    assert!(line.contains("no registered checksum") && line.contains(&sum), "{line}");
    assert!(line.contains("pinned at the first fetch"), "{line}");
    let kept = run(&unstated(&[]), folder.path()).unwrap();
    assert_eq!((kept.origin, kept.checksum.unwrap()), (Origin::Kept, line));

    // Another file in its place, and another one at the address.
    std::fs::write(&archive, "another file").unwrap();
    let other = checksum::of_file(&archive).unwrap().sha256;
    let in_place = run(&unstated(&[]), folder.path()).unwrap_err().to_string();
    std::fs::remove_file(&archive).unwrap();
    let server = Server::start(b"another file", &[Manner::Honest]);
    let fetched = run(&unstated(&[&server.address]), folder.path()).unwrap_err().to_string();
    for message in [in_place, fetched] {
        for part in [&sum, &other, &pin.display().to_string(), "delete"] {
            assert!(message.contains(part), "{part} is not in: {message}");
        }
    }
    assert_eq!(names_in(folder.path()), ["ml.zip.sha256"]);

    // The remedy works.
    std::fs::remove_file(&pin).unwrap();
    let server = Server::start(b"another file", &[Manner::Honest]);
    assert_eq!(run(&unstated(&[&server.address]), folder.path()).unwrap().sha256.unwrap(), other);
    assert!(std::fs::read_to_string(&pin).unwrap().starts_with(&other));
}

#[test]
fn a_pin_that_is_none_is_refused_and_an_archive_that_was_given_is_not_pinned() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("ml.zip");
    std::fs::write(&archive, "given").unwrap();
    let given = supplied(&unstated(&[]), &archive).unwrap();
    assert_eq!(names_in(folder.path()), ["ml.zip"]);
    assert!(!given.checksum.unwrap().contains("pinned"));
    std::fs::write(folder.path().join("ml.zip.sha256"), "\u{1b}[31mnothing").unwrap();
    let message = run(&unstated(&[]), folder.path()).unwrap_err().to_string();
    assert!(message.contains("ml.zip.sha256") && message.contains("delete it"), "{message}");
    assert!(!message.contains('\u{1b}'), "{message}");
}

#[test]
fn a_stated_sha_256_decides_and_md5_alone_is_called_weak() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ml.zip"), body()).unwrap();
    let weak = run(&spec(&[], &body()), folder.path()).unwrap();
    let line = weak.checksum.unwrap();
    assert!(line.contains("MD5 alone shows damage, not forgery") && line.contains("a test"), "{line}");
    let sum = weak.sha256.unwrap();
    let strong = DatasetSpec { sha256: Some(sum.clone()), ..spec(&[], &body()) };
    let line = run(&strong, folder.path()).unwrap().checksum.unwrap();
    assert!(line.contains("SHA-256 is as registered") && line.contains("a test"), "{line}");
    let wrong = DatasetSpec { sha256: Some("0".repeat(64)), ..spec(&[], &body()) };
    let kept = run(&wrong, folder.path()).unwrap();
    let warning = kept.warning.unwrap();
    assert!(warning.contains(&sum) && warning.contains(&"0".repeat(64)), "{warning}");
    assert_eq!(names_in(folder.path()), ["ml.zip"], "what has a stated sum is not pinned");
}

#[test]
fn an_address_without_encryption_is_not_asked() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&body(), &[Manner::Honest]);
    let spec = spec(&[&server.address], &body());
    let message = fetch(&spec, folder.path(), &mut NoProgress).unwrap_err().to_string();
    assert!(message.contains(&server.address), "{message}");
    assert_eq!(server.n_requests(), 0);
}

#[cfg(unix)]
#[test]
fn a_wheel_comes_from_the_first_client_that_can_and_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let raw = folder.path().join("raw");
    let mut wheel = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    wheel.start_file("made/up/x.inter", zip::write::SimpleFileOptions::default()).unwrap();
    let source = folder.path().join("source.whl");
    std::fs::write(&source, wheel.finish().unwrap().into_inner()).unwrap();
    // The folder is the argument after --dest, the last but one.
    let script = folder.path().join("client.sh");
    let text = format!(
        "for last; do dest=$before; before=$last; done\ncp {} $dest/made-1.0-py3.whl\n",
        source.display()
    );
    std::fs::write(&script, text).unwrap();
    let mut spec = spec(&[], &body());
    spec.python_package = Some(crate::PythonPackage {
        name: "made".into(),
        version: "1.0".into(),
        member_prefix: "made/up/".into(),
        columns: crate::ColumnNames::default(),
    });
    let absent: &[&str] = &["no-such-program-anywhere"];
    let failing: &[&str] = &["sh", "-c", "echo no index >&2; exit 3"];
    let message = python::fetch_with(&[absent, failing], &spec, &raw).unwrap_err().to_string();
    assert!(message.contains("made==1.0") && message.contains("no index"), "{message}");

    let script = script.display().to_string();
    let working: &[&str] = &["sh", &script];
    let fetched = python::fetch_with(&[absent, working], &spec, &raw).unwrap();
    assert_eq!(fetched.source, RawSource::Archive(raw.join("made-1.0-py3.whl")));
    assert_eq!(names_in(&raw), ["made-1.0-py3.whl"]);
    assert_eq!(python::fetch_with(&[absent], &spec, &raw).unwrap(), fetched);
}
