//! The ascent of BPR, block by block, so that threads work side by side without changing a bit of the result.
//!
//! A step changes one user and two items. Users are cut into blocks once and items anew in each epoch, at random, into as
//! many; in the sub-epoch `s` the users of block `b` take only items of block `b + s`, positive and negative ones, so no
//! two blocks of users touch the same vector (the strata of Gemulla et al. 2011, sec. 4.2). After all sub-epochs every
//! positive pair was visited once, and each item outside a user's likes was as probable a negative as any other, since
//! blocks are random. The schedule and each block's draws depend on the data and the seed, never on the threads.

use super::BprConfig;
use drr_core::{ItemIdx, ItemSet, RandomStream, Seeds};
use rand::{Rng, RngCore};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

/// More blocks would keep more threads busy, and give each fewer items to draw from.
const MOST_BLOCKS: usize = 16;
/// A block of fewer items would leave little to choose from as negatives.
const LEAST_ITEMS: usize = 64;
/// Vectors are padded with zeros, which stay zeros, to a multiple of this: whole vector instructions.
const LANES: usize = 16;
/// A negative is given up after so many draws.
const DRAWS: usize = 10;

/// Vectors `[n, W]` of a width that is a multiple of [`LANES`], and biases `[n]`.
struct Factors {
    vectors: Vec<f32>,
    biases: Vec<f32>,
    width: usize,
}

impl Factors {
    /// The rows in the given order.
    fn gathered(&self, order: &[u32]) -> Self {
        let row = |at: &u32| &self.vectors[*at as usize * self.width..][..self.width];
        Self {
            vectors: order.iter().flat_map(row).copied().collect(),
            biases: order.iter().map(|at| self.biases[*at as usize]).collect(),
            width: self.width,
        }
    }

    /// Undoes [`Factors::gathered`].
    fn put_back(&mut self, order: &[u32], from: &Self) {
        let rows = from.vectors.chunks_exact(self.width).zip(&from.biases);
        for (at, (vector, bias)) in order.iter().zip(rows) {
            let at = *at as usize;
            self.vectors[at * self.width..][..self.width].copy_from_slice(vector);
            self.biases[at] = *bias;
        }
    }
}

/// The items that one block of users may change in a sub-epoch.
struct ItemBlock<'a> {
    number: usize,
    ids: &'a [u32],
    vectors: &'a mut [f32],
    biases: &'a mut [f32],
}

/// Neighbouring users with about as many positive pairs as any other block.
struct UserBlock<'a> {
    liked: &'a [Vec<u32>],
    known: &'a [ItemSet],
    /// `[n, W]`.
    vectors: &'a mut [f32],
    /// For each block of items the pairs (user, item) as positions in the blocks, by user.
    pairs: Vec<Vec<(u32, u32)>>,
    random: RandomStream,
}

/// Fits items' vectors `[I, D]` and biases `[I]` to the distinct items that each user likes.
pub(super) fn fit(
    liked: &[Vec<u32>],
    n_items: usize,
    config: BprConfig,
    seeds: Seeds,
) -> (Vec<f32>, Vec<f32>) {
    let width = config.dim.next_multiple_of(LANES);
    let mut random = seeds.stream("bpr");
    let mut draw = |n_rows: usize| first_values(n_rows, config.dim, width, &mut random);
    let mut users = draw(liked.len());
    let mut items = Factors { vectors: draw(n_items), biases: vec![0.0; n_items], width };
    let block_size = n_items.div_ceil((n_items / LEAST_ITEMS).clamp(1, MOST_BLOCKS)).max(1);
    let n_blocks = n_items.div_ceil(block_size);
    let known: Vec<ItemSet> =
        liked.iter().map(|of| ItemSet::from_items(n_items, of.iter().copied().map(ItemIdx))).collect();
    let mut blocks = user_blocks(liked, &known, &mut users, n_blocks, seeds);
    let mut order: Vec<u32> = (0..).take(n_items).collect();
    let mut places = order.clone();
    let step = Step::new(config);
    for _ in 0..if n_items < 2 { 0 } else { config.epochs } {
        for last in (1..n_items).rev() {
            order.swap(last, random.random_range(0..=last));
        }
        for (place, item) in (0..).zip(&order) {
            places[*item as usize] = place;
        }
        let mut shuffled = items.gathered(&order);
        let mut item_blocks = item_blocks(&mut shuffled, &order, block_size);
        blocks.par_iter_mut().for_each(|users| users.deal(&places, block_size));
        for _ in 0..n_blocks {
            blocks
                .par_iter_mut()
                .zip(item_blocks.par_iter_mut())
                .for_each(|(users, items)| users.visit(items, width, step));
            item_blocks.rotate_left(1);
        }
        items.put_back(&order, &shuffled);
    }
    let vectors = items.vectors.chunks_exact(width).flat_map(|row| &row[..config.dim]).copied().collect();
    (vectors, items.biases)
}

