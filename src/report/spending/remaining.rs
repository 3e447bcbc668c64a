//! How long what is left lasts.

use jiff::civil::Date;

use crate::ensemble::KaplanMeier;
use crate::experiment::spend_model::{DailySeries, Posterior, SeriesError, futures};
use crate::kernel::StreamKey;
use crate::spend::SpendHistory;
use crate::units::significant;

/// Futures drawn, as many as a backtest draws, and the seed they are drawn by.
pub(super) const FUTURES: usize = 4_000;
const SEED: u64 = 1;
/// Days after which a future is cut off.
pub(super) const MOST_DAYS: usize = 1_095;
/// Days that the rest is to last, and by how much the level is to change meanwhile, from
/// which on its trend is worth a word.
const FAR_DAYS: f64 = 90.0;
const FAR_CHANGE: f64 = 0.2;

/// Days until nothing is left; `None` beyond what was looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Remaining {
    /// 10 % of the futures have run out.
    pub p10: Option<f64>,
    /// Half have.
    pub p50: Option<f64>,
    /// 90 % have.
    pub p90: Option<f64>,
}

impl Remaining {
    /// Quantiles of runways, of which some are censored.
    fn of(runways: &[(f64, bool)]) -> Remaining {
        let curve = KaplanMeier::new(runways);
        let [p10, p50, p90] = [0.1, 0.5, 0.9].map(|share| curve.quantile(share).days);
        Remaining { p10, p50, p90 }
    }

    /// From day `day` on, over the futures that have credits left then, and the
    /// share of those that have.
    pub(super) fn of_run(runways: &[(f64, bool)], day: f64) -> (Option<Remaining>, f64) {
        let alive: Vec<(f64, bool)> = runways
            .iter()
            .filter(|(end, censored)| *end > day || *censored && *end >= day)
            .map(|&(end, censored)| (end - day, censored))
            .collect();
        let share = alive.len() as f64 / runways.len().max(1) as f64;
        ((!alive.is_empty()).then(|| Remaining::of(&alive)), share)
    }

    /// How long `left` (ETH) lasts after `end`, by the model of spend fitted to the
    /// complete days of `history`, which has none after `end`; and what the model may
    /// have missed or takes for granted, in words.
    ///
    /// # Errors
    /// A history that the model cannot be fitted to.
    pub(super) fn forecast(
        left: f64,
        history: &SpendHistory,
        end: Date,
    ) -> Result<(Remaining, Vec<String>), SeriesError> {
        let past = DailySeries::new(history)?;
        let key = StreamKey::root(SEED);
        let posterior = Posterior::of(&past, FUTURES, key.child(0));
        // The history may end before the period does.
        let unknown = (end - past.date(past.len() - 1)).get_days().max(0) as usize;
        let futures = futures(&past, &posterior, unknown + MOST_DAYS, key.child(1));
        let runways: Vec<(f64, bool)> =
            futures.iter().map(|future| runway(left, &future[unknown..])).collect();
        let remaining = Remaining::of(&runways);
        let days = remaining.p50.unwrap_or(MOST_DAYS as f64);
        let miss = posterior.miss_in_words(&past);
        Ok((remaining, miss.into_iter().chain(trend_in_words(&posterior, days)).collect()))
    }
}

/// What it means that a level which keeps to a trend is taken to do so for `days` days.
fn trend_in_words(posterior: &Posterior, days: f64) -> Option<String> {
    let rate = posterior.quantile(0.5, |draw| draw.growth);
    let change = |days: f64| libm::expm1(rate * days);
    let is_far = days > FAR_DAYS && libm::fabs(change(days)) > FAR_CHANGE;
    let (grow, longer) = if rate > 0.0 { ("grow", "longer") } else { ("fall", "less long") };
    (is_far && !posterior.wanders()).then(|| {
        format!(
            "the forecast takes spend to {grow} by {:.1} % a month for all that time, by a factor of \
             {} in {days:.0} days. Where that ends earlier, the rest lasts {longer}: a bound, as \
             `growth = {{ logistic = {{ ceiling = ..., rate_per_day = ... }} }}`, has only a \
             scenario, and `orchsim calibrate` keeps it",
            100.0 * libm::fabs(change(30.0)),
            significant(1.0 + change(days), 2)
        )
    })
}

