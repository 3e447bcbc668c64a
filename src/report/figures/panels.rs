//! Several small plots in one figure, two in a row.

use super::{Area, DrawError, INK, MUTED, TEXT_PX, Text, fitted, font};

const IN_A_ROW: usize = 2;
const HEIGHT: u32 = 380;
const TITLE: u32 = 50;
/// What a note and the names of axes need.
const NOTE: u32 = 36;
const AXIS_NAMES: u32 = 104;

type Plot<'p> = Box<dyn Fn(&Area) -> Result<(), DrawError> + 'p>;

pub(super) struct Panel<'p> {
    pub(super) title: String,
    /// A line under the title of a panel that names its axes; empty for neither.
    pub(super) note: String,
    pub(super) plot: Plot<'p>,
}

/// Height of a plot of these panels, in pixels.
pub(super) fn height(panels: &[Panel]) -> u32 {
    let more = if has_notes(panels) { NOTE + AXIS_NAMES } else { 0 };
    panels.len().div_ceil(IN_A_ROW).max(1) as u32 * (HEIGHT + more)
}

fn has_notes(panels: &[Panel]) -> bool {
    panels.iter().any(|panel| !panel.note.is_empty())
}

pub(super) fn draw(area: &Area, panels: &[Panel]) -> Result<(), DrawError> {
    let places = area.split_evenly((panels.len().div_ceil(IN_A_ROW).max(1), IN_A_ROW));
    for (panel, place) in panels.iter().zip(&places) {
        let note = if has_notes(panels) { NOTE } else { 0 };
        let (head, body) = place.split_vertically(TITLE + note);
        let room = f64::from(head.dim_in_pixel().0) - 48.0;
        let title = fitted(&panel.title, room, TEXT_PX);
        head.draw(&Text::new(title, (32, 14), font(TEXT_PX, INK)))?;
        let note = fitted(&panel.note, room, TEXT_PX - 4);
        head.draw(&Text::new(note, (32, 54), font(TEXT_PX - 4, MUTED)))?;
        (panel.plot)(&body)?;
    }
    Ok(())
}
