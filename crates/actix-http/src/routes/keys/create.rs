use actix_web::body::BoxBody;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, Responder};
use apistos::paths::Responses;
use apistos::reference_or::ReferenceOr;
use apistos::{ApiComponent, Schema, api_operation};
use benchmark_application::CreateKeyError;

use crate::auth::AdminKey;
use crate::documented::{in_envelope, responses, schemas_of};
use crate::envelope;
use crate::error::ApiError;
use crate::json_body::JsonBody;
use crate::query::{NoParameters, Query};
use crate::services::Services;
use crate::unread::Unread;
use crate::wire::{CreatedKey, NewApiKey, Refusal};

/// The new key, which nobody on the way may keep.
#[derive(Debug)]
pub(crate) struct Created(CreatedKey);

impl Responder for Created {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Created()
            .content_type(envelope::JSON)
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(envelope::success(&self.0, None))
    }
}

impl ApiComponent for Created {
    fn child_schemas() -> Vec<(String, ReferenceOr<Schema>)> {
        schemas_of::<CreatedKey>()
    }

    fn schema() -> Option<(String, ReferenceOr<Schema>)> {
        None
    }

    fn responses(_: Option<String>) -> Option<Responses> {
        let description = "The key was made; it is shown this once.";
        Some(responses([("201", description, in_envelope::<CreatedKey>())]))
    }
}

/// Make an API key
///
/// The key stands in `key`, this once: only its hash is stored. To replace a
/// key, make the new one, hand it out, then revoke the old one: both are valid
/// until then. `Idempotency-Key` means nothing here, since no key is shown
/// twice.
#[api_operation(
    tag = "keys",
    operation_id = "createKey",
    error_code = 400,
    error_code = 401,
    error_code = 403,
    error_code = 408,
    error_code = 413,
    error_code = 415,
    error_code = 422,
    error_code = 429,
    error_code = 500,
    error_code = 503
)]
pub(crate) async fn create_key(
    key: AdminKey,
    parameters: Query<NoParameters>,
    body: Unread<JsonBody<NewApiKey>>,
    services: Data<Services>,
) -> Result<Created, ApiError> {
    let NoParameters {} = parameters.into_inner()?;
    let JsonBody(new) = body.read(&key).await?;
    let expires_at =
        new.expires_at().map_err(|Refusal { path, reason }| ApiError::invalid(path, reason))?;
    let created = services.create_key.run(&new.owner, new.scopes(), expires_at).await;
    let (stored, plain) = created.map_err(|error| match error {
        CreateKeyError::Owner => ApiError::invalid("owner", error),
        CreateKeyError::NoScope => ApiError::invalid("scopes", error),
        CreateKeyError::Expired => ApiError::invalid("expires_at", error),
        CreateKeyError::Store(error) => error.into(),
    })?;
    tracing::info!(key = %stored.id.0, by = %key.principal(), "an API key was made");
    Ok(Created(CreatedKey::new(&stored, &plain)))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use bytes::Bytes;
    use serde_json::{Value, json};

    use crate::testing::{Answer, KEY, TestApp};
    use crate::wire::{Example, NewApiKey};

    async fn send(app: &TestApp, content_type: &str, body: impl Into<Bytes>) -> Answer {
        let request = TestRequest::post().uri("/api/v1/keys").insert_header(("X-API-Key", KEY));
        app.call(request.insert_header(("Content-Type", content_type)).set_payload(body)).await
    }

    async fn create(app: &TestApp, key: &Value) -> Answer {
        send(app, "application/json", key.to_string()).await
    }

    #[actix_web::test]
    async fn a_new_key_is_shown_once_and_opens_what_it_says() {
        let app = TestApp::empty();
        let asked = json!({"owner": " router ", "scopes": ["read"], "expires_at": null});
        let answer = create(&app, &asked).await;
        assert_eq!(answer.status, 201);
        assert_eq!(answer.header("cache-control"), "no-store");
        let mut shown = answer.data();
        let key = shown.as_object_mut().unwrap().remove("key").unwrap();
        assert_eq!((&shown["owner"], &shown["scopes"]), (&"router".into(), &json!(["read"])));
        let listed = app.get("/api/v1/keys").await;
        assert_eq!(listed.data(), json!([shown]));
        assert_eq!(listed.header("cache-control"), "private, no-cache");

        let with = |path: &str| {
            TestRequest::with_uri(path).insert_header(("X-API-Key", key.as_str().unwrap()))
        };
        assert_eq!(app.call(with("/api/v1/llms")).await.status, 200);
        app.call(with("/api/v1/keys")).await.refusal(403);
    }

    #[actix_web::test]
    async fn the_example_of_the_document_is_taken() {
        assert_eq!(create(&TestApp::empty(), &json!(NewApiKey::example())).await.status, 201);
    }

    #[actix_web::test]
    async fn what_cannot_be_is_refused_by_its_place_and_no_key_is_made() {
        let app = TestApp::empty();
        let with = |name: &str, value: Value| {
            let mut key = json!({"owner": "router", "scopes": ["read"]});
            key[name] = value;
            key
        };
        for (key, place) in [
            (with("owner", json!("")), "owner: "),
            (with("owner", json!(" ")), "owner: "),
            (with("owner", json!("a\u{0}b")), "owner: "),
            (with("owner", json!("x".repeat(101))), "owner: "),
            (with("owner", json!(7)), "owner: "),
            (with("scopes", json!([])), "scopes: "),
            (with("scopes", json!("read")), "scopes: "),
            (with("scopes", json!(["read", "Admin"])), "scopes[1]: "),
            (with("expires_at", json!("tomorrow")), "expires_at: "),
            (with("expires_at", json!("2025-06-15T15:06:40Z")), "expires_at: "),
            (with("expires_at", json!(1_800_000_000)), "expires_at: "),
            (with("colour", json!("red")), "colour: "),
            (with("hash", json!("00")), "hash: "),
            (json!({"owner": "router"}), "body: "),
            (json!(["router", ["read"], null]), "body: "),
            (json!(null), "body: "),
        ] {
            let message = create(&app, &key).await.refusal(422);
            assert!(message.starts_with(place), "{place}: {message}");
        }
        assert_eq!(app.get("/api/v1/keys").await.data(), json!([]));
    }

    #[actix_web::test]
    async fn what_is_no_json_too_much_or_of_another_type_is_refused() {
        let app = TestApp::empty();
        for body in ["", "{", "{} {}", "{\"owner\": NaN}"] {
            send(&app, "application/json", body).await.refusal(400);
        }
        send(&app, "application/json", vec![b' '; 10_001]).await.refusal(413);
        send(&app, "application/x-ndjson", "{}").await.refusal(415);
    }
}
