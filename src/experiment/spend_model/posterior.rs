//! What a series says of the model: its posterior, by adaptive importance
//! sampling (Cappé, Guillin, Marin and Robert, "Population Monte Carlo", Journal
//! of Computational and Graphical Statistics 13, 2004). The state is integrated
//! out by the filter; sampled are the parameters of [`Parameters`] but `growth_sd`.

use std::f64::consts::PI;

use statrs::distribution::{Binomial, DiscreteCDF};

use super::filter::{self, Belief, Parameters, STATES, Surprise, contrasts};
use super::predict::{Outliers, usual_mean_factor};
use super::series::{DailySeries, LEAST_DAYS};
use crate::ensemble::quantile;
use crate::kernel::StreamKey;
use crate::units::significant;

/// Rounds that bring the proposal to where the posterior is, and draws in each.
const ROUNDS: u64 = 5;
const DRAWS: u64 = 150;
/// Draws of the last round.
const LAST_DRAWS: u64 = 400;
/// Draws that a round must come to, weighed by their evenness; below, their
/// weights are flattened.
const LEAST_EFFECTIVE: f64 = 40.0;
/// Degrees of freedom of the proposal.
const FREEDOM: f64 = 6.0;
/// How much wider than the posterior it is, by variance.
const WIDER: f64 = 1.3;

/// Prior probability that the level keeps to a steady trend.
pub const SETTLED: f64 = 0.01;
/// Factor on the odds that the level wanders from which on a series tells that it does
/// (strong evidence by Jeffreys, "Theory of Probability", 1961, appendix B).
const TELLS: f64 = 10.0;

/// Median and standard deviation, both of the logarithm, that a parameter has
/// before any data.
#[derive(Clone, Copy, Debug)]
struct Prior {
    median: f64,
    sd: f64,
}

const NOISE: Prior = Prior { median: 0.08, sd: 0.5 };
const BURST: Prior = Prior { median: 0.12, sd: 0.6 };
const BURST_DAYS: Prior = Prior { median: 0.7, sd: 0.6 };
/// A level that wanders goes by a factor of about two in a month, up or down.
const WANDER: Prior = Prior { median: 0.12, sd: 0.2 };
/// Where the level wanders, a trend in it says little of what is to come: growth
/// is drawn towards none, to within 6 % a month.
const GROWTH_SD_WANDERING: f64 = 0.002;
/// Where it does not, growth may be anything up to doubling in five weeks.
const GROWTH_SD_SETTLED: f64 = 0.02;
/// Standard deviation of the growth rate to come where the level wanders: 16 % a
/// month. A trend is hardly extrapolated, as damped ones forecast better than
/// linear ones (Gardner and McKenzie, "Forecasting Trends in Time Series",
/// Management Science 31, 1985); but intervals that do not allow for the trend
/// to change are too narrow, the more so the longer they reach (Chatfield,
/// "Calculating Interval Forecasts", Journal of Business & Economic Statistics
/// 11, 1993).
const TREND_SD: f64 = 0.005;

/// Last days with spend that are compared with what the model expected of them.
const MISS_DAYS: usize = 56;
/// Above this share of what was expected a miss is told.
const MOST_MISS: f64 = 0.1;
/// Below this chance days out of line came more or less often of late.
const LEAST_CHANCE: f64 = 0.05;

const MOST_PARAMETERS: usize = 4;
type Vector = [f64; MOST_PARAMETERS];
type Matrix = [[f64; MOST_PARAMETERS]; MOST_PARAMETERS];

/// One possible truth: parameters and the state after the last day, each as
/// likely as any other of a [`Posterior`].
#[derive(Clone, Debug)]
pub struct Draw {
    /// The parameters.
    pub parameters: Parameters,
    /// Logarithm of the level after the last day, in ETH a day.
    pub level: f64,
    /// Growth rate a day so far.
    pub growth: f64,
    /// Growth rate a day from the last day on.
    pub growth_to_come: f64,
    /// The burst after the last day, a logarithm.
    pub burst: f64,
    /// Effects of the weekdays on the logarithm, Monday first; they sum to 0.
    pub weekdays: [f64; 7],
}

