//! When to stop adding replications.

use super::interval::{mean_and_standard_error, student_t};

/// The numbers of replications at which to look whether the estimate is
/// precise enough: `min`, doubling until `max`, which is the last. Only `max`
/// where it is not above `min`. Few looks, because every look is a chance to
/// stop on a sample that happens to vary little.
pub fn looks(min: u32, max: u32) -> Vec<u32> {
    let doubling = std::iter::successors(Some(min.max(1)), |look| look.checked_mul(2));
    doubling.take_while(|look| *look < max).chain([max]).collect()
}

/// Whether the mean of `samples` is known to within `relative_half_width` of
/// its value, at one of `looks` looks at the growing sample.
///
/// The 5 % are shared among the looks (Bonferroni): each uses the Student t
/// interval of level 1 - 0.05 / `looks`. That costs about twice the samples a
/// single look would need, and keeps the plain 95 % interval reported at the
/// stop from being optimistic: for runways of moderate skewness it covers the
/// mean 94 to 95 times in a hundred.
///
/// Fewer than 3 / `relative_half_width` samples are never enough (rule of
/// three): with 95 % confidence they rule out only outcomes more likely than
/// that, and a sample that does not vary would otherwise seem exact.
pub fn precise_enough(samples: &[f64], relative_half_width: f64, looks: usize) -> bool {
    if (samples.len() as f64) * relative_half_width < 3.0 {
        return false;
    }
    let (mean, standard_error) = mean_and_standard_error(samples);
    let half = student_t(0.05 / looks.max(1) as f64, samples.len()) * standard_error;
    half <= relative_half_width * mean.abs()
}
