use super::discovery::checkpoint_after;
use super::{
    Among, Candidate, Chooser, Discovery, PROBE_ROUND_TRIPS, PoolRule, ProbabilityRule, Probe,
    Search, SessionPool, SessionRef, Suspender,
};
use crate::kernel::StreamKey;
use crate::network::{Network, Offer, Version};
use crate::units::{Decimal, Price, SimTime};

/// Seconds after which a selector discovers anew (go-livepeer
/// `server/mediaserver.go`).
pub const TIME_TO_LIVE_S: f64 = 600.0;
/// Seconds between background discoveries for live video in 0.9
/// (`server/ai_session.go`).
const LIVE_REFRESH_S: f64 = 360.0;
/// A maximum price so many times the dearest offer limits nothing.
const LOOSE_MAX_PRICE: f64 = 1_000.0;
/// A pool never needs more sessions than this before it discovers anew
/// (`server/broadcast.go`).
const MAX_REFRESH_THRESHOLD: usize = 8;
/// Refreshes an orchestrator is left out for after an error
/// (`server/ai_session.go`).
const PENALTY: u32 = 3;

/// The orchestrators of a market as a discovery meets them.
pub trait Respondents {
    /// Whether a candidate, once reached, offers itself.
    fn offers_itself(&self, candidate: u32) -> bool;
    /// The price it quotes; `None` where it has no terms that the gateway would
    /// take.
    fn quote(&mut self, candidate: u32) -> Option<Price>;
}

/// One gateway asking for one model: everything about it that does not change
/// in a replication.
#[derive(Clone, Debug)]
pub struct Market {
    /// The orchestrators that offer the model, at the prices they quote at the
    /// start.
    pub candidates: Vec<Candidate>,
    /// The highest price the gateway pays at the start, if any.
    pub max_price: Option<Price>,
    /// What a discovery probe to each takes.
    pub probes: Vec<Probe>,
    /// Whether each is there at the start.
    pub starts_present: Vec<bool>,
    /// Whether each advertises the model as warm.
    pub warm: Vec<bool>,
    /// Whether each is asked before those who are not, as long as it has a
    /// free session; empty where nobody is.
    pub preferred: Vec<bool>,
    /// Why the gateway gets no tickets that it would send from each at the
    /// start; empty where that is not known.
    pub ticket_problems: Vec<Option<String>>,
    /// Why it cannot pay each at once for a usual request at the start; empty where
    /// that is not known.
    pub request_problems: Vec<Option<String>>,
    /// The gateway's probability rule.
    pub rule: ProbabilityRule,
    price_exp_factor: f64,
    /// The gateway's selection rule where it is not go-livepeer's own, as it
    /// starts.
    pub chooser: Option<Chooser>,
    /// The release the gateway runs.
    pub version: Version,
    /// Whether the model's pipeline is live video.
    pub is_live: bool,
    /// First checkpoint of a discovery, in seconds.
    pub discovery_timeout_s: f64,
    /// Size of the discovery pool, those without AI included.
    pub registered: usize,
    /// Whether some member of the pool never answers.
    pub someone_silent: bool,
}

impl Market {
    /// The market of a gateway and a model, indices into the network's.
    /// `quote` is the price that an orchestrator quotes for one of its offers
    /// at the start, `eth_usd` the dollars an ETH then.
    pub fn new(
        network: &Network,
        gateway: usize,
        model: usize,
        eth_usd: Decimal,
        mut quote: impl FnMut(usize, &Offer) -> Price,
    ) -> Market {
        let (gateway, pipeline) = (&network.gateways[gateway], network.models[model].pipeline);
        let max_price = gateway.max_price[model].and_then(|price| price.at(eth_usd).ok());
        let mut market = Market {
            candidates: Vec::new(),
            max_price,
            price_exp_factor: gateway.price_exp_factor,
            probes: Vec::new(),
            starts_present: Vec::new(),
            warm: Vec::new(),
            preferred: Vec::new(),
            ticket_problems: Vec::new(),
            request_problems: Vec::new(),
            rule: ProbabilityRule::of(gateway),
            chooser: Chooser::of(gateway, max_price, network.regions.len()),
            version: gateway.version,
            is_live: pipeline.is_live(),
            discovery_timeout_s: gateway.discovery_timeout_s,
            registered: network.registered_orchestrators as usize,
            someone_silent: network.unresponsive_orchestrators > 0,
        };
        for (index, orchestrator) in network.orchestrators.iter().enumerate() {
            let place = orchestrator.offers.iter().position(|offer| offer.model == model);
            let Some(place) = place else { continue };
            let offer = &orchestrator.offers[place];
            let price = quote(index, offer);
            market.candidates.push(Candidate {
                orchestrator: index,
                offer: place,
                price,
                price_term: price_term(price, gateway.price_exp_factor),
                stake: orchestrator.stake.to_coins(),
                within_max_price: is_within(price, max_price),
                passes_perf_score: gateway.min_perf_score <= 0.0
                    || orchestrator.perf_score >= gateway.min_perf_score,
            });
            let rtt_s = network.rtt.secs(gateway.region, orchestrator.region);
            let probe = Probe {
                base_s: PROBE_ROUND_TRIPS * rtt_s,
                jitter_s: orchestrator.jitter_ms / 1000.0,
            };
            if let Some(chooser) = &mut market.chooser {
                chooser.add(orchestrator.region, probe.base_s + probe.jitter_s);
            }
            market.probes.push(probe);
            market.starts_present.push(orchestrator.starts_present());
            market.warm.push(offer.warm);
        }
        market
    }

