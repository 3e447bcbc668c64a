//! From the samples of all replications to a [`Forecast`].

use super::periods::periods;
use super::sample::share_of;
use super::survival::{KaplanMeier, runway, summary};
use super::warnings::warnings;
use super::{
    Aggregation, Batch, Concentration, Controls, CustomerRow, DayRow, Endings, Estimate,
    FailureCounts, FeeRow, Forecast, LatencySummary, LeftOver, ObjectiveResult, PipelineDay, Plan,
    Quantiles, RedemptionRow, ReducedFigure, ReductionSummary, RegionFees, ResponseRow, Runway,
    Sample, ServiceRow, SpendBreakdown, SteeringRow, SurvivalPoint, TreasurySummary,
    VarianceReduction, Verdict, Waterfall, WaterfallStep, headline_values, headlines,
};
use crate::network::{Network, Offer, Orchestrator};
use crate::payments::LossCause;
use crate::policy::Steering;
use crate::scenario::{Goal, Scenario};
use crate::selection::TIME_TO_LIVE_S;
use crate::simulation::{CustomerRecord, Redemptions, ServiceRecord, SteeringRecord, World};
use crate::text::plural;
use crate::treasury::Prices;
use crate::units::{COIN, Price, SECONDS_PER_HOUR, Wei, mean_parts, significant};

/// Sums up replications of a world, run to this plan.
pub fn assemble(world: &World, batch: &Batch, plan: Plan) -> Forecast {
    let Batch { samples, service } = batch;
    let scenario = world.scenario;
    let reduction = plan.variance_reduction;
    let over = Over { samples, reduction };
    let runways: Vec<(f64, bool)> =
        samples.iter().map(|sample| (sample.runway_days, sample.is_censored)).collect();
    let curve = match reduction.has_pairs() {
        true => KaplanMeier::of_pairs(&runways),
        false => KaplanMeier::new(&runways),
    };
    let controls = Controls::of_samples(reduction, samples);
    let service_rows = service_rows(world, service, samples.len());
    let fee_eth: Vec<Vec<f64>> = samples.iter().map(|sample| sample.fees_eth().collect()).collect();
    let stakes: Vec<f64> =
        scenario.network.orchestrators.iter().map(|o| o.stake.to_coins()).collect();
    let region_fees = region_fees(scenario, over);
    let mut forecast = Forecast {
        mode: world.mode,
        aggregation: aggregation(world, samples),
        seed: scenario.seed,
        replications: samples.len() as u32,
        horizon_days: scenario.horizon_days,
        runway: reduced_runway(scenario, reduction, &runways, &curve, &controls),
        endings: endings(scenario, samples),
        survival: (0..=scenario.horizon_days).map(|day| lasting(&curve, day)).collect(),
        runways,
        numbers: samples.iter().map(|sample| sample.replication).collect(),
        days: days(world, samples),
        periods: periods(world, samples),
        spend: spend(world, over),
        waterfall: waterfall(over),
        redemptions: redemptions(scenario, over),
        treasury: treasury(scenario, over),
        fees: fees(scenario, over, &stakes),
        steering: steering(scenario, samples, &region_fees),
        region_fees,
        customers: customers(scenario, over),
        responses: responses(scenario, over),
        concentration: Concentration::new(&fee_eth, &stakes, reduction),
        service: total_service(service, samples.len()),
        service_rows,
        objectives: scenario.objectives.iter().map(|o| judge(scenario, over, o)).collect(),
        reduction: (!reduction.is_none()).then(|| reduced(scenario, over, &controls)),
        warnings: Vec::new(),
    };
    forecast.warnings = warnings(world, &forecast, samples, plan);
    forecast
}

/// Estimates over replications.
#[derive(Clone, Copy)]
struct Over<'a> {
    samples: &'a [Sample],
    reduction: VarianceReduction,
}

