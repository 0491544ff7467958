//! The span of a request, for whoever collects spans. Where nobody does, it costs
//! the look at a flag.

use actix_web::dev::ServiceRequest;
use actix_web::http::{Method, StatusCode};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::metrics::{RouteMetrics, method_label};
use crate::trace_context::TraceContext;

/// The target by which a subscriber tells spans from the log.
const TARGET: &str = "spans";

/// Begins the span of a request, in its caller's trace where it has one.
pub(crate) fn begin(request: &ServiceRequest) -> Span {
    let span = tracing::info_span!(
        target: TARGET,
        "request",
        "otel.kind" = "server",
        "otel.status_code" = Empty,
        "http.request.method" = method_label(request.method()),
        "http.route" = Empty,
        "http.response.status_code" = Empty,
    );
    if !span.is_disabled()
        && let Some(parent) = TraceContext::of(request.headers()).and_then(parent)
    {
        // It fails where spans are collected by something else.
        _ = span.set_parent(opentelemetry::Context::new().with_remote_span_context(parent));
    }
    span
}

/// Says what became of the request.
pub(crate) fn answered(span: &Span, method: &Method, route: &RouteMetrics, status: StatusCode) {
    if span.is_disabled() {
        return;
    }
    // Once a span has begun, recording `otel.name` does not rename it.
    let name = format!("{} {}", method_label(method), route.label());
    span.context().span().update_name(name);
    span.record("http.route", route.label());
    span.record("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

fn parent(context: TraceContext<'_>) -> Option<SpanContext> {
    let trace = TraceId::from_hex(context.trace_id).ok()?;
    let span = SpanId::from_hex(context.parent_id).ok()?;
    let flags = if context.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
    Some(SpanContext::new(trace, span, flags, true, TraceState::default()))
}
