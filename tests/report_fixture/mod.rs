//! Forecasts made up to look real, and some made up to be awkward.

#![allow(dead_code)]

use orchsim::demand::DemandUncertainty;
use orchsim::ensemble::{
    Bound, Concentration, DayRow, Endings, Estimate, FailureCounts, FeeRow, Forecast,
    LatencySummary, LeftOver, ObjectiveResult, PipelineDay, Quantile, Quantiles, RedemptionRow,
    RegionFees, ResponseRow, Runway, ServiceRow, SpendBreakdown, SurvivalPoint, TreasurySummary,
    Verdict, Warning, Waterfall, WaterfallStep,
};
use orchsim::network::{Network, Region, RttMatrix};
use orchsim::payments::{PaymentMode, PaymentSetup};
use orchsim::policy::Policy;
use orchsim::report::RunContext;
use orchsim::scenario::Scenario;
use orchsim::simulation::Mode;
use orchsim::treasury::{
    ConversionPolicy, Credits, Inflation, MINTED_PER_ROUND, RunwayEnd, SafeSetup, Signer,
    SwapTerms, TokenPrices, TopUpRule, TopUps, TreasurySetup,
};
use orchsim::units::{Lpt, Wei, mean_parts};

pub const ETH: u128 = 1_000_000_000_000_000_000;

const REGIONS: [(&str, &str, usize); 5] = [
    ("na-east", "North America East", 9),
    ("na-central", "North America Central", 4),
    ("na-west", "North America West", 3),
    ("eu", "Europe", 8),
    ("asia", "Asia", 3),
];
const PIPELINES: [(&str, f64); 7] = [
    ("live-video-to-video", 0.44),
    ("text-to-image", 0.21),
    ("llm", 0.12),
    ("image-to-video", 0.09),
    ("upscale", 0.06),
    ("image-to-image", 0.05),
    ("audio-to-text", 0.03),
];

/// A linear congruential generator (Knuth's MMIX constants).
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

pub fn context() -> RunContext {
    RunContext {
        command: "orchsim run scenarios/agent-spe-15k.toml --replications 100 --seed 1".into(),
        version: "0.1.0".into(),
        scenario_hash: "9f2c4e7a11d05b83".into(),
        suppress: "--suppress {id}".into(),
        directory: Some("outputs/agent-spe-15k".into()),
        missing: None,
    }
}

pub fn scenario(horizon_days: u32, replications: u32) -> Scenario {
    let regions = REGIONS.map(|(id, name, _)| Region {
        id: id.into(),
        name: name.into(),
        utc_offset_hours: 0.0,
    });
    Scenario {
        name: "agent-spe-15k".into(),
        title: "Agent SPE inference credits: 15,000 LPT".into(),
        start: jiff::civil::date(2025, 2, 13),
        horizon_days,
        seed: 1,
        replications,
        credits: Credits {
            is_sold: false,
            is_eth: false,
            lpt: Lpt(15_000 * ETH),
            eth: Wei(40 * ETH + ETH / 8),
            lpt_usd: "6.9".parse().unwrap(),
            eth_usd: "2600".parse().unwrap(),
        },
        treasury: TreasurySetup {
            prices: TokenPrices::Constant,
            safe: SafeSetup::new(vec![Signer::default()], 1, 24.0).unwrap(),
            conversion: ConversionPolicy::AllAtOnce,
            swap: SwapTerms {
                fee_bps: 30,
                depth: Lpt(2_250_000_000_000_000_000_000_000),
                recovery_half_life_h: 1.0,
                gas: Wei(20_000_000_000_000),
            },
            top_ups: TopUps { rule: TopUpRule::RecentSpend, reserve: Wei::ZERO },
            drawings: Vec::new(),
            projects: Vec::new(),
            runway_end: RunwayEnd::FirstGateway,
            deadline: None,
            inflation: Inflation {
                minted_per_round: MINTED_PER_ROUND,
                round_hours: 6_377.0 * 12.0 / 3_600.0,
            },
        },
        payments: PaymentSetup {
            mode: PaymentMode::Tickets,
            gas_prices: Vec::new(),
            redemption_delay_s: 3600.0,
        },
        policy: Policy::default(),
        network: Network {
            rtt: RttMatrix::zero(regions.len()),
            regions: regions.into(),
            models: Vec::new(),
            gateways: Vec::new(),
            orchestrators: Vec::new(),
            registered_orchestrators: 100,
            active_set: 100,
            unresponsive_orchestrators: 2,
        },
        failure_delay_s: 2.0,
        stream_failures_per_hour: 0.05,
        demand: Vec::new(),
        uncertainty: DemandUncertainty::default(),
        objectives: Vec::new(),
        suppressed_warnings: Vec::new(),
    }
}