impl Over<'_> {
    fn mean(self, value: impl Fn(&Sample) -> f64) -> Estimate {
        self.reduction.mean(&self.samples.iter().map(value).collect::<Vec<f64>>())
    }

    /// The mean of what cannot be below 0.
    fn amount(self, value: impl Fn(&Sample) -> f64) -> Estimate {
        self.mean(value).within(0.0, f64::INFINITY)
    }

    fn share(self, hits: impl Fn(&Sample) -> bool) -> Estimate {
        self.reduction.proportion(self.samples.iter().map(hits))
    }
}

fn reduced_runway(
    scenario: &Scenario,
    reduction: VarianceReduction,
    runways: &[(f64, bool)],
    curve: &KaplanMeier,
    controls: &Controls,
) -> Runway {
    let horizon = f64::from(scenario.horizon_days).min(scenario.treasury.deadline_days());
    if reduction.is_none() {
        return runway(runways, horizon);
    }
    let days = reduction.observations(runways.iter().map(|(day, _)| Some(*day)));
    let mean = controls.mean(&days).interval(0.05).within(0.0, horizon);
    summary(runways, curve, mean, mean)
}

fn reduced(scenario: &Scenario, over: Over, controls: &Controls) -> ReductionSummary {
    let Over { samples, reduction } = over;
    let rows: Vec<Vec<Option<f64>>> =
        samples.iter().map(|sample| headline_values(scenario, sample)).collect();
    let figure = |(place, headline): (usize, super::Headline)| {
        let values = || rows.iter().map(|row| row.get(place).copied().flatten());
        ReducedFigure::new(headline, reduction, controls, &values().collect::<Vec<_>>())
    };
    ReductionSummary {
        method: reduction,
        observations: samples.len() / reduction.replications_an_observation() as usize,
        controls: controls.count(),
        figures: headlines(scenario).into_iter().enumerate().filter_map(figure).collect(),
    }
}

fn aggregation(world: &World, samples: &[Sample]) -> Option<Aggregation> {
    let sampled = || samples.iter().filter_map(|sample| Some((sample, sample.sampling?)));
    let count = sampled().count() as f64;
    let simulated: u64 = sampled().map(|(_, sampling)| sampling.simulated).sum();
    let requests: u64 = sampled().map(|(_, sampling)| sampling.requests).sum();
    let errors = sampled().map(|(sample, sampling)| {
        let spend = sample.spend().to_coins();
        if spend > 0.0 { sampling.spend_error_eth / spend } else { 0.0 }
    });
    let mut models: Vec<usize> = world.scenario.demand.iter().map(|stream| stream.model).collect();
    models.sort_unstable();
    models.dedup();
    let paces = models.iter().map(|&model| world.paces[model].requests());
    let keys = models.iter().map(|&model| world.scenario.network.models[model].key());
    (count > 0.0).then(|| Aggregation {
        share: 1.0 - simulated as f64 / requests.max(1) as f64,
        stale_hours: paces.clone().max().unwrap_or(1) as f64 * TIME_TO_LIVE_S
            / SECONDS_PER_HOUR as f64,
        paces: keys.zip(paces).collect(),
        spend_error: errors.sum::<f64>() / count,
        gateway_error: sampled().map(|(_, sampling)| sampling.gateway_error).sum::<f64>() / count,
    })
}

/// The chance to last until a day; who ends with it, as all do at a deadline,
/// does.
fn lasting(curve: &KaplanMeier, day: u32) -> SurvivalPoint {
    let day = f64::from(day);
    SurvivalPoint { day, ..curve.at(day.next_down()) }
}

fn endings(scenario: &Scenario, samples: &[Sample]) -> Endings {
    let deadline = scenario.treasury.deadline_days();
    let ran_out = || samples.iter().filter(|sample| sample.ran_out(deadline));
    let count = ran_out().count();
    let mean = |value: fn(&Sample) -> f64| ran_out().map(value).sum::<f64>() / count as f64;
    let at_deadline = samples.iter().filter(|s| !s.is_censored && s.runway_days >= deadline);
    Endings {
        left: (count > 0).then(|| LeftOver {
            total: mean(|sample| sample.left(|_, eth| eth)),
            reserves: mean(|sample| sample.books.left_in_reserves().to_coins()),
            unsold: mean(Sample::left_unsold),
        }),
        deadline_share: at_deadline.count() as f64 / samples.len() as f64,
    }
}

