use serde::Deserialize;

use super::requests::Request;
use crate::header::{Labels, Lengths};
use crate::loose::{self, Loose, Loosely, Text};
use crate::number::Number;
use crate::statistics::Statistics;

/// A document of any layout: what one lacks another has.
#[derive(Deserialize)]
#[serde(expecting = "a guidellm report")]
pub(super) struct Document {
    pub(super) metadata: Option<Metadata>,
    /// From 0.8 on.
    pub(super) config: Option<Config>,
    /// In 0.5.
    pub(super) args: Option<Arguments>,
    pub(super) benchmarks: Vec<Benchmark>,
}

#[derive(Deserialize)]
pub(super) struct Metadata {
    pub(super) guidellm_version: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Config {
    metadata: Option<ConfigMetadata>,
    spec: Option<Arguments>,
}

#[derive(Deserialize)]
struct ConfigMetadata {
    labels: Option<Labels>,
}

/// What the tool was called with.
#[derive(Deserialize)]
pub(super) struct Arguments {
    backend: Option<Loosely<BackendArguments>>,
    model: Option<String>,
    data: Option<Loosely<Data>>,
}

/// What the endpoint was called with, unless that is a mere name.
#[derive(Default, Deserialize)]
struct BackendArguments {
    model: Option<Loosely<Text>>,
}

impl Loose for BackendArguments {}

/// How long synthetic data was to be: an object, the same as text, or
/// `prompt_tokens=128,output_tokens=8`.
#[derive(Debug, Default, Deserialize)]
struct Data {
    prompt_tokens: Option<Loosely<Length>>,
    output_tokens: Option<Loosely<Length>>,
}

impl Loose for Data {
    fn of_text(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|_| {
            let length = |name: &str| {
                let value = text.split(',').find_map(|part| {
                    let (key, value) = part.split_once('=')?;
                    (key.trim() == name).then(|| value.trim().parse().ok())?
                });
                Some(Loosely(Length { tokens: value }))
            };
            Self { prompt_tokens: length("prompt_tokens"), output_tokens: length("output_tokens") }
        })
    }
}

/// A length, if that is what it is.
#[derive(Debug, Default, Deserialize)]
struct Length {
    #[serde(skip)]
    tokens: Option<u32>,
}

impl Loose for Length {
    fn of_whole(tokens: u64) -> Self {
        Self { tokens: tokens.try_into().ok() }
    }
}

/// What holds for every benchmark of a document.
#[derive(Default)]
pub(super) struct Setting {
    pub(super) provider: Option<String>,
    pub(super) model: Option<String>,
    /// How long prompts and answers were to be, where the data was synthetic.
    pub(super) prompt_tokens: Option<u32>,
    pub(super) output_tokens: Option<u32>,
}

impl Setting {
    pub(super) fn new(config: Option<Config>, arguments: Option<Arguments>) -> Self {
        let mut setting = Self::default();
        let (metadata, spec) = config.map_or((None, None), |c| (c.metadata, c.spec));
        let labels = metadata.and_then(|metadata| metadata.labels);
        setting.provider = labels.as_ref().and_then(Labels::provider).map(str::to_owned);
        for Arguments { backend, model, data } in spec.into_iter().chain(arguments) {
            let of_backend =
                backend.and_then(|Loosely(backend)| loose::text(&backend.model).map(str::to_owned));
            setting.model = setting.model.or(model).or(of_backend);
            let Some(Loosely(data)) = data else { continue };
            let tokens = |length: Option<Loosely<Length>>| length?.0.tokens;
            setting.prompt_tokens = tokens(data.prompt_tokens);
            setting.output_tokens = tokens(data.output_tokens);
        }
        setting
    }

    /// What the lengths of a benchmark are, both of them.
    pub(super) fn lengths(&self) -> Lengths {
        match self.prompt_tokens.zip(self.output_tokens) {
            Some(_) => Lengths::Requested,
            None => Lengths::Measured,
        }
    }
}

/// A load and what came of it.
#[derive(Deserialize)]
#[serde(expecting = "a benchmark")]
pub(super) struct Benchmark {
    pub(super) config: Option<BenchmarkConfig>,
    /// In 0.3, where `config` and `scheduler_metrics` are not.
    pub(super) args: Option<BenchmarkConfig>,
    worker: Option<Worker>,
    run_stats: Option<Times>,
    scheduler_metrics: Option<Times>,
    pub(super) metrics: Metrics,
    request_totals: Option<Totals>,
    pub(super) requests: Option<Requests>,
    start_time: Option<Number>,
    pub(super) duration: Option<Number>,
    warmup_duration: Option<Number>,
    cooldown_duration: Option<Number>,
}

impl Benchmark {
    pub(super) fn strategy(&self) -> Option<&Strategy> {
        self.config.as_ref().or(self.args.as_ref())?.strategy.as_ref()
    }

    pub(super) fn model(&self) -> Option<&str> {
        let backend = self.config.as_ref().and_then(|config| config.backend.as_ref());
        let of_worker = || self.worker.as_ref()?.backend_model.as_deref();
        backend.and_then(|backend| backend.model.as_deref()).or_else(of_worker)
    }