/// Two gateways, five regions, 27 orchestrators, seven pipelines, 100
/// replications over 500 days: most futures run out.
pub fn realistic() -> (Scenario, Forecast) {
    made_up(500, 100, 0.07)
}

/// The same with its horizon, replications and first day's burn in ETH.
pub fn made_up(horizon: u32, replications: u32, first_burn: f64) -> (Scenario, Forecast) {
    let scenario = scenario(horizon, replications);
    let credits = scenario.credits.eth.to_coins();
    let mut random = Random(42);
    let mut runways = Vec::new();
    let mut balances = vec![Vec::new(); horizon as usize];
    let mut spends = vec![Vec::new(); horizon as usize];
    for _ in 0..replications {
        let level = first_burn * (0.75 + 0.5 * random.next());
        let growth = 0.001 + 0.003 * random.next();
        let mut balance = credits;
        let mut runway = None;
        for day in 0..horizon as usize {
            let weekday = if day % 7 < 5 { 1.1 } else { 0.75 };
            let noise = 0.8 + 0.4 * random.next();
            let burn = level * (growth * day as f64).exp() * weekday * noise;
            let spent = burn.min(balance);
            if spent < burn && runway.is_none() {
                runway = Some(day as f64 + balance / burn);
            }
            balance -= spent;
            balances[day].push(balance);
            spends[day].push(spent);
        }
        runways.push(runway.map_or((f64::from(horizon), true), |days| (days, false)));
    }
    let total_eth: f64 = spends.iter().flatten().sum::<f64>() / f64::from(replications);
    let total = Wei((total_eth * ETH as f64) as u128);
    let days = (0..horizon as usize).map(|day| {
        let mean = spends[day].iter().sum::<f64>() / f64::from(replications);
        let spend = quantiles(&mut spends[day]);
        let by_pipeline = PIPELINES.map(|(_, share)| {
            let wobble = 1.0 + 0.1 * ((day as f64 * share * 9.0).sin());
            let part = share * wobble;
            PipelineDay { mean_eth: mean * part, eth: scaled(&spend, part) }
        });
        DayRow {
            day: day as u32,
            balance_eth: quantiles(&mut balances[day]),
            balance_usd: scaled(&quantiles(&mut balances[day]), 2600.0),
            balance_lpt: scaled(&quantiles(&mut balances[day]), 376.8),
            spend_eth: spend,
            spend_usd: scaled(&spend, 2600.0),
            spend_lpt: scaled(&spend, 376.8),
            by_pipeline: by_pipeline.into(),
        }
    });
    let days = days.collect();

    let weights: Vec<f64> = (0..27).map(|i| (-0.28 * f64::from(i)).exp()).collect();
    let stakes: Vec<f64> = (0..27).map(|i| 1.0 / (2.0 + f64::from((i * 11) % 27))).collect();
    let fees = parts(total, &weights);
    let homes: Vec<&str> =
        REGIONS.iter().flat_map(|&(id, _, n)| std::iter::repeat_n(id, n)).collect();
    let share_of = |wei: Wei| if total.0 == 0 { 0.0 } else { wei.to_coins() / total.to_coins() };
    let rows: Vec<FeeRow> = (0..27)
        .map(|i| FeeRow {
            id: format!("{}-{:02}.example.eth", homes[(i * 7) % 27], i + 1),
            region: homes[(i * 7) % 27].into(),
            fees: fees[i],
            share: around(share_of(fees[i]), 0.06),
            requests: 80_000.5 * weights[i],
            stake_share: stakes[i] / stakes.iter().sum::<f64>(),
        })
        .collect();
    let region_fees = REGIONS.map(|(id, name, orchestrators)| {
        let of_region = rows.iter().filter(|row| row.region == id);
        let fees: Wei = of_region.map(|row| row.fees).sum();
        RegionFees {
            id: id.into(),
            name: name.into(),
            orchestrators,
            fees,
            share: around(share_of(fees), 0.04),
        }
    });
    let spend = SpendBreakdown {
        total,
        total_eth: around(total_eth, 0.02),
        median_eth: 0.9 * total_eth,
        by_pipeline: named(PIPELINES.map(|(name, share)| (name, share)), total),
        by_model: named(
            [("llm/meta-llama/Llama-3.1-8B", 0.3), ("text-to-image/SG161222/RealVisXL", 0.7)],
            total,
        ),
        by_gateway: named([("eliza", 0.8), ("livepeer-cloud", 0.2)], total),
        by_region: named(REGIONS.map(|(id, _, n)| (id, n as f64)), total),
    };
    let mut service_rows = Vec::new();
    for gateway in ["eliza", "livepeer-cloud"] {
        for (pipeline, share) in PIPELINES {
            for (region, _, _) in REGIONS {
                let asked = if total.0 == 0 { 0.0 } else { 4000.0 * share };
                service_rows.push(service(gateway, pipeline, region, asked));
            }
        }
    }
    let asked = service_rows.iter().map(|row| row.asked).sum();
    let forecast = Forecast {
        mode: Mode::Exact,
        aggregation: None,
        seed: 1,
        replications,
        horizon_days: horizon,
        runway: runway(&runways, horizon),
        endings: Endings {
            left: Some(LeftOver { total: 0.3, reserves: 0.2, unsold: 0.0 }),
            deadline_share: 0.0,
        },
        survival: survival(&runways, horizon),
        numbers: (0..runways.len() as u64).collect(),
        runways,
        days,
        periods: Vec::new(),
        spend,
        waterfall: waterfall(total_eth, &STEPS),
        redemptions: redemptions(total_eth, horizon),
        treasury: treasury(total_eth, credits),
        steering: Vec::new(),
        customers: Vec::new(),
        responses: Vec::new(),
        concentration: Concentration {
            gini: around(0.71, 0.02),
            hhi: around(0.14, 0.05),
            nakamoto: Estimate { mean: 3.0, lo: 3.0, hi: 3.0 },
            top1: around(0.244, 0.03),
            top4: around(0.674, 0.02),
            stake_gini: 0.42,
            lorenz: lorenz(&weights),
            stake_lorenz: lorenz(&stakes),
        },
        fees: rows,
        region_fees: region_fees.into(),
        service: service("", "", "", asked),
        service_rows,
        objectives: vec![
            ObjectiveResult {
                id: "three-months".into(),
                text: "credits last at least 90 days".into(),
                probability: Estimate { mean: 1.0, lo: 0.963, hi: 1.0 },
                required: 0.95,
                unknown_share: 0.0,
                verdict: Verdict::Met,
            },
            ObjectiveResult {
                id: "asia-earns".into(),
                text: "asia earns at least 10 % of the fees".into(),
                probability: Estimate { mean: 0.41, lo: 0.319, hi: 0.508 },
                required: 0.5,
                unknown_share: 0.0,
                verdict: Verdict::Missed,
            },
        ],
        reduction: None,
        warnings: vec![Warning {
            id: "price-weight-blind",
            text: "the price weight of gateway eliza is blind for live-video-to-video: every price \
                   is above 74,500 wei per unit, where exp underflows and all prices look the same; \
                   raise -selectPriceExpFactor"
                .into(),
        }],
    };
    (scenario, forecast)
}

