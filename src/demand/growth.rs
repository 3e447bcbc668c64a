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

impl Growth {
    /// The same trend at `speed` times its rate: 0 is no growth. Of a
    /// piecewise trend the distance of every point from 1 is scaled.
    pub fn scaled(&self, speed: f64) -> Growth {
        match self {
            Growth::Constant => Growth::Constant,
            Growth::Linear { per_day } => Growth::Linear { per_day: per_day * speed },
            Growth::Exponential { rate_per_day } => {
                Growth::Exponential { rate_per_day: rate_per_day * speed }
            }
            Growth::Logistic { ceiling, rate_per_day } => {
                Growth::Logistic { ceiling: *ceiling, rate_per_day: rate_per_day * speed }
            }
            Growth::Piecewise { points } => {
                let scaled = |&(day, factor): &(f64, f64)| (day, 1.0 + (factor - 1.0) * speed);
                Growth::Piecewise { points: points.iter().map(scaled).collect() }
            }
        }
    }

    /// The factor `day` days after the start.
    pub fn factor(&self, day: f64) -> f64 {
        let factor = match self {
            Growth::Constant => 1.0,
            Growth::Linear { per_day } => 1.0 + per_day * day,
            Growth::Exponential { rate_per_day } => libm::exp(rate_per_day * day),
            Growth::Logistic { ceiling, rate_per_day } => {
                ceiling / (1.0 + (ceiling - 1.0) * libm::exp(-rate_per_day * day))
            }
            Growth::Piecewise { points } => interpolate(points, day),
        };
        factor.max(0.0)
    }

    /// The least and the greatest factor between two days, each given with its
    /// own. Every kind is monotone between the points of a piecewise trend.
    pub fn bounds(&self, from: (f64, f64), to: (f64, f64)) -> (f64, f64) {
        let (mut least, mut greatest) = (from.1.min(to.1), from.1.max(to.1));
        if let Growth::Piecewise { points } = self {
            for &(_, factor) in points.iter().filter(|(day, _)| from.0 < *day && *day < to.0) {
                least = least.min(factor.max(0.0));
                greatest = greatest.max(factor);
            }
        }
        (least, greatest)
    }
}

pub(super) fn interpolate(points: &[(f64, f64)], day: f64) -> f64 {
    let next = points.partition_point(|&(at, _)| at <= day);
    match (next.checked_sub(1).and_then(|i| points.get(i)), points.get(next)) {
        (Some(&(d0, f0)), Some(&(d1, f1))) => f0 + (f1 - f0) * (day - d0) / (d1 - d0),
        (Some(&(_, factor)), None) | (None, Some(&(_, factor))) => factor,
        (None, None) => 1.0,
    }
}
