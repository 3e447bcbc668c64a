//! Many replications: seeds, parallel runs, precision, variance reduction,
//! runway survival, concentration. What comes out is a [`Forecast`], the only
//! thing reports read.

mod assemble;
mod concentration;
mod controls;
mod forecast;
mod hand_out;
mod headline;
mod interval;
mod periods;
mod precision;
mod reduction;
mod run;
mod sample;
mod survival;
mod warnings;

pub use assemble::{assemble, holds, in_words};
pub use concentration::{gini, hhi, lorenz, nakamoto, top_share};
pub use forecast::{
    Aggregation, Bound, Concentration, CustomerRow, DayRow, Endings, Estimate, FailureCounts,
    FeeRow, Forecast, LONG_OUTAGES, LatencySummary, LeftOver, ObjectiveResult, PeriodRow,
    PipelineDay, Quantile, Quantiles, RedemptionRow, RegionFees, ResponseRow, Runway, ServiceRow,
    ServiceSpend, SpendBreakdown, SteeringRow, SurvivalPoint, TreasurySummary, Verdict, Warning,
    Waterfall, WaterfallStep,
};
pub(crate) use hand_out::hand_out;
pub use headline::{Better, Headline, Unit, headline_values, headlines};
pub use interval::MeanAndError;
pub(crate) use interval::quantile;
pub use precision::{looks, observations_for, precise_enough};
pub use reduction::{Controls, ReducedFigure, ReductionSummary, VarianceReduction};
pub(crate) use reduction::{LEAST_TO_COMPARE, equivalents};
pub(crate) use run::Replicator;
pub use run::{Batch, Plan, forecast, simulate};
pub use sample::{Sample, Service};
pub use survival::{KaplanMeier, runway};
pub(crate) use warnings::LOW_SUCCESS;
pub use warnings::{blind_price_weights, nobody_is_affordable, opening_warnings};
