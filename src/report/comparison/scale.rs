//! How the values of a headline figure are written, with as many decimals as
//! its difference is known to.

use crate::ensemble::{Estimate, Unit};
use crate::experiment::{Change, Difference, Paired};
use crate::report::format::grouped;

/// Below this amount of ETH gwei read better.
const SMALL_ETH: f64 = 0.001;
/// Digits of a level whose difference has no interval, and the most of one
/// whose difference is known better.
const DIGITS: [f64; 2] = [4.0, 6.0];

/// Relative half-width of an interval that is all rounding of floats.
const FLOAT_NOISE: f64 = 1e-12;

/// The unit and the decimals of one row of a comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    factor: f64,
    decimals: usize,
    /// Behind a level: `62 days`, `41.2 %`.
    of_level: &'static str,
    /// Behind a difference, which for a share is in points.
    of_difference: &'static str,
}

impl Scale {
    /// For all values of a difference.
    pub(super) fn of(difference: &Difference) -> Scale {
        let levels = [difference.base, difference.variant];
        let largest = levels.iter().flatten().map(|level| libm::fabs(level.mean));
        let largest = largest.fold(0.0, f64::max);
        let (factor, of_level, of_difference) = match difference.headline.unit {
            Unit::Days => (1.0, "days", "days"),
            Unit::Hours => (1.0, "hours", "hours"),
            Unit::Milliseconds => (1.0, "ms", "ms"),
            Unit::Number => (1.0, "", ""),
            Unit::Share => (100.0, "%", "points"),
            Unit::Eth if largest < SMALL_ETH => (1e9, "gwei", "gwei"),
            Unit::Eth => (1.0, "ETH", "ETH"),
        };
        let half = |estimate: &Estimate| (estimate.hi - estimate.lo) / 2.0 * factor;
        let first_digit = exponent(largest * factor).unwrap_or(0.0);
        let [usual, most] = DIGITS.map(|digits| digits - 1.0 - first_digit);
        let is_whole = |level: &Estimate| level.mean * factor == libm::floor(level.mean * factor);
        let paired = difference.paired.as_ref();
        let is_noise = |half: &f64| *half <= FLOAT_NOISE * largest * factor;
        let known = paired.map(|paired| half(&paired.joint)).filter(|half| !is_noise(half));
        let known = known.or_else(|| levels.iter().flatten().map(half).reduce(f64::max));
        let mut decimals = match known.and_then(exponent) {
            Some(exponent) => (-exponent).min(most),
            None if levels.iter().flatten().all(is_whole) => 0.0,
            None => usual,
        };
        // Nor is a small level rounded away beside a large one, so that rows add up.
        let levels = levels.iter().flatten().filter_map(|level| exponent(level.mean * factor));
        let smallest = levels.fold(f64::INFINITY, f64::min);
        decimals = decimals.max((-smallest).min(usual));
        // A clear difference never reads as 0.
        if let Some(paired) = paired.filter(|paired| paired.change == Change::Changed) {
            let first_digit = exponent(paired.difference.mean * factor).unwrap_or(0.0);
            decimals = decimals.max(-first_digit);
        }
        Scale { factor, decimals: decimals.clamp(0.0, 9.0) as usize, of_level, of_difference }
    }

    /// A level without its unit.
    pub(super) fn level(&self, value: f64) -> String {
        grouped(value * self.factor, if value == 0.0 { 0 } else { self.decimals })
    }

    /// A level with its unit.
    pub(super) fn with_unit(&self, estimate: &Estimate) -> String {
        with_unit(&self.level(estimate.mean), self.of_level)
    }

    /// A difference without its unit: `+41 [35, 47]`.
    pub(super) fn difference(&self, paired: &Paired) -> String {
        let mean = signed(paired.joint.mean * self.factor, self.decimals);
        format!("{mean} {}", self.interval(paired)).trim_end().to_string()
    }

    /// A difference with its unit: `+41 days [35, 47]`.
    pub(super) fn difference_with_unit(&self, paired: &Paired) -> String {
        let mean = signed(paired.joint.mean * self.factor, self.decimals);
        let mean = with_unit(&mean, self.of_difference);
        format!("{mean} {}", self.interval(paired)).trim_end().to_string()
    }

    /// The joint interval; empty of one observation, which shows no spread.
    fn interval(&self, paired: &Paired) -> String {
        if paired.observations < 2 {
            return String::new();
        }
        format!("[{}, {}]", self.level(paired.joint.lo), self.level(paired.joint.hi))
    }
}

/// The power of ten of the first digit; `None` of 0.
fn exponent(value: f64) -> Option<f64> {
    let size = libm::fabs(value);
    (size > 0.0 && size.is_finite()).then(|| libm::floor(libm::log10(size)))
}

fn with_unit(number: &str, unit: &str) -> String {
    format!("{number} {unit}").trim_end().to_string()
}

/// With a sign unless it is written as 0.
pub(super) fn signed(value: f64, decimals: usize) -> String {
    let text = grouped(value, decimals);
    let is_positive = value > 0.0 && text.contains(|c: char| ('1'..='9').contains(&c));
    if is_positive { format!("+{text}") } else { text }
}
