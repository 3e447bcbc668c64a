//! What a replication is made of, and whole ones: `cargo bench`.

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use orchsim::kernel::{EventList, StreamKey};
use orchsim::network::SelectionWeights;
use orchsim::scenario::{Source, load, preset};
use orchsim::selection::{Candidate, ProbabilityRule};
use orchsim::simulation::{World, replicate};
use orchsim::units::Price;
use orchsim::units::SimTime;

/// The hold model (Jones 1986): take the next event out, schedule another an
/// exponential time later, with a constant number pending.
fn event_list(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("event list, hold");
    for pending in [100, 1_000, 10_000] {
        let mut draws = StreamKey::root(1).sequence();
        let mut list = EventList::default();
        for _ in 0..pending {
            list.schedule(SimTime::from_secs(draws.exponential()), ());
        }
        group.bench_function(BenchmarkId::from_parameter(pending), |bencher| {
            bencher.iter(|| {
                if let Some((now, ())) = list.pop() {
                    list.schedule(SimTime(now.0 + SimTime::from_secs(draws.exponential()).0), ());
                }
            });
        });
    }
}

fn probability_rule(criterion: &mut Criterion) {
    let rule = ProbabilityRule {
        weights: SelectionWeights { stake: 0.7, price: 0.0, random: 0.3 },
        ignore_max_price: false,
    };
    let mut group = criterion.benchmark_group("probability rule, draw");
    for count in [10u32, 50, 100] {
        let candidates: Vec<Candidate> = (0..count as usize)
            .map(|index| Candidate {
                orchestrator: index,
                offer: 0,
                price: Price::whole(1_000),
                price_term: libm::exp(-10.0),
                stake: 1000.0 / (index + 1) as f64,
                within_max_price: true,
                passes_perf_score: true,
            })
            .collect();
        let eligible: Vec<u32> = (0..count).collect();
        let mut request = 0;
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            bencher.iter_batched_ref(
                || eligible.clone(),
                |eligible| {
                    request += 1;
                    let key = StreamKey::root(1).child(request);
                    black_box(rule.draw(&candidates, eligible, |_| {}, key))
                },
                BatchSize::SmallInput,
            );
        });
    }
}

fn replication(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("replication, 20 days");
    group.sample_size(10);
    for name in ["minimal", "agent-spe-15k"] {
        let text = preset(name).expect("a preset").to_string();
        let source = Source { name: name.to_string(), text, directory: None };
        let scenario = load(&source, &["horizon_days=20".to_string()]).expect("a valid preset");
        let world = World::new(&scenario);
        let mut number = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                number += 1;
                black_box(replicate(&world, number).expect("balanced books"))
            });
        });
    }
}

criterion_group!(benches, event_list, probability_rule, replication);
criterion_main!(benches);
