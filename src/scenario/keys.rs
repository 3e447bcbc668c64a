//! The scenario file, key by key: the one place that says which keys there
//! are, what they mean, what they may hold and what they default to.

use super::shape::{Bounds, Key, Shape, Text, default, optional, required};
use crate::demand::MOST_REQUESTS_PER_DAY;
use crate::network::Pipeline;
use crate::units::Currency::{Eth, Gwei, Lpt, Usd, Wei};

/// Longest horizon, in days.
pub(crate) const MOST_HORIZON_DAYS: u32 = 36_500;
/// Most replications.
pub(crate) const MOST_REPLICATIONS: u32 = 1_000_000;
/// Most orchestrators, groups expanded.
pub(super) const MOST_ORCHESTRATORS: usize = 100_000;
/// Most nodes of one orchestrator.
const MOST_NODES: u64 = 100;
/// Most offers of all orchestrators together.
pub(super) const MOST_OFFERS: usize = 1_000_000;
/// Most recorded requests of all streams together: written out they are read in some 8 GB
/// of memory.
pub(super) const MOST_RECORDED_REQUESTS: usize = 10_000_000;

/// A plain value, or a spread of it over the members of a group.
macro_rules! spread {
    ($of:expr) => {
        Shape::Either(&[
            $of,
            &Shape::Form(&[
                required(
                    "lognormal",
                    &Shape::Table(&[
                        required("median", $of, "Median."),
                        required(
                            "sigma",
                            &number(0.0, 10.0),
                            "Standard deviation of the logarithm.",
                        ),
                        optional("min", $of, "Values below are raised to it."),
                        optional("max", $of, "Values above are lowered to it."),
                    ]),
                    "Lognormal.",
                ),
                required(
                    "uniform",
                    &Shape::Table(&[
                        required("min", $of, "Lower bound."),
                        required("max", $of, "Upper bound."),
                    ]),
                    "Even between bounds.",
                ),
                required(
                    "values",
                    &list($of, 1, MOST_ORCHESTRATORS),
                    "One per member, in order, starting over when there are too few.",
                ),
            ]),
        ])
    };
}

/// One of some values, with weights.
macro_rules! choice {
    ($of:expr) => {
        Shape::Table(&[
            required("values", &list($of, 1, 10_000), "The values."),
            required("weights", &list(WEIGHT, 1, 10_000), "Their frequencies, in any scale."),
        ])
    };
}

mod injection;
mod money;
mod policy;
mod respond;
mod selection;
mod users;

pub(super) use money::{PAYMENT_MODES, RUNWAY_ENDS, WEEKDAYS};
use money::{PAYMENTS, TOKEN_PRICES, TREASURY};
pub(super) use policy::INPUT_TOKENS;
use policy::POLICY;
use respond::RESPOND;
use selection::{SELECTION, WEIGHTS};
use users::USERS;

