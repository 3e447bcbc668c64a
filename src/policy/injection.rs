use crate::units::Wei;

/// Which requests go to the orchestrators of a chosen region.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Injection {
    /// Gateways added in a region.
    pub gateways: Vec<RegionalGateway>,
    /// How the region is chosen.
    pub steering: Steering,
    /// What becomes of a steered request where the gateway knows nobody there.
    pub fallback: Fallback,
}

impl Injection {
    /// The gateway, of so many, that users asked before gateways were added.
    pub fn asked_at_first(&self, gateway: usize, gateways: usize) -> usize {
        let before = gateways - self.gateways.len();
        gateway.checked_sub(before).map_or(gateway, |added| self.gateways[added].like)
    }
}

/// A gateway added to the network: like another, but in a region of its own,
/// whence its own distances and its own discoveries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionalGateway {
    /// Its id.
    pub id: String,
    /// Where it runs, an index into the network's regions.
    pub region: usize,
    /// The gateway it is like, an index into the network's.
    pub like: usize,
    /// The regions of the users who ask it instead.
    pub users: Vec<usize>,
}

/// How the region of a request is chosen. Regions are indices into the
/// network's.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Steering {
    /// Not at all.
    #[default]
    None,
    /// A share of the requests, 0 to 1, for each of some regions; the rest go
    /// anywhere.
    Fixed(Vec<(usize, f64)>),
    /// To the region whose orchestrators are furthest below their share of what
    /// was paid so far.
    Towards {
        /// The share of payments each of some regions is to get, 0 to 1.
        targets: Vec<(usize, f64)>,
        /// The share of the requests that may be steered, 0 to 1.
        share: f64,
    },
}

/// What becomes of a steered request where the gateway knows nobody in the
/// region, and of its further tries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fallback {
    /// It goes anywhere.
    #[default]
    Anywhere,
    /// It fails.
    Refuse,
}

impl Fallback {
    /// Every fallback with the name a scenario uses.
    pub const NAMES: [(&'static str, Fallback); 2] =
        [("anywhere", Fallback::Anywhere), ("refuse", Fallback::Refuse)];
}

/// Steers the requests of one replication.
#[derive(Clone, Debug)]
pub struct Steerer<'a> {
    steering: &'a Steering,
    /// Expected value of what the orchestrators of each region were paid.
    paid: Vec<Wei>,
}

impl<'a> Steerer<'a> {
    /// A steerer for a network of so many regions, of which none was paid yet.
    pub fn new(steering: &'a Steering, regions: usize) -> Steerer<'a> {
        Steerer { steering, paid: vec![Wei::ZERO; regions] }
    }

    /// Whether it ever steers.
    pub fn is_active(&self) -> bool {
        *self.steering != Steering::None
    }

    /// Notes what the orchestrators of a region were paid.
    pub fn record(&mut self, region: usize, paid: Wei) {
        self.paid[region].0 += paid.0;
    }

    /// Where to send the next request, `uniform` being its draw; `None` means
    /// anywhere. Of regions equally far below their target the first listed.
    pub fn region(&self, uniform: f64) -> Option<usize> {
        match self.steering {
            Steering::None => None,
            Steering::Fixed(shares) => {
                let mut rest = uniform;
                shares.iter().find_map(|&(region, share)| {
                    rest -= share;
                    (rest < 0.0).then_some(region)
                })
            }
            Steering::Towards { share, .. } if uniform >= *share => None,
            Steering::Towards { targets, .. } => self.furthest_below(targets),
        }
    }

    fn furthest_below(&self, targets: &[(usize, f64)]) -> Option<usize> {
        let total = self.paid.iter().copied().sum::<Wei>().to_coins();
        let mut furthest = None;
        let mut widest = 0.0;
        for &(region, target) in targets {
            let gap = target * total - self.paid[region].to_coins();
            if gap > widest || furthest.is_none() && total == 0.0 {
                (furthest, widest) = (Some(region), gap);
            }
        }
        furthest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_cut_out_of_the_unit_interval() {
        let steering = Steering::Fixed(vec![(2, 0.2), (0, 0.3)]);
        let steerer = Steerer::new(&steering, 3);
        let regions = [0.0, 0.19, 0.2, 0.49, 0.5, 0.99].map(|uniform| steerer.region(uniform));
        assert_eq!(regions, [Some(2), Some(2), Some(0), Some(0), None, None]);
    }

    #[test]
    fn the_region_furthest_below_its_target_comes_first() {
        let steering = Steering::Towards { targets: vec![(0, 0.3), (1, 0.2)], share: 1.0 };
        let mut steerer = Steerer::new(&steering, 3);
        assert_eq!(steerer.region(0.0), Some(0));
        steerer.record(2, Wei(50));
        steerer.record(0, Wei(25));
        steerer.record(1, Wei(25));
        // 30 and 20 are due: 0 lacks 5, 1 has 5 too many.
        assert_eq!(steerer.region(0.0), Some(0));
        steerer.record(0, Wei(20));
        // 36 and 24 are due of 120: 0 has 45, 1 has 25.
        assert_eq!(steerer.region(0.0), None);
    }
}
