use super::{Candidate, ProbabilityRule};
use crate::kernel::{StreamKey, index_below};

/// How a pool picks among its sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolRule {
    /// 0.8.3 (`MinLSSelector`, minLS 0): sessions never used by the probability
    /// rule; once all were used, always the lowest latency score.
    FirstContactThenFastest,
    /// 0.8.4 and later: the probability rule on every request.
    ProbabilityByLatencyScore,
    /// The same for live video in 0.8.4: sessions stand in order of their
    /// discovery latency.
    ProbabilityByDiscoveryLatency,
    /// Live video in 0.9 (`LiveSelectionAlgorithm`): the nearest at or below
    /// the maximum price.
    Nearest,
}

/// A session as a request holds it. The generation tells a session from a
/// later one with the same orchestrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionRef {
    /// The orchestrator, an index into the market's candidates.
    pub candidate: u32,
    generation: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    /// Not in the pool.
    Absent,
    /// In the pool and never used.
    Untried,
    /// In the pool, used before, free.
    Idle,
    /// Taken out by a request and not yet returned.
    InUse,
}

#[derive(Clone, Debug)]
struct Session {
    status: Status,
    generation: u32,
    /// Requests that hold it.
    in_flight: u32,
    /// Seconds a unit of the last completed request; 0 for a new session.
    latency_score: f64,
    /// Seconds the discovery probe took.
    discovery_latency: f64,
    /// Its place in the pool's list of sessions in use.
    in_use_place: u32,
}

/// The sessions of a selector with warm (or with cold) orchestrators
/// (go-livepeer `AISessionPool`, `server/ai_session.go`).
#[derive(Debug)]
pub struct SessionPool {
    rule: PoolRule,
    /// One for each candidate of the market.
    sessions: Vec<Session>,
    size: usize,
    /// Never-used sessions in the order the gateway knows them.
    untried: Vec<u32>,
    /// Used and free sessions by latency score, then by how long they are free
    /// (only under [`PoolRule::FirstContactThenFastest`]). The next one stands
    /// last: the few sessions that are used again and again come and go at the
    /// end of the list.
    fastest: Vec<(u128, SessionRef)>,
    returns: u64,
    in_use: Vec<u32>,
    eligible: Vec<u32>,
}

impl SessionPool {
    /// An empty pool for a market of `candidates`.
    pub fn new(rule: PoolRule, candidates: usize) -> SessionPool {
        let absent = Session {
            status: Status::Absent,
            generation: 0,
            in_flight: 0,
            latency_score: 0.0,
            discovery_latency: 0.0,
            in_use_place: 0,
        };
        SessionPool {
            rule,
            sessions: vec![absent; candidates],
            size: 0,
            untried: Vec::new(),
            fastest: Vec::new(),
            returns: 0,
            in_use: Vec::new(),
            eligible: Vec::with_capacity(candidates),
        }
    }

    /// Sessions in the pool, those in use included.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether there is a session with a candidate.
    pub fn has(&self, candidate: u32) -> bool {
        self.sessions[candidate as usize].status != Status::Absent
    }

    /// Adds what discovery found. A session that is there already keeps its
    /// state; `update` overwrites its discovery latency.
    pub fn add(&mut self, candidate: u32, discovery_latency: f64, update: bool) {
        let session = &mut self.sessions[candidate as usize];
        if session.status == Status::Absent {
            session.status = Status::Untried;
            session.generation += 1;
            session.in_flight = 0;
            session.latency_score = 0.0;
            session.discovery_latency = discovery_latency;
            self.untried.push(candidate);
            self.size += 1;
        } else if update {
            session.discovery_latency = discovery_latency;
        }
    }

    /// Drops every session whose candidate is not among `kept`.
    pub fn keep_only(&mut self, kept: &[(f64, u32)]) {
        for candidate in 0..self.sessions.len() as u32 {
            if !kept.iter().any(|&(_, found)| found == candidate) {
                self.remove(candidate);
            }
        }
    }