/// The whole file.
pub(super) const SCENARIO: Shape = Shape::Table(&[
    required("name", NAME, "Short name, also that of the run directory."),
    default("title", LINE, "\"\"", "One line saying what the scenario is."),
    required("start", &Shape::Date, "First simulated day; simulated time starts at 00:00 UTC."),
    default(
        "horizon_days",
        &Shape::Integer { min: 1, max: MOST_HORIZON_DAYS as u64 },
        "365",
        "Simulated days after which a future that still has credits is cut off (censored).",
    ),
    default("seed", &Shape::Integer { min: 0, max: u64::MAX }, "1", "Seed of every random stream."),
    default(
        "replications",
        &Shape::Integer { min: 1, max: MOST_REPLICATIONS as u64 },
        "100",
        "Independent futures to simulate.",
    ),
    default("suppress_warnings", &list(WARNING, 0, 100), "[]", "Warnings not to print."),
    required("credits", &Shape::Table(CREDITS), "What is spent."),
    default(
        "token_prices",
        &Shape::Form(TOKEN_PRICES),
        "{ constant = {} }",
        "How the prices of LPT and ETH move from those of `credits` on.",
    ),
    default(
        "treasury",
        &Shape::Table(TREASURY),
        "{}",
        "How the credits get from the Safe's LPT to the gateways.",
    ),
    default("payments", &Shape::Table(PAYMENTS), "{}", "How gateways pay."),
    default("policy", &Shape::Table(POLICY), "{}", "What governance can turn."),
    default("network", &Shape::Table(NETWORK), "{}", "The pool the gateways discover."),
    default("behaviour", &Shape::Table(BEHAVIOUR), "{}", "How requests fail."),
    required("regions", &list(&Shape::Table(REGION), 1, 100), "Parts of the world."),
    required("models", &list(&Shape::Table(MODEL), 1, 1_000), "Models served under a pipeline."),
    required("gateways", &list(&Shape::Table(GATEWAY), 1, 1_000), "Who selects and pays."),
    default(
        "orchestrators",
        &list(&Shape::Table(ORCHESTRATOR), 0, MOST_ORCHESTRATORS),
        "[]",
        "Who serves, one by one.",
    ),
    default(
        "orchestrator_groups",
        &list(&Shape::Table(GROUP), 0, 10_000),
        "[]",
        "Who serves, many at once. A value of a group may be a spread: member k of n gets the \
         (k+0.5)/n quantile, in an order shuffled by the group's id and the attribute's name, so \
         that the network is the same in every replication and for every seed.",
    ),
    required("demand", &Shape::Table(DEMAND), "Who asks."),
    default(
        "objectives",
        &Shape::Map { of: &Shape::Table(OBJECTIVE), keys: "objectives" },
        "{}",
        "Statements the forecast is judged by.",
    ),
]);

const CREDITS: &[Key] = &[
    required(
        "amount",
        &Shape::Text(Text::Money(&[Lpt, Eth, Gwei, Wei])),
        "The allocation. In LPT it is sold as `treasury` says; an amount of ETH is spent as it is.",
    ),
    optional(
        "lpt_price",
        &Shape::Text(Text::Money(&[Usd, Eth, Gwei, Wei])),
        "Price of one LPT at the start. May be left out only beside `token_prices.replay`, which \
         then says it.",
    ),
    optional(
        "eth_price",
        &Shape::Text(Text::Money(&[Usd])),
        "Price of one ETH at the start, at which USD prices convert; may be left out like that of \
         an LPT.",
    ),
    optional(
        "proceeds",
        &Shape::Text(Text::Money(&[Eth, Gwei, Wei])),
        "What the conversion of an LPT amount yielded. Left out: amount x lpt_price / eth_price.",
    ),
];

const NETWORK: &[Key] = &[
    optional(
        "registered_orchestrators",
        &Shape::Integer { min: 1, max: 1_000_000 },
        "Orchestrators a discovery asks, those without AI included. Left out: the active \
         set, or the number listed if that is more.",
    ),
    default(
        "active_set",
        &Shape::Integer { min: 1, max: 1_000_000 },
        "100",
        "Orchestrators elected by the protocol (livepeer/protocol deploy/migrations.config.ts, \
         numActiveTranscoders): each may claim as much of a gateway's reserve, which caps its \
         face values.",
    ),
    default(
        "unresponsive_orchestrators",
        &Shape::Integer { min: 0, max: 1_000_000 },
        "0",
        "Those of them that never answer: with one or more, a discovery waits for its timer.",
    ),
];

const BEHAVIOUR: &[Key] = &[
    default(
        "failure_delay_s",
        &number(0.0, 3_600.0),
        "1.0",
        "Mean seconds (exponential) until a failing request fails.",
    ),
    default(
        "stream_failures_per_hour",
        &number(0.0, 3_600.0),
        "0.05",
        "Failures of a running live stream an hour; each makes the gateway swap orchestrators.",
    ),
];

