//! How fitted growth goes on.

use jiff::civil::Date;

use crate::demand::{Arrivals, Growth};
use crate::scenario::Scenario;
use crate::text::first_few;
use crate::units::significant;

/// Streams named in a remark.
const MOST_NAMED: usize = 4;
/// Factor by the end of the run from which on growth without a bound is worth a word.
const FAR: f64 = 2.0;
/// A bound below which growth has all but ended.
const REACHED: f64 = 1.05;

/// Growth fitted to the days from `first` on, of a scenario that started on `base` and
/// is to start on `start`.
pub(super) struct Trend {
    pub rate_per_day: f64,
    pub first: Date,
    pub base: Date,
    pub start: Date,
}

impl Trend {
    /// That of a stream which grew by `base` before: below the same bound, where that has
    /// one and spend grows. The rate is a mean over days in which growth towards a bound
    /// slows down.
    pub fn growth(&self, base: &Growth) -> Growth {
        let days = |since: Date| f64::from((self.start - since).get_days());
        match base.bound(days(self.base)) {
            Some(bound) if self.rate_per_day > 0.0 => {
                Growth::below(bound, self.rate_per_day, days(self.first))
            }
            _ => Growth::Exponential { rate_per_day: self.rate_per_day },
        }
    }

    /// How far the growth of the calibrated `scenario` goes.
    pub fn remarks(&self, scenario: &Scenario) -> impl Iterator<Item = String> {
        let (mut bounded, mut unbounded) = (Vec::new(), Vec::new());
        let (mut least, mut most) = (f64::INFINITY, 1.0_f64);
        for stream in scenario.demand.iter().filter(|stream| stream.injected.is_none()) {
            let Arrivals::Poisson(arrivals) = &stream.arrivals else { continue };
            let names = match arrivals.growth {
                Growth::Exponential { .. } => &mut unbounded,
                _ => {
                    let bound = arrivals.growth.bound(0.0).unwrap_or(1.0);
                    (least, most) = (least.min(bound), most.max(bound));
                    &mut bounded
                }
            };
            if !names.contains(&stream.id.as_str()) {
                names.push(&stream.id);
            }
        }
        let a_month = 100.0 * libm::expm1(30.0 * self.rate_per_day);
        let [least, most] = [least, most].map(|bound| significant(bound, 3));
        let bounded = (!bounded.is_empty()).then(|| {
            let factor = match (least == most, most > 1.0) {
                (_, false) => "do not grow any more".to_string(),
                (true, true) => format!("become at most {most} times as many"),
                (false, true) => format!("become at most {least} to {most} times as many"),
            };
            let all_the_same = match most < REACHED {
                true => format!(
                    ", although spend grew by {a_month:.0} % a month: a higher ceiling, or a later \
                     point, lets that go on"
                ),
                false => String::new(),
            };
            format!(
                "growth stays bounded as in the scenario: from the start on requests of {} \
                 {factor}, but for what `demand.uncertainty` adds{all_the_same}",
                first_few(&bounded, MOST_NAMED)
            )
        });
        let horizon = f64::from(scenario.horizon_days);
        let is_far = self.rate_per_day * horizon > libm::log(FAR);
        let unbounded = (is_far && !unbounded.is_empty()).then(|| {
            format!(
                "growth of {} has no bound in the scenario: it is taken to go on for as long as the \
                 run lasts, by a factor of {} a year; `growth = {{ logistic = {{ ceiling = ..., \
                 rate_per_day = ... }} }}` in the scenario that is calibrated bounds it",
                first_few(&unbounded, MOST_NAMED),
                significant(libm::exp(365.0 * self.rate_per_day), 2)
            )
        });
        bounded.into_iter().chain(unbounded)
    }
}
