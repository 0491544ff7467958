//! Encrypted connections, to a server whose certificate the test made.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up is a failed test")]

use std::path::Path;
use std::time::Duration;

use benchmark_postgres_adapter::{OpenError, PostgresConfig, PostgresStore, SslMode};
use benchmark_test_servers::{Certificate, PostgresOptions, PostgresServer};

fn start() -> PostgresServer {
    PostgresServer::start_with(PostgresOptions { tls: true, ..PostgresOptions::default() })
}

/// Opens the database under a name of its host.
async fn open(
    server: &PostgresServer,
    host: &str,
    mode: SslMode,
    root: Option<&Path>,
) -> Result<PostgresStore, OpenError> {
    let mut config = PostgresConfig::from_url(&server.url()).unwrap();
    config.access.host.name = host.to_owned();
    config.access.ssl_mode = mode;
    config.access.root_certificate = root.map(Path::to_owned);
    config.connect_timeout = Duration::from_secs(20);
    PostgresStore::open(&config).await
}

fn assert_is_not_trusted(opened: Result<PostgresStore, OpenError>, host: &str, port: u16) {
    let Err(error) = opened else { panic!("{host} was trusted") };
    let sentence =
        format!("no trusted TLS connection to the PostgreSQL server at {host}:{port} can be made");
    assert_eq!(error.to_string(), sentence, "{error:?}");
    assert!(!error.is_temporary());
}

/// How many connections are encrypted and how many are not.
fn encrypted(server: &PostgresServer) -> String {
    server.sql(
        "SELECT count(*) FILTER (WHERE ssl), count(*) FILTER (WHERE NOT ssl) FROM pg_stat_ssl \
         JOIN pg_stat_activity USING (pid) WHERE application_name = 'benchmark-api'",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_verified_is_for_the_host_and_from_the_authority() {
    let server = start();
    let root = server.certificate().unwrap().root.clone();
    let others = tempfile::tempdir().unwrap();
    let stranger = Certificate::write(others.path()).root;
    let port = server.port();
    let full = SslMode::VerifyFull;

    for host in ["localhost", "127.0.0.1"] {
        open(&server, host, full, Some(&root)).await.map(drop).unwrap();
    }
    // The same server under a name that its certificate does not have.
    let elsewhere = "127.0.0.2";
    assert_is_not_trusted(open(&server, elsewhere, full, Some(&root)).await, elsewhere, port);
    let of_stranger = open(&server, "localhost", full, Some(&stranger)).await;
    assert_is_not_trusted(of_stranger, "localhost", port);

    let authority = SslMode::VerifyCa;
    open(&server, elsewhere, authority, Some(&root)).await.map(drop).unwrap();
    let of_stranger = open(&server, "localhost", authority, Some(&stranger)).await;
    assert_is_not_trusted(of_stranger, "localhost", port);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_encrypted_where_it_is_asked_for() {
    let server = start();
    for (mode, expected) in
        [(SslMode::Disable, "0|2"), (SslMode::Prefer, "2|0"), (SslMode::Require, "2|0")]
    {
        let store = open(&server, "127.0.0.2", mode, None).await.unwrap();
        benchmark_ports::Catalogue::metrics(&store).await.unwrap();
        // One for calls and one to watch; the one that migrated has been closed, or
        // is about to be.
        wait_for(&server, expected).await;
        drop(store);
        wait_for(&server, "0|0").await;
    }
}

/// Waits until so many connections are encrypted, and so many are not.
async fn wait_for(server: &PostgresServer, expected: &str) {
    let counted = async {
        while encrypted(server) != expected {
            tokio::task::yield_now().await;
        }
    };
    let counted = tokio::time::timeout(Duration::from_secs(10), counted).await;
    assert!(counted.is_ok(), "{expected}: {}", encrypted(server));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_encrypt_is_refused_where_it_has_to() {
    let server = PostgresServer::shared();
    let schema = server.schema();
    for mode in [SslMode::Require, SslMode::VerifyFull] {
        let mut config = PostgresConfig::from_url(&schema.url()).unwrap();
        config.access.ssl_mode = mode;
        let folder = tempfile::tempdir().unwrap();
        config.access.root_certificate = Some(Certificate::write(folder.path()).root);
        let opened = PostgresStore::open(&config).await;
        assert_is_not_trusted(opened, "127.0.0.1", server.port());
    }
    let mut config = PostgresConfig::from_url(&schema.url()).unwrap();
    config.access.ssl_mode = SslMode::Prefer;
    PostgresStore::open(&config).await.map(drop).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_certificate_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (missing, empty) = (folder.path().join("missing.pem"), folder.path().join("empty.pem"));
    std::fs::write(&empty, "no certificate").unwrap();
    for path in [missing, empty] {
        let mut config = PostgresConfig::from_url("postgres://me@127.0.0.1/x").unwrap();
        config.access.ssl_mode = SslMode::VerifyFull;
        config.access.root_certificate = Some(path.clone());
        let Err(error) = PostgresStore::open(&config).await else { panic!("it was opened") };
        let sentence = format!("the root certificate {} cannot be read", path.display());
        assert_eq!(error.to_string(), sentence);
    }
}
