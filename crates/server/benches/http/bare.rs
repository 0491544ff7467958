//! What the service is held against: the least that a handler can do which
//! checks a key and gets its answer from the same place.

use actix_web::http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use deadpool_postgres::{ManagerConfig, Pool, RecyclingMethod};
use redis::aio::MultiplexedConnection;
use redis::{AsyncTypedCommands, Client};
use tokio_postgres::NoTls;

use crate::{KEY, TTFT};

const TAG: &str = "\"0123456789abcdef0123456789abcdef\"";

/// Serves, on a port, answers from memory, Redis or PostgreSQL: `PORT memory
/// FILE`, `PORT redis URL`, `PORT postgres URL FILE`.
pub(crate) fn serve(args: &[String]) {
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let [port, source, at, rest @ ..] = args.as_slice() else { panic!("what to serve?") };
    let port: u16 = port.parse().expect("a port");
    let read = |file: &str| Bytes::from(std::fs::read(file).expect("a body"));
    actix_web::rt::System::new().block_on(async {
        match *source {
            "memory" => {
                let body = Data::new(read(at));
                run(port, move |app| {
                    app.app_data(body.clone()).route(TTFT, web::get().to(from_memory));
                })
                .await;
            }
            "redis" => {
                let client = Client::open(*at).expect("a URL of Redis");
                let connection = client.get_multiplexed_async_connection().await;
                let connection = Data::new(connection.expect("a connection"));
                run(port, move |app| {
                    app.app_data(connection.clone()).route(TTFT, web::get().to(from_redis));
                })
                .await;
            }
            "postgres" => {
                let (pool, body) = (Data::new(pool(at)), Data::new(read(rest[0])));
                run(port, move |app| {
                    app.app_data(pool.clone())
                        .app_data(body.clone())
                        .route(TTFT, web::get().to(from_postgres));
                })
                .await;
            }
            _ => panic!("{source}?"),
        }
    });
}

async fn run(port: u16, routes: impl Fn(&mut ServiceConfig) + Send + Clone + 'static) {
    let app = move || {
        App::new()
            .route("/health/ready", web::get().to(HttpResponse::Ok))
            .configure(|app| routes(app))
    };
    let server = HttpServer::new(app).workers(1).bind(("127.0.0.1", port));
    server.expect("a free port").run().await.expect("the server runs");
}

fn has_key(request: &HttpRequest) -> bool {
    request.headers().get("x-api-key").is_some_and(|key| key == KEY)
}

fn answer(body: Bytes) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header((ETAG, TAG))
        .body(body)
}

async fn from_memory(request: HttpRequest, body: Data<Bytes>) -> HttpResponse {
    if !has_key(&request) {
        return HttpResponse::Unauthorized().finish();
    }
    if request.headers().get(IF_NONE_MATCH).is_some_and(|tag| tag == TAG) {
        return HttpResponse::NotModified().insert_header((ETAG, TAG)).finish();
    }
    answer(body.get_ref().clone())
}

/// The key in Redis under which the bare handler finds its answer.
pub(crate) const BODY: &str = "bare:body";

/// One GET over a shared connection.
async fn from_redis(request: HttpRequest, connection: Data<MultiplexedConnection>) -> HttpResponse {
    if !has_key(&request) {
        return HttpResponse::Unauthorized().finish();
    }
    let mut connection = connection.get_ref().clone();
    let body: Option<String> = connection.get(BODY).await.expect("Redis answers");
    answer(body.expect("there is a body").into())
}

/// Ten connections that are used again without being tested.
fn pool(url: &str) -> Pool {
    let config: tokio_postgres::Config = url.parse().expect("a URL of PostgreSQL");
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = deadpool_postgres::Manager::from_config(config, NoTls, recycling);
    Pool::builder(manager).max_size(10).build().expect("a pool")
}

/// The rows of the current ranking.
const CURRENT: &str = "SELECT b.* FROM benchmark b JOIN rankings r \
     ON r.metric = b.metric AND r.workload = b.workload AND r.published_revision = b.revision \
     WHERE b.metric = $1 AND b.workload = $2";

/// One prepared SELECT of the rows that the answer is made of.
async fn from_postgres(request: HttpRequest, pool: Data<Pool>, body: Data<Bytes>) -> HttpResponse {
    if !has_key(&request) {
        return HttpResponse::Unauthorized().finish();
    }
    let connection = pool.get().await.expect("a connection");
    let statement = connection.prepare_cached(CURRENT).await.expect("a statement");
    let rows = connection.query(&statement, &[&"TTFT", &"default"]).await.expect("rows");
    assert_eq!(rows.len(), 10, "ten entries");
    answer(body.get_ref().clone())
}
