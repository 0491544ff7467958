//! The server: listening, serving, and stopping without failing a request.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::{App, HttpServer, dev};
use thiserror::Error;
use tokio::sync::mpsc;
use url::Url;

use crate::app::{
    Application, Exposition, Shared, application, application_with_cors, exposition_alone,
};
use crate::body::BodyLimits;
use crate::drain::Drain;
use crate::services::Services;

/// How long a connection may rest between two requests: longer than the
/// proxies in front of a service keep theirs, so that they close first.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// How long a request's head may take to arrive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// How to serve.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// The name or address to listen on.
    pub host: String,
    /// The port to listen on; 0 for any that is free.
    pub port: u16,
    /// The port where Prometheus reads instead; `None` for the same one.
    pub metrics_port: Option<u16>,
    /// How many workers; `None` for one per core.
    pub workers: Option<usize>,
    /// What a request's body may cost.
    pub body: BodyLimits,
    /// The origins whose pages may call the API from a browser, `*` for all.
    pub cors_origins: Vec<String>,
    /// How long the server goes on serving, reported as not ready, before it
    /// stops: the time that load balancers need to notice.
    pub drain: Duration,
    /// How long requests in flight may then take; rounded up to whole seconds.
    pub stop_timeout: Duration,
}

impl Default for ServerConfig {
    /// Port 8000 of this host alone, one worker per core, a drain of 1.5 s, 30 s
    /// for what is in flight.
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 8000,
            metrics_port: None,
            workers: None,
            body: BodyLimits::default(),
            cors_origins: Vec::new(),
            drain: Duration::from_millis(1500),
            stop_timeout: Duration::from_secs(30),
        }
    }
}

/// Why there is no server.
#[derive(Debug, Error)]
pub enum BindError {
    /// The address is taken, forbidden or not one of this machine.
    #[error("cannot listen on {address}")]
    Listen {
        /// The host and the port.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// Not an origin.
    #[error("{0:?} is no origin as browsers send it, such as https://example.org")]
    Origin(String),
    /// The registry has metrics of the same names already.
    #[error("the HTTP metrics cannot be registered")]
    Metrics(#[source] prometheus::Error),
}

/// A server that listens, but does not answer yet.
pub struct Server {
    api: Listening,
    metrics: Option<Listening>,
    drain: Drain,
    drain_for: Duration,
}

/// A server of actix, and where it listens.
struct Listening {
    server: dev::Server,
    addresses: Vec<SocketAddr>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("addresses", &self.addresses()).finish_non_exhaustive()
    }
}

impl Server {
    /// Listens. Call it within a tokio runtime.
    ///
    /// # Errors
    /// [`BindError`].
    pub fn bind(config: &ServerConfig, services: Services) -> Result<Self, BindError> {
        let mut shared = Shared::new(services, config.body).map_err(BindError::Metrics)?;
        let drain = shared.drain.clone();
        let origins = config.cors_origins.clone();
        if let Some(origin) = origins.iter().find(|origin| !is_origin(origin)) {
            return Err(BindError::Origin(origin.clone()));
        }
        let metrics = match config.metrics_port {
            None => None,
            Some(port) => {
                shared.exposition = Exposition::Apart;
                let (config, shared) =
                    (ServerConfig { port, workers: Some(1), ..config.clone() }, shared.clone());
                Some(listen(&config, move || exposition_alone(&shared))?)
            }
        };
        let api = if origins.is_empty() {
            listen(config, move || application(&shared))
        } else {
            listen(config, move || application_with_cors(&shared, &origins))
        }?;
        Ok(Self { api, metrics, drain, drain_for: config.drain })
    }

    /// Where it listens.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.api.addresses
    }

    /// Where it listens for Prometheus, if that is not the same.
    pub fn metrics_addresses(&self) -> &[SocketAddr] {
        self.metrics.as_ref().map_or(&[], |metrics| &metrics.addresses)
    }

    /// Serves until `stop` receives something: then drains, then finishes what
    /// is in flight. Whatever `stop` receives after that ends it at once.
    ///
    /// # Errors
    /// What the system said when the workers could not be started.
    pub async fn run(self, stop: mpsc::Receiver<()>) -> io::Result<()> {
        let Self { api, metrics, drain, drain_for } = self;
        // To the end, so that what is finished last is counted too.
        let metrics = metrics.map(|metrics| tokio::spawn(metrics.server));
        let ended = api.serve(&drain, drain_for, stop).await;
        if let Some(metrics) = metrics {
            metrics.abort();
        }
        ended
    }
}

