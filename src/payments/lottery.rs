use crate::kernel::StreamKey;

/// Winners expected up to which their number is found by inversion; above, by
/// skipping from winner to winner.
const INVERSION_LIMIT: f64 = 10.0;

/// How many of `tickets` tickets win, each with `probability`: the draw of
/// number `index` of the stream from the binomial distribution. One ticket takes
/// one uniform. Beyond probability 1/2 the losers are drawn.
pub fn winning_tickets(key: StreamKey, index: u64, tickets: u64, probability: f64) -> u64 {
    if tickets == 0 || probability.is_nan() || probability <= 0.0 {
        0
    } else if probability >= 1.0 {
        tickets
    } else if tickets == 1 {
        u64::from(key.uniform(index) < probability)
    } else if probability > 0.5 {
        tickets - binomial(key, index, tickets, 1.0 - probability)
    } else {
        binomial(key, index, tickets, probability)
    }
}

fn binomial(key: StreamKey, index: u64, n: u64, p: f64) -> u64 {
    let mean = n as f64 * p;
    if mean < INVERSION_LIMIT {
        inversion(key.uniform(index), n, p, mean)
    } else {
        skipping(key.child(index), n, p)
    }
}

/// The number of successes whose upper tail `uniform` falls into; the lower
/// end, (1-p)^n >= 1 - np, decides most draws without a power.
fn inversion(uniform: f64, n: u64, p: f64, mean: f64) -> u64 {
    let mut remaining = 1.0 - uniform;
    if remaining < 1.0 - mean {
        return 0;
    }
    let odds = p / (1.0 - p);
    let mut mass = libm::exp(n as f64 * libm::log1p(-p));
    let mut successes = 0;
    while remaining >= mass && successes < n {
        remaining -= mass;
        mass *= odds * (n - successes) as f64 / (successes + 1) as f64;
        successes += 1;
    }
    successes
}

/// Failures between successes are geometric: the floor of an exponential over
/// -ln(1-p).
fn skipping(key: StreamKey, n: u64, p: f64) -> u64 {
    let rate = -libm::log1p(-p);
    let mut draws = key.sequence();
    let mut position = 0u64;
    let mut successes = 0;
    loop {
        position = position.saturating_add((draws.exponential() / rate) as u64);
        if position >= n {
            return successes;
        }
        successes += 1;
        position += 1;
    }
}
