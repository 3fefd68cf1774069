//! The official layouts of MovieLens 1M and 100K, as their READMEs describe them.
//!
//! Both are latin-1. Genres and occupations come out in words: 1M writes occupations as codes, 100K writes genres as
//! a row of flags.

use super::Reading;
use super::rows::{RatingFields, RatingRows, Record, Table};
use super::text::{Decoder, Encoding, fields, integer, title_and_year};
use crate::archive::Line;
use crate::{Archive, AttributeKind, AttributeValue, DataError, RawLog};

/// The occupations of MovieLens 1M, by code.
const OCCUPATIONS: [&str; 21] = [
    "other",
    "academic/educator",
    "artist",
    "clerical/admin",
    "college/grad student",
    "customer service",
    "doctor/health care",
    "executive/managerial",
    "farmer",
    "homemaker",
    "K-12 student",
    "lawyer",
    "programmer",
    "retired",
    "sales/marketing",
    "scientist",
    "self-employed",
    "technician/engineer",
    "tradesman/craftsman",
    "unemployed",
    "writer",
];

/// MovieLens 100K's name for the absence of a genre.
const NO_GENRE: &str = "unknown";
/// The fields of `u.item` before the flags of the genres: id, title, release, video release, address.
const FIELDS_BEFORE_GENRES: usize = 5;

/// What is said of users.
pub(super) const USER_ATTRIBUTES: [(&str, AttributeKind); 4] = [
    ("gender", AttributeKind::Category),
    ("age", AttributeKind::Number),
    ("occupation", AttributeKind::Category),
    ("zip", AttributeKind::Text),
];
/// What is said of films.
pub(super) const ITEM_ATTRIBUTES: [(&str, AttributeKind); 2] =
    [("year", AttributeKind::Number), ("genres", AttributeKind::Categories)];

/// Reads `users.dat`, `movies.dat` and `ratings.dat`.
pub(super) fn read_1m(archive: &mut Archive, reading: &mut Reading<'_>) -> Result<RawLog, DataError> {
    let names = ["users.dat", "movies.dat", "ratings.dat"];
    let [users_dat, movies_dat, ratings_dat] = members(archive, names)?;
    let mut decoder = Decoder::new(Encoding::Latin1, reading.policy);
    let (mut users, mut items) = (Table::closed(USER_ATTRIBUTES)?, Table::closed(ITEM_ATTRIBUTES)?);
    archive.for_each_line(&users_dat, reading.progress, |line| {
        users.insert(&line, &user_1m(&line, &decoder.decode(&line)?)?)
    })?;
    archive.for_each_line(&movies_dat, reading.progress, |line| {
        items.insert(&line, &item_1m(&line, &decoder.decode(&line)?)?)
    })?;
    let mut rows = RatingRows::new(reading.spec, reading.policy, users, items, decoder.n_reencoded);
    archive.for_each_line(&ratings_dat, reading.progress, |line| {
        let [user, item, rating, timestamp] = fields(&line, "::")?;
        rows.push(&line, RatingFields { user, item, rating, timestamp: Some(timestamp) })
    })?;
    rows.finish(&reading.spec.name)
}

/// Reads `u.genre`, `u.user`, `u.item` and `u.data`.
pub(super) fn read_100k(archive: &mut Archive, reading: &mut Reading<'_>) -> Result<RawLog, DataError> {
    let names = ["u.genre", "u.user", "u.item", "u.data"];
    let [u_genre, u_user, u_item, u_data] = members(archive, names)?;
    let mut decoder = Decoder::new(Encoding::Latin1, reading.policy);
    let (mut users, mut items) = (Table::closed(USER_ATTRIBUTES)?, Table::closed(ITEM_ATTRIBUTES)?);
    let mut genres = Vec::new();
    archive.for_each_line(&u_genre, reading.progress, |line| {
        genres.push(genre_100k(&line, &decoder.decode(&line)?, genres.len())?);
        Ok(())
    })?;
    archive.for_each_line(&u_user, reading.progress, |line| {
        users.insert(&line, &user_100k(&line, &decoder.decode(&line)?)?)
    })?;
    archive.for_each_line(&u_item, reading.progress, |line| {
        items.insert(&line, &item_100k(&line, &decoder.decode(&line)?, &genres)?)
    })?;
    let mut rows = RatingRows::new(reading.spec, reading.policy, users, items, decoder.n_reencoded);
    archive.for_each_line(&u_data, reading.progress, |line| {
        let [user, item, rating, timestamp] = fields(&line, "\t")?;
        rows.push(&line, RatingFields { user, item, rating, timestamp: Some(timestamp) })
    })?;
    rows.finish(&reading.spec.name)
}

/// Finds all files before any is read, so that a missing one is told at once.
fn members<const N: usize>(archive: &Archive, names: [&str; N]) -> Result<[String; N], DataError> {
    let mut found = [const { String::new() }; N];
    for (place, name) in found.iter_mut().zip(names) {
        *place = archive.named(name)?;
    }
    Ok(found)
}

