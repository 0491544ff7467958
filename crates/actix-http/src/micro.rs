//! temp
#![allow(missing_docs, clippy::all)]
use actix_web::dev::Service as _;
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, HttpRequest, HttpResponse, web};
use std::time::Instant;
use crate::app::{Shared, application};
pub async fn run(services: crate::Services, key: &'static str, body: bytes::Bytes) {
    let shared = Shared::new(services, Default::default()).unwrap();
    let ours = init_service(application(&shared)).await;
    let bare = { let body = body.clone(); init_service(App::new().route("/api/v1/benchmark/TTFT", web::get().to(move |r: HttpRequest| { let body = body.clone(); async move {
            if r.headers().get("x-api-key").is_none_or(|k| k.as_bytes() != key.as_bytes()) { return HttpResponse::Unauthorized().finish(); }
            HttpResponse::Ok().insert_header(("ETag", "\"0123456789abcdef0123456789abcdef\"")).content_type("application/json").body(body) } }))).await };
    let dynamic = { let body = body.clone(); init_service(App::new().route("/api/v1/benchmark/{metric}", web::get().to(move |r: HttpRequest| { let body = body.clone(); async move {
            if r.headers().get("x-api-key").is_none_or(|k| k.as_bytes() != key.as_bytes()) { return HttpResponse::Unauthorized().finish(); }
            HttpResponse::Ok().insert_header(("ETag", "\"0123456789abcdef0123456789abcdef\"")).content_type("application/json").body(body) } }))).await };
    let n = 200_000;
    for _ in 0..5 {
        macro_rules! time { ($name:expr, $svc:expr, $path:expr) => {{
            let mut spent = std::time::Duration::ZERO;
            for _ in 0..n/100 {
                let reqs: Vec<_> = (0..100).map(|_| TestRequest::with_uri($path).insert_header(("X-API-Key", key)).to_request()).collect();
                let t = Instant::now();
                for r in reqs { let res = $svc.call(r).await.unwrap(); assert_eq!(res.status(), 200); std::hint::black_box(&res); }
                spent += t.elapsed();
            }
            print!("{} {:.0} ns  ", $name, spent.as_nanos() as f64 / n as f64);
        }}}
        time!("bare", bare, "/api/v1/benchmark/TTFT");
        time!("dynamic", dynamic, "/api/v1/benchmark/TTFT");
        time!("ours", ours, "/api/v1/benchmark/TTFT");
        time!("openapi", ours, "/openapi.json");
        println!();
    }
}
