//! What was recorded comes back out of a backup as deploy/README.md makes it.

use std::path::Path;
use std::process::Command;

use benchmark_test_servers::PostgresServer;

use crate::engines::Engines;
use crate::service::{Service, a_run};
use crate::turn::Turn;

/// A program of PostgreSQL, which must succeed.
fn run(program: &str, args: &[&str]) {
    let output = Command::new(program).args(args).output().unwrap();
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Everything that consumers see.
fn shown(service: &Service) -> [String; 3] {
    ["/api/v1/benchmark", "/api/v1/runs", "/api/v1/workloads"].map(|path| service.get(path).text())
}

#[test]
fn a_dump_of_postgres_restored_elsewhere_shows_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("benchmark.dump");
    let dump = dump.to_str().unwrap();

    let mut engines = Engines::without_redis(Turn::beside_others());
    let service = engines.service_with_runs(&[]);
    let before = shown(&service);
    run("pg_dump", &["--format=custom", "--file", dump, "--dbname", &engines.postgres.url()]);
    // It is not in the backup, and everything that was is gone.
    assert_eq!(service.post_run(&a_run("too late", 0.1)).status, 201);
    drop(service);
    engines.postgres = PostgresServer::start();

    let url = engines.postgres.url();
    run("pg_restore", &["--exit-on-error", "--no-owner", "--dbname", &url, dump]);
    let service = engines.service(&[]);
    assert_eq!(shown(&service), before);
    // It is a run that is known, under a database that is taken for ours.
    assert_eq!(service.post_run(&a_run("llm-1", 0.1)).status, 200);
    assert_eq!(service.post_run(&a_run("too late", 0.1)).status, 201);
}

const GUIDE: &str = include_str!("../../deploy/README.md");

/// What stands in for `docker compose --file FILE exec -T postgres`: the programs
/// that a container would run are run here. Of the service, the test takes care.
const DOCKER: &str = r#"docker() { [ "$4" != exec ] || { shift 6; "$@"; }; }"#;

/// The one block of the guide that has Compose run this program.
fn block(program: &str) -> &'static str {
    let blocks = GUIDE.split("```").skip(1).step_by(2).filter_map(|text| text.strip_prefix("sh\n"));
    let mut of_program =
        blocks.filter(|text| text.starts_with("docker compose") && text.contains(program));
    let block = of_program.next().unwrap();
    assert_eq!(of_program.next(), None, "one block runs {program}");
    block
}

/// Runs a block as somebody does who pastes it.
fn paste(block: &str, postgres: &PostgresServer, folder: &Path) {
    let mut shell = Command::new("sh");
    shell.args(["-e", "-c", &format!("{DOCKER}\n{block}")]).current_dir(folder);
    postgres.tell(&mut shell);
    let output = shell.output().unwrap();
    assert!(output.status.success(), "{block}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn compose_backs_up_a_service_that_goes_on_and_restores_what_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let engines = Engines::without_redis(Turn::beside_others());
    let service = engines.service_with_runs(&[]);
    let before = shown(&service);
    paste(block("pg_dump"), &engines.postgres, folder.path());
    assert_eq!(shown(&service), before);
    assert_eq!(service.post_run(&a_run("too late", 0.1)).status, 201);
    drop(service);

    paste(block("pg_restore"), &engines.postgres, folder.path());
    let service = engines.service(&[]);
    assert_eq!(shown(&service), before);
    assert_eq!(service.post_run(&a_run("too late", 0.1)).status, 201);
}
