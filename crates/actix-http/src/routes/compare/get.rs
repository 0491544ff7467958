use std::sync::Arc;

use actix_web::web::Data;
use apistos::api_operation;
use benchmark_application::{CompareError, ComparisonQuery};
use benchmark_domain::{LlmReference, MetricName, Statistic, Window, WorkloadSlug};
use schemars::JsonSchema;
use schemars::r#gen::SchemaGenerator;
use schemars::schema::{InstanceType, Schema, SchemaObject, StringValidation};
use serde::Deserialize;

use crate::aside::aside;
use crate::auth::ReadKey;
use crate::error::ApiError;
use crate::query::{Query, REQUIRED, parse};
use crate::representation::Shown;
use crate::services::Services;
use crate::wire::{Comparison, METRIC, SLUG, StatisticName, WINDOW};

/// Which LLMs are compared, and by what.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    /// 2 to 10 LLMs, separated by commas: each by its id, its name, or
    /// `provider/name`. One whose name has a comma is named by its id.
    #[schemars(with = "LlmList")]
    llms: Option<String>,
    /// Only this metric; every metric where it is left out.
    #[schemars(regex = "METRIC")]
    metric: Option<String>,
    /// The conditions that were measured under; the service's default workload
    /// where it is left out.
    #[schemars(regex = "SLUG")]
    workload: Option<String>,
    /// Which runs count: each LLM's `latest`, those of the last hours (`24h`)
    /// or days (`7d`), up to ten years, or `all`. `latest` where it is left
    /// out. From three runs of each on, the scatter between runs is what tests
    /// use.
    #[schemars(regex = "WINDOW")]
    window: Option<String>,
    /// What is compared; the mean where it is left out.
    #[schemars(with = "StatisticName")]
    statistic: Option<String>,
}

/// LLMs as the parameter `llms` names them.
struct LlmList;

impl JsonSchema for LlmList {
    fn is_referenceable() -> bool {
        false
    }

    fn schema_name() -> String {
        "LlmList".to_owned()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        const LLM: &str = r"[^,\u0000-\u001f\u007f-\u009f]+";
        Schema::Object(SchemaObject {
            instance_type: Some(InstanceType::String.into()),
            string: Some(Box::new(StringValidation {
                max_length: Some(10 * 301 + 9),
                pattern: Some(format!("^{LLM}(,{LLM}){{1,9}}$")),
                ..StringValidation::default()
            })),
            extensions: [(REQUIRED.to_owned(), true.into())].into(),
            ..SchemaObject::default()
        })
    }
}

impl Parameters {
    fn question(&self, default_workload: &WorkloadSlug) -> Result<ComparisonQuery, ApiError> {
        let Self { llms, metric, workload, window, statistic } = self;
        let llms = parse("llms", llms.as_deref(), |text| {
            text.split(',').map(LlmReference::parse).collect::<Result<Vec<_>, _>>()
        })?;
        Ok(ComparisonQuery {
            llms: llms.unwrap_or_default(),
            metric: parse("metric", metric.as_deref(), MetricName::parse)?,
            workload: parse("workload", workload.as_deref(), WorkloadSlug::parse)?
                .unwrap_or_else(|| default_workload.clone()),
            window: parse("window", window.as_deref(), Window::parse)?.unwrap_or_default(),
            statistic: parse("statistic", statistic.as_deref(), Statistic::parse)?
                .unwrap_or_default(),
        })
    }
}

/// LLMs side by side: which differences are real
///
/// Every two of the LLMs, on every metric: difference and ratio with their
/// intervals, whether the difference is significant, and how many more runs would
/// separate the two by 5 %.
#[api_operation(
    tag = "rankings",
    operation_id = "compareLlms",
    error_code = 401,
    error_code = 403,
    error_code = 404,
    error_code = 422,
    error_code = 429,
    error_code = 500,
    error_code = 503
)]
pub(crate) async fn compare(
    _key: ReadKey,
    parameters: Query<Parameters>,
    services: Data<Services>,
) -> Result<Shown<Comparison>, ApiError> {
    let question = parameters.into_inner()?.question(&services.default_workload)?;
    let view = services.compare_llms.run(&question).await.map_err(|error| match error {
        CompareError::Count(_) | CompareError::Twice(_) => ApiError::invalid("llms", error),
        CompareError::Find(error) => ApiError::from_search("llms", error),
        CompareError::Load(error) => error.into(),
    })?;
    let clock = Arc::clone(&services.clock);
    aside(move || Shown::remarked(&(&view).into(), view.message.as_deref(), &*clock)).await
}

