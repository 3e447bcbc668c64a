use crate::units::Decimal;

/// Why a text is no number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NumberError {
    /// It is one with a decimal comma.
    #[error("`{0}` has a decimal comma")]
    DecimalComma(String),
    /// Its comma may be of thousands or of decimals.
    #[error("`{0}` has a comma that may be of thousands or of decimals")]
    AnyComma(String),
    /// It is none of at least 0, or longer than 38 digits.
    #[error("not a number")]
    None,
}

impl NumberError {
    /// What was expected instead.
    pub fn expected(&self) -> &'static str {
        match self {
            NumberError::DecimalComma(_) => {
                "a decimal point, as a spreadsheet set to English writes it"
            }
            NumberError::AnyComma(_) => "a decimal point, and no comma between thousands",
            NumberError::None => {
                "a number of at most 38 digits such as 0.0125, with a point and no other sign"
            }
        }
    }
}

/// A number of at least 0 as [`Decimal`] reads it, or with commas where they can
/// only be between thousands: `1,234.5`, `1,234,567`.
pub(crate) fn number(text: &str) -> Result<Decimal, NumberError> {
    if let Ok(number) = text.parse() {
        return Ok(number);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let groups: Vec<&str> = whole.split(',').collect();
    let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let is_grouped = (1..=3).contains(&groups[0].len())
        && !groups[0].starts_with('0')
        && groups[1..].iter().all(|group| group.len() == 3)
        && groups.iter().all(|group| is_digits(group))
        && is_digits(fraction);
    let shown = text.chars().take(40).collect();
    if is_grouped && groups.len() == 2 && fraction.is_empty() {
        Err(NumberError::AnyComma(shown))
    } else if is_grouped {
        text.replace(',', "").parse().map_err(|()| NumberError::None)
    } else if text.contains(',')
        && text.replace('.', "").replacen(',', ".", 1).parse::<Decimal>().is_ok()
    {
        Err(NumberError::DecimalComma(shown))
    } else {
        Err(NumberError::None)
    }
}

/// A whole number, in which a comma can only be one of thousands: `1,234`.
pub(crate) fn count(text: &str) -> Option<u64> {
    let number = match number(text) {
        Err(NumberError::AnyComma(_)) => text.replace(',', "").parse().ok()?,
        number => number.ok()?,
    };
    number.to_whole()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_are_of_thousands_where_they_can_be_nothing_else() {
        for (text, value) in
            [("1,234.5", "1234.5"), ("1,234,567", "1234567"), ("0.5", "0.5"), ("2e3", "2000")]
        {
            assert_eq!(number(text).map(|number| number.to_string()), Ok(value.to_string()));
        }
        for text in ["0,0125", "12345,67", "1.000,5", "1.000.000,25", "0,125", "1,5"] {
            assert_eq!(number(text), Err(NumberError::DecimalComma(text.into())));
        }
        assert_eq!(number("1,234"), Err(NumberError::AnyComma("1,234".into())));
        // With more decimals than are read.
        let long = format!("0.{:039}", 1);
        for text in ["", ",", "-1,5", "1,2,3", "1,23,456.7", "x", &long] {
            assert_eq!(number(text), Err(NumberError::None), "{text}");
        }
    }
}
