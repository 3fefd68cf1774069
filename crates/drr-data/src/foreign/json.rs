//! Lists as JSON: one value, or one on each line.
//!
//! | value | meaning |
//! |---|---|
//! | `{"user": 1, "item": 7, "rank": 2}` | a place of a list, under the names that columns have |
//! | `{"user": 1, "items": [7, 8]}` | a list |
//! | `{"user": 1, "items": [7, 8], "scores": [0.4, 0.5]}` | a list that its scores order |
//! | `{"1": [7, 8], "2": [9]}` | lists by users |
//! | `{"1": {"7": 0.5, "8": 0.4}}` | the same with scores |
//! | `[..]` | any of these, one after another |
//!
//! An item of a list is an id, an id and a score, or an object that names the item and its rank or score.

mod value;

use super::cells::add_ordered;
use super::columns::{Look, Order, Parts, Shape};
use super::gathered::{By, Gathered, RawRow};
use super::names::{Role, role};
use super::{Columns, ListPlace};
use crate::DataError;
use drr_intake::shown;
pub(super) use value::Json;
use value::{Broken, Scan};

const WRITE: &str =
    "write {\"user\": .., \"items\": [..]} or {\"user\": .., \"item\": .., \"score\": ..} a line";

/// Reads all values of a text.
///
/// # Errors
///
/// Refuses what is no JSON, and values that are no lists, with the line.
pub(super) fn read(text: &str, gathered: &mut Gathered<'_>) -> Result<(), DataError> {
    let mut reader = Reader { gathered, columns: None, by: None, beside: None };
    let mut scan = Scan::new(text, reader.gathered.stop);
    while let Some(start) = scan.next_value() {
        let outcome = if start == '[' {
            scan.array(&mut |place, value| reader.value(place, value))
        } else {
            let place = scan.place();
            scan.object().map(|members| reader.object(place, &members))
        };
        outcome.map_err(|broken| reader.broken(broken))??;
    }
    reader.finish();
    Ok(())
}

/// A member of an object, and where it stands.
type Member = (ListPlace, String, Json);

struct Reader<'a, 'b> {
    gathered: &'a mut Gathered<'b>,
    /// The columns of the last record, and its names.
    columns: Option<(Vec<String>, Columns)>,
    /// What orders the lists: one thing in the whole file.
    by: Option<By>,
    /// The names of the numbers beside lists, and what they are.
    beside: Option<(Order, Vec<String>)>,
}

impl Reader<'_, '_> {
    fn broken(&self, broken: Broken) -> DataError {
        match broken {
            Broken::At(place, problem) => {
                self.gathered.refuse(place, format!("it is no JSON ({problem})"), "correct the line")
            }
            Broken::Stopped => self.gathered.stop.stopped(),
        }
    }

    fn no_list(&self, place: ListPlace, problem: impl AsRef<str>) -> DataError {
        self.gathered.refuse(place, problem, WRITE)
    }

    fn value(&mut self, place: ListPlace, value: Json) -> Result<(), DataError> {
        match value {
            Json::Object(members) => {
                let members: Vec<Member> =
                    members.into_iter().map(|(name, value)| (place, name, value)).collect();
                self.object(place, &members)
            }
            other => Err(self.no_list(place, format!("there is {} in the place of an object", other.kind()))),
        }
    }

    fn object(&mut self, place: ListPlace, members: &[Member]) -> Result<(), DataError> {
        let is_record = members.iter().any(|(_, name, _)| role(name) == Some(Role::User));
        if is_record {
            return self.record(place, members);
        }
        for (place, user, list) in members {
            self.list(*place, (user, None), list)?;
        }
        Ok(())
    }

