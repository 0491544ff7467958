//! The essential cases of the suites through PgBouncer in transaction mode, which
//! has two connections to the server for all clients.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up is a failed test")]

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use benchmark_port_contracts::{
    Place, Stores, api_key_store, async_trait, catalogue, health, persistence, publications,
    ranking_publisher, ranking_reader, run_store,
};
use benchmark_postgres_adapter::{Pooler, PostgresConfig, PostgresStore, migrate, revert, status};
use benchmark_test_servers::{PgBouncer, PostgresSchema, PostgresServer};

static POOLER: LazyLock<PgBouncer> =
    LazyLock::new(|| PgBouncer::start(PostgresServer::shared(), 2));

struct Pooled(PostgresSchema);

impl Pooled {
    fn config(&self) -> PostgresConfig {
        let mut config = PostgresConfig::from_url(&POOLER.url()).unwrap();
        config.schema = Some(self.0.name().to_owned());
        config.pooler = Pooler::Transaction;
        // All tests at once wait for the same two connections.
        config.connect_timeout = Duration::from_secs(20);
        config.acquire_timeout = Duration::from_secs(20);
        config
    }
}

#[async_trait]
impl Place for Pooled {
    async fn fresh() -> Self {
        Self(PostgresServer::shared().schema())
    }

    async fn open(&self) -> Stores {
        Stores::of(Arc::new(PostgresStore::open(&self.config()).await.unwrap()))
    }
}

/// One test per case of a suite.
macro_rules! cases {
    ($($suite:ident: { $($case:ident)* })*) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let place = Pooled::fresh().await;
                $suite::$case(place.open().await).await;
            }
        )*)*
    };
}

cases! {
    run_store: {
        every_field_of_a_run_survives
        a_run_recorded_concurrently_is_recorded_once
        runs_are_recorded_all_or_none
        a_thousand_runs_are_recorded_in_one_call
        filters_combine
        a_submission_sent_at_once_is_recorded_once
    }
    ranking_reader: {
        a_contender_says_what_its_run_said
        a_duration_takes_the_runs_that_started_inside_it
    }
    publications: {
        every_field_of_a_publication_survives
        history_is_in_order_and_in_pages
    }
    ranking_publisher: {
        of_concurrent_publications_of_one_basis_one_is_published
        concurrent_recordings_leave_the_ranking_of_all_runs
    }
    catalogue: {
        a_name_has_one_definition
        pages_of_llms_neither_repeat_nor_hide_under_insertion
    }
    health: {
        a_store_that_works_is_healthy
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_survive() {
    let place = Pooled::fresh().await;
    api_key_store::every_field_of_a_key_survives(place.open().await.keys).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_survives_reopening() {
    persistence::everything_survives_reopening(Pooled::fresh().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrations_are_run_and_reverted() {
    let place = Pooled::fresh().await;
    let config = place.config();
    let run = migrate(&config).await.unwrap();
    assert_eq!(status(&config).await.unwrap().applied, run);
    assert_eq!(revert(&config).await.unwrap().as_ref(), run.last());
}
