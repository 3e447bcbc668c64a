use super::super::diagnostics::{Problem, Report};
use super::super::tree::Cursor;
use super::Context;
use super::network::price;
use crate::demand::{PayingShare, PriceCurve, UserPrice, Users};
use crate::network::Pipeline;
use crate::units::PostedPrice;

/// How the users of a stream of `pipeline` respond.
pub(super) fn users(
    at: &Cursor,
    pipeline: Pipeline,
    context: &Context,
    report: &mut Report,
) -> Option<Users> {
    let mut price_at = |at: &Cursor| price(at, pipeline, context, report);
    let mut user_price_at = |at: &Cursor| {
        if at.is_table() {
            at.number_at("markup").map(UserPrice::Markup)
        } else {
            price_at(at).map(UserPrice::Posted)
        }
    };
    let user_price = at.get("price").and_then(|at| user_price_at(&at));
    let reference = at.get("reference_price").map(|at| (user_price_at(&at), at));
    let competitor =
        at.get("curve").and_then(|at| at.form()?.1.get("competitor")).map(|at| (price_at(&at), at));
    let of_competitor = competitor.as_ref().map(|(read, at)| (read.map(UserPrice::Posted), at));
    let of_reference = reference.as_ref().map(|(read, at)| (*read, at));
    let mut is_comparable = true;
    for (read, place) in [of_reference, of_competitor].into_iter().flatten() {
        let free = read.zip(context.eth_usd).is_some_and(|(price, usd)| price.is_free(usd));
        if free {
            let problem = Problem::at(place, "nothing can be compared with a price of 0");
            report.push(problem.expected("a price above 0"));
            is_comparable = false;
        }
    }
    if !is_comparable {
        return None;
    }
    let reference_price = match reference {
        Some((read, _)) => Some(read?),
        None => None,
    };
    let curve = match at.get("curve") {
        Some(at) => curve(&at, competitor.and_then(|(read, _)| read))?,
        None => PriceCurve::Inelastic,
    };
    Some(Users {
        curve,
        price: user_price?,
        reference_price,
        success_exponent: at.number_at("success_exponent")?,
        latency_exponent: at.number_at("latency_exponent")?,
        most: at.number_at("most")?,
        review_hours: at.number_at("review_hours")?,
        adjustment: at.number_at("adjustment")?,
        paying: paying(&at.get("paying")?, report)?,
    })
}

fn curve(at: &Cursor, competitor: Option<PostedPrice>) -> Option<PriceCurve> {
    let (form, inner) = at.form()?;
    Some(match form {
        "elasticity" => PriceCurve::Elasticity { exponent: inner.number_at("exponent")? },
        "linear" => PriceCurve::Linear { slope: inner.number_at("slope")? },
        _ => PriceCurve::Logit {
            sensitivity: inner.number_at("sensitivity")?,
            competitor: competitor?,
        },
    })
}

fn paying(at: &Cursor, report: &mut Report) -> Option<PayingShare> {
    let paying = PayingShare {
        at_start: at.number_at("at_start")?,
        converts_per_day: at.number_at("converts_per_day")?,
        ceiling: at.number_at("ceiling")?,
    };
    if paying.at_start > paying.ceiling {
        let PayingShare { at_start, ceiling, .. } = paying;
        let message = format!("`at_start` is {at_start}, but `ceiling` only {ceiling}");
        report.push(Problem::at(at, message).expected("a ceiling that is not below the start"));
        return None;
    }
    Some(paying)
}
