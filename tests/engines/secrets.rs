//! No secret is ever logged or measured: neither where all is well nor where
//! everything fails, however much is logged.

use std::io::Read;
use std::net::TcpListener;
use std::time::Duration;

use benchmark_test_servers::{PostgresServer, RedisOptions, RedisServer};
use serde_json::json;

use crate::engines::{Engines, wait_until};
use crate::service::{Service, a_run, program};
use crate::turn::Turn;

const API_KEY: &str = "secret-of-the-environment-0123456789";
const POSTGRES_PASSWORD: &str = "secret/of@the?service";
const MIGRATION_PASSWORD: &str = "secret/of@the?migration";
const REDIS_PASSWORD: &str = "secret-of-redis";
const COLLECTOR_KEY: &str = "secret-of-the-collector";
const WRONG_KEY: &str = "a-key-that-somebody-mistyped-012345";

/// The same text as it stands in a URL.
fn escaped(secret: &str) -> String {
    secret.replace('/', "%2F").replace('@', "%40").replace('?', "%3F")
}

/// How a secret could be written.
fn spellings(secret: &str) -> Vec<String> {
    let bytes = format!("{:?}", secret.as_bytes());
    vec![secret.to_owned(), escaped(secret), bytes.trim_matches(['[', ']']).to_owned()]
}

fn assert_keeps(place: &str, text: &str, secrets: &[String]) {
    for spelling in secrets.iter().flat_map(|secret| spellings(secret)) {
        let line = text.lines().find(|line| line.contains(&spelling));
        assert_eq!(line, None, "{place} tells {spelling}");
    }
}

fn start() -> Engines {
    let postgres = PostgresServer::start();
    for (role, password) in [("service", POSTGRES_PASSWORD), ("migration", MIGRATION_PASSWORD)] {
        postgres.sql(&format!("CREATE ROLE {role} SUPERUSER LOGIN PASSWORD '{password}'"));
    }
    let password = Some(REDIS_PASSWORD.to_owned());
    let redis = RedisServer::start_with(RedisOptions { password, ..RedisOptions::default() });
    Engines::of(Turn::beside_others(), postgres, Some(redis))
}

/// What tells a service of these servers, part by part.
fn by_parts(engines: &Engines, redis: u16) -> Vec<(&'static str, String)> {
    vec![
        ("POSTGRES_HOST", "127.0.0.1".to_owned()),
        ("POSTGRES_PORT", engines.postgres.port().to_string()),
        ("POSTGRES_USER", "service".to_owned()),
        ("POSTGRES_PASSWORD", POSTGRES_PASSWORD.to_owned()),
        ("REDIS_HOST", format!("127.0.0.1:{redis}")),
        ("REDIS_PASSWORD", REDIS_PASSWORD.to_owned()),
    ]
}

/// The same by URL, with somebody else to migrate.
fn by_url(engines: &Engines, redis: u16) -> Vec<(&'static str, String)> {
    let url = |role: &str, password: &str| {
        let port = engines.postgres.port();
        format!("postgres://{role}:{}@127.0.0.1:{port}/benchmark", escaped(password))
    };
    vec![
        ("DATABASE_URL", url("service", POSTGRES_PASSWORD)),
        ("MIGRATION_DATABASE_URL", url("migration", MIGRATION_PASSWORD)),
        ("REDIS_URL", format!("redis://:{REDIS_PASSWORD}@127.0.0.1:{redis}")),
    ]
}

