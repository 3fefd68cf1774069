//! Films, books and music.

use super::sample::{Lies, Said, Sample, stars, table};

/// Two genres of three.
fn genres(at: usize) -> [&'static str; 2] {
    [["Comedy", "Film-Noir"], ["Film-Noir", "Children"], ["Children", "Comedy"]][at % 3]
}

fn film(at: usize) -> Said {
    Said {
        title: Some(format!("Made-Up Tale {at}, The")),
        year: Some(1950.0 + at as f64),
        categories: genres(at).map(str::to_owned).to_vec(),
    }
}

fn half_stars(at: usize) -> (&'static str, Option<f32>) {
    [("0.5", Some(0.5)), ("3.5", Some(3.5)), ("5.0", Some(5.0))][at % 3]
}

/// MovieLens from 20M on, below the folder of its archive.
pub(super) fn movielens_csv(within: &'static str) -> Sample {
    Sample {
        header: "userId,movieId,rating,timestamp\n",
        value: half_stars,
        tables: || {
            let row = |at| {
                let genres = if at == 12 { "(no genres listed)".to_owned() } else { genres(at).join("|") };
                format!("{},\"Made-Up Tale {at}, The ({})\",{genres}", at * 7 + 2, 1950 + at)
            };
            let rows = table("movieId,title,genres\n", row);
            vec![("movies.csv", rows), ("tags.csv", b"userId,movieId,tag,timestamp\n1,2,odd,9\n".to_vec())]
        },
        said: film,
        scale: (0.5, 5.0),
        ..Sample::plain(Lies::Zip(within), &["ratings.csv"], |row| row.join(","))
    }
}

pub(super) fn movielens_10m() -> Sample {
    Sample {
        value: half_stars,
        tables: || {
            let row = |at| {
                format!("{}::Made-Up Tale {at}, The ({})::{}", at * 7 + 2, 1950 + at, genres(at).join("|"))
            };
            vec![("movies.dat", table("", row))]
        },
        said: film,
        scale: (0.5, 5.0),
        ..Sample::plain(Lies::Zip("ml-10M100K/"), &["ratings.dat"], |row| row.join("::"))
    }
}

/// MovieTweetings: of the same names there are several files, and ids have leading zeros.
pub(super) fn tweets(log: &'static [&'static str], is_latest: bool) -> Sample {
    let latest = || {
        let row = |at| {
            format!("{:07}::Made-Up Tale {at}, The ({})::{}", at * 7 + 2, 1950 + at, genres(at).join("|"))
        };
        vec![
            ("latest/movies.dat", table("", row)),
            ("snapshots/10K/ratings.dat", b"9::0000009::9::9\n".to_vec()),
        ]
    };
    let snapshot = || {
        let row = |at| {
            format!("{:07}::Made-Up Tale {at}, The ({})::{}", at * 7 + 2, 1950 + at, genres(at).join("|"))
        };
        vec![
            ("snapshots/100K/movies.dat", table("", row)),
            ("latest/ratings.dat", b"9::0000009::9::9\n".to_vec()),
        ]
    };
    Sample {
        item: |at| format!("{:07}", at * 7 + 2),
        value: |at| [("0", Some(0.0)), ("7", Some(7.0)), ("10", Some(10.0))][at % 3],
        tables: if is_latest { latest } else { snapshot },
        said: film,
        scale: (0.0, 10.0),
        ..Sample::plain(Lies::Zip("MovieTweetings-master/"), log, |row| row.join("::"))
    }
}

