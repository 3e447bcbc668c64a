//! Token prices against their parameters, their record and exact arithmetic.
//! Statistical bounds are 3.5 standard errors at fixed seeds.

mod common;

use common::{default_motion, mean_and_error};
use jiff::civil::date;
use orchsim::kernel::StreamKey;
use orchsim::treasury::{
    Bootstrap, BootstrapError, JumpDiffusion, PricePath, PriceSeries, Prices, RowProblem,
    TokenPrices,
};
use orchsim::units::{Lpt, SimTime, Wei};
use proptest::prelude::*;
use statrs::distribution::{ContinuousCDF, Normal};

const COIN: u128 = 1_000_000_000_000_000_000;
const START: Prices = Prices { lpt_usd: 8.0, eth_usd: 2700.0 };

/// Log returns of LPT and of ETH over the same time.
type LogReturns = (f64, f64);

fn hour(hour: u64) -> SimTime {
    SimTime(hour * 3_600_000_000_000)
}

fn assert_within(name: &str, value: f64, expected: f64, error: f64) {
    assert!(
        (value - expected).abs() < 3.5 * error,
        "{name}: {value}, expected {expected} +- {error}"
    );
}

/// Log returns of (LPT, ETH) up to each of `times` since the one before.
fn returns(
    prices: &TokenPrices,
    key: StreamKey,
    times: impl Iterator<Item = SimTime>,
) -> Vec<LogReturns> {
    let mut path = PricePath::new(prices, START, key);
    let mut before = START;
    times
        .map(|time| {
            let now = path.at(time);
            let change = (now.lpt_usd / before.lpt_usd, now.eth_usd / before.eth_usd);
            before = now;
            (change.0.ln(), change.1.ln())
        })
        .collect()
}

#[test]
fn the_mean_of_jump_diffusion_grows_at_its_drift() {
    let motion =
        JumpDiffusion { lpt_drift: 0.5, eth_drift: -0.3, jump_mean: -0.1, ..default_motion() };
    let prices = TokenPrices::JumpDiffusion(motion);
    let ends: Vec<Prices> = (0..10_000)
        .map(|number| {
            PricePath::new(&prices, START, StreamKey::root(1).child(number))
                .at(SimTime::from_days(73))
        })
        .collect();
    let (lpt, error) = mean_and_error(&ends.iter().map(|end| end.lpt_usd).collect::<Vec<_>>());
    assert_within("LPT", lpt, 8.0 * (0.5f64 * 0.2).exp(), error);
    let (eth, error) = mean_and_error(&ends.iter().map(|end| end.eth_usd).collect::<Vec<_>>());
    assert_within("ETH", eth, 2700.0 * (-0.3f64 * 0.2).exp(), error);
}

/// Cumulants of a day's returns: those of a normal variable plus those of a
/// compound Poisson one.
#[test]
fn jump_diffusion_has_its_volatility_and_correlation() {
    let days = 60_000;
    let motion = JumpDiffusion { jump_mean: -0.1, ..default_motion() };
    let JumpDiffusion { jump_mean: m, jump_sd: s, jumps_per_year: rate, .. } = motion;
    let (lpt, eth) = (motion.lpt_volatility, motion.eth_volatility);
    let times = (1..=days).map(SimTime::from_days);
    let returns = returns(&TokenPrices::JumpDiffusion(motion), StreamKey::root(2), times);
    let n = days as f64;
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| returns.iter().map(of).sum::<f64>() / n;
    let (mean_lpt, mean_eth) = (mean(&|r| r.0), mean(&|r| r.1));
    let variance_lpt = mean(&|r| (r.0 - mean_lpt).powi(2));
    let variance_eth = mean(&|r| (r.1 - mean_eth).powi(2));
    let covariance = mean(&|r| (r.0 - mean_lpt) * (r.1 - mean_eth));

    let k2_lpt = (lpt * lpt + rate * (m * m + s * s)) / 365.0;
    let k2_eth = eth * eth / 365.0;
    let k4_lpt = rate * (m.powi(4) + 6.0 * m * m * s * s + 3.0 * s.powi(4)) / 365.0;
    let common = motion.correlation * lpt * eth / 365.0;
    let log_drift = rate * (m - ((m + s * s / 2.0).exp() - 1.0)) - lpt * lpt / 2.0;
    assert_within("mean", mean_lpt, log_drift / 365.0, (k2_lpt / n).sqrt());
    let error = ((k4_lpt + 2.0 * k2_lpt * k2_lpt) / n).sqrt();
    assert_within("variance of LPT", variance_lpt, k2_lpt, error);
    assert_within("variance of ETH", variance_eth, k2_eth, k2_eth * (2.0 / n).sqrt());
    let error = ((k2_lpt * k2_eth + common * common) / n).sqrt();
    assert_within("covariance", covariance, common, error);
}