fn quantiles(mut values: Vec<f64>) -> Quantiles {
    values.sort_by(f64::total_cmp);
    Quantiles::of_sorted(&values)
}

fn days(world: &World, samples: &[Sample]) -> Vec<DayRow> {
    let pipelines = world.pipelines.len();
    let spent = |sample: &Sample, day: usize, pipeline: usize| {
        sample.daily_spend_eth.get(day * pipelines + pipeline).copied().unwrap_or(0.0)
    };
    (0..world.scenario.horizon_days as usize)
        .map(|day| {
            let totals: Vec<f64> =
                samples.iter().map(|sample| sample.spent_on(day, pipelines)).collect();
            let balances: Vec<f64> = samples
                .iter()
                .map(|sample| {
                    let balances = &sample.daily_balance_eth;
                    balances.get(day).or(balances.last()).copied().unwrap_or(0.0)
                })
                .collect();
            let worth = |amounts: &[f64], convert: fn(Prices, f64) -> f64| {
                let at_prices = |(sample, &eth): (&Sample, &f64)| {
                    sample.prices_on(day).map_or(0.0, |prices| convert(prices, eth))
                };
                quantiles(samples.iter().zip(amounts).map(at_prices).collect())
            };
            let by_pipeline = (0..pipelines)
                .map(|pipeline| {
                    let values: Vec<f64> =
                        samples.iter().map(|sample| spent(sample, day, pipeline)).collect();
                    let mean_eth = values.iter().sum::<f64>() / values.len() as f64;
                    PipelineDay { mean_eth, eth: quantiles(values) }
                })
                .collect();
            DayRow {
                day: day as u32,
                balance_usd: worth(&balances, Prices::eth_in_usd),
                balance_lpt: worth(&balances, Prices::eth_in_lpt),
                balance_eth: quantiles(balances),
                spend_usd: worth(&totals, Prices::eth_in_usd),
                spend_lpt: worth(&totals, Prices::eth_in_lpt),
                spend_eth: quantiles(totals),
                by_pipeline,
            }
        })
        .collect()
}

/// Means over replications, by a name for each demand stream; names in order
/// of first appearance.
fn breakdown(
    stream_totals: &[Wei],
    replications: usize,
    name_of: impl Fn(usize) -> String,
) -> Vec<(String, Wei)> {
    let mut totals: Vec<(String, Wei)> = Vec::new();
    for (stream, &total) in stream_totals.iter().enumerate() {
        let name = name_of(stream);
        match totals.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => sum.0 += total.0,
            None => totals.push((name, total)),
        }
    }
    let sums: Vec<Wei> = totals.iter().map(|&(_, sum)| sum).collect();
    let means = mean_parts(&sums, replications as u128);
    totals.into_iter().zip(means).map(|((name, _), mean)| (name, mean)).collect()
}

fn spend(world: &World, over: Over) -> SpendBreakdown {
    let samples = over.samples;
    let (scenario, network) = (world.scenario, &world.scenario.network);
    let demand = &scenario.demand;
    let stream_totals: Vec<Wei> = (0..demand.len())
        .map(|stream| samples.iter().map(|sample| sample.spend_by_stream[stream]).sum())
        .collect();
    let model = |stream: usize| &network.models[demand[stream].model];
    let by = |name_of: &dyn Fn(usize) -> String| breakdown(&stream_totals, samples.len(), name_of);
    let mut by_pipeline = by(&|stream| model(stream).pipeline.name().to_string());
    let place = |name: &str| world.pipelines.iter().position(|p| p.name() == name);
    by_pipeline.sort_by_key(|(name, _)| place(name));
    SpendBreakdown {
        total: by_pipeline.iter().map(|&(_, mean)| mean).sum(),
        total_eth: over.amount(|sample| sample.spend().to_coins()),
        median_eth: quantiles(samples.iter().map(|sample| sample.spend().to_coins()).collect()).p50,
        by_pipeline,
        by_model: by(&|stream| model(stream).key()),
        by_gateway: by(&|stream| network.gateways[demand[stream].gateway].id.clone()),
        by_region: by(&|stream| network.regions[demand[stream].region].id.clone()),
    }
}

