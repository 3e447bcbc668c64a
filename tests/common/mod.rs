//! A small scenario to vary: one region, one gateway, one model, demand at a
//! constant rate.
#![allow(dead_code, reason = "each test file uses its part")]

use orchsim::demand::{
    Arrivals, Bursts, DemandStream, DemandUncertainty, Growth, HourProfile, PoissonArrivals,
    WeekProfile,
};
use orchsim::kernel::Distribution;
use orchsim::network::{
    AcceptanceLimits, Gateway, Model, Network, Offer, Orchestrator, Pipeline, Region, Resolution,
    RttMatrix, SelectionRule, SelectionWeights, ServiceTime, TicketPolicy, Version,
};
use orchsim::payments::{PaymentMode, PaymentSetup};
use orchsim::policy::Policy;
use orchsim::scenario::{Scenario, Source, load, preset};
use orchsim::treasury::{
    ConversionPolicy, Credits, Inflation, JumpDiffusion, RunwayEnd, SafeSetup, Signer, SwapTerms,
    TokenPrices, TopUpRule, TopUps, TreasurySetup,
};
use orchsim::units::{Lpt, Price, Wei};

/// Credits nobody can spend.
pub const PLENTY: Wei = Wei(1_000_000_000_000_000_000_000_000_000_000);

/// What a gateway keeps in reserve, out of the credits.
pub const RESERVE: Wei = Wei(1_000_000_000);

/// What a node without flags is willing to send (go-livepeer
/// `cmd/livepeer/starter/starter.go`).
pub const NODE_LIMITS: AcceptanceLimits = AcceptanceLimits {
    max_ticket_ev: Wei(3_000_000_000_000),
    max_total_ev: Wei(20_000_000_000_000),
    deposit_multiplier: 1,
};

/// The tickets that one without flags asks for (go-livepeer
/// `cmd/livepeer/starter/starter.go`, since November 2023).
pub const NODE_TICKETS: TicketPolicy = TicketPolicy {
    expected_value: Wei(8_000_000_000),
    redeem_gas: 1_200_000,
    tx_cost_multiplier: 100,
    max_face_value: None,
};

/// The value of a ticket that the documentation of AI orchestrators asks for
/// (livepeer/docs `ai/orchestrators/onchain.mdx`).
pub const AI_TICKET_EV: Wei = Wei(2_999_999_999_999);

/// Credits that sell for exactly so much, free of cost: one LPT is
/// one ETH.
pub fn credits(eth: Wei) -> Credits {
    let usd = "1".parse().unwrap();
    Credits { lpt: Lpt(eth.0), eth, is_sold: false, is_eth: false, lpt_usd: usd, eth_usd: usd }
}

