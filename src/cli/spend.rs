use std::fs;
use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::Failure;
use super::options::option;
use crate::experiment::sha256;
use crate::scenario::Scenario;
use crate::spend::{Duplicates, SpendHistory, SpendOptions, read_spend_file};
use crate::treasury::DailyPrices;
use crate::units::Decimal;

/// A file of what was really spent.
// clap leaves the members of a group open where some are flattened.
#[derive(Debug, Args)]
#[group(args = ["spend", "zero_days", "duplicates", "eth_per_lpt"])]
pub(super) struct SpendArgs {
    /// What was really spent: a CSV of spend, daily fees or redeemed tickets, of at
    /// most 512 MB
    ///
    /// Told apart by the header: a column `date`, `time` or `timestamp` (ISO
    /// 8601 or Unix seconds; UTC where there is no offset), or a time of Dune's or
    /// Etherscan's exports, and one of
    /// `amount_eth` (or `_gwei`, `_wei`, `_lpt`), `fees_eth` (a whole network's
    /// daily fees) or `face_value_eth` (redeemed tickets). If there, `gateway`,
    /// `pipeline`, `model`, `region`, `orchestrator` and `requests` are read
    /// too.
    #[arg(long, value_name = "CSV")]
    pub spend: PathBuf,
    #[command(flatten)]
    reading: SpendReading,
}

/// How such a file is to be understood.
#[derive(Debug, Args)]
pub(super) struct SpendReading {
    /// A day without a row, or on which a whole network has fees of 0, is one on which
    /// nothing was spent, not a gap
    #[arg(long)]
    zero_days: bool,
    /// What to make of a row that stands in the file twice, the same in every column
    #[arg(long, value_enum, default_value = "refuse")]
    duplicates: Duplicates,
    /// What one LPT is worth in ETH, for amounts in LPT
    #[arg(long, value_name = "ETH", value_parser = price)]
    eth_per_lpt: Option<Decimal>,
}

impl SpendReading {
    /// It as options of the reader.
    pub fn options(&self) -> SpendOptions<'static> {
        SpendOptions {
            zero_days: self.zero_days,
            duplicates: self.duplicates,
            eth_per_lpt: self.eth_per_lpt,
            network: None,
            prices: None,
        }
    }

    /// It as words of a command.
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if self.zero_days {
            words.push("--zero-days".to_string());
        }
        if self.duplicates != Duplicates::Refuse {
            words.extend(option("--duplicates", self.duplicates.name()));
        }
        words.extend(self.eth_per_lpt.into_iter().flat_map(|price| option("--eth-per-lpt", price)));
        words
    }
}

impl SpendArgs {
    /// Reads the file, with the names of a scenario spelled as there, and LPT at the
    /// prices of the days, as far as they are known.
    pub fn read(
        &self,
        scenario: Option<&Scenario>,
        prices: Option<DailyPrices>,
    ) -> Result<SpendHistory, Failure> {
        let network = scenario.map(|scenario| &scenario.network);
        let options = SpendOptions { network, prices, ..self.reading.options() };
        read_spend_file(&self.spend, &options).map_err(Failure::Spend)
    }

    /// Hash of the file.
    pub fn hash(&self) -> Result<String, Failure> {
        let bytes = fs::read(&self.spend).map_err(|error| {
            Failure::Runtime(format!("cannot read `{}`: {error}", self.spend.display()))
        })?;
        Ok(sha256(&bytes))
    }

    /// What reports call the file: its name without folders.
    pub fn name(&self) -> String {
        let name = self.spend.file_name().unwrap_or(self.spend.as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// The file's name without folders and ending.
    pub fn stem(&self) -> String {
        let stem = self.spend.file_stem().unwrap_or(self.spend.as_os_str());
        stem.to_string_lossy().into_owned()
    }

    /// The options as words of a command.
    pub fn words(&self) -> Vec<String> {
        let mut words = option("--spend", self.spend.display()).to_vec();
        words.extend(self.reading.words());
        words
    }
}

impl ValueEnum for Duplicates {
    fn value_variants<'a>() -> &'a [Duplicates] {
        &[Duplicates::Refuse, Duplicates::Keep, Duplicates::Drop]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

fn price(text: &str) -> Result<Decimal, String> {
    match text.parse::<Decimal>() {
        Ok(price) if price.mantissa > 0 => Ok(price),
        _ => Err("expected a number above 0, such as 0.0029".to_string()),
    }
}
