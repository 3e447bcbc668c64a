use super::World;
use crate::policy::AlphaGroup;
use crate::units::{Decimal, Price};

/// What everybody asks, and pays at most, at the moment, in wei.
#[derive(Debug)]
pub(super) struct PriceBoard {
    /// Base price of every offer of the network: what is asked for it, reduced
    /// for members of the alpha group.
    offers: Vec<Price>,
    /// What its owner asks.
    asked: Vec<Price>,
    /// What the scenario lists.
    listed: Vec<Price>,
    /// What its owner makes of that: what is asked over what is listed.
    factors: Vec<f64>,
    /// Highest price paid in each market.
    max_prices: Vec<Option<Price>>,
    /// What the policy multiplies maximum prices by.
    factor: Decimal,
    eth_usd: Decimal,
}

impl PriceBoard {
    /// The prices at the start, while the feed says `eth_usd` dollars an ETH.
    pub(super) fn new(world: &World, eth_usd: Decimal) -> PriceBoard {
        let mut board = PriceBoard {
            offers: vec![Price::MOST; world.capacities.len()],
            asked: vec![Price::MOST; world.capacities.len()],
            listed: vec![Price::MOST; world.capacities.len()],
            factors: vec![1.0; world.capacities.len()],
            max_prices: vec![None; world.markets.len()],
            factor: world.scenario.policy.max_price.factor,
            eth_usd,
        };
        board.read_feed(world, eth_usd);
        board
    }

    /// Turns pegged prices into wei at a new rate. A price that cannot be held
    /// at that rate stays what it was.
    pub(super) fn read_feed(&mut self, world: &World, eth_usd: Decimal) {
        self.eth_usd = eth_usd;
        let alpha_group = &world.scenario.policy.alpha_group;
        let orchestrators = world.scenario.network.orchestrators.iter().enumerate();
        let offers = orchestrators
            .flat_map(|(index, orchestrator)| orchestrator.offers.iter().map(move |o| (index, o)));
        for (place, (orchestrator, offer)) in offers.enumerate() {
            let listed = offer.price.at(eth_usd).unwrap_or(self.listed[place]);
            self.listed[place] = listed;
            let asked = match self.factors[place] {
                1.0 => Some(listed),
                factor => Price::nearest(listed.to_f64() * factor),
            };
            self.set(alpha_group, orchestrator, place, asked);
        }
        self.set_factor(world, self.factor);
    }

    /// Multiplies maximum prices by `factor` from now on.
    pub(super) fn set_factor(&mut self, world: &World, factor: Decimal) {
        self.factor = factor;
        for (price, plan) in self.max_prices.iter_mut().zip(&world.markets) {
            *price = plan.max_price.at(factor, self.eth_usd).unwrap_or(*price);
        }
    }

    /// What maximum prices are multiplied by.
    pub(super) fn factor(&self) -> Decimal {
        self.factor
    }

    /// Base price of an offer.
    pub(super) fn offer(&self, offer: usize) -> Price {
        self.offers[offer]
    }

    /// What its owner asks for it, before the discount of the alpha group.
    pub(super) fn asked(&self, offer: usize) -> Price {
        self.asked[offer]
    }

    /// What the scenario lists for it, at the rate of the moment.
    pub(super) fn listed(&self, offer: usize) -> Price {
        self.listed[offer]
    }

    /// Lets `owner` ask another price for an offer. Pegged to the dollar it still
    /// follows the feed. An offer listed as free stays free.
    pub(super) fn ask(&mut self, group: &AlphaGroup, owner: usize, offer: usize, wei: f64) {
        let listed = self.listed[offer];
        let asked = Price::nearest(wei).filter(|_| listed > Price::ZERO);
        if self.set(group, owner, offer, asked) {
            self.factors[offer] = self.asked[offer].to_f64() / listed.to_f64();
        }
    }

    /// Sets what is asked for an offer, where that and what remains of it can be
    /// held; whether they can.
    fn set(
        &mut self,
        group: &AlphaGroup,
        owner: usize,
        offer: usize,
        asked: Option<Price>,
    ) -> bool {
        let price = |asked: Price| Some((asked, group.price(owner, asked).ok()?));
        let Some((asked, price)) = asked.and_then(price) else { return false };
        (self.asked[offer], self.offers[offer]) = (asked, price);
        true
    }

    /// Highest price paid in a market; `None` where any is.
    pub(super) fn max_price(&self, market: usize) -> Option<Price> {
        self.max_prices[market]
    }
}