const REGION: &[Key] = &[
    required("id", NAME, "The name the scenario refers to it by."),
    optional("name", LINE, "The name reports print. Left out: the id."),
    required("utc_offset_hours", &number(-12.0, 14.0), "Hours its clock is ahead of UTC."),
    required(
        "rtt_ms",
        &Shape::Map { of: &number(0.0, 10_000.0), keys: "region ids" },
        "Round-trip time to each region, itself included, in milliseconds. Each pair at least \
         once; both directions must agree.",
    ),
];

const MODEL: &[Key] = &[
    required("pipeline", PIPELINE, "The capability it is served under."),
    required("id", LINE, "Its id, as on Hugging Face."),
    optional(
        "steps",
        &Shape::Integer { min: 1, max: 10_000 },
        "Inference steps in the latency score, for text-to-image only. Left out: go-livepeer's \
         rule: the N of a ByteDance/SDXL-Lightning..._Nstep, 8 for another SDXL-Lightning, else \
         50.",
    ),
    default(
        "cold_start_s",
        &number(0.0, 86_400.0),
        "0",
        "Seconds to load it when it is not in memory.",
    ),
    required(
        "service",
        &Shape::Table(&[
            default("overhead_s", &number(0.0, 86_400.0), "0", "Seconds every request takes."),
            default(
                "seconds_per_unit",
                &number(0.0, 86_400.0),
                "0",
                "Seconds each pixel, token, second of audio or character adds; 0 for live video.",
            ),
            default(
                "variation",
                &Shape::Form(&[
                    required("constant", EMPTY, "None."),
                    required("exponential", EMPTY, "Exponential."),
                    required(
                        "lognormal",
                        &Shape::Table(&[required("cv", CV, "Coefficient of variation.")]),
                        "Lognormal.",
                    ),
                ]),
                "{ constant = {} }",
                "A random factor with mean 1 on each request's time.",
            ),
        ]),
        "Time a node of speed 1 takes: (overhead_s + seconds_per_unit x size) x variation.",
    ),
];

const GATEWAY: &[Key] = &[
    required("id", NAME, "The name the scenario refers to it by."),
    required("region", NAME, "Where it runs."),
    required("version", VERSION, "The go-livepeer release it runs."),
    SELECTION,
    WEIGHTS,
    default(
        "price_exp_factor",
        &number(0.0, 1e18),
        "100",
        "-selectPriceExpFactor, in wei per unit.",
    ),
    default("min_perf_score", SHARE, "0", "-minPerfScore; 0 turns the filter off."),
    default("ignore_max_price", &Shape::Bool, "false", "-ignoreMaxPriceIfNeeded"),
    default(
        "discovery_timeout_s",
        &Shape::Number(Bounds { min: 0.0, max: 60.0, above_min: true, below_max: false }),
        "0.5",
        "-discoveryTimeout: first checkpoint of a discovery.",
    ),
    default("retry_window_s", &number(0.0, 3_600.0), "2", "-aiProcessingRetryTimeout"),
    default(
        "max_ticket_ev",
        ETH,
        "\"3000000000000 wei\"",
        "-maxTicketEV: the most one ticket may be worth on average.",
    ),
    default(
        "max_total_ev",
        ETH,
        "\"100000000000000 wei\"",
        "-maxTotalEV: the most one payment may be worth on average. Default: what the \
         documentation of AI gateways asks for (livepeer/docs ai/gateways/onchain.mdx); \
         go-livepeer's own is 20000000000000 wei.",
    ),
    default(
        "deposit_multiplier",
        &Shape::Integer { min: 1, max: 1_000_000_000 },
        "1",
        "-depositMultiplier: a face value may be the deposit divided by it.",
    ),
    optional(
        "max_price_per_unit",
        PRICE,
        "-maxPricePerUnit: the maximum for a model max_prices does not reach; 0: none.",
    ),
    default(
        "max_prices",
        &list(
            &Shape::Table(&[
                required("pipeline", PIPELINE, "The pipeline."),
                optional("model", LINE, "One of its models. Left out: those not named."),
                required("price", PRICE, "The highest price it pays; 0: any, as in go-livepeer."),
            ]),
            0,
            10_000,
        ),
        "[]",
        "-maxPricePerCapability: highest price per model, else per pipeline.",
    ),
];

