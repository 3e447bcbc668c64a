//! The order in which Go ranges over a map.
//!
//! go-livepeer draws an orchestrator by walking a Go map of probabilities until
//! they exceed a uniform number (`selectBy`, `server/selection_algorithm.go`).
//! While they sum to 1 the order does not matter. Where a normalising sum is 0
//! they sum to more, the walk ends early, and the order decides.
//!
//! A map of up to 8 entries is one bucket filled in order of insertion and
//! walked from a random slot on; a larger one has 2^B buckets, entries fall
//! into them at random (the hash is seeded anew for each map), and the walk
//! starts at a random bucket and slot (Go 1.23 `runtime/map.go`: `bucketCnt`,
//! `overLoadFactor`, `mapiterinit`). Go 1.24's maps differ in detail for more
//! than 8 entries.

use crate::kernel::{Sequence, index_below};

const BUCKET_SLOTS: usize = 8;

/// Works out walks, in memory that it keeps.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// The entries in the order of the last walk.
    order: Vec<u32>,
    /// How many entries each bucket has.
    filled: Vec<usize>,
    ranked: Vec<(usize, usize, usize, u32)>,
}

impl Walk {
    /// The order in which a freshly built map, its entries inserted as 0, 1, 2,
    /// ..., is walked.
    pub(super) fn through(&mut self, count: usize, draws: &mut Sequence) -> &[u32] {
        self.order.clear();
        if is_small(count) {
            let offset = draws.below(BUCKET_SLOTS);
            self.order.extend(small_walk(count, offset).map(|entry| entry as u32));
            return &self.order;
        }
        let buckets = bucket_count(count);
        let start = draws.below(buckets);
        let offset = draws.below(BUCKET_SLOTS);
        self.filled.clear();
        self.filled.resize(buckets, 0);
        self.ranked.clear();
        self.ranked.extend((0..count).map(|entry| {
            let bucket = index_below(draws.uniform(), buckets);
            let place = self.filled[bucket];
            self.filled[bucket] += 1;
            let distance = (bucket + buckets - start) % buckets;
            let slot = (place + BUCKET_SLOTS - offset) % BUCKET_SLOTS;
            (distance, place / BUCKET_SLOTS, slot, entry as u32)
        }));
        self.ranked.sort_unstable();
        self.order.extend(self.ranked.iter().map(|&(.., entry)| entry));
        &self.order
    }
}

/// The walk of a one-bucket map from slot `offset` on.
pub(super) fn small_walk(count: usize, offset: usize) -> impl Iterator<Item = usize> {
    (0..BUCKET_SLOTS).map(move |i| (i + offset) % BUCKET_SLOTS).filter(move |&slot| slot < count)
}

/// Whether [`small_walk`] covers a map of `count` entries.
pub(super) fn is_small(count: usize) -> bool {
    count <= BUCKET_SLOTS
}

/// Buckets of a map grown to `count` entries: it doubles when an insertion
/// would exceed 6.5 entries a bucket.
fn bucket_count(count: usize) -> usize {
    let mut buckets = 1;
    while !is_small(count) && 2 * count > 13 * buckets {
        buckets *= 2;
    }
    buckets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::StreamKey;

    /// How often each entry is walked first.
    fn first_shares(count: usize) -> Vec<f64> {
        let rounds = 400_000;
        let mut draws = StreamKey::root(1).sequence();
        let (mut walk, mut first) = (Walk::default(), vec![0.0; count]);
        for _ in 0..rounds {
            let order = walk.through(count, &mut draws);
            first[order[0] as usize] += 1.0 / f64::from(rounds);
        }
        first
    }

    #[test]
    fn first_entries_come_as_often_as_measured_in_go() {
        // Measured with go-livepeer's selectBy on Go 1.19, all probabilities 1.
        let expected: [(usize, &[f64]); 5] = [
            (2, &[0.875, 0.125]),
            (3, &[0.75, 0.125, 0.125]),
            (5, &[0.5, 0.125, 0.125, 0.125, 0.125]),
            (8, &[0.125; 8]),
            (9, &[0.25, 0.17, 0.12]),
        ];
        for (count, shares) in expected {
            for (seen, wanted) in first_shares(count).iter().zip(shares) {
                assert!((seen - wanted).abs() < 0.006, "{count}: {seen} against {wanted}");
            }
        }
        let thirty = first_shares(30);
        assert!((thirty[0] - 0.07).abs() < 0.006, "{}", thirty[0]);
        assert!((thirty[29] - 0.018).abs() < 0.006, "{}", thirty[29]);
    }
}
