use super::{Heeded, Rule, Seen, rule_of};
use crate::network::{Region, RegionalQuota};

/// Target shares of the requests by the orchestrators' region. Of the regions
/// with an eligible session the one furthest below its share, the one with the
/// lowest (1 + requests sent) / share, gets the request, so that without
/// shortage each is within one request of its share at any time, and where a
/// region has nobody its share goes to the others in proportion to theirs.
/// Requests that a region refuses count as sent: one that cannot take its share
/// is not asked again and again.
impl Rule for RegionalQuota {
    fn words(&self, seen: &Seen, regions: &[Region]) -> String {
        let share = |(region, share): (&Region, &Option<f64>)| {
            share.map(|share| format!("{} % to {}, ", percent(share), region.id))
        };
        let named: String = regions.iter().zip(&self.shares).filter_map(share).collect();
        format!(
            "{named}{} % elsewhere, the region furthest below its share first; within it {}",
            percent(self.rest()),
            rule_of(&self.within).words(seen, regions)
        )
    }

    fn heeds(&self) -> Heeded {
        rule_of(&self.within).heeds()
    }

    fn weigh(&self, seen: &Seen, eligible: &[u32], weights: &mut Vec<f64>) {
        rule_of(&self.within).weigh(seen, eligible, weights);
    }

    fn narrow(&self, seen: &Seen, eligible: &mut Vec<u32>) {
        let mut next: Option<(Group, f64)> = None;
        for group in self.groups(seen, eligible) {
            let sent = 1 + self.sent(seen, group);
            let filled = sent as f64 / self.share(group);
            if next.is_none_or(|(first, lowest)| (filled, group) < (lowest, first)) {
                next = Some((group, filled));
            }
        }
        eligible.retain(|&index| next.is_some_and(|(next, _)| self.group(seen, index) == next));
    }

    /// Shares of many requests.
    fn probabilities(&self, seen: &Seen, eligible: &[u32]) -> Vec<f64> {
        let mut groups: Vec<Group> = self.groups(seen, eligible).collect();
        groups.sort_unstable();
        groups.dedup();
        let all: f64 = groups.iter().map(|&group| self.share(group)).sum();
        let mut probabilities = vec![0.0; eligible.len()];
        for &group in &groups {
            let (places, members): (Vec<usize>, Vec<u32>) = eligible
                .iter()
                .enumerate()
                .filter(|&(_, &index)| self.group(seen, index) == group)
                .map(|(place, &index)| (place, index))
                .unzip();
            let share = if all > 0.0 { self.share(group) / all } else { 1.0 };
            let within = rule_of(&self.within).probabilities(seen, &members);
            for (place, probability) in places.into_iter().zip(within) {
                probabilities[place] = share * probability;
            }
        }
        probabilities
    }
}

/// A region with a share of its own, or all the others together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Region(usize),
    Others,
}

impl RegionalQuota {
    fn group(&self, seen: &Seen, index: u32) -> Group {
        let region = seen.records[index as usize].region;
        if self.shares[region].is_some() { Group::Region(region) } else { Group::Others }
    }

    /// The groups of the eligible, one for each of them.
    fn groups<'a>(
        &'a self,
        seen: &'a Seen,
        eligible: &'a [u32],
    ) -> impl Iterator<Item = Group> + 'a {
        eligible.iter().map(|&index| self.group(seen, index))
    }

    fn share(&self, group: Group) -> f64 {
        match group {
            Group::Region(region) => self.shares[region].unwrap_or(0.0),
            Group::Others => self.rest(),
        }
    }

    fn rest(&self) -> f64 {
        (1.0 - self.shares.iter().flatten().sum::<f64>()).max(0.0)
    }

    fn sent(&self, seen: &Seen, group: Group) -> u64 {
        match group {
            Group::Region(region) => seen.sent[region],
            Group::Others => {
                let others =
                    seen.sent.iter().zip(&self.shares).filter(|(_, share)| share.is_none());
                others.map(|(sent, _)| sent).sum()
            }
        }
    }
}

/// In percent, to a tenth.
fn percent(share: f64) -> f64 {
    libm::round(share * 1e3) / 10.0
}
