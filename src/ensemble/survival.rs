//! Survival analysis of runways, which are right-censored at the horizon.

use super::interval::{MeanAndError, Z95};
use super::{Bound, Estimate, Quantile, Runway, SurvivalPoint};

/// Shares closer than this are equal: 1 - 0.9 is not 0.1 in floats.
const SHARE_TOLERANCE: f64 = 1e-12;

/// The Kaplan-Meier product-limit estimate of the probability S(t) that the
/// credits last longer than t days.
///
/// A runway that ends on the day another is censored ends first: the censored
/// one was still at risk. The 95 % band at t is
/// - the Wilson interval where no runway was censored before the last step at
///   or before t. There S(t) is a plain proportion. An ensemble censors at its
///   horizon only, so this covers all of its curve.
/// - elsewhere the log(-log) transform of Greenwood's variance. Where that is
///   undefined, before the first runway ends, the Wilson interval of those
///   still at risk at t; and once S is 0, from 0 to the last upper limit.
///
/// So no band claims certainty from a finite number of runways. A single runway, or
/// pair, has none, as its mean has no interval.
#[derive(Clone, Debug)]
pub struct KaplanMeier {
    /// All times, censored or not, ascending.
    times: Vec<f64>,
    /// How many successive times depend on each other.
    group: usize,
    /// Whether there is but one group of them, so that nothing has an interval.
    is_single: bool,
    /// The days on which runways end, ascending.
    steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    /// The curve from this day up to the next step.
    point: SurvivalPoint,
    /// What the day adds to Greenwood's sum: d / (n (n - d)).
    greenwood: f64,
}

impl KaplanMeier {
    /// Fits the curve to runways in days, each with whether it was censored
    /// (was still going on then). The order does not matter.
    pub fn new(runways: &[(f64, bool)]) -> KaplanMeier {
        KaplanMeier::of_groups(runways, 1)
    }

    /// The same where successive runways, the first two and so on, are pairs
    /// whose members depend on each other. The curve is the same; its Wilson
    /// intervals are those of [`Estimate::of_paired_proportion`], and Greenwood's
    /// variance is doubled, more than which no dependence within pairs can do.
    pub fn of_pairs(runways: &[(f64, bool)]) -> KaplanMeier {
        KaplanMeier::of_groups(runways, 2)
    }

    fn of_groups(runways: &[(f64, bool)], group: usize) -> KaplanMeier {
        // When the first of a group ends.
        let end = |&(day, censored): &(f64, bool)| if censored { f64::INFINITY } else { day };
        let mut ends: Vec<f64> = runways
            .chunks(group)
            .map(|members| members.iter().map(end).fold(f64::INFINITY, f64::min))
            .collect();
        ends.sort_by(f64::total_cmp);
        let mut sorted = runways.to_vec();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total = sorted.len();
        let mut steps: Vec<Step> = Vec::new();
        let (mut share, mut variance) = (1.0, 0.0);
        let (mut before, mut ended_before) = (0, 0);
        for day in sorted.chunk_by(|a, b| a.0 == b.0) {
            let at_risk = total - before;
            let ended = day.iter().filter(|(_, censored)| !censored).count();
            if ended > 0 {
                let left = at_risk - ended;
                let greenwood = match left {
                    0 => 0.0,
                    _ => ended as f64 / (at_risk as f64 * left as f64),
                };
                variance += greenwood;
                share *= left as f64 / at_risk as f64;
                let (lo, hi) = if ends.len() == 1 {
                    (f64::NAN, f64::NAN)
                } else if ended_before == before {
                    let whole = ends.len() - ends.partition_point(|end| *end <= day[0].0);
                    let proportion = match group {
                        1 => Estimate::of_proportion(left, total),
                        _ => Estimate::of_paired_proportion(left, whole, ends.len()),
                    };
                    share = proportion.mean;
                    (proportion.lo, proportion.hi)
                } else if left == 0 {
                    (0.0, steps.last().map_or(1.0, |step| step.point.hi))
                } else {
                    log_log_band(share, variance * group as f64)
                };
                steps.push(Step {
                    point: SurvivalPoint { day: day[0].0, share, lo, hi },
                    greenwood,
                });
            }
            before += day.len();
            ended_before += ended;
        }
        let times = sorted.iter().map(|(day, _)| *day).collect();
        KaplanMeier { times, group, is_single: ends.len() == 1, steps }
    }

