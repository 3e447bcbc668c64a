//! The figures of a sweep: what each key changes, and the trade-offs.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::{Axis, Chart, Frame, chart, share_label};
use super::bars;
use super::labels::Labels;
use super::panels::{self, Panel};
use super::{
    Area, BLUE, DrawError, Figure, Key, MUTED, Mark, PAPER, Plan, TEXT_PX, VERMILION, closed, draw,
    fitted, font, text_width,
};
use crate::ensemble::Estimate;
use crate::experiment::{SobolIndices, Sweep, quantity};
use crate::report::WriteError;
use crate::report::format::{abridged, grouped};
use crate::report::sweep::{
    Quantity, Standing, explained, quantities, ranked, rounded_level, sensitivity_table,
    settings_table, short_keys, standing, told_apart,
};
use crate::report::table::Unit;

/// About how wide a panel is between its axes, in pixels.
const PANEL_WIDTH: f64 = 400.0;
/// A key whose values differ by more than this factor is drawn to a
/// logarithmic scale.
const LOGARITHMIC: f64 = 50.0;
/// Most rows of a heat map that has numbers in its cells.
const MOST_NUMBERED: usize = 6;
/// Size of the numbers in cells and beside dots.
const NUMBER_PX: u32 = TEXT_PX - 6;
/// Pixels between the numbers of neighbouring cells, at least.
const NUMBER_GAP: f64 = 16.0;
/// Widest name of a level at the left of a heat map, in pixels.
const LEVEL_ROOM: f64 = 200.0;
/// Most settings that one label names.
const MOST_LISTED: usize = 3;
/// Most settings of a front that are labelled.
const MOST_LABELLED: usize = 16;
/// What a label covers of a panel's extent, across and up.
const LABEL_WIDTH: f64 = 0.08;
const LABEL_HEIGHT: f64 = 0.15;
/// Half of what a dot covers, in pixels.
const DOT: i32 = 10;
/// Text on the cells of a heat map, which keep their colours on dark paper.
const DARK: RGBColor = RGBColor(0x1B, 0x1E, 0x22);
const LIGHT: RGBColor = RGBColor(0xFD, 0xFE, 0xFE);

/// Every figure, in the order a report shows them.
pub(in crate::report) fn all(sweep: &Sweep, origin: &str) -> Result<Vec<Figure>, WriteError> {
    let mut shown = quantities(sweep);
    shown.retain(|quantity| quantity.estimates.iter().any(Option::is_some));
    let keys = &sweep.study.keys;
    let mut plans: Vec<Plan> = if keys.len() == 2 && sweep.study.is_grid() {
        vec![heat_maps(sweep, &shown)]
    } else {
        (0..keys.len()).map(|key| effects(sweep, &shown, key)).collect()
    };
    if sweep.study.criteria.len() > 1 {
        plans.push(trade_offs(sweep));
    }
    plans.splice(0..0, sensitivities(sweep));
    draw(plans, origin)
}

/// Where the values of a key stand on an axis.
struct Scale {
    axis: Axis,
    /// The place of each setting.
    places: Vec<f64>,
    unit: String,
}

impl Scale {
    fn new(sweep: &Sweep, key: usize) -> Scale {
        let settings = sweep.study.settings.iter();
        let texts: Vec<&str> =
            settings.map(|setting| setting.values.get(key).map_or("", String::as_str)).collect();
        let numbers: Option<Vec<(f64, &str)>> = texts.iter().map(|text| quantity(text)).collect();
        match numbers {
            Some(numbers) if numbers.windows(2).all(|pair| pair[0].1 == pair[1].1) => {
                Scale::of_numbers(&numbers)
            }
            _ => Scale::of_names(&texts, sweep.study.is_grid()),
        }
    }

    fn of_numbers(numbers: &[(f64, &str)]) -> Scale {
        let mut levels: Vec<f64> = numbers.iter().map(|(number, _)| *number).collect();
        levels.sort_by(f64::total_cmp);
        levels.dedup();
        let (least, most) =
            (levels.first().copied().unwrap_or(0.0), levels.last().copied().unwrap_or(0.0));
        let is_logarithmic = least > 0.0 && most / least >= LOGARITHMIC;
        let place = |value: f64| if is_logarithmic { libm::log10(value) } else { value };
        let number = |value: f64, decimals: usize| grouped(value, decimals);
        let plain = Axis::around([place(least), place(most)], number);
        let axis = if levels.len() <= 8 || is_logarithmic {
            let labels = few_digits(&levels);
            plain.with_ticks(levels.iter().map(|&level| place(level)).zip(labels).collect())
        } else {
            plain
        };
        Scale {
            axis,
            places: numbers.iter().map(|&(number, _)| place(number)).collect(),
            unit: numbers.first().map_or(String::new(), |(_, unit)| unit.to_string()),
        }
    }

