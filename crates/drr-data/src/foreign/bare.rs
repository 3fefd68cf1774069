//! Lists without a header: what the columns are follows from the content, or the file is refused as unclear.

mod wholes;

use super::cells::{Cells, Items, look};
use super::columns::{Look, Order};
use super::gathered::{By, Gathered, RawRow};
use super::text::{Records, key, known};
use super::{ListPlace, listed_names};
use crate::DataError;
use csv::StringRecord;
use drr_intake::shown;
use rustc_hash::FxHashMap;
use wholes::Wholes;

const NAME: &str = "put a header above the lists: user,item,rank or user,item,score, or user,items for a whole list in a row";

const NAME_RANK: &str = "put the line user,item,rank or the line user,rank,item above the lists (user,item,score if the numbers are scores)";

/// Whether the first line is of TREC's format for runs: `query Q0 item rank score tag`.
pub(super) fn is_trec(text: &str) -> bool {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    trec_fields(first).is_some()
}

fn trec_fields(line: &str) -> Option<[&str; 6]> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let fields: [&str; 6] = fields.try_into().ok()?;
    fields[1].eq_ignore_ascii_case("q0").then_some(fields)
}

/// Reads TREC's format: by rank, which must not contradict the score; by score where all ranks are one and the same.
///
/// # Errors
///
/// Refuses a line with other fields, a rank or score that is no number, and a rank against the scores.
pub(super) fn read_trec(text: &str, gathered: &mut Gathered<'_>) -> Result<(), DataError> {
    let mut scores: Vec<f64> = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let place = ListPlace::Line(at as u64 + 1);
        let Some([user, _, item, rank, score, tag]) = trec_fields(line) else {
            let problem =
                "the file is a TREC run, and the line has not its six fields: query Q0 item rank score tag";
            return Err(gathered.refuse(place, problem, "correct or remove the line"));
        };
        let order = key(gathered, place, rank, Order::Rank)?;
        scores.push(key(gathered, place, score, Order::Score)?);
        gathered.add(&RawRow { place, user, item, order, recommender: Some(tag) })?;
    }
    let is_ranked =
        gathered.rows.windows(2).any(|pair| pair[0].1.order.to_bits() != pair[1].1.order.to_bits());
    if is_ranked || scores.len() == 1 {
        gathered.by = By::Rank;
        gathered.notes.push("it is a TREC run, ordered by rank".to_owned());
        return check_agreement(gathered, &scores);
    }
    gathered.by = By::Score;
    for ((_, row), score) in gathered.rows.iter_mut().zip(scores) {
        row.order = score;
    }
    gathered.notes.push("it is a TREC run, ordered by score, since all its ranks are the same".to_owned());
    Ok(())
}

/// Refuses lists whose ranks say one thing and whose scores another.
fn check_agreement(gathered: &Gathered<'_>, scores: &[f64]) -> Result<(), DataError> {
    let mut lists: FxHashMap<(u32, u32), Vec<usize>> = FxHashMap::default();
    for (at, (recommender, row)) in gathered.rows.iter().enumerate() {
        gathered.stop.step()?;
        lists.entry((*recommender, row.user)).or_default().push(at);
    }
    let mut against: Option<usize> = None;
    for list in lists.values_mut() {
        list.sort_by(|left, right| gathered.rows[*left].1.order.total_cmp(&gathered.rows[*right].1.order));
        let found = list.windows(2).find(|pair| scores[pair[1]] < scores[pair[0]]).map(|pair| pair[1]);
        against = against.into_iter().chain(found).min();
    }
    let Some(at) = against else { return Ok(()) };
    let problem =
        "the score is greater than that of the rank before, so rank and score contradict each other";
    Err(gathered.refuse(
        gathered.rows[at].1.place,
        problem,
        "correct the ranks, or write 0 for all of them to go by score",
    ))
}

/// What can be seen of all rows together.
#[derive(Default)]
struct Survey {
    n_rows: usize,
    least: usize,
    most: usize,
    /// A user stands in several rows.
    has_repeats: bool,
    /// The first column is 0, 1, 2 and so on.
    counts_rows: bool,
    /// A second field is a list.
    has_lists: bool,
    /// Some third fields are numbers, or numbers with a fraction.
    any_number: bool,
    any_fraction: bool,
    /// The whole numbers of the second and of the third field, by user.
    second: Wholes,
    third: Wholes,
    /// A field behind the first is a number with a fraction.
    fraction: Option<(ListPlace, String)>,
    first: (Option<ListPlace>, Vec<String>),
}

