//! Prices as a scenario writes them: `<number> <wei|gwei|ETH|USD> [per
//! [<integer>] [<unit>]]`.

use super::shape::quoted;
use crate::network::{LIVE_PIXELS_PER_SECOND, Pipeline};
use crate::units::{Amount, AmountError, Currency, Decimal, PostedPrice, Price, PriceError};

/// A price text taken apart; what its unit counts depends on the pipeline.
#[derive(Clone, Debug)]
pub(super) struct PriceText {
    amount: Amount,
    per: u128,
    unit: Option<String>,
}

/// Why a text is not a price.
#[derive(Debug)]
pub(super) struct PriceTextError {
    pub message: String,
    /// A wrong unit of money with the right ones.
    pub unit: Option<(String, Vec<&'static str>)>,
}

const CURRENCIES: [Currency; 4] = [Currency::Wei, Currency::Gwei, Currency::Eth, Currency::Usd];

pub(super) fn parse(text: &str) -> Result<PriceText, PriceTextError> {
    let error = |message: String| PriceTextError { message, unit: None };
    let (amount, per) = match text.split_once(" per ") {
        Some((amount, per)) => (amount, Some(per)),
        None => (text, None),
    };
    let amount: Amount = amount.parse().map_err(|wrong: AmountError| {
        let unit = match &wrong {
            AmountError::Unit(unit) => {
                Some((unit.clone(), CURRENCIES.map(Currency::name).to_vec()))
            }
            _ => None,
        };
        PriceTextError { message: wrong.to_string(), unit }
    })?;
    if !CURRENCIES.contains(&amount.currency) {
        return Err(error(format!("a price in {} cannot be quoted", amount.currency.name())));
    }
    let Some(per) = per else { return Ok(PriceText { amount, per: 1, unit: None }) };
    let words: Vec<&str> = per.split_whitespace().collect();
    let starts_with_digit = |word: &&str| word.starts_with(|c: char| c.is_ascii_digit());
    let (count, unit) = match words.as_slice() {
        [count] if starts_with_digit(count) => (*count, None),
        [unit] => ("1", Some(unit.to_string())),
        [count, unit] => (*count, Some(unit.to_string())),
        _ => return Err(error(format!("`per {}` is not a unit", per.trim()))),
    };
    let count: u64 = count
        .replace('_', "")
        .parse()
        .map_err(|_| error(format!("`{count}` is not a whole number of units")))?;
    if count == 0 {
        return Err(error(PriceError::ZeroUnits.to_string()));
    }
    Ok(PriceText { amount, per: u128::from(count), unit })
}

impl PriceText {
    /// The price per billing unit of `pipeline`, which must be one that can be
    /// quoted at `eth_usd` dollars an ETH.
    pub fn price(&self, pipeline: Pipeline, eth_usd: Decimal) -> Result<PostedPrice, String> {
        let units = match &self.unit {
            None => 1,
            Some(unit) => billing_units(pipeline, unit).ok_or_else(|| {
                let name = pipeline.name();
                format!(
                    "{name} is not billed per {unit}, but per {}",
                    quoted(nouns(pipeline), "or")
                )
            })?,
        };
        let units = self.per.checked_mul(u128::from(units)).ok_or("too many units")?;
        let price = match self.amount.currency {
            Currency::Usd => {
                let pegged = PostedPrice::Usd { usd: self.amount.value.reduced(), units };
                pegged.at(eth_usd).map(|_| pegged)
            }
            currency => wei_quotient(self.amount.value, currency)
                .ok_or(PriceError::TooLarge)
                .and_then(|(wei, parts)| {
                    Price::new(wei, units.checked_mul(parts).ok_or(PriceError::TooLarge)?)
                })
                .map(PostedPrice::Wei),
        };
        price.map_err(|error| error.to_string())
    }
}

/// An amount of ETH in wei, as an exact quotient.
fn wei_quotient(value: Decimal, currency: Currency) -> Option<(u128, u128)> {
    let power: u32 = match currency {
        Currency::Wei => 0,
        Currency::Gwei => 9,
        _ => 18,
    };
    if power >= value.scale {
        return Some((value.scaled_to_integer(power)?, 1));
    }
    Some((value.mantissa, 10u128.checked_pow(value.scale - power)?))
}

/// The nouns a price of the pipeline may name, with the billing units of each.
fn units(pipeline: Pipeline) -> &'static [(&'static str, u64)] {
    const LIVE: [(&str, u64); 4] = [
        ("pixel", 1),
        ("second", LIVE_PIXELS_PER_SECOND),
        ("minute", 60 * LIVE_PIXELS_PER_SECOND),
        ("hour", 3_600 * LIVE_PIXELS_PER_SECOND),
    ];
    match pipeline {
        Pipeline::LiveVideoToVideo => &LIVE,
        Pipeline::AudioToText => {
            &[("ms", 1), ("millisecond", 1), ("second", 1_000), ("minute", 60_000)]
        }
        Pipeline::Llm => &[("token", 1)],
        Pipeline::TextToSpeech => &[("character", 1)],
        _ => &[("pixel", 1)],
    }
}

fn nouns(pipeline: Pipeline) -> impl Iterator<Item = &'static str> {
    units(pipeline).iter().map(|(noun, _)| *noun)
}

fn billing_units(pipeline: Pipeline, noun: &str) -> Option<u64> {
    let singular = |known: &str| noun == known || noun.strip_suffix('s') == Some(known);
    units(pipeline).iter().find(|(known, _)| singular(known)).map(|&(_, units)| units)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str, pipeline: Pipeline) -> Result<Price, String> {
        let eth_usd = "2706".parse().expect("a decimal");
        let posted = parse(text).map_err(|error| error.message)?.price(pipeline, eth_usd)?;
        posted.at(eth_usd).map_err(|error| error.to_string())
    }

    #[test]
    fn prices_mean_what_they_say() {
        let wei = |text, pipeline| price(text, pipeline).map(Price::to_f64);
        assert_eq!(wei("1588 wei", Pipeline::LiveVideoToVideo), Ok(1588.0));
        assert_eq!(wei("3 gwei per 2000 pixels", Pipeline::TextToImage), Ok(1_500_000.0));
        assert_eq!(wei("0.5 wei per token", Pipeline::Llm), Ok(0.5));
        // The observed peg: 0.18 USD per million tokens is 6.65e7 wei at 2,706 USD.
        let llm = wei("0.18 USD per 1_000_000 tokens", Pipeline::Llm).expect("a price");
        assert!((llm - 0.18 / 2706.0 * 1e12).abs() < 1e-3, "{llm}");
        // 0.50 USD a stream hour is 1,856 wei a pixel at 2,706 USD.
        let live = wei("0.5 USD per hour", Pipeline::LiveVideoToVideo).expect("a price");
        assert!((live - 0.5 / 2706.0 * 1e18 / (3600.0 * 27_648_000.0)).abs() < 1e-3, "{live}");
        let audio = wei("0.0012 ETH per minute", Pipeline::AudioToText).expect("a price");
        assert_eq!(audio, 2e10);
    }

    #[test]
    fn wrong_prices_are_refused() {
        for bad in ["", "5", "wei", "5 wei per", "5 wei per 0 pixels", "5 LPT", "5 wei per x y z"] {
            assert!(price(bad, Pipeline::TextToImage).is_err(), "{bad}");
        }
        let hour = price("1 USD per hour", Pipeline::TextToImage);
        assert_eq!(hour, Err("text-to-image is not billed per hour, but per `pixel`".into()));
    }
}
