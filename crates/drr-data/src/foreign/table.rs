//! Lists as Parquet, whoever wrote it: ids as text or whole numbers, ranks and scores as any number, or a list in a row.

mod values;

use super::cells::{Cells, Items, Numbers};
use super::columns::{Look, Order, Parts, Shape};
use super::gathered::{By, Gathered, RawRow};
use super::names::{Role, role};
use super::{Columns, ListPlace, listed_names};
use crate::DataError;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use std::borrow::Cow;
use std::fs::File;
use values::{Value, ids, lists, numbers};

/// Rows that are read at once: of places of lists, and of whole lists.
const BATCHES: [usize; 2] = [16 * 1024, 1024];

pub(super) fn read(file: File, gathered: &mut Gathered<'_>) -> Result<(), DataError> {
    let path = gathered.path;
    let broken = |error: &dyn std::fmt::Display| {
        let problem = format!("it is damaged, or stored in a way that is not read here ({error})");
        super::refuse(path, ListPlace::File, problem, "write it again, with zstd or snappy, or as csv")
    };
    // Without the writer's Arrow schema large, viewed and dictionary-encoded strings are plain strings.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
        .map_err(|error: parquet::errors::ParquetError| broken(&error))?;
    let fields: Vec<(String, DataType)> =
        builder.schema().fields().iter().map(|it| (it.name().clone(), it.data_type().clone())).collect();
    let header: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    // One number a row says that there is one item a row.
    let has_number = fields.iter().any(|(name, of)| {
        matches!(role(name), Some(Role::Rank | Role::Score)) && (of.is_numeric() && !of.is_nested())
    });
    let look = |at: usize| match fields[at].1 {
        DataType::List(_) => Look::Bracketed,
        DataType::Utf8 | DataType::Binary if !has_number => Look::Several,
        _ => Look::Single,
    };
    let mut columns = Columns::find(path, ListPlace::File, &header, look)?;
    let beside = columns.beside(&header);
    gathered.note_unused(&columns.unused(&header));
    let mask = ProjectionMask::roots(builder.parquet_schema(), project(&mut columns));
    let [of_places, of_lists] = BATCHES;
    let n_rows = if matches!(columns.shape, Shape::Long { .. }) { of_places } else { of_lists };
    let reader =
        builder.with_projection(mask).with_batch_size(n_rows).build().map_err(|error| broken(&error))?;
    let (mut first, mut cells) = (1, Cells::new(beside.as_ref().map(|(by, _)| *by)));
    for batch in reader {
        if gathered.stop.is_asked() {
            return Err(gathered.stop.stopped());
        }
        let batch = batch.map_err(|error| broken(&error))?;
        let batch = Batch { batch: &batch, first, columns: &columns };
        match &columns.shape {
            Shape::Long { item, order, by } => batch.add_places((*item, *order, *by), gathered)?,
            Shape::Lists { items, numbers } => {
                let numbers = numbers.as_ref().map(|(parts, _)| parts);
                batch.add_lists((items, numbers), gathered, &mut cells)?;
            }
        }
        first += batch.batch.num_rows() as u64;
    }
    if matches!(columns.shape, Shape::Long { .. }) {
        return Ok(());
    }
    cells.finish(gathered)?;
    if let Some((by, names)) = beside {
        gathered.note_beside(by, &names);
    }
    Ok(())
}

/// The columns to read; those found then count among these alone.
fn project(columns: &mut Columns) -> Vec<usize> {
    let mut wanted: Vec<usize> =
        columns.protocol.into_iter().chain(columns.recommender).chain([columns.user]).collect();
    match &columns.shape {
        Shape::Long { item, order, .. } => wanted.extend([*item, *order]),
        Shape::Lists { items, numbers } => {
            wanted.extend(items.all());
            wanted.extend(numbers.iter().flat_map(|(parts, _)| parts.all()));
        }
    }
    wanted.sort_unstable();
    let among = |at: usize| wanted.partition_point(|it| *it < at);
    columns.user = among(columns.user);
    columns.protocol = columns.protocol.map(among);
    columns.recommender = columns.recommender.map(among);
    columns.shape = match &columns.shape {
        Shape::Long { item, order, by } => Shape::Long { item: among(*item), order: among(*order), by: *by },
        Shape::Lists { items, numbers } => {
            let numbers = numbers.as_ref().map(|(parts, by)| (parts.map(among), *by));
            Shape::Lists { items: items.map(among), numbers }
        }
    };
    wanted
}

type Ids<'a> = Vec<Value<Cow<'a, str>>>;

