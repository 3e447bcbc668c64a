//! Variance reduction: fewer replications for the same interval, without bias.

use serde::{Deserialize, Serialize};

use super::interval::MeanAndError;
use super::{Estimate, Headline, Sample};
use crate::kernel::StreamKey;

/// Observations needed for each control that is fitted.
const OBSERVATIONS_A_CONTROL: usize = 20;
/// What is left of a column that others explain, as a part of it, below which
/// it counts as one of them.
const COLLINEAR: f64 = 1e-9;

/// How the variance of estimates is reduced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VarianceReduction {
    /// Not at all: replications are independent.
    #[default]
    None,
    /// Antithetic pairs (Hammersley and Morton 1956): replication 2j + 1 draws
    /// what replication 2j draws, mirrored. What raises a figure in one lowers
    /// it in the other, so that the mean of a pair varies less than that of two
    /// independent replications. Each replication has the distribution it has
    /// without, so that means keep theirs; but only pairs are independent of
    /// each other.
    Antithetic,
    /// Control variates (Lavenberg and Welch 1981): figures are adjusted for
    /// how far the demand that was drawn lies from its known mean.
    Control,
    /// Both: the mean controls of a pair adjust its mean figures.
    Both,
}

impl VarianceReduction {
    /// Its name in options and files.
    pub fn name(self) -> &'static str {
        match self {
            VarianceReduction::None => "none",
            VarianceReduction::Antithetic => "antithetic",
            VarianceReduction::Control => "control",
            VarianceReduction::Both => "both",
        }
    }

    /// Whether replications come in antithetic pairs.
    pub fn has_pairs(self) -> bool {
        matches!(self, VarianceReduction::Antithetic | VarianceReduction::Both)
    }

    /// Whether figures are adjusted by control variates.
    pub fn has_controls(self) -> bool {
        matches!(self, VarianceReduction::Control | VarianceReduction::Both)
    }

    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        *self == VarianceReduction::None
    }

    /// Successive replications that make one independent observation.
    pub fn replications_an_observation(self) -> u32 {
        if self.has_pairs() { 2 } else { 1 }
    }

    /// The key of replication number `replication` of a run with this seed.
    pub fn key(self, seed: u64, replication: u64) -> StreamKey {
        let root = StreamKey::root(seed);
        match (self.has_pairs(), replication % 2) {
            (false, _) => root.child(replication),
            (true, 0) => root.child(replication),
            (true, _) => root.child(replication - 1).mirrored(),
        }
    }

    /// The values of independent observations whose mean is the mean of the
    /// values of replications, in the order of their numbers; those without a
    /// value are left out.
    ///
    /// Those of pairs are their means. Where a pair has one value only, the mean
    /// of all is a ratio, of sums to counts, and an observation is what
    /// linearises it.
    pub fn observations(self, values: impl Iterator<Item = Option<f64>>) -> Vec<f64> {
        if !self.has_pairs() {
            return values.flatten().collect();
        }
        let mut sums: Vec<(f64, f64)> = Vec::new();
        for (replication, value) in values.enumerate() {
            if replication % 2 == 0 {
                sums.push((0.0, 0.0));
            }
            if let (Some(pair), Some(value)) = (sums.last_mut(), value) {
                *pair = (pair.0 + value, pair.1 + 1.0);
            }
        }
        sums.retain(|&(_, count)| count > 0.0);
        if sums.iter().all(|&(_, count)| count == 2.0) {
            return sums.into_iter().map(|(sum, _)| sum / 2.0).collect();
        }
        let (sum, count) =
            sums.iter().fold((0.0, 0.0), |all, pair| (all.0 + pair.0, all.1 + pair.1));
        let (mean, count_a_pair) = (sum / count, count / sums.len() as f64);
        sums.iter().map(|(sum, count)| mean + (sum - mean * count) / count_a_pair).collect()
    }

    /// The mean of values of replications, in the order of their numbers, with
    /// its 95 % interval.
    pub fn mean(self, values: &[f64]) -> Estimate {
        Estimate::of_mean(&self.observations(values.iter().copied().map(Some)))
    }

    /// The same of those that have a value; all 0 where none has.
    pub fn mean_of_known(self, values: impl Iterator<Item = Option<f64>>) -> Estimate {
        match self.observations(values).as_slice() {
            [] => Estimate { mean: 0.0, lo: 0.0, hi: 0.0 },
            known => Estimate::of_mean(known),
        }
    }

    /// The share of replications that hit, in the order of their numbers, with
    /// its 95 % Wilson interval; as of a mean there is none of a single observation.
    pub fn proportion(self, hits: impl Iterator<Item = bool>) -> Estimate {
        let hits: Vec<bool> = hits.collect();
        let count = hits.iter().filter(|hit| **hit).count();
        if hits.len() == self.replications_an_observation() as usize {
            return Estimate::without_interval(count as f64 / hits.len() as f64);
        }
        if !self.has_pairs() {
            return Estimate::of_proportion(count, hits.len());
        }
        let both = hits.chunks(2).filter(|pair| pair.iter().all(|hit| *hit)).count();
        Estimate::of_paired_proportion(count, both, hits.len() / 2)
    }
}

