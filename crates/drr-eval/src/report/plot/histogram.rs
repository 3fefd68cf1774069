//! Distributions as steps: several lie over each other and stay legible, as bars would not.

use super::{Outcome, WIDTH, colour, draw_nothing, extent, framed};
use plotters::prelude::*;
use std::ops::Range;

const HEIGHT: u32 = 300;
/// More intervals than there are pixels to show them are of no use.
const MAX_BINS: usize = 200;

/// Draws the share of each series' values in equal intervals; a single series is filled.
pub(super) fn draw(svg: &mut String, x_label: &str, series: &[(String, Vec<f64>)], bins: usize) -> Outcome {
    let root = SVGBackend::with_string(svg, (WIDTH, HEIGHT)).into_drawing_area();
    let finite = series.iter().flat_map(|(_, values)| values).copied().filter(|value| value.is_finite());
    let Some(range) = extent(finite) else {
        return draw_nothing(&root);
    };
    let n_bins = bins.clamp(1, MAX_BINS);
    let shares: Vec<Vec<f64>> = series.iter().map(|(_, values)| shares(values, &range, n_bins)).collect();
    let top = shares.iter().flatten().copied().fold(0.0, f64::max);
    let mut chart = framed(&root, (x_label, range.clone()), ("share", 0.0..1.05 * top))?;
    for (at, shares) in shares.iter().enumerate().filter(|(_, shares)| !shares.is_empty()) {
        let steps = steps(shares, &range);
        if series.len() == 1 {
            chart.draw_series([Polygon::new(steps.clone(), colour(at).mix(0.25).filled())])?;
        }
        chart.draw_series([PathElement::new(steps, colour(at).stroke_width(2))])?;
    }
    root.present()?;
    Ok(())
}

/// The share of the finite values in each interval, the greatest value in the last; empty without any.
fn shares(values: &[f64], range: &Range<f64>, n_bins: usize) -> Vec<f64> {
    let mut counts = vec![0_usize; n_bins];
    for value in values.iter().filter(|value| value.is_finite()) {
        let at = (value - range.start) / (range.end - range.start) * n_bins as f64;
        counts[(at as usize).min(n_bins - 1)] += 1;
    }
    let n = counts.iter().sum::<usize>();
    if n == 0 { Vec::new() } else { counts.iter().map(|count| *count as f64 / n as f64).collect() }
}

/// The outline: up and down at the edges of the intervals, from the axis back to it.
fn steps(shares: &[f64], range: &Range<f64>) -> Vec<(f64, f64)> {
    let width = (range.end - range.start) / shares.len() as f64;
    let edge = |at: usize| range.start + width * at as f64;
    let tops = shares.iter().enumerate().flat_map(|(at, share)| [(edge(at), *share), (edge(at + 1), *share)]);
    let ends = [(range.start, 0.0), (edge(shares.len()), 0.0)];
    std::iter::once(ends[0]).chain(tops).chain([ends[1]]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Plot;

    #[test]
    fn the_shares_are_of_finite_values_and_the_greatest_is_in_the_last_interval() {
        let values = [0.0, 0.4, 0.5, 1.0, f64::NAN];
        assert_eq!(shares(&values, &(0.0..1.0), 2), [0.5, 0.5]);
        assert!(shares(&[f64::NAN], &(0.0..1.0), 2).is_empty());
        assert_eq!(
            steps(&[0.25, 0.75], &(0.0..1.0)),
            [(0.0, 0.0), (0.0, 0.25), (0.5, 0.25), (0.5, 0.75), (1.0, 0.75), (1.0, 0.0)]
        );
    }

    #[test]
    fn odd_distributions_are_drawn_without_a_number_that_is_none() {
        for (series, bins) in [
            (vec![], 5),
            (vec![vec![]], 5),
            (vec![vec![f64::NAN]], 5),
            (vec![vec![0.0; 3]], 0),
            (vec![vec![1.0, 2.0], vec![]], 1000),
        ] {
            let series = series.into_iter().map(|values| ("s".to_owned(), values)).collect();
            let plot = Plot::Histogram { title: "t".into(), x_label: "ndcg@10".into(), series, bins };
            let svg = super::super::draw(&plot).unwrap();
            assert!(svg.starts_with("<svg ") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}