    /// An object that names its user.
    fn record(&mut self, place: ListPlace, members: &[Member]) -> Result<(), DataError> {
        let columns = self.columns(place, members)?;
        let value = |at: usize| &members[at].2;
        let text = |at: Option<usize>| at.and_then(|at| value(at).id().ok());
        if columns.protocol.is_some() && !self.gathered.is_of_protocol(text(columns.protocol).as_deref()) {
            return Ok(());
        }
        let recommender = columns.recommender.map(|at| value(at).id().unwrap_or_default());
        let user = value(columns.user);
        if matches!(user, Json::Array(_) | Json::Object(_)) {
            let problem = "the user is a whole column: the table was written column by column";
            return Err(self.gathered.refuse(
                place,
                problem,
                "write it row by row (in pandas orient=\"records\")",
            ));
        }
        let user = self.id(place, "user", user)?;
        let whose = (user.as_str(), recommender.as_deref());
        match &columns.shape {
            Shape::Long { item, order, by } => {
                self.by(place, if *by == Order::Rank { By::Rank } else { By::Score })?;
                if let Json::Text(text) = value(*item) {
                    columns.check_one(self.gathered.path, place, text)?;
                }
                self.add(place, whose, value(*item), value(*order), *by)
            }
            Shape::Lists { items: Parts::Cell(at), numbers: None } => self.list(place, whose, value(*at)),
            Shape::Lists { items: Parts::Spread(all), numbers: None } => {
                let items = all.iter().map(|at| value(*at).clone()).filter(|it| *it != Json::Null).collect();
                self.list(place, whose, &Json::Array(items))
            }
            Shape::Lists { items, numbers: Some((numbers, by)) } => {
                if self.beside.is_none() {
                    let names = numbers.all().iter().map(|at| members[*at].1.clone()).collect();
                    self.beside = Some((*by, names));
                }
                let all = |parts: &Parts| match parts {
                    Parts::Cell(at) => value(*at).clone(),
                    Parts::Spread(all) => Json::Array(all.iter().map(|at| value(*at).clone()).collect()),
                };
                self.ordered(place, whose, (&all(items), &all(numbers)), *by)
            }
        }
    }

    /// A list, and the numbers beside its items.
    fn ordered(
        &mut self,
        place: ListPlace,
        whose: (&str, Option<&str>),
        (items, numbers): (&Json, &Json),
        by: Order,
    ) -> Result<(), DataError> {
        self.by(place, if by == Order::Rank { By::Rank } else { By::Score })?;
        let [what, _] = by.words();
        let Json::Array(items) = items else {
            let problem = format!(
                "there is {} in the place of the list of {}, with {what} beside it",
                items.kind(),
                shown(whose.0)
            );
            return Err(self.no_list(place, problem));
        };
        let id = |item: &Json| match item {
            Json::Null => Ok(String::new()),
            Json::Array(_) | Json::Object(_) => {
                let problem = format!("the list of {} has {what} in it and beside it", shown(whose.0));
                Err(self.no_list(place, problem))
            }
            item => self.id(place, "item", item),
        };
        let items: Vec<String> = items.iter().map(id).collect::<Result<_, _>>()?;
        let numbers: Result<Vec<Option<f64>>, _> = match numbers {
            Json::Array(numbers) => numbers.iter().map(Json::number_if_any).collect(),
            one => one.number_if_any().map(|one| vec![one]),
        };
        let numbers = numbers.map_err(|problem| {
            self.no_list(place, format!("the list of {what} of user {} {problem}", shown(whose.0)))
        })?;
        add_ordered(self.gathered, place, whose, (&items, &numbers), by)
    }

    /// The columns of a record: those of the one before if the names are the same.
    fn columns(&mut self, place: ListPlace, members: &[Member]) -> Result<Columns, DataError> {
        if let Some((names, columns)) = &self.columns
            && names.iter().eq(members.iter().map(|(_, name, _)| name))
        {
            return Ok(columns.clone());
        }
        let header: Vec<&str> = members.iter().map(|(_, name, _)| name.as_str()).collect();
        let look = |at: usize| match members[at].2 {
            Json::Array(_) | Json::Object(_) => Look::Bracketed,
            _ => Look::Single,
        };
        let columns = Columns::find(self.gathered.path, place, &header, look)?;
        if self.columns.is_none() {
            self.gathered.note_unused(&columns.unused(&header));
        }
        self.columns = Some((header.into_iter().map(str::to_owned).collect(), columns.clone()));
        Ok(columns)
    }

