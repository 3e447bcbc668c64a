//! What centralised providers charge, for people and for programs.

use serde_json::{Value, json};

use super::Style;
use super::table::{Cell, Column, Table};
use super::text::Page;
use crate::policy::{PROVIDER_PRICES, ProviderPrice};

/// The provider prices that `policy.max_price.provider_share` knows, for a
/// terminal.
pub fn providers_text(style: Style) -> String {
    let columns = vec![
        Column::text("provider", "Provider"),
        Column::text("model", "Model"),
        Column::number("usd", "USD"),
        Column::number("input_usd", "Input"),
        Column::text("per", "per"),
        Column::text("date", "Seen"),
    ];
    let input = |row: &ProviderPrice| match row.input_usd {
        0.0 => String::new(),
        usd => usd.to_string(),
    };
    let row = |row: &ProviderPrice| {
        let texts = [row.provider, row.class.name(), &row.usd.to_string(), &input(row)];
        let cells = texts.into_iter().chain([row.per, row.date]);
        cells.map(Cell::text).collect()
    };
    let table = Table::new(columns, PROVIDER_PRICES.iter().map(row).collect());
    let keys = ["provider", "model", "usd", "input_usd", "per", "date"];
    let mut page = Page::new(style);
    page.table(&table, &keys, usize::MAX, None);
    page.blank();
    let note = "USD for output (Whisper: for audio heard) and, of language models, for input; the \
                source of each with `--format json`.";
    page.paragraph("", note, "");
    page.text.trim_start().to_string()
}

/// The same as a list of objects with `provider`, `model`, `usd`, `input_usd`,
/// `per`, `units` (billing units), `date` and `source`.
pub fn providers_json() -> Value {
    let object = |row: &ProviderPrice| {
        json!({
            "provider": row.provider,
            "model": row.class.name(),
            "usd": row.usd,
            "input_usd": row.input_usd,
            "per": row.per,
            "units": row.units as u64,
            "date": row.date,
            "source": row.source,
        })
    };
    PROVIDER_PRICES.iter().map(object).collect()
}
