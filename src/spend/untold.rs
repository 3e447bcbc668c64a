use crate::text::number;
use crate::units::Currency;

/// No ticket is worth fewer wei, or as many ETH: face values are some 10^15 wei.
const LEAST_WEI: f64 = 1e6;

/// The unit of amounts whose column names none, by all of them: wei are whole and large,
/// ETH small and not all whole.
#[derive(Debug, Default)]
pub(super) struct UntoldUnit {
    unit: Option<Currency>,
    has_fraction: bool,
    is_unclear: bool,
}

impl UntoldUnit {
    /// The unit that the first amount seems to be in; 0 is the same in each.
    pub(super) fn of(&mut self, text: &str) -> Currency {
        let value = number(text).ok().filter(|value| value.mantissa > 0);
        let Some(value) = value else { return self.unit.unwrap_or(Currency::Wei) };
        let unit = if value.to_f64() < LEAST_WEI { Currency::Eth } else { Currency::Wei };
        let has_fraction = value.reduced().scale > 0;
        let first = *self.unit.get_or_insert(unit);
        self.has_fraction |= has_fraction;
        self.is_unclear |= unit != first || unit == Currency::Wei && has_fraction;
        first
    }

    /// Whether the amounts leave the unit open.
    pub(super) fn is_open(&self) -> bool {
        self.is_unclear || self.unit == Some(Currency::Eth) && !self.has_fraction
    }

    /// Which was taken, and why, in a sentence.
    pub(super) fn note(&self, column: &str) -> Option<String> {
        let taken = match self.unit? {
            Currency::Wei => "wei, as all are whole numbers of 10^6 and more",
            _ => "ETH, as all are below 10^6 and not all are whole",
        };
        Some(format!("`{column}` has no unit: its values are taken to be in {taken}"))
    }
}
