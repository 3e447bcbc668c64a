/// The trend of a demand stream: a factor on its level at the start, as a
/// function of the days since then. Never below 0.
#[derive(Clone, Debug, PartialEq)]
pub enum Growth {
    /// No trend.
    Constant,
    /// `1 + per_day * t`.
    Linear {
        /// Change of the factor each day.
        per_day: f64,
    },
    /// `exp(rate_per_day * t)`.
    Exponential {
        /// Growth rate each day.
        rate_per_day: f64,
    },
    /// A logistic curve that is 1 at the start and tends to `ceiling`:
    /// `ceiling / (1 + (ceiling - 1) * exp(-rate_per_day * t))`.
    Logistic {
        /// The factor it tends to; at least 1.
        ceiling: f64,
        /// Growth rate each day while far below the ceiling.
        rate_per_day: f64,
    },
    /// Straight lines between points of (day, factor), constant before the
    /// first and after the last.
    Piecewise {
        /// Points in order of their day.
        points: Vec<(f64, f64)>,
    },
}
