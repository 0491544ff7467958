//! Migrations: up, down, and many at once.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up is a failed test")]

use std::thread;
use std::time::Duration;

use benchmark_domain::{Window, metrics};
use benchmark_port_contracts::fixtures::{a_run, at, ttft};
use benchmark_ports::{RankingReader, RunStore};
use benchmark_postgres_adapter::{
    MigrationLock, OpenError, PostgresConfig, PostgresStore, migrate, revert, status,
};
use benchmark_test_servers::{PostgresSchema, PostgresServer};
use tokio::runtime::Builder;

fn config(schema: &PostgresSchema) -> PostgresConfig {
    PostgresConfig::from_url(&schema.url()).unwrap()
}

/// All that migrations make, but for diesel's own table.
fn dump(schema: &PostgresSchema) -> String {
    let catalogue = schema.sql(
        "SELECT table_name, column_name, ordinal_position, data_type, character_maximum_length,
             collation_name, is_nullable, column_default
         FROM information_schema.columns
         WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_\\_diesel%'
         ORDER BY 1, 3;
         SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint
         WHERE connamespace = current_schema()::regnamespace
             AND conrelid <> '__diesel_schema_migrations'::regclass
         ORDER BY 1, 2;
         SELECT indexdef FROM pg_indexes
         WHERE schemaname = current_schema() AND tablename NOT LIKE '\\_\\_diesel%'
         ORDER BY indexname",
    );
    catalogue.replace(schema.name(), "")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_migration_can_be_reverted_and_run_again() {
    let schema = PostgresServer::shared().schema();
    let config = config(&schema);
    let all = status(&config).await.unwrap();
    assert!(all.applied.is_empty() && !all.pending.is_empty());

    assert_eq!(migrate(&config).await.unwrap(), all.pending);
    let after = dump(&schema);
    assert!(after.contains("mean_value"), "{after}");
    for migration in all.pending.iter().rev() {
        assert_eq!(revert(&config).await.unwrap().as_ref(), Some(migration));
    }
    assert_eq!(dump(&schema), "");
    assert_eq!(revert(&config).await.unwrap(), None);
    assert_eq!(status(&config).await.unwrap(), all);

    // A reverted database is still ours.
    assert_eq!(migrate(&config).await.unwrap(), all.pending);
    assert_eq!(dump(&schema), after);
    let done = status(&config).await.unwrap();
    assert_eq!((done.applied, done.pending), (all.pending, vec![]));
    assert_eq!(migrate(&config).await.unwrap(), <[String; 0]>::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_measured_outlives_that_its_table_is_laid_out_otherwise() {
    let schema = PostgresServer::shared().schema();
    let config = config(&schema);
    let run = a_run().samples(metrics::TPS, &[9.0]).build();
    let store = PostgresStore::open(&config).await.unwrap();
    store.record(std::slice::from_ref(&run), at(0), None).await.unwrap();
    let before = store.contenders(&ttft(), Window::Latest, at(0)).await.unwrap();
    drop(store);
    while revert(&config).await.unwrap().unwrap() != "20261126030000" {}
    let store = PostgresStore::open(&config).await.unwrap();
    assert_eq!(store.run(run.id()).await.unwrap().unwrap().run, run);
    assert_eq!(store.contenders(&ttft(), Window::Latest, at(0)).await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_for_the_status_changes_nothing() {
    let schema = PostgresServer::shared().schema();
    status(&config(&schema)).await.unwrap();
    let made = "SELECT count(*) FROM pg_class \
                WHERE relnamespace = current_schema()::regnamespace";
    assert_eq!(schema.sql(made), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_program_is_not_reverted() {
    let schema = PostgresServer::shared().schema();
    schema.sql("CREATE TABLE contacts (name TEXT)");
    let refused = revert(&config(&schema)).await;
    assert!(matches!(refused, Err(OpenError::Foreign { .. })), "{refused:?}");
}

/// Migrates from six threads at once, each with a runtime and a connection of
/// its own, as six processes would. Tells what each of them ran.
fn six_at_once(config: &PostgresConfig) -> Vec<Vec<String>> {
    let migrate = || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let run = migrate(config).await.unwrap();
            drop(PostgresStore::open(config).await.unwrap());
            run
        })
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(migrate)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn assert_each_is_run_once(lock: MigrationLock) {
    for _ in 0..5 {
        let schema = PostgresServer::shared().schema();
        let mut config = config(&schema);
        config.migration_lock = lock;
        config.connect_timeout = Duration::from_secs(20);
        let mut run: Vec<_> = six_at_once(&config).concat();
        run.sort();
        let applied = schema.sql("SELECT version FROM __diesel_schema_migrations ORDER BY 1");
        assert_eq!(run, applied.lines().collect::<Vec<_>>());
    }
}

#[test]
fn six_processes_may_migrate_one_empty_database_at_once() {
    assert_each_is_run_once(MigrationLock::Advisory);
}

#[test]
fn without_a_lock_who_loses_begins_again() {
    assert_each_is_run_once(MigrationLock::None);
}

/// A schema that lacks the migrations from the first one on that changes `runs`.
async fn behind() -> (PostgresSchema, PostgresConfig) {
    let schema = PostgresServer::shared().schema();
    let config = config(&schema);
    migrate(&config).await.unwrap();
    while revert(&config).await.unwrap().unwrap() != "20261125190000" {}
    (schema, config)
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_go_on_while_a_migration_waits_for_one_that_takes_its_time() {
    for lock in [MigrationLock::Advisory, MigrationLock::None] {
        let (schema, mut config) = behind().await;
        config.migration_lock = lock;
        let held = schema.hold("SELECT count(*) FROM runs");
        let migrating = tokio::spawn(async move { migrate(&config).await });
        let waiting = "SELECT count(*) FROM pg_locks \
                       WHERE NOT granted AND relation = 'runs'::regclass";
        while schema.sql(waiting) == "0" {
            assert!(!migrating.is_finished(), "nothing waits");
        }
        // It waits behind the migration, and is let through before the other ends.
        assert_eq!(schema.sql("SELECT count(*) FROM runs"), "0");
        assert!(!migrating.is_finished());
        drop(held);
        let run = migrating.await.unwrap().unwrap();
        assert!(run.contains(&"20261125190000".to_owned()), "{run:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_never_let_go_of_is_told_and_left_as_it_was() {
    let (schema, mut config) = behind().await;
    config.migration_timeout = Duration::from_secs(3);
    let before = dump(&schema);
    let held = schema.hold("SELECT count(*) FROM runs");
    let refused = migrate(&config).await.unwrap_err();
    assert!(matches!(refused, OpenError::Locked { .. }), "{refused:?}");
    assert!(refused.is_temporary());
    assert!(refused.to_string().ends_with("does not let go of them"), "{refused}");
    assert_eq!(dump(&schema), before);
    drop(held);
    migrate(&config).await.unwrap();
}