impl Listening {
    async fn serve(
        self,
        drain: &Drain,
        drain_for: Duration,
        mut stop: mpsc::Receiver<()>,
    ) -> io::Result<()> {
        let server = self.server;
        let handle = server.handle();
        let mut server = pin!(server);
        tokio::select! {
            ended = &mut server => return ended,
            () = asked(&mut stop) => {}
        }

        tracing::info!(seconds = drain_for.as_secs_f64(), "draining");
        drain.begin();
        tokio::select! {
            ended = &mut server => return ended,
            () = asked(&mut stop) => return aborted(),
            () = tokio::time::sleep(drain_for) => {}
        }

        tracing::info!("finishing what is in flight");
        let _stopped = handle.stop(true);
        tokio::select! {
            ended = &mut server => ended,
            // Dropping the server stops its workers where they are.
            () = asked(&mut stop) => aborted(),
        }
    }
}

async fn asked(stop: &mut mpsc::Receiver<()>) {
    if stop.recv().await.is_none() {
        // Nobody is left who could ask.
        std::future::pending::<()>().await;
    }
}

fn aborted() -> io::Result<()> {
    tracing::warn!("asked again: stopping at once");
    Ok(())
}

/// Whether a browser can send this, letter by letter: anything else would match
/// nothing, without a word.
fn is_origin(text: &str) -> bool {
    let is_sent = |url: Url| {
        matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text
    };
    text == "*" || (!text.contains('*') && Url::parse(text).is_ok_and(is_sent))
}

fn listen<F, T, B>(config: &ServerConfig, factory: F) -> Result<Listening, BindError>
where
    F: Fn() -> App<T> + Send + Clone + 'static,
    T: Application<B> + 'static,
    T::Service: 'static,
    B: MessageBody + 'static,
{
    let mut server = HttpServer::new(factory)
        .disable_signals()
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_TIMEOUT)
        .shutdown_timeout(config.stop_timeout.as_secs_f64().ceil() as u64);
    if let Some(workers) = config.workers {
        server = server.workers(workers.max(1));
    }
    let server = server.bind((config.host.as_str(), config.port)).map_err(|source| {
        BindError::Listen { address: format!("{}:{}", config.host, config.port), source }
    })?;
    let addresses = server.addrs();
    Ok(Listening { server: server.run(), addresses })
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;
    use crate::testing::TestApp;

    fn bind(drain: Duration) -> Server {
        let config = ServerConfig { port: 0, workers: Some(1), drain, ..ServerConfig::default() };
        Server::bind(&config, TestApp::services()).unwrap()
    }

    async fn ask(address: SocketAddr, path: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await?;
        let mut answer = vec![0; 4096];
        let length = stream.read(&mut answer).await?;
        Ok(String::from_utf8_lossy(&answer[..length]).into_owned())
    }

    #[tokio::test]
    async fn asked_to_stop_it_drains_and_then_ends() {
        let server = bind(Duration::from_millis(300));
        let address = server.addresses()[0];
        let (stop, stopped) = mpsc::channel(1);
        let run = tokio::spawn(server.run(stopped));
        let before = ask(address, "/health/ready").await.unwrap();
        assert!(before.starts_with("HTTP/1.1 200") && !before.contains("connection: close"));

        stop.send(()).await.unwrap();
        while ask(address, "/health/ready").await.unwrap().starts_with("HTTP/1.1 200") {}
        let draining = ask(address, "/health/live").await.unwrap();
        assert!(draining.starts_with("HTTP/1.1 200"), "{draining}");
        assert!(draining.contains("connection: close"), "{draining}");
        run.await.unwrap().unwrap();
        assert!(ask(address, "/").await.is_err());
    }

    #[tokio::test]
    async fn asked_again_it_ends_at_once() {
        let server = bind(Duration::from_secs(3600));
        let (stop, stopped) = mpsc::channel(2);
        let run = tokio::spawn(server.run(stopped));
        stop.send(()).await.unwrap();
        stop.send(()).await.unwrap();
        run.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_port_in_use_is_named_with_the_reason() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let config = ServerConfig { port, ..ServerConfig::default() };
        let error = Server::bind(&config, TestApp::services()).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot listen on 127.0.0.1:{port}"));
        assert!(error.source().unwrap().to_string().to_lowercase().contains("in use"));
    }

    #[tokio::test]
    async fn what_is_no_origin_is_refused() {
        for text in [
            "",
            "a b",
            "board.example",
            "https://",
            "https://board.example/",
            "https://board.example/board",
            "https://board.example?a=b",
            "https://board.example#a",
            "https://Board.example",
            "HTTPS://board.example",
            "https://me@board.example",
            "https://board.example:443",
            "https://böard.example",
            "https://*.example",
            "ftp://board.example",
            "null",
        ] {
            let cors_origins = vec![text.to_owned()];
            let config = ServerConfig { port: 0, cors_origins, ..ServerConfig::default() };
            let error = Server::bind(&config, TestApp::services()).unwrap_err();
            assert!(matches!(error, BindError::Origin(_)), "{text}");
        }
        for text in ["*", "https://board.example", "http://localhost:3000", "http://[::1]:8080"] {
            assert!(is_origin(text), "{text}");
        }
    }
}
