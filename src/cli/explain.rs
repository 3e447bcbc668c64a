use std::path::PathBuf;

use clap::Args;

use super::input::{self, Overrides};
use super::output::{self, Format};
use super::{Failure, Outcome};
use crate::network::{Network, Pipeline};
use crate::report::{explanation_json, explanation_text};
use crate::scenario::{load, nearest};
use crate::selection::explain;
use crate::simulation::Opening;

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// A scenario file; without one, the built-in scenario
    scenario: Option<PathBuf>,
    /// Id of the gateway
    #[arg(long)]
    gateway: String,
    /// The pipeline, such as `llm` or `text-to-image`
    #[arg(long)]
    pipeline: String,
    /// Id of the model; may be left out where the pipeline has only one
    #[arg(long)]
    model: Option<String>,
    #[command(flatten)]
    set: Overrides,
    /// How to print the result; json: one document
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn execute(args: &ExplainArgs) -> Result<Outcome, Failure> {
    let source = input::read(args.scenario.as_deref())?;
    let scenario = load(&source, &args.set.values)?;
    let network = &scenario.network;
    let gateway = gateway(network, &args.gateway)?;
    let model = model(network, &args.pipeline, args.model.as_deref())?;
    let explanation = explain(network, &Opening::new(&scenario).market(gateway, model));
    match args.format {
        Format::Text => output::print(&explanation_text(
            &scenario,
            gateway,
            model,
            &explanation,
            output::style(),
        ))?,
        Format::Json => {
            output::print_json(&explanation_json(&scenario, gateway, model, &explanation))?;
        }
    }
    Ok(Outcome::Success)
}

fn gateway(network: &Network, id: &str) -> Result<usize, Failure> {
    let known = network.gateways.iter().map(|gateway| gateway.id.as_str());
    known.clone().position(|known| known == id).ok_or_else(|| unknown("gateway", id, known))
}

fn model(network: &Network, pipeline: &str, model: Option<&str>) -> Result<usize, Failure> {
    let offered = |pipeline: Pipeline| {
        network.models.iter().enumerate().filter(move |(_, model)| model.pipeline == pipeline)
    };
    let in_use = || Pipeline::ALL.into_iter().filter(|&known| offered(known).next().is_some());
    let found = in_use().find(|known| known.name() == pipeline);
    let Some(found) = found else {
        return Err(unknown("pipeline", pipeline, in_use().map(Pipeline::name)));
    };
    let ids = offered(found).map(|(_, model)| model.id.as_str());
    let wanted = |id: &str| model.is_none_or(|model| model == id);
    let mut matching = offered(found).filter(|(_, model)| wanted(&model.id));
    match (matching.next(), matching.next(), model) {
        (Some((index, _)), None, _) => Ok(index),
        (Some(_), Some(_), _) => Err(Failure::Usage(format!(
            "`{pipeline}` has several models: name one with --model\n  models: {}",
            ids.collect::<Vec<_>>().join(", ")
        ))),
        (None, _, model) => Err(unknown("model", model.unwrap_or_default(), ids)),
    }
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Failure {
    let mut message = format!("the scenario has no {what} `{name}`");
    if let Some(nearest) = nearest(name, known.clone()) {
        message += &format!("\n  help: did you mean `{nearest}`?");
    }
    Failure::Usage(format!("{message}\n  {what}s: {}", known.collect::<Vec<_>>().join(", ")))
}
