//! The settings of a sweep, the Pareto front, and how work is dealt.

use std::collections::BTreeSet;

use orchsim::ensemble::VarianceReduction;
use orchsim::experiment::{
    Design, DesignError, Job, Replicate, Sampling, Shard, ShardError, Vary, front,
    shard_from_environment,
};
use orchsim::simulation::Mode;
use proptest::prelude::*;

fn varies(texts: &[&str]) -> Vec<Vary> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn grid(texts: &[&str]) -> Vec<Vec<String>> {
    Design::new(&varies(texts), Sampling::Grid, 1).unwrap().settings
}

/// The values of one key.
fn values(text: &str) -> Vec<String> {
    grid(&[text]).concat()
}

#[test]
fn a_grid_has_all_combinations_the_last_key_fastest() {
    assert_eq!(
        grid(&["a=1,2", "b=x,y,z"]),
        [["1", "x"], ["1", "y"], ["1", "z"], ["2", "x"], ["2", "y"], ["2", "z"]]
    );
}

#[test]
fn a_range_holds_both_ends_and_equal_steps() {
    assert_eq!(values("a=0.1..0.3:3"), ["0.1", "0.2", "0.3"]);
    assert_eq!(
        values("a=2e6..5e6 wei:4"),
        ["2000000 wei", "3000000 wei", "4000000 wei", "5000000 wei"]
    );
    assert_eq!(values("a=-1..1:2"), ["-1", "1"]);
    let thirds = values("a=0..1:4");
    assert_eq!((thirds[0].as_str(), thirds[3].as_str()), ("0", "1"));
    assert_eq!(thirds[1], "0.333333333333");
}

#[test]
fn a_value_of_a_list_may_hold_commas_units_and_dots() {
    assert_eq!(values("v=0.8.3, 0.8.4,0.9"), ["0.8.3", "0.8.4", "0.9"]);
    assert_eq!(values("v=0.5 USD,1 USD"), ["0.5 USD", "1 USD"]);
    assert_eq!(
        values("v=0.5,1 USD per 1e6 tokens"),
        ["0.5", "1"].map(|n| n.to_string() + " USD per 1e6 tokens")
    );
    assert_eq!(values("v=0.5 USD,1,2"), ["0.5 USD", "1", "2"]);
    assert_eq!(values("v=none,1 USD"), ["none", "1 USD"]);
    assert_eq!(values("v={a=1,b=[2,3]},\"x,y\""), ["{a=1,b=[2,3]}", "\"x,y\""]);
    assert_eq!(values("v=../a.csv"), ["../a.csv"]);
}

#[test]
fn designs_without_sense_are_refused() {
    let parse = |text: &str| text.parse::<Vary>().unwrap_err();
    assert!(matches!(parse("a"), DesignError::NoAssignment(_)));
    assert!(matches!(parse("a="), DesignError::NoAssignment(_)));
    assert!(matches!(parse("=1"), DesignError::NoAssignment(_)));
    for text in ["a=1..x:3", "a=2..1:3", "a=1..1:3", "a=1..2:1", "a=1..2:x", "a=1..inf:3"] {
        assert!(matches!(parse(text), DesignError::Range(_)), "{text}");
    }
    assert!(matches!(parse("a=1 USD..2 wei:3"), DesignError::Unit(_)));
    for text in ["a=[1,2", "a=1]", "a=\"1,2"] {
        assert!(matches!(parse(text), DesignError::List { .. }), "{text}");
    }
    let refused = |texts: &[&str]| Design::new(&varies(texts), Sampling::Grid, 1).unwrap_err();
    assert!(matches!(refused(&["a=1..2"]), DesignError::NoPoints(_)));
    assert!(matches!(refused(&["a=1", "a=2"]), DesignError::Twice(_)));
    let thousand = ["a=1..2:1000", "b=1..2:1000"];
    assert_eq!(refused(&thousand), DesignError::TooMany);
    let sensitivity = |texts: &[&str], rows| {
        Design::new(&varies(texts), Sampling::Sensitivity(rows), 1).unwrap_err()
    };
    assert_eq!(sensitivity(&["a=1..2"], 16), DesignError::OneKey);
    assert_eq!(sensitivity(&["a=1..2", "b=1..2"], 25_001), DesignError::TooMany);
}

