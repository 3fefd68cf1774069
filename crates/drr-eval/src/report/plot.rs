//! Plots as SVG text to be put into a page.
//!
//! The drawing has no background and the page's style sets the colour of its text, so it is legible on light and dark
//! paper alike. The back end only estimates how wide a text is; no font is looked for.

mod histogram;
mod scatter;
mod standalone;
mod standings;

pub(super) use standalone::standalone;

use super::number::{significant, tick};
use super::thin::{MAX_POINTS, thin};
use super::{Bar, Plot, ReportError, Series};
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::ops::Range;

const WIDTH: u32 = 560;
/// The width of a plot that has a row of the page to itself.
const BROAD_WIDTH: u32 = 900;
const LINES_HEIGHT: u32 = 300;
const BAR_HEIGHT: u32 = 30;
/// Bars beyond which a plot gets thinner bars and more width.
const MANY_BARS: usize = 12;
/// The height of one of many bars.
const THIN_BAR_HEIGHT: u32 = 22;
/// Room for the value axis below the bars.
const BARS_FOOT: u32 = 56;
const FONT: &str = "sans-serif";
const FONT_SIZE: u32 = 15;
/// A grey that can be seen on white and on black.
const GREY: RGBColor = RGBColor(128, 134, 140);

type Canvas<'svg> = DrawingArea<SVGBackend<'svg>, Shift>;
type Chart<'svg> = ChartContext<'svg, SVGBackend<'svg>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
type Outcome = Result<(), Box<dyn std::error::Error>>;

/// The colour of the n-th curve: Okabe and Ito's set, which the colour-blind can tell apart, without black and yellow.
pub(super) const fn palette(at: usize) -> (u8, u8, u8) {
    const COLOURS: [(u8, u8, u8); 6] =
        [(0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233)];
    COLOURS[at % COLOURS.len()]
}

/// Whether a plot needs the page's whole width: many bars, or names beside points.
pub(super) const fn is_wide(plot: &Plot) -> bool {
    match plot {
        Plot::Bars { bars, .. } => bars.len() > MANY_BARS,
        Plot::Standings { .. } => true,
        Plot::Scatter { points, .. } => points.len() > MANY_BARS,
        Plot::Lines { .. } | Plot::Histogram { .. } => false,
    }
}

/// Draws a plot as an `svg` element.
pub(super) fn draw(plot: &Plot) -> Result<String, ReportError> {
    let mut svg = String::new();
    let outcome = match plot {
        Plot::Lines { x_label, y_label, series, .. } => draw_lines(&mut svg, x_label, y_label, series),
        Plot::Bars { x_label, bars, .. } => draw_bars(&mut svg, x_label, bars),
        Plot::Standings { x_label, standings, digits, .. } => {
            standings::draw(&mut svg, x_label, standings, *digits)
        }
        Plot::Scatter { x_label, y_label, points, .. } => scatter::draw(&mut svg, x_label, y_label, points),
        Plot::Histogram { x_label, series, bins, .. } => histogram::draw(&mut svg, x_label, series, *bins),
    };
    outcome.map_err(|error| ReportError::Plot { title: plot.title().into(), reason: error.to_string() })?;
    Ok(svg)
}

fn draw_lines(svg: &mut String, x_label: &str, y_label: &str, series: &[Series]) -> Outcome {
    let root = SVGBackend::with_string(svg, (WIDTH, LINES_HEIGHT)).into_drawing_area();
    let curves: Vec<Vec<(f64, f64)>> = series.iter().map(|one| thin(&one.points, MAX_POINTS)).collect();
    // The ends of a thinned curve are means: the axis goes to the true ends.
    let ends = series.iter().flat_map(|one| &one.points).filter(|(x, y)| x.is_finite() && y.is_finite());
    let (Some(x_range), Some(y_range)) =
        (extent(ends.map(|(x, _)| *x)), extent(curves.iter().flatten().map(|(_, y)| *y)))
    else {
        return draw_nothing(&root);
    };
    let mut chart = framed(&root, (x_label, x_range), (y_label, padded(y_range)))?;
    for (at, curve) in curves.iter().enumerate() {
        let style = colour(at).stroke_width(2);
        chart.draw_series(LineSeries::new(curve.iter().copied(), style))?;
        if let [point] = curve[..] {
            chart.draw_series([Circle::new(point, 3, style.filled())])?;
        }
    }
    root.present()?;
    Ok(())
}

