use super::World;
use crate::units::{Decimal, Price};

/// What everybody asks, and pays at most, at the moment, in wei.
#[derive(Debug)]
pub(super) struct PriceBoard {
    /// Base price of every offer of the network.
    offers: Vec<Price>,
    /// The same as the scenario posts it, reduced for members of the alpha
    /// group.
    posted: Vec<Price>,
    /// What its owner makes of it: the first over the second.
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
            offers: vec![Price::ZERO; world.capacities.len()],
            posted: vec![Price::ZERO; world.capacities.len()],
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
            let posted = offer.price.at(eth_usd);
            let posted = posted.and_then(|price| alpha_group.price(orchestrator, price));
            let posted = posted.unwrap_or(self.posted[place]);
            self.posted[place] = posted;
            self.offers[place] = match self.factors[place] {
                1.0 => posted,
                factor => Price::nearest(posted.to_f64() * factor).unwrap_or(self.offers[place]),
            };
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

    /// What the scenario posts for it, at the rate of the moment.
    pub(super) fn posted(&self, offer: usize) -> Price {
        self.posted[offer]
    }

    /// Asks another base price for an offer. Pegged to the dollar it still
    /// follows the feed. An offer posted as free stays free.
    pub(super) fn ask(&mut self, offer: usize, wei: f64) {
        let posted = self.posted[offer];
        if let Some(price) = Price::nearest(wei).filter(|_| posted > Price::ZERO) {
            self.offers[offer] = price;
            self.factors[offer] = price.to_f64() / posted.to_f64();
        }
    }

    /// Highest price paid in a market; `None` where any is.
    pub(super) fn max_price(&self, market: usize) -> Option<Price> {
        self.max_prices[market]
    }
}
