//! Lists that are packed, in other encodings, or not in a file at all.

use super::{read, rows};
use std::io::Write;

const TEXT: &str = "user,item,rank\nä7,k3,1\nä7,k1,2\n";

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn gzip_and_zstandard_are_unpacked_whatever_the_name() {
    let twice = [gzip(&TEXT.as_bytes()[..20]), gzip(&TEXT.as_bytes()[20..])].concat();
    for data in [gzip(TEXT.as_bytes()), twice, zstd::encode_all(TEXT.as_bytes(), 1).unwrap()] {
        let lists = read("mine.csv", &data).unwrap();
        assert_eq!(rows(&lists), [("ä7", "k3", 1.0), ("ä7", "k1", 2.0)]);
    }
}

#[test]
fn utf_16_is_read_with_its_mark_and_without() {
    let plain = "user,item,rank\r\nä7,k3,1\r\nä7,k1,2\r\n";
    let marked = format!("\u{feff}{plain}");
    let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>();
    for data in [little(&marked), big(&marked), little(plain), big(plain)] {
        let lists = read("mine.csv", &data).unwrap();
        assert_eq!(rows(&lists), [("ä7", "k3", 1.0), ("ä7", "k1", 2.0)]);
    }
}

#[test]
fn what_cannot_be_unpacked_is_refused_with_a_remedy() {
    let packed = gzip(TEXT.as_bytes());
    for (data, part) in [
        (packed[..packed.len() - 9].to_vec(), "no whole gzip file"),
        (b"\x28\xb5\x2f\xfdnothing".to_vec(), "no whole Zstandard file"),
        (b"PK\x03\x04".to_vec(), "zip archive or a spreadsheet"),
        (gzip(b"PAR1xxxxPAR1"), "inside another compression"),
        (b"user,item\0,rank\n".to_vec(), "zero byte"),
        (gzip(b""), "it is empty"),
    ] {
        let error = read("mine.csv", &data).unwrap_err();
        assert!(
            error.contains("mine.csv") && error.contains(part) && error.contains("; "),
            "{part}: {error}"
        );
    }
}

#[test]
fn a_file_that_grows_without_end_is_refused_at_the_bound() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![b'1'; 1 << 20];
    for _ in 0..300 {
        encoder.write_all(&zeros).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 2 << 20);
    let error = read("mine.csv.gz", &bomb).unwrap_err();
    assert!(error.contains("more than 256 MiB once unpacked"), "{error}");
}

#[test]
fn a_folder_or_a_device_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |path: &std::path::Path| {
        drr_data::read_foreign_lists(path, "temporal", None, &mut drr_data::NoProgress)
            .unwrap_err()
            .to_string()
    };
    assert!(refused(folder.path()).contains("it is a folder; give the file"));
    if cfg!(unix) {
        assert!(refused(std::path::Path::new("/dev/zero")).contains("it is no regular file; give the file"));
    }
}
