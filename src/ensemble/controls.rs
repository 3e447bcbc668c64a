//! What replications draw of demand, as control variates: quantities with a
//! known mean, worked out from the keys alone.

use crate::demand::{ArrivalStream, Arrivals, DemandUncertainty, RateFactors};
use crate::kernel::{Sampler, StreamKey};
use crate::scenario::Scenario;
use crate::simulation::{ReplicationKeys, SIZE_DRAW, World, posted_cost};
use crate::units::{SECONDS_PER_DAY, SECONDS_PER_HOUR, SimTime};

/// Most requests that are expected in the time whose requests are counted. To
/// count them takes a few milliseconds; beyond so many, their number and sizes
/// are as good as certain.
const MOST_REQUESTS: f64 = 50_000.0;

/// Works out the controls of replications of a world. Each has mean 0:
///
/// 1. the normal draws z behind the factors on level and growth of demand and
///    behind the growth rate in addition, where they are uncertain;
/// 2. the demand of the first days: what their requests cost at the mean price
///    posted for their models, less the mean of that given those factors, as a
///    part of what is to be expected;
/// 3. z^2 - 1 of each of those draws, and the products of two of them, since a
///    runway is no straight line in them.
///
/// Which days are counted is fixed beforehand, so that no stopping rule comes
/// into it: their requests are drawn again from their keys, whether or not the
/// credits last as long. Where the mean count of a stream has no closed form
/// (self-exciting requests, and demand that drifts), and of recorded requests,
/// only sizes count: their sum less their mean times their number has mean 0 by
/// Wald's identity. Where some requests stand for others, none are counted.
#[derive(Debug)]
pub(super) struct DemandControls<'w> {
    world: &'w World<'w>,
    end: SimTime,
    streams: Vec<Counted>,
    /// What all requests until the end are expected to cost.
    expected_cost: f64,
}

#[derive(Debug)]
struct Counted {
    /// Index of the stream.
    index: usize,
    /// What a request of mean size costs, in ETH.
    cost: f64,
    size: Sampler,
    mean_size: f64,
}