/// Rows that are read at once.
struct Batch<'a> {
    batch: &'a RecordBatch,
    /// The number of the first row, from 1.
    first: u64,
    columns: &'a Columns,
}

/// Whose list a row is of.
struct Whose<'a> {
    users: Ids<'a>,
    protocols: Option<Ids<'a>>,
    recommenders: Option<Ids<'a>>,
}

impl<'a> Batch<'a> {
    fn wrong_type(&self, gathered: &Gathered<'_>, at: usize, remedy: &'static str) -> DataError {
        let schema = self.batch.schema();
        let field = schema.field(at);
        let (name, of) = (listed_names([field.name().as_str()]), field.data_type());
        let problem = format!("the column {name} has the type {of}, which is not read here");
        gathered.refuse(ListPlace::File, problem, remedy)
    }

    fn ids(&self, gathered: &Gathered<'_>, at: usize) -> Result<Ids<'a>, DataError> {
        let found = ids(self.batch.column(at));
        found.ok_or_else(|| self.wrong_type(gathered, at, "cast it to text or integers"))
    }

    fn whose(&self, gathered: &Gathered<'_>) -> Result<Whose<'a>, DataError> {
        let ids = |at: usize| self.ids(gathered, at);
        Ok(Whose {
            users: ids(self.columns.user)?,
            protocols: self.columns.protocol.map(ids).transpose()?,
            recommenders: self.columns.recommender.map(ids).transpose()?,
        })
    }

    fn rows(&self) -> impl Iterator<Item = (usize, ListPlace)> + use<> {
        (0..self.batch.num_rows()).zip((self.first..).map(ListPlace::Row))
    }

    fn add_places(
        &self,
        (item, order, by): (usize, usize, Order),
        gathered: &mut Gathered<'_>,
    ) -> Result<(), DataError> {
        gathered.by = if by == Order::Rank { By::Rank } else { By::Score };
        let whose = self.whose(gathered)?;
        let items = self.ids(gathered, item)?;
        let numbers = numbers(self.batch.column(order)).ok_or_else(|| {
            self.wrong_type(gathered, order, "cast it to integers or floats of 32 or 64 bits")
        })?;
        for (at, place) in self.rows() {
            if whose.is_other(at, gathered) {
                continue;
            }
            let user = known(gathered, place, "user", &whose.users[at])?;
            let item = known(gathered, place, "item", &items[at])?;
            self.columns.check_one(gathered.path, place, item)?;
            let bad = |problem: String| {
                let problem = format!("the {} {problem}", by.name());
                gathered.refuse(place, problem, "correct or remove the row")
            };
            let number = numbers[at].map_err(|problem| bad(problem.to_owned()))?;
            let number = number.ok_or_else(|| bad("is missing".to_owned()))?;
            let order = by.key(number).map_err(|problem| bad(format!("{number} {problem}")))?;
            gathered.add(&RawRow { place, user, item, order, recommender: whose.recommender(at) })?;
        }
        Ok(())
    }

    fn add_lists(
        &self,
        (items, numbers): (&Parts, Option<&Parts>),
        gathered: &mut Gathered<'_>,
        cells: &mut Cells,
    ) -> Result<(), DataError> {
        let whose = self.whose(gathered)?;
        let items = self.items(items, gathered)?;
        let mut numbers = numbers.map(|parts| self.numbers(parts, gathered)).transpose()?;
        for ((at, place), items) in self.rows().zip(items) {
            gathered.stop.step()?;
            if !whose.is_other(at, gathered) {
                let user = known(gathered, place, "user", &whose.users[at])?;
                let numbers =
                    numbers.as_mut().map(|all| std::mem::replace(&mut all[at], Numbers::Each(Vec::new())));
                cells.push(place, (user, whose.recommender(at)), items, numbers);
            }
        }
        Ok(())
    }

    /// The items of each row.
    fn items(&self, parts: &Parts, gathered: &Gathered<'_>) -> Result<Vec<Items>, DataError> {
        let own = |of: &Ids<'_>, place: ListPlace| -> Result<Items, DataError> {
            let own = of.iter().map(|item| known(gathered, place, "item", item).map(str::to_owned));
            Ok(Items::Each(own.collect::<Result<_, _>>()?))
        };
        let cell = match parts {
            Parts::Cell(cell) => *cell,
            Parts::Spread(all) => {
                let columns: Vec<Ids<'_>> =
                    all.iter().map(|at| self.ids(gathered, *at)).collect::<Result<_, _>>()?;
                let row = |(at, place): (usize, ListPlace)| {
                    let text = |ids: &Ids<'_>| match &ids[at] {
                        Ok(None) => Ok(String::new()),
                        id => known(gathered, place, "item", id).map(str::to_owned),
                    };
                    Ok(Items::Each(columns.iter().map(text).collect::<Result<_, _>>()?))
                };
                return self.rows().map(row).collect();
            }
        };
        let Some(lists) = lists(self.batch.column(cell)) else {
            return self.texts(cell, gathered).map(|texts| texts.into_iter().map(Items::Cell).collect());
        };
        let list = |((_, place), list): ((usize, ListPlace), Option<ArrayRef>)| {
            let Some(list) = list else { return Ok(Items::Each(Vec::new())) };
            let remedy = "make it a column of text, or of lists of text or integers";
            let list = ids(&list).ok_or_else(|| self.wrong_type(gathered, cell, remedy))?;
            own(&list, place)
        };
        self.rows().zip(lists).map(list).collect()
    }

