//! Many replications: seeds, parallel runs, precision, runway survival,
//! concentration. What comes out is a [`Forecast`], the only thing reports
//! read.

mod forecast;

mod interval;

mod survival;

pub use forecast::{
    Concentration, DayRow, Estimate, FailureCounts, FeeRow, Forecast, LatencySummary,
    ObjectiveResult, PipelineDay, Quantile, Quantiles, RegionFees, Runway, ServiceRow,
    SpendBreakdown, SurvivalPoint, Warning,
};

pub use survival::{KaplanMeier, runway};
