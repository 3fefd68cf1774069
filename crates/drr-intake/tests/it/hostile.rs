//! Inputs that are no logs, and those that want all memory.

use drr_intake::{Asked, IntakeError, Quiet, Source, guess, read};
use std::io::Write;
use std::path::Path;

fn refused(path: &Path) -> String {
    let read_all = |path: &Path| {
        let found = guess(path, &Asked::default())?;
        read(&Source::open(path)?, &found.layout, &mut Quiet, |_| Ok::<(), IntakeError>(()))
    };
    let error = read_all(path).expect_err("refused").to_string();
    assert!(error.len() < 2000 && !error.contains(char::is_control), "{error}");
    error
}

/// A zip with one member of `n_bytes` that `piece` repeats.
fn zip_of(path: &Path, front: &str, piece: &[u8], n_pieces: usize) {
    let mut writer = zip::ZipWriter::new(std::fs::File::create(path).expect("made for this test"));
    let options = zip::write::SimpleFileOptions::default().large_file(true);
    writer.start_file("log.csv", options).expect("made for this test");
    writer.write_all(front.as_bytes()).expect("made for this test");
    for _ in 0..n_pieces {
        writer.write_all(piece).expect("made for this test");
    }
    writer.finish().expect("made for this test");
}

#[test]
fn a_small_archive_with_an_endless_line_or_quotation_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zip");
    let rows: String = (0..40).map(|it| format!("{it},{},3\n", it % 7)).collect();
    let front = format!("user,item,rating\n{rows}");
    zip_of(&path, &front, &vec![b'7'; 1 << 20], 40);
    assert!(refused(&path).contains("16 MiB"));
    zip_of(&path, &format!("{front}1,\"2"), "\n3,4,5".repeat(1 << 17).as_bytes(), 40);
    assert!(refused(&path).contains("quotation mark"));
}

#[test]
fn what_is_no_file_is_refused_with_what_helps() {
    let folder = tempfile::tempdir().unwrap();
    assert!(refused(folder.path()).contains("no file in it"));
    assert!(refused(&folder.path().join("none.csv")).contains("none.csv"));
    #[cfg(unix)]
    assert!(refused(Path::new("/dev/zero")).contains("neither a file nor a folder"));
    let path = folder.path().join("half.csv.gz");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    (0..5000).for_each(|it| writeln!(packed, "{it},{},{}", it * 7919 % 1000, it % 5).unwrap());
    let packed = packed.finish().unwrap();
    std::fs::write(&path, &packed[..packed.len() / 2]).unwrap();
    assert!(refused(&path).contains("damaged"));
}

#[test]
fn names_that_a_terminal_would_obey_are_shown_and_not_obeyed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, "\u{1b}[31mone,\u{1b}[0mtwo,rating\nx,y,3\nx,z,4\nv,y,5\nv,z,5\n").unwrap();
    assert!(refused(&path).contains("--user"));
}

#[test]
fn a_word_beyond_the_front_is_refused_by_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let rows: String = (0..40_000).map(|it| format!("{},{},{}\n", it / 10, it % 97, it % 5)).collect();
    std::fs::write(&path, format!("user,item,rating\n{rows}7,8,good\n")).unwrap();
    let error = refused(&path);
    assert!(error.contains("line 40002") && error.contains("good in column rating"), "{error}");
    let bytes = [format!("user,item,rating\n{rows}").as_bytes(), b"caf\xe9,8,3\n"].concat();
    std::fs::write(&path, bytes).unwrap();
    let error = refused(&path);
    assert!(error.contains("line 40002") && error.contains("--encoding"), "{error}");
}
