//! Callers that ask too often.

use std::time::{Duration, Instant};

use crate::answer::Answer;
use crate::keys::make_key;
use crate::service::{KEY, Service};

const PATH: &str = "/api/v1/llms";

fn limited(vars: &[(&str, &str)]) -> Service {
    Service::start(tempfile::tempdir().unwrap(), |command| {
        command.envs(vars.iter().copied());
    })
}

/// Asks until something else than `usual` is answered.
fn ask_until_refused(service: &Service, headers: &[(&str, &str)], usual: u16) -> (usize, Answer) {
    let patience = Instant::now() + Duration::from_secs(20);
    for asked in 0.. {
        let answer = service.get_with(PATH, headers);
        if answer.status != usual {
            return (asked, answer);
        }
        assert!(Instant::now() < patience, "{asked} were answered {usual}");
    }
    unreachable!("nobody counts so far")
}

#[test]
fn a_key_beyond_its_limit_is_told_when_to_come_back_and_others_go_on() {
    let service = limited(&[("RATE_LIMIT_PER_KEY", "5")]);
    let first = service.get(PATH);
    assert_eq!(first.header("ratelimit-policy"), "\"key\";q=5;w=60");
    assert_eq!(first.header("ratelimit"), "\"key\";r=4;t=12");
    let (asked, refused) = ask_until_refused(&service, &[("X-API-Key", KEY)], 200);
    assert_eq!(asked, 4);
    refused.refusal(429);
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=12).contains(&wait), "{wait}");
    let (_, other) = make_key(service.folder.path(), &["read"]);
    assert_eq!(service.get_with(PATH, &[("X-API-Key", &other)]).status, 200);
    assert_eq!(service.get_with("/health/live", &[]).status, 200);
    let metrics = service.get_with("/metrics", &[]).text();
    assert!(metrics.contains("requests_refused_total{reason=\"key\"} 1\n"), "{metrics}");
}

#[test]
fn addresses_behind_a_trusted_proxy_are_told_apart_and_nobody_elses_word_is_taken() {
    let from = |client: &'static str| [("X-API-Key", KEY), ("X-Forwarded-For", client)];
    let behind = limited(&[("RATE_LIMIT_PER_ADDRESS", "1"), ("TRUSTED_PROXIES", "127.0.0.0/8")]);
    for (client, status) in [
        ("203.0.113.1", 200),
        ("203.0.113.2", 200),
        ("203.0.113.2", 429),
        ("198.51.100.9, 203.0.113.1", 429),
        ("2001:db8::1", 200),
        ("2001:db8::2", 429),
    ] {
        assert_eq!(behind.get_with(PATH, &from(client)).status, status, "{client}");
    }
    let alone = limited(&[("RATE_LIMIT_PER_ADDRESS", "1")]);
    assert_eq!(alone.get_with(PATH, &from("203.0.113.1")).status, 200);
    assert_eq!(alone.get_with(PATH, &from("203.0.113.2")).status, 429);
}

#[test]
fn whoever_guesses_keys_is_slowed_down_by_default_and_good_keys_are_not() {
    let service = Service::empty();
    let guess = "bmk_0000000000000000000000000000000000000000cafecafe";
    let (asked, refused) = ask_until_refused(&service, &[("X-API-Key", guess)], 401);
    assert!(asked >= 60, "{asked}");
    refused.refusal(429);
    assert_eq!(refused.header("ratelimit-policy"), "\"failed_auth\";q=60;w=60");
    assert_eq!(service.get_with(PATH, &[]).status, 429);
    let good = service.get(PATH);
    assert_eq!((good.status, good.header("ratelimit")), (200, ""));
}
