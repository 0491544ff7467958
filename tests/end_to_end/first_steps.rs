//! What a newcomer does: start, look, import, rank.

use std::process::Command;

use serde_json::Value;

use crate::service::{KEY, Service, fixture, run, stdout};

const PROVIDERS: [&str; 8] =
    ["groq", "anyscale", "bedrock", "perplexity", "fireworks", "together", "replicate", "lepton"];

/// Imports the real measurements of the large models, one provider at a time.
fn import_all(service: &Service) {
    for provider in PROVIDERS {
        let file = fixture(&format!("llmperf-leaderboard/individual/{provider}_70b.json"));
        let table = stdout(
            service.folder.path(),
            &["import", "--provider", provider, file.to_str().unwrap()],
        );
        assert!(table.contains("recorded"), "{table}");
    }
}

fn column<'a>(entries: &'a Value, name: &str) -> Vec<&'a Value> {
    entries.as_array().unwrap().iter().map(|entry| &entry[name]).collect()
}

#[test]
fn the_real_measurements_give_the_known_ranking() {
    let service = Service::empty();
    import_all(&service);
    let rank = ["rank", "TTFT", "--workload", "550in-150out-c5", "--json"];
    let printed: Value = serde_json::from_str(&stdout(service.folder.path(), &rank)).unwrap();

    assert_eq!(column(&printed, "provider"), PROVIDERS);
    assert_eq!(column(&printed, "rank"), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(column(&printed, "rank_low"), [1, 2, 3, 3, 5, 6, 7, 8]);
    assert_eq!(column(&printed, "rank_high"), [1, 2, 4, 4, 5, 6, 7, 8]);
    let flagged: Vec<_> = PROVIDERS.iter().map(|provider| *provider == "lepton").collect();
    assert_eq!(column(&printed, "mostly_failed"), flagged);
    assert_eq!(printed[7]["failed_requests"], 130);

    let served = service.get("/api/v1/benchmark/TTFT?workload=550in-150out-c5").data();
    assert_eq!(served, printed, "the API says what the terminal says");
}

#[test]
fn the_table_for_people_names_every_provider_in_order() {
    let service = Service::empty();
    import_all(&service);
    let rank = ["rank", "ttft", "--workload", "550in-150out-c5"];
    let table = stdout(service.folder.path(), &rank);
    let places: Vec<_> = PROVIDERS.iter().map(|provider| table.find(provider).unwrap()).collect();
    assert!(places.is_sorted(), "{table}");
    assert!(table.contains("mostly failed"), "{table}");
}

#[test]
fn importing_the_same_file_twice_changes_nothing_and_says_so() {
    let service = Service::empty();
    let file = fixture("llmperf-leaderboard/individual/groq_70b.json");
    let import = ["import", "--provider", "groq", file.to_str().unwrap()];
    stdout(service.folder.path(), &import);
    let before = service.get("/api/v1/runs").data();
    assert!(stdout(service.folder.path(), &import).contains("known already"));
    let json = [&import[..], &["--json"]].concat();
    let told: Value = serde_json::from_str(&stdout(service.folder.path(), &json)).unwrap();
    assert_eq!(told[0]["runs"][0]["new"], false);
    assert_eq!(told[0]["runs"][0]["id"], before[0]["id"]);
    assert_eq!(service.get("/api/v1/runs").data(), before);
}

#[test]
fn an_import_tells_of_each_file_what_the_api_tells() {
    let service = Service::empty();
    let names = ["vllm_bench_serve.json", "guidellm.json"];
    let files = names.map(|name| fixture(&format!("result-formats/{name}")));
    let import: Vec<_> = ["import", "--json"]
        .into_iter()
        .chain(files.iter().map(|it| it.to_str().unwrap()))
        .collect();
    let told: Value = serde_json::from_str(&stdout(service.folder.path(), &import)).unwrap();
    for (file, mut told) in files.iter().zip(told.as_array().unwrap().clone()) {
        let result: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let key = [("X-API-Key", KEY)];
        let answer = service.send("POST", "/api/v1/runs/import", &key, Some(&result)).data();
        assert_eq!(told["runs"][0]["new"], true);
        told["runs"][0]["new"] = false.into();
        assert_eq!(told, answer, "the API says what the terminal says");
    }
}

#[test]
fn one_refused_file_and_nothing_is_imported() {
    let service = Service::empty();
    let good = fixture("llmperf-leaderboard/individual/groq_70b.json");
    let bad = service.folder.path().join("bad.json");
    std::fs::write(&bad, "[{\"error_code\": null").unwrap();
    let output =
        run(service.folder.path(), &["import", good.to_str().unwrap(), bad.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("bad.json: "), "{said}");
    assert_eq!(service.get("/api/v1/runs").data(), serde_json::json!([]));
}

#[test]
fn a_run_of_the_future_is_refused_by_its_file_with_what_helps() {
    let service = Service::empty();
    let good = fixture("result-formats/vllm_bench_serve.json");
    let tokyo = service.folder.path().join("tokyo.json");
    let text = std::fs::read_to_string(&good).unwrap().replace("20260101-", "29990101-");
    std::fs::write(&tokyo, text).unwrap();
    let import = ["import", good.to_str().unwrap(), tokyo.to_str().unwrap()];
    let output = run(service.folder.path(), &import);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("tokyo.json: it starts at 2999-01-01T"), "{said}");
    assert!(said.contains("in the future; a time without a zone was read as UTC, --at"), "{said}");
    assert!(said.contains("tokyo.json: The file writes its time without a zone"), "{said}");
    assert_eq!(service.get("/api/v1/runs").data(), serde_json::json!([]));
}

#[test]
fn a_demo_has_data_says_that_it_is_simulated_and_prints_a_curl_line_that_works() {
    let service = Service::start(tempfile::tempdir().unwrap(), |command| {
        command.arg("--demo").env_remove("API_KEY");
    });
    let greeting = service.greeting.join("\n");
    assert!(greeting.to_lowercase().contains("simulated"), "{greeting}");
    let curl = service.greeting.iter().find(|line| line.trim().starts_with("curl ")).unwrap();
    let key = curl.split("X-API-Key: ").nth(1).unwrap().split(['\'', '"']).next().unwrap();
    let entries = service.get_with("/api/v1/benchmark/TTFT", &[("X-API-Key", key)]).data();
    assert!(entries.as_array().unwrap().len() >= 10, "{entries}");
    assert!(column(&entries, "source").iter().all(|source| *source == "simulation"));
    let replicated = service.get_with("/api/v1/benchmark/TTFT?window=all", &[("X-API-Key", key)]);
    assert!(column(&replicated.data(), "provisional").iter().all(|it| *it == false));
    let output = Command::new("sh").args(["-c", curl]).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).expect("curl is installed");
    assert_eq!(answer["success"], true, "{curl}");
}

