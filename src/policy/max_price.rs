use super::ProviderShare;
use crate::network::{Model, Pipeline};
use crate::units::{Decimal, PostedPrice, Price, PriceError, SimTime, Wei};

/// Most by which one review may change the factor.
const LARGEST_STEP: f64 = 1.25;
/// Decimals of a steered factor.
const FACTOR_DECIMALS: u32 = 6;

/// How the highest price that gateways pay is set: a reference price times a
/// factor. The default leaves every maximum as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct MaxPricePolicy {
    /// The pipelines it governs; all where none is named.
    pub pipelines: Vec<Pipeline>,
    /// What the factor is applied to.
    pub reference: Reference,
    /// The factor at the start.
    pub factor: Decimal,
    /// How the factor changes.
    pub course: Course,
    /// Whether gateways serve at any price where nobody is within the maximum,
    /// whatever each is set to.
    pub ignore_if_nobody: Option<bool>,
}

/// What the factor on the maximum price is applied to.
#[derive(Clone, Debug, PartialEq)]
pub enum Reference {
    /// The gateway's own maximum. Where it has none it pays whatever is asked, and
    /// the highest price quoted to it at the start stands for its maximum while
    /// the factor is not 1.
    Today,
    /// What a centralised provider charges; the gateway's own maximum for
    /// models the provider does not serve.
    Provider(ProviderShare),
}

/// How the factor on the maximum price changes in time.
#[derive(Clone, Debug, PartialEq)]
pub enum Course {
    /// It stays.
    Constant,
    /// From the start of each day (in order) another one.
    Steps(Vec<(u64, Decimal)>),
    /// It is steered.
    TargetRunway(TargetRunway),
}

impl Default for MaxPricePolicy {
    fn default() -> MaxPricePolicy {
        MaxPricePolicy {
            pipelines: Vec::new(),
            reference: Reference::Today,
            factor: Decimal::ONE,
            course: Course::Constant,
            ignore_if_nobody: None,
        }
    }
}

/// The highest price paid in one market.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaxPrice {
    posted: Option<PostedPrice>,
    /// What stands for it where none is posted.
    highest_quote: Option<HighestQuote>,
    is_governed: bool,
}

/// The highest price quoted to a gateway at the start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HighestQuote {
    /// The quote.
    pub price: Price,
    /// USD an ETH at that time, where its offer is in USD: the quote follows the
    /// feed then.
    pub eth_usd: Option<Decimal>,
}

impl HighestQuote {
    fn at(self, eth_usd: Decimal) -> Result<Price, PriceError> {
        match self.eth_usd {
            Some(then) if then != eth_usd => {
                let wei = self.price.to_f64() * then.to_f64() / eth_usd.to_f64();
                Price::nearest(wei).ok_or(PriceError::TooLarge)
            }
            _ => Ok(self.price),
        }
    }
}

impl MaxPrice {
    /// The price in wei while the policy's factor is `factor` and the feed says
    /// `eth_usd` dollars an ETH; `None` where any is paid.
    ///
    /// # Errors
    /// [`PriceError`] where it cannot be held in wei.
    pub fn at(&self, factor: Decimal, eth_usd: Decimal) -> Result<Option<Price>, PriceError> {
        let price = match (self.posted, self.highest_quote) {
            (Some(posted), _) => posted.at(eth_usd)?,
            (None, Some(highest)) if factor != Decimal::ONE => highest.at(eth_usd)?,
            _ => return Ok(None),
        };
        if self.is_governed { price.scaled(factor).map(Some) } else { Ok(Some(price)) }
    }

    /// Whether the price in wei follows the feed.
    pub fn is_pegged(&self) -> bool {
        let follows = |highest: HighestQuote| highest.eth_usd.is_some();
        let stands_in = || self.highest_quote.is_some_and(follows);
        self.posted.map_or_else(stands_in, PostedPrice::is_pegged)
    }
}

impl MaxPricePolicy {
    /// The maximum of a gateway for a model, of which it posts `today` and was
    /// quoted at most `highest_quote` at the start; asked only where it matters.
    pub fn max_price(
        &self,
        model: &Model,
        today: Option<PostedPrice>,
        highest_quote: impl FnOnce() -> Option<HighestQuote>,
    ) -> MaxPrice {
        let is_governed = self.pipelines.is_empty() || self.pipelines.contains(&model.pipeline);
        let provider = match &self.reference {
            Reference::Provider(share) if is_governed => share.price(model),
            _ => None,
        };
        let moves = self.factor != Decimal::ONE || self.course != Course::Constant;
        let posted = provider.or(today);
        let stands_in = posted.is_none() && is_governed && moves;
        MaxPrice { posted, highest_quote: stands_in.then(highest_quote).flatten(), is_governed }
    }

    /// When the factor changes or is reviewed next after `now`.
    pub fn next_change(&self, now: SimTime) -> SimTime {
        match &self.course {
            Course::Constant => SimTime::NEVER,
            Course::Steps(steps) => {
                let days = steps.iter().map(|&(day, _)| SimTime::from_days(day));
                days.into_iter().find(|&at| at > now).unwrap_or(SimTime::NEVER)
            }
            Course::TargetRunway(target) => target.next_review(now),
        }
    }
}

