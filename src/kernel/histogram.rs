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
/// bin are within 1/128 (0.8 %) of one another. Each bin knows its least and its
/// greatest, so that latencies that are all alike are told apart from others near them.
/// Latencies outside count in the first or last bin. 70 kB.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<(u32, Bin)>", from = "Vec<(u32, Bin)>")]
pub struct LatencyHistogram {
    bins: Box<[Bin; BINS]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Bin {
    count: u64,
    /// Where in the bin the least and the greatest lie, in 1/2^16 of its width.
    least: u16,
    greatest: u16,
}

impl Default for LatencyHistogram {
    fn default() -> LatencyHistogram {
        LatencyHistogram { bins: Box::new([Bin::EMPTY; BINS]) }
    }
}

impl Bin {
    const EMPTY: Bin = Bin { count: 0, least: u16::MAX, greatest: 0 };

    fn add(&mut self, other: Bin) {
        self.count += other.count;
        self.least = self.least.min(other.least);
        self.greatest = self.greatest.max(other.greatest);
    }

    /// Where the latency is, as part of the bin, that a share of those inside do not
    /// exceed: they are taken to be spread evenly from the least to the greatest.
    fn within(self, share: f64) -> f64 {
        let (least, greatest) = (f64::from(self.least), f64::from(self.greatest));
        (least + share * (greatest - least) + 0.5) / f64::from(1 << u16::BITS)
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
        let zeros = latency.leading_zeros();
        // The leading bit and the SUB_BITS after it, 128 to 255, and what comes then.
        let digits = latency << zeros;
        let mantissa = (digits >> (u64::BITS - 1 - SUB_BITS)) as usize;
        let place = (digits >> (u64::BITS - 1 - SUB_BITS - u16::BITS)) as u16;
        let octave = u64::BITS - 1 - zeros - MIN_EXPONENT;
        let bin = (octave << SUB_BITS) as usize + mantissa - (1 << SUB_BITS);
        self.bins[bin].add(Bin { count, least: place, greatest: place });
    }

    /// Adds all latencies of another histogram, exactly.
    pub fn merge(&mut self, other: &LatencyHistogram) {
        for (bin, &more) in self.bins.iter_mut().zip(other.bins.iter()) {
            bin.add(more);
        }
    }

    /// Those recorded since the histogram was `earlier`; the least and the greatest of a bin
    /// are still those of all.
    pub fn since(&self, earlier: &LatencyHistogram) -> LatencyHistogram {
        let mut later = self.clone();
        for (bin, before) in later.bins.iter_mut().zip(earlier.bins.iter()) {
            bin.count = bin.count.saturating_sub(before.count);
        }
        later
    }

    /// The bins that are not empty by their number, and how many each has.
    pub fn counts(&self) -> impl Iterator<Item = (usize, u64)> {
        self.bins.iter().map(|bin| bin.count).enumerate().filter(|(_, count)| *count > 0)
    }

    /// Latencies recorded.
    pub fn count(&self) -> u64 {
        self.bins.iter().map(|bin| bin.count).sum()
    }

    /// The latency, in milliseconds, that a share `q` (0 to 1) of those
    /// recorded do not exceed, within 0.8 % where it lies between 0.1 ms and 1.1
    /// million seconds, and within a ten-millionth where all that are in its bin are alike.
    /// `None` if none were recorded.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let (count, mut below) = (self.count(), 0);
        if count == 0 {
            return None;
        }
        let wanted = q * count as f64;
        self.bins.iter().enumerate().find_map(|(number, bin)| {
            let share = (wanted - below as f64) / bin.count as f64;
            below += bin.count;
            let is_reached = bin.count > 0 && below as f64 >= wanted;
            is_reached.then(|| nanoseconds(number, bin.within(share)) / 1e6)
        })
    }
}

/// The bins that are not empty.
impl From<LatencyHistogram> for Vec<(u32, Bin)> {
    fn from(histogram: LatencyHistogram) -> Vec<(u32, Bin)> {
        let bins = (0u32..).zip(*histogram.bins);
        bins.filter(|(_, bin)| bin.count > 0).collect()
    }
}

/// Bins that do not exist are ignored.
impl From<Vec<(u32, Bin)>> for LatencyHistogram {
    fn from(bins: Vec<(u32, Bin)>) -> LatencyHistogram {
        let mut histogram = LatencyHistogram::default();
        for (number, bin) in bins {
            if let Some(known) = histogram.bins.get_mut(number as usize) {
                known.add(bin);
            }
        }
        histogram
    }
}

/// Where a part of a bin lies below, in nanoseconds.
fn nanoseconds(bin: usize, part: f64) -> f64 {
    let octave = bin >> SUB_BITS;
    let mantissa = (bin & ((1 << SUB_BITS) - 1)) + (1 << SUB_BITS);
    let width = 1u64 << (octave as u32 + MIN_EXPONENT - SUB_BITS);
    (mantissa as f64 + part) * width as f64
}