    /// Takes a session out for a request; where none is free, a random one of
    /// those in use. `only`, by candidate, says who may be taken; without it
    /// all may.
    pub fn select(
        &mut self,
        rule: &ProbabilityRule,
        candidates: &[Candidate],
        only: Option<&[bool]>,
        key: StreamKey,
    ) -> Option<SessionRef> {
        let free = match self.rule {
            PoolRule::FirstContactThenFastest => {
                self.first_contact_or_fastest(rule, candidates, only, key)
            }
            PoolRule::ProbabilityByLatencyScore => {
                self.by_probability(rule, candidates, only, key, |session| session.latency_score)
            }
            PoolRule::ProbabilityByDiscoveryLatency => {
                let latency = |session: &Session| session.discovery_latency;
                self.by_probability(rule, candidates, only, key, latency)
            }
            PoolRule::Nearest => self.nearest(candidates, only),
        };
        let candidate = match free {
            Some(candidate) => {
                self.take(candidate);
                candidate
            }
            None => self.share_one_in_use(only, key)?,
        };
        let session = &mut self.sessions[candidate as usize];
        session.in_flight += 1;
        Some(SessionRef { candidate, generation: session.generation })
    }

    fn share_one_in_use(&self, only: Option<&[bool]>, key: StreamKey) -> Option<u32> {
        let shared = || self.in_use.iter().copied().filter(|&candidate| may_take(only, candidate));
        let count = if only.is_some() { shared().count() } else { self.in_use.len() };
        (count > 0).then(|| shared().nth(index_below(key.child(0).uniform(0), count))).flatten()
    }

    fn first_contact_or_fastest(
        &mut self,
        rule: &ProbabilityRule,
        candidates: &[Candidate],
        only: Option<&[bool]>,
        key: StreamKey,
    ) -> Option<u32> {
        self.drop_stale();
        let is_untried = self.untried.iter().any(|&candidate| may_take(only, candidate));
        let place = self
            .fastest
            .iter()
            .rposition(|(_, known)| may_take(only, known.candidate) && self.is_idle(*known));
        match place.map(|place| (place, self.fastest[place].0)) {
            Some((place, score)) if score >> 64 == 0 || !is_untried => {
                Some(self.fastest.remove(place).1.candidate)
            }
            _ => self.first_contact(rule, candidates, only, key),
        }
    }

    /// Whether a session on the list of the fastest is still there and free.
    fn is_idle(&self, known: SessionRef) -> bool {
        let session = &self.sessions[known.candidate as usize];
        session.status == Status::Idle && session.generation == known.generation
    }

    /// Takes removed sessions off the end of the list.
    fn drop_stale(&mut self) {
        while let Some((_, known)) = self.fastest.last() {
            if self.is_idle(*known) {
                return;
            }
            self.fastest.pop();
        }
    }

    fn first_contact(
        &mut self,
        rule: &ProbabilityRule,
        candidates: &[Candidate],
        only: Option<&[bool]>,
        key: StreamKey,
    ) -> Option<u32> {
        self.eligible.clone_from(&self.untried);
        self.eligible.retain(|&candidate| may_take(only, candidate));
        rule.filter(candidates, &mut self.eligible);
        rule.draw(candidates, &mut self.eligible, |_| (), key)
    }

    fn by_probability(
        &mut self,
        rule: &ProbabilityRule,
        candidates: &[Candidate],
        only: Option<&[bool]>,
        key: StreamKey,
        order: impl Fn(&Session) -> f64,
    ) -> Option<u32> {
        let sessions = &self.sessions;
        let free = |&candidate: &u32| {
            matches!(sessions[candidate as usize].status, Status::Untried | Status::Idle)
                && may_take(only, candidate)
        };
        self.eligible.clear();
        self.eligible.extend((0..sessions.len() as u32).filter(free));
        rule.filter(candidates, &mut self.eligible);
        let by_order = |&a: &u32, &b: &u32| {
            let (first, second) = (&sessions[a as usize], &sessions[b as usize]);
            let by_latency = first.discovery_latency.total_cmp(&second.discovery_latency);
            order(first).total_cmp(&order(second)).then(by_latency).then(a.cmp(&b))
        };
        rule.draw(candidates, &mut self.eligible, |list| list.sort_unstable_by(by_order), key)
    }

