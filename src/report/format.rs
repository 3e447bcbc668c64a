//! Numbers, dates and text, for people and for programs.

use jiff::Span;
use jiff::civil::Date;

use crate::ensemble::{Bound, Estimate, Forecast, ObjectiveResult, Quantile, Verdict};
pub(super) use crate::text::plural;

/// What stands where there is no number.
pub(super) const MISSING: &str = "–";

/// `value` rounded to 9 significant digits, so that files carry no float
/// noise; `None` where it is not finite.
pub(super) fn rounded(value: f64) -> Option<f64> {
    if !value.is_finite() {
        return None;
    }
    // Adding 0 turns -0 into 0.
    Some(crate::units::significant(value, 9) + 0.0)
}

/// [`rounded`] as text; empty where it is not finite.
pub(super) fn precise(value: f64) -> String {
    rounded(value).map(|short| short.to_string()).unwrap_or_default()
}

/// With `decimals` digits behind the point and commas between thousands.
pub(super) fn grouped(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return MISSING.to_string();
    }
    let text = format!("{:.decimals$}", libm::fabs(value));
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut digits = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            digits.push(',');
        }
        digits.push(digit);
    }
    if !fraction.is_empty() {
        digits.push('.');
        digits.push_str(fraction);
    }
    let is_zero = digits.chars().all(|c| !c.is_ascii_digit() || c == '0');
    if value < 0.0 && !is_zero { format!("-{digits}") } else { digits }
}

/// An amount of ETH, without its unit.
pub(super) fn eth(value: f64) -> String {
    let size = libm::fabs(value);
    match size {
        0.0 => "0".to_string(),
        _ if size >= 1000.0 => grouped(value, 0),
        _ if size >= 100.0 => grouped(value, 1),
        _ if size >= 1.0 => grouped(value, 2),
        _ if size >= 0.001 => grouped(value, 4),
        _ if size >= 0.000_001 => grouped(value, 6),
        _ if value.is_finite() => format!("{value:.1e}"),
        _ => MISSING.to_string(),
    }
}

/// With four significant digits, at most six of them behind the point.
pub(super) fn four_digits(value: f64) -> String {
    let size = libm::fabs(value);
    let decimals = match size {
        _ if size >= 1000.0 => 0,
        _ if size >= 100.0 => 1,
        _ if size >= 10.0 => 2,
        _ if size >= 1.0 => 3,
        _ if size >= 0.01 => 4,
        _ => 6,
    };
    grouped(value, decimals)
}

/// An amount of USD, without its unit; cents only where they matter.
pub(super) fn usd(value: f64) -> String {
    grouped(value, if libm::fabs(value) < 1000.0 { 2 } else { 0 })
}

/// A share of 1 in percent, with one decimal.
pub(super) fn percent(share: f64) -> String {
    match share {
        _ if !share.is_finite() => MISSING.to_string(),
        0.0 => "0 %".to_string(),
        1.0 => "100 %".to_string(),
        _ if share > 0.0 && share < 0.0005 => "<0.1 %".to_string(),
        _ if (0.9995..1.0).contains(&share) => ">99.9 %".to_string(),
        _ => format!("{} %", grouped(share * 100.0, 1)),
    }
}

/// A share of 1 in whole percent; never 0 or 100 unless it is exactly that.
pub(super) fn whole_percent(share: f64) -> String {
    match share {
        _ if !share.is_finite() => MISSING.to_string(),
        _ if share > 0.0 && share < 0.005 => "<1 %".to_string(),
        _ if (0.995..1.0).contains(&share) => ">99 %".to_string(),
        _ => format!("{:.0} %", share * 100.0),
    }
}

/// Days, without their unit.
pub(super) fn days(value: f64) -> String {
    grouped(value, if libm::fabs(value) < 10.0 { 1 } else { 0 })
}

/// Hours with their unit; minutes where they are less than one.
pub(super) fn hours_or_minutes(hours: f64) -> String {
    match hours {
        _ if hours < 1.0 => plural(&days(hours * 60.0), "minute"),
        _ => plural(&days(hours), "hour"),
    }
}

/// How many, on average.
pub(super) fn count(value: f64) -> String {
    let is_whole = value == libm::floor(value);
    grouped(value, if libm::fabs(value) < 10.0 && !is_whole { 1 } else { 0 })
}

/// Milliseconds, without their unit.
pub(super) fn milliseconds(value: f64) -> String {
    grouped(value, 0)
}

/// Decimals of a price in wei a billing unit: they matter where it is small.
pub(super) fn price_decimals(wei: f64) -> usize {
    if libm::fabs(wei) < 1000.0 { 3 } else { 0 }
}

