//! The run directory: what is in it, and that it is whole or not there.

mod report_fixture;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use orchsim::ensemble::{Estimate, Forecast};
use orchsim::report::{WriteError, WriteOptions, check_target, write_run_directory};
use orchsim::scenario::Scenario;
use report_fixture::{HOSTILE, awkward, context, realistic, response, waterfall};
use serde_json::Value;
use sha2::{Digest, Sha256};

const FILES: [&str; 21] = [
    "burn.csv",
    "fees_by_orchestrator.csv",
    "fees_by_region.csv",
    "figures/burn-by-pipeline.svg",
    "figures/burn-down.svg",
    "figures/fees-by-orchestrator.svg",
    "figures/fees-by-region.svg",
    "figures/lorenz.svg",
    "figures/survival.svg",
    "figures/waterfall.svg",
    "manifest.json",
    "periods.csv",
    "redemptions.csv",
    "report.html",
    "report.md",
    "requests.csv",
    "runways.csv",
    "scenario.toml",
    "summary.json",
    "treasury.csv",
    "waterfall.csv",
];

fn write(target: &Path, run: &(Scenario, Forecast)) -> Result<(), WriteError> {
    let options = WriteOptions { png: false, ..WriteOptions::default() };
    write_run_directory(target, &run.0, &run.1, &context(), "name = \"x\"\n", &options).map(|_| ())
}

/// Every file below `directory`, by its path in it.
fn contents(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for (prefix, folder) in [("", directory.to_path_buf()), ("figures/", directory.join("figures"))]
    {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_file() {
                let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
                files.insert(name, fs::read(entry.path()).unwrap());
            }
        }
    }
    files
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap().flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// A small run whose figures tell it from the realistic one.
fn other() -> (Scenario, Forecast) {
    report_fixture::made_up(20, 3, 0.5)
}

#[test]
fn a_run_directory_is_complete_and_its_manifest_true() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("deep/run");
    write(&target, &realistic()).unwrap();
    let files = contents(&target);
    assert_eq!(files.keys().map(String::as_str).collect::<Vec<_>>(), FILES);
    let manifest: Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    assert_eq!(manifest["program"], "orchsim");
    assert_eq!(manifest["seed"], 1);
    let hashes = manifest["sha256"].as_object().unwrap();
    assert_eq!(hashes.len(), FILES.len() - 1);
    for (name, hash) in hashes {
        let digest = Sha256::digest(&files[name]);
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, &hex, "{name}");
    }
    assert_eq!(names(&home.path().join("deep")), ["run"]);
}

#[test]
fn the_same_run_has_the_same_bytes() {
    let home = tempfile::tempdir().unwrap();
    let (a, b) = (home.path().join("a"), home.path().join("b"));
    write(&a, &realistic()).unwrap();
    write(&b, &realistic()).unwrap();
    assert_eq!(contents(&a), contents(&b));
}

#[test]
fn an_earlier_run_is_replaced_whole() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("run");
    write(&target, &other()).unwrap();
    fs::write(target.join(".DS_Store"), "where the windows were").unwrap();
    write(&target, &realistic()).unwrap();
    assert_eq!(contents(&target).keys().map(String::as_str).collect::<Vec<_>>(), FILES);
    assert_eq!(names(home.path()), ["run"]);
}

#[test]
fn what_somebody_put_or_changed_in_an_earlier_run_is_kept() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("run");
    write(&target, &other()).unwrap();
    for (name, was_there) in
        [("notes.txt", false), ("figures/mine.svg", false), ("scenario.toml", true)]
    {
        let path = target.join(name);
        let before = fs::read(&path).ok();
        fs::write(&path, "by hand").unwrap();
        let said = write(&target, &realistic()).unwrap_err();
        assert!(
            matches!(&said, WriteError::Kept { path: kept, is_changed } if kept.ends_with(name) && *is_changed == was_there),
            "{name}: {said}"
        );
        assert_eq!(fs::read(&path).unwrap(), b"by hand");
        match before {
            Some(before) => fs::write(&path, before).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
    }
    write(&target, &realistic()).unwrap();
}