/// The default reproduces the published figures: LPT 1.41 a year and a
/// correlation of 0.55.
#[test]
fn the_default_motion_has_the_observed_totals() {
    let motion = default_motion();
    let total =
        (motion.lpt_volatility.powi(2) + motion.jumps_per_year * motion.jump_sd.powi(2)).sqrt();
    assert!((total - 1.41).abs() < 0.01, "{total}");
    let correlation = motion.correlation * motion.lpt_volatility / total;
    assert!((correlation - 0.55).abs() < 0.01, "{correlation}");
}

/// An hour's return beyond ten standard deviations of the diffusion is a jump.
#[test]
fn jumps_come_at_their_rate_with_their_share_of_the_variance() {
    let years = 150;
    let motion = default_motion();
    let (diffusion, rate, sd) = (motion.lpt_volatility, motion.jumps_per_year, motion.jump_sd);
    let hourly = diffusion / 8760f64.sqrt();
    let times = (1..=years * 8760).map(hour);
    let returns = returns(&TokenPrices::JumpDiffusion(motion), StreamKey::root(3), times);
    let squares = returns.iter().map(|r| r.0 * r.0);
    let jumps: Vec<f64> = squares.clone().filter(|r| r.sqrt() > 10.0 * hourly).collect();
    let seen = Normal::new(0.0, (sd * sd + hourly * hourly).sqrt()).unwrap();
    let expected = rate * years as f64 * 2.0 * seen.sf(10.0 * hourly);
    assert_within("jumps", jumps.len() as f64, expected, expected.sqrt());
    // The share of jumps too small to be seen is below half a percent; that of
    // N squares of normals has a standard error of sqrt(3 / N), their number
    // included, and of that the share moves by its complement.
    let share = jumps.iter().sum::<f64>() / squares.sum::<f64>();
    let jump_variance = rate * sd * sd;
    let expected = jump_variance / (jump_variance + diffusion * diffusion);
    let error = expected * (1.0 - expected) * (3.0 / (rate * years as f64)).sqrt();
    assert_within("share", share, expected, error + 0.005 / 3.5);
}

#[test]
fn a_path_does_not_depend_on_when_it_is_asked() {
    let prices = TokenPrices::JumpDiffusion(default_motion());
    let path = || PricePath::new(&prices, START, StreamKey::root(4));
    let (mut often, mut once) = (path(), path());
    assert_eq!(often.at(SimTime::ZERO), START);
    for time in (0..100 * 24).map(hour) {
        let price = often.at(time);
        assert_eq!(often.at(time + SimTime(3_599_999_999_999)), price);
    }
    assert_eq!(often.at(SimTime::from_days(100)), once.at(SimTime::from_days(100)));
}

/// A record with a strong lag-1 dependence: each day's change is most of the
/// day's before and something new.
fn dependent_record() -> PriceSeries {
    let noise = StreamKey::root(5);
    let (mut lpt, mut eth) = (0.0f64, 0.0f64);
    let (mut change, mut rows) = (0.0, vec![(0.0, 1.0, 1.0)]);
    for day in 1..=90 {
        change = 0.7 * change + 0.05 * noise.normal(day);
        lpt += change + 0.01;
        eth += 0.5 * change + 0.02 * noise.normal(1000 + day);
        rows.push((day as f64, lpt.exp(), eth.exp()));
    }
    PriceSeries::new(&rows).unwrap()
}

