//! The keys of selection.

use super::super::shape::{Bounds, Key, Numbers, Shape, Text, default, optional, required};
use super::{LPT, SHARE};
use crate::network::{PriceReference, SelectionRule, SelectionWeights};

pub(super) const SELECTION: Key = default(
    "selection",
    &Shape::Either(&[RULE_NAME, &Shape::Form(RULES)]),
    "\"livepeer\"",
    "How it picks among the free sessions that pass its filters. livepeer: as its version does. \
     Any other rule decides every request, batch and live, whatever the version. By name: \
     linear_price (probability proportional to 1 - price / maximum price, else the dearest \
     eligible one), log_stake (ln(1 + LPT)), sqrt_stake, latency (1 / known latency), success \
     ((1 + served) / (2 + served + failed)), cheapest, fastest, round_robin.",
);

pub(super) const WEIGHTS: Key = default(
    "weights",
    &Shape::Either(&[
        &Shape::Text(Text::TableName { words: weight_names, table: named_weights }),
        &Shape::Table(&[
            default("stake", SHARE_OR_REST, "0.7", "-selectStakeWeight"),
            default("price", SHARE_OR_REST, "0", "-selectPriceWeight"),
            default("random", SHARE_OR_REST, "0.3", "-selectRandFreq"),
        ]),
    ]),
    "{}",
    "Weights of the selection probability; they sum to 1 (within 0.0001, as go-livepeer has it). \
     One of them may be \"rest\": what the others leave of 1. By name: default (0.7 stake, 0.3 \
     random), studio-2023 (0.15 stake, 0.85 price: Livepeer Studio after price had replaced \
     random), studio-2024 (0.65 stake, 0.35 price: the same from early 2024). `--set` of one \
     weight keeps the others, also those of a name.",
);

/// The rules with settings.
const RULES: &[Key] = &[
    PRICE_SOFTMAX,
    CAPPED_STAKE,
    MIXTURE,
    required(
        "regional_quota",
        &Shape::Table(&[
            required(
                "shares",
                &Shape::Map { of: ABOVE_ZERO_SHARE, keys: "region ids" },
                "Target share of the requests for each region named; the others share the rest.",
            ),
            default(
                "within",
                &Shape::Either(&[RULE_NAME, &Shape::Form(&[PRICE_SOFTMAX, CAPPED_STAKE, MIXTURE])]),
                "\"livepeer\"",
                "The rule within a region. livepeer: its formula with the gateway's weights.",
            ),
        ]),
        "The region of orchestrators furthest below its share of this gateway's requests for the \
         model is served first, where it has an eligible session.",
    ),
];

const PRICE_SOFTMAX: Key = required(
    "price_softmax",
    &Shape::Table(&[
        default(
            "relative_to",
            &Shape::Text(Text::Word(reference_names)),
            "\"cheapest\"",
            "The eligible price that others are compared with.",
        ),
        required(
            "temperature",
            &Shape::Number(Bounds { min: 0.0, max: 1e6, above_min: true, below_max: false }),
            "Price difference, in parts of that price, that divides the probability by e.",
        ),
    ]),
    "Probability proportional to exp(-price / (temperature x reference)).",
);

const CAPPED_STAKE: Key = required(
    "capped_stake",
    &Shape::Table(&[required("cap", LPT, "Stake beyond which more does not count.")]),
    "Probability proportional to min(stake, cap).",
);

const MIXTURE: Key = required(
    "mixture",
    &Shape::Table(&[
        optional(
            "price",
            &Shape::Either(&[
                &Shape::Text(Text::Word(price_rule_names)),
                &Shape::Form(&[PRICE_SOFTMAX]),
            ]),
            "The rule the price weight goes by. Left out: exp(-price / price_exp_factor), free of \
             underflow.",
        ),
        optional(
            "stake",
            &Shape::Either(&[
                &Shape::Text(Text::Word(stake_rule_names)),
                &Shape::Form(&[CAPPED_STAKE]),
            ]),
            "The rule the stake weight goes by. Left out: in proportion to stake.",
        ),
    ]),
    "go-livepeer's formula with the gateway's weights and other terms.",
);

const SHARE_OR_REST: &Shape = &Shape::Either(&[SHARE, &Shape::Text(Text::Word(rest))]);
const RULE_NAME: &Shape = &Shape::Text(Text::Word(rule_names));
const ABOVE_ZERO_SHARE: &Shape =
    &Shape::Number(Bounds { min: 0.0, max: 1.0, above_min: true, below_max: false });

fn rest() -> Vec<&'static str> {
    vec!["rest"]
}

fn rule_names() -> Vec<&'static str> {
    SelectionRule::NAMED.map(|(name, _)| name).to_vec()
}

fn price_rule_names() -> Vec<&'static str> {
    vec!["linear_price", "cheapest"]
}

fn stake_rule_names() -> Vec<&'static str> {
    vec!["log_stake", "sqrt_stake"]
}

fn reference_names() -> Vec<&'static str> {
    PriceReference::NAMES.map(|(name, _)| name).to_vec()
}

fn weight_names() -> Vec<&'static str> {
    SelectionWeights::NAMED.map(|(name, _)| name).to_vec()
}

fn named_weights(name: &str) -> Option<Numbers> {
    let SelectionWeights { stake, price, random } = SelectionWeights::named(name)?;
    Some(vec![("stake", stake), ("price", price), ("random", random)])
}
