use crate::network::{Model, Pipeline};
use crate::units::{Decimal, PostedPrice};

/// The word for the provider that charges least.
pub const CHEAPEST: &str = "cheapest";

/// Pixels of the picture that providers price: 1024 x 1024.
const PICTURE: u128 = 1024 * 1024;
/// Pixels of a clip of 25 frames of 1024 x 576, which Stable Video Diffusion
/// makes.
const CLIP: u128 = 1024 * 576 * 25;
/// Milliseconds of a minute.
const MINUTE: u128 = 60_000;
const MILLION: u128 = 1_000_000;
/// Decimals kept of a USD price for so many units.
const USD_DECIMALS: u32 = 12;

/// Models that providers charge alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelClass {
    /// Llama 3.1 8B.
    Llama8b,
    /// Llama 3.1 or 3.3 70B.
    Llama70b,
    /// SDXL and what is derived from it.
    Sdxl,
    /// FLUX.1 schnell.
    FluxSchnell,
    /// FLUX.1 dev.
    FluxDev,
    /// Stable Video Diffusion.
    StableVideo,
    /// Whisper.
    Whisper,
    /// Any text-to-speech model.
    Speech,
}

impl ModelClass {
    /// The class of a model by its pipeline and the words of its id; `None`
    /// where no provider's price is known.
    pub fn of(model: &Model) -> Option<ModelClass> {
        let id = model.id.to_lowercase();
        let words: Vec<&str> = id.split(|c: char| !c.is_ascii_alphanumeric()).collect();
        let has = |word: &str| words.contains(&word);
        match model.pipeline {
            Pipeline::Llm if has("llama") && has("8b") => Some(ModelClass::Llama8b),
            Pipeline::Llm if has("llama") && has("70b") => Some(ModelClass::Llama70b),
            Pipeline::TextToImage if id.contains("flux") && has("schnell") => {
                Some(ModelClass::FluxSchnell)
            }
            Pipeline::TextToImage if id.contains("flux") && has("dev") => Some(ModelClass::FluxDev),
            Pipeline::TextToImage if has("sdxl") || has("xl") || id.contains("realvisxl") => {
                Some(ModelClass::Sdxl)
            }
            Pipeline::ImageToVideo if id.contains("stable-video") => Some(ModelClass::StableVideo),
            Pipeline::AudioToText if has("whisper") => Some(ModelClass::Whisper),
            Pipeline::TextToSpeech => Some(ModelClass::Speech),
            _ => None,
        }
    }

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            ModelClass::Llama8b => "Llama 3.1 8B",
            ModelClass::Llama70b => "Llama 3.1/3.3 70B",
            ModelClass::Sdxl => "SDXL",
            ModelClass::FluxSchnell => "FLUX.1 schnell",
            ModelClass::FluxDev => "FLUX.1 dev",
            ModelClass::StableVideo => "Stable Video Diffusion",
            ModelClass::Whisper => "Whisper",
            ModelClass::Speech => "text to speech",
        }
    }
}

/// What a centralised provider charges for a class of models.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProviderPrice {
    /// The provider, by the name a scenario uses.
    pub provider: &'static str,
    /// What for.
    pub class: ModelClass,
    /// USD for [`ProviderPrice::units`] of output (of input for Whisper).
    pub usd: f64,
    /// USD for as many input tokens; 0 where input is not charged.
    pub input_usd: f64,
    /// Billing units of the pipeline.
    pub units: u128,
    /// The same as the provider counts it.
    pub per: &'static str,
    /// When it was seen.
    pub date: &'static str,
    /// Where.
    pub source: &'static str,
}

impl ProviderPrice {
    /// USD for [`ProviderPrice::units`] of output and the input that counts with them.
    fn bill(&self, input: InputTokens) -> f64 {
        match input {
            InputTokens::Free => self.usd,
            InputTokens::Charged { per_output } => self.usd + self.input_usd * per_output,
        }
    }
}

const LITELLM: &str = "LiteLLM price list in AgentOps-AI/tokencost";
const WORKFLOWLAB: &str = "workflowlab.dev";

