use std::collections::BTreeMap;

use benchmark_domain::uuid::Uuid;
use benchmark_domain::{
    Llm, Measurement, MetricName, Provenance, Requests, Run, RunParts, Source, Timestamp, Tool,
    Verdict, Workload,
};
use benchmark_ports::{RecordedRun, StoreError};
use diesel::data_types::PgTimestamp;
use diesel::prelude::*;
use diesel::sql_types::{
    BigInt, Binary, Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use serde_json::Value;

use super::verdict::{findings_column, verdict};
use crate::bulk_insert::BulkInsert;
use crate::columns::{count, integer, moment, timestamp};
use crate::schema::runs;

/// A run in its table, without what it measured.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = runs)]
pub(crate) struct RunRow {
    pub(crate) id: Uuid,
    pub(crate) llm_id: Uuid,
    pub(crate) workload: String,
    pub(crate) source: String,
    pub(crate) started_at: PgTimestamp,
    pub(crate) tool: Option<String>,
    pub(crate) tool_version: Option<String>,
    pub(crate) attempted_requests: i64,
    pub(crate) failed_requests: i64,
    pub(crate) file_sha256: Option<Vec<u8>>,
    pub(crate) file_name: Option<String>,
    pub(crate) importer_version: Option<String>,
    pub(crate) recorded_at: PgTimestamp,
    pub(crate) verdict: Option<String>,
    pub(crate) findings: Option<Value>,
    pub(crate) pooled: bool,
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
            id: run.id().0,
            llm_id: llm.id().0,
            workload: workload.slug.to_string(),
            source: source.as_str().to_owned(),
            started_at: moment(*started_at),
            tool: tool.as_ref().map(|tool| tool.name().to_owned()),
            tool_version: tool.as_ref().and_then(|tool| tool.version()).map(str::to_owned),
            attempted_requests: integer(requests.attempted())?,
            failed_requests: integer(requests.failed())?,
            file_sha256,
            file_name,
            importer_version,
            recorded_at: moment(recorded_at),
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
            started_at: timestamp(started_at)?,
            tool,
            requests: requests(attempted_requests, failed_requests)?,
            measurements,
            provenance,
        });
        let run = run.ok().filter(|run| run.id().0 == id)?;
        let verdict = verdict(grade.as_deref(), findings.as_ref())?;
        Some(RecordedRun { run, recorded_at: timestamp(recorded_at)?, verdict })
    }
}

impl RunRow {
    /// The insertion of those that are not there, which returns their ids.
    pub(crate) fn insertion(rows: &[Self]) -> BulkInsert<'_, Self, SqlUuid> {
        BulkInsert::into("runs", rows)
            .column::<SqlUuid, _>("id", |row| row.id)
            .column::<SqlUuid, _>("llm_id", |row| row.llm_id)
            .column::<Text, _>("workload", |row| row.workload.as_str())
            .column::<Text, _>("source", |row| row.source.as_str())
            .column::<Timestamptz, _>("started_at", |row| row.started_at)
            .column::<Nullable<Text>, _>("tool", |row| row.tool.as_deref())
            .column::<Nullable<Text>, _>("tool_version", |row| row.tool_version.as_deref())
            .column::<BigInt, _>("attempted_requests", |row| row.attempted_requests)
            .column::<BigInt, _>("failed_requests", |row| row.failed_requests)
            .column::<Nullable<Binary>, _>("file_sha256", |row| row.file_sha256.as_deref())
            .column::<Nullable<Text>, _>("file_name", |row| row.file_name.as_deref())
            .column::<Nullable<Text>, _>("importer_version", |row| row.importer_version.as_deref())
            .column::<Timestamptz, _>("recorded_at", |row| row.recorded_at)
            .column::<Nullable<Text>, _>("verdict", |row| row.verdict.as_deref())
            .column::<Nullable<Jsonb>, _>("findings", |row| row.findings.as_ref())
            .column::<Bool, _>("pooled", |row| row.pooled)
            .ending("ON CONFLICT DO NOTHING RETURNING id")
    }
}

/// The requests that two columns count.
pub(crate) fn requests(attempted: i64, failed: i64) -> Option<Requests> {
    Requests::new(count(attempted)?, count(failed)?)
}
