mod selection;

use std::fmt::{self, Write};

use super::keys::{INPUT_TOKENS, PAYMENT_MODES, RUNWAY_ENDS};
use super::{Goal, Scenario};
use crate::demand::{
    Arrivals, Bursts, DemandStream, Growth, HourProfile, PriceCurve, UserPrice, Users, WeekProfile,
};
use crate::kernel::Distribution;
use crate::network::{
    Gateway, Model, Offer, Orchestrator, Pipeline, Pricing, Resolution, Response,
};
use crate::policy::{Course, Fallback, InputTokens, Period, Reference, Scope, Steering};
use crate::text::name_of;
use crate::treasury::{
    ConversionPolicy, JumpDiffusion, PriceSeries, Prices, Schedule, TokenPrices, TopUpRule,
};
use crate::units::{Amount, Currency, Decimal, SimTime, Wei};

/// The scenario in full: groups expanded, defaults written out.
/// Reading it gives an equal scenario. Demand streams that follow one another
/// with the same id are written as one, by what the first of them holds.
pub fn to_toml(scenario: &Scenario) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = Writer { scenario, out: &mut out }.scenario();
    out
}

/// One orchestrator of the scenario, as [`to_toml`] writes it.
pub(crate) fn orchestrator_to_toml(scenario: &Scenario, orchestrator: &Orchestrator) -> String {
    let mut out = String::new();
    let _ = Writer { scenario, out: &mut out }.orchestrator(orchestrator);
    out
}

/// One model of the scenario, as [`to_toml`] writes it.
pub(crate) fn model_to_toml(scenario: &Scenario, model: &Model) -> String {
    let mut out = String::new();
    let _ = Writer { scenario, out: &mut out }.model(model);
    out
}

/// One offer of a model, as [`to_toml`] writes it.
pub(crate) fn offer_to_toml(model: &Model, offer: &Offer) -> String {
    let Offer { price, warm, capacity, .. } = offer;
    let served = served(model);
    format!("{{ {served}, price = \"{price}\", warm = {warm}, capacity = {capacity} }}")
}

struct Writer<'a> {
    scenario: &'a Scenario,
    out: &'a mut String,
}

