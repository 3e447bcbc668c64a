//! Weekdays are fitted to days of UTC; a scenario has those of its users' clocks.

use super::Fitted;
use crate::demand::{Arrivals, HourProfile, WeekProfile};
use crate::experiment::spend_model::{Draw, Posterior};
use crate::scenario::Scenario;
use crate::units::{SECONDS_PER_DAY, SECONDS_PER_HOUR};

const HOURS: f64 = (SECONDS_PER_DAY / SECONDS_PER_HOUR) as f64;
/// Enough to come within 1 % of weights that can be had, and not so many that a day
/// between two clocks is sharpened out of nothing.
const ITERATIONS: usize = 100;

/// The weights of the days of UTC, Monday first, with mean 1.
pub(super) fn fitted(posterior: &Posterior) -> [Fitted; 7] {
    let weight = |draw: &Draw, day: usize| {
        let sum: f64 = draw.weekdays.iter().map(|effect| libm::exp(*effect)).sum();
        7.0 * libm::exp(draw.weekdays[day]) / sum
    };
    [0, 1, 2, 3, 4, 5, 6].map(|day| Fitted::of(posterior, |draw| weight(draw, day)))
}

/// The weights by the users' clocks with which a scenario, whose streams spend so much
/// a day, has the weights `utc` by days of UTC, as nearly as weights above 0 can: the
/// iterations of Richardson (J. Opt. Soc. Am. 62, 1972) and Lucy (Astron. J. 79, 1974).
pub(super) fn on_users_clocks(
    utc: [f64; 7],
    scenario: &Scenario,
    eth_per_day: &[f64],
) -> WeekProfile {
    let spread = spread(scenario, eth_per_day);
    // Where a day's share goes, and whence it comes, in a week that goes on.
    let blur = |weights: [f64; 7], [before, same, after]: [f64; 3]| -> [f64; 7] {
        std::array::from_fn(|day| {
            before * weights[(day + 1) % 7] + same * weights[day] + after * weights[(day + 6) % 7]
        })
    };
    let [before, same, after] = spread;
    let mut weights = utc;
    for _ in 0..ITERATIONS {
        let reached = blur(weights, spread);
        let ratios = std::array::from_fn(|day| utc[day] / reached[day]);
        let corrections = blur(ratios, [after, same, before]);
        weights = std::array::from_fn(|day| weights[day] * corrections[day]);
    }
    WeekProfile::from_weights(weights)
}

/// The shares of the spend of the users' day that fall on the day of UTC before, the
/// same and the one after.
fn spread(scenario: &Scenario, eth_per_day: &[f64]) -> [f64; 3] {
    let mut spread = [0.0; 3];
    for (stream, eth) in scenario.demand.iter().zip(eth_per_day) {
        let Arrivals::Poisson(arrivals) = &stream.arrivals else { continue };
        if stream.injected.is_some() {
            continue;
        }
        let offset = scenario.network.regions[stream.region].utc_offset_hours;
        let of_stream = spread_of(&arrivals.hours, offset);
        spread = std::array::from_fn(|place| spread[place] + eth * of_stream[place]);
    }
    let total: f64 = spread.iter().sum();
    if total > 0.0 { spread.map(|share| share / total) } else { [0.0, 1.0, 0.0] }
}

fn spread_of(hours: &HourProfile, utc_offset_hours: f64) -> [f64; 3] {
    let mut spread = [0.0; 3];
    for (hour, rate) in hours.0.iter().enumerate() {
        let begins = hour as f64 - utc_offset_hours;
        let before = (-begins).clamp(0.0, 1.0);
        let after = (begins + 1.0 - HOURS).clamp(0.0, 1.0);
        let shares = [before, 1.0 - before - after, after];
        spread = std::array::from_fn(|place| spread[place] + rate * shares[place] / HOURS);
    }
    spread
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demand::{RateFactors, UserClock};
    use crate::scenario::{Source, load};

    const SCENARIO: &str = include_str!("../../../scenarios/minimal.toml");

    /// The requests of a week by days of UTC, in closed form.
    #[test]
    fn users_around_the_world_ask_on_the_days_of_utc_that_were_fitted() {
        let source =
            Source { name: "minimal".to_string(), text: SCENARIO.to_string(), directory: None };
        let mut scenario = load(&source, &[]).unwrap();
        let one = scenario.demand[0].clone();
        let mut night = [1.0; 24];
        night[..8].fill(0.2);
        scenario.demand = vec![one.clone(), one.clone(), one];
        let mut region = scenario.network.regions[0].clone();
        scenario.network.regions.clear();
        for (stream, utc_offset_hours) in [(0, -8.0), (1, 5.5), (2, 1.0)] {
            region.utc_offset_hours = utc_offset_hours;
            scenario.network.regions.push(region.clone());
            scenario.demand[stream].region = stream;
            let Arrivals::Poisson(arrivals) = &mut scenario.demand[stream].arrivals else {
                panic!("minimal has Poisson arrivals");
            };
            arrivals.hours = HourProfile::from_weights(night);
            arrivals.growth = crate::demand::Growth::Constant;
        }
        let shares = [0.6, 0.1, 0.3];
        let utc = [1.15, 1.1, 1.05, 1.1, 1.2, 0.75, 0.65];
        let local = on_users_clocks(utc, &scenario, &shares);
        // Sharper than the days of UTC, which mix two of them.
        assert!(local.0[5] < utc[5] && local.0[0] > utc[0], "{local:?}");
        for (day, weight) in utc.iter().enumerate() {
            let spent = |stream: usize| {
                let Arrivals::Poisson(arrivals) = &scenario.demand[stream].arrivals else {
                    panic!("minimal has Poisson arrivals");
                };
                let mut arrivals = arrivals.clone();
                arrivals.weekdays = local.clone();
                let utc_offset_hours = scenario.network.regions[stream].utc_offset_hours;
                let clock = UserClock { start_weekday: 0, utc_offset_hours };
                let days = [day as f64 + 7.0, day as f64 + 8.0];
                let requests = arrivals.mean_requests(clock, RateFactors::AS_STATED, days).unwrap();
                shares[stream] * requests / arrivals.requests_per_day
            };
            let sum: f64 = (0..3).map(spent).sum();
            assert!((sum - weight).abs() < 0.01, "day {day}: {sum} for {weight}");
        }
    }
}
