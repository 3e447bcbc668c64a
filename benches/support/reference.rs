//! The reference that `orchsim` is measured against: about the least work with
//! which a discrete-event simulation can follow every request. One gateway,
//! Poisson arrivals at 120 a second, 50 orchestrators with four servers and a
//! queue each, exponential service with mean 1 s, a choice by weights from 0.5
//! to 1.5 (utilisation 0.6 in the mean, 0.9 at the busiest), a debit and a
//! credit for each job. It has no sessions, retries, latency, sizes or tickets,
//! and is no part of the simulator.

use std::cmp::Reverse;
use std::collections::binary_heap::PeekMut;
use std::collections::{BinaryHeap, VecDeque};

use rand::distr::Distribution;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};
use rand_distr::Exp1;
use rand_distr::weighted::WeightedAliasIndex;

/// Arrivals a second.
const RATE: f64 = 120.0;
/// Orchestrators.
const ORCHESTRATORS: usize = 50;
/// Servers of each.
const SERVERS: u32 = 4;
/// Price of a job, in wei.
const FEE: u64 = 1_000;

/// What the loop leaves: enough that none of its work can be left out.
#[derive(Debug)]
pub struct Outcome {
    /// Jobs done.
    pub served: u64,
    /// Seconds they waited in queues, together.
    pub waited_s: f64,
    /// What the gateway has left, in wei.
    pub deposit: u64,
    /// What each orchestrator earned, in wei.
    pub fees: Vec<u64>,
}

#[derive(Default)]
struct Orchestrator {
    busy: u32,
    /// When those who wait arrived.
    queue: VecDeque<f64>,
    fees: u64,
}

/// An event's time (as bits: times are not negative, so they order alike), its
/// number, which breaks ties, and the orchestrator whose job ends.
type Departure = Reverse<(u64, u64, u32)>;

/// Runs the loop until `requests` have arrived and all are served.
pub fn run(requests: u64, seed: u64) -> Outcome {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let weights = (0..ORCHESTRATORS)
        .map(|index| 0.5 + index as f64 / (ORCHESTRATORS - 1) as f64)
        .collect::<Vec<f64>>();
    let choice = WeightedAliasIndex::new(weights).expect("positive weights");
    let mut orchestrators: Vec<Orchestrator> = Vec::new();
    orchestrators.resize_with(ORCHESTRATORS, Orchestrator::default);
    let mut departures: BinaryHeap<Departure> = BinaryHeap::new();
    let mut outcome =
        Outcome { served: 0, waited_s: 0.0, deposit: requests * FEE, fees: Vec::new() };
    let mut scheduled = 0u64;
    let mut arrived = 0u64;
    // The next arrival is kept out of the heap: half of the events never enter.
    let mut next_arrival = exponential(&mut random) / RATE;
    loop {
        let departure = departures.peek().map_or(u64::MAX, |Reverse((bits, ..))| *bits);
        if arrived < requests && next_arrival.to_bits() < departure {
            let now = next_arrival;
            arrived += 1;
            next_arrival = now + exponential(&mut random) / RATE;
            outcome.deposit -= FEE;
            let chosen = choice.sample(&mut random);
            let orchestrator = &mut orchestrators[chosen];
            if orchestrator.busy < SERVERS {
                orchestrator.busy += 1;
                let end = now + exponential(&mut random);
                departures.push(Reverse((end.to_bits(), scheduled, chosen as u32)));
                scheduled += 1;
            } else {
                orchestrator.queue.push_back(now);
            }
            continue;
        }
        let Some(mut top) = departures.peek_mut() else { break };
        let Reverse((bits, _, index)) = *top;
        let now = f64::from_bits(bits);
        let orchestrator = &mut orchestrators[index as usize];
        orchestrator.fees += FEE;
        outcome.served += 1;
        match orchestrator.queue.pop_front() {
            // Whoever waits longest takes the place on the heap, too.
            Some(since) => {
                outcome.waited_s += now - since;
                let end = now + exponential(&mut random);
                *top = Reverse((end.to_bits(), scheduled, index));
                scheduled += 1;
            }
            None => {
                orchestrator.busy -= 1;
                PeekMut::pop(top);
            }
        }
    }
    outcome.fees = orchestrators.iter().map(|orchestrator| orchestrator.fees).collect();
    outcome
}

fn exponential(random: &mut impl Rng) -> f64 {
    Exp1.sample(random)
}
