//! What the shipped scenarios about money must reproduce.

use orchsim::ensemble::{Plan, VarianceReduction, assemble, headline_values, headlines, simulate};
use orchsim::scenario::{Scenario, Source, load, preset};
use orchsim::simulation::{ReplicationResult, World, replicate};
use orchsim::units::Wei;

fn shipped(name: &str, overrides: &[&str]) -> Scenario {
    let text = preset(name).unwrap().to_string();
    let source = Source { name: "scenario.toml".into(), text, directory: None };
    let overrides: Vec<String> = overrides.iter().map(|text| text.to_string()).collect();
    load(&source, &overrides).unwrap_or_else(|problems| panic!("{problems}"))
}

fn runs(scenario: &Scenario, replications: u64) -> Vec<ReplicationResult> {
    let world = World::new(scenario);
    (0..replications).map(|number| replicate(&world, number).unwrap()).collect()
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

/// ETH spent on the days in `days`, of all pipelines.
fn spent_on(result: &ReplicationResult, pipelines: usize, days: std::ops::Range<usize>) -> f64 {
    let cells = &result.daily_spend[days.start * pipelines..days.end * pipelines];
    cells.iter().copied().sum::<Wei>().to_coins()
}

#[test]
fn the_pilot_pays_six_orchestrators_as_published() {
    // Forum thread 2958: 0.042 ETH a day and 0.29 ETH a week for each, more than
    // 1.5 ETH a week in total. Twelve weeks of jobs follow one of preparation.
    let scenario = shipped("agent-net-pilot", &[]);
    let replications = 20;
    let results = runs(&scenario, replications as u64);
    let days = 84.0;
    let per_day = |orchestrator: usize| {
        mean(results.iter().map(|result| result.fees[orchestrator].to_coins() / days))
    };
    // Jobs are Poisson, each of one ticket that wins 1e-3 ETH once in 34.5: so are
    // wins, 1440 / 34.5 a day.
    let wins_per_day = 1440.0 * 2.9e13 / 1e15;
    let error = 1e-3 * (wins_per_day / (days * f64::from(replications))).sqrt();
    let mut total = 0.0;
    for orchestrator in 0..6 {
        let paid = per_day(orchestrator);
        // Published to two digits.
        assert!((paid - 0.042).abs() < 0.0005 + 3.0 * error, "{orchestrator}: {paid}");
        assert!((7.0 * paid - 0.29).abs() < 0.005 + 7.0 * 3.0 * error, "{orchestrator}: {paid}");
        total += 7.0 * paid;
    }
    assert!(total > 1.5, "{total}");
}

#[test]
fn a_doubled_gas_price_halves_redemptions_and_leaves_pay_as_it_was() {
    // The face value is the day's: 1.2e15 wei before day 42, 2.4e15 from then on.
    // Parameters agreed before are in use up to 8 minutes of a day longer.
    let scenario = shipped("gas-doubling", &[]);
    let pipelines = World::new(&scenario).pipelines.len();
    let results = runs(&scenario, 10);
    let (before, after) = (2..42, 44..84);
    let paid = |days: &std::ops::Range<usize>| -> f64 {
        results.iter().map(|result| spent_on(result, pipelines, days.clone())).sum()
    };
    let (paid_before, paid_after) = (paid(&before), paid(&after));
    let won_before = paid_before / 0.0012;
    let won_after = paid_after / 0.0024;
    // Redemptions are counted over all 42 days.
    let redeemed = |period: usize| -> f64 {
        results.iter().map(|result| result.redemptions[period].redeemed as f64).sum()
    };
    let redeemed_ratio = redeemed(1) / redeemed(0);
    // All payments of those days are whole face values.
    for result in &results {
        for (days, face_value) in
            [(&before, 1_200_000_000_000_000), (&after, 2_400_000_000_000_000)]
        {
            let cells = &result.daily_spend[days.start * pipelines..days.end * pipelines];
            assert!(cells.iter().all(|wei| wei.0 % face_value == 0), "{days:?}");
            assert!(cells.iter().any(|wei| wei.0 % (2 * face_value) != 0), "{days:?}");
        }
    }
    // Wins are Poisson to first order, and what streams pay for varies with their
    // lengths: 240 a day, exponential, so with a relative variance of 2 / streams.
    let streams = 240.0 * 40.0 * results.len() as f64;
    let relative = (1.0 / won_before + 1.0 / won_after + 2.0 * 2.0 / streams).sqrt();
    let pay_ratio = paid_after / paid_before;
    assert!((pay_ratio - 1.0).abs() < 3.0 * relative, "{pay_ratio} +- {relative}");
    let win_ratio = won_after / won_before;
    assert!((win_ratio - 0.5).abs() < 1.5 * relative, "{win_ratio} +- {relative}");
    assert!((redeemed_ratio - 0.5).abs() < 1.5 * relative, "{redeemed_ratio} +- {relative}");
    assert!(results.iter().flat_map(|result| &result.redemptions).all(|tickets| tickets.void == 0));
    assert!(relative < 0.03, "the runs are too few to tell: {relative}");
}

#[test]
fn the_first_thousand_lpt_last_less_than_three_months() {
    let scenario = shipped("first-1000-lpt", &[]);
    let mut runways: Vec<f64> = runs(&scenario, 15)
        .iter()
        .map(|result| result.depleted.map_or(f64::INFINITY, |time| time.as_days()))
        .collect();
    runways.sort_by(f64::total_cmp);
    let median = runways[runways.len() / 2];
    assert!(median < 90.0, "{runways:?}");
    // All fees of the network were 3.1 ETH a week in February 2025
    // (shtukaresearch/livepeer-emissions-risk, python/data/raw/fees/fees.csv).
    let shortest_possible = scenario.credits.eth.to_coins() / 3.1 * 7.0;
    assert!(runways[0] > shortest_possible, "{runways:?} {shortest_possible}");
}

#[test]
fn overpayment_is_counted_alike_by_mechanism_and_as_one_figure() {
    let scenario = shipped("gas-doubling", &[]);
    let world = World::new(&scenario);
    let batch = simulate(&world, VarianceReduction::None, &[0], &|| ()).unwrap();
    let place = headlines(&scenario).iter().position(|h| h.id == "overpaid_share").unwrap();
    let share = headline_values(&scenario, &batch.samples[0])[place].unwrap();
    let waterfall = assemble(&world, &batch, Plan::fixed(1)).waterfall;
    let for_something = ["units_used", "price_adjustment", "lottery"];
    let unused = waterfall.steps.iter().filter(|step| !for_something.contains(&step.id));
    let unused: f64 = unused.map(|step| step.eth.mean).sum();
    let lottery = waterfall.steps.iter().find(|step| step.id == "lottery").unwrap().eth.mean;
    let expected = waterfall.total_eth - lottery;
    assert!(share > 0.01 && (share - unused / expected).abs() < 1e-9, "{share}");
}

#[test]
fn a_share_of_few_winning_tickets_is_a_share() {
    let overrides = |mode: &str| {
        let mode = format!("payments.mode={mode}");
        shipped("minimal", &["demand.level=0.1", "horizon_days=5", &mode])
    };
    let shares = |scenario: &Scenario| -> Vec<f64> {
        let place = headlines(scenario).iter().position(|h| h.id == "overpaid_share").unwrap();
        let numbers: Vec<u64> = (0..60).collect();
        let world = World::new(scenario);
        let batch = simulate(&world, VarianceReduction::None, &numbers, &|| ()).unwrap();
        batch.samples.iter().filter_map(|s| headline_values(scenario, s)[place]).collect()
    };
    let [drawn, expected] = ["tickets", "expected"].map(|mode| shares(&overrides(mode)));
    assert!(drawn.iter().all(|share| (0.0..=1.0).contains(share)), "{drawn:?}");
    // The lottery decides who wins, not what is sent.
    let mean = |shares: &[f64]| shares.iter().sum::<f64>() / shares.len() as f64;
    assert!((mean(&drawn) - mean(&expected)).abs() < 0.01, "{drawn:?} {expected:?}");
}

#[test]
fn a_stream_whose_payment_is_refused_does_not_empty_the_gateway() {
    // Orchestrators that raise their prices by more than twice within a session are
    // not paid (server/segment_rpc.go, validatePrice). That is between the gateway and
    // them: its deposit is what it was.
    let overrides = [
        "horizon_days=8",
        "treasury.conversion={all_at_once={}}",
        "orchestrator_groups.respond={price={best_response={}}}",
    ];
    for result in runs(&shipped("agent-spe-15k", &overrides), 4) {
        assert_eq!((result.depleted, result.outages.refused), (None, 0));
    }
}

#[test]
fn more_digits_do_not_make_a_price_in_usd_another() {
    // 0.1 + 0.08 in binary; 2e-17 more than 0.18.
    let fees = |usd: &str| {
        let price = |place: &str| format!("{place}.offers.1.price={usd} USD per 1000000 tokens");
        let prices = ["orchestrator_groups.na", "orchestrators.eu-1"].map(price);
        let overrides = ["horizon_days=10", "payments.mode=expected", &prices[0], &prices[1]];
        runs(&shipped("minimal", &overrides), 1).swap_remove(0).fees
    };
    assert_eq!(fees("0.18"), fees("0.18000000000000002"));
}