/// The steps of a waterfall as they come, each with a made-up share; they add
/// up to 1.
const STEPS: [(&str, &str, f64); 11] = [
    ("units_used", "price x units used", 0.83),
    ("units_unused", "units billed, not used", 0.09),
    ("price_adjustment", "gas in the price", 0.0085),
    ("credit_left", "credit left at the end", 0.0015),
    ("lost_failure", "lost: failed requests", 0.021),
    ("lost_payment_refused", "lost: payment refused", 0.0),
    ("lost_session_refresh", "lost: session refreshed", 0.048),
    ("lost_expiry", "lost: expired after 10 minutes", 0.0085),
    ("lost_swap", "lost: stream swapped", 0.0175),
    ("lost_session_removed", "lost: session removed", 0.0),
    ("lottery", "luck of the ticket lottery", -0.025),
];

/// An orchestrator that responds.
pub fn response(id: &str) -> ResponseRow {
    ResponseRow {
        orchestrator: id.into(),
        model: "llm/a".into(),
        opening_price: 100.0,
        price: around(90.0, 0.1),
        present: Estimate { mean: 1.0, lo: 0.96, hi: 1.0 },
        nodes: 1.0,
    }
}

/// Steps that are these shares of a total.
pub fn waterfall(total_eth: f64, shares: &[(&'static str, &'static str, f64)]) -> Waterfall {
    let step = |&(id, label, share): &(&'static str, &'static str, f64)| {
        let mean = share * total_eth;
        let half = if id == "lottery" { 0.03 * total_eth } else { 0.04 * mean };
        let eth = Estimate { mean, lo: mean - half, hi: mean + half };
        WaterfallStep { id, label, eth, share: (total_eth != 0.0).then_some(share) }
    };
    Waterfall { steps: shares.iter().map(step).collect(), total_eth }
}

