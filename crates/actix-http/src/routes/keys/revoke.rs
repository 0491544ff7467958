use actix_web::body::BoxBody;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, Responder};
use apistos::paths::Responses;
use apistos::reference_or::ReferenceOr;
use apistos::{ApiComponent, Schema, api_operation};
use benchmark_ports::ApiKeyId;

use crate::auth::AdminKey;
use crate::documented::{in_envelope, responses, schemas_of};
use crate::envelope;
use crate::error::ApiError;
use crate::path::{Id, Segment};
use crate::query::{NoParameters, Query};
use crate::services::Services;
use crate::wire::ApiKey;

/// The key as it is now.
#[derive(Debug)]
pub(crate) struct Revoked(ApiKey);

impl Responder for Revoked {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        response.content_type(envelope::JSON).body(envelope::success(&self.0, None))
    }
}

impl ApiComponent for Revoked {
    fn child_schemas() -> Vec<(String, ReferenceOr<Schema>)> {
        schemas_of::<ApiKey>()
    }

    fn schema() -> Option<(String, ReferenceOr<Schema>)> {
        None
    }

    fn responses(_: Option<String>) -> Option<Responses> {
        let description = "The key is revoked, now or since it was before.";
        Some(responses([("200", description, in_envelope::<ApiKey>())]))
    }
}

/// Revoke an API key, for good
///
/// The replica that answers refuses the key from then on, every other one within
/// 5 seconds. Revoking a key again changes nothing.
#[api_operation(
    tag = "keys",
    operation_id = "revokeKey",
    error_code = 401,
    error_code = 403,
    error_code = 404,
    error_code = 422,
    error_code = 429,
    error_code = 500,
    error_code = 503
)]
pub(crate) async fn revoke_key(
    key: AdminKey,
    Segment(id): Segment<Id>,
    parameters: Query<NoParameters>,
    services: Data<Services>,
) -> Result<Revoked, ApiError> {
    let NoParameters {} = parameters.into_inner()?;
    let not_found = || ApiError::not_found("There is no API key with this id");
    let id = id.ok_or_else(not_found)?;
    let revoked = services.revoke_key.run(ApiKeyId(id)).await?.ok_or_else(not_found)?;
    tracing::info!(key = %id, by = %key.principal(), "an API key was revoked");
    Ok(Revoked((&revoked).into()))
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use actix_web::test::TestRequest;
    use benchmark_port_contracts::fixtures::at;

    use crate::testing::{Answer, TestApp, get};

    async fn revoke(app: &TestApp, id: &str) -> Answer {
        app.call(get(&format!("/api/v1/keys/{id}")).method(Method::DELETE)).await
    }

    #[actix_web::test]
    async fn a_revoked_key_stops_at_once_and_stays_as_it_is_when_revoked_again() {
        let app = TestApp::empty();
        let plain = app.stored(|_| {}).await;
        let used = || TestRequest::with_uri("/api/v1/llms").insert_header(("X-API-Key", &*plain));
        assert_eq!(app.call(used()).await.status, 200);
        let id = app.get("/api/v1/keys").await.data()[0]["id"].as_str().unwrap().to_owned();
        let first = revoke(&app, &id).await;
        assert_eq!((first.status.as_u16(), &first.data()["id"]), (200, &id.as_str().into()));
        assert_eq!(first.data()["revoked_at"], "2025-06-15T15:06:40.123456Z");
        app.call(used()).await.refusal(401);
        assert_eq!(revoke(&app, &id).await.body, first.body);
        assert_eq!(app.get("/api/v1/keys").await.data()[0], first.data());
    }

    #[actix_web::test]
    async fn a_key_that_was_revoked_earlier_keeps_that_moment() {
        let app = TestApp::empty();
        app.stored(|key| key.revoked_at = Some(at(-60))).await;
        let id = app.get("/api/v1/keys").await.data()[0]["id"].as_str().unwrap().to_owned();
        assert_eq!(revoke(&app, &id).await.data()["revoked_at"], "2025-06-15T15:05:40.123456Z");
    }

    #[actix_web::test]
    async fn whatever_is_no_id_of_a_key_is_not_found() {
        let app = TestApp::empty();
        for id in ["00000000-0000-8000-8000-000000000000", "1"] {
            revoke(&app, id).await.refusal(404);
        }
    }
}
