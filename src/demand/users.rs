use crate::units::{Decimal, PostedPrice, Price};

/// How the users of a stream respond to what they pay and to what they get,
/// and how many of them pay.
///
/// The stream's requests are drawn at [`Users::most`] times its rate; each of
/// them is asked with a probability of its factor over `most`, by a draw of its
/// own. So what is asked at a low factor is a part of what is asked at a high
/// one, and bursts are those of the requests drawn.
#[derive(Clone, Debug)]
pub struct Users {
    /// What the price does to the requests of those who pay.
    pub curve: PriceCurve,
    /// What they pay per billing unit.
    pub price: UserPrice,
    /// The price at which the rate is what the stream says, a markup on what the
    /// gateway paid in the first interval between reviews; `None` for `price`.
    pub reference_price: Option<UserPrice>,
    /// The rate goes with this power of the success rate.
    pub success_exponent: f64,
    /// And with this power of the median latency.
    pub latency_exponent: f64,
    /// The largest factor, at least 1.
    pub most: f64,
    /// Hours between two reviews of price and quality.
    pub review_hours: f64,
    /// The part of the way to the factor that price and quality ask for which
    /// users go at each review, above 0, at most 1. Where a higher rate lowers
    /// the success rate in proportion, the response does not oscillate while
    /// `adjustment * (1 + success_exponent)` is at most 1, and settles while it
    /// is below 2.
    pub adjustment: f64,
    /// Who pays.
    pub paying: PayingShare,
}

/// The request rate of paying users as a function of their price.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum PriceCurve {
    /// Always the same.
    #[default]
    Inelastic,
    /// `(price / reference)^exponent`: a constant price elasticity.
    Elasticity {
        /// The elasticity, at most 0.
        exponent: f64,
    },
    /// `1 - slope * (price / reference - 1)`, not below 0.
    Linear {
        /// The elasticity at the reference price, without its sign.
        slope: f64,
    },
    /// The share `1 / (1 + exp(sensitivity * (price / competitor - 1)))` of a
    /// choice between two, over the share at the reference price and the
    /// competitor's of the start.
    Logit {
        /// How sharply users choose the cheaper.
        sensitivity: f64,
        /// What the other one charges per billing unit.
        competitor: PostedPrice,
    },
}

/// The largest markup that a scenario may have.
pub const MOST_MARKUP: f64 = 1_000.0;

/// What a user pays per billing unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum UserPrice {
    /// A multiple of what the gateway paid per unit on average between the last
    /// two reviews; at the start, of the mean quote of those it selects among.
    Markup(f64),
    /// So much.
    Posted(PostedPrice),
}

impl UserPrice {
    /// Whether it is 0 whatever the gateway pays, to which no price compares.
    pub fn is_free(self, eth_usd: Decimal) -> bool {
        match self {
            UserPrice::Posted(posted) => posted.at(eth_usd) == Ok(Price::ZERO),
            UserPrice::Markup(markup) => markup == 0.0,
        }
    }
}

/// The share of the requests that come from paying users, which nears a
/// ceiling as free users convert.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PayingShare {
    /// At the start, 0 to 1.
    pub at_start: f64,
    /// Share of those not yet converted that converts each day.
    pub converts_per_day: f64,
    /// The share it tends to, 0 to 1.
    pub ceiling: f64,
}

impl Users {
    /// The price at which the rate is what the stream says.
    pub fn reference(&self) -> UserPrice {
        self.reference_price.unwrap_or(self.price)
    }

    /// Whether some pay something.
    pub fn pay(&self, eth_usd: Decimal) -> bool {
        let PayingShare { at_start, converts_per_day, ceiling } = self.paying;
        (at_start > 0.0 || converts_per_day * ceiling > 0.0) && !self.price.is_free(eth_usd)
    }

    /// The factor on the rate where success rate and latency are so many times
    /// those of the start; between 0 and `most`.
    pub fn quality_factor(&self, success: f64, latency: f64) -> f64 {
        let success = libm::pow(success, self.success_exponent);
        let latency = libm::pow(latency, self.latency_exponent);
        (success * latency).clamp(0.0, self.most)
    }
}

impl PriceCurve {
    /// The factor on the rate at `price`, 1 at `reference`, both in the unit in
    /// which `amounts` says what is posted at the start and now. 1 where both are 0.
    pub fn factor(
        self,
        price: f64,
        reference: f64,
        amounts: impl Fn(PostedPrice) -> [f64; 2],
    ) -> f64 {
        let relative = price / reference;
        if relative.is_nan() {
            return 1.0;
        }
        match self {
            PriceCurve::Inelastic => 1.0,
            PriceCurve::Elasticity { exponent } => libm::pow(relative, exponent),
            PriceCurve::Linear { slope } => (1.0 - slope * (relative - 1.0)).max(0.0),
            PriceCurve::Logit { sensitivity, competitor } => {
                let [at_start, now] = amounts(competitor);
                let cost = |price: f64, other: f64| softplus(sensitivity * (price / other - 1.0));
                libm::exp(cost(reference, at_start) - cost(price, now))
            }
        }
    }
}

/// `ln(1 + exp(x))` without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + libm::log1p(libm::exp(-libm::fabs(x)))
}

impl PayingShare {
    /// Everybody, from the start.
    pub const ALL: PayingShare = PayingShare { at_start: 1.0, converts_per_day: 0.0, ceiling: 1.0 };

    /// The share after so many days.
    pub fn at(self, days: f64) -> f64 {
        let free = libm::exp(-self.converts_per_day * days);
        self.ceiling - (self.ceiling - self.at_start) * free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_have_their_textbook_values() {
        let amount = |posted: PostedPrice| posted.at("1".parse().unwrap()).unwrap().to_f64();
        let amounts = |posted: PostedPrice| [amount(posted); 2];
        let factor = |curve: PriceCurve, price: f64| curve.factor(price, 2.0, amounts);
        assert_eq!(factor(PriceCurve::Elasticity { exponent: -1.5 }, 8.0), 0.125);
        assert_eq!(factor(PriceCurve::Linear { slope: 0.5 }, 3.0), 0.75);
        assert_eq!(factor(PriceCurve::Linear { slope: 0.5 }, 9.0), 0.0);
        let competitor = Price::whole(2).into();
        let logit = PriceCurve::Logit { sensitivity: 5.0, competitor };
        assert_eq!(factor(logit, 2.0), 1.0);
        // At half the competitor's price 1 / (1 + exp(-2.5)) = 0.924142 choose it,
        // at its price one half.
        assert!((factor(logit, 1.0) - 1.848_284).abs() < 1e-6);
        let steep = PriceCurve::Logit { sensitivity: 1e4, competitor };
        assert_eq!(steep.factor(4.0, 3.0, amounts), 0.0);
        // The competitor halves its price: 1 / (1 + exp(5)) choose the other instead of half.
        let halved = |posted: PostedPrice| [amount(posted), amount(posted) / 2.0];
        assert!((logit.factor(2.0, 2.0, halved) - 0.013_386).abs() < 1e-6);
        for curve in [PriceCurve::Inelastic, logit, PriceCurve::Elasticity { exponent: -1.0 }] {
            assert_eq!(curve.factor(0.0, 0.0, amounts), 1.0);
        }
    }
}
