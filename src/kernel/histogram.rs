//! A latency histogram of fixed size.

use serde::{Deserialize, Serialize};

/// Bins per octave, as a power of two.
const SUB_BITS: u32 = 7;
/// The first octave starts at 2^16 ns = 65.5 microseconds.
const MIN_EXPONENT: u32 = 16;
/// The last octave ends at 2^50 ns = 1.13 million seconds.
const END_EXPONENT: u32 = 50;
const BINS: usize = ((END_EXPONENT - MIN_EXPONENT) << SUB_BITS) as usize;

/// Counts of latencies in log-linear bins: every octave from 65.5 microseconds
/// to 1.13 million seconds is cut into 128 bins of equal width, so that those of a
/// bin are within 1/128 (0.8 %) of one another. Latencies outside count in the
/// first or last bin. 35 kB.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<(u32, u64)>", from = "Vec<(u32, u64)>")]
pub struct LatencyHistogram {
    counts: Box<[u64; BINS]>,
}

impl Default for LatencyHistogram {
    fn default() -> LatencyHistogram {
        LatencyHistogram { counts: Box::new([0; BINS]) }
    }
}

impl LatencyHistogram {
    /// Counts one latency in nanoseconds.
    pub fn record(&mut self, nanoseconds: u64) {
        self.record_all(nanoseconds, 1);
    }

    /// Counts one latency in nanoseconds so many times.
    pub fn record_all(&mut self, nanoseconds: u64, count: u64) {
        let latency = nanoseconds.clamp(1 << MIN_EXPONENT, (1 << END_EXPONENT) - 1);
        let octave = latency.ilog2();
        // The leading bit and the SUB_BITS after it, 128 to 255.
        let mantissa = (latency >> (octave - SUB_BITS)) as usize;
        let bin = ((octave - MIN_EXPONENT) << SUB_BITS) as usize + mantissa - (1 << SUB_BITS);
        self.counts[bin] += count;
    }

    /// Adds all latencies of another histogram, exactly.
    pub fn merge(&mut self, other: &LatencyHistogram) {
        for (count, more) in self.counts.iter_mut().zip(other.counts.iter()) {
            *count += more;
        }
    }

    /// Those recorded since the histogram was `earlier`.
    pub fn since(&self, earlier: &LatencyHistogram) -> LatencyHistogram {
        let mut later = self.clone();
        for (count, before) in later.counts.iter_mut().zip(earlier.counts.iter()) {
            *count = count.saturating_sub(*before);
        }
        later
    }

    /// Latencies recorded.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The latency, in milliseconds, that a share `q` (0 to 1) of those
    /// recorded do not exceed, within 0.8 % where it lies between 0.1 ms and 1.1
    /// million seconds: those of a bin are taken to be spread evenly over it. `None`
    /// if none were recorded.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let (count, mut below) = (self.count(), 0);
        if count == 0 {
            return None;
        }
        let wanted = q * count as f64;
        self.counts.iter().enumerate().find_map(|(bin, &inside)| {
            let share = (wanted - below as f64) / inside as f64;
            below += inside;
            (inside > 0 && below as f64 >= wanted).then(|| within(bin, share) / 1e6)
        })
    }
}

/// The bins that are not empty, with their counts.
impl From<LatencyHistogram> for Vec<(u32, u64)> {
    fn from(histogram: LatencyHistogram) -> Vec<(u32, u64)> {
        let bins = (0u32..).zip(*histogram.counts);
        bins.filter(|&(_, count)| count > 0).collect()
    }
}

/// Bins that do not exist are ignored.
impl From<Vec<(u32, u64)>> for LatencyHistogram {
    fn from(bins: Vec<(u32, u64)>) -> LatencyHistogram {
        let mut histogram = LatencyHistogram::default();
        for (bin, count) in bins {
            if let Some(known) = histogram.counts.get_mut(bin as usize) {
                *known += count;
            }
        }
        histogram
    }
}

/// Where a share of a bin lies below, in nanoseconds.
fn within(bin: usize, share: f64) -> f64 {
    let octave = bin >> SUB_BITS;
    let mantissa = (bin & ((1 << SUB_BITS) - 1)) + (1 << SUB_BITS);
    let width = 1u64 << (octave as u32 + MIN_EXPONENT - SUB_BITS);
    (mantissa as f64 + share) * width as f64
}
