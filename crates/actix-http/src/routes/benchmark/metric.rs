use benchmark_domain::MetricName;

use crate::error::ApiError;
use crate::path::Named;
use crate::services::Services;
use crate::wire::METRIC;

/// The metric in a path.
#[derive(Debug)]
pub(crate) struct Metric;

impl Named for Metric {
    const NAME: &'static str = "metric";
    const DESCRIPTION: &'static str = "The name of a metric, in upper or lower case.";
    const PATTERN: &'static str = METRIC;
    const EXAMPLE: &'static str = "TTFT";
    /// A text that cannot be a metric's name is the name of no metric.
    type Value = Result<MetricName, String>;

    fn read(text: &str) -> Self::Value {
        MetricName::parse(text).map_err(|_| text.chars().take(50).collect())
    }
}

/// The 404 for a text that cannot be a metric's name.
///
/// # Errors
/// What the store fails with.
pub(super) async fn no_such_metric(text: &str, services: &Services) -> Result<ApiError, ApiError> {
    let known = services.browse_catalogue.metrics().await?;
    let known: Vec<_> = known.iter().map(|metric| metric.name.as_str()).collect();
    Ok(ApiError::not_found(format!("there is no metric {text}; there are {}", known.join(", "))))
}
