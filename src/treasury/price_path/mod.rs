//! What LPT and ETH are worth over the simulated time.

mod bootstrap;
mod jump_diffusion;
mod replay;
mod series;

pub use bootstrap::{Bootstrap, BootstrapError};
pub use jump_diffusion::JumpDiffusion;
pub use series::{DailyPrices, DatedPrices, PriceSeries, RowProblem, SeriesFault};

use super::Prices;
use crate::kernel::StreamKey;
use crate::units::SimTime;

/// How the prices of LPT and ETH move.
#[derive(Clone, Debug, PartialEq)]
pub enum TokenPrices {
    /// Not at all.
    Constant,
    /// By correlated geometric Brownian motions with jumps of LPT; a new price
    /// every hour.
    JumpDiffusion(JumpDiffusion),
    /// By recorded daily changes, drawn in blocks; a new price every day.
    Bootstrap(Bootstrap),
    /// As recorded: each price holds until the next one was recorded (a price
    /// between two would know the future), the first also before, the last for
    /// ever after. The start prices play no part.
    Replay(PriceSeries),
}

/// One realisation of [`TokenPrices`], worked out as far as it was asked for.
#[derive(Clone, Debug)]
pub struct PricePath<'a> {
    start: Prices,
    walk: Walk<'a>,
}

#[derive(Clone, Debug)]
enum Walk<'a> {
    Constant,
    JumpDiffusion(jump_diffusion::Walk),
    Bootstrap(bootstrap::Walk<'a>),
    Replay(replay::Cursor<'a>),
}

/// Growth of the logarithm of the two prices since the start.
#[derive(Clone, Copy, Debug, Default)]
struct LogGrowth {
    lpt: f64,
    eth: f64,
}

impl<'a> PricePath<'a> {
    /// The path of stream `key` that sets out from `start`.
    pub fn new(prices: &'a TokenPrices, start: Prices, key: StreamKey) -> PricePath<'a> {
        let walk = match prices {
            TokenPrices::Constant => Walk::Constant,
            TokenPrices::JumpDiffusion(motion) => Walk::JumpDiffusion(motion.walk(key)),
            TokenPrices::Bootstrap(record) => Walk::Bootstrap(record.walk(key)),
            TokenPrices::Replay(series) => Walk::Replay(replay::Cursor::new(series)),
        };
        PricePath { start, walk }
    }

    /// The prices at `time`. Times must not decrease from call to call; an
    /// earlier one gets the prices of the latest. The work is that of the
    /// hours or days passed since the last call.
    pub fn at(&mut self, time: SimTime) -> Prices {
        let growth = match &mut self.walk {
            Walk::Constant => return self.start,
            Walk::Replay(cursor) => return cursor.at(time),
            Walk::JumpDiffusion(walk) => walk.advance(time.hour()),
            Walk::Bootstrap(walk) => walk.advance(time.day()),
        };
        Prices {
            lpt_usd: self.start.lpt_usd * libm::exp(growth.lpt),
            eth_usd: self.start.eth_usd * libm::exp(growth.eth),
        }
    }
}
