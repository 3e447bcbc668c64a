//! When to stop adding replications.

use super::interval::{MeanAndError, student_t};

/// Observations before the first look.
const FIRST_LOOK: u32 = 20;
/// The next look comes after this part more of the observations.
const STEP: u32 = 10;

/// The numbers of observations at which to look whether the estimate is precise
/// enough: from 20, or from as many as [`precise_enough`] asks for at least,
/// each about 10 % more than the last, up to `most`. Only `most` where it is not
/// above the first.
pub fn looks(precision: f64, most: u32) -> Vec<u32> {
    let first = FIRST_LOOK.max(libm::ceil(least(precision)).min(f64::from(u32::MAX)) as u32);
    let next = |look: &u32| look.checked_add((look / STEP).max(1));
    let growing = std::iter::successors(Some(first), next);
    growing.take_while(|look| *look < most).chain([most]).collect()
}

/// Whether a mean of so many observations is known to within
/// `relative_half_width` of its value, at one of several looks at a growing
/// sample.
///
/// The rule is that of Chow and Robbins (1965), for a relative width that of
/// Nadas (1969): to stop as soon as the plain 95 % interval is narrow enough. Its
/// coverage tends to 95 % as the width tends to 0 (Glynn and Whitt 1992 for
/// simulation), and the looks need not be corrected for as repeated tests are:
/// the interval at the stop misses the mean for want of observations, not
/// because one look of many happened to miss it. What is lost at a finite width,
/// since samples that vary little stop early, is below 1 % for runways that are
/// about normal, moderately skewed or cut at the horizon, and some 5 % more
/// observations are made than the least that would do.
///
/// Fewer than 3 / `relative_half_width` observations are never enough (rule of
/// three): with 95 % confidence they rule out only outcomes more likely than
/// that, and a sample that does not vary would otherwise seem exact.
pub fn precise_enough(mean: &MeanAndError, observations: usize, relative_half_width: f64) -> bool {
    let interval = mean.interval(0.05);
    observations as f64 >= least(relative_half_width)
        && (interval.hi - interval.lo) / 2.0 <= relative_half_width * mean.mean.abs()
}

/// The least number of observations, up to `most`, at which the 95 % interval of a mean
/// is to be `times` narrower than at `observations`, where so many controls are fitted.
/// The standard deviation is taken to be what it is now; Student's t is that of
/// the new number, which tells at few observations (12.7 of two, 2.0 of many).
pub fn observations_for(observations: u32, controls: usize, times: f64, most: u32) -> Option<u32> {
    let width = |observations: u32| {
        let freedom = (observations as usize).saturating_sub(1 + controls);
        student_t(0.05, freedom) / libm::sqrt(f64::from(observations))
    };
    let wanted = width(observations) / times;
    let (mut too_few, mut enough) = (observations, most);
    if width(enough) > wanted {
        return None;
    }
    while enough - too_few > 1 {
        let between = too_few + (enough - too_few) / 2;
        *(if width(between) > wanted { &mut too_few } else { &mut enough }) = between;
    }
    Some(enough)
}

fn least(relative_half_width: f64) -> f64 {
    3.0 / relative_half_width
}