/// Last days with spend in hindsight.
#[derive(Clone, Copy, Debug)]
pub struct Hindsight {
    /// How many.
    pub days: usize,
    /// How many among them are left out.
    pub left_out: usize,
    /// What each had on average, in ETH.
    pub spent: f64,
    /// What the model expected of each on the day before, on average, in ETH.
    pub expected: f64,
}

/// A day that was probably out of line.
#[derive(Clone, Copy, Debug)]
struct OutOfLine {
    /// Its number.
    day: usize,
    /// How many known days come before it; the level is learned from the first.
    place: usize,
    /// Whether it had more than expected.
    is_above: bool,
}

/// What is known of a series and its model.
#[derive(Clone, Debug)]
pub struct Posterior {
    /// Draws from it, all alike likely.
    pub draws: Vec<Draw>,
    /// Probability that the level wanders rather than keeps to a steady trend.
    pub wandering: f64,
    /// How many independent draws the last round of sampling is worth.
    pub effective: f64,
    /// What days out of line are like.
    pub(super) outliers: Outliers,
    /// In order.
    out_of_line: Vec<OutOfLine>,
}

impl Posterior {
    /// Fits the model to a series: `count` draws from its posterior. The same
    /// series and key give the same draws.
    pub fn of(series: &DailySeries, count: usize, key: StreamKey) -> Posterior {
        let models = [Model { wanders: false }, Model { wanders: true }];
        let fits: Vec<Fit> =
            (0..).zip(models).map(|(i, model)| Fit::of(series, model, key.child(i))).collect();
        let best = fits.iter().map(|fit| fit.log_evidence).fold(f64::NEG_INFINITY, f64::max);
        let weigh = |fit: &Fit| fit.model.prior() * libm::exp(fit.log_evidence - best);
        let total: f64 = fits.iter().map(weigh).sum();
        let wandering =
            fits.iter().filter(|fit| fit.model.wanders).map(|fit| weigh(fit) / total).sum();
        let particles = fits.iter().flat_map(|fit| {
            let share = weigh(fit) / total;
            fit.particles.iter().map(move |particle| (particle, share * particle.weight))
        });
        let particles: Vec<(&Particle, f64)> = particles.collect();
        let normals = key.child(2);
        let draws = chosen(&particles, count, key.child(3).uniform(0));
        let draw = |(i, particle): (u64, &Particle)| particle.draw(normals.child(i));
        let effective = fits.iter().map(|fit| weigh(fit) / total * fit.effective).sum();
        let draws = (0..).zip(draws).map(draw).collect();
        let outliers = Outliers::of(&[], 0);
        let mut posterior =
            Posterior { draws, wandering, effective, outliers, out_of_line: Vec::new() };
        let outlying = posterior.day_means(series, |_, _, surprise| surprise.outlying());
        let errors = posterior.day_means(series, |_, _, surprise| surprise.error());
        let days: Vec<(f64, f64)> = outlying
            .iter()
            .zip(&errors)
            .map(|((_, probability), (_, error))| (*probability, *error))
            .collect();
        posterior.outliers = Outliers::of(&days, LEAST_DAYS);
        let places = errors.iter().zip(&days).enumerate();
        let out_of_line = places.filter(|(_, (_, (probability, _)))| *probability > 0.5);
        posterior.out_of_line = out_of_line
            .map(|(place, ((day, error), _))| OutOfLine {
                day: *day,
                place,
                is_above: *error > 0.0,
            })
            .collect();
        posterior
    }

    /// Whether the series tells that the level wanders; else it is the prior that does.
    pub fn tells_wandering(&self) -> bool {
        self.wandering * SETTLED >= TELLS * (1.0 - self.wandering) * (1.0 - SETTLED)
    }

    /// A quantile of a function of the draws.
    pub fn quantile(&self, probability: f64, value: impl Fn(&Draw) -> f64) -> f64 {
        let mut values: Vec<f64> = self.draws.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        quantile(&values, probability)
    }