#[test]
fn an_empty_directory_is_used_and_a_foreign_one_refused() {
    let home = tempfile::tempdir().unwrap();
    let empty = home.path().join("empty");
    fs::create_dir(&empty).unwrap();
    write(&empty, &other()).unwrap();

    let foreign = home.path().join("thesis");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("chapter-1.txt"), "years of work").unwrap();
    for manifest in [None, Some("{\"program\": \"other\"}"), Some("not JSON")] {
        if let Some(manifest) = manifest {
            fs::write(foreign.join("manifest.json"), manifest).unwrap();
        }
        assert!(matches!(check_target(&foreign), Err(WriteError::Foreign(_))));
        assert!(matches!(write(&foreign, &other()), Err(WriteError::Foreign(_))));
    }
    assert_eq!(fs::read(foreign.join("chapter-1.txt")).unwrap(), b"years of work");

    let file = home.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(check_target(&file), Err(WriteError::NotADirectory(_))));
    assert!(matches!(check_target(&file.join("run")), Err(WriteError::NotADirectory(_))));
}

#[test]
fn what_a_killed_run_left_does_no_harm() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("run");
    let partial = home.path().join(".run.orchsim-partial");
    fs::create_dir(&partial).unwrap();
    fs::write(partial.join("summary.json"), "{\"half\":").unwrap();
    fs::write(home.path().join(".run.orchsim-lock"), "").unwrap();
    write(&target, &other()).unwrap();
    assert_eq!(names(home.path()), ["run"]);
}

#[test]
fn a_run_killed_between_its_renames_gets_its_directory_back() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("run");
    write(&target, &other()).unwrap();
    let before = contents(&target);
    fs::rename(&target, home.path().join(".run.orchsim-previous")).unwrap();
    check_target(&target).unwrap();
    assert_eq!(contents(&target), before);

    // Killed after the second rename: the new one is in place, the old is litter.
    fs::create_dir(home.path().join(".run.orchsim-previous")).unwrap();
    write(&target, &realistic()).unwrap();
    assert_eq!(names(home.path()), ["run"]);
}

/// Between the two renames of a run the old directory has the name that it would have,
/// had the run been killed there.
#[test]
fn a_run_between_its_renames_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let (target, previous) = (home.path().join("run"), home.path().join(".run.orchsim-previous"));
    write(&target, &other()).unwrap();
    fs::rename(&target, &previous).unwrap();
    let lock = fs::File::create(home.path().join(".run.orchsim-lock")).unwrap();
    lock.lock().unwrap();
    assert!(matches!(check_target(&target), Err(WriteError::Busy(_))));
    assert!(previous.exists() && !target.exists());
    drop(lock);
    check_target(&target).unwrap();
    assert_eq!(names(home.path()), ["run"]);
}

#[test]
fn a_failed_write_leaves_the_earlier_run_whole() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("run");
    write(&target, &other()).unwrap();
    let before = contents(&target);
    // A directory where the lock would be makes the write fail.
    fs::create_dir(home.path().join(".run.orchsim-lock")).unwrap();
    let error = write(&target, &realistic()).unwrap_err();
    assert!(matches!(error, WriteError::Io { .. }), "{error}");
    assert!(error.to_string().contains(".run.orchsim-lock"), "{error}");
    assert_eq!(contents(&target), before);
}

#[test]
fn what_is_in_the_way_of_the_renames_is_cleared() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("run");
    let before = [".run.orchsim-partial", ".run.orchsim-previous"].map(|n| home.path().join(n));
    write(&target, &other()).unwrap();
    for (round, path) in before.iter().enumerate() {
        fs::write(path, "a file").unwrap();
        write(&target, &if round == 0 { realistic() } else { other() }).unwrap();
        assert_eq!(names(home.path()), ["run"], "{path:?}");
    }
}

