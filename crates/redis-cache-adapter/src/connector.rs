use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use redis::aio::PubSub;
use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::io::tcp::TcpSettings;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    Client, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo, RedisError, TlsCertificates,
    TlsMode,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::ExposeSecret;
use tokio::sync::Mutex;

use crate::connection::Connection;
use crate::connections::Connections;
use crate::deadline::within;
use crate::{InvalidRedisConfig, RedisConfig, RedisHost, RedisMode, RedisTls, SentinelAccount};

/// Opens connections, in whichever way the servers are arranged.
pub(crate) struct Connector {
    servers: Servers,
    connect_timeout: Duration,
    response_timeout: Duration,
}

enum Servers {
    Standalone(Client),
    /// The mutex: asking sentinels keeps the connections to them.
    Sentinel(Mutex<SentinelClient>),
    Cluster {
        client: ClusterClient,
        /// The nodes that are configured, to subscribe at: what is published
        /// anywhere in a Cluster reaches all of its nodes.
        nodes: Vec<Client>,
        next: AtomicUsize,
    },
}

impl Connector {
    /// How long asking sentinels, or finding the nodes of a Cluster, may take.
    /// No request waits for it.
    const DISCOVERY_TIMEOUT: Duration = Duration::from_secs(2);

    /// Reads the certificates; opens nothing yet.
    pub(crate) fn new(config: &RedisConfig) -> Result<Self, InvalidRedisConfig> {
        let hosts = config.mode.hosts();
        if hosts.is_empty() {
            return Err(InvalidRedisConfig::NoHosts);
        }
        if config.user.is_some() && config.password.is_none() {
            return Err(InvalidRedisConfig::UserWithoutPassword);
        }
        let certificates = certificates(&config.tls)?;
        let refused = |source| InvalidRedisConfig::Refused { source };
        let servers = match &config.mode {
            RedisMode::Standalone { host } => {
                Servers::Standalone(client(host, config, certificates.as_ref()).map_err(refused)?)
            }
            RedisMode::Sentinel { hosts, master } => {
                let client = sentinel_client(hosts, master, config, certificates);
                Servers::Sentinel(Mutex::new(client.map_err(refused)?))
            }
            RedisMode::Cluster { hosts } => {
                if config.db != 0 {
                    return Err(InvalidRedisConfig::DatabaseInCluster);
                }
                let nodes = hosts.iter().map(|host| client(host, config, certificates.as_ref()));
                let nodes = nodes.collect::<Result<Vec<_>, _>>().map_err(refused)?;
                let client = cluster_client(&nodes, config, certificates).map_err(refused)?;
                Servers::Cluster { client, nodes, next: AtomicUsize::new(0) }
            }
        };
        let &RedisConfig { connect_timeout, response_timeout, .. } = config;
        Ok(Self { servers, connect_timeout, response_timeout })
    }

    /// Finds the servers and opens a connection that all can share. It is driven
    /// by the runtime that this is called on.
    pub(crate) async fn connect(&self) -> Result<Connections, RedisError> {
        let server = match &self.servers {
            Servers::Standalone(client) => client.clone(),
            Servers::Sentinel(sentinels) => master(sentinels).await?,
            Servers::Cluster { client, .. } => {
                let opening = client.get_async_connection();
                let shared = within(Self::DISCOVERY_TIMEOUT, opening).await?;
                return Ok(Connections::shared_by_all(Connection::Cluster(shared)));
            }
        };
        Connections::open(server, self.connect_timeout).await
    }

    /// Opens a connection that listens to a channel, driven likewise.
    pub(crate) async fn subscribe(&self, channel: &str) -> Result<PubSub, RedisError> {
        let client = match &self.servers {
            Servers::Standalone(client) => client.clone(),
            Servers::Sentinel(sentinels) => master(sentinels).await?,
            // The next node each time, since the last one may be down.
            Servers::Cluster { nodes, next, .. } => {
                nodes[next.fetch_add(1, Ordering::Relaxed) % nodes.len()].clone()
            }
        };
        let mut connection = within(self.connect_timeout, client.get_async_pubsub()).await?;
        within(self.response_timeout, connection.subscribe(channel)).await?;
        Ok(connection)
    }
}

/// Asks the sentinels for the master.
async fn master(sentinels: &Mutex<SentinelClient>) -> Result<Client, RedisError> {
    let asking = async { sentinels.lock().await.async_get_client().await };
    within(Connector::DISCOVERY_TIMEOUT, asking).await
}

