use crate::demand::{Arrivals, DemandStream, Growth};
use crate::experiment::calibrate::{Calibration, Fitted, MIX_DAYS, MOST_BURST_CV};
use crate::report::RunContext;
use crate::report::format::{four_digits, percent, printable};
use crate::scenario::to_toml;

/// The calibrated scenario: resolved, and above every key that was fitted a
/// comment with its estimate, its interval and its source.
pub fn calibrated_toml(calibration: &Calibration, source: &str, context: &RunContext) -> String {
    let mut scenario = calibration.scenario.clone();
    scenario.name = format!("{}-calibrated", scenario.name);
    let source = printable(source);
    let mut text = format!(
        "# Demand fitted to {source} by orchsim {}:\n#   {}\n",
        context.version,
        printable(&context.command)
    );
    for line in [
        "Estimates are posterior medians with 90 % intervals. `orchsim check` accepts this file.",
        "The credits are those of the scenario that was calibrated: set credits.amount to what",
        "is left on the first day.",
    ] {
        text += &format!("# {line}\n");
    }
    text.push('\n');
    // Streams of one id stand together, as they are written.
    let mut streams = by_id(&scenario.demand).into_iter();
    let mut stream = None;
    for line in to_toml(&scenario).lines() {
        if line == "[[demand.streams]]" {
            stream = streams.next();
        }
        let key = line.split('=').next().unwrap_or_default().trim();
        let comments = match key {
            "start" => vec![format!("The day after the last of {source}, or the scenario's own.")],
            "uncertainty.level_cv" => level(calibration, &source),
            "uncertainty.growth_per_day_sd" => {
                vec![format!("Of the growth rate to come ({source}).")]
            }
            "uncertainty.wander_per_day" => wander(calibration, &source),
            "requests_per_day" => {
                stream.as_ref().map(|first| rate(calibration, first, &source)).unwrap_or_default()
            }
            "growth" => growth(calibration, stream.as_ref(), &source),
            "bursts" => bursts(calibration, &source),
            _ if key.starts_with("weekday_profiles.") => weekdays(calibration, &source),
            _ => Vec::new(),
        };
        for comment in comments {
            text += &format!("# {comment}\n");
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// The first stream of each entry, in order.
fn by_id(demand: &[DemandStream]) -> Vec<DemandStream> {
    let by_users: Vec<&DemandStream> = demand.iter().filter(|s| s.injected.is_none()).collect();
    let entries = by_users.chunk_by(|a, b| a.id == b.id);
    entries.filter_map(|entry| entry.first().map(|first| (*first).clone())).collect()
}

fn fitted(what: &str, fitted: &Fitted, source: &str) -> String {
    let [estimate, lo, hi] = [fitted.estimate, fitted.lo, fitted.hi].map(four_digits);
    format!("{what}: {estimate} [{lo}, {hi}] ({source})")
}

fn growth(calibration: &Calibration, first: Option<&DemandStream>, source: &str) -> Vec<String> {
    let is_exponential = |first: &DemandStream| match &first.arrivals {
        Arrivals::Poisson(arrivals) => matches!(arrivals.growth, Growth::Exponential { .. }),
        Arrivals::Trace(_) => true,
    };
    let bounded = (!first.is_none_or(is_exponential)).then(|| {
        "In the mean over the data; below the scenario's bound it slows down.".to_string()
    });
    [fitted("growth a day", &calibration.growth, source)].into_iter().chain(bounded).collect()
}

fn bursts(calibration: &Calibration, source: &str) -> Vec<String> {
    let cv = &calibration.stream_burst_cv;
    let limit = (cv.estimate > MOST_BURST_CV)
        .then(|| format!("No more than {MOST_BURST_CV}: stronger ones overrun capacity."));
    let fitted = [
        fitted("cv of a stream's bursts", cv, source),
        fitted("hours a burst holds", &calibration.burst_hours, source),
    ];
    fitted.into_iter().chain(limit).collect()
}

fn level(calibration: &Calibration, source: &str) -> Vec<String> {
    let mean = format!(
        "Its mean, {} ETH, is what requests_per_day is for: this factor has the mean 1.",
        four_digits(calibration.mean_level)
    );
    let level = fitted("ETH spent a day at the start", &calibration.level, source);
    let without = calibration.outlying_days.as_ref().map(|outlying| {
        let what = "Days far out of line are spread over all; without them";
        fitted(what, &outlying.level_without, source)
    });
    [level].into_iter().chain(without).chain([mean]).collect()
}

fn wander(calibration: &Calibration, source: &str) -> Vec<String> {
    let Some(step) = &calibration.wander_per_day else {
        let settled = percent(1.0 - calibration.posterior.wandering);
        return vec![format!(
            "The level keeps to its trend with probability {settled} ({source})."
        )];
    };
    let untold = "Whether the level wanders these data do not tell: it is taken to, by the prior.";
    let untold = (!calibration.posterior.tells_wandering()).then(|| untold.to_string());
    let step = fitted("daily step of the level's logarithm", step, source);
    [step].into_iter().chain(untold).collect()
}

fn weekdays(calibration: &Calibration, source: &str) -> Vec<String> {
    let Some(weights) = &calibration.weekdays else { return Vec::new() };
    let text: Vec<String> =
        weights.iter().map(|w| format!("{:.2} [{:.2}, {:.2}]", w.estimate, w.lo, w.hi)).collect();
    let what = "From Monday, on the users' clocks. By day of UTC all spend then has the weights";
    vec![format!("{what} ({source}):"), text.join(", ")]
}

fn rate(calibration: &Calibration, first: &DemandStream, source: &str) -> Vec<String> {
    let Arrivals::Poisson(_) = &first.arrivals else { return Vec::new() };
    let network = &calibration.scenario.network;
    let gateway = network.gateways[first.gateway].id.as_str();
    let pipeline = network.models[first.model].pipeline.name();
    let row = calibration.mix.iter().find(|row| row.group.holds(pipeline, gateway));
    row.map(|row| {
        let [share, lo, hi] = [row.share.estimate, row.share.lo, row.share.hi].map(percent);
        let all = if row.group.name() == "all" { "all streams" } else { &row.group.name() };
        format!(
            "For {} ETH a day on {all}, simulated {}: {share} [{lo}, {hi}] of the \
             spend of the last {MIX_DAYS} days ({source})",
            four_digits(row.eth_per_day),
            four_digits(row.after_eth_per_day)
        )
    })
    .into_iter()
    .collect()
}
