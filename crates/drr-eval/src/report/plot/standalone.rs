//! A plot as a file of its own: what the page's style does there, the file does itself.

use super::draw;
use crate::report::html::escaped;
use crate::report::{Plot, ReportError};

/// Room for the title above the drawing.
const HEAD: u32 = 46;
/// Ink and paper of the page's style, light and dark.
const STYLE: &str = "\
svg { color: #1c2126; font-family: system-ui, 'Segoe UI', Roboto, Arial, sans-serif; }
.paper { fill: #ffffff; }
text { fill: currentColor; }
@media (prefers-color-scheme: dark) { svg { color: #e4e8ec; } .paper { fill: #14181c; } }";

/// Draws a plot with its title on paper.
pub(in crate::report) fn standalone(plot: &Plot) -> Result<String, ReportError> {
    let drawing = draw(plot)?;
    let size = |name: &str| {
        let after = drawing.split_once(&format!("{name}=\"")).map_or("", |it| it.1);
        after.split('"').next().and_then(|value| value.parse::<u32>().ok())
    };
    let (Some(width), Some(height)) = (size("width"), size("height")) else {
        let reason = "the drawing has no size".to_owned();
        return Err(ReportError::Plot { title: plot.title().to_owned(), reason });
    };
    let (full, title) = (height + HEAD, escaped(plot.title()));
    let inner = drawing.replacen("<svg ", &format!("<svg y=\"{HEAD}\" "), 1);
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{full}\" viewBox=\"0 0 {width} {full}\" role=\"img\">\n\
         <title>{title}</title>\n<style>\n{STYLE}\n</style>\n\
         <rect class=\"paper\" width=\"{width}\" height=\"{full}\" rx=\"6\"/>\n\
         <text x=\"20\" y=\"30\" font-size=\"17\" font-weight=\"bold\">{title}</text>\n{inner}</svg>\n"
    ))
}
