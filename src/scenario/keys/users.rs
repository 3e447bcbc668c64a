//! The keys of users who respond and pay.

use super::super::shape::{Bounds, Key, Shape, default, optional, required};
use super::{PRICE, SHARE, number};
use crate::demand::MOST_MARKUP;

pub(super) const USERS: &[Key] = &[
    optional(
        "curve",
        &Shape::Form(&[
            required(
                "elasticity",
                &Shape::Table(&[required(
                    "exponent",
                    &number(-100.0, 0.0),
                    "The price elasticity of demand.",
                )]),
                "(price / reference) ^ exponent",
            ),
            required(
                "linear",
                &Shape::Table(&[required(
                    "slope",
                    &number(0.0, 100.0),
                    "The price elasticity at the reference, without its sign.",
                )]),
                "max(0, 1 - slope x (price / reference - 1))",
            ),
            required(
                "logit",
                &Shape::Table(&[
                    required(
                        "sensitivity",
                        &number(0.0, 10_000.0),
                        "How sharply users choose the cheaper.",
                    ),
                    required("competitor", PRICE, "What another provider charges per unit."),
                ]),
                "The share 1 / (1 + exp(sensitivity x (price / competitor - 1))), over that at \
                 the reference and what the competitor charges at the start.",
            ),
        ]),
        "The factor on the rate of paying users by their price, compared in USD at the ETH price \
         of the moment. Left out: 1.",
    ),
    default(
        "price",
        &Shape::Either(&[
            PRICE,
            &Shape::Table(&[required(
                "markup",
                &number(0.0, MOST_MARKUP),
                "Times what the gateway paid per unit on average since the last review; at the \
                 start, times the mean quote of those it selects among.",
            )]),
        ]),
        "{ markup = 1 }",
        "What a paying user pays per billing unit of a request served. It becomes part of the \
         gateway's deposit at the end of the day.",
    ),
    optional(
        "reference_price",
        &Shape::Either(&[
            PRICE,
            &Shape::Table(&[required(
                "markup",
                &Shape::Number(Bounds {
                    min: 0.0,
                    max: MOST_MARKUP,
                    above_min: true,
                    below_max: false,
                }),
                "Times what the gateway paid per unit on average in the first interval between \
                 reviews.",
            )]),
        ]),
        "The price at which the rate is what the stream says. Left out: `price`, a posted one as \
         at the start; in a variant of `compare` or a setting of `sweep` that of the base, where \
         a markup is taken to be on a pay that differs as the mean quotes at the start do, in USD.",
    ),
    default(
        "success_exponent",
        &number(0.0, 100.0),
        "0",
        "The rate goes with this power of the success rate over that of the first interval, of \
         the gateway's pipeline in the users' region.",
    ),
    default(
        "latency_exponent",
        &number(-100.0, 0.0),
        "0",
        "And with this power of the median latency over that of the first interval.",
    ),
    default(
        "most",
        &number(1.0, 100.0),
        "3",
        "The largest factor on the rate. Requests are drawn at so many times the rate and thinned.",
    ),
    default("review_hours", &number(1.0, 8_760.0), "24", "Hours from one review to the next."),
    default(
        "adjustment",
        &Shape::Number(Bounds { min: 0.0, max: 1.0, above_min: true, below_max: false }),
        "0.5",
        "Part of the way to the new rate that users go at each review. With 0.5, exponents of \
         success up to 1 cannot make the rate oscillate.",
    ),
    default(
        "paying",
        &Shape::Table(&[
            default("at_start", SHARE, "0", "Share of the requests that pay at the start."),
            default(
                "converts_per_day",
                &number(0.0, 10.0),
                "0",
                "Rate at which free users turn into paying ones.",
            ),
            default("ceiling", SHARE, "1", "The share it tends to."),
        ]),
        "{ at_start = 1 }",
        "Share of the requests that pay after t days: ceiling - (ceiling - at_start) x \
         exp(-converts_per_day x t). Free users respond to quality only. Left out: all pay.",
    ),
];
