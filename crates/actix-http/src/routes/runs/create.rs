use actix_web::body::BoxBody;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, Responder};
use apistos::paths::Responses;
use apistos::reference_or::ReferenceOr;
use apistos::{ApiComponent, Schema, api_operation};
use benchmark_application::{RecordRunsError, Unfit, UnfitRun};

use super::recording::Recording;
use super::submission::Posted;
use crate::aside::aside;
use crate::auth::WriteKey;
use crate::documented::{in_envelope, responses, schemas_of};
use crate::error::ApiError;
use crate::idempotency::SentUnder;
use crate::query::{NoParameters, Query};
use crate::services::Services;
use crate::unread::Unread;
use crate::wire::{RecordedRun, Refusal};

/// What became of each run, in the order in which they were sent.
#[derive(Debug)]
pub(crate) struct Recorded(Recording);

impl Responder for Recorded {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.0.answer(|runs| runs, None)
    }
}

impl ApiComponent for Recorded {
    fn child_schemas() -> Vec<(String, ReferenceOr<Schema>)> {
        schemas_of::<Vec<RecordedRun>>()
    }

    fn schema() -> Option<(String, ReferenceOr<Schema>)> {
        None
    }

    fn responses(_: Option<String>) -> Option<Responses> {
        let content = in_envelope::<Vec<RecordedRun>>;
        Some(responses([
            ("200", "All of them were recorded before; nothing changed.", content()),
            ("201", "At least one was new; all are recorded, durably.", content()),
        ]))
    }
}

/// Record runs, all of them or none
///
/// One run as a JSON object, several as an array, or one per line
/// (`application/x-ndjson`). The body may be gzipped. A run that says exactly
/// what a recorded one says is that run: sending it again changes nothing. With
/// an `Idempotency-Key` it is answered as the first time too, with the header
/// `Idempotent-Replayed: true`.
///
/// A refusal names every run that cannot be recorded (ten of them, and how many
/// more there are), by its place in the array or its line, and its first field that
/// cannot be; none is recorded then. What can be told from the runs alone is told
/// first.
#[api_operation(
    tag = "runs",
    operation_id = "recordRuns",
    error_code = 400,
    error_code = 401,
    error_code = 403,
    error_code = 408,
    error_code = 413,
    error_code = 415,
    error_code = 422,
    error_code = 429,
    error_code = 500,
    error_code = 503
)]
pub(crate) async fn record_runs(
    key: WriteKey,
    parameters: Query<NoParameters>,
    sent_under: SentUnder,
    posted: Unread<Posted>,
    services: Data<Services>,
) -> Result<Recorded, ApiError> {
    let NoParameters {} = parameters.into_inner()?;
    let sent_under = sent_under.into_inner()?;
    let Posted { submission, turn, recording } = posted.read(&key).await?;
    // Megabytes take tens of milliseconds to parse and to digest.
    let (submission, runs, sent_under) = aside(move || {
        let runs = submission.parse();
        drop(turn);
        let sent_under = sent_under.map(|name| (name, submission.digest()));
        (submission, runs, sent_under)
    })
    .await?;
    let refuse = |error| match error {
        RecordRunsError::Unfit { first, others } => {
            let refuse =
                |unfit: &UnfitRun| submission.refuse(unfit.run, &refusal_of(&unfit.reason));
            ApiError::joined(refuse(&first), others.iter().map(refuse))
        }
        error => ApiError::invalid("body", error),
    };
    Recording::of(runs?, &key, sent_under, recording, &services, refuse).await.map(Recorded)
}

