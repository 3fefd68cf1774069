//! Ranked lists of foreign make are read as what they are, or refused with the place and the remedy.

mod bare;
mod beside;
mod layouts;
mod packed;
mod stopped;
mod types;

use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Float32Array, Float64Array, Int32Array, Int64Array,
    LargeStringArray, PrimitiveArray, RecordBatch, StringArray, StringViewArray, UInt8Array,
};
use drr_data::{ForeignLists, NoProgress, read_foreign_lists};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::sync::Arc;

/// Reads `data` as a file of that name under "first_ratings".
pub fn read(name: &str, data: &[u8]) -> Result<ForeignLists, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, data).unwrap();
    read_foreign_lists(&path, "first_ratings", None, &mut NoProgress).map_err(|error| error.to_string())
}

/// User, item and order of each row.
pub fn rows(lists: &ForeignLists) -> Vec<(&str, &str, f64)> {
    let text = |row: &drr_data::ForeignRow| {
        (lists.user_ids[row.user as usize].as_str(), lists.item_ids[row.item as usize].as_str(), row.order)
    };
    lists.rows.iter().map(text).collect()
}

pub fn parquet(compression: Compression, columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder().set_compression(compression).build();
    let mut data = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut data, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    data
}

#[test]
fn text_is_read_with_quotes_separators_empty_lines_and_a_byte_order_mark() {
    let expected = [("1", "a,b;c", 1.0), ("2", "say \"so\"", 2.0)];
    for text in [
        "\u{feff}user,item,rank\r\n1,\"a,b;c\",1\r\n\r\n2,\"say \"\"so\"\"\",2\r\n",
        "user\titem\trank\n1\ta,b;c\t1\n2\t\"say \"\"so\"\"\"\t2",
        "\nuser;item;rank\n 1 ;\"a,b;c\";1\n2;\"say \"\"so\"\"\";2\n",
    ] {
        assert_eq!(rows(&read("mine.csv", text.as_bytes()).unwrap()), expected, "{text}");
    }
}

#[test]
fn a_score_goes_from_the_greatest_and_a_rank_beside_it_decides() {
    let scored = read("mine.csv", b"user,item,score\n1,a,0.5\n1,b,2e1\n").unwrap();
    assert_eq!(rows(&scored), [("1", "a", -0.5), ("1", "b", -20.0)]);
    let ranked = read("mine.csv", b"rank,score,user,item\n7,0.5,1,a\n9,2e1,1,b\n").unwrap();
    assert_eq!(rows(&ranked), [("1", "a", 7.0), ("1", "b", 9.0)]);
}

#[test]
fn bad_text_is_refused_with_the_line_and_the_remedy() {
    let cases: [(&[u8], [&str; 2]); 13] = [
        (b"", ["mine.csv: it is empty", "header"]),
        (b"user,item,rank\n", ["no lists in it", "give the file"]),
        (b"who,what,rank\n1,2,3\n", ["line 1: the header has no column for the user", "name the columns"]),
        (b"\nuser,item,rank\n\n\n1,a,one\n", ["line 5", "\"one\" is no number"]),
        (b"user,item,rank\n1,a,1.5\n", ["line 2", "whole number"]),
        (b"user,item,score\n1,a,NaN\n", ["line 2", "finite"]),
        (b"user,item,rank\n1,a\n", ["line 2", "2 fields"]),
        (b"user,item,rank\n,a,1\n", ["line 2", "user is missing"]),
        (b"user,item,rank\n1,a,1\n1,b,2\n1,a,3\n", ["line 4: user 1 has the item a", "see line 2"]),
        (b"user,item,rank\n1,a,1\n1,b,1\n", ["line 3: user 1 has the rank 1", "see line 2"]),
        (b"user,rank,item\n1,1,\"a\n1,2,b\n", ["line 2", "close the quotation mark"]),
        (b"user,item,rank\n1,a,1\n1,\xff,2\n", ["line 3", "UTF-8"]),
        (b"\xff\xfeu\0\n\0\x00\xd8e\0", ["line 2", "begins as UTF-16"]),
    ];
    for (data, parts) in cases {
        let error = read("mine.csv", data).unwrap_err();
        assert!(parts.iter().all(|part| error.contains(part)), "{parts:?}: {error}");
    }
}