    /// Whether the level is likelier to wander than to keep to a steady trend.
    pub fn wanders(&self) -> bool {
        self.wandering > 0.5
    }

    /// Mean and standard deviation of a function of the draws.
    pub fn moments(&self, value: impl Fn(&Draw) -> f64) -> (f64, f64) {
        let values: Vec<f64> = self.draws.iter().map(value).collect();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let var = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n;
        (mean, libm::sqrt(var))
    }

    /// The probability that each known day's value was given, the day before,
    /// to be at least as low as it came out: uniform where the model holds.
    /// Days by their number.
    pub fn probability_transforms(&self, series: &DailySeries) -> Vec<(usize, f64)> {
        self.day_means(series, |_, _, surprise| surprise.below())
    }

    /// What the last days with spend had, and what the model expected of them; `None`
    /// where there are few but those it learns its level from.
    pub fn hindsight(&self, series: &DailySeries) -> Option<Hindsight> {
        self.hindsight_of(series, |noise_sd| self.outliers.mean_factor(noise_sd), |_| true)
    }

    /// The same of those that were not probably out of line, as days with the usual noise.
    fn usual_hindsight(&self, series: &DailySeries) -> Option<Hindsight> {
        let is_usual = |day: usize| self.out_of_line.iter().all(|out| out.day != day);
        self.hindsight_of(series, usual_mean_factor, is_usual)
    }

    /// Of the last days those that count, by their number, where noise of a standard
    /// deviation has a mean factor.
    fn hindsight_of(
        &self,
        series: &DailySeries,
        mean_factor: impl Fn(f64) -> f64,
        counts: impl Fn(usize) -> bool,
    ) -> Option<Hindsight> {
        let mut last = self.day_means(series, |draw, log, surprise| {
            surprise.expected(log) * mean_factor(draw.parameters.noise_sd)
        });
        last.drain(..last.len().saturating_sub(MISS_DAYS).max(LEAST_DAYS).min(last.len()));
        let known = last.len();
        last.retain(|(day, _)| counts(*day));
        if last.len() < LEAST_DAYS {
            return None;
        }
        let mean = |eth: &dyn Fn(&(usize, f64)) -> f64| {
            last.iter().map(eth).sum::<f64>() / last.len() as f64
        };
        let spent = mean(&|(day, _)| series.amounts()[*day].unwrap_or(0.0));
        let expected = mean(&|(_, eth)| *eth);
        Some(Hindsight { days: last.len(), left_out: known - last.len(), spent, expected })
    }

    /// Where the last days with spend had much more or less in all than the model
    /// expected of each on the day before: that in words. Days out of line say nothing
    /// of the level and are left out, unless they came more or less often of late.
    pub fn miss_in_words(&self, series: &DailySeries) -> Option<String> {
        let hindsight = match self.come_as_often_of_late(series) {
            true => self.usual_hindsight(series),
            false => self.hindsight(series),
        };
        let Hindsight { days, left_out, spent, expected } = hindsight?;
        if !expected.is_finite() {
            return None;
        }
        let miss = spent / expected - 1.0;
        let (than, forecast) = if miss > 0.0 { ("more", "low") } else { ("less", "high") };
        let (but, of_others) = match left_out {
            0 => (String::new(), ""),
            _ => (format!(", without {left_out} far out of line,"), " of such days"),
        };
        (libm::fabs(miss) > MOST_MISS).then(|| {
            format!(
                "the last {} days with spend{but} had {} ETH on average, {:.0} % {than} than the {} \
                 that the model expected of each on the day before; if that goes on, what it \
                 forecasts{of_others} is as much too {forecast}",
                days + left_out,
                significant(spent, 3),
                100.0 * libm::fabs(miss),
                significant(expected, 3)
            )
        })
    }