/// Root can remove anything: there this tests no more than that litter goes.
#[cfg(unix)]
#[test]
fn an_old_run_that_cannot_be_removed_is_put_aside() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let (target, previous) = (home.path().join("run"), home.path().join(".run.orchsim-previous"));
    write(&target, &other()).unwrap();
    let locked = previous.join("locked");
    fs::create_dir_all(&locked).unwrap();
    fs::write(locked.join("file"), "").unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o555)).unwrap();
    write(&target, &realistic()).unwrap();
    assert!(!previous.exists());
    let aside = home.path().join(".run.orchsim-leftover-1/locked");
    if aside.exists() {
        fs::set_permissions(&aside, fs::Permissions::from_mode(0o755)).unwrap();
    } else {
        assert_eq!(names(home.path()), ["run"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_directory_that_cannot_be_made_is_found_out_before_the_work() {
    for target in ["/proc/orchsim-test", "/proc/orchsim-test/run"] {
        let error = check_target(Path::new(target)).unwrap_err();
        assert!(matches!(error, WriteError::Io { .. }), "{error}");
        assert!(error.to_string().starts_with(&format!("cannot create `{target}`")), "{error}");
    }
    let home = tempfile::tempdir().unwrap();
    check_target(&home.path().join("some/where/run")).unwrap();
    assert_eq!(names(home.path()), [""; 0]);
}

#[test]
fn two_runs_do_not_write_one_directory_at_once() {
    let home = tempfile::tempdir().unwrap();
    let lock = fs::File::create(home.path().join(".run.orchsim-lock")).unwrap();
    lock.lock().unwrap();
    let error = write(&home.path().join("run"), &other()).unwrap_err();
    assert!(matches!(error, WriteError::Busy(_)), "{error}");
}

#[cfg(not(feature = "png"))]
#[test]
fn png_without_the_feature_is_refused_before_anything_is_written() {
    let home = tempfile::tempdir().unwrap();
    let (scenario, forecast) = other();
    let options = WriteOptions { png: true, ..WriteOptions::default() };
    let target = home.path().join("run");
    let result = write_run_directory(&target, &scenario, &forecast, &context(), "", &options);
    let message = result.unwrap_err().to_string();
    assert!(message.contains("--features png"), "{message}");
    assert!(names(home.path()).is_empty());
}

#[cfg(feature = "png")]
#[test]
fn each_figure_gets_a_png_of_twice_its_size() {
    let home = tempfile::tempdir().unwrap();
    for (name, scenario, forecast) in awkward() {
        let options = WriteOptions { png: true, ..WriteOptions::default() };
        let target = home.path().join("run");
        write_run_directory(&target, &scenario, &forecast, &context(), "", &options).unwrap();
        let files = contents(&target);
        let pictures: Vec<_> = files.iter().filter(|(file, _)| file.ends_with(".png")).collect();
        assert_eq!(pictures.len(), 7, "{name}");
        for (_, bytes) in pictures {
            assert_eq!(&bytes[1..4], b"PNG");
            assert_eq!(u32::from_be_bytes([bytes[16], bytes[17], bytes[18], bytes[19]]), 1240);
        }
    }
}

#[test]
fn awkward_forecasts_give_sound_files() {
    let home = tempfile::tempdir().unwrap();
    for (name, scenario, forecast) in awkward() {
        let target = home.path().join("run");
        write(&target, &(scenario, forecast)).unwrap();
        for (file, bytes) in contents(&target) {
            let text = String::from_utf8(bytes).unwrap();
            let words = text.split(|c: char| !c.is_alphanumeric());
            let holds_no_number = words.clone().any(|word| matches!(word, "NaN" | "inf" | "nan"));
            assert!(!holds_no_number, "{name}: {file}");
            if file.ends_with(".svg") {
                let is_text = |c: char| !c.is_control() || c == '\n';
                assert!(text.chars().all(is_text), "{name}: {file}");
            }
        }
    }
}

#[test]
fn hostile_ids_are_text_in_every_file() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("run");
    let (mut scenario, mut forecast) = other();
    scenario.title = HOSTILE.to_string();
    forecast.fees.iter_mut().for_each(|row| row.id = HOSTILE.to_string());
    forecast.region_fees.iter_mut().for_each(|row| row.name = HOSTILE.to_string());
    forecast.service_rows.iter_mut().for_each(|row| row.gateway = HOSTILE.to_string());
    write(&target, &(scenario, forecast)).unwrap();
    let files = contents(&target);
    let text = |name: &str| String::from_utf8_lossy(&files[name]).into_owned();

    let page = text("report.html");
    let scripts = page.split("data-csv=\"").map(|part| match part.split_once("\">") {
        Some((_, rest)) => rest,
        None => part,
    });
    let opened: usize = scripts.map(|part| part.matches("<script>").count()).sum();
    assert_eq!(opened, 1, "only the page's own script");
    for svg in FILES.iter().filter(|name| name.ends_with(".svg")) {
        assert!(!text(svg).contains("<script"), "{svg}");
    }
    for csv in ["fees_by_orchestrator.csv", "requests.csv", "fees_by_region.csv"] {
        let table = text(csv);
        assert!(table.contains("'=1+1"), "{csv}");
        assert!(!table.contains(",=1+1") && !table.contains(",\"=1+1"), "{csv}");
    }
    let post = text("report.md");
    assert!(!post.contains("<script"));
    assert!(!post.contains("[x](y)"));
}

#[test]
fn the_page_needs_no_network() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("run");
    write(&target, &realistic()).unwrap();
    let files = contents(&target);
    let page = String::from_utf8_lossy(&files["report.html"]).into_owned();
    let without_namespace = page.replace("http://www.w3.org/2000/svg", "");
    assert!(!without_namespace.contains("http:") && !without_namespace.contains("https:"));
    assert!(!page.contains("src=") && !page.contains("@import"));
    // Every figure has a title, a description, a table, and the command.
    for (part, count) in [("<figure ", 7), ("<title id=", 7), ("<desc id=", 7), ("<details>", 7)] {
        assert_eq!(page.matches(part).count(), count, "{part}");
    }
    assert_eq!(page.matches("Made by <code>orchsim run").count(), 7);

    let post = String::from_utf8_lossy(&files["report.md"]).into_owned();
    assert_eq!(post.matches("](figures/").count(), 7);
    assert!(!post.contains("](/"));
}

#[test]
fn burn_has_a_line_a_day_and_series() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("run");
    write(&target, &realistic()).unwrap();
    let burn = fs::read_to_string(target.join("burn.csv")).unwrap();
    let mut lines = burn.lines();
    let heading = "date,day,series,pipeline,mean_eth,p05_eth,p25_eth,p50_eth,p75_eth,p95_eth,\
                   p05_usd,p25_usd,p50_usd,p75_usd,p95_usd,p05_lpt,p25_lpt,p50_lpt,p75_lpt,p95_lpt";
    assert_eq!(lines.next(), Some(heading));
    // Balance, spend, and seven pipelines on each of 500 days.
    assert_eq!(lines.clone().count(), 500 * 9);
    assert!(lines.next().is_some_and(|line| line.starts_with("2025-02-13,0,balance,all,,")));
    let runways = fs::read_to_string(target.join("runways.csv")).unwrap();
    assert_eq!(runways.lines().count(), 101);
}

