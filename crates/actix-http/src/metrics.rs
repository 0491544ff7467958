//! What is counted of every request: by route, method and status.

use std::cell::OnceCell;

use actix_web::http::{Method, StatusCode};
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
};

use crate::rate_limits::Allowance;

/// Upper bounds in seconds: from an answer out of memory to a slow upload.
const LATENCY_BUCKETS: [f64; 13] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0];

/// The label of every method beyond the standard ones, so that callers cannot
/// invent labels.
const METHODS: [&str; 10] =
    ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE", "other"];

/// The statuses that this service answers with. Others count too, only slower.
const STATUSES: [u16; 16] =
    [200, 304, 201, 404, 401, 422, 400, 403, 405, 408, 409, 413, 415, 429, 500, 503];

/// The collectors of the HTTP face, shared by all its workers.
#[derive(Debug, Clone)]
pub(crate) struct HttpMetrics {
    requests: IntCounterVec,
    duration: HistogramVec,
    in_flight: IntGauge,
    refused: IntCounterVec,
    auth_failures: IntCounter,
}

impl HttpMetrics {
    /// Makes the collectors and registers them.
    pub(crate) fn register(registry: &Registry) -> prometheus::Result<Self> {
        let requests = IntCounterVec::new(
            Opts::new("benchmark_http_requests_total", "Requests answered."),
            &["route", "method", "status"],
        )?;
        let duration = HistogramVec::new(
            HistogramOpts::new(
                "benchmark_http_request_duration_seconds",
                "Time from a request's head to its answer's head.",
            )
            .buckets(LATENCY_BUCKETS.to_vec()),
            &["route"],
        )?;
        let in_flight =
            IntGauge::new("benchmark_http_requests_in_flight", "Requests being answered.")?;
        let refused = IntCounterVec::new(
            Opts::new("benchmark_http_requests_refused_total", "Requests beyond a rate limit."),
            &["reason"],
        )?;
        // Counted from 0, so that the first refusal is an increase too.
        for allowance in Allowance::ALL {
            refused.with_label_values(&[allowance.as_str()]);
        }
        let auth_failures = IntCounter::new(
            "benchmark_auth_failures_total",
            "Requests to the API without a valid key.",
        )?;
        registry.register(Box::new(refused.clone()))?;
        registry.register(Box::new(auth_failures.clone()))?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(duration.clone()))?;
        registry.register(Box::new(in_flight.clone()))?;
        Ok(Self { requests, duration, in_flight, refused, auth_failures })
    }

    /// The collectors of one route, looked up by label once per worker instead
    /// of once per request.
    pub(crate) fn route(&self, label: &'static str) -> RouteMetrics {
        RouteMetrics {
            label,
            duration: self.duration.with_label_values(&[label]),
            requests: self.requests.clone(),
            known: Default::default(),
        }
    }

    /// Counts a request that was refused because this allowance is used up.
    pub(crate) fn refused(&self, allowance: Allowance) {
        self.refused.with_label_values(&[allowance.as_str()]).inc();
    }

    /// Counts a request that had no valid key.
    pub(crate) fn authentication_failed(&self) {
        self.auth_failures.inc();
    }

    /// How many requests are being answered.
    pub(crate) fn in_flight(&self) -> &IntGauge {
        &self.in_flight
    }
}

/// One route's collectors. It belongs to one worker.
#[derive(Debug)]
pub(crate) struct RouteMetrics {
    label: &'static str,
    duration: Histogram,
    requests: IntCounterVec,
    known: [[OnceCell<IntCounter>; STATUSES.len()]; METHODS.len()],
}

impl RouteMetrics {
    /// The route as registered, such as `/api/v1/benchmark/{metric}`.
    pub(crate) fn label(&self) -> &'static str {
        self.label
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, method: &Method, status: StatusCode, seconds: f64) {
        self.duration.observe(seconds);
        let method = method_index(method);
        match STATUSES.iter().position(|known| *known == status.as_u16()) {
            Some(at) => self.known[method][at].get_or_init(|| self.counter(method, status)).inc(),
            None => self.counter(method, status).inc(),
        }
    }

    fn counter(&self, method: usize, status: StatusCode) -> IntCounter {
        self.requests.with_label_values(&[self.label, METHODS[method], status.as_str()])
    }
}

/// A method as labels call it.
pub(crate) fn method_label(method: &Method) -> &'static str {
    METHODS[method_index(method)]
}

fn method_index(method: &Method) -> usize {
    METHODS.iter().position(|known| *known == method.as_str()).unwrap_or(METHODS.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(method: &str, status: u16) -> String {
        let registry = Registry::new();
        let metrics = HttpMetrics::register(&registry).unwrap();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let status = StatusCode::from_u16(status).unwrap();
        let route = metrics.route("/x");
        route.answered(&method, status, 0.002);
        route.answered(&method, status, 0.002);
        prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap()
    }

    #[test]
    fn answers_are_counted_by_route_method_and_status() {
        let text = count("GET", 200);
        assert!(
            text.contains(
                r#"benchmark_http_requests_total{method="GET",route="/x",status="200"} 2"#
            )
        );
        assert!(text.contains(r#"benchmark_http_request_duration_seconds_count{route="/x"} 2"#));
    }

    #[test]
    fn unusual_statuses_are_counted_too() {
        assert!(count("POST", 418).contains(r#"{method="POST",route="/x",status="418"} 2"#));
    }

    #[test]
    fn invented_methods_share_one_label() {
        assert!(count("BREW", 405).contains(r#"{method="other",route="/x",status="405"} 2"#));
    }
}
