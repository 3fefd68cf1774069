//! What a log of one's own says of its items: titles, years and categories, in its rows or in a table beside it.

use super::{Tables, Told};
use crate::raw::text::{non_empty, title_and_year};
use crate::{DataError, ItemRecord, Progress};
use drr_intake::{Layout, LogRow, SideTable, Source};

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

    /// Fills what is not known of an item yet.
    fn fill(self, fields: &[&str], item: &mut ItemRecord) {
        let field = |place: Option<usize>| place.and_then(|at| fields.get(at)).and_then(|it| non_empty(it));
        if item.title.is_empty()
            && let Some(title) = field(self.title)
        {
            let (title, year) = title_and_year(&title);
            item.title = title;
            item.year = item.year.or(year);
        }
        if item.year.is_none() {
            item.year = field(self.year).and_then(|it| it.parse().ok());
        }
        if let Some(words) = field(self.categories) {
            for word in words.split(['|', ';', ',']).map(str::trim) {
                let is_none = word.is_empty() || NO_CATEGORY.contains(&word.to_lowercase().as_str());
                if !is_none && !item.genres.iter().any(|it| it == word) {
                    item.genres.push(word.to_owned());
                }
            }
        }
    }
}

/// What the log's own rows say of items.
pub(super) struct LogWords {
    places: Places,
    is_anything: bool,
}

impl LogWords {
    pub(super) fn new(layout: &Layout) -> Self {
        let places = Places::of(&layout.columns.of_item);
        Self {
            places,
            is_anything: places.title.is_some() || places.year.is_some() || places.categories.is_some(),
        }
    }

    /// Takes what the first row of an item says of it.
    pub(super) fn take(&self, row: &LogRow<'_>, item: &mut ItemRecord) {
        if !self.is_anything || !item.title.is_empty() || !item.genres.is_empty() {
            return;
        }
        let fields: Vec<_> = row.of_item().map(String::from_utf8_lossy).collect();
        let fields: Vec<&str> = fields.iter().map(|it| it.as_ref()).collect();
        self.places.fill(&fields, item);
    }
}

impl Tables {
    /// Takes what the table of items says of those of the log.
    pub(super) fn attributes(
        &mut self,
        source: &Source,
        layout: &Layout,
        progress: &mut dyn Progress,
    ) -> Result<(), DataError> {
        let Some(table) = &layout.items else { return Ok(()) };
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
        let places = Places::of(&names_of(table, names));
        for (item, fields) in &rows {
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            places.fill(&fields, self.items.record_mut(*item));
        }
        Ok(())
    }
}

/// The names of a table's columns, where the file has a header or its name told them.
fn names_of(table: &SideTable, names: Vec<String>) -> Vec<String> {
    if table.dialect.header || !table.names.is_empty() { names } else { Vec::new() }
}