#[test]
fn money_is_in_csv_whole_where_people_see_a_part() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("run");
    let (scenario, mut forecast) = realistic();
    forecast.treasury.outages = 0.0;
    write(&target, &(scenario, forecast)).unwrap();
    let text = |name: &str| fs::read_to_string(target.join(name)).unwrap();

    let waterfall = text("waterfall.csv");
    assert_eq!(waterfall.lines().next(), Some("step,label,eth,eth_lo,eth_hi,share"));
    assert_eq!(waterfall.lines().count(), 1 + 11);
    // A step that cost nothing is for programs only.
    assert!(waterfall.contains("\nlost_payment_refused,"));
    let treasury = text("treasury.csv");
    assert!(treasury.starts_with("quantity,mean,lo,hi\nallocated_lpt,15000,,\n"));
    assert!(treasury.contains("\noutages,0,,\n"));
    for page in ["report.html", "report.md"] {
        let page = text(page);
        assert!(page.contains("Where the ETH went") && page.contains("Treasury"));
        assert!(
            page.contains("lost: session refreshed")
                && page.contains("two minutes in 0.8.3 and eight")
        );
        assert!(!page.contains("lost: payment refused"));
        assert!(page.contains("drawn by other projects"));
        // Twice the gas from the middle of 500 days on.
        assert!(page.contains("0.02 gwei from 21 Oct 2025"));
        assert!(!page.contains("returned at the deadline") && !page.contains("| outages"));
    }
    let redemptions = text("redemptions.csv");
    assert_eq!(redemptions.lines().count(), 1 + 3);
    assert!(redemptions.contains("\n0.02 gwei from 21 Oct 2025,250,20000000,250,"));
    let requests = text("requests.csv");
    let heading = requests.lines().next().unwrap_or_default();
    assert!(heading.contains(",failed_payment,failed_no_funds,"), "{heading}");
}