/// Axes with their names, numbers and a grid.
fn framed<'svg>(
    root: &Canvas<'svg>,
    (x_label, x_range): (&str, Range<f64>),
    (y_label, y_range): (&str, Range<f64>),
) -> Result<Chart<'svg>, Box<dyn std::error::Error>> {
    let mut chart = ChartBuilder::on(root)
        .margin(8)
        .margin_right(20)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(x_range, y_range)?;
    chart
        .configure_mesh()
        .x_desc(x_label)
        .y_desc(y_label)
        .x_labels(6)
        .y_labels(6)
        .x_label_formatter(&|value| tick(*value))
        .y_label_formatter(&|value| tick(*value))
        .label_style((FONT, FONT_SIZE))
        .axis_desc_style((FONT, FONT_SIZE))
        .axis_style(GREY)
        .bold_line_style(GREY.mix(0.3))
        .light_line_style(TRANSPARENT)
        .draw()?;
    Ok(chart)
}

fn draw_bars(svg: &mut String, x_label: &str, bars: &[Bar]) -> Outcome {
    let bars: Vec<&Bar> = bars.iter().filter(|bar| bar.value.is_finite()).collect();
    let bar_height = if bars.len() > MANY_BARS { THIN_BAR_HEIGHT } else { BAR_HEIGHT };
    let height = bar_height * u32::try_from(bars.len().max(3))? + BARS_FOOT;
    let width = if bars.len() > MANY_BARS { BROAD_WIDTH } else { WIDTH };
    let root = SVGBackend::with_string(svg, (width, height)).into_drawing_area();
    let ends = bars.iter().flat_map(|bar| {
        let (lo, hi) = whiskers(bar).unwrap_or((bar.value, bar.value));
        [0.0, bar.value, lo, hi]
    });
    let Some(x_range) = extent(ends).filter(|_| !bars.is_empty()) else {
        return draw_nothing(&root);
    };
    // The number beside the longest bar needs room too.
    let x_end = if x_range.end > 0.0 { x_range.end + 0.17 * (x_range.end - x_range.start) } else { 0.0 };
    let mut chart = ChartBuilder::on(&root)
        .margin(6)
        .x_label_area_size(44)
        .y_label_area_size(width_of_names(&bars))
        .build_cartesian_2d(x_range.start..x_end, 0.0..bars.len() as f64)?;
    chart
        .configure_mesh()
        .x_desc(x_label)
        .x_labels(6)
        .disable_y_mesh()
        .disable_y_axis()
        .x_label_formatter(&|value| tick(*value))
        .label_style((FONT, FONT_SIZE))
        .axis_desc_style((FONT, FONT_SIZE))
        .axis_style(GREY)
        .bold_line_style(GREY.mix(0.3))
        .light_line_style(TRANSPARENT)
        .draw()?;
    for (from_top, bar) in bars.iter().enumerate() {
        draw_bar(&root, &mut chart, bars.len() - 1 - from_top, bar)?;
    }
    root.present()?;
    Ok(())
}

/// Draws one bar with its name, its whiskers and its number; rows count from below.
fn draw_bar(root: &Canvas<'_>, chart: &mut Chart<'_>, row: usize, bar: &Bar) -> Outcome {
    let middle = row as f64 + 0.5;
    let corners = [(0.0, middle - 0.3), (bar.value, middle + 0.3)];
    chart.draw_series([Rectangle::new(corners, colour(0).mix(0.8).filled())])?;
    let mut end = bar.value.max(0.0);
    if let Some((lo, hi)) = whiskers(bar) {
        end = end.max(hi);
        let across = |x| [(x, middle - 0.15), (x, middle + 0.15)];
        let strokes = [[(lo, middle), (hi, middle)], across(lo), across(hi)];
        chart.draw_series(strokes.map(|stroke| PathElement::new(stroke, colour(1).stroke_width(2))))?;
    }
    let start = chart.x_range().start;
    write_beside(root, chart.backend_coord(&(end, middle)), 6, HPos::Left, &significant(bar.value))?;
    write_beside(root, chart.backend_coord(&(start, middle)), -8, HPos::Right, &bar.name)
}