impl Writer<'_> {
    fn scenario(&mut self) -> fmt::Result {
        let s = self.scenario;
        let out = &mut self.out;
        writeln!(out, "name = {}", quoted(&s.name))?;
        writeln!(out, "title = {}", quoted(&s.title))?;
        writeln!(out, "start = {}", s.start)?;
        writeln!(out, "horizon_days = {}", s.horizon_days)?;
        writeln!(out, "seed = {}", s.seed)?;
        writeln!(out, "replications = {}", s.replications)?;
        let warnings: Vec<String> = s.suppressed_warnings.iter().map(|w| quoted(w)).collect();
        writeln!(out, "suppress_warnings = [{}]", warnings.join(", "))?;

        writeln!(out, "\n[credits]")?;
        if s.credits.is_eth {
            writeln!(out, "amount = \"{}\"", s.credits.eth)?;
        } else {
            writeln!(out, "amount = \"{}\"", s.credits.lpt)?;
        }
        if s.credits.is_sold && !s.credits.is_eth {
            writeln!(out, "proceeds = \"{}\"", s.credits.eth)?;
        }
        writeln!(out, "lpt_price = \"{}\"", usd(s.credits.lpt_usd))?;
        writeln!(out, "eth_price = \"{}\"", usd(s.credits.eth_usd))?;

        self.token_prices()?;
        self.treasury()?;
        self.payments()?;
        self.max_price()?;
        self.pacing()?;
        let out = &mut self.out;
        writeln!(out, "\n[network]")?;
        writeln!(out, "registered_orchestrators = {}", s.network.registered_orchestrators)?;
        writeln!(out, "active_set = {}", s.network.active_set)?;
        writeln!(out, "unresponsive_orchestrators = {}", s.network.unresponsive_orchestrators)?;
        writeln!(out, "\n[behaviour]\nfailure_delay_s = {:?}", s.failure_delay_s)?;
        writeln!(out, "stream_failures_per_hour = {:?}", s.stream_failures_per_hour)?;

        self.regions()?;
        for model in &s.network.models {
            self.model(model)?;
        }
        let added = s.policy.injection.gateways.len();
        for gateway in &s.network.gateways[..s.network.gateways.len() - added] {
            self.gateway(gateway)?;
        }
        for orchestrator in &s.network.orchestrators {
            self.orchestrator(orchestrator)?;
        }
        self.demand()?;
        self.injection()?;
        for objective in &s.objectives {
            writeln!(self.out, "\n[objectives.{}]", quoted(&objective.id))?;
            writeln!(self.out, "probability = {:?}", objective.probability)?;
            match objective.goal {
                Goal::LastDays(days) => writeln!(self.out, "lasts_days = {days:?}")?,
                Goal::SuccessRate(rate) => writeln!(self.out, "min_success_rate = {rate:?}")?,
                Goal::TopFeeShare(share) => writeln!(self.out, "max_top_fee_share = {share:?}")?,
                Goal::OutageShare(share) => writeln!(self.out, "max_outage_share = {share:?}")?,
                Goal::RegionFeeShare { region, share } => {
                    let id = quoted(self.region(region));
                    let table = format!("{{ region = {id}, share = {share:?} }}");
                    writeln!(self.out, "min_region_fee_share = {table}")?;
                }
            }
        }
        Ok(())
    }

    fn token_prices(&mut self) -> fmt::Result {
        let out = &mut self.out;
        writeln!(out, "\n[token_prices]")?;
        match &self.scenario.treasury.prices {
            TokenPrices::Constant => writeln!(out, "constant = {{}}"),
            TokenPrices::JumpDiffusion(JumpDiffusion {
                lpt_drift,
                eth_drift,
                lpt_volatility,
                eth_volatility,
                correlation,
                jumps_per_year,
                jump_mean,
                jump_sd,
            }) => {
                let motion = [
                    ("lpt_volatility", *lpt_volatility),
                    ("eth_volatility", *eth_volatility),
                    ("correlation", *correlation),
                    ("lpt_drift", *lpt_drift),
                    ("eth_drift", *eth_drift),
                    ("jumps_per_year", *jumps_per_year),
                    ("jump_mean", *jump_mean),
                    ("jump_sd", *jump_sd),
                ];
                writeln!(out, "jump_diffusion = {}", table(motion.into_iter()))
            }
            TokenPrices::Bootstrap(record) => {
                writeln!(out, "bootstrap.block_days = {}", record.block_days())?;
                writeln!(out, "bootstrap.returns = [")?;
                for (lpt, eth) in record.returns() {
                    writeln!(out, "  [{lpt:?}, {eth:?}],")?;
                }
                writeln!(out, "]")
            }
            TokenPrices::Replay(series) => {
                writeln!(out, "replay.rows = {}", price_rows_to_toml(series))
            }
        }
    }

    fn treasury(&mut self) -> fmt::Result {
        let treasury = &self.scenario.treasury;
        let out = &mut self.out;
        writeln!(out, "\n[treasury]")?;
        match &treasury.conversion {
            ConversionPolicy::AllAtOnce => writeln!(out, "conversion = {{ all_at_once = {{}} }}"),
            ConversionPolicy::Clip { lpt, schedule } => {
                let schedule = times(schedule);
                writeln!(out, "conversion = {{ clip = {{ lpt = \"{lpt}\", {schedule} }} }}")
            }
            ConversionPolicy::BelowThreshold { balance, clip } => {
                let table = format!("balance = \"{balance}\", clip = \"{clip}\"");
                writeln!(out, "conversion = {{ below_threshold = {{ {table} }} }}")
            }
            ConversionPolicy::DaysOfCover { days, schedule } => {
                let table = format!("days = {days:?}, {}", times(schedule));
                writeln!(out, "conversion = {{ days_of_cover = {{ {table} }} }}")
            }
        }?;
        writeln!(out, "signers = [")?;
        for signer in treasury.safe.signers() {
            let delay = distribution(&signer.delay_h);
            write!(out, "  {{ delay_h = {delay}, availability = {:?}", signer.availability)?;
            if let Some(sleep) = signer.sleep {
                let hours = [
                    ("from_h", sleep.from_h),
                    ("hours", sleep.hours),
                    ("utc_offset_h", sleep.utc_offset_h),
                ];
                write!(out, ", sleep = {}", table(hours.into_iter()))?;
            }
            writeln!(out, " }},")?;
        }
        writeln!(out, "]\nthreshold = {}", treasury.safe.threshold())?;
        writeln!(out, "retry_hours = {:?}", treasury.safe.retry_hours())?;
        let swap = &treasury.swap;
        writeln!(out, "swap.fee_bps = {}", swap.fee_bps)?;
        writeln!(out, "swap.depth = \"{}\"", swap.depth)?;
        writeln!(out, "swap.recovery_half_life_h = {:?}", swap.recovery_half_life_h)?;
        writeln!(out, "swap.gas = \"{}\"", swap.gas)?;
        match &treasury.top_ups.rule {
            TopUpRule::RecentSpend => writeln!(out, "top_ups.rule = \"recent_spend\"")?,
            TopUpRule::LowestCover => writeln!(out, "top_ups.rule = \"lowest_cover\"")?,
            TopUpRule::Shares(shares) => {
                let gateways = self.scenario.network.gateways.iter().zip(shares);
                let shares: Vec<String> = gateways
                    .map(|(gateway, share)| format!("{} = {share}", quoted(&gateway.id)))
                    .collect();
                writeln!(out, "top_ups.rule = {{ {} }}", shares.join(", "))?;
            }
        }
        writeln!(out, "top_ups.reserve = \"{}\"", treasury.top_ups.reserve)?;
        writeln!(out, "drawings = [")?;
        for drawing in &treasury.drawings {
            let project = treasury.projects.get(drawing.project).map_or("", String::as_str);
            let (project, day, lpt) = (quoted(project), drawing.at.day(), drawing.lpt);
            writeln!(out, "  {{ project = {project}, day = {day}, lpt = \"{lpt}\" }},")?;
        }
        writeln!(out, "]")?;
        writeln!(out, "runway_ends = \"{}\"", name_of(&RUNWAY_ENDS, &treasury.runway_end))?;
        if let Some(deadline) = treasury.deadline {
            writeln!(out, "deadline_day = {}", deadline.day())?;
        }
        writeln!(out, "minted_per_round = \"{}\"", treasury.inflation.minted_per_round)?;
        writeln!(out, "round_hours = {:?}", treasury.inflation.round_hours)
    }

    fn payments(&mut self) -> fmt::Result {
        let payments = &self.scenario.payments;
        let out = &mut self.out;
        writeln!(out, "\n[payments]")?;
        writeln!(out, "mode = \"{}\"", name_of(&PAYMENT_MODES, &payments.mode))?;
        if let Some(((_, first), steps)) = payments.gas_prices.split_first() {
            writeln!(out, "gas_price = {}", in_wei(*first))?;
            writeln!(out, "gas_price_steps = [")?;
            for (day, price) in steps {
                writeln!(out, "  {{ day = {day:?}, gas_price = {} }},", in_wei(*price))?;
            }
            writeln!(out, "]")?;
        }
        writeln!(out, "redemption_delay_s = {:?}", payments.redemption_delay_s)
    }

    fn max_price(&mut self) -> fmt::Result {
        let policy = &self.scenario.policy.max_price;
        let out = &mut self.out;
        writeln!(out, "\n[policy.max_price]")?;
        if !policy.pipelines.is_empty() {
            let names: Vec<&str> = policy.pipelines.iter().map(|of| of.name()).collect();
            writeln!(out, "pipelines = {names:?}")?;
        }
        writeln!(out, "factor = {}", policy.factor)?;
        if let Reference::Provider(share) = &policy.reference {
            let [free, charged] = INPUT_TOKENS;
            let input = match share.input_tokens {
                InputTokens::Free => format!("input_tokens = \"{free}\""),
                InputTokens::Charged { per_output } => {
                    format!("input_tokens = \"{charged}\", input_per_output = {per_output:?}")
                }
            };
            let (part, used, provider) = (share.share, share.used_share, share.provider.name());
            writeln!(
                out,
                "provider_share = {{ share = {part:?}, provider = \"{provider}\", {input}, \
                 used_share = {used:?} }}"
            )?;
        }
        match &policy.course {
            Course::Constant => {}
            Course::Steps(steps) => {
                writeln!(out, "steps = [")?;
                for (day, factor) in steps {
                    writeln!(out, "  {{ day = {day}, factor = {factor} }},")?;
                }
                writeln!(out, "]")?;
            }
            Course::TargetRunway(target) => writeln!(
                out,
                "target_runway = {{ days = {}, review_days = {}, least = {:?}, most = {:?} }}",
                target.days, target.review_days, target.least, target.most
            )?,
        }
        match policy.ignore_if_nobody {
            Some(flag) => writeln!(out, "ignore_if_nobody = {flag}"),
            None => Ok(()),
        }
    }

    fn pacing(&mut self) -> fmt::Result {
        let network = &self.scenario.network;
        let scope = |Scope { gateway, stream }: &Scope| {
            let gateway = gateway.map(|index| quoted(&network.gateways[index].id));
            let stream = stream.as_ref().map(|id| quoted(id));
            let names = [("gateway", gateway), ("stream", stream)];
            let named = names.into_iter().filter_map(|(key, name)| Some((key, name?)));
            named.map(|(key, name)| format!(", {key} = {name}")).collect::<String>()
        };
        let (pacing, alpha) = (&self.scenario.policy.pacing, &self.scenario.policy.alpha_group);
        let out = &mut self.out;
        writeln!(out, "\n[policy.pacing]\nrequest_limits = [")?;
        for limit in &pacing.request_limits {
            writeln!(out, "  {{ per_day = {}{} }},", limit.per_day, scope(&limit.scope))?;
        }
        writeln!(out, "]")?;
        if let Some(limit) = pacing.developers {
            let (count, exponent) = (limit.per_stream, limit.zipf_exponent);
            let table = format!("per_stream = {count}, zipf_exponent = {exponent:?}");
            let per_day = limit.requests_per_day;
            writeln!(out, "developers = {{ {table}, requests_per_day = {per_day} }}")?;
        }
        writeln!(out, "spend_ceilings = [")?;
        for ceiling in &pacing.spend_ceilings {
            let per = name_of(&Period::NAMES, &ceiling.period);
            let (amount, scope) = (ceiling.amount.amount(), scope(&ceiling.scope));
            writeln!(out, "  {{ amount = \"{amount}\", per = \"{per}\"{scope} }},")?;
        }
        writeln!(out, "]")?;
        if !alpha.members.is_empty() {
            let members = alpha.members.iter().map(|&index| &network.orchestrators[index].id);
            let members: Vec<String> = members.map(|id| quoted(id)).collect();
            writeln!(out, "\n[policy.alpha_group]")?;
            writeln!(out, "orchestrators = [{}]", members.join(", "))?;
            writeln!(out, "discount = {}", alpha.discount)?;
        }
        Ok(())
    }

    fn region(&self, index: usize) -> &str {
        &self.scenario.network.regions[index].id
    }

    fn regions(&mut self) -> fmt::Result {
        let network = &self.scenario.network;
        for (from, region) in network.regions.iter().enumerate() {
            writeln!(self.out, "\n[[regions]]")?;
            writeln!(self.out, "id = {}", quoted(&region.id))?;
            writeln!(self.out, "name = {}", quoted(&region.name))?;
            writeln!(self.out, "utc_offset_hours = {:?}", region.utc_offset_hours)?;
            let times = network.regions.iter().enumerate();
            let times = times.map(|(to, other)| (other.id.as_str(), network.rtt.ms(from, to)));
            writeln!(self.out, "rtt_ms = {}", table(times))?;
        }
        Ok(())
    }

    fn model(&mut self, model: &Model) -> fmt::Result {
        let service = &model.service;
        let variation = match service.variation {
            Distribution::Exponential { .. } => "{ exponential = {} }".to_string(),
            Distribution::Lognormal { cv, .. } => format!("{{ lognormal = {{ cv = {cv:?} }} }}"),
            _ => "{ constant = {} }".to_string(),
        };
        let out = &mut self.out;
        writeln!(out, "\n[[models]]")?;
        writeln!(out, "pipeline = \"{}\"", model.pipeline.name())?;
        writeln!(out, "id = {}", quoted(&model.id))?;
        if model.pipeline == Pipeline::TextToImage {
            writeln!(out, "steps = {}", model.steps)?;
        }
        writeln!(out, "cold_start_s = {:?}", model.cold_start_s)?;
        writeln!(out, "service.overhead_s = {:?}", service.overhead_s)?;
        writeln!(out, "service.seconds_per_unit = {:?}", service.seconds_per_unit)?;
        writeln!(out, "service.variation = {variation}")
    }

    fn gateway(&mut self, gateway: &Gateway) -> fmt::Result {
        let region = quoted(self.region(gateway.region));
        let weights = gateway.weights;
        let out = &mut self.out;
        writeln!(out, "\n[[gateways]]")?;
        writeln!(out, "id = {}", quoted(&gateway.id))?;
        writeln!(out, "region = {region}")?;
        writeln!(out, "version = \"{}\"", gateway.version.name())?;
        let rule = selection::rule(&gateway.selection, &self.scenario.network.regions);
        writeln!(out, "selection = {rule}")?;
        writeln!(
            out,
            "weights = {{ stake = {:?}, price = {:?}, random = {:?} }}",
            weights.stake, weights.price, weights.random
        )?;
        writeln!(out, "price_exp_factor = {:?}", gateway.price_exp_factor)?;
        writeln!(out, "min_perf_score = {:?}", gateway.min_perf_score)?;
        writeln!(out, "ignore_max_price = {}", gateway.ignore_max_price)?;
        writeln!(out, "discovery_timeout_s = {:?}", gateway.discovery_timeout_s)?;
        writeln!(out, "retry_window_s = {:?}", gateway.retry_window_s)?;
        let limits = &gateway.limits;
        writeln!(out, "max_ticket_ev = {}", in_wei(limits.max_ticket_ev))?;
        writeln!(out, "max_total_ev = {}", in_wei(limits.max_total_ev))?;
        writeln!(out, "deposit_multiplier = {}", limits.deposit_multiplier)?;
        writeln!(out, "max_prices = [")?;
        for (model, price) in self.scenario.network.models.iter().zip(&gateway.max_price) {
            if let Some(price) = price {
                writeln!(out, "  {{ {}, price = \"{price}\" }},", served(model))?;
            }
        }
        writeln!(out, "]")
    }

    fn orchestrator(&mut self, orchestrator: &Orchestrator) -> fmt::Result {
        let region = quoted(self.region(orchestrator.region));
        let out = &mut self.out;
        writeln!(out, "\n[[orchestrators]]")?;
        writeln!(out, "id = {}", quoted(&orchestrator.id))?;
        writeln!(out, "region = {region}")?;
        if let Some(version) = orchestrator.version {
            writeln!(out, "version = \"{}\"", version.name())?;
        }
        writeln!(out, "stake = \"{}\"", orchestrator.stake)?;
        writeln!(out, "speed = {:?}", orchestrator.speed)?;
        writeln!(out, "reliability = {:?}", orchestrator.reliability)?;
        writeln!(out, "jitter_ms = {:?}", orchestrator.jitter_ms)?;
        writeln!(out, "perf_score = {:?}", orchestrator.perf_score)?;
        let tickets = &orchestrator.tickets;
        writeln!(out, "ticket_ev = {}", in_wei(tickets.expected_value))?;
        if let Some(limit) = tickets.max_face_value {
            writeln!(out, "max_face_value = {}", in_wei(limit))?;
        }
        writeln!(out, "redeem_gas = {}", tickets.redeem_gas)?;
        writeln!(out, "tx_cost_multiplier = {}", tickets.tx_cost_multiplier)?;
        writeln!(out, "auto_adjust_price = {}", orchestrator.auto_adjust_price)?;
        if let Some(response) = &orchestrator.response {
            writeln!(out, "respond = {}", respond(response))?;
        }
        writeln!(out, "offers = [")?;
        for offer in &orchestrator.offers {
            let model = &self.scenario.network.models[offer.model];
            writeln!(out, "  {},", offer_to_toml(model, offer))?;
        }
        writeln!(out, "]")
    }

    fn demand(&mut self) -> fmt::Result {
        let s = self.scenario;
        writeln!(self.out, "\n[demand]")?;
        writeln!(self.out, "uncertainty.level_cv = {:?}", s.uncertainty.level_cv)?;
        let unknown = [
            ("growth_sd", s.uncertainty.growth_sd),
            ("growth_per_day_sd", s.uncertainty.growth_per_day_sd),
            ("level_growth_correlation", s.uncertainty.level_growth_correlation),
            ("wander_per_day", s.uncertainty.wander_per_day),
            ("wander_cv", s.uncertainty.wander_cv),
        ];
        for (key, value) in unknown {
            writeln!(self.out, "uncertainty.{key} = {value:?}")?;
        }

        let mut hours: Vec<&HourProfile> = Vec::new();
        let mut weekdays: Vec<&WeekProfile> = Vec::new();
        for stream in &s.demand {
            let Arrivals::Poisson(arrivals) = &stream.arrivals else { continue };
            if arrivals.hours != HourProfile::FLAT && !hours.contains(&&arrivals.hours) {
                hours.push(&arrivals.hours);
            }
            if arrivals.weekdays != WeekProfile::FLAT && !weekdays.contains(&&arrivals.weekdays) {
                weekdays.push(&arrivals.weekdays);
            }
        }
        for (number, profile) in hours.iter().enumerate() {
            writeln!(self.out, "hour_profiles.hours-{number} = {:?}", profile.0)?;
        }
        for (number, profile) in weekdays.iter().enumerate() {
            writeln!(self.out, "weekday_profiles.weekdays-{number} = {:?}", profile.0)?;
        }
        let by_users: Vec<_> = s.demand.iter().filter(|s| s.injected.is_none()).collect();
        for streams in by_users.chunk_by(|a, b| a.id == b.id) {
            if let Some(first) = streams.first() {
                self.stream(first, streams, &hours, &weekdays)?;
            }
        }
        Ok(())
    }

    fn injection(&mut self) -> fmt::Result {
        let Scenario { network, demand, policy, .. } = self.scenario;
        let injection = &policy.injection;
        let region = |index: usize| network.regions[index].id.as_str();
        let out = &mut self.out;
        writeln!(out, "\n[policy.injection]")?;
        writeln!(out, "gateways = [")?;
        for added in &injection.gateways {
            let users: Vec<String> =
                added.users.iter().map(|&users| quoted(region(users))).collect();
            writeln!(
                out,
                "  {{ id = {}, region = {}, like = {}, users = [{}] }},",
                quoted(&added.id),
                quoted(region(added.region)),
                quoted(&network.gateways[added.like].id),
                users.join(", ")
            )?;
        }
        writeln!(out, "]")?;
        let shares = |shares: &[(usize, f64)]| {
            table(shares.iter().map(|&(index, share)| (region(index), share)))
        };
        match &injection.steering {
            Steering::None => {}
            Steering::Fixed(fixed) => writeln!(out, "steering.fixed = {}", shares(fixed))?,
            Steering::Towards { targets, share } => {
                writeln!(out, "steering.towards.targets = {}", shares(targets))?;
                writeln!(out, "steering.towards.share = {share:?}")?;
            }
        }
        let fallback = name_of(&Fallback::NAMES, &injection.fallback);
        writeln!(out, "fallback = \"{fallback}\"")?;
        writeln!(out, "test_prompts = [")?;
        for stream in demand {
            let (Some(injected), Arrivals::Poisson(arrivals)) = (stream.injected, &stream.arrivals)
            else {
                continue;
            };
            writeln!(
                out,
                "  {{ id = {}, gateway = {}, region = {}, {}, size = {}, requests_per_day = {:?}, \
                 budget_per_day = {} }},",
                quoted(&stream.id),
                quoted(&network.gateways[stream.gateway].id),
                quoted(region(injected.region)),
                served(&network.models[stream.model]),
                distribution(&stream.size),
                arrivals.requests_per_day,
                in_wei(injected.budget_per_day)
            )?;
        }
        writeln!(out, "]")
    }

    /// One demand entry: streams that differ in nothing but region and rate.
    fn stream(
        &mut self,
        first: &DemandStream,
        streams: &[&DemandStream],
        hours: &[&HourProfile],
        weekdays: &[&WeekProfile],
    ) -> fmt::Result {
        let network = &self.scenario.network;
        let model = &network.models[first.model];
        let region = |stream: &DemandStream| network.regions[stream.region].id.as_str();
        let gateway =
            self.scenario.policy.injection.asked_at_first(first.gateway, network.gateways.len());
        let out = &mut self.out;
        writeln!(out, "\n[[demand.streams]]")?;
        writeln!(out, "id = {}", quoted(&first.id))?;
        writeln!(out, "gateway = {}", quoted(&network.gateways[gateway].id))?;
        writeln!(out, "pipeline = \"{}\"", model.pipeline.name())?;
        writeln!(out, "model = {}", quoted(&model.id))?;
        writeln!(out, "size = {}", distribution(&first.size))?;
        writeln!(out, "used_share = {}", distribution(&first.used_share))?;
        if first.resolution != Resolution::P720 {
            let Resolution { width, height } = first.resolution;
            writeln!(out, "resolution = \"{width}x{height}\"")?;
        }
        writeln!(out, "bad_request_share = {:?}", first.bad_request_share)?;
        let Arrivals::Poisson(arrivals) = &first.arrivals else {
            write!(out, "trace.requests = {{ ")?;
            let mut separator = "";
            for stream in streams {
                let Arrivals::Trace(trace) = &stream.arrivals else { continue };
                write!(out, "{separator}{} = [", quoted(region(stream)))?;
                for (time, size) in &trace.requests {
                    match size {
                        Some(size) => write!(out, "[{time:?}, {size:?}], ")?,
                        None => write!(out, "[{time:?}], ")?,
                    }
                }
                write!(out, "]")?;
                separator = ", ";
            }
            return writeln!(out, " }}");
        };
        let rates = streams.iter().filter_map(|stream| match &stream.arrivals {
            Arrivals::Poisson(arrivals) => Some((region(stream), arrivals.requests_per_day)),
            Arrivals::Trace(_) => None,
        });
        writeln!(out, "requests_per_day = {}", table(rates))?;
        writeln!(out, "growth = {}", growth_to_toml(&arrivals.growth))?;
        if let Some(number) = hours.iter().position(|known| **known == arrivals.hours) {
            writeln!(out, "hours = \"hours-{number}\"")?;
        }
        if let Some(number) = weekdays.iter().position(|known| **known == arrivals.weekdays) {
            writeln!(out, "weekdays = \"weekdays-{number}\"")?;
        }
        if let Some(users) = &first.users {
            self.users(users)?;
        }
        let out = &mut self.out;
        match arrivals.bursts {
            Bursts::None => Ok(()),
            Bursts::Modulated { cv, mean_hold_hours } => {
                let table = format!("cv = {cv:?}, mean_hold_hours = {mean_hold_hours:?}");
                writeln!(out, "bursts = {{ modulated = {{ {table} }} }}")
            }
            Bursts::SelfExciting { branching, mean_delay_minutes } => {
                let table = format!(
                    "branching = {branching:?}, mean_delay_minutes = {mean_delay_minutes:?}"
                );
                writeln!(out, "bursts = {{ self_exciting = {{ {table} }} }}")
            }
        }
    }
}