    /// The mean quote, in wei a unit, of those among whom a gateway that has just started
    /// selects; 0 where there are none.
    pub fn mean_quote(&self) -> f64 {
        let eligible = self.first_pool().eligible;
        let quotes = eligible.iter().map(|&index| self.candidates[index as usize].price.to_f64());
        quotes.sum::<f64>() / eligible.len().max(1) as f64
    }

    /// Sets the highest price the gateway pays at the start.
    pub fn set_max_price(&mut self, max_price: Option<Price>) {
        self.max_price = max_price;
        for candidate in &mut self.candidates {
            candidate.within_max_price = is_within(candidate.price, max_price);
        }
    }

    /// Whether somebody above the maximum price is selected where nobody is within.
    pub fn ignores_max_price(&self) -> bool {
        self.rule.ignore_max_price && self.pool_rule() != PoolRule::Nearest
    }

    /// Keeps of `eligible` (indices into `candidates`) those whom the gateway's
    /// rule may select, in order. The nearest is looked for among all within the
    /// maximum price, whatever their performance score and
    /// [`ProbabilityRule::ignore_max_price`] (go-livepeer
    /// `LiveSelectionAlgorithm`, `server/selection_algorithm.go`).
    pub fn filter(&self, candidates: &[Candidate], eligible: &mut Vec<u32>) {
        match self.pool_rule() {
            PoolRule::Nearest => {
                eligible.retain(|&index| candidates[index as usize].within_max_price);
            }
            _ => self.rule.filter(candidates, eligible),
        }
    }

    /// Why nobody can be selected at the start for want of a price within the
    /// maximum, where that is so.
    pub fn unaffordable_warning(&self) -> Option<String> {
        let max = self.max_price?;
        let first = self.first_pool();
        let is_above = |candidate: &&Candidate| !candidate.within_max_price;
        let known = first.known.iter().map(|&index| &self.candidates[index as usize]);
        let lowest = known.filter(is_above).map(|candidate| candidate.price).min()?;
        (first.eligible.is_empty() && !self.serves_at_times(&first.found)).then(|| {
            format!(
                "no orchestrator it can ask is within the maximum price of {} a unit (the lowest \
                 asks {}): nothing is served or spent while that is so, and the runway is \
                 unbounded as far as this demand goes.",
                in_wei(max),
                in_wei(lowest)
            )
        })
    }

    /// Why the gateway gets no tickets that it would send from the candidate at
    /// the start, if it gets none.
    pub(super) fn ticket_problem(&self, candidate: u32) -> Option<&str> {
        self.ticket_problems.get(candidate as usize)?.as_deref()
    }

    /// Why nobody can be selected at the start for want of tickets that the
    /// gateway would send, where that is so.
    pub fn no_tickets_warning(&self) -> Option<String> {
        let mut problems = self.ticket_problems.iter().map(Option::as_deref);
        let first = problems.next()??;
        problems
            .all(|problem| problem.is_some())
            .then(|| format!("at the start no orchestrator can be paid ({first})."))
    }

    /// Who cannot be paid for a usual request at the start, and why, if anybody.
    pub fn unpayable_request_warning(&self) -> Option<String> {
        let mut problems = self.request_problems.iter().flatten();
        let first = problems.next()?;
        let (count, all) = (problems.count() + 1, self.candidates.len());
        Some(format!(
            "{count} of {all} orchestrators cannot be paid for most requests: {first}. Such a \
             request is tried and fails."
        ))
    }

