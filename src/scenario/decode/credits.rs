use super::super::diagnostics::{Problem, Report};
use super::super::tree::Cursor;
use crate::treasury::Credits;
use crate::units::{Amount, Currency, Decimal, Lpt, Wei};

/// Decimals kept of an LPT price that is given in ETH.
const PRICE_DECIMALS: u32 = 12;

/// The amount a checked money text stands for.
pub(super) fn amount(at: &Cursor) -> Option<Amount> {
    at.text()?.parse().ok()
}

/// Dollars an ETH.
pub(super) fn eth_price(root: &Cursor, report: &mut Report) -> Option<Decimal> {
    let at = root.get("credits")?.get("eth_price")?;
    positive_price(&at, amount(&at)?.value, report)
}

pub(super) fn credits(
    root: &Cursor,
    eth_usd: Option<Decimal>,
    report: &mut Report,
) -> Option<Credits> {
    let at = root.get("credits")?;
    let lpt_usd = lpt_price(&at, eth_usd?, report);
    let place = at.get("amount")?;
    let allocation = amount(&place)?;
    let (eth_usd, lpt_usd) = (eth_usd?, lpt_usd?);
    let rates = (ratio_terms(lpt_usd, eth_usd), ratio_terms(eth_usd, lpt_usd));
    let (Some(to_eth), Some(to_lpt)) = rates else {
        let problem = Problem::at(&at, "the prices have too many digits to convert with");
        report.push(problem.expected("at most 12 decimals"));
        return None;
    };
    let proceeds = at.get("proceeds");
    let amounts = match (allocation.currency, &proceeds) {
        (Currency::Lpt, None) => {
            allocation.to_lpt().and_then(|lpt| Some((lpt, Wei(multiply_ratio(lpt.0, to_eth)?))))
        }
        (Currency::Lpt, Some(proceeds)) => allocation.to_lpt().zip(amount(proceeds)?.to_wei()),
        (_, None) => {
            allocation.to_wei().and_then(|eth| Some((Lpt(multiply_ratio(eth.0, to_lpt)?), eth)))
        }
        (_, Some(proceeds)) => {
            let problem = Problem::at(proceeds, "an amount in ETH is not converted");
            report.push(problem.expected("`proceeds` only beside an `amount` in LPT"));
            return None;
        }
    };
    match amounts {
        Some((lpt, eth)) if eth > Wei::ZERO => Some(Credits { lpt, eth, lpt_usd, eth_usd }),
        Some(_) => {
            report
                .push(Problem::at(&place, "there is nothing to spend").expected("more than 0 wei"));
            None
        }
        None => {
            report.push(
                Problem::at(&place, "the amount is too large").expected("at most 1e20 coins"),
            );
            None
        }
    }
}

fn lpt_price(at: &Cursor, eth_usd: Decimal, report: &mut Report) -> Option<Decimal> {
    let place = at.get("lpt_price")?;
    let written = amount(&place)?;
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
        report.push(Problem::at(&place, "the price has too many digits"));
        return None;
    };
    positive_price(&place, value, report)
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

/// `amount * numerator / denominator`, floored.
fn multiply_ratio(amount: u128, (numerator, denominator): (u128, u128)) -> Option<u128> {
    let whole = (amount / denominator).checked_mul(numerator)?;
    let rest = (amount % denominator).checked_mul(numerator)? / denominator;
    whole.checked_add(rest)
}