impl Survey {
    fn of(gathered: &Gathered<'_>, text: &str) -> Result<Self, DataError> {
        let mut records = Records::new(gathered.stop, text);
        let mut record = StringRecord::new();
        let mut users: FxHashMap<String, u32> = FxHashMap::default();
        let mut survey = Self { least: usize::MAX, counts_rows: true, ..Self::default() };
        while let Some(place) = records.next(&mut record)? {
            let field = |at: usize| record.get(at).unwrap_or_default();
            if survey.n_rows == 0 {
                survey.first = (Some(place), record.iter().map(str::to_owned).collect());
            }
            survey.counts_rows &= field(0) == survey.n_rows.to_string();
            survey.n_rows += 1;
            survey.least = survey.least.min(record.len());
            survey.most = survey.most.max(record.len());
            let n_users = users.len() as u32;
            let user = *users.entry(field(0).to_owned()).or_insert(n_users);
            survey.has_repeats |= user != n_users;
            survey.has_lists |= look(field(1)) != Look::Single;
            let number = field(2).parse::<f64>().ok();
            survey.any_number |= number.is_some();
            survey.any_fraction |= number.is_some_and(|it| it.fract() != 0.0);
            survey.second.add(user, field(1));
            survey.third.add(user, field(2));
            if survey.fraction.is_none() {
                let is_fraction = |text: &str| text.parse().is_ok_and(|it: f64| it.fract() != 0.0);
                let found = record.iter().skip(1).find(|field| is_fraction(field));
                survey.fraction = found.map(|field| (place, field.to_owned()));
            }
        }
        Ok(survey)
    }

    fn unclear(&self, gathered: &Gathered<'_>, why: &str) -> DataError {
        self.refused(gathered, why, NAME)
    }

    fn refused(&self, gathered: &Gathered<'_>, why: &str, remedy: &'static str) -> DataError {
        let (place, fields) = &self.first;
        let seen = listed_names(fields.iter().map(String::as_str));
        let place = place.unwrap_or(ListPlace::File);
        gathered.refuse(place, format!("there is no header ({seen}), and {why}"), remedy)
    }

    /// Whether the second of three columns is the rank, of which every user has several; else why that cannot be told.
    ///
    /// A rank counts each user's rows from 0 or 1. Items are not the same twice for a user, and a score may fall within each user.
    fn has_rank_before_item(&self) -> Result<bool, &'static str> {
        if self.any_fraction {
            // The third column is a score, so the second one is the item.
            return Ok(false);
        }
        let could_be_items = !self.third.repeat();
        match (self.second.count(), self.third.count()) {
            (counts, _) if !could_be_items => {
                let why = "the second column counts within each user and the third one has a number twice, so they could be rank and item, \
                           or item and score";
                if counts { Err(why) } else { Ok(false) }
            }
            (true, true) => Err(
                "the second and the third column both count within each user, so either could be the rank",
            ),
            (true, false) if self.third.fall() => Err(
                "the second column counts within each user and the third one falls, so they could be rank and item, or item and score",
            ),
            (false, false) if self.second.grow() && self.third.are_all() && !self.third.fall() => Err(
                "the second column grows within each user and the third one is of whole numbers, so they could be rank and item, or item \
                 and score",
            ),
            (counts, _) => Ok(counts),
        }
    }
}

/// Reads rows of user, item and rank or score, or of a user and a whole list.
///
/// # Errors
///
/// Refuses rows that could be meant in two ways, and fields that are missing or no number.
pub(super) fn read(text: &str, gathered: &mut Gathered<'_>) -> Result<(), DataError> {
    let survey = Survey::of(gathered, text)?;
    let unclear = |why: &str| Err(survey.unclear(gathered, why));
    let [second_is_first, third_is_first] = [&survey.second, &survey.third].map(Wholes::one_first_rank);
    match (survey.least, survey.most, survey.has_repeats) {
        (0 | 1, 0 | 1, _) => unclear("there is nothing behind the users"),
        (2, 2, _) if survey.has_lists => read_lists(text, gathered, true),
        (2, 2, false) => read_lists(text, gathered, false),
        (2, 2, true) => unclear("nothing orders the items of a user"),
        (3, 3, true) => match survey.has_rank_before_item() {
            Ok(is_before) => read_places(text, gathered, &survey, is_before),
            Err(why) => Err(survey.refused(gathered, why, NAME_RANK)),
        },
        (3, 3, false) if second_is_first.is_some() && second_is_first != third_is_first => {
            let why = "each user has one row, whose second column could be a rank or an item";
            Err(survey.refused(gathered, why, NAME_RANK))
        }
        (3, 3, false) if third_is_first.is_some() => read_places(text, gathered, &survey, false),
        (3, 3, false) if survey.any_number => {
            unclear("each user has one row, so the last column could be a second item, or a rank or score")
        }
        (_, _, true) => unclear("a user has several rows, which have not three columns"),
        (_, 4, false) if survey.counts_rows && survey.n_rows > 1 => {
            unclear("the first column counts the rows, so it is perhaps no user")
        }
        _ => match &survey.fraction {
            Some((_, text)) => {
                unclear(&format!("\"{}\" among the items is a number with a fraction", shown(text)))
            }
            None => read_lists(text, gathered, false),
        },
    }
}