/// The control variates of the observations of an ensemble, made ready to
/// adjust any figure of theirs.
///
/// The coefficients that adjust an observation are fitted to all others
/// (splitting, as Avramidis and Wilson 1993 do in groups). They are therefore
/// independent of its controls, whose mean is 0, so that the adjusted
/// observation has exactly the mean of the plain one, at any number of
/// observations and whatever the distribution. Coefficients fitted to all of
/// them at once would bias it.
#[derive(Clone, Debug, Default)]
pub struct Controls {
    /// An orthonormal basis of the columns of the controls.
    basis: Vec<Vec<f64>>,
    /// The weight of each observation in the intercept of the fit.
    weights: Vec<f64>,
    /// The leverage of each observation.
    leverages: Vec<f64>,
}

impl Controls {
    /// Of the controls of each replication, in the order of their numbers: the
    /// first of them, one for every twenty observations. Those that cancel out
    /// within pairs are left out.
    pub fn new<'a>(
        reduction: VarianceReduction,
        replications: impl Iterator<Item = &'a [f64]> + Clone,
    ) -> Controls {
        let controls = replications.clone().next().map_or(0, <[f64]>::len);
        let columns = (0..controls).map(|place| {
            reduction.observations(replications.clone().map(|row| row.get(place).copied()))
        });
        Controls::of_columns(columns.collect())
    }

    /// Of the controls of samples.
    pub(crate) fn of_samples(reduction: VarianceReduction, samples: &[Sample]) -> Controls {
        Controls::new(reduction, samples.iter().map(|sample| sample.controls.as_slice()))
    }

    /// Of the values of each control, whose mean is 0, in independent
    /// observations.
    pub fn of_columns(columns: Vec<Vec<f64>>) -> Controls {
        let n = columns.first().map_or(0, Vec::len);
        let mut basis: Vec<Vec<f64>> = Vec::new();
        for column in columns {
            if basis.len() == n / OBSERVATIONS_A_CONTROL {
                break;
            }
            basis.extend(residual(&column, &basis).and_then(|rest| unit(&rest)));
        }
        let Some(ones) = residual(&vec![1.0; n], &basis) else {
            return Controls::default();
        };
        let square = dot(&ones, &ones);
        let weights: Vec<f64> = ones.iter().map(|value| value / square).collect();
        let leverage = |i: usize| {
            basis.iter().map(|column| column[i] * column[i]).sum::<f64>() + ones[i] * weights[i]
        };
        Controls { leverages: (0..n).map(leverage).collect(), weights, basis }
    }

    /// How many controls are fitted.
    pub fn count(&self) -> usize {
        self.basis.len()
    }

    /// The observations of a figure, adjusted; as they are where nothing can be
    /// fitted to them. Their number must be that of the controls'.
    pub fn adjusted(&self, observations: &[f64]) -> Vec<f64> {
        if self.basis.is_empty() || self.weights.len() != observations.len() {
            return observations.to_vec();
        }
        let intercept = dot(&self.weights, observations);
        let around: Vec<f64> = observations.iter().map(|value| value - intercept).collect();
        let residuals = residual(&around, &self.basis).unwrap_or_else(|| vec![0.0; around.len()]);
        // What leaving an observation out does to the fit follows from its
        // leverage (Belsley, Kuh and Welsch 1980).
        let adjust = |((residual, leverage), weight): ((&f64, &f64), &f64)| {
            let slack = (1.0 - leverage).max(COLLINEAR);
            intercept + (1.0 - weight) * residual / slack
        };
        residuals.iter().zip(&self.leverages).zip(&self.weights).map(adjust).collect()
    }

    /// The mean of the observations of a figure, adjusted.
    pub fn mean(&self, observations: &[f64]) -> MeanAndError {
        let adjusted = MeanAndError::of(&self.adjusted(observations));
        MeanAndError { freedom: adjusted.freedom.saturating_sub(self.count()), ..adjusted }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// What orthonormal columns leave of a column; `None` of nothing but rounding.
fn residual(column: &[f64], basis: &[Vec<f64>]) -> Option<Vec<f64>> {
    let mut rest = column.to_vec();
    // Twice is enough (Kahan, in Parlett 1980).
    for other in basis.iter().chain(basis) {
        let part = dot(&rest, other);
        rest.iter_mut().zip(other).for_each(|(value, unit)| *value -= part * unit);
    }
    let is_something = dot(&rest, &rest) > COLLINEAR * COLLINEAR * dot(column, column);
    is_something.then_some(rest)
}

fn unit(column: &[f64]) -> Option<Vec<f64>> {
    let length = libm::sqrt(dot(column, column));
    (length > 0.0).then(|| column.iter().map(|value| value / length).collect())
}

/// Observations from which on standard errors are compared: nineteen times in twenty the
/// variance of ten is no less than 0.37 of what it should be (chi-square of nine degrees of
/// freedom, over nine), that of two no less than 0.004.
pub(crate) const LEAST_TO_COMPARE: usize = 10;

/// What variance reduction did.
#[derive(Clone, Debug, PartialEq)]
pub struct ReductionSummary {
    /// How.
    pub method: VarianceReduction,
    /// Independent observations: replications or pairs of them.
    pub observations: usize,
    /// Control variates fitted to them.
    pub controls: usize,
    /// The headline figures, those of no replication left out.
    pub figures: Vec<ReducedFigure>,
}

/// A headline figure before and after variance reduction.
#[derive(Clone, Debug, PartialEq)]
pub struct ReducedFigure {
    /// The figure.
    pub headline: Headline,
    /// Its mean with the 95 % interval after.
    pub reduced: Estimate,
    /// Whether control variates adjust it: not where some replication has no
    /// such figure, since the mean of the controls of those that have one is
    /// not known.
    pub is_adjusted: bool,
    /// Independent replications, unadjusted, whose mean would have the same
    /// standard error; `None` where the figure does not vary or fewer than ten
    /// observations know it.
    pub equivalent_replications: Option<f64>,
}

impl ReducedFigure {
    /// Of the values of a figure in replications, in the order of their
    /// numbers; `None` where none has it.
    pub fn new(
        headline: Headline,
        reduction: VarianceReduction,
        controls: &Controls,
        values: &[Option<f64>],
    ) -> Option<ReducedFigure> {
        let plain: Vec<f64> = values.iter().copied().flatten().collect();
        if plain.is_empty() {
            return None;
        }
        let observations = reduction.observations(values.iter().copied());
        let is_adjusted = controls.count() > 0 && plain.len() == values.len();
        let mean = match is_adjusted {
            true => controls.mean(&observations),
            false => MeanAndError::of(&observations),
        };
        let one = MeanAndError::of(&plain).standard_error * libm::sqrt(plain.len() as f64);
        Some(ReducedFigure {
            reduced: headline.possible(mean.interval(0.05)),
            headline,
            is_adjusted,
            equivalent_replications: equivalents(one * one, &mean, observations.len()),
        })
    }
}

/// How many independent values of such a variance know their mean as well as that of so
/// many observations is known, where it varies and they are enough to tell.
pub(crate) fn equivalents(variance: f64, mean: &MeanAndError, observations: usize) -> Option<f64> {
    let count = variance / (mean.standard_error * mean.standard_error);
    (observations >= LEAST_TO_COMPARE && count > 0.0 && count.is_finite()).then_some(count)
}
