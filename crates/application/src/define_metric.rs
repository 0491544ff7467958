use std::sync::Arc;

use benchmark_domain::Metric;
use benchmark_ports::{AddMetric, Catalogue, StoreError};

/// Adds metrics of the operator's own.
pub struct DefineMetric {
    catalogue: Arc<dyn Catalogue>,
}

impl DefineMetric {
    /// Adds to `catalogue`.
    pub fn new(catalogue: Arc<dyn Catalogue>) -> Self {
        Self { catalogue }
    }

    /// Adds a metric, which runs may then measure and rankings rank by. What a
    /// name stands for never changes: a metric that is known is left as it is.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is added then.
    pub async fn run(&self, metric: &Metric) -> Result<AddMetric, StoreError> {
        self.catalogue.add_metric(metric).await
    }
}
