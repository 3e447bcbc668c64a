//! The books of random short runs: whatever fails, waits, is refused or runs
//! out, every wei is somewhere and nowhere twice.

mod common;

use common::{AI_TICKET_EV, NODE_TICKETS, credits, default_motion, default_treasury, scenario};
use orchsim::demand::{
    Arrivals, DemandStream, Injected, PayingShare, PriceCurve, Trace, UserPrice, Users,
};
use orchsim::kernel::{Distribution, Sequence, StreamKey};
use orchsim::network::{
    Gateway, Model, Offer, Orchestrator, Pipeline, Pricing, Region, Resolution, Response,
    RttMatrix, TicketPolicy, Version,
};
use orchsim::payments::PaymentMode;
use orchsim::policy::{Ceiling, Fallback, Period, Scope, SpendCeiling, Steering};
use orchsim::scenario::Scenario;
use orchsim::simulation::{Failure, ReplicationResult, World, replicate};
use orchsim::treasury::{
    ConversionPolicy, Drawing, RunwayEnd, SafeSetup, Schedule, Signer, Sleep, TokenPrices,
    TopUpRule,
};
use orchsim::units::{Decimal, Lpt, PostedPrice, Price, SECONDS_PER_DAY, SimTime, Wei};

const RUNS: u64 = 10_000;
const THREADS: u64 = 2;

/// Draws that follow from one number.
struct Dice(Sequence);

impl Dice {
    fn chance(&mut self, probability: f64) -> bool {
        self.0.uniform() < probability
    }

    fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.0.below(choices.len())].clone()
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.uniform()
    }

    /// Evenly distributed in its logarithm.
    fn magnitude(&mut self, low: f64, high: f64) -> f64 {
        self.between(low.ln(), high.ln()).exp()
    }

    fn hours(&mut self, low: f64, high: f64) -> SimTime {
        SimTime::from_secs(3600.0 * self.between(low, high))
    }

    fn count(&mut self, least: usize, most: usize) -> usize {
        least + self.0.below(most - least + 1)
    }
}

/// Pipelines, each with a usual request.
const WORK: [(Pipeline, f64); 6] = [
    (Pipeline::TextToImage, 1_048_576.0),
    (Pipeline::ImageToVideo, 589_824.0),
    (Pipeline::AudioToText, 60.0),
    (Pipeline::Llm, 1000.0),
    (Pipeline::TextToSpeech, 300.0),
    (Pipeline::LiveVideoToVideo, 300.0),
];

fn network(scenario: &mut Scenario, dice: &mut Dice) -> Vec<f64> {
    let network = &mut scenario.network;
    let base_gateway = network.gateways[0].clone();
    let base_model = network.models[0].clone();
    network.regions = (0..2)
        .map(|region| Region {
            id: region.to_string(),
            name: region.to_string(),
            utc_offset_hours: 0.0,
        })
        .collect();
    network.rtt = RttMatrix::zero(2);
    network.rtt.set_ms(0, 1, dice.pick(&[0.0, 20.0, 150.0]));
    let work: Vec<(Pipeline, f64)> = (0..dice.count(1, 2)).map(|_| dice.pick(&WORK)).collect();
    network.models = (work.iter().enumerate())
        .map(|(index, &(pipeline, _))| {
            let mut model = Model { pipeline, id: index.to_string(), ..base_model.clone() };
            model.service.overhead_s = dice.magnitude(0.5, 600.0);
            model.cold_start_s = dice.pick(&[0.0, 30.0]);
            model
        })
        .collect();
    network.gateways = (0..dice.count(1, 3))
        .map(|index| {
            let mut gateway = Gateway {
                id: format!("g{index}"),
                region: dice.count(0, 1),
                version: dice.pick(&[Version::V0_8_3, Version::V0_8_4, Version::V0_9]),
                max_price: vec![None; work.len()],
                ..base_gateway.clone()
            };
            gateway.limits.max_total_ev = Wei(dice.pick(&[20, 100, 1_000]) * 1_000_000_000_000);
            gateway.limits.deposit_multiplier = dice.pick(&[1, 1, 3]);
            gateway
        })
        .collect();
    network.orchestrators = (0..dice.count(1, 4))
        .map(|index| {
            let expected_value =
                dice.pick(&[NODE_TICKETS.expected_value, Wei(300_000_000_000), AI_TICKET_EV]);
            let mut offers = Vec::new();
            for (model, &(pipeline, size)) in work.iter().enumerate() {
                if dice.chance(0.8) {
                    let fee = expected_value.0 as f64 * dice.magnitude(0.02, 50.0);
                    let units = match pipeline {
                        // An interval of five seconds.
                        Pipeline::LiveVideoToVideo => pipeline.billed_units(5.0),
                        _ => pipeline.billed_units(size),
                    };
                    let wei = dice.pick(&[0, fee as u128, fee as u128, fee as u128]);
                    // An ETH is worth a dollar at the start.
                    let usd = Decimal { mantissa: wei, scale: 18 };
                    let price = match dice.chance(0.3) {
                        true => PostedPrice::Usd { usd, units: u128::from(units) },
                        false => Price::new(wei, u128::from(units)).unwrap().into(),
                    };
                    offers.push(Offer {
                        model,
                        price,
                        warm: dice.chance(0.7),
                        capacity: dice.count(1, 3) as u32,
                    });
                }
            }
            Orchestrator {
                id: format!("o{index}"),
                region: dice.count(0, 1),
                version: dice.pick(&[None, Some(Version::V0_8_3), Some(Version::V0_9)]),
                stake: Lpt(1_000_000_000_000_000_000),
                speed: dice.magnitude(0.5, 2.0),
                reliability: dice.pick(&[0.0, 0.5, 0.9, 1.0, 1.0]),
                jitter_ms: dice.pick(&[0.0, 10.0]),
                perf_score: 1.0,
                tickets: TicketPolicy {
                    expected_value,
                    max_face_value: dice.pick(&[None, Some(Wei(2 * expected_value.0))]),
                    ..NODE_TICKETS
                },
                auto_adjust_price: dice.chance(0.5),
                offers,
                response: dice.chance(0.4).then(|| response(dice)),
            }
        })
        .collect();
    network.registered_orchestrators = dice.pick(&[1, 4, 20]);
    network.active_set = network.registered_orchestrators;
    work.into_iter().map(|(_, size)| size).collect()
}

