//! A made-up data set: users whose tastes over genres drift, items whose popularity has a long tail.
//!
//! It needs no network and no licence, and it is not trivial: popularity is a fair guess, a user's own history a better
//! one, and the recent history better still. What a learner should find, it can find here.

use crate::{AttributeKind, AttributeValue, AttributesBuilder, DataError, Entities, RawLog, RowCounts};
use drr_core::{Interaction, ItemIdx, RandomStream, Seeds, UserIdx};
use rand::Rng;
use rand_distr::{Distribution, Exp, StandardNormal};
use serde::{Deserialize, Serialize};

/// No user rates fewer items, as in MovieLens.
const MIN_RATINGS: usize = 20;
/// No user rates a larger part of the catalogue, so that there is always something left to recommend.
const MAX_RATED_PART: f64 = 0.5;
/// The mean of all ratings before taste and noise.
const BASE_RATING: f64 = 2.6;
/// How much better or worse an item is than its genres, as a standard deviation in stars.
const QUALITY_SPREAD: f64 = 0.35;
/// How much the logarithm of the odds that a user picks an item rises with one unit of taste.
const CHOICE_BY_TASTE: f64 = 1.0;
/// The first second of the log, 2020-01-01, and its length of two years.
const FIRST_SECOND: i64 = 1_577_836_800;
const N_SECONDS: i64 = 2 * 365 * 86_400;
const GENRES: [&str; 16] = [
    "Adventure",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Family",
    "Fantasy",
    "History",
    "Horror",
    "Music",
    "Mystery",
    "Nature",
    "Romance",
    "Science",
    "Sport",
    "Travel",
];
const OCCUPATIONS: [&str; 8] =
    ["artist", "clerk", "engineer", "farmer", "nurse", "retired", "student", "teacher"];
const ADJECTIVES: [&str; 20] = [
    "Amber", "Borrowed", "Crooked", "Distant", "Early", "Faded", "Golden", "Hidden", "Idle", "Last",
    "Little", "Midnight", "Northern", "Open", "Paper", "Quiet", "Restless", "Silver", "Tangled", "Winter",
];
const NOUNS: [&str; 20] = [
    "Anchor", "Bridge", "Clock", "Door", "Echo", "Field", "Garden", "Harbour", "Island", "Journey", "Kite",
    "Lantern", "Mirror", "Orchard", "Parade", "River", "Signal", "Tower", "Voyage", "Window",
];

/// The settings of the generator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SyntheticConfig {
    /// The number of users.
    pub n_users: usize,
    /// The number of items.
    pub n_items: usize,
    /// The number of genres, at most 16.
    pub n_genres: usize,
    /// The mean number of ratings a user, above 20; nobody has fewer than 20.
    pub ratings_per_user_mean: f64,
    /// The exponent of the law by which popularity falls with an item's rank (Zipf); 0 makes all items alike.
    pub popularity_exponent: f64,
    /// The stars that one standard deviation of taste is worth.
    pub taste_strength: f64,
    /// The part of a taste, from 0 to 1, that has turned into another one by the user's last rating.
    pub drift: f64,
    /// The standard deviation of a rating's noise, in stars.
    pub noise: f64,
    /// The root seed: equal settings give equal logs.
    pub seed: u64,
}

impl Default for SyntheticConfig {
    /// The built-in data set.
    fn default() -> Self {
        Self::standard()
    }
}

impl SyntheticConfig {
    /// The built-in data set: 600 users, 400 items, about 40,000 ratings.
    #[must_use]
    pub const fn standard() -> Self {
        Self {
            n_users: 600,
            n_items: 400,
            n_genres: 12,
            ratings_per_user_mean: 68.0,
            popularity_exponent: 0.9,
            taste_strength: 0.9,
            drift: 0.7,
            noise: 0.6,
            seed: 20,
        }
    }

    /// A smaller one for tests: 200 users, 120 items.
    #[must_use]
    pub const fn small() -> Self {
        Self { n_users: 200, n_items: 120, n_genres: 6, ratings_per_user_mean: 32.0, ..Self::standard() }
    }