/// The steps from "price x units used" to what left the gateways.
fn waterfall(over: Over) -> Waterfall {
    let lost =
        |cause: LossCause| move |sample: &Sample| sample.books.lost()[cause as usize].0 as i128;
    type Step = (&'static str, &'static str, Box<dyn Fn(&Sample) -> i128>);
    let steps: [Step; 11] = [
        ("units_used", "price x units used", Box::new(|s| s.fee_parts.used)),
        ("units_unused", "units billed but not used", Box::new(|s| s.fee_parts.unused)),
        ("price_adjustment", "price adjustment", Box::new(|s| s.fee_parts.adjustment)),
        (
            "credit_left",
            "whole tickets, still usable",
            Box::new(|s| s.books.credit_left().0 as i128),
        ),
        ("lost_failure", "lost: request failed", Box::new(lost(LossCause::Failure))),
        (
            "lost_payment_refused",
            "lost: payment refused",
            Box::new(lost(LossCause::PaymentRefused)),
        ),
        (
            "lost_session_refresh",
            "lost: session refreshed",
            Box::new(lost(LossCause::SessionRefresh)),
        ),
        ("lost_expiry", "lost: balance expired", Box::new(lost(LossCause::Expiry))),
        ("lost_swap", "lost: stream swapped", Box::new(lost(LossCause::Swap))),
        (
            "lost_session_removed",
            "lost: session removed",
            Box::new(lost(LossCause::SessionRemoved)),
        ),
        ("lottery", "luck of the lottery", Box::new(|s| s.books.lottery())),
    ];
    let eth = |wei: i128| wei as f64 / COIN as f64;
    let estimates: Vec<Estimate> = steps
        .iter()
        .map(|(id, _, amount)| {
            let least = if *id == "lottery" { f64::NEG_INFINITY } else { 0.0 };
            over.mean(|sample| eth(amount(sample))).within(least, f64::INFINITY)
        })
        .collect();
    // Steps are up to a million times what is left of them together: only whole
    // wei add up to nothing where nothing was spent.
    let of_sample = |sample| steps.iter().map(|(.., amount)| amount(sample)).sum::<i128>();
    let total: i128 = over.samples.iter().map(of_sample).sum();
    let total_eth = eth(total) / over.samples.len() as f64;
    let share = |part: f64| (total > 0).then(|| part / total_eth);
    let steps = steps
        .iter()
        .zip(estimates)
        .map(|(&(id, label, _), eth)| WaterfallStep { id, label, eth, share: share(eth.mean) })
        .collect();
    Waterfall { steps, total_eth }
}

/// All winning tickets, then those of each gas price where the run saw several.
fn redemptions(scenario: &Scenario, over: Over) -> Vec<RedemptionRow> {
    let row = |gas_price, periods: std::ops::Range<usize>, (from, to): (f64, f64)| {
        let of = |sample: &Sample, count: fn(&Redemptions) -> u128| -> f64 {
            let redemptions = sample.redemptions.get(periods.clone()).unwrap_or_default();
            redemptions.iter().map(count).sum::<u128>() as f64
        };
        let redeemed = over.amount(|sample| of(sample, |tickets| tickets.redeemed.into()));
        let face_value =
            over.mean(|sample| of(sample, |tickets| tickets.face_value.0)).mean / COIN as f64;
        RedemptionRow {
            gas_price,
            days: over.mean(|sample| (sample.runway_days.min(to) - from).max(0.0)).mean,
            redeemed,
            void: over.amount(|sample| of(sample, |tickets| tickets.void.into())),
            face_value_eth: (redeemed.mean > 0.0).then(|| face_value / redeemed.mean),
        }
    };
    let horizon = f64::from(scenario.horizon_days);
    let gas_prices = &scenario.payments.gas_prices;
    let all = row(None, 0..gas_prices.len().max(1), (0.0, horizon));
    if all.redeemed.mean + all.void.mean == 0.0 {
        return Vec::new();
    }
    let by_price = gas_prices.iter().enumerate().map(|(period, &(from, price))| {
        let to = gas_prices.get(period + 1).map_or(horizon, |&(next, _)| next.min(horizon));
        row(Some((from, price)), period..period + 1, (from, to))
    });
    let by_price: Vec<RedemptionRow> = by_price.filter(|row| row.days > 0.0).collect();
    let several = if by_price.len() > 1 { by_price } else { Vec::new() };
    std::iter::once(all).chain(several).collect()
}

