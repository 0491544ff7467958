use actix_web::http::header::HeaderValue;
use actix_web::web::Data;
use apistos::api_operation;
use benchmark_ports::{RankingQuery, Subject};

use super::metric::{Metric, no_such_metric};
use super::parameters::RankingParameters;
use crate::aside::aside;
use crate::auth::ReadKey;
use crate::error::ApiError;
use crate::path::Segment;
use crate::query::Query;
use crate::representation::Shown;
use crate::services::Services;
use crate::tabular::{Exported, Format, Preferred};
use crate::wire::RankingEntry;

/// The ranking of the LLMs by one metric on one workload
///
/// The best one first. Every entry says how sure its rank is: `rank_low` and
/// `rank_high` enclose the ranks that the LLM may truly have. Where the workload
/// has no runs the list is empty and the message names the workloads that have; where
/// more entries follow it says how many there are.
/// While a newer answer is being made, or the database is unavailable, the last good
/// one stands in, with its `Age` and `Cache-Status: benchmark-api; hit;
/// detail=stale`. Tables are made anew for each request: they have no such stand-in,
/// and no message.
#[api_operation(
    tag = "rankings",
    operation_id = "getRanking",
    error_code = 401,
    error_code = 403,
    error_code = 404,
    error_code = 422,
    error_code = 429,
    error_code = 500,
    error_code = 503
)]
pub(crate) async fn ranking(
    _key: ReadKey,
    Segment(metric): Segment<Metric>,
    parameters: Query<RankingParameters>,
    preferred: Preferred,
    services: Data<Services>,
) -> Result<Exported<Vec<RankingEntry<'static>>>, ApiError> {
    let metric = match metric {
        Ok(name) => name,
        Err(text) => return Err(no_such_metric(&text, &services).await?),
    };
    let parameters = parameters.into_inner()?;
    let (question, format) =
        parameters.asked(Subject::Metric(metric), preferred, &services.default_workload)?;
    match format {
        Format::Json => {
            let served = services.read_ranking.run(&question).await?;
            Ok(Exported::Json(Shown::served(served, &*services.clock)))
        }
        // Apart, so that the many answers from the cache need no room for it.
        Format::Csv => Box::pin(table(&question, &services)).await,
    }
}