    fn nearest(&self, candidates: &[Candidate], only: Option<&[bool]>) -> Option<u32> {
        let latency = |candidate: &u32| self.sessions[*candidate as usize].discovery_latency;
        (0..candidates.len() as u32)
            .filter(|&candidate| {
                let status = self.sessions[candidate as usize].status;
                matches!(status, Status::Untried | Status::Idle)
                    && candidates[candidate as usize].within_max_price
                    && may_take(only, candidate)
            })
            .min_by(|a, b| latency(a).total_cmp(&latency(b)))
    }

    /// Moves a free session to those in use.
    fn take(&mut self, candidate: u32) {
        let session = &mut self.sessions[candidate as usize];
        if let Some(place) = self.untried.iter().position(|&other| other == candidate) {
            self.untried.swap_remove(place);
        }
        session.status = Status::InUse;
        session.in_use_place = self.in_use.len() as u32;
        self.in_use.push(candidate);
    }

    /// Takes a session off the list of those in use.
    fn leave_in_use(&mut self, candidate: u32) {
        let place = self.sessions[candidate as usize].in_use_place;
        self.in_use.swap_remove(place as usize);
        if let Some(&moved) = self.in_use.get(place as usize) {
            self.sessions[moved as usize].in_use_place = place;
        }
    }

    /// Notes how long the session's last request took, in seconds a unit.
    pub fn set_latency_score(&mut self, session: SessionRef, score: f64) {
        let known = &mut self.sessions[session.candidate as usize];
        if known.generation == session.generation {
            known.latency_score = score;
        }
    }

    /// Gives a session back. It is free again when no other request holds it;
    /// a session removed meanwhile is forgotten.
    pub fn complete(&mut self, session: SessionRef) {
        let known = &mut self.sessions[session.candidate as usize];
        if known.status != Status::InUse || known.generation != session.generation {
            return;
        }
        known.in_flight -= 1;
        if known.in_flight > 0 {
            return;
        }
        known.status = Status::Idle;
        let score = known.latency_score;
        self.leave_in_use(session.candidate);
        if self.rule == PoolRule::FirstContactThenFastest {
            // Scores are not negative, so their bits order as they do.
            let key = u128::from(score.to_bits()) << 64 | u128::from(self.returns);
            let behind = self.fastest.iter().rev().take_while(|(other, _)| *other < key).count();
            self.fastest.insert(self.fastest.len() - behind, (key, session));
            self.returns += 1;
        }
    }

    /// Deletes the session with a candidate, whatever its generation
    /// (go-livepeer deletes by URL).
    pub fn remove(&mut self, candidate: u32) {
        match self.sessions[candidate as usize].status {
            Status::Absent => return,
            Status::InUse => self.leave_in_use(candidate),
            Status::Untried => self.untried.retain(|&other| other != candidate),
            Status::Idle => {}
        }
        self.sessions[candidate as usize].status = Status::Absent;
        self.size -= 1;
    }
}