/// All spend in two halves, at a face value of 0.0012 ETH and at twice that.
fn redemptions(total_eth: f64, horizon: u32) -> Vec<RedemptionRow> {
    let (half, gas_price) = (f64::from(horizon) / 2.0, Wei(10_000_000));
    let row = |gas_price, days, redeemed, face_value_eth| RedemptionRow {
        gas_price,
        days,
        redeemed: around(redeemed, 0.02),
        void: around(redeemed / 1000.0, 0.3),
        face_value_eth: Some(face_value_eth),
    };
    let number = total_eth / 2.0 / 0.0012;
    vec![
        row(None, 2.0 * half, 1.5 * number, 0.0016),
        row(Some((0.0, gas_price)), half, number, 0.0012),
        row(Some((half, Wei(2 * gas_price.0))), half, number / 2.0, 0.0024),
    ]
}

/// 15,000 LPT of which all but 300 LPT are sold week by week.
fn treasury(spent_eth: f64, proceeds_eth: f64) -> TreasurySummary {
    TreasurySummary {
        allocated_lpt: 15_000.0,
        sold_lpt: around(14_500.0, 0.01),
        drawn_lpt: around(200.0, 0.0),
        set_aside_lpt: around(0.0, 0.0),
        unsold_lpt: around(300.0, 0.3),
        returned_lpt: around(0.0, 0.0),
        proceeds_eth: around(proceeds_eth, 0.03),
        income_eth: around(0.0, 0.0),
        swap_fee_eth: around(0.1204, 0.03),
        swap_impact_eth: around(0.0162, 0.05),
        swap_gas_eth: around(0.00058, 0.0),
        spent_usd: around(2600.0 * spent_eth, 0.05),
        spent_lpt: around(376.8 * spent_eth, 0.04),
        left_eth: around(proceeds_eth - spent_eth, 0.1),
        returned_eth: around(0.0, 0.0),
        credits_left_eth: around(proceeds_eth - spent_eth + 0.8, 0.1),
        credits_left_usd: around(2600.0 * (proceeds_eth - spent_eth + 0.8), 0.1),
        credits_left_lpt: around(376.8 * (proceeds_eth - spent_eth + 0.8), 0.1),
        credits_returned_eth: around(0.0, 0.0),
        credits_returned_usd: around(0.0, 0.0),
        credits_returned_lpt: around(0.0, 0.0),
        conversions: 29.0,
        inflation_hours: 34.2,
        outage_hours: around(41.3, 0.4),
        outage_share: 0.008,
        first_outage_days: Some(20.0),
        outages: 3.2,
        refused: 1203.4,
    }
}