#[test]
fn each_bar_of_the_waterfall_starts_where_the_one_above_ends() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("run");
    let (scenario, mut forecast) = realistic();
    forecast.spend.total_eth.mean = 10.0;
    forecast.waterfall = waterfall(
        10.0,
        &[
            ("units_used", "price x units used", 0.6),
            ("lost_failure", "lost: failed requests", 0.5),
            ("lottery", "luck", -0.1),
        ],
    );
    write(&target, &(scenario, forecast)).unwrap();
    let svg = fs::read_to_string(target.join("figures/waterfall.svg")).unwrap();
    let attribute = |element: &str, name: &str| {
        let (_, rest) = element.split_once(&format!(" {name}=\"")).unwrap();
        rest.split('"').next().unwrap().parse::<f64>().unwrap()
    };
    // The last rectangle of a colour is its bar, those before are the legend's.
    let bar = |colour: &str| {
        let rects = svg.split("<rect").filter(|rect| {
            rect.split("/>").next().is_some_and(|rect| rect.contains(&format!("fill=\"{colour}\"")))
        });
        let rect = rects.last().unwrap();
        (attribute(rect, "x"), attribute(rect, "x") + attribute(rect, "width"))
    };
    let used = bar("#009E73");
    let failed = bar("#D55E00");
    let lottery = bar("#CC79A7");
    let gone = bar("#5C636B");
    let near = |a: f64, b: f64| assert!((a - b).abs() <= 2.0, "{a} and {b}");
    near(used.0, gone.0);
    near(failed.0, used.1);
    // The lottery takes back: from the end of the losses to the total.
    near(lottery.1, failed.1);
    near(lottery.0, gone.1);
    near((used.1 - used.0) / (gone.1 - gone.0) * 100.0, 60.0);
}

#[test]
fn figures_leave_out_what_is_not_there() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("run");
    let picture = |run: &(Scenario, Forecast), name: &str| {
        write(&target, run).unwrap();
        fs::read_to_string(target.join("figures").join(name)).unwrap()
    };
    let lines = |svg: &str| svg.matches("<polyline").count();
    let (scenario, mut forecast) = other();
    let earned = picture(&(scenario.clone(), forecast.clone()), "lorenz.svg");
    forecast.concentration.hhi = Estimate { mean: 0.0, lo: 0.0, hi: 0.0 };
    let nobody = picture(&(scenario, forecast), "lorenz.svg");
    assert!(earned.contains("fees (Gini") && !nobody.contains("fees (Gini"));
    assert!(nobody.contains("fees: nobody earns any"));
    // A curve less; the keys of the legend stay.
    assert_eq!(lines(&nobody) + 1, lines(&earned));

    let (scenario, forecast) = other();
    let several = picture(&(scenario.clone(), forecast.clone()), "burn-down.svg");
    let single = picture(&(scenario, Forecast { replications: 1, ..forecast }), "burn-down.svg");
    assert!(several.contains("half of the futures") && several.contains("90 % of the futures"));
    assert!(!single.contains("of the futures") && single.contains("one simulated future"));
}

#[test]
fn responses_of_a_thousand_orchestrators_do_not_fill_the_report() {
    let home = tempfile::tempdir().unwrap();
    let rows = |count: usize| {
        let (scenario, mut forecast) = realistic();
        forecast.responses = (0..count).map(|i| response(&format!("responder-{i}"))).collect();
        let target = home.path().join(count.to_string());
        write(&target, &(scenario, forecast)).unwrap();
        ["report.md", "report.html", "summary.json"].map(|name| {
            let text = fs::read_to_string(target.join(name)).unwrap();
            let says_where = text.contains("offers; all are in");
            (text.matches("responder-").count(), says_where)
        })
    };
    assert_eq!(rows(3000), [(10, true), (60, true), (3000, false)]);
    assert_eq!(rows(10), [(10, false), (10, false), (10, false)]);
}