    /// Whether the maximum price is so far above every quote that it looks like
    /// one of a whole request written as one of a billing unit.
    pub fn loose_max_price_warning(&self) -> Option<String> {
        let max = self.max_price?;
        let dearest = self.candidates.iter().map(|candidate| candidate.price).max()?;
        let times = max.to_f64() / dearest.to_f64();
        (dearest.to_f64() > 0.0 && times > LOOSE_MAX_PRICE).then(|| {
            format!(
                "the maximum price of {} a unit is {times:.0} times the dearest offer ({}). A \
                 price without `per` is of one pixel, token, character or millisecond: one of a \
                 picture is written `per 1048576 pixels`.",
                in_wei(max),
                in_wei(dearest)
            )
        })
    }

    /// Why the price weight tells nobody apart here, if it does not.
    pub fn blind_price_warning(&self) -> Option<String> {
        self.blind_price_warning_among(&self.first_pool().eligible)
    }

    /// [`Market::blind_price_warning`] where only `eligible` can be selected.
    pub(super) fn blind_price_warning_among(&self, eligible: &[u32]) -> Option<String> {
        if !self.goes_by_probability() {
            return None;
        }
        self.rule.price_weight_is_blind(&self.candidates, eligible).then(|| {
            let price = |&index: &u32| self.candidates[index as usize].price.to_f64();
            let cheapest = eligible.iter().map(price).fold(f64::INFINITY, f64::min);
            format!(
                "the price weight of {} is blind: exp(-price / factor) underflows to 0 for every \
                 price here (the lowest is {cheapest:.0} wei a unit), so go-livepeer gives all \
                 the price term 1, which only dilutes stake and favours {}.",
                self.rule.weights.price,
                self.who_stands_first()
            )
        })
    }

    /// What else makes the probability rule degenerate among `eligible`.
    pub(super) fn degenerate_rule_warnings(&self, eligible: &[u32]) -> Vec<String> {
        let weights = self.rule.weights;
        if !self.goes_by_probability() || eligible.len() < 2 {
            return Vec::new();
        }
        let known = || eligible.iter().map(|&index| &self.candidates[index as usize]);
        let mut warnings = Vec::new();
        let priceless = known().filter(|candidate| candidate.price_term == 0.0).count();
        if known().any(|candidate| candidate.price_term.is_nan()) {
            warnings.push(format!(
                "a price of 0 with a price factor of 0 makes every probability undefined (0 / 0), \
                 so go-livepeer takes the first of its walk over a map, whatever the weights: \
                 mostly {}.",
                self.who_stands_first()
            ));
        } else if weights.price > 0.0 && (1..eligible.len()).contains(&priceless) {
            warnings.push(format!(
                "{priceless} of {} get nothing of the price weight of {}: exp(-price / factor) \
                 underflows to 0 for them, so the cheap ones share all of it.",
                eligible.len(),
                weights.price
            ));
        }
        if weights.stake > 0.0 && known().all(|candidate| candidate.stake == 0.0) {
            warnings.push(format!(
                "nobody here has stake, so go-livepeer gives all the stake term 1 and the stake \
                 weight of {} only favours {}.",
                weights.stake,
                self.who_stands_first()
            ));
        }
        warnings
    }

