//! The keys of token prices, treasury and payments.

use super::super::shape::{Bounds, Key, Shape, Text, default, optional, required};
use super::{CV, EMPTY, ETH, LINE, LPT, POSITIVE_HOURS, SHARE, WEIGHT, list, number};
use crate::payments::PaymentMode;
use crate::treasury::RunwayEnd;

/// How payments are counted, by the name a scenario uses.
pub(in super::super) const PAYMENT_MODES: [(&str, PaymentMode); 2] =
    [("tickets", PaymentMode::Tickets), ("expected", PaymentMode::Expected)];
/// What ends the runway, by the name a scenario uses.
pub(in super::super) const RUNWAY_ENDS: [(&str, RunwayEnd); 2] =
    [("first_gateway", RunwayEnd::FirstGateway), ("last_gateway", RunwayEnd::LastGateway)];
/// The days of a week from Monday.
pub(in super::super) const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

pub(super) const TOKEN_PRICES: &[Key] = &[
    required("constant", EMPTY, "They stay what they are at the start."),
    // Daily closes of 2024-12-21 to 2025-12-20 (CoinGecko): volatility of LPT 1.41 a
    // year, 0.99 without its six extreme days; of ETH 0.75; correlation of the returns
    // 0.55. The six days become six jumps a year that carry the rest of the variance,
    // (1.41^2 - 0.99^2) / 6 = 0.41^2, and the correlation is that of the motions which
    // leaves 0.55 overall, 0.55 * 1.41 / 0.99. No drift: the year's fall is no forecast.
    required(
        "jump_diffusion",
        &Shape::Table(&[
            default("lpt_volatility", VOLATILITY, "0.99", "Of LPT between jumps, a year."),
            default("eth_volatility", VOLATILITY, "0.75", "Of ETH, a year."),
            default("correlation", &number(-1.0, 1.0), "0.78", "Of the two Brownian motions."),
            default("lpt_drift", DRIFT, "0", "Growth rate a year of LPT's mean price."),
            default("eth_drift", DRIFT, "0", "Growth rate a year of ETH's mean price."),
            default("jumps_per_year", &number(0.0, 366.0), "6", "Mean number of LPT's jumps."),
            default(
                "jump_mean",
                &number(-2.0, 2.0),
                "0",
                "Mean of the logarithm of a jump's factor.",
            ),
            default(
                "jump_sd",
                &number(0.0, 2.0),
                "0.41",
                "Standard deviation of the logarithm of a jump's factor.",
            ),
        ]),
        "Correlated geometric Brownian motions, that of LPT with jumps. What is left out is that \
         of LPT and ETH in 2025.",
    ),
    required(
        "bootstrap",
        &Shape::Table(&[
            optional("file", LINE, SERIES_FILE),
            optional(
                "returns",
                &list(&list(&number(-100.0, 100.0), 2, 2), 1, 100_000),
                "Or the daily log returns themselves: [lpt, eth].",
            ),
            // The cube root of half a year, about the optimum for a variance (Hall,
            // Horowitz and Jing, "On blocking rules for the bootstrap with dependent
            // data", Biometrika 82, 1995), up to a whole week.
            default("block_days", &Shape::Integer { min: 1, max: 36_500 }, "7", "Days in a block."),
        ]),
        "Recorded daily changes of both, drawn in blocks of consecutive days.",
    ),
    required(
        "replay",
        &Shape::Form(&[
            required("file", LINE, SERIES_FILE),
            required(
                "rows",
                &list(&list(&number(-1e9, 1e9), 3, 3), 1, 1_000_000),
                "[days since the start, USD an LPT, USD an ETH], in order of time.",
            ),
        ]),
        "As recorded; the last price holds for ever after.",
    ),
];

const SERIES_FILE: &str = "A CSV file, relative to the scenario's folder, with the columns `date`, \
                           `lpt_usd` and `eth_usd`, one row a day, in any order.";

