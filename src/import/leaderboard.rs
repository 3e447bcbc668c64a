//! Test results of the leaderboards: `aggregated_stats` of the transcoding
//! tester as the explorer shows them, the rows of the AI leaderboard, and the raw
//! results both are made of (livepeer/leaderboard-serverless).

use std::collections::BTreeMap;

use super::findings::{Findings, orchestrator_id};
use super::json::{At, MOST_SHARE};
use crate::network::Region;
use crate::text::plain;

/// Levels of objects and lists above a result.
const DEEPEST: usize = 5;

const PER_CENT: f64 = 100.0;

/// The testers the leaderboards have had (`/api/regions`), with the regions of a
/// scenario they may stand in, the best first. A tester whose part of the world
/// a scenario lacks counts for the nearest one by round-trip time: Sydney for
/// Singapore, Sao Paulo for the east of North America.
const TESTERS: [(&str, &[&str]); 21] = [
    ("ASH", NA_EAST),
    ("ATL", NA_EAST),
    ("ATL2", NA_EAST),
    ("FRA", EUROPE),
    ("HND", JAPAN),
    ("HOU", NA_CENTRAL),
    ("LAX", NA_WEST),
    ("LON", EUROPE),
    ("MAD", EUROPE),
    ("MDW", NA_CENTRAL),
    ("MIA", NA_EAST),
    ("MOS2", EUROPE),
    ("NYC", NA_EAST),
    ("PRG", EUROPE),
    ("SAO", SOUTH_AMERICA),
    ("SEA", NA_WEST),
    ("SIN", SOUTH_EAST_ASIA),
    ("SJO", NA_WEST),
    ("STO", EUROPE),
    ("SYD", OCEANIA),
    ("TOR", NA_EAST),
];

const NA_EAST: &[&str] = &["na-east", "us-east", "north-america-east", "na", "us", "north-america"];
const NA_CENTRAL: &[&str] =
    &["na-central", "us-central", "north-america-central", "na", "us", "north-america"];
const NA_WEST: &[&str] = &["na-west", "us-west", "north-america-west", "na", "us", "north-america"];
const EUROPE: &[&str] = &["eu", "europe", "eu-central", "eu-west"];
const SOUTH_EAST_ASIA: &[&str] = &["asia", "singapore", "asia-south-east", "apac", "asia-pacific"];
const JAPAN: &[&str] = &["japan", "tokyo", "asia-east", "asia", "apac", "asia-pacific"];
const OCEANIA: &[&str] = &["oceania", "australia", "asia", "apac", "asia-pacific"];
const SOUTH_AMERICA: &[&str] = &["south-america", "sa", "na-east", "us-east", "na", "us"];

/// One result, or the mean of many.
#[derive(Debug)]
pub(super) struct Test {
    /// Where the tester stands.
    pub tester: String,
    /// Share of the tests that succeeded.
    pub success: f64,
    /// The round-trip score, or 1/(1 + seconds) of a raw result; greater is
    /// nearer.
    pub closeness: Option<f64>,
}

/// A result with the keys it was found under.
pub(super) struct Row<'a> {
    id: Option<String>,
    tester: Option<String>,
    at: At<'a>,
}

/// Every result in the file, `None` where there is none.
pub(super) fn rows<'a>(root: &At<'a>) -> Option<Vec<Row<'a>>> {
    let mut rows = Vec::new();
    collect(root, None, None, DEEPEST, &mut rows);
    (!rows.is_empty()).then_some(rows)
}

fn collect<'a>(
    at: &At<'a>,
    id: Option<&str>,
    tester: Option<&str>,
    levels: usize,
    rows: &mut Vec<Row<'a>>,
) {
    if at.is_object() && at.field(&["success_rate", "round_trip_score"]).is_some() {
        let word = |names: &[&str]| at.field(names).and_then(|at| at.word());
        let id = word(&["node", "orchestrator", "address"]).or(id.map(str::to_string));
        let tester = word(&["region", "tester"]).or(tester.map(str::to_string));
        rows.push(Row { id, tester, at: at.clone() });
    } else if levels > 0 {
        at.items().for_each(|item| collect(&item, id, tester, levels - 1, rows));
        for (key, value) in at.entries() {
            let (id, tester) = match id {
                Some(_) => (id, Some(key)),
                None if key.starts_with("0x") => (Some(key), tester),
                None => (None, TESTERS.iter().any(|(code, _)| *code == key).then_some(key)),
            };
            collect(&value, id, tester, levels - 1, rows);
        }
    }
}

