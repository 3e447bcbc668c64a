//! What it costs: fees, tickets and balances, and the books they are kept in.

mod acceptance;
mod billing;
mod ledger;
mod live;
mod live_interval;
mod lottery;
mod max_float;
mod nonces;
mod quote;
mod session_credit;
mod setup;
mod ticket_params;

pub use acceptance::{Clearance, TicketRefusal};
pub use billing::{billed_and_used, text_to_speech_debit};
pub use ledger::{Ledger, LedgerViolation, SafeAccounts, SwapTotals};
pub use live::{
    AUTH_TOKEN_REFRESH_S, LIVE_PAYMENT_INTERVAL_S, live_prepaid_pixels, live_stream_pixels,
};
pub use live_interval::IntervalMeter;
pub use lottery::winning_tickets;
pub use max_float::{Redemption, RedemptionRefusal, SenderFunds, TICKET_VALIDITY_ROUNDS};
pub use nonces::{L1_BLOCK_S, Receipt, TicketParams, max_sender_nonces, params_life_blocks};
pub use quote::{NoQuote, Quote, next_usd_feed, price_still_accepted, quoted_price};
pub use session_credit::{BALANCE_TTL, Loss, LossCause, SessionCredit, Settled, Staged};
pub use setup::{PaymentMode, PaymentSetup};
pub use ticket_params::{InsufficientReserve, TicketTerms, WinProbability};
