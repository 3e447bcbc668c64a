/// A distribution of a non-negative quantity, by its usual name.
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution {
    /// Always the same value.
    Constant(f64),
    /// Even between two bounds.
    Uniform {
        /// Lower bound.
        min: f64,
        /// Upper bound.
        max: f64,
    },
    /// Exponential.
    Exponential {
        /// Mean.
        mean: f64,
    },
    /// Lognormal, by its own mean and coefficient of variation.
    Lognormal {
        /// Mean of the variable, not of its logarithm.
        mean: f64,
        /// Standard deviation over mean.
        cv: f64,
    },
    /// One of some values.
    Choice {
        /// The values.
        values: Vec<f64>,
        /// Cumulative probabilities of the values; the last is 1.
        cumulative: Vec<f64>,
    },
}
