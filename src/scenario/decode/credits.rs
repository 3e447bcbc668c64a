use super::super::diagnostics::{Problem, Report};
use super::super::tree::{Cursor, join};
use crate::kernel::StreamKey;
use crate::treasury::{Credits, PricePath, Prices, TokenPrices};
use crate::units::{Amount, COIN, Currency, Decimal, Lpt, SimTime, Wei, mul_div};

/// Decimals kept of an LPT price that is given in ETH.
const PRICE_DECIMALS: u32 = 12;

/// Largest amount, in base units: 1e12 coins, so that sums of many stay far from
/// overflow.
const LARGEST_AMOUNT: u128 = 1_000_000_000_000 * COIN;

/// The amount a checked money text stands for.
pub(super) fn amount(at: &Cursor) -> Option<Amount> {
    at.text()?.parse().ok()
}

/// An amount of ETH.
pub(super) fn wei(at: &Cursor, report: &mut Report) -> Option<Wei> {
    small_enough(at, amount(at)?.to_wei(), report)
}

/// An amount of ETH, or one of USD at so many dollars an ETH.
pub(super) fn wei_or_usd(at: &Cursor, eth_usd: Decimal, report: &mut Report) -> Option<Wei> {
    let written = amount(at)?;
    let wei = match written.currency {
        Currency::Usd => Wei::from_usd(written.value.reduced(), eth_usd),
        _ => written.to_wei(),
    };
    small_enough(at, wei, report)
}

fn small_enough(at: &Cursor, wei: Option<Wei>, report: &mut Report) -> Option<Wei> {
    let wei = wei.filter(|wei| wei.0 <= LARGEST_AMOUNT);
    if wei.is_none() {
        report.push(Problem::at(at, "the amount is too large").expected("at most 1e12 ETH"));
    }
    wei
}

/// An amount of ETH above zero.
pub(super) fn positive_wei(at: &Cursor, report: &mut Report) -> Option<Wei> {
    let wei = wei(at, report)?;
    if wei == Wei::ZERO {
        report.push(Problem::at(at, "the amount is zero").expected("at least 1 wei"));
        return None;
    }
    Some(wei)
}

/// An amount of LPT.
pub(super) fn lpt(at: &Cursor, report: &mut Report) -> Option<Lpt> {
    let lpt = amount(at)?.to_lpt().filter(|lpt| lpt.0 <= LARGEST_AMOUNT);
    if lpt.is_none() {
        report.push(Problem::at(at, "the amount is too large").expected("at most 1e12 LPT"));
    }
    lpt
}

/// An amount of LPT above zero.
pub(super) fn positive_lpt(at: &Cursor, report: &mut Report) -> Option<Lpt> {
    let lpt = lpt(at, report)?;
    if lpt == Lpt::ZERO {
        report.push(Problem::at(at, "the amount is zero").expected("more than 0 LPT"));
        return None;
    }
    Some(lpt)
}

/// Dollars an LPT and an ETH at the start: those written, else those that a
/// replayed series has then.
pub(super) fn prices(
    root: &Cursor,
    paths: Option<&TokenPrices>,
    report: &mut Report,
) -> Option<(Decimal, Decimal)> {
    let at = root.get("credits")?;
    let recorded = match paths {
        Some(paths @ TokenPrices::Replay(_)) => Some(prices_at_start(paths)),
        _ => None,
    };
    let mut missing = |key: &str| {
        // Without token prices there is a report already.
        if paths.is_some() {
            let message = format!("the key `{key}` is missing");
            let problem = Problem::new(at.node.span, join(&at.path, key), message);
            report.push(problem.expected("a price at the start; only `replay` brings its own"));
        }
    };
    let eth_place = at.get("eth_price");
    let lpt_place = at.get("lpt_price");
    if recorded.is_none() {
        eth_place.is_none().then(|| missing("eth_price"));
        lpt_place.is_none().then(|| missing("lpt_price"));
    }
    let eth_usd = match &eth_place {
        Some(place) => positive_price(place, amount(place)?.value, report)?,
        None => recorded_price(&at, recorded?.eth_usd, report)?,
    };
    let lpt_usd = match &lpt_place {
        Some(place) => lpt_price(place, eth_usd, report)?,
        None => recorded_price(&at, recorded?.lpt_usd, report)?,
    };
    if lpt_usd.to_f64() > Prices::MOST_ETH_PER_LPT as f64 * eth_usd.to_f64() {
        let place = lpt_place.or(eth_place).unwrap_or(at);
        let problem = Problem::at(&place, "an LPT is worth more than a million ETH");
        report.push(problem.expected("prices at which it is worth at most that"));
        return None;
    }
    Some((lpt_usd, eth_usd))
}

