//! Many replications: seeds, parallel runs, precision, runway survival,
//! concentration. What comes out is a [`Forecast`], the only thing reports
//! read.

mod concentration;
mod forecast;
mod histogram;
mod interval;
mod precision;
mod survival;

pub use concentration::{gini, hhi, lorenz, nakamoto, top_share};
pub use forecast::{
    Concentration, DayRow, Estimate, FailureCounts, FeeRow, Forecast, LatencySummary,
    ObjectiveResult, PipelineDay, Quantile, Quantiles, RegionFees, Runway, ServiceRow,
    SpendBreakdown, SurvivalPoint, Warning,
};
pub use histogram::LatencyHistogram;
pub use precision::{looks, precise_enough};
pub use survival::{KaplanMeier, runway};
