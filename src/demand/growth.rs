/// A rise to come beyond which the level before it says nothing of the one after.
const MOST_RISE: f64 = 1e4;

/// The trend of a demand stream: a factor on its level at the start, as a
/// function of the days since then. Never below 0.
#[derive(Clone, Debug, PartialEq)]
pub enum Growth {
    /// No trend.
    Constant,
    /// `1 + per_day * t`.
    Linear {
        /// Change of the factor each day.
        per_day: f64,
    },
    /// `exp(rate_per_day * t)`.
    Exponential {
        /// Growth rate each day.
        rate_per_day: f64,
    },
    /// A logistic curve that is 1 at the start and tends to `ceiling`:
    /// `ceiling / (1 + (ceiling - 1) * exp(-rate_per_day * t))`.
    Logistic {
        /// The factor it tends to; at least 1.
        ceiling: f64,
        /// Growth rate each day while far below the ceiling.
        rate_per_day: f64,
    },
    /// Straight lines between points of (day, factor), constant before the
    /// first and after the last.
    Piecewise {
        /// Points in order of their day.
        points: Vec<(f64, f64)>,
    },
}

impl Growth {
    /// The same trend at `speed` times its rate: 0 is no growth. Of a
    /// piecewise trend the distance of every point from 1 is scaled.
    pub fn scaled(&self, speed: f64) -> Growth {
        match self {
            Growth::Constant => Growth::Constant,
            Growth::Linear { per_day } => Growth::Linear { per_day: per_day * speed },
            Growth::Exponential { rate_per_day } => {
                Growth::Exponential { rate_per_day: rate_per_day * speed }
            }
            Growth::Logistic { ceiling, rate_per_day } => {
                Growth::Logistic { ceiling: *ceiling, rate_per_day: rate_per_day * speed }
            }
            Growth::Piecewise { points } => {
                let scaled = |&(day, factor): &(f64, f64)| (day, 1.0 + (factor - 1.0) * speed);
                Growth::Piecewise { points: points.iter().map(scaled).collect() }
            }
        }
    }

    /// The factor `day` days after the start.
    pub fn factor(&self, day: f64) -> f64 {
        let factor = match self {
            Growth::Constant => 1.0,
            Growth::Linear { per_day } => 1.0 + per_day * day,
            Growth::Exponential { rate_per_day } => libm::exp(rate_per_day * day),
            Growth::Logistic { ceiling, rate_per_day } => {
                ceiling / (1.0 + (ceiling - 1.0) * libm::exp(-rate_per_day * day))
            }
            Growth::Piecewise { points } => interpolate(points, day),
        };
        factor.max(0.0)
    }

    /// The same trend from `day` on, as a factor on the level of that day; of a piecewise
    /// one that rises later from 0, or from next to it, on the same level as before.
    /// `None` where it is at 0 for good, within a day at the latest.
    pub fn from_day(&self, day: f64) -> Option<Growth> {
        let now = self.factor(day);
        let level = match self {
            Growth::Linear { per_day } if now + per_day < 0.0 => 0.0,
            Growth::Piecewise { points }
                if highest_ahead(points, day).is_some_and(|most| most > MOST_RISE * now) =>
            {
                1.0
            }
            _ => now,
        };
        (level > 0.0).then(|| match self {
            Growth::Constant | Growth::Exponential { .. } => self.clone(),
            Growth::Linear { per_day } => Growth::Linear { per_day: per_day / level },
            &Growth::Logistic { ceiling, rate_per_day } => {
                let ceiling = ceiling_from(ceiling, rate_per_day, day);
                Growth::Logistic { ceiling, rate_per_day }
            }
            Growth::Piecewise { points } => {
                let ahead = points.iter().filter(|(at, _)| *at > day);
                let ahead = ahead.map(|(at, factor)| (at - day, factor / level));
                let first = (0.0, now / level);
                Growth::Piecewise { points: [first].into_iter().chain(ahead).collect() }
            }
        })
    }