async fn table(
    question: &RankingQuery,
    services: &Services,
) -> Result<Exported<Vec<RankingEntry<'static>>>, ApiError> {
    const FILE: HeaderValue = HeaderValue::from_static("attachment; filename=\"ranking.csv\"");
    let rankings = services.read_ranking.views(question).await?;
    aside(move || {
        let entries: Vec<_> = rankings.iter().flat_map(RankingEntry::all_of).collect();
        Exported::csv(&entries, FILE)
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use benchmark_application::{ComputeRanking, ReadRanking};
    use benchmark_domain::WorkloadSlug;
    use benchmark_domain::chrono::TimeDelta;
    use benchmark_memory_adapter::MemoryStore;
    use benchmark_port_contracts::async_trait;
    use benchmark_port_contracts::fixtures::{a_run, at};
    use benchmark_ports::{
        Document, ForgetRankings, LoadError, LoadRanking, RankingCache, RankingQuery, Served,
    };

    use crate::ranking_encoder::JsonRankings;
    use crate::testing::{TestApp, get};

    const TTFT: &str = "/api/v1/benchmark/TTFT";

    async fn three_llms() -> TestApp {
        TestApp::with(&[
            a_run().llm("slow").provider("acme").ttft(&[0.8, 0.9, 1.0]).build(),
            a_run().llm("fast").started(at(5)).ttft(&[0.1, 0.2, 0.3]).build(),
            a_run().llm("dead").requests(9, 6).ttft(&[0.01, 0.01, 0.01]).build(),
        ])
        .await
    }

    #[actix_web::test]
    async fn the_best_comes_first_and_who_mostly_failed_comes_last() {
        let entries = three_llms().await.get(TTFT).await.data();
        let names: Vec<_> =
            entries.as_array().unwrap().iter().map(|e| e["llm_name"].as_str().unwrap()).collect();
        assert_eq!(names, ["fast", "slow", "dead"]);
        assert_eq!(entries[2]["mostly_failed"], true);
        assert_eq!(entries[2]["failed_requests"], 6);
    }

    #[actix_web::test]
    async fn an_entry_says_who_what_when_and_how_sure() {
        let entries = three_llms().await.get("/api/v1/benchmark/ttft").await.data();
        let entry = entries[0].as_object().unwrap();
        for (name, value) in [
            ("metric", "TTFT".into()),
            ("unit", "s".into()),
            ("rank", 1.into()),
            ("rank_low", 1.into()),
            ("mean_value", entry["value"].clone()),
            ("provider", serde_json::Value::Null),
            ("provisional", true.into()),
            ("sample_count", 3.into()),
            ("run_count", 1.into()),
            ("attempted_requests", 4.into()),
            ("workload", "default".into()),
            ("source", "push".into()),
            ("timestamp", "2025-06-15T15:06:45.123456Z".into()),
        ] {
            assert_eq!(entry[name], value, "{name}");
        }
        assert!(entry["ci_low"].as_f64() < entry["ci_high"].as_f64());
        assert!(entry["id"].is_string());
    }

    #[actix_web::test]
    async fn a_percentile_of_too_few_samples_is_null_with_the_reason() {
        let many: Vec<_> = (1..=100).map(|i| f64::from(i) / 100.0).collect();
        let runs = [a_run().llm("many").ttft(&many).build(), a_run().llm("few").build()];
        let app = TestApp::with(&runs).await;
        let entry = app.get(TTFT).await.data()[1].clone();
        assert!(entry["p95"].is_f64());
        assert_eq!(entry["p99"], serde_json::Value::Null);
        assert_eq!(entry["missing"], serde_json::json!({ "p99": "needs 368 samples, has 100" }));
        // Who has no value to be ranked by is named beside the ranking.
        let by_p95 = app.get(&format!("{TTFT}?statistic=p95")).await;
        assert_eq!(by_p95.data().as_array().unwrap().len(), 1);
        let message = by_p95.envelope()["message"].clone();
        assert_eq!(message, "not ranked by p95: few needs 72 samples, has 3");
    }

    #[actix_web::test]
    async fn an_unknown_metric_names_the_known_ones() {
        let app = TestApp::empty();
        for unknown in ["BANANA", "%C3%A4", "a%20b", &"x".repeat(5000)] {
            let message = app.get(&format!("/api/v1/benchmark/{unknown}")).await.refusal(404);
            assert!(message.contains("TTFT, TPOT") || message.contains("E2E_LATENCY"), "{message}");
            assert!(message.len() < 1100);
        }
    }

    #[actix_web::test]
    async fn a_name_may_be_percent_encoded() {
        let app = three_llms().await;
        for name in ["%54TFT", "T%54F%54", "%74tft", "TTF%54?limit=5"] {
            let answer = app.get(&format!("/api/v1/benchmark/{name}")).await;
            assert_eq!(answer.data()[0]["metric"], "TTFT", "{name}");
        }
        app.get("/api/v1/benchmark/%2554TFT").await.refusal(404);
    }

    #[actix_web::test]
    async fn a_workload_without_runs_names_those_that_have() {
        let app = TestApp::with(&[a_run().workload("chat").build()]).await;
        let envelope = app.get(TTFT).await.envelope();
        assert_eq!(envelope["data"], serde_json::json!([]));
        assert!(envelope["message"].as_str().unwrap().contains("chat"), "{envelope}");
        assert_eq!(app.get(&format!("{TTFT}?workload=Chat")).await.data()[0]["llm_name"], "llm");
    }

    #[actix_web::test]
    async fn an_empty_window_says_whether_a_longer_one_has_runs_and_who_else_has() {
        for (workloads, query, expected) in [
            (&["default"][..], "window=1h", "in window 1h; a longer window has some"),
            (&["chat"], "window=1h", "in window 1h; these workloads have: chat"),
            (&["chat"], "window=all", "in window all; these workloads have: chat"),
            (
                &["chat", "default"],
                "window=1h",
                "in window 1h; a longer window has some, and so do the workloads chat",
            ),
            (&[], "window=all", "in window all; no other workload has any"),
        ] {
            let app = TestApp::empty();
            for workload in workloads {
                let run = a_run().workload(workload).started(at(-7200)).build();
                app.shared.services.record_runs.run(&[run]).await.unwrap();
            }
            for path in [TTFT, "/api/v1/benchmark"] {
                let answer = app.get(&format!("{path}?{query}")).await.envelope();
                let message = answer["message"].as_str().unwrap();
                assert_eq!(message, format!("no runs to rank on workload default {expected}"));
            }
        }
    }

    #[actix_web::test]
    async fn whoever_asks_for_a_provider_that_is_not_ranked_is_told_which_are() {
        let app = three_llms().await;
        let nobody = "no LLM of nobody is ranked; those that are ranked are of acme";
        for (query, message) in [
            ("provider=nobody", Some(nobody)),
            ("provider=acme", None),
            ("provider=acme&offset=1", Some("there are 1, and offset=1 skips them all")),
        ] {
            let answer = app.get(&format!("{TTFT}?{query}")).await.envelope();
            assert_eq!(answer["message"].as_str(), message, "{query}");
        }
        let app = TestApp::with(&[a_run().build()]).await;
        let answer = app.get(&format!("{TTFT}?provider=acme")).await.envelope();
        assert_eq!(answer["message"], "no LLM of acme is ranked; no ranked LLM has a provider");
    }

    #[actix_web::test]
    async fn a_provider_is_shown_with_its_rank_among_all() {
        let entries = three_llms().await.get(&format!("{TTFT}?provider=acme")).await.data();
        assert_eq!(entries.as_array().unwrap().len(), 1);
        assert_eq!(entries[0]["rank"], 2);
    }

    #[actix_web::test]
    async fn limit_and_offset_choose_a_part() {
        let app = three_llms().await;
        let part = app.get(&format!("{TTFT}?limit=1&offset=1&statistic=mean&window=7d")).await;
        assert_eq!(part.data().as_array().unwrap().len(), 1);
        assert_eq!(part.data()[0]["llm_name"], "slow");
    }

    #[actix_web::test]
    async fn a_part_says_how_many_there_are() {
        let app = three_llms().await;
        for (query, message) in [
            ("limit=3", None),
            ("limit=2", Some("2 of 3 are shown; offset=2 gives the next")),
            ("limit=1&offset=1", Some("1 of 3 are shown; offset=2 gives the next")),
            ("limit=2&offset=1", None),
            ("offset=3", Some("there are 3, and offset=3 skips them all")),
            ("offset=4294967295", Some("there are 3, and offset=4294967295 skips them all")),
            ("limit=1&provider=acme", None),
        ] {
            let answer = app.get(&format!("{TTFT}?{query}")).await.envelope();
            assert_eq!(answer["message"].as_str(), message, "{query}");
        }
        let all = app.get("/api/v1/benchmark?limit=1").await.data();
        let ttft = all.as_array().unwrap().iter().find(|it| it["metric"] == "TTFT").unwrap();
        assert_eq!(ttft["message"], "1 of 3 are shown; offset=1 gives the next");
    }

    #[actix_web::test]
    async fn a_parameter_that_means_nothing_is_refused_by_name() {
        let app = TestApp::empty();
        for (query, field) in [
            ("limit=0", "limit: "),
            ("limit=1001", "limit: "),
            ("limit=1e9", "limit: "),
            ("offset=-1", "offset: "),
            ("offset=4294967296", "offset: "),
            ("window=banana", "window: "),
            ("statistic=p101", "statistic: "),
            ("workload=a%20b", "workload: "),
            ("provider=%00", "provider: "),
            ("window=all&window=all", "`window`"),
            ("format=xml", "format: "),
            ("bananas=5", "`bananas`"),
        ] {
            let message = app.get(&format!("{TTFT}?{query}")).await.refusal(422);
            assert!(message.contains(field), "{query}: {message}");
        }
    }

    #[actix_web::test]
    async fn what_the_caller_has_already_is_not_sent_again() {
        let app = three_llms().await;
        let first = app.get(TTFT).await;
        let tag = first.header("etag").to_owned();
        let again = app.call(get(TTFT).insert_header(("If-None-Match", tag.clone()))).await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
        assert_eq!(again.header("etag"), tag);
        let other = app.call(get(TTFT).insert_header(("If-None-Match", "\"other\""))).await;
        assert_eq!(other.body, first.body);
    }

    /// A cache that has nothing but an old answer.
    struct Old(Arc<Document>);

    #[async_trait]
    impl RankingCache for Old {
        fn peek(&self, _: &RankingQuery) -> Option<Served> {
            None
        }

        async fn get_or_load(
            &self,
            _: &RankingQuery,
            _: &dyn LoadRanking,
        ) -> Result<Served, LoadError> {
            Ok(Served::stale(self.0.clone()))
        }
    }

    #[async_trait]
    impl ForgetRankings for Old {
        async fn forget(&self, _: &WorkloadSlug) {}

        async fn forget_everything(&self) {}
    }

    #[actix_web::test]
    async fn a_stale_answer_says_so_and_how_old_it_is() {
        let app = TestApp::altered(|services| {
            let made_at = services.clock.now() - TimeDelta::seconds(90);
            let document = Document::new(b"{}".to_vec(), "tag".to_owned(), made_at);
            let (store, clock) = (Arc::new(MemoryStore::default()), services.clock.clone());
            let compute = ComputeRanking::new(store.clone(), store, Arc::new(JsonRankings), clock);
            let old = Arc::new(Old(Arc::new(document)));
            services.read_ranking = Arc::new(ReadRanking::new(old, compute));
        });
        let answer = app.get(TTFT).await;
        assert_eq!((answer.status.as_u16(), answer.header("age")), (200, "90"));
        assert_eq!(answer.header("cache-status"), "benchmark-api; hit; detail=stale");
        let fresh = TestApp::empty().get(TTFT).await;
        assert_eq!((fresh.header("age"), fresh.header("cache-status")), ("", ""));
    }

    #[actix_web::test]
    async fn each_coding_has_an_entity_tag_of_its_own() {
        let app = three_llms().await;
        let plain = app.get(TTFT).await;
        for coding in ["gzip", "br"] {
            let coded = app.call(get(TTFT).insert_header(("Accept-Encoding", coding))).await;
            assert_eq!(coded.header("content-encoding"), coding);
            assert_eq!(coded.header("vary"), "Accept, Accept-Encoding");
            assert_ne!(coded.header("etag"), plain.header("etag"));
            assert!(coded.body.len() < plain.body.len());
        }
    }

    #[actix_web::test]
    async fn a_table_has_a_row_per_entry_under_the_names_of_its_fields() {
        let samples: Vec<_> = (1..=400).map(|n| f64::from(n) / 1000.0).collect();
        let run = |llm| a_run().llm(llm).requests(400, 0).ttft(&samples).build();
        let app = TestApp::with(&["a", "b", "c"].map(run)).await;
        let by_parameter = app.get(&format!("{TTFT}?format=csv")).await;
        let by_header = app.call(get(TTFT).insert_header(("Accept", "text/csv"))).await;
        assert_eq!(by_parameter.body, by_header.body);
        let content_type = "text/csv; charset=utf-8; header=present";
        assert_eq!(by_header.header("content-type"), content_type);
        assert_eq!(by_header.header("vary"), "Accept, Accept-Encoding");
        assert_eq!(by_header.header("content-disposition"), "attachment; filename=\"ranking.csv\"");
        let json =
            app.call(get(&format!("{TTFT}?format=json")).insert_header(("Accept", "text/csv")));
        let entries = json.await.data();
        let table = std::str::from_utf8(&by_header.body).unwrap();
        let mut lines =
            table.split_terminator("\r\n").map(|line| line.split(',').collect::<Vec<_>>());
        let header = lines.next().unwrap();
        let mut columns = header.clone();
        columns.sort_unstable();
        let fields: Vec<_> = entries[0].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(columns, fields, "a column per field");
        for (row, entry) in lines.by_ref().zip(entries.as_array().unwrap()) {
            assert_eq!(row.len(), header.len());
            for (cell, column) in row.iter().zip(&header) {
                let value = &entry[*column];
                let same = match value {
                    serde_json::Value::Null => cell.is_empty(),
                    serde_json::Value::String(text) => cell == text,
                    serde_json::Value::Bool(truth) => cell.parse() == Ok(*truth),
                    serde_json::Value::Object(missing) => missing.is_empty() && cell.is_empty(),
                    number => {
                        // What reads JSON here is not exact in the last digit.
                        let (cell, number) = (cell.parse::<f64>().unwrap(), number.as_f64());
                        (cell - number.unwrap()).abs() <= 1e-12 * cell.abs()
                    }
                };
                assert!(same, "{column}: {cell} {value}");
            }
        }
        assert_eq!(table.lines().count(), 4);
    }

    #[actix_web::test]
    async fn a_table_that_the_caller_has_already_is_not_sent_again() {
        let run = |number| a_run().llm(&format!("llm-{number}")).build();
        let app = TestApp::with(&(0..10).map(run).collect::<Vec<_>>()).await;
        let csv = || get(TTFT).insert_header(("Accept", "text/csv"));
        let first = app.call(csv()).await;
        let tag = first.header("etag").to_owned();
        assert_ne!(tag, app.get(TTFT).await.header("etag"));
        let again = app.call(csv().insert_header(("If-None-Match", tag.clone()))).await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
        let coded = app.call(csv().insert_header(("Accept-Encoding", "gzip"))).await;
        assert_eq!(coded.header("content-encoding"), "gzip");
        assert_ne!(coded.header("etag"), tag);
    }

    #[actix_web::test]
    async fn a_name_that_would_be_a_formula_is_a_text_in_a_table() {
        let run = a_run().llm("=HYPERLINK(\"x\")").provider("@acme").build();
        let table = TestApp::with(&[run]).await.get(&format!("{TTFT}?format=csv")).await;
        let table = std::str::from_utf8(&table.body).unwrap();
        assert!(table.contains("\"'=HYPERLINK(\"\"x\"\")\",'@acme,"), "{table}");
    }

    #[actix_web::test]
    async fn a_refusal_is_never_a_table() {
        let app = TestApp::empty();
        app.get("/api/v1/benchmark/BANANA?format=csv").await.refusal(404);
        app.get(&format!("{TTFT}?format=csv&limit=0")).await.refusal(422);
    }

    #[actix_web::test]
    async fn a_small_answer_is_not_compressed() {
        let app = TestApp::empty();
        let answer = app.call(get(TTFT).insert_header(("Accept-Encoding", "gzip"))).await;
        assert_eq!(answer.header("content-encoding"), "");
    }
}
