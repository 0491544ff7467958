//! Opening files: new ones, ours, those of others, broken ones.

#![expect(clippy::unwrap_used, reason = "what a test cannot set up is a failed test")]

use std::fs;
use std::path::Path;

use benchmark_domain::{Window, metrics};
use benchmark_port_contracts::fixtures::{a_run, at, ttft};
use benchmark_ports::{Catalogue, RankingReader, RunStore};
use benchmark_sqlite_adapter::{OpenError, SqliteStore, migrate, revert, status};
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// What becomes of an attempt to open a file that must not succeed.
async fn refusal(path: &Path) -> OpenError {
    match SqliteStore::open(path).await {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error,
    }
}

fn run_sql(path: &Path, sql: &str) {
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    connection.batch_execute(sql).unwrap();
}

/// Asserts that opening is refused in one sentence and leaves no trace.
async fn assert_refused(folder: &TempDir, path: &Path, sentence: &str) {
    let everything = || {
        let files = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = files.map(|path| (fs::read(&path).ok(), path)).collect();
        files.sort();
        files
    };
    let before = everything();
    assert_eq!(refusal(path).await.to_string(), sentence);
    assert!(everything() == before, "something was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_folders_are_created() {
    let folder = folder();
    let path = folder.path().join("a/b/benchmark.db");
    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(store.metrics().await.unwrap().len(), metrics::BUILT_IN.len());
    assert!(path.is_file());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_file_becomes_a_database() {
    let folder = folder();
    let path = folder.path().join("benchmark.db");
    fs::write(&path, "").unwrap();
    SqliteStore::open(&path).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_sqlite_would_take_for_something_else_is_a_path() {
    let folder = folder();
    for name in ["file:x?mode=memory", ":memory:", "ü %20 '\".db"] {
        let path = folder.path().join(name);
        SqliteStore::open(&path).await.unwrap();
        assert!(path.is_file(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn migrating_tells_what_it_did() {
    let folder = folder();
    let path = folder.path().join("benchmark.db");
    let expected = [
        "00000000000001",
        "20261125150000",
        "20261125190000",
        "20261125193000",
        "20261125194000",
        "20261125224000",
        "20261126020000",
        "20261126030000",
    ];
    assert_eq!(migrate(&path).await.unwrap(), expected);
    assert_eq!(migrate(&path).await.unwrap(), <[String; 0]>::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_tells_what_was_run_and_what_is_due() {
    let folder = folder();
    let path = folder.path().join("benchmark.db");
    let missing = status(&path).await.unwrap();
    assert!(missing.applied.is_empty() && !missing.pending.is_empty());
    assert!(!path.exists(), "asking creates nothing");
    let run = migrate(&path).await.unwrap();
    let done = status(&path).await.unwrap();
    assert_eq!((done.applied, done.pending), (run, vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_are_reverted_from_the_last_one_on() {
    let folder = folder();
    let path = folder.path().join("benchmark.db");
    assert_eq!(revert(&path).await.unwrap(), None);
    let mut run = migrate(&path).await.unwrap();
    while let Some(last) = run.pop() {
        assert_eq!(revert(&path).await.unwrap().as_deref(), Some(last.as_str()));
        assert_eq!(status(&path).await.unwrap().applied, run);
    }
    assert_eq!(revert(&path).await.unwrap(), None);
    SqliteStore::open(&path).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_measured_outlives_that_its_table_is_laid_out_otherwise() {
    let folder = folder();
    let path = folder.path().join("benchmark.db");
    let run = a_run().samples(metrics::TPS, &[9.0]).build();
    let store = SqliteStore::open(&path).await.unwrap();
    store.record(std::slice::from_ref(&run), at(0), None).await.unwrap();
    let before = store.contenders(&ttft(), Window::Latest, at(0)).await.unwrap();
    drop(store);
    while revert(&path).await.unwrap().unwrap() != "20261126030000" {}
    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(store.run(run.id()).await.unwrap().unwrap().run, run);
    assert_eq!(store.contenders(&ttft(), Window::Latest, at(0)).await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_create_one_file_at_once() {
    for _ in 0..5 {
        let folder = folder();
        let path = folder.path().join("benchmark.db");
        let opened: Vec<_> = (0..12)
            .map(|_| {
                let path = path.clone();
                tokio::spawn(async move { SqliteStore::open(&path).await.map(drop) })
            })
            .collect();
        for attempt in opened {
            attempt.await.unwrap().unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metric_that_became_different_is_built_in_again() {
    let folder = folder();
    let path = folder.path().join("benchmark.db");
    let store = SqliteStore::open(&path).await.unwrap();
    store.record(&[a_run().build()], at(0), None).await.unwrap();
    let before = store.metrics().await.unwrap();
    drop(store);
    run_sql(&path, "UPDATE metrics SET definition = 'As of an older version.'");
    run_sql(&path, "DELETE FROM metrics WHERE name = 'ITL'");
    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(store.metrics().await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_created_is_named() {
    let folder = folder();
    fs::write(folder.path().join("file"), "").unwrap();
    let (parent, path) = (folder.path().join("file/x"), folder.path().join("file/x/benchmark.db"));
    let sentence = format!("the folder {} cannot be created", parent.display());
    assert_refused(&folder, &path, &sentence).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_written_is_named() {
    let folder = folder();
    let path = folder.path().join("benchmark.db");
    fs::create_dir(&path).unwrap();
    let sentence = format!("the database {} cannot be opened for writing", path.display());
    assert_refused(&folder, &path, &sentence).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_database_is_refused() {
    let folder = folder();
    let path = folder.path().join("notes.txt");
    fs::write(&path, "Dear diary, ".repeat(1000)).unwrap();
    let sentence =
        format!("the file {} is not an SQLite database, or it is damaged", path.display());
    assert_refused(&folder, &path, &sentence).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_refused() {
    let folder = folder();
    let path = folder.path().join("benchmark.db");
    drop(SqliteStore::open(&path).await.unwrap());
    let mut bytes = fs::read(&path).unwrap();
    bytes[100..4000].fill(0xFF);
    fs::write(&path, bytes).unwrap();
    let error = refusal(&path).await;
    assert!(matches!(error, OpenError::NotADatabase { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_program_is_left_alone() {
    for mode in ["DELETE", "WAL"] {
        let folder = folder();
        let path = folder.path().join("contacts.db");
        let sql = format!("PRAGMA journal_mode = {mode}; CREATE TABLE contacts (name TEXT)");
        run_sql(&path, &sql);
        let sentence = format!("the database {} belongs to another program", path.display());
        assert_refused(&folder, &path, &sentence).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_version_is_left_alone() {
    let folder = folder();
    let path = folder.path().join("benchmark.db");
    drop(SqliteStore::open(&path).await.unwrap());
    run_sql(&path, "INSERT INTO __diesel_schema_migrations (version) VALUES ('99999999999999')");
    let sentence = format!(
        "the database {} was upgraded by a newer version of this program, which has the \
         migration 99999999999999",
        path.display()
    );
    assert_refused(&folder, &path, &sentence).await;
}