fn write_beside(root: &Canvas<'_>, (x, y): (i32, i32), gap: i32, side: HPos, words: &str) -> Outcome {
    let style = (FONT, FONT_SIZE).into_text_style(root).pos(Pos::new(side, VPos::Center));
    root.draw_text(words, &style, (x + gap, y))?;
    Ok(())
}

fn draw_nothing(root: &Canvas<'_>) -> Outcome {
    let (width, height) = root.dim_in_pixel();
    let at = (i32::try_from(width / 2)?, i32::try_from(height / 2)?);
    write_beside(root, at, 0, HPos::Center, "no points")
}

/// The width that the names beside the bars need.
fn width_of_names(bars: &[&Bar]) -> u32 {
    bars.iter().map(|bar| width_of(&bar.name)).max().unwrap_or(0).clamp(44, WIDTH / 2) + 16
}

/// About how wide words are: sans-serif letters are about half as wide as high.
fn width_of(words: &str) -> u32 {
    u32::try_from(words.chars().count()).unwrap_or(WIDTH).saturating_mul(FONT_SIZE * 45 / 100)
}

fn colour(at: usize) -> RGBColor {
    let (red, green, blue) = palette(at);
    RGBColor(red, green, blue)
}

fn whiskers(bar: &Bar) -> Option<(f64, f64)> {
    bar.interval.filter(|(lo, hi)| lo.is_finite() && hi.is_finite())
}

/// The least and the greatest value, widened where they are one; nothing if there is no value.
fn extent(values: impl Iterator<Item = f64>) -> Option<Range<f64>> {
    let (lo, hi) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), value| (lo.min(value), hi.max(value)));
    match hi - lo {
        width if !width.is_finite() => None,
        width if width <= 1e-12 * hi.abs() => {
            let half = if hi == 0.0 { 0.5 } else { 0.1 * hi.abs() };
            Some(lo - half..hi + half)
        }
        _ => Some(lo..hi),
    }
}

fn padded(range: Range<f64>) -> Range<f64> {
    let margin = 0.05 * (range.end - range.start);
    range.start - margin..range.end + margin
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(points: Vec<(f64, f64)>) -> String {
        let series = vec![Series { name: "s".into(), points }];
        draw(&Plot::Lines { title: "t".into(), x_label: "step".into(), y_label: "loss".into(), series })
            .unwrap()
    }

    fn bars(bars: Vec<Bar>) -> String {
        draw(&Plot::Bars { title: "t".into(), x_label: "P@10".into(), bars }).unwrap()
    }

    #[test]
    fn a_curve_and_its_axes_are_drawn() {
        let svg = lines(vec![(0.0, 0.5), (1000.0, 1.5), (50_000.0, 1.0)]);
        assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
        for part in ["<polyline", "step", "loss", "20k"] {
            assert!(svg.contains(part), "no {part} in {svg}");
        }
    }

    #[test]
    fn a_long_curve_is_thinned() {
        let svg = lines((0..100_000).map(|x| (f64::from(x), f64::from(x % 7))).collect());
        assert!(svg.len() < 20_000, "{} bytes", svg.len());
    }

    #[test]
    fn odd_curves_are_drawn_without_a_number_that_is_none() {
        for points in [
            vec![],
            vec![(1.0, 1.0)],
            vec![(0.0, 0.0); 3],
            vec![(0.0, f64::NAN)],
            vec![(0.0, 1e300), (1.0, -1e300)],
        ] {
            let svg = lines(points);
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }

    #[test]
    fn a_bar_has_its_name_its_value_and_whiskers() {
        let interval = Some((0.30, 0.34));
        let svg = bars(vec![Bar { name: "a < b".into(), value: 0.319, interval }]);
        assert!(svg.contains("a &lt; b") && svg.contains("0.319"), "{svg}");
        let plain = bars(vec![Bar { name: "a".into(), value: 0.319, interval: None }]);
        assert_eq!(svg.matches("<polyline").count(), plain.matches("<polyline").count() + 3);
    }

    #[test]
    fn odd_bars_are_drawn_without_a_number_that_is_none() {
        let bar = |value| Bar { name: "b".into(), value, interval: Some((f64::NAN, 1.0)) };
        for values in [vec![], vec![f64::NAN], vec![0.0], vec![-1.0, -2.0], vec![-1.0, 1.0]] {
            let svg = bars(values.into_iter().map(bar).collect());
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}
