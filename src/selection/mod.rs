//! Which orchestrator: discovery, session pools, suspension, the selection
//! rules, as go-livepeer runs them (`server/ai_session.go`,
//! `server/selection.go`, `server/selection_algorithm.go`,
//! `discovery/discovery.go`).

mod discovery;
mod explain;
mod first_pool;
mod map_order;
mod pool;
mod probability;
mod rules;
mod selector;
mod suspension;
mod urn;

pub use discovery::{CUTOFF_S, Discovery, PROBE_ROUND_TRIPS, Probe};
pub use explain::{Explanation, Row, Standing, explain};
pub use pool::{Among, PoolRule, Search, SessionPool, SessionRef};
pub use probability::{Candidate, ProbabilityRule};
pub use rules::Chooser;
pub use selector::{Ask, Market, Respondents, Selection, SessionSelector, TIME_TO_LIVE_S};
pub use suspension::Suspender;