    /// Whether it may be chance how many of the days far above the expected are among the
    /// last that are looked at.
    fn come_as_often_of_late(&self, series: &DailySeries) -> bool {
        let judged = series.known().saturating_sub(LEAST_DAYS);
        let last = judged.min(MISS_DAYS);
        let share = last as f64 / judged.max(1) as f64;
        let far_above = self.out_of_line.iter().filter(|out| out.is_above);
        let places = far_above.map(|out| out.place).filter(|place| *place >= LEAST_DAYS);
        let places: Vec<usize> = places.collect();
        let late = places.iter().filter(|place| **place >= series.known() - last).count() as u64;
        Binomial::new(share, places.len() as u64).is_ok_and(|counts| {
            let as_many = late.checked_sub(1).map_or(1.0, |fewer| counts.sf(fewer));
            counts.cdf(late) > LEAST_CHANCE && as_many > LEAST_CHANCE
        })
    }

    /// Days that were probably far above what was expected of them, which are taken to
    /// come again: how many, and what they had, in ETH.
    pub fn to_come_again(&self, series: &DailySeries) -> (usize, f64) {
        self.far_above(series, |place| place >= LEAST_DAYS)
    }

    /// The same of those from which the level is learned, which are not.
    pub fn not_to_come_again(&self, series: &DailySeries) -> (usize, f64) {
        self.far_above(series, |place| place < LEAST_DAYS)
    }

    fn far_above(&self, series: &DailySeries, counts: impl Fn(usize) -> bool) -> (usize, f64) {
        let days = self.out_of_line.iter().filter(|out| out.is_above && counts(out.place));
        days.fold((0, 0.0), |(days, eth), out| {
            (days + 1, eth + series.amounts()[out.day].unwrap_or(0.0))
        })
    }

    /// For each known day by its number, the mean over draws of a function of its
    /// logarithm and of how that came out.
    fn day_means(
        &self,
        series: &DailySeries,
        value: impl Fn(&Draw, f64, &Surprise) -> f64,
    ) -> Vec<(usize, f64)> {
        const PASSES: usize = 40;
        let stride = self.draws.len().div_ceil(PASSES).max(1);
        let mut sums: Vec<(usize, f64)> = Vec::new();
        let mut passes = 0.0;
        for draw in self.draws.iter().step_by(stride) {
            let mut place = 0;
            filter::run(series, &draw.parameters, |day, log, surprise| {
                let value = value(draw, log, &surprise);
                match sums.get_mut(place) {
                    Some((_, sum)) => *sum += value,
                    None => sums.push((day, value)),
                }
                place += 1;
            });
            passes += 1.0;
        }
        sums.into_iter().map(|(day, sum)| (day, sum / passes)).collect()
    }
}

/// Systematic resampling: `count` particles, each as often as its weight says,
/// to within one.
fn chosen<'a>(particles: &[(&'a Particle, f64)], count: usize, offset: f64) -> Vec<&'a Particle> {
    let total: f64 = particles.iter().map(|(_, weight)| weight).sum();
    let step = total / count as f64;
    let mut chosen = Vec::with_capacity(count);
    let mut sum = 0.0;
    for (particle, weight) in particles {
        sum += weight;
        while chosen.len() < count && (chosen.len() as f64 + offset) * step < sum {
            chosen.push(*particle);
        }
    }
    // Rounding may leave the last place open.
    if let Some((last, _)) = particles.last() {
        chosen.resize(count, last);
    }
    chosen
}

/// Whether the level takes steps of its own.
#[derive(Clone, Copy, Debug)]
struct Model {
    wanders: bool,
}

impl Model {
    fn prior(self) -> f64 {
        if self.wanders { 1.0 - SETTLED } else { SETTLED }
    }

    /// Of the parameters' logarithms.
    fn priors(self) -> &'static [Prior] {
        const ALL: [Prior; MOST_PARAMETERS] = [NOISE, BURST, BURST_DAYS, WANDER];
        if self.wanders { &ALL } else { &ALL[..3] }
    }

    fn parameters(self, logs: &Vector) -> Parameters {
        let [noise_sd, burst_sd, burst_days, wander] = logs.map(libm::exp);
        Parameters {
            noise_sd,
            burst_sd,
            burst_days,
            wander_per_day: if self.wanders { wander } else { 0.0 },
            growth_sd: if self.wanders { GROWTH_SD_WANDERING } else { GROWTH_SD_SETTLED },
        }
    }

    fn log_prior(self, logs: &Vector) -> f64 {
        let density = |(prior, log): (&Prior, &f64)| {
            let z = (log - libm::log(prior.median)) / prior.sd;
            -0.5 * z * z - libm::log(prior.sd) - 0.5 * libm::log(2.0 * PI)
        };
        self.priors().iter().zip(logs).map(density).sum()
    }
}