/// `false` where the file is something else.
pub(super) fn read(root: &At, findings: &mut Findings) -> bool {
    let Some(rows) = rows(root) else { return false };
    let is_of_a_model = |row: &&Row| row.at.field(&["pipeline", "model"]).is_some();
    let of_models = rows.iter().filter(is_of_a_model).count();
    if of_models > 0 {
        let why =
            "an orchestrator has one reliability and region, and offers what it did in the base";
        findings.skip(format!("`pipeline` and `model` of {of_models} results"), why);
    }
    let whole = whole(&rows);
    if whole > 1.0 {
        findings.notes.push("most `success_rate`s are above 1: they are read as per cent".into());
    }
    for row in rows {
        let place = row.at.place().to_string();
        let Some(id) = row.id.as_deref().and_then(orchestrator_id) else {
            findings.skip(place, "no address of an orchestrator");
            continue;
        };
        let Some(tester) = row.tester.map(|code| code.trim().to_ascii_uppercase()) else {
            findings.skip(place, "no `region` of a tester");
            continue;
        };
        // The mean over all testers says nothing about where.
        if tester == "GLOBAL" {
            continue;
        }
        match test(&row.at, tester, whole) {
            Ok(test) => findings.orchestrator(&id).tests.push(test),
            Err(why) => findings.skip(place, why),
        }
    }
    true
}

/// What a success rate is when all tests succeed: 100 where they are per cent, as most are
/// above 1.
fn whole(rows: &[Row]) -> f64 {
    let rate = |row: &Row| Some(row.at.field(&["success_rate"])?.decimal().ok()?.to_f64());
    let rates: Vec<f64> = rows.iter().filter_map(rate).filter(|rate| *rate > 0.0).collect();
    let above = rates.iter().filter(|rate| **rate > MOST_SHARE).count();
    let are_percent = 2 * above > rates.len() && rates.iter().all(|r| *r <= PER_CENT * MOST_SHARE);
    if are_percent { PER_CENT } else { 1.0 }
}

fn test(at: &At, tester: String, whole: f64) -> Result<Test, String> {
    let success = at.field(&["success_rate"]).ok_or("no `success_rate`")?.share_of(whole)?;
    let score =
        at.field(&["round_trip_score", "latency_score"]).map(|at| at.share()).transpose()?;
    let time = at.field(&["round_trip_time"]).map(|at| at.decimal()).transpose()?;
    let closeness = score.or(time.map(|seconds| 1.0 / (1.0 + seconds.to_f64())));
    Ok(Test { tester, success, closeness })
}

/// Which region of a scenario each tester stands in.
pub(super) struct Map<'a> {
    regions: &'a [Region],
    /// Testers the user placed.
    given: Vec<(String, usize)>,
}