#[test]
fn a_demo_leaves_a_database_with_runs_alone() {
    let service = Service::empty();
    service.post_run(&crate::service::a_run("mine", 0.5)).data();
    let service = Service::start(service.kill(), |command| {
        command.arg("--demo");
    });
    assert_eq!(column(&service.get("/api/v1/llms").data(), "llm_name"), ["mine"]);
}

#[test]
fn the_first_start_makes_a_key_prints_it_once_and_stores_its_hash() {
    let without_key = |command: &mut Command| {
        command.env_remove("API_KEY");
    };
    let service = Service::start(tempfile::tempdir().unwrap(), without_key);
    let words = service.greeting.join(" ");
    let key = words.split_whitespace().find(|word| word.starts_with("bmk_")).unwrap().to_owned();
    assert_eq!(service.get_with("/api/v1/llms", &[("X-API-Key", &key)]).status, 200);
    assert_eq!(service.get_with("/api/v1/llms", &[("X-API-Key", KEY)]).status, 401);
    assert!(!service.log().contains(&key));

    let service = Service::start(service.kill(), without_key);
    assert!(!service.greeting.join(" ").contains("bmk_"));
    assert_eq!(service.get_with("/api/v1/llms", &[("X-API-Key", &key)]).status, 200);
    for file in std::fs::read_dir(service.folder.path().join("data")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(key.len()).any(|window| window == key.as_bytes()));
    }
}

#[test]
fn what_is_pushed_is_ranked_at_once_and_survives_kill_9() {
    let service = Service::empty();
    assert_eq!(service.get("/api/v1/benchmark/TTFT").data(), serde_json::json!([]));
    let answer = service.post_run(&a_batch());
    assert_eq!(answer.status, 201, "{}", answer.text());
    let ranking = service.get("/api/v1/benchmark/ttft").data();
    assert_eq!(column(&ranking, "llm_name"), ["swift", "tardy"]);

    let service = Service::start(service.kill(), |_| {});
    assert_eq!(service.get("/api/v1/benchmark/TTFT").data(), ranking);
    assert_eq!(service.post_run(&a_batch()).status, 200, "known already");
}

fn a_batch() -> Value {
    let run = crate::service::a_run;
    Value::from(vec![run("tardy", 0.9), run("swift", 0.2)])
}

#[test]
fn an_empty_workload_names_those_that_have_runs() {
    let service = Service::empty();
    let mut run = crate::service::a_run("swift", 0.2);
    run["workload"] = "chat".into();
    service.post_run(&run).data();
    let answer = service.get("/api/v1/benchmark/TTFT").envelope();
    assert_eq!(answer["data"], serde_json::json!([]));
    assert!(answer["message"].as_str().unwrap().contains("chat"), "{answer}");
}

#[test]
fn a_healthcheck_tells_a_running_service_from_none() {
    let service = Service::empty();
    let port = service.address().rsplit(':').next().unwrap();
    let check = |port: &str| {
        crate::service::program(service.folder.path())
            .arg("healthcheck")
            .env("PORT", port)
            .output()
            .unwrap()
    };
    assert!(check(port).status.success());
    let nobody = check("1");
    assert_eq!(nobody.status.code(), Some(1));
    assert_eq!(String::from_utf8(nobody.stderr).unwrap().lines().count(), 1);
}

#[test]
fn a_healthcheck_asks_at_an_ipv6_address_too_and_through_no_proxy() {
    let service = Service::start(tempfile::tempdir().unwrap(), |command| {
        command.env("HOST", "::1");
    });
    for host in ["::1", "::"] {
        let checked = crate::service::program(service.folder.path())
            .arg("healthcheck")
            .env("HOST", host)
            .env("PORT", service.address().rsplit(':').next().unwrap())
            .env("HTTP_PROXY", "http://127.0.0.1:1")
            .output()
            .unwrap();
        assert!(checked.status.success(), "{host}: {checked:?}");
    }
}