fn treasury(scenario: &Scenario, over: Over) -> TreasurySummary {
    let allocated = scenario.credits.lpt;
    let gateways = scenario.network.gateways.len();
    let first_outages: Vec<f64> = over.samples.iter().filter_map(|s| s.outages.first_day).collect();
    let part = |value: fn(&Sample) -> f64| over.mean(value).within(0.0, allocated.to_coins());
    TreasurySummary {
        allocated_lpt: allocated.to_coins(),
        sold_lpt: part(|s| s.books.safe().sold.to_coins()),
        drawn_lpt: part(|s| s.books.safe().drawn.to_coins()),
        set_aside_lpt: part(|s| s.set_aside().to_coins()),
        unsold_lpt: part(|s| s.for_sale.to_coins()),
        returned_lpt: part(|s| s.books.safe().returned.to_coins()),
        proceeds_eth: over.amount(|s| s.books.proceeds().to_coins()),
        income_eth: over.amount(|s| s.books.income().to_coins()),
        swap_fee_eth: over.amount(|s| s.books.swaps().fee.to_coins()),
        swap_impact_eth: over.amount(|s| s.books.swaps().impact.to_coins()),
        swap_gas_eth: over.amount(|s| s.books.swaps().gas.to_coins()),
        spent_usd: over.amount(|s| s.spent_at_day_prices(Prices::eth_in_usd)),
        spent_lpt: over.amount(|s| s.spent_at_day_prices(Prices::eth_in_lpt)),
        left_eth: over.amount(|s| s.books.left().to_coins()),
        returned_eth: over.amount(|s| s.books.returned().to_coins()),
        credits_left_eth: over.amount(|s| s.left(|_, eth| eth)),
        credits_left_usd: over.amount(|s| s.left(Prices::eth_in_usd)),
        credits_left_lpt: over.amount(|s| s.left(Prices::eth_in_lpt)),
        credits_returned_eth: over.amount(|s| s.returned(|_, eth| eth)),
        credits_returned_usd: over.amount(|s| s.returned(Prices::eth_in_usd)),
        credits_returned_lpt: over.amount(|s| s.returned(Prices::eth_in_lpt)),
        conversions: over.mean(|s| s.books.swaps().count as f64).mean,
        inflation_hours: scenario.treasury.inflation.hours(allocated),
        outage_hours: over.amount(|s| s.outages.seconds / SECONDS_PER_HOUR as f64),
        outage_share: over.mean(|s| s.outage_share(gateways)).mean,
        first_outage_days: (!first_outages.is_empty())
            .then(|| first_outages.iter().sum::<f64>() / first_outages.len() as f64),
        outages: over.mean(|s| s.outages.count as f64).mean,
        refused: over.mean(|s| s.outages.refused as f64).mean,
    }
}

/// The mean share of fees that the chosen orchestrators earned in replications
/// with fees.
fn share_estimate(over: Over, chosen: impl Fn(usize) -> bool) -> Estimate {
    let shares = over.samples.iter().map(|sample| sample.fee_share(&chosen));
    over.reduction.mean_of_known(shares).within(0.0, 1.0)
}

