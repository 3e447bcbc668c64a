//! How good a forecast was.

/// Continuous ranked probability score of a sample forecast, in the unit of the
/// values: `E|X - y| - E|X - X'| / 2` of the empirical distribution (Gneiting
/// and Raftery, "Strictly Proper Scoring Rules, Prediction, and Estimation",
/// JASA 102, 2007). Of a single value it is the absolute error. `ascending` has
/// at least one value.
pub fn crps(ascending: &[f64], actual: f64) -> f64 {
    let n = ascending.len() as f64;
    let error: f64 = ascending.iter().map(|x| libm::fabs(x - actual)).sum();
    let spread: f64 =
        ascending.iter().enumerate().map(|(i, x)| (2.0 * (i as f64 + 1.0) - n - 1.0) * x).sum();
    error / n - spread / (n * n)
}

/// The share of the values below `actual`, ties by half.
pub fn probability_transform(ascending: &[f64], actual: f64) -> f64 {
    let below = ascending.partition_point(|x| *x < actual);
    let up_to = ascending.partition_point(|x| *x <= actual);
    (below + up_to) as f64 / 2.0 / ascending.len() as f64
}