/// One gateway on 0.9, no orchestrator yet, text-to-image requests of 1,000
/// pixels at `requests_per_day`, each a second of work.
pub fn scenario(requests_per_day: f64) -> Scenario {
    Scenario {
        name: "test".to_string(),
        title: "A test".to_string(),
        start: jiff::civil::date(2025, 2, 18),
        horizon_days: 1,
        seed: 1,
        replications: 1,
        credits: credits(PLENTY),
        treasury: TreasurySetup {
            prices: TokenPrices::Constant,
            safe: signed_at_once(),
            conversion: ConversionPolicy::AllAtOnce,
            swap: SwapTerms {
                fee_bps: 0,
                depth: Lpt(u128::MAX),
                recovery_half_life_h: 1.0,
                gas: Wei::ZERO,
            },
            top_ups: TopUps { rule: TopUpRule::RecentSpend, reserve: RESERVE },
            drawings: Vec::new(),
            projects: Vec::new(),
            runway_end: RunwayEnd::FirstGateway,
            deadline: None,
            inflation: Inflation::OBSERVED,
        },
        payments: PaymentSetup {
            mode: PaymentMode::Expected,
            gas_prices: vec![(0.0, Wei::ZERO)],
            redemption_delay_s: 0.0,
        },
        policy: Policy::default(),
        network: Network {
            regions: vec![Region {
                id: "here".to_string(),
                name: "Here".to_string(),
                utc_offset_hours: 0.0,
            }],
            rtt: RttMatrix::zero(1),
            models: vec![Model {
                pipeline: Pipeline::TextToImage,
                id: "model".to_string(),
                steps: 8,
                service: ServiceTime {
                    overhead_s: 1.0,
                    seconds_per_unit: 0.0,
                    variation: Distribution::Constant(1.0),
                },
                cold_start_s: 0.0,
            }],
            gateways: vec![Gateway {
                id: "gateway".to_string(),
                region: 0,
                version: Version::V0_9,
                selection: SelectionRule::Livepeer,
                weights: SelectionWeights { stake: 0.7, price: 0.0, random: 0.3 },
                price_exp_factor: 100.0,
                min_perf_score: 0.0,
                ignore_max_price: false,
                max_price: vec![None],
                limits: NODE_LIMITS,
                discovery_timeout_s: 0.5,
                retry_window_s: 2.0,
            }],
            orchestrators: Vec::new(),
            registered_orchestrators: 1,
            active_set: 1,
            unresponsive_orchestrators: 0,
        },
        failure_delay_s: 1.0,
        stream_failures_per_hour: 0.0,
        demand: vec![DemandStream {
            id: "demand".to_string(),
            gateway: 0,
            model: 0,
            region: 0,
            arrivals: Arrivals::Poisson(Box::new(PoissonArrivals {
                requests_per_day,
                growth: Growth::Constant,
                hours: HourProfile::FLAT,
                weekdays: WeekProfile::FLAT,
                bursts: Bursts::None,
            })),
            size: Distribution::Constant(1000.0),
            used_share: Distribution::Constant(1.0),
            resolution: Resolution::P720,
            bad_request_share: 0.0,
            injected: None,
            users: None,
        }],
        uncertainty: DemandUncertainty::default(),
        objectives: Vec::new(),
        suppressed_warnings: Vec::new(),
    }
}

/// One who is always there and signs at once.
pub fn signed_at_once() -> SafeSetup {
    let signer = Signer { delay_h: Distribution::Constant(0.0), ..Signer::default() };
    SafeSetup::new(vec![signer], 1, 24.0).unwrap()
}

/// An orchestrator next to the gateway that never fails.
pub fn orchestrator(id: &str, wei_per_unit: u128, capacity: u32) -> Orchestrator {
    Orchestrator {
        id: id.to_string(),
        region: 0,
        version: None,
        stake: Lpt(1_000_000_000_000_000_000),
        speed: 1.0,
        reliability: 1.0,
        jitter_ms: 0.0,
        perf_score: 1.0,
        // A ticket is worth a request of 1,000 units, to the wei.
        tickets: TicketPolicy {
            expected_value: Wei(1_000 * wei_per_unit),
            max_face_value: Some(Wei(1_000 * wei_per_unit + 1)),
            ..NODE_TICKETS
        },
        auto_adjust_price: false,
        offers: vec![Offer {
            model: 0,
            price: Price::new(wei_per_unit, 1).unwrap().into(),
            warm: true,
            capacity,
        }],
        response: None,
    }
}

/// The treasury of a scenario that says nothing of it, with token prices that move.
pub fn default_treasury() -> TreasurySetup {
    let text = preset("minimal").unwrap().replace("top_ups = { reserve = \"0.03 ETH\" }", "");
    let source = Source { name: "minimal".to_string(), text, directory: None };
    load(&source, &["token_prices.jump_diffusion={}".to_string()]).unwrap().treasury
}

/// How token prices move by default.
pub fn default_motion() -> JumpDiffusion {
    let TokenPrices::JumpDiffusion(motion) = default_treasury().prices else { panic!("another") };
    motion
}

/// Mean and standard error.
pub fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}
