use super::LogGrowth;
use crate::kernel::StreamKey;

const HOURS_PER_YEAR: f64 = 365.0 * 24.0;

/// Two correlated geometric Brownian motions; that of LPT also jumps at the
/// times of a Poisson process by lognormal factors (Merton, "Option pricing
/// when underlying stock returns are discontinuous", Journal of Financial
/// Economics 3, 1976). A year has 365 days.
///
/// The drifts are those of the mean: `E[S(t)] = S(0) exp(drift * t)`, jumps
/// included. The variance of LPT's yearly log return is `volatility^2 +
/// jumps_per_year * (jump_mean^2 + jump_sd^2)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JumpDiffusion {
    /// Growth rate a year of LPT's mean price.
    pub lpt_drift: f64,
    /// Growth rate a year of ETH's mean price.
    pub eth_drift: f64,
    /// Volatility of LPT between jumps, per square root of a year.
    pub lpt_volatility: f64,
    /// Volatility of ETH, per square root of a year.
    pub eth_volatility: f64,
    /// Correlation of the two Brownian motions, from -1 to 1.
    pub correlation: f64,
    /// Mean number of LPT's jumps a year.
    pub jumps_per_year: f64,
    /// Mean of the logarithm of a jump's factor.
    pub jump_mean: f64,
    /// Standard deviation of the logarithm of a jump's factor.
    pub jump_sd: f64,
}

impl JumpDiffusion {
    pub(super) fn walk(&self, key: StreamKey) -> Walk {
        let hour = 1.0 / HOURS_PER_YEAR;
        let jump_variance = self.jump_sd * self.jump_sd;
        let mean_jump = libm::expm1(self.jump_mean + jump_variance / 2.0);
        let lpt_drift = self.lpt_drift
            - self.lpt_volatility * self.lpt_volatility / 2.0
            - self.jumps_per_year * mean_jump;
        let eth_drift = self.eth_drift - self.eth_volatility * self.eth_volatility / 2.0;
        let lpt_step = self.lpt_volatility * libm::sqrt(hour);
        let own = libm::sqrt((1.0 - self.correlation * self.correlation).max(0.0));
        let mut walk = Walk {
            drift: LogGrowth { lpt: lpt_drift * hour, eth: eth_drift * hour },
            eth_step: self.eth_volatility * libm::sqrt(hour),
            lpt_step_with_eth: lpt_step * self.correlation,
            lpt_step_alone: lpt_step * own,
            jump_gap_hours: HOURS_PER_YEAR / self.jumps_per_year,
            jump_mean: self.jump_mean,
            jump_sd: self.jump_sd,
            eth_noise: key.child(0),
            lpt_noise: key.child(1),
            jump_times: key.child(2),
            jump_sizes: key.child(3),
            hour: 0,
            jumps: 0,
            next_jump: 0.0,
            growth: LogGrowth::default(),
        };
        walk.next_jump = walk.jump_gap();
        walk
    }
}

#[derive(Clone, Debug)]
pub(super) struct Walk {
    drift: LogGrowth,
    eth_step: f64,
    lpt_step_with_eth: f64,
    lpt_step_alone: f64,
    jump_gap_hours: f64,
    jump_mean: f64,
    jump_sd: f64,
    eth_noise: StreamKey,
    lpt_noise: StreamKey,
    jump_times: StreamKey,
    jump_sizes: StreamKey,
    hour: u64,
    jumps: u64,
    /// When LPT jumps next, in hours since the start.
    next_jump: f64,
    growth: LogGrowth,
}

impl Walk {
    /// Steps up to the beginning of `hour`.
    pub(super) fn advance(&mut self, hour: u64) -> LogGrowth {
        while self.hour < hour {
            let common = self.eth_noise.normal(self.hour);
            let alone = self.lpt_noise.normal(self.hour);
            self.hour += 1;
            self.growth.eth += self.drift.eth + self.eth_step * common;
            self.growth.lpt +=
                self.drift.lpt + self.lpt_step_with_eth * common + self.lpt_step_alone * alone;
            while self.next_jump <= self.hour as f64 {
                self.growth.lpt +=
                    self.jump_mean + self.jump_sd * self.jump_sizes.normal(self.jumps);
                self.jumps += 1;
                self.next_jump += self.jump_gap();
            }
        }
        self.growth
    }

    fn jump_gap(&self) -> f64 {
        self.jump_gap_hours * self.jump_times.exponential(self.jumps)
    }
}
