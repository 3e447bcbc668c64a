use super::discovery::found_shares;
use super::{Candidate, Market, TIME_TO_LIVE_S};
use crate::units::SECONDS_PER_DAY;

/// Share of discoveries that must find an orchestrator: pools that keep whom
/// they have found get whoever answers one of a day's in time.
pub(super) const FOUND_DAILY: f64 = TIME_TO_LIVE_S / SECONDS_PER_DAY as f64;
/// Where each discovery makes the pool anew, whoever is found more often than
/// not.
pub(super) const USUALLY_FOUND: f64 = 0.5;

/// Whom a gateway that has just started asks.
#[derive(Clone, Debug)]
pub(super) struct FirstPool {
    /// Share of discoveries that find each candidate, 0 to 1.
    pub found: Vec<f64>,
    /// Whom the gateway comes to know: those who are there, are found and give
    /// tickets, nearest first, which is the order in which it learns of them.
    pub known: Vec<u32>,
    /// Those of them in the first pool in which the rule may select somebody:
    /// warm before cold, those who are preferred before all. Later ones get
    /// requests only where nobody of it is left.
    pub sessions: Vec<u32>,
    /// Those of them whom the rule may select; empty where it may select nobody in
    /// any pool.
    pub eligible: Vec<u32>,
}

impl Market {
    /// The dearest of those whom a gateway that has just started asks; of all, where it
    /// asks nobody.
    pub fn dearest_asked(&self) -> Option<&Candidate> {
        let known = self.first_pool().known;
        let known = known.iter().map(|&index| &self.candidates[index as usize]);
        let dearest = known.max_by_key(|candidate| candidate.price);
        dearest.or_else(|| self.candidates.iter().max_by_key(|candidate| candidate.price))
    }

    /// Whether a candidate is there at the start and has tickets to give.
    pub(super) fn gives_tickets(&self, candidate: u32) -> bool {
        self.starts_present[candidate as usize] && self.ticket_problem(candidate).is_none()
    }

    /// Whether the rule may select somebody in the pool of some discovery a day, where
    /// these shares of discoveries find each candidate.
    pub(super) fn serves_at_times(&self, found: &[f64]) -> bool {
        let mut eligible: Vec<u32> = (0..self.candidates.len() as u32).collect();
        eligible.retain(|&candidate| {
            found[candidate as usize] >= FOUND_DAILY && self.gives_tickets(candidate)
        });
        self.filter(&self.candidates, &mut eligible);
        !eligible.is_empty()
    }

    /// Whether a candidate is served before those who are not preferred.
    pub(super) fn is_preferred(&self, candidate: u32) -> bool {
        self.preferred.get(candidate as usize) == Some(&true)
    }

    /// Whom a gateway that has just started asks.
    pub(super) fn first_pool(&self) -> FirstPool {
        let found = found_shares(&self.probes, self.discovery_timeout_s);
        let least = if self.refreshes_in_background() { USUALLY_FOUND } else { FOUND_DAILY };
        let is_known =
            |&candidate: &u32| found[candidate as usize] >= least && self.gives_tickets(candidate);
        let mut known: Vec<u32> =
            (0..self.candidates.len() as u32).filter(|candidate| is_known(candidate)).collect();
        let latency = |&candidate: &u32| {
            let probe = &self.probes[candidate as usize];
            probe.base_s + probe.jitter_s
        };
        known.sort_by(|a, b| latency(a).total_cmp(&latency(b)));
        let (sessions, eligible) = self.first_to_select_from(&known);
        FirstPool { found, known, sessions, eligible }
    }

    /// The sessions with whom is known, in which the rule may select somebody: warm before
    /// cold, those who are preferred before all; and those of them whom it may select.
    pub(super) fn first_to_select_from(&self, known: &[u32]) -> (Vec<u32>, Vec<u32>) {
        let pool = |(preferred, warm): (bool, bool)| {
            let mut sessions = known.to_vec();
            sessions.retain(|&candidate| {
                self.warm[candidate as usize] == warm
                    && (!preferred || self.is_preferred(candidate))
            });
            let mut eligible = sessions.clone();
            self.filter(&self.candidates, &mut eligible);
            (sessions, eligible)
        };
        let pools = [(true, true), (true, false), (false, true), (false, false)];
        let first = pools.into_iter().map(pool).find(|(_, eligible)| !eligible.is_empty());
        first.unwrap_or_default()
    }
}
