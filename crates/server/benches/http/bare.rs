use std::path::Path;

use actix_web::http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::web::{self, Bytes};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};

const TAG: &str = "\"0123456789abcdef0123456789abcdef\"";

/// Serves the bytes of a file to whoever has the key, and nothing else.
pub(crate) fn serve(port: &str, body: &Path) {
    let port: u16 = port.parse().expect("a port");
    let body = Bytes::from(std::fs::read(body).expect("a body"));
    actix_web::rt::System::new()
        .block_on(async move {
            let app = move || {
                App::new()
                    .app_data(web::Data::new(body.clone()))
                    .route("/health/ready", web::get().to(HttpResponse::Ok))
                    .route(super::TTFT, web::get().to(ranking))
            };
            HttpServer::new(app).workers(1).bind(("127.0.0.1", port))?.run().await
        })
        .expect("the server runs");
}

async fn ranking(request: HttpRequest, body: web::Data<Bytes>) -> HttpResponse {
    let headers = request.headers();
    if headers.get("x-api-key").is_none_or(|key| key != super::KEY) {
        return HttpResponse::Unauthorized().finish();
    }
    if headers.get(IF_NONE_MATCH).is_some_and(|tag| tag == TAG) {
        return HttpResponse::NotModified().insert_header((ETAG, TAG)).finish();
    }
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header((ETAG, TAG))
        .body(body.get_ref().clone())
}