#[test]
fn the_bootstrap_keeps_the_statistics_of_its_record() {
    let series = dependent_record();
    let record: Vec<(f64, f64)> = series
        .rows()
        .windows(2)
        .map(|pair| {
            let (from, to) = (pair[0].1, pair[1].1);
            ((to.lpt_usd / from.lpt_usd).ln(), (to.eth_usd / from.eth_usd).ln())
        })
        .collect();
    let (length, paths, path_days) = (5, 1_000, 100);
    let prices = TokenPrices::Bootstrap(Bootstrap::new(&series, length).unwrap());
    let drawn: Vec<(f64, f64)> = (0..paths)
        .flat_map(|path| {
            let times = (1..=path_days).map(SimTime::from_days);
            returns(&prices, StreamKey::root(6).child(path), times)
        })
        .collect();

    // Blocks are independent, so that the mean over a block of anything has
    // the standard error of that many independent values.
    let check = |name: &str, of: &dyn Fn(&[LogReturns]) -> f64, expected: f64| {
        let values: Vec<f64> = drawn.chunks(length).map(of).collect();
        let (mean, error) = mean_and_error(&values);
        assert_within(name, mean, expected, error);
    };
    let n = record.len() as f64;
    let over_record = |of: &dyn Fn(usize) -> f64| (0..record.len()).map(of).sum::<f64>() / n;
    let mean = over_record(&|i| record[i].0);
    let days = length as f64;
    check("mean", &|block| block.iter().map(|r| r.0).sum::<f64>() / days, mean);
    check(
        "second moment",
        &|block| block.iter().map(|r| r.0 * r.0).sum::<f64>() / days,
        over_record(&|i| record[i].0 * record[i].0),
    );
    check(
        "LPT with ETH",
        &|block| block.iter().map(|r| r.0 * r.1).sum::<f64>() / days,
        over_record(&|i| record[i].0 * record[i].1),
    );
    check(
        "lag 1 within blocks",
        &|block| block.windows(2).map(|r| r[0].0 * r[1].0).sum::<f64>() / (days - 1.0),
        over_record(&|i| record[i].0 * record[(i + 1) % record.len()].0),
    );
    let across: Vec<f64> = drawn
        .chunks(length)
        .zip(drawn.chunks(length).skip(1))
        .map(|(a, b)| a[length - 1].0 * b[0].0)
        .collect();
    let (across, error) = mean_and_error(&across);
    assert_within("lag 1 across blocks", across, mean * mean, error);
}

#[test]
fn the_bootstrap_refuses_what_is_not_daily() {
    let series = |days: &[f64]| {
        let rows: Vec<_> = days.iter().map(|&day| (day, 8.0, 2700.0)).collect();
        PriceSeries::new(&rows).unwrap()
    };
    let gap = Bootstrap::new(&series(&[0.0, 1.0, 3.0]), 1);
    assert_eq!(gap, Err(BootstrapError::Gap { after: 1.0, gap: 2.0 }));
    assert_eq!(Bootstrap::new(&series(&[4.0]), 1), Err(BootstrapError::TooShort { rows: 1 }));
    for block_days in [0, 3] {
        let error = Bootstrap::new(&series(&[0.0, 1.0, 2.0]), block_days);
        assert_eq!(error, Err(BootstrapError::Block { block_days, longest: 2 }));
    }
}

const RECORD: &str = "\
date,lpt_usd,eth_usd,lpt_eth
2025-02-01,11.3000,3296.00,0.00342840
2025-02-02,10.1000,3120.00,0.00323718

2025-02-05,9.5000,2790.00,0.00340502
";

