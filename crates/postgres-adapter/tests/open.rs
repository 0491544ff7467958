//! Opening databases: new ones, ours, those of others, unreachable ones.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up is a failed test")]

use std::error::Error;
use std::time::{Duration, Instant};

use benchmark_domain::metrics;
use benchmark_port_contracts::fixtures::{a_run, at};
use benchmark_ports::{Catalogue, RunStore};
use benchmark_postgres_adapter::{OpenError, PostgresConfig, PostgresStore, migrate};
use benchmark_test_servers::{PostgresSchema, PostgresServer, free_port};

fn config(schema: &PostgresSchema) -> PostgresConfig {
    PostgresConfig::from_url(&schema.url()).unwrap()
}

/// What becomes of an attempt to open a database that must not succeed.
async fn refusal(config: &PostgresConfig) -> OpenError {
    match PostgresStore::open(config).await {
        Ok(_) => panic!("it was opened"),
        Err(error) => error,
    }
}

/// An error and all that caused it, in words.
fn chain(error: &dyn Error) -> String {
    let mut words = format!("{error} {error:?}");
    let mut cause = error.source();
    while let Some(next) = cause {
        words.push_str(&format!(" {next} {next:?}"));
        cause = next.source();
    }
    words
}

/// What there is in a schema.
fn everything(schema: &PostgresSchema) -> String {
    schema.sql(
        "SELECT relname, relkind FROM pg_class \
         WHERE relnamespace = current_schema()::regnamespace ORDER BY relname",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_be_reached_is_named_at_once() {
    let port = free_port();
    let url = format!("postgres://me:secret@127.0.0.1:{port}/benchmark");
    let begun = Instant::now();
    let error = refusal(&PostgresConfig::from_url(&url).unwrap()).await;
    assert!(begun.elapsed() < Duration::from_secs(1));
    let sentence = format!("the PostgreSQL server at 127.0.0.1:{port} cannot be reached");
    assert_eq!(error.to_string(), sentence);
    assert!(error.is_temporary());
    assert!(!chain(&error).contains("secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_not_repeated() {
    let server = PostgresServer::shared();
    let url = format!("postgres://benchmark:secret@127.0.0.1:{}/benchmark", server.port());
    let error = refusal(&PostgresConfig::from_url(&url).unwrap()).await;
    let sentence = format!(
        "the PostgreSQL server at 127.0.0.1:{} does not let the user benchmark in",
        server.port()
    );
    assert_eq!(error.to_string(), sentence);
    assert!(!error.is_temporary());
    assert!(!chain(&error).contains("secret"), "{}", chain(&error));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_password_is_refused() {
    let server = PostgresServer::shared();
    let url = format!("postgres://benchmark@127.0.0.1:{}/benchmark", server.port());
    let error = refusal(&PostgresConfig::from_url(&url).unwrap()).await;
    assert!(matches!(error, OpenError::Login { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_exist_is_named() {
    let server = PostgresServer::shared();
    let mut config = PostgresConfig::from_url(&server.url()).unwrap();
    config.access.database = "nothing".to_owned();
    let sentence =
        format!("the PostgreSQL server at 127.0.0.1:{} has no database nothing", server.port());
    assert_eq!(refusal(&config).await.to_string(), sentence);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_does_not_exist_is_named() {
    let server = PostgresServer::shared();
    let mut config = PostgresConfig::from_url(&server.url()).unwrap();
    config.schema = Some("nothing".to_owned());
    let sentence =
        format!("the database benchmark at 127.0.0.1:{} has no schema nothing", server.port());
    assert_eq!(refusal(&config).await.to_string(), sentence);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_may_have_any_name() {
    let server = PostgresServer::shared();
    let mut config = PostgresConfig::from_url(&server.url()).unwrap();
    for name in ["it's", "\"quoted\" name\\"] {
        let quoted = name.replace('"', "\"\"");
        server.sql(&format!("CREATE SCHEMA \"{quoted}\""));
        config.schema = Some(name.to_owned());
        let opened = PostgresStore::open(&config).await.map(drop);
        server.sql(&format!("DROP SCHEMA \"{quoted}\" CASCADE"));
        opened.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_program_is_left_alone() {
    let schema = PostgresServer::shared().schema();
    schema.sql("CREATE TABLE contacts (name TEXT)");
    let before = everything(&schema);
    let sentence = format!(
        "the database benchmark at 127.0.0.1:{} belongs to another program",
        PostgresServer::shared().port()
    );
    assert_eq!(refusal(&config(&schema)).await.to_string(), sentence);
    assert_eq!(everything(&schema), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_extension_made_belongs_to_nobody() {
    let schema = PostgresServer::shared().schema();
    schema.sql(&format!("CREATE EXTENSION pg_stat_statements SCHEMA {}", schema.name()));
    PostgresStore::open(&config(&schema)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_version_is_left_alone() {
    let schema = PostgresServer::shared().schema();
    drop(PostgresStore::open(&config(&schema)).await.unwrap());
    schema.sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('99999999999999')");
    let sentence = format!(
        "the database benchmark at 127.0.0.1:{} was upgraded by a newer version of this program, \
         which has the migration 99999999999999",
        PostgresServer::shared().port()
    );
    assert_eq!(refusal(&config(&schema)).await.to_string(), sentence);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metric_that_became_different_is_built_in_again() {
    let schema = PostgresServer::shared().schema();
    let store = PostgresStore::open(&config(&schema)).await.unwrap();
    store.record(&[a_run().build()], at(0), None).await.unwrap();
    let before = store.metrics().await.unwrap();
    assert_eq!(before.len(), metrics::BUILT_IN.len());
    drop(store);
    schema.sql("UPDATE metrics SET definition = 'As of an older version.'");
    schema.sql("DELETE FROM metrics WHERE name = 'ITL'");
    let store = PostgresStore::open(&config(&schema)).await.unwrap();
    assert_eq!(store.metrics().await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_up_to_date_is_opened_without_the_right_to_change_tables() {
    let (server, schema) = (PostgresServer::shared(), PostgresServer::shared().schema());
    migrate(&config(&schema)).await.unwrap();
    let user = format!("user_of_{}", schema.name());
    schema.sql(&format!(
        "CREATE USER {user} PASSWORD 'secret';
         GRANT USAGE ON SCHEMA {schema} TO {user};
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {user}",
        schema = schema.name()
    ));
    let mut limited = config(&schema);
    limited.access.user = user.clone();
    limited.access.password = Some("secret".into());
    let opened = PostgresStore::open(&limited).await;
    let recorded = match &opened {
        Ok(store) => store.record(&[a_run().build()], at(0), None).await,
        Err(error) => panic!("{}", chain(error)),
    };
    // Where there is something to do, another user may do it.
    schema.sql("DELETE FROM metrics WHERE name = 'ITL'; REVOKE INSERT ON metrics FROM PUBLIC");
    schema.sql(&format!("REVOKE INSERT, UPDATE ON metrics FROM {user}"));
    let refused = PostgresStore::open(&limited).await.map(drop);
    limited.migration_access = Some(config(&schema).access);
    let helped = PostgresStore::open(&limited).await.map(drop);
    drop(opened);
    schema.sql(&format!("DROP OWNED BY {user}; DROP USER {user}"));
    recorded.unwrap();
    assert!(matches!(refused, Err(OpenError::Failed { .. })), "{refused:?}");
    helped.unwrap();
    assert!(server.sql("SELECT 1") == "1");
}

#[test]
fn a_store_is_opened_on_a_runtime_of_one_thread_too() {
    let schema = PostgresServer::shared().schema();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = PostgresStore::open(&config(&schema)).await.unwrap();
        assert_eq!(store.metrics().await.unwrap().len(), metrics::BUILT_IN.len());
    });
}