#[test]
fn a_row_for_sensitivities_exchanges_one_key_at_a_time() {
    // Saltelli et al. 2010: A, B, and A with each column of B.
    let texts = ["a=1..2", "b=x,y,z", "c=0..1 USD"];
    let settings = Design::new(&varies(&texts), Sampling::Sensitivity(64), 7).unwrap().settings;
    assert_eq!(settings.len(), 64 * 5);
    for row in settings.chunks(5) {
        let (first, second) = (&row[0], &row[1]);
        for key in 0..3 {
            let mut exchanged = first.clone();
            exchanged[key] = second[key].clone();
            assert_eq!(row[2 + key], exchanged);
        }
    }
    // Sobol' points, scrambled or not: of 2^m, one in each of as many equal parts.
    for point in 0..2 {
        let value = |row: &[Vec<String>]| row[point][0].parse::<f64>().unwrap();
        let mut parts: Vec<usize> =
            settings.chunks(5).map(|row| ((value(row) - 1.0) * 64.0) as usize).collect();
        parts.sort_unstable();
        assert_eq!(parts, (0..64).collect::<Vec<_>>());
    }
    let other = Design::new(&varies(&texts), Sampling::Sensitivity(64), 8).unwrap().settings;
    assert_ne!(settings, other);
}

#[test]
fn sampling_is_named() {
    assert_eq!("grid".parse(), Ok(Sampling::Grid));
    assert_eq!("lhs:8".parse(), Ok(Sampling::LatinHypercube(8)));
    assert_eq!("sensitivity:64".parse(), Ok(Sampling::Sensitivity(64)));
    let refused =
        ["grid:2", "lhs", "lhs:0", "lhs:x", "lhs:100001", "sensitivity:15", "random:3", ""];
    for text in refused {
        assert!(text.parse::<Sampling>().is_err(), "{text}");
    }
}

fn hypercube(texts: &[&str], points: usize, seed: u64) -> Vec<Vec<String>> {
    Design::new(&varies(texts), Sampling::LatinHypercube(points), seed).unwrap().settings
}

proptest! {
    /// McKay, Beckman and Conover: one point in each stratum of each key.
    #[test]
    fn a_latin_hypercube_has_one_point_in_each_stratum(
        points in 1usize..200,
        seed in any::<u64>(),
        lo in -1e6..1e6f64,
        width in 1e-3..1e6f64,
    ) {
        let hi = lo + width;
        let settings = hypercube(&[&format!("a={lo}..{hi}"), "b=0..1"], points, seed);
        prop_assert_eq!(settings.len(), points);
        for key in 0..2 {
            let (lo, hi) = if key == 0 { (lo, hi) } else { (0.0, 1.0) };
            let mut all: Vec<f64> =
                settings.iter().map(|setting| setting[key].parse().unwrap()).collect();
            all.sort_by(f64::total_cmp);
            let step = (hi - lo) / points as f64;
            for (stratum, value) in all.into_iter().enumerate() {
                let slack = step * 1e-6;
                prop_assert!(value >= lo + step * stratum as f64 - slack, "{value} in {stratum}");
                prop_assert!(value <= lo + step * (stratum + 1) as f64 + slack, "{value} in {stratum}");
            }
        }
    }

    #[test]
    fn a_front_is_what_no_other_point_dominates(
        points in prop::collection::vec(prop::collection::vec(0u8..5, 3), 0..40)
    ) {
        let costs: Vec<Vec<f64>> =
            points.iter().map(|point| point.iter().map(|&c| f64::from(c)).collect()).collect();
        let dominates = |a: &[u8], b: &[u8]| {
            (0..3).all(|i| a[i] <= b[i]) && (0..3).any(|i| a[i] < b[i])
        };
        let found = front(&costs);
        prop_assert_eq!(found.len(), points.len());
        for (point, is_on_front) in points.iter().zip(found) {
            let is_dominated = points.iter().any(|other| dominates(other, point));
            prop_assert_eq!(is_on_front, !is_dominated);
        }
    }

    #[test]
    fn shards_cover_every_replicate_once_and_are_balanced(
        replications in 1u32..200,
        of in 1u32..40,
    ) {
        let job = job(replications);
        let mut seen = BTreeSet::new();
        let mut sizes = BTreeSet::new();
        for index in 0..of {
            let replicates: Vec<Replicate> = Shard { index, of }.replicates(&job).collect();
            sizes.insert(replicates.len());
            for replicate in replicates {
                prop_assert!(seen.insert(replicate), "{replicate:?} twice");
            }
        }
        prop_assert_eq!(seen, job.replicates().collect::<BTreeSet<Replicate>>());
        prop_assert!(sizes.last().unwrap() - sizes.first().unwrap() <= 1);
    }
}

