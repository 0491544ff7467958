//! The server: listening, serving, and stopping without failing a request.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::http::Uri;
use actix_web::{App, HttpServer, dev};
use thiserror::Error;
use tokio::sync::mpsc;

use crate::app::{Application, Shared, application, application_with_cors};
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
    /// How many workers; `None` for one per core.
    pub workers: Option<usize>,
    /// What a request's body may cost.
    pub body: BodyLimits,
    /// The origins whose pages may call the API from a browser, `*` for all.
    pub cors_origins: Vec<String>,
    /// How long the server goes on serving, reported as not ready, before it
    /// stops: the time that load balancers need to notice.
    pub drain: Duration,
    /// How long requests in flight may then take, in whole seconds.
    pub stop_timeout: Duration,
}

impl Default for ServerConfig {
    /// Port 8000 of this host alone, one worker per core, a drain of 1.5 s, 30 s
    /// for what is in flight.
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 8000,
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
    #[error("{0:?} is not an origin such as https://example.org")]
    Origin(String),
    /// The registry has metrics of the same names already.
    #[error("the HTTP metrics cannot be registered")]
    Metrics(#[source] prometheus::Error),
}

/// A server that listens, but does not answer yet.
pub struct Server {
    server: dev::Server,
    addresses: Vec<SocketAddr>,
    drain: Drain,
    drain_for: Duration,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

impl Server {
    /// Listens. Call it within a tokio runtime.
    ///
    /// # Errors
    /// [`BindError`].
    pub fn bind(config: &ServerConfig, services: Services) -> Result<Self, BindError> {
        let shared = Shared::new(services, config.body).map_err(BindError::Metrics)?;
        let drain = shared.drain.clone();
        let origins = config.cors_origins.clone();
        if let Some(origin) = origins.iter().find(|origin| !is_origin(origin)) {
            return Err(BindError::Origin(origin.clone()));
        }
        let (server, addresses) = if origins.is_empty() {
            listen(config, move || application(&shared))
        } else {
            listen(config, move || application_with_cors(&shared, &origins))
        }?;
        Ok(Self { server, addresses, drain, drain_for: config.drain })
    }

    /// Where it listens.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Serves until `stop` receives something: then drains, then finishes what
    /// is in flight. Whatever `stop` receives after that ends it at once.
    ///
    /// # Errors
    /// What the system said when the workers could not be started.
    pub async fn run(self, mut stop: mpsc::Receiver<()>) -> io::Result<()> {
        let Self { server, addresses: _, drain, drain_for } = self;
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

fn is_origin(text: &str) -> bool {
    let has_both = |uri: Uri| uri.scheme().is_some() && uri.authority().is_some();
    text == "*" || (!text.ends_with('/') && text.parse().is_ok_and(has_both))
}

fn listen<F, T, B>(
    config: &ServerConfig,
    factory: F,
) -> Result<(dev::Server, Vec<SocketAddr>), BindError>
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
        .shutdown_timeout(config.stop_timeout.as_secs());
    if let Some(workers) = config.workers {
        server = server.workers(workers.max(1));
    }
    let server = server.bind((config.host.as_str(), config.port)).map_err(|source| {
        BindError::Listen { address: format!("{}:{}", config.host, config.port), source }
    })?;
    let addresses = server.addrs();
    Ok((server.run(), addresses))
}