    /// Whom the walk over a map favours where the terms do not sum to 1.
    fn who_stands_first(&self) -> &'static str {
        match self.pool_rule() {
            PoolRule::ProbabilityByLatencyScore => {
                "whoever stands first: at the start the nearest, later the one with the lowest \
                 latency score"
            }
            _ => "the nearest, who stands first",
        }
    }

    /// Whether 0.8.3 stops using idle sessions here: a session never used and
    /// above the maximum price is tried first, for ever and in vain.
    pub fn overpriced_warning(&self) -> Option<String> {
        if self.pool_rule() != PoolRule::FirstContactThenFastest || self.rule.ignore_max_price {
            return None;
        }
        let sessions = self.first_pool().sessions;
        let is_above = |index: &&u32| !self.candidates[**index as usize].within_max_price;
        let overpriced = sessions.iter().filter(is_above).count();
        (overpriced > 0).then(|| {
            format!(
                "{overpriced} of {} orchestrators it can ask are above the maximum price. A \
                 gateway on 0.8.3 tries never-used sessions first; while only overpriced ones are \
                 left it picks nobody and its idle sessions stay idle (server/selection.go, \
                 MinLSSelector). 0.8.4 and later do not.",
                sessions.len()
            )
        })
    }

    /// Whether go-livepeer's probability rule has a say.
    fn goes_by_probability(&self) -> bool {
        !matches!(self.pool_rule(), PoolRule::Nearest | PoolRule::Chosen)
    }

    pub(super) fn pool_rule(&self) -> PoolRule {
        if self.chooser.is_some() {
            return PoolRule::Chosen;
        }
        match (self.version, self.is_live) {
            (Version::V0_8_3, _) => PoolRule::FirstContactThenFastest,
            (Version::V0_9, true) => PoolRule::Nearest,
            (Version::V0_8_4, true) => PoolRule::ProbabilityByDiscoveryLatency,
            _ => PoolRule::ProbabilityByLatencyScore,
        }
    }

    /// Sets the price that a gateway which pays at most `max_price` knows of a
    /// candidate. Whether that changes anything the rule goes by.
    pub fn set_price(&self, known: &mut Candidate, price: Price, max_price: Option<Price>) -> bool {
        let (term, was_within) = (known.price_term, known.within_max_price);
        if known.price != price {
            known.price = price;
            known.price_term = price_term(price, self.price_exp_factor);
        }
        known.within_max_price = is_within(price, max_price);
        let heeds_term = self.rule.weights.price > 0.0 || (term + known.price_term).is_nan();
        heeds_term && known.price_term.to_bits() != term.to_bits()
            || known.within_max_price != was_within
    }

    /// Keeps those of `candidates` who, with an exponential time of median
    /// length on their last mile, answer a discovery before it ends.
    pub fn keep_usually_found(&self, candidates: &mut Vec<u32>) {
        let latency = |&candidate: &u32| {
            let probe = self.probes[candidate as usize];
            probe.base_s + std::f64::consts::LN_2 * probe.jitter_s
        };
        let first = candidates.iter().map(latency).fold(f64::INFINITY, f64::min);
        let end = checkpoint_after(first, self.discovery_timeout_s);
        candidates.retain(|candidate| latency(candidate) <= end);
    }

    /// How likely a gateway that knows `candidates` sends one more request to
    /// each of those of them that are `eligible` (passed [`Market::filter`]), to
    /// the knowledge of somebody outside: without the order of a walk over a map,
    /// and without what the gateway learned of latency and success. `None` where
    /// the rule, once everyone was tried, heeds neither price nor stake.
    pub fn lasting_probabilities(
        &self,
        candidates: &[Candidate],
        eligible: &[u32],
    ) -> Option<Vec<f64>> {
        match self.pool_rule() {
            PoolRule::FirstContactThenFastest | PoolRule::Nearest => None,
            PoolRule::ProbabilityByLatencyScore | PoolRule::ProbabilityByDiscoveryLatency => {
                Some(self.rule.unordered_probabilities(candidates, eligible))
            }
            PoolRule::Chosen => {
                let chooser = self.chooser.as_ref();
                chooser.map(|chooser| chooser.probabilities(candidates, eligible))
            }
        }
    }

    fn penalty(&self) -> u32 {
        if self.is_live && self.version >= Version::V0_8_4 { 0 } else { PENALTY }
    }

    /// 0.9 keeps live pools fresh in the background, and in them only whom the
    /// last discovery found.
    pub(super) fn refreshes_in_background(&self) -> bool {
        self.is_live && self.version >= Version::V0_9
    }
}

/// [`Candidate::price_term`] of a price.
fn price_term(price: Price, price_exp_factor: f64) -> f64 {
    libm::exp(-price.to_f64() / price_exp_factor)
}

/// Whether a gateway that pays at most `max_price` pays a price.
fn is_within(price: Price, max_price: Option<Price>) -> bool {
    max_price.is_none_or(|max| price <= max)
}

/// What a request asks a selector for.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Whether pools may be refreshed first: only the first time a try asks.
    pub may_refresh: bool,
    /// Who is in the region it is steered to, by candidate; without it all may
    /// be picked.
    pub in_region: Option<&'a [bool]>,
    /// Names the draws.
    pub key: StreamKey,
}

/// A price in wei as people read it.
pub(super) fn in_wei(price: Price) -> String {
    match price.to_f64() {
        _ if price.units() == 1 => format!("{} wei", price.wei()),
        wei if wei < 100.0 => format!("{wei:.3} wei"),
        wei => format!("{wei:.0} wei"),
    }
}