fn response(dice: &mut Dice) -> Response {
    Response {
        review_hours: dice.magnitude(0.01, 10.0),
        pricing: dice.pick(&[
            Pricing::Fixed,
            Pricing::Undercut { by: 0.1 },
            Pricing::BestResponse,
            Pricing::Raise { step: 0.3, refused_share: 0.1 },
        ]),
        cost_share: dice.pick(&[0.0, 0.4, 1.0]),
        most: dice.magnitude(1.0, 10.0),
        gpu_cost_per_day: dice.pick(&["0", "0.01", "5"]).parse().unwrap(),
        node_cost_per_day: dice.pick(&["0", "0.01"]).parse().unwrap(),
        patience: dice.count(1, 3) as u32,
        starts_absent: dice.chance(0.2),
        split_into: dice.count(1, 3) as u32,
    }
}

/// Requests in a burst or spread over the day.
fn demand(scenario: &mut Scenario, dice: &mut Dice, sizes: &[f64]) {
    scenario.demand.clear();
    for gateway in 0..scenario.network.gateways.len() {
        let model = dice.0.below(sizes.len());
        let begin = dice.between(0.0, 0.8) * SECONDS_PER_DAY as f64;
        let length = dice.magnitude(60.0, 0.2 * SECONDS_PER_DAY as f64);
        let mut times: Vec<f64> =
            (0..dice.count(0, 20)).map(|_| begin + length * dice.0.uniform()).collect();
        times.sort_by(f64::total_cmp);
        scenario.demand.push(DemandStream {
            id: format!("d{gateway}"),
            gateway,
            model,
            region: dice.count(0, 1),
            arrivals: Arrivals::Trace(Trace {
                requests: times.into_iter().map(|time| (time, None)).collect(),
            }),
            size: dice.pick(&[
                Distribution::Constant(sizes[model]),
                Distribution::Lognormal { mean: sizes[model], cv: 1.0 },
            ]),
            used_share: Distribution::Uniform { min: 0.2, max: 1.0 },
            resolution: Resolution::P720,
            bad_request_share: dice.pick(&[0.0, 0.0, 0.2]),
            injected: None,
            users: None,
        });
    }
    let injection = &mut scenario.policy.injection;
    injection.steering = dice.pick(&[
        Steering::None,
        Steering::Fixed(vec![(0, 0.5), (1, 0.3)]),
        Steering::Towards { targets: vec![(1, 0.7)], share: 0.9 },
    ]);
    injection.fallback = dice.pick(&[Fallback::Anywhere, Fallback::Refuse]);
    if let Some(prompts) = scenario.demand.last_mut().filter(|_| dice.chance(0.3)) {
        let budget_per_day = Wei(dice.magnitude(1e11, 1e15) as u128);
        prompts.injected = Some(Injected { region: dice.count(0, 1), budget_per_day });
    }
    scenario.failure_delay_s = dice.pick(&[0.1, 1.0, 30.0]);
    scenario.stream_failures_per_hour = dice.pick(&[0.0, 1.0, 60.0]);
}

