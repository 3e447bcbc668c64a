//! Values of a group's members.

use statrs::distribution::{ContinuousCDF, Normal};

use super::diagnostics::{Problem, Report};
use super::tree::Cursor;
use crate::kernel::{self, GOLDEN_GAMMA, fnv1a, mix};

/// How one attribute is read and counted with.
pub(super) struct Attribute<'a, T> {
    /// Seeds the order of the members: the group's id and the attribute.
    pub key: String,
    /// Reads a plain value.
    pub read: &'a dyn Fn(&Cursor, &mut Report) -> Option<T>,
    /// The number a spread is computed with.
    pub to_number: &'a dyn Fn(&T) -> f64,
    /// Back, rounded to what the attribute can hold, in the manner of a value
    /// that the spread was given.
    pub from_number: &'a dyn Fn(f64, &T) -> Option<T>,
}

/// One value for each of `count` members: the plain value, or the quantiles
/// (k + 0.5) / count of a spread in shuffled order. The order depends on
/// nothing but the attribute's key.
pub(super) fn members<T: Clone>(
    at: &Cursor,
    count: usize,
    attribute: &Attribute<T>,
    report: &mut Report,
) -> Option<Vec<T>> {
    let Some((form, inner)) = at.form() else {
        return Some(vec![(attribute.read)(at, report)?; count]);
    };
    if form == "values" {
        let values = inner.items();
        let values: Option<Vec<T>> =
            values.iter().map(|value| (attribute.read)(value, report)).collect();
        let values = values.filter(|values| !values.is_empty())?;
        return Some(values.into_iter().cycle().take(count).collect());
    }
    let mut given = None;
    let mut number = |key: &str| {
        let value = (attribute.read)(&inner.get(key)?, report)?;
        Some((attribute.to_number)(given.insert(value)))
    };
    let (min, max) = (number("min"), number("max"));
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        let problem = Problem::at(&inner, "`min` is above `max`");
        report.push(problem.expected("a `min` of at most `max`"));
        return None;
    }
    let quantile: Box<dyn Fn(f64) -> f64> = match form {
        "uniform" => {
            let (min, max) = (min?, max?);
            Box::new(move |p| min + p * (max - min))
        }
        _ => {
            let median = number("median")?;
            let sigma = inner.number_at("sigma")?;
            let normal = Normal::standard();
            let (min, max) = (min.unwrap_or(0.0), max.unwrap_or(f64::INFINITY));
            Box::new(move |p| (median * libm::exp(sigma * normal.inverse_cdf(p))).clamp(min, max))
        }
    };
    let given = given?;
    let values = (0..count).map(|k| {
        let value = quantile((k as f64 + 0.5) / count as f64);
        (attribute.from_number)(value, &given)
    });
    let Some(mut values) = values.collect::<Option<Vec<T>>>() else {
        let problem = Problem::at(at, "the spread reaches values that cannot be held");
        report.push(problem.expected("a narrower spread, or one within `min` and `max`"));
        return None;
    };
    shuffle(&mut values, fnv1a(&attribute.key));
    Some(values)
}

/// Rounds to six decimals, so that the last bit of a quantile, which may
/// differ between machines, does not reach the model.
pub(super) fn rounded(value: f64) -> f64 {
    libm::round(value * 1e6) / 1e6
}

/// Shuffles with SplitMix64.
fn shuffle<T>(values: &mut [T], mut state: u64) {
    kernel::shuffle(values, |count| {
        state = state.wrapping_add(GOLDEN_GAMMA);
        ((u128::from(mix(state)) * count as u128) >> 64) as usize
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffle_permutes() {
        let mut values: Vec<u32> = (0..1000).collect();
        shuffle(&mut values, 7);
        let moved = values.iter().enumerate().filter(|(i, v)| *i as u32 != **v).count();
        assert!(moved > 900);
        values.sort_unstable();
        assert!(values.into_iter().eq(0..1000));
    }
}
