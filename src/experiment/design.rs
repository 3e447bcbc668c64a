//! The settings that a sweep tries: all combinations of the values of its
//! keys, a Latin hypercube over them, or a design that tells what depends on which.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sobol_burley::NUM_DIMENSIONS;

use crate::kernel::{StreamKey, index_below, shuffle};
use crate::scenario::{bare_key, split_at_commas};
use crate::units::significant;

/// Most settings of one sweep.
const MOST_SETTINGS: usize = 100_000;
/// Child of the root key that no replication has.
const DESIGN_STREAM: u64 = u64::MAX;

/// Why a design makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DesignError {
    /// No `=`, or nothing at one side of it.
    #[error("`{0}`: expected `key=a,b,c` or `key=lo..hi:n`")]
    NoAssignment(String),
    /// A list with a quote or a bracket that is not in a pair.
    #[error("`{text}`: {reason}")]
    List {
        /// It.
        text: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A range whose upper end is no number or not above the lower.
    #[error("`{0}`: a range is `lo..hi:n` with lo < hi and n of 2 or more, such as `0.5..2:4`")]
    Range(String),
    /// Different units at the ends of a range.
    #[error("`{0}`: the ends of a range have one unit, written once at its end: `0.5..2 USD:4`")]
    Unit(String),
    /// A range without its number of points in a grid.
    #[error("`{0}`: in a grid a range needs a number of values: `lo..hi:n`")]
    NoPoints(String),
    /// A list with one value twice.
    #[error("`{text}`: `{value}` is there twice; each setting is tried once")]
    Repeated {
        /// The list.
        text: String,
        /// The value.
        value: String,
    },
    /// The same key twice.
    #[error("`{0}` is varied twice")]
    Twice(String),
    /// Nothing to weigh a key against.
    #[error("a sensitivity is to two keys or more: with one, all depends on it")]
    OneKey,
    /// Too many settings.
    #[error("the sweep has more than {MOST_SETTINGS} settings")]
    TooMany,
}

/// A key of the scenario (dotted path, as `--set` takes it) and the values it
/// is given.
#[derive(Clone, Debug, PartialEq)]
pub struct Vary {
    /// The key.
    pub key: String,
    text: String,
    levels: Levels,
}

#[derive(Clone, Debug, PartialEq)]
enum Levels {
    List(Vec<String>),
    Range { lo: f64, hi: f64, unit: String, count: Option<usize> },
}

impl FromStr for Vary {
    type Err = DesignError;

    /// Reads `key=a,b,c[ unit]` or `key=lo..hi[ unit][:n]`. A comma inside brackets,
    /// braces or quotes belongs to its value.
    fn from_str(text: &str) -> Result<Vary, DesignError> {
        let no_assignment = || DesignError::NoAssignment(text.to_string());
        let (key, values) = text.split_once('=').ok_or_else(no_assignment)?;
        let (key, values) = (key.trim(), values.trim());
        if key.is_empty() || values.is_empty() {
            return Err(no_assignment());
        }
        let levels = match range(values, text)? {
            Some(range) => range,
            None => Levels::List(list(values, text)?),
        };
        Ok(Vary { key: key.to_string(), text: text.to_string(), levels })
    }
}

fn list(values: &str, text: &str) -> Result<Vec<String>, DesignError> {
    let text = || text.to_string();
    let mut values =
        split_at_commas(values).map_err(|reason| DesignError::List { text: text(), reason })?;
    share_unit(&mut values);
    for (i, value) in values.iter().enumerate() {
        // `100 LPT` and `100.0 LPT` are one.
        let is_same = |other: &String| {
            other == value || quantity(value).is_some_and(|it| quantity(other) == Some(it))
        };
        if values[..i].iter().any(is_same) {
            return Err(DesignError::Repeated { text: text(), value: value.clone() });
        }
    }
    Ok(values)
}

/// Where only the last of some numbers has a unit, gives it to all: `5,8 USD`.
fn share_unit(values: &mut [String]) {
    let Some((last, others)) = values.split_last_mut() else { return };
    let Some((_, unit)) = quantity(last).filter(|(_, unit)| !unit.is_empty()) else { return };
    if others.iter().all(|value| quantity(value).is_some_and(|(_, unit)| unit.is_empty())) {
        others.iter_mut().for_each(|value| *value = format!("{value} {unit}"));
    }
}

