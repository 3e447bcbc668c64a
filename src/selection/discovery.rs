use super::Suspender;
use crate::kernel::StreamKey;

/// Round trips of one discovery probe: TCP and TLS handshakes and the RPC
/// itself, "about 3 to 4" (inferred from go-livepeer `server/rpc.go`).
pub const PROBE_ROUND_TRIPS: f64 = 3.5;

/// A discovery ends at the latest after so many seconds (go-livepeer
/// `discovery/discovery.go`, `maxGetOrchestratorCutoffTimeout`).
pub const CUTOFF_S: f64 = 6.0;

/// The least a discovery takes, in seconds: even where every distance is 0 a
/// gateway that finds nobody must not ask for ever at one moment.
const SHORTEST_S: f64 = 1e-3;

/// What a probe to one candidate takes.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    /// Seconds without jitter.
    pub base_s: f64,
    /// Mean of the exponential jitter on top, in seconds.
    pub jitter_s: f64,
}

/// One round of asking every candidate at once (go-livepeer
/// `discovery/discovery.go`): it waits until all have answered or, at the
/// checkpoints 1, 2, 4, ... times the timeout, until somebody who is not
/// suspended has.
#[derive(Debug, Default)]
pub struct Discovery {
    /// Those that answered in time, nearest first: seconds and candidate.
    pub found: Vec<(f64, u32)>,
    /// How long it took, in seconds.
    pub duration_s: f64,
}

impl Discovery {
    /// Asks every candidate. `answers` says whether a candidate, once reached,
    /// offers itself (from 0.8.4 on a live-video orchestrator without a free container does
    /// not). With `someone_silent` at least one member of the pool never
    /// answers, so that a timer always ends the wait.
    pub fn run(
        &mut self,
        probes: &[Probe],
        timeout_s: f64,
        someone_silent: bool,
        suspender: &mut Suspender,
        answers: impl Fn(u32) -> bool,
        key: StreamKey,
    ) {
        self.found.clear();
        let (mut first_ok, mut last) = (f64::INFINITY, 0.0f64);
        for (candidate, probe) in (0u32..).zip(probes) {
            let latency = probe.base_s + probe.jitter_s * key.exponential(u64::from(candidate));
            last = last.max(latency);
            if !answers(candidate) {
                continue;
            }
            if !suspender.is_suspended(candidate) {
                first_ok = first_ok.min(latency);
            }
            self.found.push((latency, candidate));
        }
        let timer = checkpoint_after(first_ok, timeout_s);
        self.duration_s = if someone_silent { timer } else { timer.min(last.max(SHORTEST_S)) };
        self.found.retain(|&(latency, _)| latency <= self.duration_s);
        // Latencies are not negative, so their bits order as they do.
        self.found.sort_unstable_by_key(|&(latency, candidate)| (latency.to_bits(), candidate));
    }
}

/// The checkpoint that ends a discovery whose first good answer comes after
/// `first_s` seconds.
pub(super) fn checkpoint_after(first_s: f64, timeout_s: f64) -> f64 {
    let mut checkpoint = timeout_s;
    while checkpoint < first_s && checkpoint < CUTOFF_S {
        checkpoint *= 2.0;
    }
    checkpoint.min(CUTOFF_S)
}

impl Probe {
    /// How likely it takes longer than so many seconds.
    fn later_than(&self, seconds: f64) -> f64 {
        match seconds - self.base_s {
            left if left < 0.0 => 1.0,
            left if self.jitter_s > 0.0 => libm::exp(-left / self.jitter_s),
            _ => 0.0,
        }
    }
}

/// The share of discoveries that find each candidate, where all offer themselves
/// and nobody is suspended: it answers up to the first checkpoint, or up to a later
/// one while none of the others has answered before.
pub(super) fn found_shares(probes: &[Probe], timeout_s: f64) -> Vec<f64> {
    let mut shares = vec![0.0; probes.len()];
    let mut late = vec![1.0; probes.len()];
    let mut others_late = late.clone();
    let mut checkpoint = timeout_s;
    loop {
        let end = checkpoint.min(CUTOFF_S);
        let later: Vec<f64> = probes.iter().map(|probe| probe.later_than(end)).collect();
        for (place, share) in shares.iter_mut().enumerate() {
            *share += others_late[place] * (late[place] - later[place]);
        }
        if checkpoint >= CUTOFF_S {
            return shares;
        }
        others_late = products_of_others(&later);
        late = later;
        checkpoint *= 2.0;
    }
}

