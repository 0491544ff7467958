//! The examples of the OpenAPI document. Made of the types that are served, so
//! that they cannot be wrong.

use std::collections::BTreeMap;

use benchmark_domain::uuid::Uuid;

use super::{
    ApiKey, ComparedValue, Comparison, Conditions, CreatedKey, Difference, Direction, Finding,
    History, HistoryPoint, ImportedFile, Llm, Measurement, Metric, MetricComparison, NewApiKey,
    NewFigures, NewMeasurement, NewMetric, NewRequests, NewRun, NewSamples, NewTool, Ranking,
    RankingEntry, RecordedRun, Run, Scope, Series, Workload,
};

/// A type of which there is an example.
pub(crate) trait Example {
    fn example() -> Self;
}

impl<T: Example> Example for Vec<T> {
    fn example() -> Self {
        vec![T::example()]
    }
}

impl Example for RankingEntry<'_> {
    fn example() -> Self {
        Self {
            id: Uuid::from_u128(0xfe860508_ecf7_4f57_941d_a0dbbe63cfa4),
            metric: "TTFT",
            llm_name: "Llama 3.1 405",
            provider: None,
            mean_value: 1.0281117694509072,
            rank: 1,
            timestamp: "2024-09-27T08:57:17.739976Z".to_owned(),
            unit: "s",
            value: 1.0281117694509072,
            ci_low: Some(1.0105),
            ci_high: Some(1.0457),
            rank_low: 1,
            rank_high: 2,
            provisional: true,
            sample_count: 1000,
            run_count: 1,
            attempted_requests: 1004,
            failed_requests: 4,
            mostly_failed: false,
            p50: Some(0.9917),
            p90: Some(1.4023),
            p95: Some(1.5548),
            p99: Some(1.8731),
            missing: Vec::new(),
            workload: "default",
            source: "simulation",
        }
    }
}

impl Example for Ranking<'_> {
    fn example() -> Self {
        Self {
            metric: "TTFT",
            unit: "s",
            better: Direction::Lower,
            workload: "default",
            window: "latest".to_owned(),
            statistic: "mean",
            entries: Example::example(),
            message: None,
        }
    }
}

impl Example for History {
    fn example() -> Self {
        let point = HistoryPoint {
            published_at: "2024-09-27T08:57:21.004512Z".to_owned(),
            timestamp: "2024-09-27T08:57:17.739976Z".to_owned(),
            value: 0.2279,
            ci_low: Some(0.2211),
            ci_high: Some(0.2347),
            rank: 1,
            rank_low: 1,
            rank_high: 2,
            provisional: true,
            mostly_failed: false,
        };
        Self {
            metric: "TTFT".to_owned(),
            unit: "s".to_owned(),
            better: Direction::Lower,
            workload: "default".to_owned(),
            series: vec![Series { llm: Example::example(), points: vec![point] }],
        }
    }
}

impl Example for Comparison {
    fn example() -> Self {
        let first = Llm::example();
        let second = Llm {
            id: "f3a1c7de-2b54-8f0e-9d36-70c4a1b2e3f4".to_owned(),
            provider: Some("anyscale".to_owned()),
            ..first.clone()
        };
        let value = ComparedValue {
            llm: first.id.clone(),
            value: 0.2279,
            ci_low: Some(0.2187),
            ci_high: Some(0.2371),
            provisional: false,
            sample_count: 750,
            run_count: 5,
            attempted_requests: 750,
            failed_requests: 0,
            mostly_failed: false,
        };
        let other = ComparedValue {
            llm: second.id.clone(),
            value: 0.2468,
            ci_low: Some(0.2331),
            ci_high: Some(0.2605),
            ..value.clone()
        };
        let pair = Difference {
            first: first.id.clone(),
            second: second.id.clone(),
            first_value: value.value,
            second_value: other.value,
            difference: 0.0189,
            difference_low: Some(0.005),
            difference_high: Some(0.0328),
            ratio: Some(1.0829),
            ratio_low: Some(1.0209),
            ratio_high: Some(1.1478),
            p_value: Some(0.0148),
            significant: true,
            provisional: false,
            more_runs: Some(3),
            more_runs_unknown: None,
        };
        Self {
            llms: vec![first, second],
            workload: "550in-150out-c5".to_owned(),
            window: "30d".to_owned(),
            statistic: "mean".to_owned(),
            metrics: vec![MetricComparison {
                metric: "TTFT".to_owned(),
                unit: "s".to_owned(),
                better: Direction::Lower,
                values: vec![value, other],
                pairs: vec![pair],
                message: None,
            }],
        }
    }
}

impl Example for Llm {
    fn example() -> Self {
        Self {
            id: "6d1f0e0c-4f0e-8c5a-9a53-0b7c0f6f2f10".to_owned(),
            llm_name: "llama2-70b-4096".to_owned(),
            provider: Some("groq".to_owned()),
        }
    }
}

