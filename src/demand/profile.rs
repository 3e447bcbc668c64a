/// Relative rate of each hour of the day, on the users' clock; mean 1.
#[derive(Clone, Debug, PartialEq)]
pub struct HourProfile(pub [f64; 24]);

/// Relative rate of each day of the week, Monday first, on the users' clock;
/// mean 1.
#[derive(Clone, Debug, PartialEq)]
pub struct WeekProfile(pub [f64; 7]);

fn with_mean_one<const N: usize>(weights: [f64; N]) -> [f64; N] {
    let mean = weights.iter().sum::<f64>() / N as f64;
    weights.map(|weight| weight / mean)
}

/// How much a profile goes up in the course of its hours or days, all rises together.
fn rise(levels: &[f64]) -> f64 {
    let next = levels.iter().cycle().skip(1);
    levels.iter().zip(next).map(|(level, next)| (next - level).max(0.0)).sum()
}

impl HourProfile {
    /// Every hour alike.
    pub const FLAT: HourProfile = HourProfile([1.0; 24]);

    /// A profile from weights in any scale; their sum must be positive.
    pub fn from_weights(weights: [f64; 24]) -> HourProfile {
        HourProfile(with_mean_one(weights))
    }

    /// How much the rate goes up in a day, all rises together.
    pub fn rise(&self) -> f64 {
        rise(&self.0)
    }
}

impl WeekProfile {
    /// Every day alike.
    pub const FLAT: WeekProfile = WeekProfile([1.0; 7]);

    /// A profile from weights in any scale; their sum must be positive.
    pub fn from_weights(weights: [f64; 7]) -> WeekProfile {
        WeekProfile(with_mean_one(weights))
    }

    /// How much the rate goes up in a week, all rises together.
    pub fn rise(&self) -> f64 {
        rise(&self.0)
    }
}