impl Writer<'_> {
    fn users(&mut self, users: &Users) -> fmt::Result {
        let out = &mut self.out;
        match users.curve {
            PriceCurve::Inelastic => Ok(()),
            PriceCurve::Elasticity { exponent } => {
                writeln!(out, "users.curve.elasticity.exponent = {exponent:?}")
            }
            PriceCurve::Linear { slope } => writeln!(out, "users.curve.linear.slope = {slope:?}"),
            PriceCurve::Logit { sensitivity, competitor } => {
                writeln!(out, "users.curve.logit.sensitivity = {sensitivity:?}")?;
                writeln!(out, "users.curve.logit.competitor = \"{competitor}\"")
            }
        }?;
        let prices = [("price", Some(users.price)), ("reference_price", users.reference_price)];
        for (key, price) in prices {
            match price {
                Some(UserPrice::Markup(markup)) => {
                    writeln!(out, "users.{key}.markup = {markup:?}")?;
                }
                Some(UserPrice::Posted(price)) => writeln!(out, "users.{key} = \"{price}\"")?,
                None => {}
            }
        }
        writeln!(out, "users.success_exponent = {:?}", users.success_exponent)?;
        writeln!(out, "users.latency_exponent = {:?}", users.latency_exponent)?;
        writeln!(out, "users.most = {:?}", users.most)?;
        writeln!(out, "users.review_hours = {:?}", users.review_hours)?;
        writeln!(out, "users.adjustment = {:?}", users.adjustment)?;
        let paying = [
            ("at_start", users.paying.at_start),
            ("converts_per_day", users.paying.converts_per_day),
            ("ceiling", users.paying.ceiling),
        ];
        writeln!(out, "users.paying = {}", table(paying.into_iter()))
    }
}