fn refusal_of(reason: &Unfit) -> Refusal {
    match reason {
        Unfit::InTheFuture { .. } => Refusal::new("started_at", "lies in the future"),
        Unfit::UnknownMetric { .. } => Refusal::new("metrics", reason),
        Unfit::OtherLabel(_) => Refusal::new("conditions.labels", reason),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use benchmark_ports::Scope;
    use serde_json::{Value, json};

    use crate::body::{Bodies, BodyLimits};
    use crate::testing::{Answer, KEY, TestApp};
    use crate::wire::{Example, NewRun};
    use actix_web::test::TestRequest;

    fn a_run(llm: &str) -> Value {
        json!({
            "llm_name": llm,
            "started_at": "2025-01-31T12:00:00Z",
            "metrics": { "TTFT": { "samples": [0.1, 0.2, 0.3] } },
        })
    }

    async fn post(app: &TestApp, run: &Value) -> Answer {
        app.post("application/json", run.to_string()).await
    }

    #[actix_web::test]
    async fn how_many_tokens_there_were_says_nothing_of_how_many_requests() {
        let app = TestApp::empty();
        let run = |metrics: Value| {
            json!({
                "llm_name": "a", "started_at": "2025-06-15T15:06:40Z", "metrics": metrics,
            })
        };
        let itl = json!({ "samples": vec![0.02; 1400] });
        let with_ttft = json!({ "TTFT": { "samples": vec![0.2; 10] }, "ITL": itl });
        assert_eq!(post(&app, &run(with_ttft)).await.status, 201);
        assert_eq!(app.get("/api/v1/runs").await.data()[0]["attempted_requests"], 10);
        let alone = post(&app, &run(json!({ "ITL": itl }))).await.refusal(422);
        assert!(alone.starts_with("requests: is needed"), "{alone}");
    }

    #[actix_web::test]
    async fn a_new_run_is_created_and_known_the_second_time() {
        let app = TestApp::empty();
        let first = post(&app, &a_run("swift")).await;
        assert_eq!((first.status.as_u16(), &first.data()[0]["new"]), (201, &true.into()));
        let again = post(&app, &a_run("swift")).await;
        assert_eq!((again.status.as_u16(), &again.data()[0]["new"]), (200, &false.into()));
        assert_eq!(first.data()[0]["id"], again.data()[0]["id"]);
        assert_eq!(app.get("/api/v1/benchmark/TTFT").await.data()[0]["llm_name"], "swift");
    }

    #[actix_web::test]
    async fn an_unrankable_run_is_created_shown_and_not_ranked() {
        let app = TestApp::empty();
        let mut run = a_run("hasty");
        run["metrics"]["TTFT"]["samples"] = json!([0, 0, 0]);
        let created = post(&app, &run).await;
        assert_eq!(created.status, 201);
        let created = &created.data()[0];
        assert_eq!(created["verdict"], "unrankable");
        assert_eq!(created["findings"][1]["code"], "zero_ttft");
        let shown = app.get("/api/v1/runs?verdict=unrankable").await.data();
        assert_eq!(shown[0]["id"], created["id"]);
        assert_eq!(shown[0]["findings"], created["findings"]);
        assert_eq!(app.get("/api/v1/benchmark/TTFT").await.data(), json!([]));
    }

    #[actix_web::test]
    async fn the_example_of_the_document_is_taken() {
        assert_eq!(post(&TestApp::empty(), &json!(NewRun::example())).await.status, 201);
    }

    #[actix_web::test]
    async fn an_array_and_lines_record_several() {
        let app = TestApp::empty();
        assert_eq!(post(&app, &json!([a_run("a"), a_run("b")])).await.status, 201);
        let lines = format!("{}\n\n{}\n", a_run("b"), a_run("c"));
        let recorded = app.post("application/x-ndjson; charset=utf-8", lines).await.data();
        assert_eq!((&recorded[0]["new"], &recorded[1]["new"]), (&false.into(), &true.into()));
    }

    #[actix_web::test]
    async fn figures_without_samples_are_taken_as_such() {
        let app = TestApp::empty();
        let mut run = a_run("x");
        run["metrics"] = json!({ "TTFT": { "mean": 0.4, "p99": 0.9 } });
        run["requests"] = json!({ "attempted": 5, "failed": 1 });
        let id = post(&app, &run).await.data()[0]["id"].as_str().unwrap().to_owned();
        let shown = app.get(&format!("/api/v1/runs/{id}")).await.data();
        assert_eq!(shown["metrics"]["TTFT"]["sampled"], false);
        assert_eq!(shown["attempted_requests"], 5);
    }

    #[actix_web::test]
    async fn conditions_without_a_slug_name_themselves() {
        let app = TestApp::empty();
        let mut run = a_run("x");
        run["conditions"] = json!({ "input_tokens": 550, "output_tokens": 150, "concurrency": 5 });
        post(&app, &run).await.data();
        assert_eq!(app.get("/api/v1/workloads").await.data()[0]["slug"], "550in-150out-c5");
    }

    #[actix_web::test]
    async fn labels_name_a_workload_and_are_not_lost_on_a_known_one() {
        let app = TestApp::empty();
        let with = |gpu: &str| {
            let mut run = a_run(gpu);
            run["conditions"] = json!({ "concurrency": 5, "labels": { "gpu": gpu } });
            run
        };
        post(&app, &json!([with("h100"), with("a100")])).await.data();
        let workloads = app.get("/api/v1/workloads").await.data();
        assert_eq!(
            (&workloads[0]["slug"], &workloads[1]["slug"]),
            (&"c5-gpu-a100".into(), &"c5-gpu-h100".into())
        );
        let mut other = with("b200");
        other["workload"] = json!("c5-gpu-h100");
        let message = post(&app, &json!([other])).await.refusal(422);
        let place = "[0].conditions.labels: its workload c5-gpu-h100 has gpu=h100, not gpu=b200";
        assert!(message.starts_with(place), "{message}");
    }

    #[actix_web::test]
    async fn what_cannot_be_is_refused_by_its_place_and_nothing_is_stored() {
        let app = TestApp::empty();
        let with = |name: &str, value: Value| {
            let mut run = a_run("x");
            run[name] = value;
            run
        };
        let numbered = |count: u32, value: Value| {
            (0..count).map(|n| (format!("A{n}"), value.clone())).collect::<Value>()
        };
        let ttft = |measurement: Value| with("metrics", json!({ "TTFT": measurement }));
        for (run, place) in [
            (ttft(json!({ "samples": [0.1, -0.2] })), "metrics.TTFT.samples[1]: "),
            (ttft(json!({ "samples": [0.1, "x"] })), "metrics.TTFT"),
            (ttft(json!({ "samples": [] })), "metrics.TTFT.samples: "),
            (ttft(json!({ "samples": [1], "mean": 1 })), "metrics.TTFT: "),
            (ttft(json!({ "p99": 1 })), "metrics.TTFT: "),
            (ttft(json!({ "mean": 1, "min": 2, "max": 1 })), "metrics.TTFT: "),
            (ttft(json!([[0.1]])), "metrics.TTFT"),
            (with("metrics", json!({ "BANANA": { "mean": 1, "count": 3 } })), "metrics: "),
            (
                with(
                    "metrics",
                    json!({ "ttft": { "mean": 1, "count": 3 }, "TTFT": { "mean": 1 } }),
                ),
                "metrics.ttft: ",
            ),
            (with("metrics", json!({})), "metrics: "),
            (with("metrics", numbered(65, json!({ "mean": 1 }))), "metrics: no more than 64 "),
            (
                with("conditions", json!({ "labels": numbered(33, json!("x")) })),
                "conditions.labels: no more than 32 ",
            ),
            (ttft(json!({ "mean": 1 })), "requests: "),
            (with("llm_name", json!(" ")), "llm_name: "),
            (with("provider", json!("a\u{7}")), "provider: "),
            (with("workload", json!("a b")), "workload: "),
            (with("conditions", json!([])), "conditions: "),
            (with("conditions", json!({ "region": "" })), "conditions: "),
            (with("conditions", json!({ "request_rate": -1 })), "conditions: "),
            (with("started_at", json!("yesterday")), "started_at: "),
            (with("started_at", json!("1066-10-14T09:00:00Z")), "started_at: "),
            (with("started_at", json!("2999-01-01T00:00:00Z")), "started_at: "),
            (with("requests", json!({ "attempted": 2 })), "metrics.TTFT: "),
            (with("requests", json!({ "attempted": 0 })), "requests: "),
            (with("requests", json!({ "attempted": 1, "failed": 2 })), "requests: "),
            (with("tool", json!({ "name": "" })), "tool: "),
            (with("colour", json!("red")), "colour: "),
            (json!([a_run("good"), with("llm_name", json!(""))]), "[1].llm_name: "),
            (
                json!([a_run("good"), with("metrics", json!({ "A": { "mean": 1, "count": 3 } }))]),
                "[1].metrics: ",
            ),
            (json!([["x"]]), "[0]: "),
            (json!([]), "body: "),
            (json!(5), "body: "),
        ] {
            let message = post(&app, &run).await.refusal(422);
            assert!(message.starts_with(place), "{place}: {message}");
        }
        assert_eq!(app.get("/api/v1/runs").await.data(), json!([]));
    }

    #[actix_web::test]
    async fn what_is_said_twice_is_refused_by_its_name_and_not_half_forgotten() {
        let app = TestApp::empty();
        for (parts, message) in [
            (
                r#""metrics": {"TTFT": {"samples": [1]}, "TTFT": {"samples": [2]}}"#,
                r#"metrics: "TTFT" is there twice"#,
            ),
            (
                r#""metrics": {"TTFT": {"samples": [1]}},
                   "conditions": {"labels": {"gpu": "a", "gpu": "b"}}"#,
                r#"conditions.labels: "gpu" is there twice"#,
            ),
            (
                r#""metrics": {"TTFT": {"samples": [1]}}, "metrics": {}"#,
                "body: duplicate field `metrics`",
            ),
        ] {
            let run =
                format!(r#"{{"llm_name": "x", "started_at": "2025-01-31T12:00:00Z", {parts}}}"#);
            let refusal = app.post("application/json", run).await.refusal(422);
            assert!(refusal.starts_with(message), "{refusal}");
        }
        assert_eq!(app.get("/api/v1/runs").await.data(), json!([]));
    }

    #[actix_web::test]
    async fn a_bad_line_is_refused_by_its_number() {
        let app = TestApp::empty();
        let lines = |last: Value| format!("{}\n\n{last}", a_run("good"));
        let message = app.post("application/x-ndjson", lines(json!({}))).await.refusal(422);
        assert!(message.starts_with("line 3: "), "{message}");
        let mut bad = a_run("bad");
        bad["llm_name"] = json!("");
        let message = app.post("application/x-ndjson", lines(bad)).await.refusal(422);
        assert!(message.starts_with("line 3: llm_name: "), "{message}");
        let message = app.post("application/x-ndjson", "{}\n{".as_bytes()).await;
        assert!(message.refusal(422).starts_with("line 1: "));
        app.post("application/x-ndjson", "{".as_bytes()).await.refusal(400);
        app.post("application/x-ndjson", "\n".as_bytes()).await.refusal(422);
    }

    #[actix_web::test]
    async fn every_run_that_cannot_be_is_told_of() {
        let app = TestApp::empty();
        let with = |name: &str, value: Value| {
            let mut run = a_run("x");
            run[name] = value;
            run
        };
        let runs = [
            with("llm_name", json!("")),
            a_run("good"),
            with("llm_name", json!(7)),
            with("metrics", json!({ "TTFT": { "samples": [0.1, "x"] } })),
            json!([]),
        ];
        let places = ["[0].llm_name: ", "; [2].llm_name: ", "; [3].metrics.TTFT", "; [4]: "];
        let message = post(&app, &json!(runs)).await.refusal(422);
        assert!(places.iter().all(|place| message.contains(place)), "{message}");
        let lines = runs.map(|run| run.to_string()).join("\n");
        let message = app.post("application/x-ndjson", lines).await.refusal(422);
        for place in ["line 1: llm_name: ", "; line 3: llm_name: ", "; line 5: "] {
            assert!(message.contains(place), "{message}");
        }
        assert_eq!(app.get("/api/v1/runs").await.data(), json!([]));
    }

    #[actix_web::test]
    async fn every_run_that_does_not_fit_what_is_known_is_told_of() {
        let app = TestApp::empty();
        let (mut later, mut other) = (a_run("later"), a_run("other"));
        later["started_at"] = json!("2999-01-01T00:00:00Z");
        other["metrics"] = json!({ "BANANA": { "mean": 1, "count": 3 } });
        let runs = [a_run("good"), later.clone(), other.clone(), other, later];
        let message = post(&app, &json!(runs)).await.refusal(422);
        let places = ["[1].started_at: ", "; [2].metrics: ", "; [3].metrics: ", "; [4].started"];
        assert!(places.iter().all(|place| message.contains(place)), "{message}");
        let lines = runs.map(|run| run.to_string()).join("\n\n");
        let message = app.post("application/x-ndjson", lines).await.refusal(422);
        for place in ["line 3: started_at: ", "; line 5: metrics: ", "; line 9: started_at: "] {
            assert!(message.contains(place), "{message}");
        }
        assert_eq!(app.get("/api/v1/runs").await.data(), json!([]));
    }

    #[actix_web::test]
    async fn of_very_many_refusals_some_are_told() {
        let app = TestApp::empty();
        let message = post(&app, &json!(vec![json!({}); 1000])).await.refusal(422);
        assert!(message.starts_with("[0]: ") && message.ends_with("; and 990 more"), "{message}");
        let lines = "{}\n".repeat(1001);
        let message = app.post("application/x-ndjson", lines).await.refusal(422);
        assert_eq!(message, "body: 1001 runs, at most 1000 are taken at once");
        let message = post(&app, &json!(vec![json!({}); 1001])).await.refusal(422);
        assert_eq!(message, "body: 1001 runs, at most 1000 are taken at once");
    }

    #[actix_web::test]
    async fn bodies_wait_their_turn_to_be_read_and_not_for_ever() {
        let app = TestApp::empty();
        let mut turns = Vec::new();
        for _ in 0..2 {
            turns.push(app.shared.bodies.parsing().next().await.unwrap());
        }
        tokio::time::pause();
        post(&app, &a_run("x")).await.refusal(503);
        tokio::time::resume();
        turns.pop();
        assert_eq!(post(&app, &a_run("x")).await.status, 201);
        assert_eq!(post(&app, &a_run("y")).await.status, 201);
    }

    #[actix_web::test]
    async fn few_runs_do_not_wait_for_many() {
        let mut app = TestApp::empty();
        let limits = BodyLimits { bytes: 1 << 20, timeout: Duration::from_secs(10) };
        app.shared.bodies = Bodies::new(limits);
        let mut turns = Vec::new();
        for _ in 0..2 {
            turns.push(app.shared.bodies.recording().next().await.unwrap());
        }
        let many = json!((0..900).map(|at| a_run(&format!("llm-{at}"))).collect::<Vec<_>>());
        tokio::time::pause();
        post(&app, &many).await.refusal(503);
        tokio::time::resume();
        assert_eq!(post(&app, &a_run("x")).await.status, 201);
        turns.pop();
        assert_eq!(post(&app, &many).await.status, 201);
        // The turn was given back.
        assert_eq!(post(&app, &many).await.status, 200);
    }

    /// The answer to a run of this LLM, sent under a key.
    async fn send(app: &TestApp, key: &str, llm: &str) -> Answer {
        let request = TestRequest::post().uri("/api/v1/runs").insert_header(("X-API-Key", KEY));
        let request = request.insert_header(("Idempotency-Key", key)).set_json(a_run(llm));
        app.call(request).await
    }

    #[actix_web::test]
    async fn what_is_sent_again_under_its_key_is_answered_as_the_first_time() {
        let app = TestApp::empty();
        let first = send(&app, "a-key", "x").await;
        assert_eq!((first.status.as_u16(), first.header("idempotent-replayed")), (201, ""));
        for _ in 0..2 {
            let again = send(&app, "a-key", "x").await;
            assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (201, "true"));
            assert_eq!(again.body, first.body);
        }
        assert_eq!(send(&app, "another-key", "x").await.status, 200);
    }

    #[actix_web::test]
    async fn another_body_under_the_same_key_is_refused() {
        let app = TestApp::empty();
        send(&app, "a-key", "x").await;
        let message = send(&app, "a-key", "y").await.refusal(422);
        assert!(message.starts_with("Idempotency-Key: "), "{message}");
        assert_eq!(app.get("/api/v1/runs").await.data().as_array().unwrap().len(), 1);
    }

    #[actix_web::test]
    async fn what_is_no_idempotency_key_is_refused() {
        let app = TestApp::empty();
        for key in ["", "a b", &"x".repeat(256)] {
            let message = send(&app, key, "x").await.refusal(422);
            assert!(message.starts_with("Idempotency-Key: "), "{message}");
        }
    }

    #[actix_web::test]
    async fn what_is_no_json_too_much_or_of_another_type_is_refused() {
        let app = TestApp::empty();
        app.post("application/json", "{".as_bytes()).await.refusal(400);
        app.post("application/json", vec![b' '; 10_001]).await.refusal(413);
        app.post("text/csv", "a,b".as_bytes()).await.refusal(415);
    }

    #[actix_web::test]
    async fn a_key_that_may_only_read_records_nothing() {
        let app = TestApp::empty();
        let key = app.key([Scope::Read].into_iter().collect()).await;
        let request = || TestRequest::with_uri("/api/v1/runs").insert_header(("X-API-Key", &*key));
        let answer = app.call(request().method(actix_web::http::Method::POST)).await;
        assert!(answer.refusal(403).contains("`write`"));
        assert_eq!(app.call(request()).await.status, 200);
        assert_ne!(key, KEY);
    }
}
