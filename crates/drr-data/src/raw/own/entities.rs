//! What a log of one's own says of its users and items, in its rows or in tables beside it.

use super::words::Said;
use super::{Tables, Told};
use crate::raw::text::title_and_year;
use crate::{AttributeKind, DataError, Progress};
use drr_intake::{Header, IntakeError, Layout, LogRow, SideTable, Source, shown};

/// Words at the end of the names of columns with titles, and with categories; the better first.
const TITLES: [&str; 8] = ["title", "name", "titel", "titre", "titulo", "название", "タイトル", "标题"];
const CATEGORIES: [&str; 16] = [
    "genres",
    "genre",
    "categories",
    "category",
    "class",
    "cuisine",
    "rcuisine",
    "industry",
    "kategorie",
    "categorie",
    "categoria",
    "жанр",
    "категория",
    "ジャンル",
    "类别",
    "类型",
];
const YEARS: [&str; 5] = ["year", "releaseyear", "jahr", "annee", "ano"];
/// The attribute of the year.
const YEAR: &str = "year";
/// Words that stand for no category.
const NO_CATEGORY: [&str; 3] = ["(no genres listed)", "unknown", "nan"];
/// Words that stand for nothing known.
const UNKNOWN: [&str; 7] = ["nan", "null", "none", "n/a", "na", "\\n", "?"];

/// What a column says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    /// The item's name.
    Title,
    /// The year of release, which may stand at the end of a title too.
    Year(usize),
    /// Several words in one field, by number of the attribute.
    Categories(usize),
    /// Another attribute, by its number.
    Other(usize),
    /// Nothing that can be named.
    Nothing,
}

/// Where the columns of titles, years and categories are.
#[derive(Debug, Clone, Copy)]
struct Places {
    title: Option<usize>,
    year: Option<usize>,
    categories: Option<usize>,
}

/// What the columns of the log, or of a table, say.
#[derive(Debug)]
pub(super) struct Columns {
    columns: Vec<Column>,
    /// The attribute of the year, where titles may end in one.
    year: Option<usize>,
}

impl Columns {
    /// By the columns' names. Attributes that are new are added to those of `said`.
    pub(super) fn of_items(names: &[String], said: &mut Said) -> Self {
        let plain: Vec<String> = names.iter().map(|name| plain(name)).collect();
        let find = |words: &[&str]| {
            words.iter().find_map(|word| {
                plain.iter().position(|name| name == word || (word.len() > 3 && name.ends_with(word)))
            })
        };
        let places = Places { title: find(&TITLES), year: find(&YEARS), categories: find(&CATEGORIES) };
        Self::at(names, places, said)
    }

    /// Where the table says they are; else where the names of its columns tell.
    fn in_table(table: &SideTable, names: &[String], said: &mut Said) -> Result<Self, DataError> {
        if !table.is_said() {
            return Ok(Self::of_items(names, said));
        }
        let header = Header { names: names.to_vec() };
        let find = |column: &Option<String>| {
            let Some(column) = column else { return Ok(None) };
            header.named(column).map(Some).ok_or_else(|| IntakeError::Refused {
                place: shown(&table.file),
                problem: format!("there is no column {} beside the id", shown(column)),
                remedy: "correct the layout".into(),
            })
        };
        let (title, year) = (find(&table.title)?, find(&table.year)?);
        Ok(Self::at(names, Places { title, year, categories: find(&table.categories)? }, said))
    }

    fn at(names: &[String], Places { title, year, categories }: Places, said: &mut Said) -> Self {
        // The categories come first, so that they stand for the items' kinds where nothing else is said.
        let words =
            categories.and_then(|at| said.column(own_name(&names[at]), Some(AttributeKind::Categories)));
        let year_of = (title.is_some() || year.is_some())
            .then(|| said.column(YEAR, Some(AttributeKind::Number)))
            .flatten();
        let columns = (0..names.len()).map(|at| match (words, year_of) {
            _ if title == Some(at) => Column::Title,
            (Some(words), _) if categories == Some(at) => Column::Categories(words),
            (_, Some(number)) if year == Some(at) => Column::Year(number),
            _ => said.column(own_name(&names[at]), None).map_or(Column::Nothing, Column::Other),
        });
        Self { columns: columns.collect(), year: year_of }
    }

    /// The same of users, who have neither titles nor categories.
    pub(super) fn of_users(names: &[String], said: &mut Said) -> Self {
        let column = |name: &String| said.column(own_name(name), None).map_or(Column::Nothing, Column::Other);
        Self { columns: names.iter().map(column).collect(), year: None }
    }

    /// Whether there is nothing to be known.
    pub(super) const fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Adds what fields say of one user or item to what is known of it.
    ///
    /// # Errors
    ///
    /// Refuses more words than one may have.
    fn fill(&self, fields: &[&str], said: &mut Said, at: u32) -> Result<(), DataError> {
        for (column, field) in self.columns.iter().zip(fields) {
            let field = field.trim();
            if field.is_empty() || UNKNOWN.contains(&field.to_lowercase().as_str()) {
                continue;
            }
            match *column {
                Column::Nothing => {}
                Column::Title => {
                    if said.title(at).is_none() {
                        let (title, year) = title_and_year(field);
                        said.set_title(at, title);
                        if let (Some(year), Some(number)) = (year, self.year) {
                            said.add_first(at, number, &year.to_string())?;
                        }
                    }
                }
                Column::Year(number) => {
                    if let Some(year) = whole_year(field) {
                        said.add_first(at, number, &year.to_string())?;
                    }
                }
                Column::Categories(number) => {
                    for word in words_of(field) {
                        if !NO_CATEGORY.contains(&word.to_lowercase().as_str()) {
                            said.add(at, number, word)?;
                        }
                    }
                }
                Column::Other(number) => said.add(at, number, field)?,
            }
        }
        Ok(())
    }
}

