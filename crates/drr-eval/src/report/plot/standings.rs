//! Bars with plain names, two lines each: what a reader sees first, so it must be legible without the rest of the page.

use super::{Canvas, Chart, FONT, GREY, Outcome, draw_nothing, extent, tick};
use crate::report::number::decimal;
use crate::report::{Role, Standing};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::ops::Range;

/// The width, in pixels: that of a column of text.
const WIDTH: u32 = 800;
/// The height of one bar with its room.
const ROW: u32 = 48;
/// Room for the value axis below the bars.
const FOOT: u32 = 60;
/// Room for the names at the left.
const NAMES: u32 = 310;
/// Room for the numbers at the right.
const NUMBERS: u32 = 120;
/// The height of letters: greater than elsewhere, since a page may show the whole smaller than it is.
const LARGE: u32 = 18;
/// The height of small letters.
const SMALL: u32 = 15;
/// How far a line of two is from their middle.
const HALF_LINE: i32 = 9;
/// The gap between a bar and its words.
const GAP: i32 = 9;
/// Half the share of a row that its bar is high.
const HALF_BAR: f64 = 0.27;
/// Stands for the colour of the text around, which no drawing knows.
const INK: RGBColor = RGBColor(1, 2, 3);
/// The subject: Okabe and Ito's vermilion, which can be seen on white and on black.
const SUBJECT: RGBColor = RGBColor(213, 94, 0);

/// Draws the bars from the top.
pub(super) fn draw(svg: &mut String, x_label: &str, standings: &[Standing], digits: u8) -> Outcome {
    let shown: Vec<&Standing> = standings.iter().filter(|it| it.value.is_finite()).collect();
    let height = ROW * u32::try_from(shown.len().max(2))? + FOOT;
    {
        let root = SVGBackend::with_string(svg, (WIDTH, height)).into_drawing_area();
        let ends = shown.iter().flat_map(|it| {
            let (low, high) = whiskers(it).unwrap_or((it.value, it.value));
            [0.0, it.value, low, high]
        });
        match extent(ends).filter(|_| !shown.is_empty()) {
            Some(range) => draw_all(&root, x_label, &shown, range, digits)?,
            None => draw_nothing(&root)?,
        }
    }
    let RGBColor(red, green, blue) = INK;
    *svg = svg.replace(&format!("#{red:02X}{green:02X}{blue:02X}"), "currentColor");
    Ok(())
}

fn draw_all(root: &Canvas<'_>, x_label: &str, shown: &[&Standing], range: Range<f64>, digits: u8) -> Outcome {
    let mut chart = ChartBuilder::on(root)
        .margin_top(6)
        .margin_bottom(6)
        .margin_right(NUMBERS)
        .x_label_area_size(FOOT - 16)
        .y_label_area_size(NAMES)
        .build_cartesian_2d(range, 0.0..shown.len() as f64)?;
    chart
        .configure_mesh()
        .x_desc(x_label)
        .x_labels(8)
        .disable_y_mesh()
        .disable_y_axis()
        .x_label_formatter(&|value| tick(*value))
        .label_style((FONT, SMALL))
        .axis_desc_style((FONT, SMALL))
        .axis_style(GREY)
        .bold_line_style(GREY.mix(0.3))
        .light_line_style(TRANSPARENT)
        .draw()?;
    for (from_top, standing) in shown.iter().enumerate() {
        let middle = (shown.len() - 1 - from_top) as f64 + 0.5;
        let end = draw_bar(&mut chart, standing, middle)?;
        write_words(root, standing, digits, chart.backend_coord(&(end, middle)))?;
    }
    root.present()?;
    Ok(())
}

/// Draws a bar with its whiskers and returns where both end.
fn draw_bar(
    chart: &mut Chart<'_>,
    standing: &Standing,
    middle: f64,
) -> Result<f64, Box<dyn std::error::Error>> {
    let corners = [(0.0, middle - HALF_BAR), (standing.value, middle + HALF_BAR)];
    let fill = match standing.role {
        Role::Other => GREY.mix(0.6),
        Role::Variant => SUBJECT.mix(0.5),
        Role::Subject => SUBJECT.mix(1.0),
    };
    chart.draw_series([Rectangle::new(corners, fill.filled())])?;
    let Some((low, high)) = whiskers(standing) else { return Ok(standing.value.max(0.0)) };
    let across = |x| [(x, middle - HALF_BAR / 2.0), (x, middle + HALF_BAR / 2.0)];
    let strokes = [[(low, middle), (high, middle)], across(low), across(high)];
    chart.draw_series(strokes.map(|stroke| PathElement::new(stroke, INK.stroke_width(2))))?;
    Ok(standing.value.max(high).max(0.0))
}