/// A text as a TOML string.
pub(crate) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_string()).to_string()
}

fn table<'a>(entries: impl Iterator<Item = (&'a str, f64)>) -> String {
    let entries: Vec<String> =
        entries.map(|(key, value)| format!("{} = {value:?}", quoted(key))).collect();
    format!("{{ {} }}", entries.join(", "))
}

fn in_wei(amount: Wei) -> String {
    format!("\"{} wei\"", amount.to_decimal_string())
}

/// The keys of a schedule, which begins on a full hour.
fn times(schedule: &Schedule) -> String {
    let first_day = schedule.first.day();
    let hour = (schedule.first - SimTime::from_days(first_day)).hour();
    format!("every_days = {}, first_day = {first_day}, hour = {hour}", schedule.every.day())
}

fn usd(value: Decimal) -> Amount {
    Amount { value, currency: Currency::Usd }
}

fn respond(response: &Response) -> String {
    let price = match response.pricing {
        Pricing::Fixed => "fixed = {}".to_string(),
        Pricing::Undercut { by } => format!("undercut = {{ by = {by:?} }}"),
        Pricing::BestResponse => "best_response = {}".to_string(),
        Pricing::Raise { step, refused_share } => {
            format!("raise = {{ step = {step:?}, refused_share = {refused_share:?} }}")
        }
    };
    let entries = [
        format!("review_hours = {:?}", response.review_hours),
        format!("price = {{ {price} }}"),
        format!("cost_share = {:?}", response.cost_share),
        format!("most = {:?}", response.most),
        format!("gpu_cost_per_day = \"{}\"", usd(response.gpu_cost_per_day)),
        format!("patience = {}", response.patience),
        format!("starts_absent = {}", response.starts_absent),
        format!("split_into = {}", response.split_into),
        format!("node_cost_per_day = \"{}\"", usd(response.node_cost_per_day)),
    ];
    format!("{{ {} }}", entries.join(", "))
}