/// A column's name without what headers of RecBole's files have behind it; nothing for a mere number.
fn own_name(name: &str) -> &str {
    let name = name.split(':').next().unwrap_or_default().trim();
    if name.bytes().all(|it| it.is_ascii_digit()) { "" } else { name }
}

/// A year, which some tables write with a fraction: `1937.0`. A year 0 is none.
fn whole_year(text: &str) -> Option<u16> {
    text.strip_suffix(".0").unwrap_or(text).parse().ok().filter(|it| *it > 0)
}

/// A name as it is compared.
fn plain(name: &str) -> String {
    own_name(name).to_lowercase().replace(['_', '-', ' ', '.'], "")
}

/// The words of one field: between bars, semicolons or commas, in brackets and quotation marks or without.
pub(super) fn words_of(field: &str) -> impl Iterator<Item = &str> {
    let inner = field.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(field);
    inner
        .split(['|', ';', ','])
        .map(|word| word.trim().trim_matches(['"', '\'']).trim())
        .filter(|word| !word.is_empty())
}

/// What the log's own rows say of users and items.
pub(super) struct LogWords {
    users: Columns,
    items: Columns,
}

impl LogWords {
    pub(super) fn new(layout: &Layout, tables: &mut Tables) -> Self {
        let users = Columns::of_users(&layout.columns.of_user, &mut tables.of_users);
        let items = Columns::of_items(&layout.columns.of_item, &mut tables.of_items);
        Self { users, items }
    }

    /// Takes what the first row of a user, and of an item, says of them.
    ///
    /// # Errors
    ///
    /// Refuses more words than one may have.
    pub(super) fn take(
        &self,
        row: &LogRow<'_>,
        tables: &mut Tables,
        user: u32,
        item: u32,
    ) -> Result<(), DataError> {
        if !self.users.is_empty() && tables.of_users.is_new(user) {
            let fields: Vec<_> = row.of_user().map(String::from_utf8_lossy).collect();
            let fields: Vec<&str> = fields.iter().map(|it| it.as_ref()).collect();
            self.users.fill(&fields, &mut tables.of_users, user)?;
        }
        if !self.items.is_empty() && tables.of_items.is_new(item) {
            let fields: Vec<_> = row.of_item().map(String::from_utf8_lossy).collect();
            let fields: Vec<&str> = fields.iter().map(|it| it.as_ref()).collect();
            self.items.fill(&fields, &mut tables.of_items, item)?;
        }
        Ok(())
    }
}

impl Tables {
    /// Takes what the tables say of the users and items of the log.
    ///
    /// # Errors
    ///
    /// Fails if a table cannot be read.
    pub(super) fn attributes(
        &mut self,
        source: &Source,
        layout: &Layout,
        progress: &mut dyn Progress,
    ) -> Result<(), DataError> {
        if let Some(table) = &layout.users {
            let (rows, names) = rows_of(source, table, progress, |id| self.users.known(id))?;
            let columns = Columns::of_users(&names, &mut self.of_users);
            filled(&columns, &rows, &mut self.of_users)?;
        }
        for table in layout.items.iter().chain(&layout.more_items) {
            // A new item that nobody met yet is worth what items like it are.
            let (rows, names) = rows_of(source, table, progress, |id| self.items.position(id))?;
            let columns = Columns::in_table(table, &names, &mut self.of_items)?;
            filled(&columns, &rows, &mut self.of_items)?;
        }
        Ok(())
    }
}

/// A position in a table of ids, and the fields of a row about it.
type Row = (u32, Vec<String>);

/// The rows of a table, and the names of its columns.
type Rows = (Vec<Row>, Vec<String>);

/// The rows of a table about users or items whose position is `known`, and the names of its columns.
fn rows_of(
    source: &Source,
    table: &SideTable,
    progress: &mut dyn Progress,
    mut known: impl FnMut(&[u8]) -> Option<u32>,
) -> Result<Rows, DataError> {
    let mut rows: Vec<Row> = Vec::new();
    let names =
        drr_intake::read_table(source, table, &mut Told(progress), |id, fields| -> Result<(), DataError> {
            if let Some(at) = known(id.as_bytes()) {
                rows.push((at, fields.iter().map(|it| (*it).to_owned()).collect()));
            }
            Ok(())
        })?;
    let has_names = table.dialect.header || !table.names.is_empty() || table.is_said();
    Ok((rows, if has_names { names } else { Vec::new() }))
}

fn filled(columns: &Columns, rows: &[Row], said: &mut Said) -> Result<(), DataError> {
    for (at, fields) in rows {
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        columns.fill(&fields, said, *at)?;
    }
    Ok(())
}
