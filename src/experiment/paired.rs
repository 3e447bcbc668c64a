//! Paired differences of one figure between two scenarios.

use serde::Serialize;

use crate::ensemble::{Better, Controls, Estimate, MeanAndError, VarianceReduction, equivalents};

/// Pairs below which a correlation is not judged.
const LEAST_PAIRS: usize = 10;
/// Correlation below which a pairing is called weak.
const WEAK: f64 = 0.5;

/// What a paired difference says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The joint interval leaves out 0.
    Changed,
    /// The joint interval contains 0, or there is only one observation.
    NoClearChange,
    /// Equal in every replication.
    Unchanged,
}

/// The difference variant - base of one figure, over the replications in which
/// both have it.
#[derive(Clone, Debug, PartialEq)]
pub struct Paired {
    /// Replications in which both have the figure.
    pub pairs: usize,
    /// Independent ones of them: as many, or half where replications are antithetic
    /// pairs. One shows no spread, and its intervals no width.
    pub observations: usize,
    /// Mean difference with its 95 % Student t interval (paired t).
    pub difference: Estimate,
    /// The same with an interval of level 1 - 0.05 / variants, so that those
    /// of all variants hold together in 95 of 100 experiments (Bonferroni).
    pub joint: Estimate,
    /// The mean difference as a part of the base's mean; `None` where that
    /// is 0.
    pub relative: Option<f64>,
    /// Share of replications in which the variant is better, with its Wilson
    /// interval; `None` where neither way is better.
    pub win: Option<Estimate>,
    /// Share in which both are equal, as runways are that the horizon cuts.
    pub ties: f64,
    /// Pearson's correlation of base and variant; `None` where either does not
    /// vary.
    pub correlation: Option<f64>,
    /// Variance of the difference, as a part of what independent runs would
    /// have: the sum of both variances; `None` where neither varies.
    pub variance_ratio: Option<f64>,
    /// Pairs of independent replications whose mean difference, unadjusted, would
    /// have the same standard error; `None` where the variance is not reduced, the
    /// difference does not vary or too few observations know it.
    pub equivalent_pairs: Option<f64>,
    /// What follows, by `joint`.
    pub change: Change,
}

impl Paired {
    /// Of pairs (base, variant) of independent replications, among `variants`
    /// variants of the same base. `None` without a pair.
    pub fn new(pairs: &[(f64, f64)], better: Better, variants: usize) -> Option<Paired> {
        let pairs: Vec<Option<(f64, f64)>> = pairs.iter().copied().map(Some).collect();
        let controls = Controls::default();
        Paired::reduced(&pairs, better, variants, VarianceReduction::None, &controls)
    }

    /// The same of replications whose variance is reduced, in the order of their
    /// numbers, where base or variant may lack the figure. Control variates
    /// adjust the difference where none lacks it.
    pub fn reduced(
        replications: &[Option<(f64, f64)>],
        better: Better,
        variants: usize,
        reduction: VarianceReduction,
        controls: &Controls,
    ) -> Option<Paired> {
        let pairs: Vec<(f64, f64)> = replications.iter().copied().flatten().collect();
        let n = pairs.len();
        if n == 0 {
            return None;
        }
        let bases: Vec<f64> = pairs.iter().map(|&(base, _)| base).collect();
        let others: Vec<f64> = pairs.iter().map(|&(_, variant)| variant).collect();
        let differences: Vec<f64> = pairs.iter().map(|(base, variant)| variant - base).collect();
        let mean_of = |observations: &[f64]| match n == replications.len() {
            true => controls.mean(observations),
            false => MeanAndError::of(observations),
        };
        let of_each = replications.iter().map(|pair| pair.map(|(base, variant)| variant - base));
        let observations = reduction.observations(of_each);
        let mean = mean_of(&observations);
        let joint = mean.interval(0.05 / variants.max(1) as f64);
        let change = if differences.iter().all(|difference| *difference == 0.0) {
            Change::Unchanged
        } else if mean.freedom > 0 && (joint.lo > 0.0 || joint.hi < 0.0) {
            Change::Changed
        } else {
            Change::NoClearChange
        };
        let of_bases = replications.iter().map(|pair| pair.map(|(base, _)| base));
        let base_mean = mean_of(&reduction.observations(of_bases)).mean;
        let [of_base, of_variant, of_difference] =
            [&bases, &others, &differences].map(|values| variance(values));
        let apart = of_base + of_variant;
        Some(Paired {
            pairs: n,
            observations: observations.len(),
            difference: mean.interval(0.05),
            joint,
            relative: (base_mean != 0.0).then(|| mean.mean / base_mean),
            win: win(&pairs, better, observations.len()),
            ties: differences.iter().filter(|difference| **difference == 0.0).count() as f64
                / n as f64,
            correlation: (of_base > 0.0 && of_variant > 0.0).then(|| {
                // Var(v - b) = Var(b) + Var(v) - 2 Cov(b, v)
                let covariance = (apart - of_difference) / 2.0;
                (covariance / libm::sqrt(of_base * of_variant)).clamp(-1.0, 1.0)
            }),
            variance_ratio: (apart > 0.0).then(|| of_difference / apart),
            equivalent_pairs: equivalents(of_difference, &mean, observations.len())
                .filter(|_| !reduction.is_none()),
            change,
        })
    }

    /// Whether base and variant went so far apart that a coupling may be
    /// broken.
    pub(super) fn is_weakly_coupled(&self) -> bool {
        self.pairs >= LEAST_PAIRS && self.correlation.is_some_and(|r| r < WEAK)
    }
}

/// 0 where all values are equal, to the last bit.
fn variance(values: &[f64]) -> f64 {
    if values.windows(2).all(|pair| pair[0] == pair[1]) {
        return 0.0;
    }
    let MeanAndError { standard_error, .. } = MeanAndError::of(values);
    standard_error * standard_error * values.len() as f64
}

/// The share won, with the interval of as many trials as are independent; none of one.
fn win(pairs: &[(f64, f64)], better: Better, trials: usize) -> Option<Estimate> {
    let sign = match better {
        Better::Higher => 1.0,
        Better::Lower => -1.0,
        Better::Neither => return None,
    };
    let won = pairs.iter().filter(|(base, variant)| (variant - base) * sign > 0.0).count();
    let share = won as f64 / pairs.len() as f64;
    Some(match trials {
        1 => Estimate::without_interval(share),
        _ => Estimate::of_score((won * trials) as f64 / pairs.len() as f64, trials),
    })
}
