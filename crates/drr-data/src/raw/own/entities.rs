//! What a log of one's own says of its items: titles, years and categories, in its rows or in a table beside it.

use super::{Tables, Told};
use crate::raw::text::title_and_year;
use crate::{AttributeKind, AttributeValue, Attributes, AttributesBuilder, DataError, Progress};
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

/// Where the columns of titles, years and categories are.
#[derive(Debug, Clone, Copy, Default)]
struct Places {
    title: Option<usize>,
    year: Option<usize>,
    categories: Option<usize>,
}

impl Places {
    fn of(names: &[String]) -> Self {
        let plain: Vec<String> = names
            .iter()
            .map(|it| {
                it.split(':').next().unwrap_or_default().to_lowercase().replace(['_', '-', ' ', '.'], "")
            })
            .collect();
        let find = |words: &[&str]| {
            words.iter().find_map(|word| {
                plain.iter().position(|name| name == word || (word.len() > 3 && name.ends_with(word)))
            })
        };
        Self { title: find(&TITLES), year: find(&YEARS), categories: find(&CATEGORIES) }
    }

    /// Where the table says they are; else where the names of its columns tell.
    fn in_table(table: &SideTable, names: &[String]) -> Result<Self, DataError> {
        if !table.is_said() {
            return Ok(Self::of(names));
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
        Ok(Self { title, year, categories: find(&table.categories)? })
    }

    /// The name of the column with categories.
    fn name_of_categories(self, names: &[String]) -> Option<String> {
        // RecBole's headers have a type behind the name.
        let name = names.get(self.categories?)?.split(':').next()?.trim();
        (!name.is_empty() && name != YEAR).then(|| name.to_owned())
    }

    /// Fills what is not known of an item yet.
    fn fill(self, fields: &[&str], item: &mut Item) {
        let field = |place: Option<usize>| {
            place.and_then(|at| fields.get(at)).map(|it| it.trim()).filter(|it| !it.is_empty())
        };
        if item.title.is_none()
            && let Some(title) = field(self.title)
        {
            let (title, year) = title_and_year(title);
            item.title = Some(title.into());
            item.year = item.year.or(year);
        }
        if item.year.is_none() {
            item.year = field(self.year).and_then(whole_year);
        }
        if let Some(words) = field(self.categories) {
            for word in in_no_brackets(words).split(['|', ';', ',']).map(str::trim) {
                let is_none = word.is_empty() || NO_CATEGORY.contains(&word.to_lowercase().as_str());
                if !is_none && !item.categories.iter().any(|it| **it == *word) {
                    item.categories.push(word.into());
                }
            }
        }
    }
}

/// A year, which some tables write with a fraction: `1937.0`. A year 0 is none.
fn whole_year(text: &str) -> Option<u16> {
    text.strip_suffix(".0").unwrap_or(text).parse().ok().filter(|it| *it > 0)
}

/// A list of words without the brackets around it: `[27, 9]`.
fn in_no_brackets(words: &str) -> &str {
    words.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(words)
}

/// What is said of one item.
#[derive(Debug, Default)]
pub(super) struct Item {
    title: Option<Box<str>>,
    year: Option<u16>,
    categories: Vec<Box<str>>,
}

/// Titles by the positions of their items; none where an item has no title.
type Titles = Vec<Option<Box<str>>>;

/// What is said of the items, by their positions.
#[derive(Debug, Default)]
pub(super) struct Said {
    items: Vec<Item>,
    /// The name of the column with categories, the first that there is.
    categories: Option<String>,
}

impl Said {
    /// What is said of the item at a position.
    pub(super) fn of(&mut self, item: u32) -> &mut Item {
        let at = item as usize;
        if at >= self.items.len() {
            self.items.resize_with(at + 1, Item::default);
        }
        &mut self.items[at]
    }