    /// Names in the order they were given in, or sorted where that is not known.
    fn of_names(texts: &[&str], is_grid: bool) -> Scale {
        let mut names: Vec<&str> = Vec::new();
        for &text in texts {
            if !names.contains(&text) {
                names.push(text);
            }
        }
        if !is_grid {
            names.sort_unstable();
        }
        let place = |text: &&str| names.iter().position(|name| name == text).unwrap_or(0) as f64;
        let room = PANEL_WIDTH / names.len() as f64;
        let label = |name: &&str| fitted(&values_of(name), room, TEXT_PX);
        let ticks = names.iter().enumerate().map(|(i, name)| (i as f64, label(name))).collect();
        let axis = Axis::new(-0.5..names.len() as f64 - 0.5, Vec::new());
        Scale {
            axis: axis.with_ticks(ticks),
            places: texts.iter().map(place).collect(),
            unit: String::new(),
        }
    }
}

/// Numbers with as many digits as tell them apart: three at least, and every one before
/// the point.
fn few_digits(numbers: &[f64]) -> Vec<String> {
    let labels = |digits: usize| -> Vec<String> {
        numbers.iter().map(|number| rounded_level(*number, digits).to_string()).collect()
    };
    told_apart(3, labels)
}

/// How an axis of this unit is labelled.
fn tick(unit: Unit) -> impl Fn(f64, usize) -> String {
    move |value, decimals| match unit {
        Unit::Share => share_label(value, decimals),
        _ => grouped(value, decimals),
    }
}

/// The axis of a quantity over all settings, intervals included or not.
fn axis_of(quantity: &Quantity, with_intervals: bool) -> Axis {
    let ends = |estimate: &Estimate| match with_intervals {
        true => [estimate.lo, estimate.mean, estimate.hi],
        false => [estimate.mean; 3],
    };
    let ends = quantity.estimates.iter().flatten().flat_map(ends);
    let largest = if quantity.unit == Unit::Share { 1.0 } else { f64::INFINITY };
    Axis::around(ends, tick(quantity.unit)).within(0.0, largest)
}

fn dot(chart: &mut Chart, place: (f64, f64), standing: Standing) -> Result<(), DrawError> {
    let ring = |radius: i32, style: ShapeStyle| Circle::new(place, radius, style);
    match standing {
        Standing::Front => chart.draw_series([ring(11, VERMILION.filled())])?,
        Standing::Dominated => chart.draw_series([ring(9, BLUE.filled())])?,
        Standing::NotKnown => chart.draw_series([ring(9, MUTED.filled())])?,
        Standing::Missed | Standing::NotSimulated => {
            chart.draw_series([ring(8, PAPER.filled())])?;
            chart.draw_series([ring(8, MUTED.stroke_width(3))])?
        }
    };
    Ok(())
}

fn dot_legend(sweep: &Sweep) -> Vec<Key> {
    legend(sweep, Mark::Dot, Some((Mark::Dot, BLUE)), (Mark::Ring, MUTED))
}

/// The keys of the standings that settings of a sweep have.
fn legend(
    sweep: &Sweep,
    front: Mark,
    dominated: Option<(Mark, RGBColor)>,
    missed: (Mark, RGBColor),
) -> Vec<Key> {
    let has = |known: Standing| (0..sweep.results.len()).any(|at| standing(sweep, at) == known);
    let mut keys = Vec::new();
    if has(Standing::Front) {
        keys.push(Key::new(front, VERMILION, "on the Pareto front"));
    }
    if let Some((mark, colour)) = dominated.filter(|_| has(Standing::Dominated)) {
        let text = if sweep.has_objectives() { "meets every objective" } else { "other settings" };
        keys.push(Key::new(mark, colour, text));
    }
    if has(Standing::NotKnown) {
        keys.push(Key::new(Mark::Dot, MUTED, "not known"));
    }
    if has(Standing::Missed) {
        keys.push(Key::new(missed.0, missed.1, "misses an objective"));
    }
    keys
}

