//! PostgreSQL away, or locked: what is known is still answered, and nothing
//! hangs.

use std::time::{Duration, Instant};

use crate::engines::{Engines, wait_until};
use crate::load::Load;
use crate::service::{KEY, Service, a_run, agent};
use crate::turn::Turn;

/// How soon a failure has to be told.
const A_SECOND: Duration = Duration::from_secs(1);

/// By how much a busy machine may hold up one of several.
const SLACK: Duration = Duration::from_millis(500);

fn timed<T>(task: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    (task(), begun.elapsed())
}

/// The quickest took less than a second, and the slowest not much more.
#[track_caller]
fn assert_in_time(took: impl Iterator<Item = Duration>) {
    let took: Vec<_> = took.collect();
    println!("{took:?}");
    assert!(took.iter().min().unwrap() < &A_SECOND, "{took:?}");
    assert!(took.iter().max().unwrap() < &(A_SECOND + SLACK), "{took:?}");
}

/// A key that is stored, as consumers have theirs.
fn make_read_key(service: &Service) -> String {
    let request = agent().post(format!("{}/api/v1/keys", service.url)).header("X-API-Key", KEY);
    let body = serde_json::json!({"owner": "router", "scopes": ["read"]});
    let mut answer = request.send_json(body).unwrap();
    let made: serde_json::Value = answer.body_mut().read_json().unwrap();
    made["data"]["key"].as_str().unwrap().to_owned()
}

#[test]
fn killed_with_a_warm_cache_every_known_ranking_is_answered_and_marked_stale() {
    let mut engines = Engines::start(Turn::alone());
    let service = engines.service_with_runs(&[("CACHE_EXPIRATION", "0.2")]);
    let key = make_read_key(&service);
    let with_key = || service.get_with("/api/v1/benchmark/TTFT?limit=3", &[("X-API-Key", &key)]);
    assert_eq!(with_key().status, 200);
    let questions = 20;
    let warm = Load::on(&service.url, 4, questions).for_seconds(3.0);
    assert_eq!((warm.failures(), warm.answers() > 100), (0, true), "{:?}", warm.statuses);
    engines.postgres.kill();
    std::thread::sleep(Duration::from_millis(500));

    let sick = Load::on(&service.url, 4, questions).for_seconds(5.0);
    println!("{:?}, {} stale", sick.statuses, sick.stale);
    assert_eq!(sick.failures(), 0, "{:?}", sick.statuses);
    assert!(sick.stale * 10 > sick.answers() * 9, "{} of {}", sick.stale, sick.answers());
    let answer = service.get("/api/v1/benchmark/TTFT?limit=3");
    assert!(answer.header("cache-status").contains("stale"), "{:?}", answer.headers);
    assert!(answer.header("age").parse::<u64>().is_ok());
    assert_eq!(answer.data().as_array().unwrap().len(), 3);

    // It was looked up more than five seconds ago, and cannot be again.
    let with_key = with_key();
    assert_eq!((with_key.status, with_key.header("age").is_empty()), (200, false));

    assert_in_time((1..=3).map(|_| {
        let (write, took) = timed(|| service.post_run(&a_run("lost", 0.5)));
        assert!(!write.refusal(503).contains("refused"));
        assert!(!write.header("retry-after").is_empty());
        took
    }));
    let (live, took) = timed(|| service.get_with("/health/live", &[]));
    assert_eq!((live.status, took < Duration::from_millis(100)), (200, true), "{took:?}");
    let ready = service.get_with("/health/ready", &[]).data();
    assert_eq!(ready["dependencies"]["store"], "down");

    engines.postgres.restart();
    wait_until("writes go on", Duration::from_secs(10), || {
        service.post_run(&a_run("after", 0.05)).status < 400
    });
    wait_until("the ranking is new", Duration::from_secs(5), || {
        let answer = service.get("/api/v1/benchmark/TTFT?limit=3");
        answer.data()[0]["llm_name"] == "after" && answer.header("age").is_empty()
    });
}