impl<'w> DemandControls<'w> {
    pub(super) fn new(world: &'w World<'w>) -> DemandControls<'w> {
        let demand = world.scenario.demand.iter().enumerate();
        let counted = demand.map(|(index, stream)| Counted {
            index,
            cost: posted_cost(world.scenario, stream),
            size: stream.size.sampler(),
            mean_size: stream.size.mean(),
        });
        let mut controls = DemandControls {
            world,
            end: SimTime::ZERO,
            streams: counted.filter(|s| s.cost > 0.0 && s.mean_size > 0.0).collect(),
            expected_cost: 0.0,
        };
        controls.set_end();
        controls
    }

    /// Hour by hour, until the requests expected would use up the credits at
    /// posted prices, are as many as are counted, or the horizon is reached.
    fn set_end(&mut self) {
        let scenario = self.world.scenario;
        let credits = scenario.credits.eth.to_coins();
        let horizon = SimTime::from_days(u64::from(scenario.horizon_days));
        let hour = SimTime::from_secs(SECONDS_PER_HOUR as f64);
        let mut requests = 0.0;
        while self.end < horizon && self.expected_cost < credits {
            let span = [self.end, self.end + hour].map(SimTime::as_days);
            let (more, cost) = self.streams.iter().fold((0.0, 0.0), |(count, cost), stream| {
                let more =
                    self.mean_requests(stream, RateFactors::AS_STATED, span).unwrap_or_else(|| {
                        let arrivals = &scenario.demand[stream.index].arrivals;
                        match arrivals {
                            Arrivals::Poisson(poisson) => {
                                poisson.requests_per_day * (span[1] - span[0])
                            }
                            Arrivals::Trace(trace) => {
                                let before = |days: f64| {
                                    let seconds = days * SECONDS_PER_DAY as f64;
                                    trace.requests.partition_point(|request| request.0 < seconds)
                                };
                                (before(span[1]) - before(span[0])) as f64
                            }
                        }
                    });
                (count + more, cost + more * stream.cost)
            });
            requests += more;
            if requests > MOST_REQUESTS {
                break;
            }
            self.expected_cost += cost;
            self.end = self.end + hour;
        }
    }

    /// Mean number of requests of a stream in a span of days, where known.
    fn mean_requests(
        &self,
        counted: &Counted,
        factors: RateFactors,
        span: [f64; 2],
    ) -> Option<f64> {
        let stream = &self.world.scenario.demand[counted.index];
        let Arrivals::Poisson(arrivals) = &stream.arrivals else { return None };
        let clock = self.world.clock(counted.index);
        arrivals.mean_requests(clock, factors.of_stream(stream), span)
    }

    /// The controls of the replication whose draws derive from `key`.
    pub(super) fn of(&self, key: StreamKey) -> Vec<f64> {
        let uncertainty = self.world.scenario.uncertainty;
        let keys = ReplicationKeys(key);
        let deviations =
            [uncertainty.level_cv, uncertainty.growth_sd, uncertainty.growth_per_day_sd];
        let normals: Vec<f64> = DemandUncertainty::normals(keys.uncertainty())
            .into_iter()
            .zip(deviations)
            .filter(|(_, deviation)| *deviation > 0.0)
            .map(|(normal, _)| normal)
            .collect();
        let mut controls = normals.clone();
        if self.expected_cost > 0.0 {
            controls.push(self.surplus(keys));
        }
        controls.extend(normals.iter().map(|normal| normal * normal - 1.0));
        for (place, normal) in normals.iter().enumerate() {
            controls.extend(normals.iter().skip(place + 1).map(|other| normal * other));
        }
        controls
    }

    /// What the requests until the end cost beyond what was to be expected given
    /// the factors on demand, as a part of what is expected.
    fn surplus(&self, keys: ReplicationKeys) -> f64 {
        let factors = self.world.scenario.uncertainty.draw(keys.uncertainty());
        let surplus = self.streams.iter().map(|counted| {
            let Scenario { network, demand, .. } = self.world.scenario;
            let stream = &demand[counted.index];
            let clock = self.world.clock(counted.index);
            let key = keys.arrivals(network, stream);
            let pace = self.world.pace(counted.index);
            let mut arrivals = ArrivalStream::new(stream, clock, factors, key, self.end, pace);
            let requests = keys.requests(network, stream);
            let (mut count, mut sizes) = (0, 0.0);
            while arrivals.next_arrival() < self.end {
                sizes += match stream.recorded_size(count) {
                    Some(_) => 1.0,
                    None => counted.size.draw(requests.child(count), SIZE_DRAW) / counted.mean_size,
                };
                count += 1;
            }
            let span = [0.0, self.end.as_days()];
            let all = pace.requests() as f64;
            let mean = self.mean_requests(counted, factors, span).unwrap_or(all * count as f64);
            counted.cost * (all * sizes - mean)
        });
        surplus.sum::<f64>() / self.expected_cost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Source, load, preset};

    /// Means of controls over many replications, in standard errors.
    fn scores(overrides: &[&str]) -> Vec<f64> {
        let source = Source {
            name: "minimal".to_string(),
            text: preset("minimal").unwrap().to_string(),
            directory: None,
        };
        let overrides: Vec<String> = overrides.iter().map(|text| text.to_string()).collect();
        let scenario = load(&source, &overrides).unwrap();
        let world = World::new(&scenario);
        let controls = DemandControls::new(&world);
        let root = StreamKey::root(1);
        let n = 4_000;
        let rows: Vec<Vec<f64>> = (0..n).map(|number| controls.of(root.child(number))).collect();
        let score = |place: usize| {
            let values: Vec<f64> = rows.iter().map(|row| row[place]).collect();
            let mean = crate::ensemble::MeanAndError::of(&values);
            assert!(mean.standard_error > 0.0);
            mean.mean / mean.standard_error
        };
        (0..rows[0].len()).map(score).collect()
    }

    #[test]
    fn every_control_has_mean_0() {
        let sizes = "demand.streams.size={lognormal={mean=300000, cv=1.0}}";
        let few = "demand.streams.requests_per_day=20";
        let uncertain = "demand.uncertainty={level_cv=0.4, growth_sd=0.6}";
        let growth = "demand.streams.growth={linear={per_day=-0.02}}";
        let bursts = "demand.streams.bursts={modulated={cv=0.6, mean_hold_hours=30}}";
        let clustered =
            "demand.streams.bursts={self_exciting={branching=0.5, mean_delay_minutes=40}}";
        let drift = "demand.uncertainty={level_cv=0.4, growth_per_day_sd=0.02, \
                     level_growth_correlation=0.5, wander_per_day=0.1}";
        let cases: [(&[&str], usize); 5] = [
            // The minimal scenario has a level that is uncertain.
            (&[few, sizes], 3),
            (&[few, sizes, uncertain, growth], 6),
            (&[few, sizes, uncertain, bursts], 6),
            (&[few, sizes, clustered], 3),
            (&[few, sizes, drift], 6),
        ];
        for (overrides, count) in cases {
            let all = [overrides, &["horizon_days=20", "credits.amount=100000 LPT"]].concat();
            let scores = scores(&all);
            assert_eq!(scores.len(), count, "{overrides:?}");
            assert!(scores.iter().all(|score| score.abs() < 3.5), "{overrides:?}: {scores:?}");
        }
    }
}