/// Small normal values, `[n, W]`, zero from `dim` on.
fn first_values(n_rows: usize, dim: usize, width: usize, random: &mut RandomStream) -> Vec<f32> {
    let mut values = vec![0.0; n_rows * width];
    for row in values.chunks_exact_mut(width) {
        for value in &mut row[..dim] {
            *value = 0.1 * Distribution::<f32>::sample(&StandardNormal, random);
        }
    }
    values
}

fn item_blocks<'a>(shuffled: &'a mut Factors, order: &'a [u32], block_size: usize) -> Vec<ItemBlock<'a>> {
    let vectors = shuffled.vectors.chunks_mut(block_size * shuffled.width);
    let parts = order.chunks(block_size).zip(vectors).zip(shuffled.biases.chunks_mut(block_size));
    parts
        .enumerate()
        .map(|(number, ((ids, vectors), biases))| ItemBlock { number, ids, vectors, biases })
        .collect()
}

/// Cuts the users into `n_blocks` blocks, some of which may be empty where few users like most.
fn user_blocks<'a>(
    liked: &'a [Vec<u32>],
    known: &'a [ItemSet],
    vectors: &'a mut [f32],
    n_blocks: usize,
    seeds: Seeds,
) -> Vec<UserBlock<'a>> {
    let width = vectors.len().checked_div(liked.len()).unwrap_or(0);
    let n_pairs: usize = liked.iter().map(Vec::len).sum();
    let (mut liked, mut known, mut vectors) = (liked, known, vectors);
    let (mut blocks, mut n_dealt) = (Vec::with_capacity(n_blocks), 0);
    for number in 1..=n_blocks {
        let mut n_users = 0;
        while n_users < liked.len() && (number == n_blocks || n_dealt < n_pairs * number / n_blocks) {
            n_dealt += liked[n_users].len();
            n_users += 1;
        }
        let (of_block, of_rest) = liked.split_at(n_users);
        let (known_of_block, known_of_rest) = known.split_at(n_users);
        let (own, rest) = vectors.split_at_mut(n_users * width);
        let random = seeds.stream(&format!("bpr.negatives.{number}"));
        let pairs = vec![Vec::new(); n_blocks];
        blocks.push(UserBlock { liked: of_block, known: known_of_block, vectors: own, pairs, random });
        (liked, known, vectors) = (of_rest, known_of_rest, rest);
    }
    blocks
}

impl UserBlock<'_> {
    /// Sorts the positive pairs by block of items.
    fn deal(&mut self, places: &[u32], block_size: usize) {
        // Neither number exceeds the catalogue, whose indices are 32 bits wide.
        #[expect(clippy::cast_possible_truncation, reason = "no catalogue has 2^32 items")]
        let block_size = block_size as u32;
        self.pairs.iter_mut().for_each(Vec::clear);
        for (user, liked) in (0..).zip(self.liked) {
            for item in liked {
                let place = places[*item as usize];
                self.pairs[(place / block_size) as usize].push((user, place % block_size));
            }
        }
    }

    /// One step for each positive pair with these items.
    fn visit(&mut self, items: &mut ItemBlock<'_>, width: usize, step: Step) {
        let Self { known, vectors, pairs, random, .. } = self;
        for (user, item) in &pairs[items.number] {
            let (user, item) = (*user as usize, *item as usize);
            let known = &known[user];
            let other = (0..DRAWS)
                .map(|_| below(items.ids.len(), random))
                .find(|other| !known.contains(ItemIdx(items.ids[*other])));
            let Some(other) = other else { continue };
            let user = &mut vectors[user * width..][..width];
            step.ascend(user, items, item, other);
        }
    }
}

/// A number below `n`, which is less than `2^32`, by one multiplication: the bias of `n / 2^32` is of no account here.
fn below(n: usize, random: &mut RandomStream) -> usize {
    ((u64::from(random.next_u32()) * n as u64) >> 32) as usize
}

/// The rate and the decay of one step.
#[derive(Clone, Copy)]
pub(super) struct Step {
    rate: f32,
    l2: f32,
}

impl Step {
    #[expect(clippy::cast_possible_truncation, reason = "single precision is enough for factors")]
    pub fn new(config: BprConfig) -> Self {
        Self { rate: config.learning_rate as f32, l2: config.l2 as f32 }
    }