fn certificates(tls: &RedisTls) -> Result<Option<TlsCertificates>, InvalidRedisConfig> {
    let RedisTls::On { root_certificate } = tls else { return Ok(None) };
    // The driver takes the provider of the process. Whoever installed one
    // before meant it.
    _ = rustls::crypto::ring::default_provider().install_default();
    let root_cert = match root_certificate {
        None => None,
        Some(path) => {
            let pem = fs::read(path).map_err(|source| {
                InvalidRedisConfig::UnreadableCertificate { path: path.clone(), source }
            })?;
            if CertificateDer::from_pem_slice(&pem).is_err() {
                return Err(InvalidRedisConfig::NoCertificate { path: path.clone() });
            }
            Some(pem)
        }
    };
    Ok(Some(TlsCertificates { client_tls: None, root_cert }))
}

fn address(host: &RedisHost, tls: bool) -> ConnectionAddr {
    let RedisHost { name, port } = host.clone();
    if tls {
        ConnectionAddr::TcpTls { host: name, port, insecure: false, tls_params: None }
    } else {
        ConnectionAddr::Tcp(name, port)
    }
}

/// Nothing waits to be sent: with Nagle's algorithm, the end of a large answer
/// waits for an acknowledgement that may take 40 ms, and all commands behind it
/// with it. Under load that saves half of what sending costs; a deadline of
/// 50 ms has no room for it.
fn tcp_settings() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

fn client(
    host: &RedisHost,
    config: &RedisConfig,
    certificates: Option<&TlsCertificates>,
) -> Result<Client, RedisError> {
    let mut account = RedisConnectionInfo::default().set_db(config.db.into());
    if let Some(user) = &config.user {
        account = account.set_username(user);
    }
    if let Some(password) = &config.password {
        account = account.set_password(password.expose_secret());
    }
    let info = address(host, certificates.is_some())
        .into_connection_info()?
        .set_redis_settings(account)
        .set_tcp_settings(tcp_settings());
    match certificates {
        Some(certificates) => Client::build_with_tls(info, certificates.clone()),
        None => Client::open(info),
    }
}

fn sentinel_client(
    hosts: &[RedisHost],
    master: &str,
    config: &RedisConfig,
    certificates: Option<TlsCertificates>,
) -> Result<SentinelClient, RedisError> {
    let addresses = hosts.iter().map(|host| address(host, certificates.is_some()));
    let mut client = SentinelClientBuilder::new(addresses, master, SentinelServerType::Master)?
        .set_client_to_redis_db(config.db.into())
        .set_client_to_redis_tcp_settings(tcp_settings());
    if let Some(user) = &config.user {
        client = client.set_client_to_redis_username(user);
    }
    if let Some(password) = &config.password {
        client = client.set_client_to_redis_password(password.expose_secret());
    }
    let (user, password) = match &config.sentinel_account {
        SentinelAccount::LikeServers => (config.user.as_ref(), config.password.as_ref()),
        SentinelAccount::Nobody => (None, None),
        SentinelAccount::Own { user, password } => (user.as_ref(), Some(password)),
    };
    if let Some(user) = user {
        client = client.set_client_to_sentinel_username(user);
    }
    if let Some(password) = password {
        client = client.set_client_to_sentinel_password(password.expose_secret());
    }
    if let Some(certificates) = certificates {
        client = client
            .set_client_to_redis_tls_mode(TlsMode::Secure)
            .set_client_to_redis_certificates(certificates.clone())
            .set_client_to_sentinel_tls_mode(TlsMode::Secure)
            .set_client_to_sentinel_certificates(certificates);
    }
    client.build()
}

fn cluster_client(
    nodes: &[Client],
    config: &RedisConfig,
    certificates: Option<TlsCertificates>,
) -> Result<ClusterClient, RedisError> {
    let nodes = nodes.iter().map(|node| node.get_connection_info().clone());
    // Redirections are followed; what takes longer than the deadline is given
    // up by the caller anyway.
    let mut client = ClusterClientBuilder::new(nodes)
        .tcp_settings(tcp_settings())
        .connection_timeout(config.connect_timeout)
        .response_timeout(config.response_timeout)
        .retries(3)
        .min_retry_wait(5)
        .max_retry_wait(20);
    if let Some(certificates) = certificates {
        client = client.tls(TlsMode::Secure).certs(certificates);
    }
    client.build()
}
