use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, Responder};
use apistos::paths::Responses;
use apistos::reference_or::ReferenceOr;
use apistos::{ApiComponent, Schema, api_operation};
use benchmark_application::{HistoryError, HistoryQuery};
use benchmark_domain::{
    Bucket, HistorySpan, InvalidHistorySpan, LlmReference, MetricName, Timestamp, WorkloadSlug,
};
use benchmark_ports::{Clock, PageLimit};
use schemars::JsonSchema;
use schemars::schema::InstanceType;
use serde::{Deserialize, Serialize};

use super::metric::{Metric, no_such_metric};
use crate::aside::aside;
use crate::auth::ReadKey;
use crate::docs::headers;
use crate::error::ApiError;
use crate::path::Segment;
use crate::query::{Query, parse, parse_whole_number};
use crate::services::Services;
use crate::tabular::{Exported, Format, Preferred};
use crate::wire::{BUCKET, History, SLUG, VISIBLE, moment, timestamp};

/// Which part of the history.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    /// The conditions that were measured under; the service's default workload
    /// where it is left out.
    #[schemars(regex = "SLUG")]
    workload: Option<String>,
    /// Only this LLM: its id, its name, or `provider/name`.
    #[schemars(length(min = 1, max = 301), regex = "VISIBLE")]
    llm: Option<String>,
    /// The first moment that counts, in RFC 3339; from the beginning where it is
    /// left out.
    #[schemars(with = "Timestamp")]
    from: Option<String>,
    /// The first moment that does not count any more, in RFC 3339; up to now
    /// where it is left out.
    #[schemars(with = "Timestamp")]
    to: Option<String>,
    /// Of each so many minutes (`15m`), hours (`1h`) or days (`1d`) since 1970
    /// only the last publication is shown; at most 1000 of these may lie
    /// between `from` and `to`. Every publication where it is left out.
    #[schemars(regex = "BUCKET")]
    bucket: Option<String>,
    /// How many publications are shown at most, the last ones; 1000 where it is
    /// left out. Fewer are where they had more than 10,000 values together.
    #[schemars(with = "u16", range(min = 1, max = 1000))]
    limit: Option<String>,
    /// `json` or `csv`, one row per value; what `Accept` prefers where it is
    /// left out.
    #[schemars(with = "Format")]
    format: Option<String>,
}

impl Parameters {
    fn question(
        &self,
        metric: MetricName,
        default_workload: &WorkloadSlug,
        clock: &dyn Clock,
    ) -> Result<HistoryQuery, ApiError> {
        let Self { workload, llm, from, to, bucket, limit, format: _ } = self;
        let most = PageLimit::MAX.into();
        let limit = parse_whole_number("limit", limit.as_deref(), 1, most)?.unwrap_or(most);
        let from = parse("from", from.as_deref(), moment)?;
        let to = parse("to", to.as_deref(), moment)?;
        let bucket = parse("bucket", bucket.as_deref(), Bucket::parse)?;
        let span = HistorySpan::new(from, to, bucket, clock.now()).map_err(|error| {
            let field = match error {
                InvalidHistorySpan::Reversed => "from",
                InvalidHistorySpan::TooManyBuckets { .. } => "bucket",
            };
            ApiError::invalid(field, error)
        })?;
        Ok(HistoryQuery {
            metric,
            workload: parse("workload", workload.as_deref(), WorkloadSlug::parse)?
                .unwrap_or_else(|| default_workload.clone()),
            llm: parse("llm", llm.as_deref(), LlmReference::parse)?,
            span,
            limit: PageLimit::new(limit as u64).map_err(|e| ApiError::invalid("limit", e))?,
        })
    }

    /// The link to the same question about what ends there. Relative, since a proxy
    /// may have changed the path.
    fn link_to(self, end: Timestamp) -> Option<HeaderValue> {
        let asked = Self { to: Some(timestamp(end)), ..self };
        let query = serde_urlencoded::to_string(asked).ok()?;
        HeaderValue::try_from(format!("<?{query}>; rel=\"next\"")).ok()
    }
}

/// A part of the history.
#[derive(Debug)]
pub(crate) struct Part {
    shown: Exported<History>,
    /// The link to the part before it, where there may be one.
    earlier: Option<HeaderValue>,
}

impl Responder for Part {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut response = self.shown.respond_to(request);
        if let Some(link) = self.earlier {
            response.headers_mut().append(header::LINK, link);
        }
        response
    }
}

impl ApiComponent for Part {
    fn child_schemas() -> Vec<(String, ReferenceOr<Schema>)> {
        Exported::<History>::child_schemas()
    }

    fn schema() -> Option<(String, ReferenceOr<Schema>)> {
        None
    }