#[test]
fn a_replay_is_the_record() {
    let series = PriceSeries::from_csv(RECORD, date(2025, 2, 2)).unwrap();
    let prices = TokenPrices::Replay(series);
    let mut path = PricePath::new(&prices, START, StreamKey::root(7));
    let mut at = |hours: u64| {
        let prices = path.at(hour(hours));
        (prices.lpt_usd, prices.eth_usd)
    };
    assert_eq!(at(0), (10.1, 3120.0));
    assert_eq!(at(71), (10.1, 3120.0));
    assert_eq!(at(72), (9.5, 2790.0));
    assert_eq!(at(72_000), (9.5, 2790.0));

    let later = PriceSeries::from_csv(RECORD, date(2025, 1, 31)).unwrap();
    let prices = TokenPrices::Replay(later);
    let mut path = PricePath::new(&prices, START, StreamKey::root(7));
    assert_eq!(path.at(SimTime::ZERO).lpt_usd, 11.3);
    assert_eq!(path.at(SimTime::from_days(2)).lpt_usd, 10.1);
}

#[test]
fn a_record_may_come_from_a_spreadsheet() {
    let text = RECORD.replace(',', ";").replace('\n', "\r\n");
    let start = date(2025, 2, 1);
    assert_eq!(PriceSeries::from_csv(&text, start), PriceSeries::from_csv(RECORD, start));
    let declared = format!("\u{feff}sep=;\r\n{text}");
    assert_eq!(PriceSeries::from_csv(&declared, start), PriceSeries::from_csv(RECORD, start));
}

#[test]
fn a_record_may_be_written_as_exports_write_it() {
    let start = date(2025, 2, 1);
    let read = |text: &str| PriceSeries::from_csv(text, start);
    let expected = PriceSeries::new(&[(-1.0, 11.25, 2500.5), (17.0, 7.91, 12_345.0)]);
    let expected: Result<PriceSeries, Vec<_>> = expected.map_err(|fault| vec![fault]);
    // Midnight of 31 January and of 18 February 2025; the newest first, as Dune sorts.
    let first = [
        "2025-01-31",
        "2025-01-31 00:00:00 UTC",
        "2025-01-31T00:00:00Z",
        "2025-01-31 00:00:00.000 UTC",
        "2025/01/31",
        "1738281600",
    ];
    for (header, first) in [
        ("date,LPT USD,ETH USD", first[0]),
        ("snapped_at,LPT (USD),ETH (USD)", first[1]),
        ("Day,lptUSD,ethUSD", first[2]),
        ("Date (UTC),lpt/usd,eth/usd", first[3]),
        ("time,lpt_usd,eth_usd", first[4]),
        ("timestamp,lpt_usd,eth_usd", first[5]),
    ] {
        let text = format!("{header}\n2025-02-18,7.91,\"12,345.0\"\n{first},11.25,\"2,500.5\"\n");
        assert_eq!(read(&text), expected, "{text}");
    }
    // `date` counts where another time stands beside it.
    let beside = "timestamp,date,lpt_usd,eth_usd\n1,2025-01-31,11.25,2500.5\n";
    assert_eq!(read(beside).unwrap().rows().len(), 1);
    // The nearest float to all 17 digits.
    let long = read("date,lpt_usd,eth_usd\n2025-02-01,7.9123456789012347,2683.0123456789013\n");
    let long = long.unwrap().first();
    assert_eq!((long.lpt_usd, long.eth_usd), (7.912_345_678_901_235, 2_683.012_345_678_901_3));
}

#[test]
fn what_a_record_leaves_open_is_told() {
    let fault = |text: &str| {
        let faults = PriceSeries::from_csv(text, date(2025, 2, 1)).unwrap_err();
        let [fault] = &faults[..] else { panic!("{faults:?}") };
        (fault.to_string(), fault.problem.expected())
    };
    let (message, expected) = fault("snapped_at,price,market_cap,total_volume\n2025-02-01,8,1,1\n");
    assert_eq!(message, "line 1: the header does not say which token `price` is of");
    assert!(expected.contains("`lpt_usd` and `eth_usd`"), "{expected}");
    let row = |row: &str| fault(&format!("date,lpt_usd,eth_usd\n2025-02-03,8,2500\n{row}\n"));
    let (message, _) = row("2025-02-03 00:00:00 UTC,9,2500");
    assert_eq!(message, "line 3: the prices of 2025-02-03 stand on line 2 already");
    let (message, expected) = row("2025-02-04 13:00:00 UTC,9,2500");
    assert_eq!(message, "line 3: `2025-02-04 13:00:00 UTC` is not a date");
    assert!(expected.contains("00:00 UTC"), "{expected}");
    let (message, expected) = row("2025-02-04,9,\"2,500\"");
    assert_eq!(message, "line 3: `2,500` is not a price from 1e-9 to 1e9");
    assert!(expected.contains("no comma between thousands"), "{expected}");
}

