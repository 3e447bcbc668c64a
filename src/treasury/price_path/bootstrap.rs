use super::{LogGrowth, PriceSeries};
use crate::kernel::{StreamKey, index_below};

/// The daily log returns of both tokens in a recorded series, drawn together
/// in blocks of consecutive days that begin anywhere in the record and go on
/// from its end to its beginning (the circular block bootstrap of Politis and
/// Romano, "A circular block-resampling procedure for stationary data", 1992:
/// every day is drawn equally often).
#[derive(Clone, Debug, PartialEq)]
pub struct Bootstrap {
    /// Daily log returns of (LPT, ETH).
    returns: Vec<(f64, f64)>,
    block_days: usize,
}

/// Why a series cannot be drawn from.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BootstrapError {
    /// A change needs two prices.
    #[error("{rows} rows hold no daily change: at least 2 are needed")]
    TooShort {
        /// Rows in the series.
        rows: usize,
    },
    /// A change over several days is not a daily change.
    #[error("the row after day {after} is {gap} days later: a row a day is needed")]
    Gap {
        /// The day of the earlier row, in days since the scenario's start.
        after: f64,
        /// Days to the next row.
        gap: f64,
    },
    /// The block is empty or longer than the record.
    #[error("a block of {block_days} days: from 1 to {longest} are possible")]
    Block {
        /// The block asked for.
        block_days: usize,
        /// Changes in the record.
        longest: usize,
    },
}

impl Bootstrap {
    /// Draws from `series` in blocks of `block_days`.
    ///
    /// # Errors
    /// [`BootstrapError`] where the series is not daily or the block does not
    /// fit.
    pub fn new(series: &PriceSeries, block_days: usize) -> Result<Bootstrap, BootstrapError> {
        let rows = series.rows();
        let mut returns = Vec::with_capacity(rows.len());
        for ((before, from), (day, to)) in rows.iter().zip(rows.iter().skip(1)) {
            if day - before != 1.0 {
                return Err(BootstrapError::Gap { after: *before, gap: day - before });
            }
            returns
                .push((libm::log(to.lpt_usd / from.lpt_usd), libm::log(to.eth_usd / from.eth_usd)));
        }
        if returns.is_empty() {
            return Err(BootstrapError::TooShort { rows: rows.len() });
        }
        Bootstrap::of_returns(returns, block_days)
    }

    /// Draws from daily log returns of (LPT, ETH) in blocks of `block_days`.
    ///
    /// # Errors
    /// [`BootstrapError::Block`] where the block does not fit.
    pub fn of_returns(
        returns: Vec<(f64, f64)>,
        block_days: usize,
    ) -> Result<Bootstrap, BootstrapError> {
        let longest = returns.len();
        if !(1..=longest).contains(&block_days) {
            return Err(BootstrapError::Block { block_days, longest });
        }
        Ok(Bootstrap { returns, block_days })
    }

    /// The daily log returns of (LPT, ETH) in order of time.
    pub fn returns(&self) -> &[(f64, f64)] {
        &self.returns
    }

    /// Days in a block.
    pub fn block_days(&self) -> usize {
        self.block_days
    }

    pub(super) fn walk(&self, key: StreamKey) -> Walk<'_> {
        Walk { record: self, key, day: 0, block_start: 0, growth: LogGrowth::default() }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Walk<'a> {
    record: &'a Bootstrap,
    key: StreamKey,
    day: u64,
    block_start: usize,
    growth: LogGrowth,
}

impl Walk<'_> {
    /// Steps up to the beginning of `day`.
    pub(super) fn advance(&mut self, day: u64) -> LogGrowth {
        let Bootstrap { returns, block_days } = self.record;
        let block_days = *block_days as u64;
        while self.day < day {
            let within = self.day % block_days;
            if within == 0 {
                let block = self.day / block_days;
                self.block_start = index_below(self.key.uniform(block), returns.len());
            }
            let (lpt, eth) = returns[(self.block_start + within as usize) % returns.len()];
            self.growth.lpt += lpt;
            self.growth.eth += eth;
            self.day += 1;
        }
        self.growth
    }
}