/// A range, if `values` begins like one.
fn range(values: &str, text: &str) -> Result<Option<Levels>, DesignError> {
    let Some((lower, rest)) = values.split_once("..") else { return Ok(None) };
    let Some((lo, lower_unit)) = quantity(lower) else { return Ok(None) };
    let invalid = || DesignError::Range(text.to_string());
    let (upper, count) = match rest.rsplit_once(':') {
        Some((upper, count)) => (upper, Some(count.trim().parse().map_err(|_| invalid())?)),
        None => (rest, None),
    };
    let (hi, unit) = quantity(upper).ok_or_else(invalid)?;
    if !lower_unit.is_empty() && lower_unit != unit {
        return Err(DesignError::Unit(text.to_string()));
    }
    if lo >= hi || count.is_some_and(|count| count < 2) {
        return Err(invalid());
    }
    if count.is_some_and(|count| count > MOST_SETTINGS) {
        return Err(DesignError::TooMany);
    }
    Ok(Some(Levels::Range { lo, hi, unit: unit.to_string(), count }))
}

/// A finite number and the unit behind it, which may be empty.
pub(crate) fn quantity(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
    let number: f64 = number.parse().ok().filter(|number: &f64| number.is_finite())?;
    Some((number, unit.trim()))
}

impl fmt::Display for Vary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Levels {
    /// How many values there are; `None` for a continuous range.
    fn count(&self) -> Option<usize> {
        match self {
            Levels::List(values) => Some(values.len()),
            Levels::Range { count, .. } => *count,
        }
    }

    /// The value of number `index` of `count`.
    fn level(&self, index: usize, count: usize) -> String {
        match self {
            Levels::List(values) => values[index].clone(),
            Levels::Range { lo, hi, unit, .. } => {
                let value = match index + 1 == count {
                    true => *hi,
                    false => lo + (hi - lo) * index as f64 / (count - 1) as f64,
                };
                // 0.1 + 0.2 reads 0.3.
                with_unit(significant(value, 12), unit)
            }
        }
    }

    /// A value in stratum `stratum` of `strata`, `place` (0 to 1) of the way
    /// through it, with as few digits as keep it there.
    fn in_stratum(&self, stratum: usize, strata: usize, place: f64) -> String {
        match self {
            Levels::Range { lo, hi, unit, count: None } => {
                let width = (hi - lo) / strata as f64;
                let value = lo + width * (stratum as f64 + place);
                let is_inside = |value: &f64| {
                    let stratum = stratum as f64;
                    (lo + width * stratum..lo + width * (stratum + 1.0)).contains(value)
                };
                let short = (4..17).map(|digits| significant(value, digits)).find(is_inside);
                with_unit(short.unwrap_or(value), unit)
            }
            Levels::Range { count: Some(count), .. } => {
                self.level(part(stratum, strata, place, *count), *count)
            }
            Levels::List(values) => values[part(stratum, strata, place, values.len())].clone(),
        }
    }
}

/// Which of `count` equal parts a place in a stratum falls into.
fn part(stratum: usize, strata: usize, place: f64, count: usize) -> usize {
    index_below((stratum as f64 + place) / strata as f64, count)
}

fn with_unit(value: f64, unit: &str) -> String {
    format!("{value} {unit}").trim_end().to_string()
}

/// How settings are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Sampling {
    /// All combinations, the last key changing fastest.
    #[default]
    Grid,
    /// A Latin hypercube (McKay, Beckman and Conover 1979) of so many points:
    /// the range of each key is cut into as many strata of equal width, and
    /// each holds one point.
    LatinHypercube(usize),
    /// The design of Saltelli for Sobol' indices, of so many rows: two independent
    /// points, and the first with the value of each key in turn from the second.
    Sensitivity(usize),
}

/// Least rows of a [`Sampling::Sensitivity`]: with fewer a bootstrap knows nothing.
const LEAST_ROWS: usize = 16;

impl FromStr for Sampling {
    type Err = String;

    fn from_str(text: &str) -> Result<Sampling, String> {
        let (name, count) = text.split_once(':').unwrap_or((text, ""));
        match (name, count.parse()) {
            ("grid", _) if text == name => Ok(Sampling::Grid),
            ("lhs", Ok(points)) if (1..=MOST_SETTINGS).contains(&points) => {
                Ok(Sampling::LatinHypercube(points))
            }
            ("sensitivity", Ok(rows)) if (LEAST_ROWS..=MOST_SETTINGS).contains(&rows) => {
                Ok(Sampling::Sensitivity(rows))
            }
            _ => Err(format!(
                "expected `grid`, `lhs:N` with N from 1 to {MOST_SETTINGS} or `sensitivity:N` with \
                 N from {LEAST_ROWS}"
            )),
        }
    }
}

impl fmt::Display for Sampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sampling::Grid => f.write_str("grid"),
            Sampling::LatinHypercube(points) => write!(f, "lhs:{points}"),
            Sampling::Sensitivity(rows) => write!(f, "sensitivity:{rows}"),
        }
    }
}

impl From<Sampling> for String {
    fn from(sampling: Sampling) -> String {
        sampling.to_string()
    }
}

impl TryFrom<String> for Sampling {
    type Error = String;

    fn try_from(text: String) -> Result<Sampling, String> {
        text.parse()
    }
}