/// A row for each user: with its list in the second field, or with the items in fields of their own.
fn read_lists(text: &str, gathered: &mut Gathered<'_>, in_one: bool) -> Result<(), DataError> {
    let mut records = Records::new(gathered.stop, text);
    let mut record = StringRecord::new();
    let mut cells = Cells::new(None);
    while let Some(place) = records.next(&mut record)? {
        let user = known(gathered, place, ("user", &record[0]))?;
        let items = if in_one {
            Items::Cell(record.get(1).unwrap_or_default().to_owned())
        } else {
            Items::Each(record.iter().skip(1).map(str::to_owned).collect())
        };
        cells.push(place, (user, None), items, None);
    }
    let note = "there is no header: each row was taken for a user and their items, the best first";
    gathered.notes.push(note.to_owned());
    cells.finish(gathered)
}

/// A row for each place of a list: user, item and number, or user, rank and item.
fn read_places(
    text: &str,
    gathered: &mut Gathered<'_>,
    survey: &Survey,
    rank_is_before: bool,
) -> Result<(), DataError> {
    let mut records = Records::new(gathered.stop, text);
    let mut record = StringRecord::new();
    let (item, number) = if rank_is_before { (2, 1) } else { (1, 2) };
    while let Some(place) = records.next(&mut record)? {
        let user = known(gathered, place, ("user", &record[0]))?;
        let item = known(gathered, place, ("item", &record[item]))?;
        // The number as it is; a score's sign is turned below.
        let order = 0.0 - key(gathered, place, &record[number], Order::Score)?;
        gathered.add(&RawRow { place, user, item, order, recommender: None })?;
    }
    let meaning = if rank_is_before { Meaning::Rank } else { Meaning::of(gathered)? };
    let by = match meaning {
        Meaning::Rank => Order::Rank,
        Meaning::Score => Order::Score,
        Meaning::Unclear(why) => return Err(survey.unclear(gathered, why)),
    };
    if by == Order::Score {
        gathered.rows.iter_mut().for_each(|(_, row)| row.order = 0.0 - row.order);
    }
    gathered.by = if by == Order::Rank { By::Rank } else { By::Score };
    let names = if rank_is_before {
        "user, rank and item".to_owned()
    } else {
        format!("user, item and {}", by.name())
    };
    gathered.notes.push(format!("there is no header: the columns were taken for {names}"));
    Ok(())
}

/// What a column of numbers is.
#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    Rank,
    Score,
    Unclear(&'static str),
}

impl Meaning {
    /// Ranks are whole and count each user's items from 0 or from 1. Numbers that count down to it, or that are whole and only ever
    /// grow, could be either.
    fn of(gathered: &Gathered<'_>) -> Result<Self, DataError> {
        let mut lists: FxHashMap<u32, Vec<f64>> = FxHashMap::default();
        for (_, row) in &gathered.rows {
            gathered.stop.step()?;
            lists.entry(row.user).or_default().push(row.order);
        }
        let long = || lists.values().filter(|list| list.len() > 1);
        let (grows, falls) = (
            long().all(|list| list.is_sorted_by(|left, right| left < right)),
            long().all(|list| list.is_sorted_by(|left, right| left > right)),
        );
        let is_whole = lists.values().flatten().all(|it| it.fract() == 0.0);
        Ok(match (is_whole, lists.values().all(|list| counts(list)), long().next().is_some()) {
            (false, ..) => Self::Score,
            (true, true, true) if falls => {
                Self::Unclear("the last column counts down, so it could be a rank or a score")
            }
            (true, true, _) => Self::Rank,
            (true, false, true) if grows => Self::Unclear(
                "the last column grows within each user and counts neither from 0 nor from 1, so it could be a rank or a score",
            ),
            (true, false, _) => Self::Score,
        })
    }
}

/// Whether the numbers are 0 to n-1 or 1 to n in any order.
fn counts(list: &[f64]) -> bool {
    let mut sorted = list.to_vec();
    sorted.sort_by(f64::total_cmp);
    let first = sorted[0];
    (first == 0.0 || first == 1.0) && sorted.iter().enumerate().all(|(at, it)| *it == first + at as f64)
}
