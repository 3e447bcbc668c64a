//! Prices as go-livepeer's files and answers write them: an amount, the units
//! it is for, and a currency.

use super::json::At;
use crate::units::{Decimal, PostedPrice, Price};

/// The price of an object with `price_per_unit` (a number, or a text such as
/// `"0.18USD"`), `pixels_per_unit` (1 where it is left out) and `currency` (wei
/// where it is left out), whichever way the keys are spelt. `None` where there is
/// no amount.
///
/// # Errors
/// What is wrong with it.
pub(super) fn price(at: &At) -> Result<Option<PostedPrice>, String> {
    let Some(amount_at) = at.field(&["price_per_unit", "price"]) else { return Ok(None) };
    let (amount, written) = amount(&amount_at)?;
    let units = match at.field(&["pixels_per_unit", "units"]) {
        Some(units) => units.decimal()?,
        None => Decimal::ONE,
    };
    let place = amount_at.name();
    let named = at.field(&["currency"]).and_then(|currency| currency.word());
    let named = named.map(|currency| currency.to_ascii_lowercase()).filter(|name| !name.is_empty());
    if let (Some(named), Some(written)) = (&named, &written)
        && named != written
    {
        return Err(format!("{place} is in `{written}`, but its `currency` is `{named}`"));
    }
    let currency = named.or(written).unwrap_or_default();
    let too_large = || format!("{place} is too large for a price");
    if currency == "usd" {
        let (usd, units) = whole_units(amount, units).ok_or_else(too_large)?;
        let is_quotable = (1..=u128::from(u64::MAX)).contains(&units);
        let price = is_quotable.then_some(PostedPrice::Usd { usd: usd.reduced(), units });
        return price.map(Some).ok_or_else(|| format!("{place} is a price per {units} units"));
    }
    let power = match currency.as_str() {
        "" | "wei" => 0,
        "gwei" => 9,
        "eth" => 18,
        _ => return Err(format!("{place} is in `{currency}`, neither wei, gwei, ETH nor USD")),
    };
    let wei = quotient(amount, units, power).ok_or_else(too_large)?;
    let price = Price::new(wei.0, wei.1).map_err(|error| format!("{place}: {error}"))?;
    Ok(Some(price.into()))
}

/// A number, and the currency written behind it.
fn amount(at: &At) -> Result<(Decimal, Option<String>), String> {
    if let Some(text) = at.text() {
        let lower = text.trim().to_ascii_lowercase();
        for currency in ["gwei", "wei", "eth", "usd"] {
            if let Some(Ok(number)) = lower.strip_suffix(currency).map(|text| text.trim().parse()) {
                return Ok((number, Some(currency.to_string())));
            }
        }
    }
    Ok((at.decimal()?, None))
}

/// The same price for a whole number of units.
fn whole_units(amount: Decimal, units: Decimal) -> Option<(Decimal, u128)> {
    let units = units.reduced();
    let mantissa = amount.mantissa.checked_mul(10u128.checked_pow(units.scale)?)?;
    Some((Decimal { mantissa, scale: amount.scale }, units.mantissa))
}

/// `amount x 10^power / units` as two integers.
fn quotient(amount: Decimal, units: Decimal, power: u32) -> Option<(u128, u128)> {
    let (amount, units) = (amount.reduced(), units.reduced());
    let above = 10u128.checked_pow(power.checked_add(units.scale)?)?;
    let below = 10u128.checked_pow(amount.scale)?;
    Some((amount.mantissa.checked_mul(above)?, units.mantissa.checked_mul(below)?))
}

#[cfg(test)]
mod tests {
    use super::super::json;
    use super::*;

    fn read(text: &str) -> Result<Option<String>, String> {
        let json = json::parse(text).unwrap();
        price(&At::root(&json)).map(|price| price.map(|price| price.to_string()))
    }

    #[test]
    fn every_way_to_write_a_price_is_read_exactly() {
        for (text, price) in [
            (r#"{"pricePerUnit": 4768371, "pixelsPerUnit": 1}"#, "4768371 wei"),
            (r#"{"price_per_unit": 20000000, "pixels_per_unit": 1000000}"#, "20 wei"),
            (r#"{"price_per_unit": "1000", "pixels_per_unit": "3"}"#, "1000 wei per 3"),
            (r#"{"price_per_unit": 0.5}"#, "1 wei per 2"),
            (r#"{"price_per_unit": 1, "pixels_per_unit": 2.5}"#, "2 wei per 5"),
            (r#"{"price_per_unit": "5e-12", "currency": "ETH"}"#, "5000000 wei"),
            (
                r#"{"price_per_unit": 0.18, "pixels_per_unit": 1000000, "currency": "USD"}"#,
                "0.18 USD per 1000000",
            ),
            (r#"{"price_per_unit": "1.9e-7USD"}"#, "0.00000019 USD"),
            (r#"{"price_per_unit": "0.18USD", "currency": ""}"#, "0.18 USD"),
            (r#"{"price_per_unit": "0.18USD", "currency": "usd"}"#, "0.18 USD"),
            (r#"{"price_per_unit": 5, "currency": " "}"#, "5 wei"),
            (r#"{"price_per_unit": "0.5 USD", "pixels_per_unit": 0.5}"#, "5 USD per 5"),
        ] {
            assert_eq!(read(text).as_ref().map(Option::as_deref), Ok(Some(price)), "{text}");
        }
        assert_eq!(read(r#"{"pixels_per_unit": 1}"#), Ok(None));
    }

    #[test]
    fn prices_that_cannot_be_quoted_are_refused_by_name() {
        for text in [
            r#"{"price_per_unit": -1}"#,
            r#"{"price_per_unit": 5, "pixels_per_unit": 0}"#,
            r#"{"price_per_unit": 5, "pixels_per_unit": 0, "currency": "USD"}"#,
            r#"{"price_per_unit": 1e30}"#,
            r#"{"price_per_unit": 5, "currency": "BTC"}"#,
            r#"{"price_per_unit": [5]}"#,
            r#"{"price_per_unit": "0.18USD", "currency": "wei"}"#,
        ] {
            assert!(read(text).unwrap_err().contains("per_unit"), "{text}");
        }
    }
}
