//! The keys of orchestrators that respond.

use super::super::shape::{Bounds, Key, Shape, Text, default, optional, required};
use super::{EMPTY, MOST_NODES, SHARE, number};
use crate::units::Currency::Usd;

pub(super) const RESPOND: Key = optional(
    "respond",
    &Shape::Table(&[
        default(
            "review_hours",
            &number(0.01, 1e6),
            "24",
            "Hours between its reviews; the first comes after one to two times as many, at random.",
        ),
        default("price", &Shape::Form(PRICING), "{ fixed = {} }", "How it sets its prices."),
        default("cost_share", SHARE, "0.4", "Its cost of a unit of work over the opening price."),
        default(
            "most",
            &number(1.0, 1e6),
            "10",
            "Where a gateway has no maximum price, or a best response may be above it \
             (`ignore_max_price`): the highest price over the opening price.",
        ),
        default(
            "gpu_cost_per_day",
            USD,
            "\"0 USD\"",
            "What its GPUs cost a day while it is there. It leaves when it does not earn that and \
             the cost of its work, and comes back when others of its models do; 0: never.",
        ),
        default(
            "patience",
            &Shape::Integer { min: 1, max: 1_000 },
            "2",
            "Reviews in a row at a loss after which it leaves.",
        ),
        default("starts_absent", &Shape::Bool, "false", "Whether it is not there at first."),
        default(
            "split_into",
            &Shape::Integer { min: 1, max: MOST_NODES },
            "1",
            "The most nodes it divides its stake among where that pays. They share its GPUs, its \
             capacity and its prices.",
        ),
        default(
            "node_cost_per_day",
            USD,
            "\"0 USD\"",
            "What each of its nodes after the first costs a day: a machine and its upkeep, no GPU.",
        ),
    ]),
    "How it responds to what it sees. Left out: not at all.",
);

const PRICING: &[Key] = &[
    required("fixed", EMPTY, "They stay as posted; those in USD follow the price of ETH."),
    required(
        "undercut",
        &Shape::Table(&[default(
            "by",
            &Shape::Number(Bounds { min: 0.0, max: 1.0, above_min: true, below_max: false }),
            "0.01",
            "How far below, as a share of the rival's price.",
        )]),
        "Below the cheapest rival there that gateways usually find and that is no dearer, down to \
         its cost.",
    ),
    required(
        "best_response",
        EMPTY,
        "The highest expected profit, given the gateways' rules and maximum prices, everybody's \
         prices and stakes, and the demand of the last interval.",
    ),
    required(
        "raise",
        &Shape::Table(&[
            default(
                "step",
                &Shape::Number(Bounds { min: 0.0, max: 10.0, above_min: true, below_max: false }),
                "0.05",
                "Each step, as a share of the price.",
            ),
            default(
                "refused_share",
                &Shape::Number(Bounds { min: 0.0, max: 1.0, above_min: true, below_max: false }),
                "0.1",
                "Share of requests refused for want of capacity from which on it raises.",
            ),
        ]),
        "Up by a step to the highest maximum price while it is sold out, else back down.",
    ),
];

const USD: &Shape = &Shape::Text(Text::Money(&[Usd]));