/// Parameters with what is known of the state, if they are the truth.
#[derive(Clone, Debug)]
struct Particle {
    parameters: Parameters,
    end: Belief,
    /// Of all particles of a model they sum to 1.
    weight: f64,
}

impl Particle {
    /// One possible state.
    fn draw(&self, key: StreamKey) -> Draw {
        let root = cholesky(&self.end.cov);
        let mut normals = [0.0; STATES];
        for (index, normal) in normals.iter_mut().enumerate() {
            *normal = key.normal(index as u64);
        }
        let mut state = self.end.mean;
        for (value, row) in state.iter_mut().zip(&root) {
            *value += row.iter().zip(&normals).map(|(a, b)| a * b).sum::<f64>();
        }
        let [level, growth, burst, _, seasons @ ..] = state;
        let effect = |row: [f64; 6]| row.iter().zip(&seasons).map(|(a, b)| a * b).sum();
        let weekdays = contrasts().map(effect);
        let wanders = self.parameters.wander_per_day > 0.0;
        let trend = if wanders { TREND_SD * key.normal(STATES as u64) } else { 0.0 };
        let growth_to_come = growth + trend;
        Draw { parameters: self.parameters, level, growth, growth_to_come, burst, weekdays }
    }
}

/// One model fitted.
struct Fit {
    model: Model,
    particles: Vec<Particle>,
    log_evidence: f64,
    effective: f64,
}

impl Fit {
    fn of(series: &DailySeries, model: Model, key: StreamKey) -> Fit {
        let mut proposal = Proposal::prior(model);
        for round in 0..ROUNDS {
            let sampled = proposal.sample(DRAWS, key.child(round));
            let scored: Vec<(Vector, f64)> = sampled
                .into_iter()
                .map(|(logs, log_density)| {
                    let pass = filter::run(series, &model.parameters(&logs), |_, _, _| {});
                    (logs, pass.log_likelihood + model.log_prior(&logs) - log_density)
                })
                .collect();
            let weights = flattened(&scored.iter().map(|(_, log)| *log).collect::<Vec<f64>>());
            proposal = proposal.moved(&scored, &weights);
        }
        let sampled = proposal.sample(LAST_DRAWS, key.child(ROUNDS));
        let mut logs = Vec::with_capacity(sampled.len());
        let mut particles: Vec<Particle> = Vec::with_capacity(sampled.len());
        for (vector, log_density) in sampled {
            let parameters = model.parameters(&vector);
            let pass = filter::run(series, &parameters, |_, _, _| {});
            logs.push(pass.log_likelihood + model.log_prior(&vector) - log_density);
            particles.push(Particle { parameters, end: pass.end, weight: 0.0 });
        }
        let greatest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = logs.iter().map(|log| libm::exp(log - greatest)).collect();
        let sum: f64 = weights.iter().sum();
        for (particle, weight) in particles.iter_mut().zip(&weights) {
            particle.weight = weight / sum;
        }
        let squares: f64 = particles.iter().map(|p| p.weight * p.weight).sum();
        let log_evidence = greatest + libm::log(sum / particles.len() as f64);
        Fit { model, particles, log_evidence, effective: 1.0 / squares }
    }
}