/// What the figures of the front depend on, in a sweep laid out to tell.
fn sensitivities(sweep: &Sweep) -> Vec<Plan<'_>> {
    const EXPLANATION: &str = "Share of the variance between settings that each key is behind, \
        alone and with others, with its 95 % interval; the tick is what it is behind alone.";
    let plan = |place: usize| {
        let (figure, keys) = (&sweep.study.headlines[place], short_keys(sweep));
        let bar = |(key, indices): (usize, SobolIndices)| bars::Bar {
            name: keys[key].to_string(),
            share: Some(indices.total.mean),
            interval: indices.total.interval(),
            mark: Some(indices.first_order.mean),
            colour: BLUE.to_rgba(),
        };
        let rows: Vec<bars::Bar> = ranked(sweep, place).into_iter().map(bar).collect();
        Plan {
            slug: format!("sensitivity-{}", figure.id.replace('_', "-")),
            title: format!("What {} depends on", figure.label),
            explanation: EXPLANATION.to_string(),
            table: sensitivity_table(sweep, &[place]),
            plot_height: bars::height(rows.len()),
            legend: Vec::new(),
            plot: Box::new(move |area| bars::draw(area, &rows)),
        }
    };
    explained(sweep).into_iter().map(plan).collect()
}

/// Small multiples of every quantity against one key.
fn effects<'p>(sweep: &'p Sweep, shown: &[Quantity], key: usize) -> Plan<'p> {
    let study = &sweep.study;
    let name = study.keys.get(key).map_or("", String::as_str);
    let scale = Scale::new(sweep, key);
    let unit = match keys_of(sweep, key) {
        Some(keys) => format!(" ({keys})"),
        None if scale.unit.is_empty() => String::new(),
        None => format!(" ({})", scale.unit),
    };
    let panels: Vec<Panel> = shown.iter().map(|quantity| effect(sweep, quantity, key)).collect();
    let is_alone = study.keys.len() == 1;
    let estimates = shown.iter().flat_map(|quantity| quantity.estimates.iter().flatten());
    let has_intervals = estimates.filter_map(Estimate::interval).next().is_some();
    let explanation = match (is_alone, study.is_grid()) {
        (true, _) if has_intervals => "Mean of each setting with its 95 % interval.",
        (false, true) => {
            "Mean of each setting; the line is the mean over all settings with that value."
        }
        _ => "Mean of each setting.",
    };
    Plan {
        slug: format!("effect-{}", key + 1),
        title: format!("What {}{unit} changes", abridged(name, 44)),
        explanation: format!("{explanation} All settings have the same demand."),
        table: settings_table(sweep),
        plot_height: panels::height(&panels),
        legend: dot_legend(sweep),
        plot: Box::new(move |area| panels::draw(area, &panels)),
    }
}

fn effect<'p>(sweep: &'p Sweep, quantity: &Quantity, key: usize) -> Panel<'p> {
    let quantity = quantity.clone();
    let is_alone = sweep.study.keys.len() == 1;
    let has_line = is_alone || sweep.study.is_grid();
    let title = quantity.title();
    let plot = move |area: &Area| {
        let scale = Scale::new(sweep, key);
        let y = axis_of(&quantity, is_alone);
        let frame = Frame { right: 32, ..Frame::default() };
        let mut chart = chart(area, &frame, scale.axis, y)?;
        if has_line {
            let line = level_means(&scale.places, &quantity.estimates);
            chart.draw_series([PathElement::new(line, BLUE.mix(0.5).stroke_width(4))])?;
        }
        for (setting, (&x, estimate)) in scale.places.iter().zip(&quantity.estimates).enumerate() {
            let Some(estimate) = estimate else { continue };
            if let Some((lo, hi)) = estimate.interval().filter(|_| is_alone) {
                let whisker = vec![(x, lo), (x, hi)];
                chart.draw_series([PathElement::new(whisker, MUTED.stroke_width(4))])?;
            }
            dot(&mut chart, (x, estimate.mean), standing(sweep, setting))?;
        }
        Ok(())
    };
    Panel { title, note: String::new(), plot: Box::new(plot) }
}

