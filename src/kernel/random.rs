//! Keyed random numbers: every draw is a pure function of what it is for.
//!
//! A [`StreamKey`] names a purpose; [`StreamKey::child`] derives the key of a
//! narrower one (seed, then replication, then demand stream by its name, then
//! request). Two policies that ask for the same key get the same number, whatever else
//! they drew, which is what couples them under common random numbers; and no
//! result depends on how replications are spread over threads.
//!
//! The mixing function is the finaliser of SplitMix64 (Steele, Lea and Flood,
//! "Fast splittable pseudorandom number generators", OOPSLA 2014, with
//! Stafford's variant 13 constants). It is applied twice to a key and its
//! index, so that nearby indices and nearby keys are unrelated.
//!
//! A key can be mirrored, which gives the antithetic twin of everything drawn
//! from it ([`StreamKey::mirrored`]).

use super::ziggurat;

pub(crate) const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The 64 bits of FNV-1a for a text (Fowler, Noll and Vo,
/// <http://www.isthe.com/chongo/tech/comp/fnv/>).
pub(crate) fn fnv1a(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

/// Maps 64 random bits to the open interval (0, 1): 52 bits and a half, so
/// that neither end can come out.
pub(super) fn open_unit(bits: u64) -> f64 {
    ((bits >> 12) as f64 + 0.5) * (1.0 / (1u64 << 52) as f64)
}

const SIGN_BIT: u64 = 1 << 63;

/// Sets the members of a family that the tails of its draws take further bits from
/// apart from all that have a purpose of their own.
const FURTHER_BITS: u64 = 1 << 63;

/// The name of a family of draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamKey {
    name: u64,
    /// Flips these bits of every draw: none or all.
    mirror: u64,
}

impl StreamKey {
    /// The key everything of one run derives from.
    pub fn root(seed: u64) -> StreamKey {
        StreamKey { name: mix(seed.wrapping_add(GOLDEN_GAMMA)), mirror: 0 }
    }

    /// The key of member `index` of this family.
    pub fn child(self, index: u64) -> StreamKey {
        let name = mix(self.name ^ mix(index.wrapping_mul(GOLDEN_GAMMA).wrapping_add(self.name)));
        StreamKey { name, ..self }
    }

    /// The key of the member of this family called so, wherever it stands among the others.
    pub fn named(self, name: &str) -> StreamKey {
        self.child(fnv1a(name))
    }

    /// The antithetic key (Hammersley and Morton 1956), whose children are those
    /// of this one mirrored: each uniform draw u becomes 1 - u and each normal
    /// draw x becomes -x, exactly. An exponential draw is mirrored in its layer of
    /// the ziggurat and in the order of layers, which gives twins a correlation of
    /// -0.59, where the least possible is 1 - pi^2 / 6 = -0.64. All keep their
    /// distribution.
    pub fn mirrored(self) -> StreamKey {
        StreamKey { mirror: !self.mirror, ..self }
    }

    fn bits(self, index: u64) -> u64 {
        mix(self.name.wrapping_add((index + 1).wrapping_mul(GOLDEN_GAMMA))) ^ self.mirror
    }

    /// The draw of number `index` in (0, 1), both ends excluded.
    pub fn uniform(self, index: u64) -> f64 {
        open_unit(self.bits(index))
    }

    /// The draw of number `index` from an exponential distribution with mean 1.
    pub fn exponential(self, index: u64) -> f64 {
        ziggurat::exponential(self.bits(index), || self.further_bits(index))
    }

    /// The draw of number `index` from the standard normal distribution.
    #[inline(always)]
    pub fn normal(self, index: u64) -> f64 {
        // The sign is mirrored, not the bits: those decide between layer and
        // tail, where mirroring them would not give -x.
        let plain = StreamKey { mirror: 0, ..self };
        let x = ziggurat::normal(plain.bits(index), || plain.further_bits(index));
        f64::from_bits(x.to_bits() ^ (self.mirror & SIGN_BIT))
    }

    /// What draw number `index` takes beyond its first 64 bits, where those fall on an
    /// edge or the tail of its distribution.
    fn further_bits(self, index: u64) -> Sequence {
        self.child(index | FURTHER_BITS).sequence()
    }

    /// Draws number 0, 1, 2, ... one after another.
    pub fn sequence(self) -> Sequence {
        Sequence { key: self, next: 0 }
    }
}

/// The draws of one [`StreamKey`] in their order.
#[derive(Clone, Copy, Debug)]
pub struct Sequence {
    key: StreamKey,
    next: u64,
}

impl Sequence {
    fn advance(&mut self) -> u64 {
        let index = self.next;
        self.next += 1;
        index
    }

    pub(super) fn bits(&mut self) -> u64 {
        let index = self.advance();
        self.key.bits(index)
    }

    /// The next draw in (0, 1), both ends excluded.
    pub fn uniform(&mut self) -> f64 {
        open_unit(self.bits())
    }

    /// The next draw from an exponential distribution with mean 1.
    #[inline]
    pub fn exponential(&mut self) -> f64 {
        let index = self.advance();
        self.key.exponential(index)
    }

    /// An index below `count`, each alike. `count` must be positive.
    pub fn below(&mut self, count: usize) -> usize {
        index_below(self.uniform(), count)
    }
}

/// The index below `count` that a uniform draw falls on; by way of the signed, of
/// which processors have the conversion.
pub fn index_below(uniform: f64, count: usize) -> usize {
    ((uniform * count as f64) as i64 as usize).min(count - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_match_the_published_vectors() {
        assert_eq!(fnv1a(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a("a"), 0xaf63_dc4c_8601_ec8c);
    }
    use statrs::distribution::{ChiSquared, ContinuousCDF};

    /// Upper tail probability of a chi-square statistic.
    fn p_value(statistic: f64, degrees: f64) -> f64 {
        1.0 - ChiSquared::new(degrees).unwrap().cdf(statistic)
    }

    fn chi_square(cells: &[u64]) -> f64 {
        let expected = cells.iter().sum::<u64>() as f64 / cells.len() as f64;
        cells.iter().map(|&seen| (seen as f64 - expected).powi(2) / expected).sum()
    }

    // Each of the tests below has a false-alarm rate of 0.001 at a fixed seed.

    #[test]
    fn what_a_draw_takes_in_its_tail_is_nobody_elses() {
        // The first draw of the first child selects an orchestrator in a replication,
        // where the draws themselves are the request's size and its work.
        let root = StreamKey::root(17);
        let (mut at_normal, mut at_exponential) = ([0u64; 10], [0u64; 10]);
        for key in (0..1_000_000).map(|i| root.child(i)) {
            let decile = index_below(key.child(0).uniform(0), 10);
            at_normal[decile] += u64::from(key.normal(0).abs() > 3.0);
            at_exponential[decile] += u64::from(key.exponential(0) > 6.0);
        }
        assert!(p_value(chi_square(&at_normal), 9.0) > 0.001, "{at_normal:?}");
        assert!(p_value(chi_square(&at_exponential), 9.0) > 0.001, "{at_exponential:?}");
    }

    #[test]
    fn draws_of_one_stream_are_uniform() {
        let mut cells = [0u64; 1000];
        let mut draws = StreamKey::root(1).sequence();
        for _ in 0..1_000_000 {
            cells[draws.below(1000)] += 1;
        }
        assert!(p_value(chi_square(&cells), 999.0) > 0.001);
    }

    #[test]
    fn first_draws_of_neighbouring_streams_are_independent() {
        // Pairs (stream i, stream i + 1) and (draw 0, draw 1) on a 32 x 32 grid.
        let root = StreamKey::root(7).child(3);
        let (mut across, mut along) = (vec![0u64; 1024], vec![0u64; 1024]);
        let cell = |a: f64, b: f64| index_below(a, 32) * 32 + index_below(b, 32);
        for i in 0..500_000 {
            let (here, next) = (root.child(2 * i), root.child(2 * i + 1));
            across[cell(here.uniform(0), next.uniform(0))] += 1;
            along[cell(here.uniform(0), here.uniform(1))] += 1;
        }
        assert!(p_value(chi_square(&across), 1023.0) > 0.001);
        assert!(p_value(chi_square(&along), 1023.0) > 0.001);
    }

    #[test]
    fn mirrored_draws_are_antithetic() {
        let key = StreamKey::root(3).child(5);
        let twin = StreamKey::root(3).mirrored().child(5);
        assert_eq!(twin, key.mirrored());
        assert_eq!(twin.mirrored(), key);
        let n = 1_000_000;
        let (mut sum, mut squares, mut products) = (0.0, 0.0, 0.0);
        for index in 0..n {
            assert_eq!(twin.uniform(index), 1.0 - key.uniform(index));
            assert_eq!(twin.normal(index), -key.normal(index));
            let exponential = twin.exponential(index);
            sum += exponential;
            squares += exponential * exponential;
            products += exponential * key.exponential(index);
        }
        // Mean 1 with standard deviation 1; mean square 2 with one of sqrt(20).
        let n = n as f64;
        assert!((sum / n - 1.0).abs() < 3.5 / n.sqrt());
        assert!((squares / n - 2.0).abs() < 3.5 * (20.0 / n).sqrt());
        // Less than independent draws, no less than inversion would give.
        let correlation = products / n - 1.0;
        let least = 1.0 - std::f64::consts::PI.powi(2) / 6.0;
        assert!((least..-0.55).contains(&correlation), "{correlation}");
    }

    #[test]
    fn lagged_draws_are_uncorrelated() {
        let key = StreamKey::root(11);
        let n = 400_000u64;
        for lag in [1, 2, 3, 7, 64, 1 << 20] {
            let sum: f64 =
                (0..n).map(|i| (key.uniform(i) - 0.5) * (key.uniform(i + lag) - 0.5)).sum();
            // The product of two centred uniforms has standard deviation 1/12.
            let z = sum / (n as f64).sqrt() * 12.0;
            assert!(z.abs() < 3.5, "lag {lag}: z = {z}");
        }
    }
}
