//! A made-up data set for tests of ids and titles.

use drr_core::{Interaction, ItemIdx, UserIdx};
use drr_data::{
    AttributeKind, AttributeValue, AttributesBuilder, Dataset, Entities, RawLog, RowCounts, SourceNote,
    SplitConfig,
};

/// The number of users; each has rated the first item.
const N_USERS: usize = 20;

/// Items by id, title and number of ratings, on a scale from 1 to 40; each has the moods of its number.
pub fn dataset(items: &[(&str, Option<&str>, usize)]) -> Dataset {
    let mut attributes = AttributesBuilder::new([("mood", AttributeKind::Categories)]).unwrap();
    for at in 0..items.len() {
        let moods = vec![["calm", "dark"][at % 2]];
        let known = if at == 0 { AttributeValue::Missing } else { AttributeValue::Categories(moods) };
        attributes.push(&[known]).unwrap();
    }
    let ids = items.iter().map(|it| it.0.to_owned()).collect();
    let titles = items.iter().map(|it| it.1.map(Into::into)).collect();
    let users: Vec<String> = (0..N_USERS).map(|at| format!("u{at:02}")).collect();
    let n_ratings = |at: usize| if at == 0 { N_USERS } else { items[at].2 };
    let rows = (0..items.len()).flat_map(|at| (0..n_ratings(at)).map(move |user| (user, at)));
    let interactions = rows.enumerate().map(|(time, (user, at))| Interaction {
        user: UserIdx::from(user),
        item: ItemIdx::from(at),
        rating: (1 + (7 * user + at) % 40) as f32,
        timestamp: time as i64,
    });
    let raw = RawLog {
        dataset: "made-up".to_owned(),
        users: Entities::untitled(
            users,
            AttributesBuilder::new([("x", AttributeKind::Text); 0])
                .map(|mut it| {
                    (0..N_USERS).for_each(|_| it.push_unknown());
                    it.finish()
                })
                .unwrap(),
        ),
        items: Entities::new(ids, titles, attributes.finish()),
        cold_items: Entities::default(),
        interactions: interactions.collect(),
        counts: RowCounts::default(),
        rating_scale: (1.0, 40.0),
        has_time: true,
    };
    Dataset::from_raw(&raw, &SplitConfig::default(), SourceNote::default()).unwrap()
}

/// The data set that most tests look into.
pub fn shop() -> Dataset {
    dataset(&[
        ("m1", Some("Moonlit Harbour: Part I"), 20),
        ("m2", Some("Moonlit Harbour: Part II"), 12),
        ("m3", Some("Harbour, The"), 2),
        ("1", Some("Café Müller's Garden"), 4),
        ("2", Some("Quiet Field (Straße 9)"), 5),
        ("1,2", Some("Quiet Field (Straße 10)"), 7),
        ("3", None, 3),
        ("-7", Some("千と千尋"), 3),
        ("\"q\" ü 8", Some("Garden of Numbers"), 6),
        ("tab\t5", Some("\u{1b}[31mRed"), 1),
    ])
}