const fn llm(
    provider: &'static str,
    class: ModelClass,
    (input_usd, usd): (f64, f64),
    date: &'static str,
) -> ProviderPrice {
    let (units, per) = (MILLION, "1M tokens");
    ProviderPrice { provider, class, usd, input_usd, units, per, date, source: LITELLM }
}

const fn media(
    provider: &'static str,
    class: ModelClass,
    usd: f64,
    (units, per): (u128, &'static str),
    (date, source): (&'static str, &'static str),
) -> ProviderPrice {
    ProviderPrice { provider, class, usd, input_usd: 0.0, units, per, date, source }
}

const PER_PICTURE: (u128, &str) = (PICTURE, "1024x1024 image");
const PER_MEGAPIXEL: (u128, &str) = (MILLION, "1M pixels");
const PER_CLIP: (u128, &str) = (CLIP, "25-frame clip");
const PER_MINUTE: (u128, &str) = (MINUTE, "minute");
const PER_MILLION_CHARACTERS: (u128, &str) = (MILLION, "1M characters");

/// Every price known, with its date and source.
pub const PROVIDER_PRICES: &[ProviderPrice] = &[
    llm("together", ModelClass::Llama8b, (0.18, 0.18), "2025-02-19"),
    llm("fireworks", ModelClass::Llama8b, (0.20, 0.20), "2025-02-19"),
    llm("groq", ModelClass::Llama8b, (0.05, 0.08), "2025-02-19"),
    llm("bedrock", ModelClass::Llama8b, (0.22, 0.22), "2025-02-19"),
    llm("azure", ModelClass::Llama8b, (0.30, 0.61), "2025-02-19"),
    llm("sambanova", ModelClass::Llama8b, (0.10, 0.20), "2025-02-19"),
    llm("friendli", ModelClass::Llama8b, (0.10, 0.10), "2025-02-19"),
    llm("perplexity", ModelClass::Llama8b, (0.20, 0.20), "2025-02-19"),
    llm("deepinfra", ModelClass::Llama8b, (0.03, 0.05), "2025-09"),
    llm("hyperbolic", ModelClass::Llama8b, (0.12, 0.30), "2025-09"),
    llm("nscale", ModelClass::Llama8b, (0.03, 0.03), "2025-09"),
    llm("together", ModelClass::Llama70b, (0.88, 0.88), "2025-02-19"),
    llm("fireworks", ModelClass::Llama70b, (0.90, 0.90), "2025-02-19"),
    llm("groq", ModelClass::Llama70b, (0.59, 0.79), "2025-02-19"),
    llm("bedrock", ModelClass::Llama70b, (0.99, 0.99), "2025-02-19"),
    llm("azure", ModelClass::Llama70b, (2.68, 3.54), "2025-02-19"),
    llm("sambanova", ModelClass::Llama70b, (0.60, 1.20), "2025-02-19"),
    llm("friendli", ModelClass::Llama70b, (0.60, 0.60), "2025-02-19"),
    llm("perplexity", ModelClass::Llama70b, (1.00, 1.00), "2025-02-19"),
    llm("deepinfra", ModelClass::Llama70b, (0.23, 0.40), "2025-09"),
    llm("hyperbolic", ModelClass::Llama70b, (0.12, 0.30), "2025-09"),
    llm("nscale", ModelClass::Llama70b, (0.20, 0.20), "2025-09"),
    media("bedrock", ModelClass::Sdxl, 0.04, PER_PICTURE, ("2025-02-19", LITELLM)),
    media("nscale", ModelClass::Sdxl, 0.003, PER_MEGAPIXEL, ("2025-09", LITELLM)),
    media("fal", ModelClass::Sdxl, 0.002, PER_PICTURE, ("2026-02", "pixelapi.dev")),
    media("nscale", ModelClass::FluxSchnell, 0.0013, PER_MEGAPIXEL, ("2025-09", LITELLM)),
    media("fal", ModelClass::FluxSchnell, 0.003, PER_MEGAPIXEL, ("2025-10", "oauth.openai-hk.com")),
    media("replicate", ModelClass::FluxSchnell, 0.003, PER_PICTURE, ("2026-05-11", WORKFLOWLAB)),
    media("together", ModelClass::FluxSchnell, 0.0027, PER_PICTURE, ("2026-05-11", WORKFLOWLAB)),
    media("fal", ModelClass::FluxDev, 0.025, PER_MEGAPIXEL, ("2025-10", "oauth.openai-hk.com")),
    media("replicate", ModelClass::FluxDev, 0.025, PER_PICTURE, ("2026-05-11", WORKFLOWLAB)),
    media("together", ModelClass::FluxDev, 0.0154, PER_PICTURE, ("2026-05-11", WORKFLOWLAB)),
    media("fal", ModelClass::StableVideo, 0.075, PER_CLIP, ("2026-11", "fal.ai")),
    media("openai", ModelClass::Whisper, 0.006, PER_MINUTE, ("2025-02-19", LITELLM)),
    media("groq", ModelClass::Whisper, 0.00185, PER_MINUTE, ("2025-02-19", LITELLM)),
    media("openai", ModelClass::Speech, 15.0, PER_MILLION_CHARACTERS, ("2025-02-19", LITELLM)),
];

/// Whose price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// Whoever charges least for the model, whatever the date of the price.
    Cheapest,
    /// One by name.
    Named(&'static str),
}

impl Provider {
    /// Every name a scenario may use.
    pub fn names() -> Vec<&'static str> {
        let mut names: Vec<&str> = PROVIDER_PRICES.iter().map(|row| row.provider).collect();
        names.sort_unstable();
        names.dedup();
        names.insert(0, CHEAPEST);
        names
    }

    /// The provider of that name.
    pub fn named(name: &str) -> Option<Provider> {
        if name == CHEAPEST {
            return Some(Provider::Cheapest);
        }
        let row = PROVIDER_PRICES.iter().find(|row| row.provider == name)?;
        Some(Provider::Named(row.provider))
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Provider::Cheapest => CHEAPEST,
            Provider::Named(name) => name,
        }
    }

    /// Its price of a class of models, input tokens counted as `input` has it; `None`
    /// where it does not serve them.
    pub fn price_of(self, class: ModelClass, input: InputTokens) -> Option<&'static ProviderPrice> {
        let is_its = |row: &&ProviderPrice| match self {
            Provider::Cheapest => true,
            Provider::Named(name) => row.provider == name,
        };
        let rows = PROVIDER_PRICES.iter().filter(|row| row.class == class).filter(is_its);
        let per_unit = |row: &ProviderPrice| row.bill(input) / row.units as f64;
        rows.min_by(|a, b| per_unit(a).total_cmp(&per_unit(b)))
    }
}

