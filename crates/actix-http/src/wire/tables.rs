//! What there is as a table, row by row. Taken apart field by field, so that a
//! new field does not compile until somebody has given it a column.

use super::{History, HistoryPoint, Llm, Measurement, Ranking, RankingEntry, Run, Series};
use crate::tabular::{Row, Tabular};

impl Tabular for RankingEntry<'_> {
    fn rows(&self) -> Vec<Row> {
        let Self {
            id,
            metric,
            llm_name,
            provider,
            mean_value,
            rank,
            timestamp,
            unit,
            value,
            ci_low,
            ci_high,
            rank_low,
            rank_high,
            provisional,
            sample_count,
            run_count,
            attempted_requests,
            failed_requests,
            mostly_failed,
            p50,
            p90,
            p95,
            p99,
            missing,
            workload,
            source,
        } = self;
        let missing: Vec<_> = missing.iter().map(|(name, why)| format!("{name} {why}")).collect();
        vec![vec![
            ("id", (&id.to_string()).into()),
            ("metric", (*metric).into()),
            ("llm_name", (*llm_name).into()),
            ("provider", (*provider).into()),
            ("mean_value", (*mean_value).into()),
            ("rank", (*rank).into()),
            ("timestamp", timestamp.into()),
            ("unit", (*unit).into()),
            ("value", (*value).into()),
            ("ci_low", (*ci_low).into()),
            ("ci_high", (*ci_high).into()),
            ("rank_low", (*rank_low).into()),
            ("rank_high", (*rank_high).into()),
            ("provisional", (*provisional).into()),
            ("sample_count", (*sample_count).into()),
            ("run_count", (*run_count).into()),
            ("attempted_requests", (*attempted_requests).into()),
            ("failed_requests", (*failed_requests).into()),
            ("mostly_failed", (*mostly_failed).into()),
            ("p50", (*p50).into()),
            ("p90", (*p90).into()),
            ("p95", (*p95).into()),
            ("p99", (*p99).into()),
            ("missing", (&missing.join("; ")).into()),
            ("workload", (*workload).into()),
            ("source", (*source).into()),
        ]]
    }
}

/// The entries; every one says which metric it is about.
impl Tabular for Ranking<'_> {
    fn rows(&self) -> Vec<Row> {
        self.entries.rows()
    }
}

/// One row per LLM and publication.
impl Tabular for History {
    fn rows(&self) -> Vec<Row> {
        let Self { metric, unit, better: _, workload, series } = self;
        let row = |llm: &Llm, point: &HistoryPoint| {
            let Llm { id, llm_name, provider } = llm;
            let HistoryPoint {
                published_at,
                timestamp,
                value,
                ci_low,
                ci_high,
                rank,
                rank_low,
                rank_high,
                provisional,
                mostly_failed,
            } = point;
            vec![
                ("metric", metric.into()),
                ("unit", unit.into()),
                ("workload", workload.into()),
                ("llm_id", id.into()),
                ("llm_name", llm_name.into()),
                ("provider", provider.as_ref().into()),
                ("published_at", published_at.into()),
                ("timestamp", timestamp.into()),
                ("value", (*value).into()),
                ("ci_low", (*ci_low).into()),
                ("ci_high", (*ci_high).into()),
                ("rank", (*rank).into()),
                ("rank_low", (*rank_low).into()),
                ("rank_high", (*rank_high).into()),
                ("provisional", (*provisional).into()),
                ("mostly_failed", (*mostly_failed).into()),
            ]
        };
        let rows = |series: &Series| {
            let Series { llm, points } = series;
            points.iter().map(|point| row(llm, point)).collect::<Vec<_>>()
        };
        series.iter().flat_map(rows).collect()
    }
}

/// One row per metric.
impl Tabular for Run {
    fn rows(&self) -> Vec<Row> {
        let Self {
            id,
            llm: Llm { id: llm_id, llm_name, provider },
            workload,
            source,
            started_at,
            recorded_at,
            tool,
            tool_version,
            attempted_requests,
            failed_requests,
            file_name,
            metrics,
            verdict,
            findings,
        } = self;
        let findings: Vec<_> = findings.iter().map(|finding| finding.code.as_str()).collect();
        let findings = findings.join(" ");
        let row = |(metric, measurement): (&String, &Measurement)| {
            let Measurement {
                sampled,
                count,
                mean,
                standard_deviation,
                min,
                max,
                p50,
                p90,
                p95,
                p99,
            } = measurement;
            vec![
                ("id", id.into()),
                ("llm_id", llm_id.into()),
                ("llm_name", llm_name.into()),
                ("provider", provider.as_ref().into()),
                ("workload", workload.into()),
                ("source", source.into()),
                ("started_at", started_at.into()),
                ("recorded_at", recorded_at.into()),
                ("tool", tool.as_ref().into()),
                ("tool_version", tool_version.as_ref().into()),
                ("attempted_requests", (*attempted_requests).into()),
                ("failed_requests", (*failed_requests).into()),
                ("file_name", file_name.as_ref().into()),
                ("verdict", verdict.into()),
                ("findings", (&findings).into()),
                ("metric", metric.into()),
                ("sampled", (*sampled).into()),
                ("count", (*count).into()),
                ("mean", (*mean).into()),
                ("standard_deviation", (*standard_deviation).into()),
                ("min", (*min).into()),
                ("max", (*max).into()),
                ("p50", (*p50).into()),
                ("p90", (*p90).into()),
                ("p95", (*p95).into()),
                ("p99", (*p99).into()),
            ]
        };
        metrics.iter().map(row).collect()
    }
}