/// What a request gets from a selector.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Selection {
    /// A discovery is under way: ask again at that time, without a further
    /// refresh.
    Wait(SimTime),
    /// Nobody to ask.
    Nobody,
    /// A session, from the warm or the cold pool.
    Session(SessionRef),
}

/// The sessions a gateway holds for one model (go-livepeer
/// `AISessionSelector`, `server/ai_session.go`).
#[derive(Debug)]
pub struct SessionSelector {
    /// The candidates as the gateway knows them.
    known: Vec<Candidate>,
    chooser: Option<Chooser>,
    max_price: Option<Price>,
    warm: SessionPool,
    cold: SessionPool,
    suspender: Suspender,
    discovery: Discovery,
    /// Since when the timer of background discoveries runs: from the first discovery that
    /// found anybody, in whole periods, whatever others there are (a ticker in
    /// `startPeriodicRefresh`).
    timer_began: Option<SimTime>,
    /// With fewer sessions, or later, it discovers anew.
    least_size: usize,
    fresh_until: SimTime,
    busy_until: SimTime,
    discoveries: u64,
}

impl SessionSelector {
    /// A selector that has not discovered yet.
    pub fn new(market: &Market) -> SessionSelector {
        let count = market.candidates.len();
        SessionSelector {
            known: market.candidates.clone(),
            chooser: market.chooser.clone(),
            max_price: market.max_price,
            warm: SessionPool::new(market.pool_rule(), count, true),
            cold: SessionPool::new(market.pool_rule(), count, false),
            suspender: Suspender::new(count),
            discovery: Discovery::default(),
            timer_began: None,
            least_size: 0,
            fresh_until: SimTime::ZERO,
            busy_until: SimTime::ZERO,
            discoveries: 0,
        }
    }

    /// Picks a session for a request. The pools are refreshed first where they
    /// have to be, from the `respondents` of the time of the discovery; a request that
    /// comes while a discovery is under way waits for it. `discovery_key` names the draws
    /// of discoveries.
    #[inline(always)]
    pub fn select<R: Respondents>(
        &mut self,
        market: &Market,
        now: SimTime,
        ask: Ask,
        respondents: impl FnOnce(SimTime) -> R,
        discovery_key: StreamKey,
    ) -> Selection {
        if ask.may_refresh {
            if now < self.busy_until {
                return Selection::Wait(self.busy_until);
            }
            if self.should_refresh(market, now) {
                self.busy_until = self.refresh(market, now, &mut respondents(now), discovery_key);
                return Selection::Wait(self.busy_until);
            }
        }
        let selection = self.pick(market, ask);
        if let (Selection::Session(session), Some(chooser)) = (selection, &mut self.chooser) {
            chooser.note_sent(session.candidate);
        }
        selection
    }

    /// A free session with a preferred candidate, warm or else cold; where there
    /// is none, one with anybody.
    #[inline(always)]
    fn pick(&mut self, market: &Market, ask: Ask) -> Selection {
        let SessionSelector { warm, cold, chooser, known, .. } = self;
        let among = Among { in_region: ask.in_region, preferred: None };
        let anybody = Search { rule: &market.rule, candidates: known, among, key: ask.key };
        if !market.preferred.is_empty() {
            let preferred = Among { preferred: Some(&market.preferred), ..among };
            let members = Search { among: preferred, ..anybody };
            for pool in [&mut *warm, &mut *cold] {
                if let Some(session) = pool.select_free(members, chooser.as_mut()) {
                    return Selection::Session(session);
                }
            }
        }
        if let Some(session) = warm.select(anybody, chooser.as_mut()) {
            return Selection::Session(session);
        }
        cold.select(anybody, chooser.as_mut()).map_or(Selection::Nobody, Selection::Session)
    }

    fn size(&self) -> usize {
        self.warm.size() + self.cold.size()
    }

    fn should_refresh(&mut self, market: &Market, now: SimTime) -> bool {
        if self.timer_began.is_none() {
            return true;
        }
        if self.size() == 0 {
            self.suspender.signal_refreshes(market.penalty());
            return true;
        }
        if market.refreshes_in_background() {
            return false;
        }
        self.size() < self.least_size || now > self.fresh_until
    }

    /// Runs the last background discovery that was due, if any, as at its time; it makes
    /// the pools anew, whatever earlier ones found. To be called before anybody is selected
    /// or removed.
    #[inline(always)]
    pub fn catch_up_in_background<R: Respondents>(
        &mut self,
        market: &Market,
        now: SimTime,
        respondents: impl FnOnce(SimTime) -> R,
        key: StreamKey,
    ) {
        if market.refreshes_in_background() {
            self.run_what_is_due(market, now, respondents, key);
        }
    }

