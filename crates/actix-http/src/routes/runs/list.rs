use std::sync::Arc;

use actix_web::http::header::HeaderValue;
use actix_web::web::Data;
use apistos::api_operation;
use benchmark_application::BrowseCatalogue;
use benchmark_domain::{Grade, LlmReference, RunId, Source, WorkloadSlug, uuid::Uuid};
use benchmark_ports::RunFilter;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::aside::aside;
use crate::auth::ReadKey;
use crate::error::ApiError;
use crate::page::{nothing_after, parse_id, parse_limit};
use crate::query::{Query, parse};
use crate::services::Services;
use crate::tabular::{Exported, Format, Preferred};
use crate::wire::{Run, SLUG, SourceName, VISIBLE, VerdictName};

/// Which runs, and which page of them.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    /// Only runs on this workload.
    #[schemars(regex = "SLUG")]
    workload: Option<String>,
    /// Only runs of this LLM: its id, its name, or `provider/name`.
    #[schemars(length(min = 1, max = 301), regex = "VISIBLE")]
    llm: Option<String>,
    /// Only runs from this source.
    #[schemars(with = "SourceName")]
    source: Option<String>,
    /// Only runs with this verdict.
    #[schemars(with = "VerdictName")]
    verdict: Option<String>,
    /// How many runs are shown at most; 100 where it is left out.
    #[schemars(with = "u16", range(min = 1, max = 1000))]
    limit: Option<String>,
    /// The `id` of the last run of the page before; the first page where it is
    /// left out.
    #[schemars(with = "Uuid")]
    after: Option<String>,
    /// `json` or `csv`, one row per run and metric; what `Accept` prefers where it is
    /// left out.
    #[schemars(with = "Format")]
    format: Option<String>,
}

impl Parameters {
    async fn filter(&self, catalogue: &BrowseCatalogue) -> Result<RunFilter, ApiError> {
        let llm = match parse("llm", self.llm.as_deref(), LlmReference::parse)? {
            Some(reference) => {
                let found = catalogue.find_llm(&reference).await;
                Some(found.map_err(|error| ApiError::from_search("llm", error))?.id())
            }
            None => None,
        };
        let source = |text: &str| {
            Source::parse(text).ok_or("a source is one of simulation, import, push, probe")
        };
        let verdict = |text: &str| {
            Grade::parse(text).ok_or("a verdict is one of ok, notice, unrankable, unjudged")
        };
        Ok(RunFilter {
            workload: parse("workload", self.workload.as_deref(), WorkloadSlug::parse)?,
            llm,
            source: parse("source", self.source.as_deref(), source)?,
            verdict: parse("verdict", self.verdict.as_deref(), verdict)?,
        })
    }
}

/// Recorded runs, the one that started last first
#[api_operation(
    tag = "runs",
    operation_id = "listRuns",
    error_code = 401,
    error_code = 403,
    error_code = 404,
    error_code = 422,
    error_code = 429,
    error_code = 500,
    error_code = 503
)]
pub(crate) async fn runs(
    _key: ReadKey,
    parameters: Query<Parameters>,
    preferred: Preferred,
    services: Data<Services>,
) -> Result<Exported<Vec<Run>>, ApiError> {
    let parameters = parameters.into_inner()?;
    let format = Format::asked(parameters.format.as_deref(), preferred)?;
    let limit = parse_limit(parameters.limit.as_deref())?;
    let after = parse_id("after", parameters.after.as_deref())?.map(RunId);
    let filter = parameters.filter(&services.browse_catalogue).await?;
    let runs = services.browse_catalogue.runs(&filter, after, limit).await?;
    let runs = runs.ok_or_else(nothing_after)?;
    const FILE: HeaderValue = HeaderValue::from_static("attachment; filename=\"runs.csv\"");
    let clock = Arc::clone(&services.clock);
    // A thousand runs are megabytes.
    aside(move || {
        let runs: Vec<_> = runs.iter().map(Run::from).collect();
        Exported::new(&runs, None, format, FILE, &*clock)
    })
    .await
}