fn may_take(only: Option<&[bool]>, candidate: u32) -> bool {
    only.is_none_or(|only| only[candidate as usize])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::SelectionWeights;
    use crate::units::Price;

    fn candidates(count: usize, max_price_of_last: bool) -> Vec<Candidate> {
        (0..count)
            .map(|orchestrator| Candidate {
                orchestrator,
                offer: 0,
                price: Price::whole(1),
                price_term: 1.0,
                stake: 1.0,
                within_max_price: max_price_of_last || orchestrator + 1 < count,
                passes_perf_score: true,
            })
            .collect()
    }

    const EVEN: ProbabilityRule = ProbabilityRule {
        weights: SelectionWeights { stake: 0.0, price: 0.0, random: 1.0 },
        ignore_max_price: false,
    };

    struct Harness {
        pool: SessionPool,
        candidates: Vec<Candidate>,
        requests: u64,
    }

    impl Harness {
        fn new(rule: PoolRule, candidates: Vec<Candidate>) -> Harness {
            let mut pool = SessionPool::new(rule, candidates.len());
            for candidate in 0..candidates.len() as u32 {
                pool.add(candidate, f64::from(candidate) * 0.1 + 0.1, false);
            }
            Harness { pool, candidates, requests: 0 }
        }

        fn select(&mut self) -> Option<SessionRef> {
            self.requests += 1;
            let key = StreamKey::root(1).child(self.requests);
            self.pool.select(&EVEN, &self.candidates, None, key)
        }

        fn serve(&mut self, score: f64) -> u32 {
            let session = self.select().unwrap();
            self.pool.set_latency_score(session, score);
            self.pool.complete(session);
            session.candidate
        }
    }

    #[test]
    fn min_ls_tries_everyone_once_then_stays_with_the_fastest() {
        // server/selection_test.go, TestMinLSSelector: unknown sessions first,
        // then the lowest latency score.
        let mut harness = Harness::new(PoolRule::FirstContactThenFastest, candidates(3, true));
        let scores = [0.4, 0.2, 0.6];
        let mut contacted: Vec<u32> = (0..3)
            .map(|_| {
                let session = harness.select().unwrap();
                harness.pool.set_latency_score(session, scores[session.candidate as usize]);
                harness.pool.complete(session);
                session.candidate
            })
            .collect();
        contacted.sort_unstable();
        assert_eq!(contacted, [0, 1, 2]);
        assert_eq!([harness.serve(0.2), harness.serve(0.2)], [1, 1]);
        // It turns slow: the next fastest takes over, and while that one is
        // busy the slowest.
        assert_eq!(harness.serve(0.9), 1);
        let (first, second) = (harness.select().unwrap(), harness.select().unwrap());
        assert_eq!((first.candidate, second.candidate), (0, 2));
    }

    #[test]
    fn an_overpriced_untried_session_hides_the_idle_ones_under_min_ls() {
        let mut harness = Harness::new(PoolRule::FirstContactThenFastest, candidates(3, false));
        harness.serve(0.5);
        harness.serve(0.5);
        assert_eq!(harness.select(), None);
    }

    #[test]
    fn when_all_are_busy_a_session_in_use_is_shared() {
        for rule in [PoolRule::FirstContactThenFastest, PoolRule::ProbabilityByLatencyScore] {
            let mut harness = Harness::new(rule, candidates(1, true));
            let first = harness.select().unwrap();
            let second = harness.select().unwrap();
            assert_eq!(first, second);
            harness.pool.complete(first);
            assert_eq!(harness.pool.in_use.len(), 1);
            harness.pool.complete(second);
            assert!(harness.pool.in_use.is_empty());
            assert_eq!(harness.serve(0.1), 0);
        }
    }

    #[test]
    fn the_nearest_affordable_session_is_chosen_for_live_video() {
        // server/selection_algorithm_test.go, TestLiveSelectionAlgorithm: in
        // order of latency, the first at or below the maximum.
        let mut three = candidates(3, true);
        three[0].within_max_price = false;
        let mut harness = Harness::new(PoolRule::Nearest, three);
        assert_eq!(harness.serve(0.0), 1);
        assert_eq!(harness.serve(0.0), 1);
        harness.candidates.iter_mut().for_each(|candidate| candidate.within_max_price = false);
        assert_eq!(harness.select(), None);
    }

    #[test]
    fn a_session_removed_while_in_use_does_not_come_back() {
        let mut harness = Harness::new(PoolRule::FirstContactThenFastest, candidates(2, true));
        let session = harness.select().unwrap();
        harness.pool.remove(session.candidate);
        harness.pool.complete(session);
        assert_eq!(harness.pool.size(), 1);
        harness.pool.add(session.candidate, 0.1, false);
        // The old request completes again: it must not free the new session.
        harness.pool.complete(session);
        assert_eq!(harness.pool.size(), 2);
        let (a, b) = (harness.select().unwrap(), harness.select().unwrap());
        assert_ne!(a.candidate, b.candidate);
    }
}