    #[cold]
    fn run_what_is_due<R: Respondents>(
        &mut self,
        market: &Market,
        now: SimTime,
        respondents: impl FnOnce(SimTime) -> R,
        key: StreamKey,
    ) {
        let period = SimTime::from_secs(LIVE_REFRESH_S);
        let Some(began) = self.timer_began else { return };
        let due = (now - began).0 / period.0;
        if due > 0 {
            self.suspender.signal_refreshes((due - 1).min(u64::from(u32::MAX >> 8)) as u32);
            let time = SimTime(began.0 + due * period.0);
            self.refresh(market, time, &mut respondents(time), key);
            self.timer_began = Some(time);
        }
    }

    /// Discovers and adds what was found; returns when the discovery is over.
    /// One that finds nobody leaves the pools as they are and will be tried
    /// again by the next request.
    fn refresh(
        &mut self,
        market: &Market,
        now: SimTime,
        respondents: &mut impl Respondents,
        key: StreamKey,
    ) -> SimTime {
        let honours = market.version.honours_suspension();
        if honours {
            self.suspender.signal_refreshes(1);
        }
        self.discoveries += 1;
        self.discovery.run(
            &market.probes,
            market.discovery_timeout_s,
            market.someone_silent,
            &mut self.suspender,
            |candidate| respondents.offers_itself(candidate),
            key.child(self.discoveries),
        );
        let end = now + SimTime::from_secs(self.discovery.duration_s);
        let updates = market.version.refresh_updates_sessions();
        let mut found = std::mem::take(&mut self.discovery.found);
        found.retain(|&(_, candidate)| {
            if !updates && self.pool_of(market, candidate).has(candidate) {
                return true;
            }
            let price = respondents.quote(candidate);
            price.inspect(|&price| self.learn_price(market, candidate, price)).is_some()
        });
        self.discovery.found = found;
        if self.discovery.found.is_empty() {
            return end;
        }
        if !honours {
            // Up to 0.8.3 each of the two pools counted a refresh of its own.
            self.suspender.signal_refreshes(2);
        }
        let suspender = &mut self.suspender;
        self.discovery.found.retain(|&(_, found)| !honours || !suspender.is_suspended(found));
        if market.refreshes_in_background() {
            self.warm.keep_only(&self.discovery.found);
            self.cold.keep_only(&self.discovery.found);
        }
        for &(latency, candidate) in &self.discovery.found {
            let pool =
                if market.warm[candidate as usize] { &mut self.warm } else { &mut self.cold };
            pool.add(candidate, latency, updates);
            if let Some(chooser) = &mut self.chooser {
                chooser.note_discovery(candidate, latency);
            }
        }
        let initial_size = self.discovery.found.len() + self.suspender.listed();
        let half = market.registered.min(initial_size).div_ceil(2);
        self.least_size = half.min(MAX_REFRESH_THRESHOLD);
        self.fresh_until = end + SimTime::from_secs(TIME_TO_LIVE_S);
        self.timer_began.get_or_insert(end);
        end
    }

    fn pool_of(&self, market: &Market, candidate: u32) -> &SessionPool {
        if market.warm[candidate as usize] { &self.warm } else { &self.cold }
    }

    /// Notes the price that the session with a candidate goes by.
    pub fn learn_price(&mut self, market: &Market, candidate: u32, price: Price) {
        let known = &mut self.known[candidate as usize];
        if market.set_price(known, price, self.max_price) {
            self.note_change();
        }
    }

    /// What the rule goes by has changed for some candidate.
    fn note_change(&mut self) {
        self.warm.note_change();
        self.cold.note_change();
    }

    /// The stake of a candidate, in LPT.
    pub fn stake(&self, candidate: u32) -> f64 {
        self.known[candidate as usize].stake
    }

    /// Sets the stake of a candidate, in LPT.
    pub fn set_stake(&mut self, candidate: u32, stake: f64) {
        self.known[candidate as usize].stake = stake;
        self.note_change();
    }

    /// Sets the highest price the gateway pays from now on.
    pub fn set_max_price(&mut self, max_price: Option<Price>) {
        self.max_price = max_price;
        if let Some(chooser) = &mut self.chooser {
            chooser.set_max_price(max_price);
        }
        for known in &mut self.known {
            known.within_max_price = is_within(known.price, max_price);
        }
        self.note_change();
    }