/// Book-Crossing: accents in windows-1252, escaped quotation marks, and 0 for no rating.
pub(super) fn book_crossing() -> Sample {
    Sample {
        item: |at| format!("0{:08}X", at * 7 + 2),
        value: |at| [("0", None), ("1", Some(1.0)), ("10", Some(10.0)), ("6", Some(6.0))][at % 4],
        time: None,
        header: "\"User-ID\";\"ISBN\";\"Book-Rating\"\n",
        tables: || {
            let row = |at: usize| {
                let year = if at == 0 { 0 } else { 1950 + at };
                format!(
                    "\"0{:08}X\";\"Caf\u{e9} \\\"Nord\\\"; {at}\";\"A. Nobody\";\"{year}\";\"Press\"",
                    at * 7 + 2
                )
            };
            let header = "\"ISBN\";\"Book-Title\";\"Book-Author\";\"Year-Of-Publication\";\"Publisher\"\n";
            let text = String::from_utf8(table(header, row)).unwrap();
            let in_windows_1252 = text.chars().map(|it| u8::try_from(u32::from(it)).unwrap()).collect();
            vec![
                ("BX-Books.csv", in_windows_1252),
                ("BX-Users.csv", b"\"User-ID\";\"Age\"\n\"1\";NULL\n".to_vec()),
            ]
        },
        said: |at| Said {
            title: Some(format!("Caf\u{e9} \"Nord\"; {at}")),
            year: (at > 0).then_some(1950.0 + at as f64),
            categories: Vec::new(),
        },
        scale: (1.0, 10.0),
        ..Sample::plain(Lies::Zip(""), &["BX-Book-Ratings.csv"], |[user, item, value, _]| {
            format!("\"{user}\";\"{item}\";\"{value}\"")
        })
    }
}

/// goodbooks-10k: years with a fraction, before our era, and none.
pub(super) fn goodbooks() -> Sample {
    Sample {
        time: None,
        header: "user_id,book_id,rating\n",
        tables: || {
            let row = |at| {
                let year = ["1937.0", "-720.0", ""][at % 3];
                format!("{},99,A. Nobody,{year},Original {at},\"Book {at} (Row, #{at})\",4.5", at * 7 + 2)
            };
            let header =
                "book_id,work_id,authors,original_publication_year,original_title,title,average_rating\n";
            vec![("books.csv", table(header, row)), ("to_read.csv", b"user_id,book_id\n1,2\n".to_vec())]
        },
        said: |at| Said {
            title: Some(format!("Book {at} (Row, #{at})")),
            year: (at % 3 == 0).then_some(1937.0),
            categories: Vec::new(),
        },
        ..Sample::plain(Lies::Zip("goodbooks-10k/"), &["ratings.csv"], |[user, item, value, _]| {
            format!("{user},{item},{value}")
        })
    }
}

/// Last.fm: how often an artist was played, which is graded by fifths.
pub(super) fn lastfm() -> Sample {
    Sample {
        value: |at| (["1", "7", "40", "300", "13883"][at % 5], stars(at).1),
        time: None,
        header: "userID\tartistID\tweight\n",
        tables: || {
            let row = |at| format!("{}\tThe \"Made-Up\" {at}\thttps://example.org/{at}\t", at * 7 + 2);
            vec![
                ("artists.dat", table("id\tname\turl\tpictureURL\n", row)),
                ("tags.dat", b"tagID\ttagValue\n1\todd\n".to_vec()),
            ]
        },
        said: |at| Said { title: Some(format!("The \"Made-Up\" {at}")), ..Said::default() },
        ..Sample::plain(Lies::Zip(""), &["user_artists.dat"], |[user, item, value, _]| {
            format!("{user}\t{item}\t{value}")
        })
    }
}

pub(super) fn yahoo() -> Sample {
    Sample {
        time: None,
        ..Sample::plain(
            Lies::File,
            &["ydata-ymusic-rating-study-v1_0-train.txt"],
            |[user, item, value, _]| format!("{user}\t{item}\t{value}"),
        )
    }
}

/// Jester: ratings with a fraction from -10 to 10.
pub(super) fn jester_1() -> Sample {
    Sample {
        value: |at| {
            [("-9.81", Some(-9.81)), ("99.0", None), ("9.9", Some(9.9)), ("0.05", Some(0.05))][at % 4]
        },
        time: None,
        header: "user,joke,rating\n",
        scale: (-10.0, 10.0),
        ..Sample::plain(Lies::File, &["any name"], |[user, item, value, _]| format!("{user},{item},{value}"))
    }
}

pub(super) fn jester_2() -> Sample {
    Sample {
        value: |at| [("-9.812", Some(-9.812)), ("9.906", Some(9.906)), ("0.219", Some(0.219))][at % 3],
        time: None,
        tables: || vec![("jester_items.dat", b"1:\nA joke.\n".to_vec())],
        scale: (-10.0, 10.0),
        ..Sample::plain(Lies::Zip(""), &["jester_ratings.dat"], |[user, item, value, _]| {
            format!("{user}\t\t{item}\t\t{value}")
        })
    }
}
