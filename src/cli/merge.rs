use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use super::options::FileOptions;
use super::output::Format;
use super::{Failure, Outcome, VERSION, input, run, sweep};
use crate::ensemble::{Batch, assemble};
use crate::experiment::{Job, Observation, Part, Replicate, Sweep, cover, missing_in_words};
use crate::report::{
    ShardData, StoredShard, WriteOptions, check_target, read_shard, whole_directory,
};
use crate::scenario::{Scenario, Source, load};
use crate::simulation::World;

#[derive(Debug, Args)]
pub(super) struct MergeArgs {
    /// Directories of shards, as `--shard` writes them
    #[arg(value_name = "DIR", required = true)]
    shards: Vec<PathBuf>,
    /// Where to write [default: the directory of the first shard without its
    /// `.shard-I-of-N`]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Make a result of what is there, and say in it what is missing
    #[arg(long)]
    allow_partial: bool,
    /// How to print the result; json: the document of the JSON file and
    /// nothing else
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    files: FileOptions,
}

pub(super) fn execute(args: &MergeArgs) -> Result<Outcome, Failure> {
    let options = args.files.write_options()?;
    let mut shards = Vec::new();
    for path in &args.shards {
        shards.push((path.display().to_string(), read_shard(path)?));
    }
    let parts: Vec<Part> = shards
        .iter()
        .map(|(name, StoredShard { job, shard, replicates, .. })| Part {
            name,
            job,
            shard: *shard,
            replicates,
        })
        .collect();
    let missing = cover(&parts, VERSION).map_err(|error| Failure::Usage(error.to_string()))?;
    let missing = (!missing.is_empty()).then(|| missing_in_words(&parts, &missing));
    if let Some(missing) = missing.as_ref().filter(|_| !args.allow_partial) {
        return Err(Failure::Usage(format!(
            "{missing}\n  help: run what is missing, or make do without it: --allow-partial"
        )));
    }
    if parts.iter().all(|part| part.replicates.is_empty()) {
        return Err(Failure::Usage("the shards hold no replication".to_string()));
    }
    let Some(job) = shards.first().map(|(_, shard)| shard.job.clone()) else {
        return Err(Failure::Usage("there is no shard".to_string()));
    };
    let source = Source {
        name: "the scenario of the shards".to_string(),
        text: job.scenario.clone(),
        directory: None,
    };
    let scenario = load(&source, &[])?;
    let beside = args.shards.first().zip(shards.first());
    let beside = beside.and_then(|(path, (_, first))| whole_directory(path, first.shard));
    let out = args.out.clone().or(beside);
    if let Some(out) = &out {
        input::keep_inputs(out, args.shards.iter().map(PathBuf::as_path))?;
    }
    let data = shards.into_iter().map(|(_, shard)| shard.data);
    let merged = Merged { job, scenario, missing, options, format: args.format };
    if merged.job.study.is_some() {
        merged.sweep(data, out.as_deref())
    } else {
        merged.run(data, out.as_deref())
    }
}

/// What the shards are parts of.
struct Merged {
    job: Job,
    scenario: Scenario,
    missing: Option<String>,
    options: WriteOptions,
    format: Format,
}

impl Merged {
    fn run(
        self,
        shards: impl Iterator<Item = ShardData>,
        out: Option<&Path>,
    ) -> Result<Outcome, Failure> {
        let directory = run::directory(out, &self.scenario);
        check_target(&directory)?;
        let mut all = Batch::default();
        for shard in shards {
            if let ShardData::Run(batch) = shard {
                all.append(batch);
            }
        }
        all.samples.sort_by_key(|sample| sample.replication);
        let world = World::in_mode(&self.scenario, self.job.mode)?;
        let result = assemble(&world, &all, self.job.plan());
        let Merged { job, scenario, missing, options, format } = self;
        let (scenario, job) = (&scenario, &job);
        let finished = run::Finished { scenario, job, result: &result, missing };
        finished.publish(&directory, options, format)
    }

    fn sweep(
        self,
        shards: impl Iterator<Item = ShardData>,
        out: Option<&Path>,
    ) -> Result<Outcome, Failure> {
        let directory = sweep::directory(out, &self.scenario);
        check_target(&directory)?;
        let mut seen: BTreeMap<Replicate, Observation> = BTreeMap::new();
        for shard in shards {
            if let ShardData::Sweep(observations) = shard {
                seen.extend(observations.into_iter().map(|o| (o.replicate, o)));
            }
        }
        let Merged { job, scenario, missing, options, format } = self;
        let Some(study) = job.study.clone() else {
            return Err(Failure::Usage("the shards are of no sweep".to_string()));
        };
        let result = Sweep::new(study, job.variance_reduction, &seen);
        let finished = sweep::Finished { scenario: &scenario, job: &job, sweep: &result, missing };
        finished.publish(&directory, &options, format)
    }
}
