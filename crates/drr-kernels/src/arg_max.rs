//! The best item for each of a batch of actions, in one pass over the catalogue.

use crate::matmul::input_gradient;
use crate::panels::{LANES, Panels};
use pulp::Arch;

/// The score of an item that may not be chosen: below every other finite score.
const EXCLUDED: f32 = f32::MIN;

/// Finds the items of greatest inner product, with its memory kept from call to call.
#[derive(Debug, Clone)]
pub struct ArgMax {
    scores: Panels,
}

impl ArgMax {
    /// A search among `n_items`.
    #[must_use]
    pub fn new(n_items: usize) -> Self {
        Self { scores: Panels::zeros(0, n_items) }
    }

    /// Scores all `items` `[I, D]` for all `actions` `[B, D]`.
    pub fn score(&mut self, items: &[f32], actions: &Panels) {
        self.scores.resize(actions.n_rows());
        input_gradient(items, 0..self.scores.n_features(), actions, &mut self.scores);
    }

    /// Excludes an item from the choice for example `row`.
    pub fn exclude(&mut self, row: usize, item: u32) {
        self.scores.panel_mut(row / LANES)[item as usize][row % LANES] = EXCLUDED;
    }

    /// The best item for each example, of equal ones the smallest; `None` where none is left or a score is not finite.
    pub fn best(&self, mut found: impl FnMut(usize, Option<u32>)) {
        for at in 0..self.scores.n_panels() {
            let best = best_of_panel(self.scores.panel(at));
            let n_rows = (self.scores.n_rows() - at * LANES).min(LANES);
            for (lane, best) in best.into_iter().enumerate().take(n_rows) {
                found(at * LANES + lane, u32::try_from(best).ok());
            }
        }
    }
}

/// The row of the greatest value in each column, -1 for none.
fn best_of_panel(scores: &[[f32; LANES]]) -> [i32; LANES] {
    Arch::new().dispatch(|| {
        let (mut greatest, mut best) = ([EXCLUDED; LANES], [-1_i32; LANES]);
        let mut broken = [false; LANES];
        for (item, scores) in (0_i32..).zip(scores) {
            for at in 0..LANES {
                let better = scores[at] > greatest[at];
                greatest[at] = if better { scores[at] } else { greatest[at] };
                best[at] = if better { item } else { best[at] };
                broken[at] |= !scores[at].is_finite();
            }
        }
        std::array::from_fn(|at| if broken[at] { -1 } else { best[at] })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_allowed_item_wins_and_ties_go_to_the_smaller_one() {
        let items = [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, -1.0, -1.0];
        let mut search = ArgMax::new(4);
        let actions = [2.0, 1.0, 2.0, 1.0, -1.0, -1.0, 0.0, 0.0, f32::NAN, 0.0];
        search.score(&items, &Panels::from_rows(&actions, 2));
        search.exclude(1, 0);
        (0..4).for_each(|item| search.exclude(3, item));
        let mut found = Vec::new();
        search.best(|_, best| found.push(best));
        assert_eq!(found, [Some(0), Some(2), Some(3), None, None]);
    }
}
