//! Many replications: seeds, parallel runs, precision, runway survival,
//! concentration. What comes out is a [`Forecast`], the only thing reports
//! read.

mod assemble;
mod concentration;
mod forecast;
mod headline;
mod interval;
mod periods;
mod precision;
mod run;
mod sample;
mod survival;
mod warnings;

pub use assemble::{assemble, holds, in_words};
pub use concentration::{gini, hhi, lorenz, nakamoto, top_share};
pub use forecast::{
    Aggregation, Concentration, CustomerRow, DayRow, Estimate, FailureCounts, FeeRow, Forecast,
    LatencySummary, ObjectiveResult, PeriodRow, PipelineDay, Quantile, Quantiles, RedemptionRow,
    RegionFees, ResponseRow, Runway, ServiceRow, ServiceSpend, SpendBreakdown, SteeringRow,
    SurvivalPoint, TreasurySummary, Warning, Waterfall, WaterfallStep,
};
pub use headline::{Better, Headline, Unit, headline_values, headlines};
pub(crate) use interval::{mean_and_standard_error, student_t};
pub use precision::{looks, precise_enough};
pub use run::{Batch, Plan, forecast, simulate};
pub use sample::Sample;
pub use survival::{KaplanMeier, runway};
pub use warnings::{WARNING_NAMES, nobody_is_affordable};
