use actix_web::web::Data;
use apistos::api_operation;
use benchmark_domain::uuid::Uuid;
use benchmark_ports::ApiKeyId;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::auth::AdminKey;
use crate::error::ApiError;
use crate::page::{nothing_after, parse_id, parse_limit};
use crate::query::Query;
use crate::representation::Shown;
use crate::services::Services;
use crate::wire::ApiKey;

/// Which page.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    /// How many keys are shown at most; 100 where it is left out.
    #[schemars(with = "u16", range(min = 1, max = 1000))]
    limit: Option<String>,
    /// The `id` of the last key of the page before; the first page where it is
    /// left out.
    #[schemars(with = "Uuid")]
    after: Option<String>,
}

/// API keys, the one made last first
///
/// Expired and revoked ones too. Neither a key nor its hash is ever shown. The
/// bootstrap key of the configuration is not among them.
#[api_operation(
    tag = "keys",
    operation_id = "listKeys",
    error_code = 401,
    error_code = 403,
    error_code = 404,
    error_code = 422,
    error_code = 429,
    error_code = 500,
    error_code = 503
)]
pub(crate) async fn keys(
    _key: AdminKey,
    parameters: Query<Parameters>,
    services: Data<Services>,
) -> Result<Shown<Vec<ApiKey>>, ApiError> {
    let Parameters { limit, after } = parameters.into_inner()?;
    let limit = parse_limit(limit.as_deref())?;
    let after = parse_id("after", after.as_deref())?.map(ApiKeyId);
    let keys = services.list_keys.run(after, limit).await?.ok_or_else(nothing_after)?;
    let keys: Vec<_> = keys.iter().map(ApiKey::from).collect();
    Ok(Shown::new(&keys, &*services.clock))
}

#[cfg(test)]
mod tests {
    use benchmark_port_contracts::fixtures::at;

    use crate::testing::TestApp;

    const PATH: &str = "/api/v1/keys";

    async fn two_keys() -> TestApp {
        let app = TestApp::empty();
        app.stored(|key| (key.owner, key.created_at) = ("older".to_owned(), at(-2))).await;
        app.stored(|key| (key.owner, key.created_at) = ("newer".to_owned(), at(-1))).await;
        app
    }

    #[actix_web::test]
    async fn a_key_tells_whose_it_is_and_what_it_opens_and_keeps_its_secret() {
        let app = TestApp::empty();
        let plain = app.stored(|key| key.last_used_at = Some(at(0))).await;
        let answer = app.get(PATH).await;
        let shown = answer.data()[0].clone();
        let names: Vec<_> = shown.as_object().unwrap().keys().map(String::as_str).collect();
        let expected =
            ["created_at", "expires_at", "id", "last_used_at", "owner", "revoked_at", "scopes"];
        assert_eq!(names, expected);
        assert_eq!(shown["owner"], "Zoë's \"router\"");
        assert_eq!(shown["scopes"], serde_json::json!(["read", "write"]));
        assert_eq!(shown["last_used_at"], "2025-06-15T15:06:40.123456Z");
        assert!(!String::from_utf8(answer.body.to_vec()).unwrap().contains(&plain));
    }

    #[actix_web::test]
    async fn pages_follow_each_other_by_the_last_id() {
        let app = two_keys().await;
        let first = app.get(&format!("{PATH}?limit=1")).await.data();
        assert_eq!(first[0]["owner"], "newer");
        let after = first[0]["id"].as_str().unwrap();
        let second = app.get(&format!("{PATH}?limit=1&after={after}")).await.data();
        assert_eq!(second[0]["owner"], "older");
    }

    #[actix_web::test]
    async fn an_after_that_leads_nowhere_is_refused() {
        let app = TestApp::empty();
        let nobody = "00000000-0000-8000-8000-000000000000";
        for (after, status) in [("x", 422), (nobody, 404)] {
            let message = app.get(&format!("{PATH}?after={after}")).await.refusal(status);
            assert!(message.starts_with("after: "), "{message}");
        }
    }
}