#[test]
fn faults_of_a_record_carry_their_lines() {
    let start = date(2025, 2, 1);
    let faults = |text: &str| {
        let faults = PriceSeries::from_csv(text, start).unwrap_err();
        faults.into_iter().map(|fault| (fault.line, fault.problem)).collect::<Vec<_>>()
    };
    let text = "eth_usd,lpt_usd,date\n1,2,2025-02-01\n1,2\n0,2,2025-02-02\n1,NaN,2025-02-03\n\
                1,2,2025-02-30\n1,2,2025-02-01\n1,2,2025-02-04\n";
    assert_eq!(
        faults(text),
        [
            (3, RowProblem::Cells { cells: 2, columns: 3 }),
            (4, RowProblem::Price("0".to_string())),
            (5, RowProblem::Price("NaN".to_string())),
            (6, RowProblem::Date("2025-02-30".to_string())),
            (7, RowProblem::Twice { date: start, line: 2 }),
        ]
    );
    assert_eq!(faults("date,lpt_usd\n"), [(1, RowProblem::Column("eth_usd"))]);
    assert_eq!(faults(""), [(1, RowProblem::Column("date"))]);
    assert_eq!(faults("\ndate,lpt_usd,eth_usd\n"), [(2, RowProblem::Empty)]);
}

/// 15,000 LPT on 1 February 2025 (CoinGecko): 51.7 ETH.
#[test]
fn credits_are_worth_what_was_published() {
    let prices = Prices { lpt_usd: 11.3513, eth_usd: 3296.39 };
    let worth = prices.to_wei(Lpt(15_000 * COIN));
    assert!((worth.to_coins() - 51.7).abs() < 0.05, "{worth}");
}

#[test]
fn conversions_are_exact_at_an_exact_rate() {
    let prices = Prices { lpt_usd: 8.0, eth_usd: 4000.0 };
    assert_eq!(prices.to_wei(Lpt(15_000 * COIN)), Wei(30 * COIN));
    assert_eq!(prices.to_wei(Lpt(1_499)), Wei(2));
    assert_eq!(prices.to_lpt(Wei(2)), Lpt(1_000));
    assert_eq!(prices.eth_usd_feed().to_string(), "4000");
    let feed = Prices { lpt_usd: 8.0, eth_usd: 2705.123456785 }.eth_usd_feed();
    assert_eq!((feed.mantissa, feed.scale), (270_512_345_679, 8));
    let worthless = Prices { lpt_usd: 0.0, eth_usd: 4000.0 };
    assert_eq!((worthless.to_lpt(Wei(1)), worthless.to_lpt(Wei(0))), (Lpt(u128::MAX), Lpt(0)));
}

proptest! {
    /// `to_lpt` is the least amount worth at least so much, and what an amount
    /// is worth is that of its parts but for a wei.
    #[test]
    fn conversions_invert_each_other(
        wei in 1u128..1_000_000_000 * COIN,
        lpt in (0u128..40_000_000 * COIN, 0u128..40_000_000 * COIN),
        lpt_usd in 0.01f64..1000.0,
        eth_usd in 10.0f64..100_000.0,
    ) {
        let prices = Prices { lpt_usd, eth_usd };
        let least = prices.to_lpt(Wei(wei));
        prop_assert!(prices.to_wei(least) >= Wei(wei));
        prop_assert!(prices.to_wei(Lpt(least.0 - 1)) < Wei(wei));
        let parts = prices.to_wei(Lpt(lpt.0)).0 + prices.to_wei(Lpt(lpt.1)).0;
        let whole = prices.to_wei(Lpt(lpt.0 + lpt.1)).0;
        prop_assert!(whole == parts || whole == parts + 1);
    }
}