/// Days until `left` is spent, and whether it is not.
fn runway(mut left: f64, daily: &[f64]) -> (f64, bool) {
    for (day, &spent) in daily.iter().enumerate() {
        if spent >= left {
            let part = if spent > 0.0 { left / spent } else { 0.0 };
            return (day as f64 + part, false);
        }
        left -= spent;
    }
    (daily.len() as f64, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spend::{SpendOptions, read_spend};

    #[test]
    fn a_runway_ends_within_the_day_that_spends_the_rest() {
        assert_eq!(runway(10.5, &[1.0; 28]), (10.5, false));
        assert_eq!(runway(0.0, &[0.0, 1.0]), (0.0, false));
        assert_eq!(runway(28.5, &[1.0; 28]), (28.0, true));
    }

    #[test]
    fn eight_in_ten_wandering_levels_run_out_within_the_band() {
        const PAST: u64 = 60;
        let end = jiff::civil::date(2025, 3, 1);
        let held = (0..25).filter(|series| {
            let draws = StreamKey::root(7).child(*series);
            let mut level = 0.0;
            let daily: Vec<f64> = (0..10 * PAST)
                .map(|day| {
                    level += 0.12 * draws.normal(2 * day);
                    libm::exp(level + 0.1 * draws.normal(2 * day + 1))
                })
                .collect();
            let (past, to_come) = daily.split_at(PAST as usize);
            let row = |(eth, before): (&f64, i64)| {
                let date = end.saturating_sub(jiff::Span::new().days(before));
                format!("{date},{eth:.6}\n")
            };
            let rows: String = past.iter().rev().zip(0..).map(row).collect();
            let csv = format!("date,amount_eth\n{rows}");
            let history = read_spend(csv.as_bytes(), "spend", &SpendOptions::default()).unwrap();
            let left = 30.0 * past[30..].iter().sum::<f64>() / 30.0;
            let (band, _) = Remaining::forecast(left, &history, end).unwrap();
            let (came, _) = runway(left, to_come);
            let end = |days: Option<f64>| days.unwrap_or(f64::INFINITY);
            (end(band.p10)..=end(band.p90)).contains(&came)
        });
        // 20 and two and a half standard deviations.
        let held = held.count();
        assert!((15..=24).contains(&held), "{held} of 25");
    }

    /// At 1 % a day spend is exp(1.8) = 6 times as much after 180 days, in which it adds
    /// up to (exp(1.8) - 1) / 0.01 times that of the first.
    #[test]
    fn a_trend_that_is_taken_to_go_on_for_long_is_said() {
        let end = jiff::civil::date(2025, 3, 1);
        let draws = StreamKey::root(3);
        let words = |rate: f64, days: f64| {
            let row = |before: i64| {
                let date = end.saturating_sub(jiff::Span::new().days(before));
                let noise = 0.1 * draws.normal(before.unsigned_abs());
                format!("{date},{:.9}\n", libm::exp(noise - rate * before as f64))
            };
            let csv = format!("date,amount_eth\n{}", (0..90).rev().map(row).collect::<String>());
            let history = read_spend(csv.as_bytes(), "spend", &SpendOptions::default()).unwrap();
            let left = if rate == 0.0 { days } else { libm::expm1(rate * days) / rate };
            Remaining::forecast(left, &history, end).unwrap().1
        };
        for (rate, factor, verb) in [(0.01, 5.0..7.5, "grow"), (-0.004, 0.4..0.6, "fall")] {
            let words = words(rate, 180.0).concat();
            let said = words.split("by a factor of ").nth(1).unwrap_or_default();
            let said: f64 = said.split(' ').next().unwrap_or_default().parse().unwrap_or(f64::NAN);
            assert!(factor.contains(&said) && words.contains(verb), "{words}");
        }
        assert_eq!(words(0.01, 60.0), Vec::<String>::new());
        assert_eq!(words(0.0, 180.0), Vec::<String>::new());
    }

    #[test]
    fn futures_that_ran_out_before_do_not_count() {
        let runways = [(10.0, false), (50.0, false), (70.0, false), (90.0, true)];
        let (remaining, share) = Remaining::of_run(&runways, 30.0);
        assert_eq!(share, 0.75);
        let remaining = remaining.unwrap();
        assert_eq!((remaining.p10, remaining.p50), (Some(20.0), Some(40.0)));
        assert_eq!(remaining.p90, None);
        assert_eq!(Remaining::of_run(&runways[..2], 60.0), (None, 0.0));
    }
}
