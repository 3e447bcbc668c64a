//! Wall-clock times of the parts and of whole replications: `cargo bench --bench engine`.

mod support;

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use orchsim::scenario::preset_names;
use orchsim::simulation::{Mode, World};
use support::{Hold, RULES, Selecting, ensemble, plain, reference, replication, shipped};

fn event_list(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("event list, hold");
    for pending in [16, 256, 4_096, 65_536] {
        let mut hold = Hold::new(pending);
        group.bench_function(BenchmarkId::from_parameter(pending), |bencher| {
            bencher.iter(|| hold.step());
        });
    }
}

fn selection(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("selection");
    group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_millis(500));
    group.sample_size(20);
    for (rule, settings) in RULES {
        for orchestrators in [10, 50, 100, 1_000, 10_000] {
            let mut selecting = Selecting::new(orchestrators, settings);
            group.bench_function(BenchmarkId::new(rule, orchestrators), |bencher| {
                bencher.iter(|| selecting.step());
            });
        }
    }
}

/// Times are those of a replication; the throughput is requests.
fn replications(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("replication, 20 days");
    group.sample_size(10);
    for name in preset_names() {
        let scenario = shipped(name, &["horizon_days=20"]);
        let world = World::new(&scenario);
        group.throughput(Throughput::Elements(replication(&world, 0)));
        group.bench_function(name, |bencher| bencher.iter(|| replication(&world, 0)));
    }
}

fn against_reference(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plain workload");
    group.sample_size(10);
    group.throughput(Throughput::Elements(500_000));
    group.bench_function("reference loop", |bencher| {
        bencher.iter(|| black_box(reference::run(500_000, 1)));
    });
    for orchestrators in [50, 10_000] {
        let scenario = plain(orchestrators, &["credits.amount=1 ETH"]);
        let world = World::new(&scenario);
        group.throughput(Throughput::Elements(replication(&world, 0)));
        group.bench_function(BenchmarkId::new("scenario", orchestrators), |bencher| {
            bencher.iter(|| replication(&world, 0));
        });
    }
}

fn scaling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ensemble, 12 replications of 60 days");
    group.sample_size(10);
    let scenario = shipped("agent-spe-15k", &["horizon_days=60"]);
    let world = World::new(&scenario);
    for threads in [1, 2] {
        group.bench_function(BenchmarkId::new("threads", threads), |bencher| {
            bencher.iter(|| ensemble(&world, 12, threads));
        });
    }
}

/// The pilot that the aggregated mode makes is part of it.
fn modes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("aggregated against exact");
    group.sample_size(10);
    let scenario = shipped("agent-spe-15k", &[]);
    for (name, mode) in Mode::NAMES {
        group.bench_function(name, |bencher| {
            bencher.iter(|| replication(&World::in_mode(&scenario, mode).unwrap(), 0));
        });
    }
}

criterion_group!(benches, event_list, selection, replications, against_reference, scaling, modes);
criterion_main!(benches);