    fn responses(content_type: Option<String>) -> Option<Responses> {
        let mut responses = Exported::<History>::responses(content_type)?;
        if let Some(ReferenceOr::Object(done)) = responses.responses.get_mut("200") {
            let link = headers::header(
                "Where to ask for the publications before these, where there may be some.",
                InstanceType::String,
                "<?to=2024-09-27T08%3A57%3A21.004512Z>; rel=\"next\"".into(),
            );
            done.headers.insert("Link".to_owned(), link);
        }
        Some(responses)
    }
}

/// How value and rank of each LLM changed over time
///
/// Out of the publications of the default ranking: each LLM's latest run, by its
/// mean. The last ones of the span are shown, in the order of their time. Where
/// there may be earlier ones the message says with which `to` to ask for them:
/// the first `published_at`, or the beginning of its bucket. The header `Link`
/// leads there too (`rel="next"`), from a table as well, which has no message.
#[api_operation(
    tag = "rankings",
    operation_id = "getHistory",
    error_code = 401,
    error_code = 403,
    error_code = 404,
    error_code = 422,
    error_code = 429,
    error_code = 500,
    error_code = 503
)]
pub(crate) async fn history(
    _key: ReadKey,
    Segment(metric): Segment<Metric>,
    parameters: Query<Parameters>,
    preferred: Preferred,
    services: Data<Services>,
) -> Result<Part, ApiError> {
    let metric = match metric {
        Ok(name) => name,
        Err(text) => return Err(no_such_metric(&text, &services).await?),
    };
    let parameters = parameters.into_inner()?;
    let format = Format::asked(parameters.format.as_deref(), preferred)?;
    let question = parameters.question(metric, &services.default_workload, &*services.clock)?;
    let view = services.read_history.run(&question).await.map_err(|error| match error {
        HistoryError::Find(error) => ApiError::from_search("llm", error),
        HistoryError::Load(error) => error.into(),
    })?;
    const FILE: HeaderValue = HeaderValue::from_static("attachment; filename=\"history.csv\"");
    let earlier = view.earlier.and_then(|end| parameters.link_to(end));
    let clock = Arc::clone(&services.clock);
    let shown = aside(move || {
        Exported::new(&(&view).into(), view.message.as_deref(), format, FILE, &*clock)
    });
    Ok(Part { shown: shown.await?, earlier })
}

#[cfg(test)]
mod tests {
    use benchmark_port_contracts::fixtures::{a_run, at};
    use serde_json::{Value, json};

    use crate::testing::TestApp;

    const TTFT: &str = "/api/v1/benchmark/TTFT/history";

    /// Three publications, all at one moment: the test's clock stands still.
    async fn overtaken() -> TestApp {
        let app = TestApp::empty();
        for run in [
            a_run().llm("swift").provider("acme").ttft(&[0.2, 0.3]),
            a_run().llm("tardy").ttft(&[0.8, 0.9]),
            a_run().llm("tardy").started(at(5)).ttft(&[0.1, 0.1]),
        ] {
            app.shared.services.record_runs.run(&[run.build()]).await.unwrap();
        }
        app
    }

    fn values(series: &Value, name: &str) -> Vec<Value> {
        series["points"].as_array().unwrap().iter().map(|point| point[name].clone()).collect()
    }

    #[actix_web::test]
    async fn an_llm_has_a_point_in_every_publication_it_stands_in() {
        let history = overtaken().await.get(TTFT).await.data();
        assert_eq!((&history["metric"], &history["unit"]), (&json!("TTFT"), &json!("s")));
        let [tardy, swift] = [&history["series"][0], &history["series"][1]];
        assert_eq!(
            (&tardy["llm"]["llm_name"], &tardy["llm"]["provider"]),
            (&json!("tardy"), &Value::Null)
        );
        assert_eq!(values(tardy, "rank"), [2, 1], "whoever is first now comes first");
        assert_eq!(values(swift, "rank"), [1, 1, 2]);
        assert_eq!(values(swift, "value"), [0.25, 0.25, 0.25]);
        assert_eq!(values(tardy, "timestamp")[1], "2025-06-15T15:06:45.123456Z");
        assert_eq!(values(tardy, "published_at")[1], "2025-06-15T15:06:40.123456Z");
    }

    #[actix_web::test]
    async fn one_llm_is_shown_alone() {
        let app = overtaken().await;
        for llm in ["tardy", "%20tardy", "acme/swift", "swift"] {
            let history = app.get(&format!("{TTFT}?llm={llm}")).await.data();
            assert_eq!(history["series"].as_array().unwrap().len(), 1, "{llm}");
        }
        let message = app.get(&format!("{TTFT}?llm=nobody")).await.refusal(404);
        assert!(message.starts_with("llm: ") && message.contains("acme/swift"), "{message}");
    }

