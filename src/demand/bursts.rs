/// Clustering of requests beyond a Poisson process. Both kinds keep the mean
/// rate.
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
