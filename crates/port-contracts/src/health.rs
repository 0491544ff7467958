//! What `HealthCheck` promises.

#![expect(missing_docs, reason = "the name of a case says what it tests")]

use crate::Stores;

pub async fn a_store_that_works_is_healthy(stores: Stores) {
    stores.health.check().await.unwrap();
}

pub async fn the_store_is_called_store(stores: Stores) {
    assert_eq!(stores.health.name(), "store");
}
