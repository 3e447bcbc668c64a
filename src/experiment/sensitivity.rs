//! Which of several inputs a figure depends on: Sobol' indices.

use crate::ensemble::{Estimate, quantile};
use crate::kernel::StreamKey;

/// Resamples of the base points behind an interval.
const RESAMPLES: u64 = 1_000;
/// Their draws, of which no replication has any.
const RESAMPLING_SEED: u64 = 0;

/// How much of the variance of a figure one input is behind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SobolIndices {
    /// What of the variance would go if this input alone were known, as a share of it
    /// (the first-order index).
    pub first_order: Estimate,
    /// What of the variance would be left if all inputs but this one were known (the
    /// total index).
    pub total: Estimate,
}

/// What a figure depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct Sensitivity {
    /// Standard deviation of the figure where all inputs vary, in its unit.
    pub deviation: f64,
    /// One for each input.
    pub inputs: Vec<SobolIndices>,
}

/// What a figure comes to at the points of one row of the design of Saltelli: at two
/// independent points, and at the first with each input in turn from the second.
pub(super) struct Row {
    pub first: f64,
    pub second: f64,
    /// One for each input.
    pub exchanged: Vec<f64>,
}

/// The sensitivity to every input, with 95 % intervals by bootstrap over the rows; `None`
/// where the figure does not vary. First-order indices by Saltelli et al. 2010 (Computer
/// Physics Communications 181, table 2, (b)), total ones by Jansen 1999 (ibid., (f)).
pub(super) fn sensitivity(rows: &[Row]) -> Option<Sensitivity> {
    let inputs = rows.first()?.exchanged.len();
    let all: Vec<&Row> = rows.iter().collect();
    let (variance, whole) = indices_of(&all, inputs)?;
    let draws = StreamKey::root(RESAMPLING_SEED);
    let resampled: Vec<Vec<(f64, f64)>> = (0..RESAMPLES)
        .filter_map(|number| {
            let mut draws = draws.child(number).sequence();
            let chosen: Vec<&Row> = rows.iter().map(|_| &rows[draws.below(rows.len())]).collect();
            indices_of(&chosen, inputs).map(|(_, indices)| indices)
        })
        .collect();
    let estimate = |input: usize, part: fn(&(f64, f64)) -> f64| {
        let mut values: Vec<f64> = resampled.iter().map(|indices| part(&indices[input])).collect();
        values.sort_by(f64::total_cmp);
        let ends = [0.025, 0.975].map(|share| quantile(&values, share));
        // Indices lie between 0 and 1, estimates of them need not.
        let [mean, lo, hi] =
            [part(&whole[input]), ends[0], ends[1]].map(|index| index.clamp(0.0, 1.0));
        Estimate { mean, lo, hi }
    };
    let of_input = |input: usize| SobolIndices {
        first_order: estimate(input, |&(first_order, _)| first_order),
        total: estimate(input, |&(_, total)| total),
    };
    let inputs = (0..inputs).map(of_input).collect();
    Some(Sensitivity { deviation: libm::sqrt(variance), inputs })
}

/// The variance, and first-order and total index of each input; `None` without any.
fn indices_of(rows: &[&Row], inputs: usize) -> Option<(f64, Vec<(f64, f64)>)> {
    let count = rows.len() as f64;
    let sum = |of: &dyn Fn(&Row) -> f64| rows.iter().map(|row| of(row)).sum::<f64>();
    // Without the mean, products of values lose no digits to it.
    let mean = sum(&|row| row.first + row.second) / (2.0 * count);
    let square = |value: f64| (value - mean) * (value - mean);
    let variance = sum(&|row| square(row.first) + square(row.second)) / (2.0 * count);
    let index = |input: usize| {
        let first_order =
            sum(&|row| (row.second - mean) * (row.exchanged[input] - row.first)) / count;
        let apart = sum(&|row| {
            let step = row.first - row.exchanged[input];
            step * step
        });
        (first_order / variance, apart / (2.0 * count) / variance)
    };
    (variance > 0.0).then(|| (variance, (0..inputs).map(index).collect()))
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    #[test]
    fn the_indices_of_ishigamis_function_are_its_closed_form() {
        // Ishigami and Homma 1990, with a = 7 and b = 0.1: x1 and x3 act only together
        // beside what x1 does alone.
        let ishigami =
            |x: &[f64]| x[0].sin() + 7.0 * x[1].sin().powi(2) + 0.1 * x[2].powi(4) * x[0].sin();
        let (first_order, total) = ([0.3139, 0.4424, 0.0], [0.5576, 0.4424, 0.2437]);
        let mut draws = StreamKey::root(7).sequence();
        let mut point =
            || -> Vec<f64> { (0..3).map(|_| PI * (2.0 * draws.uniform() - 1.0)).collect() };
        let rows: Vec<Row> = (0..4_000)
            .map(|_| {
                let (a, b) = (point(), point());
                let exchanged = (0..3).map(|input| {
                    let mut x = a.clone();
                    x[input] = b[input];
                    ishigami(&x)
                });
                Row { first: ishigami(&a), second: ishigami(&b), exchanged: exchanged.collect() }
            })
            .collect();
        let found = sensitivity(&rows).unwrap();
        // Its variance is a^2 / 8 + b pi^4 / 5 + b^2 pi^8 / 18 + 1 / 2.
        assert!((found.deviation / 13.8446f64.sqrt() - 1.0).abs() < 0.02, "{}", found.deviation);
        for (input, found) in found.inputs.iter().enumerate() {
            for (found, known) in
                [(found.first_order, first_order[input]), (found.total, total[input])]
            {
                // 95 % intervals of six figures, widened by half: all hold but in one
                // seed of fifty.
                let (width, off) = (found.hi - found.lo, (found.mean - known).abs());
                assert!(
                    off < 0.75 * width && width < 0.12,
                    "input {input}: {found:?}, not {known}"
                );
            }
        }
    }

    #[test]
    fn a_figure_that_does_not_vary_depends_on_nothing() {
        let row = || Row { first: 3.0, second: 3.0, exchanged: vec![3.0, 3.0] };
        assert_eq!(sensitivity(&[row(), row()]), None);
        assert_eq!(sensitivity(&[]), None);
    }
}