    /// The curve at a time in days. After the last runway seen, the last value
    /// is carried on.
    pub fn at(&self, day: f64) -> SurvivalPoint {
        let passed = self.steps.partition_point(|step| step.point.day <= day);
        match self.steps[..passed].last() {
            Some(step) => SurvivalPoint { day, ..step.point },
            None if self.is_single => SurvivalPoint { day, share: 1.0, lo: f64::NAN, hi: f64::NAN },
            None => {
                let gone = self.times.partition_point(|time| *time < day);
                let at_risk = (self.times.len() - gone) / self.group;
                let lo = Estimate::of_proportion(at_risk, at_risk).lo;
                SurvivalPoint { day, share: 1.0, lo, hi: 1.0 }
            }
        }
    }

    /// The time by which `share` (0 to 1) of runways have ended: the first at
    /// which S(t) <= 1 - `share`. Its interval is of all times at which the
    /// band holds 1 - `share` (Brookmeyer and Crowley 1982); it is open where
    /// the band does so from the start on, or still after the last runway seen.
    pub fn quantile(&self, share: f64) -> Quantile {
        let surviving = 1.0 - share + SHARE_TOLERANCE;
        let first = |limit: fn(&SurvivalPoint) -> f64| {
            let mut points = self.steps.iter().map(|step| &step.point);
            points.find(|point| limit(point) <= surviving).map(|point| point.day)
        };
        let [shortest, longest] =
            [self.times.first(), self.times.last()].map(|time| time.copied().unwrap_or_default());
        let days = first(|point| point.share);
        if self.is_single {
            return Quantile { days, lo: Bound::Unknown, hi: Bound::Unknown };
        }
        let bound = |day: Option<f64>| day.map_or(Bound::AboveLongest(longest), Bound::Days);
        let is_open = self.at(0.0).lo <= surviving;
        Quantile {
            days,
            lo: if is_open {
                Bound::BelowShortest(shortest)
            } else {
                bound(first(|point| point.lo))
            },
            hi: bound(first(|point| point.hi)),
        }
    }

    /// Restricted mean survival time: the mean of runways cut at `horizon`
    /// days, which is the area under the curve up to there.
    ///
    /// Its variance is Greenwood's sum, each term weighted by the square of
    /// the area after it, times n / (n - 1); the interval is Student's t. With
    /// no censoring before the horizon that is exactly the t interval of the
    /// mean of the cut runways, and as there, runways that are all alike give
    /// an interval without width; a single one gives none. Of no runways
    /// everything is NaN. Of pairs only the mean holds: their interval is that of
    /// their means.
    pub fn restricted_mean(&self, horizon: f64) -> Estimate {
        let n = self.times.len();
        if n == 0 {
            return Estimate { mean: f64::NAN, lo: f64::NAN, hi: f64::NAN };
        }
        let mut area = 0.0;
        let mut variance = 0.0;
        let mut end = horizon;
        for step in self.steps.iter().rev().filter(|step| step.point.day < horizon) {
            area += step.point.share * (end - step.point.day);
            variance += area * area * step.greenwood;
            end = step.point.day;
        }
        area += end;
        let standard_error = match n {
            1 => 0.0,
            _ => libm::sqrt(variance * n as f64 / (n - 1) as f64),
        };
        let mean = MeanAndError { mean: area, standard_error, freedom: n - 1 };
        mean.interval(0.05).within(0.0, horizon)
    }
}

/// Interval of a survival share strictly between 0 and 1 from Greenwood's sum,
/// symmetric on the scale of log(-log S) (Kalbfleisch and Prentice).
fn log_log_band(share: f64, greenwood: f64) -> (f64, f64) {
    let log = libm::log(share);
    let factor = libm::exp(Z95 * libm::sqrt(greenwood) / -log);
    (libm::exp(log * factor), libm::exp(log / factor))
}

/// Summary of runways (days, censored) seen up to a horizon in days, which none exceeds.
pub fn runway(runways: &[(f64, bool)], horizon: f64) -> Runway {
    let curve = KaplanMeier::new(runways);
    let days: Vec<f64> = runways.iter().map(|(day, _)| *day).collect();
    let restricted_mean = curve.restricted_mean(horizon);
    summary(runways, &curve, Estimate::of_mean(&days).within(0.0, horizon), restricted_mean)
}

/// Summary of runways by their curve and by their mean, which is the restricted
/// one where some are censored.
pub(super) fn summary(
    runways: &[(f64, bool)],
    curve: &KaplanMeier,
    mean: Estimate,
    restricted_mean: Estimate,
) -> Runway {
    let censored = runways.iter().filter(|(_, censored)| *censored).count();
    Runway {
        p10: curve.quantile(0.1),
        p50: curve.quantile(0.5),
        p90: curve.quantile(0.9),
        mean: (censored == 0).then_some(mean),
        restricted_mean,
        censored_share: censored as f64 / runways.len() as f64,
    }
}
