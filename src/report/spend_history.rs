use super::format::date_after;
use super::table::{Cell, Column, Table};
use crate::scenario::Scenario;
use crate::simulation::{ReplicationResult, World};
use crate::units::Wei;

/// What one replication spent, day by day: a history as
/// [`read_spend`](crate::spend::read_spend) takes it, with columns `date`,
/// `gateway`, `pipeline`, `region` (of the users) and `amount_wei`. A day without
/// spend has one row, of 0: without it, it would be read as a gap. A day on which
/// the credits ran out is left out, since it is not whole.
pub fn spend_history_csv(scenario: &Scenario, world: &World, result: &ReplicationResult) -> String {
    let columns = vec![
        Column::text("date", "Date"),
        Column::text("gateway", "Gateway"),
        Column::text("pipeline", "Pipeline"),
        Column::text("region", "Region"),
        Column::number("amount_wei", "Spent (wei)"),
    ];
    let network = &scenario.network;
    let whole = result.depleted.map_or(u64::MAX, |time| time.day());
    let days = result.daily_spend_by_service.chunks(world.service_keys.len().max(1));
    let rows = (0..whole).zip(days).flat_map(|(day, spent)| {
        let date = date_after(scenario.start, day as f64);
        let is_idle = spent.iter().all(|wei| *wei == Wei::ZERO);
        let services = world.service_keys.iter().zip(spent).enumerate();
        let told =
            services.filter(move |(number, (_, wei))| **wei > Wei::ZERO || is_idle && *number == 0);
        told.map(move |(_, (key, wei))| {
            vec![
                Cell::Date(date),
                Cell::text(&network.gateways[key.gateway].id),
                Cell::text(key.pipeline.name()),
                Cell::text(&network.regions[key.region].id),
                Cell::Wei(*wei),
            ]
        })
    });
    Table::new(columns, rows.collect()).csv()
}