    /// The logistic curve below `ceiling` that has grown by `exp(rate_per_day * days)`
    /// in the `days` before it is 1, at a rate that fell all along; of none before, the
    /// one that grows at that rate as it sets out. Constant where nothing is left of the
    /// way to the ceiling.
    pub fn below(ceiling: f64, rate_per_day: f64, days: f64) -> Growth {
        let room = ceiling - 1.0;
        if room <= 0.0 {
            return Growth::Constant;
        }
        let grown = rate_per_day * days;
        let rate = if days > 0.0 {
            (grown + libm::log1p(-libm::expm1(-grown) / room)) / days
        } else {
            rate_per_day * ceiling / room
        };
        Growth::Logistic { ceiling, rate_per_day: rate }
    }

    /// The highest factor from `day` on over that of the day, at least 1, where the trend
    /// has a bound: `None` of one that goes on for ever or says nothing of what is to
    /// come, as after the last point of a piecewise one, or before it rises from next to 0.
    pub fn bound(&self, day: f64) -> Option<f64> {
        match self {
            &Growth::Logistic { ceiling, rate_per_day } => {
                Some(ceiling_from(ceiling, rate_per_day, day))
            }
            Growth::Piecewise { points } => {
                let now = self.factor(day);
                let is_of_now = |most: &f64| now > 0.0 && *most <= MOST_RISE * now;
                let highest = highest_ahead(points, day).filter(is_of_now)?;
                Some((highest / now).max(1.0))
            }
            _ => None,
        }
    }

    /// The least and the greatest factor between two days, each given with its
    /// own. Every kind is monotone between the points of a piecewise trend.
    pub fn bounds(&self, from: (f64, f64), to: (f64, f64)) -> (f64, f64) {
        let (mut least, mut greatest) = (from.1.min(to.1), from.1.max(to.1));
        if let Growth::Piecewise { points } = self {
            for &(_, factor) in points.iter().filter(|(day, _)| from.0 < *day && *day < to.0) {
                least = least.min(factor.max(0.0));
                greatest = greatest.max(factor);
            }
        }
        (least, greatest)
    }
}

/// The ceiling of a logistic curve over its factor on a day.
fn ceiling_from(ceiling: f64, rate_per_day: f64, day: f64) -> f64 {
    1.0 + (ceiling - 1.0) * libm::exp(-rate_per_day * day)
}

/// The highest factor of the points after a day.
fn highest_ahead(points: &[(f64, f64)], day: f64) -> Option<f64> {
    points.iter().filter(|&&(at, _)| at > day).map(|point| point.1).reduce(f64::max)
}

