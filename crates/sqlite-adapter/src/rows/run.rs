use std::collections::BTreeMap;

use benchmark_domain::{
    Llm, Measurement, MetricName, Provenance, Requests, Run, RunParts, Source, Timestamp, Tool,
    Verdict, Workload,
};
use benchmark_ports::{RecordedRun, StoreError};
use diesel::prelude::*;

use super::verdict::{findings_column, verdict};
use crate::columns::{count, integer, timestamp, timestamp_text};
use crate::schema::runs;

/// A run in its table, without what it measured.
#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = runs, treat_none_as_default_value = false)]
pub(crate) struct RunRow {
    pub(crate) id: String,
    llm_id: String,
    workload: String,
    source: String,
    started_at: String,
    tool: Option<String>,
    tool_version: Option<String>,
    attempted_requests: i64,
    failed_requests: i64,
    file_sha256: Option<Vec<u8>>,
    file_name: Option<String>,
    importer_version: Option<String>,
    recorded_at: String,
    verdict: Option<String>,
    findings: Option<String>,
    pooled: bool,
}

impl RunRow {
    /// The row of a run that was judged so.
    pub(crate) fn of(
        run: &Run,
        recorded_at: Timestamp,
        verdict: &Verdict,
    ) -> Result<Self, StoreError> {
        let Verdict { grade, findings } = verdict;
        let RunParts {
            llm,
            workload,
            source,
            started_at,
            tool,
            requests,
            measurements: _,
            provenance,
        } = &**run;
        let (file_sha256, file_name, importer_version) = match provenance.clone() {
            Some(Provenance { sha256, file_name, importer_version }) => {
                (Some(sha256.to_vec()), Some(file_name), Some(importer_version))
            }
            None => (None, None, None),
        };
        Ok(Self {
            id: run.id().to_string(),
            llm_id: llm.id().to_string(),
            workload: workload.slug.to_string(),
            source: source.as_str().to_owned(),
            started_at: timestamp_text(*started_at),
            tool: tool.as_ref().map(|tool| tool.name().to_owned()),
            tool_version: tool.as_ref().and_then(|tool| tool.version()).map(str::to_owned),
            attempted_requests: integer(requests.attempted())?,
            failed_requests: integer(requests.failed())?,
            file_sha256,
            file_name,
            importer_version,
            recorded_at: timestamp_text(recorded_at),
            verdict: Some(grade.as_str().to_owned()),
            findings: Some(findings_column(findings)),
            // Who records a run pools it in the same stroke.
            pooled: true,
        })
    }

    /// The run, given what it measured; `None` if the columns do not make one,
    /// or not the one whose id they have.
    pub(crate) fn read(
        self,
        llm: Llm,
        workload: Workload,
        measurements: BTreeMap<MetricName, Measurement>,
    ) -> Option<RecordedRun> {
        let Self {
            id,
            llm_id: _,
            workload: _,
            source,
            started_at,
            tool,
            tool_version,
            attempted_requests,
            failed_requests,
            file_sha256,
            file_name,
            importer_version,
            recorded_at,
            verdict: grade,
            findings,
            pooled: _,
        } = self;
        let tool = match tool {
            Some(tool) => Some(Tool::parse(&tool, tool_version.as_deref()).ok()?),
            None => None,
        };
        let provenance = match (file_sha256, file_name, importer_version) {
            (Some(sha256), Some(file_name), Some(importer_version)) => {
                Some(Provenance { sha256: sha256.try_into().ok()?, file_name, importer_version })
            }
            (None, None, None) => None,
            _ => return None,
        };
        let run = Run::new(RunParts {
            llm,
            workload,
            source: Source::parse(&source)?,
            started_at: timestamp(&started_at)?,
            tool,
            requests: requests(attempted_requests, failed_requests)?,
            measurements,
            provenance,
        });
        let run = run.ok().filter(|run| run.id().to_string() == id)?;
        let verdict = verdict(grade.as_deref(), findings.as_deref())?;
        Some(RecordedRun { run, recorded_at: timestamp(&recorded_at)?, verdict })
    }
}

/// The requests that two columns count.
pub(crate) fn requests(attempted: i64, failed: i64) -> Option<Requests> {
    Requests::new(count(attempted)?, count(failed)?)
}