/// What the provider's input tokens count for in a comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum InputTokens {
    /// Nothing: only output is compared.
    Free,
    /// Their price, so many of them with every output token.
    Charged {
        /// Input tokens an output token.
        per_output: f64,
    },
}

/// A share of what a provider charges for the same model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProviderShare {
    /// The share.
    pub share: f64,
    /// Whose price.
    pub provider: Provider,
    /// Whether the provider's input tokens count.
    pub input_tokens: InputTokens,
    /// Share of `max_tokens` that answers use, 0 to 1: Livepeer bills the
    /// maximum, a provider what was used.
    pub used_share: f64,
}

impl ProviderShare {
    /// The price per billing unit, pegged to the dollar; `None` where the
    /// provider does not serve the model.
    ///
    /// For a language model the unit is a token of `max_tokens`. A provider's
    /// bill for one used output token is `output + input x per_output`, of which
    /// a unit bears the share used.
    pub fn price(&self, model: &Model) -> Option<PostedPrice> {
        let row = self.provider.price_of(ModelClass::of(model)?, self.input_tokens)?;
        let used = if model.pipeline == Pipeline::Llm { self.used_share } else { 1.0 };
        let usd = row.bill(self.input_tokens) * used * self.share;
        Some(PostedPrice::Usd { usd: Decimal::rounded(usd, USD_DECIMALS)?, units: row.units })
    }
}