#[cfg(test)]
mod tests {
    use benchmark_domain::metrics;
    use benchmark_port_contracts::fixtures::{a_run, at, llm, llm_at};
    use serde_json::{Value, json};

    use crate::testing::{TestApp, get};

    /// `swift` and `tardy`, each with three runs that hardly differ, and `once`.
    async fn three_llms() -> TestApp {
        let mut runs = vec![a_run().llm("once").provider("acme").ttft(&[0.5]).build()];
        for (llm, ttft) in [("swift", 0.2), ("tardy", 0.9)] {
            for (second, off) in [(0, 0.0), (1, 0.01), (2, 0.02)] {
                let run = a_run().llm(llm).started(at(second)).samples(metrics::TPS, &[9.0, 9.5]);
                runs.push(run.ttft(&[ttft + off, ttft + off + 0.001]).build());
            }
        }
        TestApp::with(&runs).await
    }

    fn of<'a>(comparison: &'a Value, metric: &str) -> &'a Value {
        let metrics = comparison["metrics"].as_array().unwrap();
        metrics.iter().find(|it| it["metric"] == metric).unwrap()
    }

    #[actix_web::test]
    async fn a_pair_says_how_it_differs_and_how_sure_that_is() {
        let app = three_llms().await;
        let comparison = app.get("/api/v1/compare?llms=swift,tardy&window=all").await.data();
        assert_eq!(comparison["llms"][1]["llm_name"], "tardy");
        let ttft = of(&comparison, "TTFT");
        assert_eq!((&ttft["unit"], &ttft["better"]), (&json!("s"), &json!("lower")));
        let pair = ttft["pairs"][0].as_object().unwrap();
        assert_eq!(pair["first"], llm("swift").id().to_string());
        assert_eq!(pair["second"], llm("tardy").id().to_string());
        let number = |name: &str| pair[name].as_f64().unwrap();
        assert!((number("difference") - 0.7).abs() < 1e-9, "{pair:?}");
        assert!((number("ratio") - 0.9105 / 0.2105).abs() < 1e-9, "{pair:?}");
        assert!(number("difference_low") < 0.7 && 0.7 < number("difference_high"));
        assert!(number("ratio_low") < number("ratio") && number("ratio") < number("ratio_high"));
        assert!(number("p_value") < 0.001);
        assert_eq!((&pair["significant"], &pair["provisional"]), (&json!(true), &json!(false)));
        assert!(pair["more_runs"].is_u64() && pair["more_runs_unknown"].is_null(), "{pair:?}");
        // They do not differ in what does not differ.
        assert_eq!(of(&comparison, "TPS")["pairs"][0]["significant"], false);
    }

    #[actix_web::test]
    async fn too_few_runs_are_said_to_be_too_few() {
        let app = three_llms().await;
        let comparison = app.get("/api/v1/compare?llms=swift,acme/once&window=all").await.data();
        let pair = &of(&comparison, "TTFT")["pairs"][0];
        assert_eq!((&pair["provisional"], &pair["more_runs"]), (&json!(true), &Value::Null));
        assert!(pair["more_runs_unknown"].as_str().unwrap().contains("fewer than three runs"));
        // `once` has no TPS: there is nothing to compare with.
        let tps = of(&comparison, "TPS");
        assert_eq!((tps["values"].as_array().unwrap().len(), &tps["pairs"]), (1, &json!([])));
    }

    #[actix_web::test]
    async fn who_has_too_few_samples_for_a_percentile_is_left_out_and_named() {
        let app = three_llms().await;
        let comparison = app.get("/api/v1/compare?llms=swift,once&window=all&statistic=p50").await;
        let comparison = comparison.data();
        let ttft = of(&comparison, "TTFT");
        assert_eq!((ttft["values"].as_array().unwrap().len(), &ttft["pairs"]), (1, &json!([])));
        let message = ttft["message"].as_str().unwrap();
        assert!(message.contains("once (acme) needs 6 samples, has 1"), "{message}");
    }

    #[actix_web::test]
    async fn every_two_of_several_are_compared() {
        let app = three_llms().await;
        let ids = format!("{},tardy,once", llm("swift").id());
        let comparison = app.get(&format!("/api/v1/compare?llms={ids}&metric=ttft")).await.data();
        assert_eq!(comparison["metrics"].as_array().unwrap().len(), 1);
        assert_eq!(of(&comparison, "TTFT")["pairs"].as_array().unwrap().len(), 3);
    }

    #[actix_web::test]
    async fn a_workload_without_runs_of_them_is_no_mistake() {
        let app = three_llms().await;
        let answer = app.get("/api/v1/compare?llms=swift,tardy&workload=other").await.envelope();
        assert_eq!(answer["data"]["metrics"], json!([]));
        assert!(answer["message"].as_str().unwrap().contains("other"), "{answer}");
    }

    #[actix_web::test]
    async fn whoever_is_unknown_is_a_404_that_names_who_may_be_meant() {
        let app = three_llms().await;
        let message = app.get("/api/v1/compare?llms=swift,NCE").await.refusal(404);
        assert!(message.starts_with("llms: there is no LLM NCE; there are acme/once"), "{message}");
        assert!(!message.contains("tardy"), "{message}");
        let message = app.get("/api/v1/compare?llms=banana,swift").await.refusal(404);
        assert!(message.contains("tardy") && message.contains("once"), "{message}");
        let message = app.get("/api/v1/compare?llms=swift,tardy&metric=BANANA").await.refusal(404);
        assert!(message.contains("TTFT"), "{message}");
    }

    #[actix_web::test]
    async fn a_name_of_several_is_a_422_that_names_them() {
        let runs = ["groq", "acme"].map(|provider| a_run().llm("x").provider(provider).build());
        let app = TestApp::with(&runs).await;
        let message = app.get("/api/v1/compare?llms=groq/x,x").await.refusal(422);
        assert!(message.starts_with("llms: "), "{message}");
        for candidate in ["groq", "acme"].map(|provider| llm_at("x", provider).id()) {
            assert!(message.contains(&candidate.to_string()), "{message}");
        }
        assert_eq!(app.get("/api/v1/compare?llms=groq/x,acme/x").await.status, 200);
    }

    #[actix_web::test]
    async fn a_parameter_that_means_nothing_is_refused_by_name() {
        let app = three_llms().await;
        let many = ["swift"; 11].join(",");
        for (query, field) in [
            ("", "llms: "),
            ("llms=", "llms: "),
            ("llms=swift", "llms: "),
            ("llms=swift,,tardy", "llms: "),
            ("llms=swift,swift", "llms: "),
            (&*format!("llms={many}"), "llms: "),
            ("llms=a,b%00", "llms: "),
            ("llms=swift,tardy&metric=a%20b", "metric: "),
            ("llms=swift,tardy&window=banana", "window: "),
            ("llms=swift,tardy&statistic=p101", "statistic: "),
            ("llms=swift,tardy&workload=a%20b", "workload: "),
            ("llms=swift,tardy&limit=5", "`limit`"),
        ] {
            let message = app.get(&format!("/api/v1/compare?{query}")).await.refusal(422);
            assert!(message.contains(field), "{query}: {message}");
        }
    }

    #[actix_web::test]
    async fn what_the_caller_has_already_is_not_sent_again() {
        let app = three_llms().await;
        let path = "/api/v1/compare?llms=swift,tardy";
        let tag = app.get(path).await.header("etag").to_owned();
        let again = app.call(get(path).insert_header(("If-None-Match", tag))).await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    }
}