/// The mean of the means at each place, in order.
fn level_means(places: &[f64], estimates: &[Option<Estimate>]) -> Vec<(f64, f64)> {
    let mut points: Vec<(f64, f64)> = places
        .iter()
        .zip(estimates)
        .filter_map(|(&place, estimate)| Some((place, estimate.as_ref()?.mean)))
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mean = |level: &[(f64, f64)]| {
        let sum: f64 = level.iter().map(|(_, value)| value).sum();
        (level[0].0, sum / level.len() as f64)
    };
    points.chunk_by(|a, b| a.0 == b.0).map(mean).collect()
}

/// A heat map of every quantity over two keys.
fn heat_maps<'p>(sweep: &'p Sweep, shown: &[Quantity]) -> Plan<'p> {
    let keys = &sweep.study.keys;
    let name = |key: usize| {
        let of_table = keys_of(sweep, key).map_or(String::new(), |keys| format!(" ({keys})"));
        abridged(keys.get(key).map_or("", String::as_str), 40) + &of_table
    };
    let panels: Vec<Panel> = shown.iter().map(|quantity| heat_map(sweep, quantity)).collect();
    Plan {
        slug: "heat-maps".to_string(),
        title: "What the two keys change together".to_string(),
        explanation: format!(
            "Mean of each setting, the darker the higher: {} from left to right, {} from bottom \
             to top. All settings have the same demand.",
            name(0),
            name(1)
        ),
        table: settings_table(sweep),
        plot_height: panels::height(&panels),
        legend: legend(sweep, Mark::Frame, None, (Mark::Strike, MUTED)),
        plot: Box::new(move |area| panels::draw(area, &panels)),
    }
}

/// The values of a table of one line, `{stake=1,random=0}` as `1/0`; another text as
/// it is.
fn values_of(text: &str) -> String {
    parts_of(text).map_or_else(|| text.to_string(), |parts| joined(parts.map(|(_, value)| value)))
}

/// What the values of a key are of, where all are tables of the same keys.
fn keys_of(sweep: &Sweep, key: usize) -> Option<String> {
    let value = |setting: usize| sweep.study.settings.get(setting)?.values.get(key);
    let keys = |text: &String| parts_of(text).map(|parts| joined(parts.map(|(key, _)| key)));
    let first = keys(value(0)?)?;
    let is_same = |setting: usize| value(setting).and_then(keys).as_ref() == Some(&first);
    (0..sweep.study.settings.len()).all(is_same).then_some(first)
}

fn parts_of(text: &str) -> Option<impl Iterator<Item = (&str, &str)>> {
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    let is_flat = !inner.contains(['{', '[']) && inner.contains('=');
    is_flat.then(|| inner.split(',').filter_map(|part| part.split_once('=')))
}

fn joined<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    parts.map(str::trim).collect::<Vec<_>>().join("/")
}

/// The values of a key on an axis of a heat map.
struct Levels<'s> {
    /// In order of their first appearance.
    labels: Vec<String>,
    /// The place of each setting among them.
    places: Vec<usize>,
    key: &'s str,
    /// The key, and what its values are of.
    name: String,
}

fn levels(sweep: &Sweep, key: usize) -> Levels<'_> {
    let mut values: Vec<&str> = Vec::new();
    let mut places = Vec::new();
    for setting in &sweep.study.settings {
        let value = setting.values.get(key).map_or("", String::as_str);
        let place = values.iter().position(|known| *known == value).unwrap_or_else(|| {
            values.push(value);
            values.len() - 1
        });
        places.push(place);
    }
    let numbers: Option<Vec<(f64, &str)>> = values.iter().map(|value| quantity(value)).collect();
    let (labels, of) = match numbers {
        Some(numbers) if numbers.windows(2).all(|pair| pair[0].1 == pair[1].1) => {
            let unit = numbers.first().map_or("", |(_, unit)| unit);
            let numbers: Vec<f64> = numbers.iter().map(|(number, _)| *number).collect();
            (few_digits(&numbers), unit.to_string())
        }
        _ => {
            let labels = values.iter().map(|value| values_of(value)).collect();
            (labels, keys_of(sweep, key).unwrap_or_default())
        }
    };
    let key = short_keys(sweep)[key];
    let name = if of.is_empty() { key.to_string() } else { format!("{key} ({of})") };
    Levels { labels, places, key, name }
}

