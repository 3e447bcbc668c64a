//! What was really spent: spend series read from CSV, checked and put by day.
//!
//! Three forms are told apart by their header; names are compared without
//! regard to case, spaces or brackets, so that `Amount (ETH)` and `amountETH` are
//! `amount_eth`. The unit may stand in front, as in `eth_spent`, or alone.
//!
//! | form | columns |
//! | --- | --- |
//! | [`SpendForm::Rows`] | a time, an amount; if there, `gateway`, `pipeline`, `model`, `region`, `orchestrator`, `requests` |
//! | [`SpendForm::DailyFees`] | a day, `fees_eth` (or `_wei`); if there, `winning_tickets`, `mean_face_value_eth` |
//! | [`SpendForm::Redemptions`] | a time, `face_value_eth` (or `_wei`, or `face_value` where its values tell which); if there, `gateway` or `sender`, `orchestrator` or `recipient` |
//!
//! A time is called `date`, `day`, `time`, `timestamp` or `block_timestamp` (or, in
//! exports of Dune and Etherscan, `block_time`, `block_date`, `UnixTimestamp` or
//! `DateTime (UTC)`) and is an ISO 8601 date or time (UTC where it has no offset), or
//! Unix seconds or milliseconds; the name of a time zone is refused where there is no
//! offset. An amount is called `amount`, `spend`, `spent` or `cost` with `_eth`, `_gwei`,
//! `_wei` or `_lpt`, or Etherscan's `Value_OUT(ETH)`; it is read exactly, without floats.
//! Rows that `method`, `type` or `kind` say are deposits, withdrawals or refunds are left
//! out. Other columns are ignored and named in [`SpendHistory::notes`].
//!
//! Names that differ in case only are one, as are all spellings of a pipeline.
//!
//! Cells stand between commas, semicolons or tabs, rows in any order. Days are
//! those of UTC, unless every row stands at the beginning of a day of another
//! offset: then they are the file's own. A day without a row is a gap unless
//! [`SpendOptions::zero_days`] says that nothing was spent, and so is one on which a
//! whole network has fees of 0; another row of 0 says that nothing was spent. Without that
//! option, rows of days of which fewer than a quarter follow the one before look like sums of
//! several days and are refused. Where rows have times of day, the first and the last day are
//! partial unless their rows reach to within an hour of midnight, stand at the times of day
//! that all others have (several), or all rows stand at one time from 23:59 on.

mod error;
mod header;
mod history;
mod read;
mod spelling;
mod untold;

pub use error::{Fault, SpendError};
pub(crate) use header::{named_list, time_columns};
pub use history::{Coverage, SpendHistory, SpendKey, Spent};
pub(crate) use read::listed;
pub use read::{LARGEST_SPEND_BYTES, read_spend, read_spend_file, spend_form};

use crate::network::Network;
use crate::treasury::DailyPrices;
use crate::units::Decimal;

/// What kind of file a history was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpendForm {
    /// Spend by time and, as far as the columns go, by gateway, pipeline,
    /// model, region and orchestrator.
    Rows,
    /// Fees of a whole network by day.
    DailyFees,
    /// Redeemed tickets.
    Redemptions,
}

impl SpendForm {
    /// It in words.
    pub fn name(self) -> &'static str {
        match self {
            SpendForm::Rows => "spend rows",
            SpendForm::DailyFees => "daily fees",
            SpendForm::Redemptions => "ticket redemptions",
        }
    }
}

/// What to make of two rows that are the same in every column, those that nothing is
/// made of too, or of daily fees of one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Duplicates {
    /// Refuse the file, but for redemptions: two tickets of one face value can
    /// be redeemed in one block.
    #[default]
    Refuse,
    /// Count both.
    Keep,
    /// Count one, and refuse another amount of daily fees for the day.
    Drop,
}

impl Duplicates {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Duplicates::Refuse => "refuse",
            Duplicates::Keep => "keep",
            Duplicates::Drop => "drop",
        }
    }
}

/// How a file is to be understood.
#[derive(Clone, Copy, Debug, Default)]
pub struct SpendOptions<'a> {
    /// A day without a row, or with fees of 0, is one on which nothing was spent, not a
    /// gap.
    pub zero_days: bool,
    /// Repeated rows.
    pub duplicates: Duplicates,
    /// ETH for one LPT, where amounts are in LPT and a day has no other price.
    pub eth_per_lpt: Option<Decimal>,
    /// Prices of LPT by day.
    pub prices: Option<DailyPrices<'a>>,
    /// The network whose spelling of a name counts, where the file's differs in case
    /// only.
    pub network: Option<&'a Network>,
}