const ORCHESTRATOR: &[Key] = &[
    required("id", NAME, "The name reports print."),
    required("region", NAME, "Where it runs."),
    ORCHESTRATOR_VERSION,
    required("stake", STAKE, "Stake bonded to it."),
    default("speed", SPEED, "1", "Work it does in the time a node of speed 1 does one unit."),
    default("reliability", SHARE, "1", "Probability that a request it accepted succeeds."),
    default("jitter_ms", JITTER, "20", "Mean of the exponential time its last mile adds."),
    default("perf_score", SHARE, "1", "Its score for min_perf_score."),
    default("ticket_ev", ETH, AI_TICKET_EV, TICKET_EV),
    MAX_FACE_VALUE,
    REDEEM_GAS,
    TX_COST_MULTIPLIER,
    AUTO_ADJUST_PRICE,
    RESPOND,
    required(
        "offers",
        &list(
            &Shape::Table(&[
                required("pipeline", PIPELINE, "The pipeline."),
                required("model", LINE, "The model."),
                required("price", PRICE, "Its price per billing unit."),
                default("warm", &Shape::Bool, "true", "Whether the model is advertised as loaded."),
                default("capacity", CAPACITY, "1", "Requests it works on at once."),
            ]),
            1,
            1_000,
        ),
        "What it serves, at most one offer per model.",
    ),
];

const ORCHESTRATOR_VERSION: Key = optional(
    "version",
    VERSION,
    "The go-livepeer release it runs: how long its ticket parameters live and how many tickets it \
     takes under them, whether it keeps silent when it has no free place for live video, and \
     whether it stops a stream that is not paid for. Left out: that of the gateway that asks.",
);
/// The `-ticketEV` the documentation of AI orchestrators asks for (livepeer/docs
/// `ai/orchestrators/onchain.mdx`): one wei below the gateways' limit, which a ticket of
/// exactly 3e12 would break by its rounding (`TicketTerms::rounded_up`).
const AI_TICKET_EV: &str = "\"2999999999999 wei\"";
const TICKET_EV: &str = "-ticketEV: what a ticket is worth on average. Default: what the AI \
                         orchestrator documentation asks for; go-livepeer's own is 8000000000 wei.";
const MAX_FACE_VALUE: Key =
    optional("max_face_value", ETH, "-maxFaceValue: the most a ticket pays. Left out: no limit.");
const REDEEM_GAS: Key = default(
    "redeem_gas",
    &Shape::Integer { min: 1, max: 1_000_000_000 },
    "1200000",
    "Gas budgeted for redeeming a ticket. Default: go-livepeer's on Arbitrum.",
);
const TX_COST_MULTIPLIER: Key = default(
    "tx_cost_multiplier",
    &Shape::Integer { min: 1, max: 1_000_000_000 },
    "100",
    "Face value over the cost of redemption.",
);
const AUTO_ADJUST_PRICE: Key = default(
    "auto_adjust_price",
    &Shape::Bool,
    "true",
    "-autoAdjustPrice: whether the cost of redemption is added to prices.",
);

