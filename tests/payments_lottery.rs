//! The number of winning tickets is binomial. Each test of a law has a
//! false-alarm rate of 0.001 at a fixed seed.

use orchsim::kernel::StreamKey;
use orchsim::payments::winning_tickets;
use statrs::distribution::{Binomial, ChiSquared, ContinuousCDF, Discrete};

const DRAWS: u64 = 60_000;

/// Every way of drawing: one ticket, inversion, skipping, and both by the
/// losers.
const CASES: [(u64, f64); 9] = [
    (1, 0.3),
    (7, 2.5e-2),
    (600, 1e-3),
    (50, 0.19),
    (1000, 0.05),
    (100_000, 2.5e-3),
    (40, 0.5),
    (12, 0.9),
    (300, 0.7),
];

fn draws(case: usize, tickets: u64, probability: f64) -> impl Iterator<Item = u64> {
    let key = StreamKey::root(29).child(case as u64);
    (0..DRAWS).map(move |index| winning_tickets(key, index, tickets, probability))
}

#[test]
fn winners_follow_the_binomial_law() {
    for (case, (tickets, probability)) in CASES.into_iter().enumerate() {
        let law = Binomial::new(probability, tickets).unwrap();
        let mut seen = vec![0u64; tickets as usize + 1];
        draws(case, tickets, probability).for_each(|winners| seen[winners as usize] += 1);
        // Neighbouring counts are pooled until ten draws are expected in each cell.
        let mut cells = vec![(0.0, 0u64)];
        for (winners, &count) in seen.iter().enumerate() {
            if cells[cells.len() - 1].0 >= 10.0 {
                cells.push((0.0, 0));
            }
            let last = cells.len() - 1;
            cells[last].0 += law.pmf(winners as u64) * DRAWS as f64;
            cells[last].1 += count;
        }
        if let [.., previous, last] = &mut cells[..]
            && last.0 < 10.0
        {
            *previous = (previous.0 + last.0, previous.1 + last.1);
            cells.pop();
        }
        let statistic: f64 =
            cells.iter().map(|&(mean, count)| (count as f64 - mean).powi(2) / mean).sum();
        let tail = ChiSquared::new(cells.len() as f64 - 1.0).unwrap().sf(statistic);
        assert!(tail > 0.001, "{tickets} tickets at {probability}: p = {tail}");
    }
}

#[test]
fn winners_have_the_binomial_mean_and_variance() {
    for (case, (tickets, probability)) in CASES.into_iter().enumerate() {
        let (mean, n) = (tickets as f64 * probability, DRAWS as f64);
        let variance = mean * (1.0 - probability);
        let (mut first, mut second) = (0.0, 0.0);
        for winners in draws(case, tickets, probability) {
            let deviation = winners as f64 - mean;
            first += deviation;
            second += deviation * deviation;
        }
        let z = first / (n * variance).sqrt();
        assert!(z.abs() < 3.3, "{tickets} tickets at {probability}: z = {z}");
        // The fourth central moment of a binomial is v (1 + 3 v (1 - 2/n)).
        let spread = variance
            * (1.0 + (3.0 * tickets as f64 - 6.0) * probability * (1.0 - probability))
            - variance * variance;
        let z = (second - n * variance) / (n * spread).sqrt();
        assert!(z.abs() < 3.3, "{tickets} tickets at {probability}: variance z = {z}");
    }
}

#[test]
fn certain_and_impossible_tickets_are_not_drawn() {
    let key = StreamKey::root(1);
    for tickets in [0, 1, 5, 1_000_000_000_000] {
        assert_eq!(winning_tickets(key, 0, tickets, 0.0), 0);
        assert_eq!(winning_tickets(key, 0, tickets, 1.0), tickets);
    }
}
