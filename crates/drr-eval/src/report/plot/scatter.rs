//! Named points, each name beside its point where there is room.

use super::{
    BROAD_WIDTH, FONT, FONT_SIZE, MANY_BARS, Outcome, WIDTH, colour, draw_nothing, extent, framed, padded,
};
use crate::report::ScatterPoint;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

const HEIGHT: u32 = 380;
const BROAD_HEIGHT: u32 = 520;
/// The width of a letter, in pixels, with room to spare: a name that touches another is worse than one farther off.
const LETTER: i32 = 8;
/// Half the width of a point, in pixels.
const RADIUS: i32 = 4;
/// How far a name may be from its point, in pixels, before a line leads to it.
const NEAR: i32 = 26;

/// A rectangle in pixels: left, top, right, bottom.
type Frame = [i32; 4];

/// Draws the points in their order of colours.
pub(super) fn draw(svg: &mut String, x_label: &str, y_label: &str, points: &[ScatterPoint]) -> Outcome {
    let size = if points.len() > MANY_BARS { (BROAD_WIDTH, BROAD_HEIGHT) } else { (WIDTH, HEIGHT) };
    let root = SVGBackend::with_string(svg, size).into_drawing_area();
    let points: Vec<&ScatterPoint> =
        points.iter().filter(|point| point.x.is_finite() && point.y.is_finite()).collect();
    let ranges = (extent(points.iter().map(|point| point.x)), extent(points.iter().map(|point| point.y)));
    let (Some(x_range), Some(y_range)) = ranges else {
        return draw_nothing(&root);
    };
    let mut chart = framed(&root, (x_label, padded(x_range)), (y_label, padded(y_range)))?;
    let pixels: Vec<(i32, i32)> =
        points.iter().map(|point| chart.backend_coord(&(point.x, point.y))).collect();
    let (across, down) = chart.plotting_area().get_pixel_range();
    let names: Vec<&str> = points.iter().map(|point| point.name.as_str()).collect();
    let frames = places(&pixels, &names, [across.start, down.start, across.end, down.end]);
    for (at, point) in points.iter().enumerate() {
        chart.draw_series([Circle::new((point.x, point.y), RADIUS, colour(at).filled())])?;
    }
    for (at, ([left, top, right, bottom], pixel)) in frames.iter().zip(&pixels).enumerate() {
        let middle = (top + bottom) / 2;
        let end = (pixel.0.clamp(*left, *right), middle);
        if (end.0 - pixel.0).abs().max((end.1 - pixel.1).abs()) > NEAR {
            root.draw(&PathElement::new(vec![*pixel, end], colour(at).mix(0.6).stroke_width(1)))?;
        }
        // The end of the name that is nearer to the point stays where it is, however wide the letters are.
        let (side, x) = match pixel.0 {
            x if x <= *left => (HPos::Left, *left),
            x if x >= *right => (HPos::Right, *right),
            _ => (HPos::Center, (left + right) / 2),
        };
        let style = (FONT, FONT_SIZE).into_text_style(&root).pos(Pos::new(side, VPos::Center));
        root.draw_text(names[at], &style, (x, middle))?;
    }
    root.present()?;
    Ok(())
}

/// A frame for each name: of the places around its point, the nearest that covers no point and no name placed before and
/// lies within `area`; if there is none, the one that covers the least.
fn places(pixels: &[(i32, i32)], names: &[&str], area: Frame) -> Vec<Frame> {
    let points: Vec<Frame> = pixels
        .iter()
        .map(|(x, y)| [x - RADIUS - 1, y - RADIUS - 1, x + RADIUS + 1, y + RADIUS + 1])
        .collect();
    let mut placed: Vec<Frame> = Vec::with_capacity(names.len());
    for (pixel, name) in pixels.iter().zip(names) {
        let width = LETTER * i32::try_from(name.chars().count().min(80)).unwrap_or(0);
        let covered = |frame: &Frame| {
            let outside = frame_size(frame) - overlap(frame, &area);
            let taken: i32 = points.iter().chain(&placed).map(|other| overlap(frame, other)).sum();
            4 * outside + taken
        };
        let best = around(*pixel, width).into_iter().min_by_key(covered);
        placed.extend(best);
    }
    placed
}

/// Places for a name around a point, the preferred ones first: right, left, above, below, then farther away.
fn around((x, y): (i32, i32), width: i32) -> Vec<Frame> {
    let half = i32::try_from(FONT_SIZE).unwrap_or(0) / 2 + 1;
    let at = |left: i32, middle: i32| [left, middle - half, left + width, middle + half];
    let gap = RADIUS + 3;
    let (right, left, centred) = (x + gap, x - gap - width, x - width / 2);
    let mut frames = vec![at(right, y), at(left, y)];
    for step in 1..=6 {
        for side in [-1, 1] {
            let middle = y + side * (gap + half * step);
            frames.extend([at(centred, middle), at(right, middle), at(left, middle)]);
        }
    }
    frames
}

fn frame_size([left, top, right, bottom]: &Frame) -> i32 {
    (right - left) * (bottom - top)
}

/// The area that two frames share.
fn overlap(one: &Frame, other: &Frame) -> i32 {
    let width = one[2].min(other[2]) - one[0].max(other[0]);
    let height = one[3].min(other[3]) - one[1].max(other[1]);
    width.max(0) * height.max(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Plot;

    fn svg(points: Vec<ScatterPoint>) -> String {
        let (title, x_label, y_label) = ("t".into(), "coverage".into(), "precision".into());
        super::super::draw(&Plot::Scatter { title, x_label, y_label, points }).unwrap()
    }

    #[test]
    fn a_point_and_its_name_are_drawn() {
        let svg = svg(vec![ScatterPoint { name: "a < b".into(), x: 0.5, y: 0.3 }]);
        for part in ["<circle", "a &lt; b", "coverage", "precision"] {
            assert!(svg.contains(part), "no {part} in {svg}");
        }
    }

    #[test]
    fn points_that_lie_together_keep_their_names_apart() {
        let pixels = [(100, 100), (102, 101), (104, 99), (101, 103), (290, 100)];
        let area = [0, 0, 300, 200];
        let frames = places(&pixels, &["popularity", "itemknn", "ease", "random", "at the edge"], area);
        for (at, frame) in frames.iter().enumerate() {
            assert_eq!(overlap(frame, &area), frame_size(frame), "{frame:?} is outside");
            for other in &frames[at + 1..] {
                assert_eq!(overlap(frame, other), 0, "{frame:?} covers {other:?}");
            }
        }
    }

    #[test]
    fn odd_points_are_drawn_without_a_number_that_is_none() {
        let point = |x, y| ScatterPoint { name: "p".into(), x, y };
        for points in [vec![], vec![point(f64::NAN, 1.0)], vec![point(0.0, 0.0); 2]] {
            let svg = svg(points);
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}
