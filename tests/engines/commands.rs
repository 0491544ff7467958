//! Commands and starts against servers that are there, not yet there, or not
//! ours.

use std::process::Output;

use benchmark_test_servers::free_port;

use crate::engines::Engines;
use crate::service::program;
use crate::turn::Turn;

/// Runs a command with these variables to its end.
fn run(args: &[&str], vars: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    program(folder.path()).args(args).envs(vars.iter().copied()).output().unwrap()
}

/// What a command that must fail says, which is one line.
fn refusal(args: &[&str], vars: &[(&str, &str)]) -> String {
    let output = run(args, vars);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.lines().count(), 1, "one sentence: {said}");
    assert!(!said.contains("hunter2") && !said.contains("panicked"), "{said}");
    said
}

fn stdout(args: &[&str], url: &str) -> String {
    let output = run(args, &[("DATABASE_URL", url)]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_server_that_cannot_be_reached_is_named_and_its_password_is_not() {
    let port = free_port();
    let vars = [("DATABASE_URL", &*format!("postgres://u:hunter2@127.0.0.1:{port}/d"))];
    assert!(refusal(&["serve"], &vars).contains(&format!("127.0.0.1:{port}")));
    assert!(refusal(&["migrate", "--wait", "1"], &vars).contains(&port.to_string()));
}

#[test]
fn a_wrong_password_and_a_missing_database_are_told_apart() {
    let engines = Engines::without_redis(Turn::beside_others());
    let port = engines.postgres.port().to_string();
    let vars = [
        ("POSTGRES_HOST", "127.0.0.1"),
        ("POSTGRES_PORT", &port),
        ("POSTGRES_USER", "benchmark"),
        ("POSTGRES_PASSWORD", "hunter2"),
    ];
    assert!(refusal(&["serve"], &vars).contains("does not let the user benchmark in"));
    let url = engines.postgres.url();
    let (server, _) = url.rsplit_once('/').unwrap();
    let url = format!("{server}/elsewhere");
    assert!(refusal(&["serve"], &[("DATABASE_URL", &url)]).contains("no database elsewhere"));
}

#[test]
fn a_start_waits_for_a_server_that_comes_later() {
    let mut engines = Engines::without_redis(Turn::beside_others());
    let url = engines.postgres.url();
    engines.postgres.kill();
    let waiting = std::thread::spawn(move || {
        run(&["migrate", "--wait", "20"], &[("DATABASE_URL", &url)]).status.success()
    });
    std::thread::sleep(std::time::Duration::from_millis(700));
    assert!(!waiting.is_finished());
    engines.postgres.restart();
    assert!(waiting.join().unwrap());
}

#[test]
fn migrations_are_told_run_and_reverted() {
    let engines = Engines::without_redis(Turn::beside_others());
    let url = engines.postgres.url();
    assert!(stdout(&["migrate", "--status"], &url).starts_with("pending "));
    assert!(stdout(&["migrate"], &url).contains("is up to date"));
    assert!(!stdout(&["migrate", "--status"], &url).contains("pending"));
    assert!(stdout(&["migrate", "--revert"], &url).starts_with("reverted "));
    assert!(stdout(&["migrate", "--status"], &url).contains("pending "));
    // The next start finds everything as it needs it.
    engines.service(&[]);
}

#[test]
fn a_database_of_somebody_else_is_left_alone() {
    let engines = Engines::without_redis(Turn::beside_others());
    engines.postgres.sql("CREATE TABLE runs (theirs TEXT)");
    let url = engines.postgres.url();
    assert!(refusal(&["serve"], &[("DATABASE_URL", &url)]).contains("belongs to another program"));
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(engines.postgres.sql(tables).trim(), "1");
}
