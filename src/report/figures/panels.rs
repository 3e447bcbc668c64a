//! Several small plots in one figure, two in a row.

use super::{Area, DrawError, INK, TEXT_PX, Text, font};
use crate::report::format::{printable, shortened};

const IN_A_ROW: usize = 2;
const HEIGHT: u32 = 380;
const TITLE: u32 = 50;
/// Longest title, in characters.
const TITLE_LENGTH: usize = 36;

type Plot<'p> = Box<dyn Fn(&Area) -> Result<(), DrawError> + 'p>;

pub(super) struct Panel<'p> {
    pub(super) title: String,
    pub(super) plot: Plot<'p>,
}

/// Height of a plot of `count` panels, in pixels.
pub(super) fn height(count: usize) -> u32 {
    count.div_ceil(IN_A_ROW).max(1) as u32 * HEIGHT
}

pub(super) fn draw(area: &Area, panels: &[Panel]) -> Result<(), DrawError> {
    let places = area.split_evenly((panels.len().div_ceil(IN_A_ROW).max(1), IN_A_ROW));
    for (panel, place) in panels.iter().zip(&places) {
        let (head, body) = place.split_vertically(TITLE);
        let title = shortened(&printable(&panel.title), TITLE_LENGTH);
        head.draw(&Text::new(title, (32, 14), font(TEXT_PX, INK)))?;
        (panel.plot)(&body)?;
    }
    Ok(())
}