    /// One step for the user and both items, which differ (Rendle et al. 2009, fig. 4).
    fn ascend(self, user: &mut [f32], items: &mut ItemBlock<'_>, item: usize, other: usize) {
        let Self { rate, l2 } = self;
        let (of_item, of_other) = two_rows(items.vectors, user.len(), item, other);
        let (user, _) = user.as_chunks_mut::<LANES>();
        let (of_item, _) = of_item.as_chunks_mut::<LANES>();
        let (of_other, _) = of_other.as_chunks_mut::<LANES>();
        let mut sums = [0.0_f32; LANES];
        for ((u, i), j) in user.iter().zip(&*of_item).zip(&*of_other) {
            for lane in 0..LANES {
                sums[lane] += u[lane] * (i[lane] - j[lane]);
            }
        }
        let difference = sums.iter().sum::<f32>() + items.biases[item] - items.biases[other];
        let pull = rate * pull(difference);
        let kept = 1.0 - rate * l2;
        for ((u, i), j) in user.iter_mut().zip(of_item).zip(of_other) {
            for lane in 0..LANES {
                let (of_user, difference) = (pull * u[lane], i[lane] - j[lane]);
                u[lane] = kept * u[lane] + pull * difference;
                i[lane] = kept * i[lane] + of_user;
                j[lane] = kept * j[lane] - of_user;
            }
        }
        items.biases[item] = kept * items.biases[item] + pull;
        items.biases[other] = kept * items.biases[other] - pull;
    }
}

/// `sigma(-difference)`: how much is still to be learned from a pair with these scores' difference.
pub(super) fn pull(difference: f32) -> f32 {
    1.0 / (1.0 + difference.exp())
}

/// Two different rows of `[_, width]`, both to be changed. Panics if they are the same, which is a bug.
fn two_rows(rows: &mut [f32], width: usize, one: usize, other: usize) -> (&mut [f32], &mut [f32]) {
    let (before, after) = rows.split_at_mut(one.max(other) * width);
    let (earlier, later) = (&mut before[one.min(other) * width..][..width], &mut after[..width]);
    if one < other { (earlier, later) } else { (later, earlier) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 90 users of whom each likes every third of 300 items, so that there are four blocks of 75 items.
    fn liked() -> Vec<Vec<u32>> {
        (0..90).map(|user| (0..300).filter(|item| (item + user) % 3 == 0).collect()).collect()
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        let config = BprConfig { dim: 20, epochs: 3, ..BprConfig::default() };
        let with = |n_threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            pool.install(|| fit(&liked(), 300, config, Seeds(1)))
        };
        let (vectors, biases) = with(1);
        assert_eq!((vectors.len(), biases.len()), (300 * 20, 300));
        assert_eq!((vectors, biases), with(4));
    }

    #[test]
    fn each_positive_pair_is_dealt_to_one_block() {
        let liked = liked();
        let known: Vec<ItemSet> = liked.iter().map(|_| ItemSet::empty(300)).collect();
        let mut vectors = vec![0.0; 90 * LANES];
        let mut blocks = user_blocks(&liked, &known, &mut vectors, 4, Seeds(1));
        let places: Vec<u32> = (0..300).rev().collect();
        blocks.iter_mut().for_each(|block| block.deal(&places, 75));
        assert_eq!(blocks.iter().map(|block| block.liked.len()).collect::<Vec<_>>(), [23, 22, 23, 22]);
        // User 0 likes item 297, which stands at place 2.
        assert!(blocks[0].pairs[0].contains(&(0, 2)));
        let dealt: usize = blocks.iter().flat_map(|block| &block.pairs).map(Vec::len).sum();
        assert_eq!(dealt, 90 * 100);
    }

    #[test]
    fn a_step_follows_the_gradient_computed_by_hand() {
        // u = 2, i = 1, j = 0 in the first dimension, no biases: the pull is sigma(-2) = .1192.
        let (mut user, mut vectors) = (vec![0.0; LANES], vec![0.0; 2 * LANES]);
        (user[0], vectors[0]) = (2.0, 1.0);
        let mut items = ItemBlock { number: 0, ids: &[0, 1], vectors: &mut vectors, biases: &mut [0.0, 0.0] };
        let config = BprConfig { learning_rate: 0.1, l2: 0.5, ..BprConfig::default() };
        Step::new(config).ascend(&mut user, &mut items, 0, 1);
        let pull = 0.1 * 0.119_203;
        let close = |value: f32, expected: f32| (value - expected).abs() < 1e-5;
        assert!(close(user[0], 2.0 * 0.95 + pull) && close(items.vectors[0], 0.95 + 2.0 * pull));
        assert!(close(items.vectors[LANES], -2.0 * pull));
        assert!(close(items.biases[0], pull) && close(items.biases[1], -pull));
        assert!(user[1..].iter().all(|value| *value == 0.0));
    }
}
