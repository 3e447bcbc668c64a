use std::fmt;
use std::str::FromStr;

/// More than a `u128` has digits.
const MOST_DECIMALS: i64 = 38;

/// A non-negative decimal number held exactly: `mantissa / 10^scale`. Those of one value
/// are equal, however many zeros they end in.
#[derive(Clone, Copy, Debug, Eq)]
pub struct Decimal {
    /// The digits without their point.
    pub mantissa: u128,
    /// How many of the digits stand behind the point (at most 38).
    pub scale: u32,
}

impl Decimal {
    /// 1.
    pub const ONE: Decimal = Decimal { mantissa: 1, scale: 0 };

    /// `value` to so many decimals (at most 38), without zeros at its end;
    /// `None` where it is negative, not finite or too large.
    pub fn rounded(value: f64, decimals: u32) -> Option<Decimal> {
        let text = format!("{value:.*}", decimals as usize);
        text.parse().ok().map(Decimal::reduced)
    }

    /// The nearest `f64`, to within two roundings.
    pub fn to_f64(self) -> f64 {
        self.mantissa as f64 / libm::pow(10.0, f64::from(self.scale))
    }

    /// The same number without zeros at its end.
    pub fn reduced(mut self) -> Decimal {
        while self.scale > 0 && self.mantissa.is_multiple_of(10) {
            self = Decimal { mantissa: self.mantissa / 10, scale: self.scale - 1 };
        }
        self
    }

    /// The number where it is whole, as `100.0` is; `None` beyond 64 bits too.
    pub fn to_whole(self) -> Option<u64> {
        let number = self.reduced();
        (number.scale == 0).then(|| number.mantissa.try_into().ok()).flatten()
    }

    /// `self * 10^power`, floored to an integer; `None` on overflow.
    pub fn scaled_to_integer(self, power: u32) -> Option<u128> {
        if power >= self.scale {
            let shift = 10u128.checked_pow(power - self.scale)?;
            self.mantissa.checked_mul(shift)
        } else {
            Some(self.mantissa / 10u128.checked_pow(self.scale - power)?)
        }
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Decimal) -> bool {
        let [a, b] = [self.reduced(), other.reduced()];
        (a.mantissa, a.scale) == (b.mantissa, b.scale)
    }
}

impl FromStr for Decimal {
    type Err = ();

    /// Reads `12`, `0.18`, `1_000.5`, `1.9e-8`. Signs other than the
    /// exponent's, infinities and NaN are refused.
    fn from_str(text: &str) -> Result<Self, ()> {
        let lower = text.to_ascii_lowercase();
        let (digits, exponent) = match lower.split_once('e') {
            Some((digits, exponent)) => (digits, exponent.parse::<i32>().map_err(|_| ())?),
            None => (lower.as_str(), 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let (whole, fraction) = (whole.replace('_', ""), fraction.replace('_', ""));
        if whole.is_empty() && fraction.is_empty()
            || !(whole.bytes().chain(fraction.bytes())).all(|b| b.is_ascii_digit())
        {
            return Err(());
        }
        let mantissa: u128 = format!("{whole}{fraction}").parse().map_err(|_| ())?;
        let scale = fraction.len() as i64 - i64::from(exponent);
        if scale > MOST_DECIMALS {
            return Err(());
        }
        if scale >= 0 {
            return Ok(Decimal { mantissa, scale: scale as u32 });
        }
        let shift = u32::try_from(-scale).map_err(|_| ())?;
        let factor = 10u128.checked_pow(shift).ok_or(())?;
        Ok(Decimal { mantissa: mantissa.checked_mul(factor).ok_or(())?, scale: 0 })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.mantissa.to_string();
        let scale = self.scale as usize;
        if scale == 0 {
            return f.write_str(&digits);
        }
        let digits = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let fraction = fraction.trim_end_matches('0');
        match fraction {
            "" => f.write_str(whole),
            _ => write!(f, "{whole}.{fraction}"),
        }
    }
}

/// A value rounded to so many significant decimal digits, at least one; itself where
/// it is not finite.
pub fn significant(value: f64, digits: usize) -> f64 {
    format!("{value:.*e}", digits.saturating_sub(1)).parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_one_value_are_equal() {
        let read = |text: &str| text.parse::<Decimal>().unwrap();
        for (a, b) in [("1", "1.0"), ("0", "0.000"), ("2600", "2600.00000000"), ("0.5", "5.0e-1")] {
            assert_eq!(read(a), read(b));
        }
        for (a, b) in [("1", "10"), ("1.01", "1.1"), ("0.01", "0.1"), ("0", "0.001")] {
            assert_ne!(read(a), read(b));
        }
    }

    #[test]
    fn reads_plain_exponent_and_grouped_numbers() {
        let read = |text: &str| text.parse::<Decimal>().map(|d| d.to_string());
        assert_eq!(read("0.18"), Ok("0.18".to_string()));
        assert_eq!(read("1.9073484e-8"), Ok("0.000000019073484".to_string()));
        assert_eq!(read("15_000"), Ok("15000".to_string()));
        assert_eq!(read("2.5e3"), Ok("2500".to_string()));
        for bad in ["", ".", "-1", "+1", "inf", "NaN", "1e99", "1.2.3", "0x10"] {
            assert_eq!(read(bad), Err(()), "{bad}");
        }
    }
}