/// An interval, each of its ends as `end` writes it; [`MISSING`] where there is none.
pub(super) fn interval_of(estimate: &Estimate, end: impl Fn(f64) -> String) -> String {
    estimate
        .interval()
        .map_or(MISSING.to_string(), |(lo, hi)| format!("[{}, {}]", end(lo), end(hi)))
}

/// An interval behind its number and a space; nothing where there is none.
pub(super) fn spaced(interval: &str) -> String {
    let is_one = !interval.is_empty() && interval != MISSING;
    if is_one { format!(" {interval}") } else { String::new() }
}

/// The interval of a share, in percent: `[11.9, 12.8]`.
pub(super) fn share_interval(estimate: &Estimate) -> String {
    interval_of(estimate, |share| grouped(share * 100.0, 1))
}

/// The same with its unit: `[11.9, 12.8] %`.
pub(super) fn percent_interval(estimate: &Estimate) -> String {
    let unit = if estimate.interval().is_some() { " %" } else { "" };
    format!("{}{unit}", share_interval(estimate))
}

/// The interval of a plain number with `decimals`.
pub(super) fn interval(estimate: &Estimate, decimals: usize) -> String {
    interval_of(estimate, |end| grouped(end, decimals))
}

/// The 95 % interval of an amount of ETH, as [`eth`] has its ends.
pub(super) fn eth_interval(estimate: &Estimate) -> String {
    interval_of(estimate, eth)
}

/// The interval of a quantile in days. An end that lies beyond the horizon reads
/// `>365`; one that too few futures bound reads `below` the shortest of them or
/// `above` the longest. Empty where neither end was reached, [`MISSING`] of a single
/// future.
pub(super) fn quantile_interval(quantile: &Quantile, horizon_days: u32) -> String {
    let horizon = f64::from(horizon_days);
    let end = |bound| match bound {
        Bound::BelowShortest(shortest) => format!("below {}", days(shortest)),
        Bound::Days(day) => days(day),
        Bound::AboveLongest(longest) if longest < horizon => format!("above {}", days(longest)),
        Bound::AboveLongest(_) => format!(">{}", grouped(horizon, 0)),
        Bound::Unknown => MISSING.to_string(),
    };
    match (quantile.lo, quantile.hi) {
        (Bound::AboveLongest(_), Bound::AboveLongest(_)) => String::new(),
        (Bound::Unknown, Bound::Unknown) => MISSING.to_string(),
        (lo, hi) => format!("[{}, {}]", end(lo), end(hi)),
    }
}

/// So many of something: `1 day`, `1,000 days`.
pub(super) fn counted(number: u32, noun: &str) -> String {
    plural(&grouped(f64::from(number), 0), noun)
}

/// How many futures were simulated, over which time.
pub(super) fn extent(forecast: &Forecast) -> String {
    format!(
        "{} over {}",
        counted(forecast.replications, "simulated future"),
        counted(forecast.horizon_days, "day")
    )
}

/// The date `days` after `start`; `None` beyond the calendar.
pub(super) fn date_after(start: Date, days: f64) -> Option<Date> {
    let whole = libm::floor(days);
    if !(0.0..=4.0e6).contains(&whole) {
        return None;
    }
    start.checked_add(Span::new().try_days(whole as i64).ok()?).ok()
}

/// `14 March 2026`.
pub(super) fn long_date(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}

/// `14 Mar 2026`.
pub(super) fn short_date(date: Date) -> String {
    date.strftime("%-d %b %Y").to_string()
}

/// Text as it stands in HTML or SVG; a percent sign stays with its number.
pub(super) fn html_escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ if c.is_control() => escaped.push(' '),
            _ => escaped.push(c),
        }
    }
    escaped.replace(" %", "\u{a0}%")
}

/// The same of a sentence, in which what stands between backticks is code.
pub(super) fn html_prose(text: &str) -> String {
    let mut prose = html_escaped(text);
    while let Some((before, (code, after))) =
        prose.split_once('`').and_then(|(before, rest)| Some((before, rest.split_once('`')?)))
    {
        prose = format!("{before}<code>{code}</code>{after}");
    }
    prose
}

/// Text without meaning to Markdown, on one line.
pub(super) fn markdown_escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '|' | '#' | '~' | '$' | '@' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            _ if c.is_control() => escaped.push(' '),
            _ => escaped.push(c),
        }
    }
    // Brackets mean nothing but in links.
    escaped.replace("](", "]\\(")
}

/// The same of a sentence, in which what stands between backticks is code.
pub(super) fn markdown_prose(text: &str) -> String {
    let mut prose = String::new();
    let mut rest = text;
    while let Some((before, (code, after))) =
        rest.split_once('`').and_then(|(before, rest)| Some((before, rest.split_once('`')?)))
        && !code.is_empty()
    {
        let code: String = code.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        prose += &format!("{}`{code}`", markdown_escaped(before));
        rest = after;
    }
    prose + &markdown_escaped(rest)
}

