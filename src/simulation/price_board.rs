use super::World;
use crate::network::Network;
use crate::units::{Decimal, Price};

/// What everybody asks, and pays at most, at the moment, in wei.
#[derive(Debug)]
pub(super) struct PriceBoard {
    /// Base price of every offer of the network.
    offers: Vec<Price>,
    /// Highest price paid in each market.
    max_prices: Vec<Option<Price>>,
}

impl PriceBoard {
    /// The prices while the feed says `eth_usd` dollars an ETH.
    pub(super) fn new(world: &World, eth_usd: Decimal) -> PriceBoard {
        let mut board = PriceBoard {
            offers: vec![Price::ZERO; world.capacities.len()],
            max_prices: vec![None; world.markets.len()],
        };
        board.read_feed(world, eth_usd);
        board
    }

    /// Turns pegged prices into wei at a new rate. A price that cannot be held
    /// at that rate stays what it was.
    pub(super) fn read_feed(&mut self, world: &World, eth_usd: Decimal) {
        let Network { orchestrators, gateways, .. } = &world.scenario.network;
        let offers = orchestrators.iter().flat_map(|orchestrator| &orchestrator.offers);
        for (price, offer) in self.offers.iter_mut().zip(offers) {
            *price = offer.price.at(eth_usd).unwrap_or(*price);
        }
        for (price, plan) in self.max_prices.iter_mut().zip(&world.markets) {
            let posted = gateways[plan.gateway].max_price[plan.model];
            *price =
                posted.map(|posted| posted.at(eth_usd).unwrap_or(price.unwrap_or(Price::ZERO)));
        }
    }

    /// Base price of an offer.
    pub(super) fn offer(&self, offer: usize) -> Price {
        self.offers[offer]
    }

    /// Highest price paid in a market; `None` where any is.
    pub(super) fn max_price(&self, market: usize) -> Option<Price> {
        self.max_prices[market]
    }
}
