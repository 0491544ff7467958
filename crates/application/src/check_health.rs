use std::sync::Arc;

use benchmark_ports::{HealthCheck, StoreError};

/// How one dependency is.
#[derive(Debug)]
pub struct Health {
    /// What it is called.
    pub name: &'static str,
    /// Whether it works.
    pub state: Result<(), StoreError>,
}

/// Asks every dependency how it is.
pub struct CheckHealth {
    dependencies: Vec<Arc<dyn HealthCheck>>,
}

impl CheckHealth {
    /// Asks these.
    pub fn new(dependencies: Vec<Arc<dyn HealthCheck>>) -> Self {
        Self { dependencies }
    }

    /// How each dependency is, in the order they were given.
    pub async fn run(&self) -> Vec<Health> {
        let mut states = Vec::with_capacity(self.dependencies.len());
        for dependency in &self.dependencies {
            states.push(Health { name: dependency.name(), state: dependency.check().await });
        }
        states
    }
}
