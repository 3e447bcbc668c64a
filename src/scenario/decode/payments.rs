use super::super::diagnostics::{Problem, Report};
use super::super::keys::PAYMENT_MODES;
use super::super::tree::Cursor;
use super::credits::{positive_wei, wei};
use crate::network::{AcceptanceLimits, TicketPolicy};
use crate::payments::PaymentSetup;
use crate::text::named;
use crate::units::Wei;

pub(super) fn payments(root: &Cursor, report: &mut Report) -> Option<PaymentSetup> {
    let at = root.get("payments")?;
    let mode = named(&PAYMENT_MODES, at.text_at("mode")?)?;
    let mut gas_prices = vec![(0.0, wei(&at.get("gas_price")?, report)?)];
    for step in at.list("gas_price_steps") {
        let day = step.get("day")?;
        let price = wei(&step.get("gas_price")?, report)?;
        let from = day.number()?;
        if gas_prices.last().is_some_and(|(before, _)| *before >= from) {
            let problem = Problem::at(&day, "the day is not later than the one before");
            report.push(problem.expected("steps in order of their day"));
            return None;
        }
        gas_prices.push((from, price));
    }
    let redemption_delay_s = at.number_at("redemption_delay_s")?;
    Some(PaymentSetup { mode, gas_prices, redemption_delay_s })
}

/// What a gateway is willing to send.
pub(super) fn limits(gateway: &Cursor, report: &mut Report) -> Option<AcceptanceLimits> {
    let ticket = positive_wei(&gateway.get("max_ticket_ev")?, report);
    let total_at = gateway.get("max_total_ev")?;
    let total = positive_wei(&total_at, report);
    let (max_ticket_ev, max_total_ev) = (ticket?, total?);
    if max_total_ev < max_ticket_ev {
        let most = max_ticket_ev.to_decimal_string();
        let message = "a payment may be worth less than one ticket";
        let expected = format!("`max_total_ev` of at least `max_ticket_ev`, {most} wei");
        report.push(Problem::at(&total_at, message).expected(expected));
        return None;
    }
    let deposit_multiplier = gateway.get("deposit_multiplier")?.integer()?;
    Some(AcceptanceLimits { max_ticket_ev, max_total_ev, deposit_multiplier })
}

/// The smallest ticket taken: a hundredth of go-livepeer's default. A picture
/// costs some 5e12 wei, and an orchestrator has 600 nonces at most.
const LEAST_TICKET_EV: Wei = Wei(80_000_000);

/// The tickets an orchestrator, or every member of a group, asks for at each
/// of `expected_values`.
pub(super) fn tickets(
    at: &Cursor,
    expected_values: &[Wei],
    report: &mut Report,
) -> Option<Vec<TicketPolicy>> {
    if expected_values.iter().any(|value| *value < LEAST_TICKET_EV) {
        let place = at.get("ticket_ev")?;
        let problem = Problem::at(&place, "a payment would need more tickets than it can carry");
        let least = LEAST_TICKET_EV.to_decimal_string();
        report.push(problem.expected(format!("at least {least} wei")));
        return None;
    }
    let face_value = at.get("max_face_value");
    let max_face_value = match &face_value {
        Some(place) => Some(positive_wei(place, report)?),
        None => None,
    };
    let most = expected_values.iter().max();
    if let (Some(place), Some(limit), Some(most)) = (&face_value, max_face_value, most)
        && limit < *most
    {
        let message = "the face value stays below the ticket's expected value";
        let expected =
            format!("`max_face_value` of at least `ticket_ev`, {} wei", most.to_decimal_string());
        report.push(Problem::at(place, message).expected(expected));
        return None;
    }
    let redeem_gas = at.get("redeem_gas")?.integer()?;
    let tx_cost_multiplier = at.get("tx_cost_multiplier")?.integer()?;
    let policy = |&expected_value: &Wei| TicketPolicy {
        expected_value,
        redeem_gas,
        tx_cost_multiplier,
        max_face_value,
    };
    Some(expected_values.iter().map(policy).collect())
}
