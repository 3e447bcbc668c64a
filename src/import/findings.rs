//! What a file says, before it is put into a scenario.

use std::collections::BTreeMap;

use super::json::At;
use super::leaderboard::Test;
use crate::network::{Pipeline, Version};
use crate::scenario::is_name;
use crate::spend::SpendHistory;
use crate::text::is_address;
use crate::units::{Decimal, Lpt, PostedPrice};

/// What a scenario takes of one orchestrator.
pub(super) const MOST_OFFERS: usize = 1_000;

/// Everything of use in a file, and what is not.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub orchestrators: Vec<Found>,
    /// Where each of them stands.
    places: BTreeMap<String, usize>,
    pub max_prices: Vec<MaxPrice>,
    pub spend: Option<SpendHistory>,
    /// (what, why).
    pub skipped: Vec<(String, String)>,
    /// What was read in another way than it is written, or filled in.
    pub notes: Vec<String>,
}

/// What a file says of one orchestrator.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub id: String,
    /// Where it is and what it runs on, for a comment.
    pub about: String,
    /// The release it runs, as it tells it, and which of those known it is like.
    pub version: Option<(String, Version)>,
    pub stake: Option<Lpt>,
    pub tests: Vec<Test>,
    pub offers: Option<Vec<FoundOffer>>,
}

#[derive(Debug)]
pub(super) struct FoundOffer {
    pub pipeline: Pipeline,
    pub model: String,
    pub price: PostedPrice,
    pub warm: bool,
    pub capacity: u32,
    /// What of it the file does not say.
    pub about: String,
}

#[derive(Debug)]
pub(super) struct MaxPrice {
    pub pipeline: Pipeline,
    /// `None` for every model without a price of its own.
    pub model: Option<String>,
    pub price: PostedPrice,
}

impl Findings {
    pub fn skip(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.skipped.push((what.into(), why.into()));
    }

    /// What is known of the orchestrator of that id so far.
    pub fn orchestrator(&mut self, id: &str) -> &mut Found {
        let place = *self.places.entry(id.to_string()).or_insert(self.orchestrators.len());
        if place == self.orchestrators.len() {
            self.orchestrators.push(Found { id: id.to_string(), ..Found::default() });
        }
        &mut self.orchestrators[place]
    }

    /// Leaves out prices in USD that cannot be quoted in wei while an ETH is worth
    /// `eth_usd` dollars.
    pub fn skip_unquotable(&mut self, eth_usd: Decimal) {
        let skipped = &mut self.skipped;
        let mut is_quotable = |pipeline: Pipeline, model: &str, price: PostedPrice| {
            let quoted = price.at(eth_usd);
            if let Err(error) = &quoted {
                let place = format!("{}/{model}", pipeline.name());
                skipped.push((place, format!("{price} a unit: {error}")));
            }
            quoted.is_ok()
        };
        for offers in self.orchestrators.iter_mut().filter_map(|found| found.offers.as_mut()) {
            offers.retain(|offer| is_quotable(offer.pipeline, &offer.model, offer.price));
        }
        self.orchestrators.retain(|found| found.offers.as_ref().is_none_or(|all| !all.is_empty()));
        self.max_prices.retain(|max| {
            is_quotable(max.pipeline, max.model.as_deref().unwrap_or("default"), max.price)
        });
    }

    pub fn is_empty(&self) -> bool {
        self.orchestrators.is_empty() && self.max_prices.is_empty() && self.spend.is_none()
    }
}

/// The pipeline that a field names.
pub(super) fn pipeline_at(at: &At) -> Result<Pipeline, String> {
    let word = at.word().ok_or_else(|| format!("{} is {}, not a text", at.name(), at.kind()))?;
    let shown: String = word.chars().take(60).collect();
    Pipeline::spelled(&word).ok_or_else(|| format!("`{shown}` is no pipeline that is simulated"))
}

/// The id of a model: a line of text that is not empty.
pub(super) fn model_at(at: &At) -> Result<String, String> {
    let id = at
        .text()
        .map(str::trim)
        .ok_or_else(|| format!("{} is {}, not a text", at.name(), at.kind()))?;
    let is_line = !id.is_empty() && id.len() <= 200 && !id.contains(char::is_control);
    is_line.then(|| id.to_string()).ok_or_else(|| format!("{} is not the id of a model", at.name()))
}

/// An address in lower case, or another name as a scenario may have it.
pub(super) fn orchestrator_id(text: &str) -> Option<String> {
    let text = text.trim();
    let is_valid = text.len() <= 100 && is_name(text);
    is_valid.then(|| if is_address(text) { text.to_ascii_lowercase() } else { text.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_lower_case_and_other_names_stay() {
        let address = "0xDef1C70578B2B5e8589a42e26980687fc5153079";
        assert_eq!(orchestrator_id(address), Some(address.to_lowercase()));
        assert_eq!(orchestrator_id(" East-1 ").as_deref(), Some("East-1"));
        for bad in ["", "..", "-a", "a b", "a\nb", "ä"] {
            assert_eq!(orchestrator_id(bad), None, "{bad}");
        }
    }
}