pub(super) fn interpolate(points: &[(f64, f64)], day: f64) -> f64 {
    let next = points.partition_point(|&(at, _)| at <= day);
    match (next.checked_sub(1).and_then(|i| points.get(i)), points.get(next)) {
        (Some(&(d0, f0)), Some(&(d1, f1))) => f0 + (f1 - f0) * (day - d0) / (d1 - d0),
        (Some(&(_, factor)), None) | (None, Some(&(_, factor))) => factor,
        (None, None) => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_bounded_growth_is_its_highest_over_that_of_the_day() {
        let logistic = Growth::Logistic { ceiling: 3.0, rate_per_day: 0.01 };
        let now = 3.0 / (1.0 + 2.0 * f64::exp(-1.2));
        assert!((logistic.bound(120.0).unwrap() - 3.0 / now).abs() < 1e-12);
        // Half of the way from 1 to 2, then 4 at most.
        let piecewise = Growth::Piecewise { points: vec![(0.0, 1.0), (10.0, 2.0), (20.0, 4.0)] };
        assert_eq!(piecewise.bound(5.0), Some(4.0 / 1.5));
        assert_eq!(piecewise.bound(20.0), None);
        let falling = Growth::Piecewise { points: vec![(0.0, 2.0), (10.0, 1.0)] };
        assert_eq!(falling.bound(5.0), Some(1.0));
        let launched = Growth::Piecewise { points: vec![(0.0, 1.0), (10.0, 1e-7), (40.0, 1.0)] };
        assert_eq!(launched.bound(10.0), None);
        let unbounded = [
            Growth::Constant,
            Growth::Linear { per_day: 0.01 },
            Growth::Exponential { rate_per_day: 0.01 },
        ];
        assert!(unbounded.iter().all(|growth| growth.bound(5.0).is_none()));
    }

    #[test]
    fn a_trend_goes_on_from_a_later_day() {
        let kinds = [
            Growth::Constant,
            Growth::Linear { per_day: 0.02 },
            Growth::Exponential { rate_per_day: 0.01 },
            Growth::Logistic { ceiling: 3.0, rate_per_day: 0.01 },
            Growth::Piecewise { points: vec![(10.0, 1.0), (60.0, 5.0), (90.0, 0.5)] },
        ];
        for growth in kinds {
            for from in [0.0, 30.0, 75.0, 120.0] {
                let later = growth.from_day(from).unwrap();
                for day in [0.0, 1.0, 29.5, 50.0, 400.0] {
                    let factor = growth.factor(from + day) / growth.factor(from);
                    let error = (later.factor(day) / factor - 1.0).abs();
                    assert!(error < 1e-12, "{growth:?} from {from}: {later:?}");
                }
            }
        }
        // Half the change of twice the level, and three times the level less what it grew.
        let later = Growth::Linear { per_day: 0.02 }.from_day(50.0);
        assert_eq!(later, Some(Growth::Linear { per_day: 0.01 }));
        let later = Growth::Logistic { ceiling: 3.0, rate_per_day: 0.01 }.from_day(120.0).unwrap();
        let Growth::Logistic { ceiling, .. } = later else { panic!("{later:?}") };
        assert!((ceiling - 1.602_388_423_824_404).abs() < 1e-12, "{ceiling}");
        assert_eq!(Growth::Linear { per_day: -0.01 }.from_day(100.0), None);
        // Half a day is left of it.
        assert_eq!(Growth::Linear { per_day: -0.01 }.from_day(99.5), None);
    }

    /// 12 days later all comes 12 days sooner, and is as high as it was.
    #[test]
    fn a_launch_to_come_keeps_its_day_and_its_factors() {
        let piecewise = |points: &[(f64, f64)]| Growth::Piecewise { points: points.to_vec() };
        for (before, after) in [
            (
                [(0.0, 0.0), (100.0, 0.0), (130.0, 1.0)].as_slice(),
                [(0.0, 0.0), (88.0, 0.0), (118.0, 1.0)].as_slice(),
            ),
            (&[(0.0, 1.0), (12.0, 1e-7), (40.0, 1.0)], &[(0.0, 1e-7), (28.0, 1.0)]),
            // A level that says something of those to come is the one they are of.
            (&[(0.0, 1.0), (12.0, 0.5), (40.0, 1.0)], &[(0.0, 1.0), (28.0, 2.0)]),
            (&[(0.0, 1.0), (12.0, 1e-7)], &[(0.0, 1.0)]),
        ] {
            assert_eq!(piecewise(before).from_day(12.0), Some(piecewise(after)));
        }
        let over = piecewise(&[(0.0, 1.0), (10.0, 0.0), (20.0, 0.0)]);
        assert_eq!(over.from_day(12.0), None);
    }

    /// Seen from day 120, the curve to three times the level of day 0 had grown by what
    /// it is there, and has the rest before it, at the same rate.
    #[test]
    fn a_curve_is_found_again_in_what_it_has_grown() {
        let grown = f64::ln(3.0 / (1.0 + 2.0 * f64::exp(-1.2)));
        let ceiling = 1.0 + 2.0 * f64::exp(-1.2);
        let Growth::Logistic { rate_per_day, .. } = Growth::below(ceiling, grown / 120.0, 120.0)
        else {
            panic!("not logistic");
        };
        assert!((rate_per_day - 0.01).abs() < 1e-12, "{rate_per_day}");
        // From no days before, the slope at the start: r (1 - 1 / C).
        let tangent = Growth::below(2.0, 0.01, 0.0);
        assert_eq!(tangent, Growth::Logistic { ceiling: 2.0, rate_per_day: 0.02 });
        assert_eq!(Growth::below(1.0, 0.01, 120.0), Growth::Constant);
    }
}