    fn pool(&mut self, session: SessionRef) -> &mut SessionPool {
        if session.is_warm { &mut self.warm } else { &mut self.cold }
    }

    /// Notes how long a session's request took, in seconds a unit.
    pub fn set_latency_score(&mut self, session: SessionRef, score: f64) {
        self.pool(session).set_latency_score(session, score);
    }

    /// Notes for the gateway's own rule that an orchestrator served a request;
    /// `timed` is how many seconds that took and its units, where go-livepeer
    /// has a latency score.
    pub fn note_served(&mut self, session: SessionRef, timed: Option<(f64, f64)>) {
        if let Some(chooser) = &mut self.chooser {
            chooser.note_served(session.candidate, timed);
        }
    }

    /// Notes for the gateway's own rule that an orchestrator failed a request.
    pub fn note_failed(&mut self, session: SessionRef) {
        if let Some(chooser) = &mut self.chooser {
            chooser.note_failed(session.candidate);
        }
    }

    /// Gives a session back after a request. Whether it was still there, not removed
    /// meanwhile.
    #[inline(always)]
    pub fn complete(&mut self, session: SessionRef) -> bool {
        self.pool(session).complete(session)
    }

    /// Deletes a session after an error and suspends its orchestrator.
    pub fn remove(&mut self, market: &Market, session: SessionRef) {
        self.pool(session).remove(session.candidate);
        self.suspender.suspend(session.candidate, market.penalty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::SelectionWeights;

    const ONE_WEI: Price = Price::whole(1);

    struct Everyone;

    impl Respondents for Everyone {
        fn offers_itself(&self, _: u32) -> bool {
            true
        }

        fn quote(&mut self, _: u32) -> Option<Price> {
            Some(ONE_WEI)
        }
    }

    fn market(version: Version, is_live: bool, latencies: &[f64]) -> Market {
        let candidate = |orchestrator| Candidate {
            orchestrator,
            offer: 0,
            price: ONE_WEI,
            price_term: 1.0,
            stake: 1.0,
            within_max_price: true,
            passes_perf_score: true,
        };
        Market {
            candidates: (0..latencies.len()).map(candidate).collect(),
            probes: latencies.iter().map(|&base_s| Probe { base_s, jitter_s: 0.0 }).collect(),
            starts_present: vec![true; latencies.len()],
            warm: vec![true; latencies.len()],
            preferred: Vec::new(),
            ticket_problems: Vec::new(),
            request_problems: Vec::new(),
            rule: ProbabilityRule {
                weights: SelectionWeights { stake: 0.7, price: 0.0, random: 0.3 },
                ignore_max_price: false,
            },
            price_exp_factor: 100.0,
            max_price: None,
            chooser: None,
            version,
            is_live,
            discovery_timeout_s: 0.5,
            registered: 100,
            someone_silent: true,
        }
    }

    struct Gateway<'a> {
        market: &'a Market,
        selector: SessionSelector,
        now: SimTime,
        requests: u64,
    }

    impl<'a> Gateway<'a> {
        fn new(market: &'a Market) -> Gateway<'a> {
            let selector = SessionSelector::new(market);
            Gateway { market, selector, now: SimTime::ZERO, requests: 0 }
        }

        /// The session the next request gets, and whether it discovered.
        fn ask(&mut self) -> (Option<SessionRef>, bool) {
            self.requests += 1;
            let mut may_refresh = true;
            loop {
                let key = StreamKey::root(1).child(self.requests);
                let discovery_key = StreamKey::root(2);
                let (market, now) = (self.market, self.now);
                self.selector.catch_up_in_background(market, now, |_| Everyone, discovery_key);
                match self.selector.select(
                    self.market,
                    self.now,
                    Ask { may_refresh, in_region: None, key },
                    |_| Everyone,
                    discovery_key,
                ) {
                    Selection::Wait(until) => {
                        self.now = until;
                        may_refresh = false;
                    }
                    Selection::Nobody => return (None, !may_refresh),
                    Selection::Session(session) => return (Some(session), !may_refresh),
                }
            }
        }

        fn wait(&mut self, seconds: f64) {
            self.now = self.now + SimTime::from_secs(seconds);
        }

        fn fail_next(&mut self) -> u32 {
            let session = self.ask().0.unwrap();
            self.selector.remove(self.market, session);
            session.candidate
        }
    }

    #[test]
    fn distance_decides_membership() {
        // One answers inside 500 ms, so the one at 600 ms is left out.
        let market = market(Version::V0_9, false, &[0.3, 0.6]);
        let mut gateway = Gateway::new(&market);
        for _ in 0..50 {
            let session = gateway.ask().0.unwrap();
            assert_eq!(session.candidate, 0);
            gateway.selector.complete(session);
        }
    }

    #[test]
    fn pools_are_refreshed_after_ten_minutes_and_not_before() {
        let market = market(Version::V0_8_3, false, &[0.1; 4]);
        let mut gateway = Gateway::new(&market);
        let serve = |gateway: &mut Gateway| {
            let (session, discovered) = gateway.ask();
            let session = session.unwrap();
            gateway.selector.complete(session);
            discovered
        };
        assert!(serve(&mut gateway));
        gateway.wait(599.0);
        assert!(!serve(&mut gateway));
        gateway.wait(2.0);
        assert!(serve(&mut gateway));
    }

    #[test]
    fn an_error_suspends_for_three_refreshes_from_0_8_4_on() {
        // Ten orchestrators: the threshold is min(8, ceil(10 / 2)) = 5, so one
        // loss does not refresh; the ten-minute clock does.
        let latencies = [0.1; 10];
        for (version, refreshes_out) in [(Version::V0_8_3, 0), (Version::V0_9, 3)] {
            let market = market(version, false, &latencies);
            let mut gateway = Gateway::new(&market);
            let failed = gateway.fail_next();
            let mut missed = 0;
            loop {
                gateway.wait(601.0);
                let session = gateway.ask().0.unwrap();
                gateway.selector.complete(session);
                if gateway.selector.size() == 10 {
                    break;
                }
                missed += 1;
            }
            assert_eq!(missed, refreshes_out, "{version:?}, candidate {failed}");
        }
    }

    #[test]
    fn below_the_threshold_every_request_refreshes() {
        // Two orchestrators: threshold ceil(2 / 2) = 1; after both fail the
        // pool is empty and everyone is released at once.
        let market = market(Version::V0_9, false, &[0.1, 0.1]);
        let mut gateway = Gateway::new(&market);
        gateway.fail_next();
        gateway.fail_next();
        let (session, discovered) = gateway.ask();
        assert!(discovered);
        assert!(session.is_some());
        assert_eq!(gateway.selector.size(), 2);
    }

    #[test]
    fn live_video_in_0_9_prefers_the_nearest_and_refreshes_in_the_background() {
        let market = market(Version::V0_9, true, &[0.3, 0.1, 0.2]);
        let mut gateway = Gateway::new(&market);
        assert_eq!(gateway.fail_next(), 1);
        let session = gateway.ask().0.unwrap();
        assert_eq!(session.candidate, 2);
        gateway.selector.complete(session);
        // Without a penalty the next refresh brings the first one back, and
        // no request waits for it.
        gateway.wait(361.0);
        let (session, discovered) = gateway.ask();
        assert!(!discovered);
        assert_eq!(session.unwrap().candidate, 1);
    }

    #[test]
    fn background_discoveries_keep_their_time_whatever_others_there_are() {
        // The first discovery ends at 0.5 s. At 200 s nobody is left, so that a request
        // has to discover; whom the next one loses is back at 360.5 s, not at 560.5 s.
        let market = market(Version::V0_9, true, &[0.1, 0.2]);
        let mut gateway = Gateway::new(&market);
        gateway.fail_next();
        gateway.wait(199.5);
        gateway.fail_next();
        let (session, discovered) = gateway.ask();
        assert!(discovered);
        gateway.selector.complete(session.unwrap());
        assert_eq!(gateway.now, SimTime::from_secs(200.5));
        assert_eq!(gateway.fail_next(), 0);
        gateway.wait(159.9);
        assert_eq!(gateway.ask().0.unwrap().candidate, 1);
        gateway.wait(0.2);
        let (session, discovered) = gateway.ask();
        assert!(!discovered);
        assert_eq!(session.unwrap().candidate, 0);
        // Where nobody is left when it is due, no request waits for another.
        let mut gateway = Gateway::new(&market);
        gateway.fail_next();
        gateway.fail_next();
        gateway.wait(361.0);
        assert!(!gateway.ask().1);
    }

    #[test]
    fn a_discovery_that_finds_nobody_is_repeated_by_every_request() {
        let market = market(Version::V0_9, false, &[7.0]);
        let mut gateway = Gateway::new(&market);
        for request in 1..=3 {
            assert_eq!(gateway.ask(), (None, true));
            assert_eq!(gateway.now, SimTime::from_secs(6.0 * f64::from(request)));
        }
    }
}