fn job(replications: u32) -> Job {
    Job {
        version: "1".to_string(),
        command: "orchsim run".to_string(),
        scenario: "seed = 1\n".to_string(),
        replications,
        precision: None,
        variance_reduction: VarianceReduction::None,
        mode: Mode::Exact,
        study: None,
    }
}

#[test]
fn who_lacks_a_figure_that_others_have_is_not_on_the_front() {
    let nan = f64::NAN;
    assert_eq!(front(&[vec![nan, 1.0], vec![0.0, 1.0]]), [false, true]);
    assert_eq!(front(&[vec![nan, 0.0], vec![0.0, 1.0]]), [false, true]);
    assert_eq!(front(&[vec![nan, 0.0], vec![nan, 1.0]]), [true, false]);
    assert_eq!(front(&[vec![nan], vec![nan]]), [true, true]);
    assert_eq!(front(&[]), [] as [bool; 0]);
}

#[test]
fn a_latin_hypercube_spreads_lists_and_counted_ranges_evenly() {
    let settings = hypercube(&["a=x,y", "b=1..3:3"], 12, 9);
    let count =
        |key: usize, value: &str| settings.iter().filter(|setting| setting[key] == value).count();
    assert_eq!((count(0, "x"), count(0, "y")), (6, 6));
    assert_eq!((count(1, "1"), count(1, "2"), count(1, "3")), (4, 4, 4));
}

#[test]
fn a_latin_hypercube_depends_on_the_seed_only() {
    assert_eq!(hypercube(&["a=0..1", "b=0..1"], 9, 3), hypercube(&["a=0..1", "b=0..1"], 9, 3));
    assert_ne!(hypercube(&["a=0..1", "b=0..1"], 9, 3), hypercube(&["a=0..1", "b=0..1"], 9, 4));
}

#[test]
fn a_shard_is_named_or_found_in_the_environment_of_a_job_array() {
    let shard = |text: &str, environment: &[(&str, &str)]| {
        let variable = |name: &str| {
            let found = environment.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.to_string())
        };
        shard_from_environment(text, &variable).map(|shard| (shard.index, shard.of))
    };
    assert_eq!(shard("2/4", &[]), Ok((2, 4)));
    assert_eq!(shard("4/4", &[]), Err(ShardError::Beyond { index: 4, of: 4 }));
    for text in ["", "1", "1/0", "-1/4", "1/x", "x/4", "autos", "auto/0", "1/4/2"] {
        assert_eq!(shard(text, &[]), Err(ShardError::Syntax), "{text}");
    }
    // `sbatch --array=5-11:2`
    let slurm = [
        ("SLURM_ARRAY_TASK_ID", "9"),
        ("SLURM_ARRAY_TASK_MIN", "5"),
        ("SLURM_ARRAY_TASK_MAX", "11"),
        ("SLURM_ARRAY_TASK_STEP", "2"),
        ("SLURM_ARRAY_TASK_COUNT", "4"),
    ];
    assert_eq!(shard("auto", &slurm), Ok((2, 4)));
    // `sbatch --array=3`, one task of four repeated.
    let repeated = [
        ("SLURM_ARRAY_TASK_ID", "3"),
        ("SLURM_ARRAY_TASK_MIN", "3"),
        ("SLURM_ARRAY_TASK_MAX", "3"),
        ("SLURM_ARRAY_TASK_COUNT", "1"),
    ];
    assert_eq!(shard("auto/4", &repeated), Ok((3, 4)));
    assert!(matches!(shard("auto", &repeated), Err(ShardError::Sparse { count: 1, .. })));
    // `sbatch --array=0,3`
    let sparse = [
        ("SLURM_ARRAY_TASK_ID", "3"),
        ("SLURM_ARRAY_TASK_MIN", "0"),
        ("SLURM_ARRAY_TASK_MAX", "3"),
        ("SLURM_ARRAY_TASK_COUNT", "2"),
    ];
    assert!(matches!(shard("auto", &sparse), Err(ShardError::Sparse { .. })));
    let mpi = [("OMPI_COMM_WORLD_RANK", "0"), ("OMPI_COMM_WORLD_SIZE", "8")];
    assert_eq!(shard("auto", &mpi), Ok((0, 8)));
    assert_eq!(shard("auto", &[("HQ_TASK_ID", "1")]), Err(ShardError::NoArray));
    assert_eq!(shard("auto/4", &[("HQ_TASK_ID", "1")]), Ok((1, 4)));
    assert_eq!(shard("auto/4", &[("JOB_COMPLETION_INDEX", "3")]), Ok((3, 4)));
    assert_eq!(shard("auto/4", &[]), Err(ShardError::NoTask));
}
