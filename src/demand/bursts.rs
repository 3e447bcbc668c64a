use crate::units::SECONDS_PER_HOUR;

/// Clustering of requests beyond a Poisson process. Both kinds keep the mean
/// rate, self-exciting ones where it is constant: their followers come later, at
/// the level of who brings them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bursts {
    /// None: Poisson.
    None,
    /// Modulated: the rate is multiplied by a lognormal level with mean 1,
    /// drawn anew after exponential holding times.
    Modulated {
        /// Coefficient of variation of the level.
        cv: f64,
        /// Mean time a level holds, in hours.
        mean_hold_hours: f64,
    },
    /// Self-exciting (Hawkes, exponential kernel): each request brings
    /// `branching` further ones in the mean.
    SelfExciting {
        /// Mean number of direct followers of a request, 0 to below 1.
        branching: f64,
        /// Mean delay of a follower, in minutes.
        mean_delay_minutes: f64,
    },
}

impl Bursts {
    /// How many requests come of one in the mean, itself included: the variance of
    /// their number over a long time is so many times squared that of a Poisson
    /// process (Hawkes, Biometrika 58, 1971).
    pub fn cluster(self) -> f64 {
        match self {
            Bursts::None | Bursts::Modulated { .. } => 1.0,
            Bursts::SelfExciting { branching, .. } => 1.0 / (1.0 - branching),
        }
    }

    /// How much a modulated level goes up in a second in the mean, all rises together:
    /// half the mean difference of two lognormal levels for each time that one holds.
    pub fn rise_per_s(self) -> f64 {
        match self {
            Bursts::None | Bursts::SelfExciting { .. } => 0.0,
            Bursts::Modulated { cv, mean_hold_hours } => {
                let sigma = libm::sqrt(libm::log1p(cv * cv));
                libm::erf(sigma / 2.0) / (mean_hold_hours * SECONDS_PER_HOUR as f64)
            }
        }
    }
}