#[cfg(test)]
mod tests {
    use benchmark_domain::Source;
    use benchmark_port_contracts::fixtures::{a_run, at, llm};

    use crate::testing::TestApp;

    async fn three_runs() -> TestApp {
        TestApp::with(&[
            a_run().llm("a").started(at(1)).build(),
            a_run().llm("b").started(at(2)).source(Source::Import).build(),
            a_run().llm("a").started(at(3)).workload("chat").build(),
        ])
        .await
    }

    async fn starts(app: &TestApp, query: &str) -> Vec<String> {
        let runs = app.get(&format!("/api/v1/runs{query}")).await.data();
        let start =
            |run: &serde_json::Value| run["started_at"].as_str().unwrap()[17..19].to_owned();
        runs.as_array().unwrap().iter().map(start).collect()
    }

    #[actix_web::test]
    async fn the_run_that_started_last_comes_first() {
        assert_eq!(starts(&three_runs().await, "").await, ["43", "42", "41"]);
    }

    #[actix_web::test]
    async fn filters_narrow_the_list() {
        let app = three_runs().await;
        assert_eq!(starts(&app, "?workload=chat").await, ["43"]);
        assert_eq!(starts(&app, "?source=import").await, ["42"]);
        assert_eq!(starts(&app, "?verdict=notice").await, ["43", "42", "41"]);
        assert_eq!(starts(&app, "?verdict=unrankable").await, <[&str; 0]>::default());
        for a in ["a", &llm("a").id().to_string()] {
            assert_eq!(starts(&app, &format!("?llm={a}")).await, ["43", "41"]);
        }
    }

    #[actix_web::test]
    async fn an_llm_that_is_not_known_is_refused_with_those_that_are() {
        let app = three_runs().await;
        let message = app.get("/api/v1/runs?llm=c").await.refusal(404);
        assert!(message.starts_with("llm: there is no LLM c; there are a ("), "{message}");
        app.get("/api/v1/runs?llm=6d1f0e0c-4f0e-8c5a-9a53-0b7c0f6f2f10").await.refusal(404);
    }

    #[actix_web::test]
    async fn a_name_of_many_is_refused_with_some_of_them() {
        let at = |i: i32| a_run().llm("a").provider(&format!("p{i}")).build();
        let app = TestApp::with(&(10..22).map(at).collect::<Vec<_>>()).await;
        let message = app.get("/api/v1/runs?llm=a").await.refusal(422);
        assert!(message.contains("p19/a (") && message.contains(") and others; "), "{message}");
        assert!(!message.contains("p20/a ("), "{message}");
        assert_eq!(starts(&app, "?llm=p20/a").await.len(), 1);
    }

    #[actix_web::test]
    async fn pages_follow_each_other_by_the_last_id() {
        let app = three_runs().await;
        let first = app.get("/api/v1/runs?limit=2").await.data();
        let after = first[1]["id"].as_str().unwrap();
        assert_eq!(starts(&app, &format!("?limit=2&after={after}")).await, ["41"]);
    }

    #[actix_web::test]
    async fn a_table_has_a_row_per_run_and_metric() {
        let table = three_runs().await.get("/api/v1/runs?format=csv&limit=2").await;
        let table = String::from_utf8(table.body.to_vec()).unwrap();
        assert!(table.starts_with("id,llm_id,llm_name,"), "{table}");
        assert_eq!(table.lines().count(), 1 + 2 * 2, "TTFT and ERROR_RATE of each: {table}");
    }

    #[actix_web::test]
    async fn a_parameter_that_means_nothing_is_refused_by_name() {
        let app = TestApp::empty();
        for (query, field) in [
            ("source=rumour", "source: "),
            ("verdict=x", "verdict: "),
            ("llm=%07", "llm: "),
            ("after=x", "after: "),
            ("format=xml", "format: "),
        ] {
            let message = app.get(&format!("/api/v1/runs?{query}")).await.refusal(422);
            assert!(message.starts_with(field), "{message}");
        }
    }
}
