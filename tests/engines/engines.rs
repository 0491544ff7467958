use std::process::Command;
use std::time::{Duration, Instant};

use benchmark_test_servers::{PostgresOptions, PostgresServer, RedisServer};

use crate::service::{Service, a_run};
use crate::turn::Turn;

/// Servers of one test, on which it starts services.
pub(crate) struct Engines {
    pub(crate) postgres: PostgresServer,
    pub(crate) redis: Option<RedisServer>,
    _turn: Turn,
}

impl Engines {
    pub(crate) fn start(turn: Turn) -> Self {
        Self::of(turn, PostgresServer::start(), Some(RedisServer::start()))
    }

    pub(crate) fn without_redis(turn: Turn) -> Self {
        Self::of(turn, PostgresServer::start(), None)
    }

    pub(crate) fn of(turn: Turn, postgres: PostgresServer, redis: Option<RedisServer>) -> Self {
        Self { postgres, redis, _turn: turn }
    }

    /// PostgreSQL that counts its statements, and Redis.
    pub(crate) fn counting(turn: Turn) -> Self {
        let settings =
            [("shared_preload_libraries".to_owned(), "pg_stat_statements".to_owned())].to_vec();
        let postgres =
            PostgresServer::start_with(PostgresOptions { settings, ..PostgresOptions::default() });
        postgres.sql("CREATE EXTENSION pg_stat_statements");
        Self::of(turn, postgres, Some(RedisServer::start()))
    }

    pub(crate) fn redis(&mut self) -> &mut RedisServer {
        self.redis.as_mut().unwrap()
    }

    /// What tells a program of these servers.
    pub(crate) fn tell(&self, command: &mut Command) {
        command.env("DATABASE_URL", self.postgres.url());
        if let Some(redis) = &self.redis {
            command.env("REDIS_HOST", format!("127.0.0.1:{}", redis.port()));
        }
    }

    /// A service on these servers, configured further.
    pub(crate) fn service(&self, vars: &[(&str, &str)]) -> Service {
        Service::start(tempfile::tempdir().unwrap(), |command| {
            self.tell(command);
            command.envs(vars.iter().copied());
        })
    }

    /// A service on these servers with the rankings of ten LLMs.
    pub(crate) fn service_with_runs(&self, vars: &[(&str, &str)]) -> Service {
        let service = self.service(vars);
        for number in 1..=10_u8 {
            let run = a_run(&format!("llm-{number}"), f64::from(number) / 10.0);
            assert_eq!(service.post_run(&run).status, 201);
        }
        service
    }
}

/// Waits until something is so, and tells how long that took.
pub(crate) fn wait_until(
    what: &str,
    patience: Duration,
    mut is_so: impl FnMut() -> bool,
) -> Duration {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < patience, "{what} not within {patience:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
    begun.elapsed()
}

/// A number from a service's metrics.
pub(crate) fn metric(service: &Service, name: &str) -> Option<f64> {
    let metrics = service.get_with("/metrics", &[]).text();
    let line = metrics.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().parse().ok()
}