fn heat_map<'p>(sweep: &'p Sweep, quantity: &Quantity) -> Panel<'p> {
    let quantity = quantity.clone();
    let title = quantity.title();
    let means: Vec<f64> = quantity.estimates.iter().flatten().map(|e| e.mean).collect();
    let least = means.iter().copied().fold(f64::INFINITY, f64::min);
    let most = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let ends = [least, most].map(|end| quantity.unit.readable(end));
    // Differences that nobody reads get no shades of their own.
    let is_flat = ends[0] == ends[1];
    let note = match &ends {
        [all, _] if is_flat => format!("{all} everywhere"),
        [least, most] => format!("{least} (light) to {most} (dark)"),
    };
    let plot = move |area: &Area| {
        let (across, up) = (levels(sweep, 0), levels(sweep, 1));
        let ticks = |levels: &Levels, room: f64| -> Vec<(f64, String)> {
            let label = |label: &String| fitted(label, room, TEXT_PX);
            levels.labels.iter().enumerate().map(|(i, level)| (i as f64, label(level))).collect()
        };
        let bare = |levels: &Levels| Axis::new(-0.5..levels.labels.len() as f64 - 0.5, Vec::new());
        let y = bare(&up).with_every(ticks(&up, LEVEL_ROOM));
        let (place_width, place_height) = area.dim_in_pixel();
        let name = |levels: &Levels, room: f64| {
            let fits = text_width(&levels.name, TEXT_PX) <= room;
            fitted(if fits { &levels.name } else { levels.key }, room, TEXT_PX)
        };
        let (x_name, y_name) = (
            name(&across, f64::from(place_width) / 2.0),
            name(&up, f64::from(place_height) - 130.0),
        );
        let frame = Frame { right: 32, x_name: &x_name, y_name: &y_name, grid: (false, false) };
        let cell_width = frame.plot_width(area, &y) / across.labels.len() as f64;
        let x = bare(&across).with_ticks(ticks(&across, cell_width.max(100.0)));
        let mut chart = chart(area, &frame, x, y)?;
        let cell_height =
            f64::from(chart.plotting_area().dim_in_pixel().1) / up.labels.len() as f64;
        let dot = (cell_width.min(cell_height) * 0.15).clamp(2.0, 6.0) as i32;
        let number_width = |&mean: &f64| text_width(&quantity.unit.readable(mean), NUMBER_PX);
        let widest = means.iter().map(number_width).fold(0.0, f64::max);
        let is_numbered = widest + NUMBER_GAP <= cell_width && up.labels.len() <= MOST_NUMBERED;
        let cells = across.places.iter().zip(&up.places).zip(&quantity.estimates);
        // Frames last, so that no neighbour covers them.
        let mut frames = Vec::new();
        for (setting, ((&column, &row), estimate)) in cells.enumerate() {
            let Some(estimate) = estimate else { continue };
            let (x, y) = (column as f64, row as f64);
            let share = if is_flat { 0.3 } else { (estimate.mean - least) / (most - least) };
            let cell = [(x - 0.5, y - 0.5), (x + 0.5, y + 0.5)];
            chart.draw_series([Rectangle::new(cell, shade(share).filled())])?;
            let ink = if share > 0.55 { LIGHT } else { DARK };
            match standing(sweep, setting) {
                Standing::Front => {
                    let (left, right, bottom, top) = (x - 0.47, x + 0.47, y - 0.47, y + 0.47);
                    frames.push([(left, bottom), (right, bottom), (right, top), (left, top)]);
                }
                Standing::Dominated => {}
                Standing::NotKnown => {
                    chart.draw_series([Circle::new((x - 0.4, y - 0.3), dot, ink.filled())])?;
                }
                Standing::Missed | Standing::NotSimulated => {
                    let line = vec![(x - 0.48, y - 0.44), (x - 0.4, y - 0.16)];
                    chart.draw_series([PathElement::new(line, ink.stroke_width(3))])?;
                }
            }
            if is_numbered {
                let style = font(NUMBER_PX, ink).pos(Pos::new(HPos::Center, VPos::Center));
                let text = quantity.unit.readable(estimate.mean);
                chart.draw_series([Text::new(text, (x, y), style)])?;
            }
        }
        for corners in frames {
            let outline = closed(corners);
            chart.draw_series([PathElement::new(outline, VERMILION.stroke_width(6))])?;
        }
        Ok(())
    };
    Panel { title, note, plot: Box::new(plot) }
}