    /// Refuses a file whose lists are ordered in two ways.
    fn by(&mut self, place: ListPlace, by: By) -> Result<(), DataError> {
        if *self.by.get_or_insert(by) == by {
            return Ok(());
        }
        Err(self.no_list(
            place,
            "its list is ordered in another way than those before: by rank, by score or as it stands",
        ))
    }

    fn finish(self) {
        self.gathered.by = self.by.unwrap_or(By::Row);
        if let Some((by, names)) = self.beside {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            self.gathered.note_beside(by, &names);
        }
    }

    fn id(&self, place: ListPlace, what: &str, value: &Json) -> Result<String, DataError> {
        let id = value.id().map_err(|problem| format!("the {what} {problem}"));
        let id = id.and_then(|id| if id.is_empty() { Err(format!("the {what} is missing")) } else { Ok(id) });
        id.map_err(|problem| self.gathered.refuse(place, problem, "write ids as text or whole numbers"))
    }

    /// One place of a list that is ordered by a number.
    fn add(
        &mut self,
        place: ListPlace,
        (user, recommender): (&str, Option<&str>),
        item: &Json,
        number: &Json,
        by: Order,
    ) -> Result<(), DataError> {
        let item = self.id(place, "item", item)?;
        let order = number.number().and_then(|number| by.key(number)).map_err(|problem| {
            let problem = format!("the {} of user {} {problem}", by.name(), shown(user));
            self.gathered.refuse(place, problem, "correct or remove it")
        })?;
        self.gathered.add(&RawRow { place, user, item: &item, order, recommender })
    }

    /// A whole list.
    fn list(&mut self, place: ListPlace, whose: (&str, Option<&str>), list: &Json) -> Result<(), DataError> {
        match list {
            Json::Object(scores) => {
                self.by(place, By::Score)?;
                let each = |(item, score): &(String, Json)| {
                    self.add(place, whose, &Json::Text(item.clone()), score, Order::Score)
                };
                scores.iter().try_for_each(each)
            }
            Json::Array(items) => (1_u32..).zip(items).try_for_each(|(rank, item)| match item {
                Json::Object(members) => self.named(place, whose, members),
                Json::Array(pair) => self.pair(place, whose, pair),
                item => {
                    self.by(place, By::Row)?;
                    let item = self.id(place, "item", item)?;
                    let (user, recommender) = whose;
                    let order = f64::from(rank);
                    self.gathered.add(&RawRow { place, user, item: &item, order, recommender })
                }
            }),
            other => {
                let problem =
                    format!("there is {} in the place of the list of {}", other.kind(), shown(whose.0));
                Err(self.no_list(place, problem))
            }
        }
    }

    /// An item of a list as an object.
    fn named(
        &mut self,
        place: ListPlace,
        whose: (&str, Option<&str>),
        members: &[(String, Json)],
    ) -> Result<(), DataError> {
        let of = |wanted: Role| members.iter().find(|(name, _)| role(name) == Some(wanted)).map(|it| &it.1);
        let order = of(Role::Rank)
            .map(|it| (it, Order::Rank))
            .or_else(|| of(Role::Score).map(|it| (it, Order::Score)));
        let (Some(item), Some((number, by))) = (of(Role::Item), order) else {
            let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
            let problem = format!(
                "an item of the list of {} has not the names item, and rank or score, but {}",
                shown(whose.0),
                super::listed_names(names)
            );
            return Err(self.no_list(place, problem));
        };
        self.by(place, if by == Order::Rank { By::Rank } else { By::Score })?;
        self.add(place, whose, item, number, by)
    }

    /// An item of a list as an id and a score.
    fn pair(
        &mut self,
        place: ListPlace,
        whose: (&str, Option<&str>),
        pair: &[Json],
    ) -> Result<(), DataError> {
        match pair {
            // Two whole numbers could as well be two items.
            [item, score]
                if score.number().is_ok() && !matches!((item, score), (Json::Whole(_), Json::Whole(_))) =>
            {
                self.by(place, By::Score)?;
                self.add(place, whose, item, score, Order::Score)
            }
            _ => {
                let problem =
                    format!("a list in the list of {} is no pair of an id and a score", shown(whose.0));
                Err(self.no_list(place, problem))
            }
        }
    }
}
