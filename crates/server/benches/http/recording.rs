//! Recording runs in PostgreSQL, against copying their raw samples.

use std::time::{Duration, Instant};

use benchmark_domain::chrono::{DateTime, TimeDelta};
use benchmark_domain::{Run, Scenario, Simulation};
use benchmark_ports::{RunStore, Timestamp};
use benchmark_postgres_adapter::{PostgresConfig, PostgresStore};
use benchmark_test_servers::{PostgresOptions, PostgresServer};
use futures_util::{SinkExt, pin_mut};
use tokio_postgres::{Client, NoTls};

use crate::compare::{Ratios, pairs};

const RUNS: u32 = 1000;
const SAMPLES: u32 = 1000;

/// Prints how long a thousand runs of a thousand samples take, as a part of what
/// `COPY` takes for the samples of one metric of them.
pub(crate) fn compare_all(rounds: usize) {
    // As durable as it is by default: both wait for the disk once.
    let durable = PostgresOptions { durable: true, ..PostgresOptions::default() };
    let postgres = PostgresServer::start_with(durable);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let measured = runtime.block_on(async {
        let config = PostgresConfig::from_url(&postgres.url()).expect("a URL");
        let store = PostgresStore::open(&config).await.expect("a store");
        let client = client(&postgres.url()).await;
        let handle = tokio::runtime::Handle::current();
        let round = std::cell::Cell::new(0);
        let record = || {
            round.set(round.get() + 1);
            tokio::task::block_in_place(|| handle.block_on(record(&store, round.get())))
        };
        let copy = || tokio::task::block_in_place(|| handle.block_on(copy(&client)));
        pairs(rounds, record, copy)
    });
    let seconds = |took: &Duration| took.as_secs_f64();
    let ratios = measured.iter().map(|(ours, copy)| seconds(ours) / seconds(copy)).collect();
    let took = Ratios(measured.iter().map(|(ours, _)| seconds(ours)).collect());
    println!("{:44} {}", "record 1,000 runs / COPY a million samples", Ratios(ratios));
    println!("{:44} {:>9.3}", "record 1,000 runs of 8 metrics, seconds", took.median());
}

/// Records new runs; drawing and summarising them is not counted, as making the
/// samples is not on the other side.
async fn record(store: &PostgresStore, round: u32) -> Duration {
    let ends_at = moment(round);
    let scenario =
        Scenario { seed: round.into(), samples: SAMPLES, ..Scenario::ending_at(ends_at) };
    let runs = RUNS / scenario.profiles.len() as u32;
    let simulation = Simulation::new(Scenario { runs, ..scenario }).expect("a scenario");
    let runs: Vec<Run> = simulation.runs().collect();
    assert_eq!(runs.len(), RUNS as usize);
    let begun = Instant::now();
    store.record(&runs, ends_at, None).await.expect("it is recorded");
    begun.elapsed()
}

fn moment(round: u32) -> Timestamp {
    let start = DateTime::from_timestamp(1_750_000_000, 0).expect("a moment");
    start + TimeDelta::seconds(round.into())
}

async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    tokio::spawn(connection);
    let table = "CREATE TABLE samples (run INTEGER, value FLOAT)";
    client.batch_execute(table).await.expect("a table");
    client
}

/// Copies a million samples into a plain table.
async fn copy(client: &Client) -> Duration {
    client.batch_execute("TRUNCATE samples").await.expect("an empty table");
    let chunks: Vec<String> = (0..RUNS)
        .map(|run| {
            let value = |sample| 0.1 + f64::from(run * SAMPLES + sample) * 1e-9;
            (0..SAMPLES).map(|sample| format!("{run}\t{}\n", value(sample))).collect()
        })
        .collect();
    let begun = Instant::now();
    let sink = client.copy_in("COPY samples FROM STDIN").await.expect("it copies");
    pin_mut!(sink);
    for chunk in chunks {
        sink.feed(bytes::Bytes::from(chunk)).await.expect("it takes a chunk");
    }
    sink.finish().await.expect("all are copied");
    begun.elapsed()
}