#[test]
fn killed_with_a_cold_cache_the_answer_is_503_within_a_second() {
    let mut engines = Engines::without_redis(Turn::alone());
    let service = engines.service_with_runs(&[]);
    engines.postgres.kill();
    assert_in_time((0..3).map(|_| {
        let (answer, took) = timed(|| service.get("/api/v1/benchmark/TTFT?limit=7"));
        answer.refusal(503);
        assert!(!answer.header("retry-after").is_empty());
        took
    }));
}

#[test]
fn hung_it_is_given_up_within_a_second_too() {
    let engines = Engines::without_redis(Turn::alone());
    let service = engines.service_with_runs(&[]);
    engines.postgres.freeze();
    // However many ask at once: who waited for one failure waits for no other.
    std::thread::scope(|scope| {
        let service = &service;
        let clients = (0..20).map(|number| {
            // Half of them the same, half of them other parts of the same ranking.
            let limit = 7 + number % 2 * number;
            let ask = move || service.get(&format!("/api/v1/benchmark/TTFT?limit={limit}"));
            scope.spawn(move || timed(ask))
        });
        let clients: Vec<_> = clients.collect();
        assert_in_time(clients.into_iter().map(|client| {
            let (answer, took) = client.join().unwrap();
            answer.refusal(503);
            took
        }));
    });
    engines.postgres.thaw();
    wait_until("it answers again", Duration::from_secs(10), || {
        service.get("/api/v1/benchmark/TTFT?limit=7").status == 200
    });
}

#[test]
fn too_old_an_answer_does_not_stand_in() {
    let mut engines = Engines::without_redis(Turn::beside_others());
    let vars = [("CACHE_EXPIRATION", "0.2"), ("CACHE_STALE_MAX", "2")];
    let service = engines.service_with_runs(&vars);
    assert_eq!(service.get("/api/v1/benchmark/TTFT").status, 200);
    engines.postgres.kill();
    assert_eq!(service.get("/api/v1/benchmark/TTFT").status, 200);
    wait_until("it is too old", Duration::from_secs(5), || {
        service.get("/api/v1/benchmark/TTFT").status == 503
    });
}

#[test]
fn with_every_connection_waiting_for_a_lock_nothing_hangs_and_the_pool_refills() {
    let engines = Engines::without_redis(Turn::alone());
    let vars = [("POSTGRES_POOL_SIZE", "2"), ("POSTGRES_STATEMENT_TIMEOUT", "3")];
    let service = engines.service_with_runs(&vars);
    let url = service.url.clone();
    std::thread::scope(|scope| {
        // Held for as long as the statement sleeps.
        let locked = scope.spawn(|| {
            engines.postgres.sql("BEGIN; LOCK TABLE runs; SELECT pg_sleep(2.5); COMMIT");
        });
        wait_until("the table is locked", Duration::from_secs(2), || {
            let held = "SELECT count(*) FROM pg_locks \
                        WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'runs'::regclass";
            engines.postgres.sql(held).trim() == "1"
        });
        let writers: Vec<_> = (0..6)
            .map(|number| {
                let service = &service;
                scope.spawn(move || {
                    timed(|| service.post_run(&a_run(&format!("locked-{number}"), 0.5)))
                })
            })
            .collect();
        let (live, took) = timed(|| agent().get(format!("{url}/health/live")).call());
        assert!(live.is_ok() && took < Duration::from_millis(50), "{took:?}");
        // Two wait for the lock, the others in vain for one of their connections.
        let written = writers.into_iter().map(|writer| writer.join().unwrap());
        let (waited, refused): (Vec<_>, Vec<_>) =
            written.partition(|(answer, _)| answer.status == 201);
        assert!(waited.len() <= 2 && !refused.is_empty(), "{}", waited.len());
        assert_in_time(refused.into_iter().map(|(answer, took)| {
            assert_eq!(answer.status, 503, "{}", answer.text());
            took
        }));
        locked.join().unwrap();
    });
    wait_until("the pool is full again", Duration::from_secs(5), || {
        service.post_run(&a_run("afterwards", 0.5)).status < 400
    });
}
