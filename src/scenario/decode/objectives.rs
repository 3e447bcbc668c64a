use super::super::diagnostics::{Problem, Report};
use super::super::tree::Cursor;
use super::{Context, Goal, Objective};

pub(super) fn objectives(
    root: &Cursor,
    context: &Context,
    report: &mut Report,
) -> Option<Vec<Objective>> {
    let entries = root.get("objectives")?.entries();
    let read: Vec<Option<Objective>> =
        entries.iter().map(|(id, _, at)| objective(id, at, context, report)).collect();
    read.into_iter().collect()
}

fn objective(id: &str, at: &Cursor, context: &Context, report: &mut Report) -> Option<Objective> {
    const GOALS: [&str; 5] = [
        "lasts_days",
        "min_success_rate",
        "min_region_fee_share",
        "max_top_fee_share",
        "max_outage_share",
    ];
    let goals: Vec<&str> = GOALS.into_iter().filter(|goal| at.get(goal).is_some()).collect();
    let [goal] = goals.as_slice() else {
        let message = match goals.len() {
            0 => "the objective asks for nothing",
            _ => "the objective asks for more than one thing",
        };
        let expected = format!("exactly one of {}", super::super::shape::quoted(GOALS, "or"));
        report.push(Problem::at(at, message).expected(expected));
        return None;
    };
    let number = at.number_at(goal);
    let goal = match *goal {
        "lasts_days" => Goal::LastDays(number?),
        "min_success_rate" => Goal::SuccessRate(number?),
        "max_top_fee_share" => Goal::TopFeeShare(number?),
        "max_outage_share" => Goal::OutageShare(number?),
        _ => {
            let share = at.get("min_region_fee_share")?;
            let region = context.names.regions.find(&share.get("region")?, report)?;
            Goal::RegionFeeShare { region, share: share.number_at("share")? }
        }
    };
    Some(Objective { id: id.to_string(), goal, probability: at.number_at("probability")? })
}
