use super::map_order::{self, Walk};
use crate::kernel::{Sequence, StreamKey};
use crate::network::{Gateway, SelectionWeights};
use crate::units::Price;

/// What the rules know of an orchestrator that a session leads to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Its index in the network.
    pub orchestrator: usize,
    /// Which of its offers.
    pub offer: usize,
    /// The price it quotes.
    pub price: Price,
    /// `exp(-price / price_exp_factor)`.
    pub price_term: f64,
    /// Its stake in LPT.
    pub stake: f64,
    /// Whether its price is at or below the gateway's maximum; true where the
    /// gateway has none.
    pub within_max_price: bool,
    /// Whether its performance score passes the gateway's minimum.
    pub passes_perf_score: bool,
}

/// go-livepeer's `ProbabilitySelectionAlgorithm`
/// (`server/selection_algorithm.go`): filter by performance score, filter by
/// maximum price, then draw with
/// `P = price * e / sum(e) + stake * s / sum(s) + random / n`.
#[derive(Clone, Copy, Debug)]
pub struct ProbabilityRule {
    /// The weights.
    pub weights: SelectionWeights,
    /// Serve at any price where nobody is within the maximum.
    pub ignore_max_price: bool,
}

/// The normalising sums over the eligible.
#[derive(Clone, Copy, Debug)]
struct Sums {
    count: f64,
    price: f64,
    stake: f64,
}

impl ProbabilityRule {
    /// The rule a gateway is set to.
    pub fn of(gateway: &Gateway) -> ProbabilityRule {
        ProbabilityRule { weights: gateway.weights, ignore_max_price: gateway.ignore_max_price }
    }

    /// Keeps of `eligible` (indices into `candidates`) those that pass the
    /// filters, in order. The performance filter is dropped where nobody
    /// passes it.
    pub fn filter(&self, candidates: &[Candidate], eligible: &mut Vec<u32>) {
        let candidate = |&index: &u32| &candidates[index as usize];
        if eligible.iter().any(|index| candidate(index).passes_perf_score) {
            eligible.retain(|index| candidate(index).passes_perf_score);
        }
        let any_within = eligible.iter().any(|index| candidate(index).within_max_price);
        if any_within || !self.ignore_max_price {
            eligible.retain(|index| candidate(index).within_max_price);
        }
    }

    fn sums(candidates: &[Candidate], eligible: &[u32]) -> Sums {
        let mut sums = Sums { count: eligible.len() as f64, price: 0.0, stake: 0.0 };
        for &index in eligible {
            sums.price += candidates[index as usize].price_term;
            sums.stake += candidates[index as usize].stake;
        }
        sums
    }

    /// The term go-livepeer computes for one candidate. A sum of 0 makes its
    /// term 1 for everyone, so these need not sum to 1.
    fn term(&self, candidate: &Candidate, sums: &Sums) -> f64 {
        let share = |part: f64, sum: f64| if sum != 0.0 { part / sum } else { 1.0 };
        self.weights.price * share(candidate.price_term, sums.price)
            + self.weights.stake * share(candidate.stake, sums.stake)
            + self.weights.random / sums.count
    }

    /// Whether the terms sum to 1, so that the order of the walk is without
    /// effect.
    fn is_proper(&self, sums: &Sums) -> bool {
        let usable = |weight: f64, sum: f64| weight == 0.0 || sum > 0.0;
        !sums.price.is_nan()
            && usable(self.weights.price, sums.price)
            && usable(self.weights.stake, sums.stake)
    }

    /// Whether it counts among `eligible` in which order the gateway knows its
    /// sessions.
    pub(super) fn goes_by_order(&self, candidates: &[Candidate], eligible: &[u32]) -> bool {
        eligible.len() > 1 && !self.is_proper(&Self::sums(candidates, eligible))
    }

    /// Draws one of `eligible`, which has passed [`ProbabilityRule::filter`].
    /// Only where the terms do not sum to 1 does the order matter in which the
    /// gateway knows its sessions: `in_session_order` then sorts by it. `None`
    /// where nobody is eligible.
    pub(super) fn draw(
        &self,
        candidates: &[Candidate],
        eligible: &mut [u32],
        in_session_order: impl FnOnce(&mut [u32]),
        key: StreamKey,
        walk: &mut Walk,
    ) -> Option<u32> {
        let sums = Self::sums(candidates, eligible);
        if !self.is_proper(&sums) {
            in_session_order(eligible);
            return self.draw_by_walk(candidates, eligible, &sums, key.sequence(), walk);
        }
        let uniform = key.uniform(0);
        let mut cumulative = 0.0;
        for &index in eligible.iter() {
            cumulative += self.term(&candidates[index as usize], &sums);
            if uniform <= cumulative {
                return Some(index);
            }
        }
        eligible.last().copied()
    }

