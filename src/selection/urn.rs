use fixedbitset::FixedBitSet;

use super::{Candidate, ProbabilityRule};
use crate::kernel::{GuideTable, StreamKey, index_below};

/// Draws from a table that may fall on somebody who is not free before the free
/// are gone through one by one.
const MOST_TRIES: u64 = 16;
/// Where fewer than one member in so many is free, that is done at once.
const LEAST_FREE: usize = 8;

/// The candidates of a market that pass the rule's filters, laid out so that the
/// rule draws one of the free in a time that does not grow with their number.
///
/// The rule's probabilities are a mixture: with the price weight one in
/// proportion to the price terms, with the stake weight in proportion to stake,
/// else any. A draw of a part that falls on somebody who is not free is made
/// again within that part, which leaves exactly the part's shares among the
/// free.
#[derive(Debug, Default)]
pub(super) struct Urn {
    /// Who passes the filters, in order.
    members: Vec<u32>,
    /// For each candidate what it counts as.
    marks: Vec<Mark>,
    stakes: GuideTable,
    price_terms: GuideTable,
    /// Some member's price term is 0 / 0.
    is_undefined: bool,
    free: Tally,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Mark {
    is_member: bool,
    has_stake: bool,
    has_price_term: bool,
}

/// Members that are free.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    members: usize,
    with_stake: usize,
    with_price_term: usize,
}

#[derive(Clone, Copy)]
enum Part {
    Price,
    Stake,
    Random,
}

impl Urn {
    /// Lays out those who pass the rule's filters; `free` are those who may be
    /// drawn now.
    pub(super) fn fill(
        &mut self,
        rule: &ProbabilityRule,
        candidates: &[Candidate],
        free: &FixedBitSet,
    ) {
        self.members.clear();
        self.members.extend(0..candidates.len() as u32);
        rule.filter(candidates, &mut self.members);
        let known = |&member: &u32| &candidates[member as usize];
        self.is_undefined = self.members.iter().any(|member| known(member).price_term.is_nan());
        self.stakes.set_weights(self.members.iter().map(|member| known(member).stake));
        if rule.weights.price > 0.0 && !self.is_undefined {
            self.price_terms
                .set_weights(self.members.iter().map(|member| known(member).price_term));
        }
        self.marks.clear();
        self.marks.resize(candidates.len(), Mark::default());
        self.free = Tally::default();
        for member in &self.members {
            self.marks[*member as usize] = Mark {
                is_member: true,
                has_stake: known(member).stake > 0.0,
                has_price_term: known(member).price_term > 0.0,
            };
        }
        free.ones().for_each(|candidate| self.put(candidate as u32));
    }

    /// A candidate is free from now on.
    pub(super) fn put(&mut self, candidate: u32) {
        if let Some(mark) = self.marks.get(candidate as usize) {
            self.free.members += usize::from(mark.is_member);
            self.free.with_stake += usize::from(mark.has_stake);
            self.free.with_price_term += usize::from(mark.has_price_term);
        }
    }

    /// A candidate is not free any longer.
    pub(super) fn take(&mut self, candidate: u32) {
        if let Some(mark) = self.marks.get(candidate as usize) {
            self.free.members -= usize::from(mark.is_member);
            self.free.with_stake -= usize::from(mark.has_stake);
            self.free.with_price_term -= usize::from(mark.has_price_term);
        }
    }

    /// Draws one of the free members. `None` where the free have to be looked
    /// at one by one: no member is free, or the rule is degenerate.
    pub(super) fn draw(
        &self,
        rule: &ProbabilityRule,
        candidates: &[Candidate],
        free: &FixedBitSet,
        key: StreamKey,
    ) -> Option<u32> {
        let weights = rule.weights;
        let is_proper = (weights.price == 0.0 || self.free.with_price_term > 0)
            && (weights.stake == 0.0 || self.free.with_stake > 0)
            && !self.is_undefined;
        if self.free.members == 0 || !is_proper {
            return None;
        }
        // The weights sum to 1 within go-livepeer's tolerance of 1e-4; what is
        // missing falls to the random part.
        let uniform = key.uniform(0);
        let (part, mut uniform) = if uniform < weights.price {
            (Part::Price, uniform / weights.price)
        } else if uniform < weights.price + weights.stake {
            (Part::Stake, (uniform - weights.price) / weights.stake)
        } else {
            let before = weights.price + weights.stake;
            (Part::Random, (uniform - before) / (1.0 - before))
        };
        let is_crowded = self.free.members < self.members.len() / LEAST_FREE;
        for redraw in 1..=if is_crowded { 0 } else { MOST_TRIES } {
            let place = match part {
                Part::Price => self.price_terms.place(uniform),
                Part::Stake => self.stakes.place(uniform),
                Part::Random => index_below(uniform, self.members.len()),
            };
            let member = self.members[place];
            if free.contains(member as usize) {
                return Some(member);
            }
            uniform = key.uniform(redraw);
        }
        self.search(part, candidates, free, uniform)
    }

    /// Goes through the free members for the one a draw of a part falls on.
    fn search(
        &self,
        part: Part,
        candidates: &[Candidate],
        free: &FixedBitSet,
        uniform: f64,
    ) -> Option<u32> {
        let weight = |&candidate: &usize| match part {
            Part::Price => candidates[candidate].price_term,
            Part::Stake => candidates[candidate].stake,
            Part::Random => 1.0,
        };
        let members = || free.ones().filter(|&candidate| self.marks[candidate].is_member);
        let height = uniform * members().map(|candidate| weight(&candidate)).sum::<f64>();
        let mut reached = 0.0;
        let mut last = None;
        for candidate in members().filter(|candidate| weight(candidate) > 0.0) {
            reached += weight(&candidate);
            last = Some(candidate as u32);
            if height <= reached {
                break;
            }
        }
        last
    }
}