/// The keys that name a model.
fn served(model: &Model) -> String {
    format!("pipeline = \"{}\", model = {}", model.pipeline.name(), quoted(&model.id))
}

/// Recorded prices as the value of `token_prices.replay.rows`.
pub(crate) fn price_rows_to_toml(series: &PriceSeries) -> String {
    let row = |(day, prices): &(f64, Prices)| {
        format!("  [{day:?}, {:?}, {:?}],\n", prices.lpt_usd, prices.eth_usd)
    };
    format!("[\n{}]", series.rows().iter().map(row).collect::<String>())
}

/// A trend as the value of `growth`.
pub(crate) fn growth_to_toml(growth: &Growth) -> String {
    match growth {
        Growth::Constant => "{ constant = {} }".into(),
        Growth::Linear { per_day } => format!("{{ linear = {{ per_day = {per_day:?} }} }}"),
        Growth::Exponential { rate_per_day } => {
            format!("{{ exponential = {{ rate_per_day = {rate_per_day:?} }} }}")
        }
        Growth::Logistic { ceiling, rate_per_day } => {
            let table = format!("ceiling = {ceiling:?}, rate_per_day = {rate_per_day:?}");
            format!("{{ logistic = {{ {table} }} }}")
        }
        Growth::Piecewise { points } => {
            let points: Vec<String> =
                points.iter().map(|(day, factor)| format!("[{day:?}, {factor:?}]")).collect();
            format!("{{ piecewise = {{ points = [{}] }} }}", points.join(", "))
        }
    }
}

fn distribution(distribution: &Distribution) -> String {
    match distribution {
        Distribution::Constant(value) => format!("{value:?}"),
        Distribution::Uniform { min, max } => {
            format!("{{ uniform = {{ min = {min:?}, max = {max:?} }} }}")
        }
        Distribution::Exponential { mean } => format!("{{ exponential = {{ mean = {mean:?} }} }}"),
        Distribution::Lognormal { mean, cv } => {
            format!("{{ lognormal = {{ mean = {mean:?}, cv = {cv:?} }} }}")
        }
        Distribution::Choice { values, cumulative } => {
            let befores = std::iter::once(&0.0).chain(cumulative);
            let weights: Vec<f64> =
                cumulative.iter().zip(befores).map(|(sum, before)| sum - before).collect();
            format!("{{ choice = {{ values = {values:?}, weights = {weights:?} }} }}")
        }
    }
}
