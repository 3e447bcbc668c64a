//! What it costs: fees, and the books they are kept in.

mod ledger;
mod live;

pub use ledger::{InsufficientCredits, Ledger, LedgerViolation};
pub use live::{LIVE_PAYMENT_INTERVAL_S, live_prepaid_pixels, live_stream_pixels};
