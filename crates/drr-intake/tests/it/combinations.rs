//! Two thousand random ways of writing one log: none is read wrongly, and few are asked back.

use drr_intake::{Asked, IntakeError, Quiet, Source, guess, read};
use encoding_rs::{Encoding, UTF_8, UTF_16LE};
use jiff::Timestamp;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A log and a way to write it.
struct Way {
    separator: &'static str,
    encoding: &'static Encoding,
    header: Option<[&'static str; 4]>,
    unit: &'static str,
    decimal: char,
    end: &'static str,
    is_quoted: bool,
    has_value: bool,
    ids: &'static str,
}

const HEADERS: [[&str; 4]; 9] = [
    ["user_id", "item_id", "rating", "timestamp"],
    ["userId", "movieId", "rating", "timestamp"],
    ["USER", "ITEM", "SCORE", "TIME"],
    ["reviewerID", "asin", "overall", "unixReviewTime"],
    ["Kundennummer", "Artikelnummer", "Bewertung", "Datum"],
    ["id_utilisateur", "id_produit", "note", "date"],
    ["usuario", "libro", "puntuacion", "fecha"],
    ["customer", "product", "stars", "created_at"],
    ["visitor_id", "track_id", "score", "played_at"],
];

impl Way {
    fn draw(rng: &mut ChaCha8Rng) -> Self {
        let separator = *["\t", ",", ";", "|", "::", "||", " "].choose(rng).expect("made for this test");
        let has_header = rng.random_bool(0.7);
        let units = ["s", "ms", "us", "ns", "iso", "space", "date", "dmy", "fraction"];
        let unit = *units.choose(rng).expect("made for this test");
        // A space in a time would be one between fields.
        let unit = if separator == " " && unit == "space" { "s" } else { unit };
        let decimal = if separator == ";" && rng.random_bool(0.5) { ',' } else { '.' };
        Self {
            separator,
            encoding: [UTF_8, UTF_8, UTF_16LE, encoding_rs::WINDOWS_1252]
                .choose(rng)
                .expect("made for this test"),
            header: has_header.then(|| *HEADERS.choose(rng).expect("made for this test")),
            unit,
            decimal,
            end: ["\n", "\r\n"].choose(rng).expect("made for this test"),
            is_quoted: separator.len() == 1 && separator != " " && rng.random_bool(0.3),
            has_value: rng.random_bool(0.9),
            ids: ["number", "zeros", "word", "accents"].choose(rng).expect("made for this test"),
        }
    }

    fn id(&self, kind: char, number: u32) -> String {
        match self.ids {
            "number" => format!("{number}"),
            "zeros" => format!("00{number:04}"),
            "accents" => format!("{kind}é{number}"),
            _ => format!("{kind}x-{number}"),
        }
    }

    fn time(&self, seconds: i64) -> String {
        let time = Timestamp::from_second(seconds).expect("made for this test");
        match self.unit {
            "s" => seconds.to_string(),
            "ms" => format!("{seconds}000"),
            "us" => format!("{seconds}000000"),
            "ns" => format!("{seconds}000000000"),
            "fraction" => format!("{seconds}.5"),
            "iso" => time.to_string(),
            "space" => time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            "date" => time.strftime("%Y-%m-%d").to_string(),
            _ => time.strftime("%d.%m.%Y").to_string(),
        }
    }

    fn nanos(&self, seconds: i64) -> i128 {
        let whole = match self.unit {
            "date" | "dmy" => seconds - seconds.rem_euclid(86_400),
            _ => seconds,
        };
        i128::from(whole) * 1_000_000_000 + if self.unit == "fraction" { 500_000_000 } else { 0 }
    }

    fn line(&self, fields: &[String]) -> String {
        let quoted = |field: &String| if self.is_quoted { format!("\"{field}\"") } else { field.clone() };
        fields.iter().map(quoted).collect::<Vec<_>>().join(self.separator) + self.end
    }
}

type Told = (String, String, Option<f64>, i128);

/// A random log of 60 rows, written in this way, and what it says.
fn log(way: &Way, rng: &mut ChaCha8Rng) -> (Vec<u8>, Vec<Told>) {
    let (mut text, mut told) = (String::new(), Vec::new());
    let kept = |fields: Vec<String>| -> Vec<String> {
        fields.into_iter().enumerate().filter(|it| way.has_value || it.0 != 2).map(|it| it.1).collect()
    };
    if let Some(header) = way.header {
        text += &way.line(&kept(header.map(str::to_owned).to_vec()));
    }
    for row in 0..60_u32 {
        let (user, item) =
            (way.id('u', 1 + row / 6), way.id('i', 1 + (row * 7 + rng.random_range(0..7)) % 40));
        let value = f64::from(rng.random_range(1..=10_u8)) / 2.0;
        let seconds = 1_400_000_000 + rng.random_range(0..200_000_000_i64);
        let written = value.to_string().replace('.', &way.decimal.to_string());
        text += &way.line(&kept(vec![user.clone(), item.clone(), written, way.time(seconds)]));
        told.push((user, item, way.has_value.then_some(value), way.nanos(seconds)));
    }
    let bytes = if way.encoding == UTF_16LE {
        [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    } else {
        way.encoding.encode(&text).0.into_owned()
    };
    (bytes, told)
}

#[test]
fn of_two_thousand_random_ways_none_is_read_wrongly_and_few_are_asked_back() {
    let mut rng = ChaCha8Rng::seed_from_u64(20);
    let folder = tempfile::tempdir().expect("made for this test");
    let path = folder.path().join("log.txt");
    let (mut asked, mut wrong) = (Vec::new(), Vec::new());
    for number in 0..2000 {
        let way = Way::draw(&mut rng);
        let (bytes, told) = log(&way, &mut rng);
        std::fs::write(&path, bytes).expect("made for this test");
        let words = format!(
            "{number}: {:?} {} {:?} {} quoted {} value {} ids {}",
            way.separator,
            way.encoding.name(),
            way.header,
            way.unit,
            way.is_quoted,
            way.has_value,
            way.ids
        );
        let found = match guess(&path, &Asked::default()) {
            Ok(found) => found,
            Err(error) => {
                asked.push(format!("{words}: {error}"));
                continue;
            }
        };
        let mut rows: Vec<Told> = Vec::new();
        let outcome =
            read(&Source::open(&path).expect("made for this test"), &found.layout, &mut Quiet, |row| {
                rows.push((row.user.to_owned(), row.item.to_owned(), row.value, row.nanos.unwrap_or(-1)));
                Ok::<(), IntakeError>(())
            });
        match outcome {
            Err(error) => asked.push(format!("{words}: {error}")),
            Ok(_) if rows == told => {}
            Ok(_) => {
                wrong.push(format!("{words}: {:?} is {:?}, by {:?}", told[0], rows[0], found.layout.columns));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} are read wrongly:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
    assert!(asked.len() <= 100, "{} are asked back:\n{}", asked.len(), asked[..20].join("\n"));
}