    #[actix_web::test]
    async fn a_span_and_buckets_choose_a_part() {
        let app = overtaken().await;
        let points = async |query: &str| {
            let history = app.get(&format!("{TTFT}?llm=swift&{query}")).await.data();
            history["series"].get(0).map_or(0, |series| values(series, "rank").len())
        };
        assert_eq!(points("bucket=1m").await, 1);
        assert_eq!(points("limit=2").await, 2);
        assert_eq!(points("from=2025-06-15T15:06:40.123456Z").await, 3);
        assert_eq!(points("from=2025-06-15T15:06:40.123457Z").await, 0);
        assert_eq!(points("to=2025-06-15T17:06:40.123457%2B02:00").await, 3);
        assert_eq!(points("to=2025-06-15T15:06:40.123456Z").await, 0);
        assert_eq!(points("from=2025-06-15T00:00:00Z&to=2025-06-16T00:00:00Z&bucket=15m").await, 1);
    }

    #[actix_web::test]
    async fn a_full_page_says_where_the_one_before_ends() {
        let app = overtaken().await;
        let message = app.get(&format!("{TTFT}?limit=1")).await.envelope()["message"].take();
        assert!(message.as_str().unwrap().contains("to=2025-06-15T15:06:40.123456Z"), "{message}");
        let message =
            app.get(&format!("{TTFT}?limit=1&bucket=1h")).await.envelope()["message"].take();
        assert!(message.as_str().unwrap().contains("to=2025-06-15T15:00:00.000000Z"), "{message}");
        assert_eq!(app.get(TTFT).await.envelope()["message"], Value::Null);
        let nothing = app.get(&format!("{TTFT}?workload=other")).await.envelope();
        assert_eq!(nothing["data"]["series"], json!([]));
        assert!(nothing["message"].as_str().unwrap().contains("TTFT on other"), "{nothing}");
    }

    #[actix_web::test]
    async fn a_full_page_links_to_the_one_before_as_a_table_too() {
        let app = overtaken().await;
        for format in ["json", "csv"] {
            let query = format!("llm=acme/swift&bucket=1h&limit=1&format={format}");
            let answer = app.get(&format!("{TTFT}?{query}")).await;
            let link = answer.header("link").to_owned();
            let target = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
            let parts = ["llm=acme%2Fswift", "bucket=1h", "limit=1", "to=2025-06-15T15%3A00%3A00"];
            assert!(parts.iter().all(|part| target.contains(part)), "{link}");
            let before = app.get(&format!("{TTFT}{target}")).await;
            assert_eq!((before.status.as_u16(), before.header("link")), (200, ""));
            assert_eq!(before.header("content-type"), answer.header("content-type"));
        }
        assert_eq!(app.get(TTFT).await.header("link"), "");
    }

    #[actix_web::test]
    async fn a_table_has_a_row_per_value() {
        let table = overtaken().await.get(&format!("{TTFT}?format=csv")).await;
        let table = String::from_utf8(table.body.to_vec()).unwrap();
        assert!(table.starts_with("metric,unit,workload,llm_id,llm_name,"), "{table}");
        assert_eq!(table.lines().count(), 1 + 5, "{table}");
        assert_eq!(table.matches(",swift,acme,").count(), 3, "{table}");
    }

    #[actix_web::test]
    async fn an_unknown_metric_names_the_known_ones() {
        for unknown in ["BANANA", "a%20b"] {
            let path = format!("/api/v1/benchmark/{unknown}/history");
            assert!(TestApp::empty().get(&path).await.refusal(404).contains("TTFT"), "{unknown}");
        }
    }

    #[actix_web::test]
    async fn a_parameter_that_means_nothing_is_refused_by_name() {
        let app = TestApp::empty();
        for (query, field) in [
            ("limit=0", "limit: "),
            ("limit=1001", "limit: "),
            ("workload=a%20b", "workload: "),
            ("llm=", "llm: "),
            ("llm=a%00b", "llm: "),
            ("from=yesterday", "from: "),
            ("to=1750000000", "to: "),
            ("from=2025-06-15T15:00:00Z&to=2025-06-15T15:00:00Z", "from: "),
            ("bucket=1s", "bucket: "),
            ("bucket=0m", "bucket: "),
            ("bucket=366d", "bucket: "),
            ("bucket=1m&from=2025-06-14T15:00:00Z&to=2025-06-15T15:00:00Z", "bucket: "),
            ("bucket=1m&from=2025-06-14T15:00:00Z", "bucket: "),
            ("format=xml", "format: "),
            ("statistic=p99", "`statistic`"),
        ] {
            let message = app.get(&format!("{TTFT}?{query}")).await.refusal(422);
            assert!(message.contains(field), "{query}: {message}");
        }
    }
}
