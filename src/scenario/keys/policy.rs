//! The keys of the policy.

use super::super::shape::{Key, Shape, Text, default, optional, required};
use super::injection::INJECTION;
use super::{LINE, MOST_ORCHESTRATORS, NAME, PIPELINE, SHARE, list, number};
use crate::policy::{Period, Provider};
use crate::units::Currency::{Eth, Gwei, Usd, Wei};

/// Whether a provider's input tokens count.
pub(in super::super) const INPUT_TOKENS: [&str; 2] = ["free", "charged"];

pub(super) const POLICY: &[Key] = &[
    default(
        "injection",
        &Shape::Table(INJECTION),
        "{}",
        "Bringing requests to the orchestrators of chosen regions.",
    ),
    default(
        "max_price",
        &Shape::Table(MAX_PRICE),
        "{}",
        "The highest price gateways pay: that of `gateways.max_prices`, or of a provider, times a \
         factor.",
    ),
    default(
        "pacing",
        &Shape::Table(PACING),
        "{}",
        "Limits on requests and spend; what is above one is refused and counted as `limit`. Days \
         begin at 00:00 UTC, weeks on Monday at 00:00 UTC.",
    ),
    optional(
        "alpha_group",
        &Shape::Table(&[
            required(
                "orchestrators",
                &list(LINE, 1, MOST_ORCHESTRATORS),
                "Its members: ids of orchestrators, or of groups with all their members.",
            ),
            default(
                "discount",
                SHARE,
                "1",
                "What members take off what they ask as a share: 1 is free, 0 is none.",
            ),
        ]),
        "Orchestrators that serve first: others are asked only where no member that the gateway \
         has discovered has a free session.",
    ),
];

const MAX_PRICE: &[Key] = &[
    optional("pipelines", &list(PIPELINE, 1, 10), "The pipelines meant. Left out: all."),
    default(
        "factor",
        FACTOR,
        "1",
        "Factor on the maximum at the start. A gateway without a maximum for a model pays whatever \
         is asked: the highest price quoted to it at the start, by whom it asks, stands for its \
         maximum while the factor is not 1.",
    ),
    optional(
        "provider_share",
        &Shape::Table(&[
            required("share", FACTOR, "The share, 1 being all of the provider's price."),
            required(
                "provider",
                &Shape::Text(Text::Word(Provider::names)),
                "A provider (`orchsim providers` lists them), or `cheapest`: whoever charges least \
                 for the model.",
            ),
            default(
                "input_tokens",
                &Shape::Text(Text::Word(input_tokens)),
                "\"free\"",
                "Livepeer charges no input tokens, only `max_tokens` of output. Whether the \
                 provider's charge for input counts: `free` compares output alone, `charged` sets \
                 the price of an output token to output + input x input_per_output.",
            ),
            optional(
                "input_per_output",
                &number(0.0, 1_000.0),
                "Input tokens that come with an output token, where they are charged. Left out: 3.",
            ),
            default(
                "used_share",
                SHARE,
                "1",
                "Share of `max_tokens` that answers use: a provider bills what was used, Livepeer \
                 the maximum, so that a unit is worth that share.",
            ),
        ]),
        "Instead of the gateways' own maximum a share of what a centralised provider charges for \
         the same model, in USD. Models it does not serve keep their own.",
    ),
    optional(
        "steps",
        &list(
            &Shape::Table(&[
                required(
                    "day",
                    &Shape::Integer { min: 1, max: 36_500 },
                    "The day from whose start on it holds.",
                ),
                required("factor", FACTOR, "The factor then."),
            ]),
            1,
            1_000,
        ),
        "Later factors.",
    ),
    optional(
        "target_runway",
        &Shape::Table(&[
            required(
                "days",
                &Shape::Integer { min: 2, max: 36_500 },
                "The day until which the credits should last.",
            ),
            default(
                "review_days",
                &Shape::Integer { min: 1, max: 36_500 },
                "7",
                "Days between reviews.",
            ),
            default("least", STEERED, "0.2", "Least factor."),
            default("most", STEERED, "1", "Largest factor."),
        ]),
        "Steers the factor: at each review it is multiplied by the square root of what the credits \
         left allow a day over what was spent a day since the last review, by at most 1.25 up or \
         down.",
    ),
    optional(
        "ignore_if_nobody",
        &Shape::Bool,
        "In place of every gateway's `ignore_max_price`: serve at any price where nobody is within \
         the maximum.",
    ),
];

const ONLY_GATEWAY: Key =
    optional("gateway", NAME, "Only those to this gateway. Left out: all gateways together.");
const ONLY_STREAM: Key = optional(
    "stream",
    NAME,
    "Only those of this demand stream, all regions together. Left out: all streams together.",
);

const PACING: &[Key] = &[
    default(
        "request_limits",
        &list(
            &Shape::Table(&[
                required(
                    "per_day",
                    &Shape::Integer { min: 0, max: 1_000_000_000_000 },
                    "Requests let in a day, by their arrival.",
                ),
                ONLY_GATEWAY,
                ONLY_STREAM,
            ]),
            0,
            1_000,
        ),
        "[]",
        "Limits on the requests of a day.",
    ),
    optional(
        "developers",
        &Shape::Table(&[
            required(
                "per_stream",
                &Shape::Integer { min: 1, max: 100_000 },
                "Developers behind each demand stream.",
            ),
            default(
                "zipf_exponent",
                &number(0.0, 10.0),
                "1",
                "Developer k makes requests in proportion to 1 / k^this; 0 is all alike.",
            ),
            required(
                "requests_per_day",
                &Shape::Integer { min: 0, max: 1_000_000_000_000 },
                "Requests each may make a day.",
            ),
        ]),
        "A limit on the requests of each developer.",
    ),
    default(
        "spend_ceilings",
        &list(
            &Shape::Table(&[
                required(
                    "amount",
                    &Shape::Text(Text::Money(&[Eth, Gwei, Wei, Usd])),
                    "The most that tickets sent in the period may be worth on average; in USD at the \
                     rate of the hour.",
                ),
                default("per", &Shape::Text(Text::Word(periods)), "\"day\"", "The period."),
                ONLY_GATEWAY,
                ONLY_STREAM,
            ]),
            0,
            1_000,
        ),
        "[]",
        "Ceilings on the spend on requests. A running live stream ends where its next payment \
         would be above one.",
    ),
];

/// Kept to nine decimals.
const FACTOR: &Shape = &number(1e-9, 1_000.0);
/// Kept to six decimals, to which the steps of a lower one are lost.
const STEERED: &Shape = &number(1e-5, 1_000.0);

fn input_tokens() -> Vec<&'static str> {
    INPUT_TOKENS.to_vec()
}

fn periods() -> Vec<&'static str> {
    Period::NAMES.map(|(name, _)| name).to_vec()
}