const GROUP: &[Key] = &[
    required("id", NAME, "Members are called id-1, id-2 and so on."),
    required(
        "count",
        &Shape::Integer { min: 0, max: MOST_ORCHESTRATORS as u64 },
        "How many members; 0 leaves the group out.",
    ),
    required("region", NAME, "Where they run."),
    ORCHESTRATOR_VERSION,
    required("stake", &spread!(STAKE), "Stake bonded to each."),
    default("speed", &spread!(SPEED), "1", "Speed of each."),
    default(
        "reliability",
        &spread!(SHARE),
        "1",
        "Probability that a request a member accepted succeeds.",
    ),
    default(
        "jitter_ms",
        &spread!(JITTER),
        "20",
        "Mean of the exponential time a member's last mile adds.",
    ),
    default("perf_score", &spread!(SHARE), "1", "Score for min_perf_score."),
    default("ticket_ev", &spread!(ETH), AI_TICKET_EV, TICKET_EV),
    MAX_FACE_VALUE,
    REDEEM_GAS,
    TX_COST_MULTIPLIER,
    AUTO_ADJUST_PRICE,
    RESPOND,
    required(
        "offers",
        &list(
            &Shape::Table(&[
                required("pipeline", PIPELINE, "The pipeline."),
                required("model", LINE, "The model."),
                required("price", &spread!(PRICE), "Price per billing unit."),
                default("warm", &Shape::Bool, "true", "Whether the model is advertised as loaded."),
                default("capacity", &spread!(CAPACITY), "1", "Requests a member works on at once."),
            ]),
            1,
            1_000,
        ),
        "What every member serves.",
    ),
];

const DEMAND: &[Key] = &[
    default(
        "level",
        &Shape::Number(Bounds { min: 0.0, max: 1_000.0, above_min: true, below_max: false }),
        "1",
        "Factor on every `requests_per_day` of the streams; recorded requests stay as they are.",
    ),
    default(
        "uncertainty",
        &Shape::Table(&[
            default("level_cv", CV, "0", "Coefficient of variation of a factor on every level."),
            default(
                "growth_sd",
                CV,
                "0",
                "Standard deviation of a factor (mean 1) on every growth rate.",
            ),
            default(
                "growth_per_day_sd",
                &number(0.0, 1.0),
                "0",
                "Standard deviation of a growth rate a day, common to all streams and added to \
                 theirs: exp(rate x days).",
            ),
            default(
                "level_growth_correlation",
                &number(-1.0, 1.0),
                "0",
                "Correlation of that rate with the factor on the levels.",
            ),
            default(
                "wander_per_day",
                &number(0.0, 1.0),
                "0",
                "Standard deviation of the step that the logarithm of every level takes each day.",
            ),
            default("wander_cv", CV, "0", "Coefficient of variation of it (lognormal)."),
        ]),
        "{}",
        "What is not known: one draw per replication, common to all streams.",
    ),
    default(
        "hour_profiles",
        &Shape::Map { of: &list(WEIGHT, 24, 24), keys: "profile names" },
        "{}",
        "Relative rate of each hour from midnight, on the users' clock, in any scale.",
    ),
    default(
        "weekday_profiles",
        &Shape::Map { of: &list(WEIGHT, 7, 7), keys: "profile names" },
        "{}",
        "Relative rate of each day from Monday, in any scale.",
    ),
    required("streams", &list(&Shape::Table(STREAM), 1, 10_000), "Sources of requests."),
];