/// Steers the factor so that the credits last until a day.
///
/// At each review the credits left, spread over the days left, are what may be
/// spent a day. The factor is multiplied by the square root of that over what
/// was spent a day since the last review, by at most 1.25 up or down, and kept
/// within its bounds. The root makes the rule stable while spend answers the
/// factor with an elasticity below 4; undamped it would be at 2. Where nothing
/// was spent the factor rises by the whole step. Prices that do not respond let
/// the maximum only shut the dear out, so that spend moves in jumps and the
/// factor hunts around the price of whoever is at the edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TargetRunway {
    /// The day until which the credits should last.
    pub days: u64,
    /// Days from review to review; none takes place after the target.
    pub review_days: u64,
    /// The least factor.
    pub least: f64,
    /// The largest factor.
    pub most: f64,
}

impl TargetRunway {
    fn next_review(&self, now: SimTime) -> SimTime {
        let day = (now.day() / self.review_days + 1) * self.review_days;
        if day < self.days { SimTime::from_days(day) } else { SimTime::NEVER }
    }

    /// The factor after a review at `now` of one that was `factor`, with credits
    /// of `left`, where `spent` was spent in the time `since` the last review.
    pub fn review(
        &self,
        factor: Decimal,
        now: SimTime,
        left: Wei,
        spent: Wei,
        since: SimTime,
    ) -> Decimal {
        let affordable = left.to_coins() / (self.days as f64 - now.as_days());
        let ratio = affordable / (spent.to_coins() / since.as_days());
        let step = if ratio.is_nan() { 1.0 } else { libm::sqrt(ratio) };
        let step = step.clamp(1.0 / LARGEST_STEP, LARGEST_STEP);
        self.bounded(factor.to_f64() * step).unwrap_or(factor)
    }

    /// A factor within the bounds.
    pub fn bounded(&self, factor: f64) -> Option<Decimal> {
        Decimal::rounded(factor.max(self.least).min(self.most), FACTOR_DECIMALS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TARGET: TargetRunway = TargetRunway { days: 100, review_days: 7, least: 0.2, most: 1.0 };

    #[test]
    fn a_spend_that_lasts_until_the_target_keeps_the_factor() {
        let half = Decimal::rounded(0.5, 6).unwrap();
        // 90 days left, 90 ETH left, 1 ETH a day; then 4 ETH a day: the root is
        // a half, cut to one step.
        let eth = |coins: u128| Wei(coins * 1_000_000_000_000_000_000);
        let (now, week) = (SimTime::from_days(10), SimTime::from_days(7));
        let review = |spent| TARGET.review(half, now, eth(90), spent, week);
        assert_eq!(review(eth(7)), half);
        assert_eq!(review(eth(28)).to_f64(), 0.4);
        assert_eq!(review(Wei::ZERO).to_f64(), 0.625);
    }

    #[test]
    fn a_quote_stands_as_it_is_while_the_price_of_eth_does() {
        // 1/3 wei has no decimals that hold it; the feed has eight.
        let third = Price::new(1, 3).unwrap();
        let quote = HighestQuote { price: third, eth_usd: Some("2600".parse().unwrap()) };
        let feed = |usd: u128| Decimal { mantissa: usd * 100_000_000, scale: 8 };
        assert_eq!(quote.at(feed(2600)), Ok(third));
        assert_eq!(quote.at(feed(1300)), Ok(Price::new(666_666_667, 1_000_000_000).unwrap()));
    }

    #[test]
    fn reviews_end_before_the_target() {
        for (target, weeks) in [(100, 15), (98, 14)] {
            let target = TargetRunway { days: target, ..TARGET };
            let days: Vec<u64> = std::iter::successors(Some(SimTime::ZERO), |&now| {
                Some(target.next_review(now)).filter(|&next| next != SimTime::NEVER)
            })
            .map(SimTime::day)
            .collect();
            assert_eq!(days, (0..weeks).map(|week| week * 7).collect::<Vec<_>>());
        }
    }

    proptest! {
        /// Spend that answers the factor with an elasticity below 4 settles at
        /// what the credits allow, from any start.
        #[test]
        fn it_settles_while_elasticity_is_below_four(
            start in 0.2f64..1.0,
            elasticity in 0.3f64..3.5,
            wanted in 0.3f64..0.9,
        ) {
            let target = TargetRunway { days: 3_000, ..TARGET };
            let mut factor = Decimal::rounded(start, 6).unwrap();
            // A day at factor `wanted` costs one thousandth of the credits.
            let full = 1e21;
            let mut left = full * 3_000.0;
            for review in 0..300u64 {
                let spent = full * libm::pow(factor.to_f64() / wanted, elasticity);
                left -= 7.0 * spent;
                let now = SimTime::from_days(review * 7 + 7);
                let (left, spent) = (Wei(left.max(0.0) as u128), Wei(spent as u128));
                factor = target.review(factor, now, left, spent, SimTime::from_days(1));
            }
            let affordable = left / (3_000.0 - 2_100.0) / full;
            let spent = libm::pow(factor.to_f64() / wanted, elasticity);
            prop_assert!((spent / affordable - 1.0).abs() < 0.02, "{spent} for {affordable}");
        }
    }
}