    fn draw_by_walk(
        &self,
        candidates: &[Candidate],
        eligible: &[u32],
        sums: &Sums,
        mut draws: Sequence,
        walk: &mut Walk,
    ) -> Option<u32> {
        let uniform = draws.uniform();
        let order = walk.through(eligible.len(), &mut draws);
        let mut cumulative = 0.0;
        for &place in order {
            let index = eligible[place as usize];
            cumulative += self.term(&candidates[index as usize], sums);
            if uniform <= cumulative {
                return Some(index);
            }
        }
        order.first().map(|&place| eligible[place as usize])
    }

    /// The probability with which a request is sent to each of `eligible`. Exact,
    /// except where the terms do not sum to 1 and more than 8 are eligible: then the
    /// mean over 100,000 random walks (standard error below 0.002).
    pub fn probabilities(&self, candidates: &[Candidate], eligible: &[u32]) -> Vec<f64> {
        const WALKS: u32 = 100_000;
        let sums = Self::sums(candidates, eligible);
        let terms: Vec<f64> =
            eligible.iter().map(|&index| self.term(&candidates[index as usize], &sums)).collect();
        if self.is_proper(&sums) {
            return terms;
        }
        let mut probabilities = vec![0.0; terms.len()];
        if map_order::is_small(terms.len()) {
            for offset in 0..8 {
                let order = map_order::small_walk(terms.len(), offset);
                add_walk(&terms, order, 1.0 / 8.0, &mut probabilities);
            }
        } else {
            let mut draws = StreamKey::root(0).sequence();
            let mut walk = Walk::default();
            for _ in 0..WALKS {
                let order = walk.through(terms.len(), &mut draws);
                let order = order.iter().map(|&place| place as usize);
                add_walk(&terms, order, 1.0 / f64::from(WALKS), &mut probabilities);
            }
        }
        probabilities
    }

    /// The same where nothing is known of the walk: the terms in proportion.
    pub fn unordered_probabilities(&self, candidates: &[Candidate], eligible: &[u32]) -> Vec<f64> {
        let sums = Self::sums(candidates, eligible);
        let mut terms: Vec<f64> =
            eligible.iter().map(|&index| self.term(&candidates[index as usize], &sums)).collect();
        let total: f64 = terms.iter().sum();
        for term in &mut terms {
            *term = if total.is_nan() { 1.0 / sums.count } else { *term / total };
        }
        terms
    }

    /// Whether the price weight cannot tell these candidates apart because
    /// every `exp(-price / factor)` underflows to 0.
    pub fn price_weight_is_blind(&self, candidates: &[Candidate], eligible: &[u32]) -> bool {
        self.weights.price > 0.0
            && !eligible.is_empty()
            && Self::sums(candidates, eligible).price == 0.0
    }
}