/// The settings of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Design {
    /// The keys that are varied.
    pub keys: Vec<String>,
    /// The values of the keys in each setting.
    pub settings: Vec<Vec<String>>,
    /// How they were chosen.
    pub sampling: Sampling,
}

impl Design {
    /// Lays the settings out. All but a grid use the seed.
    ///
    /// In a Latin hypercube a list, or a range with a number of values, is cut
    /// into that many parts of equal width.
    ///
    /// # Errors
    /// A key that is varied twice, a range of a grid without its number of
    /// values, too many settings, and a sensitivity to one key only.
    pub fn new(varies: &[Vary], sampling: Sampling, seed: u64) -> Result<Design, DesignError> {
        for (i, vary) in varies.iter().enumerate() {
            if varies[..i].iter().any(|other| bare_key(&other.key) == bare_key(&vary.key)) {
                return Err(DesignError::Twice(vary.key.clone()));
            }
        }
        let settings = match sampling {
            Sampling::Grid => grid(varies)?,
            Sampling::LatinHypercube(points) => latin_hypercube(varies, points, seed),
            Sampling::Sensitivity(_) if varies.len() < 2 => return Err(DesignError::OneKey),
            Sampling::Sensitivity(rows) => {
                if rows.saturating_mul(settings_a_row(varies.len())) > MOST_SETTINGS {
                    return Err(DesignError::TooMany);
                }
                saltelli(varies, rows, seed)
            }
        };
        let keys = varies.iter().map(|vary| vary.key.clone()).collect();
        Ok(Design { keys, settings, sampling })
    }

    /// A setting as overrides of the scenario.
    pub fn overrides(&self, setting: &[String]) -> Vec<String> {
        self.keys.iter().zip(setting).map(|(key, value)| format!("{key}={value}")).collect()
    }
}

fn grid(varies: &[Vary]) -> Result<Vec<Vec<String>>, DesignError> {
    let mut settings = vec![Vec::new()];
    for vary in varies {
        let no_points = || DesignError::NoPoints(vary.text.clone());
        let count = vary.levels.count().ok_or_else(no_points)?;
        if settings.len().saturating_mul(count) > MOST_SETTINGS {
            return Err(DesignError::TooMany);
        }
        let longer = |setting: &Vec<String>| {
            (0..count)
                .map(|index| {
                    let level = vary.levels.level(index, count);
                    setting.iter().cloned().chain([level]).collect()
                })
                .collect::<Vec<Vec<String>>>()
        };
        settings = settings.iter().flat_map(longer).collect();
    }
    Ok(settings)
}

fn latin_hypercube(varies: &[Vary], points: usize, seed: u64) -> Vec<Vec<String>> {
    let key = StreamKey::root(seed).child(DESIGN_STREAM);
    let columns: Vec<Vec<String>> = varies
        .iter()
        .zip(0..)
        .map(|(vary, number)| {
            let mut draws = key.child(number).sequence();
            let mut strata: Vec<usize> = (0..points).collect();
            shuffle(&mut strata, |count| draws.below(count));
            let place = |stratum| vary.levels.in_stratum(stratum, points, draws.uniform());
            strata.into_iter().map(place).collect()
        })
        .collect();
    (0..points).map(|point| columns.iter().map(|column| column[point].clone()).collect()).collect()
}

/// Settings of a row of the design of Saltelli over so many keys.
pub(super) fn settings_a_row(keys: usize) -> usize {
    keys + 2
}

/// Row by row: the first point, the second, then the first with each key from the
/// second; the points are those of an Owen-scrambled Sobol' sequence, whose first
/// dimensions are the first point's.
fn saltelli(varies: &[Vary], rows: usize, seed: u64) -> Vec<Vec<String>> {
    let keys = varies.len();
    let value = |row: usize, dimension: usize| {
        let (dimensions, seed) = (NUM_DIMENSIONS as usize, (seed ^ (seed >> 32)) as u32);
        let seed = seed.wrapping_add((dimension / dimensions) as u32);
        let uniform = sobol_burley::sample(row as u32, (dimension % dimensions) as u32, seed);
        let place = f64::from(uniform) * rows as f64;
        let stratum = (place as usize).min(rows - 1);
        varies[dimension % keys].levels.in_stratum(stratum, rows, place - stratum as f64)
    };
    let settings = |row: usize| {
        let point = |first: usize| (first..first + keys).map(|dimension| value(row, dimension));
        let (first, second): (Vec<String>, Vec<String>) =
            (point(0).collect(), point(keys).collect());
        let exchanged = (0..keys).map(|key| {
            let mut setting = first.clone();
            setting[key].clone_from(&second[key]);
            setting
        });
        let exchanged: Vec<Vec<String>> = exchanged.collect();
        [vec![first, second], exchanged].concat()
    };
    (0..rows).flat_map(settings).collect()
}