/// A share that someone chose, in percent without idle decimals: `95 %`.
pub(super) fn chosen_percent(share: f64) -> String {
    format!("{} %", precise(share * 100.0))
}

/// Text that cannot steer a terminal, and that XML allows.
pub(crate) fn printable(text: &str) -> String {
    let is_hidden = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    text.chars().map(|c| if is_hidden(c) { '?' } else { c }).collect()
}

/// At most `width` characters, the last an ellipsis where some were cut.
pub(super) fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_string();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// At most `width` characters, an ellipsis in the middle where some were left out: the
/// ends of names tell them apart.
pub(super) fn abridged(text: &str, width: usize) -> String {
    let count = text.chars().count();
    if count <= width {
        return text.to_string();
    }
    let kept = width.saturating_sub(1);
    let head: String = text.chars().take(kept.div_ceil(2)).collect();
    let tail: String = text.chars().skip(count - kept / 2).collect();
    format!("{head}…{tail}")
}

/// An objective and in how many futures it is attained: "credits last at least 90
/// days in 97 % of the futures [93, 99] (needs 95 %)".
pub(super) fn objective_found(objective: &ObjectiveResult) -> String {
    let ObjectiveResult { text, probability, required, unknown_share, verdict, .. } = objective;
    let needed = chosen_percent(*required);
    if *verdict == Verdict::NotKnown {
        let (share, unknown) = (percent(probability.mean), percent(*unknown_share));
        return format!(
            "{text} in {share} of the futures; it cannot be said of {unknown} (needs {needed})"
        );
    }
    let (share, interval) = (percent(probability.mean), spaced(&share_interval(probability)));
    // The verdict is of the futures simulated: others might judge otherwise.
    let is_close = probability.lo < *required && *required <= probability.hi;
    let close = if is_close { ", which the interval holds" } else { "" };
    format!("{text} in {share} of the futures{interval} (needs {needed}{close})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_finite() {
        assert_eq!(precise(0.1 + 0.2), "0.3");
        assert_eq!(precise(1.0 / 3.0), "0.333333333");
        assert_eq!(precise(-0.0), "0");
        assert_eq!(precise(f64::NAN), "");
        assert_eq!(precise(1e-12), "0.000000000001");
        assert_eq!(grouped(1_234_567.891, 2), "1,234,567.89");
        assert_eq!(grouped(-0.001, 2), "0.00");
        assert_eq!(grouped(-1234.0, 0), "-1,234");
        assert_eq!(grouped(f64::INFINITY, 2), MISSING);
        assert_eq!(eth(0.0), "0");
        assert_eq!(eth(40.123_4), "40.12");
        assert_eq!(eth(4.23e-9), "4.2e-9");
        assert_eq!(eth(f64::NAN), MISSING);
    }

    #[test]
    fn a_share_is_never_rounded_to_certainty() {
        assert_eq!(whole_percent(0.996), ">99 %");
        assert_eq!(whole_percent(0.004), "<1 %");
        assert_eq!(whole_percent(1.0), "100 %");
        assert_eq!(whole_percent(0.0), "0 %");
        assert_eq!(percent(0.4123), "41.2 %");
        assert_eq!(percent(0.9999), ">99.9 %");
        assert_eq!(percent(0.0001), "<0.1 %");
    }

    #[test]
    fn dates_count_from_the_start() {
        let start = jiff::civil::date(2025, 2, 13);
        assert_eq!(date_after(start, 365.0).map(long_date), Some("13 February 2026".into()));
        assert_eq!(date_after(start, 0.9).map(short_date), Some("13 Feb 2025".into()));
        assert_eq!(date_after(start, 3.9e6), None);
        assert_eq!(date_after(start, f64::NAN), None);
    }

    #[test]
    fn foreign_text_is_inert() {
        assert_eq!(html_prose("`a` < `b`, `"), "<code>a</code> &lt; <code>b</code>, `");
        assert_eq!(html_escaped("<b a='1'>&\"\u{1b}"), "&lt;b a=&#39;1&#39;&gt;&amp;&quot; ");
        assert_eq!(markdown_prose("`a_b` < *c*, `"), "`a_b` &lt; \\*c\\*, \\`");
        assert_eq!(markdown_prose("``a_b`"), "\\`\\`a\\_b\\`");
        assert_eq!(markdown_escaped("a|b\n[x](y)<i>"), "a\\|b [x]\\(y)&lt;i&gt;");
        assert_eq!(printable("a\u{1b}[31m"), "a?[31m");
        assert_eq!(shortened("abcdef", 4), "abc…");
        assert_eq!(abridged("number-07", 6), "num…07");
        assert_eq!(abridged("number-07", 9), "number-07");
        assert_eq!(abridged("number-07", 1), "…");
    }
}