/// Adds `weight` times the chance that a uniform number ends the walk at each
/// entry; what no entry covers falls to the first.
fn add_walk(
    terms: &[f64],
    order: impl Iterator<Item = usize>,
    weight: f64,
    probabilities: &mut [f64],
) {
    let (mut covered, mut first) = (0.0f64, None);
    for place in order {
        first.get_or_insert(place);
        let reached = (covered + terms[place]).min(1.0);
        if reached > covered {
            probabilities[place] += weight * (reached - covered);
            covered = reached;
        }
    }
    if let Some(place) = first {
        probabilities[place] += weight * (1.0 - covered);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::distribution::{ChiSquared, ContinuousCDF};

    const FACTOR: f64 = 100.0;

    fn candidates(stakes: &[f64], prices: &[f64], max_price: f64) -> Vec<Candidate> {
        let candidate = |(orchestrator, (&stake, &price)): (usize, (&f64, &f64))| Candidate {
            orchestrator,
            offer: 0,
            price: Price::new((price * 1000.0) as u128, 1000).unwrap(),
            price_term: libm::exp(-price / FACTOR),
            stake,
            within_max_price: price <= max_price,
            passes_perf_score: true,
        };
        stakes.iter().zip(prices).enumerate().map(candidate).collect()
    }

    fn rule(stake: f64, price: f64, random: f64) -> ProbabilityRule {
        let weights = SelectionWeights { stake, price, random };
        ProbabilityRule { weights, ignore_max_price: false }
    }

    fn all(candidates: &[Candidate]) -> Vec<u32> {
        (0..candidates.len() as u32).collect()
    }

    #[test]
    fn probabilities_are_those_of_go_livepeers_test() {
        // server/selection_algorithm_test.go, TestCalculateProbabilities.
        type Case = (ProbabilityRule, [f64; 3], [f64; 3], [f64; 3]);
        let cases: [Case; 4] = [
            (
                rule(0.3, 0.7, 0.0),
                [100.0, 100_000.0, 300.0],
                [400.0, 700.0, 1000.0],
                [0.665530, 0.331925, 0.002545],
            ),
            (
                rule(0.0, 0.0, 1.0),
                [100.0, 100_000.0, 300.0],
                [400.0, 700.0, 1000.0],
                [1.0 / 3.0; 3],
            ),
            (rule(0.0, 1.0, 0.0), [100.0, 100_000.0, 300.0], [1.0, 1.0, 1e8], [0.5, 0.5, 0.0]),
            (rule(1.0, 0.0, 0.0), [100.0, 100.0, 800.0], [400.0, 700.0, 1000.0], [0.1, 0.1, 0.8]),
        ];
        for (rule, stakes, prices, expected) in cases {
            let candidates = candidates(&stakes, &prices, f64::INFINITY);
            let seen = rule.probabilities(&candidates, &all(&candidates));
            for (seen, expected) in seen.iter().zip(expected) {
                assert!((seen - expected).abs() < 1e-6, "{seen} against {expected}");
            }
        }
    }

    #[test]
    fn filters_are_those_of_go_livepeers_test() {
        // server/selection_algorithm_test.go, TestFilter: (scores, least score,
        // prices, maximum, ignore, survivors).
        let none = f64::INFINITY;
        type Case = (&'static [f64], f64, &'static [f64], f64, bool, &'static [u32]);
        let cases: [Case; 8] = [
            (&[0.6, 0.8, 0.9, 0.0], 0.7, &[1.0; 4], none, false, &[1, 2]),
            (&[0.6, 0.8, 0.9], 0.0, &[1.0; 3], none, false, &[0, 1, 2]),
            (&[0.6, 0.8, 0.9, 0.0], 0.99, &[1.0; 4], none, false, &[0, 1, 2, 3]),
            (&[0.6, 0.8, 0.9], 0.7, &[500.0, 1500.0, 1000.0], 2000.0, false, &[1, 2]),
            (&[0.6, 0.8, 0.9], 0.7, &[500.0, 1500.0, 1000.0], 100.0, true, &[1, 2]),
            (&[0.6, 0.8, 0.9], 0.7, &[500.0, 1500.0, 1000.0], 100.0, false, &[]),
            (&[0.8, 0.6, 0.9], 0.7, &[500.0, 1500.0, 700.0], 750.0, false, &[0, 2]),
            (&[0.8, 0.9, 0.6], 0.7, &[500.0, 1000.0, 1500.0], 1000.0, false, &[0, 1]),
        ];
        for (scores, least, prices, max, ignore, expected) in cases {
            let mut candidates = candidates(&vec![1.0; prices.len()], prices, max);
            for (candidate, score) in candidates.iter_mut().zip(scores) {
                candidate.passes_perf_score = least <= 0.0 || *score >= least;
            }
            let rule = ProbabilityRule { ignore_max_price: ignore, ..rule(1.0, 0.0, 0.0) };
            let mut eligible = all(&candidates);
            rule.filter(&candidates, &mut eligible);
            assert_eq!(eligible, expected);
        }
    }

    /// A million draws against their probabilities, false-alarm rate 0.001.
    fn assert_draws_agree(rule: ProbabilityRule, candidates: &[Candidate], expected: &[f64]) {
        let mut eligible = all(candidates);
        let draws = 1_000_000;
        let mut counts = vec![0u32; candidates.len()];
        let mut walk = Walk::default();
        for request in 0..draws {
            let key = StreamKey::root(9).child(request);
            let drawn = rule.draw(candidates, &mut eligible, |_| (), key, &mut walk);
            counts[drawn.unwrap() as usize] += 1;
        }
        let (mut statistic, mut cells) = (0.0, 0.0f64);
        for (&count, &probability) in counts.iter().zip(expected) {
            if probability == 0.0 {
                assert_eq!(count, 0);
                continue;
            }
            let mean = probability * draws as f64;
            statistic += (f64::from(count) - mean).powi(2) / mean;
            cells += 1.0;
        }
        let p = 1.0 - ChiSquared::new((cells - 1.0).max(1.0)).unwrap().cdf(statistic);
        assert!(p > 0.001, "p = {p}, {counts:?} against {expected:?}");
    }

    #[test]
    fn a_million_draws_agree_with_the_probabilities() {
        let candidates =
            candidates(&[100.0, 100_000.0, 300.0], &[400.0, 700.0, 1000.0], f64::INFINITY);
        // Worked out by hand from the formula, not read from the rule.
        let e = [(-4f64).exp(), (-7f64).exp(), (-10f64).exp()];
        let (e_sum, s_sum) = (e.iter().sum::<f64>(), 100_400.0);
        let by_hand: Vec<f64> = [100.0, 100_000.0, 300.0]
            .iter()
            .zip(e)
            .map(|(s, e)| 0.5 * s / s_sum + 0.2 * e / e_sum + 0.3 / 3.0)
            .collect();
        assert_draws_agree(rule(0.5, 0.2, 0.3), &candidates, &by_hand);
    }

    #[test]
    fn where_every_price_term_underflows_the_walk_order_decides() {
        // Typical AI prices (text-to-image 4,768,371 wei a pixel) at factor 100:
        // every term becomes 1, and the first inserted is picked most.
        let dear = [4_768_371.0, 2_384_185.0, 603_032.0];
        let blind = candidates(&[10.0, 20.0, 30.0], &dear, f64::INFINITY);
        let price_only = rule(0.0, 1.0, 0.0);
        assert!(price_only.price_weight_is_blind(&blind, &all(&blind)));
        assert_draws_agree(price_only, &blind, &[0.75, 0.125, 0.125]);
        // One price below about 74,513 wei takes the whole price term.
        let one_cheap = candidates(&[10.0, 20.0, 30.0], &[4e6, 74_000.0, 6e5], f64::INFINITY);
        assert!(!price_only.price_weight_is_blind(&one_cheap, &all(&one_cheap)));
        assert_draws_agree(price_only, &one_cheap, &[0.0, 1.0, 0.0]);
        // exp(-745.13) is the last that does not round to 0.
        assert!(libm::exp(-74_513.0 / FACTOR) > 0.0);
        assert_eq!(libm::exp(-74_514.0 / FACTOR), 0.0);
    }

    #[test]
    fn zero_stake_makes_every_stake_term_one() {
        let unstaked = candidates(&[0.0; 5], &[1.0; 5], f64::INFINITY);
        assert_draws_agree(rule(1.0, 0.0, 0.0), &unstaked, &[0.5, 0.125, 0.125, 0.125, 0.125]);
    }

    #[test]
    fn a_blind_price_weight_dilutes_stake_and_favours_the_first() {
        // By hand: terms 0.7 + 0.3 s; two entries; walk (0, 1) with chance 7/8.
        let pair = candidates(&[100.0, 300.0], &[5e6, 5e6], f64::INFINITY);
        let (first, second) = (0.7 + 0.3 * 0.25, 0.7 + 0.3 * 0.75);
        let first_share = 7.0 / 8.0 * first + (1.0 - second) / 8.0;
        assert_draws_agree(rule(0.3, 0.7, 0.0), &pair, &[first_share, 1.0 - first_share]);
        let exact = rule(0.3, 0.7, 0.0).probabilities(&pair, &[0, 1]);
        assert!((exact[0] - first_share).abs() < 1e-12);
    }

    #[test]
    fn a_zero_factor_with_a_zero_price_always_falls_back_to_the_first_walked() {
        // 0 / 0 is NaN; every term is NaN; selectBy returns addrs[0].
        let mut pair = candidates(&[1.0, 1.0], &[0.0, 5.0], f64::INFINITY);
        pair[0].price_term = f64::NAN;
        assert_draws_agree(rule(1.0, 0.0, 0.0), &pair, &[0.875, 0.125]);
    }
}
