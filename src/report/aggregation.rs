//! How far requests stand for others.

use serde_json::{Map, Value, json};

use super::format::percent;
use super::json::number;
use crate::ensemble::{Aggregation, Forecast};
use crate::simulation::Mode;

/// It in a sentence or two; `None` in exact mode.
pub(super) fn sentence(forecast: &Forecast) -> Option<String> {
    let Some(Aggregation { share, paces, spend_error, gateway_error, .. }) = &forecast.aggregation
    else {
        return (forecast.mode == Mode::Aggregate).then(|| {
            "Aggregated mode: no request may stand for another here, so every one is simulated, \
             as in exact mode."
                .to_string()
        });
    };
    let sampled = paces.iter().filter(|(_, pace)| *pace > 1);
    let sampled: Vec<String> = sampled.map(|(model, pace)| format!("{pace} of {model}")).collect();
    let (error, of_gateway) = (percent(*spend_error), percent(*gateway_error));
    let of_gateway = match gateway_error > spend_error && of_gateway != error {
        true => format!(", and that of one gateway up to {of_gateway}"),
        false => String::new(),
    };
    Some(format!(
        "Aggregated mode: one request simulated stands for {}; {} of all requests are not \
         simulated themselves, which gives the spend of a future a standard error of \
         {error}{of_gateway}.",
        sampled.join(", "),
        percent(*share),
    ))
}

/// It for `summary.json`.
pub(super) fn document(aggregation: &Aggregation) -> Value {
    let paces = aggregation.paces.iter().map(|(model, pace)| (model.clone(), Value::from(*pace)));
    json!({
        "share": number(aggregation.share),
        "pace": Map::from_iter(paces),
        "spend_error": number(aggregation.spend_error),
        "gateway_spend_error": number(aggregation.gateway_error),
        "stale_hours": number(aggregation.stale_hours),
    })
}