const STREAM: &[Key] = &[
    required("id", NAME, "Its name."),
    required("gateway", NAME, "The gateway asked."),
    required("pipeline", PIPELINE, "The pipeline asked for."),
    required("model", LINE, "The model asked for."),
    optional(
        "requests_per_day",
        &Shape::Either(&[RATE, &Shape::Map { of: RATE, keys: "region ids" }]),
        "Requests a day at the start: one number, divided by `regions`, or one for each region.",
    ),
    optional(
        "regions",
        &Shape::Map { of: SHARE, keys: "region ids" },
        "Share of the requests that comes from each region; they sum to 1.",
    ),
    optional(
        "growth",
        &Shape::Form(&[
            required("constant", EMPTY, "No trend."),
            required(
                "linear",
                &Shape::Table(&[required(
                    "per_day",
                    &number(-100.0, 100.0),
                    "Change of the factor each day.",
                )]),
                "1 + per_day x days",
            ),
            required(
                "exponential",
                &Shape::Table(&[
                    optional(
                        "doubling_days",
                        // Just below the most of `rate_per_day`.
                        &number(0.07, 1e6),
                        "Days in which it doubles.",
                    ),
                    optional(
                        "rate_per_day",
                        &number(-10.0, 10.0),
                        "Or its rate: exp(rate_per_day x days).",
                    ),
                ]),
                "Doubling in a fixed time.",
            ),
            required(
                "logistic",
                &Shape::Table(&[
                    required("ceiling", &number(1.0, 1e6), "The factor it tends to."),
                    required(
                        "rate_per_day",
                        &number(0.0, 10.0),
                        "Growth rate while far below the ceiling.",
                    ),
                ]),
                "An S-curve that is 1 at the start.",
            ),
            required(
                "piecewise",
                &Shape::Table(&[required(
                    "points",
                    &list(&list(&number(0.0, 1e6), 2, 2), 1, 10_000),
                    "[day, factor] in order of the day.",
                )]),
                "Straight lines between points, constant outside them.",
            ),
        ]),
        "Trend: a factor on the level at the start. Left out: none.",
    ),
    optional("hours", NAME, "One of hour_profiles. Left out: flat."),
    optional("weekdays", NAME, "One of weekday_profiles. Left out: flat."),
    optional(
        "bursts",
        &Shape::Form(&[
            required(
                "modulated",
                &Shape::Table(&[
                    required("cv", CV, "Coefficient of variation of the level."),
                    required("mean_hold_hours", LASTING, "Mean time a level holds."),
                ]),
                "A lognormal level with mean 1, drawn anew after exponential times.",
            ),
            required(
                "self_exciting",
                &Shape::Table(&[
                    required(
                        "branching",
                        &Shape::Number(Bounds {
                            min: 0.0,
                            max: 1.0,
                            above_min: false,
                            below_max: true,
                        }),
                        "Mean number of requests each request brings.",
                    ),
                    required("mean_delay_minutes", LASTING, "Mean delay of those."),
                ]),
                "Requests that bring requests (Hawkes). These come later than what brings them, so \
                 that with growth or seasons the mean lags behind by the delays: with those of \
                 minutes by nothing that shows.",
            ),
        ]),
        "Clustering beyond Poisson, with the same mean (of `self_exciting` while the rate is \
         constant). Left out: none.",
    ),
    optional(
        "size",
        &Shape::Either(&[SIZE, PIXELS, &Shape::Form(SIZE_FORMS)]),
        "Size of a request in pixels, tokens requested, seconds of audio or stream, characters. May \
         be left out only beside a `trace` whose every request has a size.",
    ),
    default(
        "used_share",
        &Shape::Either(&[
            SHARE,
            &Shape::Form(&[
                required(
                    "uniform",
                    &Shape::Table(&[
                        required("min", SHARE, "Lower bound."),
                        required("max", SHARE, "Upper bound."),
                    ]),
                    "Even between bounds.",
                ),
                required("choice", &choice!(SHARE), "One of some values."),
            ]),
        ]),
        "1",
        "Share of the requested size that is really worked on (tokens used of tokens requested).",
    ),
    optional(
        "resolution",
        PIXELS,
        "The picture of a stream of live video, which gateways on 0.8.3 and 0.8.4 pay for, at 30 \
         frames a second whatever it has; 0.9 pays for 1280x720 always, and what a smaller \
         picture lacks of that counts as not used. Left out: 1280x720.",
    ),
    default("bad_request_share", SHARE, "0", "Probability that a request is malformed."),
    optional(
        "users",
        &Shape::Table(USERS),
        "How its users respond to price and quality, and what they pay. Left out: they do not \
         respond and pay nothing.",
    ),
    optional(
        "trace",
        &Shape::Form(&[
            required(
                "file",
                LINE,
                "A CSV file, by an absolute path or one relative to the scenario's folder, with a \
                 header: `time_s` (seconds since the start) or `time` (ISO 8601), and if wanted \
                 `region` and `size`; sorted by time. Between its cells stand commas, semicolons or \
                 tabs.",
            ),
            required(
                "requests",
                &Shape::Map {
                    of: &list(&list(SIZE, 1, 2), 0, MOST_RECORDED_REQUESTS),
                    keys: "region ids",
                },
                "For each region its requests in order: [time_s] or [time_s, size].",
            ),
        ]),
        "Recorded requests, instead of requests_per_day and what shapes it. A request without a \
         size of its own gets one from `size`.",
    ),
];

