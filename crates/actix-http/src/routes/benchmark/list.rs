use actix_web::http::header::HeaderValue;
use actix_web::web::Data;
use apistos::api_operation;
use benchmark_ports::Subject;

use super::parameters::RankingParameters;
use crate::aside::aside;
use crate::auth::ReadKey;
use crate::error::ApiError;
use crate::query::Query;
use crate::representation::Shown;
use crate::services::Services;
use crate::tabular::{Exported, Format, Preferred};
use crate::wire::Ranking;

/// The rankings by every metric on one workload
///
/// One per metric, by name; `limit` and `offset` apply to each.
#[api_operation(
    tag = "rankings",
    operation_id = "listRankings",
    error_code = 401,
    error_code = 403,
    error_code = 422,
    error_code = 429,
    error_code = 500,
    error_code = 503
)]
pub(crate) async fn rankings(
    _key: ReadKey,
    parameters: Query<RankingParameters>,
    preferred: Preferred,
    services: Data<Services>,
) -> Result<Exported<Vec<Ranking<'static>>>, ApiError> {
    let parameters = parameters.into_inner()?;
    let (question, format) =
        parameters.asked(Subject::AllMetrics, preferred, &services.default_workload)?;
    match format {
        Format::Json => {
            let served = services.read_ranking.run(&question).await?;
            Ok(Exported::Json(Shown::served(served, &*services.clock)))
        }
        Format::Csv => {
            const FILE: HeaderValue =
                HeaderValue::from_static("attachment; filename=\"rankings.csv\"");
            let rankings = Box::pin(services.read_ranking.views(&question)).await?;
            aside(move || {
                let rankings: Vec<_> = rankings.iter().map(Ranking::from).collect();
                Exported::csv(&rankings, FILE)
            })
            .await
        }
    }
}

#[cfg(test)]
mod tests {
    use benchmark_domain::metrics;
    use benchmark_port_contracts::fixtures::a_run;

    use crate::testing::TestApp;

    #[actix_web::test]
    async fn every_metric_has_its_ranking() {
        let run = a_run().ttft(&[0.1, 0.2]).samples(metrics::TPS, &[40.0, 50.0]).build();
        let rankings = TestApp::with(&[run]).await.get("/api/v1/benchmark").await.data();
        let of = |metric: &str| {
            let rankings = rankings.as_array().unwrap().iter();
            rankings.clone().find(|ranking| ranking["metric"] == metric).unwrap()
        };
        assert_eq!(rankings.as_array().unwrap().len(), metrics::BUILT_IN.len());
        assert_eq!(of("TTFT")["better"], "lower");
        assert_eq!(of("TPS")["better"], "higher");
        assert_eq!(of("TPS")["entries"][0]["unit"], "token/s");
        assert_eq!(of("ITL")["entries"], serde_json::json!([]));
        assert_eq!(
            (&of("TTFT")["window"], &of("TTFT")["statistic"]),
            (&"latest".into(), &"mean".into())
        );
    }

    #[actix_web::test]
    async fn a_table_has_the_entries_of_every_ranking() {
        let run = a_run().ttft(&[0.1, 0.2]).samples(metrics::TPS, &[40.0, 50.0]).build();
        let table = TestApp::with(&[run]).await.get("/api/v1/benchmark?format=csv").await;
        let table = String::from_utf8(table.body.to_vec()).unwrap();
        assert_eq!(table.lines().count(), 4, "a header, TTFT, TPS and ERROR_RATE: {table}");
        assert!(table.contains(",TPS,llm,"), "{table}");
    }

    #[actix_web::test]
    async fn a_parameter_that_means_nothing_is_refused_by_name() {
        let message = TestApp::empty().get("/api/v1/benchmark?limit=0").await.refusal(422);
        assert!(message.starts_with("limit: "), "{message}");
    }
}
