use std::time::Duration;

use async_trait::async_trait;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

/// The target of everything that is a span; nothing of it is in the log.
pub(crate) const SPANS: &str = "spans";

/// How long a collector may take for what is sent at once.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

/// How long it may take for the last.
const END_TIMEOUT: Duration = Duration::from_secs(1);

/// The most bytes of an answer; it says how many spans were refused.
const LARGEST_ANSWER: u64 = 64 << 10;

/// Sends spans to a collector (OTLP over HTTP), those that are left when it is
/// dropped. They wait in a queue of a bounded length, from which a thread takes
/// them: a collector that is slow or away costs spans and no request.
pub(crate) struct Traces(SdkTracerProvider);

impl Traces {
    /// Sends to this URL, to which the path for traces is added.
    pub(crate) fn to(collector: &str) -> anyhow::Result<Self> {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(SEND_TIMEOUT))
            .build()
            .new_agent();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(format!("{}/v1/traces", collector.trim_end_matches('/')))
            .with_http_client(Collector(agent))
            .build()?;
        // A name of ours would replace the environment's.
        let resource = match std::env::var_os("OTEL_SERVICE_NAME") {
            Some(name) if !name.is_empty() => Resource::builder(),
            _ => Resource::builder().with_service_name(env!("CARGO_PKG_NAME")),
        };
        let provider = SdkTracerProvider::builder()
            .with_resource(resource.build())
            .with_batch_exporter(exporter)
            .build();
        Ok(Self(provider))
    }

    /// What hands spans over.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer(env!("CARGO_PKG_NAME")))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(|metadata| metadata.is_span() && metadata.target() == SPANS))
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        // A collector that takes nothing any more must not hold up the end.
        _ = self.0.shutdown_with_timeout(END_TIMEOUT);
    }
}

/// The way to a collector nearby: without TLS, which is for those further on.
#[derive(Debug)]
struct Collector(ureq::Agent);

#[async_trait]
impl HttpClient for Collector {
    /// Waits for the answer, on the thread that sends spans and does nothing else.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let answer = self.0.run(Request::from_parts(head, &body[..]))?;
        let (head, mut body) = answer.into_parts();
        let body = body.with_config().limit(LARGEST_ANSWER).read_to_vec()?;
        Ok(Response::from_parts(head, body.into()))
    }
}