impl<'a> Map<'a> {
    pub fn new(regions: &'a [Region], given: Vec<(String, usize)>) -> Map<'a> {
        Map { regions, given }
    }

    pub fn region(&self, tester: &str) -> Option<usize> {
        if let Some((_, region)) = self.given.iter().find(|(code, _)| code == tester) {
            return Some(*region);
        }
        let (_, names) = TESTERS.iter().find(|(code, _)| *code == tester)?;
        names.iter().find_map(|name| {
            let is_named = |region: &Region| {
                plain(&region.id) == plain(name) || plain(&region.name) == plain(name)
            };
            self.regions.iter().position(is_named)
        })
    }
}

/// Where an orchestrator is and how reliable, by its tests.
#[derive(Debug, PartialEq)]
pub(super) struct Standing {
    /// The region, and the tester that is nearest, or has most success where no
    /// test has a score; `None` where no test succeeded.
    pub place: Option<(usize, String)>,
    /// Its round-trip score there, where there is one.
    pub closeness: Option<f64>,
    /// Mean success rate of the tests behind it.
    pub reliability: f64,
    /// How many results that mean is of.
    pub results: usize,
    /// By which testers.
    pub testers: Vec<String>,
}

/// The region is that of the tester with the best mean round-trip score over
/// what succeeded (then with the best success, then the first by its code); the
/// reliability the mean success rate of all testers in that region, as failures
/// of distant ones are the network's as much as the orchestrator's, and of all
/// testers where no test has a score. `None` where nobody with a region tested it.
pub(super) fn standing(tests: &[Test], map: &Map) -> Option<Standing> {
    #[derive(Default)]
    struct Sum {
        success: f64,
        results: usize,
        closeness: f64,
        close: usize,
    }
    let mut testers: BTreeMap<&str, Sum> = BTreeMap::new();
    for test in tests {
        let sum = testers.entry(&test.tester).or_default();
        sum.success += test.success;
        sum.results += 1;
        if let (Some(closeness), true) = (test.closeness, test.success > 0.0) {
            sum.closeness += closeness;
            sum.close += 1;
        }
    }
    let placed: Vec<(usize, &str, Sum)> = testers
        .into_iter()
        .filter_map(|(code, sum)| Some((map.region(code)?, code, sum)))
        .collect();
    let score = |sum: &Sum| (sum.close > 0).then(|| sum.closeness / sum.close as f64);
    let success = |sum: &Sum| sum.success / sum.results as f64;
    let succeeded = placed.iter().filter(|(_, _, sum)| sum.success > 0.0);
    let best = succeeded.max_by(|(_, a_code, a), (_, b_code, b)| {
        let by_score = score(a).unwrap_or(-1.0).total_cmp(&score(b).unwrap_or(-1.0));
        by_score.then(success(a).total_cmp(&success(b))).then(b_code.cmp(a_code))
    });
    let closeness = best.and_then(|(_, _, sum)| score(sum));
    let counted: Vec<_> = match (best, closeness) {
        (Some((region, ..)), Some(_)) => {
            placed.iter().filter(|(other, ..)| other == region).collect()
        }
        _ => placed.iter().collect(),
    };
    let results: usize = counted.iter().map(|(_, _, sum)| sum.results).sum();
    if results == 0 {
        return None;
    }
    let total: f64 = counted.iter().map(|(_, _, sum)| sum.success).sum();
    Some(Standing {
        place: best.map(|(region, code, _)| (*region, code.to_string())),
        closeness,
        reliability: total / results as f64,
        results,
        testers: counted.iter().map(|(_, code, _)| code.to_string()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(id: &str) -> Region {
        Region { id: id.into(), name: id.into(), utc_offset_hours: 0.0 }
    }

    fn test(tester: &str, success: f64, closeness: f64) -> Test {
        Test { tester: tester.into(), success, closeness: Some(closeness) }
    }

    #[test]
    fn testers_stand_in_the_nearest_region_there_is() {
        let regions = ["na", "eu", "asia"].map(region);
        let map = Map::new(&regions, vec![("LON".into(), 2)]);
        let placed = |code: &str| map.region(code).map(|index| regions[index].id.as_str());
        for (code, id) in [("NYC", "na"), ("SEA", "na"), ("SAO", "na"), ("FRA", "eu")] {
            assert_eq!(placed(code), Some(id), "{code}");
        }
        assert_eq!((placed("SYD"), placed("HND")), (Some("asia"), Some("asia")));
        assert_eq!((placed("LON"), placed("XYZ")), (Some("asia"), None));
    }

    #[test]
    fn the_region_is_where_the_score_is_best_and_something_succeeded() {
        let regions = ["na", "eu", "asia"].map(region);
        let map = Map::new(&regions, Vec::new());
        let tests = [
            test("NYC", 0.5, 0.7),
            test("MDW", 1.0, 0.8),
            test("FRA", 0.0, 0.99),
            test("LON", 1.0, 0.75),
        ];
        let found = standing(&tests, &map).unwrap();
        assert_eq!(found.place, Some((0, "MDW".to_string())));
        assert_eq!((found.reliability, found.results), (0.75, 2));
        assert_eq!(found.testers, ["MDW", "NYC"]);
        let dead = standing(&[test("FRA", 0.0, 0.9)], &map).unwrap();
        assert_eq!((dead.place, dead.reliability), (None, 0.0));
        assert_eq!(standing(&[test("XYZ", 1.0, 0.9)], &map), None);
        // Success without a score is no failure.
        let unscored =
            |tester: &str, success| Test { closeness: None, ..test(tester, success, 0.0) };
        let tests = [unscored("NYC", 0.6), unscored("FRA", 0.9), unscored("SIN", 0.0)];
        let found = standing(&tests, &map).unwrap();
        assert_eq!((found.place, found.closeness), (Some((1, "FRA".to_string())), None));
        assert_eq!((found.reliability, found.results), (0.5, 3));
    }
}