/// Mean fees of every orchestrator, adding up to the mean spend to the wei.
fn mean_fees(scenario: &Scenario, samples: &[Sample]) -> Vec<Wei> {
    let totals: Vec<Wei> = (0..scenario.network.orchestrators.len())
        .map(|orchestrator| samples.iter().map(|sample| sample.fees[orchestrator]).sum())
        .collect();
    mean_parts(&totals, samples.len() as u128)
}

fn fees(scenario: &Scenario, over: Over, stakes: &[f64]) -> Vec<FeeRow> {
    let samples = over.samples;
    let network = &scenario.network;
    let total_stake: f64 = stakes.iter().sum();
    let totals: Vec<f64> = samples.iter().map(|sample| sample.fees_eth().sum()).collect();
    let share = |index: usize| {
        let of_all = samples.iter().zip(&totals);
        let shares = of_all.map(|(sample, total)| share_of(sample.fees[index].to_coins(), *total));
        over.reduction.mean_of_known(shares).within(0.0, 1.0)
    };
    let mut rows: Vec<FeeRow> = network
        .orchestrators
        .iter()
        .zip(mean_fees(scenario, samples))
        .enumerate()
        .map(|(index, (orchestrator, fees))| FeeRow {
            id: orchestrator.id.clone(),
            region: network.regions[orchestrator.region].id.clone(),
            fees,
            share: share(index),
            requests: samples.iter().map(|sample| sample.served_by[index] as f64).sum::<f64>()
                / samples.len() as f64,
            stake_share: if total_stake > 0.0 { stakes[index] / total_stake } else { 0.0 },
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.fees));
    rows
}

fn region_fees(scenario: &Scenario, over: Over) -> Vec<RegionFees> {
    let network = &scenario.network;
    let mean_fees = mean_fees(scenario, over.samples);
    let region_of = |orchestrator: usize| network.orchestrators[orchestrator].region;
    network
        .regions
        .iter()
        .enumerate()
        .map(|(index, region)| {
            let members = (0..network.orchestrators.len()).filter(|&o| region_of(o) == index);
            RegionFees {
                id: region.id.clone(),
                name: region.name.clone(),
                orchestrators: members.clone().count(),
                fees: members.map(|orchestrator| mean_fees[orchestrator]).sum(),
                share: share_estimate(over, |orchestrator| region_of(orchestrator) == index),
            }
        })
        .collect()
}

fn responses(scenario: &Scenario, over: Over) -> Vec<ResponseRow> {
    let Over { samples, reduction } = over;
    let Scenario { network, credits, .. } = scenario;
    let responding = network.orchestrators.iter().filter(|o| o.response.is_some());
    let offers = responding.flat_map(|o| o.offers.iter().map(move |offer| (o, offer)));
    let row = |(place, (orchestrator, offer)): (usize, (&Orchestrator, &Offer))| {
        let records = || samples.iter().filter_map(|sample| sample.responses.get(place));
        let prices: Vec<f64> = records().map(|record| record.price).collect();
        ResponseRow {
            orchestrator: orchestrator.id.clone(),
            model: network.models[offer.model].key(),
            opening_price: offer.price.at(credits.eth_usd).map_or(0.0, Price::to_f64),
            price: reduction.mean(&prices).within(0.0, f64::INFINITY),
            present: reduction.proportion(records().map(|record| record.nodes > 0)),
            nodes: records().map(|record| f64::from(record.nodes)).sum::<f64>()
                / samples.len() as f64,
        }
    };
    offers.enumerate().map(row).collect()
}