    /// The titles and attributes of the items; an attribute of which nothing is known of anybody who is `used` is left out.
    ///
    /// # Errors
    ///
    /// Fails where attributes cannot be made, which names that differ rule out.
    pub(super) fn finish(mut self, used: &[bool]) -> Result<(Titles, Attributes), DataError> {
        self.items.resize_with(used.len(), Item::default);
        let any = |is_known: &dyn Fn(&Item) -> bool| {
            self.items.iter().zip(used).any(|(item, is_used)| *is_used && is_known(item))
        };
        let (has_years, has_words) =
            (any(&|item| item.year.is_some()), any(&|item| !item.categories.is_empty()));
        let year = has_years.then(|| (YEAR.to_owned(), AttributeKind::Number));
        let name = self.categories.unwrap_or_else(|| "categories".to_owned());
        let words = has_words.then_some((name, AttributeKind::Categories));
        let mut attributes = AttributesBuilder::new(year.into_iter().chain(words))?;
        for item in &self.items {
            let year = has_years.then(|| AttributeValue::number(item.year.map(f64::from)));
            let words = || AttributeValue::Categories(item.categories.iter().map(|it| &**it).collect());
            let row: Vec<_> = year.into_iter().chain(has_words.then(words)).collect();
            attributes.push(&row)?;
        }
        let titles = self.items.iter_mut().map(|item| item.title.take()).collect();
        Ok((titles, attributes.finish()))
    }
}

/// What the log's own rows say of items.
pub(super) struct LogWords {
    places: Places,
    categories: Option<String>,
    is_anything: bool,
}

impl LogWords {
    pub(super) fn new(layout: &Layout) -> Self {
        let places = Places::of(&layout.columns.of_item);
        Self {
            places,
            categories: places.name_of_categories(&layout.columns.of_item),
            is_anything: places.title.is_some() || places.year.is_some() || places.categories.is_some(),
        }
    }

    /// Nothing, with the name of what will be said.
    pub(super) fn said(&self) -> Said {
        Said { items: Vec::new(), categories: self.categories.clone() }
    }

    /// Takes what the first row of an item says of it.
    pub(super) fn take(&self, row: &LogRow<'_>, item: &mut Item) {
        if !self.is_anything || item.title.is_some() || !item.categories.is_empty() {
            return;
        }
        let fields: Vec<_> = row.of_item().map(String::from_utf8_lossy).collect();
        let fields: Vec<&str> = fields.iter().map(|it| it.as_ref()).collect();
        self.places.fill(&fields, item);
    }
}

impl Tables {
    /// Takes what the tables of items say of those of the log, the first table first.
    pub(super) fn attributes(
        &mut self,
        source: &Source,
        layout: &Layout,
        progress: &mut dyn Progress,
    ) -> Result<(), DataError> {
        for table in layout.items.iter().chain(&layout.more_items) {
            self.said_in(source, table, progress)?;
        }
        Ok(())
    }

    /// Takes what one table says.
    fn said_in(
        &mut self,
        source: &Source,
        table: &SideTable,
        progress: &mut dyn Progress,
    ) -> Result<(), DataError> {
        let mut rows: Vec<(u32, Vec<String>)> = Vec::new();
        let names = drr_intake::read_table(
            source,
            table,
            &mut Told(progress),
            |id, fields| -> Result<(), DataError> {
                if let Some(item) = self.items.known(id.as_bytes()) {
                    rows.push((item, fields.iter().map(|it| (*it).to_owned()).collect()));
                }
                Ok(())
            },
        )?;
        let names = names_of(table, names);
        let places = Places::in_table(table, &names)?;
        if self.said.categories.is_none() {
            self.said.categories = places.name_of_categories(&names);
        }
        for (item, fields) in &rows {
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            places.fill(&fields, self.said.of(*item));
        }
        Ok(())
    }
}

/// The names of a table's columns, where the file has a header, its name told them, or the layout says what they are.
fn names_of(table: &SideTable, names: Vec<String>) -> Vec<String> {
    if table.dialect.header || !table.names.is_empty() || table.is_said() { names } else { Vec::new() }
}