    fn check(&self) -> Result<(), DataError> {
        let max_rated = self.max_ratings();
        let fault = if self.n_users == 0 {
            Some("n_users must be above 0".to_owned())
        } else if self.n_genres == 0 || self.n_genres > GENRES.len() {
            Some(format!("n_genres must be from 1 to {}", GENRES.len()))
        } else if max_rated < MIN_RATINGS {
            Some(format!("n_items must be at least {}", 2 * MIN_RATINGS))
        } else if !(self.ratings_per_user_mean > MIN_RATINGS as f64
            && self.ratings_per_user_mean < max_rated as f64)
        {
            Some(format!("ratings_per_user_mean must be above {MIN_RATINGS} and below half of n_items"))
        } else if !(0.0..=1.0).contains(&self.drift) {
            Some("drift must be from 0 to 1".to_owned())
        } else if [self.popularity_exponent, self.taste_strength, self.noise]
            .iter()
            .any(|it| !it.is_finite() || *it < 0.0)
        {
            Some("popularity_exponent, taste_strength and noise must be finite and not negative".to_owned())
        } else {
            None
        };
        fault.map_or(Ok(()), |fault| Err(DataError::Synthetic(fault)))
    }

    fn max_ratings(&self) -> usize {
        (self.n_items as f64 * MAX_RATED_PART) as usize
    }
}

/// What the generator knows of an item and the log does not say.
struct HiddenItem {
    /// Positions in the list of genres: one or two.
    genres: Vec<usize>,
    quality: f64,
    popularity: f64,
}

/// Makes the data set, named `dataset`.
///
/// Items that nobody rated are not in the log, as with any other data set.
///
/// # Errors
///
/// Fails if the settings contradict each other; the message names the setting.
pub fn generate(dataset: &str, config: &SyntheticConfig) -> Result<RawLog, DataError> {
    config.check()?;
    let seeds = Seeds(config.seed);
    let (items, hidden) = draw_items(config, &mut seeds.stream("synthetic/items"))?;
    let users = draw_users(config, &mut seeds.stream("synthetic/users"))?;
    let mut random = seeds.stream("synthetic/ratings");
    let mut interactions = Vec::new();
    for user in 0..config.n_users {
        rate(config, &hidden, UserIdx::from(user), &mut interactions, &mut random);
    }
    let (items, unrated_items) = drop_unrated(items, &mut interactions);
    let rows_read = interactions.len() as u64;
    Ok(RawLog {
        dataset: dataset.to_owned(),
        users,
        items,
        cold_items: Entities::default(),
        interactions,
        counts: RowCounts { rows_read, unrated_items, ..RowCounts::default() },
        rating_scale: (1.0, 5.0),
        has_time: true,
    })
}

fn draw_items(
    config: &SyntheticConfig,
    random: &mut RandomStream,
) -> Result<(Entities, Vec<HiddenItem>), DataError> {
    let mut ranks: Vec<usize> = (1..=config.n_items).collect();
    for at in (1..ranks.len()).rev() {
        ranks.swap(at, random.random_range(0..=at));
    }
    let kinds = [("year", AttributeKind::Number), ("genres", AttributeKind::Categories)];
    let (mut attributes, mut hidden) = (AttributesBuilder::new(kinds)?, Vec::new());
    for (at, rank) in ranks.into_iter().enumerate() {
        let first = random.random_range(0..config.n_genres);
        let second = random.random_range(0..config.n_genres);
        let genres = if first == second || at % 2 == 0 { vec![first] } else { vec![first, second] };
        let year: u16 = random.random_range(1960..2020);
        let words = genres.iter().map(|genre| GENRES[*genre]).collect();
        attributes.push(&[AttributeValue::Number(f64::from(year)), AttributeValue::Categories(words)])?;
        let quality = QUALITY_SPREAD * normal(random);
        let popularity = (rank as f64).powf(-config.popularity_exponent);
        hidden.push(HiddenItem { genres, quality, popularity });
    }
    let titles = (0..config.n_items).map(|at| Some(title(at).into())).collect();
    Ok((Entities::new(ids(config.n_items), titles, attributes.finish()), hidden))
}

/// The ids from 1 on.
fn ids(n: usize) -> Vec<String> {
    (1..=n).map(|id| id.to_string()).collect()
}

/// `Amber Anchor`, `Amber Bridge`, and after 400 titles `Amber Anchor 2`.
fn title(at: usize) -> String {
    let n_pairs = ADJECTIVES.len() * NOUNS.len();
    let (round, pair) = (at / n_pairs, at % n_pairs);
    let words = format!("{} {}", ADJECTIVES[pair / NOUNS.len()], NOUNS[pair % NOUNS.len()]);
    if round == 0 { words } else { format!("{words} {}", round + 1) }
}