/// Forecasts that stretch every format, each with its name.
pub fn awkward() -> Vec<(&'static str, Scenario, Forecast)> {
    let named = |name, (scenario, forecast)| (name, scenario, forecast);
    let mut all = vec![
        named("one replication", made_up(300, 1, 0.3)),
        named("one replication, censored", made_up(30, 1, 0.01)),
        named("nothing spent", made_up(60, 10, 0.0)),
        named("all censored", made_up(365, 20, 0.01)),
        named("more than half censored", made_up(330, 100, 0.07)),
        named("one day", made_up(1, 5, 0.1)),
        named("one day, run out", made_up(1, 5, 300.0)),
        named("ten years", made_up(3650, 3, 0.01)),
    ];
    let (scenario, mut forecast) = made_up(90, 10, 0.5);
    forecast.fees.iter_mut().for_each(|row| {
        row.fees = Wei::ZERO;
        row.share = around(0.0, 0.0);
        row.stake_share = 0.0;
    });
    forecast.region_fees.iter_mut().for_each(|row| {
        row.fees = Wei::ZERO;
        row.share = around(0.0, 0.0);
    });
    forecast.service =
        ServiceRow { latency: LatencySummary::default(), ..service("", "", "", 0.0) };
    forecast.spend.total = Wei::ZERO;
    all.push(("zero fees", scenario, forecast));

    let (mut scenario, mut forecast) = made_up(90, 10, 0.5);
    scenario.title.clear();
    scenario.name.clear();
    scenario.start = jiff::civil::date(9999, 12, 1);
    forecast.fees.iter_mut().for_each(|row| row.id.clear());
    forecast.region_fees.iter_mut().for_each(|row| row.name.clear());
    forecast.spend.by_pipeline.iter_mut().for_each(|part| part.0.clear());
    all.push(("empty names at the end of the calendar", scenario, forecast));

    let (scenario, mut forecast) = made_up(90, 10, 0.5);
    let long = "x".repeat(300);
    forecast.fees.iter_mut().for_each(|row| row.id = format!("{HOSTILE}{long}"));
    forecast.region_fees.iter_mut().for_each(|row| row.name = HOSTILE.into());
    forecast.objectives.iter_mut().for_each(|row| row.text = format!("{HOSTILE} {long}"));
    forecast.service_rows.iter_mut().for_each(|row| row.gateway = HOSTILE.into());
    all.push(("hostile names", scenario, forecast));

    let (scenario, mut forecast) = made_up(30, 2, 0.5);
    forecast.days.clear();
    forecast.survival.clear();
    forecast.runways.clear();
    forecast.fees.clear();
    forecast.region_fees.clear();
    forecast.service_rows.clear();
    forecast.spend.by_pipeline.clear();
    forecast.concentration.lorenz.clear();
    forecast.concentration.stake_lorenz.clear();
    all.push(("empty lists", scenario, forecast));

    let (scenario, mut forecast) = made_up(30, 2, 0.5);
    forecast.spend.total_eth = around(0.7, 0.04);
    forecast.waterfall = waterfall(0.7, &[("units_used", "price x units used", 1.0)]);
    all.push(("a single step", scenario, forecast));

    let (scenario, mut forecast) = made_up(30, 2, 0.5);
    let unlucky = [("units_used", "price x units used", 4.0), ("lottery", "lottery", -3.0)];
    forecast.spend.total_eth = Estimate { mean: 0.01, lo: -0.02, hi: 0.04 };
    forecast.waterfall = waterfall(0.01, &unlucky);
    all.push(("winners much below expectation", scenario, forecast));

    let (scenario, mut forecast) = made_up(30, 2, 0.5);
    let none = around(0.0, 0.0);
    forecast.waterfall = waterfall(0.0, &STEPS);
    forecast.spend.total_eth = none;
    forecast.redemptions.clear();
    forecast.treasury = TreasurySummary {
        allocated_lpt: 0.0,
        sold_lpt: none,
        drawn_lpt: none,
        set_aside_lpt: none,
        unsold_lpt: none,
        returned_lpt: none,
        proceeds_eth: none,
        income_eth: none,
        swap_fee_eth: none,
        swap_impact_eth: none,
        swap_gas_eth: none,
        spent_usd: none,
        spent_lpt: none,
        left_eth: none,
        returned_eth: none,
        credits_left_eth: none,
        credits_left_usd: none,
        credits_left_lpt: none,
        credits_returned_eth: none,
        credits_returned_usd: none,
        credits_returned_lpt: none,
        conversions: 0.0,
        inflation_hours: 0.0,
        outage_hours: none,
        outage_share: 0.0,
        first_outage_days: None,
        outages: 0.0,
        refused: 0.0,
    };
    all.push(("no money at all", scenario, forecast));

    let (scenario, mut forecast) = made_up(30, 2, 0.5);
    forecast.waterfall.total_eth = f64::NAN;
    forecast.waterfall.steps[2].eth = around(f64::NAN, 0.1);
    forecast.waterfall.steps[3].share = Some(f64::INFINITY);
    forecast.treasury.spent_usd = around(f64::NAN, 0.1);
    forecast.redemptions[1].face_value_eth = Some(f64::NAN);
    forecast.redemptions[2].days = 0.0;
    forecast.treasury.inflation_hours = f64::INFINITY;
    forecast.concentration.gini = around(f64::NAN, 0.1);
    forecast.concentration.stake_gini = f64::NAN;
    forecast.runway.restricted_mean = around(f64::INFINITY, 0.1);
    forecast.fees[0].share = around(f64::NAN, 0.1);
    forecast.survival[3].lo = f64::NAN;
    all.push(("numbers that are none", scenario, forecast));
    all
}

/// An id that tries to be code in every format.
pub const HOSTILE: &str = "=1+1</script><script>alert('\"&')</script>|`[x](y)\u{1b}[31m\n#";