fn money(scenario: &mut Scenario, dice: &mut Dice) {
    let eth = Wei(dice.magnitude(1e14, 1e19) as u128);
    scenario.credits = credits(eth);
    let treasury = &mut scenario.treasury;
    let clip = Lpt(eth.0 / dice.pick(&[2, 5, 20]));
    let schedule = Schedule { first: dice.hours(0.0, 6.0), every: dice.hours(0.5, 8.0) };
    treasury.conversion = dice.pick(&[
        ConversionPolicy::AllAtOnce,
        ConversionPolicy::Clip { lpt: clip, schedule },
        ConversionPolicy::BelowThreshold { balance: Wei(clip.0 / 2), clip },
        ConversionPolicy::DaysOfCover { days: 0.5, schedule },
    ]);
    let signers: Vec<Signer> = (0..dice.count(0, 3))
        .map(|_| Signer {
            delay_h: Distribution::Exponential { mean: dice.magnitude(0.1, 8.0) },
            availability: dice.pick(&[0.3, 1.0]),
            sleep: dice.pick(&[None, Some(Sleep { utc_offset_h: 0.0, from_h: 4.0, hours: 8.0 })]),
        })
        .collect();
    let (threshold, retry_hours) = (signers.len().div_ceil(2), dice.between(0.5, 24.0));
    if !signers.is_empty() {
        treasury.safe = SafeSetup::new(signers, threshold, retry_hours).unwrap();
    }
    treasury.swap = dice.pick(&[default_treasury().swap, treasury.swap]);
    treasury.prices =
        dice.pick(&[TokenPrices::Constant, TokenPrices::JumpDiffusion(default_motion())]);
    treasury.top_ups.rule = dice.pick(&[
        TopUpRule::RecentSpend,
        TopUpRule::LowestCover,
        TopUpRule::Shares(vec![5, 3, 1]),
    ]);
    treasury.top_ups.reserve = Wei((eth.0 as f64 * dice.pick(&[0.0, 0.05, 0.2, 0.3])) as u128);
    if dice.chance(0.3) {
        let at = dice.hours(1.0, 23.0);
        treasury.drawings = vec![Drawing { project: 0, at, lpt: Lpt(eth.0 / 3) }];
        treasury.projects = vec!["another".to_string()];
    }
    treasury.runway_end = dice.pick(&[RunwayEnd::FirstGateway, RunwayEnd::LastGateway]);
    treasury.deadline = dice.chance(0.3).then(|| dice.hours(1.0, 30.0));
    let payments = &mut scenario.payments;
    payments.mode = dice.pick(&[PaymentMode::Tickets, PaymentMode::Tickets, PaymentMode::Expected]);
    payments.gas_prices = [0.0, 0.3, 0.6]
        .iter()
        .map(|&day| (day, Wei(dice.pick(&[0, 100_000, 1_000_000, 10_000_000]))))
        .collect();
    payments.redemption_delay_s = dice.pick(&[0.0, 60.0, 7200.0]);
    if dice.chance(0.2) {
        scenario.policy.pacing.spend_ceilings = vec![SpendCeiling {
            scope: Scope::default(),
            amount: Ceiling::Eth(Wei(eth.0 / dice.pick(&[5, 50, 500]))),
            period: dice.pick(&[Period::Day, Period::Week]),
        }];
    }
}

/// Users who pay and respond, of some streams.
fn users(scenario: &mut Scenario, dice: &mut Dice) {
    for stream in &mut scenario.demand {
        if dice.chance(0.3) {
            stream.users = Some(Users {
                curve: dice
                    .pick(&[PriceCurve::Inelastic, PriceCurve::Elasticity { exponent: -1.0 }]),
                price: UserPrice::Markup(dice.magnitude(0.1, 10.0)),
                reference_price: None,
                success_exponent: dice.pick(&[0.0, 1.0]),
                latency_exponent: dice.pick(&[0.0, -1.0]),
                most: 1.0,
                review_hours: dice.between(1.0, 24.0),
                adjustment: dice.pick(&[0.5, 1.0]),
                paying: PayingShare { at_start: 0.2, converts_per_day: 2.0, ceiling: 0.9 },
            });
        }
    }
}

