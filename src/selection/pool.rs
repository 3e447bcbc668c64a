use std::cmp::Ordering;

use fixedbitset::FixedBitSet;

use super::map_order::Walk;
use super::urn::Urn;
use super::{Candidate, Chooser, ProbabilityRule};
use crate::kernel::{PriorityList, StreamKey, index_below};

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
    /// The gateway's own [`Chooser`] on every request.
    Chosen,
}

/// Who may be taken, by candidate: those that no list leaves out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Among<'a> {
    /// Of a region that the request is steered to.
    pub in_region: Option<&'a [bool]>,
    /// Served first.
    pub preferred: Option<&'a [bool]>,
}

impl Among<'_> {
    fn has(self, candidate: u32) -> bool {
        let listed = |list: Option<&[bool]>| list.is_none_or(|list| list[candidate as usize]);
        listed(self.in_region) && listed(self.preferred)
    }

    fn is_everyone(self) -> bool {
        self.in_region.is_none() && self.preferred.is_none()
    }
}

/// What a request looks for in a pool.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// The gateway's probability rule.
    pub rule: &'a ProbabilityRule,
    /// The candidates as the gateway knows them.
    pub candidates: &'a [Candidate],
    /// Who may be taken.
    pub among: Among<'a>,
    /// Names the draws.
    pub key: StreamKey,
}

/// A session as a request holds it. The generation tells a session from a
/// later one with the same orchestrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRef {
    /// The orchestrator, an index into the market's candidates.
    pub candidate: u32,
    generation: u32,
    /// Whether it is of the warm pool.
    pub is_warm: bool,
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
// Half a cache line: among thousands of orchestrators a request mostly waits for
// memory.
#[repr(align(32))]
struct Session {
    status: Status,
    generation: u32,
    /// Requests that hold it.
    in_flight: u32,
    /// Seconds a unit of the last completed request; 0 for a new session.
    latency_score: f64,
    /// Its place in the pool's list of sessions in use.
    in_use_place: u32,
    /// Which of the pool's returns made it idle.
    idle_since: u64,
}

/// A session used before and free: by latency score, then by how long it is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Idle {
    /// Scores are not negative, so their bits order as they do.
    latency_score: u64,
    since: u64,
    candidate: u32,
}

/// The sessions of a selector with warm (or with cold) orchestrators
/// (go-livepeer `AISessionPool`, `server/ai_session.go`).
#[derive(Debug)]
pub struct SessionPool {
    rule: PoolRule,
    is_warm: bool,
    /// One for each candidate of the market.
    sessions: Vec<Session>,
    /// Seconds the discovery probe of each took.
    discovery_latencies: Vec<f64>,
    size: usize,
    /// Whom the rule may draw: those who are free, under
    /// [`PoolRule::FirstContactThenFastest`] only those never used.
    free: FixedBitSet,
    free_count: usize,
    urn: Urn,
    urn_is_stale: bool,
    /// Never-used sessions in the order the gateway knows them (only under
    /// [`PoolRule::FirstContactThenFastest`]).
    untried: Vec<u32>,
    /// Used and free sessions (only under [`PoolRule::FirstContactThenFastest`]);
    /// with entries of sessions that are so no longer.
    fastest: PriorityList<Idle>,
    /// By discovery latency (only under [`PoolRule::Nearest`]).
    nearest_first: Vec<u32>,
    order_is_stale: bool,
    returns: u64,
    in_use: Vec<u32>,
    eligible: Vec<u32>,
    walk: Walk,
}

