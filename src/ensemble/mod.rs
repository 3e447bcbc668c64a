//! Many replications: seeds, parallel runs, precision, runway survival,
//! concentration. What comes out is a [`Forecast`], the only thing reports
//! read.

mod assemble;
mod concentration;
mod forecast;
mod interval;
mod precision;
mod run;
mod survival;
mod warnings;

pub use concentration::{gini, hhi, lorenz, nakamoto, top_share};
pub use forecast::{
    Concentration, DayRow, Estimate, FailureCounts, FeeRow, Forecast, LatencySummary,
    ObjectiveResult, PipelineDay, Quantile, Quantiles, RedemptionRow, RegionFees, Runway,
    ServiceRow, SpendBreakdown, SurvivalPoint, TreasurySummary, Warning, Waterfall, WaterfallStep,
};
pub use precision::{looks, precise_enough};
pub use run::{Plan, forecast};
pub use survival::{KaplanMeier, runway};
pub use warnings::WARNING_NAMES;