fn prices_at_start(paths: &TokenPrices) -> Prices {
    let unused = Prices { lpt_usd: 0.0, eth_usd: 0.0 };
    PricePath::new(paths, unused, StreamKey::root(0)).at(SimTime::ZERO)
}

fn recorded_price(at: &Cursor, usd: f64, report: &mut Report) -> Option<Decimal> {
    match usd.to_string().parse() {
        Ok(price) => positive_price(at, price, report),
        Err(()) => {
            let problem = Problem::at(at, "the recorded price at the start has too many digits");
            report.push(problem.expected("at most 38 digits"));
            None
        }
    }
}

pub(super) fn credits(
    root: &Cursor,
    prices: Option<(Decimal, Decimal)>,
    report: &mut Report,
) -> Option<Credits> {
    let at = root.get("credits")?;
    let place = at.get("amount")?;
    let allocation = amount(&place)?;
    let (lpt_usd, eth_usd) = prices?;
    let rates = (ratio_terms(lpt_usd, eth_usd), ratio_terms(eth_usd, lpt_usd));
    let (Some(to_eth), Some(to_lpt)) = rates else {
        let problem = Problem::at(&at, "the prices have too many digits to convert with");
        report.push(problem.expected("at most 12 decimals"));
        return None;
    };
    let times = |amount, (above, below)| mul_div(amount, above, below);
    let proceeds = at.get("proceeds");
    let amounts = match (allocation.currency, &proceeds) {
        (Currency::Lpt, None) => {
            allocation.to_lpt().and_then(|lpt| Some((lpt, Wei(times(lpt.0, to_eth)?))))
        }
        (Currency::Lpt, Some(proceeds)) => allocation.to_lpt().zip(amount(proceeds)?.to_wei()),
        (_, None) => allocation.to_wei().and_then(|eth| Some((Lpt(times(eth.0, to_lpt)?), eth))),
        (_, Some(proceeds)) => {
            let problem = Problem::at(proceeds, "an amount in ETH is not converted");
            report.push(problem.expected("`proceeds` only beside an `amount` in LPT"));
            return None;
        }
    };
    let amounts = amounts.filter(|(lpt, eth)| lpt.0.max(eth.0) <= LARGEST_AMOUNT);
    match amounts {
        Some((lpt, eth)) if eth > Wei::ZERO => {
            let is_eth = allocation.currency != Currency::Lpt;
            let is_sold = is_eth || proceeds.is_some();
            Some(Credits { lpt, eth, is_sold, is_eth, lpt_usd, eth_usd })
        }
        Some(_) => {
            report
                .push(Problem::at(&place, "there is nothing to spend").expected("more than 0 wei"));
            None
        }
        None => {
            report.push(
                Problem::at(&place, "the amount is too large")
                    .expected("at most 1e12 coins, in LPT and in ETH"),
            );
            None
        }
    }
}

fn lpt_price(place: &Cursor, eth_usd: Decimal, report: &mut Report) -> Option<Decimal> {
    let written = amount(place)?;
    let value = match written.currency {
        Currency::Usd => Some(written.value),
        currency => {
            let shift = match currency {
                Currency::Wei => 18,
                Currency::Gwei => 9,
                _ => 0,
            };
            let mantissa = written.value.mantissa.checked_mul(eth_usd.mantissa);
            let scale = written.value.scale + shift + eth_usd.scale;
            mantissa.map(|mantissa| Decimal { mantissa, scale })
        }
    };
    let Some(value) = value else {
        let problem = Problem::at(place, "the price has too many digits");
        report.push(problem.expected("at most 38 digits, those of `eth_price` included"));
        return None;
    };
    positive_price(place, value, report)
}

/// A price above zero in its shortest form, cut to [`PRICE_DECIMALS`].
fn positive_price(at: &Cursor, mut price: Decimal, report: &mut Report) -> Option<Decimal> {
    while price.scale > PRICE_DECIMALS || price.scale > 0 && price.mantissa.is_multiple_of(10) {
        price = Decimal { mantissa: price.mantissa / 10, scale: price.scale - 1 };
    }
    if price.mantissa == 0 {
        report.push(Problem::at(at, "the price is zero").expected("a price above 0"));
        return None;
    }
    Some(price)
}

/// `above / below` as a quotient of integers.
fn ratio_terms(above: Decimal, below: Decimal) -> Option<(u128, u128)> {
    let numerator = above.mantissa.checked_mul(10u128.checked_pow(below.scale)?)?;
    let denominator = below.mantissa.checked_mul(10u128.checked_pow(above.scale)?)?;
    Some((numerator, denominator))
}