impl Example for Metric {
    fn example() -> Self {
        (&benchmark_domain::metrics::BUILT_IN[0]).into()
    }
}

impl Example for NewMetric {
    fn example() -> Self {
        Self {
            name: "ENERGY".to_owned(),
            unit: "J/token".to_owned(),
            better: Direction::Lower,
            definition: "Energy drawn by the server per output token.".to_owned(),
        }
    }
}

impl Example for Conditions {
    fn example() -> Self {
        Self {
            input_tokens: Some(550),
            output_tokens: Some(150),
            concurrency: Some(5),
            ..Self::default()
        }
    }
}

impl Example for Workload {
    fn example() -> Self {
        Self { slug: "550in-150out-c5".to_owned(), conditions: Example::example() }
    }
}

impl Example for Run {
    fn example() -> Self {
        let ttft = Measurement {
            sampled: true,
            count: Some(3),
            mean: 0.27,
            standard_deviation: Some(0.0656),
            min: Some(0.21),
            max: Some(0.34),
            p50: Some(0.26),
            p90: Some(0.34),
            p95: Some(0.34),
            p99: Some(0.34),
        };
        Self {
            id: "0a3b8f0e-6f1c-8d2e-b1a4-5e6f708192a3".to_owned(),
            llm: Example::example(),
            workload: "550in-150out-c5".to_owned(),
            source: "push".to_owned(),
            started_at: "2024-09-27T08:57:17.739976Z".to_owned(),
            recorded_at: "2024-09-27T09:00:00.000000Z".to_owned(),
            tool: Some("our-probe".to_owned()),
            tool_version: Some("1.4".to_owned()),
            attempted_requests: 3,
            failed_requests: 0,
            file_name: None,
            metrics: BTreeMap::from([("TTFT".to_owned(), ttft)]),
            verdict: "notice".to_owned(),
            findings: Example::example(),
        }
    }
}

impl Example for Finding {
    fn example() -> Self {
        Self {
            code: "few_samples".to_owned(),
            severity: "notice".to_owned(),
            message: "TTFT has 3 samples, and p50 or above needs 6".to_owned(),
        }
    }
}

impl Example for NewRun {
    fn example() -> Self {
        let samples = NewSamples { samples: vec![0.21, 0.26, 0.34] };
        let figures = NewFigures { mean: 41.5, p99: Some(55.0), ..NewFigures::default() };
        Self {
            llm_name: "llama2-70b-4096".to_owned(),
            provider: Some("groq".to_owned()),
            workload: None,
            conditions: Some(Example::example()),
            started_at: "2024-09-27T08:57:17.739976Z".to_owned(),
            tool: Some(NewTool { name: "our-probe".to_owned(), version: Some("1.4".to_owned()) }),
            requests: Some(NewRequests { attempted: 4, failed: 1 }),
            metrics: BTreeMap::from([
                ("TTFT".to_owned(), NewMeasurement::Samples(samples)),
                ("TPS".to_owned(), NewMeasurement::Figures(figures)),
            ]),
        }
    }
}

impl Example for ImportedFile {
    fn example() -> Self {
        Self {
            format: "vllm".to_owned(),
            runs: Example::example(),
            notes: vec![
                "ITL is left out: the file's is of chunks, which may carry several tokens."
                    .to_owned(),
            ],
        }
    }
}

impl Example for RecordedRun {
    fn example() -> Self {
        Self {
            id: "0a3b8f0e-6f1c-8d2e-b1a4-5e6f708192a3".to_owned(),
            new: true,
            verdict: "notice".to_owned(),
            findings: Example::example(),
        }
    }
}

impl Example for ApiKey {
    fn example() -> Self {
        Self {
            id: "7c0e1f52-93ab-4a3e-8d7f-21c4b0a9e6d5".to_owned(),
            owner: "router in eu-central-1".to_owned(),
            scopes: vec![Scope::Read],
            created_at: "2026-01-31T12:00:00.000000Z".to_owned(),
            expires_at: Some("2999-12-31T00:00:00.000000Z".to_owned()),
            revoked_at: None,
            last_used_at: Some("2026-02-01T08:15:30.250000Z".to_owned()),
        }
    }
}

impl Example for CreatedKey {
    fn example() -> Self {
        Self {
            key: "bmk_000102030405060708090a0b0c0d0e0f1011121359b5939e".to_owned(),
            shown: ApiKey { last_used_at: None, ..ApiKey::example() },
        }
    }
}

impl Example for NewApiKey {
    fn example() -> Self {
        let ApiKey { owner, scopes, expires_at, .. } = ApiKey::example();
        Self { owner, scopes, expires_at }
    }
}
