use std::collections::BTreeMap;

use jiff::Span;
use jiff::civil::Date;

use super::SpendForm;
use crate::units::{Decimal, Wei};

/// Whom and what spend was for, as far as the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpendKey {
    /// The gateway that paid.
    pub gateway: Option<String>,
    /// The pipeline paid for.
    pub pipeline: Option<String>,
    /// Its model.
    pub model: Option<String>,
    /// The region of the users.
    pub region: Option<String>,
    /// The orchestrator paid.
    pub orchestrator: Option<String>,
}

/// What one key came to on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spent {
    /// The amount.
    pub amount: Wei,
    /// The part of it whose requests the file counts.
    pub counted: Wei,
    /// Requests, where the file counts them.
    pub requests: Option<u64>,
    /// Winning tickets, where the file counts them; in a file of redemptions
    /// each row is one.
    pub tickets: Option<u64>,
}

impl Spent {
    /// Adds more of the same; `false` where the amount overflows.
    pub(super) fn add(&mut self, more: Spent) -> bool {
        let sum = |a: Option<u64>, b: Option<u64>| match (a, b) {
            (Some(a), Some(b)) => Some(a.saturating_add(b)),
            (one, None) | (None, one) => one,
        };
        self.requests = sum(self.requests, more.requests);
        self.tickets = sum(self.tickets, more.tickets);
        match self.amount.checked_add(more.amount) {
            Some(amount) => self.amount = amount,
            None => return false,
        }
        // At most the amount.
        self.counted.0 += more.counted.0;
        true
    }
}

/// How much of a day a history knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// All of it.
    Complete,
    /// A part: the first or the last day of a file with times of day.
    Partial,
    /// Nothing.
    Gap,
}

/// Spend by day (UTC) and key, exact to the wei.
#[derive(Clone, Debug)]
pub struct SpendHistory {
    /// What messages call the file it is from.
    pub source: String,
    /// The kind of file.
    pub form: SpendForm,
    /// Rows read.
    pub rows: u64,
    /// What a reader has to know of how it was read, a sentence each.
    pub notes: Vec<String>,
    /// ETH for one LPT on days without another price, where amounts were in LPT.
    pub eth_per_lpt: Option<Decimal>,
    pub(super) first: Date,
    pub(super) coverage: Vec<Coverage>,
    /// In ascending order.
    pub(super) keys: Vec<SpendKey>,
    /// By day and key, indices into `coverage` and `keys`.
    pub(super) cells: BTreeMap<(u32, u32), Spent>,
}

impl SpendHistory {
    /// Whose the spend is, where it is not that of the gateways it is taken for.
    pub fn whose(&self) -> Option<String> {
        (self.form == SpendForm::DailyFees).then(|| {
            "daily fees are those of a whole network: all gateways of the scenario together spend \
             as much"
                .to_string()
        })
    }

    /// Columns of the file that say nothing of pipelines and gateways.
    pub fn other_columns(&self) -> Vec<&'static str> {
        let names = |name: fn(&SpendKey) -> bool| self.keys().iter().any(name);
        let columns = [
            ("model", names(|key| key.model.is_some())),
            ("region", names(|key| key.region.is_some())),
            ("orchestrator", names(|key| key.orchestrator.is_some())),
            ("requests", self.cells().any(|(_, _, spent)| spent.requests.is_some())),
        ];
        columns.into_iter().filter(|(_, is_there)| *is_there).map(|(column, _)| column).collect()
    }

    /// Every day from the first to the last, with what is known of it.
    pub fn days(&self) -> impl Iterator<Item = (Date, Coverage)> + '_ {
        let date = |day: usize| self.date(day);
        self.coverage.iter().enumerate().map(move |(day, &coverage)| (date(day), coverage))
    }

    /// How many days there are from the first to the last; at least one.
    pub fn len(&self) -> usize {
        self.coverage.len()
    }

    /// Whether there is no day, which [`between`](SpendHistory::between) can
    /// bring about.
    pub fn is_empty(&self) -> bool {
        self.coverage.is_empty()
    }

    /// The date of day number `day`, counted from the first.
    pub fn date(&self, day: usize) -> Date {
        self.first.saturating_add(Span::new().days(day as i64))
    }

    /// How many days are [`Coverage::Complete`].
    pub fn complete_days(&self) -> usize {
        self.coverage.iter().filter(|&&coverage| coverage == Coverage::Complete).count()
    }

    /// The days that are of one kind of coverage.
    pub fn days_of(&self, kind: Coverage) -> impl Iterator<Item = Date> + '_ {
        self.days().filter(move |&(_, coverage)| coverage == kind).map(|(date, _)| date)
    }

    /// Whom and what there was spend for, in ascending order.
    pub fn keys(&self) -> &[SpendKey] {
        &self.keys
    }

    /// Every day and key with spend: the number of the day, the key, and what
    /// it came to.
    pub fn cells(&self) -> impl Iterator<Item = (usize, &SpendKey, Spent)> + '_ {
        self.cells.iter().filter_map(|(&(day, key), &spent)| {
            Some((day as usize, self.keys.get(key as usize)?, spent))
        })
    }

    /// Everything spent, partial days included.
    pub fn total(&self) -> Wei {
        self.cells.values().map(|spent| spent.amount).sum()
    }

    /// What was spent on each day.
    pub fn daily_totals(&self) -> Vec<Wei> {
        let mut days = vec![Wei::ZERO; self.len()];
        for (day, _, spent) in self.cells() {
            days[day].0 += spent.amount.0;
        }
        days
    }

    /// What was spent on each day by the name that `name` gives a key: in
    /// ascending order of the names, keys without one last.
    pub fn daily_by<'a>(
        &'a self,
        name: impl Fn(&'a SpendKey) -> Option<&'a str>,
    ) -> Vec<(Option<&'a str>, Vec<Wei>)> {
        let mut groups: BTreeMap<(bool, Option<&str>), Vec<Wei>> = BTreeMap::new();
        for (day, key, spent) in self.cells() {
            let name = name(key);
            let days = groups
                .entry((name.is_none(), name))
                .or_insert_with(|| vec![Wei::ZERO; self.coverage.len()]);
            days[day].0 += spent.amount.0;
        }
        groups.into_iter().map(|((_, name), days)| (name, days)).collect()
    }

    /// The part from one day to another, both included; empty where the
    /// history has none of them.
    pub fn between(&self, from: Date, to: Date) -> SpendHistory {
        let inside: Vec<usize> = self
            .days()
            .enumerate()
            .filter(|(_, (date, _))| (from..=to).contains(date))
            .map(|(day, _)| day)
            .collect();
        let start = inside.first().copied().unwrap_or(0);
        let end = inside.last().map_or(start, |last| last + 1);
        let cells = self
            .cells
            .range((start as u32, 0)..(end as u32, 0))
            .map(|(&(day, key), &spent)| ((day - start as u32, key), spent));
        SpendHistory {
            first: self.date(start),
            coverage: self.coverage[start..end].to_vec(),
            cells: cells.collect(),
            ..self.clone()
        }
    }
}