/// Does what can be done with a service, rightly and wrongly; returns the keys
/// that were made.
fn use_it(service: &Service) -> Vec<String> {
    let admin = [("X-API-Key", API_KEY)];
    let mut made = Vec::new();
    for scope in ["read", "write", "admin"] {
        let new = json!({"owner": "somebody", "scopes": [scope]});
        let key = service.send("POST", "/api/v1/keys", &admin, Some(&new)).data();
        let text = |name: &str| key[name].as_str().unwrap().to_owned();
        if scope == "admin" {
            let path = format!("/api/v1/keys/{}", text("id"));
            assert_eq!(service.send("DELETE", &path, &admin, None).status, 200);
        }
        made.push(text("key"));
    }
    let mistyped = format!("{}x", made[0]);
    let keys = made.iter().map(String::as_str).chain([API_KEY, WRONG_KEY, &mistyped]);
    for key in keys.collect::<Vec<_>>() {
        let headers = [("X-API-Key", key), ("Authorization", key), ("Cookie", key)];
        service.get_with(&format!("/api/v1/benchmark/TTFT?key={key}"), &headers);
        service.get_with("/api/v1/benchmark/nothing", &headers);
        service.send("POST", "/api/v1/runs", &headers, Some(&a_run("an-llm", 0.5)));
        service.send("POST", "/api/v1/runs", &headers, Some(&json!({"llm_name": 1})));
        service.send("POST", "/api/v1/keys", &headers, Some(&json!({"owner": ""})));
        service.send("DELETE", "/api/v1/keys/none", &headers, None);
    }
    service.get_with("/health/ready", &[]);
    made.push(mistyped);
    made
}

fn keeps_its_secrets(tell: fn(&Engines, u16) -> Vec<(&'static str, String)>, format: &str) {
    let mut engines = start();
    let port = engines.redis().port();
    // It is sent everything, and answers nothing.
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let collector_url = format!("http://{}", collector.local_addr().unwrap());
    let mut service = Service::start(tempfile::tempdir().unwrap(), |command| {
        command.envs(tell(&engines, port)).env("API_KEY", API_KEY);
        command.env("LOG_LEVEL", "trace").env("LOG_FORMAT", format).env("LOG_FILE", "service.log");
        let header = format!("authorization={COLLECTOR_KEY}");
        command.env("OTEL_EXPORTER_OTLP_HEADERS", header).env("OTEL_BSP_SCHEDULE_DELAY", "50");
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector_url);
    });
    let mut secrets =
        [API_KEY, POSTGRES_PASSWORD, MIGRATION_PASSWORD, REDIS_PASSWORD, COLLECTOR_KEY, WRONG_KEY]
            .map(str::to_owned)
            .to_vec();
    secrets.extend(use_it(&service));

    let (mut sent, mut head) = (collector.accept().unwrap().0, vec![0; 2000]);
    let length = sent.read(&mut head).unwrap();
    assert!(String::from_utf8_lossy(&head[..length]).contains(COLLECTOR_KEY), "it is sent");

    engines.redis().kill();
    engines.postgres.kill();
    wait_until("nothing answers", Duration::from_secs(10), || {
        let health = service.get_with("/health/ready", &[]).data();
        health["dependencies"] == json!({"store": "down", "cache": "down"})
    });
    for key in secrets.clone() {
        service.get_with("/api/v1/benchmark/TTFT?limit=9", &[("X-API-Key", &key)]);
        service.send("POST", "/api/v1/runs", &[("X-API-Key", &key)], Some(&a_run("x", 0.5)));
    }
    engines.postgres.restart();
    engines.postgres.sql("ALTER ROLE service PASSWORD 'another'");
    wait_until("its password is refused", Duration::from_secs(10), || {
        let answer =
            service.send("POST", "/api/v1/runs", &[("X-API-Key", API_KEY)], Some(&a_run("y", 0.5)));
        answer.status == 503 && service.log().contains("password authentication failed")
    });
    assert_keeps("/metrics", &service.get_with("/metrics", &[]).text(), &secrets);
    service.signal("TERM");
    service.wait();
    for name in ["stderr.log", "service.log"] {
        let log = std::fs::read_to_string(service.folder.path().join(name)).unwrap();
        assert!(log.contains("TRACE") && log.lines().count() > 200, "{log}");
        assert_keeps(name, &log, &secrets);
    }

    // A start that fails.
    let mut command = program(service.folder.path());
    command.arg("serve").envs(tell(&engines, port)).env("API_KEY", API_KEY);
    command.env("LOG_LEVEL", "trace");
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("password"), "{said}");
    assert_keeps("stderr", &said, &secrets);
}

#[test]
fn configured_part_by_part_no_secret_is_logged_or_measured() {
    keeps_its_secrets(by_parts, "pretty");
}

#[test]
fn configured_by_url_no_secret_is_logged_or_measured() {
    keeps_its_secrets(by_url, "json");
}
