use actix_web::web::Data;
use apistos::api_operation;
use schemars::JsonSchema;
use serde::Serialize;

use crate::representation::Shown;
use crate::services::Services;
use crate::wire::Example;

/// The process runs.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Alive {
    /// Always `alive`: who is not does not answer.
    status: String,
}

impl Example for Alive {
    fn example() -> Self {
        Self { status: "alive".to_owned() }
    }
}

/// Whether the process runs
#[api_operation(tag = "operations", operation_id = "getLiveness")]
pub(crate) async fn live(services: Data<Services>) -> Shown<Alive> {
    Shown::new(&Alive::example(), &*services.clock)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use crate::testing::TestApp;

    #[actix_web::test]
    async fn a_running_process_is_alive_whoever_asks() {
        let answer = TestApp::empty().call(TestRequest::with_uri("/health/live")).await;
        assert_eq!(answer.data()["status"], "alive");
    }
}
