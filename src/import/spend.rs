//! What was really spent: the requests that cost as much on average.

use super::ImportError;
use super::findings::Findings;
use crate::experiment::calibrate::{MIX_DAYS, SpendLevel};
use crate::spend::{SpendOptions, read_spend};
use crate::units::significant;

/// Significant digits of rates and amounts.
pub(super) const DIGITS: usize = 5;
/// Days below which a mean is said to be of few.
const FEW_DAYS: usize = 14;

/// Reads what was spent.
pub(super) fn read(
    text: &str,
    name: &str,
    options: &SpendOptions,
    findings: &mut Findings,
) -> Result<(), ImportError> {
    let history = read_spend(text.as_bytes(), name, options).map_err(ImportError::Spend)?;
    findings.notes.extend(history.notes.iter().cloned());
    findings.notes.extend(history.whose());
    for column in history.other_columns() {
        let why = "spend is told apart by pipeline and gateway only, and shared out within them as \
                   in the base";
        findings.skip(format!("column `{column}`"), why);
    }
    findings.spend = Some(history);
    Ok(())
}

/// Which days the mean is of, and what was imported, in a line; what was left
/// out goes to the findings.
pub(super) fn in_words(level: &SpendLevel, findings: &mut Findings) -> (String, String) {
    let (Some(first), Some(last)) = (level.days.first(), level.days.last()) else {
        return (String::new(), String::new());
    };
    let days = level.days.len();
    let history = findings.spend.take();
    if let Some(history) = history.filter(|history| history.complete_days() > days) {
        let why = format!("before the last {MIX_DAYS} complete days, which the mean is of");
        let span = format!("{} to {}", history.date(0), first.yesterday().unwrap_or(*first));
        findings.skip(span, why);
    }
    let percent = |share: f64| significant(share * 100.0, 3);
    for part in &level.left_out {
        let what = format!("{} % of the spend, on {}", percent(part.share), part.name);
        findings.skip(what, part.why.clone());
    }
    findings.notes.extend(level.remarks.iter().cloned());
    if days < FEW_DAYS {
        findings
            .notes
            .push(format!("the mean of fewer than {FEW_DAYS} days is known to no great precision"));
    }
    findings.notes.push(
        "trend, weekdays, bursts and uncertainty are those of the base; `orchsim calibrate` fits \
         them to the same file"
            .to_string(),
    );
    let about = match days {
        1 => format!("the spend of {first}"),
        _ => format!("the mean of {days} days from {first} to {last}"),
    };
    let simulated: f64 = level.mix.iter().map(|row| row.after_eth_per_day).sum();
    let demand = significant(level.eth_per_day, DIGITS);
    let left_out: f64 = level.left_out.iter().map(|part| part.share).sum();
    let source = match left_out {
        0.0 => about.clone(),
        share => format!(
            "{} % of {}, {about}, without what is left out (see skipped)",
            percent(1.0 - share),
            significant(level.spent_eth_per_day, DIGITS)
        ),
    };
    let summary = format!(
        "demand for {demand} ETH a day, {source}; simulated, it spends {}",
        significant(simulated, DIGITS)
    );
    (about, summary)
}