#[test]
fn parquet_of_any_usual_types_and_compressions_is_read() {
    let users: [ArrayRef; 6] = [
        Arc::new(Int32Array::from(vec![1, 1, 2])),
        Arc::new(Int64Array::from(vec![1, 1, 2])),
        Arc::new(UInt8Array::from(vec![1, 1, 2])),
        Arc::new(LargeStringArray::from(vec!["1", "1", "2"])),
        Arc::new(StringViewArray::from(vec!["1", "1", "2"])),
        Arc::new(["1", "1", "2"].into_iter().collect::<DictionaryArray<Int32Type>>()),
    ];
    let items: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "a"]));
    let orders: [(&str, ArrayRef); 4] = [
        ("rank", Arc::new(UInt8Array::from(vec![3, 4, 5]))),
        ("rank", Arc::new(Float64Array::from(vec![3.0, 4.0, 5.0]))),
        ("score", Arc::new(Float32Array::from(vec![-3.0, -4.0, -5.0]))),
        ("score", Arc::new(PrimitiveArray::<Int64Type>::from(vec![-3, -4, -5]))),
    ];
    let compressions = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::ZSTD(ZstdLevel::default()),
        Compression::GZIP(GzipLevel::default()),
        Compression::LZ4_RAW,
    ];
    let expected = [("1", "a", 3.0), ("1", "b", 4.0), ("2", "a", 5.0)];
    for (at, user) in users.iter().enumerate() {
        let (name, order) = &orders[at % orders.len()];
        let columns = vec![
            ("__index_level_0__", Arc::clone(&users[1])),
            (*name, Arc::clone(order)),
            ("userId", Arc::clone(user)),
            ("movie_id", Arc::clone(&items)),
        ];
        let data = parquet(compressions[at % compressions.len()], columns);
        assert_eq!(rows(&read("lists.pq", &data).unwrap()), expected, "user ids of {}", user.data_type());
    }
}

#[test]
fn bad_parquet_is_refused_with_the_row_and_the_remedy() {
    let file = |user: ArrayRef, score: ArrayRef| {
        let items: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
        parquet(Compression::UNCOMPRESSED, vec![("user", user), ("item", items), ("score", score)])
    };
    let users = || -> ArrayRef { Arc::new(Int64Array::from(vec![1, 1])) };
    let scores = || -> ArrayRef { Arc::new(Float64Array::from(vec![1.0, 2.0])) };
    let whole = file(users(), scores());
    let cases = [
        (
            file(Arc::new(Int64Array::from(vec![Some(1), None])), scores()),
            ["row 2: the user is missing", "remove"],
        ),
        (
            file(Arc::new(Float64Array::from(vec![1.0, 2.5])), scores()),
            ["row 2: the user is no whole", "remove"],
        ),
        (
            file(Arc::new(BooleanArray::from(vec![true, false])), scores()),
            ["column \"user\" has the type", "cast"],
        ),
        (file(users(), Arc::new(Float64Array::from(vec![1.0, f64::NAN]))), ["row 2", "finite"]),
        (file(users(), Arc::new(Float64Array::from(vec![None, Some(1.0)]))), ["row 1", "score is missing"]),
        (file(users(), Arc::new(StringArray::from(vec!["1", "2"]))), ["column \"score\"", "cast"]),
        (whole[..whole.len() / 2].to_vec(), ["lists.parquet: it is damaged", "write it again"]),
    ];
    for (data, parts) in cases {
        let error = read("lists.parquet", &data).unwrap_err();
        assert!(parts.iter().all(|part| error.contains(part)), "{parts:?}: {error}");
    }
}

#[test]
fn protocol_and_recommender_choose_rows_where_a_file_has_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lists.csv");
    let text = "protocol,recommender,user,item,rank\nfirst_ratings,x,1,a,1\nseed,y,1,b,1\ntemporal,x,1,c,1\n";
    std::fs::write(&path, text).unwrap();
    let read = |protocol: &str, name: Option<&str>| {
        read_foreign_lists(&path, protocol, name, &mut NoProgress).map_err(|error| error.to_string())
    };
    // The second row is of the protocol by the name that it had.
    assert_eq!(rows(&read("first_ratings", Some("y")).unwrap()), [("1", "b", 1.0)]);
    assert_eq!(read("temporal", None).unwrap().recommender.as_deref(), Some("x"));
    let several = read("first_ratings", None).unwrap_err();
    assert!(several.contains("\"x\", \"y\"") && several.contains("--name"), "{several}");
    let none = read("holdout", None).unwrap_err();
    assert!(
        none.contains("under protocol holdout, but under \"first_ratings\", \"seed\", \"temporal\""),
        "{none}"
    );
}