/// Splits decoded text into exactly `N` fields.
fn text_fields<'a, const N: usize>(
    line: &Line<'_>,
    text: &'a str,
    separator: &str,
) -> Result<[&'a str; N], DataError> {
    let parts: Vec<&str> = text.split(separator).collect();
    parts.as_slice().try_into().map_err(|_| {
        let problem = format!("has {} fields between {separator:?} instead of {N}", parts.len());
        line.refuse("row", line.bytes, problem, "check the separator and whether the file is complete")
    })
}

/// `UserID::Gender::Age::Occupation::Zip-code`
fn user_1m<'a>(line: &Line<'_>, text: &'a str) -> Result<Record<'a>, DataError> {
    let [id, gender, age, occupation, zip] = text_fields(line, text, "::")?;
    let code: usize = integer(line, "occupation", occupation)?;
    let Some(words) = OCCUPATIONS.get(code) else {
        let problem = format!("is no occupation code from 0 to {}", OCCUPATIONS.len() - 1);
        return Err(line.refuse("occupation", occupation.as_bytes(), problem, "correct the row"));
    };
    user(line, [id, age, gender, words, zip])
}

/// `user id | age | gender | occupation | zip code`
fn user_100k<'a>(line: &Line<'_>, text: &'a str) -> Result<Record<'a>, DataError> {
    user(line, text_fields(line, text, "|")?)
}

/// A user of id, age, gender, occupation in words, and zip code.
fn user<'a>(
    line: &Line<'_>,
    [id, age, gender, occupation, zip]: [&'a str; 5],
) -> Result<Record<'a>, DataError> {
    integer::<u32>(line, "user id", id)?;
    if !matches!(gender, "M" | "F") {
        return Err(line.refuse("gender", gender.as_bytes(), "is neither M nor F", "correct the row"));
    }
    let age: u16 = integer(line, "age", age)?;
    let values = vec![
        AttributeValue::Category(gender),
        AttributeValue::Number(f64::from(age)),
        AttributeValue::category(occupation.trim()),
        AttributeValue::text(zip.trim()),
    ];
    Ok(Record { id, title: None, values })
}

/// `MovieID::Title (Year)::Genre|Genre`
fn item_1m<'a>(line: &Line<'_>, text: &'a str) -> Result<Record<'a>, DataError> {
    let [id, title, genres] = text_fields(line, text, "::")?;
    integer::<u32>(line, "movie id", id)?;
    let (title, year) = title_and_year(title);
    let genres = genres.split('|').map(str::trim).filter(|genre| !genre.is_empty()).collect();
    Ok(film(id, title, year, genres))
}

/// A film; without a title where that is empty.
fn film<'a>(id: &'a str, title: &'a str, year: Option<u16>, genres: Vec<&'a str>) -> Record<'a> {
    let values = vec![AttributeValue::number(year.map(f64::from)), AttributeValue::Categories(genres)];
    Record { id, title: Some(title).filter(|title| !title.is_empty()), values }
}

/// `genre | number`, numbered from 0 in the order of the flags of `u.item`.
fn genre_100k(line: &Line<'_>, text: &str, expected: usize) -> Result<String, DataError> {
    let [name, number] = text_fields(line, text, "|")?;
    if integer::<usize>(line, "genre number", number)? != expected {
        let problem = format!("is not {expected}, the next number");
        return Err(line.refuse("genre number", number.as_bytes(), problem, "number the genres from 0 on"));
    }
    Ok(name.to_owned())
}

/// `movie id | title (year) | release | video release | address | one flag per genre`
fn item_100k<'a>(line: &Line<'_>, text: &'a str, genres: &'a [String]) -> Result<Record<'a>, DataError> {
    let parts: Vec<&str> = text.split('|').collect();
    let n_expected = FIELDS_BEFORE_GENRES + genres.len();
    if parts.len() != n_expected {
        let problem = format!("has {} fields between \"|\" instead of {n_expected}", parts.len());
        let remedy = "check the separator, and that u.genre lists every genre";
        return Err(line.refuse("row", line.bytes, problem, remedy));
    }
    integer::<u32>(line, "movie id", parts[0])?;
    let (title, year) = title_and_year(parts[1]);
    // `01-Jan-1995`, for the few titles that do not end in a year.
    let released = || parts[2].rsplit('-').next().and_then(|it| it.parse().ok());
    let mut its_genres = Vec::new();
    for (genre, flag) in genres.iter().zip(&parts[FIELDS_BEFORE_GENRES..]) {
        match *flag {
            "1" if genre != NO_GENRE => its_genres.push(genre.as_str()),
            "0" | "1" => {}
            _ => {
                return Err(line.refuse(
                    "genre flag",
                    flag.as_bytes(),
                    "is neither 0 nor 1",
                    "correct the row",
                ));
            }
        }
    }
    Ok(film(parts[0], title, year.or_else(released), its_genres))
}
