//! The keys of bringing requests to regions.

use super::super::shape::{Key, Shape, Text, default, optional, required};
use super::{LINE, NAME, PIPELINE, PIXELS, RATE, SHARE, SIZE, list};
use crate::policy::Fallback;
use crate::units::Currency::{Eth, Gwei, Usd, Wei};

pub(super) const INJECTION: &[Key] = &[
    default(
        "gateways",
        &list(
            &Shape::Table(&[
                required("id", NAME, "Its name."),
                required(
                    "region",
                    NAME,
                    "Where it runs; distances from there decide whom it knows.",
                ),
                required("like", NAME, "The gateway whose settings it has."),
                optional(
                    "users",
                    &list(NAME, 1, 100),
                    "The regions of the users who ask it instead of `like`. Left out: its own.",
                ),
            ]),
            0,
            100,
        ),
        "[]",
        "Gateways added in a region. They share the credits by `treasury.top_ups`, whose fixed \
         proportions, if it has such, must name them.",
    ),
    optional(
        "steering",
        &Shape::Form(&[
            required(
                "fixed",
                &Shape::Map { of: SHARE, keys: "region ids" },
                "Share of the requests sent to the orchestrators of each region; the rest go \
                 anywhere.",
            ),
            required(
                "towards",
                &Shape::Table(&[
                    required(
                        "targets",
                        &Shape::Map { of: SHARE, keys: "region ids" },
                        "The share of payments that each region's orchestrators are to get.",
                    ),
                    default("share", SHARE, "1", "The share of the requests that may be steered."),
                ]),
                "Each request to the region furthest below its target, anywhere when none is.",
            ),
        ]),
        "Which requests of users a gateway sends to orchestrators of which region.",
    ),
    default(
        "fallback",
        &Shape::Text(Text::Word(fallback_names)),
        "\"anywhere\"",
        "What becomes of a steered request where the gateway knows no eligible orchestrator in \
         the region, or fails there: `anywhere` or `refuse`.",
    ),
    default(
        "test_prompts",
        &list(
            &Shape::Table(&[
                required("id", NAME, "A name, as of a demand stream."),
                required("gateway", NAME, "The gateway that sends them."),
                required("region", NAME, "The orchestrators they are for; nobody else gets them."),
                required("pipeline", PIPELINE, "The pipeline."),
                required("model", LINE, "The model."),
                required("size", &Shape::Either(&[SIZE, PIXELS]), "Size of a prompt."),
                required("requests_per_day", RATE, "Prompts a day, at random times."),
                required(
                    "budget_per_day",
                    &Shape::Text(Text::Money(&[Eth, Gwei, Wei, Usd])),
                    "No more prompts are sent on a day (UTC) on which so much was paid; in USD at \
                     the ETH price of the start.",
                ),
            ]),
            0,
            1_000,
        ),
        "[]",
        "Extra prompts paid from the credits.",
    ),
];

fn fallback_names() -> Vec<&'static str> {
    Fallback::NAMES.map(|(name, _)| name).to_vec()
}