fn draw_users(config: &SyntheticConfig, random: &mut RandomStream) -> Result<Entities, DataError> {
    let kinds = [
        ("gender", AttributeKind::Category),
        ("age", AttributeKind::Number),
        ("occupation", AttributeKind::Category),
    ];
    let mut attributes = AttributesBuilder::new(kinds)?;
    for _ in 0..config.n_users {
        let gender = ["F", "M"][random.random_range(0..2)];
        let age: u16 = random.random_range(14..80);
        let occupation = OCCUPATIONS[random.random_range(0..OCCUPATIONS.len())];
        attributes.push(&[
            AttributeValue::Category(gender),
            AttributeValue::Number(f64::from(age)),
            AttributeValue::Category(occupation),
        ])?;
    }
    Ok(Entities::untitled(ids(config.n_users), attributes.finish()))
}

/// Draws one user's tastes and all his ratings, in time order.
fn rate(
    config: &SyntheticConfig,
    items: &[HiddenItem],
    user: UserIdx,
    interactions: &mut Vec<Interaction>,
    random: &mut RandomStream,
) {
    let mut taste = || -> Vec<f64> { (0..config.n_genres).map(|_| normal(random)).collect() };
    let (early, late) = (taste(), taste());
    let n_ratings = draw_n_ratings(config, random);
    let mut timestamp = FIRST_SECOND + random.random_range(0..N_SECONDS / 2);
    let mut weights: Vec<f64> = Vec::with_capacity(items.len());
    let mut is_rated = vec![false; items.len()];
    for at in 0..n_ratings {
        // The spread of the mixture stays 1 all along.
        let angle = config.drift * at as f64 / n_ratings as f64 * std::f64::consts::FRAC_PI_2;
        let liking = |item: &HiddenItem| {
            let sum: f64 =
                item.genres.iter().map(|it| early[*it] * angle.cos() + late[*it] * angle.sin()).sum();
            sum / (item.genres.len() as f64).sqrt()
        };
        weights.clear();
        weights.extend(items.iter().zip(&is_rated).map(|(item, is_rated)| {
            if *is_rated { 0.0 } else { item.popularity * (CHOICE_BY_TASTE * liking(item)).exp() }
        }));
        let item = draw_index(&weights, random);
        is_rated[item] = true;
        let exact = BASE_RATING
            + items[item].quality
            + config.taste_strength * liking(&items[item])
            + config.noise * normal(random);
        // Sittings of ten ratings or so, minutes within and weeks between.
        let pause = if random.random_range(0..10) == 0 { 21 * 86_400 } else { 120 };
        timestamp += random.random_range(1..pause);
        let rating = exact.round().clamp(1.0, 5.0) as f32;
        interactions.push(Interaction { user, item: ItemIdx::from(item), rating, timestamp });
    }
}

fn draw_n_ratings(config: &SyntheticConfig, random: &mut RandomStream) -> usize {
    let beyond = config.ratings_per_user_mean - MIN_RATINGS as f64;
    let tail = Exp::new(1.0 / beyond).map_or(0.0, |tail| tail.sample(random));
    (MIN_RATINGS + tail.round() as usize).min(config.max_ratings())
}

fn normal(random: &mut RandomStream) -> f64 {
    StandardNormal.sample(random)
}

/// Draws a position in proportion to its weight; at least one weight is above 0.
fn draw_index(weights: &[f64], random: &mut RandomStream) -> usize {
    let mut mass = random.random::<f64>() * weights.iter().sum::<f64>();
    let mut last = 0;
    for (at, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
        last = at;
        mass -= weight;
        if mass < 0.0 {
            break;
        }
    }
    last
}

/// The rated items alone, and how many others there were.
fn drop_unrated(items: Entities, interactions: &mut [Interaction]) -> (Entities, u64) {
    let mut is_rated = vec![false; items.len()];
    for row in interactions.iter() {
        is_rated[row.item.index()] = true;
    }
    let kept: Vec<usize> = (0..items.len()).filter(|at| is_rated[*at]).collect();
    let mut moved = vec![0; items.len()];
    for (to, from) in kept.iter().enumerate() {
        moved[*from] = to;
    }
    for row in interactions {
        row.item = ItemIdx::from(moved[row.item.index()]);
    }
    let n_dropped = items.len() - kept.len();
    (items.reordered(&kept), n_dropped as u64)
}

#[cfg(test)]
mod tests;