fn steering(scenario: &Scenario, samples: &[Sample], fees: &[RegionFees]) -> Vec<SteeringRow> {
    let targets = match &scenario.policy.injection.steering {
        Steering::Towards { targets, .. } => targets.as_slice(),
        _ => &[],
    };
    let row = |(index, region): (usize, &RegionFees)| {
        let mean = |count: fn(&SteeringRecord) -> u64| {
            let counts = samples.iter().map(|sample| count(&sample.steering[index]));
            counts.sum::<u64>() as f64 / samples.len() as f64
        };
        SteeringRow {
            region: region.id.clone(),
            name: region.name.clone(),
            steered: mean(|record| record.steered),
            reached: mean(|record| record.reached),
            nobody_there: mean(|record| record.nobody_there),
            target: targets.iter().find(|(of, _)| *of == index).map(|&(_, target)| target),
            fee_share: region.share.mean,
        }
    };
    let rows = fees.iter().enumerate().map(row);
    rows.filter(|row| row.steered > 0.0).collect()
}

fn customers(scenario: &Scenario, over: Over) -> Vec<CustomerRow> {
    let Over { samples, .. } = over;
    let gateways = samples.first().map_or(0, |sample| sample.customers.len());
    let row = |index: usize| {
        let records = || samples.iter().map(|sample| &sample.customers[index]);
        let mean =
            |value: fn(&CustomerRecord) -> f64| over.mean(|sample| value(&sample.customers[index]));
        let amount = |value| mean(value).within(0.0, f64::INFINITY);
        let mut days: Vec<f64> =
            records().filter_map(|record| record.carries_itself).map(f64::from).collect();
        days.sort_by(f64::total_cmp);
        let gateway = records().next().map_or(0, |record| record.gateway);
        CustomerRow {
            gateway: scenario.network.gateways[gateway].id.clone(),
            free: mean(|record| record.free as f64).mean,
            paying: mean(|record| record.paying as f64).mean,
            revenue_eth: amount(|record| record.revenue.to_coins()),
            revenue_usd: mean(|record| record.revenue_usd).mean,
            spend_eth: amount(|record| record.spend.to_coins()),
            net_eth: mean(|record| record.revenue.to_coins() - record.spend.to_coins()),
            rate_factor: mean(|record| record.rate_factor),
            carries_itself: over.share(|s| s.customers[index].carries_itself.is_some()),
            carries_itself_day: (!days.is_empty()).then(|| Quantiles::of_sorted(&days).p50),
        }
    };
    (0..gateways).map(row).collect()
}

fn service_row(
    record: &ServiceRecord,
    replications: usize,
    [gateway, pipeline, region]: [&str; 3],
) -> ServiceRow {
    let mean = |count: u64| count as f64 / replications as f64;
    let [
        no_orchestrator,
        capacity,
        orchestrator_error,
        bad_request,
        stream_lost,
        payment,
        no_funds,
        nonces,
        limit,
    ] = record.failed.map(mean);
    ServiceRow {
        gateway: gateway.to_string(),
        pipeline: pipeline.to_string(),
        region: region.to_string(),
        asked: mean(record.asked),
        served: mean(record.served),
        failed: FailureCounts {
            no_orchestrator,
            capacity,
            orchestrator_error,
            bad_request,
            stream_lost,
            payment: payment + nonces,
            no_funds,
            limit,
        },
        latency: LatencySummary {
            p50_ms: record.latency.quantile(0.5),
            p95_ms: record.latency.quantile(0.95),
            p99_ms: record.latency.quantile(0.99),
        },
    }
}

fn service_rows(world: &World, service: &[ServiceRecord], replications: usize) -> Vec<ServiceRow> {
    let network = &world.scenario.network;
    let row = |(key, record): (&crate::simulation::ServiceKey, &ServiceRecord)| {
        let names = [
            network.gateways[key.gateway].id.as_str(),
            key.pipeline.name(),
            network.regions[key.region].id.as_str(),
        ];
        service_row(record, replications, names)
    };
    world.service_keys.iter().zip(service).map(row).collect()
}

fn total_service(service: &[ServiceRecord], replications: usize) -> ServiceRow {
    let mut total = ServiceRecord::default();
    service.iter().for_each(|record| total.merge(record));
    service_row(&total, replications, [""; 3])
}

