use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::iter::repeat_n;
use std::path::{Path, PathBuf};

use anyhow::Context;
use benchmark_actix_http::wire::{self, ImportedFile, RecordedRun};
use benchmark_application::{RecordRunsError, Unfit, UnfitRun};
use benchmark_domain::{LlmName, Provider, Run, Timestamp, WorkloadSlug};
use benchmark_result_formats::{Format, Hints, Imported, Refusal, ResultFile};
use comfy_table::Table;
use indicatif::ProgressBar;

use crate::commands::recording::record_runs;
use crate::compose::UseCases;
use crate::config::Config;
use crate::json;
use crate::outcome::Refused;
use crate::progress;
use crate::table::table;

/// Which files, and what they do not say themselves.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Result files of load generators
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The files' format [default: told from their content]
    #[arg(long, value_parser = Format::parse)]
    format: Option<Format>,
    /// Who served the LLM
    #[arg(long, value_parser = Provider::parse)]
    provider: Option<Provider>,
    /// The LLM's name
    #[arg(long, value_parser = LlmName::parse)]
    llm: Option<LlmName>,
    /// The workload; the loads and lengths of a file that has several follow its name
    #[arg(long, value_parser = WorkloadSlug::parse)]
    workload: Option<WorkloadSlug>,
    /// When the runs started, such as 2026-01-31T12:00:00Z
    #[arg(long, value_parser = wire::moment)]
    at: Option<Timestamp>,
    /// Whatever else tells the workload apart, and names it where --workload does
    /// not; may be given more than once
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    /// Print what the API says of a file, of each of them in a list, instead of a table
    #[arg(long)]
    json: bool,
}

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("a label is KEY=VALUE".to_owned()),
    }
}

/// Reads every file to its end before it records anything: one refusal, and
/// nothing is recorded.
pub(crate) async fn run(args: Args, config: &Config) -> anyhow::Result<()> {
    let Args { files, format, provider, llm, workload, at, labels, json } = args;
    let mut by_key = BTreeMap::new();
    for (key, value) in labels {
        if by_key.contains_key(&key) {
            return Err(Refused(format!("--label {key} is there twice")).into());
        }
        by_key.insert(key, value);
    }
    let hints = Hints { provider, llm, workload, started_at: at, labels: by_key };
    let mut total = 0;
    for path in &files {
        total += length_of(path)?;
    }
    let progress = progress::of("bytes to read", total);
    let mut imported = Vec::new();
    let mut refusals = Vec::new();
    for path in &files {
        match read(path, format, &hints, &progress)? {
            Ok(file) => imported.push(file),
            Err(refusal) => refusals.push(refusal.to_string()),
        }
    }
    progress.finish_and_clear();
    if !refusals.is_empty() {
        return Err(Refused(format!("nothing imported: {}", refusals.join("; "))).into());
    }

    for ReadFile { path, notes, .. } in &imported {
        notes.iter().for_each(|note| eprintln!("{}: {note}", path.display()));
    }
    let use_cases = UseCases::open(config).await?;
    let runs: Vec<Run> = imported.iter().flat_map(|file| file.runs.clone()).collect();
    let refusal = |error: &RecordRunsError| refusal_of(error, &imported, &hints);
    let recorded = record_runs(&use_cases, &runs, refusal).await?;
    for run in &recorded {
        let RecordedRun { id, findings, .. } = run;
        findings.iter().for_each(|it| eprintln!("run {id}: {}: {}", it.severity, it.message));
    }
    let mut stdout = std::io::stdout().lock();
    if json {
        return json::print(&by_file(imported, recorded), &mut stdout);
    }
    Ok(writeln!(stdout, "{}", as_table(&runs, &recorded))?)
}

/// A file that was read to its end.
struct ReadFile<'a> {
    path: &'a Path,
    format: Format,
    runs: Vec<Run>,
    notes: Vec<String>,
}

/// What the API says of each file; what was recorded is in the order of their runs.
fn by_file(files: Vec<ReadFile<'_>>, recorded: Vec<RecordedRun>) -> Vec<ImportedFile> {
    let mut recorded = recorded.into_iter();
    let file = |ReadFile { format, runs, notes, .. }: ReadFile<'_>| ImportedFile {
        format: format.name().to_owned(),
        runs: recorded.by_ref().take(runs.len()).collect(),
        notes,
    };
    files.into_iter().map(file).collect()
}

/// Why the runs of these files were refused: which file's it was, and what helps.
fn refusal_of(error: &RecordRunsError, files: &[ReadFile<'_>], hints: &Hints) -> String {
    let (run, remedy) = match error {
        RecordRunsError::Unfit { first: UnfitRun { run, reason }, .. } => match reason {
            Unfit::InTheFuture { .. } if hints.started_at.is_none() => {
                (*run, "; a time without a zone was read as UTC, --at says better")
            }
            Unfit::InTheFuture { .. } | Unfit::UnknownMetric { .. } => (*run, ""),
            Unfit::OtherLabel(_) => (*run, ", which --workload names"),
        },
        _ => return error.to_string(),
    };
    let mut paths = files.iter().flat_map(|file| repeat_n(file.path, file.runs.len()));
    match paths.nth(run) {
        Some(path) => format!("{}: {error}{remedy}", path.display()),
        None => error.to_string(),
    }
}

/// Reads a file and, where its tool wrote two, the other one beside it.
fn read<'a>(
    path: &'a Path,
    format: Option<Format>,
    hints: &Hints,
    progress: &ProgressBar,
) -> anyhow::Result<Result<ReadFile<'a>, Refusal>> {
    let absolute = std::path::absolute(path).with_context(|| path.display().to_string())?;
    let mut file = opened(path, progress)?;
    let read = match format.map_or_else(|| Format::recognise(&mut file), Ok) {
        Err(refusal) => Err(refusal),
        Ok(format) => {
            let other = format.companion_paths(&absolute).into_iter().find(|path| path.is_file());
            if let Some(other) = &other {
                progress.inc_length(length_of(other)?);
            }
            let other = other.map(|other| opened(&other, progress)).transpose()?;
            let imported = format.read(file, other, hints);
            imported.map(|Imported { runs, notes }| ReadFile { path, format, runs, notes })
        }
    };
    match read {
        Err(unreadable @ Refusal::Unreadable { .. }) => Err(unreadable.into()),
        read => Ok(read),
    }
}

fn length_of(path: &Path) -> anyhow::Result<u64> {
    Ok(std::fs::metadata(path).with_context(|| path.display().to_string())?.len())
}

fn opened(path: &Path, progress: &ProgressBar) -> anyhow::Result<ResultFile<'static>> {
    let file = File::open(path).with_context(|| path.display().to_string())?;
    Ok(ResultFile::new(path, progress.wrap_read(file)))
}

fn as_table(runs: &[Run], recorded: &[RecordedRun]) -> Table {
    let rows = runs.iter().zip(recorded).map(|(run, recorded)| {
        let outcome = if recorded.new { "recorded" } else { "known already" };
        [
            outcome.to_owned(),
            recorded.id.clone(),
            run.llm.name.to_string(),
            run.llm.provider.as_ref().map(ToString::to_string).unwrap_or_default(),
            run.workload.slug.to_string(),
            format!("{}/{}", run.requests.failed(), run.requests.attempted()),
            recorded.verdict.clone(),
        ]
    });
    table(["", "run", "LLM", "provider", "workload", ">failed", "verdict"], rows)
}