impl SessionPool {
    /// An empty pool for a market of `candidates`, of those who are warm or of
    /// those who are not.
    pub fn new(rule: PoolRule, candidates: usize, is_warm: bool) -> SessionPool {
        let absent = Session {
            status: Status::Absent,
            generation: 0,
            in_flight: 0,
            latency_score: 0.0,
            in_use_place: 0,
            idle_since: 0,
        };
        SessionPool {
            rule,
            is_warm,
            sessions: vec![absent; candidates],
            discovery_latencies: vec![0.0; candidates],
            size: 0,
            free: FixedBitSet::with_capacity(candidates),
            free_count: 0,
            urn: Urn::default(),
            urn_is_stale: true,
            untried: Vec::new(),
            fastest: PriorityList::default(),
            nearest_first: Vec::new(),
            order_is_stale: true,
            returns: 0,
            in_use: Vec::new(),
            eligible: Vec::with_capacity(candidates),
            walk: Walk::default(),
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

    /// What the rule goes by has changed for some candidate.
    pub fn note_change(&mut self) {
        self.urn_is_stale = true;
    }

    /// Adds what discovery found. A session that is there already keeps its
    /// state; `update` overwrites its discovery latency.
    #[inline(always)]
    pub fn add(&mut self, candidate: u32, discovery_latency: f64, update: bool) {
        let session = &mut self.sessions[candidate as usize];
        if session.status == Status::Absent {
            session.status = Status::Untried;
            session.generation += 1;
            session.in_flight = 0;
            session.latency_score = 0.0;
            self.discovery_latencies[candidate as usize] = discovery_latency;
            if self.rule == PoolRule::FirstContactThenFastest {
                self.untried.push(candidate);
            }
            self.size += 1;
            self.set_free(candidate);
            self.order_is_stale = true;
        } else if update {
            self.discovery_latencies[candidate as usize] = discovery_latency;
            self.order_is_stale = true;
        }
    }

    /// Drops every session whose candidate is not among `kept`.
    pub fn keep_only(&mut self, kept: &[(f64, u32)]) {
        let is_kept: FixedBitSet = kept.iter().map(|&(_, candidate)| candidate as usize).collect();
        for candidate in 0..self.sessions.len() {
            if !is_kept.contains(candidate) {
                self.remove(candidate as u32);
            }
        }
    }

    fn set_free(&mut self, candidate: u32) {
        if !self.free.put(candidate as usize) {
            self.free_count += 1;
            self.urn.put(candidate);
        }
    }

    fn set_taken(&mut self, candidate: u32) {
        if self.free.contains(candidate as usize) {
            self.free.remove(candidate as usize);
            self.free_count -= 1;
            self.urn.take(candidate);
        }
    }

    /// Takes a session out for a request; where none is free, a random one of
    /// those in use.
    #[inline(always)]
    pub fn select(&mut self, search: Search, chooser: Option<&mut Chooser>) -> Option<SessionRef> {
        if self.someone_is_free()
            && let Some(free) = self.select_free(search, chooser)
        {
            return Some(free);
        }
        let candidate = self.one_in_use(search)?;
        Some(self.hold(candidate))
    }

    /// Whether there may be a free session.
    fn someone_is_free(&self) -> bool {
        self.free_count > 0 || !self.fastest.is_empty()
    }

    /// Takes a free session out for a request.
    #[inline(always)]
    pub fn select_free(
        &mut self,
        search: Search,
        chooser: Option<&mut Chooser>,
    ) -> Option<SessionRef> {
        let candidate = match self.rule {
            PoolRule::FirstContactThenFastest => self.first_contact_or_fastest(search),
            PoolRule::ProbabilityByLatencyScore | PoolRule::ProbabilityByDiscoveryLatency => {
                self.by_probability(search)
            }
            PoolRule::Nearest => self.nearest(search),
            PoolRule::Chosen => chooser.and_then(|chooser| {
                self.collect_free(search);
                chooser.draw(search.candidates, &mut self.eligible, search.key)
            }),
        }?;
        self.take(candidate);
        Some(self.hold(candidate))
    }

    fn hold(&mut self, candidate: u32) -> SessionRef {
        let session = &mut self.sessions[candidate as usize];
        session.in_flight += 1;
        SessionRef { candidate, generation: session.generation, is_warm: self.is_warm }
    }

    #[inline(always)]
    fn one_in_use(&self, Search { among, key, .. }: Search) -> Option<u32> {
        let uniform = key.child(0).uniform(0);
        if among.is_everyone() {
            let count = self.in_use.len();
            return (count > 0).then(|| self.in_use[index_below(uniform, count)]);
        }
        let held = || self.in_use.iter().copied().filter(|&candidate| among.has(candidate));
        let count = held().count();
        (count > 0).then(|| held().nth(index_below(uniform, count))).flatten()
    }

    #[inline(always)]
    fn first_contact_or_fastest(&mut self, search: Search) -> Option<u32> {
        let among = search.among;
        let is_everyone = among.is_everyone();
        let is_untried = self.untried.iter().any(|&candidate| among.has(candidate));
        let fastest = if is_everyone {
            self.drop_stale();
            self.fastest.peek().copied()
        } else {
            let sessions = &self.sessions;
            self.fastest.retain(|entry| is_idle(sessions, entry));
            self.fastest.iter().filter(|entry| among.has(entry.candidate)).min().copied()
        };
        match fastest {
            Some(fastest) if fastest.latency_score == 0 || !is_untried => {
                if is_everyone {
                    self.fastest.pop();
                }
                Some(fastest.candidate)
            }
            _ => self.by_probability(search),
        }
    }

    /// Takes sessions that are no longer there or free off the top of the
    /// fastest.
    fn drop_stale(&mut self) {
        while let Some(entry) = self.fastest.peek() {
            if is_idle(&self.sessions, entry) {
                return;
            }
            self.fastest.pop();
        }
    }

    #[inline(always)]
    fn by_probability(&mut self, search: Search) -> Option<u32> {
        if self.free_count == 0 {
            return None;
        }
        let Search { rule, candidates, among, key } = search;
        if among.is_everyone() {
            if self.urn_is_stale {
                self.urn.fill(rule, candidates, &self.free);
                self.urn_is_stale = false;
            }
            if let Some(candidate) = self.urn.draw(rule, candidates, &self.free, key) {
                return Some(candidate);
            }
        }
        self.by_probability_one_by_one(search)
    }

    /// The same for any rule and any part of the pool.
    fn by_probability_one_by_one(&mut self, search: Search) -> Option<u32> {
        let Search { rule, candidates, among, key } = search;
        if self.rule == PoolRule::FirstContactThenFastest {
            let untried = self.untried.iter().copied();
            self.eligible.clear();
            self.eligible.extend(untried.filter(|&candidate| among.has(candidate)));
            rule.filter(candidates, &mut self.eligible);
        } else {
            self.collect_free(search);
        }
        let session = |candidate: u32| &self.sessions[candidate as usize];
        let by_score = |a: u32, b: u32| match self.rule {
            PoolRule::ProbabilityByLatencyScore => {
                session(a).latency_score.total_cmp(&session(b).latency_score)
            }
            _ => Ordering::Equal,
        };
        let latency = |candidate: u32| self.discovery_latencies[candidate as usize];
        let by_latency = |a: u32, b: u32| latency(a).total_cmp(&latency(b));
        let sort = |list: &mut [u32]| {
            if self.rule != PoolRule::FirstContactThenFastest {
                list.sort_unstable_by(|&a, &b| {
                    by_score(a, b).then(by_latency(a, b)).then(a.cmp(&b))
                });
            }
        };
        rule.draw(candidates, &mut self.eligible, sort, key, &mut self.walk)
    }

    /// Makes the free sessions that pass the filters the eligible ones.
    fn collect_free(&mut self, Search { rule, candidates, among, .. }: Search) {
        let free = self.free.ones().map(|candidate| candidate as u32);
        self.eligible.clear();
        self.eligible.extend(free.filter(|&candidate| among.has(candidate)));
        rule.filter(candidates, &mut self.eligible);
    }

    fn nearest(&mut self, Search { candidates, among, .. }: Search) -> Option<u32> {
        if self.order_is_stale {
            let latency = |candidate: u32| self.discovery_latencies[candidate as usize];
            self.nearest_first.clear();
            self.nearest_first.extend(0..self.sessions.len() as u32);
            self.nearest_first
                .sort_unstable_by(|&a, &b| latency(a).total_cmp(&latency(b)).then(a.cmp(&b)));
            self.order_is_stale = false;
        }
        self.nearest_first.iter().copied().find(|&candidate| {
            self.free.contains(candidate as usize)
                && candidates[candidate as usize].within_max_price
                && among.has(candidate)
        })
    }

    /// Moves a free session to those in use.
    #[inline(always)]
    fn take(&mut self, candidate: u32) {
        let session = &mut self.sessions[candidate as usize];
        let before = std::mem::replace(&mut session.status, Status::InUse);
        session.in_use_place = self.in_use.len() as u32;
        self.in_use.push(candidate);
        if before == Status::Untried {
            self.drop_untried(candidate);
        }
        self.set_taken(candidate);
    }

    #[cold]
    fn drop_untried(&mut self, candidate: u32) {
        if let Some(place) = self.untried.iter().position(|&other| other == candidate) {
            self.untried.swap_remove(place);
        }
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
    /// a session removed meanwhile is forgotten. Whether it was still there.
    #[inline(always)]
    pub fn complete(&mut self, session: SessionRef) -> bool {
        let known = &mut self.sessions[session.candidate as usize];
        if known.status != Status::InUse || known.generation != session.generation {
            return false;
        }
        known.in_flight -= 1;
        if known.in_flight > 0 {
            return true;
        }
        known.status = Status::Idle;
        if self.rule == PoolRule::FirstContactThenFastest {
            known.idle_since = self.returns;
            self.fastest.push(Idle {
                latency_score: known.latency_score.to_bits(),
                since: self.returns,
                candidate: session.candidate,
            });
            self.returns += 1;
        } else {
            self.set_free(session.candidate);
        }
        self.leave_in_use(session.candidate);
        true
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
        self.set_taken(candidate);
        self.sessions[candidate as usize].status = Status::Absent;
        self.size -= 1;
    }
}

/// Whether an entry of the fastest stands for a session that is still there and
/// free since.
fn is_idle(sessions: &[Session], &Idle { candidate, since, .. }: &Idle) -> bool {
    let session = &sessions[candidate as usize];
    session.status == Status::Idle && session.idle_since == since
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::SelectionWeights;
    use crate::units::Price;
    use statrs::distribution::{ChiSquared, ContinuousCDF};

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
            let mut pool = SessionPool::new(rule, candidates.len(), true);
            for candidate in 0..candidates.len() as u32 {
                pool.add(candidate, f64::from(candidate) * 0.1 + 0.1, false);
            }
            Harness { pool, candidates, requests: 0 }
        }

        fn select(&mut self) -> Option<SessionRef> {
            self.requests += 1;
            let key = StreamKey::root(1).child(self.requests);
            let candidates = &self.candidates;
            let search = Search { rule: &EVEN, candidates, among: Among::default(), key };
            self.pool.select(search, None)
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
    fn picking_among_some_leaves_nothing_behind_under_min_ls() {
        let mut harness = Harness::new(PoolRule::FirstContactThenFastest, candidates(3, true));
        (0..3).for_each(|_| _ = harness.serve(0.1));
        // The slowest is asked for over and over, then the others are there as
        // they were, the one that waits longest first.
        let preferred = [false, false, true];
        let among = Among { preferred: Some(&preferred), ..Among::default() };
        for request in 0..100 {
            let key = StreamKey::root(2).child(request);
            let search = Search { rule: &EVEN, candidates: &harness.candidates, among, key };
            let session = harness.pool.select_free(search, None).unwrap();
            assert_eq!(session.candidate, 2);
            harness.pool.set_latency_score(session, 0.5);
            harness.pool.complete(session);
        }
        assert!(harness.pool.fastest.iter().count() <= 4);
        let rest: Vec<u32> = (0..3).map(|_| harness.select().unwrap().candidate).collect();
        assert_eq!(rest[2], 2);
    }

    #[test]
    fn a_pool_lists_the_never_used_only_where_its_rule_asks_for_them() {
        use PoolRule::*;
        for rule in [ProbabilityByLatencyScore, ProbabilityByDiscoveryLatency, Nearest, Chosen] {
            assert!(Harness::new(rule, candidates(3, true)).pool.untried.is_empty(), "{rule:?}");
        }
        let pool = Harness::new(FirstContactThenFastest, candidates(3, true)).pool;
        assert_eq!(pool.untried, [0, 1, 2]);
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

    /// Draws from a pool with some of its sessions in use, some removed and some
    /// above the maximum price, against the rule's formula among the rest.
    fn assert_draws_agree(count: usize, is_out: impl Fn(usize) -> bool, rule: ProbabilityRule) {
        let mut market = candidates(count, true);
        for (index, candidate) in market.iter_mut().enumerate() {
            candidate.stake = ((index * 7) % 11) as f64;
            candidate.price_term = [0.0, 0.5, 1.0, 2.0][index % 4];
            candidate.within_max_price = index % 5 != 0;
        }
        let mut pool = SessionPool::new(PoolRule::ProbabilityByLatencyScore, count, true);
        (0..count as u32).for_each(|candidate| pool.add(candidate, 0.1, false));
        for index in (0..count).filter(|&index| is_out(index)) {
            if index % 2 == 0 { pool.take(index as u32) } else { pool.remove(index as u32) }
        }
        let left = || (0..count).filter(|&index| !is_out(index) && index % 5 != 0);
        let sum = |term: fn(&Candidate) -> f64| left().map(|i| term(&market[i])).sum::<f64>();
        let (stakes, terms) = (sum(|c| c.stake), sum(|c| c.price_term));
        let n = left().count() as f64;
        let draws = 400_000;
        let mut counts = vec![0u32; count];
        for request in 0..draws {
            let key = StreamKey::root(4).child(request);
            let search = Search { rule: &rule, candidates: &market, among: Among::default(), key };
            let session = pool.select_free(search, None).unwrap();
            counts[session.candidate as usize] += 1;
            pool.complete(session);
        }
        let (mut statistic, mut cells) = (0.0, 0.0);
        for index in left() {
            let c = &market[index];
            let weights = rule.weights;
            let share = weights.price * c.price_term / terms
                + weights.stake * c.stake / stakes
                + weights.random / n;
            let expected = share * draws as f64;
            statistic += (f64::from(counts[index]) - expected).powi(2) / expected;
            cells += 1.0;
        }
        let outside: u32 = counts.iter().sum::<u32>() - left().map(|i| counts[i]).sum::<u32>();
        assert_eq!(outside, 0);
        let p = 1.0 - ChiSquared::new(cells - 1.0).unwrap().cdf(statistic);
        assert!(p > 0.001, "{count} candidates: p = {p}");
    }

    #[test]
    fn draws_agree_with_the_formula_whoever_is_in_use() {
        let weights = SelectionWeights { stake: 0.5, price: 0.2, random: 0.3 };
        let rule = ProbabilityRule { weights, ignore_max_price: false };
        assert_draws_agree(40, |_| false, rule);
        assert_draws_agree(40, |index| index % 3 == 0, rule);
        // So few are free that they are gone through one by one.
        assert_draws_agree(200, |index| index % 20 != 7, rule);
        assert_draws_agree(1000, |index| index < 400, rule);
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