fn scaled(quantiles: &Quantiles, factor: f64) -> Quantiles {
    let Quantiles { p05, p25, p50, p75, p95 } = *quantiles;
    let [p05, p25, p50, p75, p95] = [p05, p25, p50, p75, p95].map(|value| value * factor);
    Quantiles { p05, p25, p50, p75, p95 }
}

fn quantiles(values: &mut [f64]) -> Quantiles {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    Quantiles { p05: at(0.05), p25: at(0.25), p50: at(0.5), p75: at(0.75), p95: at(0.95) }
}

fn around(mean: f64, relative: f64) -> Estimate {
    Estimate { mean, lo: mean * (1.0 - relative), hi: mean * (1.0 + relative) }
}

fn runway(runways: &[(f64, bool)], horizon: u32) -> Runway {
    let mut sorted = runways.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let at = |rank: f64| {
        let index = (rank.ceil() as usize).clamp(1, sorted.len()) - 1;
        let (days, censored) = sorted[index];
        (!censored).then_some(days)
    };
    let quantile = |share: f64| {
        let rank = share * sorted.len() as f64;
        let spread = (share * (1.0 - share) * sorted.len() as f64).sqrt() * 1.96;
        let bound = |rank| at(rank).map_or(Bound::AboveLongest(f64::from(horizon)), Bound::Days);
        Quantile { days: at(rank), lo: bound(rank - spread), hi: bound(rank + spread) }
    };
    let mean =
        around(runways.iter().map(|(days, _)| days).sum::<f64>() / runways.len() as f64, 0.02);
    let censored = runways.iter().filter(|(_, censored)| *censored).count();
    Runway {
        p10: quantile(0.1),
        p50: quantile(0.5),
        p90: quantile(0.9),
        mean: (censored == 0).then_some(mean),
        restricted_mean: Estimate { hi: mean.hi.min(f64::from(horizon)), ..mean },
        censored_share: censored as f64 / runways.len() as f64,
    }
}

fn survival(runways: &[(f64, bool)], horizon: u32) -> Vec<SurvivalPoint> {
    let n = runways.len() as f64;
    let point = |day: u32| {
        let day = f64::from(day);
        let alive = runways.iter().filter(|(days, censored)| *censored || *days > day).count();
        let share = alive as f64 / n;
        let error = 1.96 * (share * (1.0 - share) / n).sqrt();
        SurvivalPoint { day, share, lo: (share - error).max(0.0), hi: (share + error).min(1.0) }
    };
    (0..=horizon).map(point).collect()
}

fn lorenz(values: &[f64]) -> Vec<(f64, f64)> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let total: f64 = sorted.iter().sum();
    let mut sum = 0.0;
    let mut points = vec![(0.0, 0.0)];
    for (i, value) in sorted.iter().enumerate() {
        sum += value;
        points.push(((i + 1) as f64 / sorted.len() as f64, sum / total));
    }
    points
}

/// `total` split by `weights`, to the wei.
fn parts(total: Wei, weights: &[f64]) -> Vec<Wei> {
    let sum: f64 = weights.iter().sum();
    let of = |weight: &f64| Wei((total.0 as f64 * weight / sum) as u128);
    let mut parts = mean_parts(&weights.iter().map(of).collect::<Vec<_>>(), 1);
    let rest = total.0.saturating_sub(parts.iter().map(|part| part.0).sum());
    parts[0].0 += rest;
    let over = parts.iter().map(|part| part.0).sum::<u128>() - total.0;
    parts[0].0 -= over;
    parts
}

fn named<const N: usize>(shares: [(&str, f64); N], total: Wei) -> Vec<(String, Wei)> {
    let weights = shares.map(|(_, share)| share);
    let names = shares.iter().map(|(name, _)| name.to_string());
    names.zip(parts(total, &weights)).collect()
}

fn service(gateway: &str, pipeline: &str, region: &str, asked: f64) -> ServiceRow {
    let served = |ms: f64| (asked > 0.0).then_some(ms);
    ServiceRow {
        gateway: gateway.into(),
        pipeline: pipeline.into(),
        region: region.into(),
        asked,
        served: asked * 0.97,
        failed: FailureCounts {
            no_orchestrator: asked * 0.004,
            capacity: asked * 0.015,
            orchestrator_error: asked * 0.008,
            bad_request: asked * 0.002,
            stream_lost: 0.0,
            payment: asked * 0.0005,
            no_funds: asked * 0.0005,
            limit: 0.0,
        },
        latency: LatencySummary {
            p50_ms: served(1240.0),
            p95_ms: served(5830.4),
            p99_ms: served(14_200.0),
        },
    }
}