/// Weights that sum to 1, raised to the power, at most 1, at which they are
/// worth [`LEAST_EFFECTIVE`] draws.
fn flattened(logs: &[f64]) -> Vec<f64> {
    let greatest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let at = |power: f64| {
        let weights: Vec<f64> =
            logs.iter().map(|log| libm::exp(power * (log - greatest))).collect();
        let sum: f64 = weights.iter().sum();
        let squares: f64 = weights.iter().map(|w| w * w).sum();
        (weights.iter().map(|w| w / sum).collect::<Vec<f64>>(), sum * sum / squares)
    };
    let (whole, effective) = at(1.0);
    if effective >= LEAST_EFFECTIVE {
        return whole;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..20 {
        let middle = (low + high) / 2.0;
        if at(middle).1 >= LEAST_EFFECTIVE { low = middle } else { high = middle }
    }
    at(low).0
}

/// A multivariate t distribution that parameters are drawn from.
struct Proposal {
    size: usize,
    centre: Vector,
    /// Root of the scale matrix, below the diagonal.
    root: Matrix,
}

impl Proposal {
    fn prior(model: Model) -> Proposal {
        let mut proposal = Proposal {
            size: model.priors().len(),
            centre: [0.0; MOST_PARAMETERS],
            root: [[0.0; MOST_PARAMETERS]; MOST_PARAMETERS],
        };
        for (i, prior) in model.priors().iter().enumerate() {
            proposal.centre[i] = libm::log(prior.median);
            proposal.root[i][i] = prior.sd;
        }
        proposal
    }

    /// Draws, each with the logarithm of its density.
    fn sample(&self, count: u64, key: StreamKey) -> Vec<(Vector, f64)> {
        let half = FREEDOM / 2.0;
        let size = self.size as f64;
        let log_root: f64 = (0..self.size).map(|i| libm::log(self.root[i][i])).sum();
        let constant = libm::lgamma(half + size / 2.0)
            - libm::lgamma(half)
            - size / 2.0 * libm::log(FREEDOM * PI)
            - log_root;
        (0..count)
            .map(|number| {
                let key = key.child(number);
                // A chi-square of even freedom is twice a sum of exponentials.
                let chi: f64 = (0..half as u64).map(|i| 2.0 * key.child(1).exponential(i)).sum();
                let scale = libm::sqrt(FREEDOM / chi);
                let mut z = [0.0; MOST_PARAMETERS];
                for (i, z) in z.iter_mut().enumerate().take(self.size) {
                    *z = key.normal(i as u64) * scale;
                }
                let mut logs = self.centre;
                for (log, row) in logs.iter_mut().zip(&self.root) {
                    *log += row.iter().zip(&z).map(|(a, b)| a * b).sum::<f64>();
                }
                let squares: f64 = z.iter().map(|z| z * z).sum();
                let log_density = constant - (half + size / 2.0) * libm::log1p(squares / FREEDOM);
                (logs, log_density)
            })
            .collect()
    }

    /// One at the weighted mean of some draws, with their spread.
    fn moved(&self, scored: &[(Vector, f64)], weights: &[f64]) -> Proposal {
        let mut centre = [0.0; MOST_PARAMETERS];
        for ((logs, _), weight) in scored.iter().zip(weights) {
            for (centre, log) in centre.iter_mut().zip(logs) {
                *centre += weight * log;
            }
        }
        let mut cov = [[0.0; MOST_PARAMETERS]; MOST_PARAMETERS];
        for ((logs, _), weight) in scored.iter().zip(weights) {
            for i in 0..self.size {
                for j in 0..self.size {
                    let product = (logs[i] - centre[i]) * (logs[j] - centre[j]);
                    cov[i][j] += WIDER * weight * product;
                }
            }
        }
        for (i, row) in cov.iter_mut().enumerate() {
            row[i] += 1e-6;
        }
        Proposal { size: self.size, centre, root: cholesky(&cov) }
    }
}

/// The root of a covariance matrix, below the diagonal; directions without
/// variance stay without.
fn cholesky<const N: usize>(cov: &[[f64; N]; N]) -> [[f64; N]; N] {
    let mut root = [[0.0; N]; N];
    for i in 0..N {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| root[i][k] * root[j][k]).sum();
            let rest = cov[i][j] - sum;
            root[i][j] = if i == j {
                libm::sqrt(rest.max(0.0))
            } else if root[j][j] > 0.0 {
                rest / root[j][j]
            } else {
                0.0
            };
        }
    }
    root
}