fn random_scenario(number: u64) -> Scenario {
    let mut dice = Dice(StreamKey::root(number).sequence());
    let mut scenario = scenario(1.0);
    scenario.seed = number;
    let sizes = network(&mut scenario, &mut dice);
    demand(&mut scenario, &mut dice, &sizes);
    money(&mut scenario, &mut dice);
    users(&mut scenario, &mut dice);
    scenario
}

fn check(number: u64, scenario: &Scenario) -> ReplicationResult {
    let result = replicate(&World::new(scenario), 0)
        .unwrap_or_else(|violation| panic!("run {number}: {violation}"));
    let paid: Wei = result.fees.iter().copied().sum();
    let by_stream: Wei = result.spend_by_stream.iter().copied().sum();
    let by_day: Wei = result.daily_spend.iter().copied().sum();
    assert_eq!((paid, paid), (by_stream, by_day), "run {number}");
    let books = &result.books;
    let lost: Wei = books.lost().iter().copied().sum();
    let parts = result.fee_parts;
    let fees = parts.used + parts.unused + parts.adjustment;
    assert_eq!(fees, books.earned().0 as i128, "run {number}: parts of fees");
    let explained = fees + books.credit_left().0 as i128 + lost.0 as i128 + books.lottery();
    assert_eq!(explained, paid.0 as i128, "run {number}: waterfall");
    let face_values: Wei = result.redemptions.iter().map(|tickets| tickets.face_value).sum();
    if scenario.payments.mode == PaymentMode::Expected {
        assert_eq!((books.lottery(), face_values), (0, Wei::ZERO), "run {number}");
    } else {
        // What neither deposit nor reserve covers is not paid.
        assert!(paid <= face_values, "run {number}: {paid:?} of {face_values:?}");
    }
    let revenue: Wei = result.customers.iter().map(|record| record.revenue).sum();
    assert_eq!(books.income(), revenue, "run {number}: users");
    // Nothing is promised to winning tickets any more: the lottery is all in what was paid.
    let luck = paid.0 as i128 - books.issued().0 as i128;
    assert_eq!(books.lottery(), luck, "run {number}: promised");
    let answered: u64 =
        result.service.iter().map(|record| record.served + record.failed.iter().sum::<u64>()).sum();
    let asked: u64 = result.service.iter().map(|record| record.asked).sum();
    assert!(answered <= asked, "run {number}: {answered} answers to {asked} requests");
    let outage = result.outages;
    let longest = scenario.network.gateways.len() as f64 * SECONDS_PER_DAY as f64;
    assert!((0.0..=longest).contains(&outage.seconds), "run {number}: {outage:?}");
    result
}

/// How often what the runs are to go through came up.
#[derive(Debug, Default)]
struct Seen {
    served: u64,
    paid: u64,
    lost: u64,
    depleted: u64,
    outages: u64,
    returned: u64,
    income: u64,
    void: u64,
    failed: [u64; Failure::COUNT],
}

fn run_share(first: u64) -> Seen {
    let mut seen = Seen::default();
    for number in (first..RUNS).step_by(THREADS as usize) {
        let result = check(number, &random_scenario(number));
        let books = &result.books;
        seen.served += u64::from(result.served_by.iter().any(|&count| count > 0));
        seen.paid += u64::from(result.fees.iter().any(|&fee| fee > Wei::ZERO));
        seen.lost += u64::from(books.lost().iter().any(|&lost| lost > Wei::ZERO));
        seen.depleted += u64::from(result.depleted.is_some());
        seen.outages += u64::from(result.outages.seconds > 0.0);
        seen.returned += u64::from(books.safe().returned > Lpt::ZERO);
        seen.income += u64::from(books.income() > Wei::ZERO);
        seen.void += result.redemptions.iter().map(|tickets| tickets.void).sum::<u64>();
        for record in &result.service {
            for (total, count) in seen.failed.iter_mut().zip(record.failed) {
                *total += count;
            }
        }
    }
    seen
}

#[test]
fn the_books_of_every_random_run_balance() {
    std::thread::scope(|scope| {
        let shares: Vec<_> =
            (0..THREADS).map(|first| scope.spawn(move || run_share(first))).collect();
        for share in shares {
            let seen = share.join().unwrap();
            // Runs in which nothing of the kind happens prove nothing of it.
            let rarest = [
                seen.served,
                seen.paid,
                seen.lost,
                seen.depleted,
                seen.outages,
                seen.returned,
                seen.income,
            ];
            assert!(rarest.iter().all(|&runs| runs > RUNS / THREADS / 50), "{seen:?}");
            assert!(seen.void > 0, "{seen:?}");
            assert!(seen.failed.iter().all(|&count| count > 0), "{seen:?}");
        }
    });
}