/// From a light to a dark blue.
fn shade(share: f64) -> RGBColor {
    let mix = |light: f64, dark: f64| libm::round(light + share * (dark - light)) as u8;
    RGBColor(mix(230.0, 8.0), mix(240.0, 74.0), mix(248.0, 130.0))
}

/// The numbers of settings: all of few, of many the first.
fn listed(settings: &[usize]) -> String {
    match settings {
        [first, rest @ ..] if rest.len() >= MOST_LISTED => {
            format!("{first} and {} more", rest.len())
        }
        _ => settings.iter().map(usize::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// The first criterion against each of the others.
fn trade_offs(sweep: &Sweep) -> Plan<'_> {
    let study = &sweep.study;
    let criteria: Vec<Quantity> = study
        .criteria
        .iter()
        .filter_map(|id| study.headline(id))
        .map(|place| Quantity::headline(sweep, place))
        .collect();
    let (cost, others) = match criteria.split_first() {
        Some((cost, others)) => (cost.clone(), others.to_vec()),
        None => (Quantity::default(), Vec::new()),
    };
    let front = sweep.results.iter().filter(|result| result.is_on_front).count();
    let is_labelled = front <= MOST_LABELLED;
    let explanation = format!(
        "Each setting, by the means of {} (from left to right) and of each other criterion.{}",
        cost.title(),
        if is_labelled {
            " Settings on the Pareto front have their numbers where there is room, at the first of \
             those that lie close together."
        } else {
            ""
        }
    );
    let panels: Vec<Panel> = others
        .into_iter()
        .map(|other| {
            let cost = cost.clone();
            let title = format!("{}, by {}", other.title(), cost.label);
            let plot = move |area: &Area| {
                let (x, y) = (axis_of(&cost, false), axis_of(&other, false));
                let frame = Frame { right: 48, ..Frame::default() };
                let mut chart = chart(area, &frame, x, y)?;
                let mut labels = Labels::new(&chart, NUMBER_PX);
                let mut named: Vec<((f64, f64), Vec<usize>)> = Vec::new();
                for (setting, (x, y)) in cost.estimates.iter().zip(&other.estimates).enumerate() {
                    let (Some(x), Some(y)) = (x, y) else { continue };
                    let place = (x.mean, y.mean);
                    let standing = standing(sweep, setting);
                    dot(&mut chart, place, standing)?;
                    labels.close(&chart, [place, place], DOT);
                    if is_labelled && standing == Standing::Front {
                        let is_near = |known: &(f64, f64)| {
                            (known.0 - place.0).abs() <= LABEL_WIDTH * cost.extent()
                                && (known.1 - place.1).abs() <= LABEL_HEIGHT * other.extent()
                        };
                        match named.iter_mut().find(|(known, _)| is_near(known)) {
                            Some((_, settings)) => settings.push(setting),
                            None => named.push((place, vec![setting])),
                        }
                    }
                }
                for (place, settings) in named {
                    labels.draw(&chart, place, &listed(&settings), 1)?;
                }
                Ok(())
            };
            Panel { title, note: String::new(), plot: Box::new(plot) }
        })
        .collect();
    Plan {
        slug: "trade-offs".to_string(),
        title: "Trade-offs".to_string(),
        explanation,
        table: settings_table(sweep),
        plot_height: panels::height(&panels),
        legend: dot_legend(sweep),
        plot: Box::new(move |area| panels::draw(area, &panels)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_have_the_digits_that_tell_them_apart() {
        assert_eq!(few_digits(&[4.0, 4.0 + 6.0 / 19.0, 10.0]), ["4", "4.32", "10"]);
        assert_eq!(few_digits(&[1000.0, 1000.5]), ["1000", "1000.5"]);
        assert_eq!(few_digits(&[2384185.0, 5e6, 683.333]), ["2384185", "5000000", "683"]);
    }

    #[test]
    fn many_settings_of_a_front_are_counted() {
        assert_eq!(listed(&[3, 5, 8]), "3, 5, 8");
        assert_eq!(listed(&[196, 197, 198, 199, 219, 239]), "196 and 5 more");
    }
}