const SIZE_FORMS: &[Key] = &[
    required(
        "uniform",
        &Shape::Table(&[
            required("min", SIZE, "Lower bound."),
            required("max", SIZE, "Upper bound."),
        ]),
        "Even between bounds.",
    ),
    required("exponential", &Shape::Table(&[required("mean", SIZE, "Mean.")]), "Exponential."),
    required(
        "lognormal",
        &Shape::Table(&[
            required("mean", SIZE, "Mean."),
            required("cv", CV, "Standard deviation over mean."),
        ]),
        "Lognormal.",
    ),
    required("choice", &choice!(&Shape::Either(&[SIZE, PIXELS])), "One of some values."),
];

const OBJECTIVE: &[Key] = &[
    required("probability", SHARE, "The least share of futures in which it must be true."),
    optional(
        "lasts_days",
        &number(0.0, 36_500.0),
        "Credits last at least so many days; not known of a run that ends before with credits left.",
    ),
    optional("min_success_rate", SHARE, "At least this share of requests is served."),
    optional(
        "min_region_fee_share",
        &Shape::Table(&[
            required("region", NAME, "The region."),
            required("share", SHARE, "The least share."),
        ]),
        "A region earns at least this share of the fees.",
    ),
    optional(
        "max_top_fee_share",
        SHARE,
        "The largest orchestrator earns at most this share of the fees.",
    ),
    optional(
        "max_outage_share",
        SHARE,
        "Gateways are without funds, waiting for a top-up, for at most this share of their time \
         until the credits run out.",
    ),
];

const NAME: &Shape = &Shape::Text(Text::Name);
const LINE: &Shape = &Shape::Text(Text::Line);
const PRICE: &Shape = &Shape::Text(Text::Price);
const PIXELS: &Shape = &Shape::Text(Text::PixelSize);
const STAKE: &Shape = LPT;
const LPT: &Shape = &Shape::Text(Text::Money(&[Lpt]));
const ETH: &Shape = &Shape::Text(Text::Money(&[Eth, Gwei, Wei]));
const WARNING: &Shape = &Shape::Text(Text::Word(|| super::WARNING_NAMES.to_vec()));
const PIPELINE: &Shape = &Shape::Text(Text::Word(pipeline_names));
const VERSION: &Shape = &Shape::Text(Text::Release);
const EMPTY: &Shape = &Shape::Table(&[]);
const SHARE: &Shape = &number(0.0, 1.0);
const CV: &Shape = &number(0.0, 100.0);
const SIZE: &Shape = &number(0.0, 1e12);
const RATE: &Shape = &number(0.0, MOST_REQUESTS_PER_DAY);
const WEIGHT: &Shape = &number(0.0, 1e9);
const JITTER: &Shape = &number(0.0, 60_000.0);
const CAPACITY: &Shape = &Shape::Integer { min: 1, max: 1_000_000 };
const SPEED: &Shape =
    &Shape::Number(Bounds { min: 0.0, max: 1e6, above_min: true, below_max: false });
/// A time of bursts: shorter ones are none, and take for ever to simulate.
const LASTING: &Shape = &number(0.001, 1e6);
const POSITIVE_HOURS: &Shape =
    &Shape::Number(Bounds { min: 0.0, max: 1e6, above_min: true, below_max: false });

const fn number(min: f64, max: f64) -> Shape {
    Shape::Number(Bounds { min, max, above_min: false, below_max: false })
}

const fn list(of: &'static Shape, min: usize, max: usize) -> Shape {
    Shape::List { of, min, max }
}

fn pipeline_names() -> Vec<&'static str> {
    Pipeline::ALL.map(Pipeline::name).to_vec()
}