pub(super) const TREASURY: &[Key] = &[
    default(
        "conversion",
        &Shape::Form(&[
            required("all_at_once", EMPTY, "All of it at the start."),
            required(
                "clip",
                &Shape::Table(&[
                    required("lpt", LPT, "What is sold each time."),
                    EVERY_DAYS,
                    FIRST_DAY,
                    WEEKDAY,
                    HOUR,
                ]),
                "A fixed amount at fixed times.",
            ),
            required(
                "below_threshold",
                &Shape::Table(&[
                    required(
                        "balance",
                        ETH,
                        "Deposit of any gateway that is topped up, less what its winning tickets \
                         will take.",
                    ),
                    required("clip", LPT, "What is sold each time."),
                ]),
                "A fixed amount whenever a gateway's deposit is below `balance`, its reserve not \
                 counted.",
            ),
            required(
                "days_of_cover",
                &Shape::Table(&[
                    required("days", POSITIVE_DAYS, "Days of spend to have in the deposits."),
                    EVERY_DAYS,
                    FIRST_DAY,
                    WEEKDAY,
                    HOUR,
                ]),
                "At fixed times what is missing to so many days of spend and to full reserves: of \
                 the spend of the last 7 days, or where that is nothing, as at the start, of what \
                 demand at the start costs at posted prices.",
            ),
        ]),
        "{ all_at_once = {} }",
        "When how much LPT is sold.",
    ),
    default(
        "signers",
        &Shape::Either(&[&Shape::Integer { min: 1, max: 1_000 }, &list(SIGNER, 1, 1_000)]),
        "4",
        "Signers of the Safe: how many, all like a signer of whom nothing is said, or each. \
         Default: the Agent SPE's 2 of 4 (forum thread 2747).",
    ),
    default(
        "threshold",
        &Shape::Integer { min: 1, max: 1_000 },
        "2",
        "Signatures a transaction needs.",
    ),
    default(
        "retry_hours",
        POSITIVE_HOURS,
        "24",
        "Hours until a transaction that found too few signers is proposed again. Default: assumed, \
         the next day.",
    ),
    // LPT to ETH on Arbitrum. The depth is that of six clips of 500 LPT sold within four
    // minutes of 2025-08-29 at 0.0016248, 0.0016230, 0.0016226, 0.0016213, 0.0016222 and
    // 0.0016207: their regression line falls by 0.043 % a clip (depth 2.35 M), the last
    // rate lies 0.25 % below the first (depth 1.98 M), and 2.25 M is within an eighth of
    // both. Gas was 1e-5 to 3.6e-5 ETH. The fee is Uniswap's tier of 0.3 %. The half-life
    // is an assumption: long beside four minutes, short beside a week.
    default(
        "swap",
        &Shape::Table(&[
            default(
                "fee_bps",
                &Shape::Integer { min: 0, max: 10_000 },
                "30",
                "Fee of the pool in basis points (0.01 %).",
            ),
            default(
                "depth",
                LPT,
                "\"2250000 LPT\"",
                "LPT on the pool's side of a constant-product curve: a sale of q moves its price \
                 by about 2 q / depth. Default: from six clips of 500 LPT on Arbitrum, 2025-08-29.",
            ),
            default(
                "recovery_half_life_h",
                HOURS,
                "1",
                "Hours in which other markets take back half of that; 0 is at once.",
            ),
            default("gas", ETH, "\"0.00002 ETH\"", "Gas of a sale."),
        ]),
        "{}",
        "What a sale of LPT costs.",
    ),
    default(
        "top_ups",
        &Shape::Table(&[
            default(
                "rule",
                &Shape::Either(&[
                    &Shape::Text(Text::Word(top_up_rules)),
                    &Shape::Map {
                        of: &Shape::Integer { min: 0, max: 1_000_000_000 },
                        keys: "gateway ids",
                    },
                ]),
                "\"recent_spend\"",
                "In proportion to recent spend; or to the gateways that last shortest, until all \
                 last alike; or in fixed proportions. While nothing was spent, as of ETH sold before \
                 the start, spend is what each gateway's demand at the start costs at posted prices, \
                 by its stated requests_per_day, test prompts at most their budget, whoever pays; one \
                 without demand gets nothing, unless none has any.",
            ),
            default(
                "reserve",
                ETH,
                "\"0.36 ETH\"",
                "Reserve each gateway fills before its deposit; where proceeds go by spend, those \
                 of gateways that spend before any deposit. Default: the least for production \
                 in docs.livepeer.org; a hundredth of it caps the face value of a ticket.",
            ),
        ]),
        "{}",
        "Which gateway gets what a sale brings.",
    ),
    default(
        "drawings",
        &list(
            &Shape::Table(&[
                required("project", LINE, "Who."),
                required("day", DAY, "On which day of the simulation, at 00:00 UTC."),
                required("lpt", LPT, "How much; it is not sold before."),
            ]),
            0,
            10_000,
        ),
        "[]",
        "LPT that other projects draw from the same allocation, which must not be ETH already.",
    ),
    default(
        "runway_ends",
        &Shape::Text(Text::Word(runway_ends)),
        "\"first_gateway\"",
        "Which gateway that cannot pay ends the runway, once nothing more can come: the first, or \
         the last of those with demand. Until then the others go on.",
    ),
    optional(
        "deadline_day",
        &Shape::Integer { min: 1, max: 36_500 },
        "Day on which what is left goes back to the treasury. Left out: never.",
    ),
    default(
        "minted_per_round",
        LPT,
        "\"23413 LPT\"",
        "LPT the protocol mints in a round, to compare with. Default: February 2025 (forum thread \
         2747).",
    ),
    default(
        "round_hours",
        POSITIVE_HOURS,
        "21.6",
        "Length of a round; the first begins with the run. Claims to a reserve start anew with \
         each, and a ticket is valid in two. Default: as observed.",
    ),
];