    /// The numbers beside the items of each row.
    fn numbers(&self, parts: &Parts, gathered: &Gathered<'_>) -> Result<Vec<Numbers>, DataError> {
        let each = |place: ListPlace, of: Vec<Value<f64>>| {
            let all: Result<Vec<Option<f64>>, &str> = of.into_iter().collect();
            all.map(Numbers::Each).map_err(|problem| {
                gathered.refuse(place, format!("a number of the list {problem}"), "correct or remove the row")
            })
        };
        let of_column = |at: usize, column: &dyn Array| {
            numbers(column).ok_or_else(|| self.wrong_type(gathered, at, "cast it to integers or floats"))
        };
        let cell = match parts {
            Parts::Cell(cell) => *cell,
            Parts::Spread(all) => {
                let columns: Vec<Vec<Value<f64>>> = all
                    .iter()
                    .map(|at| of_column(*at, self.batch.column(*at)))
                    .collect::<Result<_, DataError>>()?;
                let row = |at: usize| columns.iter().map(|column| column[at]).collect();
                return self.rows().map(|(at, place)| each(place, row(at))).collect();
            }
        };
        let column = self.batch.column(cell);
        if let Some(lists) = lists(column) {
            let list = |((_, place), list): ((usize, ListPlace), Option<ArrayRef>)| match list {
                Some(list) => each(place, of_column(cell, &list)?),
                None => Ok(Numbers::Each(Vec::new())),
            };
            return self.rows().zip(lists).map(list).collect();
        }
        match column.data_type() {
            DataType::Utf8 | DataType::Binary => {
                self.texts(cell, gathered).map(|texts| texts.into_iter().map(Numbers::Cell).collect())
            }
            _ => {
                let ones = of_column(cell, column)?;
                self.rows().zip(ones).map(|((_, place), one)| each(place, vec![one])).collect()
            }
        }
    }

    /// The texts of a column; empty ones where it is null.
    fn texts(&self, at: usize, gathered: &Gathered<'_>) -> Result<Vec<String>, DataError> {
        let texts = self.ids(gathered, at)?;
        let text = |((_, place), text): ((usize, ListPlace), &Value<Cow<'_, str>>)| {
            let problem = |problem: &&str| gathered.refuse(place, *problem, "correct the row");
            Ok(text.as_ref().map_err(problem)?.as_deref().unwrap_or_default().to_owned())
        };
        self.rows().zip(&texts).map(text).collect()
    }
}

impl Whose<'_> {
    /// Whether a row is of another protocol.
    fn is_other(&self, at: usize, gathered: &mut Gathered<'_>) -> bool {
        let name = self.protocols.as_ref().map(|of| of[at].as_ref().ok().and_then(Option::as_deref));
        name.is_some_and(|name| !gathered.is_of_protocol(name))
    }

    fn recommender(&self, at: usize) -> Option<&str> {
        let of = self.recommenders.as_ref()?;
        Some(of[at].as_ref().ok().and_then(Option::as_deref).unwrap_or_default())
    }
}

/// An id that is there.
fn known<'a>(
    gathered: &Gathered<'_>,
    place: ListPlace,
    what: &str,
    id: &'a Value<Cow<'_, str>>,
) -> Result<&'a str, DataError> {
    let id = id.as_ref().map(|id| id.as_deref().map(str::trim).filter(|id| !id.is_empty()));
    let id = id.map_err(|problem| *problem).and_then(|id| id.ok_or("is missing"));
    id.map_err(|problem| gathered.refuse(place, format!("the {what} {problem}"), "correct or remove the row"))
}