    pub(super) fn start(&self) -> Option<Number> {
        let scheduled = self.times().and_then(|times| times.start_time);
        scheduled.or(self.start_time)
    }

    /// What the tool measured: its totals count the requests that reach into it.
    pub(super) fn measured(&self) -> Span {
        let times = self.times();
        Span {
            from: times.and_then(|times| times.measure_start_time),
            to: times.and_then(|times| times.measure_end_time),
        }
    }

    /// What lies between the warm-up and the cool-down, where there were such.
    pub(super) fn between_transients(&self) -> Span {
        let lasted = |duration: Option<Number>| duration.is_some_and(|Number(it)| it > 0.0);
        let Span { from, to } = self.measured();
        Span {
            from: from.filter(|_| lasted(self.warmup_duration)),
            to: to.filter(|_| lasted(self.cooldown_duration)),
        }
    }

    pub(super) fn totals(&self) -> Option<&Totals> {
        self.metrics.request_totals.as_ref().or(self.request_totals.as_ref())
    }

    fn times(&self) -> Option<&Times> {
        self.scheduler_metrics.as_ref().or(self.run_stats.as_ref())
    }
}

/// From one moment to another, in seconds since 1970; open where one is not told.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) from: Option<Number>,
    pub(super) to: Option<Number>,
}

#[derive(Deserialize)]
pub(super) struct BenchmarkConfig {
    strategy: Option<Strategy>,
    backend: Option<Backend>,
}

#[derive(Deserialize)]
struct Backend {
    model: Option<String>,
}

#[derive(Deserialize)]
struct Worker {
    backend_model: Option<String>,
}

/// How requests were sent.
#[derive(Deserialize)]
pub(super) struct Strategy {
    #[serde(rename = "type_")]
    pub(super) kind: Option<String>,
    pub(super) streams: Option<Number>,
    pub(super) max_concurrency: Option<Number>,
    pub(super) rate: Option<Number>,
}

/// In seconds since 1970.
#[derive(Deserialize)]
struct Times {
    start_time: Option<Number>,
    measure_start_time: Option<Number>,
    measure_end_time: Option<Number>,
}

#[derive(Deserialize)]
#[serde(expecting = "the metrics of a benchmark")]
pub(super) struct Metrics {
    request_totals: Option<Totals>,
    pub(super) request_latency: Option<Successful>,
    pub(super) prompt_token_count: Option<Successful>,
    pub(super) output_token_count: Option<Successful>,
    pub(super) time_to_first_token_ms: Option<Successful>,
}

#[derive(Deserialize)]
pub(super) struct Totals {
    pub(super) successful: Option<Number>,
    pub(super) errored: Option<Number>,
}

/// A distribution over the requests that succeeded.
#[derive(Deserialize)]
pub(super) struct Successful {
    pub(super) successful: Option<Distribution>,
}

#[derive(Deserialize)]
#[serde(expecting = "a distribution")]
pub(super) struct Distribution {
    mean: Option<Number>,
    std_dev: Option<Number>,
    min: Option<Number>,
    max: Option<Number>,
    pub(super) count: Option<Number>,
    pub(super) total_sum: Option<Number>,
    percentiles: Option<Percentiles>,
}

#[derive(Clone, Copy, Deserialize)]
struct Percentiles {
    p50: Option<Number>,
    p90: Option<Number>,
    p95: Option<Number>,
    p99: Option<Number>,
}

impl Distribution {
    pub(super) fn statistics(&self) -> Statistics {
        let percentiles = self.percentiles;
        let percentile = |of: fn(Percentiles) -> Option<Number>| percentiles.and_then(of);
        Statistics {
            unit: None,
            mean: self.mean,
            deviation: self.std_dev,
            min: self.min,
            max: self.max,
            p50: percentile(|of| of.p50),
            p90: percentile(|of| of.p90),
            p95: percentile(|of| of.p95),
            p99: percentile(|of| of.p99),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Requests {
    #[serde(default)]
    pub(super) successful: Option<Vec<Request>>,
    #[serde(default)]
    pub(super) errored: Option<Vec<Request>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lengths_are_read_however_the_data_is_described() {
        let lengths = |data: serde_json::Value| {
            let arguments = serde_json::from_value(json!({ "data": data })).unwrap();
            let setting = Setting::new(None, Some(arguments));
            (setting.prompt_tokens, setting.output_tokens)
        };
        let object = json!({ "kind": "synthetic_text", "prompt_tokens": 128, "output_tokens": 8 });
        for data in [
            object.clone(),
            json!([object]),
            json!("prompt_tokens=128, output_tokens=8"),
            json!([r#"{"prompt_tokens": 128, "output_tokens": 8}"#]),
        ] {
            assert_eq!(lengths(data.clone()), (Some(128), Some(8)), "{data}");
        }
        for data in [
            json!("sharegpt.json"),
            json!([object, object]),
            json!(["x"]),
            json!(7),
            json!({ "prompt_tokens": -1 }),
            json!({ "prompt_tokens": [1, 2] }),
        ] {
            assert_eq!(lengths(data.clone()), (None, None), "{data}");
        }
    }
}