const EVERY_DAYS: Key =
    default("every_days", &Shape::Integer { min: 1, max: 36_500 }, "7", "Days between them.");
const FIRST_DAY: Key = optional("first_day", DAY, "The first day; left out: 0.");
const WEEKDAY: Key = optional(
    "weekday",
    &Shape::Text(Text::Word(weekday_names)),
    "Or the day of the week, from the first of them on.",
);
const HOUR: Key =
    default("hour", &Shape::Integer { min: 0, max: 23 }, "0", "Hour of the day, UTC.");

const SIGNER: &Shape = &Shape::Table(&[
    default("count", &Shape::Integer { min: 1, max: 1_000 }, "1", "Signers of this kind."),
    default(
        "delay_h",
        &Shape::Either(&[HOURS, &Shape::Form(DELAY_FORMS)]),
        "{ exponential = { mean = 4 } }",
        "Hours from the proposal to the signature. Default: assumed.",
    ),
    default("availability", SHARE, "1", "Probability of being there for a proposal."),
    optional(
        "sleep",
        &Shape::Table(&[
            required("from_h", &number(0.0, 24.0), "Hour of local time at which it begins."),
            required(
                "hours",
                &Shape::Number(Bounds { min: 0.0, max: 24.0, above_min: false, below_max: true }),
                "How long it lasts.",
            ),
            default("utc_offset_h", &number(-24.0, 24.0), "0", "Hours local time is ahead of UTC."),
        ]),
        "Hours of the day in which nothing is signed. Left out: none.",
    ),
]);

const DELAY_FORMS: &[Key] = &[
    required(
        "uniform",
        &Shape::Table(&[
            required("min", HOURS, "Lower bound."),
            required("max", HOURS, "Upper bound."),
        ]),
        "Even between bounds.",
    ),
    required("exponential", &Shape::Table(&[required("mean", HOURS, "Mean.")]), "Exponential."),
    required(
        "lognormal",
        &Shape::Table(&[
            required("mean", HOURS, "Mean."),
            required("cv", CV, "Standard deviation over mean."),
        ]),
        "Lognormal.",
    ),
    required("choice", &choice!(HOURS), "One of some values."),
];

pub(super) const PAYMENTS: &[Key] = &[
    default(
        "mode",
        &Shape::Text(Text::Word(payment_modes)),
        "\"tickets\"",
        "Tickets that win or not, as on chain, or each ticket at its expected value.",
    ),
    default(
        "gas_price",
        ETH,
        "\"0.01 gwei\"",
        "L2 gas price at the start. Default: the minimum on Arbitrum until 2026-01-08.",
    ),
    default(
        "gas_price_steps",
        &list(
            &Shape::Table(&[
                required("day", POSITIVE_DAYS, "Days since the start."),
                required("gas_price", ETH, "The price from then on."),
            ]),
            0,
            10_000,
        ),
        "[]",
        "Later gas prices.",
    ),
    default(
        "redemption_delay_s",
        &number(0.0, 604_800.0),
        "600",
        "Mean seconds (exponential) from a win to its redemption.",
    ),
];

const VOLATILITY: &Shape = &number(0.0, 10.0);
const DRIFT: &Shape = &number(-10.0, 10.0);
const DAY: &Shape = &Shape::Integer { min: 0, max: 36_500 };
const POSITIVE_DAYS: &Shape =
    &Shape::Number(Bounds { min: 0.0, max: 36_500.0, above_min: true, below_max: false });
const HOURS: &Shape = &number(0.0, 8_760.0);

fn payment_modes() -> Vec<&'static str> {
    PAYMENT_MODES.map(|(name, _)| name).to_vec()
}

fn weekday_names() -> Vec<&'static str> {
    WEEKDAYS.to_vec()
}

fn runway_ends() -> Vec<&'static str> {
    RUNWAY_ENDS.map(|(name, _)| name).to_vec()
}

fn top_up_rules() -> Vec<&'static str> {
    vec!["recent_spend", "lowest_cover"]
}
