//! The suite of invalidation buses, over the one in the process.

use std::sync::Arc;

use benchmark_memory_adapter::MemoryInvalidationBus;
use benchmark_port_contracts::invalidation_bus_contract;
use benchmark_ports::InvalidationBus;

async fn ends() -> [Arc<dyn InvalidationBus>; 2] {
    let bus = Arc::new(MemoryInvalidationBus::default());
    [bus.clone(), bus]
}

invalidation_bus_contract!(ends);