/// Writes the name and the note at the left, the value and its interval behind the bar.
fn write_words(root: &Canvas<'_>, standing: &Standing, digits: u8, (end, y): (i32, i32)) -> Outcome {
    let left = i32::try_from(NAMES)? - 2 * GAP;
    let is_subject = standing.role == Role::Subject;
    pair(root, HPos::Right, (left, y), (&standing.name, is_subject), &standing.note)?;
    let interval = whiskers(standing)
        .map(|(low, high)| format!("[{}, {}]", decimal(low, digits), decimal(high, digits)))
        .unwrap_or_default();
    pair(root, HPos::Left, (end + GAP, y), (&decimal(standing.value, digits), true), &interval)
}

/// Writes a line, bold or not, and a smaller one below where there is one.
fn pair(
    root: &Canvas<'_>,
    side: HPos,
    (x, y): (i32, i32),
    (first, is_bold): (&str, bool),
    second: &str,
) -> Outcome {
    let style = if is_bold { FontStyle::Bold } else { FontStyle::Normal };
    let font = |size: u32, style: FontStyle| {
        (FONT, size).into_font().style(style).color(&INK).pos(Pos::new(side, VPos::Center))
    };
    let shift = if second.is_empty() { 0 } else { HALF_LINE };
    root.draw_text(first, &font(LARGE, style), (x, y - shift))?;
    if !second.is_empty() {
        root.draw_text(second, &font(SMALL, FontStyle::Normal), (x, y + HALF_LINE))?;
    }
    Ok(())
}

fn whiskers(standing: &Standing) -> Option<(f64, f64)> {
    standing.interval.filter(|(low, high)| low.is_finite() && high.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Plot;

    fn standing(name: &str, value: f64, role: Role) -> Standing {
        let interval = Some((value - 0.5, value + 0.5));
        Standing { name: name.into(), note: "as_in_tables".into(), value, interval, role }
    }

    fn plot(standings: Vec<Standing>) -> Plot {
        Plot::Standings { title: "Who <wins>?".into(), x_label: "reward".into(), standings, digits: 2 }
    }

    #[test]
    fn every_bar_has_its_names_its_value_and_its_interval_and_the_subject_alone_is_full_in_colour() {
        let shown = [standing("A rule", -0.25, Role::Other), standing("The agent", 10.0, Role::Subject)];
        let svg = super::super::draw(&plot(shown.to_vec())).unwrap();
        for words in ["A rule", "The agent", "as_in_tables", "-0.25", "10.00", "[9.50, 10.50]", "reward"] {
            assert!(svg.contains(words), "no {words} in {svg}");
        }
        assert_eq!(svg.matches("fill=\"#D55E00\" stroke=\"none\"").count(), 1, "{svg}");
        // The ink is the page's.
        assert!(svg.contains("stroke=\"currentColor\"") && !svg.contains("#010203"), "{svg}");
    }

    #[test]
    fn odd_standings_are_drawn_without_a_number_that_is_none() {
        let odd = Standing { interval: Some((f64::NAN, 1.0)), ..standing("b", -3.0, Role::Variant) };
        for standings in [vec![], vec![standing("a", f64::NAN, Role::Other)], vec![odd]] {
            let svg = super::super::draw(&plot(standings)).unwrap();
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }

    #[test]
    fn a_file_of_its_own_has_title_and_paper_for_light_and_dark_screens() {
        let svg = plot(vec![standing("a", 1.0, Role::Subject)]).to_svg().unwrap();
        assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"), "{svg}");
        for part in ["<title>Who &lt;wins&gt;?</title>", "prefers-color-scheme: dark", "class=\"paper\""] {
            assert!(svg.contains(part), "no {part} in {svg}");
        }
        assert_eq!(svg.matches("<svg ").count(), svg.matches("</svg>").count());
    }
}