fn judge(
    scenario: &Scenario,
    over: Over,
    objective: &crate::scenario::Objective,
) -> ObjectiveResult {
    let network = &scenario.network;
    let held: Vec<Option<bool>> =
        over.samples.iter().map(|sample| holds(&objective.goal, network, sample)).collect();
    let text = in_words(&objective.goal, network);
    ObjectiveResult::new(objective.id.clone(), text, objective.probability, &held, over.reduction)
}

impl ObjectiveResult {
    /// Judges an objective by whether it held in each replication, run like this.
    pub fn new(
        id: String,
        text: String,
        required: f64,
        held: &[Option<bool>],
        reduction: VarianceReduction,
    ) -> ObjectiveResult {
        let share_where = |counts: fn(Option<bool>) -> bool| {
            reduction.proportion(held.iter().copied().map(counts))
        };
        let (certain, possible) =
            (share_where(|held| held == Some(true)), share_where(|held| held != Some(false)));
        let probability = Estimate { hi: possible.hi, ..certain };
        let share = |outcome| {
            held.iter().filter(|&&held| held == outcome).count() as f64 / held.len().max(1) as f64
        };
        let (held_share, unknown_share) = (share(Some(true)), share(None));
        let verdict = if held_share >= required {
            Verdict::Met
        } else if held_share + unknown_share < required {
            Verdict::Missed
        } else {
            Verdict::NotKnown
        };
        ObjectiveResult { id, text, probability, required, unknown_share, verdict }
    }
}

/// A goal as a statement: "credits last at least 90 days".
pub fn in_words(goal: &Goal, network: &Network) -> String {
    let percent = |share: &f64| format!("{} %", significant(share * 100.0, 12));
    match goal {
        Goal::LastDays(days) => {
            format!("credits last at least {}", plural(&days.to_string(), "day"))
        }
        Goal::SuccessRate(rate) => format!("at least {} of requests are served", percent(rate)),
        Goal::RegionFeeShare { region, share } => {
            let region = &network.regions[*region].name;
            format!("{region} earns at least {} of the fees", percent(share))
        }
        Goal::TopFeeShare(share) => {
            format!("the largest orchestrator earns at most {} of the fees", percent(share))
        }
        Goal::OutageShare(share) => {
            format!("gateways are without funds for at most {} of their time", percent(share))
        }
    }
}

/// Whether a replication attains a goal. Where no request ended, none failed;
/// where nobody earned fees, or the run ended with credits left before the day they
/// are to last to, it cannot be said (`None`).
pub fn holds(goal: &Goal, network: &Network, sample: &Sample) -> Option<bool> {
    match goal {
        Goal::LastDays(days) if sample.runway_days < *days => {
            (!sample.is_censored).then_some(false)
        }
        Goal::LastDays(_) => Some(true),
        Goal::SuccessRate(rate) => {
            Some(sample.service.success_rate().is_none_or(|share| share >= *rate))
        }
        Goal::RegionFeeShare { region, share } => sample
            .fee_share(|o| network.orchestrators[o].region == *region)
            .map(|earned| earned >= *share),
        Goal::TopFeeShare(share) => {
            let largest = (0..sample.fees.len()).max_by_key(|&o| sample.fees[o]);
            sample.fee_share(|o| Some(o) == largest).map(|earned| earned <= *share)
        }
        Goal::OutageShare(share) => Some(sample.outage_share(network.gateways.len()) <= *share),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Source, load};

    #[test]
    fn goals_are_said_without_the_noise_of_floats() {
        let network = load(&Source::built_in(), &[]).unwrap().network;
        let said = |goal| in_words(&goal, &network);
        for percent in 1..100 {
            let goal = Goal::SuccessRate(f64::from(percent) / 100.0);
            assert_eq!(said(goal), format!("at least {percent} % of requests are served"));
        }
        let rate = Goal::SuccessRate(0.99999);
        assert_eq!(said(rate), "at least 99.999 % of requests are served");
        assert_eq!(said(Goal::LastDays(1.0)), "credits last at least 1 day");
        assert_eq!(said(Goal::LastDays(1.5)), "credits last at least 1.5 days");
    }
}
