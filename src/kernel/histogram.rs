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
/// Latencies outside count in the first or last bin. 52 kB, of which a system keeps
/// those in memory that are used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<(usize, Bin)>", from = "Vec<(usize, Bin)>")]
pub struct LatencyHistogram {
    counts: Box<[u64; BINS]>,
    extremes: Box<[Extremes; BINS]>,
}

/// Where in a bin the greatest lies and how far below its end the least, in 1/2^16 of its
/// width: both are 0 of an empty bin, so that its memory need not be touched.
type Extremes = [u16; 2];

/// A bin with its count.
type Bin = (u64, Extremes);

impl Default for LatencyHistogram {
    fn default() -> LatencyHistogram {
        LatencyHistogram { counts: Box::new([0; BINS]), extremes: Box::new([[0; 2]; BINS]) }
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
        self.add(bin, (count, [place, u16::MAX - place]));
    }

    /// Adds all latencies of another histogram, exactly.
    pub fn merge(&mut self, other: &LatencyHistogram) {
        other.bins().for_each(|(number, bin)| self.add(number, bin));
    }

    fn add(&mut self, number: usize, (count, extremes): Bin) {
        self.counts[number] += count;
        let [greatest, least] = &mut self.extremes[number];
        (*greatest, *least) = ((*greatest).max(extremes[0]), (*least).max(extremes[1]));
    }

    /// Those recorded since the histogram was `earlier`; the least and the greatest of a bin
    /// are still those of all.
    pub fn since(&self, earlier: &LatencyHistogram) -> LatencyHistogram {
        let mut later = self.clone();
        for (count, before) in later.counts.iter_mut().zip(earlier.counts.iter()) {
            *count = count.saturating_sub(*before);
        }
        later
    }

    /// The bins that are not empty by their number, and how many each has.
    pub fn counts(&self) -> impl Iterator<Item = (usize, u64)> {
        self.counts.iter().copied().enumerate().filter(|(_, count)| *count > 0)
    }

    fn bins(&self) -> impl Iterator<Item = (usize, Bin)> {
        self.counts().map(|(number, count)| (number, (count, self.extremes[number])))
    }

    /// Latencies recorded.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
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
        self.bins().find_map(|(number, (inside, extremes))| {
            let share = (wanted - below as f64) / inside as f64;
            below += inside;
            (below as f64 >= wanted).then(|| nanoseconds(number, within(extremes, share)) / 1e6)
        })
    }
}

/// The bins that are not empty.
impl From<LatencyHistogram> for Vec<(usize, Bin)> {
    fn from(histogram: LatencyHistogram) -> Vec<(usize, Bin)> {
        histogram.bins().collect()
    }
}

/// Bins that do not exist are ignored.
impl From<Vec<(usize, Bin)>> for LatencyHistogram {
    fn from(bins: Vec<(usize, Bin)>) -> LatencyHistogram {
        let mut histogram = LatencyHistogram::default();
        for (number, bin) in bins {
            if number < BINS {
                histogram.add(number, bin);
            }
        }
        histogram
    }
}

/// Where the latency is, as part of the bin, that a share of those inside do not exceed:
/// they are taken to be spread evenly from the least to the greatest.
fn within([greatest, least]: Extremes, share: f64) -> f64 {
    let [least, greatest] = [u16::MAX - least, greatest].map(f64::from);
    (least + share * (greatest - least) + 0.5) / f64::from(1 << u16::BITS)
}

/// Where a part of a bin lies below, in nanoseconds.
fn nanoseconds(bin: usize, part: f64) -> f64 {
    let octave = bin >> SUB_BITS;
    let mantissa = (bin & ((1 << SUB_BITS) - 1)) + (1 << SUB_BITS);
    let width = 1u64 << (octave as u32 + MIN_EXPONENT - SUB_BITS);
    (mantissa as f64 + part) * width as f64
}
