/// A part of the world with one network position and one clock.
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    /// The name a scenario refers to it by.
    pub id: String,
    /// The name reports print.
    pub name: String,
    /// Hours its clock is ahead of UTC, without daylight saving.
    pub utc_offset_hours: f64,
}

/// Round-trip times in milliseconds between every two regions, symmetric.
#[derive(Clone, Debug, PartialEq)]
pub struct RttMatrix {
    size: usize,
    ms: Vec<f64>,
}

impl RttMatrix {
    /// A matrix of `size` regions, all times 0.
    pub fn zero(size: usize) -> RttMatrix {
        RttMatrix { size, ms: vec![0.0; size * size] }
    }

    /// Sets the time between regions `a` and `b`, both ways, in milliseconds.
    pub fn set_ms(&mut self, a: usize, b: usize, ms: f64) {
        self.ms[a * self.size + b] = ms;
        self.ms[b * self.size + a] = ms;
    }

    /// The time between regions `a` and `b` in milliseconds.
    pub fn ms(&self, a: usize, b: usize) -> f64 {
        self.ms[a * self.size + b]
    }

    /// The time between regions `a` and `b` in seconds.
    pub fn secs(&self, a: usize, b: usize) -> f64 {
        self.ms(a, b) / 1000.0
    }
}