/// For each factor the product of all others.
fn products_of_others(factors: &[f64]) -> Vec<f64> {
    let mut products = Vec::with_capacity(factors.len());
    let mut before = 1.0;
    for factor in factors {
        products.push(before);
        before *= factor;
    }
    let mut after = 1.0;
    for (product, factor) in products.iter_mut().zip(factors).rev() {
        *product *= after;
        after *= factor;
    }
    products
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(latencies: &[f64], suspended: &[u32], someone_silent: bool) -> (Vec<u32>, f64) {
        let probes: Vec<Probe> =
            latencies.iter().map(|&base_s| Probe { base_s, jitter_s: 0.0 }).collect();
        let mut suspender = Suspender::new(latencies.len());
        suspended.iter().for_each(|&candidate| suspender.suspend(candidate, 3));
        let mut discovery = Discovery::default();
        let key = StreamKey::root(1);
        discovery.run(&probes, 0.5, someone_silent, &mut suspender, |_| true, key);
        (discovery.found.iter().map(|&(_, candidate)| candidate).collect(), discovery.duration_s)
    }

    #[test]
    fn the_first_checkpoint_with_an_answer_ends_the_wait() {
        // Checkpoints 0.5, 1, 2, 4 s and the cut-off at 6 s; nearest first.
        assert_eq!(found(&[0.4, 0.7, 0.2], &[], true), (vec![2, 0], 0.5));
        assert_eq!(found(&[0.6, 0.9, 1.1], &[], true), (vec![0, 1], 1.0));
        assert_eq!(found(&[3.0, 5.0], &[], true), (vec![0], 4.0));
        assert_eq!(found(&[5.0, 7.0], &[], true), (vec![0], 6.0));
        assert_eq!(found(&[6.5], &[], true), (vec![], 6.0));
        assert_eq!(found(&[], &[], true), (vec![], 6.0));
    }

    #[test]
    fn it_ends_early_when_everyone_has_answered() {
        assert_eq!(found(&[0.2, 0.3], &[], false), (vec![0, 1], 0.3));
        assert_eq!(found(&[0.2, 0.7], &[], false), (vec![0], 0.5));
    }

    #[test]
    fn a_suspended_answer_does_not_end_the_wait() {
        assert_eq!(found(&[0.2, 0.7], &[0], true), (vec![0, 1], 1.0));
    }
    #[test]
    fn shares_found_are_those_of_simulated_discoveries() {
        let of = |pairs: &[(f64, f64)]| -> Vec<Probe> {
            pairs.iter().map(|&(base_s, jitter_s)| Probe { base_s, jitter_s }).collect()
        };
        // By hand: alone, it is found whenever it answers within 6 s; beside one who
        // always does, 1 - exp(-45 / 90) of the time, and never where it cannot.
        let alone = found_shares(&of(&[(0.455, 0.09)]), 0.5);
        assert!((alone[0] - 1.0).abs() < 1e-12, "{alone:?}");
        let beside = found_shares(&of(&[(0.1, 0.0), (0.455, 0.09), (0.6, 0.0)]), 0.5);
        let expected = [1.0, 1.0 - (-0.5f64).exp(), 0.0];
        assert!(beside.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{beside:?}");
        // Where nobody is sure, later checkpoints count.
        for pairs in [
            vec![(0.4, 0.3), (0.45, 1.0), (0.9, 0.5), (5.5, 1.0)],
            vec![(0.6, 0.4), (0.7, 0.0), (1.2, 0.1)],
            vec![(3.0, 2.0), (5.0, 3.0)],
        ] {
            let probes = of(&pairs);
            let (mut suspender, mut discovery) =
                (Suspender::new(probes.len()), Discovery::default());
            let (key, rounds) = (StreamKey::root(7), 40_000);
            let mut counts = vec![0.0; probes.len()];
            for round in 0..rounds {
                let key = key.child(round);
                discovery.run(&probes, 0.5, true, &mut suspender, |_| true, key);
                discovery
                    .found
                    .iter()
                    .for_each(|&(_, candidate)| counts[candidate as usize] += 1.0);
            }
            for (count, share) in counts.iter().zip(found_shares(&probes, 0.5)) {
                let seen = count / rounds as f64;
                // Four standard errors of a half.
                assert!((seen - share).abs() < 0.01, "{pairs:?}: {seen} for {share}");
            }
        }
    }
}
